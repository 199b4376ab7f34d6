//! The predicates of evidence about time and spread: each window and number from both sides, asked in the words of the rules.

use serde_json::json;

use dagnosis::record::Phase;

use super::table::{DAY, HOUR, MINUTE, Row, bad, component, is, ok};

/// Failures of one endpoint, each a symptom at a second, of tasks of their own.
fn of_endpoint(failures: &[(&str, f64)]) -> Vec<Row> {
    failures.iter().enumerate().map(|(nth, (symptom, second))| bad(symptom, &format!("d{nth}.t"), *second).to("api:80")).collect()
}

fn resets(seconds: &[f64]) -> Vec<Row> {
    of_endpoint(&seconds.iter().map(|second| ("reset", *second)).collect::<Vec<_>>())
}

#[test]
fn several_faces_of_an_endpoint_belong_together_within_300_seconds() {
    let mixed = |failures: &[(&str, f64)]| is(&of_endpoint(failures), 0, json!({ "mixed_families": true }));
    assert!(mixed(&[("reset", 0.0), ("refused", 300.0)]));
    assert!(!mixed(&[("reset", 0.0), ("refused", 300.001)]));
    assert!(!mixed(&[("reset", 0.0), ("reset", 10.0)]), "one face");
    assert!(!mixed(&[("closed-way", 0.0), ("other-way", 10.0)]), "no server was there");
    assert!(mixed(&[("closed-way", 0.0), ("reset", 10.0)]));
}

#[test]
fn three_tasks_within_half_a_second_are_struck_in_one_moment() {
    let struck = |rows: &[Row]| is(rows, 0, json!({ "simultaneous": true }));
    assert!(struck(&resets(&[0.0, 0.2, 0.5])));
    assert!(!struck(&resets(&[0.0, 0.2, 0.500_001])));
    assert!(!struck(&resets(&[0.0, 0.2])));
    let same_task: Vec<Row> = (0..3).map(|nth| bad("reset", ["d.t", "d.u"][nth % 2], 0.1 * nth as f64).to("api:80")).collect();
    assert!(!struck(&same_task), "two tasks");
    // A third of the incident at least.
    let with = |others: usize| resets(&[vec![0.0, 0.2, 0.5], (1..=others).map(|nth| 10.0 * nth as f64).collect()].concat());
    assert!(struck(&with(6)));
    assert!(!struck(&with(7)));
}

#[test]
fn failures_up_to_ten_minutes_apart_are_of_one_stretch() {
    // What stands is one incident at any distance.
    let lasts = |seconds: &[f64], bounds: serde_json::Value| {
        let rows: Vec<Row> = seconds.iter().map(|second| bad("bad-row", "d.t", *second)).collect();
        is(&rows, 0, json!({ "lasts": bounds }))
    };
    assert!(lasts(&[0.0, 600.0], json!({ "at_least": "600s" })));
    assert!(!lasts(&[0.0, 600.0], json!({ "at_least": "600.001s" })));
    assert!(lasts(&[0.0, 600.001], json!({ "at_most": "0s" })), "two stretches of one failure each");
    assert!(lasts(&[0.0, 5_000.0, 5_100.0], json!({ "at_least": "100s", "at_most": "100s" })), "the longest");
}

#[test]
fn that_others_succeeded_meanwhile_is_known_of_stretches_of_five_seconds() {
    let meanwhile = |length: f64, healthy: &[f64]| {
        let rows: Vec<Row> =
            resets(&[HOUR, HOUR + length]).into_iter().chain(healthy.iter().map(|time| ok("h.t", *time).to("api:80"))).collect();
        [true, false].map(|wanted| is(&rows, 0, json!({ "healthy_meanwhile": wanted })))
    };
    assert_eq!(meanwhile(5.0, &[HOUR + 1.0]), [true, false]);
    assert_eq!(meanwhile(4.999, &[HOUR + 1.0]), [false, false], "too short to know");
    assert_eq!(meanwhile(5.0, &[HOUR + 5.0]), [true, false], "as the last failed");
    assert_eq!(meanwhile(5.0, &[HOUR + 5.001]), [false, true]);
    assert_eq!(meanwhile(5.0, &[HOUR - 0.001]), [false, true]);
    assert_eq!(meanwhile(5.0, &[]), [false, false], "nobody names the endpoint");
}

#[test]
fn what_succeeded_after_the_last_failure_has_worked_since() {
    let since = |healthy: Row| is(&[bad("reset", "d.t", HOUR).to("api:80"), healthy], 0, json!({ "healthy_since": true }));
    assert!(since(ok("h.t", HOUR + 0.001).to("api:80")));
    assert!(!since(ok("h.t", HOUR).to("api:80")));
    assert!(since(ok("d.t", HOUR + 0.001)), "the same task");
    assert!(!since(ok("h.t", HOUR + 0.001).to("other:80")));
}

