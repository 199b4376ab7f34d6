//! Which logs are too old to be looked at, where a person names a time: by when they were last written and by the date in their names.
//!
//! One alone would mislead. A backfill writes logs of runs that are years old today, and a run that ends late has an older date than its
//! last line; so the time of writing counts. An archive may be unpacked with times of its own, though, and what a log's name says of its
//! run is sure: a log is left out only where nothing speaks against it.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use super::{Source, run_date};
use crate::error::{Error, Problem, ProblemKind};
use crate::time::{Timestamp, Zone, parse_prefix};

/// Logs last written before this are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since(Timestamp);

impl Since {
    /// Reads a date, at whose start it begins, or a time; in `zone` where it names none.
    ///
    /// # Errors
    /// [`Error::Usage`] for anything else.
    pub fn new(text: &str, zone: &Zone) -> Result<Self, Error> {
        // A date alone; a time without its seconds, with or without a zone behind it.
        let minutes = text.get(..16).zip(text.get(16..)).map(|(time, zone)| format!("{time}:00{zone}")).unwrap_or_default();
        let forms = [text.to_owned(), format!("{text}T00:00:00"), minutes];
        let whole = |form: &String| parse_prefix(form.as_bytes(), zone).filter(|(_, taken)| *taken == form.len()).map(|(at, _)| at);
        forms.iter().find_map(whole).map(Self).ok_or_else(|| {
            Error::Usage(format!(
                "--since {text}: write a date or a time, such as 2026-11-20, 2026-11-20T06:00 or 2026-11-20T06:00+01:00. How long ago that was depends on \
                 when the report is made, so let the shell reckon it: --since \"$(date -d '36 hours ago' +%FT%T%z)\""
            ))
        })
    }

    /// Whether a log is left out: it was last written before, and its name gives no later date.
    pub(super) fn leaves_out(self, written: Option<Timestamp>, source: impl FnOnce() -> Source) -> bool {
        let is_before = |time: Timestamp| time < self.0;
        written.is_some_and(is_before) && source().task.run_id.as_deref().and_then(run_date).is_none_or(is_before)
    }

    /// What to say of logs below a folder or in an archive that were left out, if there are any.
    pub(super) fn problem(self, path: &str, count: u64) -> Option<Problem> {
        let verb = if count == 1 { "log in it was" } else { "logs in it were" };
        let problem =
            || Problem { path: path.to_owned(), member: None, kind: ProblemKind::TooOld, says: format!("{count} {verb} {}", self.says()) };
        (count > 0).then(problem)
    }

    /// What to say of those that were left out, as the end of a sentence.
    pub(super) fn says(self) -> String {
        format!("last written before {} and not read (--since)", self.0)
    }
}

/// When a file was last written, where the file system knows.
pub(super) fn written(about: &Metadata) -> Option<Timestamp> {
    let since_epoch = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_micros()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn a_date_or_a_time_is_read() {
        let zone = Zone::named("+01:00").unwrap();
        let day = Since::new("2026-11-20T00:00:00+01:00", &zone).unwrap();
        for text in [
            "2026-11-20",
            "2026-11-20T00:00",
            "2026-11-20 00:00:00",
            "2026-11-19T23:00Z",
            "2026-11-19T23:00:00.000Z",
            "2026-11-19T23:00+00:00",
        ] {
            assert_eq!(Since::new(text, &zone).unwrap(), day, "{text}");
        }
        for text in [
            "",
            "36h",
            "7d",
            "yesterday",
            "2026-13-01",
            "2026-11-20T",
            "2026-11-20x",
            "2026-11-20T00:00:00x",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            let Err(Error::Usage(says)) = Since::new(text, &zone) else { panic!("{text}") };
            assert!(says.contains("such as 2026-11-20"), "{says}");
        }
    }

    #[test]
    fn a_log_is_left_out_where_nothing_speaks_against_it() {
        let zone = Zone::default();
        let since = Since::new("2026-11-20", &zone).unwrap();
        let at = |text: &str| parse_prefix(text.as_bytes(), &zone).map(|(at, _)| at);
        let (old, new) = (at("2026-11-19T23:59:59Z"), at("2026-11-20T00:00:00Z"));
        let of_run = |run: &str| Source::named(&format!("dag_id=a/run_id={run}/task_id=t/attempt=1.log"), None);
        let cases = [
            (old, "scheduled__2026-11-18T00:00:00+00:00", true),
            (old, "mine", true),
            // Written by somebody who does not keep times.
            (old, "scheduled__2026-11-20T00:00:00+00:00", false),
            // A backfill.
            (new, "scheduled__2020-01-01T00:00:00+00:00", false),
            (new, "mine", false),
            (None, "scheduled__2020-01-01T00:00:00+00:00", false),
        ];
        for (written, run, want) in cases {
            assert_eq!(since.leaves_out(written, || of_run(run)), want, "{written:?} {run}");
        }
    }
}
