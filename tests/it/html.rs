//! The page, through the program: read by a parser of XML, which forgives nothing, beside what the JSON tells of the same logs. A browser looks at it in
//! `.ci/run`.

use std::collections::BTreeSet;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

use crate::ci_formats::hostile;
use crate::logs::put;
use crate::program::{run, run_with};

fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

fn elements<'d>(document: &'d Document<'d>, name: &'static str) -> impl Iterator<Item = Node<'d, 'd>> {
    document.descendants().filter(move |node| node.has_tag_name(name))
}

/// Nothing is loaded or run, each link leads somewhere, and headings and tables are what a screen reader can use.
fn check(page: &str) {
    let document = parsed(page);
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len(), "an id is there twice");
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(!["script", "img", "iframe", "object", "embed", "form", "base", "audio", "video"].contains(&name), "<{name}>");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && !["src", "srcset", "action", "formaction", "background"].contains(&name), "{name}={value}");
            if ["aria-labelledby", "aria-describedby"].contains(&name) {
                assert!(known.contains(value), "{name}={value}");
            }
        }
        if let Some(target) = node.attribute("href") {
            match target.strip_prefix('#') {
                Some(id) => assert!(known.contains(id), "{target} leads nowhere"),
                None => {
                    let is_scheme = target.split('/').next().is_some_and(|first| first.contains(':'));
                    assert!(target.starts_with("file:///") || target == "data:," || !is_scheme && !target.starts_with('/'), "{target}");
                }
            }
        }
    }
    let policy = elements(&document, "meta").find(|node| node.attribute("http-equiv") == Some("Content-Security-Policy")).unwrap();
    assert!(policy.attribute("content").unwrap().starts_with("default-src 'none'; style-src 'unsafe-inline';"));
    let style: String = elements(&document, "style").map(text).collect();
    assert!(!style.contains("@import") && !style.contains("url("), "the style loads something");
    let levels: Vec<u32> = document.descendants().filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse().ok()).collect();
    assert_eq!((levels.first(), levels.iter().filter(|level| **level == 1).count()), (Some(&1), 1));
    assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "a heading is left out: {levels:?}");
    for table in elements(&document, "table") {
        let heads = table.descendants().filter(|node| node.has_tag_name("th"));
        assert!(heads.clone().count() > 1 && heads.clone().all(|head| head.attribute("scope").is_some()), "a table without headings");
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[test]
fn the_page_tells_what_the_json_tells() {
    let page = run(&["sample-logs", "-f", "html"]);
    assert_eq!((page.code, &page.err[..]), (1, ""));
    check(&page.out);
    let document = parsed(&page.out);
    let told: Value = serde_json::from_str(&run(&["sample-logs", "-f", "json"]).out).unwrap();
    let incidents = list(&told["incidents"]);
    assert!(incidents.len() > 20);
    let said = |node: Node<'_, '_>| text(node);
    let overview = said(document.descendants().find(|node| node.attribute("id") == Some("overview")).unwrap());
    for incident in incidents {
        let id = format!("incident-{}", incident["id"].as_str().unwrap());
        let section = document.descendants().find(|node| node.attribute("id") == Some(&id)).unwrap_or_else(|| panic!("no {id}"));
        let section = said(section);
        let mut wanted = vec![&incident["title"], &incident["summary"], &incident["first_step"]["says"], &incident["urgency"]["says"]];
        wanted.extend([&incident["retry"]["says"], &incident["examples"][0]["path"], &incident["causes"][0]["title"]]);
        wanted.extend(list(&incident["causes"][0]["evidence"]).iter().take(8).map(|evidence| &evidence["says"]));
        wanted.extend(list(&incident["causes"][0]["fixes"]).iter().map(|fix| &fix["say"]));
        for piece in wanted.into_iter().filter_map(Value::as_str) {
            assert!(section.contains(piece.trim_end_matches('.')), "{piece:?} is not in {section}");
        }
        assert!(overview.contains(incident["title"].as_str().unwrap()), "{overview}");
    }
    // Both what failed and what went well is drawn, and some of the incidents by host or the like.
    for class in ["c-failed", "c-healthy"] {
        assert!(elements(&document, "path").filter(|node| node.attribute("class") == Some(class)).count() > 5, "{class}");
    }
    assert!(elements(&document, "table").any(|node| node.attribute("class") == Some("heat")));
}

#[test]
fn what_a_log_smuggles_in_is_text() {
    let tree = hostile();
    let log = "logs/dag_id=shop/run_id=manual__2026-11-21T00:00:00+00:00/task_id=image/attempt=1.log";
    let line = "OddError: <img src=x onerror=alert(1)> </style></code></pre> \" onfocus=\"x ' <!-- password=hunter2";
    put(
        tree.path(),
        log,
        format!(
            "[2026-11-20 01:00:01,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\nTraceback (most recent call last):\n  \
             File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n{line}\n\
             [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
        ),
    );
    let page = run_with(&["logs", "-f", "html"], tree.path(), b"");
    assert_eq!(page.code, 3, "{}", page.err);
    check(&page.out);
    let said = text(parsed(&page.out).root());
    for piece in [
        "<img src=x onerror=alert(1)> </style></code></pre> \" onfocus=\"x ' <!-- password=***",
        "\\x1b[2J<script>alert(1)</script> ]]> &amp; | ``` \\x00 \\u{202e}evil",
        "cut.log.gz",
        "1 input could not be read in full",
    ] {
        assert!(said.contains(piece), "{piece} is not in {said}");
    }
    assert!(!page.out.contains("hunter2") && !page.out.contains("<img") && !page.out.contains("<script"));
    let shown = run_with(&["logs", "-f", "html", "--no-mask"], tree.path(), b"");
    assert!(shown.out.contains("password=hunter2"));
}

#[test]
fn a_page_is_written_beside_another_report() {
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/airflow-1.10");
    let run = run_with(&[samples.to_str().unwrap(), "-o", "html=report.html"], folder.path(), b"");
    assert_eq!((run.code, &run.err[..]), (1, ""));
    assert!(run.out.contains("Why "), "{}", run.out);
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    check(&page);
    // A log that is a file is a link to it.
    let document = parsed(&page);
    let target = elements(&document, "a").filter_map(|node| node.attribute("href")).find(|target| target.starts_with("file:///")).unwrap();
    assert!(target.contains("/sample-logs/airflow-1.10/") && target.contains("#L"), "{target}");
}

#[test]
fn a_night_without_a_failure_says_so() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "empty.txt", "nothing\n");
    let page = run_with(&["empty.txt", "-f", "html"], folder.path(), b"");
    check(&page.out);
    assert!(text(parsed(&page.out).root()).contains("No failure found"), "{}", page.out);
}
