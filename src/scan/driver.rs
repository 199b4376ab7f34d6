//! Runs the scan over all inputs on a pool of threads and puts what they give in order.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crate::record::Dialects;
use crate::rule::RuleSet;
use crate::source::{self, Input};

use super::observe::{Observed, Observer};
use super::{LeftOut, Quick, Scanned, quick};

/// How to scan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How records are read.
    pub dialects: Dialects,
    /// What is read, and by which names.
    pub source: source::Options,
    /// How many threads; 0: as many as the machine has.
    pub threads: usize,
    /// Whether the middle of healthy logs may be left out.
    pub quick: Option<Quick>,
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
    // What a log gave goes at once to where it stays, in few bytes: an archive may hold a million. A lock taken once a log costs nothing beside
    // reading it.
    let all: Mutex<Scanned> = Mutex::default();
    let inputs = Mutex::new(inputs.into_iter());
    // To find an input takes a tenth of the time to read it: whoever has read one finds the next one, and nobody waits for a list.
    let run = |crew: &dyn source::Crew| {
        while let Some(input) = next(&inputs) {
            read_input(&input, &observer, options, crew, &all);
        }
    };
    // Where no pool of its own can be had, one thread serves: only the time differs.
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads.min(THREADS_MAX)).build() {
        Ok(pool) => drop(pool.broadcast(|worker| run(&Pool { threads: worker.num_threads() }))),
        Err(_) => run(&Pool { threads: 1 }),
    }
    let mut scanned = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    if options.quick.is_some() {
        scanned.stats.left_out.get_or_insert_default();
    }
    scanned.observations.sort();
    scanned.problems.sort();
    scanned.problems.dedup();
    scanned
}

/// The next input. Held only while it is found.
fn next<I: Iterator<Item = Input>>(inputs: &Mutex<I>) -> Option<Input> {
    inputs.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn read_input(input: &Input, observer: &Observer<'_>, options: &Options, crew: &dyn source::Crew, all: &Mutex<Scanned>) {
    let all = || all.lock().unwrap_or_else(PoisonError::into_inner);
    let add = |nth: u64, observed: Observed| {
        let mut all = all();
        all.stats.logs += 1;
        all.stats.bytes += observed.bytes;
        all.stats.lines += u64::from(observed.lines);
        all.problems.extend(observed.problems);
        for log in observed.observations {
            all.observations.push_nth(log, u32::try_from(nth).unwrap_or(u32::MAX));
        }
        observed.failure.map_or(Ok(()), Err)
    };
    if let Some((observed, between)) = options.quick.as_ref().and_then(|quick| quick::healthy(input, observer, options, quick)) {
        // There is no reader that could have failed.
        let _ = add(0, observed);
        let stats = &mut all().stats;
        stats.files += 1;
        let LeftOut { logs, bytes } = stats.left_out.get_or_insert_default();
        *logs += 1;
        *bytes += between;
        return;
    }
    let visit = |nth: u64, source, reader: &mut dyn Read| add(nth, observer.observe(source, reader));
    let problems = source::read_shared(input, &options.source, &visit, crew);
    let mut all = all();
    all.stats.files += 1;
    all.problems.extend(problems);
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
