//! Ranks the causes of each incident: how plausible the symptoms make them, then the evidence for and against, then a softmax with
//! "something else" among the candidates, so that not knowing can win.

use std::collections::BTreeMap;

use crate::attempt::{Attempt, Failure};
use crate::correlate::{Context, Incident, Table, group, holds};
use crate::rule::{CauseIx, RuleSet, Severity};

use super::weights::{self, log_odds};
use super::{Blanks, Diagnosed, Diagnosis, EvidenceLine, RankedCause, examples, identity, retry, sentence, tries, urgency, verdict};

/// From so many attempts on, an incident is at least of high severity.
const MANY_ATTEMPTS: usize = 10;

/// The cause that an exception in the task's own code points to, where the rules have it.
const OWN_CODE: &str = "user-code-error";

/// Diagnoses an attempt table.
#[must_use]
pub fn diagnose(attempts: &[Attempt], rules: &RuleSet) -> Diagnosed {
    let table = Table::of(attempts);
    let history = tries::History::of(attempts);
    let mut diagnoses: Vec<Diagnosis> =
        group(attempts, rules).into_iter().map(|incident| diagnosis(incident, attempts, rules, &table, &history)).collect();
    diagnoses.sort_by(|a, b| {
        let size = |diagnosis: &Diagnosis| diagnosis.incident.attempts.len();
        (b.severity, size(b))
            .cmp(&(a.severity, size(a)))
            .then_with(|| a.incident.first_seen.cmp(&b.incident.first_seen))
            .then_with(|| a.id.cmp(&b.id))
            .then_with(|| a.incident.attempts.cmp(&b.incident.attempts))
    });
    identity::make_unique(&mut diagnoses);
    let mut diagnosed =
        Diagnosed { incident_of: vec![None; attempts.len()], causes_of: vec![Vec::new(); attempts.len()], diagnoses: Vec::new() };
    for (index, diagnosis) in diagnoses.iter().enumerate() {
        for row in &diagnosis.incident.attempts {
            diagnosed.incident_of[*row] = Some(index);
            diagnosed.causes_of[*row] = causes_of_attempt(&attempts[*row], diagnosis, rules);
        }
    }
    // Another log of the same attempt says the same.
    for (row, original) in attempts.iter().enumerate().filter_map(|(row, attempt)| Some((row, attempt.copy_of?))) {
        diagnosed.incident_of[row] = diagnosed.incident_of.get(original).copied().flatten();
        diagnosed.causes_of[row] = diagnosed.causes_of.get(original).cloned().unwrap_or_default();
    }
    diagnosed.diagnoses = diagnoses;
    diagnosed
}

fn diagnosis(incident: Incident, attempts: &[Attempt], rules: &RuleSet, table: &Table, history: &tries::History<'_>) -> Diagnosis {
    let (causes, something_else) = rank(&incident, attempts, rules, table);
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

/// The candidates of one failure, each with its plausibility before evidence, on the scale of the first cause of a list.
fn candidates(failure: &Failure, rules: &RuleSet) -> BTreeMap<CauseIx, f64> {
    let mut all: BTreeMap<CauseIx, f64> = BTreeMap::new();
    for (nth, symptom) in failure.shown.iter().enumerate() {
        let share = match (nth, rules.symptoms[*symptom].verdict) {
            (0, _) => 1.0,
            (_, false) => weights::BESIDE_SHARE,
            (_, true) => weights::VERDICT_SHARE,
        };
        for (place, cause) in rules.symptoms[*symptom].causes.iter().enumerate() {
            let plausible = share * weights::LIST_STEP.powi(i32::try_from(place).unwrap_or(i32::MAX));
            let entry = all.entry(*cause).or_default();
            *entry = entry.max(plausible);
        }
    }
    if failure.symptom.is_none()
        && !failure.frames.is_empty()
        && let Some(own_code) = rules.cause(OWN_CODE)
    {
        all.insert(own_code, 1.0);
    }
    all
}

/// The causes of an incident with their probabilities, and the probability of something else.
fn rank(incident: &Incident, attempts: &[Attempt], rules: &RuleSet, table: &Table) -> (Vec<RankedCause>, f64) {
    let context = Context { rules, attempts, table, incident };
    // What a kill provoked is explained by what explains the kill.
    let explained: Vec<usize> = incident.root.map_or_else(|| incident.attempts.clone(), |root| vec![root]);
    let mut plausible: BTreeMap<CauseIx, f64> = BTreeMap::new();
    for failure in explained.iter().filter_map(|row| attempts[*row].failure.as_ref()) {
        for (cause, weight) in candidates(failure, rules) {
            // A cause that explains more of the incident's failures is more plausible.
            *plausible.entry(cause).or_default() += weight / explained.len() as f64;
        }
    }
    let something_else = if incident.symptom.is_some() { weights::SOMETHING_ELSE } else { weights::SOMETHING_ELSE_UNRECOGNISED };
    let mut scored: Vec<(f64, RankedCause)> = plausible
        .into_iter()
        .map(|(index, plausible)| {
            let cause = &rules.causes[index];
            let mut score = plausible.ln() + 0.5 * cause.prior.ln();
            let mut evidence = Vec::new();
            for rule in &cause.evidence {
                if let Some(verdict) = holds(&rule.when, &context) {
                    score += log_odds(rule.weight, rule.supports);
                    let says = sentence::fill(&rule.says, &verdict.words);
                    evidence.push(EvidenceLine { says, weight: rule.weight, supports: rule.supports, locations: verdict.locations });
                }
            }
            evidence.sort_by_key(|line| (std::cmp::Reverse(line.weight), !line.supports));
            (score, RankedCause { cause: index, probability: 0.0, evidence })
        })
        .collect();
    let sum: f64 = scored.iter().map(|(score, _)| score.exp()).sum::<f64>() + something_else;
    for (score, ranked) in &mut scored {
        ranked.probability = score.exp() / sum;
    }
    scored.sort_by(|(_, a), (_, b)| b.probability.total_cmp(&a.probability).then_with(|| a.cause.cmp(&b.cause)));
    let least = |nth: usize| if nth < weights::CAUSES_GIVEN_MIN { weights::PROBABILITY_GIVEN_MIN } else { weights::PROBABILITY_SHOWN_MIN };
    let given = scored.into_iter().map(|(_, ranked)| ranked).enumerate().filter(|(nth, ranked)| ranked.probability >= least(*nth));
    (given.map(|(_, ranked)| ranked).collect(), something_else / sum)
}

/// The causes of one attempt of an incident: the incident's, as far as the attempt's own failure could have them; the consequences of
/// a kill have those of the kill.
fn causes_of_attempt(attempt: &Attempt, diagnosis: &Diagnosis, rules: &RuleSet) -> Vec<(CauseIx, f64)> {
    let all = || diagnosis.causes.iter().map(|ranked| (ranked.cause, ranked.probability));
    let Some(failure) = attempt.failure.as_ref().filter(|_| diagnosis.incident.root.is_none()) else { return all().collect() };
    let own = candidates(failure, rules);
    let possible: Vec<(CauseIx, f64)> = all().filter(|(cause, _)| own.contains_key(cause)).collect();
    if possible.is_empty() { all().collect() } else { possible }
}
