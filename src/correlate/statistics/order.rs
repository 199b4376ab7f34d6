//! Statistics of ordered values: the middle, the densest cluster, whether one sample lies above another.

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

/// How likely chance is to put `sample` as far above `usual` as it is: the one-sided test of Mann and Whitney (Annals of Mathematical Statistics 18, 1947), normal
/// approximation without correction for ties, which makes it say "chance" a little too often. `usual` is sorted.
pub(in crate::correlate) fn higher(sample: &[usize], usual: &[usize]) -> f64 {
    let (n, m) = (sample.len() as f64, usual.len() as f64);
    if sample.is_empty() || usual.is_empty() {
        return 1.0;
    }
    let above = |value: usize| {
        let (below, not_above) = (usual.partition_point(|other| *other < value), usual.partition_point(|other| *other <= value));
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
        let usual: Vec<usize> = (0..50).collect();
        assert!(higher(&[48, 49, 50, 51, 52], &usual) < 0.001);
        assert!((higher(&[25, 24, 24, 25], &usual) - 0.5).abs() < 0.05);
        assert!(higher(&[0, 0, 1], &usual) > 0.95);
        assert!((higher(&[], &usual) - 1.0).abs() < f64::EPSILON);
    }
}
