//! What came shortly before: the kill whose consequences the others are, or something on the same host or endpoint that is known to lead to such failures.

use crate::rule::SymptomIx;
use crate::time::{Span, Timestamp};

use super::super::group::name_of;
use super::super::table::At;
use super::super::{Pattern, PatternKind};
use super::View;

/// How long before the first failure something may have happened to be its cause.
const WITHIN: Span = Span::seconds(120);

impl View<'_, '_> {
    pub(super) fn precedence(&self) -> Option<Pattern> {
        match self.incident.root {
            Some(root) => self.kill(root),
            None => self.forerunner(),
        }
    }

    fn kill(&self, root: usize) -> Option<Pattern> {
        let root = self.table.attempts.own(root)?;
        let failure = root.failure.as_ref()?;
        let others = self.incident.consequences.len();
        let when = failure.time.map(|time| format!(" at {} UTC", time.clock())).unwrap_or_default();
        let noun = if others == 1 { "1 other failure" } else { &format!("{others} other failures") };
        let verb = if others == 1 { "is its consequence" } else { "are its consequences" };
        let says = format!("{} was killed{when}; {noun} at its peers around that moment {verb}", root.name());
        let locations = vec![root.location_of_failure(failure)];
        Some(Pattern { kind: PatternKind::Precedence, says, numbers: vec![("consequences", others as f64)], locations })
    }

    /// The latest event shortly before the first failure, on its host or endpoint, of which a likely cause is known to produce what the incident shows.
    fn forerunner(&self) -> Option<Pattern> {
        let shown = self.incident.symptom?;
        let first = self.members.iter().filter(|item| item.time.is_some()).min_by_key(|item| (item.time, item.name()))?;
        let time = first.time?;
        let places = [first.attempt.host.as_deref().map(At::Host), first.failure.endpoint.as_deref().map(At::Endpoint)];
        let leading = self.leading_to(shown);
        let events = places.into_iter().flatten().flat_map(|at| {
            let found = leading.iter().filter_map(move |symptom| {
                let (when, row) = self.table.events.before(*symptom, at, time, WITHIN, first.row)?;
                Some((when, row, *symptom))
            });
            found.collect::<Vec<(Timestamp, usize, SymptomIx)>>()
        });
        let outside = events.filter(|(_, row, _)| self.incident.attempts.binary_search(row).is_err());
        let (when, row, symptom) =
            outside.max_by_key(|(when, row, _)| (*when, std::cmp::Reverse(self.table.attempts.own(*row).map(name_of))))?;
        let other = self.table.attempts.own(row)?;
        let line = other.symptoms.iter().find(|shown| shown.symptom == symptom)?;
        let title = &self.rules.symptoms[symptom].title;
        let before = time - when;
        let says = format!("{before} before the first failure: {title} ({}, {} UTC)", other.name(), when.clock());
        let locations = vec![other.location_of(line), first.attempt.location_of_failure(first.failure)];
        Some(Pattern { kind: PatternKind::Precedence, says, numbers: vec![("seconds_before", before.as_secs_f64())], locations })
    }

    /// The symptoms whose likeliest cause produces another, in the order of rules.
    fn leading_to(&self, shown: SymptomIx) -> Vec<SymptomIx> {
        let produces = |symptom: &SymptomIx| {
            let likeliest = self.rules.symptoms[*symptom].causes.first().map(|cause| &self.rules.causes[*cause]);
            likeliest.is_some_and(|cause| cause.produces.contains(&shown))
        };
        (0..self.rules.symptoms.len()).filter(|symptom| *symptom != shown).filter(produces).collect()
    }
}
