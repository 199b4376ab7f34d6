//! What a killed process provoked: its peers see closed sockets within seconds, and what they print looks like a network fault.

use std::collections::{BTreeMap, HashMap};

use crate::rule::{RuleSet, SymptomIx};
use crate::scan::Ending;
use crate::time::{Span, Timestamp};

use super::item::{Item, Transport};

/// How long after a kill its peers' connections break: they notice with their next read, write or attempt to connect.
const AFTER_KILL: Span = Span::seconds(30);

/// How long before the line that tells of a kill its peers may already have noticed: the supervisor polls every few seconds.
const BEFORE_KILL: Span = Span::seconds(10);

/// Within what time an endpoint's failures elsewhere are of the same moment.
const MEANWHILE: Span = Span::seconds(60);

/// The layer of causes that strike whole processes and hosts.
const PLATFORM: &str = "platform";

/// Where a killed process had peers.
#[derive(PartialEq, Eq, Hash)]
enum Near<'a> {
    /// Tasks of its own run: they talk to each other.
    Run(&'a str, &'a str),
    /// Whoever called the host it ran on.
    Host(&'a str),
}

/// The failures that another (a process killed for memory, say) provoked: each with what provoked it. Only they follow it, not all that they would otherwise be
/// grouped with.
pub(super) fn provoked(failures: &[Item<'_>], rules: &RuleSet) -> BTreeMap<usize, usize> {
    let mut kills: HashMap<Near<'_>, Vec<(Timestamp, usize)>> = HashMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| is_kill(item, rules)) {
        let Some(time) = item.time else { continue };
        // A log that stops was killed perhaps: only who called its host is surely its peer.
        let run = item.attempt.run().filter(|_| item.attempt.ending == Ending::Killed).map(|(dag, run)| Near::Run(dag, run));
        for near in run.into_iter().chain(item.attempt.host.as_deref().map(Near::Host)) {
            kills.entry(near).or_default().push((time, at));
        }
    }
    if kills.is_empty() {
        return BTreeMap::new();
    }
    kills.values_mut().for_each(|times| times.sort_unstable());
    let mut effects: Vec<(usize, usize)> = Vec::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing) {
        let (Some(time), Some(shown)) = (item.time, item.failure.symptom) else { continue };
        let called = item.failure.endpoint.as_deref().map(|endpoint| Near::Host(host_of(endpoint)));
        let places = item.attempt.run().map(|(dag, run)| Near::Run(dag, run)).into_iter().chain(called);
        let candidates = places.filter_map(|near| kills.get(&near)).flat_map(|times| around(times, time));
        let produces = |kill: &&(Timestamp, usize)| kill.1 != at && produces(&failures[kill.1], shown, rules);
        // The nearest in time; of two equally near the one whose name comes first.
        if let Some((_, kill)) = candidates.filter(produces).min_by_key(|(when, kill)| ((*when - time).0.abs(), failures[*kill].name())) {
            effects.push((at, *kill));
        }
    }
    let elsewhere = Elsewhere::of(failures, &effects);
    effects.into_iter().filter(|(effect, _)| !elsewhere.fails_too(&failures[*effect])).collect()
}

/// Whether an attempt's process was killed (or just stopped, which is all that is left of some kills), and the likeliest cause is the platform's (memory, a lost host), so that it reaches beyond its own call.
fn is_kill(item: &Item<'_>, rules: &RuleSet) -> bool {
    let cause = item.likeliest.map(|cause| &rules.causes[cause]);
    let ended = matches!(item.attempt.ending, Ending::Killed | Ending::Silent);
    ended && item.transport == Transport::Standing && cause.is_some_and(|cause| cause.layer == PLATFORM)
}

/// Whether the likeliest cause of a kill is known to produce what another failure shows.
fn produces(kill: &Item<'_>, shown: SymptomIx, rules: &RuleSet) -> bool {
    kill.likeliest.map(|cause| &rules.causes[cause]).is_some_and(|cause| cause.produces.contains(&shown))
}

/// The kills at which a failure may have noticed: from [`AFTER_KILL`] before it to [`BEFORE_KILL`] after it.
fn around(kills: &[(Timestamp, usize)], seen: Timestamp) -> &[(Timestamp, usize)] {
    let first = kills.partition_point(|(kill, _)| *kill + AFTER_KILL < seen);
    let last = kills.partition_point(|(kill, _)| *kill <= seen + BEFORE_KILL);
    &kills[first..last.max(first)]
}

/// The host of `host:port`.
fn host_of(endpoint: &str) -> &str {
    match endpoint.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.trim_start_matches('[').trim_end_matches(']'),
        _ => endpoint,
    }
}

/// When an endpoint failed for those whom no kill explains.
struct Elsewhere<'a>(HashMap<&'a str, Vec<Timestamp>>);

impl<'a> Elsewhere<'a> {
    fn of(failures: &[Item<'a>], effects: &[(usize, usize)]) -> Self {
        let explained: std::collections::BTreeSet<usize> = effects.iter().map(|(effect, _)| *effect).collect();
        let mut times: HashMap<&str, Vec<Timestamp>> = HashMap::new();
        for (_, item) in failures.iter().enumerate().filter(|(at, item)| item.transport == Transport::Passing && !explained.contains(at)) {
            if let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) {
                times.entry(endpoint).or_default().push(time);
            }
        }
        times.values_mut().for_each(|times| times.sort_unstable());
        Self(times)
    }

    /// Whether the endpoint of a failure failed at about the same time for at least two others whom no kill explains: then the trouble is the endpoint's.
    fn fails_too(&self, item: &Item<'_>) -> bool {
        let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) else { return false };
        let times = self.0.get(endpoint).map(Vec::as_slice).unwrap_or_default();
        let first = times.partition_point(|at| *at + MEANWHILE < time);
        times[first..].iter().take_while(|at| **at <= time + MEANWHILE).nth(1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_noticed_within_both_edges() {
        let second = |second: i64| Timestamp(second * 1_000_000);
        let kills = [(second(100), 0), (second(200), 1)];
        let found = |seen: i64| around(&kills, second(seen)).iter().map(|(_, kill)| *kill).collect::<Vec<_>>();
        assert_eq!(found(89), Vec::<usize>::new());
        assert_eq!(found(90), [0]);
        assert_eq!(found(130), [0]);
        assert_eq!(found(131), Vec::<usize>::new());
        assert_eq!(found(190), [1]);
    }

    #[test]
    fn an_endpoint_names_its_host() {
        assert_eq!(host_of("db.example.com:5432"), "db.example.com");
        assert_eq!(host_of("[::1]:80"), "::1");
        assert_eq!(host_of("connection orders"), "connection orders");
    }
}
