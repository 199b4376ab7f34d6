//! How well a diagnosis fits what is known of a world: first causes, incidents, how sure it is, and what it claims without ground.

use std::collections::BTreeMap;

use dagnosis::correlate::PatternKind;
use dagnosis::diagnose::{Diagnosed, Diagnosis};
use dagnosis::rule::RuleSet;

use super::Made;

/// How well one fault was found.
#[derive(Debug, Clone)]
pub(crate) struct Score {
    /// Whether the incident that holds most of its attempts has a right first cause, and one among the first three.
    pub(crate) top1: bool,
    pub(crate) top3: bool,
    /// The share of its attempts whose own first cause is right.
    pub(crate) attempts: f64,
    /// How well its attempts are one incident, over pairs of attempts.
    pub(crate) f1: f64,
    /// The probability that the first cause was given.
    pub(crate) confidence: f64,
    /// The first cause.
    pub(crate) first: Option<String>,
}

/// The incident that holds most of a fault's attempts.
pub(crate) fn incident<'a>(made: &Made, truth: usize, diagnosed: &'a Diagnosed) -> Option<&'a Diagnosis> {
    let mut held: BTreeMap<usize, usize> = BTreeMap::new();
    for row in made.of(truth) {
        if let Some(incident) = diagnosed.incident_of.get(&row).copied() {
            *held.entry(incident).or_default() += 1;
        }
    }
    let most = held.iter().max_by_key(|(incident, count)| (**count, std::cmp::Reverse(**incident))).map(|(incident, _)| *incident)?;
    diagnosed.diagnoses.get(most)
}

/// The ids of a diagnosis's causes, the likeliest first.
pub(crate) fn causes<'a>(diagnosis: &Diagnosis, rules: &'a RuleSet) -> Vec<&'a str> {
    diagnosis.causes.iter().map(|cause| rules.causes[cause.cause].id.as_str()).collect()
}

/// How well a fault was found.
pub(crate) fn score(made: &Made, truth: usize, diagnosed: &Diagnosed, rules: &RuleSet) -> Score {
    let accepted = made.faults[truth].accepted;
    let main = incident(made, truth, diagnosed);
    let ids = main.map(|main| causes(main, rules)).unwrap_or_default();
    let right = |id: &&str| accepted.contains(id);
    let mine: Vec<usize> = made.of(truth).collect();
    let first_right = |row: &usize| {
        let causes = diagnosed.causes_of.get(row).map(Vec::as_slice).unwrap_or_default();
        causes.first().is_some_and(|(cause, _)| accepted.contains(&rules.causes[*cause].id.as_str()))
    };
    Score {
        top1: ids.first().is_some_and(right),
        top3: ids.iter().take(3).any(right),
        attempts: mine.iter().filter(|row| first_right(row)).count() as f64 / mine.len().max(1) as f64,
        f1: pairwise(made, truth, diagnosed),
        confidence: main.and_then(|main| main.causes.first()).map_or(0.0, |cause| cause.probability),
        first: ids.first().map(|id| (*id).to_owned()),
    }
}

/// F1 over the pairs of attempts of which at least one is the fault's: whether both are, against whether they stand in one incident.
fn pairwise(made: &Made, truth: usize, diagnosed: &Diagnosed) -> f64 {
    let mut mine: BTreeMap<usize, f64> = BTreeMap::new();
    let mut others: BTreeMap<usize, f64> = BTreeMap::new();
    let mut total = 0.0;
    for row in 0..made.attempts.len() {
        let incident = diagnosed.incident_of.get(&row);
        let own = made.truth.get(row).copied().flatten() == Some(truth);
        total += f64::from(u8::from(own));
        match incident {
            Some(incident) if own => *mine.entry(*incident).or_default() += 1.0,
            Some(incident) if !made.lost[row] => *others.entry(*incident).or_default() += 1.0,
            _ => {}
        }
    }
    let pairs = |count: f64| count * (count - 1.0) / 2.0;
    let right: f64 = mine.values().map(|count| pairs(*count)).sum();
    let mixed: f64 = mine.iter().map(|(incident, count)| count * others.get(incident).copied().unwrap_or(0.0)).sum();
    let wanted = pairs(total);
    if wanted == 0.0 {
        return f64::from(u8::from(mixed == 0.0));
    }
    2.0 * right / (right + mixed + wanted)
}

/// What is claimed about the spread of failures that have nothing to do with each other: the incident's title and what it says.
pub(crate) fn claims(diagnosed: &Diagnosed) -> Vec<String> {
    let spurious = |kind: PatternKind| {
        matches!(kind, PatternKind::Scope(_) | PatternKind::ScopePair(..) | PatternKind::Recurrence(_) | PatternKind::Onset)
    };
    let of = |diagnosis: &Diagnosis| -> Vec<String> {
        let found = diagnosis.incident.patterns.iter().filter(|pattern| spurious(pattern.kind));
        found.map(|pattern| format!("{}: {}: {}", diagnosis.title, pattern.kind.name(), pattern.says)).collect()
    };
    diagnosed.diagnoses.iter().flat_map(of).collect()
}

/// Probabilities with what came of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calibration {
    /// For each tenth: how many, their probabilities added up, and how many were right.
    bins: [(f64, f64, f64); 10],
}

impl Calibration {
    pub(crate) fn add(&mut self, probability: f64, right: bool) {
        let bin = &mut self.bins[((probability * 10.0) as usize).min(9)];
        bin.0 += 1.0;
        bin.1 += probability;
        bin.2 += f64::from(u8::from(right));
    }

    fn count(&self) -> f64 {
        self.bins.iter().map(|bin| bin.0).sum()
    }

    /// How far the probabilities are from the shares that were right, on average.
    pub(crate) fn error(&self) -> f64 {
        self.bins.iter().map(|(_, probability, right)| (probability - right).abs()).sum::<f64>() / self.count().max(1.0)
    }

    /// The mean probability.
    pub(crate) fn confidence(&self) -> f64 {
        self.bins.iter().map(|bin| bin.1).sum::<f64>() / self.count().max(1.0)
    }
}
