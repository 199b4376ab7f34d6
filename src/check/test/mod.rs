//! `rules test`: what rules promise, run through the real engine: the examples of symptoms, and scenarios of whole logs.

mod examples;
mod junit;
mod scenarios;

use std::io;

use crate::report::{Mask, terminal};
use crate::rule::{Place, RuleSet};

pub use junit::write_junit;

/// One thing that was tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The rule or scenario that it belongs to.
    pub place: Place,
    /// Its id.
    pub id: String,
    /// What of it: `examples.matching[0]`, `scenario`.
    pub what: String,
    /// What was expected and what was got, where that differs: a line, and then what it is about.
    pub failure: Option<String>,
}

/// What a test of rules gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tested {
    /// Every example and scenario, by file and place.
    pub cases: Vec<Case>,
    /// How many rules were tested.
    pub rules: usize,
}

impl Tested {
    /// How many did not hold.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.cases.iter().filter(|case| case.failure.is_some()).count()
    }
}

/// Runs the examples and scenarios of all rules, or of those that stand in the named files.
///
/// # Errors
/// When a log cannot be read.
pub fn test(rules: &RuleSet, files: &[String]) -> io::Result<Tested> {
    let wanted = |place: &Place| files.is_empty() || files.contains(&place.file);
    let mut tested = Tested::default();
    for (index, symptom) in rules.named().iter().enumerate().filter(|(_, symptom)| wanted(&symptom.place)) {
        tested.rules += 1;
        examples::run(rules, index, symptom, &mut tested.cases)?;
    }
    for scenario in rules.scenarios.iter().filter(|scenario| wanted(&scenario.place)) {
        tested.rules += 1;
        tested.cases.push(scenarios::run(rules, scenario));
    }
    // What rules were cut from are logs.
    let mask = Mask::default();
    for failure in tested.cases.iter_mut().filter_map(|case| case.failure.as_mut()) {
        *failure = mask.apply(failure).into_owned();
    }
    // Rules of one file stay together, whatever their ids.
    tested.cases.sort_by(|a, b| (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line)));
    Ok(tested)
}

/// Lists what does not hold, and how much was tested.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_text(tested: &Tested, out: &mut dyn io::Write) -> io::Result<()> {
    for case in &tested.cases {
        if let Some(failure) = &case.failure {
            let Place { file, line, column } = &case.place;
            let told = format!("{file}:{line}:{column}: {} {}: {failure}", case.id, case.what);
            for line in told.lines() {
                writeln!(out, "{}", terminal(line))?;
            }
            writeln!(out)?;
        }
    }
    let scenarios = tested.cases.iter().filter(|case| case.what == scenarios::WHAT).count();
    let (examples, failures) = (tested.cases.len() - scenarios, tested.failures());
    let symptoms = tested.rules - scenarios;
    let verb = if failures == 1 { "does" } else { "do" };
    writeln!(out, "{examples} examples of {symptoms} symptoms, {scenarios} scenarios, {failures} {verb} not hold")
}
