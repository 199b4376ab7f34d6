//! Whose record it is, by what the record says: services write the lines of many attempts into one stream.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::RawRecord;
use super::envelope::{Origin, instance_in};
use crate::source::{Kind, TaskInstance};

/// How many attempts are told apart in one file.
const SPEAKERS_MAX: usize = 100_000;

/// The attempts whose records stood in a stream so far.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    by_task: HashMap<TaskInstance, usize>,
    /// Records of an attempt's process that name only the id of its task instance.
    by_ti_id: HashMap<String, usize>,
    origins: Vec<Origin>,
}

impl Speakers {
    /// The attempt whose own record this is, with its number; `None` for what a service says itself.
    pub(super) fn of(&mut self, record: &RawRecord<'_>) -> Option<(usize, &Origin)> {
        let index = self.index(record.bytes)?;
        self.origins.get(index).map(|origin| (index, origin))
    }

    fn index(&mut self, bytes: &[u8]) -> Option<usize> {
        let line = bytes.trim_ascii();
        if !line.starts_with(b"{\"") || !(has(line, b"\"ti_id\":") || (has(line, b"\"dag_id\":") && has(line, b"\"task_id\":"))) {
            return None;
        }
        let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
        object.get("event").or_else(|| object.get("message")).filter(|event| event.is_string())?;
        let task = instance_in(&object);
        let ti_id = object.get("ti_id").and_then(Value::as_str);
        if task.dag_id.is_none() || task.task_id.is_none() || (task.run_id.is_none() && task.try_number.is_none()) {
            return ti_id.and_then(|id| self.by_ti_id.get(id)).copied();
        }
        if let Some(known) = self.by_task.get(&task) {
            return Some(*known);
        }
        if self.origins.len() >= SPEAKERS_MAX {
            return None;
        }
        let index = self.origins.len();
        self.by_task.insert(task.clone(), index);
        if let Some(id) = ti_id {
            self.by_ti_id.insert(id.to_owned(), index);
        }
        self.origins.push(Origin { key: format!("attempt {index}"), kind: Some(Kind::Task), task, ..Origin::default() });
        Some(index)
    }
}

fn has(line: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find(line, key).is_some()
}
