//! The history of incidents over nights: their statuses, what is one over the nights, what is kept, and what can be asked of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::logs::put;
use crate::nights::{Nights, RESET, STATE, failed, incident, resolved, status};
use crate::program::run_with;

const KEY: &str = "KeyError: 'margin'";

fn is(status: &str, new: u64) -> (String, u64) {
    (status.to_owned(), new)
}

#[test]
fn nights_tell_what_is_new_recurring_resolved_and_regressed() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.fails(1, "load", KEY);
    let (code, report) = nights.night(1, &["--fail-on", "new"]);
    assert_eq!((code, status(&report, "push"), status(&report, "load")), (1, is("new", 1), is("new", 1)));
    assert_eq!((&report["history"]["last_run"], report["history"]["new"].as_u64()), (&Value::Null, Some(2)));

    nights.fails(2, "push", RESET);
    nights.succeeds(2, "load");
    let (code, report) = nights.night(2, &["--fail-on", "new"]);
    assert_eq!((code, status(&report, "push"), status(&report, "load")), (0, is("recurring", 1), is("resolved", 0)));
    assert_eq!((resolved(&report), report["history"]["last_run"].as_str()), (vec!["succeeded".to_owned()], Some("2026-11-01T02:00:00Z")));
    let past = &incident(&report, "push").unwrap()["history"];
    assert_eq!((past["nights"].as_u64(), past["occurrences"].as_u64()), (Some(2), Some(2)));
    assert_eq!(past["first_seen"], "2026-11-01T01:00:00Z");

    // Nothing happened: a line each, and nothing that would make a gate fail.
    let run = nights.run(3, &["logs", "--fail-on", "new"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.contains("Since the last run (2026-11-02 02:00 UTC): 1 recurring (0 new failures)."), "{}", run.out);
    assert!(run.out.contains("Known, with nothing new") && !run.out.contains("\n   Why "), "{}", run.out);
    assert!(run.out.contains("; resolved)") && !run.out.contains("Resolved since") && !run.out.contains("Look "), "{}", run.out);
    let run = nights.run(3, &["logs", "--show-known"]);
    assert!(run.out.contains("(known, nothing new)") && run.out.contains("\n   Why "), "{}", run.out);

    nights.succeeds(4, "push");
    nights.fails(4, "load", KEY);
    let (code, report) = nights.night(4, &["--fail-on", "new"]);
    assert_eq!((code, status(&report, "push"), status(&report, "load")), (1, is("resolved", 0), is("regressed", 1)));

    nights.fails(5, "load", KEY);
    let (code, report) = nights.night(5, &["--fail-on", "new"]);
    assert_eq!((code, status(&report, "load")), (0, is("recurring", 1)));

    let list = nights.history(&["list"]);
    let lines: Vec<&str> = list.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(lines.len() == 2 && lines[0].ends_with("  recurring  medium; 3 failures, 3 nights"), "{}{}", list.out, list.err);
    assert!(
        lines[1].ends_with("  resolved   high; 2 failures, 2 nights") && list.out.contains("\n    2026-11-01 01:00 to 2026-11-02 01:00; "),
        "{}",
        list.out
    );
    assert!(list.out.lines().all(|line| line.chars().count() <= 80), "{}", list.out);
    assert_eq!(nights.history(&["list", "--status", "new"]).out, "No such incident is recorded.\n");
}

#[test]
fn what_is_resolved_and_still_in_the_logs_reaches_no_threshold() {
    let nights = Nights::new();
    nights.fails(1, "load", KEY);
    assert_eq!(nights.night(1, &[]).0, 1);
    assert_eq!(nights.night(2, &[]).0, 1);
    nights.succeeds(3, "load");
    assert_eq!(nights.night(3, &[]).0, 0);
}

