//! What conditions of rules mean, through the program: what one record shows, whose attempt it is, what is missing, what comes together
//! and what must not stand beside it, and which part a match had in its attempt.

use std::fmt::Write as _;

use serde_json::Value;

use crate::logs::log_of;
use crate::tree::{Tree, attempt, incident, succeeded};

fn none() -> Vec<String> {
    Vec::new()
}

/// A log that fails with a traceback, behind the lines that it begins with.
fn failed(lines: &[&str]) -> String {
    let mut log = String::new();
    for line in lines {
        writeln!(log, "[2026-11-20T01:00:00.000+0000] {{shop.py:7}} INFO - {line}").unwrap();
    }
    log.push_str(
        "[2026-11-20T01:00:09.500+0000] {taskinstance.py:3313} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    run()\n\
         shop.errors.StockError: level 7 of AAA\n\
         [2026-11-20T01:00:09.600+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push, run_id=r\n\
         [2026-11-20T01:00:09.700+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1\n",
    );
    log
}

#[test]
fn what_a_record_shows_stands_beside_whose_attempt_it_is() {
    let tree = Tree::with_rules(&[
        ("of-load", "{ literal: AAA, task: 'load_*' }"),
        ("of-dag", "{ literal: AAA, dag: shop, not: { task: '*_stock' } }"),
        ("one-record", "{ literal: AAA, regex: 'B+', outcome: success }"),
        ("two-records", "{ all: [ { literal: AAA }, { literal: BBB }, { outcome: success } ] }"),
        ("either", "{ any: [ { literal: AAA, task: extract }, { literal: BBB, task: load_stock } ] }"),
    ]);
    tree.log("extract", &[("01:00:00.000", "AAA"), ("01:00:01.000", "BBB")]);
    tree.log("load_stock", &[("01:00:00.000", "x"), ("01:00:01.000", "AAA BBB")]);
    tree.put("dag_id=other/run_id=r/task_id=load_more/attempt=1.log", succeeded(&[("01:00:20.000", "AAA")]));
    assert_eq!(tree.tasks_with("of-load"), ["load_more", "load_stock"]);
    assert_eq!(tree.tasks_with("of-dag"), ["extract"]);
    assert_eq!(tree.tasks_with("one-record"), ["load_stock"]);
    // Keys of one map are asked of one record, and so is a list that asks about nothing else; a list that asks about both is asked of the attempt.
    assert_eq!(tree.tasks_with("two-records"), ["extract", "load_stock"]);
    assert_eq!(tree.tasks_with("either"), ["extract", "load_stock"]);
    assert_eq!(tree.shown("extract"), ["aaa:1", "either:1", "of-dag:1", "two-records:1", "bbb:2", "two-records:2"]);
}

#[test]
fn a_symptom_of_one_tasks_records_hides_the_generic_one_there_and_can_be_the_failure() {
    let tree = Tree::with_rule_file(
        "version: 1\n\
         causes:\n\
         \x20 - { id: why, title: Why, layer: data, owner: unknown, what: W., prior: 0.2, retry: { helps: unknown, safe: 'no', says: S. } }\n\
         symptoms:\n\
         \x20 - { id: stock, title: Stock, severity: low, category: code, match: { exception: StockError }, causes: [why] }\n\
         \x20 - id: stock-of-load\n    title: Stock of load\n    severity: high\n    category: data\n    specific_over: [stock]\n    causes: [why]\n\
         \x20   match: { exception: shop.errors.StockError, task: load }\n    captures: [ 'of (?P<host>[A-Z]+)' ]\n",
    );
    tree.put(&log_of("load"), failed(&["x"]));
    tree.put(&log_of("extract"), failed(&["x"]));
    let report = tree.report();
    assert_eq!((tree.shown("load"), tree.shown("extract")), (vec!["stock-of-load:6".to_owned()], vec!["stock:6".to_owned()]));
    assert_eq!(attempt(&report, "load")["symptoms"][0]["role"], "fatal");
    assert_eq!(incident(&report, "load")["scope"]["endpoints"][0], "aaa", "{report:#}");
    let titles: Vec<&str> = report["incidents"].as_array().unwrap().iter().map(|incident| incident["symptom"].as_str().unwrap()).collect();
    assert_eq!(titles, ["stock-of-load", "stock"]);
}

