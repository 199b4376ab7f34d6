//! What Airflow itself writes into logs about an attempt: state, host, operator, try, process, return code, identity.

use crate::source::TaskInstance;

use super::{Level, Record};

/// How an attempt came out, by Airflow's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It did its work.
    Success,
    /// It failed, and no try is left.
    Failed,
    /// It failed, and another try follows.
    UpForRetry,
    /// A sensor gave its slot back and looks again later.
    UpForReschedule,
    /// It was skipped.
    Skipped,
    /// It waits in the triggerer.
    Deferred,
    /// It was still running when the log was taken.
    Running,
    /// Nothing says.
    #[default]
    Unknown,
}

impl Outcome {
    /// Airflow's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::UpForRetry => "up_for_retry",
            Self::UpForReschedule => "up_for_reschedule",
            Self::Skipped => "skipped",
            Self::Deferred => "deferred",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }

    /// Reads Airflow's name in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Success, Self::Failed, Self::UpForRetry, Self::UpForReschedule, Self::Skipped, Self::Deferred, Self::Running];
        all.into_iter().find(|outcome| name.eq_ignore_ascii_case(outcome.name()))
    }

    /// Whether the attempt did not do its work.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::UpForRetry)
    }
}

/// One thing that a record says about its attempt, or a component's record about another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landmark {
    /// The worker host.
    Host(String),
    /// The operator's class.
    Operator(String),
    /// `Starting attempt 2 of 3`.
    Attempt {
        /// From 1.
        number: u32,
        /// How many there may be.
        of: u32,
    },
    /// A section of the log begins: the same attempt is taken up again after a deferral or a reschedule.
    Resumed,
    /// The task's process.
    Pid(u32),
    /// Airflow names the state.
    State(Outcome),
    /// Signs of success in logs that name no state.
    SuccessHint,
    /// The process's return code; negative for a signal.
    ReturnCode(i32),
    /// The record is the one with which Airflow ends a task.
    TaskFailed,
    /// The task's process was killed or told to stop.
    Killed,
    /// Whose log it is.
    Identity(TaskInstance),
    /// A component speaks of a task instance.
    About {
        /// Whose.
        task: TaskInstance,
        /// The state it came to.
        outcome: Option<Outcome>,
        /// The host it ran on.
        host: Option<String>,
        /// Its process.
        pid: Option<u32>,
        /// Its operator.
        operator: Option<String>,
        /// How many tries it may have.
        max_tries: Option<u32>,
    },
}

/// One of these stands in every record that has a landmark.
pub const LANDMARK_LITERALS: [&str; 23] = [
    "on host ",
    "Executing <Task(",
    "Starting attempt ",
    "Resuming after deferral",
    "Started process ",
    "arking task as ",
    "Pausing task as DEFERRED",
    "Skipping task.",
    "Done. Returned value was",
    "Success criteria met",
    "exited with return code ",
    "Task failed with exception",
    "Failed to execute job ",
    "Top level error",
    "Process terminated by signal",
    "Process exited abnormally",
    "Task exited",
    "Task killed!",
    "externally set to ",
    "hostname='",
    "TaskInstance Finished: ",
    "'DAG Id': '",
    " task instance <TaskInstance: ",
];

