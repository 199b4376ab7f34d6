//! Why: ranked causes of each incident, with the evidence for and against each, in words. Pure.

mod blanks;
mod candidates;
mod examples;
mod identity;
mod policy;
mod rank;
mod repeat;
mod retry;
mod sentence;
mod tries;
mod urgency;
mod verdict;
mod weights;

pub use blanks::Blanks;
pub use candidates::{By, Candidate, Candidates, Found, Place, Suspects, suspects};
pub use policy::Policy;
pub use rank::{diagnose, weigh, weigh_kind};
pub use retry::Verdict as RetryVerdict;
pub use tries::Basis;
pub use urgency::{Urgency, When};
pub use weights::{FITTED, Weights};

use std::collections::BTreeMap;

use crate::attempt::Location;
use crate::correlate::Incident;
use crate::rule::{CauseIx, Owner, Severity, Weight};

/// One incident with its causes.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// Stable from run to run: made from what fails and where, not from when.
    pub id: String,
    /// The incident in a few words: `Connection reset by peer: api.example.com:443`.
    pub title: String,
    /// The incident in one sentence, with its numbers.
    pub summary: String,
    /// How grave.
    pub severity: Severity,
    /// The symptom's category; `unrecognised` where there is none.
    pub category: String,
    /// The incident.
    pub incident: Incident,
    /// The causes, most probable first; those under one percent are left out.
    pub causes: Vec<RankedCause>,
    /// The probability that it is something else.
    pub something_else: f64,
    /// How sure, in a word.
    pub confidence: Confidence,
    /// Whose it is; unknown where no one's causes are together more probable than all else.
    pub owner: Owner,
    /// Whose it may be, each with the probability of all the causes that are theirs, the most probable first.
    pub owners: Vec<(Owner, f64)>,
    /// Whether another try helps and is safe.
    pub retry: RetryVerdict,
    /// When somebody should look, and why.
    pub urgency: Urgency,
    /// What to do first.
    pub first_step: FirstStep,
    /// What would decide between the two best causes, where they are close.
    pub decide_by: Option<DecideBy>,
    /// What the blanks of the rules' commands stand for.
    pub blanks: Blanks,
    /// Lines that show it, the most telling first.
    pub examples: Vec<Example>,
}

/// A cause with its probability and what it rests on.
#[derive(Debug, Clone)]
pub struct RankedCause {
    /// Which.
    pub cause: CauseIx,
    /// 0 to 1; with `something_else` all of a diagnosis add up to 1 or a little less.
    pub probability: f64,
    /// For and against, the weightiest first.
    pub evidence: Vec<EvidenceLine>,
}

/// One piece of evidence that was found.
#[derive(Debug, Clone)]
pub struct EvidenceLine {
    /// The sentence.
    pub says: String,
    /// How much it says.
    pub weight: Weight,
    /// For the cause, or against it.
    pub supports: bool,
    /// Where it is seen, at most a few places.
    pub locations: Vec<Location>,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing stands out.
    Unknown,
    /// One cause is ahead, others remain.
    Possible,
    /// One cause is well ahead.
    Likely,
    /// The log itself says so, or decisive evidence does.
    Proven,
}

impl Confidence {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Proven => "proven",
        }
    }
}

/// The check that would decide between two causes.
#[derive(Debug, Clone)]
pub struct DecideBy {
    /// What to look at, and which answer means what.
    pub says: String,
    /// A command, where there is one.
    pub run: Option<String>,
}

/// What to do first.
#[derive(Debug, Clone)]
pub struct FirstStep {
    /// What kind of step it is.
    pub kind: StepKind,
    /// What to do.
    pub says: String,
    /// A command, where there is one.
    pub run: Option<String>,
}

/// The kinds of first steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A check that decides between two causes.
    Decide,
    /// A check that makes sure of one.
    Confirm,
    /// A fix of the cause.
    Fix,
    /// To look for oneself: nothing is known.
    Look,
}

impl StepKind {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Confirm => "confirm",
            Self::Fix => "fix",
            Self::Look => "look",
        }
    }
}

/// A line of a log that shows an incident.
#[derive(Debug, Clone)]
pub struct Example {
    /// Where.
    pub location: Location,
    /// The line, shortened.
    pub excerpt: String,
}

/// All that the last stage hands over.
#[derive(Debug, Clone, Default)]
pub struct Diagnosed {
    /// Worst first.
    pub diagnoses: Vec<Diagnosis>,
    /// The index of the diagnosis of each row of the attempt table that has one.
    pub incident_of: BTreeMap<usize, usize>,
    /// The causes of each such row with their probabilities, best first.
    pub causes_of: BTreeMap<usize, Vec<(CauseIx, f64)>>,
}
