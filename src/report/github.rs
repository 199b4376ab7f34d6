//! The report as workflow commands of GitHub: an annotation for each incident, at the line that shows it.
//!
//! Of each kind a step has ten annotations and no more: the worst ten are written, the others are counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::findings::{self, Level};
use super::{Report, escape, figures, known, totals::Totals, words};

/// How many annotations of one kind GitHub shows of a step.
const ANNOTATIONS_MAX: usize = 10;

/// How long a title may be, in characters; GitHub cuts after 255.
const TITLE_CHARS_MAX: usize = 200;

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    // It begins with a number or a word: no line but the commands begins with colons.
    writeln!(out, "{}", words::verdict(report, &Totals::of(report)))?;
    let mut told: BTreeMap<Level, usize> = BTreeMap::new();
    for finding in findings::all(report) {
        let level = finding.level();
        let told = told.entry(level).or_default();
        *told += 1;
        if *told > ANNOTATIONS_MAX {
            continue;
        }
        let place = finding.place();
        let at = place.iter().map(|place| {
            let file = escape::command_property(&escape::terminal(&finding.path(place)));
            // A log of which no line shows it, or none at all, has no line.
            if place.line > 0 { format!("file={file},line={},", place.line) } else { format!("file={file},") }
        });
        let (at, title) = (at.collect::<String>(), figures::shortened(&finding.title(), TITLE_CHARS_MAX));
        let severity = finding.severity().name();
        let says = finding.lines().join("\n");
        writeln!(
            out,
            "::{} {at}title={}::{}",
            command(level),
            escape::command_property(&format!("{severity}: {title}")),
            escape::command_data(&says)
        )?;
    }
    let more: usize = told.values().map(|told| told.saturating_sub(ANNOTATIONS_MAX)).sum();
    if more > 0 {
        let says = "are not annotated, for GitHub shows ten of a kind; --summary $GITHUB_STEP_SUMMARY tells all of them.";
        writeln!(out, "{} more {says}", figures::count(more as u64, "incident"))?;
    }
    for line in known::ignored(report).into_iter().chain(known::remarks(report)) {
        // It may hold what stands in a file of settings: no line but the commands begins with colons, and none has a command of the old form.
        writeln!(out, "  {}", findings::safe(report, &line).replace("::", ": :").replace("##[", "# #["))?;
    }
    let lost = report.problems.iter().filter(|problem| problem.kind.is_unread());
    let lost: Vec<String> =
        lost.map(|problem| findings::safe(report, &format!("{}: {}", words::problem_name(problem), problem.says))).collect();
    if !lost.is_empty() {
        let title = format!("{} could not be read in full", figures::count(lost.len() as u64, "input"));
        let says = figures::abridged(&lost, words::PATHS_MAX);
        writeln!(out, "::warning title={}::{}", escape::command_property(&title), escape::command_data(&says))?;
    }
    Ok(())
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}
