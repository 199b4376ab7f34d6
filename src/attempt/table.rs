//! The attempt table: one row per log. What went well is packed into about a hundred bytes with its name, its times and its endpoints; what failed
//! or shows a symptom has an [`Attempt`] of its own beside its row.

use std::borrow::Cow;
use std::sync::Arc;

use crate::record::{Dialect, Outcome};
use crate::scan::packed::{Manner, Packed, Row};
use crate::scan::texts::Text;
use crate::scan::{Ending, EndpointUse, Endpoints, Observation};
use crate::source::{Kind, Source, TaskInstance};
use crate::time::Timestamp;

use super::{Attempt, Failure, Location, Shown, join};

/// The attempt table.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    packed: Packed,
    /// Why each row is believed to have come out as it did.
    because: Vec<Text>,
    /// The endpoints of packed rows, as lists.
    endpoints: Vec<Option<Text>>,
    /// The attempts that are more than their rows, in the order of their making.
    own: Vec<Attempt>,
}

impl Attempts {
    pub(super) fn new(packed: Packed, because: Vec<Text>, endpoints: Vec<Option<Text>>, own: Vec<Attempt>) -> Self {
        Self { packed, because, endpoints, own }
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.rows.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.rows.is_empty()
    }

    /// A row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<AttemptRef<'_>> {
        Some(AttemptRef { table: self, packed: self.packed.rows.get(row)?, row })
    }

    /// A row of which it is known that there is one.
    ///
    /// # Panics
    /// Where there is none, as a slice does.
    #[must_use]
    pub fn at(&self, row: usize) -> AttemptRef<'_> {
        AttemptRef { table: self, packed: &self.packed.rows[row], row }
    }

    /// The attempt of a row that failed or shows a symptom; `None` for any other.
    #[must_use]
    pub fn own(&self, row: usize) -> Option<&Attempt> {
        self.packed.rows.get(row)?.whole().and_then(|at| self.own.get(at))
    }

    /// The rows, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = AttemptRef<'_>> + ExactSizeIterator + Clone {
        self.packed.rows.iter().enumerate().map(|(row, packed)| AttemptRef { table: self, packed, row })
    }

    /// The rows that have an attempt of their own, in their order.
    pub fn iter_own(&self) -> impl Iterator<Item = (usize, &Attempt)> + Clone {
        self.packed.rows.iter().enumerate().filter_map(|(row, packed)| Some((row, self.own.get(packed.whole()?)?)))
    }

    /// The texts that the numbers of rows stand for.
    pub(crate) fn text(&self, text: Text) -> &str {
        self.packed.texts.get(text)
    }

    /// The texts of a list.
    pub(crate) fn list(&self, list: Option<Text>) -> impl Iterator<Item = &str> + Clone {
        self.packed.texts.list(list)
    }

    /// Adds an attempt: packed, if a row can say all of it.
    pub fn push(&mut self, attempt: Attempt) {
        // A row knows endpoints by their names alone; after the join nobody asks for more.
        let is_plain = attempt.symptoms.is_empty() && attempt.failure.is_none() && attempt.copy_of.is_none() && !attempt.in_stream;
        let log = as_log(&attempt);
        let at = self.packed.rows.len();
        let says_all = self.packed.push(&log, 0) && is_plain;
        self.because.push(join::renew(&mut self.packed, at, &attempt));
        let texts = &mut self.packed.texts;
        self.endpoints.push(if says_all { texts.add_list(attempt.endpoints.keys()) } else { None });
        self.packed.drop_uses();
        if !says_all {
            self.packed.rows[at].set_whole(self.own.len());
            self.own.push(attempt);
        }
    }
}

/// The log that would say what an attempt is.
fn as_log(attempt: &Attempt) -> Observation {
    Observation {
        source: Source {
            path: attempt.path.clone(),
            member: attempt.member.clone(),
            stream: attempt.in_stream.then(String::new),
            kind: attempt.kind,
            task: TaskInstance::default(),
        },
        task: attempt.task.clone(),
        without_log: !attempt.has_log,
        dialect: attempt.dialect,
        return_code: attempt.return_code,
        ending: attempt.ending,
        executions: attempt.executions,
        endpoints: attempt.endpoints.clone(),
        endpoints_cut: attempt.endpoints_cut,
        versions: attempt.versions.clone(),
        pid: attempt.pid,
        started: attempt.started,
        ended: attempt.ended,
        ..Observation::default()
    }
}

impl Extend<Attempt> for Attempts {
    fn extend<I: IntoIterator<Item = Attempt>>(&mut self, attempts: I) {
        attempts.into_iter().for_each(|attempt| self.push(attempt));
    }
}

impl FromIterator<Attempt> for Attempts {
    fn from_iter<I: IntoIterator<Item = Attempt>>(attempts: I) -> Self {
        let mut table = Self::default();
        table.extend(attempts);
        table
    }
}

impl From<&[Attempt]> for Attempts {
    fn from(attempts: &[Attempt]) -> Self {
        attempts.iter().cloned().collect()
    }
}

