//! The forms in which a record begins: Airflow 1.10 and 2.x text, the UI's texts, structlog's console, Celery, Python's
//! logging, the kernel. JSON has its own module.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use memchr::memmem::Finder;

use crate::time::{Timestamp, Zone, parse_ctime, parse_prefix};

use super::{Level, keys};

/// The form of a record's header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// No header.
    #[default]
    Bare,
    /// `[2019-05-28 10:15:30,123] {file.py:12} INFO - `: Airflow 1.10 and 2.0 to 2.2.
    Legacy,
    /// `[2025-01-01T10:15:30.123+0000] {file.py:12} INFO - `: Airflow 2.3 and later, and the UI's texts.
    Text,
    /// A JSON object in a line: Airflow 3.
    Json,
    /// `2026-11-21T07:11:07.118836Z [info     ] event [logger] key=value`: services of Airflow 3.
    Console,
    /// `2026-11-21 10:00:00,123 ..`: Python's logging.
    Python,
    /// `[2026-11-21 08:07:53,777: INFO/ForkPoolWorker-3]`: Celery.
    Celery,
    /// `[ 1216.588667] `, `[Sat Nov 21 08:07:53 2026] `: the kernel.
    Kernel,
    /// A form that the user described.
    Own,
}

/// What a record's header says.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// When.
    pub time: Option<Timestamp>,
    /// How grave.
    pub level: Option<Level>,
    /// Logger or source file.
    pub logger: Option<String>,
    /// Which form it has.
    pub dialect: Dialect,
    /// Where the message begins.
    pub text_at: usize,
    /// Where a time should stand is a date that does not exist, or one at which no Airflow ran.
    pub bad_time: bool,
}

/// What a line is, on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// It has a header that only a logger writes.
    Headed,
    /// It looks like a header where nothing else is open (`ERROR - ..`), but may as well be part of a message.
    Weak,
    /// A JSON object.
    Json,
    /// Airflow 1.10: a further line of what the subtask wrote, behind the supervisor's prefix.
    SubtaskText,
    /// None of these.
    Plain,
}

/// Recognises a line by its first bytes.
pub(super) fn line_kind(line: &[u8]) -> LineKind {
    match line.first() {
        Some(b'[') => {
            if starts_with_date(after_escapes(&line[1..])) {
                if subtask_text(line).is_some() { LineKind::SubtaskText } else { LineKind::Headed }
            } else if kernel_clock(line).is_some() || ctime(line, &Zone::default()).is_some() {
                LineKind::Headed
            } else if line.starts_with(b"[] {") {
                LineKind::Weak
            } else {
                LineKind::Plain
            }
        }
        Some(b'{') => {
            let next = line[1..].trim_ascii_start().first();
            if next == Some(&b'"') && line.trim_ascii_end().ends_with(b"}") {
                LineKind::Json
            } else if source_file(line).is_some() {
                LineKind::Weak
            } else {
                LineKind::Plain
            }
        }
        Some(b'*') if line.starts_with(b"*** ") => LineKind::Headed,
        // What a task's process of Airflow 3 writes past all logging when it cannot report any more.
        Some(b'-') if line.starts_with(b"--- Supervised process ") => LineKind::Headed,
        Some(b' ') if group_mark(line).is_some() => LineKind::Headed,
        Some(byte) if byte.is_ascii_digit() && starts_with_date(line) => LineKind::Headed,
        Some(byte) if byte.is_ascii_uppercase() && level_word(line).is_some() => LineKind::Weak,
        _ => LineKind::Plain,
    }
}

/// `2026-11-21` and then something that separates date and time.
fn starts_with_date(line: &[u8]) -> bool {
    line.len() >= 16
        && line[..4].iter().all(u8::is_ascii_digit)
        && line[4] == b'-'
        && line[7] == b'-'
        && line[5..7].iter().chain(&line[8..10]).all(u8::is_ascii_digit)
        && matches!(line[10], b'T' | b' ' | b',')
}

