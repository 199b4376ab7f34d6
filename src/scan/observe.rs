//! Reads one file and keeps what its logs say. A file may hold several logs; each has a [`Reading`] of its own.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Mutex;

use crate::error::{Problem, ProblemKind};
use crate::record::{Attention, Dialects, Origin, Piece, STREAMS_MAX, Skim, Told, Visitor, each_record_found};
use crate::rule::{AttemptCondition, RuleSet};
use crate::source::Source;

use super::Observation;
use super::reading::Reading;

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
}

impl<'a> Observer<'a> {
    pub(super) fn new(rules: &'a RuleSet, dialects: &'a Dialects) -> Self {
        let mut counted = vec![false; rules.symptoms.len()];
        for symptom in rules.symptoms.iter().filter_map(|symptom| symptom.attempt.as_ref()).flat_map(AttemptCondition::steps) {
            counted[symptom] = true;
        }
        Self { rules, dialects, counted, buffers: Mutex::default() }
    }

    pub(super) fn observe(&self, source: Source, reader: &mut dyn Read) -> Observed {
        let mut visitor = Readings { observer: self, source: &source, all: BTreeMap::new() };
        let mut buffer = self.buffers.lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default();
        let skim = Skim { lookout: self.rules, buffer: &mut buffer };
        let told = each_record_found(&source, reader, self.dialects, skim, &mut visitor);
        let mut readings = visitor.all;
        // A log with very long records has made it large.
        buffer.truncate(BUFFER_BYTES_MAX);
        buffer.shrink_to(BUFFER_BYTES_MAX);
        if let Ok(mut buffers) = self.buffers.lock() {
            buffers.push(buffer);
        }
        // A log without a record is an observation too: its attempt took place.
        if readings.is_empty() {
            readings.insert(0, Reading::of_stream(self, &source, &Origin::default()));
        }
        self.finish(&source, told, readings)
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
        Observed { observations, problems, bytes: told.bytes, lines: told.lines, failure: told.failure }
    }
}
