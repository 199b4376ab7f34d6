//! Opens one input and hands the text of each log in it to a visitor, whatever it is packed in.
//!
//! Everything streams: nothing is extracted to disk, so a member's name is only a name. Whatever is wrong with an input becomes a
//! [`Problem`], and what can be read is read. A log of which nothing can be read is still visited, with no text: its attempt
//! took place, and a report that left it out would be wrong. How archives are taken apart is in `members`.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::format::{self, Format};
use super::limits::{self, Budget, Limits};
#[cfg(feature = "object-store")]
use super::object::{Object, Opened};
use super::own_report::is_own_report;
use super::passover::{self, PassedOver};
use super::positioned::Positioned;
use super::progress::{Counted, Progress, Reach};
use super::shared::{Crew, Shared, SharedVisit};
use super::since::Since;
use super::stream::{Fault, Headed, Metered};
use super::utf16::Utf16;
use super::walk::says_of;
use super::{Input, Kind, Naming, Source};
use crate::error::{Problem, ProblemKind};

/// What is called with each log and its text, and the log's number in its input. An error that the reader gives it, it gives back.
pub(super) type Visit<'a> = &'a mut dyn FnMut(u64, Source, &mut dyn Read) -> io::Result<()>;

/// What is read of an input, and by which names.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How logs are named.
    pub naming: Naming,
    /// What an archive may ask for.
    pub limits: Limits,
    /// Which members of an archive are too old to be read. Files are left out as they are found.
    pub since: Option<Since>,
    /// Where what is read is counted.
    pub progress: Progress,
}

/// Reads an input: calls `visit` with each log in it, and gives what went wrong, sorted.
pub fn read(input: &Input, options: &Options, visit: &mut dyn FnMut(Source, &mut dyn Read) -> io::Result<()>) -> Vec<Problem> {
    read_with(input, options, &mut |_, source, text| visit(source, text), None)
}

/// Reads an input like [`read`], where any thread of the crew may take a log. The logs come in no order; their numbers have one.
pub fn read_shared(input: &Input, options: &Options, visit: SharedVisit<'_>, crew: &dyn Crew) -> Vec<Problem> {
    let shared = Shared { input, options, visit, crew };
    read_with(input, options, &mut |nth, source, text| visit(nth, source, text), Some(shared).filter(|shared| !shared.crew.is_one()))
}

fn read_with(input: &Input, options: &Options, visit: Visit<'_>, shared: Option<Shared<'_>>) -> Vec<Problem> {
    #[cfg(feature = "object-store")]
    if let Some(object) = &input.object {
        return read_object(input, object, options, visit, shared);
    }
    let opened = input.file.as_ref().map(|path| File::open(path).and_then(|file| file.metadata().map(|about| (file, about))));
    let bytes = match &opened {
        Some(Ok((_, about))) if about.is_file() => Some(about.len()),
        // A pipe has no size.
        _ => None,
    };
    let budget = Budget::new(&options.limits, bytes);
    let mut reading = Reading { shared, is_stream: bytes.is_none(), ..Reading::new(input, options, visit, &budget) };
    let place = Place::default();
    let stream = |inner| Counted { inner, reach: Reach::new(&options.progress, None) };
    match opened {
        None => reading.stream(&place, &mut stream(&mut io::stdin() as &mut dyn Read)),
        Some(Ok((mut file, _))) if reading.is_stream => reading.stream(&place, &mut stream(&mut file)),
        Some(Ok((file, about))) => reading.file(file, about.len()),
        Some(Err(error)) => reading.problem(&place, ProblemKind::Unreadable, says_of(&error)),
    }
    reading.finish()
}

#[cfg(feature = "object-store")]
fn read_object(input: &Input, object: &Object, options: &Options, visit: Visit<'_>, shared: Option<Shared<'_>>) -> Vec<Problem> {
    let opened = object.open();
    let budget = Budget::new(&options.limits, opened.as_ref().ok().map(Opened::bytes));
    let mut reading = Reading { shared, ..Reading::new(input, options, visit, &budget) };
    let place = Place::default();
    match opened {
        Ok(object) => {
            let reach = Reach::new(&options.progress, Some(Opened::bytes(&object)));
            let mut object = Counted { inner: object, reach };
            let headed = Headed::new(&mut object);
            if format::of(headed.head()) == Format::Zip {
                reading.zip(&place, object.inner.sought());
            } else {
                reading.headed(&place, headed);
            }
        }
        Err(says) => reading.problem(&place, ProblemKind::Unreadable, says),
    }
    reading.finish()
}

/// Where in an input a stream of bytes stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The names of the members that lead to it, joined with `!`.
    pub(super) member: Option<String>,
    /// How many archives and compressed files it is in.
    pub(super) depth: u32,
    /// Whether it is what a compressed stream holds.
    pub(super) unpacked: bool,
    /// Which of the input's members it is.
    pub(super) nth: u64,
}

