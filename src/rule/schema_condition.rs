//! A condition as it may stand in a rule file: the YAML's types and nothing else. `rules/README.md` explains each key.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::words;
use super::when::{Duration, EndingName};
use crate::record::Level;
use crate::source::Kind;

words! {
    /// How an attempt came out, by Airflow's names.
    OutcomeName {
        Success => "success", Failed => "failed", UpForRetry => "up_for_retry", UpForReschedule => "up_for_reschedule", Skipped => "skipped",
        Deferred => "deferred", Running => "running", Unknown => "unknown",
    }
}

/// A condition as it is written: all keys that are given must hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Condition", extend("minProperties" = 1))]
pub(super) struct ConditionSource {
    /// The text of the record contains this, letter by letter.
    #[schemars(length(min = 1))]
    pub(super) literal: Option<String>,
    /// This expression is found in the text of the record (Rust syntax, linear time, ASCII classes); named groups become facts.
    #[schemars(length(min = 1))]
    pub(super) regex: Option<String>,
    /// A class of the traceback chain has this name: `Name` or `module.Name`.
    #[schemars(length(min = 1))]
    pub(super) exception: Option<String>,
    /// The first exception of the chain has this name: `Name` or `module.Name`.
    #[schemars(length(min = 1))]
    pub(super) root_exception: Option<String>,
    /// The outermost exception of the chain, which ended the task, has this name: `Name` or `module.Name`.
    #[schemars(length(min = 1))]
    pub(super) raised_exception: Option<String>,
    /// The file or function of a traceback frame contains this text.
    #[schemars(length(min = 1))]
    pub(super) frame: Option<String>,
    /// The level of the record is at least this.
    pub(super) level: Option<LevelName>,
    /// The logger or source file of the record contains this text.
    #[schemars(length(min = 1))]
    pub(super) logger: Option<String>,
    /// The record is a JSON object whose keys have such values; `*` stands for any text, and `error.type` leads into objects.
    #[schemars(extend("minProperties" = 1))]
    pub(super) field: Option<BTreeMap<String, String>>,
    /// The log is of this kind.
    pub(super) kind: Option<KindName>,
    /// The operator of the attempt; `*` stands for any text.
    #[schemars(length(min = 1))]
    pub(super) operator: Option<String>,
    /// The DAG of the attempt; `*` stands for any text.
    #[schemars(length(min = 1))]
    pub(super) dag: Option<String>,
    /// The task of the attempt; `*` stands for any text.
    #[schemars(length(min = 1))]
    pub(super) task: Option<String>,
    /// How the log of the attempt ends; does not hold where there is no log.
    pub(super) ending: Option<EndingName>,
    /// How the attempt came out.
    pub(super) outcome: Option<OutcomeName>,
    /// The attempt shows this other symptom of single records, by its id.
    pub(super) symptom: Option<String>,
    /// The attempt has a log, and no record of it shows this.
    pub(super) absent: Option<Box<Self>>,
    /// At least one of these holds.
    #[schemars(length(min = 1))]
    pub(super) any: Option<Vec<Self>>,
    /// Each of these holds.
    #[schemars(length(min = 1))]
    pub(super) all: Option<Vec<Self>>,
    /// This does not hold.
    pub(super) not: Option<Box<Self>>,
    /// The attempt shows these steps in this order.
    #[schemars(length(min = 1))]
    pub(super) sequence: Option<Vec<Self>>,
    /// The attempt shows these steps in any order.
    #[schemars(length(min = 1))]
    pub(super) set: Option<Vec<Self>>,
    /// From the first to the last step of the sequence or set at most this long.
    pub(super) within: Option<Duration>,
    /// What the matches of the sequence or set must share; by default one attempt.
    pub(super) per: Option<PerNames>,
    /// How often all of the sequence or set must be seen; by default once.
    #[schemars(range(min = 1))]
    pub(super) at_least: Option<usize>,
    /// In a `not` beside a sequence or set: what must not be seen before it.
    pub(super) before: Option<Box<Self>>,
    /// In a `not` beside a sequence or set: what must not be seen between its steps.
    pub(super) between: Option<Box<Self>>,
    /// In a `not` beside a sequence or set: what must not be seen after it.
    pub(super) after: Option<Box<Self>>,
}

impl ConditionSource {
    /// The keys that are given, in the order of the type.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("literal", self.literal.is_some()),
            ("regex", self.regex.is_some()),
            ("exception", self.exception.is_some()),
            ("root_exception", self.root_exception.is_some()),
            ("raised_exception", self.raised_exception.is_some()),
            ("frame", self.frame.is_some()),
            ("level", self.level.is_some()),
            ("logger", self.logger.is_some()),
            ("field", self.field.is_some()),
            ("kind", self.kind.is_some()),
            ("operator", self.operator.is_some()),
            ("dag", self.dag.is_some()),
            ("task", self.task.is_some()),
            ("ending", self.ending.is_some()),
            ("outcome", self.outcome.is_some()),
            ("symptom", self.symptom.is_some()),
            ("absent", self.absent.is_some()),
            ("any", self.any.is_some()),
            ("all", self.all.is_some()),
            ("not", self.not.is_some()),
            ("sequence", self.sequence.is_some()),
            ("set", self.set.is_some()),
            ("within", self.within.is_some()),
            ("per", self.per.is_some()),
            ("at_least", self.at_least.is_some()),
            ("before", self.before.is_some()),
            ("between", self.between.is_some()),
            ("after", self.after.is_some()),
        ];
        keys.into_iter().filter_map(|(key, is_given)| is_given.then_some(key))
    }

    /// Whether a key is given.
    pub(super) fn gives(&self, key: &str) -> bool {
        self.keys().any(|given| given == key)
    }

    /// The conditions in its `any`, `all` and `not`. What stands in steps and in `absent` is a condition of its own.
    pub(super) fn branches(&self) -> impl Iterator<Item = &Self> {
        self.any.iter().chain(&self.all).flatten().chain(self.not.as_deref())
    }
}

/// What the matches of a composite must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
