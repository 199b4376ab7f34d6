//! The few statistics that correlation rests on, each with its source.

mod arc;
mod order;

pub(super) use arc::{Arc, tightest_arc};
pub(super) use order::{Tally, cluster, higher, median};

/// Below this a term of a sum of probabilities no longer changes it.
const NEGLIGIBLE: f64 = 1e-18;

/// The natural logarithm of n!, by summation for small n and Stirling's series beyond (error under 1e-9 there).
fn ln_factorial(n: usize) -> f64 {
    if n < 64 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x * x * x)
}

/// The natural logarithm of the number of ways to choose k of n.
pub(super) fn ln_choose(n: usize, k: usize) -> f64 {
    if k > n { f64::NEG_INFINITY } else { ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) }
}

/// Failed and healthy attempts inside and outside of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contrast {
    pub(super) bad_in: usize,
    pub(super) good_in: usize,
    pub(super) bad_out: usize,
    pub(super) good_out: usize,
}

impl Contrast {
    /// Fisher's exact test, one-sided: how likely it is to see at least `bad_in` of all bad ones inside, if inside and outside were alike.
    ///
    /// R. A. Fisher, Statistical Methods for Research Workers, section 21.02.
    pub(super) fn fisher(self) -> f64 {
        let (inside, outside, bad) = (self.bad_in + self.good_in, self.bad_out + self.good_out, self.bad_in + self.bad_out);
        let all = inside + outside;
        if all == 0 || bad == 0 {
            return 1.0;
        }
        let total = ln_choose(all, bad);
        let mut sum = 0.0;
        for k in self.bad_in..=bad.min(inside) {
            if bad - k > outside {
                continue;
            }
            let term = (ln_choose(inside, k) + ln_choose(outside, bad - k) - total).exp();
            sum += term;
            // Beyond the middle of the distribution the terms only fall.
            if term < NEGLIGIBLE && k * all > bad * inside {
                break;
            }
        }
        f64::min(sum, 1.0)
    }

    /// The share of those inside that failed.
    pub(super) fn share_in(self) -> f64 {
        share(self.bad_in, self.good_in)
    }

    /// The share of those outside that failed.
    pub(super) fn share_out(self) -> f64 {
        share(self.bad_out, self.good_out)
    }
}

fn share(bad: usize, good: usize) -> f64 {
    if bad + good == 0 { 0.0 } else { bad as f64 / (bad + good) as f64 }
}

/// How likely at least `count` events are where `expected` are the rule (upper tail of the Poisson distribution).
pub(super) fn poisson_tail(count: usize, expected: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if expected <= 0.0 {
        return 0.0;
    }
    let term = |k: usize| (k as f64 * expected.ln() - expected - ln_factorial(k)).exp();
    // From whichever side fewer terms are needed and nothing cancels out.
    if (count as f64) < expected {
        return (1.0 - (0..count).map(term).sum::<f64>()).clamp(0.0, 1.0);
    }
    let mut sum = 0.0;
    for k in count.. {
        let next = term(k);
        sum += next;
        if next < NEGLIGIBLE {
            break;
        }
    }
    f64::min(sum, 1.0)
}

/// Which of several tests may be believed so that at most the share `rate` of those believed is chance.
///
/// Y. Benjamini and Y. Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 57 (1995), the step-up procedure.
pub(super) fn discoveries(p_values: &[f64], rate: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let holds = |(rank, test): (usize, &usize)| p_values[*test] <= rate * (rank + 1) as f64 / p_values.len() as f64;
    let believed = order.iter().enumerate().rposition(holds).map_or(0, |last| last + 1);
    let mut found = vec![false; p_values.len()];
    order[..believed].iter().for_each(|test| found[*test] = true);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fisher(bad_in: usize, good_in: usize, bad_out: usize, good_out: usize) -> f64 {
        Contrast { bad_in, good_in, bad_out, good_out }.fisher()
    }

    #[test]
    fn fisher_gives_the_textbook_value() {
        // The lady tasting tea: 3 of 4 right, p = 17/70.
        assert!((fisher(3, 1, 1, 3) - 17.0 / 70.0).abs() < 1e-9);
        assert!((fisher(4, 0, 0, 4) - 1.0 / 70.0).abs() < 1e-9);
        assert!((fisher(0, 5, 0, 5) - 1.0).abs() < f64::EPSILON);
        assert!(fisher(14, 3, 0, 212) < 1e-12);
        assert!((fisher(100, 900, 100, 900) - 0.5).abs() < 0.06);
        assert!((fisher(0, 0, 0, 0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn fisher_stays_exact_where_the_numbers_are_large() {
        // By symmetry the two tails of a balanced table add up to one and the middle term.
        let (at_least, more) = (fisher(10_000, 490_000, 10_000, 490_000), fisher(10_001, 489_999, 9_999, 490_001));
        assert!((at_least + more - 1.0).abs() < 1e-6, "{at_least} {more}");
    }

    #[test]
    fn the_poisson_tail_gives_the_table_value() {
        // 1 - exp(-2) (1 + 2 + 2) and 1 - exp(-5).
        assert!((poisson_tail(3, 2.0) - 0.323_323_583_8).abs() < 1e-9);
        assert!((poisson_tail(1, 5.0) - (1.0 - (-5.0_f64).exp())).abs() < 1e-12);
        assert!((poisson_tail(0, 0.0) - 1.0).abs() < f64::EPSILON);
        assert!(poisson_tail(50, 1.0) < 1e-60);
    }

    #[test]
    fn the_step_up_procedure_believes_what_its_paper_believes() {
        // The example of the paper, section 3.2: at 0.05 the four smallest of fifteen are believed; Bonferroni believes three.
        let p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0];
        let found = discoveries(&p, 0.05);
        assert_eq!(found.iter().filter(|found| **found).count(), 4);
        assert!(found[..4].iter().all(|found| *found));
        assert!(discoveries(&[], 0.05).is_empty());
    }
}
