//! What most records say, told without parsing them: a time and one line of text. Healthy logs are full of lines that name an endpoint and
//! nothing else of interest; they are read this way, in a tenth of the time.

use std::borrow::Cow;

use super::python_line::exception_line;
use super::{Dialects, RawRecord, header, keys};
use crate::time::Timestamp;

/// A record in one of the forms in which Airflow writes nearly all of them, without an exception.
#[derive(Debug)]
pub struct Glance<'a> {
    /// When it was written.
    pub time: Timestamp,
    /// What [`super::Record::parse`] gives as its text.
    pub text: Cow<'a, str>,
}

impl<'a> Glance<'a> {
    /// Reads a record in which no sign of an exception stands; `None` where it takes a closer look.
    #[must_use]
    pub fn of(raw: &RawRecord<'a>, dialects: &Dialects) -> Option<Self> {
        let bytes = raw.bytes;
        if raw.cut || raw.time.is_some() || dialects.has_own() || memchr::memchr(b'\n', bytes).is_some() {
            return None;
        }
        let line = std::str::from_utf8(bytes).ok()?;
        let glance = if bytes.starts_with(b"{") {
            let time = keys::time_at_start(bytes, &dialects.zone).filter(|time| time.can_be_of_a_log())?;
            Self { time, text: event(line)? }
        } else {
            let header = header::parse(bytes, &dialects.zone);
            Self { time: header.time?, text: Cow::Borrowed(line.get(header.text_at..)?) }
        };
        // A line that is an exception's is one; what looks like a class with a message may be a URL.
        let text = glance.text.trim_start();
        let is_exception = exception_line(text).is_some_and(|line| !line.is_url());
        (!text.starts_with(['|', '+']) && !is_exception && !text.contains('\n')).then_some(glance)
    }
}

/// The event of a JSON line in the form of Airflow 3, if its other keys are those that do not belong to a record's text.
fn event(line: &str) -> Option<Cow<'_, str>> {
    let mut rest = line.strip_prefix("{\"timestamp\":\"")?;
    rest = rest.get(memchr::memchr(b'"', rest.as_bytes())?..)?.strip_prefix('"')?;
    let mut event = None;
    while !rest.is_empty() && rest != "}" {
        rest = rest.strip_prefix(",\"")?;
        let (key, behind) = rest.split_once("\":")?;
        let (value, after) = match behind.strip_prefix('"') {
            Some(value) => string(value)?,
            None if key == "lineno" => behind.split_at(behind.find(|c: char| !c.is_ascii_digit())?),
            None => return None,
        };
        match key {
            "event" if event.is_none() => event = Some(value),
            "level" | "logger" | "filename" | "lineno" => {}
            _ => return None,
        }
        rest = after;
    }
    unescaped(event?)
}

/// A JSON string up to its end, still escaped, and what follows.
fn string(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes()[at] == b'"' {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// The text that an escaped one stands for; `None` for the rarer escapes.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split('\\');
    let mut out = String::with_capacity(text.len());
    out.push_str(parts.next()?);
    while let Some(part) = parts.next() {
        // An escaped backslash stands between two parts.
        let (escape, rest) = if part.is_empty() { ('\\', parts.next()?) } else { (part.chars().next()?, part.get(1..)?) };
        out.push(match escape {
            '"' | '\\' | '/' => escape,
            't' => '\t',
            _ => return None,
        });
        out.push_str(rest);
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    #[test]
    fn it_sees_what_parsing_sees() {
        let lines = [
            "[2026-11-21T08:00:00.000+0000] {http.py:157} INFO - GET https://api.example.com/v1 200",
            "[2026-11-21 08:00:00,000] {http.py:157} INFO - GET https://api.example.com/v1 200",
            "[2026-11-21 08:00:00,000: INFO/ForkPoolWorker-3] GET https://api.example.com/v1",
            "2026-11-21T08:00:00Z [info     ] GET https://api.example.com/v1 [http] status=200",
            r#"{"timestamp":"2026-11-21T08:00:00Z","level":"info","event":"GET https://api.example.com/v1","logger":"x","filename":"a.py","lineno":7}"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://api.example.com:443 \"GET /v1\" C:\\x \/ \t","level":"info"}"#,
        ];
        for line in lines {
            let raw = RawRecord { bytes: line.as_bytes(), line: 1, line_count: 1, ..RawRecord::default() };
            let record = Record::parse(&raw, &Dialects::default());
            let glance = Glance::of(&raw, &Dialects::default()).map(|glance| (Some(glance.time), glance.text.into_owned()));
            assert_eq!(glance, Some((record.time, record.text)), "{line}");
        }
    }

    #[test]
    fn what_is_unusual_takes_a_closer_look() {
        for line in [
            "GET https://api.example.com/v1",
            "[2026-11-21T08:00:00.000+0000] {a.py:1} ERROR - requests.ConnectionError: https://api.example.com",
            "[2026-11-21T08:00:00.000+0000] {a.py:1} INFO - one\ntwo https://api.example.com",
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://a.example.com","status":200}"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://a.example.com caf\u00e9"}"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://a.example.com\ntwo"}"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://a.example.com"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","event":"https://a.example.com","event":"x"}"#,
            r#"{"timestamp":"2026-11-21T08:00:00Z","level":"info"}"#,
        ] {
            let raw = RawRecord { bytes: line.as_bytes(), line: 1, line_count: 1, ..RawRecord::default() };
            assert!(Glance::of(&raw, &Dialects::default()).is_none(), "{line}");
        }
    }
}
