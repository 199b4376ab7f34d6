//! The axis of time that charts share: equal columns, with breaks where nothing happened for long.
//!
//! Logs of one run may lie years apart from those of another. A break keeps the hours in which something happened wide enough to be told apart.

use crate::time::Timestamp;

/// How long a column may be, in seconds: lengths that people reckon in. Longer ones are doubled years.
const LENGTHS: [i64; 20] =
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 2 * 86_400, 7 * 86_400, 30 * 86_400, YEAR];

const YEAR: i64 = 365 * 86_400;

/// How often a year is doubled: the columns are then long enough for any two times that there are, and can still be told in microseconds.
const DOUBLED_MAX: u32 = 17;

const MICROS: i64 = 1_000_000;

/// A shorter gap is no reason to break an axis.
const BREAK_MIN: i64 = 1_800 * MICROS;

/// How many breaks an axis may have.
const BREAKS_MAX: usize = 4;

/// A gap is broken out where it would take more than one part in so many of what is left: times at even distances stay together.
const BREAK_PART: i64 = 2;

/// A part of the axis without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// The time of its first column, in lengths of a column.
    from: i64,
    /// How many columns it has.
    columns: usize,
    /// The number of its first column; a break takes one column.
    first: usize,
}

/// Equal columns of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Axis {
    /// How long a column is, in microseconds.
    length: i64,
    parts: Vec<Part>,
}

impl Axis {
    /// An axis for some times, in their order, with at most so many columns beside the breaks, none shorter than so many seconds; `None` without a
    /// time.
    pub(super) fn of(times: &[Timestamp], columns_max: usize, seconds_min: i64) -> Option<Self> {
        let (first, last) = (times.first()?.0, times.last()?.0);
        let mut gaps: Vec<(i64, i64, i64)> =
            times.windows(2).filter_map(|two| Some((two.first()?.0, two.get(1)?.0))).map(|(a, b)| (b.saturating_sub(a), a, b)).collect();
        gaps.sort_unstable_by(|one, other| other.cmp(one));
        let mut left = last.saturating_sub(first);
        let mut breaks = Vec::new();
        for (gap, from, to) in gaps.into_iter().take(BREAKS_MAX) {
            if gap < BREAK_MIN || gap <= left / BREAK_PART {
                break;
            }
            left = left.saturating_sub(gap);
            breaks.push((from, to));
        }
        breaks.sort_unstable();
        let mut ends = vec![(first, last)];
        for (from, to) in breaks {
            let end = ends.last_mut().map(|end| std::mem::replace(&mut end.1, from)).unwrap_or(last);
            ends.push((to, end));
        }
        let years = (1..=DOUBLED_MAX).map(|doubled| YEAR << doubled);
        let lengths = LENGTHS.into_iter().filter(|length| *length >= seconds_min).chain(years).map(|seconds| seconds * MICROS);
        lengths.map(|length| Self::cut(&ends, length)).find(|axis| axis.parts.iter().map(|part| part.columns).sum::<usize>() <= columns_max)
    }

