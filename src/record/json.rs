//! Records written as JSON lines, as Airflow 3 does: `event`, other keys, and exceptions as a list, rendered to the same text
//! form that Python prints, so that a rule sees one form whatever the version.

use serde_json::Value;

use crate::time::Zone;

use super::json_line::{self, Flaw, Line};
use super::json_repair::{repair, repair_end, whole_at_end};
use super::keys::{RECORD_TIME_KEYS, record_time_in, time_of};
use super::{Dialect, Level, Record, detail, exception, traceback};

const EVENT_KEYS: [&str; 4] = ["event", "message", "msg", "log"];
const LEVEL_KEYS: [&str; 4] = ["level", "levelname", "severity", "log.level"];
const LOGGER_KEYS: [&str; 3] = ["logger", "name", "logger_name"];

/// Keys whose text is a traceback as Python prints it: of structlog and of Python's JSON formatters.
const TRACEBACK_KEYS: [&str; 3] = ["exception", "exc_info", "exc_text"];

/// Keys under which a traceback may stand, or a single word that means something else.
const STACK_KEYS: [&str; 3] = ["stack", "stack_trace", "error.stack_trace"];

/// Parses a JSON line.
///
/// # Errors
/// Where it is no record: what is wrong with it, if it looks like one.
pub(super) fn parse(bytes: &[u8], zone: &Zone) -> Result<Record, Option<Flaw>> {
    match json_line::read(bytes) {
        Ok(line) => record_of(line, zone),
        Err(Some(flaw)) => broken(bytes, flaw, zone).ok_or(Some(flaw)),
        Err(None) => Err(None),
    }
}

/// What a line says that begins as a record does and is none. Where it holds parts of several records, the gravest is the line's. All of the line
/// stands in the text behind what was understood, so that nothing that is looked for is lost.
fn broken(bytes: &[u8], flaw: Flaw, zone: &Zone) -> Option<Record> {
    let (head, tail) = bytes.split_at_checked(whole_at_end(bytes).unwrap_or(bytes.len()))?;
    let repaired = repair(head);
    let torn = repaired.as_ref().and_then(|repaired| repair_end(&repaired.rest));
    let parts = [repaired.map(|repaired| repaired.line), torn, json_line::read(tail).ok()];
    // A part with neither time nor level may be anything: what a server answered, a row of data.
    let is_record = |record: &Record| record.time.is_some() || record.level.is_some();
    let records = parts.into_iter().flatten().filter_map(|line| record_of(line, zone).ok()).filter(is_record);
    let mut record = records.reduce(|gravest, next| if next.level > gravest.level { next } else { gravest })?;
    record.text.push('\n');
    record.text.push_str(&String::from_utf8_lossy(bytes));
    record.flaw = Some(flaw);
    // The line may hold graver parts that were not understood: what is said to be harmless is not sure to be.
    record.level = record.level.filter(|level| *level >= Level::Error);
    Some(record)
}

fn record_of(line: Line, zone: &Zone) -> Result<Record, Option<Flaw>> {
    let Line { object, doubled, flaw } = line;
    let text_of = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key).and_then(Value::as_str));
    let time = record_time_in(&object, zone);
    let has_bad_time = time.is_none() && object.get("timestamp").is_some_and(|value| value.is_string() || value.is_number());
    let flaw = flaw.or(has_bad_time.then_some(Flaw::BadTime));
    // structlog takes anything as an event; only together with a time is it certain that the object is a record.
    let event_key = EVENT_KEYS
        .iter()
        .find(|key| object.get(**key).is_some_and(Value::is_string))
        .or_else(|| EVENT_KEYS.iter().find(|key| time.is_some() && object.get(**key).is_some_and(|event| !event.is_null())))
        .ok_or(None)?;
    let level = text_of(&LEVEL_KEYS).and_then(Level::named);
    let logger = text_of(&LOGGER_KEYS).map(str::to_owned);

    let event = object.get(*event_key).unwrap_or_default();
    let mut text = event.as_str().map_or_else(|| event.to_string(), str::to_owned);
    let mut left: Vec<String> = doubled.iter().map(|(key, value)| key_value(key, value)).collect();
    let mut chains = Vec::new();
    let mut tracebacks: Vec<&str> = Vec::new();
    for (key, value) in &object {
        // What stands under the key of a time and is none was meant for something else.
        let known = key == event_key
            || (RECORD_TIME_KEYS.contains(&key.as_str()) && time_of(value, zone).is_some())
            || [&LEVEL_KEYS[..], &LOGGER_KEYS, &["filename", "lineno"]].iter().any(|keys| keys.contains(&key.as_str()));
        match value {
            _ if known => {}
            Value::Null => {}
            Value::String(traceback) if is_traceback(key, traceback) => tracebacks.push(traceback),
            // Airflow 3's own list; structlog can be told to write the same list under `exception`.
            Value::Array(_) | Value::Object(_) if key == "error_detail" || key == "exception" => {
                chains.push(detail::read(key, value, &mut left));
            }
            // Elasticsearch's common schema: `error` holds `type`, `message` and `stack_trace`.
            Value::Object(parts) if key == "error" && parts.get("stack_trace").is_some_and(Value::is_string) => {
                for (part, value) in parts {
                    match value.as_str() {
                        Some(traceback) if part == "stack_trace" => tracebacks.push(traceback),
                        _ => left.push(key_value(&format!("error.{part}"), value)),
                    }
                }
            }
            value => left.push(key_value(key, value)),
        }
    }
    for part in left {
        text.push(' ');
        text.push_str(&part);
    }
    for traceback in tracebacks {
        // Collectors repeat it in the message.
        if !text.contains(traceback.trim()) {
            text.push('\n');
            text.push_str(traceback);
        }
    }
    chains.retain(|chain| !chain.is_empty());
    let mut chain = traceback::parse(&text, !chains.is_empty());
    for mut exceptions in chains {
        text.push('\n');
        exception::render(&mut exceptions, &mut text);
        chain.append(exceptions);
    }
    Ok(Record {
        time,
        level,
        logger,
        dialect: Dialect::Json,
        rendered: true,
        text,
        chain,
        flaw,
        fields: Some(Box::new(object)),
        ..Record::default()
    })
}

/// Whether the text under a key is a traceback.
fn is_traceback(key: &str, text: &str) -> bool {
    TRACEBACK_KEYS.contains(&key) || (STACK_KEYS.contains(&key) && text.contains('\n'))
}

/// `key=value`, as Airflow's console writes what belongs to an event.
fn key_value(key: &str, value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{key}={value}"), |text| format!("{key}={text}"))
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
            assert!(parse(line.as_bytes(), &Zone::default()).err() == Some(None), "{line}");
        }
    }
}
