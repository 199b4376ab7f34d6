//! The order of the rows of an attempt table means nothing: shuffled, it gives the same incidents, causes, probabilities, roots and numbers.

use std::collections::BTreeSet;

use dagnosis::attempt::{Attempt, Attempts};
use dagnosis::diagnose::{Diagnosis, diagnose};
use dagnosis::rule::RuleSet;

use super::table::{HOUR, RULES, Row, bad, component, ok, table};
use crate::worlds::simulator::rng::Rng;

/// What is said of a table, by names instead of rows.
fn said(attempts: &[Attempt], rules: &RuleSet) -> BTreeSet<String> {
    let names = |rows: &[usize]| rows.iter().map(|row| attempts[*row].path.to_string()).collect::<BTreeSet<String>>();
    let of = |diagnosis: &Diagnosis| {
        let incident = &diagnosis.incident;
        let causes: Vec<(usize, f64)> = diagnosis.causes.iter().map(|cause| (cause.cause, (cause.probability * 1e9).round())).collect();
        let patterns: Vec<_> = incident.patterns.iter().map(|pattern| (pattern.kind, &pattern.numbers)).collect();
        format!(
            "{} {} {:?} {causes:?} root {:?} leads to {:?} of {:?} {:?} {:?} {:?} {patterns:?}",
            diagnosis.id,
            diagnosis.title,
            incident.symptom,
            incident.root.map(|row| &attempts[row].path),
            names(&incident.consequences),
            names(&incident.attempts),
            incident.first_seen,
            incident.last_seen,
            incident.scope,
        )
    };
    diagnose(&Attempts::from(attempts), rules).diagnoses.iter().map(of).collect()
}

/// Panics unless every order that is tried says the same; returns what they say.
fn the_same_in_any_order(rows: Vec<Row>) -> BTreeSet<String> {
    let rows = table(rows);
    let wanted = said(&rows, &RULES);
    let reversed: Vec<Attempt> = rows.iter().rev().cloned().collect();
    assert_eq!(said(&reversed, &RULES), wanted, "reversed");
    for seed in 0..20 {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        Rng::of(seed, &[1]).shuffle(&mut order);
        let shuffled: Vec<Attempt> = order.iter().map(|row| rows[*row].clone()).collect();
        assert_eq!(said(&shuffled, &RULES), wanted, "{order:?}");
    }
    wanted
}

/// Two kills of one run and what both may have provoked.
fn two_kills(apart: f64) -> Vec<Row> {
    let kill = |task: &str, time: f64| bad("killed", task, time).run("r").host("h").killed();
    let peer = |task: &str, time: f64| bad("reset", task, time).run("r").to("api:80").host("i");
    let kills = [kill("d.k1", HOUR), kill("d.k2", HOUR + apart)];
    let peers = [peer("d.p1", HOUR + 1.0), peer("d.p2", HOUR + apart + 2.0), peer("d.p3", HOUR + apart / 2.0)];
    let calm = (0..20).map(|nth| ok("d.calm", HOUR + 60.0 * f64::from(nth)).host(["h", "i"][nth as usize % 2]).to("api:80"));
    kills.into_iter().chain(peers).chain(calm).collect()
}

#[test]
fn of_two_kills_at_different_times_the_root_is_the_same_in_any_order() {
    for apart in [4.0, 20.0, 90.0] {
        let said = the_same_in_any_order(two_kills(apart));
        assert!(said.iter().any(|one| one.contains("root Some(") && one.contains("p1.log")), "{said:#?}");
    }
}

#[test]
fn of_two_kills_at_the_same_time_the_root_is_the_same_in_any_order() {
    let said = the_same_in_any_order(two_kills(0.0));
    assert!(said.iter().any(|one| one.contains("root Some(")), "{said:#?}");
}

#[test]
fn what_happens_at_one_instant_is_told_the_same_in_any_order() {
    // An outage of one endpoint that struck many tasks in one instant, with tries, an announcement by its server, and others' failures.
    let mut rows = Vec::new();
    for nth in 0..6 {
        let task = format!("d{nth}.t");
        rows.push(bad(["reset", "refused"][nth % 2], &task, HOUR).to("api:80").host(["a", "b"][nth % 2]).run("r").took(60.0));
        rows.push(bad("reset", &task, HOUR + 300.0).to("api:80").host("a").run("r").try_number(2).took(60.0));
        rows.push(ok(&task, HOUR + 600.0).to("api:80").host("b").run("r").try_number(3));
        rows.push(bad("bad-row", &format!("e{nth}.t"), HOUR).host("a"));
        rows.push(bad("", &format!("e{nth}.u"), HOUR).raised("Odd", "message"));
        rows.push(bad("no-module", &format!("m{nth}.t"), HOUR));
        rows.push(ok(&format!("m{nth}.t"), HOUR - 100.0));
        rows.push(bad("lost-heartbeat", &format!("s{nth}.t"), HOUR));
    }
    rows.extend(["x", "y"].map(|host| component("restarted", HOUR - 5.0).host(host).to("api:80")));
    the_same_in_any_order(rows);
}
