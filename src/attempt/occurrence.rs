//! The occurrences of one sequence or set among records that stand in their order: each step is a record of its own, all lie within the
//! window, nothing that is denied stands beside them. Each record belongs to one occurrence at most.
//!
//! There may be hundreds of thousands of records, most of them of a step that waits for one that never comes. So for each step the records
//! that show it are listed, and the search goes from one list to the next instead of over all that lies between.

use crate::rule::{Composite, Side, SymptomIx};
use crate::time::Timestamp;

/// A record that shows a step, or what must not stand beside the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The attempt's row.
    pub(super) row: usize,
    /// Its line in the attempt's log.
    pub(super) line: u32,
    pub(super) time: Option<Timestamp>,
    /// What it shows of what is asked for.
    pub(super) symptoms: Vec<SymptomIx>,
}

/// Before all times, and after them.
const ALWAYS: Timestamp = Timestamp(i64::MIN);
const NEVER: Timestamp = Timestamp(i64::MAX);

/// The disjoint occurrences of a composite, greedy from the front: for each the records that it takes, in their order, each with the symptom
/// that is its step.
pub(super) fn count(composite: &Composite, records: &[Record]) -> Vec<Vec<(usize, SymptomIx)>> {
    let search = Search::new(composite, records);
    let mut found = Vec::new();
    if search.steps.iter().any(Vec::is_empty) {
        return found;
    }
    let mut used = Used { records: vec![false; records.len()], passed: vec![0; search.steps.len()] };
    for start in 0..records.len() {
        if used.records[start] || !search.may_begin(start) {
            continue;
        }
        match search.from(&used, start) {
            Some(taken) if search.is_free(&taken) => {
                taken.iter().for_each(|(_, at)| used.records[*at] = true);
                used.pass(&search.steps);
                found.push(search.told(taken));
            }
            Some(_) => {}
            // What is not found in all the rest is not found in a part of it.
            None if composite.within.is_none() => break,
            None => {}
        }
    }
    found
}

/// The records that belong to an occurrence.
struct Used {
    records: Vec<bool>,
    /// For each step how many of its records, from the first on, do so without a gap.
    passed: Vec<usize>,
}

impl Used {
    fn pass(&mut self, steps: &[Vec<usize>]) {
        for (passed, step) in self.passed.iter_mut().zip(steps) {
            *passed += step.iter().skip(*passed).take_while(|at| self.records[**at]).count();
        }
    }
}

struct Search<'a> {
    composite: &'a Composite,
    records: &'a [Record],
    /// For each step the records that show it.
    steps: Vec<Vec<usize>>,
    /// For each record the earliest time of it and all behind it.
    earliest_from: Vec<Timestamp>,
    denied: Vec<Denied>,
}

/// The records that show what must not be seen on one side.
struct Denied {
    side: Side,
    at: Vec<usize>,
    /// The latest time of each and all before it; without a time it may be near to anything.
    latest_to: Vec<Timestamp>,
    /// The earliest time of each and all behind it.
    earliest_from: Vec<Timestamp>,
}

impl<'a> Search<'a> {
    fn new(composite: &'a Composite, records: &'a [Record]) -> Self {
        let showing = |symptoms: &[SymptomIx]| -> Vec<usize> {
            let shows = |record: &Record| record.symptoms.iter().any(|symptom| symptoms.contains(symptom));
            records.iter().enumerate().filter(|(_, record)| shows(record)).map(|(at, _)| at).collect()
        };
        let denied = composite.without.iter().map(|(side, symptoms)| Denied::new(*side, showing(symptoms), records)).collect();
        let steps = composite.steps.iter().map(|step| showing(step)).collect();
        let times: Vec<Timestamp> = records.iter().map(|record| record.time.unwrap_or(NEVER)).collect();
        Self { composite, records, steps, earliest_from: smallest_from(&times), denied }
    }

    fn shows(&self, step: usize, at: usize) -> bool {
        self.steps.get(step).is_some_and(|records| records.binary_search(&at).is_ok())
    }

