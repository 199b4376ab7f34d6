//! The pages beside the rule files are what `dagnosis rules docs` writes; `BLESS=1 cargo test rule_pages` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::logs::{files_below, put};
use crate::program::run_with;

/// What each page begins with.
const WRITTEN: &str = "<!-- Written by `dagnosis rules docs`.";

/// The pages of rules, by name.
fn pages(arguments: &[&str], folder: &Path) -> BTreeMap<String, String> {
    let target = tempfile::tempdir().unwrap();
    let to = target.path().join("pages");
    let run = run_with(&[&["rules", "docs", to.to_str().unwrap()], arguments].concat(), folder, b"");
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
    let files: BTreeMap<String, String> =
        files_below(&to).into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect();
    assert!(run.out.starts_with(&format!("{} pages written below ", files.len())), "{}", run.out);
    files
}

#[test]
fn the_pages_beside_the_rule_files_are_those_of_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let wanted = pages(&[], Path::new(env!("CARGO_MANIFEST_DIR")));
    let is_page = |name: &str, bytes: &[u8]| name.ends_with(".md") && bytes.starts_with(WRITTEN.as_bytes());
    let there: BTreeMap<String, Vec<u8>> = files_below(&root).into_iter().filter(|(name, bytes)| is_page(name, bytes)).collect();
    let names: BTreeSet<&String> = there.keys().chain(wanted.keys()).collect();
    let mut other = Vec::new();
    for name in names {
        let text = wanted.get(name);
        if there.get(name).map(Vec::as_slice) == text.map(|text| text.as_bytes()) {
            continue;
        }
        other.push(name.clone());
        if std::env::var_os("BLESS").is_some() {
            match text {
                Some(text) => drop(put(&root, name, text)),
                None => fs::remove_file(root.join(name)).unwrap(),
            }
        }
    }
    assert!(
        other.is_empty() || std::env::var_os("BLESS").is_some(),
        "rules/ has other pages than its rules: {other:?}; BLESS=1 cargo test rule_pages writes them"
    );
}

/// The anchors that a renderer gives the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut in_code = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !in_code) else { continue };
        let slug: String = heading
            .trim_start_matches('#')
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
            .flat_map(char::to_lowercase)
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let count = known.entry(slug.clone()).or_default();
        anchors.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    anchors
}

/// The links of all pages that lead nowhere, and how many there are.
fn dead_links(pages: &BTreeMap<String, String>) -> (Vec<String>, usize) {
    let (mut dead, mut count) = (Vec::new(), 0);
    for (name, text) in pages {
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            count += 1;
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let folder = Path::new(name).parent().unwrap();
            let mut to = folder.to_path_buf();
            for part in file.replace("%20", " ").split('/').filter(|part| !part.is_empty()) {
                if part == ".." {
                    to.pop()
                } else {
                    to.push(part);
                    true
                };
            }
            let to = if file.is_empty() { name.clone() } else { to.to_str().unwrap().to_owned() };
            let fits = pages.get(&to).is_some_and(|text| anchor.is_none_or(|anchor| anchors(text).contains(anchor)));
            if !fits {
                dead.push(format!("{name}: {link}"));
            }
        }
    }
    (dead, count)
}

#[test]
fn every_link_leads_to_a_page() {
    let pages = pages(&[], Path::new(env!("CARGO_MANIFEST_DIR")));
    let (dead, count) = dead_links(&pages);
    assert!(dead.is_empty() && count > 1000, "{count}: {dead:#?}");
}

#[test]
fn the_index_lists_every_rule_once() {
    let index = &pages(&[], Path::new(env!("CARGO_MANIFEST_DIR")))["INDEX.md"];
    let rules = dagnosis::rule::load(&[], true).unwrap();
    assert_eq!(index.lines().filter(|line| line.starts_with("- [")).count(), rules.named().len() + rules.causes.len() + rules.timers.len());
    let line = index.lines().find(|line| line.contains("[connection-reset]")).unwrap();
    assert_eq!(line, "- [connection-reset](symptoms/network.md#connection-reset): Connection reset by peer");
}

fn rule(id: &str, causes: &str) -> String {
    format!(
        "version: 1\nsymptoms:\n  - {{ id: {id}, title: 'The {id}', severity: low, category: code, match: {{ literal: {id} }}, causes: [{causes}] }}\n"
    )
}

fn cause(id: &str) -> String {
    format!(
        "causes:\n  - {{ id: {id}, title: Because, layer: data, owner: unknown, what: W., prior: 0.5, retry: {{ helps: unknown, safe: \"no\", says: No. }} }}\n"
    )
}

#[test]
fn rules_of_ones_own_have_the_same_tree() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "mine/my gates/one.yaml", rule("gate-stuck", "rust, gate-stuck") + &cause("gate-stuck"));
    put(tree.path(), "mine/causes/deep/rust.yml", format!("version: 1\n{}", cause("rust")));
    put(
        tree.path(),
        "mine/timers.yaml",
        "version: 1\ntimers:\n  - { id: belt, device: 'belt | left', seconds: 75, kind: idle, source: a_b, dated: '2026-11' }\n",
    );
    let own = pages(&["--rules", "mine", "--no-builtin-rules"], tree.path());
    let names: Vec<&String> = own.keys().collect();
    assert_eq!(names, ["INDEX.md", "causes/deep/rust.md", "my gates/one.md", "timers.md"]);
    let (dead, count) = dead_links(&own);
    assert!(dead.is_empty() && count >= 8, "{count}: {dead:#?} {own:#?}");
    // A symptom and a cause of one name in one file have headings of their own.
    assert!(
        own["my gates/one.md"].contains("[gate-stuck](#gate-stuck-1)")
            && own["INDEX.md"].contains("](my%20gates/one.md#gate-stuck-1): Because"),
        "{own:#?}"
    );
    assert!(own["timers.md"].contains("| belt | belt \\| left | 75 | silence on a connection | a_b | 2026-11 |"), "{own:#?}");
    // Beside the built-in rules, all stand in one tree.
    let both = pages(&["--rules", "mine"], tree.path());
    assert!(both.contains_key("my gates/one.md") && both.contains_key("symptoms/network.md"));
    let (dead, _) = dead_links(&both);
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn nothing_of_somebody_elses_is_written_over() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "mine/README.yaml", rule("gate-stuck", ""));
    put(tree.path(), "mine/other.yaml", rule("belt-slow", ""));
    put(tree.path(), "mine/README.md", "my own words\n");
    let docs = |to: &str| run_with(&["rules", "docs", to, "--rules", "mine", "--no-builtin-rules"], tree.path(), b"");
    let refused = docs("mine");
    assert!(
        refused.code == 2 && refused.err.contains("mine/README.md") && refused.err.contains("not written by this command"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read_to_string(tree.path().join("mine/README.md")).unwrap(), "my own words\n");
    assert!(!tree.path().join("mine/INDEX.md").exists(), "nothing is written where not all can be");
    fs::remove_file(tree.path().join("mine/README.md")).unwrap();
    // What was written is written anew, and the folder loads as before.
    assert_eq!((docs("mine").code, docs("mine").code), (0, 0));
    let linted = run_with(&["rules", "list", "--rules", "mine", "--no-builtin-rules"], tree.path(), b"");
    assert_eq!((linted.code, linted.out.lines().count()), (0, 2), "{}", linted.err);
    let bad = run_with(&["rules", "docs", "mine/other.yaml/x"], tree.path(), b"");
    assert!(bad.code == 2 && bad.err.starts_with("error: cannot write"), "{}", bad.err);
}
