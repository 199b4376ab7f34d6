//! Names after a layout of one's own: the `log_filename_template` of `airflow.cfg` turned round, so that it reads a name instead of
//! making one. A template says how a name ends; any folders may stand above.

use std::sync::Arc;

use regex::Regex;

use super::layout::{mapped, percent_decoded, recognise, stored, within_archive};
use super::run_id::own_run_id;
use super::template_parse::{Piece, Variable, parse};
use super::{Kind, Source, TaskInstance};
use crate::error::Error;

/// How logs are named: by the templates given, the first that fits, and else as Airflow does it by default.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    templates: Vec<Template>,
}

/// One template, compiled.
#[derive(Debug, Clone)]
struct Template {
    pattern: Regex,
    /// What each group of the pattern stands for.
    variables: Vec<(Variable, Option<String>)>,
}

/// A date-time in any of the forms that [`own_run_id`] knows.
const DATE: &str = r"\d{4}-?\d\d-?\d\dT\d\d[:_-]?\d\d[:_-]?\d\d(?:\.\d+)?(?:[+ -]\d\d[:_-]?\d\d|%2[Bb]\d\d[:_-]?\d\d|Z)?";

impl Naming {
    /// Compiles templates.
    ///
    /// # Errors
    /// [`Error::Usage`] for what is not understood, with the column.
    pub fn new(templates: &[String]) -> Result<Self, Error> {
        Ok(Self { templates: templates.iter().map(|template| Template::new(template)).collect::<Result<_, _>>()? })
    }

    /// Builds a source and derives kind and task instance from its name.
    #[must_use]
    pub fn source(&self, path: &str, member: Option<&str>) -> Source {
        let name = member.unwrap_or(path);
        let (kind, task) = self.by_template(name).unwrap_or_else(|| recognise(name));
        Source { path: path.into(), member: member.map(str::to_owned), stream: None, kind, task }
    }

    /// Whether only the default layouts are known.
    pub(super) fn is_default(&self) -> bool {
        self.templates.is_empty()
    }

    /// What the templates say of a name.
    pub(super) fn by_template(&self, name: &str) -> Option<(Kind, TaskInstance)> {
        if self.templates.is_empty() {
            return None;
        }
        let name = name.replace('\\', "/");
        let name = within_archive(&name);
        let (above, base) = name.rsplit_once('/').map_or(("", name), |(above, base)| (above, base));
        // A template may end in what compression and rotation add.
        let unpacked = format!("{above}/{}", stored(base));
        self.templates.iter().find_map(|template| template.read(name).or_else(|| template.read(&unpacked)))
    }
}

impl Template {
    fn new(template: &str) -> Result<Self, Error> {
        let fault = |says: String, at: usize| {
            let column = template.get(..at).unwrap_or(template).chars().count() + 1;
            Error::Usage(format!("--path-template '{template}', column {column}: {says}"))
        };
        let pieces = parse(template).map_err(|(says, at)| fault(says, at))?;
        let mut variables = Vec::new();
        let mut pattern = String::from("(?:^|/)");
        let lead = pattern.len();
        compile(&pieces, &mut pattern, &mut variables);
        // `base_log_folder` stands before it.
        while pattern.get(lead..).is_some_and(|rest| rest.starts_with('/')) {
            pattern.remove(lead);
        }
        if !variables.iter().any(|(variable, _)| *variable == Variable::Task) {
            let says = "it names no task; give the log_filename_template of airflow.cfg, such as {{ ti.dag_id }}/{{ ti.task_id }}/{{ ts }}/{{ try_number }}.log";
            return Err(fault(says.to_owned(), 0));
        }
        pattern.push_str(r"(\.trigger\.\d+\.log)?$");
        let pattern = Regex::new(&pattern).map_err(|error| fault(format!("cannot be turned into a pattern: {error}"), 0))?;
        Ok(Self { pattern, variables })
    }

    fn read(&self, name: &str) -> Option<(Kind, TaskInstance)> {
        let found = self.pattern.captures(name)?;
        let mut task = TaskInstance::default();
        let mut date = None;
        let mut day = None;
        for (group, (variable, format)) in self.variables.iter().enumerate() {
            let Some(value) = found.get(group + 1).map(|value| percent_decoded(value.as_str())) else { continue };
            let mut agree = true;
            match variable {
                Variable::Dag => agree = fill(&mut task.dag_id, value),
                Variable::Task => agree = fill(&mut task.task_id, value),
                Variable::Run => agree = fill(&mut task.run_id, own_run_id(&value)),
                Variable::Date => date = date.or(Some(iso(&value, format.as_deref()).unwrap_or_else(|| own_run_id(&value)))),
                Variable::Day => day = day.or(Some(value)),
                Variable::MapIndex => task.map_index = mapped(&value),
                Variable::Try => task.try_number = value.parse().ok(),
                Variable::Other => {}
            }
            if !agree {
                return None;
            }
        }
        task.run_id = task.run_id.or(date.or(day).map(Arc::from));
        let trigger = found.get(self.variables.len() + 1).is_some();
        Some((if trigger { Kind::Trigger } else { Kind::Task }, task))
    }
}

