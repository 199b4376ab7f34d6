//! Bombs and traps: packings that claim or become more than any machine has, names that lead elsewhere, files that are none or never end. Stated
//! limits hold, what is wrong is named, and the good log beside it is still diagnosed.

#![cfg(unix)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::input::{EXIT_FINDINGS, EXIT_LOSS, FAILED, is_diagnosed, problem, tasks, tree};
use crate::logs::{gzip, log_of, packings, put, tar, zip};
use crate::program::run;

/// What may not be exceeded, whatever is read: address space, of which threads and allocator take more than they use.
const MEMORY_KIB_MAX: u32 = 700 << 10;

/// The report on a path, made within [`MEMORY_KIB_MAX`]. A failure is one without any rule too, and to load them takes longer than to read a trap.
fn report(path: &Path, flags: &[&str]) -> (i32, Value) {
    let limited = format!(
        "ulimit -v {MEMORY_KIB_MAX}; exec {} \"$0\" --format json --attempts all --no-builtin-rules --threads 2 \"$@\"",
        env!("CARGO_BIN_EXE_dagnosis")
    );
    let output = Command::new("sh").arg("-c").arg(limited).arg(path).args(flags).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{err}")))
}

/// The report on a tree with one trap in it, after checking that the log beside it is diagnosed.
fn trapped(name: &str, bytes: &[u8], flags: &[&str]) -> Value {
    let tree = tree();
    put(tree.path(), name, bytes);
    let (code, report) = report(tree.path(), flags);
    assert!(code == EXIT_FINDINGS || code == EXIT_LOSS, "{code}");
    assert!(is_diagnosed(&report, "beside"), "{report:#}");
    report
}

/// Packs as many zeros as that, without holding them.
fn packed_zeros(bytes: u64) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(std::io::repeat(b'0').take(bytes), flate2::Compression::fast());
    encoder.read_to_end(&mut packed).unwrap();
    packed
}

#[test]
fn a_bomb_of_a_thousand_to_one_ends_at_the_ratio() {
    let bomb = packed_zeros(64 << 20);
    let report = trapped("bomb.log.gz", &bomb, &["--max-ratio", "100"]);
    assert!(problem(&report, "limit", "bomb.log.gz").contains("more than 100 times its size"));
    assert!(problem(&report, "limit", "bomb.log.gz").contains("--max-ratio"));
}

#[test]
fn a_bomb_of_a_million_to_one_ends_at_every_limit() {
    let mut bomb = Vec::new();
    zstd::stream::copy_encode(std::io::repeat(b'0').take(256 << 20), &mut bomb, 1).unwrap();
    let bomb = gzip(&bomb);
    assert!((256 << 20) / bomb.len() > 1_000_000, "{}", bomb.len());
    for (flags, says) in [
        (&[][..], "more than 1000 times its size"),
        (&["--max-ratio", "10000000", "--max-unpacked", "20MiB"], "more than 20 MiB; the rest was left out (--max-unpacked"),
        (&["--max-ratio", "10000000", "--max-member-size", "1MiB"], "longer than 1 MiB; the rest was left out (--max-member-size"),
        (&["--max-depth", "1"], "--max-depth"),
    ] {
        let report = trapped("bomb.log.gz", &bomb, flags);
        assert!(problem(&report, "limit", "bomb.log.gz").contains(says), "{report:#}");
    }
}

/// Zips of zips, each level with many: what `42.zip` is.
#[test]
fn archives_in_archives_end_at_the_depth_and_at_the_budget() {
    let mut level = zip(&[("0.log", vec![b'0'; 16 << 20])]);
    for depth in 1..=4 {
        let members: Vec<(String, Vec<u8>)> = (0..8).map(|at| (format!("{depth}-{at}.zip"), level.clone())).collect();
        level = zip(&members);
    }
    let deep = trapped("42.zip", &level, &[]);
    assert!(problem(&deep, "limit", "4-0.zip!3-0.zip!2-0.zip").contains("--max-depth"));
    let wide = trapped("42.zip", &level, &["--max-depth", "9", "--max-unpacked", "64MiB"]);
    let says = wide["problems"].to_string();
    assert!(says.contains("more than 64 MiB") || says.contains("more than 1000 times"), "{says}");
    let few = trapped("42.zip", &level, &["--max-depth", "9", "--max-members", "20"]);
    assert!(few["problems"].to_string().contains("more than 20 members; the rest was left out (--max-members"), "{few:#}");
}

#[test]
fn an_archive_of_very_many_members_ends_at_their_number() {
    let members: Vec<(String, &[u8])> = (0..5000).map(|at| (format!("{at}.log"), &b"x"[..])).collect();
    for archive in [tar(&members), zip(&members)] {
        let report = trapped("many.tar", &archive, &["--max-members", "100"]);
        assert!(problem(&report, "limit", "many.tar").starts_with("more than 100 members"), "{report:#}");
        assert_eq!(report["totals"]["logs"], 101);
    }
}