#[test]
fn a_field_is_a_key_of_a_json_record() {
    let tree = Tree::with_rules(&[
        ("code", "{ field: { exit_code: '-9' } }"),
        ("reason", "{ field: { reason: 'lost *', error.kind: Gone }, level: error }"),
        ("both", "{ field: { exit_code: '1*' }, task: push }"),
    ]);
    let line = |event: &str, level: &str, rest: &str| {
        format!("{{\"timestamp\":\"2026-11-20T01:00:00Z\",\"level\":\"{level}\",\"event\":\"{event}\"{rest}}}\n")
    };
    let log = [
        line("gone", "info", ",\"exit_code\":-9"),
        line("gone", "info", ",\"exit_code\":\"-9\""),
        line("gone", "error", ",\"reason\":\"lost contact\",\"error\":{\"kind\":\"Gone\"}"),
        line("gone", "info", ",\"reason\":\"lost contact\",\"error\":{\"kind\":\"Gone\"}"),
        line("gone", "error", ",\"reason\":\"has lost contact\",\"error.kind\":\"Gone\""),
        line("exit_code=-9 reason=lost", "error", ",\"exit_code\":19"),
        "exit_code=-9\n".to_owned(),
    ];
    tree.put(&log_of("push"), log.concat());
    assert_eq!(tree.shown("push"), ["code:1", "code:2", "reason:3", "both:6"]);
}

#[test]
fn what_is_absent_is_missing_in_a_log_that_was_read() {
    let tree = Tree::with_rules(&[
        ("no-a", "{ absent: { literal: AAA }, outcome: success }"),
        ("no-letters", "{ absent: { any: [ { symptom: aaa }, { regex: 'BB+' } ] } }"),
        ("no-a-silent", "{ ending: silent, absent: { symptom: aaa } }"),
    ]);
    tree.log("extract", &[("01:00:00.000", "AAA")]);
    tree.log("load", &[("01:00:00.000", "BBB")]);
    tree.log("push", &[("01:00:00.000", "x")]);
    tree.put("scheduler/latest/shop.py.log", "[2026-11-20T01:00:00.000+0000] {processor.py:1} INFO - x\n");
    assert_eq!(tree.tasks_with("no-a"), ["load", "push"]);
    assert_eq!(tree.tasks_with("no-letters"), ["push"]);
    assert_eq!(tree.tasks_with("no-a-silent"), none());
    // What is missing is missing at the end.
    assert_eq!(tree.shown("push"), ["no-a:2", "no-letters:2"]);
}

#[test]
fn steps_say_themselves_what_they_are() {
    let tree = Tree::with_rules(&[
        ("steps", "{ sequence: [ { literal: one, level: info }, { any: [ { symptom: aaa }, { literal: two } ] } ], within: 10s }"),
        ("set", "{ set: [ { literal: two }, { literal: one } ], at_least: 2 }"),
    ]);
    tree.log("letter", &[("01:00:00.000", "one"), ("01:00:10.000", "AAA")]);
    tree.log("number", &[("01:00:00.000", "one"), ("01:00:10.000", "two"), ("01:00:11.000", "two"), ("01:00:12.000", "one")]);
    tree.log("late", &[("01:00:00.000", "one"), ("01:00:10.001", "two")]);
    tree.log("back", &[("01:00:00.000", "two"), ("01:00:01.000", "one")]);
    assert_eq!(tree.tasks_with("steps"), ["letter", "number"]);
    assert_eq!(tree.tasks_with("set"), ["number"]);
    // It stands where it is complete; its steps are shown nowhere.
    assert_eq!(tree.shown("letter"), ["aaa:2", "steps:2"]);
}

