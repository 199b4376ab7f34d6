//! Which failures belong together: the tries of one task, an outage of one endpoint, a host that lost its network, a kill and the
//! connections it broke. Failures are joined pairwise and transitively; one outage over many tasks and tries is one incident.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::{Attempt, Failure};
use crate::record::Phase;
use crate::rule::RuleSet;
use crate::scan::Ending;
use crate::time::{Span, Timestamp};

use super::{Incident, Scope, patterns, statistics};

/// Failures of one endpoint that are further apart are two outages. Five minutes: longer than Airflow's default retry delay, so that
/// the retries of an outage stay with it.
const GAP: Span = Span::seconds(330);

/// What fails in the same way in one run within this time fails together: one event cuts connections off within milliseconds.
const MOMENT: Span = Span::seconds(1);

/// How long after a kill its peers' connections break: they notice with their next read, write or attempt to connect.
const AFTER_KILL: Span = Span::seconds(30);

/// How long before the line that tells of a kill its peers may already have noticed: the supervisor polls every few seconds.
const BEFORE_KILL: Span = Span::seconds(10);

/// How many endpoints (or, where none are known, tasks) make a host's trouble the host's own.
const HOST_ENDPOINTS_MIN: usize = 3;

/// How unlikely it must be that a host's failures are chance.
const HOST_P_MAX: f64 = 0.05;

/// Failures of one host that are further apart are two troubles. Two minutes: what a host cannot reach fails within its timeouts.
const HOST_GAP: Span = Span::seconds(120);

/// How long before and after a host's failures other attempts are compared with them.
const HOST_AROUND: Span = Span::seconds(60);

/// Groups up to this size at different times are one recurring incident if they look the same.
const CHRONIC_MAX: usize = 3;

/// Groups the failures of an attempt table. Worst-first order is not made here.
#[must_use]
pub fn group(attempts: &[Attempt], rules: &RuleSet) -> Vec<Incident> {
    let failures: Vec<Item<'_>> = attempts.iter().enumerate().filter_map(|(row, attempt)| Item::new(row, attempt, rules)).collect();
    let mut sets = Sets::new(failures.len());
    join_keys(&failures, &mut sets);
    join_unplaced(&failures, &mut sets);
    join_host_trouble(&failures, attempts, &mut sets);
    join_chronic(&failures, &mut sets);
    let provoked = provoked(&failures, rules);
    let roots: BTreeSet<usize> = provoked.values().copied().collect();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for item in 0..failures.len() {
        let place = provoked.get(&item).copied().unwrap_or(item);
        groups.entry(sets.find(place)).or_default().push(item);
    }
    let index = patterns::Table::of(attempts);
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
struct Item<'a> {
    row: usize,
    attempt: &'a Attempt,
    failure: &'a Failure,
    family: String,
    transport: Transport,
    /// Whether the worker host is what it is about.
    of_host: bool,
    time: Option<Timestamp>,
}

/// How a failure depends on time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
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
    fn task(&self) -> Option<String> {
        self.attempt.task.dag_id.as_ref().zip(self.attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}"))
    }

    /// Whether the other side was reached at all: it refused, answered with a status, or closed what it had accepted.
    fn was_answered(&self) -> bool {
        let answered = [Some(Phase::Write), Some(Phase::Body)].contains(&self.failure.phase);
        answered || self.failure.facts.status.is_some() || ANSWERED_FAMILIES.contains(&self.family.as_str())
    }

    /// The run it belongs to.
    fn run(&self) -> Option<(&str, &str)> {
        self.attempt.task.dag_id.as_deref().zip(self.attempt.task.run_id.as_deref())
    }

    /// Whether it provokes another failure in its neighbours: its process was killed, the likeliest cause of what it shows is the platform's (a process killed for
    /// memory, a host lost), so that it reaches beyond its own call, and is known to produce what the other shows.
    fn provokes(&self, other: &Self, rules: &RuleSet) -> bool {
        let likeliest = self.failure.symptom.and_then(|symptom| rules.symptoms[symptom].causes.first()).map(|cause| &rules.causes[*cause]);
        let shown = other.failure.symptom;
        self.attempt.ending == Ending::Killed
            && self.transport == Transport::Standing
            && other.transport == Transport::Passing
            && likeliest.is_some_and(|cause| cause.layer == PLATFORM && shown.is_some_and(|symptom| cause.produces.contains(&symptom)))
    }
}

/// The layer of causes that strike whole processes and hosts.
const PLATFORM: &str = "platform";

