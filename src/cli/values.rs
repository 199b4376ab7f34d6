//! The values of a setting as arguments: what may stand there, from where paths go, and which of them a message speaks of.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, ValueEnum};

use super::FormatName;
use super::near::nearly_format;
use crate::error::Error;
use crate::rule::{Document, Faults, Given, Setting, Span};

/// A value that the settings give to an option.
#[derive(Debug)]
pub(super) struct Value {
    /// The argument that says the same. `None` for a flag that is not set.
    pub(super) argument: Option<OsString>,
    option: String,
    /// The name of the file or folder, where it is one.
    path: Option<String>,
    span: Span,
}

/// The file of settings, and what of it is used.
#[derive(Debug)]
pub struct Settings {
    /// The file.
    pub document: Document,
    pub(super) values: Vec<Value>,
}

impl Settings {
    /// An error that speaks of a value of the settings, told with its place there; any other as it is.
    #[must_use]
    pub fn place(&self, error: Error) -> Error {
        let Error::Usage(says) = error else { return error };
        let names = |value: &Value| {
            let rest = says.strip_prefix("--").and_then(|rest| rest.strip_prefix(value.option.as_str()));
            rest.is_some_and(|rest| rest.starts_with([' ', ':']))
        };
        let shows = |value: &Value| {
            let text = value.argument.as_ref().and_then(|argument| argument.to_str()).unwrap_or_default();
            let text = text.split_once('=').map_or(text, |(_, text)| text);
            value.path.as_ref().is_some_and(|path| says.contains(path.as_str())) || (names(value) && says.contains(text))
        };
        // Where several stand there, a message shows the one that it means.
        let longest = |value: &&Value| value.argument.as_ref().map(|argument| argument.len());
        let meant =
            self.values.iter().filter(|value| shows(value)).max_by_key(longest).or_else(|| self.values.iter().find(|value| names(value)));
        let Some(Value { option, span, .. }) = meant else {
            let name = self.document.name();
            return Error::Usage(format!("{says}\n(options of {name} are used, too; --no-config does without)"));
        };
        let mut faults = Faults::default();
        let instead = if option == "paths" { "PATHs".to_owned() } else { format!("--{option}") };
        faults.add("option", span, says, format!("mend it there; {instead} on the command line would count instead"));
        match self.document.check(faults) {
            Err(error) => error,
            Ok(()) => Error::Usage(String::new()),
        }
    }
}

/// A setting as arguments. Paths in it go from `folder`.
pub(super) fn values(setting: &Setting<'_>, arg: &Arg, folder: &Path, faults: &mut Faults) -> Vec<Value> {
    let key = setting.key;
    let takes_value = arg.get_action().takes_values();
    let many = matches!(arg.get_action(), ArgAction::Append);
    let single = [(setting.value.clone(), setting.span.clone())];
    let given = match &setting.value {
        Given::List(values) if many => values.as_slice(),
        _ => single.as_slice(),
    };
    let mut values = Vec::new();
    for (value, span) in given {
        let mut add = |argument, path| values.push(Value { argument, option: key.to_owned(), path, span: span.clone() });
        match value {
            Given::Flag(value) if !takes_value => add(value.then(|| format!("--{key}").into()), None),
            Given::Flag(value) => add(Some(format!("--{key}={value}").into()), None),
            Given::Text(text) if takes_value => {
                let (prefix, path) = path_in(arg, text);
                let name = if arg.is_positional() { OsString::new() } else { format!("--{key}=").into() };
                match path {
                    Some(path) => {
                        let path = folder.join(path);
                        let argument = [name, prefix.into(), path.clone().into_os_string()].into_iter().collect();
                        add(Some(argument), Some(path.display().to_string()));
                    }
                    None => add(Some([name, text.into()].into_iter().collect()), None),
                }
            }
            _ if !takes_value => faults.add("wrong-type", span, format!("`{key}` is true or false"), format!("write {key}: true")),
            _ if many => faults.add("wrong-type", span, format!("`{key}` takes a text or a list of texts"), format!("write {key}: [ .. ]")),
            _ => faults.add("wrong-type", span, format!("`{key}` takes one text"), format!("write {key}: and the text behind it")),
        }
    }
    values
}

/// What stands before the path in a value, and the path, where there is one: neither standard input nor an object nor a program to be looked up.
fn path_in<'t>(arg: &Arg, text: &'t str) -> (&'t str, Option<&'t str>) {
    let is_path =
        arg.get_value_names().unwrap_or_default().iter().any(|name| ["FILE", "DIR", "PATH", ".json"].iter().any(|end| name.ends_with(end)));
    let split = |at: usize| text.split_at(at.min(text.len()));
    if let Some(program) = text.strip_prefix("exec:").filter(|program| arg.get_long() == Some("notify") && program.contains('/')) {
        return ("exec:", Some(program));
    }
    let is_output = arg.get_long() == Some("output");
    // What is almost a format is refused as it stands, and would not be with a folder before it.
    if !is_path || text.is_empty() || text == "-" || text.contains("://") || (is_output && is_nearly_format(text)) {
        return (text, None);
    }
    let named = text.split_once('=').filter(|(name, path)| is_output && !path.is_empty() && is_format(name));
    let (prefix, path) = split(named.map_or(0, |(name, _)| name.len() + 1));
    (prefix, Some(path))
}

fn is_format(name: &str) -> bool {
    FormatName::from_str(name, false).is_ok()
}

fn is_nearly_format(text: &str) -> bool {
    nearly_format(text).is_some_and(|(name, _)| !is_format(name))
}
