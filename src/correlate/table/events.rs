//! What was shown when: by symptom, and by symptom and place, in the order of time, so that what came shortly before a failure is found by a search.

use std::collections::HashMap;

use crate::attempt::Attempts;
use crate::rule::SymptomIx;
use crate::time::{Span, Timestamp};

use super::columns::endpoints_of;

/// Where something was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::correlate) enum At<'a> {
    /// Anywhere.
    Anywhere,
    /// On a worker host.
    Host(&'a str),
    /// By an attempt that used an endpoint.
    Endpoint(&'a str),
    /// In a run of a DAG.
    Run(&'a str, &'a str),
}

/// The symptoms that were shown, by place.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Events<'a> {
    shown: HashMap<(SymptomIx, At<'a>), Vec<(Timestamp, u32)>>,
}

/// Clocks of hosts differ and logs are flushed late: what came so shortly after may have come before.
pub(in crate::correlate) const SLACK: Span = Span::seconds(2);

impl<'a> Events<'a> {
    pub(super) fn of(attempts: &'a Attempts) -> Self {
        let mut events = Self::default();
        for (row, attempt) in attempts.iter_own() {
            for shown in &attempt.symptoms {
                let Some(time) = shown.time else { continue };
                // Of a task only what ended its attempt counts; of a component whatever it says.
                let told = !attempt.is_task() || attempt.failure.as_ref().is_some_and(|failure| failure.shown.contains(&shown.symptom));
                if !told {
                    continue;
                }
                let mut add = |at: At<'a>| events.shown.entry((shown.symptom, at)).or_default().push((time, row as u32));
                add(At::Anywhere);
                attempt.host.as_deref().into_iter().for_each(|host| add(At::Host(host)));
                attempt.run().into_iter().for_each(|(dag, run)| add(At::Run(dag, run)));
                endpoints_of(attempt).for_each(|endpoint| add(At::Endpoint(endpoint)));
            }
        }
        events.shown.values_mut().for_each(|times| times.sort_unstable());
        events
    }

    /// The last time, and the row, at which a symptom was shown at a place by a row other than `row`, at most `within` before `time` or, clocks being what they are,
    /// [`SLACK`] after.
    pub(in crate::correlate) fn before(
        &self,
        symptom: SymptomIx,
        at: At<'_>,
        time: Timestamp,
        within: Span,
        row: usize,
    ) -> Option<(Timestamp, usize)> {
        let times = self.shown.get(&(symptom, at))?;
        let end = times.partition_point(|(shown, _)| *shown <= time + SLACK);
        // One row shows a symptom at one place a few times at most.
        let near = times[..end].iter().rev().take_while(|(shown, _)| *shown + within >= time);
        near.map(|(shown, other)| (*shown, *other as usize)).find(|(_, other)| *other != row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_is_found_within_both_edges() {
        let mut events = Events::default();
        let second = |second: i64| Timestamp(second * 1_000_000);
        events.shown.insert((3, At::Anywhere), vec![(second(100), 0), (second(200), 1)]);
        let before = |time: i64, within: i64, row: usize| events.before(3, At::Anywhere, second(time), Span::seconds(within), row);
        assert_eq!(before(250, 50, 9), Some((second(200), 1)));
        assert_eq!(before(250, 49, 9), None);
        assert_eq!(before(198, 49, 9), Some((second(200), 1)), "two seconds of slack");
        assert_eq!(before(197, 97, 9), Some((second(100), 0)));
        assert_eq!(before(197, 96, 9), None);
        assert_eq!(before(250, 150, 1), Some((second(100), 0)), "never the row itself");
        assert_eq!(events.before(3, At::Host("a"), second(250), Span::seconds(50), 9), None);
    }
}
