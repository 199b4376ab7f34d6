//! The faults: what each does to the calls and tries that overlap it, which causes are a right answer, and where in a world it strikes.
//!
//! Each models its mechanism and nothing else: it does not know which predicates the program has, nor their thresholds.

mod code;
mod network;
mod process;
mod server;

use super::looks::Look;
use super::play::{Call, Played, Row};
use super::rng::Rng;
use super::world::{Strength, World};

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Overload,
    Restart,
    IdleCut,
    HostNetwork,
    Dns,
    MemoryKill,
    CertExpiry,
    Maintenance,
    RateLimit,
    DagBug,
    SlowDependency,
    BadDeploy,
}

impl Kind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Overload,
        Self::Restart,
        Self::IdleCut,
        Self::HostNetwork,
        Self::Dns,
        Self::MemoryKill,
        Self::CertExpiry,
        Self::Maintenance,
        Self::RateLimit,
        Self::DagBug,
        Self::SlowDependency,
        Self::BadDeploy,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Overload => "server-overload",
            Self::Restart => "server-restart",
            Self::IdleCut => "idle-cut-350s",
            Self::HostNetwork => "host-network",
            Self::Dns => "dns",
            Self::MemoryKill => "memory-kill",
            Self::CertExpiry => "cert-expiry",
            Self::Maintenance => "maintenance-0200",
            Self::RateLimit => "rate-limit-storm",
            Self::DagBug => "dag-bug",
            Self::SlowDependency => "slow-dependency",
            Self::BadDeploy => "bad-deploy",
        }
    }

    /// The fewest days of a world in which it can be seen.
    pub(crate) fn days(self) -> u32 {
        if self == Self::Maintenance { 4 } else { 1 }
    }

    /// The most hosts of a world in which it can be seen: what strikes one host needs some traffic there.
    pub(crate) fn hosts(self) -> usize {
        if matches!(self, Self::HostNetwork | Self::MemoryKill) { 8 } else { 40 }
    }
}

/// What a fault does to a call.
#[derive(Debug)]
pub(crate) struct Blow {
    pub(crate) look: Look,
    /// How many seconds after the call's begin.
    pub(crate) after: f64,
}

/// What a fault does to a try.
#[derive(Debug)]
pub(crate) struct Strike {
    pub(crate) look: Look,
    pub(crate) at: f64,
    /// The endpoint that failed, where it is not one of the world's own.
    pub(crate) peer: Option<String>,
}

/// Runs that a fault brings with it, of one DAG.
#[derive(Debug, Clone)]
pub(crate) struct Burst {
    pub(crate) dag: usize,
    pub(crate) starts: Vec<f64>,
}

/// A fault in its place.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// The causes that are a right answer.
    pub(crate) accepted: &'static [&'static str],
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) endpoint: Option<usize>,
    pub(crate) host: Option<usize>,
    /// Tasks that it strikes, as DAG and task.
    pub(crate) tasks: Vec<(usize, usize)>,
    /// The share of what overlaps it that fails.
    pub(crate) share: f64,
    /// The load beyond which it fails calls.
    pub(crate) capacity: f64,
    /// How it shows, where it can show in several ways.
    pub(crate) look: Look,
    pub(crate) bursts: Vec<Burst>,
    /// The run in which a killed process served others, and its task.
    pub(crate) served: Option<(u64, usize)>,
}

