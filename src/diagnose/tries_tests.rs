//! Whether another try helps: every row of the decision, and both sides of each of its bounds.

use super::*;

fn decided(tries: Tries, known: RetryHelps, later: usize) -> (&'static str, &'static str, String) {
    let (helps, basis, says) = helps(&tries, known, later);
    (helps.name(), basis.name(), says)
}

fn exhausted(least: usize, seconds: i64) -> Tries {
    Tries { instances: 1, exhausted: 1, least, apart: Some(Span::seconds(seconds)), ..Tries::default() }
}

#[test]
fn a_later_success_shows_that_it_passes_whatever_is_known() {
    let tries = Tries { instances: 4, recovered: 3, ..Tries::default() };
    for known in [RetryHelps::Transient, RetryHelps::Unknown] {
        assert_eq!(decided(tries, known, 0), ("transient", "tries", "3 of 4 task instances succeeded on a later try.".to_owned()));
    }
    let (helps, _, says) = decided(tries, RetryHelps::Permanent, 0);
    assert_eq!(helps, "transient");
    assert!(says.starts_with("3 of 4 ") && says.contains("known to stay"), "{says}");
}

#[test]
fn some_recovered_and_some_did_not() {
    let tries = |recovered, failed| Tries { instances: 4, recovered, exhausted: failed, least: 2, ..Tries::default() };
    assert_eq!(decided(tries(2, 2), RetryHelps::Permanent, 0).0, "transient");
    let (helps, basis, says) = decided(tries(1, 3), RetryHelps::Unknown, 0);
    assert_eq!((helps, basis), ("unknown", "tries"));
    assert_eq!(says, "Of 4 task instances 1 succeeded on a later try, 3 failed on every try.");
    assert_eq!(decided(tries(1, 3), RetryHelps::Permanent, 0).0, "unknown", "one came through all the same");
    assert_eq!(decided(tries(1, 3), RetryHelps::Transient, 0).0, "transient", "as such a fault does");
    assert_eq!(decided(tries(1, 3), RetryHelps::Permanent, 1).0, "transient", "a later run came through");
}

#[test]
fn failing_on_every_try_stays_where_enough_was_waited_for() {
    use RetryHelps::{Permanent, Transient, Unknown};
    // What is known, tries, seconds from the first to the last failure, the verdict and what it rests on.
    let table = [
        (Permanent, 2, 1, "permanent", "tries"),
        (Unknown, 2, 299, "unknown", "cause"),
        (Unknown, 2, 300, "permanent", "tries"),
        (Unknown, 3, 1, "permanent", "tries"),
        (Transient, 2, 299, "transient", "cause"),
        (Transient, 2, 300, "unknown", "tries"),
        (Transient, 3, 299, "transient", "cause"),
        (Transient, 3, 300, "permanent", "tries"),
    ];
    for (known, least, seconds, verdict, rests_on) in table {
        let (helps, basis, says) = decided(exhausted(least, seconds), known, 0);
        assert_eq!((helps, basis), (verdict, rests_on), "{known:?} {least} {seconds}: {says}");
        assert_eq!(says.contains("will fail too"), verdict == "permanent", "{says}");
        assert_eq!(says.contains("wait longer"), rests_on == "cause", "{says}");
        assert!(says.contains(if least == 2 { "on both tries" } else { "on all 3 tries" }), "{says}");
    }
}

#[test]
fn a_later_run_that_succeeded_speaks_against_a_fault_that_stays() {
    assert_eq!(decided(exhausted(3, 900), RetryHelps::Permanent, 1).0, "unknown");
    assert_eq!(decided(exhausted(3, 900), RetryHelps::Transient, 1).0, "transient");
}

#[test]
fn one_try_tells_nothing_and_that_is_said() {
    let one = Tries { instances: 1, ..Tries::default() };
    for known in [RetryHelps::Transient, RetryHelps::Permanent] {
        assert_eq!(decided(one, known, 0), (known.name(), "cause", "Judged by the cause alone: only one try was seen.".to_owned()));
    }
    assert_eq!(decided(one, RetryHelps::Unknown, 0), ("unknown", "cause", "Nobody can tell: only one try was seen.".to_owned()));
    let two = Tries { instances: 2, ..Tries::default() };
    assert_eq!(decided(two, RetryHelps::Permanent, 0).2, "Judged by the cause alone: of each task instance only one try was seen.");
    let none = decided(Tries::default(), RetryHelps::Permanent, 0);
    assert_eq!(none, ("permanent", "cause", String::new()), "a component's log has no tries");
}

#[test]
fn tries_that_differ_or_are_few_leave_what_is_known() {
    let some = Tries { instances: 3, exhausted: 1, least: 2, apart: Some(Span::seconds(900)), ..Tries::default() };
    assert_eq!(
        decided(some, RetryHelps::Transient, 0),
        ("transient", "cause", "1 of 3 task instances failed on every one of several tries.".to_owned())
    );
    let changed = Tries { instances: 1, changed: 1, ..Tries::default() };
    assert_eq!(
        decided(changed, RetryHelps::Permanent, 0),
        ("permanent", "cause", "The task instance failed on several tries, not always in the same way.".to_owned())
    );
}
