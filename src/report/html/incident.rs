//! One incident in full: what somebody acts on first, then when it was, the evidence, what to do, and the lines of the logs.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::attempt::Location;
use crate::diagnose::{Diagnosis, EvidenceLine, StepKind};
use crate::rule::{Cause, Fix};

use super::super::figures;
use super::super::words::{self, CONSEQUENCES_MAX};
use super::page::{self, Page, code_of_rule, grade};
use super::{heat, known, overview, timeline};

/// How many pieces of evidence are told of each side: nearly always all of them.
const EVIDENCE_MAX: usize = 8;

/// How many places are named for one piece of evidence.
const PLACES_MAX: usize = 3;

/// How many lines of logs are shown.
const EXAMPLES_MAX: usize = 6;

/// How many characters of a line of a log are shown.
const EXCERPT_CHARS_MAX: usize = 1_000;

/// How many values of one kind a scope names.
const SCOPE_VALUES_MAX: usize = 20;

/// One incident.
pub(super) fn section(page: &Page<'_>, at: usize, diagnosis: &Diagnosis) -> Markup {
    let anchor = &page.anchors[at];
    let cause = words::best(diagnosis, page.report.rules).map(|(_, cause)| cause);
    html! {
        section class=(format!("incident {}", grade(diagnosis.severity))) id=(anchor) aria-labelledby=(format!("{anchor}-name")) {
            h2 id=(format!("{anchor}-name")) { (at + 1) ". " (page.short(&diagnosis.title, 300)) (known::mark(page, diagnosis)) }
            p.facts {
                (page::severity(diagnosis)) " "
                span class=(format!("badge {}", page::urgency(diagnosis.urgency.when))) { (page::urgency_words(diagnosis.urgency.when)) }
                " " (overview::facts(diagnosis))
            }
            p { (page.safe(&diagnosis.summary)) }
            (verdict(page, diagnosis, cause))
            @if let Some(example) = diagnosis.examples.first() { (line(page, example)) }
            @let (chart, heat) = (timeline::of_incident(page, at, diagnosis), heat::of_incident(page, at, diagnosis));
            @if chart.is_some() || heat.is_some() { h3 { "When" } }
            @if let Some(chart) = chart { (chart) }
            @if let Some(heat) = heat { (heat) }
            (spread(page, diagnosis))
            (evidence(page, diagnosis))
            @if let Some(cause) = cause { (fixes(page, cause, diagnosis.first_step.kind)) }
            (more(page, diagnosis, cause))
        }
    }
}

/// What somebody acts on: why, whose, how urgent, whether another try helps and is safe, what to do first.
fn verdict(page: &Page<'_>, diagnosis: &Diagnosis, cause: Option<&Cause>) -> Markup {
    let (urgency, retry, step) = (&diagnosis.urgency, &diagnosis.retry, &diagnosis.first_step);
    let others = words::other_causes(diagnosis, page.report.rules);
    html! {
        dl.verdict {
            div.why {
                dt { "Why" }
                dd {
                    (page.why(diagnosis))
                    @if let Some(cause) = cause { p.what { (page.safe(&cause.what)) } }
                    @if !others.is_empty() { p.others { "Or: " (page.safe(&others)) } }
                }
            }
            div { dt { "Whose" } dd { (words::whose(diagnosis)) } }
            div.first {
                dt { "Do first" }
                dd {
                    (page.safe(&step.says))
                    @if let Some(run) = &step.run { (page.code("command", run)) }
                    @if step.kind == StepKind::Fix && let Some(snippet) = cause.and_then(|cause| cause.fixes.first()?.snippet.as_deref()) {
                        (code_of_rule("snippet", snippet))
                    }
                }
            }
            div { dt { "Urgent" } dd { (words::urgent(urgency.when)) ": " (page.safe(&urgency.says)) } }
            div { dt { "Retry" } dd { (words::retry(retry.helps, retry.safe)) " " (page.safe(&retry.says)) } }
            (root(page, diagnosis))
        }
    }
}

/// What the incident began with, and what that provoked.
fn root(page: &Page<'_>, diagnosis: &Diagnosis) -> Markup {
    let Some(root) = diagnosis.incident.root.and_then(|root| page.report.attempts.get(root)) else { return html! {} };
    let provoked = figures::abridged(&words::consequences(page.report, diagnosis), CONSEQUENCES_MAX);
    html! {
        div.began {
            dt { "Began with" }
            dd {
                (page.safe(&words::root(root)))
                @if !provoked.is_empty() { ", which provoked " (page.safe(&provoked)) }
            }
        }
    }
}

/// A line of a log, with where it stands.
fn line(page: &Page<'_>, example: &crate::diagnose::Example) -> Markup {
    let excerpt = figures::shortened(example.excerpt.trim(), EXCERPT_CHARS_MAX);
    html! {
        div.line {
            (page.place(&example.location))
            @if !excerpt.is_empty() { (page.code("excerpt", &excerpt)) }
        }
    }
}

