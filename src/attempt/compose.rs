//! Symptoms of whole attempts: how a log ends, what is absent, whose attempt it is beside what its records show, several symptoms together.
//!
//! Such a symptom stands where the records stand that it asks for, and is then a match like any other; one about how a log ends stands at
//! the log's end.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Outcome;
use crate::rule::{AttemptCondition, Composite, RuleSet, SymptomIx, glob_matches};
use crate::scan::packed::{Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Ending, Match, Observation};
use crate::source::Kind;

use super::composite::{Part, occurrences};
use super::join::Joined;
use super::{Attempt, Role, Shown};

/// Adds to each attempt and its log the symptoms of whole attempts that hold of it, and takes out what was only a part of their conditions.
pub(super) fn evaluate(table: &mut Joined, rules: &RuleSet) {
    let mut added: BTreeSet<usize> = BTreeSet::new();
    for (index, symptom) in rules.named().iter().enumerate() {
        let Some(condition) = &symptom.attempt else { continue };
        // Of a log that was read in part it is not known what it shows, nor what is absent in it.
        let rows: Vec<(usize, usize)> = table.whole().filter(|(row, _)| !only_ends(&table.packed, &table.packed.rows[*row])).collect();
        let attempts: Vec<(usize, &Attempt)> = rows.iter().map(|(row, place)| (*row, &table.attempts[*place])).collect();
        let seen: Vec<(&Composite, BTreeMap<usize, Part>)> =
            condition.composites().into_iter().map(|composite| (composite, occurrences(composite, &attempts))).collect();
        let mut holding: Vec<(usize, Vec<At>)> = Vec::new();
        for (row, attempt) in attempts {
            let part_of =
                |wanted: &Composite| seen.iter().find(|(known, _)| *known == wanted).and_then(|(_, parts)| parts.get(&row).copied());
            holding.extend(holds(condition, &Asked::of(attempt), &part_of).map(|places| (row, places)));
        }
        // A packed row shows no symptom, so it is asked only for what needs none.
        if !needs_symptom(condition) {
            let packed = &table.packed;
            for (row, one) in packed.rows.iter().enumerate().filter(|(_, one)| one.whole().is_none() && !only_ends(packed, one)) {
                holding.extend(holds(condition, &Asked::of_row(packed, one), &|_| None).map(|places| (row, places)));
            }
        }
        for (row, places) in holding {
            let at = table.wake(row);
            if let (Some(attempt), Some(log)) = (table.attempts.get_mut(at), table.logs.get_mut(at)) {
                place(index, &places, attempt, log);
                added.insert(at);
            }
        }
    }
    for at in added {
        if let (Some(attempt), Some(log)) = (table.attempts.get_mut(at), table.logs.get_mut(at)) {
            hide(attempt, log, rules);
        }
    }
    if rules.named().len() < rules.symptoms.len() {
        table.attempts.iter_mut().for_each(|attempt| attempt.symptoms.retain(|shown| !rules.is_part(shown.symptom)));
        table.logs.iter_mut().for_each(|log| log.matches.retain(|found| !rules.is_part(found.symptom)));
    }
}

fn only_ends(packed: &Packed, row: &Row) -> bool {
    packed.manner(row).only_ends
}

/// What conditions ask of an attempt.
struct Asked<'a> {
    kind: Kind,
    outcome: Outcome,
    ending: Ending,
    has_log: bool,
    operator: Option<&'a str>,
    dag: Option<&'a str>,
    task: Option<&'a str>,
    symptoms: &'a [Shown],
}

impl<'a> Asked<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        Self {
            kind: attempt.kind,
            outcome: attempt.outcome,
            ending: attempt.ending,
            has_log: attempt.has_log,
            operator: attempt.operator.as_deref(),
            dag: attempt.task.dag_id.as_deref(),
            task: attempt.task.task_id.as_deref(),
            symptoms: &attempt.symptoms,
        }
    }

    fn of_row(packed: &'a Packed, row: &Row) -> Self {
        let manner = packed.manner(row);
        let text = |text: Option<Text>| text.map(|text| packed.texts.get(text));
        Self {
            kind: manner.kind,
            outcome: manner.verdict,
            ending: manner.ending,
            has_log: !manner.without_log,
            operator: text(manner.operator),
            dag: text(row.dag),
            task: text(row.task),
            symptoms: &[],
        }
    }

    /// Whether something can be missing in an attempt's log: there is one, and it is the attempt's own.
    fn has_log(&self) -> bool {
        self.has_log && self.kind == Kind::Task
    }
}

/// Whether a condition never holds of an attempt that shows no symptom.
fn needs_symptom(condition: &AttemptCondition) -> bool {
    match condition {
        AttemptCondition::Any(all) => all.iter().all(needs_symptom),
        AttemptCondition::All(all) => all.iter().any(needs_symptom),
        AttemptCondition::Symptom(_) | AttemptCondition::Composite(_) => true,
        _ => false,
    }
}

