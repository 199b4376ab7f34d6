//! What a rule can be cut from: the record with its secrets masked, and the one exception or line of it that says what failed.

use std::borrow::Cow;

use crate::record::{Dialects, Exception, RawRecord, Record};
use crate::report::Mask;

use super::place::Found;
use super::variable::{self, letters};

/// How many lines of a message are looked at for one that tells something.
const LINES_MAX: usize = 60;

/// The longest line that is taken apart, in bytes.
const LINE_BYTES_MAX: usize = 4000;

/// What a rule can be cut from.
pub(super) struct Material {
    /// The record as it stands in the log, masked.
    pub(super) raw: String,
    /// The same without its header, as rules see it.
    pub(super) text: String,
    /// The class of the exception, with its module where that is the same everywhere.
    pub(super) class: Option<String>,
    /// The line that says what failed.
    pub(super) message: String,
    /// What belongs to one attempt alone.
    pub(super) names: Vec<String>,
}

impl Material {
    pub(super) fn of(found: &Found, mask: &Mask, dialects: &Dialects) -> Self {
        // Ends of lines are no part of what is said.
        let lossy = String::from_utf8_lossy(&found.bytes).replace("\r\n", "\n");
        let masked = mask.apply(lossy.trim_end_matches(['\n', '\r'])).into_owned();
        let mut record = parsed(&masked, found, dialects);
        let mut raw = masked;
        // What was masked may have been what held a JSON object together.
        if record.chain.exceptions.len() < found.record.chain.exceptions.len() || record.dialect != found.record.dialect {
            raw = mask.apply(found.record.text.trim_end()).into_owned();
            record = parsed(&raw, found, dialects);
        }
        let text = mask.apply(record.text.trim_end()).into_owned();
        let exception = exception_at(&record, found.line);
        let (class, message) = match exception {
            Some(exception) => (Some(class_of(exception)), exception.message.lines().next().unwrap_or_default().to_owned()),
            None => (None, line_of(&record, found)),
        };
        let message = crate::record::head_of(message.trim(), LINE_BYTES_MAX).to_owned();
        Self { raw, text, class, message, names: found.names.clone() }
    }
}

fn parsed(text: &str, found: &Found, dialects: &Dialects) -> Record {
    let raw = RawRecord {
        bytes: text.as_bytes(),
        line_end: b"\n",
        line: found.record.line,
        line_count: found.record.line_count,
        ..RawRecord::default()
    };
    let mut record = Record::parse(&raw, dialects);
    record.lines.clone_from(&found.record.lines);
    record
}

/// The exception that a line of a record belongs to: the one whose traceback it stands in; the one that was raised in the end, where all
/// stands in one line or the line is the record's first.
fn exception_at(record: &Record, line: u32) -> Option<&Exception> {
    let raised = record.chain.raised();
    if record.rendered && record.lines.is_empty() || line <= record.line {
        return raised;
    }
    let in_order = {
        let mut all: Vec<&Exception> = record.chain.exceptions.iter().collect();
        all.sort_by_key(|exception| exception.at);
        all
    };
    in_order.into_iter().find(|exception| record.line_at(exception.at) >= line).or(raised)
}

/// `module.Class`, as far as it is the same in every log: Airflow gives the module of a DAG file a name with a number, and a class within a
/// function is named by its place.
fn class_of(exception: &Exception) -> String {
    let varies = |module: &&String| {
        module.contains("__main__")
            || module.contains('<')
            || module.contains("unusual_prefix")
            || module.chars().any(|c| c.is_ascii_digit() && !module.starts_with("psycopg2"))
    };
    match exception.module.as_ref().filter(|module| !varies(module) && !module.is_empty()) {
        Some(module) => format!("{module}.{}", exception.class),
        None => exception.class.clone(),
    }
}

/// The line of a record without exception that says what failed: the one that was asked for, else the first that says anything.
fn line_of(record: &Record, found: &Found) -> String {
    let tells_nothing = |line: &str| line.starts_with("Traceback (most recent call last)") || line.trim_start().starts_with("File \"");
    let mut at = 0;
    let mut lines: Vec<(u32, &str)> = Vec::new();
    for line in record.text.split('\n').take(LINES_MAX) {
        lines.push((record.line_at(at), line));
        at += line.len() + 1;
    }
    let asked = lines.iter().filter(|(number, _)| *number == found.line && !record.rendered).map(|(_, line)| *line);
    let all = asked.chain(lines.iter().map(|(_, line)| *line));
    let rank = |line: &Cow<'_, str>| {
        let parts = variable::parts(line, &found.names);
        let literal = variable::longest_literal(&parts).unwrap_or_default();
        (variable::tells(&literal), letters(&literal))
    };
    let lines: Vec<Cow<'_, str>> =
        all.filter(|line| !tells_nothing(line)).map(|line| Cow::Borrowed(crate::record::head_of(line, LINE_BYTES_MAX))).collect();
    let telling = lines.iter().find(|line| rank(line).0);
    let best = telling.or_else(|| lines.iter().rev().max_by_key(|line| rank(line)));
    best.map(|line| line.to_string()).or_else(|| record.text.lines().next().map(str::to_owned)).unwrap_or_default()
}
