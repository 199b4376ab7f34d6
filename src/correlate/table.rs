//! The attempt table by columns: every name a number, every value with its healthy attempts in the order of time. Made once, in n log n, so that each question about an
//! incident costs a search and not a walk over a million attempts.

mod columns;
mod events;
mod load;
mod rows;

pub(super) use columns::{Column, Csr, Ends, Window};
pub(super) use events::{At, Events};
pub(super) use load::Load;
pub(super) use rows::Rows;

use std::collections::HashMap;
use std::sync::Arc;

use crate::attempt::{AttemptRef, Attempts};
use crate::rule::ScopeKind;
use crate::time::{Span, Timestamp};

/// The attempt table by what is looked for in it.
#[derive(Debug)]
pub struct Table<'a> {
    pub(super) attempts: &'a Attempts,
    /// For each kind of [`ScopeKind::ALL`] its column.
    columns: Vec<Column<'a>>,
    /// The task instance of each row of an instance that failed once, where its identity is known.
    instance_of: HashMap<u32, u32>,
    /// The rows of each such task instance, in the order of tries.
    tries: Csr,
    /// What was shown when, and where.
    pub(super) events: Events<'a>,
    /// What is asked of single rows.
    pub(super) rows: Arc<Rows>,
    /// How many attempts are healthy.
    pub(super) healthy: usize,
    /// The first and the last instant at which an attempt ended.
    pub(super) span: Option<(Timestamp, Timestamp)>,
}

impl<'a> Table<'a> {
    /// Indexes a table.
    #[must_use]
    pub fn of(attempts: &'a Attempts) -> Self {
        let rows = Arc::new(Rows::of(attempts));
        let columns: Vec<Column<'a>> = ScopeKind::ALL.into_iter().map(|kind| Column::of(attempts, kind, &rows)).collect();
        let (instance_of, tries) = instances(attempts, &rows);
        Self { columns, instance_of, tries, events: Events::of(attempts), healthy: rows.healthy_count, span: rows.span(), rows, attempts }
    }

    /// Whether any healthy attempt was read: without, no share of failures is known.
    #[must_use]
    pub fn has_base_rate(&self) -> bool {
        self.healthy > 0
    }

    /// The column of a kind.
    pub(super) fn column(&self, kind: ScopeKind) -> &Column<'a> {
        &self.columns[kind.index()]
    }

    /// The task instance of a row that failed, without its try.
    pub(super) fn instance(&self, row: usize) -> Option<u32> {
        self.instance_of.get(&(row as u32)).copied()
    }

    /// The rows of a task instance, in the order of tries.
    pub(super) fn tries(&self, instance: u32) -> &[u32] {
        self.tries.of(instance)
    }

    /// From the first to the last end of an attempt.
    pub(super) fn length(&self) -> Span {
        self.span.map_or(Span::seconds(0), |(first, last)| last - first)
    }

    /// Whether a row succeeded.
    pub(super) fn succeeded(&self, row: u32) -> bool {
        self.rows.succeeded(row)
    }
}

/// The instant that stands for an attempt: its failure's, else its end, else its start.
fn instant(attempt: AttemptRef<'_>) -> Option<Timestamp> {
    attempt.failure().and_then(|failure| failure.time).or(attempt.ended()).or(attempt.started())
}

/// The task instances that failed once: that of each of their rows, and the rows of each.
fn instances(attempts: &Attempts, by: &Rows) -> (HashMap<u32, u32>, Csr) {
    // Without a run all attempts of the task would be tries of one instance; they are told apart by nothing else, so they are none.
    let key = |row: u32| {
        let numbers = attempts.at(row as usize).numbers();
        Some((numbers.dag?, numbers.task?, numbers.run?, numbers.map_index))
    };
    let mut known = HashMap::new();
    for (row, _) in attempts.iter_own().filter(|(_, attempt)| attempt.is_task() && attempt.failure.is_some()) {
        if let Some(key) = key(row as u32) {
            let next = known.len() as u32;
            known.entry(key).or_insert(next);
        }
    }
    let mut of_row = HashMap::new();
    if !known.is_empty() {
        of_row.extend(by.order.iter().filter_map(|row| Some((*row, *known.get(&key(*row)?)?))));
    }
    let mut rows: Vec<(u32, Option<u32>, u32)> =
        of_row.iter().map(|(row, instance)| (*instance, attempts.at(*row as usize).try_number(), *row)).collect();
    rows.sort_unstable();
    let tries = Csr::of_sorted(known.len(), rows.iter().map(|(instance, _, row)| (*instance, *row)));
    (of_row, tries)
}
