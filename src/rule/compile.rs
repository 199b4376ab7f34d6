//! From conditions as they are written to what is asked of records and attempts. A condition is of one kind or the other; what
//! mixes them, or names what does not exist, is a fault with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memmem::Finder;

use super::condition::{AttemptCondition, ClassName, Composite, Condition, Per, Which};
use super::fault::{Fault, suggestion};
use super::node::Node;
use super::pattern::Pattern;
use super::schema::{ConditionSource, PerName, StepSource};
use super::{CauseIx, SymptomIx};

/// What ids stand for. A rule that is switched off, or a draft, is known without having an index.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) symptoms: BTreeMap<String, Option<SymptomIx>>,
    pub(super) causes: BTreeMap<String, Option<CauseIx>>,
    /// Ids of symptoms of whole attempts.
    pub(super) of_attempts: BTreeSet<String>,
}

/// Where faults of one file go.
pub(super) struct Context<'a> {
    pub(super) file: usize,
    pub(super) text: &'a str,
    /// Whether expressions are compiled at once, to find those that are too large.
    pub(super) compile: bool,
    pub(super) names: &'a Names,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl Context<'_> {
    /// Notes a fault.
    pub(super) fn fault(&mut self, span: &Range<usize>, says: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault { file: self.file, span: span.clone(), says: says.into(), remedy: remedy.into() });
    }

    /// The index of a symptom that is referred to; `None` after noting a dead reference, or for one that is switched off.
    pub(super) fn symptom(&mut self, id: &str, at: &Node) -> Option<SymptomIx> {
        let names = self.names;
        if let Some(index) = names.symptoms.get(id) {
            return *index;
        }
        if names.causes.contains_key(id) {
            self.fault(
                &at.span,
                format!("`{id}` is a cause, not a symptom"),
                "a cause goes into `causes`; here an id of a symptom is expected",
            );
        } else {
            self.fault(&at.span, format!("there is no symptom `{id}`"), suggestion(id, names.symptoms.keys().map(String::as_str)));
        }
        None
    }

    /// The index of a cause that is referred to.
    pub(super) fn cause(&mut self, id: &str, at: &Node) -> Option<CauseIx> {
        let names = self.names;
        if let Some(index) = names.causes.get(id) {
            return *index;
        }
        if names.symptoms.contains_key(id) {
            self.fault(&at.span, format!("`{id}` is a symptom, not a cause"), "list the ids of what may cause this symptom");
        } else {
            self.fault(&at.span, format!("there is no cause `{id}`"), suggestion(id, names.causes.keys().map(String::as_str)));
        }
        None
    }

    /// Compiles an expression, noting what is wrong with it at its place in the file.
    pub(super) fn regex(&mut self, expression: &str, at: &Node) -> Option<Pattern> {
        match Pattern::new(expression, self.compile) {
            Ok(pattern) => Some(pattern),
            Err(bad) => {
                let span = at.inside(self.text, &bad.span);
                self.fault(&span, bad.says, bad.remedy);
                None
            }
        }
    }
}

/// What a condition asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// One record.
    Record,
    /// A whole attempt.
    Attempt,
}

/// Keys about one record.
const RECORD_KEYS: [&str; 8] = ["literal", "regex", "exception", "root_exception", "raised_exception", "frame", "level", "logger"];

/// Keys about a whole attempt.
const ATTEMPT_KEYS: [&str; 6] = ["ending", "outcome", "operator", "symptom", "sequence", "set"];

/// The first key of each kind in a condition and all within it, with its place.
fn first_keys<'n>(node: &'n Node, keys: &[&str]) -> Option<(&'n str, &'n Range<usize>)> {
    use super::node::Content;
    match &node.content {
        Content::Map(entries) => entries.iter().find_map(|entry| match entry.key.as_str() {
            "any" | "all" | "not" => first_keys(&entry.value, keys),
            key => keys.contains(&key).then_some((key, &entry.key_span)),
        }),
        Content::List(items) => items.iter().find_map(|item| first_keys(item, keys)),
        Content::Scalar(_) => None,
    }
}

/// What a symptom's `match` asks about. One that mixes both kinds asks about the attempt.
pub(super) fn asks(node: &Node) -> Asks {
    if first_keys(node, &ATTEMPT_KEYS).is_some() { Asks::Attempt } else { Asks::Record }
}

/// Notes a condition that asks about a record and about the attempt.
pub(super) fn check_mixing(node: &Node, context: &mut Context<'_>) -> bool {
    let (Some((of_record, span)), Some((of_attempt, _))) = (first_keys(node, &RECORD_KEYS), first_keys(node, &ATTEMPT_KEYS)) else {
        return false;
    };
    let says = format!("`{of_record}` asks about one record, `{of_attempt}` about the whole attempt; one symptom cannot do both");
    let remedy = format!("move `{of_record}` to a symptom of its own and write `symptom: its-id` here");
    context.fault(&span.clone(), says, remedy);
    true
}

