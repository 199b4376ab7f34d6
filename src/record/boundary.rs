//! Where records begin and end, line by line: which line opens a record and which belongs to the one that is open.
//!
//! It is decided for each line and not once per file: supervisor, task, child processes and collectors write into one file,
//! each in its own form.

use super::header::{LineKind, subtask_text};

/// The record that is being read, as far as it decides about the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boundary(Open);

/// The kind of the record that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    None,
    /// It has a header: whatever has none belongs to it.
    Headed,
    /// It has none: only a traceback and indented lines belong to it.
    Bare(Traceback),
    /// A JSON object: complete in its line.
    Json,
}

/// How far a traceback without a header has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traceback {
    No,
    /// Between "Traceback" and the exception's line.
    Frames,
    /// So many lines after the exception's line: its message may go on, and a further traceback of the chain may follow.
    Raised(u8),
}

/// How many lines a message may have after an exception's line, where no header ends it.
const MESSAGE_LINES_MAX: u8 = 12;

impl Boundary {
    /// No record is open.
    pub(super) const NONE: Self = Self(Open::None);

    /// A record is open of which an earlier piece was given out: what has no header belongs to it.
    pub(super) const CONTINUED: Self = Self(Open::Headed);

    /// Whether a line of that kind begins a new record, given the one that is open.
    pub(super) fn is_before(self, line: &[u8], kind: LineKind) -> bool {
        match (self.0, kind) {
            (Open::None | Open::Json, _) | (_, LineKind::Headed | LineKind::Json) => true,
            (Open::Headed, LineKind::SubtaskText | LineKind::Plain | LineKind::Weak) => false,
            (Open::Bare(_), LineKind::SubtaskText | LineKind::Weak) => true,
            (Open::Bare(state), LineKind::Plain) => !belongs_to_bare(state, line),
        }
    }

    /// Takes a line of that kind into the open record, or opens one with it.
    pub(super) fn take(&mut self, line: &[u8], kind: LineKind) {
        self.0 = match self.0 {
            Open::None => match kind {
                LineKind::Headed | LineKind::SubtaskText | LineKind::Weak => Open::Headed,
                LineKind::Json => Open::Json,
                LineKind::Plain => Open::Bare(after_bare(Traceback::No, line)),
            },
            Open::Bare(state) => Open::Bare(after_bare(state, line)),
            open => open,
        };
    }
}

/// Whether a line without header belongs to an open record without header.
fn belongs_to_bare(state: Traceback, line: &[u8]) -> bool {
    let part = is_indented(line) || is_traceback_head(line) || is_answer_part(line);
    match state {
        // The exception's line ends the frames and belongs to them.
        Traceback::Frames => true,
        Traceback::Raised(lines) => part || is_chain_link(line) || (lines < MESSAGE_LINES_MAX && !is_exception_like(line)),
        Traceback::No => part,
    }
}

/// The state after a line was taken into a record without header.
fn after_bare(state: Traceback, line: &[u8]) -> Traceback {
    if is_traceback_head(line) || line.trim_ascii_start().starts_with(b"File \"") {
        return Traceback::Frames;
    }
    match state {
        Traceback::Frames if !is_indented(line) => Traceback::Raised(0),
        // A blank line ends the message; only a further traceback of the chain can follow.
        Traceback::Raised(_) if line.trim_ascii().is_empty() => Traceback::Raised(MESSAGE_LINES_MAX),
        Traceback::Raised(lines) => Traceback::Raised(lines.saturating_add(1)),
        state => state,
    }
}

/// Blank, indented, or behind the bars of an exception group.
fn is_indented(line: &[u8]) -> bool {
    line.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'|' || *byte == b'+')
}

/// The further lines of what Kubernetes' client prints of an answer.
fn is_answer_part(line: &[u8]) -> bool {
    line.starts_with(b"Reason: ") || line.starts_with(b"HTTP response ")
}

/// A line that is an exception of its own.
fn is_exception_like(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < 120 && !name.contains(&b' ') && (name.ends_with(b"Error") || name.ends_with(b"Exception"))
}

fn is_traceback_head(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"+ ").or_else(|| line.strip_prefix(b"| ")).unwrap_or(line);
    line.starts_with(b"Traceback (most recent call last)") || line.starts_with(b"Exception Group Traceback")
}

fn is_chain_link(line: &[u8]) -> bool {
    line.starts_with(b"During handling of the above exception") || line.starts_with(b"The above exception was the direct cause")
}

/// The text of a record, from `text_at` on, without the prefixes that Airflow 1.10 put before each further line of its subtask's
/// output; `None` where it has none.
#[must_use]
pub(super) fn without_subtask_prefixes(bytes: &[u8], text_at: usize) -> Option<Vec<u8>> {
    let rest = bytes.get(text_at..)?;
    let first_end = memchr::memchr(b'\n', rest)?;
    subtask_text(rest[first_end + 1..].split(|byte| *byte == b'\n').next()?)?;
    let mut text = Vec::with_capacity(rest.len());
    text.extend_from_slice(&rest[..first_end]);
    for line in rest[first_end + 1..].split(|byte| *byte == b'\n') {
        text.push(b'\n');
        text.extend_from_slice(subtask_text(line).unwrap_or(line));
    }
    Some(text)
}
