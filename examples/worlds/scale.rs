//! How long correlation and ranking take, and how much memory, on a large world and on many incidents at once.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

use dagnosis::attempt::{Attempt, Attempts};
use dagnosis::diagnose::{Diagnosed, diagnose};
use dagnosis::rule::RuleSet;

use crate::worlds::Made;
use crate::worlds::crowd;
use crate::worlds::faults::{self, Fault, Kind};
use crate::worlds::play;
use crate::worlds::rng::Rng;
use crate::worlds::shapes::{self, Shape};
use crate::worlds::world::{Noise, Size, Strength, World};

/// The days of the large world.
const DAYS: u32 = 7;

/// A world with about so many attempts, about so many of which fail: some through faults, the others by themselves.
pub(crate) fn large(attempts: usize, failures: usize, rules: &RuleSet) {
    let daily = attempts as f64 / f64::from(DAYS);
    let size = Size { daily: (daily, daily * 1.001), hosts: (40, 40), days: DAYS, dags: 5000 };
    let mut world = World::draw(1, Noise::Moderate, size, None);
    let mut rng = Rng::of(1, &[10]);
    faults::prepare(Kind::IdleCut, &mut world, Strength::Strong, &mut rng);
    let quiet = play::play(&world, &[], 0.0);
    let place = |kind: &Kind| faults::place(*kind, &world, &quiet, Strength::Strong, None, &mut rng);
    let mut placed: Vec<Fault> = Kind::ALL.iter().filter_map(place).collect();
    drop(quiet);
    // In a large world some faults would go on for ever and be all there is.
    let hit = |placed: &[Fault]| -> Vec<usize> {
        let mut hits = vec![0; placed.len()];
        let rows = play::play(&world, placed, 0.0).rows;
        rows.iter().filter_map(|row| row.failing.as_ref()?.truth).for_each(|truth| hits[truth] += 1);
        hits
    };
    let hits = hit(&placed);
    let mut number = 0;
    placed.retain(|_| {
        number += 1;
        hits[number - 1] <= failures / 20
    });
    let by_faults = hits.iter().filter(|hits| **hits <= failures / 20).sum::<usize>();
    let background = failures.saturating_sub(by_faults) as f64 / attempts as f64;
    let made = Made::played(&world, placed, background, rules);
    measure(&made, rules);
}

/// So many incidents at once, and half as many: twice as many should take about twice as long.
pub(crate) fn crowd(count: usize, rules: &RuleSet) {
    for count in [count / 2, count] {
        let made = crowd::crowd(count, rules);
        println!("{count} incidents at once:");
        measure(&made, rules);
    }
}

/// A table of one of the shapes that correlation finds hardest.
pub(crate) fn shape(name: &str, failures: usize, attempts: usize, rules: &RuleSet) -> Result<(), String> {
    let shape = Shape::ALL.into_iter().find(|shape| shape.name() == name);
    let shape = shape.ok_or_else(|| format!("--scale-shape is all or one of {}", Shape::ALL.map(Shape::name).join(", ")))?;
    println!("{name}:");
    measure(&shapes::shape(shape, failures, attempts, rules), rules);
    Ok(())
}

fn measure(made: &Made, rules: &RuleSet) {
    let failed = made.attempts.iter().filter(|attempt| attempt.failure.is_some()).count();
    println!("{} attempts of {} bytes without what they point to, {failed} failed", made.attempts.len(), size_of::<Attempt>());
    let table = Attempts::from(&made.attempts[..]);
    // Where the system has it, the highest memory use is forgotten first, so that making the table does not count.
    let forgotten = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = memory("VmRSS:");
    let begun = Instant::now();
    let diagnosed = diagnose(&table, rules);
    let seconds = begun.elapsed().as_secs_f64();
    println!("correlating and ranking took {seconds:.2} s; {} diagnoses", diagnosed.diagnoses.len());
    if let (Some(before), Some(peak)) = (before, memory("VmHWM:")) {
        let since = if forgotten { "" } else { ", making the table included" };
        println!("memory: {before} MiB before, {peak} MiB at most{since}");
    }
    println!("all that was found has the fingerprint {:016x}", fingerprint(&diagnosed));
    let mut whole = 0;
    let mut alone = 0;
    for truth in 0..made.faults.len() {
        let incidents: BTreeSet<Option<usize>> = made.of(truth).map(|row| diagnosed.incident_of.get(&row).copied()).collect();
        whole += usize::from(incidents.len() == 1);
        let others = |incident: &usize| {
            diagnosed.diagnoses[*incident].incident.attempts.iter().any(|row| made.truth[*row].is_some_and(|of| of != truth))
        };
        alone += usize::from(!incidents.iter().flatten().any(others));
    }
    println!("of {} faults {whole} are one incident, {alone} share none with another fault", made.faults.len());
}

/// A number that stays the same as long as nothing of what was found changes, so that two versions of the program can be compared.
fn fingerprint(diagnosed: &Diagnosed) -> u64 {
    struct Hash(u64);
    impl Write for Hash {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 = text.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            Ok(())
        }
    }
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    // Writing to it cannot fail.
    let _ = write!(hash, "{diagnosed:?}");
    hash.0
}

/// A line of `/proc/self/status`, in MiB.
fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}
