#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use crate::record::{Link, Record};

/// The record with this under a key.
fn record(key: &str, value: &str) -> Record {
    Record::from_text(&format!(r#"{{"event":"x","level":"error","{key}":{value}}}"#))
}

fn classes(record: &Record) -> Vec<&str> {
    record.chain.exceptions.iter().map(|exception| exception.class.as_str()).collect()
}

#[test]
fn a_group_keeps_its_members_apart_from_its_cause() {
    let member = r#"[{"exc_type":"TimeoutError","exc_value":""},{"exc_type":"OSError","exc_value":"inner","is_cause":true}],[{"exc_type":"KeyError","exc_value":"'a'"}]"#;
    let record = record(
        "error_detail",
        &format!(
            r#"[{{"exc_type":"ExceptionGroup","exc_value":"2 failed","is_group":true,"frames":[],"exceptions":[{member}]}},{{"exc_type":"ValueError","exc_value":"first","is_cause":false,"exceptions":[]}}]"#
        ),
    );
    assert_eq!(classes(&record), ["ValueError", "OSError", "TimeoutError", "KeyError", "ExceptionGroup"]);
    let links: Vec<Link> = record.chain.exceptions.iter().map(|exception| exception.link).collect();
    assert_eq!(links, [Link::First, Link::First, Link::Cause, Link::Beside, Link::Context]);
    let groups: Vec<Option<usize>> = record.chain.exceptions.iter().map(|exception| exception.group).collect();
    assert_eq!(groups, [None, Some(4), Some(4), Some(4), None]);
    assert_eq!(record.chain.members(4).count(), 3);
    assert!(record.chain.raised().unwrap().is_group);
    assert_eq!(record.chain.root().unwrap().class, "ValueError");
    for exception in &record.chain.exceptions {
        assert!(record.text[exception.at..].starts_with(&exception.class));
    }
}

#[test]
fn notes_and_places_of_syntax_errors_are_structure_and_text() {
    let record = record(
        "error_detail",
        r#"[{"exc_type":"SyntaxError","exc_value":"invalid syntax (rules.py, line 1)","exc_notes":["in the third file",7],"syntax_error":{"offset":7,"filename":"rules.py","line":"def f(:\n","lineno":1,"msg":"invalid syntax"},"frames":[{"filename":"/opt/airflow/dags/a.py","lineno":3,"name":"go"}]}]"#,
    );
    let exception = record.chain.raised().unwrap();
    assert_eq!(exception.notes, ["in the third file", "7"]);
    let spot = exception.syntax.clone().unwrap();
    assert_eq!((spot.file.as_str(), spot.line, spot.text.as_str()), ("rules.py", 1, "def f(:"));
    assert_eq!(
        record.text,
        "x\nTraceback (most recent call last):\n  File \"/opt/airflow/dags/a.py\", line 3, in go\n  File \"rules.py\", line 1\n    def f(:\nSyntaxError: invalid syntax (rules.py, line 1)\nin the third file\n7"
    );
}

#[test]
fn what_is_not_understood_stays_in_the_text() {
    for (value, kept) in [
        (r#""broken""#, "error_detail=broken"),
        ("3", "error_detail=3"),
        (r#"["a",{"b":1}]"#, "error_detail={\"b\":1} error_detail=a"),
        (
            r#"[{"exc_type":"KeyError","frames":"none","exc_notes":5,"exceptions":{"a":1},"locals":{"x":1}}]"#,
            "exc_notes=5 frames=none locals={\"x\":1}",
        ),
        (r#"[{"exc_type":"KeyError","frames":[1]}]"#, "frames=1"),
    ] {
        let record = record("error_detail", value);
        assert!(record.text.contains(kept), "{}", record.text);
    }
    let wrong = record(
        "error_detail",
        r#"[{"exc_type":"KeyError","exc_value":{"a":1},"is_group":"yes","frames":[{"lineno":-1}]},"z",{"exc_type":"OSError"}]"#,
    );
    assert_eq!(classes(&wrong), ["OSError", "KeyError"]);
    assert_eq!(wrong.chain.raised().unwrap().message, "{\"a\":1}");
}

#[test]
fn groups_in_groups_are_followed_so_far_and_no_further() {
    let mut value = r#"{"exc_type":"KeyError","exc_value":"deep"}"#.to_owned();
    for _ in 0..30 {
        value = format!(r#"{{"exc_type":"ExceptionGroup","exc_value":"g","is_group":true,"exceptions":[[{value}]]}}"#);
    }
    let record = record("error_detail", &format!("[{value}]"));
    assert_eq!(record.chain.exceptions.len(), super::GROUP_DEPTH_MAX + 1);
    assert!(record.text.contains("deep") && record.text.contains("exceptions="));
}

#[test]
fn thousands_of_exceptions_are_bounded_but_all_in_the_text() {
    let all: Vec<String> = (0..3000).map(|number| format!(r#"[{{"exc_type":"E{number}Error","exc_value":""}}]"#)).collect();
    let record = record("error_detail", &format!(r#"[{{"exc_type":"ExceptionGroup","exc_value":"","exceptions":[{}]}}]"#, all.join(",")));
    assert_eq!(record.chain.exceptions.len(), super::super::exception::EXCEPTIONS_MAX);
    assert_eq!(record.chain.root().unwrap().class, "E0Error");
    assert_eq!(record.chain.raised().unwrap().class, "ExceptionGroup");
    assert!(record.text.contains("\nE1500Error"));
}

#[test]
fn tracebacks_under_other_keys_are_tracebacks() {
    let traceback = "Traceback (most recent call last):\\n  File \\\"a.py\\\", line 1, in f\\nlib.Broken: no";
    for key in ["exception", "exc_info", "exc_text", "stack", "stack_trace", "error.stack_trace"] {
        let record = record(key, &format!("\"{traceback}\""));
        assert_eq!(classes(&record), ["Broken"], "{key}");
        assert!(record.text.starts_with("x\nTraceback"), "{}", record.text);
    }
    let nested = record("error", &format!(r#"{{"type":"Broken","stack_trace":"{traceback}"}}"#));
    assert_eq!(classes(&nested), ["Broken"]);
    assert!(nested.text.starts_with("x error.type=Broken\nTraceback"), "{}", nested.text);
    let list = record("exception", r#"[{"exc_type":"lib.Broken","exc_value":"no","frames":[]}]"#);
    assert_eq!((classes(&list), list.chain.exceptions[0].module.as_deref()), (vec!["Broken"], Some("lib")));
    assert_eq!(record("exc_info", "true").text, "x exc_info=true");
    assert_eq!(record("stack", "\"prod\"").text, "x stack=prod");
    let twice = Record::from_text(&format!(r#"{{"message":"failed\n{traceback}","exc_text":"{traceback}"}}"#));
    assert_eq!(classes(&twice), ["Broken"]);
}
