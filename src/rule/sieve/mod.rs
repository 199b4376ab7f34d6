//! Finds thousands of texts in one pass over the bytes of a log, at a speed that hardly depends on how many they are.
//!
//! Of every text a window of seven bytes is chosen that is rare in healthy logs (see `grams`). Wherever the text stands, one of the four
//! groups of four bytes in that window begins at a multiple of four. So it is enough to look at every fourth position: the group there, its
//! letters in one case, is looked up in a bit table, which nearly always says that nothing begins here; where it does not, the few texts that
//! may stand there are compared byte for byte. Nothing else is found, and nothing is missed.
//!
//! Why not a library's search: the vectorised one of `aho-corasick` takes some dozens of texts, and rules require thousands; its automaton
//! looks at every byte, which takes four times as long, and its tables take a hundred times the memory and the time to make ready.
//! `benches/stages` measures both beside each other.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::grams::{self, groups};
use super::needed::Text;

/// How many bytes are looked up at once.
const GROUP: usize = 4;

/// How many bytes of a text decide where it is looked for: all groups that begin at four neighbouring places.
const WINDOW: usize = 2 * GROUP - 1;

/// Puts ASCII letters into one case. It confuses a few other characters too, which the comparison tells apart.
const FOLD: u32 = grams::FOLD;

/// Bits of the table that is asked first; with tens of thousands of groups in it, it is still wrong but once in twenty times.
const FILTER_BITS: u32 = 20;

const FILTER_WORDS: usize = 1 << (FILTER_BITS - 6);

/// Of texts that are shorter than a window, at some positions only half a group is known.
const FIRST_HALF: u32 = 0x0000_ffff;
const SECOND_HALF: u32 = 0xffff_0000;

/// A table of one bit for each value of half a group, for texts of three or four bytes.
type HalfTable = [u64; 1 << (16 - 6)];

/// Every value that a byte can have in a folded group.
fn folded() -> impl Iterator<Item = u32> {
    (0..256).filter(|byte| byte & 0x20 != 0)
}

/// The search; see the module.
#[derive(Debug)]
pub(super) struct Sieve {
    texts: Vec<Text>,
    /// One bit for each hash of a group, over all groups that may be a part of a text.
    filter: Box<[u64; FILTER_WORDS]>,
    /// The same for groups of which only the first or the second half is known.
    halves: Box<[HalfTable; 2]>,
    /// Where in `places` those of one hash begin; one more than there are hashes.
    begins: Vec<u32>,
    places: Vec<Place>,
    /// How far a hash is shifted to give its place in `begins`.
    shift: u32,
    longest: usize,
}

/// A group of bytes at which a text may stand.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The group; where only half of it is known, that half and zeros, which no folded group holds.
    key: u32,
    text: u32,
    /// How many bytes of the text stand before the group; negative where the group begins before the text.
    before: i32,
    /// The text's first four bytes, folded; of a shorter one all. Most of what shares a group with it differs here.
    begin: u32,
}

impl Place {
    /// Which of the bytes in `begin` are the text's: a text of three bytes has no fourth.
    fn begin_mask(&self) -> u32 {
        if self.begin >> 24 == 0 { 0x00ff_ffff } else { u32::MAX }
    }
}

