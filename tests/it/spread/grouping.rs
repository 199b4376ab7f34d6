//! Which failures are one incident and which are two: each window and number of the grouping from both sides.

use dagnosis::record::Phase;

use super::table::{DAY, HOUR, MINUTE, Row, bad, found, groups, ok};

/// So many failures of an endpoint within a second, each of a task and run of its own.
fn outage(endpoint: &str, from: f64, count: usize) -> Vec<Row> {
    (0..count).map(|nth| bad("reset", &format!("d{nth}.t{from}"), from + 0.1 * nth as f64).to(endpoint)).collect()
}

fn sizes(rows: &[Row]) -> Vec<usize> {
    groups(rows).iter().map(Vec::len).collect()
}

/// Healthy attempts that make the table long: ten days, one an hour, of tasks, hosts and endpoints that no test is about.
fn calm(hosts: usize) -> Vec<Row> {
    (0..240).map(|hour| ok("calm.calm", HOUR * f64::from(hour) + 1_800.0).host(&format!("calm{}", hour as usize % hosts))).collect()
}

#[test]
fn failures_of_an_endpoint_are_one_outage_up_to_330_seconds_apart() {
    let two = |pause: f64| [outage("api:80", 0.0, 4), outage("api:80", 0.3 + pause, 4)].concat();
    assert_eq!(sizes(&two(330.0)), [8]);
    assert_eq!(sizes(&two(330.001)), [4, 4]);
    let other = [outage("api:80", 0.0, 4), outage("other:80", 1.0, 4)].concat();
    assert_eq!(sizes(&other), [4, 4], "two endpoints at once");
}

#[test]
fn small_groups_of_one_look_come_back_and_larger_ones_are_outages() {
    let two = |first: usize, second: usize| sizes(&[outage("api:80", 0.0, first), outage("api:80", DAY, second)].concat());
    assert_eq!(two(3, 3), [6]);
    assert_eq!(two(4, 3), [4, 3]);
    assert_eq!(two(4, 4), [4, 4]);
    let other_look = [outage("api:80", 0.0, 3), vec![bad("refused", "d.t", DAY).to("api:80")]].concat();
    assert_eq!(sizes(&other_look), [3, 1]);
}

#[test]
fn alike_in_one_run_within_a_second_is_one_though_only_one_names_its_endpoint() {
    let two = |pause: f64| [bad("reset", "d.a", 0.0).run("r").to("api:80"), bad("reset", "d.b", pause).run("r")];
    assert_eq!(sizes(&two(1.0)), [2]);
    assert_eq!(sizes(&two(1.000_001)), [1, 1]);
    let both_named = [bad("reset", "d.a", 0.0).run("r").to("api:80"), bad("reset", "d.b", 0.0).run("r").to("other:80")];
    assert_eq!(sizes(&both_named), [1, 1]);
}

#[test]
fn a_status_that_waiting_helps_against_passes_and_others_stand() {
    // What passes is an outage of its own each time; what stands is the same until somebody mends it.
    let twice = |status: u16| {
        let row = |nth: usize, from: f64| bad("answered", &format!("d{nth}.t{from}"), from).to("api:80").status(status);
        sizes(&[0.0, DAY].map(|from| (0..4).map(|nth| row(nth, from)).collect::<Vec<Row>>()).concat())
    };
    for passing in [408, 429, 500, 503] {
        assert_eq!(twice(passing), [4, 4], "{passing}");
    }
    for standing in [404, 407, 409, 428, 430, 499] {
        assert_eq!(twice(standing), [8], "{standing}");
    }
}

#[test]
fn a_failure_that_no_rule_knows_is_known_by_160_characters() {
    let message = |same: usize, end: char| format!("{}{end}", "x".repeat(same));
    let two = |same: usize| ['a', 'b'].map(|end| bad("", "d.t", if end == 'a' { 0.0 } else { DAY }).raised("Odd", &message(same, end)));
    assert_eq!(sizes(&two(160)), [2]);
    assert_eq!(sizes(&two(159)), [1, 1]);
}

/// Failures to connect from one host, a second apart, each to an endpoint of its own.
fn cut_off(host: &str, from: f64, count: usize) -> Vec<Row> {
    let row = |nth: usize| bad("closed-way", &format!("{host}.t{nth}"), from + nth as f64).to(&format!("{host}-e{nth}:80"));
    (0..count).map(|nth| row(nth).host(host).phase(Phase::Connect)).collect()
}

#[test]
fn a_host_that_reaches_two_endpoints_no_more_has_lost_its_network() {
    let on = |rows: Vec<Row>| sizes(&[rows, calm(10)].concat());
    assert_eq!(on(cut_off("h", HOUR, 2)), [2]);
    let two_hosts = [cut_off("h", HOUR, 1), cut_off("i", HOUR, 1)].concat();
    assert_eq!(on(two_hosts), [1, 1]);
    // Without endpoints the tasks are counted: one task that fails in two ways is one.
    let tasks = |other: &str| {
        let unnamed = |symptom: &str, task: &str, time: f64| bad(symptom, task, time).host("h").phase(Phase::Connect);
        on(vec![unnamed("closed-way", "d.a", HOUR), unnamed("other-way", other, HOUR + 5.0)])
    };
    assert_eq!(tasks("d.b"), [2]);
    assert_eq!(tasks("d.a"), [1, 1]);
}

