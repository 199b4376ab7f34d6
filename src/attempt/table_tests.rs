//! What is packed is what was put in.

use super::*;
use crate::attempt::Role;
use crate::time::Span;

fn attempt(name: &str) -> Attempt {
    let source = Source::named(&format!("logs/dag_id=orders/run_id=r/task_id={name}/attempt=2.log"), Some("a/b/c.log"));
    let mut endpoints = Endpoints::default();
    for name in ["a:1", "b:2"] {
        endpoints.add(name.into(), EndpointUse { count: 1, first: None, last: None, answered: None });
    }
    Attempt {
        path: source.path,
        member: source.member,
        kind: Kind::Task,
        task: TaskInstance { map_index: Some(3), ..Source::named("dag_id=orders/run_id=r/task_id=load/attempt=2.log", None).task },
        host: Some("worker-a".into()),
        pid: Some(7),
        operator: Some("PythonOperator".into()),
        queue: Some("heavy".into()),
        pool: Some("db".into()),
        return_code: Some(0),
        executions: 2,
        dialect: Dialect::Json,
        copy_of: None,
        in_stream: false,
        started: Some(Timestamp(5)),
        ended: Some(Timestamp(5) + Span::seconds(9)),
        outcome: Outcome::Success,
        outcome_because: "the log says so at line 9".into(),
        has_log: true,
        ending: Ending::Verdict,
        symptoms: Vec::new(),
        failure: None,
        endpoints,
        endpoints_cut: true,
        versions: vec![("bundle".into(), "etl".into()), ("bundle_version".into(), "4f1c".into())],
    }
}

#[test]
fn a_row_gives_back_what_was_put_in() {
    let shown = Shown { symptom: 0, line: 3, time: None, role: Role::Incidental, endpoint: None, elsewhere: None };
    let nothing = Attempt { task: TaskInstance::default(), host: None, pid: None, member: None, started: None, ..attempt("none") };
    let all = [
        attempt("load"),
        nothing,
        Attempt { symptoms: vec![shown], ..attempt("warned") },
        Attempt { copy_of: Some(0), ..attempt("copy") },
        Attempt { has_log: false, outcome: Outcome::Failed, ..attempt("gone") },
        // What stands for no value in a row is kept beside it.
        Attempt { pid: Some(u32::MAX), ..attempt("odd") },
        Attempt { in_stream: true, ..attempt("streamed") },
    ];
    let table = Attempts::from(&all[..]);
    let told = |attempt: &Attempt| format!("{attempt:?}");
    assert_eq!(table.iter().map(|row| told(&row.to_attempt())).collect::<Vec<_>>(), all.iter().map(told).collect::<Vec<_>>());
    assert_eq!(table.iter_own().map(|(row, _)| row).collect::<Vec<_>>(), [2, 3, 5, 6]);
    for (row, attempt) in table.iter().zip(&all) {
        assert_eq!((row.name(), row.location(4), row.pid()), (attempt.name(), attempt.location(4), attempt.pid));
        assert_eq!((row.is_task(), row.is_healthy(), row.run()), (attempt.is_task(), attempt.is_healthy(), attempt.run()));
        assert_eq!(row.endpoints().collect::<Vec<_>>(), ["a:1", "b:2"]);
        assert_eq!(row.versions().collect::<Vec<_>>(), [("bundle", "etl"), ("bundle_version", "4f1c")]);
    }
    assert!(table.get(all.len()).is_none() && table.own(0).is_none());
}
