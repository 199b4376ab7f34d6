//! Which attempt a component's log speaks of: by task instance and try, by the ids of executors, by process and host, by time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::record::About;
use crate::scan::packed::{Manner, Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Ending, Mention, Observation};
use crate::source::{Kind, TaskInstance, is_bare_date, run_date};
use crate::time::{Span, Timestamp};

/// What is said of an attempt, and in which log.
pub(super) type Said<'a> = (&'a Observation, &'a Mention);

/// A task instance without its try. DAG and task are one text, for where one ends and the other begins cannot always be told.
type Instance = (String, Option<Arc<str>>, Option<i32>);

/// A task instance by its logical date.
type Dated = (String, Timestamp, Option<i32>);

/// A try with its run, and whether that is known by its date alone.
type TryOfRun = (Option<Arc<str>>, bool, Try);

/// A try of an instance: when it began, its number, its row.
type Try = (Option<Timestamp>, Option<u32>, usize);

/// A clock may be this much behind another.
const CLOCK_SKEW_MAX: Span = Span::seconds(2);

/// How long after its last line an attempt's process may have been killed, or before.
const KILL_NEAR_END: Span = Span::seconds(600);

/// What component logs say of each attempt, and what they say of attempts that have no log.
pub(super) struct Mentions<'a> {
    of_attempt: BTreeMap<usize, Vec<Said<'a>>>,
    /// What is said of task instances of which no log was scanned, by instance and try.
    pub(super) without_log: BTreeMap<(TaskInstance, Option<u32>), Vec<Said<'a>>>,
    /// What is said of processes alone.
    of_process: Vec<Said<'a>>,
}

