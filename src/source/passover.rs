//! Which files below a folder, or members of an archive, are no logs and are not read as such.
//!
//! A folder of logs often holds other things: configuration, source code, a database. Reading those as logs would find errors
//! in documentation. The list is short and goes by names alone, but for JSON, which may be a log or not. A file that is named
//! on the command line is always read. What is passed over is counted and said.

use std::collections::BTreeMap;

use crate::error::{Problem, ProblemKind};

/// Extensions of files that are never logs.
const EXTENSIONS: [&str; 49] = [
    "cfg", "conf", "css", "csv", "db", "doc", "docx", "gif", "htm", "html", "ico", "ini", "ipynb", "j2", "jar", "jpeg", "jpg", "js",
    "lock", "md", "parquet", "pdf", "pickle", "pid", "pkl", "png", "ps1", "py", "pyc", "pyi", "rs", "rst", "scss", "sh", "sock", "sql",
    "sqlite", "sqlite3", "svg", "tf", "toml", "ts", "tsv", "whl", "xls", "xlsx", "xml", "yaml", "yml",
];

/// Folders whose whole content is bookkeeping of other programs.
const FOLDERS: [&str; 5] = [".git", ".hg", ".svn", "__pycache__", "node_modules"];

/// Keys that records of logs have, and exports of logs around them.
const RECORD_KEYS: [&[u8]; 9] = [
    b"\"content\"",
    b"\"MESSAGE\"",
    b"\"textPayload\"",
    b"\"timestamp\"",
    b"\"event\"",
    b"\"message\"",
    b"\"log\"",
    b"\"msg\"",
    b"\"line\"",
];

/// How many bytes of a JSON file are looked at.
pub(super) const HEAD_BYTES: usize = 4096;

/// How a file below a folder is read all the same.
pub(super) const NAME_IT: &str = "name a file on the command line to read it all the same";

/// What was passed over, by extension.
#[derive(Debug, Default)]
pub(super) struct PassedOver(BTreeMap<String, u64>);

impl PassedOver {
    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (sort, count) in other.0 {
            *self.0.entry(sort).or_default() += count;
        }
    }

    pub(super) fn add(&mut self, sort: String) {
        *self.0.entry(sort).or_default() += 1;
    }

    /// One problem for all of them, if there are any; `path` is the folder or archive, and `anyway` how to read them all the same.
    pub(super) fn problem(&self, path: &str, anyway: &str) -> Option<Problem> {
        const NAMED_MAX: usize = 5;
        if self.0.is_empty() {
            return None;
        }
        let mut sorts: Vec<(&String, &u64)> = self.0.iter().collect();
        sorts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let mut named: Vec<String> = sorts.iter().take(NAMED_MAX).map(|(sort, count)| format!("{count} {sort}")).collect();
        if sorts.len() > NAMED_MAX {
            named.push("others".to_owned());
        }
        let (count, verb) =
            (self.count(), if self.count() == 1 { "is no log by its name and was" } else { "are no logs by their names and were" });
        let says = format!("{count} in it {verb} not read ({}); {anyway}", named.join(", "));
        Some(Problem { path: path.to_owned(), member: None, kind: ProblemKind::PassedOver, says })
    }
}

/// Whether a folder is passed over as a whole, by its base name.
pub(super) fn folder(base: &str) -> bool {
    FOLDERS.contains(&base)
}

/// The folder in a name that is passed over as a whole.
#[cfg(feature = "object-store")]
pub(super) fn folder_in(name: &str) -> Option<&str> {
    let ends = name.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| name.get(..at)).find(|above| folder(above.rsplit('/').next().unwrap_or_default()))
}

/// What sort of file it is, where its name says that it is no log; `None` where it is to be read.
pub(super) fn by_name(name: &str) -> Option<String> {
    let mut parts = name.rsplit(['/', '\\']);
    let base = parts.next().unwrap_or(name);
    if let Some(part) = parts.find(|part| folder(part)) {
        return Some(part.to_owned());
    }
    let (stem, extension) = base.rsplit_once('.')?;
    if stem.is_empty() {
        return Some("dotfile".to_owned());
    }
    EXTENSIONS.iter().find(|known| known.eq_ignore_ascii_case(extension)).map(|known| format!(".{known}"))
}

/// Whether the name leaves open if it is a log, so that [`by_head`] has to tell.
pub(super) fn is_json(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["json", "jsonl", "ndjson"].iter().any(|json| extension.eq_ignore_ascii_case(json))
}

/// What sort of file it is, where a JSON file's first [`HEAD_BYTES`] hold none of the keys that a record has.
pub(super) fn by_head(name: &str, head: &[u8]) -> Option<String> {
    let text = head.trim_ascii_start();
    let has_key = |key: &[u8]| memchr::memmem::find_iter(text, key).any(|at| text[at + key.len()..].trim_ascii_start().starts_with(b":"));
    let is_data = matches!(text.first(), Some(b'{' | b'[')) && !RECORD_KEYS.iter().any(|key| has_key(key));
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    (is_json(name) && is_data).then(|| format!(".{extension} without log records"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_read_and_other_files_are_not() {
        for name in [
            "a/attempt=1.log",
            "attempt=1.log.gz",
            "README",
            "a.txt",
            "scheduler.out",
            "my.dag/1.log",
            "truth.jsonl",
            "x.py.log",
            "a.log.1",
        ] {
            assert_eq!(by_name(name), None, "{name}");
        }
        for name in ["a/b.py", "B.PY", "a.cfg", ".gitignore", "x/.nfs0001", "a/.git/config", "__pycache__/x.log", r"a\b.md"] {
            assert!(by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn json_is_read_where_it_holds_records() {
        assert_eq!(by_head("a.ndjson", br#"{"timestamp":null,"event":"x"}"#), None);
        assert_eq!(by_head("a.json", b"{\n \"content\": [{\"event\": 1}]}"), None);
        assert_eq!(by_head("a.json", b"plain text"), None);
        assert_eq!(by_head("a.log", b"{}"), None);
        assert_eq!(by_head("truth.jsonl", br#"{"path": "x", "cause": "event"}"#).as_deref(), Some(".jsonl without log records"));
    }
}
