//! The examples of a draft: the record, the same with other values, and two lines that come near; each was tried before it is taken.

use super::Trial;
use super::condition::Wanted;
use super::material::Material;
use super::variable::{self, letters};
use super::yaml;

/// A longer record is shown as its exception alone, or as what stands around the words that were found.
const EXAMPLE_BYTES_MAX: usize = 16 << 10;

/// How much is shown of a line that is longer.
const LINE_CHARS_MAX: usize = 400;

/// What is written into the file.
pub(super) struct Examples {
    pub(super) matching: Vec<String>,
    pub(super) not_matching: Vec<String>,
    /// Whether the first is the record as it stands.
    is_whole: bool,
    /// Whether anything in it varies.
    varies: bool,
}

impl Examples {
    /// Examples that hold; `None` where there are none.
    pub(super) fn of(material: &Material, wanted: &Wanted, trial: &Trial) -> Option<Self> {
        let fits = |text: &str| !text.trim().is_empty() && text.len() <= EXAMPLE_BYTES_MAX && trial.shows(text);
        let parts = variable::parts(&material.message, &material.names);
        let literal = wanted.literal.clone().unwrap_or_default();
        let said = around(&material.message, &literal);
        let minimal = alone(material.class.as_deref(), &said);
        let first = [material.raw.as_str(), &material.text, &minimal, &said, &literal];
        let at = first.iter().position(|text| fits(text))?;
        let first = first.get(at)?.trim_end_matches('\n').to_owned();
        let other = around(&variable::with_other_values(&parts), &literal);
        let second = [
            alone(material.class.as_deref(), &other),
            format!("ERROR - {other}"),
            other.clone(),
            minimal,
            format!("ERROR - {said}"),
            format!("ERROR - {literal}"),
            literal.clone(),
        ];
        let second = second.into_iter().find(|text| *text != first && fits(text))?;
        let not_matching: Vec<String> = near_misses(wanted, &parts).into_iter().filter(|text| !trial.shows(text)).take(2).collect();
        Some(Self { matching: vec![first, second], not_matching, is_whole: at == 0, varies: other != said })
    }

    /// The lines of the file.
    pub(super) fn yaml(&self) -> String {
        let mut out = "    examples:  # `dagnosis rules test` runs them; give two of each at least\n      matching:\n".to_owned();
        let first = if self.is_whole { "as it stands in the log, secrets masked" } else { "what of the record shows it" };
        let second = if self.varies {
            "the same with other values; a real one is better"
        } else {
            "the same in another setting; a real one is better"
        };
        for (text, comment) in self.matching.iter().zip([first, second]) {
            out += &yaml::item(text, 8, comment);
        }
        out += "      not_matching:\n";
        for text in &self.not_matching {
            out += &yaml::item(text, 8, "write a line that comes near");
        }
        out
    }
}

/// An exception as Python prints it, or the words alone.
fn alone(class: Option<&str>, message: &str) -> String {
    match class {
        Some(class) => {
            let message = if message.is_empty() { String::new() } else { format!(": {message}") };
            format!(
                "Traceback (most recent call last):\n  File \"/opt/airflow/dags/example.py\", line 12, in run\n    run()\n{class}{message}"
            )
        }
        None => message.to_owned(),
    }
}

/// As much of a line as is shown, with the literal in it.
fn around(line: &str, literal: &str) -> String {
    let count = line.chars().count();
    if count <= LINE_CHARS_MAX {
        return line.to_owned();
    }
    let at = line.find(literal).map_or(0, |at| line.get(..at).unwrap_or_default().chars().count());
    let from = at.saturating_sub(LINE_CHARS_MAX / 4).min(count - LINE_CHARS_MAX);
    line.chars().skip(from).take(LINE_CHARS_MAX).collect()
}

/// Lines that have something of what is looked for, and not all of it; more than are needed.
fn near_misses(wanted: &Wanted, parts: &[variable::Part<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    let other = around(&variable::with_other_values(parts), wanted.literal.as_deref().unwrap_or_default());
    if let Some(class) = &wanted.exception {
        let name = class.rsplit('.').next().unwrap_or_default();
        if wanted.literal.is_some() {
            all.push(alone(Some(class), "something else went wrong"));
        }
        all.push(format!("INFO - the {name} of the call before was handled; going on"));
        if letters(&other) > 0 {
            all.push(alone(Some(if name == "LookupError" { "ArithmeticError" } else { "LookupError" }), &other));
        }
        all.push("INFO - no exception was raised".to_owned());
    } else if let Some(literal) = &wanted.literal {
        let words: Vec<&str> = literal.split(' ').filter(|word| !word.is_empty()).collect();
        if words.len() > 1 {
            all.push(format!("INFO - {}", words.get(..words.len() - 1).unwrap_or_default().join(" ")));
            all.push(format!("INFO - {}", words.get(1..).unwrap_or_default().join(" ")));
        }
    }
    all.push("INFO - a line that comes near".to_owned());
    all.push("INFO - all went well".to_owned());
    all.push("INFO - 0 errors".to_owned());
    all
}
