//! A log as CloudWatch hands it out in rows gives the same diagnosis as its file: CSV of the console and of Insights, and the text that
//! `aws logs` prints between tabs. What only begins like one of them is read as it stands.

#![cfg(unix)]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::collectors::said;
use crate::input::{FAILED, problem, report};
use crate::logs::put;

/// The log of a task of Airflow 3, as that version wrote it.
fn structured() -> String {
    let path = "tests/dialects/airflow-3.2.2/dag_id=nightly_rates";
    let mut logs: Vec<_> = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.ends_with("task_id=refused/attempt=1.log"))
        .collect();
    fs::read_to_string(logs.swap_remove(0)).unwrap()
}

/// The events of a log, as the handler of CloudWatch sends them: a record each, with its traceback.
fn events(log: &str) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for line in log.lines() {
        match events.last_mut() {
            Some(last) if !line.starts_with("[2026-") && !line.starts_with('{') => *last += &format!("\n{line}"),
            _ => events.push(line.to_owned()),
        }
    }
    events
}

fn millis(number: usize) -> String {
    (1_795_245_390_000 + number).to_string()
}

fn iso(number: usize) -> String {
    format!("2026-11-21 07:16:30.{number:03}")
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// Every event as a row.
fn rows(log: &str, row: impl Fn(usize, &str) -> String) -> Vec<String> {
    events(log).iter().enumerate().map(|(number, event)| row(number, event)).collect()
}

const STREAM: &str = "dag_id=shop/run_id=r/task_id=push/attempt=1.log";

#[test]
fn every_export_in_rows_is_read_as_the_log_that_it_holds() {
    for log in [FAILED.to_owned(), structured()] {
        let plain = said(&log);
        assert!(plain.len() == 1 && plain[0].as_array().unwrap()[8].as_array().is_some_and(|causes| !causes.is_empty()), "{plain:?}");
        let console = rows(&log, |number, event| format!("{},{}\r\n", millis(number), quoted(event)));
        assert_eq!(said(&format!("timestamp,message\r\n{}", console.concat())), plain);
        let insights = rows(&log, |number, event| format!("{},{}\n", iso(number), quoted(event)));
        assert_eq!(said(&format!("@timestamp,@message\n{}", insights.concat())), plain);
        let newest_first: String = insights.iter().rev().cloned().collect();
        assert_eq!(said(&format!("@timestamp,@message\n{newest_first}")), plain);
        let get = rows(&log, |number, event| format!("EVENTS\t{}\t{event}\t{}\n", millis(number + 900), millis(number)));
        assert_eq!(said(&get.concat()), plain);
        assert_eq!(said(&format!("b/3912/s\tf/3913/s\n{}", get.concat())), plain);
        let id = "3".repeat(56);
        let filter = rows(&log, |number, event| format!("EVENTS\t{id}\t{}\tstream-1\t{event}\t{}\n", millis(number + 900), millis(number)));
        assert_eq!(said(&format!("{}SEARCHEDLOGSTREAMS\tTrue\tstream-1\n", filter.concat())), plain);
    }
}

#[test]
fn the_log_stream_says_whose_a_row_is() {
    // What the log itself says of its identity is left out.
    let log: String = FAILED.replace("shop.push r", "x").replace("dag_id=shop, task_id=push, run_id=r, ", "");
    let csv = rows(&log, |number, event| format!("{},{},{STREAM},1:airflow-Task\n", iso(number), quoted(event)));
    let tabbed = rows(&log, |number, event| {
        format!("EVENTS\t{}\t{}\t{STREAM}\t{event}\t{}\n", "3".repeat(56), millis(number + 900), millis(number))
    });
    for text in [format!("@timestamp,@message,@logStream,@log\n{}", csv.concat()), tabbed.concat()] {
        let attempts = said(&text);
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        assert_eq!(attempts[0].as_array().unwrap()[..4], ["shop".into(), "r".into(), "push".into(), Value::from(1)]);
    }
}

/// What is reported of a text, with the lines of its symptoms.
fn report_of(text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    report(&put(folder.path(), "export.csv", text)).1
}

fn lines_of(report: &Value) -> Vec<u64> {
    report["attempts"][0]["symptoms"].as_array().unwrap().iter().filter_map(|symptom| symptom["line"].as_u64()).collect()
}

#[test]
fn a_symptom_has_the_line_in_the_file() {
    let csv = rows(FAILED, |number, event| format!("{},{}\n", millis(number), quoted(event)));
    let below: Vec<u64> = lines_of(&report_of(FAILED)).into_iter().map(|line| line + 1).collect();
    assert!(!below.is_empty());
    assert_eq!(lines_of(&report_of(&format!("timestamp,message\n{}", csv.concat()))), below);
}

#[test]
fn a_damaged_row_is_counted_and_the_others_are_read() {
    let mut csv = rows(FAILED, |number, event| format!("{},{}\n", millis(number), quoted(event)));
    csv.insert(2, "1795245390001,\"a quote that nothing ends\n".to_owned());
    let damaged = report_of(&format!("timestamp,message\n{}", csv.concat()));
    assert!(problem(&damaged, "not-parsed", "export.csv").starts_with("1 places"), "{damaged:#}");
    let whole = report_of(FAILED);
    for key in ["task_id", "outcome", "causes"] {
        assert_eq!(damaged["attempts"][0][key], whole["attempts"][0][key], "{key}");
    }
    // An export that was cut off within its last row.
    let csv = rows(FAILED, |number, event| format!("EVENTS\t{}\t{event}\t{}\n", millis(number), millis(number))).concat();
    let cut = report_of(&csv[..csv.len() - 20]);
    assert!(problem(&cut, "not-parsed", "export.csv").contains("first at line 13"), "{cut:#}");
    assert_eq!(cut["attempts"][0]["causes"], whole["attempts"][0]["causes"]);
}

#[test]
fn a_log_that_only_begins_like_a_table_is_no_export() {
    let plain = said(FAILED);
    for first in ["timestamp,message\n1795245390000,\"one\ntwo\"\n", "@timestamp,@message\n", "EVENTS\t1795245390000\tthree\n"] {
        let (_, report) = {
            let folder = tempfile::tempdir().unwrap();
            report(&put(folder.path(), "x.log", format!("{first}{FAILED}")))
        };
        assert_eq!(report["problems"].as_array().unwrap().len(), 0, "{first}: {report:#}");
        assert_eq!(report["attempts"][0]["outcome"], "failed", "{first}");
    }
    let (head, tail) = FAILED.split_at(FAILED.find("[2026-11-21T07:16:24.500").unwrap());
    assert_eq!(said(&format!("{head}timestamp,message\n1795245390000,\"one\ntwo\"\n{tail}")), plain);
}
