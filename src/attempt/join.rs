//! Puts the attempt table together: one row per log, completed by what triggers, components, executors, the kernel and further tries say of it.
//!
//! The table depends on the observations alone, not on their order nor on which of them were scanned together. Most logs are packed (see
//! [`Logs`]) and stay so: only one of which somebody else tells more, that failed, or that shows a symptom is made an [`Attempt`] of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::record::{Instance, Outcome};
use crate::rule::RuleSet;
use crate::scan::packed::{Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Ending, Logs, Names, Observation};
use crate::source::{Kind, Source, TaskInstance};

use super::instances::{self, Rows};
use super::mentions::Mentions;
use super::table::Attempts;
use super::told::{All, gives_up, killed, last_trigger, of_log};
use super::{Attempt, Failure, compose, endpoints, failure};

/// Makes the attempt table from all observations. Their order does not matter.
#[must_use]
pub fn join(logs: impl Into<Logs>, instances: &[Instance], rules: &RuleSet) -> Attempts {
    let mut logs = logs.into();
    let exported = Rows::of(instances);
    instances::prepare(&mut logs, &exported, rules);
    logs.sort();
    let missing = missing(&logs, rules);
    if !missing.is_empty() {
        logs.extend(missing);
        logs.sort();
    }
    let (mut table, has_tasks) = Joined::of(logs, rules);
    instances::complete(&mut table, &exported);
    compose::evaluate(&mut table, rules);
    table.fail(rules, has_tasks);
    table.finish(rules)
}

/// The table while it is put together: an attempt stands beside its log where it has one of its own.
pub(super) struct Joined {
    pub(super) packed: Packed,
    /// Why each row is believed to have come out as it did.
    pub(super) because: Vec<Text>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) logs: Vec<Observation>,
    names: Names,
}

impl Joined {
    fn of(logs: Logs, rules: &RuleSet) -> (Self, bool) {
        let copies = copies(&logs);
        let Logs { mut packed, whole, mut names } = logs;
        let all = All::of(&packed, &whole);
        let is_attempt = |row: usize| !copies.contains_key(&row);
        let mentions = Mentions::of(&packed, &whole, &is_attempt);
        let mut because = Vec::with_capacity(packed.rows.len());
        let mut attempts: Vec<Attempt> = Vec::with_capacity(whole.len());
        // What is packed no more.
        let mut more: Vec<(Observation, Attempt)> = Vec::new();
        for at in 0..packed.rows.len() {
            let (row, said) = (packed.rows[at], mentions.about(at));
            let copy_of = copies.get(&at).copied();
            if let Some(log) = row.whole().and_then(|at| whole.get(at)) {
                let mut attempt = Attempt { copy_of, ..all.row(&packed, &row, log, said, rules) };
                share(&mut attempt, &mut names);
                because.push(renew(&mut packed, at, &attempt));
                attempts.push(attempt);
                continue;
            }
            let plain = if said.is_empty() && copy_of.is_none() { all.plain(&packed, &row) } else { None };
            if let Some((outcome, reason)) = plain.filter(|(outcome, _)| !outcome.is_failure()) {
                because.push(packed.texts.add(&reason));
                packed.change(at, |manner| manner.verdict = outcome);
                continue;
            }
            let mut log = packed.unpack(&row);
            names.of_log(&mut log);
            let mut attempt = Attempt { copy_of, ..all.row(&packed, &row, &log, said, rules) };
            because.push(renew(&mut packed, at, &attempt));
            let is_plain = attempt.symptoms.is_empty() && attempt.endpoints.is_empty() && attempt.ended == log.ended;
            if copy_of.is_some() || attempt.outcome.is_failure() || !is_plain {
                share(&mut attempt, &mut names);
                packed.rows[at].set_whole(whole.len() + more.len());
                more.push((log, attempt));
            }
        }
        let has_tasks = all.has_tasks;
        for (at, said) in mentions.of_processes(&packed, &is_attempt) {
            let row = packed.rows[at];
            let (log, attempt) = match row.whole() {
                Some(place) if place < whole.len() => (&whole[place], &mut attempts[place]),
                Some(place) => {
                    let (log, attempt) = &mut more[place - whole.len()];
                    (&*log, attempt)
                }
                None => {
                    let mut log = packed.unpack(&row);
                    names.of_log(&mut log);
                    let attempt = all.row(&packed, &row, &log, mentions.about(at), rules);
                    packed.rows[at].set_whole(whole.len() + more.len());
                    more.push((log, attempt));
                    let Some((log, attempt)) = more.last_mut() else { continue };
                    (&*log, attempt)
                }
            };
            killed(attempt, log, said);
            because[at] = renew(&mut packed, at, attempt);
        }
        drop((all, mentions));
        let mut logs = whole;
        for (log, attempt) in more {
            logs.push(log);
            attempts.push(attempt);
        }
        // Nobody asks the logs for them any more. What a trigger used stands behind what its task used.
        for (attempt, log) in attempts.iter_mut().zip(&mut logs) {
            let of_trigger = std::mem::replace(&mut attempt.endpoints, std::mem::take(&mut log.endpoints));
            of_trigger.iter().for_each(|(name, used)| attempt.endpoints.add(name.clone(), *used));
        }
        (Self { packed, because, attempts, logs, names }, has_tasks)
    }

