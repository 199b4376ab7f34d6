//! Unpacks compressed streams: gzip, zstd, bzip2, xz and lz4, each with all its members, in memory that does not depend on what is in them.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;

/// How far back a zstd frame may refer, as a power of two: 128 MiB, the most that `zstd` makes or takes without being asked to.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How much memory an xz block may ask for, in KiB: `xz -9` asks for 65 MiB.
const XZ_MEMORY_KIB_MAX: u32 = 128 << 10;

/// The magic numbers of frames that zstd and lz4 decoders skip, without their lowest four bits: `pzstd` begins with one.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// How many bytes a skippable frame has before its content: magic number and length.
const SKIPPABLE_HEAD_BYTES: usize = 8;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
}

impl Packing {
    const ALL: [Self; 5] = [Self::Gzip, Self::Zstd, Self::Bzip2, Self::Xz, Self::Lz4];

    /// Tells by the first bytes of a stream.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let mut rest = head;
        while let Some(length) = skippable(rest) {
            match rest.get(length..) {
                Some(behind) => rest = behind,
                // Only zstd's tools make them so long.
                None => return Some(Self::Zstd),
            }
        }
        let found = Self::ALL.into_iter().find(|packing| rest.starts_with(packing.magic()) && packing.is_really(rest));
        found.filter(|packing| rest.len() == head.len() || packing.has_skippable())
    }

    /// The name that people know it by.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
        }
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => b"\x1f\x8b",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
            Self::Bzip2 => b"BZh",
            Self::Xz => b"\xfd7zXZ\0",
            Self::Lz4 => b"\x04\x22\x4d\x18",
        }
    }

    /// `BZh` is three letters that a text may begin with; in bzip2 a digit and the digits of pi, or of its root, follow.
    fn is_really(self, head: &[u8]) -> bool {
        self != Self::Bzip2 || matches!(head.get(4..6), Some(b"1A" | b"\x17\x72"))
    }

    fn has_skippable(self) -> bool {
        matches!(self, Self::Zstd | Self::Lz4)
    }
}

/// How long the skippable frame is that begins here, if one does.
fn skippable(bytes: &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first()?;
    let length = rest.strip_prefix(&SKIPPABLE)?.first_chunk::<4>().map(|length| u32::from_le_bytes(*length))?;
    (first >> 4 == 5).then(|| SKIPPABLE_HEAD_BYTES.saturating_add(length as usize))
}

/// The decoder of one member. Each stops right behind its member, so that the next one can be looked at.
enum Decoder<R: BufRead> {
    Gzip(GzDecoder<R>),
    Zstd(zstd::Decoder<'static, R>),
    Bzip2(BzDecoder<R>),
    Xz(Box<XzReader<R>>),
    Lz4(FrameDecoder<Watched<R>>),
}

impl<R: BufRead> Decoder<R> {
    fn new(packing: Packing, packed: R) -> io::Result<Self> {
        Ok(match packing {
            Packing::Gzip => Self::Gzip(GzDecoder::new(packed)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(packed)?.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Self::Zstd(decoder)
            }
            Packing::Bzip2 => Self::Bzip2(BzDecoder::new(packed)),
            Packing::Xz => Self::Xz(Box::new(XzReader::new_mem_limit(packed, false, XZ_MEMORY_KIB_MAX))),
            Packing::Lz4 => Self::Lz4(FrameDecoder::new(Watched { inner: packed, ended: false })),
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Lz4(decoder) => match decoder.read(buffer)? {
                // A frame that lacks its end is an end to this decoder.
                0 if decoder.get_ref().ended && !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
                count => Ok(count),
            },
        }
    }

    fn into_inner(self) -> R {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Lz4(decoder) => decoder.into_inner().inner,
        }
    }
}

/// A reader that remembers whether its end was met.
struct Watched<R> {
    inner: R,
    ended: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

/// Unpacks a stream with all its members, which is what a rotated log that was appended to has. Bytes after the last of them that
/// are something else do not spoil what was read: they are noted in [`Self::has_trailing`], and the text ends.
pub(super) struct Unpacked<R: BufRead> {
    packing: Packing,
    next: Option<R>,
    decoder: Option<Decoder<R>>,
    trailing: bool,
}

impl<R: BufRead> Unpacked<R> {
    pub(super) fn new(packing: Packing, packed: R) -> Self {
        Self { packing, next: Some(packed), decoder: None, trailing: false }
    }

    /// Whether something else follows the last member. Known at the end of the text.
    pub(super) fn has_trailing(&self) -> bool {
        self.trailing
    }

    /// Goes on to the next member, if there is one.
    fn next_member(&mut self, mut packed: R) -> io::Result<()> {
        loop {
            let ahead = packed.fill_buf()?;
            // Padding with NUL bytes is usual on tapes and in block stores.
            let padding = ahead.iter().take_while(|byte| **byte == 0).count();
            let Some(rest) = ahead.get(padding..).filter(|rest| !rest.is_empty()) else {
                if ahead.is_empty() {
                    return Ok(());
                }
                packed.consume(padding);
                continue;
            };
            // The buffer may end within the magic number; then the decoder says whether it was one.
            let magic = self.packing.magic();
            let seen = rest.len().min(magic.len());
            if rest.get(..seen) == magic.get(..seen) {
                packed.consume(padding);
                self.decoder = Some(Decoder::new(self.packing, packed)?);
                return Ok(());
            }
            let may_be_skippable = self.packing.has_skippable() && rest.first().is_some_and(|byte| byte >> 4 == 5);
            packed.consume(padding);
            if !(may_be_skippable && skip(&mut packed)?) {
                self.trailing = true;
                return Ok(());
            }
        }
    }
}

/// Skips a skippable frame; false where it is none.
fn skip(packed: &mut dyn BufRead) -> io::Result<bool> {
    let mut head = [0; SKIPPABLE_HEAD_BYTES];
    packed.read_exact(&mut head)?;
    let Some(length) = skippable(&head) else { return Ok(false) };
    let content = (length - SKIPPABLE_HEAD_BYTES) as u64;
    match io::copy(&mut packed.take(content), &mut io::sink())? {
        skipped if skipped < content => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(true),
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let count = decoder.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            match self.decoder.take().map(Decoder::into_inner).or_else(|| self.next.take()) {
                Some(packed) => self.next_member(packed)?,
                None => return Ok(0),
            }
        }
    }
}
