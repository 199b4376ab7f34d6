//! Completes attempts with what an export of Airflow's task instances says, and finds those of which there is no log.
//!
//! A row and a log belong together by DAG, task, map index and run; where one of them knows its run only by its logical date (1.10 to 2.2,
//! `states-for-dag-run`), by that. A row with a try speaks for that try, one without for the latest try that has a log. Of several
//! rows the one that ended last comes first, so that neither their order nor that of the files matters.
//!
//! What the log says of itself stays; the row fills what the log leaves open. Of the outcome:
//!
//! - A final state in the row outranks what the log only hints at, and the scheduler's word.
//! - A log's own verdict outranks the row: it says what that try did, and a state can be set by hand or by a later clearing. So does the
//!   record with which Airflow ends a task that failed. Only a failure in a row that was changed after the log's last line outranks a
//!   log's success: then Airflow took it back.
//! - A row that still runs or waits says so of a log that just stops, if it speaks for the latest try.
//! - States that no try comes to (`queued`, `scheduled`, `upstream_failed`, `removed`) say nothing about a try that has a log.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::record::{Facts, Instance, Outcome, State};
use crate::rule::RuleSet;
use crate::scan::{Match, Observation};
use crate::source::{Kind, Source, TaskInstance, is_bare_date, run_date};
use crate::time::{Span, Timestamp};

use super::Attempt;

/// The symptom of a failed attempt without a log; a rule set without it leaves such a failure unrecognised.
const NO_LOG_SYMPTOM: &str = "log-file-missing";

/// The symptom of an attempt that waits for a worker longer than [`QUEUED_MAX`].
const STUCK_SYMPTOM: &str = "stuck-queued";

/// How long an attempt may wait for a worker: Airflow's own default of `task_queued_timeout`.
const QUEUED_MAX: Span = Span::seconds(600);

/// What a row or a log is found by: DAG, task, map index, and the run.
type Key<'a, R> = (&'a str, &'a str, Option<i32>, R);

/// The rows of all exports.
pub(super) struct Rows<'a> {
    /// The better row first.
    all: Vec<&'a Instance>,
    by_run: BTreeMap<Key<'a, &'a str>, Vec<usize>>,
    by_date: BTreeMap<Key<'a, Timestamp>, Vec<usize>>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(instances: &'a [Instance]) -> Self {
        let mut all: Vec<&Instance> = instances.iter().collect();
        all.sort_by_key(|row| (Reverse(row.ended), Reverse(row.updated), Reverse(row.started), *row));
        let mut rows = Self { all: Vec::new(), by_run: BTreeMap::new(), by_date: BTreeMap::new() };
        for (at, row) in all.iter().enumerate() {
            let Some((dag, task)) = row.task.dag_id.as_deref().zip(row.task.task_id.as_deref()) else { continue };
            if let Some(run) = row.task.run_id.as_deref() {
                rows.by_run.entry((dag, task, row.task.map_index, run)).or_default().push(at);
            }
            if let Some(date) = row.logical_date {
                rows.by_date.entry((dag, task, row.task.map_index, date)).or_default().push(at);
            }
        }
        rows.all = all;
        rows
    }

    /// The rows of a task instance, whichever try they speak of, the better first.
    fn about(&self, task: &TaskInstance) -> Vec<usize> {
        let (Some(dag), Some(name), Some(run)) = (&task.dag_id, &task.task_id, &task.run_id) else { return Vec::new() };
        let mut found: BTreeSet<usize> =
            self.by_run.get(&(&**dag, &**name, task.map_index, &**run)).into_iter().flatten().copied().collect();
        if let Some(date) = run_date(run) {
            let dated = self.by_date.get(&(&**dag, &**name, task.map_index, date)).into_iter().flatten();
            let bare = is_bare_date(run);
            found.extend(dated.filter(|at| bare || self.row(**at).is_none_or(|row| row.task.run_id.is_none())));
        }
        found.into_iter().collect()
    }

    fn row(&self, at: usize) -> Option<&'a Instance> {
        self.all.get(at).copied()
    }
}