    /// The rows that have an attempt of their own, each with the attempt's place.
    pub(super) fn whole(&self) -> impl Iterator<Item = (usize, usize)> {
        self.packed.rows.iter().enumerate().filter_map(|(row, packed)| Some((row, packed.whole()?)))
    }

    /// The place of a row's own attempt, which it has from now on.
    pub(super) fn wake(&mut self, at: usize) -> usize {
        let row = self.packed.rows[at];
        if let Some(place) = row.whole() {
            return place;
        }
        let mut log = self.packed.unpack(&row);
        self.names.of_log(&mut log);
        let because = self.packed.texts.get(self.because[at]).into();
        let manner = *self.packed.manner(&row);
        let endpoints = std::mem::take(&mut log.endpoints);
        let mut attempt = Attempt {
            queue: self.packed.shared(manner.queue),
            pool: self.packed.shared(manner.pool),
            outcome: manner.verdict,
            outcome_because: because,
            endpoints,
            ..of_log(&log)
        };
        share(&mut attempt, &mut self.names);
        self.packed.rows[at].set_whole(self.attempts.len());
        self.attempts.push(attempt);
        self.logs.push(log);
        self.attempts.len() - 1
    }

    /// Looks for the failures.
    fn fail(&mut self, rules: &RuleSet, has_tasks: bool) {
        for at in 0..self.packed.rows.len() {
            let manner = self.packed.manner(&self.packed.rows[at]);
            if manner.verdict.is_failure() || manner.ending == Ending::Killed {
                self.wake(at);
            }
        }
        // The triggers' logs whose tasks' logs were read too.
        let mut told_by_tasks = HashSet::new();
        for (attempt, triggers) in self.triggers() {
            if let Some(place) = attempt {
                self.attempts[place].failure = self.failure_of_trigger(place, &triggers, rules).map(Box::new);
            }
            told_by_tasks.extend(triggers);
        }
        for (place, (attempt, log)) in self.attempts.iter_mut().zip(&mut self.logs).enumerate() {
            if attempt.failure.is_none() {
                let has_tasks = if attempt.kind == Kind::Trigger { told_by_tasks.contains(&place) } else { has_tasks };
                attempt.failure = failure::failure_of(attempt, log, rules, has_tasks).map(Box::new);
            }
            failure::give_roles(attempt, log, rules);
            // What it held of records is not asked for again, and may be long.
            *log = Observation::default();
        }
        self.logs = Vec::new();
    }

    /// The triggers' logs of each row of a task that has some, by their places, with the place of the row's own attempt.
    fn triggers(&self) -> Vec<(Option<usize>, Vec<usize>)> {
        let rows = |kind| self.packed.rows.iter().filter(move |row| self.packed.manner(row).kind == kind);
        let key = |row: &Row| (row.instance(), row.try_number());
        let mut triggers: HashMap<_, Vec<usize>> = HashMap::new();
        for row in rows(Kind::Trigger) {
            triggers.entry(key(row)).or_default().extend(row.whole());
        }
        let tasks = rows(Kind::Task).filter(|_| !triggers.is_empty());
        tasks.filter_map(|row| Some((row.whole(), triggers.get(&key(row))?.clone()))).collect()
    }

    /// The failure of an attempt that waited for a trigger which failed, and was not taken up again, or has no log that could say more.
    fn failure_of_trigger(&self, place: usize, triggers: &[usize], rules: &RuleSet) -> Option<Failure> {
        let (attempt, log) = (&self.attempts[place], &self.logs[place]);
        let waited = log.without_log || matches!(log.outcome, Some((Outcome::Deferred, _)));
        let trigger = last_trigger(triggers.iter().map(|place| &self.logs[*place]))?;
        trigger.trigger_failure().filter(|_| waited && attempt.outcome.is_failure())?;
        failure::failure_of_trigger(attempt, log, trigger, rules)
    }

    /// Completes endpoints, which needs all failures, and forgets what the table has no use for.
    fn finish(mut self, rules: &RuleSet) -> Attempts {
        let mut sets = endpoints::Sets::of(&mut self.packed);
        self.packed.drop_uses();
        endpoints::complete(&mut self.packed, &mut sets, &mut self.attempts, rules);
        for at in 0..self.packed.rows.len() {
            if let Some(attempt) = self.packed.rows[at].whole().and_then(|place| self.attempts.get_mut(place)) {
                share(attempt, &mut self.names);
                self.because[at] = renew(&mut self.packed, at, attempt);
            }
        }
        Attempts::new(self.packed, self.because, sets.of_rows, self.attempts)
    }
}

