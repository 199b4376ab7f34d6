//! What the spread of an incident shows and what it does not: each window and number of the patterns from both sides.

use dagnosis::correlate::PatternKind;
use dagnosis::rule::Recurs;

use super::table::{DAY, HOUR, MINUTE, Row, bad, component, number, ok, pattern, patterns};

/// The one pattern of the incident of the first row, by some of its numbers.
fn numbers(rows: &[Row], kind: PatternKind, names: &[&str]) -> Option<Vec<f64>> {
    pattern(rows, 0, kind).map(|pattern| names.iter().map(|name| number(&pattern, name)).collect())
}

/// Failures of one endpoint at some seconds, each of a task and run of its own.
fn at_seconds(seconds: &[f64]) -> Vec<Row> {
    seconds.iter().enumerate().map(|(nth, second)| bad("reset", &format!("d{nth}.t"), *second).to("api:80")).collect()
}

#[test]
fn three_failures_within_300_seconds_are_a_burst() {
    let burst = |seconds: &[f64]| numbers(&at_seconds(seconds), PatternKind::Burst, &["failures", "seconds"]);
    assert_eq!(burst(&[0.0, 10.0, 300.0]), Some(vec![3.0, 300.0]));
    assert_eq!(burst(&[0.0, 10.0, 300.001]), None);
    assert_eq!(burst(&[0.0, 10.0]), None);
    assert_eq!(burst(&[0.0, 10.0, 300.0, 301.0]), Some(vec![3.0, 300.0]), "of two as dense the first");
    assert_eq!(burst(&[0.0, 10.0, 310.0, 310.0, 310.0]), Some(vec![4.0, 300.0]), "the densest");
}

/// Healthy attempts and failures by how many were running on their endpoint when they ended.
fn crowd(usual: usize, healthy: usize, then: usize, failing: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for nth in 0..failing {
        rows.push(bad("reset", &format!("f{nth}.t"), DAY).to("api:80"));
    }
    // What else was running at the failures, and ended long after, alone or nearly so.
    for nth in failing..then {
        rows.push(ok(&format!("l{nth}.t"), 2.0 * DAY + 100.0 * nth as f64).began(DAY - 5.0).to("api:80"));
    }
    let mut left = healthy - (then - failing.min(then));
    let mut time = 0.0;
    while left > 0 {
        let together = usual.min(left);
        rows.extend((0..together).map(|nth| ok(&format!("h{nth}.t"), time).to("api:80")));
        // The others of a group that is not whole run longer and are no healthy attempts.
        rows.extend((together..usual).map(|nth| component("restarted", time + nth as f64)));
        (time, left) = (time + 100.0, left - together);
    }
    rows
}

fn crowded(usual: usize, healthy: usize, then: usize, failing: usize) -> Option<Vec<f64>> {
    numbers(&crowd(usual, healthy, then, failing), PatternKind::Concurrency, &["at_failures", "at_successes"])
}

#[test]
fn half_as_many_again_and_three_at_least_are_a_crowd() {
    assert_eq!(crowded(2, 60, 3, 3), Some(vec![3.0, 2.0]), "just half as many again");
    assert_eq!(crowded(3, 60, 4, 4), None, "a third more");
    assert_eq!(crowded(1, 60, 3, 3), Some(vec![3.0, 1.0]));
    let two_at_a_time: Vec<Row> = [0.0, 20.0]
        .into_iter()
        .flat_map(|late| (0..2).map(move |nth| (late, nth)))
        .map(|(late, nth)| bad("reset", &format!("f{nth}.t"), DAY + late).to("api:80"))
        .chain((0..60).map(|nth| ok("h.t", 100.0 * f64::from(nth)).to("api:80")))
        .collect();
    assert_eq!(numbers(&two_at_a_time, PatternKind::Concurrency, &[]), None, "twice as many, but two");
}

#[test]
fn a_crowd_is_told_if_chance_is_unlikely_and_there_is_enough_to_compare() {
    // Three of three against two of two in each of so many: the probability of chance passes 0.01 between six and eight.
    assert!(crowded(2, 8, 3, 3).is_some());
    assert!(crowded(2, 6, 3, 3).is_none());
    assert!(crowded(1, 3, 40, 40).is_some());
    assert!(crowded(1, 2, 40, 40).is_none(), "two healthy attempts");
    assert!(crowded(1, 200, 3, 3).is_some());
    assert!(crowded(1, 200, 3, 2).is_none(), "two failures");
    let two_endpoints: Vec<Row> = crowd(1, 60, 3, 3).into_iter().chain([bad("reset", "f0.t", DAY).run("r").to("other:80")]).collect();
    assert!(pattern(&two_endpoints, 0, PatternKind::Concurrency).is_some(), "another incident's endpoint does not matter");
}

