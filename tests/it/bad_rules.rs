//! Rule files that are wrong, or odd: what is wrong is told in full with its place, its line and the remedy, soon and with little memory; what is
//! only odd works.
//!
//! `tests/rules/told.txt` holds the messages of all faults that a text file can show.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dagnosis::error::Error;
use dagnosis::rule::{RuleSet, load, load_lean};

use crate::program::{Run, run_with};

/// A rule file with one symptom.
fn symptom(condition: &str) -> String {
    format!("version: 1\nsymptoms:\n  - id: mine\n    title: T\n    severity: low\n    category: code\n    match: {condition}\n")
}

/// Loads a file of its own; what is told names it `FILE`. For a run it loads alike.
fn loaded(bytes: &[u8]) -> Result<RuleSet, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0.yaml");
    fs::write(&file, bytes).unwrap();
    let told = |error| match error {
        Error::Rules(told) | Error::Usage(told) => told.replace(&file.display().to_string(), "FILE"),
        Error::Output(error) => panic!("{error}"),
        Error::Notify(says) => panic!("{says}"),
    };
    let folders = [folder.path().to_owned()];
    let whole = load(&folders, false).map_err(told);
    let lean = load_lean(&folders, false).map_err(told);
    let ids = |rules: &RuleSet| rules.symptoms.iter().map(|symptom| symptom.id.clone()).collect::<Vec<_>>();
    assert_eq!(lean.as_ref().map(ids), whole.as_ref().map(ids));
    whole
}

fn told(bytes: impl AsRef<[u8]>) -> String {
    loaded(bytes.as_ref()).map(drop).unwrap_err()
}

/// All of every message. `BLESS=1` writes them anew.
#[test]
fn every_fault_is_told_in_full() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/told.txt");
    let cases = fs::read_to_string(&path).unwrap();
    let mut is = cases.split("\n### ").next().unwrap().to_owned();
    let mut count = 0;
    for case in cases.split("\n### ").skip(1) {
        let (name, case) = case.split_once('\n').unwrap();
        let (file, _) = case.split_once(">>> told\n").unwrap();
        is += &format!("\n### {name}\n{file}>>> told\n{}\n", told(file));
        count += 1;
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &is).unwrap();
    }
    for (was, is) in cases.split("\n### ").zip(is.split("\n### ")) {
        assert_eq!(is, was, "BLESS=1 writes tests/rules/told.txt anew");
    }
    assert!(count > 90, "{count}");
}

