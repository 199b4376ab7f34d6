//! What may stand where: filters that are asked first and nearly always say that nothing does, and tables that name the few texts that may.

/// How many places a filter has.
const FILTER_BITS: u32 = 17;

/// Knows at which groups of so many bytes a text may stand. With ten thousand groups in it, one of a hundred others is taken for one of them.
#[derive(Debug)]
pub(super) struct Filter<const GROUP: usize>(Box<[u8; 1 << FILTER_BITS]>);

impl<const GROUP: usize> Filter<GROUP> {
    pub(super) fn new(groups: impl Iterator<Item = u64>) -> Self {
        let mut filter = Self(Box::new([0; 1 << FILTER_BITS]));
        groups.map(Self::place).for_each(|(at, bits)| filter.0[at] |= bits);
        filter
    }

    /// Whether a text may stand at some folded bytes: at the first of them, a group.
    #[inline]
    pub(super) fn may_stand_at(&self, bytes: u64) -> bool {
        let (at, bits) = Self::place(bytes);
        // Whole bytes are compared, for to pick out a bit takes longer.
        self.0[at] & bits == bits
    }

    /// Where a group is known, and which bits are set there. One of them is set for every group, so that none is found where nothing is known.
    #[inline]
    fn place(bytes: u64) -> (usize, u8) {
        // Multiplicative hashing, as below; what stands behind the group falls off the end.
        let hash = (bytes << (8 * (8 - GROUP))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> (u64::BITS - FILTER_BITS)) as usize, (hash >> (u64::BITS - FILTER_BITS - 8)) as u8 | 1)
    }
}

/// Some bytes at which a text may stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The bytes, folded.
    pub(super) group: u64,
    pub(super) text: u32,
    /// How many bytes of the text stand before these; negative where they begin before the text.
    pub(super) before: i32,
    /// The text's first four bytes, folded. Most of what shares a group with it differs here.
    pub(super) begin: u32,
}

/// Places by their groups.
#[derive(Debug)]
pub(super) struct Table {
    /// Where in `places` those of one hash begin; one more than there are hashes.
    begins: Vec<u32>,
    places: Vec<Place>,
    /// How far a hash is shifted to give its place in `begins`.
    shift: u32,
}

impl Table {
    pub(super) fn new(mut places: Vec<Place>) -> Self {
        let shift = u32::BITS - usize::BITS.saturating_sub(places.len().leading_zeros()).clamp(8, 20);
        let slot = |place: &Place| slot(place.group, shift);
        places.sort_by_key(slot);
        let mut begins = vec![0; (1 << (u32::BITS - shift)) + 1];
        for place in &places {
            begins[slot(place) + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        Self { begins, places, shift }
    }

    /// What may stand at a group.
    pub(super) fn at(&self, group: u64) -> impl Iterator<Item = &Place> {
        let slot = slot(group, self.shift);
        let (from, to) = (self.begins[slot] as usize, self.begins[slot + 1] as usize);
        self.places[from..to].iter().filter(move |place| place.group == group)
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = u64> {
        self.places.iter().map(|place| place.group)
    }
}

fn slot(group: u64, shift: u32) -> usize {
    ((hash(group as u32) ^ hash((group >> 32) as u32)) >> shift) as usize
}

/// Multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4): the upper bits depend on all of the key's.
#[inline]
fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b1)
}
