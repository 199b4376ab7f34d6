//! One worker host that has lost its network: it fails against many endpoints that other hosts reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Phase;
use crate::time::{Span, Timestamp};

use super::super::statistics::Contrast;
use super::super::table::Table;
use super::GAP;
use super::item::{Item, Transport};
use super::sets::Sets;

/// How many endpoints (or, where none are known, tasks) make a host's trouble the host's own.
const HOST_ENDPOINTS_MIN: usize = 3;

/// How unlikely it must be that a host's failures are chance.
const HOST_P_MAX: f64 = 0.05;

/// Failures of one host that are further apart are two troubles. Two minutes: what a host cannot reach fails within its timeouts.
const HOST_GAP: Span = Span::seconds(120);

/// How long before and after a host's failures other attempts are compared with them.
const HOST_AROUND: Span = Span::seconds(60);

/// Families of symptoms in which the other side, or something on its behalf, sent an answer: the host's own network was there.
const ANSWERED_FAMILIES: [&str; 3] = ["connection-refused", "remote-close", "truncated-response"];

/// Joins the failures of such a host.
pub(super) fn join(failures: &[Item<'_>], table: &Table<'_>, sets: &mut Sets) {
    let places = Places::of(failures);
    let attempts = table.attempts;
    let tasks = attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_task());
    let mut ended: Vec<(Timestamp, usize)> = tasks.filter_map(|(row, attempt)| Some((attempt.ended?, row))).collect();
    ended.sort_unstable();
    let mut hosts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        if let (Some(host), Some(_), Transport::Passing, false) =
            (item.attempt.host.as_deref(), item.time, item.transport, was_answered(item))
        {
            hosts.entry(host).or_default().push(at);
        }
    }
    for (host, mut items) in hosts {
        // What fails from other hosts too is the endpoint's trouble, not this host's.
        items.retain(|item| !places.fails_elsewhere(&failures[*item], host));
        items.sort_by_key(|item| (failures[*item].time, failures[*item].row));
        let together =
            |a: &usize, b: &usize| matches!((failures[*a].time, failures[*b].time), (Some(early), Some(late)) if late - early <= HOST_GAP);
        for burst in items.chunk_by(together) {
            let touched: BTreeSet<String> = burst
                .iter()
                .filter_map(|item| failures[*item].failure.endpoint.as_deref().map(str::to_owned).or_else(|| failures[*item].task()))
                .collect();
            let span = failures[burst[0]].time.zip(burst.last().and_then(|last| failures[*last].time));
            let Some((from, to)) = span.filter(|_| touched.len() >= HOST_ENDPOINTS_MIN) else { continue };
            // Everything that ended in that time, here and elsewhere.
            let first = ended.partition_point(|(end, _)| *end + HOST_AROUND < from);
            let during = ended[first..].iter().take_while(|(end, _)| *end <= to + HOST_AROUND).map(|(_, row)| &attempts[*row]);
            let mut seen = Contrast { bad_in: 0, good_in: 0, bad_out: 0, good_out: 0 };
            for attempt in during {
                match (attempt.host.as_deref() == Some(host), attempt.failure.is_some()) {
                    (true, true) => seen.bad_in += 1,
                    (true, false) => seen.good_in += 1,
                    (false, true) => seen.bad_out += 1,
                    (false, false) => seen.good_out += 1,
                }
            }
            if seen.bad_in > seen.good_in && seen.fisher() <= HOST_P_MAX {
                burst.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
            }
        }
    }
}

/// Whether the other side was reached at all: it refused, answered with a status, or closed what it had accepted.
fn was_answered(item: &Item<'_>) -> bool {
    matches!(item.failure.call.phase, Some(Phase::Send | Phase::Read))
        || item.failure.facts.status.is_some()
        || ANSWERED_FAMILIES.contains(&&*item.family)
}

/// When each endpoint failed, from which host; in the order of time.
struct Places<'a>(BTreeMap<&'a str, Vec<(Timestamp, Option<&'a str>)>>);

impl<'a> Places<'a> {
    fn of(failures: &[Item<'a>]) -> Self {
        let mut places: BTreeMap<&str, Vec<(Timestamp, Option<&str>)>> = BTreeMap::new();
        for item in failures {
            if let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) {
                places.entry(endpoint).or_default().push((time, item.attempt.host.as_deref()));
            }
        }
        places.values_mut().for_each(|times| times.sort_unstable());
        Self(places)
    }

    /// Whether an item's endpoint failed from another host at about the same time.
    fn fails_elsewhere(&self, item: &Item<'_>, host: &str) -> bool {
        let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) else { return false };
        let times = self.0.get(endpoint).map(Vec::as_slice).unwrap_or_default();
        let first = times.partition_point(|(at, _)| *at + GAP < time);
        times[first..].iter().take_while(|(at, _)| *at <= time + GAP).any(|(_, other)| *other != Some(host))
    }
}
