//! Fits the weights of the ranking to logs whose truth is known and to simulated worlds, and prints them as they stand in `src/diagnose/weights.rs`.
//!
//! ```text
//! cargo run --release --example fit_weights -- LABELS.yaml [--worlds N] (LOGS | CASES.jsonl)...
//! ```
//!
//! `LABELS.yaml` gives for each label of the truth the causes that are right. `LOGS` is a folder of logs with a `truth.jsonl`, whose lines name a `path` below it and
//! its label, `cause`. `CASES.jsonl` has one log in each line, as `log`, with its label, `cause_label`. The worlds are those of `tests/worlds`, with seeds that no
//! test and no table uses.
//!
//! What is made small is the mean square of the difference between the probability of each first cause and whether it is right (Brier's score), each set
//! counting the same; as much, the share of wrong first causes; and, a tenth as much, the square of the probability that right causes do not have. Coordinates are tried one after the other with smaller and
//! smaller steps, so that the same input gives the same weights. There are a dozen weights and thousands of failures: nothing is fitted to a case.

#![expect(clippy::print_stdout, reason = "what it prints is its purpose")]

mod sets;
#[path = "../../tests/worlds/mod.rs"]
#[expect(dead_code, reason = "the examiner has more tools than are needed here")]
mod worlds;

use dagnosis::diagnose::{FITTED, Weights, weigh, weigh_kind};
use dagnosis::rule::RuleSet;
use sets::{Judged, Set};

/// How much a wrong first cause counts beside it, however unsure.
const OF_WRONG: f64 = 1.0;

/// How much the probability of all right causes together counts beside that of the first.
const OF_ALL_RIGHT: f64 = 0.1;

/// Where the search begins, whatever weights are in use: odds of 50, 7 and 2 to 1 for the classes of evidence, and round numbers for the rest.
const START: Weights = Weights {
    decisive: 4.0,
    strong: 2.0,
    weak: 0.8,
    further: 0.8,
    without_base_rate: 0.8,
    list_step: 0.6,
    prior: 0.5,
    beside: 0.5,
    verdict: 0.05,
    sharpness: 1.5,
    of_incident: 0.3,
    something_else: 0.05,
    something_else_unrecognised: 0.35,
};

/// The steps by which weights are tried, as factors.
const STEPS: [f64; 5] = [1.6, 1.25, 1.1, 1.04, 1.015];

/// How often all weights are tried with one step, at most.
const ROUNDS_MAX: usize = 12;

/// A weight by its name, with the bounds within which it is what its documentation says.
type Knob = (&'static str, fn(&mut Weights) -> &mut f64, f64, f64);

const KNOBS: [Knob; 13] = [
    ("decisive", |weights| &mut weights.decisive, 2.0, 6.0),
    ("strong", |weights| &mut weights.strong, 0.8, 5.0),
    ("weak", |weights| &mut weights.weak, 0.2, 2.0),
    ("further", |weights| &mut weights.further, 0.3, 1.0),
    ("without_base_rate", |weights| &mut weights.without_base_rate, 0.3, 1.0),
    ("list_step", |weights| &mut weights.list_step, 0.2, 0.9),
    ("prior", |weights| &mut weights.prior, 0.2, 1.0),
    ("beside", |weights| &mut weights.beside, 0.1, 1.0),
    ("verdict", |weights| &mut weights.verdict, 0.01, 0.2),
    ("sharpness", |weights| &mut weights.sharpness, 0.5, 3.0),
    ("of_incident", |weights| &mut weights.of_incident, 0.1, 0.9),
    ("something_else", |weights| &mut weights.something_else, 0.02, 0.2),
    ("something_else_unrecognised", |weights| &mut weights.something_else_unrecognised, 0.05, 1.0),
];

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let rules = dagnosis::rule::load(&[], true).map_err(|error| error.to_string())?;
    let sets = sets::read(arguments, &rules)?;
    report("in use", &FITTED, &sets, &rules);
    let mut weights = START;
    let mut best = loss(&weights, &sets, &rules);
    for step in STEPS {
        for _ in 0..ROUNDS_MAX {
            let before = best;
            for (_, knob, low, high) in KNOBS {
                for factor in [step, 1.0 / step] {
                    let mut tried = weights;
                    let value = knob(&mut tried);
                    *value = (*value * factor).clamp(low, high);
                    let tried_loss = loss(&tried, &sets, &rules);
                    if tried_loss < best - 1e-7 {
                        (weights, best) = (tried, tried_loss);
                    }
                }
            }
            if best >= before {
                break;
            }
        }
    }
    report("fitted", &weights, &sets, &rules);
    println!("\npub const FITTED: Weights = Weights {{");
    for (name, knob, ..) in KNOBS {
        println!("    {name}: {:.3},", knob(&mut weights.clone()));
    }
    println!("}};");
    Ok(())
}

