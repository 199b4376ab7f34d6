//! Compiled conditions: of one record, answered here; of a whole attempt, plain data that `attempt` answers.

use std::sync::Arc;

use memchr::memmem::Finder;

use crate::record::{Exception, Facts, Level, Record};
use crate::source::Kind;
use crate::time::Span;

use super::glob::glob_matches;
use super::pattern::Pattern;
use super::{EndingName, SymptomIx};

/// A record shows a symptom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    /// The byte of the record's text at which what was looked for begins; 0 where there is no such place.
    pub at: usize,
    /// What its groups caught.
    pub facts: Facts,
}

/// What must hold of a whole attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptCondition {
    /// At least one.
    Any(Vec<Self>),
    /// Each.
    All(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// Its log ends so.
    Ending(EndingName),
    /// It came out so (Airflow's name).
    Outcome(String),
    /// Its operator; `*` stands for any text.
    Operator(String),
    /// Its DAG; `*` stands for any text.
    Dag(String),
    /// Its task; `*` stands for any text.
    Task(String),
    /// Its log is of that kind.
    Kind(Kind),
    /// It shows another symptom, or one of its records fulfils what the rule itself asks of one.
    Symptom(SymptomIx),
    /// It has a log, and no record of it shows this.
    Absent(SymptomIx),
    /// Several symptoms together.
    Composite(Composite),
}

impl AttemptCondition {
    /// Calls `visit` with this condition and all within it; the second argument says whether it stands under a `not`.
    fn walk<'a>(&'a self, denied: bool, visit: &mut dyn FnMut(&'a Self, bool)) {
        visit(self, denied);
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().for_each(|part| part.walk(denied, visit)),
            Self::Not(part) => part.walk(!denied, visit),
            _ => {}
        }
    }

    /// Its sequences and sets.
    #[must_use]
    pub fn composites(&self) -> Vec<&Composite> {
        let mut composites = Vec::new();
        self.walk(false, &mut |condition, _| {
            if let Self::Composite(composite) = condition {
                composites.push(composite);
            }
        });
        composites
    }

    /// The symptoms that its sequences and sets are made of, those that must not be seen beside them included.
    #[must_use]
    pub fn steps(&self) -> Vec<SymptomIx> {
        let of = |composite: &Composite| {
            let without = composite.without.iter().flat_map(|(_, symptoms)| symptoms);
            composite.steps.iter().flatten().chain(without).copied().collect::<Vec<_>>()
        };
        self.composites().into_iter().flat_map(of).collect()
    }

    /// All symptoms that it asks for.
    #[must_use]
    pub fn symptoms(&self) -> Vec<SymptomIx> {
        let mut symptoms = self.steps();
        self.walk(false, &mut |condition, _| {
            if let Self::Symptom(symptom) | Self::Absent(symptom) = condition {
                symptoms.push(*symptom);
            }
        });
        symptoms
    }

    /// The symptoms at whose records it stands; none where it is about how a log ends, which is seen at the log's end.
    #[must_use]
    pub fn anchors(&self) -> Vec<SymptomIx> {
        let mut anchors = Vec::new();
        let mut of_ending = false;
        self.walk(false, &mut |condition, denied| match condition {
            Self::Ending(_) => of_ending |= !denied,
            Self::Symptom(symptom) if !denied => anchors.push(*symptom),
            Self::Composite(composite) if !denied => anchors.extend(composite.steps.iter().flatten()),
            _ => {}
        });
        if of_ending { Vec::new() } else { anchors }
    }

    /// Whether it asks for a log that ends without a word, and for nothing that a record says.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        let (mut silent, mut says) = (false, false);
        self.walk(false, &mut |condition, denied| match condition {
            Self::Ending(EndingName::Silent) => silent |= !denied,
            Self::Symptom(_) | Self::Composite(_) => says |= !denied,
            _ => {}
        });
        silent && !says
    }
}

/// Several matches in a time, in order or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Composite {
    /// Whether the order counts.
    pub ordered: bool,
    /// What must be seen: for each step the symptoms of which one will do. A step listed twice must be seen twice.
    pub steps: Vec<Vec<SymptomIx>>,
    /// What must not be seen: where, and one of which symptoms.
    pub without: Vec<(Side, Vec<SymptomIx>)>,
    /// From the first to the last match at most this long; both ends belong to it. `None`: however long.
    pub within: Option<Span>,
    /// What the matches must share: all of these.
    pub per: Vec<Per>,
    /// How often all of it must be seen.
    pub at_least: usize,
}