impl Fault {
    /// A fault without a place.
    pub(crate) fn new(kind: Kind, accepted: &'static [&'static str], strength: Strength) -> Self {
        Self {
            kind,
            accepted,
            from: 0.0,
            to: 0.0,
            endpoint: None,
            host: None,
            tasks: Vec::new(),
            share: strength.share(),
            capacity: 0.0,
            look: Look::Reset,
            bursts: Vec::new(),
            served: None,
        }
    }

    /// Whether an instant is in its time.
    fn holds_at(&self, at: f64) -> bool {
        at >= self.from && at < self.to
    }

    fn is_at(&self, call: &Call) -> bool {
        self.endpoint == Some(call.endpoint)
    }

    /// How much longer it makes a call.
    pub(crate) fn slows(&self, call: &Call) -> f64 {
        match self.kind {
            Kind::Overload | Kind::SlowDependency => server::slows(self, call),
            _ => 1.0,
        }
    }

    /// What it does to a call.
    pub(crate) fn on_call(&self, call: &Call, world: &World, rng: &mut Rng) -> Option<Blow> {
        match self.kind {
            Kind::Overload => server::overload(self, call, rng),
            Kind::Restart => server::restart(self, call, world, rng),
            Kind::Maintenance => server::maintenance(self, call, world, rng),
            Kind::RateLimit => server::rate_limit(self, call, rng),
            Kind::SlowDependency => server::slow(self, call, rng),
            Kind::CertExpiry => server::expired(self, call, rng),
            Kind::IdleCut => network::idle_cut(self, call, rng),
            Kind::HostNetwork => network::host(self, call, rng),
            Kind::Dns => network::dns(self, call, rng),
            Kind::MemoryKill | Kind::DagBug | Kind::BadDeploy => None,
        }
    }

    /// What it does to a try, whatever that calls.
    pub(crate) fn on_try(&self, row: &Row, world: &World, rng: &mut Rng) -> Option<Strike> {
        match self.kind {
            Kind::MemoryKill => process::kill(self, row, world, rng),
            Kind::DagBug | Kind::BadDeploy => code::strike(self, row, rng),
            _ => None,
        }
    }
}

/// What must be so in the world before a fault can strike there: a firewall cuts idle connections only where there are some.
pub(crate) fn prepare(kind: Kind, world: &mut World, strength: Strength, rng: &mut Rng) {
    if kind == Kind::IdleCut {
        network::prepare_idle_cut(world, strength, rng);
    }
}

/// Finds a place for a fault in what a world does without it; at a given time, where that is asked for.
pub(crate) fn place(
    kind: Kind,
    world: &World,
    quiet: &Played,
    strength: Strength,
    around: Option<(f64, f64)>,
    rng: &mut Rng,
) -> Option<Fault> {
    let scene = Scene { world, quiet, strength, around };
    match kind {
        Kind::Overload => server::place_overload(&scene, rng),
        Kind::Restart => server::place_restart(&scene, rng),
        Kind::Maintenance => server::place_maintenance(&scene, rng),
        Kind::RateLimit => server::place_rate_limit(&scene, rng),
        Kind::SlowDependency => server::place_slow(&scene, rng),
        Kind::CertExpiry => server::place_expiry(&scene, rng),
        Kind::IdleCut => network::place_idle_cut(&scene),
        Kind::HostNetwork => network::place_host(&scene, rng),
        Kind::Dns => network::place_dns(&scene, rng),
        Kind::MemoryKill => process::place(&scene, rng),
        Kind::DagBug => code::place_bug(&scene, rng),
        Kind::BadDeploy => code::place_deploy(&scene, rng),
    }
}

/// Where a place is looked for.
struct Scene<'a> {
    world: &'a World,
    quiet: &'a Played,
    strength: Strength,
    around: Option<(f64, f64)>,
}

impl Scene<'_> {
    /// An instant near which something happens: a little before some call.
    fn moment(&self, rng: &mut Rng) -> Option<(f64, &Call)> {
        let calls: Vec<&Call> = match self.around {
            Some((from, to)) => self.quiet.calls.iter().filter(|call| call.begin >= from && call.begin < to).collect(),
            None => Vec::new(),
        };
        let call = match self.around {
            Some(_) if calls.is_empty() => return None,
            Some(_) => *rng.pick(&calls),
            None if self.quiet.calls.is_empty() => return None,
            None => rng.pick(&self.quiet.calls),
        };
        Some((call.begin, call))
    }

    /// Of many candidates the one whose number of hits is wanted, or comes nearest to it.
    fn best(&self, rng: &mut Rng, mut draw: impl FnMut(&mut Rng) -> Option<(Fault, f64)>) -> Option<Fault> {
        let (least, most) = self.strength.hits();
        let far = |hits: f64| if hits < least { least - hits } else { (hits - most).max(0.0) };
        let mut best: Option<(Fault, f64)> = None;
        for _ in 0..60 {
            let Some((fault, hits)) = draw(rng) else { continue };
            if hits >= 2.0 && best.as_ref().is_none_or(|(_, other)| far(hits) < far(*other)) {
                best = Some((fault, hits));
                if far(hits) == 0.0 {
                    break;
                }
            }
        }
        best.map(|(fault, _)| fault)
    }

    /// How many calls a fault would hit.
    fn count(&self, mut hit: impl FnMut(&Call) -> bool) -> f64 {
        self.quiet.calls.iter().filter(|call| hit(call)).count() as f64
    }
}