    fn cut(ends: &[(i64, i64)], length: i64) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for (from, to) in ends {
            let (from, to) = (from.div_euclid(length), to.div_euclid(length));
            match parts.last_mut() {
                // With columns as long as this one there is no gap left between the two.
                Some(part) if from <= part.from + part.columns as i64 + 1 => part.columns = (to - part.from + 1).max(1) as usize,
                last => {
                    let first = last.map_or(0, |part| part.first + part.columns + 1);
                    parts.push(Part { from, columns: (to - from + 1).max(1) as usize, first });
                }
            }
        }
        Self { length, parts }
    }

    /// How many columns it has, with one for each break.
    pub(super) fn columns(&self) -> usize {
        self.parts.last().map_or(0, |part| part.first + part.columns)
    }

    /// How long a column is, in microseconds.
    pub(super) fn length(&self) -> i64 {
        self.length
    }

    /// The column of a time; `None` for one outside.
    pub(super) fn column(&self, time: Timestamp) -> Option<usize> {
        let at = time.0.div_euclid(self.length);
        let part = self.parts.iter().find(|part| at >= part.from && at < part.from + part.columns as i64)?;
        Some(part.first + (at - part.from) as usize)
    }

    /// When a column begins; `None` for a break.
    pub(super) fn begins(&self, column: usize) -> Option<Timestamp> {
        let part = self.parts.iter().find(|part| column >= part.first && column < part.first + part.columns)?;
        Some(Timestamp((part.from + (column - part.first) as i64).saturating_mul(self.length)))
    }

    /// The columns that are breaks.
    pub(super) fn breaks(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().skip(1).map(|part| part.first - 1)
    }

    /// The columns to be named, with the times that they begin at: the first of each part, and the last of all; of those that are nearer to each other
    /// than one in so many parts of the axis, one.
    pub(super) fn named(&self, parts: usize) -> Vec<(usize, String)> {
        let last = self.columns().saturating_sub(1);
        let firsts = self.parts.iter().map(|part| part.first).chain((last > 0).then_some(last));
        let mut named: Vec<(usize, String)> = Vec::new();
        let mut day = String::new();
        for column in firsts {
            // Names that would stand in each other's way say less than one of them; the last is that of the end.
            let is_near = named.last().is_some_and(|(before, _)| (column - before) * parts < self.columns());
            if is_near && (column != last || named.len() == 1) {
                continue;
            }
            if is_near {
                named.pop();
                day.clear();
            }
            if let Some(begins) = self.begins(column) {
                let whole = self.name(begins);
                let (date, clock) = whole.split_once(' ').unwrap_or((&whole, ""));
                let name = if date == day && !clock.is_empty() { clock.to_owned() } else { whole.clone() };
                date.clone_into(&mut day);
                named.push((column, name));
            }
        }
        named
    }

    /// A time as exactly as the columns are long.
    pub(super) fn name(&self, time: Timestamp) -> String {
        let minute = time.minute();
        match self.length / MICROS {
            0..60 => format!("{} {}", minute.split(' ').next().unwrap_or_default(), time.clock()),
            60..86_400 => minute,
            _ => minute.split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    fn at(seconds: &[i64]) -> Vec<Timestamp> {
        seconds.iter().map(|second| Timestamp(1_795_244_280_000_000 + second * MICROS)).collect()
    }

    #[test]
    fn columns_are_as_short_as_fits() {
        let axis = Axis::of(&at(&[0, 100, 200, 300]), 48, 1).unwrap();
        assert_eq!((axis.length(), axis.columns()), (10 * MICROS, 31));
        assert_eq!(axis.named(5), [(0, "2026-11-21 06:58:00".to_owned()), (30, "07:03:00".to_owned())]);
        assert_eq!(
            at(&[0, 9, 10, 300, 310, -1]).into_iter().map(|time| axis.column(time)).collect::<Vec<_>>(),
            [Some(0), Some(0), Some(1), Some(30), None, None]
        );
        assert_eq!(Axis::of(&at(&[0, 100, 200, 300]), 48, 60).unwrap().length(), 60 * MICROS);
        assert_eq!(Axis::of(&[], 48, 1), None);
        assert_eq!(Axis::of(&at(&[5]), 48, 1).unwrap().columns(), 1);
    }

    #[test]
    fn years_without_a_log_are_broken_out() {
        let axis = Axis::of(&at(&[-200_000_000, -199_999_000, 0, 600]), 48, 1).unwrap();
        assert_eq!(axis.breaks().count(), 1);
        assert_eq!(axis.length(), 60 * MICROS);
        let cut = axis.breaks().next().unwrap();
        assert_eq!((axis.begins(cut), axis.begins(cut + 1)), (None, Some(Timestamp(1_795_244_280_000_000))));
        assert!(axis.columns() <= 49, "{axis:?}");
    }

    #[test]
    fn any_times_have_an_axis() {
        for times in [[i64::MIN, i64::MAX], [i64::MIN, i64::MIN + 1], [0, i64::MAX]] {
            let axis = Axis::of(&times.map(Timestamp), 12, 1).unwrap();
            assert!((1..=17).contains(&axis.columns()), "{axis:?}");
            assert!(times.iter().all(|time| axis.column(Timestamp(*time)).is_some()), "{axis:?}");
            assert!(!axis.named(5).is_empty());
        }
    }
}
