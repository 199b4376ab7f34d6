//! Prints the texts that whole logs are searched for, one a line, for other programs to search for the same: `cargo run --example literals [RULES..]`.
//!
//! A text that may stand in either case is printed in lower case once: the others are given no more work than that. Each folder or file of rules
//! that is named is searched for too.

use std::io::{self, Write};
use std::path::PathBuf;

use dagnosis::rule;

fn main() -> io::Result<()> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let rules = rule::load_lean(&folders, true).map_err(|error| io::Error::other(error.to_string()))?;
    let mut out = io::stdout().lock();
    // A text that holds the end of a line cannot stand in a list of lines.
    for (text, _) in rules.literals().filter(|(text, _)| !text.contains(&b'\n')) {
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
