//! The subcommands, from arguments to exit code. Everything that touches the world outside is passed in or opened here.

mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::attempt::Attempts;
use crate::cli::{AttemptsName, Cli, Command, Diagnose, FailOn, FormatName, PageFormat, RuleArgs, RulesCommand};
use crate::diagnose::Diagnosis;
use crate::error::{Error, Problem};
use crate::known::{Baseline, Known};
use crate::record::{self, Instance};
use crate::report::{Format, JSON_SCHEMA, ListAttempts, Mask, Report, terminal, write_times};
use crate::rule::{self, Document, RuleSet, Severity};
use crate::time::{Date, Zone};
use crate::{attempt, check, diagnose, scan, source};

/// Nothing is at or over the threshold.
const EXIT_FINE: u8 = 0;
/// Something is.
const EXIT_FOUND: u8 = 1;
/// The command line, a rule or the configuration is wrong, or the report could not be written.
const EXIT_ERROR: u8 = 2;
/// Some input could not be read. It outranks [`EXIT_FOUND`]: a report that is not whole proves nothing.
const EXIT_PARTIAL: u8 = 3;

/// Runs the program and gives its exit code. `today` is the date that the settings' entries are compared with, where the command line names no other.
pub fn run(cli: &Cli, today: Date, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let done = match &cli.command {
        None => diagnose_paths(&cli.diagnose, cli.settings.as_ref(), today, out, err),
        Some(Command::Diagnose(arguments)) => diagnose_paths(arguments, cli.settings.as_ref(), today, out, err),
        Some(Command::Rules { command }) => rules(command, out),
        Some(Command::Explain { id, format, color, rules }) => {
            let style = match format {
                PageFormat::Text => check::Style::Text { color: color.decide() },
                PageFormat::Markdown => check::Style::Markdown(rules.dirs.clone()),
            };
            load(rules).and_then(|rules| check::explain_as(&rules, id, &style, out)).map(|()| EXIT_FINE)
        }
        Some(Command::Schema) => out.write_all(JSON_SCHEMA.as_bytes()).map(|()| EXIT_FINE).map_err(Error::from),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(Error::from)) {
        Ok(code) => code,
        // Whoever closed the pipe has read enough.
        Err(Error::Output(source)) if source.kind() == io::ErrorKind::BrokenPipe => EXIT_FINE,
        // An option that is wrong may stand in the settings.
        Err(Error::Usage(says)) => {
            let too =
                cli.settings.iter().map(|settings| format!("\n(options of {} are used, too; --no-config does without)", settings.name()));
            fail(&Error::Usage(says + &too.collect::<String>()), err)
        }
        Err(error) => fail(&error, err),
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

fn load(arguments: &RuleArgs) -> Result<RuleSet, Error> {
    rule::load(&arguments.dirs, !arguments.no_builtin_rules)
}

fn rules(command: &RulesCommand, out: &mut dyn Write) -> Result<u8, Error> {
    let code = |found: usize| if found == 0 { EXIT_FINE } else { EXIT_FOUND };
    match command {
        RulesCommand::List(arguments) => check::list(&load(arguments)?, out).map(|_| EXIT_FINE).map_err(Error::from),
        RulesCommand::Show { id, rules } => check::show(&load(rules)?, id, out).map(|()| EXIT_FINE),
        RulesCommand::Lint { healthy, rules } => {
            let rules = load(rules)?;
            let seen = if healthy.is_empty() { BTreeMap::new() } else { check::healthy(&read_attempts(healthy, &rules)?) };
            Ok(code(check::lint(&rules, &seen, out)?.warnings))
        }
        RulesCommand::Docs { dir, rules } => {
            let files = check::docs(&load(rules)?, &rules.dirs);
            write_tree(dir, &files)?;
            writeln!(out, "{} pages written below {}", files.len(), dir.display())?;
            Ok(EXIT_FINE)
        }
        RulesCommand::New { from, output, log_formats, mask, rules } => {
            let dialects = record::Dialects::new(Zone::default(), log_formats)?;
            let mask = Mask::new(&mask.masking())?;
            let mut text = Vec::new();
            check::new_rule(&load(rules)?, from, &dialects, &mask, &mut text)?;
            match output {
                Some(path) => write_new(path, &text)?,
                None => out.write_all(&text)?,
            }
            Ok(EXIT_FINE)
        }
        RulesCommand::Test { files, junit, rules } => test_rules(files, junit.as_deref(), rules, out).map(code),
        RulesCommand::Schema => out.write_all(rule::json_schema().as_bytes()).map(|()| EXIT_FINE).map_err(Error::from),
    }
}

/// Tests rules; gives how many examples and scenarios do not hold.
fn test_rules(files: &[PathBuf], junit: Option<&Path>, arguments: &RuleArgs, out: &mut dyn Write) -> Result<usize, Error> {
    let named = |name: &str| name.starts_with(rule::BUILTIN);
    let on_disk: Vec<PathBuf> = files.iter().filter(|file| !file.to_str().is_some_and(named)).cloned().collect();
    let rules = rule::load_also(&arguments.dirs, &on_disk, !arguments.no_builtin_rules)?;
    let wanted = files.iter().map(|file| rules.file(file).map(|file| file.name.clone())).collect::<Result<Vec<_>, _>>()?;
    let tested = check::test(&rules, &wanted)?;
    check::write_text(&tested, out)?;
    if let Some(path) = junit {
        whole::write(path, |file| check::write_junit(&tested, file)).map_err(|error| cannot_write(path, &error))?;
    }
    Ok(tested.failures())
}

/// The attempts below the given paths, read with the default options.
fn read_attempts(paths: &[String], rules: &RuleSet) -> Result<Attempts, Error> {
    let scanned = scan::scan(source::Walk::new(paths)?, rules, &scan::Options::default());
    Ok(attempt::join(scanned.observations, &[], rules))
}

/// The main job.
fn diagnose_paths(
    arguments: &Diagnose,
    settings: Option<&Document>,
    today: Date,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Error> {
    let began = arguments.run_times.then(Instant::now);
    let inputs = &arguments.inputs;
    if arguments.paths.is_empty() && arguments.task_instances.is_empty() && inputs.files_from.is_none() {
        return Err(Error::Usage("no input: name log files, folders or archives, or - for standard input (see --help)".to_owned()));
    }
    check_outputs(arguments)?;
    let threshold = Threshold::of(arguments)?;
    let mask = Mask::new(&arguments.mask.masking())?;
    let zone = Zone::named(&arguments.timezone).map_err(Error::Usage)?;
    let since = inputs.since.as_deref().map(|since| source::Since::new(since, &zone)).transpose()?;
    let dialects = record::Dialects::new(zone, &arguments.log_formats)?;
    let rules = rule::load_lean(&arguments.rules.dirs, !arguments.rules.no_builtin_rules)?;
    let mut known = known(arguments, settings, &rules, today)?;
    let naming = source::Naming::new(&arguments.path_templates)?;
    let (instances, bad_rows) = task_instances(&arguments.task_instances)?;
    // An export alone is worth looking at: it tells what failed without a log.
    let mut walk = source::Walk::new(&arguments.paths)?;
    if let Some(list) = &inputs.files_from {
        if list == "-" && arguments.paths.contains(list) {
            return Err(Error::Usage("standard input cannot be both a log and --files-from; name one of them by a file".to_owned()));
        }
        walk = walk.with_list(source::List::open(list, inputs.null)?);
    }
    if let Some(since) = since {
        walk = walk.with_since(since, naming.clone());
    }
    let options = source::Options { naming, limits: arguments.limits.limits(), since };
    let quick = inputs.quick.then(|| scan::Quick::new(&instances));
    let options = scan::Options { dialects, source: options, threads: arguments.threads, quick };
    let scanned = scan::scan(walk.by_ref(), &rules, &options);
    let mut problems = walk.finish();
    problems.extend(scanned.problems);
    problems.extend(bad_rows);
    problems.sort();
    problems.dedup();

    let attempts = attempt::join(scanned.observations, &instances, &rules);
    let mut diagnosed = diagnose::diagnose(&attempts, &rules);
    known.set_apart(&mut diagnosed, &attempts);
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
        color: false,
    };
    for output in &arguments.outputs {
        let format = format_of(output.format.unwrap_or(arguments.format));
        whole::write(&output.path, |file| write_report(&report, format, began, file))
            .map_err(|error| cannot_write(&output.path, &error))?;
    }
    if let Some(path) = &arguments.summary {
        add_summary(&report, path)?;
    }
    let is_wanted = !arguments.quiet || found || partial || !expired.is_empty();
    if is_wanted && arguments.outputs.iter().all(|output| output.format.is_some()) {
        write_report(&Report { color: arguments.color.decide(), ..report }, format_of(arguments.format), began, out)?;
    }
    if !expired.is_empty() {
        out.flush()?;
        let says = "what has expired ignores nothing; the report is whole";
        return Ok(fail(&Error::Rules(format!("{expired}{says}")), err));
    }
    Ok(match (partial, found) {
        (true, _) => EXIT_PARTIAL,
        (false, true) => EXIT_FOUND,
        (false, false) => EXIT_FINE,
    })
}

/// What is known before the run.
fn known(arguments: &Diagnose, settings: Option<&Document>, rules: &RuleSet, today: Date) -> Result<Known, Error> {
    let today = match &arguments.today {
        Some(text) => Date::parse(text).ok_or_else(|| Error::Usage(format!("--today {text}: write a date, such as 2026-11-20")))?,
        None => today,
    };
    let baseline = arguments.baseline.as_deref().map(Baseline::open).transpose()?;
    let mut known = Known::new(settings, rules, today)?;
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

fn format_of(name: FormatName) -> Format {
    match name {
        FormatName::Text => Format::Text,
        FormatName::Markdown => Format::Markdown,
        FormatName::Json => Format::Json,
        FormatName::Sarif => Format::Sarif,
        FormatName::Junit => Format::Junit,
        FormatName::Github => Format::Github,
        FormatName::Gitlab => Format::Gitlab,
        FormatName::Prometheus => Format::Prometheus,
    }
}

/// No two reports go into one file, where the later would replace the earlier, and one at most takes the place of standard output.
fn check_outputs(arguments: &Diagnose) -> Result<(), Error> {
    let mut taken = BTreeSet::new();
    let paths = arguments.outputs.iter().map(|output| &output.path).chain(&arguments.summary);
    if let Some(twice) = paths.into_iter().find(|path| !taken.insert(*path)) {
        return Err(Error::Usage(format!("two reports cannot go into one file, {}; name another for one of them", twice.display())));
    }
    let plain: Vec<String> =
        arguments.outputs.iter().filter(|output| output.format.is_none()).map(|output| output.path.display().to_string()).collect();
    match plain.as_slice() {
        [_, second, ..] => Err(Error::Usage(format!(
            "--output {second}: a second file needs a format of its own, such as -o json={second} (text, markdown, json, sarif, junit, github, gitlab, prometheus)"
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

/// Writes files below a folder, unless somebody else's work stands in the place of one of them.
fn write_tree(dir: &Path, files: &BTreeMap<String, String>) -> Result<(), Error> {
    for name in files.keys() {
        let path = dir.join(name);
        if path.exists() && !std::fs::read_to_string(&path).is_ok_and(|text| text.starts_with(check::WRITTEN)) {
            let says = "it exists and was not written by this command; name another folder, or move it";
            return Err(Error::Usage(format!("cannot write {}: {says}", path.display())));
        }
    }
    for (name, text) in files {
        let path = dir.join(name);
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|error| cannot_write(&path, &error))?;
        std::fs::write(&path, text).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

/// Writes a file that is not there yet: what stands in one may have been mended by hand.
fn write_new(path: &Path, text: &[u8]) -> Result<(), Error> {
    File::create_new(path).and_then(|mut file| file.write_all(text)).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot write {}: {error}", path.display()))
}

/// Which incidents make the exit code 1.
struct Threshold {
    /// From this severity on; `None`: none at all.
    severity: Option<Severity>,
    /// Only those that the baseline does not know.
    only_new: bool,
}

impl Threshold {
    fn of(arguments: &Diagnose) -> Result<Self, Error> {
        let usage = |says: &str| Err(Error::Usage(format!("--fail-on {says}")));
        let only_new = arguments.fail_on.contains(&FailOn::New);
        if only_new && arguments.baseline.is_none() {
            return usage("new: name the earlier report that it is new against, with --baseline REPORT.json");
        }
        let severities: Vec<FailOn> = arguments.fail_on.iter().copied().filter(|word| *word != FailOn::New).collect();
        let severity = match severities.as_slice() {
            [] if only_new => Some(Severity::Info),
            [] => Some(Severity::Low),
            [word] => severity_of(*word),
            _ => return usage("takes one severity, with new beside it or without: --fail-on new,high"),
        };
        Ok(Self { severity, only_new })
    }

    fn is_reached(&self, diagnosis: &Diagnosis, known: &Known) -> bool {
        let is_grave = self.severity.is_some_and(|severity| diagnosis.severity >= severity);
        is_grave && (!self.only_new || known.is_new(diagnosis) != Some(false))
    }
}

/// The severity that a word names; `None` for `never`.
fn severity_of(word: FailOn) -> Option<Severity> {
    match word {
        FailOn::Critical => Some(Severity::Critical),
        FailOn::High => Some(Severity::High),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::Low => Some(Severity::Low),
        FailOn::Info | FailOn::New => Some(Severity::Info),
        FailOn::Never => None,
    }
}
