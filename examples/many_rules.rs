//! Writes a folder of many distinct rules such as a large organisation might gather: `cargo run --example many_rules -- 10000 DIR`.
//!
//! The benchmark of many rules uses the same texts. Every word is made of the rule's number, so that rules share beginnings as real ones do
//! (`com.example.billing.Vatoru...`) and yet none is another's double.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

/// How many rules stand in one file.
const RULES_PER_FILE: usize = 500;

/// Writes so many rules below a folder, which is made where it is missing.
///
/// # Errors
/// When the folder or a file cannot be written.
pub(crate) fn write(count: usize, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for (number, first) in (0..count).step_by(RULES_PER_FILE).enumerate() {
        fs::write(dir.join(format!("many-{number:04}.yaml")), file(first..count.min(first + RULES_PER_FILE)))?;
    }
    Ok(())
}

/// A rule file with the symptoms of those numbers, and a cause for every tenth.
fn file(numbers: std::ops::Range<usize>) -> String {
    let mut out = String::from("version: 1\nsymptoms:\n");
    for number in numbers.clone() {
        symptom(&mut out, number);
    }
    out.push_str("causes:\n");
    for number in numbers.filter(|number| number % 10 == 0) {
        cause(&mut out, number);
    }
    out
}

/// A word for a number, unlike that of any other: syllables as digits.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 16] = ["ba", "do", "fi", "ga", "he", "ju", "ko", "li", "ma", "no", "pe", "ra", "su", "to", "vu", "za"];
    (0..4).filter_map(|place| SYLLABLES.get((number >> (4 * place)) & 15)).copied().collect()
}

/// `Badofiga`, for the names of classes.
fn class(number: usize) -> String {
    let word = word(number);
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn symptom(out: &mut String, number: usize) {
    const SUBJECTS: [&str; 8] = ["Table", "Queue", "Bucket", "Partition", "Lease", "Cursor", "Snapshot", "Pipeline"];
    const FAULTS: [&str; 5] = ["is locked by another session", "was dropped", "has no owner", "could not be opened", "exceeds its quota"];
    let (word, class) = (word(number), class(number));
    let subject = SUBJECTS.get(number % SUBJECTS.len()).copied().unwrap_or_default();
    let fault = FAULTS.get(number % FAULTS.len()).copied().unwrap_or_default();
    let (condition, first, second) = match number % 5 {
        0 => (
            format!("{{ literal: '{subject} {word} {fault}' }}"),
            format!("ERROR - {subject} {word} {fault}"),
            format!("the driver said: {subject} {word} {fault} (state 3)"),
        ),
        1 => (
            format!("{{ regex: '{subject} {word} {fault} after (?P<timeout_s>[0-9]+) ?s' }}"),
            format!("{subject} {word} {fault} after 30 s"),
            format!("WARNING - {subject} {word} {fault} after 5s, giving up"),
        ),
        2 => (
            format!("{{ exception: example_sdk.errors.{class}Error }}"),
            format!(
                "Traceback (most recent call last):\n  File \"/dags/load.py\", line 3, in run\n    call()\nexample_sdk.errors.{class}Error: failed"
            ),
            format!(
                "Traceback (most recent call last):\n  File \"/dags/send.py\", line 9, in run\n    call()\nexample_sdk.errors.{class}Error"
            ),
        ),
        3 => (
            format!("{{ any: [ {{ literal: '{word}: {fault}' }}, {{ literal: '{class}Fault', regex: '{class}Fault\\(code=[0-9]+' }} ] }}"),
            format!("ERROR - {word}: {fault}"),
            format!("raised {class}Fault(code=17)"),
        ),
        _ => (
            format!(
                "{{ all: [ {{ regex: '(?i)error [A-Z]{{2}}-[0-9]{{4}}' }}, {{ literal: 'service={word}' }} ], not: {{ literal: retrying }} }}"
            ),
            format!("ERROR XK-1004 from service={word}"),
            format!("Error ab-0001: no answer, service={word}"),
        ),
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "  - id: many-{number}\n    title: '{subject} {word} {fault}'\n    severity: medium\n    category: external\n    match: {condition}\n    \
           captures: [ 'node=(?P<host>[a-z0-9.-]+)' ]\n    causes: [ many-cause-{cause} ]\n    examples:\n      matching:\n        \
             - {first:?}\n        - {second:?}\n      not_matching:\n        - 'INFO - {word} is fine'\n        - '{subject} {fault}'\n",
        cause = number / 10 * 10
    );
}

fn cause(out: &mut String, number: usize) {
    let word = word(number);
    let _ = write!(
        out,
        "  - id: many-cause-{number}\n    title: The service {word} is overloaded\n    layer: server\n    owner: remote_service\n    \
           what: 'Too many clients ask {word} at once, and it refuses some.'\n    prior: 0.2\n    evidence:\n      \
             - {{ when: {{ burst: {{ at_least: 3, within: 5m }} }}, weight: strong, says: '{{n}} failures within {{span}}' }}\n      \
             - {{ when: {{ single: true }}, against: weak, says: 'it failed once only' }}\n    \
           confirm: [ {{ say: 'Look at the load of {word}', run: 'curl -s https://{word}.example.com/load' }} ]\n    \
           fixes: [ {{ say: 'Ask less often' }} ]\n    retry: {{ helps: transient, safe: 'yes', says: 'The load passes.' }}\n"
    );
}

/// Takes a number and a folder.
fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [count, dir] = arguments.as_slice() else {
        return Err(io::Error::other("usage: many_rules NUMBER DIR"));
    };
    write(count.parse().map_err(io::Error::other)?, Path::new(dir))
}
