//! Reports in files appear whole: what was there stays until all of the new one is written, and stays where that fails.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::logs::{files_below, log_of, put};
use crate::program::{Run, run_command, run_with};

/// A folder with the log of a task that failed, and a file that is there already.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("push"), "[2026-11-20 01:00:01,000] {x.py:1} ERROR - Task failed with exception\nKeyError: 'lost'\n");
    put(tree.path(), "out/old", "old");
    tree
}

/// Runs the program from a shell that has done something before, with reports as JSON.
fn after(tree: &Path, before: &str, output: &str) -> Run {
    let script = format!("{before}; exec {} dag_id=shop --fail-on never -o json={output}", env!("CARGO_BIN_EXE_dagnosis"));
    run_command("sh", &["-c", &script], tree)
}

fn names(tree: &Path) -> Vec<String> {
    files_below(&tree.join("out")).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_new_file_takes_the_place_of_the_old_one() {
    let tree = tree();
    let out = tree.path().join("out");
    // Who has the old file open keeps it: it is not written into.
    fs::hard_link(out.join("old"), out.join("held")).unwrap();
    symlink("old", out.join("link")).unwrap();
    let run = after(tree.path(), "umask 026", "out/link");
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(fs::read_to_string(out.join("held")).unwrap(), "old");
    let written = fs::read_to_string(out.join("old")).unwrap();
    assert_eq!(written, run_with(&["dag_id=shop", "-f", "json"], tree.path(), b"").out);
    assert!(fs::symlink_metadata(out.join("link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(out.join("old")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(tree.path()), ["held", "old"]);
}

#[test]
fn what_cannot_be_written_leaves_the_old_file_and_nothing_else() {
    let tree = tree();
    // No file may be longer than a kilobyte.
    let run = after(tree.path(), "trap '' XFSZ; ulimit -f 1", "out/old");
    assert!(run.code == 2 && run.err.contains("cannot write out/old: "), "{} {}", run.code, run.err);
    assert_eq!(files_below(&tree.path().join("out")), [("old".to_owned(), b"old".to_vec())]);
    let run = after(tree.path(), ":", "out");
    assert!(run.code == 2 && run.err.contains("cannot write out: "), "{} {}", run.code, run.err);
    assert_eq!(names(tree.path()), ["old"]);
}

#[test]
fn what_is_no_file_is_written_into() {
    let tree = tree();
    let run = after(tree.path(), ":", "/dev/stderr");
    assert!(run.code == 0 && run.err.starts_with('{'), "{} {}", run.code, run.err);
    symlink("later", tree.path().join("out/link")).unwrap();
    assert_eq!(after(tree.path(), ":", "out/link").code, 0);
    assert_eq!(names(tree.path()), ["later", "old"]);
}
