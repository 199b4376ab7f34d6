//! The words on what was known before: the settings, what they ignore, and what is new since the baseline.

use crate::diagnose::Diagnosis;
use crate::known::{Entry, Ignored};

use super::figures::{abridged, count, number};
use super::{Report, wire, words};

/// How many entries are named where all are counted.
const ENTRIES_MAX: usize = 3;

/// What the head of a report says of it, a paragraph each.
pub(super) fn head(report: &Report<'_>) -> Vec<String> {
    let known = report.known;
    let mut lines = Vec::new();
    if let Some(settings) = &known.settings {
        lines.push(format!("Settings of {settings} are used; --no-config does without."));
    }
    if let Some(baseline) = &known.baseline {
        let diagnoses = &report.diagnosed.diagnoses;
        let new = diagnoses.iter().filter(|diagnosis| known.is_new(diagnosis) == Some(true)).count();
        let (is, gone) = (if new == 1 { "is" } else { "are" }, known.gone());
        let gone = if gone > 0 { format!(", {} of it gone", number(gone as u64)) } else { String::new() };
        let old = number((diagnoses.len() - new) as u64);
        lines.push(format!("Against {}: {} {is} new, {old} known{gone}.", baseline.file, count(new as u64, "incident")));
    }
    lines.extend(ignored(report));
    lines
}

/// How many incidents are ignored, and why. `None` where none is.
pub(super) fn ignored(report: &Report<'_>) -> Option<String> {
    let known = report.known;
    let mut why: Vec<String> = Vec::new();
    for entry in known.ignored.iter().filter_map(|ignored| known.entry(ignored)) {
        let reason = reason(entry);
        if !why.contains(&reason) {
            why.push(reason);
        }
    }
    let all = count(known.ignored.len() as u64, "incident");
    (!known.ignored.is_empty()).then(|| format!("{all} ignored: {}.", abridged(&why, ENTRIES_MAX)))
}

/// Remarks on the entries: those that ignore nothing.
pub(super) fn remarks(report: &Report<'_>) -> Vec<String> {
    let says = |entry: &Entry| {
        let (file, line) = (&entry.file, entry.line);
        if entry.expired.is_some() {
            return format!("{file}:{line}: ignores nothing any more: {}", reason(entry));
        }
        format!("{file}:{line}: no incident matches this entry ({}); remove it if what it ignores is mended", reason(entry))
    };
    let known = report.known;
    known.unused().chain(known.expired()).map(says).collect()
}

/// Each incident that is ignored, where they are asked for: what it is, and why.
pub(super) fn shown(report: &Report<'_>) -> Vec<String> {
    let known = report.known;
    let says = |ignored: &Ignored| {
        let diagnosis = &ignored.diagnosis;
        let entry = known.entry(ignored)?;
        let cause = words::best(diagnosis, report.rules).map(|(_, cause)| format!("; {}", cause.title.trim_end_matches('.')));
        let logs = count(diagnosis.incident.attempts.len() as u64, "log");
        Some(format!(
            "{} ({}, {}, {logs}{}): {}, {}:{}",
            diagnosis.title,
            diagnosis.id,
            diagnosis.severity.name(),
            cause.unwrap_or_default(),
            reason(entry),
            entry.file,
            entry.line
        ))
    };
    if known.show_ignored { known.ignored.iter().filter_map(says).collect() } else { Vec::new() }
}

/// ` (new)` or ` (known)` behind an incident's title, where an earlier run is known.
pub(super) fn mark(report: &Report<'_>, diagnosis: &Diagnosis) -> &'static str {
    match report.known.is_new(diagnosis) {
        Some(true) => " (new)",
        Some(false) => " (known)",
        None => "",
    }
}

/// Why, whose, until when.
pub(super) fn reason(entry: &Entry) -> String {
    let owner = entry.owner.iter().map(|owner| format!("owner {owner}"));
    let until = entry.expires.iter().map(|last| format!("until {last}"));
    let more: Vec<String> = owner.chain(until).collect();
    let reason = entry.reason.trim().trim_end_matches('.');
    if more.is_empty() { reason.to_owned() } else { format!("{reason} ({})", more.join(", ")) }
}

/// An entry for machines.
pub(super) fn entry<'r>(report: &'r Report<'r>, entry: &'r Entry) -> wire::Entry<'r> {
    let text = |text: &'r str| report.mask.apply(text);
    wire::Entry {
        file: text(&entry.file),
        line: entry.line,
        reason: text(&entry.reason),
        owner: entry.owner.as_deref().map(text),
        expires: entry.expires.map(|last| last.to_string()),
    }
}
