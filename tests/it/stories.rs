//! The sample logs, whose truth is known: every attempt is in the report as what it was, nothing is said of healthy ones, and every story
//! is told right.
//!
//! The stories stand in `sample-logs/README.md`, what is true of each attempt in `sample-logs/truth.jsonl`. Here stands which causes count
//! as right for a story; where the logs cannot tell two causes apart, both do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use crate::program::report;

/// How many of a story's failed attempts must have the right cause first.
const RIGHT_MIN: f64 = 0.75;

/// The story, `-` where there is none; the label of the attempt; the causes of which the first must be one.
const RIGHT: [(&str, &str, &[&str]); 26] = [
    ("a", "connection_reset", &["server-overload", "undetermined-remote-close", "server-restart"]),
    ("a", "http_5xx", &["server-overload"]),
    ("a", "remote_closed_without_response", &["server-overload", "undetermined-remote-close", "server-restart"]),
    ("b", "keepalive_idle_close", &["keepalive-race", "lb-idle-timeout"]),
    ("c", "connection_refused", &["server-restart", "service-down"]),
    ("c", "server_restart", &["server-restart"]),
    ("d-connect", "connect_timeout", &["firewall-drop", "no-route"]),
    ("d-read", "read_timeout", &["client-timeout-short", "server-overload", "proxy-request-timeout"]),
    ("e", "peer_oom_killed", &["worker-oom", "server-worker-killed"]),
    ("e", "worker_oom_kill", &["worker-oom"]),
    ("f-field", "http_bad_request", &["bad-request"]),
    ("f-size", "payload_too_large", &["payload-too-large"]),
    ("g", "auth_token_expired", &["expired-session-long-task", "auth-invalid"]),
    ("h", "tls_ca_not_trusted", &["tls-ca-missing"]),
    ("i", "task_execution_timeout", &["client-no-timeout", "execution-timeout"]),
    ("j", "http_5xx", &["server-overload", "service-down", "server-error"]),
    ("k", "connection_refused_service_down", &["service-down", "server-restart"]),
    ("l", "host_network_down", &["host-network", "no-route"]),
    ("p", "connection_refused_service_down", &["service-down", "server-restart"]),
    ("q", "heartbeat_lost", &["zombie", "host-lost"]),
    ("-", "bash_exit_127", &["missing-binary"]),
    ("-", "key_error", &["user-code-error"]),
    ("-", "connection_reset", &["undetermined-remote-close", "server-overload", "server-restart", "firewall-reset", "keepalive-race"]),
    // Healthy: nothing may be said.
    ("-", "none", &[]),
    ("-", "healthy_alarming", &[]),
    ("-", "skipped", &[]),
];

/// What the failed attempts of a story have in common, for those stories whose logs prove more together than each alone.
const TOGETHER: [(&str, &[&str]); 5] = [
    ("a", &["server-overload"]),
    ("b", &["keepalive-race", "lb-idle-timeout"]),
    ("c", &["server-restart"]),
    ("e", &["worker-oom"]),
    ("l", &["host-network", "no-route"]),
];

fn truth() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/truth.jsonl");
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

static REPORT: LazyLock<Value> = LazyLock::new(|| report(&["sample-logs"]));

/// Each row of the truth with the attempts of its log.
fn rows() -> Vec<(Value, Vec<&'static Value>)> {
    let mut by_path: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for attempt in REPORT["attempts"].as_array().unwrap() {
        by_path.entry(attempt["path"].as_str().unwrap()).or_default().push(attempt);
    }
    let rows = truth().into_iter().map(|row| {
        let path = format!("sample-logs/{}", row["path"].as_str().unwrap());
        let attempts = by_path.get(path.as_str()).cloned().unwrap_or_default();
        (row, attempts)
    });
    rows.collect()
}

fn tree(row: &Value) -> &str {
    row["path"].as_str().unwrap().split('/').next().unwrap()
}

fn story(row: &Value) -> &str {
    row["story"].as_str().unwrap_or("-")
}

fn has_failed(row: &Value) -> bool {
    row["outcome"] == "failed" || row["outcome"] == "up_for_retry"
}

fn first_cause(of: &Value) -> &str {
    of["causes"][0]["id"].as_str().unwrap_or("nothing")
}

fn right(row: &Value) -> &'static [&'static str] {
    let label = row["cause"].as_str().unwrap();
    let entry = RIGHT.iter().find(|(of, cause, _)| *of == story(row) && *cause == label);
    entry.unwrap_or_else(|| panic!("no right causes for {label} in story {}", story(row))).2
}

