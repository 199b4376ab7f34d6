//! The report for a ticket or a step summary: a table of all incidents, then each in detail. Everything from a log is masked, then
//! escaped as running text or set as code.

use std::io::{self, Write};

use crate::attempt::AttemptRef;
use crate::diagnose::{Confidence, Diagnosis, StepKind};
use crate::rule::Cause;

use super::words::{self, CONSEQUENCES_MAX, EVIDENCE_MAX, EXAMPLES_MAX, FULL_INCIDENTS_MAX, PATHS_MAX};
use super::{Report, escape, figures, hints, known, totals::Totals};

/// How many values of one kind a scope names: a ticket has more room than a terminal.
const SCOPE_VALUES_MAX: usize = 10;

/// How many places are named for one piece of evidence.
const PLACES_MAX: usize = 2;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = Totals::of(report);
    let mut page = Markdown { report, out };
    writeln!(page.out, "# Why tasks failed\n\n**{}**\n\n{}", words::verdict(report, &totals), words::read(report, &totals))?;
    for line in known::head(report) {
        writeln!(page.out, "\n{}", page.text(&line))?;
    }
    if let Some(quick) = words::quick(report) {
        writeln!(page.out, "\n{}", escape::markdown(&quick))?;
    }
    let look = words::look(report);
    if !look.is_empty() {
        writeln!(page.out, "\n**{look}**")?;
    }
    for says in hints::next_steps(report, &totals) {
        writeln!(page.out, "\n{}", page.text(&says))?;
    }
    let told = words::told(report);
    if !told.is_empty() {
        page.table(&told)?;
    }
    for (number, diagnosis) in told.iter().take(FULL_INCIDENTS_MAX) {
        page.incident(*number, diagnosis)?;
    }
    if let (Some((first, _)), Some((last, _))) = (told.get(FULL_INCIDENTS_MAX), told.last()) {
        writeln!(page.out, "\nIncidents {first} to {last} are told in the table only.")?;
    }
    page.known("Known, with nothing new", &known::quiet(report))?;
    page.known("Resolved since the last run", &known::resolved(report))?;
    page.known("Ignored", &known::shown(report))?;
    page.known("Remarks on the settings", &known::remarks(report))?;
    page.rest()
}

/// The report on its page.
struct Markdown<'r, 'o> {
    report: &'r Report<'r>,
    out: &'o mut dyn Write,
}

impl Markdown<'_, '_> {
    /// Running text.
    fn text(&self, text: &str) -> String {
        escape::markdown(&self.report.mask.apply(text))
    }

    /// Something verbatim within running text.
    fn code(&self, text: &str) -> String {
        escape::code(&self.report.mask.apply(text))
    }

    /// Something verbatim in a cell of a table.
    fn code_cell(&self, text: &str) -> String {
        escape::code_cell(&self.report.mask.apply(text))
    }

    /// Lines of code or of a log, as a block that belongs to a list item when it is indented.
    fn block(&mut self, indent: &str, language: &str, text: &str) -> io::Result<()> {
        self.code_of_rule(indent, language, &self.report.mask.apply(text))
    }

