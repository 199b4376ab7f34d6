//! The beginning and the end of a log of which the middle is not read: which records of them are whole.

use super::header::LineKind;
use super::{Dialects, envelope};

/// The parts of a log's first and last bytes that hold whole records, as they would be cut out of the whole log: a line with a header begins a
/// record whatever stands before it. `None` where there is no such line in one of them, and where lines stand in envelopes, which may come from
/// many logs in turn.
#[must_use]
pub fn whole_ends<'a>(head: &'a [u8], tail: &'a [u8], dialects: &Dialects) -> Option<(&'a [u8], &'a [u8])> {
    if envelope::recognise(head, false, dialects).is_some() {
        return None;
    }
    // The last record of the head may go on behind it.
    let mut begins = begins(head);
    let from = begins.rfind(|begin| is_headed(head, *begin, dialects))?;
    // The first line of the tail may be a part of one.
    let to = self::begins(tail).skip(1).find(|begin| is_headed(tail, *begin, dialects))?;
    Some((head.get(..from)?, tail.get(to..)?))
}

/// Where the lines of some bytes begin.
fn begins(bytes: &[u8]) -> impl DoubleEndedIterator<Item = usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|end| end + 1))
}

/// Whether the line that begins there has a header. One that goes on behind the bytes that are known has none.
fn is_headed(bytes: &[u8], begin: usize, dialects: &Dialects) -> bool {
    let rest = bytes.get(begin..).unwrap_or_default();
    memchr::memchr(b'\n', rest)
        .and_then(|end| rest.get(..end))
        .is_some_and(|line| matches!(dialects.line_kind(line), LineKind::Headed | LineKind::Json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_records_are_given() {
        let ends = |head, tail| whole_ends(head, tail, &Dialects::default());
        let head =
            b"[2026-11-21T07:16:20.749+0000] {a.py:1} INFO - one\nmore\n[2026-11-21T07:16:20.749+0000] {a.py:1} INFO - two\nmore\n[2026-";
        let tail = b"16:20.749+0000] {a.py:1} INFO - x\nMarking task as SUCCESS\n[2026-11-21T07:16:21.749+0000] {a.py:1} INFO - last\nmore";
        let first = &b"[2026-11-21T07:16:20.749+0000] {a.py:1} INFO - one\nmore\n"[..];
        let last = &b"[2026-11-21T07:16:21.749+0000] {a.py:1} INFO - last\nmore"[..];
        assert_eq!(ends(head, tail), Some((first, last)));
        assert_eq!(ends(head, b"no header here\nnor here\n"), None);
        assert_eq!(ends(b"no header here\nnor here\n", tail), None);
        let json = b"{\"timestamp\":\"2026-11-21T07:16:20Z\",\"event\":\"a\"}\n{\"timestamp\":\"2026-11-21T07:16:20Z\",\"event\":\"b\"}\n";
        assert_eq!(ends(json, json), Some((&json[..json.len() / 2], &json[json.len() / 2..])));
        let enveloped = b"{\"log\":\"[2026-11-21T07:16:20.749+0000] {a.py:1} INFO - one\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T07:16:20Z\"}\n";
        assert_eq!(ends(&enveloped.repeat(2), tail), None);
    }
}