/// What a record says about attempts.
pub fn landmarks(record: &Record, mut found: impl FnMut(Landmark)) {
    let text = record.text.as_str();
    let head = text.lines().next().unwrap_or_default();
    if let Some(rest) = after(head, "Running <TaskInstance: ") {
        if let Some(task) = repr_identity(rest) {
            found(Landmark::Identity(task));
        }
        if let Some(host) = after(rest, "> on host ") {
            found(Landmark::Host(word(host).to_owned()));
        }
    } else if let Some(host) = head.strip_prefix("Running on host ").or_else(|| after(head, "Running on host ")) {
        found(Landmark::Host(word(host).to_owned()));
    }
    if let Some(rest) = after(head, "Executing <Task(") {
        found(Landmark::Operator(rest.split(')').next().unwrap_or_default().to_owned()));
    }
    // The banner of Airflow 1.10 puts it on a line of its own.
    if let Some(rest) = after(text, "Starting attempt ")
        && let Some((number, rest)) = leading_number(rest)
        && let Some((of, _)) = rest.strip_prefix(" of ").and_then(leading_number)
    {
        found(Landmark::Attempt { number, of });
    }
    if head.starts_with("Resuming after deferral") {
        found(Landmark::Resumed);
    }
    if let Some((pid, _)) = head.strip_prefix("Started process ").and_then(leading_number) {
        found(Landmark::Pid(pid));
    }
    if let Some(rest) = after(head, "arking task as ") {
        let state: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect();
        if let Some(outcome) = Outcome::named(&state) {
            found(Landmark::State(outcome));
            if let Some(task) = key_value_identity(rest) {
                found(Landmark::Identity(task.clone()));
                found(Landmark::About { task, outcome: Some(outcome), host: None, pid: None, operator: None, max_tries: None });
            }
        }
    }
    if head.starts_with("Pausing task as DEFERRED") {
        found(Landmark::State(Outcome::Deferred));
    }
    if head.starts_with("Skipping task.") {
        found(Landmark::State(Outcome::Skipped));
    }
    if head.starts_with("Done. Returned value was") || head.starts_with("Success criteria met") {
        found(Landmark::SuccessHint);
    }
    let by_airflow = record
        .logger
        .as_deref()
        .is_none_or(|logger| logger == "task" || logger.contains("runner") || logger.contains("job") || logger.contains("jobs"));
    if let Some(rest) = after(head, "Task exited with return code ")
        && let Some(code) = leading_signed(rest)
        && by_airflow
    {
        found(Landmark::ReturnCode(code));
        if code < 0 {
            found(Landmark::Killed);
        }
    }
    if record.dialect == super::Dialect::Json && record.logger.as_deref() == Some("task") {
        for event in ["Process exited abnormally", "Task exited", "Process terminated by signal"] {
            if head.trim_start().starts_with(event) {
                let code = after(text, "exit_code=").or_else(|| after(text, "signal=")).and_then(leading_signed);
                found(Landmark::ReturnCode(code.unwrap_or(1)));
                if event.ends_with("signal") {
                    found(Landmark::Killed);
                }
            }
        }
    }
    if head.starts_with("Task killed!") {
        found(Landmark::Killed);
    }
    if is_task_failed(record, head) {
        found(Landmark::TaskFailed);
    }
    if let Some(rest) = after(head, "externally set to ") {
        let state: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect();
        if let Some(outcome) = Outcome::named(&state) {
            found(Landmark::State(outcome));
        }
    }
    // Airflow 3 names the worker only where it prints the task instance.
    if head.starts_with("Pushing xcom")
        && let Some(rest) = after(text, "hostname='")
        && let Some((host, _)) = rest.split_once('\'')
    {
        found(Landmark::Host(host.to_owned()));
    }
    about(text, &mut found);
}

/// The record with which Airflow ends a task: its own words, or an exception that the task's runner logs.
fn is_task_failed(record: &Record, head: &str) -> bool {
    if head.starts_with("Task failed with exception") || head.starts_with("Failed to execute job ") || head.starts_with("Top level error") {
        return true;
    }
    // Before 2.3 the runner logs the exception's message itself.
    record.level >= Some(Level::Error)
        && !record.chain.exceptions.is_empty()
        && record.logger.as_deref().is_some_and(|logger| logger.starts_with("taskinstance.py") || logger.starts_with("models.py"))
}

/// What a scheduler says of a task instance that it finished or lost.
fn about(text: &str, found: &mut impl FnMut(Landmark)) {
    if let Some(rest) = after(text, "TaskInstance Finished: ")
        && let Some(task) = key_value_identity(rest)
    {
        found(Landmark::About {
            outcome: value(rest, "state=").and_then(Outcome::named),
            host: None,
            pid: value(rest, "pid=").and_then(|pid| pid.parse().ok()),
            operator: value(rest, "operator=").map(str::to_owned).filter(|operator| operator != "None"),
            max_tries: value(rest, "max_tries=").and_then(|tries| tries.parse::<u32>().ok()).map(|retries| retries.saturating_add(1)),
            task,
        });
    }
    // "Executor reports task instance <TaskInstance: ..> finished (failed) although the task says it's queued", and its later wordings.
    if let Some(task) = after(text, " task instance <TaskInstance: ").and_then(repr_identity) {
        found(Landmark::About { task, outcome: None, host: None, pid: None, operator: None, max_tries: None });
    }
    if let Some(rest) = after(text, "'DAG Id': '") {
        let quoted = |key: &str| after(rest, key).and_then(|text| text.split_once('\'')).map(|(value, _)| value.to_owned());
        let task = TaskInstance {
            dag_id: rest.split_once('\'').map(|(dag, _)| dag.to_owned()),
            task_id: quoted("'Task Id': '"),
            run_id: quoted("'Run Id': '"),
            map_index: after(rest, "'Map Index': ").and_then(leading_signed).filter(|index| *index >= 0),
            try_number: after(rest, "'Try Number': ").and_then(leading_number).map(|(number, _)| number),
        };
        found(Landmark::About { task, outcome: None, host: quoted("'Hostname': '"), pid: None, operator: None, max_tries: None });
    }
}

