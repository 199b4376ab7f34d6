//! The first minute with the program: what is said to who gives nothing, a slip of the hand, or what holds no task's log.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

const BEGUN_AND_ENDED: &str = "[2026-11-20 01:00:00,000] {taskinstance.py:1103} INFO - Starting attempt 1 of 1\n\
                               [2026-11-20 01:00:01,000] {taskinstance.py:1226} INFO - Marking task as SUCCESS.\n\
                               [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";

/// Without wrapping, so that words that stand together can be looked for.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn alone(folder: &Path, environment: &[(&str, &Path)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dagnosis"));
    let output = command.current_dir(folder).env_clear().envs(environment.iter().copied()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn without_anything_it_says_on_one_screen_how_to_begin() {
    let folder = tempfile::tempdir().unwrap();
    let run = alone(folder.path(), &[]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.lines().count() < 24 && run.err.lines().all(|line| line.chars().count() <= 80), "{}", run.err);
    for words in ["dagnosis reads Apache Airflow task logs", "| dagnosis -", "dagnosis --help", "base_log_folder"] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
    assert!(!run.err.contains("is there"), "{}", run.err);
}

#[test]
fn a_folder_of_logs_that_is_there_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("airflow/logs")).unwrap();
    let airflow = home.path().join("airflow");
    let offered = format!("\n  dagnosis {}", airflow.join("logs").display());
    assert!(alone(folder.path(), &[("AIRFLOW_HOME", &airflow)]).err.contains(&offered));
    assert!(alone(folder.path(), &[("HOME", home.path())]).err.contains(&offered));
    assert!(!alone(folder.path(), &[("HOME", &airflow)]).err.contains("is there"));
    fs::create_dir(folder.path().join("logs")).unwrap();
    let err = alone(folder.path(), &[("AIRFLOW_HOME", &airflow)]).err;
    assert!(err.contains("\n  dagnosis logs  ") && err.contains("this folder is there"), "{err}");
}

#[test]
fn settings_that_say_what_to_read_are_enough() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &log_of("load"), BEGUN_AND_ENDED);
    put(folder.path(), "dagnosis.yaml", "paths: dag_id=shop\n");
    let run = alone(folder.path(), &[]);
    assert!(run.code == 0 && run.out.starts_with("No failure found in 1 attempt"), "{}{}", run.out, run.err);
    put(folder.path(), "dagnosis.yaml", "quiet: true\n");
    let run = alone(folder.path(), &[]);
    assert!(run.code == 2 && run.err.contains("To begin:"), "{}{}", run.out, run.err);
}

#[test]
fn the_help_is_in_groups_and_the_short_one_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let help = |argument| run_with(&[argument], folder.path(), b"").out;
    let (short, long) = (help("-h"), help("--help"));
    for group in ["What is read:", "The report:", "What counts:", "Night by night:", "Secrets:", "Rules and settings:"] {
        assert!(short.contains(&format!("\n{group}\n")) && long.contains(&format!("\n{group}\n")), "{group}: {short}");
    }
    for group in ["Whom to tell:", "Limits of each archive", "Exit codes:"] {
        assert!(!short.contains(group) && long.contains(group), "{group}");
    }
    for option in ["--format", "--output", "--fail-on", "--since", "--state", "--rules", "--mask"] {
        assert!(short.contains(option), "{option}: {short}");
    }
    assert!(!short.contains("=<false>") && !short.contains("--max-ratio") && long.contains("--no-progress"), "{short}");
    assert!(short.lines().count() <= 75 && short.lines().chain(long.lines()).all(|line| line.chars().count() <= 110), "{short}");
}

#[test]
fn a_slip_of_the_hand_is_told_with_what_may_have_been_meant() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "mylogs/attempt=1.log", BEGUN_AND_ENDED);
    put(folder.path(), "history-logs/attempt=1.log", BEGUN_AND_ENDED);
    put(folder.path(), "rule/attempt=1.log", BEGUN_AND_ENDED);
    for (arguments, words) in [
        (&["explian", "x"][..], "did you mean the subcommand `dagnosis explain`?"),
        (&["hisotry"], "`dagnosis history`"),
        (&["hlep"], "`dagnosis help`"),
        // What stands behind is a path too, and comes first in their order.
        (&["shcema", "attempt"], "`dagnosis schema`"),
        (&["rulse", "lint"], "did you mean 'rule', or the subcommand `dagnosis rules`?"),
        (&["rules", "tset"], "'test'"),
        (&["history-log"], "did you mean 'history-logs'?"),
        (&["mylosg"], "did you mean 'mylogs'?"),
        (&["mylogs/attempt=2.log"], "did you mean 'mylogs/attempt=1.log'?"),
        (&["quite-another"], "does not exist in the current folder, '/"),
        (&["--fromat", "json", "mylogs"], "'--format'"),
        (&["--format", "markdwon", "mylogs"], "'markdown'"),
        (&["--fail-on", "hgih", "mylogs"], "'high'"),
        (&["explain", "conection-reset"], "`connection-reset`"),
    ] {
        if cfg!(windows) && words.contains('/') {
            continue;
        }
        let run = run_with(arguments, folder.path(), b"");
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
        assert!(run.err.starts_with("error: ") && run.err.contains(words), "{arguments:?}: {}", run.err);
    }
    let is_there = run_with(&["rule"], folder.path(), b"");
    assert_eq!(is_there.code, 0, "what is there is read, whatever it is near to: {}", is_there.err);
}

