//! What the spread of an incident over time, hosts, endpoints, tasks and tries shows, each with its numbers and its sentence.

use std::collections::BTreeSet;

use crate::attempt::{Attempt, Location};
use crate::record::Outcome;
use crate::rule::ScopeKind;
use crate::source::TaskInstance;
use crate::time::{Span, Timestamp};

use super::table::{Table, has_value, instance, key};
use super::{Incident, Pattern, PatternKind, statistics};

/// How unlikely chance must be for a scope to be told, after correction for the number of values tried.
const SCOPE_P_MAX: f64 = 0.01;

/// How many failures make a burst, and within what time.
const BURST_MIN: usize = 3;
const BURST_WITHIN: Span = Span::seconds(300);

/// How many times are needed before a cluster of them means something.
const CLUSTER_MIN: usize = 3;

/// How tight they must be.
const CLUSTER_SPREAD_MAX: f64 = 0.05;

/// How many times as many attempts must be running for it to count as crowded.
const CROWDED_RATIO: f64 = 1.5;

/// How many failures on how many days make a recurrence.
const RECURRENCE_MIN: usize = 4;
const RECURRENCE_DAYS_MIN: usize = 3;
const RECURRENCE_P_MAX: f64 = 0.01;

/// How many places are given with a pattern.
const LOCATIONS_MAX: usize = 3;

/// All patterns of an incident.
#[must_use]
pub(super) fn find(incident: &Incident, attempts: &[Attempt], table: &Table) -> Vec<Pattern> {
    let view = View { incident, attempts, table };
    let all = [
        view.scope(),
        view.burst(),
        view.onset(),
        view.recurrence(),
        view.elapsed(),
        view.crowded(),
        view.precedence(),
        view.retry(),
        view.no_base_rate(),
    ];
    all.into_iter().flatten().collect()
}

/// An incident before its table.
struct View<'a> {
    incident: &'a Incident,
    attempts: &'a [Attempt],
    table: &'a Table,
}

