//! Who is told of a report: a program on its standard input, an address by POST; when, with what, and what happens where that fails.

use serde_json::Value;

use crate::logs::{log_of, put};
use crate::program::{Run, run_with};

/// What a log may hold to harm what is started or asked because of it.
const HOSTILE: &str = "$(touch owned) `touch owned`; touch owned & \u{1b}[2J ' \" \\ %0a HOSTILE";

/// A folder with the log of a task that failed with a hostile message and shows a secret.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let log = format!(
        "[2026-11-20 01:00:00,000] {{taskinstance.py:1103}} INFO - Starting attempt 1 of 1\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/dags/x.py\", line 1, in push\n    push()\nOddError: {HOSTILE} password=HUSH-1234\n\
         [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    );
    put(tree.path(), &log_of("push"), log);
    tree
}

fn notify(tree: &tempfile::TempDir, arguments: &[&str]) -> Run {
    run_with(&[&["dag_id=shop"], arguments].concat(), tree.path(), b"")
}

/// Whether a text is the report of the failure, with its hostile message and without its secret.
fn is_the_report(text: &str) -> bool {
    let report: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    report["schema"] == "dagnosis.report/1"
        && report["incidents"].as_array().unwrap().len() == 1
        && text.contains("HOSTILE")
        && !text.contains("HUSH")
}

#[test]
fn what_can_never_be_told_is_an_error_before_any_log_is_read() {
    let tree = tree();
    for (arguments, says) in [
        (&["--notify", "exec:"][..], "names no program"),
        (&["--notify", "mail:HUSH"], "write exec:PROGRAM"),
        (&["--notify", "exec:cat", "--fail-on", "never"], "--notify-on high"),
        (&["--notify", "exec:cat", "--notify-on", "never"], "--notify-on high"),
        (&["--notify", "exec:cat", "--notify-on", "new"], "--notify-on new: name what it is new against"),
        (&["--notify", "exec:cat", "--notify", "exec:cat", "--notify-arg", "HUSH"], "belongs to one"),
        (&["--notify-arg", "x"], "--notify"),
        (&["--notify", "exec:cat", "--notify-timeout", "0"], "--notify-timeout"),
        #[cfg(not(feature = "webhook"))]
        (&["--notify", "https://example.com/HUSH"], "--features webhook"),
        #[cfg(feature = "webhook")]
        (&["--notify", "https://HUSH@:99999/HUSH"], "write https://HOST/PATH"),
    ] {
        let run = notify(&tree, arguments);
        assert!(run.code == 2 && run.out.is_empty() && run.err.contains(says), "{arguments:?}: {}", run.err);
        assert!(!run.err.contains("HUSH"), "{}", run.err);
    }
}

#[cfg(unix)]
mod programs {
    use std::fs;

    use super::{HOSTILE, is_the_report, notify, put, tree};
    use crate::logs::files_below;

    /// Writes down its arguments, its environment and its input.
    const SCRIPT: &str = "printf '%s\\n' \"$@\" > arguments; env > environment; cat > input; echo printed; exit \"${1:-0}\"\n";

    #[test]
    fn a_program_gets_the_report_on_its_input_and_nothing_of_a_log_elsewhere() {
        let tree = tree();
        put(tree.path(), "script", SCRIPT);
        let words = ["--notify", "exec:/bin/sh", "--notify-arg", "script", "--notify-arg", "0", "--notify-arg", "$HOME *", "--no-mask"];
        let run = notify(&tree, &words);
        assert_eq!((run.code, run.err.as_str()), (1, "printed\n"));
        assert_eq!(run.out, notify(&tree, &["--no-mask"]).out);
        let read = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
        assert_eq!(read("arguments"), "0\n$HOME *\n");
        // Masked also where the terminal is not.
        assert!(is_the_report(&read("input")) && run.out.contains("HUSH"), "{}", read("input"));
        let environment = read("environment");
        assert!(!environment.contains(HOSTILE) && !environment.contains("HOSTILE"), "{environment}");
        for line in ["INCIDENTS=1", "INCIDENTS_GRAVE=1", "FAILED_ATTEMPTS=1", "PROBLEMS=0"] {
            assert!(environment.lines().any(|told| told == format!("DAGNOSIS_{line}")), "{line}: {environment}");
        }
        assert!(!files_below(tree.path()).iter().any(|(name, _)| name == "owned"));
    }

    #[test]
    fn a_program_runs_only_if_something_is_grave_enough() {
        let tree = tree();
        put(tree.path(), "script", SCRIPT);
        let told = |more: &[&str]| {
            let run = notify(&tree, &[&["--notify", "exec:sh", "--notify-arg", "script"], more].concat());
            assert!(run.code <= 1, "{}", run.err);
            fs::remove_file(tree.path().join("input")).is_ok()
        };
        assert!(told(&[]) && told(&["--fail-on", "never", "--notify-on", "info"]) && told(&["-q"]));
        assert!(!told(&["--fail-on", "critical"]) && !told(&["--notify-on", "critical"]));
    }