#[test]
fn formats_for_machines_tell_the_status() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.fails(1, "pull", "ValueError: odd");
    nights.run(1, &["logs"]);
    nights.fails(2, "load", KEY);
    nights.succeeds(2, "pull");
    let run = nights.run(
        2,
        &[
            "logs",
            "-f",
            "sarif",
            "-o",
            "prometheus=metrics.prom",
            "-o",
            "markdown=report.md",
            "-o",
            "html=report.html",
            "-o",
            "junit=junit.xml",
        ],
    );
    let junit = fs::read_to_string(nights.path().join("junit.xml")).unwrap();
    assert!(junit.contains("name=\"status\" value=\"new\"") && junit.contains("name=\"status\" value=\"recurring\""), "{junit}");
    let sarif: Value = serde_json::from_str(&run.out).unwrap();
    let mut states: Vec<&str> =
        sarif["runs"][0]["results"].as_array().unwrap().iter().map(|result| result["baselineState"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["absent", "new", "unchanged"]);
    let metrics = fs::read_to_string(nights.path().join("metrics.prom")).unwrap();
    for (status, count) in [("new", 1), ("regressed", 0), ("recurring", 1), ("resolved", 1)] {
        assert!(metrics.contains(&format!("dagnosis_incidents_by_status{{status=\"{status}\"}} {count}\n")), "{metrics}");
    }
    let markdown = fs::read_to_string(nights.path().join("report.md")).unwrap();
    assert!(
        markdown.contains("1 new, 1 recurring (0 new failures), 1 resolved.") && markdown.contains("Known, with nothing new"),
        "{markdown}"
    );
    let page = fs::read_to_string(nights.path().join("report.html")).unwrap();
    let marks: Vec<&str> = page.split("class=\"mark\">").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    let count = |mark: &str| marks.iter().filter(|found| found.starts_with(mark)).count();
    // In the table and above the incident.
    assert_eq!((count(" (new)"), count(" (resolved)"), marks.len()), (2, 2, 6), "{marks:?}");
    assert!(page.contains("1 new, 1 recurring (0 new failures), 1 resolved.") && page.contains("id=\"resolved\""), "{page}");
    assert_eq!(["\n## ", "\n## Known", "\n## Resolved"].map(|heading| markdown.matches(heading).count()), [3, 1, 1], "{markdown}");
}

/// Some put everything into one folder.
#[test]
fn what_the_program_writes_among_the_logs_is_no_log() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    let files = ["--state", "logs/kept", "-o", "json=logs/report.json", "-o", "text=logs/report.txt", "--summary", "logs/summary.log"];
    let night = |day: u32| {
        let now = format!("2026-11-{day:02}T02:00:00Z");
        run_with(&[&["logs", "-f", "json", "--now", &now], &files[..]].concat(), nights.path(), b"")
    };
    for day in 1..4 {
        let run = night(day);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, &report["totals"]["files"], &report["problems"]), (1, &json!(1), &json!([])), "{}", run.err);
    }
}

/// A task was seen while it ran; the same try was run again; an outage meets both. What fails now is told.
#[test]
fn another_failure_of_an_attempt_that_is_known_is_new() {
    let nights = Nights::new();
    nights.cut(1, "load");
    nights.succeeds(1, "push");
    nights.fails(1, "pull", KEY);
    let (_, report) = nights.night(1, &[]);
    assert!(report["history"]["new"].as_u64() >= Some(1), "{}", report["history"]);
    nights.fails(1, "load", RESET);
    nights.fails(1, "pull", "OSError: [Errno 28] No space left on device");
    let again = nights.path().join("logs/dag_id=shop/run_id=scheduled__2026-11-01T00:00:00+00:00/task_id=pull/attempt=1.log");
    fs::write(&again, fs::read_to_string(&again).unwrap().replace(" 01:00:", " 03:00:")).unwrap();
    let (code, report) = nights.night(2, &["--fail-on", "new"]);
    let statuses: Vec<&str> = report["incidents"].as_array().unwrap().iter().map(|incident| incident["status"].as_str().unwrap()).collect();
    assert_eq!((code, statuses), (1, vec!["new", "new"]), "{report:#}");
    // Nothing is told twice.
    assert_eq!(nights.night(3, &["--fail-on", "new"]).0, 0);
}

