//! Puts the attempt table together: one row per log, completed by what component logs and further tries say of it.

use std::collections::BTreeMap;

use crate::record::{Dialect, Outcome};
use crate::rule::RuleSet;
use crate::scan::{Ending, Match, Mention, Observation};
use crate::source::{Kind, TaskInstance};

use super::{Attempt, Role, Shown, compose, endpoints, failure};

/// Makes the attempt table from all observations. The order of the observations does not matter.
#[must_use]
pub fn join(mut observations: Vec<Observation>, rules: &RuleSet) -> Vec<Attempt> {
    observations.sort_by(|a, b| a.source.cmp(&b.source));
    let tries = Tries::of(&observations);
    let mentions = Mentions::of(&observations);
    let has_tasks = observations.iter().any(|log| log.source.kind == Kind::Task);
    let mut attempts: Vec<Attempt> = observations.iter().map(|log| row(log, &tries, &mentions, rules)).collect();
    compose::evaluate(&mut attempts, &observations, rules);
    for (attempt, log) in attempts.iter_mut().zip(&observations) {
        attempt.failure = failure::failure_of(attempt, log, rules, has_tasks);
        failure::give_roles(attempt);
    }
    endpoints::complete(&mut attempts, rules);
    attempts
}

/// Which tries of a task instance have logs.
struct Tries(BTreeMap<TaskInstance, u32>);

impl Tries {
    fn of(observations: &[Observation]) -> Self {
        let mut latest: BTreeMap<TaskInstance, u32> = BTreeMap::new();
        for log in observations.iter().filter(|log| log.source.kind == Kind::Task) {
            if let Some(number) = log.task.try_number {
                let entry = latest.entry(TaskInstance { try_number: None, ..log.task.clone() }).or_default();
                *entry = (*entry).max(number);
            }
        }
        Self(latest)
    }

    fn has_later(&self, task: &TaskInstance) -> bool {
        let latest = self.0.get(&TaskInstance { try_number: None, ..task.clone() });
        task.try_number.zip(latest).is_some_and(|(number, latest)| *latest > number)
    }
}

/// What component logs say, by DAG, task and map index.
struct Mentions<'a>(BTreeMap<MappedTask<'a>, Vec<(&'a Observation, &'a Mention)>>);

type MappedTask<'a> = (&'a str, &'a str, Option<i32>);

impl<'a> Mentions<'a> {
    fn of(observations: &'a [Observation]) -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for log in observations {
            for mention in &log.mentions {
                if let (Some(dag), Some(task)) = (&mention.task.dag_id, &mention.task.task_id) {
                    all.entry((dag.as_str(), task.as_str(), mention.task.map_index)).or_default().push((log, mention));
                }
            }
        }
        Self(all)
    }

    fn about<'b>(&'b self, task: &'b TaskInstance) -> impl Iterator<Item = (&'a Observation, &'a Mention)> + 'b {
        let key = task.dag_id.as_deref().zip(task.task_id.as_deref());
        let all = key.and_then(|(dag, name)| self.0.get(&(dag, name, task.map_index))).into_iter().flatten();
        all.copied().filter(|(_, mention)| {
            let same_run = mention.task.run_id.is_none() || mention.task.run_id == task.run_id;
            let same_try = mention.task.try_number.is_none() || task.try_number.is_none() || mention.task.try_number == task.try_number;
            same_run && same_try
        })
    }
}

