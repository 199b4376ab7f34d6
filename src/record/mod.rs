//! What the bytes of a log say: records with time, level and text, whatever dialect they are written in; exception chains; the
//! identity and the facts that single records carry. Nothing here knows a rule, and nothing here fails: what is not understood is text.

mod about;
mod boundary;
mod call;
mod clock;
mod console_pairs;
mod cut;
mod detail;
mod detail_text;
mod ends;
mod envelope;
mod exception;
mod facts;
mod frame;
mod glance;
mod header;
mod instances;
mod json;
mod json_line;
mod json_repair;
mod keys;
mod lifecycle;
mod log_format;
mod newest_first;
mod pieces;
mod python_line;
mod signs;
mod skip;
mod speaker;
mod split;
mod standing;
mod streams;
pub(crate) mod text_bytes;
mod traceback;
mod ui_text;
mod visitor;

pub use about::{About, LOST_PROCESS};
pub use call::{
    Announced, Bound, Bounded, Bytes, Call, Connection, Endpoint, EndpointNames, LibraryName, Phase, Retries, RetryLine, Target, Timeout,
    TimeoutKind, endpoints_in, retry_line, tells_of_answer,
};
pub use clock::{offset_name, other_offset};
pub use cut::head_of;
pub use ends::whole_ends;
pub use envelope::Origin;
pub use exception::{Chain, Exception, Link, SyntaxSpot};
pub use facts::Facts;
pub use frame::Frame;
pub use glance::Glance;
pub use header::{Dialect, Header, lacks_time, time_of};
pub use instances::{INSTANCES_BYTES_MAX, Instance, State, parse_instances, read_instances};
pub use json_line::Flaw;
pub use lifecycle::{Landmark, Outcome, landmarks};
pub use log_format::Dialects;
pub use pieces::TracebackLines;
pub use signs::Signs;
pub use skip::{Heads, Lookout};
pub use split::{BEFORE_BYTES_MAX, RECORD_BYTES_MAX, RawRecord, Splitter};
pub use standing::{Place, Standing};
pub use streams::{STREAMS_MAX, Skim, Told, each_record, each_record_found, each_record_since};
pub use visitor::{Attention, Piece, Visitor};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One log record: a header line with everything that belongs to it (a traceback, the further lines of a message).
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The number of its first line, from 1.
    pub line: u32,
    /// How many lines it takes.
    pub line_count: u32,
    /// When it was written, where its header says so.
    pub time: Option<Timestamp>,
    /// How grave it is, where its header says so.
    pub level: Option<Level>,
    /// The logger, or the source file (`taskinstance.py:1937`) where the dialect names that.
    pub logger: Option<String>,
    /// The form its header was written in.
    pub dialect: Dialect,
    /// The message with its traceback, without the header. For JSON: the event, the other keys as `key=value`, the
    /// exceptions as Python prints them.
    pub text: String,
    /// The lines of the text are not those of the log: they were put into the form that all logs share.
    pub rendered: bool,
    /// The number of the log's line for each line of the text, where a record was put together from several; else empty.
    pub lines: Vec<u32>,
    /// What of it was not understood as its form demands.
    pub flaw: Option<Flaw>,
    /// The exceptions it carries, root first; empty when it carries none.
    pub chain: Chain,
    /// The keys and values of a record that is a JSON object, those of its head included; `None` for all others.
    pub fields: Option<Box<serde_json::Map<String, serde_json::Value>>>,
}

impl Record {
    /// The value of a key of a JSON record, as text: a string as it is, everything else as JSON writes it. A key with dots that does not
    /// exist as such leads into objects: `error.type`.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<std::borrow::Cow<'_, str>> {
        let fields = self.fields.as_deref()?;
        let value = fields.get(key).or_else(|| {
            let (first, rest) = key.split_once('.')?;
            rest.split('.').try_fold(fields.get(first)?, |value, part| value.get(part))
        })?;
        Some(value.as_str().map_or_else(|| value.to_string().into(), Into::into))
    }

    /// The number of the log's line in which the byte `at` of the text stands.
    #[must_use]
    pub fn line_at(&self, at: usize) -> u32 {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let further = memchr::memchr_iter(b'\n', before).count();
        if let Some(line) = self.lines.get(further).or(self.lines.last()) {
            return *line;
        }
        // The lines of a JSON record's text all stand in its one line.
        let further = if self.rendered { 0 } else { u32::try_from(further).unwrap_or(u32::MAX) };
        self.line + further.min(self.line_count.saturating_sub(1))
    }

    /// Parses what the splitter cut out.
    #[must_use]
    pub fn parse(raw: &RawRecord<'_>, dialects: &Dialects) -> Self {
        let own = dialects.header(raw.bytes);
        let json = if own.is_none() { json::parse(raw.bytes, &dialects.zone) } else { Err(None) };
        let mut record = json.unwrap_or_else(|flaw| {
            let header = own.unwrap_or_else(|| header::parse(raw.bytes, &dialects.zone));
            let bytes = raw.bytes.get(header.text_at..).unwrap_or_default();
            let text = match boundary::without_subtask_prefixes(raw.bytes, header.text_at) {
                Some(text) => String::from_utf8_lossy(&text).into_owned(),
                None => String::from_utf8_lossy(bytes).into_owned(),
            };
            let converted = ui_text::convert(&text).or_else(|| detail_text::convert(&text));
            let rendered = converted.is_some();
            let (text, chain) = converted.unwrap_or_else(|| {
                let chain = traceback::parse(&text, false);
                (text, chain)
            });
            let Header { time, level, logger, dialect, bad_time, .. } = header;
            let flaw = flaw.or(bad_time.then_some(Flaw::BadTime));
            // The pieces of a long record and a line that is still being written are told of elsewhere.
            let flaw = flaw.filter(|_| !raw.cut && !raw.line_end.is_empty());
            Self { time, level, logger, dialect, rendered, text, chain, flaw, ..Self::default() }
        });
        record.time = record.time.or(raw.time);
        record.level = record.level.or(raw.level);
        record.line = raw.line;
        record.line_count = raw.line_count;
        record
    }

    /// A record made from bare text, for one record of an example or a test.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let raw = RawRecord { bytes: text.as_bytes(), line: 1, line_count: 1, ..RawRecord::default() };
        Self::parse(&raw, &Dialects::default())
    }
}

/// How grave a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Debug and trace.
    Debug,
    /// Normal course.
    Info,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
    /// The process is about to end.
    Critical,
}

impl Level {
    /// Reads a level by its name in any case; `warn`, `fatal` and the like included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let known = [
            ("debug", Self::Debug),
            ("trace", Self::Debug),
            ("info", Self::Info),
            ("warning", Self::Warning),
            ("warn", Self::Warning),
            ("error", Self::Error),
            ("critical", Self::Critical),
            ("fatal", Self::Critical),
            ("exception", Self::Error),
        ];
        known.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, level)| *level)
    }
}
