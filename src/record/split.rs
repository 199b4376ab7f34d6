//! Cuts a stream of bytes into records: a header line with the lines that belong to it. One pass, bounded memory.
//!
//! Nothing is lost on the way: the records' bytes, put together again, are the bytes of the stream.

use std::io::{self, Read};

use super::boundary::Boundary;
use super::header::LineKind;
use super::{Dialects, Level};
use crate::time::Timestamp;

/// The longest record. A longer one is cut into pieces that overlap, so that nothing that is looked for can hide in the cut.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// How much a piece repeats of the one before it: longer than any literal of a rule.
const OVERLAP_BYTES: usize = 4096;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// One record as it stands in the log, header included.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The bytes, without the end of its last line.
    pub bytes: &'a [u8],
    /// The bytes of the end of its last line: a line feed, with a carriage return before it where the log has one; none where
    /// the log stops within the line.
    pub line_end: &'a [u8],
    /// How many bytes at its begin the piece before it held already; 0 but in pieces of a record that is too long.
    pub repeats: usize,
    /// When an envelope around the log says it was written.
    pub time: Option<Timestamp>,
    /// How grave such an envelope says it is.
    pub level: Option<Level>,
    /// The number of its first line, from 1.
    pub line: u32,
    /// How many lines it takes.
    pub line_count: u32,
    /// Whether it is a piece of a record that is too long.
    pub cut: bool,
}

/// Reads records from a stream.
#[derive(Debug)]
pub struct Splitter<'d, R> {
    reader: R,
    dialects: &'d Dialects,
    buffer: Vec<u8>,
    /// Where the record that is being read begins in `buffer`.
    start: usize,
    /// Up to where whole lines have been looked at.
    seen: usize,
    /// Up to where `buffer` is filled.
    end: usize,
    open: Boundary,
    /// The kind of the line at `seen`, where it was looked at already and found to begin the next record.
    ahead: Option<LineKind>,
    line: u32,
    line_count: u32,
    /// The record before was cut and this one continues it.
    continues_cut: bool,
    at_end: bool,
    /// What ended the stream early; told once everything before it has been given out.
    failure: Option<io::Error>,
    bytes_read: u64,
    last_byte: u8,
}

impl<'d, R: Read> Splitter<'d, R> {
    /// Starts reading.
    pub fn new(reader: R, dialects: &'d Dialects) -> Self {
        Self::with_head(Vec::new(), reader, dialects)
    }

    /// Goes on reading where the first bytes have been read already.
    pub fn with_head(head: Vec<u8>, reader: R, dialects: &'d Dialects) -> Self {
        Self {
            reader,
            dialects,
            start: 0,
            seen: 0,
            end: head.len(),
            bytes_read: head.len() as u64,
            last_byte: head.last().copied().unwrap_or(b'\n'),
            buffer: head,
            open: Boundary::NONE,
            ahead: None,
            line: 1,
            line_count: 0,
            continues_cut: false,
            at_end: false,
            failure: None,
        }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// How many lines the records given out so far take.
    #[must_use]
    pub fn lines_read(&self) -> u32 {
        self.line.saturating_sub(1)
    }

    /// Whether the stream ended with a line feed; false for a log that stops in the middle of a line.
    #[must_use]
    pub fn ended_with_line_feed(&self) -> bool {
        self.last_byte == b'\n'
    }

    /// The next record, or `None` at the end.
    ///
    /// # Errors
    /// Those of the reader. What was read before the error is given out first.
    #[expect(clippy::should_implement_trait, reason = "the record borrows from the splitter, so it cannot be an Iterator")]
    pub fn next(&mut self) -> io::Result<Option<RawRecord<'_>>> {
        loop {
            while let Some(offset) = memchr::memchr(b'\n', &self.buffer[self.seen..self.end]) {
                let line_end = self.seen + offset;
                if !self.take_line(self.seen, line_end) {
                    return Ok(Some(self.give_open()));
                }
                self.seen = line_end + 1;
            }
            if self.at_end {
                if self.seen < self.end {
                    // The last line has no line feed.
                    if !self.take_line(self.seen, self.end) {
                        return Ok(Some(self.give_open()));
                    }
                    self.seen = self.end;
                }
                if self.start < self.seen {
                    return Ok(Some(self.give_open()));
                }
                return match self.failure.take() {
                    Some(error) => Err(error),
                    None => Ok(None),
                };
            }
            if self.end - self.start >= RECORD_BYTES_MAX {
                let (from, to) = (self.start, self.end);
                self.start = to - OVERLAP_BYTES;
                self.seen = to;
                return Ok(Some(self.give(from, to, true)));
            }
            if let Err(error) = self.fill() {
                self.at_end = true;
                self.failure = Some(error);
            }
        }
    }

