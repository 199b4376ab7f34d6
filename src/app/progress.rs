//! How far the run is, on standard error, for somebody who waits at a terminal: nothing of it is in the reports, and nothing stays on the screen.
//!
//! Readers only count; a thread of its own looks at the counts ten times a second and draws them. A run that is over within a second shows nothing.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Diagnose;
use crate::report::{bytes_in_words, number};
use crate::source::{Progress, Walk, is_object};

/// From when on it is shown: who gets the report at once has nothing to wait for.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// How often it is drawn.
const REDRAWN_EVERY: Duration = Duration::from_millis(100);

/// While no total is known, and while there is nothing to count.
const SPINNER: &str = "{spinner} {wide_msg}";
const BAR: &str = "[{bar:16}] {percent:>3}%  {wide_msg}";

/// What draws. It ends, and clears what it drew, when it is dropped.
pub(super) struct Display {
    /// Says that the scan is over; that nobody can say so any more is the end.
    scanned: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl Display {
    /// Begins to watch, where somebody is there to look. `walk` finds once more what is read, for its sum.
    pub(super) fn start(arguments: &Diagnose, progress: &Progress, walk: impl FnOnce() -> Option<Walk> + Send + 'static) -> Self {
        if !is_wanted(arguments) {
            return Self { scanned: None, drawing: None };
        }
        let walk = Some(walk).filter(|_| can_be_found_twice(arguments));
        let (scanned, ended) = mpsc::channel();
        let progress = progress.clone();
        let draw = move || {
            // The bar is there from the beginning, for it reckons how fast it goes; it is shown later.
            let bar = bar(ProgressDrawTarget::hidden());
            let (began, mut walk) = (Instant::now(), walk);
            let mut total: Option<Summing> = None;
            let mut is_shown = false;
            let mut is_scanned = false;
            loop {
                match ended.recv_timeout(REDRAWN_EVERY) {
                    Ok(()) => is_scanned = true,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if !is_shown && began.elapsed() >= SHOWN_AFTER {
                    is_shown = true;
                    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
                    total = walk.take().filter(|_| !is_scanned).map(Summing::start);
                }
                let sum = total.as_mut().and_then(Summing::sum);
                draw(&bar, &Seen { files: progress.files(), bytes: progress.bytes(), total: sum, is_scanned });
            }
            bar.finish_and_clear();
        };
        // Where no thread can be had there is no display.
        Self { scanned: Some(scanned), drawing: thread::Builder::new().spawn(draw).ok() }
    }

    /// The scan is over: what was read is being diagnosed.
    pub(super) fn scanned(&self) {
        if let Some(scanned) = &self.scanned {
            // One that could not be started does not listen.
            let _ = scanned.send(());
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.scanned.take());
        if let Some(drawing) = self.drawing.take() {
            // It has nothing to give; and what is drawn does not decide over the run.
            let _ = drawing.join();
        }
    }
}

/// Whether there is somebody to look. A service for continuous integration may give a terminal that nobody looks at, and sets `CI`; where standard input
/// is typed in, it would be drawn between what is typed.
fn is_wanted(arguments: &Diagnose) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let is_typed = arguments.paths.iter().any(|path| path == "-") && io::stdin().is_terminal();
    let is_off = arguments.no_progress || arguments.quiet || is_dumb || is_typed || is_set("CI");
    !is_off && io::stderr().is_terminal()
}

/// Whether what is read can be found a second time: pipes give what they hold once, and object stores count each question.
fn can_be_found_twice(arguments: &Diagnose) -> bool {
    let is_file = |list: &String| std::fs::metadata(list).is_ok_and(|about| about.is_file());
    arguments.inputs.files_from.as_ref().is_none_or(is_file) && !arguments.paths.iter().any(|path| path == "-" || is_object(path))
}

/// How much there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum {
    files: u64,
    bytes: u64,
}

/// A second walk over what is read, which asks for lengths alone. The one that finds what is read is never far ahead of the readers, and knows the sum
/// only when all is read. It costs a look at each name, where reading opens, reads and searches each; and short runs are over before it begins.
struct Summing {
    stop: Arc<AtomicBool>,
    sum: mpsc::Receiver<Option<Sum>>,
    known: Option<Sum>,
}

