//! A deploy that broke several DAGs: tasks that had worked fail for what is installed, each from its first run after one instant on.

use std::collections::{BTreeMap, BTreeSet};

use crate::rule::ScopeKind;
use crate::time::Timestamp;

use super::super::table::Table;
use super::item::{Item, Reach};
use super::sets::Sets;

/// How many tasks of how many DAGs must have stopped working at one instant.
const TASKS_MIN: usize = 3;
const DAGS_MIN: usize = 2;

/// A task that stopped working: between its last success and its first failure something happened.
struct Stopped<'a> {
    from: Timestamp,
    to: Timestamp,
    dag: &'a str,
    /// Its failures.
    items: Vec<usize>,
}

pub(super) fn join(failures: &[Item<'_>], table: &Table<'_>, sets: &mut Sets) {
    let mut tasks: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.reach == Reach::Environment && item.time.is_some()) {
        if let Some(key) = item.key() {
            tasks.entry(key).or_default().push(at);
        }
    }
    let mut stopped: Vec<Stopped<'_>> =
        tasks.into_iter().filter_map(|((dag, task), items)| stop(dag, task, items, failures, table)).collect();
    // The instants that lie between last success and first failure of the most tasks: those who had stopped by the end of the first, and had worked before it.
    stopped.sort_by(|a, b| (a.to, &a.items).cmp(&(b.to, &b.items)));
    let mut first = 0;
    while first < stopped.len() {
        let instant = stopped[first].to;
        let together: Vec<usize> = (first..stopped.len()).filter(|at| stopped[*at].from < instant).collect();
        let dags: BTreeSet<&str> = together.iter().map(|at| stopped[*at].dag).collect();
        if together.len() >= TASKS_MIN && dags.len() >= DAGS_MIN {
            let items: Vec<usize> = together.iter().flat_map(|at| &stopped[*at].items).copied().collect();
            items.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
            stopped = stopped.into_iter().enumerate().filter(|(at, _)| !together.contains(at)).map(|(_, task)| task).collect();
            // What stood before had too few companions, and has no more of them now.
        } else {
            first += 1;
        }
    }
}

/// When a task stopped working, if it had worked before and has not since.
fn stop<'a>(dag: &'a str, task: &str, items: Vec<usize>, failures: &[Item<'_>], table: &Table<'_>) -> Option<Stopped<'a>> {
    let to = items.iter().filter_map(|item| failures[*item].time).min()?;
    let column = table.column(ScopeKind::Task);
    let (last, _) = column.succeeded(column.id(&format!("{dag}.{task}"))?).last?;
    let from = Some(last).filter(|last| *last < to)?;
    Some(Stopped { from, to, dag, items })
}
