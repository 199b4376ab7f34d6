//! Leaving out records in which nothing is worth reading: most of a healthy log is seen by one search and never cut into records.
//!
//! Only what lies between two lines with headers is left out, and only where no reader could tell the difference: nothing of what is looked for
//! stands there, its bytes are UTF-8, its JSON objects end where their lines end. The last records before the end are always given out, for
//! the time at which the log ends.

use std::collections::VecDeque;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::header::{LineKind, lacks_time};
use super::split::{self, BEFORE_BYTES_MAX, RECORD_BYTES_MAX, Splitter};
use super::{Dialects, RawRecord, time_of};
use crate::time::Timestamp;

/// Where something may stand that is worth reading.
pub trait Lookout {
    /// The place of the first such thing in `bytes[from..]`, or a place in the same line. Where no more stands than what may name an endpoint,
    /// that is no such thing: these places are added to `mentions`, as far as they lie before.
    fn find(&self, bytes: &[u8], from: usize, mentions: &mut Vec<usize>) -> Option<usize>;

    /// How long such a thing is at most, in bytes. It never reaches over the end of a line.
    fn longest(&self) -> usize;
}

/// How many of the last records are given out in any case.
const LAST_RECORDS: usize = 3;

/// To leave out less than this saves nothing.
const BYTES_MIN: usize = 256;

impl<R: Read> Splitter<'_, '_, R> {
    /// Goes on to the next record that is worth reading, or near it. Where lines are not all of one process (`only_text`), nothing is left out
    /// between lines that may name another one: JSON, and those of the console. Of what is left out, the records that may name an endpoint are
    /// handed to `mention`; one that it refuses is the next worth reading.
    pub(super) fn skip(&mut self, lookout: &dyn Lookout, only_text: bool, mention: &mut dyn FnMut(&[u8]) -> bool) {
        // In the middle of a long record there is no line to go on from.
        while self.start == self.seen && self.start >= self.outlook.unusual {
            let found = self.next_found(lookout);
            let limit = found.unwrap_or(self.end);
            // Many records before it may be refused one after the other, and it may lie far behind its header.
            let target = match self.outlook.target.filter(|(of, _)| *of == (limit, found.is_some())) {
                Some((_, known)) => Some(known).filter(|known| *known >= self.start),
                None => self.header_before(limit, if found.is_some() { 1 } else { LAST_RECORDS }),
            };
            self.outlook.target = target.map(|target| ((limit, found.is_some()), target));
            // Text without headers is read line by line, and so are very long records.
            let Some(target) = target.filter(|target| *target - self.start <= RECORD_BYTES_MAX) else {
                self.outlook.unusual = limit;
                return;
            };
            let mut goes_on = found.is_none();
            if target >= self.start + BYTES_MIN {
                goes_on &= self.leave_out(target, only_text, mention);
            }
            if !goes_on || self.at_end {
                return;
            }
            self.fill();
        }
    }

    /// Leaves out what stands before `target`, where a line with a header begins, but for the lines that may name an endpoint: these are handed to
    /// `mention`. Gives whether all of it could be left out. Each byte is looked at once, however often one is refused.
    fn leave_out(&mut self, target: usize, only_text: bool, mention: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let (mut done, mut lines, mut upto) = (self.start, 0_u32, target);
        let is_headed = |line: &[u8]| matches!(self.dialects.line_kind(line), LineKind::Headed | LineKind::Json);
        let line_from = |begin: usize| {
            let end = memchr::memchr(b'\n', &self.buffer[begin..target]).map_or(target, |length| begin + length + 1);
            &self.buffer[begin..end]
        };
        while let Some(place) = self.outlook.mentions.front().copied().filter(|place| *place < target) {
            self.outlook.mentions.pop_front();
            if place < done {
                continue;
            }
            let begin = memchr::memrchr(b'\n', &self.buffer[done..place]).map_or(done, |before| done + before + 1);
            let line = line_from(begin);
            let line_end = begin + line.len();
            let Some(count) = quiet_lines(&self.buffer[done..line_end], only_text) else {
                (self.outlook.unusual, upto) = (target, done);
                break;
            };
            let line = &line[..split::without_line_end(line)];
            if !is_headed(line) || !(line_end == target || is_headed(line_from(line_end))) || !mention(line) {
                // What follows a line that was taken begins with a header, as the refused record does, or one between both.
                self.outlook.refused = Some(place);
                upto = self.header_before(place, 1).map_or(done, |begin| begin.max(done));
                break;
            }
            (done, lines) = (line_end, lines.saturating_add(count));
        }
        match quiet_lines(&self.buffer[done..upto], only_text) {
            Some(count) => (done, lines) = (upto, lines.saturating_add(count)),
            None => self.outlook.unusual = target,
        }
        if done > self.start {
            self.line = self.line.saturating_add(lines);
            self.start = done;
            self.seen = done;
            self.ahead = None;
            self.outlook.skipped = true;
        }
        done == target
    }

