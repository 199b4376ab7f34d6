//! The report as JUnit XML, which CI systems show: a suite for each DAG, a case for each of its tasks, and one for each other log that shows a failure.
//!
//! A case fails where the task's last try of some run failed. It bears no time and no run in its name, so that it is the same case the next night.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use crate::attempt::AttemptRef;
use crate::record::Outcome;

use super::findings::{self, Finding};
use super::{Report, figures, known, totals, words};

/// How many incidents of one task are told in full.
const INCIDENTS_MAX: usize = 3;

/// How many runs are named.
const RUNS_MAX: usize = 5;

/// The suite of logs that are no task's.
const LOGS: &str = "logs";

/// What is known of one task.
#[derive(Default)]
struct Task<'r> {
    attempts: usize,
    /// The last try of each instance.
    last: BTreeMap<(Option<&'r str>, Option<i32>), AttemptRef<'r>>,
    incidents: BTreeSet<usize>,
}

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<String, BTreeMap<String, Task<'_>>> = BTreeMap::new();
    for attempt in report.attempts.iter().filter(|attempt| attempt.copy_of().is_none()) {
        let incident = report.incident_of(attempt.row());
        let (suite, case) = match (attempt.is_task(), attempt.dag_id(), attempt.task_id()) {
            (true, Some(dag), Some(task)) => (dag.to_owned(), task.to_owned()),
            // A log that shows nothing is no test of anything.
            _ if incident.is_none() && !(attempt.is_task() && totals::has_failed(attempt)) => continue,
            _ => (LOGS.to_owned(), words::log_name(attempt)),
        };
        let task = suites.entry(suite).or_default().entry(case).or_default();
        task.attempts += 1;
        task.incidents.extend(incident);
        let last = task.last.entry((attempt.run_id(), attempt.map_index())).or_insert(attempt);
        if attempt.try_number() >= last.try_number() {
            *last = attempt;
        }
    }
    let text = |text: &str| findings::safe(report, text);
    let mut all = Suites::new(env!("CARGO_PKG_NAME"));
    for (dag, tasks) in &suites {
        let mut suite = TestSuite::new(text(dag));
        for (name, task) in tasks {
            suite.add_test_case(case(report, &text(dag), &text(name), task));
        }
        all.add_test_suite(suite);
    }
    let lost: Vec<String> = report
        .problems
        .iter()
        .filter(|problem| problem.kind.is_unread())
        .map(|problem| text(&format!("{}: {}", words::problem_name(problem), problem.says)))
        .collect();
    if !lost.is_empty() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message(format!("{} could not be read in full", figures::count(lost.len() as u64, "input")))
            .set_description(lost.join("\n"));
        let mut suite = TestSuite::new("input");
        suite.add_test_case(TestCase::new("every input is read", status));
        all.add_test_suite(suite);
    }
    all.serialize(out).map_err(io::Error::other)
}

/// A task as a test.
fn case(report: &Report<'_>, dag: &str, name: &str, task: &Task<'_>) -> TestCase {
    let failed: Vec<AttemptRef<'_>> = task.last.values().copied().filter(|last| has_failed(report, *last)).collect();
    let all = findings::all(report).enumerate().filter(|(at, _)| task.incidents.contains(at));
    let findings: Vec<Finding<'_>> = all.map(|(_, finding)| finding).collect();
    let mut case = TestCase::new(name, status(report, &failed, &findings, task));
    case.set_classname(dag);
    let runs = |attempts: &[AttemptRef<'_>]| {
        let runs: BTreeSet<&str> = attempts.iter().filter_map(|attempt| attempt.run_id()).collect();
        findings::safe(report, &figures::abridged(&runs.into_iter().map(str::to_owned).collect::<Vec<_>>(), RUNS_MAX))
    };
    case.add_property(("attempts", task.attempts.to_string().as_str()));
    case.add_property(("runs", task.last.keys().map(|(run, _)| run).collect::<BTreeSet<_>>().len().to_string().as_str()));
    if !failed.is_empty() && failed.iter().any(|attempt| attempt.run_id().is_some()) {
        case.add_property(("failed_runs", runs(&failed).as_str()));
    }
    for finding in findings.iter().take(INCIDENTS_MAX) {
        let diagnosis = finding.diagnosis;
        let cause = words::best(diagnosis, report.rules).map_or("unknown", |(_, cause)| cause.id.as_str());
        for (name, value) in [
            ("incident", diagnosis.id.as_str()),
            ("symptom", finding.rule()),
            ("cause", cause),
            ("severity", diagnosis.severity.name()),
            ("urgency", diagnosis.urgency.when.name()),
            ("owner", diagnosis.owner.name()),
        ] {
            case.add_property((name, value));
        }
        if let Some(status) = report.known.status(diagnosis) {
            case.add_property(("status", status.name()));
        }
    }
    case
}

/// Whether a try is a failure that stands: what a later try made good does not.
fn has_failed(report: &Report<'_>, last: AttemptRef<'_>) -> bool {
    if report.is_ignored(last.row()) {
        return false;
    }
    totals::has_failed(last) || (report.incident_of(last.row()).is_some() && last.outcome() != Outcome::Success)
}

fn status(report: &Report<'_>, failed: &[AttemptRef<'_>], findings: &[Finding<'_>], task: &Task<'_>) -> TestCaseStatus {
    if !failed.is_empty() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let Some(first) = findings.first() else {
            status.set_message(words::UNASSIGNED);
            return status;
        };
        let told: Vec<String> = findings
            .iter()
            .take(INCIDENTS_MAX)
            .map(|finding| {
                let place = finding.place().map(|place| findings::safe(finding.report, &words::place(&place)));
                let lines = std::iter::once(finding.title()).chain(finding.lines()).chain(place.map(|place| format!("At: {place}")));
                lines.collect::<Vec<_>>().join("\n")
            })
            .collect();
        status.set_message(first.title()).set_type(first.rule()).set_description(told.join("\n\n"));
        return status;
    }
    let known = report.known;
    let ignored = task.last.values().find_map(|last| known.entry(known.ignored.get(*known.ignored_of.get(&last.row())?)?));
    if let Some(entry) = ignored {
        let mut status = TestCaseStatus::skipped();
        status.set_message(findings::safe(report, &format!("ignored: {}", known::reason(entry))));
        return status;
    }
    let has = |outcome| task.last.values().any(|last| last.outcome() == outcome);
    if has(Outcome::Success) {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::skipped();
    if !has(Outcome::Skipped) {
        status.set_message("nothing tells how it ended");
    }
    status
}
