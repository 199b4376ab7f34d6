//! What the lines before a failure say of calls: the retries, and the line that announced a call last. Kept as text and read only when
//! something fails.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::record::{
    Announced, Call, EndpointNames, Glance, RawRecord, Record, RetryLine, TimeoutKind, head_of, retry_line, tells_of_answer,
};
use crate::time::{Span, Timestamp};

use super::EndpointUse;
use super::reading::Reading;

/// How many endpoints are kept of one log.
const ENDPOINTS_MAX: usize = 32;

/// How many lines about retries are remembered; a client that retries more often than this has its last ones counted.
const RETRIES_MAX: usize = 64;

/// How much of a line that names an endpoint is remembered.
const MENTION_BYTES: usize = 600;

/// What is remembered of one log.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Calls {
    retries: Vec<RetryLine>,
    mention: String,
    /// Only saves work.
    #[serde(skip)]
    names: EndpointNames,
}

impl Calls {
    /// Takes a line without an exception, if it tells of a retry.
    pub(super) fn take_retry(&mut self, text: &str) {
        if let Some(retry) = retry_line(text) {
            if self.retries.len() == RETRIES_MAX {
                self.retries.remove(0);
            }
            self.retries.push(retry);
        }
    }

    /// Takes a line that names an endpoint.
    pub(super) fn take_mention(&mut self, text: &str) {
        self.mention.clear();
        self.mention.push_str(head_of(text, MENTION_BYTES));
    }

    /// The call that failed in a record. `since`: time since the record before; `silence`: the one that may have been a connection's idle time.
    pub(super) fn failed(&self, record: &Record, since: Option<Span>, silence: Option<Span>) -> Call {
        let mut call = Call::of(record);
        // When the task's time is up Airflow says so in a line of its own, just before the traceback: the call lies before that line.
        let (since, silence) = match call.timeout.and_then(|timeout| timeout.kind) {
            Some(TimeoutKind::Execution) => (silence, silence),
            _ => (since, silence),
        };
        let announced = Announced::of(&self.mention);
        call.add_before(since, silence, &self.retries, announced.as_ref(), &record.chain);
        call
    }
}

