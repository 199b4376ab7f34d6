//! The table: what criterion measured, as multiples of the first stage of the same input.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// One row a stage, one column an input. What was not measured in this run is left out.
pub(crate) fn ratios(measured: &Path, inputs: &[&str], stages: &[&str], began: SystemTime) -> String {
    let median = |input: &str, stage: &str| median(&measured.join(input).join(stage).join("new/estimates.json"), began);
    let units: Vec<(&str, f64)> = inputs.iter().filter_map(|input| Some((*input, median(input, stages.first()?)?))).collect();
    if units.is_empty() {
        return String::new();
    }
    let mut table = "\nMedian times as multiples of the first row:\n\n".to_owned();
    row(&mut table, "", units.iter().map(|(input, _)| (*input).to_owned()));
    for stage in stages {
        let times = |(input, unit): &(&str, f64)| median(input, stage).map_or("-".to_owned(), |time| shown(time / unit));
        row(&mut table, stage, units.iter().map(times));
    }
    table
}

fn row(table: &mut String, stage: &str, cells: impl Iterator<Item = String>) {
    let cells: String = cells.map(|cell| format!("{cell:>15}")).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(table, "{stage:<20}{cells}");
}

/// Two digits say enough: runs differ by more than the third.
fn shown(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.1}") } else { format!("{ratio:.0}") }
}

/// The median in nanoseconds that criterion wrote down since this run began.
fn median(estimates: &Path, began: SystemTime) -> Option<f64> {
    let is_new = fs::metadata(estimates).and_then(|about| about.modified()).is_ok_and(|written| written >= began);
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(estimates).ok().filter(|_| is_new)?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
