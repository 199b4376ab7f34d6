//! The keys under which JSON records and envelopes say when they were written.

use serde_json::{Map, Value};

use crate::time::{Timestamp, Zone, parse_any_prefix, parse_epoch};

/// Keys with a time, the surest first: what the writer of the record says comes before what a collector adds.
const TIME_KEYS: [&str; 8] = ["timestamp", "asctime", "time", "ts", "@timestamp", "date", "receiveTimestamp", "eventTime"];

/// Keys under which the writer of a record says when: what a collector adds is not among them.
pub(super) const RECORD_TIME_KEYS: [&str; 5] = ["timestamp", "asctime", "time", "ts", "@timestamp"];

/// When an object says that it was written.
pub(super) fn time_in(object: &Map<String, Value>, zone: &Zone) -> Option<Timestamp> {
    TIME_KEYS.iter().find_map(|key| time_of(object.get(*key)?, zone))
}

/// When a record says that it was written.
pub(super) fn record_time_in(object: &Map<String, Value>, zone: &Zone) -> Option<Timestamp> {
    RECORD_TIME_KEYS.iter().find_map(|key| time_of(object.get(*key)?, zone))
}

/// When a record was written of which only the first bytes are known, by its first key.
pub(super) fn time_at_start(head: &[u8], zone: &Zone) -> Option<Timestamp> {
    let rest = head.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    let (key, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'"')?)?;
    let value = rest.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let is_time = RECORD_TIME_KEYS.iter().any(|known| known.as_bytes() == key);
    is_time.then(|| parse_any_prefix(value.strip_prefix(b"\"").unwrap_or(value), zone))?.map(|(time, _)| time)
}

/// The instant that a value is, as a text or as a number since 1970.
pub(super) fn time_of(value: &Value, zone: &Zone) -> Option<Timestamp> {
    let time = match value {
        Value::String(text) => parse_any_prefix(text.trim_start().as_bytes(), zone).map(|(time, _)| time),
        Value::Number(number) => parse_epoch(number.as_f64()?),
        _ => None,
    };
    time.filter(|time| time.can_be_of_a_log())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn numbers_are_read_in_the_unit_that_fits() {
        let want = Some(Timestamp(1_795_244_400_250_000));
        for text in [
            "1795244400.25",
            "1795244400250",
            "1795244400250000",
            "\"1795244400.25\"",
            "\"2026-11-21T07:00:00.250Z\"",
            "\"Sat Nov 21 07:00:00.250 2026\"",
        ] {
            let line = format!("{{\"timestamp\": {text}}}");
            assert_eq!(time_in(&serde_json::from_str(&line).unwrap(), &Zone::default()), want, "{text}");
            assert_eq!(super::super::time_of(line.as_bytes(), &Zone::default()), want, "{text}");
        }
        for text in ["12", "-5", "1e300", "null", "true", "\"never\"", "\"0000-00-00T00:00:00\""] {
            let object = serde_json::from_str(&format!("{{\"timestamp\": {text}}}")).unwrap();
            assert_eq!(time_in(&object, &Zone::default()), None, "{text}");
            assert_eq!(super::super::time_of(format!("{{\"timestamp\": {text}}}").as_bytes(), &Zone::default()), None, "{text}");
        }
    }
}
