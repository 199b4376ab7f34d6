//! Which words stand in a text that announce secrets: all are looked for at once, and a text without any of them, as most are, needs no other look.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::patterns::{EMAIL, PATTERNS, TOKENS};

/// The words, and what finds them in any case.
static SEARCH: LazyLock<Option<(Vec<&'static str>, AhoCorasick)>> = LazyLock::new(|| {
    let lists = PATTERNS.iter().map(|pattern| pattern.words).chain(TOKENS.iter().map(|token| token.words)).chain([EMAIL.words]);
    let mut words: Vec<&'static str> = lists.flatten().copied().collect();
    words.sort_unstable();
    words.dedup();
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok()?;
    // A set of them has a bit for each; a test sees to it that there are enough.
    (words.len() <= u128::BITS as usize).then_some((words, search))
});

/// The words that stand in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced(u128);

impl Announced {
    /// Looks through a text.
    pub(super) fn of(text: &str) -> Self {
        let Some((_, search)) = &*SEARCH else { return Self(u128::MAX) };
        Self(search.find_overlapping_iter(text).fold(0, |found, word| found | 1 << word.pattern().as_usize()))
    }

    /// Whether one of these words is there; they are some of those that are looked for.
    pub(super) fn any(self, words: &[&str]) -> bool {
        let Some((known, _)) = &*SEARCH else { return true };
        self.0 != 0 && words.iter().any(|word| known.binary_search(word).map_or(true, |at| self.0 & (1 << at) != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_any_case() {
        assert!(SEARCH.is_some());
        for words in PATTERNS.iter().map(|pattern| pattern.words).chain(TOKENS.iter().map(|token| token.words)) {
            for word in words {
                assert!(Announced::of(&format!("x{}y", word.to_ascii_uppercase())).any(words), "{word}");
            }
            assert!(!Announced::of("nothing to hide").any(words));
        }
    }
}
