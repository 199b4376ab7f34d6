//! The exit codes, on one archive to which one thing after the other is added: healthy logs, a failure, an entry that ignores it, a member that is damaged.

use crate::logs::{gzip, put, tar};
use crate::program::{Run, run_with};

const HEALTHY: &str = "[2026-11-20 01:00:00,000] {taskinstance.py:1103} INFO - Starting attempt 1 of 1\n\
                       [2026-11-20 01:00:01,000] {taskinstance.py:1226} INFO - Marking task as SUCCESS. dag_id=shop, task_id=load\n\
                       [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";

const FAILED: &str = "[2026-11-20 01:00:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
                      Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n\
                      ConnectionResetError: [Errno 104] Connection reset by peer\n\
                      [2026-11-20 01:00:01,000] {taskinstance.py:1226} INFO - Marking task as FAILED. dag_id=shop, task_id=push\n\
                      [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 1\n";

/// A log in an archive.
fn member(task: &str, log: &str) -> (String, Vec<u8>) {
    (format!("dag_id=shop/run_id=r/task_id={task}/attempt=1.log"), log.into())
}

#[test]
fn healthy_0_known_failure_1_ignored_0_unreadable_member_3() {
    let folder = tempfile::tempdir().unwrap();
    let mut members = vec![member("load", HEALTHY), member("store", HEALTHY)];
    let archived = |members: &[(String, Vec<u8>)], arguments: &[&str]| -> Run {
        put(folder.path(), "logs.tar.gz", gzip(&tar(members)));
        run_with(&[&["logs.tar.gz"], arguments].concat(), folder.path(), b"")
    };
    let run = archived(&members, &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.starts_with("No failure found in 2 attempts: 2 succeeded."), "{}", run.out);

    members.push(member("push", FAILED));
    let run = archived(&members, &[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
    assert!(run.out.starts_with("1 incident") && run.out.contains("Connection reset by peer"), "{}", run.out);

    put(folder.path(), "dagnosis.yaml", "ignore: [ { symptom: connection-reset, reason: The partner mends it } ]\n");
    let run = archived(&members, &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.contains("1 incident ignored: The partner mends it."), "{}", run.out);

    // Whose packing ends within it; the failure besides it is told, or ignored, as before.
    let whole = gzip(HEALTHY.as_bytes());
    let (name, _) = member("cut", "");
    members.insert(1, (format!("{name}.gz"), whole[..whole.len() / 2].to_vec()));
    let run = archived(&members, &[]);
    assert_eq!((run.code, run.err.as_str()), (3, ""), "{}", run.out);
    assert!(
        run.out.contains("1 incident ignored: The partner mends it.") && run.out.contains("task_id=cut/attempt=1.log.gz"),
        "{}",
        run.out
    );
    let run = archived(&members, &["--no-config"]);
    assert_eq!((run.code, run.err.as_str()), (3, ""), "{}", run.out);
    assert!(run.out.contains("Connection reset by peer") && run.out.contains("2 succeeded"), "{}", run.out);
    assert!(run.out.contains("1 input could not be read in full"), "{}", run.out);
    // Nor does any format change it.
    for format in ["markdown", "json", "sarif", "junit", "github", "gitlab", "prometheus"] {
        assert_eq!(archived(&members, &["--no-config", "-f", format]).code, 3, "{format}");
    }
}
