//! Exception chains, read from the text that Python prints: which exceptions, in which order, from which frames. Line by line, so that a
//! traceback may as well come in pieces (see `pieces`).

use std::sync::Arc;

use super::Frame;
use super::call::may_name_address;
use super::exception::{
    Chain, Collected, Exception, GROUP_DEPTH_MAX, Link, MESSAGE_BYTES_MAX, NOTES_MAX, SyntaxSpot, push_frame, truncate,
};
use super::python_line::{Bars, bars, exception_line, frame, is_head, link};

/// How many lines that are none of its own a traceback may have before it counts as broken off: what other processes write between.
const FOREIGN_LINES_MAX: u8 = 3;

/// How much of the source of one frame is read: a call of some lines.
const CODE_BYTES_MAX: usize = 600;

/// Reads the exceptions in a record's text. Without a traceback, there or `elsewhere` in the record, a line that is an exception with its
/// full framing counts as one.
#[must_use]
pub(super) fn parse(text: &str, elsewhere: bool) -> Chain {
    let has_traceback = elsewhere
        || text.contains("Traceback (most recent call last)")
        || text.contains("Exception Group Traceback")
        || text.contains("  File \"");
    let mut reader = Reader { bare_lines: !has_traceback, ..Reader::default() };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        reader.line(line, at);
        at += line.len();
    }
    reader.finish()
}

/// Where a [`Reader`] is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reading {
    /// In what is no traceback.
    #[default]
    Text,
    /// Behind a head or a frame: an exception's line must follow.
    Frames,
    /// Behind an exception's line.
    Message,
    /// Behind the number of a group's member, which may have no traceback of its own.
    Member,
    /// In a stack that belongs to no exception.
    Stack,
}

/// Reads tracebacks line by line.
#[derive(Debug, Default)]
pub(super) struct Reader {
    collected: Collected,
    state: Reading,
    frames: Vec<Frame>,
    /// By how much the frames are indented, or the head where there are none yet.
    indent: usize,
    /// The source line below a frame that names no function.
    source: String,
    /// The source below the frame that was read last, its lines joined.
    code: String,
    /// The link line that was read last, if its exception has not come yet.
    link: Option<Link>,
    /// Something was read on the outermost level.
    began: bool,
    /// The open groups.
    levels: Vec<Level>,
    /// Lines behind bars belong to a group.
    has_groups: bool,
    foreign: u8,
    bare_lines: bool,
    head_seen: bool,
    /// Unindented text has been read.
    words_seen: bool,
    /// The line before was a line of source, and nothing else came before.
    in_source: bool,
    /// An exception without a traceback of its own, with which the text's last paragraph began: a link behind it makes it the first of a
    /// chain.
    alone: Option<(Exception, usize)>,
    /// The line before was blank.
    after_blank: bool,
    unfinished: Vec<Frame>,
    cut_top: bool,
}

/// The members of a group that are being read.
#[derive(Debug)]
struct Level {
    /// Where their bars stand.
    column: usize,
    /// The number of the group.
    group: Option<usize>,
    began: bool,
}

impl Reader {
    /// Where it is.
    pub(super) fn state(&self) -> Reading {
        self.state
    }

    /// Whether a line that links exceptions was read and its exception is awaited.
    pub(super) fn awaits_next(&self) -> bool {
        self.link.is_some()
    }

    /// Whether a line goes on with an exception group that was begun.
    pub(super) fn in_group(&self, line: &str) -> bool {
        self.has_groups && line.trim_start().starts_with(['|', '+'])
    }

