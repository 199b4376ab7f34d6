//! Attempts: what all logs together say of one try. Pure; healthy attempts included, for they are the denominator.

mod compose;
mod composite;
mod endpoints;
mod failure;
mod instances;
mod join;
mod mentions;
mod occurrence;
mod outcome;
mod table;
mod told;

pub use crate::rule::Role;
pub use join::join;
pub use table::{AttemptRef, Attempts};

use std::sync::Arc;

use crate::record::{Call, Dialect, Exception, Facts, Outcome};
use crate::rule::SymptomIx;
use crate::scan::{Ending, Endpoints};
use crate::source::{Kind, TaskInstance};
use crate::time::{Span, Timestamp};

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The input's path.
    pub path: Arc<str>,
    /// The member, where the input is an archive.
    pub member: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// One try of one task instance; or a log that is no attempt (a scheduler's, an excerpt), which stands in the same table.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The log; for an attempt without one, the task-instance export that knows of it.
    pub path: Arc<str>,
    /// The member, where the log is in an archive.
    pub member: Option<String>,
    /// What kind of log it is.
    pub kind: Kind,
    /// Whose.
    pub task: TaskInstance,
    /// The worker host.
    pub host: Option<Arc<str>>,
    /// The process.
    pub pid: Option<u32>,
    /// The operator's class.
    pub operator: Option<Arc<str>>,
    /// The queue it was sent to.
    pub queue: Option<Arc<str>>,
    /// The pool it took a slot of.
    pub pool: Option<Arc<str>>,
    /// What its process returned; negative for a signal.
    pub return_code: Option<i32>,
    /// How many executions its log holds: it is taken up again after a deferral or a reschedule.
    pub executions: u32,
    /// How its log is written, which tells Airflow 2 from Airflow 3.
    pub dialect: Dialect,
    /// The attempt of the table that this log tells of too, and better: this one is a copy of its log, a download, or what a service wrote of it.
    pub copy_of: Option<usize>,
    /// Whether it is one of several logs that stand in one file, as in a service's output.
    pub in_stream: bool,
    /// The earliest time in its log.
    pub started: Option<Timestamp>,
    /// The latest time in its log.
    pub ended: Option<Timestamp>,
    /// How it came out.
    pub outcome: Outcome,
    /// The reason for believing that.
    pub outcome_because: Arc<str>,
    /// Whether it has a log. Without one, its lines are those of the task-instance export.
    pub has_log: bool,
    /// How its log ends; [`Ending::Silent`] without one.
    pub ending: Ending,
    /// The symptoms it shows, each at its first place, in the order of lines.
    pub symptoms: Vec<Shown>,
    /// The one failure, where it failed.
    pub failure: Option<Box<Failure>>,
    /// The endpoints it used.
    pub endpoints: Endpoints,
    /// Whether it used more than are kept: that one is missing among `endpoints` then tells nothing.
    pub endpoints_cut: bool,
    /// Which versions of things it ran with, in the order of their names, as far as its own log tells: `bundle` and `bundle_version` (Airflow 3.3
    /// and later, attempts that went well and others alike), `dag_version` (3.0 and later, mostly attempts that pushed an XCom). What a log does
    /// not name is not known, and no other version.
    pub versions: Vec<(Arc<str>, Arc<str>)>,
}

impl Attempt {
    /// Whether it is a task's attempt rather than a component's log, an excerpt, or a further log of an attempt that the table has already.
    #[must_use]
    pub fn is_task(&self) -> bool {
        self.kind == Kind::Task && self.copy_of.is_none()
    }

