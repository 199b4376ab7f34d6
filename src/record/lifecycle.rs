//! What Airflow itself writes into logs about an attempt: state, host, operator, try, process, return code, identity.

use serde::{Deserialize, Serialize};

use crate::source::{Kind, Source, TaskInstance};

use super::about::{About, after, host_word, key_value_identity, leading_number, leading_signed, repr_identity, value};
use super::{Dialect, Level, Record};

/// How an attempt came out, by Airflow's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// An execution begins: the first, or the same attempt is taken up again after a deferral or a reschedule.
    Begins {
        /// Whether the version of Airflow that wrote it marks the end of the work too.
        marks_end: bool,
    },
    /// A trigger begins to wait for its event.
    TriggerStarts,
    /// A trigger has its event: the deferred task may be taken up again.
    TriggerFired,
    /// A trigger is gone. If it had no event, nobody but the scheduler will take the deferred task up again, to fail it.
    TriggerFailed,
    /// The task's own work is over, well or not: what follows is Airflow's (3.2 and later).
    WorkDone,
    /// The task's process.
    Pid(u32),
    /// Airflow names the state.
    State(Outcome),
    /// Signs of success in logs that name no state.
    SuccessHint,
    /// The process's return code; negative for a signal.
    ReturnCode(i32),
    /// The task's work was done, but Airflow would not hear of it: the attempt had been cleared or given up meanwhile.
    NotHeard,
    /// The record is the one with which Airflow ends a task.
    TaskFailed,
    /// The task's process was killed or told to stop.
    Killed,
    /// Whose log it is.
    Identity(TaskInstance),
    /// Which version of something it ran with, by its name: `bundle`, `bundle_version`, `dag_version`.
    Version(&'static str, String),
    /// A component speaks of a task instance, or of a process that may be one's.
    About(Box<About>),
}

/// One of these, or one of [`super::about::ABOUT_LITERALS`], stands in every record that has a landmark, but for the exceptions that the
/// runner of old versions logs (see [`is_task_failed`]).
pub(super) const LANDMARK_LITERALS: [&str; 37] = [
    "on host ",
    "Executing <Task(",
    "Starting attempt ",
    "Resuming after deferral",
    "Started process ",
    "arking task as ",
    "Pausing task as ",
    "Skipping task.",
    "Done. Returned value",
    "Success criteria met",
    "Pushing xcom",
    "exited with return code ",
    "Task failed with exception",
    "Failed to execute job ",
    "Failed to report terminal task state",
    "Top level error",
    "Process terminated by signal",
    "Process exited abnormally",
    "Task exited",
    "Task killed!",
    "*** Received SIGSEGV ***",
    "Server indicated the task shouldn't be running",
    "externally set to ",
    "DAG bundles loaded",
    "Worker startup parse complete",
    "::group::Pre Execute",
    "::group::Post Execute",
    "Log message source details",
    "*** ",
    "Rescheduling task",
    "/attempt=",
    "Trigger fired event",
    " fired: TriggerEvent<",
    ") starting",
    " exited with error",
    " exited without sending an event",
    "***   * ",
];

/// What a record says about attempts.
pub fn landmarks(record: &Record, found: &mut dyn FnMut(Landmark)) {
    // What the task's own code writes in Airflow's words may be about anything.
    let is_claim = |landmark: &Landmark| {
        matches!(
            landmark,
            Landmark::State(_)
                | Landmark::SuccessHint
                | Landmark::ReturnCode(_)
                | Landmark::TaskFailed
                | Landmark::TriggerFailed
                | Landmark::Killed
                | Landmark::WorkDone
        ) || matches!(
            landmark,
            Landmark::Version(..) | Landmark::Attempt { .. } | Landmark::Begins { .. } | Landmark::Operator(_) | Landmark::Pid(_)
        )
    };
    let is_airflows = may_be_airflows(record);
    of_record(record, &mut |landmark| {
        if is_airflows || !is_claim(&landmark) {
            found(landmark);
        }
    });
}

/// The source files of Airflow whose records tell how an attempt begins and ends, from 1.10 on.
const AIRFLOWS_FILES: [&str; 20] = [
    "__init__",
    "base",
    "base_sensor_operator",
    "base_task_runner",
    "cgroup_task_runner",
    "cli",
    "jobs",
    "local_task_job",
    "local_task_job_runner",
    "models",
    "processor",
    "python",
    "python_operator",
    "smart_sensor",
    "standard_task_runner",
    "supervisor",
    "task_command",
    "task_runner",
    "taskinstance",
    "triggerer_job_runner",
];

