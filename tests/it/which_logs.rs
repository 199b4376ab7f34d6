//! Which logs are read: those that are named, listed, and not too old.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::input::{EXIT_FINDINGS, EXIT_LOSS, EXIT_USAGE, FAILED, problem, tasks};
use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

fn report(folder: &Path, arguments: &[&str], input: &[u8]) -> (i32, Value) {
    let Run { code, out, err } = run_with(&[arguments, &["-f", "json", "--attempts", "all"]].concat(), folder, input);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("exit code {code}, {error}: {out}{err}")))
}

/// A folder with logs, each last written so many days after 2026-11-10.
fn tree(logs: &[(&str, u64)]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (name, day) in logs {
        let path = put(tree.path(), name, FAILED);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_794_268_800 + day * 86_400);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
    tree
}

fn log_of_run(task: &str, day: u32) -> String {
    format!("dag_id=shop/run_id=scheduled__2026-11-{day}T00:00:00+00:00/task_id={task}/attempt=1.log")
}

#[test]
fn logs_that_are_too_old_are_left_out_and_counted() {
    let old = [log_of_run("old", 11), log_of_run("late", 11), log_of_run("copied", 20), log_of("older"), log_of("newer")];
    let days = [2, 9, 0, 2, 8];
    let logs: Vec<(&str, u64)> = old.iter().map(String::as_str).zip(days).collect();
    let tree = tree(&logs);
    for since in ["2026-11-18", "2026-11-17T20:00-04:00"] {
        let (code, report) = report(tree.path(), &[".", "--since", since], b"");
        assert_eq!(code, EXIT_FINDINGS);
        assert_eq!(tasks(&report), ["copied", "late", "newer"]);
        assert!(problem(&report, "too-old", ".").starts_with("2 logs in it were last written before 2026-11-18T00:00:00Z"), "{report:#}");
    }
    let (_, all) = report(tree.path(), &[".", "--since", "2026-11-01"], b"");
    assert_eq!(tasks(&all).len(), 5);
    assert_eq!(all["problems"], serde_json::json!([]));
    let (_, named) = report(tree.path(), &[logs[0].0, logs[1].0, logs[3].0, "--since", "2026-11-18"], b"");
    assert_eq!(tasks(&named), ["late"]);
    assert!(problem(&named, "too-old", &log_of("older")).starts_with("with 1 more that were named, last written before"), "{named:#}");
}

#[test]
fn a_length_of_time_is_no_date() {
    let tree = tree(&[("a.log", 0)]);
    let run = run_with(&[".", "--since", "36h"], tree.path(), b"");
    assert_eq!((run.code, run.out.as_str()), (EXIT_USAGE, ""));
    assert!(run.err.contains("--since 36h: write a date or a time") && run.err.contains("date -d"), "{}", run.err);
}

#[test]
fn a_list_names_files_and_folders() {
    let (one, two, three) = (log_of("one"), log_of("two"), "sub folder/dag_id=shop/run_id=r/task_id=three/attempt=1.log");
    let tree = tree(&[(&one, 0), (&two, 0), (three, 0)]);
    let names = [one.as_str(), "sub folder", three, one.as_str()];
    let lines = names.join("\n");
    put(tree.path(), "list", &lines);
    for (arguments, input) in [
        (&["--files-from", "-"][..], lines.as_bytes()),
        (&["--files-from", "list"], b""),
        (&["--files-from", "-", "--null"], names.join("\0").as_bytes()),
        (&["--files-from", "-", "-0", &one], names.join("\0").as_bytes()),
    ] {
        let (code, report) = report(tree.path(), arguments, input);
        assert_eq!(code, EXIT_FINDINGS);
        assert_eq!(tasks(&report), ["one", "three"], "{arguments:?}");
    }
    let (code, gone) = report(tree.path(), &["--files-from", "-"], format!("{one}\ngone.log\n").as_bytes());
    assert_eq!((code, tasks(&gone)), (EXIT_LOSS, vec!["one"]));
    assert!(problem(&gone, "unreadable", "gone.log").contains("does not exist"));
}

#[test]
fn a_list_that_cannot_be_is_a_wrong_flag() {
    let tree = tree(&[("a.log", 0)]);
    for (arguments, says) in [
        (&["--files-from", "nowhere"][..], "--files-from nowhere"),
        (&["-", "--files-from", "-"], "standard input cannot be both"),
        (&["a.log", "--null"], "--files-from"),
    ] {
        let run = run_with(arguments, tree.path(), b"");
        assert_eq!((run.code, run.out.as_str()), (EXIT_USAGE, ""));
        assert!(run.err.contains(says), "{}", run.err);
    }
}

#[test]
fn a_report_that_lies_among_the_logs_is_none_of_them() {
    const FORMATS: [&str; 9] = ["text", "mail", "markdown", "json", "sarif", "prometheus", "github", "gitlab", "html"];
    let tree = tree(&[(&log_of("pack"), 1)]);
    let mut reports: Vec<String> = FORMATS.iter().map(|format| format!("reports/{format}.txt")).collect();
    fs::create_dir(tree.path().join("reports")).unwrap();
    for (format, path) in FORMATS.iter().zip(&reports) {
        let Run { code, err, .. } = run_with(&["dag_id=shop", "-o", &format!("{format}={path}")], tree.path(), b"");
        assert_eq!((code, err.as_str()), (EXIT_FINDINGS, ""));
    }
    // A page is passed over by its name, and here it has none of its own.
    fs::rename(tree.path().join("reports/html.txt"), tree.path().join("reports/page.html")).unwrap();
    reports.pop();
    for others in [&[][..], &["--state", "state.sqlite"], &["--state", "state.sqlite"]] {
        let (code, report) = report(tree.path(), &[&["."][..], others].concat(), b"");
        assert_eq!((code, tasks(&report)), (EXIT_FINDINGS, vec!["pack"]));
        assert_eq!((&report["totals"]["logs"], &report["totals"]["failed"]), (&1.into(), &1.into()));
        for path in &reports {
            assert!(problem(&report, "passed-over", &format!("./{path}")).starts_with("a report, not a log"), "{path}: {report:#}");
        }
    }
    // Neither is one that is given alone, or through a pipe.
    let Run { code, out, .. } = run_with(&["reports/text.txt"], tree.path(), b"");
    assert!(
        code == 0 && out.starts_with("Nothing was read: no log was found.") && out.contains("reports/text.txt: a report, not a log"),
        "{out}"
    );
    let Run { code, out, .. } = run_with(&["-"], tree.path(), &fs::read(tree.path().join("reports/mail.txt")).unwrap());
    assert!(code == 0 && out.contains("a report, not a log"), "{out}");
}

#[test]
fn a_task_that_prints_a_report_has_a_log_of_its_own() {
    let tree = tree(&[]);
    let report = "No failure found in 1 attempt: 1 succeeded.\nRead 1 log: 294 bytes, 3 lines, written from 2026-11-20 02:00 UTC.\n";
    put(tree.path(), &log_of("watch"), format!("[2026-11-20T02:00:01.000+0000] {{logging_mixin.py:188}} INFO - {report}{FAILED}"));
    put(tree.path(), &log_of("bare"), format!("{report}{FAILED}"));
    put(tree.path(), "watch.log", format!("[2026-11-20T02:00:01.000+0000] {{logging_mixin.py:188}} INFO - {report}{FAILED}"));
    let (code, report) = self::report(tree.path(), &["."], b"");
    assert_eq!((code, &report["totals"]["logs"], &report["problems"]), (EXIT_FINDINGS, &3.into(), &serde_json::json!([])));
}
