//! What was known before a run: entries of `dagnosis.yaml` that ignore incidents, options that stand there, and the incidents of an earlier report.

use std::fs;

use serde_json::Value;

use crate::logs::{log_of, put};
use crate::program::{Run, run, run_with};

/// A folder with the failed attempts of two tasks, `push` with a connection that was reset and `load` with a key that is missing.
fn night() -> tempfile::TempDir {
    let night = tempfile::tempdir().unwrap();
    for (task, message) in [("push", "ConnectionResetError: [Errno 104] Connection reset by peer"), ("load", "KeyError: 'margin'")] {
        put(night.path(), &log_of(task), failed(task, message));
    }
    night
}

fn failed(task: &str, message: &str) -> String {
    format!(
        "[2026-11-20 01:00:00,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in {task}\n    {task}()\n{message}\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1226}} INFO - Marking task as FAILED. dag_id=shop, task_id={task}\n\
         [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    )
}

fn run_in(folder: &tempfile::TempDir, arguments: &[&str]) -> Run {
    run_with(&[&["dag_id=shop"], arguments].concat(), folder.path(), b"")
}

fn settings(folder: &tempfile::TempDir, text: &str) {
    put(folder.path(), "dagnosis.yaml", text);
}

fn json(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, Value) {
    let run = run_in(folder, &[arguments, &["-f", "json"]].concat());
    let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
    let schema = serde_json::from_str(&crate::program::run(&["schema"]).out).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    (run.code, report)
}

fn count(report: &Value, list: &str) -> usize {
    report[list].as_array().unwrap().len()
}

const BOTH: &str = "ignore:\n  - { dag: shop, reason: Both are known, owner: data team, expires: 2026-12-31 }\n";

#[test]
fn a_known_failure_exits_with_0_and_is_told_as_ignored() {
    let night = night();
    assert_eq!(run_in(&night, &[]).code, 1);
    settings(&night, BOTH);
    let run = run_in(&night, &["--today", "2026-12-31"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.contains("2 incidents ignored: Both are known (owner data team, until 2026-12-31)."), "{}", run.out);
    assert!(run.out.contains("but those that are ignored") && run.out.contains("Settings of dagnosis.yaml are used"), "{}", run.out);
    assert!(!run.out.contains("reset") && !run.out.contains("without any trace"), "{}", run.out);
    assert_eq!(run_in(&night, &["--no-config"]).code, 1);
    let shown = run_in(&night, &["--today", "2026-12-31", "--show-ignored"]);
    assert!(shown.code == 0 && shown.out.contains("Ignored\n") && shown.out.contains("dagnosis.yaml:2"), "{}", shown.out);
}

#[test]
fn the_json_lists_what_is_ignored_apart() {
    let night = night();
    settings(&night, BOTH);
    let (code, report) = json(&night, &["--today", "2026-11-20"]);
    assert_eq!((code, count(&report, "incidents"), count(&report, "ignored"), count(&report, "attempts")), (0, 0, 2, 2));
    let entry = &report["ignored"][0]["entry"];
    assert_eq!([&entry["reason"], &entry["owner"], &entry["expires"]], ["Both are known", "data team", "2026-12-31"]);
    assert_eq!((entry["file"].as_str(), entry["line"].as_u64()), (Some("dagnosis.yaml"), Some(2)));
    for attempt in report["attempts"].as_array().unwrap() {
        let ignored = attempt["ignored"].as_u64().unwrap() as usize;
        let listed = report["ignored"][ignored]["attempts"][0].as_u64().unwrap() as usize;
        assert_eq!((&attempt["incident"], &report["attempts"][listed]), (&Value::Null, attempt));
    }
}

/// Each key alone, and several that must all match.
#[test]
fn an_entry_ignores_what_all_its_keys_match() {
    let night = night();
    let (_, all) = json(&night, &["--no-config"]);
    let incidents = all["incidents"].as_array().unwrap();
    let reset = incidents.iter().find(|incident| incident["scope"]["tasks"][0] == "shop.push").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, symptom, cause) = (text(&reset["id"]), text(&reset["symptom"]), text(&reset["causes"][0]["id"]));
    for (keys, ignored) in [
        (format!("incident: {id}"), 1),
        (format!("symptom: {symptom}"), 1),
        (format!("cause: {cause}"), 1),
        ("dag: sh*".to_owned(), 2),
        ("task: push".to_owned(), 1),
        ("task: 'shop.*'".to_owned(), 2),
        ("dag: other".to_owned(), 0),
        (format!("symptom: {symptom}, task: load"), 0),
        (format!("symptom: {symptom}, dag: shop, task: 'p*'"), 1),
    ] {
        settings(&night, &format!("ignore: [ {{ {keys}, reason: Known }} ]\n"));
        let (code, report) = json(&night, &[]);
        assert_eq!((count(&report, "ignored"), code), (ignored, i32::from(ignored < 2)), "{keys}");
        assert_eq!(count(&report["settings"], "unused"), usize::from(ignored == 0), "{keys}");
    }
    let run = run_in(&night, &[]);
    assert!(!run.out.contains("Remarks"), "{}", run.out);
    settings(&night, "ignore: [ { dag: other, reason: Gone } ]\n");
    let run = run_in(&night, &[]);
    assert!(run.code == 1 && run.out.contains("dagnosis.yaml:1: no incident matches this entry (Gone)"), "{}", run.out);
}

#[test]
fn an_incident_of_two_dags_is_not_that_of_one() {
    let night = night();
    put(
        night.path(),
        "dag_id=crm/run_id=r/task_id=push/attempt=1.log",
        failed("push", "ConnectionResetError: [Errno 104] Connection reset by peer"),
    );
    let of = |entry: &str| {
        settings(&night, &format!("ignore: [ {{ task: push, {entry}, reason: Known }} ]\n"));
        let run = run_with(&["dag_id=shop", "dag_id=crm", "-f", "json"], night.path(), b"");
        let report: Value = serde_json::from_str(&run.out).unwrap();
        let logs: u64 = report["ignored"].as_array().unwrap().iter().map(|ignored| ignored["attempt_count"].as_u64().unwrap()).sum();
        (logs, report["incidents"].as_array().unwrap().len() + report["ignored"].as_array().unwrap().len())
    };
    let (logs, incidents) = of("dag: '*'");
    assert_eq!(logs, 2);
    assert_eq!(of("dag: shop").0, if incidents == 2 { 0 } else { 1 }, "{incidents} incidents");
}

#[test]
fn an_entry_counts_up_to_its_last_day_and_then_is_an_error() {
    let night = night();
    settings(&night, BOTH);
    let (code, _) = json(&night, &["--today", "2026-12-31"]);
    assert_eq!(code, 0);
    let run = run_in(&night, &["--today", "2027-01-01", "--fail-on", "never", "-q"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(
        run.err.starts_with("dagnosis.yaml:2:69: error[expired]: this entry counted up to 2026-12-31, and today is 2027-01-01\n"),
        "{}",
        run.err
    );
    assert!(run.out.contains("2 incidents") && !run.out.contains("ignored:"), "the report is whole: {}", run.out);
    let (code, report) = json(&night, &["--today", "2027-01-01"]);
    assert_eq!((code, count(&report, "incidents"), count(&report["settings"], "expired")), (2, 2, 1));
}

#[test]
fn what_is_wrong_in_the_settings_is_told_with_its_place() {
    let night = night();
    for (text, told) in [
        ("ignore:\n  - { dag: shop, reasons: Known }\n", "dagnosis.yaml:2:18: error[unknown-field]: unknown field `reasons`"),
        ("ignore:\n  - { dag: shop }\n", "dagnosis.yaml:2:5: error[missing-field]: the required field `reason` is missing"),
        ("ignore:\n  - { reason: Known }\n", "dagnosis.yaml:2:5: error[ignore]: this entry names no incident"),
        ("ignore: [ { dag: shop, reason: '' } ]", "dagnosis.yaml:1:32: error[ignore]: no reason is given"),
        (
            "ignore: [ { symptom: connection-rest, reason: K } ]",
            "dagnosis.yaml:1:22: error[dead-reference]: there is no symptom `connection-rest`",
        ),
        ("ignore: [ { cause: no-such, reason: K } ]", "dagnosis.yaml:1:20: error[dead-reference]: there is no cause `no-such`"),
        ("ignore: [ { incident: 12, reason: K } ]", "dagnosis.yaml:1:23: error[wrong-type]: found the number 12"),
        ("ignore: [ { incident: '12', reason: K } ]", "dagnosis.yaml:1:23: error[ignore]: `12` is no id of an incident"),
        ("ignore: [ { dag: '', reason: K } ]", "dagnosis.yaml:1:18: error[ignore]: `dag` is empty"),
        ("ignore: [ { dag: a, reason: K, expires: 31.12.2026 } ]", "dagnosis.yaml:1:41: error[ignore]: `31.12.2026` is no date"),
        ("ignore: [ { dag: a, reason: K, expires: 2026-02-30 } ]", "`2026-02-30` is no date"),
        ("ignore: { dag: a }", "found a map where a list is expected"),
        ("fail_on: high", "dagnosis.yaml:1:1: error[unknown-field]: unknown setting `fail_on`"),
        ("config: other.yaml", "`config` has no place in the settings"),
        ("quick: 7", "dagnosis.yaml:1:8: error[wrong-type]: `quick` is true or false"),
        ("format: [text, json]", "dagnosis.yaml:1:9: error[wrong-type]: `format` takes one text"),
        ("quiet: true\nfail-on: loud", "dagnosis.yaml:2:10: error[option]: invalid value 'loud' for '--fail-on"),
        ("max-unpacked: much", "dagnosis.yaml:1:15: error[option]: invalid value 'much' for '--max-unpacked"),
        ("mask: 'a'\nno-mask: true", "dagnosis.yaml:2:10: error[option]: the argument"),
        ("null: true", "dagnosis.yaml:1:7: error[option]: the following required arguments were not provided"),
        ("- a", "error[wrong-type]: settings are a map"),
        ("quick: true\nquick: true", "dagnosis.yaml:2:1: error[yaml]: the key `quick` stands twice"),
        ("a: 'b", "dagnosis.yaml:1:"),
        ("quick: !x true", "has no meaning in a file of settings"),
        ("timezone: Nowhere/Land", "dagnosis.yaml:1:11: error[option]: --timezone: "),
    ] {
        settings(&night, text);
        let run = run_in(&night, &[]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{text}: {}", run.err);
        assert!(run.err.contains(told), "{text}: {}", run.err);
    }
    settings(&night, "ignore: [ { symptom: connection-rest, reason: K } ]");
    assert!(run_in(&night, &[]).err.contains("did you mean `connection-reset`"), "{}", run_in(&night, &[]).err);
    fs::write(night.path().join("dagnosis.yaml"), b"\xff\xfe\x00").unwrap();
    let run = run_in(&night, &[]);
    assert!(run.code == 2 && run.err.contains("cannot read the settings in dagnosis.yaml: it is no UTF-8 text"), "{}", run.err);
    let run = run_in(&night, &["--config", "absent.yaml"]);
    assert!(run.code == 2 && run.err.contains("cannot read the settings in absent.yaml"), "{}", run.err);
    let run = run_in(&night, &["--no-config", "--today", "soon"]);
    assert!(run.code == 2 && run.err.contains("--today soon: write a date"), "{}", run.err);
}

#[test]
fn options_stand_in_the_settings_and_the_command_line_counts_more() {
    let night = night();
    settings(&night, "format: markdown\nfail-on: never\n");
    let run = run_in(&night, &[]);
    assert!(run.code == 0 && run.out.starts_with("# Why tasks failed"), "{}", run.out);
    let run = run_in(&night, &["--fail-on", "low"]);
    assert!(run.code == 1 && run.out.starts_with("# Why tasks failed"), "{}", run.out);
    let run = run_in(&night, &["--no-config"]);
    assert!(run.code == 1 && !run.out.starts_with('#'), "{}", run.out);
    put(night.path(), "ci/other.yaml", "format: github\n");
    let run = run_in(&night, &["--config", "ci/other.yaml"]);
    assert!(run.code == 1 && run.out.contains("\n::"), "{}", run.out);
    assert_eq!(run_with(&["diagnose", "dag_id=shop"], night.path(), b"").out, run_in(&night, &[]).out, "with and without the word");
    // What the command line gives excludes what stands against it in the settings.
    settings(&night, "no-mask: true\n");
    assert_eq!(run_in(&night, &["--mask", "peer", "--fail-on", "never"]).code, 0);
    settings(&night, "output: [sarif=a.sarif, junit=b.xml]\nthreads: 2\nquiet: false\n# nothing else\n");
    assert_eq!(run_in(&night, &[]).code, 1);
    assert!(night.path().join("a.sarif").exists() && night.path().join("b.xml").exists());
    settings(&night, "");
    assert_eq!(run_in(&night, &[]).code, 1);
}

#[test]
fn a_subcommand_takes_the_options_that_are_its_own_too() {
    let night = night();
    put(
        night.path(),
        "mine/my.yaml",
        "version: 1\nsymptoms:\n  - { id: mine, title: My own title, severity: low, category: code, match: { literal: abc }, causes: [] }\n",
    );
    settings(&night, "rules: [mine]\nformat: sarif\noutput: never.txt\nignore: []\n");
    for arguments in [&["rules", "list"][..], &["explain", "mine"], &["rules", "show", "mine"]] {
        let run = run_with(arguments, night.path(), b"");
        assert!(run.code == 0 && run.out.contains("My own title"), "{arguments:?}: {}{}", run.out, run.err);
        let run = run_with(&[arguments, &["--no-config"]].concat(), night.path(), b"");
        assert!(!run.out.contains("My own title"), "{arguments:?}: {}", run.out);
    }
    assert!(!night.path().join("never.txt").exists());
    assert_eq!(run_with(&["schema"], night.path(), b"").code, 0);
}

/// Every long option that the help lists is known to the settings, also one that is added later.
#[test]
fn every_option_of_the_help_may_stand_in_the_settings() {
    let night = night();
    let help = run(&["--help"]).out;
    let options: Vec<&str> = help
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let name = if line.starts_with("--") { line } else { line.strip_prefix('-')?.get(1..)?.strip_prefix(", ")? };
            name.strip_prefix("--")?.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()
        })
        .filter(|name| !["config", "no-config", "help", "version"].contains(name))
        .collect();
    assert!(options.len() > 25 && options.contains(&"fail-on") && options.contains(&"max-depth"), "{options:?}");
    for option in options {
        // Whatever is said of the value, the name is known.
        settings(&night, &format!("{option}: {{}}\n"));
        let run = run_in(&night, &[]);
        assert!(
            run.code == 2 && run.err.contains("error[wrong-type]") && run.err.contains(&format!("`{option}`")),
            "{option}: {}",
            run.err
        );
    }
}

#[test]
fn what_is_not_in_the_baseline_is_new() {
    let night = night();
    fs::rename(night.path().join(log_of("load")), night.path().join("later")).unwrap();
    assert_eq!(run_in(&night, &["-f", "json", "-o", "base.json"]).code, 1);
    let against = |arguments: &[&str]| run_in(&night, &[&["--baseline", "base.json"], arguments].concat());
    let run = against(&["--fail-on", "new"]);
    assert!(run.code == 0 && run.out.contains("Against base.json: 0 incidents are new, 1 known."), "{}", run.out);
    assert!(run.out.contains("(known)"), "{}", run.out);
    assert_eq!(against(&[]).code, 1, "without new it is the severity alone that counts");
    put(night.path(), &log_of("load"), fs::read(night.path().join("later")).unwrap());
    let run = against(&["--fail-on", "new"]);
    assert!(run.code == 1 && run.out.contains("Against base.json: 1 incident is new, 1 known."), "{}", run.out);
    let (_, report) = json(&night, &["--baseline", "base.json"]);
    let statuses: Vec<(&str, &str)> = report["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| (incident["scope"]["tasks"][0].as_str().unwrap(), incident["status"].as_str().unwrap()))
        .collect();
    assert!(statuses.contains(&("shop.load", "new")) && statuses.contains(&("shop.push", "recurring")), "{statuses:?}");
    // The severity counts besides.
    assert_eq!(against(&["--fail-on", "new,critical"]).code, 0);
    assert_eq!(against(&["--fail-on", "new,low"]).code, 1);
    fs::remove_file(night.path().join(log_of("push"))).unwrap();
    let run = against(&["--fail-on", "new"]);
    assert!(run.code == 1 && run.out.contains("1 incident is new, 0 known, 1 of it gone."), "{}", run.out);
}

#[test]
fn what_was_ignored_then_is_known_now() {
    let night = night();
    settings(&night, BOTH);
    assert_eq!(run_in(&night, &["--today", "2026-12-01", "-f", "json", "-o", "base.json"]).code, 0);
    let run = run_in(&night, &["--no-config", "--baseline", "base.json", "--fail-on", "new"]);
    assert!(run.code == 0 && run.out.contains("0 incidents are new, 2 known."), "{}", run.out);
}

#[test]
fn a_baseline_that_is_no_report_is_named_as_what_it_is() {
    let night = night();
    for (name, format) in [("a.sarif", "sarif"), ("b.xml", "junit"), ("c.json", "gitlab"), ("d.md", "markdown"), ("e.txt", "text")] {
        run_in(&night, &["-f", format, "-o", name]);
    }
    run_in(&night, &["-f", "json", "-o", "whole.json"]);
    let whole = fs::read_to_string(night.path().join("whole.json")).unwrap();
    put(night.path(), "cut.json", &whole[..whole.len() / 2]);
    put(night.path(), "empty.json", "");
    put(night.path(), "next.json", "{ \"schema\": \"dagnosis.report/2\" }");
    put(night.path(), "none.json", "{ \"schema\": \"dagnosis.report/1\" }");
    for (name, is) in [
        ("a.sarif", "but SARIF"),
        ("b.xml", "but XML"),
        ("c.json", "but a JSON list"),
        ("d.md", "but a report in Markdown"),
        ("e.txt", "but another text"),
        ("cut.json", "but JSON that ends early"),
        ("empty.json", "but an empty file"),
        ("next.json", "but one of the form `dagnosis.report/2`"),
        ("none.json", "without the ids of its incidents"),
        ("absent.json", "cannot be read"),
    ] {
        let run = run_in(&night, &["--baseline", name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}: {}", run.err);
        assert!(run.err.starts_with(&format!("error: --baseline {name}: ")) && run.err.contains(is), "{name}: {}", run.err);
    }
    for (words, says) in [("new", "with --baseline"), ("low,high", "takes one severity")] {
        let run = run_in(&night, &["--fail-on", words]);
        assert!(run.code == 2 && run.err.contains(says), "{words}: {}", run.err);
    }
}

#[test]
fn the_formats_for_ci_tell_what_is_known() {
    let night = night();
    run_in(&night, &["-f", "json", "-o", "base.json"]);
    settings(&night, "ignore:\n  - { task: load, reason: Being mended }\n");
    let of = |format: &str, more: &[&str]| run_in(&night, &[&["-f", format, "--baseline", "base.json"], more].concat()).out;
    let sarif =
        |more: &[&str]| serde_json::from_str::<Value>(&of("sarif", more)).unwrap()["runs"][0]["results"].as_array().unwrap().clone();
    let told = sarif(&[]);
    assert_eq!((told.len(), &told[0]["baselineState"], told[0].get("suppressions")), (1, &Value::from("unchanged"), None));
    let shown = sarif(&["--show-ignored"]);
    let suppressed: Vec<&Value> = shown.iter().map(|result| &result["suppressions"]).collect();
    assert_eq!(suppressed.len(), 2);
    assert_eq!(suppressed[0], &serde_json::json!([]));
    assert_eq!(suppressed[1], &serde_json::json!([{ "kind": "external", "status": "accepted", "justification": "Being mended" }]));
    let junit = of("junit", &[]);
    let junit = roxmltree::Document::parse(&junit).unwrap();
    let case = |name: &str| junit.descendants().find(|node| node.attribute("name") == Some(name) && node.has_tag_name("testcase")).unwrap();
    let inner = |name: &str, tag: &str| {
        case(name).children().find(|node| node.has_tag_name(tag)).map(|node| node.attribute("message").unwrap_or_default().to_owned())
    };
    assert_eq!(inner("load", "skipped").as_deref(), Some("ignored: Being mended"));
    assert!(inner("push", "failure").is_some());
    let gitlab: Value = serde_json::from_str(&of("gitlab", &[])).unwrap();
    assert_eq!(gitlab.as_array().unwrap().len(), 1);
    let github = of("github", &[]);
    assert!(
        github.lines().filter(|line| line.starts_with("::")).count() == 1 && github.contains("1 incident ignored: Being mended."),
        "{github}"
    );
    let metrics = of("prometheus", &[]);
    for line in ["by_status{status=\"new\"} 0", "by_status{status=\"recurring\"} 1", "ignored 1", "{severity=\"critical\"} 0"] {
        assert!(metrics.contains(&format!("\ndagnosis_incidents{}{line}\n", if line.starts_with('{') { "" } else { "_" })), "{metrics}");
    }
    assert!(metrics.contains("\ndagnosis_ignore_entries_expired 0\n"), "{metrics}");
    assert!(!run_in(&night, &["-f", "prometheus"]).out.contains("by_status"), "without a baseline nobody knows");
    let markdown = of("markdown", &["--show-ignored"]);
    assert!(markdown.contains("(known)") && markdown.contains("## Ignored") && markdown.contains("Being mended"), "{markdown}");
}
