//! The verdict on another try: does it help (the tries that were seen before what is known in general), is it safe (how far the calls got before what
//! is known in general), and code that carries it out.

use crate::attempt::{Attempts, Failure};
use crate::correlate::Incident;
use crate::record::Dialect;
use crate::rule::{RetryHelps, RetrySafe, RuleSet};

use super::policy::{self, Act, Policy};
use super::repeat::{self, Reach, Sent};
use super::tries::{self, Basis, History, Tries};
use super::{Confidence, RankedCause, weights};

/// What is known of the causes counts where those that agree are together more probable than all else.
const AGREED_MIN: f64 = 0.5;

/// Categories of symptoms whose call is the failure itself, so that how far it got tells whether it may be repeated.
const OF_CALLS: [&str; 5] = ["network", "timeout", "tls", "http", "auth"];

/// Categories of symptoms of which only a call that never left tells that: a statement or a job that was sent is judged by its own rules.
const OF_OTHER_CALLS: [&str; 4] = ["database", "broker", "external", "kubernetes"];

/// The verdict on another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it would help.
    pub helps: RetryHelps,
    /// What that rests on.
    pub basis: Basis,
    /// Whether it is safe.
    pub safe: RetrySafe,
    /// Both in a few sentences.
    pub says: String,
    /// Code that carries it out, where the verdict is clear and code can.
    pub policy: Option<Policy>,
}

/// What the verdict is made of.
pub(super) struct Case<'a> {
    pub(super) incident: &'a Incident,
    pub(super) attempts: &'a Attempts,
    pub(super) causes: &'a [RankedCause],
    pub(super) confidence: Confidence,
    pub(super) tries: Tries,
    pub(super) rules: &'a RuleSet,
}

/// The verdict on another try of an incident.
pub(super) fn verdict(case: &Case<'_>, history: &History<'_>) -> Verdict {
    let (later, _) = history.tasks_since(case.incident, case.attempts);
    let (helps, basis, seen) = tries::helps(&case.tries, known(case.causes, case.rules), later);
    let (safe, why) = safe(case);
    let says = [seen, why].into_iter().filter(|says| !says.is_empty()).collect::<Vec<String>>().join(" ");
    Verdict { helps, basis, safe, says, policy: code(case, helps, basis, safe) }
}

/// What is known of the causes: the word of those that agree, where they are more probable than all else.
fn known(causes: &[RankedCause], rules: &RuleSet) -> RetryHelps {
    let share = |helps: RetryHelps| -> f64 {
        causes.iter().filter(|ranked| rules.causes[ranked.cause].retry.helps == helps).map(|ranked| ranked.probability).sum()
    };
    [RetryHelps::Transient, RetryHelps::Permanent].into_iter().find(|helps| share(*helps) >= AGREED_MIN).unwrap_or(RetryHelps::Unknown)
}

fn caution(safe: RetrySafe) -> u8 {
    match safe {
        RetrySafe::Yes => 0,
        RetrySafe::OnlyIf => 1,
        RetrySafe::No => 2,
    }
}

/// Whether another try is safe, and why: by how far the calls got, where that is known of all of them; else what every cause that is not unlikely calls
/// safe, if the calls do not ask for more caution.
fn safe(case: &Case<'_>) -> (RetrySafe, String) {
    let (by_cause, cause_says) = safe_by_cause(case.causes, case.rules);
    let by_calls = safe_by_calls(case);
    match by_calls {
        // A refused login may lock an account, however little of the call was sent.
        Some((.., true)) if by_cause == RetrySafe::No => (by_cause, cause_says),
        // Where both call it safe, the cause's own words say more.
        Some((RetrySafe::Yes, says, true)) => (RetrySafe::Yes, if by_cause == RetrySafe::Yes { cause_says } else { says }),
        Some((safe, says, true)) => (safe, says),
        Some((safe, says, false)) if caution(safe) >= caution(by_cause) && safe != RetrySafe::Yes => (safe, says),
        _ => (by_cause, cause_says),
    }
}

/// What the causes say: the most cautious word of those that are not unlikely. Advice to repeat what may have been done already is worse than none.
fn safe_by_cause(causes: &[RankedCause], rules: &RuleSet) -> (RetrySafe, String) {
    let Some(best) = causes.first().map(|ranked| &rules.causes[ranked.cause]) else {
        return (RetrySafe::OnlyIf, "Nothing is known of this failure; repeat it only if the task may run twice.".to_owned());
    };
    let not_unlikely = causes.iter().filter(|ranked| ranked.probability >= weights::UNLIKELY_MAX).map(|ranked| &rules.causes[ranked.cause]);
    let cautious = not_unlikely
        .max_by_key(|cause| caution(cause.retry.safe))
        .filter(|cause| caution(cause.retry.safe) > caution(best.retry.safe))
        .unwrap_or(best);
    (cautious.retry.safe, cautious.retry.says.clone())
}