/// Where something is that must not be seen beside the matches of a [`Composite`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before the first, no longer than the composite's `within`.
    Before,
    /// From the first to the last.
    Between,
    /// After the last, no longer than the composite's `within`.
    After,
}

/// What the matches of a [`Composite`] must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// One attempt's log.
    Attempt,
    /// The same DAG and task.
    Task,
    /// The same DAG.
    Dag,
    /// The same worker host.
    Host,
    /// The same endpoint.
    Endpoint,
}

/// What must hold of one record.
#[derive(Debug)]
pub(crate) enum Condition {
    /// At least one.
    Any(Vec<Self>),
    /// Each.
    All(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The text holds it. The search is made ready once: of a traceback's text it is asked dozens of times.
    Literal(Box<Finder<'static>>),
    /// The expression is found in the text.
    Regex(Arc<Pattern>),
    /// A class of the chain.
    Exception(Which, ClassName),
    /// The file or function of a frame holds it.
    Frame(String),
    /// The record's level is at least this.
    Level(Level),
    /// The logger or source file holds it.
    Logger(String),
    /// The value of a key of a JSON record; `*` stands for any text.
    Field(String, String),
    /// The log is of that kind.
    Kind(Kind),
}

/// Which exceptions of a chain are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All.
    Every,
    /// The first: what started it.
    Root,
    /// The last: what was raised in the end.
    Raised,
}

/// The name of a class, with its module where the rule gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassName {
    /// `requests.exceptions`; `builtins` for Python's own.
    pub(crate) module: Option<String>,
    /// `ConnectTimeout`.
    pub(crate) class: String,
}

/// The kinds of logs that a condition names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    /// It holds in logs of this kind only.
    pub required: Option<Kind>,
    /// Those that make it hold, or help to.
    pub named: std::collections::BTreeSet<Kind>,
}

/// The place of a match, where it has one, and its facts.
type Found = (Option<usize>, Facts);

impl Condition {
    /// Whether a record of a log of that kind fulfils it. The place is the earliest of all that is found in the text.
    pub(crate) fn check(&self, record: &Record, kind: Kind) -> Option<Hit> {
        let (at, facts) = self.find(record, kind)?;
        Some(Hit { at: at.unwrap_or(0), facts })
    }

    /// The kinds of logs that it names.
    pub(crate) fn kinds(&self) -> Kinds {
        match self {
            Self::Kind(kind) => Kinds { required: Some(*kind), named: [*kind].into() },
            Self::All(children) | Self::Any(children) => {
                let all: Vec<Kinds> = children.iter().map(Self::kinds).collect();
                let required = if matches!(self, Self::All(_)) { all.iter().find_map(|kinds| kinds.required) } else { None };
                Kinds { required, named: all.into_iter().flat_map(|kinds| kinds.named).collect() }
            }
            _ => Kinds::default(),
        }
    }

