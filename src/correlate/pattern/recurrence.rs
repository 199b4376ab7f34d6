//! Failures that keep to one time of the clock: the minute of the hour, the hour of the day, the day of the week; against when their tasks run at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::rule::{Recurs, ScopeKind};
use crate::time::{Span, Timestamp};

use super::super::PatternKind;
use super::super::statistics::{Arc, tightest_arc};
use super::{Claim, View, chance};

/// Failures nearer to each other are one event, however many attempts it struck.
const EPISODE_GAP: Span = Span::seconds(600);

/// In how many turns of the clock (days, for an hour of the day) it must have happened.
const TURNS_MIN: usize = 3;

/// What share of the events must keep to the time.
const HELD_MIN: f64 = 0.8;

/// The longest part of the clock that is still one time of it: three hours of a day, ten minutes of an hour, a day of a week.
const ARC_MAX: f64 = 1.0 / 6.0;

/// How many attempts must have had the chance to fail for their spread to be known.
const RUNS_MIN: usize = 10;

/// More events than this are thinned out evenly: what keeps to a clock does so in any part of them.
const EVENTS_MAX: usize = 200;

/// A clock that goes round.
struct Clock {
    recurs: Recurs,
    /// One turn in seconds.
    turn: f64,
    /// What is added to the time: 1970 began on a Thursday.
    offset: f64,
    /// How many events show that something keeps to it. Schedules put everything at the same few minutes of the hour, so of minutes it takes more.
    events_min: usize,
}

const CLOCKS: [Clock; 3] = [
    Clock { recurs: Recurs::Minute, turn: 3_600.0, offset: 0.0, events_min: 5 },
    Clock { recurs: Recurs::Hour, turn: 86_400.0, offset: 0.0, events_min: 3 },
    Clock { recurs: Recurs::Weekday, turn: 604_800.0, offset: 3.0 * 86_400.0, events_min: 3 },
];

impl Clock {
    fn phase(&self, time: Timestamp) -> f64 {
        (time.0 as f64 / 1e6 + self.offset).rem_euclid(self.turn)
    }

    /// Those of some times, sorted.
    fn phases(&self, times: impl Iterator<Item = Timestamp>) -> Vec<f64> {
        let mut phases: Vec<f64> = times.map(|time| self.phase(time)).collect();
        phases.sort_unstable_by(f64::total_cmp);
        phases
    }

    fn turn_of(&self, time: Timestamp) -> i64 {
        ((time.0 as f64 / 1e6 + self.offset) / self.turn).floor() as i64
    }
}

/// When each task ran, on each clock, sorted: of tasks that have an incident for themselves, and often many, each reckoned once.
#[derive(Debug, Default)]
pub(super) struct Phases(BTreeMap<(u32, Recurs), Vec<f64>>);

impl View<'_, '_> {
    /// The clock that chance explains least.
    pub(super) fn recurrence(&self, known: &mut Phases) -> Option<Claim> {
        let episodes = self.episodes();
        let enough = |clock: &&Clock| episodes.len() >= clock.events_min && turns(clock, &episodes) >= TURNS_MIN;
        let tried: Vec<&Clock> = CLOCKS.iter().filter(enough).collect();
        if tried.is_empty() {
            return None;
        }
        let tasks = self.values(ScopeKind::Task);
        // A row has one task at most, so none comes twice.
        let runs = || tasks.iter().flat_map(|task| self.runs(*task));
        runs().nth(RUNS_MIN - 1)?;
        let claims = tried.iter().filter_map(|clock| match tasks[..] {
            [task] => {
                let phases = known.0.entry((task, clock.recurs)).or_insert_with(|| clock.phases(runs()));
                self.keeps_to(clock, &episodes, phases, tried.len())
            }
            _ => self.keeps_to(clock, &episodes, &clock.phases(runs()), tried.len()),
        });
        claims.min_by(|a, b| (!a.told, a.p).partial_cmp(&(!b.told, b.p)).unwrap_or(std::cmp::Ordering::Equal))
    }

    /// The first failure of each event.
    fn episodes(&self) -> Vec<Timestamp> {
        let firsts = self.times.chunk_by(|early, late| *late - *early <= EPISODE_GAP).map(|episode| episode[0]);
        let firsts: Vec<Timestamp> = firsts.collect();
        let step = firsts.len().div_ceil(EVENTS_MAX).max(1);
        firsts.into_iter().step_by(step).collect()
    }

