//! Rows and logs, and which of the two is believed.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::*;
use crate::attempt::{AttemptRef, join};
use crate::record::parse_instances;
use crate::rule::load;
use crate::scan::Ending;

const HEAD: &str = "dag_id,run_id,task_id,try_number,state,hostname,start_date,end_date,queued_dttm,max_tries,queue,pool,logical_date";

fn rows(lines: &[&str]) -> Vec<Instance> {
    let (rows, problems) = parse_instances("ti.csv", format!("{HEAD}\n{}\n", lines.join("\n")).as_bytes()).unwrap();
    assert_eq!(problems, vec![]);
    rows
}

fn log(run: &str, number: u32) -> Observation {
    let at = |minute: i64| Some(Timestamp((1_714_525_200 + minute * 60) * 1_000_000));
    let source = Source::named(&format!("dag_id=d/run_id={run}/task_id=t/attempt={number}.log"), None);
    Observation { task: source.task.clone(), source, lines: 9, started: at(0), ended: at(10), ..Observation::default() }
}

/// `try outcome host: because` of each attempt; `2024-05-01T01:00Z` is when the logs begin.
fn told(logs: &[Observation], lines: &[&str]) -> Vec<String> {
    let rules = load(&[], false).unwrap();
    let mut rows = rows(lines);
    let tell = |rows: &[Instance], logs: Vec<Observation>| -> Vec<String> {
        let table = join(logs, rows, &rules);
        let number = |attempt: AttemptRef<'_>| attempt.try_number().map_or("-".to_owned(), |number| number.to_string());
        let host = |attempt: AttemptRef<'_>| attempt.host().unwrap_or("-").to_owned();
        table
            .iter()
            .map(|attempt| format!("{} {} {}: {}", number(attempt), attempt.outcome().name(), host(attempt), attempt.outcome_because()))
            .collect()
    };
    let told = tell(&rows, logs.to_vec());
    rows.reverse();
    assert_eq!(tell(&rows, logs.iter().rev().cloned().collect()), told, "the order does not matter");
    told
}

#[test]
fn a_row_speaks_for_its_try() {
    let logs = [log("r", 1), log("r", 2)];
    let want = [
        "1 up_for_retry -: the log just stops, and a later try exists",
        "2 success w2: the task-instance export says success: ti.csv line 2",
    ];
    assert_eq!(told(&logs, &["d,r,t,2,success,w2,,,,1,,,"]), want);
    assert_eq!(told(&logs, &["d,r,t,,success,w2,,,,1,,,"]), want, "without a try it is the latest");
    let history = told(&logs, &["d,r,t,2,success,w2,,,,1,,,", "d,r,t,1,failed,w1,,,,1,,,"]);
    assert_eq!(history[0], "1 up_for_retry w1: the task-instance export says failed (ti.csv line 3), and a later try exists");
    let older = told(&[log("r", 1)], &["d,r,t,2,success,w2,,,,1,,,"]);
    assert_eq!(older, ["1 up_for_retry -: the log just stops, and the task-instance export knows a later try: ti.csv line 2"]);
    let other = told(&[log("r", 1)], &["d,r2,t,1,success,w2,,,,1,,,", "d2,r,t,1,success,w2,,,,1,,,", "d,r,u,1,success,w2,,,,1,,,"]);
    assert_eq!(other, ["1 unknown -: the log just stops"]);
}

#[test]
fn a_run_is_known_by_its_date_where_that_is_all() {
    let date = "2024-05-01T00:00:00+00:00";
    for (run, row) in [
        (date, format!("d,scheduled__{date},t,1,success,w,,,,,,,")),
        (date, format!("d,my_run,t,1,success,w,,,,,,,{date}")),
        (&format!("manual__{date}"), format!("d,,t,,success,w,,,,,,,{date}")),
        ("manual__2024-05-01T00_00_00+00_00", format!("d,manual__{date},t,1,success,w,,,,,,,")),
    ] {
        let told = told(&[log(run, 1)], &[&row]);
        assert_eq!(told, ["1 success w: the task-instance export says success: ti.csv line 2"], "{run}: {row}");
    }
    let told = told(&[log(&format!("manual__{date}"), 1)], &[&format!("d,scheduled__{date},t,1,success,w,,,,,,,")]);
    assert_eq!(told, ["1 unknown -: the log just stops"], "two runs may have one date");
}