/// Puts a value in its place; false where another stands there, since a template that names a thing twice writes the same twice.
fn fill(place: &mut Option<Arc<str>>, value: String) -> bool {
    match place {
        Some(known) => **known == *value,
        None => {
            *place = Some(value.into());
            true
        }
    }
}

/// Writes the pattern of some pieces. Ids may hold anything but `/`; where several stand in one part of a path, dates and the run ids
/// that Airflow makes are told by their form, and the first id is as short as can be.
fn compile(pieces: &[Piece], pattern: &mut String, variables: &mut Vec<(Variable, Option<String>)>) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => pattern.push_str(&regex::escape(text)),
            Piece::Variable(variable, format) => {
                let form = match (variable, format) {
                    (_, Some(format)) => strftime(format),
                    (Variable::MapIndex, None) => r"-?\d+".to_owned(),
                    (Variable::Try, None) => r"\d+".to_owned(),
                    // A filter may have changed what stands between the digits.
                    (Variable::Date, None) => format!(r"{DATE}|\d[^/]*?"),
                    (Variable::Run, None) => {
                        format!(r"(?:manual|scheduled|backfill|asset_triggered|dataset_triggered)__{DATE}(?:_[A-Za-z0-9]{{8}})?|[^/]+?")
                    }
                    _ => "[^/]+?".to_owned(),
                };
                pattern.push_str(&format!("({form})"));
                variables.push((*variable, format.clone()));
            }
            Piece::Either(branches) => {
                pattern.push_str("(?:");
                for (at, branch) in branches.iter().enumerate() {
                    if at > 0 {
                        pattern.push('|');
                    }
                    compile(branch, pattern, variables);
                }
                pattern.push(')');
            }
        }
    }
}

/// The pattern of a date in a format of `strftime`. It may stand across several parts of a path.
fn strftime(format: &str) -> String {
    let mut pattern = String::new();
    directives(format, |part| match part {
        Ok(text) => pattern.push_str(&regex::escape(text.encode_utf8(&mut [0; 4]))),
        Err(directive) => pattern.push_str(match digits(directive) {
            Some(2) => r"\d\d",
            Some(3) => r"\d{3}",
            Some(4) => r"\d{4}",
            Some(_) => r"\d{6}",
            None => match directive {
                'F' => r"\d{4}-\d\d-\d\d",
                'T' => r"\d\d[:_-]\d\d[:_-]\d\d",
                'z' => r"(?:[+-]\d\d:?\d\d)?",
                's' => r"\d+",
                '%' => "%",
                _ => "[^/]*?",
            },
        }),
    });
    pattern
}

/// How many digits a directive of `strftime` writes, where that is fixed.
fn digits(directive: char) -> Option<usize> {
    match directive {
        'd' | 'm' | 'y' | 'H' | 'I' | 'M' | 'S' | 'U' | 'W' | 'V' => Some(2),
        'j' => Some(3),
        'Y' | 'G' => Some(4),
        'f' => Some(6),
        _ => None,
    }
}

/// Takes a format apart: characters as `Ok`, directives as `Err`.
fn directives(format: &str, mut part: impl FnMut(Result<char, char>)) {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => part(chars.next().map_or(Ok('%'), Err)),
            c => part(Ok(c)),
        }
    }
}

/// A date in a format of fixed width, as a date-time; `None` where the format does not hold all of one.
fn iso(value: &str, format: Option<&str>) -> Option<String> {
    let format = format?.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S");
    let mut fields = std::collections::BTreeMap::new();
    let (mut at, mut fixed) = (0, true);
    directives(&format, |part| match (part, part.err().and_then(digits)) {
        (Ok(text), _) => at += text.len_utf8(),
        (Err('%'), _) => at += 1,
        (Err(directive), Some(width)) => {
            fields.entry(directive).or_insert_with(|| value.get(at..at + width).unwrap_or_default().to_owned());
            at += width;
        }
        (Err(_), None) => fixed = false,
    });
    if !fixed {
        return None;
    }
    let field = |name: char| fields.get(&name).filter(|text| !text.is_empty());
    let (year, month, day) = (field('Y')?, field('m')?, field('d')?);
    let (hour, minute) = (field('H')?, field('M')?);
    let second = field('S').map_or("00", String::as_str);
    let fraction = field('f').map(|micros| format!(".{micros}")).unwrap_or_default();
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}+00:00"))
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
