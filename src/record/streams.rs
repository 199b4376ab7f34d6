//! Reads the records of a file, whatever carries them: one stream of lines as Airflow writes them, or lines in envelopes, of one process or of
//! many in turn. Every record comes with the origin of its stream; lines of one stream are put together, however many others stand between.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use super::boundary::Boundary;
use super::envelope::{self, Found, Origin, Peeled, Rows, Sort};
use super::header::LineKind;
use super::newest_first::{Entry, Order, owned};
use super::skip::Lookout;
use super::speaker::{Speaker, Speakers};
use super::split::{self, BEFORE_BYTES_MAX, Buffer, READ_BYTES, RECORD_BYTES_MAX, RawRecord, Splitter};
use super::standing::{Place, Standing};
use super::visitor::{Attention, Every, Piece, Visitor};
use super::{Dialects, Level};
use crate::source::{Kind, Source};
use crate::time::Timestamp;

/// How many first bytes are looked at for an envelope.
const HEAD_BYTES: usize = 64 << 10;

/// How many streams one file may hold; what comes of further ones is put into the last.
pub const STREAMS_MAX: usize = 20_000;

/// What reading a file gave.
#[derive(Debug, Default)]
pub struct Told {
    /// How many bytes were read.
    pub bytes: u64,
    /// How many lines they hold.
    pub lines: u32,
    /// Whether the last line has no end.
    pub unfinished_line: bool,
    /// What ended it early.
    pub failure: Option<io::Error>,
    /// What is wrong with the JSON document that the file is, if it is one.
    pub broken_document: Option<String>,
    /// How many places of a table of entries are no whole rows, and the line of the first of them.
    pub damaged_rows: Option<(u32, u32)>,
    /// Whether the newest entry came first: the lines of records are counted from the end of the file.
    pub newest_first: bool,
    /// Whether there were more than [`STREAMS_MAX`] streams.
    pub too_many_streams: bool,
    /// What stands at the end of a log of one stream, whatever of it was handed on: at most [`super::BEFORE_BYTES_MAX`].
    pub tail: Vec<u8>,
}

/// What is looked for in a log of which not all is worth reading.
pub struct Skim<'a> {
    /// Tells where something is.
    pub lookout: &'a dyn Lookout,
    /// Memory that is used for one log after the other.
    pub buffer: &'a mut Vec<u8>,
}

