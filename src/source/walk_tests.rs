//! Trees with links, special files and other things than logs.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A folder with two logs in it.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for name in ["logs/a/1.log", "logs/b/2.log"] {
        put(tree.path(), name, "x");
    }
    tree
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What is found below `paths` of the tree: the inputs' paths and the problems', both without the tree's own.
fn found(tree: &Path, paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let paths: Vec<String> = paths.iter().map(|path| tree.join(path).display().to_string()).collect();
    let found = discover(&paths).unwrap();
    let short = |path: &str| path.strip_prefix(tree.to_str().unwrap()).unwrap().trim_start_matches('/').to_owned();
    let inputs = found.inputs.iter().map(|input| short(&input.path)).collect();
    (inputs, found.problems.iter().map(|problem| format!("{} {}", problem.kind.name(), short(&problem.path))).collect())
}

#[test]
fn overlapping_paths_are_read_once_in_any_order() {
    let tree = tree();
    let want = (vec!["logs/a/1.log".to_owned(), "logs/b/2.log".to_owned()], vec![]);
    assert_eq!(found(tree.path(), &["logs"]), want);
    assert_eq!(found(tree.path(), &["logs", "logs/a", "logs/a/1.log", "logs"]), want);
    assert_eq!(found(tree.path(), &["logs/a/1.log", "logs/b", "logs"]), want);
}

#[test]
fn links_add_nothing_that_is_found_anyway() {
    let tree = tree();
    let logs = tree.path().join("logs");
    symlink("a", logs.join("latest")).unwrap();
    symlink("a/1.log", logs.join("current.log")).unwrap();
    symlink(logs.join("b"), tree.path().join("outside")).unwrap();
    let want = (vec!["logs/a/1.log".to_owned(), "logs/b/2.log".to_owned()], vec![]);
    assert_eq!(found(tree.path(), &["logs"]), want);
    assert_eq!(found(tree.path(), &["outside"]).0, ["outside/2.log"]);
}

#[test]
fn links_to_other_places_are_followed_once() {
    let tree = tree();
    let logs = tree.path().join("logs");
    put(tree.path(), "other/3.log", "x");
    put(tree.path(), "4.log", "x");
    symlink("../other", logs.join("more")).unwrap();
    symlink("../other", logs.join("more-again")).unwrap();
    symlink("../4.log", logs.join("4.log")).unwrap();
    symlink("../4.log", logs.join("5.log")).unwrap();
    assert_eq!(
        found(tree.path(), &["logs"]),
        (vec!["logs/4.log".into(), "logs/a/1.log".into(), "logs/b/2.log".into(), "logs/more/3.log".into()], vec![])
    );
}

#[test]
fn loops_and_dangling_links_are_said() {
    let tree = tree();
    let logs = tree.path().join("logs");
    symlink("..", logs.join("a/up")).unwrap();
    symlink("../..", logs.join("a/above")).unwrap();
    symlink("self", logs.join("self")).unwrap();
    symlink("nowhere", logs.join("gone.log")).unwrap();
    let (inputs, problems) = found(tree.path(), &["logs"]);
    assert_eq!(inputs, ["logs/a/1.log", "logs/b/2.log"]);
    assert_eq!(problems, ["link logs/a/above", "link logs/a/up", "link logs/gone.log", "link logs/self"]);
}

#[test]
fn special_files_are_not_opened() {
    let tree = tree();
    let _socket = std::os::unix::net::UnixListener::bind(tree.path().join("logs/a/x.log")).unwrap();
    let (inputs, problems) = found(tree.path(), &["logs"]);
    assert_eq!(inputs, ["logs/a/1.log", "logs/b/2.log"]);
    assert_eq!(problems, ["special logs/a/x.log"]);
}

#[test]
fn other_files_are_passed_over_and_counted_unless_named() {
    let tree = tree();
    for (name, text) in
        [("dags/a.py", "x"), ("README.md", "x"), (".git/1.log", "x"), ("truth.jsonl", "{\"a\": 1}"), ("r.ndjson", "{\"event\": 1}")]
    {
        put(tree.path(), &format!("logs/{name}"), text);
    }
    let path = tree.path().join("logs").display().to_string();
    let all = discover(std::slice::from_ref(&path)).unwrap();
    assert_eq!(all.inputs.iter().map(|input| input.path.rsplit('/').next().unwrap()).collect::<Vec<_>>(), ["1.log", "2.log", "r.ndjson"]);
    assert_eq!(all.passed_over, 4);
    assert_eq!(
        all.problems[0].says,
        "4 in it are no logs by their names and were not read (1 .git, 1 .jsonl without log records, 1 .md, 1 .py); name a file on the command line to read it all the same"
    );
    assert_eq!(discover(&[path.clone(), format!("{path}/README.md")]).unwrap().inputs.len(), 4);
}

#[test]
fn a_path_that_does_not_exist_is_an_error_with_a_suggestion() {
    let tree = tree();
    let says = |path: &str| match discover(&[tree.path().join(path).display().to_string()]) {
        Err(Error::Usage(says)) => says.replace(tree.path().to_str().unwrap(), "T"),
        other => panic!("{other:?}"),
    };
    assert_eq!(says("log"), "'T/log' does not exist; did you mean 'T/logs'?");
    assert_eq!(says("log/a/1.log"), "'T/log/a/1.log' does not exist; did you mean 'T/logs'?");
    assert_eq!(says("zzz"), "'T/zzz' does not exist; 'T' does, but has no 'zzz'");
    assert_eq!(says("logs/a/1.log/x"), "'T/logs/a/1.log/x' does not exist: 'T/logs/a/1.log' is a file, not a folder");
    symlink("gone", tree.path().join("dangling")).unwrap();
    assert_eq!(says("dangling"), "'T/dangling' is a link to 'gone', which does not exist");
    assert!(discover(&[]).is_err());
}

#[test]
fn standard_input_is_read_once() {
    assert_eq!(discover(&["-".to_owned(), "-".to_owned()]).unwrap().inputs, [Input { path: "-".into(), file: None, object: None }]);
}

#[test]
fn names_from_a_list_are_found_once_and_may_be_missing() {
    let tree = tree();
    let logs = tree.path().join("logs");
    for (by_nul, end) in [(false, "\n"), (false, "\r\n"), (true, "\0")] {
        let names = ["a/1.log", "gone.log", "a/1.log", "", "a"].map(|name| logs.join(name).display().to_string()).join(end);
        let list = tree.path().join("list");
        fs::write(&list, names).unwrap();
        let mut walk = Walk::new(&[]).unwrap().with_list(List::open(list.to_str().unwrap(), by_nul).unwrap());
        let mut found: Vec<_> = walk.by_ref().map(|input| input.file.unwrap().strip_prefix(&logs).unwrap().display().to_string()).collect();
        found.sort();
        assert_eq!(found, ["a/1.log", "b/2.log"]);
        let problems = walk.finish();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].path.ends_with("gone.log") && problems[0].kind == ProblemKind::Unreadable);
    }
    let other = tree.path().join("other");
    fs::write(&other, vec![b'x'; 1 << 20]).unwrap();
    let mut walk = Walk::new(&[]).unwrap().with_list(List::open(other.to_str().unwrap(), false).unwrap());
    assert_eq!(walk.next(), None);
    assert!(walk.finish()[0].says.contains("want --null"));
}