#[test]
fn what_is_almost_a_format_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &log_of("load"), BEGUN_AND_ENDED);
    put(folder.path(), "jsn=reports/there", "");
    for output in ["sarfi=x.sarif", "SARIF=x.sarif", "jsno=a.json", "markdwn=a.md", "hmtl=absent/a.html"] {
        let run = run_with(&["dag_id=shop", "-o", output], folder.path(), b"");
        let (name, _) = output.split_once('=').unwrap();
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{output}");
        assert!(run.err.contains(&format!("'{name}' is no format; did you mean '")), "{output}: {}", run.err);
        assert!(!folder.path().join(output).exists());
        // Nor from a file of settings, whose folder stands before its paths.
        let settings = put(folder.path(), "ci/dagnosis.yaml", format!("output: {output}\n"));
        let run = run_with(&["dag_id=shop", "--config", settings.to_str().unwrap()], folder.path(), b"");
        assert!(run.code == 2 && run.err.contains("is no format") && run.err.contains("ci/dagnosis.yaml:1"), "{output}: {}", run.err);
    }
    for output in ["dag_id=shop/report.txt", "./sarfi=x.sarif", "jsn=reports/a.json", "out=x.txt", "night=1.txt"] {
        let run = run_with(&["dag_id=shop", "-o", output], folder.path(), b"");
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{output}");
        assert!(folder.path().join(output).exists(), "{output}");
    }
}

/// A folder that holds these files, and what three formats say of it, without their wrapping.
fn reports(files: &[(&str, &str)]) -> Vec<(Run, String)> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    for (name, text) in files {
        put(folder.path(), &format!("logs/{name}"), text);
    }
    let formats = ["text", "markdown", "html"];
    let report = |format: &&str| {
        let run = run_with(&["logs", "-f", format], folder.path(), b"");
        // Markdown escapes what HTML and Markdown would act on.
        let text = unwrapped(&run.out.replace('\\', ""));
        (run, text)
    };
    formats.iter().map(report).collect()
}

#[test]
fn a_folder_without_logs_says_where_airflow_keeps_them() {
    for (files, found) in [
        (&[][..], "What was given holds no file."),
        (&[("dag.py", "x = 1\n"), ("airflow.cfg", "[core]\n")], "What is there are no logs by their names"),
    ] {
        for (run, text) in reports(files) {
            assert_eq!(run.code, 0, "{}", run.err);
            for words in
                ["Nothing was read", found, "airflow config get-value logging base_log_folder", "AIRFLOW_HOME/logs", "with remote logging"]
            {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
    }
}

#[test]
fn logs_of_another_program_are_told_as_such() {
    let nginx = "10.0.0.1 - - [20/Nov/2026:01:00:00 +0000] \"GET /api HTTP/1.1\" 200 512 \"-\" \"curl/8\"\n";
    let spark = "26/11/20 01:00:00 INFO SparkContext: Running Spark version 3.5.0\n26/11/20 01:00:01 WARN Utils: Set SPARK_LOCAL_IP\n";
    let json = "{\"timestamp\":\"2026-11-20T01:00:00Z\",\"level\":\"info\",\"message\":\"server started\",\"port\":8080}\n";
    for files in [&[("access.log", nginx), ("other.log", nginx)][..], &[("stdout", spark)], &[("app.json", json)]] {
        for (run, text) in reports(files) {
            assert_eq!(run.code, 0, "{}", run.err);
            for words in
                ["No failure found", "Another program may have written", "logging base_log_folder", "--path-template", "--log-format"]
            {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert!(text.contains(&format!("logs/{}", files[0].0)), "{text}");
        }
    }
}

#[test]
fn names_that_do_not_say_which_task_it_is_are_told() {
    for (run, text) in reports(&[("a.log", BEGUN_AND_ENDED), ("b.log", BEGUN_AND_ENDED)]) {
        assert_eq!(run.code, 0, "{}", run.err);
        for words in ["Airflow's words about tasks stand in", "(logs/a.log, logs/b.log)", "--path-template", "--task-instances"] {
            assert!(text.replace("&#39;", "'").contains(words), "{words}: {text}");
        }
        assert!(!text.contains("Another program"), "{text}");
    }
}

#[test]
fn nothing_of_it_is_said_where_something_was_told() {
    let crash = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nKeyError: 'x'\n";
    let scheduler = "[2026-11-20 01:00:00,000] {scheduler_job_runner.py:700} INFO - Starting the scheduler\n";
    let task = log_of("load");
    for files in [
        &[("script.log", crash), ("other.log", "fine\n")][..],
        &[("scheduler/a.log", scheduler)],
        &[(&task, BEGUN_AND_ENDED), ("b.log", "x\n")],
    ] {
        for (_, text) in reports(files) {
            assert!(!text.contains("What to do: ") && !text.contains("base_log_folder"), "{text}");
        }
    }
}

#[test]
fn a_report_takes_the_place_of_no_log_and_of_no_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "logs/a.log", "a line\n");
    for (arguments, says) in [
        (&["logs/a.log", "-o", "logs/a.log"][..], "it is one of the logs that are to be read"),
        (&["logs/a.log", "-o", "json=./logs/../logs/a.log"], "it is one of the logs that are to be read"),
        (&["logs/a.log", "--summary", "logs/a.log"], "it is one of the logs that are to be read"),
        (&["logs", "-o", "html=nowhere/x.html"], "the folder nowhere is not there"),
        (&["logs", "-o", "text="], "no file is named"),
    ] {
        let run = run_with(arguments, folder.path(), b"");
        assert!(run.code == 2 && run.err.contains(says), "{arguments:?}: {}{}", run.out, run.err);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("logs/a.log")).unwrap(), "a line\n");
}

#[test]
fn what_is_empty_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with(&["-"], folder.path(), b"");
    assert!(run.out.starts_with("Nothing was read: what was given is empty.\n") && !run.out.contains("--path-template"), "{}", run.out);
}
