//! Options from `dagnosis.yaml`: its keys become arguments before the command line is parsed, so every option of it can stand there by its long name, and
//! what is wrong with a value is clap's own to say. What the command line gives itself counts more.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::values::{Value, values};
use super::{Cli, Settings};
use crate::error::Error;
use crate::rule::{Document, Faults, Setting, Span, nearest_words};

/// The file that is read from the current folder where `--config` names no other.
pub const SETTINGS_FILE: &str = "dagnosis.yaml";

/// The keys that are no options, and the options that say where the keys are.
const NO_OPTIONS: [&str; 1] = ["ignore"];
const NOT_THERE: [&str; 4] = ["config", "no-config", "help", "version"];

/// The key of what stands on a command line without a name.
const PATHS: &str = "paths";

/// The keys of which one is enough to begin with.
const INPUTS: [&str; 3] = [PATHS, "files-from", "task-instances"];

/// What a message shows of these is covered: an address may hold a secret.
const SECRET: [&str; 2] = ["notify", "notify-arg"];

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Stop {
    /// The command line asks for help, or is wrong.
    Usage(clap::Error),
    /// There is no command line, and no settings say what to read.
    Nothing,
    /// The settings are wrong.
    Settings(Error),
}

/// An option that the settings give.
struct FromFile {
    key: String,
    span: Span,
    values: Vec<Value>,
}

/// Parses the program's arguments, its own name first, together with the file of settings.
///
/// # Errors
/// [`Stop`], for help too.
pub fn parse(arguments: &[OsString]) -> Result<Cli, Stop> {
    let mut command = Cli::command();
    command.build();
    let (given, lacks) = given(arguments).map_err(|stop| plain_help(arguments).unwrap_or(stop))?;
    let mut settings = None;
    let mut all = arguments.to_vec();
    let (leaf, matches, depth) = leaf(&command, &given);
    if let Some(path) = settings_path(matches) {
        let document = read(&path).map_err(Stop::Settings)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let options = options(&document, folder, &command, leaf, matches).map_err(Stop::Settings)?;
        all = joined(arguments, depth, &options.iter().collect::<Vec<_>>());
        match (parser().try_get_matches_from(&all), lacks) {
            // Without any argument there is help, unless the settings say what to read.
            (_, Some(lacks)) if is_help(&lacks) && !options.iter().any(|option| INPUTS.contains(&option.key.as_str())) => {
                return Err(stop(lacks, depth));
            }
            (Ok(_), _) => {}
            (Err(_), Some(lacks)) if !is_help(&lacks) => return Err(Stop::Usage(lacks)),
            (Err(_), _) => return Err(Stop::Settings(blame(&document, &options, |options| joined(arguments, depth, options)))),
        }
        settings = Some(Settings { document, values: options.into_iter().flat_map(|option| option.values).collect() });
    } else if let Some(lacks) = lacks {
        return Err(stop(lacks, depth));
    }
    let matches = parser().try_get_matches_from(&all).map_err(Stop::Usage)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(Stop::Usage)?;
    cli.settings = settings;
    Ok(cli)
}

/// The command line's own parser, in which each flag may be taken back with `=false`: it may stand in the settings.
fn parser() -> Command {
    fn negatable(command: Command) -> Command {
        let command = command.mut_args(|arg| match arg.get_action() {
            ArgAction::SetTrue => arg
                .action(ArgAction::Set)
                .value_parser(clap::value_parser!(bool))
                .num_args(0..=1)
                .require_equals(true)
                .value_name("false")
                .hide_possible_values(true)
                .hide_default_value(true)
                .default_value("false")
                .default_missing_value("true"),
            _ => arg,
        });
        command.mut_subcommands(negatable)
    }
    negatable(Cli::command())
}

