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
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::record::{Facts, Instance, Outcome, State};
use crate::rule::RuleSet;
use crate::scan::packed::{self, Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Logs, Match, Observation};
use crate::source::{Kind, Source, TaskInstance, is_bare_date, run_date};
use crate::time::{Span, Timestamp};

use super::join::Joined;

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
pub(super) fn prepare(logs: &mut Logs, rows: &Rows<'_>, rules: &RuleSet) {
    if rows.all.is_empty() {
        return;
    }
    let latest = Latest::of(&logs.packed);
    let mut has_log = vec![false; rows.all.len()];
    for at in 0..logs.packed.rows.len() {
        let packed = logs.packed.rows[at];
        if !may_be_attempt(&logs.packed, &packed) {
            continue;
        }
        let about = rows.about(&logs.packed.task(&packed));
        if about.is_empty() {
            continue;
        }
        let mut unpacked = None;
        let log = match packed.whole().and_then(|place| logs.whole.get_mut(place)) {
            Some(log) => log,
            None => unpacked.insert(logs.packed.unpack(&packed)),
        };
        for at in about {
            let Some(row) = rows.row(at) else { continue };
            if let Some(known) = has_log.get_mut(at) {
                *known |= row.task.try_number.is_none() || log.task.try_number.is_none() || row.task.try_number == log.task.try_number;
            }
            log.max_tries = log.max_tries.or(row.max_tries);
            log.operator = log.operator.take().or_else(|| row.operator.as_deref().map(Arc::from));
            if latest.speaks(row, &packed) {
                log.host = log.host.take().or_else(|| row.host.as_deref().map(Arc::from));
                log.pid = log.pid.or(row.pid);
                log.started = log.started.or(row.started);
                log.ended = log.ended.or(row.ended);
            }
        }
        logs.packed.renew(at, log);
    }
    let without = without_log(logs, rows, &has_log, rules);
    logs.extend(without);
}

/// Whether a log is that of an attempt, and says whose.
fn may_be_attempt(packed: &Packed, row: &Row) -> bool {
    matches!(packed.manner(row).kind, Kind::Task | Kind::Other)
}

/// The latest try of each task instance that has a log.
struct Latest(HashMap<packed::Instance, u32>);

impl Latest {
    fn of(packed: &Packed) -> Self {
        let mut latest = HashMap::new();
        for row in packed.rows.iter().filter(|row| may_be_attempt(packed, row)) {
            if let Some(number) = row.try_number() {
                let entry = latest.entry(row.instance()).or_insert(number);
                *entry = number.max(*entry);
            }
        }
        Self(latest)
    }

    fn is_latest(&self, row: &Row) -> bool {
        row.try_number().zip(self.0.get(&row.instance())).is_none_or(|(number, latest)| number >= *latest)
    }

    /// Whether an export's row about a task instance speaks for one try of it.
    fn speaks(&self, told: &Instance, row: &Row) -> bool {
        match (told.task.try_number, row.try_number()) {
            (Some(of_row), Some(number)) => of_row == number,
            (None, Some(_)) => self.is_latest(row),
            (_, None) => true,
        }
    }
}

/// Gives attempts their queue and pool, and the outcome where the rows know it better.
pub(super) fn complete(table: &mut Joined, rows: &Rows<'_>) {
    if rows.all.is_empty() {
        return;
    }
    let latest = Latest::of(&table.packed);
    for at in 0..table.packed.rows.len() {
        let packed = table.packed.rows[at];
        if !may_be_attempt(&table.packed, &packed) {
            continue;
        }
        let about: Vec<&Instance> = rows.about(&table.packed.task(&packed)).into_iter().filter_map(|at| rows.row(at)).collect();
        let queue = about.iter().find_map(|row| row.queue.as_deref());
        let pool = about.iter().find_map(|row| row.pool.as_deref());
        match packed.whole().and_then(|place| table.attempts.get_mut(place)) {
            Some(attempt) => {
                attempt.queue = attempt.queue.take().or_else(|| queue.map(Arc::from));
                attempt.pool = attempt.pool.take().or_else(|| pool.map(Arc::from));
            }
            None => {
                let [queue, pool] = [queue, pool].map(|text| table.packed.texts.add_some(text));
                table.packed.change(at, |manner| (manner.queue, manner.pool) = (manner.queue.or(queue), manner.pool.or(pool)));
            }
        }
        if table.packed.manner(&packed).kind != Kind::Task {
            continue;
        }
        let number = packed.try_number();
        let later = about.iter().copied().find(|row| row.task.try_number.zip(number).is_some_and(|(of_row, number)| of_row > number));
        let has_later = later.is_some() || !latest.is_latest(&packed);
        let own = about.iter().copied().find(|row| latest.speaks(row, &packed) && row.state.is_some());
        let known = Known::of(table, at);
        let better = own.and_then(|row| by_state(row, &known, has_later)).or_else(|| by_later_try(later?, &known));
        if let Some((outcome, because)) = better {
            table.because[at] = table.packed.texts.add(&because);
            match packed.whole().and_then(|place| table.attempts.get_mut(place)) {
                Some(attempt) => (attempt.outcome, attempt.outcome_because) = (outcome, because.into()),
                None => table.packed.change(at, |manner| manner.verdict = outcome),
            }
        }
    }
}

