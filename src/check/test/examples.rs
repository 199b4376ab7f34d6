//! The examples of symptoms.

use std::io;

use crate::rule::{RuleSet, Symptom, SymptomIx};
use crate::source::Kind;

use super::super::shown::{by_attempt, by_records};
use super::Case;

/// Runs the examples of one symptom.
pub(super) fn run(rules: &RuleSet, index: SymptomIx, symptom: &Symptom, cases: &mut Vec<Case>) -> io::Result<()> {
    for (list, expected, texts) in [("matching", true, &symptom.examples.matching), ("not_matching", false, &symptom.examples.not_matching)]
    {
        for (number, text) in texts.iter().enumerate() {
            let holds = shows(rules, index, symptom, text, expected)? == expected;
            let failure = if holds { None } else { Some(failure(rules, index, text, expected)?) };
            let what = format!("examples.{list}[{number}]");
            cases.push(Case { place: symptom.place.clone(), id: symptom.id.clone(), what, failure });
        }
    }
    Ok(())
}

/// Says what was expected of an example and what it shows.
fn failure(rules: &RuleSet, index: SymptomIx, text: &str, expected: bool) -> io::Result<String> {
    let mut says = if expected { "expected a match, got none" } else { "expected no match, got one" }.to_owned();
    for line in text.lines() {
        says.push_str("\n    ");
        says.push_str(line);
    }
    let shown = by_records(rules, text, rules.kinds(index).required.unwrap_or(Kind::Task))?;
    let others: Vec<&str> = shown.iter().filter_map(|shown| rules.symptoms.get(*shown)).map(|symptom| symptom.id.as_str()).collect();
    if expected && !others.is_empty() {
        says.push_str(&format!("\n  it shows: {}", others.join(", ")));
    }
    Ok(says)
}

/// Whether an example shows its symptom. One that should may be a log of any kind that the symptom names; one that should not is a task's
/// log, unless the symptom is of another kind of log altogether.
fn shows(rules: &RuleSet, index: SymptomIx, symptom: &Symptom, text: &str, expected: bool) -> io::Result<bool> {
    if symptom.attempt.is_some() {
        return Ok(by_attempt(rules, text).contains(&index));
    }
    let kinds = rules.kinds(index);
    let first = kinds.required.unwrap_or(Kind::Task);
    if by_records(rules, text, first)?.contains(&index) {
        return Ok(true);
    }
    for kind in kinds.named.iter().filter(|kind| expected && **kind != first) {
        if by_records(rules, text, *kind)?.contains(&index) {
            return Ok(true);
        }
    }
    Ok(false)
}
