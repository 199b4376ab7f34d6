//! Tables of the shapes that cost correlation most, in any size: everything in one place or moment, or nothing in common at all.

use dagnosis::attempt::Attempt;
use dagnosis::rule::RuleSet;
use dagnosis::source::Kind;

use super::Made;
use super::looks::Look;
use super::play::{Call, Failing, Row};
use super::rng::Rng;
use super::world::{DAY, Dag, Endpoint, Host, Library, Noise, Task, World};

/// How the failures of a table lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All on one endpoint within minutes.
    OneIncident,
    /// Each of another task at another time, with nothing in common.
    Singles,
    /// All in one run of one DAG.
    OneRun,
    /// All in one instant.
    OneInstant,
    /// Half of them tries of one task instance.
    ManyTries,
    /// Every fourth a killed process, all on one host.
    Kills,
    /// Small outages, one after the other, of an endpoint that every attempt uses; each of tasks of its own.
    SharedEndpoint,
    /// Runs of a few tasks, of which no log names its endpoint.
    FewTasks,
    /// Few failures of tasks; the others are records of schedulers, each in a log of its own.
    Components,
}

impl Shape {
    pub(crate) const ALL: [Self; 9] = [
        Self::OneIncident,
        Self::Singles,
        Self::OneRun,
        Self::OneInstant,
        Self::ManyTries,
        Self::Kills,
        Self::SharedEndpoint,
        Self::FewTasks,
        Self::Components,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneIncident => "one-incident",
            Self::Singles => "singles",
            Self::OneRun => "one-run",
            Self::OneInstant => "one-instant",
            Self::ManyTries => "many-tries",
            Self::Kills => "kills",
            Self::SharedEndpoint => "shared-endpoint",
            Self::FewTasks => "few-tasks",
            Self::Components => "components",
        }
    }
}

/// How long the tables' time is: so long that small outages of one endpoint stay apart.
const DAYS: u32 = 30;

/// How many tasks a DAG has.
const TASKS: usize = 20;

/// How many failures a small outage has: more than are taken for one fault that comes back.
const OUTAGE: usize = 4;

/// How many seconds lie between the beginnings of two small outages: more than separates two of one endpoint.
const APART: f64 = 400.0;

/// Looks that have little in common.
const LOOKS: [Look; 8] =
    [Look::KeyError, Look::NoFile, Look::BadSql, Look::Reset, Look::ReadTimeout, Look::Status(500), Look::SensorTimeout, Look::NotJson];

/// A table of about so many attempts, so many of which fail.
pub(crate) fn shape(shape: Shape, failures: usize, attempts: usize, rules: &RuleSet) -> Made {
    let mut rng = Rng::of(300, &[shape as u64]);
    let tasks = match shape {
        Shape::OneRun => failures,
        Shape::FewTasks => 10,
        _ => (failures / 2).max(1),
    };
    let endpoints = if matches!(shape, Shape::SharedEndpoint | Shape::OneIncident | Shape::FewTasks) { 1 } else { 50 };
    let world = world(shape, tasks, endpoints);
    let rows = (0..attempts.max(failures)).map(|number| row(shape, &world, number, failures, &mut rng)).collect();
    let mut made = Made::of_rows(&world, Vec::new(), rows, rules);
    if shape == Shape::Components {
        components(&mut made, failures, rules);
    }
    made
}