    /// Reads more into the buffer, dropping what has been given out.
    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.seen -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + READ_BYTES {
            self.buffer.resize(self.end + READ_BYTES, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(());
                }
                Ok(count) => {
                    self.end += count;
                    self.bytes_read += count as u64;
                    self.last_byte = self.buffer[self.end - 1];
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands out the open record: what was looked at and not given out yet.
    fn give_open(&mut self) -> RawRecord<'_> {
        let from = std::mem::replace(&mut self.start, self.seen);
        self.open = Boundary::NONE;
        self.give(from, self.seen, false)
    }

    /// Hands out `buffer[from..to]` and counts its lines.
    fn give(&mut self, from: usize, to: usize, cut: bool) -> RawRecord<'_> {
        let line = self.line;
        let mut line_count = self.line_count.max(1);
        if cut {
            // The next piece begins before the end of this one, and its lines are counted from there.
            let repeated = line_feeds(&self.buffer[self.start..to]);
            let all = line_feeds(&self.buffer[from..to]);
            line_count = all + 1;
            self.line += all - repeated;
            self.line_count = repeated;
        } else {
            self.line += self.line_count;
            self.line_count = 0;
        }
        let was_continued = self.continues_cut;
        self.continues_cut = cut;
        let whole = &self.buffer[from..to];
        // A piece in the middle of a record has no end of a line, whatever its last bytes are.
        let (bytes, line_end) = whole.split_at(if cut { whole.len() } else { without_line_end(whole) });
        let repeats = if was_continued { OVERLAP_BYTES.min(bytes.len()) } else { 0 };
        RawRecord { bytes, line_end, repeats, time: None, level: None, line, line_count, cut: cut || was_continued }
    }

    /// Takes the line `buffer[from..to]` into the open record, or opens one with it. `false`: another record is open, which must be given out
    /// first.
    fn take_line(&mut self, from: usize, to: usize) -> bool {
        let line = &self.buffer[from..to];
        let kind = self.ahead.take().unwrap_or_else(|| self.dialects.line_kind(line));
        if from > self.start && self.open.is_before(line, kind) {
            self.ahead = Some(kind);
            return false;
        }
        if self.open == Boundary::NONE && self.continues_cut {
            self.open = Boundary::CONTINUED;
        }
        self.open.take(line, kind);
        self.line_count += 1;
        true
    }
}

/// The length of a record without the end of its last line.
pub(super) fn without_line_end(bytes: &[u8]) -> usize {
    match bytes {
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n'] => rest.len(),
        _ => bytes.len(),
    }
}

fn line_feeds(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn split(text: &[u8]) -> Vec<(u32, u32, String)> {
        let dialects = Dialects::default();
        let mut splitter = Splitter::new(text, &dialects);
        let mut records = Vec::new();
        while let Some(record) = splitter.next().unwrap() {
            records.push((record.line, record.line_count, String::from_utf8_lossy(record.bytes).into_owned()));
        }
        records
    }

    #[test]
    fn a_traceback_stays_with_its_header_and_keeps_its_lines() {
        let records = split(b"[2026-11-21T07:16:20.749+0000] {a.py:1} ERROR - failed\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f\nValueError: no\n[2026-11-21T07:16:21.000+0000] {a.py:2} INFO - on\n");
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].0, records[0].1), (1, 4));
        assert!(records[0].2.ends_with("in f\nValueError: no"));
        assert_eq!((records[1].0, records[1].1), (5, 1));
    }

    #[test]
    fn json_lines_are_one_record_each_and_other_lines_between_them_too() {
        let records = split(b"{\"event\":\"a\"}\nplain\n{\"event\":\"b\"}\n");
        assert_eq!(records.iter().map(|r| r.2.as_str()).collect::<Vec<_>>(), ["{\"event\":\"a\"}", "plain", "{\"event\":\"b\"}"]);
    }

    #[test]
    fn a_chained_traceback_without_header_is_one_record() {
        let text = b"some words\nTraceback (most recent call last):\n  File \"x\", line 1, in f\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"y\", line 2, in g\nValueError: z\n\nnext\n";
        let records = split(text);
        assert_eq!(records.len(), 2, "{records:?}");
        assert!(records[0].2.trim_end().ends_with("ValueError: z") && records[1].2 == "next");
        assert_eq!(records[1].0, 12);
    }

    #[test]
    fn what_a_supervised_process_writes_past_all_logging_is_a_record() {
        let line = "2026-11-21T12:03:37.464503Z [info     ] Workload finished              [supervisor] exit_code=0";
        let handler = "--- Supervised process Last chance exception handler ---";
        let text =
            format!("{line}\n{handler}\nTraceback (most recent call last):\n  File \"x\", line 1, in f\nBrokenPipeError: z\n{line}\n");
        let records = split(text.as_bytes());
        assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 2, 6]);
        assert!(records[1].2.starts_with(handler) && records[1].2.trim_end().ends_with("BrokenPipeError: z"));
    }

    #[test]
    fn a_line_without_end_comes_in_pieces_that_overlap() {
        let mut line = vec![b'x'; 3 * RECORD_BYTES_MAX];
        line.extend_from_slice(b"needle");
        let dialects = Dialects::default();
        let mut splitter = Splitter::new(&line[..], &dialects);
        let (mut pieces, mut found) = (0, false);
        while let Some(record) = splitter.next().unwrap() {
            assert!(record.bytes.len() <= RECORD_BYTES_MAX + READ_BYTES);
            assert_eq!(record.line, 1);
            pieces += 1;
            found |= record.bytes.ends_with(b"needle");
        }
        assert!(pieces >= 3 && found);
    }

    #[test]
    fn what_came_before_an_error_is_given_out() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.0 = true;
                buffer[..6].copy_from_slice(b"a\nb\nc\n");
                Ok(6)
            }
        }
        let dialects = Dialects::default();
        let mut splitter = Splitter::new(Broken(false), &dialects);
        let mut seen = Vec::new();
        let error = loop {
            match splitter.next() {
                Ok(Some(record)) => seen.push(record.bytes.to_vec()),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        assert_eq!(seen, [b"a", b"b", b"c"]);
        assert!(error.is_some());
    }
}
