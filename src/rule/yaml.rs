//! From a file's text to its tree: what of YAML a rule file may not use, and where each piece stands. The values are those that `serde_yaml`
//! reads; it tells no places, and takes time and memory without a limit for some texts, so it sees a text after the parser that has both.
//!
//! A rule file is one document of maps, lists and scalars. Aliases are allowed and are copied, so their sum has a limit; tags, merge keys and
//! keys that are no words are told as faults; and nothing nests deeper than any rule needs, which keeps all that walks the tree off the stack's end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScanError, Span, StructureStyle};
use serde_yaml::Value;

use super::fault::FAULTS_MAX;
use super::node::{Content, Entry, Node, Scalar};

/// How many lists and maps may stand within each other. A condition within 20 others needs 45.
pub(super) const DEPTH_MAX: usize = 64;

/// How many bytes of memory anchors and aliases may take in all.
const COPIED_BYTES_MAX: usize = 8 << 20;

/// Something that a rule file may not hold.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) span: Range<usize>,
    /// What is wrong, in one line without a full stop.
    pub(super) says: String,
    /// What to write instead.
    pub(super) remedy: String,
}

/// Whether a text is as rule files commonly are: without aliases, tags, directives and control characters, which its values alone do not tell, and
/// without lists and maps so deep that `serde_yaml` would take very long. It may be denied of a text that has none of these.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_control = |byte: u8| (byte < b' ' && !b"\t\n\r".contains(&byte)) || byte >= 0x7f;
    let is_sign = |byte: u8| matches!(byte, b'[' | b'{' | b']' | b'}' | b'&' | b'*' | b'!' | b'%') || is_control(byte);
    let (mut anchors, mut aliases, mut control, mut depth) = (false, false, false, 0_usize);
    for (at, sign) in bytes.iter().copied().enumerate().filter(|(_, byte)| is_sign(*byte)) {
        // Only where a value may begin do most of them mean anything.
        let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b'\n');
        let after = bytes.get(at + 1).copied().unwrap_or(b'\n');
        let begins = before.is_ascii_whitespace() || matches!(before, b'[' | b'{' | b',' | b':');
        let is_named = after.is_ascii_alphanumeric() || matches!(after, b'_' | b'-');
        match sign {
            b'[' | b'{' if begins => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'&' => anchors |= begins && is_named,
            b'*' => aliases |= begins && is_named,
            b'!' if begins && !after.is_ascii_whitespace() => return false,
            b'%' if matches!(before, b'\n' | b'\r') => return false,
            _ => control |= is_control(sign),
        }
        if depth > DEPTH_MAX {
            return false;
        }
    }
    !(anchors && aliases) && (!control || control_character(text).is_none())
}

/// Reads a text. `None` where it holds nothing but white space and comments.
pub(super) fn read(text: &str) -> Result<Option<Node>, Vec<Flaw>> {
    if let Some(flaw) = control_character(text) {
        return Err(vec![flaw]);
    }
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    // Of the limits that the parser has itself, the place is the bracket's.
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    let mut tree = Tree { text, ..Tree::default() };
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                tree.flaws.push(unreadable(text, &error));
                break;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
        }
        if documents > 1 {
            let remedy = "put what follows into a file of its own; a line --- may only begin the file".to_owned();
            let says = "a second document begins here, and a rule file is one".to_owned();
            tree.flaws.push(Flaw { span: span.byte_range().unwrap_or_default(), says, remedy });
            break;
        }
        if tree.flaws.len() >= FAULTS_MAX || !tree.take(event, &span) {
            break;
        }
    }
    if !tree.flaws.is_empty() {
        return Err(tree.flaws);
    }
    let Some(mut root) = tree.root else { return Ok(None) };
    let value = serde_yaml::from_str(text).map_err(|error| vec![unreadable_value(text, &error)])?;
    give_values(&mut root, value);
    Ok(Some(root))
}

