//! The numbers that messages state about a call: its time limit, how long it took, how many bytes went over the wire. Only what a message
//! says is taken; nothing is computed from defaults.

use serde::{Deserialize, Serialize};

use crate::record::Chain;
use crate::time::Span;

use super::template::{find, number};

/// A time limit that a call was under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeout {
    /// How long, where the log says so.
    pub limit: Option<Span>,
    /// What it limits, where the log says so: `timeout=20` in a line of the task does not.
    pub kind: Option<TimeoutKind>,
}

/// What a time limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TimeoutKind {
    /// Opening the connection.
    Connect,
    /// Waiting for the next bytes.
    Read,
    /// The whole call.
    Total,
    /// A statement, on the database's side.
    Statement,
    /// Waiting for a free connection of a pool.
    Pool,
    /// The task: Airflow's `execution_timeout`.
    Execution,
}

impl TimeoutKind {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Read => "read",
            Self::Total => "total",
            Self::Statement => "statement",
            Self::Pool => "pool",
            Self::Execution => "execution",
        }
    }
}

/// What a number is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bound {
    /// The log says it, or the lines around it leave no doubt.
    Exact,
    /// It was no longer than this.
    AtMost,
    /// It was no shorter than this.
    AtLeast,
}

impl Bound {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtMost => "at_most",
            Self::AtLeast => "at_least",
        }
    }
}

/// A length of time and what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounded {
    /// How long.
    pub span: Span,
    /// What that is worth.
    pub bound: Bound,
}

impl Bounded {
    /// The span unless it is only a lower bound.
    #[must_use]
    pub fn at_most(self) -> Option<Span> {
        (self.bound != Bound::AtLeast).then_some(self.span)
    }
}

/// Sizes that messages state, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// What came of the answer before it broke off.
    pub received: Option<u64>,
    /// How long the answer should have been.
    pub expected: Option<u64>,
    /// What was to be sent.
    pub sent: Option<u64>,
    /// What the other side accepts at most.
    pub limit: Option<u64>,
}

/// The longest limit or time that is believed: a year. What is longer is another unit or another thing.
const SECONDS_MAX: f64 = 366.0 * 86_400.0;

const MILLI: f64 = 1e-3;
const SECOND: f64 = 1.0;
const MINUTE: f64 = 60.0;

/// Limits as messages state them, with the unit in seconds: urllib3 and requests, pymongo, api-core, subprocess, Airflow, SQLAlchemy's and
/// psycopg's pools, libpq, Snowflake, Trino, Celery, curl. The surer ones first.
const LIMITS: [(&str, TimeoutKind, f64); 31] = [
    ("(connect timeout={num}", TimeoutKind::Connect, SECOND),
    ("(read timeout={num}", TimeoutKind::Read, SECOND),
    ("imeout value connect was {num}, but", TimeoutKind::Connect, SECOND),
    ("imeout value read was {num}, but", TimeoutKind::Read, SECOND),
    ("imeout value total was {num}, but", TimeoutKind::Total, SECOND),
    (", Timeout: {num}s, Topology", TimeoutKind::Total, SECOND),
    ("connectTimeoutMS: {num}ms", TimeoutKind::Connect, MILLI),
    ("reached, connection timed out, timeout {num}", TimeoutKind::Pool, SECOND),
    ("couldn't get a connection after {num} sec", TimeoutKind::Pool, SECOND),
    ("statement_timeout={num}s", TimeoutKind::Statement, SECOND),
    ("statement_timeout={int}", TimeoutKind::Statement, MILLI),
    ("warehouse timeout of {num} second", TimeoutKind::Statement, SECOND),
    ("exceeded maximum time limit of {num}s", TimeoutKind::Statement, SECOND),
    ("exceeded maximum time limit of {num}m", TimeoutKind::Statement, MINUTE),
    ("exceeded the maximum execution time limit of {num}s", TimeoutKind::Statement, SECOND),
    ("exceeded the maximum execution time limit of {num}m", TimeoutKind::Statement, MINUTE),
    ("execution_timeout={num}", TimeoutKind::Execution, SECOND),
    ("execution_timeout of {num}", TimeoutKind::Execution, SECOND),
    ("execution timeout of {num}", TimeoutKind::Execution, SECOND),
    ("TimeLimitExceeded({num}", TimeoutKind::Total, SECOND),
    ("imeout of {num}ms exceeded", TimeoutKind::Total, MILLI),
    ("imeout of {num}s exceeded", TimeoutKind::Total, SECOND),
    ("eadline of {num}s exceeded", TimeoutKind::Total, SECOND),
    ("exceeds the specified timeout of {num}", TimeoutKind::Total, SECOND),
    ("timed out after {num} millisecond", TimeoutKind::Total, MILLI),
    ("timed out after {num}ms", TimeoutKind::Total, MILLI),
    ("timed out after {num} minutes", TimeoutKind::Total, MINUTE),
    ("timed out after {num} sec", TimeoutKind::Total, SECOND),
    ("timed out after {num}s", TimeoutKind::Total, SECOND),
    ("imed out ({num}s)", TimeoutKind::Total, SECOND),
    ("imed out (timeout={num}s)", TimeoutKind::Total, SECOND),
];

