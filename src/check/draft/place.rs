//! `LOG:LINE`, as reports name a line: which log that is, and the record that holds the line, cut out as a scan cuts it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use crate::error::{Error, Problem};
use crate::record::{Dialects, Piece, RawRecord, Record, TracebackLines, each_record};
use crate::source::{self, Kind, Source, TaskInstance};

/// How many members of an archive are named where one has to be chosen.
const MEMBERS_SHOWN: usize = 5;

/// The record that holds a line.
#[derive(Debug)]
pub(super) struct Found {
    /// The line that was asked for.
    pub(super) line: u32,
    /// The record as it stands in the log; of a traceback that came one line per record, what its lines say together.
    pub(super) bytes: Vec<u8>,
    /// What was read of it.
    pub(super) record: Record,
    /// What kind of log it stands in.
    pub(super) kind: Kind,
    /// What this one attempt is called: its DAG, task, run and host. None of it is what a rule may look for.
    pub(super) names: Vec<String>,
}

/// Finds the record that holds a line.
///
/// # Errors
/// [`Error::Usage`] where there is no such log or line, or nothing stands there.
pub(super) fn find(from: &str, dialects: &Dialects) -> Result<Found, Error> {
    let (log, line) = parse(from)?;
    let (path, member) = input(log)?;
    let inputs = source::discover(&[path.to_owned()])?;
    let mut search = Search { wanted: member, line, dialects, found: None, others: Vec::new(), read: false, lines: 0 };
    let mut problems = inputs.problems;
    for input in &inputs.inputs {
        problems.extend(source::read(input, &source::Options::default(), &mut |source, reader| {
            search.log(&source, reader);
            Ok(())
        }));
    }
    search.finish(log, path, &problems)
}

/// Splits the line from the log.
fn parse(from: &str) -> Result<(&str, u32), Error> {
    let split = from.rsplit_once(':').filter(|(log, line)| !log.is_empty() && !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()));
    let Some((log, line)) = split else {
        return Err(Error::Usage(format!(
            "--from {from}: it names no line; write LOG:LINE, such as attempt=1.log:36, as reports name the lines they show"
        )));
    };
    match line.parse() {
        Ok(0) => Err(Error::Usage(format!("--from {from}: there is no line 0; lines are counted from 1"))),
        Ok(line) => Ok((log, line)),
        Err(_) => Err(Error::Usage(format!("--from {from}: no log has so many lines; write LOG:LINE with a smaller number"))),
    }
}

/// The path to open and the member of the archive that it is. A name may have an exclamation mark of its own, so what exists decides.
fn input(log: &str) -> Result<(&str, Option<&str>), Error> {
    if log == "-" {
        return Ok((log, None));
    }
    if let Some(member) = log.strip_prefix("-!") {
        return Ok(("-", Some(member)));
    }
    if source::is_object(log) {
        return Ok(log.split_once('!').map_or((log, None), |(path, member)| (path, Some(member))));
    }
    match fs::metadata(log) {
        Ok(about) if about.is_dir() => {
            return Err(Error::Usage(format!("--from {log}: a folder; name one log in it and a line, as reports do: LOG:LINE")));
        }
        Ok(_) => return Ok((log, None)),
        Err(_) => {}
    }
    for (at, _) in log.match_indices('!') {
        if let (Some(path), Some(member)) = (log.get(..at), log.get(at + 1..))
            && fs::metadata(path).is_ok_and(|about| !about.is_dir())
        {
            return Ok((path, Some(member)));
        }
    }
    let path = log.split('!').next().unwrap_or_default();
    Err(Error::Usage(format!(
        "--from: there is no file {path}; write LOG:LINE with a path from here, ARCHIVE!MEMBER:LINE for a log in an archive, or -:LINE for standard input"
    )))
}

/// Looks through the logs of an input.
struct Search<'a> {
    wanted: Option<&'a str>,
    line: u32,
    dialects: &'a Dialects,
    found: Option<Found>,
    /// The logs that were not asked for.
    others: Vec<String>,
    /// Whether the log was read.
    read: bool,
    lines: u32,
}

