//! The failures of a run, one by one: which are recorded already, and recording the others.

use rusqlite::{Connection, OptionalExtension, params};

use super::reach::Reach;
use super::{Query, identity, stamp};
use crate::attempt::AttemptRef;
use crate::report::Mask;

/// A failure of this run.
pub(super) struct Occurrence<'n> {
    /// What it is known by over the nights.
    pub(super) key: String,
    /// Its log.
    pub(super) path: String,
    pub(super) attempt: AttemptRef<'n>,
}

/// Where a failure is recorded.
pub(super) struct Recorded {
    pub(super) incident: String,
    /// The run that recorded it.
    pub(super) run: i64,
}

impl<'n> Occurrence<'n> {
    pub(super) fn of(attempt: AttemptRef<'n>, reach: &Reach) -> Self {
        let member = attempt.member().map(|member| format!("!{member}")).unwrap_or_default();
        let path = reach.absolute(&attempt.path()) + &member;
        Self { key: identity::attempt(attempt, &path), path, attempt }
    }

    /// Where it is recorded, if it is.
    pub(super) fn recorded(&self, connection: &Connection) -> Query<Option<Recorded>> {
        let mut query = connection.prepare_cached("SELECT incident, run FROM occurrence WHERE attempt = ?1")?;
        query.query_row([&self.key], |row| Ok(Recorded { incident: row.get(0)?, run: row.get(1)? })).optional()
    }

    /// Notes that it is still in the logs, and where: what was packed meanwhile stands in the archive now.
    pub(super) fn note(&self, connection: &Connection, run: i64, mask: &Mask) -> Query<()> {
        let mut update = connection.prepare_cached("UPDATE occurrence SET last_run = ?2, path = ?3 WHERE attempt = ?1")?;
        update.execute(params![self.key, run, mask.apply(&self.path)]).map(|_| ())
    }

    /// Records it as one of an incident.
    pub(super) fn record(&self, connection: &Connection, run: i64, incident: &str, mask: &Mask) -> Query<()> {
        let attempt = self.attempt;
        let text = |text: Option<&str>| text.map(|text| mask.apply(text).into_owned());
        let at = attempt.failure().and_then(|failure| failure.time).or(attempt.ended());
        let mut insert = connection.prepare_cached(
            "INSERT INTO occurrence (attempt, incident, run, last_run, task, dag_id, run_id, task_id, map_index, try_number, host, at, path)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        let values = params![
            self.key,
            incident,
            run,
            identity::task(attempt),
            text(attempt.dag_id()),
            text(attempt.run_id()),
            text(attempt.task_id()),
            attempt.map_index(),
            attempt.try_number(),
            text(attempt.host()),
            at.map(stamp),
            mask.apply(&self.path)
        ];
        insert.execute(values).map(|_| ())
    }
}
