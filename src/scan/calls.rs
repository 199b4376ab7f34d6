//! What the lines before a failure say of calls: the retries, and the line that announced a call last. Kept as text and read only when
//! something fails.

use crate::record::{Announced, Call, Record, RetryLine, TimeoutKind, endpoints_in, head_of, retry_line, tells_of_answer};
use crate::time::Span;

use super::EndpointUse;
use super::reading::Reading;

/// How many endpoints are kept of one log.
const ENDPOINTS_MAX: usize = 32;

/// How many lines about retries are remembered; a client that retries more often than this has its last ones counted.
const RETRIES_MAX: usize = 64;

/// How much of a line that names an endpoint is remembered.
const MENTION_BYTES: usize = 600;

/// What is remembered of one log.
#[derive(Debug, Default)]
pub(super) struct Calls {
    retries: Vec<RetryLine>,
    mention: String,
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
    /// Notes which endpoints a line names that tells of no exception.
    pub(super) fn endpoints(&mut self, record: &Record) {
        // What a traceback's text names is the failing call itself, and its documentation links are none at all.
        if !record.chain.exceptions.is_empty() {
            return;
        }
        let mut names = false;
        let endpoints = &mut self.log.endpoints;
        let mut answer = None;
        endpoints_in(&record.text, |endpoint| {
            let answered = *answer.get_or_insert_with(|| tells_of_answer(&record.text).then_some(record.time).flatten());
            names = true;
            if let Some(known) = endpoints.get_mut(&endpoint) {
                known.count += 1;
                known.last = record.time.or(known.last);
                known.answered = answered.or(known.answered);
            } else if endpoints.len() < ENDPOINTS_MAX {
                endpoints.add(endpoint.into(), EndpointUse { count: 1, first: record.time, last: record.time, answered });
            }
        });
        if names {
            self.calls.take_mention(&record.text);
        }
    }
}
