//! The first screen: the verdict over all, and of each incident what broke, why and how sure that is, whose it is, and what to do first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::diagnose::{Diagnosis, When};
use crate::rule::Owner;

use super::super::{figures, hints, totals::Totals, words};
use super::page::{self, Page};
use super::{known, timeline};

/// How many incidents the table shows at once; the others fold out.
const ROWS_MAX: usize = 25;

/// How many characters of a title, and of a first step, a row has room for.
const TITLE_CHARS_MAX: usize = 160;
const STEP_CHARS_MAX: usize = 180;

/// How much shorter a row is in the table of the many that are not told in full.
const SHORT_CHARS_MAX: usize = 110;

/// From so many incidents on there is a table of them: one stands on the first screen itself.
const TABLE_MIN: usize = 2;

/// The verdict over the whole run, and what was read.
pub(super) fn head(page: &Page<'_>, totals: &Totals) -> Markup {
    let report = page.report;
    let lost = report.problems.iter().filter(|problem| problem.kind.is_loss()).count() as u64;
    let diagnoses = &report.diagnosed.diagnoses;
    let chart = timeline::overall(page);
    html! {
        header class=(if chart.is_some() { "with-chart" } else { "" }) {
            div {
                h1 { "Why tasks failed" }
                p.verdict { (words::verdict(report, totals)) }
                @if diagnoses.len() >= TABLE_MIN { p.owners { b { "Whose: " } (by_owner(diagnoses)) } }
                p.read { (words::read(report, totals)) }
                @if let Some(quick) = words::quick(report) { p.warn { (quick) } }
                (known::head(page))
                @if lost > 0 {
                    p.warn {
                        a href="#not-read" { (figures::count(lost, "input")) " could not be read in full" }
                        "."
                    }
                }
                @for says in hints::next_steps(report, totals) { p { (page.safe(&says)) } }
            }
            @if let Some(chart) = chart { (chart) }
        }
    }
}

/// A row for each incident that is told in full, those that cannot wait first.
pub(super) fn table(page: &Page<'_>, told: usize) -> Markup {
    let diagnoses = &page.report.diagnosed.diagnoses;
    if diagnoses.len() < TABLE_MIN {
        return html! {};
    }
    let mut all: Vec<(usize, &Diagnosis)> = diagnoses.iter().enumerate().take(told).collect();
    all.sort_by_key(|(at, diagnosis)| (Reverse(diagnosis.urgency.when), *at));
    let (first, more) = all.split_at(if all.len() > ROWS_MAX + 1 { ROWS_MAX } else { all.len() });
    let left = diagnoses.len() - told;
    html! {
        section #overview aria-labelledby="overview-name" {
            h2 #overview-name { "What broke" }
            (rows(page, first))
            @if !more.is_empty() {
                details {
                    summary { (figures::count(more.len() as u64, "incident")) " more, each told in full below" }
                    (rows(page, more))
                }
            }
            @if left > 0 {
                p { a href="#more" { (figures::count(left as u64, "incident")) " more" } " stand in a list at the end." }
            }
        }
    }
}

/// A table keeps being one to a screen reader only where it says so, for on a phone its rows are drawn as cards.
fn rows(page: &Page<'_>, rows: &[(usize, &Diagnosis)]) -> Markup {
    html! {
        table.overview role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "#" }
                    th scope="col" role="columnheader" { "Incident, and when (UTC)" }
                    th scope="col" role="columnheader" { "Why, and how sure" }
                    th scope="col" role="columnheader" { "Whose" }
                    th scope="col" role="columnheader" { "What to do first" }
                }
            }
            @for group in rows.chunk_by(|one, other| one.1.urgency.when == other.1.urgency.when) {
                tbody role="rowgroup" {
                    @if let Some((_, diagnosis)) = group.first() {
                        @let when = diagnosis.urgency.when;
                        tr.group role="row" {
                            th colspan="5" scope="rowgroup" role="rowheader" {
                                span class=(format!("badge {}", page::urgency(when))) { (page::urgency_words(when)) }
                                ": " (of_urgency(page, when, group.len()))
                            }
                        }
                    }
                    @for (at, diagnosis) in group { (row(page, *at, diagnosis)) }
                }
            }
        }
    }
}

