//! Whether a log's own times are in the zone they are read in: up to Airflow 2.2 they are local times without a zone, but the last line of a
//! task says in UTC when it ended.

use crate::time::{Span, Zone, parse_prefix};

use super::Record;

/// Zones differ from UTC by multiples of it.
const STEP: Span = Span::seconds(900);

/// How far the record that tells of the end may be from it: Airflow writes it at once.
const SLACK: Span = Span::seconds(60);

/// The offset from UTC that the log's times have, in seconds, where that is not the one in which they were read.
/// `Marking task as FAILED. dag_id=.., execution_date=.., start_date=20260120T071303, end_date=20260120T071304`
#[must_use]
pub fn other_offset(record: &Record, zone: &Zone) -> Option<i64> {
    let (_, date) = record.text.split_once(" end_date=").filter(|_| record.text.contains("Marking task as "))?;
    let digits = date.as_bytes().get(..15).filter(|text| text[8] == b'T')?;
    let part = |range: std::ops::Range<usize>| std::str::from_utf8(digits.get(range)?).ok();
    let iso = format!("{}-{}-{}T{}:{}:{}Z", part(0..4)?, part(4..6)?, part(6..8)?, part(9..11)?, part(11..13)?, part(13..15)?);
    let (ended, _) = parse_prefix(iso.as_bytes(), &Zone::default())?;
    let off = (record.time? - ended).0;
    let steps = (off + STEP.0 / 2).div_euclid(STEP.0);
    let is_zone = steps != 0 && (off - steps * STEP.0).abs() <= SLACK.0 && steps.abs() <= 14 * 4;
    is_zone.then(|| zone.offset_at(ended) + steps * (STEP.0 / Span::seconds(1).0))
}

/// `-05:00`
#[must_use]
pub fn offset_name(seconds: i64) -> String {
    let minutes = seconds.abs() / 60;
    format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(header: &str, end: &str, zone: &str) -> Option<String> {
        let zone = Zone::named(zone).ok()?;
        let mut record =
            Record::from_text(&format!("Marking task as FAILED. dag_id=d, task_id=t, start_date=20260120T071303, end_date={end}"));
        record.time = parse_prefix(header.as_bytes(), &zone).map(|(time, _)| time);
        other_offset(&record, &zone).map(offset_name)
    }

    #[test]
    fn local_times_are_told_from_utc() {
        for (header, end, zone, want) in [
            ("2026-01-20 02:13:05,100", "20260120T071304", "UTC", Some("-05:00")),
            ("2026-01-20 12:43:05,100", "20260120T071304", "UTC", Some("+05:30")),
            ("2026-01-20 07:13:05,100", "20260120T071304", "UTC", None),
            ("2026-01-20 02:13:05,100", "20260120T071304", "America/New_York", None),
            ("2026-01-20 02:13:05,100", "20260120T071304", "+01:00", Some("-05:00")),
            // The callback of a failed task may run for long before the line is written.
            ("2026-01-20 07:20:05,100", "20260120T071304", "UTC", None),
            ("2026-01-20 07:20:05,100", "20260120X071304", "UTC", None),
        ] {
            assert_eq!(offset(header, end, zone).as_deref(), want, "{header} {end} {zone}");
        }
    }
}
