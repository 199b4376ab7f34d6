//! Cuts a stream of bytes into records: a header line with the lines that belong to it. One pass, bounded memory.
//!
//! Nothing is lost on the way: the records' bytes, put together again, are the bytes of the stream. Where the reader does not need every
//! record, those in which nothing is found are left out (see `skip`). What comes out hangs on the bytes alone, not on how many of them come
//! at once.

use std::collections::VecDeque;
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
pub(super) const READ_BYTES: usize = 256 << 10;

/// How much of the log stays in memory before the record that is being read, for the times of the records before it.
pub const BEFORE_BYTES_MAX: usize = 16 << 10;

/// One record as it stands in the log, header included.
#[derive(Debug, Clone, Copy, Default)]
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
    /// Whether it begins with a header or is a JSON object; and not with a line that stands alone, or in the middle of a record.
    pub headed: bool,
    /// Where it begins in the log, in bytes; 0 in envelopes.
    pub at: u64,
    /// Whether records before it were left out.
    pub skipped: bool,
    /// Whether nothing follows it.
    pub is_last: bool,
    /// What stands before it in the log, at most [`BEFORE_BYTES_MAX`]; empty in envelopes.
    pub before: &'a [u8],
}

/// Reads records from a stream.
#[derive(Debug)]
pub struct Splitter<'d, 'b, R> {
    reader: R,
    pub(super) dialects: &'d Dialects,
    pub(super) buffer: Buffer<'b>,
    /// Where the record that is being read begins in `buffer`.
    pub(super) start: usize,
    /// Up to where whole lines have been looked at.
    pub(super) seen: usize,
    /// Up to where `buffer` is filled.
    pub(super) end: usize,
    open: Boundary,
    /// The kind of the line that opened it; `None` where it goes on with one that was cut.
    opened_by: Option<LineKind>,
    /// The kind of the line at `seen`, where it was looked at already and found to begin the next record.
    pub(super) ahead: Option<LineKind>,
    pub(super) line: u32,
    line_count: u32,
    /// How many bytes the record that is being read repeats of the piece before it, if that was cut.
    repeats: Option<usize>,
    pub(super) at_end: bool,
    /// What ended the stream early; told once everything before it has been given out.
    failure: Option<io::Error>,
    bytes_read: u64,
    last_byte: u8,
    /// How far it has looked for what is worth reading, and where it found something.
    pub(super) outlook: Outlook,
}

/// How far a splitter has looked ahead.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Up to where nothing is, or up to and with `found`.
    pub(super) looked: usize,
    /// Where something is.
    pub(super) found: Option<usize>,
    /// Where endpoints may be named, among what was found before it and has not been given out.
    pub(super) mentions: VecDeque<usize>,
    /// Which of these places has to be read as what was found.
    pub(super) refused: Option<usize>,
    /// Where the last record begins that has to be read because of a place, and whether something is found there; else the last ones in memory.
    pub(super) target: Option<((usize, bool), usize)>,
    /// Up to where each record has to be read, because something in it is unusual.
    pub(super) unusual: usize,
    /// Whether records were left out before the next one.
    pub(super) skipped: bool,
}

/// The memory of a splitter: its own, or one that is used for one log after the other.
#[derive(Debug)]
pub(super) enum Buffer<'b> {
    Own(Vec<u8>),
    Lent(&'b mut Vec<u8>),
}

impl std::ops::Deref for Buffer<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        match self {
            Self::Own(bytes) => bytes,
            Self::Lent(bytes) => bytes,
        }
    }
}

impl std::ops::DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Own(bytes) => bytes,
            Self::Lent(bytes) => bytes,
        }
    }
}

impl<'d, 'b, R: Read> Splitter<'d, 'b, R> {
    /// Starts reading.
    pub fn new(reader: R, dialects: &'d Dialects) -> Self {
        Self::with_buffer(Buffer::Own(Vec::new()), 0, reader, dialects)
    }

    /// Goes on reading where the first bytes have been read already: `buffer[..filled]`.
    pub(super) fn with_buffer(buffer: Buffer<'b>, filled: usize, reader: R, dialects: &'d Dialects) -> Self {
        Self {
            reader,
            dialects,
            start: 0,
            seen: 0,
            end: filled,
            bytes_read: filled as u64,
            last_byte: buffer[..filled].last().copied().unwrap_or(b'\n'),
            buffer,
            open: Boundary::NONE,
            opened_by: None,
            ahead: None,
            line: 1,
            line_count: 0,
            repeats: None,
            at_end: false,
            failure: None,
            outlook: Outlook::default(),
        }
    }

    /// Goes on in the middle of a log, behind `at` bytes of it, where a record begins in the given line.
    pub(super) fn at(mut self, at: u64, line: u32) -> Self {
        self.bytes_read += at;
        self.line = line;
        self
    }