    /// The same, of lines that stand so in a rule: they show how a secret is written.
    fn code_of_rule(&mut self, indent: &str, language: &str, text: &str) -> io::Result<()> {
        for line in escape::fenced(language, text.trim_end().lines()).lines() {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }

    /// All incidents, a row each.
    fn table(&mut self, diagnoses: &[(usize, &Diagnosis)]) -> io::Result<()> {
        writeln!(
            self.out,
            "\n| # | severity | incident | logs | most probable cause | whose | first place |\n|---:|---|---|---:|---|---|---|"
        )?;
        for (number, diagnosis) in diagnoses {
            let cause = match words::best(diagnosis, self.report.rules) {
                Some((ranked, cause)) => {
                    format!("{} ({})", self.text(&cause.title), words::certainty(diagnosis.confidence, ranked.probability))
                }
                None => "not known".to_owned(),
            };
            let place = diagnosis.examples.first().map(|example| self.code_cell(&words::place(&example.location))).unwrap_or_default();
            let title = self.text(&diagnosis.title) + &known::mark(self.report, diagnosis);
            let (severity, logs) = (diagnosis.severity.name(), diagnosis.incident.attempts.len());
            let owner = words::owner_words(diagnosis.owner).split(':').next().unwrap_or_default();
            writeln!(self.out, "| {number} | {severity} | {title} | {logs} | {cause} | {owner} | {place} |")?;
        }
        Ok(())
    }

    /// One incident.
    fn incident(&mut self, number: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        let title = self.text(&diagnosis.title) + &known::mark(self.report, diagnosis);
        let summary = self.text(&diagnosis.summary);
        writeln!(self.out, "\n## {number}. {}: {title}\n\n{summary}\n", diagnosis.severity.name())?;
        let best = words::best(diagnosis, self.report.rules);
        self.verdict(diagnosis)?;
        self.root(diagnosis)?;
        self.evidence(diagnosis)?;
        if let Some((_, cause)) = best {
            self.confirm(diagnosis, cause)?;
        }
        self.spread(diagnosis)?;
        if let Some(command) = words::new_rule(self.report, diagnosis) {
            writeln!(self.out, "- **New rule:** {}", words::NEW_RULE)?;
            self.block("  ", "sh", &command)?;
        }
        if let Some((_, cause)) = best {
            self.fixes(cause)?;
        }
        if let Some(policy) = &diagnosis.retry.policy {
            writeln!(self.out, "\n{}:\n", self.text(&words::policy(policy)))?;
            self.block("", "python", &policy.code)?;
        }
        self.seen(diagnosis)?;
        writeln!(
            self.out,
            "\nIncident {}{}",
            self.code(&diagnosis.id),
            match best {
                Some((_, cause)) => format!("; more: {}", self.code(&format!("dagnosis explain {}", cause.id))),
                None => String::new(),
            }
        )
    }

    /// What somebody acts on: why, whose, how urgent, whether another try helps and is safe, what to do first.
    fn verdict(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        match words::best(diagnosis, self.report.rules) {
            Some((ranked, cause)) => {
                let title = self.text(cause.title.trim_end_matches('.'));
                writeln!(self.out, "- **Why:** {title} ({})", words::certainty(diagnosis.confidence, ranked.probability))?;
            }
            None => writeln!(self.out, "- **Why:** {}", words::NO_CAUSE)?,
        }
        writeln!(self.out, "- **Whose:** {}", words::whose(diagnosis))?;
        let (urgency, retry, step) = (&diagnosis.urgency, &diagnosis.retry, &diagnosis.first_step);
        writeln!(self.out, "- **Urgent:** {}: {}", words::urgent(urgency.when), self.text(&urgency.says))?;
        writeln!(self.out, "- **Retry:** {} {}", words::retry(retry.helps, retry.safe), self.text(&retry.says))?;
        writeln!(self.out, "- **First:** {}", self.text(&step.says))?;
        match &step.run {
            Some(run) => self.block("  ", "sh", run),
            None => Ok(()),
        }
    }

    /// What speaks for the best cause and against it, and the other causes.
    fn evidence(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let Some((ranked, _)) = words::best(diagnosis, self.report.rules) else { return Ok(()) };
        if !ranked.evidence.is_empty() {
            writeln!(self.out, "- **Evidence:**")?;
        }
        for (supports, word) in [(true, "for"), (false, "against")] {
            for evidence in ranked.evidence.iter().filter(|line| line.supports == supports).take(EVIDENCE_MAX) {
                let places: Vec<String> = evidence.locations.iter().take(PLACES_MAX).map(|place| self.code(&words::place(place))).collect();
                let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
                let says = self.text(&evidence.says);
                writeln!(self.out, "  - {word} ({}): {says}{places}", evidence.weight.name())?;
            }
        }
        let others = self.text(&words::other_causes(diagnosis, self.report.rules));
        if others.is_empty() { Ok(()) } else { writeln!(self.out, "- **Or:** {others}") }
    }

    /// What the incident began with, and what that provoked.
    fn root(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let incident = &diagnosis.incident;
        if let Some(root) = incident.root.and_then(|root| self.report.attempts.get(root)) {
            writeln!(self.out, "- **Began with:** {}", self.code(&words::root(root)))?;
            let provoked: Vec<String> = words::consequences(self.report, diagnosis).iter().map(|name| self.code(name)).collect();
            if !provoked.is_empty() {
                writeln!(self.out, "  - which provoked {}", figures::abridged(&provoked, CONSEQUENCES_MAX))?;
            }
        }
        Ok(())
    }

    /// How to make sure of a cause that is not proven, where the first step is something else.
    fn confirm(&mut self, diagnosis: &Diagnosis, cause: &Cause) -> io::Result<()> {
        let is_told = diagnosis.first_step.kind != StepKind::Fix || diagnosis.confidence == Confidence::Proven;
        let Some(confirm) = cause.confirm.first().filter(|_| !is_told) else { return Ok(()) };
        writeln!(self.out, "- **To confirm:** {}", self.text(&confirm.say))?;
        match &confirm.run {
            Some(run) => self.block("  ", "sh", &diagnosis.blanks.fill(run)),
            None => Ok(()),
        }
    }

    /// How the incident is spread.
    fn spread(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let incident = &diagnosis.incident;
        for pattern in words::spread(incident) {
            writeln!(self.out, "- **Spread:** {}", self.text(&pattern.says))?;
        }
        for (singular, plural, values) in words::scope(&incident.scope) {
            let name = if values.len() == 1 { singular } else { plural };
            let shown: Vec<String> = values.iter().map(|value| self.code(value)).collect();
            writeln!(self.out, "- **Scope:** {name} {}", figures::abridged(&shown, SCOPE_VALUES_MAX))?;
        }
        Ok(())
    }

    /// What to do, in order.
    fn fixes(&mut self, cause: &Cause) -> io::Result<()> {
        if !cause.fixes.is_empty() {
            writeln!(self.out, "\n### What to do\n")?;
        }
        for (at, fix) in cause.fixes.iter().enumerate() {
            let safe = fix.retry_safe.as_deref().map(|safe| format!(" (retry safe: {})", self.text(safe))).unwrap_or_default();
            writeln!(self.out, "{}. {}{safe}", at + 1, self.text(&fix.say))?;
            if let Some(snippet) = &fix.snippet {
                writeln!(self.out)?;
                self.code_of_rule("   ", "", snippet)?;
            }
        }
        Ok(())
    }

    /// Lines of the logs.
    fn seen(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        let examples: Vec<_> = diagnosis.examples.iter().take(EXAMPLES_MAX).collect();
        if !examples.is_empty() {
            writeln!(self.out, "\n### Seen")?;
        }
        for example in examples {
            writeln!(self.out, "\n{}\n", self.code(&words::place(&example.location)))?;
            self.block("", "", &example.excerpt)?;
        }
        Ok(())
    }

    /// A list of what was known before.
    fn known(&mut self, heading: &str, lines: &[String]) -> io::Result<()> {
        if !lines.is_empty() {
            writeln!(self.out, "\n## {heading}\n")?;
        }
        for line in lines {
            writeln!(self.out, "- {}", self.text(line))?;
        }
        Ok(())
    }

    /// What was not read or not understood.
    fn rest(&mut self) -> io::Result<()> {
        let [unknown, unassigned] = self.report.not_understood();
        if self.report.problems.is_empty() && unknown.is_empty() && unassigned.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n## Not read or not understood\n")?;
        for (kind, group) in self.report.problems_by_kind() {
            writeln!(self.out, "- {} {}", figures::number(group.len() as u64), words::problem_kind(kind))?;
            for problem in group.iter().take(PATHS_MAX) {
                writeln!(self.out, "  - {}: {}", self.code(&words::problem_name(problem)), self.text(&problem.says))?;
            }
            self.more(group.len())?;
        }
        self.attempts(words::UNKNOWN_OUTCOME, &unknown)?;
        self.attempts(words::UNASSIGNED, &unassigned)
    }

    /// Attempts of which something is not known.
    fn attempts(&mut self, what: &str, attempts: &[AttemptRef<'_>]) -> io::Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "- {} {what}", figures::count(attempts.len() as u64, "attempt"))?;
        for attempt in attempts.iter().take(PATHS_MAX) {
            writeln!(self.out, "  - {}{}", self.code(&words::log_name(*attempt)), self.text(&words::last_seen(*attempt)))?;
        }
        self.more(attempts.len())
    }

    fn more(&mut self, all: usize) -> io::Result<()> {
        match all.saturating_sub(PATHS_MAX) {
            0 => Ok(()),
            more => writeln!(self.out, "  - and {} more", figures::number(more as u64)),
        }
    }
}
