//! Exception chains, read from the text that Python prints: which exceptions, in which order, from which frames.

/// The exceptions of one record: the root first, the one that was raised at the end last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Root first.
    pub exceptions: Vec<Exception>,
}

/// One exception of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// `requests.exceptions`; `None` where the log gives none.
    pub module: Option<String>,
    /// `ConnectTimeout`.
    pub class: String,
    /// What stands behind the class; may have several lines.
    pub message: String,
    /// Outermost first.
    pub frames: Vec<Frame>,
    /// How it came out of the exception before it.
    pub link: Link,
    /// The byte of the record's text at which its line begins.
    pub at: usize,
}

/// One frame of a traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The file as printed.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// The function.
    pub function: String,
}

/// How an exception came out of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It is the first.
    First,
    /// `raise .. from ..`
    Cause,
    /// It was raised while the one before it was handled.
    Context,
    /// It stands beside the one before it (a group, or a second traceback in one record).
    Beside,
}

/// How many exceptions of one record are kept.
const EXCEPTIONS_MAX: usize = 32;

/// How many frames of one exception are kept: the outermost are dropped, for the innermost tell more.
const FRAMES_MAX: usize = 80;

/// The longest message that is kept.
const MESSAGE_BYTES_MAX: usize = 4000;

impl Chain {
    /// The exception that ended the task.
    #[must_use]
    pub fn raised(&self) -> Option<&Exception> {
        self.exceptions.last()
    }

    /// The first exception.
    #[must_use]
    pub fn root(&self) -> Option<&Exception> {
        self.exceptions.first()
    }
}

/// Reads the exceptions in a record's text.
#[must_use]
pub(super) fn parse(text: &str) -> Chain {
    let has_traceback =
        text.contains("Traceback (most recent call last)") || text.contains("Exception Group Traceback") || text.contains("  File \"");
    let mut chain = Chain::default();
    let mut reading = Reading::Text;
    let mut frames: Vec<Frame> = Vec::new();
    let mut link = Link::First;
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let full = raw.trim_end_matches(['\n', '\r']);
        let line = without_group_bars(full);
        let trimmed = line.trim_start();
        let indent = full.len() - trimmed.len();
        if is_head(trimmed) {
            if reading == Reading::Message && link == Link::First && !chain.exceptions.is_empty() {
                link = Link::Beside;
            }
            frames.clear();
            reading = Reading::Frames;
            continue;
        }
        if trimmed.starts_with("During handling of the above exception") {
            link = Link::Context;
            reading = Reading::Text;
            continue;
        }
        if trimmed.starts_with("The above exception was the direct cause") {
            link = Link::Cause;
            reading = Reading::Text;
            continue;
        }
        if let Some(frame) = frame(trimmed) {
            if reading != Reading::Frames {
                frames.clear();
            }
            reading = Reading::Frames;
            if frames.len() == FRAMES_MAX {
                frames.remove(0);
            }
            frames.push(frame);
            continue;
        }
        match reading {
            Reading::Frames => {
                if trimmed.is_empty() || line.starts_with([' ', '\t']) {
                    continue;
                }
                let (module, class, message) = exception_line(trimmed, true).unwrap_or((None, trimmed.to_owned(), String::new()));
                push(&mut chain, Exception { module, class, message, frames: std::mem::take(&mut frames), link, at: start + indent });
                link = Link::First;
                reading = Reading::Message;
            }
            Reading::Message => {
                if trimmed.is_empty() {
                    reading = Reading::Text;
                } else if let Some(last) = chain.exceptions.last_mut()
                    && last.message.len() < MESSAGE_BYTES_MAX
                {
                    last.message.push('\n');
                    last.message.push_str(line);
                }
            }
            Reading::Text => {
                // Without a traceback, a line that is an exception with its full framing counts as one.
                if !has_traceback && let Some((module, class, message)) = exception_line(trimmed, false) {
                    let link = if chain.exceptions.is_empty() { Link::First } else { Link::Beside };
                    push(&mut chain, Exception { module, class, message, frames: Vec::new(), link, at: start + indent });
                    reading = Reading::Message;
                }
            }
        }
    }
    chain
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Text,
    Frames,
    Message,
}

fn push(chain: &mut Chain, mut exception: Exception) {
    if chain.exceptions.is_empty() {
        exception.link = Link::First;
    } else if exception.link == Link::First {
        exception.link = Link::Beside;
    }
    if exception.message.len() > MESSAGE_BYTES_MAX {
        let mut end = MESSAGE_BYTES_MAX;
        while !exception.message.is_char_boundary(end) {
            end -= 1;
        }
        exception.message.truncate(end);
    }
    if chain.exceptions.len() == EXCEPTIONS_MAX {
        // The root and the latest are what matters: one from the middle goes.
        chain.exceptions.remove(EXCEPTIONS_MAX / 2);
    }
    chain.exceptions.push(exception);
}