    fn find(&self, record: &Record, kind: Kind) -> Option<Found> {
        let holds = |holds: bool, at: Option<usize>| holds.then(|| (at, Facts::default()));
        match self {
            // All branches are looked at, not only the first that holds: the earliest place counts, and each may catch facts.
            Self::Any(children) => children.iter().filter_map(|child| child.find(record, kind)).reduce(join),
            Self::All(children) => {
                children.iter().try_fold((None, Facts::default()), |found, child| Some(join(found, child.find(record, kind)?)))
            }
            Self::Not(child) => holds(child.find(record, kind).is_none(), None),
            Self::Literal(text) => text.find(record.text.as_bytes()).map(|at| (Some(at), Facts::default())),
            Self::Regex(expression) => {
                if !expression.may_match(&record.text) {
                    return None;
                }
                let at = expression.regex()?.find(&record.text)?.start();
                let mut facts = Facts::default();
                capture(expression, &record.text, &mut facts);
                Some((Some(at), facts))
            }
            Self::Exception(which, name) => {
                let chain = record.chain.exceptions.as_slice();
                let looked_at = match which {
                    Which::Every => chain,
                    Which::Root => chain.get(..1).unwrap_or_default(),
                    Which::Raised => chain.last().map(std::slice::from_ref).unwrap_or_default(),
                };
                let at = looked_at.iter().filter(|exception| name.names(exception)).map(|exception| exception.at).min()?;
                Some((Some(at), Facts::default()))
            }
            Self::Frame(text) => {
                let holds = |exception: &&Exception| {
                    exception.frames.iter().any(|frame| frame.file.contains(text) || frame.function.contains(text))
                };
                let at = record.chain.exceptions.iter().filter(holds).map(|exception| exception.at).min()?;
                Some((Some(at), Facts::default()))
            }
            Self::Level(least) => holds(record.level.is_some_and(|level| level >= *least), None),
            Self::Logger(text) => holds(record.logger.as_ref().is_some_and(|logger| logger.contains(text)), None),
            Self::Field(key, glob) => holds(record.field(key).is_some_and(|value| glob_matches(glob, &value)), None),
            Self::Kind(wanted) => holds(kind == *wanted, None),
        }
    }
}

fn join(a: Found, b: Found) -> Found {
    let (mut facts, at) = (a.1, [a.0, b.0].into_iter().flatten().min());
    facts.fill(&b.1);
    (at, facts)
}

/// Sets the facts that the named groups of an expression catch at its first match.
pub(super) fn capture(pattern: &Pattern, text: &str, facts: &mut Facts) {
    if !pattern.catches() || !pattern.may_match(text) {
        return;
    }
    let Some(expression) = pattern.regex() else { return };
    let Some(caught) = expression.captures(text) else { return };
    for name in expression.capture_names().flatten() {
        if let Some(group) = caught.name(name) {
            facts.set(name, group.as_str());
        }
    }
}

impl ClassName {
    /// Splits `requests.exceptions.ConnectTimeout` into module and class.
    pub(crate) fn parse(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((module, class)) => Self { module: Some(module.to_owned()), class: class.to_owned() },
            None => Self { module: None, class: name.to_owned() },
        }
    }

    /// Whether it names that exception. Python prints no module for its own classes, and Airflow 3's JSON prints none at all: then
    /// the class alone decides. Libraries move classes between a package and its parts, so a module that begins or ends as
    /// the rule's is the same.
    fn names(&self, exception: &Exception) -> bool {
        if self.class != exception.class {
            return false;
        }
        let (Some(rule), Some(log)) = (&self.module, &exception.module) else { return true };
        let part = |rest: Option<&str>, dot: fn(&str) -> bool| rest.is_some_and(|rest| rest.is_empty() || dot(rest));
        part(log.strip_prefix(rule.as_str()), |rest| rest.starts_with('.'))
            || part(log.strip_suffix(rule.as_str()), |rest| rest.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_named_by_its_name_and_as_much_of_the_module_as_both_give() {
        let raised = |module: Option<&str>, class: &str| Exception {
            module: module.map(str::to_owned),
            class: class.to_owned(),
            ..Exception::default()
        };
        let cases = [
            ("ConnectTimeout", Some("requests.exceptions"), true),
            ("ConnectTimeout", None, true),
            ("requests.exceptions.ConnectTimeout", Some("requests.exceptions"), true),
            ("requests.ConnectTimeout", Some("requests.exceptions"), true),
            ("exceptions.ConnectTimeout", Some("requests.exceptions"), true),
            ("requests.exceptions.ConnectTimeout", None, true),
            ("builtins.ConnectTimeout", None, true),
            ("builtins.ConnectTimeout", Some("requests.exceptions"), false),
            ("request.ConnectTimeout", Some("requests.exceptions"), false),
            ("ceptions.ConnectTimeout", Some("requests.exceptions"), false),
            ("httpx.ConnectTimeout", Some("requests.exceptions"), false),
        ];
        for (rule, module, expected) in cases {
            assert_eq!(ClassName::parse(rule).names(&raised(module, "ConnectTimeout")), expected, "{rule} against {module:?}");
        }
        assert!(!ClassName::parse("ReadTimeout").names(&raised(None, "ConnectTimeout")));
    }
}
