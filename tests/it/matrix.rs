//! The built-in rules against each other and against healthy logs: what shows where it was not meant to is named here, or is a defect.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::program::run;

/// What attempts of the sample logs show that succeeded, and why that is right: in how many attempts, by symptom.
const SURVIVED: [(&str, usize, &str); 6] = [
    ("broken-pipe", 1, "the triggerer says that it lost a connection, and the task was resumed"),
    ("connection-reset", 4, "a task prints a runbook that quotes it"),
    ("remote-closed", 8, "the same runbook, in both versions"),
    ("retry-warning", 4, "a client announced a retry, and the call succeeded"),
    ("task-sigkill", 4, "the same runbook"),
    ("task-skipped", 3, "tasks that skip themselves"),
];

#[test]
fn no_rule_shows_on_another_rules_examples_undeclared() {
    let told = run(&["rules", "lint"]);
    assert!(told.code == 0 && !told.out.contains("[foreign-example]"), "{}", told.out);
}

#[test]
fn healthy_logs_show_nothing_that_is_not_known() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs").display().to_string();
    let report: Value = serde_json::from_str(&run(&[&logs, "-f", "json", "--attempts", "all"]).out).unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in report["attempts"].as_array().unwrap() {
        if attempt["kind"] != "task" || !["success", "skipped"].contains(&attempt["outcome"].as_str().unwrap()) {
            continue;
        }
        assert!(attempt["incident"].is_null(), "a healthy attempt is in an incident: {attempt:#}");
        let mut ids: Vec<&str> = attempt["symptoms"].as_array().unwrap().iter().map(|shown| shown["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            *seen.entry(id.to_owned()).or_default() += 1;
        }
    }
    let expected: BTreeMap<String, usize> = SURVIVED.iter().map(|(id, attempts, _)| ((*id).to_owned(), *attempts)).collect();
    assert_eq!(seen, expected, "name what is right in SURVIVED, and mend the rule that is not");
}

#[test]
fn no_built_in_rule_asks_for_a_dag_or_a_task_by_its_name() {
    let rules = dagnosis::rule::load(&[], true).unwrap();
    for symptom in rules.named() {
        let condition = format!("{:?}", symptom.attempt);
        assert!(!condition.contains("Dag(\"") && !condition.contains("Task(\""), "{}: {condition}", symptom.id);
    }
}
