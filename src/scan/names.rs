//! One copy of each text that many attempts have in common: the names of DAGs, runs, tasks, hosts and endpoints, and the reasons for believing
//! an outcome. In a table of a million attempts a few thousand of them repeat.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Endpoints, Observation};
use crate::record::{Chain, Frame};
use crate::source::TaskInstance;

/// The texts that were seen.
#[derive(Debug, Clone, Default)]
pub struct Names {
    texts: HashSet<Arc<str>>,
    /// The places in code that exceptions came from.
    frames: HashSet<Arc<Vec<Frame>>>,
}

impl Names {
    /// Lets a text be the copy that was seen first.
    pub fn share(&mut self, text: &mut Arc<str>) {
        match self.texts.get(&**text) {
            Some(known) => text.clone_from(known),
            None => {
                self.texts.insert(text.clone());
            }
        }
    }

    /// The same for each of several texts, as far as they are there.
    pub fn share_all<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut Option<Arc<str>>>) {
        texts.into_iter().flatten().for_each(|text| self.share(text));
    }

    /// The same for the frames of exceptions, of which there may be a hundred in each of a million failures.
    fn of_chain(&mut self, chain: &mut Chain) {
        chain.shorten();
        for frames in chain.exceptions.iter_mut().map(|exception| &mut exception.frames) {
            match self.frames.get(&*frames) {
                Some(known) => frames.clone_from(known),
                None => {
                    self.frames.insert(frames.clone());
                }
            }
        }
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
        log.failures.iter_mut().for_each(|failure| self.of_chain(&mut failure.chain));
        log.mentions.shrink_to_fit();
        log.mentions.iter_mut().for_each(|mention| self.of_task(&mut mention.about.task));
        self.of_task(&mut log.task);
        self.of_task(&mut log.source.task);
        self.share_all([&mut log.host, &mut log.operator]);
        self.of_endpoints(&mut log.endpoints);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Exception;

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

    #[test]
    fn a_million_failures_with_long_messages_share_their_frames_and_keep_the_begin_of_each_message() {
        let exception = |message: &str| Exception {
            message: message.to_owned(),
            notes: vec!["a note".to_owned()],
            frames: vec![Frame { file: "a.py".to_owned(), ..Frame::default() }].into(),
            ..Exception::default()
        };
        let chain = |count: usize| Chain { exceptions: vec![exception(&"é".repeat(2000)); count], ..Chain::default() };
        let mut names = Names::default();
        for (count, most) in [(1, 2000), (2, 1000), (3, 666), (40, 250)] {
            let mut chain = chain(count);
            chain.exceptions.push(exception("short"));
            let mut whole = chain.exceptions.split_off(count);
            names.of_chain(&mut chain);
            assert!(chain.exceptions.iter().all(|exception| exception.message.len() == most && exception.notes.is_empty()), "{count}");
            let mut other = Chain { exceptions: std::mem::take(&mut whole), ..Chain::default() };
            names.of_chain(&mut other);
            assert_eq!(other.exceptions[0].message, "short");
            assert!(chain.exceptions.iter().all(|exception| Arc::ptr_eq(&exception.frames, &other.exceptions[0].frames)));
        }
    }
}
