//! What the display says, and how it stands on a screen.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use indicatif::InMemoryTerm;

use super::*;

const SUM: Sum = Sum { files: 5678, bytes: 3_400_000_000 };

fn seen(files: u64, bytes: u64, total: Option<Sum>) -> Seen {
    Seen { files, bytes, total, is_scanned: false }
}

#[test]
fn what_is_not_known_is_not_said() {
    let rate = 210e6;
    assert_eq!(says(&seen(0, 0, None), 0.0), "0 bytes read");
    assert_eq!(says(&seen(0, 12_000_000, None), 3.1e6), "12.0 MB read, 3.1 MB/s");
    assert_eq!(says(&seen(1, 12_000_000, None), rate), "12.0 MB read, 210.0 MB/s, 1 file");
    assert_eq!(says(&seen(1204, 1_200_000_000, None), rate), "1.2 GB read, 210.0 MB/s, 1,204 files");
    assert_eq!(says(&seen(1204, 1_200_000_000, Some(SUM)), rate), "10 s left, 1.2 GB of 3.4 GB, 210.0 MB/s, 1,204 of 5,678 files");
    assert_eq!(says(&seen(1204, 1_200_000_000, Some(SUM)), 0.0), "1.2 GB of 3.4 GB, 1,204 of 5,678 files");
    let one = Sum { files: 1, bytes: 4000 };
    assert_eq!(says(&seen(0, 1000, Some(one)), 10.0), "5 min left, 1.0 kB of 4.0 kB, 10 bytes/s");
    assert_eq!(says(&Seen { is_scanned: true, ..seen(5678, 3_400_000_000, Some(SUM)) }, rate), "3.4 GB read, diagnosing");
}

#[test]
fn logs_that_grow_while_they_are_read_are_no_more_than_all() {
    assert_eq!(says(&seen(6000, 3_500_000_000, Some(SUM)), 210e6), "almost done, 3.4 GB of 3.4 GB, 210.0 MB/s, 5,678 of 5,678 files");
}

#[test]
fn the_time_left_is_rounded_the_more_the_longer_it_is() {
    for (seconds, words) in [
        (0.2, "almost done"),
        (1.4, "1 s left"),
        (89.0, "89 s left"),
        (100.0, "2 min left"),
        (5000.0, "83 min left"),
        (7300.0, "2 h left"),
        (1e9, "days left"),
        (f64::INFINITY, "days left"),
    ] {
        assert_eq!(left(seconds), words, "{seconds}");
    }
}

#[test]
fn a_line_of_the_screen_is_drawn_and_cleared() {
    for width in [100, 40] {
        let term = InMemoryTerm::new(5, width);
        let bar = bar(ProgressDrawTarget::term_like(Box::new(term.clone())));
        draw(&bar, &seen(12, 34_000_000, None));
        assert!(term.contents()[1..].starts_with(" 34.0 MB read"), "{}", term.contents());
        draw(&bar, &seen(2839, 1_700_000_000, Some(SUM)));
        assert!(term.contents().starts_with("[========>       ]  50%  "), "{}", term.contents());
        assert_eq!(term.contents().lines().count(), 1, "it does not wrap, at {width} columns: {}", term.contents());
        draw(&bar, &Seen { is_scanned: true, ..seen(5678, 3_400_000_000, Some(SUM)) });
        assert!(term.contents()[1..].starts_with(" 3.4 GB read, diagnosing"), "{}", term.contents());
        bar.finish_and_clear();
        assert_eq!(term.contents(), "");
    }
}

#[test]
fn the_sum_is_that_of_what_is_read() {
    let tree = tempfile::tempdir().unwrap();
    for (name, length) in [("a.log", 10), ("b/c.log", 20), ("b/no-log.py", 40)] {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, vec![b'x'; length]).unwrap();
    }
    let walk = || Walk::new(&[tree.path().to_str().unwrap().to_owned()]).unwrap();
    assert_eq!(summed(walk(), &AtomicBool::new(false)), Some(Sum { files: 2, bytes: 30 }));
    assert_eq!(summed(walk(), &AtomicBool::new(true)), None, "nobody wants it any more");
    assert_eq!(summed(Walk::new(&["-".to_owned()]).unwrap(), &AtomicBool::new(false)), None, "nobody knows how much will come");
}
