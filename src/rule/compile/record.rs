//! Conditions about one record.

use memchr::memmem::Finder;

use crate::rule::condition::{ClassName, Condition, Which};
use crate::rule::node::Node;
use crate::rule::schema_condition::ConditionSource;

use super::{Context, form};

/// Compiles a condition about one record.
pub(in crate::rule) fn record(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> Condition {
    form::check(source, node, context);
    compiled(source, node, context)
}

/// Compiles those keys that are given, whatever else stands in the map.
pub(super) fn compiled(source: &ConditionSource, node: &Node, context: &mut Context<'_>) -> Condition {
    // In the order of what they cost: an expression is run only where all else holds.
    let mut all = Vec::new();
    all.extend(source.kind.map(|kind| Condition::Kind(kind.into())));
    all.extend(source.level.map(|level| Condition::Level(level.into())));
    all.extend(source.logger.clone().map(Condition::Logger));
    all.extend(source.literal.as_deref().map(|text| Condition::Literal(Box::new(Finder::new(text).into_owned()))));
    all.extend(source.field.iter().flatten().map(|(key, glob)| Condition::Field(key.clone(), glob.clone())));
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
