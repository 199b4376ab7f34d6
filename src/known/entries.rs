//! The entries of the key `ignore`: which incidents each stands for, why, and until when.

use serde::Deserialize;

use crate::attempt::{AttemptRef, Attempts};
use crate::diagnose::Diagnosis;
use crate::error::Error;
use crate::rule::{CauseIx, Document, Faults, RuleSet, SymptomIx, glob_matches};
use crate::time::Date;

/// Where the entries stand.
const KEY: &str = "ignore";

/// An entry as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    incident: Option<String>,
    symptom: Option<String>,
    cause: Option<String>,
    dag: Option<String>,
    task: Option<String>,
    reason: String,
    owner: Option<String>,
    expires: Option<String>,
}

/// A failure that is known: what it is, and why it is ignored.
#[derive(Debug)]
pub struct Entry {
    /// The file it stands in.
    pub file: String,
    /// The line it begins in, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
    /// Who sees to it.
    pub owner: Option<String>,
    /// The last day on which it counts.
    pub expires: Option<Date>,
    /// Where that day is over: what to say of it, with its place.
    pub expired: Option<String>,
    /// How many incidents it matches.
    pub(super) met: usize,
    incident: Option<String>,
    symptom: Option<SymptomIx>,
    cause: Option<CauseIx>,
    dag: Option<String>,
    task: Option<String>,
}

impl Entry {
    /// Whether an incident is one that all keys of the entry mean.
    pub(super) fn matches(&self, diagnosis: &Diagnosis, attempts: &Attempts) -> bool {
        let rows = &diagnosis.incident.attempts;
        let all = |is_theirs: &dyn Fn(AttemptRef<'_>) -> bool| rows.iter().all(|row| attempts.get(*row).is_some_and(is_theirs));
        let is_dag = |glob: &str| all(&|attempt| attempt.dag_id().is_some_and(|dag| glob_matches(glob, dag)));
        let is_task = |glob: &str| {
            all(&|attempt| {
                let whole = || format!("{}.{}", attempt.dag_id().unwrap_or_default(), attempt.task_id().unwrap_or_default());
                attempt.task_id().is_some_and(|task| glob_matches(glob, task) || glob_matches(glob, &whole()))
            })
        };
        self.incident.as_ref().is_none_or(|id| *id == diagnosis.id)
            && self.symptom.is_none_or(|symptom| diagnosis.incident.symptom == Some(symptom))
            && self.cause.is_none_or(|cause| diagnosis.causes.first().is_some_and(|ranked| ranked.cause == cause))
            && self.dag.as_deref().is_none_or(is_dag)
            && self.task.as_deref().is_none_or(is_task)
    }
}

/// Reads the entries.
pub(super) fn read(document: &Document, rules: &RuleSet, today: Date) -> Result<Vec<Entry>, Error> {
    let mut faults = Faults::default();
    let sources: Vec<Source> = document.list(KEY, &mut faults).unwrap_or_default();
    let entries =
        sources.into_iter().enumerate().map(|(index, source)| entry(document, index, source, rules, today, &mut faults)).collect();
    document.check(faults)?;
    Ok(entries)
}

fn entry(document: &Document, index: usize, source: Source, rules: &RuleSet, today: Date, faults: &mut Faults) -> Entry {
    let Source { incident, symptom, cause, dag, task, reason, owner, expires } = source;
    let span = |field: &str| document.span_in(KEY, index, Some(field));
    let whole = document.span_in(KEY, index, None);
    let keys = [("incident", &incident), ("symptom", &symptom), ("cause", &cause), ("dag", &dag), ("task", &task)];
    if keys.iter().all(|(_, value)| value.is_none()) {
        faults.add(
            "ignore",
            &whole,
            "this entry names no incident",
            "add at least one of incident, symptom, cause, dag, task; to match, all must",
        );
    }
    for (key, _) in keys.iter().filter(|(_, value)| value.as_ref().is_some_and(String::is_empty)) {
        faults.add(
            "ignore",
            &span(key),
            format!("`{key}` is empty and matches nothing"),
            "remove it, or write what is meant; * is any text",
        );
    }
    if reason.trim().is_empty() {
        faults.add("ignore", &span("reason"), "no reason is given", "say why it may be ignored, and where it is being mended");
    }
    if let Some(id) = incident.as_ref().filter(|id| !id.is_empty() && !is_incident(id)) {
        let says = format!("`{}` is no id of an incident", id.chars().take(60).collect::<String>());
        faults.add(
            "ignore",
            &span("incident"),
            says,
            "copy it from a report: -f markdown ends each incident with it, -f json has it as `id`",
        );
    }
    let mut missing = |kind: &str, id: &str| {
        let near: Vec<String> = rules.nearest(id).into_iter().map(|near| format!("`{near}`")).collect();
        let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(" or ")) };
        let remedy = format!("{meant}dagnosis rules list names all");
        faults.add("dead-reference", &span(kind), format!("there is no {kind} `{id}`"), remedy);
    };
    let filled = |id: &&String| !id.is_empty();
    let symptom_ix = symptom.as_ref().filter(filled).and_then(|id| {
        rules.symptom(id).or_else(|| {
            missing("symptom", id);
            None
        })
    });
    let cause_ix = cause.as_ref().filter(filled).and_then(|id| {
        rules.cause(id).or_else(|| {
            missing("cause", id);
            None
        })
    });
    let last = expires.as_ref().and_then(|text| {
        let date = Date::parse(text);
        if date.is_none() {
            let says = format!("`{}` is no date", text.chars().take(60).collect::<String>());
            faults.add("ignore", &span("expires"), says, "write the last day on which the entry counts, such as 2026-12-31");
        }
        date
    });
    let expired = last.filter(|last| *last < today).map(|last| {
        let says = format!("this entry counted up to {last}, and today is {today}");
        let remedy = format!("mend what it ignores ({reason}) and remove it, or give it a later date; until then it ignores nothing");
        document.tell("expired", &span("expires"), says, remedy)
    });
    Entry {
        file: document.name().to_owned(),
        line: document.line(&whole),
        reason,
        owner,
        expires: last,
        expired,
        met: 0,
        incident,
        symptom: symptom_ix,
        cause: cause_ix,
        dag,
        task,
    }
}

/// Sixteen digits of base 16, with a number behind them where several incidents look the same.
fn is_incident(id: &str) -> bool {
    let (hash, number) = id.split_once('-').unwrap_or((id, "2"));
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
