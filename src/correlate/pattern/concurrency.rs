//! Failures while more was running on the endpoint or host than is usual there.

use crate::rule::ScopeKind;

use super::super::{Pattern, PatternKind, statistics};
use super::{Loads, View};

/// How many failures, and how many healthy attempts, make a comparison.
const COMPARED_MIN: usize = 3;

/// How many times as many must be running, and how many at least: two instead of one is no crowd.
const RATIO_MIN: f64 = 1.5;
const RUNNING_MIN: usize = 3;

/// How unlikely chance must be.
const P_MAX: f64 = 0.01;

impl View<'_, '_> {
    pub(super) fn concurrency(&self, loads: &mut Loads) -> Option<Pattern> {
        [ScopeKind::Endpoint, ScopeKind::Host].into_iter().find_map(|kind| self.crowded(kind, loads))
    }

    fn crowded(&self, kind: ScopeKind, loads: &mut Loads) -> Option<Pattern> {
        let own = match kind {
            ScopeKind::Endpoint => &self.incident.scope.endpoints,
            _ => &self.incident.scope.hosts,
        };
        let [name] = &own[..] else { return None };
        // What was running but is not known to have used the endpoint would be missing in both numbers.
        if self.times.len() < COMPARED_MIN || !self.table.column(kind).unread().is_empty() {
            return None;
        }
        let load = loads.of(self.table, kind, self.table.column(kind).id(name)?);
        let failing: Vec<usize> = self.times.iter().map(|time| load.running(self.table.attempts, *time)).collect();
        let (then, usual) = (statistics::median(&failing)?, load.usual.median()?);
        let crowded = load.usual.len() >= COMPARED_MIN && then >= RUNNING_MIN && then as f64 >= RATIO_MIN * usual as f64;
        let p = if crowded { statistics::higher(&failing, &load.usual) } else { 1.0 };
        (p <= P_MAX).then(|| {
            let says =
                format!("{then} attempts were running on {} {name} at the failures (median), {usual} at the healthy attempts", kind.name());
            self.pattern(PatternKind::Concurrency, says, vec![("at_failures", then as f64), ("at_successes", usual as f64), ("p", p)])
        })
    }
}
