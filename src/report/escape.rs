//! Escaping: what makes text from logs harmless in a terminal and in Markdown. One function per target, nothing else.
//!
//! Every function first makes control characters and invisible characters visible, in the way a program would write them
//! (`\x1b`, `\u{202e}`): they can move the cursor, change a title, or turn the order of letters around.

use std::borrow::Cow;
use std::fmt::Write;

/// For one line of a terminal: no control character is left, a line break is written `\n`, a tab becomes a space.
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => safe.push(' '),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            c if !is_active(c) => safe.push(c),
            // Writing to a string cannot fail.
            c if u32::from(c) < 0x100 => drop(write!(safe, "\\x{:02x}", u32::from(c))),
            c => drop(write!(safe, "\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something instead of being seen: C0 and C1 controls, marks that turn the direction of writing,
/// line and paragraph separators, the byte order mark, tag characters, which spell out text that nobody sees, and the two that are no
/// characters: no XML may hold them.
pub(crate) fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// For running text in Markdown, and for a cell of a table: no markup, no HTML, no link, no mention of a person or an issue.
///
/// `|` and the backslash become entities, so that a cell cannot be ended even by a renderer that counts backslashes its own way.
pub(super) fn markdown(text: &str) -> String {
    let text = terminal(text);
    let chars: Vec<char> = text.chars().collect();
    let word = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
    let mut safe = String::with_capacity(text.len() + 16);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(at + 1);
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' => safe.push_str("&#124;"),
            '\\' => safe.push_str("&#92;"),
            '`' | '*' | '[' | ']' | '~' | '$' => safe.extend(['\\', c]),
            // Inside a word an underline is no markup, and `up_for_retry` stays readable in the source.
            '_' if !(word(before) && word(after)) => safe.push_str("\\_"),
            // At the start they would make a heading, a list or a line.
            '#' | '+' | '-' | '=' if at == 0 => safe.extend(['\\', c]),
            '.' | ')' if at < 10 && at > 0 && chars.iter().take(at).all(char::is_ascii_digit) => safe.extend(['\\', c]),
            // Forges look for these after rendering, where a backslash is gone; a space without width stops them.
            '@' | '#' if word(after) => safe.extend([c, '\u{200b}']),
            ':' if after == Some(&'/') && chars.get(at + 2) == Some(&'/') => safe.extend([c, '\u{200b}']),
            '.' if ends_with_www(&chars, at) => safe.extend([c, '\u{200b}']),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether the three characters before `at` are `www`, with which renderers begin a link.
fn ends_with_www(chars: &[char], at: usize) -> bool {
    at.checked_sub(3).and_then(|start| chars.get(start..at)).is_some_and(|three| three.iter().all(|c| c.eq_ignore_ascii_case(&'w')))
}

/// For a code span in running Markdown: between more backticks than stand in it anywhere.
pub(super) fn code(text: &str) -> String {
    let text = terminal(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    // Two characters of padding are taken off by the renderer; without them a backtick at the edge would join the fence.
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// For code in a cell of a table, where backticks do not shield a `|`.
pub(super) fn code_cell(text: &str) -> String {
    format!("<code>{}</code>", markdown(text))
}

/// A fenced block; the fence is longer than any run of backticks inside.
pub(crate) fn fenced<'a>(language: &str, lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<Cow<'_, str>> = lines.into_iter().map(terminal).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let mut block = format!("{fence}{language}\n");
    for line in &lines {
        block.push_str(line);
        block.push('\n');
    }
    block + &fence + "\n"
}

/// For a reference to a file, as RFC 3986 has it: a path from here stays one, an absolute one becomes `file:///…`.
pub(super) fn uri(path: &str) -> String {
    let mut safe = String::with_capacity(path.len() + 16);
    if path.starts_with('/') {
        safe.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            // A colon would make a scheme of what stands before it, and some read a plus as a space.
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'=' | b'!' | b'@' | b',' => {
                safe.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            byte => drop(write!(safe, "%{byte:02X}")),
        }
    }
    safe
}

/// For the message of a workflow command of GitHub, whose line breaks stay.
pub(super) fn command_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// For a property of a workflow command.
pub(super) fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// For a message of SARIF, in which `{0}` stands for an argument and `[text](target)` for a link.
pub(super) fn sarif(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '{' => safe.push_str("{{"),
            '}' => safe.push_str("}}"),
            '[' | ']' | '\\' => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_character() {
        for (hostile, safe) in [
            ("plain text, ünïcode, 漢字", "plain text, ünïcode, 漢字"),
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("a\0b", "a\\x00b"),
            ("a\tb", "a b"),
            ("one\r\ntwo", "one\\r\\ntwo"),
            ("\u{9b}2J\u{7f}", "\\x9b2J\\x7f"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{2028}b\u{feff}", "a\\u{2028}b\\u{feff}"),
            ("hidden\u{e0041}", "hidden\\u{e0041}"),
            ("\u{fffe}\u{ffff}", "\\u{fffe}\\u{ffff}"),
        ] {
            assert_eq!(terminal(hostile), safe);
        }
        let invalid = String::from_utf8_lossy(b"caf\xe9 \xff\xfe");
        assert_eq!(terminal(&invalid), "caf\u{fffd} \u{fffd}\u{fffd}");
    }

    #[test]
    fn markdown_text_has_no_markup_left() {
        for (hostile, safe) in [
            ("up_for_retry of dag.task", "up_for_retry of dag.task"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a | b", "a &#124; b"),
            ("a \\| b", "a &#92;&#124; b"),
            ("]]>", "\\]\\]&gt;"),
            ("**bold** _it_ `code`", "\\*\\*bold\\*\\* \\_it\\_ \\`code\\`"),
            ("[x](http://evil.example)", "\\[x\\](http:\u{200b}//evil.example)"),
            ("![i](x)", "!\\[i\\](x)"),
            ("www.evil.example", "www.\u{200b}evil.example"),
            ("# heading", "\\# heading"),
            ("1. list", "1\\. list"),
            ("14 attempts", "14 attempts"),
            ("- item", "\\- item"),
            ("line\n# next", "line\\n# next".replace('\\', "&#92;").as_str()),
            ("@everyone see #1", "@\u{200b}everyone see #\u{200b}1"),
            ("&lt;", "&amp;lt;"),
            ("\u{1b}[2J", "&#92;x1b\\[2J"),
        ] {
            assert_eq!(markdown(hostile), safe, "{hostile:?}");
        }
    }

    #[test]
    fn an_address_names_a_file_and_nothing_else() {
        for (path, safe) in [
            (
                "logs/dag_id=a/run_id=manual__2026-11-21T00:00:00+00:00/1.log",
                "logs/dag_id=a/run_id=manual__2026-11-21T00%3A00%3A00%2B00%3A00/1.log",
            ),
            ("/opt/a b/100%.log", "file:///opt/a%20b/100%25.log"),
            ("javascript:x/1.log", "javascript%3Ax/1.log"),
            ("a?b#c[d]|<\"\\\n\u{fffd}é", "a%3Fb%23c%5Bd%5D%7C%3C%22%5C%0A%EF%BF%BD%C3%A9"),
            ("logs.tar.gz!x/1.log", "logs.tar.gz!x/1.log"),
        ] {
            assert_eq!(uri(path), safe);
        }
    }

    #[test]
    fn a_command_is_one_line_whatever_it_says() {
        assert_eq!(command_data("100%\r\n::error::x: a, b"), "100%25%0D%0A::error::x: a, b");
        assert_eq!(command_property("100%\n::error x: a, b"), "100%25%0A%3A%3Aerror x%3A a%2C b");
    }

    #[test]
    fn a_message_of_sarif_has_no_link_and_no_argument() {
        assert_eq!(sarif("{0} [x](http://evil.example) \\"), "{{0}} \\[x\\](http://evil.example) \\\\");
    }

    #[test]
    fn code_cannot_be_left_from_inside() {
        assert_eq!(code("plain | text"), "`plain | text`");
        assert_eq!(code("a `b` ``c``"), "``` a `b` ``c`` ```");
        assert_eq!(code("line\nbreak"), "`line\\nbreak`");
        assert_eq!(code_cell("a|b`c`"), "<code>a&#124;b\\`c\\`</code>");
        assert_eq!(fenced("", ["```", "<b>", "````x"]), "`````\n```\n<b>\n````x\n`````\n");
        assert_eq!(fenced("text", ["x\u{1b}[1m"]), "```text\nx\\x1b[1m\n```\n");
    }
}
