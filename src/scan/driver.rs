//! Runs the scan over all inputs on a pool of threads and puts what they give in order.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::record::Dialects;
use crate::rule::RuleSet;
use crate::source::{self, Input, Limits, Naming};

use super::Scanned;
use super::observe::Observer;

/// How to scan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How records are read.
    pub dialects: Dialects,
    /// How logs are named.
    pub naming: Naming,
    /// What an archive may ask for.
    pub limits: Limits,
    /// How many threads; 0: as many as the machine has.
    pub threads: usize,
}

/// More threads than this only cost time to start: reading is bound by the disk and the processors.
const THREADS_MAX: usize = 256;

/// Reads every input. The result depends on the inputs alone, not on threads or on the order in which files were found.
#[must_use]
pub fn scan(inputs: &[Input], rules: &RuleSet, options: &Options) -> Scanned {
    let observer = Observer::new(rules, &options.dialects);
    // What a log gave goes at once to where it stays, in few bytes: an archive may hold a million. A lock taken once a log costs nothing beside
    // reading it.
    let all: Mutex<Scanned> = Mutex::default();
    let run = || inputs.par_iter().for_each(|input| read_input(input, &observer, options, &all));
    // Where no pool of its own can be had, the global one serves: only the number of threads differs.
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads.min(THREADS_MAX)).build() {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    }
    let mut scanned = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    scanned.stats.files = inputs.len() as u64;
    scanned.observations.sort();
    scanned.problems.sort();
    scanned.problems.dedup();
    scanned
}

fn read_input(input: &Input, observer: &Observer<'_>, options: &Options, all: &Mutex<Scanned>) {
    let all = || all.lock().unwrap_or_else(PoisonError::into_inner);
    let problems = source::read(input, &options.naming, &options.limits, &mut |source, reader: &mut dyn Read| {
        let observed = observer.observe(source, reader);
        let mut all = all();
        all.stats.logs += 1;
        all.stats.bytes += observed.bytes;
        all.stats.lines += u64::from(observed.lines);
        all.observations.extend(observed.observations);
        all.problems.extend(observed.problems);
        observed.failure.map_or(Ok(()), Err)
    });
    all().problems.extend(problems);
}
