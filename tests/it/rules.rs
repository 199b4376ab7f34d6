//! Rules: the built-in ones hold what they promise; folders of rules add, replace and switch off; what is wrong in a file is told with its
//! place and the remedy.
//!
//! `tests/rules/bad/*.yaml` are wrong on purpose. Each says at its head what must be told about it: `# expect LINE:COLUMN message => remedy`, both
//! by a part of their words. Nothing else may be told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dagnosis::check;
use dagnosis::error::Error;
use dagnosis::record::Record;
use dagnosis::rule::{RuleSet, load};
use dagnosis::source::Kind;

fn builtin() -> RuleSet {
    load(&[], true).unwrap_or_else(|error| panic!("{error}"))
}

/// A folder with one rule file for each text.
fn folder(texts: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (number, text) in texts.iter().enumerate() {
        fs::write(dir.path().join(format!("{number}.yaml")), text).unwrap();
    }
    dir
}

fn dirs(dirs: &[&tempfile::TempDir]) -> Vec<PathBuf> {
    dirs.iter().map(|dir| dir.path().to_owned()).collect()
}

/// A rule file with one symptom for each `(id, condition)`.
fn symptoms(rules: &[(&str, &str)]) -> String {
    rules.iter().fold("version: 1\nsymptoms:\n".to_owned(), |mut text, (id, condition)| {
        write!(text, "  - id: {id}\n    title: {id}\n    severity: low\n    category: code\n    match: {condition}\n").unwrap();
        text
    })
}

/// The ids of the symptoms that one record shows, through prefilter and condition.
fn shown<'r>(rules: &'r RuleSet, raw: &str, kind: Kind) -> Vec<&'r str> {
    let mut candidates = Vec::new();
    rules.candidates(raw.as_bytes(), &mut candidates);
    assert!(candidates.is_sorted() && candidates.windows(2).all(|pair| pair[0] != pair[1]), "sorted, each once");
    let record = Record::from_text(raw);
    candidates
        .iter()
        .filter(|symptom| rules.check(**symptom, &record, kind).is_some())
        .map(|symptom| rules.symptoms[*symptom].id.as_str())
        .collect()
}

#[test]
fn all_built_in_rules_load_and_all_their_examples_hold() {
    let rules = builtin();
    assert!(rules.symptoms.len() > 100 && rules.causes.len() > 50 && rules.timers.len() > 10);
    let tested = check::test(&rules, &[]).unwrap();
    let mut out = Vec::new();
    check::write_text(&tested, &mut out).unwrap();
    assert_eq!(tested.failures(), 0, "{}", String::from_utf8_lossy(&out));
}

#[test]
fn the_built_in_rules_given_as_a_folder_are_the_same_rules() {
    // From a folder every expression is compiled at once: none is too large.
    let folder = load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")], false).unwrap_or_else(|error| panic!("{error}"));
    let ids = |rules: &RuleSet| rules.named().iter().map(|symptom| symptom.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&folder), ids(&builtin()));
}

#[test]
fn the_built_in_rules_have_no_lint_warnings() {
    let mut out = Vec::new();
    let linted = check::lint(&builtin(), &BTreeMap::new(), &mut out).unwrap();
    let out = String::from_utf8_lossy(&out).into_owned();
    let warnings: Vec<&str> = out.lines().filter(|line| line.contains(": warning[")).collect();
    assert_eq!(linted.warnings, 0, "{warnings:#?}");
}

#[test]
fn every_rule_file_of_the_folder_is_compiled_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut wanted: Vec<String> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| format!("builtin:{}", path.strip_prefix(&root).unwrap().display()))
        .collect();
    wanted.sort();
    let mut listed: Vec<String> = builtin().files.iter().map(|file| file.name.clone()).collect();
    listed.sort();
    assert_eq!(listed, wanted, "list every file of rules/ in src/rule/builtin.rs");
}

