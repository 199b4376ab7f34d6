//! One copy of each text that many logs have in common, and a number that stands for it: in a table of ten million attempts a few thousand
//! names of DAGs, hosts and endpoints repeat, and a number takes a quarter of the room of the smallest pointer to text.

use string_interner::backend::StringBackend;
use string_interner::symbol::{Symbol, SymbolU32};
use string_interner::{DefaultHashBuilder, StringInterner};

/// A text of one [`Texts`]; four bytes, with or without `Option`. The same text has the same number, but numbers follow the order in which texts were met, which
/// differs from run to run: compare and sort by text, never by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Text(SymbolU32);

impl Text {
    /// The place of its rank in [`Texts::ranks`].
    pub(super) fn index(self) -> usize {
        self.0.to_usize()
    }
}

/// The texts that were met. Nothing is ever taken out.
#[derive(Debug, Clone)]
pub(crate) struct Texts(StringInterner<StringBackend<SymbolU32>, DefaultHashBuilder>);

impl Default for Texts {
    fn default() -> Self {
        Self(StringInterner::new())
    }
}

/// Stands between the items of a list that is kept as one text. Nothing that names anything holds it; what does is not kept as a list.
const SEPARATOR: char = '\u{1f}';

impl Texts {
    /// The number of a text, a new one if it was not met before.
    pub(crate) fn add(&mut self, text: &str) -> Text {
        Text(self.0.get_or_intern(text))
    }

    /// The number of a text that may be there.
    pub(crate) fn add_some(&mut self, text: Option<&str>) -> Option<Text> {
        text.map(|text| self.add(text))
    }

    /// Whether a text can stand in a list.
    pub(crate) fn may_be_listed(text: &str) -> bool {
        !text.is_empty() && !text.contains(SEPARATOR)
    }

    /// The number of a list of texts; `None` for an empty one, and for one of which a text holds what separates them.
    pub(crate) fn add_list<'t>(&mut self, items: impl IntoIterator<Item = &'t str>) -> Option<Text> {
        let mut whole = String::new();
        for (at, item) in items.into_iter().enumerate() {
            if item.contains(SEPARATOR) || (item.is_empty() && at == 0) {
                return None;
            }
            if at > 0 {
                whole.push(SEPARATOR);
            }
            whole.push_str(item);
        }
        (!whole.is_empty()).then(|| self.add(&whole))
    }

    /// The text of a number. A number of other texts may stand for any text here, or for none.
    #[must_use]
    pub(crate) fn get(&self, text: Text) -> &str {
        self.0.resolve(text.0).unwrap_or_default()
    }

    /// The items of a list.
    pub(crate) fn list(&self, list: Option<Text>) -> impl Iterator<Item = &str> + Clone {
        list.into_iter().flat_map(|list| self.get(list).split(SEPARATOR))
    }

    /// For each text its place in the order of all texts, by [`Text::index`].
    pub(super) fn ranks(&self) -> Ranks {
        let mut all: Vec<(&str, u32)> = self.0.iter().map(|(symbol, text)| (text, symbol.to_usize() as u32)).collect();
        all.sort_unstable();
        let mut ranks = Ranks { of: vec![0; all.len()], ends: vec![0; all.len()] };
        // The texts before the one at hand that it may begin with, each a beginning of the next.
        let mut open: Vec<(&str, u32)> = Vec::new();
        for (rank, (text, index)) in all.iter().enumerate() {
            while let Some((_, done)) = open.pop_if(|(begin, _)| !text.starts_with(*begin)) {
                ranks.ends[done as usize] = rank as u32;
            }
            open.push((text, *index));
            ranks.of[*index as usize] = rank as u32;
        }
        open.into_iter().for_each(|(_, index)| ranks.ends[index as usize] = all.len() as u32);
        ranks
    }
}

/// The order of texts.
#[derive(Debug)]
pub(super) struct Ranks {
    of: Vec<u32>,
    /// For each text the first rank behind it of a text that does not begin with it.
    ends: Vec<u32>,
}

impl Ranks {
    /// The place of a text among all.
    pub(super) fn of(&self, text: Text) -> u32 {
        self.of.get(text.index()).copied().unwrap_or_default()
    }

    /// Whether one text begins with the other.
    pub(super) fn share_begin(&self, a: Text, b: Text) -> bool {
        let begins = |short: Text, long: Text| {
            let rank = self.of(long);
            self.of(short) <= rank && self.ends.get(short.index()).is_some_and(|end| rank < *end)
        };
        begins(a, b) || begins(b, a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_one_number() {
        let mut texts = Texts::default();
        let [a, b, again] = ["orders", "prices", "orders"].map(|text| texts.add(text));
        assert_eq!((a == again, a == b, texts.get(b)), (true, false, "prices"));
        assert_eq!(size_of::<Option<Text>>(), 4);
    }

    #[test]
    fn a_list_is_one_text_and_comes_back_as_it_was() {
        let mut texts = Texts::default();
        for list in [&["a:1"][..], &["a:1", "b:2"], &["a", "", "c"]] {
            let number = texts.add_list(list.iter().copied());
            assert_eq!(texts.list(number).collect::<Vec<_>>(), list);
        }
        assert_eq!(texts.list(None).count(), 0);
        for none in [&[][..], &[""], &["a\u{1f}b"]] {
            assert_eq!(texts.add_list(none.iter().copied()), None, "{none:?}");
        }
    }

    #[test]
    fn ranks_follow_the_texts_whatever_the_order_they_came_in() {
        let mut texts = Texts::default();
        let [b, ab, empty, a, abc, ac] = ["b", "ab", "", "a", "abc", "ac"].map(|text| texts.add(text));
        let ranks = texts.ranks();
        assert_eq!([empty, a, ab, abc, ac, b].map(|text| ranks.of(text)), [0, 1, 2, 3, 4, 5]);
        let share = |one, other| (ranks.share_begin(one, other), ranks.share_begin(other, one));
        assert_eq!([share(a, abc), share(ab, abc), share(empty, b), share(a, a)], [(true, true); 4]);
        assert_eq!([share(ab, ac), share(a, b), share(abc, ac)], [(false, false); 3]);
    }
}
