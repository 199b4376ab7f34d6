//! Puts the attempt table together: one row per log, completed by what triggers, components, executors, the kernel and further tries say of it.
//!
//! The table depends on the observations alone, not on their order nor on which of them were scanned together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::record::{Dialect, Facts, Instance, Outcome};
use crate::rule::RuleSet;
use crate::scan::{Ending, Endpoints, Logs, Match, Mention, Names, Observation};
use crate::source::{Kind, Source, TaskInstance};

use super::instances::{self, Rows};
use super::mentions::{Mentions, Said};
use super::outcome::{Beside, outcome_of};
use super::{Attempt, Location, Role, Shown, compose, endpoints, failure};

/// Makes the attempt table from all observations. Their order does not matter.
#[must_use]
pub fn join(observations: impl Into<Logs>, instances: &[Instance], rules: &RuleSet) -> Vec<Attempt> {
    let mut observations: Vec<Observation> = observations.into().iter().collect();
    let exported = Rows::of(instances);
    instances::prepare(&mut observations, &exported, rules);
    observations.sort_by(|a, b| a.source.cmp(&b.source));
    let missing = missing(&observations, rules);
    if !missing.is_empty() {
        observations.extend(missing);
        observations.sort_by(|a, b| a.source.cmp(&b.source));
    }
    let copies = copies(&observations);
    let is_attempt = |row: usize| copies.get(row).copied().flatten().is_none();
    let mentions = Mentions::of(&observations, &is_attempt);
    let all = All::of(&observations);
    let has_tasks = all.has_tasks;
    let mut names = Names::default();
    let mut attempts: Vec<Attempt> = Vec::with_capacity(observations.len());
    for (row, (log, copy_of)) in observations.iter().zip(&copies).enumerate() {
        let mut attempt = Attempt { copy_of: *copy_of, ..all.row(log, mentions.about(row), rules) };
        share(&mut attempt, &mut names);
        attempts.push(attempt);
    }
    for (row, said) in mentions.of_processes(&attempts) {
        if let (Some(attempt), Some(log)) = (attempts.get_mut(row), observations.get(row)) {
            killed(attempt, log, said);
        }
    }
    // Nobody asks the logs for them any more. What a trigger used stands behind what its task used.
    for (attempt, log) in attempts.iter_mut().zip(&mut observations) {
        let of_trigger = std::mem::replace(&mut attempt.endpoints, std::mem::take(&mut log.endpoints));
        of_trigger.iter().for_each(|(name, used)| attempt.endpoints.add(name.clone(), *used));
    }
    instances::complete(&mut attempts, &observations, &exported);
    compose::evaluate(&mut attempts, &mut observations, rules);
    for (attempt, log) in attempts.iter_mut().zip(&observations) {
        attempt.failure = failure::failure_of(attempt, log, rules, has_tasks).map(Box::new);
        failure::give_roles(attempt, log, rules);
    }
    endpoints::complete(&mut attempts, rules);
    attempts.iter_mut().for_each(|attempt| share(attempt, &mut names));
    attempts
}

/// For each observation the one that tells of the same attempt, and better. A log may be given as a file, as downloads of it, and as what a
/// service printed of it; two runs of the same name in two installations are told apart by their times.
fn copies(observations: &[Observation]) -> Vec<Option<usize>> {
    let is_known =
        |task: &TaskInstance| task.dag_id.is_some() && task.task_id.is_some() && task.run_id.is_some() && task.try_number.is_some();
    let all = observations.iter().enumerate().filter(|(_, log)| log.source.kind == Kind::Task && is_known(&log.task));
    let mut by_task: Vec<(&TaskInstance, usize)> = all.map(|(row, log)| (&log.task, row)).collect();
    by_task.sort_unstable();
    let mut copies = vec![None; observations.len()];
    for same in by_task.chunk_by(|a, b| a.0 == b.0).filter(|rows| rows.len() > 1) {
        let mut rows: Vec<usize> = same.iter().map(|(_, row)| *row).collect();
        // The attempt's own file comes first, and of several the longest.
        let key =
            |row: usize| observations.get(row).map(|log| (log.is_excerpt, log.source.stream.is_some(), std::cmp::Reverse(log.lines), row));
        rows.sort_by_key(|row| key(*row));
        let mut originals: Vec<usize> = Vec::new();
        for row in rows {
            match originals.iter().find(|original| same_time(&observations[**original], &observations[row])) {
                Some(original) => copies[row] = Some(*original),
                None => originals.push(row),
            }
        }
    }
    copies
}

