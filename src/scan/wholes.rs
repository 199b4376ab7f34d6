//! Tracebacks that came one line per record: what their parts gave is replaced by what the whole says.

use crate::record::{Exception, Record};
use crate::rule::Hit;

use super::FailureRecord;
use super::reading::Reading;

impl Reading<'_> {
    /// Takes a traceback that was put together from several records, of which each has been read by itself.
    pub(super) fn whole(&mut self, whole: &Record) {
        let (first, last) = (whole.line, whole.line.saturating_add(whole.line_count.saturating_sub(1)));
        // Its exception's line alone was taken for an exception without frames.
        self.state.log.failures.retain(|failure| failure.fatal || failure.line < first || failure.line > last || !is_part(failure, whole));
        let rules = self.observer.rules;
        let mut candidates = Vec::new();
        rules.look(whole.text.as_bytes(), &mut candidates);
        let kind = self.state.log.source.kind;
        let hits: Vec<(usize, Hit)> =
            candidates.into_iter().filter_map(|symptom| Some((symptom, rules.check(symptom, whole, kind)?))).collect();
        for (symptom, hit) in &hits {
            let hidden = hits.iter().any(|(other, _)| other != symptom && rules.symptoms[*other].specific_over.contains(symptom));
            let known = |line: u32| (first..=last).contains(&line);
            // The part that shows the symptom by itself has been taken, with its own place.
            if !hidden && !self.kept_of(*symptom).any(|found| known(found.line)) {
                self.matched(*symptom, whole, hit.clone(), false);
            }
        }
        let before = std::mem::take(&mut self.state.before_pieces);
        self.failure(whole, false, &before);
        self.state.before_pieces = before;
        self.state.log.failures.sort_by_key(|failure| failure.line);
        self.state.log.matches.sort_by_key(|found| found.line);
    }
}

/// Whether what was taken for a failure is a line of a traceback.
fn is_part(failure: &FailureRecord, whole: &Record) -> bool {
    let same = |part: &Exception, exception: &Exception| {
        part.class == exception.class && (exception.message.starts_with(&part.message) || part.message.starts_with(&exception.message))
    };
    failure.chain.exceptions.iter().all(|part| whole.chain.exceptions.iter().any(|exception| same(part, exception)))
}
