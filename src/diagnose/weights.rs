//! The numbers of the ranking, all in one place, each with its reason. They are log-odds: what they add is multiplied in odds.

use crate::rule::Weight;

/// Decisive: odds of about 50 to 1. Enough to overturn the order of plausibility of any symptom's causes (whose priors differ by less
/// than 1 to 50) and to stand against one strong contradiction.
const DECISIVE: f64 = 4.0;

/// Strong: odds of about 7 to 1. One piece lifts a cause over a neighbour in the list, two over the whole list.
const STRONG: f64 = 2.0;

/// Weak: odds of about 2 to 1. Several are needed to change an order.
const WEAK: f64 = 0.8;

/// What a piece of evidence adds to a cause's log-odds.
pub(super) fn log_odds(weight: Weight, supports: bool) -> f64 {
    let size = match weight {
        Weight::Decisive => DECISIVE,
        Weight::Strong => STRONG,
        Weight::Weak => WEAK,
    };
    if supports { size } else { -size }
}

/// How much less plausible each next cause in a symptom's list is, evidence aside. The list is ordered by people who know the
/// symptom; the cause's own prior, which knows nothing of it, counts half (its square root).
pub(super) const LIST_STEP: f64 = 0.6;

/// The share of a cause's plausibility that a symptom beside the main one gives.
pub(super) const BESIDE_SHARE: f64 = 0.5;

/// The share that a verdict gives beside a symptom that says what happened inside: the verdict's own causes are what is left if that
/// symptom was none of it.
pub(super) const VERDICT_SHARE: f64 = 0.05;

/// The plausibility of "something else", on the scale of the first cause of a list with an average prior (the square root of 0.2 is
/// 0.45): one time in ten the list of a known symptom does not hold the cause.
pub(super) const SOMETHING_ELSE: f64 = 0.05;

/// The same for a failure that no symptom knows.
pub(super) const SOMETHING_ELSE_UNRECOGNISED: f64 = 0.35;

/// Under this a cause is not worth a line.
pub(super) const PROBABILITY_SHOWN_MIN: f64 = 0.01;

/// So many causes are given however sure the first one is, for a program that reads the report and for a reader whom the first did not
/// help: what is next in line is known all the same.
pub(super) const CAUSES_GIVEN_MIN: usize = 3;

/// Under this a cause is given in no case: the evidence has excluded it.
pub(super) const PROBABILITY_GIVEN_MIN: f64 = 0.000_5;

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
