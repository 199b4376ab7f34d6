//! Where the reading of a log stopped, so that it can go on there when the log has grown.

use serde::{Deserialize, Serialize};

use super::speaker::Speakers;

/// The place before the last record of a log, and what was known there. It is not behind that record, for its lines may go on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// How many bytes stand before it.
    pub at: u64,
    /// The bytes before it, at most [`super::BEFORE_BYTES_MAX`].
    pub before: &'a [u8],
    /// The number of the record's first line, from 1.
    line: u32,
    speakers: Option<&'a Speakers>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(at: u64, before: &'a [u8], line: u32, speakers: Option<&'a Speakers>) -> Self {
        Self { at, before, line, speakers }
    }

    /// What of it has to be written down.
    #[must_use]
    pub fn to_place(self) -> Place {
        Place { at: self.at, line: self.line, speakers: self.speakers.cloned() }
    }
}

/// Where reading goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    /// How many bytes were read before.
    pub at: u64,
    /// The number of the first line that is read, from 1.
    pub(super) line: u32,
    /// Whose records stood before it, where the name of the log does not tell.
    pub(super) speakers: Option<Speakers>,
}