/// The short help, where it is asked for: that a flag may be taken back is for the long one.
fn plain_help(arguments: &[OsString]) -> Option<Stop> {
    let is_short = arguments.iter().any(|argument| argument == "-h");
    let help = Cli::command().try_get_matches_from(arguments).err().filter(|error| is_short && error.kind() == ErrorKind::DisplayHelp)?;
    Some(Stop::Usage(help))
}

/// What the command line gives, and what it lacks that the settings may give.
fn given(arguments: &[OsString]) -> Result<(ArgMatches, Option<clap::Error>), Stop> {
    match parser().try_get_matches_from(arguments) {
        Ok(given) => Ok((given, None)),
        Err(lacks) if lacks.kind() == ErrorKind::MissingRequiredArgument || is_help(&lacks) => {
            match parser().ignore_errors(true).try_get_matches_from(arguments) {
                Ok(given) => Ok((given, Some(lacks))),
                Err(_) => Err(Stop::Usage(lacks)),
            }
        }
        Err(wrong) => Err(Stop::Usage(wrong)),
    }
}

/// Why there is nothing to run, where something is missing: behind a subcommand clap lists what can be done with it.
fn stop(lacks: clap::Error, depth: usize) -> Stop {
    if is_help(&lacks) && depth == 0 { Stop::Nothing } else { Stop::Usage(lacks) }
}

fn is_help(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// The program's arguments with those of the settings behind the words that name the subcommand, and the settings' paths behind all.
fn joined(arguments: &[OsString], depth: usize, options: &[&FromFile]) -> Vec<OsString> {
    let of = |is_paths: bool| {
        let options = options.iter().filter(move |option| (option.key == PATHS) == is_paths);
        options.flat_map(|option| option.values.iter().filter_map(|value| value.argument.clone())).collect::<Vec<_>>()
    };
    let (own, paths) = (of(false), of(true));
    let (words, rest) = arguments.split_at((depth + 1).min(arguments.len()));
    let end = (!paths.is_empty() && rest.last().is_none_or(|last| last != "--")).then(|| OsString::from("--"));
    [words, &own, rest, end.as_slice(), &paths].concat()
}

/// The subcommand that was named, with what was given to it, and how many words name it.
fn leaf<'c>(command: &'c Command, matches: &'c ArgMatches) -> (&'c Command, &'c ArgMatches, usize) {
    let (mut command, mut matches, mut depth) = (command, matches, 0);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        (command, matches, depth) = (found, inner, depth + 1);
    }
    (command, matches, depth)
}

/// The file of settings, if the command reads one.
fn settings_path(matches: &ArgMatches) -> Option<PathBuf> {
    let named = matches.try_get_one::<PathBuf>("config").ok()?;
    if matches.get_flag("no_config") {
        return None;
    }
    // What is there and cannot be read is told, not passed over.
    named.cloned().or_else(|| Path::new(SETTINGS_FILE).symlink_metadata().is_ok().then(|| PathBuf::from(SETTINGS_FILE)))
}

fn read(path: &Path) -> Result<Document, Error> {
    let name = path.display().to_string();
    let text = std::fs::read(path).and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8 text")));
    let text = text.map_err(|error| {
        Error::Usage(format!("cannot read the settings in {name}: {error}; --config FILE reads others, --no-config none"))
    })?;
    let mut document = Document::read(name, text)?;
    document.cover(&SECRET);
    Ok(document)
}

