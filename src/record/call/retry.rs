//! Lines in which a client says that it tries again: urllib3's warnings, tenacity's, botocore's, backoff's, those of api-core and of
//! Airflow's own client. One such line is one retry.

use serde::{Deserialize, Serialize};

use super::endpoint::{self, Endpoint};
use super::template::find;

/// What one line says of a retry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryLine {
    /// Where the call goes, where the line names it.
    pub endpoint: Option<Endpoint>,
    /// The path, where the line names that alone, as urllib3 does.
    pub path: Option<String>,
    /// How many more the client will make after this one.
    pub left: Option<u32>,
    /// Whether one kind of retry is used up with it, as `connect=0` says.
    pub is_last: bool,
    /// Which retry of its call it is, from 1.
    pub number: Option<u32>,
    /// Whether the call that failed before it had not sent anything, by what the line quotes of its failure.
    pub was_unsent: bool,
}

/// The retries of a call that were seen before it failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retries {
    /// How many lines told of one.
    pub seen: u32,
    /// How many more the client would have made.
    pub left: Option<u32>,
    /// How many it was set to make, where the first of them tells.
    pub configured: Option<u32>,
    /// How many of them followed on a call that had not sent anything.
    pub unsent: u32,
}

/// How urllib3 names failures that come before anything of a request is sent.
const UNSENT_FAILURES: [&str; 4] = ["NewConnectionError(", "NameResolutionError(", "ConnectTimeoutError(", "SSLCertVerificationError("];

/// What every line that tells of a retry has one of; what a scan looks for.
pub(in crate::record) const RETRY_LITERALS: [&str; 5] =
    ["Retrying", "Tenacity will retry", " time calling it", "retrying request after delay", "Backing off "];

/// What a line says of a retry; `None` for one that tells of none.
#[must_use]
pub fn retry_line(text: &str) -> Option<RetryLine> {
    if !RETRY_LITERALS.iter().any(|literal| text.contains(literal)) {
        return None;
    }
    // Of the line alone: what it quotes may have several.
    let line = text.lines().find(|line| RETRY_LITERALS.iter().any(|literal| line.contains(literal))).unwrap_or_default();
    let named = || endpoint::failing(std::iter::once(line));
    if let Some(place) = find(line, "Retrying (Retry(total={int}") {
        let used_up = ["connect=0", "read=0", "status=0", "other=0"]
            .iter()
            .any(|kind| line.contains(&format!(" {kind},")) || line.contains(&format!(" {kind})")));
        let left = place.get("int").and_then(|total| total.parse().ok());
        // `': /v1/items?page=2` ends the line.
        let path = line.rsplit_once("': ").map(|(_, path)| path.split(['?', ' ']).next().unwrap_or_default().to_owned());
        let path = path.filter(|path| path.starts_with('/') && path.len() <= endpoint::PATH_BYTES_MAX);
        let was_unsent = UNSENT_FAILURES.iter().any(|failure| line.contains(failure));
        return Some(RetryLine { endpoint: named(), path, left, is_last: used_up || left == Some(0), number: None, was_unsent });
    }
    if line.contains(" time calling it") {
        // The first call is no retry.
        let number = nth_call(line)?.checked_sub(1).filter(|number| *number > 0)?;
        return line.contains("Starting call to").then(|| RetryLine { endpoint: named(), number: Some(number), ..RetryLine::default() });
    }
    let tells = ["Tenacity will retry", "retrying request after delay", "Backing off "].iter().any(|words| line.contains(words))
        || find(line, "Retrying in {num} s").is_some()
        || (line.contains("Retrying ") && (line.contains(" seconds as it ") || line.contains(", sleeping ")));
    tells.then(|| RetryLine { endpoint: named(), ..RetryLine::default() })
}

/// The number of `this is the 2nd time calling it`.
fn nth_call(line: &str) -> Option<u32> {
    let place = find(line, "this is the {int}")?;
    place.get("int")?.parse().ok()
}

impl RetryLine {
    fn may_be_of(&self, endpoint: Option<&Endpoint>) -> bool {
        let Some(endpoint) = endpoint else { return true };
        let other_place = self.endpoint.as_ref().is_some_and(|own| !own.agrees_in_target(endpoint));
        let other_path = self.path.as_ref().zip(endpoint.path.as_ref()).is_some_and(|(own, path)| own != path);
        !other_place && !other_path
    }
}

