//! `rules lint`: what is doubtful in rules that load. What is wrong stops them from loading; see `rule::load`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::rule::{AttemptCondition, BUILTIN, Cause, CauseIx, Grade, Remark, Remarks, RuleSet, Symptom, SymptomIx};
use crate::source::Kind;

use super::healthy::Seen;
use super::shown::by_records;

/// What linting found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Linted {
    /// Things to mend.
    pub warnings: usize,
    /// Things to know.
    pub notes: usize,
}

/// At least so many examples of each sort: one is the line the rule was written from, and proves nothing.
const EXAMPLES_MIN: usize = 2;

/// Lists what is doubtful, by place. `seen`: in how many attempts that succeeded each symptom was seen, and where first, if logs were given.
///
/// # Errors
/// When `out` cannot be written.
pub fn lint(rules: &RuleSet, seen: &BTreeMap<SymptomIx, Seen>, out: &mut dyn io::Write) -> io::Result<Linted> {
    let mut lint = Lint { rules, remarks: Remarks::new(rules) };
    let used = used_symptoms(rules);
    let shown = examples_shown(rules)?;
    for (index, symptom) in rules.named().iter().enumerate() {
        lint.symptom(index, symptom, &used);
        lint.hiding(index, symptom, shown.get(index).map_or(&[], Vec::as_slice));
        lint.foreign(index, symptom, shown.get(index).map_or(&[], Vec::as_slice));
        if let Some(seen) = seen.get(&index) {
            lint.healthy(symptom, seen);
        }
    }
    let listed: BTreeSet<CauseIx> = rules.named().iter().flat_map(|symptom| symptom.causes.iter().copied()).collect();
    for (index, cause) in rules.causes.iter().enumerate() {
        lint.cause(cause, listed.contains(&index));
    }
    lint.doubles();
    let remarks = lint.remarks;
    let linted = Linted { warnings: remarks.count(Grade::Warning), notes: remarks.count(Grade::Note) };
    remarks.write(out)?;
    let (symptoms, causes, timers) = (rules.named().len(), rules.causes.len(), rules.timers.len());
    let Linted { warnings, notes } = linted;
    writeln!(out, "{symptoms} symptoms, {causes} causes, {timers} timers: {warnings} warnings, {notes} notes")?;
    Ok(linted)
}

/// What is shown by a symptom's examples that should match, for each example.
type Shown = BTreeSet<SymptomIx>;

struct Lint<'r> {
    rules: &'r RuleSet,
    remarks: Remarks<'r>,
}

impl<'r> Lint<'r> {
    fn warn(&mut self, of: &'r crate::rule::Place, path: &[&str], lint: &'static str, says: impl Into<String>, remedy: impl Into<String>) {
        self.remarks.add(of, path, Remark { grade: Grade::Warning, lint, says: says.into(), remedy: remedy.into() });
    }

    fn note(&mut self, of: &'r crate::rule::Place, path: &[&str], lint: &'static str, says: impl Into<String>, remedy: impl Into<String>) {
        self.remarks.add(of, path, Remark { grade: Grade::Note, lint, says: says.into(), remedy: remedy.into() });
    }

    fn symptom(&mut self, index: SymptomIx, symptom: &'r Symptom, used: &BTreeSet<SymptomIx>) {
        let (id, place, rules) = (&symptom.id, &symptom.place, self.rules);
        self.id(id, place);
        let parts = symptom.attempt.iter().flat_map(AttemptCondition::symptoms).filter(|part| rules.is_part(*part));
        if std::iter::once(index).chain(parts).any(|symptom| rules.is_open(symptom)) {
            let says = format!("no text must stand in a record that shows `{id}`, so the condition is tried on every record");
            let remedy = "put a `literal` of three letters or more beside the expression, or into each branch of `any`";
            self.warn(place, &["match"], "no-literal", says, remedy);
        }
        // An example is one log; what takes several is shown by scenarios.
        let expected = rules.scenarios.iter().filter(|scenario| scenario.expects(id)).count();
        let denied = rules.scenarios.iter().filter(|scenario| scenario.never.contains(id)).count();
        let (matching, not_matching) = (symptom.examples.matching.len() + expected, symptom.examples.not_matching.len() + denied);
        if matching < EXAMPLES_MIN || not_matching < EXAMPLES_MIN {
            let says = format!("`{id}` has {matching} matching and {not_matching} not matching examples");
            let remedy =
                format!("give {EXAMPLES_MIN} of each at least: a rule that was tried on one line may match that line alone, or everything");
            self.warn(place, &["examples"], "few-examples", says, remedy);
        }
        // A warning that attempts survive may stand for itself: it is shown, and nobody asks why.
        if symptom.causes.is_empty() && !symptom.verdict && !symptom.incidental && !used.contains(&index) {
            let remedy = "list `causes`, name it in the evidence of one, or say `incidental: true` if attempts survive it";
            self.warn(place, &["id"], "no-causes", format!("`{id}` has no causes and is evidence for none"), remedy);
        }
        if symptom.incidental && (symptom.fatal_anywhere || symptom.verdict) {
            let other = if symptom.fatal_anywhere { "fatal_anywhere" } else { "verdict" };
            let says = format!("`{id}` is `incidental`, which attempts survive, and `{other}`, which ends them");
            self.warn(place, &[other], "contradiction", says, "keep one of them");
        }
        if symptom.source.is_none() {
            let remedy = "say in `source` where the wording comes from: library, version and file, or a page";
            self.note(place, &["id"], "no-source", format!("`{id}` does not say where its wording comes from"), remedy);
        }
    }

