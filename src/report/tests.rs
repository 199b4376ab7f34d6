//! Whole reports on the fixture: what each format must tell, and what must not get through.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::fixture::{HOSTILE, Night};
use super::*;
use crate::diagnose::Diagnosis;

/// Whether every piece stands in the text, in this order.
fn in_order(text: &str, pieces: &[&str]) {
    let mut rest = text;
    for piece in pieces {
        let at = rest.find(piece).unwrap_or_else(|| panic!("{piece:?} is missing, or stands too early, in\n{text}"));
        rest = &rest[at + piece.len()..];
    }
}

fn parsed(night: &Night, list: ListAttempts) -> serde_json::Value {
    serde_json::from_str(&night.written(Format::Json, list, false)).unwrap()
}

#[test]
fn text_tells_what_happened_why_and_what_to_do() {
    let text = Night::new().written(Format::Text, ListAttempts::Failed, false);
    in_order(
        &text,
        &[
            "2 incidents, 1 of them explained, hold 3 failed attempts of 5 (1 recovered on\nretry); 1 succeeded, 1 with unknown outcome.\n",
            "Read 6 logs: 18.4 MB, 120,311 lines, written from 2026-11-21 06:58 to 07:16 UTC.",
            "1 input could not be read in full; see the end.",
            "Look now at 1; today at 2.\n",
            "1. HIGH      Connection reset by peer: api.example.com:443\n             likely lb-idle-timeout, 78%; DAG author; 2 logs, 11-21 07:16\n",
            "2. MEDIUM    Unrecognised failure: ",
            "no known cause; whose unclear; 1 log, 11-21 07:16\n",
            "1. HIGH       Connection reset by peer: api.example.com:443\n",
            "   Why        A load balancer, NAT or firewall dropped a connection that was\n              silent too long (likely, 78%)\n",
            "   Whose      DAG author",
            "   Urgent     now: 2 tasks stand still.\n",
            "   Retry      helps; safe only under a condition. A new connection works;",
            "   First      Send TCP keep-alive probes",
            "                session.mount(",
            "   Began with ",
            "   For it     + 2 of 2 connections had been silent",
            "attempt=1.log:45\n",
            "   Against it - A later try connected",
            "   Or         The server had more work than it could do 15%; something else 6%\n",
            "   Then       Turn the long silent call",
            "   To confirm See whether the waiting connection sends",
            "                $ ss -tno dst HOST\n",
            "   As code    The verdict on another try as code (airflow >= 3.3)\n                policy = 1\n",
            "   Seen       logs/",
            "   Spread     All 2 failures",
            "   Scope      host worker-b; endpoint api.example.com:443; tasks orders.push,\n              orders.send, orders.a, orders.b and 2 more; operator",
            "   More       dagnosis explain lb-idle-timeout; incident ",
            "2. MEDIUM     Unrecognised failure: ",
            "   Why        No known cause fits",
            "   Whose      not clear yet\n",
            "   Urgent     today: 1 task stands still.\n",
            "   First      Read the log\n",
            "Not read or not understood\n",
            "1 damaged",
            "2 empty",
            "1 attempt with unknown outcome",
        ],
    );
}

#[test]
fn hostile_text_acts_nowhere_and_secrets_are_gone() {
    let mut night = Night::new();
    night.diagnosed.diagnoses[0].first_step.run = Some(format!("echo {HOSTILE}\u{1b}[2J"));
    for format in [
        Format::Text,
        Format::Mail,
        Format::Markdown,
        Format::Html,
        Format::Json,
        Format::Sarif,
        Format::Junit,
        Format::Github,
        Format::Gitlab,
        Format::Prometheus,
    ] {
        let written = night.written(format, ListAttempts::All, false);
        assert!(!written.chars().any(|c| c != '\n' && c.is_control()), "{format:?} has a control character");
        assert!(!written.contains('\u{202e}') && !written.contains("hunter2"), "{format:?}");
    }
    let json = parsed(&night, ListAttempts::All);
    assert_eq!(json["incidents"][0]["examples"][1]["excerpt"], HOSTILE.replace("hunter2", "***"));
    let markdown = night.written(Format::Markdown, ListAttempts::All, false);
    let outside_of_code: String = markdown.split("````").step_by(2).collect();
    assert!(!outside_of_code.contains("<script>") && !outside_of_code.contains("\n# heading"), "{outside_of_code}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let night = Night::new();
    let (plain, colored) = (night.written(Format::Text, ListAttempts::All, false), night.written(Format::Text, ListAttempts::All, true));
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]+m").unwrap();
    assert!(codes.is_match(&colored));
    assert_eq!(codes.replace_all(&colored, ""), plain);
}