/// The retries of a failing call among lines that told of some, in their order. `exhausted`: the client gave up because it had used them
/// up, so that a series that still had some left was another call's.
pub(super) fn retries_of(lines: &[RetryLine], endpoint: Option<&Endpoint>, exhausted: bool) -> Retries {
    let mut retries = Retries::default();
    let mut last: Option<&RetryLine> = None;
    for line in lines.iter().filter(|line| line.may_be_of(endpoint)) {
        // Counting from above again is another call.
        let begins = match (last.and_then(|last| last.left), line.left) {
            (Some(before), Some(now)) => now >= before,
            (None, None) => line.number == Some(1),
            _ => true,
        };
        if begins {
            retries = Retries { configured: line.left.and_then(|left| left.checked_add(1)), ..Retries::default() };
        }
        retries.seen = line.number.unwrap_or(retries.seen + 1);
        retries.left = line.left;
        retries.unsent += u32::from(line.was_unsent);
        last = Some(line);
    }
    if exhausted && last.is_some_and(|last| last.left.is_some() && !last.is_last) { Retries::default() } else { retries }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLLIB3: &str = "Retrying (Retry(total=2, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError(\"HTTPSConnection(host='api.lab', port=443): Failed to establish a new connection: [Errno 111] Connection refused\")': /v1/items?token=x";

    #[test]
    fn lines_that_tell_of_a_retry() {
        let line = retry_line(URLLIB3).unwrap_or_default();
        assert_eq!(line.endpoint.map(|endpoint| endpoint.key()).as_deref(), Some("api.lab:443"));
        assert_eq!((line.path.as_deref(), line.left, line.is_last), (Some("/v1/items"), Some(2), false));
        let last = retry_line("Retrying (Retry(total=7, connect=0, read=None)) after connection broken by 'X': /a").unwrap_or_default();
        assert!(last.is_last);
        for text in [
            "('Connection aborted.', RemoteDisconnected('x')) Tenacity will retry to execute the operation",
            "Retrying __main__.load in 4.0 seconds as it raised ValueError: x.",
            "Retrying due to 503 POST https://storage.lab/b, sleeping 1.3s ...",
            "Response received to retry, sleeping for 0.5 seconds. Retrying in 0.5 seconds",
            "Retry needed, retrying request after delay of: 0.5",
            "Backing off fetch(...) for 0.8s (requests.exceptions.HTTPError: x)",
        ] {
            assert!(retry_line(text).is_some(), "{text}");
        }
        let number = |text: &str| retry_line(text).and_then(|line| line.number);
        assert_eq!(number("Starting call to 'airflow.sdk.api.client.Client.request', this is the 3rd time calling it."), Some(2));
        for text in [
            "Starting call to 'airflow.sdk.api.client.Client.request', this is the 1st time calling it.",
            "Finished call to 'x' after 0.1(s), this was the 2nd time calling it.",
            "Retrying tomorrow",
            "Retry policy: total=3",
            "",
        ] {
            assert_eq!(retry_line(text), None, "{text}");
        }
    }

    #[test]
    fn the_retries_of_one_call() {
        let line =
            |left: u32, path: &str| RetryLine { path: Some(path.to_owned()), left: Some(left), is_last: left == 0, ..RetryLine::default() };
        let endpoint = Endpoint::of_url("https://api.lab/a");
        let of = |lines: &[RetryLine], exhausted| {
            let Retries { seen, left, configured, .. } = retries_of(lines, endpoint.as_ref(), exhausted);
            (seen, left, configured)
        };
        assert_eq!(of(&[line(2, "/a"), line(1, "/a"), line(0, "/a")], true), (3, Some(0), Some(3)));
        // An earlier call had some as well; another path is another call.
        assert_eq!(of(&[line(2, "/a"), line(2, "/b"), line(2, "/a"), line(1, "/a"), line(0, "/a")], true), (3, Some(0), Some(3)));
        // Some were left, so it was not that call that used them up.
        assert_eq!(of(&[line(2, "/a")], true), (0, None, None));
        assert_eq!(of(&[line(2, "/a")], false), (1, Some(2), Some(3)));
        assert_eq!(of(&[RetryLine::default(), RetryLine::default()], false), (2, None, None));
        assert_eq!(of(&[], true), (0, None, None));
        let numbered = |number: u32| RetryLine { number: Some(number), ..RetryLine::default() };
        assert_eq!(of(&[numbered(1), numbered(2), numbered(1), numbered(2), numbered(3)], false), (3, None, None));
        let elsewhere = RetryLine { endpoint: Endpoint::of_url("https://other.lab/a"), ..RetryLine::default() };
        assert_eq!(of(&[elsewhere], false), (0, None, None));
    }
}