/// What the settings give to a command, besides what it was given.
fn options(document: &Document, folder: &Path, command: &Command, leaf: &Command, matches: &ArgMatches) -> Result<Vec<FromFile>, Error> {
    let mut faults = Faults::default();
    let mut options = Vec::new();
    let is_given = |id: &clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let given: Vec<&Arg> = leaf.get_arguments().filter(|arg| is_given(arg.get_id())).collect();
    let has_list = given.iter().any(|arg| arg.get_long() == Some("files-from"));
    for setting in document.settings().filter(|setting| !NO_OPTIONS.contains(&setting.key)) {
        let Some(arg) = by_name(command, setting.key) else {
            unknown(&setting, command, &mut faults);
            continue;
        };
        let values = values(&setting, arg, folder, &mut faults);
        // A subcommand takes those options that are its own too.
        let Some(own) = by_name(leaf, setting.key).filter(|own| is_same(own, arg)) else { continue };
        let conflicts = |one: &Arg, other: &Arg| leaf.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id());
        let is_overruled = |given: &&&Arg| given.get_id() == own.get_id() || conflicts(given, own) || conflicts(own, given);
        // Who names a list of what to read means no other paths.
        if given.iter().find(is_overruled).is_none() && !(setting.key == PATHS && has_list) {
            options.push(FromFile { key: setting.key.to_owned(), span: setting.span, values });
        }
    }
    document.check(faults)?;
    Ok(options)
}

/// The option of that long name, or the paths.
fn by_name<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let is_it = |arg: &&Arg| arg.get_long() == Some(name) || (arg.is_positional() && name == PATHS && arg.get_id() == PATHS);
    command.get_arguments().find(is_it).filter(|_| !NOT_THERE.contains(&name))
}

/// Whether an option of a subcommand is the one of that name of the main job.
fn is_same(own: &Arg, of_main: &Arg) -> bool {
    let words = |arg: &Arg| arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect::<Vec<_>>();
    own.get_value_names() == of_main.get_value_names() && words(own) == words(of_main)
}

fn unknown(setting: &Setting<'_>, command: &Command, faults: &mut Faults) {
    let key = setting.key;
    if NOT_THERE.contains(&key) {
        faults.add("unknown-field", &setting.key_span, format!("`{key}` has no place in the settings"), "give it on the command line");
        return;
    }
    let known = command.get_arguments().filter_map(Arg::get_long).filter(|name| !NOT_THERE.contains(name)).chain(NO_OPTIONS).chain([PATHS]);
    let near = nearest_words(&key.replace('_', "-"), known).first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let remedy = format!("{near}allowed are ignore, paths and the long names of the options that dagnosis --help lists, such as fail-on");
    faults.add("unknown-field", &setting.key_span, format!("unknown setting `{key}`"), remedy);
}

/// Tells which options of the settings the arguments are wrong with.
fn blame(document: &Document, options: &[FromFile], with: impl Fn(&[&FromFile]) -> Vec<OsString>) -> Error {
    let wrong = |options: &[&FromFile]| parser().try_get_matches_from(with(options)).err();
    let mut faults = Faults::default();
    for option in options {
        if let Some(error) = wrong(&[option]).filter(|error| error.kind() != ErrorKind::MissingRequiredArgument) {
            add(&mut faults, option, &error);
        }
    }
    // Each is right by itself: the first is told that is wrong beside those before it, or else without one that is missing.
    let beside = |kind: ErrorKind| kind != ErrorKind::MissingRequiredArgument;
    let mut told = !faults.is_empty();
    for count in 1..=options.len() {
        let some: Vec<&FromFile> = options.iter().take(count).collect();
        if let (false, Some(error), Some(option)) = (told, wrong(&some).filter(|error| beside(error.kind())), some.last()) {
            add(&mut faults, option, &error);
            told = true;
        }
    }
    if let (false, Some((option, error))) = (told, options.iter().find_map(|option| Some((option, wrong(&[option])?)))) {
        add(&mut faults, option, &error);
    }
    match document.check(faults) {
        Err(error) => error,
        Ok(()) => Error::Usage(format!("the settings in {} do not fit the command line; --no-config passes them over", document.name())),
    }
}

/// What clap says of an option, at the option's place.
fn add(faults: &mut Faults, option: &FromFile, error: &clap::Error) {
    let told = error.to_string();
    let mut lines = told.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let says = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let more: Vec<&str> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
    let remedy = if more.is_empty() { format!("dagnosis --help tells what --{} takes", option.key) } else { more.join(" ") };
    faults.add("option", &option.span, says, remedy);
}
