//! Which places a run has read, so that what is not there any more is known to be gone.

use std::path::Path;

use crate::attempt::Attempts;
use crate::error::{Problem, ProblemKind};

/// A place that was named on the command line.
#[derive(Debug)]
struct Root {
    /// As it was named; with it the paths of reports begin.
    named: String,
    /// The same from the root of the file system, or the name of an object store: the same from whatever folder the program is started.
    absolute: String,
    /// Whether a log was read there, and all of them. An empty folder is a disk that is not there rather than the end of all trouble.
    is_read: bool,
}

/// What a run has read.
#[derive(Debug)]
pub struct Reach {
    roots: Vec<Root>,
    /// Whether logs were left out that may hold failures.
    is_cut: bool,
    /// Where a limit was reached, so that the rest was left out.
    limited: Vec<String>,
    /// What is read and is no place: standard input, lists, exports of task instances.
    others: Vec<String>,
}

impl Reach {
    /// The places that are named. `is_cut`: not all logs there are read, as with `--since`.
    #[must_use]
    pub fn new(paths: &[String], is_cut: bool) -> Self {
        let root = |named: &String| Root { named: named.clone(), absolute: absolute(named), is_read: true };
        // Standard input is another one each time.
        let (places, others): (Vec<&String>, Vec<&String>) = paths.iter().partition(|path| *path != "-");
        let others = others.into_iter().cloned().collect();
        Self { roots: places.into_iter().map(root).collect(), is_cut, limited: Vec::new(), others }
    }

    /// Adds a file that tells of logs or attempts and is none itself.
    pub fn add(&mut self, path: &Path) {
        self.others.push(absolute(&path.to_string_lossy()));
    }

    /// Takes up what the run has read there, and what it has not.
    pub fn take_up(&mut self, attempts: &Attempts, problems: &[Problem]) {
        for root in &mut self.roots {
            root.is_read = attempts.iter().any(|attempt| is_below(&attempt.path(), &root.named))
                && !problems.iter().any(|problem| problem.kind.is_unread() && is_below(&problem.path, &root.named));
        }
        let limited = problems.iter().filter(|problem| problem.kind == ProblemKind::Limit).map(|problem| self.absolute(&problem.path));
        self.limited = limited.collect();
    }

    /// The places, from the root of the file system.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|root| root.absolute.as_str())
    }

    /// Whether what a run of these places told could be told by this one.
    pub(super) fn holds_all(&self, paths: &[String]) -> bool {
        paths.iter().all(|path| self.covers(path))
    }

    /// Whether a run of these places looked at some of those that this one looks at.
    pub(super) fn meets(&self, paths: &[String]) -> bool {
        paths.iter().any(|path| self.covers(path) || self.roots.iter().any(|root| is_below(&root.absolute, path)))
    }

    /// A path of the report, from the root of the file system.
    pub(super) fn absolute(&self, path: &str) -> String {
        let root = self.roots.iter().filter(|root| is_below(path, &root.named)).max_by_key(|root| root.named.len());
        match root.and_then(|root| Some((root, path.strip_prefix(&root.named)?))) {
            Some((root, rest)) => format!("{}{}{rest}", root.absolute, separator(&root.absolute, rest)),
            None if path == "-" => path.to_owned(),
            None => absolute(path),
        }
    }

    /// Whether a place is one that was looked at.
    pub(super) fn covers(&self, path: &str) -> bool {
        self.roots.iter().any(|root| is_below(path, &root.absolute)) || self.others.iter().any(|other| other == path)
    }

    /// Whether a log that is not there any more is gone: all that is where it was has been read.
    pub(super) fn would_see(&self, path: &str) -> bool {
        let mut roots = self.roots.iter().filter(|root| is_below(path, &root.absolute)).peekable();
        !self.is_cut
            && roots.peek().is_some()
            && roots.all(|root| root.is_read)
            && !self.limited.iter().any(|limited| is_below(path, limited))
    }
}

/// Whether a path is a place, is below it, or is a member of the archive that it is.
fn is_below(path: &str, place: &str) -> bool {
    let place = place.trim_end_matches(['/', std::path::MAIN_SEPARATOR]);
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '!', std::path::MAIN_SEPARATOR]))
}

/// What has to stand between a root and what was found below it.
fn separator(root: &str, rest: &str) -> &'static str {
    let is_parted = root.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '!', std::path::MAIN_SEPARATOR]);
    if is_parted { "" } else { "/" }
}

/// A path from the root of the file system, without a look at it: a link that leads elsewhere each night is the same place.
fn absolute(path: &str) -> String {
    if path.contains("://") {
        return path.trim_end_matches('/').to_owned();
    }
    // Dots within it are taken out: `logs/.` is `logs`. What leads upwards is left, for behind a link it leads elsewhere.
    let clean: std::path::PathBuf = Path::new(path).components().collect();
    std::path::absolute(&clean).unwrap_or(clean).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_what_is_below_it() {
        for (path, place, want) in [
            ("/logs/a.log", "/logs", true),
            ("/logs/a.log", "/logs/", true),
            ("/logs", "/logs", true),
            ("/logs2/a.log", "/logs", false),
            ("/logs.tar!a.log", "/logs.tar", true),
            ("/a.log", "/", true),
            ("s3://b/logs/a", "s3://b/logs", true),
        ] {
            assert_eq!(is_below(path, place), want, "{path} {place}");
        }
    }

    #[test]
    fn a_path_is_the_same_from_wherever_it_is_named() {
        let of = |root: &str, path: &str| Reach::new(&[root.to_owned()], false).absolute(path);
        let here = of("logs", "logs/a.log");
        assert_eq!(here, of("./logs/", "./logs/a.log"));
        assert_eq!(here, of("logs/.", "logs/./a.log"));
        assert_eq!(of("/x/logs/", "/x/logs/a.log"), "/x/logs/a.log");
        assert_eq!(of("s3://b/logs/", "s3://b/logs/a.log"), "s3://b/logs/a.log");
        assert_eq!(of("-", "-"), "-");
    }
}