pub(super) struct Reading<'a> {
    input: &'a Input,
    pub(super) options: &'a Options,
    pub(super) limits: &'a Limits,
    visit: Visit<'a>,
    /// How members may be shared with other threads, where there are some.
    pub(super) shared: Option<Shared<'a>>,
    /// Whether it is a pipe or a device, which has no length.
    is_stream: bool,
    pub(super) budget: &'a Budget,
    pub(super) problems: Vec<Problem>,
    pub(super) passed_over: PassedOver,
    /// How many members are too old.
    pub(super) too_old: u64,
    /// How many members' names lead outside, and the first of them.
    pub(super) outside: u64,
    pub(super) first_outside: Option<Place>,
    pub(super) members: u64,
}

impl<'a> Reading<'a> {
    /// A reading of an input that is a file, on one thread.
    pub(super) fn new(input: &'a Input, options: &'a Options, visit: Visit<'a>, budget: &'a Budget) -> Self {
        Self {
            input,
            options,
            limits: &options.limits,
            visit,
            shared: None,
            is_stream: false,
            budget,
            problems: Vec::new(),
            passed_over: PassedOver::default(),
            too_old: 0,
            outside: 0,
            first_outside: None,
            members: 0,
        }
    }

    fn file(&mut self, file: File, bytes: u64) {
        let place = Place::default();
        // A log that is being written is read up to where it was when it was opened: the rest belongs to the next scan.
        let reach = Reach::new(&self.options.progress, Some(bytes));
        let mut text = Counted { inner: (&file).take(bytes), reach: Arc::clone(&reach) };
        let headed = Headed::new(&mut text);
        if format::of(headed.head()) == Format::Zip {
            return self.zip(&place, Positioned::new(file, reach));
        }
        self.headed(&place, headed);
        let left = text.inner.limit();
        // What is left may be what follows a packed stream's end; where nothing is, the file has become shorter.
        if left > 0 && matches!((&file).read(&mut [0]), Ok(0)) {
            let says =
                format!("cut short while it was read: it had {bytes} bytes, and ended after {}; what came before was used", bytes - left);
            self.problem(&place, ProblemKind::Unreadable, says);
        }
    }

    /// Reads what a stream holds.
    pub(super) fn stream(&mut self, place: &Place, bytes: &mut dyn Read) {
        self.headed(place, Headed::new(bytes));
    }

    pub(super) fn headed(&mut self, place: &Place, mut bytes: Headed<'_>) {
        if let Some(sort) = place.member.as_deref().and_then(|name| passover::by_head(name, bytes.head())) {
            return self.passed_over.add(sort);
        }
        match format::of(bytes.head()) {
            Format::Empty if bytes.is_faulty() => self.log(place, &mut bytes),
            Format::Empty => self.empty(place, "an empty file: it says nothing about how its task went".to_owned()),
            Format::Text if self.source(place).kind == Kind::Other && is_own_report(bytes.head()) => {
                self.problem(place, ProblemKind::PassedOver, "a report, not a log: what it tells of is in the logs themselves".to_owned());
            }
            Format::Text => {
                bytes.skip_mark();
                self.log(place, &mut bytes);
            }
            Format::Packed(packing) => self.packed(place, packing, &mut bytes),
            Format::Tar => self.tar(place, &mut bytes),
            Format::Zip => self.held_zip(place, &mut bytes),
            Format::Nul => self.after_nuls(place, &mut bytes),
            Format::Foreign(name, convert) => {
                self.problem(place, ProblemKind::NotText, format!("{name}, which is not read; unpack it first: {convert}"));
                self.without_unpacking(place);
            }
            Format::Utf16(order) => self.utf16(place, &mut Utf16::new(&mut bytes, order)),
            Format::Binary => self.not_text(place, "binary data, which cannot be read as a log"),
        }
    }

    /// Hands a log to the visitor.
    fn log(&mut self, place: &Place, text: &mut dyn Read) {
        let (bytes_max, flag) = self.bytes_max(place);
        let mut text = Metered::new(text, bytes_max);
        let source = self.source(place);
        let was_spent_up = self.budget.is_spent_up();
        let visited = (self.visit)(place.nth, source, &mut text);
        let bytes = text.bytes;
        match (text.fault, visited) {
            // Said once for the whole input, by `finish`.
            (Some(Fault::OverBudget), _) => {}
            // A decoder may have made another error of it.
            (Some(_), _) if self.budget.is_spent_up() && !was_spent_up => {}
            (Some(Fault::TooLong), _) => {
                let says = format!("longer than {}; the rest was left out ({flag} reads more)", limits::size_of(bytes_max));
                self.problem(place, ProblemKind::Limit, says);
            }
            (Some(Fault::Failed(why)), _) if place.depth > 0 => {
                let says = format!("damaged or cut off after {bytes} bytes of its text ({why}); what came before was used");
                self.problem(place, ProblemKind::Damaged, says);
            }
            (Some(Fault::Failed(why)), _) => {
                self.problem(place, ProblemKind::Unreadable, format!("could not be read beyond {bytes} bytes: {why}"));
            }
            (None, Err(error)) => self.problem(place, ProblemKind::Unreadable, format!("was not read beyond {bytes} bytes: {error}")),
            (None, Ok(())) => {}
        }
    }

