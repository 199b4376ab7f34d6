//! Which failures belong together: the tries of one task, an outage of one endpoint, a host that lost its network, a kill and the
//! connections it broke. Failures are joined pairwise and transitively; one outage over many tasks and tries is one incident.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::{Attempt, Failure};
use crate::record::Phase;
use crate::rule::RuleSet;
use crate::time::{Span, Timestamp};

use super::sets::Sets;
use super::table::Table;
use super::{Incident, Scope, consequence, host, patterns};

/// Failures of one endpoint that are further apart are two outages. Five minutes: longer than Airflow's default retry delay, so that
/// the retries of an outage stay with it.
pub(super) const GAP: Span = Span::seconds(330);

/// What fails in the same way in one run within this time fails together: one event cuts connections off within milliseconds.
const MOMENT: Span = Span::seconds(1);

/// Groups up to this size at different times are one recurring incident if they look the same.
const CHRONIC_MAX: usize = 3;

/// Groups the failures of an attempt table. Worst-first order is not made here.
#[must_use]
pub fn group(attempts: &[Attempt], rules: &RuleSet) -> Vec<Incident> {
    let failures: Vec<Item<'_>> = attempts.iter().enumerate().filter_map(|(row, attempt)| Item::new(row, attempt, rules)).collect();
    let mut sets = Sets::new(failures.len());
    join_keys(&failures, &mut sets);
    join_unplaced(&failures, &mut sets);
    host::join(&failures, attempts, &mut sets);
    join_chronic(&failures, &mut sets);
    let provoked = consequence::provoked(&failures, rules);
    let roots: BTreeSet<usize> = provoked.values().copied().collect();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for item in 0..failures.len() {
        let place = provoked.get(&item).copied().unwrap_or(item);
        groups.entry(sets.find(place)).or_default().push(item);
    }
    let index = Table::of(attempts);
    groups
        .into_values()
        .map(|items| {
            let root = items.iter().find(|item| roots.contains(item)).map(|item| failures[*item].row);
            let members: Vec<&Item<'_>> = items.iter().map(|item| &failures[*item]).collect();
            let mut incident = incident(&members, root);
            incident.patterns = patterns::find(&incident, attempts, &index);
            incident
        })
        .collect()
}

/// A failure with what it is grouped by.
pub(super) struct Item<'a> {
    pub(super) row: usize,
    pub(super) attempt: &'a Attempt,
    pub(super) failure: &'a Failure,
    pub(super) family: String,
    pub(super) transport: Transport,
    /// Whether the worker host is what it is about.
    of_host: bool,
    pub(super) time: Option<Timestamp>,
}

/// How a failure depends on time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Closes, resets, timeouts, refusals, 5xx: the parts of one outage may look like any of them, and an outage has an end.
    Passing,
    /// Certificates, credentials, bad requests, code: the same until somebody mends it.
    Standing,
}

impl<'a> Item<'a> {
    fn new(row: usize, attempt: &'a Attempt, rules: &RuleSet) -> Option<Self> {
        let failure = attempt.failure.as_ref()?;
        let symptom = failure.symptom.map(|symptom| &rules.symptoms[symptom]);
        let busy = failure.facts.status.is_some_and(|status| status >= 500 || status == 429 || status == 408);
        let passing = symptom.is_some_and(|symptom| matches!(symptom.category.as_str(), "network" | "timeout" | "dns")) || busy;
        let family = symptom.map_or_else(|| unrecognised_key(failure), |symptom| symptom.family.clone());
        let transport = if passing { Transport::Passing } else { Transport::Standing };
        let of_host = symptom.is_some_and(|symptom| symptom.category == "resource");
        Some(Self { row, attempt, failure, family, transport, of_host, time: failure.time })
    }

    /// `dag.task`.
    pub(super) fn task(&self) -> Option<String> {
        self.attempt.task.dag_id.as_ref().zip(self.attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}"))
    }
}

/// What an unrecognised failure is grouped by: exception, message with its variable parts masked, and the task's own frames.
pub(crate) fn unrecognised_key(failure: &Failure) -> String {
    match failure.chain.last() {
        Some(raised) => format!("{}: {} at {}", raised.class, masked(&raised.message), failure.frames.join(" > ")),
        None => masked(&failure.excerpt),
    }
}

/// The first line of a message with numbers, hexadecimal ids, quoted values and paths replaced.
#[must_use]
pub(crate) fn masked(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut out = String::new();
    let mut quote = None;
    for word in line.split_inclusive(|c: char| c.is_whitespace() || "'\"".contains(c)) {
        let end = word.chars().last().filter(|c| "'\"".contains(*c));
        let body = word.trim_end_matches(|c: char| c.is_whitespace() || "'\"".contains(c));
        let variable = quote.is_some() || body.contains('/') || body.chars().any(|c| c.is_ascii_digit());
        out.push_str(if variable && !body.is_empty() { "*" } else { body });
        out.push_str(&word[body.len()..]);
        quote = match (quote, end) {
            (None, Some(c)) => Some(c),
            (Some(open), Some(c)) if open == c => None,
            (open, _) => open,
        };
    }
    out.chars().take(160).collect()
}

