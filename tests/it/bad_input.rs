//! Logs that are well named and wrong inside: records that are no records, times that are none, writes torn into each other. Whatever it is, the
//! failure that stands in the log is reported, nothing is that does not, and the report says what was not understood.

#![cfg(unix)]

use std::fs;

use serde_json::{Value, json};

use crate::input::{EXIT_FINDINGS, EXIT_USAGE, FAILED, is_diagnosed, report, tasks, tree};
use crate::logs::{log_of, put};
use crate::program::run;

/// A log of a task of Airflow 3 that failed, record by record.
fn records() -> Vec<Value> {
    let record = |time: &str, level: &str, event: &str| json!({ "timestamp": format!("2026-11-21T07:16:{time}Z"), "level": level, "event": event, "logger": "task" });
    let mut failed = record("24.500000", "error", "Task failed with exception");
    failed["error_detail"] = json!([{
        "exc_type": "ConnectionResetError", "exc_value": "[Errno 104] Connection reset by peer", "exc_notes": [], "syntax_error": null,
        "is_cause": false, "frames": [{ "filename": "/opt/airflow/dags/shop.py", "lineno": 12, "name": "push" }],
    }]);
    let before =
        [("20.100000", "DAG bundles loaded: dags-folder"), ("20.200000", "Filling up the DagBag"), ("21.200000", "sending levels")];
    before.iter().map(|(time, event)| record(time, "info", event)).chain([failed]).collect()
}

/// Records of another process that works on the same attempt, and sees nothing of the failure.
fn others() -> Vec<Value> {
    let other = |second: usize| json!({ "timestamp": format!("2026-11-21T07:16:2{second}.900000Z"), "level": "info", "event": format!("sent {second} levels"), "logger": "task" });
    (0..5).map(other).collect()
}

/// Each value in a line.
fn lines(records: &[Value]) -> String {
    records.iter().map(|record| line(record) + "\n").collect()
}

/// A record as Airflow writes it: the time first, the exceptions behind what they are about.
fn line(record: &Value) -> String {
    let record = record.as_object().unwrap();
    let first = ["timestamp", "level", "event", "logger"];
    let known = first.iter().filter_map(|key| record.get_key_value(*key));
    let others = record.iter().filter(|(key, _)| !first.contains(&key.as_str()));
    let parts: Vec<String> = known.chain(others).map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", parts.join(","))
}

/// The log with a line put before one of its records.
fn with_line(at: usize, extra: &str) -> String {
    let own: Vec<String> = records().iter().map(line).collect();
    [&own[..at], &[extra.to_owned()], &own[at..]].concat().iter().map(|line| format!("{line}\n")).collect()
}

/// The log with its last record, the failure, changed.
fn with_failure(change: impl FnOnce(&mut Value)) -> String {
    let mut records = records();
    change(records.last_mut().unwrap());
    lines(&records)
}

/// Takes from two lists in turn.
fn in_turn<T>(one: Vec<T>, two: Vec<T>) -> Vec<T> {
    let (mut one, mut two) = (one.into_iter(), two.into_iter());
    let mut all = Vec::new();
    loop {
        let pair: Vec<T> = one.next().into_iter().chain(two.next()).collect();
        if pair.is_empty() {
            return all;
        }
        all.extend(pair);
    }
}

fn pieces(text: &str, bytes: usize) -> Vec<String> {
    text.as_bytes().chunks(bytes).map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect()
}

/// A log, and which problems it has: their kind, with a part of the sentence.
struct Case {
    what: &'static str,
    log: Vec<u8>,
    problems: Vec<(&'static str, &'static str)>,
}

fn case(what: &'static str, log: impl AsRef<[u8]>, problems: &[(&'static str, &'static str)]) -> Case {
    Case { what, log: log.as_ref().to_vec(), problems: problems.to_vec() }
}

