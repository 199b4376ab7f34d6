//! Incidents: failures that belong together, and how they are spread over time, hosts, endpoints, tasks and tries, against the
//! healthy attempts. Pure.

mod group;
mod pattern;
mod predicate;
mod statistics;
mod table;

pub(crate) use group::unrecognised_key;
pub use predicate::{Context, Verdict, holds};
pub use table::Table;

use crate::attempt::{Attempts, Location};
use crate::rule::{Recurs, RuleSet, ScopeKind, SymptomIx};
use crate::time::Timestamp;

/// What the stage gives: the incidents of an attempt table, and the table by columns, for whoever weighs the evidence.
#[derive(Debug)]
pub struct Correlated<'a> {
    /// The attempt table, by what is looked for in it.
    pub table: Table<'a>,
    /// The incidents, in the order of their first rows.
    pub incidents: Vec<Incident>,
}

/// Groups the failures of an attempt table, and finds what their spread shows. n log n in the number of attempts.
#[must_use]
pub fn correlate<'a>(attempts: &'a Attempts, rules: &RuleSet) -> Correlated<'a> {
    let table = Table::of(attempts);
    let failures = group::items(&table, rules);
    let mut incidents = group::group(&failures, &table, rules);
    pattern::find(&mut incidents, &failures, &table, rules);
    Correlated { table, incidents }
}

/// Failures that belong together.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Indexes into the attempt table, sorted, never empty.
    pub attempts: Vec<usize>,
    /// The symptom that stands for it; `None`: an unrecognised failure.
    pub symptom: Option<SymptomIx>,
    /// The earliest and the latest failure.
    pub first_seen: Option<Timestamp>,
    /// See `first_seen`.
    pub last_seen: Option<Timestamp>,
    /// The values it touches, each list sorted.
    pub scope: Scope,
    /// What its spread shows.
    pub patterns: Vec<Pattern>,
    /// The kill that provoked the others, as an index into the attempt table.
    pub root: Option<usize>,
    /// Those of its attempts that the root provoked, sorted.
    pub consequences: Vec<usize>,
}

/// The values that an incident touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Worker hosts.
    pub hosts: Vec<String>,
    /// Endpoints called.
    pub endpoints: Vec<String>,
    /// DAGs.
    pub dags: Vec<String>,
    /// Tasks, `dag.task`.
    pub tasks: Vec<String>,
    /// Operators.
    pub operators: Vec<String>,
}

/// One thing that the spread of an incident shows.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Which.
    pub kind: PatternKind,
    /// In one sentence with its numbers.
    pub says: String,
    /// The numbers, by name.
    pub numbers: Vec<(&'static str, f64)>,
    /// Where it is seen, a few places.
    pub locations: Vec<Location>,
}

/// The kinds of pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PatternKind {
    /// One value explains the failures against the healthy attempts.
    Scope(ScopeKind),
    /// Two values together do, neither of them alone.
    ScopePair(ScopeKind, ScopeKind),
    /// Many within a short time.
    Burst,
    /// It worked until an instant, and never since.
    Onset,
    /// At one time of the clock.
    Recurrence(Recurs),
    /// After the same time.
    Elapsed,
    /// There are not enough equal times: the longest that a call can have taken.
    Bound,
    /// While more was running than usual.
    Concurrency,
    /// Shortly after something else.
    Precedence,
    /// What later tries did.
    Retry,
    /// There are no healthy attempts to compare with.
    NoBaseRate,
}

impl PatternKind {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scope(_) | Self::ScopePair(..) => "scope",
            Self::Burst => "burst",
            Self::Onset => "onset",
            Self::Recurrence(_) => "recurrence",
            Self::Elapsed | Self::Bound => "elapsed",
            Self::Concurrency => "concurrency",
            Self::Precedence => "precedence",
            Self::Retry => "retry",
            Self::NoBaseRate => "no_base_rate",
        }
    }
}

/// Which scope an incident has, if one value explains it.
#[must_use]
pub fn scope_of(incident: &Incident) -> Option<ScopeKind> {
    incident.patterns.iter().find_map(|pattern| match pattern.kind {
        PatternKind::Scope(kind) => Some(kind),
        _ => None,
    })
}

/// `a`, `a and b`, `a, b and 12 more`.
#[must_use]
pub fn abridged(values: &[String], none: &str) -> String {
    match values {
        [] => none.to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
