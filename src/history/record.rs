//! Recording a run, and what the state says of its incidents. A function of the state, the run and its time: no clock.
//!
//! An incident is the same as one that is recorded when it has its fingerprint, or one that it had before; else when failures of it are recorded, the
//! one that has most of them. An attempt that fails at another time than was recorded has another failure: it was still running, or was run again. Seen from the last run whose report was finished it is
//!
//! - **new**: no such run told of it, or only as ignored;
//! - **regressed**: it was resolved, and there are new failures;
//! - **resolved**: there are no new failures, and each task that it hit (DAG, task, map index) has succeeded in an attempt that began after its last
//!   failure; or it is in no log any more, although the run read all that is where its logs were. Resolved it stays until there are new failures;
//! - **recurring**: anything else, with new failures or without.
//!
//! An incident whose logs are not below the run's paths keeps its status: nothing was seen of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::occurrences::{Occurrence, Recorded};
use super::reach::Reach;
use super::{Query, identity, maybe, odd, stamp, texts};
use crate::attempt::Attempts;
use crate::diagnose::{Diagnosed, Diagnosis};
use crate::error::Problem;
use crate::known::{History, Known, Past, Resolved, Status};
use crate::record::Outcome;
use crate::report::Mask;
use crate::rule::{RuleSet, Severity};
use crate::scan::Stats;
use crate::time::Timestamp;

/// What a run found.
#[derive(Debug, Clone, Copy)]
pub struct Night<'a> {
    /// Every log that was read.
    pub attempts: &'a Attempts,
    /// The incidents that are told.
    pub diagnosed: &'a Diagnosed,
    /// Those that are ignored.
    pub known: &'a Known,
    /// The rules that were used.
    pub rules: &'a RuleSet,
    /// What was not read or understood.
    pub problems: &'a [Problem],
    /// What was read.
    pub stats: Stats,
    /// How many bytes of it had to be read; the others were known.
    pub bytes_read: u64,
}

/// The incidents of a report that are one over the nights.
#[derive(Default)]
struct Group<'n> {
    /// Those that are told, worst first.
    told: Vec<&'n Diagnosis>,
    ignored: Vec<&'n Diagnosis>,
    /// By their keys: an attempt of which several logs tell counts once.
    occurrences: BTreeMap<String, Occurrence<'n>>,
    /// What is recorded of it.
    was: Option<Was>,
}

/// How an incident was told before.
struct Was {
    severity: String,
    ignored: bool,
}

impl<'n> Group<'n> {
    fn add(&mut self, other: Group<'n>) {
        self.told.extend(other.told);
        self.ignored.extend(other.ignored);
        self.occurrences.extend(other.occurrences);
    }

    fn all(&self) -> impl Iterator<Item = &'n Diagnosis> {
        self.told.iter().chain(&self.ignored).copied()
    }
}

/// What is recorded of an incident, as the last finished report knew it.
struct Before {
    /// `None`: no finished report told of it.
    status: Option<Status>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

/// The run that is recorded, with what it is compared with.
struct Recorder<'n> {
    connection: &'n Connection,
    run: i64,
    night: &'n Night<'n>,
    reach: &'n Reach,
    mask: &'n Mask,
    /// Earlier runs whose reports were not finished, as far as is known.
    untold: BTreeSet<i64>,
    /// When the last attempt of each task began that succeeded, by the keys of tasks.
    succeeded: HashMap<String, Timestamp>,
}

/// Records a run. Gives what is to be told of it, and which runs are told then.
pub(super) fn record(connection: &Connection, run: i64, night: &Night<'_>, reach: &Reach, mask: &Mask) -> Query<(History, Vec<i64>)> {
    let mut history = History { run, ..History::default() };
    let mut told = vec![run];
    let mut untold = BTreeSet::new();
    let runs: Vec<(i64, String, String, bool)> = connection
        .prepare("SELECT id, at, paths, told FROM run WHERE id <> ?1 ORDER BY id")?
        .query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Query<_>>()?;
    for (id, at, paths, is_told) in runs {
        let paths: Vec<String> = serde_json::from_str(&paths).map_err(|_| odd(2, &paths))?;
        if is_told {
            history.last_run = if reach.meets(&paths) { super::instant(&at) } else { history.last_run };
            continue;
        }
        untold.insert(id);
        if reach.holds_all(&paths) {
            told.push(id);
            history.untold.extend(super::instant(&at));
        }
    }
    let recorder = Recorder { connection, run, night, reach, mask, untold, succeeded: succeeded(night.attempts) };
    for (id, group) in recorder.groups()? {
        recorder.incident(&id, &group, &mut history)?;
    }
    recorder.missing(&mut history)?;
    history.resolved.sort_by(|one, other| one.id.cmp(&other.id));
    recorder.row()?;
    Ok((history, told))
}

