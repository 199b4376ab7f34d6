//! Ranks the causes of each incident: how plausible the symptoms make them, then the evidence for and against, then a softmax with
//! "something else" among the candidates, so that not knowing can win.

use std::collections::BTreeMap;

use crate::attempt::Attempts;
use crate::correlate::{Correlated, Incident, correlate};
use crate::rule::{CauseIx, RuleSet, Severity};

use super::candidates::{Candidate, Candidates, Found, Place, suspects};
use super::weights::{self, FITTED, Weights};
use super::{Blanks, Diagnosed, Diagnosis, EvidenceLine, RankedCause, examples, identity, retry, sentence, tries, urgency, verdict};

/// From so many attempts on, an incident is at least of high severity.
const MANY_ATTEMPTS: usize = 10;

/// Diagnoses an attempt table.
#[must_use]
pub fn diagnose(attempts: &Attempts, rules: &RuleSet) -> Diagnosed {
    let Correlated { table, incidents } = correlate(attempts, rules);
    let history = tries::History::of(attempts);
    let mut diagnosed = Diagnosed::default();
    let mut diagnoses = Vec::with_capacity(incidents.len());
    for incident in incidents {
        let suspects = suspects(&incident, attempts, rules, &table);
        let (causes, something_else) = rank(&suspects.whole, rules, &FITTED);
        for row in &incident.attempts {
            diagnosed.causes_of.insert(*row, probabilities(&causes));
        }
        for (rows, kind) in &suspects.kinds {
            let causes = given(weigh_kind(kind, &suspects.whole, rules, &FITTED), |(_, probability)| *probability);
            for row in rows {
                diagnosed.causes_of.insert(*row, causes.clone());
            }
        }
        diagnoses.push(diagnosis(incident, causes, something_else, attempts, rules, &history));
    }
    diagnoses.sort_by(|a, b| {
        let size = |diagnosis: &Diagnosis| diagnosis.incident.attempts.len();
        (b.severity, size(b))
            .cmp(&(a.severity, size(a)))
            .then_with(|| a.incident.first_seen.cmp(&b.incident.first_seen))
            .then_with(|| a.id.cmp(&b.id))
            .then_with(|| a.incident.attempts.cmp(&b.incident.attempts))
    });
    identity::make_unique(&mut diagnoses);
    for (index, diagnosis) in diagnoses.iter().enumerate() {
        for row in &diagnosis.incident.attempts {
            diagnosed.incident_of.insert(*row, index);
        }
    }
    // Another log of the same attempt says the same.
    for (row, original) in attempts.iter_own().filter_map(|(row, attempt)| Some((row, attempt.copy_of?))) {
        if let Some(incident) = diagnosed.incident_of.get(&original).copied() {
            diagnosed.incident_of.insert(row, incident);
        }
        if let Some(causes) = diagnosed.causes_of.get(&original).cloned() {
            diagnosed.causes_of.insert(row, causes);
        }
    }
    diagnosed.diagnoses = diagnoses;
    diagnosed
}

/// The causes of one kind of failure of an incident, the most probable first: as likely as not that of the whole incident, as far as the kind may have it, else what the kind alone has.
#[must_use]
pub fn weigh_kind(kind: &Candidates, whole: &Candidates, rules: &RuleSet, weights: &Weights) -> Vec<(CauseIx, f64)> {
    let (own, _) = weigh(kind, rules, weights);
    let (all, else_all) = weigh(whole, rules, weights);
    let of_whole: BTreeMap<CauseIx, f64> = whole.causes.iter().map(|candidate| candidate.cause).zip(all).collect();
    let shared = |candidate: &Candidate| of_whole.get(&candidate.cause).copied().unwrap_or_default();
    let sum = kind.causes.iter().map(shared).sum::<f64>() + else_all;
    let mix = |own: f64, whole: f64| (1.0 - weights.of_incident) * own + weights.of_incident * whole / sum;
    let mixed = kind.causes.iter().zip(own).map(|(candidate, own)| (candidate.cause, mix(own, shared(candidate))));
    let mut causes: Vec<(CauseIx, f64)> = mixed.collect();
    causes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    causes
}

/// Those that are worth giving, of causes with the most probable first.
fn given<T>(causes: Vec<T>, probability: impl Fn(&T) -> f64) -> Vec<T> {
    let least = |nth: usize| if nth < weights::CAUSES_GIVEN_MIN { weights::PROBABILITY_GIVEN_MIN } else { weights::PROBABILITY_SHOWN_MIN };
    let given = causes.into_iter().enumerate().filter(|(nth, cause)| probability(cause) >= least(*nth));
    given.map(|(_, cause)| cause).collect()
}

fn probabilities(causes: &[RankedCause]) -> Vec<(CauseIx, f64)> {
    causes.iter().map(|ranked| (ranked.cause, ranked.probability)).collect()
}

