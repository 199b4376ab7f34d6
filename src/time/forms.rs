//! Timestamps in the forms that machines other than Airflow write: `ctime`, mail and web servers, numbers since 1970. They are looked for only
//! where something else says that a time stands there.

use super::{Timestamp, Zone, clock, instant, number, parse_offset, parse_prefix};

const MONTHS: [&[u8]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Reads a timestamp in any known form at the start of `text` and says how many bytes it took.
///
/// Understood are the forms of [`parse_prefix`], `2026/11/21 07:16:20`, `Sat Nov 21 07:16:20 2026`, `Sat, 21 Nov 2026 07:16:20 +0000` (RFC
/// 2822), `21/Nov/2026:07:16:20 +0000`, and numbers as [`parse_epoch`] reads them. Without a zone it is read in `zone`.
#[must_use]
pub fn parse_any_prefix(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    parse_prefix(text, zone)
        .or_else(|| slashes(text, zone))
        .or_else(|| parse_ctime(text, zone))
        .or_else(|| mail(text, zone))
        .or_else(|| web(text, zone))
        .or_else(|| digits(text))
}

/// Reads `Sat Nov 21 07:16:20 2026` at the start of `text`, the day of the week or not, a zone before the year or not.
#[must_use]
pub fn parse_ctime(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let at = after_weekday(text, b" ");
    let month = month(text.get(at..)?)?;
    // Days below ten are filled up with a space.
    let (day, at) = short_number(text, at + 4 + usize::from(text.get(at + 4) == Some(&b' ')))?;
    let (clock, at) = clock(text, (text.get(at) == Some(&b' ')).then_some(at + 1)?)?;
    let (offset, taken) = parse_offset(text.get(at..)?);
    let at = at + taken;
    let year = (text.get(at) == Some(&b' ')).then(|| number(text, at + 1..at + 5))??;
    Some((instant([year, month, day], clock, offset, zone)?, at + 5))
}

/// `Sat, 21 Nov 2026 07:16:20 +0000`.
fn mail(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let (day, at) = short_number(text, after_weekday(text, b", "))?;
    let month = month(text.get(at + 1..)?)?;
    let year = number(text, at + 5..at + 9)?;
    let (clock, end) = clock(text, at + 10)?;
    let spaced = [at, at + 4, at + 9].iter().all(|at| text.get(*at) == Some(&b' '));
    let (offset, taken) = parse_offset(text.get(end..)?);
    spaced.then(|| instant([year, month, day], clock, offset, zone)).flatten().map(|instant| (instant, end + taken))
}

/// `21/Nov/2026:07:16:20 +0000`: the common log format of web servers.
fn web(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let (day, month, year) = (number(text, 0..2)?, month(text.get(3..)?)?, number(text, 7..11)?);
    let (clock, at) = clock(text, 12)?;
    let marked = text.get(2) == Some(&b'/') && text.get(6) == Some(&b'/') && matches!(text.get(11), Some(b':' | b' '));
    let (offset, taken) = parse_offset(text.get(at..)?);
    marked.then(|| instant([year, month, day], clock, offset, zone)).flatten().map(|instant| (instant, at + taken))
}

/// `2026/11/21 07:16:20`.
fn slashes(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let date = [number(text, 0..4)?, number(text, 5..7)?, number(text, 8..10)?];
    let marked = text.get(4) == Some(&b'/') && text.get(7) == Some(&b'/') && matches!(text.get(10), Some(b' ' | b'T'));
    let (clock, at) = clock(text, 11)?;
    let (offset, taken) = parse_offset(text.get(at..)?);
    marked.then(|| instant(date, clock, offset, zone)).flatten().map(|instant| (instant, at + taken))
}

/// Digits with or without a fraction.
fn digits(text: &[u8]) -> Option<(Timestamp, usize)> {
    let end = text.iter().take(40).position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len().min(40));
    let number: f64 = std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()?;
    Some((parse_epoch(number)?, end))
}

/// An instant as a number since 1970, in seconds, milliseconds, microseconds or nanoseconds: which, tells the size of the number, for the
/// instants between 2001 and 2286 do not overlap in these units. Other numbers are no instants.
#[must_use]
pub fn parse_epoch(number: f64) -> Option<Timestamp> {
    const SECONDS: std::ops::Range<f64> = 1e9..1e10;
    let per_second = [1.0, 1e3, 1e6, 1e9].into_iter().find(|unit| SECONDS.contains(&(number / unit)))?;
    #[expect(clippy::cast_possible_truncation, reason = "the range above fits")]
    let micros = (number / per_second * 1e6).round() as i64;
    Some(Timestamp(micros))
}

/// Where the text goes on behind a day of the week.
fn after_weekday(text: &[u8], separator: &[u8]) -> usize {
    let has = DAYS.iter().any(|day| text.strip_prefix(*day).is_some_and(|rest| rest.starts_with(separator)));
    if has { 3 + separator.len() } else { 0 }
}

/// The number of the month whose English abbreviation stands at the start.
fn month(text: &[u8]) -> Option<i64> {
    (1..).zip(MONTHS).find(|(_, name)| text.starts_with(name)).map(|(month, _)| month)
}

/// A number of one or two digits, and where it ends.
fn short_number(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let end = at + if text.get(at + 1).is_some_and(u8::is_ascii_digit) { 2 } else { 1 };
    Some((number(text, at..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_one_instant_is_the_same_instant() {
        for text in [
            "2026-11-21 07:16:20,500",
            "2026/11/21 07:16:20.5",
            "Sat Nov 21 07:16:20.500 2026",
            "Nov 21 07:16:20,500 2026",
            "Sat Nov 21 08:16:20.5 CET 2026",
            "Sat, 21 Nov 2026 08:16:20.500 +0100",
            "21 Nov 2026 07:16:20.500 GMT",
            "21/Nov/2026:07:16:20.5 +0000",
            "1795245380.5",
            "1795245380500",
        ] {
            let want = Some((Timestamp(1_795_245_380_500_000), text.len()));
            assert_eq!(parse_any_prefix(text.as_bytes(), &Zone::default()), want, "{text}");
            let more = format!("{text}] x");
            assert_eq!(parse_any_prefix(more.as_bytes(), &Zone::default()), want, "{more}");
        }
        let text = "Sun Nov  1 07:16:20 2026";
        assert_eq!(parse_any_prefix(text.as_bytes(), &Zone::default()).map(|found| found.1), Some(text.len()));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "12",
            "-5",
            "Nov",
            "Sat Nov 31 07:16:20 2026",
            "Sat Nov 21 07:16:20",
            "21/Nov/2026",
            "2026/11/21",
            "21 Nov 2026",
            "99/Nov/2026:07:16:20 +0000",
            "1.2.3",
            "99999999999999999999999",
        ] {
            assert_eq!(parse_any_prefix(text.as_bytes(), &Zone::default()), None, "{text}");
        }
    }
}
