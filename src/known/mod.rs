//! What was known before the run: incidents that an entry of the settings ignores, those of an earlier report, and those of the state. Pure, but for
//! reading that report.

mod baseline;
mod entries;
mod history;

use std::collections::{BTreeMap, BTreeSet};

pub use baseline::Baseline;
pub use entries::Entry;
pub use history::{History, Past, Resolved, Status};

use crate::attempt::Attempts;
use crate::diagnose::{Diagnosed, Diagnosis};
use crate::error::Error;
use crate::rule::{Document, RuleSet};
use crate::time::Date;

/// All that was known before, and what of it was met.
#[derive(Debug, Default)]
pub struct Known {
    /// The name of the file of settings, where one was read.
    pub settings: Option<String>,
    /// What its key `ignore` names, in its order.
    pub entries: Vec<Entry>,
    /// The earlier report, where one was named.
    pub baseline: Option<Baseline>,
    /// What the state says of the incidents, where one was named and could be written.
    pub history: Option<History>,
    /// Whether reports for people tell of what is ignored.
    pub show_ignored: bool,
    /// The incidents that are ignored, worst first.
    pub ignored: Vec<Ignored>,
    /// The index into `ignored` of each row of the attempt table that belongs to one.
    pub ignored_of: BTreeMap<usize, usize>,
    /// The ids of all incidents of this run.
    met: BTreeSet<String>,
}

/// An incident that is ignored.
#[derive(Debug)]
pub struct Ignored {
    /// The incident.
    pub diagnosis: Diagnosis,
    /// The index of the entry that ignores it: the first that does.
    pub entry: usize,
}

impl Known {
    /// Reads the entries of the settings. `today` is the date that an entry's last one is compared with.
    ///
    /// # Errors
    /// [`Error::Rules`] with all that is wrong with the entries.
    pub fn new(settings: Option<&Document>, rules: &RuleSet, today: Date) -> Result<Self, Error> {
        let entries = settings.map(|document| entries::read(document, rules, today)).transpose()?.unwrap_or_default();
        Ok(Self { settings: settings.map(|document| document.name().to_owned()), entries, ..Self::default() })
    }

    /// Takes the incidents out of a diagnosis that an entry ignores.
    pub fn set_apart(&mut self, diagnosed: &mut Diagnosed, attempts: &Attempts) {
        self.met = diagnosed.diagnoses.iter().map(|diagnosis| diagnosis.id.clone()).collect();
        // Where each incident goes: to an index among those that are told, or among those that are ignored.
        let mut places = Vec::with_capacity(diagnosed.diagnoses.len());
        let mut told = Vec::new();
        for diagnosis in std::mem::take(&mut diagnosed.diagnoses) {
            let mut first = None;
            for (index, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| entry.matches(&diagnosis, attempts)) {
                entry.met += 1;
                if entry.expired.is_none() {
                    first = first.or(Some(index));
                }
            }
            match first {
                Some(entry) => {
                    places.push(Err(self.ignored.len()));
                    self.ignored.push(Ignored { diagnosis, entry });
                }
                None => {
                    places.push(Ok(told.len()));
                    told.push(diagnosis);
                }
            }
        }
        diagnosed.diagnoses = told;
        for (row, incident) in std::mem::take(&mut diagnosed.incident_of) {
            match places.get(incident) {
                Some(Ok(place)) => diagnosed.incident_of.insert(row, *place),
                Some(Err(place)) => self.ignored_of.insert(row, *place),
                None => None,
            };
        }
    }

    /// What the state says of an incident.
    #[must_use]
    pub fn past(&self, diagnosis: &Diagnosis) -> Option<&Past> {
        self.history.as_ref()?.incidents.get(&diagnosis.id).map(AsRef::as_ref)
    }

    /// What an incident is against the earlier runs. `None` where none is known.
    #[must_use]
    pub fn status(&self, diagnosis: &Diagnosis) -> Option<Status> {
        let of = |baseline: &Baseline| if baseline.knows(&diagnosis.id) { Status::Recurring } else { Status::New };
        self.past(diagnosis).map(|past| past.status).or_else(|| self.baseline.as_ref().map(of))
    }

    /// Whether an incident is none of the earlier runs', has come back, or is graver than it was. `None` where no earlier run is known.
    #[must_use]
    pub fn is_new(&self, diagnosis: &Diagnosis) -> Option<bool> {
        let is_worse = self.past(diagnosis).is_some_and(|past| past.was_less.is_some());
        self.status(diagnosis).map(|status| is_worse || matches!(status, Status::New | Status::Regressed))
    }

    /// Whether an incident is known and brought nothing new, so that a line is enough.
    #[must_use]
    pub fn is_quiet(&self, diagnosis: &Diagnosis) -> bool {
        let shows_all = self.history.as_ref().is_some_and(|history| history.show_known);
        let brings_nothing = |past: &Past| match past.status {
            Status::New | Status::Regressed => false,
            Status::Recurring => past.new_occurrences == 0 && past.was_less.is_none(),
            Status::Resolved => true,
        };
        !shows_all && self.past(diagnosis).is_some_and(brings_nothing)
    }

    /// How many incidents of the earlier report are not in this run.
    #[must_use]
    pub fn gone(&self) -> usize {
        self.baseline.iter().flat_map(Baseline::incidents).filter(|id| !self.met.contains(*id)).count()
    }

    /// The entries that count and that no incident matches.
    pub fn unused(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.met == 0 && entry.expired.is_none())
    }

    /// The entries whose last day is over.
    pub fn expired(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.expired.is_some())
    }

    /// The entry of an incident that is ignored.
    #[must_use]
    pub fn entry(&self, ignored: &Ignored) -> Option<&Entry> {
        self.entries.get(ignored.entry)
    }
}