    /// Where the next thing stands that is worth reading, in what is in memory and has not been given out.
    fn next_found(&mut self, lookout: &dyn Lookout) -> Option<usize> {
        self.outlook.refused = self.outlook.refused.filter(|refused| *refused >= self.start);
        if self.outlook.refused.is_some() {
            return self.outlook.refused;
        }
        if let Some(found) = self.outlook.found.filter(|found| *found >= self.start) {
            return Some(found);
        }
        if self.outlook.looked == self.end {
            return None;
        }
        // What began before the end of what was there the last time may be whole only now.
        let from = self.outlook.looked.saturating_sub(lookout.longest()).max(self.start);
        let mut mentions = std::mem::take(&mut self.outlook.mentions);
        mentions.retain(|place| *place >= self.start && *place < from);
        let mut mentions = Vec::from(mentions);
        self.outlook.found = lookout.find(&self.buffer[..self.end], from, &mut mentions);
        mentions.sort_unstable();
        self.outlook.mentions = mentions.into();
        self.outlook.looked = self.outlook.found.unwrap_or(self.end);
        self.outlook.found
    }

    /// Where the last but so many of the lines with a header begins that begin before `limit` or there; `None` where there are fewer.
    fn header_before(&self, limit: usize, count: usize) -> Option<usize> {
        let bytes = &self.buffer[self.start..self.end];
        let mut lines_end = (limit - self.start).min(bytes.len());
        if count == 1 {
            // The line that holds it may begin the record itself, if all of it is there.
            match memchr::memchr(b'\n', &bytes[lines_end..]) {
                Some(more) => lines_end += more + 1,
                None if self.at_end => lines_end = bytes.len(),
                None => {}
            }
        }
        Headers { bytes, end: lines_end, is_last: self.at_end && lines_end == bytes.len(), dialects: self.dialects }
            .nth(count - 1)
            .map(|at| self.start + at)
    }
}

/// The lines with headers in some bytes, from the last to the first: where each begins. The bytes begin with a line.
#[derive(Debug)]
struct Headers<'a> {
    bytes: &'a [u8],
    /// Up to where lines are looked at.
    end: usize,
    /// Whether the last line is whole although it has no end.
    is_last: bool,
    dialects: &'a Dialects,
}

impl Iterator for Headers<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.end > 0 {
            let has_end = self.bytes[self.end - 1] == b'\n';
            let line_end = self.end - usize::from(has_end);
            let begin = memchr::memrchr(b'\n', &self.bytes[..line_end]).map_or(0, |before| before + 1);
            let is_whole = has_end || std::mem::take(&mut self.is_last);
            self.end = begin;
            let line = &self.bytes[begin..line_end];
            let line = &line[..line.len().min(RECORD_BYTES_MAX)];
            if is_whole && matches!(self.dialects.line_kind(line), LineKind::Headed | LineKind::Json) {
                return Some(begin);
            }
        }
        None
    }
}

