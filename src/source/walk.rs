//! Finds what there is to read below the given paths. Opens nothing but JSON files, whose names do not say whether they are logs.
//!
//! Each file is found once, however many paths and links lead to it: a task's log that counts twice is a failure that counts
//! twice. The result does not depend on the order of paths or of directory entries.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::Input;
use super::passover::{self, PassedOver};
use crate::error::{Error, Problem, ProblemKind};

/// What was found below the given paths.
#[derive(Debug, Default)]
pub struct Discovered {
    /// What is to be read, sorted by path.
    pub inputs: Vec<Input>,
    /// What could not be looked at or leads nowhere, sorted.
    pub problems: Vec<Problem>,
    /// How many files below the given folders are no logs by their names. `problems` has one line on them for each folder.
    pub passed_over: u64,
}

/// Finds the inputs below `paths`: files, folders, and `-` for standard input.
///
/// # Errors
/// [`Error::Usage`] when a path does not exist, or none is given.
pub fn discover(paths: &[String]) -> Result<Discovered, Error> {
    if paths.is_empty() {
        return Err(Error::Usage("no path given; name a log, a folder of logs, an archive, or - for standard input".to_owned()));
    }
    let mut walk = Walk::default();
    let mut folders: Vec<(PathBuf, &str)> = Vec::new();
    let mut sorted: Vec<&String> = paths.iter().collect();
    sorted.sort();
    sorted.dedup();
    for path in sorted {
        if path == "-" {
            walk.found.inputs.push(Input { path: path.as_str().into(), file: None, bytes: 0 });
            continue;
        }
        // The pipe that a shell gives for `<(command)` has no real place.
        let real = || fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => folders.push((real(), path)),
            Ok(about) => walk.add_named(path, real(), about.len()),
            Err(error) if is_missing(&error) => return Err(Error::Usage(missing(path))),
            Err(error) => walk.unreadable(path, &error),
        }
    }
    // Sorted by where they really are, a folder comes before those inside it, which it covers.
    folders.sort();
    for (real, path) in folders {
        if !walk.covers(&real) {
            walk.roots.push(real.clone());
            walk.queue.push((real, PathBuf::from(path)));
        }
    }
    walk.run();
    let mut found = walk.found;
    found.inputs.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    found.problems.sort();
    Ok(found)
}

#[derive(Default)]
struct Walk {
    found: Discovered,
    /// Folders that are walked, where they really are.
    roots: Vec<PathBuf>,
    /// Those of them that are still to be walked, with the names they go by.
    queue: Vec<(PathBuf, PathBuf)>,
    /// Files that were found other than by walking, where they really are.
    files: BTreeSet<PathBuf>,
}

impl Walk {
    fn run(&mut self) {
        // Links are looked at only after all that is walked is known: whether one leads to a new place depends on it.
        let mut links = BTreeSet::new();
        loop {
            while let Some((real, named)) = self.queue.pop() {
                self.folder(&real, &named, &mut links);
            }
            let Some((named, real)) = links.pop_first() else { break };
            self.link(&named, &real);
        }
    }

