//! One row of the attempt table: what a log says, completed by what triggers, components and the kernel say of its attempt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::record::{Dialect, Outcome};
use crate::rule::RuleSet;
use crate::scan::packed::{Instance, Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Ending, Endpoints, FailureRecord, Match, Mention, Observation};
use crate::source::Kind;
use crate::time::Timestamp;

use super::failure::last_line;
use super::mentions::Said;
use super::outcome::{Beside, Own, outcome_of};
use super::{Attempt, Location, Role, Shown};

/// What is known of the scan as a whole.
pub(super) struct All<'a> {
    pub(super) has_tasks: bool,
    /// The latest try of each task instance that has a log, above the lowest there is.
    tries: HashMap<Instance, u32>,
    /// The triggers' logs, by attempt.
    triggers: HashMap<(Instance, Option<u32>), Vec<&'a Observation>>,
    /// The tasks of which some log says that it succeeded, as DAG and task.
    succeeding: HashSet<(Text, Text)>,
    latest: Option<Timestamp>,
    /// How many logs there are.
    logs: usize,
}

impl<'a> All<'a> {
    pub(super) fn of(packed: &Packed, whole: &'a [Observation]) -> Self {
        let rows = &packed.rows;
        let mut all = Self {
            has_tasks: false,
            tries: HashMap::new(),
            triggers: HashMap::new(),
            succeeding: HashSet::new(),
            latest: rows.iter().filter_map(Row::ended).max(),
            logs: rows.len(),
        };
        let lowest_try = rows.iter().filter_map(Row::try_number).min();
        for row in rows {
            let manner = packed.manner(row);
            match manner.kind {
                Kind::Task => {
                    all.has_tasks = true;
                    // A try of the lowest number is later than none, and most are of that.
                    if let Some(number) = row.try_number().filter(|number| Some(*number) > lowest_try) {
                        let latest = all.tries.entry(row.instance()).or_default();
                        *latest = (*latest).max(number);
                    }
                    if manner.outcome == Some(Outcome::Success) {
                        all.succeeding.extend(row.dag.zip(row.task));
                    }
                }
                Kind::Trigger => {
                    let log = row.whole().and_then(|at| whole.get(at));
                    all.triggers.entry((row.instance(), row.try_number())).or_default().extend(log);
                }
                _ => {}
            }
        }
        all
    }

    fn has_later_try(&self, row: &Row) -> bool {
        row.try_number().zip(self.tries.get(&row.instance())).is_some_and(|(number, latest)| *latest > number)
    }

    /// What stands beside a log, before anybody else is heard.
    fn beside(&self, packed: &Packed, row: &Row) -> Beside {
        let manner = packed.manner(row);
        let mut beside = Beside { max_tries: manner.max_tries, latest: self.latest, is_alone: self.logs == 1, ..Beside::default() };
        if manner.kind == Kind::Task {
            beside.has_later_try = self.has_later_try(row);
            let task = row.dag.zip(row.task);
            beside.siblings_say_success = manner.dialect == Dialect::Json && task.is_some_and(|task| self.succeeding.contains(&task));
        }
        beside
    }

    /// How a packed log's attempt came out, if nobody but the log speaks of it; `None` if somebody does.
    pub(super) fn plain(&self, packed: &Packed, row: &Row) -> Option<(Outcome, String)> {
        let manner = packed.manner(row);
        if manner.kind == Kind::Task && self.triggers.contains_key(&(row.instance(), row.try_number())) {
            return None;
        }
        let outcome = || outcome_of(&Own::of_row(packed, row), &self.beside(packed, row));
        Some(came_out(manner.kind, manner.outcome, manner.return_code, manner.without_log, outcome))
    }

