//! Every way out tells the same incidents: as many, with the same ids, severities, rules and places, whatever the logs hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::ci_formats::{commands, hostile};
use crate::program::run_with;

/// What each format calls the severities, from the JSON's words.
const GITLAB: [(&str, &str); 5] = [("critical", "blocker"), ("high", "critical"), ("medium", "major"), ("low", "minor"), ("info", "info")];

/// How often each word stands in a list.
fn counted<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A field of each incident or result, as often as it stands there.
fn all<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| text(one.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in {one}")))).collect()
}

fn lines(list: &Value, pointer: &str) -> BTreeMap<String, usize> {
    let lines: Vec<String> = list.as_array().unwrap().iter().map(|one| one.pointer(pointer).unwrap().to_string()).collect();
    counted(lines.iter().map(String::as_str))
}

#[test]
fn every_format_tells_the_same_incidents() {
    let tree = hostile();
    let formats = ["text", "mail", "markdown", "json", "sarif", "junit", "github", "gitlab", "prometheus"];
    let outputs: Vec<String> = formats.iter().flat_map(|format| ["-o".to_owned(), format!("{format}={format}")]).collect();
    let mut arguments = vec!["logs", "-q", "--summary", "summary", "-f", "json", "-o", "json=own"];
    arguments.extend(outputs.iter().map(String::as_str));
    if cfg!(unix) {
        arguments.extend(["--notify", "exec:sh", "--notify-arg", "-c", "--notify-arg", "cat > notified"]);
    }
    let run = run_with(&arguments, tree.path(), b"");
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    let read = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
    let json = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };

    let incidents = json("json")["incidents"].clone();
    let ids = counted(all(&incidents, "/id"));
    let severities = counted(all(&incidents, "/severity"));
    let count = ids.len();
    assert!(count >= 3 && ids.values().all(|times| *times == 1), "{ids:?}");

    // What is sent is what is written.
    assert_eq!((run.out, read("own")), (read("json"), read("json")));
    if cfg!(unix) {
        assert_eq!(read("notified"), read("json"));
    }
    assert_eq!(read("summary"), read("markdown"));

    let sarif = json("sarif")["runs"][0]["results"].clone();
    assert_eq!(counted(all(&sarif, "/partialFingerprints/dagnosisIncident~1v1")), ids);
    let gitlab = json("gitlab");
    assert_eq!(counted(all(&gitlab, "/fingerprint")), ids);
    assert_eq!(counted(all(&sarif, "/ruleId")), counted(all(&gitlab, "/check_name")));
    assert_eq!(lines(&sarif, "/locations/0/physicalLocation/region/startLine"), lines(&gitlab, "/location/lines/begin"));
    let words: BTreeMap<&str, &str> = GITLAB.into_iter().collect();
    let in_gitlab = counted(all(&incidents, "/severity").into_iter().map(|word| words[word]));
    assert_eq!(counted(all(&gitlab, "/severity")), in_gitlab);

    let junit = read("junit");
    let junit = roxmltree::Document::parse(&junit).unwrap();
    let of = |name: &str| -> Vec<&str> {
        let all = junit.descendants().filter(|node| node.has_tag_name("property") && node.attribute("name") == Some(name));
        all.filter_map(|node| node.attribute("value")).collect()
    };
    // An incident stands in the case of each of its tasks.
    assert_eq!(of("incident").into_iter().collect::<BTreeSet<_>>(), ids.keys().map(String::as_str).collect());

    // The last command tells of what could not be read.
    let github = commands(&read("github"));
    assert!(github.last().unwrap().1["title"].ends_with("could not be read in full"), "{github:?}");
    let annotations = &github[..github.len() - 1];
    assert_eq!(counted(annotations.iter().map(|(_, told, _)| told["title"].split_once(": ").unwrap().0)), severities);
    assert_eq!(counted(annotations.iter().map(|(_, told, _)| told["line"].as_str())), lines(&gitlab, "/location/lines/begin"));

    let head = format!("{count} incidents, ");
    for name in ["text", "mail", "markdown", "github"] {
        assert!(read(name).contains(&head), "{name}: {}", read(name));
    }
    // Each incident is numbered, worst first, as the JSON lists them.
    let numbered = |line: &str| -> Option<(usize, String)> {
        let (number, rest) = line.trim_start().split_once(". ")?;
        let severity = rest.split_whitespace().next()?;
        Some((number.parse().ok()?, severity.to_lowercase())).filter(|(_, severity)| words.contains_key(severity.as_str()))
    };
    let listed: BTreeSet<(usize, String)> = (1..).zip(all(&incidents, "/severity").into_iter().map(str::to_owned)).collect();
    for name in ["text", "mail"] {
        assert_eq!(read(name).lines().filter_map(numbered).collect::<BTreeSet<_>>(), listed, "{name}");
    }
    let markdown = read("markdown");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("## ") && line.contains(". ")).count(), count, "{markdown}");
    assert!(ids.keys().all(|id| markdown.matches(id.as_str()).count() == 1), "{markdown}");

    let prometheus = read("prometheus");
    let told = prometheus.lines().filter_map(|line| {
        let (severity, count) = line.strip_prefix("dagnosis_incidents{severity=\"")?.split_once("\"} ")?;
        Some((severity.to_owned(), count.parse::<usize>().unwrap()))
    });
    assert_eq!(told.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(), severities);
}
