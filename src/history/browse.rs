//! What is recorded, for people who ask: all incidents, or one with its nights. Reads only, also while a run writes.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::store::Store;
use super::trouble::Trouble;
use super::{Query, texts};
use crate::known::Status;

/// An incident that is recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The id of its symptom, if a rule knows it.
    pub symptom: Option<String>,
    /// The id of its most probable cause, if there is one.
    pub cause: Option<String>,
    /// How sure that is.
    pub confidence: String,
    /// How grave it is.
    pub severity: String,
    /// What it is by the last run that could tell.
    pub status: String,
    /// When the run began since which it is so, unless it was pruned.
    pub since: Option<String>,
    /// Its first failure, by the logs.
    pub first_seen: Option<String>,
    /// Its last one.
    pub last_seen: Option<String>,
    /// How many runs brought new failures.
    pub nights: i64,
    /// How many failures are recorded.
    pub occurrences: i64,
    /// Whether an entry of `dagnosis.yaml` ignored it.
    pub ignored: bool,
}

/// An incident with all that is recorded of it.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The incident.
    #[serde(flatten)]
    pub incident: Listed,
    /// The fingerprints that it had.
    pub fingerprints: Vec<String>,
    /// What each run found out about it, oldest first.
    pub by_night: Vec<ByNight>,
    /// Its failures, the latest first.
    pub failures: Vec<Failure>,
}

/// What a run found out about an incident.
#[derive(Debug, Clone, Serialize)]
pub struct ByNight {
    /// The run's number.
    pub run: i64,
    /// When it began.
    pub at: String,
    /// What the incident was then.
    pub status: String,
    /// Failures that no run before had recorded.
    pub new_occurrences: i64,
    /// Failures that were in its logs.
    pub occurrences: i64,
}

/// An attempt that failed.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// When, by its log.
    pub at: Option<String>,
    /// The DAG.
    pub dag_id: Option<String>,
    /// Its run.
    pub run_id: Option<String>,
    /// The task.
    pub task_id: Option<String>,
    /// The index of a mapped task.
    pub map_index: Option<i64>,
    /// The try, from 1.
    pub try_number: Option<i64>,
    /// Where it ran.
    pub host: Option<String>,
    /// Its log.
    pub path: String,
}

/// The columns of [`listed`].
const COLUMNS: &str = "incident.id, title, symptom, cause, confidence, severity, incident.status, run.at, first_seen, last_seen,
    (SELECT count(*) FROM night WHERE night.incident = incident.id AND new_occurrences > 0),
    (SELECT count(*) FROM occurrence WHERE occurrence.incident = incident.id), incident.ignored
    FROM incident LEFT JOIN run ON run.id = incident.status_run";

fn listed(row: &Row<'_>) -> Query<Listed> {
    Ok(Listed {
        id: row.get(0)?,
        title: row.get(1)?,
        symptom: row.get(2)?,
        cause: row.get(3)?,
        confidence: row.get(4)?,
        severity: row.get(5)?,
        status: row.get(6)?,
        since: row.get(7)?,
        first_seen: row.get(8)?,
        last_seen: row.get(9)?,
        nights: row.get(10)?,
        occurrences: row.get(11)?,
        ignored: row.get(12)?,
    })
}

/// The incidents of the file `path` that have a status, or all: what needs a look first, then the latest first.
///
/// # Errors
/// Whatever keeps the file from being read.
pub fn list(path: &Path, status: Option<Status>) -> Result<Vec<Listed>, Trouble> {
    let connection = Store::read(path)?;
    let sql = format!(
        "SELECT {COLUMNS} WHERE ?1 IS NULL OR incident.status = ?1
         ORDER BY CASE incident.status WHEN 'new' THEN 0 WHEN 'regressed' THEN 1 WHEN 'recurring' THEN 2 ELSE 3 END, last_seen DESC, incident.id"
    );
    Ok(connection.prepare(&sql)?.query_map(params![status.map(Status::name)], listed)?.collect::<Query<_>>()?)
}

/// The incidents of the file `path` that `id` means: the one of that id or fingerprint, or those whose ids begin so.
///
/// # Errors
/// Whatever keeps the file from being read.
pub fn show(path: &Path, id: &str) -> Result<Vec<Shown>, Trouble> {
    let connection = Store::read(path)?;
    let fingerprint = super::identity::fingerprint(id);
    let known: Option<String> =
        connection.query_row("SELECT incident FROM alias WHERE fingerprint = ?1", [fingerprint], |row| row.get(0)).optional()?;
    let ids = match known {
        Some(id) => vec![id],
        None => texts(&connection, "SELECT id FROM incident WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id", [id])?,
    };
    Ok(ids.iter().map(|id| shown(&connection, id)).collect::<Query<_>>()?)
}

fn shown(connection: &Connection, id: &str) -> Query<Shown> {
    let incident = connection.query_row(&format!("SELECT {COLUMNS} WHERE incident.id = ?1"), [id], listed)?;
    let by_night = |row: &Row<'_>| {
        Ok(ByNight { run: row.get(0)?, at: row.get(1)?, status: row.get(2)?, new_occurrences: row.get(3)?, occurrences: row.get(4)? })
    };
    let nights = "SELECT run.id, at, status, new_occurrences, occurrences FROM night JOIN run ON run.id = night.run WHERE incident = ?1 ORDER BY run.id";
    let failure = |row: &Row<'_>| {
        Ok(Failure {
            at: row.get(0)?,
            dag_id: row.get(1)?,
            run_id: row.get(2)?,
            task_id: row.get(3)?,
            map_index: row.get(4)?,
            try_number: row.get(5)?,
            host: row.get(6)?,
            path: row.get(7)?,
        })
    };
    let failures = "SELECT at, dag_id, run_id, task_id, map_index, try_number, host, path FROM occurrence WHERE incident = ?1 ORDER BY at DESC, attempt";
    Ok(Shown {
        incident,
        fingerprints: texts(connection, "SELECT fingerprint FROM alias WHERE incident = ?1 ORDER BY fingerprint", [id])?,
        by_night: connection.prepare_cached(nights)?.query_map([id], by_night)?.collect::<Query<_>>()?,
        failures: connection.prepare_cached(failures)?.query_map([id], failure)?.collect::<Query<_>>()?,
    })
}
