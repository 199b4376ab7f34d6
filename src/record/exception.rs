//! Exceptions as structure, wherever they were read from, and their one text form. How they are written in a log is no business of this
//! file: `traceback` reads what Python prints, `detail` Airflow 3's JSON, `ui_text` what its user interface writes.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Frame, head_of};

/// How many exceptions of one record are kept.
pub(super) const EXCEPTIONS_MAX: usize = 32;

/// How many frames of one exception are kept: the outermost are dropped, for the innermost tell more.
pub(super) const FRAMES_MAX: usize = 80;

/// The longest message that is kept.
pub(super) const MESSAGE_BYTES_MAX: usize = 4000;

/// How much of the messages of one record's exceptions is kept together when its log has been read. What they are told apart by stands in their first
/// words.
const KEPT_BYTES_MAX: usize = 2000;

/// How much each may keep at least, however many there are.
const KEPT_BYTES_MIN: usize = 250;

/// How many notes of one exception are kept.
pub(super) const NOTES_MAX: usize = 32;

/// How deep groups in groups are followed.
pub(super) const GROUP_DEPTH_MAX: usize = 8;

/// The exceptions of one record: the root first, the one that was raised at the end last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Root first. The members of a group stand before it, each with what it came out of before it.
    pub exceptions: Vec<Exception>,
    /// The frames of a traceback whose exception's line is missing, because the log or the excerpt stops there; outermost first. Where
    /// several break off, those of the last.
    pub unfinished: Vec<Frame>,
    /// The text begins in the middle of a traceback: frames without the line that announces them, a link to an exception that is missing.
    pub cut_top: bool,
}

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// `requests.exceptions`; `None` where the log gives none, as Airflow 3's JSON and Python for its own classes.
    pub module: Option<String>,
    /// `ConnectTimeout`.
    pub class: String,
    /// What stands behind the class; may have several lines. In text, notes cannot be told from them, except behind a message that
    /// is always one line.
    pub message: String,
    /// What was added to it later (PEP 678), each of one or several lines.
    pub notes: Vec<String>,
    /// Where the source is wrong, if it is a syntax error.
    pub syntax: Option<SyntaxSpot>,
    /// Outermost first. Thousands of failures come from the same place in the same code: they can have its frames in common.
    pub frames: Arc<Vec<Frame>>,
    /// How it came out of the exception before it on its level: the members of a group have a level of their own.
    pub link: Link,
    /// Whether it holds others.
    pub is_group: bool,
    /// Which exception of the chain is the group that it belongs to.
    pub group: Option<usize>,
    /// The byte of the record's text at which its line begins.
    pub at: usize,
}

/// Where source text could not be parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntaxSpot {
    /// The file as printed.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// What stands in that line; empty where the log does not show it.
    pub text: String,
}

/// How an exception came out of the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// It is the first, of all or of its group.
    #[default]
    First,
    /// `raise .. from ..`
    Cause,
    /// It was raised while the one before it was handled.
    Context,
    /// One of these two; the log does not say which.
    CauseOrContext,
    /// It stands beside the one before it (in a group, or a second traceback in one record).
    Beside,
}

impl Chain {
    /// Gives up what is of no use once a log has been read: notes, and more of the messages than [`KEPT_BYTES_MAX`]. A million failures may wait with
    /// theirs for the join.
    pub(crate) fn shorten(&mut self) {
        let most = (KEPT_BYTES_MAX / self.exceptions.len().max(1)).max(KEPT_BYTES_MIN);
        for exception in &mut self.exceptions {
            exception.message.truncate(head_of(&exception.message, most).len());
            exception.message.shrink_to_fit();
            exception.notes = Vec::new();
        }
        self.exceptions.shrink_to_fit();
    }

    /// The exception that ended the task; of a group, the group.
    #[must_use]
    pub fn raised(&self) -> Option<&Exception> {
        self.exceptions.last()
    }

    /// The first exception; of a group, where its first member began.
    #[must_use]
    pub fn root(&self) -> Option<&Exception> {
        self.exceptions.first()
    }

    /// The exceptions that a group holds, each with those that it came out of before it; not what groups inside it hold.
    pub fn members(&self, group: usize) -> impl Iterator<Item = &Exception> {
        self.exceptions.iter().filter(move |exception| exception.group == Some(group))
    }

    /// Puts the exceptions of another chain behind its own, and bounds what is kept.
    pub(super) fn append(&mut self, other: Vec<Exception>) {
        let mut all = Collected::default();
        let own = std::mem::take(&mut self.exceptions);
        let moved_by = own.len();
        for exception in own {
            let group = exception.group;
            all.push(exception, group);
        }
        for mut exception in other {
            if moved_by > 0 && exception.group.is_none() && exception.link == Link::First {
                exception.link = Link::Beside;
            }
            truncate(&mut exception.message);
            let group = exception.group.map(|group| group + moved_by);
            all.push(exception, group);
        }
        while all.kept.len() > EXCEPTIONS_MAX {
            all.bound();
        }
        self.exceptions = all.in_order();
    }
}

