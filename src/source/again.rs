//! What a file is known again by on another day: where it lies, and how it begins and ends. Logs only grow; they are renamed, copied and compressed,
//! and a new one takes the old name.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::path::Path;

use super::archive::source_of;
use super::{Input, Naming, Source};

/// What the file system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// The file system, and the file's number in it; 0 where there are no such numbers.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// How long it is.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified_ns: i64,
}

impl Stat {
    /// What is said of an input; `None` for what is no file.
    #[must_use]
    pub fn of(input: &Input) -> Option<Self> {
        std::fs::metadata(input.file.as_ref()?).ok().filter(Metadata::is_file).map(|about| Self::of_metadata(&about))
    }

    fn of_metadata(about: &Metadata) -> Self {
        let written = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified_ns = written.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default();
        let (device, inode) = numbers(about);
        Self { device, inode, bytes: about.len(), modified_ns }
    }
}

#[cfg(unix)]
fn numbers(about: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
fn numbers(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// How much of a file's beginning is compared, and how much of its end: some lines, which hold times.
const HEAD_BYTES: u64 = 4096;
const TAIL_BYTES: u64 = 1024;

/// How much of a gzip file is looked at once.
const GZIP_READ_BYTES: usize = 64 << 10;

/// The CRC-32 of some bytes.
#[must_use]
pub fn check_of(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The CRC-32 of a file's first `bytes` bytes; `None` where it cannot be read or is shorter.
#[must_use]
pub fn check_of_file(path: &Path, bytes: u64) -> Option<u32> {
    let mut file = File::open(path).ok()?.take(bytes);
    let mut checked = Checked::new(&mut file);
    io::copy(&mut checked, &mut io::sink()).ok()?;
    let (crc, length) = checked.done();
    (length == bytes).then_some(crc)
}

/// How a file begins and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Print {
    /// The CRC-32 of its first bytes, at most 4,096.
    pub head: u32,
    /// That of its last ones, at most 1,024.
    pub tail: u32,
}

impl Print {
    /// The print of a file's first `bytes` bytes, and how many of them were read for it.
    ///
    /// # Errors
    /// Those of reading; a file that is shorter among them.
    pub fn of(path: &Path, bytes: u64) -> io::Result<(Self, u64)> {
        let mut file = File::open(path)?;
        let mut crc = |from: u64, length: u64| -> io::Result<u32> {
            file.seek(SeekFrom::Start(from))?;
            let mut part = vec![0; usize::try_from(length).unwrap_or_default()];
            file.read_exact(&mut part)?;
            Ok(crc32fast::hash(&part))
        };
        let (head, tail) = (bytes.min(HEAD_BYTES), bytes.min(TAIL_BYTES));
        Ok((Self { head: crc(0, head)?, tail: crc(bytes - tail, tail)? }, head + tail))
    }

    /// The print of the head alone of a file that is at least as long as heads are; `None` for a shorter one, whose head may grow.
    pub(crate) fn whole_head(self, bytes: u64) -> Option<u32> {
        (bytes >= HEAD_BYTES).then_some(self.head)
    }
}

/// How a gzip file begins, and each further member of it.
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// What a gzip file says of the text in it, if it is one: its CRC-32 and its length, at its end. `None` where there may be a second member, of which alone
/// they tell then; one of more than 4 GiB says too little.
#[must_use]
pub fn text_of_gzip(path: &Path, bytes: u64) -> Option<(u32, u64)> {
    let mut file = File::open(path).ok()?;
    let mut buffer = vec![0; GZIP_READ_BYTES];
    // The end of what was read last, and what was read.
    let (mut held, mut seen) = (0, 0_u64);
    loop {
        let count = file.read(buffer.get_mut(held..)?).ok()?;
        let filled = held + count;
        let part = buffer.get(..filled)?;
        let from = usize::from(seen == 0);
        if seen == 0 && !part.starts_with(GZIP) || memchr::memmem::find(part.get(from..)?, GZIP).is_some() {
            return None;
        }
        seen += count as u64;
        if count == 0 || seen >= bytes {
            break;
        }
        held = filled.min(GZIP.len() - 1);
        buffer.copy_within(filled - held..filled, 0);
    }
    file.seek(SeekFrom::Start(bytes.checked_sub(8)?)).ok()?;
    let mut trailer = [0; 8];
    file.read_exact(&mut trailer).ok()?;
    let [crc, length] = [0, 4].map(|at| trailer.get(at..at + 4).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes));
    crc.zip(length.map(u64::from))
}

/// What was added to a file behind its first `from` bytes, up to `to`.
///
/// # Errors
/// Those of opening it.
pub fn added(input: &Input, naming: &Naming, from: u64, to: u64) -> io::Result<(Source, Take<File>)> {
    let mut file = File::open(input.file.as_deref().unwrap_or(Path::new("")))?;
    file.seek(SeekFrom::Start(from))?;
    Ok((source_of(input, None, naming), file.take(to.saturating_sub(from))))
}

/// The source that an input is, where it is one log.
#[must_use]
pub fn whole(input: &Input, naming: &Naming) -> Source {
    source_of(input, None, naming)
}

/// Counts the text that is read, and makes its check.
pub struct Checked<'r> {
    inner: &'r mut dyn Read,
    crc: crc32fast::Hasher,
    bytes: u64,
    /// How many of the next bytes have been counted already.
    known: u64,
}

impl<'r> Checked<'r> {
    /// Begins with what a reader gives.
    pub fn new(inner: &'r mut dyn Read) -> Self {
        Self { inner, crc: crc32fast::Hasher::new(), bytes: 0, known: 0 }
    }

    /// Goes on behind a text whose check and length are known; the reader begins with the last `known` bytes of it.
    pub fn since((crc, bytes): (u32, u64), known: u64, inner: &'r mut dyn Read) -> Self {
        Self { inner, crc: crc32fast::Hasher::new_with_initial_len(crc, bytes), bytes, known }
    }

    /// The CRC-32 of what was read, and how long it is.
    #[must_use]
    pub fn done(self) -> (u32, u64) {
        (self.crc.finalize(), self.bytes)
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let known = self.known.min(count as u64);
        self.known -= known;
        self.crc.update(buffer.get(known as usize..count).unwrap_or_default());
        self.bytes += count as u64 - known;
        Ok(count)
    }
}
