//! What a person reads in a terminal, a file and a mail: how wide it is, what the first line of a mail says, what is printed to no terminal.

use std::path::Path;

use crate::logs::{log_of, put};
use crate::nights::Nights;
use crate::program::{Run, run, run_in, run_with};

/// The lines that are longer than `width`, but for those that are to be copied as they are: places of logs, commands and code stand deeper than text or
/// are one word.
fn too_long(text: &str, width: usize) -> Vec<&str> {
    let is_copied = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start().trim_start_matches("Seen").trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
        indent >= 16 || !words.contains(' ')
    };
    text.lines().filter(|line| line.chars().count() > width && !is_copied(line)).collect()
}

#[test]
fn text_fits_a_terminal_and_a_mail_a_mailbox() {
    let (text, mail) = (run(&["sample-logs"]).out, run(&["sample-logs", "-f", "mail"]).out);
    for (text, width) in [(&text, 80), (&mail, 76)] {
        assert_eq!(too_long(text, width), Vec::<&str>::new());
        // The list has no line that is too long, whatever it holds.
        let list = text.split("\n\n").find(|part| part.trim_start().starts_with("1. ")).expect("there is a list");
        assert!(list.lines().count() > 20 && list.lines().all(|line| line.chars().count() <= width), "{list}");
        assert!(!text.contains('\u{1b}'));
    }
    let narrow = "   Why        a sentence that is longer than it should be";
    assert_eq!(too_long(narrow, 40), [narrow], "the test finds what it looks for");
}

#[test]
fn a_mail_begins_with_its_subject() {
    let mail = run(&["sample-logs", "-f", "mail"]).out;
    let (subject, body) = mail.split_once("\n\n").expect("a blank line ends the subject");
    assert!(subject.starts_with("dagnosis: ") && subject.contains(" critical, ") && subject.len() <= 69, "{subject}");
    // The body is the text's, but for where lines end and how much is told in full.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let text = run(&["sample-logs"]).out;
    assert_eq!(words(body)[..200], words(&text)[..200]);

    let tree = tempfile::tempdir().unwrap();
    let subject_of = |run: Run| run.out.lines().next().unwrap_or_default().to_owned();
    put(tree.path(), "empty/readme.md", "nothing");
    assert_eq!(subject_of(run_with(&["empty", "-f", "mail"], tree.path(), b"")), "dagnosis: no log was read");
    put(tree.path(), &log_of("push"), "[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n");
    assert_eq!(subject_of(run_with(&["dag_id=shop", "-f", "mail"], tree.path(), b"")), "dagnosis: no failure found");
    put(tree.path(), "other/access.log", "127.0.0.1 - - [20/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 612\n");
    assert_eq!(subject_of(run_with(&["other", "-f", "mail"], tree.path(), b"")), "dagnosis: no task's log was read");
    assert_eq!(subject_of(run_with(&["-", "-f", "mail"], tree.path(), b"")), "dagnosis: no log was read");
    put(
        tree.path(),
        &log_of("stops").replace("dag_id=shop", "dag_id=open"),
        "{\"timestamp\":\"2026-11-20T01:00:00Z\",\"event\":\"begun\",\"level\":\"info\"}\n",
    );
    assert_eq!(subject_of(run_with(&["dag_id=open", "-f", "mail"], tree.path(), b"")), "dagnosis: no failure found, 1 of unknown outcome");
    let hostile = "[2026-11-20 01:00:01,000] {taskinstance.py:1482} ERROR - Task failed with exception\nTraceback (most recent call last):\n  \
                   File \"/dags/shop.py\", line 12, in push\n    push()\nOddError: \u{1b}[2J\r\nBcc: x@y \u{202e}évil\n\
                   [2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 1\n";
    put(tree.path(), &log_of("push"), hostile);
    put(tree.path(), "dag_id=shop/broken.log.gz", [0x1f, 0x8b, 8, 0, 1]);
    let subject = subject_of(run_with(&["dag_id=shop", "-f", "mail"], tree.path(), b""));
    assert!(subject.starts_with("dagnosis: 1 medium, 1 not read: "), "{subject}");
    assert!(subject.len() <= 69 && subject.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{subject}");
}

#[test]
fn a_subject_tells_of_what_is_new_and_is_no_false_all_clear() {
    let nights = Nights::new();
    let subject = |day: u32, more: &[&str]| {
        let run = nights.run(day, &[&["logs", "-f", "mail"], more].concat());
        run.out.lines().next().unwrap_or_default().to_owned()
    };
    nights.fails(1, "push", "KeyError: 'a'");
    assert_eq!(subject(1, &[]), "dagnosis: 1 new medium: A key is missing (KeyError): shop.push");
    assert_eq!(subject(2, &[]), "dagnosis: nothing new, 1 known");
    nights.fails(3, "load", "ConnectionResetError: [Errno 104] Connection reset by peer");
    assert!(subject(3, &[]).starts_with("dagnosis: 1 new high, 1 known: Connection reset by peer"), "{}", subject(4, &[]));
    std::fs::write(nights.path().join("dagnosis.yaml"), "ignore: [ { dag: shop, reason: Known } ]\n").unwrap();
    assert_eq!(subject(5, &[]), "dagnosis: no other failure found, 2 ignored");
    std::fs::write(nights.path().join("dagnosis.yaml"), "ignore: [ { dag: other, reason: Known, expires: 2020-01-01 } ]\n").unwrap();
    assert!(subject(6, &[]).contains(", 1 setting expired"), "{}", subject(7, &[]));
}

fn in_environment(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    run_in(arguments, Path::new(env!("CARGO_MANIFEST_DIR")), b"", environment)
}

#[test]
fn what_is_no_terminal_gets_neither_colours_nor_links() {
    // Even where the environment says that the terminal has them.
    let plain = run(&["sample-logs/airflow-2.10"]);
    let forced = in_environment(
        &["sample-logs/airflow-2.10"],
        &[("FORCE_HYPERLINK", "1"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("CI", "true"), ("COLUMNS", "200")],
    );
    assert_eq!(forced.out, plain.out);
    let never = in_environment(&["sample-logs/airflow-2.10", "--color", "never"], &[("CLICOLOR_FORCE", "1")]);
    assert_eq!(never.out, plain.out);
    let wanted = in_environment(&["sample-logs/airflow-2.10"], &[("CLICOLOR_FORCE", "1")]);
    assert!(wanted.out.contains("\u{1b}[1m") && !wanted.out.contains("\u{1b}]8"), "who asks for colours in a pipe has them");
    let unwanted = in_environment(&["sample-logs/airflow-2.10"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert_eq!(unwanted.out, plain.out);
}
