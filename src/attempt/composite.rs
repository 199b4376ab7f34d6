//! Sequences and sets: several symptoms in a time, in order or not, and what must not be seen beside them. They are looked for among
//! what shares the values that the rule names, so that lines of unrelated attempts are never joined unless it says so.

use std::collections::BTreeMap;

use crate::rule::{Composite, Per, Side, SymptomIx};
use crate::time::Timestamp;

use super::{Attempt, Shown};

/// A match that may be part of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) symptom: SymptomIx,
    time: Option<Timestamp>,
    row: usize,
    pub(super) line: u32,
}

/// The attempts that take part in enough occurrences of a composite, by their rows, each with its last match that does.
pub(super) fn occurrences(composite: &Composite, attempts: &[Attempt]) -> BTreeMap<usize, Part> {
    let of_one_log = composite.per.contains(&Per::Attempt);
    let mut partitions: BTreeMap<Vec<String>, Vec<Part>> = BTreeMap::new();
    // A copy of a log would count everything twice.
    for (row, attempt) in attempts.iter().enumerate().filter(|(_, attempt)| of_one_log || attempt.copy_of.is_none()) {
        for shown in attempt.symptoms.iter().filter(|shown| is_asked_for(composite, shown.symptom)) {
            let key: Option<Vec<String>> = composite.per.iter().map(|per| shared(*per, attempt, shown, row)).collect();
            let Some(key) = key else { continue };
            partitions.entry(key).or_default().push(Part { symptom: shown.symptom, time: shown.time, row, line: shown.line });
        }
    }
    let mut taking_part: BTreeMap<usize, Part> = BTreeMap::new();
    for parts in partitions.values_mut() {
        // One log is in the order of its lines; several are in the order of time. Equal instants keep both.
        if of_one_log {
            parts.sort_by_key(|part| part.line);
        } else {
            parts.sort_by_key(|part| (part.time, part.row, part.line));
        }
        let found = count(composite, parts);
        if found.len() >= composite.at_least.max(1) {
            taking_part.extend(found.into_iter().flatten().map(|part| (part.row, part)));
        }
    }
    taking_part
}

fn is_asked_for(composite: &Composite, symptom: SymptomIx) -> bool {
    composite.steps.iter().chain(composite.without.iter().map(|(_, denied)| denied)).any(|symptoms| symptoms.contains(&symptom))
}

/// The value of a match that others must share; `None` where it is not known.
fn shared(per: Per, attempt: &Attempt, shown: &Shown, row: usize) -> Option<String> {
    match per {
        Per::Attempt => Some(row.to_string()),
        Per::Task => attempt.task.dag_id.as_ref().zip(attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}")),
        Per::Dag => attempt.task.dag_id.clone(),
        Per::Host => attempt.host.clone(),
        Per::Endpoint => shown
            .facts
            .endpoint()
            .or_else(|| attempt.endpoints.iter().max_by_key(|(_, used)| used.last).map(|(endpoint, _)| endpoint.clone())),
    }
}

/// The disjoint occurrences of a composite, each as the matches that it takes; greedy from the front.
fn count(composite: &Composite, parts: &[Part]) -> Vec<Vec<Part>> {
    let mut found = Vec::new();
    if !composite.steps.iter().all(|step| parts.iter().any(|part| step.contains(&part.symptom))) {
        return found;
    }
    let mut used = vec![false; parts.len()];
    for start in 0..parts.len() {
        if used[start] || !may_begin(composite, parts[start]) {
            continue;
        }
        match from(composite, parts, &used, start) {
            Some(taken) if is_free(composite, parts, &taken) => {
                taken.iter().for_each(|at| used[*at] = true);
                found.push(taken.into_iter().map(|at| parts[at]).collect());
            }
            Some(_) => {}
            // What is not found in all the rest is not found in a part of it.
            None if composite.within.is_none() => break,
            None => {}
        }
    }
    found
}

fn may_begin(composite: &Composite, part: Part) -> bool {
    let first = if composite.ordered { 1 } else { composite.steps.len() };
    composite.steps.iter().take(first).any(|step| step.contains(&part.symptom))
}

