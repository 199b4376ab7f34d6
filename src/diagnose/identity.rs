//! The ids of incidents: the same from night to night, for they are made from what fails and where, never from when.

use std::collections::BTreeMap;

use crate::attempt::Attempt;
use crate::correlate::{Incident, scope_of, unrecognised_key};
use crate::rule::{RuleSet, ScopeKind};

use super::Diagnosis;

/// Two incidents that look the same at different times get different ids, the earlier keeping the plain one.
pub(super) fn make_unique(diagnoses: &mut [Diagnosis]) {
    let mut order: Vec<usize> = (0..diagnoses.len()).collect();
    let age = |index: usize| (diagnoses[index].incident.first_seen, &diagnoses[index].incident.attempts);
    order.sort_by(|one, other| age(*one).cmp(&age(*other)));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for index in order {
        let count = seen.entry(diagnoses[index].id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            diagnoses[index].id = format!("{}-{count}", diagnoses[index].id);
        }
    }
}

/// An id that is the same from night to night: made from what fails and where, never from when.
pub(super) fn fingerprint(incident: &Incident, attempts: &[Attempt], rules: &RuleSet) -> String {
    let what = match incident.symptom {
        Some(symptom) => rules.symptoms[symptom].family.clone(),
        None => incident.attempts.iter().find_map(|row| attempts[*row].failure.as_deref()).map(unrecognised_key).unwrap_or_default(),
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
