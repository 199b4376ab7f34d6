//! Nights over a folder of logs that grows and shrinks, with one state: what the tests of the history share.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::logs::put;
use crate::program::{Run, run_with};

/// The name of the state in the folder of the nights.
pub(crate) const STATE: &str = "state.sqlite";

pub(crate) const RESET: &str = "ConnectionResetError: [Errno 104] Connection reset by peer";

/// A folder with logs in `logs` and a state beside them.
pub(crate) struct Nights(tempfile::TempDir);

impl Nights {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join(STATE)
    }

    /// A task's first try on a day of November 2026 that fails with a message.
    pub(crate) fn fails(&self, day: u32, task: &str, message: &str) {
        put(&self.path().join("logs"), &log(day, task), failed(day, task, message));
    }

    /// One that has not come to an end.
    pub(crate) fn cut(&self, day: u32, task: &str) {
        let text = succeeded(day, task);
        put(&self.path().join("logs"), &log(day, task), text.lines().next().unwrap().to_owned() + "\n");
    }

    /// One that succeeds.
    pub(crate) fn succeeds(&self, day: u32, task: &str) {
        put(&self.path().join("logs"), &log(day, task), succeeded(day, task));
    }

    /// Removes the logs of a day.
    pub(crate) fn remove(&self, day: u32) {
        std::fs::remove_dir_all(self.path().join("logs/dag_id=shop").join(run_of(day))).unwrap();
    }

    /// Runs the program in the folder, at two o'clock of a night.
    pub(crate) fn run(&self, day: u32, arguments: &[&str]) -> Run {
        let now = format!("2026-11-{day:02}T02:00:00Z");
        run_with(&[&["--state", STATE, "--now", &now], arguments].concat(), self.path(), b"")
    }

    /// A night over `logs`: the exit code and the JSON report, which is as its schema says.
    pub(crate) fn night(&self, day: u32, arguments: &[&str]) -> (i32, Value) {
        let run = self.run(day, &[&["logs", "-f", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
        let schema = serde_json::from_str(&crate::program::run(&["schema"]).out).unwrap();
        let errors: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        (run.code, report)
    }

    /// What `dagnosis history` says.
    pub(crate) fn history(&self, arguments: &[&str]) -> Run {
        run_with(&[&["history"], arguments, &["--state", STATE]].concat(), self.path(), b"")
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.state()).unwrap()
    }

    /// All that is recorded, but for what `--now` and the notes on reports make different.
    pub(crate) fn dump(&self) -> String {
        dump(&self.state())
    }
}

/// All rows of all tables of a file that is whole, but for the note whether a report was finished.
pub(crate) fn dump(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut text = String::new();
    for table in tables {
        let mut query = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let names: Vec<String> = query.column_names().map(str::to_owned).collect();
        let mut rows: Vec<String> = query
            .query_map([], |row| {
                let cells = names.iter().enumerate().filter(|(_, name)| *name != "told");
                let cells = cells.map(|(at, name)| Ok(format!("{name}={:?}", row.get::<_, rusqlite::types::Value>(at)?)));
                Ok(cells.collect::<rusqlite::Result<Vec<String>>>()?.join(" "))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        rows.sort();
        text += &format!("{table}\n  {}\n", rows.join("\n  "));
    }
    text
}

fn run_of(day: u32) -> String {
    format!("run_id=scheduled__2026-11-{day:02}T00:00:00+00:00")
}

fn log(day: u32, task: &str) -> String {
    format!("dag_id=shop/{}/task_id={task}/attempt=1.log", run_of(day))
}

pub(crate) fn failed(day: u32, task: &str, message: &str) -> String {
    let day = format!("2026-11-{day:02}");
    format!(
        "[{day} 01:00:00,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in {task}\n    {task}()\n{message}\n\
         [{day} 01:00:01,000] {{taskinstance.py:1226}} INFO - Marking task as FAILED. dag_id=shop, task_id={task}\n\
         [{day} 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    )
}

fn succeeded(day: u32, task: &str) -> String {
    let day = format!("2026-11-{day:02}");
    format!(
        "[{day} 01:00:00,000] {{shop.py:7}} INFO - done\n\
         [{day} 01:00:01,000] {{taskinstance.py:1226}} INFO - Marking task as SUCCESS. dag_id=shop, task_id={task}\n\
         [{day} 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 0\n"
    )
}

/// The incident of a task, if there is one.
pub(crate) fn incident<'r>(report: &'r Value, task: &str) -> Option<&'r Value> {
    let name = format!("shop.{task}");
    let mut incidents = report["incidents"].as_array().unwrap().iter();
    incidents.find(|incident| incident["scope"]["tasks"].as_array().unwrap().contains(&Value::from(name.as_str())))
}

/// Its status and its new failures.
pub(crate) fn status(report: &Value, task: &str) -> (String, u64) {
    let incident = incident(report, task).unwrap_or_else(|| panic!("{task} is in no incident"));
    (incident["status"].as_str().unwrap_or("none").to_owned(), incident["history"]["new_occurrences"].as_u64().unwrap_or_default())
}

/// Why each incident is resolved that is since the last run.
pub(crate) fn resolved(report: &Value) -> Vec<String> {
    report["history"]["resolved"].as_array().unwrap().iter().map(|one| one["because"].as_str().unwrap().to_owned()).collect()
}
