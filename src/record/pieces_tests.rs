use super::*;
use crate::record::{Chain, Link};

/// Feeds lines as records of a log; gives what came together, with the number of the line at which it was given.
fn fed(lines: &[String]) -> Vec<(usize, Record)> {
    let mut pieces = TracebackLines::default();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let mut record = Record::from_text(line);
        record.line = u32::try_from(index + 1).unwrap_or_default();
        found.extend(pieces.feed(&record).into_iter().map(|whole| (index + 1, whole)));
    }
    found.extend(pieces.finish().into_iter().map(|whole| (0, whole)));
    assert!(!pieces.is_open());
    found
}

fn classes(chain: &Chain) -> Vec<&str> {
    chain.exceptions.iter().map(|exception| exception.class.as_str()).collect()
}

fn json(event: &str, logger: &str) -> String {
    let event = serde_json::Value::from(event);
    format!(r#"{{"timestamp":"2026-11-21T07:22:12.149095Z","level":"error","event":{event},"logger":"{logger}"}}"#)
}

fn text(file: &str, level: &str, line: &str) -> String {
    format!("[2026-11-21T07:57:32.033+0000] {{{file}}} {level} - {line}")
}

const CHAINED: [&str; 11] = [
    "Traceback (most recent call last):",
    "  File \"/opt/airflow/dags/a.py\", line 1, in f",
    "    open(\"/nope\")",
    "    ^^^^^^^^^^^^^",
    "FileNotFoundError: [Errno 2] No such file",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    "  File \"/opt/airflow/dags/a.py\", line 2, in f",
    "lib.Broken: no",
];

#[test]
fn lines_of_standard_error_come_together_in_every_form() {
    let forms: [fn(&str) -> String; 6] = [
        |line| json(line, "task.stderr"),
        |line| json(line, "task").replace('}', ",\"chan\":\"stderr\"}"),
        |line| text("logging_mixin.py:190", "INFO", line),
        |line| text("pod_manager.py:471", "INFO", format!("[base] {line}").trim_end()),
        |line| {
            format!(
                "[2019-05-28 10:15:30,123] {{base_task_runner.py:115}} INFO - Job 1: Subtask load [2019-05-28 10:15:30,123] {{logging_mixin.py:95}} WARNING - {line}"
            )
        },
        |line| format!("[2026-11-21T07:57:32.033Z] ERROR - {line}chan=stderr "),
    ];
    for form in forms {
        let mut lines = vec![form("before")];
        lines.extend(CHAINED.iter().map(|line| form(line)));
        lines.push(form("and on: it goes"));
        let found = fed(&lines);
        assert_eq!(found.len(), 1, "{lines:#?}");
        let (at, whole) = &found[0];
        assert_eq!((*at, whole.line, whole.line_count), (13, 2, 11));
        assert_eq!(classes(&whole.chain), ["FileNotFoundError", "Broken"]);
        assert_eq!(whole.chain.exceptions[1].link, Link::Context);
        assert_eq!(whole.chain.exceptions[1].frames[0].function, "f");
        assert!(whole.text.starts_with(CHAINED[0]) && whole.text.ends_with("lib.Broken: no"), "{}", whole.text);
        assert!(whole.text[whole.chain.exceptions[1].at..].starts_with("lib.Broken"));
        assert!(whole.time.is_some() && whole.level.is_some());
    }
}

#[test]
fn two_writers_do_not_disturb_each_other() {
    let mut lines = Vec::new();
    for line in CHAINED {
        lines.push(json(line, "task.stderr"));
        lines.push(json(line, "other"));
        lines.push(json("working", "third"));
    }
    let found = fed(&lines);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(_, whole)| classes(&whole.chain) == ["FileNotFoundError", "Broken"]));
}

#[test]
fn a_group_comes_together() {
    let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | ExceptionGroup: 1 failed (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: x\n    +------------------------------------\nafter";
    let lines: Vec<String> = group.lines().map(|line| text("logging_mixin.py:190", "WARNING", line)).collect();
    let found = fed(&lines);
    assert_eq!((found.len(), found[0].0), (1, 7));
    assert_eq!(classes(&found[0].1.chain), ["ValueError", "ExceptionGroup"]);
}

#[test]
fn what_breaks_off_gives_its_frames() {
    let lines: Vec<String> = CHAINED[..4].iter().map(|line| json(line, "task.stderr")).collect();
    let found = fed(&lines);
    assert_eq!(found.len(), 1);
    assert!(found[0].1.chain.exceptions.is_empty());
    assert_eq!(found[0].1.chain.unfinished.len(), 1);
    let mut lines = lines;
    lines.extend((0..=RECORDS_BETWEEN_MAX).map(|_| json("on", "task")));
    assert_eq!(fed(&lines)[0].0, lines.len());
}

#[test]
fn a_complete_one_is_not_waited_for() {
    let mut lines: Vec<String> = CHAINED[..5].iter().map(|line| json(line, "task.stderr")).collect();
    lines.extend((0..20).map(|_| json("on", "task")));
    assert_eq!(fed(&lines)[0].0, 5 + 1 + RECORDS_BETWEEN_CHAIN_MAX as usize);
}

#[test]
fn what_is_no_beginning_opens_nothing() {
    for line in [
        json("Traceback (most recent call last): (printed by a doc test)", "task.stdout"),
        json("plain", "task.stdout"),
        "[2026-11-21T07:57:32.033+0000] {a.py:1} ERROR - failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1".to_owned(),
    ] {
        let mut pieces = TracebackLines::default();
        assert!(pieces.feed(&Record::from_text(&line)).is_empty() && !pieces.is_open(), "{line}");
    }
}

#[test]
fn a_long_one_is_bounded() {
    let mut lines = vec![json(CHAINED[0], "task.stderr")];
    lines.extend((0..20_000).map(|_| json(CHAINED[1], "task.stderr")));
    lines.push(json("lib.Broken: no", "task.stderr"));
    let found = fed(&lines);
    assert!(found[0].1.text.len() <= TEXT_BYTES_MAX);
    assert_eq!(classes(&found[0].1.chain), ["Broken"]);
}
