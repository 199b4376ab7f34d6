//! Cuts a stream of bytes into records: a header line with the lines that belong to it. One pass, bounded memory.
//!
//! What starts a record is recognised line by line and not once per file: supervisor, task, child processes and
//! collectors write into one file, each in its own form.

use std::io::{self, Read};

use super::header::{LineKind, line_kind, subtask_text};

/// The longest record. A longer one is cut into pieces that overlap, so that nothing that is looked for can hide in the cut.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// How much a piece repeats of the one before it: longer than any literal of a rule.
const OVERLAP_BYTES: usize = 4096;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// One record as it stands in the log, header included, without its last line feed.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The number of its first line, from 1.
    pub line: u32,
    /// How many lines it takes.
    pub line_count: u32,
    /// Whether it is a piece of a record that is too long.
    pub cut: bool,
}

/// Reads records from a stream.
#[derive(Debug)]
pub struct Splitter<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the record that is being read begins in `buffer`.
    start: usize,
    /// Up to where whole lines have been looked at.
    seen: usize,
    /// Up to where `buffer` is filled.
    end: usize,
    open: Open,
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

impl<R: Read> Splitter<R> {
    /// Starts reading.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            seen: 0,
            end: 0,
            open: Open::None,
            line: 1,
            line_count: 0,
            continues_cut: false,
            at_end: false,
            failure: None,
            bytes_read: 0,
            last_byte: b'\n',
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
                if self.seen > self.start && self.starts_record(self.seen, line_end) {
                    let (from, to) = (self.start, self.seen);
                    self.start = to;
                    self.open = Open::None;
                    return Ok(Some(self.give(from, to, false)));
                }
                self.take_line(self.seen, line_end);
                self.seen = line_end + 1;
            }
            if self.at_end {
                if self.seen < self.end {
                    // The last line has no line feed.
                    let (from, to) = (self.seen, self.end);
                    if from > self.start && self.starts_record(from, to) {
                        let start = self.start;
                        self.start = from;
                        self.open = Open::None;
                        return Ok(Some(self.give(start, from, false)));
                    }
                    self.take_line(from, to);
                    self.seen = to;
                }
                if self.start < self.seen {
                    let (from, to) = (self.start, self.seen);
                    self.start = to;
                    self.open = Open::None;
                    return Ok(Some(self.give(from, to, false)));
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
        let mut bytes = &self.buffer[from..to];
        if let [rest @ .., b'\n'] = bytes {
            bytes = rest;
        }
        if let [rest @ .., b'\r'] = bytes {
            bytes = rest;
        }
        RawRecord { bytes, line, line_count, cut: cut || was_continued }
    }

    /// Whether the line `buffer[from..to]` begins a new record, given the one that is open.
    fn starts_record(&self, from: usize, to: usize) -> bool {
        let line = &self.buffer[from..to];
        match (self.open, line_kind(line)) {
            (Open::None | Open::Json, _) | (_, LineKind::Headed | LineKind::Json) => true,
            (Open::Headed, LineKind::SubtaskText | LineKind::Plain | LineKind::Weak) => false,
            (Open::Bare(_), LineKind::SubtaskText | LineKind::Weak) => true,
            (Open::Bare(state), LineKind::Plain) => !belongs_to_bare(state, line),
        }
    }

    /// Takes a line into the open record, or opens one with it.
    fn take_line(&mut self, from: usize, to: usize) {
        let line = &self.buffer[from..to];
        self.open = match self.open {
            Open::None if self.continues_cut => Open::Headed,
            Open::None => match line_kind(line) {
                LineKind::Headed | LineKind::SubtaskText | LineKind::Weak => Open::Headed,
                LineKind::Json => Open::Json,
                LineKind::Plain => Open::Bare(after_bare(Traceback::No, line)),
            },
            Open::Bare(state) => Open::Bare(after_bare(state, line)),
            open => open,
        };
        self.line_count += 1;
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

fn line_feeds(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn split(text: &[u8]) -> Vec<(u32, u32, String)> {
        let mut splitter = Splitter::new(text);
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
    fn a_line_without_end_comes_in_pieces_that_overlap() {
        let mut line = vec![b'x'; 3 * RECORD_BYTES_MAX];
        line.extend_from_slice(b"needle");
        let mut splitter = Splitter::new(&line[..]);
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
        let mut splitter = Splitter::new(Broken(false));
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
