//! Instants and spans: microseconds since the epoch, UTC, and the only calendar arithmetic of the program.

mod forms;

use std::fmt;

use serde::{Deserialize, Serialize};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use forms::{parse_any_prefix, parse_ctime, parse_epoch};

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// A length of time in microseconds. May be negative: lines of a log are not always in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span(pub i64);

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// Reads `2026-11-20`, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date: jiff::civil::Date = text.parse().ok()?;
        // The parser takes times behind a date, too, and other ways to write one.
        (date.to_string() == text).then_some(Self(date))
    }

    /// The day of an instant, in UTC.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
        Self(at.to_zoned(TimeZone::UTC).date())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Span {
    /// A span of whole seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// The span in seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The nearest span to a number of seconds.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }
}

impl std::ops::Sub for Timestamp {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// `2026-11-21T07:16:24Z`: whole seconds, UTC. Precision below a second is kept only where it is not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

impl Timestamp {
    /// Whether a log of Airflow can be of that time: from 2001 to 2286, as for numbers since 1970 ([`parse_epoch`]). A clock that was never set and
    /// the placeholders of data bases (year 1, year 9999) are outside, and one such instant would make a silence of centuries.
    #[must_use]
    pub fn can_be_of_a_log(self) -> bool {
        (1_000_000_000_000_000..10_000_000_000_000_000).contains(&self.0)
    }

    /// `2026-11-21T07:16:24.120Z`, UTC: as long for each instant, so that such texts sort as the instants do.
    #[must_use]
    pub fn millis(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            Err(_) => self.to_string(),
        }
    }

    /// `2026-11-21 07:16`, UTC: for sentences.
    #[must_use]
    pub fn minute(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => self.to_string(),
        }
    }

    /// `07:16:24`, UTC: for sentences about one day.
    #[must_use]
    pub fn clock(self) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.strftime("%H:%M:%S").to_string(),
            Err(_) => self.to_string(),
        }
    }

    /// Minutes since midnight and day of the week (0 is Monday), UTC.
    #[must_use]
    pub fn minute_of_day_and_weekday(self) -> (u32, u32) {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => {
                let zoned = instant.to_zoned(TimeZone::UTC);
                let minute = zoned.hour() as u32 * 60 + zoned.minute() as u32;
                (minute, zoned.weekday().to_monday_zero_offset() as u32)
            }
            Err(_) => (0, 0),
        }
    }
}

/// `3 ms`, `310 ms`, `5.0 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: two units at most, as people say it.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let seconds = self.as_secs_f64().abs();
        if seconds < 0.9995 {
            return write!(f, "{sign}{:.0} ms", seconds * 1e3);
        }
        if seconds < 9.95 {
            return write!(f, "{sign}{seconds:.1} s");
        }
        let whole = seconds.round() as u64;
        let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
        let pair = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
            0 => format!("{big} {big_unit}"),
            _ => format!("{big} {big_unit} {small} {small_unit}"),
        };
        let text = match whole {
            0..60 => format!("{whole} s"),
            60..3600 => pair(minutes, "min", rest, "s"),
            3600..86_400 => pair(hours, "h", minutes, "min"),
            _ => pair(days, "d", hours, "h"),
        };
        write!(f, "{sign}{text}")
    }
}

/// The zone in which timestamps without one are read.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// A zone by its IANA name (`Europe/Berlin`), `UTC`, or an offset (`+02:00`).
    ///
    /// # Errors
    /// When no such zone is known; the message is meant for the user.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.eq_ignore_ascii_case("utc") {
            return Ok(Self::default());
        }
        if let (Some(seconds), taken) = parse_offset(name.as_bytes())
            && taken == name.len()
            && let Ok(offset) =
                i32::try_from(seconds).map_err(|_| ()).and_then(|seconds| jiff::tz::Offset::from_seconds(seconds).map_err(|_| ()))
        {
            return Ok(Self(TimeZone::fixed(offset)));
        }
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| format!("unknown time zone '{name}'; give an IANA name such as Europe/Berlin, or an offset such as +02:00"))
    }

    /// How far its clocks are ahead of UTC at an instant, in seconds.
    #[must_use]
    pub fn offset_at(&self, time: Timestamp) -> i64 {
        let instant = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
        i64::from(self.0.to_offset(instant).seconds())
    }
}