#[test]
fn what_becomes_graver_and_what_is_not_ignored_any_more_is_told() {
    let nights = Nights::new();
    nights.fails(1, "push", KEY);
    let (_, first) = nights.night(1, &[]);
    let id = first["incidents"][0]["id"].as_str().unwrap();
    fs::write(nights.path().join("dagnosis.yaml"), format!("ignore: [ {{ incident: {id}, reason: known }} ]\n")).unwrap();
    fs::remove_file(nights.state()).unwrap();
    assert_eq!(nights.night(1, &["--fail-on", "new"]).0, 0);
    fs::remove_file(nights.path().join("dagnosis.yaml")).unwrap();
    assert_eq!(nights.night(2, &["--fail-on", "new"]).0, 1);
    assert_eq!(nights.night(3, &["--fail-on", "new"]).0, 0);
    nights.open().execute("UPDATE incident SET severity = 'info'", []).unwrap();
    let run = nights.run(4, &["logs", "--fail-on", "new"]);
    assert!(run.code == 1 && run.out.contains("(worse: was info, 0 new failures)"), "{}", run.out);
    assert_eq!(nights.night(5, &["--fail-on", "new"]).0, 0);
}

#[test]
fn an_incident_that_grows_is_the_same() {
    let nights = Nights::new();
    nights.fails(1, "load", RESET);
    let (_, first) = nights.night(1, &[]);
    nights.fails(2, "push", RESET);
    nights.fails(2, "load", RESET);
    let (_, second) = nights.night(2, &[]);
    let (one, other) = (incident(&first, "load").unwrap(), incident(&second, "load").unwrap());
    assert_eq!(second["incidents"].as_array().unwrap().len(), 1, "{second:#}");
    assert_ne!(one["id"], other["id"], "it should look different now, or the test shows nothing");
    assert_eq!(other["history"]["id"], one["id"]);
    assert_eq!(status(&second, "push"), is("recurring", 2));
    // The logs of the first night are gone: by its other fingerprint it is still known.
    nights.remove(1);
    nights.fails(3, "load", RESET);
    nights.fails(3, "push", RESET);
    let (_, third) = nights.night(3, &[]);
    assert_eq!((status(&third, "load"), &incident(&third, "load").unwrap()["history"]["id"]), (is("recurring", 2), &one["id"]));
    let shown = nights.history(&["show", &other["id"].as_str().unwrap()[..8], "-f", "json"]);
    assert_eq!(shown.code, 2, "{}", shown.out);
    let shown = nights.history(&["show", other["id"].as_str().unwrap(), "-f", "json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!((&shown["id"], shown["fingerprints"].as_array().unwrap().len()), (&one["id"], 2));
    assert_eq!(shown["failures"].as_array().unwrap().len(), 5);
}

#[test]
fn an_incident_whose_logs_are_gone_is_resolved_if_all_was_read_where_they_were() {
    let nights = Nights::new();
    let night = |day: u32, arguments: &[&str]| resolved(&nights.night(day, arguments).1);
    nights.fails(1, "load", KEY);
    nights.succeeds(2, "push");
    assert_eq!(night(1, &[]), Vec::<String>::new());
    nights.remove(1);
    assert_eq!(night(2, &["--since", "2026-11-02"]), Vec::<String>::new());
    // Something that cannot be read may hold it.
    let broken = put(&nights.path().join("logs"), "dag_id=shop/old.tar.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
    assert_eq!(nights.night(3, &[]).0, 3);
    assert_eq!(night(3, &[]), Vec::<String>::new());
    fs::remove_file(broken).unwrap();
    // Nothing at all is a disk that is not there.
    fs::rename(nights.path().join("logs"), nights.path().join("away")).unwrap();
    fs::create_dir(nights.path().join("logs")).unwrap();
    assert_eq!(night(4, &[]), Vec::<String>::new());
    fs::remove_dir(nights.path().join("logs")).unwrap();
    fs::rename(nights.path().join("away"), nights.path().join("logs")).unwrap();
    let (_, report) = nights.night(5, &[]);
    assert_eq!((resolved(&report), report["incidents"].as_array().unwrap().len()), (vec!["gone".to_owned()], 0));
    let run = nights.run(6, &["logs"]);
    assert!(run.out.contains("Since the last run (2026-11-05 02:00 UTC): no incident, and none resolved."), "{}", run.out);
    // The same again is no first time.
    nights.fails(7, "load", KEY);
    assert_eq!(status(&nights.night(7, &[]).1, "load"), is("regressed", 1));
}

#[test]
fn two_places_share_a_state() {
    let nights = Nights::new();
    nights.fails(1, "load", KEY);
    put(nights.path(), "other/dag_id=crm/run_id=r/task_id=pull/attempt=1.log", failed(1, "pull", RESET));
    nights.run(1, &["logs"]);
    let run = nights.run(2, &["other"]);
    assert!(run.out.contains("The first run over these logs that state.sqlite knows: 1 new."), "{}", run.out);
    // The one whose logs were not looked at is neither gone nor resolved, and its last run is that of its own logs.
    let run = nights.run(3, &["./logs/"]);
    assert!(run.out.contains("Since the last run (2026-11-01 02:00 UTC): 1 recurring (0 new failures)."), "{}", run.out);
    let below = format!("{}/other/dag_id=crm", nights.path().display());
    let run = nights.run(4, &[&below]);
    assert!(run.out.contains("Since the last run (2026-11-02 02:00 UTC): 1 recurring (0 new failures)."), "{}", run.out);
}

#[test]
fn a_log_that_is_packed_or_of_another_name_is_the_same_attempt() {
    let nights = Nights::new();
    nights.fails(1, "load", KEY);
    nights.night(1, &[]);
    let logs = nights.path().join("logs");
    let files = crate::logs::files_below(&logs);
    fs::remove_dir_all(&logs).unwrap();
    put(&logs, "old.tar", crate::logs::tar(&files));
    assert_eq!(status(&nights.night(2, &[]).1, "load"), is("recurring", 0));
}

#[test]
fn what_is_ignored_is_recorded_with_a_mark() {
    let nights = Nights::new();
    nights.fails(1, "load", KEY);
    put(nights.path(), "dagnosis.yaml", format!("state: {STATE}\nignore: [ {{ dag: shop, reason: Known }} ]\n"));
    let run = run_with(&["logs", "--now", "2026-11-01T02:00:00Z"], nights.path(), b"");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(!run.out.contains("1 new"), "{}", run.out);
    let list = run_with(&["history", "list"], nights.path(), b"");
    assert!(list.out.contains("  medium, ignored; 1 failure, 1 night\n"), "{}{}", list.out, list.err);
    // Once it is not ignored any more, it is told: nobody has read of it in a report.
    assert_eq!(status(&nights.night(2, &["--no-config"]).1, "load"), is("new", 0));
}

#[test]
fn no_secret_is_recorded() {
    let nights = Nights::new();
    let secret = "hunter2hunter2";
    nights.fails(1, "load", &format!("shop.OddError: password={secret} of EMP-123456"));
    for arguments in [&["logs", "--no-mask"][..], &["logs", "--mask", "EMP-[0-9]{6}"]] {
        nights.run(1, arguments);
    }
    let text = nights.dump();
    assert!(text.contains("OddError") && !text.contains(secret), "{text}");
    fs::remove_file(nights.state()).unwrap();
    nights.run(1, &["logs", "--mask", "EMP-[0-9]{6}"]);
    assert!(!nights.dump().contains("EMP-123456"));
}

/// Its report could not be written: the next night tells what nobody has read.
#[test]
fn what_a_run_recorded_and_did_not_tell_is_told_again() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.run(1, &["logs"]);
    nights.fails(2, "push", RESET);
    nights.fails(2, "load", KEY);
    let run = nights.run(2, &["logs", "-o", "nowhere/report.txt"]);
    assert!(run.code == 2 && run.err.contains("cannot write"), "{}", run.err);
    let (_, report) = nights.night(3, &[]);
    assert_eq!((status(&report, "push"), status(&report, "load")), (is("recurring", 1), is("new", 1)));
    assert_eq!(report["history"]["told_again"], serde_json::json!(["2026-11-02T02:00:00Z"]));
    assert_eq!(report["history"]["last_run"], "2026-11-01T02:00:00Z");
    let (_, report) = nights.night(4, &[]);
    assert_eq!((status(&report, "load"), &report["history"]["told_again"]), (is("recurring", 0), &serde_json::json!([])));
    // What a run over other logs did not tell is not told by this one.
    put(nights.path(), "other/dag_id=crm/run_id=r/task_id=pull/attempt=1.log", failed(5, "pull", KEY));
    nights.run(5, &["other", "-o", "nowhere/report.txt"]);
    nights.run(6, &["logs"]);
    let run = nights.run(7, &["other"]);
    let says = "The run of 2026-11-05 02:00 UTC was recorded but its report was not finished; what was new then is told again.";
    let text = run.out.replace('\n', " ");
    assert!(text.contains("1 new.") && text.contains(says), "{}", run.out);
}

#[test]
fn what_is_old_is_forgotten_and_what_is_in_the_logs_is_not() {
    let nights = Nights::new();
    nights.fails(1, "load", KEY);
    nights.fails(1, "push", RESET);
    nights.night(1, &[]);
    fs::remove_dir_all(nights.path().join("logs/dag_id=shop/run_id=scheduled__2026-11-01T00:00:00+00:00/task_id=push")).unwrap();
    nights.night(2, &[]);
    nights.night(20, &["--keep", "10d"]);
    let count = |sql: &str| nights.open().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(
        [count("SELECT count(*) FROM run"), count("SELECT count(*) FROM incident"), count("SELECT count(*) FROM occurrence")],
        [1, 1, 1]
    );
    assert_eq!(status(&nights.night(21, &[]).1, "load"), is("recurring", 0));
    let run = nights.history(&["prune", "--older-than", "0d", "--now", "2026-11-21T02:00:00Z"]);
    assert_eq!(run.out, "Removed what is older than 2026-11-21 02:00 UTC: 1 run, 0 failures, 0 incidents.\n", "{}", run.err);
    let run = nights.history(&["prune", "--older-than", "1d", "--now", "2026-12-21T02:00:00Z"]);
    assert_eq!(run.out, "Removed what is older than 2026-12-20 02:00 UTC: 1 run, 1 failure, 1 incident.\n", "{}", run.err);
    assert_eq!(count("SELECT count(*) FROM alias"), 0);
    assert_eq!(status(&nights.night(22, &[]).1, "load"), is("new", 1));
}

#[test]
fn a_trend_counts_by_incident_cause_and_dag() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.night(1, &[]);
    nights.fails(2, "push", RESET);
    nights.fails(2, "load", KEY);
    nights.night(2, &[]);
    nights.night(3, &[]);
    let table = |arguments: &[&str]| -> Value {
        let run = nights.history(&[&["trend", "-f", "json"], arguments].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err))
    };
    let trend = table(&[]);
    let counts: Vec<&Value> = trend["rows"].as_array().unwrap().iter().map(|row| &row["counts"]).collect();
    assert_eq!(counts, [&serde_json::json!([1, 1, 0]), &serde_json::json!([0, 1, 0])]);
    assert_eq!(table(&["--by", "dag"])["rows"], serde_json::json!([{ "key": "shop", "title": null, "counts": [1, 2, 0], "total": 3 }]));
    let total: i64 = table(&["--by", "cause"])["rows"].as_array().unwrap().iter().map(|row| row["total"].as_i64().unwrap()).sum();
    assert_eq!(total, 3);
    assert_eq!(table(&["--nights", "1", "--by", "dag"])["rows"], serde_json::json!([]));
    let text = nights.history(&["trend", "--by", "dag"]).out;
    assert_eq!(text, "11-01 11-02 11-03  total\n    1     2     .      3  shop\n");
}

