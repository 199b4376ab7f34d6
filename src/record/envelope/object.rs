//! Envelopes that are JSON objects: Docker's files, the systemd journal, CloudWatch, Cloud Logging, Elasticsearch, Fluent Bit, Loki; and the
//! records of Airflow's own JSON logs, as far as they say whose they are.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::header::{LineKind, line_kind};
use super::super::keys::time_in;
use super::super::{Dialects, json_line};
use super::text::{of_container, of_program};
use super::{Level, Origin, Peeled};
use crate::source::{Kind, TaskInstance};
use crate::time::Timestamp;

/// Keys under which envelopes hold the text, and nothing but envelopes.
const TEXT_KEYS: [&str; 5] = ["textPayload", "MESSAGE", "log", "line", "@message"];

/// Keys that mark the envelope of a record which has its text under `message`.
const MARKS: [&str; 10] = [
    "ingestionTime",
    "eventId",
    "logStreamName",
    "logStream",
    "@logStream",
    "kubernetes",
    "container_name",
    "container_id",
    "docker",
    "podName",
];

/// Whether a line is a JSON object that is an envelope.
pub(super) fn is_one(line: &[u8], dialects: &Dialects) -> bool {
    let line = line.trim_ascii();
    let looks = line.starts_with(b"{") && line.ends_with(b"}") && line.len() > 8;
    looks && object_of(line).is_some_and(|object| is_envelope(&object, dialects))
}

fn object_of(line: &[u8]) -> Option<Map<String, Value>> {
    json_line::read(line).ok().map(|line| line.object)
}

fn is_envelope(object: &Map<String, Value>, dialects: &Dialects) -> bool {
    let source = object.get("_source").is_some_and(Value::is_object);
    let events = object.get("logEvents").is_some_and(Value::is_array);
    source || events || text_of(object, dialects).is_some()
}

/// The text that an envelope holds; `None` where the object is no envelope but a record.
fn text_of<'a>(object: &'a Map<String, Value>, dialects: &Dialects) -> Option<Cow<'a, [u8]>> {
    if object.get("event").is_some_and(Value::is_string) && !object.contains_key("logEvents") {
        return None;
    }
    if let Some(text) = TEXT_KEYS.iter().find_map(|key| object.get(*key)).and_then(bytes_of) {
        return Some(text);
    }
    let payload = object.get("jsonPayload").and_then(Value::as_object);
    let message = payload.unwrap_or(object).get("message").and_then(Value::as_str)?;
    let marked =
        payload.is_some() || MARKS.iter().any(|key| object.contains_key(*key)) || object.get("timestamp").is_some_and(Value::is_number);
    let headed = matches!(line_kind(message.as_bytes()), LineKind::Headed | LineKind::Json) || dialects.is_surely_own(message.as_bytes());
    // A record of structured logging has its level beside its message: it is no envelope but the record itself.
    let is_record = ["levelname", "level", "log.level"].iter().any(|key| object.get(*key).is_some_and(Value::is_string));
    (headed || (marked && !is_record)).then_some(Cow::Borrowed(message.as_bytes()))
}

/// Text as a string; or as a list of bytes, as the journal writes what is not UTF-8.
fn bytes_of(value: &Value) -> Option<Cow<'_, [u8]>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text.as_bytes())),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect();
            bytes.map(Cow::Owned)
        }
        _ => None,
    }
}

