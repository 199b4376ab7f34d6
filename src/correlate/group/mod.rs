//! Which failures belong together: the tries of one task, an outage of one endpoint, a host that lost its network, a deploy that broke several DAGs, a kill and the
//! connections it broke. Failures are joined pairwise and transitively; one outage over many tasks and tries is one incident.

mod chain;
mod chronic;
mod host;
mod item;
mod keys;
mod onset;
mod recurring;
mod sets;
mod unrecognised;
mod wide;

pub(super) use item::{Class, Item, name_of};
pub(crate) use unrecognised::unrecognised_key;

use std::collections::BTreeMap;

use crate::rule::RuleSet;
use crate::time::Span;

use super::table::Table;
use super::{Incident, Scope};
use sets::Sets;

/// Failures of one endpoint that are further apart are two outages. Five and a half minutes: longer than Airflow's default retry delay and than its patience with
/// a lost heartbeat (300 s both), so that the retries of an outage and the zombies of a lost host stay with it.
const GAP: Span = Span::seconds(330);

/// The failures of an attempt table, in the order of rows.
pub(super) fn items<'a>(table: &Table<'a>, rules: &'a RuleSet) -> Vec<Item<'a>> {
    table.attempts.iter_own().filter_map(|(row, attempt)| Item::new(row, attempt, rules)).collect()
}

/// Groups failures. Worst-first order is not made here; patterns are not found here.
pub(super) fn group(failures: &[Item<'_>], table: &Table<'_>, rules: &RuleSet) -> Vec<Incident> {
    let mut sets = Sets::new(failures.len());
    let lost = host::lost(failures, table);
    keys::join(failures, &lost, &mut sets);
    wide::join(failures, table, &mut sets);
    onset::join(failures, table, &mut sets);
    recurring::join(failures, &mut sets);
    chronic::join(failures, &mut sets);
    let provoked = chain::provoked(failures, rules);
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for item in 0..failures.len() {
        let place = provoked.get(&item).copied().unwrap_or(item);
        groups.entry(sets.find(place)).or_default().push(item);
    }
    let groups = groups.into_values();
    groups.map(|items| incident(&items, failures, &provoked)).collect()
}

/// Puts an incident together from its failures.
fn incident(items: &[usize], failures: &[Item<'_>], provoked: &BTreeMap<usize, usize>) -> Incident {
    let members: Vec<&Item<'_>> = items.iter().map(|item| &failures[*item]).collect();
    let consequences: Vec<usize> = items.iter().filter(|item| provoked.contains_key(item)).map(|item| failures[*item].row).collect();
    // Of several kills the first is the root.
    let roots = items.iter().filter_map(|item| provoked.get(item));
    let root = roots.min_by_key(|root| (failures[**root].time, failures[**root].name())).map(|root| failures[*root].row);
    let mut votes: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for item in &members {
        *votes.entry(item.failure.symptom).or_default() += 1;
    }
    let of_root = root.and_then(|row| members.iter().find(|item| item.row == row)).and_then(|item| item.failure.symptom);
    let most = votes
        .iter()
        .max_by_key(|(symptom, count)| (symptom.is_some(), **count, std::cmp::Reverse(**symptom)))
        .and_then(|(symptom, _)| *symptom);
    let times = || members.iter().filter_map(|item| item.time);
    Incident {
        attempts: members.iter().map(|item| item.row).collect(),
        symptom: of_root.or(most),
        first_seen: times().min(),
        last_seen: times().max(),
        scope: scope(&members),
        patterns: Vec::new(),
        root,
        consequences,
    }
}

fn scope(members: &[&Item<'_>]) -> Scope {
    let sorted = |values: &mut dyn Iterator<Item = String>| values.collect::<std::collections::BTreeSet<String>>().into_iter().collect();
    let names = |get: fn(&Item<'_>) -> Option<String>| sorted(&mut members.iter().filter_map(|item| get(item)));
    Scope {
        hosts: names(|item| item.attempt.host.as_deref().map(str::to_owned)),
        endpoints: names(|item| item.failure.endpoint.as_deref().map(str::to_owned)),
        dags: names(|item| item.attempt.task.dag_id.as_deref().map(str::to_owned)),
        tasks: names(|item| item.task()),
        operators: names(|item| item.attempt.operator.as_deref().map(str::to_owned)),
    }
}
