//! The one place that makes the program's attempts of the simulator's rows: what is left of each in its log, in this world's dialect.

use dagnosis::attempt::{Attempt, Failure, Location, Role, Shown};
use dagnosis::record::{Bound, Bounded, Call, Connection, Dialect, Endpoint, Facts, Outcome, Target, Timeout, TimeoutKind};
use dagnosis::rule::{RuleSet, SymptomIx};
use dagnosis::scan::{Ending, EndpointUse, Names};
use dagnosis::source::{Kind, TaskInstance};
use dagnosis::time::{Span, Timestamp};

use super::looks::Look;
use super::play::{BACKFILL, Failing, Row};
use super::rng::Rng;
use super::world::{Library, Task, World};

/// After so many seconds without a heartbeat the scheduler gives a task up.
const HEARTBEAT: f64 = 300.0;

/// An attempt with what the examiner knows of it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) attempt: Attempt,
    /// The fault that it belongs to, by its number.
    pub(crate) truth: Option<usize>,
    /// It failed, and its log is lost, so that nobody can be asked why.
    pub(crate) lost: bool,
}

/// Puts the parts together, whatever the program keeps them in.
fn put<T>(value: impl Into<T>) -> T {
    value.into()
}

/// What all attempts of a world have in common.
pub(crate) struct Maker<'a> {
    world: &'a World,
    rules: &'a RuleSet,
    /// Whether the kernel's log, and the scheduler's, were given too.
    kernel: bool,
    scheduler: bool,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(world: &'a World, rules: &'a RuleSet) -> Self {
        let mut rng = Rng::of(world.seed, &[6]);
        Self { world, rules, kernel: rng.chance(0.3), scheduler: rng.chance(0.7) }
    }

    fn symptom(&self, id: &str) -> SymptomIx {
        self.rules.symptom(id).unwrap_or_else(|| panic!("no symptom has the id {id}"))
    }

    /// An instant by the clock of a host.
    fn time(&self, host: usize, at: f64) -> Timestamp {
        let unit = if self.world.json { 1e6 } else { 1e3 };
        let local = (at + self.world.hosts[host].skew) * unit;
        Timestamp(self.world.epoch + local.round() as i64 * (1e6 / unit) as i64)
    }

    /// The attempt that a row leaves.
    pub(crate) fn attempt(&self, row: &Row) -> Known {
        let dag = &self.world.dags[row.dag];
        let task = &dag.tasks[row.task];
        let keys = [7, row.dag as u64, row.run, row.task as u64, u64::from(row.number)];
        let mut rng = Rng::of(self.world.seed, &keys);
        let noise = self.world.noise;
        let has_log = !rng.chance(noise.without_log());
        let host = (!rng.chance(noise.without_host())).then(|| put(self.world.hosts[row.host].name.as_str()));
        let run = match row.run.checked_sub(BACKFILL) {
            Some(copy) => format!("backfill__{copy:04}"),
            None => {
                let at = dag.offset + dag.period * row.run as f64;
                format!("scheduled__{}", Timestamp(self.world.epoch + (at * 1e6) as i64))
            }
        };
        let path = match has_log {
            true => format!("logs/dag_id={}/run_id={run}/task_id={}/attempt={}.log", dag.id, task.id, row.number),
            false => "task_instance.csv".to_owned(),
        };
        let outcome = match &row.failing {
            None => Outcome::Success,
            Some(_) if row.retried => Outcome::UpForRetry,
            Some(_) => Outcome::Failed,
        };
        let mut attempt = Attempt {
            path: put(path),
            member: None,
            kind: Kind::Task,
            dialect: if self.world.json { Dialect::Json } else { Dialect::Text },
            task: TaskInstance {
                dag_id: Some(put(dag.id.as_str())),
                run_id: Some(put(run)),
                task_id: Some(put(task.id.as_str())),
                map_index: None,
                try_number: Some(row.number),
            },
            host,
            pid: has_log.then(|| 1000 + rng.below(30_000) as u32),
            operator: Some(put(task.operator)),
            queue: Some(put(task.queue)),
            pool: None,
            return_code: None,
            executions: 1,
            copy_of: None,
            in_stream: false,
            started: Some(self.time(row.host, row.start)),
            ended: Some(self.time(row.host, row.end)),
            outcome,
            outcome_because: "the log says so".into(),
            has_log,
            ending: if has_log { Ending::Verdict } else { Ending::Silent },
            symptoms: Vec::new(),
            failure: None,
            endpoints: Default::default(),
            endpoints_cut: false,
            versions: Vec::new(),
        };
        let Some(failing) = row.failing.as_ref().filter(|_| has_log) else {
            if row.failing.is_some() {
                let failure = Failure { line: 1, time: attempt.ended, running_for: Some(span(row.end - row.start)), ..Failure::default() };
                attempt.failure = Some(put(failure));
            } else if has_log {
                attempt.return_code = (!self.world.json).then_some(0);
                self.healthy(row, task, &mut attempt);
            }
            return Known { lost: row.failing.is_some(), truth: None, attempt };
        };
        self.fail(row, failing, &mut attempt, &mut rng);
        Known { truth: failing.truth, lost: false, attempt }
    }

    /// What a healthy log shows: its verdict, and the endpoint where its code names it.
    fn healthy(&self, row: &Row, task: &Task, attempt: &mut Attempt) {
        if !self.world.json {
            attempt.symptoms.push(self.shown("task-marked-success", 14, attempt.ended, Role::Incidental));
        }
        if let (Some(endpoint), Some((begin, end))) = (task.endpoint.filter(|_| task.announces), row.first_call) {
            let count = 1 + u32::from(task.pause.is_some() && task.session);
            let answered = task.chatty.then(|| self.time(row.host, end));
            let first = Some(self.time(row.host, begin));
            let used = EndpointUse { count, first, last: answered.or(first), answered };
            attempt.endpoints.add(self.world.endpoints[endpoint].key().into(), used);
        }
    }

    fn fail(&self, row: &Row, failing: &Failing, attempt: &mut Attempt, rng: &mut Rng) {
        let dag = &self.world.dags[row.dag];
        let task = &dag.tasks[row.task];
        let noise = self.world.noise;
        let look = match failing.look.neighbours() {
            near if !near.is_empty() && rng.chance(noise.neighbour()) => *rng.pick(near),
            _ => failing.look,
        };
        let late = if rng.chance(noise.late()) { rng.spread(0.2, 4.0) } else { 0.0 };
        // A log that just stops has its last line before its process was killed.
        let quiet = if look == Look::Stopped { rng.between(0.0, 10.0).min((failing.at - row.start) * 0.5) } else { 0.0 };
        let at = failing.at + late - quiet;
        let time = Some(self.time(row.host, at));
        attempt.ended = if look == Look::Stopped { time } else { Some(self.time(row.host, (row.end + late).max(at))) };
        let called = self.called(failing);
        let known = called.as_ref().filter(|_| look.is_call());
        let named = known.filter(|_| look.names_endpoint(task.library));
        let url = known.map(|(host, port)| format!("http://{host}:{port}/v1/rows")).unwrap_or_default();
        let facts = facts(look, task, named, &url);
        let mut shown = vec![self.symptom(look.symptom())];
        let line = 20 + rng.below(60) as u32;
        let excerpt = look.excerpt(task, &url);
        attempt.symptoms.push(self.shown(look.symptom(), line, time, Role::Fatal));
        match look {
            Look::Killed => {
                (attempt.ending, attempt.return_code) = (Ending::Killed, Some(-9));
                if self.kernel && failing.truth.is_some() {
                    let kernel = self.shown("oom-killer", line, None, Role::Fatal);
                    shown.push(kernel.symptom);
                    attempt.symptoms.push(Shown { elsewhere: Some(Box::new(self.elsewhere("kernel.log", 7))), ..kernel });
                }
            }
            Look::Stopped => {
                attempt.ending = Ending::Silent;
                if self.scheduler {
                    let missed = Some(self.time(row.host, at + HEARTBEAT));
                    let zombie = self.shown("zombie-detected", line, missed, Role::Fatal);
                    shown.push(zombie.symptom);
                    attempt.symptoms.push(Shown { elsewhere: Some(Box::new(self.elsewhere("scheduler.log", 40))), ..zombie });
                }
            }
            _ if self.world.json => attempt.ending = Ending::Exception,
            _ => {
                attempt.return_code = Some(1);
                attempt.symptoms.push(self.shown("task-marked-failed", line + 1, attempt.ended, Role::Contributing));
            }
        }
        let announced = task.announces && known.is_some();
        let endpoint = known.map(|(host, port)| format!("{host}:{port}")).filter(|_| announced || named.is_some());
        let times = Times::of(row, failing, task, announced, late, rng);
        if let Some(key) = endpoint.as_ref().filter(|_| announced) {
            let paused = times.again;
            let answered = row.first_call.filter(|_| paused && task.chatty).map(|(_, end)| self.time(row.host, end));
            let first = row.first_call.map_or(times.begin, |(begin, _)| begin.min(times.begin));
            let used = EndpointUse {
                count: 1 + u32::from(paused),
                first: Some(self.time(row.host, first)),
                last: Some(self.time(row.host, times.begin)),
                answered,
            };
            attempt.endpoints.add(key.as_str().into(), used);
        }
        let chain = look.chain(task, &dag.id, &url, self.world.json);
        let frames = if chain.is_empty() { Vec::new() } else { vec![put(format!("{}.py:{}", dag.id, task.id))] };
        attempt.failure = Some(put(Failure {
            symptom: shown.first().copied(),
            shown,
            line,
            elsewhere: None,
            time,
            excerpt: put(excerpt),
            chain,
            frames,
            endpoint: endpoint.map(put),
            call: call(look, task, named, &times),
            running_for: Some(span(at - row.start)),
            facts,
        }));
    }

    /// Where the failing call went.
    fn called(&self, failing: &Failing) -> Option<(String, u16)> {
        if let Some(peer) = &failing.peer {
            let (host, port) = peer.split_once(':')?;
            return Some((host.to_owned(), port.parse().ok()?));
        }
        let endpoint = &self.world.endpoints[failing.call.as_ref()?.endpoint];
        Some((endpoint.host.clone(), endpoint.port))
    }

    fn shown(&self, id: &str, line: u32, time: Option<Timestamp>, role: Role) -> Shown {
        Shown { symptom: self.symptom(id), line, time, role, endpoint: None, elsewhere: None }
    }

    fn elsewhere(&self, file: &str, line: u32) -> Location {
        Location { path: put(format!("logs/components/{file}")), member: None, line }
    }

    /// The scheduler's own log, as a row of the table, if it tells of a missed heartbeat.
    pub(crate) fn components(&self, rows: &[Row]) -> Vec<Known> {
        let stopped: Vec<&Row> =
            rows.iter().filter(|row| row.failing.as_ref().is_some_and(|failing| failing.look == Look::Stopped)).collect();
        if !self.scheduler || stopped.is_empty() {
            return Vec::new();
        }
        let time = |at: f64| Some(Timestamp(self.world.epoch + (at * 1e6) as i64));
        let zombie = |row: &Row| self.shown("zombie-detected", 40, time(row.end + HEARTBEAT), Role::Incidental);
        let attempt = Attempt {
            path: put("logs/components/scheduler.log"),
            member: None,
            kind: Kind::Scheduler,
            dialect: if self.world.json { Dialect::Json } else { Dialect::Text },
            task: TaskInstance::default(),
            host: None,
            pid: None,
            operator: None,
            queue: None,
            pool: None,
            return_code: None,
            executions: 0,
            copy_of: None,
            in_stream: false,
            started: time(0.0),
            ended: time(self.world.length()),
            outcome: Outcome::Unknown,
            outcome_because: "a scheduler log is no attempt".into(),
            has_log: true,
            ending: Ending::Silent,
            symptoms: stopped.into_iter().map(zombie).collect(),
            failure: None,
            endpoints: Default::default(),
            endpoints_cut: false,
            versions: Vec::new(),
        };
        vec![Known { attempt, truth: None, lost: false }]
    }
}

