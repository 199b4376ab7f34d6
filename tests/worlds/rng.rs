//! Chance that can be had again: a small generator (splitmix64) which starts from a seed and from the names of what it decides about.
//!
//! Each try of a task has a generator of its own, so that a fault changes the tries that it hits and no others.

/// A source of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The source for what these keys name.
    pub(crate) fn of(seed: u64, keys: &[u64]) -> Self {
        let mut source = Self(seed ^ 0x9e37_79b9_7f4a_7c15);
        for key in keys {
            source.0 = source.next() ^ key.wrapping_mul(0xd134_2543_de82_ef95);
        }
        source
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of that probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number between two, all alike.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// A number between two positive ones, each power of ten as likely as another.
    pub(crate) fn spread(&mut self, from: f64, to: f64) -> f64 {
        self.between(from.ln(), to.ln()).exp()
    }

    /// A whole number below another, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of several, which must not be none.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One of several by their weights.
    pub(crate) fn weighed<T: Copy>(&mut self, all: &[(T, f64)]) -> T {
        let mut left = self.unit() * all.iter().map(|(_, weight)| weight).sum::<f64>();
        for (one, weight) in all {
            left -= weight;
            if left < 0.0 {
                return *one;
            }
        }
        all[all.len() - 1].0
    }

    /// Puts a list into another order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            all.swap(end, self.below(end + 1));
        }
    }
}
