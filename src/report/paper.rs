//! What a report for a person is written on: how wide it is, and what it shows beside letters.

use std::path::Path;

/// The sheet or screen that text is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper<'a> {
    /// How many characters a line may have. What cannot be broken (a path, a command) may be longer.
    pub width: usize,
    /// Whether text may carry ANSI colours.
    pub color: bool,
    /// From where relative paths go, where places of logs may be links that a terminal opens (OSC 8).
    pub links: Option<&'a Path>,
    /// Whether it rolls by, so that its end is what is seen first.
    pub rolls: bool,
}

impl Paper<'_> {
    /// The width of a terminal that nobody made wider.
    pub const WIDTH: usize = 80;

    /// The longest lines that are good to read.
    pub const WIDTH_MAX: usize = 100;

    /// The narrowest on which the columns of labels leave room for text.
    pub const WIDTH_MIN: usize = 60;
}

impl Paper<'static> {
    /// A file or a pipe.
    pub const PLAIN: Self = Self { width: Self::WIDTH, color: false, links: None, rolls: false };

    /// A mail: two answers may put their marks in front, and no line is longer than 78 characters, as RFC 5322 wants it.
    pub const MAIL: Self = Self { width: 76, ..Self::PLAIN };
}

impl Default for Paper<'static> {
    fn default() -> Self {
        Self::PLAIN
    }
}
