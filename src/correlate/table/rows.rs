//! What is asked of single rows again and again, close together in memory: a row of the attempt table itself is some hundred bytes away from the next.

use crate::attempt::{AttemptRef, Attempts};
use crate::record::Outcome;
use crate::time::Timestamp;

use super::{Window, instant};

/// The row's attempt is a task's and went well.
const HEALTHY: u8 = 1;

/// Its outcome is success, whatever it is.
const SUCCEEDED: u8 = 2;

/// Stands for no instant, and so comes before all others, as `None` does before `Some`.
const NONE: Timestamp = Timestamp(i64::MIN);

/// What is asked of single rows.
#[derive(Debug)]
pub(in crate::correlate) struct Rows {
    flags: Vec<u8>,
    times: Vec<Timestamp>,
    /// The rows of tasks, in the order of their instants, those without one first.
    pub(super) order: Vec<u32>,
    /// Those of them that are not healthy.
    pub(super) sick: Vec<u32>,
    /// How many rows are healthy, with an instant or without.
    pub(super) healthy_count: usize,
}

impl Rows {
    pub(super) fn of(attempts: &Attempts) -> Self {
        let flag = |attempt: AttemptRef<'_>| {
            let healthy = if attempt.is_healthy() { HEALTHY } else { 0 };
            if attempt.outcome() == Outcome::Success { healthy | SUCCEEDED } else { healthy }
        };
        let flags: Vec<u8> = attempts.iter().map(flag).collect();
        let times: Vec<Timestamp> = attempts.iter().map(|attempt| instant(attempt).unwrap_or(NONE)).collect();
        let mut order: Vec<u32> = attempts.iter().filter(|attempt| attempt.is_task()).map(|attempt| attempt.row() as u32).collect();
        order.sort_unstable_by_key(|row| (times[*row as usize], *row));
        let healthy_count = flags.iter().filter(|flags| **flags & HEALTHY != 0).count();
        let mut rows = Self { flags, times, order, sick: Vec::new(), healthy_count };
        rows.sick = rows.order.iter().copied().filter(|row| !rows.is_healthy(*row)).collect();
        rows
    }

    /// The first and the last instant.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let mut times = self.order.iter().filter_map(|row| self.instant(*row));
        let first = times.next()?;
        Some((first, times.next_back().unwrap_or(first)))
    }

    /// Which of rows in the order of their instants have one in a stretch of time; those without one have none.
    pub(super) fn within(&self, rows: &[u32], window: Window) -> std::ops::Range<usize> {
        let (from, to) = window.0.unwrap_or((Timestamp(NONE.0 + 1), Timestamp(i64::MAX)));
        let first = rows.partition_point(|row| self.times[*row as usize] < from);
        first..first.max(rows.partition_point(|row| self.times[*row as usize] <= to))
    }

    /// Whether its attempt is a task's and went well.
    pub(in crate::correlate) fn is_healthy(&self, row: u32) -> bool {
        self.flags[row as usize] & HEALTHY != 0
    }

    /// Whether its outcome is success.
    pub(in crate::correlate) fn succeeded(&self, row: u32) -> bool {
        self.flags[row as usize] & SUCCEEDED != 0
    }

    /// The instant that stands for it.
    pub(in crate::correlate) fn instant(&self, row: u32) -> Option<Timestamp> {
        Some(self.times[row as usize]).filter(|time| *time != NONE)
    }
}
