//! How an attempt came out, and the reason for believing it.

use crate::record::{Dialect, Outcome};
use crate::scan::packed::{Packed, Row};
use crate::scan::{Ending, NO_LINE, Observation};
use crate::time::{Span, Timestamp};

/// What is known beside the attempt's own log.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The state that a component says it came to, and where.
    pub(super) mentioned: Option<(Outcome, String)>,
    /// Where a component gave it up, without saying what state that means.
    pub(super) given_up: Option<String>,
    /// What its process returned, and where that is said.
    pub(super) return_code: Option<(i32, String)>,
    /// How many tries it may have, where anything says so.
    pub(super) max_tries: Option<u32>,
    /// A later try has a log.
    pub(super) has_later_try: bool,
    /// Its trigger fired, and when.
    pub(super) trigger_fired: Option<Option<Timestamp>>,
    /// Its trigger failed, and where that is said.
    pub(super) trigger_failed: Option<String>,
    /// The latest time in any log of the scan.
    pub(super) latest: Option<Timestamp>,
    /// No other log was given: somebody asks why this one stops.
    pub(super) is_alone: bool,
    /// Another attempt of the same task is known to have ended with a sign of success that this log lacks.
    pub(super) siblings_say_success: bool,
}

/// What an attempt's own log says of its course.
pub(super) struct Own {
    /// The last state that it names, with the line.
    outcome: Option<(Outcome, u32)>,
    try_number: Option<u32>,
    /// The line of the first record with which Airflow ends a task that failed.
    fatal_line: Option<u32>,
    ending: Ending,
    return_code: Option<i32>,
    lacks_end: bool,
    lines: u32,
    dialect: Dialect,
    is_excerpt: bool,
    ended: Option<Timestamp>,
}

impl Own {
    pub(super) fn of(log: &Observation) -> Self {
        Self {
            outcome: log.outcome,
            try_number: log.task.try_number,
            fatal_line: log.failures.iter().find(|failure| failure.fatal).map(|failure| failure.line),
            ending: log.ending,
            return_code: log.return_code,
            lacks_end: log.lacks_end,
            lines: log.lines,
            dialect: log.dialect,
            is_excerpt: log.is_excerpt,
            ended: log.ended,
        }
    }

    /// The same of a packed log, which has no record of a failure.
    pub(super) fn of_row(packed: &Packed, row: &Row) -> Self {
        let manner = packed.manner(row);
        Self {
            outcome: manner.outcome.map(|outcome| (outcome, row.outcome_line)),
            try_number: row.try_number(),
            fatal_line: None,
            ending: manner.ending,
            return_code: manner.return_code,
            lacks_end: manner.lacks_end,
            lines: row.lines,
            dialect: manner.dialect,
            is_excerpt: manner.is_excerpt,
            ended: row.ended(),
        }
    }
}

/// How long everything else must have gone on after the last line of a log that lacks its end, for its task to be counted as dead rather than
/// quiet: Airflow itself gives a task without heartbeat up after 5 minutes, and few calls are quiet for longer than half an hour.
const DEAD_AFTER: Span = Span::seconds(1800);

/// How long after the event of its trigger a task that is being deferred may still write into its log.
const EVENT_AT_DEFERRAL: Span = Span::seconds(2);

