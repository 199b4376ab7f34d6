//! Failures by host, endpoint or the like and by time, as a table whose cells are shaded: drawn where that is what tells the causes apart. A cell
//! says its numbers, so that nothing depends on seeing the shade.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::correlate::{Incident, PatternKind};
use crate::diagnose::Diagnosis;
use crate::rule::{Recurs, ScopeKind};
use crate::time::Timestamp;

use super::super::figures::number;
use super::axis::Axis;
use super::index::{Name, Point, State};
use super::page::Page;
use super::timeline;

/// How many rows are told one by one; the others are one row together.
const ROWS_MAX: usize = 8;

/// How many columns of time there are beside breaks.
const COLUMNS_MAX: usize = 12;

/// How short a column may be, in seconds.
const COLUMN_SECONDS_MIN: i64 = 60;

/// The kinds whose spread over time tells something, the most telling first.
const KINDS: [ScopeKind; 6] =
    [ScopeKind::Host, ScopeKind::Endpoint, ScopeKind::Queue, ScopeKind::Operator, ScopeKind::Dag, ScopeKind::Task];

/// How many of the attempts of a cell failed, of all whose end is known.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    failed: usize,
    all: usize,
}

impl Cell {
    fn add(&mut self, failed: bool) {
        self.all += 1;
        self.failed += usize::from(failed);
    }

    /// 0 for no failure, 1 to 4 by the share that failed.
    fn shade(self) -> usize {
        if self.failed == 0 { 0 } else { (self.failed * 4).div_ceil(self.all.max(1)).clamp(1, 4) }
    }
}

/// What the columns stand for.
enum Columns {
    Time(Axis),
    /// The 24 hours of a day.
    Hours,
}

impl Columns {
    fn len(&self) -> usize {
        match self {
            Self::Time(axis) => axis.columns(),
            Self::Hours => 24,
        }
    }

    fn of(&self, time: Timestamp) -> Option<usize> {
        match self {
            Self::Time(axis) => axis.column(time),
            Self::Hours => Some(time.minute_of_day_and_weekday().0 as usize / 60),
        }
    }

    /// The names: the day, in the first and where it changes, and what stands under it.
    fn names(&self) -> Vec<(Option<String>, String)> {
        let mut day = String::new();
        (0..self.len())
            .map(|column| match self {
                Self::Hours => (None, format!("{column:02}")),
                Self::Time(axis) => {
                    let Some(begins) = axis.begins(column) else { return (None, "..".to_owned()) };
                    let whole = axis.name(begins);
                    let Some((date, clock)) = whole.split_once(' ') else { return (None, whole) };
                    let is_new = date != day;
                    date.clone_into(&mut day);
                    (is_new.then(|| day.clone()), clock.to_owned())
                }
            })
            .collect()
    }
}

