//! The attempt table by columns: every name a number, every value with its healthy attempts in the order of time. Made once, in n log n, so that each question about an
//! incident costs a search and not a walk over a million attempts.

mod columns;
mod events;
mod load;
mod rows;

pub(super) use columns::{Column, Csr, Window};
pub(super) use events::{At, Events};
pub(super) use load::Load;
pub(super) use rows::Rows;

use std::collections::HashMap;

use crate::attempt::Attempt;
use crate::rule::ScopeKind;
use crate::time::{Span, Timestamp};

/// The attempt table by what is looked for in it.
#[derive(Debug)]
pub struct Table<'a> {
    pub(super) attempts: &'a [Attempt],
    /// For each kind of [`ScopeKind::ALL`] its column.
    columns: Vec<Column<'a>>,
    /// The task instance of each row; [`Column::NONE`] where its identity is not known.
    instance_of: Vec<u32>,
    /// The rows of each task instance, in the order of tries.
    tries: Csr,
    /// What was shown when, and where.
    pub(super) events: Events<'a>,
    /// What is asked of single rows.
    pub(super) rows: Rows,
    /// How many attempts are healthy.
    pub(super) healthy: usize,
    /// The first and the last instant at which an attempt ended.
    pub(super) span: Option<(Timestamp, Timestamp)>,
}

impl<'a> Table<'a> {
    /// Indexes a table.
    #[must_use]
    pub fn of(attempts: &'a [Attempt]) -> Self {
        let rows = Rows::of(attempts);
        let columns: Vec<Column<'a>> = ScopeKind::ALL.into_iter().map(|kind| Column::of(attempts, kind, &rows)).collect();
        let (instance_of, tries) = instances(attempts, &columns);
        let ends = || attempts.iter().filter(|attempt| attempt.is_task()).filter_map(instant);
        Self {
            columns,
            instance_of,
            tries,
            events: Events::of(attempts),
            healthy: rows.healthy_count,
            rows,
            span: ends().min().zip(ends().max()),
            attempts,
        }
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

    /// The task instance of a row, without its try.
    pub(super) fn instance(&self, row: usize) -> Option<u32> {
        Some(self.instance_of[row]).filter(|instance| *instance != Column::NONE)
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
pub(super) fn instant(attempt: &Attempt) -> Option<Timestamp> {
    attempt.failure.as_ref().and_then(|failure| failure.time).or(attempt.ended).or(attempt.started)
}

/// The task instance of each row, and the rows of each instance.
fn instances(attempts: &[Attempt], columns: &[Column<'_>]) -> (Vec<u32>, Csr) {
    let tasks = &columns[ScopeKind::Task.index()];
    let mut runs: HashMap<&str, u32> = HashMap::new();
    let mut known: HashMap<(u32, u32, Option<i32>), u32> = HashMap::new();
    let mut of_row = vec![Column::NONE; attempts.len()];
    for (row, attempt) in attempts.iter().enumerate() {
        let [task] = tasks.of_row(row) else { continue };
        let next = runs.len() as u32;
        // Without a run all attempts of the task would be tries of one instance; they are told apart by nothing else, so they are none.
        let Some(run) = attempt.task.run_id.as_deref().map(|run| *runs.entry(run).or_insert(next)) else { continue };
        let next = known.len() as u32;
        of_row[row] = *known.entry((*task, run, attempt.task.map_index)).or_insert(next);
    }
    let mut rows: Vec<u32> = (0..attempts.len() as u32).filter(|row| of_row[*row as usize] != Column::NONE).collect();
    rows.sort_by_key(|row| (of_row[*row as usize], attempts[*row as usize].task.try_number, *row));
    let tries = Csr::of_sorted(known.len(), rows.iter().map(|row| (of_row[*row as usize], *row)));
    (of_row, tries)
}