/// Failing calls that took so long, in seconds.
fn calls(seconds: &[f64]) -> Vec<Row> {
    let call = |(nth, seconds): (usize, &f64)| bad("reset", &format!("d{nth}.t"), 10.0 * nth as f64).to("api:80").took(*seconds);
    seconds.iter().enumerate().map(call).collect()
}

#[test]
fn three_calls_of_one_length_show_a_timer_and_fewer_a_bound() {
    let names = ["seconds", "equal", "calls"];
    let elapsed = |seconds: &[f64]| numbers(&calls(seconds), PatternKind::Elapsed, &names);
    let bound = |seconds: &[f64]| numbers(&calls(seconds), PatternKind::Bound, &["at_most_seconds", "calls"]);
    assert_eq!(elapsed(&[60.0, 61.0, 63.5]), Some(vec![61.0, 3.0, 3.0]), "a twentieth and half a second above the shortest");
    assert_eq!(elapsed(&[60.0, 61.0, 63.501]), None);
    assert_eq!(bound(&[60.0, 61.0, 63.501]), Some(vec![63.501, 3.0]));
    assert_eq!((elapsed(&[60.0, 60.0]), bound(&[60.0, 60.0])), (None, Some(vec![60.0, 2.0])));
    assert_eq!(bound(&[60.0]), Some(vec![60.0, 1.0]));
    assert_eq!(elapsed(&[60.0, 60.0, 60.0, 5.0, 8.0, 11.0]), Some(vec![60.0, 3.0, 6.0]), "half of them");
    assert_eq!(elapsed(&[60.0, 60.0, 60.0, 5.0, 8.0, 11.0, 20.0]), None);
    assert_eq!(elapsed(&[1.0, 1.0, 1.0]), Some(vec![1.0, 3.0, 3.0]));
    assert_eq!((elapsed(&[0.999, 0.999, 0.999]), bound(&[0.999, 0.999, 0.999])), (None, None), "what anything takes");
}

#[test]
fn a_timer_is_named_within_a_fiftieth_and_a_second_at_least() {
    let says = |seconds: f64| pattern(&calls(&[seconds; 3]), 0, PatternKind::Elapsed).unwrap().says;
    for near in [29.0, 31.0] {
        assert!(says(near).ends_with("timers of that length: the short device"), "{}", says(near));
    }
    for near in [196.0, 204.0] {
        assert!(says(near).ends_with("timers of that length: the long device"), "{}", says(near));
    }
    for far in [28.9, 31.1, 195.9, 204.1, 100.0] {
        assert!(says(far).ends_with("timers of that length: none that is known"), "{}", says(far));
    }
}

#[test]
fn what_worked_twice_and_has_failed_twice_since_has_an_onset() {
    let names = ["successes_before", "failed_since"];
    let of = |good: &[f64], failed: &[f64]| {
        let rows: Vec<Row> =
            failed.iter().map(|time| bad("bad-row", "d.t", *time)).chain(good.iter().map(|time| ok("d.t", *time))).collect();
        numbers(&rows, PatternKind::Onset, &names)
    };
    assert_eq!(of(&[1.0, 2.0], &[100.0, 200.0]), Some(vec![2.0, 2.0]));
    assert_eq!(of(&[1.0], &[100.0, 200.0]), None, "one success");
    assert_eq!(of(&[1.0, 2.0], &[100.0]), None, "one failure");
    assert_eq!(of(&[1.0, 99.999], &[100.0, 200.0]), Some(vec![2.0, 2.0]));
    assert_eq!(of(&[1.0, 100.0], &[100.0, 200.0]), None, "one succeeded as it failed");
    assert_eq!(of(&[1.0, 2.0, 201.0], &[100.0, 200.0]), None, "one has succeeded since");
    // Each of several tasks must have worked.
    let two = |other: &[f64]| {
        let failed = ["d.t", "d.u"].map(|task| bad("reset", task, 100.0).to("api:80"));
        let rows: Vec<Row> =
            failed.into_iter().chain([1.0, 2.0].map(|time| ok("d.t", time))).chain(other.iter().map(|time| ok("d.u", *time))).collect();
        numbers(&rows, PatternKind::Onset, &names)
    };
    assert_eq!(two(&[3.0]), Some(vec![3.0, 2.0]));
    assert_eq!(two(&[]), None);
    // An endpoint that healthy logs name speaks for itself.
    let endpoint = |last: f64| {
        let failed = ["d.t", "d.u"].map(|task| bad("reset", task, 100.0).to("api:80"));
        let rows: Vec<Row> = failed.into_iter().chain([1.0, last].map(|time| ok("e.e", time).to("api:80"))).collect();
        numbers(&rows, PatternKind::Onset, &names)
    };
    assert_eq!(endpoint(99.0), Some(vec![2.0, 2.0]));
    assert_eq!(endpoint(100.0), None);
}

