//! Reads an object in pieces, of which some are asked for before they are needed.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange};

use super::fault::Fault;
use super::requests::{AHEAD_BYTES_MAX, Answer, FIRST_BYTES_MAX, Leave};
use super::store::Store;

/// What is asked for at once.
const PIECE_BYTES: u64 = 2 << 20;

/// How many pieces after the one that is read are asked for, where an object is read from its start to its end.
const PIECES_AHEAD: u64 = 4;

/// How many pieces are kept of an object that is read here and there, as a zip archive is.
const PIECES_KEPT_MAX: usize = 8;

/// An object in an object store.
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    /// How it is called.
    name: Arc<str>,
    store: Arc<Store>,
    key: Path,
    /// How long it was when it was found.
    bytes: u64,
    /// Its first piece, where it was asked for before anybody reads it. Whoever reads it takes it, and frees its memory.
    first: Mutex<Option<Answer<Piece>>>,
}

/// A piece of an object, as far as it came.
struct Piece {
    bytes: Vec<u8>,
    /// Why it ends early.
    fault: Option<Fault>,
    /// How long the object is.
    whole: u64,
    /// What tells it from another object of the same name.
    etag: Option<String>,
    _leave: Option<Leave>,
}

impl Object {
    pub(super) fn new(name: Arc<str>, store: Arc<Store>, key: Path, bytes: u64) -> Self {
        Self(Arc::new(Inner { name, store, key, bytes, first: Mutex::default() }))
    }

    /// Asks for the first piece, if what is held ahead allows it.
    pub(super) fn ask_ahead(&self) {
        if let Some(leave) = self.0.store.requests.leave(self.0.bytes.min(PIECE_BYTES), FIRST_BYTES_MAX) {
            *self.first() = self.0.ask_first(Some(leave));
        }
    }

    /// Its first bytes; none where they cannot be read.
    pub(super) fn head(&self, bytes_max: usize) -> Option<Vec<u8>> {
        let answer = self.first_piece()?;
        *self.first() = Some(answer.clone());
        let piece = answer.wait();
        (piece.fault.is_none() || !piece.bytes.is_empty()).then(|| piece.bytes.iter().take(bytes_max).copied().collect())
    }

    /// Opens it for reading: waits until its first piece is there.
    ///
    /// # Errors
    /// Why nothing of it can be read, as the end of a sentence.
    pub(in crate::source) fn open(&self) -> Result<Opened, String> {
        let first = self.first_piece();
        let (whole, etag) = match first.as_ref().map(Answer::wait) {
            Some(Piece { bytes, fault: Some(fault), .. }) if bytes.is_empty() => return Err(fault.says.clone()),
            Some(piece) => (piece.whole, piece.etag.clone()),
            None => (0, None),
        };
        let kept = first.into_iter().map(|piece| (0, piece)).collect();
        let shared = Shared { object: self.clone(), whole, etag, is_sought: false.into(), kept: Mutex::new(kept) };
        Ok(Opened { shared: Arc::new(shared), at: 0, piece: None })
    }

    fn first(&self) -> std::sync::MutexGuard<'_, Option<Answer<Piece>>> {
        self.0.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first piece, asked for now if it was not before; none of an object that was empty when it was found.
    fn first_piece(&self) -> Option<Answer<Piece>> {
        let asked = self.first().take();
        asked.or_else(|| self.0.ask_first(None))
    }
}

impl Inner {
    fn ask_first(&self, leave: Option<Leave>) -> Option<Answer<Piece>> {
        // No store gives a range of nothing.
        (self.bytes > 0).then(|| self.ask(0, None, leave))
    }

