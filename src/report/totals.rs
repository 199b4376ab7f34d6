//! The counts of a report, and what in it was not understood. Counting only; the words stand in `words`.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::Attempt;
use crate::error::{Problem, ProblemKind};
use crate::record::Outcome;
use crate::source::TaskInstance;
use crate::time::Timestamp;

use super::{ListAttempts, Report};

/// Counts over all attempts that were read. Logs that are no task's attempt are not counted as attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Tries of tasks; the sum of `failed`, `up_for_retry`, `succeeded`, `skipped`, `unfinished` and `unknown`.
    pub(super) attempts: u64,
    /// Failed for good.
    pub(super) failed: u64,
    /// Failed, with another try to come.
    pub(super) up_for_retry: u64,
    /// Succeeded.
    pub(super) succeeded: u64,
    /// Skipped.
    pub(super) skipped: u64,
    /// Deferred, rescheduled or running when the log was taken.
    pub(super) unfinished: u64,
    /// Nothing says how it ended.
    pub(super) unknown: u64,
    /// Attempts that belong to an incident, or failed, and whose task instance succeeded on a later try.
    pub(super) recovered: u64,
    /// Attempts that belong to an incident.
    pub(super) in_incidents: u64,
    /// Other logs that belong to an incident: excerpts, logs of the scheduler and the like.
    pub(super) other_logs_in_incidents: u64,
    /// Attempts that failed and belong to no incident.
    pub(super) unassigned: u64,
    /// The earliest and the latest time in any log.
    pub(super) from: Option<Timestamp>,
    /// See `from`.
    pub(super) to: Option<Timestamp>,
}

impl Totals {
    /// Counts.
    pub(super) fn of(report: &Report<'_>) -> Self {
        let succeeded: BTreeSet<(Instance<'_>, u32)> = report
            .attempts
            .iter()
            .filter(|attempt| attempt.is_task() && attempt.outcome == Outcome::Success)
            .filter_map(|attempt| Some((instance(&attempt.task)?, attempt.task.try_number?)))
            .collect();
        let mut totals = Self::default();
        for (at, attempt) in report.attempts.iter().enumerate() {
            let in_incident = report.incident_of(at).is_some();
            totals.from = totals.from.into_iter().chain(attempt.started).min();
            totals.to = totals.to.into_iter().chain(attempt.ended).max();
            if !attempt.is_task() {
                totals.other_logs_in_incidents += u64::from(in_incident && attempt.copy_of.is_none());
                continue;
            }
            totals.attempts += 1;
            totals.in_incidents += u64::from(in_incident);
            let failed = has_failed(attempt);
            totals.unassigned += u64::from(failed && !in_incident);
            if (failed || in_incident) && recovers(attempt, &succeeded) {
                totals.recovered += 1;
            }
            let slot = match attempt.outcome {
                Outcome::Failed => &mut totals.failed,
                Outcome::UpForRetry => &mut totals.up_for_retry,
                Outcome::Success => &mut totals.succeeded,
                Outcome::Skipped => &mut totals.skipped,
                Outcome::UpForReschedule | Outcome::Deferred | Outcome::Running => &mut totals.unfinished,
                Outcome::Unknown => &mut totals.unknown,
            };
            *slot += 1;
        }
        totals
    }
}

/// A task instance without its try.
type Instance<'a> = (&'a str, &'a str, &'a str, Option<i32>);

/// The instance, where enough of it is known to tell it from others.
fn instance(task: &TaskInstance) -> Option<Instance<'_>> {
    Some((task.dag_id.as_deref()?, task.run_id.as_deref()?, task.task_id.as_deref()?, task.map_index))
}

/// Whether a later try of the same task instance succeeded.
fn recovers(attempt: &Attempt, succeeded: &BTreeSet<(Instance<'_>, u32)>) -> bool {
    let (Some(instance), Some(number)) = (instance(&attempt.task), attempt.task.try_number) else { return false };
    succeeded.range((instance, number.saturating_add(1))..=(instance, u32::MAX)).next().is_some()
}

/// Whether the attempt is known to have failed, for now or for good.
pub(super) fn has_failed(attempt: &Attempt) -> bool {
    matches!(attempt.outcome, Outcome::Failed | Outcome::UpForRetry)
}

impl<'a> Report<'a> {
    /// The incident that an attempt of the table belongs to.
    pub(super) fn incident_of(&self, attempt: usize) -> Option<usize> {
        self.diagnosed.incident_of.get(attempt).copied().flatten()
    }

    /// The attempts that nothing is known of in the end, and those that failed and belong to no incident.
    pub(super) fn not_understood(&self) -> [Vec<&'a Attempt>; 2] {
        let tasks = || self.attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_task());
        let without_incident = |&(at, _): &(usize, &'a Attempt)| self.incident_of(at).is_none();
        let unknown = tasks().filter(|(_, attempt)| attempt.outcome == Outcome::Unknown).filter(without_incident);
        let unassigned = tasks().filter(|(_, attempt)| has_failed(attempt)).filter(without_incident);
        [unknown.map(|(_, attempt)| attempt).collect(), unassigned.map(|(_, attempt)| attempt).collect()]
    }

    /// The problems, the gravest kind first.
    pub(super) fn problems_by_kind(&self) -> BTreeMap<ProblemKind, Vec<&'a Problem>> {
        let mut groups: BTreeMap<ProblemKind, Vec<&'a Problem>> = BTreeMap::new();
        for problem in self.problems {
            groups.entry(problem.kind).or_default().push(problem);
        }
        groups
    }

    /// For each attempt of the table its index in the list that the JSON report gives; `None` for those left out.
    pub(super) fn listed(&self) -> Vec<Option<usize>> {
        let roots: BTreeSet<usize> = self.diagnosed.diagnoses.iter().filter_map(|diagnosis| diagnosis.incident.root).collect();
        let mut next = 0;
        let mut number = |listed: bool| {
            next += usize::from(listed);
            listed.then(|| next - 1)
        };
        let table = self.attempts.iter().enumerate();
        table.map(|(at, attempt)| number(self.lists(at, attempt) || (self.list == ListAttempts::Failed && roots.contains(&at)))).collect()
    }

    /// Whether the list has an attempt on its own account. A component's log did not succeed or fail: it counts by its incident.
    fn lists(&self, at: usize, attempt: &Attempt) -> bool {
        match self.list {
            // What a service printed of an attempt that has a log of its own is no further log.
            _ if attempt.in_stream && attempt.copy_of.is_some() => false,
            ListAttempts::All => true,
            ListAttempts::Failed => (attempt.is_task() && !attempt.is_healthy()) || self.incident_of(at).is_some(),
            ListAttempts::None => false,
        }
    }
}