/// The occurrence that begins with the match at `start`, as indexes.
fn from(composite: &Composite, parts: &[Part], used: &[bool], start: usize) -> Option<Vec<usize>> {
    let mut taken = Vec::new();
    let mut missing: Vec<&Vec<SymptomIx>> = composite.steps.iter().collect();
    for (at, part) in parts.iter().enumerate().skip(start).filter(|(at, _)| !used[*at]) {
        if !is_within(composite, &parts[start], part) {
            break;
        }
        let looked_at = if composite.ordered { 1 } else { missing.len() };
        if let Some(step) = missing.iter().take(looked_at).position(|step| step.contains(&part.symptom)) {
            missing.remove(step);
            taken.push(at);
            if missing.is_empty() {
                return Some(taken);
            }
        }
    }
    None
}

/// Whether nothing stands beside an occurrence that must not.
fn is_free(composite: &Composite, parts: &[Part], taken: &[usize]) -> bool {
    let (Some(&first), Some(&last)) = (taken.first(), taken.last()) else { return true };
    composite.without.iter().all(|(side, denied)| {
        let is_denied = |at: &usize| !taken.contains(at) && denied.contains(&parts[*at].symptom);
        // Where a time is not known, the match may be near enough.
        let near = |a: usize, b: usize| match (composite.within, parts[a].time, parts[b].time) {
            (Some(window), Some(from), Some(to)) => to - from <= window,
            _ => true,
        };
        match side {
            Side::Before => !(0..first).filter(is_denied).any(|at| near(at, first)),
            Side::Between => !(first..last).any(|at| is_denied(&at)),
            Side::After => !(last..parts.len()).filter(is_denied).any(|at| near(last, at)),
        }
    })
}

/// Whether a part lies in the window that begins with another. Without times only an unlimited window holds.
fn is_within(composite: &Composite, first: &Part, part: &Part) -> bool {
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
        let part = |((symptom, second), line): (&(SymptomIx, i64), u32)| Part {
            symptom: *symptom,
            time: Some(Timestamp(second * 1_000_000)),
            row: 0,
            line,
        };
        all.iter().zip(0..).map(part).collect()
    }

    fn composite(ordered: bool, steps: &[SymptomIx], seconds: i64) -> Composite {
        let steps = steps.iter().map(|step| vec![*step]).collect();
        Composite { ordered, steps, without: Vec::new(), within: Some(Span::seconds(seconds)), per: vec![Per::Attempt], at_least: 1 }
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

    #[test]
    fn what_is_denied_is_denied_on_its_side_and_within_the_window() {
        let without = |side: Side| Composite { without: vec![(side, vec![9])], ..composite(true, &[1, 2], 60) };
        let found = |side, all: &[(SymptomIx, i64)]| count(&without(side), &parts(all)).len();
        assert_eq!(found(Side::Between, &[(1, 0), (9, 1), (2, 2)]), 0);
        assert_eq!(found(Side::Between, &[(9, 0), (1, 1), (2, 2), (9, 3)]), 1);
        // A later beginning is free of what stands before it.
        assert_eq!(found(Side::Between, &[(1, 0), (9, 1), (1, 2), (2, 3)]), 1);
        assert_eq!((found(Side::Before, &[(9, 0), (1, 60), (2, 61)]), found(Side::Before, &[(9, 0), (1, 61), (2, 62)])), (0, 1));
        assert_eq!((found(Side::After, &[(1, 0), (2, 1), (9, 61)]), found(Side::After, &[(1, 0), (2, 1), (9, 62)])), (0, 1));
    }

    #[test]
    fn a_step_is_any_of_its_symptoms_and_without_a_window_the_rest_is_looked_at_once() {
        let mut sequence = composite(true, &[1, 2], 60);
        sequence.steps[0].push(7);
        assert_eq!(count(&sequence, &parts(&[(7, 0), (2, 1), (1, 2), (2, 3)])).len(), 2);
        sequence.within = None;
        let many: Vec<(SymptomIx, i64)> = (0..100_000).map(|second| (if second == 0 { 2 } else { 1 }, second)).collect();
        assert_eq!(count(&sequence, &parts(&many)).len(), 0);
    }
}
