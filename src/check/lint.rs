//! `rules lint`: what is doubtful in rules that load. What is wrong stops them from loading; see `rule::load`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::rule::{AttemptCondition, Cause, Place, RuleSet, Symptom, SymptomIx};
use crate::source::Kind;

use super::shown::by_records;

/// What linting found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Linted {
    /// Things to mend.
    pub warnings: usize,
    /// Things to know.
    pub notes: usize,
}

/// One thing that is doubtful.
struct Finding<'r> {
    place: &'r Place,
    /// The lint's name, for ever.
    lint: &'static str,
    says: String,
}

/// At least so many examples of each sort: one is the line the rule was written from, and proves nothing.
const EXAMPLES_MIN: usize = 2;

/// Lists what is doubtful, by place.
///
/// # Errors
/// When `out` cannot be written.
pub fn lint(rules: &RuleSet, out: &mut dyn io::Write) -> io::Result<Linted> {
    let mut findings = Vec::new();
    let used = used_symptoms(rules);
    for (index, symptom) in rules.named().iter().enumerate() {
        lint_symptom(rules, index, symptom, &used, &mut findings);
    }
    let listed: BTreeSet<usize> = rules.named().iter().flat_map(|symptom| symptom.causes.iter().copied()).collect();
    for (index, cause) in rules.causes.iter().enumerate() {
        lint_cause(cause, listed.contains(&index), &mut findings);
    }
    lint_titles(rules, &mut findings);
    let warnings = findings.len();
    lint_foreign_examples(rules, &mut findings)?;
    let linted = Linted { warnings, notes: findings.len() - warnings };
    findings.sort_by(|a, b| {
        let key = |finding: &Finding<'_>| (finding.place.file.clone(), finding.place.line, finding.lint, finding.says.clone());
        key(a).cmp(&key(b))
    });
    for Finding { place, lint, says } in &findings {
        let grade = if *lint == FOREIGN_EXAMPLE { "note" } else { "warning" };
        writeln!(out, "{}:{}:{}: {grade}[{lint}]: {says}", place.file, place.line, place.column)?;
    }
    let (symptoms, causes, timers) = (rules.named().len(), rules.causes.len(), rules.timers.len());
    let Linted { warnings, notes } = linted;
    writeln!(out, "{symptoms} symptoms, {causes} causes, {timers} timers: {warnings} warnings, {notes} notes")?;
    Ok(linted)
}

/// A symptom matches an example of another. No fault: one line may show two things. But worth a look.
const FOREIGN_EXAMPLE: &str = "foreign-example";

fn lint_symptom<'r>(rules: &RuleSet, index: SymptomIx, symptom: &'r Symptom, used: &BTreeSet<SymptomIx>, findings: &mut Vec<Finding<'r>>) {
    let mut find = |lint, says: String| findings.push(Finding { place: &symptom.place, lint, says });
    let id = &symptom.id;
    if !is_kebab_case(id) {
        find("kebab-case", format!("the id `{id}` is not in kebab-case; ids are small letters and digits joined with -"));
    }
    if rules.is_open(index) {
        let says = "no text is required, so the condition is tried on every record; put a `literal` beside the expression".to_owned();
        find("no-literal", format!("`{id}`: {says}"));
    }
    let (matching, not_matching) = (symptom.examples.matching.len(), symptom.examples.not_matching.len());
    // What is seen by an absence has no lines to show as examples of the contrary.
    if symptom.attempt.is_none() && (matching < EXAMPLES_MIN || not_matching < EXAMPLES_MIN) {
        find(
            "few-examples",
            format!("`{id}` has {matching} matching and {not_matching} not matching examples; give {EXAMPLES_MIN} of each at least"),
        );
    }
    // A warning that attempts survive may stand for itself: it is shown, and nobody asks why.
    if symptom.causes.is_empty() && !symptom.verdict && !symptom.incidental && !used.contains(&index) {
        find("no-causes", format!("`{id}` has no causes and is evidence for none; list `causes`, or name it in a cause's evidence"));
    }
}

fn lint_cause<'r>(cause: &'r Cause, listed: bool, findings: &mut Vec<Finding<'r>>) {
    let mut find = |lint, says: String| findings.push(Finding { place: &cause.place, lint, says });
    let id = &cause.id;
    if !is_kebab_case(id) {
        find("kebab-case", format!("the id `{id}` is not in kebab-case; ids are small letters and digits joined with -"));
    }
    if !listed {
        find("unreachable", format!("no symptom lists the cause `{id}`; add it to the `causes` of those that it explains"));
    }
    if cause.evidence.is_empty() {
        find("no-evidence", format!("nothing speaks for or against `{id}`; it can only rank by its prior"));
    }
    if cause.confirm.is_empty() {
        find("no-confirm", format!("`{id}` does not say how to make sure of it; add `confirm`"));
    }
    if cause.fixes.is_empty() {
        find("no-fix", format!("`{id}` does not say what to do; add `fixes`"));
    }
}

fn lint_titles<'r>(rules: &'r RuleSet, findings: &mut Vec<Finding<'r>>) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for symptom in rules.named() {
        if let Some(other) = first.insert(&symptom.title, &symptom.id) {
            let says = format!("`{}` has the same title as `{other}`; a reader cannot tell them apart", symptom.id);
            findings.push(Finding { place: &symptom.place, lint: "same-title", says });
        }
    }
}

fn lint_foreign_examples<'r>(rules: &'r RuleSet, findings: &mut Vec<Finding<'r>>) -> io::Result<()> {
    for (index, symptom) in rules.named().iter().enumerate() {
        let mut foreign = BTreeSet::new();
        for text in &symptom.examples.matching {
            foreign.extend(by_records(rules, text, rules.kinds(index).required.unwrap_or(Kind::Task))?);
        }
        for (other, foreign) in foreign.iter().filter_map(|other| rules.symptoms.get(*other).map(|foreign| (*other, foreign))) {
            let known = other == index
                || symptom.specific_over.contains(&other)
                || foreign.specific_over.contains(&index)
                || symptom.family == foreign.family
                || symptom.attempt.is_some();
            if !known {
                let says = format!(
                    "an example of `{}` also shows `{}`; if one says more than the other, let it be `specific_over` that",
                    symptom.id, foreign.id
                );
                findings.push(Finding { place: &symptom.place, lint: FOREIGN_EXAMPLE, says });
            }
        }
    }
    Ok(())
}

/// The symptoms that serve as evidence or as parts of others.
fn used_symptoms(rules: &RuleSet) -> BTreeSet<SymptomIx> {
    let mut used = BTreeSet::new();
    for cause in &rules.causes {
        used.extend(cause.produces.iter().copied());
        for evidence in &cause.evidence {
            let nearby = evidence.when.preceded_by.iter().flat_map(|nearby| &nearby.symptoms);
            used.extend(
                evidence
                    .when
                    .symptom
                    .iter()
                    .flatten()
                    .chain(evidence.when.among.iter().flatten())
                    .chain(nearby)
                    .filter_map(|id| rules.symptom(id)),
            );
        }
    }
    for symptom in rules.named() {
        used.extend(symptom.attempt.iter().flat_map(AttemptCondition::symptoms));
    }
    used
}

fn is_kebab_case(id: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    id.split('-').all(word)
}
