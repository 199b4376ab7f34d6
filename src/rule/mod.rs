//! The rules: symptoms, causes and timers, from YAML to something that answers "does this record show it?".
//!
//! From text to rules: `folder` reads files, `yaml` makes of each a tree of `node`s with places, `decode` turns these into the types of `schema`
//! and `when`, `load` says which files and definitions count, `resolve` makes rules of them with the help of `compile` (conditions) and `pattern` (expressions). What
//! is wrong on the way is a `fault`. A run needs no places as long as nothing is wrong: `lean` takes the built-in rules as the build script left them and
//! has `strict` read a user's files straight into the types of `schema`. From rules to answers: `condition` is a compiled condition, `prefilter` finds in one pass which symptoms a
//! record could show at all, by the texts that `literals` takes from the conditions and `needed` from their expressions.

mod builtin;
mod compile;
mod condition;
mod decode;
mod document;
mod fault;
mod folder;
mod glob;
mod grams;
mod json_schema;
mod lean;
mod literals;
mod load;
mod needed;
mod node;
mod pattern;
mod prefilter;
mod remark;
mod resolve;
mod scenario;
mod schema;
mod schema_condition;
mod sieve;
mod strict;
mod when;
mod yaml;

pub use condition::{AttemptCondition, Composite, Hit, Kinds, Per, Side};
pub use document::{Document, Faults, Given, Setting, Span};
pub(crate) use fault::nearest as nearest_words;
pub use glob::glob_matches;
pub use json_schema::json_schema;
pub use lean::load_lean;
pub use load::{BUILTIN, RuleFile, load, load_also, load_text};
pub use remark::{Grade, Remark, Remarks};
pub use scenario::{Expected, LogSource, Scenario, Share};
pub use schema::{Confirm, Examples, Fix, Owner, Retry, RetryHelps, RetrySafe, Role};
pub use when::{
    Bounds, Burst, ConnectionName, Count, Duration, EndingName, HealthyBy, Nearby, NearbyBy, PhaseName, Recurs, ScopeKind, When,
};

/// Where in a rule file something stands, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named, `builtin:symptoms/network.yaml` for a built-in one.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// How grave an incident of a symptom is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Can wait.
    Low,
    /// Look at it today.
    Medium,
    /// Look at it now.
    High,
    /// Wake somebody.
    Critical,
}

impl Severity {
    /// The name used in rules, flags and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical].into_iter().find(|severity| severity.name() == name)
    }
}

/// A symptom's index in [`RuleSet::symptoms`]. Indexes follow the ids' order, so they are stable for one set of rules.
pub type SymptomIx = usize;

/// A cause's index in [`RuleSet::causes`].
pub type CauseIx = usize;

/// What a failure looks like.
#[derive(Debug)]
pub struct Symptom {
    /// Its id, for ever.
    pub id: String,
    /// The fault in plain words.
    pub title: String,
    /// How grave it is when it ends an attempt.
    pub severity: Severity,
    /// `network`, `timeout`, ..
    pub category: String,
    /// Symptoms of one family may belong to one incident.
    pub family: String,
    /// Says only *that* something failed inside.
    pub verdict: bool,
    /// A warning usually survived: evidence, never the failure.
    pub incidental: bool,
    /// Ends the attempt even where no exception does.
    pub fatal_anywhere: bool,
    /// A catch-all, which every symptom hides that explains more.
    pub generic: bool,
    /// What a match may do to its attempt to count; empty: anything.
    pub roles: Vec<Role>,
    /// The symptoms it hides on the same record: those that its rule names, and the generic ones if it is a failure with causes.
    pub specific_over: Vec<SymptomIx>,
    /// Symptoms that its records may show too, each with something of its own to say.
    pub beside: Vec<SymptomIx>,
    /// Candidate causes, most plausible first.
    pub causes: Vec<CauseIx>,
    /// Former ids.
    pub aliases: Vec<String>,
    /// Where the fact comes from.
    pub source: Option<String>,
    /// Its own true and false examples.
    pub examples: Examples,
    /// Where it is defined.
    pub place: Place,
    /// What must hold of one record; `None` for a symptom of whole attempts.
    pub(crate) record: Option<condition::Condition>,
    /// What must hold of a whole attempt; `None` for a symptom of one record.
    pub attempt: Option<AttemptCondition>,
    /// Tried on a matching record for facts.
    pub(crate) captures: Vec<std::sync::Arc<pattern::Pattern>>,
}