/// Reads all records of a log and hands them on, in the order in which they end.
pub fn each_record(source: &Source, reader: &mut dyn Read, dialects: &Dialects, visit: &mut dyn FnMut(Piece<'_>)) -> Told {
    read(source, reader, dialects, &mut Vec::new(), None, &mut Every(visit))
}

/// Reads a log and hands on the records that are worth it, in the order in which they end. What is said of the log as a whole, and of each of
/// these records, is what [`each_record`] says.
pub fn each_record_found(source: &Source, reader: &mut dyn Read, dialects: &Dialects, skim: Skim<'_>, visitor: &mut dyn Visitor) -> Told {
    read(source, reader, dialects, skim.buffer, Some(skim.lookout), visitor)
}

/// Goes on with a log that has grown since it was read up to `place`: the reader begins there. What is said of the log, and of each record, is what
/// [`each_record_found`] says when it reads all of it.
pub fn each_record_since(place: Place, reader: &mut dyn Read, dialects: &Dialects, skim: Skim<'_>, visitor: &mut dyn Visitor) -> Told {
    if skim.buffer.len() < READ_BYTES {
        skim.buffer.resize(READ_BYTES, 0);
    }
    let Place { at, line, speakers } = place;
    let splitter = Splitter::with_buffer(Buffer::Lent(skim.buffer), 0, Rest { failure: None, reader }, dialects).at(at, line);
    // The bytes before the place are not in memory, and they tell the times of records that were left out: so none is left out before there are enough
    // of others.
    let text =
        Text { lookout: Some(skim.lookout).filter(|_| !dialects.has_own()), skips_from: at + BEFORE_BYTES_MAX as u64, is_settled: true };
    plain(splitter, text, speakers.map(Speakers::again), visitor)
}

fn read(
    source: &Source,
    reader: &mut dyn Read,
    dialects: &Dialects,
    buffer: &mut Vec<u8>,
    lookout: Option<&dyn Lookout>,
    visitor: &mut dyn Visitor,
) -> Told {
    if buffer.len() < READ_BYTES {
        buffer.resize(READ_BYTES, 0);
    }
    let (filled, failure) = fill_head(reader, buffer);
    let head = &buffer[..filled.min(HEAD_BYTES)];
    let sort = envelope::recognise(head, filled < HEAD_BYTES, dialects);
    // What belongs to one attempt by its name is one stream, whatever its lines say. So is the log of a DAG file: where it names attempts, it speaks
    // of their callbacks, and not as their process.
    let is_one = matches!(source.kind, Kind::Task | Kind::Trigger | Kind::DagProcessor);
    let rest = Rest { failure, reader };
    let speakers = (!is_one).then(|| Speakers::new(source.kind));
    let mut every = |piece: Piece<'_>| {
        visitor.take(piece);
    };
    match sort {
        Some(Sort::Document) => document(&buffer[..filled], rest, dialects, speakers, &mut every),
        Some(sort) => enveloped(sort, &buffer[..filled], rest, dialects, speakers, &mut every),
        None => {
            // A form of the user's own may have its time anywhere in a record.
            let lookout = lookout.filter(|_| !dialects.has_own());
            let text = Text { lookout, skips_from: 0, is_settled: envelope::is_settled(head, filled < HEAD_BYTES) };
            plain(Splitter::with_buffer(Buffer::Lent(buffer), filled, rest, dialects), text, speakers, visitor)
        }
    }
}

/// Reads the first bytes of a log, as many as are needed to tell its envelope, or all that one read gives: how many, and what went wrong.
fn fill_head(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < HEAD_BYTES {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

/// What follows the head of a stream: the error that came up while it was read, if one did.
struct Rest<'a> {
    failure: Option<io::Error>,
    reader: &'a mut dyn Read,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => self.reader.read(buffer),
        }
    }
}

/// How a log without envelopes is read.
struct Text<'a> {
    /// What is looked for, where not all is worth reading.
    lookout: Option<&'a dyn Lookout>,
    /// From which byte on records may be left out.
    skips_from: u64,
    /// Whether it remains a log without envelopes whatever is added to it.
    is_settled: bool,
}

