//! `rules test`: every example of every symptom, run through the real engine.

use std::io;

use crate::rule::{RuleSet, Symptom, SymptomIx};
use crate::source::Kind;

use super::shown::{by_attempt, by_records};

/// What a test of all examples gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tested {
    /// How many examples were run.
    pub examples: usize,
    /// How many did not hold.
    pub failures: usize,
}

/// Runs all examples and lists those that do not hold, with what was expected and what was found.
///
/// # Errors
/// When `out` cannot be written.
pub fn test(rules: &RuleSet, out: &mut dyn io::Write) -> io::Result<Tested> {
    let mut tested = Tested::default();
    for (index, symptom) in rules.named().iter().enumerate() {
        let expected = [(true, &symptom.examples.matching), (false, &symptom.examples.not_matching)];
        for (expected, text) in expected.into_iter().flat_map(|(expected, texts)| texts.iter().map(move |text| (expected, text))) {
            tested.examples += 1;
            if shows(rules, index, symptom, text, expected)? == expected {
                continue;
            }
            tested.failures += 1;
            let place = &symptom.place;
            let (list, wanted, got) = if expected { ("matching", "a match", "none") } else { ("not_matching", "no match", "one") };
            writeln!(out, "{}:{}:{}: {} examples.{list}: expected {wanted}, got {got}", place.file, place.line, place.column, symptom.id)?;
            for line in text.lines() {
                writeln!(out, "    {line}")?;
            }
            let others = others(rules, index, text)?;
            if expected && !others.is_empty() {
                writeln!(out, "  it shows: {}", others.join(", "))?;
            }
            writeln!(out)?;
        }
    }
    let Tested { examples, failures } = tested;
    writeln!(
        out,
        "{examples} examples of {} symptoms, {failures} {} not hold",
        rules.named().len(),
        if failures == 1 { "does" } else { "do" }
    )?;
    Ok(tested)
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

fn others<'r>(rules: &'r RuleSet, index: SymptomIx, text: &str) -> io::Result<Vec<&'r str>> {
    let shown = by_records(rules, text, rules.kinds(index).required.unwrap_or(Kind::Task))?;
    Ok(shown.iter().filter_map(|shown| rules.symptoms.get(*shown)).map(|symptom| symptom.id.as_str()).collect())
}
