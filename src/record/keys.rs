//! The keys under which JSON records and envelopes say when they were written.

use serde_json::{Map, Value};

use crate::time::{Timestamp, Zone, parse_epoch, parse_prefix};

/// Keys with a time, the surest first: what the writer of the record says comes before what a collector adds.
const TIME_KEYS: [&str; 8] = ["timestamp", "asctime", "time", "ts", "@timestamp", "date", "receiveTimestamp", "eventTime"];

/// When an object says that it was written.
pub(super) fn time_in(object: &Map<String, Value>, zone: &Zone) -> Option<Timestamp> {
    TIME_KEYS.iter().find_map(|key| match object.get(*key)? {
        Value::String(text) => {
            parse_prefix(text.trim_start().as_bytes(), zone).map(|(time, _)| time).or_else(|| parse_epoch(text.parse().ok()?))
        }
        Value::Number(number) => parse_epoch(number.as_f64()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn numbers_are_read_in_the_unit_that_fits() {
        let want = Some(Timestamp(1_795_244_400_250_000));
        for text in ["1795244400.25", "1795244400250", "1795244400250000", "\"1795244400.25\"", "\"2026-11-21T07:00:00.250Z\""] {
            let object = serde_json::from_str(&format!("{{\"timestamp\": {text}}}")).unwrap();
            assert_eq!(time_in(&object, &Zone::default()), want, "{text}");
        }
        for text in ["12", "-5", "1e300", "null", "true", "\"never\"", "\"0000-00-00T00:00:00\""] {
            let object = serde_json::from_str(&format!("{{\"timestamp\": {text}}}")).unwrap();
            assert_eq!(time_in(&object, &Zone::default()), None, "{text}");
        }
    }
}
