//! Finds thousands of texts in one pass over the bytes of a log, at a speed that hardly depends on how many they are.
//!
//! Of every text a window of nine bytes is chosen that is rare in healthy logs (see `grams`). Wherever the text stands, one of the four
//! groups of six bytes in that window begins at a multiple of four. So it is enough to look at every fourth position: the group there, its
//! letters in one case, is looked up in a table, which nearly always says that nothing begins here; where it does not, the few texts that
//! may stand there are compared byte for byte. Texts of less than nine bytes are looked for in the same way by groups of four bytes. Nothing else is
//! found, and nothing is missed. The few texts that are too short even for that are searched for by `aho-corasick`.
//!
//! Why not all of them: its vectorised search takes some dozens of texts, and rules require thousands; its automaton looks at every byte, which takes
//! four times as long, and its tables take a hundred times the memory and the time to make ready. `benches/stages` measures both beside each other.

mod table;

use std::collections::HashMap;
use std::ops::ControlFlow;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::grams::{self, groups};
use super::needed::Text;
use table::{Filter, Place, Table};

/// At places so far apart it is looked whether a text stands there.
const STEP: usize = 4;

/// How many bytes of a text that is long enough for it are looked up at once.
const LONG_GROUP: usize = 6;

/// How many of a shorter one.
const SHORT_GROUP: usize = 4;

/// How many bytes of a text decide where it is looked for: all groups that begin within a step.
const fn window(group: usize) -> usize {
    group + STEP - 1
}

/// The longest text that is searched for in the other way: at some places not even three bytes of a group would be its.
const SHORTEST_BYTES: usize = 4;

/// How many bytes are read at once: enough for a group of either sort.
const READ: usize = 8;

/// Puts ASCII letters into one case. It confuses a few other characters too, which the comparison tells apart.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// The search; see the module.
#[derive(Debug)]
pub(super) struct Sieve {
    texts: Vec<Text>,
    filters: (Filter<LONG_GROUP>, Filter<SHORT_GROUP>),
    long: Table,
    short: Table,
    shortest: Option<Shortest>,
    longest: usize,
}

/// The texts that are too short to be looked for by groups.
#[derive(Debug)]
struct Shortest {
    search: AhoCorasick,
    /// Their numbers.
    texts: Vec<usize>,
}

impl Sieve {
    /// Makes it ready for texts, each at least three bytes long.
    pub(super) fn new(texts: Vec<Text>) -> Self {
        let (mut long, mut short, mut shortest) = (Vec::with_capacity(STEP * texts.len()), Vec::new(), Vec::new());
        let mut crowd: HashMap<u64, u32> = HashMap::new();
        for (text, number) in texts.iter().zip(0..) {
            match text.bytes().len() {
                0..=SHORTEST_BYTES => shortest.push(number as usize),
                length if length < window(SHORT_GROUP) => places_of_short(text, number, &mut short),
                length if length < window(LONG_GROUP) => places_in_window::<SHORT_GROUP>(text, number, &mut crowd, &mut short),
                _ => places_in_window::<LONG_GROUP>(text, number, &mut crowd, &mut long),
            }
        }
        let longest = texts.iter().map(|text| text.bytes().len()).max().unwrap_or_default();
        let shortest = Shortest::new(&texts, shortest);
        let [long, short] = [long, short].map(Table::new);
        let filters = (Filter::new(long.groups()), Filter::new(short.groups()));
        Self { texts, filters, long, short, shortest, longest }
    }

