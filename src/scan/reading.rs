//! Reads one log and keeps what it says. Records are parsed only where a literal of a rule, a landmark of Airflow or a
//! traceback stands in them; of all others only the head is remembered for a moment, for its time.

use std::collections::{BTreeMap, VecDeque};

use crate::error::{Problem, ProblemKind};
use crate::record::{
    Dialect, Landmark, Level, Origin, Outcome, RawRecord, Record, connection_of, endpoints_in, landmarks, phase_of, tells_of_answer,
    time_of,
};
use crate::rule::{Hit, SymptomIx};
use crate::source::{Kind, Source, TaskInstance};
use crate::time::{Span, Timestamp};

use super::observe::Observer;
use super::{EXCERPT_BYTES_MAX, Ending, EndpointUse, FAILURES_MAX, FailureRecord, MATCHES_MAX, Match, Mention, Observation};

/// How many endpoints are kept of one log.
const ENDPOINTS_MAX: usize = 32;

/// How many matches of one symptom are kept of one log, apart from those in records that ended the task: the first ones and the last.
const MATCHES_PER_SYMPTOM_MAX: usize = 16;

/// How many matches are kept of a symptom that a rule counts or puts in a sequence; beyond, the report says that there were more.
const COUNTED_MATCHES_MAX: usize = 4096;

/// How many things one log may say about other task instances: a scheduler's log of a month says some.
const MENTIONS_MAX: usize = 200_000;

/// How many record heads are remembered, to tell how long it was silent before a failure.
const HEADS_KEPT: usize = 3;

/// How much of a record's head is remembered: its time stands there.
const HEAD_BYTES: usize = 48;

/// The state while one log is read.
pub(super) struct Reading<'a> {
    observer: &'a Observer<'a>,
    log: Observation,
    candidates: Vec<SymptomIx>,
    kept: BTreeMap<SymptomIx, usize>,
    /// The heads of the records before, the latest last, with the time that an envelope gives them.
    heads: VecDeque<(Option<Timestamp>, Vec<u8>)>,
    last_line: u32,
    success_hint: Option<u32>,
    killed: bool,
    bad_encoding: u64,
    bad_encoding_line: u32,
    cut_records: u64,
    /// The last record is a JSON object that does not end, or a traceback without its exception.
    last_is_broken: bool,
}

impl<'a> Reading<'a> {
    /// Starts with a stream of a file.
    pub(super) fn of_stream(observer: &'a Observer<'a>, file: &Source, origin: &Origin) -> Self {
        let mut source = file.clone();
        if !matches!(file.kind, Kind::Task | Kind::Trigger) {
            source.stream = Some(origin.key.clone()).filter(|key| !key.is_empty());
            source.kind = origin.kind.unwrap_or(file.kind);
            source.task = if origin.task == TaskInstance::default() { source.task } else { origin.task.clone() };
        }
        let is_excerpt = !matches!(file.kind, Kind::Task | Kind::Trigger) && !origin.is_whole;
        let log = Observation { task: source.task.clone(), host: origin.host.clone(), source, is_excerpt, ..Observation::default() };
        Self {
            observer,
            log,
            candidates: Vec::new(),
            kept: BTreeMap::new(),
            heads: VecDeque::new(),
            last_line: 0,
            success_hint: None,
            killed: false,
            bad_encoding: 0,
            bad_encoding_line: 0,
            cut_records: 0,
            last_is_broken: false,
        }
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, raw: &RawRecord<'_>) {
        self.last_line = raw.line + raw.line_count.saturating_sub(1);
        if std::str::from_utf8(raw.bytes).is_err() {
            self.bad_encoding += 1;
            if self.bad_encoding == 1 {
                self.bad_encoding_line = raw.line;
            }
        }
        self.cut_records += u64::from(raw.cut);
        self.last_is_broken = is_broken(raw.bytes);
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        self.observer.rules.candidates(raw.bytes, &mut candidates);
        let first = self.log.dialect == Dialect::Bare && self.log.started.is_none();
        if first || !candidates.is_empty() || self.observer.worth_parsing(raw.bytes) {
            let record = Record::parse(raw, self.observer.zone);
            if first {
                self.log.dialect = record.dialect;
                self.log.started = record.time;
            }
            self.read(&record, &candidates);
        }
        self.candidates = candidates;
        self.remember(raw);
    }

