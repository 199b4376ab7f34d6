//! Regular expressions of rules: checked with places inside the expression, and compiled with ASCII classes.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::fault::nearest;
use super::needed::{self, Required, Text, parse};
use crate::record::Facts;

/// The most memory that one compiled expression may take, in bytes.
const PROGRAM_BYTES_MAX: usize = 4 << 20;

/// A longer expression is refused: it is no expression any more, and even to read it could take any time and memory.
const EXPRESSION_BYTES_MAX: usize = 16 << 10;

/// What is wrong with an expression.
pub(super) struct BadPattern {
    /// The name of this sort of fault.
    pub(super) lint: &'static str,
    /// Where in the expression.
    pub(super) span: Range<usize>,
    pub(super) says: String,
    pub(super) remedy: String,
}

/// An expression that is known to be right and is compiled when it is first asked: of the hundreds that are loaded a run uses few.
pub(crate) struct Pattern {
    expression: String,
    /// What stands in every match, the rarest first.
    required: Vec<Required>,
    /// The same, made ready for searching; empty where it does not pay.
    gate: OnceLock<Vec<Finder<'static>>>,
    compiled: OnceLock<Option<Regex>>,
}

/// What was made ready so far is left out: it is no part of what an expression means.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("expression", &self.expression).field("required", &self.required).finish_non_exhaustive()
    }
}

/// Beyond this many texts the expression itself is as fast as looking for each of them.
const GATE_MAX: usize = 16;

impl Pattern {
    /// The compiled expression. `None` never in fact: those that could grow too large were tried when they were read.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| build(&ascii_classes(&self.expression)).ok()).as_ref()
    }

    /// Whether a text can match at all: it holds one of the texts that stand in every match. A record is looked at because of one branch of a
    /// rule's condition; that the expressions of the other branches have nothing to find there is told in a tenth of the time.
    pub(super) fn may_match(&self, text: &str) -> bool {
        let gate = self.gate.get_or_init(|| {
            let worth = |texts: &&Required| texts.len() <= GATE_MAX && !texts.iter().any(Text::any_case);
            let texts = self.required.first().filter(worth).into_iter().flatten();
            texts.map(|text| Finder::new(text.bytes()).into_owned()).collect()
        });
        gate.is_empty() || gate.iter().any(|finder| finder.find(text.as_bytes()).is_some())
    }

    /// What stands in every match, the rarest first: lists of texts, of each of which one does.
    pub(super) fn required(&self) -> &[Required] {
        &self.required
    }

    /// An expression of which is known that it is right, and which texts stand in every match.
    pub(super) fn known(expression: impl Into<String>, required: Vec<Required>) -> Self {
        Self { expression: expression.into(), required, gate: OnceLock::new(), compiled: OnceLock::new() }
    }

    /// Reads an expression as rules mean it: `^` and `$` match at line ends, `\d`, `\s` and `\w` are ASCII. It is compiled when it is first
    /// asked; at once only where it may be too large for that.
    pub(super) fn new(expression: &str) -> Result<Self, BadPattern> {
        let whole = 0..expression.len();
        if expression.len() > EXPRESSION_BYTES_MAX {
            return Err(BadPattern {
                lint: "regex-size",
                span: whole,
                says: format!("the expression has {} bytes; one may have {EXPRESSION_BYTES_MAX}", expression.len()),
                remedy: "look for less: what all of it has in common, or each part in a symptom of its own".to_owned(),
            });
        }
        let hir = parse(expression).map_err(|error| syntax(&error, expression))?;
        if hir.properties().minimum_len() == Some(0) {
            let says = "the expression matches the empty text, so it would match every record".to_owned();
            let remedy = "make at least one part of it required: `+` instead of `*`, no `?` around all of it".to_owned();
            return Err(BadPattern { lint: "empty-match", span: whole, says, remedy });
        }
        if matches!(hir.kind(), HirKind::Class(class) if class.is_empty()) {
            return Err(BadPattern {
                lint: "never-matches",
                span: whole,
                says: "the expression can never match".to_owned(),
                remedy: "remove what contradicts itself".to_owned(),
            });
        }
        for name in names(&hir) {
            if !Facts::NAMES.contains(&name) {
                let at = expression.find(&format!("<{name}>")).map_or(0, |at| at + 1);
                let near = nearest(name, Facts::NAMES).first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                return Err(BadPattern {
                    lint: "unknown-fact",
                    span: at..at + name.len(),
                    says: format!("unknown fact `{name}` as the name of a group"),
                    remedy: format!("{near}the facts are: {}; a group without a name is (?:..)", Facts::NAMES.join(", ")),
                });
            }
        }
        let pattern = Self::known(expression, needed::of_expression(&hir));
        // What is counted is more than it will be, so whatever stays below the limit fits.
        if states(&hir).saturating_mul(STATE_BYTES_MAX) > PROGRAM_BYTES_MAX && pattern.regex().is_none() {
            return Err(BadPattern {
                lint: "regex-size",
                span: whole,
                says: format!("the expression is too large: compiled it would take more than {} MiB", PROGRAM_BYTES_MAX >> 20),
                remedy: "make it smaller: counted repetitions such as {1,1000} multiply its size".to_owned(),
            });
        }
        Ok(pattern)
    }

    /// Whether it has a named group, and so catches facts.
    pub(super) fn catches(&self) -> bool {
        self.expression.contains("(?P<") || self.expression.contains("(?<")
    }
}

