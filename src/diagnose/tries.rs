//! What was seen of other tries and later runs: the best witness of whether another try helps. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::attempt::{AttemptRef, Attempts, Failure};
use crate::correlate::{Incident, unrecognised_key};
use crate::record::Outcome;
use crate::rule::{RetryHelps, RuleSet};
use crate::time::{Span, Timestamp};

/// From so many failing tries on, a task that failed on all of them in the same way tells more than what is known of a cause in general:
/// two in a row happen to a fault that passes, too.
const TRIES_TELL_MIN: usize = 3;

/// Tries nearer together than this have not waited for anything: it is Airflow's own default of `retry_delay`, and most restarts and fail-overs take
/// less.
const OUTWAITED_MIN: Span = Span::seconds(300);

/// A task instance, its try left out: DAG, run, task, index.
type Instance<'a> = (&'a str, Option<&'a str>, &'a str, Option<i32>);

/// The attempt table by what later tries and runs are looked for.
#[derive(Debug, Default)]
pub(super) struct History<'a> {
    /// The tries of each task instance that failed once, in their order.
    tries: HashMap<Instance<'a>, Vec<usize>>,
    /// When a task that succeeded began last.
    task_succeeded: HashMap<(&'a str, &'a str), Timestamp>,
    /// When an attempt that used the endpoint and succeeded began last.
    endpoint_succeeded: HashMap<&'a str, Timestamp>,
}

impl<'a> History<'a> {
    /// Indexes a table.
    pub(super) fn of(attempts: &'a Attempts) -> Self {
        let mut history = Self::default();
        let tasks = || attempts.iter().filter(|attempt| attempt.is_task());
        for instance in tasks().filter(|attempt| attempt.outcome().is_failure()).filter_map(instance) {
            history.tries.entry(instance).or_default();
        }
        // By the numbers of names, which many attempts share.
        let (mut of_tasks, mut of_lists) = (HashMap::new(), HashMap::new());
        for attempt in tasks() {
            if let Some(rows) = instance(attempt).and_then(|instance| history.tries.get_mut(&instance)) {
                rows.push(attempt.row());
            }
            let Some(began) = attempt.started().filter(|_| attempt.outcome() == Outcome::Success) else { continue };
            let latest = |known: &mut Timestamp| *known = (*known).max(began);
            let numbers = attempt.numbers();
            if let Some(task) = numbers.dag.zip(numbers.task) {
                of_tasks.entry(task).and_modify(latest).or_insert(began);
            }
            match numbers.endpoints {
                Some(list) => {
                    of_lists.entry(list).and_modify(latest).or_insert(began);
                }
                None => attempt.endpoints().for_each(|endpoint| {
                    history.endpoint_succeeded.entry(endpoint).and_modify(latest).or_insert(began);
                }),
            }
        }
        history.task_succeeded =
            of_tasks.into_iter().map(|((dag, task), began)| ((attempts.text(dag), attempts.text(task)), began)).collect();
        for (endpoint, began) in of_lists.into_iter().flat_map(|(list, began)| attempts.list(Some(list)).map(move |name| (name, began))) {
            history.endpoint_succeeded.entry(endpoint).and_modify(|known| *known = (*known).max(began)).or_insert(began);
        }
        history.tries.values_mut().for_each(|rows| rows.sort_by_key(|row| (attempts.at(*row).try_number(), *row)));
        history
    }

    /// How many of an incident's tasks succeeded in an attempt that began after its last failure, and how many tasks it has.
    pub(super) fn tasks_since(&self, incident: &Incident, attempts: &Attempts) -> (usize, usize) {
        let tasks: BTreeSet<(&str, &str)> =
            incident.attempts.iter().filter_map(|row| instance(attempts.at(*row))).map(|(dag, _, task, _)| (dag, task)).collect();
        let since =
            |task: &&(&str, &str)| incident.last_seen.is_some_and(|last| self.task_succeeded.get(*task).is_some_and(|began| *began > last));
        (tasks.iter().filter(since).count(), tasks.len())
    }

    /// Whether an attempt that used the endpoint began after the incident's last failure, and succeeded.
    pub(super) fn endpoint_since(&self, incident: &Incident, endpoint: &str) -> bool {
        incident.last_seen.is_some_and(|last| self.endpoint_succeeded.get(endpoint).is_some_and(|began| *began > last))
    }

    /// What the tries of an incident's task instances did.
    pub(super) fn tries(&self, incident: &Incident, attempts: &Attempts, rules: &RuleSet) -> Tries {
        let instances: BTreeSet<Instance<'_>> = incident.attempts.iter().filter_map(|row| instance(attempts.at(*row))).collect();
        let mut seen = Tries { instances: instances.len(), ..Tries::default() };
        for rows in instances.iter().filter_map(|instance| self.tries.get(instance)) {
            let rows = || rows.iter().map(|row| attempts.at(*row));
            let failed: Vec<AttemptRef<'_>> = rows().filter(|attempt| attempt.outcome().is_failure()).collect();
            let success = rows().rfind(|attempt| attempt.outcome() == Outcome::Success);
            let time = |attempt: AttemptRef<'_>| attempt.failure().and_then(|failure| failure.time).or(attempt.ended());
            let (Some(&first), Some(&last)) = (failed.first(), failed.last()) else { continue };
            if let Some(success) = success.filter(|success| success.try_number() > last.try_number()) {
                seen.recovered += 1;
                let waited = success.started().zip(time(last)).map(|(began, failed)| began - failed);
                seen.waited = seen.waited.max(waited);
            } else if failed.len() >= 2 {
                if failed.iter().all(|attempt| looks_alike(*attempt, first, rules)) {
                    seen.exhausted += 1;
                    seen.least = if seen.exhausted == 1 { failed.len() } else { seen.least.min(failed.len()) };
                    let apart = time(last).zip(time(first)).map_or(Span::seconds(0), |(last, first)| last - first);
                    seen.apart = seen.apart.max(Some(apart));
                } else {
                    seen.changed += 1;
                }
            }
        }
        seen
    }
}

