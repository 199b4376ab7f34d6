//! From which incidents on somebody is told: by the exit code, or by a notice.

use crate::cli::FailOn;
use crate::diagnose::Diagnosis;
use crate::error::Error;
use crate::known::Known;
use crate::rule::Severity;

/// Which incidents are grave enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    /// From this severity on; `None`: none at all.
    severity: Option<Severity>,
    /// Only those that the baseline does not know.
    only_new: bool,
}

impl Threshold {
    /// What an option's words mean.
    pub(super) fn of(option: &str, words: &[FailOn], has_baseline: bool) -> Result<Self, Error> {
        let usage = |says: &str| Err(Error::Usage(format!("{option} {says}")));
        let only_new = words.contains(&FailOn::New);
        if only_new && !has_baseline {
            return usage("new: name the earlier report that it is new against, with --baseline REPORT.json");
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
        let is_grave = self.severity.is_some_and(|severity| diagnosis.severity >= severity);
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
