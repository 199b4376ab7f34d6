//! The numbers of incidents and their patterns, reckoned a second time from the attempt table alone, plainly and slowly, on simulated worlds.

use std::collections::{BTreeMap, BTreeSet};

use dagnosis::attempt::{Attempt, Attempts, Failure};
use dagnosis::correlate::{Incident, Pattern, PatternKind, Scope, correlate};
use dagnosis::record::{Bound, Outcome};
use dagnosis::rule::{Recurs, ScopeKind};

use super::table::number;
use crate::worlds::RULES;
use crate::worlds::simulator::faults::Kind;
use crate::worlds::simulator::world::Noise;
use crate::worlds::simulator::{Made, Plan};

const SECOND: i64 = 1_000_000;

/// An incident with the table that it is of.
struct Seen<'a> {
    all: &'a [Attempt],
    incident: &'a Incident,
}

type Instance<'a> = (&'a str, &'a str, &'a str, Option<i32>);

fn instance(attempt: &Attempt) -> Option<Instance<'_>> {
    let task = &attempt.task;
    Some((task.dag_id.as_deref()?, task.run_id.as_deref()?, task.task_id.as_deref()?, task.map_index))
}

fn failure(attempt: &Attempt) -> &Failure {
    attempt.failure.as_ref().unwrap()
}

/// When an attempt failed or ended, in microseconds.
fn instant(attempt: &Attempt) -> i64 {
    let failed = attempt.failure.as_ref().and_then(|failure| failure.time);
    failed.or(attempt.ended).or(attempt.started).unwrap().0
}

/// The values of a kind that an attempt has.
fn values(attempt: &Attempt, kind: ScopeKind) -> BTreeSet<String> {
    let task = attempt.task.dag_id.as_ref().zip(attempt.task.task_id.as_ref()).map(|(dag, task)| format!("{dag}.{task}"));
    let one = |value: &Option<std::sync::Arc<str>>| value.iter().map(|value| value.to_string()).collect();
    match kind {
        _ if !attempt.is_task() => BTreeSet::new(),
        ScopeKind::Host => one(&attempt.host),
        ScopeKind::Dag => one(&attempt.task.dag_id),
        ScopeKind::Operator => one(&attempt.operator),
        ScopeKind::Queue => one(&attempt.queue),
        ScopeKind::Task => task.into_iter().collect(),
        ScopeKind::Version => {
            let named = |wanted: &str| attempt.versions.iter().find(|(name, _)| &**name == wanted).map(|(_, version)| version.to_string());
            let of_dag = attempt.task.dag_id.as_deref().zip(named("dag_version")).map(|(dag, version)| format!("{version} of DAG {dag}"));
            let of_bundle = named("bundle").zip(named("bundle_version")).map(|(bundle, version)| format!("{version} of bundle {bundle}"));
            of_dag.into_iter().chain(of_bundle).collect()
        }
        ScopeKind::Endpoint => {
            let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.clone());
            attempt.endpoints.keys().map(str::to_owned).chain(failing).collect()
        }
    }
}

fn median(mut numbers: Vec<i64>) -> i64 {
    numbers.sort_unstable();
    numbers[(numbers.len() - 1) / 2]
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * one.abs().max(other.abs()).max(1.0)
}

