//! The report for a person at a terminal: the verdict first, then the incidents, worst first, then what was not read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::attempt::{Attempt, Location};
use crate::diagnose::{Confidence, Diagnosis, EvidenceLine};
use crate::rule::{Cause, Severity};

use super::page::{COLUMN, Ink, Page, WIDTH};
use super::words::{self, EVIDENCE_MAX, EXAMPLES_MAX, FULL_INCIDENTS_MAX, PATHS_MAX};
use super::{Report, escape, figures, mask::Mask, totals::Totals};

/// How many lines a snippet may have to be shown here; a longer one is for `dagnosis explain`.
const SNIPPET_LINES_MAX: usize = 8;

/// From so many incidents on, a list of them stands before the details.
const OVERVIEW_MIN: usize = 2;

/// How many values of one kind a scope names.
const SCOPE_VALUES_MAX: usize = 4;

/// How many characters of a line of a log are shown.
const EXCERPT_CHARS_MAX: usize = 240;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Text { report, mask: Mask::new(), page: Page::new(out, report.color) };
    let totals = Totals::of(report);
    text.page.paragraph(&words::verdict(report, &totals), Ink::Bold)?;
    text.page.paragraph(&words::read(report, &totals), Ink::Dim)?;
    let lost = report.problems.iter().filter(|problem| problem.kind.is_loss()).count() as u64;
    if lost > 0 {
        text.page.paragraph(&format!("{} could not be read in full; see the end.", figures::count(lost, "input")), Ink::Yellow)?;
    }
    if report.attempts.is_empty() {
        text.page.paragraph(words::NOTHING_READ, Ink::Plain)?;
    }
    if report.diagnosed.diagnoses.len() >= OVERVIEW_MIN {
        text.page.blank()?;
        for (at, diagnosis) in report.diagnosed.diagnoses.iter().enumerate() {
            text.short(at + 1, diagnosis)?;
        }
    }
    for (at, diagnosis) in report.diagnosed.diagnoses.iter().enumerate() {
        if at < FULL_INCIDENTS_MAX {
            text.page.blank()?;
            text.incident(at + 1, diagnosis)?;
        }
    }
    let more = report.diagnosed.diagnoses.len().saturating_sub(FULL_INCIDENTS_MAX);
    if more > 0 {
        text.page.blank()?;
        let says = format!(
            "{} more stand in the list above; -f markdown and -f json tell all of them in full.",
            figures::count(more as u64, "incident")
        );
        text.page.paragraph(&says, Ink::Bold)?;
    }
    text.rest()
}

/// The report on its page.
struct Text<'r, 'p> {
    report: &'r Report<'r>,
    mask: Mask,
    page: Page<'p>,
}

impl Text<'_, '_> {
    /// Text from a log, fit for the terminal. What is masked is masked before an escape could hide it.
    fn safe(&self, text: &str) -> String {
        escape::terminal(&self.mask.apply(text)).into_owned()
    }

    /// `path:line`.
    fn place(&self, location: &Location) -> String {
        self.safe(&words::place(location))
    }

    fn heading(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        let severity = diagnosis.severity.name().to_uppercase();
        let ink = match diagnosis.severity {
            Severity::Critical | Severity::High => Ink::Red,
            Severity::Medium => Ink::Yellow,
            Severity::Low | Severity::Info => Ink::Plain,
        };
        let title = self.safe(&diagnosis.title);
        self.page.hanging(&format!("{number}. {severity}"), ink, COLUMN, &title, Ink::Bold)
    }

    /// An incident in full.
    fn incident(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        self.heading(number, diagnosis)?;
        let summary = self.safe(&diagnosis.summary);
        self.page.field("", &summary, Ink::Plain)?;
        self.page.blank()?;
        let best = words::best(diagnosis, self.report.rules);
        self.why(diagnosis)?;
        self.page.field("Whose", words::owner(diagnosis.owner), Ink::Plain)?;
        let retry = format!("{} {}", words::retry(diagnosis.retry_helps, diagnosis.retry_safe), self.safe(&diagnosis.retry_says));
        self.page.field("Retry", &retry, Ink::Plain)?;
        if let Some((_, cause)) = best {
            self.fixes(cause)?;
        }
        self.check(diagnosis, best.map(|(_, cause)| cause))?;
        self.seen(diagnosis)?;
        self.spread(diagnosis)?;
        if let Some(command) = words::new_rule(self.report, diagnosis, &self.mask) {
            self.page.field("New rule", words::NEW_RULE, Ink::Plain)?;
            self.page.verbatim(COLUMN + 2, &format!("$ {command}"), Ink::Cyan)?;
        }
        match best {
            Some((_, cause)) => self.page.field("More", &format!("dagnosis explain {}", cause.id), Ink::Dim),
            None => Ok(()),
        }
    }