impl Sieve {
    /// Makes it ready for texts, each at least three bytes long.
    pub(super) fn new(texts: Vec<Text>) -> Self {
        let mut places = Vec::with_capacity(GROUP * texts.len());
        let mut crowd: HashMap<u32, u32> = HashMap::new();
        for (text, number) in texts.iter().zip(0..) {
            let from = places.len();
            places_of(text, number, &crowd, &mut places);
            for place in &places[from..] {
                *crowd.entry(place.key).or_default() += 1;
            }
        }
        let shift = u32::BITS - usize::BITS.saturating_sub(places.len().leading_zeros()).clamp(8, 20);
        let slot = |place: &Place| slot(place.key, shift);
        places.sort_by_key(slot);
        let mut begins = vec![0; (1 << (u32::BITS - shift)) + 1];
        for place in &places {
            begins[slot(place) + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut filter = Box::new([0; FILTER_WORDS]);
        let mut halves = Box::new([[0; 1 << (16 - 6)]; 2]);
        for Place { key, .. } in &places {
            if key & SECOND_HALF == 0 {
                halves[0][(key >> 6) as usize] |= 1 << (key & 63);
            } else if key & FIRST_HALF == 0 {
                halves[1][(key >> 22) as usize] |= 1 << ((key >> 16) & 63);
            } else {
                let (word, bit) = filter_place(*key);
                filter[word] |= 1 << bit;
            }
        }
        let longest = texts.iter().map(|text| text.bytes().len()).max().unwrap_or_default();
        Self { texts, filter, halves, begins, places, shift, longest }
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
        /// So many groups are looked up before it is asked whether any of them is worth a closer look.
        const AT_ONCE: usize = 8;
        let (groups, rest) = bytes.get(from..).unwrap_or_default().as_chunks::<GROUP>();
        let (blocks, last) = groups.as_chunks::<AT_ONCE>();
        let mut found = |text, begin| if begin < from { ControlFlow::Continue(()) } else { found(text, begin) };
        let mut at = from;
        for block in blocks {
            let mut seen = 0;
            for (group, number) in block.iter().zip(0..) {
                seen |= (self.may_begin(u32::from_le_bytes(*group) | FOLD) & 1) << number;
            }
            while seen != 0 {
                let number = seen.trailing_zeros() as usize;
                seen &= seen - 1;
                self.closer(bytes, at + GROUP * number, block[number % AT_ONCE], &mut found)?;
            }
            at += GROUP * AT_ONCE;
        }
        for group in last {
            self.closer(bytes, at, *group, &mut found)?;
            at += GROUP;
        }
        // A short text may stand at the very end, where no whole group is left.
        let mut padded = [b' '; GROUP];
        padded[..rest.len()].copy_from_slice(rest);
        self.closer(bytes, at, padded, &mut found)
    }

    /// Whether a text may stand at a folded group: the lowest bit.
    #[inline]
    fn may_begin(&self, group: u32) -> u64 {
        let (word, bit) = filter_place(group);
        self.filter[word] >> bit | self.half_begins(group)
    }

    /// The same for texts that are known by half a group.
    #[inline]
    fn half_begins(&self, group: u32) -> u64 {
        let [first, second] = &*self.halves;
        first[(group as usize & 0xffff) >> 6] >> (group & 63) | second[(group >> 22) as usize] >> ((group >> 16) & 63)
    }

    /// Compares what may stand at a group that begins at `at`.
    fn closer<B>(
        &self,
        bytes: &[u8],
        at: usize,
        group: [u8; GROUP],
        found: &mut impl FnMut(usize, usize) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let group = u32::from_le_bytes(group) | FOLD;
        self.compare(bytes, at, group, found)?;
        // Only texts of three or four bytes are known by half a group.
        if self.half_begins(group) & 1 != 0 {
            self.compare(bytes, at, group & FIRST_HALF, found)?;
            self.compare(bytes, at, group & SECOND_HALF, found)?;
        }
        ControlFlow::Continue(())
    }

    /// Compares the texts that may stand at a group with these known bytes.
    fn compare<B>(&self, bytes: &[u8], at: usize, key: u32, found: &mut impl FnMut(usize, usize) -> ControlFlow<B>) -> ControlFlow<B> {
        let slot = slot(key, self.shift);
        let (from, to) = (self.begins[slot] as usize, self.begins[slot + 1] as usize);
        for place in self.places[from..to].iter().filter(|place| place.key == key) {
            let Some(begin) = at.checked_add_signed(-place.before as isize) else { continue };
            let Some(rest) = bytes.get(begin..) else { continue };
            let is_like = rest.first_chunk().is_none_or(|first| (u32::from_le_bytes(*first) | FOLD) & place.begin_mask() == place.begin);
            if is_like && self.texts[place.text as usize].begins(rest) {
                found(place.text as usize, begin)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Chooses the window of a text, and adds the places of its groups.
fn places_of(text: &Text, number: u32, crowd: &HashMap<u32, u32>, places: &mut Vec<Place>) {
    let bytes = text.bytes();
    let groups: Vec<u32> = groups(bytes).collect();
    let begin = bytes.iter().take(GROUP).zip(0..).fold(0, |begin, (byte, at)| begin | (u32::from(*byte) | 0x20) << (8 * at));
    let mut add = |key: u32, before: i32| places.push(Place { key, text: number, before, begin });
    // The known bytes of a group that begins before the text, or ends behind it.
    let partial = |before: i32| {
        let byte = |at: i32| usize::try_from(before + at).ok().and_then(|at| bytes.get(at)).map_or(0, |byte| u32::from(*byte) | 0x20);
        (0..4).fold(0, |key, at| key | byte(at) << (8 * at))
    };
    if bytes.len() >= WINDOW {
        // How often a group stands in healthy logs, and how many other texts are looked for at it.
        let cost = |group: &u32| u64::from(grams::weight(*group)) + 8 * u64::from(crowd.get(group).copied().unwrap_or_default());
        let costs: Vec<u64> = groups.iter().map(cost).collect();
        let best = costs.windows(GROUP).enumerate().min_by_key(|(_, window)| window.iter().sum::<u64>()).map_or(0, |(at, _)| at);
        for (group, before) in groups.iter().zip(0..).skip(best).take(GROUP) {
            add(*group, before);
        }
        return;
    }
    let length = i32::try_from(bytes.len()).unwrap_or_default();
    // For each remainder of the text's place divided by four: a whole group, or all groups that hold three of its bytes, or half a group.
    let mut left = [true; GROUP];
    let reach = (0..=length - 4).map(|before| (before, None));
    let three = [(length - 3, Some(3)), (-1, Some(0))];
    let two = [(length - 2, None), (-2, None)];
    for (before, unknown) in reach.chain(three).chain(two) {
        if std::mem::take(&mut left[before.rem_euclid(4) as usize]) {
            match unknown {
                None => add(partial(before), before),
                Some(at) => folded().for_each(|byte| add(partial(before) | byte << (8 * at), before)),
            }
        }
    }
}

/// Where the bit of a group stands.
#[inline]
fn filter_place(group: u32) -> (usize, u32) {
    let hash = hash(group);
    ((hash >> (u32::BITS - FILTER_BITS + 6)) as usize, (hash >> (u32::BITS - FILTER_BITS)) & 63)
}

fn slot(key: u32, shift: u32) -> usize {
    (hash(key) >> shift) as usize
}

/// Multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4): the upper bits depend on all of the key's.
fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests;
