//! The report for a mailbox: a line that can be the subject, then the text in 76 columns, without colours.

use std::io::{self, Write};

use crate::rule::Severity;

use super::{Paper, Report, escape, figures, known, text, words};

/// How many characters a subject has: with `Subject: ` in front it stays within the 78 that RFC 5322 wants of a line.
const SUBJECT_CHARS_MAX: usize = 69;

/// How many incidents a mail tells in full: it is read on a telephone, and leads to the page.
const FULL_INCIDENTS_MAX: usize = 3;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", subject(report))?;
    text::write_some(&Report { paper: Paper::MAIL, ..*report }, FULL_INCIDENTS_MAX, out)
}

/// How many incidents of which severity, what could not be read, and the worst of what is new.
fn subject(report: &Report<'_>) -> String {
    let told = words::told(report);
    let mut parts: Vec<String> = known::news(report).into_iter().collect();
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info] {
        let count = told.iter().filter(|(_, diagnosis)| diagnosis.severity == severity).count();
        if count > 0 {
            parts.push(format!("{} {}", figures::number(count as u64), severity.name()));
        }
    }
    if parts.is_empty() {
        parts.push(if report.attempts.is_empty() { "no log was read" } else { "no failure found" }.to_owned());
    }
    let lost = report.problems.iter().filter(|problem| problem.kind.is_unread()).count() as u64;
    if lost > 0 {
        parts.push(format!("{} not read", figures::number(lost)));
    }
    let worst = told.first().map(|(_, diagnosis)| format!(": {}", report.mask.apply(&diagnosis.title))).unwrap_or_default();
    let subject = escape::terminal(&format!("dagnosis: {}{worst}", parts.join(", "))).into_owned();
    // A header holds ASCII alone, unless whoever sends the mail encodes it.
    let subject: String = subject.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    if subject.len() <= SUBJECT_CHARS_MAX { subject } else { format!("{}...", &subject[..SUBJECT_CHARS_MAX - 3]) }
}
