//! What may have been meant by a word that is almost one of the command line's own.

use std::path::Path;

use clap::{CommandFactory, ValueEnum};

use super::{Cli, FormatName};
use crate::rule::nearest_words;

/// The subcommand that a word is near to, where it is none itself.
#[must_use]
pub fn nearest_command(word: &str) -> Option<String> {
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).chain(["help"]).collect();
    nearest_words(&word.to_lowercase(), names).first().map(|near| (*near).to_owned())
}

/// The name before the `=` of what a report is to be written to, and the format that it is near to: `sarfi=x.sarif`. `None` where it can only be a
/// path: where there is a `/` before the sign, or the folder is there.
pub(super) fn nearly_format(text: &str) -> Option<(&str, String)> {
    let (name, path) = text.split_once('=')?;
    let has_folder = Path::new(text).parent().is_some_and(|folder| !folder.as_os_str().is_empty() && folder.is_dir());
    if path.is_empty() || has_folder || name.contains(std::path::is_separator) {
        return None;
    }
    let formats: Vec<_> = FormatName::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    let near = nearest_words(&name.to_lowercase(), formats.iter().map(clap::builder::PossibleValue::get_name));
    near.first().map(|near| (name, (*near).to_owned()))
}
