//! Which parts of a message are other ones each time: numbers, ids, paths, hosts, times, quoted values. What is left may be looked for.

use crate::report::is_active;

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// Another one each time.
    pub(super) is_variable: bool,
}

/// How far the end of a quotation is looked for, in characters.
const QUOTED_CHARS_MAX: usize = 300;

/// A longer word is no word of a sentence.
const WORD_CHARS_MAX: usize = 24;

/// The longest literal that is proposed, in characters.
const LITERAL_CHARS_MAX: usize = 100;

/// Cuts a line into what stays and what varies. `names` are words that belong to one attempt alone.
pub(super) fn parts<'a>(line: &'a str, names: &[String]) -> Vec<Part<'a>> {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let mut variable = vec![false; chars.len()];
    mark_quoted(&chars, &mut variable);
    let is_seam = |c: char| c.is_whitespace() || "()[]{}<>,;|\"'`".contains(c);
    let mut from = 0;
    while from < chars.len() {
        if is_seam(chars[from].1) {
            variable[from] |= chars[from].1 != ' ' && (chars[from].1.is_whitespace() || is_active(chars[from].1));
            from += 1;
            continue;
        }
        let to = (from..chars.len()).find(|at| is_seam(chars[*at].1)).unwrap_or(chars.len());
        // The punctuation behind a word is not part of it.
        let end = (from..to).rev().find(|at| !".:!?".contains(chars[*at].1)).map_or(from, |at| at + 1);
        let word: String = chars[from..end].iter().map(|(_, c)| c).collect();
        if varies(&word, names) {
            variable[from..end].fill(true);
        }
        from = to;
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for at in 1..=chars.len() {
        if at == chars.len() || variable[at] != variable[start] {
            let (from, to) = (chars[start].0, chars.get(at).map_or(line.len(), |(byte, _)| *byte));
            parts.push(Part { text: &line[from..to], is_variable: variable[start] });
            start = at;
        }
    }
    parts
}

/// Marks a word in quotes; a sentence in quotes is looked at word by word.
fn mark_quoted(chars: &[(usize, char)], variable: &mut [bool]) {
    let alphanumeric = |at: usize| chars.get(at).is_some_and(|(_, c)| c.is_alphanumeric());
    let mut at = 0;
    while at < chars.len() {
        let quote = chars[at].1;
        let opens = "'\"`".contains(quote) && (at == 0 || !alphanumeric(at - 1));
        let closes = |end: &usize| chars[*end].1 == quote && !alphanumeric(end + 1);
        let end = (at + 1..chars.len().min(at + QUOTED_CHARS_MAX)).find(closes).filter(|_| opens);
        if let Some(end) = end.filter(|end| chars[at + 1..*end].iter().all(|(_, c)| !c.is_whitespace())) {
            variable[at + 1..end].fill(true);
            at = end;
        }
        at += 1;
    }
}