/// Of each log, put in one folder as logs of different tasks: one attempt, failed, with the reset connection as its one symptom (and others that
/// are expected), part of an incident; the problems, and no others.
fn check(cases: &[Case], further: &[&str]) {
    let tree = tempfile::tempdir().unwrap();
    for (at, case) in cases.iter().enumerate() {
        put(tree.path(), &log_of(&format!("t{at}")), &case.log);
    }
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    let mut wrong = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let task = format!("t{at}");
        let mut say = |says: String| wrong.push(format!("{}: {says}", case.what));
        let attempts: Vec<&Value> = report["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["task_id"] == *task).collect();
        for attempt in &attempts {
            let mut symptoms: Vec<&str> =
                attempt["symptoms"].as_array().unwrap().iter().map(|shown| shown["id"].as_str().unwrap()).collect();
            symptoms.retain(|symptom| !further.contains(symptom));
            // The pieces of a torn record show it more than once.
            symptoms.dedup();
            if attempt["outcome"] != "failed" || symptoms != ["connection-reset"] || !attempt["incident"].is_number() {
                say(format!("{} {} {symptoms:?} {}", attempt["outcome"], attempt["outcome_because"], attempt["incident"]));
            }
            if attempt["started"].as_str() > attempt["ended"].as_str() {
                say(format!("from {} to {}", attempt["started"], attempt["ended"]));
            }
        }
        if attempts.len() != 1 {
            say(format!("{} attempts", attempts.len()));
        }
        let own = |problem: &&Value| problem["path"].as_str().is_some_and(|path| path.ends_with(&log_of(&task)));
        let said: Vec<(&str, &str)> = report["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter(own)
            .map(|problem| (problem["kind"].as_str().unwrap(), problem["says"].as_str().unwrap()))
            .collect();
        let agree = said.len() == case.problems.len()
            && said.iter().zip(&case.problems).all(|(said, want)| said.0 == want.0 && said.1.contains(want.1));
        if !agree {
            say(format!("{said:?} instead of {:?}", case.problems));
        }
    }
    assert_eq!(report["attempts"].as_array().unwrap().len(), cases.len(), "attempts that nobody made");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_event_may_be_anything() {
    let mut cases = vec![case("nothing is wrong", lines(&records()), &[])];
    for (what, event) in
        [("an object", json!({"rows": [1, 2]})), ("a list", json!(["x", 1])), ("a number", json!(3)), ("null", Value::Null)]
    {
        let record = json!({ "timestamp": "2026-11-21T07:16:20.900000Z", "level": "error", "event": event });
        cases.push(case(what, with_line(2, &line(&record)), &[]));
    }
    check(&cases, &[]);
}

/// What an event that is no text holds is searched and shown like text.
#[test]
fn what_an_event_holds_is_not_lost() {
    let tree = tempfile::tempdir().unwrap();
    for (task, event) in [
        ("object", json!({"error": "OSError: [Errno 28] No space left on device"})),
        ("list", json!(["OSError: [Errno 28] No space left on device"])),
    ] {
        let record = json!({ "timestamp": "2026-11-21T07:16:24.100000Z", "level": "error", "event": event });
        put(tree.path(), &log_of(task), with_line(3, &line(&record)));
    }
    let (_, report) = report(tree.path());
    for attempt in report["attempts"].as_array().unwrap() {
        assert!(attempt["symptoms"].to_string().contains("disk-full"), "{attempt:#}");
    }
}

#[test]
fn values_nested_ten_thousand_deep_hide_nothing() {
    let deep = |open: &str, close: &str| format!(",\"x\":{}1{}}}", open.repeat(10_000), close.repeat(10_000));
    let log = |open: &str, close: &str| lines(&records()).trim_end().strip_suffix('}').unwrap().to_owned() + &deep(open, close) + "\n";
    let says = [("not-parsed", "the first at line 4")];
    let harmless = line(&records()[1]).strip_suffix('}').unwrap().to_owned() + &deep("[", "]");
    check(
        &[case("lists", log("[", "]"), &says), case("objects", log("{\"a\":", "}"), &says), case("harmless", with_line(1, &harmless), &[])],
        &[],
    );
    // Lists that never end.
    let endless = lines(&records()).trim_end().strip_suffix('}').unwrap().to_owned() + ",\"x\":" + &"[".repeat(10_000) + "\n";
    check(&[case("endless", endless, &says)], &[]);
}

#[test]
fn keys_may_stand_twice() {
    let twice =
        with_failure(|_| {}).replace("\"level\":\"error\"", "\"level\":\"info\",\"event\":\"an earlier event\",\"level\":\"error\"");
    let log = twice.replace("\"event\":\"an earlier event\",", "").replacen(
        "{\"timestamp\"",
        "{\"timestamp\":\"2026-11-21T07:16:00Z\",\"timestamp\"",
        1,
    );
    check(&[case("level and time", log, &[])], &[]);
}

#[test]
fn times_may_be_numbers() {
    let instants = [1_795_245_380.1, 1_795_245_380.2, 1_795_245_381.2, 1_795_245_384.5];
    let log = |value: &dyn Fn(f64) -> Value| -> String {
        let mut records = records();
        records.iter_mut().zip(instants).for_each(|(record, instant)| record["timestamp"] = value(instant));
        lines(&records)
    };
    let scaled = |unit: f64| log(&|instant| json!((instant * unit) as i64));
    let ctime = ["20.1", "20.2", "21.2", "24.5"].iter().zip(records()).map(|(second, mut record)| {
        record["timestamp"] = json!(format!("Sat Nov 21 07:16:{second} 2026"));
        line(&record) + "\n"
    });
    let cases = [
        case("seconds", log(&|instant| json!(instant)), &[]),
        case("seconds as text", log(&|instant| json!(instant.to_string())), &[]),
        case("milliseconds", scaled(1e3), &[]),
        case("microseconds", scaled(1e6), &[]),
        case("nanoseconds", scaled(1e9), &[]),
        case("ctime", ctime.collect::<String>(), &[]),
    ];
    check(&cases, &[]);
    let tree = tempfile::tempdir().unwrap();
    cases.iter().for_each(|case| drop(put(tree.path(), &log_of(&case.what.replace(' ', "_")), &case.log)));
    for attempt in report(tree.path()).1["attempts"].as_array().unwrap() {
        assert_eq!(
            (&attempt["started"], &attempt["ended"]),
            (&json!("2026-11-21T07:16:20.1Z"), &json!("2026-11-21T07:16:24.5Z")),
            "{attempt}"
        );
    }
}

/// An instant at which no Airflow ran is no time: it would make an idle time of two thousand years, or a scan that lasts until the year 9999.
#[test]
fn the_years_0_and_9999_are_no_times() {
    let mut cases = Vec::new();
    for year in ["0000", "0001", "9999"] {
        let time = format!("{year}-12-31T23:59:59.999999Z");
        let says = [("not-parsed", "the first at line 4")];
        cases.push(case("the failure", with_failure(|failed| failed["timestamp"] = json!(time)), &says));
        cases.push(case("every record", records().iter().map(|record| line(&json!({ "timestamp": time, "level": record["level"], "event": record["event"], "error_detail": record["error_detail"] })) + "\n").collect::<String>(), &[("not-parsed", "the first at line 1")]));
        cases.push(case("text", FAILED.replace("2026-11-21T", &format!("{year}-12-31T")), &[("not-parsed", "the first at line 1")]));
        let one = |line: &str| {
            FAILED.replacen("[2026-11-21T07:16:24.5", &format!("[{time}] {{shop.py:1}} INFO - {line}\n[2026-11-21T07:16:24.5"), 1)
        };
        // A record in which nothing is looked for is not looked at.
        cases.push(case("one harmless record", one("x"), &[]));
        cases.push(case("one record", one("calling http://stock.example.internal"), &[("not-parsed", "the first at line 5")]));
    }
    check(&cases, &[]);
    let tree = tree();
    cases.iter().enumerate().for_each(|(at, case)| drop(put(tree.path(), &log_of(&format!("t{at}")), &case.log)));
    let (_, report) = report(tree.path());
    for time in report["attempts"].as_array().unwrap().iter().flat_map(|attempt| [&attempt["started"], &attempt["ended"]]) {
        assert!(time.as_str().is_none_or(|time| time.starts_with("2026-11-21T07:16:2")), "{time}");
    }
    // Nobody was idle for centuries.
    assert!(!report["incidents"].to_string().contains("idle for"), "{:#}", report["incidents"]);
}

#[test]
fn a_clock_may_go_backwards() {
    let text = FAILED.replace("07:16:24.", "07:15:59.");
    check(
        &[case("text", text, &[]), case("JSON", with_failure(|failed| failed["timestamp"] = json!("2026-11-21T06:16:24.500000Z")), &[])],
        &[],
    );
}

/// Two processes work on one attempt, as after a scheduler that gave the first one up, and write into one file: record by record, or torn apart
/// wherever a buffer was full.
#[test]
fn two_writers_of_one_log_hide_no_failure() {
    let (json, other_json) = (lines(&records()), lines(&others()));
    let other_text: String =
        (0..8).map(|n| format!("[2026-11-21T07:16:2{n}.550+0000] {{shop.py:20}} INFO - sent {n} levels to the stock\n")).collect();
    let whole = |text: &str| -> Vec<String> { text.split_inclusive('\n').map(str::to_owned).collect() };
    let headed = |text: &str| -> Vec<String> {
        text.split("\n[").map(|record| format!("[{}\n", record.trim_start_matches('[').trim_end())).collect()
    };
    let mut cases = vec![
        case("JSON, record by record", in_turn(whole(&json), whole(&other_json)).concat(), &[]),
        case("text, record by record", in_turn(headed(FAILED), headed(&other_text)).concat(), &[]),
    ];
    for bytes in [500, 333] {
        let log = in_turn(pieces(&json, bytes), pieces(&other_json, bytes)).concat();
        cases.push(case("JSON, torn", log, &[("not-parsed", "damaged")]));
    }
    // A piece that ends within a time leaves a record whose time is none.
    let no_time = [("not-parsed", "records whose time is none")];
    for (bytes, problems) in [(1000, &[][..]), (500, &no_time), (200, &[])] {
        cases.push(case("text, torn", in_turn(pieces(FAILED, bytes), pieces(&other_text, bytes)).concat(), problems));
    }
    check(&cases, &[]);
    // Torn so that no piece says whole that the task failed: what was seen is still shown, in the one attempt that there is.
    for bytes in [200, 100] {
        let tree = tempfile::tempdir().unwrap();
        put(tree.path(), &log_of("push"), in_turn(pieces(&json, bytes), pieces(&other_json, bytes)).concat());
        let (_, report) = report(tree.path());
        assert_eq!(tasks(&report), ["push"]);
        assert!(report["attempts"][0]["symptoms"].to_string().contains("connection-reset"), "{bytes}: {report:#}");
        assert!(report["problems"].to_string().contains("JSON records that are damaged"), "{bytes}: {report:#}");
    }
}

/// The same with the logs of two tasks in one file whose records name their task: nobody can say whose a torn record is, so that it is no third
/// attempt's.
#[test]
fn two_attempts_in_one_file_are_two_attempts() {
    let named = |records: Vec<Value>, task: &str| -> Vec<Value> {
        let name = |mut record: Value| {
            for (key, value) in [("dag_id", "shop"), ("run_id", "r"), ("task_id", task)] {
                record[key] = json!(value);
            }
            record["try_number"] = json!(1);
            record
        };
        records.into_iter().map(name).collect()
    };
    let (push, pull) = (named(records(), "push"), named(others(), "pull"));
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "worker.jsonl", lines(&in_turn(push.clone(), pull.clone())));
    let (code, whole) = report(tree.path());
    assert_eq!((code, tasks(&whole)), (EXIT_FINDINGS, vec!["pull", "push"]));
    assert!(is_diagnosed(&whole, "push") && !is_diagnosed(&whole, "pull") && whole["problems"] == json!([]), "{whole:#}");
    for bytes in [500, 333, 200] {
        put(tree.path(), "worker.jsonl", in_turn(pieces(&lines(&push), bytes), pieces(&lines(&pull), bytes)).concat());
        let (_, torn) = report(tree.path());
        assert_eq!(tasks(&torn), ["pull", "push"], "{bytes}: {torn:#}");
        let shown: Vec<String> = torn["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|attempt| attempt["symptoms"].as_array().unwrap())
            .map(|shown| shown["id"].to_string())
            .collect();
        assert!(shown.contains(&"\"connection-reset\"".to_owned()), "{bytes}: {torn:#}");
        assert!(torn["problems"].to_string().contains("JSON records that are damaged"), "{bytes}: {torn:#}");
    }
}

#[test]
fn json_that_is_cut_is_read_up_to_there() {
    let log = lines(&records());
    let first = &line(&records()[0])[..60];
    let says = |line| [("not-parsed", line)];
    check(
        &[
            case("the end", &log[..log.len() - 20], &says("the first at line 4")),
            case("within the exception", &log[..log.find("Connection reset").unwrap() + 24], &says("the first at line 4")),
            case("a record", with_line(2, first), &says("the first at line 3")),
            case(
                "the failure, and the log goes on",
                format!("{}\n{}", &log[..log.len() - 60], lines(&others())),
                &says("the first at line 4"),
            ),
            case(
                "a record, and the failure in the same line",
                with_line(3, &format!("{first}@@")).replace("@@\n", ""),
                &says("the first at line 4"),
            ),
        ],
        &["log-cut-off"],
    );
}

#[test]
fn bytes_that_are_no_text_hide_nothing() {
    let bytes: Vec<u8> = (0..=255).cycle().take(10_240).collect();
    let before = |place: &str, blob: &[u8]| -> Vec<u8> {
        let at = FAILED.find(place).unwrap();
        [&FAILED.as_bytes()[..at], blob, &FAILED.as_bytes()[at..]].concat()
    };
    let with_end = [&bytes[..], b"\n"].concat();
    let headed = [b"[2026-11-21T07:16:21.000+0000] {logging_mixin.py:190} INFO - ", &with_end[..]].concat();
    let latin = with_line(2, &line(&json!({ "timestamp": "2026-11-21T07:16:20.900000Z", "level": "info", "event": "caf@@" })));
    let at = latin.find("@@").unwrap();
    let latin = [&latin.as_bytes()[..at], b"\xe9 \xff", &latin.as_bytes()[at + 2..]].concat();
    let half = lines(&records()).trim_end().strip_suffix('}').unwrap().to_owned() + ",\"x\":\"\\ud800\"}\n";
    let utf16: Vec<u8> = FAILED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(
        &[
            case("a record of bytes", before("[2026-11-21T07:16:24.5", &headed), &[("encoding", "first at line 5")]),
            case("lines of bytes", before("[2026-11-21T07:16:24.5", &with_end), &[("encoding", "first at line 4")]),
            case("bytes within the traceback", before("  File \"/opt", &with_end), &[("encoding", "first at line 5")]),
            case("JSON in Latin-1", latin, &[("encoding", "first at line 3")]),
            case("half a pair", half, &[("encoding", "the first at line 4")]),
            case("UTF-16 without a mark", utf16, &[]),
        ],
        &[],
    );
}

/// A line that is too long to be held at once is one line all the same.
#[test]
fn lines_behind_a_long_line_in_an_envelope_are_counted_right() {
    let wrap = |line: &str| format!("2026-11-21T07:16:24.123456789Z stdout F {line}\n");
    let log: String = [&"x".repeat(3 << 20)].into_iter().map(String::as_str).chain(FAILED.lines()).map(wrap).collect();
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("long"), format!("{}{log}", wrap("begin")));
    let (code, report) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert_eq!((&report["totals"]["lines"], &report["attempts"][0]["symptoms"][0]["line"]), (&json!(15), &json!(13)), "{report:#}");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_walked_or_refused() {
    let tree = tree();
    fs::create_dir_all(tree.path().join(log_of("folder"))).unwrap();
    put(tree.path(), &format!("{}/inner.log", log_of("other")), FAILED);
    let (code, found) = report(tree.path());
    assert_eq!(code, EXIT_FINDINGS);
    assert!(is_diagnosed(&found, "beside"), "{found:#}");
    assert!(!tasks(&found).contains(&"folder"), "{found:#}");
    let folder = tree.path().to_str().unwrap();
    for (flag, says) in [("--task-instances", "cannot read the task-instance export"), ("--output", "cannot write")] {
        let run = run(&[folder, flag, folder]);
        assert_eq!((run.code, run.out.as_str()), (EXIT_USAGE, ""), "{flag}: {}", run.err);
        assert!(run.err.contains(says) && run.err.contains("directory"), "{flag}: {}", run.err);
    }
}
