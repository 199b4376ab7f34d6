//! Whether the predicates of a piece of evidence hold of an incident. What is not known neither holds nor fails.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::{Attempt, Failure, Location};
use crate::record::{Connection, Outcome, Phase};
use crate::rule::{ConnectionName, HealthyBy, Nearby, NearbyBy, PhaseName, Recurs, RuleSet, ScopeKind, SymptomIx, TimerKind, When};
use crate::time::{Span, Timestamp};

use super::patterns;
use super::table::{Table, endpoints_of, key};
use super::{Incident, PatternKind, statistics};

/// What the predicates are asked of.
#[derive(Debug)]
pub struct Context<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// The attempt table.
    pub attempts: &'a [Attempt],
    /// The same, by what is looked for.
    pub table: &'a Table,
    /// The incident.
    pub incident: &'a Incident,
}

/// A piece of evidence applies.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What the sentence's placeholders stand for.
    pub words: BTreeMap<&'static str, String>,
    /// Where it is seen.
    pub locations: Vec<Location>,
}

/// How many places are given with a piece of evidence.
const LOCATIONS_MAX: usize = 3;

/// How near a silence must come to a timer: up to a fifth above it (the next call comes when it comes) and hardly below.
const TIMER_BELOW: f64 = 0.98;
const TIMER_ABOVE: f64 = 1.2;

/// How near a call's time must come to the timeout that it names.
const TIMEOUT_BELOW: f64 = 0.9;
const TIMEOUT_ABOVE: f64 = 1.5;
const TIMEOUT_SLACK: Span = Span::seconds(2);

/// Within what time several faces of one endpoint's trouble belong together.
const MIXED_WITHIN: Span = Span::seconds(300);

/// How long a moment is, and how many tasks must be struck in it for it to be more than chance.
const MOMENT: Span = Span(500_000);
const MOMENT_TASKS_MIN: usize = 3;

/// The verdict, if all predicates that are given hold.
#[must_use]
pub fn holds(when: &When, context: &Context<'_>) -> Option<Verdict> {
    let mut verdict = Verdict { words: context.words(), locations: Vec::new() };
    let of_attempts = context.attempts_that_hold(when)?;
    if let Some(Selected { rows, known }) = of_attempts {
        verdict.words.insert("n", rows.len().to_string());
        verdict.words.insert("total", known.to_string());
        verdict.locations = context.locations(&rows);
        context.medians(when, &rows, &mut verdict.words);
    }
    context.whole_incident(when, &mut verdict).then_some(verdict)
}

/// The attempts that fulfil all predicates about single attempts.
struct Selected {
    rows: Vec<usize>,
    /// Of how many it is known.
    known: usize,
}

