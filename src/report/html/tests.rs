//! The page of the fixture and of big nights, read by a parser of XML.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::super::fixture::{HOSTILE, Night};
use super::super::{Format, ListAttempts, Mask};
use crate::attempt::{Attempt, AttemptRef};
use crate::diagnose::{Diagnosis, When};
use crate::record::Outcome;
use crate::time::{Span, Timestamp};

fn written(night: &Night) -> String {
    night.written(Format::Html, ListAttempts::All, false)
}

fn parsed(page: &str) -> Document<'_> {
    Document::parse_with_options(page, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

fn by_id<'d>(document: &'d Document<'d>, id: &str) -> Node<'d, 'd> {
    document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn an_incident_tells_what_somebody_acts_on_before_all_else() {
    let page = written(&Night::new());
    let document = parsed(&page);
    let said = text(by_id(&document, "incident-3f2a9c"));
    let mut rest = &said[..];
    for piece in [
        "1. Connection reset by peer: api.example.com:443",
        "look now",
        "A load balancer, NAT or firewall dropped a connection that was silent too long",
        "(likely, 78%)",
        "Or: The server had more work than it could do 15%; something else 6%",
        "DAG author: the DAG, its code or its settings",
        "Send TCP keep-alive probes more often than the device's idle time",
        "session.mount(\"https://\", KeepAlive(idle=45, interval=15))",
        "now: 2 tasks stand still.",
        "helps; safe only under a condition. A new connection works;",
        "attempt=1.log:45",
        "[Errno 104] Connection reset by peer",
        "All 2 failures were on worker-b, none in 212 attempts elsewhere.",
        "orders.push, orders.send, orders.a, orders.b, orders.c, orders.d",
        "2 of 2 connections had been silent just longer than nginx keepalive_timeout (75 s)",
        "A later try connected; rules do not change by the minute",
        "Turn the long silent call into submit and poll (retry safe: only with an idempotency key)",
        "See whether the waiting connection sends keep-alive probes",
        "policy = 1",
        "dagnosis explain lb-idle-timeout",
    ] {
        let at = rest.find(piece).unwrap_or_else(|| panic!("{piece:?} is missing, or stands too early, in {said}"));
        rest = &rest[at..];
    }
    let overview = text(by_id(&document, "overview"));
    assert!(overview.find("look now").unwrap() < overview.find("look today").unwrap(), "{overview}");
    let not_read = text(by_id(&document, "not-read"));
    for piece in ["1 damaged", "logs/b.tar.gz", "2 empty", "1 attempt with unknown outcome"] {
        assert!(not_read.contains(piece), "{piece} is not in {not_read}");
    }
}

#[test]
fn what_is_urgent_stands_first_whatever_its_number() {
    let mut night = Night::new();
    night.diagnosed.diagnoses[1].urgency.when = When::Now;
    night.diagnosed.diagnoses[0].urgency.when = When::WhenConvenient;
    let page = written(&night);
    let links: Vec<String> = parsed(&page)
        .descendants()
        .filter(|node| node.has_tag_name("a"))
        .filter_map(|node| node.attribute("href").map(str::to_owned))
        .filter(|target| target.starts_with("#incident-"))
        .collect();
    assert_eq!(links, ["#incident-77aa01", "#incident-3f2a9c"]);
}

#[test]
fn what_failed_is_drawn_beside_what_went_well() {
    let mut night = Night::new();
    let host = |attempt: AttemptRef<'_>| {
        let attempt = attempt.to_attempt();
        let host = if attempt.outcome == Outcome::Success { "worker-a" } else { "worker-b" };
        Attempt { host: Some(host.into()), ..attempt }
    };
    night.attempts = night.attempts.iter().map(host).collect();
    let page = written(&night);
    let document = parsed(&page);
    let incident = by_id(&document, "incident-3f2a9c");
    let said = text(incident);
    assert!(said.contains("2 failures of this incident, above the line; 1 attempt that went well of the same tasks"), "{said}");
    let table = incident.descendants().find(|node| node.attribute("class") == Some("heat")).unwrap();
    let rows: Vec<String> = table.descendants().filter(|node| node.has_tag_name("tr")).skip(1).map(text).collect();
    // What failed in another incident on the same host is one of the three there.
    assert_eq!(rows, ["worker-b2/3", "worker-a0/1"]);
    assert!(text(table).contains("Failures of incident 1 by host and time (UTC)"));
    // An incident whose spread says nothing has none.
    assert!(!by_id(&document, "incident-77aa01").descendants().any(|node| node.has_tag_name("table")));
}

