//! The metrics, through the program: read by a strict parser of Prometheus' text format, whatever the logs hold, and equal to what the JSON tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ci_formats::hostile;
use crate::logs::put;
use crate::program::{run, run_with};

/// The value of each series, by its name and labels.
type Series = BTreeMap<(String, BTreeMap<String, String>), f64>;

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What stands between braces: `name="value"`, parted by commas, with three escapes and no other.
fn labels(text: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, behind) = rest.split_once("=\"").ok_or("no value")?;
        let (mut value, mut chars) = (String::new(), behind.char_indices());
        let end = loop {
            match chars.next().ok_or("a value without an end")? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().ok_or("half an escape")?.1 {
                    '\\' => '\\',
                    '"' => '"',
                    'n' => '\n',
                    other => return Err(format!("an escape \\{other}")),
                }),
                (_, c) => value.push(c),
            }
        };
        if !is_name(name) || found.insert(name.to_owned(), value).is_some() {
            return Err(format!("the label {name}"));
        }
        rest = &behind[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Ok((found, rest.strip_prefix("} ").ok_or("no end of the labels")?)),
        }
    }
}

/// Reads metrics as `promtool check metrics` would: help, type and samples of a metric stand together in this order, once.
fn read(text: &str) -> Result<Series, String> {
    if !text.ends_with('\n') || text.contains("\n\n") || text.contains('\r') {
        return Err("it does not end in one newline, or has empty lines".to_owned());
    }
    let (mut series, mut seen, mut current, mut typed, mut sampled) = (Series::new(), BTreeSet::new(), String::new(), false, true);
    for line in text.lines() {
        let wrong = |why: &str| Err(format!("{why}: {line}"));
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, says) = help.split_once(' ').unwrap_or_default();
            if !sampled || !is_name(name) || says.is_empty() || says.contains('\\') || !seen.insert(name.to_owned()) {
                return wrong("a bad or second help, or a metric without samples before it");
            }
            (current, typed, sampled) = (name.to_owned(), false, false);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            if typed || sampled || kind != format!("{current} gauge") {
                return wrong("a bad type");
            }
            typed = true;
        } else {
            let end = line.find(['{', ' ']).unwrap_or(line.len());
            let (name, rest) = line.split_at(end);
            if name != current || !typed {
                return wrong("a sample before its help and type");
            }
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => labels(rest).map_err(|why| format!("{why}: {line}"))?,
                None => (BTreeMap::new(), rest.trim_start_matches(' ')),
            };
            let Ok(value) = value.parse::<f64>() else { return wrong("no number") };
            if series.insert((name.to_owned(), labels), value).is_some() {
                return wrong("a second sample of one series");
            }
            sampled = true;
        }
    }
    if sampled { Ok(series) } else { Err(format!("{current} has no samples")) }
}

fn of(series: &Series, name: &str, label: &str) -> BTreeMap<String, u64> {
    series.iter().filter(|((of, _), _)| of == name).map(|((_, labels), value)| (labels[label].clone(), *value as u64)).collect()
}

fn one(series: &Series, name: &str) -> f64 {
    *series.get(&(name.to_owned(), BTreeMap::new())).unwrap_or_else(|| panic!("{name} is not in {series:?}"))
}

/// How often each text stands at a place of the incidents, without those that are counted as none.
fn told(report: &Value, pointer: &str) -> BTreeMap<String, u64> {
    let mut told = BTreeMap::new();
    for incident in report["incidents"].as_array().unwrap() {
        *told.entry(incident.pointer(pointer).and_then(Value::as_str).unwrap_or("unknown").to_owned()).or_default() += 1;
    }
    told
}

fn counted(counts: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    counts.iter().filter(|(_, count)| **count > 0).map(|(name, count)| (name.clone(), *count)).collect()
}

#[test]
fn the_parser_takes_no_less_than_the_format() {
    let head = "# HELP a A.\n# TYPE a gauge\n";
    assert_eq!(read(&format!("{head}a{{l=\"x\\\"\\\\\\n\"}} 1\n")).unwrap().len(), 1);
    for bad in
        ["a 1", "\na 1\n", "b 1\n", "a{l=\"x} 1\n", "a{l=\"x\"} 1\na{l=\"x\"} 2\n", "a{l=\"\\t\"} 1\n", "a x\n", "", "a 1\n# HELP a A.\n"]
    {
        assert!(read(&format!("{head}{bad}")).is_err(), "{bad}");
    }
}

