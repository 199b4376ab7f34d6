//! JSON records that do not end, or go wrong in the middle: logs that were cut off, writes of two processes torn into each other, values nested
//! beyond all reason. What stands before the fault is read as if it ended there, and what stands behind it is kept as text.

use super::json_line::{self, Line};

/// How deep values may be nested: deeper ones are the fault, for the parser gives up a little further down.
const DEPTH_MAX: usize = 100;

/// How often a fault is looked for before what was cut off there is given up.
const ATTEMPTS_MAX: u32 = 4;

/// How many keys are tried to go on from behind a fault.
const KEYS_TRIED_MAX: usize = 8;

/// What could be read of a broken object.
pub(super) struct Repaired {
    /// What stands before the fault; empty where that is not even one value.
    pub(super) line: Line,
    /// What stands behind it.
    pub(super) rest: String,
}

/// Reads the begin of a broken object.
pub(super) fn repair(line: &[u8]) -> Option<Repaired> {
    let (text, _) = json_line::mend(&String::from_utf8_lossy(line.trim_ascii()));
    let mut end = text.len();
    for _ in 0..ATTEMPTS_MAX {
        let (whole, used) = complete(text.get(..end)?);
        match json_line::object_in(&whole) {
            Ok(line) => return Some(Repaired { line, rest: text.get(used..)?.to_owned() }),
            // The column is that of the byte behind the fault, from 1.
            Err(error) => {
                end = error.column().saturating_sub(1).min(used.saturating_sub(1));
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
            }
        }
    }
    None
}

/// Reads what is left of an object whose begin is missing: from the first key on that something can be read from.
pub(super) fn repair_end(rest: &str) -> Option<Line> {
    let keys = rest.match_indices(",\"").take(KEYS_TRIED_MAX);
    let mut lines = keys.filter_map(|(at, _)| repair(format!("{{{}", rest.get(at + 1..)?).as_bytes())).map(|repaired| repaired.line);
    lines.find(|line| !line.object.is_empty())
}

/// The part of a broken line that is a whole record again: where a writer went on behind what another one, or it itself, had not ended. Gives where
/// it begins.
pub(super) fn whole_at_end(line: &[u8]) -> Option<usize> {
    // Writers begin all their records with the same key.
    let line = line.trim_ascii_end();
    let begin = line.get(..memchr::memchr(b':', line)? + 1).filter(|begin| begin.len() < 40)?;
    let at = memchr::memmem::rfind(line, begin).filter(|at| *at > 0)?;
    line.ends_with(b"}").then_some(at)
}

/// A broken object with its end put to it, behind the last place where that is possible; and how many bytes stand before that place.
fn complete(text: &str) -> (String, usize) {
    // The brackets that end what is open, and up to where all is well with how many of them open.
    let mut open: Vec<u8> = Vec::new();
    let mut well = (0, 0);
    // Where the last escape in a string begins.
    let mut escape = 0;
    let (mut in_string, mut escaped, mut key_next, mut is_value) = (false, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => (escaped, escape) = (true, at),
                b'"' => {
                    in_string = false;
                    if is_value {
                        well = (at + 1, open.len());
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => (in_string, is_value) = (true, !key_next),
            b'{' | b'[' if open.len() == DEPTH_MAX => break,
            b'{' => {
                open.push(b'}');
                (well, key_next) = ((at + 1, open.len()), true);
            }
            b'[' => {
                open.push(b']');
                (well, key_next) = ((at + 1, open.len()), false);
            }
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    break;
                }
                (well, key_next) = ((at + 1, open.len()), false);
                if open.is_empty() {
                    break;
                }
            }
            b':' => key_next = false,
            b',' => (well, key_next) = ((at, open.len()), open.last() == Some(&b'}')),
            _ => {}
        }
    }
    let mut used = well.0;
    // A value that is a string ends where the text does, but not within an escape.
    let in_value = in_string && is_value && open.len() == well.1;
    if in_value {
        let length = if text.as_bytes().get(escape + 1) == Some(&b'u') { 6 } else { 2 };
        used = if escape > 0 && escape + length > text.len() { escape } else { text.len() };
    }
    let mut whole = text.get(..used).unwrap_or_default().to_owned();
    if in_value {
        whole.push('"');
    }
    whole.extend(open.iter().take(well.1).rev().map(|byte| char::from(*byte)));
    (whole, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str =
        r#"{"timestamp":"2026-11-21T07:16:20Z","n":-1.5e3,"event":"a \"b\" \u00e9 c","list":[{"x":"y"},[1,2],true,null],"level":"error"}"#;

    /// Wherever a record is cut, what stands before is read, and of the values that were whole none is lost.
    #[test]
    fn a_record_that_is_cut_anywhere_is_read_up_to_there() {
        for end in 1..RECORD.len() {
            let Some(cut) = RECORD.get(..end) else { continue };
            let Some(Repaired { line, rest }) = repair(cut.as_bytes()) else { panic!("{cut}") };
            let event = line.object.get("event").and_then(serde_json::Value::as_str).unwrap_or_default();
            assert!("a \"b\" \u{e9} c".starts_with(event), "{cut}: {event}");
            assert_eq!(event.len() == "a \"b\" \u{e9} c".len(), end > RECORD.find(" c\"").unwrap_or_default() + 1, "{cut}: {event}");
            assert_eq!(line.object.contains_key("timestamp"), end >= 14, "{cut}");
            assert!(cut.trim_end().ends_with(&rest), "{cut}: {rest}");
        }
    }

    #[test]
    fn what_stands_behind_a_fault_is_kept() {
        let deep = format!("{},\"deep\":{}{}}}", &RECORD[..RECORD.len() - 1], "[".repeat(10_000), "]".repeat(10_000));
        let torn = format!("{}{RECORD}", &RECORD[..90]);
        let doubled = format!("{RECORD} and more");
        for (line, rest) in [(deep.as_str(), "]]"), (&torn, "\"error\"}"), (&doubled, " and more")] {
            let Some(read) = repair(line.as_bytes()) else { panic!("{line:.200}") };
            assert_eq!(read.line.object.get("event").and_then(serde_json::Value::as_str), Some("a \"b\" \u{e9} c"), "{line:.200}");
            assert!(read.rest.contains(rest), "{line:.200}: {:.200}", read.rest);
        }
        assert_eq!(whole_at_end(torn.as_bytes()), Some(90));
        let end = repair_end(&RECORD[10..]).and_then(|line| line.object.get("event").cloned());
        assert_eq!(end.as_ref().and_then(serde_json::Value::as_str), Some("a \"b\" \u{e9} c"));
        assert_eq!(whole_at_end(RECORD.as_bytes()), None);
    }
}
