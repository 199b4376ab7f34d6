//! Scenarios: whole logs, read, joined, correlated and diagnosed as in a run, and what must be said of them.

use std::path::Path;

use crate::attempt::{self, AttemptRef, Attempts};
use crate::diagnose::{self, Diagnosis};
use crate::record::Dialects;
use crate::rule::{Expected, LogSource, RuleSet, Scenario};
use crate::scan;
use crate::source::{Kind, Source};

use super::Case;

/// What of a scenario is tested: all of it.
pub(super) const WHAT: &str = "scenario";

/// How many incidents are listed where something else was expected.
const INCIDENTS_SHOWN: usize = 5;

/// How many causes of each.
const CAUSES_SHOWN: usize = 3;

/// Runs one scenario.
pub(super) fn run(rules: &RuleSet, scenario: &Scenario) -> Case {
    let failure = failures(rules, scenario).err();
    Case { place: scenario.place.clone(), id: scenario.id.clone(), what: WHAT.to_owned(), failure }
}

/// Checks a scenario.
///
/// # Errors
/// What was expected and what was got.
fn failures(rules: &RuleSet, scenario: &Scenario) -> Result<(), String> {
    let mut observations = Vec::new();
    for (number, log) in scenario.logs.iter().enumerate() {
        let text = text_of(log, &scenario.place.file)?;
        let source = source_of(log, number);
        observations.extend(scan::observe(source, &mut text.as_bytes(), rules, &Dialects::default()).observations);
    }
    let attempts = attempt::join(observations, &[], rules);
    let diagnosed = diagnose::diagnose(&attempts, rules);
    let found = Found { rules, attempts: &attempts, diagnoses: &diagnosed.diagnoses };
    let mut wrong: Vec<String> = scenario.expect.iter().filter(|expected| !found.holds(expected)).map(told).collect();
    if scenario.expect.is_empty() && !diagnosed.diagnoses.is_empty() {
        wrong.push("that nothing failed".to_owned());
    }
    if let Some(count) = scenario.incidents.filter(|count| !count.holds(diagnosed.diagnoses.len())) {
        wrong.push(format!("{} incidents", bounds(count.at_least, count.at_most)));
    }
    wrong.extend(scenario.never.iter().filter(|id| found.shows(id)).map(|id| format!("no `{id}`")));
    if wrong.is_empty() { Ok(()) } else { Err(format!("expected {}\n{}", wrong.join(",\n  and "), found.told())) }
}

fn text_of(log: &LogSource, rule_file: &str) -> Result<String, String> {
    if let Some(text) = &log.text {
        return Ok(text.clone());
    }
    let file = Path::new(rule_file).parent().unwrap_or(Path::new("")).join(log.file.as_deref().unwrap_or_default());
    match std::fs::read(&file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("the log {} cannot be read: {error}", file.display())),
    }
}

/// A log without a path is the first try of a task of its own, all in one run.
fn source_of(log: &LogSource, number: usize) -> Source {
    match &log.path {
        Some(path) => Source::named(path, None),
        None => {
            let path = format!("dag_id=example/run_id=manual__2026-01-01T00:00:00+00:00/task_id=task_{}/attempt=1.log", number + 1);
            Source { kind: Kind::Task, ..Source::named(&path, None) }
        }
    }
}

/// What a run says.
struct Found<'a> {
    rules: &'a RuleSet,
    attempts: &'a Attempts,
    diagnoses: &'a [Diagnosis],
}

impl Found<'_> {
    fn holds(&self, expected: &Expected) -> bool {
        self.diagnoses.iter().any(|diagnosis| {
            let symptom = expected.symptom.as_deref().map(|id| self.rules.symptom(id));
            let shows = symptom.is_none_or(|symptom| symptom.is_some_and(|symptom| self.shown_in(diagnosis, symptom)));
            let cause = expected.cause.as_deref().map(|id| self.rules.cause(id));
            let ranked = |wanted: usize| diagnosis.causes.iter().position(|ranked| ranked.cause == wanted);
            let explains = cause.is_none_or(|cause| {
                let place = cause.and_then(ranked);
                match expected.probability {
                    None => place == Some(0),
                    // A cause that is not listed has next to no probability.
                    Some(share) => {
                        share.holds(place.and_then(|place| diagnosis.causes.get(place)).map_or(0.0, |ranked| ranked.probability))
                    }
                }
            });
            shows && explains && expected.attempts.is_none_or(|count| count.holds(diagnosis.incident.attempts.len()))
        })
    }

    fn shown_in(&self, diagnosis: &Diagnosis, symptom: usize) -> bool {
        let attempts = diagnosis.incident.attempts.iter().filter_map(|row| self.attempts.get(*row));
        attempts.into_iter().any(|attempt| attempt.symptoms().iter().any(|shown| shown.symptom == symptom))
    }

    fn shows(&self, id: &str) -> bool {
        let symptom = self.rules.symptom(id);
        let cause = self.rules.cause(id);
        let shown = |attempt: AttemptRef<'_>| attempt.symptoms().iter().any(|shown| Some(shown.symptom) == symptom);
        self.attempts.iter().any(shown)
            || (cause.is_some() && self.diagnoses.iter().any(|diagnosis| diagnosis.causes.first().map(|ranked| ranked.cause) == cause))
    }

    /// What was found, for a reader who expected something else.
    fn told(&self) -> String {
        let mut says = match self.diagnoses.len() {
            0 => "  got no incident".to_owned(),
            count => format!("  got {count} incident{}:", if count == 1 { "" } else { "s" }),
        };
        for diagnosis in self.diagnoses.iter().take(INCIDENTS_SHOWN) {
            let mut symptoms: Vec<&str> = Vec::new();
            for shown in diagnosis.incident.attempts.iter().filter_map(|row| self.attempts.get(*row)).flat_map(AttemptRef::symptoms) {
                let id = self.rules.symptoms.get(shown.symptom).map_or("", |symptom| symptom.id.as_str());
                if !symptoms.contains(&id) {
                    symptoms.push(id);
                }
            }
            let causes = diagnosis.causes.iter().take(CAUSES_SHOWN).map(|ranked| {
                let id = self.rules.causes.get(ranked.cause).map_or("", |cause| cause.id.as_str());
                format!("{id} {:.2}", ranked.probability)
            });
            let causes = causes.collect::<Vec<_>>().join(", ");
            let attempts = diagnosis.incident.attempts.len();
            says.push_str(&format!(
                "\n    {} ({attempts} attempts)\n      symptoms: {}\n      causes: {causes}",
                diagnosis.title,
                symptoms.join(", ")
            ));
        }
        says
    }
}

/// What is expected, in words.
fn told(expected: &Expected) -> String {
    let mut parts = Vec::new();
    parts.extend(expected.symptom.as_ref().map(|id| format!("the symptom `{id}`")));
    parts.extend(expected.cause.as_ref().map(|id| match expected.probability {
        None => format!("`{id}` as the first cause"),
        Some(share) => format!("the cause `{id}` with a probability of {}", bounds(share.at_least, share.at_most)),
    }));
    parts.extend(expected.attempts.map(|count| format!("{} failed attempts", bounds(count.at_least, count.at_most))));
    format!("an incident with {}", parts.join(" and "))
}

fn bounds<T: std::fmt::Display>(at_least: Option<T>, at_most: Option<T>) -> String {
    match (at_least, at_most) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "any number of".to_owned(),
    }
}
