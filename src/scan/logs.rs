//! All logs of a scan: the plain ones packed, those that failed or tell more as they are.

use super::Observation;
use super::names::Names;
use super::packed::Packed;

/// The logs of a scan. A plain one takes about a hundred bytes, with its name and one endpoint; see [`Observation`] for the others.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    pub(crate) packed: Packed,
    pub(crate) whole: Vec<Observation>,
    pub(crate) names: Names,
}

impl Logs {
    /// Adds a log.
    pub fn push(&mut self, log: Observation) {
        self.push_nth(log, 0);
    }

    /// Adds a log that is the nth of its input.
    pub(super) fn push_nth(&mut self, mut log: Observation, nth: u32) {
        if self.packed.push(&log, nth) {
            return;
        }
        self.names.of_log(&mut log);
        if let Some(row) = self.packed.rows.last_mut() {
            row.set_whole(self.whole.len());
        }
        self.whole.push(log);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.rows.is_empty()
    }

    /// Sorts by source. Logs of one source and one attempt come from one input and keep their order.
    pub(crate) fn sort(&mut self) {
        self.packed.sort();
        // What is kept whole stands in the order of the rows too.
        let mut old: Vec<Option<Observation>> = std::mem::take(&mut self.whole).into_iter().map(Some).collect();
        for row in &mut self.packed.rows {
            if let Some(log) = row.whole().and_then(|at| old.get_mut(at)).and_then(Option::take) {
                row.set_whole(self.whole.len());
                self.whole.push(log);
            }
        }
    }

    /// One log after the other, as they were before they were packed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Observation> {
        self.packed.rows.iter().map(|row| match row.whole().and_then(|at| self.whole.get(at)) {
            Some(log) => log.clone(),
            None => self.packed.unpack(row),
        })
    }
}

impl Extend<Observation> for Logs {
    fn extend<I: IntoIterator<Item = Observation>>(&mut self, logs: I) {
        logs.into_iter().for_each(|log| self.push(log));
    }
}

impl FromIterator<Observation> for Logs {
    fn from_iter<I: IntoIterator<Item = Observation>>(logs: I) -> Self {
        let mut all = Self::default();
        all.extend(logs);
        all
    }
}

impl From<Vec<Observation>> for Logs {
    fn from(logs: Vec<Observation>) -> Self {
        logs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Outcome;
    use crate::scan::EndpointUse;
    use crate::source::Source;
    use crate::time::Timestamp;

    fn log(path: &str, member: Option<&str>, lines: u32) -> Observation {
        let source = Source::named(path, member);
        Observation { task: source.task.clone(), source, lines, ..Observation::default() }
    }

    #[test]
    fn logs_stand_in_the_order_of_their_sources() {
        let shown = |logs: &Logs| logs.iter().map(|log| format!("{} {}", log.source.name(), log.lines)).collect::<Vec<_>>();
        let names = [
            ("d", None),
            ("a/b/c/2", None),
            ("a/b/2/x", None),
            ("a/b/c/d/1", None),
            ("a/b", Some("m/n/2")),
            ("a/b", Some("m/n/1")),
            ("a/b", None),
            ("a/b/c/2", None),
            ("b/a", Some("z")),
            ("a/b-/c/d", None),
        ];
        let mut all: Vec<Observation> = names.iter().zip(1..).map(|((path, member), lines)| log(path, *member, lines)).collect();
        all[9].source.stream = Some("s/t/u".to_owned());
        let mut sorted = all.clone();
        sorted.sort_by(|a, b| a.source.cmp(&b.source));
        let mut logs = Logs::from(all);
        logs.sort();
        assert_eq!(shown(&logs), sorted.iter().map(|log| format!("{} {}", log.source.name(), log.lines)).collect::<Vec<_>>());
        logs.sort();
        assert_eq!(logs.iter().map(|log| log.lines).collect::<Vec<_>>(), sorted.iter().map(|log| log.lines).collect::<Vec<_>>());
        Logs::default().sort();
    }

    #[test]
    fn what_is_packed_comes_back_as_it_was() {
        let path = "logs/dag_id=orders/run_id=scheduled__2026-11-21T00:00:00+00:00/task_id=load/map_index=3/attempt=2.log";
        let mut full = log(path, None, 40);
        full.host = Some("worker-a".into());
        full.operator = Some("PythonOperator".into());
        (full.pid, full.max_tries, full.return_code) = (Some(7), Some(3), Some(-9));
        (full.started, full.ended) = (Some(Timestamp(5)), Some(Timestamp(9)));
        full.outcome = Some((Outcome::Success, 39));
        (full.executions, full.last_begin, full.endpoints_cut, full.lacks_end) = (2, 11, true, true);
        full.last_words = "the last".into();
        full.versions = vec![("bundle".into(), "etl".into()), ("bundle_version".into(), "4f1c".into())];
        for name in ["b:2", "a:1"] {
            let used = EndpointUse { count: 3, first: Some(Timestamp(5)), last: None, answered: Some(Timestamp(6)) };
            full.endpoints.add(Arc::from(name), used);
        }
        let mut odd = log("x", None, 1);
        (odd.task.try_number, odd.started) = (Some(u32::MAX), Some(Timestamp(i64::MIN)));
        let members = ["m/dag/run/1.log", "m/dag/run/2.log"].map(|member| log("a.zip", Some(member), 3));
        let [mut first, mut second] = [log("out.log", None, 4), log("out.zip", Some("m"), 4)];
        (first.source.stream, second.source.stream) = (Some("s".to_owned()), Some(String::new()));
        let all = [vec![full, odd, first, second, log("", None, 0)], members.into()].concat();
        let logs = Logs::from(all.clone());
        assert_eq!(
            logs.iter().map(|log| format!("{log:?}")).collect::<Vec<_>>(),
            all.iter().map(|log| format!("{log:?}")).collect::<Vec<_>>()
        );
        // What a row cannot say is kept as it was.
        assert_eq!(logs.whole.len(), 1);
    }
}
