//! `rules list`, the rules as a table, and `rules show`, one rule as it is written.

use std::io;

use crate::error::Error;
use crate::report::terminal;
use crate::rule::{Place, RuleSet};

use super::explain::unknown;

/// Lists all rules, one a line; gives their number.
///
/// # Errors
/// When `out` cannot be written.
pub fn list(rules: &RuleSet, out: &mut dyn io::Write) -> io::Result<usize> {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for symptom in rules.named() {
        rows.push([format!("symptom/{}", symptom.category), symptom.id.clone(), symptom.severity.name().to_owned(), symptom.title.clone()]);
    }
    for cause in &rules.causes {
        rows.push([format!("cause/{}", cause.layer), cause.id.clone(), format!("prior {:.2}", cause.prior), cause.title.clone()]);
    }
    for timer in &rules.timers {
        rows.push(["timer".to_owned(), timer.id.clone(), format!("{} s", timer.seconds), timer.device.clone()]);
    }
    // Rules may come from anywhere, and what stands in them may be made to move the cursor.
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| terminal(cell))).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    for [kind, id, rank, title] in &rows {
        writeln!(out, "{kind:first$}  {id:second$}  {rank:third$}  {title}")?;
    }
    Ok(rows.len())
}

/// Prints a rule as it is written in its file, comments included.
///
/// # Errors
/// [`Error::Usage`] for an id that no rule has; [`Error::Output`] when `out` cannot be written.
pub fn show(rules: &RuleSet, id: &str, out: &mut dyn io::Write) -> Result<(), Error> {
    let symptom = rules.symptom(id).and_then(|index| rules.symptoms.get(index)).map(|symptom| &symptom.place);
    let cause = rules.cause(id).and_then(|index| rules.causes.get(index)).map(|cause| &cause.place);
    let places: Vec<&Place> = symptom.into_iter().chain(cause).collect();
    if places.is_empty() {
        return Err(unknown(rules, id));
    }
    for place in places {
        writeln!(out, "# {}:{}", terminal(&place.file), place.line)?;
        let text = rules.files.iter().find(|file| file.name == place.file).map_or("", |file| file.text.as_str());
        for line in block(text, place.line) {
            writeln!(out, "{}", terminal(line))?;
        }
    }
    Ok(())
}

/// The lines of the list element that begins at a line: up to the next that is indented no deeper than its dash.
fn block(text: &str, line: usize) -> Vec<&str> {
    let mut lines = text.lines().skip(line.saturating_sub(1));
    let Some(first) = lines.next() else { return Vec::new() };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(first);
    let mut block = vec![first];
    block.extend(lines.take_while(|line| line.trim().is_empty() || indent(line) > own));
    while block.last().is_some_and(|line| line.trim().is_empty()) {
        block.pop();
    }
    block
}
