//! The command line: what each flag and subcommand does, and what the exit code tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::logs::{log_of, put};
use crate::program::{Run, run, run_with};

/// A failed task whose last line but two says `message`.
fn failed(message: &str) -> String {
    format!(
        "[2026-11-20 01:00:00,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  \
           File \"/opt/airflow/dags/shop.py\", line 12, in push\n    \
             push()\n\
         {message}\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1226}} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n\
         [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    )
}

const SUCCEEDED: &str = "[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";

const RESET: &str = "ConnectionResetError: [Errno 104] Connection reset by peer";

/// A folder with the log of one task, `push`.
fn tree(log: &str) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("push"), log);
    tree
}

/// Runs the program in a folder, on the logs in it.
fn run_in(folder: &tempfile::TempDir, arguments: &[&str]) -> Run {
    run_with(&[&["dag_id=shop"], arguments].concat(), folder.path(), b"")
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("exit code {}, {error}: {}{}", run.code, run.out, run.err))
}

/// A rule file with one symptom of a severity.
fn rule(id: &str, severity: &str, literal: &str) -> String {
    format!(
        "version: 1\nsymptoms:\n  - {{ id: {id}, title: My title, severity: {severity}, category: code, match: {{ literal: '{literal}' }}, causes: [my-cause] }}\n\
         causes:\n  - {{ id: my-cause, title: My cause, layer: data, owner: data_provider, what: W., prior: 0.5, retry: {{ helps: unknown, safe: \"no\", says: No. }} }}\n"
    )
}

#[test]
fn fail_on_has_both_sides_of_its_edge_at_every_severity() {
    let severities = ["info", "low", "medium", "high", "critical"];
    for (rank, severity) in severities.iter().enumerate() {
        let tree = tree(&failed("KeyError: unheard-of"));
        put(tree.path(), "rules/mine.yaml", rule("mine", severity, "unheard-of"));
        for (edge, fail_on) in severities.iter().enumerate() {
            let run = run_in(&tree, &["--no-builtin-rules", "--rules", "rules", "--fail-on", fail_on]);
            assert_eq!(run.code, i32::from(rank >= edge), "{severity} with --fail-on {fail_on}: {}{}", run.out, run.err);
        }
        assert_eq!(run_in(&tree, &["--no-builtin-rules", "--rules", "rules", "--fail-on", "never"]).code, 0);
    }
}

#[test]
fn the_exit_code_is_0_without_findings_and_1_with_them() {
    let (good, bad) = (tree(SUCCEEDED), tree(&failed(RESET)));
    for (tree, arguments, code) in [
        (&good, &[][..], 0),
        (&good, &["--fail-on", "info"], 0),
        (&bad, &[], 1),
        (&bad, &["--fail-on", "never"], 0),
        (&bad, &["-f", "json"], 1),
        (&bad, &["-f", "markdown"], 1),
    ] {
        let run = run_in(tree, arguments);
        assert_eq!((run.code, run.err.as_str()), (code, ""), "{arguments:?}: {}", run.out);
    }
    assert_eq!(run_with(&["diagnose", "dag_id=shop"], bad.path(), b"").out, run_in(&bad, &[]).out, "with and without the word");
}

