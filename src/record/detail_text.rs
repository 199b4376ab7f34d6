//! Exceptions within a line of text: the list `error_detail=[{..}]` that structlog's console puts behind an event, as JSON or as Python prints it,
//! and tracebacks whose line feeds were lost when they were copied. Both are brought into the form of Python's own tracebacks.

use serde_json::Value;

use super::exception::{Chain, render};
use super::python_line::exception_line;
use super::{detail, json_repair, traceback};

/// What stands before the list.
const KEY: &str = "error_detail=";

/// The head of a traceback with its first frame in the same line.
const FLAT_HEAD: &str = "Traceback (most recent call last): File \"";

/// What begins a frame.
const FRAME: &str = " File \"";

/// The text with its exceptions in Python's form; `None` where it holds neither of the two.
pub(super) fn convert(text: &str) -> Option<(String, Chain)> {
    if text.contains(FLAT_HEAD) {
        let text = unfolded(text);
        let chain = traceback::parse(&text, false);
        return Some((text, chain));
    }
    let at = text.match_indices(KEY).map(|(at, _)| at).find(|at| text[at + KEY.len()..].starts_with("[{"))?;
    let list = text.get(at + KEY.len()..)?;
    let (json, used) = as_json(list);
    let detail = serde_json::from_str::<Value>(&json).ok().or_else(|| {
        let object = json_repair::repair(format!("{{\"error_detail\":{json}").as_bytes())?.line.object;
        object.get("error_detail").cloned()
    })?;
    let mut left = Vec::new();
    let mut exceptions = detail::read("error_detail", &detail, &mut left);
    if exceptions.is_empty() {
        return None;
    }
    let mut converted = text.get(..at)?.trim_end().to_owned();
    let behind = list.get(used..).unwrap_or_default().trim();
    for part in std::iter::once(behind).chain(left.iter().map(String::as_str)).filter(|part| !part.is_empty()) {
        converted.push(' ');
        converted.push_str(part);
    }
    let mut chain = traceback::parse(&converted, true);
    converted.push('\n');
    render(&mut exceptions, &mut converted);
    chain.append(exceptions);
    Some((converted, chain))
}

/// A list as JSON that stands at the start of `text` as JSON or as Python prints it, and how many bytes of `text` it takes. Where the text ends
/// before it, so does the JSON.
fn as_json(text: &str) -> (String, usize) {
    let mut json = String::with_capacity(text.len());
    let mut quote = None;
    let mut depth = 0_usize;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => {
                json.push('"');
                quote = None;
            }
            (Some(_), '"') => json.push_str("\\\""),
            (Some(_), '\\') => match chars.next() {
                Some((_, '\'')) => json.push('\''),
                // Python's bytes have no like in JSON.
                Some((_, 'x')) => json.push_str("\\u00"),
                Some((_, escaped)) => json.extend(['\\', escaped]),
                None => {}
            },
            (Some(_), c) if c.is_control() => json.push(' '),
            (Some(_), c) => json.push(c),
            (None, '\'' | '"') => {
                json.push('"');
                quote = Some(c);
            }
            (None, c) => {
                match c {
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let word = [("True", "true"), ("False", "false"), ("None", "null")].iter().find(|(word, _)| text[at..].starts_with(word));
                match word {
                    Some((word, json_word)) => {
                        json.push_str(json_word);
                        chars.nth(word.len() - 2);
                    }
                    None => json.push(c),
                }
                if depth == 0 {
                    return (json, at + c.len_utf8());
                }
            }
        }
    }
    (json, text.len())
}

/// A text whose tracebacks lost their line feeds, with them.
fn unfolded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let Some(head) = line.find(FLAT_HEAD) else {
            out.push_str(line);
            continue;
        };
        let (before, traceback) = line.split_at(head);
        out.push_str(before.trim_end());
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let mut frames = traceback.split(FRAME);
        out.push_str(frames.next().unwrap_or_default().trim_end());
        for frame in frames {
            out.push_str("\n  File \"");
            // Behind the function stands the source, and behind the last frame's the exception.
            let named = exception_in(frame);
            out.push_str(frame.get(..named.unwrap_or(frame.len())).unwrap_or_default().trim_end());
            if let Some(at) = named {
                out.push('\n');
                out.push_str(&frame[at..]);
            }
        }
        if line.ends_with('\n') && !out.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// Where in the text of a frame the line of an exception begins.
fn exception_in(frame: &str) -> Option<usize> {
    let words = frame.match_indices(' ').map(|(at, _)| at + 1);
    words.filter(|at| frame[*at..].starts_with(|c: char| c.is_ascii_alphabetic())).find(|at| {
        let rest = &frame[*at..];
        let word = rest.split(' ').next().unwrap_or_default();
        word.ends_with(':') && exception_line(rest).is_some_and(|name| name.looks_like_exception())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the record, the classes of its exceptions and the functions of the last one's frames.
    fn read(text: &str) -> Option<(String, Vec<String>, Vec<String>)> {
        let (text, chain) = convert(text)?;
        let functions = chain.exceptions.last().map(|last| last.frames.iter().map(|frame| frame.function.clone()).collect());
        Some((text, chain.exceptions.iter().map(|exception| exception.class.clone()).collect(), functions.unwrap_or_default()))
    }

    #[test]
    fn a_list_of_exceptions_is_read_as_json_and_as_python_prints_it() {
        let json = r#"Task failed error_detail=[{"exc_type":"KeyError","exc_value":"'day'","is_cause":false,"frames":[{"filename":"/dags/a.py","lineno":3,"name":"go"}]}] loc=a.py:3"#;
        let (text, classes, functions) = read(json).unwrap_or_default();
        assert_eq!((classes, functions), (vec!["KeyError".to_owned()], vec!["go".to_owned()]));
        assert!(text.starts_with("Task failed loc=a.py:3\n") && text.ends_with("KeyError: 'day'"), "{text}");
        let python = r#"Task failed error_detail=[{'exc_type': 'OSError', 'exc_value': "it's \"full\"", 'syntax_error': None, 'is_cause': True, 'frames': []}]"#;
        let (text, classes, _) = read(python).unwrap_or_default();
        assert_eq!(classes, ["OSError"]);
        assert!(text.contains("OSError: it's \"full\""), "{text}");
    }

    #[test]
    fn a_list_that_is_cut_is_read_up_to_there() {
        let cut = r#"x error_detail=[{"exc_type":"KeyError","exc_value":"'day'","frames":[{"filename":"/dags/a.py","lineno":3,"name":"go"},{"filena"#;
        assert_eq!(read(cut).unwrap_or_default().1, ["KeyError"]);
        for harmless in ["error_detail=[]", "error_detail=[{", "error_detail=none", "x error_detail=[{}]", "no detail"] {
            assert_eq!(read(harmless), None, "{harmless}");
        }
    }

    #[test]
    fn a_traceback_without_line_feeds_gets_them_back() {
        let flat = "Task failed Traceback (most recent call last): File \"/x/a.py\", line 3, in go return load() File \"/x/b.py\", line 9, in load \
                    return rows['day'] ~~~~^^^^^ KeyError: 'day'";
        let (text, classes, functions) = read(flat).unwrap_or_default();
        assert_eq!(classes, ["KeyError"], "{text}");
        assert_eq!(functions.len(), 2);
        assert!(text.ends_with("\nKeyError: 'day'"), "{text}");
    }
}
