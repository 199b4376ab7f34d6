//! `--quick`: what fails is told as without it; what was left out is told, and speaks neither for nor against anything.

use std::path::Path;

use serde_json::{Value, json};

use crate::logs::{files_below, gzip, log_of, put};
use crate::program::{run, run_with};
use crate::tree::{Tree, attempt, shown};

/// What the two ways of reading give of the same paths.
fn both(paths: &[&str]) -> [Value; 2] {
    [&[][..], &["--quick"]].map(|flags| {
        let run = run(&[paths, flags, &["-f", "json", "--attempts", "all", "--fail-on", "never"]].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err))
    })
}

/// Whose an attempt is and how it came out: what must be the same, however it was read.
fn essence(attempt: &Value) -> Value {
    let names = [
        "path",
        "member",
        "kind",
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
        "try_number",
        "host",
        "operator",
        "started",
        "ended",
        "outcome",
        "ending",
    ];
    names.iter().map(|name| attempt[name].clone()).collect()
}

/// Lines that say nothing, of a log in text, 60 bytes each or more.
fn filler(count: usize) -> String {
    (0..count).map(|row| format!("[2026-11-20T08:00:02.000+0000] {{shop.py:7}} INFO - row {row} of many was copied\n")).collect()
}

const BEGIN: &str = "\
[2026-11-20T08:00:00.000+0000] {taskinstance.py:2865} INFO - Starting attempt 1 of 3
[2026-11-20T08:00:00.100+0000] {taskinstance.py:2888} INFO - Executing <Task(PythonOperator): load> on 2026-11-20 00:00:00+00:00
[2026-11-20T08:00:00.200+0000] {standard_task_runner.py:72} INFO - Started process 97 to run task
[2026-11-20T08:00:01.000+0000] {task_command.py:467} INFO - Running <TaskInstance: shop.load r [running]> on host w-1.example.com
";

const SUCCESS: &str = "\
[2026-11-20T08:00:03.000+0000] {taskinstance.py:352} INFO - Marking task as SUCCESS. dag_id=shop, task_id=load, run_id=r
[2026-11-20T08:00:04.000+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 0
";

const FAILED: &str = "\
[2026-11-20T08:00:03.000+0000] {taskinstance.py:3311} ERROR - Task failed with exception
Traceback (most recent call last):
  File \"/opt/airflow/dags/shop.py\", line 14, in load
    call()
ValueError: no rows
";

/// A middle longer than any log that is read in whole whatever its end says.
const LONG: usize = 700;

#[test]
fn samples_with_long_middles_fail_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files_below(Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs").as_path()) {
        let is_header = |line: &[u8]| line.starts_with(b"[20") || line.starts_with(b"{\"timestamp\":\"20");
        let is_attempt =
            name.rsplit('/').next().unwrap().ends_with("1.log") && name.contains("2.10/") | name.contains("3.1/") | name.contains("3.3/");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let headers: Vec<usize> = (0..lines.len()).filter(|at| is_header(lines[*at])).collect();
        let mut long = bytes.clone();
        if is_attempt && headers.len() >= 4 {
            let middle = headers[headers.len() / 2];
            let head = String::from_utf8_lossy(lines[middle]);
            let time: String = head.trim_start_matches(|c: char| !c.is_ascii_digit()).chars().take_while(|c| !"]\"".contains(*c)).collect();
            let line = |row: usize| match head.starts_with('{') {
                true => format!(
                    "{{\"timestamp\":\"{time}\",\"level\":\"info\",\"event\":\"row {row} of many was copied\",\"logger\":\"task.stdout\"}}\n"
                ),
                false => format!("[{time}] {{shop.py:7}} INFO - row {row} of many was copied\n"),
            };
            let middle_lines: String = (0..LONG).map(line).collect();
            long = [&lines[..middle].concat(), middle_lines.as_bytes(), &lines[middle..].concat()].concat();
        }
        if !name.ends_with(".md") && !name.contains("lab/") {
            put(folder.path(), &name, long);
        }
    }
    let [whole, quick] = both(&[folder.path().to_str().unwrap()]);
    let logs = quick["quick"]["logs"].as_u64().unwrap();
    assert!(logs > 25 && quick["quick"]["bytes_not_read"].as_u64().unwrap() > logs * 24_000, "{}", quick["quick"]);
    assert_eq!(whole["quick"], Value::Null);
    let attempts = |report: &Value| report["attempts"].as_array().unwrap().clone();
    assert_eq!(attempts(&whole).len(), attempts(&quick).len());
    for (one, other) in attempts(&whole).iter().zip(&attempts(&quick)) {
        assert_eq!(essence(one), essence(other));
        if one["outcome"] != "success" {
            assert_eq!((&one["symptoms"], &one["outcome_because"]), (&other["symptoms"], &other["outcome_because"]), "{}", one["path"]);
            assert_eq!((&one["call"]["phase"], &one["call"]["elapsed"]), (&other["call"]["phase"], &other["call"]["elapsed"]));
        }
    }
    for name in ["failed", "up_for_retry", "succeeded", "skipped", "recovered", "unfinished", "unknown"] {
        assert_eq!(whole["totals"][name], quick["totals"][name], "{name}");
    }
}