#[test]
fn every_attempt_is_reported_as_what_it_was() {
    let mut wrong = String::new();
    let rows = rows();
    assert!(rows.len() > 200);
    for (row, attempts) in &rows {
        let [attempt] = attempts.as_slice() else {
            writeln!(wrong, "{}: {} attempts", row["path"], attempts.len()).unwrap();
            continue;
        };
        let map_index = if row["map_index"] == -1 { &Value::Null } else { &row["map_index"] };
        let mut expected = vec![
            ("kind", &attempt["kind"] == "task"),
            ("dag_id", attempt["dag_id"] == row["dag_id"]),
            ("task_id", attempt["task_id"] == row["task_id"]),
            ("try_number", attempt["try_number"] == row["try"]),
            ("map_index", attempt["map_index"] == *map_index),
            ("outcome", attempt["outcome"] == row["outcome"]),
        ];
        // Airflow 1.10 names a folder after the logical date and keeps the run's id to itself; Airflow 3 does not log the host.
        if tree(row) != "airflow-1.10" {
            expected.push(("run_id", attempt["run_id"] == row["run_id"]));
        }
        if !tree(row).starts_with("airflow-3.") {
            expected.push(("host", attempt["host"] == row["host"]));
        }
        for (field, _) in expected.iter().filter(|(_, is_right)| !is_right) {
            writeln!(wrong, "{}: {field} is {} in the report, and in truth {}", row["path"], attempt[*field], row[*field]).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn nothing_else_is_taken_for_an_attempt() {
    let known = rows().len() as u64;
    let tasks = REPORT["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["kind"] == "task").count() as u64;
    assert_eq!((REPORT["totals"]["attempts"].as_u64(), tasks), (Some(known), known));
}

#[test]
fn nothing_is_said_of_healthy_attempts() {
    for (row, attempts) in rows().iter().filter(|(row, _)| !has_failed(row)) {
        assert!(right(row).is_empty());
        for attempt in attempts {
            assert!(attempt["incident"].is_null() && attempt["causes"] == Value::Array(Vec::new()), "{attempt:#}");
        }
    }
}

#[test]
fn no_failed_attempt_goes_without_a_word() {
    for (row, attempts) in rows().iter().filter(|(row, _)| has_failed(row)) {
        let told = attempts.iter().all(|attempt| attempt["incident"].is_number() && first_cause(attempt) != "nothing");
        assert!(told, "{}: {attempts:#?}", row["path"]);
    }
}

#[test]
fn the_first_cause_of_most_attempts_of_every_story_is_right() {
    let mut stories: BTreeMap<(String, String), Vec<(bool, String)>> = BTreeMap::new();
    for (row, attempts) in rows().iter().filter(|(row, _)| has_failed(row)) {
        for attempt in attempts {
            let is_right = right(row).contains(&first_cause(attempt));
            let told = format!("{}, {}: {}", row["path"].as_str().unwrap(), row["cause"].as_str().unwrap(), first_cause(attempt));
            stories.entry((tree(row).to_owned(), story(row).to_owned())).or_default().push((is_right, told));
        }
    }
    assert!(stories.len() > 20);
    let mut wrong = String::new();
    for ((tree, story), attempts) in stories {
        let is_right = attempts.iter().filter(|(is_right, _)| *is_right).count();
        if (is_right as f64) < RIGHT_MIN * attempts.len() as f64 {
            let misses: Vec<&String> = attempts.iter().filter(|(is_right, _)| !is_right).map(|(_, told)| told).collect();
            writeln!(wrong, "{tree}, story {story}: {is_right} of {} right; {misses:#?}", attempts.len()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_logs_of_a_story_together_tell_its_cause() {
    let rows = rows();
    let mut wrong = String::new();
    for (name, right) in TOGETHER {
        for tree_name in ["airflow-2.10", "airflow-3.1", "airflow-3.3"] {
            let mut incidents: BTreeMap<u64, usize> = BTreeMap::new();
            let of_story = rows.iter().filter(|(row, _)| story(row) == name && tree(row) == tree_name && has_failed(row));
            for attempt in of_story.flat_map(|(_, attempts)| attempts) {
                if let Some(incident) = attempt["incident"].as_u64() {
                    *incidents.entry(incident).or_default() += 1;
                }
            }
            // Story l was played by Airflow 2.10 only.
            let Some((largest, size)) = incidents.iter().max_by_key(|(_, size)| **size) else {
                assert!(name == "l" && tree_name != "airflow-2.10");
                continue;
            };
            let total: usize = incidents.values().sum();
            let cause = first_cause(&REPORT["incidents"][*largest as usize]);
            if *size * 2 < total || !right.contains(&cause) {
                writeln!(
                    wrong,
                    "story {name} in {tree_name}: {size} of {total} failures in one incident, whose first cause is {cause}; {incidents:?}"
                )
                .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn failures_of_different_stories_are_different_incidents() {
    // One endpoint each, days or servers apart: none of these has anything to do with another.
    let apart = ["a", "b", "c", "e", "f-field", "f-size", "g", "h", "i", "l", "p", "q"];
    let mut stories: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (row, attempts) in rows().iter().filter(|(row, _)| has_failed(row) && apart.contains(&story(row))) {
        for incident in attempts.iter().filter_map(|attempt| attempt["incident"].as_u64()) {
            let stories = stories.entry(incident).or_default();
            if !stories.iter().any(|known| known == story(row)) {
                stories.push(story(row).to_owned());
            }
        }
    }
    let mixed: Vec<_> = stories.iter().filter(|(_, stories)| stories.len() > 1).collect();
    assert!(mixed.is_empty(), "{mixed:?}");
}
