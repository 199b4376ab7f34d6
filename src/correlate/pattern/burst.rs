//! Many failures within a short time.

use crate::time::{Span, Timestamp};

use super::super::{Pattern, PatternKind};
use super::View;

/// How many failures make a burst, and within what time: three within Airflow's default retry delay, so that one task's tries alone make none.
const FAILURES_MIN: usize = 3;
const WITHIN: Span = Span::seconds(300);

impl View<'_, '_> {
    pub(super) fn burst(&self) -> Option<Pattern> {
        let (count, from) = densest(&self.times, WITHIN)?;
        (count >= FAILURES_MIN).then(|| {
            let last = self.times.iter().rfind(|time| **time <= from + WITHIN).copied().unwrap_or(from);
            self.pattern(
                PatternKind::Burst,
                says(count, from, last),
                vec![("failures", count as f64), ("seconds", (last - from).as_secs_f64())],
            )
        })
    }
}

fn says(count: usize, from: Timestamp, last: Timestamp) -> String {
    match last - from {
        Span(0) => format!("{count} failures at the same instant, {} UTC", from.minute()),
        span => format!("{count} failures within {span} from {} UTC", from.minute()),
    }
}

/// The most times within a window, and the first of them; `times` are sorted.
pub(in crate::correlate) fn densest(times: &[Timestamp], within: Span) -> Option<(usize, Timestamp)> {
    let mut best: Option<(usize, Timestamp)> = None;
    let mut from = 0;
    for to in 0..times.len() {
        while times[to] - times[from] > within {
            from += 1;
        }
        if best.is_none_or(|(count, _)| to - from + 1 > count) {
            best = Some((to - from + 1, times[from]));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_both_ends() {
        let times: Vec<Timestamp> = [0, 100, 300, 301].map(|second| Timestamp(second * 1_000_000)).into();
        assert_eq!(densest(&times, Span::seconds(300)), Some((3, Timestamp(0))));
        assert_eq!(densest(&times[..3], Span::seconds(299)), Some((2, Timestamp(0))));
        assert_eq!(densest(&[], Span::seconds(300)), None);
    }

    #[test]
    fn no_time_at_all_is_one_instant() {
        let at = |second: i64| Timestamp(second * 1_000_000);
        assert_eq!(says(3, at(0), at(0)), "3 failures at the same instant, 1970-01-01 00:00 UTC");
        assert_eq!(says(3, at(0), at(60)), "3 failures within 1 min from 1970-01-01 00:00 UTC");
    }
}
