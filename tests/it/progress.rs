//! How far a run is: shown to who waits at a terminal, and to nobody else.
//!
//! The terminal is a pseudo terminal, and the run waits for its standard input: so it takes as long as the test wants, however fast the machine is.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const LOG: &[u8] = b"[2026-11-20 01:00:00,000] {taskinstance.py:1482} ERROR - Task failed with exception\n\
                     Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n\
                     ConnectionResetError: [Errno 104] Connection reset by peer\n";

/// Longer than the program waits before it shows anything.
const LONG: Duration = Duration::from_millis(1700);

/// Both ends of a pseudo terminal: that of who looks at it, and that of the program.
fn terminal() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let looking = openpt(flags).unwrap();
    grantpt(&looking).unwrap();
    unlockpt(&looking).unwrap();
    let name = ptsname(&looking, Vec::new()).unwrap();
    let written = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (looking.into(), written)
}

/// What a run gave.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program on its standard input, which ends when standard error shows what is waited for, or else after a long time.
fn run(arguments: &[&str], environment: &[(&str, &str)], at_terminal: bool, awaited: Option<&str>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dagnosis"));
    command.arg("-").args(arguments).env_clear().envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let folder = tempfile::tempdir().unwrap();
    command.current_dir(folder.path());
    let mut looking: Box<dyn Read + Send> = if at_terminal {
        let (looking, written) = terminal();
        command.stderr(written);
        Box::new(looking)
    } else {
        let (looking, written) = std::io::pipe().unwrap();
        command.stderr(written);
        Box::new(looking)
    };
    let mut child = command.spawn().unwrap();
    // The program's end of the terminal closes with the program alone.
    drop(command);
    let (send, shown) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        // A terminal that nobody writes to any more ends with an error.
        while let Ok(count @ 1..) = looking.read(&mut buffer) {
            send.send(buffer[..count].to_vec()).unwrap();
        }
    });
    let mut input = child.stdin.take().unwrap();
    input.write_all(LOG).unwrap();
    let mut err = Vec::new();
    let until = Instant::now() + if awaited.is_some() { Duration::from_secs(60) } else { LONG };
    while awaited.is_none_or(|awaited| !String::from_utf8_lossy(&err).contains(awaited)) {
        match shown.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => err.extend(bytes),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended before its input"),
        }
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    err.extend(shown.iter().flatten());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code(), out: text(&output.stdout), err: text(&err) }
}

/// Arguments, the environment, and whether standard error is a terminal.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], bool);

const XTERM: &[(&str, &str)] = &[("TERM", "xterm-256color")];

#[test]
fn who_waits_at_a_terminal_sees_how_far_it_is_and_nothing_of_it_stays() {
    let plain = run(&["--no-progress"], XTERM, true, None);
    assert_eq!((plain.code, plain.err.as_str()), (Some(1), ""));
    let shown = run(&[], XTERM, true, Some(" bytes read"));
    assert!(shown.err.contains(&format!(" {} bytes read", LOG.len())), "{:?}", shown.err);
    assert_eq!((shown.code, shown.out), (plain.code, plain.out), "the report is the same");
    // What stands behind the last line that was drawn clears it.
    let last = shown.err.rfind("read").unwrap();
    let (_, cleared) = shown.err[last..].split_once('\r').unwrap_or_else(|| panic!("{:?}", shown.err));
    assert!(cleared.contains("\u{1b}[2K") && !shown.err.contains('\n'), "{:?}", shown.err);
    assert!(cleared.replace("\u{1b}[2K", "").trim_matches('\r').is_empty(), "{:?}", shown.err);
}

#[test]
fn nobody_else_sees_it() {
    let cases: [Case; 6] = [
        (&[], XTERM, false),
        (&["--quiet"], XTERM, true),
        (&["--no-progress"], XTERM, true),
        (&[], &[("TERM", "dumb")], true),
        (&[], &[], true),
        (&[], &[("TERM", "xterm"), ("CI", "true")], true),
    ];
    thread::scope(|scope| {
        for (arguments, environment, at_terminal) in cases {
            scope.spawn(move || {
                let run = run(arguments, environment, at_terminal, None);
                assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{arguments:?} {environment:?}");
            });
        }
    });
}
