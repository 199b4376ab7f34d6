//! Plays a world: its tries in the order of time, each with its calls, what the faults do to them, and the tries that follow a failure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::faults::{Blow, Fault};
use super::looks::Look;
use super::rng::Rng;
use super::world::{DAY, World};

/// A call that a try makes.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) dag: usize,
    pub(crate) task: usize,
    pub(crate) host: usize,
    pub(crate) endpoint: usize,
    /// When it begins and when its answer is there, in seconds of the world.
    pub(crate) begin: f64,
    pub(crate) end: f64,
    /// Whether it opens a connection rather than use one that it has.
    pub(crate) fresh: bool,
    /// How long the connection was idle before.
    pub(crate) pause: Option<f64>,
    /// The client's own time limit.
    pub(crate) timeout: Option<f64>,
    /// How many tries used the endpoint then.
    pub(crate) load: usize,
}

/// How a try failed.
#[derive(Debug, Clone)]
pub(crate) struct Failing {
    pub(crate) look: Look,
    pub(crate) at: f64,
    /// The call that failed, where one did.
    pub(crate) call: Option<Call>,
    /// The endpoint of that call where it is not one of the world's own.
    pub(crate) peer: Option<String>,
    /// The fault that did it, by its number; `None`: a failure of its own.
    pub(crate) truth: Option<usize>,
}

/// A try as it came out.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) dag: usize,
    pub(crate) task: usize,
    /// Which run of the DAG: scheduled ones count from 0, those of a backfill from a million.
    pub(crate) run: u64,
    pub(crate) number: u32,
    pub(crate) host: usize,
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// When its first call began and had its answer, where it had one.
    pub(crate) first_call: Option<(f64, f64)>,
    pub(crate) failing: Option<Failing>,
    /// Whether another try may follow.
    pub(crate) retried: bool,
}

/// What a world came to.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) rows: Vec<Row>,
    pub(crate) calls: Vec<Call>,
}

/// The first run of a backfill.
pub(crate) const BACKFILL: u64 = 1_000_000;

/// A try that is to come, ordered by its time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Coming {
    /// In microseconds.
    at: i64,
    dag: usize,
    run: u64,
    task: usize,
    number: u32,
}

/// Plays it, with failures of its own of some probability.
pub(crate) fn play(world: &World, faults: &[Fault], background: f64) -> Played {
    let mut coming = BinaryHeap::new();
    for (number, dag) in world.dags.iter().enumerate() {
        let mut at = dag.offset;
        let mut run = 0;
        while at < world.length() {
            push_run(world, number, run, at, &mut coming);
            at += dag.period;
            run += 1;
        }
    }
    for burst in faults.iter().flat_map(|fault| &fault.bursts) {
        for (copy, at) in burst.starts.iter().enumerate() {
            push_run(world, burst.dag, BACKFILL + copy as u64, *at, &mut coming);
        }
    }
    let mut played = Played::default();
    let mut failed: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    let mut busy: Vec<BinaryHeap<Reverse<i64>>> = world.endpoints.iter().map(|_| BinaryHeap::new()).collect();
    while let Some(Reverse(next)) = coming.pop() {
        let task = &world.dags[next.dag].tasks[next.task];
        // What stands behind a failed task does not run.
        if failed.get(&(next.dag, next.run)).is_some_and(|stage| task.stage > *stage) {
            continue;
        }
        let load = task.endpoint.map_or(0, |endpoint| {
            let ends = &mut busy[endpoint];
            while ends.peek().is_some_and(|Reverse(end)| *end <= next.at) {
                ends.pop();
            }
            ends.len() + 1
        });
        let row = one(world, faults, background, &next, load, &mut played.calls);
        if let Some(endpoint) = task.endpoint {
            busy[endpoint].push(Reverse((row.end * 1e6) as i64));
        }
        if row.retried {
            let at = ((row.end + task.delay) * 1e6) as i64;
            coming.push(Reverse(Coming { at, number: next.number + 1, ..next }));
        } else if row.failing.is_some() {
            let stage = failed.entry((next.dag, next.run)).or_insert(task.stage);
            *stage = task.stage.min(*stage);
        }
        played.rows.push(row);
    }
    played
}

fn push_run(world: &World, dag: usize, run: u64, at: f64, coming: &mut BinaryHeap<Reverse<Coming>>) {
    let late = Rng::of(world.seed, &[2, dag as u64, run]).between(1.0, 20.0);
    for (number, task) in world.dags[dag].tasks.iter().enumerate() {
        let queued = Rng::of(world.seed, &[3, dag as u64, run, number as u64]).spread(0.3, 6.0);
        let at = at + late + queued + world.dags[dag].step * task.stage as f64;
        coming.push(Reverse(Coming { at: (at * 1e6) as i64, dag, run, task: number, number: 1 }));
    }
}