/// The table of an incident, where its patterns say that a value or the hour is what tells.
pub(super) fn of_incident(page: &Page<'_>, at: usize, diagnosis: &Diagnosis) -> Option<Markup> {
    let incident = &diagnosis.incident;
    let own = u32::try_from(at).ok();
    let by_hour = incident.patterns.iter().any(|pattern| pattern.kind == PatternKind::Recurrence(Recurs::Hour));
    let (from, to) = timeline::window(diagnosis)?;
    let points = page.index.between(from, to);
    let kind = telling(incident).or_else(|| by_hour.then_some(ScopeKind::Task))?;
    // What the incident is no part of, neither by its hour nor by its kind, is not compared.
    let has = |point: &&Point| page.index.values(point, kind).next().is_some();
    let points: Vec<&Point> = points.iter().filter(has).collect();
    let times: Vec<Timestamp> = points.iter().map(|point| point.time).collect();
    let columns = if by_hour { Columns::Hours } else { Columns::Time(Axis::of(&times, COLUMNS_MAX, COLUMN_SECONDS_MIN)?) };
    let mut rows: BTreeMap<Name, Vec<Cell>> = BTreeMap::new();
    for point in &points {
        let Some(column) = columns.of(point.time) else { continue };
        let failed = point.state == State::Failed && point.incident == own;
        for value in page.index.values(point, kind) {
            let row = rows.entry(value).or_insert_with(|| vec![Cell::default(); columns.len()]);
            if let Some(cell) = row.get_mut(column) {
                cell.add(failed);
            }
        }
    }
    let all = |row: &[Cell]| row.iter().fold((0, 0), |(failed, all), cell| (failed + cell.failed, all + cell.all));
    let mut rows: Vec<(String, Vec<Cell>)> = rows.into_iter().map(|(value, row)| (page.index.name(kind, value), row)).collect();
    rows.sort_by(|(one_name, one), (other_name, other)| all(other).cmp(&all(one)).then_with(|| one_name.cmp(other_name)));
    // Where there is one value alone, and one time, nothing is compared.
    if rows.len() < 2 && !by_hour || all(rows.first().map(|(_, row)| &row[..])?).0 == 0 {
        return None;
    }
    let rest = if rows.len() > ROWS_MAX + 1 { rows.split_off(ROWS_MAX) } else { Vec::new() };
    if !rest.is_empty() {
        let mut together = vec![Cell::default(); columns.len()];
        for (_, row) in &rest {
            for (sum, cell) in together.iter_mut().zip(row) {
                sum.failed += cell.failed;
                sum.all += cell.all;
            }
        }
        rows.push((format!("{} others", number(rest.len() as u64)), together));
    }
    Some(table(page, at, kind, &columns, &rows))
}

/// Which kind of value explains the incident.
fn telling(incident: &Incident) -> Option<ScopeKind> {
    let explains = |kind: ScopeKind| {
        incident.patterns.iter().any(|pattern| match pattern.kind {
            PatternKind::Scope(one) => one == kind,
            PatternKind::ScopePair(one, other) => one == kind || other == kind,
            _ => false,
        })
    };
    KINDS.into_iter().find(|kind| explains(*kind))
}

/// What a kind's rows are called.
fn words(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Host => "host",
        ScopeKind::Endpoint => "endpoint",
        ScopeKind::Dag => "DAG",
        ScopeKind::Task => "task",
        ScopeKind::Operator => "operator",
        ScopeKind::Queue => "queue",
        ScopeKind::Version => "version",
    }
}

fn table(page: &Page<'_>, at: usize, kind: ScopeKind, columns: &Columns, rows: &[(String, Vec<Cell>)]) -> Markup {
    let by = match columns {
        Columns::Hours => "hour of the day (UTC)",
        Columns::Time(_) => "time (UTC)",
    };
    let name = format!("Failures of incident {} by {} and {by}", at + 1, words(kind));
    html! {
        // It may be wider than a phone: it scrolls by itself, by the keyboard too.
        div.wide role="region" tabindex="0" aria-label=(name) {
            table.heat {
                caption { (name) ". A cell has them, and behind the stroke all attempts whose end is known, with the failures of other incidents among them." }
                thead {
                    tr {
                        th scope="col" { (words(kind)) }
                        @for (day, name) in columns.names() { th scope="col" { @if let Some(day) = day { span.day { (day) } " " } (name) } }
                    }
                }
                tbody {
                    @for (name, row) in rows {
                        tr {
                            th scope="row" { (page.safe(name)) }
                            @for cell in row {
                                @if cell.all == 0 { td {} }
                                @else { td class=(format!("h{}", cell.shade())) { (cell.failed) "/" (cell.all) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shade_tells_the_share() {
        let shade = |failed, all| Cell { failed, all }.shade();
        assert_eq!([shade(0, 0), shade(0, 9), shade(1, 900), shade(1, 4), shade(2, 4), shade(3, 4), shade(4, 4)], [0, 0, 1, 1, 2, 3, 4]);
    }
}
