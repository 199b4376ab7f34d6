//! The report: a frozen view of what was found, and one writer per format. Escaping and masking happen here and nowhere else.

mod call;
mod escape;
mod figures;
mod findings;
mod github;
mod gitlab;
mod hints;
mod html;
mod json;
mod json_safe;
mod junit;
mod known;
mod mail;
mod markdown;
mod mask;
mod page;
mod paper;
mod prometheus;
mod sarif;
mod summary;
mod text;
mod totals;
mod wire;
mod words;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub(crate) use escape::{fenced, is_active, terminal};
pub(crate) use figures::{bytes as bytes_in_words, number};
pub(crate) use json_safe::write as write_json;
pub(crate) use page::{Ink, Page, wrap};
pub(crate) use words::retry as retry_words;

pub use mask::{Mask, Masking};
pub use paper::Paper;
pub use prometheus::write_times;

use std::io::{self, Write};

use crate::attempt::Attempts;
use crate::diagnose::Diagnosed;
use crate::error::Problem;
use crate::known::Known;
use crate::rule::RuleSet;
use crate::scan::Stats;

/// The JSON Schema of what [`Format::Json`] writes.
pub const JSON_SCHEMA: &str = include_str!("report-1.schema.json");

/// All that a writer may know.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Every log that was read, sorted by path, member and try.
    pub attempts: &'a Attempts,
    /// The incidents, worst first.
    pub diagnosed: &'a Diagnosed,
    /// The rules that were used.
    pub rules: &'a RuleSet,
    /// What was not read or understood, sorted.
    pub problems: &'a [Problem],
    /// What was read.
    pub stats: Stats,
    /// Which attempts the JSON lists.
    pub list: ListAttempts,
    /// What was known before the run, and what of it is ignored.
    pub known: &'a Known,
    /// What is masked in every text.
    pub mask: &'a Mask,
    /// What text is written on.
    pub paper: Paper<'a>,
}

/// Which attempts the JSON report lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListAttempts {
    /// Every log that was read.
    All,
    /// Those that did not succeed.
    #[default]
    Failed,
    /// None.
    None,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For a mailbox: the subject, then the text, in 76 columns.
    Mail,
    /// For a ticket or a step summary.
    Markdown,
    /// For a person with a browser: one page that needs nothing else.
    Html,
    /// For machines: `dagnosis.report/1`.
    Json,
    /// For code scanning and editors: SARIF 2.1.0.
    Sarif,
    /// For the test reports of a CI system: a case for each task.
    Junit,
    /// For the log of a GitHub Actions step: annotations.
    Github,
    /// For GitLab's code quality report.
    Gitlab,
    /// For the textfile collector of Prometheus' node_exporter.
    Prometheus,
}

impl Report<'_> {
    /// Writes the report.
    ///
    /// # Errors
    /// Only those of the writer.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, out),
            Format::Mail => mail::write(self, out),
            Format::Markdown => markdown::write(self, out),
            Format::Html => html::write(self, out),
            Format::Json => json::write(self, out),
            Format::Sarif => sarif::write(self, out),
            Format::Junit => junit::write(self, out),
            Format::Github => github::write(self, out),
            Format::Gitlab => gitlab::write(self, out),
            Format::Prometheus => prometheus::write(self, out),
        }
    }

    /// The report as Markdown for a step summary of GitHub, to be added to `held` bytes that it has already: cut where the whole would be more than
    /// GitHub takes.
    ///
    /// # Errors
    /// None but those of writing to memory.
    pub fn summary(&self, held: u64) -> io::Result<Vec<u8>> {
        summary::write(self, held)
    }
}
