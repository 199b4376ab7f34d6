//! The form of conditions: which keys ask about one record and which about the whole attempt, and what cannot be meant.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::rule::node::{Content, Node};
use crate::rule::schema_condition::ConditionSource;

use super::Context;

/// What a condition asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rule) enum Asks {
    /// One record.
    Record,
    /// A whole attempt, perhaps beside what one of its records shows.
    Attempt,
}

/// Keys about one record.
pub(super) const RECORD_KEYS: [&str; 9] =
    ["literal", "regex", "exception", "root_exception", "raised_exception", "frame", "level", "logger", "field"];

/// Keys about a whole attempt.
const ATTEMPT_KEYS: [&str; 12] =
    ["ending", "outcome", "operator", "dag", "task", "symptom", "absent", "sequence", "set", "before", "between", "after"];

/// Whether a condition, or any within it, gives one of the keys.
fn gives_any(source: &ConditionSource, keys: &[&str]) -> bool {
    source.keys().any(|key| keys.contains(&key)) || source.branches().any(|branch| gives_any(branch, keys))
}

/// The first of the keys in a condition and all within it, with its place.
fn first_key<'n>(node: &'n Node, keys: &[&str]) -> Option<(&'n str, &'n Range<usize>)> {
    match &node.content {
        Content::Map(entries) => entries.iter().find_map(|entry| match entry.key.as_str() {
            "any" | "all" | "not" => first_key(&entry.value, keys),
            key => keys.contains(&key).then_some((key, &entry.key_span)),
        }),
        Content::List(items) => items.iter().find_map(|item| first_key(item, keys)),
        Content::Scalar(_) => None,
    }
}

/// What a condition asks about.
pub(in crate::rule) fn asks(source: &ConditionSource) -> Asks {
    if gives_any(source, &ATTEMPT_KEYS) { Asks::Attempt } else { Asks::Record }
}

/// Whether conditions ask about one record and nothing else. One that names only the kind of the log may be either.
pub(super) fn are_of_record(sources: &[ConditionSource]) -> bool {
    sources.iter().all(|source| asks(source) == Asks::Record) && sources.iter().any(|source| gives_any(source, &RECORD_KEYS))
}

/// The key of a condition that has one only.
pub(super) fn only_key(source: &ConditionSource) -> Option<&'static str> {
    let mut keys = source.keys();
    keys.next().filter(|_| keys.next().is_none())
}

/// Notes what asks about the attempt where single records are looked for.
pub(super) fn refuse_in_record(node: &Node, what: &str, context: &mut Context<'_>) {
    let (key, span) = first_key(node, &ATTEMPT_KEYS).unwrap_or(("symptom", &node.span));
    let (says, remedy) = if key == "symptom" {
        let remedy = "write `{ symptom: its-id }` alone; several go into `any`, one beside the other into steps of their own";
        (format!("`symptom` beside other keys; {what} is one record"), remedy.to_owned())
    } else {
        let remedy = format!("move `{key}` out, into the map that holds the list; here stands what one record shows, or `symptom: its-id`");
        (format!("`{key}` asks about the whole attempt; {what} is one record"), remedy)
    };
    context.fault("condition", &span.clone(), says, remedy);
}

/// Notes keys that need another key, empty lists and texts, and conditions that ask nothing.
pub(super) fn check(source: &ConditionSource, node: &Node, context: &mut Context<'_>) {
    let composite = source.sequence.is_some() || source.set.is_some();
    for key in ["within", "per", "at_least"] {
        if !composite && source.gives(key) {
            context.fault(
                "condition",
                node.key_span(key),
                format!("`{key}` without `sequence` or `set`"),
                "put it into the same map as the `sequence` or `set`",
            );
        }
    }
    if source.sequence.is_some() && source.set.is_some() {
        context.fault("condition", node.key_span("set"), "both `sequence` and `set`", "give each a map of its own in `all`, or keep one");
    }
    if source.at_least == Some(0) {
        context.fault("condition", &node.child("at_least").span, "`at_least: 0` always holds", "write 1 or more, or leave it out");
    }
    let is_empty = |list: &Option<Vec<ConditionSource>>| list.as_ref().is_some_and(Vec::is_empty);
    for (key, is_empty) in [
        ("any", is_empty(&source.any)),
        ("all", is_empty(&source.all)),
        ("sequence", is_empty(&source.sequence)),
        ("set", is_empty(&source.set)),
        ("per", source.per.as_ref().is_some_and(|per| per.0.is_empty())),
        ("field", source.field.as_ref().is_some_and(BTreeMap::is_empty)),
    ] {
        if is_empty && node.child(key).removed.is_empty() {
            let what = if key == "field" { "map" } else { "list" };
            context.fault("condition", node.key_span(key), format!("`{key}` with an empty {what}"), "list at least one, or leave it out");
        }
    }
    for (key, text) in [
        ("literal", &source.literal),
        ("exception", &source.exception),
        ("root_exception", &source.root_exception),
        ("raised_exception", &source.raised_exception),
        ("frame", &source.frame),
        ("logger", &source.logger),
        ("operator", &source.operator),
        ("dag", &source.dag),
        ("task", &source.task),
    ] {
        if text.as_deref() == Some("") {
            let holds = if ATTEMPT_KEYS.contains(&key) { "attempt" } else { "record" };
            context.fault(
                "condition",
                node.key_span(key),
                format!("`{key}` with an empty text, which every {holds} holds"),
                "write what is looked for, or leave it out",
            );
        }
    }
    if source.keys().next().is_none() && node.removed.is_empty() {
        context.fault(
            "condition",
            &node.span,
            "an empty condition",
            "write at least one key; rules/README.md lists them under \"Conditions\"",
        );
    }
}
