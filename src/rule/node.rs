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
    /// What a value is that holds no others. A whole number beyond 64 bits with a sign is a number like any other.
    pub(super) fn of(value: serde_yaml::Value) -> Self {
        match value {
            serde_yaml::Value::Bool(value) => Self::Bool(value),
            serde_yaml::Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::Number(number.as_f64().unwrap_or(f64::NAN)), Self::Whole)
            }
            serde_yaml::Value::String(text) => Self::Text(text),
            _ => Self::Null,
        }
    }
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

    /// What stands for a node where nothing has a place.
    pub(super) fn nowhere() -> Self {
        Self::new(0..0, Content::Scalar(Scalar::Null))
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

    /// Where a key of a map stands; the node itself where it has no such key.
    pub(super) fn key_span(&self, key: &str) -> &Range<usize> {
        self.entry(key).map_or(&self.span, |entry| &entry.key_span)
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
