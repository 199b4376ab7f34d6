//! Envelopes whose entries are rows: what CloudWatch's console saves as CSV, and what `aws logs .. --output text` prints with tabs. A row goes
//! over several lines where its message does.
//!
//! A quote that was lost must not swallow the rest of a file: a row that breaks the form is given up after its first line, and what follows
//! is read anew. This is why rows are put together here, and not by a reader of CSV that takes everything.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::super::header::{LineKind, line_kind};
use super::super::{Dialects, keys};
use super::cells::{Cells, Step};
use super::{Peeled, object};

/// The forms of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) enum Form {
    /// A line with the names of the columns, then cells between commas.
    Csv,
    /// `EVENTS`, an ingestion time, a message and a time between tabs; with the id before and the stream between for `filter-log-events`.
    Tabbed,
}

/// What was read of rows.
pub(in crate::record) enum Found<'a> {
    /// A row.
    Row(Peeled<'a>),
    /// A line that belongs to no whole row.
    Bare(&'a [u8]),
}

/// Columns with the text of the log.
const TEXT_COLUMNS: [&str; 2] = ["@message", "message"];

/// Columns with the time, which every row has where its file has the column.
const TIME_COLUMNS: [&str; 2] = ["@timestamp", "timestamp"];

/// Further columns of exports; where `@message` is missing there are no others.
const OTHER_COLUMNS: [&str; 9] =
    ["@logStream", "@log", "@ingestionTime", "@ptr", "logStreamName", "logStream", "logGroupName", "ingestionTime", "eventId"];

/// What the lines of `--output text` begin with that say nothing of the log.
const TABBED_ASIDE: [&[u8]; 2] = [b"SEARCHEDLOGSTREAMS\t", b"NEXTTOKEN\t"];

/// The longest row: the longest event of the service four times.
const ROW_BYTES_MAX: usize = 4 << 20;

/// How many rows are looked at to recognise a file.
pub(super) const ROWS_LOOKED_AT: usize = 24;

/// Recognises rows by the first bytes of a file, which may end within a row.
pub(super) fn recognise(text: &[u8], dialects: &Dialects) -> Option<Form> {
    let first = first_line(text);
    let second = first_line(&text[first.len()..]);
    let form = if columns_of(first).is_some() {
        Form::Csv
    } else if is_tabbed_start(first) || (is_tokens(first) && is_tabbed_start(second)) {
        Form::Tabbed
    } else {
        return None;
    };
    let mut rows = Rows::new(form);
    // CloudWatch writes milliseconds: a table of anything else that calls its columns `timestamp` and `message` must hold lines of a log.
    let is_epoch = second.iter().skip_while(|byte| **byte == b'"').take_while(|byte| byte.is_ascii_digit()).count() == 13;
    let names_more = columns_of(first).is_some_and(|columns| columns.iter().any(|name| name.starts_with('@') || name.contains("Stream")));
    let is_sure = form == Form::Tabbed || names_more || is_epoch;
    let (mut marked, mut bare) = (0_usize, 0_usize);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        rows.take(line, 0, dialects, &mut |found, _| match found {
            Found::Row(peeled) => marked += usize::from(is_sure || is_headed(&peeled.text, dialects)),
            Found::Bare(_) => bare += 1,
        });
        if marked + bare >= ROWS_LOOKED_AT {
            break;
        }
    }
    (marked > 0 && marked >= bare).then_some(form)
}

fn is_headed(text: &[u8], dialects: &Dialects) -> bool {
    matches!(line_kind(text), LineKind::Headed | LineKind::Json) || dialects.is_surely_own(text)
}

fn first_line(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    memchr::memchr(b'\n', text).map_or(text, |end| &text[..=end])
}