#[test]
fn only_an_end_that_proves_success_is_believed() {
    let middle = filler(LONG);
    let text = |parts: &[&str]| parts.concat().into_bytes();
    let plain = text(&[BEGIN, &middle, SUCCESS]);
    let json = |event: &str, more: &str| {
        format!("{{\"timestamp\":\"2026-11-20T08:00:03Z\",\"level\":\"info\",\"event\":\"{event}\",\"logger\":\"task\"{more}}}\n")
    };
    let of_3 = |end: &str| {
        [json("DAG bundles loaded: dags-folder", ""), json("row was copied", "").repeat(LONG), end.to_owned()].concat().into_bytes()
    };
    let pushed = json("Pushing xcom", "");
    let failed_3 =
        json("Task failed with exception", ",\"error_detail\":[{\"exc_type\":\"ValueError\",\"exc_value\":\"no\",\"frames\":[]}]");
    let deferral =
        "[2026-11-20T08:00:01.500+0000] {taskinstance.py:288} INFO - Pausing task as DEFERRED. dag_id=shop, task_id=load, run_id=r\n";
    let said = "[2026-11-20T08:00:03.000+0000] {shop.py:7} INFO - Marking task as SUCCESS. dag_id=shop, task_id=load\n";
    let from_outside = "[2026-11-20T08:00:03.000+0000] {local_task_job_runner.py:294} WARNING - State of this instance has been externally set to success. Terminating instance.\n";
    let wide: Vec<u8> = String::from_utf8_lossy(&plain).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let done = json("::group::Post Execute", "");
    let cases: [(&str, u64, Vec<u8>); 29] = [
        ("success", 1, plain.clone()),
        ("no_last_feed", 1, text(&[BEGIN, &middle, SUCCESS.trim_end()])),
        ("carriage_returns", 1, String::from_utf8_lossy(&plain).replace('\n', "\r\n").into_bytes()),
        ("marked", 1, [b"\xef\xbb\xbf", &plain[..]].concat()),
        ("short", 0, text(&[BEGIN, SUCCESS])),
        ("utf_16", 0, [b"\xff\xfe", &wide[..]].concat()),
        ("packed", 0, gzip(&plain)),
        ("nuls_behind", 0, [&plain[..], &[0; 9000]].concat()),
        ("nuls_before", 0, [&[0; 9000], &plain[..]].concat()),
        ("endless_line", 0, [&plain[..], &[b'x'; 9000]].concat()),
        ("not_utf_8", 0, [&plain[..], b"[2026-11-20T08:00:05.000+0000] {shop.py:7} INFO - \xff\xfe\n"].concat()),
        ("failed", 0, text(&[BEGIN, &middle, FAILED])),
        ("failed_then_chatter", 0, text(&[BEGIN, FAILED, &middle, &middle])),
        ("told_by_the_task", 0, text(&[BEGIN, FAILED, &middle, said])),
        (
            "told_in_a_message",
            0,
            text(&[
                BEGIN,
                FAILED,
                &middle,
                "[2026-11-20T08:00:03.000+0000] {shop.py:7} INFO - it says\n",
                &"Marking task as SUCCESS\n".repeat(400),
            ]),
        ),
        ("killed_after", 0, text(&[BEGIN, &middle, &SUCCESS.replace("code 0", "code -9")])),
        ("skipped", 0, text(&[BEGIN, &middle, &SUCCESS.replace("SUCCESS", "SKIPPED")])),
        ("deferred", 0, text(&[BEGIN, &middle, deferral])),
        ("resumed_somewhere", 0, text(&[BEGIN, deferral, &middle, BEGIN, &middle, SUCCESS])),
        ("resumed_at_the_end", 1, text(&[BEGIN, deferral, &middle, BEGIN, SUCCESS])),
        ("cut_off_as_success", 0, text(&[BEGIN, &middle, from_outside])),
        ("without_a_beginning", 0, text(&[&middle, SUCCESS])),
        ("pushed_3", 1, of_3(&pushed)),
        ("none_returned_3", 0, of_3(&json("Done. Returned value was: None", ""))),
        (
            "none_returned_by_a_callback_3",
            0,
            of_3(&[failed_3.as_str(), &json("row was copied", "").repeat(LONG), &json("Done. Returned value was: None", "")].concat()),
        ),
        (
            "stopped_as_success_3",
            0,
            of_3(&json(
                "Server indicated the task shouldn't be running anymore. Terminating process",
                ",\"detail\":{\"detail\":{\"reason\":\"not_running\",\"current_state\":\"success\"}}",
            )),
        ),
        ("done_3", 0, of_3(&done)),
        ("failed_long_before_it_was_done_3", 0, of_3(&[failed_3.as_str(), &json("row was copied", "").repeat(LONG), &done].concat())),
        ("failed_3", 0, of_3(&[failed_3.as_str(), &json("row was copied", "").repeat(LONG)].concat())),
    ];
    let mut seen = Vec::new();
    for (name, expected, bytes) in cases {
        let tree = tempfile::tempdir().unwrap();
        put(tree.path(), &log_of(name), bytes);
        let [whole, quick] = both(&[tree.path().to_str().unwrap()]);
        let [one, other] = [&whole, &quick].map(|report| &report["attempts"][0]);
        assert_eq!(essence(one), essence(other), "{name}");
        assert_eq!(quick["quick"]["logs"], expected, "{name}");
        if expected == 0 {
            assert_eq!(
                (&whole["attempts"], &whole["incidents"], &whole["totals"]),
                (&quick["attempts"], &quick["incidents"], &quick["totals"]),
                "{name}"
            );
        }
        seen.push(other["outcome"].as_str().unwrap().to_owned());
    }
    assert!(["success", "failed", "skipped", "deferred"].iter().all(|outcome| seen.iter().any(|seen| seen == outcome)), "{seen:?}");
}

