//! Endpoints that a failing log does not name, taken from other attempts: the address behind an Airflow connection, and the one
//! endpoint that a task uses. Python's own message for a closed connection names no host, so without this half of an outage has no place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::rule::RuleSet;

use super::{Attempt, failure};

const CONNECTION: &str = "connection ";

/// Completes the endpoints of failures.
pub(super) fn complete(attempts: &mut [Attempt], rules: &RuleSet) {
    let addresses = addresses(attempts);
    for attempt in attempts.iter_mut() {
        if let Some(endpoint) = attempt.failure.as_mut().and_then(|failure| failure.endpoint.as_mut())
            && let Some(address) = addresses.get(endpoint.as_str())
        {
            endpoint.clone_from(address);
        }
        attempt.endpoints.rename(|name| addresses.get(name).map(|address| Arc::from(address.as_str())));
    }
    let of_tasks = only_endpoints(attempts);
    for attempt in attempts.iter_mut() {
        let only = task(attempt).and_then(|task| of_tasks.get(&task)).cloned().flatten();
        if let (Some(failure), Some(endpoint)) = (&mut attempt.failure, only)
            && failure.endpoint.is_none()
            && failure::has_endpoint(failure.symptom, rules)
        {
            failure.endpoint = Some(endpoint);
        }
    }
}

fn task(attempt: &Attempt) -> Option<(Arc<str>, Arc<str>)> {
    attempt.task.dag_id.clone().zip(attempt.task.task_id.clone())
}

/// The addresses that attempts name, without those of Airflow connections.
fn addresses_of(attempt: &Attempt) -> BTreeSet<&str> {
    let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
    attempt.endpoints.keys().chain(failing).filter(|name| !name.starts_with(CONNECTION)).collect()
}

/// For each Airflow connection the address behind it, where every attempt that used it alone and named one address named the same.
fn addresses(attempts: &[Attempt]) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for attempt in attempts {
        let mut connections = attempt.endpoints.keys().filter(|name| name.starts_with(CONNECTION));
        if let (Some(connection), None) = (connections.next(), connections.next()) {
            let addresses = addresses_of(attempt);
            if let (Some(address), 1) = (addresses.first(), addresses.len()) {
                seen.entry(connection.to_owned()).or_default().insert((*address).to_owned());
            }
        }
    }
    seen.into_iter()
        .filter(|(_, addresses)| addresses.len() == 1)
        .filter_map(|(connection, addresses)| Some((connection, addresses.into_iter().next()?)))
        .collect()
}

/// For each task the endpoint that its attempts use, where it is one.
fn only_endpoints(attempts: &[Attempt]) -> BTreeMap<(Arc<str>, Arc<str>), Option<String>> {
    let mut only: BTreeMap<(Arc<str>, Arc<str>), Option<String>> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_task()) {
        let Some(task) = task(attempt) else { continue };
        let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
        for endpoint in attempt.endpoints.keys().chain(failing) {
            only.entry(task.clone())
                .and_modify(|known| {
                    if known.as_deref() != Some(endpoint) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(endpoint.to_owned()));
        }
    }
    only
}
