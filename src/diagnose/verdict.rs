//! What a diagnosis means for the person who reads it: how sure it is, whether another try helps and is safe, and which check would decide.

use crate::rule::{Cause, Retry, RetryHelps, RetrySafe, RuleSet};

use super::{Confidence, DecideBy, RankedCause, weights};

/// Whether another try helps and is safe. Safe is what every cause that is not unlikely calls safe: advice to repeat what may have been
/// done already is worse than none.
pub(super) fn retry(causes: &[RankedCause], rules: &RuleSet, recovered: bool) -> Retry {
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

pub(super) fn confidence(causes: &[RankedCause], rules: &RuleSet) -> Confidence {
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
pub(super) fn decide_by(causes: &[RankedCause], rules: &RuleSet) -> Option<DecideBy> {
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
