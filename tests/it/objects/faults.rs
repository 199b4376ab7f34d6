//! What a store does not give is told, and the rest is diagnosed.

use std::path::Path;

use serde_json::Value;

use super::stub::{Fault, Request, Store};
use crate::logs::log_of;
use crate::program::{Run, run_in};

/// What is longer than two pieces, so that it takes some requests.
const LONG: usize = 5 << 20;

const LINE: &str = "[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";

/// A store with two logs: the one that `faults` spoils, and another.
fn store(faults: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Store {
    Store::serve(&["bad", "good"].map(|task| (format!("logs/{}", log_of(task)), LINE)), faults)
}

fn is_of(request: &Request, task: &str) -> bool {
    request.method == "GET" && request.key.as_deref().is_some_and(|key| key.ends_with(&log_of(task)))
}

fn run(names: &[&str], store: &Store, more: &[(&str, &str)]) -> Run {
    let arguments = [names, &["-f", "json", "--attempts", "all", "--fail-on", "never"]].concat();
    let mut environment: Vec<(&str, String)> = store.environment();
    environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let run = run_in(&arguments, Path::new("."), b"", &environment);
    assert!(!run.out.contains("HUSH") && !run.err.contains("HUSH"), "{}{}", run.out, run.err);
    run
}

/// The report, with how many logs were read whole and the problems of the others.
fn told(run: &Run) -> (u64, Vec<(String, String)>) {
    let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{} {}", run.code, run.err));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["problems"].as_array().unwrap().iter().filter(|problem| problem["kind"] == "unreadable");
    (report["totals"]["logs"].as_u64().unwrap(), problems.map(|problem| (text(&problem["path"]), text(&problem["says"]))).collect())
}

#[test]
fn an_object_that_is_not_given_is_told_and_the_others_are_read() {
    for (fault, says) in [
        (Fault::Status(404, "NoSuchKey"), "it vanished while the scan ran"),
        (Fault::Status(403, "AccessDenied"), "permission denied (403 AccessDenied)"),
        (Fault::Status(401, "InvalidToken"), "not accepted (401 InvalidToken)"),
        (Fault::Status(301, "PermanentRedirect"), "set AWS_REGION"),
        (Fault::Status(400, "HUSH"), "answered with an error (400)"),
        (Fault::Status(503, "SlowDown"), "asked to slow down (503 SlowDown)"),
        (Fault::CutAfter(0), "broke off"),
        (Fault::Silence, "did not answer in time"),
    ] {
        let store = store(move |request| is_of(request, "bad").then_some(fault));
        let run = run(&["s3://logs/logs"], &store, &[("AWS_MAX_ATTEMPTS", "1"), ("AWS_TIMEOUT", "1s")]);
        let (logs, problems) = told(&run);
        assert_eq!((run.code, logs), (3, 1), "{fault:?}: {}", run.out);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (path, told) = &problems[0];
        assert_eq!(*path, format!("s3://logs/logs/{}", log_of("bad")));
        assert!(told.contains(says), "{fault:?}: {told}");
    }
}

#[test]
fn what_fails_once_is_asked_for_again() {
    for fault in [Fault::Status(503, "SlowDown"), Fault::Status(500, "InternalError"), Fault::CutAfter(40)] {
        for scheme in ["s3", "gs", "az"] {
            let store = store(move |request| (is_of(request, "bad") && request.before == 0).then_some(fault));
            let run = run(&[&format!("{scheme}://logs/logs")], &store, &[]);
            assert_eq!((run.code, told(&run)), (0, (2, vec![])), "{fault:?} {scheme}: {}", run.out);
        }
    }
}

/// What came before is used.
#[test]
fn a_long_object_that_breaks_off_is_read_as_far_as_it_came() {
    const SECOND: usize = 2 << 20;
    for (fault, says) in [
        (Fault::CutAfter(1000), "broke off"),
        (Fault::Replaced, "it was replaced while it was read"),
        (Fault::Status(404, "NoSuchKey"), "it vanished"),
    ] {
        let long = [(format!("logs/{}", log_of("long")), LINE.repeat(LONG / LINE.len()))];
        let store = Store::serve(&long, move |request| (is_of(request, "long") && request.from >= SECOND).then_some(fault));
        let run = run(&["s3://logs/logs"], &store, &[("AWS_MAX_ATTEMPTS", "1")]);
        let (logs, problems) = told(&run);
        assert_eq!((run.code, logs, problems.len()), (3, 1, 1), "{fault:?}: {}", run.out);
        let came = if matches!(fault, Fault::CutAfter(_)) { SECOND + 1000 } else { SECOND };
        let says_all = &problems[0].1;
        assert!(says_all.starts_with(&format!("could not be read beyond {came} bytes")) && says_all.contains(says), "{says_all}");
    }
}

#[test]
fn a_listing_that_fails_is_told() {
    let is_list = |request: &Request| request.key.is_none();
    let denied = store(move |request| is_list(request).then_some(Fault::Status(403, "AccessDenied")));
    let (logs, problems) = told(&run(&["s3://logs/logs"], &denied, &[]));
    assert!(logs == 0 && problems.len() == 1 && problems[0].1.contains("permission denied (403 AccessDenied)"), "{problems:?}");
    // Who may not list may read what it knows by name.
    let one = format!("s3://logs/logs/{}", log_of("good"));
    assert_eq!(told(&run(&[&one], &denied, &[])), (1, vec![]));

    let many: Vec<(String, &str)> = (0..120).map(|at| (format!("logs/{at:03}.log"), "words\n")).collect();
    let breaks_off =
        Store::serve(&many, |request| (request.key.is_none() && request.page == 100).then_some(Fault::Status(403, "ExpiredToken")));
    let run = run(&["s3://logs/logs"], &breaks_off, &[]);
    let (logs, problems) = told(&run);
    assert_eq!((run.code, logs, problems.len()), (3, 100, 1), "{problems:?}");
    assert!(problems[0].1.starts_with("could not be listed further: permission denied (403 ExpiredToken)"), "{problems:?}");
}

#[test]
fn a_key_that_cannot_be_asked_for_is_told_and_the_others_are_read() {
    let bad = ["logs//2.log", "logs/a/../4.log"];
    let mut objects: Vec<(String, &str)> = (0..60).map(|at| (format!("logs/{at:03}.log"), "words\n")).collect();
    objects.extend(bad.map(|key| (key.to_owned(), "words\n")));
    objects.push(("logs/z.log".to_owned(), "words\n"));
    for scheme in ["s3", "gs", "az"] {
        let store = Store::serve(&objects, |_| None);
        let run = run(&[&format!("{scheme}://logs/logs")], &store, &[]);
        let (logs, problems) = told(&run);
        assert_eq!((run.code, logs), (3, 61), "{scheme}: {problems:?}");
        let paths: Vec<&str> = problems.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, bad.map(|key| format!("{scheme}://logs/{key}")));
        assert!(problems.iter().all(|(_, says)| says.contains("has an empty part")), "{problems:?}");
    }
    let all_bad: Vec<(String, &str)> = (0..60).map(|at| (format!("logs//{at:03}.log"), "words\n")).collect();
    let (logs, problems) = told(&run(&["s3://logs/logs"], &Store::serve(&all_bad, |_| None), &[]));
    assert!(logs == 0 && problems.len() == 21 && problems[0].1.contains("too many keys like those"), "{problems:?}");
}

#[test]
fn a_name_with_nothing_behind_it_is_an_error_with_a_suggestion() {
    let store = store(|_| None);
    for (name, want) in [
        ("s3://absent/logs", "there is no such bucket"),
        ("gs://absent/logs", "there is no such bucket"),
        ("az://absent/logs", "there is no such container"),
        ("s3://logs/log", "did you mean 's3://logs/logs'?"),
        ("az://logs/logs/dag_id=shob", "did you mean 'az://logs/logs/dag_id=shop'?"),
        ("gs://logs/zzz/", "gcloud storage ls gs://logs/"),
    ] {
        let run = run(&[name], &store, &[]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}");
        assert!(run.err.starts_with("error: ") && run.err.contains(want), "{name}: {}", run.err);
    }
    let run = run(&["s3://logs/logs"], &store, &[("AWS_ALLOW_HTTP", "false")]);
    assert!(run.code == 2 && run.err.contains("set AWS_ALLOW_HTTP=true"), "{}", run.err);
}
