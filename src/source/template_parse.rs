//! Reads a `log_filename_template`: Jinja as Airflow 2.3 and later have it, or the format string of older versions. Only what such
//! a template needs is understood; anything else is an error with its column, for a layout that is half understood finds wrong names.

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Stands there letter by letter.
    Text(String),
    /// Stands for a value; the format is that of `strftime` where the template has one.
    Variable(Variable, Option<String>),
    /// One of these, the first that fits: the branches of an `{% if %}`.
    Either(Vec<Vec<Self>>),
}

/// What a variable stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Dag,
    Run,
    Task,
    MapIndex,
    Try,
    /// The logical date or its like, which names the run where no run id does.
    Date,
    /// A day only, which names no run.
    Day,
    /// Something that is not part of the identity.
    Other,
}

/// The variables that Airflow gives a template. `ti` is `task_instance`, and `ti.x` and `dag_run.x` are known without the object too.
const VARIABLES: [(&str, Variable); 27] = [
    ("dag_id", Variable::Dag),
    ("ti.dag_id", Variable::Dag),
    ("dag.dag_id", Variable::Dag),
    ("dag_run.dag_id", Variable::Dag),
    ("run_id", Variable::Run),
    ("ti.run_id", Variable::Run),
    ("dag_run.run_id", Variable::Run),
    ("task_id", Variable::Task),
    ("ti.task_id", Variable::Task),
    ("task.task_id", Variable::Task),
    ("map_index", Variable::MapIndex),
    ("ti.map_index", Variable::MapIndex),
    ("try_number", Variable::Try),
    ("ti.try_number", Variable::Try),
    ("ts", Variable::Date),
    ("ts_nodash", Variable::Date),
    ("ts_nodash_with_tz", Variable::Date),
    ("logical_date", Variable::Date),
    ("execution_date", Variable::Date),
    ("ti.logical_date", Variable::Date),
    ("ti.execution_date", Variable::Date),
    ("dag_run.logical_date", Variable::Date),
    ("dag_run.execution_date", Variable::Date),
    ("ds", Variable::Day),
    ("ds_nodash", Variable::Day),
    ("data_interval_start", Variable::Other),
    ("data_interval_end", Variable::Other),
];

/// Known too, and of no use for the identity.
const OTHERS: [&str; 8] =
    ["ti.hostname", "ti.queue", "ti.pool", "ti.operator", "ti.job_id", "ti.start_date", "dag_run.run_type", "dag_run.start_date"];

/// Parses a template.
///
/// # Errors
/// What is not understood, with the byte at which it stands.
pub(super) fn parse(template: &str) -> Result<Vec<Piece>, Fault> {
    // As Airflow itself tells them apart.
    let is_jinja = template.contains("{{") || template.contains("{%");
    let mut parser = Parser { template, at: 0 };
    if !is_jinja {
        return parser.format_string();
    }
    let (pieces, end) = parser.jinja()?;
    match end {
        Some((word, at)) => Err((format!("'{word}' stands without an 'if' before it"), at)),
        None => Ok(pieces),
    }
}

/// What is not understood, and the byte at which it stands.
type Fault = (String, usize);

/// The pieces up to a tag that ends a branch, and that tag with its place.
type Branch = (Vec<Piece>, Option<(String, usize)>);