#[test]
fn names_that_may_hold_many_attempts_and_pipes_are_read_in_whole() {
    let plain = [BEGIN, &filler(LONG), SUCCESS].concat();
    let tree = tempfile::tempdir().unwrap();
    for name in [
        "load.log",
        "scheduler/latest/shop.py.log",
        "dag_id=shop/run_id=r/task_id=load/worker.log",
        "dag_id=shop/task_id=load/attempt=1.log",
    ] {
        put(tree.path(), name, &plain);
    }
    assert_eq!(both(&[tree.path().to_str().unwrap()])[1]["quick"], json!({"logs": 0, "bytes_not_read": 0}));
    let piped = run_with(&["-", "--quick", "-f", "json", "--fail-on", "never"], tree.path(), plain.as_bytes());
    assert_eq!(serde_json::from_str::<Value>(&piped.out).unwrap()["quick"]["logs"], 0, "{}", piped.err);
}

#[test]
fn the_report_says_what_was_left_out() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("load"), [BEGIN, &filler(LONG), SUCCESS].concat());
    put(tree.path(), &log_of("send"), [BEGIN, &filler(LONG), FAILED].concat());
    let folder = tree.path().to_str().unwrap();
    let told =
        |flags: &[&str]| run(&[&[folder, "--fail-on", "never"], flags].concat()).out.split_whitespace().collect::<Vec<_>>().join(" ");
    for format in ["text", "markdown"] {
        let quick = told(&["--quick", "-f", format]);
        assert!(
            quick.contains("1 log of attempts that succeeded was read at the beginning and the end alone")
                && quick.contains("without --quick all is read"),
            "{quick}"
        );
        assert!(!told(&["-f", format]).contains("Quick"));
    }
    let [_, quick] = both(&[folder]);
    let schema = serde_json::from_str(&run(&["schema"]).out).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&quick));
    let because = quick["attempts"][0]["outcome_because"].as_str().unwrap();
    assert!(because.contains("at its end") && because.contains("--quick"), "{because}");
    let one = |threads: &str| run(&[folder, "--quick", "-f", "json", "--threads", threads, "--attempts", "all"]).out;
    assert_eq!(one("1"), one("2"));
}

