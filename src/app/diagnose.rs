//! The main job: from logs to reports and an exit code.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::cli::{AttemptsName, Diagnose, Settings, nearest_command};
use crate::error::{Error, Problem};
use crate::history::{Night, Told};
use crate::known::{Baseline, Known};
use crate::record::{self, Instance};
use crate::report::{ListAttempts, Mask, Paper, Report};
use crate::rule::{self, RuleSet};
use crate::source::{Naming, Since, Walk};
use crate::time::{Date, Timestamp, Zone};
use crate::{attempt, diagnose, scan, source};

use super::notify::Notify;
use super::progress::Display;
use super::state::{self, State};
use super::threshold::Threshold;
use super::{EXIT_ERROR, EXIT_FINE, EXIT_FOUND, EXIT_PARTIAL, fail, is_closed_pipe, outputs};

/// Diagnoses what the arguments name, and gives the exit code.
pub(super) fn run(
    arguments: &Diagnose,
    settings: Option<&Settings>,
    clock: Timestamp,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Error> {
    let now = state::time(arguments.state.now.as_deref(), clock)?;
    let began = arguments.run_times.then(Instant::now);
    let inputs = &arguments.inputs;
    if arguments.paths.is_empty() && arguments.task_instances.is_empty() && inputs.files_from.is_none() {
        return Err(Error::Usage("no input: name log files, folders or archives, or - for standard input (see --help)".to_owned()));
    }
    outputs::check(arguments)?;
    let threshold = Threshold::of("--fail-on", &arguments.fail_on, arguments.knows_earlier())?;
    let notify = Notify::new(arguments, threshold)?;
    let mask = Mask::new(&arguments.mask.masking())?;
    let zone = Zone::named(&arguments.timezone).map_err(|says| Error::Usage(format!("--timezone: {says}")))?;
    let since = inputs.since.as_deref().map(|since| Since::new(since, &zone)).transpose()?;
    let dialects = record::Dialects::new(zone, &arguments.log_formats)?;
    let rules = rule::load_lean(&arguments.rules.dirs, !arguments.rules.no_builtin_rules)?;
    let mut known = known(arguments, settings, &rules, Date::of(now))?;
    let naming = Naming::new(&arguments.path_templates)?;
    let (instances, bad_rows) = task_instances(&arguments.task_instances)?;
    let mut walk = inputs_of(arguments, since, &naming)?;
    // The last of what may end the run: from here on the file is locked.
    let state = State::open(arguments, now)?;
    let progress = source::Progress::default();
    let again = {
        let (arguments, naming) = (arguments.clone(), naming.clone());
        move || inputs_of(&arguments, since, &naming).ok()
    };
    let display = Display::start(arguments, &progress, again);
    let options = source::Options { naming, limits: arguments.limits.limits(), since, progress };
    let quick = inputs.quick.then(|| scan::Quick::new(&instances));
    let options = scan::Options { dialects, source: options, threads: arguments.threads, quick };
    let (state, scanned) = match state {
        Some(state) => {
            let (state, scanned) = state.scan(walk.by_ref(), &rules, &options, state::settings(arguments, &rules));
            (Some(state), scanned)
        }
        None => (None, scan::scan(walk.by_ref(), &rules, &options)),
    };
    display.scanned();
    let mut problems = walk.finish();
    problems.extend(scanned.problems);
    problems.extend(bad_rows);
    problems.sort();
    problems.dedup();

    let attempts = attempt::join(scanned.observations, &instances, &rules);
    let mut diagnosed = diagnose::diagnose(&attempts, &rules);
    known.set_apart(&mut diagnosed, &attempts);
    let told = match state.map(|state| {
        let stats = scanned.stats;
        let night = Night {
            attempts: &attempts,
            diagnosed: &diagnosed,
            known: &known,
            rules: &rules,
            problems: &problems,
            stats,
            bytes_read: stats.bytes - stats.taken_over.map_or(0, |known| known.bytes.min(stats.bytes)),
        };
        state.record(&night)
    }) {
        Some(Ok((history, told))) => {
            known.history = Some(history);
            Some(told)
        }
        Some(Err(problem)) => {
            problems.push(problem);
            problems.sort();
            None
        }
        None => None,
    };
    let found = diagnosed.diagnoses.iter().any(|diagnosis| threshold.is_reached(diagnosis, &known));
    let expired: String = known.expired().filter_map(|entry| entry.expired.as_deref()).collect();
    let partial = problems.iter().any(|problem| problem.kind.is_loss());
    let report = Report {
        attempts: &attempts,
        diagnosed: &diagnosed,
        rules: &rules,
        problems: &problems,
        stats: scanned.stats,
        list: match arguments.attempts {
            AttemptsName::All => ListAttempts::All,
            AttemptsName::Failed => ListAttempts::Failed,
            AttemptsName::None => ListAttempts::None,
        },
        known: &known,
        mask: &mask,
        paper: Paper::PLAIN,
    };
    let is_wanted = !arguments.quiet || found || partial || !expired.is_empty();
    // From here on what is printed may go to the terminal.
    drop(display);
    let written = outputs::write(arguments, &report, is_wanted, began, out);
    // Whoever closed the pipe, or a disk that is full, keeps nobody from being told.
    let sent = notify.send(&report);
    if !expired.is_empty() {
        let says = "what has expired ignores nothing; the report is whole";
        fail(&Error::Rules(format!("{expired}{says}")), err);
    }
    // Whoever closed the pipe has read enough.
    let is_told = sent.is_ok() && written.as_ref().err().is_none_or(is_closed_pipe);
    let noted = told.filter(|_| is_told).map_or(Ok(()), Told::note);
    match (written, sent) {
        (Ok(()), Ok(())) => {}
        (Err(error), Ok(())) => return Err(error),
        (Err(error), Err(untold)) if !is_closed_pipe(&error) => return Err(Error::Notify(format!("{error}\n{untold}"))),
        (_, Err(untold)) => return Err(untold),
    }
    if let Err(trouble) = &noted {
        let says = "the report is whole and recorded, but not that it was finished: the next run tells again what is new";
        fail(&Error::Usage(format!("{says} ({trouble})")), err);
    }
    if !expired.is_empty() {
        return Ok(EXIT_ERROR);
    }
    Ok(match (partial || noted.is_err(), found) {
        (true, _) => EXIT_PARTIAL,
        (false, true) => EXIT_FOUND,
        (false, false) => EXIT_FINE,
    })
}

/// Finds what is read. An export of task instances alone is worth looking at too: it tells what failed without a log.
fn inputs_of(arguments: &Diagnose, since: Option<Since>, naming: &Naming) -> Result<Walk, Error> {
    let inputs = &arguments.inputs;
    if let Some(says) = command_meant(&arguments.paths) {
        return Err(Error::Usage(says));
    }
    let mut walk = Walk::new(&arguments.paths)?;
    if let Some(list) = &inputs.files_from {
        if list == "-" && arguments.paths.contains(list) {
            return Err(Error::Usage("standard input cannot be both a log and --files-from; name one of them by a file".to_owned()));
        }
        walk = walk.with_list(source::List::open(list, inputs.null)?);
    }
    if let Some(since) = since {
        walk = walk.with_since(since, naming.clone());
    }
    let written: Vec<PathBuf> = outputs::files(arguments).chain(state::files(arguments)).collect();
    Ok(walk.without(written.iter().map(PathBuf::as_path)))
}

/// What to say where the first path is not there and is almost the name of a subcommand: it was taken for a file, as what stands behind it would be.
fn command_meant(paths: &[String]) -> Option<String> {
    let is_word = |path: &&String| path.bytes().all(|byte| byte.is_ascii_alphabetic());
    let first = paths.first().filter(is_word).filter(|path| std::fs::symlink_metadata(path).is_err())?;
    let command = nearest_command(first)?;
    let Err(Error::Usage(says)) = Walk::new(std::slice::from_ref(first)) else { return None };
    Some(match says.strip_suffix('?') {
        Some(says) => format!("{says}, or the subcommand `dagnosis {command}`?"),
        None => format!("{says}; did you mean the subcommand `dagnosis {command}`?"),
    })
}

/// What is known before the run.
fn known(arguments: &Diagnose, settings: Option<&Settings>, rules: &RuleSet, today: Date) -> Result<Known, Error> {
    let today = match &arguments.today {
        Some(text) => Date::parse(text).ok_or_else(|| Error::Usage(format!("--today {text}: write a date, such as 2026-11-20")))?,
        None => today,
    };
    let baseline = arguments.baseline.as_deref().map(Baseline::open).transpose()?;
    let mut known = Known::new(settings.map(|settings| &settings.document), rules, today)?;
    (known.baseline, known.show_ignored) = (baseline, arguments.show_ignored);
    Ok(known)
}

/// All rows of the exports, and what in them was not understood.
fn task_instances(files: &[PathBuf]) -> Result<(Vec<Instance>, Vec<Problem>), Error> {
    let (mut instances, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let (rows, faults) = record::read_instances(file)?;
        instances.extend(rows);
        problems.extend(faults);
    }
    Ok((instances, problems))
}
