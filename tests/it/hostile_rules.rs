//! What stands in rules and settings of the user's own, through the formats for CI: it may come from elsewhere too.

use serde_json::Value;

use crate::ci_formats::{acts, commands};
use crate::logs::{log_of, put};
use crate::program::run_with;

/// A folder with a failure that a rule of one's own knows.
fn night() -> tempfile::TempDir {
    let night = tempfile::tempdir().unwrap();
    let log = "[2026-11-20 01:00:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
               Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\nOddError: 7\n\
               [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 1\n";
    put(night.path(), &log_of("push"), log);
    let hostile = "Odd \\e[2J <script>x</script> [a](http://evil.example) {0} | \\u202e ::error::forged ##[error]forged";
    put(
        night.path(),
        "rules/odd.yaml",
        format!(
            "version: 1\nsymptoms:\n  - {{ id: odd, title: \"{hostile}\", severity: high, category: code, match: {{ exception: OddError }}, causes: [user-code-error] }}\n"
        ),
    );
    night
}

/// Every text of a JSON value.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|one| texts(one, found)),
        Value::Object(map) => map.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[test]
fn a_hostile_rule_acts_in_no_format() {
    let night = night();
    let of = |format: &str| {
        let run = run_with(&["dag_id=shop", "--rules", "rules", "-f", format], night.path(), b"");
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{format}");
        assert!(!run.out.chars().any(acts), "{format}: {}", run.out);
        run.out
    };
    for format in ["sarif", "gitlab"] {
        let report: Value = serde_json::from_str(&of(format)).unwrap();
        let mut found = Vec::new();
        texts(&report, &mut found);
        assert!(found.iter().any(|text| text.contains("Odd ")), "{report}");
        // What reads the JSON undoes its escapes.
        for text in found {
            assert!(!text.chars().any(acts), "{format}: {text:?}");
        }
        if format == "sarif" {
            let help = &report["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"];
            let help = help.as_str().unwrap();
            assert!(help.contains("Odd ") && !help.contains('<') && !help.contains("(http:/") && !help.contains('|'), "{help}");
        }
    }
    for format in ["text", "markdown", "json"] {
        of(format);
    }
    let xml = of("junit");
    assert!(roxmltree::Document::parse(&xml).is_ok(), "{xml}");
    assert_eq!(commands(&of("github")).len(), 1);
}

/// GitHub takes a command after blanks too, and one of the old form wherever it stands in a line.
#[test]
fn a_reason_is_no_command() {
    let night = night();
    let settings = "ignore:\n  - { dag: shop, reason: '::error::forged ##[error]forged [x](y) {0}' }\n  - { dag: other, reason: '::x' }\n";
    put(night.path(), "::error::a.yaml", settings);
    let of = |more: &[&str]| run_with(&[&["dag_id=shop", "--config", "::error::a.yaml"], more].concat(), night.path(), b"").out;
    let github = of(&["-f", "github"]);
    assert!(github.contains("forged") && github.contains("no incident matches"), "{github}");
    for line in github.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
    }
    let sarif: Value = serde_json::from_str(&of(&["-f", "sarif", "--show-ignored"])).unwrap();
    let why = &sarif["runs"][0]["results"][0]["suppressions"][0]["justification"];
    assert!(why.as_str().unwrap().contains("forged ##\\[error\\]forged \\[x\\](y) {{0}}"), "{why}");
}