    /// The best cause with its evidence, and the others.
    fn why(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let Some((ranked, cause)) = words::best(diagnosis, self.report.rules) else {
            return self.page.field("Why", words::NO_CAUSE, Ink::Bold);
        };
        let title = self.safe(cause.title.trim_end_matches('.'));
        let sure = words::certainty(diagnosis.confidence, ranked.probability);
        self.page.field("Why", &format!("{title} ({sure})"), Ink::Bold)?;
        // A place is told once: most evidence of a small incident is seen at the same line.
        let mut told = BTreeSet::new();
        for (supports, mark, ink) in [(true, "+", Ink::Green), (false, "-", Ink::Red)] {
            for evidence in ranked.evidence.iter().filter(|line| line.supports == supports).take(EVIDENCE_MAX) {
                let says = self.safe(&evidence.says);
                self.page.point(mark, ink, &says, Ink::Plain)?;
                self.places(evidence, &mut told)?;
            }
        }
        let others = self.safe(&words::other_causes(diagnosis, self.report.rules));
        if others.is_empty() { Ok(()) } else { self.page.field("Or", &others, Ink::Plain) }
    }

    /// Where a piece of evidence is seen: the first place, and the second where both fit on one line.
    fn places<'e>(&mut self, evidence: &'e EvidenceLine, told: &mut BTreeSet<&'e Location>) -> io::Result<()> {
        let new: Vec<String> =
            evidence.locations.iter().filter(|place| told.insert(place)).take(2).map(|place| self.place(place)).collect();
        let both = new.join(", ");
        let fits = both.chars().count() + COLUMN + 2 <= WIDTH;
        match new.first() {
            Some(first) => self.page.verbatim(COLUMN + 2, if fits { &both } else { first }, Ink::Dim),
            None => Ok(()),
        }
    }

    /// What to do, the first with its snippet.
    fn fixes(&mut self, cause: &Cause) -> io::Result<()> {
        for (at, fix) in cause.fixes.iter().enumerate() {
            let condition = fix.retry_safe.as_deref().map(|safe| format!(" (retry safe: {safe})")).unwrap_or_default();
            let say = self.safe(&format!("{}{condition}", fix.say.trim_end_matches('.')));
            match at {
                0 => self.page.field("First", &say, Ink::Bold)?,
                1 => self.page.field("Then", &say, Ink::Plain)?,
                _ => self.page.field("", &say, Ink::Plain)?,
            }
            let snippet: Vec<&str> = fix.snippet.iter().flat_map(|snippet| snippet.trim_end().lines()).collect();
            if at == 0 && snippet.len() <= SNIPPET_LINES_MAX {
                for line in snippet {
                    let line = self.safe(line);
                    self.page.verbatim(COLUMN + 2, &line, Ink::Cyan)?;
                }
            }
        }
        Ok(())
    }

    /// What would decide between the best causes; else how to make sure of one that is not proven.
    fn check(&mut self, diagnosis: &Diagnosis, cause: Option<&Cause>) -> io::Result<()> {
        let (label, say, run) = if let Some(decide) = &diagnosis.decide_by {
            ("To decide", &decide.says, &decide.run)
        } else if let Some(confirm) = cause.and_then(|cause| cause.confirm.first()).filter(|_| diagnosis.confidence < Confidence::Proven) {
            ("To confirm", &confirm.say, &confirm.run)
        } else {
            return Ok(());
        };
        let say = self.safe(say);
        self.page.field(label, &say, Ink::Plain)?;
        for line in run.iter().flat_map(|run| run.lines()) {
            let line = format!("$ {}", self.safe(line));
            self.page.verbatim(COLUMN + 2, &line, Ink::Cyan)?;
        }
        Ok(())
    }

    /// Lines of the logs.
    fn seen(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        for (at, example) in diagnosis.examples.iter().take(EXAMPLES_MAX).enumerate() {
            let (place, excerpt) = (self.place(&example.location), self.safe(example.excerpt.trim()));
            let label = if at == 0 { "Seen" } else { "" };
            let excerpt = figures::shortened(&excerpt, EXCERPT_CHARS_MAX);
            if COLUMN + place.chars().count() + 2 + excerpt.chars().count() <= WIDTH {
                self.page.field(label, &format!("{place}  {excerpt}"), Ink::Plain)?;
            } else {
                self.page.field(label, &place, Ink::Dim)?;
                self.page.point(" ", Ink::Plain, &excerpt, Ink::Plain)?;
            }
        }
        Ok(())
    }

    /// How the incident is spread: what began it, its patterns, what it touches, when it was.
    fn spread(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let incident = &diagnosis.incident;
        if let Some(root) = incident.root.and_then(|root| self.report.attempts.get(root)) {
            let began = self.safe(&words::root(root));
            self.page.field("Began with", &began, Ink::Plain)?;
        }
        for (at, pattern) in incident.patterns.iter().enumerate() {
            let says = self.safe(&pattern.says);
            self.page.field(if at == 0 { "Spread" } else { "" }, &says, Ink::Plain)?;
        }
        let values: Vec<String> = words::scope(&incident.scope)
            .into_iter()
            .map(|(singular, plural, values)| {
                let name = if values.len() == 1 { singular } else { plural };
                format!("{name} {}", figures::abridged(values, SCOPE_VALUES_MAX))
            })
            .collect();
        if !values.is_empty() {
            let scope = self.safe(&values.join("; "));
            self.page.field("Scope", &scope, Ink::Plain)?;
        }
        match words::when(diagnosis) {
            Some(when) => self.page.field("When", &when, Ink::Plain),
            None => Ok(()),
        }
    }

    /// An incident in two lines.
    fn short(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        self.heading(number, diagnosis)?;
        let why = match words::best(diagnosis, self.report.rules) {
            Some((ranked, cause)) => {
                format!("{} ({})", cause.title.trim_end_matches('.'), words::certainty(diagnosis.confidence, ranked.probability))
            }
            None => words::NO_CAUSE.trim_end_matches('.').to_owned(),
        };
        let count = figures::count(diagnosis.incident.attempts.len() as u64, "log");
        let line = self.safe(&format!("{why}; {count}"));
        self.page.field("", &line, Ink::Plain)?;
        // What is told in full below has its places there.
        match diagnosis.examples.first().filter(|_| number > FULL_INCIDENTS_MAX) {
            Some(example) => {
                let place = self.place(&example.location);
                self.page.field("", &place, Ink::Dim)
            }
            None => Ok(()),
        }
    }

    /// What was not read or not understood.
    fn rest(&mut self) -> io::Result<()> {
        let report = self.report;
        let [unknown, unassigned] = report.not_understood();
        if report.problems.is_empty() && unknown.is_empty() && unassigned.is_empty() {
            return Ok(());
        }
        self.page.blank()?;
        self.page.paragraph("Not read or not understood", Ink::Bold)?;
        for (kind, group) in report.problems_by_kind() {
            let lines: Vec<String> =
                group.iter().take(PATHS_MAX).map(|problem| format!("{}: {}", words::problem_name(problem), problem.says)).collect();
            self.list(&format!("{} {}", figures::number(group.len() as u64), words::problem_kind(kind)), &lines, group.len())?;
        }
        self.attempts(words::UNKNOWN_OUTCOME, &unknown)?;
        self.attempts(words::UNASSIGNED, &unassigned)
    }

    /// Attempts of which something is not known.
    fn attempts(&mut self, what: &str, attempts: &[&Attempt]) -> io::Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> =
            attempts.iter().take(PATHS_MAX).map(|attempt| words::log_name(attempt) + &words::last_seen(attempt)).collect();
        self.list(&format!("{} {what}", figures::count(attempts.len() as u64, "attempt")), &lines, attempts.len())
    }

    fn list(&mut self, lead: &str, lines: &[String], all: usize) -> io::Result<()> {
        self.page.hanging("   ", Ink::Plain, 3, lead, Ink::Yellow)?;
        for line in lines {
            let line = self.safe(line);
            self.page.hanging("     ", Ink::Plain, 5, &line, Ink::Plain)?;
        }
        match all.saturating_sub(lines.len()) {
            0 => Ok(()),
            more => self.page.hanging("     ", Ink::Plain, 5, &format!("and {} more", figures::number(more as u64)), Ink::Dim),
        }
    }
}
