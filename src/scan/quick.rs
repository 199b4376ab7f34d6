//! A quick run: the middle of a log is left out where its end proves that the attempt succeeded.
//!
//! What proves it is what a reading of the whole log believes: the state that Airflow itself names last, or the words with which it ends the work,
//! as [`Reading`](super::reading::Reading) takes them from the last bytes. Whatever leaves a doubt (no such word, a process that was killed or
//! returned something else, an exception that ended a task, a deferral, a line that is not understood) has the whole log read. So has a log
//! whose name does not say that it is one try of one task instance: in a service's output, in envelopes and in downloads an end speaks for one
//! of many.
//!
//! Airflow 3 writes no state, but stores what a task has returned, and only then. Its other signs of an end are believed where the whole log shows no
//! failure, and prove nothing alone: the mark behind the work stands behind a failure too (3.2 and later), and an operator that a callback runs
//! because the task failed says that it is done.
//!
//! A log may hold several executions of its attempt, and of one that was cleared or run again under its old name. The last of them decides, here as
//! in a whole reading; only one that was taken up again within the part left out is taken for one that was not, on the host where it began.

use std::collections::HashSet;
use std::sync::Arc;

use crate::record::{Dialect, Instance, Outcome, State, whole_ends};
use crate::rule::{AttemptCondition, EndingName, RuleSet, Symptom, SymptomIx, glob_matches};
use crate::source::{self, Ends, EndsWanted, Input, Kind, Source, TaskInstance};

use super::driver::Options;
use super::observe::{Observed, Observer};
use super::{Ending, Observation};

/// How much is read at either end. The host, the operator, the process and the try mostly stand within 2 kB of the beginning, and the state within 2 kB
/// of the end; but what a DAG's file prints as it is parsed may stand before these, and what is logged as an XCom is pushed behind. So of a log that is so
/// long that it costs little beside the whole, more is looked at before that is read. One that is short is read in whole at once: there is little to be
/// gained, and what healthy attempts say of their endpoints is what failures are compared with.
const ENDS: [EndsWanted; 2] =
    [EndsWanted { head: 4 << 10, tail: 4 << 10, least: 32 << 10 }, EndsWanted { head: 16 << 10, tail: 32 << 10, least: 512 << 10 }];

/// What stands in the lines that prove a success: the state, and the storing of what was returned.
const PROOFS: [&[u8]; 2] = [b"arking task as SUCCESS", b"Pushing xcom"];

/// The symptoms of Airflow's own words about a state that somebody sets: a log that ends with success some time after these holds two executions.
const OF_STATES: [&str; 3] = ["task-marked-failed", "externally-set", "externally-set-success"];

/// What a quick run has to know.
#[derive(Debug, Clone, Default)]
pub struct Quick {
    /// The tasks, as DAG and task, of which an export of task instances names another state than success: what a log says may have been overruled, and
    /// then it counts what else stands in it.
    suspects: HashSet<(Arc<str>, Arc<str>)>,
}

impl Quick {
    /// With what exports of task instances say.
    #[must_use]
    pub fn new(instances: &[Instance]) -> Self {
        let failed = |row: &&Instance| !matches!(row.state, None | Some(State::Reached(Outcome::Success | Outcome::Skipped)));
        Self { suspects: instances.iter().filter(failed).filter_map(|row| row.task.dag_id.clone().zip(row.task.task_id.clone())).collect() }
    }

    /// Whether a log may be read in part by its name.
    fn takes(&self, source: &Source) -> bool {
        let TaskInstance { dag_id: Some(dag), run_id: Some(_), task_id: Some(task), try_number: Some(_), .. } = &source.task else {
            return false;
        };
        source.kind == Kind::Task && (self.suspects.is_empty() || !self.suspects.contains(&(dag.clone(), task.clone())))
    }
}

