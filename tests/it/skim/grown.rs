//! A scan that goes on from an earlier one says what one says that reads all: of logs that have grown meanwhile, line by line or in the middle of one,
//! that were renamed, copied, compressed, cut off and begun anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use dagnosis::scan::{By, Memory, Options, Remembered, Scanned, scan, scan_on};
use dagnosis::source::discover;

use super::{FAST, NAMES, assert_same, made, rounds};
use crate::logs::{gzip, tar};
use crate::worlds::simulator::rng::Rng;

/// Files by their paths.
type Files = BTreeMap<String, Remembered>;

/// Keeps what was read while a test goes on: what earlier nights have left, and what this one leaves.
#[derive(Debug, Default)]
struct InMemory(Mutex<(Files, Files)>);

impl InMemory {
    fn end_of_night(&self) {
        let mut files = self.0.lock().unwrap();
        files.0 = std::mem::take(&mut files.1);
    }
}

impl Memory for InMemory {
    fn recall(&self, by: By<'_>) -> Vec<Remembered> {
        let is_it = |file: &&Remembered| match by {
            By::Path(path) => file.path == path,
            By::Inode { device, inode } => (file.stat.device, file.stat.inode) == (device, inode),
            By::Head(head) => file.print.head == head,
            By::Text { crc, bytes } => file.text == Some((crc, bytes)),
        };
        self.0.lock().unwrap().0.values().filter(is_it).cloned().collect()
    }

    fn keep(&self, file: Remembered) {
        self.0.lock().unwrap().1.insert(file.path.clone(), file);
    }

    fn is_unchanged(&self, path: &str) {
        let mut files = self.0.lock().unwrap();
        let file = files.0[path].clone();
        files.1.insert(path.to_owned(), file);
    }

    fn clean(&self, _: &mut String) {}
}

/// All that a scan says, but for what it has taken over.
fn told(scanned: &Scanned) -> Vec<String> {
    let logs = scanned.observations.iter().map(|log| format!("{log:#?}"));
    let problems = scanned.problems.iter().map(|problem| format!("{problem:?}")).filter(|problem| !problem.contains("(at least "));
    let stats = scanned.stats;
    logs.chain(problems).chain([format!("{} {} {} {}", stats.files, stats.logs, stats.bytes, stats.lines)]).collect()
}

/// Scans a folder from the memory and from nothing; gives how many bytes of text the second has read.
fn night(folder: &Path, memory: &InMemory, what: &str, bytes: &[u8]) -> u64 {
    let inputs = || discover(&[folder.to_str().unwrap().to_owned()]).unwrap().inputs;
    let options = Options { threads: 1, ..Options::default() };
    let whole = scan(inputs(), &FAST, &options);
    let again = scan_on(inputs(), &FAST, &options, Some(memory));
    memory.end_of_night();
    assert_same(&told(&whole), &told(&again), what, bytes);
    again.stats.bytes - again.stats.taken_over.unwrap().bytes
}

/// Where a log is on a night: in the middle of a line, or behind one.
fn place(rng: &mut Rng, bytes: &[u8]) -> usize {
    let at = rng.below(bytes.len() + 1);
    if rng.chance(0.5) { bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1) } else { at }
}

#[test]
fn of_logs_that_grow_the_same_is_said_as_by_reading_all_of_them() {
    let (mut read, mut all) = (0, 0);
    for seed in 0..rounds(120) {
        let mut rng = Rng::of(seed, &[7]);
        let length = rng.spread(300.0, 100_000.0) as usize;
        let bytes = made::log(&mut rng, length);
        let name = *rng.pick(&NAMES);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let memory = InMemory::default();
        let mut places: Vec<usize> = (0..rng.below(4) + 1).map(|_| place(&mut rng, &bytes)).collect();
        places.push(bytes.len());
        places.sort_unstable();
        for place in places {
            fs::write(&path, &bytes[..place]).unwrap();
            let what = format!("the log of seed {seed} as {name}, when it had {place} bytes");
            read += night(folder.path(), &memory, &what, &bytes[..place]);
            all += place as u64;
        }
        // What is as it was is not read at all.
        assert_eq!(night(folder.path(), &memory, &format!("the log of seed {seed} as {name}, once more"), &bytes), 0);
    }
    assert!(read < all * 4 / 5, "{read} of {all} bytes were read");
}

