//! `rules docs`: the pages of all rules as a tree of Markdown files that stands beside the rule files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::rule::{RuleSet, TimerKind};

use super::explain::page_of;
use super::page::RuleRef;
use super::page_markdown::{Pages, page, prose, way};

/// How each of the files begins: what begins otherwise was written by somebody and is not written over.
pub const WRITTEN: &str = "<!-- Written by `dagnosis rules docs`.";

/// Where all ids are listed.
const INDEX: &str = "INDEX.md";

/// Where the timers are.
const TIMERS: &str = "timers.md";

/// The files of the pages, by their names from the root of the tree, with their texts. `dirs` are the folders that rules were loaded from:
/// what stands below one of them is named from there.
#[must_use]
pub fn docs(rules: &RuleSet, dirs: &[PathBuf]) -> BTreeMap<String, String> {
    let pages = Pages::of(rules, dirs);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (file, of) in &pages.files {
        let stem = file.strip_suffix(".md").unwrap_or(file);
        let mut text = head(&format!("{stem}.yaml"), stem, file);
        for rule in of {
            if let Some(rule) = page_of(rules, *rule) {
                text.push('\n');
                text += &page(&rule, rules, &pages, 2);
            }
        }
        files.insert(file.clone(), text);
    }
    if !rules.timers.is_empty() {
        let text = files.entry(TIMERS.to_owned()).or_insert_with(|| head("timers.yaml", "timers", TIMERS));
        *text += &timers(rules);
    }
    files.insert(INDEX.to_owned(), index(rules, &pages));
    files
}

fn head(source: &str, title: &str, file: &str) -> String {
    format!(
        "{WRITTEN} Mend {} instead, and write this anew. -->\n\n# {}\n\n[All rules]({})\n",
        source.replace("--", "- -"),
        prose(title),
        way(file, INDEX)
    )
}

fn timers(rules: &RuleSet) -> String {
    let mut text = "\nKnown time-outs of infrastructure, with which pauses before a failure are compared.\n\n\
         | id | what has it | seconds | of what | where that is known from | as of |\n|---|---|---:|---|---|---|\n"
        .to_owned();
    for timer in &rules.timers {
        let kind = match timer.kind {
            TimerKind::Idle => "silence on a connection",
            TimerKind::Request => "duration of one call",
            TimerKind::Age => "age of a connection",
            TimerKind::Token => "life of a credential",
        };
        let cells =
            [prose(&timer.id), prose(&timer.device), timer.seconds.to_string(), kind.to_owned(), prose(&timer.source), prose(&timer.dated)];
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

fn index(rules: &RuleSet, pages: &Pages) -> String {
    let mut text = format!("{WRITTEN} Mend the rules instead, and write this anew. -->\n\n# All rules\n");
    let line = |rule: RuleRef, title: &str| format!("- [{}]({}): {}\n", prose(rule.id(rules)), pages.link(INDEX, rule), prose(title));
    if !rules.named().is_empty() {
        text += "\n## Symptoms: what is seen\n\n";
    }
    for (at, symptom) in rules.named().iter().enumerate() {
        text += &line(RuleRef::Symptom(at), &symptom.title);
    }
    if !rules.causes.is_empty() {
        text += "\n## Causes: why it happens\n\n";
    }
    for (at, cause) in rules.causes.iter().enumerate() {
        text += &line(RuleRef::Cause(at), &cause.title);
    }
    if !rules.timers.is_empty() {
        text += "\n## Timers\n\n";
    }
    for timer in &rules.timers {
        text += &format!("- [{}]({TIMERS}): {}, {} s\n", prose(&timer.id), prose(&timer.device), timer.seconds);
    }
    text
}
