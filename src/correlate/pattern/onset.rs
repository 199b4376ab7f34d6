//! An instant since which what used to work always fails: the last good and the first bad attempt.

use std::collections::BTreeSet;

use crate::rule::ScopeKind;
use crate::time::Timestamp;

use super::super::table::instant;
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
        let of_endpoint = match endpoints[..] {
            [endpoint] if self.table.column(ScopeKind::Endpoint).healthy(endpoint).len() >= SUCCESSES_MIN => {
                self.since(ScopeKind::Endpoint, &endpoints)
            }
            _ => None,
        };
        of_endpoint.or_else(|| self.since(ScopeKind::Task, &self.values(ScopeKind::Task)))
    }

    fn since(&self, kind: ScopeKind, values: &[u32]) -> Option<Pattern> {
        let first = self.incident.first_seen?;
        let column = self.table.column(kind);
        let rows: BTreeSet<u32> = values.iter().flat_map(|value| column.rows(*value)).copied().collect();
        let good: Vec<(Timestamp, u32)> = rows
            .iter()
            .filter(|row| self.table.succeeded(**row))
            .filter_map(|row| Some((instant(&self.table.attempts[*row as usize])?, *row)))
            .collect();
        let (last_good, row) = good.iter().max().copied()?;
        // Several tasks: each of them must have worked before, or the others' successes would speak for it.
        let each = kind == ScopeKind::Endpoint || values.iter().all(|value| !column.healthy(*value).is_empty());
        if last_good >= first || good.len() < SUCCESSES_MIN || !each {
            return None;
        }
        let failed: BTreeSet<Option<u32>> = self.members.iter().map(|item| self.table.instance(item.row)).collect();
        // If good and bad came in any order, this is how rarely all the bad ones would come last.
        let p = (-statistics::ln_choose(good.len() + failed.len(), failed.len())).exp();
        let says = format!(
            "{} successes until {} UTC, none since the first failure at {} UTC (chance {})",
            good.len(),
            last_good.minute(),
            first.minute(),
            chance(p)
        );
        let numbers = vec![
            ("successes_before", good.len() as f64),
            ("failed_since", failed.len() as f64),
            ("last_good", last_good.0 as f64 / 1e6),
            ("first_bad", first.0 as f64 / 1e6),
            ("p", p),
        ];
        let mut pattern = self.pattern(PatternKind::Onset, says, numbers);
        let last = &self.table.attempts[row as usize];
        pattern.locations.insert(0, last.location(1));
        Some(pattern)
    }
}
