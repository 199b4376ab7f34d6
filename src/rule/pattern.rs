//! Regular expressions of rules: checked with places inside the expression, and compiled with ASCII classes.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::HirKind;

use super::fault::nearest;
use crate::record::Facts;

/// The most memory that one compiled expression may take, in bytes.
const PROGRAM_BYTES_MAX: usize = 4 << 20;

/// What is wrong with an expression.
pub(super) struct BadPattern {
    /// Where in the expression.
    pub(super) span: Range<usize>,
    pub(super) says: String,
    pub(super) remedy: String,
}

/// Compiles an expression as rules mean it: `^` and `$` match at line ends, `\d`, `\s` and `\w` are ASCII.
pub(super) fn compile(expression: &str) -> Result<Regex, BadPattern> {
    let whole = 0..expression.len();
    let hir = regex_syntax::ParserBuilder::new().multi_line(true).build().parse(expression).map_err(|error| syntax(&error, expression))?;
    if hir.properties().minimum_len() == Some(0) {
        let says = "the expression matches the empty text, so it would match every record".to_owned();
        return Err(BadPattern {
            span: whole,
            says,
            remedy: "make at least one part of it required: `+` instead of `*`, no `?` around all of it".to_owned(),
        });
    }
    if matches!(hir.kind(), HirKind::Class(class) if class.is_empty()) {
        return Err(BadPattern {
            span: whole,
            says: "the expression can never match".to_owned(),
            remedy: "remove what contradicts itself".to_owned(),
        });
    }
    let compiled = RegexBuilder::new(&ascii_classes(expression)).multi_line(true).size_limit(PROGRAM_BYTES_MAX).build();
    let compiled = compiled.map_err(|error| BadPattern {
        span: whole,
        says: format!("the expression cannot be used: {}", error.to_string().replace('\n', " ")),
        remedy: "make it smaller: counted repetitions such as {1,1000} multiply its size".to_owned(),
    })?;
    for name in compiled.capture_names().flatten() {
        if !Facts::NAMES.contains(&name) {
            let at = expression.find(&format!("<{name}>")).map_or(0, |at| at + 1);
            let near = nearest(name, Facts::NAMES).first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            return Err(BadPattern {
                span: at..at + name.len(),
                says: format!("unknown fact `{name}` as the name of a group"),
                remedy: format!("{near}the facts are: {}; a group without a name is (?:..)", Facts::NAMES.join(", ")),
            });
        }
    }
    Ok(compiled)
}

fn syntax(error: &regex_syntax::Error, expression: &str) -> BadPattern {
    let (kind, span) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        other => (other.to_string(), 0..expression.len()),
    };
    let remedy = if kind.contains("look-around") {
        "look-around does not exist here; say what must not be there with `not: { regex: .. }`"
    } else if kind.contains("backreferences") {
        "references to groups do not exist here; write the repeated part twice"
    } else {
        "put a backslash before ( ) [ ] { } . * + ? | ^ $ where the character itself is meant; the syntax is that of docs.rs/regex"
    };
    BadPattern { span, says: format!("the expression cannot be read: {kind}"), remedy: remedy.to_owned() }
}

/// Replaces the Perl classes by ASCII ones. The engine's own switch for that would also make `.` and `[^x]` match single bytes of a
/// character, which it refuses for text; and with Unicode classes the programs are some thirty times as large.
fn ascii_classes(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len() + 16);
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        // The class may stand in brackets or not: a nested class is allowed in both places.
        match characters.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('s') => out.push_str(r"[\t\n\x0B\f\r\x20]"),
            Some('S') => out.push_str(r"[^\t\n\x0B\f\r\x20]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn classes_are_ascii_inside_and_outside_brackets() {
        let finds = |expression: &str, text: &str| compile(expression).map_err(|bad| bad.says).unwrap().is_match(text);
        assert!(finds(r"^\d+$", "a\n42\nb") && !finds(r"\d", "٣"));
        assert!(finds(r"[\w-]+x", "a-bx") && finds(r"[^\s,]x", "éx") && !finds(r"[^\s,]x", " x"));
        assert!(finds(r"\\d", r"\d") && finds(r"\bx", "a x"));
    }

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        let bad = |expression: &str| compile(expression).map(drop).map_err(|bad| (bad.span, bad.says)).unwrap_err();
        assert_eq!(bad("ab(cd").0, 2..3);
        assert_eq!(bad("x(?P<hots>y)").0, 5..9);
        assert!(bad("a*").1.contains("empty") && bad("^|x").1.contains("empty"));
        assert!(bad("(?=x)y").1.contains("look-around"));
    }
}
