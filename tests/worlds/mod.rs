//! A simulator of Airflow installations with known faults: the examiner of the correlation and of the ranking of causes.
//!
//! It makes attempt tables, as joining the logs would, of worlds in which one or several faults strike, and knows which attempts belong
//! to which. It imports the program's types and no constant of its correlation or ranking: neither side may be fitted to the other.
//! The same seed gives the same world, everywhere.

pub(crate) mod attempt;
pub(crate) mod crowd;
pub(crate) mod faults;
pub(crate) mod looks;
pub(crate) mod measure;
pub(crate) mod play;
pub(crate) mod rng;
pub(crate) mod shapes;
pub(crate) mod world;

use dagnosis::attempt::Attempt;
use dagnosis::rule::RuleSet;
use dagnosis::scan::Names;

use faults::{Fault, Kind};
use rng::Rng;
use world::{Noise, Size, Strength, World};

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The faults, in the order in which they strike a call that several of them would hit; none: nothing is wrong but chance.
    pub(crate) faults: Vec<Kind>,
    pub(crate) strength: Strength,
    pub(crate) noise: Noise,
    /// How many tries each task has; `None`: it differs.
    pub(crate) tries: Option<u32>,
    /// Whether the faults strike at the same time.
    pub(crate) together: bool,
}

impl Plan {
    /// One fault of the strength that the seed gives.
    pub(crate) fn one(seed: u64, fault: Option<Kind>, noise: Noise) -> Self {
        let strength = Strength::ALL[(seed % 3) as usize];
        Self { seed, faults: fault.into_iter().collect(), strength, noise, tries: None, together: false }
    }
}

/// A world with its attempt table and what is known of it.
#[derive(Debug)]
pub(crate) struct Made {
    /// The instant from which the faults count their seconds, in microseconds since 1970.
    pub(crate) epoch: i64,
    pub(crate) faults: Vec<Fault>,
    /// The endpoint that the last fault strikes, by its name, if it strikes one.
    pub(crate) place: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    /// For each attempt the fault that it belongs to.
    pub(crate) truth: Vec<Option<usize>>,
    /// For each attempt whether it failed and left no log, so that it counts neither way.
    pub(crate) lost: Vec<bool>,
}

/// How often another world is tried when a fault finds no place in one, or too few victims.
const WORLDS_MAX: u64 = 60;

/// The fewest attempts that a fault must hit to be one.
const HITS_MIN: usize = 3;

impl Made {
    /// The attempts of a fault.
    pub(crate) fn of(&self, truth: usize) -> impl Iterator<Item = usize> {
        self.truth.iter().enumerate().filter(move |(_, of)| **of == Some(truth)).map(|(row, _)| row)
    }

    /// Draws worlds until one holds what is wanted.
    ///
    /// Panics when none does, which a test should hear of.
    pub(crate) fn of_plan(plan: &Plan, rules: &RuleSet) -> Self {
        (0..WORLDS_MAX)
            .find_map(|draw| Self::draw(plan, plan.seed.wrapping_mul(1_000_003).wrapping_add(draw), rules))
            .unwrap_or_else(|| panic!("no world holds {plan:?}"))
    }

    fn draw(plan: &Plan, seed: u64, rules: &RuleSet) -> Option<Self> {
        let days = plan.faults.iter().map(|kind| kind.days()).max().unwrap_or(1);
        let hosts = plan.faults.iter().map(|kind| kind.hosts()).min().unwrap_or(40);
        let size = Size { daily: (200.0, 2500.0), hosts: (3, hosts), days, dags: 60 };
        let mut world = World::draw(seed, plan.noise, size, plan.tries);
        let mut rng = Rng::of(seed, &[8]);
        for kind in &plan.faults {
            faults::prepare(*kind, &mut world, plan.strength, &mut rng);
        }
        let quiet = play::play(&world, &[], 0.0);
        let mut placed: Vec<Fault> = Vec::new();
        for kind in &plan.faults {
            let around = placed.first().filter(|_| plan.together).map(|first| (first.from, first.to));
            placed.push(faults::place(*kind, &world, &quiet, plan.strength, around, &mut rng)?);
        }
        let made = Self::played(&world, placed, plan.noise.background(), rules);
        (0..made.faults.len()).all(|truth| made.of(truth).count() >= HITS_MIN).then_some(made)
    }

    /// Plays a world with its faults and with failures of its own of some probability, and makes its table.
    pub(crate) fn played(world: &World, placed: Vec<Fault>, background: f64, rules: &RuleSet) -> Self {
        let rows = play::play(world, &placed, background).rows;
        Self::of_rows(world, placed, rows, rules)
    }

    /// The table that tries leave.
    pub(crate) fn of_rows(world: &World, placed: Vec<Fault>, rows: Vec<play::Row>, rules: &RuleSet) -> Self {
        let maker = attempt::Maker::new(world, rules);
        let mut names = Names::default();
        let mut known: Vec<attempt::Known> = Vec::with_capacity(rows.len() + 1);
        let made = rows.iter().map(|row| maker.attempt(row)).chain(maker.components(&rows));
        known.extend(made.map(|mut known| {
            attempt::share(&mut known.attempt, &mut names);
            known
        }));
        drop(rows);
        attempt::complete(&mut known, rules);
        let name = |known: &attempt::Known| (known.attempt.path.clone(), known.attempt.task.clone());
        known.sort_by_cached_key(name);
        let (truth, lost) = known.iter().map(|known| (known.truth, known.lost)).unzip();
        let place = placed.last().and_then(|fault| fault.endpoint).map(|endpoint| world.endpoints[endpoint].key());
        Self { epoch: world.epoch, place, faults: placed, truth, lost, attempts: known.into_iter().map(|known| known.attempt).collect() }
    }
}
