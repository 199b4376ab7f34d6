//! The predicates about an incident as a whole: how it is spread, what else happened, what later tries did.

use std::collections::{BTreeMap, BTreeSet};

use crate::attempt::Failure;
use crate::rule::{HealthyBy, Nearby, NearbyBy, ScopeKind, SymptomIx, TimerKind, When};
use crate::time::{Span, Timestamp};

use super::super::table::{At, Ends, Window};
use super::super::{PatternKind, abridged, pattern, statistics};
use super::{Context, Verdict};

/// How near a silence must come to a timer: up to a fifth above it (the next call comes when it comes) and hardly below.
const TIMER_BELOW: f64 = 0.98;
const TIMER_ABOVE: f64 = 1.2;

/// Within what time several faces of one endpoint's trouble belong together.
const MIXED_WITHIN: Span = Span::seconds(300);

/// The layer of causes that lie in the server.
const SERVER: &str = "server";

/// How long a moment is, and how many tasks must be struck in it for it to be more than chance.
const MOMENT: Span = Span(500_000);
const MOMENT_TASKS_MIN: usize = 3;

/// Failures nearer to each other than this are of one stretch of trouble.
const STRETCH_GAP: Span = Span::seconds(600);

/// A shorter stretch is over before a healthy attempt can end in it.
const STRETCH_MIN: Span = Span::seconds(5);

/// What was healthy at about the same time: so long before and after.
const ABOUT: Span = Span::seconds(3600);