/// When the last attempt of each task began that succeeded.
fn succeeded(attempts: &Attempts) -> HashMap<String, Timestamp> {
    let mut last: HashMap<String, Timestamp> = HashMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_task() && attempt.outcome() == Outcome::Success) {
        if let (Some(task), Some(began)) = (identity::task(attempt), attempt.started()) {
            last.entry(task).and_modify(|last| *last = began.max(*last)).or_insert(began);
        }
    }
    last
}

impl<'n> Recorder<'n> {
    /// The incidents of the run, by the ids that they have over the nights.
    fn groups(&self) -> Query<BTreeMap<String, Group<'n>>> {
        let mut by_fingerprint: BTreeMap<&str, Group<'n>> = BTreeMap::new();
        let told = self.night.diagnosed.diagnoses.iter().map(|diagnosis| (diagnosis, false));
        let ignored = self.night.known.ignored.iter().map(|ignored| (&ignored.diagnosis, true));
        for (diagnosis, is_ignored) in told.chain(ignored) {
            let group = by_fingerprint.entry(identity::fingerprint(&diagnosis.id)).or_default();
            if is_ignored {
                group.ignored.push(diagnosis);
            } else {
                group.told.push(diagnosis);
            }
            for attempt in diagnosis.incident.attempts.iter().filter_map(|row| self.night.attempts.get(*row)) {
                let occurrence = Occurrence::of(attempt, self.reach);
                group.occurrences.entry(occurrence.key.clone()).or_insert(occurrence);
            }
        }
        let mut groups: BTreeMap<String, Group<'n>> = BTreeMap::new();
        let mut aliases = Vec::new();
        for (fingerprint, group) in by_fingerprint {
            let known = self.connection.prepare_cached("SELECT incident FROM alias WHERE fingerprint = ?1")?;
            let known = { known }.query_row([fingerprint], |row| row.get(0)).optional()?;
            let id = match known {
                Some(id) => id,
                None => {
                    let id = self.by_attempts(&group)?.unwrap_or_else(|| fingerprint.to_owned());
                    aliases.push((fingerprint, id.clone()));
                    id
                }
            };
            groups.entry(id).or_default().add(group);
        }
        for (id, group) in &mut groups {
            let mut query = self.connection.prepare_cached("SELECT severity, ignored FROM incident WHERE id = ?1")?;
            group.was = query.query_row([id], |row| Ok(Was { severity: row.get(0)?, ignored: row.get(1)? })).optional()?;
            self.describe(id, group)?;
        }
        for (fingerprint, id) in aliases {
            self.connection.execute("INSERT INTO alias (fingerprint, incident) VALUES (?1, ?2)", params![fingerprint, id])?;
        }
        Ok(groups)
    }

    /// The incident that most of a group's attempts are recorded with.
    fn by_attempts(&self, group: &Group<'_>) -> Query<Option<String>> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for occurrence in group.occurrences.values() {
            if let Some(recorded) = occurrence.recorded(self.connection)?.filter(|recorded| recorded.is_same) {
                *counts.entry(recorded.incident).or_default() += 1;
            }
        }
        Ok(counts.into_iter().max_by_key(|(id, count)| (*count, Reverse(id.clone()))).map(|(id, _)| id))
    }

    /// Makes or renews the row of an incident, but for its status.
    fn describe(&self, id: &str, group: &Group<'_>) -> Query<()> {
        let Some(worst) = group.all().next() else { return Ok(()) };
        let rules = self.night.rules;
        let symptom = worst.incident.symptom.and_then(|symptom| rules.symptoms.get(symptom)).map(|symptom| symptom.id.as_str());
        let cause = worst.causes.first().and_then(|ranked| rules.causes.get(ranked.cause)).map(|cause| cause.id.as_str());
        let first_seen = group.all().filter_map(|diagnosis| diagnosis.incident.first_seen).min().map(stamp);
        let last_seen = group.all().filter_map(|diagnosis| diagnosis.incident.last_seen).max().map(stamp);
        // What follows is what it was before, until its status is known.
        let mut upsert = self.connection.prepare_cached(
            "INSERT INTO incident (id, title, symptom, cause, confidence, severity, first_seen, last_seen, first_run, last_run, status, status_run, ignored)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 'new', ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET title = ?2, symptom = ?3, cause = ?4, confidence = ?5, severity = ?6,
                 first_seen = min(ifnull(first_seen, ?7), ifnull(?7, first_seen)), last_seen = max(ifnull(last_seen, ?8), ifnull(?8, last_seen)),
                 last_run = ?9, ignored = ?10",
        )?;
        let values = params![
            id,
            self.mask.apply(&worst.title),
            symptom,
            cause,
            worst.confidence.name(),
            worst.severity.name(),
            first_seen,
            last_seen,
            self.run,
            group.told.is_empty()
        ];
        upsert.execute(values).map(|_| ())
    }

    /// An incident that is in the logs of this run.
    fn incident(&self, id: &str, group: &Group<'_>, history: &mut History) -> Query<()> {
        let before = self.before(id)?;
        let (mut recorded_now, mut new) = (0_u64, BTreeSet::new());
        for (key, occurrence) in &group.occurrences {
            match occurrence.recorded(self.connection)? {
                None | Some(Recorded { is_same: false, .. }) => {
                    occurrence.record(self.connection, self.run, id, self.mask)?;
                    recorded_now += 1;
                    new.insert(key.as_str());
                }
                Some(recorded) => {
                    occurrence.note(self.connection, self.run, self.mask)?;
                    if self.untold.contains(&recorded.run) {
                        new.insert(key.as_str());
                    }
                }
            }
        }
        let status = match before.status {
            None => Status::New,
            Some(Status::Resolved) if !new.is_empty() => Status::Regressed,
            Some(Status::Resolved) => Status::Resolved,
            // Nobody has been told of it.
            Some(_) if group.was.as_ref().is_some_and(|was| was.ignored) && !group.told.is_empty() => Status::New,
            Some(_) if new.is_empty() && self.has_succeeded(id, before.last_seen)? => Status::Resolved,
            Some(_) => Status::Recurring,
        };
        self.settle(id, status, recorded_now, group.occurrences.len() as u64, group.told.is_empty())?;
        if status == Status::Resolved && before.status != Some(Status::Resolved) && !group.told.is_empty() {
            history.resolved.push(self.resolved(id, true)?);
        }
        let count = |sql: &str| self.connection.prepare_cached(sql)?.query_row([id], |row| row.get::<_, i64>(0));
        let worst = group.told.iter().map(|diagnosis| diagnosis.severity).max();
        let was = group.was.as_ref().and_then(|was| Severity::from_name(&was.severity));
        let past = Past {
            id: id.to_owned(),
            status,
            first_seen: before.first_seen,
            last_seen: before.last_seen,
            nights: count("SELECT count(*) FROM night WHERE incident = ?1 AND new_occurrences > 0")?.unsigned_abs(),
            occurrences: count("SELECT count(*) FROM occurrence WHERE incident = ?1")?.unsigned_abs(),
            new_occurrences: new.len() as u64,
            was_less: was.filter(|was| before.status.is_some() && worst.is_some_and(|worst| worst > *was)),
        };
        // Of several that are one over the nights each has its own failures: one may be as it was while another goes on.
        for diagnosis in &group.told {
            let new_occurrences = self.keys(diagnosis).filter(|key| new.contains(key.as_str())).count() as u64;
            let status = match past.status {
                Status::Regressed if new_occurrences == 0 => Status::Resolved,
                status => status,
            };
            history.incidents.insert(diagnosis.id.clone(), Arc::new(Past { status, new_occurrences, ..past.clone() }));
        }
        Ok(())
    }

    /// The keys of an incident's failures, each once.
    fn keys(&self, diagnosis: &Diagnosis) -> impl Iterator<Item = String> {
        let attempts = diagnosis.incident.attempts.iter().filter_map(|row| self.night.attempts.get(*row));
        attempts.map(|attempt| Occurrence::of(attempt, self.reach).key).collect::<BTreeSet<_>>().into_iter()
    }

    /// What was recorded of an incident. Its times are those with this run.
    fn before(&self, id: &str) -> Query<Before> {
        let mut query = self.connection.prepare_cached("SELECT status, first_run, first_seen, last_seen FROM incident WHERE id = ?1")?;
        let (status, first_run, first_seen, last_seen): (String, i64, Option<String>, Option<String>) =
            query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let status = self.told_status(id, status, first_run)?;
        Ok(Before { status, first_seen: maybe(first_seen), last_seen: maybe(last_seen) })
    }

    /// The status of an incident by the last finished report, where `status` is that by the last run.
    fn told_status(&self, id: &str, mut status: String, first_run: i64) -> Query<Option<Status>> {
        if first_run == self.run {
            return Ok(None);
        }
        if !self.untold.is_empty() {
            let mut query = self.connection.prepare_cached(
                "SELECT night.status FROM night JOIN run ON run.id = night.run
                 WHERE night.incident = ?1 AND run.told = 1 ORDER BY night.run DESC LIMIT 1",
            )?;
            match query.query_row([id], |row| row.get(0)).optional()? {
                Some(told) => status = told,
                None if self.untold.contains(&first_run) => return Ok(None),
                // The nights that told of it are too old to be kept.
                None => {}
            }
        }
        Status::named(&status).map(Some).ok_or_else(|| odd(0, &status))
    }

    /// Whether each task that an incident hit has succeeded since, as far as this run looked where it was.
    fn has_succeeded(&self, id: &str, last_seen: Option<Timestamp>) -> Query<bool> {
        let Some(last) = last_seen else { return Ok(false) };
        let tasks: Vec<Option<String>> = self
            .connection
            .prepare_cached("SELECT DISTINCT task FROM occurrence WHERE incident = ?1")?
            .query_map([id], |row| row.get(0))?
            .collect::<Query<_>>()?;
        let is_over = |task: &Option<String>| task.as_ref().and_then(|task| self.succeeded.get(task)).is_some_and(|began| *began > last);
        Ok(!tasks.is_empty() && tasks.iter().all(is_over) && self.paths(id)?.iter().all(|path| self.reach.covers(path)))
    }

    fn paths(&self, id: &str) -> Query<Vec<String>> {
        texts(self.connection, "SELECT DISTINCT path FROM occurrence WHERE incident = ?1", [id])
    }

    /// The incidents that are recorded and that no incident of this run is: those that are gone are resolved.
    fn missing(&self, history: &mut History) -> Query<()> {
        let all: Vec<(String, String, i64, bool, Option<String>)> = self
            .connection
            .prepare("SELECT id, status, first_run, ignored, last_seen FROM incident WHERE last_run <> ?1 ORDER BY id")?
            .query_map([self.run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
            .collect::<Query<_>>()?;
        for (id, status, first_run, ignored, last_seen) in all {
            if self.told_status(&id, status, first_run)? == Some(Status::Resolved) {
                continue;
            }
            let has_succeeded = self.has_succeeded(&id, maybe(last_seen))?;
            if !has_succeeded && !self.is_gone(&id)? {
                continue;
            }
            self.settle(&id, Status::Resolved, 0, 0, ignored)?;
            if !ignored {
                history.resolved.push(self.resolved(&id, has_succeeded)?);
            }
        }
        Ok(())
    }

    /// Whether an incident would be seen if it still were in the logs. Its attempts may be part of another one by now.
    fn is_gone(&self, id: &str) -> Query<bool> {
        let mut query = self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM occurrence WHERE incident = ?1 AND last_run = ?2)")?;
        if query.query_row(params![id, self.run], |row| row.get(0))? {
            return Ok(false);
        }
        // Of one without failures the attempts have others by now.
        let paths = self.paths(id)?;
        Ok(paths.iter().all(|path| self.reach.would_see(path)))
    }

    fn resolved(&self, id: &str, has_succeeded: bool) -> Query<Resolved> {
        let mut query = self.connection.prepare_cached("SELECT title, last_seen FROM incident WHERE id = ?1")?;
        query.query_row([id], |row| Ok(Resolved { id: id.to_owned(), title: row.get(0)?, last_seen: maybe(row.get(1)?), has_succeeded }))
    }

    /// Writes what an incident is now.
    fn settle(&self, id: &str, status: Status, new: u64, all: u64, ignored: bool) -> Query<()> {
        let mut update = self.connection.prepare_cached(
            "UPDATE incident SET status_run = CASE status WHEN ?2 THEN status_run ELSE ?3 END, status = ?2 WHERE id = ?1",
        )?;
        update.execute(params![id, status.name(), self.run])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO night (run, incident, status, new_occurrences, occurrences, ignored) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![self.run, id, status.name(), number(new), number(all), ignored]).map(|_| ())
    }

    /// Fills the row of the run.
    fn row(&self) -> Query<()> {
        let Night { attempts, diagnosed, known, problems, stats, .. } = *self.night;
        let paths: Vec<_> = self.reach.paths().map(|path| self.mask.apply(path)).collect();
        let paths = serde_json::to_string(&paths).unwrap_or_default();
        let failures = diagnosed.incident_of.len() + known.ignored_of.len();
        let values = params![
            self.run,
            paths,
            number(stats.files),
            number(stats.logs),
            number(stats.bytes),
            number(self.night.bytes_read),
            number(attempts.iter().filter(|attempt| attempt.is_task()).count() as u64),
            number(failures as u64),
            number(problems.len() as u64),
            problems.iter().any(|problem| problem.kind.is_unread())
        ];
        let sql = "UPDATE run SET paths = ?2, files = ?3, logs = ?4, bytes = ?5, bytes_read = ?6, attempts = ?7, failures = ?8, problems = ?9, partial = ?10
                   WHERE id = ?1";
        self.connection.execute(sql, values).map(|_| ())
    }
}

/// A count as SQLite holds it.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