    /// How long a log may be, and the flag that says so. A file is as long as it is; a pipe or a device may never end.
    fn bytes_max(&self, place: &Place) -> (u64, &'static str) {
        match place.depth {
            0 if self.is_stream => (self.limits.total_bytes_max, "--max-unpacked"),
            0 => (u64::MAX, ""),
            _ => (self.limits.member_bytes_max, "--max-member-size"),
        }
    }

    fn utf16(&mut self, place: &Place, text: &mut Utf16<'_>) {
        self.log(place, text);
        if text.faults > 0 {
            let (faults, line) = (text.faults, text.first_line);
            let says = format!("UTF-16 that is damaged (faults: {faults}, the first at line {line}); what is no character was replaced");
            self.problem(place, ProblemKind::Encoding, says);
        }
    }

    /// Skips NUL bytes before a log's text. A log that is truncated while its writer goes on at the old place begins with them, and
    /// one that was being written in a crash may consist of them.
    fn after_nuls(&mut self, place: &Place, bytes: &mut dyn Read) {
        let mut buffer = [0; 16 << 10];
        let mut nuls = 0u64;
        // A failure is given again by the next read of what is left, or it was an end.
        while let Ok(count @ 1..) = bytes.read(&mut buffer) {
            let leading = buffer[..count].iter().take_while(|byte| **byte == 0).count();
            nuls += leading as u64;
            if leading < count {
                let says =
                    format!("begins with {nuls} NUL bytes, as a log does that was truncated while it was written; they were skipped");
                self.problem(place, ProblemKind::Encoding, says);
                return self.log(place, &mut (&buffer[leading..count]).chain(bytes));
            }
            let (bytes_max, flag) = self.bytes_max(place);
            if nuls > bytes_max {
                let says =
                    format!("begins with more than {} of NUL bytes; the rest was left out ({flag} reads more)", limits::size_of(bytes_max));
                self.problem(place, ProblemKind::Limit, says);
                return self.without_text(place);
            }
        }
        self.not_text(place, "only NUL bytes, as a crash leaves in a file that was being written; nothing can be read of it");
    }

    fn not_text(&mut self, place: &Place, says: &str) {
        self.problem(place, ProblemKind::NotText, says.to_owned());
        self.without_text(place);
    }

    fn empty(&mut self, place: &Place, says: String) {
        self.problem(place, ProblemKind::Empty, says);
        self.without_text(place);
    }

    /// Visits a log of which nothing can be read.
    fn without_text(&mut self, place: &Place) {
        let source = self.source(place);
        // There is nothing that the visitor could fail on.
        let _ = (self.visit)(place.nth, source, &mut io::empty());
    }

    /// Visits what cannot be unpacked, if its name says that it is one log and not many.
    pub(super) fn without_unpacking(&mut self, place: &Place) {
        if self.source(place).kind != Kind::Other {
            self.without_text(place);
        }
    }

    fn source(&self, place: &Place) -> Source {
        source_of(self.input, place.member.as_deref(), &self.options.naming)
    }

    pub(super) fn problem(&mut self, place: &Place, kind: ProblemKind, says: String) {
        self.problems.push(Problem { path: self.input.path.to_string(), member: place.member.clone(), kind, says });
    }

    fn finish(mut self) -> Vec<Problem> {
        let place = Place::default();
        if self.budget.is_spent_up() {
            self.problem(&place, ProblemKind::Limit, self.budget.says());
        }
        if let Some(first) = self.first_outside.take() {
            let others = match self.outside {
                1 => String::new(),
                count => format!(", as do {} more", count - 1),
            };
            let says = format!("its name leads out of the archive{others}; it was read as a log all the same, and nothing was extracted");
            self.problem(&first, ProblemKind::Suspicious, says);
        }
        self.problems.extend(self.options.since.and_then(|since| since.problem(&self.input.path, self.too_old)));
        self.problems
            .extend(self.passed_over.problem(&self.input.path, "unpack it and name a file on the command line to read it all the same"));
        self.problems.sort();
        self.problems
    }
}

/// What the name of an input, or of its member, says of the log.
pub(super) fn source_of(input: &Input, member: Option<&str>, naming: &Naming) -> Source {
    let mut source = naming.source(&input.path, member);
    source.path.clone_from(&input.path);
    let lacks_dag = matches!(source.kind, Kind::Task | Kind::Trigger) && source.task.dag_id.is_none();
    // A path that was given from within a DAG's folder lacks the part above it, with a template of one's own all of it.
    let is_cut = source.member.is_none() && (lacks_dag || !naming.is_default());
    if let Some(whole) = input.file.as_ref().filter(|_| is_cut).and_then(|file| file.canonicalize().ok()) {
        let whole = whole.to_string_lossy();
        if let Some((kind, task)) = naming.by_template(&whole) {
            (source.kind, source.task) = (kind, task);
        } else if lacks_dag {
            let whole = naming.source(&whole, None);
            if whole.kind == source.kind {
                source.task = whole.task;
            }
        }
    }
    source
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