/// The names of the columns where a line is the head of an export.
fn columns_of(line: &[u8]) -> Option<Vec<String>> {
    let begins = [&b"@"[..], b"\"", b"timestamp", b"message", b"log", b"event", b"ingestion"];
    if line.len() > 4096 || !begins.iter().any(|begin| line.starts_with(begin)) {
        return None;
    }
    let mut cells = Cells::default();
    if cells.take(line.trim_ascii_end()) == Step::Damaged || cells.finish() == Step::Damaged {
        return None;
    }
    let columns: Vec<String> = cells.done.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let has = |names: &[&str]| columns.iter().any(|column| names.contains(&column.as_str()));
    let is_known =
        |column: &String| [&TEXT_COLUMNS[..], &TIME_COLUMNS, &OTHER_COLUMNS].iter().any(|names| names.contains(&column.as_str()));
    // A query may name any field beside the message.
    let is_head = has(&TEXT_COLUMNS) && has(&TIME_COLUMNS) && (has(&TEXT_COLUMNS[..1]) || columns.iter().all(is_known));
    is_head.then_some(columns)
}

/// What stands before and within `--output text`: the tokens of the next pages.
fn is_tokens(line: &[u8]) -> bool {
    (line.starts_with(b"b/") || line.starts_with(b"f/"))
        && line.trim_ascii_end().iter().all(|byte| byte.is_ascii_alphanumeric() || b"/\t".contains(byte))
}

fn is_number(text: &[u8]) -> bool {
    text.len() >= 13 && text.iter().all(u8::is_ascii_digit)
}

/// Whether a line begins a row between tabs.
fn is_tabbed_start(line: &[u8]) -> bool {
    let first = line.strip_prefix(b"EVENTS\t").and_then(|rest| rest.split(|byte| *byte == b'\t').next());
    first.is_some_and(is_number)
}

/// Puts rows together, line by line.
#[derive(Debug)]
pub(in crate::record) struct Rows {
    form: Form,
    /// The names of the columns, once their line was read.
    columns: Vec<String>,
    cells: Cells,
    /// The lines of the row that is being put together, with their numbers.
    held: Vec<(Vec<u8>, u32)>,
    held_bytes: usize,
    /// The line before belongs to a damaged row, and so may those that follow.
    is_in_damage: bool,
    /// How many places are no whole rows.
    pub(in crate::record) damaged: u32,
    /// The line of the first of them.
    pub(in crate::record) first_damaged: Option<u32>,
}

impl Rows {
    /// Rows of which none was read.
    pub(in crate::record) fn new(form: Form) -> Self {
        Self {
            form,
            columns: Vec::new(),
            cells: Cells::default(),
            held: Vec::new(),
            held_bytes: 0,
            is_in_damage: false,
            damaged: 0,
            first_damaged: None,
        }
    }

    /// Takes a line with its end, or a part of a line that is too long, and hands on the rows that are whole now with the number of their
    /// first line.
    pub(in crate::record) fn take(&mut self, line: &[u8], number: u32, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
        let mut waiting = VecDeque::from([(line.to_vec(), number)]);
        while let Some((line, number)) = waiting.pop_front() {
            match self.form {
                Form::Csv => self.csv(line, number, &mut waiting, dialects, found),
                Form::Tabbed => self.tabbed(line, number, dialects, found),
            }
        }
    }

    /// Hands on what is left at the end of the file.
    pub(in crate::record) fn finish(&mut self, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
        if self.held.is_empty() {
            return;
        }
        match self.form {
            Form::Tabbed => {
                if !self.tabbed_row(dialects, found) {
                    self.give_up_tabbed(dialects, found);
                }
            }
            Form::Csv => {
                let number = self.first_held();
                if self.cells.finish() == Step::Whole && self.csv_row(number, dialects, found) {
                    return self.clear();
                }
                let mut waiting = VecDeque::new();
                while !self.held.is_empty() {
                    self.give_up_csv(&mut waiting, dialects, found);
                    while let Some((line, number)) = waiting.pop_front() {
                        self.csv(line, number, &mut waiting, dialects, found);
                    }
                }
            }
        }
    }

    fn first_held(&self) -> u32 {
        self.held.first().map_or(0, |(_, number)| *number)
    }