impl View<'_> {
    fn members(&self) -> impl Iterator<Item = &Attempt> {
        self.incident.attempts.iter().map(|row| &self.attempts[*row])
    }

    fn locations(&self) -> Vec<Location> {
        let places = self.members().filter_map(|attempt| attempt.failure.as_ref().map(|failure| attempt.location(failure.line)));
        places.take(LOCATIONS_MAX).collect()
    }

    fn pattern(&self, kind: PatternKind, says: String, numbers: Vec<(&'static str, f64)>) -> Pattern {
        Pattern { kind, says, numbers, locations: self.locations() }
    }

    /// The one value that explains the failures against the healthy attempts.
    fn scope(&self) -> Option<Pattern> {
        let healthy = &self.table.healthy;
        if healthy.all == 0 || self.incident.attempts.len() < 2 {
            return None;
        }
        let scope = &self.incident.scope;
        let kinds = [
            (ScopeKind::Host, &scope.hosts),
            (ScopeKind::Endpoint, &scope.endpoints),
            (ScopeKind::Task, &scope.tasks),
            (ScopeKind::Dag, &scope.dags),
            (ScopeKind::Operator, &scope.operators),
        ];
        let tried: usize = kinds.iter().map(|(_, values)| values.len()).sum();
        let mut best: Option<(f64, Pattern)> = None;
        for (kind, values) in kinds {
            let [value] = &values[..] else { continue };
            let has = |attempt: &&Attempt| has_value(attempt, kind, value);
            let bad_in = self.members().filter(|attempt| has(attempt)).count();
            let bad_out = self.incident.attempts.len() - bad_in;
            let good_in = healthy.of(kind, value);
            let good_out = healthy.all - good_in;
            // Endpoints of healthy attempts are often not in their logs: without any that is known, nothing can be compared.
            let comparable = match kind {
                ScopeKind::Endpoint => healthy.endpoints_known,
                ScopeKind::Host => healthy.hosts_known,
                _ => true,
            };
            let p = (statistics::fisher(bad_in, good_in, bad_out, good_out) * tried as f64).min(1.0);
            if !comparable || p > SCOPE_P_MAX {
                continue;
            }
            let share = bad_in as f64 / (bad_in + good_in) as f64;
            let says = format!(
                "{} of {} failures are on {} {value}; healthy attempts there: {good_in} of {} (chance {})",
                bad_in,
                self.incident.attempts.len(),
                kind.name(),
                healthy.all,
                chance(p)
            );
            let numbers = vec![
                ("failed_inside", bad_in as f64),
                ("healthy_inside", good_in as f64),
                ("failed_outside", bad_out as f64),
                ("healthy_outside", good_out as f64),
                ("p", p),
            ];
            if best.as_ref().is_none_or(|(known, _)| share > *known + 1e-9) {
                best = Some((share, self.pattern(PatternKind::Scope(kind), says, numbers)));
            }
        }
        best.map(|(_, pattern)| pattern)
    }

    fn times(&self) -> Vec<Timestamp> {
        let mut times: Vec<Timestamp> = self.members().filter_map(|attempt| attempt.failure.as_ref()?.time).collect();
        times.sort_unstable();
        times
    }

    fn burst(&self) -> Option<Pattern> {
        let times = self.times();
        let (count, from) = densest(&times, BURST_WITHIN)?;
        (count >= BURST_MIN).then(|| {
            let last = times.iter().filter(|time| **time >= from && **time - from <= BURST_WITHIN).max().copied().unwrap_or(from);
            let says = format!("{count} failures within {} from {} UTC", last - from, from.minute());
            self.pattern(PatternKind::Burst, says, vec![("failures", count as f64), ("seconds", (last - from).as_secs_f64())])
        })
    }

    /// The instant since which a task that used to succeed always fails.
    fn onset(&self) -> Option<Pattern> {
        let first = self.incident.first_seen?;
        let rows: BTreeSet<usize> = self.members().filter_map(|attempt| self.table.tasks.get(&key(attempt)?)).flatten().copied().collect();
        let good: Vec<Timestamp> = rows
            .iter()
            .map(|row| &self.attempts[*row])
            .filter(|attempt| attempt.outcome == Outcome::Success)
            .filter_map(|attempt| attempt.ended)
            .collect();
        let last_good = good.iter().max().copied()?;
        (last_good < first && good.len() >= 2 && self.incident.attempts.len() >= 2).then(|| {
            let says = format!(
                "{} successes until {} UTC, none since the first failure at {} UTC",
                good.len(),
                last_good.minute(),
                first.minute()
            );
            self.pattern(PatternKind::Onset, says, vec![("successes_before", good.len() as f64)])
        })
    }

    fn recurrence(&self) -> Option<Pattern> {
        let times = self.times();
        let days: BTreeSet<i64> = times.iter().map(|time| time.0.div_euclid(86_400_000_000)).collect();
        if times.len() < RECURRENCE_MIN || days.len() < RECURRENCE_DAYS_MIN {
            return None;
        }
        let of_failures: Vec<f64> = times.iter().map(|time| f64::from(time.minute_of_day_and_weekday().0) / 60.0).collect();
        let (hour, p) = statistics::rayleigh(&of_failures, 24.0)?;
        // A task that runs at that hour only fails at that hour: its healthy attempts must be spread wider.
        let rows: BTreeSet<usize> = self.members().filter_map(|attempt| self.table.tasks.get(&key(attempt)?)).flatten().copied().collect();
        let healthy: Vec<f64> = rows
            .iter()
            .map(|row| &self.attempts[*row])
            .filter(|attempt| attempt.is_healthy())
            .filter_map(|attempt| attempt.ended)
            .map(|time| f64::from(time.minute_of_day_and_weekday().0) / 60.0)
            .collect();
        let elsewhere = healthy.iter().filter(|other| circle_distance(**other, hour, 24.0) > 2.0).count();
        (p <= RECURRENCE_P_MAX && elsewhere >= times.len()).then(|| {
            let (whole, minutes) = (hour.floor(), (hour.fract() * 60.0).floor());
            let says = format!(
                "{} failures on {} days, all around {whole:02}:{minutes:02} UTC (chance {}); {elsewhere} healthy attempts at other hours",
                times.len(),
                days.len(),
                chance(p)
            );
            self.pattern(PatternKind::Recurrence, says, vec![("hour", hour), ("p", p), ("days", days.len() as f64)])
        })
    }

    fn elapsed(&self) -> Option<Pattern> {
        let spans: Vec<Span> = self
            .members()
            .filter_map(|attempt| attempt.failure.as_ref().filter(|failure| failure.call.phase.is_some())?.call.elapsed_at_most())
            .filter(|span| *span >= Span::seconds(1))
            .collect();
        let spread = statistics::spread(&spans).filter(|spread| spans.len() >= CLUSTER_MIN && *spread <= CLUSTER_SPREAD_MAX)?;
        let median = statistics::median(&spans)?;
        let says = format!("{} failures, each {median} after the log line before (spread {:.0} %)", spans.len(), spread * 100.0);
        Some(self.pattern(PatternKind::Elapsed, says, vec![("seconds", median.as_secs_f64()), ("spread", spread)]))
    }

    /// Whether more was running at the failures than at the healthy attempts of the same endpoint.
    fn crowded(&self) -> Option<Pattern> {
        let [endpoint] = &self.incident.scope.endpoints[..] else { return None };
        let rows = self.table.endpoints.get(endpoint)?;
        let spans = || rows.iter().filter_map(|row| self.attempts[*row].started.zip(self.attempts[*row].ended));
        let (mut starts, mut ends): (Vec<Timestamp>, Vec<Timestamp>) = spans().unzip();
        starts.sort_unstable();
        ends.sort_unstable();
        // Running at an instant: begun until then, less those that ended before.
        let running = |at: Timestamp| starts.partition_point(|start| *start <= at).saturating_sub(ends.partition_point(|end| *end < at));
        let failing: Vec<usize> = self.times().into_iter().map(running).collect();
        let healthy: Vec<usize> = rows
            .iter()
            .map(|row| &self.attempts[*row])
            .filter(|attempt| attempt.is_healthy())
            .filter_map(|attempt| attempt.ended)
            .map(running)
            .collect();
        let (then, usual) = (statistics::median(&failing)?, statistics::median(&healthy)?);
        (failing.len() >= CLUSTER_MIN && healthy.len() >= CLUSTER_MIN && then >= 3 && then as f64 >= CROWDED_RATIO * usual as f64).then(
            || {
                let says = format!("{then} attempts were using {endpoint} at the failures (median), {usual} at the healthy attempts");
                self.pattern(PatternKind::Concurrency, says, vec![("at_failures", then as f64), ("at_successes", usual as f64)])
            },
        )
    }

    fn precedence(&self) -> Option<Pattern> {
        let root = &self.attempts[self.incident.root?];
        let others = self.members().filter(|attempt| attempt.run() == root.run()).count() - 1;
        let failure = root.failure.as_ref()?;
        let when = failure.time.map(|time| format!(" at {} UTC", time.clock())).unwrap_or_default();
        let says = format!("{} was killed{when}; {others} other failures of its run around that moment are its consequence", root.name());
        Some(Pattern {
            kind: PatternKind::Precedence,
            says,
            numbers: vec![("consequences", others as f64)],
            locations: vec![root.location(failure.line)],
        })
    }

    fn retry(&self) -> Option<Pattern> {
        let retries = retries(self.incident, self.attempts, self.table);
        if retries.recovered + retries.exhausted == 0 {
            return None;
        }
        let says = match (retries.recovered, retries.exhausted) {
            (recovered, 0) => format!("{recovered} of {} task instances succeeded on a later try", retries.instances),
            (0, exhausted) => format!("{exhausted} of {} task instances failed on every one of several tries", retries.instances),
            (recovered, exhausted) => {
                format!("of {} task instances {recovered} succeeded on a later try, {exhausted} failed on every try", retries.instances)
            }
        };
        Some(self.pattern(
            PatternKind::Retry,
            says,
            vec![("instances", retries.instances as f64), ("recovered", retries.recovered as f64), ("exhausted", retries.exhausted as f64)],
        ))
    }

    fn no_base_rate(&self) -> Option<Pattern> {
        (self.table.healthy.all == 0).then(|| {
            self.pattern(
                PatternKind::NoBaseRate,
                "no healthy attempts were read, so there is nothing to compare with".to_owned(),
                Vec::new(),
            )
        })
    }
}

