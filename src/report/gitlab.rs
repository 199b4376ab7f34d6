//! The report as GitLab's code quality report: a list of issues, one for each incident.

use std::io::{self, Write};

use serde_json::json;

use crate::rule::Severity;

use super::{Report, escape, findings, json_safe};

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let issues = findings::all(report).map(|finding| {
        let place = finding.place();
        let path = place.as_ref().map(|place| finding.path(place)).unwrap_or_default();
        let best = finding.lines().into_iter().find(|line| line.starts_with("Why: ")).unwrap_or_default();
        // GitLab takes a path from the root of the repository only without a dot before it.
        let path = path.strip_prefix("./").unwrap_or(&path);
        json!({
            "type": "issue",
            "categories": ["Bug Risk"],
            "description": format!("{}. {best}", finding.title()),
            "content": { "body": finding.lines().join("\n") },
            "check_name": finding.rule(),
            "fingerprint": finding.diagnosis.id,
            "severity": severity(finding.severity()),
            "location": { "path": escape::terminal(path), "lines": { "begin": place.map_or(1, |place| place.line.max(1)) } },
        })
    });
    json_safe::write(&issues.collect::<Vec<_>>(), out)
}

/// GitLab's word for a severity.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
