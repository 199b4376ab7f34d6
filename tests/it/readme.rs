//! The README shows what the program really prints; `BLESS=1 cargo test readme` writes it anew.

use std::fs;
use std::path::Path;

use crate::program;

/// How many lines of the report's beginning the README shows.
const BEGINNING_LINES: usize = 24;

/// The incident that the README shows whole: the beginning of its title, and a tree small enough that the report tells it in full.
const INCIDENT: &str = "Connection reset by peer: pricing-api";
const INCIDENT_TREE: &str = "sample-logs/airflow-2.10";

fn block<'a>(readme: &'a str, input: &str, name: &str) -> (usize, usize, &'a str) {
    let head = format!("<!-- output of: dagnosis {input} ({name}) -->\n```text\n");
    let from = readme.find(&head).expect("the README has the block") + head.len();
    let length = readme[from..].find("```\n<!-- end -->").expect("the block ends");
    (from, from + length, &readme[from..from + length])
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let mut readme = fs::read_to_string(&path).unwrap();
    let printed = program::run(&["sample-logs"]).out;
    let beginning: String = printed.lines().take(BEGINNING_LINES).map(|line| format!("{line}\n")).collect();
    // The details of an incident begin with its heading, the second time its title is told.
    let printed = program::run(&[INCIDENT_TREE]).out;
    let lines: Vec<&str> = printed.lines().collect();
    let headings: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| line.contains(INCIDENT)).map(|(at, _)| at).collect();
    let details = headings
        .iter()
        .find(|at| lines[**at..].iter().take(6).any(|line| line.starts_with("   Why")))
        .expect("the incident is told in full");
    let length = lines[*details..].iter().position(|line| line.starts_with("   More")).expect("its details end") + 1;
    let incident: String = lines[*details..details + length].iter().map(|line| format!("{line}\n")).collect();
    for (input, name, text) in [("sample-logs", "beginning", beginning), (INCIDENT_TREE, "one incident", incident)] {
        let (from, to, shown) = block(&readme, input, name);
        if shown == text {
            continue;
        }
        assert!(std::env::var_os("BLESS").is_some(), "the README's \"{name}\" is not what is printed; BLESS=1 cargo test readme writes it");
        readme.replace_range(from..to, &text);
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, readme).unwrap();
    }
}

#[test]
fn the_readme_names_only_commands_and_options_that_exist() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    // The options of the main job stand in the first help, those of subcommands in their own.
    let help = program::run(&["--help"]).out;
    let of_subcommands: String = [
        &["rules", "new", "--help"][..],
        &["rules", "test", "--help"],
        &["explain", "--help"],
        &["history", "list", "--help"],
        &["history", "trend", "--help"],
        &["history", "prune", "--help"],
    ]
    .map(|arguments| program::run(arguments).out)
    .concat();
    for option in [
        "--fail-on",
        "--attempts",
        "--rules",
        "--no-builtin-rules",
        "--timezone",
        "--threads",
        "--color",
        "--format",
        "--output",
        "--quiet",
    ] {
        assert!(help.contains(option), "{option} is not in --help");
    }
    for word in readme
        .split(|c: char| c.is_whitespace() || "`,".contains(c))
        .filter(|word| word.starts_with("--") && word.len() > 2 && *word != "-->")
    {
        assert!(
            help.contains(word) || of_subcommands.contains(word) || ["--release", "--features", "--locked", "--path"].contains(&word),
            "the README names {word}, which --help does not"
        );
    }
}
