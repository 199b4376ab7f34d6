//! Whether events keep to one time of a clock: the shortest arc of a circle that holds them, against how often the circle is visited there at all.

/// The shortest arc that holds most of the events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::correlate) struct Arc {
    /// Where it begins, 0 to `period`.
    pub(in crate::correlate) from: f64,
    /// How long it is.
    pub(in crate::correlate) length: f64,
    /// How many of the events it holds.
    pub(in crate::correlate) held: usize,
    /// How likely chance is.
    pub(in crate::correlate) p: f64,
}

impl Arc {
    /// Whether a point of the circle lies on it; both ends belong to it.
    pub(in crate::correlate) fn holds(&self, point: f64, period: f64) -> bool {
        (point - self.from).rem_euclid(period) <= self.length
    }

    /// Its middle.
    pub(in crate::correlate) fn middle(&self, period: f64) -> f64 {
        (self.from + self.length / 2.0).rem_euclid(period)
    }
}

/// The arc that chance explains least, among those that hold at least `least` of the events. `share` gives the share of everything that might have failed that lies
/// on an arc, so that a task which runs at one hour only does not seem to fail at that hour.
///
/// That k points thrown at random fall on one arc with the share s of the circle has the probability k s^(k-1), for small s (W. L. Stevens, Solution to a
/// geometrical problem in probability, Annals of Eugenics 9, 1939). That m of k do is at most k times as likely as that m - 1 of the other k - 1 follow one of them.
pub(in crate::correlate) fn tightest_arc(events: &[f64], period: f64, least: usize, share: impl Fn(&Arc) -> f64) -> Option<Arc> {
    let mut points: Vec<f64> = events.iter().map(|event| event.rem_euclid(period)).collect();
    points.sort_by(f64::total_cmp);
    let k = points.len();
    let least = least.max(2);
    if k < least {
        return None;
    }
    let mut best: Option<Arc> = None;
    for held in least..=k {
        for start in 0..k {
            let last = start + held - 1;
            // Beyond the last point the circle goes round, all of it where the next point stands where this arc begins.
            let end = if last < k { points[last] } else { points[last - k] + period };
            let mut arc = Arc { from: points[start], length: end - points[start], held, p: 1.0 };
            if best.is_some_and(|best| best.held == held && best.length <= arc.length) {
                continue;
            }
            let on_it = share(&arc).clamp(0.0, 1.0);
            let ways = k as f64 * super::ln_choose(k - 1, held - 1).exp();
            // Each number of events that may be held is one more test.
            let tests = (k - least + 1) as f64;
            arc.p = (tests * ways * on_it.powi(i32::try_from(held - 1).unwrap_or(i32::MAX))).min(1.0);
            if best.is_none_or(|best| arc.p < best.p) {
                best = Some(arc);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn even(arc: &Arc) -> f64 {
        arc.length / 24.0
    }

    #[test]
    fn an_even_spread_has_no_hour_and_one_hour_has() {
        let spread: Vec<f64> = (0..24).map(f64::from).collect();
        assert!(tightest_arc(&spread, 24.0, 20, even).is_some_and(|arc| arc.p > 0.5));
        let night = tightest_arc(&[23.5, 0.0, 0.5, 23.8, 0.2], 24.0, 5, even);
        assert!(night.is_some_and(|night| night.p < 0.001 && night.held == 5), "{night:?}");
        let night = Arc { from: 23.5, length: 1.0, held: 5, p: 0.0 };
        assert!(
            tightest_arc(&[23.5, 0.0, 0.5, 23.8, 0.2], 24.0, 5, even)
                .is_some_and(|arc| (arc.from - night.from).abs() + (arc.length - night.length).abs() < 1e-9)
        );
        assert!(night.holds(0.1, 24.0) && night.holds(23.5, 24.0) && !night.holds(1.0, 24.0) && !night.holds(23.4, 24.0));
        assert!(night.middle(24.0) < 1e-9 || night.middle(24.0) > 23.999);
    }

    #[test]
    fn what_runs_at_one_hour_only_says_nothing_by_failing_then() {
        assert!(tightest_arc(&[2.0, 2.01, 2.02, 2.0], 24.0, 4, |_| 1.0).is_some_and(|arc| (arc.p - 1.0).abs() < f64::EPSILON));
    }

    #[test]
    fn events_at_the_very_same_instant_do_not_make_the_circle_short() {
        // From the second of the two at 2 round to the first is a whole turn, not none.
        let arc = tightest_arc(&[2.0, 2.0, 14.0], 24.0, 3, even).unwrap();
        assert!((arc.length - 12.0).abs() < 1e-9 && arc.p > 0.5, "{arc:?}");
    }

    #[test]
    fn one_event_elsewhere_does_not_hide_the_hour() {
        let events = [2.0, 2.1, 2.0, 2.1, 2.1, 2.0, 14.0];
        let arc = tightest_arc(&events, 24.0, 5, |arc| (arc.length + 0.5) / 24.0);
        assert!(arc.is_some_and(|arc| arc.held == 6 && arc.p < 0.001), "{arc:?}");
        assert_eq!(tightest_arc(&[1.0], 24.0, 1, |_| 0.1), None);
    }
}