#[test]
fn what_must_not_stand_beside_a_sequence_has_a_side_and_the_windows_length() {
    let rule = |side: &str| {
        format!("{{ sequence: [ {{ symptom: aaa }}, {{ symptom: bbb }} ], within: 1m, not: {{ {side}: {{ literal: maintenance }} }} }}")
    };
    let (before, between, after) = (rule("before"), rule("between"), rule("after"));
    let tree = Tree::with_rules(&[
        ("before", before.as_str()),
        ("between", between.as_str()),
        ("after", after.as_str()),
        ("nowhere", "{ all: [ { sequence: [ { symptom: aaa }, { symptom: bbb } ] }, { absent: { literal: maintenance } } ] }"),
    ]);
    let log = |task: &str, times: [&str; 3], words: [&str; 3]| tree.log(task, &times.into_iter().zip(words).collect::<Vec<_>>());
    log("edge-before", ["01:00:00.000", "01:01:00.000", "01:01:01.000"], ["maintenance", "AAA", "BBB"]);
    log("long-before", ["01:00:00.000", "01:01:00.001", "01:01:01.000"], ["maintenance", "AAA", "BBB"]);
    log("within", ["01:00:00.000", "01:00:30.000", "01:01:00.000"], ["AAA", "maintenance", "BBB"]);
    log("edge-after", ["01:00:00.000", "01:00:01.000", "01:01:01.000"], ["AAA", "BBB", "maintenance"]);
    log("long-after", ["01:00:00.000", "01:00:01.000", "01:01:01.001"], ["AAA", "BBB", "maintenance"]);
    log("free", ["01:00:00.000", "01:00:01.000", "01:01:01.001"], ["AAA", "BBB", "x"]);
    assert_eq!(tree.tasks_with("before"), ["edge-after", "free", "long-after", "long-before", "within"]);
    assert_eq!(tree.tasks_with("between"), ["edge-after", "edge-before", "free", "long-after", "long-before"]);
    assert_eq!(tree.tasks_with("after"), ["edge-before", "free", "long-after", "long-before", "within"]);
    assert_eq!(tree.tasks_with("nowhere"), ["free"]);
}

#[test]
fn matches_of_several_attempts_share_all_that_per_names() {
    let tree = Tree::with_rules(&[
        ("same-host", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m, per: host }"),
        ("same-host-and-dag", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m, per: [host, dag] }"),
    ]);
    let on = |host: &str, time: &str, word: &str| {
        let log = succeeded(&[(time, &format!("Running <TaskInstance: shop.x r [running]> on host {host}")), (time, word)]);
        log.replace("{shop.py:7} INFO - Running", "{task_command.py:467} INFO - Running")
    };
    tree.put("dag_id=shop/run_id=r/task_id=a/attempt=1.log", on("w1", "01:00:00.000", "AAA"));
    tree.put("dag_id=shop/run_id=r/task_id=b/attempt=1.log", on("w2", "01:00:10.000", "BBB"));
    tree.put("dag_id=other/run_id=r/task_id=c/attempt=1.log", on("w1", "01:00:20.000", "BBB"));
    assert_eq!(tree.tasks_with("same-host"), ["c", "a"]);
    assert_eq!(tree.tasks_with("same-host-and-dag"), none());
    tree.put("dag_id=shop/run_id=r/task_id=d/attempt=1.log", on("w1", "01:01:00.000", "BBB"));
    assert_eq!(tree.tasks_with("same-host-and-dag"), ["a", "d"]);
}

#[test]
fn a_rule_may_count_in_some_roles_only() {
    let roles = |id: &str, roles: &str| {
        format!("  - {{ id: {id}, title: T, severity: low, category: code, roles: [{roles}], causes: [why], match: {{ literal: AAA }} }}\n")
    };
    let tree = Tree::with_rule_file(&format!(
        "version: 1\ncauses:\n  - {{ id: why, title: Why, layer: data, owner: unknown, what: W., prior: 0.2, \
         retry: {{ helps: unknown, safe: 'no', says: S. }} }}\nsymptoms:\n{}{}{}",
        roles("ends", "fatal"),
        roles("leads", "contributing"),
        roles("survived", "incidental, contributing"),
    ));
    tree.log("healthy", &[("01:00:00.000", "AAA")]);
    tree.put(&log_of("failed"), failed(&["AAA"]));
    assert_eq!(tree.shown("healthy"), ["survived:1"]);
    // The record that ends the attempt shows what ends it; the line before leads to it.
    assert_eq!(tree.shown("failed"), ["leads:1", "survived:1", "ends:6"]);
    let report: Value = tree.report();
    assert_eq!(report["incidents"][0]["symptom"], "ends", "{report:#}");
}

#[test]
fn a_renamed_cause_keeps_its_old_name_and_a_draft_is_for_those_who_give_it() {
    let tree = Tree::with_rule_file(
        "version: 1\n\
         causes:\n\
         \x20 - { id: why, aliases: [whence], status: draft, title: Why, layer: data, owner: unknown, what: W., prior: 0.2, \
         retry: { helps: unknown, safe: 'no', says: S. } }\n\
         symptoms:\n  - { id: aaa, title: A, severity: low, category: code, match: { literal: AAA }, causes: [whence] }\n",
    );
    let rules = tree.path().join("rules").display().to_string();
    let shown = crate::program::run(&["explain", "whence", "--no-builtin-rules", "--rules", &rules]);
    assert!(shown.code == 0 && shown.out.contains("Why"), "{}{}", shown.out, shown.err);
    tree.put(&log_of("failed"), failed(&["x"]));
    assert_eq!(tree.report()["incidents"][0]["causes"][0]["id"], "why");
}

