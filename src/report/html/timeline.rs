//! Attempts over time as columns: what failed above a line, what went well below it. Counts, never dots, so that a chart of many attempts is as
//! small as one of few.
//!
//! The drawing has no text, so that it may be stretched to any width; what it shows is said in a sentence beside it, for whoever does not see it.

use std::fmt::Write;

use maud::{Markup, html};

use crate::diagnose::Diagnosis;
use crate::time::{Span, Timestamp};

use super::super::figures::{count, number};
use super::axis::Axis;
use super::index::{Point, State};
use super::page::Page;

/// How many columns a chart has at most, beside breaks.
const COLUMNS_MAX: usize = 60;

/// From so many attempts on there is something to draw.
const POINTS_MIN: usize = 4;

/// How many times have room below a chart as wide as the page, and below the small one in its head.
const NAMES_MAX: usize = 6;
const NAMES_SMALL_MAX: usize = 2;

/// How wide a column is in the drawing's own units, and how much of that is bar.
const COLUMN: usize = 10;
const BAR: usize = 8;

/// Where the line is, and how far a bar can reach from it.
const LINE: usize = 50;
const REACH: usize = 48;

/// The shortest bar: one failure among thousands is still seen.
const BAR_MIN: usize = 4;

/// How much is shown before the first failure and after the last, at least: what went well just before tells when it broke.
const MARGIN_MIN: Span = Span::seconds(1_800);

/// What a column counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Column {
    failed: usize,
    /// Failures of other incidents.
    other: usize,
    healthy: usize,
}

/// All attempts of the report, where there are enough for a picture.
pub(super) fn overall(page: &Page<'_>) -> Option<Markup> {
    let points = page.index.all();
    let times: Vec<Timestamp> = points.iter().map(|point| point.time).collect();
    let axis = Axis::of(&times, COLUMNS_MAX, 60)?;
    let columns = columns(&axis, points.iter(), |point| point.state == State::Failed);
    let (failed, healthy) = (sum(&columns, |column| column.failed), sum(&columns, |column| column.healthy));
    (failed + healthy >= POINTS_MIN && axis.columns() > 1).then(|| {
        let caption = html! {
            b { "All attempts over time. " }
            span.key.failed-key { (number(failed as u64)) " failed" } ", above the line; "
            span.key.healthy-key { (number(healthy as u64)) " went well" } ", below it."
        };
        figure(&axis, &columns, &caption, NAMES_SMALL_MAX)
    })
}

/// The window of an incident's charts: a while before its first failure to a while after its last.
pub(super) fn window(diagnosis: &Diagnosis) -> Option<(Timestamp, Timestamp)> {
    let (first, last) = (diagnosis.incident.first_seen?, diagnosis.incident.last_seen?);
    let margin = (last - first).max(MARGIN_MIN);
    Some((Timestamp(first.0.saturating_sub(margin.0)), last + margin))
}

/// The attempts of an incident beside those that can be compared with them: of the same tasks, or with the same endpoints.
pub(super) fn of_incident(page: &Page<'_>, at: usize, diagnosis: &Diagnosis) -> Option<Markup> {
    let (from, to) = window(diagnosis)?;
    let own = u32::try_from(at).ok();
    let points = page.index.between(from, to);
    let mut tasks: Vec<u32> = points.iter().filter(|point| point.incident == own).filter_map(|point| point.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let endpoints: Vec<u32> = diagnosis.incident.scope.endpoints.iter().filter_map(|name| page.index.number_of(name)).collect();
    let is_alike = |point: &&Point| {
        point.incident == own
            || point.task.is_some_and(|task| tasks.binary_search(&task).is_ok())
            || page.index.endpoints(point).iter().any(|endpoint| endpoints.contains(endpoint))
    };
    let alike: Vec<&Point> = points.iter().filter(is_alike).collect();
    let times: Vec<Timestamp> = alike.iter().map(|point| point.time).collect();
    let axis = Axis::of(&times, COLUMNS_MAX, 1)?;
    let columns = columns(&axis, alike.iter().copied(), |point| point.incident == own);
    let (failed, other, healthy) =
        (sum(&columns, |column| column.failed), sum(&columns, |column| column.other), sum(&columns, |column| column.healthy));
    let alike = if endpoints.is_empty() { "of the same tasks" } else { "of the same tasks or with the same endpoint" };
    let caption = html! {
        span.key.failed-key { (count(failed as u64, "failure")) } " of this incident, above the line"
        @if other > 0 { "; " span.key.other-key { (count(other as u64, "failure")) " of other incidents" } " " (alike) }
        "; "
        @if healthy > 0 { span.key.healthy-key { (count(healthy as u64, "attempt")) " that went well" } " " (alike) ", below it." }
        @else { "no attempt " (alike) " went well in that time." }
    };
    // A few of them are no picture: the sentence says as much.
    if axis.columns() < 2 || failed + other + healthy < POINTS_MIN {
        return Some(html! { p.beside { (caption) } });
    }
    Some(figure(&axis, &columns, &caption, NAMES_MAX))
}

fn sum(columns: &[Column], of: impl Fn(&Column) -> usize) -> usize {
    columns.iter().map(of).sum()
}

fn columns<'p>(axis: &Axis, points: impl Iterator<Item = &'p Point>, is_own: impl Fn(&Point) -> bool) -> Vec<Column> {
    let mut columns = vec![Column::default(); axis.columns()];
    for point in points {
        let Some(column) = axis.column(point.time).and_then(|at| columns.get_mut(at)) else { continue };
        match point.state {
            State::Failed if is_own(point) => column.failed += 1,
            State::Failed => column.other += 1,
            State::Healthy => column.healthy += 1,
        }
    }
    columns
}

