//! How far a scan is, for whoever watches it: counted where bytes come from, so that of what is packed those count that lie on the disk, which are
//! also the ones whose number is known beforehand.
//!
//! Readers only add to atomics. Who looks at them, and when, is none of their business: there is no clock here.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much was read so far. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// How many inputs are done.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.0.files.load(Ordering::Relaxed)
    }

    /// How many bytes of inputs were read or are known not to be needed, as they lie on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// An input is done.
    pub fn add_file(&self) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
    }

    /// So many bytes are done.
    pub fn add_bytes(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// How far the reading of one input is. When it is dropped, what was not read of the input counts as read: what a limit cuts off or an archive's
/// members that are no logs are behind it.
#[derive(Debug)]
pub(super) struct Reach {
    all: Progress,
    /// How long the input is; `None` for what has no end that is known.
    length: Option<u64>,
    read: AtomicU64,
}

impl Reach {
    pub(super) fn new(all: &Progress, length: Option<u64>) -> Arc<Self> {
        Arc::new(Self { all: all.clone(), length, read: AtomicU64::new(0) })
    }

    /// Counts bytes, though never more than the input has: a zip archive's table of contents is read by each thread.
    pub(super) fn add(&self, bytes: u64) {
        let before = self.read.fetch_add(bytes, Ordering::Relaxed);
        let left = self.length.map_or(u64::MAX, |length| length.saturating_sub(before));
        self.all.add_bytes(bytes.min(left));
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        let read = *self.read.get_mut();
        self.all.add_bytes(self.length.map_or(0, |length| length.saturating_sub(read)));
    }
}

/// Counts what is read through it.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) reach: Arc<Reach>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.reach.add(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn an_input_counts_as_long_as_it_is() {
        let progress = Progress::default();
        // All of it, twice, a part of it, and of no known length.
        for (length, read, counted) in [(Some(10), 10, 10), (Some(10), 20, 10), (Some(10), 3, 3), (None, 30, 30)] {
            let before = progress.bytes();
            let reach = Reach::new(&progress, length);
            let mut reader = Counted { inner: io::repeat(b'x').take(read), reach };
            io::copy(&mut reader, &mut io::sink()).unwrap();
            assert_eq!(progress.bytes() - before, counted, "{length:?}, {read}");
            drop(reader);
            assert_eq!(progress.bytes() - before, length.unwrap_or(read), "{length:?}, {read}, when it is done");
        }
        assert_eq!(progress.files(), 0);
    }
}