/// Where a symptom of a whole attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At each match of a symptom.
    Symptom(SymptomIx),
    /// At one match.
    Part(Part),
    /// At the end of the log, whatever else it asks for.
    End,
}

/// Whether a condition holds of an attempt, and at what.
fn holds(condition: &AttemptCondition, asked: &Asked<'_>, part_of: &dyn Fn(&Composite) -> Option<Part>) -> Option<Vec<At>> {
    let plain = |holds: bool| holds.then(Vec::new);
    match condition {
        AttemptCondition::Any(all) => all.iter().filter_map(|one| holds(one, asked, part_of)).reduce(|a, b| [a, b].concat()),
        AttemptCondition::All(all) => all.iter().try_fold(Vec::new(), |places, one| Some([places, holds(one, asked, part_of)?].concat())),
        AttemptCondition::Not(one) => plain(holds(one, asked, part_of).is_none()),
        AttemptCondition::Ending(ending) => (asked.has_log() && ending.name() == asked.ending.name()).then(|| vec![At::End]),
        AttemptCondition::Outcome(outcome) => plain(asked.outcome.name() == outcome),
        AttemptCondition::Operator(glob) => plain(matches(glob, asked.operator)),
        AttemptCondition::Dag(glob) => plain(matches(glob, asked.dag)),
        AttemptCondition::Task(glob) => plain(matches(glob, asked.task)),
        AttemptCondition::Kind(kind) => plain(asked.kind == *kind),
        AttemptCondition::Symptom(symptom) => {
            asked.symptoms.iter().any(|shown| shown.symptom == *symptom).then(|| vec![At::Symptom(*symptom)])
        }
        AttemptCondition::Absent(symptom) => {
            plain(asked.has_log() && !asked.symptoms.iter().any(|shown| shown.symptom == *symptom && shown.elsewhere.is_none()))
        }
        AttemptCondition::Composite(composite) => part_of(composite).map(|part| vec![At::Part(part)]),
    }
}

fn matches(glob: &str, name: Option<&str>) -> bool {
    name.is_some_and(|name| glob_matches(glob, name))
}

/// Adds a symptom at its places, or at the end of the log.
fn place(symptom: SymptomIx, places: &[At], attempt: &mut Attempt, log: &mut Observation) {
    let stands = |other: SymptomIx, line: u32| {
        places.iter().any(|at| match at {
            At::Symptom(one) => *one == other,
            At::Part(part) => part.symptom == other && part.line == line,
            At::End => false,
        })
    };
    let at_end = places.contains(&At::End);
    let shown: Vec<Shown> = attempt.symptoms.iter().filter(|shown| !at_end && stands(shown.symptom, shown.line)).cloned().collect();
    if shown.is_empty() {
        attempt.symptoms.push(Shown {
            symptom,
            line: log.lines.max(1),
            time: attempt.ended,
            role: Role::Contributing,
            endpoint: None,
            elsewhere: None,
        });
        return;
    }
    attempt.symptoms.extend(shown.into_iter().map(|shown| Shown { symptom, role: Role::Contributing, ..shown }));
    let found: Vec<Match> = log.matches.iter().filter(|found| stands(found.symptom, found.at_line)).cloned().collect();
    log.matches.extend(found.into_iter().map(|found| Match { symptom, ..found }));
    log.matches.sort_by_key(|found| found.line);
}

/// On the same record a specific symptom hides the generic ones, those of whole attempts too; and so it does at the log's end.
fn hide(attempt: &mut Attempt, log: &mut Observation, rules: &RuleSet) {
    let hides = |a: SymptomIx, b: SymptomIx| rules.symptoms.get(a).is_some_and(|symptom| symptom.specific_over.contains(&b));
    let of_attempt = |symptom: SymptomIx| rules.symptoms.get(symptom).is_some_and(|symptom| symptom.attempt.is_some());
    let with_record: BTreeSet<SymptomIx> = log.matches.iter().map(|found| found.symptom).collect();
    let at_end = |shown: &&Shown| shown.elsewhere.is_none() && of_attempt(shown.symptom) && !with_record.contains(&shown.symptom);
    let at_end: Vec<SymptomIx> = attempt.symptoms.iter().filter(at_end).map(|shown| shown.symptom).collect();
    // They stand in the order of lines, so those of one record stand together.
    let (mut hidden, mut left) = (BTreeSet::new(), Vec::new());
    for of_record in log.matches.chunk_by(|a, b| a.line == b.line) {
        for found in of_record {
            if of_record.iter().any(|other| hides(other.symptom, found.symptom)) {
                hidden.insert((found.symptom, found.at_line));
            } else {
                left.push(found.clone());
            }
        }
    }
    log.matches = left;
    attempt.symptoms.retain(|shown| {
        let hidden_at_end = at_end.contains(&shown.symptom) && at_end.iter().any(|other| hides(*other, shown.symptom));
        shown.elsewhere.is_some() || !(hidden_at_end || hidden.contains(&(shown.symptom, shown.line)))
    });
}
