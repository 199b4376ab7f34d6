//! What later tries did: recovered, failed again, took longer each time.

use std::collections::BTreeSet;

use crate::time::Span;

use super::super::table::Table;
use super::super::{Incident, Pattern, PatternKind};
use super::View;

/// How much longer the last failing try must have run than the first for the tries to be called growing.
const GROWTH_MIN: f64 = 1.5;

/// How many tries show a growth.
const GROWING_TRIES_MIN: usize = 3;

/// What later tries did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::correlate) struct Retries {
    /// Task instances of the incident.
    pub(in crate::correlate) instances: usize,
    /// Of which a later try succeeded.
    pub(in crate::correlate) recovered: usize,
    /// Of which at least two tries failed and none succeeded.
    pub(in crate::correlate) exhausted: usize,
    /// Of which each failing try ran longer than the one before, and the last half as long again as the first.
    pub(in crate::correlate) growing: usize,
}

pub(in crate::correlate) fn retries(incident: &Incident, table: &Table<'_>) -> Retries {
    let instances: BTreeSet<u32> = incident.attempts.iter().filter_map(|row| table.instance(*row)).collect();
    let mut retries = Retries { instances: instances.len(), ..Retries::default() };
    for instance in instances {
        let rows = table.tries(instance);
        let failed = || rows.iter().map(|row| table.attempts.at(*row as usize)).filter(|attempt| attempt.outcome().is_failure());
        if rows.iter().any(|row| table.succeeded(*row)) {
            retries.recovered += 1;
        } else if failed().count() >= 2 {
            retries.exhausted += 1;
        }
        let spans: Vec<Span> = failed().filter_map(|attempt| attempt.failure()?.running_for).collect();
        retries.growing += usize::from(grow(&spans));
    }
    retries
}

fn grow(spans: &[Span]) -> bool {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return false };
    spans.len() >= GROWING_TRIES_MIN
        && spans.windows(2).all(|pair| pair[0] < pair[1])
        && last.as_secs_f64() >= GROWTH_MIN * first.as_secs_f64()
}

impl View<'_, '_> {
    pub(super) fn retry(&self) -> Option<Pattern> {
        let retries = retries(self.incident, self.table);
        if retries.recovered + retries.exhausted == 0 {
            return None;
        }
        let mut says = match (retries.recovered, retries.exhausted) {
            (recovered, 0) => format!("{recovered} of {} task instances succeeded on a later try", retries.instances),
            (0, exhausted) => format!("{exhausted} of {} task instances failed on every one of several tries", retries.instances),
            (recovered, exhausted) => {
                format!("of {} task instances {recovered} succeeded on a later try, {exhausted} failed on every try", retries.instances)
            }
        };
        if retries.growing > 0 {
            says.push_str(&format!("; in {} each try ran longer than the one before", retries.growing));
        }
        let numbers = [
            ("instances", retries.instances),
            ("recovered", retries.recovered),
            ("exhausted", retries.exhausted),
            ("growing", retries.growing),
        ];
        Some(self.pattern(PatternKind::Retry, says, numbers.map(|(name, number)| (name, number as f64)).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_tries_are_three_and_half_as_long_again() {
        let seconds = |values: &[i64]| values.iter().map(|value| Span::seconds(*value)).collect::<Vec<_>>();
        assert!(grow(&seconds(&[10, 12, 15])));
        assert!(!grow(&seconds(&[10, 12, 14])), "not half as long again");
        assert!(!grow(&seconds(&[10, 15])), "two only");
        assert!(!grow(&seconds(&[10, 9, 15])), "not each");
    }
}
