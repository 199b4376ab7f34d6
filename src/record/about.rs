//! What the services of Airflow, its executors and the kernel say of task instances and processes: the scheduler that finished or lost one, the
//! worker that took it, the pod that was killed, the process that the kernel ended.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use memchr::memmem;

use crate::source::TaskInstance;
use crate::time::{Timestamp, Zone, parse_prefix};

use super::{Dialect, Level, Outcome, Record};

/// What one record says of a task instance, or of a process that may be one's. Whatever it does not say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whose.
    pub task: TaskInstance,
    /// The ids under which executors and supervisors know it: the task instance's own of Airflow 3, or Celery's.
    pub ids: Vec<String>,
    /// The worker process that has it (Celery's `ForkPoolWorker-3`).
    pub worker: Option<String>,
    /// The state it came to.
    pub outcome: Option<Outcome>,
    /// The host it ran on.
    pub host: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// Its operator.
    pub operator: Option<String>,
    /// How many tries it may have.
    pub max_tries: Option<u32>,
    /// The queue it was sent to.
    pub queue: Option<String>,
    /// The pool it took a slot of.
    pub pool: Option<String>,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What its process returned; negative for a signal.
    pub return_code: Option<i32>,
}

/// One of these stands in every record that speaks of a task instance or of its process.
pub(super) const ABOUT_LITERALS: [&str; 20] = [
    "TaskInstance Finished: ",
    "'DAG Id': '",
    " task instance <TaskInstance: ",
    "TaskInstance(id=UUID('",
    "TaskInstanceKey(dag_id='",
    "annotations: {'",
    "Executing command in Celery: [",
    "Executing workload in Celery",
    "execute_command[",
    "execute_workload[",
    "Running <TaskInstance: ",
    "Task finished ",
    "Workload finished ",
    " exited with 'signal ",
    "Task handler raised error: ",
    "Killed process ",
    " segfault at ",
    "Executor reports execution of ",
    "Failed to execute task Command '",
    "zombie",
];

/// What a record says of task instances and processes.
pub(super) fn about(record: &Record, found: &mut dyn FnMut(super::Landmark)) {
    let text = record.text.as_str();
    let mut give = |about: About| found(super::Landmark::About(Box::new(about)));
    if let Some(about) = after(text, "TaskInstance Finished: ").and_then(finished) {
        return give(about);
    }
    if let Some(about) = kernel(record, text) {
        return give(about);
    }
    if let Some(about) = worker(record, text) {
        return give(about);
    }
    // The supervisor's last word: "Task finished" up to Airflow 3.1, "Workload finished" later.
    if (text.starts_with("Task finished ") || text.starts_with("Workload finished ")) && text.contains("exit_code=") {
        let id = ["task_instance_id=", "workload_id=", "ti_id="].iter().find_map(|key| value(text, key));
        let ids = id.map(|id| vec![id.to_owned()]).unwrap_or_default();
        return give(About {
            ids,
            outcome: value(text, "final_state=").and_then(Outcome::named),
            // -9, or <Negsignal.SIGKILL: -9>.
            return_code: after(text, "exit_code=").and_then(|code| {
                let code = code.strip_prefix("<Negsignal.").and_then(|named| after(named, ": ")).unwrap_or(code);
                leading_signed(code)
            }),
            ..About::default()
        });
    }
    if let Some(rest) = after(text, "'DAG Id': '") {
        return give(zombie(rest));
    }
    if let Some(about) = older(text) {
        return give(about);
    }
    // "Executor reports task instance <TaskInstance: ..> finished (failed) although the task says it's queued", and its later wordings.
    if let Some(task) = after(text, " task instance <TaskInstance: ").and_then(repr_identity) {
        return give(About { task, ids: ids_in(text), ..About::default() });
    }
    // Schedulers name an instance in every line about it; only what went wrong is worth keeping.
    let wrong = record.level >= Some(Level::Warning) || contains(text, "ailed") || contains(text, "OOMKilled");
    if wrong && let Some(task) = keyword_identity(text) {
        let host = quoted(text, "hostname='").filter(|host| !host.is_empty()).map(str::to_owned);
        give(About { task, host, ids: ids_in(text), ..About::default() });
    }
}

