//! Calls that fail after the same time: something on the way counts to a number.

use crate::record::Phase;
use crate::rule::{RuleSet, Timer, TimerKind};
use crate::time::Span;

use super::super::group::Item;
use super::super::{Pattern, PatternKind, abridged, statistics};
use super::View;

/// How many equal times mean something.
const EQUAL_MIN: usize = 3;

/// How far the longest of equal times may lie above the shortest: a twentieth for the clock of whoever counts, and half a second for the way.
const EQUAL_RATIO: f64 = 0.05;
const EQUAL_SLACK: Span = Span(500_000);

/// The families of symptoms in which a connection was refused.
const REFUSED: [&str; 1] = ["connection-refused"];

/// Shorter times are the time that anything takes.
const SHORTEST: Span = Span::seconds(1);

/// How near a timer must be to be named: a fiftieth, at least one second.
const TIMER_RATIO: f64 = 0.02;
const TIMER_SLACK_S: f64 = 1.0;

impl View<'_, '_> {
    pub(super) fn elapsed(&self) -> Option<Pattern> {
        // A refusal comes at once: what passed before it is the task's own time, and no timer's.
        let refused = |item: &&&Item<'_>| item.failure.call.phase == Some(Phase::Connect) && REFUSED.contains(&&*item.family);
        let calls = self.members.iter().filter(|item| item.failure.call.phase.is_some() && !refused(item));
        let mut spans: Vec<Span> = calls.filter_map(|item| item.failure.call.elapsed_at_most()).filter(|span| *span >= SHORTEST).collect();
        spans.sort_unstable();
        let equal = statistics::cluster(&spans, |least| Span(least.0 + (least.0 as f64 * EQUAL_RATIO) as i64 + EQUAL_SLACK.0))?;
        let equal = &spans[equal];
        if equal.len() < EQUAL_MIN || 2 * equal.len() < spans.len() {
            let most = spans.last()?;
            let says = match spans.len() {
                1 => format!("the failing call took at most {most}; one event is too few to tell a timer by"),
                n => format!("the {n} failing calls took at most {most}, each another time: no timer shows"),
            };
            return Some(self.pattern(
                PatternKind::Bound,
                says,
                vec![("at_most_seconds", most.as_secs_f64()), ("calls", spans.len() as f64)],
            ));
        }
        let median = equal[(equal.len() - 1) / 2];
        let seconds = median.as_secs_f64();
        let devices = devices_near(seconds, self.rules);
        let spread = (equal[equal.len() - 1].as_secs_f64() - equal[0].as_secs_f64()) / seconds;
        let says = format!(
            "{} of {} failing calls ended {median} after the log line before them, give or take {:.0} %; timers of that length: {}",
            equal.len(),
            spans.len(),
            (spread * 100.0).ceil(),
            abridged(&devices, "none that is known")
        );
        let numbers = vec![("seconds", seconds), ("spread", spread), ("equal", equal.len() as f64), ("calls", spans.len() as f64)];
        Some(self.pattern(PatternKind::Elapsed, says, numbers))
    }
}

/// The devices that give a request so many seconds, or nearly so.
pub(in crate::correlate) fn devices_near(seconds: f64, rules: &RuleSet) -> Vec<String> {
    let near = |timer: &&Timer| (timer.seconds - seconds).abs() <= (timer.seconds * TIMER_RATIO).max(TIMER_SLACK_S);
    let timers = rules.timers.iter().filter(|timer| timer.kind == TimerKind::Request).filter(near);
    timers.map(|timer| timer.device.clone()).collect()
}