/// Takes a JSON object apart: an envelope gives what it holds, a record gives itself with what it says of its origin. `false` where the line
/// is no object.
pub(super) fn peel(line: &[u8], dialects: &Dialects, found: &mut dyn FnMut(Peeled<'_>)) -> bool {
    let line = line.trim_ascii();
    if !(line.starts_with(b"{") && line.ends_with(b"}")) {
        return false;
    }
    let Some(object) = object_of(line) else { return false };
    peel_object(&object, dialects, found);
    true
}

/// Takes an envelope apart that stood in another. `false` where the text is none.
pub(super) fn peel_inner(text: &[u8], dialects: &Dialects, found: &mut dyn FnMut(Peeled<'_>)) -> bool {
    let text = text.trim_ascii();
    let object =
        (text.starts_with(b"{") && text.ends_with(b"}")).then(|| object_of(text)).flatten().filter(|object| is_envelope(object, dialects));
    object.is_some_and(|object| {
        peel_object(&object, dialects, found);
        true
    })
}

/// See [`peel`].
pub(super) fn peel_object(object: &Map<String, Value>, dialects: &Dialects, found: &mut dyn FnMut(Peeled<'_>)) {
    if let Some(source) = object.get("_source").and_then(Value::as_object) {
        return peel_object(source, dialects, found);
    }
    if let Some(events) = object.get("logEvents").and_then(Value::as_array) {
        let origin = origin_of(object);
        for event in events.iter().filter_map(Value::as_object) {
            let text = event.get("message").and_then(bytes_of).unwrap_or_default();
            found(Peeled { origin: origin.clone(), time: time_of(event, dialects), text: trimmed(text), ..Peeled::default() });
        }
        return;
    }
    let Some(text) = text_of(object, dialects) else {
        // The object is the record itself: whose it is say its own keys, to whoever reads it.
        let text = serde_json::to_vec(object).unwrap_or_default();
        return found(Peeled { time: time_of(object, dialects), text: Cow::Owned(text), ..Peeled::default() });
    };
    let origin = origin_of(object);
    // Docker cuts a long line into several objects; all but the last lack the line feed.
    let goes_on =
        object.contains_key("stream") && object.contains_key("time") && !object.contains_key("kubernetes") && !text.ends_with(b"\n");
    let goes_on = goes_on || object.get("logtag").and_then(Value::as_str) == Some("P");
    found(Peeled { origin, time: time_of(object, dialects), level: level_of(object), text: trimmed(text), goes_on, ..Peeled::default() });
}

fn trimmed(mut text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let keep = super::super::split::without_line_end(&text);
    match &mut text {
        Cow::Borrowed(bytes) => *bytes = &bytes[..keep],
        Cow::Owned(bytes) => bytes.truncate(keep),
    }
    text
}

pub(super) fn time_of(object: &Map<String, Value>, dialects: &Dialects) -> Option<Timestamp> {
    let micros = object.get("__REALTIME_TIMESTAMP").and_then(Value::as_str).and_then(|text| text.parse().ok()).map(Timestamp);
    micros.or_else(|| time_in(object, &dialects.zone))
}

fn level_of(object: &Map<String, Value>) -> Option<Level> {
    if let Some(priority) = object.get("PRIORITY") {
        // The numbers of syslog: 0 emergency to 7 debug.
        let number = priority.as_str().and_then(|text| text.parse().ok()).or_else(|| priority.as_u64())?;
        return Some(match number {
            0..=2 => Level::Critical,
            3 => Level::Error,
            4 => Level::Warning,
            5 | 6 => Level::Info,
            _ => Level::Debug,
        });
    }
    object.get("severity").or_else(|| object.get("level")).and_then(Value::as_str).and_then(Level::named)
}

/// Where an envelope says that its text comes from.
pub(super) fn origin_of(object: &Map<String, Value>) -> Origin {
    let text = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)).and_then(Value::as_str).map(str::to_owned);
    let task = instance_in(object);
    if task.task_id.is_some() {
        let host = text(&["host", "hostname", "worker_id"]);
        return Origin { key: key_of(&task), kind: Some(Kind::Task), task, host, is_whole: true };
    }
    if let Some(labels) = object.get("labels").and_then(Value::as_object) {
        let task = instance_in(labels);
        let host = ["worker_id", "host", "hostname"].iter().find_map(|key| labels.get(*key)).and_then(Value::as_str).map(str::to_owned);
        if task.task_id.is_some() {
            return Origin { key: key_of(&task), kind: Some(Kind::Task), task, host, is_whole: true };
        }
        // Composer names each component's log; Loki labels what it collects.
        let name = text(&["logName"]).map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
        let labelled = ["process", "pod", "container", "filename", "job"].iter().find_map(|key| labels.get(*key)).and_then(Value::as_str);
        if let Some(name) = labelled.map(str::to_owned).or(name) {
            return Origin { host, ..Origin::named(&name) };
        }
    }
    if let Some(log_id) = text(&["log_id"]) {
        return Origin::named(&log_id);
    }
    if let Some(stream) = text(&["logStreamName", "logStream", "@logStream"]) {
        return Origin::named(&stream);
    }
    if let Some(pod) = object.get("kubernetes").and_then(Value::as_object) {
        let field = |key: &str| pod.get(key).and_then(Value::as_str).unwrap_or_default();
        // Pods of the Kubernetes executor carry the task's identity as annotations and labels.
        let annotated = ["annotations", "labels"].iter().filter_map(|key| pod.get(*key).and_then(Value::as_object)).map(instance_in);
        let task = annotated.into_iter().find(|task| task.dag_id.is_some() && task.task_id.is_some()).unwrap_or_default();
        let mut origin = of_container(&format!("{}/{}", field("pod_name"), field("container_name")));
        if task.task_id.is_some() {
            origin.kind = Some(Kind::Task);
            origin.task = task;
        }
        return origin;
    }
    if let Some(program) = text(&["_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"]) {
        let program = if text(&["_TRANSPORT"]).as_deref() == Some("kernel") { "kernel".to_owned() } else { program };
        return of_program(&program, &text(&["_HOSTNAME"]).unwrap_or_default());
    }
    match text(&["container_name", "service", "pod", "podName"]) {
        Some(name) => of_container(name.trim_start_matches('/')),
        None => Origin::default(),
    }
}

/// The task instance that an object names, under the keys of Airflow's own JSON logs (`dag_id`), of Cloud Composer's labels (`workflow`,
/// `task-id`) and of the pods of the Kubernetes executor (`dag_id`, `try_number`).
pub(in crate::record) fn instance_in(object: &Map<String, Value>) -> TaskInstance {
    let text = |keys: &[&str]| {
        keys.iter().find_map(|key| match object.get(*key)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    TaskInstance {
        dag_id: text(&["dag_id", "workflow"]).map(Arc::from),
        run_id: text(&["run_id", "run-id", "dag_run_id", "execution_date", "execution-date", "logical_date"]).map(Arc::from),
        task_id: text(&["task_id", "task-id"]).map(Arc::from),
        map_index: text(&["map_index", "map-index"]).and_then(|index| index.parse().ok()).filter(|index| *index >= 0),
        try_number: text(&["try_number", "try-number"]).and_then(|number| number.parse().ok()),
    }
}

/// What tells the streams of attempts apart.
pub(super) fn key_of(task: &TaskInstance) -> String {
    let part = |part: &Option<Arc<str>>| part.clone().unwrap_or_default();
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    format!(
        "{} {} {} {} {}",
        part(&task.dag_id),
        part(&task.run_id),
        part(&task.task_id),
        number(task.map_index.map(i64::from)),
        number(task.try_number.map(i64::from))
    )
}
