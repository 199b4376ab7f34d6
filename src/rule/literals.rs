//! Which literal texts must stand in a log's raw bytes for a condition to hold: what the prefilter searches for.

use super::condition::Condition;
use super::needed::{Required, Text, of_text, prune, union, usable};

/// What must stand in the bytes for the condition to hold, the rarest first; nothing where no text must.
pub(super) fn required(condition: &Condition) -> Vec<Required> {
    match condition {
        Condition::Literal(text) => prune(of_text(&Text::exact(text.needle()))),
        Condition::Regex(pattern) => pattern.required().to_vec(),
        Condition::Exception(_, name) => prune(of_text(&Text::exact(name.class.as_bytes()))),
        // A key with dots may lead into objects: then its last part stands in the bytes.
        Condition::Field(key, glob) => {
            let key = key.rsplit('.').next().unwrap_or_default();
            // What is no plain word may be written in other ways: a number, an object.
            let plain =
                |piece: &&str| piece.contains(|c: char| c.is_ascii_alphabetic()) && !piece.contains(['{', '[', '"', ':', ',', '\\']);
            let value = glob.split('*').filter(plain).max_by_key(|piece| piece.len()).unwrap_or_default();
            prune([key, value].into_iter().filter_map(|text| usable(vec![Text::exact(text.as_bytes())])).collect())
        }
        Condition::All(children) => prune(children.iter().flat_map(required).collect()),
        Condition::Any(children) => union(children.iter().map(required)),
        Condition::Not(_) | Condition::Frame(_) | Condition::Level(_) | Condition::Logger(_) | Condition::Kind(_) => Vec::new(),
    }
}

/// A text as it is and, where that differs, as JSON writes it with and without `\u` escapes.
pub(super) fn written_forms(text: &Text) -> Vec<Text> {
    let mut forms = vec![text.clone()];
    if let Ok(plain) = std::str::from_utf8(text.bytes()) {
        for ascii in [false, true] {
            let form = Text::new(json_escaped(plain, ascii).into_bytes(), text.any_case());
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

    #[test]
    fn json_forms_are_added_where_they_differ() {
        let forms = |text: &str| {
            let forms = written_forms(&Text::exact(text.as_bytes()));
            forms.into_iter().map(|form| String::from_utf8(form.bytes().to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(forms("plain"), ["plain"]);
        assert_eq!(forms("a \"b\" \\\t"), ["a \"b\" \\\t", "a \\\"b\\\" \\\\\\t"]);
        assert_eq!(forms("é"), ["é", "\\u00e9"]);
    }
}
