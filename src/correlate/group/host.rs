//! One worker host that has lost its network: it fails against many endpoints that other hosts reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Phase;
use crate::rule::ScopeKind;
use crate::time::Timestamp;

use super::super::statistics;
use super::super::table::{Table, Window};
use super::GAP;
use super::item::{Item, Reach, Transport};

/// How many endpoints (or, where none are known, tasks) make a host's trouble the host's own.
const ENDPOINTS_MIN: usize = 2;

/// How unlikely it must be that so many fail on one host by chance, all hosts and stretches of time that were looked at taken together.
const P_MAX: f64 = 0.01;

/// What share of those that reach nothing at the time must be on the host; where others reach nothing either, the trouble is not the host's.
const SHARE_MIN: f64 = 0.8;

/// Families of symptoms in which the other side, or something on its behalf, sent an answer: the host's own network was there.
const ANSWERED_FAMILIES: [&str; 3] = ["connection-refused", "remote-close", "truncated-response"];

/// The failures of such hosts, each host's bursts for themselves. They belong to their host and to no endpoint: what else befell an endpoint at the time is
/// another trouble.
pub(super) fn lost(failures: &[Item<'_>], table: &Table<'_>) -> Vec<Vec<usize>> {
    let places = Places::of(failures);
    let mut hosts: BTreeMap<&str, Vec<(Timestamp, usize)>> = BTreeMap::new();
    let mut unreached: Vec<Timestamp> = Vec::new();
    let mut lost = Vec::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| is_cut_off(item)) {
        let (Some(host), Some(time)) = (item.attempt.host.as_deref(), item.time) else { continue };
        unreached.push(time);
        // What cannot be reached from other hosts either is the endpoint's trouble, not this host's.
        if !places.fails_elsewhere(item, host) {
            hosts.entry(host).or_default().push((time, at));
        }
    }
    unreached.sort_unstable();
    let hosts_column = table.column(ScopeKind::Host);
    let all_hosts = hosts_column.len().max(1) as f64;
    for (host, mut items) in hosts {
        items.sort_by_key(|(time, at)| (*time, failures[*at].row));
        for burst in items.chunk_by(|(early, _), (late, _)| *late - *early <= GAP) {
            let touched: BTreeSet<(&str, &str)> = burst.iter().filter_map(|(_, at)| touches(&failures[*at])).collect();
            let struck: BTreeSet<Option<u32>> = burst.iter().map(|(_, at)| table.instance(failures[*at].row)).collect();
            let (from, to) = (burst[0].0, burst[burst.len() - 1].0);
            let meanwhile = Window(Some((from, to))).count(&unreached);
            let healthy = hosts_column.id(host).map_or(0, |host| hosts_column.healthy(host).within(Window(Some((from, to)))));
            if touched.len() < ENDPOINTS_MIN || (burst.len() as f64) < SHARE_MIN * meanwhile as f64 || healthy > struck.len() {
                continue;
            }
            let chances = all_hosts * (table.length().as_secs_f64() / (to - from + GAP).as_secs_f64()).max(1.0);
            // What else reached nothing, spread evenly over hosts and time, would put so many there.
            let expected = ((unreached.len() - burst.len()) as f64 + 0.5) / chances;
            if statistics::poisson_tail(struck.len(), expected) * chances <= P_MAX {
                lost.push(burst.iter().map(|(_, at)| *at).collect());
            }
        }
    }
    lost
}

/// Whether a failure got nowhere: no connection, or no answer of the resolver. That a name does not exist the resolver has answered.
fn is_cut_off(item: &Item<'_>) -> bool {
    let nowhere = match item.failure.call.phase {
        Some(Phase::Resolve) => item.reach == Reach::Everything,
        phase => phase == Some(Phase::Connect),
    };
    nowhere && item.transport == Transport::Passing && !was_answered(item)
}

/// What a failure could not reach, or, where that is not known, which task it was.
fn touches<'a>(item: &Item<'a>) -> Option<(&'a str, &'a str)> {
    item.failure.endpoint.as_deref().map(|endpoint| ("", endpoint)).or_else(|| item.key())
}

/// Whether the other side was reached at all: it refused, answered with a status, or closed what it had accepted.
fn was_answered(item: &Item<'_>) -> bool {
    matches!(item.failure.call.phase, Some(Phase::Send | Phase::Read))
        || item.failure.facts.status.is_some()
        || ANSWERED_FAMILIES.contains(&&*item.family)
}

/// When each endpoint could not be reached, from which host; in the order of time.
struct Places<'a>(BTreeMap<&'a str, Vec<(Timestamp, Option<&'a str>)>>);

impl<'a> Places<'a> {
    fn of(failures: &[Item<'a>]) -> Self {
        let mut places: BTreeMap<&str, Vec<(Timestamp, Option<&str>)>> = BTreeMap::new();
        for item in failures.iter().filter(|item| is_cut_off(item)) {
            if let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) {
                places.entry(endpoint).or_default().push((time, item.attempt.host.as_deref()));
            }
        }
        places.values_mut().for_each(|times| times.sort_unstable());
        Self(places)
    }

    /// Whether an item's endpoint could not be reached from another host at about the same time either.
    fn fails_elsewhere(&self, item: &Item<'_>, host: &str) -> bool {
        let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) else { return false };
        let times = self.0.get(endpoint).map(Vec::as_slice).unwrap_or_default();
        let first = times.partition_point(|(at, _)| *at + GAP < time);
        times[first..].iter().take_while(|(at, _)| *at <= time + GAP).any(|(_, other)| *other != Some(host))
    }
}