#[test]
fn each_step_is_a_record_of_its_own() {
    let tree = Tree::with_rules(&[
        ("back", "{ sequence: [ { literal: BBB }, { literal: AAA } ] }"),
        ("forth", "{ sequence: [ { literal: AAA }, { literal: BBB } ] }"),
        ("twice", "{ set: [ { symptom: aaa }, { regex: 'AA+' } ] }"),
        ("counted", "{ sequence: [ { any: [ { literal: AAA }, { literal: BBB } ] } ], at_least: 2 }"),
        ("moved", "{ set: [ { any: [ { symptom: aaa }, { symptom: bbb } ] }, { literal: AAA } ] }"),
        ("between", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], not: { between: { regex: 'AAA|CCC' } } }"),
    ]);
    tree.log("one", &[("01:00:00.000", "AAA BBB")]);
    tree.log("two", &[("01:00:00.000", "AAA"), ("01:00:00.000", "BBB")]);
    tree.log("same", &[("01:00:00.000", "AAA"), ("01:00:00.000", "AAA")]);
    tree.log("other", &[("01:00:00.000", "AAA"), ("01:00:00.000", "CCC"), ("01:00:00.000", "BBB")]);
    assert_eq!(tree.shown("one"), ["aaa:1", "bbb:1"]);
    // What a step shows besides does not stand between the steps.
    assert_eq!(tree.shown("two"), ["aaa:1", "bbb:2", "between:2", "counted:2", "forth:2", "moved:2"]);
    assert_eq!(tree.shown("same"), ["aaa:1", "aaa:2", "counted:2", "moved:2", "twice:2"]);
    assert_eq!(tree.tasks_with("between"), ["two"]);
}

#[test]
fn a_record_out_of_time_does_not_end_a_window() {
    let tree = Tree::with_rules(&[
        ("steps", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 10s }"),
        ("set", "{ set: [ { symptom: aaa }, { symptom: bbb } ], within: 10s }"),
    ]);
    tree.log("stray", &[("01:00:00.000", "AAA"), ("00:00:00.000", "BBB"), ("02:00:00.000", "BBB"), ("01:00:10.000", "BBB")]);
    tree.log("late", &[("01:00:00.000", "AAA"), ("00:00:00.000", "BBB"), ("01:00:10.001", "BBB")]);
    assert_eq!((tree.tasks_with("steps"), tree.tasks_with("set")), (vec!["stray".to_owned()], vec!["stray".to_owned()]));
    assert!(tree.shown("stray").contains(&"steps:4".to_owned()));
}

#[test]
fn many_records_are_told_of_in_the_order_of_lines_and_cost_no_more_than_their_number() {
    let mut rules = vec![("mixed".to_owned(), "{ literal: AAA, dag: shop }".to_owned())];
    for number in 0..30 {
        let condition = format!("{{ sequence: [ {{ regex: 'A{{{}}}' }}, {{ symptom: bbb }} ], within: 1d }}", number % 3 + 1);
        rules.push((format!("steps-{number}"), condition));
    }
    let rules: Vec<(&str, &str)> = rules.iter().map(|(id, condition)| (id.as_str(), condition.as_str())).collect();
    let tree = Tree::with_rules(&rules);
    let lines: Vec<(&str, &str)> = (0..60_000)
        .map(|line| {
            (
                "01:00:00.000",
                if line == 0 {
                    "BBB"
                } else if line == 30_000 {
                    "CCC"
                } else {
                    "AAA"
                },
            )
        })
        .collect();
    tree.log("many", &lines);
    let started = std::time::Instant::now();
    let report = tree.report();
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    let shown = attempt(&report, "many")["symptoms"].as_array().unwrap();
    let of = |id: &str| shown.iter().filter(|shown| shown["id"] == id).map(|shown| shown["line"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((of("ccc"), of("mixed").first().copied(), of("steps-1")), (vec![30_001], Some(2), vec![]), "{report:#}");
    let said = report.to_string();
    assert!(said.contains("59998 records show a step of steps-1; the first 4096 and the last were used"), "{:#}", report["problems"]);
}