/// Gives the scalars of a tree the values that `serde_yaml` reads there. Both are read from the same text, so they have the same form.
fn give_values(node: &mut Node, value: Value) {
    match (&mut node.content, value) {
        (Content::List(items), Value::Sequence(values)) => items.iter_mut().zip(values).for_each(|(item, value)| give_values(item, value)),
        (Content::Map(entries), Value::Mapping(values)) => {
            entries.iter_mut().zip(values).for_each(|(entry, (_, value))| give_values(&mut entry.value, value));
        }
        (Content::Scalar(scalar), value) => *scalar = Scalar::of(value),
        (Content::List(_) | Content::Map(_), _) => {}
    }
}

/// What `serde_yaml` says of a text that gave a tree.
fn unreadable_value(text: &str, error: &serde_yaml::Error) -> Flaw {
    let at = error.location().map_or(0, |location| location.index().min(text.len()));
    let says = error.to_string();
    let says = says.split(" at line ").next().unwrap_or_default();
    if says.contains("as u128") || says.contains("as i128") {
        let rest = text.get(at..).unwrap_or_default();
        let width = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
        return Flaw {
            span: at..at + width,
            says: "a number with so many digits".to_owned(),
            remedy: "put it in quotes if it is a text".to_owned(),
        };
    }
    Flaw { span: at..at, says: format!("this is no YAML: {says}"), remedy: "put texts in quotes that hold signs of YAML".to_owned() }
}

/// The first character that may not stand in YAML.
fn control_character(text: &str) -> Option<Flaw> {
    let is_bad = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    let (at, bad) = text.char_indices().find(|(_, c)| is_bad(*c))?;
    let code = u32::from(bad);
    let escape = if code > 0xff { format!("\\u{code:04x}") } else { format!("\\x{code:02x}") };
    Some(Flaw {
        span: at..at + bad.len_utf8(),
        says: format!("the character U+{code:04X} may not stand in a rule file"),
        remedy: format!("remove it; a text that means it is written in double quotes with {escape} in its place"),
    })
}

/// A list or map that is not closed yet.
struct Open {
    start: usize,
    /// The end of what was read of it.
    end: usize,
    anchor: usize,
    /// How deep it is itself, with all in it.
    height: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, Range<usize>)>),
}

/// What an anchor names.
struct Anchored {
    node: Node,
    height: usize,
    bytes: usize,
}

#[derive(Default)]
struct Tree<'a> {
    text: &'a str,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    copied: usize,
    flaws: Vec<Flaw>,
}

