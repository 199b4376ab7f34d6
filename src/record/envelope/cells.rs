//! The cells of one row of CSV, read line by line: a quoted cell may hold line feeds.

/// How far a row has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on in the next line.
    More,
    /// It is whole.
    Whole,
    /// Behind the quote that ends a cell stands neither a comma nor the end of the line.
    Damaged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    Bare,
    Quoted,
    /// Behind a quote that ends the cell, or is the first of two that stand for one.
    Closed,
}

/// The cells of a row.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// Those that are whole.
    pub(super) done: Vec<Vec<u8>>,
    open: Vec<u8>,
    state: State,
}

impl Cells {
    /// Takes a line with its end.
    pub(super) fn take(&mut self, line: &[u8]) -> Step {
        let mut rest = line;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match (self.state, byte) {
                (State::Quoted, b'"') => self.state = State::Closed,
                (State::Quoted, byte) => {
                    self.open.push(*byte);
                    let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    self.open.extend_from_slice(&rest[..end]);
                    rest = &rest[end..];
                }
                (State::Start, b'"') => self.state = State::Quoted,
                (State::Closed, b'"') => {
                    self.open.push(b'"');
                    self.state = State::Quoted;
                }
                (State::Start | State::Bare | State::Closed, b',') => self.close(),
                (State::Start | State::Bare | State::Closed, b'\n') => return self.finish(),
                (State::Closed, b'\r') => {}
                (State::Closed, _) => return Step::Damaged,
                (State::Start | State::Bare, byte) => {
                    self.open.push(*byte);
                    self.state = State::Bare;
                }
            }
        }
        Step::More
    }

    /// Ends the row, where the file does.
    pub(super) fn finish(&mut self) -> Step {
        if self.state == State::Quoted {
            return Step::More;
        }
        if self.state == State::Bare && self.open.last() == Some(&b'\r') {
            self.open.pop();
        }
        self.close();
        Step::Whole
    }

    /// Ends the cell.
    pub(super) fn close(&mut self) {
        self.done.push(std::mem::take(&mut self.open));
        self.state = State::Start;
    }
}
