//! The subcommands, from arguments to exit code. Everything that touches the world outside is passed in or opened here.

mod diagnose;
mod history;
mod notify;
mod outputs;
mod progress;
mod rules;
mod state;
mod threshold;
mod welcome;
mod whole;

pub use welcome::welcome;

use std::io::{self, Write};
use std::path::Path;

use crate::check;
use crate::cli::{Cli, Command, PageFormat};
use crate::error::Error;
use crate::report::{JSON_SCHEMA, Mask, terminal};
use crate::time::Timestamp;

/// Nothing is at or over the threshold.
const EXIT_FINE: u8 = 0;
/// Something is.
const EXIT_FOUND: u8 = 1;
/// The command line, a rule or the configuration is wrong, or the report could not be written or sent.
const EXIT_ERROR: u8 = 2;
/// Some input could not be read. It outranks [`EXIT_FOUND`]: a report that is not whole proves nothing.
const EXIT_PARTIAL: u8 = 3;

/// Runs the program and gives its exit code. `clock` is the time of the run, where the command line names no other: its day is what the settings'
/// entries are compared with, and the state records it.
pub fn run(cli: &Cli, clock: Timestamp, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let done = match &cli.command {
        None => diagnose::run(&cli.diagnose, cli.settings.as_ref(), clock, out, err),
        Some(Command::Diagnose(arguments)) => diagnose::run(arguments, cli.settings.as_ref(), clock, out, err),
        Some(Command::Rules { command }) => rules::run(command, out),
        Some(Command::History { command }) => history::run(command, clock, out),
        Some(Command::Explain { id, format, color, rules }) => {
            let style = match format {
                PageFormat::Text => check::Style::Text(outputs::paper(color.screen())),
                PageFormat::Markdown => check::Style::Markdown(rules.dirs.clone()),
            };
            rules::load(rules).and_then(|rules| check::explain_as(&rules, id, &style, out)).map(|()| EXIT_FINE)
        }
        Some(Command::Schema) => out.write_all(JSON_SCHEMA.as_bytes()).map(|()| EXIT_FINE).map_err(Error::from),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Error::from)) {
        Ok(code) => code,
        // Whoever closed the pipe has read enough.
        Err(error) if is_closed_pipe(&error) => EXIT_FINE,
        // An option that is wrong may stand in the settings.
        Err(error) => fail(&cli.settings.iter().fold(error, |error, settings| settings.place(error)), err),
    }
}

/// Says why nothing was done, and gives the exit code of that.
pub fn fail(error: &Error, err: &mut dyn Write) -> u8 {
    // Faults of rules say themselves what they are, each with its place in front.
    let grade = if matches!(error, Error::Rules(_)) { "" } else { "error: " };
    // When standard error is gone too, the exit code is all that is left to say.
    let says = Mask::default().apply(&format!("{grade}{error}")).split('\n').map(terminal).collect::<Vec<_>>().join("\n");
    let _ = writeln!(err, "{says}");
    EXIT_ERROR
}

fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot write {}: {error}", path.display()))
}