fn instance(attempt: AttemptRef<'_>) -> Option<Instance<'_>> {
    Some((attempt.dag_id()?, attempt.run_id(), attempt.task_id()?, attempt.map_index()))
}

/// Whether two attempts failed in the same way.
fn looks_alike(one: AttemptRef<'_>, other: AttemptRef<'_>, rules: &RuleSet) -> bool {
    let look = |failure: &Failure| match failure.symptom.and_then(|symptom| rules.symptoms.get(symptom)) {
        Some(symptom) => symptom.family.clone(),
        None => unrecognised_key(failure),
    };
    one.failure().map(look) == other.failure().map(look)
}

/// What the tries of an incident's task instances did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tries {
    /// Task instances of the incident.
    pub(super) instances: usize,
    /// Of which a later try succeeded.
    pub(super) recovered: usize,
    /// Of which at least two tries failed, all in the same way, and none after them succeeded.
    pub(super) exhausted: usize,
    /// Of which several tries failed, not all in the same way.
    pub(super) changed: usize,
    /// The fewest failing tries that one of the exhausted had.
    pub(super) least: usize,
    /// From the first to the last failure of an exhausted one, the longest.
    pub(super) apart: Option<Span>,
    /// From the last failure to the begin of the try that succeeded, the longest.
    pub(super) waited: Option<Span>,
}

/// What a verdict on another try rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The tries that were read.
    Tries,
    /// What is known of the causes.
    Cause,
}

impl Basis {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tries => "tries",
            Self::Cause => "cause",
        }
    }
}

/// Whether another try helps, on what that rests, and the sentence that says so: empty where no try tells anything. `known` is what is known of the
/// causes in general, `later` how many of the incident's tasks succeeded in a run after its last failure.
pub(super) fn helps(tries: &Tries, known: RetryHelps, later: usize) -> (RetryHelps, Basis, String) {
    let Tries { instances, recovered, exhausted, changed, least, .. } = *tries;
    let of = |n: usize| if instances == 1 { "The task instance".to_owned() } else { format!("{n} of {instances} task instances") };
    if instances == 0 {
        return (known, Basis::Cause, String::new());
    }
    if recovered > 0 && exhausted + changed == 0 {
        let but = if known == RetryHelps::Permanent { ", though such a fault is known to stay until it is mended" } else { "" };
        return (RetryHelps::Transient, Basis::Tries, format!("{} succeeded on a later try{but}.", of(recovered)));
    }
    if recovered > 0 {
        let failed = exhausted + changed;
        let says = format!("Of {instances} task instances {recovered} succeeded on a later try, {failed} failed on every try.");
        let passes = recovered >= failed || known == RetryHelps::Transient || later > 0;
        let helps = if passes { RetryHelps::Transient } else { RetryHelps::Unknown };
        return (helps, Basis::Tries, says);
    }
    if exhausted == instances {
        let every = if least == 2 { "both tries".to_owned() } else { format!("all {least} tries") };
        let every = if instances == 1 { every } else { format!("{every} or more") };
        let who = if instances == 1 { "The task instance".to_owned() } else { format!("All {instances} task instances") };
        let failed = format!("{who} failed on {every} in the same way");
        return not_once(known, &failed, tries, later);
    }
    let by_cause = |why: &str| match known {
        RetryHelps::Unknown => format!("Nobody can tell: {why}."),
        _ => format!("Judged by the cause alone: {why}."),
    };
    let says = match (exhausted, changed) {
        (0, 0) if instances == 1 => by_cause("only one try was seen"),
        (0, 0) => by_cause("of each task instance only one try was seen"),
        (0, changed) => format!("{} failed on several tries, not always in the same way.", of(changed)),
        (exhausted, _) => format!("{} failed on every one of several tries.", of(exhausted)),
    };
    (known, Basis::Cause, says)
}

/// The verdict where every task instance failed on every try: `failed` says so.
fn not_once(known: RetryHelps, failed: &str, tries: &Tries, later: usize) -> (RetryHelps, Basis, String) {
    let apart = tries.apart.unwrap_or(Span::seconds(0));
    if later > 0 {
        let helps = if known == RetryHelps::Permanent { RetryHelps::Unknown } else { known };
        return (helps, Basis::Tries, format!("{failed}, but the same task succeeded in a later run."));
    }
    let outwaited = apart >= OUTWAITED_MIN;
    let enough = tries.least >= TRIES_TELL_MIN;
    match (known, enough, outwaited) {
        (RetryHelps::Permanent, ..) | (RetryHelps::Unknown, true, _) | (RetryHelps::Unknown, _, true) => {
            (RetryHelps::Permanent, Basis::Tries, format!("{failed}, so another try without a change will fail too."))
        }
        (RetryHelps::Transient, true, true) => {
            let says = format!("{failed} over {apart}, though such a fault usually passes: another try without a change will fail too.");
            (RetryHelps::Permanent, Basis::Tries, says)
        }
        (RetryHelps::Transient, false, true) => {
            (RetryHelps::Unknown, Basis::Tries, format!("{failed} over {apart}, though such a fault usually passes."))
        }
        // Tries that did not wait for anything say nothing against what is known.
        (_, _, false) => (known, Basis::Cause, format!("{failed}, but within {apart}: wait longer before the next.")),
    }
}

#[cfg(test)]
#[path = "tries_tests.rs"]
mod tests;