/// What the calls of the incident say, the most cautious word of them, and whether each of them says something. `None` where none does, or where what failed is
/// not a call: of a task that was killed, the call under way tells nothing of the work before it.
fn safe_by_calls(case: &Case<'_>) -> Option<(RetrySafe, String, bool)> {
    if case.incident.root.is_some() {
        return None;
    }
    let failures = || case.incident.attempts.iter().filter_map(|row| case.attempts.at(*row).failure());
    let mut worst: Option<((u8, Reach), Sent<'_>)> = None;
    let (mut count, mut told, mut as_bad) = (0, 0, 0);
    for failure in failures() {
        count += 1;
        let sent = Sent::of(failure);
        let Some(reach) = reach_of(failure, &sent, case.rules) else { continue };
        told += 1;
        let rank = (caution(repeat::may_repeat(reach, sent.method)), reach);
        match worst {
            Some((known, ..)) if rank < known => {}
            Some((known, ..)) if rank == known => as_bad += 1,
            _ => {
                worst = Some((rank, sent));
                as_bad = 1;
            }
        }
    }
    let ((_, reach), sent) = worst?;
    let says = repeat::says(reach, sent.method, sent.repeated);
    let says =
        if as_bad < told { format!("{says} So it is with {as_bad} of {told} failing calls; the others got less far.") } else { says };
    Some((repeat::may_repeat(reach, sent.method), says, told == count))
}

/// How far a failure's call got, where the failure is that of the call.
fn reach_of(failure: &Failure, sent: &Sent<'_>, rules: &RuleSet) -> Option<Reach> {
    // A call to Airflow itself says nothing of the task's own work.
    if failure.call.library == Some("airflow") {
        return None;
    }
    let category = failure.symptom.map(|symptom| rules.symptoms[symptom].category.as_str());
    let reach = repeat::reach(sent)?;
    match category {
        Some(category) if OF_CALLS.contains(&category) => Some(reach),
        Some(category) if OF_OTHER_CALLS.contains(&category) => Some(reach).filter(|reach| *reach == Reach::NotSent),
        Some(_) => None,
        // Of a failure that no rule knows, frames of a client library may be far from what went wrong: they may only ask for caution.
        None => Some(reach).filter(|reach| *reach > Reach::TurnedAway),
    }
}

/// Code for a clear verdict: to give up where no try helps, to wait where one does and is safe.
fn code(case: &Case<'_>, helps: RetryHelps, basis: Basis, safe: RetrySafe) -> Option<Policy> {
    let failures =
        || case.incident.attempts.iter().filter_map(|row| case.attempts.own(*row).and_then(|own| Some((own, own.failure.as_deref()?))));
    let is_clear = basis == Basis::Tries || case.confidence >= Confidence::Likely;
    let act = match (helps, safe) {
        (RetryHelps::Permanent, _) if is_clear => {
            let tries = Some(case.tries.least).filter(|_| basis == Basis::Tries);
            Act::GiveUp { tries }
        }
        (RetryHelps::Transient, RetrySafe::Yes) if is_clear => {
            let asked = failures().any(|(_, failure)| reach_of(failure, &Sent::of(failure), case.rules) == Some(Reach::TurnedAway));
            if asked { Act::BackOff } else { Act::Wait(case.tries.waited) }
        }
        _ => return None,
    };
    let mut paths = Vec::new();
    let mut dialects = Vec::new();
    for (attempt, failure) in failures() {
        // What a trigger raised is not what its task raises.
        if failure.elsewhere.is_some() {
            return None;
        }
        paths.push(policy::path_of(failure.chain.last()?, failure.call.library)?);
        dialects.push(attempt.dialect);
    }
    paths.sort_unstable();
    paths.dedup();
    let is_old = !dialects.is_empty() && dialects.iter().all(|dialect| matches!(dialect, Dialect::Text | Dialect::Legacy));
    // Around what is not the task's own code nobody can put a `try`.
    let can_catch = failures().all(|(_, failure)| !failure.frames.is_empty());
    if is_old && !can_catch && matches!(act, Act::GiveUp { .. }) {
        return None;
    }
    policy::policy(act, &paths, if is_old { Dialect::Text } else { Dialect::Json })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;
    use crate::rule::load_text;

    const RULES: &str = r#"
version: 1
symptoms: []
causes:
  - { id: harmless, title: One, layer: server, owner: unknown, what: One., prior: 0.2, retry: { helps: transient, safe: "yes", says: Repeat it. } }
  - { id: harmful, title: Other, layer: server, owner: unknown, what: Other., prior: 0.2, retry: { helps: transient, safe: "no", says: Do not. } }
"#;

    #[test]
    fn a_harmful_cause_forbids_a_try_unless_it_is_unlikely() {
        let rules = load_text("rules.yaml", RULES).unwrap();
        let safe = |harmless: f64, harmful: f64| {
            let of = |id: &str, probability: f64| RankedCause { cause: rules.cause(id).unwrap(), probability, evidence: Vec::new() };
            safe_by_cause(&[of("harmless", harmless), of("harmful", harmful)], &rules).0
        };
        assert_eq!(safe(0.9, 0.1), RetrySafe::No);
        assert_eq!(safe(0.9, 0.099_999), RetrySafe::Yes);
        assert_eq!(safe_by_cause(&[], &rules).0, RetrySafe::OnlyIf);
    }
}
