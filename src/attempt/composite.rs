//! Sequences and sets: several symptoms in a time, in order or not, and what must not be seen beside them. They are looked for among
//! what shares the values that the rule names, so that lines of unrelated attempts are never joined unless it says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::rule::{Composite, Per, SymptomIx};
use crate::time::Timestamp;

use super::occurrence::{Record, count};
use super::{Attempt, Location, Shown};

/// Where an attempt takes part in an occurrence, and by which symptom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) symptom: SymptomIx,
    pub(super) line: u32,
}

/// A record that may be part of an occurrence, by its attempt, its line and, where it stands in another log, its place there.
type Key<'a> = (usize, u32, Option<&'a Location>);

/// When such records were written and what they show, in the order of attempts and lines.
type Found<'a> = BTreeMap<Key<'a>, (Option<Timestamp>, Vec<SymptomIx>)>;

/// The attempts that take part in enough occurrences of a composite, by their rows, each with its last match that does.
pub(super) fn occurrences(composite: &Composite, attempts: &[(usize, &Attempt)]) -> BTreeMap<usize, Part> {
    let of_one_log = composite.per.contains(&Per::Attempt);
    let asked = asked_for(composite);
    let mut partitions: BTreeMap<Vec<String>, Found<'_>> = BTreeMap::new();
    // A copy of a log would count everything twice.
    for (row, attempt) in attempts.iter().copied().filter(|(_, attempt)| of_one_log || attempt.copy_of.is_none()) {
        for shown in attempt.symptoms.iter().filter(|shown| asked.contains(&shown.symptom)) {
            let key: Option<Vec<String>> = composite.per.iter().map(|per| shared(*per, attempt, shown, row)).collect();
            let Some(key) = key else { continue };
            let record = partitions.entry(key).or_default().entry((row, shown.line, shown.elsewhere.as_deref())).or_default();
            record.0 = record.0.or(shown.time);
            record.1.push(shown.symptom);
        }
    }
    let mut taking_part: BTreeMap<usize, Part> = BTreeMap::new();
    for records in partitions.into_values() {
        let record = |((row, line, _), (time, symptoms))| Record { row, line, time, symptoms };
        let mut records: Vec<Record> = records.into_iter().map(record).collect();
        // One log is in the order of its lines; several are in the order of time.
        if !of_one_log {
            records.sort_by_key(|record| (record.time, record.row, record.line));
        }
        let found = count(composite, &records);
        if found.len() >= composite.at_least.max(1) {
            for (at, symptom) in found.into_iter().flatten() {
                taking_part.insert(records[at].row, Part { symptom, line: records[at].line });
            }
        }
    }
    taking_part
}

fn asked_for(composite: &Composite) -> BTreeSet<SymptomIx> {
    composite.steps.iter().chain(composite.without.iter().map(|(_, denied)| denied)).flatten().copied().collect()
}

/// The value of a match that others must share; `None` where it is not known.
fn shared(per: Per, attempt: &Attempt, shown: &Shown, row: usize) -> Option<String> {
    match per {
        Per::Attempt => Some(row.to_string()),
        Per::Task => attempt.task.dag_id.as_ref().zip(attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}")),
        Per::Dag => attempt.task.dag_id.as_deref().map(str::to_owned),
        Per::Host => attempt.host.as_deref().map(str::to_owned),
        Per::Endpoint => shown
            .endpoint
            .as_deref()
            .map(str::to_owned)
            .or_else(|| attempt.endpoints.iter().max_by_key(|(_, used)| used.last).map(|(endpoint, _)| endpoint.to_string())),
    }
}
