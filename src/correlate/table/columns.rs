//! One kind of value over the whole attempt table: which row has which values, and when the healthy ones ended.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::attempt::Attempt;
use crate::rule::ScopeKind;
use crate::time::{Span, Timestamp};

use super::Rows;

/// Lists of numbers, one after the other: `of(i)` is the i-th.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Csr {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Csr {
    /// From pairs of list and item that are sorted by list.
    pub(super) fn of_sorted(lists: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut csr = Self { starts: vec![0; lists + 1], items: Vec::with_capacity(pairs.size_hint().0) };
        for (list, item) in pairs {
            csr.starts[list as usize + 1] += 1;
            csr.items.push(item);
        }
        for list in 0..lists {
            csr.starts[list + 1] += csr.starts[list];
        }
        csr
    }

    /// From pairs of list and item in any order; the items of each list keep the order that they come in.
    fn of_unsorted(lists: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; lists + 1];
        pairs.clone().for_each(|(list, _)| starts[list as usize + 1] += 1);
        for list in 0..lists {
            starts[list + 1] += starts[list];
        }
        let mut next = starts.clone();
        let mut items = vec![0; starts[lists] as usize];
        for (list, item) in pairs {
            let place = &mut next[list as usize];
            items[*place as usize] = item;
            *place += 1;
        }
        Self { starts, items }
    }

    /// One list.
    pub(in crate::correlate) fn of(&self, list: u32) -> &[u32] {
        &self.items[self.starts[list as usize] as usize..self.starts[list as usize + 1] as usize]
    }
}

/// A stretch of time, both ends included; all of it where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::correlate) struct Window(pub(in crate::correlate) Option<(Timestamp, Timestamp)>);

impl Window {
    /// With so much more on either side.
    pub(in crate::correlate) fn wider(self, by: Span) -> Self {
        Self(self.0.map(|(from, to)| (Timestamp(from.0.saturating_sub(by.0)), Timestamp(to.0.saturating_add(by.0)))))
    }

    /// How many of sorted times lie in it.
    pub(in crate::correlate) fn count(self, times: &[Timestamp]) -> usize {
        self.range(times).len()
    }

    /// Which of sorted times lie in it.
    pub(in crate::correlate) fn range(self, times: &[Timestamp]) -> std::ops::Range<usize> {
        match self.0 {
            None => 0..times.len(),
            Some((from, to)) => {
                let first = times.partition_point(|time| *time < from);
                first..first.max(times.partition_point(|time| *time <= to))
            }
        }
    }
}

/// The successes of one value whose instant is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::correlate) struct Succeeded {
    /// How many there are.
    pub(in crate::correlate) count: usize,
    /// The latest, and its row; of several at one instant the last row.
    pub(in crate::correlate) last: Option<(Timestamp, u32)>,
}

/// One kind of value.
#[derive(Debug)]
pub(in crate::correlate) struct Column<'a> {
    names: Vec<Cow<'a, str>>,
    ids: HashMap<Cow<'a, str>, u32>,
    /// The values of each row.
    values: Csr,
    /// The rows of each value, tasks' attempts only, in the order of their instants.
    rows: Csr,
    /// Where the instants of the healthy rows of each value begin, and they themselves, sorted.
    healthy_starts: Vec<u32>,
    healthy: Vec<Timestamp>,
    /// The instants of all healthy rows of which a value is known, sorted.
    healthy_known: Arc<[Timestamp]>,
    /// For each value how often it succeeded, and when last, in which row.
    succeeded: Vec<Succeeded>,
}

impl<'a> Column<'a> {
    /// The number that is no value's.
    pub(in crate::correlate) const NONE: u32 = u32::MAX;