#[test]
fn what_is_wrong_is_told_with_place_source_line_and_remedy() {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(&bad).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12);
    let mut failures = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let dir = folder(&[&text]);
        let told = match load(&dirs(&[&dir]), text.contains("# with the built-in rules")) {
            Err(Error::Rules(told)) => told,
            other => panic!("{}: {other:?}", file.display()),
        };
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# expect ")).collect();
        let blocks: Vec<&str> = told.split("\n\n").filter(|block| block.contains(".yaml:")).collect();
        for expected in &expected {
            let (place, words) = expected.split_once(' ').unwrap();
            let (says, remedy) = words.split_once(" => ").unwrap();
            let line: usize = place.split(':').next().unwrap().parse().unwrap();
            let source = text.lines().nth(line - 1).unwrap().trim();
            let holds = |block: &&&str| {
                let joined = block.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                block.contains(&format!("0.yaml:{place}: "))
                    && block.contains(says)
                    && block.contains(source)
                    && block.contains('^')
                    && joined.contains(remedy)
            };
            if !blocks.iter().any(|block| holds(&block)) {
                writeln!(failures, "{}: expected {expected}", file.display()).unwrap();
            }
        }
        if blocks.len() != expected.len() {
            writeln!(failures, "{}: {} faults, expected {}", file.display(), blocks.len(), expected.len()).unwrap();
        }
        if failures.contains(&*file.display().to_string()) {
            writeln!(failures, "told was:\n{told}\n").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let dir = folder(&["version: 1\nsymptoms: 3\n", "version: 3\n", "version: [\n"]);
    let told = load(&dirs(&[&dir]), true).unwrap_err().to_string();
    assert!(told.contains("0.yaml:2:11") && told.contains("1.yaml:1:10") && told.contains("2.yaml:1:10"), "{told}");
    assert!(told.ends_with("3 faults in the rules; nothing was read"), "{told}");
}

#[test]
fn a_folder_that_cannot_be_used_is_told_with_advice() {
    let empty = tempfile::tempdir().unwrap();
    let file = empty.path().join("rules.txt");
    fs::write(&file, "version: 1").unwrap();
    let large = folder(&[&"# a comment\n".repeat(100_000)]);
    for (dir, words) in [
        (empty.path().join("absent"), "give a folder that holds rule files"),
        (file.clone(), "not a folder"),
        (empty.path().to_owned(), "no rule file (*.yaml)"),
        (large.path().to_owned(), "a rule file may have 1048576"),
    ] {
        match load(std::slice::from_ref(&dir), true) {
            Err(Error::Usage(told)) => assert!(told.contains(words), "{told}"),
            other => panic!("{}: {other:?}", dir.display()),
        }
    }
}

#[test]
fn a_later_set_replaces_and_switches_off() {
    let first = folder(&[&symptoms(&[("connection-reset", "{ literal: first version }"), ("only-mine", "{ literal: mine }")])]);
    let second = folder(&["version: 1\ndisable: [only-mine, dns-outage]\n"]);
    let both = load(&dirs(&[&first, &second]), true).unwrap();
    assert!(both.symptom("only-mine").is_none() && both.cause("dns-outage").is_none());
    let replaced = &both.symptoms[both.symptom("connection-reset").unwrap()];
    assert_eq!(replaced.title, "connection-reset");
    assert!(shown(&both, "a first version", Kind::Task).contains(&"connection-reset"));
    assert!(both.named().is_sorted_by(|a, b| a.id < b.id) && both.causes.is_sorted_by(|a, b| a.id < b.id));

    let alone = load(&dirs(&[&first]), false).unwrap();
    assert_eq!((alone.symptoms.len(), alone.causes.len()), (2, 0));
}

#[test]
fn the_same_id_in_two_files_of_one_folder_is_told_with_both_places() {
    let one = symptoms(&[("mine", "{ literal: mine }")]);
    let told = load(&dirs(&[&folder(&[&one, &one])]), true).unwrap_err().to_string();
    assert!(told.contains("1.yaml:3:9: error[duplicate]: the id `mine` is defined twice") && told.contains("0.yaml:3:9\n"), "{told}");
}