/// What the ends of a log say, and how many bytes stand between them; `None` where it has to be read in whole.
pub(super) fn healthy(input: &Input, observer: &Observer<'_>, options: &Options, quick: &Quick) -> Option<(Observed, u64)> {
    ENDS.into_iter().find_map(|wanted| {
        let ends = source::ends(input, &options.source.naming, wanted, |source| quick.takes(source))?;
        proven(ends, observer)
    })
}

fn proven(ends: Ends, observer: &Observer<'_>) -> Option<(Observed, u64)> {
    let Ends { source, head, tail, between } = ends;
    let bytes = (head.len() + tail.len()) as u64;
    let (first, last) = whole_ends(&head, &tail, observer.dialects)?;
    let observe = |mut bytes: &[u8]| {
        let observed = observer.observe(source.clone(), &mut bytes);
        let is_plain = observed.problems.is_empty() && observed.failure.is_none();
        let mut logs = observed.observations.into_iter();
        logs.next().filter(|_| is_plain).zip(Some(observed.lines))
    };
    let (tail, tail_lines) = observe(last).filter(|(tail, _)| succeeds(tail) && is_proof(tail, last))?;
    let (head, head_lines) = observe(first).filter(|(head, _)| goes_on(head, &tail))?;
    let lines = head_lines.saturating_add(tail_lines);
    let times = (bytes + between) / (first.len() + last.len()).max(1) as u64;
    let (log, shown) = joined(head, tail, lines, times);
    if may_have_failed(&log, &shown, observer.rules) {
        return None;
    }
    Some((Observed { observations: vec![log], problems: Vec::new(), bytes, lines, failure: None, halt: None }, between))
}

/// Whether an end proves that the attempt succeeded.
fn succeeds(tail: &Observation) -> bool {
    matches!(tail.outcome, Some((Outcome::Success, _)))
        && tail.ending == Ending::Verdict
        && tail.return_code.is_none_or(|code| code == 0)
        && !tail.failures.iter().any(|failure| failure.fatal)
}

/// Whether the line by which an end is believed to be a success stands behind no failure, however long before.
fn is_proof(tail: &Observation, bytes: &[u8]) -> bool {
    let line = tail.outcome.and_then(|(_, line)| bytes.split(|byte| *byte == b'\n').nth(line.checked_sub(1)? as usize));
    line.is_some_and(|line| PROOFS.iter().any(|proof| memchr::memmem::find(line, proof).is_some()))
}

/// Whether a beginning leads to that end: nothing has ended in it, or what was deferred was taken up again where it can be seen.
fn goes_on(head: &Observation, tail: &Observation) -> bool {
    let waits = matches!(head.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _)));
    let is_open = head.ending == Ending::Silent || (head.ending == Ending::Verdict && waits && tail.executions > 0);
    // In text the host is named as the task starts, behind all that its DAG's file may print; Airflow 3 names it where the work is done, if at all.
    let is_begun = head.started.is_some() && head.executions > 0;
    let is_placed = head.dialect == Dialect::Json || head.host.is_some() || tail.host.is_some();
    is_begun && is_placed && is_open && !head.failures.iter().any(|failure| failure.fatal)
}

/// What both ends say of the attempt, and the symptoms they show. Of what is told last the last counts, as in the whole log.
fn joined(head: Observation, tail: Observation, lines: u32, times: u64) -> (Observation, HashSet<SymptomIx>) {
    let shown = head.matches.iter().chain(&tail.matches).map(|found| found.symptom).collect();
    let mut log = Observation {
        host: tail.host.or(head.host),
        pid: tail.pid.or(head.pid),
        operator: tail.operator.or(head.operator),
        max_tries: tail.max_tries.or(head.max_tries),
        ended: tail.ended.max(head.started),
        // Of two logs of one attempt the longer counts, so it has to be known about how long this one is.
        lines: u32::try_from(u64::from(lines).saturating_mul(times)).unwrap_or(u32::MAX),
        outcome: tail.outcome.map(|(outcome, _)| (outcome, NO_LINE)),
        return_code: tail.return_code,
        ending: tail.ending,
        lacks_end: tail.lacks_end,
        last_words: tail.last_words,
        executions: head.executions + tail.executions,
        only_ends: true,
        // What they show and use is a part of what the log does, and would be taken for all.
        matches: Vec::new(),
        failures: Vec::new(),
        mentions: Vec::new(),
        endpoints: super::Endpoints::default(),
        endpoints_cut: false,
        ..head
    };
    for (name, version) in tail.versions {
        log.add_version(&name, &version);
    }
    (log, shown)
}

