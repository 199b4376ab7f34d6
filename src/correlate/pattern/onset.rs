//! An instant since which what used to work always fails: the last good and the first bad attempt.

use std::collections::BTreeSet;

use crate::rule::ScopeKind;

use super::super::{Pattern, PatternKind, statistics};
use super::{View, chance};

/// How many successes before are a habit.
const SUCCESSES_MIN: usize = 2;

/// How many failing attempts since are more than bad luck; a failure that no try mended counts as much as a second run's.
const FAILURES_MIN: usize = 2;

impl View<'_, '_> {
    /// Of its tasks, or of its endpoint where it has one and the healthy logs name theirs.
    pub(super) fn onset(&self) -> Option<Pattern> {
        if self.members.len() < FAILURES_MIN {
            return None;
        }
        let endpoints = self.values(ScopeKind::Endpoint);
        let column = self.table.column(ScopeKind::Endpoint);
        // An attempt that succeeded since may have used it, where that was not read.
        let may_have_worked = column.unread().last().is_some_and(|last| Some(last) >= self.incident.first_seen);
        let of_endpoint = match endpoints[..] {
            [endpoint] if column.healthy(endpoint).len() >= SUCCESSES_MIN && !may_have_worked => {
                self.since(ScopeKind::Endpoint, &endpoints)
            }
            _ => None,
        };
        of_endpoint.or_else(|| self.since(ScopeKind::Task, &self.values(ScopeKind::Task)))
    }

    fn since(&self, kind: ScopeKind, values: &[u32]) -> Option<Pattern> {
        let first = self.incident.first_seen?;
        let column = self.table.column(kind);
        // No row is counted twice: it has one task, and of endpoints there is only one.
        let good: usize = values.iter().map(|value| column.succeeded(*value).count).sum();
        let (last_good, row) = values.iter().filter_map(|value| column.succeeded(*value).last).max()?;
        // Several tasks: each of them must have worked before, or the others' successes would speak for it.
        let each = kind == ScopeKind::Endpoint || values.iter().all(|value| !column.healthy(*value).is_empty());
        if last_good >= first || good < SUCCESSES_MIN || !each {
            return None;
        }
        let failed: BTreeSet<Option<u32>> = self.members.iter().map(|item| self.table.instance(item.row)).collect();
        // If good and bad came in any order, this is how rarely all the bad ones would come last.
        let p = (-statistics::ln_choose(good + failed.len(), failed.len())).exp();
        let says = format!(
            "{} successes until {} UTC, none since the first failure at {} UTC (chance {})",
            good,
            last_good.minute(),
            first.minute(),
            chance(p)
        );
        let numbers = vec![
            ("successes_before", good as f64),
            ("failed_since", failed.len() as f64),
            ("last_good", last_good.0 as f64 / 1e6),
            ("first_bad", first.0 as f64 / 1e6),
            ("p", p),
        ];
        let mut pattern = self.pattern(PatternKind::Onset, says, numbers);
        let last = self.table.attempts.at(row as usize);
        pattern.locations.insert(0, last.location(1));
        Some(pattern)
    }
}