#[test]
fn what_came_up_to_120_seconds_before_is_told() {
    let before = |rows: &[Row]| numbers(rows, PatternKind::Precedence, &["seconds_before"]);
    let on_host = |when: f64| before(&[bad("reset", "d.t", HOUR).to("api:80").host("h"), component("restarted", when).host("h")]);
    assert_eq!(on_host(HOUR - 120.0), Some(vec![120.0]));
    assert_eq!(on_host(HOUR - 120.001), None);
    assert_eq!(on_host(HOUR + 2.0), Some(vec![-2.0]), "clocks differ");
    assert_eq!(on_host(HOUR + 2.001), None);
    let elsewhere = before(&[bad("reset", "d.t", HOUR).to("api:80").host("h"), component("restarted", HOUR).host("i")]);
    assert_eq!(elsewhere, None, "another host");
    let unrelated = before(&[bad("closed-way", "d.t", HOUR).host("h"), component("restarted", HOUR).host("h")]);
    assert_eq!(unrelated, None, "it leads to no such failure");
    let on_endpoint = before(&[bad("reset", "d.t", HOUR).to("api:80"), component("restarted", HOUR - 1.0).to("api:80")]);
    assert_eq!(on_endpoint, Some(vec![1.0]));
    let of_two =
        [bad("reset", "d.t", HOUR).host("h"), component("restarted", HOUR - 9.0).host("h"), component("restarted", HOUR - 5.0).host("h")];
    assert_eq!(before(&of_two), Some(vec![5.0]), "the latest");
}

#[test]
fn tries_recover_or_not_and_grow() {
    let names = ["instances", "recovered", "exhausted", "growing"];
    let tries = |outcomes: &str, lengths: &[f64]| {
        let rows: Vec<Row> = outcomes
            .chars()
            .zip(1..)
            .map(|(outcome, number)| {
                let end = 400.0 * f64::from(number);
                let row = if outcome == 'x' { bad("bad-row", "d.t", end) } else { ok("d.t", end) };
                let row = row.run("r").try_number(number);
                match lengths.get(number as usize - 1) {
                    Some(length) => row.ran(*length),
                    None => row,
                }
            })
            .collect();
        numbers(&rows, PatternKind::Retry, &names)
    };
    assert_eq!(tries("x.", &[]), Some(vec![1.0, 1.0, 0.0, 0.0]));
    assert_eq!(tries("xx", &[]), Some(vec![1.0, 0.0, 1.0, 0.0]));
    assert_eq!(tries("xx.", &[]), Some(vec![1.0, 1.0, 0.0, 0.0]));
    assert_eq!(tries("x", &[]), None, "one try tells nothing");
    assert_eq!(tries("xxx", &[10.0, 12.0, 15.0]), Some(vec![1.0, 0.0, 1.0, 1.0]));
    assert_eq!(tries("xxx", &[10.0, 12.0, 14.9]), Some(vec![1.0, 0.0, 1.0, 0.0]), "not half as long again");
    assert_eq!(tries("xx", &[10.0, 20.0]), Some(vec![1.0, 0.0, 1.0, 0.0]), "two tries");
    assert_eq!(tries("xxx", &[10.0, 9.0, 20.0]), Some(vec![1.0, 0.0, 1.0, 0.0]), "one was shorter");
    // Two instances: one recovered, one did not.
    let try_of = |run: &str, number: u32, fails: bool| {
        let end = 10.0 * f64::from(number);
        let row = if fails { bad("reset", "d.t", end).to("api:80") } else { ok("d.t", end) };
        row.run(run).try_number(number)
    };
    let rows = [try_of("a", 1, true), try_of("b", 1, true), try_of("a", 2, false), try_of("b", 2, true)];
    assert_eq!(numbers(&rows, PatternKind::Retry, &names), Some(vec![2.0, 1.0, 1.0, 0.0]));
}

#[test]
fn that_there_is_nothing_to_compare_with_is_told_in_two_ways() {
    let says = |others: &[Row]| {
        let rows: Vec<Row> = at_seconds(&[0.0]).into_iter().chain(others.iter().cloned()).collect();
        pattern(&rows, 0, PatternKind::NoBaseRate).map(|pattern| pattern.says)
    };
    assert_eq!(says(&[]).as_deref(), Some("no healthy attempts were read, so there is nothing to compare with"));
    let unnamed = says(&[ok("d.t", 9.0)]).unwrap();
    assert!(unnamed.starts_with("the healthy logs do not say which endpoints they used"), "{unnamed}");
    assert_eq!(says(&[ok("d.t", 9.0).to("other:80")]), None);
    let no_endpoint = [bad("bad-row", "d.t", 0.0), ok("d.t", 9.0)];
    assert!(pattern(&no_endpoint, 0, PatternKind::NoBaseRate).is_none(), "no endpoint is missed");
}

