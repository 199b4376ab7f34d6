//! Which literal texts must stand in a log's raw bytes for a condition to hold: what the prefilter searches for.

use super::condition::Condition;
use super::needed::{Required, better, longest_piece, union, usable};

/// The texts of which one must stand in the bytes for the condition to hold; `None` when there are none.
pub(super) fn required(condition: &Condition) -> Option<Required> {
    match condition {
        Condition::Literal(text) => longest_piece(text.needle()).map(|piece| vec![piece]),
        Condition::Regex(pattern) => pattern.required().cloned(),
        Condition::Exception(_, name) => usable(vec![name.class.clone().into_bytes()]),
        // A key with dots may lead into objects: then its last part stands in the bytes.
        Condition::Field(key, glob) => {
            let key = key.rsplit('.').next().unwrap_or_default();
            // What is no plain word may be written in other ways: a number, an object.
            let plain =
                |piece: &&str| piece.contains(|c: char| c.is_ascii_alphabetic()) && !piece.contains(['{', '[', '"', ':', ',', '\\']);
            let value = glob.split('*').filter(plain).max_by_key(|piece| piece.len()).unwrap_or_default();
            better(usable(vec![key.into()]), usable(vec![value.into()]))
        }
        Condition::All(children) => children.iter().map(required).fold(None, better),
        Condition::Any(children) => union(children.iter().map(required)),
        Condition::Not(_) | Condition::Frame(_) | Condition::Level(_) | Condition::Logger(_) | Condition::Kind(_) => None,
    }
}

/// A text as it is and, where that differs, as JSON writes it with and without `\u` escapes.
pub(super) fn written_forms(text: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![text.to_vec()];
    if let Ok(text) = std::str::from_utf8(text) {
        for ascii in [false, true] {
            let form = json_escaped(text, ascii).into_bytes();
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

fn json_escaped(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other if ascii && !other.is_ascii() => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn of(expression: &str) -> Vec<String> {
        let pattern = super::super::pattern::Pattern::new(expression).map_err(|bad| bad.says).unwrap();
        required(&Condition::Regex(pattern.into())).unwrap_or_default().into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
    }

    #[test]
    fn an_expression_requires_its_longest_texts() {
        assert_eq!(of(r"ConnectionResetError\(104, '"), ["ConnectionResetError(104, '"]);
        assert_eq!(of(r"^exit (code|status) [0-9]+"), ["exit code ", "exit status "]);
        assert_eq!(of(r"(?:foo bar)+[a-z]*x"), ["foo bar"]);
        assert_eq!(of(r"(?i)ssl"), required_sorted(&["SSL", "SSl", "SsL", "Ssl", "sSL", "sSl", "ssL", "ssl"], r"(?i)ssl"));
        assert!(of(r"[0-9]+ (a|bc)").is_empty());
        assert!(of(r"(?:needle)?x").is_empty());
        assert!(of(r"needle|[0-9]+").is_empty());
    }

    /// Case folding knows letters beyond ASCII (the long s), so only the ASCII part is compared.
    fn required_sorted(expected: &[&str], expression: &str) -> Vec<String> {
        let all = of(expression);
        assert!(expected.iter().all(|text| all.iter().any(|found| found == text)), "{all:?}");
        all
    }

    #[test]
    fn json_forms_are_added_where_they_differ() {
        let forms =
            |text: &str| written_forms(text.as_bytes()).into_iter().map(|form| String::from_utf8(form).unwrap()).collect::<Vec<_>>();
        assert_eq!(forms("plain"), ["plain"]);
        assert_eq!(forms("a \"b\" \\\t"), ["a \"b\" \\\t", "a \\\"b\\\" \\\\\\t"]);
        assert_eq!(forms("é"), ["é", "\\u00e9"]);
    }
}
