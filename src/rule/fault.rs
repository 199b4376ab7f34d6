//! What is wrong with rule files, told so that it can be mended: the place, the line with the offence underlined, the remedy.

use std::fmt::Write as _;
use std::ops::Range;

use super::Place;
use super::decode::{What, Wrong};
use super::yaml::Flaw;

/// So many faults are told of one loading. Whoever mends these sees the next; and without an end a file that is something else altogether
/// would be searched for hours.
pub(super) const FAULTS_MAX: usize = 100;

/// One fault of a rule file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The name of this sort of fault, for ever.
    pub(super) lint: &'static str,
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
    /// A fault that reading a file's text found.
    pub(super) fn from_flaw(file: usize, flaw: Flaw) -> Self {
        Self { lint: "yaml", file, span: flaw.span, says: flaw.says, remedy: flaw.remedy }
    }

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
            What::Type(_, expected) if expected == "a list" => "write it as a list: [ .. ]".to_owned(),
            What::Type(_, expected) if expected == "a map" => "write it as a map: { key: value, .. }".to_owned(),
            What::Type(_, expected) => format!("write {expected}"),
            What::Other(_) => "rules/README.md shows the form".to_owned(),
        };
        let lint = match &wrong.what {
            What::UnknownField(..) => "unknown-field",
            What::UnknownWord(..) => "unknown-value",
            What::Missing(_) => "missing-field",
            What::Type(..) | What::Other(_) => "wrong-type",
        };
        Self { lint, file, span: wrong.span.clone().unwrap_or_else(|| fallback.clone()), says: wrong.to_string(), remedy }
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

/// Where the lines of a text begin. A line ends as in YAML: with a line feed, a carriage return, or both.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    is_ascii: bool,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends =
            memchr::memchr2_iter(b'\n', b'\r', bytes).filter(|at| bytes.get(*at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n'));
        Self { starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect(), is_ascii: text.is_ascii() }
    }

    /// Line and column, from 1, of a byte of the text.
    pub(super) fn place(&self, file: &super::RuleFile, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or_default();
        let column = if self.is_ascii { at - start } else { file.text.get(start..at).unwrap_or_default().chars().count() };
        Place { file: file.name.clone(), line, column: column + 1 }
    }

    /// A line by its number, without its end.
    fn line<'t>(&self, text: &'t str, number: usize) -> &'t str {
        let start = number.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or(text.len());
        let end = self.starts.get(number).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// Renders faults, sorted by place, each with its source line.
pub(super) fn render(mut faults: Vec<Fault>, files: &[super::RuleFile]) -> String {
    let is_cut = faults.len() >= FAULTS_MAX;
    faults.truncate(FAULTS_MAX);
    faults.sort_by(|a, b| (a.file, a.span.start, &a.says).cmp(&(b.file, b.span.start, &b.says)));
    faults.dedup();
    let mut out = String::new();
    let mut lines: Option<(usize, Lines)> = None;
    for fault in &faults {
        let Some(file) = files.get(fault.file) else { continue };
        if lines.as_ref().is_none_or(|(of, _)| *of != fault.file) {
            lines = Some((fault.file, Lines::new(&file.text)));
        }
        if let Some((_, lines)) = &lines {
            // Writing to a string cannot fail.
            let _ = one(&mut out, "error", fault, file, lines);
        }
    }
    let count = faults.len();
    let _ = match (is_cut, count) {
        (true, _) => write!(out, "{count} faults in the rules, and there may be more; nothing was read"),
        (false, 1) => write!(out, "1 fault in the rules; nothing was read"),
        (false, _) => write!(out, "{count} faults in the rules; nothing was read"),
    };
    out
}

/// Renders one fault of a file.
pub(super) fn render_one(grade: &str, fault: &Fault, file: &super::RuleFile, lines: &Lines) -> String {
    let mut out = String::new();
    let _ = one(&mut out, grade, fault, file, lines);
    out
}

fn one(out: &mut String, grade: &str, fault: &Fault, file: &super::RuleFile, lines: &Lines) -> std::fmt::Result {
    let Place { file: name, line, column } = lines.place(file, fault.span.start);
    writeln!(out, "{name}:{line}:{column}: {grade}[{}]: {}", fault.lint, plain(&fault.says))?;
    let source = lines.line(&file.text, line);
    let width = file.text.get(fault.span.clone()).unwrap_or_default().split(['\n', '\r']).next().unwrap_or_default().chars().count();
    let (shown, skipped) = window(source, column);
    let room = shown.chars().count().saturating_sub(column - 1 - skipped).max(1);
    let number = line.to_string();
    writeln!(out, "  {number} | {shown}")?;
    let pad = " ".repeat(number.len() + 2);
    writeln!(out, "{pad} | {}{}", " ".repeat(column - 1 - skipped), "^".repeat(width.clamp(1, room)))?;
    for (number, part) in wrapped(&plain(&fault.remedy)).iter().enumerate() {
        writeln!(out, "{pad} {} {part}", if number == 0 { '=' } else { ' ' })?;
    }
    writeln!(out)
}

/// A text of which nothing acts on a terminal, one character for each: control characters, and those that turn the direction of writing.
fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).map(|c| if turns(c) { '\u{fffd}' } else { c }).collect()
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
    let shown: String = source.chars().skip(skipped).take(WIDTH_MAX).collect();
    (plain(&shown), skipped)
}
