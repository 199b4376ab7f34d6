//! Forgetting what is too old.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::store::Store;
use super::trouble::Trouble;
use super::{Query, stamp};
use crate::time::Timestamp;

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs.
    pub runs: usize,
    /// Failures that were last in the logs of such runs.
    pub occurrences: usize,
    /// Incidents of which nothing is left.
    pub incidents: usize,
}

/// Removes what is older, in one transaction, and gives the room back to the disk.
///
/// # Errors
/// Whatever keeps it from being done; then nothing is removed.
pub fn prune(path: &Path, wait: Duration, before: Timestamp) -> Result<Pruned, Trouble> {
    let connection = Store::change(path, wait)?;
    let pruned = forget(&connection, before)?;
    connection.execute_batch("COMMIT")?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.execute_batch("VACUUM")?;
    Ok(pruned)
}

/// Removes runs that began before, with their nights; failures that no later run has seen in the logs; and incidents of which nothing is left.
///
/// What is still in the logs is never forgotten, however long ago it was recorded: the next run would take it for new.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> Query<Pruned> {
    let before = stamp(before);
    let newer = "(SELECT id FROM run WHERE at >= ?1)";
    let occurrences = connection.execute(&format!("DELETE FROM occurrence WHERE last_run NOT IN {newer}"), [&before])?;
    let runs = connection.execute("DELETE FROM run WHERE at < ?1", [&before])?;
    let incidents = connection.execute(
        "DELETE FROM incident WHERE NOT EXISTS (SELECT 1 FROM occurrence WHERE occurrence.incident = incident.id)
             AND NOT EXISTS (SELECT 1 FROM night WHERE night.incident = incident.id)",
        [],
    )?;
    Ok(Pruned { runs, occurrences, incidents })
}
