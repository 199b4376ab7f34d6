//! Exports in JSON: the REST API's pages, lists of task instances, and one task instance a line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::cells::{Field, field};
use super::{Reading, shown};
use crate::error::Error;

/// The key under which the REST API lists them.
const LIST: &str = "task_instances";

/// How deep lists may lie in lists: pages put in a list are two.
const DEPTH_MAX: u32 = 4;

/// One JSON object, each value as it is written.
type Object<'t> = BTreeMap<String, &'t RawValue>;

/// Reads an export.
pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Result<(), Error> {
    let mut json = Json { text, reading, counted_to: 0, line: 1, total: 0, rows: 0 };
    if json.is_lines() {
        json.lines();
    } else {
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|error| broken(&error, text, json.reading))?;
            json.value(value, 0)?;
        }
    }
    if json.total > json.rows {
        let says = format!(
            "it holds {} of {} task instances: the REST API gives them in pages; fetch the others too, with limit and offset",
            json.rows, json.total
        );
        json.reading.fault(1, says);
    }
    Ok(())
}

fn broken(error: &serde_json::Error, text: &str, reading: &Reading<'_>) -> Error {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let seen = format!("JSON that is broken at column {} ({error}) in {}", error.column(), shown(line.trim()));
    reading.unknown_form(u32::try_from(error.line()).unwrap_or(u32::MAX), &seen)
}

struct Json<'t, 'r, 'p> {
    text: &'t str,
    reading: &'r mut Reading<'p>,
    /// Up to which byte lines were counted, and which line that is.
    counted_to: usize,
    line: u32,
    /// How many task instances the API says there are, and how many came.
    total: u64,
    rows: u64,
}

impl<'t> Json<'t, '_, '_> {
    /// Whether each line is a task instance of its own.
    fn is_lines(&self) -> bool {
        let mut lines = self.text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().and_then(|line| serde_json::from_str::<Object<'_>>(line).ok());
        first.is_some_and(|object| !object.contains_key(LIST)) && lines.next().is_some()
    }

    fn lines(&mut self) {
        for (line, number) in self.text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            match serde_json::from_str::<Object<'_>>(line) {
                Ok(object) => self.row(number, &object),
                Err(error) => self.reading.fault(number, format!("{} is no JSON object ({error}), and was left out", shown(line))),
            }
        }
    }

    fn value(&mut self, raw: &'t RawValue, depth: u32) -> Result<(), Error> {
        let line = self.line_of(raw);
        if depth <= DEPTH_MAX
            && let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get())
        {
            return list.into_iter().try_for_each(|value| self.value(value, depth + 1));
        }
        match serde_json::from_str::<Object<'_>>(raw.get()) {
            Ok(object) => match object.get(LIST) {
                Some(list) => {
                    let total = object.get("total_entries").and_then(|total| total.get().parse().ok()).unwrap_or(0);
                    self.total = self.total.max(total);
                    return self.value(list, depth + 1);
                }
                None if depth == 0 && !object.keys().any(|key| field(key) == Some(Field::Task)) => {
                    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
                    return Err(self.reading.unknown_form(line, &format!("an object with the keys {}", shown(&keys.join(", ")))));
                }
                None => self.row(line, &object),
            },
            Err(_) if depth == 0 => return Err(self.reading.unknown_form(line, &shown(raw.get()))),
            Err(_) => self.reading.fault(line, format!("{} is no task instance, and was left out", shown(raw.get()))),
        }
        Ok(())
    }

    fn row(&mut self, line: u32, object: &Object<'_>) {
        self.rows += 1;
        let cells = object.iter().filter_map(|(key, raw)| {
            let text = match serde_json::from_str(raw.get()).ok()? {
                Value::Null => return None,
                Value::String(text) => Cow::Owned(text),
                _ => Cow::Borrowed(raw.get()),
            };
            Some((field(key)?, text))
        });
        self.reading.row(line, cells);
    }

    /// The line on which a value of the text begins. Values come in their order, so that lines are counted once.
    fn line_of(&mut self, raw: &RawValue) -> u32 {
        let at = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        if let Some(between) = self.text.as_bytes().get(self.counted_to..at) {
            self.line += u32::try_from(memchr::memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX);
            self.counted_to = at;
        }
        self.line
    }
}