#[test]
fn what_cannot_be_carried_out_is_an_error_with_a_message() {
    let tree = tree(SUCCEEDED);
    for (arguments, words) in [
        (&["--unknown"][..], "--unknown"),
        (&["--format", "yaml"], "markdown"),
        (&["--fail-on", "loud"], "critical"),
        (&["--threads", "many"], "many"),
        (&["--timezone", "Nowhere/Land"], "Nowhere/Land"),
        (&["--rules", "absent"], "absent"),
        (&["-o", "absent/report.txt"], "absent/report.txt"),
        (&["absent"], "absent"),
    ] {
        let run = run_in(&tree, arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.starts_with("error: ") && run.err.contains(words), "{arguments:?}: {}", run.err);
    }
    let nothing = run(&[]);
    assert!(nothing.code == 2 && nothing.err.contains("Usage: dagnosis"), "{}", nothing.err);
    let no_path = run(&["diagnose"]);
    assert!(no_path.code == 2 && no_path.err.contains("no input"), "{}", no_path.err);
    let unknown = run(&["rules", "absent"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["-h"], &["rules", "--help"], &["explain", "--help"], &["diagnose", "--help"]] {
        let run = run(arguments);
        assert!(run.code == 0 && run.out.contains("Usage: ") && run.err.is_empty(), "{arguments:?}: {}", run.err);
    }
    let help = run(&["--help"]).out;
    for words in ["--fail-on", "--rules", "--no-builtin-rules", "--timezone", "Exit codes:", "Examples:"] {
        assert!(help.contains(words), "{words} is missing: {help}");
    }
    assert_eq!(run(&["--version"]).out, format!("dagnosis {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn quiet_prints_nothing_below_the_threshold_and_all_above() {
    let (good, bad) = (tree(SUCCEEDED), tree(&failed(RESET)));
    assert_eq!((run_in(&good, &["--quiet"]).out.as_str(), run_in(&good, &["-q"]).code), ("", 0));
    assert_eq!(run_in(&bad, &["--quiet", "--fail-on", "never"]).out, "");
    assert_eq!(run_in(&bad, &["--quiet"]).out, run_in(&bad, &[]).out);
    // What could not be read is said all the same.
    put(good.path(), &format!("{}.gz", log_of("cut")), b"\x1f\x8b\x08\x00cut");
    let run = run_in(&good, &["--quiet"]);
    assert!(run.code == 3 && run.out.contains("attempt=1.log.gz"), "{}", run.out);
}

#[test]
fn a_report_goes_into_a_file_as_it_would_be_printed() {
    let tree = tree(&failed(RESET));
    for format in ["text", "markdown", "json"] {
        let file = tree.path().join(format!("report.{format}"));
        fs::write(&file, "an older and much longer report\n".repeat(1000)).unwrap();
        let run = run_in(&tree, &["-f", format, "-o", file.to_str().unwrap(), "--color", "always"]);
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (1, "", ""), "{format}");
        assert_eq!(fs::read_to_string(&file).unwrap(), run_in(&tree, &["--format", format]).out, "{format}");
    }
}

#[test]
fn each_format_is_what_it_says() {
    let tree = tree(&failed(RESET));
    let text = run_in(&tree, &["-f", "text"]).out;
    assert_eq!(text, run_in(&tree, &[]).out);
    assert!(text.starts_with("1 incident") && text.contains("   Why        "), "{text}");
    let markdown = run_in(&tree, &["-f", "markdown"]).out;
    assert!(markdown.starts_with("# ") && markdown.contains("\n|---"), "{markdown}");
    assert_eq!(json(&run_in(&tree, &["-f", "json"]))["schema"], "dagnosis.report/1");
}

#[test]
fn the_json_lists_the_attempts_that_are_asked_for() {
    let tree = tree(&failed(RESET));
    put(tree.path(), &log_of("fine"), SUCCEEDED);
    for (which, count) in [("all", 2), ("failed", 1), ("none", 0)] {
        let report = json(&run_in(&tree, &["-f", "json", "--attempts", which]));
        assert_eq!(report["attempts"].as_array().unwrap().len(), count, "{which}");
        assert_eq!((&report["totals"]["attempts"], &report["incidents"][0]["attempt_count"]), (&2.into(), &1.into()), "{which}");
    }
}

#[test]
fn colours_are_printed_when_asked_for_only() {
    let tree = tree(&failed(RESET));
    let plain = run_in(&tree, &["--color", "never"]).out;
    let coloured = run_in(&tree, &["--color", "always"]).out;
    assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}["), "{coloured}");
    assert_eq!(run_in(&tree, &[]).out, plain, "a pipe is no terminal");
    for format in ["json", "markdown"] {
        assert!(!run_in(&tree, &["-f", format, "--color", "always"]).out.contains('\u{1b}'), "{format}");
    }
    let mut left = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        left.push_str(before);
        rest = escape.split_once('m').unwrap().1;
    }
    left.push_str(rest);
    assert_eq!(left, plain, "colours change nothing else");
}

#[test]
fn the_timezone_is_that_of_timestamps_without_one() {
    let tree = tree(&failed(RESET));
    put(tree.path(), &log_of("zoned"), failed(RESET).replace("01:00:00,000]", "01:00:00,000+0000]").replace("2026-11-20 ", "2026-11-20T"));
    for (zone, first) in
        [("UTC", "2026-11-20T01:00:00Z"), ("Europe/Berlin", "2026-11-20T00:00:00Z"), ("Asia/Kolkata", "2026-11-19T19:30:00Z")]
    {
        let report = json(&run_in(&tree, &["-f", "json", "--timezone", zone]));
        let started = report["attempts"].as_array().unwrap().iter().find(|attempt| attempt["task_id"] == "push").unwrap();
        assert_eq!(started["started"], first, "{zone}");
    }
    assert_eq!(run_in(&tree, &[]).out, run_in(&tree, &["--timezone", "UTC"]).out);
}

#[test]
fn standard_input_is_read() {
    let run = run_with(&["-", "-f", "json"], Path::new("."), failed(RESET).as_bytes());
    assert_eq!(run.code, 1);
    assert_eq!(json(&run)["incidents"][0]["symptom"], "connection-reset");
}

#[test]
fn rules_are_listed_shown_and_explained() {
    let list = run(&["rules", "list"]);
    assert!(list.code == 0 && list.out.lines().count() > 150, "{}", list.out);
    for id in ["connection-reset", "keepalive-race"] {
        assert!(list.out.contains(id), "{id} is not listed");
        let shown = run(&["rules", "show", id]);
        assert!(shown.code == 0 && shown.out.contains(&format!("- id: {id}")), "{}{}", shown.out, shown.err);
        let page = run(&["explain", id]);
        assert!(page.code == 0 && page.out.contains(id) && page.out.len() > 200, "{}{}", page.out, page.err);
    }
    for arguments in [&["explain", "absent-id"][..], &["rules", "show", "absent-id"]] {
        let run = run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.contains("absent-id"), "{}", run.err);
    }
}

