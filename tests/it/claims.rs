//! What is written in Airflow's words about an attempt, and is not about it: by the task's own code, or by services after it.
//! The lines are those of runs of Airflow 2.10.5 and 3.3.2, shortened.

use std::path::Path;

use serde_json::Value;

use crate::logs::put;
use crate::program::report;

const RUN: &str = "manual__2026-11-21T16:13:01.457131+00:00";

fn log_of(task: &str, number: u32) -> String {
    format!("dag_id=strange/run_id={RUN}/task_id={task}/attempt={number}.log")
}

/// The outcome of each try, and whether it stands in an incident.
fn outcomes(folder: &Path) -> Vec<(String, bool)> {
    let report = report(&[folder.to_str().unwrap()]);
    let attempts = report["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["kind"] == "task");
    attempts.map(|attempt| (attempt["outcome"].as_str().unwrap().to_owned(), attempt["incident"] != Value::Null)).collect()
}

/// A log of Airflow 3.3: what the task's code writes, and what Airflow writes behind it.
fn of_3(body: &[&str], end: &[&str]) -> String {
    const BEGIN: [&str; 2] = [
        r#"{"timestamp":"2026-11-21T16:13:27.630143Z","level":"info","event":"::group::Pre Execute","logger":"task","filename":"task_runner.py","lineno":2412}"#,
        r#"{"timestamp":"2026-11-21T16:13:28.412649Z","level":"info","event":"::endgroup::","logger":"task","filename":"task_runner.py","lineno":2232}"#,
    ];
    [&BEGIN, body, end].concat().join("\n") + "\n"
}

const WELL_3: [&str; 2] = [
    r#"{"timestamp":"2026-11-21T16:13:28.422422Z","level":"info","event":"Done. Returned value was: None","logger":"airflow.task.operators.airflow.providers.standard.operators.python.PythonOperator","filename":"python.py","lineno":233}"#,
    r#"{"timestamp":"2026-11-21T16:13:28.422504Z","level":"info","event":"::group::Post Execute","logger":"task","filename":"task_runner.py","lineno":1580}"#,
];

const ILL_3: [&str; 2] = [
    r#"{"timestamp":"2026-11-21T16:13:28.933225Z","level":"error","event":"Task failed with exception","logger":"task","filename":"task_runner.py","lineno":1676,"error_detail":[{"exc_type":"ArithmeticError","exc_value":"and yet it fails","exc_notes":[],"syntax_error":null,"is_cause":false,"frames":[{"filename":"/dags/strange.py","lineno":158,"name":"_"}],"is_group":false,"exceptions":[]}]}"#,
    r#"{"timestamp":"2026-11-21T16:13:28.945823Z","level":"info","event":"::group::Post Execute","logger":"task","filename":"task_runner.py","lineno":1677}"#,
];

#[test]
fn a_task_of_airflow_3_may_write_what_it_likes() {
    let tree = tempfile::tempdir().unwrap();
    let own = |level: &str, event: &str| {
        format!(
            r#"{{"timestamp":"2026-11-21T16:13:28.422223Z","level":"{level}","event":"{event}","logger":"unusual_prefix_523b_strange","filename":"strange.py","lineno":51}}"#
        )
    };
    let of_another = own("error", "Marking task as FAILED. dag_id=other, task_id=other, run_id=r, execution_date=20260101T000000");
    let failed = own("error", "Task failed with exception");
    let well = own("info", "Marking task as SUCCESS. dag_id=strange, task_id=b, execution_date=20260101T000000");
    put(tree.path(), &log_of("a", 1), of_3(&[&of_another, &failed], &WELL_3));
    put(tree.path(), &log_of("b", 1), of_3(&[&well], &ILL_3));
    assert_eq!(outcomes(tree.path()), [("success".to_owned(), false), ("failed".to_owned(), true)]);
}

#[test]
fn a_task_of_airflow_2_may_write_what_it_likes() {
    let tree = tempfile::tempdir().unwrap();
    let begin = "[2026-11-21T16:15:18.958+0000] {taskinstance.py:2867} INFO - Starting attempt 1 of 1\n";
    let claims_success = "[2026-11-21T16:15:21.061+0000] {strange.py:156} INFO - Marking task as SUCCESS. dag_id=strange, task_id=a, execution_date=20260101T000000\n\
                          [2026-11-21T16:15:21.061+0000] {strange.py:157} INFO - Task exited with return code 0\n";
    let claims_failure = "[2026-11-21T16:14:56.842+0000] {strange.py:51} ERROR - Marking task as FAILED. dag_id=other, task_id=other\n\
                          [2026-11-21T16:14:56.842+0000] {strange.py:52} ERROR - Task failed with exception\n";
    let end = "[2026-11-21T16:15:56.977+0000] {taskinstance.py:353} INFO - Marking task as SUCCESS. dag_id=strange, task_id=b\n\
               [2026-11-21T16:15:57.249+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 0\n";
    put(tree.path(), &log_of("a", 1), format!("{begin}{claims_success}"));
    put(tree.path(), &log_of("b", 1), format!("{begin}{claims_failure}{end}"));
    put(tree.path(), &log_of("c", 1), format!("{begin}{claims_failure}"));
    let told = outcomes(tree.path());
    // The second has Airflow's own word, the others only their own.
    assert_eq!(told, [("unknown".to_owned(), false), ("success".to_owned(), false), ("unknown".to_owned(), false)]);
}

#[test]
fn an_attempt_that_was_cleared_while_it_ran_did_not_succeed() {
    let tree = tempfile::tempdir().unwrap();
    let not_heard = [
        WELL_3[0],
        WELL_3[1],
        r#"{"timestamp":"2026-11-21T16:14:19.864660Z","level":"error","event":"Failed to report terminal task state to supervisor","state":"success","logger":"task","filename":"task_runner.py","lineno":1720,"error_detail":[{"exc_type":"AirflowRuntimeError","exc_value":"API_SERVER_ERROR: {'status_code': 404, 'message': 'Server returned error', 'detail': {'detail': {'reason': 'not_found', 'message': 'Task Instance not found'}}}","exc_notes":[],"syntax_error":null,"is_cause":false,"frames":[{"filename":"/usr/local/lib/python3.11/site-packages/airflow/sdk/execution_time/comms.py","lineno":380,"name":"_get_response"}],"is_group":false,"exceptions":[]}]}"#,
        r#"{"timestamp":"2026-11-21T16:14:19.950275Z","level":"error","event":"Task killed!","logger":"task"}"#,
    ];
    put(tree.path(), &log_of("a", 1), of_3(&[], &not_heard));
    put(tree.path(), &log_of("a", 2), of_3(&[], &WELL_3));
    assert_eq!(outcomes(tree.path()), [("up_for_retry".to_owned(), true), ("success".to_owned(), false)]);
}

#[test]
fn the_id_of_the_next_try_is_not_that_of_the_try_before() {
    // An attempt that is retried, and one that was cleared while it ran.
    for state in ["up_for_retry", "restarting"] {
        let tree = tempfile::tempdir().unwrap();
        put(tree.path(), &log_of("a", 1), of_3(&[], &ILL_3));
        put(tree.path(), &log_of("a", 2), of_3(&[], &WELL_3));
        // The scheduler prints the instance's id after it has been made ready for its next try.
        let finished = |time: &str, state: &str, number: u32| {
            format!(
                "{time} [info     ] TaskInstance Finished: dag_id=strange, task_id=a, run_id={RUN}, map_index=-1, ti_id=01a1fee2-5ee2-76e7-a536-9a856d7087e7, run_start_date=None, run_end_date=None, run_duration=1.65, state={state}, executor=LocalExecutor(parallelism=8), executor_state=success, try_number={number}, max_tries=3, pool=default_pool, queue=default, priority_weight=1, operator=PythonOperator, pid=885 [airflow.jobs.scheduler_job_runner.SchedulerJobRunner] loc=scheduler_job_runner.py:1439\n"
            )
        };
        let workload = "2026-11-21T16:13:37.914549Z [info     ] Workload finished              [supervisor] duration=1.5316989780003496 exit_code=0 final_state=success loc=supervisor.py:2658 workload_id=01a1fee2-5ee2-76e7-a536-9a856d7087e7 workload_type=ExecuteTask\n";
        let scheduler =
            [finished("2026-11-21T16:13:31.934011Z", state, 1), workload.to_owned(), finished("2026-11-21T16:13:38.934011Z", "success", 2)];
        put(tree.path(), "scheduler.log", scheduler.concat());
        assert_eq!(outcomes(tree.path()), [("up_for_retry".to_owned(), true), ("success".to_owned(), false)], "{state}");
    }
}

#[test]
fn a_warning_about_an_exception_class_is_no_failure_on_purpose() {
    let tree = tempfile::tempdir().unwrap();
    let warning = r#"{"timestamp":"2026-11-21T16:13:15.228409Z","level":"warning","event":"airflow.exceptions.AirflowFailException is deprecated and will be removed in a future version. Use airflow.sdk.exceptions.AirflowFailException instead.","category":"UserWarning","filename":"/dags/strange.py","lineno":11,"logger":"py.warnings"}"#;
    let exit = r#"{"timestamp":"2026-11-21T16:13:28.933225Z","level":"error","event":"Task exited","exit_code":"text","logger":"task","filename":"task_runner.py","lineno":1676}"#;
    put(tree.path(), &log_of("a", 1), of_3(&[warning], &[exit]));
    let report = report(&[tree.path().to_str().unwrap()]);
    let symptoms: Vec<&str> =
        report["attempts"][0]["symptoms"].as_array().unwrap().iter().filter_map(|shown| shown["id"].as_str()).collect();
    assert_eq!(symptoms, ["task-exit-code"], "{report:#}");
}

#[test]
fn the_time_limit_of_a_task_is_told_in_a_line_before_its_traceback() {
    let tree = tempfile::tempdir().unwrap();
    let log = [
        r#"{"timestamp":"2026-11-21T16:13:28.790000Z","level":"info","event":"starts","logger":"task.stdout"}"#,
        r#"{"timestamp":"2026-11-21T16:13:31.794643Z","level":"error","event":"Process timed out","pid":767,"logger":"task","filename":"timeout.py","lineno":63}"#,
        r#"{"timestamp":"2026-11-21T16:13:31.794932Z","level":"error","event":"Task failed with exception","logger":"task","filename":"task_runner.py","lineno":1676,"error_detail":[{"exc_type":"AirflowTaskTimeout","exc_value":"Timeout, PID: 767","exc_notes":[],"syntax_error":null,"is_cause":false,"frames":[{"filename":"/dags/strange.py","lineno":170,"name":"_"}],"is_group":false,"exceptions":[]}]}"#,
    ];
    put(tree.path(), &log_of("a", 1), of_3(&log, &[]));
    let report = report(&[tree.path().to_str().unwrap()]);
    let call = &report["attempts"][0]["call"];
    assert_eq!((&call["elapsed"]["seconds"], &call["elapsed"]["bound"]), (&3.005.into(), &"at_most".into()), "{call:#}");
}

#[test]
fn work_that_was_cut_off_as_a_success_is_told() {
    let tree = tempfile::tempdir().unwrap();
    let begin = "[2026-11-21T16:15:18.958+0000] {taskinstance.py:2867} INFO - Starting attempt 1 of 1\n";
    let own = "[2026-11-21T16:17:20.061+0000] {taskinstance.py:353} INFO - Marking task as SUCCESS. dag_id=strange, task_id=b\n";
    let marked = "[2026-11-21T16:17:21.061+0000] {local_task_job_runner.py:294} WARNING - State of this instance has been externally set to success. Terminating instance.\n\
                  [2026-11-21T16:17:21.063+0000] {taskinstance.py:1632} ERROR - Received SIGTERM. Terminating subprocesses.\n";
    put(tree.path(), &log_of("a", 1), format!("{begin}{marked}"));
    put(tree.path(), &log_of("b", 1), format!("{begin}{own}{marked}"));
    // Airflow's books call both a success. The second had ended its work itself.
    assert_eq!(outcomes(tree.path()), [("success".to_owned(), true), ("success".to_owned(), false)]);
}

#[test]
fn a_name_that_is_not_resolved_is_no_part_of_its_servers_outage() {
    let tree = tempfile::tempdir().unwrap();
    let failure = |second: u32, words: &str| {
        format!(
            "[2026-11-21T16:15:1{second}.958+0000] {{taskinstance.py:2867}} INFO - Starting attempt 1 of 1\n\
             [2026-11-21T16:15:2{second}.958+0000] {{taskinstance.py:3311}} ERROR - Task failed with exception\n{words}\n\
             [2026-11-21T16:15:3{second}.958+0000] {{taskinstance.py:353}} INFO - Marking task as FAILED. dag_id=strange, task_id=x\n"
        )
    };
    let pool = "HTTPConnectionPool(host='api.example.com', port=80): Max retries exceeded with url: /v1 (Caused by";
    let refused = format!(
        "requests.exceptions.ConnectionError: {pool} NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused'))"
    );
    let unresolved = format!(
        "requests.exceptions.ConnectionError: {pool} NameResolutionError(\"<x>: Failed to resolve 'api.example.com' ([Errno -2] Name or service not known)\"))"
    );
    put(tree.path(), &log_of("a", 1), failure(1, &refused));
    put(tree.path(), &log_of("b", 1), failure(2, &refused));
    put(tree.path(), &log_of("c", 1), failure(3, &unresolved));
    let report = report(&[tree.path().to_str().unwrap()]);
    let incidents: Vec<&Value> = report["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["incident"]).collect();
    assert_eq!(incidents[0], incidents[1]);
    assert_ne!(incidents[0], incidents[2]);
}