    /// Remembers the head of a record, and with it the time of the log's end.
    fn remember(&mut self, raw: &RawRecord<'_>) {
        let spare = if self.heads.len() == HEADS_KEPT { self.heads.pop_front() } else { None };
        let mut head = spare.map_or_else(|| Vec::with_capacity(HEAD_BYTES), |(_, head)| head);
        head.clear();
        head.extend_from_slice(&raw.bytes[..raw.bytes.len().min(HEAD_BYTES)]);
        self.heads.push_back((raw.time, head));
    }

    /// The times of the records before the one being read, the latest first.
    fn times_before(&self) -> impl Iterator<Item = Timestamp> {
        self.heads.iter().rev().filter_map(|(time, head)| time_of(head, self.observer.zone).or(*time))
    }

    fn read(&mut self, record: &Record, candidates: &[SymptomIx]) {
        let mut fatal = false;
        let mut found = Vec::new();
        landmarks(record, |landmark| found.push(landmark));
        for landmark in found {
            fatal |= landmark == Landmark::TaskFailed;
            self.landmark(landmark, record);
        }
        self.endpoints(record);
        let rules = self.observer.rules;
        let kind = self.log.source.kind;
        let hits: Vec<(SymptomIx, Hit)> =
            candidates.iter().filter_map(|&symptom| Some((symptom, rules.check(symptom, record, kind)?))).collect();
        // On the same record a specific symptom hides the generic ones.
        let hidden =
            |symptom: SymptomIx| hits.iter().any(|(other, _)| *other != symptom && rules.symptoms[*other].specific_over.contains(&symptom));
        let shown: Vec<(SymptomIx, Hit)> = hits.iter().filter(|(symptom, _)| !hidden(*symptom)).cloned().collect();
        if let (Some((symptom, _)), Some(mention)) = (shown.first(), self.log.mentions.last_mut())
            && mention.line == record.line
        {
            mention.symptom = Some(*symptom);
        }
        for (symptom, hit) in shown {
            self.matched(symptom, record, hit, fatal);
        }
        if fatal || !record.chain.exceptions.is_empty() {
            self.failure(record, fatal);
        }
    }

