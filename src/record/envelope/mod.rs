//! Envelopes: what Docker, Kubernetes, systemd and the log services of clouds put around the lines of a log. They are peeled off here, so that
//! whatever stands behind sees the lines as Airflow wrote them, with what the envelope knows: when, from which process, of which attempt.
//!
//! An envelope is recognised by the first lines of a file, and then line by line: a line that lacks it belongs to what came before. Envelopes
//! may be nested (`kubectl logs --prefix --timestamps`).

mod cells;
mod document;
mod object;
mod python;
mod rows;
mod text;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub(super) use document::read as read_document;
pub(super) use object::instance_in;
pub(super) use rows::{Found, Rows};

use super::{Dialects, Level};
use crate::source::{Kind, Source, TaskInstance};
use crate::time::Timestamp;

/// Where the lines of one stream within a file come from, as far as an envelope or the lines themselves say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// What tells this stream from the others of the file: a container, a log stream, a unit, an attempt. Empty where the file is one stream.
    pub key: String,
    /// What kind of log it is, where that can be told.
    pub kind: Option<Kind>,
    /// Whose it is.
    pub task: TaskInstance,
    /// The machine.
    pub host: Option<String>,
    /// Whether the stream is the whole log of what it is of: collectors keep one for each attempt. What services write of an attempt may lack its
    /// begin and its end.
    pub is_whole: bool,
}

impl Origin {
    /// An origin with a name that may speak as a path does: `dag_id=D/run_id=R/task_id=T/attempt=1.log`, `airflow-scheduler-0`.
    fn named(name: &str) -> Self {
        let Source { kind, task, .. } = Source::named(name, None);
        Self { key: name.to_owned(), kind: (kind != Kind::Other).then_some(kind), is_whole: kind == Kind::Task, task, host: None }
    }
}

/// What was in an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Peeled<'a> {
    /// From where.
    pub(super) origin: Origin,
    /// When the envelope says it was written.
    pub(super) time: Option<Timestamp>,
    /// How grave the envelope says it is.
    pub(super) level: Option<Level>,
    /// One or more lines, without the last line feed.
    pub(super) text: Cow<'a, [u8]>,
    /// Its lines are lines of the file too.
    pub(super) over_lines: bool,
    /// The line goes on in the next envelope of the same origin.
    pub(super) goes_on: bool,
}

/// The sorts of envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Each line has a prefix.
    Prefix(text::Prefix),
    /// Each line is a JSON object that holds a line of the log, or several.
    Object,
    /// Each entry is a row of a table, over one line or several.
    Rows(rows::Form),
    /// The file is one JSON document that holds the log.
    Document,
}

impl Sort {
    /// Whether each line is an entry of its own and services may answer with the newest first.
    pub(super) fn may_be_backward(self) -> bool {
        matches!(self, Self::Object | Self::Document | Self::Rows(_) | Self::Prefix(text::Prefix::Loki))
    }
}

/// How many of the first lines are looked at.
const LINES_LOOKED_AT: usize = 24;

/// How deep envelopes in envelopes are peeled.
const NESTING_MAX: usize = 4;

/// Recognises the envelope of a file by its first bytes; `None` where the lines are the log's own.
pub(super) fn recognise(head: &[u8], is_all: bool, dialects: &Dialects) -> Option<Sort> {
    let text = head.trim_ascii_start();
    if document::begins(text, is_all) {
        return Some(Sort::Document);
    }
    if let Some(form) = rows::recognise(text, dialects) {
        return Some(Sort::Rows(form));
    }
    // The last line may be cut by the end of what was read, unless that is all.
    let whole = if is_all { text } else { &text[..memchr::memrchr(b'\n', text).unwrap_or(text.len())] };
    let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let lines: Vec<&[u8]> = lines.take(LINES_LOOKED_AT).collect();
    let first = lines.first()?;
    // What Airflow writes itself is the usual case, and told at once.
    if first.starts_with(b"{\"timestamp\":") && memchr::memmem::find(first, b"\"event\":").is_some() {
        return None;
    }
    let most = |is_one: &dyn Fn(&[u8]) -> bool| {
        let count = lines.iter().filter(|line| is_one(line)).count();
        count > 0 && count * 2 >= lines.len()
    };
    // What the user described is no envelope.
    if most(&|line| dialects.is_surely_own(line)) {
        return None;
    }
    if most(&|line| object::is_one(line, dialects)) {
        return Some(Sort::Object);
    }
    // Without any line that has a prefix of its own none is looked for again.
    text::PREFIXES.into_iter().find(|prefix| most(&|line| text::holds(*prefix, line, dialects))).map(Sort::Prefix)
}