fn plain(mut splitter: Splitter<'_, '_, Rest<'_>>, text: Text<'_>, mut speakers: Option<Speakers>, visitor: &mut dyn Visitor) -> Told {
    let origin = Origin::default();
    let mut attention = Attention::Every;
    let failure = loop {
        // Once attempts are told apart by what lines say, each line counts.
        let may_skip = speakers.as_ref().is_none_or(Speakers::are_none) && splitter.bytes_given() >= text.skips_from;
        if let (Attention::Found, true, Some(lookout)) = (attention, may_skip, text.lookout) {
            splitter.skip(lookout, speakers.is_some(), &mut |line| visitor.mention(line));
        }
        match splitter.next() {
            Ok(Some(record)) => {
                if record.is_last && !record.cut && text.is_settled {
                    visitor.stand(Standing::new(record.at, record.before, record.line, speakers.as_ref()));
                }
                let speaker = speakers.as_mut().map_or(Speaker::File, |speakers| speakers.of(&record));
                let origin = speakers.as_ref().and_then(|speakers| speakers.origin(speaker)).unwrap_or(&origin);
                attention = visitor.take(Piece { stream: number(speaker, 0), origin, record });
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    Told {
        bytes: splitter.bytes_read(),
        lines: splitter.lines_read(),
        unfinished_line: !splitter.ended_with_line_feed(),
        failure,
        tail: if speakers.as_ref().is_none_or(Speakers::are_none) { splitter.tail().to_vec() } else { Vec::new() },
        ..Told::default()
    }
}

fn enveloped(
    sort: Sort,
    head: &[u8],
    rest: Rest<'_>,
    dialects: &Dialects,
    speakers: Option<Speakers>,
    visit: &mut dyn FnMut(Piece<'_>),
) -> Told {
    let mut reader = BufReader::with_capacity(HEAD_BYTES, head.chain(rest));
    let mut streams = Streams::new(speakers, dialects);
    let mut told = Told::default();
    let mut line = Vec::new();
    let mut order = Order::new(sort.may_be_backward());
    let mut rows = if let Sort::Rows(form) = sort { Some(Rows::new(form)) } else { None };
    loop {
        line.clear();
        match (&mut reader).take(RECORD_BYTES_MAX as u64).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(count) => told.bytes += count as u64,
            Err(error) => {
                told.failure = Some(error);
                break;
            }
        }
        // A line that is too long comes in pieces.
        told.lines += u32::from(!told.unfinished_line);
        told.unfinished_line = line.last() != Some(&b'\n');
        if let Some(rows) = &mut rows {
            rows.take(&line, told.lines, dialects, &mut |found, line| streams.found(&mut order, found, line, visit));
            continue;
        }
        let bare = &line[..split::without_line_end(&line)];
        let is_peeled = envelope::peel(sort, bare, dialects, &mut |peeled| streams.in_order(&mut order, peeled, told.lines, visit));
        if !is_peeled {
            streams.found(&mut order, Found::Bare(bare), told.lines, visit);
        }
    }
    if let Some(rows) = &mut rows {
        rows.finish(dialects, &mut |found, line| streams.found(&mut order, found, line, visit));
        told.damaged_rows = rows.first_damaged.map(|first| (rows.damaged, first));
    }
    order.finish(&mut |entry| streams.entry(entry, visit));
    told.newest_first = order.is_backward();
    streams.finish(visit);
    told.too_many_streams = streams.overflowed;
    told
}

fn document(head: &[u8], rest: Rest<'_>, dialects: &Dialects, speakers: Option<Speakers>, visit: &mut dyn FnMut(Piece<'_>)) -> Told {
    let mut streams = Streams::new(speakers, dialects);
    let mut told = Told::default();
    let mut order = Order::new(true);
    let mut counted = Counted { inner: BufReader::with_capacity(HEAD_BYTES, head.chain(rest)), bytes: 0 };
    let read = envelope::read_document(&mut counted, dialects, &mut |peeled| {
        told.lines += 1;
        streams.in_order(&mut order, peeled, told.lines, visit);
    });
    order.finish(&mut |entry| streams.entry(entry, visit));
    told.newest_first = order.is_backward();
    told.bytes = counted.bytes;
    match read {
        Err(error) if error.is_io() => told.failure = Some(error.into()),
        Err(error) => told.broken_document = Some(error.to_string()),
        Ok(()) => {}
    }
    streams.finish(visit);
    told.too_many_streams = streams.overflowed;
    told
}

/// The number of a stream: those that lines name follow those that envelopes name.
fn number(speaker: Speaker, envelope: usize) -> usize {
    match speaker {
        Speaker::File => envelope,
        Speaker::Nobody => STREAMS_MAX,
        Speaker::Attempt(index) => STREAMS_MAX + 1 + index,
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// How many lines before the first envelope wait for the stream that follows.
const LINES_BEFORE_MAX: usize = 100;

/// The streams of one file, each with the record that is being put together.
struct Streams<'d> {
    dialects: &'d Dialects,
    by_key: HashMap<String, usize>,
    all: Vec<Stream>,
    /// The stream of the line before: a line without envelope belongs to it.
    last: Option<usize>,
    speakers: Option<Speakers>,
    overflowed: bool,
    /// Lines before the first envelope, with their numbers: what a collector's tool says itself belongs to no stream of its own.
    before: Vec<(Vec<u8>, u32)>,
}

/// One stream.
struct Stream {
    origin: Origin,
    open: Boundary,
    /// The lines of the record that is being put together.
    bytes: Vec<u8>,
    time: Option<Timestamp>,
    level: Option<Level>,
    first_line: u32,
    last_line: u32,
    /// A line of which only a part came yet.
    part: Vec<u8>,
    /// The record before was too long and this one continues it.
    continues_cut: bool,
    /// Whether its first line has a header.
    headed: bool,
}

impl<'d> Streams<'d> {
    fn new(speakers: Option<Speakers>, dialects: &'d Dialects) -> Self {
        Self { dialects, by_key: HashMap::new(), all: Vec::new(), last: None, speakers, overflowed: false, before: Vec::new() }
    }

    fn stream_of(&mut self, origin: Origin) -> usize {
        // What belongs to one attempt by its name is one stream, whatever collected it.
        let key = if self.speakers.is_some() { origin.key.as_str() } else { "" };
        if let Some(known) = self.by_key.get(key) {
            return *known;
        }
        if self.all.len() >= STREAMS_MAX {
            self.overflowed = true;
            return self.all.len() - 1;
        }
        self.by_key.insert(key.to_owned(), self.all.len());
        self.all.push(Stream {
            origin,
            open: Boundary::NONE,
            bytes: Vec::new(),
            time: None,
            level: None,
            first_line: 0,
            last_line: 0,
            part: Vec::new(),
            continues_cut: false,
            headed: false,
        });
        self.all.len() - 1
    }

    /// Takes what was in an envelope, or a line that has none, as soon as it is known which came first.
    fn found(&mut self, order: &mut Order, found: Found<'_>, line: u32, visit: &mut dyn FnMut(Piece<'_>)) {
        match found {
            Found::Row(peeled) => self.in_order(order, peeled, line, visit),
            Found::Bare(bare) if order.is_forward() => self.go_on(bare, line, visit),
            Found::Bare(bare) => {
                order.take(Entry { peeled: None, bare: bare.to_vec(), line }, &mut |entry| self.entry(entry, visit));
            }
        }
    }

    /// Takes what was in an envelope as soon as it is known which came first.
    fn in_order(&mut self, order: &mut Order, peeled: Peeled<'_>, line: u32, visit: &mut dyn FnMut(Piece<'_>)) {
        if order.is_forward() {
            self.take(peeled, line, visit);
        } else {
            let entry = Entry { peeled: Some(owned(peeled)), bare: Vec::new(), line };
            order.take(entry, &mut |entry| self.entry(entry, visit));
        }
    }

    fn entry(&mut self, entry: Entry, visit: &mut dyn FnMut(Piece<'_>)) {
        match entry.peeled {
            Some(peeled) => self.take(peeled, entry.line, visit),
            None => self.go_on(&entry.bare, entry.line, visit),
        }
    }

    /// Takes what was in an envelope.
    fn take(&mut self, peeled: Peeled<'_>, line: u32, visit: &mut dyn FnMut(Piece<'_>)) {
        let index = self.stream_of(peeled.origin);
        self.last = Some(index);
        for (text, line) in std::mem::take(&mut self.before) {
            self.line(index, &text, line, (None, None), visit);
        }
        if let Some(stream) = self.all.get_mut(index) {
            let is_part = peeled.goes_on && stream.part.len() + peeled.text.len() < RECORD_BYTES_MAX;
            if is_part || !stream.part.is_empty() {
                stream.part.extend_from_slice(&peeled.text);
            }
            if is_part {
                return;
            }
        }
        let whole = self.all.get_mut(index).map(|stream| std::mem::take(&mut stream.part)).filter(|part| !part.is_empty());
        let text = whole.as_deref().unwrap_or(&peeled.text);
        for (text, below) in text.split(|byte| *byte == b'\n').zip(0_u32..) {
            let line = if peeled.over_lines { line.saturating_add(below) } else { line };
            self.line(index, text.strip_suffix(b"\r").unwrap_or(text), line, (peeled.time, peeled.level), visit);
        }
    }

    /// Takes a line without envelope.
    fn go_on(&mut self, text: &[u8], line: u32, visit: &mut dyn FnMut(Piece<'_>)) {
        if self.last.is_none() && self.before.len() < LINES_BEFORE_MAX {
            self.before.push((text.to_vec(), line));
            return;
        }
        self.line_of_last(text, line, visit);
    }

    fn line_of_last(&mut self, text: &[u8], line: u32, visit: &mut dyn FnMut(Piece<'_>)) {
        let index = self.last.unwrap_or_else(|| self.stream_of(Origin::default()));
        self.last = Some(index);
        for (text, line) in std::mem::take(&mut self.before) {
            self.line(index, &text, line, (None, None), visit);
        }
        self.line(index, text, line, (None, None), visit);
    }

    fn line(
        &mut self,
        index: usize,
        text: &[u8],
        line: u32,
        (time, level): (Option<Timestamp>, Option<Level>),
        visit: &mut dyn FnMut(Piece<'_>),
    ) {
        let Some(stream) = self.all.get(index) else { return };
        let is_open = stream.open != Boundary::NONE || stream.continues_cut;
        let kind = self.dialects.line_kind(text);
        if is_open && stream.open.is_before(text, kind) {
            self.give(index, false, visit);
        } else if stream.bytes.len() + text.len() >= RECORD_BYTES_MAX && !stream.bytes.is_empty() {
            self.give(index, true, visit);
        }
        let Some(stream) = self.all.get_mut(index) else { return };
        if stream.open == Boundary::NONE {
            stream.first_line = line;
            stream.bytes.clear();
            (stream.time, stream.level) = (time, level);
            stream.headed = matches!(kind, LineKind::Headed | LineKind::Json);
            if stream.continues_cut {
                stream.open = Boundary::CONTINUED;
            }
        } else {
            stream.bytes.push(b'\n');
        }
        stream.open.take(text, kind);
        stream.bytes.extend_from_slice(text);
        stream.last_line = line;
    }

    /// Hands on the record of a stream.
    fn give(&mut self, index: usize, cut: bool, visit: &mut dyn FnMut(Piece<'_>)) {
        let Some(stream) = self.all.get_mut(index).filter(|stream| stream.open != Boundary::NONE) else { return };
        stream.open = Boundary::NONE;
        let was_cut = std::mem::replace(&mut stream.continues_cut, cut);
        let record = RawRecord {
            bytes: &stream.bytes,
            line_end: b"\n",
            repeats: 0,
            time: stream.time,
            level: stream.level,
            line: stream.first_line,
            line_count: stream.last_line.saturating_sub(stream.first_line) + 1,
            cut: cut || was_cut,
            headed: stream.headed && !was_cut,
            ..RawRecord::default()
        };
        // What a container or service writes may speak of many attempts in turn.
        let speakers = self.speakers.as_mut().filter(|_| stream.origin.task.task_id.is_none());
        let speaker = speakers.map_or(Speaker::File, |speakers| speakers.of(&record));
        let spoken = self.speakers.as_ref().and_then(|speakers| speakers.origin(speaker));
        let origin = spoken.filter(|_| stream.origin.task.task_id.is_none()).unwrap_or(&stream.origin);
        visit(Piece { stream: number(speaker, index), origin, record });
    }

    /// Hands on what is left, in the order in which the streams began.
    fn finish(&mut self, visit: &mut dyn FnMut(Piece<'_>)) {
        if let Some((text, line)) = self.before.pop() {
            self.line_of_last(&text, line, visit);
        }
        for index in 0..self.all.len() {
            let part = self.all.get_mut(index).map(|stream| (std::mem::take(&mut stream.part), stream.last_line)).unwrap_or_default();
            if !part.0.is_empty() {
                self.line(index, &part.0, part.1, (None, None), visit);
            }
            self.give(index, false, visit);
        }
    }
}
