//! Options from `dagnosis.yaml`: its keys become arguments before the command line is parsed, so every option of it can stand there by its long name, and
//! what is wrong with a value is clap's own to say. What the command line gives itself counts more.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::Cli;
use crate::error::Error;
use crate::rule::{Document, Faults, Given, Setting, Span, nearest_words};

/// The file that is read from the current folder where `--config` names no other.
pub const SETTINGS_FILE: &str = "dagnosis.yaml";

/// The keys that are no options, and the options that say where the keys are.
const NO_OPTIONS: [&str; 1] = ["ignore"];
const NOT_THERE: [&str; 4] = ["config", "no-config", "help", "version"];

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Stop {
    /// The command line asks for help, or is wrong.
    Usage(clap::Error),
    /// The settings are wrong.
    Settings(Error),
}

/// An option that the settings give.
struct FromFile {
    key: String,
    span: Span,
    arguments: Vec<OsString>,
}

/// Parses the program's arguments, its own name first, together with the file of settings.
///
/// # Errors
/// [`Stop`], for help too.
pub fn parse(arguments: &[OsString]) -> Result<Cli, Stop> {
    let mut command = Cli::command();
    command.build();
    let given = Cli::command().try_get_matches_from(arguments).map_err(Stop::Usage)?;
    let mut settings = None;
    let mut all = arguments.to_vec();
    let (leaf, matches, depth) = leaf(&command, &given);
    if let Some(path) = settings_path(matches) {
        let document = read(&path).map_err(Stop::Settings)?;
        let options = options(&document, &command, leaf, matches).map_err(Stop::Settings)?;
        all = joined(arguments, depth, &options.iter().collect::<Vec<_>>());
        if Cli::command().try_get_matches_from(&all).is_err() {
            return Err(Stop::Settings(blame(&document, &options, |options| joined(arguments, depth, options))));
        }
        settings = Some(document);
    }
    let matches = Cli::command().try_get_matches_from(&all).map_err(Stop::Usage)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(Stop::Usage)?;
    cli.settings = settings;
    Ok(cli)
}

/// The program's arguments with those of the settings behind the words that name the subcommand.
fn joined(arguments: &[OsString], depth: usize, options: &[&FromFile]) -> Vec<OsString> {
    let own = options.iter().flat_map(|option| &option.arguments);
    let (words, rest) = arguments.split_at((depth + 1).min(arguments.len()));
    words.iter().chain(own).chain(rest).cloned().collect()
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
    Document::read(name, text)
}

/// What the settings give to a command, besides what it was given.
fn options(document: &Document, command: &Command, leaf: &Command, matches: &ArgMatches) -> Result<Vec<FromFile>, Error> {
    let mut faults = Faults::default();
    let mut options = Vec::new();
    let is_given = |id: &clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let given: Vec<&Arg> = leaf.get_arguments().filter(|arg| is_given(arg.get_id())).collect();
    for setting in document.settings().filter(|setting| !NO_OPTIONS.contains(&setting.key)) {
        let Some(arg) = by_name(command, setting.key) else {
            unknown(&setting, command, &mut faults);
            continue;
        };
        let arguments = arguments(&setting, arg, &mut faults);
        // A subcommand takes those options that are its own too.
        let Some(own) = by_name(leaf, setting.key).filter(|own| is_same(own, arg)) else { continue };
        let conflicts = |one: &Arg, other: &Arg| leaf.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id());
        let is_overruled = |given: &&&Arg| given.get_id() == own.get_id() || conflicts(given, own) || conflicts(own, given);
        if given.iter().find(is_overruled).is_none() {
            options.push(FromFile { key: setting.key.to_owned(), span: setting.span, arguments });
        }
    }
    document.check(faults)?;
    Ok(options)
}

/// The option of that long name.
fn by_name<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(name) && !NOT_THERE.contains(&name))
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
    let known = command.get_arguments().filter_map(Arg::get_long).filter(|name| !NOT_THERE.contains(name)).chain(NO_OPTIONS);
    let near = nearest_words(&key.replace('_', "-"), known).first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let remedy = format!("{near}allowed are ignore and the long names of the options that dagnosis --help lists, such as fail-on");
    faults.add("unknown-field", &setting.key_span, format!("unknown setting `{key}`"), remedy);
}

/// A setting as arguments.
fn arguments(setting: &Setting<'_>, arg: &Arg, faults: &mut Faults) -> Vec<OsString> {
    let key = setting.key;
    let takes_value = arg.get_action().takes_values();
    let many = matches!(arg.get_action(), ArgAction::Append);
    let single = [(setting.value.clone(), setting.span.clone())];
    let values = match &setting.value {
        Given::List(values) if many => values.as_slice(),
        _ => single.as_slice(),
    };
    let mut arguments = Vec::new();
    for (value, span) in values {
        match value {
            Given::Flag(value) if !takes_value => arguments.extend(value.then(|| format!("--{key}").into())),
            Given::Flag(value) if takes_value => arguments.push(format!("--{key}={value}").into()),
            Given::Text(value) if takes_value => arguments.push(format!("--{key}={value}").into()),
            _ if !takes_value => faults.add("wrong-type", span, format!("`{key}` is true or false"), format!("write {key}: true")),
            _ if many => faults.add("wrong-type", span, format!("`{key}` takes a text or a list of texts"), format!("write {key}: [ .. ]")),
            _ => faults.add("wrong-type", span, format!("`{key}` takes one text"), format!("write {key}: and the text behind it")),
        }
    }
    arguments
}

/// Tells which options of the settings the arguments are wrong with.
fn blame(document: &Document, options: &[FromFile], with: impl Fn(&[&FromFile]) -> Vec<OsString>) -> Error {
    let wrong = |options: &[&FromFile]| Cli::command().try_get_matches_from(with(options)).err();
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
