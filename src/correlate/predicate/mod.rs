//! Whether the predicates of a piece of evidence hold of an incident. What is not known neither holds nor fails.

mod single;
mod whole;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::attempt::{Attempt, Failure, Location};
use crate::rule::{RuleSet, SymptomIx, When};
use crate::time::Timestamp;

use super::pattern::Retries;
use super::table::Table;
use super::{Incident, abridged, pattern, statistics};

/// What the predicates are asked of.
#[derive(Debug)]
pub struct Context<'a> {
    rules: &'a RuleSet,
    table: &'a Table<'a>,
    incident: &'a Incident,
    /// What many pieces of evidence ask, reckoned once.
    known: Known,
}

/// Answers about the incident as a whole, each reckoned when it is first asked for.
#[derive(Debug, Default)]
struct Known {
    words: OnceCell<BTreeMap<&'static str, String>>,
    retries: OnceCell<Retries>,
    always_failed: OnceCell<bool>,
    mixed_families: OnceCell<bool>,
    times: OnceCell<Vec<Timestamp>>,
    stretches: OnceCell<Vec<(Timestamp, Timestamp)>>,
    healthy_meanwhile: OnceCell<Option<bool>>,
    healthy_since: OnceCell<Option<bool>>,
    simultaneous: OnceCell<bool>,
    /// By [`crate::rule::HealthyBy`].
    healthy_elsewhere: [OnceCell<bool>; 3],
}

/// A piece of evidence applies.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What the sentence's placeholders stand for.
    pub words: BTreeMap<&'static str, String>,
    /// Where it is seen.
    pub locations: Vec<Location>,
}

/// How many places are given with a piece of evidence.
const LOCATIONS_MAX: usize = 3;

/// The verdict, if all predicates that are given hold.
#[must_use]
pub fn holds(when: &When, context: &Context<'_>) -> Option<Verdict> {
    let of_attempts = context.attempts_that_hold(when)?;
    let mut verdict = Verdict { words: BTreeMap::new(), locations: Vec::new() };
    if !context.whole_incident(when, &mut verdict) {
        return None;
    }
    if let Some(selected) = of_attempts {
        let mut of_rows = context.medians(when, &selected.rows);
        of_rows.insert("n", selected.rows.len().to_string());
        of_rows.insert("total", selected.known.to_string());
        if verdict.locations.is_empty() {
            verdict.locations = context.locations(when, &selected.rows);
        }
        of_rows.append(&mut verdict.words);
        verdict.words = of_rows;
    }
    for (name, word) in context.words() {
        verdict.words.entry(name).or_insert_with(|| word.clone());
    }
    Some(verdict)
}

impl<'a> Context<'a> {
    /// An incident of a table.
    #[must_use]
    pub fn new(rules: &'a RuleSet, table: &'a Table<'a>, incident: &'a Incident) -> Self {
        Self { rules, table, incident, known: Known::default() }
    }

    fn members(&self) -> impl Iterator<Item = (usize, &'a Attempt, &'a Failure)> + '_ {
        self.incident.attempts.iter().filter_map(|row| {
            let attempt = self.table.attempts.own(*row)?;
            let failure: &Failure = attempt.failure.as_ref()?;
            Some((*row, attempt, failure))
        })
    }

    fn retries(&self) -> Retries {
        *self.known.retries.get_or_init(|| pattern::retries(self.incident, self.table))
    }

    /// What every sentence may use.
    fn words(&self) -> &BTreeMap<&'static str, String> {
        self.known.words.get_or_init(|| self.reckon_words())
    }

    fn reckon_words(&self) -> BTreeMap<&'static str, String> {
        let scope = &self.incident.scope;
        let total = self.incident.attempts.len().to_string();
        let mut words = BTreeMap::from([
            ("n", total.clone()),
            ("total", total),
            ("host", abridged(&scope.hosts, "an unknown host")),
            ("hosts", scope.hosts.len().to_string()),
            ("endpoint", abridged(&scope.endpoints, "an endpoint that the log does not name")),
            ("endpoints", scope.endpoints.len().to_string()),
            ("dags", scope.dags.len().to_string()),
            ("tasks", scope.tasks.len().to_string()),
        ]);
        if let (Some(first), Some(last)) = (self.incident.first_seen, self.incident.last_seen) {
            words.insert("span", (last - first).to_string());
        }
        let first = |get: fn(&Failure) -> Option<String>| self.members().find_map(|(_, _, failure)| get(failure));
        let facts: [(&'static str, Option<String>); 5] = [
            ("status", first(|failure| failure.facts.status.map(|status| status.to_string()))),
            ("errno", first(|failure| failure.facts.errno.map(|errno| errno.to_string()))),
            ("exit_code", first(|failure| failure.facts.exit_code.map(|code| code.to_string()))),
            ("timeout", first(|failure| failure.call.timeout.and_then(|timeout| timeout.limit).map(|limit| limit.to_string()))),
            (
                "value",
                first(|failure| {
                    failure.facts.name.clone().or_else(|| failure.facts.path.clone()).or_else(|| failure.facts.conn_id.clone())
                }),
            ),
        ];
        words.extend(facts.into_iter().filter_map(|(name, value)| Some((name, value?))));
        words
    }

    /// Where it is seen that attempts fulfil a predicate: at their failures, or where another log tells of a symptom that their own do not show.
    fn locations(&self, when: &When, rows: &[usize]) -> Vec<Location> {
        let wanted = when.symptom.as_ref().map(|ids| self.ids(ids)).unwrap_or_default();
        let place = |own: &Attempt| {
            let mut of = own.symptoms.iter().filter(|shown| wanted.binary_search(&shown.symptom).is_ok()).peekable();
            let first = of.peek().copied();
            match first.filter(|_| of.all(|shown| shown.elsewhere.is_some())) {
                Some(shown) => Some(own.location_of(shown)),
                None => Some(own.location_of_failure(own.failure.as_ref()?)),
            }
        };
        rows.iter().filter_map(|row| self.table.attempts.own(*row).and_then(place)).take(LOCATIONS_MAX).collect()
    }

    fn ids(&self, ids: &[String]) -> Vec<SymptomIx> {
        let mut known: Vec<SymptomIx> = ids.iter().filter_map(|id| self.rules.symptom(id)).collect();
        known.sort_unstable();
        known
    }
}
