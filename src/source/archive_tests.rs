//! Inputs that are packed, damaged, hostile, or no logs at all.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::Write;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A packing: the name of its tool, and what it makes of bytes.
type Pack = (&'static str, fn(&[u8]) -> Vec<u8>);

fn packings() -> [Pack; 5] {
    [
        ("gzip", gzip),
        ("zstd", |bytes| zstd::encode_all(bytes, 3).unwrap()),
        ("bzip2", |bytes| {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
        ("xz", |bytes| {
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
        ("lz4", |bytes| {
            let blocks = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(blocks, Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
    ]
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // `Builder` refuses names such as `../x`, which this has to be able to write.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Lines that do not compress to nothing.
fn noise(lines: u32) -> Vec<u8> {
    let mut state = 1u32;
    let mut text = String::new();
    for _ in 0..lines {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(&format!("{state:x}\n"));
    }
    text.into_bytes()
}

/// What is visited in a file with these bytes, as `member=text`, and the problems, as `kind member: says`.
fn visited(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    visited_within(bytes, &Limits::default())
}

fn visited_within(bytes: &[u8], limits: &Limits) -> (Vec<String>, Vec<String>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_all(&Input { path: "x".into(), file: Some(file.path().to_owned()), object: None }, limits)
}

fn read_all(input: &Input, limits: &Limits) -> (Vec<String>, Vec<String>) {
    let mut logs = Vec::new();
    let problems = read(input, &Options { limits: limits.clone(), ..Options::default() }, &mut |source, reader: &mut dyn Read| {
        let mut text = Vec::new();
        let result = reader.read_to_end(&mut text);
        let text = if text.len() > 40 { format!("{} bytes", text.len()) } else { String::from_utf8_lossy(&text).into_owned() };
        logs.push(format!("{}={text}", source.member.as_deref().unwrap_or("")));
        result.map(drop)
    });
    let shown = problems.iter().map(|it| format!("{} {}: {}", it.kind.name(), it.member.as_deref().unwrap_or(""), it.says));
    (logs, shown.collect())
}

#[test]
fn every_packing_gives_the_same_logs() {
    let members: [(&str, &[u8]); 2] = [("a/1.log", b"one"), ("a/2.log", b"two")];
    let want = (vec!["a/1.log=one".to_owned(), "a/2.log=two".to_owned()], vec![]);
    assert_eq!(visited(&tar(&members)), want);
    assert_eq!(visited(&zip(&members)), want);
    assert_eq!(visited(b"one"), (vec!["=one".to_owned()], vec![]));
    assert_eq!(visited(b"\xef\xbb\xbfone"), (vec!["=one".to_owned()], vec![]));
    for (name, pack) in packings() {
        assert_eq!(visited(&pack(&tar(&members))), want, "{name}");
        assert_eq!(visited(&pack(b"one")), (vec!["=one".to_owned()], vec![]), "{name}");
        let many = [pack(b"one,"), pack(b""), pack(b"two"), vec![0; 700]].concat();
        assert_eq!(visited(&many), (vec!["=one,two".to_owned()], vec![]), "{name}");
    }
    assert_eq!(visited(&[tar(&members[..1]), tar(&members[1..])].concat()), want);
}

#[test]
fn archives_in_archives_are_read_to_a_depth() {
    let inner = zip(&[("1.log.gz", &gzip(b"one"))]);
    assert_eq!(
        visited(&gzip(&tar(&[("b.zip", &inner), ("2.log", b"two")]))),
        (vec!["b.zip!1.log.gz=one".into(), "2.log=two".into()], vec![])
    );
    let deeper = zip(&[("c.zip", &inner), ("2.log", b"two")]);
    let (logs, problems) = visited(&zip(&[("d.zip", &deeper)]));
    assert_eq!(logs, ["d.zip!2.log=two"]);
    assert_eq!(problems, ["limit d.zip!c.zip!1.log.gz: an archive in more than 2 others, which was not read (--max-depth reads more)"]);
    let attempt = zip(&[("dag_id=a/run_id=r/task_id=t/attempt=1.log.gz", &gzip(b"one"))]);
    assert_eq!(visited(&zip(&[("d.zip", &zip(&[("c.zip", &attempt)]))])).0, ["d.zip!c.zip!dag_id=a/run_id=r/task_id=t/attempt=1.log.gz="]);
}

#[test]
fn what_comes_before_damage_is_read() {
    let text = noise(200_000);
    for (name, pack) in packings() {
        let packed = pack(&text);
        let (logs, problems) = visited(&packed[..packed.len() / 2]);
        assert!(logs[0].ends_with(" bytes"), "{name}: {logs:?}");
        assert!(problems[0].starts_with("damaged : damaged or cut off after ") && problems.len() == 1, "{name}: {problems:?}");
        assert!(problems[0].contains("(it ends early)") && !problems[0].contains("after 0 bytes"), "{name}: {problems:?}");
        // Wherever it is cut, that is said.
        let packed = pack(b"one");
        for end in 7..packed.len() {
            let (logs, problems) = visited(&packed[..end]);
            assert!((logs.len(), problems.len()) == (1, 1) && problems[0].starts_with("damaged : "), "{name} {end}: {problems:?}");
        }

        let (logs, problems) = visited(&[packed, b"Pgarbage!".to_vec()].concat());
        assert_eq!(logs, ["=one"]);
        assert_eq!(problems, [format!("damaged : something other than {name} follows its end; what came before was used")]);
    }

    let text = noise(20_000);
    let archive = tar(&[("1.log", b"one"), ("2.log", &text)]);
    let half = &archive[..archive.len() / 2];
    for cut in packings().into_iter().map(|(_, pack)| pack(half)).chain([half.to_vec()]) {
        let (logs, problems) = visited(&cut);
        assert_eq!((logs[0].as_str(), logs.len()), ("1.log=one", 2));
        assert!(problems[0].starts_with("damaged 2.log: damaged or cut off after ") && problems.len() == 1, "{problems:?}");
    }
    let (logs, problems) = visited(&tar(&[("1.log", b"one"), ("2.log", b"two")])[..1200]);
    assert_eq!(logs, ["1.log=one"]);
    assert!(problems[0].starts_with("damaged : damaged or cut off after '1.log'"), "{problems:?}");

    let archive = zip(&[("1.log", b"one"), ("2.log", &text)]);
    let (logs, problems) = visited(&archive[..archive.len() / 2]);
    assert_eq!((logs[0].as_str(), logs.len()), ("1.log=one", 2));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("damaged : its table of contents is damaged or cut off"), "{problems:?}");
}

#[test]
fn members_of_a_zip_are_unpacked_by_their_method() {
    use zip::CompressionMethod;
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Bzip2, CompressionMethod::Zstd] {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file("1.log", zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(b"one").unwrap();
        assert_eq!(visited(&writer.finish().unwrap().into_inner()), (vec!["1.log=one".to_owned()], vec![]), "{method}");
    }
    // A stored member that is xz becomes one of the method xz where its two headers say so.
    let xz = packings()[3].1(b"one");
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    writer.start_file("1.log", stored).unwrap();
    writer.write_all(&xz).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    (bytes[8], bytes[central + 10]) = (95, 95);
    (bytes[22], bytes[central + 24]) = (3, 3);
    assert_eq!(visited(&bytes), (vec!["1.log=one".to_owned()], vec![]));
    (bytes[8], bytes[central + 10]) = (98, 98);
    let (logs, problems) = visited(&bytes);
    assert!(logs.is_empty());
    assert!(problems[0].starts_with("unreadable 1.log: cannot be unpacked here"), "{problems:?}");
}

/// What `pzstd` writes before each frame, and others put their own notes in.
#[test]
fn frames_that_are_to_be_skipped_are_skipped() {
    let skippable = [&b"\x50\x2a\x4d\x18\x04\0\0\0"[..], b"note"].concat();
    for at in [1, 4] {
        let (name, pack) = packings()[at];
        let bytes = [&skippable[..], &skippable, &pack(b"one,"), &skippable, &pack(b"two"), &skippable].concat();
        assert_eq!(visited(&bytes), (vec!["=one,two".to_owned()], vec![]), "{name}");
    }
}

/// 4 GiB of dictionary, as an xz block of a few bytes may ask for.
#[test]
fn memory_that_a_stream_asks_for_has_a_limit() {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = 256 << 20;
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(b"one").unwrap();
    let (_, problems) = visited(&encoder.finish().unwrap());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("damaged : ") && problems[0].contains("memory"), "{problems:?}");
}

#[test]
fn one_bad_member_does_not_spoil_the_others() {
    let mut broken = gzip(&noise(2000));
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    for archive in [tar(&[("1.log.gz", &broken), ("2.log", b"two")]), zip(&[("1.log.gz", &broken), ("2.log", b"two")])] {
        let (logs, problems) = visited(&archive);
        assert_eq!((logs.len(), logs[1].as_str()), (2, "2.log=two"));
        assert!(problems.len() == 1 && problems[0].starts_with("damaged 1.log.gz: "), "{problems:?}");
    }
}

#[test]
fn names_that_lead_outside_are_said_and_read() {
    for archive in [tar(&[("../evil.log", b"one"), ("/x/2.log", b"two")]), zip(&[("../evil.log", b"one"), ("/x/2.log", b"two")])] {
        let (logs, problems) = visited(&archive);
        assert_eq!(logs, ["../evil.log=one", "/x/2.log=two"]);
        assert_eq!(
            problems,
            [
                "suspicious ../evil.log: its name leads out of the archive, as do 1 more; it was read as a log all the same, and nothing was extracted"
            ]
        );
    }
}

#[test]
fn bombs_end_at_the_limits() {
    let limits = Limits { ratio_free_bytes: 1 << 20, ratio_max: 100, ..Limits::default() };
    let zeros = vec![b'0'; 8 << 20];
    for bomb in [gzip(&zeros), zip(&[("1.log", &zeros)]), gzip(&tar(&[("1.log", &zeros)])), gzip(&tar(&[("skipped.py", &zeros)]))] {
        let (_, problems) = visited_within(&bomb, &limits);
        let limit = problems.iter().find(|problem| problem.starts_with("limit ")).unwrap();
        assert_eq!(
            limit,
            "limit : decompresses to more than 100 times its size, as no log does; the rest was left out (--max-ratio reads more)"
        );
    }
    let few = Limits { members_max: 1, member_bytes_max: 4, ..Limits::default() };
    let (logs, problems) = visited_within(&tar(&[("1.log", b"three"), ("2.log", b"two")]), &few);
    assert_eq!(logs.len(), 1);
    assert_eq!(
        problems,
        [
            "limit : more than 1 members; the rest was left out (--max-members reads more)",
            "limit 1.log: longer than 4 bytes; the rest was left out (--max-member-size reads more)"
        ]
    );
    let small = Limits { held_zip_bytes_max: 10, ..Limits::default() };
    assert!(
        visited_within(&tar(&[("a.zip", &zip(&[("1.log", b"x")]))]), &small).1[0]
            .starts_with("limit a.zip: a zip archive of more than 10 bytes")
    );
}

#[test]
fn a_description_of_any_length_is_not_held_in_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(64 << 20);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.resize(512 + (64 << 20), b'a');
    let (_, problems) = visited(&bytes);
    assert_eq!(
        problems,
        ["damaged : damaged or cut off at its start (the description of a member is too long); what came before was used"]
    );
}

#[test]
fn a_log_without_text_is_visited_all_the_same() {
    let cases: [(&[u8], &str, &str); 6] = [
        (b"", "=", "empty : an empty file: it says nothing about how its task went"),
        (&[0; 9000], "=", "not-text : only NUL bytes, as a crash leaves in a file that was being written; nothing can be read of it"),
        (&[1; 100], "=", "not-text : binary data, which cannot be read as a log"),
        (
            &[&[0; 9000], b"one".as_slice()].concat(),
            "=one",
            "encoding : begins with 9000 NUL bytes, as a log does that was truncated while it was written; they were skipped",
        ),
        (&gzip(b""), "=", "empty : an empty file: it says nothing about how its task went"),
        (
            b"\x1f\x8b\x08\0\0\0\0\0\0\0garbage!",
            "=",
            "damaged : damaged or cut off after 0 bytes of its text (corrupt deflate stream); what came before was used",
        ),
    ];
    for (bytes, log, problem) in cases {
        assert_eq!(visited(bytes), (vec![log.to_owned()], vec![problem.to_owned()]));
    }
    let (logs, problems) = visited(b"LZIP\x01...");
    assert!(logs.is_empty());
    assert_eq!(problems, ["not-text : lzip, which is not read; unpack it first: lzip -dc FILE | dagnosis -"]);
}

#[test]
fn members_that_are_no_logs_are_passed_over_and_counted() {
    let (logs, problems) = visited(&zip(&[("1.log", b"one"), ("a.py", b"x"), ("truth.jsonl", b"{\"a\": 1}")]));
    assert_eq!(logs, ["1.log=one"]);
    assert!(problems[0].starts_with("passed-over : 2 in it are no logs by their names"), "{problems:?}");
}

#[test]
fn files_that_change_while_the_scan_runs() {
    let folder = tempfile::tempdir().unwrap();
    let input = |name: &str| Input { path: name.into(), file: Some(folder.path().join(name)), object: None };
    assert_eq!(read_all(&input("gone.log"), &Limits::default()), (vec![], vec!["unreadable : it vanished while the scan ran".to_owned()]));
    fs::write(folder.path().join("emptied.log"), "").unwrap();
    let (logs, problems) = read_all(&input("emptied.log"), &Limits::default());
    assert_eq!((logs, problems), (vec!["=".into()], vec!["empty : an empty file: it says nothing about how its task went".into()]));

    // A log that grows with every read would never end.
    let path = folder.path().join("growing.log");
    fs::write(&path, "start").unwrap();
    let mut texts = Vec::new();
    let problems = read(&input("growing.log"), &Options::default(), &mut |_, reader| {
        fs::OpenOptions::new().append(true).open(&path)?.write_all(b" and more")?;
        let mut text = String::new();
        reader.read_to_string(&mut text)?;
        texts.push(text);
        Ok(())
    });
    assert_eq!((texts, problems), (vec!["start".to_owned()], vec![]));

    // One that is cut, or whose place another takes.
    let path = folder.path().join("cut.log");
    for (is_cut, says) in
        [(true, Some("cut short while it was read: it had 20000 bytes, and ended after 9000; what came before was used")), (false, None)]
    {
        fs::write(&path, vec![b'x'; 20_000]).unwrap();
        let mut bytes = 0;
        let problems = read(&input("cut.log"), &Options::default(), &mut |_, reader| {
            if is_cut {
                fs::OpenOptions::new().write(true).open(&path)?.set_len(9000)?;
            } else {
                fs::write(folder.path().join("new.log"), "new")?;
                fs::rename(folder.path().join("new.log"), &path)?;
            }
            bytes = io::copy(reader, &mut io::sink())?;
            Ok(())
        });
        assert_eq!(bytes, if is_cut { 9000 } else { 20_000 });
        assert_eq!(problems.first().map(|problem| problem.says.as_str()), says);
    }
}

#[test]
fn members_that_are_too_old_are_left_out_and_counted() {
    let runs = ["2026-11-18T00:00:00+00:00", "2026-11-21T00:00:00+00:00"];
    let mut builder = tar::Builder::new(Vec::new());
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    // At noon of 2026-11-17 and 2026-11-20, and at no time.
    for (seconds, day) in [(1_794_916_800, 17), (1_795_176_000, 20), (0, 0)] {
        for run in runs {
            let name = format!("dag_id=a/run_id={run}/task_id=t/attempt={day}.log");
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mtime(seconds);
            builder.append_data(&mut header, &name, &b"x"[..]).unwrap();
            let time = zip::DateTime::from_date_and_time(2026, 11, day, 12, 0, 0).unwrap_or_default();
            writer.start_file(&name, zip::write::SimpleFileOptions::default().last_modified_time(time)).unwrap();
            writer.write_all(b"x").unwrap();
        }
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let input = Input { path: "x".into(), file: Some(file.path().to_owned()), object: None };
    for archive in [builder.into_inner().unwrap(), writer.finish().unwrap().into_inner()] {
        file.as_file_mut().set_len(0).unwrap();
        fs::write(file.path(), archive).unwrap();
        let since = Since::new("2026-11-19", &crate::time::Zone::default()).unwrap();
        let mut count = 0;
        let problems = read(&input, &Options { since: Some(since), ..Options::default() }, &mut |_, _| {
            count += 1;
            Ok(())
        });
        assert_eq!(count, 5);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].says, "1 log in it was last written before 2026-11-19T00:00:00Z and not read (--since)");
    }
}

#[test]
fn a_path_from_within_a_dags_folder_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dag_id=a/run_id=r/task_id=t/attempt=1.log");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "x").unwrap();
    let mut task = None;
    let input = Input { path: "task_id=t/attempt=1.log".into(), file: Some(file), object: None };
    let _ = read(&input, &Options::default(), &mut |source, _| {
        task = Some(source.task);
        Ok(())
    });
    assert_eq!(task.unwrap().dag_id.as_deref(), Some("a"));
}

#[test]
fn utf16_is_read_wherever_it_stands() {
    let text: Vec<u8> = "\u{feff}caf\u{e9}\r\nx".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken = [text.clone(), vec![b'y']].concat();
    assert_eq!(visited(&text), (vec!["=caf\u{e9}\r\nx".to_owned()], vec![]));
    assert_eq!(visited(&gzip(&text)), (vec!["=caf\u{e9}\r\nx".to_owned()], vec![]));
    let says = "UTF-16 that is damaged (faults: 1, the first at line 2); what is no character was replaced";
    for packed in [tar(&[("a", &text), ("b", &broken)]), zip(&[("a", &text), ("b", &broken)]), gzip(&tar(&[("a", &text), ("b", &broken)]))]
    {
        let want = vec!["a=caf\u{e9}\r\nx".to_owned(), "b=caf\u{e9}\r\nx\u{fffd}".to_owned()];
        assert_eq!(visited(&packed), (want, vec![format!("encoding b: {says}")]));
    }
}