/// Reads a timestamp at the start of `text` and says how many bytes it took.
///
/// Understood are `2026-11-21T07:16:20`, with `T`, a space or `, ` between date and time, with a fraction after `.` or `,`, and with
/// `Z`, `+00:00`, `+0000`, ` +0000`, ` UTC` or nothing after it. Without a zone it is read in `zone`. Dates that do not exist give `None`.
#[must_use]
pub fn parse_prefix(text: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    let date = [number(text, 0..4)?, number(text, 5..7)?, number(text, 8..10)?];
    let at = match text.get(10)? {
        b'T' | b't' | b' ' => 11,
        b',' if text.get(11) == Some(&b' ') => 12,
        _ => return None,
    };
    let (clock, at) = clock(text, at)?;
    let (offset, taken) = parse_offset(text.get(at..)?);
    Some((instant(date, clock, offset, zone)?, at + taken))
}

/// A number that takes this range of `text`.
fn number(text: &[u8], range: std::ops::Range<usize>) -> Option<i64> {
    text.get(range)?.iter().try_fold(0i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// `07:16:20`, with a fraction after `.` or `,` or without: hour, minute, second and microseconds, and where it ends.
fn clock(text: &[u8], mut at: usize) -> Option<([i64; 4], usize)> {
    if text.get(at + 2) != Some(&b':') || text.get(at + 5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (number(text, at..at + 2)?, number(text, at + 3..at + 5)?, number(text, at + 6..at + 8)?);
    at += 8;
    let mut micros = 0i64;
    if matches!(text.get(at), Some(b'.' | b',')) && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        let mut scale = 100_000;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            micros += i64::from(digit - b'0') * scale;
            scale /= 10;
            at += 1;
        }
    }
    Some(([hour, minute, second, micros], at))
}

/// The instant of year, month and day at a time of day, an offset in seconds east of UTC from it; without one in `zone`.
fn instant([year, month, day]: [i64; 3], [hour, minute, second, micros]: [i64; 4], offset: Option<i64>, zone: &Zone) -> Option<Timestamp> {
    let civil = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        // A leap second is counted as the last second of its minute: instants here have none.
        i8::try_from(second.min(59)).ok()?,
        0,
    )
    .ok()?;
    let instant = match offset {
        Some(seconds) => civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond() - seconds * 1_000_000,
        None => civil.to_zoned(zone.0.clone()).ok()?.timestamp().as_microsecond(),
    };
    // What is beyond the calendar's end could not be shown.
    jiff::Timestamp::from_microsecond(instant + micros).ok().map(|instant| Timestamp(instant.as_microsecond()))
}

/// The zones that the UI of Airflow 2 writes by their abbreviation, as hours east of UTC; only those that mean one zone to almost everybody.
/// `IST` and `CST` are not among them: they are read in the zone of `--timezone`.
const ABBREVIATIONS: [(&str, f64); 22] = [
    ("UTC", 0.0),
    ("GMT", 0.0),
    ("WET", 0.0),
    ("WEST", 1.0),
    ("BST", 1.0),
    ("CET", 1.0),
    ("CEST", 2.0),
    ("EET", 2.0),
    ("EEST", 3.0),
    ("MSK", 3.0),
    ("SGT", 8.0),
    ("HKT", 8.0),
    ("JST", 9.0),
    ("KST", 9.0),
    ("AEST", 10.0),
    ("AEDT", 11.0),
    ("EST", -5.0),
    ("EDT", -4.0),
    ("CDT", -5.0),
    ("MDT", -6.0),
    ("PST", -8.0),
    ("PDT", -7.0),
];