fn is_head(line: &str) -> bool {
    line.starts_with("Traceback (most recent call last)") || line.starts_with("Exception Group Traceback")
}

/// A line of an exception group without the bars before it: `  | ValueError: x`, `  +-+---- 1 ----`.
fn without_group_bars(line: &str) -> &str {
    let trimmed = line.trim_start();
    if !trimmed.starts_with(['|', '+']) {
        return line;
    }
    let inner = trimmed.trim_start_matches(['|', '+', '-', ' ']);
    // The indentation behind the last bar is what tells frames from exception lines.
    match trimmed.rfind("| ").filter(|_| trimmed.starts_with('|')) {
        Some(bar) if trimmed[..bar].chars().all(|c| c == '|' || c == ' ') => &trimmed[bar + 2..],
        _ => inner,
    }
}

/// `File "x.py", line 3, in f`.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("File \"")?;
    let (file, rest) = rest.split_once("\", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok()?;
    let function = rest[digits..].strip_prefix(", in ").unwrap_or_default();
    Some(Frame { file: file.to_owned(), line: number, function: function.trim_end().to_owned() })
}

/// `module.Class: message` as (module, class, message). Behind frames anything that is a name will do; elsewhere the class
/// must look like an exception's.
fn exception_line(line: &str, behind_frames: bool) -> Option<(Option<String>, String, String)> {
    let name_end = line.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_end);
    let message = match rest {
        "" => "",
        rest => rest.strip_prefix(": ").or_else(|| rest.strip_prefix(':'))?,
    };
    let (module, class) = match name.rsplit_once('.') {
        Some((module, class)) => (Some(module), class),
        None => (None, name),
    };
    let first = class.chars().next()?;
    if !(first.is_alphabetic() || first == '_') {
        return None;
    }
    if !behind_frames {
        let typical =
            ["Error", "Exception", "Timeout", "Interrupt", "Exit", "Disconnected", "NotFound", "Unavailable", "Cancelled", "DoesNotExist"];
        let dotted_lower = module
            .is_none_or(|module| module.split('.').all(|part| part.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')));
        let camel = first.is_ascii_uppercase() && class.chars().any(|c| c.is_ascii_lowercase());
        let known = typical.iter().any(|ending| class.ends_with(ending));
        // `psycopg2.errors.UndefinedTable: ..`: a dotted name with an `errors` or `exceptions` part is an exception too.
        let by_module =
            module.is_some_and(|module| module.split('.').any(|part| matches!(part, "errors" | "exceptions" | "error" | "exc")));
        if !(camel && dotted_lower && (known || by_module)) {
            return None;
        }
    }
    Some((module.map(str::to_owned), class.to_owned(), message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, Link)> {
        parse(text).exceptions.into_iter().map(|exception| (exception.class, exception.link)).collect()
    }

    #[test]
    fn a_chain_is_read_root_first_with_its_links() {
        let text = "Task failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\n    ^^^\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in h\nlib.errors.Broken\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"c.py\", line 3, in i\nValueError: two\nlines\n";
        let chain = parse(text);
        assert_eq!(names(text), [("KeyError".into(), Link::First), ("Broken".into(), Link::Context), ("ValueError".into(), Link::Cause)]);
        assert_eq!(chain.exceptions[1].module.as_deref(), Some("lib.errors"));
        assert_eq!(chain.exceptions[2].message, "two\nlines");
        assert_eq!(chain.exceptions[0].frames, [Frame { file: "a.py".into(), line: 1, function: "f".into() }]);
        assert!(text[chain.exceptions[2].at..].starts_with("ValueError: two"));
    }

    #[test]
    fn blank_lines_between_frames_do_not_end_a_traceback() {
        let text = "Trigger failed:\nTraceback (most recent call last):\n\n  File \"t.py\", line 1, in run\n    x\n\nConnectionResetError: [Errno 104] Connection reset by peer\n\n";
        assert_eq!(names(text), [("ConnectionResetError".into(), Link::First)]);
    }

    #[test]
    fn a_group_gives_its_members_too() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | ExceptionGroup: 2 failed (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"b.py\", line 2, in g\n    | TimeoutError: slow\n    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    |   File \"b.py\", line 3, in g\n    | OSError: gone\n    +------------------------------------\n";
        let classes: Vec<String> = names(text).into_iter().map(|(class, _)| class).collect();
        assert_eq!(classes, ["ExceptionGroup", "TimeoutError", "OSError"]);
    }

    #[test]
    fn a_bare_exception_line_needs_the_look_of_one() {
        assert_eq!(names("requests.exceptions.ConnectionError: ('Connection aborted.')").len(), 1);
        assert_eq!(names("psycopg2.errors.UndefinedTable: relation").len(), 1);
        for text in ["Note: nothing", "ERROR: failed", "Errors: 0", "my.module: text", "Some words Error: x", "airflow.exceptions: x"] {
            assert!(names(text).is_empty(), "{text}");
        }
    }
}