/// Stands for a line near the end of a log whose lines were not counted.
pub const NO_LINE: u32 = 0;

/// Whether a rule about whole attempts may say that the attempt failed all the same, by what may stand in the middle.
fn may_have_failed(log: &Observation, shown: &HashSet<SymptomIx>, rules: &RuleSet) -> bool {
    let of_states = |symptom: SymptomIx| rules.symptoms.get(symptom).is_some_and(|symptom| OF_STATES.contains(&symptom.id.as_str()));
    let is_known = |symptom: SymptomIx| shown.contains(&symptom) || of_states(symptom);
    let known = Known { log, shown, is_absent: &|symptom| is_known(symptom) && !shown.contains(&symptom) };
    let ends_whole = |symptom: &&Symptom| symptom.fatal_anywhere && !symptom.causes.is_empty();
    rules.symptoms.iter().filter(ends_whole).filter_map(|symptom| symptom.attempt.as_ref()).any(|condition| known.may_be(condition, true))
}

/// What is known of an attempt of whose log the middle is not.
struct Known<'k> {
    log: &'k Observation,
    shown: &'k HashSet<SymptomIx>,
    /// Whether a symptom is surely not shown.
    is_absent: &'k dyn Fn(SymptomIx) -> bool,
}

impl Known<'_> {
    /// Whether a condition may hold, or may not, as `holds` asks.
    fn may_be(&self, condition: &AttemptCondition, holds: bool) -> bool {
        let task = &self.log.task;
        let named = |glob: &str, name: Option<&str>| name.is_some_and(|name| glob_matches(glob, name)) == holds;
        match condition {
            AttemptCondition::Any(parts) if holds => parts.iter().any(|part| self.may_be(part, true)),
            AttemptCondition::Any(parts) => parts.iter().all(|part| self.may_be(part, false)),
            AttemptCondition::All(parts) if holds => parts.iter().all(|part| self.may_be(part, true)),
            AttemptCondition::All(parts) => parts.iter().any(|part| self.may_be(part, false)),
            AttemptCondition::Not(part) => self.may_be(part, !holds),
            AttemptCondition::Ending(ending) => (*ending == EndingName::Verdict) == holds,
            AttemptCondition::Outcome(outcome) => (outcome == Outcome::Success.name()) == holds,
            AttemptCondition::Operator(glob) => named(glob, self.log.operator.as_deref()),
            AttemptCondition::Dag(glob) => named(glob, task.dag_id.as_deref()),
            AttemptCondition::Task(glob) => named(glob, task.task_id.as_deref()),
            AttemptCondition::Kind(kind) => (*kind == Kind::Task) == holds,
            AttemptCondition::Symptom(symptom) if holds => !(self.is_absent)(*symptom),
            AttemptCondition::Symptom(symptom) => !self.shown.contains(symptom),
            AttemptCondition::Absent(symptom) if holds => !self.shown.contains(symptom),
            AttemptCondition::Absent(symptom) => !(self.is_absent)(*symptom),
            AttemptCondition::Composite(composite) => {
                let may_stand = |step: &Vec<SymptomIx>| step.iter().any(|symptom| !(self.is_absent)(*symptom));
                !holds || composite.steps.iter().all(may_stand)
            }
        }
    }
}