impl<'a> Seen<'a> {
    fn members(&self) -> impl Iterator<Item = &'a Attempt> + Clone {
        let (all, incident) = (self.all, self.incident);
        incident.attempts.iter().map(|row| &all[*row])
    }

    fn pattern(&self, kind: PatternKind) -> Option<&'a Pattern> {
        self.incident.patterns.iter().find(|pattern| pattern.kind == kind)
    }

    /// Its failures' times, sorted.
    fn times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.members().filter_map(|attempt| failure(attempt).time).map(|time| time.0).collect();
        times.sort_unstable();
        times
    }

    fn all_values(&self, kind: ScopeKind) -> BTreeSet<String> {
        self.members().flat_map(|attempt| values(attempt, kind)).collect()
    }

    fn healthy_with(&self, kind: ScopeKind, value: &str) -> Vec<&'a Attempt> {
        self.all.iter().filter(|attempt| attempt.is_healthy() && values(attempt, kind).contains(value)).collect()
    }

    /// Panics unless the numbers of a pattern, or that there is none, are as reckoned.
    fn agrees(&self, kind: PatternKind, names: &[&str], wanted: Option<Vec<f64>>) {
        let found = self.pattern(kind);
        let told = found.map(|pattern| names.iter().map(|name| number(pattern, name)).collect::<Vec<f64>>());
        let same = match (&told, &wanted) {
            (Some(told), Some(wanted)) => told.iter().zip(wanted).all(|(one, other)| near(*one, *other)),
            (told, wanted) => told.is_none() == wanted.is_none(),
        };
        assert!(same, "{kind:?} {names:?}: told {told:?}, reckoned {wanted:?}: {:?}", found.map(|pattern| &pattern.says));
    }

    fn totals(&self) {
        let times = self.times();
        assert_eq!(self.incident.first_seen.map(|time| time.0), times.first().copied());
        assert_eq!(self.incident.last_seen.map(|time| time.0), times.last().copied());
        let of = |kind| self.all_values(kind).into_iter().collect::<Vec<String>>();
        let endpoints: BTreeSet<String> = self.members().filter_map(|attempt| failure(attempt).endpoint.clone()).collect();
        let wanted = Scope {
            hosts: of(ScopeKind::Host),
            endpoints: endpoints.into_iter().collect(),
            dags: of(ScopeKind::Dag),
            tasks: of(ScopeKind::Task),
            operators: of(ScopeKind::Operator),
        };
        assert_eq!(self.incident.scope, wanted);
    }

    fn burst(&self) {
        let times = self.times();
        let within = |from: &i64| times.iter().filter(|time| (*from..=*from + 300 * SECOND).contains(*time)).count();
        let most = times.iter().map(within).max().unwrap_or(0);
        let first = times.iter().find(|from| within(from) == most);
        let wanted = first.filter(|_| most >= 3).map(|from| {
            let last = times.iter().filter(|time| **time <= from + 300 * SECOND).max().unwrap();
            vec![most as f64, (last - from) as f64 / 1e6]
        });
        self.agrees(PatternKind::Burst, &["failures", "seconds"], wanted);
    }

    fn retry(&self) {
        let instances: BTreeSet<Instance<'_>> = self.members().filter_map(instance).collect();
        let (mut recovered, mut exhausted, mut growing) = (0, 0, 0);
        for one in &instances {
            let mut tries: Vec<&Attempt> = self.all.iter().filter(|attempt| attempt.is_task() && instance(attempt) == Some(*one)).collect();
            tries.sort_by_key(|attempt| attempt.task.try_number);
            let failed: Vec<&&Attempt> =
                tries.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Failed | Outcome::UpForRetry)).collect();
            if tries.iter().any(|attempt| attempt.outcome == Outcome::Success) {
                recovered += 1;
            } else if failed.len() >= 2 {
                exhausted += 1;
            }
            let spans: Vec<i64> = failed.iter().filter_map(|attempt| attempt.failure.as_ref()?.running_for).map(|span| span.0).collect();
            let grows = spans.len() >= 3 && spans.is_sorted_by(|one, next| one < next);
            growing += i32::from(grows && spans[spans.len() - 1] as f64 >= 1.5 * spans[0] as f64);
        }
        let wanted = vec![instances.len() as f64, f64::from(recovered), f64::from(exhausted), f64::from(growing)];
        self.agrees(PatternKind::Retry, &["instances", "recovered", "exhausted", "growing"], (recovered + exhausted > 0).then_some(wanted));
    }

    fn onset(&self) {
        let first = self.times().first().copied();
        let since = |good: Vec<i64>| {
            let last = *good.iter().max()?;
            let failed = self.members().map(instance).collect::<BTreeSet<_>>().len();
            // One of all the orders in which so many good and bad ones may come.
            let p: f64 = (1..=failed).map(|nth| nth as f64 / (good.len() + nth) as f64).product();
            (last < first? && good.len() >= 2)
                .then(|| vec![good.len() as f64, failed as f64, last as f64 / 1e6, first.unwrap() as f64 / 1e6, p])
        };
        let good = |kind: ScopeKind, value: &str| -> Vec<i64> {
            let with = self.healthy_with(kind, value).into_iter();
            with.filter(|attempt| attempt.outcome == Outcome::Success).map(instant).collect()
        };
        let endpoints: Vec<String> = self.all_values(ScopeKind::Endpoint).into_iter().collect();
        let of_endpoint = match &endpoints[..] {
            [one] if self.healthy_with(ScopeKind::Endpoint, one).len() >= 2 => since(good(ScopeKind::Endpoint, one)),
            _ => None,
        };
        let of_tasks = || {
            let each: Vec<Vec<i64>> = self.all_values(ScopeKind::Task).iter().map(|task| good(ScopeKind::Task, task)).collect();
            since(each.concat()).filter(|_| each.iter().all(|one| !one.is_empty()))
        };
        let wanted = of_endpoint.or_else(of_tasks).filter(|_| self.incident.attempts.len() >= 2);
        self.agrees(PatternKind::Onset, &["successes_before", "failed_since", "last_good", "first_bad", "p"], wanted);
    }

    fn elapsed(&self) {
        let calls = self.members().map(|attempt| &failure(attempt).call).filter(|call| call.phase.is_some());
        let known = calls.filter_map(|call| call.elapsed).filter(|elapsed| elapsed.bound != Bound::AtLeast);
        let mut spans: Vec<i64> = known.map(|elapsed| elapsed.span.0).filter(|span| *span >= SECOND).collect();
        spans.sort_unstable();
        let reach = |least: i64| least + (least as f64 * 0.05) as i64 + SECOND / 2;
        let equal = |least: i64| -> Vec<i64> { spans.iter().copied().filter(|span| (least..=reach(least)).contains(span)).collect() };
        let most = spans.iter().map(|least| equal(*least).len()).max().unwrap_or(0);
        let best = spans.iter().map(|least| equal(*least)).find(|equal| equal.len() == most).unwrap_or_default();
        let shows = most >= 3 && 2 * most >= spans.len();
        let wanted = shows.then(|| vec![median(best.clone()) as f64 / 1e6, best.len() as f64, spans.len() as f64]);
        self.agrees(PatternKind::Elapsed, &["seconds", "equal", "calls"], wanted);
        let bound = spans.last().filter(|_| !shows).map(|most| vec![*most as f64 / 1e6, spans.len() as f64]);
        self.agrees(PatternKind::Bound, &["at_most_seconds", "calls"], bound);
    }

    /// A recurrence is a test, so that it need not be told; what is told is reckoned again.
    fn recurrence(&self) {
        let clocks = [(Recurs::Minute, 3_600.0, 0.0), (Recurs::Hour, 86_400.0, 0.0), (Recurs::Weekday, 604_800.0, 3.0 * 86_400.0)];
        for (recurs, turn, offset) in clocks {
            let Some(pattern) = self.pattern(PatternKind::Recurrence(recurs)) else { continue };
            let mut events: Vec<i64> = Vec::new();
            let mut last = i64::MIN;
            for time in self.times() {
                if time.saturating_sub(last) > 600 * SECOND {
                    events.push(time);
                }
                last = time;
            }
            assert!(events.len() <= 200, "more are thinned out");
            let (at, within) = (number(pattern, "at_seconds"), number(pattern, "within_seconds"));
            // How far from the middle of the arc, the shorter way round.
            let is_held = |time: &i64| {
                let off = (*time as f64 / 1e6 + offset - at).rem_euclid(turn);
                off.min(turn - off) <= within / 2.0 + 1e-3
            };
            let held: Vec<i64> = events.iter().copied().filter(is_held).collect();
            let turns: BTreeSet<i64> = held.iter().map(|time| ((*time as f64 / 1e6 + offset) / turn).floor() as i64).collect();
            let tasks = self.all_values(ScopeKind::Task);
            let runs = self.all.iter().filter(|attempt| !values(attempt, ScopeKind::Task).is_disjoint(&tasks));
            let elsewhere = runs.filter(|attempt| !is_held(&instant(attempt))).count();
            let wanted = [events.len(), held.len(), turns.len(), elsewhere].map(|number| number as f64).into();
            self.agrees(PatternKind::Recurrence(recurs), &["events", "held", "turns", "elsewhere"], Some(wanted));
            assert!(10 * held.len() >= 8 * events.len() && turns.len() >= 3 && within <= turn / 6.0, "{}", pattern.says);
        }
    }

    /// How many of an endpoint's or host's attempts run at an instant.
    fn running(&self, kind: ScopeKind, value: &str, at: i64) -> i64 {
        let with = self.all.iter().filter(|attempt| values(attempt, kind).contains(value));
        let runs = |attempt: &&Attempt| attempt.started.zip(attempt.ended).is_some_and(|(from, to)| (from.0..=to.0).contains(&at));
        with.filter(runs).count() as i64
    }

    fn concurrency(&self) {
        let Some(pattern) = self.pattern(PatternKind::Concurrency) else { return };
        let kind = if pattern.says.contains(" were running on endpoint ") { ScopeKind::Endpoint } else { ScopeKind::Host };
        let own = if kind == ScopeKind::Endpoint { &self.incident.scope.endpoints } else { &self.incident.scope.hosts };
        let [name] = &own[..] else { panic!("{own:?}: {}", pattern.says) };
        let then = median(self.times().iter().map(|time| self.running(kind, name, *time)).collect());
        let ends = self.healthy_with(kind, name).into_iter().filter_map(|attempt| attempt.ended);
        let usual = median(ends.map(|end| self.running(kind, name, end.0)).collect());
        self.agrees(PatternKind::Concurrency, &["at_failures", "at_successes"], Some(vec![then as f64, usual as f64]));
    }

    fn no_base_rate(&self) {
        let healthy = self.all.iter().filter(|attempt| attempt.is_healthy()).count();
        let named = self.all.iter().any(|attempt| attempt.is_healthy() && !values(attempt, ScopeKind::Endpoint).is_empty());
        let missing = healthy == 0 || !self.incident.scope.endpoints.is_empty() && !named;
        self.agrees(PatternKind::NoBaseRate, &["healthy"], missing.then(|| vec![healthy as f64]));
    }

    fn precedence(&self) {
        let Some(pattern) = self.pattern(PatternKind::Precedence) else { return };
        match self.incident.root {
            Some(root) => {
                assert!(self.incident.attempts.contains(&root) && !self.incident.consequences.contains(&root));
                assert!(self.incident.consequences.iter().all(|row| self.incident.attempts.contains(row)));
                self.agrees(PatternKind::Precedence, &["consequences"], Some(vec![self.incident.consequences.len() as f64]));
            }
            None => assert!((-2.0..=120.0).contains(&number(pattern, "seconds_before")), "{}", pattern.says),
        }
    }

    /// Of a scope of one value the healthy attempts are reckoned again; of the failures how many there must and may be, for which of them could be
    /// taken for each other is known to the rules.
    fn scope(&self) {
        for pattern in &self.incident.patterns {
            let PatternKind::Scope(kind) = pattern.kind else { continue };
            let (_, told) =
                pattern.says.split_once(&format!(" such failures, each task instance counted once, are on {} ", kind.name())).unwrap();
            let known: Vec<&Attempt> = self.all.iter().filter(|attempt| !values(attempt, kind).is_empty()).collect();
            let all: BTreeSet<String> = known.iter().flat_map(|attempt| values(attempt, kind)).collect();
            let value = all.iter().filter(|value| told.starts_with(&format!("{value}: "))).max_by_key(|value| value.len()).unwrap();
            let has = |attempt: &Attempt| values(attempt, kind).contains(value);
            let (first, last) = (self.incident.first_seen.unwrap().0, self.incident.last_seen.unwrap().0);
            let instants = || self.all.iter().filter(|attempt| attempt.is_task()).map(instant);
            let length = instants().max().unwrap() - instants().min().unwrap();
            let mut by = 60 * SECOND;
            let within = |attempt: &&&Attempt, by: i64| (first - by..=last + by).contains(&instant(attempt));
            let healthy =
                |by: i64| known.iter().filter(|attempt| attempt.is_healthy()).filter(|attempt| within(attempt, by)).collect::<Vec<_>>();
            while healthy(by).len() < 20 && by < length {
                by *= 2;
            }
            let (inside, outside): (Vec<&&Attempt>, Vec<&&Attempt>) = healthy(by).into_iter().partition(|attempt| has(attempt));
            let wanted = vec![inside.len() as f64, outside.len() as f64];
            self.agrees(pattern.kind, &["healthy_inside", "healthy_outside"], Some(wanted));
            let own: BTreeSet<Option<Instance<'_>>> = self.members().filter(|attempt| has(attempt)).map(instance).collect();
            let failed = known.iter().filter(|attempt| attempt.failure.is_some()).filter(|attempt| within(attempt, by));
            let (in_window, elsewhere): (Vec<&&Attempt>, Vec<&&Attempt>) = failed.partition(|attempt| has(attempt));
            let distinct = |some: &[&&Attempt]| some.iter().map(|attempt| instance(attempt)).collect::<BTreeSet<_>>().len();
            let failed_inside = number(pattern, "failed_inside") as usize;
            assert!(
                (own.len()..=distinct(&in_window)).contains(&failed_inside),
                "{}: {} to {}",
                pattern.says,
                own.len(),
                distinct(&in_window)
            );
            assert!(number(pattern, "failed_outside") as usize <= distinct(&elsewhere), "{}", pattern.says);
            let names = ["failed_inside", "healthy_inside", "failed_outside", "healthy_outside"];
            let p = fisher(names.map(|name| number(pattern, name)));
            assert!(number(pattern, "p") >= p * 0.999 - 1e-12 && number(pattern, "p") <= 0.02, "{}: {p}", pattern.says);
        }
    }
}