#[test]
fn a_healthy_night_and_an_empty_one_say_so() {
    let healthy = Night::healthy();
    let text = healthy.written(Format::Text, ListAttempts::All, false);
    assert_eq!(
        text,
        "No failure found in 1 attempt: 1 succeeded.\nRead 1 log: 900 bytes, 12 lines, written from 2026-11-21 06:58 to 07:16 UTC.\n"
    );
    let empty = Night { attempts: Default::default(), diagnosed: Default::default(), stats: Default::default(), ..healthy };
    in_order(&empty.written(Format::Text, ListAttempts::All, false), &["Nothing was read", "Give a folder of task logs"]);
    in_order(&empty.written(Format::Markdown, ListAttempts::All, false), &["Nothing was read", "Give a folder of task logs"]);
}

#[test]
fn incidents_after_the_tenth_are_short_but_not_dropped() {
    let mut night = Night::new();
    let first = night.diagnosed.diagnoses[0].clone();
    night.diagnosed.diagnoses = (0..12).map(|n| Diagnosis { title: format!("incident-{n}"), ..first.clone() }).collect();
    let text = night.written(Format::Text, ListAttempts::All, false);
    assert_eq!(text.matches("   Whose ").count(), 10);
    in_order(
        &text,
        &[
            "1. HIGH      incident-0\n",
            "10. HIGH",
            "11. HIGH      incident-10\n              likely lb-idle-timeout, 78%; DAG author; 2 logs, 11-21 07:16\n",
            "12. HIGH      incident-11\n",
            "10. HIGH      incident-9\n              2 attempts of 2",
            "2 incidents more stand in the list above",
            "   11. logs/",
            "   12. logs/",
        ],
    );
    let mail = night.written(Format::Mail, ListAttempts::All, false);
    assert_eq!(mail.matches("   Whose ").count(), 3);
    assert!(night.written(Format::Markdown, ListAttempts::All, false).contains("| 12 | high | incident-11 | 2 |"));
}

#[test]
fn every_row_of_the_table_has_its_seven_cells() {
    let markdown = Night::new().written(Format::Markdown, ListAttempts::All, false);
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.matches('|').count() == 8), "{rows:#?}");
}

#[test]
fn json_keeps_the_contract_whatever_is_listed() {
    let schema: serde_json::Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for night in [Night::new(), Night::healthy()] {
        for list in [ListAttempts::All, ListAttempts::Failed, ListAttempts::None] {
            let report = parsed(&night, list);
            let errors: Vec<String> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn json_indexes_point_into_the_list_that_is_written() {
    let night = Night::new();
    let tasks = |list| {
        let report = parsed(&night, list);
        let indexes: Vec<usize> =
            report["incidents"][0]["attempts"].as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize).collect();
        let tasks: Vec<String> = indexes.iter().map(|at| report["attempts"][at]["task_id"].as_str().unwrap().to_owned()).collect();
        (tasks, report["incidents"][0]["root"].as_u64(), report["attempts"].as_array().unwrap().len())
    };
    assert_eq!(tasks(ListAttempts::All), (vec!["push".to_owned(), "send".to_owned()], Some(5), 6));
    assert_eq!(tasks(ListAttempts::Failed), (vec!["push".to_owned(), "send".to_owned()], Some(4), 5));
    assert_eq!(tasks(ListAttempts::None), (vec![], None, 0));
}

#[test]
fn json_numbers_are_short_and_times_are_utc() {
    let report = parsed(&Night::new(), ListAttempts::All);
    let incident = &report["incidents"][0];
    assert_eq!(incident["causes"][0]["probability"].to_string(), "0.784");
    assert_eq!(incident["patterns"][0]["numbers"].to_string(), r#"{"failures":2,"p_value":0.000123457}"#);
    assert_eq!(incident["first_seen"], "2026-11-21T06:58:00Z");
    assert_eq!(report["attempts"][0]["map_index"], serde_json::Value::Null);
    let totals = &report["totals"];
    let sum: u64 = ["failed", "up_for_retry", "succeeded", "skipped", "unfinished", "unknown"]
        .iter()
        .map(|name| totals[*name].as_u64().unwrap())
        .sum();
    assert_eq!((sum, totals["attempts"].as_u64().unwrap(), totals["recovered"].as_u64().unwrap()), (5, 5, 1));
}
