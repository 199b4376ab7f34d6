//! Which symptoms are seen in the logs of attempts that succeeded: a rule that fits those is too broad, or is about something that attempts survive.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::Attempts;
use crate::rule::SymptomIx;

/// A symptom in logs of attempts that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// In how many.
    pub attempts: usize,
    /// Of how many that were read.
    pub of: usize,
    /// One place: `path:line`.
    pub at: String,
}

/// Counts the symptoms of healthy attempts.
#[must_use]
pub fn healthy(attempts: &Attempts) -> BTreeMap<SymptomIx, Seen> {
    let healthy = || attempts.iter().filter(|attempt| attempt.is_healthy() && attempt.has_log());
    let of = healthy().count();
    let mut seen: BTreeMap<SymptomIx, Seen> = BTreeMap::new();
    for attempt in healthy() {
        let own = attempt.symptoms().iter().filter(|shown| shown.elsewhere.is_none());
        let mut told = BTreeSet::new();
        for shown in own.filter(|shown| told.insert(shown.symptom)) {
            let at = || {
                let place = attempt.location(shown.line);
                let member = place.member.map(|member| format!("!{member}")).unwrap_or_default();
                format!("{}{member}:{}", place.path, place.line)
            };
            seen.entry(shown.symptom).or_insert_with(|| Seen { attempts: 0, of, at: at() }).attempts += 1;
        }
    }
    seen
}