/// Members by type and name, without their own contents.
fn tar_of(members: &[(tar::EntryType, &[u8], &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (sort, name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*sort);
        header.set_size(bytes.len() as u64);
        // `Builder` itself refuses such names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn names_and_kinds_of_members_lead_nowhere() {
    use tar::EntryType;
    let name = log_of("member");
    let archive = tar_of(&[
        (EntryType::Regular, b"../../evil.log", FAILED.as_bytes()),
        (EntryType::Regular, b"/tmp/absolute.log", b"x"),
        (EntryType::Regular, b"new\nline.log", b"x"),
        (EntryType::Regular, b"\xff\xfe.log", b"x"),
        (EntryType::Symlink, b"symlink.log", b""),
        (EntryType::Link, b"hardlink.log", b""),
        (EntryType::Char, b"device.log", b""),
        (EntryType::Block, b"disk.log", b""),
        (EntryType::Fifo, b"pipe.log", b""),
        (EntryType::Regular, name.as_bytes(), FAILED.as_bytes()),
    ]);
    for bytes in [archive.clone(), gzip(&archive)] {
        let report = trapped("trap.tar", &bytes, &[]);
        assert!(is_diagnosed(&report, "member"), "{report:#}");
        assert!(problem(&report, "suspicious", "../../evil.log").contains("as do 1 more"));
        for special in ["device.log", "disk.log", "pipe.log"] {
            assert_eq!(problem(&report, "special", special), "a pipe or device; it holds no text");
        }
        let text = report.to_string();
        assert!(text.contains("new\\nline.log") && !text.contains("symlink.log") && !text.contains("hardlink.log"), "{text}");
    }
}

/// Puts a number where a zip archive's table of contents, and the header of the member, say a size.
fn with_size(mut archive: Vec<u8>, size: u32) -> Vec<u8> {
    let central = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    archive[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
    archive[22..26].copy_from_slice(&size.to_le_bytes());
    archive
}

#[test]
fn a_zip_that_lies_about_sizes_is_read_as_far_as_it_goes() {
    let name = log_of("member");
    let archive = zip(&[(&name, FAILED)]);
    let short = trapped("lie.zip", &with_size(archive.clone(), 100), &[]);
    assert!(problem(&short, "damaged", &name).contains("cut off after 100 bytes of its text"), "{short:#}");
    assert_eq!(tasks(&short), ["beside", "member"]);
    let long = trapped("lie.zip", &with_size(archive, u32::MAX - 1), &["--max-unpacked", "64MiB"]);
    assert!(problem(&long, "damaged", &name).contains("ends early"), "{long:#}");
    assert!(is_diagnosed(&long, "member"), "{long:#}");
}

/// Many entries that share the bytes of one: a zip bomb without nesting.
#[test]
fn a_zip_whose_members_overlap_ends_at_the_ratio() {
    let mut archive = zip(&[("00000.log", vec![b'0'; 8 << 20])]);
    let central = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&archive, b"PK\x05\x06").unwrap();
    let entry = archive[central..end].to_vec();
    let mut tail = archive[end..].to_vec();
    archive.truncate(central);
    let count = 2000u16;
    for at in 0..count {
        let mut entry = entry.clone();
        entry[46..51].copy_from_slice(format!("{at:05}").as_bytes());
        archive.extend(entry);
    }
    let size = u32::try_from(archive.len() - central).unwrap();
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    archive.extend(tail);
    let report = trapped("overlap.zip", &archive, &["--max-ratio", "100"]);
    assert!(problem(&report, "limit", "overlap.zip").contains("more than 100 times its size"), "{report:#}");
}

#[test]
fn a_cut_and_a_foreign_end_are_said_of_every_packing() {
    for (suffix, pack) in packings() {
        let name = format!("{}.{suffix}", log_of("member"));
        let packed = pack(FAILED.as_bytes());
        let behind = trapped(&name, &[&packed[..], b"garbage"].concat(), &[]);
        assert!(problem(&behind, "damaged", &name).contains("follows its end"), "{suffix}: {behind:#}");
        assert!(is_diagnosed(&behind, "member"), "{suffix}: {behind:#}");
        let cut = trapped(&name, &packed[..packed.len() - 3], &[]);
        assert!(problem(&cut, "damaged", &name).contains("ends early"), "{suffix}: {cut:#}");
        let twice = trapped(&name, &[pack(&FAILED.as_bytes()[..500]), pack(&FAILED.as_bytes()[500..])].concat(), &[]);
        assert!(is_diagnosed(&twice, "member") && twice["problems"] == serde_json::json!([]), "{suffix}: {twice:#}");
    }
}

#[test]
fn a_device_that_never_ends_is_read_to_a_limit() {
    let (_, zero) = report(Path::new("/dev/zero"), &["--max-unpacked", "8MiB"]);
    let says = problem(&zero, "limit", "/dev/zero");
    assert!(says.contains("more than 8 MiB of NUL bytes") && says.contains("--max-unpacked"), "{says}");
}

#[test]
fn standard_input_that_never_ends_is_read_to_a_limit() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dagnosis"))
        .args(["-", "-f", "json", "--max-unpacked", "8MiB"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        // It ends where nobody reads any more.
        while pipe.write_all(&FAILED.as_bytes().repeat(100)).is_ok() {}
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["problems"].to_string().contains("longer than 8 MiB; the rest was left out (--max-unpacked"), "{report:#}");
}

/// A pipe with a name, such as a shell gives for the output of a command.
#[test]
fn a_pipe_that_is_named_is_read() {
    let tree = tempfile::tempdir().unwrap();
    let pipe = tree.path().join("pipe.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.clone();
    let writer = std::thread::spawn(move || std::fs::write(path, gzip(FAILED.as_bytes())).unwrap());
    let ran = run(&[pipe.to_str().unwrap(), "-f", "json", "--attempts", "all"]);
    writer.join().unwrap();
    assert_eq!(ran.code, EXIT_FINDINGS, "{}", ran.err);
}
