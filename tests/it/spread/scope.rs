//! Which value, or which two together, are told to explain an incident, and when nothing is told: each number of the scopes from both sides.

use dagnosis::correlate::{Pattern, PatternKind, scope_of};
use dagnosis::record::Phase;
use dagnosis::rule::ScopeKind;

use super::table::{DAY, HOUR, Row, bad, found, number, ok, patterns};

/// The scope of the incident of the first row.
fn scope(rows: &[Row]) -> Option<Pattern> {
    patterns(rows, 0).into_iter().find(|pattern| matches!(pattern.kind, PatternKind::Scope(_) | PatternKind::ScopePair(..)))
}

fn kind(rows: &[Row]) -> Option<PatternKind> {
    scope(rows).map(|pattern| pattern.kind)
}

const HOST: Option<PatternKind> = Some(PatternKind::Scope(ScopeKind::Host));

/// So many failed and healthy attempts of one task on a host, within a minute of an hour; the failures are of one endpoint that healthy logs do not name.
fn on(host: &str, failed: usize, healthy: usize) -> Vec<Row> {
    let second = |nth: usize| HOUR + 60.0 * nth as f64 / 100.0;
    let run = |row: Row, nth: usize| row.host(host).run(&format!("{host}-{nth}"));
    let failures = (0..failed).map(|nth| run(bad("reset", "d.t", second(nth)).to("api:80"), nth));
    failures.chain((0..healthy).map(|nth| run(ok("d.t", second(nth)), 1_000 + nth))).collect()
}

#[test]
fn a_clear_scope_is_told_with_its_numbers() {
    let rows = [on("a", 6, 0), on("b", 0, 20), on("c", 0, 20)].concat();
    let pattern = scope(&rows).unwrap();
    assert_eq!(Some(pattern.kind), HOST);
    let names = ["failed_inside", "healthy_inside", "failed_outside", "healthy_outside"];
    assert_eq!(names.map(|name| number(&pattern, name)), [6.0, 0.0, 0.0, 40.0]);
    // Fisher: one way of C(46, 6); times three hosts.
    let p = 3.0 / 9_366_819.0;
    assert!((number(&pattern, "p") / p - 1.0).abs() < 1e-6, "{}", pattern.says);
    assert!(pattern.says.contains("6 of 6 such failures, each task instance counted once, are on host a"), "{}", pattern.says);
    assert_eq!(found(&rows, |found| scope_of(&found.incidents[0])), Some(ScopeKind::Host));
}

#[test]
fn a_value_must_have_four_of_five_failures() {
    let with = |here: usize, there: usize| kind(&[on("a", here, 5), on("b", there, 80), on("c", 0, 80)].concat());
    assert_eq!(with(8, 2), HOST);
    assert_eq!(with(7, 3), None);
    // Where the host of most failures is not known, it explains only what it has.
    let unknown = |known: usize, unknown: usize| {
        let without = (0..unknown).map(|nth| bad("reset", "d.t", HOUR + nth as f64).run(&format!("u{nth}")).to("api:80"));
        kind(&on("a", known, 0).into_iter().chain(without).chain(on("b", 0, 80)).collect::<Vec<Row>>())
    };
    assert_eq!(unknown(8, 12), HOST, "two of five");
    assert_eq!(unknown(8, 13), None);
}

#[test]
fn a_value_must_fail_three_times_as_often_as_the_rest() {
    let with = |elsewhere: usize| kind(&[on("a", 40, 60), on("b", 10, elsewhere)].concat());
    assert_eq!(with(66), HOST, "0.40 and 0.13");
    assert_eq!(with(64), None, "0.40 and 0.135, which is no chance either");
}

#[test]
fn chance_must_be_as_rare_as_1_in_50_after_all_values_that_were_tried() {
    // Two failures, both on the one host: of n attempts, m of them on the host, that has the chance m (m - 1) / n (n - 1), times two hosts.
    let with = |elsewhere: usize| scope(&[on("a", 2, 0), on("b", 0, elsewhere)].concat()).map(|pattern| number(&pattern, "p"));
    assert_eq!(with(12), None, "2 * 2 / (14 * 13), more than 0.02");
    let p = with(13).unwrap();
    assert!((p - 4.0 / (15.0 * 14.0)).abs() < 1e-9, "{p}");
    assert_eq!(kind(&[on("a", 1, 0), on("b", 0, 500)].concat()), None, "one failure");
}