#[test]
fn an_incident_is_shown_with_its_nights() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.night(1, &[]);
    nights.succeeds(2, "push");
    nights.night(2, &[]);
    let id: String = nights.open().query_row("SELECT id FROM incident", [], |row| row.get(0)).unwrap();
    let shown = nights.history(&["show", &id[..5]]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    assert!(shown.out.starts_with(&id) && shown.out.contains("2026-11-02 02:00     resolved "), "{}", shown.out);
    assert!(shown.out.contains("2026-11-01 01:00  shop.push try 1\n    /") && shown.out.contains("/attempt=1.log"), "{}", shown.out);
    assert!(nights.history(&["show", "zzz"]).err.contains("no incident `zzz` is recorded"));
}

#[test]
fn wrong_arguments_say_what_to_write() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    for (arguments, says) in [
        (&["logs", "--now", "tonight"][..], "--now tonight: write a time"),
        (&["logs", "--keep", "90"], "'90' is not a length of time"),
        (&["logs", "--baseline", "old.json"], "cannot be used with"),
        (&["logs", "-o", "json=state.sqlite"], "is that of --state"),
    ] {
        let run = run_with(&[&["--state", STATE], arguments].concat(), nights.path(), b"");
        assert!(run.code == 2 && run.err.contains(says), "{arguments:?}: {}", run.err);
        assert!(!nights.state().exists());
    }
    let run = run_with(&["logs", "--fail-on", "new"], nights.path(), b"");
    assert!(run.code == 2 && run.err.contains("with --state FILE"), "{}", run.err);
    let run = run_with(&["history", "list"], nights.path(), b"");
    assert!(run.code == 2 && run.err.contains("no state is named; give --state FILE"), "{}", run.err);
    let run = nights.history(&["list"]);
    assert!(run.code == 2 && run.err.contains("state.sqlite: there is no such file; a run with --state makes it"), "{}", run.err);
}

