//! The predicates of evidence, as they stand in a cause's `when`. `correlate` computes them; this is only their form.

use serde::Deserialize;

use crate::time::{Span, parse_span};

/// What must hold of an incident for a piece of evidence to apply: all the predicates that are given. The meaning of each
/// stands in `rules/README.md`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each predicate is documented once, in rules/README.md, where rule authors read it")]
pub struct When {
    pub symptom: Option<Vec<String>>,
    pub among: Option<Vec<String>>,
    pub exception: Option<Vec<String>>,
    pub frame: Option<Vec<String>>,
    pub status: Option<Vec<u16>>,
    pub errno: Option<Vec<i32>>,
    pub exit_code: Option<Vec<i32>>,
    pub signal: Option<Vec<i32>>,
    pub operator: Option<Vec<String>>,
    pub phase: Option<Vec<PhaseName>>,
    pub connection: Option<ConnectionName>,
    pub elapsed: Option<Bounds>,
    pub elapsed_near_timeout: Option<bool>,
    pub same_elapsed: Option<bool>,
    pub idle_before: Option<Bounds>,
    pub idle_near_timer: Option<bool>,
    pub running_for: Option<Bounds>,
    pub ending: Option<Vec<EndingName>>,
    pub recovered: Option<bool>,
    pub every_try_failed: Option<bool>,
    pub hosts: Option<Count>,
    pub endpoints: Option<Count>,
    pub dags: Option<Count>,
    pub tasks: Option<Count>,
    pub attempts: Option<Count>,
    pub scope: Option<ScopeKind>,
    pub healthy_elsewhere: Option<HealthyBy>,
    pub burst: Option<Burst>,
    pub crowded: Option<bool>,
    pub mixed_families: Option<bool>,
    pub simultaneous: Option<bool>,
    pub preceded_by: Option<Nearby>,
    pub recurs: Option<Recurs>,
    pub onset: Option<bool>,
    pub always_failed: Option<bool>,
    pub single: Option<bool>,
}

/// A length of time, written `30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub Span);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a length of time such as 500ms, 30s, 5m, 2h or 7d")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                parse_span(text).map(Duration).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Bounds of a length of time; both ends belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// The shortest.
    pub at_least: Option<Duration>,
    /// The longest.
    pub at_most: Option<Duration>,
}

impl Bounds {
    /// Whether a span lies within.
    #[must_use]
    pub fn hold(&self, span: Span) -> bool {
        self.at_least.is_none_or(|low| span >= low.0) && self.at_most.is_none_or(|high| span <= high.0)
    }
}

/// Bounds of a number; both ends belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Count {
    /// The smallest.
    pub at_least: Option<usize>,
    /// The largest.
    pub at_most: Option<usize>,
}

impl Count {
    /// Whether a number lies within.
    #[must_use]
    pub fn holds(&self, number: usize) -> bool {
        self.at_least.is_none_or(|low| number >= low) && self.at_most.is_none_or(|high| number <= high)
    }
}

/// So many failures within so short a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// How many.
    pub at_least: usize,
    /// Within what time.
    pub within: Duration,
}

/// A symptom elsewhere shortly before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearby {
    /// One of these.
    pub symptoms: Vec<String>,
    /// How shortly before.
    pub within: Duration,
    /// Where.
    pub same: NearbyBy,
}

/// What a neighbour shares with the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearbyBy {
    /// The worker host.
    Host,
    /// The endpoint.
    Endpoint,
    /// The run of the DAG.
    Run,
    /// Nothing but the time.
    Any,
}

/// The kinds of value that a scope can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The worker host.
    Host,
    /// The endpoint called.
    Endpoint,
    /// The DAG.
    Dag,
    /// The task.
    Task,
    /// The operator.
    Operator,
}

impl ScopeKind {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Endpoint => "endpoint",
            Self::Dag => "dag",
            Self::Task => "task",
            Self::Operator => "operator",
        }
    }
}

/// By what the failing attempts differ from the healthy ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthyBy {
    /// Other hosts reached the same endpoint.
    Host,
    /// The same hosts reached other endpoints.
    Endpoint,
    /// Other attempts of the same task succeeded.
    Task,
}

/// The kinds of recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurs {
    /// The same minute of the hour.
    Minute,
    /// The same hour of the day.
    Hour,
    /// The same day of the week.
    Weekday,
}

/// What a call was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; see record::Phase")]
pub enum PhaseName {
    Resolve,
    Connect,
    Tls,
    Write,
    Send,
    Read,
    Wait,
    Body,
}

/// What is known of the connection that a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; see record::Connection")]
pub enum ConnectionName {
    OneShot,
    Session,
    Reused,
}

/// How a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; see scan::Ending")]
pub enum EndingName {
    Verdict,
    Exception,
    Killed,
    Silent,
    CutOff,
}

impl EndingName {
    /// The name used in rules; the same as that of `scan::Ending`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Exception => "exception",
            Self::Killed => "killed",
            Self::Silent => "silent",
            Self::CutOff => "cut_off",
        }
    }
}
