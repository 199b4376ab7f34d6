//! What the formats for CI share: an incident as a finding, with the rule it is one of, the line it is shown at, how grave it is, and what is said of it.

use crate::attempt::Location;
use crate::diagnose::{Diagnosis, When};
use crate::rule::Severity;

use super::{Report, escape, known, words};

/// The rule of failures that no symptom knows.
pub(super) const UNRECOGNISED: &str = "unrecognised-failure";

/// How many of an incident's tasks are named.
const TASKS_MAX: usize = 8;

/// How much noise a finding makes: by how urgent its incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Somebody should look now.
    Error,
    /// Somebody should look today.
    Warning,
    /// It can wait.
    Note,
}

/// An incident as a finding.
#[derive(Clone, Copy)]
pub(super) struct Finding<'r> {
    pub(super) report: &'r Report<'r>,
    pub(super) diagnosis: &'r Diagnosis,
}

/// All incidents as findings, worst first.
pub(super) fn all<'r>(report: &'r Report<'r>) -> impl Iterator<Item = Finding<'r>> {
    report.diagnosed.diagnoses.iter().map(move |diagnosis| Finding { report, diagnosis })
}

/// Text from a log, masked, and without anything that acts on its reader.
pub(super) fn safe(report: &Report<'_>, text: &str) -> String {
    escape::terminal(&report.mask.apply(text)).into_owned()
}

impl Finding<'_> {
    /// Text from a log, masked, and without anything that acts on its reader.
    fn safe(&self, text: &str) -> String {
        safe(self.report, text)
    }

    /// The id of its rule: its symptom's.
    pub(super) fn rule(&self) -> &str {
        let symptom = self.diagnosis.incident.symptom.and_then(|symptom| self.report.rules.symptoms.get(symptom));
        symptom.map_or(UNRECOGNISED, |symptom| &symptom.id)
    }

    pub(super) fn level(&self) -> Level {
        match self.diagnosis.urgency.when {
            When::Now => Level::Error,
            When::Today => Level::Warning,
            When::WhenConvenient => Level::Note,
        }
    }

    pub(super) fn severity(&self) -> Severity {
        self.diagnosis.severity
    }

    /// The incident in a few words.
    pub(super) fn title(&self) -> String {
        self.safe(&self.diagnosis.title) + &known::mark(self.report, self.diagnosis)
    }

    /// Where it is seen best: a line of a log, or line 0 of what is known of an attempt without one.
    pub(super) fn place(&self) -> Option<Location> {
        let examples = &self.diagnosis.examples;
        let shown = examples.iter().find(|example| example.location.line > 0).or(examples.first()).map(|example| example.location.clone());
        shown.or_else(|| self.diagnosis.incident.attempts.iter().find_map(|&row| Some(self.report.attempts.get(row)?.location(0))))
    }

    /// The path of a place: that of the archive and the member, where it is one.
    pub(super) fn path(&self, place: &Location) -> String {
        let path = match &place.member {
            Some(member) => format!("{}!{member}", place.path),
            None => place.path.to_string(),
        };
        self.report.mask.apply(&path).into_owned()
    }

    /// What somebody acts on, a line each: why, whose, how urgent, whether another try helps, what to do first, where to read on.
    pub(super) fn lines(&self) -> Vec<String> {
        let diagnosis = self.diagnosis;
        let best = words::best(diagnosis, self.report.rules);
        let mut lines = vec![self.safe(&diagnosis.summary)];
        let why = match best {
            Some((ranked, cause)) => {
                let title = cause.title.trim_end_matches('.');
                self.safe(&format!("{title} ({})", words::certainty(diagnosis.confidence, ranked.probability)))
            }
            None => words::NO_CAUSE.to_owned(),
        };
        lines.push(format!("Why: {why}"));
        lines.push(format!("Whose: {}", words::whose(diagnosis)));
        lines.push(self.safe(&format!("Urgent: {}: {}", words::urgent(diagnosis.urgency.when), diagnosis.urgency.says)));
        lines.push(self.safe(&format!("Retry: {} {}", words::retry(diagnosis.retry.helps, diagnosis.retry.safe), diagnosis.retry.says)));
        lines.push(self.safe(&format!("First: {}", diagnosis.first_step.says)));
        lines.extend(diagnosis.first_step.run.iter().flat_map(|run| run.lines()).map(|line| self.safe(&format!("  $ {line}"))));
        let tasks = &diagnosis.incident.scope.tasks;
        if tasks.len() > 1 {
            lines.push(self.safe(&format!("Tasks: {}", super::figures::abridged(tasks, TASKS_MAX))));
        }
        if let Some(example) = diagnosis.examples.first().filter(|example| !example.excerpt.trim().is_empty()) {
            lines.push(self.safe(&format!("Seen: {}", example.excerpt.trim())));
        }
        lines.extend(best.map(|(_, cause)| format!("More: dagnosis explain {}", cause.id)));
        lines
    }
}
