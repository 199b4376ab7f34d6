//! A YAML document as a tree that knows where each piece stands in its text.

use std::ops::Range;

/// One value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The bytes of the text that it takes; of a list or map of several lines, only the first.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) content: Content,
    /// The keys of what was wrong and taken out of it, empty for an element of a list; what is missing now may have been there.
    pub(super) removed: Vec<String>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Text, a number, true, false or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text.
    Map(Vec<Entry>),
}

/// A value that holds no others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    /// Nothing at all, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of at most 64 bits.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl Scalar {
    /// What a scalar without quotes means, by YAML 1.2's core schema: `yes` is a text.
    pub(super) fn of(written: &str) -> Self {
        match written {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        // Most scalars begin with a letter, and none of those is a number.
        if !written.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            return Self::Text(written.to_owned());
        }
        let whole = match written.get(..2) {
            Some("0x") => written.get(2..).and_then(|digits| unsigned(digits, 16)),
            Some("0o") => written.get(2..).and_then(|digits| unsigned(digits, 8)),
            _ => written.parse().ok(),
        };
        if let Some(whole) = whole {
            return Self::Whole(whole);
        }
        let unsigned = written.strip_prefix(['+', '-']).unwrap_or(written);
        let number = match unsigned {
            ".inf" | ".Inf" | ".INF" if written.starts_with('-') => Some(f64::NEG_INFINITY),
            ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY),
            ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
            // Rust knows other words for infinity and no number, which are texts here.
            _ if unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte)) => written.parse().ok(),
            _ => None,
        };
        number.map_or_else(|| Self::Text(written.to_owned()), Self::Number)
    }
}

/// Digits without a sign.
fn unsigned(digits: &str, radix: u32) -> Option<i64> {
    if digits.starts_with(['+', '-']) { None } else { i64::from_str_radix(digits, radix).ok() }
}

/// One key of a map with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    /// A node from which nothing was removed.
    pub(super) fn new(span: Range<usize>, content: Content) -> Self {
        Self { span, content, removed: Vec::new() }
    }

    /// A copy of which everything stands in one place.
    pub(super) fn moved_to(&self, span: &Range<usize>) -> Self {
        let content = match &self.content {
            Content::Scalar(scalar) => Content::Scalar(scalar.clone()),
            Content::List(items) => Content::List(items.iter().map(|item| item.moved_to(span)).collect()),
            Content::Map(entries) => Content::Map(
                entries
                    .iter()
                    .map(|entry| Entry { key: entry.key.clone(), key_span: span.clone(), value: entry.value.moved_to(span) })
                    .collect(),
            ),
        };
        Self::new(span.clone(), content)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let inner = match &self.content {
            Content::Scalar(Scalar::Text(text)) => text.len(),
            Content::Scalar(_) => 0,
            Content::List(items) => items.iter().map(Self::bytes).sum(),
            Content::Map(entries) => entries.iter().map(|entry| size_of::<Entry>() + entry.key.len() + entry.value.bytes()).sum(),
        };
        size_of::<Self>() + inner
    }

    /// The entry of a map by its key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The value of a key; the node itself where it has no such key, so that a message has a place at any rate.
    pub(super) fn child(&self, key: &str) -> &Self {
        self.entry(key).map_or(self, |entry| &entry.value)
    }

    /// An element of a list; the node itself where there is none.
    pub(super) fn item(&self, index: usize) -> &Self {
        match &self.content {
            Content::List(items) => items.get(index).unwrap_or(self),
            Content::Scalar(_) | Content::Map(_) => self,
        }
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar(_) | Content::List(_) => &[],
        }
    }

    /// The elements of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            Content::Scalar(_) | Content::Map(_) => &[],
        }
    }

    /// The text of a scalar that is text.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The bytes of `text` where a part of this node's own text stands. Exact for plain and quoted scalars, otherwise the whole.
    pub(super) fn inside(&self, text: &str, part: &Range<usize>) -> Range<usize> {
        let Some(value) = self.as_str() else { return self.span.clone() };
        let source = text.get(self.span.clone()).unwrap_or_default();
        let quote = match source.as_bytes().first() {
            Some(b'|' | b'>') => return self.span.clone(),
            Some(quote @ (b'"' | b'\'')) => Some(*quote),
            _ => None,
        };
        let mut at = usize::from(quote.is_some());
        let mut found = self.span.end.saturating_sub(1)..self.span.end;
        for (index, character) in value.char_indices() {
            if index <= part.start {
                found.start = self.span.start + at;
            }
            let rest = source.get(at..).unwrap_or_default();
            at += match quote {
                Some(b'\'') if character == '\'' => 2,
                Some(b'"') if rest.starts_with('\\') => escape_width(rest),
                _ => rest.chars().next().map_or(0, char::len_utf8),
            };
            if index + character.len_utf8() >= part.end {
                break;
            }
        }
        if part.start < value.len() {
            found.end = (self.span.start + at).max(found.start);
        } else {
            found.start = self.span.end.saturating_sub(1);
        }
        found
    }
}

/// How many bytes an escape of a double-quoted scalar takes.
fn escape_width(rest: &str) -> usize {
    match rest.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_without_quotes_means_what_the_core_schema_says() {
        let text = |written: &str| Scalar::Text(written.to_owned());
        for (written, expected) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("null", Scalar::Null),
            ("True", Scalar::Bool(true)),
            ("yes", text("yes")),
            ("no", text("no")),
            ("404", Scalar::Whole(404)),
            ("-1", Scalar::Whole(-1)),
            ("0x1F", Scalar::Whole(31)),
            ("0o17", Scalar::Whole(15)),
            ("0x-1", text("0x-1")),
            ("0.5", Scalar::Number(0.5)),
            ("1e3", Scalar::Number(1000.0)),
            ("99999999999999999999", Scalar::Number(1e20)),
            ("-.inf", Scalar::Number(f64::NEG_INFINITY)),
            ("inf", text("inf")),
            ("-inf", text("-inf")),
            ("nan", text("nan")),
            ("0.5s", text("0.5s")),
            ("2026-11", text("2026-11")),
            ("-", text("-")),
            ("é1", text("é1")),
        ] {
            assert_eq!(Scalar::of(written), expected, "{written}");
        }
    }
}