    /// One row of the table, before failures are looked for.
    pub(super) fn row(&self, packed: &Packed, row: &Row, log: &Observation, said: &[Said<'_>], rules: &RuleSet) -> Attempt {
        let mut attempt = Attempt { symptoms: log.matches.iter().map(shown).collect(), ..of_log(log) };
        let mut beside = self.beside(packed, row);
        if attempt.kind == Kind::Task {
            let line = last_line(log);
            let triggers = self.triggers.get(&(row.instance(), row.try_number())).map_or(&[][..], Vec::as_slice);
            for trigger in triggers {
                add_trigger(&mut attempt, line, trigger);
            }
            if let Some(last) = last_trigger(triggers.iter().copied()) {
                beside.trigger_fired = last.trigger_fired.as_ref().map(|fired| fired.time);
                let failed = |failure: &FailureRecord| format!("{} line {}", last.source.name(), failure.line);
                beside.trigger_failed = last.trigger_failure().map(failed);
            }
            add_said(&mut attempt, line, said, &mut beside, rules);
        }
        let outcome = || outcome_of(&Own::of(log), &beside);
        let (outcome, because) = came_out(attempt.kind, log.outcome.map(|(outcome, _)| outcome), log.return_code, log.without_log, outcome);
        // It waits no more: what took it up again left no trace.
        let waited = matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _)));
        if attempt.kind == Kind::Task && waited && outcome.is_failure() {
            attempt.ending = if beside.trigger_failed.is_some() { Ending::Exception } else { Ending::Silent };
        }
        (attempt.outcome, attempt.outcome_because) = (outcome, because.into());
        attempt
    }
}

/// The outcome of a log of some kind, and the reason; `outcome` tells it for an attempt.
fn came_out(
    kind: Kind,
    said: Option<Outcome>,
    return_code: Option<i32>,
    without_log: bool,
    outcome: impl FnOnce() -> (Outcome, String),
) -> (Outcome, String) {
    match kind {
        Kind::Task if without_log => {
            let (outcome, because) = outcome();
            (outcome, format!("{because}; no log of it was scanned"))
        }
        Kind::Task => outcome(),
        // An excerpt that says how its attempt came out, though not whose it was.
        Kind::Other if said.is_some() || return_code.is_some() => outcome(),
        _ => (Outcome::Unknown, format!("a {} log is no attempt", kind.name())),
    }
}

/// Whether a component's record gives an attempt up.
pub(super) fn gives_up(mention: &Mention, rules: &RuleSet) -> bool {
    mention.symptom.is_some_and(|symptom| rules.symptoms[symptom].fatal_anywhere)
}

/// What a log alone says of its attempt; its outcome, its symptoms, its failure and its endpoints come later.
pub(super) fn of_log(log: &Observation) -> Attempt {
    Attempt {
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
        symptoms: Vec::new(),
        failure: None,
        endpoints: Endpoints::default(),
        endpoints_cut: log.endpoints_cut,
        versions: log.versions.clone(),
    }
}

/// Adds what an attempt's trigger wrote into its own log.
fn add_trigger(attempt: &mut Attempt, line: u32, trigger: &Observation) {
    for found in &trigger.matches {
        let place = location(trigger, found.at_line);
        attempt.symptoms.push(Shown { elsewhere: Some(Box::new(place)), line, ..shown(found) });
    }
    attempt.endpoints_cut |= trigger.endpoints_cut;
    for (endpoint, used) in trigger.endpoints.iter() {
        attempt.endpoints.add(endpoint.clone(), *used);
    }
}

/// Of the logs of an attempt's triggers the one that was written last: an attempt may be deferred more than once, and its trigger be taken over by another
/// triggerer, which writes a log of its own. What the others tell is past.
pub(super) fn last_trigger<'a>(logs: impl Iterator<Item = &'a Observation>) -> Option<&'a Observation> {
    logs.max_by_key(|log| log.ended)
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
        endpoint: found.and_then(|found| found.facts.endpoint()).map(Arc::from),
        elsewhere: Some(Box::new(location(component, mention.line))),
    });
}

/// Adds that the kernel killed an attempt's process.
pub(super) fn killed(attempt: &mut Attempt, log: &Observation, (kernel, mention): Said<'_>) {
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
        endpoint: found.facts.endpoint().map(Arc::from),
        elsewhere: None,
    }
}