/// One row of an [`Attempts`]; see [`Attempt`] for what the values mean.
#[derive(Debug, Clone, Copy)]
pub struct AttemptRef<'a> {
    table: &'a Attempts,
    packed: &'a Row,
    row: usize,
}

impl<'a> AttemptRef<'a> {
    /// The attempt, where it is more than its row: it failed, or shows a symptom.
    #[must_use]
    pub fn own(self) -> Option<&'a Attempt> {
        self.packed.whole().and_then(|at| self.table.own.get(at))
    }

    /// All of it, made anew where it is packed. A packed one does not know when it used its endpoints.
    #[must_use]
    pub fn to_attempt(self) -> Attempt {
        if let Some(own) = self.own() {
            return own.clone();
        }
        let manner = self.manner();
        let mut endpoints = Endpoints::default();
        let used = EndpointUse { count: 1, first: None, last: None, answered: None };
        self.endpoints().for_each(|name| endpoints.add(name.into(), used));
        Attempt {
            path: self.path().into(),
            member: self.member().map(Cow::into_owned),
            kind: manner.kind,
            task: self.task(),
            host: self.host().map(Arc::from),
            pid: self.pid(),
            operator: self.operator().map(Arc::from),
            queue: self.queue().map(Arc::from),
            pool: self.pool().map(Arc::from),
            return_code: manner.return_code,
            executions: manner.executions,
            dialect: manner.dialect,
            copy_of: None,
            in_stream: self.in_stream(),
            started: self.started(),
            ended: self.ended(),
            outcome: manner.verdict,
            outcome_because: self.outcome_because().into(),
            has_log: self.has_log(),
            ending: manner.ending,
            symptoms: Vec::new(),
            failure: None,
            endpoints,
            endpoints_cut: manner.endpoints_cut,
            versions: self.versions().map(|(name, version)| (name.into(), version.into())).collect(),
        }
    }

    fn manner(self) -> &'a Manner {
        self.table.packed.manner(self.packed)
    }

    fn text(self, text: Option<Text>) -> Option<&'a str> {
        text.map(|text| self.table.packed.texts.get(text))
    }

    /// What stands for its names in the table.
    pub(crate) fn numbers(self) -> Numbers {
        let (row, manner) = (self.packed, self.manner());
        Numbers {
            dag: row.dag,
            run: row.run,
            task: row.task,
            map_index: row.map_index(),
            host: row.host,
            operator: manner.operator,
            queue: manner.queue,
            versions: manner.versions,
            endpoints: self.table.endpoints.get(self.row).copied().flatten(),
        }
    }

    /// Its place in the table.
    #[must_use]
    pub fn row(self) -> usize {
        self.row
    }

    /// See [`Attempt::path`].
    #[must_use]
    pub fn path(self) -> Cow<'a, str> {
        whole(self.table.packed.place(self.packed).0)
    }

    /// See [`Attempt::member`].
    #[must_use]
    pub fn member(self) -> Option<Cow<'a, str>> {
        self.table.packed.place(self.packed).1.map(whole)
    }

    /// See [`Attempt::kind`].
    #[must_use]
    pub fn kind(self) -> Kind {
        self.manner().kind
    }

    /// See [`Attempt::task`].
    #[must_use]
    pub fn task(self) -> TaskInstance {
        self.own().map_or_else(|| self.table.packed.task(self.packed), |own| own.task.clone())
    }

    /// See [`TaskInstance::dag_id`].
    #[must_use]
    pub fn dag_id(self) -> Option<&'a str> {
        self.text(self.packed.dag)
    }

    /// See [`TaskInstance::run_id`].
    #[must_use]
    pub fn run_id(self) -> Option<&'a str> {
        self.text(self.packed.run)
    }

    /// See [`TaskInstance::task_id`].
    #[must_use]
    pub fn task_id(self) -> Option<&'a str> {
        self.text(self.packed.task)
    }

    /// See [`TaskInstance::map_index`].
    #[must_use]
    pub fn map_index(self) -> Option<i32> {
        self.own().map_or_else(|| self.packed.map_index(), |own| own.task.map_index)
    }

    /// See [`TaskInstance::try_number`].
    #[must_use]
    pub fn try_number(self) -> Option<u32> {
        self.own().map_or_else(|| self.packed.try_number(), |own| own.task.try_number)
    }

    /// See [`Attempt::host`].
    #[must_use]
    pub fn host(self) -> Option<&'a str> {
        self.text(self.packed.host)
    }

    /// See [`Attempt::pid`].
    #[must_use]
    pub fn pid(self) -> Option<u32> {
        self.own().map_or_else(|| self.packed.pid(), |own| own.pid)
    }

    /// See [`Attempt::operator`].
    #[must_use]
    pub fn operator(self) -> Option<&'a str> {
        self.text(self.manner().operator)
    }

    /// See [`Attempt::queue`].
    #[must_use]
    pub fn queue(self) -> Option<&'a str> {
        self.text(self.manner().queue)
    }

    /// See [`Attempt::pool`].
    #[must_use]
    pub fn pool(self) -> Option<&'a str> {
        self.text(self.manner().pool)
    }

    /// See [`Attempt::return_code`].
    #[must_use]
    pub fn return_code(self) -> Option<i32> {
        self.manner().return_code
    }

    /// See [`Attempt::executions`].
    #[must_use]
    pub fn executions(self) -> u32 {
        self.manner().executions
    }

    /// See [`Attempt::dialect`].
    #[must_use]
    pub fn dialect(self) -> Dialect {
        self.manner().dialect
    }

    /// See [`Attempt::copy_of`].
    #[must_use]
    pub fn copy_of(self) -> Option<usize> {
        self.own()?.copy_of
    }

    /// See [`Attempt::in_stream`].
    #[must_use]
    pub fn in_stream(self) -> bool {
        self.table.packed.in_stream(self.packed)
    }

    /// See [`Attempt::started`].
    #[must_use]
    pub fn started(self) -> Option<Timestamp> {
        self.own().map_or_else(|| self.packed.started(), |own| own.started)
    }

    /// See [`Attempt::ended`].
    #[must_use]
    pub fn ended(self) -> Option<Timestamp> {
        self.own().map_or_else(|| self.packed.ended(), |own| own.ended)
    }

    /// See [`Attempt::outcome`].
    #[must_use]
    pub fn outcome(self) -> Outcome {
        self.manner().verdict
    }

    /// See [`Attempt::outcome_because`].
    #[must_use]
    pub fn outcome_because(self) -> &'a str {
        self.text(self.table.because.get(self.row).copied()).unwrap_or_default()
    }

    /// See [`Attempt::has_log`].
    #[must_use]
    pub fn has_log(self) -> bool {
        !self.manner().without_log
    }

    /// See [`Attempt::ending`].
    #[must_use]
    pub fn ending(self) -> Ending {
        self.manner().ending
    }

    /// See [`Attempt::symptoms`].
    #[must_use]
    pub fn symptoms(self) -> &'a [Shown] {
        self.own().map(|own| &own.symptoms[..]).unwrap_or_default()
    }

    /// See [`Attempt::failure`].
    #[must_use]
    pub fn failure(self) -> Option<&'a Failure> {
        self.own()?.failure.as_deref()
    }

    /// The names of the endpoints that it used, in their order; see [`Attempt::endpoints`].
    pub fn endpoints(self) -> impl Iterator<Item = &'a str> {
        let packed = self.table.list(self.table.endpoints.get(self.row).copied().flatten());
        self.own().into_iter().flat_map(|own| own.endpoints.keys()).chain(packed)
    }

    /// See [`Attempt::endpoints_cut`].
    #[must_use]
    pub fn endpoints_cut(self) -> bool {
        self.manner().endpoints_cut
    }

    /// Whether only the beginning and the end of its log were read, so that its endpoints and symptoms are not known.
    #[must_use]
    pub fn only_ends(self) -> bool {
        self.manner().only_ends
    }

    /// See [`Attempt::versions`].
    pub fn versions(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = self.own();
        let packed = self.table.packed.versions(self.manner()).filter(move |_| own.is_none());
        own.into_iter().flat_map(|own| own.versions.iter().map(|(name, version)| (&**name, &**version))).chain(packed)
    }

    /// See [`Attempt::is_task`].
    #[must_use]
    pub fn is_task(self) -> bool {
        self.kind() == Kind::Task && self.copy_of().is_none()
    }

    /// See [`Attempt::is_healthy`].
    #[must_use]
    pub fn is_healthy(self) -> bool {
        self.is_task() && matches!(self.outcome(), Outcome::Success | Outcome::Skipped)
    }

    /// See [`Attempt::run`].
    #[must_use]
    pub fn run(self) -> Option<(&'a str, &'a str)> {
        self.dag_id().zip(self.run_id())
    }

    /// See [`Attempt::location`].
    #[must_use]
    pub fn location(self, line: u32) -> Location {
        match self.own() {
            Some(own) => own.location(line),
            None => Location { path: self.path().into(), member: self.member().map(Cow::into_owned), line },
        }
    }

    /// See [`Attempt::name`].
    #[must_use]
    pub fn name(self) -> String {
        self.own().map_or_else(|| self.to_attempt().name(), Attempt::name)
    }
}

/// What stands for the names of a row in its table. Numbers mean nothing elsewhere, and their order means nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) dag: Option<Text>,
    pub(crate) run: Option<Text>,
    pub(crate) task: Option<Text>,
    pub(crate) map_index: Option<i32>,
    pub(crate) host: Option<Text>,
    pub(crate) operator: Option<Text>,
    pub(crate) queue: Option<Text>,
    /// As a list of names and versions in turn.
    pub(crate) versions: Option<Text>,
    /// As a list; `None` for none, and for a row with an attempt of its own.
    pub(crate) endpoints: Option<Text>,
}

fn whole<'a>((head, tail): (&'a str, &'a str)) -> Cow<'a, str> {
    match (head, tail) {
        (one, "") | ("", one) => one.into(),
        _ => [head, tail].concat().into(),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
