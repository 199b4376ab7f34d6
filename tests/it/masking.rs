//! Secrets reach no way out of the program, and what a diagnosis needs stays: the tables of `tests/secrets`, read as logs.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

/// A text of the tables.
struct Row {
    text: String,
    /// As it is to be shown.
    shown: String,
    /// The secrets in it, as they must stand nowhere.
    secrets: Vec<String>,
}

fn rows(table: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/secrets").join(table);
    let text = fs::read_to_string(path).unwrap().replace('·', "");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains('␤'));
    lines
        .map(|line| {
            let marked = line.split_once('\t').map_or(line, |(_, text)| text);
            let parts: Vec<&str> = marked.split(['⟦', '⟧']).collect();
            let shown = parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 { "***" } else { part }).collect();
            // One of two letters may stand in any word.
            let secrets = parts.iter().skip(1).step_by(2).filter(|part| part.len() > 6).map(|part| (*part).to_owned()).collect();
            Row { text: parts.concat(), shown, secrets }
        })
        .collect()
}

/// A log of Airflow 2 that ends with an exception.
fn failed(message: &str) -> String {
    format!(
        "[2026-11-20 01:00:00,000] {{taskinstance.py:1103}} INFO - Starting attempt 1 of 1\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n\
         {message}\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1226}} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n\
         [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    )
}

/// A tree with a failed task for each text, each with an exception of its own.
fn tree(rows: &[Row]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (at, row) in rows.iter().enumerate() {
        put(tree.path(), &log_of(&format!("case_{at:03}")), failed(&format!("Case{}Error: {}", name(at), row.text)));
    }
    tree
}

/// A number in letters: what is a number in a message does not tell two apart.
fn name(at: usize) -> String {
    at.to_string().bytes().map(|digit| char::from(digit - b'0' + b'A')).collect()
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: exit code {}: {}", run.code, run.err))
}

/// All strings of a document.
fn strings(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, all)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            all.push(name.clone());
            strings(value, all);
        }),
        _ => {}
    }
}

/// The lines that a report shows.
fn excerpts(report: &Value) -> Vec<String> {
    let examples = report["incidents"].as_array().unwrap().iter().flat_map(|incident| incident["examples"].as_array().unwrap());
    examples.map(|example| example["excerpt"].as_str().unwrap().to_owned()).collect()
}

/// What is not shown as it should be.
fn missing(shown: &[String], rows: &[Row], want: impl Fn(&Row) -> &str) -> Vec<String> {
    let line = |at: usize, row: &Row| format!("Case{}Error: {}", name(at), want(row));
    let all = rows.iter().enumerate().map(|(at, row)| line(at, row));
    // A quote that was cut off may be written.
    all.filter(|line| !shown.iter().any(|shown| shown == line.trim() || shown.strip_suffix('"') == Some(line.trim()))).collect()
}

#[test]
fn no_secret_of_the_table_is_printed_in_any_format() {
    let rows = rows("secrets.txt");
    assert!(rows.len() >= 100, "{}", rows.len());
    // A line of a key is told by standing alone: see below.
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.shown != "***").collect();
    let tree = tree(&rows);
    let run = |arguments: &[&str]| run_with(&[&["dag_id=shop", "--attempts", "all"], arguments].concat(), tree.path(), b"");
    let report = json(&run(&["-f", "json"]));
    let missing = missing(&excerpts(&report), &rows, |row| &row.shown);
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let mut texts: Vec<String> = ["text", "markdown", "junit", "github"].map(|format| run(&["-f", format]).out).into();
    strings(&report, &mut texts);
    for format in ["sarif", "gitlab"] {
        strings(&json(&run(&["-f", format])), &mut texts);
    }
    for secret in rows.iter().flat_map(|row| &row.secrets) {
        let leak = texts.iter().find(|text| text.contains(secret.as_str()));
        assert!(leak.is_none(), "{secret} in: {}", leak.unwrap());
    }
}

/// What is kept of logs between runs, unpacked.
fn kept(state: &Path) -> Vec<String> {
    let connection = Connection::open(state).unwrap();
    let mut query = connection.prepare("SELECT scan, resume FROM file").unwrap();
    let rows = query.query_map([], |row| Ok([row.get(0)?, row.get::<_, Option<Vec<u8>>>(1)?.unwrap_or_default()])).unwrap();
    let blobs: Vec<Vec<u8>> = rows.flat_map(|row| row.unwrap()).collect();
    let is_packed = |blob: &[u8]| blob.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    // Behind each stands its check.
    let unpack = |mut blob: Vec<u8>| {
        blob.truncate(blob.len().saturating_sub(4));
        if is_packed(&blob) { zstd::decode_all(&blob[..]).unwrap() } else { blob }
    };
    blobs.into_iter().map(|blob| String::from_utf8(unpack(blob)).unwrap()).collect()
}