    fn clear(&mut self) {
        self.cells = Cells::default();
        self.held.clear();
        self.held_bytes = 0;
    }

    fn hold(&mut self, line: Vec<u8>, number: u32) {
        self.held_bytes += line.len();
        self.held.push((line, number));
    }

    /// Notes that a row is damaged; the lines after it that are no rows either are the same damage.
    fn damage(&mut self, number: u32) {
        if !std::mem::replace(&mut self.is_in_damage, true) {
            self.damaged = self.damaged.saturating_add(1);
            self.first_damaged.get_or_insert(number);
        }
    }

    fn csv(
        &mut self,
        line: Vec<u8>,
        number: u32,
        waiting: &mut VecDeque<(Vec<u8>, u32)>,
        dialects: &Dialects,
        found: &mut dyn FnMut(Found<'_>, u32),
    ) {
        if self.columns.is_empty() {
            self.columns = columns_of(line.trim_ascii_start()).unwrap_or_default();
            return;
        }
        if self.held.is_empty() && line.trim_ascii().is_empty() {
            return;
        }
        let step = self.cells.take(&line);
        self.hold(line, number);
        let is_row = match step {
            Step::More if self.held_bytes < ROW_BYTES_MAX => return,
            Step::Whole => self.csv_row(self.first_held(), dialects, found),
            Step::More | Step::Damaged => false,
        };
        if is_row {
            self.clear();
        } else {
            self.give_up_csv(waiting, dialects, found);
        }
    }

    /// Hands on the row whose cells are whole; `false` where they do not fit their columns.
    fn csv_row(&mut self, number: u32, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) -> bool {
        let cells = &self.cells.done;
        if cells.len() != self.columns.len() {
            return false;
        }
        // Exports that were put together have their heads within.
        if cells.iter().zip(&self.columns).all(|(cell, column)| cell.trim_ascii() == column.as_bytes()) {
            return true;
        }
        let object = self.object();
        let is_row = self
            .columns
            .iter()
            .filter(|name| TIME_COLUMNS.contains(&name.as_str()))
            .all(|name| object.get(name).is_some_and(|value| is_time(value, dialects)));
        if is_row {
            self.is_in_damage = false;
            give(&object, self.text(), number, dialects, found);
        }
        is_row
    }

    /// The cells that say when and where from, by their columns.
    fn object(&self) -> Map<String, Value> {
        let cells = self.columns.iter().zip(&self.cells.done);
        let known = cells.filter(|(name, _)| TIME_COLUMNS.contains(&name.as_str()) || OTHER_COLUMNS.contains(&name.as_str()));
        known.filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| (name.clone(), String::from_utf8_lossy(cell).into())).collect()
    }

    /// The cell with the text of the log.
    fn text(&self) -> &[u8] {
        let column = TEXT_COLUMNS.iter().find_map(|name| self.columns.iter().position(|column| column == name));
        column.and_then(|column| self.cells.done.get(column)).map_or(&[], Vec::as_slice)
    }

    /// Gives up the row that is held: its first line is handed on as far as it can be read, the others are read anew.
    fn give_up_csv(&mut self, waiting: &mut VecDeque<(Vec<u8>, u32)>, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
        let lines = std::mem::take(&mut self.held);
        self.clear();
        let mut lines = lines.into_iter();
        let Some((first, number)) = lines.next() else { return };
        lines.rev().for_each(|line| waiting.push_front(line));
        self.damage(number);
        let bare = first.trim_ascii_end();
        let _ = self.cells.take(bare);
        self.cells.close();
        let object = self.object();
        if keys::time_in(&object, &dialects.zone).is_some() && !self.text().is_empty() {
            give(&object, self.text(), number, dialects, found);
        } else {
            found(Found::Bare(bare), number);
        }
        self.clear();
    }

