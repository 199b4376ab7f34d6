//! What lines without an exception tell of calls: that one begins, or that its answer came.

use super::endpoint::endpoints_in;
use super::library::method_in;
use super::numbers::{Timeout, announced_timeout};

/// A line that names endpoints and tells of no answer: a call begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The endpoints, by their keys.
    pub keys: Vec<String>,
    /// The HTTP method.
    pub method: Option<&'static str>,
    /// The limit that the call is given.
    pub timeout: Option<Timeout>,
}

impl Announced {
    /// What a line announces; `None` where it names no endpoint or tells of an answer.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut keys = Vec::new();
        endpoints_in(text, |key| keys.push(key));
        if keys.is_empty() || tells_of_answer(text) {
            return None;
        }
        Some(Self { keys, method: method_in(text), timeout: announced_timeout(text) })
    }
}

/// Whether a line tells of an answer rather than of a call that begins: it names a status, a duration, or that something came back.
#[must_use]
pub fn tells_of_answer(text: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || ",;:()[]\"'=".contains(c)).filter(|word| !word.is_empty());
    let status = |word: &str| word.len() == 3 && word.starts_with(['2', '3', '4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit());
    let back = |word: &str| ANSWER_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    words().any(|word| status(word) || back(word))
}

/// Words of lines that are written after a call.
const ANSWER_WORDS: [&str; 14] = [
    "ok",
    "done",
    "received",
    "fetched",
    "returned",
    "response",
    "answered",
    "loaded",
    "stored",
    "sent",
    "posted",
    "downloaded",
    "uploaded",
    "finished",
];