#[test]
fn what_may_stand_in_the_middle_is_not_taken_for_absent() {
    let middle = filler(LONG);
    let rules = [
        ("lost", "{ all: [{ literal: LOST }, { outcome: success }] }, fatal_anywhere: true, causes: [c]"),
        ("unsaid", "{ absent: { literal: COMMITTED } }"),
    ];
    let mut text = "version: 1\nsymptoms:\n".to_owned();
    for (id, condition) in rules {
        text += &format!("  - {{ id: {id}, title: T, severity: low, category: code, match: {condition} }}\n");
    }
    text += "causes:\n  - { id: c, title: C, layer: data, owner: unknown, what: W., prior: 0.5, retry: { helps: unknown, safe: \"no\", says: No. } }\n";
    let tree = Tree::with_rule_file(&text);
    let said = "[2026-11-20T08:00:02.000+0000] {shop.py:7} INFO - LOST 3 rows\n";
    tree.put(&log_of("load"), [BEGIN, &middle, said, &middle, SUCCESS].concat());
    let report = |flags: &[&str]| {
        let run = tree.run(&[&["-f", "json", "--attempts", "all"], flags].concat());
        serde_json::from_str::<Value>(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err))
    };
    let [whole, quick] = [report(&[]), report(&["--quick"])];
    assert_eq!((&whole["attempts"], &quick["quick"]["logs"]), (&quick["attempts"], &json!(0)), "a rule may say that a success failed");
    // With a rule that asks what is missing alone, the log may be read in part, and nothing is missing then.
    put(
        tree.path(),
        "rules/mine.yaml",
        "version: 1\nsymptoms:\n  - { id: unsaid, title: T, severity: low, category: code, match: { absent: { literal: COMMITTED } } }\n",
    );
    let [whole, quick] = [report(&[]), report(&["--quick"])];
    assert!(!shown(&whole, "load").is_empty());
    assert_eq!((shown(&quick, "load"), &quick["quick"]["logs"]), (Vec::new(), &json!(1)));
}

#[test]
fn a_success_that_an_export_takes_back_is_read_in_whole() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &format!("logs/{}", log_of("load")), [BEGIN, &filler(LONG), SUCCESS].concat());
    let export = "dag_id,task_id,run_id,state,try_number,end_date\nshop,load,r,failed,1,2026-11-20T09:00:00+00:00\n";
    let export = put(tree.path(), "ti.csv", export);
    let logs = tree.path().join("logs");
    let [whole, quick] = both(&[logs.to_str().unwrap(), "--task-instances", export.to_str().unwrap()]);
    assert_eq!((&whole["attempts"], &quick["quick"]["logs"]), (&quick["attempts"], &json!(0)));
    assert_eq!(attempt(&quick, "load")["outcome"], "failed");
}

#[test]
fn endpoints_that_were_not_read_are_not_compared() {
    let tree = tempfile::tempdir().unwrap();
    let use_of = |host: &str| format!("[2026-11-20T08:00:02.000+0000] {{http.py:157}} INFO - GET https://{host}.example.com/v1 200\n");
    let refused = "[2026-11-20T08:00:03.000+0000] {taskinstance.py:3311} ERROR - Task failed with exception\nTraceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 14, in load\n    call()\nurllib3.exceptions.NewConnectionError: HTTPSConnectionPool(host='bad.example.com', port=443): Failed to establish a new connection: [Errno 111] Connection refused\n";
    for number in 0..12 {
        put(tree.path(), &log_of(&format!("fails_{number}")), [BEGIN, &use_of("bad"), refused].concat());
        put(tree.path(), &log_of(&format!("good_{number}")), [BEGIN, &use_of("good"), SUCCESS].concat());
    }
    let scope = |report: &Value| {
        let patterns = report["incidents"][0]["patterns"].as_array().unwrap();
        patterns
            .iter()
            .filter(|pattern| pattern["kind"] == "scope")
            .map(|pattern| pattern["says"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    let [whole, quick] = both(&[tree.path().to_str().unwrap()]);
    assert!(scope(&whole).contains("on endpoint bad.example.com") && scope(&whole) == scope(&quick), "{}", scope(&whole));
    // Three times as many that may have used it.
    for number in 0..36 {
        put(tree.path(), &log_of(&format!("long_{number}")), [BEGIN, &use_of("other"), &filler(LONG), SUCCESS].concat());
    }
    let [whole, quick] = both(&[tree.path().to_str().unwrap()]);
    assert!(scope(&whole).contains("on endpoint bad.example.com"), "{}", scope(&whole));
    assert!(!scope(&quick).contains("endpoint") && quick["quick"]["logs"] == 36, "{}", scope(&quick));
    assert_eq!(quick["totals"]["failed"], whole["totals"]["failed"]);
}
