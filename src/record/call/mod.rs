//! The facts of a failing call: where it went, by which client, what it was doing, under which limit, how long it took, what came of it.
//! All of it is what the record says; what the log said before is added by who read it. What is not known is `None`, and what is only a
//! bound says so.

mod answer;
mod code;
mod endpoint;
mod library;
mod numbers;
mod phase;
mod retry;
mod template;

pub use answer::{Announced, tells_of_answer};
pub(super) use code::may_name_address;
pub(super) use endpoint::ENDPOINT_LITERALS;
pub use endpoint::{Endpoint, EndpointNames, Target, endpoints_in};
pub use numbers::{Bound, Bounded, Bytes, Timeout, TimeoutKind};
pub use phase::{Connection, Phase};
pub(super) use retry::RETRY_LITERALS;
pub use retry::{Retries, RetryLine, retry_line};

use serde::{Deserialize, Serialize};

use super::{Chain, Exception, Record, head_of};
use crate::time::Span;

/// What is known of a call that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Where it went.
    pub endpoint: Option<Endpoint>,
    /// The HTTP method.
    pub method: Option<String>,
    /// The client library, by its name: `requests`, `psycopg2`, ..
    #[serde(default, deserialize_with = "library::read")]
    pub library: Option<LibraryName>,
    /// What it was doing.
    pub phase: Option<Phase>,
    /// What is known of its connection.
    pub connection: Option<Connection>,
    /// The time limit it was under.
    pub timeout: Option<Timeout>,
    /// How long it took, its own retries included.
    pub elapsed: Option<Bounded>,
    /// Its retries.
    pub retries: Retries,
    /// Sizes of what was sent or received.
    pub bytes: Option<Bytes>,
    /// Time from the last sign of its endpoint in the log to the call's begin.
    pub idle: Option<Bounded>,
    /// The silence of the log before it: idle time of a connection, if one was used before. At most that long where no line tells when the call
    /// began, for then the call itself may have taken all of it.
    pub silence: Option<Bounded>,
}

/// One of the names that libraries have here.
pub type LibraryName = &'static str;

impl Call {
    /// What a record says of the call that failed in it.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let chain = &record.chain;
        if !chain.exceptions.is_empty() {
            return Self::of_chain(chain);
        }
        Self::of_text(&record.text)
    }

    /// What the text of a record without exceptions says of a call.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let message = head_of(text, TEXT_BYTES_MAX).to_owned();
        // Words are read the same way wherever they stand.
        Self::of_chain(&Chain { exceptions: vec![Exception { message, ..Exception::default() }], ..Chain::default() })
    }

    fn of_chain(chain: &Chain) -> Self {
        // A note says what its exception's message does not.
        let notes = chain.exceptions.iter().flat_map(|exception| exception.notes.iter().map(String::as_str));
        let messages = chain.exceptions.iter().map(|exception| exception.message.as_str()).chain(notes);
        let timeout = numbers::timeout_of(chain);
        Self {
            endpoint: endpoint::failing(messages),
            method: library::method_of(chain).map(str::to_owned),
            library: library::library_of(chain),
            phase: phase::phase_of(chain),
            connection: phase::connection_of(chain),
            timeout,
            elapsed: numbers::elapsed_of(chain),
            bytes: numbers::bytes_of(chain),
            ..Self::default()
        }
    }

    /// The endpoint of a literal in the user's own source, where the call began: less sure than one that the record names itself.
    #[must_use]
    pub fn endpoint_in_code(chain: &Chain) -> Option<Endpoint> {
        code::in_frames(chain)
    }

    /// Whether anything is known that only a call to somewhere has.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.endpoint.is_some() || self.library.is_some() || self.phase.is_some() || self.timeout.is_some() || self.bytes.is_some()
    }

    /// How long it took at most; `None` where only a lower bound is known.
    #[must_use]
    pub fn elapsed_at_most(&self) -> Option<Span> {
        self.elapsed.and_then(Bounded::at_most)
    }

    /// Adds what the lines before the record say: `since` the record before, the lines that told of retries, and the line that announced the
    /// call last.
    pub fn add_before(
        &mut self,
        since: Option<Span>,
        silence: Option<Span>,
        retries: &[RetryLine],
        announced: Option<&Announced>,
        chain: &Chain,
    ) {
        let at_most = since.map(|span| Bounded { span, bound: Bound::AtMost });
        // A limit that was reached is what the call took at the least.
        let reached = || {
            let limit = self.timeout.and_then(|timeout| timeout.limit).filter(|_| says_timed_out(chain))?;
            Some(Bounded { span: limit, bound: Bound::AtLeast })
        };
        self.elapsed = self.elapsed.or(at_most).or_else(reached);
        let bound = if silence == since { Bound::AtMost } else { Bound::Exact };
        self.silence = silence.map(|span| Bounded { span, bound });
        let exhausted = chain.exceptions.iter().any(|exception| exception.message.contains("Max retries exceeded"));
        self.retries = if self.is_known() { retry::retries_of(retries, self.endpoint.as_ref(), exhausted) } else { Retries::default() };
        if let (Some(announced), Some(endpoint)) = (announced, &self.endpoint)
            && announced.keys.contains(&endpoint.key())
        {
            self.method = self.method.take().or_else(|| announced.method.map(str::to_owned));
            self.timeout = match (self.timeout, announced.timeout) {
                (Some(Timeout { limit: None, kind }), Some(told)) => Some(Timeout { limit: told.limit, kind }),
                (own, told) => own.or(told),
            };
        }
    }
}

