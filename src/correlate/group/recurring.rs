//! Outages that come back at one time of the day: a maintenance window is one incident however many nights it strikes, and each night by itself looks like any outage.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Timestamp;

use super::item::{Class, Item, Transport};
use super::sets::Sets;

/// On how many days an endpoint must have been out at the same time.
const DAYS_MIN: usize = 3;

/// How far apart in the day the beginnings may be: the tasks that notice do not all run at the same minute each night.
const WITHIN_S: i64 = 3600;

/// What share of an endpoint's outages must keep to the time; of the others it has some too.
const SHARE_MIN: f64 = 0.6;

const DAY_S: i64 = 86_400;

/// The beginning of a group of failures.
struct Outage {
    begin: Timestamp,
    item: usize,
    size: usize,
}

impl Outage {
    fn second_of_day(&self) -> i64 {
        self.begin.0.div_euclid(1_000_000).rem_euclid(DAY_S)
    }

    fn day(&self) -> i64 {
        self.begin.0.div_euclid(1_000_000 * DAY_S)
    }
}

/// Joins them.
pub(super) fn join(failures: &[Item<'_>], sets: &mut Sets) {
    let mut places: BTreeMap<(&str, Class<'_>), BTreeMap<usize, Outage>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.transport == Transport::Passing) {
        let (Some(endpoint), Some(time)) = (item.failure.endpoint.as_deref(), item.time) else { continue };
        let group = sets.find(at);
        let outage = places.entry((endpoint, item.class())).or_default().entry(group);
        let outage = outage.or_insert(Outage { begin: time, item: at, size: 0 });
        outage.begin = outage.begin.min(time);
        outage.size += 1;
    }
    for outages in places.into_values() {
        let outages: Vec<Outage> = outages.into_values().collect();
        if let Some(nightly) = nightly(&outages) {
            nightly.windows(2).for_each(|pair| sets.join(outages[pair[0]].item, outages[pair[1]].item));
        }
    }
}

/// The outages that begin within the same hour of the day, if they do so on enough days and few others do not.
fn nightly(outages: &[Outage]) -> Option<Vec<usize>> {
    let of = |from: i64| -> Vec<usize> {
        (0..outages.len()).filter(|at| (outages[*at].second_of_day() - from).rem_euclid(DAY_S) <= WITHIN_S).collect()
    };
    let days = |some: &[usize]| some.iter().map(|at| outages[*at].day()).collect::<BTreeSet<i64>>().len();
    let size = |some: &[usize]| some.iter().map(|at| outages[*at].size).sum::<usize>();
    let starts: BTreeSet<i64> = outages.iter().map(Outage::second_of_day).collect();
    let (_, best) =
        starts.into_iter().map(|from| (from, of(from))).max_by_key(|(from, some)| (days(some), size(some), std::cmp::Reverse(*from)))?;
    let all = outages.iter().map(|outage| outage.size).sum::<usize>();
    (days(&best) >= DAYS_MIN && size(&best) as f64 >= SHARE_MIN * all as f64).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(day: i64, second: i64, item: usize) -> Outage {
        Outage { begin: Timestamp((day * DAY_S + second) * 1_000_000), item, size: 1 }
    }

    #[test]
    fn three_nights_within_an_hour_are_one() {
        let nights = |last: i64| [outage(0, 7_000, 0), outage(1, 7_200, 1), outage(2, last, 2)];
        assert_eq!(nightly(&nights(10_600)), Some(vec![0, 1, 2]));
        assert_eq!(nightly(&nights(10_601)), None, "an hour and a second");
        assert_eq!(nightly(&nights(7_000)[..2]), None, "two nights");
        let midnight = [outage(0, DAY_S - 60, 0), outage(2, 60, 1), outage(3, 0, 2)];
        assert_eq!(nightly(&midnight), Some(vec![0, 1, 2]), "the day goes round");
    }

    #[test]
    fn an_endpoint_that_fails_at_any_time_has_no_window() {
        let mut outages: Vec<Outage> = (0..3).map(|day| outage(day, 7_200, day as usize)).collect();
        outages.extend((3..5).map(|day| outage(day, 40_000 + 9_000 * (day - 3), day as usize)));
        assert_eq!(nightly(&outages), Some(vec![0, 1, 2]), "three of five");
        outages.push(outage(6, 70_000, 6));
        assert_eq!(nightly(&outages), None, "three of six");
    }
}
