//! The numbers of the ranking, all in one place, each with its reason. They are log-odds: what they add is multiplied in odds.

use crate::rule::Weight;

/// The weights of the ranking: few, and the same for every symptom and every cause. They are fitted to logs whose truth is known by `examples/fit_weights.rs`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// What a decisive piece of evidence adds: enough to overturn the order of plausibility of any symptom's causes and to stand against a strong contradiction.
    pub decisive: f64,
    /// What a strong one adds: it lifts a cause over a neighbour in the list, two of them over the whole list.
    pub strong: f64,
    /// What a weak one adds: several are needed to change an order.
    pub weak: f64,
    /// What each further piece of evidence of one cause counts, less than the one before: they rest on the same few attempts, so they are not independent.
    pub further: f64,
    /// What evidence counts that speaks of the spread, where no healthy attempt was read to compare with.
    pub without_base_rate: f64,
    /// How much less plausible each next cause in a symptom's list is, evidence aside. The list is ordered by people who know the symptom.
    pub list_step: f64,
    /// The power of a cause's own prior, which knows nothing of the symptom.
    pub prior: f64,
    /// The share of a cause's plausibility that a symptom beside the main one gives.
    pub beside: f64,
    /// The share that a verdict gives beside a symptom that says what happened inside: the verdict's own causes are what is left if that symptom was none of it.
    pub verdict: f64,
    /// What all of it together is multiplied with, so that the probabilities are as large as the share of right answers: the order of causes does not depend on it.
    pub sharpness: f64,
    /// How likely a failure among others of another kind has the cause of the incident rather than one of its own.
    pub of_incident: f64,
    /// The plausibility of "something else", on the scale of the first cause of a list with an average prior.
    pub something_else: f64,
    /// The same for a failure that no symptom knows, or of which there is only a log that stops.
    /// A fit makes it 0.05 since simulated kills count in it, which leave silence and nothing else; real silence mostly was something else.
    pub something_else_unrecognised: f64,
}

/// The weights in use.
pub const FITTED: Weights = Weights {
    decisive: 6.000,
    strong: 1.923,
    weak: 0.474,
    further: 0.960,
    without_base_rate: 0.800,
    list_step: 0.545,
    prior: 0.200,
    beside: 0.451,
    verdict: 0.010,
    sharpness: 2.727,
    of_incident: 0.499,
    something_else: 0.020,
    something_else_unrecognised: 0.350,
};

impl Weights {
    /// The size of a piece of evidence in log-odds.
    pub(super) fn size(&self, weight: Weight) -> f64 {
        match weight {
            Weight::Decisive => self.decisive,
            Weight::Strong => self.strong,
            Weight::Weak => self.weak,
        }
    }
}

/// Under this a cause is not worth a line.
pub(super) const PROBABILITY_SHOWN_MIN: f64 = 0.01;

/// So many causes are given however sure the first one is, for a program that reads the report and for a reader whom the first did not
/// help: what is next in line is known all the same.
pub(super) const CAUSES_GIVEN_MIN: usize = 3;

/// Under this a cause is given in no case: the evidence has excluded it.
pub(super) const PROBABILITY_GIVEN_MIN: f64 = 1e-9;

/// Under this a cause is unlikely enough to be left out of what advice must hold for.
pub(super) const UNLIKELY_MAX: f64 = 0.1;

/// From here on a cause is called likely: it is more probable than all others together, with a margin.
pub(super) const LIKELY_MIN: f64 = 0.6;

/// From here on a cause is called possible; below, nothing stands out of a list of four.
pub(super) const POSSIBLE_MIN: f64 = 0.25;

/// From here on, and with decisive evidence, a cause is called proven.
pub(super) const PROVEN_MIN: f64 = 0.9;

/// Two causes closer than this are told apart by a check that is named.
pub(super) const CLOSE: f64 = 0.3;
