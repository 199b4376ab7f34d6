//! The call that failed, for the report: what a failure knows of it, in the shape of `wire`.

use std::borrow::Cow;

use crate::attempt::Failure;
use crate::record::{self, Connection, Endpoint, Phase, Target};
use crate::time::Span;

use super::mask::Mask;
use super::wire::{Bounded, Bytes, Call, Retries, Text, Timeout};

/// What is known of the call that failed; `None` where nothing says that it was a call to somewhere.
pub(super) fn call<'f>(failure: &'f Failure, mask: &Mask) -> Option<Call<'f>> {
    let call = &failure.call;
    if !call.is_known() && failure.endpoint.is_none() {
        return None;
    }
    let known = failure.endpoint.as_deref();
    // What the record names counts in full where everything together tells the same.
    let named = call.endpoint.as_ref().filter(|named| known.is_none_or(|known| named.key() == known));
    let endpoint = named.cloned().or_else(|| known.and_then(Endpoint::of_key));
    let (host, port) = match endpoint.as_ref().map(|endpoint| &endpoint.target) {
        Some(Target::Address { host, port }) => (Some(host.clone()), *port),
        _ => (None, None),
    };
    let retries = &call.retries;
    Some(Call {
        path: named.and_then(|named| path(named, host.as_deref().unwrap_or_default(), mask)),
        endpoint: endpoint.map(|endpoint| Cow::Owned(mask.apply(&endpoint.key()).into_owned())),
        host: host.map(|host| Cow::Owned(mask.apply(&host).into_owned())),
        port,
        method: call.method.as_deref().map(|method| mask.apply(method)),
        library: call.library,
        phase: call.phase.map(Phase::name),
        connection: call.connection.map(Connection::name),
        timeout: call
            .timeout
            .map(|timeout| Timeout { seconds: timeout.limit.map(seconds), limits: timeout.kind.map(record::TimeoutKind::name) }),
        elapsed: call.elapsed.map(bounded),
        retries: (retries.seen > 0).then_some(Retries { seen: retries.seen, left: retries.left, configured: retries.configured }),
        bytes: call.bytes.map(|bytes| Bytes { received: bytes.received, expected: bytes.expected, sent: bytes.sent, limit: bytes.limit }),
        idle_since_use: call.idle.map(bounded),
        idle_since_line: call.silence.map(bounded),
    })
}

/// The path, with what looks like a secret in it masked: some do so only behind their host.
fn path<'f>(endpoint: &Endpoint, host: &str, mask: &Mask) -> Option<Text<'f>> {
    let whole = format!("{host}{}", endpoint.path.as_deref()?);
    let masked = mask.apply(&whole);
    Some(Cow::Owned(masked.strip_prefix(host).unwrap_or(&masked).to_owned()))
}

fn bounded(bounded: record::Bounded) -> Bounded {
    Bounded { seconds: seconds(bounded.span), bound: bounded.bound.name() }
}

/// To the millisecond: logs are not written any finer.
fn seconds(span: Span) -> f64 {
    (span.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn a_secret_path_is_masked_behind_its_host() {
        let endpoint = Endpoint::of_url("https://hooks.slack.com/services/T0000/B0000/abcdefghijklmnop").unwrap();
        let shown = path(&endpoint, "hooks.slack.com", &Mask::default()).unwrap();
        assert!(shown.starts_with("/services/") && !shown.contains("abcdefgh"), "{shown}");
    }

    #[test]
    fn no_call_is_told_of_where_there_was_none() {
        assert!(call(&Failure::default(), &Mask::default()).is_none());
        let endpoint = Failure { endpoint: Some("db.lab:5432".to_owned()), ..Failure::default() };
        let told = call(&endpoint, &Mask::default()).unwrap();
        assert_eq!((told.host.as_deref(), told.port, told.retries.is_none()), (Some("db.lab"), Some(5432), true));
    }
}
