//! The predicates of evidence, as they stand in a cause's `when`. `correlate` computes them; this is only their form.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time::{Span, parse_span};

/// What must hold of an incident for a piece of evidence to apply: all the predicates that are given. The meaning of each
/// stands in `rules/README.md`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
pub struct When {
    /// The attempt shows one of these symptoms, by their ids.
    pub symptom: Option<Vec<String>>,
    /// At least one attempt of the incident, however few others do, shows one of these symptoms.
    pub among: Option<Vec<String>>,
    /// One of these classes is in the chain that ended the attempt.
    pub exception: Option<Vec<String>>,
    /// A frame of that chain holds one of these texts.
    pub frame: Option<Vec<String>>,
    /// The HTTP status that was caught is one of these.
    pub status: Option<Vec<u16>>,
    /// The error number that was caught is one of these.
    pub errno: Option<Vec<i32>>,
    /// The exit code that was caught is one of these.
    pub exit_code: Option<Vec<i32>>,
    /// The number of the signal that was caught is one of these.
    pub signal: Option<Vec<i32>>,
    /// The operator of the attempt is one of these; `*` stands for any text.
    pub operator: Option<Vec<String>>,
    /// What the call was doing, by its frames and words, is one of these.
    pub phase: Option<Vec<PhaseName>>,
    /// What is known of the connection that the call used.
    pub connection: Option<ConnectionName>,
    /// The time from the log line before the failure to the failure, an upper bound of how long the call took.
    pub elapsed: Option<Bounds>,
    /// That time is the timeout that the message itself names.
    pub elapsed_near_timeout: Option<bool>,
    /// At least three failures came after the same time.
    pub same_elapsed: Option<bool>,
    /// How long nothing was sent before the failing call began, after earlier use.
    pub idle_before: Option<Bounds>,
    /// At least three such silences lie just above one known idle time-out of the timers.
    pub idle_near_timer: Option<bool>,
    /// The time from the start of the attempt to its failure.
    pub running_for: Option<Bounds>,
    /// How the log ends is one of these.
    pub ending: Option<Vec<EndingName>>,
    /// Tasks of the incident succeeded on a later try.
    pub recovered: Option<bool>,
    /// A task of the incident had two tries or more and none succeeded.
    pub every_try_failed: Option<bool>,
    /// How many different hosts the incident has.
    pub hosts: Option<Count>,
    /// How many different endpoints the incident has.
    pub endpoints: Option<Count>,
    /// How many different DAGs the incident has.
    pub dags: Option<Count>,
    /// How many different tasks the incident has.
    pub tasks: Option<Count>,
    /// How many attempts the incident has.
    pub attempts: Option<Count>,
    /// This kind of value explains the failures against the healthy attempts, by a statistical test.
    pub scope: Option<ScopeKind>,
    /// What differs only in this succeeded: other hosts on the endpoint, other endpoints of the host, other attempts of the task.
    pub healthy_elsewhere: Option<HealthyBy>,
    /// So many failures came within so short a time.
    pub burst: Option<Burst>,
    /// More attempts were running on the endpoint or host at the failures than at the healthy attempts.
    pub crowded: Option<bool>,
    /// On one endpoint there were several of closes, timeouts, refusals and 5xx answers within five minutes.
    pub mixed_families: Option<bool>,
    /// At least three different tasks, and a third of the incident, failed within half a second.
    pub simultaneous: Option<bool>,
    /// Shortly before, another attempt or component showed one of these symptoms.
    pub preceded_by: Option<Nearby>,
    /// The failures keep to one time of the clock.
    pub recurs: Option<Recurs>,
    /// The task or endpoint used to work and has failed ever since one instant.
    pub onset: Option<bool>,
    /// No attempt of the tasks of the incident ever succeeded in what was read.
    pub always_failed: Option<bool>,
    /// There is one failure only.
    pub single: Option<bool>,
    /// How long it lasted: from the first to the last of failures that follow each other within ten minutes; of several such stretches the longest.
    pub lasts: Option<Bounds>,
    /// Between the first and the last failure of such a stretch other attempts on the same endpoint succeeded (where no endpoint is known, other instances of the
    /// one task). Known only where healthy logs name their endpoints.
    pub healthy_meanwhile: Option<bool>,
    /// After the last failure attempts on the same endpoint, or of the same tasks, succeeded.
    pub healthy_since: Option<bool>,
}

impl When {
    /// Whether it asks how an incident is spread over values and time, which says little where there are no healthy attempts to compare with.
    #[must_use]
    pub fn is_of_spread(&self) -> bool {
        let counted = [self.hosts, self.endpoints, self.dags, self.tasks, self.attempts].iter().any(Option::is_some);
        let yes_or_no = [self.crowded, self.mixed_families, self.simultaneous, self.onset, self.always_failed].iter().any(Option::is_some);
        counted
            || yes_or_no
            || self.scope.is_some()
            || self.healthy_elsewhere.is_some()
            || self.burst.is_some()
            || self.recurs.is_some()
            || self.healthy_meanwhile.is_some()
            || self.healthy_since.is_some()
    }
}

/// A length of time, written `30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub Span);

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time: a number with a unit, such as 500ms, 0.5s, 5m, 2h or 7d.",
            "pattern": r"^[0-9]+(\.[0-9]+)? *(ms|s|m|h|d)$"
        })
    }
}

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// How many.
    pub at_least: usize,
    /// Within what time.
    pub within: Duration,
}

/// A symptom elsewhere shortly before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
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
    /// The queue of the executor.
    Queue,
    /// The version of what ran: of the DAG, or of the bundle that it came from.
    Version,
}

impl ScopeKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [Self::Host, Self::Endpoint, Self::Dag, Self::Task, Self::Operator, Self::Queue, Self::Version];

    /// Its place in [`ScopeKind::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Endpoint => "endpoint",
            Self::Dag => "dag",
            Self::Task => "task",
            Self::Operator => "operator",
            Self::Queue => "queue",
            Self::Version => "version",
        }
    }
}

/// By what the failing attempts differ from the healthy ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; see record::Connection")]
pub enum ConnectionName {
    OneShot,
    Session,
    Reused,
}

/// How a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
