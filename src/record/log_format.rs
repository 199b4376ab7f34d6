//! Forms of headers that a user describes, for installations that changed Airflow's `log_format` or its formatter: regular expressions with named
//! groups. They are tried at the start of each line, before the forms that are known.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use regex::bytes::{Captures, Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::header::{LineKind, line_kind};
use super::{Dialect, Header, Level};
use crate::error::Error;
use crate::time::{Timestamp, Zone, parse_any_prefix};

/// How records are to be read: what their bytes do not say themselves.
#[derive(Debug, Clone, Default)]
pub struct Dialects {
    /// The zone of timestamps that name none.
    pub zone: Zone,
    /// The user's own forms of headers, the first that fits counts. `None` where there are none: that is asked once a line.
    own: Option<Arc<[Regex]>>,
}

/// The groups that a form may have.
const GROUPS: [&str; 6] = ["time", "level", "logger", "file", "line", "message"];

/// The most memory that one compiled expression may take, in bytes.
const PROGRAM_BYTES_MAX: usize = 4 << 20;

/// An example for messages.
const EXAMPLE: &str = r"'(?<time>\S+ \S+) \| (?<level>\w+) \| (?<logger>\S+) \| (?<message>.*)'";

impl Dialects {
    /// Compiles the user's own forms.
    ///
    /// # Errors
    /// [`Error::Usage`] for what is no such form, with the column and what to write instead.
    pub fn new(zone: Zone, formats: &[String]) -> Result<Self, Error> {
        let own = formats.iter().map(|format| compile(format)).collect::<Result<Vec<Regex>, Error>>()?;
        Ok(Self { zone, own: (!own.is_empty()).then(|| own.into()) })
    }

    /// Whether the user has described any form.
    pub(super) fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// Whether a line begins with a header in one of the user's own forms.
    pub(super) fn is_own(&self, line: &[u8]) -> bool {
        self.own.as_ref().is_some_and(|own| {
            let line = readable(line);
            own.iter().any(|form| form.is_match(&line))
        })
    }

    /// What a line is, the user's own forms first.
    pub(super) fn line_kind(&self, line: &[u8]) -> LineKind {
        if self.is_own(line) { LineKind::Headed } else { line_kind(line) }
    }

    /// As [`Self::is_own`], and the time in the header is one: a form may be so wide that it fits a line in an envelope.
    pub(super) fn is_surely_own(&self, line: &[u8]) -> bool {
        self.with_groups(line, |groups| groups.name("time").is_none() || self.time(groups).is_some()).unwrap_or_default()
    }

    /// When a record was written, by a header in one of the user's own forms; `None` where it has no such header, or one without a time.
    ///
    /// # Errors
    /// The text that stands where the time should, if it is none.
    pub fn own_time(&self, record: &[u8]) -> Option<Result<Timestamp, String>> {
        self.with_groups(record, |groups| {
            let text = String::from_utf8_lossy(groups.name("time")?.as_bytes()).into_owned();
            Some(self.time(groups).ok_or(text))
        })?
    }

    /// The header of a record, if it is in one of the user's own forms.
    pub(super) fn header(&self, record: &[u8]) -> Option<Header> {
        self.with_groups(record, |groups| self.header_of(groups))
    }

