//! Reads one log and keeps what it says. Records are parsed only where a literal of a rule, a landmark of Airflow or a
//! traceback stands in them; of all others only the head is remembered for a moment, for its time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Problem, ProblemKind};
use crate::record::{
    About, Attention, Dialect, Glance, Heads, LOST_PROCESS, Level, Origin, Outcome, RawRecord, Record, Signs, Told, TracebackLines,
    landmarks,
};
use crate::rule::{Hit, SymptomIx};
use crate::source::{Kind, Source, TaskInstance};
use crate::time::{Span, Timestamp};

use super::calls::Calls;
use super::excerpt::{LastWords, excerpt_at, telling};
use super::observe::Observer;
use super::unread::Unread;
use super::{Ending, FAILURES_MAX, FailureRecord, MATCHES_MAX, Match, Mention, Observation};

/// How many matches of one symptom are kept of one log, apart from those in records that ended the task: the first ones and the last.
const MATCHES_PER_SYMPTOM_MAX: usize = 16;

/// How many matches are kept of a symptom that a rule counts or puts in a sequence; beyond, the report says that there were more.
const COUNTED_MATCHES_MAX: usize = 4096;

/// How many things one log may say about other task instances: a scheduler's log of a month says some.
const MENTIONS_MAX: usize = 200_000;

/// What is kept of the matches of one symptom.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// How many there were.
    count: usize,
    /// The latest of those that are not kept with the others.
    latest: Option<Match>,
}

/// One log that is being read.
pub(super) struct Reading<'a> {
    pub(super) observer: &'a Observer<'a>,
    candidates: Vec<SymptomIx>,
    pub(super) state: State,
}

