//! What a diagnosis means for the person who reads it: how sure it is, whose it is, which check would decide, and what to do first.

use crate::rule::{Cause, Confirm, Owner, RuleSet};

use super::{Blanks, Confidence, DecideBy, FirstStep, RankedCause, StepKind, weights};

/// From this share on somebody's causes are called theirs: they are more probable together than all others, whichever of them it is.
const OWNER_MIN: f64 = 0.5;

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

/// Whose it may be, each with the probability of all the causes that are theirs, the most probable first. Causes that nobody is named for are left out.
pub(super) fn owners(causes: &[RankedCause], rules: &RuleSet) -> Vec<(Owner, f64)> {
    let mut owners: Vec<(Owner, f64)> = Vec::new();
    for (owner, probability) in causes.iter().map(|ranked| (rules.causes[ranked.cause].owner, ranked.probability)) {
        match owners.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, sum)) => *sum += probability,
            None => owners.push((owner, probability)),
        }
    }
    owners.retain(|(owner, _)| *owner != Owner::Unknown);
    owners.sort_by(|(one, p), (other, q)| q.total_cmp(p).then_with(|| one.cmp(other)));
    owners
}

/// Whose it is: the owner may be clear where the cause is not. Nobody's, where nobody's causes are more probable than all else.
pub(super) fn owner(owners: &[(Owner, f64)]) -> Owner {
    owners.first().filter(|(_, share)| *share >= OWNER_MIN).map_or(Owner::Unknown, |(owner, _)| *owner)
}

/// The check that tells the two best causes apart, where they are close. That nothing points to a cause is none.
pub(super) fn decide_by(causes: &[RankedCause], rules: &RuleSet, blanks: &Blanks) -> Option<DecideBy> {
    let nothing_stands_out = causes.first().is_some_and(|best| rules.causes[best.cause].undetermined);
    let mut real = causes.iter().filter(|ranked| !rules.causes[ranked.cause].undetermined);
    let (first, second) = (real.next()?, real.next()?);
    let is_close = first.probability - second.probability <= weights::CLOSE;
    // Among crumbs there is nothing to decide.
    if !is_close || (nothing_stands_out && second.probability < weights::UNLIKELY_MAX) {
        return None;
    }
    let (one, other) = (&rules.causes[first.cause], &rules.causes[second.cause]);
    let check = telling_check(one, other)?;
    Some(DecideBy {
        says: format!("{} (tells \"{}\" from \"{}\")", check.say.trim_end_matches('.'), one.title, other.title),
        run: check.run.as_deref().map(|run| blanks.fill(run).into_owned()),
    })
}

/// A check of one of two causes that is not one of the other, with a command where there is one; the first cause's before the second's.
fn telling_check<'c>(one: &'c Cause, other: &'c Cause) -> Option<&'c Confirm> {
    let shared = |check: &Confirm, of: &Cause| {
        of.confirm.iter().any(|known| known.say == check.say || (check.run.is_some() && known.run == check.run))
    };
    let of_one = || one.confirm.iter().filter(|check| !shared(check, other));
    let of_other = || other.confirm.iter().filter(|check| !shared(check, one));
    of_one().chain(of_other()).find(|check| check.run.is_some()).or_else(|| of_one().chain(of_other()).next())
}

/// What to do first: the check that decides, where two causes are close; how to make sure of a cause that is not likely; else the cause's first fix.
pub(super) fn first_step(
    causes: &[RankedCause],
    decide_by: Option<&DecideBy>,
    sure: Confidence,
    rules: &RuleSet,
    blanks: &Blanks,
) -> FirstStep {
    if let Some(check) = decide_by {
        return FirstStep { kind: StepKind::Decide, says: check.says.clone(), run: check.run.clone() };
    }
    let Some(cause) = causes.first().map(|best| &rules.causes[best.cause]) else {
        return FirstStep { kind: StepKind::Look, says: NO_RULE.to_owned(), run: None };
    };
    let check = cause.confirm.iter().find(|check| check.run.is_some()).or_else(|| cause.confirm.first());
    let fix = cause.fixes.first();
    match (check, fix) {
        (Some(check), fix) if sure < Confidence::Likely || fix.is_none() => FirstStep {
            kind: StepKind::Confirm,
            says: check.say.clone(),
            run: check.run.as_deref().map(|run| blanks.fill(run).into_owned()),
        },
        (_, Some(fix)) => {
            let condition = fix.retry_safe.as_deref().map(|safe| format!(" (retry safe: {safe})")).unwrap_or_default();
            FirstStep { kind: StepKind::Fix, says: format!("{}{condition}", fix.say.trim_end_matches('.')), run: None }
        }
        (..) => FirstStep { kind: StepKind::Look, says: NO_RULE.to_owned(), run: None },
    }
}

/// What to do where nobody wrote down what to do.
const NO_RULE: &str = "Read the log around the line that is shown: what the task was doing, and what it was told";

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