/// A service's log that is long enough to be gone on with.
fn service(seed: u64) -> Vec<u8> {
    let line = |number: u64| {
        let what =
            if number % 97 == 7 { "ERROR - boom: ConnectionResetError(104, 'Connection reset by peer')" } else { "INFO - heartbeat" };
        format!(
            "[2026-11-{:02}T08:{:02}:{:02}.{seed:03}+0000] {{scheduler_job_runner.py:1}} {what} {number}\n",
            1 + seed,
            number / 60 % 60,
            number % 60
        )
    };
    (0..3000).map(line).collect::<String>().into_bytes()
}

#[test]
fn a_log_that_is_rotated_is_known_again() {
    for rotate in ["rename", "copy and truncate"] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let memory = InMemory::default();
        let [first, second] = [service(1), service(2)];
        let (early, late) = (first.len() / 2, first.len());
        fs::write(at("scheduler.log"), &first[..early]).unwrap();
        assert!(night(folder.path(), &memory, "the first night", &first) >= early as u64);
        // It grows once more, and is rotated.
        fs::write(at("scheduler.log"), &first).unwrap();
        if rotate == "rename" {
            fs::rename(at("scheduler.log"), at("scheduler.log.1")).unwrap();
        } else {
            fs::copy(at("scheduler.log"), at("scheduler.log.1")).unwrap();
        }
        fs::write(at("scheduler.log"), &second[..1000]).unwrap();
        let read = night(folder.path(), &memory, &format!("{rotate}: the second night"), &first);
        // A copy is held against what is known by its whole text.
        let most = if rotate == "rename" { late - early } else { late };
        assert!(read < (most + 40_000) as u64, "{rotate}: {read} bytes of {late}");
        // It is rotated again, the old one is compressed, and the new one goes on.
        fs::write(at("scheduler.log.2.gz"), gzip(&first)).unwrap();
        fs::rename(at("scheduler.log"), at("scheduler.log.1")).unwrap();
        fs::write(at("scheduler.log"), &second[1000..3000]).unwrap();
        let read = night(folder.path(), &memory, &format!("{rotate}: the third night"), &first);
        assert!(read < 20_000, "{rotate}: {read} bytes on the third night");
        // Nothing happens.
        assert_eq!(night(folder.path(), &memory, &format!("{rotate}: the fourth night"), &first), 0, "{rotate}");
        // What is as long as it was but begins otherwise is another log.
        fs::write(at("scheduler.log.1"), [&first[..500], &second[500..1000]].concat()).unwrap();
        assert!(night(folder.path(), &memory, &format!("{rotate}: the fifth night"), &first) >= 1000, "{rotate}");
    }
}

/// A log of some kilobytes that says nothing.
fn quiet(lines: usize) -> String {
    (0..lines).map(|line| format!("[2026-11-21T08:00:{:02}.000+0000] {{a.py:1}} INFO - step {line}\n", line % 60)).collect()
}

#[test]
fn what_changes_between_the_ends_of_a_file_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let memory = InMemory::default();
    let failed = quiet(60) + "ERROR - x\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f\nKeyError: 'a'\n" + &quiet(60);
    let words = ["KeyError: 'a'", "Traceback (most recent call last):", "ERROR - x"];
    let fine = words.iter().fold(failed.clone(), |text, words| text.replace(words, &"-".repeat(words.len())));
    let member = |name: &str, text: &str| (format!("dag_id=d/run_id=r/task_id={name}/attempt=1.log"), text.to_owned());
    // The ends of a tar are its first member and zeros; a gzip file may hold a second one in front.
    let one = tar(&[member("a", &quiet(200)), member("b", &fine)]);
    let other = tar(&[member("a", &quiet(200)), member("b", &failed)]);
    assert_eq!(one.len(), other.len());
    for (name, before, after) in [
        ("logs.tar", one, other),
        ("out.log", fine.clone().into_bytes(), failed.clone().into_bytes()),
        ("packed.log.gz", gzip(fine.as_bytes()), [gzip(failed.as_bytes()), gzip(fine.as_bytes())].concat()),
    ] {
        fs::write(at("plain.log"), &fine).unwrap();
        fs::write(at(name), before).unwrap();
        night(folder.path(), &memory, &format!("{name} before"), b"");
        fs::write(at(name), after).unwrap();
        night(folder.path(), &memory, &format!("{name} after"), b"");
        fs::remove_file(at(name)).unwrap();
    }
}