/// Whether a line begins as Airflow's do, with a date in brackets, and no time of day stands behind it: it was torn there, or is none of a log.
#[must_use]
pub fn lacks_time(line: &[u8]) -> bool {
    line.len() > 1
        && line[0] == b'['
        && line[1].is_ascii_digit()
        && !((line.get(14), line.get(17)) == (Some(&b':'), Some(&b':'))
            && [12, 15, 18].iter().all(|at| line.get(*at).is_some_and(u8::is_ascii_digit)))
        && starts_with_date(&line[1..])
}

/// Skips ANSI escapes: service logs of some versions colour the parts of their prefix even into files.
fn after_escapes(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(b"\x1b[") {
        match rest.iter().position(u8::is_ascii_alphabetic) {
            Some(end) => line = &rest[end + 1..],
            None => return line,
        }
    }
    line
}

/// `INFO - text`, `ERROR:logger:text`: the level and where the text begins.
fn level_word(line: &[u8]) -> Option<(Level, usize)> {
    let end = line.iter().take(10).position(|byte| !byte.is_ascii_uppercase())?;
    let level = Level::named(std::str::from_utf8(&line[..end]).ok()?)?;
    let rest = &line[end..];
    if rest.starts_with(b" - ") {
        return Some((level, end + 3));
    }
    let logger = rest.strip_prefix(b":")?;
    let colon = logger.iter().take(120).position(|byte| *byte == b':' || byte.is_ascii_whitespace())?;
    (logger[colon] == b':').then_some((level, end + 1 + colon + 1))
}

/// `[ 1216.588667] `: the length of the kernel's clock.
fn kernel_clock(line: &[u8]) -> Option<usize> {
    let close = line.iter().take(24).position(|byte| *byte == b']')?;
    let inner = line.get(1..close)?.trim_ascii();
    let dotted = inner.iter().filter(|byte| **byte == b'.').count() == 1;
    (dotted && inner.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')).then_some(close + 1)
}

/// `[Sat Nov 21 08:07:53 2026] `, which `dmesg -T` makes of the kernel's clock: when, and the length.
fn ctime(line: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    // What else begins with a bracket mostly has no month there.
    line.get(1..4)?.iter().all(u8::is_ascii_alphabetic).then_some(())?;
    let (time, length) = parse_ctime(&line[1..], zone)?;
    (line.get(1 + length) == Some(&b']')).then_some((time, length + 2))
}

/// ` INFO - ::group::Log message source details`, which the web server of Airflow 2.11 puts before a log: a record that has lost its time. Gives
/// its level and where the text begins.
fn group_mark(line: &[u8]) -> Option<(Level, usize)> {
    let (level, text_at) = level_word(line.strip_prefix(b" ")?)?;
    let text = line.get(1 + text_at..)?;
    (text.starts_with(b"::group::") || text.starts_with(b"::endgroup::")).then_some((level, 1 + text_at))
}

/// `{file.py:12}` or `{{file.py:12}}` at the start of `text`: the inside, and the length of the whole.
fn source_file(text: &[u8]) -> Option<(&[u8], usize)> {
    let braces = text.iter().take(2).take_while(|byte| **byte == b'{').count();
    if braces == 0 {
        return None;
    }
    let close = text.iter().take(160).position(|byte| *byte == b'}')?;
    let inner = text.get(braces..close)?;
    let number = inner.rsplit(|byte| *byte == b':').next()?;
    let plausible = inner.contains(&b':') && !inner.contains(&b' ') && !inner.contains(&b'"');
    (plausible && after_escapes(number).iter().take_while(|byte| **byte != 0x1b).all(u8::is_ascii_digit)).then_some((inner, close + braces))
}

/// Airflow 1.10 wrote the output of the task's process through its supervisor, line by line:
/// `[..] {base_task_runner.py:115} INFO - Job 12: Subtask load Traceback (most recent call last):`.
/// Gives the text behind such a prefix when it is a *further* line: when the subtask's own line has no header.
pub(super) fn subtask_text(line: &[u8]) -> Option<&[u8]> {
    let text = subtask_line(line)?;
    let inner_headed = text.first() == Some(&b'[') && starts_with_date(&text[1..]);
    (!inner_headed).then_some(text)
}

/// The file that wrote it. Every line with a time is searched for it, so that the search is made ready once.
static SUBTASK_FILE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"{base_task_runner.py:"));

