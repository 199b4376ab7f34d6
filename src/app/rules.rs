//! What is done with rules alone: list, show, check, test, document and begin them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::attempt::Attempts;
use crate::cli::{RuleArgs, RulesCommand};
use crate::error::Error;
use crate::record;
use crate::report::Mask;
use crate::rule::{self, RuleSet};
use crate::time::Zone;
use crate::{attempt, check, scan, source};

use super::{EXIT_FINE, EXIT_FOUND, cannot_write, whole};

/// The rules that arguments name.
pub(super) fn load(arguments: &RuleArgs) -> Result<RuleSet, Error> {
    rule::load(&arguments.dirs, !arguments.no_builtin_rules)
}

/// Runs one of the commands, and gives the exit code.
pub(super) fn run(command: &RulesCommand, out: &mut dyn Write) -> Result<u8, Error> {
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
