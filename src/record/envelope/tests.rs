#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::super::{RawRecord, each_record};
use super::*;

/// The records of a text as (stream's key, line, text), through the whole reader.
fn records(text: &str) -> Vec<(String, u32, String)> {
    let mut found = Vec::new();
    let source = Source::named("out.txt", None);
    let told = each_record(&source, &mut text.as_bytes(), &Dialects::default(), &mut |piece| {
        let RawRecord { bytes, line, .. } = piece.record;
        found.push((piece.origin.key.clone(), line, String::from_utf8_lossy(bytes).into_owned()));
    });
    assert_eq!(told.bytes, text.len() as u64);
    assert!(told.failure.is_none() && told.broken_document.is_none(), "{told:?}");
    found
}

fn texts(text: &str) -> Vec<String> {
    records(text).into_iter().map(|(.., text)| text).collect()
}

const HEADER: &str = "[2026-11-21T07:16:20.749+0000] {taskinstance.py:3313} ERROR - Task failed with exception";
const TRACEBACK: [&str; 3] =
    ["Traceback (most recent call last):", "  File \"/opt/airflow/dags/load.py\", line 7, in load", "ValueError: no rows"];

/// The lines of one failure, each behind what `around` puts before it.
fn each_line(around: impl Fn(&str) -> String) -> String {
    [HEADER]
        .into_iter()
        .chain(TRACEBACK)
        .chain(["[2026-11-21T07:16:21.000+0000] {a.py:1} INFO - next"])
        .map(|line| around(line) + "\n")
        .collect()
}

fn whole() -> [String; 2] {
    [format!("{HEADER}\n{}", TRACEBACK.join("\n")), "[2026-11-21T07:16:21.000+0000] {a.py:1} INFO - next".to_owned()]
}

#[test]
fn each_prefix_is_peeled_and_the_traceback_stays_whole() {
    let prefixes = [
        "2026-11-21T07:16:22.749123456Z stdout F ",
        "2026-11-21T08:16:22.749123456+01:00 stderr F:x ",
        "2026-11-21T07:16:22.749123456Z ",
        "[pod/airflow-worker-0/worker] ",
        "[pod/airflow-worker-0/worker] 2026-11-21T07:16:22.749123456Z ",
        "airflow-worker-1  | ",
        "\u{1b}[36mairflow-worker-1  |\u{1b}[0m ",
        "2026-11-21T07:16:22.749000+00:00 worker/dag_id=d/run_id=r/task_id=t/attempt=1.log ",
        "Nov 21 07:16:22 node-3 airflow-worker[812]: ",
        "2026-11-21T07:16:22+0000 node-3 airflow[812]: ",
    ];
    for prefix in prefixes {
        assert_eq!(texts(&each_line(|line| format!("{prefix}{line}"))), whole(), "{prefix}");
    }
}

