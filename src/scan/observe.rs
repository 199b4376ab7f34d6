//! Reads one file and keeps what its logs say. A file may hold several logs; each has a [`Reading`] of its own.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::error::{Problem, ProblemKind};
use crate::record::{
    Attention, Dialects, Origin, Piece, Place, STREAMS_MAX, Skim, Standing, Told, Visitor, each_record_found, each_record_since,
};
use crate::rule::{AttemptCondition, RuleSet};
use crate::source::Source;

use super::Observation;
use super::memory::{Memory, clean_failures};
use super::reading::{Reading, State};

/// What reading one file gave.
#[derive(Debug)]
pub struct Observed {
    /// What its logs say, in the order in which they began; never empty.
    pub observations: Vec<Observation>,
    /// What of it was not understood.
    pub problems: Vec<Problem>,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many lines.
    pub lines: u32,
    /// What ended it early.
    pub failure: Option<io::Error>,
    /// Where reading can go on when the file has grown, where that was asked for and can be told.
    pub(super) halt: Option<Halted>,
}

/// Reads one file with the given rules.
#[must_use]
pub fn observe(source: Source, reader: &mut dyn Read, rules: &RuleSet, dialects: &Dialects) -> Observed {
    Observer::new(rules, dialects).observe(source, reader)
}

/// What all logs of a scan share.
#[derive(Debug)]
pub(super) struct Observer<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) dialects: &'a Dialects,
    /// For each symptom, whether a rule counts it or puts it in a sequence, so that each match matters.
    pub(super) counted: Vec<bool>,
    /// For whom it is noted where reading can go on.
    pub(super) memory: Option<&'a dyn Memory>,
    /// Memory into which logs are read, one for each thread. A lock taken twice a log costs nothing beside reading it.
    buffers: Mutex<Vec<Vec<u8>>>,
}

/// What is kept of the memory into which a log was read.
const BUFFER_BYTES_MAX: usize = 512 << 10;

/// The logs of one file while they are read.
struct Readings<'a> {
    observer: &'a Observer<'a>,
    source: &'a Source,
    /// By the numbers of their streams.
    all: BTreeMap<usize, Reading<'a>>,
    halt: Option<Halted>,
}

/// Where the reading of a file stopped, and what was known there of its logs, by the numbers of their streams.
#[derive(Serialize)]
struct Halt<'h> {
    place: Place,
    logs: Vec<(usize, &'h State)>,
}

/// What is written down of a [`Halt`].
#[derive(Debug, Clone)]
pub(super) struct Halted {
    /// Behind how many bytes of the file it is.
    pub(super) at: u64,
    /// All of it, as JSON.
    pub(super) json: Vec<u8>,
}

/// A reading that goes on.
#[derive(Deserialize)]
pub(super) struct GoesOn {
    place: Place,
    logs: Vec<(usize, State)>,
}

impl GoesOn {
    /// Reads what was written down; `None` where it is something else.
    pub(super) fn read(halt: &[u8]) -> Option<Self> {
        serde_json::from_slice(halt).ok()
    }

    /// Behind how many bytes of the file it goes on.
    pub(super) fn at(&self) -> u64 {
        self.place.at
    }
}

impl Visitor for Readings<'_> {
    fn take(&mut self, piece: Piece<'_>) -> Attention {
        let reading = self.all.entry(piece.stream).or_insert_with(|| Reading::of_stream(self.observer, self.source, piece.origin));
        reading.adopt(piece.origin);
        reading.take(&piece.record)
    }

    fn mention(&mut self, line: &[u8]) -> bool {
        // Nothing is left out of a file of several logs.
        self.all.len() == 1 && self.all.values_mut().all(|reading| reading.mention_of_endpoint(line))
    }

    fn stand(&mut self, standing: Standing<'_>) {
        let Some(memory) = self.observer.memory else { return };
        if self.all.values().any(|reading| reading.state.pieces.is_open()) {
            return;
        }
        let mut failures = Vec::new();
        for reading in self.all.values_mut() {
            reading.state.heads.settle(standing.before, standing.at, self.observer.dialects);
            failures.push(reading.state.log.failures.clone());
            clean_failures(&mut reading.state.log.failures, memory);
        }
        let logs = self.all.iter().map(|(stream, reading)| (*stream, &reading.state)).collect();
        let json = serde_json::to_vec(&Halt { place: standing.to_place(), logs }).ok();
        self.halt = json.map(|json| Halted { at: standing.at, json });
        for (reading, failures) in self.all.values_mut().zip(failures) {
            reading.state.log.failures = failures;
        }
    }
}

