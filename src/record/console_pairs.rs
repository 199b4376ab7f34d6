//! The pairs that structlog's console puts behind an event and its logger, as far as they name the attempt whose process wrote the record:
//!
//! ```text
//! 2026-11-21 12:03:11.181670+00:00 [error    ] Task failed with exception     [task] dag_id=a loc=x.py:1 map_index=-1 run_id=r task_id=b ti_id=01a1 try_number=1
//! ```

use memchr::memmem;

use super::header::{self, strip_escapes};
use super::{Dialect, about};
use crate::source::TaskInstance;
use crate::time::Zone;

/// Stands in every record that names its attempt; most records of services have no such word and are not looked at any further.
const SIGN: &[u8] = b"try_number";

/// The loggers of services: what they say with such pairs is about an attempt, and no record of its process.
const SERVICES: [&str; 4] = ["airflow.jobs.", "airflow.executors.", "airflow.api_fastapi.", "supervisor"];

/// How many places of a line are tried at which the pairs may begin: texts of exceptions hold brackets too.
const PLACES_MAX: usize = 32;

/// Whether a record may be one of the console's: such begin with a date, perhaps in a colour.
pub(super) fn may_be_console(record: &[u8]) -> bool {
    matches!(record.first(), Some(b'0'..=b'9' | b'\x1b'))
}

/// Whether a record is a scheduler's own.
pub(super) fn is_of_scheduler(record: &[u8]) -> bool {
    memmem::find(record, b"[airflow.jobs.").is_some()
}

/// The attempt whose process wrote a record of the console; `None` for all others, and for what names it only in part.
pub(super) fn attempt_of(record: &[u8]) -> Option<TaskInstance> {
    let at = memmem::find(record, SIGN)?;
    // An event may have many lines: the pairs are on its last one.
    let from = memchr::memrchr(b'\n', &record[..at]).map_or(0, |before| before + 1);
    let to = memchr::memchr(b'\n', &record[at..]).map_or(record.len(), |after| at + after);
    let line = std::str::from_utf8(record.get(from..to)?).ok()?;
    let head = record.split(|byte| *byte == b'\n').next()?;
    // Colours stand around every part of a line.
    let has_colours = memchr::memchr(b'\x1b', head).is_some();
    let plain = has_colours.then(|| strip_escapes(line));
    let line = plain.as_deref().unwrap_or(line);
    let plain_head = has_colours.then(|| strip_escapes(&String::from_utf8_lossy(head)));
    let head = plain_head.as_deref().map_or(head, str::as_bytes);
    if header::parse(head, &Zone::default()).dialect != Dialect::Console {
        return None;
    }
    // From the right, for an event may quote the line of another attempt.
    let places = line.rmatch_indices("] ").filter(|(close, _)| key_value(line[close + 2..].trim_start()).is_some());
    places.take(PLACES_MAX).find_map(|(close, _)| {
        let logger = line[..close].rsplit_once(" [")?.1;
        let is_logger = !logger.is_empty() && !logger.contains([' ', '\'', '"', '[']);
        (is_logger && !SERVICES.iter().any(|service| logger.starts_with(service))).then(|| identity(line[close + 2..].trim())).flatten()
    })
}

/// The attempt that pairs name, where all of the text is pairs.
fn identity(mut text: &str) -> Option<TaskInstance> {
    let mut task = TaskInstance::default();
    while !text.is_empty() {
        let (key, rest) = key_value(text)?;
        let length = value_length(rest)?;
        let (value, rest) = rest.split_at(length);
        match key {
            "dag_id" => task.dag_id = Some(bare(value)?.into()),
            "task_id" => task.task_id = Some(bare(value)?.into()),
            "run_id" => task.run_id = Some(bare(value)?.into()),
            "map_index" => task.map_index = about::leading_signed(value).filter(|index| *index >= 0),
            "try_number" => task.try_number = Some(value.parse().ok()?),
            _ => {}
        }
        text = rest.trim_start();
    }
    let is_whole = task.dag_id.is_some() && task.task_id.is_some() && task.run_id.is_some() && task.try_number.is_some();
    is_whole.then_some(task)
}

