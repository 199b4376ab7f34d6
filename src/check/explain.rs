//! `explain ID`: a symptom or a cause as a page for a reader.

use std::io;
use std::path::PathBuf;

use crate::error::Error;
use crate::report::Paper;
use crate::rule::RuleSet;

use super::page::{self, Block, Mark, Page, RuleRef, Span};
use super::page_markdown::{self, Pages};
use super::page_text;

/// How a page is written.
#[derive(Debug, Clone)]
pub enum Style {
    /// For a person at a terminal.
    Text(Paper<'static>),
    /// As it stands in the tree of `rules docs`, with relative links from there; the folders are those that rules were loaded from.
    Markdown(Vec<PathBuf>),
}

/// Prints the page of a symptom or cause as text; of both, where they share the id.
///
/// # Errors
/// [`Error::Usage`] for an id that no rule has, with those that come near; [`Error::Output`] when `out` cannot be written.
pub fn explain(rules: &RuleSet, id: &str, out: &mut dyn io::Write) -> Result<(), Error> {
    explain_as(rules, id, &Style::Text(Paper::PLAIN), out)
}

/// As [`explain`], in a style. A former id does as well, and the page says so.
///
/// # Errors
/// As those of [`explain`].
pub fn explain_as(rules: &RuleSet, id: &str, style: &Style, out: &mut dyn io::Write) -> Result<(), Error> {
    let found = [rules.symptom(id).map(RuleRef::Symptom), rules.cause(id).map(RuleRef::Cause)];
    let mut pages: Vec<Page> = found.into_iter().flatten().filter_map(|rule| page_of(rules, rule)).collect();
    if pages.is_empty() {
        return Err(unknown(rules, id));
    }
    for page in pages.iter_mut().filter(|page| page.id != id) {
        let says = format!("`{id}` is a former id of `{}`.", page.id);
        page.blocks.insert(0, Block::Words(Mark::None, vec![Span::Text(says)]));
    }
    for (at, page) in pages.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        match style {
            Style::Text(paper) => page_text::write(page, rules, *paper, out)?,
            Style::Markdown(dirs) => out.write_all(page_markdown::page(page, rules, &Pages::of(rules, dirs), 1).as_bytes())?,
        }
    }
    Ok(())
}

/// The page of a rule.
pub(super) fn page_of(rules: &RuleSet, rule: RuleRef) -> Option<Page> {
    match rule {
        RuleRef::Symptom(index) => Some(page::of_symptom(rules, index, rules.symptoms.get(index)?)),
        RuleRef::Cause(index) => Some(page::of_cause(rules, index, rules.causes.get(index)?)),
    }
}

/// The error for an id that no rule has.
pub(super) fn unknown(rules: &RuleSet, id: &str) -> Error {
    let near: Vec<String> = rules.nearest(id).into_iter().map(|id| format!("`{id}`")).collect();
    let advice = match near.as_slice() {
        [] => "`dagnosis rules list` shows all".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    Error::Usage(format!("no symptom or cause has the id `{id}`; {advice}"))
}