/// What the lines of a log tell about the time of a call.
struct Times {
    begin: f64,
    elapsed: Bounded,
    silence: Bounded,
    idle: Option<Bounded>,
    /// Whether the same session was used before.
    again: bool,
    announced: bool,
}

impl Times {
    fn of(row: &Row, failing: &Failing, task: &Task, announced: bool, late: f64, rng: &mut Rng) -> Self {
        let at = failing.at + late;
        let begin = failing.call.as_ref().map_or_else(|| (at - rng.spread(0.1, 3.0)).max(row.start + 0.35), |call| call.begin);
        let first = row.first_call.filter(|_| failing.call.as_ref().is_some_and(|call| call.pause.is_some()));
        // The last line before the call that does not announce it.
        let before = match (first, task.chatty) {
            (Some((_, answered)), true) => answered,
            (Some((asked, _)), false) if announced => asked,
            (None, true) => (begin - rng.between(0.02, 0.5)).max(row.start + 0.3),
            _ => row.start + 0.3,
        };
        let exact = |seconds: f64| Bounded { span: span(seconds.max(0.0)), bound: Bound::Exact };
        let at_most = |seconds: f64| Bounded { span: span(seconds.max(0.0)), bound: Bound::AtMost };
        let (elapsed, silence) = match announced {
            true => (exact(at - begin), exact(begin - before)),
            false => (at_most(at - before), at_most(at - before)),
        };
        let idle = first.filter(|_| announced && task.chatty).map(|(_, answered)| exact(begin - answered));
        Self { begin, elapsed, silence, idle, again: first.is_some(), announced }
    }
}