/// One try.
fn one(world: &World, faults: &[Fault], background: f64, next: &Coming, load: usize, calls: &mut Vec<Call>) -> Row {
    let keys = [4, next.dag as u64, next.run, next.task as u64, u64::from(next.number)];
    let mut rng = Rng::of(world.seed, &keys);
    let task = &world.dags[next.dag].tasks[next.task];
    let host = rng.below(world.hosts.len());
    let start = next.at as f64 / 1e6;
    let work = task.work * rng.between(0.7, 1.4);
    let mut row = Row {
        dag: next.dag,
        task: next.task,
        run: next.run,
        number: next.number,
        host,
        start,
        end: start + work,
        first_call: None,
        failing: None,
        retried: false,
    };
    let mut chance = Rng::of(world.seed, &[5, keys[1], keys[2], keys[3], keys[4]]);
    let (mut at, mut open) = (start + rng.between(0.5, 3.0) + work * rng.between(0.0, 0.2), false);
    let second = task.pause.filter(|_| task.session);
    for pause in [None, second.map(|pause| pause * rng.between(0.98, 1.1))].into_iter().take(1 + usize::from(second.is_some())) {
        let Some(endpoint) = task.endpoint.filter(|_| row.failing.is_none()) else { break };
        let begin = at + pause.unwrap_or(0.0);
        let taken = world.endpoints[endpoint].latency * rng.spread(0.3, 3.0);
        let mut call = Call {
            dag: next.dag,
            task: next.task,
            host,
            endpoint,
            begin,
            end: begin + taken,
            fresh: !open,
            pause,
            timeout: task.timeout,
            load,
        };
        let slower: f64 = faults.iter().map(|fault| fault.slows(&call)).fold(1.0, f64::max);
        // A client's own limit would end an ordinary call only if it were set too low; here it is not.
        let longest = call.timeout.unwrap_or(f64::INFINITY) * 0.9;
        call.end = begin + (taken * slower).min(longest.max(taken.min(longest)));
        let blow = faults.iter().enumerate().find_map(|(truth, fault)| Some((truth, fault.on_call(&call, world, &mut chance)?)));
        row.first_call = row.first_call.or(Some((begin, call.end)));
        (at, open) = (call.end, task.session);
        if let Some((truth, Blow { look, after })) = blow {
            row.failing = Some(Failing { look, at: begin + after, call: Some(call.clone()), peer: None, truth: Some(truth) });
        }
        calls.push(call);
    }
    row.end = row.failing.as_ref().map_or((start + work).max(at + 0.5), |failing| failing.at);
    // A kill ends a try whatever it does.
    let struck = faults.iter().enumerate().find_map(|(truth, fault)| Some((truth, fault.on_try(&row, world, &mut chance)?)));
    if let Some((truth, strike)) = struck.filter(|(_, strike)| strike.at < row.end) {
        row.failing = Some(Failing { look: strike.look, at: strike.at, call: None, peer: strike.peer, truth: Some(truth) });
    }
    if row.failing.is_none() && chance.chance(background) {
        row.failing = Some(by_itself(&row, calls, &mut chance));
    }
    if let Some(failing) = &row.failing {
        row.end = failing.at + chance.between(0.05, 0.8);
    }
    row.retried = row.failing.is_some() && next.number < task.tries && row.end < world.length() + DAY;
    row
}

/// A failure that has nothing to do with any other.
fn by_itself(row: &Row, calls: &[Call], rng: &mut Rng) -> Failing {
    // The calls of this try stand at the end.
    let own = calls.iter().rev().take_while(|call| (call.dag, call.task) == (row.dag, row.task) && call.begin >= row.start);
    let own: Vec<&Call> = own.filter(|_| row.first_call.is_some()).collect();
    if !own.is_empty() && rng.chance(0.4) {
        let call = *rng.pick(&own);
        let look = rng.weighed(&Look::BLIPS);
        let after = match look {
            Look::ReadTimeout | Look::ConnectTimeout => call.timeout.unwrap_or(60.0),
            _ => rng.between(0.01, call.end - call.begin),
        };
        return Failing { look, at: call.begin + after, call: Some(call.clone()), peer: None, truth: None };
    }
    Failing { look: rng.weighed(&Look::ANYWHERE), at: rng.between(row.start + 0.4, row.end), call: None, peer: None, truth: None }
}
