//! Exports in lines with a header: CSV, the tables that command lines print, and the flat YAML of `airflow tasks`.

use std::borrow::Cow;

use super::cells::{Field, field};
use super::{Reading, shown};
use crate::error::Error;

/// How many lines may stand before the header: warnings that a command printed.
const LINES_BEFORE_MAX: usize = 50;

/// How the cells of a line are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// By a character, with quotes as CSV has them.
    Separated(u8),
    /// By `|`, with lines of dashes between the header and the rows, or around them.
    Ruled,
    /// By the place under the header.
    Aligned,
}

/// Reads an export.
pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Result<(), Error> {
    if is_yaml(text) {
        yaml(text, reading);
        return Ok(());
    }
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1u32..).take(LINES_BEFORE_MAX) {
        if let Some(style) = style_of(line, text.get(at + line.len()..).and_then(|rest| rest.lines().next())) {
            let (head, body) = (line.trim_end(), text.get(at + line.len()..).unwrap_or_default());
            match style {
                Style::Separated(by) => separated(head, by, body, number, reading),
                Style::Ruled => ruled(head, body, number, reading),
                Style::Aligned => aligned(head, body, number, reading),
            }
            return Ok(());
        }
        at += line.len();
    }
    let first = text.lines().zip(1..).find(|(line, _)| !line.trim().is_empty());
    let (seen, number) = first.map_or((String::new(), 1), |(line, number)| (format!("{}, which is no header", shown(line.trim())), number));
    Err(reading.unknown_form(number, &seen))
}

/// How a line is divided if it is a header: its cells name the DAG and the task.
fn style_of(line: &str, next: Option<&str>) -> Option<Style> {
    let is_header = |cells: &mut dyn Iterator<Item = &str>| {
        let fields: Vec<Field> = cells.filter_map(field).collect();
        fields.contains(&Field::Dag) && fields.contains(&Field::Task)
    };
    if is_header(&mut line.split('|')) {
        return Some(if line.starts_with('|') || next.is_some_and(is_rule) { Style::Ruled } else { Style::Separated(b'|') });
    }
    let separated = [b',', b';', b'\t'].into_iter().find(|by| is_header(&mut line.split(char::from(*by))));
    separated.map(Style::Separated).or_else(|| is_header(&mut line.split_whitespace()).then_some(Style::Aligned))
}

/// Whether a line is only drawn.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains(['-', '=']) && line.chars().all(|c| matches!(c, '-' | '=' | '+' | '|' | ' ' | ':'))
}

fn separated(head: &str, by: u8, body: &str, head_line: u32, reading: &mut Reading<'_>) {
    let columns: Vec<Option<Field>> = head.split(char::from(by)).map(field).collect();
    let mut rows = csv::ReaderBuilder::new().delimiter(by).has_headers(false).flexible(true).from_reader(body.as_bytes());
    let mut record = csv::StringRecord::new();
    loop {
        let more = rows.read_record(&mut record);
        let line = record.position().map_or(0, |place| u32::try_from(place.line()).unwrap_or(u32::MAX)).saturating_add(head_line);
        match more {
            Ok(false) => return,
            Ok(true) if record.len() != columns.len() => {
                let says = format!("the row has {} cells under {} columns, and was left out", record.len(), columns.len());
                reading.fault(line, says);
            }
            Ok(true) => {
                let cells = columns.iter().zip(&record).filter_map(|(field, cell)| Some(((*field)?, Cow::Borrowed(cell))));
                reading.row(line, cells);
            }
            Err(error) => return reading.fault(line, format!("the rows from here on were left out: {error}")),
        }
    }
}

/// `a | b` over `---+---`, as psql prints it; `| a | b |`, as mysql does.
fn ruled(head: &str, body: &str, head_line: u32, reading: &mut Reading<'_>) {
    let is_boxed = head.starts_with('|');
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_end();
        let inside = if is_boxed { line.trim_start_matches('|').trim_end_matches('|') } else { line };
        inside.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let columns: Vec<Option<Field>> = cells(head).iter().map(|name| field(name)).collect();
    for (line, number) in body.lines().zip(head_line.saturating_add(1)..) {
        // `(3 rows)` is psql's last line.
        if is_rule(line) || line.trim().is_empty() || (line.starts_with('(') && line.ends_with(')')) {
            continue;
        }
        let row = cells(line);
        if row.len() != columns.len() {
            reading.fault(number, format!("the row has {} cells under {} columns, and was left out", row.len(), columns.len()));
            continue;
        }
        reading.row(number, columns.iter().zip(row).filter_map(|(field, cell)| Some(((*field)?, Cow::Owned(cell)))));
    }
}

/// Words of a line with the columns of characters that they take.
fn words(line: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut column = 0;
    line.split(' ').filter_map(move |word| {
        let from = column;
        column += word.chars().count() + 1;
        (!word.is_empty()).then_some((from..column - 1, word))
    })
}

/// `-o plain`: numbers stand under the end of their header, all else under its beginning. A word belongs to the header that it touches.
fn aligned(head: &str, body: &str, head_line: u32, reading: &mut Reading<'_>) {
    let columns: Vec<(std::ops::Range<usize>, Option<Field>)> = words(head).map(|(place, name)| (place, field(name))).collect();
    for (line, number) in body.lines().zip(head_line.saturating_add(1)..).filter(|(line, _)| !line.trim().is_empty()) {
        let cells = words(line).filter_map(|(place, word)| {
            let (_, field) = columns.iter().find(|(column, _)| column.start < place.end && place.start < column.end)?;
            Some(((*field)?, Cow::Borrowed(word)))
        });
        reading.row(number, cells);
    }
}

fn is_yaml(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty() && *line != "---");
    first.and_then(|line| line.strip_prefix("- ")).and_then(|rest| rest.split_once(':')).is_some_and(|(key, _)| field(key).is_some())
}

/// A list of flat mappings: all that `-o yaml` prints.
fn yaml(text: &str, reading: &mut Reading<'_>) {
    let mut row: Vec<(Field, Cow<'_, str>)> = Vec::new();
    let mut row_line = 0;
    for (line, number) in text.lines().zip(1..) {
        let pair = match line.strip_prefix("- ") {
            Some(first) => {
                if row_line > 0 {
                    reading.row(row_line, row.drain(..));
                }
                row_line = number;
                first
            }
            None => line.trim(),
        };
        if let Some((key, value)) = pair.split_once(':')
            && let Some(field) = field(key)
        {
            let value = value.trim();
            let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            row.push((field, Cow::Borrowed(quoted('\'').or_else(|| quoted('"')).unwrap_or(value))));
        }
    }
    if row_line > 0 {
        reading.row(row_line, row.drain(..));
    }
}
