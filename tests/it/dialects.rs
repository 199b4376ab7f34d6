//! Logs of many Airflow versions, written by those versions (`tests/dialects`): whose each log is, and how its attempt came out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dagnosis::record::{Dialect, Dialects, Record, each_record};
use dagnosis::source::Source;
use serde_json::Value;

use crate::logs::samples;
use crate::program::report;

fn trees() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialects")
}

/// The rows of the truth, by tree.
fn truth() -> BTreeMap<String, Vec<Value>> {
    let text = std::fs::read_to_string(trees().join("truth.jsonl")).unwrap();
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let tree = row["path"].as_str().unwrap().split('/').next().unwrap().to_owned();
        rows.entry(tree).or_default().push(row);
    }
    rows
}

/// What a report says of the attempt whose log is at a path.
fn attempt<'a>(report: &'a Value, path: &str) -> &'a Value {
    let own = |attempt: &&Value| attempt["kind"] == "task" && attempt["path"].as_str().is_some_and(|known| known.ends_with(path));
    report["attempts"].as_array().unwrap().iter().find(own).unwrap_or_else(|| panic!("no attempt at {path}"))
}

/// The dialects that a version writes are read so that identity, outcome and host are what its own database says. Each tree is read alone: runs of
/// different versions have the same names.
#[test]
fn every_version_says_whose_its_logs_are_and_how_they_end() {
    let mut wrong = Vec::new();
    for (tree, rows) in truth() {
        let zone = if tree.ends_with("new-york") { "America/New_York" } else { "UTC" };
        let report = report(&[trees().join(&tree).to_str().unwrap(), "--timezone", zone]);
        for row in rows {
            let path = row["path"].as_str().unwrap();
            let got = attempt(&report, path);
            let pairs = [("dag_id", "dag_id"), ("run_id", "run_id"), ("task_id", "task_id"), ("try", "try_number"), ("outcome", "outcome")];
            for (want, have) in pairs {
                if row[want] != got[have] {
                    wrong.push(format!("{path}: {want} is {}, not {} ({})", row[want], got[have], got["outcome_because"]));
                }
            }
            if row["map_index"].as_i64().filter(|index| *index >= 0) != got["map_index"].as_i64() {
                wrong.push(format!("{path}: map_index is {}, not {}", row["map_index"], got["map_index"]));
            }
            if got["host"].is_string() && row["host"].is_string() && row["host"] != got["host"] {
                wrong.push(format!("{path}: host is {}, not {}", row["host"], got["host"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Times without a zone are read in one that fits, or it is said which would.
#[test]
fn a_log_in_local_time_says_which_zone_to_give() {
    let told = |tree: &str, zone: &str| -> Vec<String> {
        let report = report(&[trees().join(tree).to_str().unwrap(), "--timezone", zone]);
        let problems = report["problems"].as_array().unwrap().iter().filter(|problem| problem["kind"] == "timezone");
        problems.map(|problem| problem["says"].as_str().unwrap().to_owned()).collect()
    };
    let local = told("airflow-2.2.5-new-york", "UTC");
    assert!(local.len() > 10 && local.iter().all(|says| says.contains("give --timezone -05:00")), "{local:#?}");
    for zone in ["America/New_York", "-05:00"] {
        assert_eq!(told("airflow-2.2.5-new-york", zone), [""; 0]);
    }
    for tree in ["airflow-1.10.15", "airflow-2.0.2", "airflow-2.2.5", "airflow-2.11.2", "airflow-3.2.2"] {
        assert_eq!(told(tree, "UTC"), [""; 0], "{tree}");
    }
}

/// What the REST API gives of an attempt, in each of its forms, is diagnosed as the attempt's own log is, whose it is included.
#[test]
fn a_download_says_what_the_log_says() {
    let mut compared = 0;
    for (tree, rows) in truth() {
        let root = trees().join(&tree);
        let Ok(downloads) = std::fs::read_dir(root.join("downloads")) else { continue };
        for download in downloads.map(|entry| entry.unwrap().path()) {
            let name = download.file_name().unwrap().to_str().unwrap().to_owned();
            let (task, number) = name.split_once('.').map(|(task, rest)| (task, rest.split('.').next().unwrap())).unwrap();
            let row = rows.iter().find(|row| row["task_id"] == task && row["try"].as_u64() == number.parse().ok());
            let Some(row) = row else { continue };
            let log = trees().join(row["path"].as_str().unwrap());
            let alone = |path: &PathBuf| {
                let report = report(&[path.to_str().unwrap()]);
                let attempts = report["attempts"].as_array().unwrap().clone();
                assert_eq!(attempts.len(), 1, "{}: {attempts:#?}", path.display());
                attempts.into_iter().next().unwrap()
            };
            let (own, given) = (alone(&log), alone(&download));
            for field in ["dag_id", "run_id", "task_id", "map_index", "try_number", "started", "ended"] {
                assert_eq!(own[field], given[field], "{field} of {}", download.display());
            }
            let known = |attempt: &Value| {
                let ids = |list: &str| attempt[list].as_array().unwrap().iter().map(|item| item["id"].to_string()).collect::<Vec<_>>();
                (attempt["outcome"].clone(), ids("symptoms"), ids("causes"))
            };
            assert_eq!(known(&own), known(&given), "{}", download.display());
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

/// How many records in a thousand have a header that is known, and how many have a time, version by version.
///
/// What is missing in the files below `downloads` is what the web server puts before a log (`*** Found local files:`, `::group::` without a time),
/// and in those below `components` the banner that a service prints as it starts and what a dying process writes past all logging. Task logs themselves have none without.
const PER_MILLE_MIN: [(&str, u32, u32); 16] = [
    ("1.10", 1000, 1000),
    ("1.10.15", 986, 986),
    ("2.0.2", 981, 981),
    ("2.10", 998, 998),
    ("2.11.2", 989, 980),
    ("2.2.5", 985, 985),
    ("2.2.5-new-york", 985, 985),
    ("2.4.3", 987, 987),
    ("2.6.3", 975, 975),
    ("2.9.3", 980, 980),
    ("3.0.6", 1000, 957),
    ("3.0.6-state-mismatch", 1000, 1000),
    ("3.1", 1000, 1000),
    ("3.2.2", 1000, 958),
    ("3.2.2-state-mismatch", 1000, 1000),
    ("3.3", 995, 995),
];

#[test]
fn every_versions_records_have_headers_and_times() {
    let dialects = Dialects::default();
    // Of each version: records, those with a header, those with a time.
    let mut known: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in samples() {
        let counts = known.entry(sample.version.clone()).or_default();
        let is_whole = !["/downloads/", "/components/"].iter().any(|part| sample.name.contains(part));
        each_record(&Source::named(&sample.name, None), &mut sample.bytes.as_slice(), &dialects, &mut |piece| {
            let record = Record::parse(&piece.record, &dialects);
            let (headed, timed) = (record.dialect != Dialect::Bare, record.time.is_some());
            for (count, is_one) in counts.iter_mut().zip([true, headed, timed]) {
                *count += u32::from(is_one);
            }
            if is_whole && !(headed && timed) {
                wrong.push(format!(
                    "{}:{}: {:?} with time {:?}: {:.80}",
                    sample.name, record.line, record.dialect, record.time, record.text
                ));
            }
        });
    }
    for (version, [records, headed, timed]) in &known {
        let shares = (headed * 1000 / records, timed * 1000 / records);
        let want = PER_MILLE_MIN.iter().find(|(known, ..)| known == version).map(|(_, headed, timed)| (*headed, *timed));
        if want.is_none_or(|want| shares.0 < want.0 || shares.1 < want.1) {
            wrong.push(format!("{version}: of 1000 records {} have a header and {} a time; wanted are {want:?}", shares.0, shares.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(known.len(), PER_MILLE_MIN.len(), "{known:?}");
}
