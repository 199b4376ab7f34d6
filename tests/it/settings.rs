//! Options of the command line in `dagnosis.yaml`: each of them may stand there, paths too, what is wrong with one is told with its place, and the command
//! line undoes each.

use std::fs;

use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

/// A folder with a log of a task that failed.
fn night() -> tempfile::TempDir {
    let night = tempfile::tempdir().unwrap();
    let log = "[2026-11-20 01:00:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
               Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\nKeyError: 'margin'\n\
               [2026-11-20 01:00:01,000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n\
               [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 1\n";
    put(night.path(), &log_of("push"), log);
    night
}

fn with(night: &tempfile::TempDir, settings: &str, arguments: &[&str]) -> Run {
    put(night.path(), "dagnosis.yaml", settings);
    run_with(arguments, night.path(), b"")
}

/// What is found to be wrong only behind the command line's own parser: file, line, column, the offending text underlined, and what to write instead.
#[test]
fn a_value_that_is_wrong_is_told_with_its_place_whoever_finds_it() {
    let night = night();
    put(night.path(), "bad.csv", "a,b\n1,2\n");
    put(night.path(), "a.txt", "no report");
    for (settings, place, text, remedy) in [
        ("# zone\ntimezone: Nowhere/Land", "2:11", "Nowhere/Land", "such as"),
        ("since: yesterday", "1:8", "yesterday", "write a date or a time"),
        ("mask: [ 'fine', '[a-' ]", "1:17", "'[a-'", "write a regular expression"),
        ("log-format:\n  - '(?<time>[0-9]+) (?<message>.*)'\n  - '(?<what>x.*)'", "3:5", "'(?<what>x.*)'", "message"),
        ("path-template: '{{ ti.dag'", "1:16", "'{{ ti.dag'", "--path-template"),
        ("today: soon", "1:8", "soon", "write a date"),
        ("fail-on: new", "1:10", "new", "with --baseline REPORT.json"),
        ("fail-on: 'low,high'", "1:10", "'low,high'", "--fail-on new,high"),
        ("baseline: a.txt", "1:11", "a.txt", "write one with"),
        ("task-instances: [ absent.csv ]", "1:19", "absent.csv", "No such file"),
        ("task-instances: bad.csv", "1:17", "bad.csv", "columns dag_id and task_id are needed"),
        ("files-from: absent.txt", "1:13", "absent.txt", "No such file"),
        ("rules: [ absent ]", "1:10", "absent", "absent"),
        ("paths: [ dag_id=shop, absent ]", "1:23", "absent", "absent"),
        ("output: [ json=x.json, text=x.json ]", "1:24", "text=x.json", "name another"),
        ("output: [ a.out, b.out ]", "1:18", "b.out", "-o json=b.out"),
        ("output: absent/x.txt", "1:9", "absent/x.txt", "cannot write absent/x.txt"),
        ("summary: absent/s.md", "1:10", "absent/s.md", "cannot write absent/s.md"),
        ("notify: 'exec:'", "1:9", "*******", "write --notify exec:/path/to/program"),
        ("notify-on: never\nnotify: 'exec:true'", "1:12", "never", "such as --notify-on high"),
        ("notify-on: new\nnotify: 'exec:true'", "1:12", "new", "name what it is new against"),
    ] {
        let arguments: &[&str] = if settings.starts_with("paths") { &[] } else { &["dag_id=shop"] };
        let run = with(&night, settings, arguments);
        assert_eq!(run.code, 2, "{settings}: {}", run.err);
        assert!(run.err.starts_with(&format!("dagnosis.yaml:{place}: error[option]: ")), "{settings}: {}", run.err);
        let lines: Vec<&str> = run.err.lines().collect();
        let (shown, marks) = (lines[1].split_once(" | ").unwrap().1, lines[2].split_once(" | ").unwrap().1);
        let (at, length) = (marks.find('^').unwrap(), marks.matches('^').count());
        assert_eq!(&shown[at..at + length], text, "{settings}: {}", run.err);
        // A long message is told in one line, what follows it in several.
        assert!(run.err.contains(remedy) && run.err.contains("mend it there; "), "{settings}: {}", run.err);
    }
    // What the command line gives is not to be looked for in the settings.
    let run = with(&night, "format: text\nsince: 2026-11-20", &["dag_id=shop", "--timezone", "Nowhere/Land"]);
    assert!(
        run.code == 2 && run.err.contains("options of dagnosis.yaml are used, too") && !run.err.contains("dagnosis.yaml:"),
        "{}",
        run.err
    );
    let run = with(&night, "timezone: Nowhere/Land", &["dag_id=shop", "--timezone", "UTC"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let run = with(&night, "rules: absent", &["rules", "list"]);
    assert!(run.code == 2 && run.err.starts_with("dagnosis.yaml:1:8: error[option]: "), "{}", run.err);
}

#[test]
fn an_address_in_the_settings_is_in_no_message() {
    let night = night();
    for settings in ["notify: 'ftp://example.com/HUSH'", "{ notify: [ 'mail:HUSH', 'exec:HUSH' ], notify-arg: HUSH, format: loud }"] {
        let run = with(&night, settings, &["dag_id=shop"]);
        assert!(run.code == 2 && run.err.starts_with("dagnosis.yaml:1:") && !run.err.contains("HUSH"), "{}", run.err);
    }
}

#[test]
fn paths_stand_in_the_settings_and_those_of_the_command_line_count_instead() {
    let night = night();
    let healthy = "[2026-11-20 01:00:01,000] {taskinstance.py:1226} INFO - Marking task as SUCCESS. dag_id=shop, task_id=load\n";
    put(night.path(), "fine/dag_id=shop/run_id=r/task_id=load/attempt=1.log", healthy);
    put(night.path(), "list", "fine\n");
    let code = |settings: &str, arguments: &[&str]| {
        let run = with(&night, settings, arguments);
        assert!(run.err.is_empty(), "{settings} {arguments:?}: {}", run.err);
        run.code
    };
    let both = "paths: [ dag_id=shop, fine ]\n";
    assert_eq!(code(both, &[]), 1, "without any argument");
    assert_eq!(code("paths: fine\n", &["diagnose"]), 0);
    assert_eq!((code(both, &["-q", "--threads", "1"]), code(both, &["diagnose"])), (1, 1));
    assert_eq!((code(both, &["fine"]), code(both, &["diagnose", "fine"])), (0, 0));
    assert_eq!(code(both, &["--files-from", "list"]), 0);
    assert_eq!(code("files-from: list\n", &[]), 0);
    // The name of a subcommand, and what looks like an option.
    for name in ["schema", "--quiet"] {
        fs::create_dir_all(night.path().join(name)).unwrap();
        put(night.path(), &format!("{name}/attempt=1.log"), healthy);
        assert_eq!(code(&format!("paths: [ '{name}' ]\n"), &[]), 0);
        assert!(with(&night, &format!("paths: [ '{name}' ]\n"), &[]).out.contains("Read 1 log"), "{name}");
    }
    let run = run_with(&["-"], night.path(), healthy.as_bytes());
    assert!(run.out.contains("Read 1 log"), "{}", run.out);
    // An option that needs another finds it there.
    put(night.path(), "nul", "fine\0");
    assert_eq!(code("files-from: nul\n", &["-0"]), 0);
    assert_eq!(with(&night, "format: text\n", &["-0"]).code, 2);
    // Nothing to read: help as ever.
    for settings in ["format: json\n", ""] {
        let run = with(&night, settings, &[]);
        assert!(run.code == 2 && run.err.contains("Usage: dagnosis"), "{}", run.err);
    }
    // Subcommands have paths of their own.
    assert_eq!(code(both, &["schema"]), 0);
    assert_eq!(code("paths: [ absent ]\n", &["rules", "lint"]), 0);
}

#[test]
fn paths_in_the_settings_go_from_their_folder() {
    let night = night();
    put(night.path(), "ci/base.json", "{ \"schema\": \"dagnosis.report/1\", \"incidents\": [] }");
    let rule = "version: 1\nsymptoms:\n  - { id: mine, title: My own title, severity: low, category: code, match: { literal: abc }, causes: [] }\n";
    put(night.path(), "ci/mine/my.yaml", rule);
    let all = "paths: [ ../dag_id=shop ]\nrules: [ mine ]\nbaseline: base.json\noutput: [ json=out.json, page.txt ]\nsummary: s.md\n";
    put(night.path(), "ci/all.yaml", all);
    let run = run_with(&["--config", "ci/all.yaml"], night.path(), b"");
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
    for name in ["out.json", "page.txt", "s.md"] {
        assert!(night.path().join("ci").join(name).exists(), "{name}");
    }
    let page = fs::read_to_string(night.path().join("ci/page.txt")).unwrap();
    assert!(page.contains("ci/../dag_id=shop/") && page.contains("Against ci/base.json: 1 incident is new"), "{page}");
    assert!(run_with(&["rules", "list", "--config", "ci/all.yaml"], night.path(), b"").out.contains("My own title"));
    // What the command line names goes from where it is given.
    let run = run_with(&["dag_id=shop", "--config", "ci/all.yaml", "--baseline", "base.json"], night.path(), b"");
    assert!(run.code == 2 && run.err.starts_with("error: --baseline base.json: it cannot be read"), "{}", run.err);
    // A file whose name holds a sign of equality, standard input, and a name of an object stay what they are.
    put(night.path(), "ci/odd.yaml", "paths: [ '-' ]\noutput: dag_id=x.txt\n");
    assert_eq!(run_with(&["--config", "ci/odd.yaml"], night.path(), b"fine\n").code, 0);
    assert!(night.path().join("ci/dag_id=x.txt").exists());
    put(night.path(), "ci/far.yaml", "paths: [ 's3://' ]\n");
    let run = run_with(&["--config", "ci/far.yaml"], night.path(), b"");
    assert!(run.code == 2 && !run.err.contains("ci/s3:"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_program_in_the_settings_is_one_beside_them_or_one_that_is_looked_up() {
    use std::os::unix::fs::PermissionsExt;
    let night = night();
    put(night.path(), "ci/tell", "#!/bin/sh\ncat > told\n");
    fs::set_permissions(night.path().join("ci/tell"), fs::Permissions::from_mode(0o755)).unwrap();
    put(night.path(), "ci/all.yaml", "paths: [ ../dag_id=shop ]\nnotify: [ 'exec:./tell', 'exec:true' ]\n");
    let run = run_with(&["--config", "ci/all.yaml"], night.path(), b"");
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    assert!(night.path().join("told").exists());
}

/// Every flag that the help lists can be taken back.
#[test]
fn a_flag_of_the_settings_is_taken_back_by_the_command_line() {
    let night = night();
    let help = run_with(&["--help"], night.path(), b"").out;
    let flags: Vec<&str> =
        help.lines().filter_map(|line| line.split_once("[=<false>]")?.0.rsplit_once("--").map(|(_, name)| name)).collect();
    for flag in ["quiet", "quick", "no-mask", "mask-emails", "no-builtin-rules", "run-times", "show-ignored", "null", "no-config"] {
        assert!(flags.contains(&flag), "{flag}: {flags:?}");
    }
    put(night.path(), "list", "dag_id=shop\n");
    let plain = with(&night, "", &["--files-from", "list"]).out;
    for flag in flags.into_iter().filter(|flag| *flag != "no-config") {
        let settings = format!("files-from: list\n{flag}: true\n");
        let run = with(&night, &settings, &[&format!("--{flag}=false")]);
        assert_eq!((run.code, run.out, run.err.as_str()), (1, plain.clone(), ""), "{flag}");
        assert_eq!(with(&night, &settings, &[&format!("--{flag}=maybe")]).code, 2, "{flag}");
    }
    let quiet = |arguments: &[&str]| with(&night, "quiet: true\nfail-on: never\n", arguments).out.is_empty();
    assert!(quiet(&["dag_id=shop"]) && quiet(&["-q", "dag_id=shop"]) && quiet(&["--quiet=true", "dag_id=shop"]));
    assert!(!quiet(&["-q=false", "dag_id=shop"]) && !quiet(&["--quiet=false", "dag_id=shop"]));
    // A flag takes no word behind it, and still stands among others.
    assert!(quiet(&["--quiet", "dag_id=shop"]) && quiet(&["-qf", "json", "dag_id=shop"]));
}
