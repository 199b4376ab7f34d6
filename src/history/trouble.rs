//! Why nothing can be recorded, in words.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::error::{Problem, ProblemKind};

/// Why the state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Another run is writing to it.
    Locked,
    /// Anything else: what it is, and what to do about it.
    Other {
        /// What is the matter, as a sentence without its subject's name and without its end.
        says: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// What to do with a file that is something else.
const ANOTHER: &str = "name another file with --state, or move this one away";

impl Trouble {
    pub(super) fn other(says: impl Into<String>, remedy: &'static str) -> Self {
        Self::Other { says: says.into(), remedy }
    }

    pub(super) fn not_ours(what: &str) -> Self {
        Self::other(format!("it is no state of dagnosis, but {what}"), ANOTHER)
    }

    pub(super) fn newer(theirs: i64, ours: i64) -> Self {
        let says = format!("it was written by a newer dagnosis (version {theirs} of the state, where this one knows {ours})");
        Self::other(says, "run that version, or name another file with --state")
    }

    pub(super) fn damaged(how: &str) -> Self {
        let says = format!("the database is damaged ({how})");
        Self::other(
            says,
            "restore it from a backup, or save what can be read of it with sqlite3 FILE .recover, or name another file with --state",
        )
    }

    /// The trouble as something that the report lists.
    #[must_use]
    pub fn problem(&self, path: &Path) -> Problem {
        let says = match self {
            Self::Locked => "another run is writing to it; nothing was recorded this time".to_owned(),
            Self::Other { says, remedy } => {
                format!("{says}. Nothing was recorded this time; what was recorded before was left as it is. What to do: {remedy}")
            }
        };
        Problem { path: path.display().to_string(), member: None, kind: ProblemKind::State, says }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Locked => f.write_str("another run is writing to it"),
            Self::Other { says, remedy } => write!(f, "{says}; {remedy}"),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let says = match &error {
            Error::SqliteFailure(_, Some(says)) => says.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::not_ours("something that is no SQLite database at all"),
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(&says),
            Some(ErrorCode::CannotOpen) => Self::other(
                format!("it cannot be opened or created ({says})"),
                "see that its folder exists and that files can be written there: SQLite keeps two files beside it, -wal and -shm",
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::other(
                format!("it may not be written ({says})"),
                "see that the file and its folder may be written by who runs dagnosis",
            ),
            Some(ErrorCode::DiskFull) => Self::other("the disk is full", "make room, and run again"),
            Some(ErrorCode::SystemIoFailure) => Self::other(
                format!("the system failed to read or write it ({says})"),
                "see whether the disk, a quota or a limit on files is full, or the disk fails",
            ),
            // A table that is missing, or a word in it that nobody wrote there.
            _ => Self::damaged(&says),
        }
    }
}
