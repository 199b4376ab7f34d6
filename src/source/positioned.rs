//! Reads a file at a place of one's own, so that many may read the one that was opened.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::progress::Reach;

/// What is read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A buffered reader of a file. A clone stands at the same place and goes its own way.
pub(super) struct Positioned {
    file: Arc<File>,
    /// Where in the file the next byte stands.
    at: u64,
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    given: usize,
    reach: Arc<Reach>,
}

impl Positioned {
    pub(super) fn new(file: File, reach: Arc<Reach>) -> Self {
        Self { file: Arc::new(file), at: 0, buffer: Vec::new(), given: 0, reach }
    }
}

impl Clone for Positioned {
    fn clone(&self) -> Self {
        Self { file: Arc::clone(&self.file), at: self.at, buffer: Vec::new(), given: 0, reach: Arc::clone(&self.reach) }
    }
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.buffer.len() {
            if buffer.len() >= BUFFER_BYTES {
                let count = read_at(&self.file, buffer, self.at)?;
                self.at += count as u64;
                self.reach.add(count as u64);
                return Ok(count);
            }
            self.given = 0;
            self.buffer.resize(BUFFER_BYTES, 0);
            let result = read_at(&self.file, &mut self.buffer, self.at);
            self.buffer.truncate(*result.as_ref().unwrap_or(&0));
            self.reach.add(result? as u64);
        }
        let count = self.buffer.get(self.given..).unwrap_or_default().read(buffer)?;
        self.given += count;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        // Steps within the buffer are many, where a table of contents is read.
        let start = self.at - self.given as u64;
        match at.checked_sub(start).and_then(|given| usize::try_from(given).ok()).filter(|given| *given <= self.buffer.len()) {
            Some(given) => self.given = given,
            None => {
                self.buffer.clear();
                self.given = 0;
            }
        }
        self.at = at;
        Ok(at)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use std::io::Write;

    use super::super::progress::Progress;
    use super::*;

    #[test]
    fn places_are_those_of_a_file() {
        let bytes: Vec<u8> = (0..3 * BUFFER_BYTES).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut reader = Positioned::new(file, Reach::new(&Progress::default(), None));
        let mut clone = reader.clone();
        let mut piece = [0; 100];
        for to in [0, 70, 60, 2 * BUFFER_BYTES - 10, 10, BUFFER_BYTES] {
            assert_eq!(reader.seek(SeekFrom::Start(to as u64)).unwrap(), to as u64);
            assert_eq!(reader.stream_position().unwrap(), to as u64);
            reader.read_exact(&mut piece).unwrap();
            assert_eq!(piece, bytes[to..to + 100]);
            let back = reader.seek(SeekFrom::Current(-50)).unwrap();
            reader.read_exact(&mut piece).unwrap();
            assert_eq!((back, &piece[..]), (to as u64 + 50, &bytes[to + 50..to + 150]));
        }
        let mut end = Vec::new();
        reader.seek(SeekFrom::End(-7)).unwrap();
        reader.read_to_end(&mut end).unwrap();
        assert_eq!(end, bytes[bytes.len() - 7..]);
        let mut all = Vec::new();
        clone.read_to_end(&mut all).unwrap();
        assert!(all == bytes);
        assert!(clone.seek(SeekFrom::Current(i64::MIN)).is_err());
    }
}