#[test]
fn hostile_text_stays_text() {
    let mut night = Night::new();
    let smuggled = format!("x\" onmouseover=\"y' </style></title><img src=x onerror=alert(1)> &amp; {HOSTILE}");
    let diagnosis = &mut night.diagnosed.diagnoses[0];
    diagnosis.title.clone_from(&smuggled);
    diagnosis.id.clone_from(&smuggled);
    diagnosis.first_step.says.clone_from(&smuggled);
    diagnosis.first_step.run = Some(smuggled.clone());
    diagnosis.examples[0].excerpt.clone_from(&smuggled);
    diagnosis.examples[0].location.path = "javascript:alert(1)//x\"\u{1b}.log".into();
    diagnosis.examples[1].location.path = "//evil.example/x".into();
    diagnosis.incident.scope.hosts = vec![smuggled.clone()];
    diagnosis.causes[0].evidence[0].says.clone_from(&smuggled);
    night.problems[0].says.clone_from(&smuggled);
    let page = written(&night);
    let document = parsed(&page);
    for node in document.descendants().filter(Node::is_element) {
        assert!(!["img", "script"].contains(&node.tag_name().name()), "{:?}", node.tag_name());
        assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")), "{node:?}");
        if let Some(target) = node.attribute("href") {
            let is_here = target.starts_with('#') || target.starts_with("file:///") || target == "data:,";
            let is_relative = !target.starts_with("//") && !target.split(['/', '#']).next().unwrap_or_default().contains(':');
            assert!(is_here || is_relative, "{target}");
        }
    }
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("style")).count(), 1);
    let said = text(document.root());
    assert!(said.contains("x\" onmouseover=\"y' </style></title><img src=x onerror=alert(1)> &amp; \\x1b[2J<script>"), "{said}");
    assert!(!page.contains("hunter2"));
}

#[test]
fn a_masked_path_is_no_link() {
    let mut night = Night::new();
    let path = "logs/password=hunter2/attempt=1.log";
    night.diagnosed.diagnoses[0].examples[0].location.path = path.into();
    assert!(Mask::default().apply(path) != path);
    let page = written(&night);
    assert!(!page.contains("hunter2") && page.contains("<span class=\"place\">logs/password=***"));
}

#[test]
fn a_healthy_night_and_an_empty_one_say_so() {
    let healthy = Night::healthy();
    let page = written(&healthy);
    assert!(text(parsed(&page).root()).contains("No failure found in 1 attempt: 1 succeeded."));
    let empty = Night { attempts: Default::default(), diagnosed: Default::default(), stats: Default::default(), ..healthy };
    let page = written(&empty);
    assert!(text(parsed(&page).root()).contains("Nothing was read"));
}

/// A big night: so many incidents of four attempts each, and so many attempts that went well.
fn big(incidents: usize, healthy: usize) -> Night {
    let mut night = Night::new();
    let first = night.diagnosed.diagnoses[0].clone();
    let models: Vec<Attempt> = night.attempts.iter().take(2).map(AttemptRef::to_attempt).collect();
    let at = |number: usize, model: &Attempt| {
        let started = model.started.unwrap_or(Timestamp(0)) + Span::seconds(number as i64 % 600_000);
        let mut attempt = Attempt { started: Some(started), ended: Some(started + Span::seconds(9)), ..model.clone() };
        attempt.task.task_id = Some(format!("task_{}", number % 5_000).into());
        attempt.path = format!("logs/dag_id=orders/run_id=run_{number}/task_id=task/attempt=1.log").into();
        attempt
    };
    night.attempts =
        (0..incidents * 4).map(|number| at(number, &models[0])).chain((0..healthy).map(|number| at(number, &models[1]))).collect();
    night.diagnosed.incident_of = (0..incidents * 4).map(|row| (row, row / 4)).collect();
    night.diagnosed.diagnoses = (0..incidents)
        .map(|number| {
            let mut diagnosis = Diagnosis { id: format!("{number:012x}"), title: format!("{} {number}", first.title), ..first.clone() };
            diagnosis.incident.attempts = (number * 4..number * 4 + 4).collect();
            for example in &mut diagnosis.examples {
                example.location = night.attempts.at(number * 4).location(7);
            }
            diagnosis
        })
        .collect();
    night
}

#[test]
fn five_thousand_incidents_fit_a_page_and_none_is_lost() {
    let night = big(5_000, 60_000);
    assert_eq!(night.attempts.iter().filter(|attempt| attempt.outcome() == Outcome::Success).count(), 60_000);
    let page = written(&night);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let document = parsed(&page);
    let ids: BTreeSet<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    for number in 0..5_000 {
        assert!(ids.contains(&format!("incident-{number:012x}")[..]), "{number}");
    }
    let said = text(document.root());
    let told = document.descendants().filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("incident "))).count();
    assert!((100..=200).contains(&told), "{told}");
    assert!(said.contains(&format!("The {told} above are the gravest of 5,000.")), "{told}");
    // Charts count: their size does not grow with what they count.
    let longest = document.descendants().filter_map(|node| node.attribute("d")).map(str::len).max();
    assert!(longest.is_some_and(|longest| (200..2_500).contains(&longest)), "{longest:?}");
}

#[test]
fn incidents_of_one_id_have_names_of_their_own() {
    let mut night = Night::new();
    let first = night.diagnosed.diagnoses[0].clone();
    night.diagnosed.diagnoses = vec![first.clone(), first];
    let page = written(&night);
    let document = parsed(&page);
    assert!(by_id(&document, "incident-3f2a9c") != by_id(&document, "incident-3f2a9c.2"));
}