impl<'a> Context<'a> {
    fn members(&self) -> impl Iterator<Item = (usize, &'a Attempt, &'a Failure)> + '_ {
        self.incident.attempts.iter().filter_map(|row| Some((*row, &self.attempts[*row], self.attempts[*row].failure.as_deref()?)))
    }

    /// What every sentence may use.
    fn words(&self) -> BTreeMap<&'static str, String> {
        let scope = &self.incident.scope;
        let total = self.incident.attempts.len().to_string();
        let mut words = BTreeMap::from([
            ("n", total.clone()),
            ("total", total),
            ("host", abridged(&scope.hosts, "an unknown host")),
            ("hosts", scope.hosts.len().to_string()),
            ("endpoint", abridged(&scope.endpoints, "an endpoint that the log does not name")),
            ("endpoints", scope.endpoints.len().to_string()),
            ("dags", scope.dags.len().to_string()),
            ("tasks", scope.tasks.len().to_string()),
        ]);
        if let (Some(first), Some(last)) = (self.incident.first_seen, self.incident.last_seen) {
            words.insert("span", (last - first).to_string());
        }
        let first = |get: fn(&Failure) -> Option<String>| self.members().find_map(|(_, _, failure)| get(failure));
        let facts: [(&'static str, Option<String>); 5] = [
            ("status", first(|failure| failure.facts.status.map(|status| status.to_string()))),
            ("errno", first(|failure| failure.facts.errno.map(|errno| errno.to_string()))),
            ("exit_code", first(|failure| failure.facts.exit_code.map(|code| code.to_string()))),
            ("timeout", first(|failure| failure.call.timeout.and_then(|timeout| timeout.limit).map(|limit| limit.to_string()))),
            (
                "value",
                first(|failure| {
                    failure.facts.name.clone().or_else(|| failure.facts.path.clone()).or_else(|| failure.facts.conn_id.clone())
                }),
            ),
        ];
        words.extend(facts.into_iter().filter_map(|(name, value)| Some((name, value?))));
        words
    }

    fn locations(&self, rows: &[usize]) -> Vec<Location> {
        let places = rows.iter().filter_map(|row| Some(self.attempts[*row].location(self.attempts[*row].failure.as_ref()?.line)));
        places.take(LOCATIONS_MAX).collect()
    }

    /// The attempts that fulfil the predicates about single attempts. `Some(None)`: there are no such predicates. `None`: fewer than half
    /// of those for which they are known fulfil them.
    #[expect(clippy::option_option, reason = "absent and unfulfilled are different answers")]
    fn attempts_that_hold(&self, when: &When) -> Option<Option<Selected>> {
        let mut any = false;
        let (mut rows, mut known) = (Vec::new(), 0);
        for (row, attempt, failure) in self.members() {
            let answers = self.single_answers(when, attempt, failure);
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

    /// The answers of one attempt to the predicates about single attempts that are given; `None` for what is not known.
    fn single_answers(&self, when: &When, attempt: &Attempt, failure: &Failure) -> Vec<Option<bool>> {
        let mut answers = Vec::new();
        if let Some(ids) = &when.symptom {
            let wanted = self.ids(ids);
            answers.push(Some(attempt.symptoms.iter().any(|shown| wanted.contains(&shown.symptom))));
        }
        if let Some(names) = &when.exception {
            let named = |name: &String| failure.chain.iter().any(|exception| name.rsplit('.').next() == Some(&exception.class));
            answers.push(Some(names.iter().any(named)));
        }
        if let Some(texts) = &when.frame {
            let frames = || failure.chain.iter().flat_map(|exception| &exception.frames);
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

    /// The spans that a sentence's `{median}` stands for.
    fn medians(&self, when: &When, rows: &[usize], words: &mut BTreeMap<&'static str, String>) {
        let get: fn(&Failure) -> Option<Span> = if when.idle_before.is_some() {
            |failure| failure.call.silence.map(|silence| silence.span)
        } else if when.running_for.is_some() && when.elapsed.is_none() {
            |failure| failure.running_for
        } else {
            |failure| failure.call.elapsed_at_most()
        };
        let spans: Vec<Span> = rows.iter().filter_map(|row| get(self.attempts[*row].failure.as_ref()?)).collect();
        if let Some(median) = statistics::median(&spans) {
            words.insert("median", median.to_string());
        }
    }

    fn ids(&self, ids: &[String]) -> BTreeSet<SymptomIx> {
        ids.iter().filter_map(|id| self.rules.symptom(id)).collect()
    }

    fn has(&self, wanted: impl Fn(PatternKind) -> bool) -> bool {
        self.incident.patterns.iter().any(|pattern| wanted(pattern.kind))
    }

    /// The predicates about the incident as a whole.
    fn whole_incident(&self, when: &When, verdict: &mut Verdict) -> bool {
        let scope = &self.incident.scope;
        let counts = [
            (&when.hosts, scope.hosts.len()),
            (&when.endpoints, scope.endpoints.len()),
            (&when.dags, scope.dags.len()),
            (&when.tasks, scope.tasks.len()),
            (&when.attempts, self.incident.attempts.len()),
        ];
        // Nothing known of a kind is not the same as few of it.
        let counts_hold = counts.into_iter().all(|(wanted, number)| wanted.is_none_or(|wanted| number > 0 && wanted.holds(number)));
        let is = |wanted: Option<bool>, actual: &dyn Fn() -> bool| wanted.is_none_or(|wanted| wanted == actual());
        let retries = patterns::retries(self.incident, self.attempts, self.table);
        counts_hold
            && when.among.as_ref().is_none_or(|ids| self.among(&self.ids(ids)))
            && is(when.single, &|| self.incident.attempts.len() == 1)
            && is(when.crowded, &|| self.has(|kind| kind == PatternKind::Concurrency))
            && is(when.onset, &|| self.has(|kind| kind == PatternKind::Onset))
            && is(when.recovered, &|| retries.recovered > 0)
            && is(when.every_try_failed, &|| retries.exhausted > 0 && retries.recovered == 0)
            && is(when.always_failed, &|| self.always_failed())
            && is(when.mixed_families, &|| self.mixed_families())
            && is(when.simultaneous, &|| self.simultaneous())
            && when.same_elapsed.is_none_or(|wanted| wanted == self.same_elapsed(verdict))
            && when.idle_near_timer.is_none_or(|wanted| wanted == self.idle_near_timer(verdict))
            && when.scope.is_none_or(|kind| self.has(|known| known == PatternKind::Scope(kind)))
            && when.healthy_elsewhere.is_none_or(|by| self.healthy_elsewhere(by))
            && when.burst.is_none_or(|burst| self.burst(burst.at_least, burst.within.0, verdict))
            && when.recurs.is_none_or(|recurs| self.recurs(recurs))
            && when.preceded_by.as_ref().is_none_or(|nearby| self.preceded_by(nearby, verdict))
    }

    fn tasks(&self) -> BTreeSet<(String, String)> {
        self.members().filter_map(|(_, attempt, _)| key(attempt)).collect()
    }

    /// Whether one attempt of the incident, however few others do, shows one of the symptoms.
    fn among(&self, wanted: &BTreeSet<SymptomIx>) -> bool {
        self.members().any(|(_, attempt, _)| attempt.symptoms.iter().any(|shown| wanted.contains(&shown.symptom)))
    }

    /// Whether no attempt of the incident's tasks succeeded; known only where several attempts were read.
    fn always_failed(&self) -> bool {
        let rows = || self.tasks().into_iter().filter_map(|key| self.table.tasks.get(&key)).flatten();
        rows().count() >= 2 && rows().all(|row| self.attempts[*row].outcome != Outcome::Success)
    }

    fn mixed_families(&self) -> bool {
        let mut seen: Vec<(Timestamp, &str)> = self
            .members()
            .filter_map(|(_, _, failure)| Some((failure.time?, self.rules.symptoms[failure.symptom?].family.as_str())))
            .collect();
        seen.sort_unstable();
        // One endpoint, or one that the logs do not name.
        self.incident.scope.endpoints.len() <= 1
            && seen.iter().enumerate().any(|(at, (from, family))| {
                seen[at..].iter().take_while(|(time, _)| *time - *from <= MIXED_WITHIN).any(|(_, other)| other != family)
            })
    }

    /// Whether different tasks were struck in one moment, as by an event on the other side: connections that grow old do so one by one.
    fn simultaneous(&self) -> bool {
        let mut seen: Vec<(Timestamp, (String, String))> =
            self.members().filter_map(|(_, attempt, failure)| Some((failure.time?, key(attempt)?))).collect();
        seen.sort_unstable();
        seen.iter().enumerate().any(|(at, (from, _))| {
            let moment = || seen[at..].iter().take_while(|(time, _)| *time - *from <= MOMENT);
            let tasks: BTreeSet<&(String, String)> = moment().map(|(_, task)| task).collect();
            tasks.len() >= MOMENT_TASKS_MIN && 3 * moment().count() >= self.incident.attempts.len()
        })
    }

    fn same_elapsed(&self, verdict: &mut Verdict) -> bool {
        let pattern = self.incident.patterns.iter().find(|pattern| pattern.kind == PatternKind::Elapsed);
        if let Some((_, seconds)) = pattern.and_then(|pattern| pattern.numbers.iter().find(|(name, _)| *name == "seconds")) {
            verdict.words.insert("median", Span::from_secs_f64(*seconds).to_string());
            let near = |timer: &&crate::rule::Timer| {
                timer.kind == TimerKind::Request && (timer.seconds - seconds).abs() <= (timer.seconds * 0.02).max(1.0)
            };
            let devices: Vec<String> = self.rules.timers.iter().filter(near).map(|timer| timer.device.clone()).collect();
            verdict.words.insert("timer", abridged(&devices, "no timer that is known"));
        }
        pattern.is_some()
    }

    /// Whether at least three silences before the call lie just above one known idle time-out; the timer that fits most silences is told.
    fn idle_near_timer(&self, verdict: &mut Verdict) -> bool {
        let silences: Vec<Span> = self.members().filter_map(|(_, _, failure)| Some(failure.call.silence?.span)).collect();
        let fits = |seconds: f64| {
            silences.iter().filter(|span| (TIMER_BELOW * seconds..=TIMER_ABOVE * seconds).contains(&span.as_secs_f64())).count()
        };
        let idle = || self.rules.timers.iter().filter(|timer| timer.kind == TimerKind::Idle);
        let Some(most) = idle().map(|timer| fits(timer.seconds)).max() else { return false };
        let devices: Vec<String> =
            idle().filter(|timer| fits(timer.seconds) == most).map(|timer| format!("{} ({} s)", timer.device, timer.seconds)).collect();
        verdict.words.insert("timer", abridged(&devices, "no timer that is known"));
        if let Some(median) = statistics::median(&silences) {
            verdict.words.insert("median", median.to_string());
        }
        most >= 3 && 2 * most >= silences.len()
    }

    fn healthy_elsewhere(&self, by: HealthyBy) -> bool {
        let scope = &self.incident.scope;
        let (Some(first), Some(last)) = (self.incident.first_seen, self.incident.last_seen) else { return false };
        // What was healthy at about the same time: an hour either side.
        let about =
            |attempt: &Attempt| attempt.ended.is_some_and(|end| end + Span::seconds(3600) >= first && end <= last + Span::seconds(3600));
        let healthy = |row: &usize| self.attempts[*row].is_healthy();
        match by {
            HealthyBy::Host => {
                let rows = scope.endpoints.iter().filter_map(|endpoint| self.table.endpoints.get(endpoint)).flatten();
                let other_host = |row: &&usize| {
                    self.attempts[**row].host.as_ref().is_some_and(|host| !scope.hosts.iter().any(|known| **known == **host))
                };
                let known = rows.filter(|row| healthy(row) && about(&self.attempts[**row])).any(|row| other_host(&row));
                // Where endpoints are not in the logs, healthy attempts of the same tasks on other hosts serve.
                known
                    || self.tasks().iter().filter_map(|key| self.table.tasks.get(key)).flatten().any(|row| healthy(row) && other_host(&row))
            }
            HealthyBy::Endpoint => {
                let rows = scope.hosts.iter().filter_map(|host| self.table.hosts.get(host)).flatten();
                rows.filter(|row| healthy(row) && about(&self.attempts[**row])).any(|row| {
                    let used = endpoints_of(&self.attempts[*row]);
                    !used.is_empty() && used.iter().all(|endpoint| !scope.endpoints.iter().any(|bad| bad == endpoint))
                })
            }
            HealthyBy::Task => self.tasks().iter().filter_map(|key| self.table.tasks.get(key)).flatten().any(healthy),
        }
    }

    fn burst(&self, at_least: usize, within: Span, verdict: &mut Verdict) -> bool {
        let mut times: Vec<Timestamp> = self.members().filter_map(|(_, _, failure)| failure.time).collect();
        times.sort_unstable();
        let Some((count, from)) = patterns::densest(&times, within) else { return false };
        let last = times.iter().rfind(|time| **time <= from + within).copied().unwrap_or(from);
        verdict.words.insert("n", count.to_string());
        verdict.words.insert("span", (last - from).to_string());
        count >= at_least
    }

    fn recurs(&self, recurs: Recurs) -> bool {
        // The hour is what the pattern tells; minute and weekday would need more nights than one scan usually holds.
        recurs == Recurs::Hour && self.has(|kind| kind == PatternKind::Recurrence)
    }

    /// Whether another attempt or component showed one of the symptoms shortly before (or, clocks and log flushing being what they are,
    /// two seconds after) a failure of the incident.
    fn preceded_by(&self, nearby: &Nearby, verdict: &mut Verdict) -> bool {
        let wanted = self.ids(&nearby.symptoms);
        let slack = Span::seconds(2);
        for (row, attempt, failure) in self.members() {
            let Some(time) = failure.time else { continue };
            let from = self.table.shown.partition_point(|(at, ..)| *at + nearby.within.0 < time);
            let near = self.table.shown[from..].iter().take_while(|(at, ..)| *at <= time + slack);
            for (at, symptom, other) in near.filter(|(_, symptom, other)| *other != row && wanted.contains(symptom)) {
                let neighbour = &self.attempts[*other];
                // Only what ended its attempt counts, or what a component says.
                if neighbour.is_task() && !neighbour.failure.as_ref().is_some_and(|failure| failure.shown.contains(symptom)) {
                    continue;
                }
                let shares = match nearby.same {
                    NearbyBy::Any => true,
                    NearbyBy::Run => attempt.run().is_some() && attempt.run() == neighbour.run(),
                    NearbyBy::Host => attempt.host.is_some() && attempt.host == neighbour.host,
                    NearbyBy::Endpoint => failure.endpoint.as_deref().is_some_and(|endpoint| endpoints_of(neighbour).contains(endpoint)),
                };
                if shares {
                    let title = &self.rules.symptoms[*symptom].title;
                    verdict.words.insert("other", format!("{} ({title}, {} UTC)", neighbour.name(), at.clock()));
                    let shown = neighbour.symptoms.iter().find(|shown| shown.symptom == *symptom);
                    let place = shown.map_or_else(|| neighbour.location(1), |shown| neighbour.location_of(shown));
                    verdict.locations = vec![place, attempt.location(failure.line)];
                    return true;
                }
            }
        }
        false
    }
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

/// `a`, `a and b`, `a, b and 12 more`.
#[must_use]
pub fn abridged(values: &[String], none: &str) -> String {
    match values {
        [] => none.to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// Which scope an incident has, if one explains it.
#[must_use]
pub fn scope_of(incident: &Incident) -> Option<ScopeKind> {
    incident.patterns.iter().find_map(|pattern| match pattern.kind {
        PatternKind::Scope(kind) => Some(kind),
        _ => None,
    })
}
