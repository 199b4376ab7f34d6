//! Ranks the causes of each incident: how plausible the symptoms make them, then the evidence for and against, then a softmax with
//! "something else" among the candidates, so that not knowing can win.

use std::collections::BTreeMap;

use crate::attempt::{Attempt, Failure};
use crate::correlate::{Context, Incident, PatternKind, Table, group, holds, scope_of, unrecognised_key};
use crate::rule::{Cause, CauseIx, Owner, Retry, RetryHelps, RetrySafe, RuleSet, ScopeKind, Severity};

use super::weights::{self, log_odds};
use super::{Confidence, DecideBy, Diagnosed, Diagnosis, EvidenceLine, Example, RankedCause, sentence};

/// How many lines of logs are shown with an incident.
const EXAMPLES_MAX: usize = 3;

/// From so many attempts on, an incident is at least of high severity.
const MANY_ATTEMPTS: usize = 10;

/// The cause that an exception in the task's own code points to, where the rules have it.
const OWN_CODE: &str = "user-code-error";

/// Diagnoses an attempt table.
#[must_use]
pub fn diagnose(attempts: &[Attempt], rules: &RuleSet) -> Diagnosed {
    let table = Table::of(attempts);
    let mut diagnoses: Vec<Diagnosis> =
        group(attempts, rules).into_iter().map(|incident| diagnosis(incident, attempts, rules, &table)).collect();
    diagnoses.sort_by(|a, b| {
        let size = |diagnosis: &Diagnosis| diagnosis.incident.attempts.len();
        (b.severity, size(b))
            .cmp(&(a.severity, size(a)))
            .then_with(|| a.incident.first_seen.cmp(&b.incident.first_seen))
            .then_with(|| a.id.cmp(&b.id))
            .then_with(|| a.incident.attempts.cmp(&b.incident.attempts))
    });
    make_unique(&mut diagnoses);
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

/// Two incidents that look the same at different times get different ids, the earlier keeping the plain one.
fn make_unique(diagnoses: &mut [Diagnosis]) {
    let mut order: Vec<usize> = (0..diagnoses.len()).collect();
    order.sort_by_key(|index| (diagnoses[*index].incident.first_seen, diagnoses[*index].incident.attempts.clone()));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for index in order {
        let count = seen.entry(diagnoses[index].id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            diagnoses[index].id = format!("{}-{count}", diagnoses[index].id);
        }
    }
}

fn diagnosis(incident: Incident, attempts: &[Attempt], rules: &RuleSet, table: &Table) -> Diagnosis {
    let (causes, something_else) = rank(&incident, attempts, rules, table);
    let symptom = incident.symptom.map(|symptom| &rules.symptoms[symptom]);
    let best = causes.first().map(|ranked| (&rules.causes[ranked.cause], ranked));
    let mut severity = symptom.map_or(Severity::Medium, |symptom| symptom.severity);
    if incident.attempts.len() >= MANY_ATTEMPTS {
        severity = severity.max(Severity::High);
    }
    let recovered =
        incident.patterns.iter().any(|pattern| pattern.kind == PatternKind::Retry && pattern.numbers.contains(&("exhausted", 0.0)));
    let retry = retry(&causes, rules, recovered);
    Diagnosis {
        id: fingerprint(&incident, attempts, rules),
        title: sentence::title(&incident, attempts, rules),
        summary: sentence::summary(&incident, attempts),
        severity,
        category: symptom.map_or_else(|| "unrecognised".to_owned(), |symptom| symptom.category.clone()),
        confidence: confidence(&causes, rules),
        owner: best.map_or(Owner::Unknown, |(cause, _)| cause.owner),
        retry_helps: retry.helps,
        retry_safe: retry.safe,
        retry_says: retry.says,
        decide_by: decide_by(&causes, rules),
        examples: examples(&incident, attempts),
        causes,
        something_else,
        incident,
    }
}

/// Whether another try helps and is safe. Safe is what every cause that is not unlikely calls safe: advice to repeat what may have been
/// done already is worse than none.
fn retry(causes: &[RankedCause], rules: &RuleSet, recovered: bool) -> Retry {
    let Some(best) = causes.first().map(|ranked| &rules.causes[ranked.cause]) else {
        let says = "Nothing is known of this failure; repeat it only if the task may run twice.".to_owned();
        return Retry { helps: RetryHelps::Unknown, safe: RetrySafe::OnlyIf, says };
    };
    let caution = |cause: &Cause| match cause.retry.safe {
        RetrySafe::Yes => 0,
        RetrySafe::OnlyIf => 1,
        RetrySafe::No => 2,
    };
    let not_unlikely = causes.iter().filter(|ranked| ranked.probability >= weights::UNLIKELY_MAX).map(|ranked| &rules.causes[ranked.cause]);
    let cautious = not_unlikely.max_by_key(|cause| caution(cause)).filter(|cause| caution(cause) > caution(best)).unwrap_or(best);
    let helps = if recovered { RetryHelps::Transient } else { best.retry.helps };
    let says = match (recovered, best.retry.helps) {
        (true, RetryHelps::Permanent) => "A later try succeeded.".to_owned(),
        (true, _) => format!("A later try succeeded. {}", cautious.retry.says),
        (false, _) => cautious.retry.says.clone(),
    };
    Retry { helps, safe: cautious.retry.safe, says }
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

fn confidence(causes: &[RankedCause], rules: &RuleSet) -> Confidence {
    let Some(best) = causes.first().filter(|best| !rules.causes[best.cause].undetermined) else { return Confidence::Unknown };
    let decisive = best.evidence.iter().any(|line| line.supports && line.weight == crate::rule::Weight::Decisive);
    match best.probability {
        p if p >= weights::PROVEN_MIN && decisive => Confidence::Proven,
        p if p >= weights::LIKELY_MIN => Confidence::Likely,
        p if p >= weights::POSSIBLE_MIN => Confidence::Possible,
        _ => Confidence::Unknown,
    }
}

/// The check that tells the two best causes apart, where they are close.
fn decide_by(causes: &[RankedCause], rules: &RuleSet) -> Option<DecideBy> {
    let [first, second, ..] = causes else { return None };
    if first.probability - second.probability > weights::CLOSE {
        return None;
    }
    let (one, other) = (&rules.causes[first.cause], &rules.causes[second.cause]);
    let check = one.confirm.iter().chain(&other.confirm).find(|confirm| confirm.run.is_some()).or_else(|| one.confirm.first())?;
    Some(DecideBy {
        says: format!("{} (tells \"{}\" from \"{}\")", check.say.trim_end_matches('.'), one.title, other.title),
        run: check.run.clone(),
    })
}

/// Lines that show the incident: the kill that began it, then one of each symptom, then further attempts.
fn examples(incident: &Incident, attempts: &[Attempt]) -> Vec<Example> {
    let mut rows: Vec<usize> = incident.attempts.clone();
    let symptom = |row: usize| attempts[row].failure.as_ref().and_then(|failure| failure.symptom);
    rows.sort_by_key(|row| {
        (
            Some(*row) != incident.root,
            symptom(*row) != incident.symptom,
            attempts[*row].failure.as_ref().and_then(|failure| failure.time),
            *row,
        )
    });
    let mut chosen: Vec<usize> = Vec::new();
    for row in &rows {
        if chosen.iter().all(|known| symptom(*known) != symptom(*row)) {
            chosen.push(*row);
        }
    }
    let further: Vec<usize> = rows.into_iter().filter(|row| !chosen.contains(row)).collect();
    chosen.extend(further);
    let lines = chosen.into_iter().filter_map(|row| {
        let failure = attempts[row].failure.as_ref()?;
        Some(Example { location: attempts[row].location(failure.line), excerpt: failure.excerpt.clone() })
    });
    lines.take(EXAMPLES_MAX).collect()
}

/// An id that is the same from night to night: made from what fails and where, never from when.
fn fingerprint(incident: &Incident, attempts: &[Attempt], rules: &RuleSet) -> String {
    let what = match incident.symptom {
        Some(symptom) => rules.symptoms[symptom].family.clone(),
        None => incident.attempts.iter().find_map(|row| attempts[*row].failure.as_ref()).map(unrecognised_key).unwrap_or_default(),
    };
    let scope = &incident.scope;
    let place = if scope_of(incident) == Some(ScopeKind::Host) {
        scope.hosts.join(" ")
    } else if !scope.endpoints.is_empty() {
        scope.endpoints.join(" ")
    } else {
        scope.tasks.join(" ")
    };
    // FNV-1a, 64 bit: short, stable, and nothing depends on its strength.
    let hash = what
        .bytes()
        .chain([0])
        .chain(place.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