/// What is known of an attempt without the export.
struct Known {
    outcome: Outcome,
    because: Arc<str>,
    /// The verdict that the log itself gives.
    verdict: Option<(Outcome, u32)>,
    /// The last line of its log.
    ended: Option<Timestamp>,
    without_log: bool,
    /// Airflow itself has written that it failed.
    has_failed: bool,
}

impl Known {
    fn of(table: &Joined, at: usize) -> Self {
        let row = &table.packed.rows[at];
        let manner = table.packed.manner(row);
        let own = row.whole().and_then(|place| table.attempts.get(place).zip(table.logs.get(place)));
        Self {
            outcome: own.map_or(manner.verdict, |(attempt, _)| attempt.outcome),
            because: own.map_or_else(|| table.packed.texts.get(table.because[at]).into(), |(attempt, _)| attempt.outcome_because.clone()),
            verdict: manner.outcome.map(|outcome| (outcome, row.outcome_line)).filter(|(outcome, _)| is_verdict(*outcome)),
            ended: own.map_or(row.ended(), |(_, log)| log.ended),
            without_log: manner.without_log,
            has_failed: own.is_some_and(|(_, log)| log.failures.iter().any(|failure| failure.fatal)),
        }
    }
}

fn is_verdict(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule)
}

/// The outcome by the state of a row that speaks for the attempt, where it tells more than the log.
fn by_state(row: &Instance, known: &Known, has_later: bool) -> Option<(Outcome, String)> {
    let state = row.state?;
    let says = format!("the task-instance export says {}", state.name());
    if known.without_log {
        let outcome = match state {
            // As a row of the history has it for a try that was followed by another.
            State::Reached(Outcome::Failed) if has_later => Outcome::UpForRetry,
            State::Reached(outcome) => outcome,
            _ => Outcome::Unknown,
        };
        return Some((outcome, format!("{says} ({}); no log of it was scanned", row.place())));
    }
    let State::Reached(reached) = state else { return None };
    match (reached, known.verdict) {
        (Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule, _) => {
            (known.outcome == Outcome::Unknown && !has_later).then(|| (reached, format!("{says}: {}", row.place())))
        }
        (_, Some((verdict, line))) => {
            let changed = row.updated.max(row.ended);
            let taken_back = reached.is_failure() && !verdict.is_failure() && changed.zip(known.ended).is_some_and(|(row, log)| row > log);
            let outcome = if has_later { Outcome::UpForRetry } else { reached };
            taken_back.then(|| (outcome, format!("{says} ({}), after the log said {} at line {line}", row.place(), verdict.name())))
        }
        // Airflow 3 writes no state, but this is its own word for a try that failed.
        (reached, None) if !reached.is_failure() && known.has_failed => None,
        (Outcome::Failed, None) if has_later => Some((Outcome::UpForRetry, format!("{says} ({}), and a later try exists", row.place()))),
        (_, None) => Some((reached, format!("{says}: {}", row.place()))),
    }
}

/// The outcome of an attempt whose own end is not told, by a row of a later try.
fn by_later_try(later: &Instance, known: &Known) -> Option<(Outcome, String)> {
    let open = known.verdict.is_none() && matches!(known.outcome, Outcome::Failed | Outcome::Unknown);
    open.then(|| {
        let began = if known.because.is_empty() { "it ended" } else { &*known.because };
        (Outcome::UpForRetry, format!("{began}, and the task-instance export knows a later try: {}", later.place()))
    })
}

/// What stands for the attempts that failed or are stuck, and of which there is no log.
fn without_log(logs: &Logs, rows: &Rows<'_>, has_log: &[bool], rules: &RuleSet) -> Vec<Observation> {
    let scanned = Scanned::of(logs);
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
    fn of(logs: &'a Logs) -> Self {
        let Packed { texts, rows, .. } = &logs.packed;
        let mut scanned = Self {
            nothing: rows.is_empty(),
            dags: BTreeSet::new(),
            runs: BTreeSet::new(),
            dates: BTreeSet::new(),
            from: rows.iter().filter_map(Row::started).min(),
            to: rows.iter().filter_map(Row::ended).max(),
        };
        let of_rows: HashSet<(Text, Option<Text>)> = rows.iter().filter_map(|row| Some((row.dag?, row.run))).collect();
        let mentioned = logs.whole.iter().flat_map(|log| &log.mentions).map(|mention| &mention.about.task);
        mentioned.filter_map(|task| Some((task.dag_id.as_deref()?, task.run_id.as_deref()))).for_each(|(dag, run)| scanned.add(dag, run));
        let of_rows: BTreeSet<_> = of_rows.into_iter().map(|(dag, run)| (texts.get(dag), run.map(|run| texts.get(run)))).collect();
        of_rows.into_iter().for_each(|(dag, run)| scanned.add(dag, run));
        scanned
    }

    fn add(&mut self, dag: &'a str, run: Option<&'a str>) {
        self.dags.insert(dag);
        if let Some(run) = run {
            self.runs.insert((dag, run));
            self.dates.extend(run_date(run).map(|date| (dag, date)));
        }
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