/// Classes of exceptions that say which limit was reached, though not how long it is.
const KINDS: [(&str, TimeoutKind); 10] = [
    ("ConnectTimeout", TimeoutKind::Connect),
    ("ConnectTimeoutError", TimeoutKind::Connect),
    ("ConnectionTimeoutError", TimeoutKind::Connect),
    ("ReadTimeout", TimeoutKind::Read),
    ("ReadTimeoutError", TimeoutKind::Read),
    ("SocketTimeoutError", TimeoutKind::Read),
    ("ServerTimeoutError", TimeoutKind::Total),
    ("PoolTimeout", TimeoutKind::Pool),
    ("AirflowTaskTimeout", TimeoutKind::Execution),
    ("TaskTimeout", TimeoutKind::Execution),
];

/// Words that say which limit was reached, though not how long it is: PostgreSQL's and MySQL's servers, libpq, redis-py, aiohttp.
const KIND_WORDS: [(&str, TimeoutKind); 7] = [
    ("due to statement timeout", TimeoutKind::Statement),
    ("maximum statement execution time exceeded", TimeoutKind::Statement),
    ("failed: timeout expired", TimeoutKind::Connect),
    ("Timeout connecting to server", TimeoutKind::Connect),
    ("Connection timeout to host", TimeoutKind::Connect),
    ("Timeout reading from", TimeoutKind::Read),
    ("Timeout on reading data from socket", TimeoutKind::Read),
];

/// The time limit that exceptions state, the root first.
pub(super) fn timeout_of(chain: &Chain) -> Option<Timeout> {
    let stated = || chain.exceptions.iter().find_map(|exception| timeout_in(&exception.message).filter(|timeout| timeout.limit.is_some()));
    let by_class = || {
        let kind = chain.exceptions.iter().find_map(|exception| KINDS.iter().find(|(class, _)| *class == exception.class));
        kind.map(|(_, kind)| Timeout { limit: None, kind: Some(*kind) })
    };
    let by_words = || chain.exceptions.iter().find_map(|exception| timeout_in(&exception.message));
    stated().or_else(by_class).or_else(by_words)
}

/// The time limit that a message states.
pub(super) fn timeout_in(message: &str) -> Option<Timeout> {
    let stated = LIMITS.iter().find_map(|(template, kind, unit)| {
        let place = find(message, template)?;
        let limit = seconds(place.get("num").or_else(|| place.get("int"))?, *unit)?;
        Some(Timeout { limit: Some(limit), kind: Some(*kind) })
    });
    let by_clock = || {
        let place = find(message, "timed out after {clock}")?;
        let limit = clock(place.get("clock").filter(|text| text.contains(':'))?)?;
        Some(Timeout { limit: Some(limit), kind: Some(TimeoutKind::Total) })
    };
    let by_words = || {
        let (_, kind) = KIND_WORDS.iter().find(|(words, _)| message.contains(words))?;
        Some(Timeout { limit: None, kind: Some(*kind) })
    };
    stated.or_else(by_clock).or_else(by_words)
}

/// The time limit that a line announces before a call, `timeout=20`: seconds, as Python's clients take them.
pub(super) fn announced_timeout(text: &str) -> Option<Timeout> {
    let place = find(text, " timeout={num}").or_else(|| find(text, "(timeout={num}")).or_else(|| find(text, ",timeout={num}"))?;
    let unit = text.get(place.end..).unwrap_or_default();
    let scale = match unit.chars().next() {
        Some('m') if unit.starts_with("ms") => MILLI,
        Some('s') if !unit.get(1..2).is_some_and(|next| next.chars().all(char::is_alphanumeric)) => SECOND,
        Some(c) if c.is_alphanumeric() => return None,
        _ => SECOND,
    };
    let limit = seconds(place.get("num")?, scale)?;
    Some(Timeout { limit: Some(limit), kind: None })
}

/// How long a call took, as messages state it. `timed out after` states the limit, which a clock may have overrun.
const ELAPSED: [(&str, f64); 15] = [
    ("elapsed {num}ms", MILLI),
    ("elapsed {num} ms", MILLI),
    ("elapsed {num}s", SECOND),
    ("elapsed {num} s", SECOND),
    ("elapsed: {num}s", SECOND),
    ("elapsed: {num} s", SECOND),
    ("elapsed={num}s", SECOND),
    ("elapsed_s={num}", SECOND),
    ("took {num}ms", MILLI),
    ("took {num} ms", MILLI),
    ("took {num}s", SECOND),
    ("took {num} s", SECOND),
    ("failed after {num} ms", MILLI),
    ("failed after {num}s", SECOND),
    ("failed after {num} s", SECOND),
];

