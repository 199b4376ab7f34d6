//! The few statistics that correlation rests on, each with its source.

use crate::time::Span;

/// The natural logarithm of n!, by summation for small n and Stirling's series beyond (error under 1e-9 there).
fn ln_factorial(n: usize) -> f64 {
    if n < 64 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x * x * x)
}

/// Fisher's exact test, one-sided: how likely it is to see at least `bad_in` of all bad ones inside, if inside and outside were alike.
///
/// R. A. Fisher, Statistical Methods for Research Workers, section 21.02.
pub(super) fn fisher(bad_in: usize, good_in: usize, bad_out: usize, good_out: usize) -> f64 {
    let (inside, outside, bad) = (bad_in + good_in, bad_out + good_out, bad_in + bad_out);
    let all = inside + outside;
    if all == 0 || bad == 0 {
        return 1.0;
    }
    let choose = |n: usize, k: usize| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    let total = choose(all, bad);
    let most = bad.min(inside);
    let sum: f64 =
        (bad_in..=most).filter(|k| bad - k <= outside).map(|k| (choose(inside, k) + choose(outside, bad - k) - total).exp()).sum();
    sum.min(1.0)
}

/// The middle value; of an even number the lower of the two, so that it is a value that was seen.
pub(super) fn median<T: Copy + Ord>(values: &[T]) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// The relative spread: standard deviation over mean.
pub(super) fn spread(values: &[Span]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().map(|span| span.as_secs_f64()).sum::<f64>() / n;
    let variance = values.iter().map(|span| (span.as_secs_f64() - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean > 0.0).then(|| variance.sqrt() / mean)
}

/// How strongly points of a circle lie to one side: mean direction (0 to `period`) and the p-value of the Rayleigh test against an
/// even spread, p = exp(-n R^2) (N. I. Fisher, Statistical Analysis of Circular Data, 4.3, first order).
pub(super) fn rayleigh(points: &[f64], period: f64) -> Option<(f64, f64)> {
    if points.is_empty() {
        return None;
    }
    let turn = 2.0 * std::f64::consts::PI / period;
    let n = points.len() as f64;
    let (sin, cos) = points.iter().fold((0.0, 0.0), |(sin, cos), point| (sin + (point * turn).sin(), cos + (point * turn).cos()));
    let length = (sin * sin + cos * cos).sqrt() / n;
    let direction = (sin.atan2(cos) / turn).rem_euclid(period);
    Some((direction, (-n * length * length).exp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_gives_the_textbook_value() {
        // The lady tasting tea: 3 of 4 right, p = 17/70.
        assert!((fisher(3, 1, 1, 3) - 17.0 / 70.0).abs() < 1e-9);
        assert!((fisher(4, 0, 0, 4) - 1.0 / 70.0).abs() < 1e-9);
        assert!((fisher(0, 5, 0, 5) - 1.0).abs() < f64::EPSILON);
        assert!(fisher(14, 3, 0, 212) < 1e-12);
        assert!((fisher(100, 900, 100, 900) - 0.5).abs() < 0.06);
    }

    #[test]
    fn a_full_circle_has_no_direction_and_one_hour_has() {
        let even: Vec<f64> = (0..24).map(f64::from).collect();
        assert!(rayleigh(&even, 24.0).is_some_and(|(_, p)| p > 0.9));
        assert!(rayleigh(&[23.5, 0.0, 0.5, 23.8, 0.2], 24.0).is_some_and(|(mean, p)| p < 0.01 && !(0.5..=23.5).contains(&mean)));
    }
}
