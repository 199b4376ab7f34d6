//! The same logs give the same bytes: at any number of threads, wherever they lie, in whatever order they were written or named; packed,
//! they give the same incidents.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::logs::{files_below, gzip, packings, put, tar, zip};
use crate::program::run_with;

const FORMATS: [&str; 3] = ["text", "markdown", "json"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The report on paths below a folder.
fn written(folder: &Path, paths: &[&str], format: &str, threads: &str) -> String {
    let mut arguments = paths.to_vec();
    arguments.extend(["-f", format, "--attempts", "all", "--fail-on", "never", "--threads", threads]);
    let run = run_with(&arguments, folder, b"");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.is_empty(), "{}", run.err);
    run.out
}

/// Panics with the first line that differs.
pub(crate) fn assert_same(want: &str, got: &str, what: &str) {
    if want != got {
        let differing = want.lines().zip(got.lines()).enumerate().find(|(_, (want, got))| want != got);
        panic!("{what}: {} and {} bytes; the first line that differs: {differing:#?}", want.len(), got.len());
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for format in FORMATS {
        let one = written(repository(), &["sample-logs"], format, "1");
        assert_same(&one, &written(repository(), &["sample-logs"], format, "8"), format);
    }
}

/// A copy of the sample logs under a name as long as theirs, so that lines break alike; written from the last file to the first.
const COPY: &str = "copied-logs";

fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files_below(&repository().join("sample-logs")).iter().rev() {
        put(&folder.path().join(COPY), name, bytes);
    }
    folder
}

#[test]
fn the_place_and_the_age_of_files_change_nothing() {
    assert_eq!(COPY.len(), "sample-logs".len());
    let copy = copy();
    for format in FORMATS {
        let want = written(repository(), &["sample-logs"], format, "8");
        let got = written(copy.path(), &[COPY], format, "8");
        assert_same(&want, &got.replace(COPY, "sample-logs"), format);
        assert!(!want.contains(COPY));
    }
}

#[test]
fn a_longer_and_an_absolute_path_change_only_paths() {
    let copy = copy();
    let absolute = copy.path().join(COPY);
    let want = written(repository(), &["sample-logs"], "json", "8");
    let got = written(repository(), &[absolute.to_str().unwrap()], "json", "8");
    assert_same(&want, &got.replace(absolute.to_str().unwrap(), "sample-logs"), "absolute path");
}

#[test]
fn the_order_in_which_paths_are_named_changes_nothing() {
    let trees = ["sample-logs/airflow-1.10", "sample-logs/airflow-2.10", "sample-logs/airflow-3.1", "sample-logs/airflow-3.3"];
    let [one, two, three, four] = trees;
    for format in FORMATS {
        let want = written(repository(), &trees, format, "8");
        for order in [&[four, three, two, one][..], &[two, four, three, one], &[three, one, two, four, one]] {
            assert_same(&want, &written(repository(), order, format, "8"), &format!("{format}, {order:?}"));
        }
    }
}

/// What a JSON report says, with the path of every file written as if it lay in a folder `logs`, and without what can only differ: where
/// the members of an archive are counted as one file of fewer bytes.
pub(crate) fn apart_from_paths(report: &str, input: &str) -> Value {
    let mut report: Value = serde_json::from_str(report).unwrap();
    unpack(&mut report, input);
    let Value::Object(fields) = &mut report else { panic!("no map") };
    fields.remove("problems").unwrap();
    let totals = fields.get_mut("totals").and_then(Value::as_object_mut).unwrap();
    totals.remove("files").unwrap();
    totals.remove("bytes").unwrap();
    report
}

fn unpack(value: &mut Value, input: &str) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(path)) = fields.get("path") {
                let inside = match fields.get("member") {
                    Some(Value::String(member)) => format!("logs/{member}"),
                    _ => path.replacen(input, "logs", 1),
                };
                fields.insert("path".to_owned(), inside.into());
                fields.remove("member");
            }
            fields.values_mut().for_each(|value| unpack(value, input));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| unpack(value, input)),
        // Sentences name files too.
        Value::String(text) => *text = text.replace(&format!("{input}!"), "logs/").replace(&format!("{input}/"), "logs/"),
        _ => {}
    }
}

#[test]
fn packed_logs_give_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let files = files_below(&repository().join("sample-logs"));
    let backwards: Vec<_> = files.iter().rev().map(|(name, bytes)| (name, bytes)).collect();
    for (name, bytes) in &files {
        put(&folder.path().join("plain"), name, bytes);
    }
    let packed: Vec<(PathBuf, Vec<u8>)> =
        vec![(folder.path().join("logs.tar.gz"), gzip(&tar(&backwards))), (folder.path().join("logs.zip"), zip(&backwards))];
    let want = apart_from_paths(&written(folder.path(), &["plain"], "json", "8"), "plain");
    assert!(want["incidents"].as_array().is_some_and(|incidents| incidents.len() > 5));
    for (path, bytes) in packed {
        fs::write(&path, bytes).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let got = apart_from_paths(&written(folder.path(), &[name], "json", "8"), name);
        assert_same(&format!("{want:#}"), &format!("{got:#}"), name);
    }
}