impl Reading<'_> {
    /// Takes a record of one line in which nothing stands but what may be an endpoint's name, if it is one of those that are told at a glance.
    pub(super) fn mention_of_endpoint(&mut self, line: &[u8]) -> bool {
        let raw = RawRecord { bytes: line, line_count: 1, ..RawRecord::default() };
        let glance = Glance::of(&raw, self.observer.dialects);
        glance.map(|glance| self.endpoints(&glance.text, Some(glance.time))).is_some()
    }

    /// Notes which endpoints a line names that tells of no exception: what a traceback's text names is the failing call itself, and its
    /// documentation links are none at all.
    pub(super) fn endpoints(&mut self, text: &str, time: Option<Timestamp>) {
        let mut names = false;
        let (endpoints, cut) = (&mut self.state.log.endpoints, &mut self.state.log.endpoints_cut);
        let mut answer = None;
        self.state.calls.names.each_in(text, &mut |endpoint: Arc<str>| {
            let answered = *answer.get_or_insert_with(|| tells_of_answer(text).then_some(time).flatten());
            names = true;
            if let Some(known) = endpoints.get_mut(&endpoint) {
                known.count += 1;
                known.last = time.or(known.last);
                known.answered = answered.or(known.answered);
            } else if endpoints.len() == ENDPOINTS_MAX {
                *cut = true;
            } else {
                endpoints.add(endpoint, EndpointUse { count: 1, first: time, last: time, answered });
            }
        });
        if names {
            self.state.calls.take_mention(text);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::record::Dialects;
    use crate::rule::load;
    use crate::scan::{Observation, observe};
    use crate::source::Source;

    fn log(text: &str) -> Observation {
        let rules = load(&[], true).unwrap();
        let observed = observe(Source::named("attempt=1.log", None), &mut text.as_bytes(), &rules, &Dialects::default());
        observed.observations.into_iter().next().unwrap()
    }

    fn names(log: &Observation) -> String {
        log.endpoints.keys().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_healthy_log_of_any_dialect_names_its_endpoints() {
        let says = "Sending 'POST' to url: https://Orders.example.com./v1/bulk?key=secret";
        let text = format!("[2026-11-21T08:00:00.000+0000] {{http.py:190}} INFO - {says}\n");
        let old = format!("[2026-11-21 08:00:00,000] {{http.py:190}} INFO - {says}\n");
        let json = format!("{{\"timestamp\":\"2026-11-21T08:00:00Z\",\"level\":\"info\",\"event\":\"{says}\",\"logger\":\"x\"}}\n");
        let envelope = format!(
            "{{\"log\":\"[2026-11-21T08:00:00.000+0000] {{http.py:190}} INFO - {says}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T08:00:00Z\"}}\n"
        );
        for text in [text, old, json, envelope] {
            assert_eq!(names(&log(&text)), "orders.example.com:443", "{text}");
        }
    }

    #[test]
    fn healthy_and_failing_lines_name_an_endpoint_in_one_form() {
        let line = |says: &str| format!("[2026-11-21T08:00:00.000+0000] {{x.py:1}} INFO - {says}\n");
        let pairs = [
            ("GET http://user:pw@API.example.com/v1?token=x", "HTTPConnectionPool(host='api.example.com', port=80): Read timed out."),
            ("GET https://api.example.com./v1", "HTTPSConnectionPool(host='api.example.com', port=443): x"),
            ("GET https://[FD00:0:0::5]/v1", "HTTPSConnectionPool(host='fd00::5', port=443): x"),
            ("postgresql://loader:***@DB.example.com/orders", "connection to server at \"db.example.com\" (10.0.0.1), port 5432 failed: x"),
            ("redis://cache.example.com/0", "Error 111 connecting to cache.example.com:6379. Connection refused."),
            ("s3a://Lake/part-1", "cannot read s3://lake/part-2"),
            (
                "<BrokerConnection node_id=1 host=kafka.example.com:9092 <connected> [IPv4 ('10.0.0.9', 9092)]>: Connection complete.",
                "<BrokerConnection node_id=2 host=kafka.example.com:9092 <connecting> [IPv4 ('10.0.0.9', 9092)]> returned error 111",
            ),
        ];
        for (healthy, failing) in pairs {
            let failing = Call::of_text(failing).endpoint.map(|endpoint| endpoint.key()).unwrap_or_default();
            assert_eq!(names(&log(&line(healthy))), failing, "{healthy}");
        }
    }

    #[test]
    fn a_log_tells_which_code_its_task_ran() {
        let line = |event: &str, rest: &str| {
            format!("{{\"timestamp\":\"2026-11-21T08:00:00Z\",\"level\":\"info\",\"event\":\"{event}\",{rest},\"logger\":\"task\"}}\n")
        };
        let parsed = |version: &str| {
            line(
                "Worker startup parse complete",
                &format!("\"bundle_name\":\"etl\",\"bundle_version\":{version},\"dag_file\":\"orders.py\""),
            )
        };
        let pushed = line("Pushing xcom", "\"ti\":\"RuntimeTaskInstance(id=UUID('01a1'), dag_version_id=UUID('01b2'), hostname='w')\"");
        let shown =
            |text: &str| log(text).versions.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ");
        assert_eq!(shown(&(parsed("\"4f1c\"") + &pushed)), "bundle etl, bundle_version 4f1c, dag_version 01b2");
        // Without versions of its own a bundle has none; of a task that was taken up again the last counts.
        assert_eq!(shown(&parsed("null")), "bundle etl");
        assert_eq!(shown(&(parsed("\"4f1c\"") + &parsed("\"5a2d\""))), "bundle etl, bundle_version 5a2d");
        // Somebody else's words in a task's log.
        let other = parsed("\"4f1c\"").replace("\"logger\":\"task\"", "\"logger\":\"jobs.orders\"");
        assert_eq!(shown(&other), "");
    }

    #[test]
    fn a_log_with_more_endpoints_than_are_kept_says_so() {
        let lines = |count: usize| -> String {
            (0..count)
                .map(|number| format!("[2026-11-21T08:00:00.000+0000] {{x.py:1}} INFO - GET http://host-{number}.example.com/\n"))
                .collect()
        };
        let (full, more) = (log(&lines(ENDPOINTS_MAX)), log(&lines(ENDPOINTS_MAX + 1)));
        assert_eq!((full.endpoints.len(), full.endpoints_cut), (ENDPOINTS_MAX, false));
        assert_eq!((more.endpoints.len(), more.endpoints_cut), (ENDPOINTS_MAX, true));
        let twice = log(&lines(ENDPOINTS_MAX).repeat(2));
        assert_eq!((twice.endpoints.len(), twice.endpoints_cut), (ENDPOINTS_MAX, false));
    }
}