fn diagnosis(
    incident: Incident,
    causes: Vec<RankedCause>,
    something_else: f64,
    attempts: &Attempts,
    rules: &RuleSet,
    history: &tries::History<'_>,
) -> Diagnosis {
    let symptom = incident.symptom.map(|symptom| &rules.symptoms[symptom]);
    let mut severity = symptom.map_or(Severity::Medium, |symptom| symptom.severity);
    if incident.attempts.len() >= MANY_ATTEMPTS {
        severity = severity.max(Severity::High);
    }
    let confidence = verdict::confidence(&causes, rules);
    let blanks = Blanks::of(&incident, attempts);
    let decide_by = verdict::decide_by(&causes, rules, &blanks);
    let owners = verdict::owners(&causes, rules);
    let tries = history.tries(&incident, attempts, rules);
    let case = retry::Case { incident: &incident, attempts, causes: &causes, confidence, tries, rules };
    Diagnosis {
        id: identity::fingerprint(&incident, attempts, rules),
        title: sentence::title(&incident, attempts, rules),
        summary: sentence::summary(&incident, attempts),
        severity,
        category: symptom.map_or_else(|| "unrecognised".to_owned(), |symptom| symptom.category.clone()),
        confidence,
        owner: verdict::owner(&owners),
        owners,
        retry: retry::verdict(&case, history),
        urgency: urgency::of(severity, &case, history),
        first_step: verdict::first_step(&causes, decide_by.as_ref(), confidence, rules, &blanks),
        decide_by,
        blanks,
        examples: examples::examples(&incident, attempts),
        causes,
        something_else,
        incident,
    }
}

/// The causes of an incident with their probabilities, and the probability of something else.
fn rank(candidates: &Candidates, rules: &RuleSet, weights: &Weights) -> (Vec<RankedCause>, f64) {
    let (probabilities, something_else) = weigh(candidates, rules, weights);
    let mut ranked: Vec<RankedCause> = candidates
        .causes
        .iter()
        .zip(probabilities)
        .map(|(candidate, probability)| {
            let mut evidence: Vec<EvidenceLine> = candidate.evidence.iter().map(|found| found.line.clone()).collect();
            evidence.sort_by_key(|line| (std::cmp::Reverse(line.weight), !line.supports));
            RankedCause { cause: candidate.cause, probability, evidence }
        })
        .collect();
    ranked.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.cause.cmp(&b.cause)));
    (given(ranked, |ranked| ranked.probability), something_else)
}

/// The probability of each candidate, in their order, and of something else: a softmax of plausibility, prior and evidence.
#[must_use]
pub fn weigh(candidates: &Candidates, rules: &RuleSet, weights: &Weights) -> (Vec<f64>, f64) {
    let odds: Vec<f64> = candidates
        .causes
        .iter()
        .map(|candidate| (weights.sharpness * log_odds(candidate, candidates.base_rate, rules, weights)).exp())
        .collect();
    let something_else = if candidates.recognised { weights.something_else } else { weights.something_else_unrecognised };
    let sum = odds.iter().sum::<f64>() + something_else;
    (odds.iter().map(|odds| odds / sum).collect(), something_else / sum)
}

fn log_odds(candidate: &Candidate, base_rate: bool, rules: &RuleSet, weights: &Weights) -> f64 {
    let best = |places: &[Place]| places.iter().map(|place| place.plausibility(weights)).fold(0.0, f64::max);
    let plausible: f64 = candidate.ranked.iter().map(|(places, share)| share * best(places)).sum();
    let sized = |found: &Found| {
        let size = weights.size(found.line.weight);
        if found.of_spread && !base_rate { size * weights.without_base_rate } else { size }
    };
    let sum = |supports: bool| {
        let mut sizes: Vec<f64> = candidate.evidence.iter().filter(|found| found.line.supports == supports).map(sized).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        sizes.iter().zip(0..).map(|(size, nth)| size * weights.further.powi(nth)).sum::<f64>()
    };
    plausible.ln() + weights.prior * rules.causes[candidate.cause].prior.ln() + sum(true) - sum(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_causes_are_given_however_small_and_further_ones_from_one_percent_on() {
        let count = |shares: &[f64]| given(shares.to_vec(), |share| *share).len();
        assert_eq!(count(&[0.9, 0.01, 0.01, 0.01, 0.01]), 5);
        assert_eq!(count(&[0.9, 0.01, 0.01, 0.01, 0.009_999]), 4);
        assert_eq!(count(&[0.999, 1e-9, 1e-9, 1e-9]), 3);
        assert_eq!(count(&[0.999, 1e-9, 0.9e-9]), 2, "the evidence has excluded it");
        assert_eq!(count(&[]), 0);
    }
}
