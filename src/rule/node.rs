//! A YAML document as a tree that knows where each piece stands in its text.
//!
//! The parser gives values without places. They are found again by walking the text once, with the values as a guide: what
//! comes next is known, only where it stands is not. Where the two disagree (a form of YAML not foreseen here) the rest keeps the
//! last place that was certain, so a message may point a little early but never elsewhere.

use std::ops::Range;

use serde_yaml::Value;

/// One value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The bytes of the text that it takes; of a list or map in block style, only its first line.
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
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    /// Places a parsed value in the text it was parsed from.
    pub(super) fn place(value: Value, text: &str) -> Self {
        Walker { text, at: 0, lost: false }.node(value)
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
            Content::Scalar(value) => value.as_str(),
            Content::List(_) | Content::Map(_) => None,
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

/// Walks a text beside the values that were parsed from it.
struct Walker<'a> {
    text: &'a str,
    at: usize,
    lost: bool,
}

impl<'a> Walker<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes a character if it comes next; otherwise the walk is lost.
    fn expect(&mut self, wanted: char) {
        if self.lost {
            return;
        }
        if self.peek() == Some(wanted) {
            self.at += wanted.len_utf8();
        } else {
            self.lost = true;
        }
    }

    /// Skips white space, comments, directives and the mark of a document.
    fn gap(&mut self) {
        while !self.lost {
            let rest = self.rest();
            let after = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let blank = rest.len() - after.len();
            let free = self.at == 0 || blank > 0 || self.text.get(..self.at).is_some_and(|before| before.ends_with('\n'));
            let line = after.find('\n').unwrap_or(after.len());
            let skip = match after.as_bytes().first() {
                Some(b'#' | b'%') if free => line,
                Some(b'-') if free && after.starts_with("---") => 3,
                _ => 0,
            };
            self.at += blank + skip;
            if skip == 0 {
                return;
            }
        }
    }

    /// Skips anchors and tags; says whether an alias stands here instead of a value.
    fn properties(&mut self) -> bool {
        while let Some(mark @ ('&' | '!' | '*')) = self.peek() {
            let rest = self.rest();
            self.at += rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
            if mark == '*' {
                return true;
            }
            self.gap();
        }
        false
    }

    fn node(&mut self, value: Value) -> Node {
        let value = match value {
            Value::Tagged(tagged) => tagged.value,
            other => other,
        };
        let before = self.at;
        self.gap();
        let start = self.at;
        if !self.lost && self.properties() {
            // What an alias stands for has its place elsewhere: everything in it is where the alias is.
            let end = self.at;
            self.lost = true;
            let mut node = self.content(value, start);
            node.span = start..end;
            (self.at, self.lost) = (end, false);
            return node;
        }
        if value.is_null() && !["~", "null", "Null", "NULL"].iter().any(|null| self.rest().starts_with(null)) {
            self.at = before;
            return Node { span: before..before, content: Content::Scalar(value), removed: Vec::new() };
        }
        let start = self.at;
        self.content(value, start)
    }

    fn content(&mut self, value: Value, start: usize) -> Node {
        let content = match value {
            Value::Mapping(map) => {
                let flow = self.opens('{');
                let entries = map.into_iter().map(|(key, value)| self.entry(&key, value, flow)).collect();
                self.closes(flow, '}');
                Content::Map(entries)
            }
            Value::Sequence(items) => {
                let flow = self.opens('[');
                let items = items.into_iter().map(|item| self.item(item, flow)).collect();
                self.closes(flow, ']');
                Content::List(items)
            }
            scalar => {
                self.scalar(&scalar);
                Content::Scalar(scalar)
            }
        };
        let mut end = self.at.max(start);
        if !matches!(content, Content::Scalar(_)) {
            let rest = self.text.get(start..end).unwrap_or_default();
            end = start + rest.find('\n').unwrap_or(rest.len());
        }
        Node { span: start..end, content, removed: Vec::new() }
    }

    fn item(&mut self, value: Value, flow: bool) -> Node {
        self.gap();
        if !flow {
            self.expect('-');
        }
        let node = self.node(value);
        self.comma(flow);
        node
    }

    fn entry(&mut self, key: &Value, value: Value, flow: bool) -> Entry {
        self.gap();
        let start = self.at;
        self.scalar(key);
        let key_span = start..self.at;
        if !self.lost {
            self.at += self.rest().len() - self.rest().trim_start().len();
        }
        let bare = flow && value.is_null() && matches!(self.peek(), Some(',' | '}'));
        if !bare {
            self.expect(':');
        }
        let value = self.node(value);
        self.comma(flow);
        let key = match key {
            Value::String(text) => text.clone(),
            Value::Bool(bool) => bool.to_string(),
            Value::Number(number) => number.to_string(),
            _ => "?".to_owned(),
        };
        Entry { key, key_span, value }
    }

    fn opens(&mut self, bracket: char) -> bool {
        let opens = !self.lost && self.peek() == Some(bracket);
        self.at += usize::from(opens);
        opens
    }

    fn comma(&mut self, flow: bool) {
        if flow {
            self.gap();
            self.at += usize::from(!self.lost && self.peek() == Some(','));
        }
    }

    fn closes(&mut self, flow: bool, bracket: char) {
        if flow {
            self.gap();
            self.expect(bracket);
        }
    }

    /// Takes a scalar whose value is known.
    fn scalar(&mut self, value: &Value) {
        if self.lost {
            return;
        }
        let rest = self.rest();
        let taken = match (rest.as_bytes().first(), value) {
            (Some(quote @ (b'"' | b'\'')), _) => quoted(rest, *quote),
            (Some(b'|' | b'>'), Value::String(text)) => {
                let header = rest.find('\n').unwrap_or(rest.len());
                folded(rest.get(header..).unwrap_or_default(), text).map(|taken| header + taken)
            }
            (_, Value::String(text)) => folded(rest, text),
            _ => Some(rest.find(|c: char| c.is_whitespace() || ",:]}".contains(c)).unwrap_or(rest.len())),
        };
        match taken {
            Some(taken) => self.at += taken,
            None => self.lost = true,
        }
    }
}

/// The length of a quoted scalar with its quotes.
fn quoted(rest: &str, quote: u8) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 1,
            _ if byte == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The length of text that gives `value` when its lines are folded: the same characters, white space apart.
fn folded(rest: &str, value: &str) -> Option<usize> {
    let mut at = 0;
    for wanted in value.chars().filter(|c| !c.is_whitespace()) {
        let ahead = rest.get(at..)?;
        at += ahead.len() - ahead.trim_start().len();
        at += rest.get(at..)?.starts_with(wanted).then(|| wanted.len_utf8())?;
    }
    Some(at)
}