/// Joins what shares a key, as far as the times are near enough.
fn join_keys(failures: &[Item<'_>], sets: &mut Sets) {
    let mut keys: BTreeMap<(u8, String), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        let mut add = |kind: u8, key: String| keys.entry((kind, key)).or_default().push(at);
        // Who could not even resolve the name has not met the endpoint: its outage is none of the resolver's.
        let resolving = item.failure.call.phase == Some(Phase::Resolve);
        let place = item.failure.endpoint.as_ref().map(|endpoint| if resolving { format!("name of {endpoint}") } else { endpoint.clone() });
        let instance = item.task().map(|task| format!("{task} {:?} {:?}", item.attempt.task.run_id, item.attempt.task.map_index));
        match (item.transport, &place) {
            // One outage of an endpoint shows many faces.
            (Transport::Passing, Some(endpoint)) => add(TIMED, endpoint.clone()),
            // Without an endpoint only the same call in the code is a fair guess.
            (Transport::Passing, None) => {
                add(TIMED, format!("{} {}", item.family, item.failure.frames.last().cloned().or_else(|| item.task()).unwrap_or_default()));
            }
            (Transport::Standing, Some(endpoint)) => add(STANDING, format!("{} {endpoint}", item.family)),
            (Transport::Standing, None) => add(STANDING, format!("{} {}", item.family, standing_place(item))),
        }
        // A full disk, a process limit, a kill: what a host runs out of strikes its tasks together.
        if let Some(host) = item.attempt.host.as_ref().filter(|_| item.of_host) {
            add(TIMED, format!("{} on {host}", item.family));
        }
        if let Some(instance) = &instance
            && item.transport == Transport::Passing
        {
            add(TIMED, instance.clone());
        }
        if let Some(instance) = instance {
            add(STANDING, format!("{} {instance}", item.family));
        }
    }
    for ((kind, _), mut items) in keys {
        items.sort_by_key(|item| (failures[*item].time, failures[*item].row));
        for pair in items.windows(2) {
            let near = match (failures[pair[0]].time, failures[pair[1]].time) {
                (Some(early), Some(late)) => late - early <= GAP,
                _ => false,
            };
            if kind == STANDING || near {
                sets.join(pair[0], pair[1]);
            }
        }
    }
}

const TIMED: u8 = 0;
const STANDING: u8 = 1;

/// Where a standing failure without endpoint is: at what the message names, else in the task's own code, else in the task.
fn standing_place(item: &Item<'_>) -> String {
    let facts = &item.failure.facts;
    let named = facts.conn_id.clone().or_else(|| facts.name.clone()).or_else(|| facts.path.clone());
    named.or_else(|| item.task()).unwrap_or_else(|| item.attempt.path.to_string())
}

/// Joins a failure whose endpoint is not known to what failed in the same way in the same run at the same moment.
fn join_unplaced(failures: &[Item<'_>], sets: &mut Sets) {
    let mut runs: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing) {
        if let Some((dag, run)) = item.attempt.run() {
            runs.entry((dag, run, &item.family)).or_default().push(at);
        }
    }
    for mut items in runs.into_values() {
        items.sort_by_key(|item| (failures[*item].time, failures[*item].row));
        for pair in items.windows(2) {
            let (early, late) = (&failures[pair[0]], &failures[pair[1]]);
            let unplaced = early.failure.endpoint.is_none() || late.failure.endpoint.is_none();
            if unplaced && matches!((early.time, late.time), (Some(from), Some(to)) if to - from <= MOMENT) {
                sets.join(pair[0], pair[1]);
            }
        }
    }
}

/// Joins small groups that look the same at different times: a fault that comes back is one incident, however long the pause.
fn join_chronic(failures: &[Item<'_>], sets: &mut Sets) {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for item in 0..failures.len() {
        *sizes.entry(sets.find(item)).or_default() += 1;
    }
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        if sizes.get(&sets.find(at)).is_none_or(|size| *size > CHRONIC_MAX) {
            continue;
        }
        let place = item.failure.endpoint.clone().or_else(|| item.task());
        if let Some(place) = place {
            match first.entry(format!("{} {place}", item.family)) {
                std::collections::btree_map::Entry::Occupied(known) => sets.join(*known.get(), at),
                std::collections::btree_map::Entry::Vacant(slot) => {
                    slot.insert(at);
                }
            }
        }
    }
}

/// Puts an incident together from its failures.
fn incident(members: &[&Item<'_>], root: Option<usize>) -> Incident {
    let mut rows: Vec<usize> = members.iter().map(|item| item.row).collect();
    rows.sort_unstable();
    let mut votes: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for item in members {
        *votes.entry(item.failure.symptom).or_default() += 1;
    }
    let of_root = root.and_then(|row| members.iter().find(|item| item.row == row)).and_then(|item| item.failure.symptom);
    let most = votes
        .iter()
        .max_by_key(|(symptom, count)| (symptom.is_some(), **count, std::cmp::Reverse(**symptom)))
        .and_then(|(symptom, _)| *symptom);
    let times = || members.iter().filter_map(|item| item.time);
    let mut scope = Scope::default();
    for item in members {
        scope.hosts.extend(item.attempt.host.as_deref().map(str::to_owned));
        scope.endpoints.extend(item.failure.endpoint.clone());
        scope.dags.extend(item.attempt.task.dag_id.as_deref().map(str::to_owned));
        scope.tasks.extend(item.task());
        scope.operators.extend(item.attempt.operator.as_deref().map(str::to_owned));
    }
    for values in [&mut scope.hosts, &mut scope.endpoints, &mut scope.dags, &mut scope.tasks, &mut scope.operators] {
        values.sort();
        values.dedup();
    }
    Incident {
        attempts: rows,
        symptom: of_root.or(most),
        first_seen: times().min(),
        last_seen: times().max(),
        scope,
        patterns: Vec::new(),
        root,
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn variable_parts_are_masked() {
        assert_eq!(masked("no row for order 12345 in /data/2026/x.csv"), "no row for order * in *");
        assert_eq!(masked("column 'amount' is missing"), "column '*' is missing");
        assert_eq!(masked("plain words\nsecond line"), "plain words");
    }
}
