//! The verdicts that a person acts on, through the program: whether another try helps and is safe, how urgent it is, what to do first.

use std::fs;
use std::path::Path;

use crate::program::{run, run_with};

/// A try's log in the form of Airflow 2, which begins at a minute of the hour; `Some` is the traceback that ends it.
fn write_try(folder: &Path, task: &str, number: u32, minute: u32, traceback: Option<&str>) {
    let at = |second: u32| format!("[2026-11-21T07:{minute:02}:{second:02}.000+0000]");
    let end = match traceback {
        Some(traceback) => format!(
            "{} {{taskinstance.py:3311}} ERROR - Task failed with exception\nTraceback (most recent call last):\n{traceback}\n\
             {} {{taskinstance.py:1225}} INFO - Marking task as UP_FOR_RETRY. dag_id=shop, task_id={task}\n\
             {} {{local_task_job_runner.py:266}} INFO - Task exited with return code 1\n",
            at(5),
            at(6),
            at(6)
        ),
        None => format!(
            "{} {{taskinstance.py:1225}} INFO - Marking task as SUCCESS. dag_id=shop, task_id={task}\n\
             {} {{local_task_job_runner.py:266}} INFO - Task exited with return code 0\n",
            at(5),
            at(6)
        ),
    };
    let text = format!("{} {{taskinstance.py:2866}} INFO - Starting attempt {number} of 4\n{end}", at(0));
    write(folder, task, number, &text);
}

fn write(folder: &Path, task: &str, number: u32, text: &str) {
    let folder = folder.join(format!("dag_id=shop/run_id=scheduled__2026-11-21T06:00:00+00:00/task_id={task}"));
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join(format!("attempt={number}.log")), text).expect("a log can be written");
}

/// A log of Airflow 3 that ends with an exception of a class without module, as its JSON has it.
fn write_json(folder: &Path, task: &str, class: &str, message: &str) {
    let detail = serde_json::json!([{
        "exc_type": class, "exc_value": message, "is_cause": false,
        "frames": [{ "filename": "/opt/airflow/dags/shop.py", "lineno": 14, "name": "send" }]
    }]);
    let line = serde_json::json!({
        "timestamp": "2026-11-21T07:00:05.000000Z", "level": "error", "event": "Task failed with exception", "logger": "task", "error_detail": detail
    });
    write(folder, task, 1, &format!("{line}\n"));
}

const OWN_FRAME: &str = "  File \"/opt/airflow/dags/shop.py\", line 14, in send\n    call()\n";

fn key_error() -> String {
    format!("{OWN_FRAME}KeyError: 'total'")
}

/// A call that waited for its answer in vain.
fn read_timeout(method: &str) -> String {
    let packages = "/home/airflow/.local/lib/python3.12/site-packages";
    format!(
        "  File \"/usr/lib/python3.12/http/client.py\", line 292, in _read_status\n    line = self.fp.readline()\n\
         TimeoutError: timed out\n\nDuring handling of the above exception, another exception occurred:\n\n\
         Traceback (most recent call last):\n{OWN_FRAME}  File \"{packages}/requests/api.py\", line 115, in {method}\n    request()\n\
         requests.exceptions.ReadTimeout: HTTPConnectionPool(host='api.example.com', port=8080): Read timed out. (read timeout=30)"
    )
}

fn refused(host: &str) -> String {
    format!(
        "{OWN_FRAME}requests.exceptions.ConnectionError: HTTPConnectionPool(host='{host}', port=8080): Max retries exceeded with url: /v1/orders \
         (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] \
         Connection refused'))"
    )
}

/// The incidents of a folder, whose report keeps its schema.
fn incidents(folder: &Path) -> Vec<serde_json::Value> {
    let report = run_with(&[".", "-f", "json", "--fail-on", "never"], folder, b"");
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("the report is JSON");
    let schema = serde_json::from_str(&run(&["schema"]).out).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    report["incidents"].as_array().expect("a list").clone()
}

fn only(folder: &Path) -> serde_json::Value {
    let mut all = incidents(folder);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn text_of(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn what_failed_on_every_try_in_the_same_way_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, minute) in [(1, 0), (2, 6), (3, 12)] {
        write_try(folder.path(), "send", number, minute, Some(&key_error()));
    }
    let incident = only(folder.path());
    let retry = &incident["retry"];
    assert_eq!((text_of(&retry["helps"]), text_of(&retry["basis"])), ("permanent", "tries"), "{retry}");
    assert!(text_of(&retry["says"]).starts_with("The task instance failed on all 3 tries in the same way, so another try"), "{retry}");
    assert_eq!(retry["policy_needs"], "airflow >= 2.0", "the logs are those of Airflow 2");
    assert!(text_of(&retry["policy"]).contains("except KeyError as error:\n    raise AirflowFailException("), "{retry}");
    assert_eq!(incident["urgency"]["when"], "today", "{}", incident["urgency"]);
    let text = run_with(&[".", "--fail-on", "never"], folder.path(), b"").out;
    assert!(text.contains("   Retry      does not help. The task instance failed on all 3 tries"), "{text}");
    assert!(text.contains("   As code    The verdict on another try as code (airflow >= 2.0)\n"), "{text}");
}

