//! The attempt table by what correlation looks for in it, and the healthy attempts counted: the base rate of every contrast.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::Attempt;
use crate::rule::{ScopeKind, SymptomIx};
use crate::source::TaskInstance;
use crate::time::Timestamp;

/// The attempt table by what is looked for in it.
#[derive(Debug, Default)]
pub struct Table {
    /// The rows of each task instance, in the order of tries.
    pub(super) tries: BTreeMap<TaskInstance, Vec<usize>>,
    /// The rows of each `(dag, task)`.
    pub(super) tasks: BTreeMap<(String, String), Vec<usize>>,
    /// The rows of each endpoint, failures' own endpoints included.
    pub(super) endpoints: BTreeMap<String, Vec<usize>>,
    /// The rows of each host.
    pub(super) hosts: BTreeMap<String, Vec<usize>>,
    /// When which symptom was shown by which row, in the order of time.
    pub(super) shown: Vec<(Timestamp, SymptomIx, usize)>,
    /// The base rate.
    pub(super) healthy: Healthy,
}

/// The healthy attempts, counted by the values they have.
#[derive(Debug, Default)]
pub(super) struct Healthy {
    /// All of them.
    pub(super) all: usize,
    /// Whether the host of any is known.
    pub(super) hosts_known: bool,
    /// Whether an endpoint of any is known.
    pub(super) endpoints_known: bool,
    counts: BTreeMap<(ScopeKind, String), usize>,
}

impl Healthy {
    /// How many have a value.
    pub(super) fn of(&self, kind: ScopeKind, value: &str) -> usize {
        self.counts.get(&(kind, value.to_owned())).copied().unwrap_or_default()
    }

    fn add(&mut self, attempt: &Attempt) {
        self.all += 1;
        self.hosts_known |= attempt.host.is_some();
        self.endpoints_known |= !attempt.endpoints.is_empty();
        let task = key(attempt).map(|(dag, task)| format!("{dag}.{task}"));
        let single = [
            (ScopeKind::Host, attempt.host.as_deref().map(str::to_owned)),
            (ScopeKind::Dag, attempt.task.dag_id.as_deref().map(str::to_owned)),
            (ScopeKind::Task, task),
            (ScopeKind::Operator, attempt.operator.as_deref().map(str::to_owned)),
        ];
        let endpoints = attempt.endpoints.keys().map(|endpoint| (ScopeKind::Endpoint, endpoint.to_owned()));
        for value in single.into_iter().filter_map(|(kind, value)| Some((kind, value?))).chain(endpoints) {
            *self.counts.entry(value).or_default() += 1;
        }
    }
}

impl Table {
    /// Indexes a table.
    #[must_use]
    pub fn of(attempts: &[Attempt]) -> Self {
        let mut table = Self::default();
        for (row, attempt) in attempts.iter().enumerate() {
            table.shown.extend(attempt.symptoms.iter().filter_map(|shown| Some((shown.time?, shown.symptom, row))));
            if !attempt.is_task() {
                continue;
            }
            if attempt.is_healthy() {
                table.healthy.add(attempt);
            }
            if let (Some(dag), Some(task)) = (&attempt.task.dag_id, &attempt.task.task_id) {
                table.tries.entry(instance(attempt)).or_default().push(row);
                table.tasks.entry((dag.to_string(), task.to_string())).or_default().push(row);
            }
            for endpoint in endpoints_of(attempt) {
                table.endpoints.entry(endpoint.to_owned()).or_default().push(row);
            }
            if let Some(host) = &attempt.host {
                table.hosts.entry(host.to_string()).or_default().push(row);
            }
        }
        for rows in table.tries.values_mut() {
            rows.sort_by_key(|row| (attempts[*row].task.try_number, *row));
        }
        table.shown.sort_unstable();
        table
    }
}

/// The task instance without its try.
pub(super) fn instance(attempt: &Attempt) -> TaskInstance {
    TaskInstance { try_number: None, ..attempt.task.clone() }
}

/// The endpoints an attempt used, its failing call's included.
pub(super) fn endpoints_of(attempt: &Attempt) -> BTreeSet<&str> {
    let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
    attempt.endpoints.keys().chain(failing).collect()
}

/// `(dag, task)`.
pub(super) fn key(attempt: &Attempt) -> Option<(String, String)> {
    attempt.task.dag_id.as_deref().zip(attempt.task.task_id.as_deref()).map(|(dag, task)| (dag.to_owned(), task.to_owned()))
}

/// Whether an attempt has a value of a kind.
pub(super) fn has_value(attempt: &Attempt, kind: ScopeKind, value: &str) -> bool {
    match kind {
        ScopeKind::Host => attempt.host.as_deref() == Some(value),
        ScopeKind::Endpoint => endpoints_of(attempt).contains(value),
        ScopeKind::Dag => attempt.task.dag_id.as_deref() == Some(value),
        ScopeKind::Task => key(attempt).is_some_and(|(dag, task)| format!("{dag}.{task}") == value),
        ScopeKind::Operator => attempt.operator.as_deref() == Some(value),
    }
}
