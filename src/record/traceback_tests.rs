use super::*;

fn names(text: &str) -> Vec<(String, Link)> {
    parse(text, false).exceptions.into_iter().map(|exception| (exception.class, exception.link)).collect()
}

#[test]
fn a_chain_is_read_root_first_with_its_links() {
    let text = "Task failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\n    ^^^\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in h\nlib.errors.Broken\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"c.py\", line 3, in i\nValueError: two\nlines\n";
    let chain = parse(text, false);
    assert_eq!(names(text), [("KeyError".into(), Link::First), ("Broken".into(), Link::Context), ("ValueError".into(), Link::Cause)]);
    assert_eq!(chain.exceptions[1].module.as_deref(), Some("lib.errors"));
    assert_eq!(chain.exceptions[2].message, "two\nlines");
    assert_eq!(*chain.exceptions[0].frames, [Frame { file: "a.py".into(), line: 1, function: "f".into(), code: None }]);
    assert!(text[chain.exceptions[2].at..].starts_with("ValueError: two"));
}

#[test]
fn blank_lines_between_frames_do_not_end_a_traceback() {
    let text = "Trigger failed:\nTraceback (most recent call last):\n\n  File \"t.py\", line 1, in run\n    x\n\nConnectionResetError: [Errno 104] Connection reset by peer\n\n";
    assert_eq!(names(text), [("ConnectionResetError".into(), Link::First)]);
}

