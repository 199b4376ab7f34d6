//! Whether repeating a call can do harm: by how far it got and by its method. A POST that may have been processed is never called safe.

use crate::attempt::Failure;
use crate::record::{Connection, Phase, TimeoutKind};
use crate::rule::RetrySafe;
use crate::time::Span;

/// A call on an old connection that ended sooner than this was closed before the server could have worked on it: a round trip and the least work take
/// longer on most networks, and a connection that the server had closed already fails within milliseconds.
const AT_ONCE_MAX: Span = Span(100_000);

/// Methods that change nothing, by RFC 9110, section 9.2.1.
const METHODS_THAT_READ: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// Methods that may be repeated by RFC 9110, section 9.2.2, if the server keeps to it.
const METHODS_TO_REPEAT: [&str; 2] = ["PUT", "DELETE"];

/// Words with which HTTP/2 says that a request was not processed.
const NOT_PROCESSED_WORDS: [&str; 2] = ["REFUSED_STREAM", "RefusedStream"];

/// What is known of a failing call, as far as it matters for repeating it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent<'a> {
    /// `POST`.
    pub(super) method: Option<&'a str>,
    /// What it was doing.
    pub(super) phase: Option<Phase>,
    /// Whether its connection was used before.
    pub(super) connection: Option<Connection>,
    /// The HTTP status of the answer.
    pub(super) status: Option<u16>,
    /// The answer named a time to come back, or said that the request was not processed.
    pub(super) turned_away: bool,
    /// It waited for a free connection of a pool.
    pub(super) in_pool: bool,
    /// It took no longer.
    pub(super) at_most: Option<Span>,
    /// The client library had repeated the call on its own, after one that may have been sent.
    pub(super) repeated: bool,
}

impl<'a> Sent<'a> {
    /// What a failure tells of its call.
    pub(super) fn of(failure: &'a Failure) -> Self {
        let call = &failure.call;
        let texts = || failure.chain.iter().map(|exception| exception.message.as_str()).chain([failure.excerpt.as_str()]);
        let says = |words: &str| texts().any(|text| text.contains(words));
        let asks_to_wait = texts().any(|text| text.to_ascii_lowercase().contains("retry-after"));
        let class = |name: &str| failure.chain.iter().any(|exception| exception.class == name);
        Self {
            method: call.method.as_deref().or(failure.facts.method.as_deref()),
            phase: call.phase,
            connection: call.connection,
            status: failure.facts.status,
            turned_away: asks_to_wait || NOT_PROCESSED_WORDS.iter().any(|words| says(words)),
            in_pool: class("PoolTimeout")
                || class("EmptyPoolError")
                || call.timeout.is_some_and(|timeout| timeout.kind == Some(TimeoutKind::Pool)),
            at_most: call.elapsed_at_most(),
            repeated: call.retries.seen > call.retries.unsent,
        }
    }
}

/// How far a call got, the safest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Nothing of the request was sent.
    NotSent,
    /// The server said that it will not process it now.
    TurnedAway,
    /// It went out on an old connection that was closed at once: usually not processed.
    ClosedAtOnce,
    /// It was sent, and nobody knows what became of it.
    Unanswered,
    /// The answer had begun: it was processed.
    Answered,
}

/// How far a call got; `None` where nothing tells.
pub(super) fn reach(sent: &Sent<'_>) -> Option<Reach> {
    let before_request = matches!(sent.phase, Some(Phase::Resolve | Phase::Connect | Phase::Tls));
    if before_request || sent.in_pool {
        // Of a call that the library repeated, only the last is known; an earlier one may have got further.
        return Some(if sent.repeated { Reach::Unanswered } else { Reach::NotSent });
    }
    match (sent.status, sent.phase) {
        (Some(429), _) | (Some(503), _) | (None, Some(Phase::Send | Phase::Wait)) if sent.turned_away => Some(Reach::TurnedAway),
        (Some(429), _) => Some(Reach::TurnedAway),
        // What a proxy answers for a server, and what a server answers when it broke, says nothing of how far the work was.
        (Some(500..=599), _) => Some(Reach::Unanswered),
        // Another status is an answer of its own; what it means for a repeat is the cause's to say.
        (Some(400..=499), _) => None,
        (_, Some(Phase::Read)) => Some(Reach::Answered),
        (_, Some(Phase::Send | Phase::Wait)) => {
            let old = sent.connection == Some(Connection::Reused);
            let at_once = sent.at_most.is_some_and(|span| span < AT_ONCE_MAX);
            Some(if old && at_once { Reach::ClosedAtOnce } else { Reach::Unanswered })
        }
        _ => None,
    }
}

/// Whether a call of that method that got so far may be repeated.
pub(super) fn may_repeat(reach: Reach, method: Option<&str>) -> RetrySafe {
    let is = |methods: &[&str]| method.is_some_and(|method| methods.contains(&method));
    match reach {
        Reach::NotSent | Reach::TurnedAway => RetrySafe::Yes,
        _ if is(&METHODS_THAT_READ) => RetrySafe::Yes,
        Reach::ClosedAtOnce | Reach::Unanswered => RetrySafe::OnlyIf,
        Reach::Answered if method.is_none() || is(&METHODS_TO_REPEAT) => RetrySafe::OnlyIf,
        Reach::Answered => RetrySafe::No,
    }
}

/// The sentence that gives the reason.
pub(super) fn says(reach: Reach, method: Option<&str>, repeated: bool) -> String {
    let reads = method.filter(|method| METHODS_THAT_READ.contains(method));
    let repeatable = method.filter(|method| METHODS_TO_REPEAT.contains(method));
    let whole = "Airflow repeats the whole task, so what it did before that call counts too";
    match (reach, reads, repeatable) {
        (Reach::NotSent, ..) => format!("The call failed before anything was sent. {whole}."),
        (Reach::TurnedAway, ..) => {
            format!("The server turned the request away without processing it: wait as long as it asks, then repeat. {whole}.")
        }
        (_, Some(method), _) => format!("The failing call was a {method}, which changes nothing. {whole}."),
        (_, _, Some(method)) => {
            format!(
                "The request may have been processed; a {method} may be repeated if the server keeps to HTTP's rule that twice does what once does."
            )
        }
        (Reach::ClosedAtOnce, ..) => {
            "The request went out on an old connection that was closed at once, so it was very likely not processed; \
            repeat a POST only with an idempotency key."
                .to_owned()
        }
        (Reach::Unanswered, ..) if repeated => {
            "The client repeated the call on its own, and an earlier one may have been processed: look up the \
            result by its key before repeating a POST."
                .to_owned()
        }
        (Reach::Unanswered, ..) => {
            "The request may have been processed although no result came back: look it up by its key before repeating a POST.".to_owned()
        }
        (Reach::Answered, ..) if method.is_none() => {
            "The answer had begun, so the request was processed: repeat it only if it changes nothing.".to_owned()
        }
        (Reach::Answered, ..) => "The answer had begun, so the request was processed: do not repeat it.".to_owned(),
    }
}

#[cfg(test)]
#[path = "repeat_tests.rs"]
mod tests;