#[test]
fn hosts_and_endpoints_have_four_times_the_share_of_chance_of_other_kinds() {
    let rows: Vec<Row> = [on("a", 2, 0), on("b", 0, 20)]
        .concat()
        .into_iter()
        .enumerate()
        .map(|(nth, mut row)| {
            row.0.queue = Some(["qa", "qb"][nth % 2].into());
            row
        })
        .collect();
    // Two of two of 22, two hosts, and of the chance of a false claim four fifths beside the queues' one.
    let p = number(&scope(&rows).unwrap(), "p");
    assert!((p - 2.0 / (22.0 * 21.0) * 2.0 / 0.8).abs() < 1e-9, "{p}");
}

/// An incident on both hosts: a test that finds nothing.
fn nothing_special(nth: usize) -> Vec<Row> {
    let row = |host: &str, late: f64| bad("bad-row", &format!("n{nth}.t"), HOUR + late).host(host).run(host);
    vec![row("a", 10.0), row("b", 20.0), row("b", 30.0).run("b2")]
}

#[test]
fn the_more_incidents_are_tested_the_rarer_chance_must_be() {
    let among = |others: usize| {
        let mut rows = [on("a", 2, 0), on("b", 0, 14)].concat();
        (0..others).for_each(|nth| rows.extend(nothing_special(nth)));
        scope(&rows).is_some()
    };
    assert!(among(0), "p is 0.0167, of one test 0.02 may be chance");
    assert!(!among(6), "of seven tests 0.003");
    // What chance does not explain is told among many.
    let mut rows = [on("a", 8, 0), on("b", 0, 60)].concat();
    (0..30).for_each(|nth| rows.extend(nothing_special(nth)));
    assert_eq!(kind(&rows), HOST);
}

#[test]
fn the_time_that_is_compared_grows_until_it_holds_twenty_healthy_attempts() {
    let with = |near: usize| {
        // Within a minute of the failures, and more than a minute but no two away.
        let far = (0..7).map(|nth| ok("d.t", HOUR - 100.0).host("b").run(&format!("far{nth}")));
        let further = (0..5).map(|nth| ok("d.t", HOUR - 3.0 * HOUR).host("b").run(&format!("further{nth}")));
        let rows: Vec<Row> = on("a", 8, 0).into_iter().chain(on("b", 0, near)).chain(far).chain(further).collect();
        number(&scope(&rows).unwrap(), "healthy_outside")
    };
    assert_eq!(with(20), 20.0);
    assert_eq!(with(19), 26.0);
    assert_eq!(with(5), 17.0, "all there are");
}

#[test]
fn a_try_more_of_the_same_instance_is_no_further_failure() {
    let tries = (2..9).map(|number| bad("reset", "d.t", HOUR + f64::from(number)).host("a").run("a-0").try_number(number).to("api:80"));
    let rows: Vec<Row> = on("a", 2, 0).into_iter().chain(tries).chain(on("b", 0, 40)).collect();
    assert_eq!(number(&scope(&rows).unwrap(), "failed_inside"), 2.0);
}

/// Two failures of an endpoint among others, and what the last healthy attempts of its task tell: some name the endpoint, some name none.
fn named(naming: usize, silent: usize, older: usize) -> Option<PatternKind> {
    let failed = (0..6).map(|nth| bad("reset", "d.t", HOUR + f64::from(nth)).to("api:80"));
    let naming = (0..naming).map(|nth| ok("d.t", HOUR + 20.0 + nth as f64).to("api:80"));
    let silent = (0..silent).map(|nth| ok("d.t", HOUR + 100.0 + nth as f64));
    // Of these it does not matter what they name.
    let older = (0..older).map(|nth| ok("d.t", HOUR - 2_000.0 + nth as f64).to("api:80"));
    let others = (0..60).map(|nth| ok("e.e", HOUR + f64::from(nth)).to("other:80").operator("O"));
    kind(&failed.chain(naming).chain(silent).chain(older).chain(others).collect::<Vec<Row>>())
}

#[test]
fn endpoints_are_compared_where_half_of_the_last_twenty_healthy_attempts_name_theirs() {
    let endpoint = Some(PatternKind::Scope(ScopeKind::Endpoint));
    assert_eq!(named(10, 10, 0), endpoint);
    assert_ne!(named(9, 11, 0), endpoint);
    assert_ne!(named(9, 11, 100), endpoint, "the last twenty");
    assert_eq!(named(10, 10, 100), endpoint);
}