    /// How many bytes have been given out or left out.
    pub(super) fn bytes_given(&self) -> u64 {
        self.bytes_read - (self.end - self.start) as u64
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

    /// The last bytes that were read, at most [`BEFORE_BYTES_MAX`].
    pub(super) fn tail(&self) -> &[u8] {
        &self.buffer[self.end.saturating_sub(BEFORE_BYTES_MAX)..self.end]
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
            let (line_end, next_line) = match memchr::memchr(b'\n', &self.buffer[self.seen..self.end]) {
                Some(offset) => (self.seen + offset, self.seen + offset + 1),
                None if self.at_end && self.seen < self.end => (self.end, self.end),
                None if self.at_end => {
                    if self.start < self.seen {
                        return Ok(Some(self.give_open()));
                    }
                    return match self.failure.take() {
                        Some(error) => Err(error),
                        None => Ok(None),
                    };
                }
                // A line that is longer than a record may be: what follows of it does not matter yet.
                None if self.end - self.seen > RECORD_BYTES_MAX => (self.end, self.end),
                None => {
                    self.fill();
                    continue;
                }
            };
            let line = &self.buffer[self.seen..line_end.min(self.seen + RECORD_BYTES_MAX)];
            let kind = self.ahead.take().unwrap_or_else(|| self.dialects.line_kind(line));
            if self.seen > self.start && self.open.is_before(line, kind) {
                self.ahead = Some(kind);
                return Ok(Some(self.give_open()));
            }
            if line_end - self.start > RECORD_BYTES_MAX {
                let whole_lines = self.seen - self.start;
                if whole_lines > self.repeats.unwrap_or_default() {
                    self.ahead = Some(kind);
                    return Ok(Some(self.give_piece(self.seen)));
                }
                // Not a single line fits.
                if self.open == Boundary::NONE {
                    self.opened_by = Some(kind);
                }
                return Ok(Some(self.give_piece(self.start + RECORD_BYTES_MAX)));
            }
            if self.open == Boundary::NONE {
                self.opened_by = Some(kind);
            }
            self.open.take(line, kind);
            self.line_count += 1;
            self.seen = next_line;
        }
    }

    /// Reads more into the buffer, dropping what has been given out and is not needed any more.
    pub(super) fn fill(&mut self) {
        self.outlook.target = None;
        if self.end == self.buffer.len() {
            let dropped = self.start.saturating_sub(BEFORE_BYTES_MAX);
            self.buffer.copy_within(dropped..self.end, 0);
            for place in [&mut self.start, &mut self.seen, &mut self.end] {
                *place -= dropped;
            }
            let outlook = &mut self.outlook;
            outlook.looked = outlook.looked.saturating_sub(dropped);
            outlook.unusual = outlook.unusual.saturating_sub(dropped);
            for place in [&mut outlook.found, &mut outlook.refused] {
                *place = place.and_then(|place| place.checked_sub(dropped));
            }
            outlook.mentions.retain_mut(|place| {
                let is_there = *place >= dropped;
                *place = place.saturating_sub(dropped);
                is_there
            });
            if self.buffer.len() < self.end + READ_BYTES / 2 {
                let bytes = self.end + READ_BYTES;
                self.buffer.resize(bytes, 0);
            }
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(count) => {
                    self.end += count;
                    self.bytes_read += count as u64;
                    self.last_byte = self.buffer[self.end - 1];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.at_end = true;
                    self.failure = Some(error);
                }
            }
            return;
        }
    }

    /// Hands out the open record: what was looked at and not given out yet.
    fn give_open(&mut self) -> RawRecord<'_> {
        let from = std::mem::replace(&mut self.start, self.seen);
        self.open = Boundary::NONE;
        let (line, line_count) = (self.line, self.line_count.max(1));
        self.line += self.line_count;
        self.line_count = 0;
        let repeats = self.repeats.take();
        let bytes_end = from + without_line_end(&self.buffer[from..self.seen]);
        let is_last = self.at_end && self.seen == self.end && self.failure.is_none();
        self.give(
            from,
            bytes_end,
            self.seen,
            RawRecord { repeats: repeats.unwrap_or_default(), line, line_count, cut: repeats.is_some(), is_last, ..RawRecord::default() },
        )
    }

    /// Hands out a piece of the open record, up to `to`, which is too long to be given out as one.
    fn give_piece(&mut self, to: usize) -> RawRecord<'_> {
        let from = self.start;
        self.start = to - OVERLAP_BYTES.min(to - from);
        self.seen = to;
        // The next piece begins before the end of this one, and its lines are counted from there.
        let repeated = line_feeds(&self.buffer[self.start..to]);
        let whole = line_feeds(&self.buffer[from..to]);
        let line = self.line;
        self.line += whole - repeated;
        self.line_count = repeated;
        let line_count = whole + u32::from(self.buffer[from..to].last() != Some(&b'\n'));
        let repeats = self.repeats.replace(to - self.start);
        let given = RawRecord { repeats: repeats.unwrap_or_default(), line, line_count, cut: true, ..RawRecord::default() };
        if self.ahead.is_none() {
            // What follows is the rest of a line.
            self.open = Boundary::CONTINUED;
        }
        // A piece in the middle of a record has no end of a line, whatever its last bytes are.
        self.give(from, to, to, given)
    }

    fn give(&mut self, from: usize, bytes_end: usize, to: usize, record: RawRecord<'static>) -> RawRecord<'_> {
        let headed = matches!(self.opened_by.take(), Some(LineKind::Headed | LineKind::Json));
        RawRecord {
            bytes: &self.buffer[from..bytes_end],
            line_end: &self.buffer[bytes_end..to],
            headed,
            at: self.bytes_read - (self.end - from) as u64,
            skipped: std::mem::take(&mut self.outlook.skipped),
            before: &self.buffer[from.saturating_sub(BEFORE_BYTES_MAX)..from],
            ..record
        }
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
            assert!(record.bytes.len() <= RECORD_BYTES_MAX);
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
