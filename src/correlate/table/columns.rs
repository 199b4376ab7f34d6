//! One kind of value over the whole attempt table: which row has which values, and when the healthy ones ended.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::attempt::{Attempt, AttemptRef, Attempts};
use crate::rule::ScopeKind;
use crate::scan::texts::Text;
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

/// When healthy attempts ended.
#[derive(Debug, Clone, Copy)]
pub(in crate::correlate) struct Ends<'t> {
    by: &'t Rows,
    /// Rows in the order of their instants, and those of them that are not healthy, which are few.
    rows: &'t [u32],
    sick: &'t [u32],
}

impl Ends<'_> {
    /// How many there are of which it is known when.
    pub(in crate::correlate) fn len(&self) -> usize {
        self.within(Window(None))
    }

    /// Whether there is none.
    pub(in crate::correlate) fn is_empty(&self) -> bool {
        self.last().is_none()
    }

    /// The latest.
    pub(in crate::correlate) fn last(&self) -> Option<Timestamp> {
        self.by.instant(*self.rows.iter().rfind(|row| self.by.is_healthy(**row))?)
    }

    /// How many lie in a stretch of time.
    pub(in crate::correlate) fn within(&self, window: Window) -> usize {
        self.by.within(self.rows, window).len() - self.by.within(self.sick, window).len()
    }
}

/// One kind of value.
#[derive(Debug)]
pub(in crate::correlate) struct Column<'a> {
    attempts: &'a Attempts,
    kind: ScopeKind,
    by: Arc<Rows>,
    names: Vec<Cow<'a, str>>,
    ids: HashMap<Cow<'a, str>, u32>,
    /// Sets of values, and which of them rows have: by what names the values, or by the row.
    sets: Csr,
    of_keys: HashMap<Key, u32>,
    of_own: HashMap<u32, u32>,
    /// The rows of each value, tasks' attempts only, in the order of their instants.
    rows: Csr,
    /// Those of them that are not healthy.
    sick: Csr,
    /// The healthy rows of which a value is known, in the order of their instants; `None`: all of them.
    known: Option<Vec<u32>>,
    /// The healthy rows of which no value is known because their logs were read in part, in the order of their instants.
    unread: Vec<u32>,
    /// For each value how often it succeeded, and when last, in which row.
    succeeded: Vec<Succeeded>,
}

/// No value's number, and no set's.
const NONE: u32 = u32::MAX;

/// What the values of a row are known by before they are named.
type Key = (Option<Text>, Option<Text>);

impl<'a> Column<'a> {
    pub(super) fn of(attempts: &'a Attempts, kind: ScopeKind, by: &Arc<Rows>) -> Self {
        let mut naming = Naming::default();
        let (mut of_keys, mut of_own): (HashMap<Key, u32>, HashMap<u32, u32>) = (HashMap::new(), HashMap::new());
        // The set of each row, as long as the column is made.
        let mut of_rows: Vec<u32> = Vec::new();
        for attempt in attempts.iter().filter(|attempt| attempt.is_task() && !is_unread(*attempt, kind)) {
            let own = attempt.own().filter(|_| kind == ScopeKind::Endpoint);
            let key = key(attempt, kind);
            let set = match own {
                Some(own) => *of_own.entry(attempt.row() as u32).or_insert_with(|| naming.set(endpoints_of(own).map(Cow::Borrowed))),
                None if key.1.is_none() => continue,
                None => *of_keys.entry(key).or_insert_with(|| naming.set(values(attempts, key, kind))),
            };
            of_rows.resize(attempts.len(), NONE);
            of_rows[attempt.row()] = set;
        }
        let Naming { names, ids, pairs, sets } = naming;
        let sets = Csr::of_sorted(sets as usize, pairs.iter().copied());
        let values = |row: u32| of_rows.get(row as usize).filter(|set| **set != NONE).map(|set| sets.of(*set)).unwrap_or_default();
        let lists = |of: &[u32]| Csr::of_unsorted(names.len(), of.iter().flat_map(|row| values(*row).iter().map(|id| (*id, *row))));
        let (rows, sick) = (lists(&by.order), lists(&by.sick));
        let succeeded = (0..names.len() as u32)
            .map(|id| {
                let successes = || rows.of(id).iter().filter(|row| by.succeeded(**row)).filter_map(|row| Some((by.instant(*row)?, *row)));
                Succeeded { count: successes().count(), last: successes().next_back() }
            })
            .collect();
        // Most kinds are known of every healthy row, or of none.
        let healthy = by.order.iter().copied().filter(|row| by.is_healthy(*row));
        let is_known = |row: &u32| !values(*row).is_empty();
        let known = if healthy.clone().all(|row| is_known(&row)) { None } else { Some(healthy.clone().filter(is_known).collect()) };
        let is_unread = |row: &u32| is_unread(attempts.at(*row as usize), kind);
        let unread = if kind == ScopeKind::Endpoint { healthy.filter(is_unread).collect() } else { Vec::new() };
        Self { attempts, kind, by: Arc::clone(by), sets, of_keys, of_own, rows, sick, known, unread, succeeded, names, ids }
    }