#[test]
fn each_object_is_peeled_and_the_traceback_stays_whole() {
    let quoted = |line: &str| serde_json::to_string(line).unwrap();
    let objects: [&dyn Fn(&str) -> String; 7] = [
        &|line| format!(r#"{{"log":{},"stream":"stdout","time":"2026-11-21T07:16:22.7491Z"}}"#, quoted(&format!("{line}\n"))),
        &|line| {
            format!(
                r#"{{"log":{},"kubernetes":{{"pod_name":"w-0","container_name":"worker"}},"@timestamp":"2026-11-21T07:16:22Z"}}"#,
                quoted(line)
            )
        },
        &|line| {
            format!(
                r#"{{"__REALTIME_TIMESTAMP":"1795245382749123","_HOSTNAME":"node-3","_SYSTEMD_UNIT":"airflow.service","MESSAGE":{}}}"#,
                quoted(line)
            )
        },
        &|line| {
            format!(
                r#"{{"textPayload":{},"severity":"INFO","timestamp":"2026-11-21T07:16:22.7Z","labels":{{"workflow":"d","task-id":"t"}}}}"#,
                quoted(line)
            )
        },
        &|line| format!(r#"{{"message":{},"timestamp":1795245382749,"ingestionTime":1795245383000}}"#, quoted(line)),
        &|line| format!(r#"{{"_index":"airflow","_source":{{"message":{},"log_id":"d-t-r-1-1","offset":1}}}}"#, quoted(line)),
        &|line| format!(r#"{{"labels":{{"pod":"w-0"}},"line":{},"timestamp":"2026-11-21T07:16:22.749Z"}}"#, quoted(line)),
    ];
    for (number, object) in objects.iter().enumerate() {
        // An Elasticsearch document of a bare line would be a record of its own: such exports hold one record each.
        if number != 5 {
            assert_eq!(texts(&each_line(object)), whole(), "object {number}");
        }
        let records = [HEADER, "[2026-11-21T07:16:21.000+0000] {a.py:1} INFO - next"];
        assert_eq!(texts(&records.map(|line| object(line) + "\n").concat()), records, "object {number}");
    }
}

#[test]
fn documents_are_read_entry_by_entry() {
    let entries = format!(
        "[{0}, {1}]",
        serde_json::json!({"message": whole()[0], "timestamp": 1_795_245_382_749_i64, "ingestionTime": 1}),
        serde_json::json!({"message": whole()[1], "timestamp": 1_795_245_382_750_i64, "ingestionTime": 1})
    );
    for document in [
        entries.clone(),
        format!("{{\n  \"events\": {entries},\n  \"nextForwardToken\": \"f/1\"\n}}\n"),
        format!(r#"{{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s.log","logEvents":{entries}}}"#),
        format!(
            r#"{{"took":1,"hits":{{"total":{{"value":2}},"hits":[{{"_source":{}}},{{"_source":{}}}]}}}}"#,
            serde_json::json!({"message": whole()[0]}),
            serde_json::json!({"message": whole()[1]})
        ),
        serde_json::json!({"content": whole().join("\n"), "continuation_token": "x"}).to_string(),
        serde_json::json!({"content": format!("[('worker-a', '{}')]", whole().join("\\n").replace('"', "\\\""))}).to_string(),
    ] {
        assert_eq!(texts(&document), whole(), "{document}");
    }
    let rest = r#"{"content":[{"event":"::group::Log message source details","sources":["/x"]},{"timestamp":"2026-11-21T07:16:22Z","event":"a","level":"info"},"plain"],"continuation_token":null}"#;
    assert_eq!(records(rest).iter().map(|(_, line, _)| *line).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_line_in_parts_is_one_line_and_lines_of_many_streams_do_not_mix() {
    let text = "2026-11-21T07:16:22.749123456Z stdout P abc\n2026-11-21T07:16:22.749123457Z stdout P def\n2026-11-21T07:16:22.749123458Z stdout F g\n";
    assert_eq!(texts(text), ["abcdefg"]);
    let [first, second] = ["[pod/a/x] ", "[pod/b/x] "];
    let mixed = format!(
        "{first}{HEADER}\n{second}[2026-11-21T07:16:20.000+0000] {{b.py:1}} INFO - other\n{first}{}\n{second}on its own\n{first}{}\n{first}{}\n",
        TRACEBACK[0], TRACEBACK[1], TRACEBACK[2]
    );
    let mut all = records(&mixed);
    all.sort();
    assert_eq!(all[0], ("a/x".to_owned(), 1, whole()[0].clone()));
    assert_eq!(all[1], ("b/x".to_owned(), 2, "[2026-11-21T07:16:20.000+0000] {b.py:1} INFO - other\non its own".to_owned()));
}

#[test]
fn identity_comes_from_labels_streams_and_pods() {
    let origin = |line: &str| {
        let mut origin = None;
        assert!(object::peel(line.as_bytes(), &Dialects::default(), &mut |peeled| origin = Some(peeled.origin)), "{line}");
        origin.unwrap()
    };
    let composer = origin(
        r#"{"textPayload":"x","labels":{"workflow":"sales","task-id":"load","execution-date":"2026-11-21T07:00:00+00:00","try-number":"2","map-index":"-1","worker_id":"airflow-worker-x1"}}"#,
    );
    assert_eq!(
        (composer.task.dag_id.as_deref(), composer.task.try_number, composer.host.as_deref()),
        (Some("sales"), Some(2), Some("airflow-worker-x1"))
    );
    let mwaa = origin(
        r#"{"message":"x","timestamp":1,"ingestionTime":2,"logStreamName":"dag_id=sales/run_id=manual__1/task_id=load/attempt=3.log"}"#,
    );
    assert_eq!((mwaa.kind, mwaa.task.task_id.as_deref(), mwaa.task.try_number), (Some(Kind::Task), Some("load"), Some(3)));
    let kernel = origin(
        r#"{"__REALTIME_TIMESTAMP":"1795245382749123","_TRANSPORT":"kernel","SYSLOG_IDENTIFIER":"kernel","_HOSTNAME":"node-3","MESSAGE":"Out of memory: Killed process 4711 (python3)"}"#,
    );
    assert_eq!((kernel.kind, kernel.host.as_deref()), (Some(Kind::Kernel), Some("node-3")));
    let pod = origin(
        r#"{"log":"x","kubernetes":{"pod_name":"sales-load-x1","container_name":"base","annotations":{"dag_id":"sales","task_id":"load","run_id":"manual__1","try_number":"1"}}}"#,
    );
    assert_eq!((pod.kind, pod.task.run_id.as_deref()), (Some(Kind::Task), Some("manual__1")));
}

#[test]
fn logs_without_envelope_are_left_alone() {
    for text in [
        "[2026-11-21T07:16:20.749+0000] {a.py:1} INFO - x\n",
        "{\"timestamp\":\"2026-11-21T07:16:20Z\",\"event\":\"x\",\"level\":\"info\"}\n{\"timestamp\":\"2026-11-21T07:16:20Z\",\"event\":\"y\",\"log\":\"z\"}\n",
        "2026-11-21T07:16:20.749000Z [info     ] event [logger]\n",
        "2026-11-21 07:16:20,749 - root - INFO - x\n",
        "Traceback (most recent call last):\n  File \"x\", line 1, in f\nValueError: x | y\n",
        " id | name\n----+-----\n  1 | a\n",
        "{\"a\": 1}\n{\"b\": 2}\n",
        "[1, 2, 3]\n",
        "{'a': 1}\n",
        "",
    ] {
        assert_eq!(recognise(text.as_bytes(), true, &Dialects::default()), None, "{text}");
    }
}

#[test]
fn a_broken_document_is_said_and_what_came_before_is_kept() {
    let text = r#"{"content":[{"timestamp":"2026-11-21T07:16:22Z","event":"a"},{"timestamp":"2026-"#;
    let mut count = 0;
    let told = each_record(&Source::named("x.json", None), &mut text.as_bytes(), &Dialects::default(), &mut |_| count += 1);
    assert_eq!(count, 1);
    assert!(told.broken_document.unwrap().contains("EOF"));
}