fn facts(look: Look, task: &Task, named: Option<&(String, u16)>, url: &str) -> Facts {
    let status = match look {
        Look::Status(status) => Some(status),
        _ => None,
    };
    let by_url = matches!(look, Look::Status(_) | Look::Limited);
    let address = named.filter(|_| !by_url);
    let timeout = task.timeout.filter(|_| named.is_some() && matches!(look, Look::ReadTimeout | Look::ConnectTimeout));
    Facts {
        host: address.map(|(host, _)| put(host.as_str())),
        port: address.map(|(_, port)| *port),
        url: named.filter(|_| status.is_some()).map(|_| put(url)),
        status,
        timeout: timeout.map(span),
        errno: look.errno(),
        signal: (look == Look::Killed).then_some(9),
        ..Facts::default()
    }
}

fn call(look: Look, task: &Task, named: Option<&(String, u16)>, times: &Times) -> Call {
    if matches!(look, Look::Killed | Look::Stopped) {
        return Call::default();
    }
    if !look.is_call() {
        return Call { elapsed: Some(times.elapsed), silence: Some(times.silence), ..Call::default() };
    }
    let answered = matches!(look, Look::Status(_) | Look::Limited);
    let connection = match task.session {
        _ if times.again && times.announced => Some(Connection::Reused),
        _ if answered => None,
        true => Some(Connection::Session),
        false => Some(Connection::OneShot),
    };
    let kind = match look {
        Look::ReadTimeout => Some(TimeoutKind::Read),
        Look::ConnectTimeout => Some(TimeoutKind::Connect),
        _ => None,
    };
    let limit = task.timeout.filter(|_| named.is_some() && task.library == Library::Requests).map(span);
    Call {
        endpoint: named.map(|(host, port)| Endpoint {
            target: Target::Address { host: put(host.as_str()), port: Some(*port) },
            path: Some(put("/v1/rows")),
        }),
        method: (task.library != Library::Urllib && !answered).then(|| put("POST")),
        library: Some(match task.library {
            Library::Requests => "requests",
            Library::Urllib => "urllib",
            Library::Httpx => "httpx",
        }),
        phase: look.phase(),
        connection,
        timeout: kind.filter(|_| limit.is_some()).map(|kind| Timeout { limit, kind: Some(kind) }),
        elapsed: Some(times.elapsed),
        idle: times.idle,
        silence: Some(times.silence),
        ..Call::default()
    }
}