    /// What it searches for.
    pub(super) fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// The length of the longest text: what stands so far before the end of a buffer may go on behind it.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `found` with the number and the place of every text in `bytes[from..]`, nearly in the order of places, until it says to stop.
    pub(super) fn each<B>(&self, bytes: &[u8], from: usize, mut found: impl FnMut(usize, usize) -> ControlFlow<B>) -> ControlFlow<B> {
        /// So many steps are taken before it is asked whether any of them is worth a closer look.
        const AT_ONCE: usize = 8;
        let mut found = |text, begin| if begin < from { ControlFlow::Continue(()) } else { found(text, begin) };
        let mut at = from;
        let mut shortest = Ahead { search: self.shortest.as_ref(), bytes, given: from, next: None };
        // What the last step of a block reads ends behind the block.
        while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ AT_ONCE * STEP + READ - STEP }>) {
            let (mut seen, mut seen_shortest) = (0_u32, 0_u32);
            for number in 0..AT_ONCE {
                let read = read(&block[STEP * number..]);
                seen |= u32::from(self.filters.0.may_stand_at(read) | self.filters.1.may_stand_at(read)) << number;
            }
            while let Some(place) = shortest.before(at + AT_ONCE * STEP) {
                seen_shortest |= 1 << ((place - at) / STEP);
            }
            while seen | seen_shortest != 0 {
                let number = (seen | seen_shortest).trailing_zeros();
                let at = at + STEP * number as usize;
                if seen_shortest >> number & 1 != 0 {
                    self.shortest_at(bytes, at, &mut found)?;
                }
                if seen >> number & 1 != 0 {
                    self.closer(bytes, at, &mut found)?;
                }
                (seen, seen_shortest) = (seen & !(1 << number), seen_shortest & !(1 << number));
            }
            at += AT_ONCE * STEP;
        }
        for at in (at..bytes.len()).step_by(STEP) {
            self.shortest_at(bytes, at, &mut found)?;
            self.closer(bytes, at, &mut found)?;
        }
        ControlFlow::Continue(())
    }

    /// Finds the shortest texts that begin within a step from `at`.
    fn shortest_at<B>(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, usize) -> ControlFlow<B>) -> ControlFlow<B> {
        for at in at..bytes.len().min(at + STEP) {
            for text in self.shortest.iter().flat_map(|shortest| &shortest.texts) {
                let text_at = || self.texts[*text].begins(&bytes[at..]);
                if self.texts[*text].bytes().first().is_some_and(|first| (first ^ bytes[at]) & !0x20 == 0) && text_at() {
                    found(*text, at)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Compares what may stand at some bytes that begin at `at`.
    fn closer<B>(&self, bytes: &[u8], at: usize, found: &mut impl FnMut(usize, usize) -> ControlFlow<B>) -> ControlFlow<B> {
        let read = read(&bytes[at..]);
        for place in self.long.at(group::<LONG_GROUP>(read)).chain(self.short.at(group::<SHORT_GROUP>(read))) {
            let Some(begin) = at.checked_add_signed(-place.before as isize) else { continue };
            let Some(rest) = bytes.get(begin..) else { continue };
            let is_like = rest.first_chunk().is_some_and(|first| u32::from_le_bytes(*first) | grams::FOLD == place.begin);
            if is_like && self.texts[place.text as usize].begins(rest) {
                found(place.text as usize, begin)?;
            }
        }
        ControlFlow::Continue(())
    }
}

impl Shortest {
    fn new(texts: &[Text], numbers: Vec<usize>) -> Option<Self> {
        let each = numbers.iter().filter_map(|number| texts.get(*number)).map(Text::bytes);
        // Where one may stand in any case, all are found so; they are compared once more.
        let any_case = numbers.iter().any(|number| texts.get(*number).is_some_and(Text::any_case));
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).ascii_case_insensitive(any_case).build(each).ok()?;
        (!numbers.is_empty()).then_some(Self { search, texts: numbers })
    }
}

/// Looks ahead for the shortest texts.
struct Ahead<'a> {
    search: Option<&'a Shortest>,
    bytes: &'a [u8],
    /// Up to where all of them have been given out.
    given: usize,
    /// Where the next one stands, if that is known.
    next: Option<usize>,
}

impl Ahead<'_> {
    /// The place of the next one that begins before `end`; each but once.
    #[inline]
    fn before(&mut self, end: usize) -> Option<usize> {
        if self.next.map_or(self.given < end, |next| next < end) { self.go_on(end) } else { None }
    }

    fn go_on(&mut self, end: usize) -> Option<usize> {
        /// So far it is looked ahead: whoever stops at the first text has not searched far in vain.
        const AHEAD: usize = 1024;
        let next = match self.next.take() {
            Some(next) => next,
            None => {
                let to = self.bytes.len().min(end + AHEAD);
                let found = self.search.and_then(|shortest| shortest.search.find(Input::new(self.bytes).range(self.given..to)));
                // What begins at the end of the range may end behind it.
                let Some(found) = found else {
                    self.given = end.max(to - SHORTEST_BYTES);
                    return None;
                };
                found.start()
            }
        };
        self.given = next + 1;
        if next < end {
            return Some(next);
        }
        self.next = Some(next);
        None
    }
}

/// The first eight bytes, folded; behind their end, blanks.
#[inline]
fn read(bytes: &[u8]) -> u64 {
    let read = bytes.first_chunk().map_or_else(|| group_of(bytes), |whole| u64::from_le_bytes(*whole));
    read | FOLD
}

/// The first so many of the bytes read.
fn group<const BYTES: usize>(read: u64) -> u64 {
    read & (u64::MAX >> (8 * (READ - BYTES)))
}

/// A few bytes as a group, folded.
fn group_of(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |group, byte| group << 8 | u64::from(*byte) | 0x20)
}

/// Chooses the window of a text with groups of so many bytes, and adds the places of its groups.
fn places_in_window<const GROUP: usize>(text: &Text, number: u32, crowd: &mut HashMap<u64, u32>, places: &mut Vec<Place>) {
    // How often a group stands in healthy logs, and how many other texts are looked for at it.
    let cost = |group: &[u8]| {
        let common = groups(group).map(grams::weight).min().unwrap_or(1);
        u64::from(common) + 8 * u64::from(crowd.get(&group_of(group)).copied().unwrap_or_default())
    };
    let costs: Vec<u64> = text.bytes().windows(GROUP).map(cost).collect();
    let best = costs.windows(STEP).enumerate().min_by_key(|(_, window)| window.iter().sum::<u64>()).map_or(0, |(at, _)| at);
    for (group, before) in text.bytes().windows(GROUP).zip(0..).skip(best).take(STEP) {
        *crowd.entry(group_of(group)).or_default() += 1;
        places.push(place(group_of(group), number, before, text));
    }
}

/// Adds the places of a text of five or six bytes: at some of them one byte of the group is not the text's, and may be any.
fn places_of_short(text: &Text, number: u32, places: &mut Vec<Place>) {
    let others = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0);
    let bytes = text.bytes();
    let whole = bytes.windows(SHORT_GROUP).zip(0..);
    places.extend(whole.map(|(group, before)| place(group_of(group), number, before, text)));
    let groups_before = others().map(|other| place(group_of(&[other, bytes[0], bytes[1], bytes[2]]), number, -1, text));
    places.extend(groups_before);
    if let [.., a, b, c] = *bytes
        && bytes.len() < window(SHORT_GROUP) - 1
    {
        let before = i32::try_from(bytes.len()).unwrap_or_default() - 3;
        places.extend(others().map(|other| place(group_of(&[a, b, c, other]), number, before, text)));
    }
}

fn place(group: u64, text: u32, before: i32, of: &Text) -> Place {
    Place { group, text, before, begin: group_of(&of.bytes()[..4]) as u32 }
}

#[cfg(test)]
mod tests;
