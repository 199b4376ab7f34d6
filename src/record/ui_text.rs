//! The text that the "Download" button of Airflow 3's user interface gives: a record's exceptions stand behind its event with nothing
//! between, the raised one first, frames without quotes, a comma before each further exception, and no word on how one came out of another:
//!
//! ```text
//! Task failed with exceptionConnectionError: ('Connection aborted.', ..)
//!     File /opt/airflow/dags/a.py, line 34 in pull
//! ,ProtocolError: ('Connection aborted.', ..)
//!     File ..
//! ```
//!
//! It is brought into the form that the same record has where it was downloaded as JSON.

use std::sync::Arc;

use super::exception::{Chain, Exception, Link, push_frame, render};
use super::python_line::exception_line;
use super::{Frame, traceback};

/// Events of Airflow that are followed by exceptions: behind them any name is a class.
const EVENTS: [&str; 4] = ["Task failed with exception", "Top level error", "Failed to parse DAG file", "Trigger failed to start"];

/// The text in the form of a JSON record's, with its exceptions; `None` where it is not of this kind.
pub(super) fn convert(text: &str) -> Option<(String, Chain)> {
    let first_frame = text.match_indices("\n    File ").map(|(at, _)| at).find(|at| frame(line_at(text, at + 1)).is_some())?;
    let (event_end, class_at) = class_in(text.get(..first_frame)?)?;
    let mut exceptions: Vec<Exception> = Vec::new();
    let mut rest = "";
    let mut at = class_at;
    for line in text.get(class_at..)?.split_inclusive('\n') {
        let plain = line.trim_end_matches(['\n', '\r']);
        let next = if at == class_at { Some(plain) } else { plain.strip_prefix(',') };
        let name = next.and_then(exception_line).filter(|name| at == class_at || name.begins_large());
        let in_frames = exceptions.last().is_some_and(|last| !last.frames.is_empty());
        if let Some(name) = name {
            exceptions.push(name.exception());
        } else if let (Some(frame), Some(last)) = (frame(plain), exceptions.last_mut()) {
            push_frame(Arc::make_mut(&mut last.frames), frame);
        } else if !in_frames && let Some(last) = exceptions.last_mut() {
            last.message.push('\n');
            last.message.push_str(plain);
        } else if !plain.trim().is_empty() {
            rest = text.get(at..)?;
            break;
        }
        at += line.len();
    }
    exceptions.reverse();
    for (index, exception) in exceptions.iter_mut().enumerate() {
        exception.message.truncate(exception.message.trim_end().len());
        exception.link = if index == 0 { Link::First } else { Link::CauseOrContext };
    }
    let mut converted = text.get(..event_end)?.trim_end().to_owned();
    let mut chain = traceback::parse(&converted, true);
    if !converted.is_empty() {
        converted.push('\n');
    }
    render(&mut exceptions, &mut converted);
    chain.append(exceptions);
    if !rest.is_empty() {
        converted.push('\n');
        converted.push_str(rest);
    }
    Some((converted, chain))
}

/// The line of a text that begins at a byte.
fn line_at(text: &str, at: usize) -> &str {
    text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// `    File PATH, line N in FUNCTION`.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("    File ").filter(|rest| !rest.starts_with('"'))?;
    let (file, rest) = rest.rsplit_once(", line ")?;
    let (number, function) = rest.split_once(" in ")?;
    Some(Frame { file: file.to_owned(), line: number.parse().ok()?, function: function.trim_end().to_owned(), code: None })
}

/// Where the event ends and where the class of the first exception begins, in the text before its frames.
fn class_in(head: &str) -> Option<(usize, usize)> {
    // The second and later exceptions of a record whose beginning is missing.
    if let Some(rest) = head.strip_prefix(',')
        && exception_line(rest).is_some()
    {
        return Some((0, 1));
    }
    for event in EVENTS {
        if let Some(rest) = head.strip_prefix(event)
            && exception_line(rest).is_some()
        {
            return Some((event.len(), event.len()));
        }
    }
    // Each name before a colon; the event's last word may stand before it with nothing between. The first that looks like an exception
    // counts, for messages quote others.
    let mut camel = None;
    for (colon, _) in head.match_indices(':') {
        if !head.get(colon + 1..).is_some_and(|behind| behind.is_empty() || behind.starts_with([' ', '\n'])) {
            continue;
        }
        let before = head.get(..colon)?;
        let run = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let word = before.get(run..)?;
        let Some(capital) = word.find(|c: char| c.is_ascii_uppercase()) else { continue };
        let at = run + capital;
        match exception_line(head.get(at..)?) {
            Some(name) if name.looks_like_exception() || name.is_without_doubt() => return Some((at, at)),
            Some(_) if camel.is_none() && head.get(..at)?.ends_with(|c: char| !c.is_whitespace()) => camel = Some((at, at)),
            Some(_) if camel.is_none() && at == 0 => camel = Some((0, 0)),
            _ => {}
        }
    }
    camel
}

#[cfg(test)]
#[path = "ui_text_tests.rs"]
mod tests;
