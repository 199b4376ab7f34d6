//! A file of settings, read as rule files are: the same YAML, and faults told with their place, the line underlined and the remedy.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::decode::{What, decode};
use super::fault::{Fault, Lines, render_one};
use super::node::{Content, Node, Scalar};
use super::{RuleFile, yaml};
use crate::error::Error;

/// A map of settings that knows where each of them stands.
#[derive(Debug)]
pub struct Document {
    file: RuleFile,
    /// What a message shows of it.
    shown: RuleFile,
    root: Node,
}

/// Where in the text of a document something stands, in bytes.
pub type Span = Range<usize>;

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// None stands there.
    Nothing,
    /// `true` or `false`.
    Flag(bool),
    /// A text; a number as it is written.
    Text(String),
    /// Values, each with its place.
    List(Vec<(Given, Span)>),
    /// A map.
    Map,
}

/// A key of a document.
#[derive(Debug)]
pub struct Setting<'a> {
    /// Its name.
    pub key: &'a str,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Given,
    /// Where the value stands.
    pub span: Span,
}

/// What is wrong with a document, gathered so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a fault by the name of its sort.
    pub fn add(&mut self, sort: &'static str, span: &Span, says: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Fault { lint: sort, file: 0, span: span.clone(), says: says.into(), remedy: remedy.into() });
    }
}

impl Document {
    /// Reads a text that is a map; an empty one has no keys.
    ///
    /// # Errors
    /// [`Error::Rules`] with all that is wrong with it as YAML.
    pub fn read(name: String, text: String) -> Result<Self, Error> {
        let root = yaml::read(&text);
        let file = RuleFile { name, text };
        let empty = || Node::new(0..0, Content::Map(Vec::new()));
        let shown = RuleFile { name: file.name.clone(), text: file.text.clone() };
        let document = |root| Self { file, shown, root };
        match root {
            Ok(None) => Ok(document(empty())),
            Ok(Some(root)) if matches!(root.content, Content::Map(_)) => Ok(document(root)),
            Ok(Some(root)) => {
                let mut faults = Faults::default();
                faults.add("wrong-type", &root.span, "settings are a map", "write each as `name: value`, such as fail-on: high");
                let document = document(root);
                Err(document.told(faults))
            }
            Err(flaws) => {
                // What is said of rule files is so of these.
                let own = |text: String| text.replace("rule file", "file of settings");
                let faults = flaws.into_iter().map(|flaw| {
                    let mut fault = Fault::from_flaw(0, flaw);
                    fault.says = own(fault.says);
                    fault.remedy = own(fault.remedy).split("; several conditions").next().unwrap_or_default().to_owned();
                    fault
                });
                let faults = Faults(faults.collect());
                Err(document(empty()).told(faults))
            }
        }
    }

    /// The file's name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Covers the values of some keys wherever a message shows the line that they stand in.
    pub fn cover(&mut self, keys: &[&str]) {
        let mut shown = self.file.text.clone();
        for entry in self.root.entries().iter().filter(|entry| keys.contains(&entry.key.as_str())) {
            let span = entry.value.span.clone();
            let covered = |c: char| if c.is_whitespace() || "[],".contains(c) { c.to_string() } else { "*".repeat(c.len_utf8()) };
            if let Some(covered) = shown.get(span.clone()).map(|value| value.chars().map(covered).collect::<String>()) {
                shown.replace_range(span, &covered);
            }
        }
        self.shown = RuleFile { name: self.file.name.clone(), text: shown };
    }

    /// All keys in the order of the text.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'_>> {
        self.root.entries().iter().map(|entry| Setting {
            key: &entry.key,
            key_span: entry.key_span.clone(),
            value: self.given(&entry.value),
            span: entry.value.span.clone(),
        })
    }

    fn given(&self, node: &Node) -> Given {
        match &node.content {
            Content::Scalar(Scalar::Null) => Given::Nothing,
            Content::Scalar(Scalar::Bool(value)) => Given::Flag(*value),
            Content::Scalar(Scalar::Text(text)) => Given::Text(text.clone()),
            Content::Scalar(Scalar::Whole(_) | Scalar::Number(_)) => {
                Given::Text(self.file.text.get(node.span.clone()).unwrap_or_default().to_owned())
            }
            Content::List(items) => Given::List(items.iter().map(|item| (self.given(item), item.span.clone())).collect()),
            Content::Map(_) => Given::Map,
        }
    }

    /// The value of a key as a list of maps. `None` where there is no such key, or too much is wrong with it.
    pub fn list<T: DeserializeOwned>(&self, key: &str, faults: &mut Faults) -> Option<Vec<T>> {
        let mut node = self.root.entry(key)?.value.clone();
        let span = node.span.clone();
        let mut wrongs = Vec::new();
        let list = decode(&mut node, &mut wrongs);
        for wrong in &wrongs {
            let mut fault = Fault::of(0, wrong, &span);
            if matches!(wrong.what, What::Other(_)) {
                "README.md shows the form, under \"Settings\"".clone_into(&mut fault.remedy);
            }
            faults.0.push(fault);
        }
        list.filter(|_| wrongs.is_empty())
    }

    /// Where a field of an element of such a list stands; the element itself where it has no such field.
    #[must_use]
    pub fn span_in(&self, key: &str, index: usize, field: Option<&str>) -> Span {
        let item = self.root.child(key).item(index);
        field.map_or(item, |field| item.child(field)).span.clone()
    }

    /// The line of a place, from 1.
    #[must_use]
    pub fn line(&self, span: &Span) -> usize {
        Lines::new(&self.file.text).place(&self.file, span.start).line
    }

    /// One fault, with its place and remedy.
    #[must_use]
    pub fn tell(&self, sort: &'static str, span: &Span, says: impl Into<String>, remedy: impl Into<String>) -> String {
        let fault = Fault { lint: sort, file: 0, span: span.clone(), says: says.into(), remedy: remedy.into() };
        render_one("error", &fault, &self.shown, &Lines::new(&self.shown.text))
    }

    /// Nothing, or an error with all faults, by their places.
    ///
    /// # Errors
    /// [`Error::Rules`] where there are any.
    pub fn check(&self, faults: Faults) -> Result<(), Error> {
        if faults.0.is_empty() { Ok(()) } else { Err(self.told(faults)) }
    }

    fn told(&self, Faults(mut faults): Faults) -> Error {
        faults.sort_by(|one, other| (one.span.start, &one.says).cmp(&(other.span.start, &other.says)));
        let lines = Lines::new(&self.shown.text);
        let told: String = faults.iter().map(|fault| render_one("error", fault, &self.shown, &lines)).collect();
        let count = faults.len();
        Error::Rules(format!("{told}{count} {} in the settings; nothing was read", if count == 1 { "fault" } else { "faults" }))
    }
}
