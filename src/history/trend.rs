//! How many failures each run brought, by incident, cause or DAG.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::params;
use serde::Serialize;

use super::Query;
use super::store::Store;
use super::trouble::Trouble;

/// What is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Incidents, by their ids.
    Incident,
    /// Their most probable causes.
    Cause,
    /// The DAGs of the attempts that failed.
    Dag,
}

/// The failures that the latest runs brought.
#[derive(Debug, Clone, Serialize)]
pub struct Trend {
    /// The runs, oldest first.
    pub runs: Vec<Run>,
    /// What they brought, the most first.
    pub rows: Vec<Line>,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Its number.
    pub run: i64,
    /// When it began.
    pub at: String,
}

/// The failures of one incident, cause or DAG.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its id; `None` where no cause or no DAG is known.
    pub key: Option<String>,
    /// What an incident is called.
    pub title: Option<String>,
    /// How many new failures each run brought, in the order of the runs.
    pub counts: Vec<i64>,
    /// How many all of them brought.
    pub total: i64,
}

/// Counts in the file `path` what the latest runs brought, as many of them as `nights`.
///
/// # Errors
/// Whatever keeps the file from being read.
pub fn trend(path: &Path, by: By, nights: u32) -> Result<Trend, Trouble> {
    let connection = Store::read(path)?;
    let mut runs: Vec<Run> = connection
        .prepare("SELECT id, at FROM run ORDER BY id DESC LIMIT ?1")?
        .query_map([nights], |row| Ok(Run { run: row.get(0)?, at: row.get(1)? }))?
        .collect::<Query<_>>()?;
    runs.reverse();
    let from = runs.first().map_or(i64::MAX, |run| run.run);
    let sql = match by {
        By::Incident => {
            "SELECT incident, title, run, new_occurrences FROM night JOIN incident ON incident.id = night.incident
             WHERE run >= ?1 AND new_occurrences > 0"
        }
        By::Cause => {
            "SELECT cause, NULL, run, sum(new_occurrences) FROM night JOIN incident ON incident.id = night.incident
             WHERE run >= ?1 AND new_occurrences > 0 GROUP BY cause, run"
        }
        By::Dag => "SELECT dag_id, NULL, run, count(*) FROM occurrence WHERE run >= ?1 GROUP BY dag_id, run",
    };
    let mut lines: BTreeMap<(Option<String>, Option<String>), Vec<i64>> = BTreeMap::new();
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![from])?;
    while let Some(row) = rows.next()? {
        let (run, count): (i64, i64) = (row.get(2)?, row.get(3)?);
        if let Some(slot) = runs.iter().position(|known| known.run == run) {
            let counts = lines.entry((row.get(0)?, row.get(1)?)).or_insert_with(|| vec![0; runs.len()]);
            counts[slot] += count;
        }
    }
    let line =
        |((key, title), counts): ((Option<String>, Option<String>), Vec<i64>)| Line { key, title, total: counts.iter().sum(), counts };
    let mut rows: Vec<Line> = lines.into_iter().map(line).collect();
    rows.sort_by(|one, other| other.total.cmp(&one.total).then_with(|| one.key.cmp(&other.key)));
    Ok(Trend { runs, rows })
}