    fn folder(&mut self, real: &Path, named: &Path, links: &mut BTreeSet<(PathBuf, PathBuf)>) {
        let mut passed_over = PassedOver::default();
        let mut entries = WalkDir::new(named).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(named).display().to_string();
                    let why = error.io_error().map_or_else(|| error.to_string(), says_of);
                    self.problem(&path, ProblemKind::Unreadable, format!("could not be looked into: {why}"));
                    continue;
                }
            };
            let within = entry.path().strip_prefix(named).unwrap_or(Path::new(""));
            let really = real.join(within);
            let base = entry.file_name().to_string_lossy();
            let sort = entry.file_type();
            if entry.depth() == 0 {
                continue;
            }
            if sort.is_dir() {
                if passover::folder(&base) {
                    passed_over.add(base.into_owned());
                    entries.skip_current_dir();
                } else if self.roots.contains(&really) {
                    entries.skip_current_dir();
                }
            } else if sort.is_symlink() {
                links.insert((entry.path().to_owned(), really));
            } else if !sort.is_file() {
                self.special(entry.path());
            } else if !self.files.contains(&really) {
                if let Some(sort) = passover::by_name(&base).or_else(|| by_content(entry.path())) {
                    passed_over.add(sort);
                    continue;
                }
                match entry.metadata() {
                    Ok(about) => self.add(entry.path(), about.len()),
                    Err(error) => {
                        let why = error.io_error().map_or_else(|| error.to_string(), says_of);
                        self.problem(&entry.path().to_string_lossy(), ProblemKind::Unreadable, why);
                    }
                }
            }
        }
        self.found.passed_over += passed_over.count();
        self.found
            .problems
            .extend(passed_over.problem(&named.to_string_lossy(), "name a file on the command line to read it all the same"));
    }

    /// Follows a link to what is not found otherwise.
    fn link(&mut self, named: &Path, really: &Path) {
        let path = named.to_string_lossy();
        let (target, about) = match fs::canonicalize(named).and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((about, target)) => (target, about),
            Err(error) if is_missing(&error) => {
                let leads = fs::read_link(named).map_or_else(|_| "a place".to_owned(), |to| format!("'{}'", to.display()));
                return self.problem(&path, ProblemKind::Link, format!("a link to {leads}, which does not exist"));
            }
            Err(error) if leads_in_a_circle(&error) => {
                return self.problem(&path, ProblemKind::Link, "a link that leads back to itself".to_owned());
            }
            Err(error) => return self.unreadable(&path, &error),
        };
        if about.is_dir() {
            if really.starts_with(&target) {
                let says = format!("a link back to '{}', a folder that it is in; it was not followed", target.display());
                return self.problem(&path, ProblemKind::Link, says);
            }
            // Airflow's own `latest` link is one of these.
            if !self.covers(&target) {
                self.roots.push(target.clone());
                self.queue.push((target, named.to_owned()));
            }
        } else if !about.is_file() {
            self.special(named);
        } else if !self.covers(&target) && passover::by_name(&path).is_none() && by_content(named).is_none() {
            self.add_named(&path, target, about.len());
        }
    }

    /// Whether a place is found by walking.
    fn covers(&self, real: &Path) -> bool {
        self.roots.iter().any(|root| real.starts_with(root))
    }

    /// Adds a file that was found by its own name, unless it was before.
    fn add_named(&mut self, path: &str, real: PathBuf, bytes: u64) {
        if self.files.insert(real) {
            self.add(Path::new(path), bytes);
        }
    }

    fn add(&mut self, path: &Path, bytes: u64) {
        self.found.inputs.push(Input { path: path.to_string_lossy().into(), file: Some(path.to_owned()), bytes });
    }

    /// Opening a pipe waits for a writer, and opening a device may do anything.
    fn special(&mut self, path: &Path) {
        let says = "a pipe, socket or device; it was not opened (name it on the command line to read it)".to_owned();
        self.problem(&path.to_string_lossy(), ProblemKind::Special, says);
    }

    fn unreadable(&mut self, path: &str, error: &std::io::Error) {
        self.problem(path, ProblemKind::Unreadable, says_of(error));
    }

    fn problem(&mut self, path: &str, kind: ProblemKind, says: String) {
        self.found.problems.push(Problem { path: path.to_owned(), member: None, kind, says });
    }
}

/// What sort of file a JSON file is where it is no log. One that cannot be opened is left to the reading, which says so.
fn by_content(path: &Path) -> Option<String> {
    let name = path.to_string_lossy();
    if !passover::is_json(&name) {
        return None;
    }
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(passover::HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    passover::by_head(&name, &head)
}

/// What an error means, in words that do not depend on the platform where they are common.
pub(super) fn says_of(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied; run as a user who may read it".to_owned(),
        std::io::ErrorKind::NotFound => "it vanished while the scan ran".to_owned(),
        _ => error.to_string(),
    }
}

/// No such file; or a file stands where a folder would have to.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// `ELOOP` on Linux and macOS; the standard library has no stable name for it.
fn leads_in_a_circle(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(40 | 62))
}

/// Says that a path does not exist, and what may have been meant.
fn missing(path: &str) -> String {
    /// Names less alike than this are no slip of the hand; the value separates `sample-log` from `src` and the like.
    const ALIKE_MIN: f64 = 0.8;
    let given = Path::new(path);
    if let Ok(target) = fs::read_link(given) {
        return format!("'{path}' is a link to '{}', which does not exist", target.display());
    }
    // The part of the path that exists, and the name that is missing in it.
    let mut missing = given;
    let parent = loop {
        let parent = match missing.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return format!("'{path}' does not exist"),
        };
        if parent.exists() {
            break parent;
        }
        missing = parent;
    };
    if !parent.is_dir() {
        return format!("'{path}' does not exist: '{}' is a file, not a folder", parent.display());
    }
    let wanted = missing.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut alike: Vec<(f64, String)> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .map(|name| (strsim::jaro_winkler(&wanted, &name), name))
        .filter(|(score, _)| *score >= ALIKE_MIN)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    match alike.first() {
        Some((_, name)) if parent == Path::new(".") => format!("'{path}' does not exist; did you mean '{name}'?"),
        Some((_, name)) => format!("'{path}' does not exist; did you mean '{}'?", parent.join(name).display()),
        None if parent == Path::new(".") => format!("'{path}' does not exist in the current folder"),
        None => format!("'{path}' does not exist; '{}' does, but has no '{wanted}'", parent.display()),
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
