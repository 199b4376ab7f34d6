//! Objects give the report that files give.

use std::path::Path;

use super::stub::{BUCKET, Store};
use crate::determinism::{apart_from_paths, assert_same};
use crate::logs::{files_below, gzip, log_of, put, tar, zip};
use crate::program::{Run, run_in, run_with};

const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

fn samples() -> Vec<(String, Vec<u8>)> {
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/airflow-2.10"))
}

fn below<'a>(prefix: &str, files: &'a [(String, Vec<u8>)]) -> Vec<(String, &'a [u8])> {
    files.iter().map(|(name, bytes)| (format!("{prefix}/{name}"), bytes.as_slice())).collect()
}

fn json(arguments: &[&str], folder: &Path, store: &Store) -> Run {
    let all = [arguments, &["-f", "json", "--attempts", "all", "--fail-on", "never"]].concat();
    run_in(&all, folder, b"", &store.environment())
}

/// What gives the report of a folder, whatever store the logs are in and on however many threads.
#[test]
fn a_bucket_gives_the_report_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = samples();
    files.push(("README.md".to_owned(), b"Words.".to_vec()));
    files.push((".git/a".to_owned(), b"Words.".to_vec()));
    files.push((".git/b/c".to_owned(), b"Words.".to_vec()));
    files.push(("truth.jsonl".to_owned(), b"{\"path\": \"x\"}".to_vec()));
    files.push(("empty/attempt=1.log".to_owned(), Vec::new()));
    for (name, bytes) in &files {
        put(&folder.path().join("plain"), name, bytes);
    }
    let mut objects = below("logs", &files);
    // What a store's own tools make where a person makes a folder.
    objects.push(("logs/".to_owned(), b""));
    objects.push(("logs/empty/".to_owned(), b""));
    objects.push(("logs-of-others/attempt=1.log".to_owned(), b"Words."));
    let store = Store::serve(&objects, |_| None);
    let arguments = ["plain", "-f", "json", "--attempts", "all", "--fail-on", "never"];
    let want = run_with(&arguments, folder.path(), b"").out;
    assert!(want.len() > 100_000 && want.contains("1 .git"));
    for (scheme, threads) in [("s3", "1"), ("s3", "8"), ("gs", "2"), ("az", "2")] {
        let name = format!("{scheme}://{BUCKET}/logs");
        let run = json(&[&name, "--threads", threads], folder.path(), &store);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{name}");
        assert_same(&want, &run.out.replace(&name, "plain"), &name);
    }
}

#[test]
fn archives_and_large_objects_are_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = samples();
    // Longer than some pieces; what says why it failed stands in the last one.
    let mut long = "[2026-11-20 01:00:00,000] {logging.py:1} INFO - nothing to be seen here, line after line\n".repeat(50_000);
    long.push_str("[2026-11-20 01:10:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\nMemoryError\n");
    files.push((log_of("long"), long.into_bytes()));
    for (name, bytes) in &files {
        put(&folder.path().join("plain"), name, bytes);
    }
    let backwards: Vec<_> = files.iter().rev().map(|(name, bytes)| (name, bytes)).collect();
    let mut objects: Vec<(String, Vec<u8>)> = files.iter().map(|(name, bytes)| (format!("plain/{name}"), bytes.clone())).collect();
    objects.push(("packed/logs.tar".to_owned(), tar(&backwards)));
    objects.push(("packed/logs.tar.gz".to_owned(), gzip(&tar(&backwards))));
    objects.push(("packed/logs.zip".to_owned(), stored(&backwards)));
    objects.push(("packed/deflated.zip".to_owned(), zip(&backwards)));
    objects.push(("packed/nested.tar".to_owned(), tar(&[("in.zip", zip(&backwards))])));
    let store = Store::serve(&objects, |_| None);
    let arguments = ["plain", "-f", "json", "--attempts", "all", "--fail-on", "never"];
    let want = run_with(&arguments, folder.path(), b"").out;
    assert!(want.contains("MemoryError"));
    let got = json(&["s3://logs/plain"], folder.path(), &store).out;
    assert_same(&want, &got.replace("s3://logs/plain", "plain"), "plain");
    let want = format!("{:#}", apart_from_paths(&want, "plain"));
    for ((key, _), turn) in objects.iter().filter(|(key, _)| key.starts_with("packed/")).zip(0..) {
        let name = format!("s3://logs/{key}");
        let run = json(&[&name, "--threads", ["1", "4"][turn % 2]], folder.path(), &store);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{name}");
        let got = apart_from_paths(&run.out.replace("in.zip!", ""), &name);
        assert_same(&want, &format!("{got:#}"), &name);
    }
    let pieces = store.asked().into_iter().filter(|asked| asked.key.as_deref() == Some("packed/logs.zip") && asked.from > 0).count();
    assert!(pieces > 1, "{pieces}");
}

