//! Tracebacks that come one line per record, with headers between, and tracebacks that break off.

use serde_json::{Value, json};

use crate::logs::{log_of, put};
use crate::program::run_with;

const TRACEBACK: [&str; 6] = [
    "Traceback (most recent call last):",
    "  File \"/opt/jobs/load.py\", line 12, in <module>",
    "    main()",
    "  File \"/opt/jobs/load.py\", line 7, in fetch",
    "    raise Stale(day)",
    "loader.Stale: the feed of 2026-11-20 is missing",
];

/// A record of Airflow 3, as a bash command's output gives one for each of its lines.
fn printed(second: u32, event: &str) -> String {
    let time = format!("2026-11-20T01:00:{second:02}.000000Z");
    let logger = "airflow.task.hooks.airflow.providers.standard.hooks.subprocess.SubprocessHook";
    json!({ "timestamp": time, "level": "info", "event": event, "logger": logger }).to_string() + "\n"
}

fn failed(second: u32) -> String {
    let time = format!("2026-11-20T01:00:{second:02}.000000Z");
    let frame = json!({ "filename": "/site-packages/airflow/providers/standard/operators/bash.py", "lineno": 231, "name": "execute" });
    let detail = json!([{ "exc_type": "AirflowException", "exc_value": "Bash command failed. The command returned a non-zero exit code 1.",
        "exc_notes": [], "syntax_error": null, "is_cause": false, "frames": [frame] }]);
    json!({ "timestamp": time, "level": "error", "event": "Task failed with exception", "logger": "task", "error_detail": detail })
        .to_string()
        + "\n"
}

fn report(text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &log_of("load"), text);
    let run = run_with(&[".", "-f", "json", "--attempts", "all"], folder.path(), b"");
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err))
}

#[test]
fn what_a_command_printed_before_its_verdict_is_shown() {
    let lines = TRACEBACK.iter().map(|line| printed(2, line)).collect::<String>();
    let told = report(&format!("{}{lines}{}{}", printed(1, "Output:"), printed(3, "Command exited with return code 1"), failed(3)));
    let incident = &told["incidents"][0];
    assert_eq!(incident["causes"][0]["id"], "exit-code-user");
    let shown = &incident["examples"][0];
    assert_eq!((&shown["line"], &shown["excerpt"]), (&json!(7), &json!("loader.Stale: the feed of 2026-11-20 is missing")));
}

#[test]
fn what_a_command_printed_tells_the_cause_by_its_frames() {
    let reset = [
        "Traceback (most recent call last):",
        "  File \"/opt/jobs/load.py\", line 7, in fetch",
        "    requests.get(URL)",
        "  File \"/usr/lib/python3.11/site-packages/requests/api.py\", line 73, in get",
        "    return request(\"get\", url, params=params, **kwargs)",
        "  File \"/usr/lib/python3.11/http/client.py\", line 279, in _read_status",
        "    line = str(self.fp.readline(_MAXLINE + 1), \"iso-8859-1\")",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
    ];
    let lines = reset.iter().map(|line| printed(2, line)).collect::<String>();
    let told = report(&format!("{}{lines}{}{}", printed(1, "Output:"), printed(3, "Command exited with return code 1"), failed(3)));
    let symptoms: Vec<&Value> = told["attempts"][0]["symptoms"].as_array().unwrap().iter().map(|symptom| &symptom["id"]).collect();
    assert_eq!(told["incidents"][0]["symptom"], "connection-reset", "{symptoms:?}");
    // The line of the exception itself, once.
    let lines: Vec<&Value> = told["attempts"][0]["symptoms"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|symptom| symptom["id"] == "connection-reset")
        .map(|symptom| &symptom["line"])
        .collect();
    assert_eq!(lines, [&json!(9)]);
}

#[test]
fn a_traceback_that_breaks_off_tells_where_it_was() {
    let text = format!(
        "[2026-11-20T01:00:00.000+0000] {{taskinstance.py:1157}} INFO - Dependencies all met\n\
         [2026-11-20T01:00:01.000+0000] {{taskinstance.py:1463}} ERROR - Task failed with exception\n{}\n    rai",
        TRACEBACK[..4].join("\n")
    );
    let told = report(&text);
    assert_eq!(told["attempts"][0]["ending"], "cut_off");
    let incident = &told["incidents"][0];
    assert_eq!(incident["title"], "The log is cut off: shop.load");
    let shown = &incident["examples"][0];
    assert_eq!((&shown["line"], &shown["excerpt"]), (&json!(6), &json!("File \"/opt/jobs/load.py\", line 7, in fetch")));
}
