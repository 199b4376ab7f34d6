//! The lines of logs that show an incident best.

use crate::attempt::Attempts;
use crate::correlate::Incident;

use super::Example;

/// How many lines of logs are shown with an incident.
const EXAMPLES_MAX: usize = 3;

/// Lines that show the incident: the kill that began it, then one of each symptom, then further attempts.
pub(super) fn examples(incident: &Incident, attempts: &Attempts) -> Vec<Example> {
    let mut rows: Vec<usize> = incident.attempts.clone();
    let symptom = |row: usize| attempts.at(row).failure().and_then(|failure| failure.symptom);
    rows.sort_by_key(|row| {
        (Some(*row) != incident.root, symptom(*row) != incident.symptom, attempts.at(*row).failure().and_then(|failure| failure.time), *row)
    });
    let mut chosen: Vec<usize> = Vec::new();
    for row in &rows {
        if chosen.iter().all(|known| symptom(*known) != symptom(*row)) {
            chosen.push(*row);
        }
    }
    let further: Vec<usize> = rows.into_iter().filter(|row| !chosen.contains(row)).collect();
    chosen.extend(further);
    let lines = chosen.into_iter().filter_map(|row| {
        let attempt = attempts.at(row).own()?;
        let failure = attempt.failure.as_deref()?;
        Some(Example { location: attempt.location_of_failure(failure), excerpt: failure.excerpt.clone() })
    });
    lines.take(EXAMPLES_MAX).collect()
}
