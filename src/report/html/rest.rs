//! The end of the page: what was not read or not understood.

use maud::{Markup, html};

use crate::attempt::AttemptRef;

use super::super::{figures, words};
use super::incident::and_more;
use super::page::Page;

/// How many are named of one kind.
const NAMES_MAX: usize = 100;

/// From so many on a list folds out.
const OPEN_MAX: usize = 5;

/// What was not read or not understood.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let report = page.report;
    let [unknown, unassigned] = report.not_understood();
    if report.problems.is_empty() && unknown.is_empty() && unassigned.is_empty() {
        return html! {};
    }
    html! {
        section #not-read aria-labelledby="not-read-name" {
            h2 #not-read-name { "Not read or not understood" }
            @for (kind, group) in report.problems_by_kind() {
                @let lines: Vec<Markup> = group.iter().take(NAMES_MAX).map(|problem| html! {
                    span.place { (page.safe(&words::problem_name(problem))) } ": " (page.safe(&problem.says))
                }).collect();
                (list(&format!("{} {}", figures::number(group.len() as u64), words::problem_kind(kind)), &lines, group.len()))
            }
            (attempts(page, words::UNKNOWN_OUTCOME, &unknown))
            (attempts(page, words::UNASSIGNED, &unassigned))
        }
    }
}

/// Attempts of which something is not known.
fn attempts(page: &Page<'_>, what: &str, attempts: &[AttemptRef<'_>]) -> Markup {
    let lines: Vec<Markup> = attempts
        .iter()
        .take(NAMES_MAX)
        .map(|attempt| html! { span.place { (page.safe(&words::log_name(*attempt))) } (page.safe(&words::last_seen(*attempt))) })
        .collect();
    html! { @if !attempts.is_empty() { (list(&format!("{} {what}", figures::count(attempts.len() as u64, "attempt")), &lines, attempts.len())) } }
}

fn list(name: &str, lines: &[Markup], all: usize) -> Markup {
    let items = html! {
        ul.places { @for line in lines { li { (line) } } }
        (and_more(all, lines.len()))
    };
    html! {
        @if all > OPEN_MAX { details { summary { (name) } (items) } }
        @else { h3 { (name) } (items) }
    }
}