#[test]
fn a_host_is_cut_off_only_while_it_reaches_nothing() {
    let with = |change: fn(Row) -> Row| sizes(&[cut_off("h", HOUR, 2).into_iter().map(change).collect(), calm(10)].concat());
    assert_eq!(with(|row| row), [2]);
    assert_eq!(with(|row| row.phase(Phase::Tls)), [1, 1], "it had a connection");
    assert_eq!(with(|row| row.phase(Phase::Send)), [1, 1]);
    assert_eq!(with(|row| row.status(503)), [1, 1], "it was answered");
    // Healthy attempts on the host meanwhile: as many as failed are not too many.
    let beside = |healthy: usize| {
        let well = (0..healthy).map(|nth| ok(&format!("w{nth}.t"), HOUR + 0.5).host("h"));
        sizes(&cut_off("h", HOUR, 2).into_iter().chain(well).chain(calm(10)).collect::<Vec<Row>>())
    };
    assert_eq!(beside(2), [2]);
    assert_eq!(beside(3), [1, 1]);
}

#[test]
fn where_others_reach_nothing_either_the_trouble_is_not_the_hosts() {
    let beside = |others: usize| {
        let mut rows = cut_off("h", HOUR, 8);
        (0..others).for_each(|nth| rows.extend(cut_off(&format!("i{nth}"), HOUR + 1.0, 1)));
        sizes(&[rows, calm(10)].concat())
    };
    assert_eq!(beside(2), [8, 1, 1], "eight of ten");
    assert_eq!(beside(3), [1; 11], "eight of eleven");
}

#[test]
fn what_a_host_does_not_reach_belongs_together_up_to_330_seconds_apart() {
    let two = |pause: f64| {
        let late = bad("closed-way", "late.t", HOUR + 1.0 + pause).to("late:80").host("h").phase(Phase::Connect);
        sizes(&[cut_off("h", HOUR, 2), vec![late], calm(10)].concat())
    };
    assert_eq!(two(330.0), [3]);
    assert_eq!(two(330.001), [2, 1]);
    // An endpoint that another host does not reach either within that time is in trouble itself.
    let elsewhere = |pause: f64| {
        let other = bad("other-way", "o.t", HOUR + pause).to("h-e0:80").host("o").phase(Phase::Connect);
        groups(&[cut_off("h", HOUR, 2), vec![other], calm(10)].concat())
    };
    for near in [330.0, -330.0] {
        assert_eq!(elsewhere(near), [vec![0, 2], vec![1]], "{near}");
    }
    for far in [330.001, -330.001] {
        assert_eq!(elsewhere(far), [vec![0, 1], vec![2]], "{far}");
    }
}

#[test]
fn two_failures_of_a_host_in_short_logs_may_be_chance() {
    // A busy hour on two hosts, in which others fail to connect all the time, is not ten calm days.
    let among = |others: usize| {
        let mut rows = cut_off("h", HOUR, 2);
        (0..others).for_each(|nth| rows.extend(cut_off(&format!("i{nth}"), 4_000.0 + 2_000.0 * nth as f64, 1)));
        sizes(&[rows, calm(2)].concat())[0]
    };
    assert_eq!(among(1), 2);
    assert_eq!(among(400), 1);
}

#[test]
fn the_installation_has_one_trouble_where_three_tasks_meet_it_within_two_minutes_each() {
    let lost = |times: &[f64]| -> Vec<Row> {
        times.iter().enumerate().map(|(nth, time)| bad("lost-heartbeat", &format!("d.t{nth}"), HOUR + time)).collect()
    };
    let on = |times: &[f64]| sizes(&[lost(times), calm(3)].concat());
    assert_eq!(on(&[0.0, 60.0, 180.0]), [3]);
    assert_eq!(on(&[0.0, 60.0, 180.001]), [1, 1, 1]);
    assert_eq!(on(&[0.0, 60.0]), [1, 1], "two tasks");
    assert_eq!(sizes(&lost(&[0.0, 60.0, 180.0])), [3], "nothing to compare with");
    // Where the same is met twenty times a day, three together are nothing special.
    let others = (0..200).map(|nth| bad("lost-heartbeat", &format!("o.t{nth}"), 2.0 * HOUR + 4_320.0 * f64::from(nth)));
    let among: Vec<Row> = lost(&[0.0, 60.0, 180.0]).into_iter().chain(others).chain(calm(3)).collect();
    assert_eq!(sizes(&among), vec![1; 203]);
}

