//! How many attempts were running at an instant on one host or endpoint.

use crate::attempt::Attempts;
use crate::time::Timestamp;

/// The attempts of one host or endpoint by when they ran.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Load {
    starts: Vec<Timestamp>,
    ends: Vec<Timestamp>,
    /// How many were running as each of the healthy ones ended, sorted.
    pub(in crate::correlate) usual: Vec<usize>,
}

impl Load {
    pub(in crate::correlate) fn of(attempts: &Attempts, rows: &[u32]) -> Self {
        let of_rows = || rows.iter().map(|row| attempts.at(*row as usize));
        let spans = || of_rows().filter_map(|attempt| attempt.started().zip(attempt.ended()));
        let (mut starts, mut ends): (Vec<Timestamp>, Vec<Timestamp>) = spans().unzip();
        starts.sort_unstable();
        ends.sort_unstable();
        let mut load = Self { starts, ends, usual: Vec::new() };
        let healthy = of_rows().filter(|attempt| attempt.is_healthy());
        load.usual = healthy.filter_map(|attempt| attempt.ended()).map(|end| load.running(end)).collect();
        load.usual.sort_unstable();
        load
    }

    /// How many were running, in the middle, as a healthy one ended.
    pub(in crate::correlate) fn median(&self) -> Option<usize> {
        self.usual.get(self.usual.len().checked_sub(1)? / 2).copied()
    }

    /// How many were running at an instant: begun until then, less those that ended before.
    pub(in crate::correlate) fn running(&self, at: Timestamp) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(self.ends.partition_point(|end| *end < at))
    }
}
