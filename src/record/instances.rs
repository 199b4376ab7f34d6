//! An export of Airflow's task instances: what logs do not say of an attempt, or not in time. Read once, before the logs are joined.
//!
//! The forms are told by their content: CSV (also with `;`, tabs or `|`), the tables that psql, mysql and `airflow tasks
//! states-for-dag-run` print, its YAML, and JSON of the REST API or of the command line, whole or in lines. A file that is none of
//! these stops the run; a row or cell that is not understood becomes a [`Problem`]. Columns that are not asked for are ignored.

mod cells;
mod json;
mod tables;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Problem, ProblemKind};
use crate::source::TaskInstance;
use crate::time::Timestamp;

use super::Outcome;

/// The largest export that is read, in bytes: some millions of rows.
pub const INSTANCES_BYTES_MAX: u64 = 1 << 30;

/// How many rows and cells of one file are named that were not understood; the others are counted.
const FAULTS_MAX: usize = 20;

/// How many characters of a text that was not understood are shown.
const SHOWN_CHARS_MAX: usize = 60;

/// One row of an export: what the database knows of the latest try of a task instance, or of the try that the row names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// The export, as the user named it.
    pub path: String,
    /// The row's line in it, from 1.
    pub line: u32,
    /// Whose row it is.
    ///
    /// The try is that of the column `try_number` as the database holds it: the running try while it runs, and the same number after
    /// its end. That is so in every version and in what the REST API gives; only the attribute of that name in Python counts one
    /// further before Airflow 2.10. What those versions take back by one when a task is deferred or rescheduled is not relied on. 0
    /// stands for a task that never began, and is `None` here.
    pub task: TaskInstance,
    /// The state; `None` where the export names none.
    pub state: Option<State>,
    /// The worker host.
    pub host: Option<String>,
    /// The executor's queue.
    pub queue: Option<String>,
    /// The pool.
    pub pool: Option<String>,
    /// The operator's class.
    pub operator: Option<String>,
    /// The process.
    pub pid: Option<u32>,
    /// When the try began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When it was queued.
    pub queued: Option<Timestamp>,
    /// When the row was last changed.
    pub updated: Option<Timestamp>,
    /// How many tries there may be: the column `max_tries`, which counts retries, and the first.
    pub max_tries: Option<u32>,
    /// The logical date of its run, by which it is known where the export names no run.
    pub logical_date: Option<Timestamp>,
}

impl Instance {
    /// `ti.csv line 4`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} line {}", self.path, self.line)
    }
}

/// Airflow's states of a task instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// One that an attempt can come to.
    Reached(Outcome),
    /// Handed to the executor.
    Queued,
    /// Waits to be queued.
    Scheduled,
    /// Never ran, because what stands before it failed.
    UpstreamFailed,
    /// No longer in the DAG.
    Removed,
    /// Cleared while it ran, and about to be ended.
    Restarting,
}

impl State {
    /// Reads Airflow's name in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let others = [Self::Queued, Self::Scheduled, Self::UpstreamFailed, Self::Removed, Self::Restarting];
        let older = [("shutdown", Self::Restarting), ("sensing", Self::Reached(Outcome::Running))];
        Outcome::named(name)
            .map(Self::Reached)
            .or_else(|| others.into_iter().find(|state| name.eq_ignore_ascii_case(state.name())))
            .or_else(|| older.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, state)| state))
    }

    /// Airflow's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reached(outcome) => outcome.name(),
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::UpstreamFailed => "upstream_failed",
            Self::Removed => "removed",
            Self::Restarting => "restarting",
        }
    }
}

/// Reads an export.
///
/// # Errors
/// [`Error::Usage`] when the file cannot be read or is no export in a known form.
pub fn read_instances(path: &Path) -> Result<(Vec<Instance>, Vec<Problem>), Error> {
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| Error::Usage(format!("cannot read the task-instance export '{name}': {error}"));
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(INSTANCES_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > INSTANCES_BYTES_MAX {
        let says = format!("the task-instance export '{name}' is longer than {INSTANCES_BYTES_MAX} bytes; export fewer rows or columns");
        return Err(Error::Usage(says));
    }
    parse_instances(&name, &bytes)
}

/// Parses an export; `path` is how the user named it.
///
/// # Errors
/// [`Error::Usage`] when it is in no known form.
pub fn parse_instances(path: &str, bytes: &[u8]) -> Result<(Vec<Instance>, Vec<Problem>), Error> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let mut reading = Reading { path, instances: Vec::new(), faults: Vec::new(), more: 0 };
    if text.contains('\0') {
        return Err(reading.unknown_form(1, "binary data, or text that is not UTF-8"));
    }
    match text.trim_start().chars().next() {
        None => return Err(reading.unknown_form(1, "nothing: the file is empty")),
        Some('{' | '[') => json::read(&text, &mut reading)?,
        Some(_) => tables::read(&text, &mut reading)?,
    }
    let problems = reading.problems();
    Ok((reading.instances, problems))
}

/// The state while one file is read.
struct Reading<'a> {
    path: &'a str,
    instances: Vec<Instance>,
    faults: Vec<(u32, String)>,
    more: u64,
}

impl Reading<'_> {
    /// Notes something that was not understood.
    fn fault(&mut self, line: u32, says: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push((line, says));
        } else {
            self.more += 1;
        }
    }

    fn problems(&mut self) -> Vec<Problem> {
        let mut says: Vec<String> =
            std::mem::take(&mut self.faults).into_iter().map(|(line, says)| format!("line {line}: {says}")).collect();
        if self.more > 0 {
            says.push(format!("{} more rows or cells were not understood", self.more));
        }
        let problem = |says| Problem { path: self.path.to_owned(), member: None, kind: ProblemKind::TaskInstances, says };
        says.into_iter().map(problem).collect()
    }

    /// The error for a file that is no export.
    fn unknown_form(&self, line: u32, seen: &str) -> Error {
        Error::Usage(format!(
            "the task-instance export '{}', line {line}, is in no form that is known: it holds {seen}\n  write one with: psql -c \"\\copy \
             (select * from task_instance) to 'ti.csv' csv header\", airflow tasks states-for-dag-run DAG RUN -o json, or the REST API's \
             /dags/DAG/dagRuns/RUN/taskInstances; columns dag_id and task_id are needed, with run_id or logical_date",
            self.path
        ))
    }
}

/// A text that was not understood, shortened.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("'{}…'", text.get(..end).unwrap_or_default()),
        None => format!("'{text}'"),
    }
}

#[cfg(test)]
#[path = "instances_tests.rs"]
mod tests;