/// Families of symptoms in which the other side, or something on its behalf, sent an answer: the host's own network was there.
const ANSWERED_FAMILIES: [&str; 3] = ["connection-refused", "remote-close", "truncated-response"];

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
        let place = item.failure.endpoint.clone();
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
    named.or_else(|| item.task()).unwrap_or_else(|| item.attempt.path.clone())
}

/// Joins a failure whose endpoint is not known to what failed in the same way in the same run at the same moment.
fn join_unplaced(failures: &[Item<'_>], sets: &mut Sets) {
    let mut runs: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing) {
        if let (Some(dag), Some(run)) = (&item.attempt.task.dag_id, &item.attempt.task.run_id) {
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

/// Joins the failures of a host that fails against many endpoints while other hosts do not.
fn join_host_trouble(failures: &[Item<'_>], attempts: &[Attempt], sets: &mut Sets) {
    let mut hosts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in
        failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing && item.time.is_some() && !item.was_answered())
    {
        if let Some(host) = &item.attempt.host {
            hosts.entry(host).or_default().push(at);
        }
    }
    for (host, mut items) in hosts {
        // What fails from other hosts too is the endpoint's trouble, not this host's.
        items.retain(|item| {
            let item = &failures[*item];
            !failures.iter().any(|other| {
                let same_place = item.failure.endpoint.is_some() && other.failure.endpoint == item.failure.endpoint;
                let near = matches!((item.time, other.time), (Some(a), Some(b)) if a <= b + GAP && b <= a + GAP);
                same_place && near && other.attempt.host.as_deref() != Some(host)
            })
        });
        items.sort_by_key(|item| (failures[*item].time, failures[*item].row));
        let together =
            |a: &usize, b: &usize| matches!((failures[*a].time, failures[*b].time), (Some(early), Some(late)) if late - early <= HOST_GAP);
        for burst in items.chunk_by(together) {
            let places: BTreeSet<String> =
                burst.iter().filter_map(|item| failures[*item].failure.endpoint.clone().or_else(|| failures[*item].task())).collect();
            let span = failures[burst[0]].time.zip(burst.last().and_then(|last| failures[*last].time));
            let Some((from, to)) = span.filter(|_| places.len() >= HOST_ENDPOINTS_MIN) else { continue };
            // Everything that ended in that time, here and elsewhere.
            let during = |attempt: &&Attempt| {
                attempt.is_task() && attempt.ended.is_some_and(|end| end + HOST_AROUND >= from && end <= to + HOST_AROUND)
            };
            let failed = |attempt: &Attempt| attempt.failure.is_some();
            let (mut bad_in, mut good_in, mut bad_out, mut good_out) = (0, 0, 0, 0);
            for attempt in attempts.iter().filter(during) {
                match (attempt.host.as_deref() == Some(host), failed(attempt)) {
                    (true, true) => bad_in += 1,
                    (true, false) => good_in += 1,
                    (false, true) => bad_out += 1,
                    (false, false) => good_out += 1,
                }
            }
            if bad_in > good_in && statistics::fisher(bad_in, good_in, bad_out, good_out) <= HOST_P_MAX {
                burst.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
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

/// The failures that a failure (a process killed for memory, say) provoked in its own run: each with what provoked it. Only they follow
/// it, not all that they would otherwise be grouped with.
fn provoked(failures: &[Item<'_>], rules: &RuleSet) -> BTreeMap<usize, usize> {
    let mut runs: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        if let Some(run) = item.run() {
            runs.entry(run).or_default().push(at);
        }
    }
    let mut provoked = BTreeMap::new();
    for items in runs.values() {
        for root in items {
            for other in items {
                let (cause, effect) = (&failures[*root], &failures[*other]);
                let near = matches!((cause.time, effect.time), (Some(from), Some(seen)) if seen + BEFORE_KILL >= from && seen <= from + AFTER_KILL);
                if near && cause.provokes(effect, rules) {
                    provoked.entry(*other).or_insert(*root);
                }
            }
        }
    }
    provoked
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
        scope.hosts.extend(item.attempt.host.clone());
        scope.endpoints.extend(item.failure.endpoint.clone());
        scope.dags.extend(item.attempt.task.dag_id.clone());
        scope.tasks.extend(item.task());
        scope.operators.extend(item.attempt.operator.clone());
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

/// Disjoint sets.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn find(&mut self, mut item: usize) -> usize {
        while self.0[item] != item {
            self.0[item] = self.0[self.0[item]];
            item = self.0[item];
        }
        item
    }

    /// The smaller index stands for the set, so that the result does not depend on the order of joining.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
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
