//! Faults of what is called: overload, restart, maintenance, a limit on calls, slowness, an expired certificate.

use super::super::looks::Look;
use super::super::play::Call;
use super::super::rng::Rng;
use super::super::world::{DAY, HOUR, Strength, World};
use super::{Blow, Burst, Fault, Kind, Scene};

/// Runs of some DAG that uses an endpoint, started together, as a backfill or a catch-up does; and how many tries they put on the endpoint.
fn burst(scene: &Scene<'_>, endpoint: usize, from: f64, calls: f64, rng: &mut Rng) -> Option<(Burst, f64)> {
    let users = |dag: usize| scene.world.dags[dag].tasks.iter().filter(|task| task.endpoint == Some(endpoint)).count();
    let dags: Vec<usize> = (0..scene.world.dags.len()).filter(|dag| users(*dag) > 0).collect();
    if dags.is_empty() {
        return None;
    }
    let dag = *rng.pick(&dags);
    let runs = ((calls / users(dag) as f64).ceil() as usize).clamp(2, 120);
    // An executor starts them as it has slots.
    let spacing = rng.between(0.5, 4.0);
    let starts = (0..runs).map(|run| from + run as f64 * spacing).collect();
    Some((Burst { dag, starts }, (runs * users(dag)) as f64))
}

fn usual_load(scene: &Scene<'_>, endpoint: usize) -> f64 {
    scene.quiet.calls.iter().filter(|call| call.endpoint == endpoint).map(|call| call.load).max().unwrap_or(1) as f64
}

pub(super) fn place_overload(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let (from, to) = (at - 5.0, at + rng.between(600.0, 2400.0));
        let (least, most) = scene.strength.hits();
        let wanted = rng.between(least, most);
        let (burst, calls) = burst(scene, call.endpoint, from, wanted * 2.0, rng)?;
        let new = Fault::new(Kind::Overload, &["server-overload"], scene.strength);
        let capacity = usual_load(scene, call.endpoint).min(calls * 0.5).max(1.0);
        Some((
            Fault { from, to, endpoint: Some(call.endpoint), bursts: vec![burst], capacity, ..new },
            calls * 0.5 * scene.strength.share(),
        ))
    })
}

pub(super) fn slows(fault: &Fault, call: &Call) -> f64 {
    match fault.is_at(call) && fault.holds_at(call.begin) {
        true => 2.0 + 4.0 * (call.load as f64 / fault.capacity.max(1.0)).min(2.0),
        false => 1.0,
    }
}

/// The more is asked of it at once, the more it lets wait, refuses and drops; some calls go through.
pub(super) fn overload(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    if !(fault.is_at(call) && fault.holds_at(call.begin)) {
        return None;
    }
    let pressed = (call.load as f64 / (fault.capacity * 2.0)).min(1.0);
    if !rng.chance(fault.share * pressed) {
        return None;
    }
    let slow = (call.end - call.begin).max(0.3);
    Some(match rng.unit() {
        part if part < 0.4 => match call.timeout {
            Some(timeout) => Blow { look: Look::ReadTimeout, after: timeout + rng.between(0.0, 0.05) },
            None => Blow { look: Look::Closed, after: slow * rng.between(0.5, 3.0) },
        },
        part if part < 0.65 => Blow { look: Look::Status(503), after: rng.between(0.02, slow) },
        part if part < 0.85 => Blow { look: Look::Reset, after: slow * rng.between(0.1, 1.5) },
        _ => Blow { look: Look::Closed, after: slow * rng.between(0.1, 1.5) },
    })
}

pub(super) fn place_restart(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let from = at + (call.end - call.begin) * rng.unit();
        let to = from + rng.between(5.0, 90.0);
        let new = Fault::new(Kind::Restart, &["server-restart", "db-restart-failover"], scene.strength);
        let fault = Fault { from, to, endpoint: Some(call.endpoint), ..new };
        let in_flight = scene.count(|call| fault.is_at(call) && call.begin < from && call.end > from);
        let after = scene.count(|call| fault.is_at(call) && fault.holds_at(call.begin));
        // Both faces of it must be there to be seen: what is cut, and what finds nobody.
        let cut = in_flight * scene.strength.share();
        (cut >= 0.9 && after >= 1.0).then_some((fault, cut + after))
    })
}

/// Calls in flight are cut; until it is up again, new ones are refused, or answered by the gateway before it.
pub(super) fn restart(fault: &Fault, call: &Call, world: &World, rng: &mut Rng) -> Option<Blow> {
    if !fault.is_at(call) {
        return None;
    }
    if call.begin < fault.from && call.end > fault.from {
        let look = match world.endpoints[call.endpoint].gateway {
            true => Look::Status(502),
            false if rng.chance(0.6) => Look::Reset,
            false => Look::Closed,
        };
        return rng.chance(fault.share).then(|| Blow { look, after: fault.from - call.begin + rng.between(0.0, 0.2) });
    }
    fault.holds_at(call.begin).then(|| Blow { look: away(call, world, rng), after: rng.between(0.001, 0.05) })
}

