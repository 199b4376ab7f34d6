//! Sends the report to a program or an address when something in it is grave enough. What is sent is the JSON report, on standard input or as a request's
//! body: no text of a log stands on a command line, in the environment or in an address.

mod exec;
#[cfg(feature = "webhook")]
mod webhook;

use std::time::Duration;

use crate::cli::Diagnose;
use crate::error::Error;
use crate::record::Outcome;
use crate::report::{Format, Mask, Masking, Report};

use super::threshold::Threshold;

/// How long a program or an answer may take, where nothing else is said.
const SECONDS: u64 = 30;

/// Whom to tell.
#[derive(Debug)]
enum Target {
    Exec(exec::Program),
    #[cfg(feature = "webhook")]
    Webhook(webhook::Webhook),
}

/// Whom to tell of what.
#[derive(Debug)]
pub(super) struct Notify {
    targets: Vec<Target>,
    from: Threshold,
    timeout: Duration,
    /// What is sent leaves the terminal of whom asked not to mask.
    mask: Mask,
}

impl Notify {
    /// What the command line asks for; where it does not say when, as the exit code goes.
    pub(super) fn new(arguments: &Diagnose, fail_on: Threshold) -> Result<Self, Error> {
        let asked = &arguments.notify;
        let from = match asked.notify_on.as_slice() {
            [] => fail_on,
            words => Threshold::of("--notify-on", words, arguments.knows_earlier())?,
        };
        if !asked.notify.is_empty() && from.is_never() {
            let option = if asked.notify_on.is_empty() { "--fail-on" } else { "--notify-on" };
            let says = format!("{option} never: --notify would never send anything; say from which severity on, such as --notify-on high");
            return Err(Error::Usage(says));
        }
        let programs = asked.notify.iter().filter(|target| target.starts_with("exec:")).count();
        if programs != 1 && !asked.notify_args.is_empty() {
            let says =
                format!("--notify-arg belongs to one --notify exec:PROGRAM, and there are {programs}; name one program, such as a script");
            return Err(Error::Usage(says));
        }
        let targets = asked.notify.iter().map(|target| Self::target(target, &asked.notify_args)).collect::<Result<_, _>>()?;
        let mask = Mask::new(&Masking { off: false, ..arguments.mask.masking() })?;
        Ok(Self { targets, from, timeout: Duration::from_secs(asked.notify_timeout.unwrap_or(SECONDS)), mask })
    }

    /// A target. What it is not stands in no message: an address may hold a secret.
    fn target(target: &str, arguments: &[String]) -> Result<Target, Error> {
        let usage = |says: &str| Err(Error::Usage(says.to_owned()));
        if let Some(program) = target.strip_prefix("exec:") {
            if program.is_empty() {
                return usage("--notify exec: names no program; write --notify exec:/path/to/program");
            }
            return Ok(Target::Exec(exec::Program { name: program.to_owned(), arguments: arguments.to_vec() }));
        }
        if !["https://", "http://"].iter().any(|scheme| target.starts_with(scheme)) {
            return usage("--notify: neither a program nor an address; write exec:PROGRAM, https://.. or http://..");
        }
        #[cfg(feature = "webhook")]
        return webhook::Webhook::new(target).map(Target::Webhook).map_err(Error::Usage);
        #[cfg(not(feature = "webhook"))]
        usage(
            "--notify: this program was built without webhooks; use one built with cargo build --release --features webhook, or have a program \
             send what it gets: --notify exec:curl",
        )
    }

    /// Tells all targets, if anything is grave enough; the errors of those that could not be told come together.
    pub(super) fn send(&self, report: &Report<'_>) -> Result<(), Error> {
        let grave = report.diagnosed.diagnoses.iter().filter(|diagnosis| self.from.is_reached(diagnosis, report.known)).count();
        if self.targets.is_empty() || grave == 0 {
            return Ok(());
        }
        let report = Report { mask: &self.mask, ..*report };
        let failed = |outcome| matches!(outcome, Outcome::Failed | Outcome::UpForRetry);
        let counts = [
            ("DAGNOSIS_INCIDENTS", report.diagnosed.diagnoses.len()),
            ("DAGNOSIS_INCIDENTS_GRAVE", grave),
            ("DAGNOSIS_FAILED_ATTEMPTS", report.attempts.iter().filter(|attempt| attempt.is_task() && failed(attempt.outcome())).count()),
            ("DAGNOSIS_PROBLEMS", report.problems.len()),
        ];
        let told = |target: &Target| match target {
            Target::Exec(program) => program.run(json(&report)?, &counts, self.timeout),
            #[cfg(feature = "webhook")]
            Target::Webhook(webhook) => webhook.post(&report, self.timeout),
        };
        let failures: Vec<String> = self.targets.iter().filter_map(|target| told(target).err()).collect();
        if failures.is_empty() { Ok(()) } else { Err(Error::Notify(failures.join("\n"))) }
    }
}

/// The report as it is sent.
fn json(report: &Report<'_>) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    report.write(Format::Json, &mut body).map_err(|error| error.to_string())?;
    Ok(body)
}