    fn header_of(&self, groups: &Captures<'_>) -> Header {
        let group = |name: &str| groups.name(name).map(|found| String::from_utf8_lossy(found.as_bytes()).trim().to_owned());
        let file = group("file").filter(|file| !file.is_empty());
        let file = file.map(|file| group("line").map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
        let behind = groups.get(0).map_or(0, |whole| whole.end());
        Header {
            time: self.time(groups),
            level: group("level").and_then(|level| level_of(&level)),
            logger: file.or_else(|| group("logger").filter(|logger| !logger.is_empty())),
            dialect: Dialect::Own,
            text_at: groups.name("message").map_or(behind, |message| message.start()),
            // Told by `own_time`, with the text.
            bad_time: false,
        }
    }

    /// What the groups of the first form that fits a record's first line say; their places are those in the record.
    fn with_groups<T>(&self, record: &[u8], read: impl FnOnce(&Captures<'_>) -> T) -> Option<T> {
        let own = self.own.as_ref()?;
        let line = readable(record.get(..memchr::memchr(b'\n', record).unwrap_or(record.len()))?);
        own.iter().find_map(|form| form.captures(&line)).map(|groups| read(&groups))
    }

    fn time(&self, groups: &Captures<'_>) -> Option<Timestamp> {
        let text = groups.name("time")?.as_bytes().trim_ascii();
        parse_any_prefix(text, &self.zone).map(|(time, _)| time).filter(|time| time.can_be_of_a_log())
    }
}

/// A line without its carriage return, as text of the same length: a dot of a form means a character, and bytes that are none would end its match.
fn readable(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if std::str::from_utf8(line).is_ok() {
        return Cow::Borrowed(line);
    }
    let mut text = Vec::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        text.resize(text.len() + chunk.invalid().len(), b'?');
    }
    Cow::Owned(text)
}

/// A level by its name, by its first letter, or by the number that Python gives it.
fn level_of(text: &str) -> Option<Level> {
    let known = match text {
        "D" | "10" => Level::Debug,
        "I" | "20" => Level::Info,
        "W" | "30" => Level::Warning,
        "E" | "40" => Level::Error,
        "C" | "F" | "50" => Level::Critical,
        name => return Level::named(name),
    };
    Some(known)
}

/// Compiles one form, to be matched at the start of a line.
fn compile(format: &str) -> Result<Regex, Error> {
    let fault = |at: usize, says: String, remedy: &str| {
        let column = format.get(..at).map_or(0, |before| before.chars().count()) + 1;
        Error::Usage(format!("--log-format '{format}', column {column}: {says}; {remedy}"))
    };
    if let Some(regex) = of_python(format) {
        let at = format.find("%(").unwrap_or_default();
        return Err(fault(at, "that is a format of Python's logging".to_owned(), &format!("as a regular expression: '{regex}'")));
    }
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(format).map_err(|error| {
        let (says, span) = says_of(&error);
        let offending = format.get(span.clone()).filter(|text| !text.is_empty()).map(|text| format!(": '{text}'"));
        fault(
            span.start,
            says + &offending.unwrap_or_default(),
            "a backslash before ( ) [ ] { } . * + ? | ^ $ makes it the character itself; the syntax is that of docs.rs/regex",
        )
    })?;
    let mut names = Vec::new();
    groups_in(&hir, &mut names);
    if let Some(unknown) = names.iter().find(|name| !GROUPS.contains(&name.as_str())) {
        let at = format.find(&format!("<{unknown}>")).map_or(0, |at| at + 1);
        let remedy = format!("the groups are {}; one without a name is (?:..)", GROUPS.join(", "));
        return Err(fault(at, format!("unknown group '{unknown}'"), &remedy));
    }
    if !names.iter().any(|name| name == "time" || name == "message") {
        let remedy = format!("name the parts of the header, as in {EXAMPLE}");
        return Err(fault(0, "it has neither a group 'time' nor a group 'message'".to_owned(), &remedy));
    }
    if hir.properties().minimum_len().unwrap_or(1) == 0 {
        let remedy = "make what stands in every header required: + instead of *, and no ? around all of it";
        return Err(fault(0, "it matches the empty text, so every line would begin a record".to_owned(), remedy));
    }
    // Put together from what the form means, and not from its letters, for those may change how a text around them is read.
    let anchored = Hir::concat(vec![Hir::look(Look::Start), hir]).to_string();
    RegexBuilder::new(&anchored).size_limit(PROGRAM_BYTES_MAX).build().map_err(|error| {
        let says = format!("it cannot be used: {}", error.to_string().replace('\n', " "));
        fault(0, says, "make it smaller: counted repetitions such as {1,1000} multiply its size")
    })
}

/// The regular expression for what a format of Python's logging writes (`[%(asctime)s] %(message)s`), to be shown to who gave that instead; `None`
/// where it is none.
fn of_python(format: &str) -> Option<String> {
    if format.contains("(?") {
        return None;
    }
    let mut parts = format.split("%(");
    let mut regex = regex_syntax::escape(parts.next()?);
    let mut fields = 0;
    for part in parts {
        let (name, rest) = part.split_once(')')?;
        // Behind the name stand width and precision, and a letter for the type.
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "-+.#".contains(c)).strip_prefix(['s', 'd', 'f', 'r'])?;
        regex.push_str(match name {
            "asctime" => r"(?<time>\d\S+(?: [\d:.,]+)?)",
            "created" => r"(?<time>[\d.]+)",
            "levelname" => r"(?<level>\w+) *",
            "levelno" => r"(?<level>\d+)",
            "name" => r"(?<logger>\S+)",
            "filename" | "pathname" => r"(?<file>[^\s:]+)",
            "lineno" => r"(?<line>\d+)",
            "message" => "(?<message>.*)",
            "log_color" | "reset" | "blue" => r"(?:\x1b\[[\d;]*m)*",
            _ => r"\S+",
        });
        regex.push_str(&regex_syntax::escape(rest));
        fields += 1;
    }
    (fields > 0).then_some(regex)
}

/// The names of the groups.
fn groups_in(hir: &Hir, names: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.extend(capture.name.as_deref().map(str::to_owned));
            groups_in(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => groups_in(&repetition.sub, names),
        HirKind::Concat(children) | HirKind::Alternation(children) => children.iter().for_each(|child| groups_in(child, names)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

fn says_of(error: &regex_syntax::Error) -> (String, Range<usize>) {
    match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        other => (other.to_string(), 0..0),
    }
}

#[cfg(test)]
#[path = "log_format_tests.rs"]
mod tests;