impl Symptom {
    /// Whether it tells that a log says nothing of its end: it names a failure, and nothing of why.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.attempt.as_ref().is_some_and(AttemptCondition::is_silence)
    }
}

/// Why something fails.
#[derive(Debug)]
pub struct Cause {
    /// Its id, for ever.
    pub id: String,
    /// In plain words.
    pub title: String,
    /// `client`, `network`, `server`, `airflow`, `data`, `platform`.
    pub layer: String,
    /// Who mends it.
    pub owner: Owner,
    /// The mechanism in one or two sentences.
    pub what: String,
    /// How plausible it is before any evidence, 0.01 to 0.9.
    pub prior: f64,
    /// What speaks for and against it.
    pub evidence: Vec<Evidence>,
    /// How to make sure.
    pub confirm: Vec<Confirm>,
    /// What to do, in order.
    pub fixes: Vec<Fix>,
    /// Whether trying again helps and is safe.
    pub retry: Retry,
    /// Symptoms it provokes in its neighbours.
    pub produces: Vec<SymptomIx>,
    /// It says only that nothing points to a cause: however probable, it is no answer.
    pub undetermined: bool,
    /// Further reading.
    pub references: Vec<String>,
    /// Former ids.
    pub aliases: Vec<String>,
    /// Where it is defined.
    pub place: Place,
}

/// One rule of evidence of a cause.
#[derive(Debug)]
pub struct Evidence {
    /// When it applies.
    pub when: When,
    /// How much it says.
    pub weight: Weight,
    /// Whether it speaks for the cause, or against it.
    pub supports: bool,
    /// The sentence that tells it, with placeholders.
    pub says: String,
}

/// The classes of weight; `diagnose` gives them numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Tips a balance.
    Weak,
    /// Speaks clearly.
    Strong,
    /// Settles it, unless something as strong speaks against.
    Decisive,
}

impl Weight {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Strong => "strong",
            Self::Decisive => "decisive",
        }
    }
}

/// A known time-out of infrastructure.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// Its id.
    pub id: String,
    /// The device or library that has it.
    pub device: String,
    /// Its default, in seconds.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub seconds: f64,
    /// What it measures.
    pub kind: TimerKind,
    /// Where the figure comes from.
    pub source: String,
    /// When it was looked up (`2026-11`).
    pub dated: String,
}

/// What a timer measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimerKind {
    /// Silence on a connection.
    Idle,
    /// Duration of one call.
    Request,
    /// Age of a connection.
    Age,
    /// Life of a credential.
    Token,
}

/// All rules of a run. Those that [`load_lean`] loads have no places, examples, sources, scenarios and files: a run asks for none of them.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Sorted by id; behind them what the conditions of whole attempts ask of single records, see [`Self::named`].
    pub symptoms: Vec<Symptom>,
    /// Sorted by id.
    pub causes: Vec<Cause>,
    /// Sorted by id.
    pub timers: Vec<Timer>,
    /// Whole logs with what is to be said of them, sorted by id.
    pub scenarios: Vec<Scenario>,
    /// The files that they come from, in the order of loading.
    pub files: Vec<RuleFile>,
    /// How many of the symptoms have ids of their own.
    named: usize,
    prefilter: prefilter::Prefilter,
}

impl crate::record::Lookout for RuleSet {
    fn find(&self, bytes: &[u8], from: usize, mentions: &mut Vec<usize>) -> Option<usize> {
        self.prefilter.find(bytes, from, mentions)
    }

    fn longest(&self) -> usize {
        self.prefilter.longest()
    }
}