/// The last records with headers, as many as [`LAST_RECORDS`], the latest first, by the bytes of a log that end at its byte `at`: at most
/// [`BEFORE_BYTES_MAX`] of them, and only whole lines. Each with its place in the log.
fn headed_before<'a>(before: &'a [u8], at: u64, dialects: &'a Dialects) -> impl Iterator<Item = (&'a [u8], u64)> {
    let is_all = before.len() as u64 == at;
    let from = if is_all { 0 } else { memchr::memchr(b'\n', before).map_or(before.len(), |end| end + 1) };
    let bytes = &before[from..];
    let headers = Headers { bytes, end: bytes.len(), is_last: true, dialects };
    headers.take(LAST_RECORDS).map(move |begin| (&bytes[begin..], at - (bytes.len() - begin) as u64))
}

/// How much of a record's head is remembered: its time stands there.
const HEAD_BYTES: usize = 48;

/// The heads of the records read last, as they tell when these were written.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Heads {
    latest: VecDeque<Head>,
    /// Records between these and the ones before were left out.
    after_gap: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// The time that an envelope gives it, or a header in a form of the user's own.
    time: Option<Timestamp>,
    #[serde(with = "crate::record::text_bytes")]
    bytes: Vec<u8>,
    at: u64,
}

impl Heads {
    /// Takes note of records that were left out before this one.
    pub fn skip_to(&mut self, raw: &RawRecord<'_>) {
        if raw.skipped {
            self.latest.clear();
            self.after_gap = true;
        }
    }

    /// Takes note of what the bytes before a record tell of records that were left out, so that they need not be at hand when reading goes on there.
    pub fn settle(&mut self, before: &[u8], at: u64, dialects: &Dialects) {
        if self.after_gap && self.latest.len() < LAST_RECORDS {
            let heads = headed_before(before, at, dialects).map(|(bytes, at)| Head { time: None, bytes: head_of(bytes).to_vec(), at });
            self.latest = heads.collect();
            self.latest.make_contiguous().reverse();
        }
        self.after_gap = false;
    }

    /// Remembers a record, if it has a head of its own; `time`: if it has been read already.
    pub fn remember(&mut self, raw: &RawRecord<'_>, time: Option<Timestamp>) {
        if !raw.headed {
            return;
        }
        let spare = if self.latest.len() == LAST_RECORDS { self.latest.pop_front() } else { None };
        let mut bytes = spare.map_or_else(|| Vec::with_capacity(HEAD_BYTES), |head| head.bytes);
        bytes.clear();
        if time.is_none() {
            bytes.extend_from_slice(head_of(raw.bytes));
        }
        self.latest.push_back(Head { time: time.or(raw.time), bytes, at: raw.at });
    }

    /// The times of the records with headers before the byte `at`, the latest first; `before`: what stands before it, if that is known.
    #[must_use]
    pub fn times(&self, before: &[u8], at: u64, dialects: &Dialects) -> Vec<Timestamp> {
        if self.after_gap && self.latest.len() < LAST_RECORDS && !before.is_empty() {
            return headed_before(before, at, dialects).filter_map(|(bytes, _)| time_of(head_of(bytes), &dialects.zone)).collect();
        }
        // What is too far away to be seen from here is not counted, so that nothing hangs on whether records were left out.
        let near = self.latest.iter().rev().filter(|head| at <= BEFORE_BYTES_MAX as u64 || head.at + BEFORE_BYTES_MAX as u64 > at);
        near.filter_map(|head| time_of(&head.bytes, &dialects.zone).or(head.time)).collect()
    }
}

fn head_of(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD_BYTES)]
}

/// How many lines some bytes have, if there is nothing about them that a reader would have to say. They begin and end with whole lines.
fn quiet_lines(bytes: &[u8], only_text: bool) -> Option<u32> {
    if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
        return None;
    }
    let ends_well = |line: &[u8]| !line.starts_with(b"{\"") || line.trim_ascii_end().ends_with(b"}");
    let names = |line: &[u8]| only_text && matches!(line.first(), Some(b'{' | b'0'..=b'9' | 0x1b));
    let (mut begin, mut lines) = (0, 0);
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[begin..end];
        if names(line) || !ends_well(line) || lacks_time(line) {
            return None;
        }
        lines += 1;
        begin = end + 1;
    }
    Some(lines)
}
