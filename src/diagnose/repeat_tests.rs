//! Whether a call may be repeated: every row of the table of phases, for a POST, a GET, and a method that nothing names.

use super::*;

/// `yes`, `only_if` or `no` for a POST, a GET, a PUT and an unknown method.
fn verdicts(sent: Sent<'_>) -> Option<[&'static str; 4]> {
    let reach = reach(&sent)?;
    Some([Some("POST"), Some("GET"), Some("PUT"), None].map(|method| may_repeat(reach, method).name()))
}

const SAFE: Option<[&str; 4]> = Some(["yes"; 4]);
const WITH_A_KEY: Option<[&str; 4]> = Some(["only_if", "yes", "only_if", "only_if"]);
const PROCESSED: Option<[&str; 4]> = Some(["no", "yes", "only_if", "only_if"]);

fn at(phase: Phase) -> Sent<'static> {
    Sent { phase: Some(phase), ..Sent::default() }
}

#[test]
fn every_row_of_the_table_of_phases() {
    let status = |status| Sent { status: Some(status), ..at(Phase::Wait) };
    let reused = |microseconds| Sent { connection: Some(Connection::Reused), at_most: Some(Span(microseconds)), ..at(Phase::Wait) };
    let table = [
        ("the name was not resolved", at(Phase::Resolve), SAFE),
        ("the connection did not stand", at(Phase::Connect), SAFE),
        ("the TLS handshake failed", at(Phase::Tls), SAFE),
        ("a tunnel through a proxy was refused", Sent { status: Some(503), ..at(Phase::Connect) }, SAFE),
        ("no connection of the pool was free", Sent { in_pool: true, ..at(Phase::Wait) }, SAFE),
        ("the limit of requests was reached", status(429), SAFE),
        ("503 with a time to come back", Sent { turned_away: true, ..status(503) }, SAFE),
        ("503 and nothing else", status(503), WITH_A_KEY),
        ("HTTP/2 says that it was not processed", Sent { turned_away: true, ..at(Phase::Wait) }, SAFE),
        ("an old connection, just under 0.1 s", reused(99_999), WITH_A_KEY),
        ("an old connection, after 0.1 s", reused(100_000), WITH_A_KEY),
        ("sent, then closed", at(Phase::Wait), WITH_A_KEY),
        ("closed while sending", at(Phase::Send), WITH_A_KEY),
        ("a proxy gave up (502)", status(502), WITH_A_KEY),
        ("a proxy gave up (504)", status(504), WITH_A_KEY),
        ("the server broke (500)", status(500), WITH_A_KEY),
        ("the answer had begun", at(Phase::Read), PROCESSED),
        ("repeated by the client, last refused", Sent { repeated: true, ..at(Phase::Connect) }, WITH_A_KEY),
        ("rejected: the cause says what that means", status(403), None),
        ("nothing is known", Sent::default(), None),
    ];
    for (row, sent, expected) in table {
        assert_eq!(verdicts(sent), expected, "{row}");
    }
}

#[test]
fn a_close_at_once_is_told_from_a_later_one() {
    let on = |connection, microseconds| reach(&Sent { connection: Some(connection), at_most: Some(Span(microseconds)), ..at(Phase::Wait) });
    assert_eq!(on(Connection::Reused, 99_999), Some(Reach::ClosedAtOnce));
    assert_eq!(on(Connection::Reused, 100_000), Some(Reach::Unanswered));
    // A new connection has not been closed before: the server took it, and may have taken the request.
    assert_eq!(on(Connection::OneShot, 1000), Some(Reach::Unanswered));
    assert_eq!(on(Connection::Session, 1000), Some(Reach::Unanswered));
    assert_eq!(reach(&Sent { connection: Some(Connection::Reused), ..at(Phase::Wait) }), Some(Reach::Unanswered), "nobody knows how soon");
}

#[test]
fn no_sentence_calls_a_post_safe_that_may_have_been_processed() {
    for reach in [Reach::ClosedAtOnce, Reach::Unanswered, Reach::Answered] {
        for method in [Some("POST"), Some("PATCH"), None] {
            assert_ne!(may_repeat(reach, method), RetrySafe::Yes, "{reach:?} {method:?}");
            let says = says(reach, method, false);
            assert!(says.contains("only") || says.contains("before repeating") || says.contains("do not repeat"), "{says}");
        }
    }
}