impl<'a> Observer<'a> {
    pub(super) fn new(rules: &'a RuleSet, dialects: &'a Dialects) -> Self {
        let mut counted = vec![false; rules.symptoms.len()];
        for symptom in rules.symptoms.iter().filter_map(|symptom| symptom.attempt.as_ref()).flat_map(AttemptCondition::steps) {
            counted[symptom] = true;
        }
        Self { rules, dialects, counted, memory: None, buffers: Mutex::default() }
    }

    pub(super) fn observe(&self, source: Source, reader: &mut dyn Read) -> Observed {
        let visitor = Readings { observer: self, source: &source, all: BTreeMap::new(), halt: None };
        self.read(&source, visitor, |skim, visitor| each_record_found(&source, reader, self.dialects, skim, visitor))
    }

    /// Goes on with a file that has grown. The reader begins where it stopped.
    pub(super) fn go_on(&self, source: Source, from: GoesOn, reader: &mut dyn Read) -> Observed {
        let GoesOn { place, logs } = from;
        let reading = |(stream, mut state): (usize, State)| {
            // It may have another name by now.
            state.log.source.path.clone_from(&source.path);
            (stream, Reading::again(self, state))
        };
        let visitor = Readings { observer: self, source: &source, all: logs.into_iter().map(reading).collect(), halt: None };
        self.read(&source, visitor, |skim, visitor| each_record_since(place, reader, self.dialects, skim, visitor))
    }

    fn read<'r>(&'r self, source: &Source, mut visitor: Readings<'r>, each: impl FnOnce(Skim<'_>, &mut Readings<'r>) -> Told) -> Observed {
        let mut buffer = self.buffers.lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default();
        let skim = Skim { lookout: self.rules, buffer: &mut buffer };
        let told = each(skim, &mut visitor);
        let Readings { all: mut readings, halt, .. } = visitor;
        // A log with very long records has made it large.
        buffer.truncate(BUFFER_BYTES_MAX);
        buffer.shrink_to(BUFFER_BYTES_MAX);
        if let Ok(mut buffers) = self.buffers.lock() {
            buffers.push(buffer);
        }
        // A log without a record is an observation too: its attempt took place.
        if readings.is_empty() {
            readings.insert(0, Reading::of_stream(self, source, &Origin::default()));
        }
        Observed { halt, ..self.finish(source, told, readings) }
    }

    fn finish(&self, source: &Source, told: Told, readings: BTreeMap<usize, Reading<'_>>) -> Observed {
        let is_one = readings.len() == 1;
        let mut problems = Vec::new();
        let mut observations = Vec::with_capacity(readings.len());
        for mut reading in readings.into_values() {
            if is_one {
                // The file's own name says it all.
                reading.is_the_file(told.lines);
            }
            let is_cut = told.failure.is_some() || told.broken_document.is_some();
            observations.push(reading.finish(is_cut, Some(&told).filter(|_| is_one), &mut problems));
        }
        let problem = |kind, says| Problem { path: source.path.to_string(), member: source.member.clone(), kind, says };
        if let Some(why) = told.broken_document {
            problems.push(problem(
                ProblemKind::Damaged,
                format!("a JSON document that is damaged or cut off ({why}); what came before was used"),
            ));
        }
        if let Some((count, first)) = told.damaged_rows {
            let says =
                format!("{count} places where rows of log events are damaged, the first at line {first}; they were searched as text");
            problems.push(problem(ProblemKind::NotParsed, says));
        }
        if told.newest_first {
            let says = "the newest entry comes first; entries were turned round, and their lines are counted from the end of the file";
            problems.push(problem(ProblemKind::Order, says.to_owned()));
        }
        if told.too_many_streams {
            problems.push(problem(ProblemKind::Limit, format!("more than {STREAMS_MAX} streams; the further ones were read as one")));
        }
        Observed { observations, problems, bytes: told.bytes, lines: told.lines, failure: told.failure, halt: None }
    }
}