/// Lets an attempt have its names in common with the others, as the scan and the joining of logs do.
pub(crate) fn share(attempt: &mut Attempt, names: &mut Names) {
    let task = &mut attempt.task;
    names.share_all([&mut task.dag_id, &mut task.run_id, &mut task.task_id]);
    names.share_all([&mut attempt.host, &mut attempt.operator, &mut attempt.queue, &mut attempt.pool]);
    names.share(&mut attempt.outcome_because);
    names.of_endpoints(&mut attempt.endpoints);
    attempt.symptoms.shrink_to_fit();
}

fn span(seconds: f64) -> Span {
    Span::from_secs_f64(seconds)
}

/// Gives failures that name no endpoint the one that all other attempts of their task name, as joining the logs does.
pub(crate) fn complete(all: &mut [Known], rules: &RuleSet) {
    use std::collections::BTreeMap;
    let task_of = |known: &Known| {
        known.attempt.task.dag_id.as_ref().zip(known.attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}"))
    };
    let mut only: BTreeMap<String, Option<String>> = BTreeMap::new();
    for known in all.iter() {
        let Some(task) = task_of(known) else { continue };
        let failing = known.attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
        for endpoint in known.attempt.endpoints.keys().chain(failing) {
            let endpoint = endpoint.to_string();
            only.entry(task.clone())
                .and_modify(|one| {
                    if one.as_deref() != Some(&endpoint) {
                        *one = None;
                    }
                })
                .or_insert_with(|| Some(endpoint.clone()));
        }
    }
    for known in all.iter_mut() {
        let Some(one) = task_of(known).and_then(|task| only.get(&task).cloned().flatten()) else { continue };
        if let Some(failure) = known.attempt.failure.as_mut()
            && failure.endpoint.is_none()
            && failure
                .symptom
                .is_some_and(|symptom| matches!(rules.symptoms[symptom].category.as_str(), "network" | "timeout" | "tls" | "http" | "dns"))
        {
            failure.endpoint = Some(put(one));
        }
    }
}
