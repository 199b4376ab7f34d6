//! Failures that share what they are about: an endpoint, a host, a task instance, a line of code.

use std::collections::BTreeMap;

use crate::record::Phase;
use crate::time::Span;

use super::GAP;
use super::item::{Item, Reach, Transport};
use super::sets::Sets;

/// What fails in the same way in one run within this time fails together: one event cuts connections off within milliseconds.
const MOMENT: Span = Span::seconds(1);

/// Whether failures that share a key must also be near each other in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Timed,
    Standing,
}

/// Joins what shares a key, as far as the times are near enough.
pub(super) fn join(failures: &[Item<'_>], sets: &mut Sets) {
    let mut keys: BTreeMap<(Kind, String), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        for key in of(item) {
            keys.entry(key).or_default().push(at);
        }
    }
    for ((kind, _), mut items) in keys {
        items.sort_by_key(|item| (failures[*item].time, failures[*item].row));
        for pair in items.windows(2) {
            let near = matches!((failures[pair[0]].time, failures[pair[1]].time), (Some(early), Some(late)) if late - early <= GAP);
            if kind == Kind::Standing || near {
                sets.join(pair[0], pair[1]);
            }
        }
    }
}

fn of(item: &Item<'_>) -> Vec<(Kind, String)> {
    let family = &item.family;
    // Who could not even resolve the name has not met the endpoint: its outage is none of the resolver's.
    let resolving = item.failure.call.phase == Some(Phase::Resolve);
    let place =
        item.failure.endpoint.as_deref().map(|endpoint| if resolving { format!("name of {endpoint}") } else { endpoint.to_owned() });
    let mut keys = vec![match (item.transport, place) {
        // One outage of an endpoint shows many faces.
        (Transport::Passing, Some(place)) => (Kind::Timed, place),
        // Without an endpoint only the same call in the code is a fair guess.
        (Transport::Passing, None) => {
            (Kind::Timed, format!("{family} {}", item.failure.frames.last().cloned().or_else(|| item.task()).unwrap_or_default()))
        }
        (Transport::Standing, Some(place)) => (Kind::Standing, format!("{family} {place}")),
        (Transport::Standing, None) => (Kind::Standing, format!("{family} {}", standing_place(item))),
    }];
    // A full disk, a process limit, a kill: what a host runs out of strikes its tasks together.
    if let (Some(host), Reach::Host) = (item.attempt.host.as_deref(), item.reach) {
        keys.push((Kind::Timed, format!("{family} on {host}")));
    }
    if let Some(task) = item.task() {
        let instance = format!("{task} {:?} {:?}", item.attempt.task.run_id, item.attempt.task.map_index);
        if item.transport == Transport::Passing {
            keys.push((Kind::Timed, instance.clone()));
        }
        keys.push((Kind::Standing, format!("{family} {instance}")));
    }
    keys
}

/// Where a standing failure without endpoint is: at what the message names, else in the task's own code, else in the task.
fn standing_place(item: &Item<'_>) -> String {
    let facts = &item.failure.facts;
    let named = facts.conn_id.clone().or_else(|| facts.name.clone()).or_else(|| facts.path.clone());
    named.or_else(|| item.task()).unwrap_or_else(|| item.attempt.path.to_string())
}

/// Joins a failure whose endpoint is not known to what failed in the same way in the same run at the same moment.
pub(super) fn join_unplaced(failures: &[Item<'_>], sets: &mut Sets) {
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
