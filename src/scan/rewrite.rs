//! Goes through a JSON text as `serde_json` writes it, without blanks, and changes the strings in it. The text may hold a month of a scheduler's words:
//! no tree is made of it.

use std::io::{self, ErrorKind};

/// Shorter strings are left as they are: no secret is so short with what announces it.
const STRING_BYTES_MIN: usize = 8;

/// Copies a JSON text. `change` may change each string that is a value; keys are left. `drops_nulls`: keys whose value is null are left out.
///
/// # Errors
/// Where the text is no JSON.
pub(super) fn rewrite(json: &[u8], drops_nulls: bool, out: &mut Vec<u8>, change: &mut dyn FnMut(&mut String)) -> io::Result<()> {
    let mut at = 0;
    while let Some(begin) = memchr::memchr(b'"', json.get(at..).unwrap_or_default()).map(|quote| at + quote) {
        let end = end_of_string(json, begin).ok_or(ErrorKind::InvalidData)?;
        let (before, string) = (json.get(at..begin).unwrap_or_default(), json.get(begin..end).unwrap_or_default());
        out.extend_from_slice(before);
        at = end;
        if json.get(end) != Some(&b':') {
            if string.len() < STRING_BYTES_MIN {
                out.extend_from_slice(string);
                continue;
            }
            let mut text: String = serde_json::from_slice(string)?;
            let length = text.len();
            let was = text.clone();
            change(&mut text);
            if text.len() == length && text == was { out.extend_from_slice(string) } else { serde_json::to_writer(&mut *out, &text)? }
        } else if drops_nulls && json.get(end..).is_some_and(|rest| rest.starts_with(b":null")) {
            at = end + b":null".len();
            // With it goes the comma behind it, or that before it where it is the last.
            match (json.get(at), out.last()) {
                (Some(b','), _) => at += 1,
                (_, Some(b',')) => drop(out.pop()),
                _ => {}
            }
        } else {
            out.extend_from_slice(string);
        }
    }
    out.extend_from_slice(json.get(at..).unwrap_or_default());
    Ok(())
}

/// Where the string that begins at a quote ends: behind its other quote.
fn end_of_string(json: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rewritten(value: &Value, drops_nulls: bool) -> Value {
        let mut out = Vec::new();
        let mut change = |text: &mut String| *text = text.replace("hunter2\n", "***");
        rewrite(&serde_json::to_vec(value).unwrap(), drops_nulls, &mut out, &mut change).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn only_values_are_changed() {
        let value =
            json!({"hunter2\n": ["password: hunter2\n", "\"\\", "\\\"hunter2\n", 1.5, true], "x": {"y": "hunter2\n \u{1}"}, "": ""});
        let wanted = json!({"hunter2\n": ["password: ***", "\"\\", "\\\"***", 1.5, true], "x": {"y": "*** \u{1}"}, "": ""});
        assert_eq!(rewritten(&value, false), wanted);
        assert_eq!(rewritten(&value, true), wanted);
    }

    #[test]
    fn nulls_are_left_out_with_their_keys() {
        let value = json!({"a": null, "b": [null, {"c": null}, {"c": null, "d": 1, "e": null}], "f": "null", "g": null});
        assert_eq!(rewritten(&value, false), value);
        assert_eq!(rewritten(&value, true), json!({"b": [null, {}, {"d": 1}], "f": "null"}));
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for text in [&b"\""[..], b"\"\\", b"{\"a\":\"\\x234567\"}"] {
            assert!(rewrite(text, true, &mut Vec::new(), &mut |_| {}).is_err(), "{text:?}");
        }
    }
}
