//! Runs the scan over all inputs on a pool of threads and puts what they give in order.

use std::io::Read;

use rayon::prelude::*;

use crate::error::Problem;
use crate::record::Dialects;
use crate::rule::RuleSet;
use crate::source::{self, Input, Limits, Naming};

use super::observe::Observer;
use super::{Observation, Scanned, Stats};

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
    let run = || -> Vec<Part> { inputs.par_iter().map(|input| read_input(input, &observer, options)).collect() };
    // Where no pool of its own can be had, the global one serves: only the number of threads differs.
    let parts = match rayon::ThreadPoolBuilder::new().num_threads(options.threads.min(THREADS_MAX)).build() {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    };
    let mut scanned = Scanned::default();
    scanned.stats.files = inputs.len() as u64;
    for part in parts {
        scanned.observations.extend(part.observations);
        scanned.problems.extend(part.problems);
        scanned.stats.logs += part.stats.logs;
        scanned.stats.bytes += part.stats.bytes;
        scanned.stats.lines += part.stats.lines;
    }
    scanned.observations.sort_by(|a, b| a.source.cmp(&b.source));
    scanned.problems.sort();
    scanned.problems.dedup();
    scanned
}

/// What one input gave.
#[derive(Default)]
struct Part {
    observations: Vec<Observation>,
    problems: Vec<Problem>,
    stats: Stats,
}

fn read_input(input: &Input, observer: &Observer<'_>, options: &Options) -> Part {
    let mut part = Part::default();
    let problems = source::read(input, &options.naming, &options.limits, &mut |source, reader: &mut dyn Read| {
        let observed = observer.observe(source, reader);
        part.stats.logs += 1;
        part.stats.bytes += observed.bytes;
        part.stats.lines += u64::from(observed.lines);
        part.observations.extend(observed.observations);
        part.problems.extend(observed.problems);
        observed.failure.map_or(Ok(()), Err)
    });
    part.problems.extend(problems);
    part
}
