//! What is wrong with rule files, told so that it can be mended: the place, the line with the offence underlined, the remedy.

use std::fmt::Write as _;
use std::ops::Range;

use super::Place;
use super::decode::{What, Wrong};

/// One fault of a rule file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file's index in the list that was loaded.
    pub(super) file: usize,
    /// Where in its text.
    pub(super) span: Range<usize>,
    /// What is wrong, in one line without a full stop.
    pub(super) says: String,
    /// What to write instead.
    pub(super) remedy: String,
}

impl Fault {
    /// A fault that decoding found.
    pub(super) fn of(file: usize, wrong: &Wrong, fallback: &Range<usize>) -> Self {
        let remedy = match &wrong.what {
            What::UnknownField(field, allowed) => choices(field, allowed, "allowed here"),
            What::UnknownWord(word, allowed) => choices(word, allowed, "allowed"),
            What::Missing(field) => format!("add `{field}:`"),
            What::Type(found, expected)
                if expected == "a text" && (found.starts_with("the number") || found == "true" || found == "false") =>
            {
                "put it in quotes".to_owned()
            }
            What::Type(found, expected) if expected == "a list" && !found.starts_with("a map") => "write it as a list: [ .. ]".to_owned(),
            What::Type(_, expected) => format!("write {expected}"),
            What::Other(_) => "rules/README.md shows the form".to_owned(),
        };
        Self { file, span: wrong.span.clone().unwrap_or_else(|| fallback.clone()), says: wrong.to_string(), remedy }
    }
}

/// `did you mean ..?` and the list of what is allowed.
fn choices(word: &str, allowed: &[&str], what: &str) -> String {
    let mut sorted: Vec<&str> = allowed.to_vec();
    sorted.sort_unstable();
    let list = format!("{what}: {}", sorted.join(", "));
    match nearest(word, allowed.iter().copied()).first() {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    }
}

/// The words that could have been meant, nearest first; at most three.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Below this likeness (Jaro-Winkler, 0 to 1) a suggestion is more often odd than useful.
    const LIKENESS_MIN: f64 = 0.82;
    let mut near: Vec<(f64, &str)> = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(likeness, known)| *likeness >= LIKENESS_MIN || (word.len() >= 4 && known.contains(word)))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    near.into_iter().take(3).map(|(_, known)| known).collect()
}

/// Says which known ids could have been meant, or how to find one.
pub(super) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near: Vec<String> = nearest(word, known).into_iter().map(|id| format!("`{id}`")).collect();
    match near.as_slice() {
        [] => "see `dagnosis rules list` for those that exist, or define it".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}

/// Line and column, from 1, of a byte of a text.
pub(super) fn place(file: &str, text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    Place { file: file.to_owned(), line, column }
}

/// Renders faults, sorted by place, each with its source line.
pub(super) fn render(mut faults: Vec<Fault>, files: &[super::RuleFile]) -> String {
    faults.sort_by(|a, b| (a.file, a.span.start, &a.says).cmp(&(b.file, b.span.start, &b.says)));
    faults.dedup();
    let mut out = String::new();
    for fault in &faults {
        let Some(file) = files.get(fault.file) else { continue };
        // Writing to a string cannot fail.
        let _ = one(&mut out, fault, file);
    }
    let count = faults.len();
    let _ = write!(out, "{count} fault{} in the rules; nothing was read", if count == 1 { "" } else { "s" });
    out
}

/// Renders one fault.
pub(super) fn render_one(fault: &Fault, file: &super::RuleFile) -> String {
    let mut out = String::new();
    let _ = one(&mut out, fault, file);
    out
}

fn one(out: &mut String, fault: &Fault, file: &super::RuleFile) -> std::fmt::Result {
    let Place { file: name, line, column } = place(&file.name, &file.text, fault.span.start);
    writeln!(out, "{name}:{line}:{column}: {}", fault.says)?;
    let source = file.text.lines().nth(line - 1).unwrap_or_default();
    let width = file.text.get(fault.span.clone()).unwrap_or_default().lines().next().unwrap_or_default().chars().count();
    let (shown, skipped) = window(source, column);
    let room = shown.chars().count().saturating_sub(column - 1 - skipped).max(1);
    let number = line.to_string();
    writeln!(out, "  {number} | {shown}")?;
    let pad = " ".repeat(number.len() + 2);
    writeln!(out, "{pad} | {}{}", " ".repeat(column - 1 - skipped), "^".repeat(width.clamp(1, room)))?;
    for (number, part) in wrapped(&fault.remedy).iter().enumerate() {
        writeln!(out, "{pad} {} {part}", if number == 0 { '=' } else { ' ' })?;
    }
    writeln!(out)
}

/// A text in lines of a width that can be read.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A part of a source line that holds the column, without control characters, and how many characters were cut off before it.
fn window(source: &str, column: usize) -> (String, usize) {
    const WIDTH_MAX: usize = 160;
    const BEFORE: usize = 60;
    let skipped = if source.chars().count() <= WIDTH_MAX { 0 } else { (column - 1).saturating_sub(BEFORE) };
    let shown = source.chars().skip(skipped).take(WIDTH_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    (shown, skipped)
}
