//! Failures that share what they are about: an endpoint, a host, a task instance, a line of code.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::Phase;
use crate::time::Span;

use super::GAP;
use super::item::{Item, Reach, Transport};
use super::sets::Sets;

/// What fails in the same way in one run within this time fails together: one event cuts connections off within milliseconds.
const MOMENT: Span = Span::seconds(1);

/// What strikes a host's tasks in different ways within this time strikes them together: a kill takes seconds to be noticed.
const CLOSE: Span = Span::seconds(60);

/// Whether failures that share a key must also be near each other in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Within [`CLOSE`].
    Close,
    /// Within [`GAP`].
    Timed,
    /// At any time.
    Standing,
}

type Keys = BTreeMap<(Kind, String), Vec<usize>>;

/// Joins what shares a key, as far as the times are near enough: first by what failures are surely about, then by what they are probably about. A guess may give a
/// failure without an endpoint its place, but never bring two endpoints together.
///
/// `lost` are those that belong together already, because their host reached nothing; they are about no endpoint.
pub(super) fn join(failures: &[Item<'_>], lost: &[Vec<usize>], sets: &mut Sets) {
    lost.iter().flat_map(|burst| burst.windows(2)).for_each(|pair| sets.join(pair[0], pair[1]));
    let lost: BTreeSet<usize> = lost.iter().flatten().copied().collect();
    let (mut sure, mut guessed) = (Keys::new(), Keys::new());
    for (at, item) in failures.iter().enumerate().filter(|(at, _)| !lost.contains(at)) {
        sure_keys(item).into_iter().for_each(|key| sure.entry(key).or_default().push(at));
        guessed_keys(item).into_iter().for_each(|key| guessed.entry(key).or_default().push(at));
    }
    for pair in pairs(sure, failures) {
        sets.join(pair[0], pair[1]);
    }
    let mut places = Places::of(failures, sets);
    for pair in moments(failures, &lost).into_iter().chain(pairs(guessed, failures)) {
        places.join(pair[0], pair[1], sets);
    }
}

/// The pairs of failures that follow each other under one key, near enough where that matters.
fn pairs(keys: Keys, failures: &[Item<'_>]) -> Vec<[usize; 2]> {
    let mut pairs = Vec::new();
    for ((kind, _), mut items) in keys {
        items.sort_by_key(|item| (failures[*item].time, failures[*item].name()));
        let within = match kind {
            Kind::Close => Some(CLOSE),
            Kind::Timed => Some(GAP),
            Kind::Standing => None,
        };
        let near = |early: usize, late: usize| match (within, failures[early].time, failures[late].time) {
            (None, ..) => true,
            (Some(within), Some(early), Some(late)) => late - early <= within,
            _ => false,
        };
        let following = items.windows(2).map(|pair| [pair[0], pair[1]]);
        pairs.extend(following.filter(|[early, late]| near(*early, *late)));
    }
    pairs
}

/// What a failure is surely about.
fn sure_keys(item: &Item<'_>) -> Vec<(Kind, String)> {
    let family = &item.family;
    // Who could not even resolve the name has not met the endpoint: its outage is none of the resolver's.
    let resolving = item.failure.call.phase == Some(Phase::Resolve);
    let place =
        item.failure.endpoint.as_deref().map(|endpoint| if resolving { format!("name of {endpoint}") } else { endpoint.to_owned() });
    let mut keys = Vec::new();
    match (item.transport, place) {
        // One outage of an endpoint shows many faces.
        (Transport::Passing, Some(place)) => keys.push((Kind::Timed, place)),
        (Transport::Passing, None) => {}
        (Transport::Standing, Some(place)) => keys.push((Kind::Standing, format!("{family} {place}"))),
        (Transport::Standing, None) => keys.push((Kind::Standing, format!("{family} {}", standing_place(item)))),
    }
    // A full disk, a process limit, a kill: what a host runs out of strikes its tasks together.
    if let (Some(host), Reach::Host) = (item.attempt.host.as_deref(), item.reach) {
        // A kill shows as a signal, as a log that stops or as a heartbeat that is missed: what they have in common is the likeliest cause.
        keys.push((Kind::Timed, format!("{family} on {host}")));
        keys.extend(item.likeliest.map(|cause| (Kind::Close, format!("cause {cause} on {host}"))));
    }
    if item.transport == Transport::Standing {
        keys.extend(instance(item).map(|instance| (Kind::Standing, format!("{family} {instance}"))));
    }
    keys
}

/// What a passing failure is probably about: what other tries of its instance met, and, without an endpoint, what the same call in the code met.
fn guessed_keys(item: &Item<'_>) -> Vec<(Kind, String)> {
    if item.transport == Transport::Standing {
        return Vec::new();
    }
    let family = &item.family;
    let mut keys = Vec::new();
    if let Some(instance) = instance(item) {
        keys.push((Kind::Standing, format!("{family} {instance}")));
        keys.push((Kind::Timed, instance));
    }
    if item.failure.endpoint.is_none() {
        let call = item.failure.frames.last().cloned().or_else(|| item.task()).unwrap_or_default();
        keys.push((Kind::Timed, format!("{family} {call}")));
    }
    keys
}

fn instance(item: &Item<'_>) -> Option<String> {
    item.task().map(|task| format!("{task} {:?} {:?}", item.attempt.task.run_id, item.attempt.task.map_index))
}

/// Where a standing failure without endpoint is: at what the message names, else in the task's own code, else in the task.
fn standing_place(item: &Item<'_>) -> String {
    let facts = &item.failure.facts;
    let named = facts.conn_id.clone().or_else(|| facts.name.clone()).or_else(|| facts.path.clone());
    named.or_else(|| item.task()).unwrap_or_else(|| item.attempt.path.to_string())
}

/// Failures that look alike in one run at one moment, of which one has no endpoint.
fn moments(failures: &[Item<'_>], lost: &BTreeSet<usize>) -> Vec<[usize; 2]> {
    let mut runs: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(at, item)| item.transport == Transport::Passing && !lost.contains(at)) {
        if let Some((dag, run)) = item.attempt.run() {
            runs.entry((dag, run, &item.family)).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    for mut items in runs.into_values() {
        items.sort_by_key(|item| (failures[*item].time, failures[*item].name()));
        for pair in items.windows(2) {
            let (early, late) = (&failures[pair[0]], &failures[pair[1]]);
            let unplaced = early.failure.endpoint.is_none() || late.failure.endpoint.is_none();
            if unplaced && matches!((early.time, late.time), (Some(from), Some(to)) if to - from <= MOMENT) {
                pairs.push([pair[0], pair[1]]);
            }
        }
    }
    pairs
}

/// The endpoint of each set of passing failures that has one.
struct Places<'a>(HashMap<usize, &'a str>);

impl<'a> Places<'a> {
    fn of(failures: &'a [Item<'_>], sets: &mut Sets) -> Self {
        let passing = failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing);
        Self(passing.filter_map(|(at, item)| Some((sets.find(at), item.failure.endpoint.as_deref()?))).collect())
    }

    /// Joins two sets unless they have different endpoints.
    fn join(&mut self, a: usize, b: usize, sets: &mut Sets) {
        let (a, b) = (sets.find(a), sets.find(b));
        let (of_a, of_b) = (self.0.get(&a).copied(), self.0.get(&b).copied());
        if matches!((of_a, of_b), (Some(one), Some(other)) if one != other) {
            return;
        }
        sets.join(a, b);
        if let Some(place) = of_a.or(of_b) {
            self.0.insert(sets.find(a), place);
        }
    }
}
