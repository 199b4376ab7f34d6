//! A world: hosts, endpoints, DAGs with their tasks and schedules, and how much the logs of it are disturbed.

use super::rng::Rng;

pub(crate) const HOUR: f64 = 3600.0;
pub(crate) const DAY: f64 = 86_400.0;

/// How much else fails and how badly the logs tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    Low,
    Moderate,
    High,
}

impl Noise {
    pub(crate) const ALL: [Self; 3] = [Self::Low, Self::Moderate, Self::High];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
        }
    }

    fn pick<T>(self, low: T, moderate: T, high: T) -> T {
        match self {
            Self::Low => low,
            Self::Moderate => moderate,
            Self::High => high,
        }
    }

    /// The share of attempts that fail for a reason of their own.
    pub(crate) fn background(self) -> f64 {
        self.pick(0.001, 0.01, 0.03)
    }

    /// The share of attempts whose host is not known.
    pub(crate) fn without_host(self) -> f64 {
        self.pick(0.0, 0.03, 0.12)
    }

    /// The share of tasks whose code and client never name the endpoint.
    pub(crate) fn bare_tasks(self) -> f64 {
        self.pick(0.1, 0.25, 0.4)
    }

    /// By how many seconds a host's clock may be wrong, either way.
    pub(crate) fn skew(self) -> f64 {
        self.pick(0.05, 1.0, 2.0)
    }

    /// The share of failures whose line is written late.
    pub(crate) fn late(self) -> f64 {
        self.pick(0.0, 0.05, 0.15)
    }

    /// The share of failures that show a neighbouring symptom.
    pub(crate) fn neighbour(self) -> f64 {
        self.pick(0.0, 0.08, 0.2)
    }

    /// The share of attempts whose log is lost.
    pub(crate) fn without_log(self) -> f64 {
        self.pick(0.0, 0.01, 0.05)
    }
}

/// How many attempts a fault hits, and what share of the calls that overlap it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    Weak,
    Medium,
    Strong,
}

impl Strength {
    pub(crate) const ALL: [Self; 3] = [Self::Weak, Self::Medium, Self::Strong];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Medium => "medium",
            Self::Strong => "strong",
        }
    }

    /// How many first hits are wanted, at least and at most.
    pub(crate) fn hits(self) -> (f64, f64) {
        match self {
            Self::Weak => (3.0, 5.0),
            Self::Medium => (6.0, 14.0),
            Self::Strong => (15.0, 60.0),
        }
    }

    /// What share of the calls that overlap the fault fail.
    pub(crate) fn share(self) -> f64 {
        match self {
            Self::Weak => 0.5,
            Self::Medium => 0.75,
            Self::Strong => 0.95,
        }
    }
}

/// A worker host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// By how many seconds its clock is ahead.
    pub(crate) skew: f64,
}

/// Something that tasks call.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    /// Whether a gateway stands before it, which answers while the server behind is away.
    pub(crate) gateway: bool,
    /// How long an ordinary call takes, in seconds.
    pub(crate) latency: f64,
}

impl Endpoint {
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// The client that a task calls with; it decides what its errors say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    Requests,
    Urllib,
    Httpx,
}

/// A task of a DAG.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// What its own errors speak of, unlike those of other tasks.
    pub(crate) code: String,
    pub(crate) operator: &'static str,
    pub(crate) queue: &'static str,
    pub(crate) endpoint: Option<usize>,
    pub(crate) library: Library,
    pub(crate) session: bool,
    /// Whether its log names the endpoint before a call.
    pub(crate) announces: bool,
    /// Whether it writes a line shortly before a call.
    pub(crate) chatty: bool,
    /// The client's own time limit, in seconds.
    pub(crate) timeout: Option<f64>,
    /// Which tasks of the DAG it waits for: those of lower stages.
    pub(crate) stage: usize,
    /// How long it works, in seconds.
    pub(crate) work: f64,
    pub(crate) tries: u32,
    /// The seconds between two tries.
    pub(crate) delay: f64,
    /// The seconds between a first call and a second on the same session.
    pub(crate) pause: Option<f64>,
}

/// A DAG.
#[derive(Debug)]
pub(crate) struct Dag {
    pub(crate) id: String,
    pub(crate) period: f64,
    pub(crate) offset: f64,
    /// The seconds from one stage to the next.
    pub(crate) step: f64,
    pub(crate) tasks: Vec<Task>,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// Midnight of its first day, in microseconds since 1970.
    pub(crate) epoch: i64,
    pub(crate) days: u32,
    /// Whether its logs are those of Airflow 3.
    pub(crate) json: bool,
    pub(crate) noise: Noise,
    pub(crate) hosts: Vec<Host>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) dags: Vec<Dag>,
}

/// The size of a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// About how many attempts a day it has, at least and at most.
    pub(crate) daily: (f64, f64),
    pub(crate) hosts: (usize, usize),
    /// The fewest days.
    pub(crate) days: u32,
    /// The most DAGs.
    pub(crate) dags: usize,
}

