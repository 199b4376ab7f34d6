//! Bad input: whatever is wrong with a file is said with its place, and the good log beside it is still diagnosed.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::logs::{gzip, log_of, put, tar, zip};
use crate::program::{Run, run, run_with};

/// A log of a task that failed, as Airflow 2.10 writes it.
pub(crate) const FAILED: &str = "\
[2026-11-21T07:16:20.100+0000] {local_task_job_runner.py:123} INFO - ::group::Pre task execution logs
[2026-11-21T07:16:20.200+0000] {taskinstance.py:2614} INFO - Dependencies all met for dep_context=non-requeueable deps ti=<TaskInstance: shop.push r [queued]>
[2026-11-21T07:16:20.300+0000] {taskinstance.py:2867} INFO - Starting attempt 1 of 1
[2026-11-21T07:16:20.500+0000] {task_command.py:467} INFO - Running <TaskInstance: shop.push r [running]> on host worker-a.example.internal
[2026-11-21T07:16:24.500+0000] {taskinstance.py:3313} ERROR - Task failed with exception
Traceback (most recent call last):
  File \"/opt/airflow/dags/shop.py\", line 12, in push
    response = session.post(\"http://stock.example.internal:8080/v1/levels\", json=levels, timeout=30)
  File \"/usr/lib/python3.11/socket.py\", line 706, in readinto
    return self._sock.recv_into(b)
ConnectionResetError: [Errno 104] Connection reset by peer
[2026-11-21T07:16:24.600+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push, run_id=r, execution_date=20261121T071600, start_date=20261121T071620, end_date=20261121T071624
[2026-11-21T07:16:24.700+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1
";

pub(crate) const EXIT_FINDINGS: i32 = 1;
pub(crate) const EXIT_USAGE: i32 = 2;
pub(crate) const EXIT_LOSS: i32 = 3;

/// A folder with the log of a failed task, `beside`.
pub(crate) fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("beside"), FAILED.as_bytes());
    tree
}

/// What the program reports on a path, with its exit code.
pub(crate) fn report(path: &Path) -> (i32, Value) {
    let Run { code, out, err } = run(&[path.to_str().unwrap(), "--format", "json", "--attempts", "all"]);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("exit code {code}, {error}: {out}{err}")))
}

fn strings<'a>(report: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    report[list].as_array().unwrap().iter().filter_map(|entry| entry[key].as_str()).collect()
}

/// Whether the attempt of this task is part of an incident.
pub(crate) fn is_diagnosed(report: &Value, task: &str) -> bool {
    report["attempts"].as_array().unwrap().iter().any(|attempt| attempt["task_id"] == task && attempt["incident"].is_number())
}

/// The names of the tasks that have an attempt, in order.
pub(crate) fn tasks(report: &Value) -> Vec<&str> {
    let mut tasks = strings(report, "attempts", "task_id");
    tasks.sort_unstable();
    tasks
}

/// The sentence of the problem of a kind at a place whose path ends so. What is packed may name its member instead.
pub(crate) fn problem<'a>(report: &'a Value, kind: &str, place: &str) -> &'a str {
    let problems = report["problems"].as_array().unwrap();
    let ends = |value: &Value| value.as_str().is_some_and(|text| text.ends_with(place));
    let found = problems.iter().find(|problem| problem["kind"] == kind && (ends(&problem["path"]) || ends(&problem["member"])));
    found.and_then(|problem| problem["says"].as_str()).unwrap_or_else(|| panic!("no problem {kind} at {place} in {problems:?}"))
}

/// Reports on a tree with one bad file in it: the problem, after checking the exit code and that the log beside it is diagnosed.
fn problem_of(name: &str, bytes: &[u8], kind: &str, code: i32) -> String {
    let tree = tree();
    put(tree.path(), name, bytes);
    let (found, report) = report(tree.path());
    assert_eq!(found, code, "{report:#}");
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
    problem(&report, kind, name).to_owned()
}

#[test]
fn an_empty_file_is_an_attempt_of_which_nothing_is_known() {
    let name = log_of("bad");
    assert!(problem_of(&name, b"", "empty", EXIT_FINDINGS).contains("empty"));
    let tree = tree();
    put(tree.path(), &name, b"");
    assert_eq!(tasks(&report(tree.path()).1), ["bad", "beside"]);
}

#[test]
fn a_file_of_nuls_is_no_text() {
    assert!(problem_of(&log_of("bad"), &[0; 100_000], "not-text", EXIT_LOSS).contains("NUL"));
}

