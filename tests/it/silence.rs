//! Logs that just stop, through the program: what stands beside them tells why, and is cited where it stands.

use serde_json::Value;

use crate::tree::{Tree, incident};

const FOLDER: &str = "dag_id=stock/run_id=scheduled__2026-11-20T00:00:00+00:00/task_id=count";

const STOPS: &str = "\
[2026-11-20T02:00:00.000+0000] {taskinstance.py:2614} INFO - Starting attempt 1 of 1
[2026-11-20T02:00:00.090+0000] {task_command.py:467} INFO - Running <TaskInstance: stock.count scheduled__2026-11-20T00:00:00+00:00 [running]> on host worker-1
[2026-11-20T02:00:30.000+0000] {logging_mixin.py:190} INFO - 3000000 rows read
";

/// The incident of a log that stops while others go on, with another log beside it.
fn beside(name: &str, text: &str) -> Value {
    let tree = Tree::new();
    tree.put(&format!("{FOLDER}/attempt=1.log"), STOPS);
    tree.log("other", &[("03:00:00.000", "done")]);
    if !text.is_empty() {
        tree.put(name, text);
    }
    incident(&tree.report(), "count").clone()
}

#[test]
fn silence_alone_is_nothing_to_be_sure_of() {
    let incident = beside("", "");
    assert_eq!((&incident["symptom"], &incident["confidence"]), (&"log-just-stops".into(), &"possible".into()));
    assert!(incident["something_else"].as_f64().unwrap() > 0.3, "{incident:#}");
}

#[test]
fn what_the_scheduler_says_is_cited_where_it_says_it() {
    let zombie = "[2026-11-20T02:10:00.000+0000] {scheduler_job_runner.py:1995} ERROR - Detected zombie job: {'full_filepath': '/d/stock.py', \
                  'processor_subdir': '/d', 'msg': \"{'DAG Id': 'stock', 'Task Id': 'count', 'Run Id': 'scheduled__2026-11-20T00:00:00+00:00', \
                  'Hostname': 'worker-1'}\"}\n";
    let incident = beside("scheduler.log", zombie);
    let evidence = incident["causes"][0]["evidence"].as_array().unwrap();
    let line = evidence.iter().find(|line| line["says"].as_str().unwrap().contains("scheduler")).unwrap_or_else(|| panic!("{incident:#}"));
    let place = &line["locations"][0];
    assert!(place["path"].as_str().unwrap().ends_with("scheduler.log") && place["line"] == 1, "{incident:#}");
}
