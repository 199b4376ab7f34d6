//! The page of a rule for a person at a terminal.

use std::io;

use crate::report::{Ink, Page as Sheet, Paper, terminal};
use crate::rule::RuleSet;

use super::page::{Block, Mark, Page, RuleRef, Sort, Span};

/// Where the text of a block begins.
const INDENT: usize = 2;

/// Where the sentence behind a weight begins.
const EVIDENCE_AT: usize = 12;

/// Writes a page.
pub(super) fn write(page: &Page, rules: &RuleSet, paper: Paper<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out, paper);
    sheet.paragraph(&terminal(&page.title), Ink::Bold)?;
    sheet.paragraph(&terminal(&page.about), Ink::Dim)?;
    let mut has_heading = false;
    let mut hang = INDENT;
    let mut was_lines = false;
    for block in &page.blocks {
        match block {
            Block::Heading(title) => {
                has_heading = true;
                hang = INDENT;
                sheet.blank()?;
                sheet.paragraph(title, Ink::Bold)?;
            }
            Block::Words(Mark::None, spans) if !has_heading => {
                sheet.blank()?;
                sheet.paragraph(&joined(spans, rules), Ink::Plain)?;
            }
            Block::Words(mark, spans) => {
                let text = joined(spans, rules);
                let (lead, ink, at) = match mark {
                    Mark::None => (String::new(), Ink::Plain, INDENT),
                    Mark::Point => (format!("{:INDENT$}-", ""), Ink::Plain, INDENT + 2),
                    Mark::Number(number) => (format!("{number:>3}."), Ink::Plain, INDENT + 3),
                    Mark::Weight(weight, true) => (format!("{:INDENT$}{}", "", weight.name()), Ink::Green, EVIDENCE_AT),
                    Mark::Weight(weight, false) => (format!("{:INDENT$}{}", "", weight.name()), Ink::Red, EVIDENCE_AT),
                    Mark::Below => (String::new(), Ink::Plain, hang),
                };
                hang = at;
                sheet.hanging(&lead, ink, at, &text, Ink::Plain)?;
            }
            Block::Lines(sort, text) => {
                // Two logs in a row are two.
                if was_lines && *sort == Sort::Log {
                    sheet.blank()?;
                }
                let (indent, ink) = match sort {
                    Sort::Log => (hang, Ink::Plain),
                    Sort::Command | Sort::Code => (hang + 2, Ink::Cyan),
                };
                let sign = if *sort == Sort::Command { "$ " } else { "" };
                for line in text.split('\n') {
                    sheet.verbatim(indent, &format!("{sign}{}", terminal(line)), ink)?;
                }
            }
        }
        was_lines = matches!(block, Block::Lines(..));
    }
    let spans = page.blocks.iter().filter_map(|block| if let Block::Words(_, spans) = block { Some(spans) } else { None });
    let mut others = spans.flatten().filter_map(|span| if let Span::Rule(rule @ RuleRef::Cause(_)) = span { Some(rule) } else { None });
    match (page.of, others.next()) {
        (RuleRef::Symptom(_), Some(cause)) => {
            sheet.blank()?;
            sheet.paragraph(&format!("More on a cause: dagnosis explain {}", terminal(cause.id(rules))), Ink::Dim)
        }
        _ => Ok(()),
    }
}

fn joined(spans: &[Span], rules: &RuleSet) -> String {
    let texts = spans.iter().map(|span| match span {
        Span::Text(text) => text.split('\n').map(terminal).collect::<Vec<_>>().join(" "),
        Span::Rule(rule) => terminal(rule.id(rules)).into_owned(),
    });
    texts.collect()
}