/// The offset in seconds east of UTC that stands at the start of `text`, and the bytes it took.
fn parse_offset(text: &[u8]) -> (Option<i64>, usize) {
    // Gunicorn puts a space before `+0000`; a sign and four digits are nothing else there.
    if let Some(numeric @ [b'+' | b'-', ..]) = text.strip_prefix(b" ")
        && numeric.get(5).is_none_or(|byte| !byte.is_ascii_digit())
        && let (Some(seconds), 5) = parse_offset(numeric)
    {
        return (Some(seconds), 6);
    }
    if let Some(name) = text.strip_prefix(b" ") {
        let length = name.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
        let hours = ABBREVIATIONS.iter().find(|(known, _)| known.as_bytes() == &name[..length]).map(|(_, hours)| *hours);
        return hours.map_or((None, 0), |hours| (Some((hours * 3600.0) as i64), length + 1));
    }
    let sign = match text.first() {
        Some(b'Z' | b'z') => return (Some(0), 1),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return (None, 0),
    };
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'));
    let colon = usize::from(text.get(3) == Some(&b':'));
    match (digit(1), digit(2), digit(3 + colon), digit(4 + colon)) {
        (Some(a), Some(b), Some(c), Some(d)) => (Some(sign * ((a * 10 + b) * 3600 + (c * 10 + d) * 60)), 5 + colon),
        _ => (None, 0),
    }
}

/// Reads a length of time as rules and flags write it: `500ms`, `0.5s`, `2m`, `1h`, `7d`.
///
/// # Errors
/// When it is not a number with one of these units; the message is meant for the user.
pub fn parse_span(text: &str) -> Result<Span, String> {
    let bad = || format!("'{text}' is not a length of time; write a number with a unit, such as 500ms, 30s, 5m, 2h or 7d");
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(bad)?;
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(bad()),
    };
    let number: f64 = number.trim().parse().map_err(|_| bad())?;
    if !number.is_finite() || number < 0.0 {
        return Err(bad());
    }
    Ok(Span::from_secs_f64(number * scale))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn micros(text: &str) -> Option<i64> {
        parse_prefix(text.as_bytes(), &Zone::default()).map(|(at, _)| at.0)
    }

    #[test]
    fn every_form_of_one_instant_is_the_same_instant() {
        let want = Some(1_735_726_530_123_000);
        for text in [
            "2025-01-01T10:15:30.123+0000",
            "2025-01-01T11:15:30.123+01:00",
            "2025-01-01T10:15:30.123Z",
            "2025-01-01 10:15:30,123",
            "2025-01-01 12:15:30,123 +0200",
            "2025-01-01, 10:15:30.123 UTC",
            "2025-01-01, 11:15:30.123 CET",
            "2025-01-01, 05:15:30.123 EST",
            "2025-01-01T10:15:30.123000",
        ] {
            assert_eq!(micros(text), want, "{text}");
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_no_timestamps() {
        for text in ["2025-02-30T10:15:30", "2025-01-01T25:00:00", "2025-13-01T00:00:00", "2025-1-1", "", "20250101T000000"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_applies_only_where_the_text_has_none() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let at = |text: &str| parse_prefix(text.as_bytes(), &zone).unwrap().0.to_string();
        assert_eq!(at("2025-07-01T12:00:00"), "2025-07-01T10:00:00Z");
        assert_eq!(at("2025-07-01T12:00:00Z"), "2025-07-01T12:00:00Z");
    }

    #[test]
    fn spans_read_and_print() {
        assert_eq!(parse_span("500ms").unwrap(), Span(500_000));
        assert_eq!(parse_span("2m").unwrap(), Span::seconds(120));
        assert!(parse_span("2 weeks").is_err() && parse_span("10").is_err() && parse_span("-1s").is_err());
        let shown: Vec<String> = [0.314, 5.0, 59.6, 200.0, 7500.0, 273_600.0].map(|s| Span::from_secs_f64(s).to_string()).into();
        assert_eq!(shown, ["314 ms", "5.0 s", "1 min", "3 min 20 s", "2 h 5 min", "3 d 4 h"]);
    }
}