#[test]
fn what_was_healthy_elsewhere_counts_within_an_hour() {
    let failed = || bad("reset", "d.t", DAY).host("a").to("api:80");
    let elsewhere = |by: &str, healthy: Row| is(&[failed(), healthy], 0, json!({ "healthy_elsewhere": by }));
    for edge in [-HOUR, HOUR] {
        let beyond = edge + edge.signum() * 0.001;
        let host = |late: f64| elsewhere("host", ok("h.t", DAY + late).host("b").to("api:80"));
        assert!(host(edge) && !host(beyond), "{edge}");
        let endpoint = |late: f64| elsewhere("endpoint", ok("h.t", DAY + late).host("a").to("other:80"));
        assert!(endpoint(edge) && !endpoint(beyond), "{edge}");
    }
    assert!(!elsewhere("host", ok("h.t", DAY).host("a").to("api:80")), "the same host");
    assert!(elsewhere("host", ok("d.t", 9.0 * DAY).host("b")), "the same task, at any time");
    assert!(!elsewhere("endpoint", ok("h.t", DAY).host("a").to("api:80")), "the same endpoint");
    assert!(!elsewhere("endpoint", ok("h.t", DAY).host("a")), "nobody knows which");
    assert!(elsewhere("task", ok("d.t", 9.0 * DAY)) && !elsewhere("task", ok("h.t", DAY)));
}

#[test]
fn three_silences_just_above_an_idle_time_out_fit_it() {
    // The one idle time-out of these rules is 100 s.
    let fits = |silences: &[f64]| {
        let row = |(nth, silence): (usize, &f64)| bad("reset", &format!("d{nth}.t"), nth as f64).to("api:80").silent(*silence);
        is(&silences.iter().enumerate().map(row).collect::<Vec<Row>>(), 0, json!({ "idle_near_timer": true }))
    };
    assert!(fits(&[98.0, 100.0, 120.0]));
    assert!(!fits(&[97.999, 100.0, 120.0]));
    assert!(!fits(&[98.0, 100.0, 120.001]));
    assert!(!fits(&[100.0, 110.0]), "two");
    assert!(fits(&[100.0, 110.0, 115.0, 5.0, 300.0, 1.0]), "half of them");
    assert!(!fits(&[100.0, 110.0, 115.0, 5.0, 300.0, 1.0, 2.0]));
}

#[test]
fn a_call_of_the_length_of_its_time_limit_was_ended_by_it() {
    let near = |took: f64, limit: f64| {
        is(&[bad("reset", "d.t", HOUR).to("api:80").took(took).limit(limit)], 0, json!({ "elapsed_near_timeout": true }))
    };
    assert!(near(27.0, 30.0) && !near(26.999, 30.0));
    assert!(near(47.0, 30.0) && !near(47.001, 30.0), "half as long again and two seconds");
}

#[test]
fn half_of_those_of_which_it_is_known_are_enough() {
    let with = |answers: &[u16], unknown: usize| {
        let known =
            answers.iter().enumerate().map(|(nth, status)| bad("answered", &format!("k{nth}.t"), nth as f64).to("api:80").status(*status));
        let unknown = (0..unknown).map(|nth| bad("answered", &format!("u{nth}.t"), nth as f64).to("api:80"));
        is(&known.chain(unknown).collect::<Vec<Row>>(), 0, json!({ "status": [404] }))
    };
    assert!(with(&[404, 410], 0));
    assert!(!with(&[404, 410, 410], 0));
    // The category is the client's, so these stand: the unknown ones are of the same incident.
    assert!(with(&[404, 410], 5), "what is not known does not count");
    assert!(!with(&[], 3));
}

#[test]
fn a_burst_has_both_of_its_edges() {
    let burst =
        |seconds: &[f64], least: usize, within: &str| is(&resets(seconds), 0, json!({ "burst": { "at_least": least, "within": within } }));
    assert!(burst(&[0.0, 60.0], 2, "60s"));
    assert!(!burst(&[0.0, 60.001], 2, "60s"));
    assert!(!burst(&[0.0, 60.0], 3, "60s"));
}