/// Whether two logs can be of one execution: their times overlap, as far as they have any.
fn same_time(a: &Observation, b: &Observation) -> bool {
    let (Some(a_from), Some(a_to), Some(b_from), Some(b_to)) = (a.started, a.ended, b.started, b.ended) else { return true };
    a_from <= b_to && b_from <= a_to
}

/// What is known of the scan as a whole.
struct All<'a> {
    has_tasks: bool,
    /// The latest try of each task instance that has a log, above the lowest there is.
    tries: BTreeMap<TaskInstance, u32>,
    /// The triggers' logs, by attempt.
    triggers: BTreeMap<&'a TaskInstance, Vec<&'a Observation>>,
    /// The tasks of which some log says that it succeeded, as DAG and task.
    succeeding: BTreeSet<(&'a str, &'a str)>,
    latest: Option<crate::time::Timestamp>,
    /// The lowest number of any try.
    lowest_try: Option<u32>,
    /// How many logs there are.
    logs: usize,
}

impl<'a> All<'a> {
    fn of(observations: &'a [Observation]) -> Self {
        let mut all = Self {
            has_tasks: false,
            tries: BTreeMap::new(),
            triggers: BTreeMap::new(),
            succeeding: BTreeSet::new(),
            latest: observations.iter().filter_map(|log| log.ended).max(),
            lowest_try: observations.iter().filter_map(|log| log.task.try_number).min(),
            logs: observations.len(),
        };
        for log in observations {
            match log.source.kind {
                Kind::Task => {
                    all.has_tasks = true;
                    // A try of the lowest number is later than none, and most are of that.
                    if let Some(number) = log.task.try_number.filter(|number| Some(*number) > all.lowest_try) {
                        let latest = all.tries.entry(without_try(&log.task)).or_default();
                        *latest = (*latest).max(number);
                    }
                    if matches!(log.outcome, Some((Outcome::Success, _))) {
                        all.succeeding.extend(log.task.dag_id.as_deref().zip(log.task.task_id.as_deref()));
                    }
                }
                Kind::Trigger => all.triggers.entry(&log.task).or_default().push(log),
                _ => {}
            }
        }
        all
    }

    fn has_later_try(&self, task: &TaskInstance) -> bool {
        task.try_number.zip(self.tries.get(&without_try(task))).is_some_and(|(number, latest)| *latest > number)
    }