/// One row of the table, before failures are looked for.
fn row(log: &Observation, tries: &Tries, mentions: &Mentions<'_>, rules: &RuleSet) -> Attempt {
    let mut attempt = Attempt {
        path: log.source.path.clone(),
        member: log.source.member.clone(),
        kind: log.source.kind,
        task: log.task.clone(),
        host: log.host.clone(),
        pid: log.pid,
        operator: log.operator.clone(),
        started: log.started,
        ended: log.ended,
        outcome: Outcome::Unknown,
        outcome_because: String::new(),
        ending: log.ending,
        symptoms: log.matches.iter().map(shown).collect(),
        failure: None,
        endpoints: log.endpoints.clone(),
    };
    let mut mentioned = None;
    let mut max_tries = log.max_tries;
    if attempt.kind == Kind::Task {
        for (component, mention) in mentions.about(&log.task) {
            attempt.host = attempt.host.or_else(|| mention.host.clone());
            attempt.pid = attempt.pid.or(mention.pid);
            attempt.operator = attempt.operator.or_else(|| mention.operator.clone());
            max_tries = max_tries.or(mention.max_tries);
            // What gives an attempt up counts unless the attempt itself, or the component later, says how it came out.
            let given_up = mention.symptom.is_some_and(|symptom| rules.symptoms[symptom].fatal_anywhere).then_some(Outcome::Failed);
            if let Some(outcome) = mention.outcome.filter(|outcome| *outcome != Outcome::Running).or(given_up) {
                mentioned = Some((outcome, format!("{} line {}", component.source.name(), mention.line)));
            }
            if let Some(symptom) = mention.symptom {
                let excerpt = component
                    .matches
                    .iter()
                    .find(|known| known.symptom == symptom && known.line == mention.line)
                    .map(|known| known.excerpt.clone());
                attempt.symptoms.push(Shown {
                    symptom,
                    // It stands in another log: the attempt's own last line is where a reader looks first.
                    line: log.lines.max(1),
                    time: mention.time,
                    role: Role::Contributing,
                    excerpt: excerpt.unwrap_or_default(),
                    facts: crate::record::Facts::default(),
                });
            }
        }
        let (outcome, because) = outcome_of(log, mentioned, max_tries, tries.has_later(&log.task));
        attempt.outcome = outcome;
        attempt.outcome_because = because;
    } else if attempt.kind == Kind::Other && (log.outcome.is_some() || log.return_code.is_some()) {
        // An excerpt that says how its attempt came out, though not whose it was.
        let (outcome, because) = outcome_of(log, None, max_tries, false);
        attempt.outcome = outcome;
        attempt.outcome_because = because;
    } else {
        attempt.outcome_because = format!("a {} log is no attempt", log.source.kind.name());
    }
    attempt
}

fn shown(found: &Match) -> Shown {
    Shown {
        symptom: found.symptom,
        line: found.at_line,
        time: found.time,
        role: Role::Incidental,
        excerpt: found.excerpt.clone(),
        facts: found.facts.clone(),
    }
}

/// How an attempt came out, and the reason for believing it. Airflow's own last word in the task's log comes first; then the scheduler's;
/// then what the log shows.
fn outcome_of(log: &Observation, mentioned: Option<(Outcome, String)>, max_tries: Option<u32>, has_later_try: bool) -> (Outcome, String) {
    let retries = has_later_try || log.task.try_number.zip(max_tries).is_some_and(|(number, of)| number < of);
    let failed = |because: String| match retries {
        true => (Outcome::UpForRetry, format!("{because}, and another try follows")),
        false => (Outcome::Failed, because),
    };
    if let Some((outcome, line)) = log.outcome
        && !matches!(outcome, Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule)
    {
        return (outcome, format!("the log says so at line {line}"));
    }
    if let Some((outcome, place)) = mentioned
        && matches!(outcome, Outcome::Success | Outcome::Failed | Outcome::UpForRetry | Outcome::Skipped)
    {
        // A scheduler may print its line before it has decided about a further try.
        return match outcome {
            Outcome::Failed if has_later_try => {
                (Outcome::UpForRetry, format!("the scheduler says failed ({place}), and a later try exists"))
            }
            outcome => (outcome, format!("the scheduler says so: {place}")),
        };
    }
    if let Some(failure) = log.failures.iter().find(|failure| failure.fatal) {
        return failed(format!("the task failed at line {}", failure.line));
    }
    if log.ending == Ending::Killed {
        return failed("its process was killed".to_owned());
    }
    match (log.return_code, log.outcome) {
        (Some(0), _) => return (Outcome::Success, "its process returned 0".to_owned()),
        (Some(100), Some((Outcome::Deferred, line))) | (None, Some((Outcome::Deferred, line))) => {
            return (Outcome::Deferred, format!("it was deferred at line {line} and did not come back"));
        }
        (_, Some((Outcome::UpForReschedule, line))) => return (Outcome::UpForReschedule, format!("it gave its slot back at line {line}")),
        (Some(code), _) => return failed(format!("its process returned {code}")),
        _ => {}
    }
    if has_later_try {
        return (Outcome::UpForRetry, "the log just stops, and a later try exists".to_owned());
    }
    let says = match (log.lines, log.dialect) {
        (0, _) => "the log is empty",
        (_, Dialect::Json) => "the log names neither success nor failure, as Airflow 3 does for operators that return no value",
        _ => "the log just stops",
    };
    (Outcome::Unknown, says.to_owned())
}
