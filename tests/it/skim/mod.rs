//! The scan leaves out most of a log unread. Here it is held against one that reads every record whole and tries every rule on it: of the
//! samples, of logs made from a seed, of samples to which something befell, both have to give the same observations, field by field, and the
//! same problems; and whatever part of a log a reader gives at once, the same comes out.
//!
//! More rounds than a test has time for: `SKIM_ROUNDS=5000 cargo test --release --test it skim`.

mod grown;
mod made;

use std::io::{self, Read};
use std::path::Path;
use std::sync::LazyLock;

use dagnosis::record::Dialects;
use dagnosis::rule::{RuleSet, load_lean};
use dagnosis::scan::observe;
use dagnosis::source::Source;

use crate::logs::{files_below, samples};
use crate::worlds::simulator::rng::Rng;

static FAST: LazyLock<RuleSet> = LazyLock::new(|| load_lean(&[], true).unwrap());
static NAIVE: LazyLock<RuleSet> = LazyLock::new(|| load_lean(&[], true).unwrap().naive());

/// Names by which a log is of one attempt, of none, and of a component that speaks of many.
const NAMES: [&str; 3] = ["dag_id=shop/run_id=r/task_id=load/attempt=1.log", "excerpt.txt", "scheduler.log"];

fn rounds(usual: u64) -> u64 {
    std::env::var("SKIM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

/// What a log says, one line for each observation and each problem. What stands in a problem that counts "at least" hangs on how much was read.
fn told(name: &str, reader: &mut dyn Read, rules: &RuleSet) -> Vec<String> {
    let observed = observe(Source::named(name, None), reader, rules, &Dialects::default());
    let end = format!("{} bytes, {} lines, {:?}", observed.bytes, observed.lines, observed.failure);
    let problems = observed.problems.iter().map(|problem| format!("{problem:?}")).filter(|problem| !problem.contains("(at least "));
    observed.observations.iter().map(|observation| format!("{observation:#?}")).chain(problems).chain([end]).collect()
}

/// Panics with the first difference, and keeps the log.
fn assert_same(want: &[String], got: &[String], what: &str, bytes: &[u8]) {
    if want == got {
        return;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skim.log");
    std::fs::write(&kept, bytes).unwrap();
    let (want, got) = (want.join("\n"), got.join("\n"));
    let differs =
        want.lines().zip(got.lines()).position(|(want, got)| want != got).unwrap_or(want.lines().count().min(got.lines().count()));
    let around = |text: &str| text.lines().skip(differs.saturating_sub(12)).take(20).collect::<Vec<_>>().join("\n");
    panic!("{what}, kept as {}:\nwant\n{}\ngot\n{}", kept.display(), around(&want), around(&got));
}

fn assert_like_naive(name: &str, bytes: &[u8], what: &str) {
    assert_same(&told(name, &mut &bytes[..], &NAIVE), &told(name, &mut &bytes[..], &FAST), what, bytes);
}

#[test]
fn of_every_sample_the_same_is_said_as_by_reading_all_of_it() {
    for folder in ["sample-logs", "tests/dialects"] {
        for (name, bytes) in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            assert_like_naive(&name, &bytes, &name);
            assert_like_naive("excerpt.txt", &bytes, &format!("{name} without its name"));
        }
    }
}

#[test]
fn of_made_logs_the_same_is_said_as_by_reading_all_of_them() {
    for seed in 0..rounds(60) {
        let mut rng = Rng::of(seed, &[1]);
        let length = rng.spread(300.0, 100_000.0) as usize;
        let bytes = made::log(&mut rng, length);
        let name = *rng.pick(&NAMES);
        assert_like_naive(name, &bytes, &format!("the log of seed {seed} as {name}"));
    }
}

#[test]
fn of_samples_to_which_something_befell_the_same_is_said_as_by_reading_all_of_them() {
    let samples = samples();
    for seed in 0..rounds(150) {
        let mut rng = Rng::of(seed, &[2]);
        let [one, other] = [rng.below(samples.len()), rng.below(samples.len())];
        let bytes = made::befallen(&mut rng, samples[one].bytes.clone(), &samples[other].bytes);
        let name = if rng.chance(0.5) { samples[one].name.as_str() } else { *rng.pick(&NAMES) };
        assert_like_naive(name, &bytes, &format!("{} as {name}, seed {seed}", samples[one].name));
    }
}

/// Gives a log in parts, and now and then a signal instead of one.
struct Parts<'a> {
    left: &'a [u8],
    /// How many bytes it gives at once; `None`: by chance.
    size: Option<usize>,
    rng: Rng,
}

impl Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rng.chance(0.1) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.size.unwrap_or_else(|| self.rng.spread(1.0, 300_000.0) as usize);
        let (now, left) = self.left.split_at(size.min(self.left.len()).min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.left = left;
        Ok(now.len())
    }
}

fn assert_alike_in_parts(name: &str, bytes: &[u8], sizes: &[usize], rng: &mut Rng, what: &str) {
    let want = told(name, &mut &bytes[..], &FAST);
    for size in sizes.iter().copied().map(Some).chain([None, None]) {
        let mut parts = Parts { left: bytes, size, rng: Rng::of(rng.below(1 << 30) as u64, &[3]) };
        assert_same(&want, &told(name, &mut parts, &FAST), &format!("{what} as {name} in parts of {size:?}"), bytes);
    }
}

#[test]
fn in_whatever_parts_a_sample_comes_the_same_is_said() {
    for (number, sample) in samples().iter().enumerate() {
        let mut rng = Rng::of(number as u64, &[4]);
        let name = *rng.pick(&[sample.name.as_str(), NAMES[0], NAMES[1]]);
        assert_alike_in_parts(name, &sample.bytes, &[1, 7], &mut rng, &sample.name);
    }
}

#[test]
fn in_whatever_parts_a_log_comes_the_same_is_said() {
    for seed in 0..rounds(30) {
        let mut rng = Rng::of(seed, &[5]);
        let length = rng.spread(3000.0, 60_000.0) as usize;
        let bytes = made::log(&mut rng, length);
        let name = *rng.pick(&NAMES);
        assert_alike_in_parts(name, &bytes, &[1, 2, 3, 64, 4095, 4096, 4097], &mut rng, &format!("the log of seed {seed}"));
    }
}

#[test]
fn in_whatever_parts_a_log_larger_than_memory_comes_the_same_is_said() {
    for seed in 0..rounds(6) {
        let mut rng = Rng::of(seed, &[6]);
        let bytes = made::log(&mut rng, 900_000);
        let name = *rng.pick(&NAMES);
        let sizes = [4097, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145];
        assert_alike_in_parts(name, &bytes, &sizes, &mut rng, &format!("the log of seed {seed}"));
    }
}
