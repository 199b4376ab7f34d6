//! `rules new`: a rule file to begin with, cut from a line of a log. What it proposes was loaded and tried on its own examples and on the
//! record itself before it is printed, so that its reader mends a rule that works.

mod condition;
mod examples;
mod guess;
mod material;
mod place;
mod variable;
mod yaml;

use std::collections::BTreeSet;
use std::io;

use crate::error::Error;
use crate::record::Dialects;
use crate::report::Mask;
use crate::rule::{self, RuleSet};
use crate::source::Kind;

use condition::Wanted;
use examples::Examples;
use material::Material;
use place::Found;

/// Writes a rule file cut from the record at `from` (`LOG:LINE`, as reports name lines).
///
/// # Errors
/// [`Error::Usage`] where there is no such line, or nothing in it that a rule could look for; [`Error::Output`] when `out` cannot be
/// written.
pub fn new_rule(rules: &RuleSet, from: &str, dialects: &Dialects, mask: &Mask, out: &mut dyn io::Write) -> Result<(), Error> {
    let found = place::find(from, dialects)?;
    let material = Material::of(&found, mask, dialects);
    let known = recognised(rules, &found);
    let from = yaml::comment(&mask.apply(from));
    for wanted in condition::candidates(&material) {
        let Some(trial) = Trial::of(&wanted) else { continue };
        let Some(examples) = trial.fits(&found).then(|| Examples::of(&material, &wanted, &trial)).flatten() else { continue };
        let draft = Draft {
            rules,
            from: &from,
            material: &material,
            known: &known,
            wanted: &wanted,
            examples: &examples,
            level: found.record.level,
        };
        if draft.holds() {
            out.write_all(draft.text(true).as_bytes())?;
            return Ok(());
        }
    }
    Err(Error::Usage(format!(
        "--from {from}: nothing in that record is worth looking for in others; name a line that says what failed in words"
    )))
}

/// The rules that match the record already, and that none of the others hides.
fn recognised(rules: &RuleSet, found: &Found) -> Vec<String> {
    let mut candidates = Vec::new();
    rules.candidates(&found.bytes, &mut candidates);
    // What a log is shows in the course of reading it: one that is nothing else is most probably a task's.
    let kinds: &[Kind] = if found.kind == Kind::Other { &[Kind::Other, Kind::Task] } else { &[found.kind] };
    let shown: BTreeSet<usize> = candidates
        .into_iter()
        .filter(|symptom| !rules.is_part(*symptom))
        .filter(|symptom| kinds.iter().any(|kind| rules.check(*symptom, &found.record, *kind).is_some()))
        .collect();
    let hidden = |symptom: &usize| shown.iter().any(|other| other != symptom && rules.symptoms[*other].specific_over.contains(symptom));
    shown.iter().filter(|symptom| !hidden(symptom)).map(|symptom| rules.symptoms[*symptom].id.clone()).collect()
}

/// A condition, ready to be asked.
struct Trial {
    rules: RuleSet,
}

impl Trial {
    /// Loads it; `None` where it cannot be loaded, or would be tried on every record.
    fn of(wanted: &Wanted) -> Option<Self> {
        let text = format!(
            "version: 1\nsymptoms:\n  - id: draft\n    title: draft\n    severity: low\n    category: code\n    match:\n{}",
            wanted.yaml(false)
        );
        let rules = rule::load_text("draft", &text).ok()?;
        (!rules.is_open(0)).then_some(Self { rules })
    }

    /// Whether a text shows it.
    fn shows(&self, text: &str) -> bool {
        super::shown::by_records(&self.rules, text, Kind::Task).is_ok_and(|shown| !shown.is_empty())
    }

    /// Whether the record shows it, as a scan sees it.
    fn fits(&self, found: &Found) -> bool {
        let mut candidates = Vec::new();
        self.rules.candidates(&found.bytes, &mut candidates);
        candidates.contains(&0) && self.rules.check(0, &found.record, found.kind).is_some()
    }
}

/// All that the file says.
struct Draft<'a> {
    rules: &'a RuleSet,
    from: &'a str,
    material: &'a Material,
    known: &'a [String],
    wanted: &'a Wanted,
    examples: &'a Examples,
    level: Option<crate::record::Level>,
}

impl Draft<'_> {
    /// Whether it loads, and its examples, as they are read from it, hold. What it refers to in other rules exists.
    fn holds(&self) -> bool {
        let Ok(loaded) = rule::load_text("draft", &self.text(false)) else { return false };
        let same = loaded.symptoms.first().is_some_and(|symptom| {
            symptom.examples.matching == self.examples.matching && symptom.examples.not_matching == self.examples.not_matching
        });
        same && super::test(&loaded, &[]).is_ok_and(|tested| tested.failures() == 0)
    }

    /// The file; without what refers to other rules, if it is to be loaded alone.
    fn text(&self, with_references: bool) -> String {
        let class = self.material.class.as_deref().unwrap_or_default();
        let parts = variable::parts(&self.material.message, &self.material.names);
        let (stays, titled) = (variable::longest_literal(&parts).unwrap_or_default(), variable::as_title(&parts));
        // Where the class is common, its message makes the id; a class of its own is enough of one.
        let words = if self.wanted.literal.is_some() { stays.as_str() } else { "" };
        let id = guess::id(self.rules, class, words);
        let title = guess::title(self.rules, class, &titled);
        let category = guess::category(class, &self.material.message);
        let severity = guess::severity(self.level, self.material.class.is_some());
        let mut text = format!(
            "# A draft that `dagnosis rules new` cut from\n\
             #   {}\n\
             # Save it as *.yaml in a folder of your own, mend what is guessed, and try it:\n\
             #   dagnosis rules lint --rules FOLDER;  dagnosis rules test --rules FOLDER;  dagnosis --rules FOLDER LOGS\n",
            self.from
        );
        let known: Vec<String> = self.known.iter().map(|id| yaml::comment(id)).collect();
        if let [one] = known.as_slice() {
            text += &format!(
                "# the rule {one} matches this line already; give `specific_over: [{one}]` if yours says more, else drop this draft\n"
            );
        } else if !known.is_empty() {
            let all = known.join(", ");
            text += &format!("# the rules {all} match this line already; keep in `specific_over` those that yours says more than\n");
        }
        text += &format!(
            "version: 1\nsymptoms:\n  \
               - id: {id}  # for ever, so choose it well\n    \
                 title: {}  # say the fault in plain words, not the cure\n    \
                 severity: {severity}  # guessed: critical | high | medium | low | info\n    \
                 category: {category}  # guessed; rules/README.md lists them\n    \
                 match:  # all of these must hold\n{}",
            yaml::quoted(&title),
            self.wanted.yaml(true)
        );
        if with_references && !self.known.is_empty() {
            let ids: Vec<String> = self.known.iter().map(|id| if is_plain_id(id) { id.clone() } else { yaml::quoted(id) }).collect();
            text += &format!("    specific_over: [{}]  # on the same record this rule hides those\n", ids.join(", "));
        }
        text += "    # without causes it is evidence only, and the failure stays an unrecognised one: list their ids, most plausible first\n    \
                     # (`dagnosis rules list` has them), or write one of your own under `causes:`\n    \
                 causes: []\n";
        text + &self.examples.yaml()
    }
}

/// Whether YAML reads an id as the text that it is.
fn is_plain_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() > 5
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