/// The picture with what it shows in words, and the times below it.
fn figure(axis: &Axis, columns: &[Column], caption: &Markup, names_max: usize) -> Markup {
    let most_above = columns.iter().map(|column| column.failed + column.other).max().unwrap_or(0);
    let most_below = columns.iter().map(|column| column.healthy).max().unwrap_or(0);
    let (mut failed, mut other, mut healthy, mut breaks) = (String::new(), String::new(), String::new(), String::new());
    for (at, column) in columns.iter().enumerate() {
        let up = height(column.failed, most_above);
        bar(&mut failed, at, LINE - up, up);
        let up_other = height(column.other, most_above).min(LINE - up);
        bar(&mut other, at, LINE - up - up_other, up_other);
        bar(&mut healthy, at, LINE, height(column.healthy, most_below));
    }
    for at in axis.breaks() {
        // Writing to a string cannot fail.
        let _ = write!(breaks, "M{} 0v100", at * COLUMN + COLUMN / 2);
    }
    let width = columns.len() * COLUMN;
    let highest = match (most_above, most_below) {
        (above, 0) => format!("the highest {}", number(above as u64)),
        (0, below) => format!("the lowest {}", number(below as u64)),
        (above, below) => format!("the highest {}, the lowest {}", number(above as u64), number(below as u64)),
    };
    let cut = if axis.breaks().next().is_some() { "; a dashed line stands for a time without any of them" } else { "" };
    html! {
        figure.timeline {
            figcaption {
                (caption) " "
                span.scale { "A column is " (Span(axis.length()).to_string()) ", " (highest) (cut) "." }
            }
            // What it shows stands in the caption: whoever does not see it misses nothing.
            svg aria-hidden="true" focusable="false" viewBox=(format!("0 0 {width} 100")) preserveAspectRatio="none" {
                @if !healthy.is_empty() { path class="c-healthy" d=(healthy) {} }
                @if !failed.is_empty() { path class="c-failed" d=(failed) {} }
                @if !other.is_empty() { path class="c-other" d=(other) {} }
                @if !breaks.is_empty() { path class="c-break" d=(breaks) {} }
                path class="c-line" d=(format!("M0 {LINE}h{width}")) {}
            }
            (ticks(axis, names_max))
        }
    }
}

/// The times below a picture.
fn ticks(axis: &Axis, names_max: usize) -> Markup {
    let named = axis.named(names_max);
    let (all, last) = (axis.columns().max(1), axis.columns().saturating_sub(1));
    html! {
        div.ticks {
            @for (column, name) in &named {
                @if *column == last && last > 0 {
                    " " span.end { (name) }
                } @else {
                    " " span style=(format!("left:{:.1}%", *column as f64 * 100.0 / all as f64)) { (name) }
                }
            }
            " " span.zone { "UTC" }
        }
    }
}

fn height(counted: usize, most: usize) -> usize {
    if counted == 0 { 0 } else { (counted * REACH / most.max(1)).max(BAR_MIN) }
}

fn bar(path: &mut String, at: usize, top: usize, height: usize) {
    if height > 0 {
        // Writing to a string cannot fail.
        let _ = write!(path, "M{} {top}h{BAR}v{height}h-{BAR}z", at * COLUMN + (COLUMN - BAR) / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_among_thousands_is_seen() {
        assert_eq!([0, 1, 5_000, 10_000].map(|counted| height(counted, 10_000)), [0, BAR_MIN, REACH / 2, REACH]);
        let mut path = String::new();
        bar(&mut path, 2, 46, 4);
        bar(&mut path, 3, 50, 0);
        assert_eq!(path, "M21 46h8v4h-8z");
    }
}
