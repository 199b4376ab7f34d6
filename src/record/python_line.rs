//! Single lines of what Python prints of an exception: heads, frames, links, the line with the class, the bars of groups.

use super::Frame;
use super::exception::{Exception, Link};

/// Endings of the names of exceptions.
const ENDINGS: [&str; 10] =
    ["Error", "Exception", "Timeout", "Interrupt", "Exit", "Disconnected", "NotFound", "Unavailable", "Cancelled", "DoesNotExist"];

/// Endings that are an exception's behind a traceback, but elsewhere may be in any text.
const ENDINGS_IN_TRACEBACK: [&str; 3] = ["Warning", "Iteration", "ExceptionGroup"];

/// Python's own exceptions whose names begin with a small letter, as Python 2 prints them.
const SMALL: [&str; 5] = ["error", "timeout", "gaierror", "herror", "sslerror"];

/// The first line of a traceback.
pub(super) fn is_head(line: &str) -> bool {
    let line = line.strip_prefix("+ ").unwrap_or(line);
    line.starts_with("Traceback (most recent call last)") || line.starts_with("Exception Group Traceback")
}

/// The line between two exceptions of a chain.
pub(super) fn link(line: &str) -> Option<Link> {
    if line.starts_with("During handling of the above exception") {
        Some(Link::Context)
    } else if line.starts_with("The above exception was the direct cause") {
        Some(Link::Cause)
    } else {
        None
    }
}

/// `File "x.py", line 3, in f`.
pub(super) fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(digits);
    let function = rest.strip_prefix(", in ").unwrap_or_default();
    Some(Frame { file: file.to_owned(), line: number.parse().ok()?, function: function.trim_end().to_owned(), code: None })
}

/// `module.Class: message`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExceptionLine<'a> {
    module: Option<&'a str>,
    class: &'a str,
    /// `None` where no colon follows.
    message: Option<&'a str>,
}

/// Takes a line apart that may be an exception's. Any name will do here; how much it must look like an exception is the caller's to say.
pub(super) fn exception_line(line: &str) -> Option<ExceptionLine<'_>> {
    let line = line.trim_end();
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut end = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    // `dags.etl.load.<locals>.Broken`: a class that a function defined.
    while let Some(local) = line.get(end..).and_then(|rest| rest.strip_prefix("<locals>")) {
        end = line.len() - local.len() + local.find(|c: char| !is_name(c)).unwrap_or(local.len());
    }
    let (name, rest) = line.split_at_checked(end)?;
    let message = match rest {
        "" => None,
        rest => Some(rest.strip_prefix(": ").or_else(|| rest.strip_prefix(':'))?),
    };
    let (module, class) = name.rsplit_once('.').map_or((None, name), |(module, class)| (Some(module), class));
    let first = class.chars().next()?;
    (first.is_alphabetic() || first == '_').then_some(ExceptionLine { module, class, message })
}

impl ExceptionLine<'_> {
    /// Whether the line begins with a URL, whose scheme looks like a class.
    pub(super) fn is_url(&self) -> bool {
        self.message.is_some_and(|message| message.starts_with("//"))
    }

    /// The exception, without frames.
    pub(super) fn exception(&self) -> Exception {
        Exception {
            module: self.module.map(str::to_owned),
            class: self.class.to_owned(),
            message: self.message.unwrap_or_default().to_owned(),
            is_group: self.class.ends_with("ExceptionGroup"),
            ..Exception::default()
        }
    }

    /// Whether a name behind frames can be nothing but an exception's, even where it is not clear that a traceback ends here.
    pub(super) fn is_without_doubt(&self) -> bool {
        let small = SMALL.contains(&self.class) && self.message.is_some();
        let dotted = self.module.is_some() && is_camel(self.class) && self.message.is_some();
        let ending = is_camel(self.class) && ENDINGS_IN_TRACEBACK.iter().any(|ending| self.class.ends_with(ending));
        small || dotted || ending || self.looks_like_exception()
    }

    /// Enough behind the frames of a traceback: nearly any name will do there, but a bare word may as well be another's output.
    pub(super) fn in_traceback(&self) -> bool {
        self.message.is_some() || self.module.is_some() || self.is_without_doubt()
    }

    /// Whether the class begins with a capital.
    pub(super) fn begins_large(&self) -> bool {
        self.class.starts_with(|c: char| c.is_uppercase())
    }

    /// Whether it looks like an exception on its own, wherever it stands.
    pub(super) fn looks_like_exception(&self) -> bool {
        let begins_small = |part: &str| part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let dotted_small = self.module.is_none_or(|module| module.split('.').all(begins_small));
        // `psycopg2.errors.UndefinedTable: ..`: a dotted name with an `errors` or `exceptions` part is an exception too.
        let by_module = self
            .module
            .is_some_and(|module| module.split('.').any(|part| matches!(part, "errors" | "exceptions" | "error" | "exc" | "_exceptions")));
        is_camel(self.class) && dotted_small && (by_module || ENDINGS.iter().any(|ending| self.class.ends_with(ending)))
    }
}

/// `ReadTimeout`: begins with a capital and has small letters.
fn is_camel(class: &str) -> bool {
    class.starts_with(|c: char| c.is_ascii_uppercase()) && class.chars().any(|c| c.is_ascii_lowercase())
}

/// What a line has of the bars that Python draws around the members of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bars<'a> {
    /// Nothing.
    None,
    /// `  | text`: the text and the place of its bar.
    Inside { column: usize, inner: &'a str },
    /// `  +-+---------------- 1 ----------------`.
    Open { column: usize },
    /// `    +---------------- 2 ----------------`.
    Next { column: usize },
    /// `    +------------------------------------`.
    Close { column: usize },
}

/// The bars of a line. Outside of a group only what can belong to nothing else counts.
pub(super) fn bars(line: &str, in_group: bool) -> Bars<'_> {
    let trimmed = line.trim_start();
    let column = line.len() - trimmed.len();
    if let Some(rest) = trimmed.strip_prefix('+') {
        if rest.starts_with("-+----") {
            return Bars::Open { column };
        }
        if rest.starts_with("-------") && in_group {
            let numbered = rest.trim_matches('-').len() > 1;
            return if numbered { Bars::Next { column } } else { Bars::Close { column } };
        }
        if let Some(inner) = rest.strip_prefix(' ').filter(|inner| is_head(inner)) {
            return Bars::Inside { column, inner };
        }
        return Bars::None;
    }
    // The indentation behind the last bar is what tells frames from exception lines.
    let depth = trimmed.bytes().take_while(|byte| matches!(byte, b'|' | b' ')).count();
    let Some(bar) = trimmed.get(..depth).and_then(|before| before.rfind('|')) else { return Bars::None };
    let inner = trimmed.get(bar + 1..).unwrap_or_default();
    let inner = inner.strip_prefix(' ').unwrap_or(inner);
    let part = inner.trim_start();
    if in_group || is_head(part) || frame(part).is_some() { Bars::Inside { column: column + bar, inner } } else { Bars::None }
}
