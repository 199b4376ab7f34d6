//! What is doubtful in rules that load, told as faults are: with its place, the line with the doubtful part underlined, and the remedy.

use std::collections::BTreeMap;
use std::io;

use super::fault::{Fault, Lines, render_one};
use super::node::{Content, Node};
use super::{Place, RuleFile, RuleSet, yaml};

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// To be mended.
    Warning,
    /// To be known.
    Note,
}

impl Grade {
    fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A remark before it is given a place.
#[derive(Debug)]
pub struct Remark {
    /// How much it matters.
    pub grade: Grade,
    /// Its name, for ever.
    pub lint: &'static str,
    /// What is doubtful, in one line without a full stop.
    pub says: String,
    /// What to write instead.
    pub remedy: String,
}

/// Collects remarks about rules.
#[derive(Debug)]
pub struct Remarks<'r> {
    files: &'r [RuleFile],
    /// The files' texts as lists of rules by their places, made when first needed.
    rules: BTreeMap<usize, BTreeMap<(usize, usize), Node>>,
    all: Vec<(Fault, Grade)>,
}

impl<'r> Remarks<'r> {
    /// Begins without any.
    #[must_use]
    pub fn new(rules: &'r RuleSet) -> Self {
        Self { files: &rules.files, rules: BTreeMap::new(), all: Vec::new() }
    }

    /// What stands under a key of the rule that begins at `rule`, in a form that is equal for equal meanings.
    pub fn meaning(&mut self, rule: &Place, key: &str) -> Option<String> {
        let (_, item) = self.item(rule)?;
        item.entry(key).map(|entry| canonical(&entry.value))
    }

    fn item(&mut self, rule: &Place) -> Option<(usize, &Node)> {
        let file = self.files.iter().position(|file| file.name == rule.file)?;
        let about = self.files.get(file)?;
        let rules = self.rules.entry(file).or_insert_with(|| by_place(about));
        rules.get(&(rule.line, rule.column)).map(|item| (file, item))
    }

    /// Adds a remark about the rule that begins at `rule`, at the key or list element to which `path` leads from there
    /// (`["examples", "matching", "0"]`), or as near to it as there is something.
    pub fn add(&mut self, rule: &Place, path: &[&str], remark: Remark) {
        let Some((file, span)) = self.item(rule).map(|(file, item)| (file, span_of(item, path))) else { return };
        let Remark { grade, lint, says, remedy } = remark;
        self.all.push((Fault { lint, file, span, says, remedy }, grade));
    }

    /// How many there are of a grade.
    #[must_use]
    pub fn count(&self, grade: Grade) -> usize {
        self.all.iter().filter(|(_, known)| *known == grade).count()
    }

    /// Writes them by place.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.all.sort_by(|(a, _), (b, _)| (a.file, a.span.start, a.lint, &a.says).cmp(&(b.file, b.span.start, b.lint, &b.says)));
        let mut lines: Option<(usize, Lines)> = None;
        for (fault, grade) in &self.all {
            let Some(file) = self.files.get(fault.file) else { continue };
            if lines.as_ref().is_none_or(|(of, _)| *of != fault.file) {
                lines = Some((fault.file, Lines::new(&file.text)));
            }
            if let Some((_, lines)) = &lines {
                out.write_all(render_one(grade.name(), fault, file, lines).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// The rules of a file by line and column of their `id`.
fn by_place(file: &RuleFile) -> BTreeMap<(usize, usize), Node> {
    let Ok(Some(root)) = yaml::read(&file.text) else { return BTreeMap::new() };
    let lines = Lines::new(&file.text);
    let sections = root.entries().iter().flat_map(|section| section.value.items());
    let rules = sections.filter_map(|item| {
        let place = lines.place(file, item.entry("id")?.key_span.start);
        Some(((place.line, place.column), item.clone()))
    });
    rules.collect()
}

/// A value with the keys of its maps in order.
fn canonical(node: &Node) -> String {
    match &node.content {
        Content::Scalar(value) => format!("{value:?}"),
        Content::List(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Content::Map(entries) => {
            let mut parts: Vec<String> = entries.iter().map(|entry| format!("{}:{}", entry.key, canonical(&entry.value))).collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
    }
}

/// Where the last part of a path stands, as far as it leads.
fn span_of(item: &Node, path: &[&str]) -> std::ops::Range<usize> {
    let mut span = item.entry("id").map_or(item.span.clone(), |id| id.value.span.clone());
    let mut node = item;
    for step in path {
        if let Some(element) = step.parse().ok().and_then(|index: usize| node.items().get(index)) {
            (span, node) = (element.span.clone(), element);
        } else if let Some(entry) = node.entry(step) {
            (span, node) = (entry.key_span.clone(), &entry.value);
        } else {
            break;
        }
    }
    span
}
