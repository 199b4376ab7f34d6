//! Tells a report of dagnosis from a log: it repeats the words of many failures, and would be taken for a log of all of them.
//!
//! A cron that writes its report among the logs is the common case. Pages and tables are passed over by their names already; what is looked for
//! here is in the first bytes of a file whose name says nothing. Lines of logs before the report make it a log, in which somebody printed one.

use anstream::adapter::strip_bytes;

/// The first key of a report in JSON, and of one in SARIF, of whatever program; and how its value names the form.
const SCHEMAS: [(&[u8], &[u8]); 2] = [(b"\"schema\"", b"\"dagnosis.report/"), (b"\"$schema\"", b"/sarif-schema-")];

/// A key of each finding of a report for GitLab, which is a list of them.
const FINDING: &[u8] = b"\"check_name\":";

/// Within how many bytes these stand.
const KEYS_BYTES_MAX: usize = 150;

/// How the metrics begin.
const METRICS: &[u8] = b"# HELP dagnosis_";

/// How many lines of others may stand before a text: the headers of a mail, what a cron's other commands print.
const LINES_BEFORE_MAX: usize = 60;

/// Within how many lines of the verdict a text says what was read.
const VERDICT_LINES_MAX: usize = 6;

/// Whether what begins so is a report.
pub(super) fn is_own_report(head: &[u8]) -> bool {
    let plain = strip_bytes(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).into_vec();
    let first = plain.trim_ascii_start();
    let keys = &first[..first.len().min(KEYS_BYTES_MAX)];
    let has = |within: &[u8], mark: &[u8]| memchr::memmem::find(within, mark).is_some();
    match first.first() {
        Some(b'{') => {
            let schema = keys[1..].trim_ascii_start().split(|byte| *byte == b',').next().unwrap_or_default();
            SCHEMAS.iter().any(|(key, name)| schema.starts_with(key) && has(schema, name))
        }
        Some(b'[') if has(keys, FINDING) => true,
        Some(_) => first.starts_with(METRICS) || is_text(first),
        None => false,
    }
}

/// Whether a text begins with a verdict and what was read, for a person, or with what GitHub is to show.
fn is_text(text: &[u8]) -> bool {
    let mut after_verdict = None;
    for line in text.split(|byte| *byte == b'\n').take(LINES_BEFORE_MAX) {
        match after_verdict.as_mut() {
            None if is_verdict(line) => after_verdict = Some(0),
            None if begins_a_record(line) => return false,
            None => {}
            Some(_) if says_what_was_read(line) || line.starts_with(b"::error ") || line.starts_with(b"::warning ") => return true,
            Some(lines) => {
                *lines += 1;
                if *lines > VERDICT_LINES_MAX {
                    return false;
                }
            }
        }
    }
    false
}

/// Whether a line begins as records of logs do: with a bracket, or with a date.
fn begins_a_record(line: &[u8]) -> bool {
    match line {
        [b'[' | b'{', ..] => true,
        [a, b, c, d, b'-' | b'/', ..] => [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()),
        _ => false,
    }
}

/// `1 incident explains ..`, `29 incidents, 28 of them ..`, `No failure found ..`, `Nothing was read ..`; bold in a summary.
fn is_verdict(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"**").unwrap_or(line);
    let counts = after_number(line).is_some_and(|rest| rest.starts_with(b" incident"));
    counts || line.starts_with(b"No failure found") || line.starts_with(b"Nothing was read")
}

/// `Read 1,204 logs: 3.4 GB, 5,678 lines`, with what may stand behind it or, on a narrow page, on the next line.
fn says_what_was_read(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"Read ").and_then(after_number).and_then(|rest| rest.strip_prefix(b" log")) else { return false };
    let (Some(bytes), Some(lines)) = (memchr::memmem::find(rest, b": "), memchr::memmem::find(rest, b" line")) else { return false };
    bytes < lines
}

/// What stands behind a number with commas.
fn after_number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
    text.get(digits..).filter(|_| digits > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str =
        "No failure found in 1 attempt: 1 succeeded.\nRead 1 log: 294 bytes, 3 lines, written from 2026-11-20 02:00 UTC.\n";

    #[test]
    fn logs_are_no_reports() {
        for log in [
            String::new(),
            format!("[2026-11-21T06:58:57.642+0000] {{logging_mixin.py:188}} INFO - {REPORT}"),
            format!("[2026-11-21T06:58:57.642+0000] {{logging_mixin.py:188}} INFO - as follows\n{REPORT}"),
            "Read 3 logs: 1.2 kB, 7 lines\n".to_owned(),
            "12 incidents were opened\nRead 3 logs from the queue\n".to_owned(),
            "No failure found in the queue\nReading\n".to_owned(),
            r#"{"timestamp":"2026-11-20T02:11:09.120Z","level":"info","event":"wrote schema \"dagnosis.report/1\""}"#.to_owned(),
            r#"{"timestamp":"2026-11-20T02:11:09.120Z","level":"info","event":"GET /sarif-schema-2.1.0.json"}"#.to_owned(),
            r#"{"event":"GET https://json.example.org/sarif-schema-2.1.0.json","level":"info"}"#.to_owned(),
            r#"[{"timestamp":"2026-11-20T02:11:09.120Z","level":"info","event":"x"}]"#.to_owned(),
            format!("2026-11-21 06:58:57,642 INFO wrapper: dagnosis says\n{REPORT}"),
            "# HELP requests_total Requests\n".to_owned(),
        ] {
            assert!(!is_own_report(log.as_bytes()), "{log}");
        }
    }

    #[test]
    fn a_report_is_told_behind_the_lines_of_others() {
        for report in [
            REPORT.to_owned(),
            format!("\u{feff}{REPORT}"),
            format!("sending incremental file list\n\nsent 12 bytes\n{REPORT}"),
            REPORT.replace("Read", "\u{1b}[2mRead\u{1b}[0m"),
            REPORT.replace('\n', "\r\n"),
        ] {
            assert!(is_own_report(report.as_bytes()), "{report}");
        }
    }
}
