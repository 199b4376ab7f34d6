//! What was found on earlier nights: one SQLite file, in which each run leaves its incidents and from which it learns which are new, recurring,
//! regressed and resolved. The tables are meant to be read by people and by Grafana too; `schema-1.sql` says what each column holds.
//!
//! - A run is **one transaction**: [`Store::open`] begins it and so takes SQLite's own lock, which the kernel frees however the run ends;
//!   [`Store::commit`] ends it. Whatever happens between leaves the state of the last run.
//! - What fails here never costs the night: it is a [`Trouble`], which the report tells, and the report is whole without what the state would add. Only
//!   a second run at the same time ends without a report, for two that tell the same are worse than one.
//! - A report is told **at least once**: the run is recorded before its reports are written, so that they can say if that failed, and noted as told
//!   after. What a run recorded whose note is missing counts as not told yet.
//! - No damaged file is ever mended, renamed or removed here: what can be saved of it is a person's business.
//!
//! What the statuses mean is said at [`Status`](crate::known::Status) and told in `record`.

mod browse;
mod files;
mod identity;
mod occurrences;
mod prune;
mod reach;
mod record;
mod store;
mod trend;
mod trouble;

pub use browse::{Listed, Shown, list, show};
pub use files::{Files, Settings};
pub use prune::{Pruned, prune};
pub use reach::Reach;
pub use record::Night;
pub use store::{Store, Told};
pub use trend::{By, Trend, trend};
pub use trouble::Trouble;

use rusqlite::Connection;
use rusqlite::types::Type;

use crate::time::{Timestamp, Zone, parse_prefix};

/// The result of a query.
type Query<T> = rusqlite::Result<T>;

/// `2026-11-20T02:00:00.000Z`: such texts sort as the times follow one another, and SQLite's date functions read them.
fn stamp(at: Timestamp) -> String {
    at.millis()
}

/// The instant of a [`stamp`].
fn instant(text: &str) -> Option<Timestamp> {
    parse_prefix(text.as_bytes(), &Zone::default()).map(|(at, _)| at)
}

/// The instant of a column that may be empty.
fn maybe(text: Option<String>) -> Option<Timestamp> {
    text.as_deref().and_then(instant)
}

/// A word in a column that is none of those that stand there.
fn odd(column: usize, word: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("`{word}` is nothing that dagnosis writes").into())
}

/// The texts that a query gives.
fn texts(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Query<Vec<String>> {
    connection.prepare_cached(sql)?.query_map(parameters, |row| row.get(0))?.collect()
}