#[test]
fn nothing_that_is_recorded_acts_on_a_terminal() {
    let nights = Nights::new();
    nights.fails(1, "push", "shop.OddError: \u{1b}[2J\u{202e}gone");
    nights.night(1, &[]);
    let id: String = nights.open().query_row("SELECT id FROM incident", [], |row| row.get(0)).unwrap();
    for arguments in
        [&["list"][..], &["list", "-f", "json"], &["show", &id], &["show", &id, "-f", "json"], &["trend"], &["trend", "-f", "json"]]
    {
        let run = nights.history(arguments);
        assert!(run.code == 0 && run.out.contains("OddError"), "{arguments:?}: {}{}", run.out, run.err);
        assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {:?}", run.out);
    }
}

/// The schema is what people who ask look into: each column says what it holds, but for those whose name is enough.
#[test]
fn the_schema_that_is_told_is_the_one_that_is_made() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.night(1, &[]);
    let told = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/history/schema-1.sql")).unwrap();
    let plain = rusqlite::Connection::open_in_memory().unwrap();
    plain.execute_batch(&told).unwrap();
    let made = nights.open();
    let schema = |connection: &rusqlite::Connection| -> Vec<String> {
        let mut query = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(schema(&made), schema(&plain));
    assert!(!told.contains("STRICT;"), "sqlite3 before 3.37 reads no such tables");
    let [version, application] = ["user_version", "application_id"]
        .map(|pragma| made.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0)).unwrap());
    assert_eq!((version, application), (1, 0x6461_6773));
}

