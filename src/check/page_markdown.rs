//! The page of a rule in Markdown, and where the pages of all rules stand, so that one can lead to another.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::report::{fenced, terminal};
use crate::rule::{Place, RuleSet};

use super::page::{Block, Mark, Page, RuleRef, Sort, Span};

/// What the names of the files of built-in rules begin with.
const BUILTIN: &str = "builtin:";

/// Where the page of each rule stands.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The rules of each file, in the order in which they stand in it.
    pub(super) files: BTreeMap<String, Vec<RuleRef>>,
    /// File and anchor.
    of: BTreeMap<RuleRef, (String, String)>,
}

impl Pages {
    /// Places all pages: those of `symptoms/network.yaml` in `symptoms/network.md`. The files below one of `dirs` are named from there.
    pub(super) fn of(rules: &RuleSet, dirs: &[PathBuf]) -> Self {
        let symptoms = rules.symptoms.iter().enumerate().map(|(at, symptom)| (&symptom.place, 0, RuleRef::Symptom(at)));
        let causes = rules.causes.iter().enumerate().map(|(at, cause)| (&cause.place, 1, RuleRef::Cause(at)));
        let mut all: Vec<(String, u8, usize, RuleRef)> =
            symptoms.chain(causes).map(|(place, sort, rule)| (file_of(place, dirs), sort, place.line, rule)).collect();
        all.sort();
        let mut pages = Self::default();
        // Of headings that are written alike, the later ones get numbers.
        let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (file, _, _, rule) in all {
            let slug = slug(rule.id(rules));
            let count = known.entry((file.clone(), slug.clone())).or_default();
            let anchor = if *count == 0 { slug } else { format!("{slug}-{count}") };
            *count += 1;
            pages.of.insert(rule, (file.clone(), anchor));
            pages.files.entry(file).or_default().push(rule);
        }
        pages
    }

    /// The way from one file to the page of a rule.
    pub(super) fn link(&self, from: &str, to: RuleRef) -> String {
        let Some((file, anchor)) = self.of.get(&to) else { return String::new() };
        let anchor = encoded(anchor);
        if file == from { format!("#{anchor}") } else { format!("{}#{anchor}", way(from, file)) }
    }

    /// The file of a page.
    pub(super) fn file(&self, of: RuleRef) -> &str {
        self.of.get(&of).map_or("", |(file, _)| file)
    }
}

/// The file of the pages of a rule file, from the root of its tree.
fn file_of(place: &Place, dirs: &[PathBuf]) -> String {
    let below = |dir: &PathBuf| {
        let rest = Path::new(&place.file).strip_prefix(dir).ok()?;
        Some(rest.to_string_lossy().into_owned()).filter(|rest| !rest.is_empty())
    };
    let name = match place.file.strip_prefix(BUILTIN) {
        Some(name) => name.to_owned(),
        None => dirs.iter().find_map(below).unwrap_or_else(|| place.file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()),
    };
    let name = name.replace('\\', "/");
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(&name);
    format!("{stem}.md")
}

/// The anchor that a renderer gives a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The relative way from one file to another.
pub(super) fn way(from: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.split('/').collect(), to.split('/').collect());
    let folders = from.len().min(to.len()) - 1;
    let same = from.iter().zip(&to).take(folders).take_while(|(a, b)| a == b).count();
    let up = vec![".."; from.len() - 1 - same];
    let all: Vec<&str> = up.into_iter().chain(to.iter().skip(same).copied()).collect();
    encoded(&all.join("/"))
}