/// What a server that does not listen looks like.
fn away(call: &Call, world: &World, rng: &mut Rng) -> Look {
    match world.endpoints[call.endpoint].gateway {
        true if rng.chance(0.5) => Look::Status(502),
        true => Look::Status(503),
        false => Look::Refused,
    }
}

pub(super) fn place_maintenance(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (_, call) = scene.moment(rng)?;
        let length = rng.between(600.0, 1800.0);
        let new = Fault::new(Kind::Maintenance, &["maintenance-window"], scene.strength);
        let look = *rng.pick(&[Look::Refused, Look::Status(503)]);
        let fault = Fault { from: 2.0 * HOUR, to: 2.0 * HOUR + length, endpoint: Some(call.endpoint), look, ..new };
        let inside: Vec<&Call> = scene.quiet.calls.iter().filter(|call| in_window(&fault, call)).collect();
        let mut days: Vec<i64> = inside.iter().map(|call| (call.begin / DAY) as i64).collect();
        days.sort_unstable();
        days.dedup();
        // It must be possible to see that it comes back, and that other hours are well.
        let outside = scene.quiet.calls.iter().filter(|call| fault.is_at(call) && !in_window(&fault, call));
        let mut hours: Vec<i64> = outside.map(|call| (call.begin % DAY / HOUR) as i64).collect();
        hours.sort_unstable();
        hours.dedup();
        (days.len() >= 3 && hours.len() >= 4).then(|| (fault, inside.len() as f64 * scene.strength.share()))
    })
}

fn in_window(fault: &Fault, call: &Call) -> bool {
    fault.is_at(call) && fault.holds_at(call.begin % DAY)
}

/// Every night it is away.
pub(super) fn maintenance(fault: &Fault, call: &Call, _world: &World, rng: &mut Rng) -> Option<Blow> {
    (in_window(fault, call) && rng.chance(fault.share)).then(|| Blow { look: fault.look, after: rng.between(0.002, 0.1) })
}

pub(super) fn place_rate_limit(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let (least, most) = scene.strength.hits();
        let wanted = rng.between(least, most);
        let (burst, calls) = burst(scene, call.endpoint, at - 5.0, wanted * 2.0, rng)?;
        let usual = usual_load(scene, call.endpoint);
        let capacity = usual
            + (calls
                * match scene.strength {
                    Strength::Weak => 0.5,
                    Strength::Medium => 0.35,
                    Strength::Strong => 0.15,
                });
        let new = Fault::new(Kind::RateLimit, &["rate-limit", "ratelimit-by-retries"], scene.strength);
        let hits = (calls - capacity).max(0.0) * 0.5;
        Some((Fault { to: f64::INFINITY, endpoint: Some(call.endpoint), bursts: vec![burst], capacity, ..new }, hits))
    })
}

/// What goes beyond the limit is turned away at once.
pub(super) fn rate_limit(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    let beyond = (call.load as f64 - fault.capacity) / call.load as f64;
    (fault.is_at(call) && rng.chance(beyond)).then(|| Blow { look: Look::Limited, after: rng.between(0.01, 0.2) })
}

pub(super) fn place_slow(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let (from, to) = (at - 5.0, at + rng.between(0.5 * HOUR, 6.0 * HOUR));
        let new = Fault::new(Kind::SlowDependency, &["server-overload", "client-timeout-short"], scene.strength);
        let fault = Fault { from, to, endpoint: Some(call.endpoint), ..new };
        let hits = scene.count(|call| fault.is_at(call) && fault.holds_at(call.begin) && call.timeout.is_some());
        Some((fault, hits * scene.strength.share()))
    })
}

/// It answers, but later than the client waits.
pub(super) fn slow(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    let timeout = call.timeout.filter(|_| fault.is_at(call) && fault.holds_at(call.begin))?;
    rng.chance(fault.share).then(|| Blow { look: Look::ReadTimeout, after: timeout + rng.between(0.0, 0.03) })
}

pub(super) fn place_expiry(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let (at, call) = scene.moment(rng)?;
        let new = Fault::new(Kind::CertExpiry, &["tls-cert-expired"], scene.strength);
        let fault = Fault { from: at - 1.0, to: f64::INFINITY, share: 1.0, endpoint: Some(call.endpoint), ..new };
        let hits = scene.count(|call| fault.is_at(call) && call.fresh && fault.holds_at(call.begin));
        scene.world.endpoints[call.endpoint].tls.then_some((fault, hits))
    })
}

/// From one instant on no handshake succeeds.
pub(super) fn expired(fault: &Fault, call: &Call, rng: &mut Rng) -> Option<Blow> {
    let shakes = fault.is_at(call) && call.fresh && fault.holds_at(call.begin);
    shakes.then(|| Blow { look: Look::Expired, after: rng.between(0.02, 0.3) })
}
