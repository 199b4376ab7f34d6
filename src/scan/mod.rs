//! From sources to observations: what one log says of one attempt, host or process. Parallel; rayon lives here alone.

mod calls;
mod course;
mod driver;
mod endpoints;
mod excerpt;
mod logs;
mod memory;
mod names;
mod notes;
mod observe;
pub(crate) mod packed;
mod quick;
mod reading;
mod recall;
mod rewrite;
pub(crate) mod texts;
mod unread;
mod wholes;

pub use driver::{Options, scan, scan_on};
pub use endpoints::{EndpointUse, Endpoints};
pub use logs::Logs;
pub use memory::{By, Memory, Remembered};
pub use names::Names;
pub use observe::{Observed, observe};
pub use quick::{NO_LINE, Quick};
pub use reading::is_trouble;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::record::{About, Call, Chain, Dialect, Facts, Level, Outcome};
use crate::rule::SymptomIx;
use crate::source::{Source, TaskInstance};
use crate::time::{Span, Timestamp};

/// What the scan of all sources gave.
#[derive(Debug, Default)]
pub struct Scanned {
    /// One per log, sorted by source.
    pub observations: Logs,
    /// What was not read or understood, sorted.
    pub problems: Vec<Problem>,
    /// What was read.
    pub stats: Stats,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Inputs opened.
    pub files: u64,
    /// Logs in them; more than the files where there are archives.
    pub logs: u64,
    /// Bytes of log text, after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// In a quick run, what was left out; see [`Quick`].
    pub left_out: Option<LeftOut>,
    /// In a run that goes on from an earlier one, what was not read again; all counts above are of what it was as well.
    pub taken_over: Option<TakenOver>,
}

/// What is known from an earlier scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Files of which nothing or only what was added was read.
    pub files: u64,
    /// Bytes of log text in these, after decompression, that were not read.
    pub bytes: u64,
}

/// What a quick run has left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Logs of which only the beginning and the end were read.
    pub logs: u64,
    /// Bytes between these.
    pub bytes: u64,
}

/// What one log says. Small and owned: it holds excerpts, not the log. One that failed takes a few kilobytes while it waits for the join: its excerpts
/// are at most [`EXCERPT_BYTES_MAX`] long, of its exceptions' messages 2,000 bytes are kept, or 250 of each, and frames are shared with all that
/// failed at the same place. What a component says of attempts takes half a kilobyte for each mention.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// The log.
    pub source: Source,
    /// Whose it is: from the source's name, completed by what the log itself says.
    pub task: TaskInstance,
    /// Whether its name says nothing of it: a downloaded log or an excerpt, that may lack its beginning and its end.
    pub is_excerpt: bool,
    /// Whether there is no such log: it stands for a row of a task-instance export, and its place is that row's.
    pub without_log: bool,
    /// Whether only its beginning and its end were read: what it shows and which endpoints it uses is not known.
    pub only_ends: bool,
    /// The worker host, where the log names it.
    pub host: Option<Arc<str>>,
    /// The process that ran the task.
    pub pid: Option<u32>,
    /// The operator's class.
    pub operator: Option<Arc<str>>,
    /// How many tries the task may have, where the log says so.
    pub max_tries: Option<u32>,
    /// The form of its first record with a header.
    pub dialect: Dialect,
    /// The earliest and latest time of a record.
    pub started: Option<Timestamp>,
    /// See `started`.
    pub ended: Option<Timestamp>,
    /// How many lines it has; about how many, where only its ends were read.
    pub lines: u32,
    /// The last state that the log itself names, with the line; [`NO_LINE`] where only its ends were read.
    pub outcome: Option<(Outcome, u32)>,
    /// The process's return code, where the log names it.
    pub return_code: Option<i32>,
    /// How it ends.
    pub ending: Ending,
    /// Whether it lacks the end that its version of Airflow writes, whatever the outcome: the process that writes it is gone, or still at work.
    pub lacks_end: bool,
    /// Where it ends without a word about its end: its last line, shortened to [`EXCERPT_BYTES_MAX`].
    pub last_words: Box<str>,
    /// How many executions it holds: an attempt that is deferred or rescheduled is taken up again in the same log.
    pub executions: u32,
    /// The line at which the last of them begins; what stands before it was survived.
    pub last_begin: u32,
    /// In a trigger's log: when and where the trigger fired.
    pub trigger_fired: Option<Box<Fired>>,
    /// Which symptoms its records show, in the order of lines; bounded, see [`MATCHES_MAX`].
    pub matches: Vec<Match>,
    /// Its records with exceptions, in the order of lines; bounded, see [`FAILURES_MAX`].
    pub failures: Vec<FailureRecord>,
    /// The endpoints it used, each with the times of first and last mention before the failure; bounded.
    pub endpoints: Endpoints,
    /// Whether it named more endpoints than are kept.
    pub endpoints_cut: bool,
    /// Which versions of things it ran with, by name, as far as the log tells; bounded, see [`VERSIONS_MAX`].
    pub versions: Vec<(Arc<str>, Arc<str>)>,
    /// What it says about other task instances (scheduler, worker and the like); bounded.
    pub mentions: Vec<Mention>,
}