    /// Whether it is known to have succeeded.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.is_task() && matches!(self.outcome, Outcome::Success | Outcome::Skipped)
    }

    /// The run of the DAG that it belongs to, as DAG and run.
    #[must_use]
    pub fn run(&self) -> Option<(&str, &str)> {
        self.task.dag_id.as_deref().zip(self.task.run_id.as_deref())
    }

    /// The place of one of its lines.
    #[must_use]
    pub fn location(&self, line: u32) -> Location {
        Location { path: self.path.clone(), member: self.member.clone(), line }
    }

    /// The place of a symptom, in its own log or in another.
    #[must_use]
    pub fn location_of(&self, shown: &Shown) -> Location {
        shown.elsewhere.as_deref().cloned().unwrap_or_else(|| self.location(shown.line))
    }

    /// The place of its failure, in its own log or in another.
    #[must_use]
    pub fn location_of_failure(&self, failure: &Failure) -> Location {
        failure.elsewhere.as_deref().cloned().unwrap_or_else(|| self.location(failure.line))
    }

    /// `dag.task[3] try 2`, or the path where the identity is not known.
    #[must_use]
    pub fn name(&self) -> String {
        let TaskInstance { dag_id: Some(dag), task_id: Some(task), map_index, try_number, .. } = &self.task else {
            return self.path.to_string();
        };
        let index = map_index.map(|index| format!("[{index}]")).unwrap_or_default();
        let number = try_number.map(|number| format!(" try {number}")).unwrap_or_default();
        format!("{dag}.{task}{index}{number}")
    }
}

/// A symptom in an attempt's log.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which.
    pub symptom: SymptomIx,
    /// At which line.
    pub line: u32,
    /// When.
    pub time: Option<Timestamp>,
    /// What it did to the attempt.
    pub role: Role,
    /// The endpoint that its record names.
    pub endpoint: Option<Arc<str>>,
    /// Where it stands, if it is not in the attempt's own log: in its trigger's, or a component's.
    pub elsewhere: Option<Box<Location>>,
}

/// The one failure of an attempt, however many lines told of it.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    /// What it looks like; `None`: an unrecognised failure.
    pub symptom: Option<SymptomIx>,
    /// All symptoms that its record shows and that none of them hides, the first being `symptom`.
    pub shown: Vec<SymptomIx>,
    /// The line to look at; of what stands in another log, the last one of the attempt's own.
    pub line: u32,
    /// Where it stands, if it is not in the attempt's own log: in its trigger's.
    pub elsewhere: Option<Box<Location>>,
    /// When.
    pub time: Option<Timestamp>,
    /// What the log says there.
    pub excerpt: String,
    /// The exceptions that ended the task, root first; empty when none did.
    pub chain: Vec<Exception>,
    /// The innermost frames of the task's own code, `file:function`, outermost first; at most three.
    pub frames: Vec<String>,
    /// The endpoint of the failing call, if it can be told.
    pub endpoint: Option<String>,
    /// What is known of the call. Its own endpoint is what its record names; `endpoint` is what everything together tells.
    pub call: Call,
    /// Time from the attempt's start to the failure.
    pub running_for: Option<Span>,
    /// What was caught.
    pub facts: Facts,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::packed::Row;

    /// How much one row of the table may take, in bytes, with all but the texts that it shares: a big installation has a million attempts a
    /// week, and the table holds them all.
    const ROW_BYTES_MAX: usize = 80;

    /// The same of an attempt that is more than its row, beside its row, its symptoms and its failure.
    const ATTEMPT_BYTES_MAX: usize = 344;

    /// The same of a symptom that it shows: a warning may stand in many logs that went well.
    const SHOWN_BYTES_MAX: usize = 64;

    #[test]
    fn a_row_of_the_table_stays_small() {
        assert!(size_of::<Row>() <= ROW_BYTES_MAX, "{} bytes", size_of::<Row>());
        assert!(size_of::<Attempt>() <= ATTEMPT_BYTES_MAX, "{} bytes", size_of::<Attempt>());
        assert!(size_of::<Shown>() <= SHOWN_BYTES_MAX, "{} bytes", size_of::<Shown>());
        // Most logs name one endpoint.
        assert!(size_of::<Endpoints>() <= 3 * size_of::<usize>());
    }
}