impl Tree<'_> {
    fn flaw(&mut self, span: Range<usize>, says: impl Into<String>, remedy: impl Into<String>) {
        self.flaws.push(Flaw { span, says: says.into(), remedy: remedy.into() });
    }

    /// Takes an event; says whether it is worth reading on.
    fn take(&mut self, event: Event<'_>, span: &Span) -> bool {
        let range = span.byte_range().unwrap_or_default();
        self.check_tag(&event, span);
        match event {
            Event::Alias(id) => return self.alias(id, range),
            Event::UnresolvedAlias(name) => {
                let remedy = format!("write `&{name}` before the value that it repeats; a text that begins with * goes into quotes");
                self.flaw(range.clone(), format!("there is no `&{name}` before this"), remedy);
                self.add(Node::new(range, Content::Scalar(Scalar::Null)), None, 0);
            }
            Event::Scalar(value, _, anchor, _) => {
                let node = Node::new(self.trimmed(range), Content::Scalar(Scalar::Text(value.clone().into_owned())));
                let goes_on = self.name(anchor, &node, 0);
                self.add(node, Some(&value), 0);
                return goes_on;
            }
            Event::SequenceStart(style, anchor, _) => return self.open(range, style, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(style, anchor, _) => return self.open(range, style, anchor, OpenKind::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => return self.close(&range),
            _ => {}
        }
        true
    }

    fn check_tag(&mut self, event: &Event<'_>, span: &Span) {
        let Some(tag) = event.tag() else { return };
        if event.scalar().is_some() && tag.is_yaml_core_schema_tag("str") {
            return;
        }
        let at = span.tag_start().and_then(|mark| mark.byte_offset()).unwrap_or_default();
        let rest = self.text.get(at..).unwrap_or_default();
        let written = rest.split([' ', '\t', '\n', '\r', ',']).next().unwrap_or_default();
        let says = format!("the tag `{}` has no meaning in a rule file", short(written));
        self.flaw(at..at + written.len(), says, "remove it; a text that begins with ! goes into quotes");
    }

    /// The span of a scalar without the blanks and line ends that follow it.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let written = self.text.get(range.clone()).unwrap_or_default();
        range.start..range.start + written.trim_end().len()
    }

    fn open(&mut self, range: Range<usize>, style: StructureStyle, anchor: usize, kind: OpenKind) -> bool {
        if self.open.len() >= DEPTH_MAX {
            self.flaws.push(too_deep(range));
            return false;
        }
        let end = if style == StructureStyle::Flow { range.end } else { range.start };
        self.open.push(Open { start: range.start, end, anchor, height: 0, kind });
        true
    }

    fn close(&mut self, range: &Range<usize>) -> bool {
        let Some(open) = self.open.pop() else { return true };
        let closes = self.text.get(range.clone()).is_some_and(|closing| matches!(closing, "]" | "}"));
        let end = if closes { range.end } else { open.end };
        let written = self.text.get(open.start..end).unwrap_or_default();
        // What takes several lines is shown by its first.
        let first = written.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let content = match open.kind {
            OpenKind::List(items) => Content::List(items),
            OpenKind::Map(entries, _) => {
                self.check_doubles(&entries);
                Content::Map(entries)
            }
        };
        let node = Node::new(open.start..open.start + first.len(), content);
        let goes_on = self.name(open.anchor, &node, open.height + 1);
        self.add(node, None, open.height + 1);
        if let Some(parent) = self.open.last_mut() {
            parent.end = parent.end.max(end);
        }
        goes_on
    }

    fn check_doubles(&mut self, entries: &[Entry]) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            if !seen.insert(entry.key.as_str()) && self.flaws.len() < FAULTS_MAX {
                let says = format!("the key `{}` stands twice in one map", short(&entry.key));
                self.flaw(entry.key_span.clone(), says, "keep one of them; several conditions of one kind go into `any` or `all`");
            }
        }
    }

    /// Notes a node that has an anchor.
    fn name(&mut self, anchor: usize, node: &Node, height: usize) -> bool {
        if anchor == 0 {
            return true;
        }
        let bytes = node.bytes();
        if !self.copies(bytes, &node.span) {
            return false;
        }
        self.anchors.insert(anchor, Anchored { node: node.clone(), height, bytes });
        true
    }

    /// Counts what an anchor or alias copies; says whether there is room for it.
    fn copies(&mut self, bytes: usize, span: &Range<usize>) -> bool {
        self.copied += bytes;
        let fits = self.copied <= COPIED_BYTES_MAX;
        if !fits {
            let remedy = "write out what is meant, with fewer or smaller ones; most of all no aliases of aliases";
            self.flaw(span.clone(), "the anchors and aliases up to here repeat too much", remedy);
        }
        fits
    }

    /// Puts a copy of what an anchor names where the alias stands.
    fn alias(&mut self, id: usize, range: Range<usize>) -> bool {
        let Some(Anchored { height, bytes, .. }) = self.anchors.get(&id) else {
            self.flaw(range, "this alias stands within what it repeats", "write out what is meant here");
            return false;
        };
        let (height, bytes) = (*height, *bytes);
        if self.open.len() + height > DEPTH_MAX {
            self.flaws.push(too_deep(range));
            return false;
        }
        if !self.copies(bytes, &range) {
            return false;
        }
        if let Some(node) = self.anchors.get(&id).map(|anchored| anchored.node.moved_to(&range)) {
            self.add(node, None, height);
        }
        true
    }

    /// Puts a finished node where it belongs. `written` is a scalar's text.
    fn add(&mut self, node: Node, written: Option<&str>, height: usize) {
        let end = node.span.end;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        open.end = open.end.max(end);
        open.height = open.height.max(height);
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map(entries, key @ Some(_)) => {
                let (key, key_span) = key.take().unwrap_or_default();
                entries.push(Entry { key, key_span, value: node });
            }
            OpenKind::Map(_, key) => {
                let span = node.span;
                *key = Some((written.unwrap_or_default().to_owned(), span.clone()));
                match written {
                    Some("<<") => {
                        let remedy = "write the fields out; a whole value can be repeated with `key: &name ..` and `key: *name`";
                        self.flaw(span, "a merge key (<<) has no meaning in a rule file", remedy);
                    }
                    Some(_) => {}
                    None => {
                        self.flaw(
                            span,
                            "a key is one word, not a list, a map or an alias",
                            "write `key: value`, or put a text into quotes",
                        );
                    }
                }
            }
        }
    }
}

