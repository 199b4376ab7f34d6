//! The conditions that a record could be recognised by, the one that should be tried first in front.

use super::material::Material;
use super::variable::{self, Part, letters, tells};
use super::yaml;

/// What is looked for; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) exception: Option<String>,
    pub(super) literal: Option<String>,
    pub(super) regex: Option<String>,
    /// Why this, for the reader.
    why: &'static str,
}

/// Classes that say only that something failed: what they are raised for stands in their message.
const COMMON: [&str; 45] = [
    "BaseException",
    "Exception",
    "RuntimeError",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "NameError",
    "ImportError",
    "ModuleNotFoundError",
    "AssertionError",
    "LookupError",
    "ArithmeticError",
    "NotImplementedError",
    "StopIteration",
    "SystemExit",
    "SystemError",
    "SyntaxError",
    "OSError",
    "IOError",
    "EnvironmentError",
    "PermissionError",
    "FileNotFoundError",
    "ConnectionError",
    "TimeoutError",
    "UserWarning",
    "Warning",
    "ExceptionGroup",
    "BaseExceptionGroup",
    "AirflowException",
    "AirflowFailException",
    "AirflowRuntimeError",
    "HTTPError",
    "HTTPStatusError",
    "URLError",
    "SSLError",
    "ClientError",
    "ApiException",
    "APIError",
    "OperationalError",
    "ProgrammingError",
    "CalledProcessError",
    "Error",
    "error",
];

const CLASS_TELLS: &str = "the class alone tells this failure from others";
const CLASS_AND_WORDS: &str = "the class is common: the words that stay the same in its message must stand there too";
const CLASS_IS_ALL: &str =
    "the class is common and its message has nothing that stays: add a literal or a frame, or every one of them matches";
const WORDS: &str = "the longest text without what is another one each time (numbers, ids, paths, hosts)";
const FEW_WORDS: &str = "the only text that stays, and too little of it: add what tells this failure from others";
const WORDS_AND_ORDER: &str = "no text that stays is long enough alone: what varies may be anything";
const WHOLE: &str = "nothing in it stays the same for sure: look for what does";

/// The conditions to try, in order.
pub(super) fn candidates(material: &Material) -> Vec<Wanted> {
    let parts = variable::parts(&material.message, &material.names);
    let literal = variable::longest_literal(&parts);
    // An expression only where the literal alone would be found in many lines.
    let regex = if literal.as_deref().is_some_and(tells) { None } else { variable::expression(&parts) };
    let mut all = Vec::new();
    if let Some(class) = &material.class {
        let exception = Some(class.clone());
        let is_common = COMMON.contains(&class.rsplit('.').next().unwrap_or_default());
        if is_common && literal.is_some() {
            let both = Wanted { exception: exception.clone(), literal: literal.clone(), regex: None, why: CLASS_AND_WORDS };
            if regex.is_some() {
                all.push(Wanted { regex: regex.clone(), ..both.clone() });
            }
            all.push(both);
        }
        all.push(Wanted { exception, why: if is_common { CLASS_IS_ALL } else { CLASS_TELLS }, ..Wanted::default() });
    }
    if let Some(literal) = literal {
        if regex.is_some() {
            all.push(Wanted { literal: Some(literal.clone()), regex, why: WORDS_AND_ORDER, ..Wanted::default() });
        }
        let why = if variable::words(&literal) >= 2 { WORDS } else { FEW_WORDS };
        all.push(Wanted { literal: Some(literal), why, ..Wanted::default() });
    }
    // Whatever is left, the most letters first.
    let mut rest: Vec<&str> = material.text.split(|c: char| c.is_whitespace() || c == '\u{fffd}' || crate::report::is_active(c)).collect();
    rest.extend(parts.iter().map(|part: &Part<'_>| part.text.trim()));
    rest.retain(|text| text.len() >= 3 && !text.contains("***") && !OF_TRACEBACKS.contains(text));
    rest.sort_by_key(|text| std::cmp::Reverse((letters(text).min(20), text.len().min(20))));
    rest.dedup();
    let whole = |text: &&str| Wanted { literal: Some(variable::shortened(text, 60).to_owned()), why: WHOLE, ..Wanted::default() };
    all.extend(rest.iter().take(REST_MAX).map(whole));
    all
}

/// Words of every traceback.
const OF_TRACEBACKS: [&str; 8] = ["Traceback", "(most", "recent", "call", "last):", "File", "line", "<module>"];

/// How many single words are tried where nothing better holds.
const REST_MAX: usize = 20;

impl Wanted {
    /// The lines below `match:`.
    pub(super) fn yaml(&self, with_comments: bool) -> String {
        let mut out = String::new();
        if with_comments {
            out += &format!("      # {}\n", self.why);
        }
        if let Some(exception) = &self.exception {
            out += &format!("      exception: {}\n", yaml::quoted(exception));
        }
        if let Some(literal) = &self.literal {
            out += &format!("      literal: {}\n", yaml::quoted(literal));
        }
        if let Some(regex) = &self.regex {
            out += &format!("      regex: {}\n", yaml::expression(regex));
        }
        out
    }
}
