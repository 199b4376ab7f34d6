//! Shares the members of one archive among threads. One thread takes the archive apart, and any of them looks at what it holds.
//!
//! Which members are read, and how much of them, is decided by the one thread alone, in the order of the archive: limits hold at the same
//! places however many threads there are. What is packed itself is unpacked by that thread, for it draws on the same budget.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::archive::{Options, Place, Reading};
use super::format::{self, Format};
use super::limits::Budget;
use super::passover::PassedOver;
use super::{Input, Source};
use crate::error::Problem;

/// The longest member that is held in memory to be shared; the thread that unpacks a longer one looks at it itself.
pub(super) const MEMBER_BYTES_MAX: u64 = 1 << 20;

/// From how much text on a batch of members is handed over: smaller ones cost more than they gain.
const BATCH_BYTES: usize = 256 << 10;

/// How much text may wait for a thread. Beyond, the thread that unpacks looks at it itself.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// A piece of work that any thread may do.
pub type Job<'s> = Box<dyn FnOnce() + Send + 's>;

/// Takes a job, for any thread to do.
pub type Hand<'f, 's> = &'f dyn Fn(Job<'s>);

/// The threads that may take part in reading one input.
pub trait Crew: Sync {
    /// Whether there is one thread only, so that nothing is gained by sharing.
    fn is_one(&self) -> bool;

    /// Calls `feed` with a function that takes jobs, and comes back when all of them are done.
    fn share<'s>(&self, feed: &mut dyn FnMut(Hand<'_, 's>));
}

/// What any thread calls with a log and its text, and the number of the log in its input, in the order of which they stand there.
pub type SharedVisit<'a> = &'a (dyn Fn(u64, Source, &mut dyn Read) -> io::Result<()> + Sync);

/// What it takes to read a member on another thread.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) input: &'a Input,
    pub(super) options: &'a Options,
    pub(super) visit: SharedVisit<'a>,
    pub(super) crew: &'a dyn Crew,
}

impl Shared<'_> {
    /// Reads members that are not packed, beside the thread that takes their archive apart.
    pub(super) fn aside(&self, gathered: &Gathered, work: impl FnOnce(&mut Reading<'_>)) {
        let mut visit = |nth, source, text: &mut dyn Read| (self.visit)(nth, source, text);
        let budget = Budget::new(&self.options.limits, None);
        let mut reading = Reading::new(self.input, self.options, &mut visit, &budget);
        work(&mut reading);
        let mut all = gathered.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.extend(reading.problems);
        all.1.extend(reading.passed_over);
    }
}

/// What the threads give back.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) all: Mutex<(Vec<Problem>, PassedOver)>,
    /// How much text waits for a thread.
    waiting: AtomicUsize,
    /// Buffers of batches that are done.
    free: Mutex<Vec<Vec<u8>>>,
}

/// Members that are handed over together: their text, and where each one's ends.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    members: Vec<(Place, usize)>,
}

/// Hands members over.
pub(super) struct Sharing<'f, 's> {
    shared: Shared<'s>,
    gathered: &'s Gathered,
    hand: Hand<'f, 's>,
    batch: Batch,
}

impl<'f, 's> Sharing<'f, 's> {
    pub(super) fn new(shared: Shared<'s>, gathered: &'s Gathered, hand: Hand<'f, 's>) -> Self {
        Self { shared, gathered, hand, batch: Batch::default() }
    }

    /// Takes a member's text. What is packed, or cannot be read whole, `reading` reads at once.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, place: &Place, text: &mut dyn Read) {
        let held = &mut self.batch.text;
        let start = held.len();
        let result = text.read_to_end(held);
        let member = held.get(start..).unwrap_or_default();
        if result.is_ok() && !is_packed(format::of(member.get(..format::HEAD_BYTES).unwrap_or(member))) {
            self.batch.members.push((place.clone(), self.batch.text.len()));
            if self.batch.text.len() >= BATCH_BYTES {
                self.hand_over();
            }
            return;
        }
        reading.stream(place, &mut Cut { text: member, fault: result.err() });
        held.truncate(start);
    }

    /// Hands over what was taken.
    pub(super) fn hand_over(&mut self) {
        if self.batch.members.is_empty() {
            return;
        }
        let (shared, gathered) = (self.shared, self.gathered);
        let text = gathered.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, Batch { text, members: Vec::new() });
        let bytes = batch.text.len();
        let job = move || {
            let mut from = 0;
            shared.aside(gathered, |reading| {
                for (place, to) in &batch.members {
                    reading.stream(place, &mut batch.text.get(from..*to).unwrap_or_default());
                    from = *to;
                }
            });
            let mut text = batch.text;
            // One that a long member made large is not kept: as many as may wait of those would be too much.
            if text.capacity() <= 2 * BATCH_BYTES {
                text.clear();
                gathered.free.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
            gathered.waiting.fetch_sub(bytes, Ordering::Relaxed);
        };
        if gathered.waiting.fetch_add(bytes, Ordering::Relaxed) > WAITING_BYTES_MAX { job() } else { (self.hand)(Box::new(job)) }
    }
}

/// Whether it is unpacked on the thread that takes its archive apart.
pub(super) fn is_packed(format: Format) -> bool {
    matches!(format, Format::Packed(_) | Format::Tar | Format::Zip)
}

/// Text that was read already, and why it ends there.
struct Cut<'a> {
    text: &'a [u8],
    fault: Option<io::Error>,
}

impl Read for Cut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.text.read(buffer)? {
            0 if !buffer.is_empty() => self.fault.take().map_or(Ok(0), Err),
            count => Ok(count),
        }
    }
}