/// How the incident is spread.
fn spread(page: &Page<'_>, diagnosis: &Diagnosis) -> Markup {
    let incident = &diagnosis.incident;
    let patterns: Vec<_> = words::spread(incident).collect();
    let scope = words::scope(&incident.scope);
    html! {
        @if !patterns.is_empty() || !scope.is_empty() {
            h3 { "Where it is, and where not" }
            ul.spread {
                @for pattern in patterns { li { (page.safe(&pattern.says)) } }
                @for (singular, plural, values) in scope {
                    @let name = if values.len() == 1 { singular } else { plural };
                    li { b { (name) } " " (page.safe(&figures::abridged(values, SCOPE_VALUES_MAX))) }
                }
            }
        }
    }
}

/// What speaks for the best cause and against it.
fn evidence(page: &Page<'_>, diagnosis: &Diagnosis) -> Markup {
    let Some((ranked, _)) = words::best(diagnosis, page.report.rules) else { return html! {} };
    let of = |supports: bool| ranked.evidence.iter().filter(move |line| line.supports == supports);
    let mut told = BTreeSet::new();
    html! {
        @if !ranked.evidence.is_empty() {
            h3 { "Evidence" }
            div.evidence {
                @for (supports, name, class) in [(true, "For it", "for"), (false, "Against it", "against")] {
                    @if of(supports).next().is_some() {
                        div class=(class) {
                            h4 { (name) }
                            ul { @for line in of(supports).take(EVIDENCE_MAX) { (piece(page, line, &mut told)) } }
                            (and_more(of(supports).count(), EVIDENCE_MAX))
                        }
                    }
                }
            }
        }
    }
}

fn piece<'e>(page: &Page<'_>, line: &'e EvidenceLine, told: &mut BTreeSet<&'e Location>) -> Markup {
    let places: Vec<&Location> = line.locations.iter().take(PLACES_MAX).collect();
    // Most evidence of a small incident is seen at the same lines.
    let new: Vec<&Location> = places.iter().copied().filter(|place| told.insert(place)).collect();
    html! {
        li {
            span.weight { (line.weight.name()) } " " (page.safe(&line.says))
            @if new.len() < places.len() { span.same { " (" @if new.is_empty() { "at" } @else { "also at" } " lines named above)" } }
            @for place in new { " " (page.place(place)) }
        }
    }
}

pub(super) fn and_more(all: usize, shown: usize) -> Markup {
    html! { @if all > shown { p.and-more { "and " (figures::number((all - shown) as u64)) " more" } } }
}

/// What to do, in order.
fn fixes(page: &Page<'_>, cause: &Cause, first: StepKind) -> Markup {
    html! {
        @if !cause.fixes.is_empty() {
            h3 { "What to do" }
            ol.fixes { @for (at, fix) in cause.fixes.iter().enumerate() { (one_fix(page, fix, at == 0 && first == StepKind::Fix)) } }
        }
    }
}

/// A fix; the snippet of one that is the first step stands there.
fn one_fix(page: &Page<'_>, fix: &Fix, is_told: bool) -> Markup {
    html! {
        li {
            (page.safe(&fix.say))
            @if let Some(safe) = &fix.retry_safe { " (retry safe: " (page.safe(safe)) ")" }
            @if let Some(snippet) = fix.snippet.as_deref().filter(|_| !is_told) { (code_of_rule("snippet", snippet)) }
        }
    }
}

/// What folds out: how to confirm, code, further lines.
fn more(page: &Page<'_>, diagnosis: &Diagnosis, cause: Option<&Cause>) -> Markup {
    let lines: Vec<_> = diagnosis.examples.iter().skip(1).take(EXAMPLES_MAX - 1).collect();
    let command = words::new_rule(page.report, diagnosis);
    html! {
        @if let Some(command) = &command {
            p { "New rule: " (words::NEW_RULE) }
            (page.code("command", command))
        }
        @if let Some(cause) = cause.filter(|cause| !cause.confirm.is_empty()) {
            details {
                summary { "How to make sure" }
                ul {
                    @for confirm in &cause.confirm {
                        li {
                            (page.safe(&confirm.say))
                            @if let Some(run) = &confirm.run { (page.code("command", &diagnosis.blanks.fill(run))) }
                        }
                    }
                }
            }
        }
        @if let Some(policy) = &diagnosis.retry.policy {
            details {
                summary { (page.safe(&words::policy(policy))) }
                (page.code("snippet", &policy.code))
            }
        }
        @if !lines.is_empty() {
            details {
                summary { (figures::count(lines.len() as u64, "line")) " more of the logs" }
                @for example in lines { (line(page, example)) }
            }
        }
        p.end {
            "Incident " code { (page.safe(&diagnosis.id)) }
            @if let Some(cause) = cause { ". More: " code { "dagnosis explain " (page.safe(&cause.id)) } }
            ". " a href="#top" { "Back to the top" }
        }
    }
}
