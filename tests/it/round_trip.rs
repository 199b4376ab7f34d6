//! No byte is lost between a file and its records, and each record knows its line: on every log that an Airflow wrote, in each of the ways in which
//! files are changed on the way to who reads them.

use std::collections::BTreeSet;
use std::path::Path;

use dagnosis::record::{Dialects, Splitter};
use dagnosis::source;

use crate::logs::{put, samples};

/// What a file holds, and the text that is to be found in it.
struct Case {
    what: &'static str,
    bytes: Vec<u8>,
    text: Vec<u8>,
}

/// A file that is its own text.
fn plain(what: &'static str, text: Vec<u8>) -> Case {
    Case { what, bytes: text.clone(), text }
}

/// A text with something put before the end of each line.
fn at_line_ends(text: &[u8], put: &[u8]) -> Vec<u8> {
    text.split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| match line.strip_suffix(b"\n") {
            Some(bare) => [bare, put, b"\n"].concat(),
            None => line.to_vec(),
        })
        .collect()
}

/// A text with a line of so many bytes behind its first line.
fn with_long_line(text: &[u8], bytes: usize) -> Vec<u8> {
    let at = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    // Every letter is another than the one before, so that a piece in the wrong place is seen.
    let line: Vec<u8> = (0..bytes).map(|at| b'a' + u8::try_from(at % 23).unwrap()).collect();
    [&text[..at], &line, b"\n", &text[at..]].concat()
}

/// The ways in which a log of usual size may reach its reader.
fn cases(log: &[u8]) -> Vec<Case> {
    let text = String::from_utf8(log.to_vec()).unwrap();
    let units = |order: fn(u16) -> [u8; 2]| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(order).collect() };
    let mut without_end = log.to_vec();
    without_end.truncate(log.len() - usize::from(log.ends_with(b"\n")));
    let nuls: Vec<u8> = log.chunks(500).flat_map(|chunk| [chunk, b"\0\0\0"].concat()).collect();
    let marked = Case { what: "a mark before UTF-8", bytes: [b"\xef\xbb\xbf", log].concat(), text: log.to_vec() };
    let little = Case { what: "UTF-16, the lower byte first", bytes: units(u16::to_le_bytes), text: log.to_vec() };
    let big = Case { what: "UTF-16, the higher byte first", bytes: units(u16::to_be_bytes), text: log.to_vec() };
    vec![
        plain("as it is", log.to_vec()),
        plain("carriage returns before line feeds", at_line_ends(log, b"\r")),
        plain("no line feed at the end", without_end),
        plain("NULs", nuls),
        plain("progress bars", at_line_ends(log, b"\r 10%|#         |\r100%|##########|")),
        plain("colours", at_line_ends(log, b"\x1b[0m").into_iter().flat_map(coloured).collect()),
        plain("bytes that are no UTF-8", at_line_ends(log, b"caf\xe9 \xff\xfe")),
        marked,
        little,
        big,
    ]
}

/// An escape before each opening bracket.
fn coloured(byte: u8) -> Vec<u8> {
    if byte == b'[' { b"\x1b[34m[".to_vec() } else { vec![byte] }
}

/// What of a case comes back wrong.
fn wrong(folder: &Path, case: &Case) -> Option<String> {
    let path = put(folder, "a.log", &case.bytes);
    let found = source::discover(&[path.to_str().unwrap().to_owned()]).unwrap();
    let mut text = Vec::new();
    let mut wrong = None;
    let mut line = 1u32;
    for input in &found.inputs {
        source::read(input, &source::Options::default(), &mut |_, reader| {
            let dialects = Dialects::default();
            let mut splitter = Splitter::new(reader, &dialects);
            while let Some(record) = splitter.next()? {
                // What the piece before held already begins so many lines earlier.
                let repeated = &record.bytes[..record.repeats];
                let own = line - u32::try_from(repeated.iter().filter(|byte| **byte == b'\n').count()).unwrap();
                if !text.ends_with(repeated) || record.line != own {
                    wrong.get_or_insert(format!("a record says line {}, and stands in line {own}", record.line));
                }
                for part in [&record.bytes[record.repeats..], record.line_end] {
                    line += u32::try_from(part.iter().filter(|byte| **byte == b'\n').count()).unwrap();
                    text.extend_from_slice(part);
                }
            }
            Ok(())
        });
    }
    if text != case.text {
        let at = text.iter().zip(&case.text).position(|(have, want)| have != want).unwrap_or(text.len().min(case.text.len()));
        wrong.get_or_insert(format!("{} bytes came back of {}; they differ from byte {at} on", text.len(), case.text.len()));
    }
    wrong.map(|wrong| format!("{}: {wrong}", case.what))
}

#[test]
fn the_records_of_a_log_are_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    let mut versions = BTreeSet::new();
    for sample in samples() {
        let mut cases = cases(&sample.bytes);
        // A long line of one log a version: it meets that version's records.
        if versions.insert(sample.version.clone()) {
            cases.push(plain("a line of 300 kB", with_long_line(&sample.bytes, 300_000)));
            cases.push(plain("a line of 3 MiB", with_long_line(&sample.bytes, 3 << 20)));
            cases.push(plain("a line of 3 MiB at the end", [&sample.bytes[..], &with_long_line(b"", 3 << 20)[..3 << 20]].concat()));
        }
        faults.extend(cases.iter().filter_map(|case| wrong(folder.path(), case)).map(|fault| format!("{}: {fault}", sample.name)));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    let majors: BTreeSet<&str> = versions.iter().filter_map(|version| version.split('.').next()).collect();
    assert!(versions.len() >= 12 && majors.into_iter().eq(["1", "2", "3"]), "{versions:?}");
}

/// A record of many lines that is too long is cut in the middle of lines; the pieces' lines are still those of the file.
#[test]
fn the_pieces_of_a_long_record_are_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let head = "[2026-11-21T07:16:20.100+0000] {shop.py:12} INFO - a table\n";
    let rows: String = (0..80_000).map(|row| format!("  row {row} of a table that somebody printed\n")).collect();
    let next = "[2026-11-21T07:16:21.100+0000] {shop.py:13} INFO - behind it\n";
    for (what, text) in [("rows", format!("{head}{rows}{next}")), ("rows without end", format!("{head}{}", rows.trim_end()))] {
        assert_eq!(wrong(folder.path(), &plain(what, text.into_bytes())), None);
    }
}

#[test]
fn an_empty_file_has_no_record() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"] {
        assert_eq!(wrong(folder.path(), &Case { what: "empty", bytes: bytes.to_vec(), text: Vec::new() }), None, "{bytes:?}");
    }
}