impl RuleSet {
    /// The loaded file of a path, or of the name of a built-in one.
    ///
    /// # Errors
    /// [`crate::error::Error::Usage`] where there is none.
    pub fn file(&self, path: &std::path::Path) -> Result<&RuleFile, crate::error::Error> {
        let real = std::fs::canonicalize(path).ok();
        let is_it = |file: &&RuleFile| {
            std::path::Path::new(&file.name) == path || (real.is_some() && std::fs::canonicalize(&file.name).ok() == real)
        };
        self.files.iter().find(is_it).ok_or_else(|| {
            let path = path.display().to_string();
            let near = fault::nearest(&path, self.files.iter().map(|file| file.name.as_str()))
                .first()
                .map(|near| format!("; did you mean {near}?"));
            crate::error::Error::Usage(format!("{path}: no such rule file is loaded{}", near.unwrap_or_default()))
        })
    }

    /// The symptoms that somebody wrote, sorted by id.
    #[must_use]
    pub fn named(&self) -> &[Symptom] {
        self.symptoms.get(..self.named).unwrap_or_default()
    }

    /// Whether an index is of a part of another symptom's condition, which nobody but that condition may see.
    #[must_use]
    pub fn is_part(&self, symptom: SymptomIx) -> bool {
        symptom >= self.named
    }

    /// The symptom of that id or alias.
    #[must_use]
    pub fn symptom(&self, id: &str) -> Option<SymptomIx> {
        let by_id = self.named().binary_search_by(|symptom| symptom.id.as_str().cmp(id)).ok();
        by_id.or_else(|| self.named().iter().position(|symptom| symptom.aliases.iter().any(|alias| alias == id)))
    }

    /// The cause of that id or alias.
    #[must_use]
    pub fn cause(&self, id: &str) -> Option<CauseIx> {
        let by_id = self.causes.binary_search_by(|cause| cause.id.as_str().cmp(id)).ok();
        by_id.or_else(|| self.causes.iter().position(|cause| cause.aliases.iter().any(|alias| alias == id)))
    }

    /// Fills `found` with the symptoms whose required literals stand in `bytes`, each once, in order. Raw bytes are
    /// enough: literals are searched for as they are and as JSON escapes them.
    pub fn candidates(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) {
        self.prefilter.look(bytes, found);
    }

    /// As [`Self::candidates`], and tells in the same pass what else may stand in the bytes that is worth reading.
    pub fn look(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) -> crate::record::Signs {
        self.prefilter.look(bytes, found)
    }

    /// The same rules without the search: every record of a log is read whole and every symptom tried on it. It takes a hundred times as long and
    /// has to give the same, which is what it is for.
    #[doc(hidden)]
    #[must_use]
    pub fn naive(mut self) -> Self {
        self.prefilter = prefilter::Prefilter::open(&self.symptoms);
        self
    }

    /// Whether the search cannot narrow a symptom down: no text must stand in a record that shows it, so it is tried on every one.
    #[must_use]
    pub fn is_open(&self, symptom: SymptomIx) -> bool {
        self.prefilter.is_open(symptom)
    }

    /// The texts that whole logs are searched for, each with whether its ASCII letters may stand in either case; in lower case then.
    pub fn literals(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.prefilter.texts().iter().map(|text| (text.bytes(), text.any_case()))
    }

    /// The kinds of logs that a symptom of single records names.
    #[must_use]
    pub fn kinds(&self, symptom: SymptomIx) -> Kinds {
        self.symptoms.get(symptom).and_then(|symptom| symptom.record.as_ref()).map(condition::Condition::kinds).unwrap_or_default()
    }

    /// The ids, of symptoms and causes, that could have been meant by one that does not exist; nearest first, at most three.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Vec<&str> {
        let symptoms = self.named().iter().map(|symptom| symptom.id.as_str());
        fault::nearest(id, symptoms.chain(self.causes.iter().map(|cause| cause.id.as_str())))
    }

    /// Whether one record shows one symptom; symptoms of whole attempts never do.
    #[must_use]
    pub fn check(&self, symptom: SymptomIx, record: &crate::record::Record, kind: crate::source::Kind) -> Option<Hit> {
        let symptom = self.symptoms.get(symptom)?;
        let mut hit = symptom.record.as_ref()?.check(record, kind)?;
        for captures in &symptom.captures {
            condition::capture(captures, &record.text, &mut hit.facts);
        }
        Some(hit)
    }
}
