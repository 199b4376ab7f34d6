//! The program: parses arguments, calls [`dagnosis::app::run`] with standard output and error, returns its exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use dagnosis::app;
use dagnosis::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut err = std::io::stderr().lock();
    let code = app::run(&cli, &mut out, &mut err);
    // What cannot be flushed to a closed pipe is not wanted any more.
    let _ = out.flush();
    ExitCode::from(code)
}
