//! Finds what there is to read below the given paths, one thing after another. Opens nothing but JSON files, whose names do not say whether
//! they are logs.
//!
//! Each file is found once, however many paths and links lead to it: a task's log that counts twice is a failure that counts
//! twice. What is found does not depend on the order of paths or of directory entries; the order in which it is found does.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::list::List;
use super::missing::missing;
use super::object::{self, Found, Objects, Url};
use super::passover::{self, PassedOver};
use super::since::{Since, written};
use super::{Input, Naming};
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

/// Finds all inputs below `paths` at once, where there are few; see [`Walk::new`].
///
/// # Errors
/// [`Error::Usage`] when a path does not exist, or none is given.
pub fn discover(paths: &[String]) -> Result<Discovered, Error> {
    if paths.is_empty() {
        return Err(Error::Usage("no path given; name a log, a folder of logs, an archive, or - for standard input".to_owned()));
    }
    let mut walk = Walk::new(paths)?;
    let mut inputs: Vec<Input> = walk.by_ref().collect();
    inputs.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    let passed_over = walk.passed_over;
    Ok(Discovered { inputs, problems: walk.finish(), passed_over })
}

/// Finds inputs while they are read: a list of a million files would take longer to make than the first hundred thousand to read.
#[derive(Debug, Default)]
pub struct Walk {
    /// What was found and not given out yet.
    found: VecDeque<Input>,
    list: Option<List>,
    /// Folders that were named, by where they really are: so sorted, a folder comes before those inside it, which it covers.
    named: BTreeMap<PathBuf, PathBuf>,
    /// Folders that are walked, where they really are.
    roots: BTreeSet<PathBuf>,
    /// Those of them that are still to be walked, with the names they go by.
    queue: Vec<(PathBuf, PathBuf)>,
    folder: Option<Folder>,
    /// What was named of object stores.
    objects: Objects,
    /// Links are looked at only after all that is walked is known: whether one leads to a new place depends on it.
    links: BTreeSet<(PathBuf, PathBuf)>,
    /// Files that were found other than by walking, where they really are.
    seen: HashSet<PathBuf>,
    since: Option<Since>,
    naming: Naming,
    problems: Vec<Problem>,
    passed_over: u64,
    /// The first file by its own name that is too old, and how many there are.
    too_old: Option<(String, u64)>,
}

/// A folder that is being walked.
#[derive(Debug)]
struct Folder {
    real: PathBuf,
    named: PathBuf,
    entries: walkdir::IntoIter,
    passed_over: PassedOver,
    too_old: u64,
}

impl Walk {
    /// Begins at `paths`: files, folders, names of objects in object stores, and `-` for standard input.
    ///
    /// # Errors
    /// [`Error::Usage`] when a path does not exist, or the name of an object is none.
    pub fn new(paths: &[String]) -> Result<Self, Error> {
        let mut walk = Self::default();
        for path in paths.iter().collect::<BTreeSet<_>>() {
            if path == "-" {
                walk.found.push_back(Input { path: path.as_str().into(), file: None, object: None });
                continue;
            }
            if let Some(url) = Url::of(path) {
                walk.objects.name(url?)?;
                continue;
            }
            match fs::metadata(path) {
                Ok(about) => walk.named(PathBuf::from(path), &about),
                Err(error) if is_missing(&error) => return Err(Error::Usage(missing(path))),
                Err(error) => walk.unreadable(path, &error),
            }
        }
        Ok(walk)
    }

    /// Takes further files and folders from a list; those that do not exist become problems.
    #[must_use]
    pub fn with_list(mut self, list: List) -> Self {
        self.list = Some(list);
        self
    }

