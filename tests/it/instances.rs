//! `--task-instances` and `--path-template`: what logs do not say of themselves, and logs under names of one's own.

use std::path::Path;

use serde_json::{Value, json};

use crate::logs::put;
use crate::program::{Run, run, run_with};

/// The log of a task that was killed with its supervisor: it just stops.
const STOPS: &str = "[2026-11-20T01:00:00.000+0000] {taskinstance.py:1157} INFO - Dependencies all met\n\
                     [2026-11-20T01:00:05.000+0000] {logging_mixin.py:109} INFO - part 1 of 9\n";

const FAILED: &str = "[2026-11-20T01:00:00.000+0000] {taskinstance.py:1157} INFO - Dependencies all met\n\
                      [2026-11-20T01:00:01.000+0000] {taskinstance.py:1463} ERROR - Task failed with exception\n\
                      Traceback (most recent call last):\n  File \"/dags/shop.py\", line 9, in push\n    push()\n\
                      ConnectionResetError: [Errno 104] Connection reset by peer\n\
                      [2026-11-20T01:00:01.500+0000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n";

const RUN: &str = "manual__2026-11-20T01:00:00+00:00";

fn log_of(task: &str, number: u32) -> String {
    format!("logs/dag_id=shop/run_id={RUN}/task_id={task}/attempt={number}.log")
}

fn report(folder: &Path, arguments: &[&str]) -> (Run, Value) {
    let run = run_with(&[arguments, &["-f", "json", "--attempts", "all"]].concat(), folder, b"");
    let report = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("exit code {}, {error}: {}{}", run.code, run.out, run.err));
    (run, report)
}

fn attempt<'a>(report: &'a Value, task: &str, number: u32) -> &'a Value {
    let all = report["attempts"].as_array().unwrap();
    let found = all.iter().find(|attempt| attempt["task_id"] == task && attempt["try_number"] == number);
    found.unwrap_or_else(|| panic!("{task} {number} is not listed: {report:#}"))
}

#[test]
fn an_export_fills_what_logs_leave_open() {
    let tree = tempfile::tempdir().unwrap();
    for (task, number, text) in [("push", 1, FAILED), ("load", 1, STOPS), ("load", 2, STOPS), ("wait", 1, STOPS)] {
        put(tree.path(), &log_of(task, number), text);
    }
    let csv = format!(
        "dag_id,task_id,run_id,map_index,state,try_number,hostname,operator,end_date\n\
         shop,push,{RUN},-1,success,1,worker-a,PythonOperator,2026-11-20 09:00:00+00\n\
         shop,load,{RUN},-1,failed,2,worker-b,BashOperator,2026-11-20 01:09:00+00\n"
    );
    let api = json!({ "task_instances": [{ "dag_id": "shop", "dag_run_id": RUN, "task_id": "wait", "map_index": -1, "try_number": 1,
        "state": "running", "hostname": "worker-c" }], "total_entries": 1 });
    put(tree.path(), "ti.csv", csv);
    put(tree.path(), "api.json", api.to_string());
    let (run, told) = report(tree.path(), &["logs", "--task-instances", "ti.csv", "--task-instances", "api.json"]);
    assert_eq!((run.code, run.err.as_str(), &told["problems"]), (1, "", &json!([])));
    let shown = |task: &str, number: u32| {
        let attempt = attempt(&told, task, number);
        let word = |key: &str| attempt[key].as_str().unwrap_or("-").to_owned();
        [word("outcome"), word("host"), word("operator"), word("outcome_because")]
    };
    assert_eq!(shown("push", 1), ["failed", "worker-a", "PythonOperator", "the log says so at line 7"], "a state set by hand");
    let because = "the log just stops, and a later try exists";
    assert_eq!(shown("load", 1), ["up_for_retry", "-", "BashOperator", because]);
    assert_eq!(shown("load", 2), ["failed", "worker-b", "BashOperator", "the task-instance export says failed: ti.csv line 3"]);
    assert_eq!(shown("wait", 1), ["running", "worker-c", "-", "the task-instance export says running: api.json line 1"]);
    // The order of the flags does not matter.
    let (again, _) = report(tree.path(), &["--task-instances", "api.json", "logs", "--task-instances", "ti.csv"]);
    assert_eq!(again.out, run.out);
}

