//! One copy of each text that many attempts have in common: the names of DAGs, runs, tasks, hosts and endpoints, and the reasons for believing
//! an outcome. In a table of a million attempts a few thousand of them repeat.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Endpoints, Observation};
use crate::source::TaskInstance;

/// The texts that were seen.
#[derive(Debug, Clone, Default)]
pub struct Names(HashSet<Arc<str>>);

impl Names {
    /// Lets a text be the copy that was seen first.
    pub fn share(&mut self, text: &mut Arc<str>) {
        match self.0.get(&**text) {
            Some(known) => text.clone_from(known),
            None => {
                self.0.insert(text.clone());
            }
        }
    }

    /// The same for each of several texts, as far as they are there.
    pub fn share_all<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut Option<Arc<str>>>) {
        texts.into_iter().flatten().for_each(|text| self.share(text));
    }

    fn of_task(&mut self, task: &mut TaskInstance) {
        self.share_all([&mut task.dag_id, &mut task.run_id, &mut task.task_id]);
    }

    /// The same for the names of endpoints.
    pub fn of_endpoints(&mut self, endpoints: &mut Endpoints) {
        endpoints.share(|name| self.share(name));
    }

    /// The same for all that a log says of itself; and gives back the room that was taken for more of it.
    pub fn of_log(&mut self, log: &mut Observation) {
        log.endpoints.shrink();
        log.versions.shrink_to_fit();
        log.versions.iter_mut().for_each(|(name, version)| [name, version].into_iter().for_each(|text| self.share(text)));
        log.matches.shrink_to_fit();
        log.failures.shrink_to_fit();
        log.mentions.shrink_to_fit();
        self.of_task(&mut log.task);
        self.of_task(&mut log.source.task);
        self.share_all([&mut log.host, &mut log.operator]);
        self.of_endpoints(&mut log.endpoints);
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
        let place = |task: &TaskInstance| task.dag_id.as_deref().map(str::as_ptr);
        assert_eq!((place(&a) == place(&b), place(&a) == place(&c)), (true, false));
        assert_eq!([&a, &b, &c].map(|task| task.dag_id.as_deref()), [Some("orders"), Some("orders"), Some("prices")]);
    }
}
