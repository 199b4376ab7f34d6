//! The program: parses arguments, calls [`dagnosis::app::run`] with standard output and error, returns its exit code.

use std::io::Write;
use std::process::ExitCode;

use dagnosis::cli::Stop;
use dagnosis::time::Timestamp;
use dagnosis::{app, cli};

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        // Help is printed where it is looked for, and is no error.
        Err(Stop::Usage(error)) => error.exit(),
        Err(Stop::Nothing) => return ExitCode::from(app::welcome(&mut std::io::stderr())),
        Err(Stop::Settings(error)) => return ExitCode::from(app::fail(&error, &mut std::io::stderr().lock())),
    };
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    // Not locked: how far the run is stands on standard error too, and is drawn by another thread.
    let mut err = std::io::stderr();
    let code = app::run(&cli, now(), &mut out, &mut err);
    // What cannot be flushed to a closed pipe is not wanted any more.
    let _ = out.flush();
    ExitCode::from(code)
}

/// The one look at a clock: entries of the settings that expire are compared with it, and the state records it.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or_default())
}
