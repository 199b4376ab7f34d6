//! The counts of a report, and what in it was not understood. Counting only; the words stand in `words`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::attempt::AttemptRef;
use crate::error::{Problem, ProblemKind};
use crate::record::Outcome;
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
        // Of those that may have recovered; most never failed.
        let may_recover =
            |attempt: &AttemptRef<'_>| attempt.is_task() && (has_failed(*attempt) || report.incident_of(attempt.row()).is_some());
        let asked: HashSet<Instance<'_>> = report.attempts.iter().filter(may_recover).filter_map(instance).collect();
        let succeeded: BTreeSet<(Instance<'_>, u32)> = report
            .attempts
            .iter()
            .filter(|attempt| attempt.is_task() && attempt.outcome() == Outcome::Success)
            .filter_map(|attempt| Some((instance(attempt)?, attempt.try_number()?)))
            .filter(|(instance, _)| asked.contains(instance))
            .collect();
        let mut totals = Self::default();
        for attempt in report.attempts.iter() {
            let in_incident = report.incident_of(attempt.row()).is_some();
            totals.from = totals.from.into_iter().chain(attempt.started()).min();
            totals.to = totals.to.into_iter().chain(attempt.ended()).max();
            if !attempt.is_task() {
                totals.other_logs_in_incidents += u64::from(in_incident && attempt.copy_of().is_none());
                continue;
            }
            totals.attempts += 1;
            totals.in_incidents += u64::from(in_incident);
            let failed = has_failed(attempt);
            totals.unassigned += u64::from(failed && !in_incident && !report.is_ignored(attempt.row()));
            if (failed || in_incident) && recovers(attempt, &succeeded) {
                totals.recovered += 1;
            }
            let slot = match attempt.outcome() {
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
fn instance(attempt: AttemptRef<'_>) -> Option<Instance<'_>> {
    Some((attempt.dag_id()?, attempt.run_id()?, attempt.task_id()?, attempt.map_index()))
}

/// Whether a later try of the same task instance succeeded.
fn recovers(attempt: AttemptRef<'_>, succeeded: &BTreeSet<(Instance<'_>, u32)>) -> bool {
    let (Some(instance), Some(number)) = (instance(attempt), attempt.try_number()) else { return false };
    succeeded.range((instance, number.saturating_add(1))..=(instance, u32::MAX)).next().is_some()
}

/// Whether the attempt is known to have failed, for now or for good.
pub(super) fn has_failed(attempt: AttemptRef<'_>) -> bool {
    matches!(attempt.outcome(), Outcome::Failed | Outcome::UpForRetry)
}

impl<'a> Report<'a> {
    /// The incident that an attempt of the table belongs to.
    pub(super) fn incident_of(&self, attempt: usize) -> Option<usize> {
        self.diagnosed.incident_of.get(&attempt).copied()
    }

    /// Whether an attempt of the table belongs to an incident that is ignored.
    pub(super) fn is_ignored(&self, attempt: usize) -> bool {
        self.known.ignored_of.contains_key(&attempt)
    }

    /// The attempts that nothing is known of in the end, and those that failed and belong to no incident.
    pub(super) fn not_understood(&self) -> [Vec<AttemptRef<'a>>; 2] {
        let tasks = || self.attempts.iter().filter(|attempt| attempt.is_task());
        let without_incident = |attempt: &AttemptRef<'a>| self.incident_of(attempt.row()).is_none() && !self.is_ignored(attempt.row());
        let unknown = tasks().filter(|attempt| attempt.outcome() == Outcome::Unknown).filter(without_incident);
        let unassigned = tasks().filter(|attempt| has_failed(*attempt)).filter(without_incident);
        [unknown.collect(), unassigned.collect()]
    }

    /// The problems, the gravest kind first.
    pub(super) fn problems_by_kind(&self) -> BTreeMap<ProblemKind, Vec<&'a Problem>> {
        let mut groups: BTreeMap<ProblemKind, Vec<&'a Problem>> = BTreeMap::new();
        for problem in self.problems {
            groups.entry(problem.kind).or_default().push(problem);
        }
        groups
    }

    /// The rows of the attempts that the JSON report lists, in their order.
    pub(super) fn listed(&self) -> Vec<u32> {
        let roots: BTreeSet<usize> = self.diagnosed.diagnoses.iter().filter_map(|diagnosis| diagnosis.incident.root).collect();
        let is_listed =
            |attempt: &AttemptRef<'a>| self.lists(*attempt) || (self.list == ListAttempts::Failed && roots.contains(&attempt.row()));
        self.attempts.iter().filter(is_listed).map(|attempt| attempt.row() as u32).collect()
    }

    /// Whether the list has an attempt on its own account. A component's log did not succeed or fail: it counts by its incident.
    fn lists(&self, attempt: AttemptRef<'_>) -> bool {
        match self.list {
            // What a service printed of an attempt that has a log of its own is no further log.
            _ if attempt.in_stream() && attempt.copy_of().is_some() => false,
            ListAttempts::All => true,
            ListAttempts::Failed => {
                (attempt.is_task() && !attempt.is_healthy()) || self.incident_of(attempt.row()).is_some() || self.is_ignored(attempt.row())
            }
            ListAttempts::None => false,
        }
    }
}
