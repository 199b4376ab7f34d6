//! The formats, through the program: the JSON keeps its schema, people's formats tell what must be told, hostile logs harm nobody.

use std::fs;
use std::path::Path;

use crate::program::{run, run_with};

/// The errors of a JSON report against the schema that the program itself prints.
fn schema_errors(report: &str) -> Vec<String> {
    let schema = serde_json::from_str(&run(&["schema"]).out).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let report = serde_json::from_str(report).expect("the report is JSON");
    validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A task's log below a folder, laid out as Airflow does it.
fn write_log(folder: &Path, task: &str, text: &str) {
    let folder = folder.join(format!("dag_id=orders/run_id=scheduled__2026-11-21T06:00:00+00:00/task_id={task}"));
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join("attempt=1.log"), text).expect("a log can be written");
}

/// A log that ends with an exception whose message is given.
fn failed_with(message: &str) -> String {
    format!(
        "[2026-11-21T07:16:20.101+0000] {{taskinstance.py:2866}} INFO - Starting attempt 1 of 1\n\
         [2026-11-21T07:16:22.300+0000] {{taskinstance.py:3311}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  \
           File \"/opt/airflow/dags/orders.py\", line 14, in send\n    \
             call()\n\
         RuntimeError: {message}\n\
         [2026-11-21T07:16:22.400+0000] {{taskinstance.py:1225}} INFO - Marking task as FAILED. dag_id=orders, task_id=send\n\
         [2026-11-21T07:16:22.500+0000] {{local_task_job_runner.py:266}} INFO - Task exited with return code 1\n"
    )
}

#[test]
fn json_validates_against_the_schema_whatever_is_listed() {
    for which in ["all", "failed", "none"] {
        let report = run(&["sample-logs", "-f", "json", "--attempts", which, "--fail-on", "never"]);
        assert_eq!(schema_errors(&report.out), Vec::<String>::new(), "--attempts {which}: {}", report.err);
    }
}

#[test]
fn json_tells_the_call_that_failed_and_keeps_its_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = "HTTPSConnectionPool(host='API.example.internal', port=8443): Max retries exceeded with url: /v1/orders?token=hunter2 (Caused by \
        ConnectTimeoutError(<HTTPSConnection(host='API.example.internal', port=8443) at 0x7f>, 'Connection to API.example.internal timed out. \
        (connect timeout=3.05)'))";
    write_log(folder.path(), "send", &failed_with(message).replace("RuntimeError", "requests.exceptions.ConnectTimeout"));
    let report = run_with(&[".", "-f", "json", "--fail-on", "never"], folder.path(), b"");
    assert_eq!(schema_errors(&report.out), Vec::<String>::new());
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("the report is JSON");
    let call = &report["attempts"][0]["call"];
    let expected = serde_json::json!({
        "endpoint": "api.example.internal:8443", "host": "api.example.internal", "port": 8443, "path": "/v1/orders", "method": null,
        "library": "requests", "phase": "connect", "connection": null, "timeout": { "seconds": 3.05, "limits": "connect" },
        "elapsed": { "seconds": 2.199, "bound": "at_most" }, "retries": null, "bytes": null, "idle_since_use": null,
        // Nothing had been logged since the attempt began, so the pause before the failure is no silence after some use.
        "idle_since_line": null
    });
    assert_eq!(*call, expected);
}

#[test]
fn every_index_of_the_json_points_to_what_belongs_to_it() {
    for which in ["all", "failed"] {
        let report = run(&["sample-logs", "-f", "json", "--attempts", which, "--fail-on", "never"]);
        let report: serde_json::Value = serde_json::from_str(&report.out).expect("the report is JSON");
        let incidents = report["incidents"].as_array().expect("a list");
        assert!(!incidents.is_empty());
        for (number, incident) in incidents.iter().enumerate() {
            let attempts = incident["attempts"].as_array().expect("a list");
            assert_eq!(attempts.len() as u64, incident["attempt_count"].as_u64().expect("a number"));
            for at in attempts {
                let attempt = &report["attempts"][at.as_u64().expect("an index") as usize];
                assert_eq!(attempt["incident"], number, "{attempt}");
            }
        }
    }
}

