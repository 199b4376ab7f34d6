//! Texts as YAML writes them, so that what is read is what was written, whatever stands in it.

use std::fmt::Write as _;

use crate::report::is_active;

/// In double quotes, with escapes for all that is not plainly seen.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        // Writing to a string cannot fail.
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_plain(c) => out.push(c),
            c if u32::from(c) < 0x100 => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => drop(write!(out, "\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// In single quotes where that is possible, as expressions are read best.
pub(super) fn expression(text: &str) -> String {
    if text.chars().all(is_plain) { format!("'{}'", text.replace('\'', "''")) } else { quoted(text) }
}

/// An element of a list: as a block where it has several lines or would need many escapes, else in quotes.
pub(super) fn item(text: &str, indent: usize, comment: &str) -> String {
    let pad = " ".repeat(indent);
    let comment = if comment.is_empty() { String::new() } else { format!("  # {comment}") };
    let begins_well = text.starts_with(|c: char| !c.is_whitespace()) && !text.ends_with('\n');
    let is_plain = text.chars().all(|c| c == '\n' || is_plain(c));
    if begins_well && is_plain && text.contains(['\n', '"', '\\']) {
        let mut out = format!("{pad}- |-{comment}\n");
        for line in text.split('\n') {
            let line = if line.is_empty() { String::new() } else { format!("{pad}  {line}") };
            out.push_str(&line);
            out.push('\n');
        }
        return out;
    }
    format!("{pad}- {}{comment}\n", quoted(text))
}

/// Whether a character may stand as it is, and is seen.
fn is_plain(c: char) -> bool {
    !is_active(c) && !matches!(u32::from(c) & 0xfffe, 0xfffe)
}

/// A text behind `#`, on one line.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '?' }).collect()
}