/// How much of a record without exceptions is read.
const TEXT_BYTES_MAX: usize = 4000;

/// Whether a call ended because its limit was reached: other failures may name a limit too.
fn says_timed_out(chain: &Chain) -> bool {
    chain.exceptions.iter().any(|exception| {
        let class = exception.class.to_ascii_lowercase();
        class.contains("timeout") || exception.message.contains("timed out") || exception.message.contains("exceeded")
    })
}

#[cfg(test)]
mod said_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(exceptions: &str) -> (Call, Chain) {
        let record = Record::from_text(&format!(
            "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/requests/api.py\", line 1, in get\n{exceptions}"
        ));
        (Call::of(&record), record.chain)
    }

    const READ: &str = "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='api.lab', port=443): Read timed out. (read timeout=2)";

    #[test]
    fn a_call_by_its_exception() {
        let (call, _) = call(READ);
        assert_eq!(call.endpoint.as_ref().map(Endpoint::key).as_deref(), Some("api.lab:443"));
        assert_eq!((call.method.as_deref(), call.library), (Some("GET"), Some("requests")));
        assert_eq!(call.timeout, Some(Timeout { limit: Some(Span::seconds(2)), kind: Some(TimeoutKind::Read) }));
        assert_eq!((call.elapsed, call.idle, call.bytes, call.retries), (None, None, None, Retries::default()));
        assert!(call.is_known());
        assert!(!Call::of(&Record::from_text("ValueError: x")).is_known());
    }

    #[test]
    fn elapsed_is_what_is_stated_or_a_bound() {
        let elapsed = |text: &str, since: Option<Span>| {
            let (mut call, chain) = call(text);
            call.add_before(since, None, &[], None, &chain);
            call.elapsed.map(|elapsed| (elapsed.span, elapsed.bound))
        };
        assert_eq!(elapsed(READ, Some(Span::seconds(9))), Some((Span::seconds(9), Bound::AtMost)));
        assert_eq!(elapsed(READ, None), Some((Span::seconds(2), Bound::AtLeast)));
        assert_eq!(elapsed("OSError: call failed, elapsed 3 s", Some(Span::seconds(9))), Some((Span::seconds(3), Bound::Exact)));
        assert_eq!(elapsed("OSError: x", None), None);
    }

    #[test]
    fn the_line_before_tells_method_and_limit() {
        let announced = Announced::of;
        let line = announced("POST https://api.lab/v1/x timeout=20");
        let (mut known, chain) = call("requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.lab', port=443): x");
        known.method = None;
        known.add_before(None, None, &[], line.as_ref(), &chain);
        assert_eq!((known.method.as_deref(), known.timeout.and_then(|timeout| timeout.limit)), (Some("POST"), Some(Span::seconds(20))));
        assert_eq!(known.timeout.and_then(|timeout| timeout.kind), None);
        let other = announced("POST https://other.lab/v1/x timeout=20");
        let (mut unknown, chain) = call("OSError: HTTPSConnectionPool(host='api.lab', port=443): x");
        unknown.add_before(None, None, &[], other.as_ref(), &chain);
        assert_eq!(unknown.timeout, None);
        // An answer announces nothing.
        assert_eq!(announced("POST https://api.lab/v1/x 200 OK timeout=20"), None);
        assert_eq!(announced("nothing"), None);
    }
}