#[test]
fn metrics_count_what_the_json_tells_whatever_the_logs_hold() {
    let tree = hostile();
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, logs) in [(tree.path(), "logs"), (samples, "sample-logs")] {
        let text = run_with(&[logs, "-f", "prometheus"], folder, b"").out;
        let series = read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let report: Value = serde_json::from_str(&run_with(&[logs, "-f", "json"], folder, b"").out).unwrap();
        let totals = |name: &str| report["totals"][name].as_u64().unwrap();
        let outcomes = of(&series, "dagnosis_attempts", "outcome");
        assert_eq!((outcomes.len(), outcomes.values().sum::<u64>()), (6, totals("attempts")), "{text}");
        for (outcome, name) in [("failed", "failed"), ("up_for_retry", "up_for_retry"), ("success", "succeeded"), ("unknown", "unknown")] {
            assert_eq!(outcomes[outcome], totals(name), "{outcome}");
        }
        assert_eq!(one(&series, "dagnosis_failed_attempts") as u64, totals("failed") + totals("up_for_retry"));
        for (metric, name) in [("files", "files"), ("logs", "logs"), ("lines", "lines"), ("read_bytes", "bytes")] {
            assert_eq!(one(&series, &format!("dagnosis_{metric}")) as u64, totals(name), "{metric}");
        }
        let severities = of(&series, "dagnosis_incidents", "severity");
        assert_eq!((severities.len(), counted(&severities)), (5, told(&report, "/severity")));
        assert_eq!(counted(&of(&series, "dagnosis_incidents_by_urgency", "when")), told(&report, "/urgency/when"));
        let causes = of(&series, "dagnosis_incidents_by_cause", "cause");
        assert!(causes.keys().all(|cause| cause.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')), "{causes:?}");
        assert_eq!(causes.values().sum::<u64>(), severities.values().sum::<u64>());
        let known = told(&report, "/causes/0/id");
        assert!(causes.iter().all(|(cause, count)| cause == "unknown" || known.get(cause) >= Some(count)), "{causes:?} {known:?}");
        let problems = report["problems"].as_array().unwrap();
        assert_eq!(of(&series, "dagnosis_problems", "kind").values().sum::<u64>(), problems.len() as u64);
        assert_eq!(one(&series, "dagnosis_unread_inputs"), if logs == "logs" { 1.0 } else { 0.0 });
    }
}

#[test]
fn a_quiet_night_has_its_zeros_and_times_stand_in_the_file_when_asked_for() {
    let tree = tempfile::tempdir().unwrap();
    put(
        tree.path(),
        &crate::logs::log_of("push"),
        "[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n",
    );
    let made = run_with(&["dag_id=shop", "-q", "-o", "prometheus=a.prom", "--run-times"], tree.path(), b"");
    assert_eq!((made.code, made.out.as_str()), (0, ""), "{}", made.err);
    let text = std::fs::read_to_string(tree.path().join("a.prom")).unwrap();
    let series = read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(of(&series, "dagnosis_incidents", "severity").values().collect::<Vec<_>>(), [&0; 5]);
    assert_eq!(of(&series, "dagnosis_incidents_by_cause", "cause"), BTreeMap::from([("unknown".to_owned(), 0)]));
    assert_eq!(of(&series, "dagnosis_attempts", "outcome")["success"], 1);
    assert!(one(&series, "dagnosis_run_duration_seconds") >= 0.0 && one(&series, "dagnosis_run_end_timestamp_seconds") > 1e9);
    let plain = run_with(&["dag_id=shop", "-f", "prometheus"], tree.path(), b"").out;
    assert!(text.starts_with(&plain) && !plain.contains("_run_"), "{plain}");
    assert_eq!(run(&["sample-logs", "-f", "prometheus"]).out, run(&["sample-logs", "-f", "prometheus", "--threads", "1"]).out);
}
