//! Which words stand in a text that announce secrets: all are looked for at once, and a text without any of them, as most are, needs no other look.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::patterns::{EMAIL, PATTERNS, TOKENS};

/// A set of words: a bit for each. A test sees to it that there are enough.
type Words = u128;

/// What finds all words, in any case, and which of them announce what.
struct Search {
    words: AhoCorasick,
    /// For each pattern; one that nothing announces has none.
    patterns: [Words; PATTERNS.len()],
    /// For any of the tokens.
    tokens: Words,
    email: Words,
}

static SEARCH: LazyLock<Option<Search>> = LazyLock::new(|| {
    let lists = PATTERNS.iter().map(|pattern| pattern.words).chain(TOKENS.iter().map(|token| token.words)).chain([EMAIL.words]);
    let mut words: Vec<&str> = lists.flatten().copied().collect();
    words.sort_unstable();
    words.dedup();
    let set = |of: &[&str]| of.iter().filter_map(|word| words.binary_search(word).ok()).fold(0, |set: Words, word| set | 1 << word);
    let search = Search {
        patterns: std::array::from_fn(|at| PATTERNS.get(at).map_or(0, |pattern| set(pattern.words))),
        tokens: TOKENS.iter().fold(0, |all, token| all | set(token.words)),
        email: set(EMAIL.words),
        words: AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok()?,
    };
    (words.len() <= Words::BITS as usize).then_some(search)
});

/// The words that stand in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced(Words);

impl Announced {
    /// Looks through a text.
    pub(super) fn of(text: &str) -> Self {
        let Some(search) = &*SEARCH else { return Self(Words::MAX) };
        Self(search.words.find_overlapping_iter(text).fold(0, |found, word| found | 1 << word.pattern().as_usize()))
    }

    /// Whether what the pattern of that number masks may be there.
    pub(super) fn pattern(self, at: usize) -> bool {
        SEARCH.as_ref().and_then(|search| search.patterns.get(at)).is_none_or(|words| *words == 0 || self.0 & words != 0)
    }

    /// Whether a token may be there.
    pub(super) fn token(self) -> bool {
        SEARCH.as_ref().is_none_or(|search| self.0 & search.tokens != 0)
    }

    /// Whether an address of a person may be there.
    pub(super) fn email(self) -> bool {
        SEARCH.as_ref().is_none_or(|search| self.0 & search.email != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_any_case() {
        assert!(SEARCH.is_some());
        let of = |word: &str| Announced::of(&format!("x{}y", word.to_ascii_uppercase()));
        for (at, pattern) in PATTERNS.iter().enumerate() {
            assert!(pattern.words.iter().all(|word| of(word).pattern(at)), "{}", pattern.name);
            assert_eq!(Announced::of("nothing to hide").pattern(at), pattern.words.is_empty(), "{}", pattern.name);
        }
        assert!(TOKENS.iter().flat_map(|token| token.words).all(|word| of(word).token()));
        assert!(EMAIL.words.iter().all(|word| of(word).email()));
        let nothing = Announced::of("nothing to hide");
        assert!(!nothing.token() && !nothing.email());
    }
}