/// Completes what logs say with what rows say, before the attempts are made; and adds, for each row that failed or is stuck and has no
/// log, an observation that stands in its place.
pub(super) fn prepare(observations: &mut Vec<Observation>, rows: &Rows<'_>, rules: &RuleSet) {
    if rows.all.is_empty() {
        return;
    }
    let latest = Latest::of(observations);
    let mut has_log = vec![false; rows.all.len()];
    for log in observations.iter_mut().filter(|log| may_be_attempt(log)) {
        for at in rows.about(&log.task) {
            let Some(row) = rows.row(at) else { continue };
            if let Some(known) = has_log.get_mut(at) {
                *known |= row.task.try_number.is_none() || log.task.try_number.is_none() || row.task.try_number == log.task.try_number;
            }
            log.max_tries = log.max_tries.or(row.max_tries);
            log.operator = log.operator.take().or_else(|| row.operator.as_deref().map(Arc::from));
            if latest.speaks(row, &log.task) {
                log.host = log.host.take().or_else(|| row.host.as_deref().map(Arc::from));
                log.pid = log.pid.or(row.pid);
                log.started = log.started.or(row.started);
                log.ended = log.ended.or(row.ended);
            }
        }
    }
    let without = without_log(observations, rows, &has_log, rules);
    observations.extend(without);
}

/// Whether a log is that of an attempt, and says whose.
fn may_be_attempt(log: &Observation) -> bool {
    matches!(log.source.kind, Kind::Task | Kind::Other)
}

/// The latest try of each task instance that has a log.
struct Latest(BTreeMap<TaskInstance, u32>);

impl Latest {
    fn of(observations: &[Observation]) -> Self {
        let mut latest = BTreeMap::new();
        for log in observations.iter().filter(|log| may_be_attempt(log)) {
            if let Some(number) = log.task.try_number {
                let entry = latest.entry(TaskInstance { try_number: None, ..log.task.clone() }).or_insert(number);
                *entry = number.max(*entry);
            }
        }
        Self(latest)
    }

    fn is_latest(&self, task: &TaskInstance) -> bool {
        let latest = self.0.get(&TaskInstance { try_number: None, ..task.clone() });
        task.try_number.zip(latest).is_none_or(|(number, latest)| number >= *latest)
    }

    /// Whether a row about a task instance speaks for one try of it.
    fn speaks(&self, row: &Instance, task: &TaskInstance) -> bool {
        match (row.task.try_number, task.try_number) {
            (Some(of_row), Some(number)) => of_row == number,
            (None, Some(_)) => self.is_latest(task),
            (_, None) => true,
        }
    }
}

/// Gives attempts their queue and pool, and the outcome where the rows know it better.
pub(super) fn complete(attempts: &mut [Attempt], observations: &[Observation], rows: &Rows<'_>) {
    if rows.all.is_empty() {
        return;
    }
    let latest = Latest::of(observations);
    for (attempt, log) in attempts.iter_mut().zip(observations).filter(|(_, log)| may_be_attempt(log)) {
        let about: Vec<&Instance> = rows.about(&log.task).into_iter().filter_map(|at| rows.row(at)).collect();
        for row in &about {
            attempt.queue = attempt.queue.take().or_else(|| row.queue.as_deref().map(Arc::from));
            attempt.pool = attempt.pool.take().or_else(|| row.pool.as_deref().map(Arc::from));
        }
        if attempt.kind != Kind::Task {
            continue;
        }
        let number = log.task.try_number;
        let later = about.iter().copied().find(|row| row.task.try_number.zip(number).is_some_and(|(of_row, number)| of_row > number));
        let has_later = later.is_some() || !latest.is_latest(&log.task);
        let own = about.iter().copied().find(|row| latest.speaks(row, &log.task) && row.state.is_some());
        let known = own.and_then(|row| by_state(row, attempt, log, has_later)).or_else(|| by_later_try(later?, attempt, log));
        if let Some((outcome, because)) = known {
            attempt.outcome = outcome;
            attempt.outcome_because = because.into();
        }
    }
}

