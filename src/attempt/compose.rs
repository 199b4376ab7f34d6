//! Symptoms of whole attempts: how a log ends, what is absent, several symptoms together in a time. Partitioned by what the rule
//! says the matches must share, so that lines of unrelated attempts are never joined unless it says so.

use std::collections::BTreeMap;

use crate::rule::{AttemptCondition, Composite, Per, RuleSet, SymptomIx};
use crate::time::Timestamp;

use super::{Attempt, Role, Shown};

/// Adds to each attempt the symptoms of whole attempts that hold of it. `last_lines`: the last line of each one's log.
pub(super) fn evaluate(attempts: &mut [Attempt], last_lines: &[u32], rules: &RuleSet) {
    for (index, symptom) in rules.symptoms.iter().enumerate() {
        let Some(condition) = &symptom.attempt else { continue };
        let mut composites = Vec::new();
        collect(condition, &mut composites);
        let held: Vec<Vec<bool>> = composites.iter().map(|composite| occurrences(composite, attempts)).collect();
        for (row, attempt) in attempts.iter_mut().enumerate() {
            let composite_holds = |wanted: &Composite| composites.iter().position(|known| *known == wanted).is_some_and(|at| held[at][row]);
            if holds(condition, attempt, &composite_holds) {
                let line = last_lines.get(row).copied().unwrap_or(1);
                let shown = composed(index, attempt, line, condition);
                attempt.symptoms.push(shown);
            }
        }
    }
}

/// The entry of a composed symptom: at its last part where it has parts, else at the log's last line.
fn composed(symptom: SymptomIx, attempt: &Attempt, last_line: u32, condition: &AttemptCondition) -> Shown {
    let mut composites = Vec::new();
    collect(condition, &mut composites);
    let part = attempt
        .symptoms
        .iter()
        .filter(|shown| composites.iter().any(|composite| composite.steps.contains(&shown.symptom)))
        .max_by_key(|shown| shown.line);
    match part {
        Some(part) => Shown { symptom, role: Role::Contributing, ..part.clone() },
        None => Shown {
            symptom,
            line: last_line,
            time: attempt.ended,
            role: Role::Contributing,
            excerpt: String::new(),
            facts: crate::record::Facts::default(),
            elsewhere: None,
        },
    }
}

fn collect<'a>(condition: &'a AttemptCondition, composites: &mut Vec<&'a Composite>) {
    match condition {
        AttemptCondition::Any(parts) | AttemptCondition::All(parts) => parts.iter().for_each(|part| collect(part, composites)),
        AttemptCondition::Not(part) => collect(part, composites),
        AttemptCondition::Composite(composite) => composites.push(composite),
        _ => {}
    }
}

fn holds(condition: &AttemptCondition, attempt: &Attempt, composite_holds: &dyn Fn(&Composite) -> bool) -> bool {
    match condition {
        AttemptCondition::Any(parts) => parts.iter().any(|part| holds(part, attempt, composite_holds)),
        AttemptCondition::All(parts) => parts.iter().all(|part| holds(part, attempt, composite_holds)),
        AttemptCondition::Not(part) => !holds(part, attempt, composite_holds),
        AttemptCondition::Ending(ending) => {
            attempt.has_log && attempt.kind == crate::source::Kind::Task && ending.name() == attempt.ending.name()
        }
        AttemptCondition::Outcome(outcome) => attempt.outcome.name() == outcome,
        AttemptCondition::Operator(glob) => attempt.operator.as_deref().is_some_and(|operator| crate::rule::glob_matches(glob, operator)),
        AttemptCondition::Kind(kind) => attempt.kind == *kind,
        AttemptCondition::Symptom(symptom) => attempt.symptoms.iter().any(|shown| shown.symptom == *symptom),
        AttemptCondition::Composite(composite) => composite_holds(composite),
    }
}

/// For each attempt, whether it takes part in enough occurrences of a composite.
fn occurrences(composite: &Composite, attempts: &[Attempt]) -> Vec<bool> {
    let mut partitions: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for (row, attempt) in attempts.iter().enumerate() {
        let Some(key) = key_of(composite.per, attempt, row) else { continue };
        let parts = attempt.symptoms.iter().filter(|shown| composite.steps.contains(&shown.symptom));
        partitions.entry(key).or_default().extend(parts.map(|shown| Part {
            symptom: shown.symptom,
            time: shown.time,
            row,
            line: shown.line,
        }));
    }
    let mut held = vec![false; attempts.len()];
    for parts in partitions.values_mut() {
        // One log is in the order of its lines; several are in the order of time. Equal instants keep both.
        match composite.per {
            Per::Attempt => parts.sort_by_key(|part| part.line),
            _ => parts.sort_by_key(|part| (part.time, part.row, part.line)),
        }
        let found = count(composite, parts);
        if found.len() >= composite.at_least.max(1) {
            for row in found.into_iter().flatten() {
                held[row] = true;
            }
        }
    }
    held
}

