//! `rules test`: scenarios of whole logs, what is told of those that do not hold, one file's rules alone, and JUnit for CI.

use std::fs;
use std::path::Path;

use crate::program::{Run, run};

const RULES: &str = "\
version: 1
symptoms:
  - id: stock-level
    title: A stock level is out of bounds
    severity: low
    category: data
    match: { exception: StockError }
    causes: [ wrong-count ]
    examples:
      matching: [ \"shop.errors.StockError: level -3\", \"StockError: level 7000\" ]
      not_matching: [ \"INFO - StockErrors: 0\", \"ValueError: level -3\" ]
  - id: stock-then-price
    title: A price is missing soon after a stock level was wrong
    severity: low
    category: data
    match: { sequence: [ { symptom: stock-level }, { literal: no price } ], within: 1m, per: dag }
    causes: [ wrong-count ]
causes:
  - id: wrong-count
    title: Somebody counted wrongly
    layer: data
    owner: data_provider
    what: A count is wrong.
    prior: 0.3
    evidence: [ { when: { tasks: { at_least: 2 } }, weight: strong, says: \"{tasks} tasks show it\" } ]
    confirm: [ { say: Count again. } ]
    fixes: [ { say: Correct the count. } ]
    retry: { helps: permanent, safe: \"yes\", says: It stays wrong. }
";

const SCENARIOS: &str = r#"version: 1
scenarios:
  - id: a-minute-later
    says: Both ends of the window belong to it.
    logs:
      - path: dag_id=shop/run_id=r/task_id=count/attempt=1.log
        text: |
          [2026-11-20T01:00:00.000+0000] {taskinstance.py:3313} ERROR - Task failed with exception
          Traceback (most recent call last):
            File "/opt/airflow/dags/shop.py", line 12, in count
          shop.errors.StockError: level -3
          [2026-11-20T01:00:00.100+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=count, run_id=r
      - path: dag_id=shop/run_id=r/task_id=price/attempt=1.log
        file: price.log
    expect:
      - { symptom: stock-level, cause: wrong-count, probability: { at_least: 0.3, at_most: 0.99 }, attempts: { at_most: 1 } }
      - { symptom: stock-then-price }
    incidents: { at_least: 1, at_most: 1 }
  - id: nothing-wrong
    logs:
      - text: |
          [2026-11-20T01:00:00.000+0000] {shop.py:7} INFO - all prices are known
          [2026-11-20T01:00:00.100+0000] {taskinstance.py:1226} INFO - Marking task as SUCCESS. dag_id=shop, task_id=count, run_id=r
    expect: []
    never: [ stock-level, wrong-count ]
"#;

const PRICE: &str = "\
[2026-11-20T01:01:00.000+0000] {shop.py:7} WARNING - no price for 7
[2026-11-20T01:01:00.100+0000] {taskinstance.py:1226} INFO - Marking task as SUCCESS. dag_id=shop, task_id=price, run_id=r
";

/// A folder of rules and scenarios.
fn folder(scenarios: &str, price: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rules.yaml"), RULES).unwrap();
    fs::write(dir.path().join("scenarios.yaml"), scenarios).unwrap();
    fs::write(dir.path().join("price.log"), price).unwrap();
    dir
}

fn test(dir: &Path, arguments: &[&str]) -> Run {
    let dir = dir.display().to_string();
    let mut all = vec!["rules", "test", "--no-builtin-rules", "--rules", &dir];
    all.extend(arguments);
    run(&all)
}

#[test]
fn scenarios_hold_from_the_log_to_the_cause() {
    let dir = folder(SCENARIOS, PRICE);
    let told = test(dir.path(), &[]);
    assert_eq!((told.code, told.out.as_str()), (0, "4 examples of 2 symptoms, 2 scenarios, 0 do not hold\n"), "{}", told.err);
}

#[test]
fn what_does_not_hold_is_told_with_what_was_expected_and_got() {
    let late = PRICE.replace("01:01:00.000", "01:01:00.001");
    let scenarios = SCENARIOS.replace("never: [ stock-level, wrong-count ]", "incidents: { at_least: 2 }");
    let dir = folder(&scenarios.replace("at_most: 0.99", "at_most: 0.4"), &late);
    let told = test(dir.path(), &[]);
    assert_eq!(told.code, 1);
    let shown = told.out.replace(&format!("{}/", dir.path().display()), "");
    let expected = "\
scenarios.yaml:3:5: a-minute-later scenario: expected an incident with the symptom `stock-level` and the cause `wrong-count` with a probability of 0.3 to 0.4 and at most 1 failed attempts,
  and an incident with the symptom `stock-then-price`
  got 1 incident:
    A stock level is out of bounds: shop.count (1 attempts)
      symptoms: stock-level
      causes: wrong-count 0.96

scenarios.yaml:19:5: nothing-wrong scenario: expected at least 2 incidents
  got no incident

4 examples of 2 symptoms, 2 scenarios, 2 do not hold
";
    assert_eq!(shown, expected);
    fs::remove_file(dir.path().join("price.log")).unwrap();
    let told = test(dir.path(), &[]);
    assert!(told.out.contains("a-minute-later scenario: the log ") && told.out.contains("price.log cannot be read: "), "{}", told.out);
}

#[test]
fn one_files_rules_can_be_tested_alone() {
    let dir = folder(SCENARIOS, PRICE);
    let rules = dir.path().join("rules.yaml").display().to_string();
    assert_eq!(test(dir.path(), &[&rules]).out, "4 examples of 2 symptoms, 0 scenarios, 0 do not hold\n");
    // A file of its own, beside the built-in rules.
    assert_eq!(run(&["rules", "test", &rules]).out, "4 examples of 2 symptoms, 0 scenarios, 0 do not hold\n");
    let builtin = run(&["rules", "test", "builtin:symptoms/dns.yaml"]);
    assert!(builtin.code == 0 && builtin.out.ends_with(" 0 do not hold\n"), "{}{}", builtin.out, builtin.err);
    for (file, says) in [
        ("/no/such.yaml", "error: /no/such.yaml: No such file or directory"),
        ("builtin:symptoms/dnss.yaml", "no such rule file is loaded; did you mean builtin:symptoms/dns.yaml?"),
    ] {
        let told = run(&["rules", "test", file]);
        assert!(told.code == 2 && told.err.contains(says), "{}", told.err);
    }
}

#[test]
fn ci_reads_the_results_as_junit() {
    let dir = folder(
        &SCENARIOS.replace("    never: [ stock-level, wrong-count ]\n", "").replace("expect: []", "expect: [ { symptom: stock-level } ]"),
        PRICE,
    );
    let junit = dir.path().join("junit.xml");
    let told = test(dir.path(), &["--junit", &junit.display().to_string()]);
    assert_eq!(told.code, 1);
    let xml = fs::read_to_string(&junit).unwrap().replace(&format!("{}/", dir.path().display()), "");
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="dagnosis rules test" tests="6" skipped="0" failures="1" errors="0">
    <testsuite name="rules.yaml" tests="4" skipped="0" errors="0" failures="0">
        <testcase name="stock-level examples.matching[0]" classname="rules.yaml" line="3"/>
        <testcase name="stock-level examples.matching[1]" classname="rules.yaml" line="3"/>
        <testcase name="stock-level examples.not_matching[0]" classname="rules.yaml" line="3"/>
        <testcase name="stock-level examples.not_matching[1]" classname="rules.yaml" line="3"/>
    </testsuite>
    <testsuite name="scenarios.yaml" tests="2" skipped="0" errors="0" failures="1">
        <testcase name="a-minute-later scenario" classname="scenarios.yaml" line="3"/>
        <testcase name="nothing-wrong scenario" classname="scenarios.yaml" line="19">
            <failure message="expected an incident with the symptom `stock-level`">expected an incident with the symptom `stock-level`
  got no incident</failure>
        </testcase>
    </testsuite>
</testsuites>
"#;
    assert_eq!(xml, expected);
    let told = test(dir.path(), &["--junit", "/no/such/folder/junit.xml"]);
    assert!(told.code == 2 && told.err.contains("cannot write /no/such/folder/junit.xml"), "{}", told.err);
}

#[test]
fn what_stands_in_rules_reaches_a_terminal_as_text_only() {
    let dir = tempfile::tempdir().unwrap();
    let rules = "version: 1\nsymptoms:\n  - id: \"odd\\u202e\"\n    title: \"A \\x1b[31mred \\u009b2J\"\n    severity: low\n    category: code\n    \
                 match: { literal: AAA }\n    examples: { matching: [\"BBB \\x1b[2J\"], not_matching: [\"AAA \\x07\"] }\n";
    fs::write(dir.path().join("rules.yaml"), rules).unwrap();
    let folder = dir.path().display().to_string();
    for (command, says) in [("list", "A \\x1b[31mred \\x9b2J"), ("test", "odd\\u{202e} examples.matching[0]"), ("lint", "odd\u{fffd}")] {
        let Run { out, err, .. } = run(&["rules", command, "--no-builtin-rules", "--rules", &folder]);
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(out.contains(says) && !out.contains(acts) && !err.contains(acts), "{command}: {out:?} {err:?}");
    }
}
