//! The report for a person at a terminal: the verdict first, then the incidents, worst first, then what was not read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::attempt::{AttemptRef, Location};
use crate::diagnose::{Confidence, Diagnosis, EvidenceLine, StepKind};
use crate::error::ProblemKind;
use crate::rule::{Cause, Fix, Severity};

use super::page::{COLUMN, Ink, Page, WIDTH};
use super::words::{self, CONSEQUENCES_MAX, EVIDENCE_MAX, EXAMPLES_MAX, FULL_INCIDENTS_MAX, PATHS_MAX};
use super::{Report, escape, figures, known, totals::Totals};

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
    let mut text = Text { report, page: Page::new(out, report.color) };
    let totals = Totals::of(report);
    text.page.paragraph(&words::verdict(report, &totals), Ink::Bold)?;
    text.page.paragraph(&words::read(report, &totals), Ink::Dim)?;
    for line in known::head(report) {
        let line = text.safe(&line);
        text.page.paragraph(&line, Ink::Yellow)?;
    }
    if let Some(quick) = words::quick(report) {
        text.page.paragraph(&quick, Ink::Yellow)?;
    }
    let lost = report.problems.iter().filter(|problem| problem.kind.is_unread()).count() as u64;
    if lost > 0 {
        text.page.paragraph(&format!("{} could not be read in full; see the end.", figures::count(lost, "input")), Ink::Yellow)?;
    }
    for problem in report.problems.iter().filter(|problem| problem.kind == ProblemKind::State) {
        let says = text.safe(&format!("{}: {}.", problem.path, problem.says));
        text.page.paragraph(&says, Ink::Yellow)?;
    }
    let look = words::look(report);
    if !look.is_empty() {
        text.page.paragraph(&look, Ink::Bold)?;
    }
    if report.attempts.is_empty() {
        text.page.paragraph(words::NOTHING_READ, Ink::Plain)?;
    }
    let told = words::told(report);
    if told.len() >= OVERVIEW_MIN {
        text.page.blank()?;
        for (at, (number, diagnosis)) in told.iter().enumerate() {
            text.short(*number, diagnosis, at < FULL_INCIDENTS_MAX)?;
        }
    }
    for (number, diagnosis) in told.iter().take(FULL_INCIDENTS_MAX) {
        text.page.blank()?;
        text.incident(*number, diagnosis)?;
    }
    let more = told.len().saturating_sub(FULL_INCIDENTS_MAX);
    if more > 0 {
        text.page.blank()?;
        let says = format!(
            "{} more stand in the list above; -f markdown and -f json tell all of them in full.",
            figures::count(more as u64, "incident")
        );
        text.page.paragraph(&says, Ink::Bold)?;
    }
    text.known("Known, with nothing new", &known::quiet(report))?;
    text.known("Resolved since the last run", &known::resolved(report))?;
    text.known("Ignored", &known::shown(report))?;
    text.known("Remarks on the settings", &known::remarks(report))?;
    text.rest()
}

/// The report on its page.
struct Text<'r, 'p> {
    report: &'r Report<'r>,
    page: Page<'p>,
}

impl Text<'_, '_> {
    /// Text from a log, fit for the terminal. What is masked is masked before an escape could hide it.
    fn safe(&self, text: &str) -> String {
        escape::terminal(&self.report.mask.apply(text)).into_owned()
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
        let title = self.safe(&diagnosis.title) + &known::mark(self.report, diagnosis);
        self.page.hanging(&format!("{number}. {severity}"), ink, COLUMN, &title, Ink::Bold)
    }

    /// An incident in full.
    fn incident(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        self.heading(number, diagnosis)?;
        let summary = self.safe(&diagnosis.summary);
        self.page.field("", &summary, Ink::Plain)?;
        self.page.blank()?;
        let best = words::best(diagnosis, self.report.rules);
        self.verdict(diagnosis, best.map(|(_, cause)| cause))?;
        self.page.blank()?;
        self.root(diagnosis)?;
        self.evidence(diagnosis)?;
        if let Some((_, cause)) = best {
            self.fixes(diagnosis, cause)?;
            self.confirm(diagnosis, cause)?;
        }
        self.policy(diagnosis)?;
        self.seen(diagnosis)?;
        self.spread(diagnosis)?;
        if let Some(command) = words::new_rule(self.report, diagnosis) {
            self.page.field("New rule", words::NEW_RULE, Ink::Plain)?;
            self.page.verbatim(COLUMN + 2, &format!("$ {command}"), Ink::Cyan)?;
        }
        match best {
            Some((_, cause)) => self.page.field("More", &format!("dagnosis explain {}", cause.id), Ink::Dim),
            None => Ok(()),
        }
    }

    /// What somebody acts on: why, whose, how urgent, whether another try helps and is safe, what to do first.
    fn verdict(&mut self, diagnosis: &Diagnosis, cause: Option<&Cause>) -> io::Result<()> {
        match words::best(diagnosis, self.report.rules) {
            Some((ranked, cause)) => {
                let title = self.safe(cause.title.trim_end_matches('.'));
                let sure = words::certainty(diagnosis.confidence, ranked.probability);
                self.page.field("Why", &format!("{title} ({sure})"), Ink::Bold)?;
            }
            None => self.page.field("Why", words::NO_CAUSE, Ink::Bold)?,
        }
        self.page.field("Whose", &words::whose(diagnosis), Ink::Plain)?;
        let urgency = &diagnosis.urgency;
        let says = self.safe(&format!("{}: {}", words::urgent(urgency.when), urgency.says));
        self.page.field("Urgent", &says, Ink::Plain)?;
        let retry = &diagnosis.retry;
        let says = format!("{} {}", words::retry(retry.helps, retry.safe), self.safe(&retry.says));
        self.page.field("Retry", &says, Ink::Plain)?;
        let step = &diagnosis.first_step;
        let says = self.safe(&step.says);
        self.page.field("First", &says, Ink::Bold)?;
        self.command(step.run.as_deref())?;
        match cause.and_then(|cause| cause.fixes.first()).filter(|_| step.kind == StepKind::Fix) {
            Some(fix) => self.snippet(fix),
            None => Ok(()),
        }
    }