impl Context<'_> {
    fn has(&self, wanted: impl Fn(PatternKind) -> bool) -> bool {
        self.incident.patterns.iter().any(|pattern| wanted(pattern.kind))
    }

    /// The predicates about the incident as a whole.
    pub(super) fn whole_incident(&self, when: &When, verdict: &mut Verdict) -> bool {
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
        counts_hold
            && when.among.as_ref().is_none_or(|ids| self.among(&self.ids(ids)))
            && is(when.single, &|| self.incident.attempts.len() == 1)
            && is(when.crowded, &|| self.has(|kind| kind == PatternKind::Concurrency))
            && is(when.onset, &|| self.has(|kind| kind == PatternKind::Onset))
            && is(when.recovered, &|| self.retries().recovered > 0)
            && is(when.every_try_failed, &|| self.retries().exhausted > 0 && self.retries().recovered == 0)
            && is(when.always_failed, &|| self.always_failed())
            && is(when.mixed_families, &|| self.mixed_families())
            && is(when.simultaneous, &|| self.simultaneous())
            && when.lasts.as_ref().is_none_or(|bounds| self.lasts().is_some_and(|span| bounds.hold(span)))
            && when.healthy_meanwhile.is_none_or(|wanted| self.healthy_meanwhile() == Some(wanted))
            && when.healthy_since.is_none_or(|wanted| self.healthy_since() == Some(wanted))
            && when.same_elapsed.is_none_or(|wanted| wanted == self.same_elapsed(verdict))
            && when.idle_near_timer.is_none_or(|wanted| wanted == self.idle_near_timer(verdict))
            && when.scope.is_none_or(|kind| self.has(|known| known == PatternKind::Scope(kind)))
            && when.healthy_elsewhere.is_none_or(|by| self.healthy_elsewhere(by))
            && when.burst.is_none_or(|burst| self.burst(burst.at_least, burst.within.0, verdict))
            && when.recurs.is_none_or(|recurs| self.has(|known| known == PatternKind::Recurrence(recurs)))
            && when.preceded_by.as_ref().is_none_or(|nearby| self.preceded_by(nearby, verdict))
    }

    /// Whether one attempt of the incident, however few others do, shows one of the symptoms.
    fn among(&self, wanted: &[SymptomIx]) -> bool {
        self.members().any(|(_, attempt, _)| attempt.symptoms.iter().any(|shown| wanted.binary_search(&shown.symptom).is_ok()))
    }

    /// The tasks of the incident, as values of the table.
    fn tasks(&self) -> BTreeSet<u32> {
        let column = self.table.column(ScopeKind::Task);
        self.incident.attempts.iter().flat_map(|row| column.of_row(*row)).copied().collect()
    }

    /// Whether no attempt of the incident's tasks succeeded; known only where several attempts were read.
    fn always_failed(&self) -> bool {
        *self.known.always_failed.get_or_init(|| {
            let column = self.table.column(ScopeKind::Task);
            let tasks = self.tasks();
            let rows = || tasks.iter().flat_map(|task| column.rows(*task));
            rows().nth(1).is_some() && !rows().any(|row| self.table.succeeded(*row))
        })
    }

    fn mixed_families(&self) -> bool {
        *self.known.mixed_families.get_or_init(|| {
            let family = |symptom: SymptomIx| self.rules.symptoms[symptom].family.as_str();
            let of_server = |symptom: SymptomIx| {
                self.rules.symptoms[symptom].causes.first().is_some_and(|cause| self.rules.causes[*cause].layer == SERVER)
            };
            let shown = |failure: &Failure| Some((failure.time?, family(failure.symptom?), of_server(failure.symptom?)));
            // What a kill provoked is no face of anything else.
            let own = self.members().filter(|(row, ..)| self.incident.consequences.binary_search(row).is_err());
            let mut seen: Vec<(Timestamp, &str, bool)> = own.filter_map(|(_, _, failure)| shown(failure)).collect();
            seen.sort_unstable();
            // One endpoint, or one that the logs do not name. Between two different ones there are two neighbours that differ. Where no server has
            // said or left anything, what differs is only how a way is closed.
            let differ = |pair: &[(Timestamp, &str, bool)]| pair[1].0 - pair[0].0 <= MIXED_WITHIN && pair[0].1 != pair[1].1;
            self.incident.scope.endpoints.len() <= 1 && seen.windows(2).any(|pair| differ(pair) && (pair[0].2 || pair[1].2))
        })
    }

    /// Whether different tasks were struck in one moment, as by an event on the other side: connections that grow old do so one by one.
    fn simultaneous(&self) -> bool {
        *self.known.simultaneous.get_or_init(|| {
            let column = self.table.column(ScopeKind::Task);
            let struck = self.members().filter_map(|(row, _, failure)| Some((failure.time?, *column.of_row(row).first()?)));
            let mut seen: Vec<(Timestamp, u32)> = struck.collect();
            seen.sort_unstable();
            let mut tasks: BTreeMap<u32, usize> = BTreeMap::new();
            let mut from = 0;
            for to in 0..seen.len() {
                *tasks.entry(seen[to].1).or_default() += 1;
                while seen[to].0 - seen[from].0 > MOMENT {
                    if let Some(count) = tasks.get_mut(&seen[from].1) {
                        *count -= 1;
                        if *count == 0 {
                            tasks.remove(&seen[from].1);
                        }
                    }
                    from += 1;
                }
                if tasks.len() >= MOMENT_TASKS_MIN && 3 * (to - from + 1) >= self.incident.attempts.len() {
                    return true;
                }
            }
            false
        })
    }

    fn same_elapsed(&self, verdict: &mut Verdict) -> bool {
        let pattern = self.incident.patterns.iter().find(|pattern| pattern.kind == PatternKind::Elapsed);
        if let Some((_, seconds)) = pattern.and_then(|pattern| pattern.numbers.iter().find(|(name, _)| *name == "seconds")) {
            verdict.words.insert("median", Span::from_secs_f64(*seconds).to_string());
            let devices = pattern::devices_near(*seconds, self.rules);
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

    /// When its failures were, sorted.
    fn times(&self) -> &[Timestamp] {
        self.known.times.get_or_init(|| {
            let mut times: Vec<Timestamp> = self.members().filter_map(|(_, _, failure)| failure.time).collect();
            times.sort_unstable();
            times
        })
    }

    /// The stretches of time in which failures follow each other closely.
    fn stretches(&self) -> &[(Timestamp, Timestamp)] {
        self.known.stretches.get_or_init(|| {
            let stretches = self.times().chunk_by(|early, late| *late - *early <= STRETCH_GAP);
            stretches.map(|stretch| (stretch[0], stretch[stretch.len() - 1])).collect()
        })
    }

    fn lasts(&self) -> Option<Span> {
        self.stretches().iter().map(|(from, to)| *to - *from).max()
    }

    /// Whether others succeeded on the endpoint while it failed; `None` where healthy logs do not name their endpoints, or a stretch is too short for any to end in it.
    fn healthy_meanwhile(&self) -> Option<bool> {
        *self.known.healthy_meanwhile.get_or_init(|| {
            // Without an endpoint the other instances of the one mapped task stand for it: they make the same call.
            let (kind, name) = match (&self.incident.scope.endpoints[..], &self.incident.scope.tasks[..]) {
                ([endpoint], _) => (ScopeKind::Endpoint, endpoint),
                ([], [task]) => (ScopeKind::Task, task),
                _ => return None,
            };
            let healthy = self.healthy_of(kind, name)?;
            let long: Vec<&(Timestamp, Timestamp)> = self.stretches().iter().filter(|(from, to)| *to - *from >= STRETCH_MIN).collect();
            let ended = |ends: &Ends<'_>| long.iter().any(|(from, to)| ends.within(Window(Some((*from, *to)))) > 0);
            let meanwhile = ended(&healthy);
            // Others may have, where that was not read.
            let unread = self.table.column(kind).unread();
            (!healthy.is_empty() && !long.is_empty() && (meanwhile || !ended(&unread))).then_some(meanwhile)
        })
    }

    /// When the healthy attempts of a value ended.
    fn healthy_of(&self, kind: ScopeKind, name: &str) -> Option<Ends<'_>> {
        let column = self.table.column(kind);
        Some(column.healthy(column.id(name)?))
    }

    /// Whether the endpoint or one of the tasks worked again after the last failure; `None` where that may stand in what was not read.
    fn healthy_since(&self) -> Option<bool> {
        *self.known.healthy_since.get_or_init(|| {
            let Some(last) = self.incident.last_seen else { return Some(false) };
            let ends = |kind: ScopeKind, value: u32| self.table.column(kind).healthy(value).last();
            let endpoints = self.table.column(ScopeKind::Endpoint);
            let of_endpoints =
                self.incident.scope.endpoints.iter().filter_map(|endpoint| ends(ScopeKind::Endpoint, endpoints.id(endpoint)?));
            let since = of_endpoints.chain(self.tasks().into_iter().filter_map(|task| ends(ScopeKind::Task, task))).any(|end| end > last);
            let may_have = !self.incident.scope.endpoints.is_empty() && endpoints.unread().last().is_some_and(|end| end > last);
            (since || !may_have).then_some(since)
        })
    }

    fn healthy_elsewhere(&self, by: HealthyBy) -> bool {
        *self.known.healthy_elsewhere[by as usize].get_or_init(|| self.is_healthy_elsewhere(by))
    }

    /// The healthy attempts that have one of the values, in a stretch of time.
    fn healthy_with(&self, kind: ScopeKind, values: Vec<u32>, window: Window) -> impl Iterator<Item = usize> + '_ {
        let column = self.table.column(kind);
        let at = |row: &u32| self.table.rows.instant(*row);
        values.into_iter().flat_map(move |value| {
            let rows = column.rows(value);
            let range = window.0.map_or(0..rows.len(), |(from, to)| {
                let first = rows.partition_point(|row| at(row) < Some(from));
                first..first.max(rows.partition_point(|row| at(row) <= Some(to)))
            });
            rows[range].iter().filter(|row| self.table.rows.is_healthy(**row)).map(|row| *row as usize)
        })
    }

    fn is_healthy_elsewhere(&self, by: HealthyBy) -> bool {
        let scope = &self.incident.scope;
        let Some(span) = self.incident.first_seen.zip(self.incident.last_seen) else { return false };
        let about = Window(Some(span)).wider(ABOUT);
        let ids =
            |kind: ScopeKind, names: &[String]| names.iter().filter_map(|name| self.table.column(kind).id(name)).collect::<Vec<u32>>();
        let tasks = || self.tasks().into_iter().collect::<Vec<u32>>();
        let sorted = |mut ids: Vec<u32>| {
            ids.sort_unstable();
            ids
        };
        let values = |kind: ScopeKind, row: usize| self.table.column(kind).of_row(row);
        match by {
            HealthyBy::Host => {
                let own = sorted(ids(ScopeKind::Host, &scope.hosts));
                let other_host = |row: usize| values(ScopeKind::Host, row).iter().any(|host| own.binary_search(host).is_err());
                let known = self.healthy_with(ScopeKind::Endpoint, ids(ScopeKind::Endpoint, &scope.endpoints), about).any(other_host);
                // Where endpoints are not in the logs, healthy attempts of the same tasks on other hosts serve.
                known || self.healthy_with(ScopeKind::Task, tasks(), Window(None)).any(other_host)
            }
            HealthyBy::Endpoint => {
                let bad = sorted(ids(ScopeKind::Endpoint, &scope.endpoints));
                self.healthy_with(ScopeKind::Host, ids(ScopeKind::Host, &scope.hosts), about).any(|row| {
                    let used = values(ScopeKind::Endpoint, row);
                    !used.is_empty() && used.iter().all(|endpoint| bad.binary_search(endpoint).is_err())
                })
            }
            HealthyBy::Task => self.healthy_with(ScopeKind::Task, tasks(), Window(None)).next().is_some(),
        }
    }

    fn burst(&self, at_least: usize, within: Span, verdict: &mut Verdict) -> bool {
        let times = self.times();
        let Some((count, from)) = pattern::densest(times, within) else { return false };
        let last = times.iter().rfind(|time| **time <= from + within).copied().unwrap_or(from);
        verdict.words.insert("n", count.to_string());
        verdict.words.insert("span", (last - from).to_string());
        count >= at_least
    }

    /// Whether another attempt or component showed one of the symptoms shortly before (or, clocks and log flushing being what they are,
    /// two seconds after) a failure of the incident.
    fn preceded_by(&self, nearby: &Nearby, verdict: &mut Verdict) -> bool {
        let wanted = self.ids(&nearby.symptoms);
        for (row, attempt, failure) in self.members() {
            let Some(time) = failure.time else { continue };
            let place = match nearby.same {
                NearbyBy::Any => Some(At::Anywhere),
                NearbyBy::Run => attempt.run().map(|(dag, run)| At::Run(dag, run)),
                NearbyBy::Host => attempt.host.as_deref().map(At::Host),
                NearbyBy::Endpoint => failure.endpoint.as_deref().map(At::Endpoint),
            };
            let Some(place) = place else { continue };
            let found = wanted.iter().filter_map(|symptom| {
                let (when, other) = self.table.events.before(*symptom, place, time, nearby.within.0, row)?;
                Some((when, other, *symptom))
            });
            if let Some((when, other, symptom)) = found.max() {
                let neighbour = self.table.attempts.at(other);
                let title = &self.rules.symptoms[symptom].title;
                verdict.words.insert("other", format!("{} ({title}, {} UTC)", neighbour.name(), when.clock()));
                let shown = neighbour.symptoms().iter().find(|shown| shown.symptom == symptom);
                let place = shown.map_or_else(
                    || neighbour.location(1),
                    |shown| shown.elsewhere.as_deref().cloned().unwrap_or_else(|| neighbour.location(shown.line)),
                );
                verdict.locations = vec![place, attempt.location_of_failure(failure)];
                return true;
            }
        }
        false
    }
}
