//! What to say of a path that does not exist.

use std::fs;
use std::path::Path;

/// Says that a path does not exist, and what may have been meant.
pub(super) fn missing(path: &str) -> String {
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
    let alike = alike(&wanted, entries.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    match alike {
        Some(name) if parent == Path::new(".") => format!("'{path}' does not exist; did you mean '{name}'?"),
        Some(name) => format!("'{path}' does not exist; did you mean '{}'?", parent.join(name).display()),
        None if parent == Path::new(".") => match std::env::current_dir() {
            Ok(folder) => format!("'{path}' does not exist in the current folder, '{}'", folder.display()),
            Err(_) => format!("'{path}' does not exist in the current folder"),
        },
        None => format!("'{path}' does not exist; '{}' does, but has no '{wanted}'", parent.display()),
    }
}

/// The name that is most alike to one that is missing, if one is alike at all.
pub(super) fn alike(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    /// Names less alike than this are no slip of the hand; the value separates `sample-log` from `src` and the like.
    const ALIKE_MIN: f64 = 0.8;
    let mut alike: Vec<(f64, String)> =
        names.map(|name| (strsim::jaro_winkler(wanted, &name), name)).filter(|(score, _)| *score >= ALIKE_MIN).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    alike.into_iter().next().map(|(_, name)| name)
}
