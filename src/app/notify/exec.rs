//! A program that gets the report on standard input. No shell stands between; its arguments are the user's own, its environment has counts besides.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(20);

/// The program and its arguments, which stand in no message: they may hold a secret.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
}

impl Program {
    /// Runs it to its end. What it prints goes to standard error: standard output is the report's.
    pub(super) fn run(&self, input: Vec<u8>, counts: &[(&str, usize)], timeout: Duration) -> Result<(), String> {
        let wrong = |says: &str| format!("--notify exec:{}: {says}", self.name);
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).envs(counts.iter().map(|(name, count)| (name, count.to_string())));
        command.stdin(Stdio::piped()).stdout(io::stderr());
        let mut child = command.spawn().map_err(|error| wrong(&format!("it cannot be run: {error}")))?;
        if let Some(mut pipe) = child.stdin.take() {
            // A program need not read what it gets, and whether it did well is for its exit code to say. Nobody waits for this thread: what the
            // program has started may hold the pipe for longer.
            thread::spawn(move || pipe.write_all(&input));
        }
        let began = Instant::now();
        loop {
            match child.try_wait().map_err(|error| wrong(&error.to_string()))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(wrong(&format!("it ended with {status}"))),
                None if began.elapsed() < timeout => thread::sleep(LOOK),
                None => {
                    // It may have ended by now.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(wrong(&format!("it had not ended after {} s and was killed (--notify-timeout)", timeout.as_secs())));
                }
            }
        }
    }
}
