//! Whose it is, which check decides, and the first step: on rules and probabilities made for it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::super::EvidenceLine;
use super::*;
use crate::rule::{Weight, load_text};

const RULES: &str = r#"
version: 1
symptoms: []
causes:
  - { id: a-nothing, title: Nothing says why, undetermined: true, layer: server, owner: unknown, what: Nothing., prior: 0.2,
      confirm: [ { say: Capture it, run: "tcpdump host HOST" } ], retry: { helps: unknown, safe: only_if, says: Maybe. } }
  - { id: b-server, title: The server, layer: server, owner: remote_service, what: A server., prior: 0.2,
      confirm: [ { say: Look at the graph }, { say: Try the port, run: "nc -vz HOST PORT" }, { say: Ask its health, run: "curl https://HOST/health" } ],
      fixes: [ { say: Start it., retry_safe: "yes" } ], retry: { helps: transient, safe: "yes", says: It passes. } }
  - { id: c-other, title: The other server, layer: server, owner: remote_service, what: Another., prior: 0.2,
      confirm: [ { say: Try the port, run: "nc -vz HOST PORT" } ], retry: { helps: permanent, safe: only_if, says: It stays. } }
  - { id: d-network, title: The network, layer: network, owner: network, what: A network., prior: 0.2,
      retry: { helps: transient, safe: only_if, says: It may pass. } }
"#;

fn rules() -> RuleSet {
    load_text("rules.yaml", RULES).unwrap()
}

fn ranked(shares: &[(&str, f64)]) -> Vec<RankedCause> {
    let of = |(id, probability): &(&str, f64)| RankedCause {
        cause: rules().cause(id).unwrap(),
        probability: *probability,
        evidence: Vec::new(),
    };
    shares.iter().map(of).collect()
}

#[test]
fn the_owner_may_be_clear_where_the_cause_is_not() {
    let of = |shares: &[(&str, f64)]| {
        let owners = owners(&ranked(shares), &rules());
        (owner(&owners), owners.len())
    };
    assert_eq!(of(&[("b-server", 0.3), ("d-network", 0.25), ("c-other", 0.21)]), (Owner::RemoteService, 2));
    assert_eq!(of(&[("b-server", 0.3), ("c-other", 0.2)]), (Owner::RemoteService, 1));
    assert_eq!(of(&[("b-server", 0.3), ("c-other", 0.199)]), (Owner::Unknown, 1));
    assert_eq!(of(&[("a-nothing", 0.7), ("b-server", 0.2)]), (Owner::Unknown, 1), "what nobody is named for is nobody's");
    assert_eq!(of(&[]), (Owner::Unknown, 0));
}

#[test]
fn the_check_that_decides_is_not_one_of_both_causes() {
    let decided = |shares: &[(&str, f64)]| decide_by(&ranked(shares), &rules(), &Blanks::default());
    let close = decided(&[("b-server", 0.5), ("c-other", 0.3)]).unwrap();
    assert_eq!(close.says, "Ask its health (tells \"The server\" from \"The other server\")");
    assert_eq!(close.run.as_deref(), Some("curl https://HOST/health"));
    assert!(decided(&[("b-server", 0.55), ("c-other", 0.2501)]).is_some());
    assert!(decided(&[("b-server", 0.55), ("c-other", 0.2499)]).is_none(), "the first is well ahead");
    // A command tells more than a look, and the second cause's check decides too.
    assert_eq!(decided(&[("d-network", 0.4), ("b-server", 0.3)]).unwrap().run.as_deref(), Some("nc -vz HOST PORT"));
}

#[test]
fn that_nothing_stands_out_is_no_side_of_a_decision() {
    let decided = |shares: &[(&str, f64)]| decide_by(&ranked(shares), &rules(), &Blanks::default());
    let both = decided(&[("a-nothing", 0.5), ("b-server", 0.2), ("d-network", 0.1)]).unwrap();
    assert!(both.says.contains("\"The server\" from \"The network\""), "{}", both.says);
    assert!(decided(&[("a-nothing", 0.5), ("b-server", 0.2), ("d-network", 0.099)]).is_none());
    assert!(decided(&[("b-server", 0.5), ("a-nothing", 0.4)]).is_none());
}

#[test]
fn the_first_step_is_the_check_before_the_cure_while_the_cause_is_open() {
    let step = |shares: &[(&str, f64)], sure| {
        let causes = ranked(shares);
        let decide_by = decide_by(&causes, &rules(), &Blanks::default());
        let step = first_step(&causes, decide_by.as_ref(), sure, &rules(), &Blanks::default());
        (step.kind.name(), step.says, step.run)
    };
    let (kind, _, run) = step(&[("b-server", 0.5), ("c-other", 0.4)], Confidence::Possible);
    assert_eq!((kind, run.as_deref()), ("decide", Some("curl https://HOST/health")));
    let alone = [("b-server", 0.9)];
    let (kind, says, run) = step(&alone, Confidence::Possible);
    assert_eq!((kind, says.as_str(), run.as_deref()), ("confirm", "Try the port", Some("nc -vz HOST PORT")));
    let (kind, says, run) = step(&alone, Confidence::Likely);
    assert_eq!((kind, says.as_str(), run), ("fix", "Start it (retry safe: yes)", None));
    assert_eq!(step(&[("c-other", 0.9)], Confidence::Likely).0, "confirm", "it has no fix");
    assert_eq!(step(&[("d-network", 0.9)], Confidence::Proven).0, "look", "it has neither");
    assert_eq!(step(&[], Confidence::Unknown).0, "look");
}

#[test]
fn how_sure_is_said_from_three_numbers_on() {
    let evidence = |weight, supports| EvidenceLine { says: String::new(), weight, supports, locations: Vec::new() };
    let sure = |id: &str, probability: f64, evidence: Vec<EvidenceLine>| {
        let of = RankedCause { evidence, ..ranked(&[(id, probability)]).remove(0) };
        confidence(&[of], &rules())
    };
    let proof = || vec![evidence(Weight::Strong, true), evidence(Weight::Decisive, true)];
    assert_eq!(sure("b-server", 0.9, proof()), Confidence::Proven);
    assert_eq!(sure("b-server", 0.899_999, proof()), Confidence::Likely);
    assert_eq!(sure("b-server", 0.999, vec![evidence(Weight::Strong, true)]), Confidence::Likely, "no proof");
    assert_eq!(sure("b-server", 0.999, vec![evidence(Weight::Decisive, false)]), Confidence::Likely, "a proof of the contrary");
    assert_eq!(sure("b-server", 0.6, Vec::new()), Confidence::Likely);
    assert_eq!(sure("b-server", 0.599_999, proof()), Confidence::Possible);
    assert_eq!(sure("b-server", 0.25, Vec::new()), Confidence::Possible);
    assert_eq!(sure("b-server", 0.249_999, proof()), Confidence::Unknown);
    assert_eq!(sure("a-nothing", 0.999, proof()), Confidence::Unknown, "that nothing says why is no answer");
    assert_eq!(confidence(&[], &rules()), Confidence::Unknown);
}
