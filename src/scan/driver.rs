//! Runs the scan over all inputs on a pool of threads and puts what they give in order.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::record::Dialects;
use crate::rule::RuleSet;
use crate::source::{self, Input, Source};

use super::memory::Memory;
use super::observe::{Observed, Observer};
use super::recall::{self, Known, Recall};
use super::{LeftOut, Observation, Quick, Scanned, TakenOver, quick};

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
    scan_on(inputs, rules, options, None)
}

/// Reads what has changed since an earlier scan with the same rules and options, and takes over the rest. What is given is what [`scan`] gives, but for
/// the note of what was taken over.
#[must_use]
pub fn scan_on<I>(inputs: I, rules: &RuleSet, options: &Options, memory: Option<&dyn Memory>) -> Scanned
where
    I: IntoIterator<Item = Input>,
    I::IntoIter: Send,
{
    let mut observer = Observer::new(rules, &options.dialects);
    observer.memory = memory;
    // What a log gave goes at once to where it stays, in few bytes: an archive may hold a million. A lock taken once a log costs nothing beside
    // reading it.
    let all: Mutex<Scanned> = Mutex::default();
    let inputs = Mutex::new(inputs.into_iter());
    // To find an input takes a tenth of the time to read it: whoever has read one finds the next one, and nobody waits for a list.
    let run = |crew: &dyn source::Crew| {
        while let Some(input) = next(&inputs) {
            read_input(&input, Scan { observer: &observer, options, memory, all: &all }, crew);
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
    if memory.is_some() {
        scanned.stats.taken_over.get_or_insert_default();
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

/// What the threads of a scan share.
#[derive(Clone, Copy)]
struct Scan<'s> {
    observer: &'s Observer<'s>,
    options: &'s Options,
    memory: Option<&'s dyn Memory>,
    all: &'s Mutex<Scanned>,
}

impl Scan<'_> {
    fn all(&self) -> MutexGuard<'_, Scanned> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> &source::Progress {
        &self.options.source.progress
    }

    /// Adds what a log gave; the error is what ended its reading.
    fn add(&self, nth: u64, observed: Observed) -> io::Result<()> {
        let mut all = self.all();
        all.stats.logs += 1;
        all.stats.bytes += observed.bytes;
        all.stats.lines += u64::from(observed.lines);
        all.problems.extend(observed.problems);
        for log in observed.observations {
            push(&mut all, nth, log);
        }
        observed.failure.map_or(Ok(()), Err)
    }

    /// Adds what is known of an input without reading all of it.
    fn take_over(&self, input: &Input, recall: &Recall<'_>, known: Known, read: u64) {
        let known_bytes = match known {
            Known::Same(logs, whole) => {
                let mut all = self.all();
                all.stats.logs += whole.logs;
                all.stats.bytes += whole.bytes;
                all.stats.lines += whole.lines;
                all.problems.extend(whole.problems(&input.path));
                for (nth, log) in logs {
                    push(&mut all, nth, log);
                }
                whole.bytes
            }
            Known::Grown(observed) => {
                recall.keep(&[]);
                let bytes = observed.bytes;
                // It was read to its end.
                let _ = self.add(0, *observed);
                bytes
            }
        };
        self.progress().add_bytes(recall.file_bytes());
        self.progress().add_file();
        let stats = &mut self.all().stats;
        stats.files += 1;
        let TakenOver { files, bytes } = stats.taken_over.get_or_insert_default();
        *files += 1;
        *bytes += known_bytes.saturating_sub(read);
    }
}

fn push(all: &mut Scanned, nth: u64, log: Observation) {
    all.observations.push_nth(log, u32::try_from(nth).unwrap_or(u32::MAX));
}

fn read_input(input: &Input, scan: Scan<'_>, crew: &dyn source::Crew) {
    let Scan { observer, options, .. } = scan;
    let recall = scan.memory.and_then(|memory| Recall::of(input, options, memory));
    if let Some(recall) = &recall
        && let (Some(known), read) = recall.known(observer, options)
    {
        return scan.take_over(input, recall, known, read);
    }
    if let Some((observed, between)) = options.quick.as_ref().and_then(|quick| quick::healthy(input, observer, options, quick)) {
        // There is no reader that could have failed.
        let bytes = observed.bytes + between;
        let _ = scan.add(0, observed);
        scan.progress().add_bytes(bytes);
        scan.progress().add_file();
        let stats = &mut scan.all().stats;
        stats.files += 1;
        let LeftOut { logs, bytes } = stats.left_out.get_or_insert_default();
        *logs += 1;
        *bytes += between;
        return;
    }
    let visit = |nth: u64, source: Source, reader: &mut dyn Read| match &recall {
        Some(recall) => {
            let (mut observed, text) = recall::checked(reader, |reader| observer.observe(source.clone(), reader));
            recall.note(nth, &source, &mut observed, text);
            scan.add(nth, observed)
        }
        None => scan.add(nth, observer.observe(source, reader)),
    };
    let problems = source::read_shared(input, &options.source, &visit, crew);
    if let Some(recall) = &recall {
        recall.keep(&problems);
    }
    scan.progress().add_file();
    let mut all = scan.all();
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
