//! The report as metrics, in Prometheus' text format: counts, for the textfile collector of node_exporter. Nothing of a log's text is in them, for each
//! new text would be a new series.
//!
//! A metric that counts by a short list of words has a series for each word, also where it counts none: a series that is absent is neither 0 nor an
//! alert that ends. What incidents are against earlier runs is there only where something tells of these: without it nobody knows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use crate::diagnose::{Diagnosis, When};
use crate::known::Status;
use crate::rule::Severity;

use super::{Report, totals::Totals, words};

/// The label of incidents whose cause is not known.
const UNKNOWN: &str = "unknown";

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = Totals::of(report);
    let diagnoses = &report.diagnosed.diagnoses;
    let stats = &report.stats;

    metric(out, "dagnosis_build_info", "The version of dagnosis; always 1.", &[(&[("version", env!("CARGO_PKG_VERSION"))], 1)])?;
    let outcomes = [
        ("failed", totals.failed),
        ("up_for_retry", totals.up_for_retry),
        ("success", totals.succeeded),
        ("skipped", totals.skipped),
        ("unfinished", totals.unfinished),
        ("unknown", totals.unknown),
    ];
    by(out, "dagnosis_attempts", "Tries of tasks that were read, by how they ended.", "outcome", outcomes)?;
    let failed = totals.failed + totals.up_for_retry;
    one(out, "dagnosis_failed_attempts", "Tries of tasks that failed, for good or with another try to come.", failed)?;
    one(out, "dagnosis_failed_attempts_unassigned", "Tries of tasks that failed and belong to no incident.", totals.unassigned)?;
    one(out, "dagnosis_recovered_attempts", "Tries of tasks that failed and whose task succeeded on a later try.", totals.recovered)?;

    let count = |is_one: &dyn Fn(&Diagnosis) -> bool| diagnoses.iter().filter(|diagnosis| is_one(diagnosis)).count() as u64;
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let severities = severities.map(|severity| (severity.name(), count(&|diagnosis| diagnosis.severity == severity)));
    by(out, "dagnosis_incidents", "Incidents, by how severe they are.", "severity", severities)?;
    let urgencies = [When::Now, When::Today, When::WhenConvenient];
    let urgencies = urgencies.map(|when| (when.name(), count(&|diagnosis| diagnosis.urgency.when == when)));
    by(out, "dagnosis_incidents_by_urgency", "Incidents, by when somebody should look.", "when", urgencies)?;
    let mut causes = BTreeMap::from([(UNKNOWN, 0_u64)]);
    for diagnosis in diagnoses {
        let cause = words::best(diagnosis, report.rules).map_or(UNKNOWN, |(_, cause)| &cause.id);
        *causes.entry(cause).or_default() += 1;
    }
    by(out, "dagnosis_incidents_by_cause", "Incidents, by the id of their most likely cause.", "cause", causes)?;
    let known = report.known;
    if known.history.is_some() || known.baseline.is_some() {
        let statuses = [Status::New, Status::Regressed, Status::Recurring]
            .map(|status| (status.name(), count(&|diagnosis| known.status(diagnosis) == Some(status))));
        let resolved = known.history.iter().map(|history| (Status::Resolved.name(), history.resolved.len() as u64));
        let help = "Incidents, by what they are against earlier runs; resolved: since the last one.";
        by(out, "dagnosis_incidents_by_status", help, "status", statuses.into_iter().chain(resolved))?;
    }
    one(out, "dagnosis_incidents_ignored", "Incidents that the settings ignore; no other metric counts them.", known.ignored.len() as u64)?;
    let expired = known.expired().count() as u64;
    one(out, "dagnosis_ignore_entries_expired", "Entries of the settings whose last day is over; the exit code is 2.", expired)?;

    one(out, "dagnosis_files", "Files that were opened.", stats.files)?;
    one(out, "dagnosis_logs", "Logs that were read; an archive holds many.", stats.logs)?;
    one(out, "dagnosis_lines", "Lines of logs that were read.", stats.lines)?;
    one(out, "dagnosis_read_bytes", "Bytes of logs that were read, after unpacking.", stats.bytes)?;
    let unread = report.problems.iter().filter(|problem| problem.kind.is_unread()).count() as u64;
    one(out, "dagnosis_unread_inputs", "Inputs that could not be read, or not to their end; the exit code is 3.", unread)?;
    let problems = report.problems_by_kind();
    if !problems.is_empty() {
        let kinds = problems.iter().map(|(kind, problems)| (kind.name(), problems.len() as u64));
        by(out, "dagnosis_problems", "Notes on what was not read or not understood, by kind.", "kind", kinds)?;
    }
    Ok(())
}

/// Writes behind the report how long the run took and when it ended, as the time since 1970. The report itself knows no clock.
///
/// # Errors
/// Only those of the writer.
pub fn write_times(took: Duration, ended: Duration, out: &mut dyn Write) -> io::Result<()> {
    for (name, help, value) in [
        ("dagnosis_run_duration_seconds", "How long the run took.", took),
        ("dagnosis_run_end_timestamp_seconds", "When the run ended, as a Unix time.", ended),
    ] {
        head(out, name, help)?;
        writeln!(out, "{name} {:.3}", value.as_secs_f64())?;
    }
    Ok(())
}

fn head(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

/// A metric without labels.
fn one(out: &mut dyn Write, name: &str, help: &str, value: u64) -> io::Result<()> {
    metric(out, name, help, &[(&[], value)])
}

/// A metric with one label.
fn by<'a>(out: &mut dyn Write, name: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'a str, u64)>) -> io::Result<()> {
    head(out, name, help)?;
    values.into_iter().try_for_each(|(value, count)| sample(out, name, &[(label, value)], count))
}

fn metric(out: &mut dyn Write, name: &str, help: &str, samples: &[(&[(&str, &str)], u64)]) -> io::Result<()> {
    head(out, name, help)?;
    samples.iter().try_for_each(|(labels, value)| sample(out, name, labels, *value))
}

fn sample(out: &mut dyn Write, name: &str, labels: &[(&str, &str)], value: u64) -> io::Result<()> {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    if labels.is_empty() { writeln!(out, "{name} {value}") } else { writeln!(out, "{name}{{{}}} {value}", labels.join(",")) }
}

/// The value of a label, as it stands between quotes.
fn escaped(value: &str) -> Cow<'_, str> {
    if value.contains(['\\', '"', '\n']) {
        value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").into()
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn a_value_of_a_label_ends_where_it_should() {
        let mut out = Vec::new();
        sample(&mut out, "m", &[("l", "a\\\"b\nc"), ("k", "plain")], 7).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "m{l=\"a\\\\\\\"b\\nc\",k=\"plain\"} 7\n");
    }

    #[test]
    fn times_are_seconds() {
        let mut out = Vec::new();
        write_times(Duration::from_millis(1250), Duration::from_secs(1_800_000_000), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\ndagnosis_run_duration_seconds 1.250\n"), "{text}");
        assert!(text.ends_with("\ndagnosis_run_end_timestamp_seconds 1800000000.000\n"), "{text}");
    }
}