    fn tabbed(&mut self, line: Vec<u8>, number: u32, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
        let at_start = self.held.last().is_none_or(|(line, _)| line.ends_with(b"\n"));
        let begins = at_start && is_tabbed_start(&line);
        if begins || self.held_bytes >= ROW_BYTES_MAX {
            self.give_up_tabbed(dialects, found);
        }
        if begins || !self.held.is_empty() {
            let is_end = line.ends_with(b"\n");
            self.hold(line, number);
            if is_end {
                self.tabbed_row(dialects, found);
            }
        } else if !(TABBED_ASIDE.iter().any(|aside| line.starts_with(aside)) || is_tokens(&line) || line.trim_ascii().is_empty()) {
            if !self.is_in_damage {
                self.damage(number);
            }
            found(Found::Bare(line.trim_ascii_end()), number);
        }
    }

    /// Hands on the row that is held, where it has its end.
    fn tabbed_row(&mut self, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) -> bool {
        let Some((last, _)) = self.held.last() else { return false };
        let last = last.trim_ascii_end();
        let is_whole = memchr::memrchr(b'\t', last).is_some_and(|tab| is_number(&last[tab + 1..]));
        let first = self.held.first().and_then(|(line, _)| tabbed_start(line));
        let Some((mut object, from)) = first.filter(|_| is_whole) else { return false };
        let all: Vec<u8> = self.held.iter().flat_map(|(line, _)| line.iter().copied()).collect();
        let all = all.trim_ascii_end();
        let Some(end) = memchr::memrchr(b'\t', all).filter(|end| *end >= from) else { return false };
        object.insert("timestamp".to_owned(), String::from_utf8_lossy(&all[end + 1..]).into());
        if keys::time_in(&object, &dialects.zone).is_none() {
            return false;
        }
        give(&object, &all[from..end], self.first_held(), dialects, found);
        self.is_in_damage = false;
        self.clear();
        true
    }

    /// Hands on the row that is held and has no end.
    fn give_up_tabbed(&mut self, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
        let lines = std::mem::take(&mut self.held);
        self.clear();
        if let Some((_, number)) = lines.first() {
            self.is_in_damage = false;
            self.damage(*number);
        }
        for (line, number) in lines {
            let bare = line.trim_ascii_end();
            match tabbed_start(bare) {
                Some((object, from)) => give(&object, &bare[from..], number, dialects, found),
                None => found(Found::Bare(bare), number),
            }
        }
    }
}

/// What stands before the message of a row between tabs, and where the message begins.
fn tabbed_start(line: &[u8]) -> Option<(Map<String, Value>, usize)> {
    let mut object = Map::new();
    let field = |from: usize| line.get(from..).and_then(|rest| Some(from..from + memchr::memchr(b'\t', rest)?));
    let first = field(b"EVENTS\t".len()).filter(|_| is_tabbed_start(line))?;
    // The ids of events are longer than any time in milliseconds.
    if first.len() <= 20 {
        return Some((object, first.end + 1));
    }
    let ingested = field(first.end + 1).filter(|ingested| is_number(&line[ingested.clone()]))?;
    let stream = field(ingested.end + 1)?;
    object.insert("logStreamName".to_owned(), String::from_utf8_lossy(&line[stream.clone()]).into());
    Some((object, stream.end + 1))
}

/// Whether a cell is a time, and nothing but what services write as one.
fn is_time(value: &Value, dialects: &Dialects) -> bool {
    let begins = value.as_str().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    begins && keys::time_of(value, &dialects.zone).is_some()
}

/// Hands on a row, and what is in envelopes within.
fn give(object: &Map<String, Value>, text: &[u8], number: u32, dialects: &Dialects, found: &mut dyn FnMut(Found<'_>, u32)) {
    let text = &text[..super::super::split::without_line_end(text)];
    let peeled = Peeled {
        origin: object::origin_of(object),
        time: object::time_of(object, dialects),
        text: text.into(),
        over_lines: true,
        ..Peeled::default()
    };
    super::within(peeled, dialects, super::NESTING_MAX, &mut |peeled| found(Found::Row(peeled), number));
}
