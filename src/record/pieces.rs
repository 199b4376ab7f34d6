//! Tracebacks that stand in a log one line per record, each behind a header of its own: what a task writes to its standard error in
//! Airflow 3, what a Bash command or a pod prints, what `logging_mixin` catches. A record alone holds only a part of it.

use std::ops::Range;

use super::python_line::{is_head, link};
use super::traceback::{Reader, Reading};
use super::{Level, Record};

/// How many tracebacks may be open at once: standard output and error, and two processes more.
const OPEN_MAX: usize = 4;

/// The longest text of one traceback; beyond, its lines are read but not kept.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// For how many records of others a traceback without its exception is waited for.
const RECORDS_BETWEEN_MAX: u32 = 200;

/// For how many records of others the next exception of a chain is waited for. It follows at once, if at all.
const RECORDS_BETWEEN_CHAIN_MAX: u32 = 8;

/// The longest text before each line, such as a container's name.
const PREFIX_BYTES_MAX: usize = 80;

/// Puts tracebacks together that come one line per record. It is to see each record of a log in order, or at least each one while
/// [`TracebackLines::is_open`].
#[derive(Debug, Default)]
pub struct TracebackLines {
    open: Vec<Open>,
}

/// A traceback that is being read.
#[derive(Debug)]
struct Open {
    /// The first record. Its text grows with each line.
    record: Record,
    /// What stands before each line.
    prefix: String,
    reader: Reader,
    /// An exception has been read: the traceback may be complete.
    raised: bool,
    records_between: u32,
}

impl TracebackLines {
    /// Whether a traceback is being read, so that the records that follow must be shown, whatever they say.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether a record may be the first line of a traceback; cheap.
    #[must_use]
    pub fn may_begin(record: &Record) -> bool {
        record.chain.exceptions.is_empty() && head_at(&record.text).is_some()
    }

    /// Shows the next record. Gives the tracebacks that are complete now, each as a record with the place, time, level and logger of
    /// its first line, all its lines as text, and its chain.
    pub fn feed(&mut self, record: &Record) -> Vec<Record> {
        let mut complete = Vec::new();
        let mut taken = false;
        let mut still_open = Vec::new();
        for mut open in self.open.drain(..) {
            if !taken && open.same_writer(record) {
                taken = open.take(record);
                // The same writer says something else: what was read is all.
                if taken { still_open.push(open) } else { complete.extend(open.close()) }
            } else {
                open.records_between += 1;
                let most = if open.raised { RECORDS_BETWEEN_CHAIN_MAX } else { RECORDS_BETWEEN_MAX };
                if open.records_between > most { complete.extend(open.close()) } else { still_open.push(open) }
            }
        }
        self.open = still_open;
        if !taken && Self::may_begin(record) {
            if self.open.len() == OPEN_MAX {
                complete.extend(self.open.remove(0).close());
            }
            self.open.extend(Open::begin(record));
        }
        complete
    }

    /// Ends the log. Gives what was still open: tracebacks whose end was not sure, and those that break off, with their frames in
    /// [`super::Chain::unfinished`].
    pub fn finish(&mut self) -> Vec<Record> {
        self.open.drain(..).filter_map(Open::close).collect()
    }
}

impl Open {
    fn begin(record: &Record) -> Option<Self> {
        let text = own_text(record);
        let head = head_at(text)?;
        let line_at = text.get(..head)?.rfind('\n').map_or(0, |before| before + 1);
        let prefix = text.get(line_at..head)?.trim_start().to_owned();
        // It begins in the record's last line.
        let first = record.line_at(record.text.len());
        let mut record = record.clone();
        let line = text.get(head..)?.to_owned();
        record.text.clear();
        record.rendered = true;
        let mut open = Self { record, prefix, reader: Reader::default(), raised: false, records_between: 0 };
        open.push(&line, first..first + 1);
        Some(open)
    }

    /// Whether the same writer wrote it, in the same way.
    fn same_writer(&self, record: &Record) -> bool {
        let level = |record: &Record| record.level.unwrap_or(Level::Info);
        record.logger == self.record.logger && level(record) == level(&self.record) && record.dialect == self.record.dialect
    }

    /// Takes a line, if it belongs to the traceback.
    fn take(&mut self, record: &Record) -> bool {
        let text = own_text(record);
        let line = text.strip_prefix(self.prefix.as_str()).or_else(|| text.strip_prefix(self.prefix.trim_end())).unwrap_or(text);
        let trimmed = line.trim_start();
        let belongs = match self.reader.state() {
            // The record says more than one line of a traceback.
            _ if line.contains('\n') && !record.chain.exceptions.is_empty() => false,
            Reading::Frames | Reading::Member | Reading::Stack => true,
            _ if trimmed.is_empty() || link(trimmed).is_some() => true,
            // Behind the exception's line only what belongs to it for sure: its message may go on, but so may the log.
            Reading::Message | Reading::Text => self.reader.awaits_next() && is_head(trimmed) || self.reader.in_group(line),
        };
        if belongs {
            self.push(line, record.line..record.line_at(record.text.len()) + 1);
            self.record.line_count = record.line.saturating_sub(self.record.line).saturating_add(record.line_count);
            self.records_between = 0;
            self.raised = matches!(self.reader.state(), Reading::Message | Reading::Text) && !self.reader.awaits_next();
        }
        belongs
    }

    /// Adds what one record says, which stands in those lines of the log.
    fn push(&mut self, line: &str, numbers: Range<u32>) {
        let text = &mut self.record.text;
        let at = text.len() + usize::from(!text.is_empty());
        self.reader.line(line, at);
        if at + line.len() <= TEXT_BYTES_MAX {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
            let last = numbers.end.saturating_sub(1);
            self.record.lines.extend(line.split('\n').zip(numbers.chain(std::iter::repeat(last))).map(|(_, number)| number));
        }
    }

    /// The whole, if it holds anything.
    fn close(self) -> Option<Record> {
        let mut record = self.record;
        record.chain = self.reader.finish();
        let end = record.text.trim_end().len();
        record.text.truncate(end);
        for exception in &mut record.chain.exceptions {
            exception.at = exception.at.min(end);
        }
        (!record.chain.exceptions.is_empty() || !record.chain.unfinished.is_empty()).then_some(record)
    }
}

/// The byte at which the text's last line begins a traceback, perhaps behind a short prefix.
fn head_at(text: &str) -> Option<usize> {
    let text = without_channel(text.trim_end());
    let line_at = text.rfind('\n').map_or(0, |before| before + 1);
    let line = text.get(line_at..)?;
    let at =
        line.find("Traceback (most recent call last):").or_else(|| line.find("+ Exception Group Traceback (most recent call last):"))?;
    let at = if line.get(..at).is_some_and(|before| before.ends_with("+ Exception Group ")) { at - "+ Exception Group ".len() } else { at };
    // Words behind it make it a mention.
    let ends = line.ends_with("Traceback (most recent call last):");
    (ends && at <= PREFIX_BYTES_MAX).then_some(line_at + at)
}

/// A record's text without what the record itself added to the line.
fn own_text(record: &Record) -> &str {
    without_channel(&record.text)
}

/// Airflow 3.0 names the stream behind each line, its user interface without a space; later ones call it the source.
fn without_channel(text: &str) -> &str {
    let plain = text.trim_end();
    ["chan=stderr", "chan=stdout", "source=task.stderr", "source=task.stdout"]
        .iter()
        .find_map(|channel| plain.strip_suffix(channel))
        .map_or(text, str::trim_end)
}

#[cfg(test)]
#[path = "pieces_tests.rs"]
mod tests;
