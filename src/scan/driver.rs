//! Runs the scan over all inputs on a pool of threads and puts what they give in order.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crate::error::Problem;
use crate::record::Dialects;
use crate::rule::RuleSet;
use crate::source::{self, Input};

use super::observe::Observer;
use super::{Observation, Scanned, Stats};

/// How to scan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How records are read.
    pub dialects: Dialects,
    /// What is read, and by which names.
    pub source: source::Options,
    /// How many threads; 0: as many as the machine has.
    pub threads: usize,
}

/// More threads than this only cost time to start: reading is bound by the disk and the processors.
const THREADS_MAX: usize = 256;

/// Reads inputs while they are found. The result depends on the inputs alone, not on threads or on the order in which they are found.
#[must_use]
pub fn scan<I>(inputs: I, rules: &RuleSet, options: &Options) -> Scanned
where
    I: IntoIterator<Item = Input>,
    I::IntoIter: Send,
{
    let observer = Observer::new(rules, &options.dialects);
    // What each input gave goes at once to where it stays: held input by input it would be in memory twice.
    let all: Mutex<Scanned> = Mutex::default();
    let inputs = Mutex::new(inputs.into_iter());
    // To find an input takes a tenth of the time to read it: whoever has read one finds the next one, and nobody waits for a list.
    let run = |crew: &dyn source::Crew| {
        while let Some(input) = next(&inputs) {
            let part = read_input(&input, &observer, options, crew);
            add(&mut all.lock().unwrap_or_else(PoisonError::into_inner), part);
        }
    };
    // Where no pool of its own can be had, one thread serves: only the time differs.
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads.min(THREADS_MAX)).build() {
        Ok(pool) => drop(pool.broadcast(|worker| run(&Pool { threads: worker.num_threads() }))),
        Err(_) => run(&Pool { threads: 1 }),
    }
    let mut scanned = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    sort(&mut scanned.observations);
    scanned.problems.sort();
    scanned.problems.dedup();
    scanned
}

/// The next input. Held only while it is found.
fn next<I: Iterator<Item = Input>>(inputs: &Mutex<I>) -> Option<Input> {
    inputs.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn add(all: &mut Scanned, part: Part) {
    all.observations.extend(part.observations);
    all.problems.extend(part.problems);
    all.stats.files += 1;
    all.stats.logs += part.stats.logs;
    all.stats.bytes += part.stats.bytes;
    all.stats.lines += part.stats.lines;
}

/// Sorts by source. Logs of one source come from one input and keep their order. A million logs are moved in place, where a stable sort of
/// the logs themselves would take half as much memory again.
fn sort(observations: &mut [Observation]) {
    let mut order: Vec<usize> = (0..observations.len()).collect();
    order.sort_by(|a, b| observations[*a].source.cmp(&observations[*b].source));
    for at in 0..order.len() {
        // Where the log that belongs here has been swapped to.
        let mut from = order[at];
        while from < at {
            from = order[from];
        }
        order[at] = from;
        observations.swap(at, from);
    }
}

/// What one input gave.
#[derive(Default)]
struct Part {
    observations: Vec<Observation>,
    problems: Vec<Problem>,
    stats: Stats,
}

fn read_input(input: &Input, observer: &Observer<'_>, options: &Options, crew: &dyn source::Crew) -> Part {
    let all: Mutex<(Part, Vec<(u64, Observation)>)> = Mutex::default();
    let visit = |nth, source, reader: &mut dyn Read| {
        let observed = observer.observe(source, reader);
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        let (part, numbered) = &mut *all;
        part.stats.logs += 1;
        part.stats.bytes += observed.bytes;
        part.stats.lines += u64::from(observed.lines);
        part.problems.extend(observed.problems);
        numbered.extend(observed.observations.into_iter().map(|log| (nth, log)));
        observed.failure.map_or(Ok(()), Err)
    };
    let problems = source::read_shared(input, &options.source, &visit, crew);
    let (mut part, mut numbered) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Members of one name keep their order, whichever thread was first.
    numbered.sort_by_key(|(nth, _)| *nth);
    part.observations = numbered.into_iter().map(|(_, log)| log).collect();
    part.problems.extend(problems);
    part
}

/// The pool's threads, for archives whose members they may share.
struct Pool {
    threads: usize,
}

impl source::Crew for Pool {
    fn is_one(&self) -> bool {
        self.threads == 1
    }

    fn share<'s>(&self, feed: &mut dyn FnMut(source::Hand<'_, 's>)) {
        rayon::in_place_scope(|scope| feed(&|job: source::Job<'s>| scope.spawn(move |_| job())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn logs_stand_in_the_order_of_their_sources() {
        let log = |path: &str, lines| Observation { source: Source::named(path, None), lines, ..Observation::default() };
        let shown = |logs: &[Observation]| logs.iter().map(|log| format!("{}{}", log.source.path, log.lines)).collect::<Vec<_>>().join(" ");
        let mut logs = ["d", "b", "e", "a", "b", "c", "a"].iter().zip(1..).map(|(path, lines)| log(path, lines)).collect::<Vec<_>>();
        sort(&mut logs);
        assert_eq!(shown(&logs), "a4 a7 b2 b5 c6 d1 e3");
        sort(&mut logs);
        assert_eq!(shown(&logs), "a4 a7 b2 b5 c6 d1 e3");
        sort(&mut []);
    }
}
