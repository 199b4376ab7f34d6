//! Exports that begin with the newest entry, as log services answer by default (`gcloud logging read`, `logcli`, Elasticsearch's sort): their
//! entries are turned round, for a log read backwards begins with its verdict and ends with its cause.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::envelope::Peeled;
use crate::time::Timestamp;

/// How many entries are looked at to tell the order.
const LOOKED_AT: usize = 24;

/// How often the time has to go back, and never forward, for an export to be one that begins with the newest: collectors' clocks jitter.
const STEPS_BACK_MIN: usize = 2;

/// How many bytes of entries are held to be turned round; what is longer is turned round in parts of this size.
const HELD_BYTES_MAX: usize = 256 << 20;

/// What an entry costs besides its text.
const ENTRY_BYTES: usize = 256;

/// What was in an envelope, or a line that has none, with the number of its line.
pub(super) struct Entry {
    pub(super) peeled: Option<Peeled<'static>>,
    /// The line, where it has no envelope.
    pub(super) bare: Vec<u8>,
    pub(super) line: u32,
}

/// Puts entries into the order in which they were written.
pub(super) struct Order {
    held: Vec<Entry>,
    bytes: usize,
    /// Whether the newest comes first; `None` as long as that is not known.
    is_backward: Option<bool>,
}

impl Order {
    /// An order to be found out; where `may_be_backward` is not true, entries are only handed on.
    pub(super) fn new(may_be_backward: bool) -> Self {
        Self { held: Vec::new(), bytes: 0, is_backward: (!may_be_backward).then_some(false) }
    }

    /// Whether entries need not be held any more.
    pub(super) fn is_forward(&self) -> bool {
        self.is_backward == Some(false)
    }

    /// Whether entries were turned round, and their lines are counted from the end.
    pub(super) fn is_backward(&self) -> bool {
        self.is_backward == Some(true)
    }

    /// Takes an entry, and hands on what need not wait.
    pub(super) fn take(&mut self, entry: Entry, visit: &mut dyn FnMut(Entry)) {
        self.bytes += ENTRY_BYTES + entry.bare.len() + entry.peeled.as_ref().map_or(0, |peeled| peeled.text.len());
        self.held.push(entry);
        if self.is_backward.is_none() && self.held.len() >= LOOKED_AT {
            self.is_backward = Some(begins_with_newest(&self.held));
        }
        if self.is_forward() || self.bytes > HELD_BYTES_MAX {
            self.finish(visit);
        }
    }

    /// Hands on what is held.
    pub(super) fn finish(&mut self, visit: &mut dyn FnMut(Entry)) {
        let is_backward = *self.is_backward.get_or_insert_with(|| begins_with_newest(&self.held));
        let held = std::mem::take(&mut self.held);
        self.bytes = 0;
        if !is_backward {
            return held.into_iter().for_each(visit);
        }
        // Whoever looks for what came before what compares lines: they are counted from the other end.
        let ends = held.first().map_or(0, |entry| entry.line) + held.last().map_or(0, |entry| entry.line);
        held.into_iter().rev().for_each(|Entry { peeled, bare, line }| {
            let peeled = peeled.map(|peeled| Peeled { over_lines: false, ..peeled });
            visit(Entry { peeled, bare, line: ends.saturating_sub(line) });
        });
    }
}

/// What was peeled, on its own.
pub(super) fn owned(peeled: Peeled<'_>) -> Peeled<'static> {
    Peeled { text: Cow::Owned(peeled.text.into_owned()), ..peeled }
}

fn begins_with_newest(entries: &[Entry]) -> bool {
    let times: Vec<Timestamp> = entries.iter().filter_map(|entry| entry.peeled.as_ref()?.time).collect();
    let steps = |way: Ordering| times.windows(2).filter(|pair| matches!(pair, [first, next] if next.cmp(first) == way)).count();
    steps(Ordering::Greater) == 0 && steps(Ordering::Less) >= STEPS_BACK_MIN
}
