//! What may stand in a rule file: the YAML's types and nothing else. `rules/README.md` explains each field.

use schemars::JsonSchema;
use serde::Deserialize;

use super::scenario::ScenarioSource;
use super::schema_condition::ConditionSource;
use super::when::When;
use super::{Severity, Timer, Weight};

/// A symptom's own examples, run by `dagnosis rules test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Examples {
    /// Log text that shows it.
    pub matching: Vec<String>,
    /// Log text that comes near and does not show it.
    pub not_matching: Vec<String>,
}

/// One way to make sure of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// What to look at and what it proves.
    pub say: String,
    /// A command that shows it.
    pub run: Option<String>,
}

/// One thing to do about a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
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

/// A file of rules for dagnosis.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dagnosis rule file")]
pub(super) struct FileSource {
    /// The version of the format: 1.
    #[schemars(extend("const" = 1))]
    pub(super) version: u64,
    /// What failures look like.
    pub(super) symptoms: Option<Vec<SymptomSource>>,
    /// Why tasks fail.
    pub(super) causes: Option<Vec<CauseSource>>,
    /// Known time-outs of infrastructure.
    pub(super) timers: Option<Vec<Timer>>,
    /// Whole logs with what must be said of them, run by `dagnosis rules test`.
    pub(super) scenarios: Option<Vec<ScenarioSource>>,
    /// Ids of rules of earlier sets, such as the built-in one, that are switched off.
    #[serde(default)]
    pub(super) disable: Vec<String>,
}

/// A symptom as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Symptom")]
pub(super) struct SymptomSource {
    /// Its id, for ever: one word in kebab-case, such as `connection-reset`. An id that exists already replaces that rule.
    #[schemars(regex(pattern = r"^\S+$"))]
    pub(super) id: String,
    /// The fault in plain words, not the cure.
    pub(super) title: String,
    /// How grave it is when it ends an attempt.
    pub(super) severity: Severity,
    /// What it is about.
    pub(super) category: Category,
    /// Symptoms of one family may be one incident; by default the id.
    pub(super) family: Option<String>,
    /// What a log must hold to show it; several keys in one map must all hold.
    #[serde(rename = "match")]
    pub(super) condition: ConditionSource,
    /// Expressions that are tried on the record that shows it; their named groups, such as `(?P<host>..)`, become facts.
    #[serde(default)]
    pub(super) captures: Vec<String>,
    /// Ids of symptoms that this one hides on the same record, because it says more.
    #[serde(default)]
    pub(super) specific_over: Vec<String>,
    /// Ids of its candidate causes, most plausible first; without any it is a piece of evidence only.
    #[serde(default)]
    pub(super) causes: Vec<String>,
    /// Log texts that show it, and some that come near and do not; at least two of each.
    #[serde(default)]
    pub(super) examples: Examples,
    /// Whether the line only says that something failed inside; the causes are then looked for in the other matches first.
    #[serde(default)]
    pub(super) verdict: bool,
    /// Whether an attempt usually survives it: it is then evidence, never the failure.
    #[serde(default)]
    pub(super) incidental: bool,
    /// Whether it ends the attempt even where no exception does, as a kill does.
    #[serde(default)]
    pub(super) fatal_anywhere: bool,
    /// A catch-all, such as "some exception": on the same record every symptom with causes hides it, without naming it in `specific_over`.
    #[serde(default)]
    pub(super) generic: bool,
    /// A match counts only if this is what it did to its attempt.
    #[serde(default)]
    pub(super) roles: Vec<Role>,
    /// Ids of symptoms that the same record may show too, each with something of its own to say.
    #[serde(default)]
    pub(super) beside: Vec<String>,
    /// Its former ids.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// `draft` is loaded only with --rules and is no built-in knowledge.
    #[serde(default)]
    pub(super) status: Status,
    /// Where the fact comes from, for whoever checks it.
    pub(super) source: Option<String>,
}

/// Whether a rule is ready for everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        pub(super) enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}
pub(super) use words;

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

/// What a match did to its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It ended the attempt.
    Fatal,
    /// It led to the end.
    Contributing,
    /// The attempt survived it.
    Incidental,
}

impl Role {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Contributing => "contributing",
            Self::Incidental => "incidental",
        }
    }
}

/// A cause as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cause")]
pub(super) struct CauseSource {
    /// Its id, for ever: one word in kebab-case, such as `keepalive-race`. An id that exists already replaces that rule.
    #[schemars(regex(pattern = r"^\S+$"))]
    pub(super) id: String,
    /// The cause in plain words.
    pub(super) title: String,
    /// Where it lies.
    pub(super) layer: Layer,
    /// Who mends it.
    pub(super) owner: Owner,
    /// The mechanism in one or two plain sentences.
    pub(super) what: String,
    /// How plausible it is before any evidence, against the other causes of a symptom: 0.01 to 0.9, commonly 0.2.
    #[schemars(range(min = 0.01, max = 0.9))]
    pub(super) prior: f64,
    /// What speaks for it and against it.
    #[serde(default)]
    pub(super) evidence: Vec<EvidenceSource>,
    /// How to make sure of it.
    #[serde(default)]
    pub(super) confirm: Vec<Confirm>,
    /// What to do about it, in the order in which to try.
    #[serde(default)]
    pub(super) fixes: Vec<Fix>,
    /// Whether trying again helps and is safe.
    pub(super) retry: Retry,
    /// Ids of symptoms that it provokes in its neighbours.
    #[serde(default)]
    pub(super) produces: Vec<String>,
    /// Whether it says only that nothing points to a cause; the report then calls it unknown.
    #[serde(default)]
    pub(super) undetermined: bool,
    /// Addresses of further reading.
    #[serde(default)]
    pub(super) references: Vec<String>,
    /// Its former ids.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// `draft` is loaded only with --rules and is no built-in knowledge.
    #[serde(default)]
    pub(super) status: Status,
}

/// A rule of evidence as it is written: exactly one of `weight` and `against`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Evidence", extend("oneOf" = [{ "required": ["weight"] }, { "required": ["against"] }]))]
pub(super) struct EvidenceSource {
    /// When it applies: all of these must hold of the incident.
    pub(super) when: When,
    /// How much it speaks for the cause; either this or `against`.
    pub(super) weight: Option<Weight>,
    /// How much it speaks against the cause; either this or `weight`.
    pub(super) against: Option<Weight>,
    /// The sentence that tells it, with placeholders such as {n} and {total}.
    pub(super) says: String,
}