/// Airflow's own last word in the task's log comes first; then the scheduler's; then what the log shows.
pub(super) fn outcome_of(log: &Own, beside: &Beside) -> (Outcome, String) {
    let retries = beside.has_later_try || log.try_number.zip(beside.max_tries).is_some_and(|(number, of)| number < of);
    let failed = |because: String| match retries {
        true => (Outcome::UpForRetry, format!("{because}, and another try follows")),
        false => (Outcome::Failed, because),
    };
    if let Some((outcome, line)) = log.outcome
        && !matches!(outcome, Outcome::Running | Outcome::Deferred | Outcome::UpForReschedule)
    {
        return match line {
            NO_LINE => (outcome, "the log says so at its end; what stands before was not read (--quick)".to_owned()),
            line => (outcome, format!("the log says so at line {line}")),
        };
    }
    if let Some((outcome, place)) = &beside.mentioned
        && matches!(outcome, Outcome::Success | Outcome::Failed | Outcome::UpForRetry | Outcome::Skipped)
    {
        // A scheduler may print its line before it has decided about a further try.
        return match outcome {
            Outcome::Failed if beside.has_later_try => (Outcome::UpForRetry, format!("{place} says failed, and a later try exists")),
            outcome => (*outcome, format!("{place} says so")),
        };
    }
    if let Some(line) = log.fatal_line {
        return failed(format!("the task failed at line {line}"));
    }
    if let Some(place) = &beside.given_up {
        return failed(format!("{place} gives it up"));
    }
    if log.ending == Ending::Killed {
        return failed("its process was killed".to_owned());
    }
    match (log.return_code, log.outcome) {
        (Some(0 | 100) | None, Some((outcome @ (Outcome::Deferred | Outcome::UpForReschedule), line))) => {
            return waiting(outcome, line, log.ended, beside).unwrap_or_else(failed);
        }
        (Some(0), _) => return (Outcome::Success, "its process returned 0".to_owned()),
        (Some(code), _) => return failed(format!("its process returned {code}")),
        (None, _) => {}
    }
    if let Some((code, place)) = beside.return_code.as_ref().filter(|(code, _)| *code < 0) {
        return failed(format!("its process was ended by signal {}, says {place}", -code));
    }
    silent(log, beside, &failed)
}

/// What became of an attempt that gave its slot back; `Err` with the reason why it failed.
fn waiting(outcome: Outcome, line: u32, ended: Option<Timestamp>, beside: &Beside) -> Result<(Outcome, String), String> {
    let gave_back = match outcome {
        Outcome::Deferred => format!("it was deferred at line {line} and did not come back"),
        _ => format!("it gave its slot back at line {line} and did not come back"),
    };
    if let Some(place) = beside.trigger_failed.as_ref().filter(|_| outcome == Outcome::Deferred) {
        return Err(format!("{gave_back}: its trigger failed ({place})"));
    }
    if beside.has_later_try {
        return Err(gave_back);
    }
    // Where the task was taken up again and deferred once more, an event from before is past.
    let is_past = |fired: Option<Timestamp>| fired.zip(ended).is_some_and(|(fired, ended)| fired + EVENT_AT_DEFERRAL < ended);
    if let Some(fired) = beside.trigger_fired.filter(|fired| outcome == Outcome::Deferred && !is_past(*fired)) {
        let at = fired.map(|time| format!(" at {time}")).unwrap_or_default();
        return Err(format!("{gave_back}, though its trigger fired{at}"));
    }
    Ok((outcome, gave_back))
}

/// The outcome of a log without any word about it.
fn silent(log: &Own, beside: &Beside, failed: &dyn Fn(String) -> (Outcome, String)) -> (Outcome, String) {
    if beside.has_later_try {
        return (Outcome::UpForRetry, "the log just stops, and a later try exists".to_owned());
    }
    let others_went_on = beside.latest.zip(log.ended).is_some_and(|(latest, ended)| latest - ended >= DEAD_AFTER);
    if log.lacks_end && others_went_on {
        return failed("the log stops without its end, while others went on for more than half an hour".to_owned());
    }
    if log.lacks_end && beside.is_alone {
        return failed("the log stops without its end, and is all there is".to_owned());
    }
    if beside.siblings_say_success && !log.is_excerpt && others_went_on {
        return failed("the log stops without the last words that other attempts of this task have".to_owned());
    }
    let says = match (log.lines, log.dialect) {
        (0, _) => "the log is empty",
        _ if log.lacks_end => "the log stops without its end: its process died, or was still at work when the log was taken",
        (_, Dialect::Json) => "the log names neither success nor failure, as Airflow 3.0 and 3.1 do for operators that return no value",
        _ => "the log just stops",
    };
    (Outcome::Unknown, says.to_owned())
}
