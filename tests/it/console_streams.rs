//! What a scheduler with the LocalExecutor prints: the records of the processes of many attempts, in the form of the console, among its own.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::logs::put;
use crate::program::report;

const RUN: &str = "manual__2026-11-21T12:03:09+00:00";

/// What the processes of two attempts write, in turn: time, level, event, logger, whose, and the detail of an exception.
const SAID: [(&str, &str, &str, &str, &str, &str); 8] = [
    ("10.100000", "info", "::group::Pre Execute", "task", "fetch", ""),
    ("10.200000", "info", "::group::Pre Execute", "task", "archive", ""),
    ("11.100000", "info", "/bin/sh: line 1: zipp: command not found", "airflow.task.hooks.airflow.hooks.SubprocessHook", "archive", ""),
    (
        "11.200000",
        "error",
        "Task failed with exception",
        "task",
        "fetch",
        r#"[{'exc_type': 'ConnectionRefusedError', 'exc_value': '[Errno 111] Connection refused', 'exc_notes': [], 'syntax_error': None, 'is_cause': False, 'frames': [{'filename': '/dags/a.py', 'lineno': 7, 'name': 'fetch'}], 'is_group': False, 'exceptions': []}]"#,
    ),
    (
        "11.300000",
        "error",
        "Task failed with exception",
        "task",
        "archive",
        r#"[{'exc_type': 'AirflowException', 'exc_value': 'Bash command failed. The command returned a non-zero exit code 127.', 'exc_notes': [], 'syntax_error': None, 'is_cause': False, 'frames': [{'filename': '/dags/bash.py', 'lineno': 225, 'name': 'execute'}], 'is_group': False, 'exceptions': []}]"#,
    ),
    ("11.400000", "info", "::group::Post Execute", "task", "fetch", ""),
    ("11.500000", "info", "::group::Post Execute", "task", "archive", ""),
    ("11.600000", "info", "::endgroup::", "task", "archive", ""),
];

fn console() -> String {
    let service = |log: &mut String, second: &str, text: &str, logger: &str| {
        writeln!(log, "2026-11-21T12:03:{second}Z [info     ] {text} [{logger}] loc=x.py:1").unwrap();
    };
    let mut log = String::new();
    let scheduler = "airflow.jobs.scheduler_job_runner.SchedulerJobRunner";
    service(&mut log, "09.000000", "Starting the scheduler", scheduler);
    for (second, level, event, logger, task, detail) in SAID {
        let detail = if detail.is_empty() { String::new() } else { format!("error_detail={detail} ") };
        writeln!(
            log,
            "2026-11-21 12:03:{second}+00:00 [{level:<9}] {event} [{logger}] dag_id=shop {detail}loc=x.py:1 map_index=-1 run_id={RUN} task_id={task} ti_id=id-{task} try_number=1"
        )
        .unwrap();
    }
    for task in ["fetch", "archive"] {
        let finished = format!(
            "TaskInstance Finished: dag_id=shop, task_id={task}, run_id={RUN}, map_index=-1, ti_id=id-{task}, run_start_date=2026-11-21 12:03:10+00:00, run_end_date=2026-11-21 12:03:11.7+00:00, run_duration=1.7, state=failed, executor=LocalExecutor(parallelism=8), executor_state=success, try_number=1, max_tries=0, pool=default_pool, queue=default, priority_weight=1, operator=PythonOperator, pid=885"
        );
        service(&mut log, "12.000000", &finished, scheduler);
    }
    log
}

/// Puts the log of an attempt of its own below a folder: what its process wrote, as JSON.
fn put_own(folder: &Path, owner: &str) {
    let mut log = String::new();
    for (second, level, event, logger, task, detail) in SAID {
        if task == owner {
            let detail = detail.replace('\'', "\"").replace("None", "null").replace("False", "false");
            let detail = if detail.is_empty() { String::new() } else { format!(",\"error_detail\":{detail}") };
            let record =
                format!(r#"{{"timestamp":"2026-11-21T12:03:{second}Z","level":"{level}","event":"{event}","logger":"{logger}"{detail}}}"#);
            writeln!(log, "{record}").unwrap();
        }
    }
    put(folder, &format!("dag_id=shop/run_id={RUN}/task_id={owner}/attempt=1.log"), log);
}

/// The attempts as task, try and outcome, and each incident's first cause with its attempts.
fn told(folder: &Path) -> (Vec<String>, Vec<String>) {
    let report = report(&[folder.to_str().unwrap()]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tasks = report["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["kind"] == "task");
    let mut attempts: Vec<String> = tasks
        .map(|attempt| {
            let [dag, run, task, outcome] = ["dag_id", "run_id", "task_id", "outcome"].map(|key| text(&attempt[key]));
            assert_eq!((dag.as_str(), run.as_str()), ("shop", RUN));
            let cause = text(&attempt["causes"][0]["id"]);
            format!("{task} {} {outcome} {cause} {}", attempt["try_number"], attempt["incident"] != Value::Null)
        })
        .collect();
    attempts.sort();
    // A copy of a log is listed with what its original has.
    attempts.dedup();
    assert_eq!(report["totals"]["attempts"], attempts.len());
    let mut incidents: Vec<String> =
        report["incidents"].as_array().unwrap().iter().map(|incident| text(&incident["causes"][0]["id"])).collect();
    incidents.sort();
    (attempts, incidents)
}

#[test]
fn the_attempts_in_the_output_of_a_scheduler_are_told_apart() {
    // By its name, the file may be a service's or anything.
    for name in ["scheduler.log", "output.txt"] {
        let tree = tempfile::tempdir().unwrap();
        put(tree.path(), name, console());
        let (attempts, incidents) = told(tree.path());
        assert_eq!(attempts, ["archive 1 failed missing-binary true", "fetch 1 failed service-down true"], "{name}");
        assert_eq!(incidents, ["missing-binary", "service-down"], "{name}");
    }
}

#[test]
fn attempts_that_have_logs_of_their_own_are_counted_once() {
    let tree = tempfile::tempdir().unwrap();
    put_own(tree.path(), "fetch");
    put_own(tree.path(), "archive");
    let alone = told(tree.path());
    assert_eq!(alone.1, ["missing-binary", "service-down"]);
    put(tree.path(), "scheduler.log", console());
    assert_eq!(told(tree.path()), alone);
}

#[test]
fn the_output_of_one_attempt_is_that_attempts_log() {
    let tree = tempfile::tempdir().unwrap();
    let of_one: String = console().lines().filter(|line| line.contains(" task_id=fetch ")).map(|line| format!("{line}\n")).collect();
    put(tree.path(), "pod.txt", of_one);
    let (attempts, incidents) = told(tree.path());
    assert_eq!(incidents, ["service-down"]);
    assert!(matches!(attempts.as_slice(), [attempt] if attempt.starts_with("fetch 1 ")), "{attempts:?}");
}