#[test]
fn packed_files_in_a_tree_give_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let packings = packings();
    for ((name, bytes), at) in files_below(&repository().join("sample-logs")).iter().zip(0..) {
        put(&folder.path().join("plain"), name, bytes);
        // The name says gzip, whatever it is: one that sorts alike keeps the order of logs.
        let (_, pack) = packings[at % packings.len()];
        match name.strip_suffix(".log") {
            Some(_) => put(&folder.path().join("packed"), &format!("{name}.gz"), pack(bytes)),
            None => put(&folder.path().join("packed"), name, bytes),
        };
    }
    let want = apart_from_paths(&written(folder.path(), &["plain"], "json", "8"), "plain");
    let got = written(folder.path(), &["packed"], "json", "8").replace(".log.gz", ".log");
    assert_same(&format!("{want:#}"), &format!("{:#}", apart_from_paths(&got, "packed")), "every file packed");
}

/// Whichever way logs come in, and on however many threads.
#[test]
fn every_way_in_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let files = files_below(&repository().join("sample-logs/airflow-2.10"));
    let mut names = String::new();
    for (name, bytes) in &files {
        put(&folder.path().join("plain"), name, bytes);
        names.insert_str(0, &format!("plain/{name}\n"));
    }
    put(folder.path(), "names", &names);
    let backwards: Vec<_> = files.iter().rev().map(|(name, bytes)| (name, bytes)).collect();
    let archive = tar(&backwards);
    let packed: Vec<_> = files.iter().map(|(name, bytes)| (name, packings()[bytes.len() % 5].1(bytes))).collect();
    let mut archives = vec![
        ("logs.tar".to_owned(), archive.clone()),
        ("logs.zip".to_owned(), zip(&backwards)),
        ("packed.zip".to_owned(), zip(&packed)),
        ("packed.tar".to_owned(), tar(&packed)),
        ("nested.zip".to_owned(), zip(&[("in.tar.zst", packings()[1].1(&archive))])),
        ("nested.tar".to_owned(), tar(&[("in.zip", zip(&backwards))])),
    ];
    archives.extend(packings().into_iter().map(|(suffix, pack)| (format!("logs.tar.{suffix}"), pack(&archive))));
    let written = |arguments: &[&str], threads: &str, input: &[u8]| {
        let all = [arguments, &["-f", "json", "--attempts", "all", "--fail-on", "never", "--threads", threads]].concat();
        let run = run_with(&all, folder.path(), input);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
        run.out.replace("in.tar.zst!", "").replace("in.zip!", "")
    };
    let want = format!("{:#}", apart_from_paths(&written(&["plain"], "1", b""), "plain"));
    assert!(want.len() > 100_000);
    for (arguments, input) in
        [(["plain"].as_slice(), b"".as_slice()), (&["--files-from", "names"], b""), (&["--files-from", "-"], names.as_bytes())]
    {
        assert_same(&want, &format!("{:#}", apart_from_paths(&written(arguments, "2", input), "plain")), &format!("{arguments:?}"));
    }
    for (name, bytes) in &archives[1..3] {
        let got = apart_from_paths(&written(&["-"], "2", bytes), "-");
        assert_same(&want, &format!("{got:#}"), &format!("{name} from a pipe"));
    }
    for ((name, bytes), turn) in archives.iter().zip(0usize..) {
        put(folder.path(), name, bytes);
        let counts: &[&str] = if name == "logs.zip" || name == "logs.tar" { &["1", "2", "8"] } else { &[["1", "2", "8"][turn % 3]] };
        for threads in counts {
            let got = apart_from_paths(&written(&[name], threads, b""), name);
            assert_same(&want, &format!("{got:#}"), &format!("{name}, {threads} threads"));
        }
    }
}

/// Where a limit cuts does not depend on who reads.
#[test]
fn the_number_of_threads_moves_no_limit() {
    let folder = tempfile::tempdir().unwrap();
    let files = files_below(&repository().join("sample-logs/airflow-3.1"));
    let members: Vec<_> =
        files.iter().zip(0..).map(|((name, bytes), at)| (name, if at % 3 == 0 { gzip(bytes) } else { bytes.clone() })).collect();
    let zip_of_zips = zip(&[("a.zip", zip(&members)), ("b.zip", zip(&members))]);
    for (name, bytes) in [("logs.tar", tar(&members)), ("logs.zip", zip(&members)), ("zips.zip", zip_of_zips)] {
        put(folder.path(), name, bytes);
        for limit in [["--max-unpacked", "100KiB"], ["--max-members", "17"], ["--max-member-size", "2KiB"], ["--max-ratio", "2"]] {
            let of = |threads: &str| {
                let run = run_with(
                    &[&[name, "-f", "json", "--attempts", "all", "--no-builtin-rules", "--threads", threads], &limit[..]].concat(),
                    folder.path(),
                    b"",
                );
                assert!(limit[0] == "--max-ratio" || run.out.contains(limit[0]), "{name} {limit:?}");
                run.out
            };
            assert_same(&of("1"), &of("8"), &format!("{name} {limit:?}"));
        }
    }
}
