//! A log as the tools of collectors hand it out gives the same diagnosis as its file: newest entry first, behind the prefixes of `journalctl`,
//! `docker service logs` and `logcli`, with what the tool says itself before it.

#![cfg(unix)]

use serde_json::{Value, json};

use crate::input::{FAILED, report};
use crate::logs::put;

/// What a report says of its attempts, without where they were read.
pub(crate) fn said(text: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "export.txt", text);
    let (_, report) = report(&path);
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.iter().all(|problem| problem["kind"] == "order"), "{problems:?}");
    let keys = ["dag_id", "run_id", "task_id", "try_number", "started", "ended", "outcome", "ending", "causes"];
    let attempts = report["attempts"].as_array().unwrap();
    let symptoms =
        |attempt: &Value| attempt["symptoms"].as_array().unwrap().iter().map(|symptom| json!([symptom["id"], symptom["role"]])).collect();
    attempts.iter().map(|attempt| keys.iter().map(|key| attempt[*key].clone()).chain([symptoms(attempt)]).collect()).collect()
}

/// The log with every line in an envelope, made of its number and the line.
fn each_line(envelope: impl Fn(usize, &str) -> String) -> Vec<String> {
    FAILED.lines().enumerate().map(|(number, line)| envelope(number, line)).collect()
}

fn turned(lines: &[String]) -> String {
    lines.iter().rev().map(|line| format!("{line}\n")).collect()
}

fn clock(number: usize) -> String {
    format!("2026-11-21T07:16:{:02}.749123456Z", 30 + number)
}

#[test]
fn an_export_with_the_newest_entry_first_is_read_from_its_end() {
    let plain = said(FAILED);
    let cloud = each_line(|number, line| {
        json!({"insertId": number.to_string(), "textPayload": line, "timestamp": clock(number), "resource": {"type": "cloud_composer_environment"},
            "logName": "projects/p/logs/airflow"})
        .to_string()
    });
    assert_eq!(said(&turned(&cloud)), plain);
    let document: Vec<String> = cloud.iter().rev().cloned().collect();
    assert_eq!(said(&format!("[{}]", document.join(",\n"))), plain);
    let loki = each_line(|number, line| json!({"labels": {"pod": "shop-push-x1"}, "line": line, "timestamp": clock(number)}).to_string());
    assert_eq!(said(&turned(&loki)), plain);
    let text = each_line(|number, line| format!("2026-11-21T07:16:{:02}Z {{app=\"shop\", pod=\"shop-push-x1\"}} {line}", 30 + number));
    assert_eq!(said(&turned(&text)), plain);
    assert_eq!(said(&(text.join("\n") + "\n")), plain);
}

#[test]
fn every_form_of_journalctl_and_the_prefixes_of_containers_are_peeled() {
    let plain = said(FAILED);
    for prefix in [
        "Nov 21 07:16:30.123456 node-3 airflow[812]: ",
        "Sat 2026-11-21 07:16:30 UTC node-3 airflow[812]: ",
        "Sat 2026-11-21 07:16:30.123456 UTC node-3 airflow[812]: ",
        "<14>Nov 21 07:16:30 node-3 airflow[812]: ",
        "airflow_task.1.k2j3h4g5f6@node-3    | ",
        r#"2026-11-21T07:16:30Z {app="airflow", pod="shop-push-x1"} "#,
        "2026-11-21T07:16:30Z {} ",
    ] {
        assert_eq!(said(&each_line(|_, line| format!("{prefix}{line}\n")).concat()), plain, "{prefix}");
    }
    let stern =
        |line: &str| json!({"message": line, "nodeName": "n", "namespace": "airflow", "podName": "shop-push-x1", "containerName": "base"});
    assert_eq!(said(&each_line(|_, line| format!("{}\n", stern(line))).concat()), plain);
}

#[test]
fn what_a_tool_says_before_the_log_is_no_attempt_of_its_own() {
    let plain = said(FAILED);
    let journal = each_line(|_, line| format!("Nov 21 07:16:30 node-3 airflow[812]: {line}\n")).concat();
    assert_eq!(said(&format!("-- Logs begin at Mon 2026-11-16 09:00:01 UTC, end at Sat 2026-11-21 12:40:00 UTC. --\n{journal}")), plain);
    let pods = each_line(|_, line| format!("[pod/shop-push-x1/base] {line}\n")).concat();
    assert_eq!(said(&format!("Defaulted container \"base\" out of: base, git-sync (init)\n{pods}")), plain);
}

#[test]
fn a_host_behind_which_a_colour_ends_is_named_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        put(folder.path(), "x.log", FAILED.replace("on host worker-a.example.internal", "on host worker-a.example.internal\u{1b}[0m"));
    assert_eq!(report(&path).1["attempts"][0]["host"], "worker-a.example.internal");
}

#[test]
fn answers_of_loki_and_the_journals_objects_over_many_lines_are_read() {
    let plain = said(FAILED);
    let nanoseconds = |number: usize| (1_795_245_390_000_000_000 + number as u64 * 1_000_000_000).to_string();
    let values: Vec<Value> = FAILED.lines().enumerate().map(|(number, line)| json!([nanoseconds(number), line])).collect();
    let answer = |values: &[Value]| {
        json!({"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"pod": "shop-push-x1"}, "values": values}], "stats": {}}})
            .to_string()
    };
    assert_eq!(said(&answer(&values)), plain);
    assert_eq!(said(&answer(&values.iter().rev().cloned().collect::<Vec<_>>())), plain);
    let journal = each_line(|number, line| {
        let entry = json!({"__REALTIME_TIMESTAMP": (1_795_245_390_000_000 + number as u64).to_string(), "_HOSTNAME": "node-3", "_PID": "812",
            "_SYSTEMD_UNIT": "airflow-task.service", "MESSAGE": line});
        serde_json::to_string_pretty(&entry).unwrap() + "\n"
    });
    assert_eq!(said(&journal.concat()), plain);
}