    fn may_begin(&self, at: usize) -> bool {
        let first = if self.composite.ordered { 1 } else { self.steps.len() };
        (0..first).any(|step| self.shows(step, at))
    }

    /// The first free record from `from` on that shows a step and lies in the window that begins with the record at `start`.
    fn next(&self, step: usize, from: usize, start: usize, used: &Used) -> Option<usize> {
        let records = self.steps.get(step)?;
        let first = records.partition_point(|at| *at < from).max(used.passed[step]);
        let Some(window) = self.composite.within else {
            return records.iter().skip(first).copied().find(|at| !used.records[*at]);
        };
        let begin = self.records.get(start)?.time?;
        for &at in records.get(first..)? {
            // All that follows is later than the window.
            if self.earliest_from.get(at).is_some_and(|earliest| *earliest != NEVER && *earliest - begin > window) {
                return None;
            }
            let near = |time: Timestamp| time - begin <= window && begin - time <= window;
            if !used.records[at] && self.records.get(at)?.time.is_some_and(near) {
                return Some(at);
            }
        }
        None
    }

    /// The occurrence that begins with the record at `start`: for each step its record.
    fn from(&self, used: &Used, start: usize) -> Option<Vec<(usize, usize)>> {
        if self.composite.ordered {
            let mut taken = vec![(0, start)];
            let mut last = start;
            for step in 1..self.steps.len() {
                last = self.next(step, last + 1, start, used)?;
                taken.push((step, last));
            }
            return Some(taken);
        }
        // In a set a record may show several steps, and a later one may need the step that an earlier one took, so those are moved.
        let mut of_step: Vec<Option<usize>> = vec![None; self.steps.len()];
        let mut at = start;
        for _ in 0..self.steps.len() {
            let ways = self.ways(&of_step);
            let reached = (0..self.steps.len()).filter(|step| ways[*step].is_some());
            let next = if at == start && of_step.iter().all(Option::is_none) {
                start
            } else {
                reached.filter_map(|step| self.next(step, at + 1, start, used)).min()?
            };
            at = next;
            let mut step = (0..self.steps.len()).find(|step| ways[*step].is_some() && self.shows(*step, at))?;
            // The new record takes the step; whose step it was takes the next on the way to a step that is free.
            let mut moved = at;
            while let Some(Some(way)) = ways.get(step).copied() {
                let before = of_step[step].replace(moved);
                match before {
                    Some(record) if way != step => (moved, step) = (record, way),
                    _ => break,
                }
            }
        }
        let mut taken: Vec<(usize, usize)> = of_step.into_iter().enumerate().filter_map(|(step, at)| Some((step, at?))).collect();
        taken.sort_by_key(|(_, at)| *at);
        (taken.len() == self.steps.len()).then_some(taken)
    }

    /// For each step whether a record that shows it can be taken: itself where it is free, or the step to which the record that has it can
    /// move.
    fn ways(&self, of_step: &[Option<usize>]) -> Vec<Option<usize>> {
        let mut ways: Vec<Option<usize>> = of_step.iter().enumerate().map(|(step, at)| at.is_none().then_some(step)).collect();
        let mut reached: Vec<usize> = (0..ways.len()).filter(|step| ways[*step].is_some()).collect();
        while let Some(free) = reached.pop() {
            for (step, at) in of_step.iter().enumerate() {
                if ways[step].is_none() && at.is_some_and(|at| self.shows(free, at)) {
                    ways[step] = Some(free);
                    reached.push(step);
                }
            }
        }
        ways
    }

    /// Whether nothing stands beside an occurrence that must not. Its own records do not stand beside it, whatever else they show.
    fn is_free(&self, taken: &[(usize, usize)]) -> bool {
        let (Some(&(_, first)), Some(&(_, last))) = (taken.first(), taken.last()) else { return true };
        let is_own = |at: usize| taken.iter().any(|(_, own)| *own == at);
        self.denied.iter().all(|denied| match denied.side {
            Side::Before => !self.is_near_before(denied, first),
            Side::Between => {
                let from = denied.at.partition_point(|at| *at <= first);
                !denied.at.iter().skip(from).take_while(|at| **at < last).any(|at| !is_own(*at))
            }
            Side::After => !self.is_near_after(denied, last),
        })
    }