/// Attempts of two hosts and two endpoints, of which only those fail that have the first of both.
fn corner(failed: usize, with_one: usize, with_none: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (host, endpoint) in [("a", "api:80"), ("a", "other:80"), ("b", "api:80"), ("b", "other:80")] {
        let fails = (host, endpoint) == ("a", "api:80");
        let count = match (host, endpoint) {
            ("a", "api:80") => failed,
            ("b", "other:80") => with_none,
            _ => with_one,
        };
        for nth in 0..count {
            let (time, run) = (HOUR + nth as f64, format!("{host}-{endpoint}-{nth}"));
            let row = if fails { bad("reset", "d.t", time).phase(Phase::Wait) } else { ok("d.t", time) };
            rows.push(row.host(host).to(endpoint).run(&run));
        }
    }
    rows
}

#[test]
fn two_values_together_are_told_where_neither_alone_explains_it() {
    let pair = Some(PatternKind::ScopePair(ScopeKind::Host, ScopeKind::Endpoint));
    assert_eq!(kind(&corner(20, 20, 20)), pair);
    let pattern = scope(&corner(20, 20, 20)).unwrap();
    let names = ["failed_inside", "healthy_inside", "failed_outside", "healthy_outside"];
    assert_eq!(names.map(|name| number(&pattern, name)), [20.0, 0.0, 0.0, 60.0]);
    // One of the two alone: all that has it fails, wherever it is.
    let alone: Vec<Row> =
        (0..20).map(|nth| bad("reset", "d.t", HOUR + f64::from(nth)).host(["a", "b"][nth as usize % 2]).to("api:80")).collect();
    let well =
        (0..40).map(|nth| ok("d.t", HOUR + f64::from(nth)).run(&format!("w{nth}")).host(["a", "b"][nth as usize % 2]).to("other:80"));
    assert_eq!(kind(&alone.into_iter().chain(well).collect::<Vec<Row>>()), Some(PatternKind::Scope(ScopeKind::Endpoint)));
}

#[test]
fn a_pair_is_told_only_if_the_one_value_without_the_other_differs_by_1_in_100() {
    let is_pair = |rows: &[Row]| matches!(kind(rows), Some(PatternKind::ScopePair(..)));
    // Six failures against n healthy ones that have but one of the two values: 1 of C(6 + n, 6).
    assert!(is_pair(&corner(6, 4, 200)), "1 in 210");
    assert!(!is_pair(&corner(6, 3, 200)), "1 in 84");
}

#[test]
fn a_pair_is_looked_for_among_20000_attempts_at_most() {
    let is_pair = |others: usize| {
        let mut rows = corner(20, 20, 20);
        // All of them on both of the hosts and endpoints, so that the shorter of the two lists has so many.
        let row = |nth: usize, host: &str, endpoint: &str| {
            ok("d.t", HOUR + 20.0 * nth as f64 / others as f64).run(&format!("m{nth}")).host(host).to(endpoint)
        };
        rows.extend((0..others).map(|nth| row(nth, "a", "other:80")));
        rows.extend((0..others).map(|nth| row(nth + others, "b", "api:80")));
        matches!(kind(&rows), Some(PatternKind::ScopePair(..)))
    };
    assert!(is_pair(20_000 - 40));
    assert!(!is_pair(20_000 - 39));
}

#[test]
fn two_scopes_with_the_same_attempts_are_both_named() {
    let rows: Vec<Row> = [on("a", 6, 0), on("b", 0, 40)]
        .concat()
        .into_iter()
        .map(|row| {
            let queue = if row.0.host.as_deref() == Some("a") { "qa" } else { "qb" };
            let mut row = row;
            row.0.queue = Some(queue.into());
            row
        })
        .collect();
    let pattern = scope(&rows).unwrap();
    assert_eq!(Some(pattern.kind), HOST, "what such a failure is usually about");
    assert!(pattern.says.ends_with("; queue qa has the same attempts, so the two cannot be told apart"), "{}", pattern.says);
}

#[test]
fn where_nothing_went_well_no_scope_is_told() {
    assert_eq!(kind(&[on("a", 8, 0), on("b", 1, 0)].concat()), None);
    let long_ago: Vec<Row> =
        on("a", 8, 0).into_iter().chain((0..40).map(|nth| ok("d.t", 9.0 * DAY).host("b").run(&format!("l{nth}")))).collect();
    assert_eq!(kind(&long_ago), HOST, "however far away");
}
