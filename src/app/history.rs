//! What is asked of the state: lists, an incident, a table of nights; and forgetting.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{EXIT_FINE, state};
use crate::cli::{HistoryCommand, ListFormat, StateFile, StatusName, TrendBy};
use crate::error::Error;
use crate::history::{self, By, Listed, Shown, Trend, Trouble};
use crate::known::Status;
use crate::report::{Paper, terminal, wrap, write_json};
use crate::time::Timestamp;

/// How many failures of an incident are listed in a text.
const FAILURES_MAX: usize = 20;

/// How long a title is at least beside a table's numbers, in characters.
const TITLE_CHARS_MIN: usize = 24;

/// How far what belongs to a line is indented below it.
const INDENT: usize = 4;

/// Runs one of the commands, and gives the exit code.
pub(super) fn run(command: &HistoryCommand, clock: Timestamp, out: &mut dyn Write) -> Result<u8, Error> {
    match command {
        HistoryCommand::List { status, format, file } => {
            let path = named(file)?;
            let all = history::list(&path, status.map(status_of)).map_err(|trouble| told(&path, &trouble))?;
            write(*format, &all, list_text, out)
        }
        HistoryCommand::Show { id, format, file } => {
            let path = named(file)?;
            let found = history::show(&path, id).map_err(|trouble| told(&path, &trouble))?;
            match found.as_slice() {
                [one] => write(*format, one, show_text, out),
                [] => Err(Error::Usage(format!("no incident `{id}` is recorded in {}; dagnosis history list names all", path.display()))),
                many => {
                    let ids: Vec<&str> = many.iter().map(|shown| shown.incident.id.as_str()).collect();
                    Err(Error::Usage(format!("`{id}` may be {}; write more of it", ids.join(" or "))))
                }
            }
        }
        HistoryCommand::Trend { by, nights, format, file } => {
            let path = named(file)?;
            let by = match by {
                TrendBy::Incident => By::Incident,
                TrendBy::Cause => By::Cause,
                TrendBy::Dag => By::Dag,
            };
            let trend = history::trend(&path, by, *nights).map_err(|trouble| told(&path, &trouble))?;
            write(*format, &trend, trend_text, out)
        }
        HistoryCommand::Prune { older_than, wait, now, file } => {
            let path = named(file)?;
            let now = state::time(now.as_deref(), clock)?;
            let before = Timestamp(now.0.saturating_sub(older_than.0));
            let pruned = history::prune(&path, Duration::from_secs(wait.unwrap_or(0)), before).map_err(|trouble| match trouble {
                Trouble::Locked => state::locked(&path, *wait),
                trouble => told(&path, &trouble),
            })?;
            writeln!(
                out,
                "Removed what is older than {} UTC: {}, {}, {}.",
                before.minute(),
                count(pruned.runs, "run"),
                count(pruned.occurrences, "failure"),
                count(pruned.incidents, "incident")
            )?;
            Ok(EXIT_FINE)
        }
    }
}

fn named(file: &StateFile) -> Result<PathBuf, Error> {
    file.state
        .clone()
        .ok_or_else(|| Error::Usage("no state is named; give --state FILE, or write `state: FILE` in dagnosis.yaml".to_owned()))
}

fn told(path: &Path, trouble: &Trouble) -> Error {
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Error::Usage(format!("{}: there is no such file; a run with --state makes it", path.display()));
    }
    Error::Usage(format!("{}: {trouble}", path.display()))
}

fn status_of(name: StatusName) -> Status {
    match name {
        StatusName::New => Status::New,
        StatusName::Recurring => Status::Recurring,
        StatusName::Regressed => Status::Regressed,
        StatusName::Resolved => Status::Resolved,
    }
}

fn write<T: Serialize>(format: ListFormat, what: &T, text: impl Fn(&T) -> String, out: &mut dyn Write) -> Result<u8, Error> {
    match format {
        // What is recorded came from logs: nothing of it may act on a terminal.
        ListFormat::Json => write_json(what, out)?,
        ListFormat::Text => text(what).lines().try_for_each(|line| writeln!(out, "{}", terminal(line)))?,
    }
    Ok(EXIT_FINE)
}