    /// One row of the table, before failures are looked for.
    fn row(&self, log: &Observation, said: &[Said<'_>], rules: &RuleSet) -> Attempt {
        let mut attempt = Attempt {
            path: log.source.path.clone(),
            member: log.source.member.clone(),
            kind: log.source.kind,
            task: log.task.clone(),
            host: log.host.clone(),
            pid: log.pid,
            operator: log.operator.clone(),
            queue: None,
            pool: None,
            return_code: log.return_code,
            executions: log.executions,
            dialect: log.dialect,
            copy_of: None,
            in_stream: log.source.stream.is_some(),
            started: log.started,
            ended: log.ended,
            outcome: Outcome::Unknown,
            outcome_because: Arc::from(""),
            has_log: !log.without_log,
            ending: log.ending,
            symptoms: log.matches.iter().map(shown).collect(),
            failure: None,
            endpoints: Endpoints::default(),
            endpoints_cut: log.endpoints_cut,
            versions: log.versions.clone(),
        };
        let mut beside = Beside { max_tries: log.max_tries, latest: self.latest, is_alone: self.logs == 1, ..Beside::default() };
        if attempt.kind == Kind::Task {
            // What stands in another log counts at the attempt's own last line, where a reader looks first.
            let line = log.lines.max(1);
            beside.has_later_try = self.has_later_try(&log.task);
            let task = log.task.dag_id.as_deref().zip(log.task.task_id.as_deref());
            beside.siblings_say_success = log.dialect == Dialect::Json && task.is_some_and(|task| self.succeeding.contains(&task));
            for trigger in self.triggers.get(&log.task).into_iter().flatten() {
                add_trigger(&mut attempt, line, trigger, &mut beside);
            }
            add_said(&mut attempt, line, said, &mut beside, rules);
            let (outcome, because) = outcome_of(log, &beside);
            // It waits no more: what took it up again left no trace.
            if matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _))) && outcome.is_failure() {
                attempt.ending = Ending::Silent;
            }
            attempt.outcome = outcome;
            attempt.outcome_because = if log.without_log { format!("{because}; no log of it was scanned").into() } else { because.into() };
        } else if attempt.kind == Kind::Other && (log.outcome.is_some() || log.return_code.is_some()) {
            // An excerpt that says how its attempt came out, though not whose it was.
            let (outcome, because) = outcome_of(log, &beside);
            attempt.outcome = outcome;
            attempt.outcome_because = because.into();
        } else {
            attempt.outcome_because = format!("a {} log is no attempt", log.source.kind.name()).into();
        }
        attempt
    }
}

/// What stands for the logs of failures of which only components tell, where logs of the same run were scanned: their own are missing.
fn missing(observations: &[Observation], rules: &RuleSet) -> Vec<Observation> {
    let copies = copies(observations);
    let mentions = Mentions::of(observations, &|row| copies.get(row).copied().flatten().is_none());
    let logs = observations.iter().filter(|log| log.source.kind == Kind::Task);
    let runs: BTreeSet<(&str, &str)> = logs.filter_map(|log| log.task.dag_id.as_deref().zip(log.task.run_id.as_deref())).collect();
    let mut missing = Vec::new();
    for ((task, number), said) in &mentions.without_log {
        let said_state = said.iter().rev().find_map(|(_, mention)| mention.about.outcome.filter(|outcome| *outcome != Outcome::Running));
        let failed = said_state.map_or_else(|| said.iter().any(|(_, mention)| gives_up(mention, rules)), Outcome::is_failure);
        let run = task.dag_id.as_deref().zip(task.run_id.as_deref());
        if !failed || !run.is_some_and(|run| runs.contains(&run)) {
            continue;
        }
        // The line that says what became of it, or else the last that speaks of it.
        let Some((component, mention)) = said.iter().rev().find(|(_, mention)| mention.symptom.is_some()).or(said.last()) else { continue };
        let task = TaskInstance { try_number: *number, ..task.clone() };
        missing.push(Observation {
            source: Source { kind: Kind::Task, task: task.clone(), stream: None, ..component.source.clone() },
            task,
            without_log: true,
            lines: mention.line,
            ..Observation::default()
        });
    }
    missing
}

/// Whether a component's record gives an attempt up.
fn gives_up(mention: &Mention, rules: &RuleSet) -> bool {
    mention.symptom.is_some_and(|symptom| rules.symptoms[symptom].fatal_anywhere)
}

/// Lets an attempt have its texts in common with the others: what came to it from elsewhere, and the reasons found here.
fn share(attempt: &mut Attempt, names: &mut Names) {
    names.share_all([&mut attempt.host, &mut attempt.operator, &mut attempt.queue, &mut attempt.pool]);
    names.share(&mut attempt.outcome_because);
    names.of_endpoints(&mut attempt.endpoints);
    attempt.symptoms.shrink_to_fit();
}

fn without_try(task: &TaskInstance) -> TaskInstance {
    TaskInstance { try_number: None, ..task.clone() }
}