/// `dag_id=a, task_id=b, run_id=c, ..`, as both the task log's verdict and the scheduler write it.
fn key_value_identity(text: &str) -> Option<TaskInstance> {
    let dag_id = value(text, "dag_id=")?.to_owned();
    let task_id = value(text, "task_id=")?.to_owned();
    Some(TaskInstance {
        dag_id: Some(dag_id),
        task_id: Some(task_id),
        run_id: value(text, "run_id=").map(str::to_owned),
        map_index: value(text, "map_index=").and_then(|index| index.parse().ok()).filter(|index| *index >= 0),
        try_number: value(text, "try_number=").and_then(|number| number.parse().ok()),
    })
}

/// `dag.task run [state]`, with `map_index=3` before the state where the task is mapped. DAG and task are told apart at the first dot.
fn repr_identity(text: &str) -> Option<TaskInstance> {
    let (inner, _) = text.split_once('>')?;
    let mut words = inner.split(' ');
    let (dag, task) = words.next()?.split_once('.')?;
    let run = words.next()?;
    let index = words.find_map(|word| word.strip_prefix("map_index=")).and_then(|index| index.parse().ok()).filter(|index| *index >= 0);
    Some(TaskInstance {
        dag_id: Some(dag.to_owned()),
        task_id: Some(task.to_owned()),
        run_id: Some(run.to_owned()),
        map_index: index,
        try_number: None,
    })
}

fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.find(marker).map(|at| &text[at + marker.len()..])
}

/// The value of `key=value, `; the key must stand at the start or behind a separator.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
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

fn word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn leading_signed(text: &str) -> Option<i32> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse::<i32>().ok().map(|value| sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Landmark> {
        let mut found = Vec::new();
        landmarks(&Record::from_text(text), |landmark| found.push(landmark));
        found
    }

    #[test]
    fn the_lines_of_a_task_log() {
        let line = |text: &str| all(&format!("[2026-11-21T07:16:20.749+0000] {{local_task_job_runner.py:1}} INFO - {text}"));
        assert!(
            line("Running <TaskInstance: d.g.t run__1 map_index=3 [running]> on host w-1.example")
                .contains(&Landmark::Host("w-1.example".into()))
        );
        let Some(Landmark::Identity(task)) = line("Running <TaskInstance: d.g.t run__1 map_index=3 [running]> on host w").first().cloned()
        else {
            panic!("no identity")
        };
        assert_eq!((task.dag_id.as_deref(), task.task_id.as_deref(), task.map_index), (Some("d"), Some("g.t"), Some(3)));
        assert_eq!(line("Starting attempt 2 of 3"), [Landmark::Attempt { number: 2, of: 3 }]);
        assert_eq!(line("Executing <Task(PythonOperator): t> on 2026"), [Landmark::Operator("PythonOperator".into())]);
        assert_eq!(line("Task exited with return code -9. For more"), [Landmark::ReturnCode(-9), Landmark::Killed]);
        assert!(
            line("Marking task as UP_FOR_RETRY. dag_id=d, task_id=t, execution_date=x").contains(&Landmark::State(Outcome::UpForRetry))
        );
        assert_eq!(
            line("State of this instance has been externally set to success. Terminating instance."),
            [Landmark::State(Outcome::Success)]
        );
        assert!(line("the user wrote: marking task as DONE").is_empty());
    }

    #[test]
    fn a_scheduler_speaks_of_others() {
        let found = all(
            "2026-11-21T07:12:49.911820Z [info     ] TaskInstance Finished: dag_id=d, task_id=t, run_id=r, map_index=-1, run_duration=18.1, state=failed, executor_state=success, try_number=1, max_tries=2, operator=Op, pid=22052 [x] loc=y",
        );
        let [Landmark::About { task, outcome, pid, operator, max_tries, .. }] = &found[..] else { panic!("{found:?}") };
        assert_eq!((task.run_id.as_deref(), task.map_index, task.try_number), (Some("r"), None, Some(1)));
        assert_eq!((*outcome, *pid, operator.as_deref(), *max_tries), (Some(Outcome::Failed), Some(22052), Some("Op"), Some(3)));
        let found = all("ERROR - Detected zombie job: {'msg': \"{'DAG Id': 'd', 'Task Id': 't', 'Run Id': 'r', 'Hostname': 'h'}\"}");
        assert!(matches!(&found[..], [Landmark::About { host: Some(host), .. }] if host == "h"));
    }
}
