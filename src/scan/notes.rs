//! What the logs of one file said, written down so that it can be read again without them: a line of JSON on the file, and one for each log.
//! The file's own path is not written: it may have another one by then.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Observation;
use super::memory::{Memory, clean_failures};
use super::rewrite::rewrite;
use crate::error::{Problem, ProblemKind};
use crate::source::{self, Kind, Source, TaskInstance};

/// From how many bytes on notes are packed while they are written.
const PLAIN_BYTES_MAX: usize = 256 << 10;

/// Shorter ones are not worth packing.
const PACKED_BYTES_MIN: usize = 1 << 10;

/// zstd's level: what is kept of a night is written once and read once each night.
const LEVEL: i32 = 3;

/// How a packed note begins, by the format of zstd.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What is known of a file as a whole.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Whole {
    /// What its name said, if it is one log: another name may say something else.
    pub(super) named: Option<(Kind, TaskInstance)>,
    pub(super) logs: u64,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// What was not read or understood of it: of which member, what kind, which words.
    problems: Vec<(Option<String>, ProblemKind, String)>,
}

impl Whole {
    /// Adds what was not read or understood.
    pub(super) fn add_problems(&mut self, problems: &[Problem]) {
        self.problems.extend(problems.iter().map(|problem| (problem.member.clone(), problem.kind, problem.says.clone())));
    }

    /// Whether it could not be read, which another day may change although the file does not.
    pub(super) fn is_unread(&self) -> bool {
        self.problems.iter().any(|(_, kind, _)| *kind == ProblemKind::Unreadable)
    }

    /// Whether nothing is to be said of it.
    pub(super) fn is_plain(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was not read or understood of it, under the path that it has now.
    pub(super) fn problems(&self, path: &str) -> impl Iterator<Item = Problem> {
        self.problems.iter().map(move |(member, kind, says)| Problem {
            path: path.to_owned(),
            member: member.clone(),
            kind: *kind,
            says: says.clone(),
        })
    }
}

/// One log of a file.
#[derive(Serialize, Deserialize)]
struct Note<L> {
    /// Which of the file's logs it is.
    nth: u64,
    log: L,
}

/// Writes notes, while logs are read in any order.
pub(super) struct Notes<'m> {
    memory: &'m dyn Memory,
    text: Vec<u8>,
    packed: Option<zstd::stream::write::Encoder<'static, Vec<u8>>>,
}

impl<'m> Notes<'m> {
    pub(super) fn new(memory: &'m dyn Memory) -> Self {
        Self { memory, text: Vec::new(), packed: None }
    }

    /// Notes what a log said. What is told of a failure is what will be read of it on another day, so that both are the same failure: the log becomes that.
    pub(super) fn log(&mut self, nth: u64, log: &mut Observation) -> io::Result<()> {
        if log.failures.is_empty() && log.matches.is_empty() {
            return self.line(&Note { nth, log: &*log }).map(|_| ());
        }
        clean_failures(&mut log.failures, self.memory);
        let line = self.line(&Note { nth, log: &*log })?;
        let noted = serde_json::from_slice::<Note<Observation>>(&line)?.log;
        let path = Arc::clone(&log.source.path);
        *log = noted;
        log.source.path = path;
        Ok(())
    }

    /// Writes a line, and gives it.
    fn line(&mut self, line: &impl Serialize) -> io::Result<Vec<u8>> {
        let mut cleaned = Vec::new();
        rewrite(&serde_json::to_vec(line)?, true, &mut cleaned, &mut |text| self.memory.clean(text))?;
        self.text.extend_from_slice(&cleaned);
        self.text.push(b'\n');
        if self.text.len() > PLAIN_BYTES_MAX {
            let packed = match self.packed.take() {
                Some(packed) => packed,
                None => zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?,
            };
            self.packed.insert(packed).write_all(&self.text)?;
            self.text.clear();
        }
        Ok(cleaned)
    }

    /// Ends with what is known of the file as a whole.
    pub(super) fn finish(mut self, whole: &Whole) -> io::Result<Vec<u8>> {
        self.line(whole)?;
        let notes = match self.packed {
            Some(mut packed) => {
                packed.write_all(&self.text)?;
                packed.finish()?
            }
            None if self.text.len() < PACKED_BYTES_MIN => self.text,
            None => zstd::bulk::compress(&self.text, LEVEL)?,
        };
        Ok(sealed(notes))
    }
}

/// Packs a JSON text that is no log.
pub(super) fn packed(json: &[u8], memory: &dyn Memory) -> io::Result<Vec<u8>> {
    let mut cleaned = Vec::new();
    rewrite(json, false, &mut cleaned, &mut |text| memory.clean(text))?;
    zstd::bulk::compress(&cleaned, LEVEL).map(sealed)
}

/// Bytes with their CRC-32 behind them: a disk that lies must not change what is told.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(source::check_of(&bytes).to_be_bytes());
    bytes
}

/// What [`sealed`] was given.
fn unsealed(bytes: &[u8]) -> io::Result<&[u8]> {
    let (bytes, check) = bytes.split_last_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
    if source::check_of(bytes) == u32::from_be_bytes(*check) { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Reads what [`packed`] wrote.
pub(super) fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::stream::decode_all(unsealed(bytes)?)
}

/// Reads notes: hands on each log, of a file that has this path now, with its number; gives what is known of the file as a whole.
///
/// # Errors
/// Where they are damaged.
pub(super) fn read(notes: &[u8], path: &Arc<str>, found: &mut dyn FnMut(u64, Observation)) -> io::Result<Whole> {
    let notes = unsealed(notes)?;
    let reader: Box<dyn Read> =
        if notes.starts_with(&MAGIC) { Box::new(zstd::stream::read::Decoder::new(notes)?) } else { Box::new(notes) };
    let mut lines = BufReader::new(reader).lines();
    let mut line = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    for next in lines {
        let Note { nth, mut log } = serde_json::from_str::<Note<Observation>>(&line)?;
        log.source.path.clone_from(path);
        found(nth, log);
        line = next?;
    }
    Ok(serde_json::from_str(&line)?)
}

/// What the name of a source says, where it is one log.
pub(super) fn named(source: &Source) -> (Kind, TaskInstance) {
    (source.kind, source.task.clone())
}
