//! Counts what of a log was not understood, to be said once for all of it.

use serde::{Deserialize, Serialize};

use crate::error::ProblemKind;
use crate::record::{Flaw, RECORD_BYTES_MAX, RawRecord, Record, lacks_time, offset_name, time_of};
use crate::time::Zone;

/// What of one log was not understood.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Unread {
    not_utf8: Count,
    half_pairs: Count,
    not_json: Count,
    no_times: Count,
    bad_times: Count,
    bad_time: String,
    other_zone: Count,
    /// The offset of the times from UTC, in seconds, as the log itself tells.
    offset: i64,
    pieces: u64,
}

/// How often, and the first line.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Count {
    count: u64,
    first_line: u32,
    last_line: u32,
}

impl Count {
    /// Counts what begins in a line, once.
    fn add(&mut self, line: u32) {
        if self.count > 0 && self.last_line == line {
            return;
        }
        self.last_line = line;
        self.count += 1;
        if self.count == 1 {
            self.first_line = line;
        }
    }
}

impl Unread {
    /// Looks at the bytes of the next record.
    pub(super) fn take(&mut self, raw: &RawRecord<'_>, zone: &Zone) {
        if std::str::from_utf8(raw.bytes).is_err() {
            self.not_utf8.add(raw.line);
        }
        // A record that does not end is seen without reading it; what is wrong in the middle of one, where it is read.
        if raw.bytes.starts_with(b"{\"") && !raw.cut && !raw.bytes.trim_ascii_end().ends_with(b"}") {
            self.not_json.add(raw.line);
        }
        // The pieces of a long record and a line that is still being written are told of elsewhere.
        if lacks_time(raw.bytes) && !raw.cut && !raw.line_end.is_empty() && time_of(raw.bytes, zone).is_none() {
            self.no_times.add(raw.line);
        }
        self.pieces += u64::from(raw.cut);
    }

    /// Looks at what was made of a record.
    pub(super) fn parsed(&mut self, record: &Record) {
        match record.flaw {
            Some(Flaw::HalfPair) => self.half_pairs.add(record.line),
            Some(Flaw::NotJson) => self.not_json.add(record.line),
            Some(Flaw::BadTime) => self.no_times.add(record.line),
            None => {}
        }
    }

    /// A header in a form of the user's own has this text in the place of its time.
    pub(super) fn bad_time(&mut self, line: u32, text: String) {
        self.bad_times.add(line);
        if self.bad_times.count == 1 {
            self.bad_time = text;
        }
    }

    /// A record shows that the log's times are not in the zone in which they are read.
    pub(super) fn other_zone(&mut self, line: u32, offset: i64) {
        self.other_zone.add(line);
        self.offset = offset;
    }

    /// Says what there was.
    pub(super) fn tell(&self, problem: &mut dyn FnMut(ProblemKind, String)) {
        let mut tell = |kind, of: &Count, says: &dyn Fn(u64, u32) -> String| {
            if of.count > 0 {
                problem(kind, says(of.count, of.first_line));
            }
        };
        tell(ProblemKind::Encoding, &self.not_utf8, &|count, line| {
            format!("{count} records with bytes that are not UTF-8, first at line {line}; those bytes were replaced")
        });
        tell(ProblemKind::Encoding, &self.half_pairs, &|count, line| {
            format!(
                "JSON records with half a pair of surrogates, \\ud800 to \\udfff (at least {count}), the first at line {line}; it was replaced"
            )
        });
        tell(ProblemKind::NotParsed, &self.not_json, &|count, line| {
            format!(
                "JSON records that are damaged (at least {count}), the first at line {line}; what of them is no JSON was searched as text"
            )
        });
        tell(ProblemKind::NotParsed, &self.no_times, &|count, line| {
            format!("records whose time is none, or none of a log (at least {count}), the first at line {line}; they were used without it")
        });
        tell(ProblemKind::NotParsed, &self.bad_times, &|count, line| {
            let text: String = self.bad_time.chars().take(TEXT_CHARS_MAX).collect();
            format!("{count} headers of --log-format with a time that is not understood, first at line {line}: '{text}'")
        });
        tell(ProblemKind::Timezone, &self.other_zone, &|_, line| {
            let zone = offset_name(self.offset);
            format!(
                "its times have no zone, and by the end_date at line {line}, which is UTC, they are {zone}: give --timezone {zone}, or the zone's name"
            )
        });
        if self.pieces > 0 {
            problem(ProblemKind::Limit, format!("records longer than {} MiB were read in {} pieces", RECORD_BYTES_MAX >> 20, self.pieces));
        }
    }
}

/// How much is shown of a time that is none.
const TEXT_CHARS_MAX: usize = 40;
