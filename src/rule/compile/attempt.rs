//! Conditions about a whole attempt, with what they ask of single records.

use std::slice;

use crate::rule::SymptomIx;
use crate::rule::condition::{AttemptCondition, Composite, Per, Side};
use crate::rule::node::Node;
use crate::rule::schema_condition::{ConditionSource, PerName};

use super::{Context, form, record};

/// What holds of no attempt: it needs a symptom that is switched off.
const NEVER: AttemptCondition = AttemptCondition::Any(Vec::new());

/// Where beside a sequence or set something must not be seen.
const SIDES: [&str; 3] = ["before", "between", "after"];

/// Compiles a condition about a whole attempt. The keys of one map that ask about a record are asked of one record together.
pub(in crate::rule) fn attempt(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> AttemptCondition {
    form::check(source, node, context);
    let mut all = Vec::new();
    let of_record = of_record(source);
    let has_part = of_record.is_some();
    if let Some((of_record, only_denies)) = of_record {
        if only_denies {
            let says = "beside what asks about the attempt, `not` would hold of nearly any of its records";
            context.fault(
                "condition",
                node.key_span("not"),
                says,
                "write `absent:` instead of `not:` if no record of the attempt may show it",
            );
        }
        let condition = record::compiled(&of_record, node, context);
        all.push(AttemptCondition::Symptom(context.part(condition)));
    } else {
        all.extend(source.kind.map(|kind| AttemptCondition::Kind(kind.into())));
    }
    all.extend(source.ending.map(AttemptCondition::Ending));
    all.extend(source.outcome.map(|outcome| AttemptCondition::Outcome(outcome.name().to_owned())));
    all.extend(source.operator.clone().map(AttemptCondition::Operator));
    all.extend(source.dag.clone().map(AttemptCondition::Dag));
    all.extend(source.task.clone().map(AttemptCondition::Task));
    if let Some(id) = &source.symptom {
        all.push(named(id, node.child("symptom"), context).map_or(NEVER, AttemptCondition::Symptom));
    }
    if let Some(absent) = &source.absent {
        let shown = one_record(absent, node.child("absent"), "what is absent", context);
        all.push(shown.map_or(NEVER, |shown| match shown.as_slice() {
            [one] => AttemptCondition::Absent(*one),
            several => AttemptCondition::All(several.iter().map(|symptom| AttemptCondition::Absent(*symptom)).collect()),
        }));
    }
    let is_composite = source.sequence.is_some() || source.set.is_some();
    for (ordered, key, steps) in [(true, "sequence", &source.sequence), (false, "set", &source.set)] {
        if let Some(steps) = steps {
            all.push(composite(ordered, steps, source, node, key, context));
        }
    }
    refuse_sides(source, node, context);
    if let Some(not) = source.not.as_deref().filter(|not| !(has_part && form::are_of_record(slice::from_ref(not)))) {
        let at = node.child("not");
        // The sides of a sequence are part of it.
        let of_sides = is_composite && SIDES.iter().any(|side| not.gives(side));
        if !of_sides {
            all.push(AttemptCondition::Not(Box::new(attempt(not, at, context))));
        }
    }
    let mut list = |sources: &Option<Vec<ConditionSource>>, key: &str| {
        let at = node.child(key);
        let sources = sources.as_ref().filter(|sources| !(has_part && form::are_of_record(sources)))?;
        Some(sources.iter().enumerate().map(|(index, source)| attempt(source, at.item(index), context)).collect::<Vec<_>>())
    };
    all.extend(list(&source.all, "all").map(AttemptCondition::All));
    all.extend(list(&source.any, "any").map(AttemptCondition::Any));
    match all.len() {
        1 => all.remove(0),
        _ => AttemptCondition::All(all),
    }
}

/// The keys of a map that ask about one record, if there are any: its own, and those lists and denials that ask about nothing else.
/// Says too whether they only deny something.
fn of_record(source: &ConditionSource) -> Option<(ConditionSource, bool)> {
    let own = ConditionSource {
        literal: source.literal.clone(),
        regex: source.regex.clone(),
        exception: source.exception.clone(),
        root_exception: source.root_exception.clone(),
        raised_exception: source.raised_exception.clone(),
        frame: source.frame.clone(),
        level: source.level,
        logger: source.logger.clone(),
        field: source.field.clone(),
        any: source.any.clone().filter(|any| form::are_of_record(any)),
        all: source.all.clone().filter(|all| form::are_of_record(all)),
        not: source.not.clone().filter(|not| form::are_of_record(slice::from_ref(not))),
        ..ConditionSource::default()
    };
    let only_denies = !source.keys().any(|key| form::RECORD_KEYS.contains(&key)) && own.any.is_none() && own.all.is_none();
    (!only_denies || own.not.is_some()).then_some((ConditionSource { kind: source.kind, ..own }, only_denies))
}

/// Notes `before`, `between` and `after` where they are not what a sequence is denied.
fn refuse_sides(source: &ConditionSource, node: &Node, context: &mut Context<'_>) {
    for key in SIDES.into_iter().filter(|key| source.gives(key)) {
        let says = format!("`{key}` says where beside a `sequence` or `set` something must not be seen");
        let remedy = format!("write `not: {{ {key}: {{ .. }} }}` in the map of the `sequence` or `set`");
        context.fault("condition", node.key_span(key), says, remedy);
    }
}

fn composite(
    ordered: bool,
    steps: &[ConditionSource],
    source: &ConditionSource,
    node: &Node,
    key: &str,
    context: &mut Context<'_>,
) -> AttemptCondition {
    let at = node.child(key);
    let steps: Vec<Option<Vec<SymptomIx>>> =
        steps.iter().enumerate().map(|(index, step)| one_record(step, at.item(index), "a step", context)).collect();
    let without = sides(source, node, context);
    let Some(steps) = steps.into_iter().collect::<Option<Vec<_>>>() else { return NEVER };
    let mut per: Vec<Per> = source.per.iter().flat_map(|names| &names.0).map(|name| per_of(*name)).collect();
    if per.is_empty() {
        per.push(Per::Attempt);
    }
    per.sort_unstable();
    per.dedup();
    let within = source.within.map(|within| within.0);
    AttemptCondition::Composite(Composite { ordered, steps, without, within, per, at_least: source.at_least.unwrap_or(1) })
}

/// What must not be seen beside a composite.
fn sides(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> Vec<(Side, Vec<SymptomIx>)> {
    let (Some(not), at) = (&source.not, node.child("not")) else { return Vec::new() };
    let sides = [(Side::Before, "before", &not.before), (Side::Between, "between", &not.between), (Side::After, "after", &not.after)];
    let is_side = |key: &str| SIDES.contains(&key);
    if not.keys().any(is_side) && !not.keys().all(is_side) {
        let other = at.entries().iter().find(|entry| !is_side(&entry.key));
        context.fault(
            "condition",
            other.map_or(&at.span, |entry| &entry.key_span),
            "beside `before`, `between` or `after` nothing else can be denied in one `not`",
            "put it into an `all` with a `not` of its own",
        );
    }
    let given = sides.into_iter().filter_map(|(side, key, given)| Some((side, key, given.as_deref()?)));
    given
        .filter_map(|(side, key, given)| Some((side, one_record(given, at.child(key), &format!("what `{key}` denies"), context)?)))
        .collect()
}

fn per_of(name: PerName) -> Per {
    match name {
        PerName::Attempt => Per::Attempt,
        PerName::Task => Per::Task,
        PerName::Dag => Per::Dag,
        PerName::Host => Per::Host,
        PerName::Endpoint => Per::Endpoint,
    }
}

/// The symptoms of single records of which one will do: a symptom by its id, what the condition asks of a record, or any of several such.
/// `None` where one is switched off, or nothing of the kind.
fn one_record(source: &ConditionSource, node: &Node, what: &str, context: &mut Context<'_>) -> Option<Vec<SymptomIx>> {
    if form::asks(source) == form::Asks::Record {
        let condition = super::record(source, node, context);
        return Some(vec![context.part(condition)]);
    }
    let alone = form::only_key(source);
    if let (Some(id), Some("symptom")) = (&source.symptom, alone) {
        return named(id, node.child("symptom"), context).map(|symptom| vec![symptom]);
    }
    if let (Some(any), Some("any")) = (&source.any, alone) {
        let at = node.child("any");
        let each: Vec<Vec<SymptomIx>> =
            any.iter().enumerate().filter_map(|(index, source)| one_record(source, at.item(index), what, context)).collect();
        return (!each.is_empty()).then(|| each.concat());
    }
    form::refuse_in_record(node, what, context);
    None
}

/// A symptom that a condition refers to; it must be one of single records, so that conditions cannot go round in circles.
fn named(id: &str, at: &Node, context: &mut Context<'_>) -> Option<SymptomIx> {
    if context.names.of_attempts.contains(id) {
        let says = format!("`{id}` is itself a symptom of whole attempts");
        context.fault("condition", &at.span, says, "name symptoms of single records here; repeat its condition instead of its id");
        return None;
    }
    context.symptom(id, at)
}
