//! The report as SARIF 2.1.0, which code scanning and editors read: a result for each incident, a rule for each symptom that one shows.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::attempt::Location;
use crate::known::Status;

use super::findings::{self, Finding, Level, UNRECOGNISED};
use super::{Report, escape, figures, json_safe, known, words};

/// How many causes a rule's help names.
const CAUSES_MAX: usize = 8;

/// How many places besides the first are told of a result.
const RELATED_MAX: usize = 10;

/// How many problems stand among the notifications.
const PROBLEMS_MAX: usize = 1000;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, Finding<'_>> = BTreeMap::new();
    let mut found: Vec<Finding<'_>> = findings::all(report).collect();
    let (told, known) = (found.len(), report.known);
    // A viewer that knows no suppressions would show them as failures: they stand here only where they are asked for.
    let shown = known.ignored.iter().filter(|_| known.show_ignored);
    found.extend(shown.map(|ignored| Finding { report, diagnosis: &ignored.diagnosis }));
    for finding in &found {
        // Of those that share a rule the worst comes first, and tells how loud the rule is.
        rules.entry(finding.rule()).or_insert(*finding);
    }
    let index = |id: &str| rules.keys().position(|rule| *rule == id).unwrap_or_default();
    let mut results: Vec<Value> = found.iter().map(|finding| result(finding, index(finding.rule()))).collect();
    let suppresses = results.len() > told;
    for (at, result) in results.iter_mut().enumerate() {
        let Some(result) = result.as_object_mut() else { continue };
        if suppresses {
            let entry = at.checked_sub(told).and_then(|at| known.entry(known.ignored.get(at)?));
            let suppression = |entry| {
                let why = escape::sarif(&findings::safe(report, &known::reason(entry)));
                json!({ "kind": "external", "status": "accepted", "justification": why })
            };
            result.insert("suppressions".to_owned(), Value::Array(entry.map(suppression).into_iter().collect()));
        }
        if let Some(status) = found.get(at).and_then(|finding| known.status(finding.diagnosis)) {
            result.insert("baselineState".to_owned(), json!(baseline_state(status)));
        }
    }
    let lost = report.problems.iter().any(|problem| problem.kind.is_loss());
    let notes: Vec<Value> = report
        .problems
        .iter()
        .take(PROBLEMS_MAX)
        .map(|problem| {
            let level = if problem.kind.is_loss() { "error" } else { "note" };
            let says = findings::safe(report, &format!("{}: {}", words::problem_name(problem), problem.says));
            json!({ "descriptor": { "id": problem.kind.name() }, "level": level, "message": { "text": escape::sarif(&says) } })
        })
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
                "rules": rules.values().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": !lost, "toolExecutionNotifications": notes }],
            "results": results,
        }],
    });
    json_safe::write(&log, out)
}

/// What SARIF calls a status. Of what is resolved it says that it is not there any more, though old logs still show it.
fn baseline_state(status: Status) -> &'static str {
    match status {
        Status::New | Status::Regressed => "new",
        Status::Recurring => "unchanged",
        Status::Resolved => "absent",
    }
}

/// A rule, told by the symptom of a finding.
fn rule(finding: &Finding<'_>) -> Value {
    let report = finding.report;
    let symptom = finding.diagnosis.incident.symptom.and_then(|symptom| report.rules.symptoms.get(symptom));
    let causes = symptom.iter().flat_map(|symptom| &symptom.causes).filter_map(|cause| report.rules.causes.get(*cause));
    let causes: Vec<_> = causes.collect();
    let title = symptom.map_or("A failure that no rule knows", |symptom| symptom.title.as_str());
    let more = match symptom {
        Some(symptom) => format!("dagnosis explain {} tells more.", symptom.id),
        None => "dagnosis rules new --from LOG:LINE begins a rule for it.".to_owned(),
    };
    let told = causes.iter().take(CAUSES_MAX);
    let plain: String = told.clone().map(|cause| format!("- {}: {}\n", cause.title.trim_end_matches('.'), cause.what)).collect();
    let marked: String = told
        .map(|cause| format!("- **{}**: {}\n", escape::markdown(cause.title.trim_end_matches('.')), escape::markdown(&cause.what)))
        .collect();
    let may = if causes.is_empty() { "" } else { "\nWhat may cause it, most plausible first:\n" };
    let mut rule = json!({
        "id": finding.rule(),
        "name": pascal(finding.rule()),
        "shortDescription": { "text": findings::safe(report, title) },
        "fullDescription": { "text": findings::safe(report, title) },
        "help": {
            "text": report.mask.apply(&format!("{title}\n{may}{plain}\n{more}")).split('\n').map(escape::terminal).collect::<Vec<_>>().join("\n"),
            "markdown": report.mask.apply(&format!("{}\n{may}\n{marked}\n{}", escape::markdown(title), escape::markdown(&more))),
        },
        "defaultConfiguration": { "level": level(finding.level()) },
        "properties": { "tags": ["airflow", findings::safe(report, &finding.diagnosis.category)] },
    });
    // Only what is a whole address is one to a viewer.
    let is_address = |text: &&String| {
        text.starts_with("https://") && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte))
    };
    if let Some(address) = causes.iter().flat_map(|cause| &cause.references).find(is_address)
        && let Some(rule) = rule.as_object_mut()
    {
        rule.insert("helpUri".to_owned(), json!(address));
    }
    rule
}