    /// A command, to be copied.
    fn command(&mut self, run: Option<&str>) -> io::Result<()> {
        for line in run.iter().flat_map(|run| run.lines()) {
            let line = format!("$ {}", self.safe(line));
            self.page.verbatim(COLUMN + 2, &line, Ink::Cyan)?;
        }
        Ok(())
    }

    /// A fix's snippet, where it is short.
    fn snippet(&mut self, fix: &Fix) -> io::Result<()> {
        let lines: Vec<&str> = fix.snippet.iter().flat_map(|snippet| snippet.trim_end().lines()).collect();
        if lines.len() <= SNIPPET_LINES_MAX {
            for line in lines {
                // It stands so in a rule, and shows how a secret is written.
                self.page.verbatim(COLUMN + 2, &escape::terminal(line), Ink::Cyan)?;
            }
        }
        Ok(())
    }

    /// What speaks for the best cause and against it, and the other causes.
    fn evidence(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let Some((ranked, _)) = words::best(diagnosis, self.report.rules) else { return Ok(()) };
        // A place is told once: most evidence of a small incident is seen at the same line.
        let mut told = BTreeSet::new();
        for (supports, label, mark, ink) in [(true, "For it", "+", Ink::Green), (false, "Against it", "-", Ink::Red)] {
            let lines = ranked.evidence.iter().filter(|line| line.supports == supports);
            for (at, evidence) in lines.take(EVIDENCE_MAX).enumerate() {
                let says = self.safe(&evidence.says);
                self.page.point(if at == 0 { label } else { "" }, mark, ink, &says, Ink::Plain)?;
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

    /// What to do after the first step; the first fix with its snippet.
    fn fixes(&mut self, diagnosis: &Diagnosis, cause: &Cause) -> io::Result<()> {
        let done = usize::from(diagnosis.first_step.kind == StepKind::Fix);
        for (at, fix) in cause.fixes.iter().enumerate().skip(done) {
            let condition = fix.retry_safe.as_deref().map(|safe| format!(" (retry safe: {safe})")).unwrap_or_default();
            let say = self.safe(&format!("{}{condition}", fix.say.trim_end_matches('.')));
            self.page.field(if at == done { "Then" } else { "" }, &say, Ink::Plain)?;
            if at == 0 {
                self.snippet(fix)?;
            }
        }
        Ok(())
    }

    /// What the incident began with, and what that provoked.
    fn root(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let incident = &diagnosis.incident;
        if let Some(root) = incident.root.and_then(|root| self.report.attempts.get(root)) {
            let began = self.safe(&words::root(root));
            self.page.field("Began with", &began, Ink::Plain)?;
            let provoked = words::consequences(self.report, diagnosis);
            if !provoked.is_empty() {
                let provoked = self.safe(&figures::abridged(&provoked, CONSEQUENCES_MAX));
                self.page.point("", ">", Ink::Dim, &format!("which provoked {provoked}"), Ink::Plain)?;
            }
        }
        Ok(())
    }

    /// How to make sure of a cause that is not proven, where the first step is something else.
    fn confirm(&mut self, diagnosis: &Diagnosis, cause: &Cause) -> io::Result<()> {
        let is_told = diagnosis.first_step.kind != StepKind::Fix || diagnosis.confidence == Confidence::Proven;
        let Some(confirm) = cause.confirm.first().filter(|_| !is_told) else { return Ok(()) };
        let say = self.safe(&confirm.say);
        self.page.field("To confirm", &say, Ink::Plain)?;
        let run = confirm.run.as_deref().map(|run| diagnosis.blanks.fill(run));
        self.command(run.as_deref())
    }

    /// Code that carries the verdict on another try out.
    fn policy(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let Some(policy) = &diagnosis.retry.policy else { return Ok(()) };
        self.page.field("As code", &words::policy(policy), Ink::Plain)?;
        for line in policy.code.lines() {
            let line = self.safe(line);
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
                self.page.point("", " ", Ink::Plain, &excerpt, Ink::Plain)?;
            }
        }
        Ok(())
    }

    /// How the incident is spread: its patterns, what it touches. When it was stands in its first sentence.
    fn spread(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let incident = &diagnosis.incident;
        for (at, pattern) in words::spread(incident).enumerate() {
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
        Ok(())
    }

    /// An incident in two lines; in three, with its place, where it is not told in full below.
    fn short(&mut self, number: usize, diagnosis: &Diagnosis, is_told_below: bool) -> io::Result<()> {
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
        match diagnosis.examples.first().filter(|_| !is_told_below) {
            Some(example) => {
                let place = self.place(&example.location);
                self.page.field("", &place, Ink::Dim)
            }
            None => Ok(()),
        }
    }

    /// A list of what was known before.
    fn known(&mut self, heading: &str, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.page.blank()?;
        self.page.paragraph(heading, Ink::Bold)?;
        for line in lines {
            let line = self.safe(line);
            self.page.hanging("   ", Ink::Plain, 3, &line, Ink::Plain)?;
        }
        Ok(())
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
    fn attempts(&mut self, what: &str, attempts: &[AttemptRef<'_>]) -> io::Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> =
            attempts.iter().take(PATHS_MAX).map(|attempt| words::log_name(*attempt) + &words::last_seen(*attempt)).collect();
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
