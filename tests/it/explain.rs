//! `explain ID`: the page of a symptom or cause at a terminal and in Markdown.

use std::fs;
use std::path::Path;

use dagnosis::check::{Style, explain_as};
use dagnosis::report::Paper;
use dagnosis::rule::load;

use crate::program::{run, run_with};

/// A folder of rules with all that a page can hold, and words that are markup or do something in a terminal.
const HOSTILE: &str = r##"version: 1
symptoms:
  - id: gate-stuck
    title: "The gate *sticks* at <b>place</b> | \e[31mred"
    severity: high
    category: external
    aliases: [old-gate, older-gate]
    match: { literal: "gate is stuck" }
    specific_over: [belt-slow]
    causes: [rust]
    source: "a_b & [x](http://evil.example)"
    examples:
      matching:
        - "gate is stuck\n```\n# no heading"
        - "\e]0;title\agate is stuck\ttwice"
      not_matching: ["gate", "stuck"]
  - id: belt-slow
    title: The belt is slow
    severity: low
    category: external
    match: { literal: "belt is slow" }
    causes: [rust]
    examples: { matching: ["belt is slow", "the belt is slow"], not_matching: ["belt", "slow"] }
causes:
  - id: rust
    title: Rust
    layer: platform
    owner: dag_author
    what: "# It rusts\n1. slowly"
    prior: 0.3
    evidence:
      - { when: { symptom: [belt-slow] }, weight: strong, says: "{n} of {total} at {endpoint}" }
      - { when: { recovered: true }, against: weak, says: "it went" }
    confirm: [ { say: Look at `it` closely, run: "look --at it\nlook again" } ]
    fixes: [ { say: Oil it, snippet: "oil = 1\n\n```\nmore = 2\n", retry_safe: after a minute } ]
    retry: { helps: transient, safe: only_if, says: When oiled. }
    references: [ "https://example.com/rust_and_oil" ]
"##;

fn explained(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/gates.yaml"), HOSTILE).unwrap();
    let all = [&["explain"], arguments, &["--rules", "mine", "--no-builtin-rules"]].concat();
    let run = run_with(&all, folder.path(), b"");
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
    run.out
}

#[test]
fn a_page_at_a_terminal_is_narrow_and_harmless() {
    let page = explained(&["gate-stuck"]);
    assert!(!page.contains('\u{1b}') && !page.contains('\u{7}'), "{page:?}");
    for words in [
        "The gate *sticks* at <b>place</b>",
        "gate is stuck twice",
        "1. Rust (rust, mended by dag author)",
        "it hides belt-slow",
        "More on a cause: dagnosis explain rust",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = explained(&["rust"]);
    for words in [
        "  strong    N of M at <endpoint>",
        "  weak      it went",
        "$ look again",
        "  1. Oil it",
        "Trying again is safe: after a minute",
        "It helps; safe only under a condition. When oiled.",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("More on a cause"), "{page}");
}

#[test]
fn no_running_text_of_a_page_is_wider_than_a_terminal() {
    let rules = load(&[], true).unwrap();
    let ids = rules.named().iter().map(|symptom| &symptom.id).chain(rules.causes.iter().map(|cause| &cause.id));
    for id in ids {
        let mut page = Vec::new();
        explain_as(&rules, id, &Style::Text(Paper::PLAIN), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        // Examples, commands and code are to be copied, and are not broken.
        let examples = rules.symptoms.iter().flat_map(|symptom| &symptom.examples.matching).flat_map(|text| text.lines());
        let code = rules.causes.iter().flat_map(|cause| {
            cause
                .confirm
                .iter()
                .filter_map(|confirm| confirm.run.as_ref())
                .chain(cause.fixes.iter().filter_map(|fix| fix.snippet.as_ref()))
                .flat_map(|text| text.lines())
        });
        let verbatim: std::collections::BTreeSet<String> = examples.chain(code).map(|line| line.trim().replace('\t', " ")).collect();
        for line in page.lines().filter(|line| line.chars().count() > Paper::WIDTH) {
            let text = line.trim().trim_start_matches("$ ").trim();
            let is_word = !text.trim_start_matches("- ").contains(' ');
            assert!(is_word || verbatim.contains(text), "{id}: {line}");
        }
    }
}

#[test]
fn colours_come_as_in_the_report() {
    let plain = run(&["explain", "keepalive-race"]);
    let coloured = run(&["explain", "keepalive-race", "--color", "always"]);
    assert!(!plain.out.contains('\u{1b}') && coloured.out.contains("\u{1b}[1m") && coloured.out.contains("\u{1b}[32m"), "{}", coloured.out);
    let mut left = String::new();
    let mut rest = coloured.out.as_str();
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        left.push_str(before);
        rest = escape.split_once('m').unwrap().1;
    }
    assert_eq!(left + rest, plain.out, "colours change nothing else");
    assert_eq!(run(&["explain", "keepalive-race", "--color", "never"]).out, plain.out);
    assert!(!run(&["explain", "keepalive-race", "--format", "markdown", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn a_page_in_markdown_has_no_markup_but_its_own() {
    let page = explained(&["gate-stuck", "--format", "markdown"]);
    assert!(page.starts_with("# gate-stuck\n\n**The gate \\*sticks\\* at &lt;b&gt;place&lt;/b&gt; \\| "), "{page}");
    for words in [
        "\n## What it looks like\n\n````text\ngate is stuck\n```\n# no heading\n````\n",
        "1. Rust ([rust](#rust), mended by dag author)\n",
        "- it hides [belt-slow](#belt-slow)\n",
        "a_b & \\[x\\](http://evil.example)",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains('\u{1b}') && !page.contains('\u{7}'), "{page:?}");
    let page = explained(&["rust", "-f", "markdown"]);
    for words in [
        "\n\\# It rusts 1. slowly\n",
        "- strong: N of M at &lt;endpoint&gt;\n",
        "- Look at `it` closely\n\n  ```sh\n  look --at it\n  look again\n  ```\n",
        "1. Oil it\n\n   ````\n   oil = 1\n\n   ```\n   more = 2\n   ````\n\n   Trying again is safe: after a minute\n",
        "- https://example.com/rust_and_oil\n",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn a_former_id_leads_to_the_page_and_is_named() {
    for (arguments, says) in [
        (&["old-gate"][..], "`old-gate` is a former id of `gate-stuck`."),
        (&["older-gate", "-f", "markdown"], "`older-gate` is a former id of `gate-stuck`."),
    ] {
        let page = explained(arguments);
        assert!(page.contains(says) && page.contains("Former ids: old-gate, older-gate."), "{page}");
    }
    assert!(!explained(&["gate-stuck"]).contains("is a former id"));
}

#[test]
fn what_no_rule_has_is_told_in_every_format() {
    for format in ["text", "markdown"] {
        let run = run(&["explain", "conection-reset", "-f", format]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("did you mean `connection-reset`"), "{}", run.err);
    }
    let run = run_with(&["explain", "connection-reset", "-f", "json"], Path::new("."), b"");
    assert!(run.code == 2 && run.err.contains("markdown"), "{}", run.err);
}