struct Parser<'a> {
    template: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.template.get(self.at..).unwrap_or_default()
    }

    /// `{dag_id}/{task_id}/{execution_date}/{try_number}.log`.
    fn format_string(&mut self) -> Result<Vec<Piece>, Fault> {
        let mut pieces = Vec::new();
        while let Some(open) = self.rest().find(['{', '}']) {
            let (text, from) = self.rest().split_at(open);
            push_text(&mut pieces, text);
            self.at += open;
            let Some(close) = from.find('}').filter(|close| *close > 0) else {
                return Err(("this brace has no partner".to_owned(), self.at));
            };
            let name = &from[1..close];
            pieces.push(Piece::Variable(variable(name.trim(), self.at + 1)?, None));
            self.at += close + 1;
        }
        push_text(&mut pieces, self.rest());
        Ok(pieces)
    }

    /// Reads up to the end, or past a tag that ends a branch, which is given with its place.
    fn jinja(&mut self) -> Result<Branch, Fault> {
        let mut pieces = Vec::new();
        while let Some(open) = self.rest().find("{{").into_iter().chain(self.rest().find("{%")).chain(self.rest().find("{#")).min() {
            push_text(&mut pieces, &self.rest()[..open]);
            let start = self.at + open;
            let close = match self.template.as_bytes().get(start + 1) {
                Some(b'{') => "}}",
                Some(b'%') => "%}",
                _ => "#}",
            };
            let inside = self.template.get(start + 2..).unwrap_or_default();
            let Some(length) = inside.find(close) else { return Err((format!("no '{close}' follows"), start)) };
            let whole = &inside[..length];
            // `{{-` and `-}}` only take blanks off.
            let trimmed = whole.trim_matches(['-', '+']).trim();
            let at = start + 2 + whole.find(trimmed).unwrap_or_default();
            self.at = start + 2 + length + close.len();
            match close {
                "}}" => pieces.push(expression(trimmed, at)?),
                "%}" => match trimmed.split_whitespace().next().unwrap_or_default() {
                    "if" => pieces.push(self.branches(start)?),
                    word @ ("elif" | "else" | "endif") => return Ok((pieces, Some((word.to_owned(), at)))),
                    word => return Err((format!("'{word}' is not understood here; only if, elif, else and endif are"), at)),
                },
                _ => {}
            }
        }
        push_text(&mut pieces, self.rest());
        self.at = self.template.len();
        Ok((pieces, None))
    }

    /// The branches of an `{% if %}`, whatever its condition. Without an `else` the last is empty.
    fn branches(&mut self, start: usize) -> Result<Piece, Fault> {
        let mut branches = Vec::new();
        let mut has_else = false;
        loop {
            let (pieces, end) = self.jinja()?;
            branches.push(pieces);
            match end.as_ref().map(|(word, _)| word.as_str()) {
                Some("endif") => break,
                Some("else") => has_else = true,
                Some(_) => {}
                None => return Err(("this 'if' has no 'endif'".to_owned(), start)),
            }
        }
        if !has_else {
            branches.push(Vec::new());
        }
        Ok(Piece::Either(branches))
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// What stands between `{{` and `}}`: a variable, with a method or filters behind it, or a string.
fn expression(text: &str, at: usize) -> Result<Piece, Fault> {
    if let Some(quoted) = text.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"'])) {
        return Ok(Piece::Text(quoted.to_owned()));
    }
    let length = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len());
    let (name, behind) = text.split_at(length);
    let behind = behind.trim();
    if let Some(arguments) = behind.strip_prefix('(') {
        // A method: only the one that Airflow's own documentation uses changes what is looked for.
        let (name, method) = name.rsplit_once('.').unwrap_or(("", name));
        let format = first_string(arguments).filter(|_| method == "strftime");
        return match method {
            "strftime" | "isoformat" | "format" | "replace" | "lower" | "upper" | "strip" => {
                Ok(Piece::Variable(variable(name, at)?, format.map(str::to_owned)))
            }
            _ => Err((format!("the method '{method}' is not understood; strftime, isoformat, format, replace, lower and upper are"), at)),
        };
    }
    if behind.is_empty() || behind.starts_with('|') {
        return Ok(Piece::Variable(variable(name, at)?, None));
    }
    Err((format!("'{behind}' is not understood; a variable may have filters (| replace('a', 'b')) or a method behind it"), at + length))
}

/// The first string among a call's arguments.
fn first_string(arguments: &str) -> Option<&str> {
    let quote = arguments.trim_start().chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    arguments.split(quote).nth(1)
}

/// Finds a variable by its name.
fn variable(name: &str, at: usize) -> Result<Variable, Fault> {
    let own = name.strip_prefix("task_instance.").map_or_else(|| name.to_owned(), |field| format!("ti.{field}"));
    if let Some((_, variable)) = VARIABLES.iter().find(|(known, _)| *known == own) {
        return Ok(*variable);
    }
    if OTHERS.contains(&own.as_str()) {
        return Ok(Variable::Other);
    }
    let known: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).chain(OTHERS).collect();
    Err((format!("unknown variable '{name}'; known are {} (task_instance.x is ti.x)", known.join(", ")), at))
}
