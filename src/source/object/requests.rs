//! The one thread that talks to object stores, and what it may hold of answers that nobody has asked for yet.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How much of objects is held at most before a thread of the scan reads it.
pub(super) const AHEAD_BYTES_MAX: u64 = 64 << 20;

/// How much of that may be first pieces of objects; the rest is left for the next pieces of those that are being read.
pub(super) const FIRST_BYTES_MAX: u64 = AHEAD_BYTES_MAX / 2;

/// The thread that talks to object stores. It ends when this is dropped.
pub(super) struct Requests {
    handle: Handle,
    ahead: Arc<AtomicU64>,
    _end: oneshot::Sender<()>,
}

impl Requests {
    pub(super) fn start() -> io::Result<Arc<Self>> {
        // There must be one for the whole process; if somebody else has named one, it serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("object-stores".to_owned()).spawn(move || {
            // Ends with an error when its sender is dropped, which is what it waits for.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Arc::new(Self { handle, ahead: Arc::default(), _end: end }))
    }

    /// Begins work. Where it comes to no end, `lost` stands for what it would have given.
    pub(super) fn ask<T: Send + Sync + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let cell = Arc::new(OnceLock::new());
        let filling = Filling { cell: Arc::clone(&cell), lost: Some(lost) };
        self.handle.spawn(async move {
            let filling = filling;
            let _ = filling.cell.set(work.await);
        });
        Answer(cell)
    }

    /// Begins work whose result nobody waits for.
    pub(super) fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }

    /// Leave to hold so many bytes ahead, unless that would be more than `bytes_max` in all.
    pub(super) fn leave(&self, bytes: u64, bytes_max: u64) -> Option<Leave> {
        let add = |held: u64| held.checked_add(bytes).filter(|held| *held <= bytes_max);
        self.ahead.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Leave { bytes, ahead: Arc::clone(&self.ahead) })
    }
}

/// What comes of work, as soon as it comes.
pub(super) struct Answer<T>(Arc<OnceLock<T>>);

impl<T> Answer<T> {
    /// Waits for it.
    pub(super) fn wait(&self) -> &T {
        self.0.wait()
    }

    /// Whether it has come.
    pub(super) fn has_come(&self) -> bool {
        self.0.get().is_some()
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Sees to it that nobody waits in vain: work that is thrown away leaves an answer too.
struct Filling<T, L: FnOnce() -> T> {
    cell: Arc<OnceLock<T>>,
    lost: Option<L>,
}

impl<T, L: FnOnce() -> T> Drop for Filling<T, L> {
    fn drop(&mut self) {
        if let Some(lost) = self.lost.take().filter(|_| self.cell.get().is_none()) {
            let _ = self.cell.set(lost());
        }
    }
}

/// Leave to hold some bytes ahead, given back when it is dropped.
pub(super) struct Leave {
    bytes: u64,
    ahead: Arc<AtomicU64>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.ahead.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn nobody_waits_in_vain() {
        let requests = Requests::start().unwrap();
        assert_eq!(*requests.ask(async { 1 }, || 2).wait(), 1);
        let lost = requests.ask(async { if requests_fail() { panic!("on purpose") } else { 1 } }, || 2);
        assert_eq!(*lost.wait(), 2);
        let endless = requests.ask(std::future::pending(), || 3);
        assert!(!endless.has_come());
        drop(requests);
        assert_eq!(*endless.wait(), 3);
    }

    fn requests_fail() -> bool {
        true
    }

    #[test]
    fn what_is_held_ahead_is_bounded() {
        let requests = Requests::start().unwrap();
        let first = requests.leave(6, 10).unwrap();
        assert!(requests.leave(5, 10).is_none());
        let second = requests.leave(4, 10).unwrap();
        assert!(requests.leave(1, 10).is_none());
        drop((first, second));
        assert!(requests.leave(10, 10).is_some());
    }
}