/// Notes keys that need another key, empty lists and the like; says whether the condition asks anything at all.
fn check_form(source: &ConditionSource, node: &Node, context: &mut Context<'_>) {
    let composite = source.sequence.is_some() || source.set.is_some();
    for key in ["within", "per", "at_least"] {
        if let (false, Some(entry)) = (composite, node.entry(key)) {
            context.fault(
                &entry.key_span,
                format!("`{key}` without `sequence` or `set`"),
                "put it into the same map as the `sequence` or `set`",
            );
        }
    }
    if source.at_least == Some(0) {
        context.fault(&node.child("at_least").span, "`at_least: 0` always holds", "write 1 or more, or leave it out");
    }
    for key in ["any", "all", "sequence", "set"] {
        let empty = node.entry(key).filter(|entry| matches!(&entry.value.content, super::node::Content::List(items) if items.is_empty()));
        if let (Some(entry), true) = (empty, node.child(key).removed.is_empty()) {
            context.fault(&entry.key_span, format!("`{key}` with an empty list"), "list at least one, or leave it out");
        }
    }
    for key in ["literal", "exception", "root_exception", "raised_exception", "frame", "logger", "operator"] {
        if let Some(entry) = node.entry(key).filter(|entry| entry.value.as_str().is_some_and(str::is_empty)) {
            context.fault(
                &entry.key_span,
                format!("`{key}` with an empty text, which every record holds"),
                "write what is looked for, or leave it out",
            );
        }
    }
    if matches!(&node.content, super::node::Content::Map(entries) if entries.is_empty()) && node.removed.is_empty() {
        context.fault(&node.span, "an empty condition", "write at least one key; rules/README.md lists them under \"Conditions\"");
    }
}

/// Compiles a condition about one record.
pub(super) fn record(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> Condition {
    check_form(source, node, context);
    // In the order of what they cost: an expression is run only where all else holds.
    let mut all = Vec::new();
    all.extend(source.kind.map(|kind| Condition::Kind(kind.into())));
    all.extend(source.level.map(|level| Condition::Level(level.into())));
    all.extend(source.logger.clone().map(Condition::Logger));
    all.extend(source.literal.as_deref().map(|text| Condition::Literal(Box::new(Finder::new(text).into_owned()))));
    let classes = [(Which::Every, &source.exception), (Which::Root, &source.root_exception), (Which::Raised, &source.raised_exception)];
    for (which, name) in classes {
        all.extend(name.as_deref().map(|name| Condition::Exception(which, ClassName::parse(name))));
    }
    all.extend(source.frame.clone().map(Condition::Frame));
    if let Some(expression) = &source.regex {
        all.extend(context.regex(expression, node.child("regex")).map(Condition::Regex));
    }
    if let Some(not) = &source.not {
        all.push(Condition::Not(Box::new(record(not, node.child("not"), context))));
    }
    let mut list = |sources: &Option<Vec<ConditionSource>>, key: &str| {
        let compile = |(index, source)| record(source, node.child(key).item(index), context);
        sources.as_ref().map(|sources| sources.iter().enumerate().map(compile).collect::<Vec<_>>())
    };
    all.extend(list(&source.all, "all").map(Condition::All));
    all.extend(list(&source.any, "any").map(Condition::Any));
    match all.len() {
        1 => all.remove(0),
        _ => Condition::All(all),
    }
}

/// Compiles a condition about a whole attempt.
pub(super) fn attempt(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> AttemptCondition {
    check_form(source, node, context);
    let mut all = Vec::new();
    all.extend(source.kind.map(|kind| AttemptCondition::Kind(kind.into())));
    all.extend(source.ending.map(AttemptCondition::Ending));
    all.extend(source.outcome.map(|outcome| AttemptCondition::Outcome(outcome.name().to_owned())));
    all.extend(source.operator.clone().map(AttemptCondition::Operator));
    if let Some(id) = &source.symptom {
        all.push(match of_record(id, node.child("symptom"), context) {
            Some(index) => AttemptCondition::Symptom(index),
            None => NEVER,
        });
    }
    if let Some(not) = &source.not {
        all.push(AttemptCondition::Not(Box::new(attempt(not, node.child("not"), context))));
    }
    for (ordered, key, steps) in [(true, "sequence", &source.sequence), (false, "set", &source.set)] {
        if let Some(steps) = steps {
            all.push(composite(ordered, steps, source, node.child(key), context));
        }
    }
    let mut list = |sources: &Option<Vec<ConditionSource>>, key: &str| {
        let compile = |(index, source)| attempt(source, node.child(key).item(index), context);
        sources.as_ref().map(|sources| sources.iter().enumerate().map(compile).collect::<Vec<_>>())
    };
    all.extend(list(&source.all, "all").map(AttemptCondition::All));
    all.extend(list(&source.any, "any").map(AttemptCondition::Any));
    match all.len() {
        1 => all.remove(0),
        _ => AttemptCondition::All(all),
    }
}

/// What holds of no attempt: it needs a symptom that is switched off.
const NEVER: AttemptCondition = AttemptCondition::Any(Vec::new());

fn composite(ordered: bool, steps: &[StepSource], source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> AttemptCondition {
    let steps: Vec<Option<SymptomIx>> =
        steps.iter().enumerate().map(|(index, step)| of_record(&step.symptom, node.item(index).child("symptom"), context)).collect();
    let Some(steps) = steps.into_iter().collect::<Option<Vec<_>>>() else { return NEVER };
    let per = match source.per {
        None | Some(PerName::Attempt) => Per::Attempt,
        Some(PerName::Task) => Per::Task,
        Some(PerName::Dag) => Per::Dag,
        Some(PerName::Host) => Per::Host,
        Some(PerName::Endpoint) => Per::Endpoint,
    };
    let within = source.within.map(|within| within.0);
    AttemptCondition::Composite(Composite { ordered, steps, within, per, at_least: source.at_least.unwrap_or(1) })
}

/// A symptom that a condition refers to; it must be one of single records, so that conditions cannot go round in circles.
fn of_record(id: &str, at: &Node, context: &mut Context<'_>) -> Option<SymptomIx> {
    if context.names.of_attempts.contains(id) {
        let says = format!("`{id}` is itself a symptom of whole attempts");
        context.fault(&at.span, says, "name symptoms of single records here; repeat its condition instead of its id");
        return None;
    }
    context.symptom(id, at)
}