#[test]
fn what_preceded_is_looked_for_where_the_rule_says_and_no_longer_before() {
    let failed = || bad("reset", "d.t", HOUR).host("a").to("api:80").run("r");
    let preceded = |other: Row, same: &str| {
        is(&[failed(), other], 0, json!({ "preceded_by": { "symptoms": ["restarted"], "within": "2m", "same": same } }))
    };
    let before = |late: f64| component("restarted", HOUR + late);
    assert!(preceded(before(-120.0), "any") && !preceded(before(-120.001), "any"));
    assert!(preceded(before(2.0), "any") && !preceded(before(2.001), "any"));
    assert!(preceded(before(0.0).host("a"), "host") && !preceded(before(0.0).host("b"), "host"));
    assert!(preceded(before(0.0).to("api:80"), "endpoint") && !preceded(before(0.0).to("other:80"), "endpoint"));
    let of_run = |run: &str| bad("killed", "d.u", HOUR - 1.0).run(run);
    let by_run =
        |other: Row| is(&[failed(), other], 0, json!({ "preceded_by": { "symptoms": ["killed"], "within": "2m", "same": "run" } }));
    assert!(by_run(of_run("r")) && !by_run(of_run("s")));
}

#[test]
fn counts_have_edges_and_nothing_known_is_not_few() {
    let rows = resets(&[0.0, 1.0, 2.0]);
    let counted = |what: &str, bounds: serde_json::Value| is(&rows, 0, json!({ what: bounds }));
    assert!(counted("tasks", json!({ "at_least": 3, "at_most": 3 })));
    assert!(!counted("tasks", json!({ "at_least": 4 })) && !counted("tasks", json!({ "at_most": 2 })));
    assert!(counted("attempts", json!({ "at_least": 3 })) && !counted("attempts", json!({ "at_most": 2 })));
    assert!(counted("endpoints", json!({ "at_most": 1 })));
    assert!(!counted("hosts", json!({ "at_most": 1 })), "no host is known");
    assert!(is(&rows[..1], 0, json!({ "single": true })) && !is(&rows, 0, json!({ "single": true })));
}

#[test]
fn always_failed_takes_two_attempts_and_no_success() {
    let always = |rows: &[Row]| is(rows, 0, json!({ "always_failed": true }));
    let failed = |time: f64| bad("bad-row", "d.t", time);
    assert!(always(&[failed(0.0), failed(MINUTE)]));
    assert!(!always(&[failed(0.0)]), "one attempt tells nothing");
    assert!(!always(&[failed(0.0), failed(MINUTE), ok("d.t", DAY)]));
    assert!(always(&[failed(0.0), failed(MINUTE), ok("d.u", DAY)]), "another task");
}

#[test]
fn recovered_and_every_try_failed_are_not_both() {
    let tries = |outcomes: &str| {
        let row = |(number, outcome): (u32, char)| {
            let end = 100.0 * f64::from(number);
            let row = if outcome == 'x' { bad("reset", "d.t", end).to("api:80") } else { ok("d.t", end) };
            row.run("r").try_number(number)
        };
        let rows: Vec<Row> = (1..).zip(outcomes.chars()).map(row).collect();
        ["recovered", "every_try_failed"].map(|name| is(&rows, 0, json!({ name: true })))
    };
    assert_eq!(tries("x."), [true, false]);
    assert_eq!(tries("xx"), [false, true]);
    assert_eq!(tries("x"), [false, false]);
    assert_eq!(tries("xx."), [true, false]);
}

#[test]
fn connecting_includes_resolving_and_the_other_phases_are_themselves() {
    let named = |phase: Phase| -> Vec<&str> {
        let row = bad("reset", "d.t", HOUR).to("api:80").phase(phase);
        let names = ["resolve", "connect", "tls", "write", "send", "read", "wait", "body"];
        names.into_iter().filter(|name| is(std::slice::from_ref(&row), 0, json!({ "phase": [name] }))).collect()
    };
    assert_eq!(named(Phase::Resolve), ["resolve", "connect"]);
    assert_eq!(named(Phase::Connect), ["connect"]);
    assert_eq!(named(Phase::Tls), ["tls"]);
    assert_eq!(named(Phase::Send), ["write", "send"]);
    assert_eq!(named(Phase::Wait), ["read", "wait"]);
    assert_eq!(named(Phase::Read), ["body"]);
}

#[test]
fn lengths_of_time_have_both_edges() {
    let row = [bad("reset", "d.t", HOUR).to("api:80").took(5.0).silent(7.0).ran(9.0)];
    for (name, seconds) in [("elapsed", 5.0), ("idle_before", 7.0), ("running_for", 9.0)] {
        let holds = |bound: &str, seconds: f64| is(&row, 0, json!({ name: { bound: format!("{seconds}s") } }));
        assert!(holds("at_least", seconds) && !holds("at_least", seconds + 0.001), "{name}");
        assert!(holds("at_most", seconds) && !holds("at_most", seconds - 0.001), "{name}");
    }
}