    fn id(&mut self, id: &str, place: &'r crate::rule::Place) {
        if !is_kebab_case(id) {
            let says = format!("the id `{id}` is not in kebab-case");
            self.warn(place, &["id"], "kebab-case", says, format!("small letters and digits joined with -, such as `{}`", kebab_case(id)));
        }
    }

    /// Symptoms that never show because others hide them.
    fn hiding(&mut self, index: SymptomIx, symptom: &'r Symptom, shown: &[Shown]) {
        let rules = self.rules;
        let hides = |a: SymptomIx, b: SymptomIx| rules.symptoms.get(a).is_some_and(|symptom| symptom.specific_over.contains(&b));
        for other in symptom.specific_over.iter().filter(|other| hides(**other, index)) {
            let other = rules.symptoms.get(*other).map_or("", |other| other.id.as_str());
            let says = format!("`{}` and `{other}` hide each other, so that neither shows where both match", symptom.id);
            self.warn(&symptom.place, &["specific_over"], "hide-each-other", says, "keep the `specific_over` of the one that says more");
        }
        // Whoever adds rules may well mean to take something over from the built-in ones.
        let of_same_set = |other: SymptomIx| rules.symptoms.get(other).is_some_and(|other| is_builtin(other) == is_builtin(symptom));
        let is_hider = |other: SymptomIx| other != index && hides(other, index) && of_same_set(other);
        let hider = |shown: &Shown| shown.iter().copied().find(|other| is_hider(*other));
        let hiders: Option<Vec<SymptomIx>> = shown.iter().map(hider).collect();
        if let Some(hider) = hiders.as_ref().and_then(|hiders| hiders.first()).and_then(|hider| rules.symptoms.get(*hider)) {
            let says = format!("every example of `{}` is hidden by a more specific symptom, such as `{}`", symptom.id, hider.id);
            let remedy = "give an example of a record that only this rule matches, or remove the rule";
            self.warn(&symptom.place, &["examples"], "unreachable", says, remedy);
        }
    }

    /// Another symptom that an example shows, without either of them knowing of the other.
    fn foreign(&mut self, index: SymptomIx, symptom: &'r Symptom, shown: &[Shown]) {
        let rules = self.rules;
        let mut told = BTreeSet::new();
        for (number, shown) in shown.iter().enumerate() {
            for (other, foreign) in shown.iter().filter_map(|other| Some((*other, rules.symptoms.get(*other)?))) {
                let known = other == index
                    || symptom.specific_over.contains(&other)
                    || foreign.specific_over.contains(&index)
                    || symptom.beside.contains(&other)
                    || foreign.beside.contains(&index)
                    || symptom.family == foreign.family;
                if known || !told.insert(other) {
                    continue;
                }
                // Whoever adds a rule is told at that rule, not in files that are not theirs.
                if is_builtin(symptom) && !is_builtin(foreign) {
                    let says = format!("`{}` also matches an example of the built-in `{}`", foreign.id, symptom.id);
                    let remedy =
                        format!("narrow it, or say how they stand to each other: `specific_over: [{0}]` or `beside: [{0}]`", symptom.id);
                    self.note(&foreign.place, &["match"], "foreign-example", says, remedy);
                    continue;
                }
                let says = format!("an example of `{}` also shows `{}`", symptom.id, foreign.id);
                let remedy = format!(
                    "if one says more than the other, let it be `specific_over` that; if each has something of its own to say, `beside: [{}]`",
                    foreign.id
                );
                self.warn(&symptom.place, &["examples", "matching", &number.to_string()], "foreign-example", says, remedy);
            }
        }
    }