/// The verdict that the log itself gives.
fn verdict_of(log: &Observation) -> Option<(Outcome, u32)> {
    log.outcome.filter(|(outcome, _)| !matches!(outcome, Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule))
}

/// The outcome by the state of a row that speaks for the attempt, where it tells more than the log.
fn by_state(row: &Instance, attempt: &Attempt, log: &Observation, has_later: bool) -> Option<(Outcome, String)> {
    let state = row.state?;
    let says = format!("the task-instance export says {}", state.name());
    if log.without_log {
        let outcome = match state {
            // As a row of the history has it for a try that was followed by another.
            State::Reached(Outcome::Failed) if has_later => Outcome::UpForRetry,
            State::Reached(outcome) => outcome,
            _ => Outcome::Unknown,
        };
        return Some((outcome, format!("{says} ({}); no log of it was scanned", row.place())));
    }
    let State::Reached(reached) = state else { return None };
    match (reached, verdict_of(log)) {
        (Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule, _) => {
            (attempt.outcome == Outcome::Unknown && !has_later).then(|| (reached, format!("{says}: {}", row.place())))
        }
        (_, Some((verdict, line))) => {
            let changed = row.updated.max(row.ended);
            let taken_back = reached.is_failure() && !verdict.is_failure() && changed.zip(log.ended).is_some_and(|(row, log)| row > log);
            let outcome = if has_later { Outcome::UpForRetry } else { reached };
            taken_back.then(|| (outcome, format!("{says} ({}), after the log said {} at line {line}", row.place(), verdict.name())))
        }
        // Airflow 3 writes no state, but this is its own word for a try that failed.
        (reached, None) if !reached.is_failure() && log.failures.iter().any(|failure| failure.fatal) => None,
        (Outcome::Failed, None) if has_later => Some((Outcome::UpForRetry, format!("{says} ({}), and a later try exists", row.place()))),
        (_, None) => Some((reached, format!("{says}: {}", row.place()))),
    }
}

/// The outcome of an attempt whose own end is not told, by a row of a later try.
fn by_later_try(later: &Instance, attempt: &Attempt, log: &Observation) -> Option<(Outcome, String)> {
    let open = verdict_of(log).is_none() && matches!(attempt.outcome, Outcome::Failed | Outcome::Unknown);
    open.then(|| {
        let began = if attempt.outcome_because.is_empty() { "it ended" } else { &*attempt.outcome_because };
        (Outcome::UpForRetry, format!("{began}, and the task-instance export knows a later try: {}", later.place()))
    })
}

/// What stands for the attempts that failed or are stuck, and of which there is no log.
fn without_log(observations: &[Observation], rows: &Rows<'_>, has_log: &[bool], rules: &RuleSet) -> Vec<Observation> {
    let scanned = Scanned::of(observations);
    let now = rows.all.iter().flat_map(|row| [row.updated, row.ended, row.started, row.queued]).flatten().max().max(scanned.to);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (row, _) in rows.all.iter().zip(has_log).filter(|(_, has_log)| !**has_log) {
        // Up to now; or, never begun, until Airflow gave it up.
        let waited_until = match (row.state, row.started) {
            (Some(State::Queued), _) => now,
            (_, None) => row.ended,
            _ => None,
        };
        let stuck = row.queued.zip(waited_until).is_some_and(|(since, until)| until - since > QUEUED_MAX);
        let failed = matches!(row.state, Some(State::Reached(outcome)) if outcome.is_failure());
        let queued = row.state == Some(State::Queued);
        if !(failed || (queued && stuck)) || !scanned.concerns(row) {
            continue;
        }
        // The same try in two exports, by its run in one and its date in the other, is one.
        let run = row.logical_date.ok_or(&row.task.run_id);
        let number = row.task.try_number;
        let named_elsewhere =
            number.is_none() && rows.about(&row.task).into_iter().filter_map(|at| rows.row(at)).any(|row| row.task.try_number.is_some());
        if named_elsewhere || !seen.insert((&row.task.dag_id, &row.task.task_id, row.task.map_index, run, number)) {
            continue;
        }
        found.push(stand_in(row, stuck, rules));
    }
    found
}