    /// Reads a line that begins at the byte `start`.
    pub(super) fn line(&mut self, line: &str, start: usize) {
        let full = line.trim_end_matches(['\n', '\r']);
        let line = self.behind_bars(full);
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let at = start + full.len() - trimmed.len();
        if trimmed.is_empty() {
            if self.state == Reading::Message {
                self.state = Reading::Text;
            }
        } else if is_head(trimmed) {
            self.break_off();
            self.alone = None;
            self.state = Reading::Frames;
            self.indent = indent;
            self.head_seen = true;
        } else if let Some(link) = link(trimmed) {
            self.break_off();
            // urllib3 and others raise from an exception that was never raised itself: Python prints its line alone.
            if let Some((exception, at)) = self.alone.take() {
                self.exception(exception, at);
            }
            self.cut_top |= self.collected.is_empty();
            self.link = Some(link);
            self.state = Reading::Text;
        } else if is_stack_head(trimmed) {
            self.break_off();
            self.state = Reading::Stack;
        } else if let Some(frame) = frame(trimmed) {
            self.frame(frame, indent);
        } else {
            self.other(line, trimmed, indent, at);
        }
        self.after_blank = trimmed.is_empty();
        self.in_source = self.state == Reading::Text && self.collected.is_empty() && !self.words_seen && indent > 0;
    }

    /// What was read.
    pub(super) fn finish(mut self) -> Chain {
        self.break_off();
        Chain { exceptions: self.collected.in_order(), unfinished: self.unfinished, cut_top: self.cut_top }
    }

    fn frame(&mut self, frame: Frame, indent: usize) {
        match self.state {
            Reading::Stack => return,
            Reading::Frames => {}
            Reading::Text | Reading::Message | Reading::Member => {
                self.frames.clear();
                self.cut_top |= !self.head_seen && self.collected.is_empty();
                self.state = Reading::Frames;
            }
        }
        self.indent = indent;
        self.foreign = 0;
        self.source.clear();
        self.end_of_code();
        push_frame(&mut self.frames, frame);
    }

    /// A line that is neither a head nor a frame nor a link.
    fn other(&mut self, line: &str, trimmed: &str, indent: usize, at: usize) {
        match self.state {
            Reading::Frames => {
                let (below, headed) =
                    if self.frames.is_empty() { (indent <= self.indent, true) } else { (indent < self.indent, self.head_seen) };
                // Where the indentation was lost, source lines stand as exceptions do: only the name tells them apart.
                let lost = self.indent == 0 && !self.frames.is_empty();
                if !below && !lost {
                    self.source_line(trimmed);
                } else if let Some(name) =
                    exception_line(trimmed).filter(|name| name.is_without_doubt() || (below && headed && name.in_traceback()))
                {
                    self.exception(name.exception(), at);
                } else if lost {
                    self.source_line(trimmed);
                } else {
                    self.foreign += 1;
                    if self.foreign > FOREIGN_LINES_MAX {
                        self.break_off();
                    }
                }
            }
            Reading::Message if trimmed == "\"\"\"" => self.state = Reading::Text,
            Reading::Message => self.message(line),
            Reading::Member => {
                if let Some(name) = exception_line(trimmed) {
                    self.exception(name.exception(), at);
                }
            }
            Reading::Stack if indent > 0 => {}
            Reading::Stack | Reading::Text => {
                self.state = Reading::Text;
                let name = exception_line(trimmed).filter(|name| name.looks_like_exception());
                match name {
                    Some(name) if self.bare_lines || self.link.is_some() => {
                        self.cut_top |= self.in_source;
                        self.exception(name.exception(), at);
                    }
                    Some(name) if indent == 0 && self.collected.is_empty() => self.alone = Some((name.exception(), at)),
                    _ => self.words(line, indent),
                }
            }
        }
    }

    /// A line of text that is nothing else.
    fn words(&mut self, line: &str, indent: usize) {
        self.words_seen |= indent == 0;
        match &mut self.alone {
            Some((exception, _)) if !self.after_blank && exception.message.len() < MESSAGE_BYTES_MAX => {
                exception.message.push('\n');
                exception.message.push_str(line);
            }
            alone => *alone = None,
        }
    }

    fn source_line(&mut self, trimmed: &str) {
        if self.source.is_empty() && self.frames.last().is_some_and(|frame| frame.function.is_empty()) {
            trimmed.clone_into(&mut self.source);
        }
        // Below a line of source newer Pythons mark the part of it that failed.
        let is_mark = trimmed.bytes().all(|byte| matches!(byte, b'~' | b'^' | b' '));
        if !is_mark && self.code.len() + trimmed.len() < CODE_BYTES_MAX {
            self.code.push_str(trimmed);
            self.code.push('\n');
        }
    }