fn too_deep(span: Range<usize>) -> Flaw {
    let says = format!("lists and maps within each other more than {DEPTH_MAX} deep");
    Flaw { span, says, remedy: "write it flatter; of a condition, make parts that are symptoms of their own".to_owned() }
}

/// A beginning that is short enough for a message.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What the parser says, at the place it names.
fn unreadable(text: &str, error: &ScanError) -> Flaw {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let mut says = error.info();
    if says == "invalid indentation in multiline quoted scalar" {
        says = "a text in quotes is not closed, or goes on here with less indentation".to_owned();
    }
    if says == "recursion limit exceeded" {
        let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        return too_deep(at..at + width);
    }
    let (at, width) = match culprit(text, at, &says) {
        Some(at) => (at, 1),
        None => (at, 0),
    };
    let is_tab = text.get(at..).is_some_and(|rest| rest.starts_with('\t'));
    let remedy = if is_tab {
        "indent with spaces; YAML allows no tabs there"
    } else if says.contains("quote") && !says.contains("escape") && !says.contains("surrogate") {
        "close the text with the quote that opens it; within '..' a quote is written twice, within \"..\" as \\\""
    } else if says.contains("escape") || says.contains("hexadecimal") || says.contains("surrogate") {
        "put the text into '..', in which a backslash is itself, or write \\\\ for one"
    } else if says.contains("bracket") || says.contains("flow") {
        "close each [ with ] and each { with }, and part what stands in them with commas"
    } else if says.contains("directive") || says.contains("version") || says.contains("handle") || says.contains("document") {
        "a rule file needs no line that begins with % or ...; remove it"
    } else {
        "check the indentation, and put texts in quotes that hold `: ` or ` #`, or begin with a sign such as @ % & * ["
    };
    Flaw { span: at..at + width, says: format!("this is no YAML: {says}"), remedy: remedy.to_owned() }
}

/// The character that is really meant, where the parser names the beginning of what it stands in.
fn culprit(text: &str, at: usize, says: &str) -> Option<usize> {
    let rest = text.get(at..)?;
    if says.contains("tab") {
        // A tab that indents the line, or the next that is indented so.
        let line_start = text.get(..at)?.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let mut begins = line_start;
        for line in text.get(line_start..)?.split_inclusive(['\n', '\r']) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line.get(..indent).and_then(|indent| indent.find('\t')) {
                return Some(begins + tab);
            }
            begins += line.len();
        }
    }
    if says.contains("unknown escape") {
        let mut characters = rest.char_indices();
        while let Some((index, character)) = characters.next() {
            if character == '\\' && characters.next().is_none_or(|(_, escaped)| !"0abtnvfre \"/\\N_LPxuU\t\n\r".contains(escaped)) {
                return Some(at + index);
            }
        }
    }
    None
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
            ("18446744073709551615", Scalar::Number(18_446_744_073_709_551_615.0)),
            ("-.inf", Scalar::Number(f64::NEG_INFINITY)),
            ("inf", text("inf")),
            ("-inf", text("-inf")),
            ("nan", text("nan")),
            ("0.5s", text("0.5s")),
            ("2026-11", text("2026-11")),
            ("é1", text("é1")),
        ] {
            let read = read(&format!("key: {written}\n")).map_err(|flaws| format!("{flaws:?}"));
            let node = read.ok().flatten().and_then(|root| root.entry("key").map(|entry| entry.value.clone()));
            assert!(matches!(&node, Some(Node { content: Content::Scalar(scalar), .. }) if *scalar == expected), "{written}: {node:?}");
        }
    }
}