    pub(super) fn of(attempts: &'a [Attempt], kind: ScopeKind, by: &Rows) -> Self {
        let (mut names, mut ids): (Vec<Cow<'a, str>>, HashMap<Cow<'a, str>, u32>) = (Vec::new(), HashMap::new());
        let mut number = |name: Cow<'a, str>| {
            *ids.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                names.len() as u32 - 1
            })
        };
        let mut tasks: HashMap<(&str, &str), u32> = HashMap::new();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (row, attempt) in attempts.iter().enumerate().filter(|(_, attempt)| attempt.is_task()) {
            let single = match kind {
                ScopeKind::Host => attempt.host.as_deref(),
                ScopeKind::Dag => attempt.task.dag_id.as_deref(),
                ScopeKind::Operator => attempt.operator.as_deref(),
                ScopeKind::Queue => attempt.queue.as_deref(),
                ScopeKind::Endpoint => {
                    pairs.extend(endpoints_of(attempt).map(|endpoint| (row as u32, number(endpoint.into()))));
                    continue;
                }
                ScopeKind::Version => {
                    pairs.extend(versions_of(attempt).map(|version| (row as u32, number(version.into()))));
                    continue;
                }
                ScopeKind::Task => {
                    let key = attempt.task.dag_id.as_deref().zip(attempt.task.task_id.as_deref());
                    let mut named = |(dag, task): (&str, &str)| number(format!("{dag}.{task}").into());
                    pairs.extend(key.map(|key| (row as u32, *tasks.entry(key).or_insert_with(|| named(key)))));
                    continue;
                }
            };
            pairs.extend(single.map(|name| (row as u32, number(name.into()))));
        }
        let values = Csr::of_sorted(attempts.len(), pairs.iter().copied());
        drop(pairs);
        let in_time = by.order.iter().flat_map(|row| values.of(*row).iter().map(|id| (*id, *row)));
        let rows = Csr::of_unsorted(names.len(), in_time);
        let mut healthy = Vec::with_capacity(rows.items.len());
        let (mut healthy_starts, mut succeeded) = (vec![0], Vec::with_capacity(names.len()));
        for id in 0..names.len() as u32 {
            healthy.extend(rows.of(id).iter().filter(|row| by.is_healthy(**row)).filter_map(|row| by.instant(*row)));
            healthy_starts.push(healthy.len() as u32);
            let successes = || rows.of(id).iter().filter(|row| by.succeeded(**row)).filter_map(|row| Some((by.instant(*row)?, *row)));
            succeeded.push(Succeeded { count: successes().count(), last: successes().next_back() });
        }
        let is_known = |row: &&u32| by.is_healthy(**row) && !values.of(**row).is_empty();
        let known = || by.order.iter().filter(is_known).filter_map(|row| by.instant(*row));
        // Most kinds are known of every healthy row, and then have the list in common.
        let healthy_known = if known().count() == by.healthy.len() { Arc::clone(&by.healthy) } else { known().collect() };
        Self { names, ids, values, rows, healthy_starts, healthy, healthy_known, succeeded }
    }

    /// The values of a row.
    pub(in crate::correlate) fn of_row(&self, row: usize) -> &[u32] {
        self.values.of(row as u32)
    }

    /// The rows of a value, in the order of time.
    pub(in crate::correlate) fn rows(&self, id: u32) -> &[u32] {
        self.rows.of(id)
    }

    /// The number of a name.
    pub(in crate::correlate) fn id(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    /// The name of a number.
    pub(in crate::correlate) fn name(&self, id: u32) -> &str {
        &self.names[id as usize]
    }

    /// How many values there are.
    pub(in crate::correlate) fn len(&self) -> usize {
        self.names.len()
    }

    /// When the healthy attempts of a value ended, sorted.
    pub(in crate::correlate) fn healthy(&self, id: u32) -> &[Timestamp] {
        &self.healthy[self.healthy_starts[id as usize] as usize..self.healthy_starts[id as usize + 1] as usize]
    }

    /// How often a value succeeded.
    pub(in crate::correlate) fn succeeded(&self, id: u32) -> Succeeded {
        self.succeeded[id as usize]
    }

    /// When the healthy attempts ended of which any value is known, sorted.
    pub(in crate::correlate) fn healthy_known(&self) -> &[Timestamp] {
        &self.healthy_known
    }
}

/// The versions of what an attempt ran: a DAG's is told with the DAG, a bundle's with the bundle, for the numbers of two have nothing to do with each other.
fn versions_of(attempt: &Attempt) -> impl Iterator<Item = String> {
    let named = |wanted: &str| attempt.versions.iter().find(|(name, _)| &**name == wanted).map(|(_, version)| &**version);
    let of_dag = attempt.task.dag_id.as_deref().zip(named("dag_version")).map(|(dag, version)| format!("{version} of DAG {dag}"));
    let of_bundle = named("bundle").zip(named("bundle_version")).map(|(bundle, version)| format!("{version} of bundle {bundle}"));
    of_dag.into_iter().chain(of_bundle)
}

/// The endpoints an attempt used, its failing call's included, each once.
pub(in crate::correlate) fn endpoints_of(attempt: &Attempt) -> impl Iterator<Item = &str> {
    let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
    let used = attempt.endpoints.keys();
    used.filter(move |used| Some(*used) != failing).chain(failing)
}
