//! The Markdown report as the summary of a step of GitHub Actions, which takes a limited number of bytes and drops a longer one whole.

use std::io;

use super::{Report, markdown};

/// How long the summary of a step may be.
const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// The report; shortened where it and what is there already would be too long together.
pub(super) fn write(report: &Report<'_>, held: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    markdown::write(report, &mut text)?;
    let room = SUMMARY_BYTES_MAX.saturating_sub(usize::try_from(held).unwrap_or(usize::MAX));
    Ok(if text.len() <= room { text } else { shortened(&text, room) })
}

/// What of a report fits: whole incidents, or where not even one does, whole lines.
fn shortened(text: &[u8], room: usize) -> Vec<u8> {
    const NOTE: &str = "\n\n**The rest was left out: GitHub takes a summary of 1 MiB.**\n";
    let Some(room) = room.checked_sub(NOTE.len()) else { return Vec::new() };
    let head = text.get(..room).unwrap_or(text);
    // No text of a log begins a line with it: in a block of lines of a log it would be indented or fenced, and is looked for from the end.
    let end = memchr::memmem::rfind(head, b"\n\n## ").or_else(|| memchr::memrchr(b'\n', head)).unwrap_or(0);
    let mut kept = head.get(..end).unwrap_or_default().to_vec();
    kept.extend_from_slice(NOTE.as_bytes());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_incidents_are_kept_within_the_room() {
        let text = b"# Why\n\n|a|\n|b|\n\n## 1. one\n\nx\n\n## 2. two\n\ny\n".repeat(3);
        for room in 0..text.len() {
            let kept = String::from_utf8(shortened(&text, room)).unwrap_or_default();
            assert!(kept.len() <= room, "{room}: {kept}");
            assert!(kept.is_empty() || kept.ends_with("1 MiB.**\n"), "{room}: {kept}");
        }
        let kept = String::from_utf8(shortened(&text, 100)).unwrap_or_default();
        assert!(
            kept.starts_with("# Why\n\n|a|\n|b|\n\n## 1. one\n\nx\n\n**The rest") || kept.starts_with("# Why\n\n|a|\n|b|\n\n**The rest"),
            "{kept}"
        );
    }
}