/// How many incidents are as urgent, and how many of them a table shows.
fn of_urgency(page: &Page<'_>, when: When, shown: usize) -> String {
    let all = page.report.diagnosed.diagnoses.iter().filter(|diagnosis| diagnosis.urgency.when == when).count();
    let all_words = figures::count(all as u64, "incident");
    if shown == all { all_words } else { format!("{} of {all_words}", figures::number(shown as u64)) }
}

/// How many incidents are whose, for whoever looks for their own: the most first.
fn by_owner(diagnoses: &[Diagnosis]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnosis in diagnoses {
        *counted.entry(short_owner(diagnosis.owner)).or_default() += 1;
    }
    let mut counted: Vec<(&str, usize)> = counted.into_iter().collect();
    counted.sort_by_key(|(owner, number)| (Reverse(*number), *owner));
    counted.iter().map(|(owner, number)| format!("{owner} {}", figures::number(*number as u64))).collect::<Vec<_>>().join(", ")
}

fn short_owner(owner: Owner) -> &'static str {
    words::owner_words(owner).split(':').next().unwrap_or_default()
}

fn row(page: &Page<'_>, at: usize, diagnosis: &Diagnosis) -> Markup {
    html! {
        tr role="row" class=(page::grade(diagnosis.severity)) {
            td.number role="cell" { (at + 1) }
            th scope="row" role="rowheader" {
                a href=(format!("#{}", page.anchors[at])) { (page.short(&diagnosis.title, TITLE_CHARS_MAX)) }
                (known::mark(page, diagnosis))
                div.facts { (page::severity(diagnosis)) " \u{b7} " (facts(diagnosis).trim_end_matches(" UTC")) }
            }
            td role="cell" data-name="Why" { (page.why(diagnosis)) }
            td role="cell" data-name="Whose" { (owner(diagnosis)) }
            td role="cell" data-name="First" { (page.short(&diagnosis.first_step.says, STEP_CHARS_MAX)) }
        }
    }
}

/// How many logs, and when.
pub(super) fn facts(diagnosis: &Diagnosis) -> String {
    let incident = &diagnosis.incident;
    let logs = figures::count(incident.attempts.len() as u64, "log");
    match (incident.first_seen, incident.last_seen) {
        (Some(first), Some(last)) => format!("{logs}, {}", words::span_of_time(first, last)),
        _ => logs,
    }
}

/// Whose it is in a word or two; where that is not clear, whose it may be.
fn owner(diagnosis: &Diagnosis) -> String {
    let whole = words::whose(diagnosis);
    if diagnosis.owner == Owner::Unknown { whole } else { whole.split(':').next().unwrap_or_default().to_owned() }
}

/// The incidents that are not told in full, a row each.
pub(super) fn rest(page: &Page<'_>, told: usize) -> Markup {
    let diagnoses = &page.report.diagnosed.diagnoses;
    if diagnoses.len() <= told {
        return html! {};
    }
    html! {
        section #more aria-labelledby="more-name" {
            h2 #more-name { (figures::count((diagnoses.len() - told) as u64, "incident")) " more" }
            p {
                "The " (figures::number(told as u64)) " above are the gravest of " (figures::number(diagnoses.len() as u64))
                ". These are told in a line each; the JSON report (" code { "-f json" } ") tells all of them in full."
            }
            div.wide role="region" tabindex="0" aria-label="List of the incidents that are told in a line each" {
                table.more {
                    thead {
                        tr {
                            @for name in ["#", "Severity", "What broke", "Logs", "Why, and how sure", "Whose", "First place"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for (at, diagnosis) in diagnoses.iter().enumerate().skip(told) {
                            tr id=(page.anchors[at]) {
                                td { (at + 1) }
                                td { (diagnosis.severity.name()) }
                                th scope="row" { (page.short(&diagnosis.title, SHORT_CHARS_MAX)) }
                                td { (figures::number(diagnosis.incident.attempts.len() as u64)) }
                                td { (why(page, diagnosis)) }
                                td { (short_owner(diagnosis.owner)) }
                                td.place { @if let Some(example) = diagnosis.examples.first() { (page.safe(&words::place(&example.location))) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The cause by its id, which is short: `dagnosis explain` tells the rest.
fn why(page: &Page<'_>, diagnosis: &Diagnosis) -> String {
    match words::best(diagnosis, page.report.rules) {
        Some((ranked, cause)) => format!("{} ({})", page.safe(&cause.id), words::certainty(diagnosis.confidence, ranked.probability)),
        None => "not known".to_owned(),
    }
}