/// Expressions by their texts. Rules repeat many, above all those that catch facts: each is read, compiled and kept once.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<String, Arc<Pattern>>);

impl Patterns {
    /// The expression of that text.
    pub(super) fn get(&mut self, expression: &str) -> Result<Arc<Pattern>, BadPattern> {
        if let Some(known) = self.0.get(expression) {
            return Ok(Arc::clone(known));
        }
        let pattern = Arc::new(Pattern::new(expression)?);
        self.0.insert(expression.to_owned(), Arc::clone(&pattern));
        Ok(pattern)
    }
}

impl Extend<(String, Vec<Required>)> for Patterns {
    /// Adds expressions of which is known that they are right, with the texts of which one stands in every match.
    fn extend<T: IntoIterator<Item = (String, Vec<Required>)>>(&mut self, known: T) {
        self.0.extend(known.into_iter().map(|(text, required)| (text.clone(), Arc::new(Pattern::known(text, required)))));
    }
}

fn build(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(expression).multi_line(true).size_limit(PROGRAM_BYTES_MAX).build()
}

/// At most so many bytes of memory a state of a compiled expression takes.
const STATE_BYTES_MAX: usize = 64;

/// About how many states the compiled expression has; rather more than fewer.
fn states(hir: &Hir) -> usize {
    // A range of characters beyond ASCII becomes several sequences of up to four bytes each.
    const STATES_PER_RANGE: usize = 12;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) if class.is_ascii() => 1 + class.ranges().len() / 4,
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(STATES_PER_RANGE),
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len() / 4,
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1)).max(1) as usize;
            states(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Concat(children) | HirKind::Alternation(children) => {
            children.iter().map(states).fold(1, |sum, states| sum.saturating_add(states).saturating_add(1))
        }
    }
}

/// The names of the groups.
fn names(hir: &Hir) -> Vec<&str> {
    match hir.kind() {
        HirKind::Capture(capture) => capture.name.as_deref().into_iter().chain(names(&capture.sub)).collect(),
        HirKind::Repetition(repetition) => names(&repetition.sub),
        HirKind::Concat(children) | HirKind::Alternation(children) => children.iter().flat_map(names).collect(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => Vec::new(),
    }
}

fn syntax(error: &regex_syntax::Error, expression: &str) -> BadPattern {
    let (kind, span) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset..error.span().end.offset),
        other => (other.to_string(), 0..expression.len()),
    };
    let remedy = if kind.contains("nested") {
        "write it flatter: groups that only hold one other group can go"
    } else if kind.contains("look-around") {
        "look-around does not exist here; say what must not be there with `not: { regex: .. }`"
    } else if kind.contains("backreferences") {
        "references to groups do not exist here; write the repeated part twice"
    } else {
        "put a backslash before ( ) [ ] { } . * + ? | ^ $ where the character itself is meant; the syntax is that of docs.rs/regex"
    };
    BadPattern { lint: "regex", span, says: format!("the expression cannot be read: {kind}"), remedy: remedy.to_owned() }
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
        let finds =
            |expression: &str, text: &str| Pattern::new(expression).map_err(|bad| bad.says).unwrap().regex().unwrap().is_match(text);
        assert!(finds(r"^\d+$", "a\n42\nb") && !finds(r"\d", "٣"));
        assert!(finds(r"[\w-]+x", "a-bx") && finds(r"[^\s,]x", "éx") && !finds(r"[^\s,]x", " x"));
        assert!(finds(r"\\d", r"\d") && finds(r"\bx", "a x"));
    }

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        let bad = |expression: &str| Pattern::new(expression).map(drop).map_err(|bad| (bad.span, bad.says)).unwrap_err();
        assert_eq!(bad("ab(cd").0, 2..3);
        assert_eq!(bad("x(?P<hots>y)").0, 5..9);
        assert!(bad("a*").1.contains("empty") && bad("^|x").1.contains("empty"));
        assert!(bad("(?=x)y").1.contains("look-around") && bad("x[a-z]{1000}{1000}").1.contains("too large"));
    }

    #[test]
    fn what_is_not_compiled_at_once_is_small_enough() {
        for part in [
            "a",
            "[a-z]",
            "[^x]",
            "[^a-cx-z,;]",
            ".",
            r"\pL",
            r"\p{Greek}",
            "(?i)straße",
            "(?i:k)",
            "(a|bc|d)",
            "x*?",
            r"\b",
            "é",
            "[à-ÿĀ-ſ]",
            "[\u{10000}-\u{10ffff}]",
        ] {
            for times in [1, 10, 100, 300, 1000, 3000, 10_000] {
                let expression = format!("x(?:{part}){{{times}}}");
                let Ok(hir) = parse(&expression) else { continue };
                let fits = states(&hir).saturating_mul(STATE_BYTES_MAX) <= PROGRAM_BYTES_MAX;
                assert!(!fits || build(&ascii_classes(&expression)).is_ok(), "{expression}");
            }
        }
    }
}