    fn landmark(&mut self, landmark: Landmark, record: &Record) {
        let log = &mut self.log;
        let of_attempt = matches!(log.source.kind, Kind::Task | Kind::Trigger | Kind::Other);
        match landmark {
            // A component's log speaks of many attempts; none of it is about the log itself.
            Landmark::About { .. } if of_attempt => {}
            Landmark::About { task, outcome, host, pid, operator, max_tries } => {
                if log.mentions.len() < MENTIONS_MAX {
                    let (line, time) = (record.line, record.time);
                    log.mentions.push(Mention { task, host, pid, outcome, operator, max_tries, line, time, symptom: None });
                }
            }
            _ if !of_attempt => {}
            Landmark::Host(host) => log.host = Some(host),
            Landmark::Operator(operator) => log.operator = Some(operator),
            Landmark::Pid(pid) => log.pid = Some(pid),
            Landmark::Attempt { number, of } => {
                log.max_tries = Some(of);
                log.task.try_number.get_or_insert(number);
                // A further section of the same attempt: what the section before came to is past.
                log.outcome = None;
            }
            Landmark::Resumed => log.outcome = None,
            Landmark::State(outcome) => log.outcome = Some((outcome, record.line)),
            Landmark::SuccessHint => {
                self.success_hint = Some(record.line);
                if matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _))) {
                    log.outcome = None;
                }
            }
            Landmark::ReturnCode(code) => log.return_code = Some(code),
            Landmark::TaskFailed => {
                self.success_hint = None;
                if matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _))) {
                    log.outcome = None;
                }
            }
            Landmark::Killed => self.killed = true,
            Landmark::Identity(task) => {
                let known = &mut log.task;
                // The path is the surer source: a log may print other instances' names.
                if known.dag_id.is_none() && known.task_id.is_none() {
                    let try_number = known.try_number.or(task.try_number);
                    *known = task;
                    known.try_number = try_number;
                    if log.source.kind == Kind::Other {
                        log.source.kind = Kind::Task;
                    }
                }
            }
        }
    }

    fn endpoints(&mut self, record: &Record) {
        // What a traceback's text names is the failing call itself, and its documentation links are none at all.
        if !record.chain.exceptions.is_empty() {
            return;
        }
        let endpoints = &mut self.log.endpoints;
        let answered = tells_of_answer(&record.text).then_some(record.time).flatten();
        endpoints_in(&record.text, |endpoint| {
            if let Some(known) = endpoints.get_mut(&endpoint) {
                known.count += 1;
                known.last = record.time.or(known.last);
                known.answered = answered.or(known.answered);
            } else if endpoints.len() < ENDPOINTS_MAX {
                endpoints.insert(endpoint, EndpointUse { count: 1, first: record.time, last: record.time, answered });
            }
        });
    }

    fn matched(&mut self, symptom: SymptomIx, record: &Record, hit: Hit, fatal: bool) {
        let (at_line, excerpt) = excerpt_at(record, telling(record, hit.at));
        let found = Match {
            symptom,
            line: record.line,
            at_line,
            at: hit.at,
            time: record.time,
            level: record.level,
            fatal,
            facts: hit.facts,
            excerpt,
        };
        let kept = self.kept.entry(symptom).or_default();
        *kept += 1;
        let counted = self.observer.counted.get(symptom).copied().unwrap_or_default();
        let full =
            if counted { *kept > COUNTED_MATCHES_MAX } else { *kept > MATCHES_PER_SYMPTOM_MAX || self.log.matches.len() >= MATCHES_MAX };
        // The latest of many replaces the one kept before it: what stands near the end tells most.
        if full && let Some(last) = self.log.matches.iter_mut().rev().find(|known| known.symptom == symptom && !known.fatal) {
            *last = found;
        } else if counted || self.log.matches.len() < 2 * MATCHES_MAX {
            self.log.matches.push(found);
        }
    }

    fn failure(&mut self, record: &Record, fatal: bool) {
        let elapsed = record.time.zip(self.times_before().next()).map(|(now, before)| now - before).filter(|span| span.0 >= 0);
        // Where the code logs a line just before its call, the silence lies before that line.
        let idle_before = match elapsed {
            Some(elapsed) if elapsed < Span::seconds(1) => {
                self.times_before().next().zip(self.times_before().nth(1)).map(|(late, early)| late - early)
            }
            elapsed => elapsed,
        };
        let shown = record.chain.raised().map_or(0, |exception| exception.at);
        let (_, excerpt) = excerpt_at(record, shown);
        let failure = FailureRecord {
            line: record.line,
            time: record.time,
            level: record.level,
            fatal,
            phase: phase_of(&record.chain),
            connection: connection_of(&record.chain),
            elapsed,
            idle_before: idle_before.filter(|span| span.0 >= 0),
            running_for: record.time.zip(self.log.started).map(|(now, start)| now - start),
            chain: record.chain.clone(),
            excerpt,
        };
        if self.log.failures.len() >= FAILURES_MAX {
            self.log.failures.remove(FAILURES_MAX / 2);
        }
        self.log.failures.push(failure);
    }

    /// The stream is all that its file holds.
    pub(super) fn is_the_file(&mut self, lines: u32) {
        self.log.source.stream = None;
        self.last_line = lines;
    }

    /// Says what the log says, and adds what of it was not understood. `is_cut`: reading it failed before its end.
    pub(super) fn finish(mut self, is_cut: bool, unfinished_line: bool, problems: &mut Vec<Problem>) -> Observation {
        let ended = self.times_before().next();
        let log = &mut self.log;
        log.lines = self.last_line;
        log.ended = ended.or(log.started);
        if let (None, Some(line)) = (log.outcome, self.success_hint)
            && log.return_code.is_none_or(|code| code == 0)
        {
            log.outcome = Some((Outcome::Success, line));
        }
        let stated = log.outcome.is_some_and(|(outcome, _)| outcome != Outcome::Running);
        log.ending = if is_cut || (self.last_is_broken && unfinished_line) {
            Ending::CutOff
        } else if self.killed && !log.outcome.is_some_and(|(outcome, _)| matches!(outcome, Outcome::Success | Outcome::Skipped)) {
            Ending::Killed
        } else if stated || log.return_code.is_some() {
            Ending::Verdict
        } else if log.failures.iter().any(|failure| failure.fatal) {
            Ending::Exception
        } else {
            Ending::Silent
        };
        let problem = |kind, says| Problem { path: log.source.path.clone(), member: log.source.member.clone(), kind, says };
        if self.bad_encoding > 0 {
            let says = format!(
                "{} records with bytes that are not UTF-8, first at line {}; those bytes were replaced",
                self.bad_encoding, self.bad_encoding_line
            );
            problems.push(problem(ProblemKind::Encoding, says));
        }
        for (symptom, kept) in self.kept.iter().filter(|(symptom, kept)| self.observer.counted[**symptom] && **kept > COUNTED_MATCHES_MAX) {
            let says = format!(
                "{kept} records show {}; the first {COUNTED_MATCHES_MAX} and the last were used",
                self.observer.rules.symptoms[*symptom].id
            );
            problems.push(problem(ProblemKind::Limit, says));
        }
        if self.cut_records > 0 {
            let says =
                format!("records longer than {} MiB were read in {} pieces", crate::record::RECORD_BYTES_MAX >> 20, self.cut_records);
            problems.push(problem(ProblemKind::Limit, says));
        }
        self.log
    }
}

