//! Incidents: failures that belong together, and how they are spread over time, hosts, endpoints, tasks and tries, against the
//! healthy attempts. Pure.

mod consequence;
mod group;
mod host;
mod patterns;
mod predicates;
mod sets;
mod statistics;
mod table;

pub use group::group;
pub(crate) use group::unrecognised_key;
pub use predicates::{Context, Verdict, abridged, holds, scope_of};
pub use table::Table;

use crate::attempt::Location;
use crate::rule::{ScopeKind, SymptomIx};
use crate::time::Timestamp;

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
    /// Many within a short time.
    Burst,
    /// It worked until an instant, and never since.
    Onset,
    /// At one time of the clock.
    Recurrence,
    /// After the same time.
    Elapsed,
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
            Self::Scope(_) => "scope",
            Self::Burst => "burst",
            Self::Onset => "onset",
            Self::Recurrence => "recurrence",
            Self::Elapsed => "elapsed",
            Self::Concurrency => "concurrency",
            Self::Precedence => "precedence",
            Self::Retry => "retry",
            Self::NoBaseRate => "no_base_rate",
        }
    }
}
