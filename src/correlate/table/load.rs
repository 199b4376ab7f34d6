//! How many attempts were running at an instant on one host or endpoint.

use crate::attempt::Attempts;
use crate::time::Timestamp;

use super::super::statistics::Tally;

/// The attempts of one host or endpoint by when they ran: their rows, for there may be millions.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Load {
    by_start: Vec<u32>,
    by_end: Vec<u32>,
    /// How many were running as each of the healthy ones ended.
    pub(in crate::correlate) usual: Tally,
}

impl Load {
    pub(in crate::correlate) fn of(attempts: &Attempts, rows: &[u32]) -> Self {
        let of_rows = || rows.iter().map(|row| attempts.at(*row as usize));
        let spans = || of_rows().filter_map(|attempt| Some((attempt.started()?, attempt.ended()?, attempt.row() as u32)));
        let mut starts: Vec<(Timestamp, u32)> = spans().map(|(start, _, row)| (start, row)).collect();
        let mut ends: Vec<(Timestamp, u32)> = spans().map(|(_, end, row)| (end, row)).collect();
        starts.sort_unstable();
        ends.sort_unstable();
        let running = |at: Timestamp| {
            let begun = starts.partition_point(|(start, _)| *start <= at);
            begun.saturating_sub(ends.partition_point(|(end, _)| *end < at))
        };
        let usual = of_rows().filter(|attempt| attempt.is_healthy()).filter_map(|attempt| attempt.ended()).map(running).collect();
        let rows = |times: Vec<(Timestamp, u32)>| times.into_iter().map(|(_, row)| row).collect::<Vec<u32>>();
        Self { usual, by_start: shrunk(rows(starts)), by_end: shrunk(rows(ends)) }
    }

    /// How many were running at an instant: begun until then, less those that ended before.
    pub(in crate::correlate) fn running(&self, attempts: &Attempts, at: Timestamp) -> usize {
        let attempt = |row: &u32| attempts.at(*row as usize);
        let begun = self.by_start.partition_point(|row| attempt(row).started() <= Some(at));
        begun.saturating_sub(self.by_end.partition_point(|row| attempt(row).ended() < Some(at)))
    }
}

/// A list that was made in place of a longer one gives its room back.
fn shrunk(mut rows: Vec<u32>) -> Vec<u32> {
    rows.shrink_to_fit();
    rows
}
