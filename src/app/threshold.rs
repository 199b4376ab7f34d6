//! From which incidents on somebody is told: by the exit code.

use crate::cli::{Diagnose, FailOn};
use crate::diagnose::Diagnosis;
use crate::error::Error;
use crate::known::Known;
use crate::rule::Severity;

/// Which incidents make the exit code 1.
pub(super) struct Threshold {
    /// From this severity on; `None`: none at all.
    severity: Option<Severity>,
    /// Only those that the baseline does not know.
    only_new: bool,
}

impl Threshold {
    pub(super) fn of(arguments: &Diagnose) -> Result<Self, Error> {
        let usage = |says: &str| Err(Error::Usage(format!("--fail-on {says}")));
        let only_new = arguments.fail_on.contains(&FailOn::New);
        if only_new && arguments.baseline.is_none() {
            return usage("new: name the earlier report that it is new against, with --baseline REPORT.json");
        }
        let severities: Vec<FailOn> = arguments.fail_on.iter().copied().filter(|word| *word != FailOn::New).collect();
        let severity = match severities.as_slice() {
            [] if only_new => Some(Severity::Info),
            [] => Some(Severity::Low),
            [word] => severity_of(*word),
            _ => return usage("takes one severity, with new beside it or without: --fail-on new,high"),
        };
        Ok(Self { severity, only_new })
    }

    pub(super) fn is_reached(&self, diagnosis: &Diagnosis, known: &Known) -> bool {
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
