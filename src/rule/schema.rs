//! What may stand in a rule file: the YAML's types and nothing else. `rules/README.md` explains each field.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::when::{Duration, EndingName, When};
use super::{Severity, Weight};
use crate::record::Level;
use crate::source::Kind;

/// A symptom's own examples, run by `dagnosis rules test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Examples {
    /// Log text that shows it.
    pub matching: Vec<String>,
    /// Log text that comes near and does not show it.
    pub not_matching: Vec<String>,
}

/// One way to make sure of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// What to look at and what it proves.
    pub say: String,
    /// A command that shows it.
    pub run: Option<String>,
}

/// One thing to do about a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// What to do.
    pub say: String,
    /// Code or configuration that does it.
    pub snippet: Option<String>,
    /// Under which condition a repeated call does no harm.
    pub retry_safe: Option<String>,
}

/// Whether trying again helps against a cause and does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Whether it helps.
    pub helps: RetryHelps,
    /// Whether it is safe.
    pub safe: RetrySafe,
    /// In words.
    pub says: String,
}

/// Whether trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryHelps {
    /// It passes by itself.
    Transient,
    /// It stays until somebody mends it.
    Permanent,
    /// Not known.
    Unknown,
}

impl RetryHelps {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether trying again can do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrySafe {
    /// It cannot.
    Yes,
    /// It can.
    No,
    /// Only under the condition that is named.
    OnlyIf,
}

impl RetrySafe {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::OnlyIf => "only_if",
        }
    }
}

/// Who mends a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Whoever writes the DAG.
    DagAuthor,
    /// Whoever runs Airflow and its machines.
    Platform,
    /// Whoever runs the service that was called.
    RemoteService,
    /// Whoever delivers the data.
    DataProvider,
    /// Whoever runs the network.
    Network,
    /// Not known.
    Unknown,
}

impl Owner {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DagAuthor => "dag_author",
            Self::Platform => "platform",
            Self::RemoteService => "remote_service",
            Self::DataProvider => "data_provider",
            Self::Network => "network",
            Self::Unknown => "unknown",
        }
    }
}

/// A symptom as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SymptomSource {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) category: Category,
    pub(super) family: Option<String>,
    #[serde(rename = "match")]
    pub(super) condition: ConditionSource,
    #[serde(default)]
    pub(super) captures: Vec<String>,
    #[serde(default)]
    pub(super) specific_over: Vec<String>,
    #[serde(default)]
    pub(super) causes: Vec<String>,
    #[serde(default)]
    pub(super) examples: Examples,
    #[serde(default)]
    pub(super) verdict: bool,
    #[serde(default)]
    pub(super) incidental: bool,
    #[serde(default)]
    pub(super) fatal_anywhere: bool,
    #[serde(default)]
    pub(super) roles: Vec<RoleName>,
    #[serde(default)]
    pub(super) beside: Vec<String>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) status: Status,
    pub(super) source: Option<String>,
}

/// Whether a rule is ready for everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    #[default]
    Stable,
    /// Not loaded from the built-in set.
    Draft,
}

/// Defines a closed list of words, each a variant with its name.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        pub(super) enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words! {
    /// What a symptom is about.
    Category {
        Network => "network", Timeout => "timeout", Tls => "tls", Auth => "auth", Http => "http", Resource => "resource", Process => "process",
        Lifecycle => "lifecycle", Airflow => "airflow", Config => "config", Code => "code", Data => "data", Database => "database",
        Broker => "broker", Kubernetes => "kubernetes", External => "external", Logs => "logs",
    }
}

words! {
    /// Where a cause lies.
    Layer {
        Client => "client", Network => "network", Server => "server", Airflow => "airflow", Data => "data", Platform => "platform",
    }
}

words! {
    /// How an attempt came out, by Airflow's names.
    OutcomeName {
        Success => "success", Failed => "failed", UpForRetry => "up_for_retry", UpForReschedule => "up_for_reschedule", Skipped => "skipped",
        Deferred => "deferred", Running => "running", Unknown => "unknown",
    }
}

/// What a match did to its attempt, as rules name it; see `attempt::Role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// It ended the attempt.
    Fatal,
    /// It led to the end.
    Contributing,
    /// The attempt survived it.
    Incidental,
}

