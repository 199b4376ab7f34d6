//! Where reports go: files, a step summary, standard output.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::cli::{Diagnose, FormatName, Screen};
use crate::error::Error;
use crate::report::{Format, Paper, Report, write_times};

use super::{cannot_write, whole};

/// The files that reports are written to.
pub(super) fn files(arguments: &Diagnose) -> impl Iterator<Item = PathBuf> {
    arguments.outputs.iter().map(|output| output.path.clone()).chain(arguments.summary.clone())
}

/// Writes the files, then what is printed, unless it is not wanted. `began` is given where the times of the run are asked for.
pub(super) fn write(
    arguments: &Diagnose,
    report: &Report<'_>,
    is_wanted: bool,
    began: Option<Instant>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    for output in &arguments.outputs {
        let format = format_of(output.format.unwrap_or(arguments.format));
        whole::write(&output.path, |file| write_report(report, format, began, file)).map_err(|error| cannot_write(&output.path, &error))?;
    }
    if let Some(path) = &arguments.summary {
        add_summary(report, path)?;
    }
    if is_wanted && arguments.outputs.iter().all(|output| output.format.is_some()) {
        let screen = arguments.color.screen();
        // Where the folder cannot be told, places are no links.
        let folder = screen.links.then(std::env::current_dir).and_then(Result::ok);
        let report = Report { paper: Paper { links: folder.as_deref(), ..paper(screen) }, ..*report };
        write_report(&report, format_of(arguments.format), began, out)?;
    }
    out.flush().map_err(Error::from)
}

/// What is printed is written on.
pub(super) fn paper(screen: Screen) -> Paper<'static> {
    let width = screen.width.map_or(Paper::WIDTH, |width| width.clamp(Paper::WIDTH_MIN, Paper::WIDTH_MAX));
    Paper { width, color: screen.color, links: None, rolls: screen.width.is_some() }
}

fn format_of(name: FormatName) -> Format {
    match name {
        FormatName::Text => Format::Text,
        FormatName::Mail => Format::Mail,
        FormatName::Markdown => Format::Markdown,
        FormatName::Json => Format::Json,
        FormatName::Sarif => Format::Sarif,
        FormatName::Junit => Format::Junit,
        FormatName::Github => Format::Github,
        FormatName::Gitlab => Format::Gitlab,
        FormatName::Html => Format::Html,
        FormatName::Prometheus => Format::Prometheus,
    }
}

/// No two reports go into one file, where the later would replace the earlier, and one at most takes the place of standard output.
pub(super) fn check(arguments: &Diagnose) -> Result<(), Error> {
    let mut taken = BTreeSet::new();
    let paths = || arguments.outputs.iter().map(|output| &output.path).chain(&arguments.summary);
    if let Some(state) = arguments.state.state.as_ref().filter(|state| paths().any(|path| path == *state)) {
        return Err(Error::Usage(format!("a report cannot go into {}: the name is that of --state", state.display())));
    }
    if let Some(twice) = paths().find(|path| !taken.insert(*path)) {
        return Err(Error::Usage(format!("two reports cannot go into one file, {}; name another for one of them", twice.display())));
    }
    // A slip of the hand that would cost the log.
    let whole = |path: &Path| std::fs::canonicalize(path).ok().filter(|path| path.is_file());
    let read: BTreeSet<PathBuf> = arguments.paths.iter().filter_map(|path| whole(Path::new(path))).collect();
    if let Some(path) = paths().find(|path| whole(path).is_some_and(|path| read.contains(&path))) {
        return Err(Error::Usage(format!("a report cannot go into {}: it is one of the logs that are to be read", path.display())));
    }
    let plain: Vec<String> =
        arguments.outputs.iter().filter(|output| output.format.is_none()).map(|output| output.path.display().to_string()).collect();
    match plain.as_slice() {
        [_, second, ..] => Err(Error::Usage(format!(
            "--output {second}: a second file needs a format of its own, such as -o json={second} (text, mail, markdown, html, json, sarif, junit, github, gitlab, prometheus)"
        ))),
        _ => Ok(()),
    }
}

/// Adds the report to what a step's summary holds.
fn add_summary(report: &Report<'_>, path: &Path) -> Result<(), Error> {
    let open = File::options().append(true).create(true).open(path);
    let (mut file, held) =
        open.and_then(|file| file.metadata().map(|about| (file, about.len()))).map_err(|error| cannot_write(path, &error))?;
    file.write_all(&report.summary(held)?).map_err(|error| cannot_write(path, &error))
}

/// Writes a report, and behind metrics the times of the run, where they were asked for.
fn write_report(report: &Report<'_>, format: Format, began: Option<Instant>, out: &mut dyn Write) -> io::Result<()> {
    report.write(format, out)?;
    match began {
        Some(began) if format == Format::Prometheus => {
            let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            write_times(began.elapsed(), ended, out)
        }
        _ => Ok(()),
    }
}