#[test]
fn a_verdict_in_the_log_outranks_the_row_unless_it_was_taken_back() {
    let with = |outcome| [Observation { outcome: Some((outcome, 7)), ending: Ending::Verdict, ..log("r", 1) }];
    let failed = ["d,r,t,1,success,w,2024-05-01 01:00:00,2024-05-01 05:00:00,,,,,"];
    assert_eq!(told(&with(Outcome::Failed), &failed), ["1 failed w: the log says so at line 7"]);
    for (ended, want) in [
        ("01:10:00", "1 success w: the log says so at line 7"),
        ("01:10:01", "1 failed w: the task-instance export says failed (ti.csv line 2), after the log said success at line 7"),
    ] {
        let row = format!("d,r,t,1,failed,w,2024-05-01 01:00:00,2024-05-01 {ended},,,,,");
        assert_eq!(told(&with(Outcome::Success), &[&row]), [want]);
    }
    let running = ["d,r,t,1,running,w,,,,,,,"];
    assert_eq!(told(&[log("r", 1)], &running), ["1 running w: the task-instance export says running: ti.csv line 2"]);
    assert_eq!(told(&with(Outcome::Failed), &running), ["1 failed w: the log says so at line 7"]);
    assert_eq!(told(&[log("r", 1)], &["d,r,t,1,upstream_failed,,,,,,,,"]), ["1 unknown -: the log just stops"]);
    let killed = [Observation { ending: Ending::Killed, ..log("r", 1) }];
    assert_eq!(told(&killed, &["d,r,t,1,running,w,,,,2,,,"]), ["1 up_for_retry w: its process was killed, and another try follows"]);
}

#[test]
fn of_several_rows_the_one_that_ended_last_counts() {
    let lines =
        ["d,r,t,1,success,new,,2024-05-01 03:00:00,,,,,", "d,r,t,1,failed,old,,2024-05-01 02:00:00,,,,,", "d,r,t,1,failed,none,,,,,,,"];
    assert_eq!(told(&[log("r", 1)], &lines), ["1 success new: the task-instance export says success: ti.csv line 2"]);
}

#[test]
fn what_failed_without_a_log_is_told() {
    let logs = [log("r", 1)];
    let lines = [
        "d,r,u,1,failed,,,,,,,,",
        "d,r,v,1,success,w,,,,,,,",
        "d,r,w,1,upstream_failed,,,,,,,,",
        "d,r,x,1,queued,,,,2024-05-01 01:00:01,,,,",
        "d,r,y,1,queued,,,,2024-05-01 01:00:00,,,,",
        // Other runs: one in the time of the logs, one not; another DAG.
        "d,r2,u,1,failed,,2024-05-01 01:05:00,,,,,,",
        "d,r3,u,1,failed,,2024-05-01 01:10:01,,,,,,",
        "e,r,u,1,failed,,2024-05-01 01:05:00,,,,,,",
        // What has the same instance with a try, and what has a log, is no other.
        "d,r,u,,failed,,,,,,,,",
        "d,r,z,2,failed,,,,,,,,",
        "d,r,z,1,up_for_retry,,,,,,,,",
        "d,r,t,1,failed,,,,,,,,",
    ];
    let says = |number: u32, outcome: &str, state: &str, line: u32| {
        format!("{number} {outcome} -: the task-instance export says {state} (ti.csv line {line}); no log of it was scanned")
    };
    let mut want = vec![
        "1 failed -: the task-instance export says failed: ti.csv line 13".to_owned(),
        says(1, "failed", "failed", 2),
        says(1, "unknown", "queued", 6),
        says(1, "up_for_retry", "up_for_retry", 12),
        says(2, "failed", "failed", 11),
        says(1, "failed", "failed", 7),
    ];
    assert_eq!(told(&logs, &lines).len(), want.len());
    let mut all = told(&logs, &lines);
    all.sort();
    want.sort();
    assert_eq!(all, want);
    assert_eq!(told(&[], &["e,r,u,1,failed,,,,,,,,"]), [says(1, "failed", "failed", 2)], "nothing else was scanned");
}

#[test]
fn what_the_log_does_not_say_is_filled() {
    let rules = load(&[], false).unwrap();
    let rows = rows(&["d,r,t,1,failed,w,2024-05-01 00:30:00,2024-05-01 00:40:00,,,heavy,db,"]);
    let bare = Observation { started: None, ended: None, ..log("r", 1) };
    let known = Observation { host: Some("own".into()), ..log("r", 1) };
    for (log, host, started) in [(bare, "w", "2024-05-01T00:30:00Z"), (known, "own", "2024-05-01T01:00:00Z")] {
        let table = join(vec![log], &rows, &rules);
        let attempt = table.at(0);
        let words = [attempt.host(), attempt.queue(), attempt.pool()].map(|word| word.unwrap());
        assert_eq!((words, attempt.started().unwrap().to_string()), ([host, "heavy", "db"], started.to_owned()));
        assert!(attempt.has_log());
    }
}