/// A condition as it is written: all keys that are given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConditionSource {
    pub(super) literal: Option<String>,
    pub(super) regex: Option<String>,
    pub(super) exception: Option<String>,
    pub(super) root_exception: Option<String>,
    pub(super) raised_exception: Option<String>,
    pub(super) frame: Option<String>,
    pub(super) level: Option<LevelName>,
    pub(super) logger: Option<String>,
    pub(super) field: Option<BTreeMap<String, String>>,
    pub(super) kind: Option<KindName>,
    pub(super) operator: Option<String>,
    pub(super) dag: Option<String>,
    pub(super) task: Option<String>,
    pub(super) ending: Option<EndingName>,
    pub(super) outcome: Option<OutcomeName>,
    pub(super) symptom: Option<String>,
    pub(super) absent: Option<Box<Self>>,
    pub(super) any: Option<Vec<Self>>,
    pub(super) all: Option<Vec<Self>>,
    pub(super) not: Option<Box<Self>>,
    pub(super) sequence: Option<Vec<Self>>,
    pub(super) set: Option<Vec<Self>>,
    pub(super) within: Option<Duration>,
    pub(super) per: Option<PerNames>,
    pub(super) at_least: Option<usize>,
    pub(super) before: Option<Box<Self>>,
    pub(super) between: Option<Box<Self>>,
    pub(super) after: Option<Box<Self>>,
}

/// What the matches of a composite must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PerName {
    Attempt,
    Task,
    Dag,
    Host,
    Endpoint,
}

/// One or several of them: `per: host`, `per: [host, task]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PerNames(pub(super) Vec<PerName>);

impl<'de> Deserialize<'de> for PerNames {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> serde::de::Visitor<'de> for OneOrMany {
            type Value = PerNames;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a word such as attempt, task, dag, host or endpoint, or a list of such words")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<PerNames, E> {
                PerName::deserialize(serde::de::value::StrDeserializer::new(word)).map(|name| PerNames(vec![name]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut words: A) -> Result<PerNames, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = words.next_element()? {
                    names.push(name);
                }
                Ok(PerNames(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// A record's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LevelName {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Debug => Self::Debug,
            LevelName::Info => Self::Info,
            LevelName::Warning => Self::Warning,
            LevelName::Error => Self::Error,
            LevelName::Critical => Self::Critical,
        }
    }
}

/// A kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindName {
    Task,
    Trigger,
    Scheduler,
    Worker,
    Triggerer,
    DagProcessor,
    Webserver,
    Kernel,
    Other,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Task => Self::Task,
            KindName::Trigger => Self::Trigger,
            KindName::Scheduler => Self::Scheduler,
            KindName::Worker => Self::Worker,
            KindName::Triggerer => Self::Triggerer,
            KindName::DagProcessor => Self::DagProcessor,
            KindName::Webserver => Self::Webserver,
            KindName::Kernel => Self::Kernel,
            KindName::Other => Self::Other,
        }
    }
}

/// A cause as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CauseSource {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) layer: Layer,
    pub(super) owner: Owner,
    pub(super) what: String,
    pub(super) prior: f64,
    #[serde(default)]
    pub(super) evidence: Vec<EvidenceSource>,
    #[serde(default)]
    pub(super) confirm: Vec<Confirm>,
    #[serde(default)]
    pub(super) fixes: Vec<Fix>,
    pub(super) retry: Retry,
    #[serde(default)]
    pub(super) produces: Vec<String>,
    #[serde(default)]
    pub(super) undetermined: bool,
    #[serde(default)]
    pub(super) references: Vec<String>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) status: Status,
}

/// A rule of evidence as it is written: exactly one of `weight` and `against`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceSource {
    pub(super) when: When,
    pub(super) weight: Option<Weight>,
    pub(super) against: Option<Weight>,
    pub(super) says: String,
}

/// The placeholders that an evidence's sentence may hold.
pub(super) const PLACEHOLDERS: [&str; 17] = [
    "n",
    "total",
    "median",
    "span",
    "host",
    "hosts",
    "endpoint",
    "endpoints",
    "dags",
    "tasks",
    "timer",
    "timeout",
    "other",
    "status",
    "errno",
    "exit_code",
    "value",
];