/// Whether a record that is the last of its log stops in the middle: a JSON object without its end, a traceback without its exception.
fn is_broken(bytes: &[u8]) -> bool {
    let last_line = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (bytes.starts_with(b"{\"") && !bytes.ends_with(b"}"))
        || (last_line.starts_with(b"  ") && memchr::memmem::find(bytes, b"Traceback (most recent call last)").is_some())
}

/// Where a reader should look for what was found at a byte of a record: a line of source code in a traceback tells less than the exception
/// that it led to.
fn telling(record: &Record, at: usize) -> usize {
    let line_begin =
        record.text.as_bytes()[..at.min(record.text.len())].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let in_frames = line_begin > 0 && record.text[line_begin..].starts_with("    ");
    let exception = record.chain.exceptions.iter().map(|exception| exception.at).find(|place| *place >= at);
    exception.filter(|_| in_frames).unwrap_or(at)
}

/// The line of a record's text that holds the byte `at`: its number in the log, and its text, shortened.
fn excerpt_at(record: &Record, at: usize) -> (u32, String) {
    let text = &record.text;
    let at = at.min(text.len());
    let begin = text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let end = text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |behind| at + behind);
    let mut excerpt = text.get(begin..end).unwrap_or_default().trim();
    if excerpt.len() > EXCERPT_BYTES_MAX {
        let mut cut = EXCERPT_BYTES_MAX;
        while !excerpt.is_char_boundary(cut) {
            cut -= 1;
        }
        excerpt = &excerpt[..cut];
    }
    let further = text.as_bytes()[..begin].iter().filter(|byte| **byte == b'\n').count();
    // The lines of a JSON record's text all stand in its one line.
    let further = if record.dialect == Dialect::Json {
        0
    } else {
        u32::try_from(further).unwrap_or(u32::MAX).min(record.line_count.saturating_sub(1))
    };
    (record.line + further, excerpt.to_owned())
}

/// Whether a level marks trouble.
#[must_use]
pub fn is_trouble(level: Option<Level>) -> bool {
    level >= Some(Level::Error)
}
