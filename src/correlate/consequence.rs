//! What a killed process provoked in its own run: its peers see closed sockets within seconds, and what they print looks like a network fault.

use std::collections::BTreeMap;

use crate::rule::RuleSet;
use crate::scan::Ending;
use crate::time::Span;

use super::group::{Item, Transport};

/// How long after a kill its peers' connections break: they notice with their next read, write or attempt to connect.
const AFTER_KILL: Span = Span::seconds(30);

/// How long before the line that tells of a kill its peers may already have noticed: the supervisor polls every few seconds.
const BEFORE_KILL: Span = Span::seconds(10);

/// The layer of causes that strike whole processes and hosts.
const PLATFORM: &str = "platform";

impl Item<'_> {
    /// Whether it provokes another failure in its neighbours: its process was killed, the likeliest cause of what it shows is the platform's (a process killed for
    /// memory, a host lost), so that it reaches beyond its own call, and is known to produce what the other shows.
    fn provokes(&self, other: &Self, rules: &RuleSet) -> bool {
        let likeliest = self.failure.symptom.and_then(|symptom| rules.symptoms[symptom].causes.first()).map(|cause| &rules.causes[*cause]);
        let shown = other.failure.symptom;
        self.attempt.ending == Ending::Killed
            && self.transport == Transport::Standing
            && other.transport == Transport::Passing
            && likeliest.is_some_and(|cause| cause.layer == PLATFORM && shown.is_some_and(|symptom| cause.produces.contains(&symptom)))
    }
}

/// The failures that a failure (a process killed for memory, say) provoked in its own run: each with what provoked it. Only they follow
/// it, not all that they would otherwise be grouped with.
pub(super) fn provoked(failures: &[Item<'_>], rules: &RuleSet) -> BTreeMap<usize, usize> {
    let mut runs: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        if let Some(run) = item.attempt.run() {
            runs.entry(run).or_default().push(at);
        }
    }
    let mut provoked = BTreeMap::new();
    for items in runs.values() {
        for root in items {
            for other in items {
                let (cause, effect) = (&failures[*root], &failures[*other]);
                let near = matches!((cause.time, effect.time), (Some(from), Some(seen)) if seen + BEFORE_KILL >= from && seen <= from + AFTER_KILL);
                if near && cause.provokes(effect, rules) {
                    provoked.entry(*other).or_insert(*root);
                }
            }
        }
    }
    provoked
}