    fn healthy(&mut self, symptom: &'r Symptom, seen: &Seen) {
        // One in a hundred logs of healthy tasks may hold anything: retried calls, printed runbooks, tests of alarms.
        const SHARE_MAX: usize = 100;
        let Seen { attempts, of, at } = seen;
        let says = format!("`{}` is seen in {attempts} of {of} attempts that succeeded, first at {at}", symptom.id);
        let remedy =
            "look whether the line there means what the title says; narrow `match`, or say `incidental: true` if attempts survive it";
        if !symptom.incidental && attempts * SHARE_MAX > *of {
            self.warn(&symptom.place, &["match"], "healthy-hit", says, remedy);
        } else {
            self.note(&symptom.place, &["match"], "healthy-hit", says, remedy);
        }
    }

    fn cause(&mut self, cause: &'r Cause, listed: bool) {
        let (id, place) = (&cause.id, &cause.place);
        self.id(id, place);
        if !listed {
            let remedy = "add it to the `causes` of the symptoms that it explains";
            self.warn(place, &["id"], "unreachable", format!("no symptom lists the cause `{id}`"), remedy);
        }
        if cause.evidence.is_empty() {
            let remedy = "say in `evidence` what would tell it from the other causes of its symptoms";
            self.warn(
                place,
                &["id"],
                "no-evidence",
                format!("nothing speaks for or against `{id}`; it can only rank by its prior"),
                remedy,
            );
        }
        if cause.confirm.is_empty() {
            let remedy = "add `confirm`: what to look at, and the command that shows it";
            self.warn(place, &["id"], "no-confirm", format!("`{id}` does not say how to make sure of it"), remedy);
        }
        if cause.fixes.is_empty() {
            let remedy = "add `fixes`, in the order in which to try them";
            self.warn(place, &["id"], "no-fix", format!("`{id}` does not say what to do"), remedy);
        }
    }

    /// Rules that nobody can tell apart.
    fn doubles(&mut self) {
        let (mut titles, mut matches) = (BTreeMap::new(), BTreeMap::new());
        for symptom in self.rules.named() {
            if let Some(other) = titles.insert(&symptom.title, &symptom.id) {
                let says = format!("`{}` has the same title as `{other}`; a reader cannot tell them apart", symptom.id);
                self.warn(&symptom.place, &["title"], "same-title", says, "say in the title what is different");
            }
            let Some(meaning) = self.remarks.meaning(&symptom.place, "match") else { continue };
            if let Some(other) = matches.insert(meaning, &symptom.id) {
                let says = format!("`{}` matches exactly what `{other}` matches", symptom.id);
                self.warn(&symptom.place, &["match"], "duplicate", says, "merge them: one symptom may have many causes");
            }
        }
    }
}

fn is_builtin(symptom: &Symptom) -> bool {
    symptom.place.file.starts_with(BUILTIN)
}

/// For each symptom, what each of its examples shows that should match.
fn examples_shown(rules: &RuleSet) -> io::Result<Vec<Vec<Shown>>> {
    let of = |(index, symptom): (SymptomIx, &Symptom)| {
        // An example of a whole attempt is a log of many lines, which may show anything.
        let examples = symptom.examples.matching.iter().filter(|_| symptom.attempt.is_none());
        examples.map(|text| by_records(rules, text, rules.kinds(index).required.unwrap_or(Kind::Task))).collect()
    };
    rules.named().iter().enumerate().map(of).collect()
}

/// The symptoms that serve as evidence or as parts of others.
fn used_symptoms(rules: &RuleSet) -> BTreeSet<SymptomIx> {
    let mut used = BTreeSet::new();
    for cause in &rules.causes {
        used.extend(cause.produces.iter().copied());
        for evidence in &cause.evidence {
            let when = &evidence.when;
            let nearby = when.preceded_by.iter().flat_map(|nearby| &nearby.symptoms);
            let ids = when.symptom.iter().flatten().chain(when.among.iter().flatten()).chain(nearby);
            used.extend(ids.filter_map(|id| rules.symptom(id)));
        }
    }
    used.extend(rules.named().iter().filter_map(|symptom| symptom.attempt.as_ref()).flat_map(AttemptCondition::symptoms));
    used
}

fn is_kebab_case(id: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    id.split('-').all(word)
}

/// An id in kebab-case that is as near as can be.
fn kebab_case(id: &str) -> String {
    let lower = id.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "connection-reset".to_owned() } else { words.join("-") }
}