/// An observation in the place of a log that is not there: its place is the row's.
fn stand_in(row: &Instance, stuck: bool, rules: &RuleSet) -> Observation {
    let id = if stuck { STUCK_SYMPTOM } else { NO_LOG_SYMPTOM };
    let time = row.ended.or(row.started).or(row.queued);
    let shown = rules.symptoms.iter().position(|symptom| symptom.id == id).map(|symptom| Match {
        symptom,
        line: row.line,
        at_line: row.line,
        at: 0,
        time,
        level: None,
        fatal: true,
        facts: Facts::default(),
        excerpt: excerpt(row),
    });
    Observation {
        source: Source { path: row.path.as_str().into(), member: None, stream: None, kind: Kind::Task, task: row.task.clone() },
        task: row.task.clone(),
        // What is stuck has not failed yet, but is worth telling as an excerpt's trouble is.
        is_excerpt: true,
        without_log: true,
        host: row.host.as_deref().map(Arc::from),
        pid: row.pid,
        operator: row.operator.as_deref().map(Arc::from),
        max_tries: row.max_tries,
        started: row.started,
        ended: row.ended.or(row.started),
        lines: row.line,
        matches: shown.into_iter().collect(),
        ..Observation::default()
    }
}

/// What the row says of an attempt without a log, in a line.
fn excerpt(row: &Instance) -> String {
    let state = row.state.map_or("none", State::name);
    let mut says = format!("no log; task-instance export: state {state}");
    match (row.started, row.queued) {
        (Some(started), _) => says.push_str(&format!(", started {started}")),
        (None, Some(queued)) => says.push_str(&format!(", queued {queued}, never started")),
        (None, None) => says.push_str(", never started"),
    }
    let places = [("host", &row.host), ("queue", &row.queue), ("pool", &row.pool)];
    for (name, value) in places {
        says.push_str(&format!(", {name} {}", value.as_deref().unwrap_or("none")));
    }
    says
}

/// Which runs the logs are about, so that an export of a whole year does not tell of a day's logs that they are missing.
struct Scanned<'a> {
    nothing: bool,
    dags: BTreeSet<&'a str>,
    runs: BTreeSet<(&'a str, &'a str)>,
    dates: BTreeSet<(&'a str, Timestamp)>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl<'a> Scanned<'a> {
    fn of(observations: &'a [Observation]) -> Self {
        let mut scanned = Self {
            nothing: observations.is_empty(),
            dags: BTreeSet::new(),
            runs: BTreeSet::new(),
            dates: BTreeSet::new(),
            from: observations.iter().filter_map(|log| log.started).min(),
            to: observations.iter().filter_map(|log| log.ended).max(),
        };
        for task in observations.iter().flat_map(|log| log.mentions.iter().map(|mention| &mention.about.task).chain([&log.task])) {
            let Some(dag) = task.dag_id.as_deref() else { continue };
            scanned.dags.insert(dag);
            if let Some(run) = task.run_id.as_deref() {
                scanned.runs.insert((dag, run));
                scanned.dates.extend(run_date(run).map(|date| (dag, date)));
            }
        }
        scanned
    }

    /// Whether a row is about a run that was scanned, or about another run of such a DAG in the time of the logs.
    fn concerns(&self, row: &Instance) -> bool {
        let Some(dag) = row.task.dag_id.as_deref() else { return false };
        let time = row.started.or(row.ended).or(row.queued);
        let in_time = || time.zip(self.from.zip(self.to)).is_some_and(|(at, (from, to))| from <= at && at <= to);
        self.nothing
            || row.task.run_id.as_deref().is_some_and(|run| self.runs.contains(&(dag, run)))
            || row.logical_date.is_some_and(|date| self.dates.contains(&(dag, date)))
            || (self.dags.contains(dag) && in_time())
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
mod tests;