impl<'a> Mentions<'a> {
    /// Finds the attempt that each mention in one of the logs speaks of. `is_attempt` says which rows are attempts of their own.
    pub(super) fn of(packed: &Packed, logs: &'a [Observation], is_attempt: &dyn Fn(usize) -> bool) -> Self {
        let mut all = Self { of_attempt: BTreeMap::new(), without_log: BTreeMap::new(), of_process: Vec::new() };
        let ids = tasks_by_id(logs);
        let mut of_task: Vec<(Said<'a>, &TaskInstance, Instance)> = Vec::new();
        for (log, mention) in logs.iter().flat_map(|log| log.mentions.iter().map(move |mention| (log, mention))) {
            let about = &mention.about;
            let by_id = || about.ids.iter().find_map(|id| ids.get(id.as_str()));
            match if about.task.task_id.is_some() { Some(&about.task) } else { by_id().copied() } {
                Some(task) => of_task.extend(instance(task).map(|instance| ((log, mention), task, instance))),
                None if about.pid.is_some() => all.of_process.push((log, mention)),
                None => {}
            }
        }
        if of_task.is_empty() {
            return all;
        }
        let tries = Tries::of(packed, of_task.iter().map(|(.., instance)| instance), is_attempt);
        for (said, task, instance) in of_task {
            // Without a run it is about every run there is; such lines are old and rare, and say too little to be used.
            let rows = tries.of_instance(&instance);
            match rows.and_then(|rows| which(&rows, task.try_number, said.1.time)) {
                Some(row) => all.of_attempt.entry(row).or_default().push(said),
                None => {
                    let key = (TaskInstance { try_number: None, ..task.clone() }, task.try_number);
                    all.without_log.entry(key).or_default().push(said);
                }
            }
        }
        all
    }

    /// What is said of an attempt, in the order of the logs and their lines.
    pub(super) fn about(&self, row: usize) -> &[Said<'a>] {
        self.of_attempt.get(&row).map(Vec::as_slice).unwrap_or_default()
    }

    /// Finds the attempts whose processes the kernel speaks of, once processes and hosts of attempts are known.
    pub(super) fn of_processes(&self, packed: &Packed, is_attempt: &dyn Fn(usize) -> bool) -> Vec<(usize, Said<'a>)> {
        let (mut by_pid, mut by_end): (BTreeMap<u32, Vec<usize>>, BTreeMap<Timestamp, Vec<usize>>) = (BTreeMap::new(), BTreeMap::new());
        if self.of_process.is_empty() {
            return Vec::new();
        }
        let asked: BTreeSet<u32> = self.of_process.iter().filter_map(|(_, mention)| mention.about.pid).collect();
        for (at, row) in packed.rows.iter().enumerate().filter(|(at, row)| packed.manner(row).kind == Kind::Task && is_attempt(*at)) {
            if let Some(pid) = row.pid().filter(|pid| asked.contains(pid)) {
                by_pid.entry(pid).or_default().push(at);
            }
            if let Some(ended) = row.ended().filter(|_| is_killed(packed.manner(row))) {
                by_end.entry(ended).or_default().push(at);
            }
        }
        let found = self.of_process.iter().filter_map(|said| {
            let (about, time) = (&said.1.about, said.1.time);
            let by_pid = by_pid.get(&about.pid?).into_iter().flatten().copied();
            let of_pid = only(by_pid.filter(|at| fits(packed, &packed.rows[*at], about, time)));
            // The pids of a container are not those of its machine: there the instant must do.
            let near = || {
                let time = time?;
                let near = by_end.range(time + Span(-KILL_SAME_TIME.0)..=time + KILL_SAME_TIME);
                only(near.flat_map(|(_, rows)| rows).copied().filter(|at| fits(packed, &packed.rows[*at], about, Some(time))))
            };
            Some((of_pid.or_else(near)?, *said))
        });
        found.collect()
    }
}

/// The tries of the task instances that are spoken of.
struct Tries {
    of: BTreeMap<Instance, Vec<Try>>,
    /// The same by date, each with whether its run is known by nothing else: layouts, and services, of old versions know a run by its date alone.
    dated: BTreeMap<Dated, Vec<(bool, Try)>>,
}

impl Tries {
    fn of<'i>(packed: &Packed, asked: impl Iterator<Item = &'i Instance>, is_attempt: &dyn Fn(usize) -> bool) -> Self {
        let (mut of, mut dates, mut named) = (BTreeMap::<Instance, Vec<Try>>::new(), BTreeSet::<Dated>::new(), BTreeSet::<&str>::new());
        for instance in asked {
            named.insert(&instance.0);
            dates.extend(dated(instance).map(|(dated, _)| dated));
            if !of.contains_key(instance) {
                of.insert(instance.clone(), Vec::new());
            }
        }
        let mut by_date: BTreeMap<Dated, Vec<TryOfRun>> = BTreeMap::new();
        // The names of tasks as they are spoken of; `None` for those of which nobody speaks.
        let mut names: HashMap<(Text, Text), Option<String>> = HashMap::new();
        for (at, row) in packed.rows.iter().enumerate().filter(|(at, row)| packed.manner(row).kind == Kind::Task && is_attempt(*at)) {
            let Some(task) = row.dag.zip(row.task) else { continue };
            let name = names.entry(task).or_insert_with(|| {
                let name = format!("{}.{}", packed.texts.get(task.0), packed.texts.get(task.1));
                Some(name).filter(|name| named.contains(name.as_str()))
            });
            let Some(name) = name else { continue };
            let instance = (name.clone(), packed.shared(row.run), row.map_index());
            let one = (row.started(), row.try_number(), at);
            if let Some((dated, bare)) = dated(&instance).filter(|(dated, _)| dates.contains(dated)) {
                by_date.entry(dated).or_default().push((instance.1.clone(), bare, one));
            }
            if let Some(tries) = of.get_mut(&instance) {
                tries.push(one);
            }
        }
        of.retain(|_, tries| !tries.is_empty());
        of.values_mut().for_each(|tries| tries.sort_unstable());
        let in_order = |(dated, mut tries): (Dated, Vec<TryOfRun>)| {
            tries.sort_unstable_by(|a, b| (&a.0, a.2).cmp(&(&b.0, b.2)));
            (dated, tries.into_iter().map(|(_, bare, one)| (bare, one)).collect())
        };
        Self { of, dated: by_date.into_iter().map(in_order).collect() }
    }

