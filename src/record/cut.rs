//! Text cut to a number of bytes, never within a character.

/// The text, or as much of its begin as fits into `most` bytes.
#[must_use]
pub fn head_of(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::head_of;

    #[test]
    fn no_character_is_cut() {
        assert_eq!(
            [head_of("a\u{e9}b", 4), head_of("a\u{e9}b", 3), head_of("a\u{e9}b", 2), head_of("", 2)],
            ["a\u{e9}b", "a\u{e9}", "a", ""]
        );
    }
}
