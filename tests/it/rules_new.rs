//! `rules new`: whatever a log holds, the rule that is cut from it loads, its examples hold, and the log shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use dagnosis::check;
use dagnosis::record::Dialects;
use dagnosis::report::Mask;
use dagnosis::rule::{RuleSet, load, load_text};
use dagnosis::{scan, source};

use crate::logs::{gzip, log_of, put, tar, zip};
use crate::program::{Run, run_with};

/// The rule alone, without what it says of others.
fn alone(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("specific_over: ")).fold(String::new(), |all, line| all + line + "\n")
}

/// Loads a draft alone and says what is wrong with it.
fn faults(text: &str) -> Result<RuleSet, String> {
    let rules = load_text("draft.yaml", &alone(text)).map_err(|error| format!("{error}\n{text}"))?;
    let tested = check::test(&rules, &[]).unwrap();
    if tested.failures() > 0 || tested.cases.len() < 4 {
        return Err(format!("{tested:?}\n{text}"));
    }
    if rules.is_open(0) {
        return Err(format!("it would be tried on every record\n{text}"));
    }
    Ok(rules)
}

/// The draft that the program cuts from a line of a log in a folder.
fn draft(folder: &Path, from: &str, input: &[u8]) -> String {
    let made = run_with(&["rules", "new", "--from", from], folder, input);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{from}");
    drop(faults(&made.out).unwrap_or_else(|says| panic!("{from}: {says}")));
    made.out
}

fn refused(folder: &Path, from: &str) -> String {
    let Run { code, out, err } = run_with(&["rules", "new", "--from", from], folder, b"");
    assert_eq!((code, out.as_str()), (2, ""), "{from}: {err}");
    assert!(err.starts_with("error: --from"), "{err}");
    err
}

/// Writes one log with a record, and cuts a rule from it.
fn draft_of(record: impl AsRef<[u8]>) -> String {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("push"), record);
    draft(tree.path(), &format!("{}:1", log_of("push")), b"")
}

const TRACEBACK: &str = "[2026-11-20T01:00:00.000+0000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
    Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 9, in fetch\n    lake.open(name)\n\
    lakehouse.errors.SnapshotGone: snapshot 771 of 'orders' was dropped\n\n\
    The above exception was the direct cause of the following exception:\n\n\
    Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n\
    RuntimeError: the nightly export of order 4711 broke off halfway\n";

