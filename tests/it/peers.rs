//! What other log scanners of this kind get wrong on folders of task logs, each as a log of a few lines: several files, overlapping times,
//! windows, equal instants, long lines, damaged archives, tracebacks, time formats, mistyped rules.

use std::fmt::Write as _;

use serde_json::Value;

use crate::logs::{gzip, log_of, put, tar, zip};
use crate::program::run;
use crate::tree::{Tree, attempt, incident, shown, succeeded};

/// The end of a log of a task that was reset by its server: a traceback of 5 lines behind a first line, and two verdicts.
const RESET: &str = "\
[2026-11-20T01:00:09.500+0000] {taskinstance.py:3313} ERROR - Task failed with exception
Traceback (most recent call last):
  File \"/opt/airflow/dags/shop.py\", line 12, in push
    session.post(\"http://stock.example.internal:8080/v1/levels\", timeout=30)
requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))
[2026-11-20T01:00:09.600+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push, run_id=r
[2026-11-20T01:00:09.700+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1
";

const A_THEN_B: (&str, &str) = ("a-then-b", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m }");

#[test]
fn a_sequence_is_found_beside_logs_of_the_same_and_of_later_times() {
    let tree = Tree::with_rules(&[A_THEN_B]);
    tree.log("first", &[("01:00:00.000", "x"), ("01:00:30.000", "y"), ("03:00:00.000", "z")]);
    tree.log("second", &[("01:00:05.000", "AAA"), ("01:00:10.000", "BBB")]);
    tree.log("third", &[("00:10:00.000", "AAA"), ("00:10:01.000", "BBB")]);
    assert_eq!(tree.tasks_with("a-then-b"), ["second", "third"]);
}

#[test]
fn a_window_serves_every_log_and_has_an_edge() {
    let tree = Tree::with_rules(&[A_THEN_B]);
    tree.log("one", &[("01:00:00.000", "AAA"), ("01:01:00.000", "BBB")]);
    tree.log("two", &[("01:00:00.000", "AAA"), ("01:01:00.001", "BBB")]);
    tree.log("three", &[("01:00:00.500", "AAA"), ("01:00:59.000", "x"), ("01:00:59.500", "BBB")]);
    tree.log("four", &[("01:00:30.000", "AAA")]);
    assert_eq!(tree.tasks_with("a-then-b"), ["one", "three"]);
    assert_eq!(tree.tasks_with("aaa"), ["four", "one", "three", "two"]);
    let totals = &tree.report()["totals"];
    assert_eq!((&totals["files"], &totals["lines"]), (&4.into(), &12.into()));
}

#[test]
fn lines_of_unrelated_tasks_are_no_sequence() {
    let per_dag = ("per-dag", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m, per: dag }");
    let per_task = ("per-task", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m, per: task }");
    let tree = Tree::with_rules(&[A_THEN_B, per_dag, per_task]);
    tree.log("extract", &[("01:00:00.000", "AAA")]);
    tree.log("load", &[("01:00:10.000", "BBB")]);
    tree.put("dag_id=other/run_id=r/task_id=elsewhere/attempt=1.log", succeeded(&[("01:00:20.000", "BBB")]));
    assert_eq!(tree.tasks_with("a-then-b"), Vec::<String>::new());
    assert_eq!(tree.tasks_with("per-task"), Vec::<String>::new());
    assert_eq!(tree.tasks_with("per-dag"), ["extract", "load"]);

    // Two tries of one task are related, if the rule says so.
    tree.put("dag_id=shop/run_id=r/task_id=extract/attempt=2.log", succeeded(&[("01:00:30.000", "BBB")]));
    assert_eq!(tree.tasks_with("a-then-b"), Vec::<String>::new());
    assert_eq!(tree.tasks_with("per-task"), ["extract", "extract"]);
}

#[test]
fn a_sequence_keeps_its_order_and_a_set_needs_none() {
    let set = ("both", "{ set: [ { symptom: aaa }, { symptom: bbb } ], within: 1m }");
    let tree = Tree::with_rules(&[A_THEN_B, set]);
    tree.log("backwards", &[("01:00:00.000", "BBB"), ("01:00:01.000", "AAA")]);
    tree.log("alone", &[("01:00:00.000", "BBB")]);
    tree.log("again", &[("01:00:00.000", "BBB"), ("01:00:01.000", "AAA"), ("01:00:02.000", "BBB")]);
    assert_eq!(tree.tasks_with("a-then-b"), ["again"]);
    assert_eq!(tree.tasks_with("both"), ["again", "backwards"]);
}

#[test]
fn matches_of_one_instant_are_all_kept() {
    let twice = ("twice", "{ sequence: [ { symptom: aaa }, { symptom: aaa } ], within: 1s }");
    let two_pairs = ("two-pairs", "{ sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1s, at_least: 2 }");
    let tree = Tree::with_rules(&[A_THEN_B, twice, two_pairs]);
    tree.log("same", &[("01:00:00.123", "AAA first"), ("01:00:00.123", "AAA second"), ("01:00:00.123", "BBB")]);
    let shown = tree.shown("same");
    for place in ["aaa:1", "aaa:2", "bbb:3"] {
        assert!(shown.iter().any(|shown| shown == place), "{place} is missing in {shown:?}");
    }
    assert_eq!(tree.tasks_with("a-then-b"), ["same"]);
    assert_eq!(tree.tasks_with("twice"), ["same"]);
    assert_eq!(tree.tasks_with("two-pairs"), Vec::<String>::new());
    tree.log("same", &[("01:00:00.123", "AAA"), ("01:00:00.123", "AAA"), ("01:00:00.123", "BBB"), ("01:00:00.123", "BBB")]);
    assert_eq!(tree.tasks_with("two-pairs"), ["same"]);
}

#[test]
fn a_noisy_log_does_not_hide_a_sequence() {
    let tree = Tree::with_rules(&[A_THEN_B]);
    let mut lines = vec![("01:00:00.000", "BBB"); 500];
    lines.extend([("02:00:00.000", "AAA"), ("02:00:01.000", "BBB")]);
    tree.log("noisy", &lines);
    assert_eq!(tree.tasks_with("a-then-b"), ["noisy"]);
}

#[test]
fn a_noisy_log_does_not_hide_a_sequence_in_its_middle() {
    let tree = Tree::with_rules(&[A_THEN_B]);
    let mut lines = vec![("01:00:00.000", "BBB"); 50];
    lines.extend([("02:00:00.000", "AAA"), ("02:00:01.000", "BBB"), ("05:00:00.000", "BBB")]);
    tree.log("noisy", &lines);
    assert_eq!(tree.tasks_with("a-then-b"), ["noisy"]);
}

#[test]
fn a_count_is_as_high_as_the_rule_says() {
    let often = |count: usize| format!("{{ sequence: [ {{ symptom: aaa }} ], at_least: {count} }}");
    let (fifteen, thirty, more) = (often(15), often(30), often(31));
    let tree = Tree::with_rules(&[("fifteen", &fifteen), ("thirty", &thirty), ("more", &more)]);
    tree.log("often", &[("01:00:00.000", "AAA"); 30]);
    assert_eq!(tree.tasks_with("fifteen"), ["often"]);
    assert_eq!(tree.tasks_with("thirty"), ["often"]);
    assert_eq!(tree.tasks_with("more"), Vec::<String>::new());
}

#[test]
fn a_long_line_does_not_end_its_log() {
    let tree = Tree::with_rules(&[A_THEN_B]);
    let long = "x".repeat((4 << 20) + 1);
    tree.log("long", &[("01:00:00.000", "AAA"), ("01:00:01.000", &long), ("01:00:02.000", "BBB")]);
    assert_eq!(tree.shown("long"), ["aaa:1", "a-then-b:3", "bbb:3"]);
    assert_eq!(attempt(&tree.report(), "long")["outcome"], "success");
}

#[test]
fn a_gzip_that_is_cut_off_is_said_and_read_as_far_as_it_goes() {
    let tree = Tree::new();
    // What follows the failure does not compress, so the cut lies behind the failure.
    let mut noise = String::new();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(noise, "{:016x}{}", state, if state.is_multiple_of(7) { "\n" } else { "" }).unwrap();
    }
    let packed = gzip(format!("{RESET}{noise}").as_bytes());
    tree.put(&format!("{}.gz", log_of("push")), &packed[..packed.len() / 2]);
    let run = tree.run(&["-f", "json"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["problems"][0]["kind"], "damaged", "{report:#}");
    assert_eq!(incident(&report, "push")["symptom"], "connection-reset");
    let text = tree.run(&[]);
    assert_eq!(text.code, 3);
    assert!(text.out.contains("attempt=1.log.gz") && text.out.contains("cut off"), "{}", text.out);
}

#[test]
fn a_format_that_cannot_be_unpacked_is_said() {
    let tree = Tree::new();
    tree.put(&log_of("fine"), RESET);
    tree.put("dag_id=shop/run_id=r/task_id=packed/attempt=1.log.zst", b"\x28\xb5\x2f\xfd\x24\x05\x29\x00\x00hello\x00\x00\x00\x00");
    let run = tree.run(&["-f", "json"]);
    assert!(run.out.contains("attempt=1.log.zst"), "{}", run.out);
    assert!(run.code == 1 || run.code == 3, "{}", run.err);
}

#[test]
fn a_traceback_keeps_its_lines() {
    let tree = Tree::with_rules(&[
        ("line-start", r"{ regex: '(?m)^requests\.exceptions\.ConnectionError: ' }"),
        ("line-start-by-default", r"{ regex: '^requests\.exceptions' }"),
        ("line-end", r"{ regex: 'in push$' }"),
        ("newline", r"{ regex: 'exception\nTraceback' }"),
        ("joined", "{ literal: exceptionTraceback }"),
        ("spaced", "{ literal: exception Traceback }"),
        ("class", "{ exception: requests.exceptions.ConnectionError }"),
        ("frame", "{ exception: ConnectionError, frame: dags/shop.py }"),
    ]);
    tree.put(&log_of("push"), RESET);
    let shown = tree.shown("push");
    let ids: Vec<&str> = shown.iter().map(|shown| shown.split_once(':').unwrap().0).collect();
    for id in ["line-start", "line-start-by-default", "line-end", "newline", "class", "frame"] {
        assert!(ids.contains(&id), "{id} is missing in {shown:?}");
    }
    assert!(!ids.contains(&"joined") && !ids.contains(&"spaced"), "{shown:?}");
    // The place is the line that shows it, not the record's first.
    assert!(shown.contains(&"line-start:5".to_owned()) && shown.contains(&"line-end:3".to_owned()), "{shown:?}");
}

#[test]
fn unknown_keys_and_dead_references_in_rules_are_refused_with_their_place() {
    let symptom = |rest: &str| format!("version: 1\nsymptoms:\n  - id: mine\n    title: T\n    category: code\n{rest}");
    for (text, place, words) in [
        (symptom("    severtiy: low\n    match: { literal: x }\n"), "mine.yaml:6:5", "did you mean `severity`"),
        (symptom("    severity: low\n    bogus: 1\n    match: { literal: x }\n"), "mine.yaml:7:5", "bogus"),
        (symptom("    severity: low\n    match: { litteral: x }\n"), "mine.yaml:7:14", "did you mean `literal`"),
        (symptom("    severity: loud\n    match: { literal: x }\n"), "mine.yaml:6:15", "loud"),
        (symptom("    severity: low\n    match: { symptom: absent }\n"), "mine.yaml:7:23", "absent"),
        (symptom("    severity: low\n    match: { sequence: [ { symptom: mine }, { symptom: absent } ] }\n"), "mine.yaml:7:", "absent"),
        (symptom("    severity: low\n    match: { regex: '(' }\n"), "mine.yaml:7:", "("),
        (symptom("    severity: low\n    causes: [absent]\n    match: { literal: x }\n"), "mine.yaml:7:", "absent"),
    ] {
        let tree = Tree::with_rule_file(&text);
        tree.put(&log_of("push"), RESET);
        let run = tree.run(&[]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{text}");
        assert!(run.err.contains(place) && run.err.contains(words), "{text}\nwanted {place} and {words}:\n{}", run.err);
    }
}

/// The same failed task as Airflow's versions write it: until 2.2, from 2.3, with another zone, as JSON of 3.
const DIALECTS: [(&str, &str); 4] = [
    ("until-2.2", "[2026-11-20 01:00:00,123] {taskinstance.py:1482} ERROR - Task failed with exception"),
    ("from-2.3", "[2026-11-20T01:00:00.123+0000] {taskinstance.py:1482} ERROR - Task failed with exception"),
    ("zone", "[2026-11-20T03:00:00.123+0200] {taskinstance.py:1482} ERROR - Task failed with exception"),
    ("colon", "[2026-11-20T03:00:00.123+02:00] {taskinstance.py:1482} ERROR - Task failed with exception"),
];

#[test]
fn the_timestamps_of_all_versions_are_read() {
    let tree = Tree::new();
    for (task, first_line) in DIALECTS {
        let traceback: String = RESET.lines().skip(1).take(4).map(|line| format!("{line}\n")).collect();
        tree.put(&log_of(task), format!("{first_line}\n{traceback}"));
    }
    let event = r#"{"timestamp":"2026-11-20T01:00:00.123000Z","level":"error","event":"Task failed with exception","logger":"task","error_detail":[{"exc_type":"ConnectionError","exc_value":"('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))","syntax_error":null,"is_cause":false,"frames":[{"filename":"/opt/airflow/dags/shop.py","lineno":12,"name":"push"}]}]}"#;
    tree.put(&log_of("json"), format!("{event}\n"));
    tree.put(&log_of("grouped"), format!("::group::Log message source details\n::endgroup::\n{event}\n"));
    let report = tree.report();
    for task in DIALECTS.iter().map(|(task, _)| *task).chain(["json", "grouped"]) {
        let attempt = attempt(&report, task);
        assert_eq!(attempt["started"], "2026-11-20T01:00:00.123Z", "{task}");
        assert_eq!(incident(&report, task)["symptom"], "connection-reset", "{task}");
    }
}

#[test]
fn the_envelopes_of_container_runtimes_are_opened() {
    let tree = Tree::new();
    let docker = |line: &str| {
        format!("{}\n", serde_json::json!({ "log": format!("{line}\n"), "stream": "stdout", "time": "2026-11-20T01:00:10.1Z" }))
    };
    tree.put("docker.log", RESET.lines().map(docker).collect::<String>());
    assert_eq!(incident(&tree.report(), "push")["symptom"], "connection-reset");
}

#[test]
fn other_line_ends_encodings_and_colours_hide_nothing() {
    let tree = Tree::new();
    let coloured =
        RESET.replace("[2026", "[\u{1b}[34m2026").replace("+0000]", "+0000\u{1b}[0m]").replace("ERROR", "\u{1b}[31mERROR\u{1b}[0m");
    for (task, bytes) in [
        ("carriage-returns", RESET.replace('\n', "\r\n").into_bytes()),
        ("byte-order-mark", format!("\u{feff}{RESET}").into_bytes()),
        ("no-last-line-end", RESET.trim_end().as_bytes().to_vec()),
        ("coloured", coloured.into_bytes()),
        ("packed-without-saying-so", gzip(RESET.as_bytes())),
    ] {
        tree.put(&log_of(task), bytes);
    }
    let report = tree.report();
    for attempt in report["attempts"].as_array().unwrap() {
        let task = attempt["task_id"].as_str().unwrap();
        assert_eq!((&attempt["outcome"], &attempt["started"]), (&"failed".into(), &"2026-11-20T01:00:09.5Z".into()), "{task}");
        assert_eq!(incident(&report, task)["symptom"], "connection-reset", "{task}");
    }
    assert_eq!(report["attempts"].as_array().unwrap().len(), 5);
}

#[test]
fn a_log_that_is_named_twice_is_read_once() {
    let tree = Tree::new();
    tree.put(&log_of("push"), RESET);
    let logs = tree.path().join("logs").display().to_string();
    let file = format!("{logs}/{}", log_of("push"));
    let run = run(&[&logs, &format!("{logs}/"), &format!("{logs}/./dag_id=shop"), &file, "-f", "json", "--attempts", "all"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["totals"]["attempts"], 1, "{report:#}");
}

#[test]
fn a_log_without_timestamps_is_diagnosed() {
    let tree = Tree::new();
    let traceback: String = RESET.lines().skip(1).take(4).map(|line| format!("{line}\n")).collect();
    tree.put("excerpt.txt", format!("pushing\n{traceback}"));
    let run = tree.run(&["-f", "json"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.code, 1, "{report:#}");
    let incident = &report["incidents"][0];
    assert_eq!(incident["symptom"], "connection-reset");
    assert_eq!(incident["examples"][0]["line"], 5, "{incident:#}");
    assert!(incident["first_seen"].is_null(), "{incident:#}");
}

#[test]
fn what_is_found_has_its_file_and_line() {
    let tree = Tree::new();
    tree.put(&log_of("push"), format!("[2026-11-20T01:00:00.000+0000] {{a.py:1}} INFO - x\n{RESET}"));
    let report = tree.report();
    let example = &incident(&report, "push")["examples"][0];
    assert!(example["path"].as_str().unwrap().ends_with(&format!("logs/{}", log_of("push"))), "{example}");
    assert_eq!(example["line"], 6, "{example}");
    assert!(example["excerpt"].as_str().unwrap().contains("Connection reset by peer"), "{example}");
    for format in ["text", "markdown"] {
        let out = tree.run(&["-f", format]).out.replace("&#95;", "_").replace('\\', "");
        assert!(out.contains("attempt=1.log:6"), "{format}: {out}");
    }
}

#[test]
fn members_of_archives_are_named() {
    for (name, bytes) in [
        ("logs.tar.gz", gzip(&tar(&[(log_of("push"), RESET)]))),
        ("logs.tar", tar(&[(log_of("push"), RESET)])),
        ("logs.zip", zip(&[(log_of("push"), RESET)])),
        ("deep/attempts.tgz", gzip(&tar(&[(log_of("push"), RESET)]))),
    ] {
        let tree = Tree::new();
        tree.put(name, bytes);
        let report = tree.report();
        let example = &incident(&report, "push")["examples"][0];
        assert!(example["path"].as_str().unwrap().ends_with(name), "{name}: {example}");
        assert_eq!((&example["member"], &example["line"]), (&log_of("push").into(), &5.into()), "{name}");
        let text = tree.run(&[]).out;
        assert!(text.contains(&log_of("push")), "{name}: {text}");
    }
}

#[test]
fn findings_and_their_absence_are_told_by_the_exit_code() {
    let (bad, good) = (Tree::new(), Tree::new());
    bad.put(&log_of("push"), RESET);
    good.log("push", &[("01:00:00.000", "done")]);
    for format in ["text", "markdown", "json"] {
        assert_eq!((bad.run(&["-f", format]).code, good.run(&["-f", format]).code), (1, 0), "{format}");
    }
}

#[test]
fn missing_input_is_an_error_and_no_silence() {
    let tree = Tree::new();
    tree.put(&log_of("push"), RESET);
    let there = tree.path().join("logs").display().to_string();
    let absent = tree.path().join("absent.log").display().to_string();
    for arguments in [&[absent.as_str()][..], &[&there, &absent]] {
        let run = run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains("absent.log"), "{}", run.err);
    }
}

#[test]
fn every_path_that_is_named_is_read() {
    let tree = Tree::with_rules(&[]);
    for (folder, word) in [("one", "AAA"), ("two", "BBB"), ("three", "CCC")] {
        put(tree.path(), &format!("{folder}/dag_id=shop/run_id=r/task_id={folder}/attempt=1.log"), succeeded(&[("01:00:00.000", word)]));
    }
    let paths = ["one", "two", "three", "rules"].map(|name| tree.path().join(name).display().to_string());
    let [one, two, three, rules] = paths.each_ref().map(String::as_str);
    let run = run(&[one, two, three, "--no-builtin-rules", "--rules", rules, "-f", "json", "--attempts", "all"]);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    for (task, symptom) in [("one", "aaa:1"), ("two", "bbb:1"), ("three", "ccc:1")] {
        assert_eq!(shown(&report, task), [symptom]);
    }
}

#[test]
fn findings_keep_their_order_from_run_to_run() {
    let tree = Tree::new();
    for (task, message) in
        [("a", "KeyError: 'x'"), ("b", "ValueError: y"), ("c", "MemoryError"), ("d", "OSError: [Errno 28] No space left on device")]
    {
        let log = RESET.replace(
            "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
            message,
        );
        tree.put(&log_of(task), log);
    }
    tree.put(&log_of("e"), RESET);
    let first = tree.run(&["-f", "json", "--attempts", "all"]).out;
    for _ in 0..4 {
        assert_eq!(tree.run(&["-f", "json", "--attempts", "all"]).out, first);
    }
    let report: Value = serde_json::from_str(&first).unwrap();
    let grave = ["critical", "high", "medium", "low", "info"];
    let severities: Vec<usize> = report["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| grave.iter().position(|severity| incident["severity"] == *severity).unwrap())
        .collect();
    assert!(severities.len() >= 4 && severities.is_sorted(), "the gravest come first: {report:#}");
}

#[test]
fn conditions_nest() {
    let tree = Tree::with_rules(&[
        ("either-and", "{ all: [ { any: [ { literal: red }, { literal: blue } ] }, { literal: car } ] }"),
        ("but-not", "{ any: [ { all: [ { literal: red }, { not: { literal: car } } ] }, { literal: green } ] }"),
        ("not-any", "{ literal: car, not: { any: [ { literal: red }, { all: [ { literal: blue }, { literal: fast } ] } ] } }"),
        (
            "deep-pair",
            "{ any: [ { all: [ { sequence: [ { symptom: aaa }, { symptom: bbb } ], within: 1m }, { not: { symptom: ccc } } ] }, { symptom: but-not } ] }",
        ),
    ]);
    tree.log(
        "records",
        &[("01:00:00.000", "red car"), ("01:00:01.000", "blue fast car"), ("01:00:02.000", "blue car"), ("01:00:03.000", "old car")],
    );
    // A symptom is listed at each record that shows it.
    assert_eq!(tree.shown("records"), ["either-and:1", "either-and:2", "either-and:3", "not-any:3", "not-any:4"]);
    tree.log("red", &[("01:00:00.000", "red"), ("01:00:01.000", "green car")]);
    // A symptom of whole attempts stands at the records that it asks for.
    assert_eq!(tree.shown("red"), ["but-not:1", "deep-pair:1", "but-not:2", "deep-pair:2", "not-any:2"]);
    tree.log("pair", &[("01:00:00.000", "AAA"), ("01:00:01.000", "BBB")]);
    tree.log("swapped", &[("01:00:00.000", "BBB"), ("01:00:01.000", "AAA")]);
    tree.log("second-only", &[("01:00:00.000", "BBB")]);
    tree.log("spoilt", &[("01:00:00.000", "AAA"), ("01:00:01.000", "BBB"), ("01:00:02.000", "CCC")]);
    assert_eq!(tree.tasks_with("deep-pair"), ["pair", "red"]);
}

#[test]
fn numbers_that_look_like_codes_are_no_failures() {
    let tree = Tree::new();
    let numbers = [
        "id=489340112",
        "request 8f401c took 401 ms, 503 rows, 137 files, port 50401",
        "order 104 of 111, 500 items, batch 429, exit of lane 137",
        "GET /v1/items/401?page=503 -> 200",
        "signal strength -9, errno of shelf 104",
    ];
    let lines: Vec<(&str, &str)> = numbers.iter().map(|text| ("01:00:00.000", *text)).collect();
    tree.log("numbers", &lines);
    assert_eq!(tree.shown("numbers"), Vec::<String>::new());
    let run = tree.run(&[]);
    assert_eq!(run.code, 0, "{}", run.out);

    // Nor do they speak for a cause of a failure that has nothing to do with them.
    let before: String = succeeded(&lines).lines().take(lines.len()).map(|line| format!("{line}\n")).collect();
    let key_error = RESET.replace(
        "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
        "KeyError: 489340112",
    );
    tree.put(&log_of("numbers"), format!("{before}{key_error}"));
    assert_eq!(attempt(&tree.report(), "numbers")["causes"][0]["id"], "user-code-error");
}

#[test]
fn a_client_that_was_reset_is_not_called_by_the_name_of_a_server_it_did_not_use() {
    let tree = Tree::new();
    tree.put(&log_of("push"), RESET);
    let report = tree.report();
    let incident = incident(&report, "push");
    assert_eq!(incident["symptom"], "connection-reset");
    for name in ["redis", "postgres", "mongo", "kubernetes"] {
        assert!(!incident["title"].as_str().unwrap().to_lowercase().contains(name), "{incident:#}");
    }
    assert!(incident["causes"].as_array().unwrap().len() > 1, "one reset has more than one possible cause: {incident:#}");
    assert_ne!(incident["confidence"], "proven");
}
