//! Which symptoms a text shows: an example, run through the real splitter, parser, prefilter and conditions.

use std::collections::BTreeSet;
use std::io;

use crate::attempt;
use crate::record::{Dialects, Record, Splitter};
use crate::rule::{RuleSet, SymptomIx};
use crate::scan;
use crate::source::{Kind, Source};

/// The symptoms of single records that a text shows as a log of that kind.
pub(super) fn by_records(rules: &RuleSet, text: &str, kind: Kind) -> io::Result<BTreeSet<SymptomIx>> {
    let mut shown = BTreeSet::new();
    let mut candidates = Vec::new();
    let dialects = Dialects::default();
    let mut splitter = Splitter::new(text.as_bytes(), &dialects);
    while let Some(raw) = splitter.next()? {
        rules.candidates(raw.bytes, &mut candidates);
        if candidates.is_empty() {
            continue;
        }
        let record = Record::parse(&raw, &dialects);
        let shows = |symptom: &&SymptomIx| !rules.is_part(**symptom) && rules.check(**symptom, &record, kind).is_some();
        shown.extend(candidates.iter().filter(shows));
    }
    Ok(shown)
}

/// The symptoms, those of whole attempts included, that a text shows as the log of one attempt.
pub(super) fn by_attempt(rules: &RuleSet, text: &str) -> BTreeSet<SymptomIx> {
    let path = "dag_id=example/run_id=manual__2026-01-01T00:00:00+00:00/task_id=example/attempt=1.log";
    let source = Source { kind: Kind::Task, ..Source::named(path, None) };
    let observed = scan::observe(source, &mut text.as_bytes(), rules, &Dialects::default());
    let attempts = attempt::join(observed.observations, &[], rules);
    attempts.iter_own().flat_map(|(_, attempt)| attempt.symptoms.iter().map(|shown| shown.symptom)).collect()
}