impl Search<'_> {
    fn log(&mut self, source: &Source, reader: &mut dyn Read) {
        let is_it = match self.wanted {
            Some(wanted) => source.member.as_deref() == Some(wanted),
            None => !self.read,
        };
        // A member may stand in an archive twice.
        if !is_it || self.found.is_some() {
            self.others.extend(source.member.clone());
            return;
        }
        if self.wanted.is_none() {
            self.others.extend(source.member.clone());
        }
        self.read = true;
        let mut pieces: BTreeMap<usize, TracebackLines> = BTreeMap::new();
        let mut wholes: Vec<(Record, Kind, Vec<String>)> = Vec::new();
        let mut held: Option<(RawBytes, Kind, Vec<String>)> = None;
        let (line, dialects) = (self.line, self.dialects);
        let told = each_record(source, reader, dialects, &mut |piece| {
            let raw = &piece.record;
            let last = raw.line.saturating_add(raw.line_count.saturating_sub(1));
            let (kind, names) = (kind_of(source, &piece), || names(source, &piece));
            // Streams stand in each other: the record that spans least is the one that the line belongs to.
            if (raw.line..=last).contains(&line) && held.as_ref().is_none_or(|(known, _, _)| raw.line_count < known.line_count) {
                held = Some((RawBytes::of(raw), kind, names()));
            }
            let pieces = pieces.entry(piece.stream).or_default();
            if pieces.is_open() || memchr::memmem::find(raw.bytes, b"Traceback (most recent call last):").is_some() {
                let complete = pieces.feed(&Record::parse(raw, dialects));
                wholes.extend(complete.into_iter().map(|whole| (whole, kind, names())));
            }
        });
        self.lines = told.lines;
        for open in pieces.values_mut() {
            wholes.extend(open.finish().into_iter().map(|whole| (whole, source.kind, names_of(&source.task))));
        }
        if let Some((record, kind, names)) = wholes.into_iter().find(|(whole, _, _)| whole.lines.contains(&line)) {
            self.found = Some(Found { line, bytes: record.text.clone().into_bytes(), record, kind, names });
        } else if let Some((raw, kind, names)) = held {
            let record = Record::parse(&raw.borrow(), dialects);
            self.found = Some(Found { line, bytes: raw.bytes, record, kind, names });
        }
    }

    fn finish(self, log: &str, path: &str, problems: &[Problem]) -> Result<Found, Error> {
        let line = self.line;
        let usage = |says: String| Err(Error::Usage(format!("--from {log}:{line}: {says}")));
        let why = problems.iter().find(|problem| problem.kind.is_loss() || !self.read).map(|problem| problem.says.as_str());
        if !self.read {
            return match (self.wanted, why) {
                (_, Some(why)) if self.others.is_empty() => usage(format!("it cannot be read: {why}")),
                (Some(wanted), _) => usage(format!("there is no log {wanted} in {path}; it has {}", listed(&self.others))),
                (None, _) => usage("there is no log in it; name a log".to_owned()),
            };
        }
        if self.wanted.is_none() && self.others.len() > 1 {
            return usage(format!("it holds several logs; write {path}!MEMBER:{line} with one of {}", listed(&self.others)));
        }
        match self.found {
            Some(found) if found.bytes.trim_ascii().is_empty() => {
                usage("nothing stands there; name a line that says what failed".to_owned())
            }
            Some(found) => Ok(found),
            None if self.lines >= line => usage("nothing stands there; name a line that says what failed".to_owned()),
            None => match (self.lines, why) {
                (0, Some(why)) => usage(format!("it cannot be read: {why}")),
                (0, None) => usage("the log is empty; name one that says what failed".to_owned()),
                (1, _) => usage("the log has 1 line; name that".to_owned()),
                (lines, _) => usage(format!("the log has {lines} lines; name one of them")),
            },
        }
    }
}

/// Some names out of many.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MEMBERS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MEMBERS_SHOWN) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A raw record of its own.
struct RawBytes {
    bytes: Vec<u8>,
    raw: RawRecord<'static>,
    line_count: u32,
}

impl RawBytes {
    fn of(raw: &RawRecord<'_>) -> Self {
        let empty = RawRecord { bytes: &[], line_end: b"\n", before: &[], ..*raw };
        Self { bytes: raw.bytes.to_vec(), raw: empty, line_count: raw.line_count }
    }

    fn borrow(&self) -> RawRecord<'_> {
        RawRecord { bytes: &self.bytes, ..self.raw }
    }
}

/// As a scan takes it.
fn kind_of(source: &Source, piece: &Piece<'_>) -> Kind {
    match source.kind {
        Kind::Task | Kind::Trigger => source.kind,
        _ if piece.origin.task.task_id.is_some() => Kind::Task,
        kind => piece.origin.kind.unwrap_or(kind),
    }
}

fn names(source: &Source, piece: &Piece<'_>) -> Vec<String> {
    let mut all = names_of(&source.task);
    all.extend(names_of(&piece.origin.task));
    all.extend(piece.origin.host.clone());
    all
}

fn names_of(task: &TaskInstance) -> Vec<String> {
    let parts = task.task_id.iter().flat_map(|id| id.split('.')).map(str::to_owned);
    task.dag_id
        .iter()
        .chain(&task.run_id)
        .chain(&task.task_id)
        .map(|name| name.to_string())
        .chain(parts)
        .filter(|name| !name.is_empty())
        .collect()
}
