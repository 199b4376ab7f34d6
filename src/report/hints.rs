//! What to do next where nothing could be told: no log was found, or none that says which task it is of.
//!
//! Where something was diagnosed, or a log is known to be of a task or of a part of Airflow, nothing is said here.

use crate::attempt::AttemptRef;
use crate::error::ProblemKind;
use crate::record::{Dialect, Outcome};
use crate::source::Kind;

use super::totals::Totals;
use super::{Report, figures, words};

/// The paragraphs, from nothing to what was found, why nothing could be told of it, and what to do next. What is from a log or a name is masked and
/// escaped by the writers.
pub(super) fn next_steps(report: &Report<'_>, totals: &Totals) -> Vec<String> {
    if report.attempts.is_empty() {
        let is_too_old = report.problems.iter().any(|problem| problem.kind == ProblemKind::TooOld);
        return nothing_found(report).into_iter().chain((!is_too_old).then(where_logs_are)).collect();
    }
    if report.stats.bytes == 0 {
        return Vec::new();
    }
    // Airflow's own words about the beginning or the end of an attempt.
    let is_of_task = |attempt: &AttemptRef<'_>| attempt.executions() > 0 || attempt.outcome() != Outcome::Unknown;
    // What has another form of record than any program may write is a log of Airflow, or of what runs it, whatever its name.
    let is_any = |attempt: &AttemptRef<'_>| matches!(attempt.dialect(), Dialect::Bare | Dialect::Json | Dialect::Python);
    let is_strange =
        |attempt: AttemptRef<'_>| attempt.kind() == Kind::Other && attempt.has_log() && (is_any(&attempt) || is_of_task(&attempt));
    let is_told = !report.diagnosed.diagnoses.is_empty() || !report.known.ignored.is_empty();
    if is_told || totals.attempts > 0 || !report.attempts.iter().all(is_strange) {
        return Vec::new();
    }
    let all = report.attempts.len();
    let (these, they, them) = if all == 1 { ("this log", "it is", "it") } else { ("these logs", "they are", "them") };
    let of_tasks = report.attempts.iter().filter(is_of_task).count();
    let shown = report.attempts.iter().filter(|attempt| of_tasks == 0 || is_of_task(attempt));
    let names: Vec<String> = shown.take(NAMES_MAX + 1).map(words::log_name).collect();
    let names = match names.as_slice() {
        [some @ .., _] if names.len() > NAMES_MAX => format!("{}, ..", some.join(", ")),
        all => all.join(", "),
    };
    if of_tasks > 0 {
        let some = if of_tasks == all { String::new() } else { format!("{} of ", figures::number(of_tasks as u64)) };
        return vec![
            format!(
                "Airflow's words about tasks stand in {some}{these}, but neither the lines nor any name says which tasks they are of ({names}): so tasks, tries and \
                 hosts were not compared."
            ),
            format!(
                "What to do: give the folder as Airflow wrote it, from above dag_id=.. on, for the names of its folders say what the logs do not. {TEMPLATE}"
            ),
        ];
    }
    vec![
        format!(
            "Neither the lines nor the name of {these} says which task {they} of ({names}), and Airflow's words about the beginning and the end of a task are not \
             there: only exceptions of Python and known errors were looked for. Another program may have written {them}."
        ),
        format!("What to do: {} {TEMPLATE} {LOG_FORMAT}", where_logs_are()),
    ]
}

/// What was found instead of logs.
fn nothing_found(report: &Report<'_>) -> Option<String> {
    let has = |kind| report.problems.iter().any(|problem| problem.kind == kind);
    let says = if has(ProblemKind::TooOld) {
        "What is there was last written before --since: an earlier date reads it."
    } else if has(ProblemKind::PassedOver) {
        "What is there are no logs by their names, such as code and settings, or reports of dagnosis; the end of this report tells of them."
    } else if report.problems.iter().any(|problem| problem.kind.is_unread()) {
        "What is there could not be read; the end of this report says why."
    } else if report.problems.is_empty() {
        "What was given holds no file."
    } else {
        return None;
    };
    Some(says.to_owned())
}

/// Where Airflow keeps its logs.
fn where_logs_are() -> String {
    let remote = if cfg!(feature = "object-store") {
        "they are where remote_base_log_folder says: s3://.., gs://.. and az://.. can be given as they are"
    } else {
        "copy them from remote_base_log_folder first, for this build does not read s3:// and the like"
    };
    format!(
        "Give a folder of task logs, an archive of them, single files, or - for standard input. Airflow keeps its logs where `airflow config get-value logging \
         base_log_folder` says, by default in $AIRFLOW_HOME/logs; with remote logging {remote}."
    )
}

/// How many logs are named.
const NAMES_MAX: usize = 2;

const TEMPLATE: &str = "If log_filename_template was changed in airflow.cfg, give it with --path-template; an export of task instances \
                        (--task-instances) tells what still is not known.";

const LOG_FORMAT: &str = "If log_format was changed, say with --log-format how records begin.";