impl Summing {
    fn start(walk: impl FnOnce() -> Option<Walk> + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (send, sum) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        // Nobody waits for it: where a file system does not answer, there is no sum.
        let _ = thread::Builder::new().spawn(move || {
            let found = walk().and_then(|walk| summed(walk, &stopped));
            let _ = send.send(found);
        });
        Self { stop, sum, known: None }
    }

    fn sum(&mut self) -> Option<Sum> {
        self.known = self.known.or_else(|| self.sum.try_recv().ok().flatten());
        self.known
    }
}

impl Drop for Summing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// How much the inputs hold; `None` where one has no length.
fn summed(walk: Walk, stop: &AtomicBool) -> Option<Sum> {
    let mut sum = Sum { files: 0, bytes: 0 };
    for input in walk {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        sum.files += 1;
        // What has vanished meanwhile has nothing to be read.
        let about = std::fs::metadata(input.file?).ok();
        if about.as_ref().is_some_and(|about| !about.is_file()) {
            return None;
        }
        sum.bytes += about.map_or(0, |about| about.len());
    }
    Some(sum)
}

/// How far the run is.
#[derive(Debug, Clone, Copy)]
struct Seen {
    files: u64,
    bytes: u64,
    total: Option<Sum>,
    is_scanned: bool,
}

/// A bar that has nothing to measure by yet.
fn bar(target: ProgressDrawTarget) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, target);
    set_style(&bar, SPINNER);
    bar
}

/// With signs that every terminal has.
fn set_style(bar: &ProgressBar, template: &str) {
    // The templates are constants; were one wrong, a test would say so.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> ").tick_chars(r"|/-\ "));
    }
}

fn draw(bar: &ProgressBar, seen: &Seen) {
    let total = seen.total.filter(|total| !seen.is_scanned && total.bytes > 0);
    if bar.length() != total.map(|total| total.bytes) {
        match total {
            Some(total) => bar.set_length(total.bytes),
            None => bar.unset_length(),
        }
        set_style(bar, if total.is_some() { BAR } else { SPINNER });
    }
    bar.set_message(says(seen, bar.per_sec()));
    bar.set_position(total.map_or(seen.bytes, |total| seen.bytes.min(total.bytes)));
}

/// `12 s left, 1.2 GB of 3.4 GB, 210.0 MB/s, 1,204 of 5,678 files`; without a total, what was read so far. What is wanted most stands first: a narrow
/// terminal cuts off the rest.
fn says(seen: &Seen, bytes_per_second: f64) -> String {
    let Seen { files, bytes, total, is_scanned } = *seen;
    if is_scanned {
        return format!("{} read, diagnosing", bytes_in_words(bytes));
    }
    let is_known = bytes_per_second >= 1.0;
    let time = total.filter(|_| is_known).map(|total| left(total.bytes.saturating_sub(bytes) as f64 / bytes_per_second));
    let read = match total {
        Some(total) => format!("{} of {}", bytes_in_words(bytes.min(total.bytes)), bytes_in_words(total.bytes)),
        None => format!("{} read", bytes_in_words(bytes)),
    };
    let rate = is_known.then(|| format!("{}/s", bytes_in_words(bytes_per_second as u64)));
    let counted = match total {
        Some(total) if total.files > 1 => Some(format!("{} of {} files", number(files.min(total.files)), number(total.files))),
        // Standard input and a single archive are done when all is.
        Some(_) => None,
        None => (files > 0).then(|| format!("{} {}", number(files), if files == 1 { "file" } else { "files" })),
    };
    [time, Some(read), rate, counted].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `12 s left`, `3 min left`: no more exactly than it can be known.
fn left(seconds: f64) -> String {
    match seconds {
        ..1.0 => "almost done".to_owned(),
        ..90.0 => format!("{seconds:.0} s left"),
        ..5400.0 => format!("{:.0} min left", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h left", seconds / 3600.0),
        _ => "days left".to_owned(),
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