#[test]
#[cfg(unix)]
fn a_folder_mounted_from_a_config_map_holds_each_rule_once() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("..2026_11_21");
    fs::create_dir(&real).unwrap();
    fs::write(real.join("mine.yaml"), symptoms(&[("mine", "{ literal: mine }")])).unwrap();
    std::os::unix::fs::symlink("..2026_11_21", dir.path().join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/mine.yaml", dir.path().join("mine.yaml")).unwrap();
    assert_eq!(load(&dirs(&[&dir]), false).unwrap().symptoms.len(), 1);
}

#[test]
fn overlapping_and_nested_literals_are_all_found() {
    let text = symptoms(&[
        ("a", "{ literal: connection reset }"),
        ("b", "{ literal: reset by peer }"),
        ("c", "{ literal: connection reset by peer }"),
        ("d", "{ literal: reset }"),
        ("e", "{ regex: 'ion re(?:set|fused) by' }"),
        ("f", "{ any: [ { literal: reset by }, { literal: absent } ] }"),
        ("g", "{ literal: refused }"),
    ]);
    let rules = load(&dirs(&[&folder(&[&text])]), false).unwrap();
    assert_eq!(shown(&rules, "OSError: connection reset by peer", Kind::Task), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn one_rule_serves_text_and_json() {
    let text = symptoms(&[
        ("quotes", "{ literal: 'relation \"orders\" is\\gone' }"),
        ("umlaut", "{ literal: Überlauf }"),
        ("whole-line", "{ literal: 'ConnectionResetError: [Errno 104] by peer' }"),
        ("key", "{ literal: ' exit_code=137' }"),
        ("class", "{ exception: builtins.ConnectionResetError }"),
    ]);
    let rules = load(&dirs(&[&folder(&[&text])]), false).unwrap();
    let json = |event: &str, rest: &str| format!(r#"{{"timestamp":"2026-11-21T07:26:36Z","level":"error","event":"{event}"{rest}}}"#);
    assert_eq!(shown(&rules, r#"relation "orders" is\gone"#, Kind::Task), ["quotes"]);
    assert_eq!(shown(&rules, &json(r#"relation \"orders\" is\\gone"#, ""), Kind::Task), ["quotes"]);
    assert_eq!(shown(&rules, &json(r"\u00dcberlauf", ""), Kind::Task), ["umlaut"]);
    assert_eq!(shown(&rules, &json("Überlauf", ""), Kind::Task), ["umlaut"]);
    assert_eq!(shown(&rules, &json("Process exited", r#","exit_code":137"#), Kind::Task), ["key"]);
    let detail = r#","error_detail":[{"exc_type":"ConnectionResetError","exc_value":"[Errno 104] by peer","frames":[],"exceptions":[]}]"#;
    assert_eq!(shown(&rules, &json("Task failed", detail), Kind::Task), ["class", "whole-line"]);
}

#[test]
fn conditions_mean_what_the_format_says() {
    let text = symptoms(&[
        ("after-line", "{ regex: '^exit [0-9]+$' }"),
        ("error-only", "{ literal: exit, level: error }"),
        ("not-this", "{ literal: exit, not: { literal: clean } }"),
        ("raised", "{ raised_exception: RuntimeError }"),
        ("root", "{ root_exception: builtins.KeyError }"),
        ("root-raised", "{ root_exception: RuntimeError }"),
        ("scheduler", "{ literal: exit, kind: scheduler }"),
        ("framed", "{ exception: KeyError, frame: etl.py }"),
        ("framed-elsewhere", "{ exception: KeyError, frame: other.py }"),
    ]);
    let rules = load(&dirs(&[&folder(&[&text])]), false).unwrap();
    assert_eq!(shown(&rules, "[2026-11-20T02:11:09.120+0000] {a.py:1} INFO - x\nexit 3\ny", Kind::Task), ["after-line", "not-this"]);
    assert_eq!(shown(&rules, "[2026-11-20T02:11:09.120+0000] {a.py:1} ERROR - clean exit", Kind::Scheduler), ["error-only", "scheduler"]);
    let chain = "[2026-11-20T02:11:09.120+0000] {a.py:1} ERROR - Task failed with exception\nTraceback (most recent call last):\n  File \"/dags/etl.py\", line 3, in load\n    x\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/dags/etl.py\", line 5, in load\n    y\nRuntimeError: b";
    assert_eq!(shown(&rules, chain, Kind::Task), ["framed", "raised", "root"]);
}

#[test]
fn a_match_tells_its_earliest_place_and_its_facts() {
    let text = "version: 1\nsymptoms:\n  - id: a\n    title: A\n    severity: low\n    category: code\n    match: { all: [ { literal: refused }, { regex: 'host=(?P<host>[a-z.]+)' } ] }\n    captures: ['port=(?P<port>\\d+)']\n";
    let rules = load(&dirs(&[&folder(&[text])]), false).unwrap();
    let hit = rules.check(0, &Record::from_text("x host=db.example port=5432 refused"), Kind::Task).unwrap();
    assert_eq!((hit.at, hit.facts.host.as_deref(), hit.facts.port), (2, Some("db.example"), Some(5432)));
}

#[test]
fn explain_show_and_list_know_every_rule() {
    let rules = builtin();
    let ids = rules.named().iter().map(|symptom| &symptom.id).chain(rules.causes.iter().map(|cause| &cause.id));
    for id in ids {
        let (mut page, mut source) = (Vec::new(), Vec::new());
        check::explain(&rules, id, &mut page).unwrap();
        check::show(&rules, id, &mut source).unwrap();
        let source = String::from_utf8(source).unwrap();
        assert!(
            source.lines().nth(1).is_some_and(|line| line.trim_start().starts_with("- id: ") && line.contains(id.as_str())),
            "{source}"
        );
        assert!(page.len() > 100, "{id}");
    }
    let mut table = Vec::new();
    let rows = check::list(&rules, &mut table).unwrap();
    assert_eq!(rows, rules.named().len() + rules.causes.len() + rules.timers.len());
    assert_eq!(String::from_utf8(table).unwrap().lines().count(), rows);

    let told = check::explain(&rules, "conection-reset", &mut Vec::new()).unwrap_err().to_string();
    assert!(told.contains("did you mean `connection-reset`"), "{told}");
}

#[test]
fn lint_names_what_is_doubtful_and_test_what_does_not_hold() {
    let text = "version: 1\nsymptoms:\n  - id: Not_Kebab\n    title: T\n    severity: low\n    category: code\n    match: { regex: '[0-9]+' }\n    examples:\n      matching: [ 'no digits' ]\n      not_matching: [ '12' ]\ncauses:\n  - { id: lonely, title: L, layer: data, owner: unknown, what: x, prior: 0.2, retry: { helps: unknown, safe: \"no\", says: x } }\n";
    let rules = load(&dirs(&[&folder(&[text])]), false).unwrap();
    let mut out = Vec::new();
    let linted = check::lint(&rules, &BTreeMap::new(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    for lint in ["kebab-case", "no-literal", "few-examples", "no-causes", "unreachable", "no-evidence", "no-confirm", "no-fix"] {
        assert!(out.contains(&format!("warning[{lint}]")), "{lint}: {out}");
    }
    assert_eq!(linted.warnings, 8, "{out}");
    let tested = check::test(&rules, &[]).unwrap();
    assert_eq!((tested.cases.len(), tested.failures()), (2, 2), "{tested:?}");
}

#[test]
fn the_program_tells_by_its_exit_code_what_rules_are_worth() {
    use crate::program::run;

    let bad = folder(&["version: 1\nsymptoms: 3\n"]);
    let doubtful = folder(&[&symptoms(&[("mine", "{ literal: mine }")])]);
    let (bad, doubtful) = (bad.path().display().to_string(), doubtful.path().display().to_string());
    for arguments in [&["rules", "lint", "--rules", &bad][..], &["rules", "test", "--rules", &bad], &["--rules", &bad, "rules/README.md"]] {
        let run = run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(
            run.err.contains("0.yaml:2:11: error[form]: `symptoms` is a list") && run.err.contains("begin each rule with `- id:`"),
            "{}",
            run.err
        );
    }
    assert_eq!(run(&["rules", "lint", "--rules", &doubtful]).code, 1);
    assert_eq!(run(&["rules", "test", "--rules", &doubtful]).code, 0);
    let unknown = run(&["explain", "conection-reset"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean `connection-reset`"), "{}", unknown.err);
}
