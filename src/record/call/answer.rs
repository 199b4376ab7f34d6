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
        endpoints_in(text, |key| keys.push(key.to_string()));
        if keys.is_empty() || tells_of_answer(text) {
            return None;
        }
        Some(Self { keys, method: method_in(text), timeout: announced_timeout(text) })
    }
}

/// Whether a line tells of an answer rather than of a call that begins: it names a status, a duration, or that something came back.
#[must_use]
pub fn tells_of_answer(text: &str) -> bool {
    let status = |word: &[u8]| matches!(word, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let back = |word: &[u8]| ANSWER_WORDS.iter().any(|known| word.len() == known.len() && word.eq_ignore_ascii_case(known.as_bytes()));
    // The longest and the shortest of the words.
    text.as_bytes().split(|byte| BETWEEN[usize::from(*byte)]).any(|word| (2..=10).contains(&word.len()) && (status(word) || back(word)))
}

/// For each byte, whether it stands between words. Every line that names an endpoint is cut by it, so it is a table.
const BETWEEN: [bool; 256] = {
    let mut between = [false; 256];
    let marks = b"\t\n\x0b\x0c\r ,;:()[]\"'=";
    let mut at = 0;
    while at < marks.len() {
        between[marks[at] as usize] = true;
        at += 1;
    }
    between
};

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