/// What the README shows people to ask.
#[test]
fn the_queries_of_the_readme_run() {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.night(1, &[]);
    nights.fails(2, "push", RESET);
    nights.night(2, &[]);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let queries: Vec<&str> = readme.split("```sql\n").skip(1).flat_map(|block| block.split("```").next().unwrap().split(";\n")).collect();
    let queries: Vec<&str> = queries.into_iter().filter(|query| !query.trim().is_empty()).collect();
    assert_eq!(queries.len(), 3);
    let connection = nights.open();
    for query in queries {
        let rows = connection.prepare(query).unwrap().query_map([], |_| Ok(())).unwrap().count();
        assert!(rows > 0, "{query}");
    }
}

#[test]
fn of_two_incidents_that_are_one_over_the_nights_each_has_its_own_new_failures() {
    let nights = Nights::new();
    let outage = |day: u32| ["push", "load", "pull", "send"].into_iter().for_each(|task| nights.fails(day, task, RESET));
    outage(1);
    nights.night(1, &[]);
    outage(20);
    let (_, report) = nights.night(20, &[]);
    let mut new: Vec<(&str, u64)> = report["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| (incident["history"]["id"].as_str().unwrap(), incident["history"]["new_occurrences"].as_u64().unwrap()))
        .collect();
    new.sort_by_key(|(_, new)| *new);
    assert!(new.len() == 2 && new[0].0 == new[1].0, "{new:?}");
    assert_eq!((new[0].1, new[1].1), (0, 4));
    assert_eq!((&report["history"]["recurring"], &report["history"]["new"]), (&json!(1), &json!(0)), "{}", report["history"]);
}
