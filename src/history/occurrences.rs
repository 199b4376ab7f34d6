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
    /// When it failed: an attempt that fails at another time than was recorded has been run again, or was still running then.
    at: Option<String>,
}

/// Where a failure is recorded.
pub(super) struct Recorded {
    pub(super) incident: String,
    /// The run that recorded it.
    pub(super) run: i64,
    /// Whether it is the same failure.
    pub(super) is_same: bool,
}

impl<'n> Occurrence<'n> {
    pub(super) fn of(attempt: AttemptRef<'n>, reach: &Reach) -> Self {
        let member = attempt.member().map(|member| format!("!{member}")).unwrap_or_default();
        let path = reach.absolute(&attempt.path()) + &member;
        let at = attempt.failure().and_then(|failure| failure.time).or(attempt.ended()).map(stamp);
        Self { key: identity::attempt(attempt, &path), path, attempt, at }
    }

    /// Where the attempt is recorded, if it is.
    pub(super) fn recorded(&self, connection: &Connection) -> Query<Option<Recorded>> {
        let mut query = connection.prepare_cached("SELECT incident, run, at FROM occurrence WHERE attempt = ?1")?;
        let recorded = query.query_row([&self.key], |row| {
            Ok(Recorded { incident: row.get(0)?, run: row.get(1)?, is_same: row.get::<_, Option<String>>(2)? == self.at })
        });
        recorded.optional()
    }

    /// Notes that it is still in the logs, and where: what was packed meanwhile stands in the archive now.
    pub(super) fn note(&self, connection: &Connection, run: i64, mask: &Mask) -> Query<()> {
        let mut update = connection.prepare_cached("UPDATE occurrence SET last_run = ?2, path = ?3 WHERE attempt = ?1")?;
        update.execute(params![self.key, run, mask.apply(&self.path)]).map(|_| ())
    }

    /// Records it as one of an incident, in place of what failed in the attempt before.
    pub(super) fn record(&self, connection: &Connection, run: i64, incident: &str, mask: &Mask) -> Query<()> {
        let attempt = self.attempt;
        let text = |text: Option<&str>| text.map(|text| mask.apply(text).into_owned());
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO occurrence (attempt, incident, run, last_run, task, dag_id, run_id, task_id, map_index, try_number, host, at, path)
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
            self.at,
            mask.apply(&self.path)
        ];
        insert.execute(values).map(|_| ())
    }
}
