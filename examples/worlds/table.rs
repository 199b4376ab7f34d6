//! The table: how well each kind of fault is found at each level of noise, and what is claimed where nothing is wrong.

use std::collections::BTreeMap;

use dagnosis::attempt::Attempts;
use dagnosis::diagnose::diagnose;
use dagnosis::rule::RuleSet;

use crate::worlds::faults::Kind;
use crate::worlds::measure::{Calibration, Score, claims, score};
use crate::worlds::world::{Noise, Strength};
use crate::worlds::{Made, Plan};

/// Sums over worlds.
#[derive(Default)]
struct Sum {
    worlds: f64,
    top1: f64,
    top3: f64,
    attempts: f64,
    f1: f64,
    calibration: Calibration,
}

impl Sum {
    fn add(&mut self, score: &Score) {
        let one = |is: bool| f64::from(u8::from(is));
        self.worlds += 1.0;
        self.top1 += one(score.top1);
        self.top3 += one(score.top3);
        self.attempts += score.attempts;
        self.f1 += score.f1;
        self.calibration.add(score.confidence, score.top1);
    }

    fn row(&self, what: &str, noise: &str) {
        let mean = |sum: f64| sum / self.worlds.max(1.0);
        println!(
            "| {what} | {noise} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            self.worlds,
            mean(self.top1),
            mean(self.top3),
            mean(self.attempts),
            mean(self.f1),
            self.calibration.confidence(),
            self.calibration.error()
        );
    }
}

/// Prints it for so many worlds with a fault for each level of noise, and two fifths as many without.
pub(crate) fn print(worlds: usize, misses: bool, rules: &RuleSet) {
    println!("| fault | noise | worlds | top-1 | top-3 | attempts | incident F1 | mean confidence | ECE |");
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut wrong: BTreeMap<(&str, &str, String), Vec<u64>> = BTreeMap::new();
    let mut by_strength: BTreeMap<(usize, usize), Sum> = BTreeMap::new();
    let mut totals = Vec::new();
    for kind in Kind::ALL {
        for (level, noise) in Noise::ALL.into_iter().enumerate() {
            let mut sum = Sum::default();
            let place = Kind::ALL.iter().position(|other| *other == kind).unwrap_or_default();
            // Those that do not divide evenly go to the first kinds.
            let count = worlds / Kind::ALL.len() + usize::from(place < worlds % Kind::ALL.len());
            for seed in 0..count as u64 {
                let made = Made::of_plan(&Plan::one(seed, Some(kind), noise), rules);
                let score = score(&made, 0, &diagnose(&Attempts::from(&made.attempts[..]), rules), rules);
                if !score.top1 {
                    let first = score.first.clone().unwrap_or_else(|| "nothing".to_owned());
                    wrong.entry((kind.name(), noise.name(), first)).or_default().push(seed);
                }
                by_strength.entry(((seed % 3) as usize, level)).or_default().add(&score);
                sum.add(&score);
                if totals.len() <= level {
                    totals.push(Sum::default());
                }
                totals[level].add(&score);
            }
            sum.row(kind.name(), noise.name());
        }
    }
    for ((strength, level), sum) in &by_strength {
        sum.row(&format!("all, {}", Strength::ALL[*strength].name()), Noise::ALL[*level].name());
    }
    for (sum, noise) in totals.iter().zip(Noise::ALL) {
        sum.row("**all**", noise.name());
    }
    let seeds = without_fault(worlds * 2 / 5, rules);
    if misses {
        println!("\n| fault | noise | wrong first cause | worlds | seeds |\n|---|---|---|--:|---|");
        for ((fault, noise, first), seeds) in &wrong {
            println!("| {fault} | {noise} | {first} | {} | {} |", seeds.len(), some(seeds));
        }
        println!("\n| no fault, noise | seeds of worlds with spurious claims |\n|---|---|");
        for (noise, seeds) in seeds {
            println!("| {noise} | {} |", some(&seeds));
        }
    }
}

fn some(seeds: &[u64]) -> String {
    seeds.iter().take(8).map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Prints what is claimed where only chance is at work; gives the seeds of worlds with such claims.
fn without_fault(worlds: usize, rules: &RuleSet) -> Vec<(&'static str, Vec<u64>)> {
    println!("\n| no fault, noise | independent failures | worlds | without a scope, recurrence or onset claim | claims a world |");
    println!("|---|--:|--:|--:|--:|");
    let mut seeds = Vec::new();
    for noise in Noise::ALL {
        let (mut with, mut count) = (Vec::new(), 0);
        for seed in 0..worlds as u64 {
            let made = Made::of_plan(&Plan::one(seed, None, noise), rules);
            let claims = claims(&diagnose(&Attempts::from(&made.attempts[..]), rules));
            count += claims.len();
            if !claims.is_empty() {
                with.push(seed);
            }
        }
        let all = worlds.max(1) as f64;
        println!(
            "| {} | {:.1} % | {worlds} | {:.3} | {:.2} |",
            noise.name(),
            noise.background() * 100.0,
            1.0 - with.len() as f64 / all,
            count as f64 / all
        );
        seeds.push((noise.name(), with));
    }
    seeds
}