    /// All source of the frame that was read last has been read.
    fn end_of_code(&mut self) {
        if may_name_address(&self.code)
            && let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_application())
        {
            frame.code = Some(self.code.trim_end().into());
        }
        self.code.clear();
    }

    fn exception(&mut self, mut exception: Exception, at: usize) {
        self.end_of_code();
        exception.at = at;
        exception.frames = Arc::new(std::mem::take(&mut self.frames));
        if let Some(last) = exception.frames.last().filter(|last| last.function.is_empty()) {
            let text = std::mem::take(&mut self.source);
            exception.syntax = Some(SyntaxSpot { file: last.file.clone(), line: last.line, text });
        }
        let (group, began) = match self.levels.last_mut() {
            Some(level) => (level.group, &mut level.began),
            None => (None, &mut self.began),
        };
        exception.link = match self.link.take() {
            Some(link) if *began => link,
            _ if *began => Link::Beside,
            _ => Link::First,
        };
        *began = true;
        truncate(&mut exception.message);
        self.collected.push(exception, group);
        self.collected.bound();
        self.foreign = 0;
        self.state = Reading::Message;
    }

    /// A further line of a message, or a note.
    fn message(&mut self, line: &str) {
        let Some(last) = self.collected.last_mut() else { return };
        if has_one_line(last) {
            if last.notes.len() < NOTES_MAX {
                last.notes.push(line.to_owned());
            }
        } else if last.message.len() < MESSAGE_BYTES_MAX {
            last.message.push('\n');
            last.message.push_str(line);
        }
    }

    /// The frames that were read will have no exception.
    fn break_off(&mut self) {
        self.end_of_code();
        if self.state != Reading::Text {
            self.alone = None;
        }
        if self.state == Reading::Frames && !self.frames.is_empty() {
            self.unfinished = std::mem::take(&mut self.frames);
        }
        self.frames.clear();
        self.source.clear();
        self.foreign = 0;
        self.state = Reading::Text;
    }

    /// A line without the bars that a group has before it; opens and closes the levels of groups.
    fn behind_bars<'a>(&mut self, full: &'a str) -> &'a str {
        match bars(full, self.has_groups) {
            Bars::None => {
                if !full.trim().is_empty() {
                    self.levels.clear();
                }
                return full;
            }
            Bars::Inside { column, inner } => {
                self.has_groups = true;
                self.leave_levels(column);
                return inner;
            }
            Bars::Open { column } => {
                self.break_off();
                self.leave_levels(column);
                if self.levels.len() < GROUP_DEPTH_MAX {
                    let group = self.collected.last_number();
                    if let Some(group) = group.and_then(|group| self.collected.get_mut(group)) {
                        group.is_group = true;
                    }
                    self.levels.push(Level { column: column + 2, group, began: false });
                }
                self.state = Reading::Member;
            }
            Bars::Next { column } => {
                self.break_off();
                self.leave_levels(column);
                self.state = Reading::Member;
            }
            Bars::Close { column } => {
                self.break_off();
                self.leave_levels(column.saturating_sub(1));
            }
        }
        self.link = None;
        ""
    }

    /// Leaves the groups whose bars stand further in.
    fn leave_levels(&mut self, column: usize) {
        while self.levels.last().is_some_and(|level| level.column > column) {
            self.levels.pop();
        }
    }
}

/// Whether a message ends with its first line, so that what follows are notes.
fn has_one_line(exception: &Exception) -> bool {
    exception.module.is_none() && matches!(exception.class.as_str(), "KeyError" | "SyntaxError" | "IndentationError" | "TabError")
        || (exception.class.ends_with("ExceptionGroup") && exception.message.ends_with(" sub-exceptions)"))
        || (exception.class.ends_with("ExceptionGroup") && exception.message.ends_with("(1 sub-exception)"))
}

/// The head of a stack without an exception: Airflow's answer to SIGTERM, `logging`'s `stack_info`, and what it prints when it fails itself.
fn is_stack_head(line: &str) -> bool {
    line.starts_with("Stack (most recent call last)") || matches!(line.trim_end(), "Stacktrace:" | "Call stack:")
}

#[cfg(test)]
#[path = "traceback_tests.rs"]
mod tests;