/// A part of a link in which nothing ends it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A page as it stands in its file, its heading at a level.
pub(super) fn page(page: &Page, rules: &RuleSet, pages: &Pages, level: usize) -> String {
    let from = pages.file(page.of);
    let (heading, below) = ("#".repeat(level), "#".repeat(level + 1));
    let mut out = format!("{heading} {}\n\n**{}**\n\n{}\n", prose(&page.id), prose(page.title.trim()), prose(&page.about));
    let mut indent = "";
    let mut in_list = false;
    for block in &page.blocks {
        match block {
            Block::Heading(title) => {
                out += &format!("\n{below} {title}\n");
                (indent, in_list) = ("", false);
            }
            Block::Words(mark, spans) => {
                let text = joined(spans, rules, pages, from);
                let (lead, is_point) = match mark {
                    Mark::None => (String::new(), false),
                    Mark::Point => ("- ".to_owned(), true),
                    Mark::Number(number) => (format!("{number}. "), true),
                    Mark::Weight(weight, _) => (format!("- {}: ", weight.name()), true),
                    Mark::Below => (indent.to_owned(), false),
                };
                // The points of a list stand close together.
                if !(is_point && in_list) {
                    out.push('\n');
                }
                out += &format!("{lead}{text}\n");
                in_list = is_point || *mark == Mark::Below;
                if *mark != Mark::Below {
                    indent = match mark {
                        Mark::Number(_) => "   ",
                        Mark::Point | Mark::Weight(..) => "  ",
                        Mark::None | Mark::Below => "",
                    };
                }
            }
            Block::Lines(sort, text) => {
                let language = match sort {
                    Sort::Log => "text",
                    Sort::Command => "sh",
                    Sort::Code => "",
                };
                out.push('\n');
                for line in fenced(language, text.split('\n')).lines() {
                    out += format!("{indent}{line}").trim_end();
                    out.push('\n');
                }
                in_list = !indent.is_empty();
            }
        }
    }
    out
}

fn joined(spans: &[Span], rules: &RuleSet, pages: &Pages, from: &str) -> String {
    let texts = spans.iter().map(|span| match span {
        Span::Text(text) => prose(text),
        Span::Rule(rule) => format!("[{}]({})", prose(rule.id(rules)), pages.link(from, *rule)),
    });
    texts.collect::<String>().trim().to_owned()
}

/// Running text of a rule: what its writer set as code stays code, nothing else is markup.
pub(super) fn prose(text: &str) -> String {
    let text = text.split('\n').map(|line| terminal(line).into_owned()).collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = text.split('`').collect();
    let is_balanced = parts.len() % 2 == 1;
    let mut out = String::with_capacity(text.len() + 8);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push_str(if is_balanced { "`" } else { "\\`" });
        }
        if at % 2 == 1 && is_balanced { out.push_str(part) } else { plain(part, &mut out) }
    }
    out
}

fn plain(text: &str, out: &mut String) {
    let chars: Vec<char> = text.chars().collect();
    let word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    // What begins a line with one of these would be a heading, a list or a quotation.
    let is_first = out.is_empty();
    for (at, &c) in chars.iter().enumerate() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if word(Some(at + 1)) || chars.get(at + 1) == Some(&'#') => out.push_str("&amp;"),
            '\\' | '*' | '[' | ']' | '$' | '|' | '~' => out.extend(['\\', c]),
            '_' if !(word(at.checked_sub(1)) && word(Some(at + 1))) => out.push_str("\\_"),
            '#' | '+' | '-' | '=' if is_first && at == 0 => out.extend(['\\', c]),
            '.' | ')' if is_first && at > 0 && at < 10 && chars.iter().take(at).all(char::is_ascii_digit) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_from_file_to_file() {
        for (from, to, expected) in [
            ("symptoms/network.md", "causes/server.md", "../causes/server.md"),
            ("symptoms/network.md", "symptoms/tls.md", "tls.md"),
            ("INDEX.md", "symptoms/tls.md", "symptoms/tls.md"),
            ("a/b/c.md", "d.md", "../../d.md"),
            ("x.md", "my rules/ä (1).md", "my%20rules/%C3%A4%20%281%29.md"),
        ] {
            assert_eq!(way(from, to), expected);
        }
    }

    #[test]
    fn a_rules_own_words_are_no_markup_but_for_code() {
        for (text, expected) in [
            ("set `a_b` to *any* _x_ of a_b", "set `a_b` to \\*any\\* \\_x\\_ of a_b"),
            ("one ` alone <b> & &lt; [x](y)", "one \\` alone &lt;b&gt; & &amp;lt; \\[x\\](y)"),
            ("# no heading\nbut a line", "\\# no heading but a line"),
            ("1. no list", "1\\. no list"),
            ("$HOME and $x$", "\\$HOME and \\$x\\$"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }

    #[test]
    fn a_rule_file_has_its_pages_beside_it() {
        let place = |file: &str| Place { file: file.to_owned(), line: 1, column: 1 };
        let dirs = [PathBuf::from("my"), PathBuf::from("my-rules/")];
        assert_eq!(file_of(&place("builtin:symptoms/network.yaml"), &dirs), "symptoms/network.md");
        assert_eq!(file_of(&place("my-rules/deep/a.b.yml"), &dirs), "deep/a.b.md");
        assert_eq!(file_of(&place("elsewhere/x.yaml"), &dirs), "x.md");
    }
}