    /// When a task of the incident ran at all.
    fn runs(&self, task: u32) -> impl Iterator<Item = Timestamp> {
        self.table.column(ScopeKind::Task).rows(task).iter().filter_map(|row| self.table.rows.instant(*row))
    }

    /// `phases` is when the tasks of the incident ran on the clock, sorted.
    fn keeps_to(&self, clock: &Clock, episodes: &[Timestamp], phases: &[f64], tests: usize) -> Option<Claim> {
        let below = |phase: f64| phases.partition_point(|other| *other <= phase);
        let share = |arc: &Arc| {
            let end = arc.from + arc.length;
            let before = phases.partition_point(|other| *other < arc.from);
            let on_it = if end <= clock.turn { below(end) - before } else { phases.len() - before + below(end - clock.turn) };
            on_it as f64 / phases.len() as f64
        };
        let events: Vec<f64> = episodes.iter().map(|time| clock.phase(*time)).collect();
        let least = (HELD_MIN * events.len() as f64).ceil() as usize;
        let arc = tightest_arc(&events, clock.turn, least, share)?;
        let p = (arc.p * tests as f64).min(1.0);
        let held: Vec<Timestamp> = episodes.iter().filter(|time| arc.holds(clock.phase(**time), clock.turn)).copied().collect();
        let (turns, elsewhere) = (turns(clock, &held), ((1.0 - share(&arc)) * phases.len() as f64).round());
        let told = turns >= TURNS_MIN && arc.length <= ARC_MAX * clock.turn;
        let at = arc.middle(clock.turn);
        let says = format!(
            "{} of {} events on {turns} {} came {} UTC (chance {}); {elsewhere} attempts of the same tasks ran at other times",
            held.len(),
            events.len(),
            noun(clock.recurs),
            told_as(clock.recurs, &arc, at),
            chance(p)
        );
        let numbers = vec![
            ("events", events.len() as f64),
            ("held", held.len() as f64),
            ("turns", turns as f64),
            ("at_seconds", at),
            ("within_seconds", arc.length),
            ("elsewhere", elsewhere),
            ("p", p),
        ];
        Some(Claim { p, pattern: self.pattern(PatternKind::Recurrence(clock.recurs), says, numbers), told })
    }
}

fn turns(clock: &Clock, times: &[Timestamp]) -> usize {
    times.iter().map(|time| clock.turn_of(*time)).collect::<BTreeSet<i64>>().len()
}

fn noun(recurs: Recurs) -> &'static str {
    match recurs {
        Recurs::Minute => "different hours",
        Recurs::Hour => "days",
        Recurs::Weekday => "weeks",
    }
}

/// The time of the clock in words, from the beginning to the end of the arc.
fn told_as(recurs: Recurs, arc: &Arc, at: f64) -> String {
    let (from, to) = (arc.from, arc.from + arc.length);
    let minutes = |seconds: f64| (seconds / 60.0).floor() as i64;
    match recurs {
        Recurs::Minute => {
            let (from, to) = (minutes(from).rem_euclid(60), minutes(to).rem_euclid(60));
            if from == to { format!("at minute {from} of the hour") } else { format!("between minute {from} and {to} of the hour") }
        }
        Recurs::Hour => {
            let clock = |seconds: f64| format!("{:02}:{:02}", (minutes(seconds) / 60).rem_euclid(24), minutes(seconds).rem_euclid(60));
            if clock(from) == clock(to) { format!("at {}", clock(from)) } else { format!("between {} and {}", clock(from), clock(to)) }
        }
        Recurs::Weekday => {
            let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
            format!("on {}", days[((at / 86_400.0) as usize).min(6)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday() {
        // 1970-01-01 was a Thursday, 1970-01-05 a Monday.
        let weekday = &CLOCKS[2];
        assert!((weekday.phase(Timestamp(0)) - 3.0 * 86_400.0).abs() < 1e-6);
        assert!(weekday.phase(Timestamp(4 * 86_400 * 1_000_000)).abs() < 1e-6);
        assert_eq!(weekday.turn_of(Timestamp(0)), 0);
        assert_eq!(weekday.turn_of(Timestamp(4 * 86_400 * 1_000_000)), 1);
        assert_eq!(weekday.turn_of(Timestamp(4 * 86_400 * 1_000_000 - 1)), 0);
    }
}