#[test]
fn a_group_gives_its_members_too() {
    let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | ExceptionGroup: 2 failed (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"b.py\", line 2, in g\n    | TimeoutError: slow\n    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    |   File \"b.py\", line 3, in g\n    | OSError: gone\n    +------------------------------------\n";
    let classes: Vec<String> = names(text).into_iter().map(|(class, _)| class).collect();
    assert_eq!(classes, ["TimeoutError", "OSError", "ExceptionGroup"]);
}

#[test]
fn a_bare_exception_line_needs_the_look_of_one() {
    assert_eq!(names("requests.exceptions.ConnectionError: ('Connection aborted.')").len(), 1);
    assert_eq!(names("psycopg2.errors.UndefinedTable: relation").len(), 1);
    for text in ["Note: nothing", "ERROR: failed", "Errors: 0", "my.module: text", "Some words Error: x", "airflow.exceptions: x"] {
        assert!(names(text).is_empty(), "{text}");
    }
}

#[test]
fn a_group_in_a_group_with_causes_notes_and_bare_members() {
    let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'first'\n\nDuring handling of the above exception, another exception occurred:\n\n  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 2, in f\n  |     raise x\n  | ExceptionGroup: outer (2 sub-exceptions)\n  | a note\n  +-+---------------- 1 ----------------\n    | Exception Group Traceback (most recent call last):\n    |   File \"a.py\", line 3, in g\n    | ExceptionGroup: inner (1 sub-exception)\n    +-+---------------- 1 ----------------\n      | ValueError: bare\n      +------------------------------------\n    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    |   File \"b.py\", line 4, in h\n    | OSError: under\n    | \n    | The above exception was the direct cause of the following exception:\n    | \n    | Traceback (most recent call last):\n    |   File \"b.py\", line 5, in h\n    | lib.errors.Top: over\n    +---------------- ... ----------------\n    | and 3 more exceptions\n    +------------------------------------\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"c.py\", line 6, in main\nRuntimeError: all of it\n";
    let chain = parse(text, false);
    let all: Vec<(&str, Link, Option<usize>)> = chain.exceptions.iter().map(|e| (e.class.as_str(), e.link, e.group)).collect();
    assert_eq!(
        all,
        [
            ("KeyError", Link::First, None),
            ("ValueError", Link::First, Some(2)),
            ("ExceptionGroup", Link::First, Some(5)),
            ("OSError", Link::Beside, Some(5)),
            ("Top", Link::Cause, Some(5)),
            ("ExceptionGroup", Link::Context, None),
            ("RuntimeError", Link::Cause, None),
        ]
    );
    assert_eq!(chain.exceptions[5].notes, ["a note"]);
    assert_eq!(chain.exceptions[5].frames.len(), 1);
    assert!(chain.exceptions.iter().all(|exception| text[exception.at..].contains(&exception.class)));
    assert!(text[chain.exceptions[4].at..].starts_with("lib.errors.Top"));
    assert!(chain.unfinished.is_empty() && !chain.cut_top);
}

#[test]
fn marks_and_repetitions_are_no_exceptions() {
    let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    return g(\n        x,\n    ...<3 lines>...\n    )\n    ~~~~^^^\n  File \"a.py\", line 1, in f\n  [Previous line repeated 995 more times]\nRecursionError: maximum recursion depth exceeded\n";
    let chain = parse(text, false);
    assert_eq!(names(text), [("RecursionError".into(), Link::First)]);
    assert_eq!(chain.exceptions[0].frames.len(), 2);
}

#[test]
fn thousands_of_frames_are_bounded() {
    let text = format!(
        "Traceback (most recent call last):\n{}RecursionError: too deep\n",
        "  File \"a.py\", line 1, in f\n    f()\n".repeat(5000)
    );
    assert_eq!(parse(&text, false).exceptions[0].frames.len(), super::super::exception::FRAMES_MAX);
}

#[test]
fn a_traceback_that_stops_gives_frames_and_no_exception() {
    for text in [
        "Task failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g(x)\n  File \"b.py\", line 2, in g\n    raise Broken",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n  File \"b.py\", line 2, in g\nDone\nand on\nwith\nother words\n",
        "Traceback (most recent call last):\nFile \"a.py\", line 1, in f\ng(x)\nFile \"b.py\", line 2, in g\nraise Broken",
    ] {
        let chain = parse(text, false);
        assert_eq!((chain.exceptions.len(), chain.unfinished.len(), chain.cut_top), (0, 2, false), "{text}");
        assert_eq!(chain.unfinished[1].function, "g");
    }
    let half = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in g\n";
    let chain = parse(half, false);
    assert_eq!((chain.raised().map(|raised| raised.class.as_str()), chain.unfinished.len()), (Some("KeyError"), 1));
}

#[test]
fn an_excerpt_that_starts_in_the_middle_says_so() {
    for text in [
        "    return f(x)\n  File \"a.py\", line 1, in f\n    g()\nlib.Broken: no",
        "    raise ReadTimeout(e)\nrequests.exceptions.ReadTimeout: no",
        "\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nlib.Broken: no",
    ] {
        let chain = parse(text, false);
        assert_eq!((chain.exceptions.len(), chain.cut_top, chain.exceptions[0].link), (1, true, Link::First), "{text}");
    }
    assert!(!parse("Words\n    more\nValueError: x", false).cut_top);
    assert!(!parse("ValueError: x", false).cut_top);
}

#[test]
fn without_indentation_the_name_tells_an_exception_from_source() {
    let text = "Traceback (most recent call last):\nFile \"a.py\", line 1, in f\nvalue: int = g(x)\nFile \"b.py\", line 2, in g\nreturn x\nrequests.exceptions.ReadTimeout: slow\n";
    assert_eq!(names(text), [("ReadTimeout".into(), Link::First)]);
}

#[test]
fn an_indented_traceback_is_one_too() {
    let text =
        "Broken DAG:\n    Traceback (most recent call last):\n      File \"a.py\", line 1, in f\n        g()\n    ImportError: no g\n";
    assert_eq!(names(text), [("ImportError".into(), Link::First)]);
}

#[test]
fn other_lines_between_frames_and_exception_are_passed_over() {
    let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nloading 3 of 7\nValueError: x\n";
    let chain = parse(text, false);
    assert_eq!((chain.exceptions.len(), chain.exceptions[0].frames.len()), (1, 1));
}

#[test]
fn a_stack_without_exception_is_none() {
    for text in [
        "Received SIGTERM. Terminating subprocesses.\nStacktrace: \n  File \"a.py\", line 1, in f\n    g()\nDone: all",
        "slow\nStack (most recent call last):\n  File \"a.py\", line 1, in f\n",
    ] {
        assert_eq!(parse(text, false), Chain::default(), "{text}");
    }
    let logging = "--- Logging error ---\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nTypeError: not all\nCall stack:\n  File \"b.py\", line 2, in g\nMessage: 'x'\nArguments: ()\n";
    assert_eq!(names(logging).len(), 1);
}

#[test]
fn syntax_errors_name_their_place_and_single_line_messages_their_notes() {
    let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    exec(x)\n  File \"/opt/airflow/dags/b.py\", line 3\n    def g(:\n          ^\nSyntaxError: invalid syntax\nsee the manual\n";
    let exception = parse(text, false).exceptions.remove(0);
    assert_eq!(exception.syntax, Some(SyntaxSpot { file: "/opt/airflow/dags/b.py".into(), line: 3, text: "def g(:".into() }));
    assert_eq!((exception.message.as_str(), exception.notes), ("invalid syntax", vec!["see the manual".to_owned()]));
}

#[test]
fn classes_of_functions_and_of_python_2_are_named() {
    for (line, module, class) in [
        ("dags.etl.load.<locals>.Broken: no", Some("dags.etl.load.<locals>"), "Broken"),
        ("error: [Errno 104] reset", None, "error"),
        ("socket.timeout: timed out", Some("socket"), "timeout"),
        ("KeyboardInterrupt", None, "KeyboardInterrupt"),
        ("lib.Odd", Some("lib"), "Odd"),
        ("Retry: later", None, "Retry"),
    ] {
        let chain = parse(&format!("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n{line}\n"), false);
        let raised = chain.raised().map(|raised| (raised.module.as_deref(), raised.class.as_str()));
        assert_eq!(raised, Some((module, class)), "{line}");
    }
}

#[test]
fn a_remote_traceback_ends_with_its_quotes() {
    let text = "multiprocessing.pool.RemoteTraceback: \n\"\"\"\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nOSError: gone\n\"\"\"\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in g\nOSError: gone\n";
    let chain = parse(text, false);
    assert_eq!(names(text), [("OSError".into(), Link::First), ("OSError".into(), Link::Cause)]);
    assert_eq!(chain.exceptions[0].message, "gone");
}

#[test]
fn a_cause_without_a_traceback_of_its_own_is_read() {
    let text = "Task failed\nurllib3.exceptions.ProtocolError: ('Connection aborted.')\nin two lines\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nlib.errors.Broken: no\n";
    let chain = parse(text, false);
    assert_eq!(names(text), [("ProtocolError".into(), Link::First), ("KeyError".into(), Link::Cause), ("Broken".into(), Link::Context)]);
    assert_eq!(chain.exceptions[0].message, "('Connection aborted.')\nin two lines");
    assert!(!chain.cut_top && text[chain.exceptions[0].at..].starts_with("urllib3"));
    let far = "ValueError: quoted\n\nother words\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 1\n";
    assert_eq!(names(far), [("KeyError".into(), Link::First)]);
}