/// An incident.
fn result(finding: &Finding<'_>, rule_index: usize) -> Value {
    let (report, diagnosis) = (finding.report, finding.diagnosis);
    let text = |text: &str| findings::safe(report, text);
    let place = finding.place();
    let excerpt =
        |place: &Location| diagnosis.examples.iter().find(|example| example.location == *place).map(|example| example.excerpt.as_str());
    let mut first: Vec<Value> = place.iter().map(|place| location(finding, place, excerpt(place))).collect();
    let names: Vec<Value> =
        diagnosis.incident.scope.tasks.iter().map(|task| json!({ "fullyQualifiedName": text(task), "kind": "module" })).collect();
    if let Some(first) = first.first_mut().and_then(Value::as_object_mut).filter(|_| !names.is_empty()) {
        first.insert("logicalLocations".to_owned(), Value::Array(names));
    }
    let others =
        diagnosis.examples.iter().map(|example| &example.location).filter(|other| Some(*other) != place.as_ref() && other.line > 0);
    let related: Vec<Value> = others.take(RELATED_MAX).map(|other| location(finding, other, excerpt(other))).collect();
    let lines: Vec<String> = std::iter::once(finding.title()).chain(finding.lines()).collect();
    let causes: Vec<Value> = diagnosis
        .causes
        .iter()
        .filter_map(|ranked| Some((report.rules.causes.get(ranked.cause)?, ranked.probability)))
        .map(|(cause, probability)| json!({ "id": cause.id, "probability": (probability * 1000.0).round() / 1000.0 }))
        .collect();
    json!({
        "ruleId": finding.rule(),
        "ruleIndex": rule_index,
        "kind": "fail",
        "level": level(finding.level()),
        "message": { "text": escape::sarif(&lines.join("\n")) },
        "locations": first,
        "relatedLocations": related,
        "partialFingerprints": { "dagnosisIncident/v1": diagnosis.id },
        "occurrenceCount": diagnosis.incident.attempts.len().max(1),
        "properties": {
            "severity": diagnosis.severity.name(),
            "urgency": diagnosis.urgency.when.name(),
            "owner": diagnosis.owner.name(),
            "confidence": diagnosis.confidence.name(),
            "causes": causes,
            "retryHelps": diagnosis.retry.helps.name(),
            "retrySafe": diagnosis.retry.safe.name(),
        },
    })
}

/// A line of a log.
fn location(finding: &Finding<'_>, place: &Location, excerpt: Option<&str>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": escape::uri(&finding.path(place)) } });
    // Lines are counted from 1: what is seen in none is seen in the file.
    if let Some(physical) = physical.as_object_mut().filter(|_| place.line > 0) {
        let snippet = excerpt.map(|excerpt| findings::safe(finding.report, &figures::shortened(excerpt.trim(), 400)));
        let region = match snippet.filter(|text| !text.is_empty()) {
            Some(text) => json!({ "startLine": place.line, "snippet": { "text": text } }),
            None => json!({ "startLine": place.line }),
        };
        physical.insert("region".to_owned(), region);
    }
    json!({ "physicalLocation": physical })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// `connection-reset` as `ConnectionReset`, as viewers show names of rules.
fn pascal(id: &str) -> String {
    let capital = |part: &str| part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)).collect::<String>();
    let name: String = id.split(|c: char| !c.is_ascii_alphanumeric()).map(capital).collect();
    if name.is_empty() { capital(UNRECOGNISED) } else { name }
}