    /// Asks for the piece that begins at `from`.
    fn ask(&self, from: u64, etag: Option<String>, leave: Option<Leave>) -> Answer<Piece> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        let range = Some(GetRange::Bounded(from..from.saturating_add(PIECE_BYTES)));
        let options = GetOptions { range, if_match: etag, ..GetOptions::default() };
        let failed = |fault, leave| Piece { bytes: Vec::new(), fault: Some(fault), whole: 0, etag: None, _leave: leave };
        let work = async move {
            let got = match store.objects.get_opts(&key, options).await {
                Ok(got) => got,
                Err(error) => return failed(Fault::of(&error), leave),
            };
            let (whole, etag) = (got.meta.size, got.meta.e_tag.clone());
            let expected = usize::try_from(got.range.end.saturating_sub(got.range.start)).unwrap_or_default();
            let mut bytes = Vec::with_capacity(expected);
            let mut fault = None;
            let mut stream = got.into_stream();
            while let Some(next) = stream.next().await {
                match next {
                    Ok(more) => bytes.extend_from_slice(&more),
                    Err(error) => {
                        fault = Some(Fault::of(&error));
                        break;
                    }
                }
            }
            Piece { bytes, fault, whole, etag, _leave: leave }
        };
        self.store.requests.ask(work, move || failed(Fault::lost(), None))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Object").field(&self.0.name).finish()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Object {}

impl PartialOrd for Object {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Object {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name.cmp(&other.0.name)
    }
}

/// An object that is being read. A clone stands at the same place and goes its own way.
#[derive(Clone)]
pub(in crate::source) struct Opened {
    shared: Arc<Shared>,
    /// Where in the object the next byte stands.
    at: u64,
    /// The piece that is read, by its number.
    piece: Option<(u64, Answer<Piece>)>,
}

/// What all readers of an object share.
struct Shared {
    object: Object,
    /// How long it is.
    whole: u64,
    etag: Option<String>,
    /// Whether it is read here and there, so that pieces that were read are kept for a while.
    is_sought: std::sync::atomic::AtomicBool,
    /// Pieces by their numbers; the one that was wanted last stands last.
    kept: Mutex<VecDeque<(u64, Answer<Piece>)>>,
}

impl Opened {
    /// How long it is.
    pub(in crate::source) fn bytes(&self) -> u64 {
        self.shared.whole
    }

    /// Begins anew, to read it here and there.
    pub(in crate::source) fn sought(self) -> Self {
        self.shared.is_sought.store(true, std::sync::atomic::Ordering::Relaxed);
        Self { at: 0, piece: None, ..self }
    }
}

impl Shared {
    /// A piece; and those after it, where pieces are read in order.
    fn piece(&self, number: u64, is_in_order: bool) -> Answer<Piece> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_sought = self.is_sought.load(std::sync::atomic::Ordering::Relaxed);
        let found = kept.iter().position(|(other, _)| *other == number).and_then(|at| kept.remove(at));
        let wanted = found.unwrap_or_else(|| (number, self.ask(number, None)));
        let answer = wanted.1.clone();
        if is_sought {
            kept.push_back(wanted);
        } else {
            // Whoever reads it has it.
            kept.retain(|(other, _)| *other > number);
        }
        if is_in_order {
            for ahead in number + 1..=number + PIECES_AHEAD {
                if ahead * PIECE_BYTES >= self.whole {
                    break;
                }
                if kept.iter().all(|(other, _)| *other != ahead) {
                    let bytes = PIECE_BYTES.min(self.whole - ahead * PIECE_BYTES);
                    let Some(leave) = self.object.0.store.requests.leave(bytes, AHEAD_BYTES_MAX) else { break };
                    kept.push_back((ahead, self.ask(ahead, Some(leave))));
                }
            }
        }
        while kept.len() > PIECES_KEPT_MAX {
            kept.pop_front();
        }
        answer
    }

    fn ask(&self, number: u64, leave: Option<Leave>) -> Answer<Piece> {
        self.object.0.ask(number * PIECE_BYTES, self.etag.clone(), leave)
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.shared.whole || buffer.is_empty() {
            return Ok(0);
        }
        let number = self.at / PIECE_BYTES;
        let answer = match &self.piece {
            Some((read, answer)) if *read == number => answer,
            read => {
                let is_in_order = read.as_ref().map_or(number == 0, |(read, _)| read + 1 == number);
                let answer = self.shared.piece(number, is_in_order);
                &self.piece.insert((number, answer)).1
            }
        };
        let piece = answer.wait();
        let within = usize::try_from(self.at - number * PIECE_BYTES).unwrap_or(usize::MAX);
        let count = piece.bytes.get(within..).unwrap_or_default().read(buffer)?;
        self.at += count as u64;
        match (count, &piece.fault) {
            (0, Some(fault)) => Err(io::Error::other(fault.says.clone())),
            (0, None) => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(count),
        }
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.shared.whole.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
