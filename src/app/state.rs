//! What the main job has to do with the state: it opens the file before anything is read, records the run before anything is written, and notes
//! afterwards that it was told.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Diagnose;
use crate::error::{Error, Problem};
use crate::history::{Night, Reach, Settings, Store, Told, Trouble};
use crate::known::History;
use crate::report::{Mask, Masking};
use crate::rule::RuleSet;
use crate::scan::{self, Scanned};
use crate::source::Input;
use crate::time::{Span, Timestamp, Zone, parse_prefix};

/// How long what is recorded is kept, where the command line does not say: a year and a month, so that this month can be compared with that of last year.
const KEEP: Span = Span::seconds(400 * 86_400);

/// The state of a run.
pub(super) struct State {
    path: PathBuf,
    store: Result<Store, Trouble>,
    reach: Reach,
    /// What is older is forgotten.
    forget_before: Timestamp,
    show_known: bool,
    mask: Mask,
}

impl State {
    /// Opens the file that the arguments name, if they name one, and takes its lock.
    ///
    /// # Errors
    /// [`Error::Usage`] where another run has it. Whatever else is the matter with the file is told by the report.
    pub(super) fn open(arguments: &Diagnose, now: Timestamp) -> Result<Option<Self>, Error> {
        let asked = &arguments.state;
        let Some(path) = asked.state.clone() else { return Ok(None) };
        let inputs = &arguments.inputs;
        let mut reach = Reach::new(&arguments.paths, inputs.since.is_some() || inputs.files_from.is_some());
        inputs.files_from.iter().for_each(|list| reach.add(list.as_ref()));
        arguments.task_instances.iter().for_each(|export| reach.add(export));
        // What is recorded outlives whoever asked not to mask, and is read by others.
        let mask = Mask::new(&Masking { off: false, ..arguments.mask.masking() })?;
        let store = Store::open(&path, Duration::from_secs(asked.wait.unwrap_or(0)), now);
        if matches!(store, Err(Trouble::Locked)) {
            return Err(locked(&path, asked.wait));
        }
        let keep = asked.keep.unwrap_or(KEEP);
        let forget_before = Timestamp(now.0.saturating_sub(keep.0));
        Ok(Some(Self { path, store, reach, forget_before, show_known: asked.show_known, mask }))
    }

    /// Scans what has changed since the last run, and takes over the rest.
    pub(super) fn scan<I>(self, inputs: I, rules: &RuleSet, options: &scan::Options, settings: Settings) -> (Self, Scanned)
    where
        I: IntoIterator<Item = Input>,
        I::IntoIter: Send,
    {
        let Self { store, mask, .. } = self;
        let (store, scanned) = match store.and_then(|store| store.files(settings, &mask)) {
            Ok(files) => {
                let scanned = scan::scan_on(inputs, rules, options, Some(&files));
                (files.done(), scanned)
            }
            Err(trouble) => (Err(trouble), scan::scan(inputs, rules, options)),
        };
        (Self { store, mask, ..self }, scanned)
    }

    /// Records what the run found. What keeps it from that is a problem among the others.
    pub(super) fn record(mut self, night: &Night<'_>) -> Result<(History, Told), Problem> {
        let recorded = self.store.and_then(|store| {
            self.reach.take_up(night.attempts, night.problems);
            store.commit(night, &self.reach, &self.mask, self.forget_before)
        });
        let (mut history, told) = recorded.map_err(|trouble| trouble.problem(&self.path))?;
        history.show_known = self.show_known;
        Ok((history, told))
    }
}

/// The files that the state consists of: SQLite keeps others beside it.
pub(super) fn files(arguments: &Diagnose) -> impl Iterator<Item = PathBuf> {
    let beside = |path: &PathBuf, end: &str| {
        let mut name = path.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    };
    arguments.state.state.iter().flat_map(move |path| ["", "-wal", "-shm", "-journal"].map(|end| beside(path, end)))
}

/// What it depends on how a log is read, and what is kept of it: the program, the rules, and the options that change either.
pub(super) fn settings(arguments: &Diagnose, rules: &RuleSet) -> Settings {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok();
    let program = program.map(|about| (about.len(), about.modified().ok()));
    let symptoms = format!("{:?}", rules.symptoms);
    let Diagnose { timezone, log_formats, path_templates, limits, mask, .. } = arguments;
    let options = format!("{program:?} {timezone:?} {log_formats:?} {path_templates:?} {:?} {:?}", limits.limits(), mask.masking());
    Settings::of(&[env!("CARGO_PKG_VERSION"), &options, &symptoms])
}

/// Another run has the lock.
pub(super) fn locked(path: &std::path::Path, wait: Option<u64>) -> Error {
    let file = path.display();
    Error::Usage(match wait {
        None | Some(0) => format!("another run is writing to {file}, and nothing was read; give --wait SECONDS to wait for it"),
        Some(seconds) => {
            format!("another run was writing to {file} for {seconds} s, and nothing was read; wait longer, or see what it is at")
        }
    })
}

/// The time that `--now` names, else the clock's.
pub(super) fn time(named: Option<&str>, clock: Timestamp) -> Result<Timestamp, Error> {
    let Some(text) = named else { return Ok(clock) };
    let parsed = parse_prefix(text.as_bytes(), &Zone::default()).filter(|(_, taken)| *taken == text.len());
    parsed.map(|(at, _)| at).ok_or_else(|| Error::Usage(format!("--now {text}: write a time, such as 2026-11-20T02:00:00Z")))
}
