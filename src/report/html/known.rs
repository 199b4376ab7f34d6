//! What earlier runs and the settings say of the incidents of this one.

use maud::{Markup, html};

use super::super::known;
use super::page::Page;
use crate::diagnose::Diagnosis;

/// The lines about it at the head of the page.
pub(super) fn head(page: &Page<'_>) -> Markup {
    html! {
        @for line in known::head(page.report) { p.read { (page.safe(&line)) } }
    }
}

/// Whether an incident is new, behind its title.
pub(super) fn mark(page: &Page<'_>, diagnosis: &Diagnosis) -> Markup {
    let mark = known::mark(page.report, diagnosis);
    html! {
        @if !mark.is_empty() { span.mark { (mark) } }
    }
}

/// What is no incident of this run any more, or is ignored.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let report = page.report;
    let lists = [
        ("resolved", "Resolved since the last run", known::resolved(report)),
        ("ignored", "Ignored", known::shown(report)),
        ("settings", "Remarks on the settings", known::remarks(report)),
    ];
    html! {
        @for (anchor, name, lines) in lists.iter().filter(|(_, _, lines)| !lines.is_empty()) {
            section.known id=(anchor) aria-labelledby=(format!("{anchor}-name")) {
                h2 id=(format!("{anchor}-name")) { (name) }
                ul { @for line in lines { li { (page.safe(line)) } } }
            }
        }
    }
}