/// `2026-11-20 02:00` of a time that is recorded.
fn minute(at: Option<&str>) -> String {
    at.map_or_else(|| "?".to_owned(), |at| at.chars().take(16).collect::<String>().replace('T', " "))
}

/// `1 night`, `3 nights`.
fn count<N: std::fmt::Display + PartialEq + From<u8>>(n: N, what: &str) -> String {
    let plural = if n == N::from(1) { "" } else { "s" };
    format!("{n} {what}{plural}")
}

fn shortened(text: &str, most: usize) -> String {
    let text = text.replace('\n', " ");
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn list_text(all: &Vec<Listed>) -> String {
    let mut text = String::new();
    if all.is_empty() {
        text.push_str("No such incident is recorded.\n");
    }
    for one in all {
        let ignored = if one.ignored { ", ignored" } else { "" };
        let (first, last) = (minute(one.first_seen.as_deref()), minute(one.last_seen.as_deref()));
        let span = if first == last { first } else { format!("{first} to {last}") };
        let (failures, nights) = (count(one.occurrences, "failure"), count(one.nights, "night"));
        let cause = one.cause.as_deref().unwrap_or("no known cause");
        let _ = writeln!(text, "{}  {:<9}  {}{ignored}; {failures}, {nights}", one.id, one.status, one.severity);
        for line in wrap(&terminal(&one.title.replace('\n', " ")), Paper::WIDTH - INDENT) {
            let _ = writeln!(text, "{:INDENT$}{line}", "");
        }
        let _ = writeln!(text, "{:INDENT$}{span}; {cause}", "");
    }
    text
}

fn show_text(shown: &Shown) -> String {
    let mut text = list_text(&vec![shown.incident.clone()]);
    let _ = writeln!(text, "\nNights (UTC)         status     new failures  in the logs");
    for night in &shown.by_night {
        let _ =
            writeln!(text, "{}     {:<9}  {:>12}  {:>11}", minute(Some(&night.at)), night.status, night.new_occurrences, night.occurrences);
    }
    let _ = writeln!(text, "\nFailures (UTC)");
    for failure in shown.failures.iter().take(FAILURES_MAX) {
        let task = match (&failure.dag_id, &failure.task_id) {
            (Some(dag), Some(task)) => {
                let index = failure.map_index.map(|index| format!("[{index}]")).unwrap_or_default();
                let number = failure.try_number.map(|number| format!(" try {number}")).unwrap_or_default();
                format!("  {dag}.{task}{index}{number}")
            }
            _ => String::new(),
        };
        let _ = writeln!(text, "{}{}\n    {}", minute(failure.at.as_deref()), task.replace('\n', " "), failure.path.replace('\n', " "));
    }
    if let more @ 1.. = shown.failures.len().saturating_sub(FAILURES_MAX) {
        let _ = writeln!(text, "and {more} more; --format json lists all");
    }
    text
}

fn trend_text(trend: &Trend) -> String {
    let days: Vec<String> = trend.runs.iter().map(|run| run.at.get(5..10).unwrap_or(&run.at).to_owned()).collect();
    let mut text = format!("{}  total\n", days.join(" "));
    for line in &trend.rows {
        let counts: String =
            line.counts.iter().map(|count| if *count == 0 { "    . ".to_owned() } else { format!("{count:>5} ") }).collect();
        let room = Paper::WIDTH.saturating_sub(counts.len() + " total  ".len() + 1).max(TITLE_CHARS_MIN);
        let name = [line.key.as_deref().unwrap_or("unknown"), line.title.as_deref().unwrap_or_default()].join("  ");
        let _ = writeln!(text, "{counts}{:>6}  {}", line.total, shortened(name.trim_end(), room));
    }
    text
}
