//! What earlier runs recorded of the incidents of this one, as reports tell it. Plain data: `history` fills it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::rule::Severity;
use crate::time::Timestamp;

/// What an incident is, seen from the last run whose report was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// No run has told of it.
    New,
    /// It was resolved, and there are new failures.
    Regressed,
    /// It is known and not resolved; there may be new failures or none.
    Recurring,
    /// There are no new failures, and each task that it hit has since succeeded; or its logs are gone.
    Resolved,
}

impl Status {
    /// The name used in reports and in the state.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Regressed => "regressed",
            Self::Recurring => "recurring",
            Self::Resolved => "resolved",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::New, Self::Regressed, Self::Recurring, Self::Resolved].into_iter().find(|status| status.name() == name)
    }
}

/// An incident over all runs, this one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its id: that of its first night, however it has grown since.
    pub id: String,
    /// What it is now.
    pub status: Status,
    /// Its first failure and its last one, by the logs.
    pub first_seen: Option<Timestamp>,
    /// See `first_seen`.
    pub last_seen: Option<Timestamp>,
    /// How many runs brought new failures.
    pub nights: u64,
    /// How many failures are recorded.
    pub occurrences: u64,
    /// How many failures of the incident as this run sees it no finished report has told. Of several incidents that are one over the nights each has
    /// its own.
    pub new_occurrences: u64,
    /// How grave it was, if it was less grave.
    pub was_less: Option<Severity>,
}

/// An incident that is resolved since the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its id.
    pub id: String,
    /// What it was called.
    pub title: String,
    /// Its last failure, by the logs.
    pub last_seen: Option<Timestamp>,
    /// Whether its tasks have succeeded since; else its logs are gone.
    pub has_succeeded: bool,
}

/// What the state tells of the incidents of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The file, as it was named.
    pub file: String,
    /// The number of this run.
    pub run: i64,
    /// When the last run began that looked at the same places and finished its report.
    pub last_run: Option<Timestamp>,
    /// The runs of which it is not known whether their reports were finished: what was new in them is told again.
    pub untold: Vec<Timestamp>,
    /// The incidents of this run that are told, by the ids they have in its report.
    pub incidents: BTreeMap<String, Arc<Past>>,
    /// Those that are resolved since the last run, sorted by id.
    pub resolved: Vec<Resolved>,
    /// Whether reports for people tell in full what is known and brought nothing new.
    pub show_known: bool,
}

impl History {
    /// How many incidents have a status, and how many new failures are theirs. Incidents of a report that are one over the nights count once.
    #[must_use]
    pub fn count(&self, status: Status) -> (usize, u64) {
        let mut each: BTreeMap<&str, u64> = BTreeMap::new();
        for past in self.incidents.values().filter(|past| past.status == status) {
            *each.entry(&past.id).or_default() += past.new_occurrences;
        }
        (each.len(), each.values().sum())
    }
}