/// The probability of the first cause, whether it is right, and the probability of all right ones.
fn judge(judged: &Judged, weights: &Weights, rules: &RuleSet) -> (f64, bool, f64) {
    let suspects = &judged.suspects;
    let causes = match judged.kind {
        Some(kind) => weigh_kind(&suspects.kinds[kind].1, &suspects.whole, rules, weights),
        None => {
            let (probabilities, _) = weigh(&suspects.whole, rules, weights);
            suspects.whole.causes.iter().map(|candidate| candidate.cause).zip(probabilities).collect()
        }
    };
    let right = |cause: usize| judged.right.contains(&rules.causes[cause].id);
    let first = causes.iter().max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
    let all_right = causes.iter().filter(|(cause, _)| right(*cause)).map(|(_, probability)| probability).sum();
    first.map_or((0.0, false, 0.0), |(cause, probability)| (*probability, right(*cause), all_right))
}

fn loss(weights: &Weights, sets: &[Set], rules: &RuleSet) -> f64 {
    let of_set = |set: &Set| {
        let of_one = |judged: &Judged| {
            let (probability, right, all_right) = judge(judged, weights, rules);
            let first = (probability - f64::from(u8::from(right))).powi(2);
            judged.count as f64 * (first + OF_WRONG * f64::from(u8::from(!right)) + OF_ALL_RIGHT * (1.0 - all_right).powi(2))
        };
        set.judged.iter().map(of_one).sum::<f64>() / set.size()
    };
    sets.iter().map(of_set).sum::<f64>() / sets.len() as f64
}

/// Prints how well weights do on each set.
fn report(name: &str, weights: &Weights, sets: &[Set], rules: &RuleSet) {
    println!("\n{name}: loss {:.5}", loss(weights, sets, rules));
    println!("| set | failures | first cause right | mean probability | Brier | ECE |\n|---|--:|--:|--:|--:|--:|");
    for set in sets {
        let given: Vec<(f64, bool, f64)> = set
            .judged
            .iter()
            .map(|judged| {
                let (probability, right, _) = judge(judged, weights, rules);
                (probability, right, judged.count as f64)
            })
            .collect();
        let sum = |of: &dyn Fn(&(f64, bool, f64)) -> f64| given.iter().map(|one| one.2 * of(one)).sum::<f64>();
        let hit = |one: &(f64, bool, f64)| f64::from(u8::from(one.1));
        // Five bins, as many as a few hundred failures fill.
        let bin = |bin: u8| {
            let low = f64::from(bin) * 0.2;
            let inside = |one: &&(f64, bool, f64)| one.0 >= low && (one.0 < low + 0.2 || bin == 4);
            given.iter().filter(inside).map(|one| one.2 * (one.0 - hit(one))).sum::<f64>().abs()
        };
        let ece: f64 = (0..5).map(bin).sum();
        let size = set.size();
        println!(
            "| {} | {size} | {:.3} | {:.3} | {:.3} | {:.3} |",
            set.name,
            sum(&hit) / size,
            sum(&|one| one.0) / size,
            sum(&|one| (one.0 - hit(one)).powi(2)) / size,
            ece / size
        );
    }
}
