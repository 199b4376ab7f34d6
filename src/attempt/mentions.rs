//! Which attempt a component's log speaks of: by task instance and try, by the ids of executors, by process and host, by time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::About;
use crate::scan::{Ending, Mention, Observation};
use crate::source::{Kind, TaskInstance, is_bare_date, run_date};
use crate::time::{Span, Timestamp};

use super::Attempt;

/// What is said of an attempt, and in which log.
pub(super) type Said<'a> = (&'a Observation, &'a Mention);

/// A task instance without its try. DAG and task are one text, for where one ends and the other begins cannot always be told.
type Instance = (String, Option<Arc<str>>, Option<i32>);

/// A task instance by its logical date.
type Dated = (String, Timestamp, Option<i32>);

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
    /// Finds the attempt that each mention speaks of. `is_attempt` says which observations are attempts of their own.
    pub(super) fn of(observations: &'a [Observation], is_attempt: &dyn Fn(usize) -> bool) -> Self {
        let mut tries: BTreeMap<Instance, Vec<Try>> = BTreeMap::new();
        let mut all = Self { of_attempt: BTreeMap::new(), without_log: BTreeMap::new(), of_process: Vec::new() };
        if observations.iter().all(|log| log.mentions.is_empty()) {
            return all;
        }
        for (row, log) in observations.iter().enumerate().filter(|(row, log)| log.source.kind == Kind::Task && is_attempt(*row)) {
            if let Some(instance) = instance(&log.task, log.task.run_id.clone()) {
                // Most instances have one try.
                tries.entry(instance).or_insert_with(|| Vec::with_capacity(1)).push((log.started, log.task.try_number, row));
            }
        }
        for rows in tries.values_mut() {
            rows.sort();
        }
        // Layouts, and services, of old versions know a run by its date alone.
        let mut dated: BTreeMap<Dated, Vec<(bool, Try)>> = BTreeMap::new();
        for ((task, run, index), rows) in &tries {
            if let Some((date, bare)) = run.as_deref().and_then(|run| Some((run_date(run)?, is_bare_date(run)))) {
                dated.entry((task.clone(), date, *index)).or_default().extend(rows.iter().map(|row| (bare, *row)));
            }
        }
        let by_date = |(task, run, index): &Instance| -> Option<Vec<Try>> {
            let run = run.as_deref()?;
            let is_bare = is_bare_date(run);
            let rows = dated.get(&(task.clone(), run_date(run)?, *index))?;
            Some(rows.iter().filter(|(bare, _)| *bare || is_bare).map(|(_, row)| *row).collect())
        };
        let ids = tasks_by_id(observations);
        for log in observations {
            for mention in &log.mentions {
                let about = &mention.about;
                let by_id = || about.ids.iter().find_map(|id| ids.get(id.as_str()));
                let task = if about.task.task_id.is_some() { Some(&about.task) } else { by_id().copied() };
                let Some(task) = task else {
                    if about.pid.is_some() {
                        all.of_process.push((log, mention));
                    }
                    continue;
                };
                let Some(instance) = instance(task, task.run_id.clone()) else { continue };
                // Without a run it is about every run there is; such lines are old and rare, and say too little to be used.
                let rows = tries.get(&instance).cloned().or_else(|| by_date(&instance));
                match rows.and_then(|rows| which(&rows, task.try_number, mention.time)) {
                    Some(row) => all.of_attempt.entry(row).or_default().push((log, mention)),
                    None => {
                        let key = (TaskInstance { try_number: None, ..task.clone() }, task.try_number);
                        all.without_log.entry(key).or_default().push((log, mention));
                    }
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
    pub(super) fn of_processes(&self, attempts: &[Attempt]) -> Vec<(usize, Said<'a>)> {
        let mut by_pid: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (row, attempt) in attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_task()) {
            if let Some(pid) = attempt.pid {
                by_pid.entry(pid).or_default().push(row);
            }
        }
        let mut by_end: BTreeMap<Timestamp, Vec<usize>> = BTreeMap::new();
        for (row, attempt) in attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_task() && is_killed(attempt)) {
            if let Some(ended) = attempt.ended {
                by_end.entry(ended).or_default().push(row);
            }
        }
        let found = self.of_process.iter().filter_map(|said| {
            let (about, time) = (&said.1.about, said.1.time);
            let by_pid = by_pid.get(&about.pid?).into_iter().flatten().copied();
            let of_pid = only(by_pid.filter(|row| fits(&attempts[*row], about, time)));
            // The pids of a container are not those of its machine: there the instant must do.
            let near = || {
                let time = time?;
                let near = by_end.range(time + Span(-KILL_SAME_TIME.0)..=time + KILL_SAME_TIME);
                only(near.flat_map(|(_, rows)| rows).copied().filter(|row| fits(&attempts[*row], about, Some(time))))
            };
            Some((of_pid.or_else(near)?, *said))
        });
        found.collect()
    }
}

/// The only one: process ids are used again, and tasks die together. Where two attempts fit, neither is told.
fn only(mut rows: impl Iterator<Item = usize>) -> Option<usize> {
    let row = rows.next()?;
    rows.next().is_none().then_some(row)
}

fn is_killed(attempt: &Attempt) -> bool {
    attempt.ending == Ending::Killed || attempt.return_code.is_some_and(|code| code < 0)
}

/// How far from its last line an attempt may have been killed where nothing but the instant tells: a supervisor says so within moments.
const KILL_SAME_TIME: Span = Span::seconds(3);

/// Whether an attempt's process can be the one that the kernel killed: on that host, near that time, and not ended in another way.
fn fits(attempt: &Attempt, about: &About, time: Option<Timestamp>) -> bool {
    let same_host = about.host.is_none() || attempt.host.is_none() || short(about.host.as_deref()) == short(attempt.host.as_deref());
    let near = time.zip(attempt.ended).is_none_or(|(time, ended)| time - ended <= KILL_NEAR_END && ended - time <= KILL_NEAR_END);
    let killed =
        matches!(attempt.ending, Ending::Killed | Ending::Silent | Ending::CutOff) || attempt.return_code.is_some_and(|code| code < 0);
    same_host && near && killed
}

/// A host by its first label: the kernel knows it without its domain.
fn short(host: Option<&str>) -> Option<&str> {
    host.map(|host| if host.parse::<std::net::IpAddr>().is_ok() { host } else { host.split('.').next().unwrap_or(host) })
}

fn instance(task: &TaskInstance, run: Option<Arc<str>>) -> Option<Instance> {
    let (dag, name) = (task.dag_id.as_deref()?, task.task_id.as_deref()?);
    Some((format!("{dag}.{name}"), run, task.map_index))
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
