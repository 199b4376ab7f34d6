//! The report for a person at a terminal: the verdict first, then the incidents, worst first, then what was not read.

mod overview;

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::attempt::{AttemptRef, Location};
use crate::diagnose::{Confidence, Diagnosis, EvidenceLine, StepKind};
use crate::rule::{Cause, Fix, Severity};

use super::page::{COLUMN, Ink, NO_BREAK, Page, Place, taken_apart, width_of};
use super::words::{self, CONSEQUENCES_MAX, EVIDENCE_MAX, EXAMPLES_MAX, FULL_INCIDENTS_MAX, PATHS_MAX};
use super::{Report, escape, figures, known};

/// How many lines a snippet may have to be shown here; a longer one is for `dagnosis explain`.
const SNIPPET_LINES_MAX: usize = 8;

/// How many values of one kind a scope names.
const SCOPE_VALUES_MAX: usize = 4;

/// How many characters of a line of a log are shown.
const EXCERPT_CHARS_MAX: usize = 240;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_some(report, FULL_INCIDENTS_MAX, out)
}

/// Writes the report with so many incidents in full.
pub(super) fn write_some(report: &Report<'_>, full: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Text { report, page: Page::new(out, report.paper) };
    let told = words::told(report);
    text.overview(&told)?;
    for (number, diagnosis) in told.iter().take(full) {
        text.page.blank()?;
        text.incident(*number, diagnosis)?;
    }
    text.others(told.get(full..).unwrap_or_default())?;
    text.known("Known, with nothing new", &known::quiet(report))?;
    text.known("Resolved since the last run", &known::resolved(report))?;
    text.known("Ignored", &known::shown(report))?;
    text.known("Remarks on the settings", &known::remarks(report))?;
    text.rest()?;
    text.end(&told)
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

    /// `path:line`, and what it leads to where that can be opened.
    fn place(&self, location: &Location) -> Place {
        let address = self.report.paper.links.and_then(|folder| words::file(self.report, location).map(|path| folder.join(path)));
        let address = address.and_then(|path| Some(escape::uri(path.to_str()?)));
        Place { shown: self.safe(&words::place(location)), address: address.filter(|address| address.starts_with("file:///")) }
    }

    /// What the incident is by earlier runs, which stands on one line.
    fn mark(&self, diagnosis: &Diagnosis) -> String {
        known::mark(self.report, diagnosis).replace(' ', &NO_BREAK.to_string()).replacen(NO_BREAK, " ", 1)
    }

    fn heading(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        let (lead, ink) = grade(number, 0, diagnosis);
        let title = self.safe(&diagnosis.title) + &self.mark(diagnosis);
        let hang = COLUMN.max(lead.len() + 1);
        let title = taken_apart(&title, self.page.width().saturating_sub(hang));
        self.page.hanging(&lead, ink, hang, &title, Ink::Bold)
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
        let id = self.safe(&diagnosis.id);
        match best {
            Some((_, cause)) => self.page.field("More", &format!("dagnosis explain {}; incident {id}", cause.id), Ink::Dim),
            None => self.page.field("More", &format!("incident {id}"), Ink::Dim),
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
        let mut new: Vec<Place> =
            evidence.locations.iter().filter(|place| told.insert(place)).take(2).map(|place| self.place(place)).collect();
        let both: usize = new.iter().map(|place| width_of(&place.shown) + 2).sum();
        if COLUMN + both > self.page.width() {
            new.truncate(1);
        }
        if new.is_empty() { Ok(()) } else { self.page.places("", COLUMN + 2, &new) }
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
            self.page.places(label, COLUMN, &[place])?;
            self.page.point("", " ", Ink::Plain, &figures::shortened(&excerpt, EXCERPT_CHARS_MAX), Ink::Plain)?;
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

/// The number of an incident, to the right of so many digits, with how grave it is.
fn grade(number: usize, digits: usize, diagnosis: &Diagnosis) -> (String, Ink) {
    let ink = match diagnosis.severity {
        Severity::Critical | Severity::High => Ink::Red,
        Severity::Medium => Ink::Yellow,
        Severity::Low | Severity::Info => Ink::Plain,
    };
    (format!("{number:>digits$}. {}", diagnosis.severity.name().to_uppercase()), ink)
}
