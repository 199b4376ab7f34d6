//! Runs the built program as a user would: arguments in, exit code and texts out, with an environment that is the same everywhere.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run gave.
pub(crate) struct Run {
    /// The exit code; -1 for a signal.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// An environment with nothing in it but a path.
const NOTHING_MORE: &[(&str, &str)] = &[];

/// Runs the program in the repository's folder.
pub(crate) fn run(arguments: &[&str]) -> Run {
    run_with(arguments, Path::new(env!("CARGO_MANIFEST_DIR")), &[])
}

/// Runs the program in a folder, with bytes on standard input.
pub(crate) fn run_with(arguments: &[&str], folder: &Path, input: &[u8]) -> Run {
    start(env!("CARGO_BIN_EXE_dagnosis"), arguments, folder, input, NOTHING_MORE)
}

/// Runs the program in a folder, with more in its environment.
pub(crate) fn run_in(arguments: &[&str], folder: &Path, input: &[u8], environment: &[(&str, impl AsRef<OsStr>)]) -> Run {
    start(env!("CARGO_BIN_EXE_dagnosis"), arguments, folder, input, environment)
}

/// Runs another command in a folder, such as a shell that sets limits before it runs the program.
#[cfg(unix)]
pub(crate) fn run_command(command: &str, arguments: &[&str], folder: &Path) -> Run {
    start(command, arguments, folder, b"", NOTHING_MORE)
}

fn start(command: &str, arguments: &[&str], folder: &Path, input: &[u8], environment: &[(&str, impl AsRef<OsStr>)]) -> Run {
    let mut command = Command::new(command);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that ends before it has read everything closes the pipe: its exit code and texts are what is looked at.
        let _ = pipe.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The JSON report on paths, with every attempt.
pub(crate) fn report(paths: &[&str]) -> serde_json::Value {
    let mut arguments = paths.to_vec();
    arguments.extend(["--format", "json", "--attempts", "all", "--fail-on", "never"]);
    let run = run(&arguments);
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("no JSON ({error}); exit code {}, standard error: {}", run.code, run.err))
}
