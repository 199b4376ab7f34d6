//! Tells a report of dagnosis from a log: it repeats the words of many failures, and would be taken for a log of all of them.
//!
//! A cron that writes its report among the logs is the common case. Pages and tables are passed over by their names already; what is looked for
//! here is in the first bytes of any file.

/// How a report in JSON names its form, and one in SARIF, of whatever program.
const SCHEMAS: [&[u8]; 2] = [b"\"dagnosis.report/", b"/sarif-schema-"];

/// Within how many bytes: it stands first.
const SCHEMA_BYTES_MAX: usize = 150;

/// How the metrics begin.
const METRICS: &[u8] = b"# HELP dagnosis_";

/// Within how many lines a text, a mail or a summary says what was read.
const LINES_MAX: usize = 12;

/// Whether what begins so is a report.
pub(super) fn is_own_report(head: &[u8]) -> bool {
    let first = head.trim_ascii_start();
    match first.first() {
        Some(b'{') => {
            let schema = &first[..first.len().min(SCHEMA_BYTES_MAX)];
            schema
                .split(|byte| *byte == b',')
                .next()
                .is_some_and(|key| SCHEMAS.iter().any(|name| memchr::memmem::find(key, name).is_some()))
        }
        Some(b'#') if first.starts_with(METRICS) => true,
        Some(_) => first.split(|byte| *byte == b'\n').take(LINES_MAX).any(says_what_was_read),
        None => false,
    }
}

/// `Read 1,204 logs: 3.4 GB, 5,678 lines`, with what may stand behind it or, on a narrow page, on the next line.
fn says_what_was_read(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"Read ") else { return false };
    let number = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
    let Some(rest) = rest[number..].strip_prefix(b" log").filter(|_| number > 0) else { return false };
    let rest = rest.strip_prefix(b"s").unwrap_or(rest);
    let (Some(bytes), Some(lines)) = (memchr::memmem::find(rest, b": "), memchr::memmem::find(rest, b" line")) else { return false };
    bytes < lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_no_reports() {
        for log in [
            "",
            "[2026-11-21T06:58:57.642+0000] {a.py:1} INFO - Read 3 logs: 1.2 kB, 7 lines\n",
            "Read 3 logs from the queue\n",
            "Read all logs: 1.2 kB, 7 lines\n",
            "Reading\n",
            r#"{"timestamp":"2026-11-20T02:11:09.120Z","level":"info","event":"wrote schema dagnosis.report/1"}"#,
            r#"{"timestamp":"2026-11-20T02:11:09.120Z","level":"info","event":"made 'sarif'"}"#,
            "# HELP requests_total Requests\n",
        ] {
            assert!(!is_own_report(log.as_bytes()), "{log}");
        }
    }
}
