//! The user's own forms: what they tell, and what is wrong with those that are none.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::*;

fn dialects(format: &str) -> Dialects {
    Dialects::new(Zone::default(), &[format.to_owned()]).unwrap()
}

fn fault(format: &str) -> String {
    Dialects::new(Zone::default(), &[format.to_owned()]).unwrap_err().to_string()
}

#[test]
fn the_groups_tell_the_parts() {
    let dialects = dialects(r"(?<time>\S+ \S+) \| (?P<level>\w+) \| (?<file>[^:]+):(?<line>\d+) (?<logger>\S+) \| (?<message>.*)");
    let record = b"2026-11-21 10:00:00,123 | ERROR | a.py:12 mytask | one\ntwo";
    let header = dialects.header(record).unwrap();
    assert_eq!(header.time.unwrap().to_string(), "2026-11-21T10:00:00.123Z");
    assert_eq!((header.level, header.logger.as_deref()), (Some(Level::Error), Some("a.py:12")));
    assert_eq!((header.dialect, &record[header.text_at..]), (Dialect::Own, &b"one\ntwo"[..]));
    assert_eq!(dialects.own_time(record), header.time.map(Ok));
    for line in ["x 2026-11-21 10:00:00,123 | ERROR | a.py:12 mytask | one", "two", ""] {
        assert!(!dialects.is_own(line.as_bytes()), "{line}");
    }
    assert!(!Dialects::default().is_own(record) && Dialects::default().header(record).is_none());
}

#[test]
fn levels_may_be_letters_and_numbers() {
    let dialects = dialects(r"\[(?<level>\w+)\](?: (?<time>[\d.]+))? (?<message>.+)$");
    let level = |line: &str| dialects.header(line.as_bytes()).unwrap().level;
    assert_eq!(
        (level("[E] x\r"), level("[40] x"), level("[error] x"), level("[X] x")),
        (Some(Level::Error), Some(Level::Error), Some(Level::Error), None)
    );
    assert_eq!(dialects.own_time(b"[I] 1795245380.5 caf\xe9"), Some(Ok(Timestamp(1_795_245_380_500_000))));
    assert_eq!(dialects.own_time(b"[I] 12 x"), Some(Err("12".to_owned())));
    assert_eq!(dialects.own_time(b"[I] x"), None);
    assert!(dialects.is_surely_own(b"[I] x") && dialects.is_own(b"[I] 12 x") && !dialects.is_surely_own(b"[I] 12 x"));
}

#[test]
fn flags_of_a_form_do_not_reach_beyond_it() {
    let extended = dialects("(?x) (?<time> \\d{4} \\S+ ) \\x20 (?<message> .* ) # the rest");
    assert!(extended.is_own(b"2026-11-21T10:00:00 x") && !extended.is_own(b"x 2026-11-21T10:00:00 x"));
    let choice = dialects("a (?<message>x)|b (?<message2>y)".replace("message2", "time").as_str());
    assert!(choice.is_own(b"a x") && choice.is_own(b"b y") && !choice.is_own(b"c b y"));
}

#[test]
fn a_format_of_pythons_logging_is_answered_with_the_expression_for_it() {
    let formats = [
        ("[%(asctime)s] {%(filename)s:%(lineno)d} %(levelname)-8s - %(message)s", "[2026-11-21T10:00:00.123+0000] {a.py:12} ERROR    - x"),
        ("%(asctime)s %(process)d|%(levelname)s|%(message)s", "2026-11-21 10:00:00,123 77|ERROR|x"),
        ("%(log_color)s%(created)f %(levelname)s%(reset)s: %(message)s", "\u{1b}[31m1795255200.123 ERROR\u{1b}[0m: x"),
    ];
    for (format, line) in formats {
        let fault = fault(format);
        let regex = fault.rsplit_once("expression: '").unwrap().1.strip_suffix('\'').unwrap();
        let header = dialects(regex).header(line.as_bytes()).unwrap_or_else(|| panic!("{regex}"));
        assert_eq!(header.time.unwrap().to_string(), "2026-11-21T10:00:00.123Z", "{regex}");
        assert_eq!((header.level, &line[header.text_at..]), (Some(Level::Error), "x"), "{regex}");
    }
    assert!(fault("100%(x").contains("unclosed group"));
}

#[test]
fn what_is_no_form_is_said_with_its_column() {
    for (format, column, says) in [
        ("(?<time>a", 1, "unclosed group: '('"),
        ("\u{e9}(?<tim>a)", 5, "unknown group 'tim'; the groups are time, level, logger, file, line, message"),
        ("(?<level>a)", 1, "neither a group 'time' nor a group 'message'"),
        ("abc", 1, "as in '(?<time>"),
        ("(?<message>.*)", 1, "empty text"),
        ("^(?<time>\\d*)", 1, "empty text"),
        ("(?<message>a{1000}{1000})", 1, "cannot be used"),
        ("(?=x)(?<message>a)", 1, "look-around"),
    ] {
        let fault = fault(format);
        assert!(fault.starts_with(&format!("--log-format '{format}', column {column}: ")) && fault.contains(says), "{fault}");
    }
}
