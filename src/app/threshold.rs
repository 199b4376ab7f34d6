//! From which incidents on somebody is told: by the exit code, or by a notice.

use crate::cli::FailOn;
use crate::diagnose::Diagnosis;
use crate::error::Error;
use crate::known::{Known, Status};
use crate::rule::Severity;

/// Which incidents are grave enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    /// From this severity on; `None`: none at all.
    severity: Option<Severity>,
    /// Only those that are new against the baseline, or new or regressed by the state.
    only_new: bool,
}

impl Threshold {
    /// What an option's words mean.
    pub(super) fn of(option: &str, words: &[FailOn], knows_earlier: bool) -> Result<Self, Error> {
        let usage = |says: &str| Err(Error::Usage(format!("{option} {says}")));
        let only_new = words.contains(&FailOn::New);
        if only_new && !knows_earlier {
            return usage(
                "new: name what it is new against, with --state FILE, or the report of an earlier run with --baseline REPORT.json",
            );
        }
        let severities: Vec<FailOn> = words.iter().copied().filter(|word| *word != FailOn::New).collect();
        let severity = match severities.as_slice() {
            [] if only_new => Some(Severity::Info),
            [] => Some(Severity::Low),
            [word] => severity_of(*word),
            _ => return usage(&format!("takes one severity, with new beside it or without: {option} new,high")),
        };
        Ok(Self { severity, only_new })
    }

    /// Whether no incident is ever grave enough.
    pub(super) fn is_never(self) -> bool {
        self.severity.is_none()
    }

    pub(super) fn is_reached(self, diagnosis: &Diagnosis, known: &Known) -> bool {
        // What is resolved is still in the logs, and over.
        let is_over = known.status(diagnosis) == Some(Status::Resolved);
        let is_grave = !is_over && self.severity.is_some_and(|severity| diagnosis.severity >= severity);
        is_grave && (!self.only_new || known.is_new(diagnosis) != Some(false))
    }
}

/// The severity that a word names; `None` for `never`.
fn severity_of(word: FailOn) -> Option<Severity> {
    match word {
        FailOn::Critical => Some(Severity::Critical),
        FailOn::High => Some(Severity::High),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::Low => Some(Severity::Low),
        FailOn::Info | FailOn::New => Some(Severity::Info),
        FailOn::Never => None,
    }
}
