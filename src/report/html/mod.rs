//! The report as one self-contained page: no script, no request, light and dark, for a screen of any width, for paper and, without its style and
//! drawings, for a mail.
//!
//! All of it is well-formed as XML too: elements without content are closed, attributes have values. Tests read it with a parser that forgives nothing.

mod axis;
mod heat;
mod incident;
mod index;
mod known;
mod overview;
mod page;
mod rest;
#[cfg(test)]
mod tests;
mod timeline;

use std::io::{self, Write};

use maud::html;

use super::{Report, figures, totals::Totals};
use index::Index;
use page::Page;

/// How many incidents are told in full; the others have a row in a table.
const FULL_INCIDENTS_MAX: usize = 200;

/// How much those may take together, in bytes: with a row for each of 5,000 more, the page stays under 5 MB.
const FULL_BYTES_MAX: usize = 2_000_000;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded or run, whatever a log has smuggled in.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = Totals::of(report);
    let diagnoses = &report.diagnosed.diagnoses;
    let page = Page { report, index: Index::of(report), anchors: page::anchors(report) };
    let mut sections: Vec<String> = Vec::new();
    let mut bytes = 0;
    for (at, diagnosis) in diagnoses.iter().enumerate().take(FULL_INCIDENTS_MAX) {
        let section = incident::section(&page, at, diagnosis).into_string();
        bytes += section.len();
        // The gravest is told in any case.
        if bytes > FULL_BYTES_MAX && at > 0 {
            break;
        }
        sections.push(section);
    }
    let told = sections.len();
    let title = match diagnoses.len() as u64 {
        0 if report.known.ignored.is_empty() => "No failure found".to_owned(),
        0 => "No other failure found".to_owned(),
        incidents => figures::count(incidents, "incident"),
    };
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n<title>{title} - dagnosis</title>\n\
         <style>\n{STYLE}</style>\n</head>\n"
    )?;
    let begin = html! {
        a.skip href="#incidents" { "Skip to the incidents" }
        (overview::head(&page, &totals))
    };
    write!(
        out,
        "<body id=\"top\">\n{}\n<main>\n{}\n<div id=\"incidents\">\n",
        begin.into_string(),
        overview::table(&page, told).into_string()
    )?;
    for section in &sections {
        writeln!(out, "{section}")?;
    }
    let end = html! {
        (overview::rest(&page, told))
        (known::section(&page))
        (rest::section(&page))
    };
    let foot = html! {
        footer { p { "Written by dagnosis " (env!("CARGO_PKG_VERSION")) ". All times are UTC. Paths are those that were given; what looks like a secret is shown as ***." } }
    };
    writeln!(out, "</div>\n{}\n</main>\n{}\n</body>\n</html>", end.into_string(), foot.into_string())
}
