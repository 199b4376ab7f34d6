//! Statistics of ordered values: the middle, the densest cluster, whether one sample lies above another.

use std::collections::BTreeMap;

/// The middle value; of an even number the lower of the two, so that it is a value that was seen.
pub(in crate::correlate) fn median<T: Copy + Ord>(values: &[T]) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// The largest group of values of which the greatest is at most `reach(least)`: its first and last place in the sorted `values`. Of several equal ones the first.
pub(in crate::correlate) fn cluster<T: Copy + Ord>(values: &[T], reach: impl Fn(T) -> T) -> Option<std::ops::RangeInclusive<usize>> {
    let mut best: Option<(usize, usize)> = None;
    let mut to = 0;
    for from in 0..values.len() {
        let limit = reach(values[from]);
        to = to.max(from);
        while to + 1 < values.len() && values[to + 1] <= limit {
            to += 1;
        }
        if best.is_none_or(|(low, high)| to - from > high - low) {
            best = Some((from, to));
        }
    }
    best.map(|(from, to)| from..=to)
}

/// How often each of some numbers came. There are many of them and few that differ.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Tally {
    /// Each number with how many there are up to it, in their order.
    up_to: Vec<(usize, usize)>,
}

impl Tally {
    /// How many numbers there are.
    pub(in crate::correlate) fn len(&self) -> usize {
        self.up_to.last().map_or(0, |(_, count)| *count)
    }

    /// How many are less than a number.
    fn below(&self, number: usize) -> usize {
        let at = self.up_to.partition_point(|(value, _)| *value < number);
        at.checked_sub(1).and_then(|at| self.up_to.get(at)).map_or(0, |(_, count)| *count)
    }

    /// The middle one; of an even number the lower of the two.
    pub(in crate::correlate) fn median(&self) -> Option<usize> {
        let middle = self.len().checked_sub(1)? / 2;
        let at = self.up_to.partition_point(|(_, count)| *count <= middle);
        self.up_to.get(at).map(|(value, _)| *value)
    }
}

impl FromIterator<usize> for Tally {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        numbers.into_iter().for_each(|number| *counts.entry(number).or_default() += 1);
        let mut total = 0;
        let add = |(value, count)| {
            total += count;
            (value, total)
        };
        Self { up_to: counts.into_iter().map(add).collect() }
    }
}

/// How likely chance is to put `sample` as far above `usual` as it is: the one-sided test of Mann and Whitney (Annals of Mathematical Statistics 18, 1947), normal
/// approximation without correction for ties, which makes it say "chance" a little too often.
pub(in crate::correlate) fn higher(sample: &[usize], usual: &Tally) -> f64 {
    let (n, m) = (sample.len() as f64, usual.len() as f64);
    if sample.is_empty() || usual.len() == 0 {
        return 1.0;
    }
    let above = |value: usize| {
        let (below, not_above) = (usual.below(value), usual.below(value.saturating_add(1)));
        below as f64 + 0.5 * (not_above - below) as f64
    };
    let u: f64 = sample.iter().map(|value| above(*value)).sum();
    let z = (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    upper_tail(z)
}

/// The upper tail of the normal distribution, to 7 digits (M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.2.17).
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    series * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_a_value_that_was_seen() {
        assert_eq!(median(&[3, 1, 2]), Some(2));
        assert_eq!(median(&[4, 1, 2, 3]), Some(2));
        assert_eq!(median::<i32>(&[]), None);
    }

    #[test]
    fn a_tally_tells_what_the_sorted_numbers_would() {
        for numbers in [&[5, 1, 5, 3, 5][..], &[2, 2], &[4, 1, 2, 3], &[7], &[]] {
            let tally: Tally = numbers.iter().copied().collect();
            assert_eq!((tally.len(), tally.median()), (numbers.len(), median(numbers)));
            assert!((0..9).all(|number| tally.below(number) == numbers.iter().filter(|other| **other < number).count()), "{numbers:?}");
        }
    }

    #[test]
    fn a_cluster_holds_both_ends() {
        assert_eq!(cluster(&[1, 10, 11, 12, 30], |least| least + 2), Some(1..=3));
        assert_eq!(cluster(&[1, 10, 11, 12, 30], |least| least + 1), Some(1..=2));
        assert_eq!(cluster(&[5], |least| least), Some(0..=0));
        assert_eq!(cluster::<i32>(&[], |least| least), None);
    }

    #[test]
    fn one_sample_above_another_is_seen() {
        assert!((upper_tail(0.0) - 0.5).abs() < 1e-7);
        assert!((upper_tail(1.96) - 0.025).abs() < 1e-4);
        assert!((upper_tail(-1.96) - 0.975).abs() < 1e-4);
        let usual: Tally = (0..50).collect();
        assert!(higher(&[48, 49, 50, 51, 52], &usual) < 0.001);
        assert!((higher(&[25, 24, 24, 25], &usual) - 0.5).abs() < 0.05);
        assert!(higher(&[0, 0, 1], &usual) > 0.95);
        assert!((higher(&[], &usual) - 1.0).abs() < f64::EPSILON);
    }
}