impl Observation {
    /// In a trigger's log: the record with which the last trigger failed, if it had no event before; the one with an exception rather than that without.
    #[must_use]
    pub fn trigger_failure(&self) -> Option<&FailureRecord> {
        let last = self.failures.iter().filter(|failure| failure.fatal && failure.line >= self.last_begin && self.trigger_fired.is_none());
        last.min_by_key(|failure| failure.chain.exceptions.is_empty())
    }

    /// Notes which version of something its task ran with. Where the task was taken up again, the last one counts.
    fn add_version(&mut self, name: &str, version: &str) {
        match self.versions.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => self.versions[at].1 = version.into(),
            Err(at) if self.versions.len() < VERSIONS_MAX => self.versions.insert(at, (name.into(), version.into())),
            Err(_) => {}
        }
    }
}

/// How many matches one log may have; further ones are counted as a problem.
pub const MATCHES_MAX: usize = 400;

/// How many versions of things are kept of one log.
pub const VERSIONS_MAX: usize = 8;

/// How many records with exceptions one log keeps: the first half and the last half.
pub const FAILURES_MAX: usize = 16;

/// How a log ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ending {
    /// With Airflow's own words about the outcome.
    Verdict,
    /// With an exception that ended the task, without further words.
    Exception,
    /// With a signal or a kill.
    Killed,
    /// It just stops.
    #[default]
    Silent,
    /// In the middle of a line or a compressed stream.
    CutOff,
}

impl Ending {
    /// The name used in reports and rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Exception => "exception",
            Self::Killed => "killed",
            Self::Silent => "silent",
            Self::CutOff => "cut_off",
        }
    }
}

/// One record shows one symptom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Match {
    /// Which.
    pub symptom: SymptomIx,
    /// The record's first line, from 1.
    pub line: u32,
    /// The line of the record that shows it.
    pub at_line: u32,
    /// Where in the record's text it begins: what comes first in a traceback is nearer to the root.
    pub at: usize,
    /// When.
    pub time: Option<Timestamp>,
    /// The record's level.
    pub level: Option<Level>,
    /// Whether the record is one that ended the task.
    pub fatal: bool,
    /// What was caught.
    pub facts: Facts,
    /// The line that shows it, shortened to [`EXCERPT_BYTES_MAX`].
    pub excerpt: String,
}

/// The longest excerpt that is kept.
pub const EXCERPT_BYTES_MAX: usize = 400;

/// A record with an exception, and what surrounds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailureRecord {
    /// Its first line, from 1.
    pub line: u32,
    /// Its last one.
    pub last_line: u32,
    /// When.
    pub time: Option<Timestamp>,
    /// Its level.
    pub level: Option<Level>,
    /// Whether it is the record with which Airflow ends a task.
    pub fatal: bool,
    /// The exceptions, root first.
    pub chain: Chain,
    /// The last line of the exceptions: what Python prints for the one that was raised. Where a traceback breaks off, its last frame.
    pub excerpt: String,
    /// In which line of the log that stands.
    pub at_line: u32,
    /// The call that failed, as this record and the lines before it tell.
    pub call: Call,
    /// Time since the record before.
    pub since_before: Option<Span>,
    /// Time since the attempt's first record.
    pub running_for: Option<Span>,
}

/// A trigger fired: its task may be taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The line that says so.
    pub line: u32,
    /// When.
    pub time: Option<Timestamp>,
}

/// What a component's log says about a task instance or a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mention {
    /// What it says.
    pub about: About,
    /// Line in the component's log.
    pub line: u32,
    /// When; the kernel's log of a machine counts from its boot and does not say.
    pub time: Option<Timestamp>,
    /// The symptom it shows, if any.
    pub symptom: Option<SymptomIx>,
}
