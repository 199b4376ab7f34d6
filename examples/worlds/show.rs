//! One world's diagnoses in full, with the truth beside them.

use std::collections::BTreeMap;

use dagnosis::attempt::{Attempt, Attempts};
use dagnosis::diagnose::{Diagnosis, diagnose};
use dagnosis::rule::RuleSet;
use dagnosis::time::Timestamp;

use crate::worlds::faults::Kind;
use crate::worlds::measure::{claims, score};
use crate::worlds::world::{Noise, Strength};
use crate::worlds::{Made, Plan};

/// How many attempts of a fault, and diagnoses of other failures, are shown.
const SHOWN_MAX: usize = 12;

/// Prints a world of a seed, with one fault, two at the same time and of medium strength, or none.
pub(crate) fn world(seed: u64, fault: Option<Kind>, and: Option<Kind>, noise: Noise, rules: &RuleSet) {
    let mut plan = Plan::one(seed, fault, noise);
    if and.is_some() {
        plan = Plan { faults: fault.into_iter().chain(and).collect(), strength: Strength::Medium, together: true, ..plan };
    }
    let made = Made::of_plan(&plan, rules);
    let failed = made.attempts.iter().filter(|attempt| attempt.failure.is_some()).count();
    println!("{} attempts, {failed} failed; strength {}, noise {}", made.attempts.len(), plan.strength.name(), noise.name());
    let diagnosed = diagnose(&Attempts::from(&made.attempts[..]), rules);
    for (truth, fault) in made.faults.iter().enumerate() {
        let time = |at: f64| Timestamp(made.epoch + (at.min(1e7) * 1e6) as i64);
        println!("\nFAULT {}: right are {}", fault.kind.name(), fault.accepted.join(", "));
        println!("  from {} to {}, share {:.2}, capacity {:.1}", time(fault.from), time(fault.to), fault.share, fault.capacity);
        println!("  endpoint {:?}, host {:?}", made.place, fault.host);
        println!("  {:?}", score(&made, truth, &diagnosed, rules));
        for row in made.of(truth).take(SHOWN_MAX) {
            println!("  {}", line(&made.attempts[row], rules));
        }
        if made.of(truth).count() > SHOWN_MAX {
            println!("  .. {} in all", made.of(truth).count());
        }
    }
    let mut others = 0;
    for (number, diagnosis) in diagnosed.diagnoses.iter().enumerate() {
        let mut of: BTreeMap<String, usize> = BTreeMap::new();
        for row in &diagnosis.incident.attempts {
            let truth = made.truth[*row].map_or_else(|| "chance".to_owned(), |truth| made.faults[truth].kind.name().to_owned());
            *of.entry(truth).or_default() += 1;
        }
        let is_other = of.len() == 1 && of.contains_key("chance");
        others += usize::from(is_other);
        if !is_other || others <= SHOWN_MAX {
            diagnosis_of(number, diagnosis, &of, rules);
        }
    }
    println!("\n{others} diagnoses of failures that belong to no fault; {} spread claims in all", claims(&diagnosed).len());
}

fn line(attempt: &Attempt, rules: &RuleSet) -> String {
    let Some(failure) = &attempt.failure else { return attempt.name() };
    let symptom = failure.symptom.map_or("-", |symptom| rules.symptoms[symptom].id.as_str());
    let time = failure.time.map(|time| time.to_string()).unwrap_or_default();
    let host = attempt.host.as_ref().map(|host| host.to_string());
    let call = &failure.call;
    format!(
        "{time} {} {symptom} on {} at {} {:?} {:?} elapsed {:?} silence {:?}, {}",
        attempt.name(),
        host.as_deref().unwrap_or("?"),
        failure.endpoint.as_deref().unwrap_or("?"),
        call.phase,
        call.connection,
        call.elapsed.map(|elapsed| (elapsed.span.to_string(), elapsed.bound.name())),
        call.silence.map(|silence| (silence.span.to_string(), silence.bound.name())),
        attempt.outcome.name()
    )
}

fn diagnosis_of(number: usize, diagnosis: &Diagnosis, of: &BTreeMap<String, usize>, rules: &RuleSet) {
    println!("\n{}. {} [{}] {of:?}\n   {}", number + 1, diagnosis.title, diagnosis.confidence.name(), diagnosis.summary);
    for cause in diagnosis.causes.iter().take(4) {
        println!("   {:.2} {}", cause.probability, rules.causes[cause.cause].id);
        for evidence in &cause.evidence {
            println!("        {} {}: {}", if evidence.supports { '+' } else { '-' }, evidence.weight.name(), evidence.says);
        }
    }
    println!("   {:.2} something else", diagnosis.something_else);
    for pattern in &diagnosis.incident.patterns {
        println!("   {}: {}", pattern.kind.name(), pattern.says);
    }
}
