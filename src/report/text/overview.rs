//! How the text begins and ends: the verdict, what was read, and each incident in a line or two.

use std::io;

use crate::diagnose::Diagnosis;
use crate::error::ProblemKind;

use super::super::page::{Ink, LABEL_AT, NO_BREAK, Place, taken_apart};
use super::super::{figures, hints, known, totals::Totals, words};
use super::{Text, grade};

/// From so many incidents on, a list of them stands before the details.
const LIST_MIN: usize = 2;

/// How many characters of a title the list shows; the details have all.
const TITLE_CHARS_MAX: usize = 120;

/// How wide the longest name of a severity is.
const SEVERITY_CHARS_MAX: usize = 8;

impl Text<'_, '_> {
    /// What stands before the details.
    pub(super) fn overview(&mut self, told: &[(usize, &Diagnosis)]) -> io::Result<()> {
        let report = self.report;
        let totals = Totals::of(report);
        self.page.paragraph(&words::verdict(report, &totals), Ink::Bold)?;
        self.page.paragraph(&words::read(report, &totals), Ink::Dim)?;
        for line in known::head(report) {
            let line = self.safe(&line);
            self.page.paragraph(&line, Ink::Yellow)?;
        }
        if let Some(quick) = words::quick(report) {
            self.page.paragraph(&quick, Ink::Yellow)?;
        }
        if let Some(lost) = words::lost(report) {
            self.page.paragraph(&lost, Ink::Yellow)?;
        }
        for problem in report.problems.iter().filter(|problem| problem.kind == ProblemKind::State) {
            let says = self.safe(&format!("{}: {}.", problem.path, problem.says));
            self.page.paragraph(&says, Ink::Yellow)?;
        }
        let look = words::look(report);
        if !look.is_empty() {
            self.page.paragraph(&look, Ink::Bold)?;
        }
        for says in hints::next_steps(report, &totals) {
            let says = together(&self.safe(&says));
            self.page.paragraph(&says, Ink::Plain)?;
        }
        if told.len() >= LIST_MIN {
            self.page.blank()?;
            let digits = told.iter().map(|(number, _)| number.to_string().len()).max().unwrap_or_default();
            for (number, diagnosis) in told {
                self.entry(&totals, *number, digits, diagnosis)?;
            }
        }
        Ok(())
    }

    /// An incident in the list: what broke, and below it why, whose, how often and when last.
    fn entry(&mut self, totals: &Totals, number: usize, digits: usize, diagnosis: &Diagnosis) -> io::Result<()> {
        let (lead, ink) = grade(number, digits, diagnosis);
        let hang = digits + 2 + SEVERITY_CHARS_MAX + 2;
        let title = figures::shortened(&self.safe(&diagnosis.title), TITLE_CHARS_MAX) + &self.mark(diagnosis);
        let title = taken_apart(&title, self.page.width().saturating_sub(hang));
        self.page.hanging(&lead, ink, hang, &title, Ink::Bold)?;
        let brief = self.safe(&words::brief(self.report, totals, diagnosis));
        self.page.hanging("", Ink::Plain, hang, &brief, Ink::Plain)
    }

    /// A log of each incident that is not told in full.
    pub(super) fn others(&mut self, others: &[(usize, &Diagnosis)]) -> io::Result<()> {
        if others.is_empty() {
            return Ok(());
        }
        self.page.blank()?;
        let more = figures::count(others.len() as u64, "incident");
        let says =
            format!("{more} more stand in the list above; -f html, -f markdown and -f json tell all of them in full. A log of each:");
        self.page.paragraph(&says, Ink::Bold)?;
        let digits = others.iter().map(|(number, _)| number.to_string().len()).max().unwrap_or_default();
        for (number, diagnosis) in others {
            let places: Vec<Place> = diagnosis.examples.first().map(|example| self.place(&example.location)).into_iter().collect();
            self.page.places(&format!("{number:>digits$}."), LABEL_AT + digits + 2, &places)?;
        }
        Ok(())
    }

    /// What stands last where the beginning has rolled by: the verdict once more.
    pub(super) fn end(&mut self, told: &[(usize, &Diagnosis)]) -> io::Result<()> {
        let report = self.report;
        if !report.paper.rolls || told.len() < LIST_MIN {
            return Ok(());
        }
        self.page.blank()?;
        self.page.paragraph(&words::verdict(report, &Totals::of(report)), Ink::Bold)?;
        let look = words::look(report);
        if !look.is_empty() {
            self.page.paragraph(&look, Ink::Bold)?;
        }
        self.page.paragraph("The list of incidents stands at the top; -o html=report.html makes a page of all this.", Ink::Dim)
    }
}

/// Keeps commands, which stand between backticks, on one line, so that they can be copied.
fn together(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let joined = parts.map(|(at, part)| if at % 2 == 1 { part.replace(' ', &NO_BREAK.to_string()) } else { part.to_owned() });
    joined.collect::<Vec<_>>().join("`")
}