/// What the subtask wrote, behind the supervisor's prefix.
fn subtask_line(line: &[u8]) -> Option<&[u8]> {
    let head = &line[..line.len().min(300)];
    SUBTASK_FILE.find(head)?;
    let at = memchr::memmem::find(head, b"Subtask")?;
    let rest = &line[at + b"Subtask".len()..];
    if let Some(rest) = rest.strip_prefix(b":") {
        return Some(rest.strip_prefix(b" ").unwrap_or(rest));
    }
    let rest = rest.strip_prefix(b" ")?;
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    Some(rest.get(end + 1..).unwrap_or_default())
}

/// The time of a record by the first bytes of its head, whatever its form; cheaper than parsing the record.
#[must_use]
pub fn time_of(head: &[u8], zone: &Zone) -> Option<Timestamp> {
    let at = match head.first()? {
        b'[' => head.len() - after_escapes(&head[1..]).len(),
        b'{' => {
            if let Some(time) = keys::time_at_start(head, zone) {
                return Some(time).filter(|time| time.can_be_of_a_log());
            }
            head.windows(4).take(40).position(|four| four[0] == b'"' && four[1..].iter().all(u8::is_ascii_digit))? + 1
        }
        byte if byte.is_ascii_digit() => 0,
        _ => return None,
    };
    parse_prefix(&head[at..], zone).or_else(|| ctime(head, zone)).map(|(time, _)| time).filter(|time| time.can_be_of_a_log())
}

/// Reads the header of a record that is not JSON.
pub(super) fn parse(record: &[u8], zone: &Zone) -> Header {
    let line_end = memchr::memchr(b'\n', record).unwrap_or(record.len());
    let line = &record[..line_end];
    // What the subtask of Airflow 1.10 logged has a header of its own: that one counts.
    if let Some(inner) = subtask_line(line) {
        let offset = line.len() - inner.len();
        let mut header = parse_plain(inner, zone);
        if header.time.is_none() {
            header = Header { text_at: 0, ..parse_plain(line, zone) };
        }
        header.text_at += offset;
        return header;
    }
    parse_plain(line, zone)
}

fn parse_plain(line: &[u8], zone: &Zone) -> Header {
    match line.first() {
        Some(b'[') => bracketed(line, zone),
        // A JSON record that could not be read: its time stands in it all the same.
        Some(b'{') if line.starts_with(b"{\"") => Header { time: time_of(line, zone), dialect: Dialect::Json, ..Header::default() },
        Some(b'{') => behind_time(line, 0, Header { dialect: Dialect::Legacy, ..Header::default() }),
        Some(b' ') => match group_mark(line) {
            Some((level, text_at)) => Header { level: Some(level), dialect: Dialect::Text, text_at, ..Header::default() },
            None => Header::default(),
        },
        Some(byte) if byte.is_ascii_digit() => unbracketed(line, zone),
        _ => match level_word(line) {
            Some((level, text_at)) => Header { level: Some(level), dialect: Dialect::Python, text_at, ..Header::default() },
            None => Header::default(),
        },
    }
}

