//! What is read: large logs made of the sample logs, the same bytes every time.

use std::fs;
use std::path::{Path, PathBuf};

use dagnosis::source::Source;

/// One log.
pub(crate) struct Input {
    /// The name of its column.
    pub(crate) name: &'static str,
    /// What its path says of it.
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}

/// The path of a task's log, as Airflow names it.
const TASK_LOG: &str = "dag_id=orders/run_id=manual__2026-11-21T09:30:00+00:00/task_id=load/attempt=1.log";

/// The path of what a container wrote, of which many attempts may speak.
const CONTAINER_LOG: &str = "worker-0.log";

/// When a collector says that a line was written.
const COLLECTED: &str = "2026-11-21T09:30:35.243000000Z";

/// All inputs, each of at least so many bytes.
pub(crate) fn inputs(bytes: usize) -> Vec<Input> {
    let task = |name, text: Vec<u8>| Input { name, source: Source::named(TASK_LOG, None), bytes: text };
    let container = |name, text: Vec<u8>| Input { name, source: Source::named(CONTAINER_LOG, None), bytes: text };
    let both = |tree| [whole(tree, |attempt| attempt.healthy), whole(tree, |attempt| attempt.failed)].concat();
    vec![
        task("2.x healthy", long(&attempts("airflow-2.10"), is_own_of_2, bytes)),
        task("2.x failing", repeated(&whole("airflow-2.10", |attempt| attempt.failed), bytes)),
        task("3.x healthy", long(&attempts("airflow-3.1"), is_own_of_3, bytes)),
        task("3.x failing", repeated(&whole("airflow-3.1", |attempt| attempt.failed), bytes)),
        container("2.x in Docker", repeated(&in_docker(&both("airflow-2.10")), bytes)),
        container("3.x in CRI", repeated(&in_cri(&both("airflow-3.1")), bytes)),
    ]
}

/// The log of one attempt of the samples.
struct Attempt {
    healthy: bool,
    failed: bool,
    text: Vec<u8>,
}

/// The attempts of one tree, in the order of their paths.
fn attempts(tree: &str) -> Vec<Attempt> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let truth = fs::read_to_string(samples.join("truth.jsonl")).expect("the samples come with their truth");
    let mut found: Vec<(PathBuf, bool, bool)> = truth
        .lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).expect("each row is JSON"))
        .filter_map(|row| {
            let path = row["path"].as_str().filter(|path| path.starts_with(tree))?;
            let outcome = row["outcome"].as_str()?;
            let healthy = outcome == "success" && row["alarming"] == false;
            Some((samples.join(path), healthy, matches!(outcome, "failed" | "up_for_retry")))
        })
        .collect();
    found.sort();
    let read = |path: &Path| fs::read(path).expect("each row's log is there");
    found.into_iter().map(|(path, healthy, failed)| Attempt { healthy, failed, text: read(&path) }).collect()
}

/// The whole logs of some attempts of a tree, one after the other.
fn whole(tree: &str, wanted: impl Fn(&Attempt) -> bool) -> Vec<u8> {
    attempts(tree).into_iter().filter(wanted).flat_map(|attempt| attempt.text).collect()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

fn holds(line: &[u8], text: &str) -> bool {
    memchr::memmem::find(line, text.as_bytes()).is_some()
}

/// Whether a task itself, or its operator, wrote a line of Airflow 2.
fn is_own_of_2(line: &[u8]) -> bool {
    let by_airflow = ["{taskinstance.py:", "{local_task_job_runner.py:", "{standard_task_runner.py:", "{task_command.py:"];
    line.starts_with(b"[20") && !by_airflow.iter().any(|file| holds(line, file))
}

/// Whether a task itself wrote a line of Airflow 3.
fn is_own_of_3(line: &[u8]) -> bool {
    line.starts_with(b"{\"timestamp\"") && !holds(line, "\"logger\":\"airflow.")
}

/// One long log of a task that succeeded: it begins and ends as the first healthy one, and between stands, again and again, what all healthy tasks
/// wrote themselves. So large logs look: Airflow's own lines are few.
fn long(attempts: &[Attempt], is_own: fn(&[u8]) -> bool, bytes: usize) -> Vec<u8> {
    let healthy = || attempts.iter().filter(|attempt| attempt.healthy);
    let own: Vec<u8> = healthy().flat_map(|attempt| lines(&attempt.text)).filter(|line| is_own(line)).flatten().copied().collect();
    let frame: Vec<&[u8]> = healthy().next().map(|attempt| lines(&attempt.text).collect()).unwrap_or_default();
    let from = frame.iter().position(|line| is_own(line)).expect("the task wrote something");
    let to = frame.iter().rposition(|line| is_own(line)).map_or(from, |last| last + 1);
    [frame[..from].concat(), repeated(&own, bytes), frame[to..].concat()].concat()
}

fn repeated(text: &[u8], bytes: usize) -> Vec<u8> {
    text.repeat(bytes.div_ceil(text.len()))
}

/// As Docker's `json-file` driver keeps it.
fn in_docker(text: &[u8]) -> Vec<u8> {
    let envelope = |line| serde_json::json!({ "log": String::from_utf8_lossy(line), "stream": "stdout", "time": COLLECTED });
    lines(text).flat_map(|line| format!("{}\n", envelope(line)).into_bytes()).collect()
}

/// As Kubernetes' container runtimes keep it.
fn in_cri(text: &[u8]) -> Vec<u8> {
    let prefix = format!("{COLLECTED} stdout F ");
    lines(text).flat_map(|line| [prefix.as_bytes(), line].concat()).collect()
}
