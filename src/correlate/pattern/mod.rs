//! What the spread of an incident over time, hosts, endpoints, tasks and tries shows: one small function per pattern, each with its numbers, its places and its sentence.

mod burst;
mod concurrency;
mod contrast;
mod elapsed;
mod onset;
mod precedence;
mod recurrence;
mod retry;

pub(super) use burst::densest;
pub(super) use elapsed::devices_near;
pub(super) use retry::{Retries, retries};

use std::collections::HashMap;

use crate::attempt::Location;
use crate::rule::{RuleSet, ScopeKind};
use crate::time::Timestamp;

use super::group::Item;
use super::statistics::discoveries;
use super::table::{Load, Table};
use super::{Incident, Pattern, PatternKind};
use contrast::Rates;
use recurrence::Phases;

/// How many of the scopes and recurrences that are told may be chance. Where nothing but chance is at work, this is also how often any is told.
const FALSE_DISCOVERIES: f64 = 0.02;

/// How many places are given with a pattern.
const LOCATIONS_MAX: usize = 3;

/// Finds the patterns of all incidents. Scopes and recurrences are tests, and the more incidents there are, the more of them look special by chance: which to believe
/// is decided over all incidents together.
pub(super) fn find(incidents: &mut [Incident], failures: &[Item<'_>], table: &Table<'_>, rules: &RuleSet) {
    let rates = Rates::of(failures, table);
    let mut loads = Loads::default();
    let mut phases = Phases::default();
    let mut claims: Vec<(usize, Claim)> = Vec::new();
    for (at, incident) in incidents.iter_mut().enumerate() {
        let view = View::of(incident, failures, table, rules);
        claims.extend(view.scope(&rates).into_iter().chain(view.recurrence(&mut phases)).map(|claim| (at, claim)));
        let untested = [
            view.burst(),
            view.onset(),
            view.elapsed(),
            view.concurrency(&mut loads),
            view.precedence(),
            view.retry(),
            view.no_base_rate(),
        ];
        incident.patterns = untested.into_iter().flatten().collect();
    }
    let p_values: Vec<f64> = claims.iter().map(|(_, claim)| claim.p).collect();
    for ((at, claim), believed) in claims.into_iter().zip(discoveries(&p_values, FALSE_DISCOVERIES)) {
        if believed && claim.told {
            incidents[at].patterns.push(claim.pattern);
        }
    }
    incidents.iter_mut().for_each(|incident| incident.patterns.sort_by_key(|pattern| pattern.kind));
}

/// A pattern that is told if chance is no better explanation.
struct Claim {
    /// How likely chance is, after correction for all that was tried on this incident.
    p: f64,
    pattern: Pattern,
    /// Whether it is large enough to be worth telling; a test that was made counts either way.
    told: bool,
}

/// The loads of hosts and endpoints, each reckoned once.
#[derive(Debug, Default)]
pub(super) struct Loads(HashMap<(ScopeKind, u32), Load>);

impl Loads {
    fn of(&mut self, table: &Table<'_>, kind: ScopeKind, value: u32) -> &Load {
        self.0.entry((kind, value)).or_insert_with(|| Load::of(table.attempts, table.column(kind).rows(value)))
    }
}

/// An incident before its table.
struct View<'v, 'a> {
    incident: &'v Incident,
    /// Its failures, in the order of rows.
    members: Vec<&'v Item<'a>>,
    /// When they were, sorted.
    times: Vec<Timestamp>,
    table: &'v Table<'a>,
    rules: &'v RuleSet,
}

impl<'v, 'a> View<'v, 'a> {
    fn of(incident: &'v Incident, failures: &'v [Item<'a>], table: &'v Table<'a>, rules: &'v RuleSet) -> Self {
        let place = |row: &usize| failures.binary_search_by_key(row, |item| item.row).ok();
        let members: Vec<&Item<'a>> = incident.attempts.iter().filter_map(place).map(|at| &failures[at]).collect();
        let mut times: Vec<Timestamp> = members.iter().filter_map(|item| item.time).collect();
        times.sort_unstable();
        Self { incident, members, times, table, rules }
    }

    fn locations(&self) -> Vec<Location> {
        self.members.iter().take(LOCATIONS_MAX).map(|item| item.attempt.location_of_failure(item.failure)).collect()
    }

    fn pattern(&self, kind: PatternKind, says: String, numbers: Vec<(&'static str, f64)>) -> Pattern {
        Pattern { kind, says, numbers, locations: self.locations() }
    }

    /// The values of a kind that its failures have, each once, ascending.
    fn values(&self, kind: ScopeKind) -> Vec<u32> {
        let column = self.table.column(kind);
        let mut values: Vec<u32> = self.members.iter().flat_map(|item| column.of_row(item.row)).copied().collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Whether there is anything to compare with.
    fn no_base_rate(&self) -> Option<Pattern> {
        let says = if self.table.healthy == 0 {
            "no healthy attempts were read, so there is nothing to compare with"
        } else if !self.incident.scope.endpoints.is_empty() && self.table.column(ScopeKind::Endpoint).healthy_known().is_empty() {
            if self.table.column(ScopeKind::Endpoint).unread().is_empty() {
                "the healthy logs do not say which endpoints they used, so the rate of failure of an endpoint is not known"
            } else {
                "of the healthy logs only the ends were read (--quick), so the rate of failure of an endpoint is not known"
            }
        } else {
            return None;
        };
        let numbers = vec![("healthy", self.table.healthy as f64)];
        Some(Pattern { kind: PatternKind::NoBaseRate, says: says.to_owned(), numbers, locations: Vec::new() })
    }
}

/// A p-value as people read it.
fn chance(p: f64) -> String {
    match p {
        p if p < 0.0001 => "under 1 in 10,000".to_owned(),
        p => format!("1 in {:.0}", 1.0 / p),
    }
}