/// A zip archive whose members are as they were, so that it is long.
fn stored(members: &[(&String, &Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn each_object_is_read_once_however_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = samples();
    let store = Store::serve(&below("logs", &files), |_| None);
    let one = format!("s3://logs/logs/{}", files[3].0);
    let list = format!("{one}\ns3://logs/logs/dag_id=\ns3a://logs/logs\ns3://logs/gone\nftp://me:HUSH@example.com/x\n");
    let names = ["s3://logs/logs/", &one, "--files-from", "-", "-f", "json", "--attempts", "all"];
    let run = run_in(&names, folder.path(), list.as_bytes(), &store.environment());
    assert_eq!(run.code, 3, "{}", run.err);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["totals"]["files"], files.len());
    let told: Vec<&str> = report["problems"].as_array().unwrap().iter().filter_map(|problem| problem["path"].as_str()).collect();
    for name in ["ftp://example.com/x", "s3://logs/gone", "s3://logs/logs/dag_id="] {
        assert!(told.contains(&name), "{told:?}");
    }
    assert!(!run.out.contains("HUSH"));
    for (name, _) in &files {
        let key = format!("logs/{name}");
        let count = store.asked().iter().filter(|asked| asked.method == "GET" && asked.key.as_ref() == Some(&key)).count();
        assert_eq!(count, 1, "{key}");
    }
}

#[test]
fn what_is_too_old_is_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = b"[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";
    let of = |run: &str, task: &str| format!("logs/dag_id=shop/run_id={run}/task_id={task}/attempt=1.log");
    let objects = [
        (of("mine", "new"), log),
        (of("mine", "old"), log),
        // Whatever the store says, its name gives it a later date.
        (of("scheduled__2026-11-20T00:00:00+00:00", "old"), log),
        ("logs/old.log".to_owned(), log),
    ];
    let store = Store::serve(&objects, |_| None);
    for scheme in SCHEMES {
        let (all, one) = (format!("{scheme}://logs/logs/dag_id=shop"), format!("{scheme}://logs/logs/old.log"));
        let run = json(&[&all, &one, "--since", "2026-11-20"], folder.path(), &store);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, &report["totals"]["files"]), (0, &2.into()), "{}", run.out);
        for (path, says) in [(&all, "1 log in it was last written before"), (&one, "last written before")] {
            let is_told = |problem: &serde_json::Value| {
                problem["path"] == path.as_str() && problem["says"].as_str().is_some_and(|text| text.starts_with(says))
            };
            assert!(report["problems"].as_array().unwrap().iter().any(is_told), "{}", run.out);
        }
    }
    assert!(store.asked().iter().all(|asked| asked.method == "HEAD" || asked.key.as_deref() != Some("logs/old.log")));
}

/// The command that a report offers for a failure that no rule knows.
#[test]
fn a_rule_is_cut_from_an_object() {
    let log = "[2026-11-20 01:00:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
               Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\nKeyError: 'unheard-of'\n";
    let objects = [("logs/1.log", log.as_bytes().to_vec()), ("logs.zip", zip(&[("a/1.log", log)]))];
    let store = Store::serve(&objects, |_| None);
    for from in ["s3://logs/logs/1.log:5", "az://logs/logs.zip!a/1.log:5"] {
        let run = run_in(&["rules", "new", "--from", from], Path::new("."), b"", &store.environment());
        assert!(run.code == 0 && run.out.contains("unheard-of"), "{from}: {}{}", run.out, run.err);
    }
}