/// The key at the begin of a text, and what stands behind its `=`.
fn key_value(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.split_at(text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))?);
    Some((key, rest.strip_prefix('=')?)).filter(|(key, _)| !key.is_empty())
}

/// A value as it was before it was quoted: the console quotes what has blanks, as Python does.
fn bare(value: &str) -> Option<String> {
    let inner = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.or(Some(value)).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// Where the value at the begin of a text ends: at the first blank that is in no quotes and no brackets.
fn value_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    // `<Negsignal.SIGKILL: -9>`; elsewhere these are no brackets.
    let is_object = text.starts_with('<');
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b'<') if is_object => depth += 1,
            (None, b'>') if is_object => depth = depth.saturating_sub(1),
            (None, b' ') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    (depth == 0 && quote.is_none()).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "2026-11-21 12:03:11.181670+00:00 [error    ] ";
    const PAIRS: &str = "loc=x.py:1 map_index=-1 run_id=manual__1 task_id=b ti_id=01a1 try_number=2";

    fn named(text: &str) -> Option<String> {
        let task = attempt_of(text.as_bytes())?;
        let part = |part: Option<std::sync::Arc<str>>| part.unwrap_or_default();
        Some(format!("{} {} {} {:?} {:?}", part(task.dag_id), part(task.run_id), part(task.task_id), task.map_index, task.try_number))
    }

    #[test]
    fn the_process_of_an_attempt_names_it() {
        let whole = Some("a manual__1 b None Some(2)".to_owned());
        assert_eq!(named(&format!("{HEAD}It failed     [task] dag_id=a {PAIRS}")), whole);
        let detail = r#"error_detail=[{'exc_type': 'X', 'exc_value': "it's <TaskInstance: a.c r [running] ti_id=5> loc=1"}]"#;
        assert_eq!(named(&format!("{HEAD}Task failed     [task] dag_id=a {detail} {PAIRS}\nTraceback try_number=1")), whole);
        assert_eq!(named(&format!("{HEAD}one\ntwo     [task] code=<Negsignal.SIGKILL: -9> dag_id=a {PAIRS}")), whole);
        let quoted = format!("{HEAD}x [task] dag_id=other task_id=o run_id=o try_number=1 [my.logger] dag_id=a {PAIRS}");
        assert_eq!(named(&quoted), whole);
        let colours = format!(
            "\u{1b}[2m2026-11-21T12:03:11.181670Z\u{1b}[0m [\u{1b}[32m\u{1b}[1minfo     \u{1b}[0m] \u{1b}[1mx\u{1b}[0m [\u{1b}[0m\u{1b}[1m\u{1b}[34mtask\u{1b}[0m]\u{1b}[0m \u{1b}[36mdag_id\u{1b}[0m=\u{1b}[35ma\u{1b}[0m {}",
            PAIRS.replace("try_number=", "\u{1b}[36mtry_number\u{1b}[0m=")
        );
        assert_eq!(named(&colours), whole);
        let mapped = PAIRS.replace("=-1", "=3");
        assert_eq!(named(&format!("{HEAD}x [task] dag_id=a {mapped}")).as_deref(), Some("a manual__1 b Some(3) Some(2)"));
    }

    #[test]
    fn what_is_about_an_attempt_is_not_its_own() {
        let others = [
            format!("{HEAD}Executor reports [airflow.jobs.scheduler_job_runner.SchedulerJobRunner] dag_id=a {PAIRS}"),
            format!("{HEAD}Heartbeat failed [supervisor] dag_id=a {PAIRS}"),
            format!("{HEAD}TaskInstance Finished: dag_id=a, task_id=b, run_id=r, try_number=1, pid=8 [x.y] loc=z.py:1"),
            format!("{HEAD}2026 [info] x [task] dag_id=a {PAIRS} [task.stdout]"),
            format!("{HEAD}x [task] {PAIRS}"),
            format!("{HEAD}x [task] dag_id=a open=[1 {PAIRS}"),
            format!("x [task] dag_id=a {PAIRS}"),
        ];
        for other in others {
            assert_eq!(named(&other), None, "{other}");
        }
    }
}
