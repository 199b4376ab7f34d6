//! The ids of incidents: the same from night to night, for they are made from what fails and where, never from when.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::Attempts;
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
pub(super) fn fingerprint(incident: &Incident, attempts: &Attempts, rules: &RuleSet) -> String {
    let what = match incident.symptom {
        Some(symptom) => rules.symptoms[symptom].family.clone(),
        None => incident.attempts.iter().find_map(|row| attempts.at(*row).failure()).map(unrecognised_key).unwrap_or_default(),
    };
    let place = place(incident, attempts);
    // FNV-1a, 64 bit: short, stable, and nothing depends on its strength.
    let hash = what
        .bytes()
        .chain([0])
        .chain(place.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Where an incident is, told by what is the same tomorrow: the next night the same trouble strikes other tasks, hosts or endpoints of those it can strike.
fn place(incident: &Incident, attempts: &Attempts) -> String {
    let scope = &incident.scope;
    let names = incident.attempts.iter().filter_map(|row| attempts.at(*row).failure()).map(|failure| {
        let facts = &failure.facts;
        facts.conn_id.as_deref().or(facts.name.as_deref()).or(facts.path.as_deref())
    });
    let mut names = names.collect::<BTreeSet<Option<&str>>>().into_iter();
    let common = names.next().flatten().filter(|_| names.next().is_none());
    match (&scope.hosts[..], &scope.endpoints[..], &scope.dags[..]) {
        ([host], ..) if scope_of(incident) == Some(ScopeKind::Host) => host.clone(),
        ([host], [_, _, ..], _) => host.clone(),
        (_, [endpoint], _) => endpoint.clone(),
        // Many endpoints from many hosts: whatever is behind it, it is one thing.
        (_, [_, _, ..], _) => String::new(),
        (_, [], dags) => match (common, &scope.tasks[..], dags) {
            (Some(name), ..) => name.to_owned(),
            (None, [task], _) => task.clone(),
            (None, _, [dag]) => dag.clone(),
            _ => String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::Scope;

    fn incident(hosts: &[&str], endpoints: &[&str], tasks: &[&str]) -> Incident {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<String>>();
        let mut dags: Vec<String> = tasks.iter().map(|task| task.split('.').next().unwrap_or_default().to_owned()).collect();
        dags.dedup();
        Incident {
            attempts: Vec::new(),
            symptom: None,
            first_seen: None,
            last_seen: None,
            scope: Scope { hosts: owned(hosts), endpoints: owned(endpoints), dags, tasks: owned(tasks), operators: Vec::new() },
            patterns: Vec::new(),
            root: None,
            consequences: Vec::new(),
        }
    }

    #[test]
    fn the_place_is_what_is_the_same_the_next_night() {
        let of = |hosts: &[&str], endpoints: &[&str], tasks: &[&str]| place(&incident(hosts, endpoints, tasks), &Attempts::default());
        assert_eq!(of(&["a", "b"], &["api:443"], &["shop.load"]), of(&["c"], &["api:443"], &["shop.load", "crm.pull"]));
        assert_eq!(of(&["a"], &["api:443", "db:5432"], &["shop.load"]), of(&["a"], &["mail:25", "db:5432", "x:1"], &["crm.pull"]));
        assert_eq!(of(&["a", "b"], &["api:443", "db:5432"], &["shop.load"]), of(&["c", "d"], &["mail:25", "x:1"], &["crm.pull"]));
        assert_eq!(of(&[], &[], &["shop.load", "shop.save"]), of(&[], &[], &["shop.send", "shop.load"]));
        assert_ne!(of(&[], &[], &["shop.load"]), of(&[], &[], &["shop.save"]));
        assert_ne!(of(&[], &["api:443"], &["shop.load"]), of(&[], &["api:8443"], &["shop.load"]));
    }
}