/// One failure each at some seconds, of one task that also runs well every so often, through some days.
fn clock(times: &[f64], every: f64, days: f64) -> Vec<Row> {
    let well = (0..(days * DAY / every) as usize).map(|nth| ok("d.t", every * nth as f64 + 1.0));
    times.iter().map(|time| bad("bad-row", "d.t", *time)).chain(well).collect()
}

fn recurs(times: &[f64], every: f64, days: f64) -> Option<Recurs> {
    patterns(&clock(times, every, days), 0).into_iter().find_map(|pattern| match pattern.kind {
        PatternKind::Recurrence(recurs) => Some(recurs),
        _ => None,
    })
}

fn days(hours: &[f64]) -> Vec<f64> {
    hours.iter().enumerate().map(|(day, hour)| DAY * day as f64 + HOUR * hour).collect()
}

#[test]
fn failures_at_one_hour_of_three_days_recur() {
    let every = HOUR / 4.0;
    assert_eq!(recurs(&days(&[3.0, 3.01, 3.02]), every, 14.0), Some(Recurs::Hour));
    assert_eq!(recurs(&days(&[3.0, 3.01]), every, 14.0), None, "two days");
    assert_eq!(recurs(&days(&[3.0, 9.0, 15.0]), every, 14.0), None, "at three hours");
    // A task that runs at one hour only cannot fail at another.
    assert_eq!(recurs(&days(&[3.0, 3.01, 3.02]), DAY, 14.0), None);
    // Of five events four must keep to the hour.
    assert_eq!(recurs(&days(&[3.0, 3.01, 3.02, 15.0, 3.01]), every, 14.0), Some(Recurs::Hour));
    assert_eq!(recurs(&days(&[3.0, 3.01, 3.02, 15.0, 9.0]), every, 14.0), None);
    // Many failures of one outage are one event.
    let one_outage: Vec<f64> = (0..3).flat_map(|nth| [3.0, 3.0 + f64::from(nth) * 0.1]).map(|hour| hour * HOUR).collect();
    assert_eq!(recurs(&one_outage, every, 14.0), None);
}

#[test]
fn what_keeps_to_an_hour_stays_within_a_sixth_of_the_clock() {
    // Twelve days, so that even a wide stretch is no chance.
    let over = |length: f64| {
        let hours: Vec<f64> = (0..12).map(|day| 2.0 + length * f64::from(day) / 11.0).collect();
        recurs(&days(&hours), HOUR / 4.0, 20.0)
    };
    assert_eq!(over(4.0), Some(Recurs::Hour));
    assert_eq!(over(4.05), None);
}

#[test]
fn failures_on_one_weekday_recur_and_at_one_minute_if_they_are_five() {
    let mondays: Vec<f64> = (0..4).map(|week| DAY * 7.0 * f64::from(week) + HOUR * [1.0, 9.0, 15.0, 21.0][week as usize]).collect();
    assert_eq!(recurs(&mondays, HOUR / 2.0, 35.0), Some(Recurs::Weekday));
    assert_eq!(recurs(&mondays[..2], HOUR / 2.0, 35.0), None);
    let minutes = |count: usize| -> Vec<f64> { (0..count).map(|nth| HOUR * [0.0, 5.0, 10.0, 16.0, 23.0][nth] + 17.0 * MINUTE).collect() };
    assert_eq!(recurs(&minutes(5), 2.0 * MINUTE, 2.0), Some(Recurs::Minute));
    assert_eq!(recurs(&minutes(4), 2.0 * MINUTE, 2.0), None);
}

#[test]
fn failures_up_to_600_seconds_apart_are_one_event() {
    let events = |pause: f64| {
        let times: Vec<f64> = (0..4).flat_map(|day| [0.0, pause].map(|late| DAY * f64::from(day) + 3.0 * HOUR + late)).collect();
        numbers(&clock(&times, HOUR / 4.0, 14.0), PatternKind::Recurrence(Recurs::Hour), &["events"])
    };
    assert_eq!(events(600.0), Some(vec![4.0]));
    assert_eq!(events(600.001), Some(vec![8.0]));
}

#[test]
fn more_than_200_events_are_thinned_out() {
    let events = |count: usize| {
        let rows = clock(&days(&vec![3.0 + 1.0 / HOUR; count]), HOUR * 6.0, 210.0);
        numbers(&rows, PatternKind::Recurrence(Recurs::Hour), &["events"])
    };
    assert_eq!(events(200), Some(vec![200.0]));
    assert_eq!(events(201), Some(vec![101.0]), "every other one");
}