/// `dag_id=a, task_id=b, .., state=failed, .., pid=4711`: the scheduler's last word on one.
fn finished(rest: &str) -> Option<About> {
    let task = key_value_identity(rest)?;
    // The instants are written with a space between date and time: their values end at the comma.
    let instant = |key: &str| {
        let text = after(rest, key)?.split(',').next()?;
        parse_prefix(text.as_bytes(), &Zone::default()).map(|(time, _)| time)
    };
    let known = |key: &str| value(rest, key).filter(|value| *value != "None").map(str::to_owned);
    let outcome = value(rest, " state=").or_else(|| value(rest, "state=")).and_then(Outcome::named);
    Some(About {
        task,
        // Where another try follows (also `restarting`, of one that was cleared), the instance has been given that try's id already.
        ids: known("ti_id=").filter(|_| outcome.is_some_and(|outcome| outcome != Outcome::UpForRetry)).into_iter().collect(),
        outcome,
        pid: value(rest, "pid=").and_then(|pid| pid.parse().ok()),
        operator: known("operator="),
        max_tries: value(rest, "max_tries=").and_then(|tries| tries.parse::<u32>().ok()).map(|retries| retries.saturating_add(1)),
        queue: known("queue="),
        pool: known("pool="),
        started: instant("run_start_date="),
        ended: instant("run_end_date="),
        ..About::default()
    })
}

/// `{'DAG Id': 'a', 'Task Id': 'b', 'Run Id': 'c', 'Hostname': 'h', 'External Executor Id': '..'}`: a task instance without a heartbeat.
fn zombie(rest: &str) -> About {
    let text = |key: &str| quoted(rest, key).map(str::to_owned);
    let task = TaskInstance {
        dag_id: rest.split_once('\'').map(|(dag, _)| dag.into()),
        task_id: quoted(rest, "'Task Id': '").map(Arc::from),
        run_id: quoted(rest, "'Run Id': '").map(Arc::from),
        map_index: after(rest, "'Map Index': ").and_then(leading_signed).filter(|index| *index >= 0),
        // The message names no try in most versions, but the request that goes with it does.
        try_number: after(rest, "'Try Number': ").or_else(|| after(rest, "try_number=")).and_then(leading_number).map(|(number, _)| number),
    };
    About { task, host: text("'Hostname': '"), ids: text("'External Executor Id': '").into_iter().collect(), ..About::default() }
}

/// What schedulers and executors before 2.3 say, which know a run by its date.
fn older(text: &str) -> Option<About> {
    // Executor reports execution of dag.task execution_date=2026-11-20 00:00:00+00:00 exited with status failed for try_number 1. That it
    // succeeded is about the command, not about the task.
    if let Some(rest) = after(text, "Executor reports execution of ") {
        let (place, rest) = rest.split_once(' ')?;
        let (dag, task) = place.split_once('.')?;
        let run = rest.split(" exited with status ").next()?;
        let run = run.strip_prefix("execution_date=").or_else(|| run.strip_prefix("run_id="))?;
        let try_number = after(rest, "try_number ").and_then(leading_number).map(|(number, _)| number);
        let task =
            TaskInstance { dag_id: Some(dag.into()), run_id: Some(run.into()), task_id: Some(task.into()), map_index: None, try_number };
        return rest.contains("exited with status failed").then(|| About { task, outcome: Some(Outcome::Failed), ..About::default() });
    }
    // Failed to execute task Command '['airflow', 'tasks', 'run', ..]' died with <Signals.SIGKILL: 9>.
    if let Some(rest) = after(text, "Failed to execute task Command '[") {
        let (words, rest) = rest.split_once(']')?;
        let return_code =
            after(rest, "died with <Signals.").and_then(|named| after(named, ": ")).and_then(leading_signed).map(|signal| -signal);
        let return_code = return_code.or_else(|| after(rest, "non-zero exit status ").and_then(leading_signed));
        return Some(About { task: command_identity(words)?, return_code, ..About::default() });
    }
    if let Some(rest) = after(text, "Detected zombie job with dag_id ") {
        let (dag, rest) = rest.split_once(", task_id ")?;
        let (task, rest) = rest.split_once(", and execution date ")?;
        let run = rest.split_whitespace().next()?;
        let task =
            TaskInstance { dag_id: Some(dag.into()), run_id: Some(run.into()), task_id: Some(task.into()), ..TaskInstance::default() };
        return Some(About { task, ..About::default() });
    }
    let zombie = after(text, "Marked zombie job <TaskInstance: ")
        .or_else(|| after(text, "Detected <TaskInstance: ").filter(|_| text.contains("> as zombie")));
    zombie.and_then(repr_identity).map(|task| About { task, ..About::default() })
}