    /// When the healthy attempts ended that may have had any value, for their logs were read in part.
    pub(in crate::correlate) fn unread(&self) -> Ends<'_> {
        Ends { by: &self.by, rows: &self.unread, sick: &[] }
    }

    /// The values of a row of a task.
    pub(in crate::correlate) fn of_row(&self, row: usize) -> &[u32] {
        let own = || self.of_own.get(&(row as u32));
        let set = own().or_else(|| {
            let attempt = self.attempts.get(row).filter(|attempt| attempt.is_task() && !is_unread(*attempt, self.kind))?;
            self.of_keys.get(&key(attempt, self.kind))
        });
        set.map(|set| self.sets.of(*set)).unwrap_or_default()
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

    /// When the healthy attempts of a value ended.
    pub(in crate::correlate) fn healthy(&self, id: u32) -> Ends<'_> {
        Ends { by: &self.by, rows: self.rows.of(id), sick: self.sick.of(id) }
    }

    /// How often a value succeeded.
    pub(in crate::correlate) fn succeeded(&self, id: u32) -> Succeeded {
        self.succeeded[id as usize]
    }

    /// When the healthy attempts ended of which any value is known.
    pub(in crate::correlate) fn healthy_known(&self) -> Ends<'_> {
        match &self.known {
            Some(known) => Ends { by: &self.by, rows: known, sick: &[] },
            None => Ends { by: &self.by, rows: &self.by.order, sick: &self.by.sick },
        }
    }
}

/// The values that were named, and the sets of them.
#[derive(Default)]
struct Naming<'a> {
    names: Vec<Cow<'a, str>>,
    ids: HashMap<Cow<'a, str>, u32>,
    /// Sets and their values, in the order of sets.
    pairs: Vec<(u32, u32)>,
    sets: u32,
}

impl<'a> Naming<'a> {
    /// A new set.
    fn set(&mut self, values: impl Iterator<Item = Cow<'a, str>>) -> u32 {
        for name in values {
            let id = *self.ids.entry(name).or_insert_with_key(|name| {
                self.names.push(name.clone());
                self.names.len() as u32 - 1
            });
            self.pairs.push((self.sets, id));
        }
        self.sets += 1;
        self.sets - 1
    }
}

/// Whether an attempt's values are not known because only the ends of its log were read.
fn is_unread(attempt: AttemptRef<'_>, kind: ScopeKind) -> bool {
    kind == ScopeKind::Endpoint && attempt.only_ends()
}

/// What the values of a row are known by; without its second part there are none.
fn key(attempt: AttemptRef<'_>, kind: ScopeKind) -> Key {
    let numbers = attempt.numbers();
    match kind {
        ScopeKind::Host => (None, numbers.host),
        ScopeKind::Dag => (None, numbers.dag),
        ScopeKind::Operator => (None, numbers.operator),
        ScopeKind::Queue => (None, numbers.queue),
        ScopeKind::Endpoint => (None, numbers.endpoints),
        ScopeKind::Version => (numbers.dag, numbers.versions),
        ScopeKind::Task => numbers.dag.zip(numbers.task).map_or((None, None), |(dag, task)| (Some(dag), Some(task))),
    }
}

/// The values that rows of a key have.
fn values<'a>(attempts: &'a Attempts, key: Key, kind: ScopeKind) -> Box<dyn Iterator<Item = Cow<'a, str>> + 'a> {
    let first = key.0.map(|text| attempts.text(text));
    let Some(second) = key.1 else { return Box::new(std::iter::empty()) };
    match kind {
        ScopeKind::Endpoint => Box::new(attempts.list(Some(second)).map(Cow::Borrowed)),
        ScopeKind::Version => Box::new(versions_of(first, attempts.list(Some(second))).into_iter().map(Cow::Owned)),
        ScopeKind::Task => Box::new(first.map(|dag| format!("{dag}.{}", attempts.text(second)).into()).into_iter()),
        _ => Box::new(std::iter::once(attempts.text(second).into())),
    }
}

/// The versions of what an attempt ran: a DAG's is told with the DAG, a bundle's with the bundle, for the numbers of two have nothing to do with each other.
fn versions_of<'t>(dag: Option<&str>, list: impl Iterator<Item = &'t str> + Clone) -> Vec<String> {
    let named = |wanted: &str| {
        list.clone().step_by(2).zip(list.clone().skip(1).step_by(2)).find(|(name, _)| *name == wanted).map(|(_, version)| version)
    };
    let of_dag = dag.zip(named("dag_version")).map(|(dag, version)| format!("{version} of DAG {dag}"));
    let of_bundle = named("bundle").zip(named("bundle_version")).map(|(bundle, version)| format!("{version} of bundle {bundle}"));
    of_dag.into_iter().chain(of_bundle).collect()
}

/// The endpoints an attempt used, its failing call's included, each once.
pub(in crate::correlate) fn endpoints_of(attempt: &Attempt) -> impl Iterator<Item = &str> {
    let failing = attempt.failure.as_ref().and_then(|failure| failure.endpoint.as_deref());
    let used = attempt.endpoints.keys();
    used.filter(move |used| Some(*used) != failing).chain(failing)
}
