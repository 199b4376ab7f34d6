//! Readers that stand between an input and whoever reads its text: they look ahead, count and stop.

use std::cell::Cell;
use std::io::{self, Read};

use super::format::HEAD_BYTES;
use super::limits::Budget;

/// A reader whose first bytes have been looked at. An error that came up meanwhile is given where it belongs: after them.
pub(super) struct Headed<'a> {
    head: [u8; HEAD_BYTES],
    len: usize,
    at: usize,
    fault: Option<io::Error>,
    rest: &'a mut dyn Read,
}

impl<'a> Headed<'a> {
    pub(super) fn new(rest: &'a mut dyn Read) -> Self {
        let mut headed = Self { head: [0; HEAD_BYTES], len: 0, at: 0, fault: None, rest };
        while headed.len < HEAD_BYTES {
            match headed.rest.read(&mut headed.head[headed.len..]) {
                Ok(0) => break,
                Ok(count) => headed.len += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    headed.fault = Some(error);
                    break;
                }
            }
        }
        headed
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head[..self.len]
    }

    /// Skips the mark that some editors put before UTF-8 text: the first record's time stands behind it.
    pub(super) fn skip_mark(&mut self) {
        if self.at == 0 && self.head().starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
    }

    /// Whether an error came up within the first bytes.
    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }
}

impl Read for Headed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at < self.len {
            let count = (&self.head[self.at..self.len]).read(buffer)?;
            self.at += count;
            return Ok(count);
        }
        match self.fault.take() {
            Some(error) => Err(error),
            None => self.rest.read(buffer),
        }
    }
}

/// The kind of the error that says that the budget is spent up.
pub(super) const OVER_BUDGET: io::ErrorKind = io::ErrorKind::FileTooLarge;

/// Draws on the budget for what is unpacked.
pub(super) struct Budgeted<'a, R> {
    pub(super) inner: R,
    pub(super) budget: &'a Budget,
}

impl<R: Read> Read for Budgeted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.spend(count as u64)?;
        Ok(count)
    }
}

/// A member whose size is known. An archive that ends within it is an error here, where `tar` itself sees only an end.
pub(super) struct Whole<R> {
    pub(super) inner: R,
    pub(super) left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() && self.left > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// A member of which an archive says how long it is. What it holds beyond is not read, and what it lacks is an error too.
pub(super) struct Declared<R> {
    pub(super) inner: R,
    pub(super) left: u64,
    /// Whether less of it is read than the archive says, since there is no budget for more.
    pub(super) is_cut: bool,
}

impl<R: Read> Read for Declared<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            if self.is_cut {
                return Err(OVER_BUDGET.into());
            }
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than its archive says")),
            };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        if count == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// What tar reads from. Names and attributes of any length may stand before a member, and `tar` holds them in memory: here they end.
pub(super) struct HeaderGuard<'a> {
    inner: &'a mut dyn Read,
    left: &'a Cell<u64>,
}

impl<'a> HeaderGuard<'a> {
    /// Lets through as many bytes as `left` says; the owner of the cell sets it anew for each header.
    pub(super) fn new(inner: &'a mut dyn Read, left: &'a Cell<u64>) -> Self {
        Self { inner, left }
    }
}

impl Read for HeaderGuard<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.get().checked_sub(count as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::new(io::ErrorKind::InvalidData, "the description of a member is too long")),
        }
        Ok(count)
    }
}

/// What the visitor of a log reads from. Remembers what went wrong, whether or not the visitor says so.
pub(super) struct Metered<'a> {
    inner: &'a mut dyn Read,
    /// How many bytes were read.
    pub(super) bytes: u64,
    bytes_max: u64,
    /// Why it ended early.
    pub(super) fault: Option<Fault>,
}

/// Why a log's text ends early.
pub(super) enum Fault {
    /// It is longer than it may be.
    TooLong,
    /// The budget of its input is spent up, which is said once for the whole input.
    OverBudget,
    /// Reading or unpacking failed.
    Failed(String),
}

impl<'a> Metered<'a> {
    pub(super) fn new(inner: &'a mut dyn Read, bytes_max: u64) -> Self {
        Self { inner, bytes: 0, bytes_max, fault: None }
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) if error.kind() == OVER_BUDGET => {
                self.fault = Some(Fault::OverBudget);
                return Err(error);
            }
            Err(error) => {
                let says = if error.kind() == io::ErrorKind::UnexpectedEof { "it ends early".to_owned() } else { error.to_string() };
                self.fault = Some(Fault::Failed(says));
                return Err(error);
            }
        };
        if self.bytes + count as u64 > self.bytes_max {
            self.fault = Some(Fault::TooLong);
            return Err(OVER_BUDGET.into());
        }
        self.bytes += count as u64;
        Ok(count)
    }
}