#[test]
fn text_and_markdown_tell_the_same_incidents() {
    let report = run(&["sample-logs", "-f", "json", "--fail-on", "never"]);
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("the report is JSON");
    let incidents = report["incidents"].as_array().expect("a list").len();
    let text = run(&["sample-logs", "--fail-on", "never"]).out;
    let markdown = run(&["sample-logs", "-f", "markdown", "--fail-on", "never"]).out;
    let verdict = text.split("\nRead ").next().expect("a first line").replace('\n', " ");
    assert!(verdict.starts_with(&format!("{incidents} incidents")) && verdict.contains(" succeeded"), "{verdict}");
    assert!(markdown.contains(&format!("**{verdict}**")), "{verdict}");
    for number in 1..=incidents {
        assert!(text.contains(&format!("\n{number}. ")), "incident {number} is missing in the text");
        assert!(markdown.contains(&format!("\n| {number} | ")), "incident {number} is missing in the table");
    }
    for essential in [
        "   Why        ",
        "   Whose      ",
        "   Retry      ",
        "   First      ",
        "   Seen       ",
        "   Scope      ",
        "   More       dagnosis explain ",
    ] {
        assert!(text.contains(essential), "{essential:?} is missing");
    }
    for essential in ["- **Why:** ", "- **Whose:** ", "- **Retry:** ", "\n### What to do\n", "\n### Seen\n"] {
        assert!(markdown.contains(essential), "{essential:?} is missing");
    }
}

#[test]
fn hostile_logs_act_nowhere_and_secrets_are_masked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let hostile =
        "\u{1b}[2J\u{9b}31m <script>alert(1)</script> ]]> | `` ``` [x](http://evil.example) \0 \u{202e}evil @everyone password=hunter2";
    write_log(folder.path(), "send", &failed_with(hostile));
    write_log(folder.path(), "<img src=x>|task", &failed_with("# heading | cell"));
    for format in ["text", "markdown", "json"] {
        let run = run_with(&[".", "-f", format, "--fail-on", "never"], folder.path(), b"");
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.contains("send"), "{format}: the log is missing");
        assert!(!run.out.chars().any(|c| (c != '\n' && c.is_control()) || c == '\u{202e}'), "{format}: a control character got through");
        assert!(!run.out.contains("hunter2"), "{format}: a secret got through");
        if format == "json" {
            assert_eq!(schema_errors(&run.out), Vec::<String>::new());
        }
    }
}

#[test]
fn markdown_rows_have_as_many_cells_as_the_head() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_log(folder.path(), "a|b", &failed_with("one | two \\| three `|` four"));
    let out = run_with(&[".", "-f", "markdown", "--fail-on", "never"], folder.path(), b"").out;
    let rows: Vec<&str> = out.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 3 && rows.iter().all(|row| row.matches('|').count() == 8), "{out}");
}

#[test]
fn healthy_and_empty_input_is_said_plainly() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = run_with(&["."], folder.path(), b"");
    assert!(empty.out.starts_with("Nothing was read") && empty.out.contains("base_log_folder"), "{}", empty.out);
    let healthy = "[2026-11-21T07:16:20.101+0000] {taskinstance.py:2866} INFO - Starting attempt 1 of 1\n\
                   [2026-11-21T07:16:22.400+0000] {taskinstance.py:1225} INFO - Marking task as SUCCESS. dag_id=orders, task_id=send\n\
                   [2026-11-21T07:16:22.500+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 0\n";
    write_log(folder.path(), "send", healthy);
    let fine = run_with(&["."], folder.path(), b"");
    assert!(fine.out.starts_with("No failure found in 1 attempt: 1 succeeded.\nRead 1 log"), "{}", fine.out);
    assert_eq!(fine.code, 0);
}
