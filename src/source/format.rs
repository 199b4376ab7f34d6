//! Tells from the first bytes what an input is. Names are not asked: a `.log` may be gzip, and a `.gz` may be text.

use super::unpack::Packing;
use super::utf16::{self, Order};

/// How many first bytes are looked at; a tar header, the longest of the signatures, takes 512.
pub(super) const HEAD_BYTES: usize = 4096;

/// More than this share of control bytes is no text. Services' own logs may hold some NUL bytes, and colours are escapes.
const CONTROL_PERCENT_MAX: usize = 30;

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Nothing at all.
    Empty,
    /// Text, as far as one can tell.
    Text,
    /// A compressed stream.
    Packed(Packing),
    Tar,
    Zip,
    /// A compressed format that is not read, and how to make one of it that is.
    Foreign(&'static str, &'static str),
    /// NUL bytes only: a file that lost its content in a crash, or the head of a log that was truncated while it was written.
    Nul,
    /// Text in two bytes a character.
    Utf16(Order),
    /// Anything else.
    Binary,
}

/// Signatures of formats that are not read.
const FOREIGN: [(&[u8], &str, &str); 4] = [
    (b"LZIP", "lzip", "lzip -dc FILE | dagnosis -"),
    (b"\x1f\x9d", "compress (.Z)", "gzip -dc FILE | dagnosis -"),
    // To unpack 7z takes as much memory as the archive asks for, up to 4 GiB: the crates for it set no limit.
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x FILE, and give the folder it makes"),
    (b"Rar!\x1a\x07", "rar", "unrar x FILE, and give the folder it makes"),
];

/// Tells what begins with `head`.
pub(super) fn of(head: &[u8]) -> Format {
    if head.is_empty() {
        return Format::Empty;
    }
    if let Some(packing) = Packing::of(head) {
        return Format::Packed(packing);
    }
    if [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| head.starts_with(*magic)) {
        return Format::Zip;
    }
    if is_tar(head) {
        return Format::Tar;
    }
    if let Some((_, name, convert)) = FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic) && is_really(magic, head)) {
        return Format::Foreign(name, convert);
    }
    if let Some(order) = utf16::order_of(head) {
        return Format::Utf16(order);
    }
    let nul = head.iter().filter(|byte| **byte == 0).count();
    if nul == head.len() {
        return Format::Nul;
    }
    let control = head.iter().filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x08 | 0x0c)).count();
    if control * 100 > head.len() * CONTROL_PERCENT_MAX { Format::Binary } else { Format::Text }
}

/// `LZIP` is four letters that a text may begin with; in lzip a version follows.
fn is_really(magic: &[u8], head: &[u8]) -> bool {
    magic != b"LZIP" || head.get(4).is_some_and(|version| *version <= 1)
}

/// A tar header has its own checksum, which old archives without the `ustar` mark have too.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    if &header[257..262] == b"ustar" {
        return true;
    }
    let digits = header[148..156].iter().skip_while(|byte| **byte == b' ').take_while(|byte| matches!(byte, b'0'..=b'7'));
    let stored = digits.fold(0u64, |sum, digit| sum * 8 + u64::from(digit - b'0'));
    let counted = header.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum::<u64>();
    stored == counted && header[0] != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let cases: [(&[u8], Format); 14] = [
            (b"", Format::Empty),
            (b"[2026-11-21T06:58:57.642+0000] {a.py:1} INFO - x", Format::Text),
            (b"BZhang wrote this line", Format::Text),
            ("caf\u{e9} \u{1b}[31mred\u{1b}[0m".as_bytes(), Format::Text),
            (b"caf\xe9 \xff\xfe latin", Format::Text),
            (b"\0\0\0\0", Format::Nul),
            (b"\xff\xfea\0b\0", Format::Utf16(Order::Little)),
            (b"\x1f\x8b\x08", Format::Packed(Packing::Gzip)),
            (b"\x28\xb5\x2f\xfd...", Format::Packed(Packing::Zstd)),
            (b"\x50\x2a\x4d\x18\x04\0\0\0size\x28\xb5\x2f\xfd...", Format::Packed(Packing::Zstd)),
            (b"BZh91AY&SY", Format::Packed(Packing::Bzip2)),
            (b"\xfd7zXZ\0\0", Format::Packed(Packing::Xz)),
            (b"\x04\x22\x4d\x18d", Format::Packed(Packing::Lz4)),
            (b"PK\x03\x04", Format::Zip),
        ];
        for (head, want) in cases {
            assert_eq!(of(head), want, "{head:?}");
        }
        assert!(matches!(of(b"LZIP\x01..."), Format::Foreign("lzip", _)));
    }

    #[test]
    fn some_nul_bytes_are_still_text_and_many_are_not() {
        let with = |nuls: usize| of(&[vec![0; nuls], vec![b'a'; 100 - nuls]].concat());
        assert_eq!((with(30), with(31)), (Format::Text, Format::Binary));
    }

    #[test]
    fn a_tar_is_known_without_its_mark() {
        let mut header = tar::Header::new_old();
        header.set_size(3);
        header.set_entry_type(tar::EntryType::Regular);
        header.as_mut_bytes()[..5].copy_from_slice(b"a.log");
        header.set_cksum();
        assert_eq!(of(header.as_bytes()), Format::Tar);
        header.as_mut_bytes()[0] = b'b';
        assert_ne!(of(header.as_bytes()), Format::Tar);
    }
}
