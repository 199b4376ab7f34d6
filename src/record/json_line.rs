//! Reads a JSON object that takes one line, as writers of logs really write it: bytes that are no UTF-8, halves of surrogate pairs, control
//! characters and Python's `NaN` are mended; keys that stand twice are both kept. What cannot be mended is left to be searched as text.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// What of a record was not as its form demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It begins as a JSON object does and is none that can be read: broken, or nested too deep.
    NotJson,
    /// A JSON string in it holds half a surrogate pair, which is no character.
    HalfPair,
    /// Where its time should stand is something else, or an instant at which no Airflow ran.
    BadTime,
}

/// An object.
#[derive(Debug)]
pub(super) struct Line {
    /// Its keys and values; of a key that stands twice the last value, as Python reads it.
    pub(super) object: Map<String, Value>,
    /// The other values of such keys.
    pub(super) doubled: Vec<(String, Value)>,
    /// What was mended.
    pub(super) flaw: Option<Flaw>,
}

/// Reads the object that a line is.
///
/// # Errors
/// [`Flaw::NotJson`] where it cannot be read; `None` where it does not look like an object.
pub(super) fn read(line: &[u8]) -> Result<Line, Option<Flaw>> {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') {
        return Err(None);
    }
    if line.last() == Some(&b'}') {
        if let Ok(Doubled { object, doubled }) = serde_json::from_slice(line) {
            return Ok(Line { object, doubled, flaw: None });
        }
        let (mended, halves) = mend(&String::from_utf8_lossy(line));
        if let Ok(read) = object_in(&mended) {
            return Ok(Line { flaw: halves.then_some(Flaw::HalfPair), ..read });
        }
    }
    // What begins with a brace and no key may be anything.
    Err(line.starts_with(b"{\"").then_some(Flaw::NotJson))
}

/// Reads an object.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn object_in(text: &str) -> Result<Line, serde_json::Error> {
    serde_json::from_str(text).map(|Doubled { object, doubled }| Line { object, doubled, flaw: None })
}

/// A line with what is not JSON in it put right, and whether there was half a surrogate pair.
pub(super) fn mend(line: &str) -> (String, bool) {
    let mut mended = String::with_capacity(line.len() + 64);
    let mut halves = false;
    let mut in_string = false;
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let mut taken = character.len_utf8();
        match character {
            '\\' if in_string => {
                let unit = unit_at(rest);
                let pair = unit.filter(|unit| (0xd800..0xdc00).contains(unit)).and_then(|_| unit_at(rest.get(6..)?));
                let is_pair = pair.is_some_and(|low| (0xdc00..0xe000).contains(&low));
                taken = if is_pair { 12 } else { rest.chars().take(2).map(char::len_utf8).sum() };
                if unit.is_some_and(|unit| (0xd800..0xe000).contains(&unit)) && !is_pair {
                    (halves, taken) = (true, 6);
                    mended.push_str("\\ufffd");
                } else {
                    mended.push_str(rest.get(..taken).unwrap_or_default());
                }
            }
            '"' => {
                in_string = !in_string;
                mended.push('"');
            }
            control if in_string && control < ' ' => mended.push_str(&format!("\\u{:04x}", u32::from(control))),
            'N' | 'I' | '-' if !in_string => {
                let word = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word));
                match word {
                    Some(word) => {
                        taken = word.len();
                        mended.push_str(&format!("\"{word}\""));
                    }
                    None => mended.push(character),
                }
            }
            other => mended.push(other),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    (mended, halves)
}

/// The unit of UTF-16 that an escape at the start of `text` stands for: `\ud800`.
fn unit_at(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// An object with all values of its keys.
struct Doubled {
    object: Map<String, Value>,
    doubled: Vec<(String, Value)>,
}

impl<'de> Deserialize<'de> for Doubled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Doubled;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Doubled, A::Error> {
                let (mut object, mut doubled) = (Map::new(), Vec::new());
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    match object.entry(key) {
                        Entry::Vacant(entry) => {
                            entry.insert(value);
                        }
                        Entry::Occupied(mut entry) => {
                            let before = entry.insert(value);
                            doubled.push((entry.key().clone(), before));
                        }
                    }
                }
                Ok(Doubled { object, doubled })
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_writers_get_wrong_is_mended() {
        let cases = [
            (r#"{"a":"x\ud800y"}"#, json!("x\u{fffd}y"), Some(Flaw::HalfPair)),
            (r#"{"a":"\udc80\ud83d\ud83d\udc0d\\ud800\ud800"}"#, json!("\u{fffd}\u{fffd}\u{1f40d}\\ud800\u{fffd}"), Some(Flaw::HalfPair)),
            ("{\"a\":\"x\ty\u{1b}[0m\0\"}", json!("x\ty\u{1b}[0m\0"), None),
            (r#"{"a":[NaN, -Infinity, Infinity, -1, "NaN"]}"#, json!(["NaN", "-Infinity", "Infinity", -1, "NaN"]), None),
        ];
        for (line, want, flaw) in cases {
            let read = read(line.as_bytes()).unwrap();
            assert_eq!((&read.object["a"], read.flaw), (&want, flaw), "{line}");
        }
        assert_eq!(read(b"{\"a\":\"caf\xe9\"}").unwrap().object["a"], "caf\u{fffd}");
    }

    #[test]
    fn values_of_a_key_that_stands_twice_are_all_kept() {
        let read = read(br#"{"a":1,"b":2,"a":3,"a":4}"#).unwrap();
        assert_eq!(read.object["a"], 4);
        assert_eq!(read.doubled, [("a".to_owned(), json!(1)), ("a".to_owned(), json!(3))]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for line in [deep.as_str(), r#"{"a":"#, r#"{"a":"{"a":1}"#, r#"{"a":1e999}"#, r#"{"a":"\"#, r#"{"a":"\u12"}x}"#, r#"{"a":"\é"}"#] {
            assert_eq!(read(line.as_bytes()).err(), Some(Some(Flaw::NotJson)), "{line:.40}");
        }
        for line in ["", "x", "{", "{'a': 1}", "[1]", "{file.py:12} INFO - {x}"] {
            assert_eq!(read(line.as_bytes()).err(), Some(None), "{line}");
        }
    }
}