fn world(shape: Shape, tasks: usize, endpoints: usize) -> World {
    let hosts = (0..40).map(|number| Host { name: format!("node-{number:02}.example.internal"), skew: 0.0 }).collect();
    let endpoints: Vec<Endpoint> = (0..endpoints)
        .map(|number| Endpoint { host: format!("svc-{number:03}.example.internal"), port: 8443, tls: true, gateway: false, latency: 0.4 })
        .collect();
    let in_dag = if shape == Shape::OneRun { tasks } else { TASKS };
    let task = |number: usize| Task {
        id: format!("task_{number:05}"),
        code: format!("code{number}"),
        operator: "PythonOperator",
        queue: "default",
        endpoint: (shape != Shape::FewTasks).then_some(number % endpoints.len()),
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
    let dag = |number: usize| Dag {
        id: format!("dag_{number:04}"),
        period: 3600.0,
        offset: 0.0,
        step: 0.0,
        tasks: (0..in_dag).map(|place| task(number * in_dag + place)).collect(),
    };
    let dags = (0..tasks.div_ceil(in_dag)).map(dag).collect();
    World { seed: 300, epoch: 1_772_409_600_000_000, days: DAYS, json: false, noise: Noise::Low, hosts, endpoints, dags }
}

fn row(shape: Shape, world: &World, number: usize, failures: usize, rng: &mut Rng) -> Row {
    let fails = number < failures;
    let tasks = world.dags[0].tasks.len();
    let all = tasks * world.dags.len();
    let length = f64::from(DAYS) * DAY;
    let anywhere = rng.between(0.0, length - 100.0);
    let (mut place, mut run, mut try_number, mut host) = (number % all, 1 + (number / all) as u64, 1, rng.below(world.hosts.len()));
    let outage = (number / OUTAGE) as f64;
    let (look, at) = match shape {
        Shape::OneIncident => (Look::Reset, length / 2.0 + rng.between(0.0, 300.0)),
        Shape::OneInstant => (LOOKS[number % LOOKS.len()], length / 2.0),
        Shape::OneRun => (Look::Reset, length / 2.0 + rng.between(0.0, 3600.0)),
        Shape::Kills if number.is_multiple_of(4) => (Look::Killed, anywhere),
        Shape::SharedEndpoint | Shape::FewTasks => (Look::Reset, (200.0 + outage * APART + rng.between(0.0, 60.0)) % (length - 100.0)),
        _ => (LOOKS[number % LOOKS.len()], anywhere),
    };
    if fails && shape == Shape::OneRun {
        run = 0;
    }
    if fails && shape == Shape::Kills && number.is_multiple_of(4) {
        host = 0;
    }
    if fails && shape == Shape::ManyTries && number.is_multiple_of(2) {
        (place, run, try_number) = (0, 0, 1 + (number / 2) as u32);
    }
    let (dag, task) = (place / tasks, place % tasks);
    let endpoint = world.dags[dag].tasks[task].endpoint;
    let at = if fails { at + 40.0 } else { anywhere + 40.0 };
    let start = at - 30.0;
    let failing = fails.then(|| {
        let call = endpoint.filter(|_| look.is_call()).map(|endpoint| Call {
            dag,
            task,
            host,
            endpoint,
            begin: at - 1.0,
            end: at,
            fresh: true,
            pause: None,
            timeout: Some(10.0),
            load: 1,
        });
        let peer = (endpoint.is_none() && look.is_call()).then(|| format!("{}:8443", world.endpoints[0].host));
        Failing { look, at, call, peer, truth: None }
    });
    let first_call = endpoint.map(|_| (start + 1.0, start + 1.4));
    Row { dag, task, run, number: try_number, host, start, end: at + 1.0, first_call, failing, retried: false }
}

/// Adds as many logs of schedulers as tasks failed, each of which tells of one trouble.
fn components(made: &mut Made, count: usize, rules: &RuleSet) {
    let Some(sample) =
        made.attempts.iter().find_map(|attempt| Some((attempt, attempt.symptoms.iter().find(|shown| shown.time.is_some())?)))
    else {
        return;
    };
    let shown = ["zombie-detected", "oom-killer"].map(|id| rules.symptom(id).unwrap_or(sample.1.symptom));
    let times: Vec<_> = made.attempts.iter().filter_map(|attempt| attempt.ended).take(count).collect();
    let log = |(number, time): (usize, dagnosis::time::Timestamp)| {
        let mut symptom = sample.1.clone();
        (symptom.symptom, symptom.time) = (shown[number % shown.len()], Some(time));
        Attempt {
            path: format!("logs/scheduler/{number:06}.log").into(),
            kind: Kind::Scheduler,
            task: dagnosis::source::TaskInstance::default(),
            symptoms: vec![symptom],
            failure: None,
            outcome: dagnosis::record::Outcome::Unknown,
            ..sample.0.clone()
        }
    };
    let logs: Vec<Attempt> = times.into_iter().enumerate().map(log).collect();
    made.truth.resize(made.attempts.len() + logs.len(), None);
    made.lost.resize(made.attempts.len() + logs.len(), false);
    made.attempts.extend(logs);
}