/// Whether a file that begins so, and in which no envelope was recognised, has none whatever is added to it.
pub(super) fn is_settled(head: &[u8], is_all: bool) -> bool {
    let text = head.trim_ascii_start();
    let Some(end) = memchr::memchr(b'\n', text) else {
        return !is_all;
    };
    let is_airflows = text.starts_with(b"{\"timestamp\":") && memchr::memmem::find(&text[..end], b"\"event\":").is_some();
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    // The last of these lines may not be whole.
    !is_all || is_airflows || (text.len() > document::KEY_WITHIN_BYTES && lines() > LINES_LOOKED_AT.max(rows::ROWS_LOOKED_AT))
}

/// Takes off the envelope of one line, and those within. Gives each line or group of lines of the log that it holds; `false` where the line
/// has no envelope of this sort.
pub(super) fn peel(sort: Sort, line: &[u8], dialects: &Dialects, found: &mut dyn FnMut(Peeled<'_>)) -> bool {
    match sort {
        Sort::Prefix(prefix) => match text::peel(prefix, line, dialects) {
            Some(peeled) => {
                within(peeled, dialects, NESTING_MAX, found);
                true
            }
            None => false,
        },
        Sort::Object | Sort::Document | Sort::Rows(_) => {
            object::peel(line, dialects, &mut |peeled| within(peeled, dialects, NESTING_MAX, found))
        }
    }
}

/// Peels what is within an envelope; hands on what has none.
fn within(peeled: Peeled<'_>, dialects: &Dialects, depth: usize, found: &mut dyn FnMut(Peeled<'_>)) {
    let single = !peeled.text.contains(&b'\n');
    if depth > 0 && single && !dialects.is_surely_own(&peeled.text) {
        let outer = |inner: Peeled<'_>, found: &mut dyn FnMut(Peeled<'_>)| {
            let mut inner = Peeled { text: Cow::Owned(inner.text.into_owned()), ..inner };
            inner.origin = nested(&peeled.origin, inner.origin);
            // A collector's time is later than that of what it collected.
            inner.time = inner.time.or(peeled.time);
            inner.level = inner.level.or(peeled.level);
            inner.goes_on |= peeled.goes_on;
            within(inner, dialects, depth - 1, found);
        };
        if object::peel_inner(&peeled.text, dialects, &mut |inner| outer(inner, found)) {
            return;
        }
        if let Some(inner) = text::WITHIN.into_iter().find_map(|prefix| text::peel(prefix, &peeled.text, dialects)) {
            return outer(inner, found);
        }
    }
    found(peeled);
}

/// The origin of what stood in an envelope within another.
fn nested(outer: &Origin, inner: Origin) -> Origin {
    let key = match (outer.key.as_str(), inner.key.as_str()) {
        (key, "") | ("", key) => key.to_owned(),
        (outer, inner) => format!("{outer} {inner}"),
    };
    let task = if inner.task == TaskInstance::default() { outer.task.clone() } else { inner.task };
    Origin {
        key,
        kind: inner.kind.or(outer.kind),
        task,
        host: inner.host.or_else(|| outer.host.clone()),
        is_whole: inner.is_whole || outer.is_whole,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