    fn is_near_before(&self, denied: &Denied, first: usize) -> bool {
        let end = denied.at.partition_point(|at| *at < first);
        let (Some(window), Some(time)) = (self.composite.within, self.records[first].time) else { return end > 0 };
        // Where a time is not known, the match may be near enough.
        end > 0 && (denied.latest_to[end - 1] == NEVER || time - denied.latest_to[end - 1] <= window)
    }

    fn is_near_after(&self, denied: &Denied, last: usize) -> bool {
        let from = denied.at.partition_point(|at| *at <= last);
        let Some(earliest) = denied.earliest_from.get(from).copied() else { return false };
        let (Some(window), Some(time)) = (self.composite.within, self.records[last].time) else { return true };
        earliest == ALWAYS || earliest - time <= window
    }

    /// Each record of an occurrence with the symptom that is its step.
    fn told(&self, taken: Vec<(usize, usize)>) -> Vec<(usize, SymptomIx)> {
        let symptom = |(step, at): (usize, usize)| {
            let asked = self.composite.steps.get(step)?;
            let symptom = self.records.get(at)?.symptoms.iter().copied().find(|symptom| asked.contains(symptom))?;
            Some((at, symptom))
        };
        taken.into_iter().filter_map(symptom).collect()
    }
}

impl Denied {
    fn new(side: Side, at: Vec<usize>, records: &[Record]) -> Self {
        let times = |unknown: Timestamp| -> Vec<Timestamp> { at.iter().map(|at| records[*at].time.unwrap_or(unknown)).collect() };
        let latest_to = times(NEVER).into_iter().scan(ALWAYS, |latest, time| {
            *latest = time.max(*latest);
            Some(*latest)
        });
        Self { side, latest_to: latest_to.collect(), earliest_from: smallest_from(&times(ALWAYS)), at }
    }
}

