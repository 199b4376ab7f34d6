//! The report for a mailbox: a line that can be the subject, then the text in 76 columns, without colours.

use std::io::{self, Write};

use crate::diagnose::Diagnosis;
use crate::error::ProblemKind;
use crate::record::Outcome;
use crate::rule::Severity;

use super::{Paper, Report, escape, figures, text, words};

/// How many characters a subject has: with `Subject: ` in front it stays within the 78 that RFC 5322 wants of a line.
const SUBJECT_CHARS_MAX: usize = 69;

/// How many incidents a mail tells in full: it is read on a telephone, and leads to the page.
const FULL_INCIDENTS_MAX: usize = 3;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", subject(report))?;
    text::write_some(&Report { paper: Paper::MAIL, ..*report }, FULL_INCIDENTS_MAX, out)
}

/// How many incidents of which severity and the worst of them: of those that are new where some are and an earlier run is known. Then what else
/// somebody has to know: what is known, ignored, not read, not recorded, and settings that have expired.
fn subject(report: &Report<'_>) -> String {
    let known = report.known;
    let all: Vec<&Diagnosis> = words::told(report).into_iter().map(|(_, diagnosis)| diagnosis).collect();
    let new: Vec<&Diagnosis> = all.iter().copied().filter(|diagnosis| known.is_new(diagnosis) == Some(true)).collect();
    let (told, word) = if new.is_empty() { (all, "") } else { (new, " new") };
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = severities.map(|severity| (told.iter().filter(|diagnosis| diagnosis.severity == severity).count(), severity.name()));
    let mut parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{}{word} {name}", figures::number(*n as u64))).collect();
    let others = report.diagnosed.diagnoses.len() - told.len();
    if parts.is_empty() {
        parts.push(nothing(report, others).to_owned());
    }
    let lost = report.problems.iter().filter(|problem| problem.kind.is_unread()).count();
    let expired = known.expired().count();
    let settings = if expired == 1 { "setting expired" } else { "settings expired" };
    let unknown = report.attempts.iter().filter(|attempt| attempt.is_task() && attempt.outcome() == Outcome::Unknown).count();
    let more =
        [(others, "known"), (known.ignored.len(), "ignored"), (unknown, "of unknown outcome"), (lost, "not read"), (expired, settings)];
    parts.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{} {name}", figures::number(*n as u64))));
    if report.problems.iter().any(|problem| problem.kind == ProblemKind::State) {
        parts.push("not recorded".to_owned());
    }
    let worst = told.first().map(|diagnosis| format!(": {}", report.mask.apply(&diagnosis.title))).unwrap_or_default();
    let subject = escape::terminal(&format!("dagnosis: {}{worst}", parts.join(", "))).into_owned();
    // A header holds ASCII alone, unless whoever sends the mail encodes it.
    let subject: String = subject.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    if subject.len() <= SUBJECT_CHARS_MAX { subject } else { format!("{}...", &subject[..SUBJECT_CHARS_MAX - 3]) }
}

/// What to say where nothing is told, so that nobody takes it for an all-clear that it is not.
fn nothing(report: &Report<'_>, others: usize) -> &'static str {
    if others > 0 {
        return "nothing new";
    }
    if report.attempts.is_empty() || report.stats.bytes == 0 {
        return "no log was read";
    }
    match report.attempts.iter().any(|attempt| attempt.is_task()) {
        true if report.known.ignored.is_empty() => "no failure found",
        true => "no other failure found",
        false => "no task's log was read",
    }
}