const OPERATORS: [(&str, f64); 5] =
    [("PythonOperator", 5.0), ("_PythonDecoratedOperator", 3.0), ("LoadOperator", 1.0), ("ExportOperator", 1.0), ("TransferOperator", 1.0)];

impl World {
    pub(crate) fn draw(seed: u64, noise: Noise, size: Size, tries: Option<u32>) -> Self {
        let mut rng = Rng::of(seed, &[1]);
        let days = size.days.max(1) + rng.below(8 - size.days.clamp(1, 7) as usize) as u32;
        let hosts = size.hosts.0 + rng.below(size.hosts.1 - size.hosts.0 + 1);
        let hosts = (0..hosts)
            .map(|number| Host { name: format!("node-{number:02}.example.internal"), skew: rng.between(-noise.skew(), noise.skew()) })
            .collect();
        let endpoints: Vec<Endpoint> = (0..4 + rng.below(27)).map(|number| endpoint(number, &mut rng)).collect();
        let announced = *rng.pick(&[0.0, 0.5, 1.0]);
        let budget = rng.spread(size.daily.0, size.daily.1) * f64::from(days);
        let mut world = Self {
            seed,
            // From Monday, 2 March 2026, on.
            epoch: (1_772_409_600 + 86_400 * rng.below(200) as i64) * 1_000_000,
            days,
            json: rng.chance(0.5),
            noise,
            hosts,
            endpoints,
            dags: Vec::new(),
        };
        let mut expected = 0.0;
        while world.dags.len() < 5 || (expected < budget && world.dags.len() < size.dags) {
            let left = (budget - expected).max(budget * 0.2);
            let dag = world.dag(announced, left, &mut rng, tries);
            expected += dag.tasks.len() as f64 * f64::from(world.days) * DAY / dag.period;
            world.dags.push(dag);
        }
        world
    }

    /// The seconds from its begin to its end.
    pub(crate) fn length(&self) -> f64 {
        f64::from(self.days) * DAY
    }

    fn dag(&self, announced: f64, most: f64, rng: &mut Rng, tries: Option<u32>) -> Dag {
        let days = f64::from(self.days);
        let mut period = rng.weighed(&[(600.0, 0.25), (HOUR, 0.45), (DAY, 0.3)]);
        while period < DAY && days * DAY / period * 2.0 > most {
            period = if period < HOUR { HOUR } else { DAY };
        }
        let fitting = (most / (days * DAY / period)).clamp(1.0, 12.0) as usize;
        let count = 1 + rng.below(fitting);
        // People like full hours, and the night.
        let minute = if rng.chance(0.6) { 0.0 } else { rng.below(12) as f64 * 300.0 };
        let offset = match period {
            DAY if rng.chance(0.4) => rng.below(5) as f64 * HOUR + minute,
            DAY => rng.below(24) as f64 * HOUR + minute,
            _ => minute % period,
        };
        // Most DAGs work for one thing, so their tasks tend to call the same endpoint.
        let usual = self.popular(rng);
        let tries = tries.unwrap_or_else(|| *rng.pick(&[1, 2, 4]));
        let delay = *rng.pick(&[10.0, 30.0, 60.0, 300.0]);
        let stages = 1 + rng.below(3);
        let tasks = (0..count)
            .map(|number| {
                let endpoint = rng.chance(0.75).then(|| if rng.chance(0.7) { usual } else { self.popular(rng) });
                let bare = rng.chance(self.noise.bare_tasks());
                Task {
                    id: format!("task_{number:02}"),
                    code: format!("{}x{number}", self.dags.len()),
                    operator: rng.weighed(&OPERATORS),
                    queue: "default",
                    endpoint,
                    library: if bare { Library::Urllib } else { *rng.pick(&[Library::Requests, Library::Requests, Library::Httpx]) },
                    session: !bare && rng.chance(0.6),
                    announces: !bare && rng.chance(announced),
                    chatty: rng.chance(0.6),
                    timeout: rng.chance(0.65).then(|| *rng.pick(&[5.0, 10.0, 20.0, 30.0, 60.0])),
                    stage: number * stages / count,
                    work: rng.spread(2.0, 600.0),
                    tries,
                    delay,
                    pause: rng.chance(0.15).then(|| rng.spread(5.0, 300.0)),
                }
            })
            .collect();
        Dag { id: format!("dag_{:03}", self.dags.len()), period, offset, step: rng.between(20.0, 240.0), tasks }
    }

    /// An endpoint, the first ones more often.
    fn popular(&self, rng: &mut Rng) -> usize {
        let weights: Vec<(usize, f64)> = (0..self.endpoints.len()).map(|number| (number, 1.0 / (number as f64 + 1.0))).collect();
        rng.weighed(&weights)
    }
}

fn endpoint(number: usize, rng: &mut Rng) -> Endpoint {
    let tls = rng.chance(0.6);
    Endpoint {
        host: format!("svc-{number:02}.example.internal"),
        port: if tls { *rng.pick(&[443, 8443]) } else { *rng.pick(&[80, 8080, 9000]) },
        tls,
        gateway: rng.chance(0.4),
        latency: rng.spread(0.05, 8.0),
    }
}
