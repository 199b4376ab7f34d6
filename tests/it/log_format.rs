//! `--log-format`: logs whose headers no version of Airflow writes by itself are read like any other.

use serde_json::{Value, json};

use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

const EXIT_USAGE: i32 = 2;

/// A format with bars, and its log of a task that failed: the traceback stands behind a header, and lines that look like others' within it.
const BARS: &str = r"(?<time>\S+ \S+) \| (?<level>[A-Z]+) \| (?<logger>\S+) \| (?<message>.*)";
const BARRED: &str = "\
2026-11-21 10:00:00,123 | INFO | airflow.task | Dependencies all met for dep_context=non-requeueable deps ti=<TaskInstance: shop.push r [queued]>
2026-11-21 10:00:00,223 | INFO | airflow.task | Starting attempt 1 of 1
2026-11-21 10:00:04,500 | ERROR | airflow.task | Task failed with exception
Traceback (most recent call last):
  File \"/opt/airflow/dags/shop.py\", line 12, in push
    session.post(url)
ConnectionResetError: [Errno 104] Connection reset by peer
2026-11-21 10:00:04,600 | INFO | airflow.task | Marking task as FAILED. dag_id=shop, task_id=push, run_id=r, execution_date=20261121T071600
2026-11-21 10:00:04,700 | INFO | airflow.jobs.local_task_job_runner | Task exited with return code 1
";

/// A format with `ctime` and letters for the levels.
const LETTERS: &str = r"(?<time>\w+ \w+ +\d+ \S+ \d+) \[(?<level>[DIWEC])\] (?<message>.*)";
const LETTERED: &str = "\
Sat Nov 21 10:00:00 2026 [I] Starting attempt 1 of 1
Sat Nov 21 10:00:04 2026 [E] Task failed with exception
Traceback (most recent call last):
  File \"/opt/airflow/dags/shop.py\", line 12, in push
    session.post(url)
ConnectionResetError: [Errno 104] Connection reset by peer
Sat Nov 21 10:00:05 2026 [I] Task exited with return code 1
";

/// The report on the log of one task.
fn report(log: impl AsRef<[u8]>, arguments: &[&str]) -> Value {
    report_on(&log_of("push"), log, arguments)
}

fn report_on(name: &str, log: impl AsRef<[u8]>, arguments: &[&str]) -> Value {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), name, log);
    let run = run_with(&[&[".", "-f", "json", "--attempts", "all", "--fail-on", "never"], arguments].concat(), tree.path(), b"");
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("exit code {}, {error}: {}{}", run.code, run.out, run.err))
}

/// What of an attempt tells that its log was understood.
fn told(report: &Value) -> Value {
    let attempt = &report["attempts"][0];
    let keys = ["dag_id", "task_id", "outcome", "started", "ended"];
    let mut told: Value = keys.iter().map(|key| ((*key).to_owned(), attempt[*key].clone())).collect::<serde_json::Map<_, _>>().into();
    told["symptom"] = report["incidents"][0]["symptom"].clone();
    told
}

fn want(started: &str, ended: &str) -> Value {
    json!({ "dag_id": "shop", "task_id": "push", "outcome": "failed", "started": started, "ended": ended, "symptom": "connection-reset" })
}

#[test]
fn a_format_of_ones_own_is_read_like_airflows() {
    let barred = want("2026-11-21T10:00:00.123Z", "2026-11-21T10:00:04.7Z");
    assert_eq!(told(&report(BARRED, &["--log-format", BARS])), barred);
    let lettered = want("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z");
    assert_eq!(told(&report(LETTERED, &["--log-format", LETTERS])), lettered);
    assert_eq!(told(&report(LETTERED.replace('\n', "\r\n"), &["--log-format", LETTERS])), lettered);
    // Without the format the times are not known, which says that it is the format that does it.
    assert_eq!(told(&report(LETTERED, &[]))["ended"], Value::Null);
}

#[test]
fn several_formats_may_be_given_and_airflows_own_are_still_read() {
    let arguments = ["--log-format", LETTERS, "--log-format", BARS];
    assert_eq!(told(&report(BARRED, &arguments)), want("2026-11-21T10:00:00.123Z", "2026-11-21T10:00:04.7Z"));
    let mixed = LETTERED.replace("Sat Nov 21 10:00:05 2026 [I]", "[2026-11-21T10:00:06.000+0000] {local_task_job_runner.py:266} INFO -");
    assert_eq!(told(&report(mixed, &arguments)), want("2026-11-21T10:00:00Z", "2026-11-21T10:00:06Z"));
}

#[test]
fn times_without_zone_are_read_in_the_zone_of_the_command_line() {
    let report = report(LETTERED, &["--log-format", LETTERS, "--timezone", "+02:00"]);
    assert_eq!(told(&report), want("2026-11-21T08:00:00Z", "2026-11-21T08:00:05Z"));
}

#[test]
fn the_lines_stand_where_they_stand_in_the_log() {
    let report = report(BARRED, &["--log-format", BARS]);
    let shown = report["incidents"][0].to_string();
    assert!(shown.contains("\"line\":7") || shown.contains("\"line\":3"), "{shown}");
}

#[test]
fn formats_of_ones_own_are_read_within_envelopes() {
    let wrapped = |wrap: &dyn Fn(usize, &str) -> String| -> String {
        BARRED.lines().enumerate().map(|(at, line)| format!("{}\n", wrap(at, line))).collect()
    };
    let runtime = wrapped(&|at, line| format!("2026-11-21T10:01:{at:02}.123456789Z stdout F {line}"));
    let docker = wrapped(&|at, line| {
        json!({"log": format!("{line}\n"), "stream": "stdout", "time": format!("2026-11-21T10:01:{at:02}Z")}).to_string()
    });
    let compose = wrapped(&|_, line| format!("airflow-worker-1  | {line}"));
    let clock = wrapped(&|at, line| format!("2026-11-21T10:01:{at:02}.123456789Z {line}"));
    for log in [runtime, docker, compose, clock] {
        let report = report(&log, &["--log-format", BARS]);
        assert_eq!(told(&report), want("2026-11-21T10:00:00.123Z", "2026-11-21T10:00:04.7Z"), "{log}");
    }
}

#[test]
fn what_is_no_format_stops_the_run() {
    for (format, column, says) in [
        ("(?<tme>a)", 4, "unknown group 'tme'"),
        ("(?<level>a)", 1, "neither a group 'time' nor a group 'message'"),
        ("(?<message>.*)", 1, "matches the empty text"),
        ("a(?<message>b", 2, "unclosed group"),
        ("[%(asctime)s] %(message)s", 2, "as a regular expression: '\\[(?<time>"),
    ] {
        let tree = tempfile::tempdir().unwrap();
        let Run { code, out, err } = run_with(&[".", "--log-format", format], tree.path(), b"");
        assert_eq!((code, out.as_str()), (EXIT_USAGE, ""), "{err}");
        assert!(err.starts_with(&format!("error: --log-format '{format}', column {column}: ")) && err.contains(says), "{err}");
    }
}