#[test]
fn an_attempt_without_a_log_is_told() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("push", 1), FAILED);
    let csv = format!(
        "dag_id,task_id,run_id,state,try_number,hostname,queue,queued_dttm,end_date\n\
         shop,push,{RUN},failed,1,w,default,,\n\
         shop,load,{RUN},failed,0,,heavy,2026-11-20 00:10:00,2026-11-20 00:20:00\n\
         shop,send,{RUN},upstream_failed,0,,,,\n\
         shop,mail,{RUN},queued,1,,lost,2026-11-20 00:20:00,\n\
         shop,post,{RUN},failed,1,,lost,2026-11-20 00:20:00,2026-11-20 00:30:01\n\
         other,load,x,failed,1,w,,,\n"
    );
    put(tree.path(), "ti.csv", csv);
    let (run, told) = report(tree.path(), &["logs", "--task-instances", "ti.csv"]);
    assert_eq!(run.code, 1);
    let all: Vec<String> = told["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| format!("{} {} {} {}", attempt["task_id"], attempt["path"], attempt["outcome"], attempt["ending"]))
        .collect();
    let want = [
        format!(r#""push" "{}" "failed" "verdict""#, log_of("push", 1)),
        r#""load" "ti.csv" "failed" "silent""#.to_owned(),
        r#""mail" "ti.csv" "unknown" "silent""#.to_owned(),
        r#""post" "ti.csv" "failed" "silent""#.to_owned(),
    ];
    assert_eq!(all, want);
    let schema: Value = serde_json::from_str(&run_with(&["schema"], tree.path(), b"").out).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&told));
    let symptoms = |task: &str, number: u32| attempt(&told, task, number)["symptoms"][0]["id"].clone();
    assert_eq!([symptoms("mail", 1), symptoms("post", 1)], ["stuck-queued", "stuck-queued"]);
    assert_eq!([&attempt(&told, "push", 1)["queue"], &attempt(&told, "mail", 1)["queue"]], ["default", "lost"]);
    assert!(told["incidents"].as_array().unwrap().iter().any(|incident| incident["symptom"] == "log-file-missing"), "{told:#}");
    let text = run_with(&["logs", "--task-instances", "ti.csv"], tree.path(), b"").out;
    assert!(text.contains("ti.csv:3") && text.contains("no log; task-instance export: state failed"), "{text}");
    assert!(!text.contains("The log stops without a last word"), "there is none: {text}");

    // Without rules such a failure is unrecognised, and not dropped.
    let (bare, told) = report(tree.path(), &["logs", "--task-instances", "ti.csv", "--no-builtin-rules"]);
    assert_eq!((bare.code, told["incidents"].as_array().unwrap().len()), (1, 3), "{told:#}");

    // An export alone tells of all that failed.
    let (alone, told) = report(tree.path(), &["--task-instances", "ti.csv"]);
    assert_eq!((alone.code, told["attempts"].as_array().unwrap().len(), &told["totals"]["logs"]), (1, 5, &json!(0)), "{told:#}");
    let fine = put(tree.path(), "fine.csv", "dag_id,task_id,run_id,state\na,t,r,success\n");
    let nothing = run_with(&["--task-instances", fine.to_str().unwrap()], tree.path(), b"");
    assert!(nothing.code == 0 && nothing.out.starts_with("Nothing was read"), "{}", nothing.out);
}

#[test]
fn a_bad_row_is_told_and_a_bad_file_is_an_error() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), &log_of("load", 1), STOPS);
    put(tree.path(), "ti.csv", format!("dag_id,task_id,run_id,state,pid\nshop,load,{RUN},exploded,x\nshop,load,{RUN},success,7\n"));
    let run = run_with(&["logs", "--task-instances", "ti.csv"], tree.path(), b"");
    assert_eq!(run.code, 0, "no loss: {}{}", run.out, run.err);
    for says in ["2 in task-instance exports", "ti.csv: line 2: 'exploded' is no state", "ti.csv: line 2: 'x' is no pid", "1 succeeded"] {
        assert!(run.out.contains(says), "{says}: {}", run.out);
    }
    put(tree.path(), "notes.txt", "\nonce upon a time\n");
    put(tree.path(), "cut.json", "{\"task_instances\": [\n{\"dag_id\": \"a\"");
    for (file, says) in [
        ("absent.csv", "cannot read the task-instance export 'absent.csv'"),
        ("notes.txt", "'notes.txt', line 2, is in no form that is known: it holds 'once upon a time'"),
        ("cut.json", "'cut.json', line 2, is in no form that is known: it holds JSON that is broken at column 14"),
    ] {
        let run = run_with(&["logs", "--task-instances", file], tree.path(), b"");
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{file}");
        assert!(run.err.starts_with("error: ") && run.err.contains(says), "{file}: {}", run.err);
    }
}

#[test]
fn logs_under_names_of_ones_own_are_recognised() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "logs/2026-11-20/shop.push/manual__2026-11-20T01_00_00+00_00/try-1.log", FAILED);
    put(tree.path(), &log_of("load", 1), STOPS);
    let template = "{{ ds }}/{{ ti.dag_id }}.{{ ti.task_id }}/{{ ti.run_id | replace(':', '_') }}/{% if ti.map_index >= 0 %}{{ ti.map_index }}-{% endif %}try-{{ try_number }}.log";
    let (_, told) = report(tree.path(), &["logs", "--path-template", template]);
    let push = attempt(&told, "push", 1);
    assert_eq!((&push["kind"], &push["dag_id"], &push["run_id"]), (&json!("task"), &json!("shop"), &json!(RUN)));
    assert_eq!(attempt(&told, "load", 1)["run_id"], RUN, "others are named as by default");
    // A path that was given from within is recognised by where it is.
    let within = tree.path().join("logs/2026-11-20/shop.push/manual__2026-11-20T01_00_00+00_00");
    let (_, told) = report(&within, &["try-1.log", "--path-template", template]);
    assert_eq!(attempt(&told, "push", 1)["dag_id"], "shop");
    let (_, without) = report(tree.path(), &["logs"]);
    let tries: Vec<&Value> = without["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["try_number"]).collect();
    assert!(tries.contains(&&Value::Null), "{without:#}");

    let old = tempfile::tempdir().unwrap();
    put(old.path(), "a/shop-load/2026-11-20T01:00:00+00:00/3.txt", STOPS);
    let (_, told) = report(
        old.path(),
        &["a", "--path-template", "{dag_id}/x/{task_id}.log", "--path-template", "{dag_id}-{task_id}/{execution_date}/{try_number}.txt"],
    );
    assert_eq!(attempt(&told, "load", 3)["run_id"], "2026-11-20T01:00:00+00:00");
}

#[test]
fn a_template_that_is_not_understood_is_an_error() {
    let run = run(&["sample-logs", "--path-template", "{{ ti.dag_id }}/{{ ti.taskid }}.log"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    for says in ["error: --path-template", "column 20: unknown variable 'ti.taskid'; known are", "ti.task_id"] {
        assert!(run.err.contains(says), "{says}: {}", run.err);
    }
}
