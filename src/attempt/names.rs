//! One copy of each text that many attempts have in common: the names of DAGs, runs, tasks, hosts and endpoints, and the reasons for believing
//! an outcome. In a table of a million attempts a few thousand of them repeat.

use std::collections::HashSet;
use std::sync::Arc;

use crate::scan::{Endpoints, Observation};
use crate::source::TaskInstance;

use super::Attempt;

/// The texts that were seen.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    /// Lets a text be the copy that was seen first.
    fn share(&mut self, text: &mut Arc<str>) {
        match self.0.get(&**text) {
            Some(known) => text.clone_from(known),
            None => {
                self.0.insert(text.clone());
            }
        }
    }

    fn share_all<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut Option<Arc<str>>>) {
        texts.into_iter().flatten().for_each(|text| self.share(text));
    }

    fn of_task(&mut self, task: &mut TaskInstance) {
        self.share_all([&mut task.dag_id, &mut task.run_id, &mut task.task_id]);
    }

    fn of_endpoints(&mut self, endpoints: &mut Endpoints) {
        endpoints.share(|name| self.share(name));
    }

    /// What a log says of itself.
    pub(super) fn of_log(&mut self, log: &mut Observation) {
        self.of_task(&mut log.task);
        self.of_task(&mut log.source.task);
        self.share_all([&mut log.host, &mut log.operator]);
        self.of_endpoints(&mut log.endpoints);
    }

    /// What has come to an attempt from elsewhere.
    pub(super) fn of_attempt(&mut self, attempt: &mut Attempt) {
        self.share_all([&mut attempt.host, &mut attempt.operator, &mut attempt.queue, &mut attempt.pool]);
        self.share(&mut attempt.outcome_because);
        self.of_endpoints(&mut attempt.endpoints);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_kept_once() {
        let task = |dag: &str| TaskInstance { dag_id: Some(dag.into()), ..TaskInstance::default() };
        let (mut a, mut b, mut c) = (task("orders"), task("orders"), task("prices"));
        let mut names = Names::default();
        [&mut a, &mut b, &mut c].into_iter().for_each(|task| names.of_task(task));
        let dag = |task: &TaskInstance| task.dag_id.clone().unwrap();
        assert!(Arc::ptr_eq(&dag(&a), &dag(&b)));
        assert_eq!((&*dag(&b), &*dag(&c)), ("orders", "prices"));
    }
}
