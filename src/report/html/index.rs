//! The attempt table by columns, in the order of time: what the charts count. Names are numbers here, so that a chart of many attempts is quick.

use std::collections::HashMap;

use crate::attempt::AttemptRef;
use crate::record::Outcome;
use crate::rule::ScopeKind;
use crate::time::Timestamp;

use super::super::{Report, totals};

/// A name's number.
pub(super) type Name = u32;

/// How an attempt counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It failed, or belongs to an incident.
    Failed,
    /// It succeeded or was skipped.
    Healthy,
}

/// An attempt as charts see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// When it failed or ended.
    pub(super) time: Timestamp,
    pub(super) state: State,
    /// The incident that it belongs to.
    pub(super) incident: Option<u32>,
    pub(super) task: Option<Name>,
    dag: Option<Name>,
    host: Option<Name>,
    operator: Option<Name>,
    queue: Option<Name>,
    /// The endpoint whose call failed.
    blamed: Option<Name>,
    /// Where its endpoints stand in the list of all.
    endpoints: (u32, u32),
}

/// All attempts of which it is known how and when they ended.
#[derive(Debug, Default)]
pub(super) struct Index<'r> {
    /// In the order of time.
    points: Vec<Point>,
    endpoints: Vec<Name>,
    names: Vec<&'r str>,
    numbers: HashMap<&'r str, Name>,
    tasks: HashMap<(Option<Name>, Option<Name>), Name>,
    task_names: Vec<(Option<Name>, Option<Name>)>,
}

impl<'r> Index<'r> {
    pub(super) fn of(report: &Report<'r>) -> Self {
        let mut index = Self::default();
        for attempt in report.attempts.iter().filter(|attempt| attempt.copy_of().is_none()) {
            let incident = report.incident_of(attempt.row()).and_then(|incident| u32::try_from(incident).ok());
            let state = match attempt.outcome() {
                _ if incident.is_some() => State::Failed,
                // What a service writes is no attempt; only what broke in it counts.
                _ if !attempt.is_task() => continue,
                _ if totals::has_failed(attempt) => State::Failed,
                Outcome::Success | Outcome::Skipped => State::Healthy,
                _ => continue,
            };
            let failure = attempt.failure();
            let time = failure.and_then(|failure| failure.time).or(attempt.ended()).or(attempt.started());
            let Some(time) = time else { continue };
            let from = index.endpoints.len() as u32;
            for endpoint in attempt.endpoints() {
                let endpoint = index.number(endpoint);
                index.endpoints.push(endpoint);
            }
            let blamed = failure.and_then(|failure| failure.endpoint.as_deref()).map(|endpoint| index.number(endpoint));
            if let Some(blamed) = blamed.filter(|blamed| index.endpoints.get(from as usize..).is_none_or(|used| !used.contains(blamed))) {
                index.endpoints.push(blamed);
            }
            let point = Point {
                time,
                state,
                incident,
                task: index.task(attempt),
                dag: index.maybe(attempt.dag_id()),
                host: index.maybe(attempt.host()),
                operator: index.maybe(attempt.operator()),
                queue: index.maybe(attempt.queue()),
                blamed,
                endpoints: (from, index.endpoints.len() as u32),
            };
            index.points.push(point);
        }
        // Rows of one time stay in the order of the table.
        index.points.sort_by_key(|point| point.time);
        index
    }

    fn number(&mut self, name: &'r str) -> Name {
        let next = self.names.len() as Name;
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.names.push(name);
        }
        number
    }

    fn maybe(&mut self, name: Option<&'r str>) -> Option<Name> {
        name.map(|name| self.number(name))
    }

    fn task(&mut self, attempt: AttemptRef<'r>) -> Option<Name> {
        let key = (self.maybe(attempt.dag_id()), self.maybe(attempt.task_id()));
        key.1?;
        let next = self.task_names.len() as Name;
        let number = *self.tasks.entry(key).or_insert(next);
        if number == next {
            self.task_names.push(key);
        }
        Some(number)
    }

    /// All points, in the order of time.
    pub(super) fn all(&self) -> &[Point] {
        &self.points
    }

    /// The points from a time to another, both included.
    pub(super) fn between(&self, from: Timestamp, to: Timestamp) -> &[Point] {
        let start = self.points.partition_point(|point| point.time < from);
        let end = self.points.partition_point(|point| point.time <= to);
        self.points.get(start..end).unwrap_or_default()
    }

    /// The number of a name, where any attempt has it.
    pub(super) fn number_of(&self, name: &str) -> Option<Name> {
        self.numbers.get(name).copied()
    }

    /// The endpoints that an attempt used.
    pub(super) fn endpoints(&self, point: &Point) -> &[Name] {
        self.endpoints.get(point.endpoints.0 as usize..point.endpoints.1 as usize).unwrap_or_default()
    }

    /// The values of an attempt of one kind: several of endpoints, else one or none.
    pub(super) fn values(&self, point: &Point, kind: ScopeKind) -> impl Iterator<Item = Name> {
        let mut used: &[Name] = &[];
        let one = match kind {
            // A failed call says nothing of the other endpoints that its attempt used.
            ScopeKind::Endpoint => {
                let blamed = point.blamed.filter(|_| point.state == State::Failed);
                if blamed.is_none() {
                    used = self.endpoints(point);
                }
                blamed
            }
            ScopeKind::Host => point.host,
            ScopeKind::Dag => point.dag,
            ScopeKind::Task => point.task,
            ScopeKind::Operator => point.operator,
            ScopeKind::Queue => point.queue,
            ScopeKind::Version => None,
        };
        one.into_iter().chain(used.iter().copied())
    }

    /// What a number of a kind stands for.
    pub(super) fn name(&self, kind: ScopeKind, name: Name) -> String {
        let text = |name: Option<Name>| name.and_then(|name| self.names.get(name as usize)).copied();
        if kind != ScopeKind::Task {
            return text(Some(name)).unwrap_or_default().to_owned();
        }
        let (dag, task) = self.task_names.get(name as usize).copied().unwrap_or_default();
        [text(dag), text(task)].into_iter().flatten().collect::<Vec<&str>>().join(".")
    }
}