    fn of_instance(&self, instance: &Instance) -> Option<Cow<'_, [Try]>> {
        self.of.get(instance).map(|tries| Cow::Borrowed(&tries[..])).or_else(|| {
            let (dated, is_bare) = dated(instance)?;
            let tries = self.dated.get(&dated)?.iter();
            Some(tries.filter(|(bare, _)| *bare || is_bare).map(|(_, one)| *one).collect())
        })
    }
}

/// An instance by its date, and whether its run is known by nothing else.
fn dated((task, run, index): &Instance) -> Option<(Dated, bool)> {
    let run = run.as_deref()?;
    Some(((task.clone(), run_date(run)?, *index), is_bare_date(run)))
}

/// The only one: process ids are used again, and tasks die together. Where two attempts fit, neither is told.
fn only(mut rows: impl Iterator<Item = usize>) -> Option<usize> {
    let row = rows.next()?;
    rows.next().is_none().then_some(row)
}

fn is_killed(manner: &Manner) -> bool {
    manner.ending == Ending::Killed || manner.return_code.is_some_and(|code| code < 0)
}

/// How far from its last line an attempt may have been killed where nothing but the instant tells: a supervisor says so within moments.
const KILL_SAME_TIME: Span = Span::seconds(3);

/// Whether an attempt's process can be the one that the kernel killed: on that host, near that time, and not ended in another way.
fn fits(packed: &Packed, row: &Row, about: &About, time: Option<Timestamp>) -> bool {
    let host = row.host.map(|host| packed.texts.get(host));
    let same_host = about.host.is_none() || host.is_none() || short(about.host.as_deref()) == short(host);
    let near = time.zip(row.ended()).is_none_or(|(time, ended)| time - ended <= KILL_NEAR_END && ended - time <= KILL_NEAR_END);
    let manner = packed.manner(row);
    let killed = is_killed(manner) || matches!(manner.ending, Ending::Silent | Ending::CutOff);
    same_host && near && killed
}

/// A host by its first label: the kernel knows it without its domain.
fn short(host: Option<&str>) -> Option<&str> {
    host.map(|host| if host.parse::<std::net::IpAddr>().is_ok() { host } else { host.split('.').next().unwrap_or(host) })
}

fn instance(task: &TaskInstance) -> Option<Instance> {
    let (dag, name) = (task.dag_id.as_deref()?, task.task_id.as_deref()?);
    Some((format!("{dag}.{name}"), task.run_id.clone(), task.map_index))
}

/// The try that is spoken of: the one named, or else the one that had begun last by then.
fn which(rows: &[Try], number: Option<u32>, time: Option<Timestamp>) -> Option<usize> {
    if let Some(number) = number {
        let named = rows.iter().find(|(_, known, _)| *known == Some(number)).or_else(|| rows.iter().find(|(_, known, _)| known.is_none()));
        return named.map(|(.., row)| *row);
    }
    let begun = |started: &Option<Timestamp>| started.zip(time).is_none_or(|(started, time)| started - time <= CLOCK_SKEW_MAX);
    rows.iter().rev().find(|(started, ..)| begun(started)).or_else(|| rows.first()).map(|(.., row)| *row)
}

/// Which task instance each id stands for, where some line names both.
fn tasks_by_id(observations: &[Observation]) -> BTreeMap<&str, &TaskInstance> {
    let mut ids: BTreeMap<&str, &TaskInstance> = BTreeMap::new();
    for about in
        observations.iter().flat_map(|log| &log.mentions).map(|mention| &mention.about).filter(|about| about.task.task_id.is_some())
    {
        for id in &about.ids {
            // A line that names the try tells more.
            let known = ids.entry(id).or_insert(&about.task);
            if known.try_number.is_none() {
                *known = &about.task;
            }
        }
    }
    ids
}
