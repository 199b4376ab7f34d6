//! The form of conditions: which keys ask about one record and which about the whole attempt, and what cannot be meant.

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

/// Keys whose value is one text that is looked for.
const TEXT_KEYS: [&str; 9] = ["literal", "exception", "root_exception", "raised_exception", "frame", "logger", "operator", "dag", "task"];

/// The first of the keys in a condition and all within it, with its place. What stands in steps and in `absent` is a condition of its own.
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
pub(in crate::rule) fn asks(node: &Node) -> Asks {
    if first_key(node, &ATTEMPT_KEYS).is_some() { Asks::Attempt } else { Asks::Record }
}

/// Whether a condition asks about one record and nothing else. One that names only the kind of the log may be either.
pub(super) fn is_of_record(node: &Node) -> bool {
    asks(node) == Asks::Record && first_key(node, &RECORD_KEYS).is_some()
}

/// The key of a map that has one only.
pub(super) fn only_key(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Map(entries) if entries.len() == 1 => entries.first().map(|entry| entry.key.as_str()),
        _ => None,
    }
}

/// The first key of a `not` beside a sequence that is no side of it.
pub(super) fn other_than_sides(node: &Node) -> Option<&Range<usize>> {
    let Content::Map(entries) = &node.content else { return None };
    let other = entries.iter().find(|entry| !["before", "between", "after"].contains(&entry.key.as_str()));
    other.map(|entry| &entry.key_span)
}

/// Notes what asks about the attempt where single records are looked for.
pub(super) fn refuse_in_record(node: &Node, what: &str, context: &mut Context<'_>) {
    let Some((key, span)) = first_key(node, &ATTEMPT_KEYS) else { return };
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
        if let (false, Some(entry)) = (composite, node.entry(key)) {
            context.fault(
                "condition",
                &entry.key_span,
                format!("`{key}` without `sequence` or `set`"),
                "put it into the same map as the `sequence` or `set`",
            );
        }
    }
    if let (true, Some(entry)) = (source.sequence.is_some() && source.set.is_some(), node.entry("set")) {
        context.fault("condition", &entry.key_span, "both `sequence` and `set`", "give each a map of its own in `all`, or keep one");
    }
    if source.at_least == Some(0) {
        context.fault("condition", &node.child("at_least").span, "`at_least: 0` always holds", "write 1 or more, or leave it out");
    }
    for key in ["any", "all", "sequence", "set", "per", "field"] {
        let is_empty = |content: &Content| match content {
            Content::List(items) => items.is_empty(),
            Content::Map(entries) => entries.is_empty(),
            Content::Scalar(_) => false,
        };
        let empty = node.entry(key).filter(|entry| is_empty(&entry.value.content));
        if let (Some(entry), true) = (empty, node.child(key).removed.is_empty()) {
            let what = if key == "field" { "map" } else { "list" };
            context.fault("condition", &entry.key_span, format!("`{key}` with an empty {what}"), "list at least one, or leave it out");
        }
    }
    for key in TEXT_KEYS {
        if let Some(entry) = node.entry(key).filter(|entry| entry.value.as_str().is_some_and(str::is_empty)) {
            let holds = if ATTEMPT_KEYS.contains(&key) { "attempt" } else { "record" };
            context.fault(
                "condition",
                &entry.key_span,
                format!("`{key}` with an empty text, which every {holds} holds"),
                "write what is looked for, or leave it out",
            );
        }
    }
    if matches!(&node.content, Content::Map(entries) if entries.is_empty()) && node.removed.is_empty() {
        context.fault(
            "condition",
            &node.span,
            "an empty condition",
            "write at least one key; rules/README.md lists them under \"Conditions\"",
        );
    }
}