#[derive(Debug, Clone, Copy)]
struct Part {
    symptom: SymptomIx,
    time: Option<Timestamp>,
    row: usize,
    line: u32,
}

/// What a composite's matches must share.
fn key_of(per: Per, attempt: &Attempt, row: usize) -> Option<String> {
    match per {
        Per::Attempt => Some(row.to_string()),
        Per::Task => attempt.task.dag_id.as_ref().zip(attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}")),
        Per::Dag => attempt.task.dag_id.clone(),
        Per::Host => attempt.host.clone(),
        Per::Endpoint => attempt.endpoints.iter().max_by_key(|(_, used)| used.last).map(|(endpoint, _)| endpoint.clone()),
    }
}

/// The disjoint occurrences of a composite, each as the rows that take part; greedy from the front.
fn count(composite: &Composite, parts: &[Part]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    if !composite.steps.iter().all(|step| parts.iter().any(|part| part.symptom == *step)) {
        return found;
    }
    let mut used = vec![false; parts.len()];
    for start in 0..parts.len() {
        if used[start] {
            continue;
        }
        let mut taken: Vec<usize> = Vec::new();
        let mut missing: Vec<SymptomIx> = composite.steps.clone();
        for (at, part) in parts.iter().enumerate().skip(start).filter(|(at, _)| !used[*at]) {
            if !within(composite, &parts[start], part) {
                break;
            }
            let wanted = if composite.ordered {
                missing.first().filter(|step| **step == part.symptom).map(|_| 0)
            } else {
                missing.iter().position(|step| *step == part.symptom)
            };
            if let Some(step) = wanted {
                missing.remove(step);
                taken.push(at);
            } else if at == start {
                break;
            }
            if missing.is_empty() {
                break;
            }
        }
        if missing.is_empty() {
            for at in &taken {
                used[*at] = true;
            }
            found.push(taken.into_iter().map(|at| parts[at].row).collect());
        }
    }
    found
}

/// Whether a part lies in the window that begins with another. Without times only an unlimited window holds.
fn within(composite: &Composite, first: &Part, part: &Part) -> bool {
    match (composite.within, first.time, part.time) {
        (None, ..) => true,
        (Some(window), Some(from), Some(to)) => (to - from) <= window && (to - from).0 >= -window.0,
        (Some(_), ..) => first.line == part.line && first.row == part.row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn parts(all: &[(SymptomIx, i64)]) -> Vec<Part> {
        all.iter()
            .zip(0..)
            .map(|((symptom, second), line)| Part { symptom: *symptom, time: Some(Timestamp(second * 1_000_000)), row: 0, line })
            .collect()
    }

    fn composite(ordered: bool, steps: &[SymptomIx], seconds: i64) -> Composite {
        Composite { ordered, steps: steps.to_vec(), within: Some(Span::seconds(seconds)), per: Per::Attempt, at_least: 1 }
    }

    #[test]
    fn a_window_holds_on_its_edge_and_not_beyond() {
        let sequence = composite(true, &[1, 2], 60);
        assert_eq!(count(&sequence, &parts(&[(1, 0), (2, 60)])).len(), 1);
        assert_eq!(count(&sequence, &parts(&[(1, 0), (2, 61)])).len(), 0);
    }

    #[test]
    fn order_counts_in_a_sequence_and_not_in_a_set() {
        let backwards = parts(&[(2, 0), (1, 1)]);
        assert_eq!(count(&composite(true, &[1, 2], 60), &backwards).len(), 0);
        assert_eq!(count(&composite(false, &[1, 2], 60), &backwards).len(), 1);
    }

    #[test]
    fn occurrences_are_disjoint_and_equal_instants_are_two_matches() {
        assert_eq!(count(&composite(true, &[1, 1], 60), &parts(&[(1, 0), (1, 0), (1, 5)])).len(), 1);
        assert_eq!(count(&composite(true, &[1, 1], 60), &parts(&[(1, 0), (1, 0), (1, 5), (1, 5)])).len(), 2);
    }
}
