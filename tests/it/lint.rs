//! `rules lint`: each remark with its place, the line, what is underlined and the remedy; and what healthy logs show.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::logs::log_of;
use crate::program::run;
use crate::tree::{Tree, succeeded};

/// The whole output for rules that are doubtful in every way that is known. `BLESS=1` writes it anew.
#[test]
fn every_remark_is_told_with_its_place_and_its_remedy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let dir = tempfile::tempdir().unwrap();
    fs::copy(root.join("doubtful.yaml"), dir.path().join("doubtful.yaml")).unwrap();
    let told = run(&["rules", "lint", "--no-builtin-rules", "--rules", &dir.path().display().to_string()]);
    assert_eq!(told.code, 1, "{}", told.err);
    let told = told.out.replace(&format!("{}/", dir.path().display()), "");
    if std::env::var_os("BLESS").is_some() {
        fs::write(root.join("doubtful.txt"), &told).unwrap();
    }
    let expected = fs::read_to_string(root.join("doubtful.txt")).unwrap();
    assert_eq!(told, expected, "BLESS=1 writes tests/rules/doubtful.txt anew");
    let known: BTreeSet<&str> = told.lines().filter_map(|line| line.split_once('[')?.1.split_once("]: ")).map(|(lint, _)| lint).collect();
    let lints = [
        "contradiction",
        "duplicate",
        "few-examples",
        "foreign-example",
        "hide-each-other",
        "kebab-case",
        "no-causes",
        "no-confirm",
        "no-evidence",
        "no-fix",
        "no-literal",
        "no-source",
        "same-title",
        "unreachable",
    ];
    assert_eq!(known.into_iter().collect::<Vec<_>>(), lints);
}

#[test]
fn healthy_logs_tell_which_rules_are_too_broad() {
    let tree = Tree::new();
    tree.put(&log_of("calm"), succeeded(&[("01:00:00.000", "nothing to see")]));
    tree.put(
        &log_of("noisy"),
        succeeded(&[
            ("01:00:00.000", "Connection reset by peer? see the runbook"),
            ("01:00:01.000", "[Errno 104] Connection reset by peer"),
        ]),
    );
    let logs = tree.path().join("logs").display().to_string();
    let told = run(&["rules", "lint", "--healthy", &logs]);
    let expected = "warning[healthy-hit]: `connection-reset` is seen in 1 of 2 attempts that succeeded, first at ";
    assert!(told.code == 1 && told.out.contains(expected) && told.out.contains("attempt=1.log:2"), "{}{}", told.out, told.err);
    let missing = run(&["rules", "lint", "--healthy", "/no/such/folder"]);
    assert!(missing.code == 2 && missing.err.contains("/no/such/folder"), "{}", missing.err);
}