#[test]
fn every_failure_of_the_samples_makes_a_rule_that_holds() {
    let rules = load(&[], true).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("sample-logs").to_str().unwrap().to_owned();
    let inputs = source::discover(&[folder]).unwrap().inputs;
    let scanned = scan::scan(inputs, &rules, &scan::Options::default());
    let (mut tried, mut bad) = (0, String::new());
    let mut of_symptom = BTreeMap::<usize, usize>::new();
    for log in scanned.observations.iter() {
        let mut lines: BTreeSet<u32> = log.failures.iter().map(|failure| failure.at_line).collect();
        // Of what a healthy log shows too, some are enough.
        for found in &log.matches {
            let count = of_symptom.entry(found.symptom).or_default();
            *count += 1;
            if *count <= 3 {
                lines.insert(found.at_line);
            }
        }
        for line in lines {
            // A file of a component tells of many attempts; its lines are its own.
            let from = format!("{}:{line}", log.source.path);
            let mut out = Vec::new();
            tried += 1;
            let made = check::new_rule(&rules, &from, &Dialects::default(), &Mask::default(), &mut out);
            let text = String::from_utf8(out).unwrap();
            let says = made.map_err(|error| error.to_string()).and_then(|()| faults(&text).map(drop));
            if let Err(says) = says {
                writeln!(bad, "{from}: {says}").unwrap();
            }
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn a_hostile_record_makes_a_rule_that_holds() {
    let long = format!("the pipe broke after {} bytes", "9876543210 and then some more ".repeat(2000));
    let one_word = "x".repeat(300_000);
    let messages: Vec<Vec<u8>> = [
        "He said \"it's 'over'\" and \\left\\ the room",
        "a\tb\tc tabs\there and there",
        "\u{1b}[31mred alarm\u{1b}[0m rings loudly",
        "nul \0 bell \u{7} backspace \u{8} in the text",
        "grüße aus Köln: die Verbindung wurde getrennt",
        "接続が切れました サーバー 応答なし",
        "emoji \u{1f525} on the worker line",
        "turned \u{202e}around\u{2066} and \u{feff}marked \u{2028} text",
        "no character: \u{fffe} and \u{ffff} here",
        "key: value # not a comment",
        "- a list: of things",
        "[not, a, list]",
        "{not: a map}",
        "&anchor *alias !tag |block >folded %directive @at `tick",
        "? question : colon",
        "--- document start",
        "... document end",
        "null",
        "true",
        "12345",
        "~",
        "= 0x1F",
        "'",
        "\"\"\"",
        "\\",
        "trailing space   ",
        "   leading space before words",
        "{{ ds }} and {% raw %} of jinja here",
        "100% of $HOME and ${PATH} was lost",
        "(?P<name>[a-z]+) is no expression *here*",
        "e\u{301}a\u{308} combining characters",
        "ok",
        &long,
        &one_word,
    ]
    .map(|message| message.as_bytes().to_vec())
    .into_iter()
    .chain([b"caf\xe9 \xff\xfe is not the text that was meant".to_vec(), b"\x80\x81\x82\x83 \xf0\x9f half a character".to_vec()])
    .collect();
    for message in messages {
        let shown = String::from_utf8_lossy(&message).chars().take(60).collect::<String>();
        for head in [
            &b"[2026-11-20T01:00:00.000+0000] {shop.py:12} ERROR - "[..],
            b"[2026-11-20T01:00:00.000+0000] {shop.py:12} ERROR - Task failed with exception\nTraceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\nValueError: ",
            b"",
        ] {
            let record = [head, &message, b"\n[2026-11-20T01:00:01.000+0000] {shop.py:13} INFO - next\n"].concat();
            let tree = tempfile::tempdir().unwrap();
            let log = put(tree.path(), &log_of("push"), &record);
            let mut out = Vec::new();
            let made = check::new_rule(&RuleSet::default(), &format!("{}:1", log.display()), &Dialects::default(), &Mask::default(), &mut out);
            match made {
                Ok(()) => drop(faults(&String::from_utf8(out).unwrap()).unwrap_or_else(|says| panic!("{shown}: {says}"))),
                // Two signs or one are nothing to look for.
                Err(error) => assert!(message.len() < 6 && error.to_string().contains("nothing in that record"), "{shown}: {error}"),
            }
        }
    }
}

#[test]
fn the_same_hostile_words_in_json_make_a_rule_that_holds() {
    for message in [
        "He said \"it's 'over'\" and \\left\\ the room",
        "grüße aus Köln: die Verbindung wurde getrennt",
        "tab\there and \u{1b}[31mthere\n  second line: x # y",
    ] {
        for event in [
            serde_json::json!({ "timestamp": "2026-11-20T01:00:00Z", "level": "error", "event": message, "logger": "task" }),
            serde_json::json!({ "timestamp": "2026-11-20T01:00:00Z", "level": "error", "event": "Task failed with exception", "logger": "task",
                "error_detail": [{ "exc_type": "ShopClosed", "exc_value": message, "syntax_error": null, "is_cause": false, "frames": [{ "filename": "/opt/airflow/dags/shop.py", "lineno": 12, "name": "push" }] }] }),
        ] {
            let text = draft_of(format!("{event}\n"));
            assert!(text.contains("exception: \"ShopClosed\"") || text.contains("literal: "), "{text}");
        }
    }
}

#[test]
fn a_draft_stands_beside_the_built_in_rules() {
    let tree = tempfile::tempdir().unwrap();
    for (name, record) in [
        ("one", TRACEBACK.to_owned()),
        ("two", TRACEBACK.replace("RuntimeError: the nightly", "OddlyBroken: the nightly")),
        (
            "three",
            "[2026-11-20T01:00:00.000+0000] {shop.py:12} ERROR - Bash command failed. The command returned a non-zero exit code 3.\n"
                .to_owned(),
        ),
    ] {
        put(tree.path(), "shop.log", record);
        let file = format!("{name}.yaml");
        let made = run_with(&["rules", "new", "--from", "shop.log:1", "-o", &file], tree.path(), b"");
        assert_eq!((made.code, made.out.as_str(), made.err.as_str()), (0, "", ""));
    }
    fs::remove_file(tree.path().join("shop.log")).unwrap();
    let tested = run_with(&["rules", "test", "--rules", "."], tree.path(), b"");
    assert_eq!((tested.code, tested.err.as_str()), (0, ""), "{}", tested.out);
    let linted = run_with(&["rules", "lint", "--rules", "."], tree.path(), b"");
    let warnings: Vec<&str> = linted.out.lines().filter(|line| line.contains("warning[")).collect();
    // Only what the reader is to fill in is missing.
    assert!(warnings.len() == 3 && warnings.iter().all(|line| line.contains("warning[no-causes]")), "{warnings:#?}");
}

#[test]
fn any_line_of_a_record_stands_for_it() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "shop.log", format!("[2026-11-20T00:59:59.000+0000] {{shop.py:1}} INFO - begins\n{TRACEBACK}"));
    let exceptions = [
        (2, "RuntimeError"),
        (3, "SnapshotGone"),
        (4, "SnapshotGone"),
        (6, "SnapshotGone"),
        (8, "RuntimeError"),
        (11, "RuntimeError"),
        (13, "RuntimeError"),
    ];
    for (line, class) in exceptions {
        let text = draft(tree.path(), &format!("shop.log:{line}"), b"");
        assert!(text.contains(&format!("{class}\"\n")), "{line}: {text}");
        // The whole record is the example, whichever of its lines was named.
        assert!(text.contains("          RuntimeError: the nightly export of order 4711 broke off halfway\n"), "{text}");
    }
    let text = draft(tree.path(), "shop.log:2", b"");
    // The class is common, so its words are asked for, without what is another one each time.
    assert!(text.contains("      literal: \"the nightly export of order\"\n") && text.contains("order 4712"), "{text}");
    assert!(text.contains("  - id: runtime-error-the-nightly-export-of-order "), "{text}");
    let text = draft(tree.path(), "shop.log:3", b"");
    assert!(text.contains("exception: \"lakehouse.errors.SnapshotGone\"") && !text.contains("literal:"), "{text}");
}

#[test]
fn a_log_may_stand_in_an_archive_or_come_from_a_pipe() {
    let tree = tempfile::tempdir().unwrap();
    let members = [
        ("a/first.log", TRACEBACK.replace("RuntimeError", "FirstBroken")),
        ("b!c/second.log", TRACEBACK.replace("RuntimeError", "SecondBroken")),
    ];
    put(tree.path(), "logs.tar.gz", gzip(&tar(&members)));
    put(tree.path(), "it's all!here/logs.zip", zip(&members));
    put(tree.path(), "outer.zip", zip(&[("inner.tar.gz", gzip(&tar(&members)))]));
    put(tree.path(), "one.log.gz", gzip(members[0].1.as_bytes()));
    put(tree.path(), "one.zip", zip(&members[..1]));
    for (from, class) in [
        ("logs.tar.gz!a/first.log:12", "FirstBroken"),
        ("logs.tar.gz!b!c/second.log:12", "SecondBroken"),
        ("it's all!here/logs.zip!b!c/second.log:12", "SecondBroken"),
        ("outer.zip!inner.tar.gz!a/first.log:12", "FirstBroken"),
        ("one.log.gz:12", "FirstBroken"),
        ("one.zip:12", "FirstBroken"),
        ("one.zip!a/first.log:12", "FirstBroken"),
    ] {
        let text = draft(tree.path(), from, b"");
        assert!(text.contains(&format!("exception: \"{class}\"")) && text.contains(from), "{from}: {text}");
    }
    for (from, input) in [("-:12", members[0].1.as_bytes().to_vec()), ("-!a/first.log:12", gzip(&tar(&members)))] {
        let text = draft(tree.path(), from, &input);
        assert!(text.contains("exception: \"FirstBroken\""), "{from}: {text}");
    }
    let several = refused(tree.path(), "logs.tar.gz:12");
    assert!(several.contains("logs.tar.gz!MEMBER:12") && several.contains("a/first.log"), "{several}");
    let absent = refused(tree.path(), "logs.tar.gz!c.log:12");
    assert!(absent.contains("there is no log c.log in logs.tar.gz") && absent.contains("b!c/second.log"), "{absent}");
}

#[test]
fn ends_of_lines_and_encodings_of_windows_make_no_other_rule() {
    let crlf = TRACEBACK.replace('\n', "\r\n");
    let utf16: Vec<u8> = [0xfeff_u16].into_iter().chain(crlf.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let plain = draft_of(TRACEBACK);
    assert_eq!((&draft_of(&crlf), &draft_of(utf16)), (&plain, &plain));
}

#[test]
fn what_an_envelope_holds_is_the_record() {
    let tree = tempfile::tempdir().unwrap();
    let lines = TRACEBACK.lines().fold(String::new(), |all, line| {
        all + &serde_json::json!({ "log": format!("{line}\n"), "stream": "stdout", "time": "2026-11-20T01:00:00.000000000Z" }).to_string()
            + "\n"
    });
    put(tree.path(), "container.log", lines);
    let text = draft(tree.path(), "container.log:4", b"");
    assert!(text.contains("SnapshotGone") && !text.contains("stream"), "{text}");
}

#[test]
fn a_traceback_in_pieces_is_one_record() {
    let tree = tempfile::tempdir().unwrap();
    let lines = TRACEBACK.replace("RuntimeError", "HalfwayBroken").lines().skip(1).fold(String::new(), |all, line| {
        all + &serde_json::json!({ "timestamp": "2026-11-20T01:00:00Z", "level": "error", "event": line, "logger": "task.stderr" })
            .to_string()
            + "\n"
    });
    put(tree.path(), &log_of("push"), lines);
    for line in [1, 3, 8, 11] {
        let text = draft(tree.path(), &format!("{}:{line}", log_of("push")), b"");
        let class = if line <= 4 { "lakehouse.errors.SnapshotGone" } else { "HalfwayBroken" };
        assert!(text.contains(&format!("exception: \"{class}\"")) || line == 1, "{line}: {text}");
        assert!(text.contains("          HalfwayBroken: the nightly export"), "{line}: {text}");
    }
}

#[test]
fn no_secret_is_copied_into_a_rule() {
    let text = draft_of(
        "[2026-11-20T01:00:00.000+0000] {shop.py:12} ERROR - the ledger refused the batch, password=hunter2hunter2 https://me:s3cr3tpass@ledger.example.com/x\n",
    );
    assert!(!text.contains("hunter2") && !text.contains("s3cr3t") && text.contains("password=***"), "{text}");
    let event = serde_json::json!({ "timestamp": "2026-11-20T01:00:00Z", "level": "error", "event": "Task failed with exception", "conn": { "password": "hunter2hunter2" },
        "error_detail": [{ "exc_type": "LedgerClosed", "exc_value": "token=abc123def456ghi", "syntax_error": null, "is_cause": false, "frames": [] }] });
    let text = draft_of(format!("{event}\n"));
    assert!(!text.contains("hunter2") && !text.contains("abc123def456ghi") && text.contains("LedgerClosed"), "{text}");
}

#[test]
fn a_line_that_a_rule_knows_is_told_with_that_rule() {
    let record = TRACEBACK.replace(
        "RuntimeError: the nightly export of order 4711 broke off halfway",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
    );
    let text = draft_of(&record);
    assert!(
        text.contains("# the rule connection-reset matches this line already") && text.contains("    specific_over: [connection-reset]"),
        "{text}"
    );
    // It never takes the id of a rule that there is.
    let taken = draft_of(record.replace("ConnectionResetError: [Errno 104] Connection reset by peer", "ConnectionReset: gone"));
    assert!(taken.contains("  - id: connection-reset-2 "), "{taken}");
    assert!(!draft_of(TRACEBACK.replace("RuntimeError", "HalfwayBroken")).contains("specific_over"));
}

#[test]
fn what_names_no_line_of_a_log_is_told_with_what_to_write() {
    let tree = tempfile::tempdir().unwrap();
    let folder = tree.path();
    put(folder, "shop.log", "[2026-11-20T01:00:00.000+0000] {shop.py:12} ERROR - one\n\n\n");
    put(folder, "blank.log", "\n \n\t\n");
    put(folder, "empty.log", "");
    put(folder, "binary.log", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
    for (from, words) in [
        ("shop.log", "LOG:LINE"),
        ("shop.log:", "LOG:LINE"),
        (":3", "LOG:LINE"),
        ("shop.log:x", "LOG:LINE"),
        ("shop.log:0", "counted from 1"),
        ("shop.log:99", "the log has 3 lines"),
        ("shop.log:99999999999999999999", "a smaller number"),
        ("absent.log:3", "there is no file absent.log"),
        ("absent.tar.gz!member:3", "there is no file absent.tar.gz;"),
        (".:3", "a folder; name one log in it"),
        ("blank.log:2", "nothing stands there"),
        ("empty.log:1", "the log is empty"),
        ("binary.log:1", "binary data"),
    ] {
        let told = refused(folder, from);
        assert!(told.contains(words), "{from}: {told}");
    }
    let unwritable = run_with(&["rules", "new", "--from", "shop.log:1", "-o", "absent/x.yaml"], folder, b"");
    assert!(unwritable.code == 2 && unwritable.err.contains("absent/x.yaml"), "{}", unwritable.err);
    // What was mended by hand is not written over.
    let again = run_with(&["rules", "new", "--from", "shop.log:1", "-o", "shop.log"], folder, b"");
    assert!(again.code == 2 && again.err.contains("exists"), "{}", again.err);
}

#[test]
fn a_report_offers_the_command_for_what_no_rule_knows() {
    let tree = tempfile::tempdir().unwrap();
    let name = format!("it's mine/{}", log_of("push"));
    let log = TRACEBACK.replace("RuntimeError", "HalfwayBroken").replace("lakehouse.errors.SnapshotGone", "OddlyBroken")
        + "[2026-11-20T01:00:01.000+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n";
    put(tree.path(), &name, &log);
    let folder = "it's mine";
    let json: serde_json::Value = serde_json::from_str(&run_with(&[folder, "-f", "json"], tree.path(), b"").out).unwrap();
    let command = json["incidents"][0]["new_rule"].as_str().unwrap().to_owned();
    assert_eq!(
        command,
        format!("dagnosis rules new --from '{}:{}'", name.replace('\'', r"'\''"), json["incidents"][0]["examples"][0]["line"])
    );
    for format in ["text", "markdown"] {
        let report = run_with(&[folder, "-f", format], tree.path(), b"").out;
        assert!(report.contains(&command), "{format}: {report}");
    }
    if cfg!(unix) {
        let script = command.replacen("dagnosis", &format!("'{}'", env!("CARGO_BIN_EXE_dagnosis")), 1);
        let made = std::process::Command::new("sh").arg("-c").arg(script).current_dir(tree.path()).output().unwrap();
        let text = String::from_utf8_lossy(&made.stdout).into_owned();
        assert!(made.status.success() && text.contains("exception: \"HalfwayBroken\""), "{text}{}", String::from_utf8_lossy(&made.stderr));
        // With that rule the failure is a known one, and nothing is offered.
        put(tree.path(), "mine/draft.yaml", text.replace("causes: []", "causes: [user-code-error]"));
        let json = run_with(&[folder, "-f", "json", "--rules", "mine"], tree.path(), b"").out;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["incidents"][0]["symptom"], &json["incidents"][0]["new_rule"]),
            (&"halfway-broken".into(), &serde_json::Value::Null)
        );
    }
}

#[test]
fn a_form_of_ones_own_is_read_as_for_the_diagnosis() {
    let tree = tempfile::tempdir().unwrap();
    put(
        tree.path(),
        "own.log",
        "2026-11-20 01:00:00 | ERROR | the conveyor stopped at gate 7\nsecond line\n2026-11-20 01:00:01 | INFO | next\n",
    );
    let form = r"(?<time>\S+ \S+) \| (?<level>\w+) \| (?<message>.*)";
    let made = run_with(&["rules", "new", "--from", "own.log:2", "--log-format", form], tree.path(), b"");
    assert!(made.code == 0 && made.out.contains("literal: \"the conveyor stopped at gate\""), "{}{}", made.out, made.err);
    faults(&made.out).unwrap();
}