#[test]
fn a_deploy_breaks_three_tasks_of_two_dags_at_one_instant() {
    let broken = |tasks: &[&str]| -> Vec<Row> {
        let of = |(nth, task): (usize, &&str)| [ok(task, HOUR + nth as f64), bad("no-module", task, 2.0 * HOUR + MINUTE * nth as f64)];
        tasks.iter().enumerate().flat_map(of).collect()
    };
    assert_eq!(sizes(&broken(&["a.x", "a.y", "b.z"])), [3]);
    assert_eq!(sizes(&broken(&["a.x", "a.y", "a.z"])), [1, 1, 1], "one DAG");
    assert_eq!(sizes(&broken(&["a.x", "b.y"])), [1, 1], "two tasks");
    // The third still worked after the first had failed, or has worked since, or never before.
    let third = |last_good: f64| [broken(&["a.x", "a.y"]), vec![ok("b.z", last_good), bad("no-module", "b.z", 3.0 * HOUR)]].concat();
    assert_eq!(sizes(&third(2.0 * HOUR - 1.0)), [3]);
    assert_eq!(sizes(&third(2.0 * HOUR)), [1, 1, 1]);
    assert_eq!(sizes(&third(4.0 * HOUR)), [1, 1, 1]);
    assert_eq!(sizes(&[broken(&["a.x", "a.y"]), vec![bad("no-module", "b.z", 3.0 * HOUR)]].concat()), [1, 1, 1]);
}

#[test]
fn an_outage_of_three_nights_at_one_hour_is_one() {
    let nights = |starts: &[f64]| -> Vec<usize> {
        sizes(&starts.iter().enumerate().flat_map(|(day, start)| outage("api:80", DAY * day as f64 + start, 4)).collect::<Vec<Row>>())
    };
    assert_eq!(nights(&[2.0 * HOUR, 3.0 * HOUR, 2.5 * HOUR]), [12]);
    assert_eq!(nights(&[2.0 * HOUR, 3.0 * HOUR + 1.0, 2.5 * HOUR]), [4, 4, 4]);
    assert_eq!(nights(&[2.0 * HOUR, 2.0 * HOUR]), [4, 4]);
    assert_eq!(nights(&[2.0 * HOUR, 2.0 * HOUR, 2.0 * HOUR, 9.0 * HOUR, 15.0 * HOUR]), [12, 4, 4], "three of five");
    assert_eq!(nights(&[2.0 * HOUR, 2.0 * HOUR, 2.0 * HOUR, 9.0 * HOUR, 15.0 * HOUR, 20.0 * HOUR]), [4; 6], "three of six");
}

/// A kill and a reset that may be its consequence: by whether the reset stands under the kill's root.
fn follows(kill: &Row, others: &[Row]) -> bool {
    let rows: Vec<Row> = std::iter::once(kill.clone()).chain(others.iter().cloned()).collect();
    found(&rows, |found| {
        let own = found.incidents.iter().find(|incident| incident.attempts.contains(&0)).unwrap();
        assert_eq!(own.root.is_some(), !own.consequences.is_empty());
        own.root == Some(0) && own.consequences.contains(&1)
    })
}

#[test]
fn a_kill_explains_what_its_peers_see_from_ten_seconds_before_to_thirty_after() {
    let kill = bad("killed", "d.k", HOUR).run("r").host("h").killed();
    let in_run = |pause: f64| follows(&kill, &[bad("reset", "d.p", HOUR + pause).run("r").to("api:80")]);
    let of_host = |pause: f64| follows(&kill, &[bad("reset", "e.p", HOUR + pause).run("s").to("h:9000")]);
    for near in [&in_run, &of_host] as [&dyn Fn(f64) -> bool; 2] {
        assert!(near(30.0) && near(-10.0) && near(0.0));
        assert!(!near(30.001) && !near(-10.001));
    }
    let reset = || bad("reset", "e.p", HOUR + 1.0);
    assert!(!follows(&kill, &[reset().run("r").to("api:80")]), "a run of the same name of another DAG");
    assert!(!follows(&kill, &[reset().to("i:9000")]), "another host");
    assert!(!follows(&kill, &[bad("closed-way", "d.p", HOUR + 1.0).run("r").to("api:80")]), "a kill leads to no such thing");
    let not_killed = bad("killed", "d.k", HOUR).run("r").host("h");
    assert!(!follows(&not_killed, &[bad("reset", "d.p", HOUR + 1.0).run("r").to("api:80")]), "its log ended otherwise");
}

#[test]
fn a_kill_does_not_explain_an_endpoint_that_fails_for_two_others_within_a_minute() {
    let kill = bad("killed", "d.k", HOUR).run("r").host("h").killed();
    let among = |others: &[f64]| {
        let peer = bad("reset", "d.p", HOUR + 5.0).run("r").to("api:80");
        let others = others.iter().enumerate().map(|(nth, pause)| bad("reset", &format!("o{nth}.t"), HOUR + 5.0 + pause).to("api:80"));
        follows(&kill, &std::iter::once(peer).chain(others).collect::<Vec<Row>>())
    };
    assert!(among(&[]) && among(&[1.0]), "one other may be chance");
    assert!(!among(&[60.0, -60.0]));
    assert!(among(&[60.0, -60.001]) && among(&[60.001, -60.0]));
}
