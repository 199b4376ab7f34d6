use super::super::{Landmark, landmarks};
use super::*;

fn all(text: &str) -> Vec<About> {
    let mut found = Vec::new();
    landmarks(&Record::from_text(text), &mut |landmark| {
        if let Landmark::About(about) = landmark {
            found.push(*about);
        }
    });
    found
}

fn task(dag: &str, task: &str, run: &str, map_index: Option<i32>, try_number: Option<u32>) -> TaskInstance {
    TaskInstance { dag_id: Some(dag.into()), run_id: Some(run.into()), task_id: Some(task.into()), map_index, try_number }
}

#[test]
fn a_scheduler_speaks_of_others() {
    let found = all(
        "2026-11-21T07:12:49.911820Z [info     ] TaskInstance Finished: dag_id=d, task_id=t, run_id=r, map_index=-1, ti_id=01a1fcf6-0124-7574-9748-406f0b332b31, run_start_date=2026-11-21 07:12:29.182344+00:00, run_end_date=2026-11-21 07:12:46.630505+00:00, run_duration=18.1, state=failed, executor=LocalExecutor(parallelism=12), executor_state=success, try_number=1, max_tries=2, pool=small, queue=default, operator=Op, pid=22052 [x] loc=y",
    );
    let [about] = &found[..] else { panic!("{found:?}") };
    assert_eq!(about.task, task("d", "t", "r", None, Some(1)));
    assert_eq!(
        (about.outcome, about.pid, about.operator.as_deref(), about.max_tries),
        (Some(Outcome::Failed), Some(22052), Some("Op"), Some(3))
    );
    assert_eq!((about.pool.as_deref(), about.queue.as_deref(), about.ids.len()), (Some("small"), Some("default"), 1));
    assert_eq!(about.ended.map(|time| time.to_string()), Some("2026-11-21T07:12:46.630505Z".to_owned()));
    let found = all(
        "ERROR - Detected zombie job: {'msg': \"{'DAG Id': 'd', 'Task Id': 't', 'Run Id': 'r', 'Hostname': 'h', 'External Executor Id': '75065560-58a5-40e5-9ec1-02f2c7f4bb72'}\", 'simple_task_instance': SimpleTaskInstance(dag_id='d', try_number=2)}",
    );
    assert!(
        matches!(&found[..], [About { host: Some(host), task, ids, .. }] if host == "h" && task.try_number == Some(2) && ids.len() == 1)
    );
    let executor = all(
        "[2026-11-21T08:07:51.000+0000] {scheduler_job_runner.py:922} ERROR - Executor CeleryExecutor(parallelism=24) reported that the task instance <TaskInstance: d.t r map_index=4 [queued]> finished with state failed, but the task instance's state attribute is queued.",
    );
    assert_eq!(executor[0].task, task("d", "t", "r", Some(4), None));
    assert!(all("2026-11-21T07:12:48.965515Z [info     ] Received executor event with state success for task instance TaskInstanceKey(dag_id='d', task_id='t', run_id='r', try_number=1, map_index=-1)").is_empty());
}

#[test]
fn executors_and_workers_speak_of_processes_and_pods() {
    let one = |text: &str| all(text).into_iter().next().unwrap_or_default();
    let took = one(
        "[2026-11-21 08:05:37,576: INFO/ForkPoolWorker-3] [75065560-58a5-40e5-9ec1-02f2c7f4bb72] Executing command in Celery: ['airflow', 'tasks', 'run', 'd', 'g.t', 'r', '--local', '--subdir', 'DAGS_FOLDER/d.py', '--map-index', '2']",
    );
    assert_eq!((took.task, took.worker.as_deref(), took.ids.len()), (task("d", "g.t", "r", Some(2), None), Some("ForkPoolWorker-3"), 1));
    let lost = one("[2026-11-21 08:07:53,069: ERROR/MainProcess] Process 'ForkPoolWorker-3' pid:13355 exited with 'signal 9 (SIGKILL)'");
    assert_eq!((lost.worker.as_deref(), lost.return_code), (Some("ForkPoolWorker-3"), Some(-9)));
    let pod = one(
        "[2026-11-21T08:07:53.069+0000] {kubernetes_executor_utils.py:300} ERROR - Event: d-t-x1 Failed, annotations: {'dag_id': 'd', 'task_id': 't', 'run_id': 'r', 'try_number': '2'}, container_reason: OOMKilled",
    );
    assert_eq!(pod.task, task("d", "t", "r", None, Some(2)));
    let done = one(
        "2026-11-21T07:13:19.886755Z [info     ] Task finished                  [supervisor] duration=5.01 exit_code=-9 final_state=failed loc=supervisor.py:1995 task_instance_id=01a1fcf3-bc93-70d0-9d55-45bc4fe34f18",
    );
    assert_eq!((done.return_code, done.outcome, done.ids.len()), (Some(-9), Some(Outcome::Failed), 1));
    let workload = one(
        "2026-11-21T12:03:19.886755Z [info     ] Workload finished              [supervisor] duration=12.69 exit_code=<Negsignal.SIGKILL: -9> final_state=failed loc=supervisor.py:2658 workload_id=01a1fcf3-bc93-70d0-9d55-45bc4fe34f18 workload_type=ExecuteTask",
    );
    assert_eq!((workload.return_code, workload.outcome, workload.ids), (done.return_code, done.outcome, done.ids));
    let heartbeat = one(
        "2026-11-21T07:13:19.886755Z [error    ] Detected a task instance without a heartbeat: TaskCallbackRequest(filepath='d.py', ti=TaskInstance(id=UUID('01a1fcf3-bc93-70d0-9d55-45bc4fe34f18'), task_id='t', dag_id='d', run_id='r', try_number=1, map_index=-1, hostname='w-1'), msg='x')",
    );
    assert_eq!((heartbeat.task, heartbeat.host.as_deref()), (task("d", "t", "r", None, Some(1)), Some("w-1")));
}

#[test]
fn the_kernel_speaks_of_processes() {
    let pid = |text: &str| all(text).first().map(|about| (about.pid, about.return_code));
    assert_eq!(
        pid("[ 1216.588703] Memory cgroup out of memory: Killed process 23747 (python3) total-vm:114244kB"),
        Some((Some(23747), Some(-9)))
    );
    assert_eq!(pid("[ 1216.588703] python3[812]: segfault at 0 ip 00007f error 4 in libc.so.6"), Some((Some(812), Some(-11))));
    assert_eq!(pid("[2026-11-21T08:07:53.069+0000] {a.py:1} INFO - Killed process 12 of the old batch"), None);
}