/// How long the call took by what its exceptions say, the root first.
pub(super) fn elapsed_of(chain: &Chain) -> Option<Bounded> {
    chain.exceptions.iter().find_map(|exception| elapsed_in(&exception.message))
}

/// How long a call took by what a message says.
pub(super) fn elapsed_in(message: &str) -> Option<Bounded> {
    let stated = ELAPSED.iter().find_map(|(template, unit)| seconds(find(message, template)?.get("num")?, *unit));
    let exact = |span| Bounded { span, bound: Bound::Exact };
    // curl counts: `after 3 ms: Connection refused`, `after 30001 milliseconds with 0 bytes received`.
    let of_curl = || {
        let place = find(message, " after {num} milliseconds with").or_else(|| find(message, " after {num} ms: "))?;
        seconds(place.get("num")?, MILLI)
    };
    stated.or_else(of_curl).or_else(|| in_seconds(message)).map(exact)
}

/// `in 12.03s`, unless it tells when to try again.
fn in_seconds(message: &str) -> Option<Span> {
    let place = find(message, " in {num}s")?;
    let ends = !message.get(place.end..)?.starts_with(char::is_alphanumeric);
    let before = message.get(..place.at)?.to_ascii_lowercase();
    let is_wait = ["retry", "again", "retrying", "wait", "sleep", "expire"].iter().any(|word| before.contains(word));
    if ends && !is_wait { seconds(place.get("num")?, SECOND) } else { None }
}

fn seconds(text: &str, unit: f64) -> Option<Span> {
    number(text).map(|number| number * unit).filter(|seconds| *seconds <= SECONDS_MAX).map(Span::from_secs_f64)
}

/// `0:01:30.5`, `1:30`.
fn clock(text: &str) -> Option<Span> {
    let mut total = 0.0;
    for part in text.split(':') {
        total = total * 60.0 + part.parse::<f64>().ok().filter(|part| part.is_finite())?;
    }
    (total > 0.0 && total <= SECONDS_MAX).then(|| Span::from_secs_f64(total))
}

/// What a place of a size stands for.
#[derive(Debug, Clone, Copy)]
enum Size {
    Received,
    Expected,
    /// What is missing of what was expected.
    Missing,
    Sent,
    Limit,
}

/// Sizes as messages state them: http.client and urllib3, h11 under httpx, botocore, aiohttp and curl; gRPC, Elasticsearch, Kafka and what
/// servers and gateways write with status 413.
const SIZES: [(&str, Size, Option<Size>); 16] = [
    ("IncompleteRead({int} bytes read, {more} more expected", Size::Received, Some(Size::Missing)),
    ("IncompleteRead({int} bytes read", Size::Received, None),
    ("(received {int} bytes, expected {more}", Size::Received, Some(Size::Expected)),
    ("(received {int} of {more} bytes)", Size::Received, Some(Size::Expected)),
    (" read, but total bytes expected is {int}", Size::Expected, None),
    ("with {int} out of {more} bytes received", Size::Received, Some(Size::Expected)),
    ("with {int} bytes received", Size::Received, None),
    ("expected {int} bytes, got {more}", Size::Expected, Some(Size::Received)),
    ("eceived message larger than max ({int} vs. {more}", Size::Received, Some(Size::Limit)),
    ("message is {int} bytes when serialized", Size::Sent, None),
    ("content is too long [{int}] for the configured buffer limit [{more}", Size::Sent, Some(Size::Limit)),
    ("size ({int}) exceeds the configured maximum ({more}", Size::Sent, Some(Size::Limit)),
    ("size {int} exceeds limit {more}", Size::Sent, Some(Size::Limit)),
    ("size {int} exceeds {more}", Size::Sent, Some(Size::Limit)),
    ("too large: {int} bytes, limit {more}", Size::Sent, Some(Size::Limit)),
    ("too large: {int} bytes", Size::Sent, None),
];

/// The sizes that exceptions state, the root first.
pub(super) fn bytes_of(chain: &Chain) -> Option<Bytes> {
    chain.exceptions.iter().find_map(|exception| bytes_in(&exception.message))
}

/// The sizes that a message states.
pub(super) fn bytes_in(message: &str) -> Option<Bytes> {
    SIZES.iter().find_map(|(template, first, second)| {
        let place = find(message, template)?;
        let mut bytes = Bytes::default();
        let mut put = |size: Size, number: u64| match size {
            Size::Received => bytes.received = Some(number),
            Size::Expected => bytes.expected = Some(number),
            Size::Missing => bytes.expected = bytes.received.and_then(|received| received.checked_add(number)),
            Size::Sent => bytes.sent = Some(number),
            Size::Limit => bytes.limit = Some(number),
        };
        put(*first, place.get("int")?.parse().ok()?);
        if let Some(second) = second {
            put(*second, place.get("more")?.parse().ok()?);
        }
        Some(bytes)
    })
}

#[cfg(test)]
#[path = "numbers_tests.rs"]
mod tests;