/// The task instance of a command as executors run it: 'airflow', 'tasks', 'run', 'dag', 'task', 'run id', .., '--map-index', '3'; in 1.10
/// 'airflow', 'run', 'dag', ..
fn command_identity(words: &str) -> Option<TaskInstance> {
    let words: Vec<&str> = words.split(", ").map(|word| word.trim_matches(['\'', '"'])).collect();
    let at = words.iter().position(|word| *word == "run")? + 1;
    let index = words.iter().position(|word| *word == "--map-index").and_then(|at| words.get(at + 1)?.parse().ok());
    Some(TaskInstance {
        dag_id: words.get(at).map(|word| (*word).into()),
        task_id: words.get(at + 1).map(|word| (*word).into()),
        run_id: words.get(at + 2).map(|word| (*word).into()),
        map_index: index.filter(|index| *index >= 0),
        try_number: None,
    })
}

/// What a Celery worker says: which process took which task, and which process is lost.
fn worker(record: &Record, text: &str) -> Option<About> {
    let process = || record.logger.clone().filter(|_| record.dialect == Dialect::Celery);
    let id = || uuid(text).map(|id| vec![id]).unwrap_or_default();
    if let Some(rest) = after(text, "Executing command in Celery: [") {
        let task = command_identity(rest.split(']').next()?)?;
        return Some(About { task, ids: id(), worker: process(), ..About::default() });
    }
    if contains(text, "Executing workload in Celery") {
        return Some(About { task: keyword_identity(text)?, ids: ids_in(text), worker: process(), ..About::default() });
    }
    if let Some(rest) = text.strip_prefix("Running <TaskInstance: ") {
        let host = after(rest, "> on host ").map(|host| host_word(host).to_owned());
        return Some(About { task: repr_identity(rest)?, host, worker: process(), ..About::default() });
    }
    if let Some(rest) = after(text, "execute_command[").or_else(|| after(text, "execute_workload[")) {
        let ids = uuid(rest).map(|id| vec![id])?;
        // "succeeded in 3.2s" is about the command: a task that failed is a command that succeeded.
        return rest.contains("raised").then(|| About { ids, worker: process(), ..About::default() });
    }
    // Process 'ForkPoolWorker-3' pid:13355 exited with 'signal 9 (SIGKILL)'
    if let Some(rest) = text.strip_prefix("Process '")
        && rest.contains(" exited with 'signal ")
    {
        let signal = after(rest, "exited with 'signal ").and_then(leading_number).map(|(number, _)| number);
        let return_code = signal.and_then(|signal| i32::try_from(signal).ok()).map(|signal| -signal);
        return Some(About { worker: rest.split_once('\'').map(|(name, _)| name.to_owned()), return_code, ..About::default() });
    }
    // It follows on the line about the process, and names none itself.
    text.starts_with("Task handler raised error: ").then(|| About { worker: Some(LOST_PROCESS.to_owned()), ..About::default() })
}

/// Stands for the worker process that was lost last.
pub const LOST_PROCESS: &str = "lost";

/// `Memory cgroup out of memory: Killed process 23747 (python3)`, `python3[812]: segfault at 0`: what the kernel did to a process.
fn kernel(record: &Record, text: &str) -> Option<About> {
    if let Some(rest) = after(text, "Killed process ")
        && (text.contains("ut of memory") || text.contains("oom") || record.dialect == Dialect::Kernel)
    {
        let (pid, _) = leading_number(rest)?;
        return Some(About { pid: Some(pid), return_code: Some(-9), ..About::default() });
    }
    let before = &text[..memmem::find(text.as_bytes(), b" segfault at ")?];
    let pid = before.rsplit_once('[')?.1.strip_suffix("]:")?.parse().ok()?;
    Some(About { pid: Some(pid), return_code: Some(-11), ..About::default() })
}