/// Whether a record can be Airflow's own, by the logger or the source file that it names: where it names none, it can.
fn may_be_airflows(record: &Record) -> bool {
    let Some(logger) = record.logger.as_deref() else { return true };
    let file = logger.split_once(':').map_or(logger, |(file, _)| file);
    match file.strip_suffix(".py") {
        Some(name) => AIRFLOWS_FILES.contains(&name),
        None if matches!(record.dialect, Dialect::Json | Dialect::Console) => {
            matches!(logger, "task" | "supervisor") || logger.starts_with("airflow.")
        }
        None => true,
    }
}

fn of_record(record: &Record, found: &mut dyn FnMut(Landmark)) {
    let text = record.text.as_str();
    let head = text.lines().next().unwrap_or_default();
    // Some releases of 1.10 print their own format string before what should have gone into it.
    if let Some(rest) = after(head, "Running <TaskInstance: ").or_else(|| after(head, "Running %s on host %s <TaskInstance: ")) {
        if let Some(task) = repr_identity(rest) {
            found(Landmark::Identity(task));
        }
        if let Some(host) = after(rest, "> on host ").or_else(|| after(rest, "> ")) {
            found(Landmark::Host(host_word(host).to_owned()));
        }
    } else if let Some(host) = head.strip_prefix("Running on host ").or_else(|| after(head, "Running on host ")) {
        found(Landmark::Host(host_word(host).to_owned()));
    }
    sources(text, found);
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
    let is_json = record.dialect == super::Dialect::Json;
    let marked = is_json && head.starts_with("::group::Pre Execute");
    if marked || (is_json && head.starts_with("DAG bundles loaded")) || head.starts_with("Resuming after deferral") {
        found(Landmark::Begins { marks_end: marked });
    }
    if head.starts_with("Trigger fired event") || (head.starts_with("Trigger ") && head.contains(" fired: TriggerEvent<")) {
        found(Landmark::TriggerFired);
    }
    if head.starts_with("trigger ") && head.ends_with(") starting") {
        found(Landmark::TriggerStarts);
    }
    let is_gone = head.contains(" exited with error") || head.contains(" exited without sending an event");
    if is_gone && head.starts_with("Trigger ") && record.level.is_none_or(|level| level >= Level::Error) {
        found(Landmark::TriggerFailed);
    }
    if is_json && head.starts_with("::group::Post Execute") {
        found(Landmark::WorkDone);
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
                found(Landmark::About(Box::new(About { task, outcome: Some(outcome), ..About::default() })));
            }
        }
    }
    // From 3.3 on a task that waits for a person's answer is parked without a trigger; it comes back like a deferred one.
    if head.starts_with("Pausing task as DEFERRED") || head.starts_with("Pausing task as AWAITING_INPUT") {
        found(Landmark::State(Outcome::Deferred));
    }
    if head.starts_with("Skipping task.") {
        found(Landmark::State(Outcome::Skipped));
    }
    // What a task returns is pushed when its work is done, in Airflow 3 by the runner itself.
    let pushed = is_json && head.starts_with("Pushing xcom") && record.logger.as_deref().is_none_or(|logger| logger == "task");
    if head.starts_with("Done. Returned value") || head.starts_with("Success criteria met") || pushed {
        found(Landmark::SuccessHint);
    }
    let by_airflow = record
        .logger
        .as_deref()
        .is_none_or(|logger| logger == "task" || logger.contains("runner") || logger.contains("job") || logger.contains("jobs"));
    if let Some(rest) = after(head, "Task exited with return code ")
        && let Some(code) = leading_signed(rest).or_else(|| negative_signal(rest))
        && by_airflow
    {
        found(Landmark::ReturnCode(code));
        if code < 0 {
            found(Landmark::Killed);
        }
    }
    // The user interface leaves the logger out; a task's own words of this kind are hardly ever errors.
    let of_ui = record.dialect == Dialect::Text && record.logger.is_none() && record.level >= Some(Level::Error);
    if of_ui || (is_json && record.logger.as_deref() == Some("task")) {
        runner_of_3(text, head, found);
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
    versions(text, head, found);
    super::about::about(record, found);
}

/// Which code it ran: from 3.3 on the runner says from which bundle it has read the DAG, and the instance that Airflow 3 prints as it pushes an
/// XCom names the version of the DAG.
fn versions(text: &str, head: &str, found: &mut dyn FnMut(Landmark)) {
    let mut give = |name, version: Option<&str>| {
        if let Some(version) = version.filter(|version| !matches!(*version, "" | "None" | "null")) {
            found(Landmark::Version(name, version.to_owned()));
        }
    };
    if head.starts_with("Worker startup parse complete") {
        give("bundle", value(head, "bundle_name="));
        give("bundle_version", value(head, "bundle_version="));
    }
    if head.starts_with("Pushing xcom") {
        give("dag_version", after(text, "dag_version_id=UUID('").and_then(|rest| rest.split_once('\'')).map(|(version, _)| version));
    }
}