    /// Leaves out files that the program writes itself: a report of last night that lies among the logs is none.
    #[must_use]
    pub fn without<'p>(mut self, files: impl IntoIterator<Item = &'p Path>) -> Self {
        for file in files {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if let (Ok(folder), Some(name)) = (fs::canonicalize(folder), file.file_name()) {
                self.seen.insert(folder.join(name));
            }
        }
        self
    }

    /// Leaves out logs that are too old. `naming` tells the dates of their runs.
    #[must_use]
    pub fn with_since(mut self, since: Since, naming: Naming) -> Self {
        self.since = Some(since);
        self.naming = naming;
        let found = std::mem::take(&mut self.found);
        for input in found {
            let is_too_old = input.file.as_deref().is_some_and(|file| self.is_too_old(file));
            if is_too_old { self.add_too_old(&input.path) } else { self.found.push_back(input) }
        }
        self
    }

    /// What could not be looked at, leads nowhere or was left out, sorted. To be asked when everything was found.
    #[must_use]
    pub fn finish(mut self) -> Vec<Problem> {
        if let (Some((first, count)), Some(since)) = (self.too_old.take(), self.since) {
            let others = if count > 1 { format!("with {} more that were named, ", count - 1) } else { String::new() };
            self.problem(&first, ProblemKind::TooOld, format!("{others}{}", since.says()));
        }
        self.problems.sort();
        self.problems
    }

    /// A file or folder that was named.
    fn named(&mut self, path: PathBuf, about: &Metadata) {
        if about.is_dir() {
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            self.named.entry(real).or_insert(path);
        } else {
            // The pipe that a shell gives for `<(command)` has no real place.
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            self.add_once(path, real);
        }
    }

    fn listed(&mut self, next: Result<PathBuf, Problem>) {
        let path = match next {
            Ok(path) => path,
            Err(problem) => return self.problems.push(problem),
        };
        if let Some(url) = path.to_str().and_then(Url::of) {
            if let Err(error) = url.and_then(|url| self.objects.list(url)) {
                let shown = object::shown(&path.to_string_lossy());
                let says = error.to_string();
                let says = says.strip_prefix(&format!("'{shown}': ")).unwrap_or(&says);
                self.problem(&shown, ProblemKind::Unreadable, says.to_owned());
            }
            return;
        }
        match fs::metadata(&path) {
            Ok(about) => self.named(path, &about),
            Err(error) if is_missing(&error) => {
                self.problem(&path.to_string_lossy(), ProblemKind::Unreadable, "named in the list of files, and does not exist".to_owned());
            }
            Err(error) => self.unreadable(&path.to_string_lossy(), &error),
        }
    }

    /// Goes on in the folder that is being walked; false at its end.
    fn step(&mut self) -> bool {
        let Some(folder) = &mut self.folder else { return false };
        let Some(entry) = folder.entries.next() else { return false };
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(&folder.named).display().to_string();
                let why = error.io_error().map_or_else(|| error.to_string(), says_of);
                self.problem(&path, ProblemKind::Unreadable, format!("could not be looked into: {why}"));
                return true;
            }
        };
        if entry.depth() == 0 {
            return true;
        }
        let sort = entry.file_type();
        if sort.is_file() {
            let base = entry.file_name().to_string_lossy();
            if !self.seen.is_empty() && self.seen.contains(&folder.really(&entry)) {
                return true;
            }
            if let Some(sort) = passover::by_name(&base).or_else(|| by_content(&base, entry.path())) {
                folder.passed_over.add(sort);
            } else {
                let path = entry.into_path();
                if self.since.is_some() && self.is_too_old(&path) {
                    self.folder.iter_mut().for_each(|folder| folder.too_old += 1);
                } else {
                    self.add(path);
                }
            }
        } else if sort.is_dir() {
            let base = entry.file_name().to_string_lossy();
            if passover::folder(&base) {
                folder.passed_over.add(base.into_owned());
                folder.entries.skip_current_dir();
            } else if self.roots.contains(&folder.really(&entry)) {
                folder.entries.skip_current_dir();
            }
        } else if sort.is_symlink() {
            self.links.insert((entry.path().to_owned(), folder.really(&entry)));
        } else {
            self.special(entry.path());
        }
        true
    }

    /// Begins with the next folder; false where there is none.
    fn next_folder(&mut self) -> bool {
        if let Some(folder) = self.folder.take() {
            let named = folder.named.to_string_lossy();
            self.passed_over += folder.passed_over.count();
            self.problems.extend(folder.passed_over.problem(&named, passover::NAME_IT));
            self.problems.extend(self.since.and_then(|since| since.problem(&named, folder.too_old)));
        }
        for (real, named) in std::mem::take(&mut self.named) {
            if !self.covers(&real) {
                self.roots.insert(real.clone());
                self.queue.push((real, named));
            }
        }
        let Some((real, named)) = self.queue.pop() else { return false };
        let entries = WalkDir::new(&named).into_iter();
        self.folder = Some(Folder { real, named, entries, passed_over: PassedOver::default(), too_old: 0 });
        true
    }

    /// Follows a link to what is not found otherwise.
    fn link(&mut self, named: PathBuf, really: &Path) {
        let path = named.to_string_lossy();
        let (target, about) = match fs::canonicalize(&named).and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((about, target)) => (target, about),
            Err(error) if is_missing(&error) => {
                let leads = fs::read_link(&named).map_or_else(|_| "a place".to_owned(), |to| format!("'{}'", to.display()));
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
                self.roots.insert(target.clone());
                self.queue.push((target, named));
            }
        } else if !about.is_file() {
            self.special(&named);
        } else if !self.covers(&target) && passover::by_name(&path).is_none() && by_content(&path, &named).is_none() {
            self.add_once(named, target);
        }
    }

    /// Whether a place is found by walking.
    fn covers(&self, real: &Path) -> bool {
        real.ancestors().any(|above| self.roots.contains(above))
    }

    /// Adds a file that was found by its own name, unless it was before.
    fn add_once(&mut self, path: PathBuf, real: PathBuf) {
        if !self.seen.insert(real) {
            return;
        }
        if self.is_too_old(&path) { self.add_too_old(&path.to_string_lossy()) } else { self.add(path) }
    }

    fn add(&mut self, file: PathBuf) {
        self.found.push_back(Input { path: file.to_string_lossy().into(), file: Some(file), object: None });
    }

    fn is_too_old(&self, file: &Path) -> bool {
        let Some(since) = self.since else { return false };
        let about = fs::metadata(file).ok().filter(Metadata::is_file);
        since.leaves_out(about.as_ref().and_then(written), || self.naming.source(&file.to_string_lossy(), None))
    }

    fn add_too_old(&mut self, path: &str) {
        self.too_old.get_or_insert_with(|| (path.to_owned(), 0)).1 += 1;
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
        self.problems.push(Problem { path: path.to_owned(), member: None, kind, says });
    }
}

impl Iterator for Walk {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.found.pop_front() {
                return Some(input);
            }
            if let Some(list) = &mut self.list {
                match list.next() {
                    Some(next) => self.listed(next),
                    None => self.list = None,
                }
            } else if let Some(found) = self.objects.next(self.since, &self.naming) {
                match found {
                    Found::Input(input) => return Some(input),
                    Found::TooOld(path) => self.add_too_old(&path),
                    Found::Problem(problem) => self.problems.push(problem),
                }
            } else if !self.step() && !self.next_folder() {
                let (passed_over, problems) = self.objects.finish(self.since);
                self.passed_over += passed_over;
                self.problems.extend(problems);
                let (named, real) = self.links.pop_first()?;
                self.link(named, &real);
            }
        }
    }
}

impl Folder {
    /// Where an entry really is.
    fn really(&self, entry: &DirEntry) -> PathBuf {
        self.real.join(entry.path().strip_prefix(&self.named).unwrap_or(Path::new("")))
    }
}

/// What sort of file a JSON file is where it is no log. One that cannot be opened is left to the reading, which says so.
fn by_content(name: &str, path: &Path) -> Option<String> {
    if !passover::is_json(name) {
        return None;
    }
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(passover::HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    passover::by_head(name, &head)
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

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