#[test]
fn the_built_in_rules_pass_their_own_checks() {
    for command in ["lint", "test"] {
        let run = run(&["rules", command]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{command}: {}", run.out);
        assert!(!run.out.is_empty());
    }
}

#[test]
fn an_example_that_does_not_hold_is_told() {
    let rules = tempfile::tempdir().unwrap();
    let text = rule("mine", "low", "unheard-of").replace(
        "causes: [my-cause] }",
        "causes: [my-cause], examples: { matching: ['something else', 'an unheard-of thing'], not_matching: ['this', 'that'] } }",
    );
    put(rules.path(), "mine.yaml", text);
    let run = run(&["rules", "test", "--no-builtin-rules", "--rules", rules.path().to_str().unwrap()]);
    assert!(run.code == 1 && run.out.contains("mine") && run.out.contains("something else"), "{}{}", run.out, run.err);
}

#[test]
fn the_schema_is_one_and_holds() {
    let run = run(&["schema"]);
    assert_eq!(run.code, 0);
    let schema = json(&run);
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let tree = tree(&failed(RESET));
    assert!(validator.is_valid(&json(&run_in(&tree, &["-f", "json"]))));
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "dagnosis.report/1" })));
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_a_quiet_end() {
    for arguments in ["sample-logs", "sample-logs -f json --attempts all", "rules list", "schema", "explain connection-reset"] {
        let script = format!("{{ {} {arguments}; echo code $? >&2; }} | head -n 1", env!("CARGO_BIN_EXE_dagnosis"));
        let output = Command::new("sh").arg("-c").arg(&script).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.lines().count(), 1, "{arguments}");
        // What fits into the pipe is written before it closes: then the code is that of a whole report.
        assert!(err == "code 0\n" || err == "code 1\n", "{arguments}: {err}");
    }
}