#[test]
fn text_behind_nuls_is_read() {
    let tree = tree();
    put(tree.path(), &log_of("bad"), [vec![0; 100_000], FAILED.as_bytes().to_vec()].concat());
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert!(problem(&report, "encoding", &log_of("bad")).contains("100000 NUL bytes"));
    assert!(is_diagnosed(&report, "bad") && is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn bytes_that_are_not_utf8_do_not_hide_a_failure() {
    let tree = tree();
    let mut bytes = b"[2026-11-21T07:16:20.000+0000] {shop.py:1} INFO - caf\xe9 \xff\xfe\n".to_vec();
    bytes.extend(FAILED.as_bytes());
    put(tree.path(), &log_of("bad"), &bytes);
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert!(is_diagnosed(&report, "bad") && is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_line_of_100_megabytes_takes_little_memory() {
    let tree = tree();
    let path = put(tree.path(), &log_of("bad"), b"[2026-11-21T07:16:19.000+0000] {shop.py:1} INFO - ");
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    for _ in 0..100 {
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    file.write_all(format!("\n{FAILED}").as_bytes()).unwrap();
    let limited = format!("ulimit -v 524288; exec {} \"$0\" --format json --attempts all", env!("CARGO_BIN_EXE_dagnosis"));
    let output = Command::new("sh").arg("-c").arg(limited).arg(tree.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(EXIT_FINDINGS), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(is_diagnosed(&report, "bad") && is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_gzip_that_is_cut_off_is_read_as_far_as_it_goes() {
    let packed = gzip(FAILED.as_bytes());
    let name = format!("{}.gz", log_of("bad"));
    let says = problem_of(&name, &packed[..packed.len() - 20], "damaged", EXIT_LOSS);
    assert!(says.contains("cut off") && says.contains("used"), "{says}");
}

#[test]
fn garbage_behind_a_gzip_does_not_spoil_it() {
    let tree = tree();
    let name = format!("{}.gz", log_of("bad"));
    put(tree.path(), &name, [gzip(FAILED.as_bytes()), b"garbage".to_vec()].concat());
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_LOSS);
    assert!(problem(&report, "damaged", &name).contains("follows its end"));
    assert!(is_diagnosed(&report, "bad") && is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_member_that_leads_out_of_its_archive_is_only_named() {
    let tree = tempfile::tempdir().unwrap();
    let archive = zip(&[("../evil.log", FAILED.as_bytes()), (&log_of("beside"), FAILED.as_bytes())]);
    put(tree.path(), "in/logs.zip", &archive);
    let (code, report) = report(&tree.path().join("in"));
    assert_eq!(code, EXIT_FINDINGS);
    assert!(problem(&report, "suspicious", "in/logs.zip").contains("nothing was extracted"));
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
    assert!(!tree.path().join("evil.log").exists());
}

#[test]
fn archives_in_archives_are_read() {
    let tree = tree();
    let inner = zip(&[(&log_of("inner"), FAILED.as_bytes())]);
    put(tree.path(), "logs.tar.gz", gzip(&tar(&[("a/inner.zip", inner.as_slice()), (&log_of("outer"), FAILED.as_bytes())])));
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert_eq!(tasks(&report), ["beside", "inner", "outer"]);
    assert!(["beside", "inner", "outer"].iter().all(|task| is_diagnosed(&report, task)), "{report:#}");
}

#[test]
fn links_in_a_circle_and_to_nowhere_are_said() {
    let tree = tree();
    symlink("..", tree.path().join("dag_id=shop/up")).unwrap();
    symlink("nowhere", tree.path().join("gone.log")).unwrap();
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert!(problem(&report, "link", "dag_id=shop/up").contains("link back to"));
    assert!(problem(&report, "link", "gone.log").contains("'nowhere', which does not exist"));
    assert_eq!(tasks(&report), ["beside"]);
}

#[test]
fn a_pipe_in_the_tree_is_not_waited_for() {
    let tree = tree();
    assert!(Command::new("mkfifo").arg(tree.path().join("pipe.log")).status().unwrap().success());
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert!(problem(&report, "special", "pipe.log").contains("not opened"));
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_file_that_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let tree = tree();
    let path = put(tree.path(), &log_of("bad"), FAILED.as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        // The superuser may read everything, so there is nothing to see.
        return;
    }
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_LOSS);
    assert!(problem(&report, "unreadable", &log_of("bad")).contains("permission denied"));
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_path_that_does_not_exist_stops_the_run() {
    let tree = tree();
    let meant = tree.path().join("dag_id=shop");
    let run = run(&[&format!("{}s", meant.display()), "--format", "json"]);
    assert_eq!((run.code, run.out.as_str()), (EXIT_USAGE, ""));
    assert!(run.err.contains(&format!("did you mean '{}'?", meant.display())), "{}", run.err);
}

#[test]
fn standard_input_may_be_packed() {
    let archive = gzip(&tar(&[(&log_of("beside"), FAILED.as_bytes())]));
    let run = run_with(&["-", "--format", "json", "--attempts", "all"], Path::new("."), &archive);
    assert_eq!(run.code, EXIT_FINDINGS, "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
}

#[test]
fn a_folder_and_its_archives_give_the_same_incidents() {
    let logs = [log_of("one"), log_of("two"), "scheduler.log".to_owned(), "README.md".to_owned()];
    let members: Vec<(&str, &[u8])> = logs.iter().map(|name| (name.as_str(), FAILED.as_bytes())).collect();
    let tree = tempfile::tempdir().unwrap();
    for (name, bytes) in &members {
        put(tree.path(), &format!("logs/{name}"), bytes);
    }
    put(tree.path(), "logs.tar.gz", gzip(&tar(&members)));
    put(tree.path(), "logs.zip", zip(&members));
    // Where the lines stand differs, and nothing else.
    let incidents = |name: &str| -> Vec<Value> {
        let (code, report) = report(&tree.path().join(name));
        assert_eq!(code, EXIT_FINDINGS, "{report:#}");
        let keys = ["id", "title", "severity", "symptom", "scope", "first_seen", "last_seen", "attempts"];
        let listed = report["incidents"].as_array().unwrap().iter();
        listed.map(|incident| keys.iter().map(|key| incident[*key].clone()).collect()).collect()
    };
    let want = incidents("logs");
    assert!(!want.is_empty());
    assert_eq!(incidents("logs.tar.gz"), want);
    assert_eq!(incidents("logs.zip"), want);
}