/// `[time] {file.py:12} LEVEL - `, `[time] LEVEL - `, `[time: LEVEL/Process] `, `[seconds] `.
fn bracketed(line: &[u8], zone: &Zone) -> Header {
    let inner = after_escapes(&line[1..]);
    let inner_at = line.len() - inner.len();
    let dated = parse_prefix(inner, zone).map(|(time, length)| (Some(time).filter(|time| time.can_be_of_a_log()), length));
    let Some((time, length)) = dated.or_else(|| starts_with_date(inner).then_some((None, 0))) else {
        if let Some((time, text_at)) = ctime(line, zone) {
            return Header { time: Some(time), dialect: Dialect::Kernel, text_at: skip_spaces(line, text_at), ..Header::default() };
        }
        return match kernel_clock(line) {
            Some(text_at) => Header { dialect: Dialect::Kernel, text_at: skip_spaces(line, text_at), ..Header::default() },
            None if line.starts_with(b"[] ") => behind_time(line, 3, Header { dialect: Dialect::Legacy, ..Header::default() }),
            None => Header::default(),
        };
    };
    let dialect = if inner.get(10) == Some(&b' ') { Dialect::Legacy } else { Dialect::Text };
    let header = Header { time, dialect, bad_time: time.is_none(), ..Header::default() };
    let Some(close) = line[inner_at + length..].iter().take(80).position(|byte| *byte == b']') else { return header };
    let close = inner_at + length + close;
    // Celery writes level and process inside the brackets.
    if let Some(rest) = line[inner_at + length..close].strip_prefix(b": ") {
        let (level, process) = std::str::from_utf8(rest).unwrap_or_default().split_once('/').unwrap_or_default();
        return Header {
            level: Level::named(level),
            logger: (!process.is_empty()).then(|| process.to_owned()),
            dialect: Dialect::Celery,
            text_at: skip_spaces(line, close + 1),
            ..header
        };
    }
    behind_time(line, skip_spaces(line, close + 1), header)
}

/// `{file.py:12} LEVEL - ` from `at` on.
fn behind_time(line: &[u8], mut at: usize, mut header: Header) -> Header {
    if let Some((file, length)) = source_file(&line[at..]) {
        header.logger = Some(strip_escapes(&String::from_utf8_lossy(file)));
        at = skip_spaces(line, at + length);
    }
    let rest = after_escapes(&line[at..]);
    let word_end = rest.iter().take(10).position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len().min(10));
    let level = std::str::from_utf8(&rest[..word_end]).ok().and_then(Level::named);
    let behind = after_escapes(&rest[word_end..]);
    match (level, behind.strip_prefix(b" - ").or_else(|| behind.strip_prefix(b" -"))) {
        (Some(level), Some(text)) => {
            header.level = Some(level);
            header.text_at = line.len() - text.len();
        }
        _ => header.text_at = at,
    }
    header
}

/// `2026-11-21T07:11:07Z [info     ] ..` and the forms of Python's logging.
fn unbracketed(line: &[u8], zone: &Zone) -> Header {
    let Some((time, length)) = parse_prefix(line, zone) else { return Header::default() };
    let at = skip_spaces(line, length);
    // Rows of tables begin with dates too: what is none of a log is no fault.
    let time = Some(time).filter(|time| time.can_be_of_a_log());
    let header = Header { time, dialect: Dialect::Python, text_at: at, ..Header::default() };
    let rest = after_escapes(&line[at..]);
    if let Some(inner) = rest.strip_prefix(b"[")
        && let Some(close) = inner.iter().take(40).position(|byte| *byte == b']')
        && let Some(level) = std::str::from_utf8(&inner[..close]).ok().and_then(|word| Level::named(strip_escapes(word).trim()))
    {
        let text = inner.get(close + 1..).unwrap_or_default().trim_ascii_start();
        let logger = console_logger(text);
        return Header { level: Some(level), logger, dialect: Dialect::Console, text_at: line.len() - text.len(), ..header };
    }
    // `.. - logger - LEVEL - text`, `.. LEVEL text`, `.. | LEVEL | text`: the level stands among the first words.
    let mut from = at;
    for _ in 0..6 {
        let Some(word) = line[from..].split(|byte| byte.is_ascii_whitespace()).next() else { break };
        let bare = word.trim_ascii();
        let name = std::str::from_utf8(bare).unwrap_or_default().trim_matches(|c: char| !c.is_ascii_alphabetic());
        if name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase()) && Level::named(name).is_some() {
            let text = line[from + word.len()..].trim_ascii_start();
            let text = text.strip_prefix(b"- ").or_else(|| text.strip_prefix(b"| ")).unwrap_or(text);
            return Header { level: Level::named(name), text_at: line.len() - text.len(), ..header };
        }
        from = skip_spaces(line, from + word.len());
    }
    header
}

/// The `[logger.name]` that structlog's console puts behind the event.
fn console_logger(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let open = text.rfind(" [").or_else(|| text.starts_with('[').then_some(0))?;
    let (name, _) = text[open..].trim_start_matches([' ', '[']).split_once(']')?;
    let plain = strip_escapes(name);
    (!plain.is_empty() && plain.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))).then_some(plain)
}

