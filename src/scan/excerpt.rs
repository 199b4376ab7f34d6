//! The one line of a record that is shown to a reader.

use serde::{Deserialize, Serialize};

use crate::record::{Dialects, RawRecord, Record, head_of};

use super::EXCERPT_BYTES_MAX;

/// How much of a log's last record is kept: a header, and more than is shown.
const LAST_BYTES_MAX: usize = 1024;

/// The record read last, for logs that end without a word about their end: it tells what the task was doing.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LastWords {
    #[serde(with = "crate::record::text_bytes")]
    bytes: Vec<u8>,
    line: u32,
}

impl LastWords {
    /// Keeps the head of the next record.
    pub(super) fn take(&mut self, raw: &RawRecord<'_>) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&raw.bytes[..raw.bytes.len().min(LAST_BYTES_MAX)]);
        self.line = raw.line;
    }

    /// Its first line that says something; empty where there is no record.
    pub(super) fn say(&self, dialects: &Dialects) -> String {
        let raw = RawRecord { bytes: &self.bytes, line: self.line, line_count: 1, ..RawRecord::default() };
        let text = Record::parse(&raw, dialects).text;
        shortened(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()).to_owned()
    }
}

/// Where a reader should look for what was found at a byte of a record: a line of source code in a traceback tells less than the exception
/// that it led to.
pub(super) fn telling(record: &Record, at: usize) -> usize {
    let line_begin =
        record.text.as_bytes()[..at.min(record.text.len())].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    // The lines of a group's members stand behind a bar.
    let line = &record.text[line_begin..];
    let line = line.trim_start_matches(' ').strip_prefix("| ").unwrap_or(line);
    let in_frames = line_begin > 0 && line.starts_with("    ");
    let exception = record.chain.exceptions.iter().map(|exception| exception.at).filter(|place| *place >= at).min();
    exception.filter(|_| in_frames).unwrap_or(at)
}

/// The line of a record's text that holds the byte `at`: its number in the log, and its text, shortened.
pub(super) fn excerpt_at(record: &Record, at: usize) -> (u32, String) {
    let text = &record.text;
    let at = at.min(text.len());
    let begin = text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let end = text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |behind| at + behind);
    (record.line_at(begin), shortened(text.get(begin..end).unwrap_or_default()).to_owned())
}

fn shortened(line: &str) -> &str {
    head_of(line.trim(), EXCERPT_BYTES_MAX)
}
