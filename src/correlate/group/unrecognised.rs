//! What an unrecognised failure is grouped by, so that a failure that no rule knows is still one incident however often it strikes.

use crate::attempt::Failure;

/// How much of a message counts.
const MESSAGE_CHARS: usize = 160;

/// Exception, message with its variable parts masked, and the task's own frames.
pub(crate) fn unrecognised_key(failure: &Failure) -> String {
    match failure.chain.last() {
        Some(raised) => format!("{}: {} at {}", raised.class, masked(&raised.message), failure.frames.join(" > ")),
        None => masked(&failure.excerpt),
    }
}

/// The first line of a message with numbers, hexadecimal ids, quoted values and paths replaced.
#[must_use]
pub(crate) fn masked(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut out = String::new();
    let mut quote = None;
    for word in line.split_inclusive(|c: char| c.is_whitespace() || "'\"".contains(c)) {
        let end = word.chars().last().filter(|c| "'\"".contains(*c));
        let body = word.trim_end_matches(|c: char| c.is_whitespace() || "'\"".contains(c));
        let variable = quote.is_some() || body.contains('/') || body.chars().any(|c| c.is_ascii_digit());
        out.push_str(if variable && !body.is_empty() { "*" } else { body });
        out.push_str(&word[body.len()..]);
        quote = match (quote, end) {
            (None, Some(c)) => Some(c),
            (Some(open), Some(c)) if open == c => None,
            (open, _) => open,
        };
    }
    out.chars().take(MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn variable_parts_are_masked() {
        assert_eq!(masked("no row for order 12345 in /data/2026/x.csv"), "no row for order * in *");
        assert_eq!(masked("column 'amount' is missing"), "column '*' is missing");
        assert_eq!(masked("plain words\nsecond line"), "plain words");
    }
}