/// What is known of a log that is being read. It can be written down, so that reading may go on another day when the log has grown.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) log: Observation,
    kept: BTreeMap<SymptomIx, Kept>,
    /// The heads of the records before, which tell how long it was silent before a failure.
    pub(super) heads: Heads,
    /// What the lines before a failure say of calls.
    pub(super) calls: Calls,
    last_line: u32,
    /// The line at which the task was last seen to begin.
    pub(super) begin_line: u32,
    pub(super) success_hint: Option<u32>,
    /// Where the task's own work was over, in the execution that is being read.
    pub(super) work_done: Option<u32>,
    /// The task failed in the execution that is being read.
    pub(super) failed: bool,
    pub(super) killed: bool,
    /// The log is of a version that marks where the task's work begins and ends.
    pub(super) marks_ends: bool,
    records_at_start: u32,
    /// What each process of a Celery worker has taken.
    workers: BTreeMap<String, About>,
    lost_worker: Option<String>,
    pub(super) unread: Unread,
    /// The last record is a JSON object that does not end, or a traceback without its exception.
    last_is_broken: bool,
    last_words: LastWords,
    /// Tracebacks whose lines are records of their own.
    /// Not written down: what has been read of them is text that nobody has looked through for secrets as a whole.
    #[serde(skip)]
    pub(super) pieces: TracebackLines,
    /// The times of the records before the first line of the oldest of them, the latest first.
    pub(super) before_pieces: Vec<Timestamp>,
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
        let is_excerpt = file.kind == Kind::Other && !origin.is_whole;
        let log = Observation {
            task: source.task.clone(),
            host: origin.host.as_deref().map(Arc::from),
            source,
            is_excerpt,
            ..Observation::default()
        };
        Self { observer, candidates: Vec::new(), state: State { log, ..State::default() } }
    }

    /// Goes on with one that was read before.
    pub(super) fn again(observer: &'a Observer<'a>, state: State) -> Self {
        Self { observer, candidates: Vec::new(), state }
    }

    /// Takes the identity that the records of the stream turn out to have.
    pub(super) fn adopt(&mut self, origin: &Origin) {
        if self.state.log.task.task_id.is_none()
            && origin.task.task_id.is_some()
            && matches!(self.state.log.source.kind, Kind::Other | Kind::Task)
        {
            self.state.log.task.clone_from(&origin.task);
            self.state.log.source.kind = Kind::Task;
        }
    }

    /// Takes the next record, and says whether it has to see the one behind it, whatever stands in that.
    pub(super) fn take(&mut self, raw: &RawRecord<'_>) -> Attention {
        self.state.last_line = raw.line + raw.line_count.saturating_sub(1);
        self.state.heads.skip_to(raw);
        self.state.unread.take(raw, &self.observer.dialects.zone);
        self.state.last_is_broken = is_broken(raw.bytes);
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let signs = self.observer.rules.look(raw.bytes, &mut candidates);
        // The first records tell the dialect, and when the log begins.
        let first = self.state.log.started.is_none() && self.state.records_at_start < RECORDS_AT_START;
        let only_endpoint = candidates.is_empty() && signs == Signs::ENDPOINT && !first && !self.state.pieces.is_open();
        if let Some(glance) = only_endpoint.then(|| Glance::of(raw, self.observer.dialects)).flatten() {
            self.endpoints(&glance.text, Some(glance.time));
        } else if first || self.state.pieces.is_open() || !candidates.is_empty() || signs.any() {
            let record = Record::parse(raw, self.observer.dialects);
            self.state.unread.parsed(&record);
            if first {
                self.state.records_at_start += 1;
                self.state.log.dialect = record.dialect;
                self.state.log.started = record.time;
            }
            self.read(raw, &record, &candidates, signs);
            if signs.exception || self.state.pieces.is_open() {
                let was_open = self.state.pieces.is_open();
                for whole in self.state.pieces.feed(&record) {
                    self.whole(&whole);
                }
                if !was_open {
                    self.state.before_pieces = self.times_before(raw);
                }
            }
        }
        self.candidates = candidates;
        self.state.last_words.take(raw);
        self.remember(raw);
        let begins = self.state.log.started.is_none() && self.state.records_at_start < RECORDS_AT_START;
        if begins || self.state.pieces.is_open() { Attention::Every } else { Attention::Found }
    }

    /// Remembers the head of a record, and with it the time of the log's end.
    fn remember(&mut self, raw: &RawRecord<'_>) {
        // A form of the user's own may have its time anywhere, so it is read at once.
        let own = match self.observer.dialects.own_time(raw.bytes) {
            Some(Ok(time)) => Some(time),
            Some(Err(text)) => {
                self.state.unread.bad_time(raw.line, text);
                None
            }
            None => None,
        };
        self.state.heads.remember(raw, own);
    }

    /// The times of the records before the one being read, the latest first.
    fn times_before(&self, raw: &RawRecord<'_>) -> Vec<Timestamp> {
        self.state.heads.times(raw.before, raw.at, self.observer.dialects)
    }

    fn read(&mut self, raw: &RawRecord<'_>, record: &Record, candidates: &[SymptomIx], signs: Signs) {
        let mut fatal = false;
        let mut found = Vec::new();
        if signs.landmark || !record.chain.exceptions.is_empty() {
            landmarks(record, &mut |landmark| found.push(landmark));
        }
        for landmark in found {
            fatal |= self.landmark(landmark, record);
        }
        if signs.endpoint && record.chain.exceptions.is_empty() {
            self.endpoints(&record.text, record.time);
        }
        if signs.retry && record.chain.exceptions.is_empty() {
            self.state.calls.take_retry(&record.text);
        }
        let rules = self.observer.rules;
        let kind = self.state.log.source.kind;
        let hits: Vec<(SymptomIx, Hit)> =
            candidates.iter().filter_map(|&symptom| Some((symptom, rules.check(symptom, record, kind)?))).collect();
        // On the same record a specific symptom hides the generic ones.
        let hidden =
            |symptom: SymptomIx| hits.iter().any(|(other, _)| *other != symptom && rules.symptoms[*other].specific_over.contains(&symptom));
        let shown: Vec<(SymptomIx, Hit)> = hits.iter().filter(|(symptom, _)| !hidden(*symptom)).cloned().collect();
        if let Some((symptom, _)) = shown.iter().find(|(symptom, _)| !rules.is_part(*symptom)) {
            self.symptom_of_mention(*symptom, record);
        }
        for (symptom, hit) in shown {
            self.matched(symptom, record, hit, fatal);
        }
        let breaks_off = !record.chain.unfinished.is_empty() && !record.chain.cut_top;
        if fatal || breaks_off || !record.chain.exceptions.is_empty() {
            self.failure(record, fatal, &self.times_before(raw));
        }
    }

    /// Notes the symptom of a record with what the record says about a task instance. What a Celery process logs is about the task it took.
    fn symptom_of_mention(&mut self, symptom: SymptomIx, record: &Record) {
        let about_its_own = || self.state.log.mentions.last().is_none_or(|mention| mention.line != record.line);
        let worker = record.logger.as_ref().filter(|_| record.dialect == Dialect::Celery && is_trouble(record.level));
        if let Some(known) = worker.filter(|_| about_its_own()).and_then(|worker| self.state.workers.get(worker)).cloned() {
            self.mention(known, record);
        }
        if let Some(mention) = self.state.log.mentions.last_mut().filter(|mention| mention.line == record.line) {
            mention.symptom = Some(symptom);
        }
    }

    /// Notes what a component says of a task instance or a process.
    pub(super) fn mention(&mut self, mut about: About, record: &Record) {
        if let Some(worker) = about.worker.take() {
            let worker = if worker == LOST_PROCESS { self.state.lost_worker.take().unwrap_or_default() } else { worker };
            if about.task.task_id.is_some() {
                let known = self.state.workers.entry(worker).or_default();
                if known.task != about.task {
                    *known = About { task: about.task.clone(), ..About::default() };
                }
                known.ids.extend(about.ids.iter().cloned());
            } else if let Some(known) = self.state.workers.get(&worker) {
                about.task = known.task.clone();
                about.ids.extend(known.ids.iter().cloned());
                if about.return_code.is_some() {
                    self.state.lost_worker = Some(worker);
                }
            }
        }
        about.host = about.host.or_else(|| self.state.log.host.as_deref().map(str::to_owned));
        if self.state.log.mentions.len() < MENTIONS_MAX {
            self.state.log.mentions.push(Mention { about, line: record.line, time: record.time, symptom: None });
        }
    }

    pub(super) fn matched(&mut self, symptom: SymptomIx, record: &Record, hit: Hit, fatal: bool) {
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
        let kept = self.state.kept.entry(symptom).or_default();
        kept.count += 1;
        let counted = self.observer.counted.get(symptom).copied().unwrap_or_default();
        let matches = &mut self.state.log.matches;
        let full =
            if counted { kept.count > COUNTED_MATCHES_MAX } else { kept.count > MATCHES_PER_SYMPTOM_MAX || matches.len() >= MATCHES_MAX };
        if !full || (fatal && matches.len() < 2 * MATCHES_MAX) {
            matches.push(found);
        } else {
            // The latest of many replaces the one kept before it: what stands near the end tells most.
            kept.latest = Some(found);
        }
    }

    /// The matches of a symptom that are kept.
    pub(super) fn kept_of(&self, symptom: SymptomIx) -> impl Iterator<Item = &Match> {
        let latest = self.state.kept.get(&symptom).and_then(|kept| kept.latest.as_ref());
        self.state.log.matches.iter().filter(move |found| found.symptom == symptom).chain(latest)
    }

    /// Notes a record that says what failed. `before`: the times of the two records before it, the later first.
    pub(super) fn failure(&mut self, record: &Record, fatal: bool, before: &[Timestamp]) {
        let (late, early) = (before.first().copied(), before.get(1).copied());
        let elapsed = record.time.zip(late).map(|(now, before)| now - before).filter(|span| span.0 >= 0);
        // Where the code logs a line just before its call, the silence lies before that line.
        let silence = match elapsed {
            Some(elapsed) if elapsed < Span::seconds(1) => late.zip(early).map(|(late, early)| late - early),
            elapsed => elapsed,
        };
        // Where a traceback breaks off, its last frame tells how far it came.
        let last_frame = || record.text.rfind("  File \"").filter(|_| !record.chain.unfinished.is_empty()).unwrap_or_default();
        let shown = record.chain.raised().map_or_else(last_frame, |exception| exception.at);
        let (at_line, excerpt) = excerpt_at(record, shown);
        let failure = FailureRecord {
            line: record.line,
            last_line: record.line.saturating_add(record.line_count.saturating_sub(1)),
            time: record.time,
            level: record.level,
            fatal,
            call: self.state.calls.failed(record, elapsed, silence.filter(|span| span.0 >= 0)),
            since_before: elapsed,
            running_for: record.time.zip(self.state.log.started).map(|(now, start)| now - start),
            chain: record.chain.clone(),
            excerpt,
            at_line,
        };
        if self.state.log.failures.len() >= FAILURES_MAX {
            self.state.log.failures.remove(FAILURES_MAX / 2);
        }
        self.state.log.failures.push(failure);
    }

    /// The stream is all that its file holds.
    pub(super) fn is_the_file(&mut self, lines: u32) {
        self.state.log.source.stream = None;
        self.state.last_line = lines;
    }

    /// Says what the log says, and adds what of it was not understood. `is_cut`: reading it failed before its end.
    /// `told`: what was told of the file as a whole, where the log is all that it holds.
    pub(super) fn finish(mut self, is_cut: bool, told: Option<&Told>, problems: &mut Vec<Problem>) -> Observation {
        for whole in self.state.pieces.finish() {
            self.whole(&whole);
        }
        self.state.log.matches.extend(self.state.kept.values_mut().filter_map(|kept| kept.latest.take()));
        self.state.log.matches.sort_by_key(|found| found.line);
        // Supervisor and task write in turn, and the later of two lines may stand first.
        let shown = self
            .state
            .log
            .failures
            .iter()
            .filter_map(|failure| failure.time)
            .chain(self.state.log.matches.iter().filter_map(|found| found.time));
        let (tail, bytes) = told.map_or_else(Default::default, |told| (told.tail.as_slice(), told.bytes));
        let last = self.state.heads.times(tail, bytes, self.observer.dialects);
        let ended = last.into_iter().chain(shown).max();
        let log = &mut self.state.log;
        log.lines = self.state.last_line;
        // A clock may have been put back meanwhile.
        log.ended = ended.max(log.started);
        let well = log.return_code.is_none_or(|code| code == 0) && !self.state.failed;
        if let (None, Some(line)) = (log.outcome, self.state.success_hint.or(self.state.work_done).filter(|_| well)) {
            log.outcome = Some((Outcome::Success, line));
        }
        let stated = log.outcome.is_some_and(|(outcome, _)| outcome != Outcome::Running);
        log.ending = if is_cut || (self.state.last_is_broken && told.is_some_and(|told| told.unfinished_line)) {
            Ending::CutOff
        } else if self.state.killed && !log.outcome.is_some_and(|(outcome, _)| matches!(outcome, Outcome::Success | Outcome::Skipped)) {
            Ending::Killed
        } else if stated || log.return_code.is_some() {
            Ending::Verdict
        } else if log.failures.iter().any(|failure| failure.fatal) {
            Ending::Exception
        } else {
            Ending::Silent
        };
        // Airflow 2 and before end every log with a verdict or a return code; 3.2 and later mark the end of the task's work.
        let ends_are_written = matches!(log.dialect, Dialect::Text | Dialect::Legacy | Dialect::Own) || self.state.marks_ends;
        log.lacks_end = log.ending == Ending::Silent && ends_are_written && !log.is_excerpt && log.source.kind == Kind::Task;
        if log.ending == Ending::Silent {
            log.last_words = self.state.last_words.say(self.observer.dialects).into();
        }
        let problem = |kind, says| Problem { path: log.source.path.to_string(), member: log.source.member.clone(), kind, says };
        self.state.unread.tell(&mut |kind, says| problems.push(problem(kind, says)));
        let too_many = |(symptom, kept): &(&SymptomIx, &Kept)| self.observer.counted[**symptom] && kept.count > COUNTED_MATCHES_MAX;
        for (symptom, Kept { count, .. }) in self.state.kept.iter().filter(too_many) {
            let rules = self.observer.rules;
            let step = if rules.is_part(*symptom) { "a step of " } else { "" };
            let id = &rules.symptoms[*symptom].id;
            let says = format!("{count} records show {step}{id}; the first {COUNTED_MATCHES_MAX} and the last were used");
            problems.push(problem(ProblemKind::Limit, says));
        }
        self.state.log
    }
}

/// Among how many records at its start a log's first time is looked for: downloads begin with some lines about where the log was found.
const RECORDS_AT_START: u32 = 100;

/// Whether a record that is the last of its log stops in the middle: a JSON object without its end, a traceback without its exception.
fn is_broken(bytes: &[u8]) -> bool {
    let last_line = &bytes[memchr::memrchr(b'\n', bytes).map_or(0, |before| before + 1)..];
    (bytes.starts_with(b"{\"") && !bytes.ends_with(b"}"))
        || (last_line.starts_with(b"  ") && memchr::memmem::find(bytes, b"Traceback (most recent call last)").is_some())
}

/// Whether a level marks trouble.
#[must_use]
pub fn is_trouble(level: Option<Level>) -> bool {
    level >= Some(Level::Error)
}
