//! The sentences of a diagnosis: placeholders filled, incidents named and summed up.

use std::collections::BTreeMap;

use crate::attempt::Attempts;
use crate::correlate::{Incident, abridged, scope_of};
use crate::rule::{RuleSet, ScopeKind};

/// Fills `{name}`; a placeholder without a value becomes "some".
pub(super) fn fill(says: &str, words: &BTreeMap<&'static str, String>) -> String {
    let mut out = String::with_capacity(says.len() + 32);
    let mut rest = says;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        match behind.split_once('}') {
            Some((name, after)) => {
                out.push_str(words.get(name).map_or("some", String::as_str));
                rest = after;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What fails, and where: `Connection reset by peer: api.example.com:443`.
pub(super) fn title(incident: &Incident, attempts: &Attempts, rules: &RuleSet) -> String {
    let what = match incident.symptom {
        Some(symptom) => rules.symptoms[symptom].title.clone(),
        None => {
            let failure = incident.attempts.iter().find_map(|row| attempts.at(*row).failure());
            let raised = failure.and_then(|failure| failure.chain.last());
            match raised {
                Some(raised) if raised.message.is_empty() => format!("Unrecognised failure: {}", raised.class),
                Some(raised) => format!("Unrecognised failure: {}: {}", raised.class, shortened(&raised.message)),
                None => match failure.and_then(|failure| failure.frames.last()) {
                    Some(frame) => format!("Unrecognised failure in {frame}, whose traceback breaks off"),
                    None => "Unrecognised failure".to_owned(),
                },
            }
        }
    };
    match place(incident) {
        Some(place) => format!("{what}: {place}"),
        None => what,
    }
}

/// The one value that names the incident's place best.
fn place(incident: &Incident) -> Option<String> {
    let scope = &incident.scope;
    if scope_of(incident) == Some(ScopeKind::Host) {
        return scope.hosts.first().map(|host| format!("on {host}"));
    }
    match (&scope.endpoints[..], &scope.tasks[..]) {
        ([endpoint], _) => Some(endpoint.clone()),
        ([], [task]) => Some(task.clone()),
        ([], []) => None,
        ([], tasks) => Some(abridged(tasks, "")),
        (endpoints, _) => Some(abridged(endpoints, "")),
    }
}

fn shortened(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The incident in one sentence.
pub(super) fn summary(incident: &Incident, attempts: &Attempts) -> String {
    let scope = &incident.scope;
    let count = |number: usize, one: &str, many: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {many}") };
    let total = incident.attempts.len();
    let is_task = incident.attempts.iter().any(|row| attempts.at(*row).is_task());
    let mut says = if is_task {
        format!("{} failed", count(total, "attempt", "attempts"))
    } else {
        format!("{} it", if total == 1 { "1 log shows" } else { "several logs show" })
    };
    if scope.tasks.len() == 1 {
        says.push_str(&format!(": {}", scope.tasks[0]));
    } else if scope.tasks.len() > 1 {
        says.push_str(&format!(": {} in {}", count(scope.tasks.len(), "task", "tasks"), count(scope.dags.len(), "DAG", "DAGs")));
    }
    match &scope.hosts[..] {
        [] => {}
        [host] => says.push_str(&format!(", on {host}")),
        hosts => says.push_str(&format!(", on {} hosts", hosts.len())),
    }
    match (incident.first_seen, incident.last_seen) {
        (Some(first), Some(last)) if first.minute() != last.minute() => {
            let (from, to) = (first.minute(), last.minute());
            // The day is told once.
            let same_day = from.split(' ').next() == to.split(' ').next();
            let to = if same_day { to.rsplit(' ').next().unwrap_or_default() } else { &to };
            says.push_str(&format!(", from {from} to {to} UTC"));
        }
        (Some(first), _) => says.push_str(&format!(", at {} UTC", first.minute())),
        _ => {}
    }
    says.push('.');
    says
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_braces_survive() {
        let words = BTreeMap::from([("n", "3".to_owned())]);
        assert_eq!(fill("{n} of {total}, {", &words), "3 of some, {");
        assert_eq!(fill("plain", &words), "plain");
    }
}