/// What later tries did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Retries {
    /// Task instances of the incident.
    pub(super) instances: usize,
    /// Of which a later try succeeded.
    pub(super) recovered: usize,
    /// Of which at least two tries failed and none succeeded.
    pub(super) exhausted: usize,
}

pub(super) fn retries(incident: &Incident, attempts: &[Attempt], table: &Table) -> Retries {
    let members: BTreeSet<TaskInstance> =
        incident.attempts.iter().map(|row| instance(&attempts[*row])).filter(|task| task.task_id.is_some()).collect();
    let mut retries = Retries { instances: members.len(), ..Retries::default() };
    for task in &members {
        let rows = table.tries.get(task).map(Vec::as_slice).unwrap_or_default();
        if rows.iter().any(|row| attempts[*row].outcome == Outcome::Success) {
            retries.recovered += 1;
        } else if rows.iter().filter(|row| attempts[**row].outcome.is_failure()).count() >= 2 {
            retries.exhausted += 1;
        }
    }
    retries
}

/// The most times within a window, and the first of them; `times` are sorted.
pub(super) fn densest(times: &[Timestamp], within: Span) -> Option<(usize, Timestamp)> {
    let mut best: Option<(usize, Timestamp)> = None;
    let mut from = 0;
    for to in 0..times.len() {
        while times[to] - times[from] > within {
            from += 1;
        }
        if best.is_none_or(|(count, _)| to - from + 1 > count) {
            best = Some((to - from + 1, times[from]));
        }
    }
    best
}

fn circle_distance(a: f64, b: f64, period: f64) -> f64 {
    let distance = (a - b).rem_euclid(period);
    distance.min(period - distance)
}

/// A p-value as people read it.
fn chance(p: f64) -> String {
    match p {
        p if p < 0.0001 => "under 1 in 10,000".to_owned(),
        p => format!("1 in {:.0}", 1.0 / p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_both_ends() {
        let times: Vec<Timestamp> = [0, 100, 300, 301].map(|second| Timestamp(second * 1_000_000)).into();
        assert_eq!(densest(&times, Span::seconds(300)), Some((3, Timestamp(0))));
        assert_eq!(densest(&times[..3], Span::seconds(299)), Some((2, Timestamp(0))));
        assert_eq!(densest(&[], Span::seconds(300)), None);
    }
}
