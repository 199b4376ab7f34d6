//! What can go wrong: an [`Error`] stops the run with exit code 2, a [`Problem`] is noted in the report and the run goes on.
//!
//! The line between them is whose fault it is. A mistyped flag or a broken rule is the user's and must be mended before
//! anything is worth printing; a cut-off archive or an unreadable file is data, and everything else is still diagnosed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Stops the run. The message is one or more plain lines that name the place and say what to do about it.
#[derive(Debug)]
pub enum Error {
    /// A path, flag or combination of them that cannot be carried out.
    Usage(String),
    /// One or more faults in rule files or in the settings, already rendered with file, line, column and the offending text.
    Rules(String),
    /// Somebody who was to be told of the report could not be; it was written all the same.
    Notify(String),
    /// The report could not be written.
    Output(std::io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(says) | Self::Rules(says) | Self::Notify(says) => f.write_str(says),
            Self::Output(source) => write!(f, "cannot write the report: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Output(source) => Some(source),
            Self::Usage(_) | Self::Rules(_) | Self::Notify(_) => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        Self::Output(source)
    }
}

/// Something in the input that was not read or not understood. The run goes on; the report lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The input as the user named it, joined with what was found under it.
    pub path: String,
    /// The member of an archive, where `path` is one.
    pub member: Option<String>,
    /// What kind of trouble it is.
    pub kind: ProblemKind,
    /// One sentence: what was seen and what it means for the report.
    pub says: String,
}

/// The kinds of [`Problem`]; their names are part of the JSON report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProblemKind {
    /// It could not be opened or read (permission, vanished, I/O error). Makes the run end with exit code 3.
    Unreadable,
    /// A compressed stream or archive that is damaged or ends early; what came before the damage was used. Exit code 3.
    Damaged,
    /// A limit was reached (record size, archive depth, number of members): the rest was left out.
    Limit,
    /// A link that leads back to a folder already walked, or to nowhere.
    Link,
    /// Not text: binary data, only NUL bytes, a packing that is not read. Exit code 3: a log may be lost in it.
    NotText,
    /// A pipe, socket or device below a folder or in an archive: it is no file, and was not opened.
    Special,
    /// An empty file: an attempt of which nothing is known.
    Empty,
    /// Bytes that are neither UTF-8 nor UTF-16; they were replaced and the rest was used.
    Encoding,
    /// Lines that look like a known form and are not: broken JSON, times that are none. They were searched as text.
    NotParsed,
    /// Times without a zone that were read in another zone than the one they were written in.
    Timezone,
    /// An archive member whose name leads out of the archive. It was read as data; nothing is ever extracted.
    Suspicious,
    /// Files below a folder, or members of an archive, that are no logs by their names and were not read; one problem counts them. A report that lies
    /// among the logs is named by itself.
    PassedOver,
    /// Logs that were last written before the time that was asked for; one problem counts them.
    TooOld,
    /// A row or cell of a task-instance export that is not understood; the others were used.
    TaskInstances,
    /// Entries that do not stand in the order in which they were written; they were put into it.
    Order,
    /// The file of `--state` could not be read or written: the report says nothing of earlier runs, and nothing was recorded. Exit code 3.
    State,
}

impl ProblemKind {
    /// The name used in reports: kebab-case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Damaged => "damaged",
            Self::Limit => "limit",
            Self::Link => "link",
            Self::NotText => "not-text",
            Self::Special => "special",
            Self::Empty => "empty",
            Self::Encoding => "encoding",
            Self::NotParsed => "not-parsed",
            Self::Timezone => "timezone",
            Self::Suspicious => "suspicious",
            Self::PassedOver => "passed-over",
            Self::TooOld => "too-old",
            Self::TaskInstances => "task-instances",
            Self::Order => "order",
            Self::State => "state",
        }
    }

    /// Whether some input could not be read, or the run not recorded, so that it ends with exit code 3.
    #[must_use]
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Unreadable | Self::Damaged | Self::NotText | Self::State)
    }

    /// Whether a log may be lost in what could not be read.
    #[must_use]
    pub fn is_unread(self) -> bool {
        self.is_loss() && self != Self::State
    }
}