/// For each element the smallest of it and all behind it.
fn smallest_from(times: &[Timestamp]) -> Vec<Timestamp> {
    let mut smallest = times.to_vec();
    for at in (1..smallest.len()).rev() {
        smallest[at - 1] = smallest[at - 1].min(smallest[at]);
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Per;
    use crate::time::Span;

    fn parts(all: &[(SymptomIx, i64)]) -> Vec<Record> {
        let part = |((symptom, second), line): (&(SymptomIx, i64), u32)| Record {
            symptoms: vec![*symptom],
            time: Some(Timestamp(second * 1_000_000)),
            row: 0,
            line,
        };
        all.iter().zip(0..).map(part).collect()
    }

    fn composite(ordered: bool, steps: &[SymptomIx], seconds: i64) -> Composite {
        let steps = steps.iter().map(|step| vec![*step]).collect();
        Composite { ordered, steps, without: Vec::new(), within: Some(Span::seconds(seconds)), per: vec![Per::Attempt], at_least: 1 }
    }

    #[test]
    fn a_window_holds_on_its_edge_and_not_beyond() {
        let sequence = composite(true, &[1, 2], 60);
        assert_eq!(count(&sequence, &parts(&[(1, 0), (2, 60)])).len(), 1);
        assert_eq!(count(&sequence, &parts(&[(1, 0), (2, 61)])).len(), 0);
    }

    #[test]
    fn order_counts_in_a_sequence_and_not_in_a_set() {
        let backwards = parts(&[(2, 0), (1, 1)]);
        assert_eq!(count(&composite(true, &[1, 2], 60), &backwards).len(), 0);
        assert_eq!(count(&composite(false, &[1, 2], 60), &backwards).len(), 1);
    }

    #[test]
    fn occurrences_are_disjoint_and_equal_instants_are_two_matches() {
        assert_eq!(count(&composite(true, &[1, 1], 60), &parts(&[(1, 0), (1, 0), (1, 5)])).len(), 1);
        assert_eq!(count(&composite(true, &[1, 1], 60), &parts(&[(1, 0), (1, 0), (1, 5), (1, 5)])).len(), 2);
    }

    #[test]
    fn what_is_denied_is_denied_on_its_side_and_within_the_window() {
        let without = |side: Side| Composite { without: vec![(side, vec![9])], ..composite(true, &[1, 2], 60) };
        let found = |side, all: &[(SymptomIx, i64)]| count(&without(side), &parts(all)).len();
        assert_eq!(found(Side::Between, &[(1, 0), (9, 1), (2, 2)]), 0);
        assert_eq!(found(Side::Between, &[(9, 0), (1, 1), (2, 2), (9, 3)]), 1);
        // A later beginning is free of what stands before it.
        assert_eq!(found(Side::Between, &[(1, 0), (9, 1), (1, 2), (2, 3)]), 1);
        assert_eq!((found(Side::Before, &[(9, 0), (1, 60), (2, 61)]), found(Side::Before, &[(9, 0), (1, 61), (2, 62)])), (0, 1));
        assert_eq!((found(Side::After, &[(1, 0), (2, 1), (9, 61)]), found(Side::After, &[(1, 0), (2, 1), (9, 62)])), (0, 1));
    }

    #[test]
    fn a_step_is_any_of_its_symptoms_and_without_a_window_the_rest_is_looked_at_once() {
        let mut sequence = composite(true, &[1, 2], 60);
        sequence.steps[0].push(7);
        assert_eq!(count(&sequence, &parts(&[(7, 0), (2, 1), (1, 2), (2, 3)])).len(), 2);
        sequence.within = None;
        let many: Vec<(SymptomIx, i64)> = (0..100_000).map(|second| (if second == 0 { 2 } else { 1 }, second)).collect();
        assert_eq!(count(&sequence, &parts(&many)).len(), 0);
    }

    #[test]
    fn each_record_of_a_set_takes_the_step_that_leaves_the_others_theirs() {
        let both = |symptoms: &[SymptomIx], line: u32| Record { symptoms: symptoms.to_vec(), time: Some(Timestamp(0)), row: 0, line };
        let mut set = composite(false, &[1, 2, 3], 60);
        // The first takes 1, leaves it to the second and takes 2, leaves that to the third and takes 3.
        let records = [both(&[1, 2, 3], 1), both(&[1, 2], 2), both(&[1, 2], 3)];
        assert_eq!(count(&set, &records), [[(0, 3), (1, 2), (2, 1)]]);
        assert_eq!(count(&set, &records[..2]).len(), 0);
        set.steps = vec![vec![1, 2], vec![1]];
        assert_eq!(count(&set, &parts(&[(1, 0), (2, 1)])).len(), 1);
    }

    #[test]
    fn many_records_of_which_none_completes_an_occurrence_are_searched_once() {
        let many = |last: &[SymptomIx]| {
            let mut all: Vec<(SymptomIx, i64)> = (1..200_000).map(|second| (1, second)).collect();
            all.insert(0, (2, 0));
            all.extend(last.iter().map(|symptom| (*symptom, 200_000)));
            parts(&all)
        };
        let day = composite(true, &[1, 2], 1_000_000);
        assert_eq!(count(&day, &many(&[])).len(), 0);
        let without = Composite { without: vec![(Side::Between, vec![9])], ..day.clone() };
        assert_eq!(count(&without, &many(&[9, 2])).len(), 0);
        let before = Composite { without: vec![(Side::Before, vec![2])], ..day.clone() };
        assert_eq!(count(&before, &many(&[2])).len(), 0);
        let half: Vec<(SymptomIx, i64)> = (0..200_000).map(|second| (if second < 100_000 { 1 } else { 2 }, second)).collect();
        assert_eq!(count(&day, &parts(&half)).len(), 100_000);
    }
}
