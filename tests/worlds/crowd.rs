//! Many incidents at once: as many endpoints, each with a DAG of its own, each in trouble for a while around one hour, in its own way.

use dagnosis::rule::RuleSet;

use super::Made;
use super::faults::{Fault, Kind};
use super::looks::Look;
use super::rng::Rng;
use super::world::{DAY, Dag, Endpoint, HOUR, Host, Library, Noise, Strength, Task, World};

/// The hour around which all of it happens.
const AT: f64 = 10.0 * HOUR;

/// A table with so many incidents, which have nothing in common but the time.
pub(crate) fn crowd(count: usize, rules: &RuleSet) -> Made {
    let mut rng = Rng::of(200, &[9]);
    let hosts = (0..20).map(|number| Host { name: format!("node-{number:02}.example.internal"), skew: rng.between(-0.5, 0.5) }).collect();
    let endpoints = (0..count)
        .map(|number| Endpoint { host: format!("svc-{number:03}.example.internal"), port: 8443, tls: true, gateway: false, latency: 0.4 })
        .collect();
    let dags = (0..count).map(|number| dag(number, &mut rng)).collect();
    let world = World { seed: 200, epoch: 1_772_409_600_000_000, days: 1, json: false, noise: Noise::Low, hosts, endpoints, dags };
    let placed = (0..count).map(|number| fault(number, &mut rng)).collect();
    Made::played(&world, placed, world.noise.background(), rules)
}

fn dag(number: usize, rng: &mut Rng) -> Dag {
    let task = |place: usize| Task {
        id: format!("task_{place:02}"),
        code: format!("{number}x{place}"),
        operator: "PythonOperator",
        queue: "default",
        endpoint: Some(number),
        library: Library::Requests,
        session: false,
        announces: true,
        chatty: true,
        timeout: Some(10.0),
        stage: 0,
        work: 30.0,
        tries: 2,
        delay: 60.0,
        pause: None,
    };
    Dag { id: format!("dag_{number:03}"), period: HOUR, offset: rng.between(0.0, 60.0), step: 0.0, tasks: (0..6).map(task).collect() }
}

fn fault(number: usize, rng: &mut Rng) -> Fault {
    let (from, to) = (AT - rng.between(0.0, 300.0), AT + rng.between(300.0, 1200.0));
    let (kind, look, to) = match number % 4 {
        0 => (Kind::Maintenance, Look::Refused, to),
        1 => (Kind::Maintenance, Look::Status(503), to),
        2 => (Kind::SlowDependency, Look::ReadTimeout, to),
        _ => (Kind::CertExpiry, Look::Expired, DAY),
    };
    Fault { from, to, endpoint: Some(number), look, share: 1.0, ..Fault::new(kind, &[], Strength::Strong) }
}