#[test]
fn what_succeeded_on_a_later_try_passes_and_can_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    for task in ["send", "fetch"] {
        write_try(folder.path(), task, 1, 0, Some(&refused("api.example.com")));
        write_try(folder.path(), task, 2, 4, None);
    }
    let incident = only(folder.path());
    let retry = &incident["retry"];
    assert_eq!((text_of(&retry["helps"]), text_of(&retry["basis"]), text_of(&retry["safe"])), ("transient", "tries", "yes"), "{retry}");
    assert!(text_of(&retry["says"]).starts_with("2 of 2 task instances succeeded on a later try"), "{retry}");
    assert!(text_of(&retry["policy"]).contains("retry_delay=timedelta(minutes=4)"), "3 min 55 s passed: {retry}");
    assert_eq!(incident["urgency"]["when"], "when_convenient", "{}", incident["urgency"]);
    let text = run_with(&[".", "--fail-on", "never"], folder.path(), b"").out;
    assert!(!text.contains("\nLook now"), "nothing stands still: {text}");
}

#[test]
fn a_post_that_may_have_been_processed_is_never_called_safe() {
    for (method, safe) in [("post", "only_if"), ("get", "yes"), ("put", "only_if")] {
        let folder = tempfile::tempdir().expect("a folder");
        write_try(folder.path(), "send", 1, 0, Some(&read_timeout(method)));
        let incident = only(folder.path());
        assert_eq!(text_of(&incident["retry"]["safe"]), safe, "{method}: {}", incident["retry"]);
        assert!(text_of(&incident["retry"]["says"]).contains("only one try was seen."), "{}", incident["retry"]);
    }
}

#[test]
fn logs_of_airflow_3_get_a_retry_policy_and_hostile_classes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    write_json(folder.path(), "send", "KeyError", "'total'");
    let incident = only(folder.path());
    assert_eq!(incident["retry"]["policy_needs"], "airflow >= 3.3", "{}", incident["retry"]);
    assert!(text_of(&incident["retry"]["policy"]).contains("RetryRule(exception=\"builtins.KeyError\","), "{}", incident["retry"]);
    for class in ["KeyError\"), __import__(\"os\").system(\"id", "KeyError\nimport os", "KeyError)"] {
        let folder = tempfile::tempdir().expect("a folder");
        write_json(folder.path(), "send", class, "KeyError: 'total'");
        for incident in incidents(folder.path()) {
            let policy = text_of(&incident["retry"]["policy"]);
            assert!(policy.is_empty() || policy.contains("RetryRule(exception=\"builtins.KeyError\",\n"), "{class:?}: {policy}");
        }
    }
}

#[test]
fn commands_name_the_endpoint_and_never_what_a_shell_would_run() {
    let command = |host: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        write_try(folder.path(), "send", 1, 0, Some(&refused(host)));
        let incident = only(folder.path());
        let causes = incident["causes"].as_array().expect("a list").clone();
        let runs = causes.iter().flat_map(|cause| cause["confirm"].as_array().cloned().unwrap_or_default());
        let runs: Vec<String> = runs.map(|check| text_of(&check["run"]).to_owned()).filter(|run| !run.is_empty()).collect();
        runs.join("\n") + text_of(&incident["first_step"]["run"])
    };
    assert!(command("api.example.com").contains("nc -vz api.example.com 8080"));
    for hostile in ["$(reboot)", "a;reboot", "`reboot`", "-oProxyCommand=reboot"] {
        assert!(!command(hostile).contains("reboot"), "{hostile}");
    }
}

#[test]
fn each_incident_has_a_first_step_and_the_text_tells_it_early() {
    let report = run(&["sample-logs", "-f", "json", "--fail-on", "never"]).out;
    let report: serde_json::Value = serde_json::from_str(&report).expect("the report is JSON");
    for incident in report["incidents"].as_array().expect("a list") {
        assert!(!text_of(&incident["first_step"]["says"]).is_empty(), "{}", incident["title"]);
        assert!(!text_of(&incident["urgency"]["says"]).is_empty(), "{}", incident["title"]);
        if incident["decide_by"].is_object() {
            assert_eq!(incident["first_step"]["kind"], "decide", "{}", incident["title"]);
        }
    }
    let text = run(&["sample-logs", "--fail-on", "never"]).out;
    let details: Vec<&str> = text.split("\n   Why        ").skip(1).collect();
    assert!(!details.is_empty());
    for detail in details {
        let verdict = detail.split("\n\n").next().unwrap_or_default();
        let at = ["\n   Whose      ", "\n   Urgent     ", "\n   Retry      ", "\n   First      "].map(|label| verdict.find(label));
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{verdict}");
        assert!(!verdict.contains("\n   For it "), "the evidence stands behind the verdict: {verdict}");
    }
}
