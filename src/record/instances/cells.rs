//! From the cells of a row, whatever form they came in, to an [`Instance`].

use std::borrow::Cow;

use super::{Instance, Reading, State, shown};
use crate::source::{own_run_id, run_date};
use crate::time::{Span, Timestamp, Zone, parse_prefix};

/// What of a row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Dag,
    Run,
    Task,
    MapIndex,
    Try,
    MaxTries,
    State,
    Host,
    Queue,
    Pool,
    Operator,
    Pid,
    Started,
    Ended,
    Duration,
    Queued,
    Updated,
    LogicalDate,
}

/// The names that the table, the REST API in both versions and the command line give the fields.
const NAMES: [(&str, Field); 23] = [
    ("dag_id", Field::Dag),
    ("run_id", Field::Run),
    ("dag_run_id", Field::Run),
    ("task_id", Field::Task),
    ("map_index", Field::MapIndex),
    ("try_number", Field::Try),
    ("_try_number", Field::Try),
    ("max_tries", Field::MaxTries),
    ("state", Field::State),
    ("hostname", Field::Host),
    ("host", Field::Host),
    ("queue", Field::Queue),
    ("pool", Field::Pool),
    ("operator", Field::Operator),
    ("pid", Field::Pid),
    ("start_date", Field::Started),
    ("end_date", Field::Ended),
    ("duration", Field::Duration),
    ("queued_dttm", Field::Queued),
    ("queued_when", Field::Queued),
    ("updated_at", Field::Updated),
    ("logical_date", Field::LogicalDate),
    ("execution_date", Field::LogicalDate),
];

/// What programs write for a value that is not there.
const NULLS: [&str; 8] = ["", "\\N", "null", "none", "nan", "nat", "<null>", "~"];

/// Finds a field by the name of its column.
pub(super) fn field(name: &str) -> Option<Field> {
    let name = name.trim().trim_matches(['"', '\'', '`']).to_ascii_lowercase();
    // `select ti.*` and the like may name the table too.
    let name = name.rsplit('.').next().unwrap_or_default();
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
}

impl Reading<'_> {
    /// Takes a row.
    pub(super) fn row<'c>(&mut self, line: u32, cells: impl Iterator<Item = (Field, Cow<'c, str>)>) {
        let mut instance = Instance { path: self.path.to_owned(), line, ..Instance::default() };
        let mut duration = None;
        for (field, cell) in cells {
            let text = cell.trim();
            if NULLS.iter().any(|null| text.eq_ignore_ascii_case(null)) {
                continue;
            }
            if let Err(want) = instance.take(field, text, &mut duration) {
                let name = NAMES.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| *name);
                self.fault(line, format!("{} is no {name}; {want} is wanted, and the cell was left out", shown(text)));
            }
        }
        if instance.task.dag_id.is_none() || instance.task.task_id.is_none() {
            return self.fault(line, "the row names no dag_id or no task_id, and was left out".to_owned());
        }
        if instance.ended.is_none() && instance.state.is_some_and(|state| matches!(state, State::Reached(_))) {
            instance.ended = instance.started.zip(duration).map(|(start, length)| start + length);
        }
        instance.logical_date = instance.logical_date.or_else(|| instance.task.run_id.as_deref().and_then(run_date));
        self.instances.push(instance);
    }
}

impl Instance {
    /// Takes a cell, or says what it should have been.
    fn take(&mut self, field: Field, text: &str, duration: &mut Option<Span>) -> Result<(), &'static str> {
        const DATE: &str = "a date such as 2026-11-21T07:16:24+00:00";
        const NUMBER: &str = "a whole number";
        let date = || date(text).ok_or(DATE);
        let word = || Some(text.to_owned());
        match field {
            Field::Dag => self.task.dag_id = Some(text.into()),
            // As the names of logs are read, so that they meet.
            Field::Run => self.task.run_id = Some(own_run_id(text).into()),
            Field::Task => self.task.task_id = Some(text.into()),
            Field::MapIndex => {
                let index = i32::try_from(number(text).ok_or(NUMBER)?).map_err(|_| NUMBER)?;
                // Airflow writes -1 for a task that is not mapped.
                self.task.map_index = Some(index).filter(|index| *index >= 0);
            }
            Field::Try => self.task.try_number = count(text).ok_or(NUMBER).map(Some)?.filter(|number| *number > 0),
            Field::MaxTries => self.max_tries = Some(count(text).ok_or(NUMBER)?.saturating_add(1)),
            Field::State => self.state = Some(State::named(text).ok_or("one of Airflow's states")?),
            Field::Host => self.host = word(),
            Field::Queue => self.queue = word(),
            Field::Pool => self.pool = word(),
            Field::Operator => self.operator = word(),
            Field::Pid => self.pid = Some(count(text).ok_or(NUMBER)?),
            Field::Started => self.started = Some(date()?),
            Field::Ended => self.ended = Some(date()?),
            Field::Duration => {
                let seconds = text.parse().ok().filter(|seconds: &f64| (0.0..1e10).contains(seconds));
                *duration = Some(Span::from_secs_f64(seconds.ok_or("a number of seconds")?));
            }
            Field::Queued => self.queued = Some(date()?),
            Field::Updated => self.updated = Some(date()?),
            Field::LogicalDate => self.logical_date = Some(date()?),
        }
        Ok(())
    }
}

/// A whole number; `3.0` is what a table with gaps becomes in a data frame.
fn number(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

fn count(text: &str) -> Option<u32> {
    u32::try_from(number(text)?).ok()
}

/// A date; the database keeps UTC, so that is what one without a zone is. `+00` is how psql writes the offset.
fn date(text: &str) -> Option<Timestamp> {
    let short_offset = text.contains(':')
        && text.len() > 3
        && text.get(text.len() - 3..).is_some_and(|end| end.starts_with(['+', '-']) && end.bytes().skip(1).all(|b| b.is_ascii_digit()));
    let whole = if short_offset { Cow::Owned(format!("{text}:00")) } else { Cow::Borrowed(text) };
    parse_prefix(whole.as_bytes(), &Zone::default()).filter(|(_, taken)| *taken == whole.len()).map(|(at, _)| at)
}
