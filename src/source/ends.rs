//! The beginning and the end of a log that is a plain file, for whoever may do without its middle.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::archive::source_of;
use super::format::{self, Format};
use super::{Input, Naming, Source};

/// How much of a log is wanted, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct EndsWanted {
    /// At its beginning; more than any signature of a format takes.
    pub head: usize,
    /// At its end.
    pub tail: usize,
    /// Of logs that are at least so long, and longer than both.
    pub least: u64,
}

impl EndsWanted {
    fn fits(self, bytes: u64) -> bool {
        bytes >= self.least && bytes > (self.head + self.tail) as u64
    }
}

/// The ends of a log.
#[derive(Debug)]
pub struct Ends {
    /// The log.
    pub source: Source,
    /// Its first bytes, without a mark of their encoding.
    pub head: Vec<u8>,
    /// Its last ones.
    pub tail: Vec<u8>,
    /// How many bytes stand between these.
    pub between: u64,
}

/// Reads both ends of an input. `None` where the whole of it has to be read, by [`super::read`], which says what is wrong with it: where it is
/// no file, no text of one byte a character (packed, UTF-16, begun by NUL bytes), no longer than its ends, cannot be read, or was written to
/// meanwhile; and where `is_wanted` does not want it by its name.
pub fn ends(input: &Input, naming: &Naming, wanted: EndsWanted, is_wanted: impl FnOnce(&Source) -> bool) -> Option<Ends> {
    let path = input.file.as_ref()?;
    // Most logs are short, and to ask for their length is cheaper than to open them.
    fs::metadata(path).ok().filter(|about| about.is_file() && wanted.fits(about.len()))?;
    let source = Some(source_of(input, None, naming)).filter(is_wanted)?;
    let (head, tail, bytes) = both(path, wanted).ok()??;
    let mark = usize::from(head.starts_with(b"\xef\xbb\xbf")) * 3;
    if format::of(head.get(..format::HEAD_BYTES)?) != Format::Text {
        return None;
    }
    let between = bytes - (wanted.head + wanted.tail) as u64;
    Some(Ends { source, head: head.get(mark..)?.to_vec(), tail, between })
}

/// Both ends, and how long the whole is.
type Both = (Vec<u8>, Vec<u8>, u64);

/// The first and the last bytes of a file, and how long it is; `None` where it is too short, or another one after they were read.
fn both(path: &Path, wanted: EndsWanted) -> io::Result<Option<Both>> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if !wanted.fits(about.len()) {
        return Ok(None);
    }
    let (mut head, mut tail) = (vec![0; wanted.head], vec![0; wanted.tail]);
    file.read_exact(&mut head)?;
    file.seek(SeekFrom::Start(about.len() - wanted.tail as u64))?;
    file.read_exact(&mut tail)?;
    // A log that is truncated and written anew has the head of one attempt and the tail of another.
    let after = file.metadata()?;
    let same = after.len() == about.len() && after.modified()? == about.modified()?;
    Ok(same.then_some((head, tail, about.len())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn only_the_ends_of_long_texts_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = EndsWanted { head: format::HEAD_BYTES, tail: 100, least: 0 };
        let read = |bytes: &[u8]| {
            let path = folder.path().join("attempt=1.log");
            fs::write(&path, bytes).unwrap();
            let input = Input { path: "x/attempt=1.log".into(), file: Some(path), object: None };
            ends(&input, &Naming::default(), wanted, |_| true)
        };
        let text: Vec<u8> = (0..wanted.head + 1000).map(|at| b'a' + (at % 26) as u8).collect();
        let found = read(&text).unwrap();
        assert_eq!((&found.head[..], &found.tail[..]), (&text[..wanted.head], &text[text.len() - 100..]));
        assert_eq!((found.between, found.source.task.try_number), (900, Some(1)));
        assert!(read(&text[..wanted.head + 100]).is_none());
        for begin in [&b"\x1f\x8b\x08"[..], b"\xff\xfea\0b\0", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"] {
            assert!(read(&[begin, &text].concat()).is_none(), "{begin:?}");
        }
        assert!(read(&[&[0; format::HEAD_BYTES][..], &text].concat()).is_none());
        assert_eq!(read(&[b"\xef\xbb\xbf", &text[..]].concat()).unwrap().head, text[..wanted.head - 3]);
        let input = Input { path: "-".into(), file: None, object: None };
        assert!(ends(&input, &Naming::default(), wanted, |_| true).is_none());
    }
}