fn varies(word: &str, names: &[String]) -> bool {
    word.chars().any(|c| c.is_ascii_digit() || c.is_numeric() || "/\\_@=*:~%$#&+^\u{fffd}".contains(c) || is_active(c))
        || word.trim_matches('.').contains('.')
        || word.chars().count() > WORD_CHARS_MAX
        || names.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// The longest text between variable parts, without the punctuation around it; of equals the first.
pub(super) fn longest_literal(parts: &[Part<'_>]) -> Option<String> {
    let constant = parts.iter().filter(|part| !part.is_variable);
    let trimmed = constant.map(|part| shortened(part.text.trim_matches(|c: char| !c.is_alphanumeric()), LITERAL_CHARS_MAX));
    let best = trimmed.rev().max_by_key(|text| letters(text))?;
    (letters(best) >= 3).then(|| best.to_owned())
}

/// How many letters a text has.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// How many words.
pub(super) fn words(text: &str) -> usize {
    text.split(' ').filter(|word| letters(word) >= 2).count()
}

/// Whether a literal tells a failure from others by itself.
pub(super) fn tells(literal: &str) -> bool {
    words(literal) >= 3 || (words(literal) >= 2 && letters(literal) >= 14)
}

/// The text, or as many of its first words as fit.
pub(super) fn shortened(text: &str, chars_max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(chars_max) else { return text };
    let head = &text[..end];
    head.rfind(' ').map_or(head, |space| &head[..space]).trim_end()
}

/// The longest expression that is proposed, in bytes.
const REGEX_BYTES_MAX: usize = 240;

/// An expression that holds whatever stands in the variable parts; `None` where there is but one text that stays.
pub(super) fn expression(parts: &[Part<'_>]) -> Option<String> {
    let stays = |part: &Part<'_>| !part.is_variable && letters(part.text) >= 2;
    let first = parts.iter().position(stays)?;
    let last = parts.iter().rposition(stays).filter(|last| *last > first)?;
    let mut out = String::new();
    let mut whole = 0;
    for (at, part) in parts.iter().enumerate().take(last + 1).skip(first) {
        let piece = match part {
            Part { text, is_variable: false } => regex::escape(match at {
                at if at == first => text.trim_start(),
                at if at == last => text.trim_end(),
                _ => text,
            }),
            Part { text, .. } if text.bytes().all(|byte| byte.is_ascii_digit()) => "[0-9]+".to_owned(),
            Part { text, .. } if text.chars().all(char::is_whitespace) => r"\s+".to_owned(),
            Part { .. } => r"\S+".to_owned(),
        };
        if out.len() + piece.len() > REGEX_BYTES_MAX {
            break;
        }
        out.push_str(&piece);
        if stays(part) {
            whole = out.len();
        }
    }
    out.truncate(whole);
    (!out.is_empty()).then_some(out)
}

/// The line with other values in its variable parts.
pub(super) fn with_other_values(parts: &[Part<'_>]) -> String {
    parts.iter().map(|part| if part.is_variable { other(part.text) } else { part.text.to_owned() }).collect()
}

/// The line as a title: what varies is left out.
pub(super) fn as_title(parts: &[Part<'_>]) -> String {
    parts.iter().map(|part| if part.is_variable { ".." } else { part.text }).collect()
}

fn other(text: &str) -> String {
    let other = match text {
        text if text.contains("***") || text.chars().all(|c| c.is_whitespace() || is_active(c)) => return text.to_owned(),
        text if text.bytes().all(|byte| byte.is_ascii_digit() || b".:,+-TZ".contains(&byte)) => counted_on(text),
        text if text.contains("://") => format!("{}://other.example.com/other", text.split("://").next().unwrap_or_default()),
        text if text.contains(['/', '\\']) => "/other/place".to_owned(),
        text if text.contains('@') => "other@example.com".to_owned(),
        text if text.contains('=') => format!("{}=other", text.split('=').next().unwrap_or_default()),
        text if text.chars().any(|c| c.is_ascii_digit()) => counted_on(text),
        text if text.contains('.') => "other.example.com".to_owned(),
        _ => "other".to_owned(),
    };
    if other == text { "another".to_owned() } else { other }
}

/// The last digit of each number is the next one.
fn counted_on(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_last = |at: usize| chars.get(at + 1).is_none_or(|next| !next.is_ascii_digit());
    let next = |(at, c): (usize, &char)| match c.to_digit(10) {
        Some(digit) if is_last(at) => char::from_digit((digit + 1) % 10, 10).unwrap_or(*c),
        _ => *c,
    };
    chars.iter().enumerate().map(next).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn of(line: &str) -> (Option<String>, Option<String>, String) {
        let parts = parts(line, &["orders".to_owned()]);
        assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), line);
        (longest_literal(&parts), expression(&parts), with_other_values(&parts))
    }

    #[test]
    fn what_varies_is_told_from_what_stays() {
        for (line, literal, other) in [
            ("no row for order 12345 in /data/2026/x.csv", "no row for order", "no row for order 12346 in /other/place"),
            ("column 'amount' is missing", "is missing", "column 'other' is missing"),
            ("it can't be, can it?", "it can't be, can it", "it can't be, can it?"),
            ("table orders is locked by db.example.org:5432", "is locked by", "table other is locked by db.example.org:5433"),
            ("('Connection aborted.', ConnectionResetError(104, 'x'))", "Connection aborted.', ConnectionResetError", ""),
            ("run_id=a dag_id=b gone", "gone", "run_id=other dag_id=other gone"),
            ("gave\tup \u{1b}[31mnow", "gave", "gave\tup \u{1b}[31mnow"),
        ] {
            let (found, _, values) = of(line);
            assert_eq!(found.unwrap(), literal, "{line}");
            assert!(other.is_empty() || values == other || line.contains('\u{1b}'), "{line}: {values}");
        }
        assert_eq!(of("12 34").0, None);
    }

    #[test]
    fn an_expression_holds_whatever_varies() {
        assert_eq!(of("column 'amount' is missing").1.unwrap(), r"column '\S+' is missing");
        assert_eq!(of("exit 7 (of 9)").1.unwrap(), r"exit [0-9]+ \(of");
        assert_eq!(of("plain words only").1, None);
    }
}