#[test]
#[cfg(unix)]
fn a_report_that_cannot_be_written_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let script = format!("{} sample-logs > /dev/full", env!("CARGO_BIN_EXE_dagnosis"));
    let output = Command::new("sh").arg("-c").arg(&script).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && err.starts_with("error: cannot write the report"), "{err}");
}

#[test]
fn rules_of_ones_own_are_all_there_is_without_the_built_in_ones() {
    let tree = tree(&failed(&format!("{RESET}\nunheard-of")));
    put(tree.path(), "rules/deep/mine.yaml", rule("mine", "high", "unheard-of"));
    let report = json(&run_in(&tree, &["-f", "json", "--no-builtin-rules", "--rules", "rules"]));
    let ids: Vec<&Value> = report["attempts"][0]["symptoms"].as_array().unwrap().iter().map(|shown| &shown["id"]).collect();
    assert_eq!(ids, ["mine"]);
    assert_eq!(report["incidents"][0]["causes"][0]["id"], "my-cause");
    // Without any rule a failure is still a failure.
    let bare = run_in(&tree, &["-f", "json", "--no-builtin-rules"]);
    assert_eq!((bare.code, &json(&bare)["incidents"][0]["symptom"]), (1, &Value::Null));
    assert_eq!(run(&["rules", "list", "--no-builtin-rules"]).out.lines().count(), 0);
}

#[test]
fn a_rule_of_ones_own_replaces_the_built_in_one_of_its_id() {
    let tree = tree(&failed(RESET));
    put(tree.path(), "mine/mine.yaml", rule("connection-reset", "critical", "Connection reset by peer"));
    let before = json(&run_in(&tree, &["-f", "json"]));
    let after = json(&run_in(&tree, &["-f", "json", "--rules", "mine"]));
    assert_eq!((&before["incidents"][0]["severity"], &after["incidents"][0]["severity"]), (&"high".into(), &"critical".into()));
    assert_eq!(after["incidents"][0]["symptom"], "connection-reset");
    assert_eq!(after["incidents"][0]["causes"][0]["id"], "my-cause");
    assert!(after["incidents"][0]["title"].as_str().unwrap().starts_with("My title"), "{after:#}");
    let shown = run_with(&["rules", "show", "connection-reset", "--rules", "mine"], tree.path(), b"");
    assert!(shown.out.contains("My title") && shown.out.contains("mine.yaml"), "{}", shown.out);
}

#[test]
fn a_built_in_rule_can_be_switched_off() {
    let tree = tree(&failed(RESET));
    put(tree.path(), "off/off.yaml", "version: 1\ndisable: [connection-reset, undetermined-remote-close]\n");
    let report = json(&run_in(&tree, &["-f", "json", "--rules", "off"]));
    let symptoms = report["attempts"][0]["symptoms"].as_array().unwrap();
    assert!(symptoms.iter().all(|shown| shown["id"] != "connection-reset"), "{symptoms:?}");
    let causes = report["incidents"][0]["causes"].as_array().unwrap();
    assert!(causes.iter().all(|cause| cause["id"] != "undetermined-remote-close"), "{causes:?}");
    assert!(!run_with(&["rules", "list", "--rules", "off"], tree.path(), b"").out.lines().any(|line| line.contains(" connection-reset ")));

    put(tree.path(), "typo/typo.yaml", "version: 1\ndisable: [conection-reset]\n");
    let run = run_in(&tree, &["--rules", "typo"]);
    assert!(run.code == 2 && run.err.contains("conection-reset"), "{}", run.err);
}
