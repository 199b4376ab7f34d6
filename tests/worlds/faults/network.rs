//! Faults of the way between a host and what it calls: idle connections cut, a host's network, name resolution.

use super::super::looks::Look;
use super::super::play::Call;
use super::super::rng::Rng;
use super::super::world::{DAY, Strength, World};
use super::{Blow, Fault, Kind, Scene};

/// After so many seconds of silence the device forgets a connection.
const CUT_AFTER: f64 = 350.0;

/// Lets some tasks of one endpoint keep a session over a long pause.
pub(super) fn prepare_idle_cut(world: &mut World, strength: Strength, rng: &mut Rng) {
    let (wanted, endpoint) = match strength {
        Strength::Weak => (1, 0),
        Strength::Medium => (1 + rng.below(3), 0),
        Strength::Strong => (3 + rng.below(4), 0),
    };
    let days = f64::from(world.days);
    let mut users: Vec<(usize, usize)> = Vec::new();
    for (dag_number, dag) in world.dags.iter().enumerate() {
        // What runs every ten minutes does not pause for longer than that.
        if dag.period > 3.0 * CUT_AFTER && days * DAY / dag.period < 80.0 {
            users.extend((0..dag.tasks.len()).map(|task| (dag_number, task)));
        }
    }
    rng.shuffle(&mut users);
    for (dag, task) in users.into_iter().take(wanted) {
        let task = &mut world.dags[dag].tasks[task];
        task.endpoint = Some(endpoint);
        task.session = true;
        task.pause = Some(rng.between(CUT_AFTER + 12.0, 1500.0));
        task.work = task.work.min(120.0);
    }
}

pub(super) fn place_idle_cut(scene: &Scene<'_>) -> Option<Fault> {
    let accepted = &["lb-idle-timeout", "keepalive-race", "db-idle-cut"];
    let fault = Fault { endpoint: Some(0), to: f64::INFINITY, ..Fault::new(Kind::IdleCut, accepted, scene.strength) };
    let hits = scene.count(|call| fault.is_at(call) && call.pause.is_some_and(|pause| pause > CUT_AFTER));
    (hits * fault.share >= 2.0).then_some(fault)
}

/// The device between has forgotten the connection, and resets it as soon as something is sent.
pub(super) fn idle_cut(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    let idle = fault.is_at(call) && call.pause.is_some_and(|pause| pause > CUT_AFTER);
    (idle && rng.chance(fault.share))
        .then(|| Blow { look: if rng.chance(0.7) { Look::Reset } else { Look::Closed }, after: rng.between(0.002, 0.08) })
}

pub(super) fn place_host(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let from = at - rng.between(0.0, 60.0);
        let to = from + rng.between(180.0, 1200.0);
        let look = *rng.pick(&[Look::ConnectTimeout, Look::NoRoute]);
        let accepted = &["host-network", "no-route", "noisy-neighbour-cpu", "local-abort"];
        let fault = Fault { from, to, host: Some(call.host), look, ..Fault::new(Kind::HostNetwork, accepted, scene.strength) };
        let hits: Vec<&Call> = scene.quiet.calls.iter().filter(|call| is_on_host(&fault, call)).collect();
        let mut endpoints: Vec<usize> = hits.iter().map(|call| call.endpoint).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        // With one endpoint only, nobody could tell it from a fault of that endpoint.
        (endpoints.len() >= 2).then(|| (fault, hits.len() as f64 * scene.strength.share()))
    })
}

fn is_on_host(fault: &Fault, call: &Call) -> bool {
    fault.host == Some(call.host) && call.fresh && fault.holds_at(call.begin)
}

/// New connections of the host come to nothing, whatever they are for.
pub(super) fn host(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    (is_on_host(fault, call) && rng.chance(fault.share)).then(|| match fault.look {
        Look::NoRoute if rng.chance(0.8) => Blow { look: Look::NoRoute, after: rng.between(0.5, 3.1) },
        _ => Blow { look: Look::ConnectTimeout, after: call.timeout.unwrap_or(130.0) + rng.between(0.0, 0.05) },
    })
}

pub(super) fn place_dns(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    let of_host = rng.chance(0.3);
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let from = at - rng.between(0.0, 60.0);
        let to = from + rng.between(300.0, 1800.0);
        let (host, accepted): (_, &'static [&'static str]) = match of_host {
            true => (Some(call.host), &["host-network", "dns-outage"]),
            false => (None, &["dns-outage", "dns-record", "dns-stale"]),
        };
        let fault = Fault { from, to, host, ..Fault::new(Kind::Dns, accepted, scene.strength) };
        let hits: Vec<&Call> = scene.quiet.calls.iter().filter(|call| asks(&fault, call)).collect();
        let mut endpoints: Vec<usize> = hits.iter().map(|call| call.endpoint).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        (endpoints.len() >= 2).then(|| (fault, hits.len() as f64 * scene.strength.share()))
    })
}

fn asks(fault: &Fault, call: &Call) -> bool {
    fault.host.is_none_or(|host| host == call.host) && call.fresh && fault.holds_at(call.begin)
}

/// Names are not found; connections that stand already live on.
pub(super) fn dns(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    (asks(fault, call) && rng.chance(fault.share)).then(|| Blow { look: Look::NameTemporary, after: rng.spread(0.02, 12.0) })
}