#[test]
fn a_mark_before_the_text_and_other_line_ends_change_nothing() {
    let fine = symptom("{ literal: abcd }");
    let faulty = symptom("{ litral: abcd }");
    let expected = told(&faulty);
    assert!(
        expected.starts_with(
            "FILE:7:14: error[unknown-field]: unknown field `litral`\n  7 |     match: { litral: abcd }\n    |              ^^^^^^\n"
        ),
        "{expected}"
    );
    for (from, to) in [("", "\u{feff}"), ("\n", "\r\n"), ("\n", "\r")] {
        let changed = |text: &str| if from.is_empty() { format!("{to}{text}") } else { text.replace(from, to) };
        assert_eq!(loaded(changed(&fine).as_bytes()).unwrap().symptoms[0].place.line, 3, "{to:?}");
        assert_eq!(told(changed(&faulty)), expected, "{to:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_place() {
    assert_eq!(
        told(symptom("{ literal: 'ab\0cd' }")),
        "FILE:7:26: error[yaml]: the character U+0000 may not stand in a rule file\n  \
           7 |     match: { literal: 'ab cd' }\n    \
             |                          ^\n    \
             = remove it; a text that means it is written in double quotes with \\x00 in its place\n\n\
         1 fault in the rules; nothing was read"
    );
    let escape = told(symptom("{ literal: 'ab\u{1b}[31m' }"));
    assert!(
        escape.starts_with("FILE:7:26: error[yaml]: the character U+001B ")
            && escape.contains("with \\x1b in")
            && !escape.contains('\u{1b}'),
        "{escape}"
    );
    let latin = [symptom("{ literal: abcd }").as_bytes(), b"# caf\xe9, th\xe9\n"].concat();
    assert_eq!(
        told(latin),
        "FILE:8:6: error[yaml]: the byte 0xE9 is not UTF-8\n  \
           8 | # caf\u{fffd}, th\u{fffd}\n    \
             |      ^\n    \
             = save the file as UTF-8; an editor that shows odd characters here has read it in another encoding\n\n\
         1 fault in the rules; nothing was read"
    );
    let little: Vec<u8> = symptom("{ literal: abcd }").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = symptom("{ literal: abcd }").encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [[b"\xff\xfe", little.as_slice()].concat(), [b"\xfe\xff", big.as_slice()].concat(), little, big] {
        let expected =
            "FILE:1:1: error[yaml]: the file is UTF-16\n  1 | \n    | ^\n    = save it as UTF-8\n\n1 fault in the rules; nothing was read";
        assert_eq!(told(bytes), expected);
    }
    // What turns the direction of writing would hide what is wrong.
    let turned = told(symptom("{ litral: \"ab\u{202e}cd\" }"));
    assert!(turned.contains("\"ab\u{fffd}cd\"") && !turned.contains('\u{202e}'), "{turned}");
    let key = told(symptom("{ \"li\\e[31mt\": x }"));
    assert!(key.starts_with("FILE:7:14: error[unknown-field]: unknown field `li [31mt`\n"), "{key}");
}

#[test]
fn what_is_only_odd_works() {
    let anchors = "version: 1\nsymptoms:\n  - id: one\n    title: &title T\n    severity: low\n    category: code\n    match: &match { literal: abcd }\n  \
                   - { id: two, title: *title, severity: low, category: code, match: { any: [ *match, { literal: other } ] } }\n";
    assert_eq!(loaded(anchors.as_bytes()).unwrap().symptoms.len(), 2);
    // In YAML 1.2 these are texts, and a document may begin with its mark.
    for (id, before, after) in
        [("yes", "", ""), ("no", "---\n", ""), ("!!str 404", "# first\n--- # second\n", "...\n"), ("on", "%YAML 1.2\n---\n", "")]
    {
        let text = format!("{before}{}{after}", symptom("{ literal: abcd }").replace("mine", id));
        let rules = loaded(text.as_bytes()).unwrap_or_else(|told| panic!("{told}"));
        assert_eq!(rules.symptoms[0].id, id.trim_start_matches("!!str "));
    }
    let rule = |number: usize| format!("{{id: r{number}, title: T, severity: low, category: code, match: {{literal: word{number}}}}}");
    let one_line = format!("version: 1\nsymptoms: [{}]\n", (0..12_000).map(rule).collect::<Vec<_>>().join(", "));
    assert!(one_line.len() > 900_000);
    let rules = loaded(one_line.as_bytes()).unwrap_or_else(|told| panic!("{told}"));
    assert_eq!((rules.symptoms.len(), rules.symptoms[0].place.line), (12_000, 2));
    assert_eq!(rules.symptoms[rules.symptom("r1").unwrap()].place.column, 13 + rule(0).len() + ", ".len());
}

/// Diagnoses nothing with the rules of a folder, with at most 300 MB of address space and ten seconds of processor time, in which the tests' slow build counts.
#[cfg(unix)]
fn limited(folder: &Path) -> Run {
    // A run reads rules in one way, and what is wrong in the other, too.
    let program = env!("CARGO_BIN_EXE_dagnosis");
    let line = format!("ulimit -v 300000; ulimit -t 10; exec '{program}' --no-builtin-rules --rules . --fail-on never - < /dev/null");
    crate::program::run_command("/bin/sh", &["-c", &line], folder)
}

#[test]
#[cfg(unix)]
fn what_is_deep_or_large_is_refused_soon_and_with_little_memory() {
    let expression = |expression: &str| symptom(&format!("{{ regex: '{expression}' }}"));
    let nine = |name: &str| [name; 9].join(",");
    let bomb = (1..12).fold(format!("version: 1\na0: &a0 [{}]\n", nine("lol")), |text, number| {
        format!("{text}a{number}: &a{number} [{}]\n", nine(&format!("*a{}", number - 1)))
    });
    let chain =
        (1..3000).fold("version: 1\na0: &a0 [x]\n".to_owned(), |text, number| format!("{text}a{number}: &a{number} [*a{}]\n", number - 1));
    let named =
        |count: usize, start: &str, end: &str, inner: &str| symptom(&format!("{}{inner}{}", start.repeat(count), end.repeat(count)));
    let numbered = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let deep = "lists and maps within each other more than 64 deep";
    let copied = "the anchors and aliases up to here repeat too much";
    let cases = [
        ("aliases of aliases", bomb, "6:9", copied),
        ("a chain of aliases", chain, "65:12", deep),
        ("a text 50,000 times", format!("version: 1\nx: &x {}\ny:\n{}", "z".repeat(500_000), "  - *x\n".repeat(50_000)), "19:5", copied),
        (
            "a list 3,000 times",
            format!("version: 1\nx: &x [{}]\ny:\n{}", numbered(3000, &|_| "aaaa".to_owned()), "  - *x\n".repeat(3000)),
            "39:5",
            copied,
        ),
        ("brackets", format!("version: 1\nsymptoms: {}{}", "[".repeat(20_000), "]".repeat(20_000)), "2:75", deep),
        ("brackets that are never closed", format!("version: 1\nsymptoms: {}", "[".repeat(1_000_000)), "2:75", deep),
        ("maps", format!("version: 1\nsymptoms: {}", "{a: ".repeat(200_000)), "2:263", deep),
        ("lists of dashes", format!("version: 1\nsymptoms:\n  {}x\n", "- ".repeat(400_000)), "3:129", deep),
        ("maps in block style", (0..1000).fold(String::new(), |text, depth| format!("{text}{}a:\n", " ".repeat(depth))), "65:65", deep),
        ("question marks", format!("{}x\n", "? ".repeat(20_000)), "1:129", deep),
        ("any", named(500, "{ any: [ ", " ] }", "{ literal: abcd }"), "7:300", deep),
        ("not", named(500, "{ not: ", " }", "{ literal: abcd }"), "7:439", deep),
        ("an expression of 900 kB", expression(&"a".repeat(900_000)), "7:22", "the expression has 900000 bytes; one may have 16384"),
        ("many groups", expression(&"(".repeat(400_000)), "7:22", "the expression has 400000 bytes; one may have 16384"),
        ("groups", expression(&"(".repeat(10_000)), "7:10021", "the expression cannot be read: unclosed group"),
        (
            "groups within each other",
            expression(&format!("{}a{}", "(".repeat(5000), ")".repeat(5000))),
            "7:272",
            "the expression cannot be read: exceed the maximum number of nested parentheses/brackets (250)",
        ),
        (
            "counted repetitions",
            expression("((a{100}){100}){100}"),
            "7:22",
            "the expression is too large: compiled it would take more than 4 MiB",
        ),
        (
            "counted letters",
            expression(r"x(\pL{1000}){1000}"),
            "7:22",
            "the expression is too large: compiled it would take more than 4 MiB",
        ),
        (
            "alternatives",
            expression(&(0..60_000).map(|number| format!("word{number}x")).collect::<Vec<_>>().join("|")),
            "7:22",
            "the expression has 648889 bytes; one may have 16384",
        ),
        (
            "a class",
            expression(&format!("(?i)x[{}]{{300}}", (0x100..0x1100).step_by(2).filter_map(char::from_u32).collect::<String>())),
            "7:22",
            "the expression is too large: compiled it would take more than 4 MiB",
        ),
        (
            "unknown fields",
            symptom("{ literal: abcd }") + &(0..60_000).map(|number| format!("    k{number}: 1\n")).collect::<String>(),
            "8:5",
            "unknown field `k0`",
        ),
        (
            "unknown keys in a list",
            symptom(&format!("{{ any: [ {} ] }}", numbered(60_000, &|_| "{ x: 1 }".to_owned()))),
            "7:23",
            "unknown field `x`",
        ),
        (
            "unknown causes",
            symptom("{ literal: abcd }") + &format!("    causes: [ {} ]\n", numbered(80_000, &|number| format!("c{number}"))),
            "8:15",
            "there is no cause `c0`",
        ),
        (
            "unknown rules switched off",
            format!("version: 1\ndisable: [ {} ]\n", numbered(80_000, &|number| format!("d{number}"))),
            "2:12",
            "`disable` names `d0`, which does not exist",
        ),
        (
            "the same rule",
            format!("version: 1\nsymptoms:\n{}", "  - {id: x, a: b}\n".repeat(50_000)),
            "3:5",
            "the required field `category` is missing",
        ),
        ("the same key", format!("version: 1\n{}", "a: b\n".repeat(200_000)), "3:1", "the key `a` stands twice in one map"),
        ("one word", "x".repeat(1_040_000), "1:1", "a rule file is a map with `version` and lists of rules"),
        (
            "tags",
            format!("version: 1\na: [ {} ]\n", numbered(100_000, &|_| "!t x".to_owned())),
            "2:6",
            "the tag `!t` has no meaning in a rule file",
        ),
    ];
    let is_told = |first: &str, place: &str, says: &str| {
        let told = first.strip_prefix(&format!("./0.yaml:{place}: error[")).and_then(|rest| rest.split_once("]: "));
        told.is_some_and(|(_, told)| told == says)
    };
    let mut failures = Vec::new();
    for (name, text, place, says) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("0.yaml"), &text).unwrap();
        let began = Instant::now();
        let run = limited(folder.path());
        let first = run.err.lines().next().unwrap_or_default();
        let is_short = run.err.len() < 200_000 && run.err.lines().all(|line| line.len() < 1000);
        if run.code != 2 || !is_told(first, place, says) || !is_short || began.elapsed() > Duration::from_secs(20) {
            failures.push(format!("{name}: exit code {}, {} bytes, {:?}: {first}", run.code, run.err.len(), began.elapsed()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    // One literal as long as the file is right, and costs no more than another.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0.yaml"), symptom(&format!("{{ literal: {} }}", "z".repeat(900_000)))).unwrap();
    let run = limited(folder.path());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn of_very_many_faults_the_first_are_told() {
    let told = told(symptom("{ literal: abcd }") + &(0..3000).map(|number| format!("    k{number}: 1\n")).collect::<String>());
    assert_eq!(told.matches("FILE:").count(), 100);
    assert!(told.ends_with("\n100 faults in the rules, and there may be more; nothing was read"), "{told}");
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_told_by_its_name() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let rules = |arrange: &dyn Fn(&Path)| {
        let below = tempfile::tempdir_in(folder.path()).unwrap();
        arrange(below.path());
        let run = run_with(&["rules", "lint", "--no-builtin-rules", "--rules", "."], below.path(), b"");
        (run.code, run.err)
    };
    let refused = |says: &str| (2, format!("error: {says}\n"));
    let file = |below: &Path, name: &str| fs::write(below.join(name), symptom("{ litral: x }")).unwrap();

    assert_eq!(
        rules(&|below| fs::create_dir(below.join("x.yaml")).unwrap()),
        refused("--rules .: no rule file (*.yaml) below it (./x.yaml is a folder); rules/README.md shows how to write one")
    );
    assert_eq!(
        rules(&|below| symlink("absent.txt", below.join("x.yaml")).unwrap()),
        refused("./x.yaml: a link to absent.txt: No such file or directory; mend it, or move it out of .")
    );
    let (code, told) = rules(&|below| symlink("x.yaml", below.join("x.yaml")).unwrap());
    assert!(
        code == 2 && told.starts_with("error: ./x.yaml: a link to x.yaml: ") && told.ends_with("; mend it, or move it out of .\n"),
        "{told}"
    );
    assert_eq!(
        rules(&|below| {
            file(below, "a.yaml");
            symlink(".", below.join("b")).unwrap();
        }),
        refused("./b: a link back to ., which holds it; remove it, or move it out of .")
    );
    let socket = |below: &Path| drop(std::os::unix::net::UnixListener::bind(below.join("x.yaml")).unwrap());
    assert_eq!(rules(&socket), refused("./x.yaml: a pipe, socket or device, not a file; move it out of ."));
    // A folder may have any name, and the ending any letters.
    for name in ["x.yaml/y.yml", "Y.YAML"] {
        let (code, told) = rules(&|below| {
            fs::create_dir_all(below.join(name).parent().unwrap()).unwrap();
            file(below, name);
        });
        assert!(code == 2 && told.starts_with(&format!("./{name}:7:14: error[unknown-field]: unknown field `litral`\n")), "{told}");
    }
}

#[test]
#[cfg(unix)]
fn what_may_not_be_read_is_told_by_its_name() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.yaml");
    fs::write(&file, symptom("{ literal: abcd }")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let run = run_with(&["rules", "lint", "--no-builtin-rules", "--rules", "."], folder.path(), b"");
    // The superuser reads it all the same.
    if fs::read(&file).is_err() {
        assert_eq!((run.code, run.err.as_str()), (2, "error: ./x.yaml: Permission denied; make it readable, or move it elsewhere\n"));
    }
}