/// Exceptions while they are being read: a group before its members.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// With the number that each was given, ascending.
    kept: Vec<(usize, Exception)>,
    /// For each number, that of its group.
    groups: Vec<Option<usize>>,
}

impl Collected {
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Takes an exception of that group; gives its number.
    pub(super) fn push(&mut self, mut exception: Exception, group: Option<usize>) -> usize {
        exception.group = group;
        let number = self.groups.len();
        self.groups.push(group);
        self.kept.push((number, exception));
        number
    }

    /// Lets one go where there are too many: the root and the latest are what matters, so it is one from the middle.
    pub(super) fn bound(&mut self) {
        if self.kept.len() > EXCEPTIONS_MAX {
            self.kept.remove(EXCEPTIONS_MAX / 2);
        }
    }

    /// The number of the exception taken last.
    pub(super) fn last_number(&self) -> Option<usize> {
        self.kept.last().map(|(number, _)| *number)
    }

    /// The exception taken last.
    pub(super) fn last_mut(&mut self) -> Option<&mut Exception> {
        self.kept.last_mut().map(|(_, exception)| exception)
    }

    fn place(&self, number: usize) -> Option<usize> {
        self.kept.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    /// The one with that number.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Exception> {
        let place = self.place(number)?;
        self.kept.get_mut(place).map(|(_, exception)| exception)
    }

    /// The exceptions as a chain has them: members before their group, root first.
    pub(super) fn in_order(self) -> Vec<Exception> {
        // A group that was let go leaves its members to the one around it.
        let group_of = |exception: &Exception| {
            let mut group = exception.group;
            while let Some(number) = group
                && self.place(number).is_none()
            {
                group = self.groups.get(number).copied().flatten();
            }
            group.and_then(|number| self.place(number))
        };
        let parents: Vec<Option<usize>> = self.kept.iter().map(|(_, exception)| group_of(exception)).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.kept.len()];
        let mut tops = Vec::new();
        for (index, parent) in parents.iter().enumerate() {
            parent.and_then(|parent| members.get_mut(parent)).unwrap_or(&mut tops).push(index);
        }
        let mut order = Vec::with_capacity(self.kept.len());
        visit(&tops, &members, &mut order);
        let mut new_places = vec![None; self.kept.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(place) = new_places.get_mut(old) {
                *place = Some(new);
            }
        }
        let mut left: Vec<Option<Exception>> = self.kept.into_iter().map(|(_, exception)| Some(exception)).collect();
        let mut exceptions = Vec::with_capacity(order.len());
        for old in order {
            if let Some(mut exception) = left.get_mut(old).and_then(Option::take) {
                let parent = parents.get(old).copied().flatten();
                exception.group = parent.and_then(|parent| new_places.get(parent).copied().flatten());
                exceptions.push(exception);
            }
        }
        exceptions
    }
}

/// The members of a group, each behind its own. As deep as groups are followed in reading.
fn visit(group: &[usize], members: &[Vec<usize>], order: &mut Vec<usize>) {
    for &index in group {
        if let Some(inner) = members.get(index) {
            visit(inner, members, order);
        }
        order.push(index);
    }
}

/// Shortens a message that is too long.
pub(super) fn truncate(message: &mut String) {
    message.truncate(head_of(message, MESSAGE_BYTES_MAX).len());
}

/// Adds a frame, the innermost last; of too many the outermost goes.
pub(super) fn push_frame(frames: &mut Vec<Frame>, frame: Frame) {
    if frames.len() == FRAMES_MAX {
        frames.remove(0);
    }
    frames.push(frame);
}

/// Writes exceptions as Python prints them, each with its frames, and notes where their lines begin. The members of a group are
/// written before it and without Python's bars, so that a rule finds their lines as it finds any other's.
pub(super) fn render(exceptions: &mut [Exception], text: &mut String) {
    for (index, exception) in exceptions.iter_mut().enumerate() {
        text.push_str(match exception.link {
            Link::First | Link::Beside if index == 0 || text.ends_with('\n') => "",
            Link::First | Link::Beside => "\n",
            Link::Cause => "\n\nThe above exception was the direct cause of the following exception:\n\n",
            // Where the log does not tell: a cause is nearly always raised from while it is being handled.
            Link::Context | Link::CauseOrContext => "\n\nDuring handling of the above exception, another exception occurred:\n\n",
        });
        text.push_str("Traceback (most recent call last):\n");
        // Writing to a String cannot fail.
        for frame in exception.frames.iter() {
            let _ = match frame.function.as_str() {
                "" => writeln!(text, "  File \"{}\", line {}", frame.file, frame.line),
                function => writeln!(text, "  File \"{}\", line {}, in {function}", frame.file, frame.line),
            };
        }
        if let Some(spot) = exception.syntax.as_ref().filter(|spot| !spot.text.is_empty()) {
            let _ = writeln!(text, "    {}", spot.text);
        }
        exception.at = text.len();
        if let Some(module) = &exception.module {
            let _ = write!(text, "{module}.");
        }
        text.push_str(&exception.class);
        if !exception.message.is_empty() {
            let _ = write!(text, ": {}", exception.message);
        }
        for note in &exception.notes {
            text.push('\n');
            text.push_str(note);
        }
    }
}
