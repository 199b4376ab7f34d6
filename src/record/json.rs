//! Records written as JSON lines, as Airflow 3 does: `event`, other keys, and exceptions as a list, rendered to the same text
//! form that Python prints, so that a rule sees one form whatever the version.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::time::{Timestamp, Zone, parse_prefix};

use super::{Dialect, Level, Record, traceback};

const EVENT_KEYS: [&str; 4] = ["event", "message", "msg", "log"];
const TIME_KEYS: [&str; 5] = ["timestamp", "@timestamp", "time", "asctime", "ts"];
const LEVEL_KEYS: [&str; 4] = ["level", "levelname", "severity", "log.level"];
const LOGGER_KEYS: [&str; 3] = ["logger", "name", "logger_name"];

/// How deep groups of exceptions are followed.
const GROUP_DEPTH_MAX: usize = 8;

/// Parses a JSON line; `None` where it is none.
pub(super) fn parse(bytes: &[u8], zone: &Zone) -> Option<Record> {
    let trimmed = bytes.trim_ascii();
    if trimmed.first() != Some(&b'{') || trimmed.last() != Some(&b'}') {
        return None;
    }
    let object: Map<String, Value> = match serde_json::from_slice(trimmed) {
        Ok(object) => object,
        // Bytes that are not UTF-8 would lose the whole record: they are replaced first.
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(trimmed)).ok()?,
    };
    let text_of = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key).and_then(Value::as_str));
    let event_key = EVENT_KEYS.iter().find(|key| object.get(**key).is_some_and(Value::is_string))?;
    let time: Option<Timestamp> = text_of(&TIME_KEYS).and_then(|text| parse_prefix(text.as_bytes(), zone)).map(|(time, _)| time);
    let level = text_of(&LEVEL_KEYS).and_then(Level::named);
    let logger = text_of(&LOGGER_KEYS).map(str::to_owned);

    let mut text = object.get(*event_key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for (key, value) in &object {
        let known = key == event_key
            || key == "error_detail"
            || key == "exception"
            || [&TIME_KEYS[..], &LEVEL_KEYS, &LOGGER_KEYS, &["filename", "lineno"]].iter().any(|keys| keys.contains(&key.as_str()));
        if !known && !value.is_null() {
            match value {
                Value::String(value) => write!(text, " {key}={value}"),
                value => write!(text, " {key}={value}"),
            }
            .ok()?;
        }
    }
    if let Some(exception) = object.get("exception").and_then(Value::as_str) {
        text.push('\n');
        text.push_str(exception);
    }
    if let Some(detail) = object.get("error_detail").and_then(Value::as_array) {
        text.push('\n');
        render_chain(detail, &mut text, 0);
    }
    let chain = traceback::parse(&text);
    Some(Record { time, level, logger, dialect: Dialect::Json, text, chain, ..Record::default() })
}

/// Writes exceptions as Python prints them. The list has the raised one first, each next being its cause or context.
fn render_chain(detail: &[Value], text: &mut String, depth: usize) {
    for (index, exception) in detail.iter().enumerate().rev() {
        let field = |name: &str| exception.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(groups) = exception.get("exceptions").and_then(Value::as_array).filter(|_| depth < GROUP_DEPTH_MAX) {
            for member in groups.iter().filter_map(Value::as_array) {
                render_chain(member, text, depth + 1);
                text.push('\n');
            }
        }
        text.push_str("Traceback (most recent call last):\n");
        for frame in exception.get("frames").and_then(Value::as_array).into_iter().flatten() {
            let name = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default();
            let line = frame.get("lineno").and_then(Value::as_u64).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  File \"{}\", line {line}, in {}", name("filename"), name("name"));
        }
        if let Some(syntax) = exception.get("syntax_error").filter(|syntax| syntax.is_object()) {
            let file = syntax.get("filename").and_then(Value::as_str).unwrap_or_default();
            let line = syntax.get("lineno").and_then(Value::as_u64).unwrap_or_default();
            let _ = writeln!(text, "  File \"{file}\", line {line}");
        }
        text.push_str(field("exc_type"));
        if !field("exc_value").is_empty() {
            text.push_str(": ");
            text.push_str(field("exc_value"));
        }
        for note in exception.get("exc_notes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            text.push('\n');
            text.push_str(note);
        }
        if index > 0 {
            let explicit = exception.get("is_cause").and_then(Value::as_bool).unwrap_or_default();
            text.push_str(if explicit {
                "\n\nThe above exception was the direct cause of the following exception:\n\n"
            } else {
                "\n\nDuring handling of the above exception, another exception occurred:\n\n"
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn event_extras_and_exceptions_become_one_text() {
        let line = r#"{"timestamp":"2026-11-21T07:26:36.595769Z","level":"error","event":"Task failed with exception","exit_code":3,"logger":"task","error_detail":[{"exc_type":"ConnectionError","exc_value":"aborted","is_cause":false,"frames":[{"filename":"/dags/a.py","lineno":3,"name":"go"}],"exceptions":[]},{"exc_type":"OSError","exc_value":"[Errno 104] reset","is_cause":true,"frames":[],"exceptions":[]}]}"#;
        let record = parse(line.as_bytes(), &Zone::default()).unwrap();
        assert!(record.text.starts_with("Task failed with exception exit_code=3\nTraceback"));
        let classes: Vec<&str> = record.chain.exceptions.iter().map(|exception| exception.class.as_str()).collect();
        assert_eq!(classes, ["OSError", "ConnectionError"]);
        assert_eq!(record.chain.exceptions[1].frames[0].function, "go");
        assert_eq!((record.level, record.logger.as_deref()), (Some(Level::Error), Some("task")));
    }

    #[test]
    fn a_group_shows_its_members_before_itself() {
        let line = r#"{"event":"x","error_detail":[{"exc_type":"ExceptionGroup","exc_value":"2 failed","frames":[],"is_group":true,"exceptions":[[{"exc_type":"TimeoutError","exc_value":"","frames":[],"exceptions":[]}],[{"exc_type":"OSError","exc_value":"no","frames":[],"exceptions":[]}]]}]}"#;
        let record = parse(line.as_bytes(), &Zone::default()).unwrap();
        let classes: Vec<&str> = record.chain.exceptions.iter().map(|exception| exception.class.as_str()).collect();
        assert_eq!(classes, ["TimeoutError", "OSError", "ExceptionGroup"]);
    }

    #[test]
    fn what_is_no_log_record_is_left_alone() {
        for line in ["{\"a\": 1}", "{", "{}", "[1]", "{\"event\": 3}"] {
            assert!(parse(line.as_bytes(), &Zone::default()).is_none(), "{line}");
        }
    }
}