/// Lets a row say what its attempt says. Gives the reason for its outcome.
pub(super) fn renew(packed: &mut Packed, at: usize, attempt: &Attempt) -> Text {
    let texts = &mut packed.texts;
    let host = texts.add_some(attempt.host.as_deref());
    let [operator, queue, pool] =
        [&attempt.operator, &attempt.queue, &attempt.pool].map(|text| text.as_deref().map(|text| texts.add(text)));
    let because = texts.add(&attempt.outcome_because);
    packed.rows[at].complete(host, attempt.pid, attempt.started, attempt.ended);
    packed.change(at, |manner| {
        (manner.operator, manner.queue, manner.pool) = (operator, queue, pool);
        (manner.verdict, manner.return_code, manner.ending) = (attempt.outcome, attempt.return_code, attempt.ending);
        manner.endpoints_cut = attempt.endpoints_cut;
    });
    because
}

/// For each row that another row tells of too, and better, that other. A log may be given as a file, as downloads of it, and as what a
/// service printed of it; two runs of the same name in two installations are told apart by their times.
fn copies(logs: &Logs) -> BTreeMap<usize, usize> {
    let Packed { rows, .. } = &logs.packed;
    let is_known = |at: &u32| {
        let row = &rows[*at as usize];
        let named = row.dag.is_some() && row.run.is_some() && row.task.is_some() && row.try_number().is_some();
        named && logs.packed.manner(row).kind == Kind::Task
    };
    let key = |at: u32| (rows[at as usize].instance(), rows[at as usize].try_number());
    let print = |at: u32| BuildHasherDefault::<DefaultHasher>::default().hash_one(key(at));
    // Most are told of once: only those that may not be are put side by side.
    let mut prints: Vec<u64> = (0..rows.len() as u32).filter(is_known).map(print).collect();
    prints.sort_unstable();
    let again: HashSet<u64> = prints.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    drop(prints);
    let mut copies = BTreeMap::new();
    if again.is_empty() {
        return copies;
    }
    let (mut by_task, mut first) = (BTreeMap::<usize, Vec<usize>>::new(), HashMap::new());
    for at in (0..rows.len() as u32).filter(is_known).filter(|at| again.contains(&print(*at))) {
        by_task.entry(*first.entry(key(at)).or_insert(at as usize)).or_default().push(at as usize);
    }
    for mut same in by_task.into_values() {
        // The attempt's own file comes first, and of several the longest.
        let order = |at: usize| {
            let row = &rows[at];
            (logs.packed.manner(row).is_excerpt, logs.packed.in_stream(row), std::cmp::Reverse(row.lines), at)
        };
        same.sort_by_key(|at| order(*at));
        let mut originals: Vec<usize> = Vec::new();
        for at in same {
            match originals.iter().find(|original| same_time(logs, **original, at)) {
                Some(original) => {
                    copies.insert(at, *original);
                }
                None => originals.push(at),
            }
        }
    }
    copies
}

/// Whether two logs can be of one execution: their times overlap, as far as they have any.
fn same_time(logs: &Logs, a: usize, b: usize) -> bool {
    let [a, b] = [a, b].map(|at| &logs.packed.rows[at]);
    let (Some(a_from), Some(a_to), Some(b_from), Some(b_to)) = (a.started(), a.ended(), b.started(), b.ended()) else { return true };
    a_from <= b_to && b_from <= a_to
}

/// What stands for the logs of failures of which only components tell, where logs of the same run were scanned: their own are missing.
fn missing(logs: &Logs, rules: &RuleSet) -> Vec<Observation> {
    let mut missing = Vec::new();
    if logs.whole.iter().all(|log| log.mentions.is_empty()) {
        return missing;
    }
    let copies = copies(logs);
    let mentions = Mentions::of(&logs.packed, &logs.whole, &|row| !copies.contains_key(&row));
    let tasks = logs.packed.rows.iter().filter(|row| logs.packed.manner(row).kind == Kind::Task);
    let runs: HashSet<(Text, Text)> = tasks.filter_map(|row| row.dag.zip(row.run)).collect();
    let texts = &logs.packed.texts;
    let runs: HashSet<(&str, &str)> = runs.iter().map(|(dag, run)| (texts.get(*dag), texts.get(*run))).collect();
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

/// Lets an attempt have its texts in common with the others: what came to it from elsewhere, and the reasons found here.
fn share(attempt: &mut Attempt, names: &mut Names) {
    names.share_all([&mut attempt.host, &mut attempt.operator, &mut attempt.queue, &mut attempt.pool]);
    names.share(&mut attempt.outcome_because);
    names.share_all(attempt.symptoms.iter_mut().map(|shown| &mut shown.endpoint));
    names.of_endpoints(&mut attempt.endpoints);
    attempt.symptoms.shrink_to_fit();
}