/// `TaskInstance(id=UUID('..'), task_id='b', dag_id='a', run_id='c', try_number=1, map_index=-1`, `TaskInstanceKey(dag_id='a', ..)`, and the
/// annotations of a pod: `{'dag_id': 'a', 'task_id': 'b', 'run_id': 'c', 'try_number': '1', 'map_index': '-1'}`.
fn keyword_identity(text: &str) -> Option<TaskInstance> {
    let text = ["TaskInstance(id=", "TaskInstanceKey(", "annotations: {"].iter().find_map(|begin| after(text, begin))?;
    let field = |name: &str| quoted(text, &format!("{name}='")).or_else(|| quoted(text, &format!("'{name}': '")));
    let number = |name: &str| after(text, &format!("{name}=")).and_then(leading_signed).or_else(|| field(name)?.parse().ok());
    Some(TaskInstance {
        dag_id: Some(field("dag_id")?.into()),
        task_id: Some(field("task_id")?.into()),
        run_id: field("run_id").map(Arc::from),
        map_index: number("map_index").filter(|index| *index >= 0),
        try_number: number("try_number").and_then(|number| u32::try_from(number).ok()),
    })
}

/// The ids of task instances and Celery tasks that a text names.
fn ids_in(text: &str) -> Vec<String> {
    let own = after(text, "id=UUID('").and_then(uuid);
    let external = quoted(text, "external_executor_id='").or_else(|| quoted(text, "'External Executor Id': '")).map(str::to_owned);
    own.into_iter().chain(external).collect()
}

/// The first UUID within the first words of a text.
fn uuid(text: &str) -> Option<String> {
    let is_one = |word: &&str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).take(60).find(is_one).map(str::to_owned)
}

fn quoted<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    after(text, key).and_then(|rest| rest.split_once('\'')).map(|(value, _)| value)
}

/// `dag_id=a, task_id=b, run_id=c, ..`, as both the task log's verdict and the scheduler write it.
pub(super) fn key_value_identity(text: &str) -> Option<TaskInstance> {
    let dag_id = value(text, "dag_id=")?.into();
    let task_id = value(text, "task_id=")?.into();
    Some(TaskInstance {
        dag_id: Some(dag_id),
        task_id: Some(task_id),
        run_id: value(text, "run_id=").map(Arc::from),
        map_index: value(text, "map_index=").and_then(|index| index.parse().ok()).filter(|index| *index >= 0),
        try_number: value(text, "try_number=").and_then(|number| number.parse().ok()),
    })
}

/// `dag.task run [state]`, with `map_index=3` before the state where the task is mapped. DAG and task are told apart at the first dot.
pub(super) fn repr_identity(text: &str) -> Option<TaskInstance> {
    let (inner, _) = text.split_once('>')?;
    let mut words = inner.split(' ').peekable();
    let (dag, task) = words.next()?.split_once('.')?;
    let mut run = words.next()?.to_owned();
    // Some lines of 1.10 and 2.0 print the date with a blank before its time.
    if run.len() == 10 && words.peek().is_some_and(|word| word.as_bytes().get(2) == Some(&b':')) {
        run = format!("{run}T{}", words.next()?);
    }
    let index = words.find_map(|word| word.strip_prefix("map_index=")).and_then(|index| index.parse().ok()).filter(|index| *index >= 0);
    Some(TaskInstance {
        dag_id: Some(dag.into()),
        task_id: Some(task.into()),
        run_id: Some(run.into()),
        map_index: index,
        try_number: None,
    })
}

/// What stands behind the first `marker`. Every traceback is searched for some twenty of them, all of it and in vain: that takes vector
/// instructions, which the standard library's search of text has none of.
pub(super) fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    memmem::find(text.as_bytes(), marker.as_bytes()).map(|at| &text[at + marker.len()..])
}

fn contains(text: &str, word: &str) -> bool {
    memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// The value of `key=value, `; the key must stand at the start or behind a separator.
pub(super) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(key) {
        let start = from + at;
        if start == 0 || matches!(text.as_bytes()[start - 1], b' ' | b',') {
            let rest = &text[start + key.len()..];
            return Some(rest.split([',', ' ', '\n']).next().unwrap_or_default()).filter(|value| !value.is_empty());
        }
        from = start + key.len();
    }
    None
}

pub(super) fn word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The name of a machine at the start of a text, without what ends a colour or a quotation behind it.
pub(super) fn host_word(text: &str) -> &str {
    let word = word(text);
    word.split(|c: char| c.is_control() || "\"',;<>(){}".contains(c)).next().unwrap_or_default()
}

pub(super) fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

pub(super) fn leading_signed(text: &str) -> Option<i32> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse::<i32>().ok().map(|value| sign * value)
}

#[cfg(test)]
#[path = "about_tests.rs"]
mod tests;
