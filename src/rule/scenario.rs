//! Scenarios: whole logs with what is to be said of them, as rule files hold them beside the rules.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Place;
use super::when::Count;

/// Logs, and what the program must say of them.
#[derive(Debug)]
pub struct Scenario {
    /// Its id.
    pub id: String,
    /// What it shows, in one sentence.
    pub says: Option<String>,
    /// The logs, read together.
    pub logs: Vec<LogSource>,
    /// What must be found: each of these. Empty: nothing may have failed.
    pub expect: Vec<Expected>,
    /// Symptoms that no attempt may show, and causes that may be no incident's first.
    pub never: Vec<String>,
    /// How many incidents there must be.
    pub incidents: Option<Count>,
    /// Where it is defined.
    pub place: Place,
}

impl Scenario {
    /// Whether a symptom or cause is expected to be found.
    #[must_use]
    pub fn expects(&self, id: &str) -> bool {
        self.expect.iter().any(|expected| expected.symptom.as_deref() == Some(id) || expected.cause.as_deref() == Some(id))
    }
}

/// One log of a scenario: its text, or the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    /// The path it has in a log folder, from which DAG, run, task and try are read; without it, it is the first try of a task of its own.
    pub path: Option<String>,
    /// What stands in it.
    pub text: Option<String>,
    /// A file that holds it, seen from the rule file's folder.
    pub file: Option<String>,
}

/// Something that must be found. All that is given must hold of one and the same incident.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// One of its attempts shows this symptom.
    pub symptom: Option<String>,
    /// This is its most probable cause; with `probability`, one of its causes.
    pub cause: Option<String>,
    /// The probability of the cause, 0 to 1.
    pub probability: Option<Share>,
    /// How many failed attempts it has.
    pub attempts: Option<Count>,
}

/// Bounds of a probability; both ends belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Share {
    /// The smallest.
    pub at_least: Option<f64>,
    /// The largest.
    pub at_most: Option<f64>,
}

impl Share {
    /// Whether a probability lies within.
    #[must_use]
    pub fn holds(&self, probability: f64) -> bool {
        self.at_least.is_none_or(|low| probability >= low) && self.at_most.is_none_or(|high| probability <= high)
    }
}

/// A scenario as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(super) struct ScenarioSource {
    /// Its id, for ever: one word in kebab-case.
    #[schemars(regex(pattern = r"^\S+$"))]
    pub(super) id: String,
    /// What it shows, in one sentence.
    pub(super) says: Option<String>,
    /// The logs, read together.
    pub(super) logs: Vec<LogSource>,
    /// What must be found: each of these; an empty list where nothing may have failed.
    pub(super) expect: Vec<Expected>,
    /// Ids of symptoms that no attempt may show, and of causes that may be no first cause of an incident.
    #[serde(default)]
    pub(super) never: Vec<String>,
    /// How many incidents there must be.
    pub(super) incidents: Option<Count>,
}
