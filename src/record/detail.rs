//! The exceptions that Airflow 3 writes as JSON (`error_detail`; structlog's `exception` where that is a list): the raised one first,
//! each next being what it came out of. What is not understood is handed back as text, so that nothing is lost.

use std::sync::Arc;

use serde_json::Value;

use super::Frame;
use super::exception::{Collected, Exception, FRAMES_MAX, GROUP_DEPTH_MAX, Link, NOTES_MAX, SyntaxSpot, push_frame};

/// The keys of an exception that are understood.
const KEYS: [&str; 8] = ["exc_type", "exc_value", "exc_notes", "syntax_error", "is_cause", "frames", "is_group", "exceptions"];

/// Reads a list of exceptions, root first in what it gives. `left` takes what is not understood, as `key=value`.
pub(super) fn read(key: &str, detail: &Value, left: &mut Vec<String>) -> Vec<Exception> {
    let mut reading = Reading { collected: Collected::default(), left };
    reading.chain(key, detail, Link::First, None, 0);
    reading.collected.in_order()
}

struct Reading<'a> {
    collected: Collected,
    left: &'a mut Vec<String>,
}

impl Reading<'_> {
    /// One chain: a list of exceptions, or a single one. `first` is the link of the one that came out of no other.
    fn chain(&mut self, key: &str, chain: &Value, first: Link, group: Option<usize>, depth: usize) {
        let elements = match chain {
            Value::Array(elements) => elements.as_slice(),
            other => std::slice::from_ref(other),
        };
        let mut link = first;
        for element in elements.iter().rev() {
            let taken = self.exception(key, element, link, group, depth);
            link = match element.get("is_cause").and_then(Value::as_bool) {
                _ if !taken => link,
                Some(true) => Link::Cause,
                _ => Link::Context,
            };
        }
    }

    fn exception(&mut self, key: &str, element: &Value, link: Link, group: Option<usize>, depth: usize) -> bool {
        let Some((object, class)) = element.as_object().and_then(|object| Some((object, object.get("exc_type")?.as_str()?))) else {
            self.leave(key, element);
            return false;
        };
        let (module, class) = match class.rsplit_once('.') {
            Some((module, class)) => (Some(module.to_owned()), class.to_owned()),
            None => (None, class.to_owned()),
        };
        let mut exception = Exception { module, class, link, ..Exception::default() };
        exception.is_group = object.get("is_group").and_then(Value::as_bool).unwrap_or_default();
        match object.get("exc_value") {
            Some(Value::String(message)) => exception.message.clone_from(message),
            None | Some(Value::Null) => {}
            Some(other) => exception.message = other.to_string(),
        }
        match object.get("exc_notes") {
            Some(Value::Array(notes)) => {
                exception.notes = notes.iter().take(NOTES_MAX).map(plain).collect();
                notes.iter().skip(NOTES_MAX).for_each(|note| self.leave("exc_notes", note));
            }
            Some(other) => self.leave("exc_notes", other),
            None => {}
        }
        match object.get("frames") {
            Some(Value::Array(frames)) => {
                for frame in frames.iter().skip(frames.len().saturating_sub(FRAMES_MAX)) {
                    match frame.as_object() {
                        Some(_) => push_frame(Arc::make_mut(&mut exception.frames), self::frame(frame, "filename", "name")),
                        None => self.leave("frames", frame),
                    }
                }
            }
            Some(other) => self.leave("frames", other),
            None => {}
        }
        match object.get("syntax_error") {
            Some(spot @ Value::Object(_)) => {
                let place = frame(spot, "filename", "");
                let text = spot.get("line").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
                exception.syntax = Some(SyntaxSpot { file: place.file.clone(), line: place.line, text });
                push_frame(Arc::make_mut(&mut exception.frames), place);
            }
            Some(other) => self.leave("syntax_error", other),
            None => {}
        }
        for (key, value) in object.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
            self.leave(key, value);
        }
        let number = self.collected.push(exception, group);
        match object.get("exceptions") {
            Some(Value::Array(chains)) if depth < GROUP_DEPTH_MAX => {
                for (index, member) in chains.iter().enumerate() {
                    let first = if index == 0 { Link::First } else { Link::Beside };
                    self.chain("exceptions", member, first, Some(number), depth + 1);
                }
            }
            Some(Value::Array(chains)) if chains.is_empty() => {}
            Some(other) => self.leave("exceptions", other),
            None => {}
        }
        true
    }

    fn leave(&mut self, key: &str, value: &Value) {
        if !value.is_null() {
            self.left.push(format!("{key}={}", plain(value)));
        }
    }
}

fn frame(frame: &Value, file: &str, function: &str) -> Frame {
    let text = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let line = frame.get("lineno").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()).unwrap_or_default();
    Frame { file: text(file), line, function: text(function), code: None }
}

/// A value as it stands in a text: of text the text itself.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
#[path = "detail_tests.rs"]
mod tests;
