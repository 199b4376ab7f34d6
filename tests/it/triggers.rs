//! A task that waits for its trigger, through the program: what befell the trigger befell the task, and is told where it stands.

use serde_json::Value;

use crate::tree::{Tree, attempt, incident};

const FOLDER: &str = "dag_id=orders/run_id=scheduled__2026-11-20T00:00:00+00:00/task_id=await_export";
const NAME: &str = "orders/scheduled__2026-11-20T00:00:00+00:00/await_export/-1/1";

/// The log of a task that is deferred, as Airflow 2 writes it.
const DEFERRED: &str = "\
[2026-11-20T02:00:00.000+0000] {taskinstance.py:2614} INFO - Starting attempt 1 of 1
[2026-11-20T02:00:00.040+0000] {taskinstance.py:2637} INFO - Executing <Task(ExportSensor): await_export> on 2026-11-20 00:00:00+00:00
[2026-11-20T02:00:01.000+0000] {taskinstance.py:288} INFO - Pausing task as DEFERRED. dag_id=orders, task_id=await_export
[2026-11-20T02:00:01.100+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 100 (task deferral)
";

/// The task is taken up again, and does its work.
const RESUMED: &str = "\
[2026-11-20T02:05:00.000+0000] {taskinstance.py:2614} INFO - Resuming after deferral
[2026-11-20T02:05:01.000+0000] {taskinstance.py:353} INFO - Marking task as SUCCESS. dag_id=orders, task_id=await_export
[2026-11-20T02:05:01.100+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 0
";

/// A line of the triggerer about a trigger, at a minute after two.
fn triggerer(minute: u32, level: &str, says: &str) -> String {
    format!("[2026-11-20T02:{minute:02}:00.000+0000] {{triggerer_job_runner.py:572}} {level} - {says}\n")
}

fn starts(minute: u32, id: u32) -> String {
    triggerer(minute, "INFO", &format!("trigger {NAME} (ID {id}) starting"))
}

fn fires(minute: u32, id: u32) -> String {
    triggerer(minute, "INFO", &format!("Trigger {NAME} (ID {id}) fired: TriggerEvent<True>"))
}

/// The trigger meets a server that refuses the connection, and is gone.
fn fails(minute: u32, id: u32) -> String {
    let error = "[Errno 111] Connection refused";
    triggerer(minute, "ERROR", &format!("Trigger {NAME} (ID {id}) exited with error {error}"))
        + "Traceback (most recent call last):\n"
        + "  File \"/home/airflow/.local/lib/python3.12/site-packages/airflow/jobs/triggerer_job_runner.py\", line 558, in cleanup_finished_triggers\n"
        + "    result = details[\"task\"].result()\n"
        + "  File \"/opt/airflow/plugins/exports.py\", line 31, in run\n"
        + "    await asyncio.open_connection(\"exports.example.com\", 8080)\n"
        + &format!("ConnectionRefusedError: {error}\n")
        + &triggerer(minute, "ERROR", &format!("Trigger {NAME} (ID {id}) exited without sending an event. Dependent tasks will be failed."))
}

/// The report on a task's log and its trigger's.
fn report(task: &str, trigger: &str) -> Value {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log"), task);
    tree.put(&format!("{FOLDER}/attempt=1.log.trigger.5.log"), trigger);
    tree.report()
}

#[test]
fn a_trigger_that_fails_fails_its_task_and_is_told_where_it_failed() {
    let report = report(DEFERRED, &(starts(1, 7) + &fails(4, 7)));
    let attempt = attempt(&report, "await_export");
    assert_eq!((&attempt["outcome"], &attempt["ending"]), (&"failed".into(), &"exception".into()), "{attempt:#}");
    let because = attempt["outcome_because"].as_str().unwrap();
    assert!(because.contains("its trigger failed (") && because.ends_with("attempt=1.log.trigger.5.log line 2)"), "{because}");
    let incident = incident(&report, "await_export");
    assert_eq!(incident["symptom"], "connection-refused");
    let (example, evidence) = (&incident["examples"][0], &incident["causes"][0]["evidence"][0]["locations"][0]);
    for place in [example, evidence] {
        assert!(place["path"].as_str().unwrap().ends_with("attempt=1.log.trigger.5.log"), "{incident:#}");
        assert_eq!(place["line"], 2);
    }
    assert!(example["excerpt"].as_str().unwrap().ends_with("exited with error [Errno 111] Connection refused"), "{example:#}");
}

#[test]
fn a_trigger_that_had_its_event_may_fail_afterwards() {
    let report = report(&(DEFERRED.to_owned() + RESUMED), &(starts(1, 7) + &fires(4, 7) + &fails(5, 7)));
    assert_eq!(attempt(&report, "await_export")["outcome"], "success");
    assert_eq!(report["incidents"], serde_json::json!([]));
    // The task waits to be taken up again, and nothing says that it was not.
    let report = self::report(DEFERRED, &(starts(1, 7) + &fires(4, 7) + &fails(5, 7)));
    let symptoms = incident(&report, "await_export")["symptom"].clone();
    assert_eq!(symptoms, "deferred-not-resumed");
}

#[test]
fn of_several_triggers_the_last_one_counts() {
    let failed_then_fired = starts(1, 7) + &fails(4, 7) + &starts(20, 8) + &fires(24, 8);
    assert_eq!(incident(&report(DEFERRED, &failed_then_fired), "await_export")["symptom"], "deferred-not-resumed");
    let fired_then_failed = starts(1, 7) + &fires(4, 7) + &starts(20, 8) + &fails(24, 8);
    assert_eq!(incident(&report(DEFERRED, &fired_then_failed), "await_export")["symptom"], "connection-refused");
}

#[test]
fn a_trigger_that_still_waits_leaves_its_task_waiting() {
    let report = report(DEFERRED, &starts(1, 7));
    assert_eq!(attempt(&report, "await_export")["outcome"], "deferred");
    assert_eq!(report["incidents"], serde_json::json!([]));
}

#[test]
fn a_download_that_holds_both_logs_says_the_same() {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log"), DEFERRED.to_owned() + &starts(1, 7) + &fails(4, 7));
    let report = tree.report();
    assert_eq!(attempt(&report, "await_export")["outcome"], "failed");
    let incident = incident(&report, "await_export");
    assert_eq!((&incident["symptom"], &incident["examples"][0]["line"]), (&"connection-refused".into(), &6.into()));
}

#[test]
fn a_triggers_log_alone_tells_what_failed() {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log.trigger.5.log"), starts(1, 7) + &fails(4, 7));
    let report = tree.report();
    assert_eq!(report["incidents"][0]["symptom"], "connection-refused");
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log.trigger.5.log"), starts(1, 7) + &fires(4, 7));
    assert_eq!(tree.report()["incidents"], serde_json::json!([]));
}

#[test]
fn an_event_from_before_the_last_deferral_is_past() {
    let again = "\
[2026-11-20T02:05:00.000+0000] {taskinstance.py:2614} INFO - Resuming after deferral
[2026-11-20T02:06:00.000+0000] {taskinstance.py:288} INFO - Pausing task as DEFERRED. dag_id=orders, task_id=await_export
[2026-11-20T02:06:00.100+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 100 (task deferral)
";
    let report = report(&(DEFERRED.to_owned() + again), &(starts(1, 7) + &fires(4, 7)));
    assert_eq!(attempt(&report, "await_export")["outcome"], "deferred");
    assert_eq!(report["incidents"], serde_json::json!([]));
}

#[test]
fn of_the_logs_of_several_triggerers_the_one_written_last_counts() {
    // The order of names is not that of time.
    for [first, second] in [["5", "9"], ["9", "5"]] {
        let symptom = |before: &str, after: &str| {
            let tree = Tree::new();
            tree.put(&format!("{FOLDER}/attempt=1.log"), DEFERRED);
            tree.put(&format!("{FOLDER}/attempt=1.log.trigger.{first}.log"), before);
            tree.put(&format!("{FOLDER}/attempt=1.log.trigger.{second}.log"), after);
            let report = tree.report();
            (attempt(&report, "await_export")["outcome"].clone(), report["incidents"][0]["symptom"].clone())
        };
        let fails = starts(1, 7) + &fails(4, 7);
        assert_eq!(symptom(&fails, &(starts(20, 8) + &fires(24, 8))), ("failed".into(), "deferred-not-resumed".into()));
        assert_eq!(symptom(&fails, &starts(20, 8)), ("deferred".into(), Value::Null));
        assert_eq!(symptom(&starts(0, 6), &fails), ("failed".into(), "connection-refused".into()));
    }
}

#[test]
fn a_trigger_whose_tasks_log_is_not_there_is_told_beside_other_tasks() {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log.trigger.5.log"), starts(1, 7) + &fails(4, 7));
    tree.log("other", &[("02:00:00.000", "done")]);
    assert_eq!(tree.report()["incidents"][0]["symptom"], "connection-refused");
}

#[test]
fn a_trigger_tells_of_an_attempt_whose_log_is_missing() {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log.trigger.5.log"), starts(1, 7) + &fails(4, 7));
    tree.put(
        "dag_id=orders/run_id=scheduled__2026-11-20T00:00:00+00:00/task_id=other/attempt=1.log",
        "[2026-11-20T02:00:00.000+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 0\n",
    );
    let finished = "[2026-11-20T02:05:00.000+0000] {scheduler_job_runner.py:764} INFO - TaskInstance Finished: dag_id=orders, task_id=await_export, \
                    run_id=scheduled__2026-11-20T00:00:00+00:00, map_index=-1, run_start_date=2026-11-20 02:00:00+00:00, run_end_date=2026-11-20 \
                    02:04:30+00:00, run_duration=270.0, state=failed, executor_state=failed, try_number=1, max_tries=0\n";
    tree.put("scheduler/scheduler.log", finished);
    let report = tree.report();
    assert_eq!((report["incidents"].as_array().unwrap().len(), &report["totals"]["failed"]), (1, &1.into()), "{report:#}");
    let incident = &report["incidents"][0];
    assert_eq!(incident["symptom"], "connection-refused", "{report:#}");
    assert!(incident["examples"][0]["path"].as_str().unwrap().ends_with("attempt=1.log.trigger.5.log"));
}

#[test]
fn what_a_task_prints_is_no_triggers_word() {
    let tree = Tree::new();
    let begin = r#"{"timestamp":"2026-11-20T02:00:00.20Z","level":"info","event":"DAG bundles loaded: dags-folder","logger":"airflow.dag_processing.bundles.manager.DagBundlesManager"}"#;
    let printed = r#"{"timestamp":"2026-11-20T02:00:05.1Z","level":"error","event":"Trigger x (ID 5) exited with error boom","chan":"stderr","logger":"task"}"#;
    let done = r#"{"timestamp":"2026-11-20T02:00:06Z","level":"info","event":"Done. Returned value was: None","logger":"airflow.task.operators.airflow.providers.standard.operators.python.PythonOperator"}"#;
    tree.put(&format!("{FOLDER}/attempt=1.log"), format!("{begin}\n{printed}\n{done}\n"));
    let report = tree.report();
    assert_eq!(attempt(&report, "await_export")["outcome"], "success");
    assert_eq!(report["incidents"], serde_json::json!([]));
}
