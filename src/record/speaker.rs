//! Whose record it is, by what the record says: services write the lines of many attempts into one stream.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::envelope::{Origin, instance_in};
use super::{RawRecord, console_pairs, json_line};
use crate::source::{Kind, TaskInstance};

/// How many attempts are told apart in one file.
const SPEAKERS_MAX: usize = 100_000;

/// The attempts whose records stood in a stream so far.
///
/// Airflow 3 names the attempt in the records of the task's process, but neither in what the process prints nor in what its supervisor adds.
/// In a file whose name says nothing all of that is of one attempt as long as only one is named. Where a second one is named, or where the file
/// is a service's, each gets a stream of its own, and what names none is nobody's. With the LocalExecutor the scheduler's output holds all that
/// the tasks' processes write, in the form of the console.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Speakers {
    /// The first attempt that is named owns the file's own stream.
    adopts: bool,
    /// The file says itself that it is the log of one attempt.
    is_one: bool,
    /// Not written down: it is what `origins` says.
    #[serde(skip)]
    by_task: HashMap<TaskInstance, usize>,
    /// Records of an attempt's process that name only the id of its task instance.
    by_ti_id: BTreeMap<String, usize>,
    origins: Vec<Origin>,
}

/// The stream a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// The file's own: a service's, or that of the only attempt it speaks of.
    File,
    /// An attempt's, by its number.
    Attempt(usize),
    /// Some attempt's, nobody can say whose.
    Nobody,
}

impl Speakers {
    /// For a file of that kind.
    pub(super) fn new(kind: Kind) -> Self {
        Self { adopts: kind == Kind::Other, is_one: false, by_task: HashMap::new(), by_ti_id: BTreeMap::new(), origins: Vec::new() }
    }

    /// As they were when they were written down.
    pub(super) fn again(mut self) -> Self {
        self.by_task = self.origins.iter().map(|origin| origin.task.clone()).zip(0..).collect();
        self
    }

    /// Whether no record has named an attempt so far.
    pub(super) fn are_none(&self) -> bool {
        self.origins.is_empty()
    }

    /// Whose record this is.
    pub(super) fn of(&mut self, record: &RawRecord<'_>) -> Speaker {
        let line = record.bytes.trim_ascii();
        self.is_one |= line.starts_with(b"*** ") || (self.origins.is_empty() && has(line, b"Log message source details"));
        let is_console = console_pairs::may_be_console(line);
        if !(is_console || line.starts_with(b"{\"")) || (self.is_one && !self.origins.is_empty()) {
            return Speaker::File;
        }
        if is_console && self.adopts && self.origins.is_empty() && console_pairs::is_of_scheduler(line) {
            // It is a scheduler's output, whatever the file is called: no attempt owns it.
            self.adopts = false;
        }
        let named = if is_console { self.console_index(line) } else { self.index(line) };
        match named {
            _ if self.is_one => Speaker::File,
            Some(0) if self.adopts => Speaker::File,
            Some(index) => Speaker::Attempt(index),
            None if self.adopts && self.origins.len() > 1 => Speaker::Nobody,
            None => Speaker::File,
        }
    }

    /// The origin of a speaker's stream; for the file's own, that of the attempt that owns it.
    pub(super) fn origin(&self, speaker: Speaker) -> Option<&Origin> {
        match speaker {
            Speaker::Attempt(index) => self.origins.get(index),
            Speaker::File if self.adopts => self.origins.first(),
            _ => None,
        }
    }

    fn index(&mut self, line: &[u8]) -> Option<usize> {
        // Airflow 3.0 and 3.1 name DAG, task and run in a few records that may be about others; the try or the id stand only in an attempt's own.
        if !(has(line, b"\"ti_id\":") || (has(line, b"\"try_number\":") && has(line, b"\"task_id\":"))) {
            return None;
        }
        let object = json_line::read(line).ok()?.object;
        object.get("event").or_else(|| object.get("message")).filter(|event| event.is_string())?;
        let task = instance_in(&object);
        let ti_id = object.get("ti_id").and_then(Value::as_str);
        if task.dag_id.is_none() || task.task_id.is_none() || task.run_id.is_none() {
            return ti_id.and_then(|id| self.by_ti_id.get(id)).copied();
        }
        self.index_of(task, ti_id)
    }

    fn console_index(&mut self, record: &[u8]) -> Option<usize> {
        self.index_of(console_pairs::attempt_of(record)?, None)
    }

    fn index_of(&mut self, task: TaskInstance, ti_id: Option<&str>) -> Option<usize> {
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
        let key = [&task.dag_id, &task.task_id, &task.run_id].map(|part| part.clone().unwrap_or_default()).join(" ");
        let key = format!("{key} {} {}", task.map_index.unwrap_or(-1), task.try_number.unwrap_or_default());
        self.origins.push(Origin { key, kind: Some(Kind::Task), task, ..Origin::default() });
        Some(index)
    }
}

fn has(line: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find(line, key).is_some()
}