/// The chance that so many of all failures are inside, term by term.
fn fisher([bad_in, good_in, bad_out, good_out]: [f64; 4]) -> f64 {
    let ln = |n: f64| (1..=n as u64).map(|k| (k as f64).ln()).sum::<f64>();
    let choose = |n: f64, k: f64| ln(n) - ln(k) - ln(n - k);
    let (inside, outside, bad) = (bad_in + good_in, bad_out + good_out, bad_in + bad_out);
    let counts = (bad_in as u64..=bad.min(inside) as u64).map(|count| count as f64).filter(|count| bad - count <= outside);
    counts.map(|count| (choose(inside, count) + choose(outside, bad - count) - choose(inside + outside, bad)).exp()).sum()
}

/// Reckons all incidents of a table again, and counts the patterns that were told.
fn reckon(all: &[Attempt], told: &mut BTreeMap<&'static str, usize>) {
    let table = Attempts::from(all);
    let found = correlate(&table, &RULES);
    let rows: Vec<usize> = found.incidents.iter().flat_map(|incident| incident.attempts.clone()).collect();
    let failed: BTreeSet<usize> = (0..all.len()).filter(|row| all[*row].failure.is_some()).collect();
    assert_eq!(rows.len(), failed.len(), "each failure is of one incident");
    assert_eq!(rows.into_iter().collect::<BTreeSet<usize>>(), failed);
    for incident in &found.incidents {
        let seen = Seen { all, incident };
        seen.totals();
        seen.burst();
        seen.retry();
        seen.onset();
        seen.elapsed();
        seen.recurrence();
        seen.concurrency();
        seen.precedence();
        seen.no_base_rate();
        seen.scope();
        incident.patterns.iter().for_each(|pattern| *told.entry(pattern.kind.name()).or_default() += 1);
    }
}

#[test]
fn all_numbers_of_simulated_worlds_are_those_of_the_attempt_table() {
    let mut told = BTreeMap::new();
    let kinds = [
        Kind::Overload,
        Kind::Restart,
        Kind::HostNetwork,
        Kind::MemoryKill,
        Kind::Maintenance,
        Kind::RateLimit,
        Kind::SlowDependency,
        Kind::BadDeploy,
    ];
    for (seed, kind) in kinds.into_iter().enumerate() {
        let made = Made::of_plan(&Plan::one(seed as u64, Some(kind), Noise::Moderate), &RULES);
        reckon(&made.attempts, &mut told);
        let failed: Vec<Attempt> = made.attempts.iter().filter(|attempt| !attempt.is_healthy()).cloned().collect();
        reckon(&failed, &mut told);
    }
    for kind in ["burst", "scope", "retry", "onset", "elapsed", "recurrence", "concurrency", "precedence", "no_base_rate"] {
        assert!(told.contains_key(kind), "{kind} was told nowhere: {told:?}");
    }
}