fn skip_spaces(line: &[u8], mut at: usize) -> usize {
    while line.get(at) == Some(&b' ') {
        at += 1;
    }
    at.min(line.len())
}

/// Text without ANSI escapes.
pub(super) fn strip_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        rest = rest.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &rest[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> (Option<String>, Option<Level>, Option<String>, Dialect, String) {
        let header = parse(line.as_bytes(), &Zone::default());
        (header.time.map(|time| time.to_string()), header.level, header.logger, header.dialect, line[header.text_at..].to_owned())
    }

    #[test]
    fn the_forms_of_every_version() {
        let time = || Some("2026-11-21T07:16:20.749Z".to_owned());
        let cases = [
            (
                "[2026-11-21T07:16:20.749+0000] {taskinstance.py:2614} INFO - x",
                time(),
                Some(Level::Info),
                Some("taskinstance.py:2614"),
                Dialect::Text,
            ),
            (
                "[2026-11-21 07:16:20,749] {taskinstance.py:1047} ERROR - x",
                time(),
                Some(Level::Error),
                Some("taskinstance.py:1047"),
                Dialect::Legacy,
            ),
            ("[2026-11-21 07:16:20,749] {{models.py:1595}} ERROR - x", time(), Some(Level::Error), Some("models.py:1595"), Dialect::Legacy),
            ("[2026-11-21T07:16:20.749Z] ERROR - x", time(), Some(Level::Error), None, Dialect::Text),
            ("[2026-11-21 07:16:20,749: WARNING/MainProcess] x", time(), Some(Level::Warning), Some("MainProcess"), Dialect::Celery),
            ("2026-11-21T07:16:20.749000Z [warning  ] x", time(), Some(Level::Warning), None, Dialect::Console),
            ("2026-11-21 07:16:20,749 - my.logger - ERROR - x", time(), Some(Level::Error), None, Dialect::Python),
            (
                "[\u{1b}[34m2026-11-21T07:16:20.749+0000\u{1b}[0m] {\u{1b}[34mfile.py:\u{1b}[0m804} INFO\u{1b}[0m - x",
                time(),
                Some(Level::Info),
                Some("file.py:804"),
                Dialect::Text,
            ),
            ("[ 1216.588667] x", None, None, None, Dialect::Kernel),
            ("[Sat Nov 21 07:16:20.749 2026] x", time(), None, None, Dialect::Kernel),
            ("2026-11-21T07:16:20,749000+00:00 x", time(), None, None, Dialect::Python),
            ("[2026-11-21 07:16:20.749 +0000] x", time(), None, None, Dialect::Legacy),
            (" INFO - ::endgroup::x", None, Some(Level::Info), None, Dialect::Text),
            ("ERROR - x", None, Some(Level::Error), None, Dialect::Python),
            ("x", None, None, None, Dialect::Bare),
            (
                "[2026-11-21 07:16:21,000] {base_task_runner.py:115} INFO - Job 1: Subtask load [2026-11-21 07:16:20,749] {models.py:1} ERROR - x",
                time(),
                Some(Level::Error),
                Some("models.py:1"),
                Dialect::Legacy,
            ),
        ];
        for (line, time, level, logger, dialect) in cases {
            let text = if line.starts_with(' ') { "::endgroup::x" } else { "x" };
            let kind = match dialect {
                Dialect::Bare => LineKind::Plain,
                _ if line.starts_with("ERROR") => LineKind::Weak,
                _ => LineKind::Headed,
            };
            assert_eq!(header(line), (time, level, logger.map(str::to_owned), dialect, text.to_owned()), "{line}");
            assert_eq!(line_kind(line.as_bytes()), kind, "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_a_header_is_none() {
        for line in ["[1, 2, 3]", "{'a': 1}", "2026 was a year", "ERRORS - none", "[INFO] x", "12345-67", "*bold*", ""] {
            assert_eq!(line_kind(line.as_bytes()), LineKind::Plain, "{line}");
        }
    }
}
