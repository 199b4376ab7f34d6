//! Endpoints that a failing log does not name, taken from other attempts: the address behind an Airflow connection, and the one
//! endpoint that a task uses. Python's own message for a closed connection names no host, so without this half of an outage has no place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::rule::RuleSet;
use crate::scan::packed::Packed;
use crate::scan::texts::Text;
use crate::source::Kind;

use super::{Attempt, failure};

const CONNECTION: &str = "connection ";

/// The endpoints of packed rows. Many attempts use the same ones: each set is kept once, as a list of texts.
pub(super) struct Sets {
    /// For each row its set; `None` for a row without endpoints, and for one with an attempt of its own.
    pub(super) of_rows: Vec<Option<Text>>,
    distinct: Vec<Text>,
}

impl Sets {
    pub(super) fn of(packed: &mut Packed) -> Self {
        let mut known: HashMap<Vec<Text>, Option<Text>> = HashMap::new();
        let mut names = Vec::new();
        let mut of_rows = Vec::with_capacity(packed.rows.len());
        for at in 0..packed.rows.len() {
            names.clear();
            names.extend(packed.endpoint_names(&packed.rows[at]));
            let set = match known.get(&names) {
                Some(set) => *set,
                None => {
                    let texts: Vec<String> = names.iter().map(|name| packed.texts.get(*name).to_owned()).collect();
                    let set = packed.texts.add_list(texts.iter().map(String::as_str));
                    known.insert(names.clone(), set);
                    set
                }
            };
            of_rows.push(set);
        }
        Self { of_rows, distinct: known.into_values().flatten().collect() }
    }
}

/// Completes the endpoints of failures.
pub(super) fn complete(packed: &mut Packed, sets: &mut Sets, attempts: &mut [Attempt], rules: &RuleSet) {
    let addresses = addresses(packed, sets, attempts);
    for attempt in attempts.iter_mut() {
        if let Some(endpoint) = attempt.failure.as_mut().and_then(|failure| failure.endpoint.as_mut())
            && let Some(address) = addresses.get(endpoint.as_str())
        {
            endpoint.clone_from(address);
        }
        attempt.endpoints.rename(|name| addresses.get(name).map(|address| Arc::from(address.as_str())));
    }
    rename(packed, sets, &addresses);
    let of_tasks = only_endpoints(packed, sets, attempts);
    for row in &packed.rows {
        let Some(attempt) = row.whole().and_then(|place| attempts.get_mut(place)) else { continue };
        let of_task = row.dag.zip(row.task).and_then(|task| of_tasks.get(&task));
        let only = of_task.filter(|only| !only.may_use_others).and_then(|only| only.endpoint);
        if let (Some(failure), Some(endpoint)) = (&mut attempt.failure, only)
            && failure.endpoint.is_none()
            && failure::has_endpoint(failure.symptom, rules)
        {
            failure.endpoint = Some(packed.texts.get(endpoint).to_owned());
        }
    }
}

/// Gives endpoints of packed rows their new names.
fn rename(packed: &mut Packed, sets: &mut Sets, addresses: &BTreeMap<String, String>) {
    let mut renamed: HashMap<Text, Option<Text>> = HashMap::new();
    for set in &sets.distinct {
        let old: Vec<&str> = packed.texts.list(Some(*set)).collect();
        if old.iter().any(|name| addresses.contains_key(*name)) {
            let new: BTreeSet<String> = old.iter().map(|name| addresses.get(*name).map_or(*name, String::as_str).to_owned()).collect();
            renamed.insert(*set, packed.texts.add_list(new.iter().map(String::as_str)));
        }
    }
    if !renamed.is_empty() {
        sets.of_rows.iter_mut().filter(|set| set.is_some()).for_each(|set| {
            if let Some(new) = set.and_then(|set| renamed.get(&set)) {
                *set = *new;
            }
        });
    }
}

/// For each Airflow connection the address behind it, where every attempt that used it alone and named one address named the same.
fn addresses(packed: &Packed, sets: &Sets, attempts: &[Attempt]) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |used: &mut dyn Iterator<Item = &str>, failing: Option<&str>| {
        let (connections, others): (BTreeSet<&str>, BTreeSet<&str>) = used.partition(|name| name.starts_with(CONNECTION));
        let addresses: BTreeSet<&str> = others.into_iter().chain(failing.filter(|name| !name.starts_with(CONNECTION))).collect();
        if let (Some(connection), 1, Some(address), 1) = (connections.first(), connections.len(), addresses.first(), addresses.len()) {
            seen.entry((*connection).to_owned()).or_default().insert((*address).to_owned());
        }
    };
    for attempt in attempts {
        let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
        add(&mut attempt.endpoints.keys(), failing);
    }
    for set in &sets.distinct {
        add(&mut packed.texts.list(Some(*set)), None);
    }
    seen.into_iter()
        .filter(|(_, addresses)| addresses.len() == 1)
        .filter_map(|(connection, addresses)| Some((connection, addresses.into_iter().next()?)))
        .collect()
}

/// What a task's attempts use.
#[derive(Default)]
struct Only {
    /// The one endpoint, as long as it is one.
    endpoint: Option<Text>,
    is_used: bool,
    /// Of some attempt it is not known what it used.
    may_use_others: bool,
    /// The set that was looked at last.
    set: Option<Text>,
}

impl Only {
    fn add(&mut self, endpoint: Text) {
        self.endpoint = if self.is_used { self.endpoint.filter(|known| *known == endpoint) } else { Some(endpoint) };
        self.is_used = true;
    }
}

/// For each task the endpoint that its attempts use, where it is one.
fn only_endpoints(packed: &mut Packed, sets: &Sets, attempts: &[Attempt]) -> HashMap<(Text, Text), Only> {
    let mut all: HashMap<(Text, Text), Only> = HashMap::new();
    for at in 0..packed.rows.len() {
        let row = packed.rows[at];
        let Some(task) = row.dag.zip(row.task).filter(|_| packed.manner(&row).kind == Kind::Task) else { continue };
        let (own, set) = (row.whole().and_then(|place| attempts.get(place)), sets.of_rows[at]);
        if packed.manner(&row).only_ends {
            all.entry(task).or_default().may_use_others = true;
            continue;
        }
        if own.map_or(set.is_none(), |attempt| !attempt.is_task()) {
            continue;
        }
        let only = all.entry(task).or_default();
        let names: Vec<String> = match own {
            Some(attempt) => {
                let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
                attempt.endpoints.keys().chain(failing).map(str::to_owned).collect()
            }
            None if only.set == set => continue,
            None => packed.texts.list(set).map(str::to_owned).collect(),
        };
        only.set = set.or(only.set);
        names.iter().for_each(|name| only.add(packed.texts.add(name)));
    }
    all
}
