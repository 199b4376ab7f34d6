//! The predicates about single attempts: they hold of an incident if at least half of the attempts of which they are known fulfil them.

use std::collections::BTreeMap;

use crate::attempt::{Attempt, Failure};
use crate::record::{Connection, Phase};
use crate::rule::{ConnectionName, PhaseName, SymptomIx, When};
use crate::time::Span;

use super::{Context, statistics};

/// How near a call's time must come to the timeout that it names.
const TIMEOUT_BELOW: f64 = 0.9;
const TIMEOUT_ABOVE: f64 = 1.5;
const TIMEOUT_SLACK: Span = Span::seconds(2);

/// The attempts that fulfil all predicates about single attempts.
pub(super) struct Selected {
    pub(super) rows: Vec<usize>,
    /// Of how many it is known.
    pub(super) known: usize,
}

impl Context<'_> {
    /// The attempts that fulfil the predicates about single attempts. `Some(None)`: there are no such predicates. `None`: fewer than half
    /// of those for which they are known fulfil them.
    #[expect(clippy::option_option, reason = "absent and unfulfilled are different answers")]
    pub(super) fn attempts_that_hold(&self, when: &When) -> Option<Option<Selected>> {
        let mut any = false;
        let wanted = when.symptom.as_ref().map(|ids| self.ids(ids));
        let (mut rows, mut known) = (Vec::new(), 0);
        for (row, attempt, failure) in self.members() {
            let answers = single_answers(when, wanted.as_deref(), attempt, failure);
            any |= !answers.is_empty();
            if answers.is_empty() || answers.contains(&None) {
                continue;
            }
            known += 1;
            if answers.iter().all(|answer| *answer == Some(true)) {
                rows.push(row);
            }
        }
        if !any {
            return Some(None);
        }
        (!rows.is_empty() && 2 * rows.len() >= known).then_some(Some(Selected { rows, known }))
    }

    /// The spans that a sentence's `{median}` stands for.
    pub(super) fn medians(&self, when: &When, rows: &[usize]) -> BTreeMap<&'static str, String> {
        let get: fn(&Failure) -> Option<Span> = if when.idle_before.is_some() {
            |failure| failure.call.silence.map(|silence| silence.span)
        } else if when.running_for.is_some() && when.elapsed.is_none() {
            |failure| failure.running_for
        } else {
            |failure| failure.call.elapsed_at_most()
        };
        let spans: Vec<Span> = rows.iter().filter_map(|row| get(self.table.attempts.at(*row).failure()?)).collect();
        statistics::median(&spans).map(|median| ("median", median.to_string())).into_iter().collect()
    }
}

/// The answers of one attempt to the predicates about single attempts that are given; `None` for what is not known.
fn single_answers(when: &When, wanted: Option<&[SymptomIx]>, attempt: &Attempt, failure: &Failure) -> Vec<Option<bool>> {
    let mut answers = Vec::new();
    if let Some(wanted) = wanted {
        answers.push(Some(attempt.symptoms.iter().any(|shown| wanted.binary_search(&shown.symptom).is_ok())));
    }
    if let Some(names) = &when.exception {
        let named = |name: &String| failure.chain.iter().any(|exception| name.rsplit('.').next() == Some(&exception.class));
        answers.push(Some(names.iter().any(named)));
    }
    if let Some(texts) = &when.frame {
        let frames = || failure.chain.iter().flat_map(|exception| exception.frames.iter());
        let holds =
            texts.iter().any(|text| frames().any(|frame| frame.file.contains(text.as_str()) || frame.function.contains(text.as_str())));
        answers.push(frames().next().map(|_| holds));
    }
    if let Some(codes) = &when.status {
        answers.push(failure.facts.status.map(|status| codes.contains(&status)));
    }
    if let Some(numbers) = &when.errno {
        answers.push(failure.facts.errno.map(|errno| numbers.contains(&errno)));
    }
    if let Some(codes) = &when.exit_code {
        answers.push(failure.facts.exit_code.map(|code| codes.contains(&code)));
    }
    if let Some(signals) = &when.signal {
        answers.push(failure.facts.signal.map(|signal| signals.contains(&signal)));
    }
    if let Some(globs) = &when.operator {
        answers.push(attempt.operator.as_ref().map(|operator| globs.iter().any(|glob| crate::rule::glob_matches(glob, operator))));
    }
    if let Some(phases) = &when.phase {
        answers.push(failure.call.phase.map(|phase| phases.iter().any(|name| is_named(phase, *name))));
    }
    if let Some(name) = when.connection {
        let known = failure.call.connection;
        answers.push(match name {
            ConnectionName::OneShot => known.map(|known| known == Connection::OneShot),
            ConnectionName::Session => known.map(|known| known != Connection::OneShot),
            ConnectionName::Reused => known.map(|known| known == Connection::Reused),
        });
    }
    if let Some(bounds) = &when.elapsed {
        answers.push(failure.call.elapsed_at_most().map(|span| bounds.hold(span)));
    }
    if when.elapsed_near_timeout == Some(true) {
        let near = |(span, timeout): (Span, Span)| {
            let (span, timeout, slack) = (span.as_secs_f64(), timeout.as_secs_f64(), TIMEOUT_SLACK.as_secs_f64());
            span >= timeout * TIMEOUT_BELOW && span <= timeout * TIMEOUT_ABOVE + slack
        };
        answers.push(failure.call.elapsed_at_most().zip(failure.call.timeout.and_then(|timeout| timeout.limit)).map(near));
    }
    if let Some(bounds) = &when.idle_before {
        answers.push(failure.call.silence.map(|silence| bounds.hold(silence.span)));
    }
    if let Some(bounds) = &when.running_for {
        answers.push(failure.running_for.map(|span| bounds.hold(span)));
    }
    if let Some(endings) = &when.ending {
        answers.push(Some(endings.iter().any(|ending| ending.name() == attempt.ending.name())));
    }
    answers
}

/// Whether a rule's name means a phase.
fn is_named(phase: Phase, name: PhaseName) -> bool {
    match name {
        PhaseName::Resolve => phase == Phase::Resolve,
        // No connection was made either way.
        PhaseName::Connect => matches!(phase, Phase::Resolve | Phase::Connect),
        PhaseName::Tls => phase == Phase::Tls,
        PhaseName::Write | PhaseName::Send => phase == Phase::Send,
        PhaseName::Read | PhaseName::Wait => phase == Phase::Wait,
        PhaseName::Body => phase == Phase::Read,
    }
}
