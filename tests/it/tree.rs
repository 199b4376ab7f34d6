//! A folder of small logs beside one of rules, and what a report says of them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::logs::{log_of, put};
use crate::program::{Run, run};

/// A folder of logs, `logs`, beside one of rules, `rules`.
pub(crate) struct Tree(tempfile::TempDir);

/// Symptoms `aaa`, `bbb` and `ccc`, shown by the words in capitals.
const LETTERS: &str = "\
version: 1
symptoms:
  - { id: aaa, title: A, severity: low, category: code, match: { literal: AAA } }
  - { id: bbb, title: B, severity: low, category: code, match: { literal: BBB } }
  - { id: ccc, title: C, severity: low, category: code, match: { literal: CCC } }
";

impl Tree {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The letters, and beside them one symptom for each `(id, condition)`.
    pub(crate) fn with_rules(rules: &[(&str, &str)]) -> Self {
        let mut text = LETTERS.to_owned();
        for (id, condition) in rules {
            writeln!(text, "  - {{ id: {id}, title: T, severity: low, category: code, match: {condition} }}").unwrap();
        }
        Self::with_rule_file(&text)
    }

    pub(crate) fn with_rule_file(text: &str) -> Self {
        let tree = Self::new();
        put(tree.path(), "rules/mine.yaml", text);
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        put(&self.path().join("logs"), name, bytes);
    }

    /// A task's log that ends well.
    pub(crate) fn log(&self, task: &str, lines: &[(&str, &str)]) {
        self.put(&log_of(task), succeeded(lines));
    }

    /// Runs the program on the logs; with the rules of the folder alone, if it has any.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let [logs, rules] = ["logs", "rules"].map(|name| self.path().join(name).display().to_string());
        let mut all = vec![logs.as_str()];
        if Path::new(&rules).exists() {
            all.extend(["--no-builtin-rules", "--rules", &rules]);
        }
        all.extend(arguments);
        run(&all)
    }

    pub(crate) fn report(&self) -> Value {
        let Run { code, out, err } = self.run(&["-f", "json", "--attempts", "all"]);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("exit code {code}, {error}: {err}"))
    }

    /// The symptoms that the log of a task shows, `id:line`, in order.
    pub(crate) fn shown(&self, task: &str) -> Vec<String> {
        shown(&self.report(), task)
    }

    /// The tasks whose logs show a symptom.
    pub(crate) fn tasks_with(&self, symptom: &str) -> Vec<String> {
        let report = self.report();
        let attempts = report["attempts"].as_array().unwrap().iter();
        let with = attempts.filter(|attempt| attempt["symptoms"].as_array().unwrap().iter().any(|shown| shown["id"] == symptom));
        with.map(|attempt| attempt["task_id"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn shown(report: &Value, task: &str) -> Vec<String> {
    let mut all: Vec<(u64, &str)> = attempt(report, task)["symptoms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shown| (shown["line"].as_u64().unwrap(), shown["id"].as_str().unwrap()))
        .collect();
    all.sort_unstable();
    all.iter().map(|(line, id)| format!("{id}:{line}")).collect()
}

pub(crate) fn attempt<'a>(report: &'a Value, task: &str) -> &'a Value {
    let mut attempts = report["attempts"].as_array().unwrap().iter();
    attempts.find(|attempt| attempt["task_id"] == task).unwrap_or_else(|| panic!("no attempt of {task} in {report:#}"))
}

/// The incident of a task's first attempt.
pub(crate) fn incident<'a>(report: &'a Value, task: &str) -> &'a Value {
    let index = attempt(report, task)["incident"].as_u64().unwrap_or_else(|| panic!("{task} is in no incident: {report:#}"));
    &report["incidents"][usize::try_from(index).unwrap()]
}

/// A log with a line for each `(time of day, text)`.
pub(crate) fn succeeded(lines: &[(&str, &str)]) -> String {
    let mut log = String::new();
    for (time, text) in lines {
        writeln!(log, "[2026-11-20T{time}+0000] {{shop.py:7}} INFO - {text}").unwrap();
    }
    let last = lines.last().unwrap().0;
    writeln!(log, "[2026-11-20T{last}+0000] {{local_task_job_runner.py:266}} INFO - Task exited with return code 0").unwrap();
    log
}
