//! What every part of the page needs: the report, and the one way by which a text of a log gets into it.
//!
//! A text is masked, then what acts in it is made visible, then `maud` escapes it where it stands, in text and in attributes alike; nothing here is
//! put into the page unescaped but the style sheet and the head, which are constants.

use maud::{Markup, html};

use crate::attempt::Location;
use crate::diagnose::{Confidence, Diagnosis, When};
use crate::rule::Severity;

use super::super::{Report, escape, figures, words};
use super::index::Index;

/// The report with what is needed to write its page.
pub(super) struct Page<'r> {
    pub(super) report: &'r Report<'r>,
    pub(super) index: Index<'r>,
    /// The names by which incidents are linked to, in their order.
    pub(super) anchors: Vec<String>,
}

impl Page<'_> {
    /// Text from a log or a rule on one line, masked, with nothing in it that acts on its reader.
    pub(super) fn safe(&self, text: &str) -> String {
        escape::terminal(&self.report.mask.apply(text)).into_owned()
    }

    /// The same, cut after so many characters.
    pub(super) fn short(&self, text: &str, most: usize) -> String {
        figures::shortened(&self.safe(text), most)
    }

    /// `path:line`, as a link where the place is a file.
    pub(super) fn place(&self, place: &Location) -> Markup {
        let shown = self.safe(&words::place(place));
        match self.address(place) {
            Some(address) => html! { a.place href=(address) { (shown) } },
            None => html! { span.place { (shown) } },
        }
    }

    /// The address of a log's line.
    fn address(&self, place: &Location) -> Option<String> {
        let line = if place.line > 0 { format!("#L{}", place.line) } else { String::new() };
        words::file(self.report, place).map(|path| escape::uri(path) + &line)
    }

    /// The most probable cause and how sure it is.
    pub(super) fn why(&self, diagnosis: &Diagnosis) -> Markup {
        match words::best(diagnosis, self.report.rules) {
            Some((ranked, cause)) => {
                let percent = (ranked.probability.clamp(0.0, 1.0) * 100.0).round();
                let is_known = diagnosis.confidence != Confidence::Unknown;
                html! {
                    span.cause { (self.safe(cause.title.trim_end_matches('.'))) }
                    " "
                    span.sure {
                        @if is_known { span.meter aria-hidden="true" { span style=(format!("width:{percent}%")) {} } }
                        "(" (words::certainty(diagnosis.confidence, ranked.probability)) ")"
                    }
                }
            }
            None => html! { span.cause { (words::NO_CAUSE) } },
        }
    }

    /// Lines of code, a command or a log; what is in them from a log is masked.
    pub(super) fn code(&self, class: &str, text: &str) -> Markup {
        code_of_rule(class, &self.report.mask.apply(text))
    }
}

/// Lines that stand so in a rule: they show how a secret is written.
pub(super) fn code_of_rule(class: &str, text: &str) -> Markup {
    let lines: Vec<_> = text.trim_end().split('\n').map(escape::terminal).collect();
    // Long lines scroll within their block, by the keyboard too.
    html! { pre class=(class) tabindex="0" { code { (lines.join("\n")) } } }
}

/// How grave, as a sign.
pub(super) fn severity(diagnosis: &Diagnosis) -> Markup {
    html! { span class=(format!("badge {}", grade(diagnosis.severity))) { (diagnosis.severity.name()) } }
}

/// How urgent, in words.
pub(super) fn urgency_words(when: When) -> &'static str {
    match when {
        When::Now => "look now",
        When::Today => "look today",
        When::WhenConvenient => "look when convenient",
    }
}

/// The name of an urgency in the style sheet.
pub(super) fn urgency(when: When) -> &'static str {
    match when {
        When::Now => "when-now",
        When::Today => "when-today",
        When::WhenConvenient => "when-later",
    }
}

/// The name of a severity in the style sheet.
pub(super) fn grade(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "sev-critical",
        Severity::High => "sev-high",
        Severity::Medium => "sev-medium",
        Severity::Low => "sev-low",
        Severity::Info => "sev-info",
    }
}

/// A name to link to for each incident: its id, with what no name may hold left out, and a number where it is not the first of that id.
pub(super) fn anchors(report: &Report<'_>) -> Vec<String> {
    let mut taken = std::collections::BTreeMap::<String, usize>::new();
    let plain = |id: &str| id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect::<String>();
    let diagnoses = report.diagnosed.diagnoses.iter();
    diagnoses
        .map(|diagnosis| {
            let id = plain(&report.mask.apply(&diagnosis.id));
            let times = taken.entry(id.clone()).or_insert(0);
            *times += 1;
            if *times == 1 { format!("incident-{id}") } else { format!("incident-{id}.{times}") }
        })
        .collect()
}