#[test]
fn no_secret_of_the_table_is_in_the_state_and_what_is_taken_over_from_it_is_told_alike() {
    let rows: Vec<Row> = rows("secrets.txt").into_iter().filter(|row| row.shown != "***").collect();
    let tree = tree(&rows);
    let state = tree.path().join("state.sqlite");
    // Logs of tasks that are at work: reading goes on there.
    let open = |row: &Row| {
        let event = serde_json::to_string(&row.text).unwrap();
        let line = |event: &str| {
            format!("{{\"timestamp\":\"2026-11-20T01:00:00Z\",\"level\":\"error\",\"event\":{event},\"logger\":\"task.stderr\"}}\n")
        };
        // Long enough that the state is shorter, and that the traceback is over.
        let work = line("\"working\"");
        [
            work.repeat(100),
            line("\"Traceback (most recent call last):\""),
            line("\"  File \\\"x.py\\\", line 1, in f\""),
            line(&event),
            work.repeat(12),
        ]
        .concat()
    };
    for (at, row) in rows.iter().enumerate() {
        put(tree.path(), &log_of(&format!("open_{at:03}")), open(row));
    }
    let run = |arguments: &[&str]| {
        let mut report = json(&run_with(&[&["dag_id=shop", "--attempts", "all", "-f", "json"], arguments].concat(), tree.path(), b""));
        let history = report["history"].take();
        for incident in report["incidents"].as_array_mut().unwrap() {
            (incident["status"], incident["history"]) = (Value::Null, Value::Null);
        }
        (report, history["files_known"].as_u64())
    };
    let path = state.to_str().unwrap();
    for night in 0..3 {
        if night == 2 {
            for (at, row) in rows.iter().enumerate() {
                put(tree.path(), &log_of(&format!("open_{at:03}")), open(row).repeat(2));
            }
        }
        let (report, known) = run(&["--state", path]);
        // What was read on another day is told as what is read now.
        let fresh = tempfile::tempdir().unwrap();
        assert_eq!(report, run(&["--state", fresh.path().join("state.sqlite").to_str().unwrap()]).0, "night {night}");
        let mut texts = Vec::new();
        strings(&report, &mut texts);
        assert_eq!(known, Some(if night == 0 { 0 } else { 2 * rows.len() as u64 }), "night {night}");
        let kept = kept(&state);
        assert!(kept.iter().filter(|text| !text.is_empty()).count() > 2 * rows.len());
        for secret in rows.iter().flat_map(|row| &row.secrets) {
            let escaped = serde_json::to_string(secret).unwrap();
            let leak = kept.iter().find(|text| text.contains(secret.as_str()) || text.contains(escaped.trim_matches('"')));
            assert!(leak.is_none(), "{secret} in: {}", leak.unwrap());
            let leak = texts.iter().find(|text| text.contains(secret.as_str()));
            assert!(leak.is_none(), "{secret} in the report: {}", leak.unwrap());
        }
    }
    let mut bytes = Vec::new();
    for file in ["state.sqlite", "state.sqlite-wal"] {
        bytes.extend(fs::read(tree.path().join(file)).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&bytes);
    for secret in rows.iter().flat_map(|row| &row.secrets) {
        assert!(!text.contains(secret.as_str()), "{secret}");
    }
}

#[test]
fn what_only_looks_like_a_secret_is_printed_as_it_stands() {
    let rows = rows("harmless.txt");
    assert!(rows.len() >= 100, "{}", rows.len());
    let tree = tree(&rows);
    let run = run_with(&["dag_id=shop", "-f", "json"], tree.path(), b"");
    let missing = missing(&excerpts(&json(&run)), &rows, |row| &row.text);
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_flags_say_what_is_masked() {
    let tree = tempfile::tempdir().unwrap();
    let text = ["OddError: user alice@example.com of EMP-123456 has pass", "word=hunter2x"].concat();
    put(tree.path(), &log_of("push"), failed(&text));
    for (arguments, shown) in [
        (&[][..], "user alice@example.com of EMP-123456 has password=***"),
        (&["--mask-emails"], "user ***@example.com of EMP-123456 has password=***"),
        (&["--mask", "EMP-[0-9]+", "--mask", "us(?<secret>er)"], "us*** alice@example.com of *** has password=***"),
        (&["--no-mask"], "user alice@example.com of EMP-123456 has password=hunter2x"),
    ] {
        for format in ["text", "markdown", "json"] {
            let run = run_with(&[&["dag_id=shop", "-f", format], arguments].concat(), tree.path(), b"");
            // Text is wrapped, and Markdown escaped.
            let words: Vec<&str> = run.out.split_whitespace().collect();
            let plain = words.join(" ").replace('\\', "").replace("@\u{200b}", "@");
            assert!(run.code == 1 && plain.contains(shown), "{arguments:?} {format}: {}{}", run.out, run.err);
        }
    }
    for (arguments, says) in
        [(&["--mask", "("][..], "--mask (: "), (&["--mask", ""], "empty text"), (&["--no-mask", "--mask", "x"], "--no-mask")]
    {
        let run = run_with(&[&["dag_id=shop"], arguments].concat(), tree.path(), b"");
        assert!(run.code == 2 && run.err.contains(says), "{arguments:?}: {}", run.err);
    }
}

/// A secret of no form but its name's, put together here.
fn secret() -> (String, &'static str) {
    (["api_to", "ken=zq81xv7"].concat(), "zq81xv7")
}

#[test]
fn no_place_of_a_report_shows_a_secret() {
    let (secret, hidden) = secret();
    let tree = tempfile::tempdir().unwrap();
    let run_id = format!("run_id=manual__{secret}");
    put(tree.path(), &format!("dag_id=shop/{run_id}/task_id=push/attempt=1.log"), failed("OddError: x"));
    put(tree.path(), &format!("dag_id=shop/{run_id}/task_id=pull/attempt=1.log.gz"), b"\x1f\x8b\x08\x00cut");
    put(
        tree.path(),
        &log_of(&format!("load_{secret}")),
        failed(&format!("ConnectionResetError: [Errno 104] Connection reset by peer: http://{secret}.example.com:80/")),
    );
    put(
        tree.path(),
        &log_of("stops"),
        format!(
            "[2026-11-20 01:00:00,000] {{taskinstance.py:1103}} INFO - Starting attempt 1 of 1\n[2026-11-20 01:00:01,000] {{shop.py:1}} INFO - host={secret} --> {secret}"
        ),
    );
    put(
        tree.path(),
        "instances.csv",
        format!(
            "dag_id,task_id,run_id,try_number,state,hostname,queue,pool,operator\nshop,lost,{secret},1,failed,{secret},{secret},{secret},{secret}\n"
        ),
    );
    for format in ["text", "mail", "markdown", "html", "json", "sarif", "junit", "github", "gitlab"] {
        let run = run_with(&["dag_id=shop", "--task-instances", "instances.csv", "-f", format, "--attempts", "all"], tree.path(), b"");
        assert!(run.code == 3 && run.out.contains("***"), "{format}: {}{}", run.out, run.err);
        let leak = run.out.lines().find(|line| line.contains(hidden));
        assert!(leak.is_none() && !run.err.contains(hidden), "{format}: {leak:?}");
        let whole = run_with(&["dag_id=shop", "--task-instances", "instances.csv", "-f", format, "--no-mask"], tree.path(), b"");
        assert!(whole.out.contains(hidden), "{format}");
    }
}

#[test]
fn the_line_of_a_key_that_a_log_ends_in_is_masked() {
    let rows = rows("secrets.txt");
    let key = rows.iter().find(|row| row.shown == "***").unwrap();
    let tree = tempfile::tempdir().unwrap();
    // Of a log that just stops the last line is shown.
    let begin = "[2026-11-20 01:00:00,000] {taskinstance.py:1103} INFO - Starting attempt 1 of 1\n";
    put(tree.path(), "attempt=1.log", format!("{begin}[2026-11-20 01:00:03,000] {{shop.py:1}} INFO - {}\n", key.text));
    let out = |arguments: &[&str]| run_with(&[&["attempt=1.log", "-f", "json"], arguments].concat(), tree.path(), b"").out;
    assert!(out(&["--no-mask"]).contains(&key.text), "{}", out(&["--no-mask"]));
    assert!(!out(&[]).contains(&key.text) && out(&[]).contains("***"));
}

#[test]
fn rules_show_no_secret_that_an_example_was_cut_with() {
    let (secret, hidden) = secret();
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "attempt=1.log", failed(&format!("OddError: the shelf is empty for {secret}")));
    let rule = format!(
        "version: 1\nsymptoms:\n  - {{ id: mine, title: My title, severity: low, category: code, match: {{ literal: 'no such words' }}, causes: [my-cause],\n      \
         examples: {{ matching: ['a {secret}', 'another {secret}'], not_matching: ['this', 'that'] }} }}\n\
         causes:\n  - {{ id: my-cause, title: My cause, layer: data, owner: data_provider, what: W., prior: 0.5, retry: {{ helps: unknown, safe: \"no\", says: No. }} }}\n"
    );
    put(tree.path(), "rules/mine.yaml", rule);
    for (arguments, code) in [
        (&["rules", "new", "--from", "attempt=1.log:5"][..], 0),
        (&["explain", "mine", "--rules", "rules"], 0),
        (&["explain", "mine", "--rules", "rules", "-f", "markdown"], 0),
        (&["rules", "test", "--rules", "rules", "--junit", "junit.xml"], 1),
        (&[&format!("absent/{secret}")], 2),
        (&["--rules", &format!("absent/{secret}"), "attempt=1.log"], 2),
    ] {
        let run = run_with(arguments, tree.path(), b"");
        let all = run.out + &run.err + &fs::read_to_string(tree.path().join("junit.xml")).unwrap_or_default();
        assert_eq!(run.code, code, "{arguments:?}: {all}");
        assert!(all.contains("***") && !all.contains(hidden), "{arguments:?}: {all}");
    }
    let whole = run_with(&["rules", "new", "--from", "attempt=1.log:5", "--no-mask"], tree.path(), b"");
    assert!(whole.code == 0 && whole.out.contains(hidden), "{}{}", whole.out, whole.err);
}