/// Adds what an attempt's trigger wrote into its own log.
fn add_trigger(attempt: &mut Attempt, line: u32, trigger: &Observation, beside: &mut Beside) {
    if let Some(fired) = &trigger.trigger_fired {
        beside.trigger_fired = Some(fired.time);
    }
    for found in &trigger.matches {
        let place = location(trigger, found.at_line);
        attempt.symptoms.push(Shown { elsewhere: Some(place), line, ..shown(found) });
    }
    attempt.endpoints_cut |= trigger.endpoints_cut;
    for (endpoint, used) in trigger.endpoints.iter() {
        attempt.endpoints.add(endpoint.clone(), *used);
    }
}

/// Adds what components say of an attempt.
fn add_said(attempt: &mut Attempt, line: u32, said: &[Said<'_>], beside: &mut Beside, rules: &RuleSet) {
    for (component, mention) in said {
        let about = &mention.about;
        let fill = |slot: &mut Option<Arc<str>>, value: &Option<String>| {
            if slot.is_none() {
                *slot = value.as_deref().map(Arc::from);
            }
        };
        fill(&mut attempt.host, &about.host);
        fill(&mut attempt.operator, &about.operator);
        fill(&mut attempt.queue, &about.queue);
        fill(&mut attempt.pool, &about.pool);
        attempt.pid = attempt.pid.or(about.pid);
        attempt.return_code = attempt.return_code.or(about.return_code);
        attempt.started = attempt.started.or(about.started);
        attempt.ended = attempt.ended.or(about.ended).or(mention.time);
        beside.max_tries = beside.max_tries.or(about.max_tries);
        let place = || format!("{} line {}", component.source.name(), mention.line);
        if let Some(code) = about.return_code {
            beside.return_code = Some((code, place()));
        }
        match about.outcome.filter(|outcome| *outcome != Outcome::Running) {
            Some(outcome) => beside.mentioned = Some((outcome, place())),
            None if gives_up(mention, rules) => beside.given_up = Some(place()),
            None => {}
        }
        add_symptom(attempt, line, component, mention);
    }
}

/// Adds the symptom that a component's record about an attempt shows.
fn add_symptom(attempt: &mut Attempt, line: u32, component: &Observation, mention: &Mention) {
    let Some(symptom) = mention.symptom else { return };
    let of_record = |known: &&Match| known.symptom == symptom && known.line == mention.line;
    let found = component.matches.iter().find(of_record);
    attempt.symptoms.push(Shown {
        symptom,
        line,
        time: mention.time,
        role: Role::Contributing,
        excerpt: found.map(|found| found.excerpt.clone()).unwrap_or_default(),
        facts: found.map(|found| found.facts.clone()).unwrap_or_default(),
        elsewhere: Some(location(component, mention.line)),
    });
}

/// Adds that the kernel killed an attempt's process.
fn killed(attempt: &mut Attempt, log: &Observation, (kernel, mention): Said<'_>) {
    add_symptom(attempt, log.lines.max(1), kernel, mention);
    attempt.return_code = attempt.return_code.or(mention.about.return_code);
    attempt.host = attempt.host.take().or_else(|| mention.about.host.as_deref().map(Arc::from));
    if attempt.outcome == Outcome::Unknown {
        // Without a clock the kernel's log tells of the process, not of the day.
        let when = if mention.time.is_some() { "" } else { ", at a time since boot that cannot be compared" };
        attempt.outcome = Outcome::Failed;
        attempt.outcome_because = format!("the kernel killed its process ({} line {}{when})", kernel.source.name(), mention.line).into();
    }
    if matches!(log.ending, Ending::Silent) {
        attempt.ending = Ending::Killed;
    }
}

fn location(log: &Observation, line: u32) -> Location {
    Location { path: log.source.path.clone(), member: log.source.member.clone(), line }
}

fn shown(found: &Match) -> Shown {
    Shown {
        symptom: found.symptom,
        line: found.at_line,
        time: found.time,
        role: Role::Incidental,
        excerpt: found.excerpt.clone(),
        facts: Facts::clone(&found.facts),
        elsewhere: None,
    }
}