    #[test]
    fn nobody_is_told_of_what_is_ignored_or_was_there_last_night() {
        let tree = tree();
        put(tree.path(), "script", SCRIPT);
        put(tree.path(), "ignoring.yaml", "ignore: [{ dag: shop, reason: is known }]\n");
        assert_eq!(notify(&tree, &["-o", "json=last.json", "--fail-on", "never"]).code, 0);
        put(tree.path(), "before.json", "{ \"schema\": \"dagnosis.report/1\", \"incidents\": [] }");
        let told = |more: &[&str]| {
            let run = notify(&tree, &[&["--notify", "exec:sh", "--notify-arg", "script"], more].concat());
            assert!(run.code <= 1, "{}", run.err);
            fs::remove_file(tree.path().join("input")).is_ok()
        };
        assert!(!told(&["--config", "ignoring.yaml"]) && !told(&["--config", "ignoring.yaml", "--show-ignored"]));
        for option in ["--notify-on", "--fail-on"] {
            assert!(!told(&["--baseline", "last.json", option, "new"]), "{option}");
            assert!(told(&["--baseline", "before.json", option, "new"]), "{option}");
        }
        assert!(told(&["--baseline", "last.json"]));
    }

    #[test]
    fn a_program_that_fails_is_told_and_loses_nothing_of_the_report() {
        let tree = tree();
        put(tree.path(), "script", SCRIPT);
        let plain = notify(&tree, &[]).out;
        let all = |more: &[&str]| notify(&tree, &[&["-o", "json=out.json"], more].concat());
        for (arguments, says) in [
            (&["--notify", "exec:sh", "--notify-arg", "script", "--notify-arg", "7"][..], "--notify exec:sh: it ended with exit status: 7"),
            (&["--notify", "exec:./absent"], "--notify exec:./absent: it cannot be run"),
            (&["--notify", "exec:sleep", "--notify-arg", "600", "--notify-timeout", "1"], "had not ended after 1 s"),
        ] {
            let run = all(arguments);
            assert!(run.code == 2 && run.err.contains(says), "{} {}", run.code, run.err);
            assert_eq!(run.out, plain);
            assert!(is_the_report(&fs::read_to_string(tree.path().join("out.json")).unwrap()));
            fs::remove_file(tree.path().join("out.json")).unwrap();
        }
        // A report that cannot be written keeps nobody from being told.
        let run = notify(&tree, &["-o", "absent/out", "--notify", "exec:sh", "--notify-arg", "script"]);
        assert!(run.code == 2 && run.err.contains("cannot write absent/out"), "{}", run.err);
        assert!(is_the_report(&fs::read_to_string(tree.path().join("input")).unwrap()));
        // Who does not read its input may still do well.
        assert_eq!(notify(&tree, &["--notify", "exec:true"]).code, 1);
    }
}

#[cfg(feature = "webhook")]
mod webhooks {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::{is_the_report, notify, tree};

    /// Answers requests one after the other, and gives each one's head and body. An answer that is empty is none.
    fn serve(answers: &'static [&'static str]) -> (String, thread::JoinHandle<Vec<(String, String)>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://user:HUSH@{}/services/HUSH?token=HUSH", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let mut held = Vec::new();
            let one = |answer: &&str| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
                }
                let head = head.to_ascii_lowercase();
                let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                lines.read_exact(&mut body).unwrap();
                if answer.is_empty() {
                    held.push(stream);
                } else {
                    write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
                }
                (head, String::from_utf8(body).unwrap())
            };
            let asked = answers.iter().map(one).collect();
            if !held.is_empty() {
                // Until the client has given up.
                held.iter_mut().for_each(|stream| drop(stream.read_to_end(&mut Vec::new())));
            }
            asked
        });
        (address, served)
    }

    #[test]
    fn an_address_gets_the_report() {
        let (tree, (address, served)) = (tree(), serve(&["204 No Content"]));
        let run = notify(&tree, &["--notify", &address]);
        assert_eq!((run.code, run.err.as_str()), (1, ""));
        let asked = served.join().unwrap();
        let (head, body) = &asked[0];
        assert!(
            head.starts_with("post /services/hush?token=hush http/1.1\r\n") && head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        assert!(!head.contains("hostile") && is_the_report(body), "{head}{body}");
    }

    #[test]
    fn what_was_not_taken_is_sent_once_more() {
        for (answers, code) in [(&["503 Busy", "200 OK"][..], 1), (&["503 Busy", "503 Busy"], 2)] {
            let (tree, (address, served)) = (tree(), serve(answers));
            let run = notify(&tree, &["--notify", &address]);
            assert_eq!((run.code, run.err.contains("it answered 503")), (code, code == 2), "{}", run.err);
            let asked = served.join().unwrap();
            assert!(asked.len() == 2 && asked[0].1 == asked[1].1);
        }
    }

    #[test]
    fn an_address_that_fails_is_told_without_its_secret_and_loses_nothing_of_the_report() {
        let tree = tree();
        let plain = notify(&tree, &[]).out;
        // Each but the last ends with one request: what may have arrived is not sent again, and nobody follows a redirect.
        for (answers, says) in [
            (&["404 Not Found"][..], "it answered 404"),
            (&["500 Broken"], "it answered 500"),
            (&["307 Elsewhere\r\nLocation: http://127.0.0.1:1/evil"], "redirects are not followed"),
            (&[""], "no answer within 1 s"),
            (&[], "--notify http://127.0.0.1:"),
        ] {
            let (address, served) = serve(answers);
            if answers.is_empty() {
                served.join().unwrap();
            }
            let run = notify(&tree, &["--notify", &address, "--notify-timeout", "1"]);
            assert!(run.code == 2 && run.err.contains(says) && run.err.contains("/***: "), "{says}: {}", run.err);
            assert!(!run.err.contains("HUSH") && run.out == plain, "{}", run.err);
        }
    }
}