/// `Negsignal.SIGKILL`, as the versions before 2.8 print the return code of a process that a signal ended.
fn negative_signal(text: &str) -> Option<i32> {
    const NUMBERS: [(&str, i32); 14] = [
        ("SIGHUP", 1),
        ("SIGINT", 2),
        ("SIGQUIT", 3),
        ("SIGILL", 4),
        ("SIGABRT", 6),
        ("SIGBUS", 7),
        ("SIGFPE", 8),
        ("SIGKILL", 9),
        ("SIGUSR1", 10),
        ("SIGSEGV", 11),
        ("SIGUSR2", 12),
        ("SIGPIPE", 13),
        ("SIGALRM", 14),
        ("SIGTERM", 15),
    ];
    let name = text.strip_prefix("Negsignal.")?;
    NUMBERS.iter().find(|(known, _)| name.starts_with(known)).map(|(_, number)| -number)
}

/// What the runner and the supervisor of Airflow 3 say of the end of a task's process.
fn runner_of_3(text: &str, head: &str, found: &mut dyn FnMut(Landmark)) {
    let head = head.trim_start();
    for event in ["Process exited abnormally", "Task exited", "Process terminated by signal"] {
        if head.starts_with(event) {
            let code = after(text, "exit_code=").or_else(|| after(text, "signal=")).and_then(leading_signed);
            found(Landmark::ReturnCode(code.unwrap_or(1)));
            if event.ends_with("signal") {
                found(Landmark::Killed);
            }
        }
    }
    // A task that leaves by sys.exit fails, with whatever code: also with 0.
    if head.starts_with("Task exited") {
        found(Landmark::TaskFailed);
    }
    if head.starts_with("Failed to report terminal task state to supervisor") {
        found(Landmark::NotHeard);
    }
    // The handler that Airflow gives its task process for a crash of native code; the process ends with it.
    if head.starts_with("Task killed!") || text.contains("*** Received SIGSEGV ***") {
        found(Landmark::Killed);
    }
    // The state that made the server stop it: somebody set it, a timeout of the run, or the scheduler gave the task up.
    if head.starts_with("Server indicated the task shouldn't be running")
        && let Some(rest) = after(text, "current_state\":")
        && let Some(state) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()).and_then(Outcome::named)
    {
        found(Landmark::State(state));
    }
}

/// The files from which a log was put together for the user interface or the REST API: their names say whose log it is, and the worker that
/// served them is the host. `*** Found local files:`, `*** Reading remote log from s3://..`, `sources=["/opt/airflow/logs/.."]`.
fn sources(text: &str, found: &mut dyn FnMut(Landmark)) {
    // Airflow 3.2 gives each path as an event of its own.
    let is_path = !text.contains(char::is_whitespace) && text.ends_with(".log") && (text.starts_with('/') || text.contains("://"));
    if !(is_path || text.starts_with("*** ") || text.contains("Log message source details")) {
        return;
    }
    let separators = |c: char| c.is_whitespace() || "\"'[],".contains(c);
    for place in text.split(separators).filter(|word| word.contains('/') && word.contains(".log")) {
        let path = place.trim_end_matches(['.', ':', ';']);
        let source = Source::named(path, None);
        if source.kind == Kind::Task {
            found(Landmark::Identity(source.task));
            if let Some((host, _)) = path.strip_prefix("http://").and_then(|rest| rest.split_once([':', '/'])) {
                found(Landmark::Host(host.to_owned()));
            }
            return;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Landmark> {
        let mut found = Vec::new();
        landmarks(&Record::from_text(text), &mut |landmark| found.push(landmark));
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
        assert_eq!(line("Pausing task as DEFERRED. dag_id=d"), [Landmark::State(Outcome::Deferred)]);
        assert_eq!(line("Pausing task as AWAITING_INPUT."), [Landmark::State(Outcome::Deferred)]);
        // As Airflow 3's user interface writes it, and as a task of Airflow 2 may.
        let event = "Process terminated by signal. For more information, see https://airflow.apache.org/x.html#process-terminated-by-signal.signal=-9 signal_name=SIGKILL ";
        let ending = [Landmark::ReturnCode(-9), Landmark::Killed];
        assert_eq!(all(&format!("[2026-11-21T07:19:39.708736Z] CRITICAL - {event}")), ending);
        assert!(all(&format!("[2026-11-21T07:19:39.708736Z] {{shop.py:9}} CRITICAL - {event}")).is_empty());
    }
}
