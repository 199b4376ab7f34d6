//! The words on what was known before: the settings, what they ignore, what is new since the baseline, and what the state knows.

use crate::diagnose::Diagnosis;
use crate::known::{Entry, History, Ignored, Status};
use crate::scan::TakenOver;

use super::figures::{abridged, bytes, count, number};
use super::{Report, wire, words};

/// How many entries are named where all are counted.
const ENTRIES_MAX: usize = 3;

/// How many incidents that are resolved are named.
const RESOLVED_MAX: usize = 20;

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
    lines.extend(known.history.iter().flat_map(since));
    lines.extend(report.stats.taken_over.filter(|known| known.files > 0).map(|known| taken_over(report, known)));
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

/// ` (new)`, ` (known)` and the like behind an incident's title, where an earlier run is known.
pub(super) fn mark(report: &Report<'_>, diagnosis: &Diagnosis) -> String {
    let new = report.known.past(diagnosis).map(|past| count(past.new_occurrences, "new failure"));
    if let Some(was) = report.known.past(diagnosis).and_then(|past| past.was_less) {
        return format!(" (worse: was {}, {})", was.name(), new.unwrap_or_default());
    }
    match (report.known.status(diagnosis), new) {
        (Some(Status::New), _) => " (new)".to_owned(),
        (Some(Status::Resolved), _) => " (resolved)".to_owned(),
        (Some(Status::Regressed), new) => format!(" (regressed: {})", new.unwrap_or_default()),
        (Some(Status::Recurring), Some(_)) if report.known.past(diagnosis).is_some_and(|past| past.new_occurrences == 0) => {
            " (known, nothing new)".to_owned()
        }
        (Some(Status::Recurring), Some(new)) => format!(" (recurring: {new})"),
        (Some(Status::Recurring), None) => " (known)".to_owned(),
        (None, _) => String::new(),
    }
}

/// How many incidents the state calls what, and which runs it has not seen told.
fn since(history: &History) -> Vec<String> {
    let [(new, _), (regressed, _), (recurring, failures)] =
        [Status::New, Status::Regressed, Status::Recurring].map(|status| history.count(status));
    let parts = [
        (new, "new".to_owned()),
        (regressed, "regressed".to_owned()),
        (recurring, format!("recurring ({})", count(failures, "new failure"))),
        (history.resolved.len(), "resolved".to_owned()),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, says)| format!("{} {says}", number(*n as u64))).collect();
    let parts = if parts.is_empty() { "no incident, and none resolved".to_owned() } else { parts.join(", ") };
    let begin = match history.last_run {
        Some(last) => format!("Since the last run ({} UTC)", last.minute()),
        None => format!("The first run over these logs that {} knows", history.file),
    };
    let says = format!("{begin}: {parts}.");
    let untold = history.untold.iter().map(|at| {
        let at = at.minute();
        format!("The run of {at} UTC was recorded but its report was not finished; what was new then is told again.")
    });
    std::iter::once(says).chain(untold).collect()
}

/// How much was not read again.
fn taken_over(report: &Report<'_>, known: TakenOver) -> String {
    let (files, all) = (number(known.files), count(report.stats.files, "file"));
    let (not_read, of) = (bytes(known.bytes), bytes(report.stats.bytes));
    format!("{files} of {all} known from earlier runs: {not_read} of {of} were not read again.")
}

/// What is known and brought no new failure, a line each.
pub(super) fn quiet(report: &Report<'_>) -> Vec<String> {
    let known = report.known;
    let says = |(at, diagnosis): (usize, &Diagnosis)| {
        let past = known.past(diagnosis).filter(|_| known.is_quiet(diagnosis))?;
        let since = past.first_seen.map(|at| format!(" since {} UTC", at.minute())).unwrap_or_default();
        let now = if past.status == Status::Resolved { "; resolved" } else { "" };
        let failures = count(past.occurrences, "failure");
        Some(format!("{}. {}: {} ({}: {failures}{since}{now})", at + 1, diagnosis.severity.name(), diagnosis.title, past.id))
    };
    let mut lines: Vec<String> = report.diagnosed.diagnoses.iter().enumerate().filter_map(says).collect();
    if !lines.is_empty() {
        lines.push("--show-known tells these in full.".to_owned());
    }
    lines
}

/// What is resolved since the last run, a line each.
pub(super) fn resolved(report: &Report<'_>) -> Vec<String> {
    let Some(history) = &report.known.history else { return Vec::new() };
    let says = |resolved: &crate::known::Resolved| {
        let why = if resolved.has_succeeded { "its tasks have succeeded since" } else { "it is in no log any more" };
        let last = resolved.last_seen.map(|at| format!("; last seen {} UTC", at.minute())).unwrap_or_default();
        format!("{} ({}): {why}{last}", resolved.title, resolved.id)
    };
    let mut lines: Vec<String> = history.resolved.iter().take(RESOLVED_MAX).map(says).collect();
    if let more @ 1.. = history.resolved.len().saturating_sub(RESOLVED_MAX) {
        lines.push(format!("and {} more", number(more as u64)));
    }
    lines
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
