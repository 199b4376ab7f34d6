//! What of a file need not be read again, since an earlier scan has read it: all of it where it is as it was, whatever its name is by now, and the
//! beginning where it has grown.
//!
//! A file that lies where it lay, as long as it was and last written when it was, is the same. So is one of that length and time under another name, with
//! the same number in the file system. Any other one that begins and ends as one did is the same text if its CRC-32 is, for which it is read, though not
//! as a log. One that has grown under its number is taken for what it was, with more behind it, if the beginning is as it was at both its ends: log lines
//! hold times. A compressed copy is known by what gzip says of the text in it. Archives are known only as they lie: what is appended to a tar may change
//! neither its length nor its ends.

use std::io::Read;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Observation;
use super::driver::Options;
use super::memory::{By, Memory, Remembered};
use super::notes::{self, Notes, Whole};
use super::observe::{GoesOn, Halted, Observed, Observer};
use crate::error::Problem;
use crate::record::Outcome;
use crate::source::{self, Checked, Input, Kind, Print, Source, Stat};

/// From what length on a log of a task that is over is worth the state that it takes to go on with it: such a log seldom grows, and a short one is
/// soon read anew.
const OVER_BYTES_MIN: u64 = 64 << 10;

/// What an earlier scan has left of an input, and what this one leaves.
pub(super) struct Recall<'r> {
    memory: &'r dyn Memory,
    input: &'r Input,
    path: String,
    stat: Stat,
    /// Which members of an archive are read depends on the day.
    members_vary: bool,
    print: OnceLock<Option<Print>>,
    taken: Mutex<Taken<'r>>,
}

/// What this scan has seen of the input.
#[derive(Default)]
struct Taken<'r> {
    /// `None` once something could not be written down.
    notes: Option<Notes<'r>>,
    whole: Whole,
    text: Option<(u32, u64)>,
    halt: Option<Halted>,
    is_over: bool,
}

/// What is known of an input without reading it.
pub(super) enum Known {
    /// All of it: its logs with their numbers, and what is known of it as a whole.
    Same(Vec<(u64, Observation)>, Whole),
    /// It has grown, and this is what it says now.
    Grown(Box<Observed>),
}

impl<'r> Recall<'r> {
    /// For an input that is a file with a name in Unicode, in a scan that remembers.
    pub(super) fn of(input: &'r Input, options: &Options, memory: &'r dyn Memory) -> Option<Self> {
        let path = input.file.as_ref()?.to_str()?.to_owned();
        let stat = Stat::of(input)?;
        let taken = Taken { notes: Some(Notes::new(memory)), whole: Whole::default(), text: None, halt: None, is_over: false };
        let members_vary = options.source.since.is_some();
        Some(Self { memory, input, path, stat, members_vary, print: OnceLock::new(), taken: Mutex::new(taken) })
    }

    /// What is known of it; and how many bytes were read to find out.
    pub(super) fn known(&self, observer: &Observer<'_>, options: &Options) -> (Option<Known>, u64) {
        let Stat { device, inode, bytes, modified_ns } = self.stat;
        let mut candidates = self.memory.recall(By::Path(&self.path));
        let is_as_it_was =
            |known: &&Remembered| (known.stat.inode, known.stat.bytes, known.stat.modified_ns) == (inode, bytes, modified_ns);
        if let Some(as_it_was) = candidates.iter().find(is_as_it_was) {
            let same = self.same(as_it_was, options);
            if same.is_some() {
                self.memory.is_unchanged(&self.path);
            }
            return (same, 0);
        }
        // A service's log that was rotated has another name, and a new one has taken its old name.
        let renamed = self.memory.recall(By::Inode { device, inode });
        candidates.retain(|known| renamed.iter().all(|other| other.path != known.path));
        candidates.splice(0..0, renamed);
        let mut read = 0;
        if let Some(known) = self.by_print(&candidates, observer, options, &mut read) {
            return (Some(known), read);
        }
        let head = self.own_print().and_then(|print| print.whole_head(bytes));
        let copies = head.map(|head| self.memory.recall(By::Head(head))).unwrap_or_default();
        if let Some(known) = self.by_print(&copies, observer, options, &mut read) {
            return (Some(known), read);
        }
        let text = self.input.file.as_deref().and_then(|path| source::text_of_gzip(path, bytes));
        // Of one that is longer than it may be only a part would be read.
        let limits = &options.source.limits;
        let text = text.filter(|(_, bytes)| *bytes <= limits.member_bytes_max.min(limits.total_bytes_max));
        let unpacked = text.map(|(crc, bytes)| self.memory.recall(By::Text { crc, bytes })).unwrap_or_default();
        let known = unpacked.iter().find_map(|known| self.moved(known, options));
        (known, read)
    }

    /// How long the file is.
    pub(super) fn file_bytes(&self) -> u64 {
        self.stat.bytes
    }

    /// How the file begins and ends.
    fn own_print(&self) -> Option<Print> {
        *self.print.get_or_init(|| Print::of(self.input.file.as_deref()?, self.stat.bytes).ok().map(|(print, _)| print))
    }

    /// How the beginning of the file that has a length begins and ends; adds what is read for that.
    fn print(&self, bytes: u64, read: &mut u64) -> Option<Print> {
        let (print, bytes) = Print::of(self.input.file.as_deref()?, bytes).ok()?;
        *read += bytes;
        Some(print)
    }

    /// The first of the candidates that this file is, or has been.
    fn by_print(&self, candidates: &[Remembered], observer: &Observer<'_>, options: &Options, read: &mut u64) -> Option<Known> {
        for known in candidates.iter().filter(|known| known.stat.bytes > 0 && known.stat.bytes <= self.stat.bytes) {
            let is_renamed = Stat { device: self.stat.device, ..known.stat } == self.stat;
            if !(is_renamed || known.text.is_some_and(|(_, bytes)| bytes == known.stat.bytes))
                || self.print(known.stat.bytes, read) != Some(known.print)
            {
                continue;
            }
            if known.stat.bytes < self.stat.bytes {
                let is_its_own = known.stat.inode == self.stat.inode;
                if (is_its_own || self.begins_as(known, read))
                    && let Some(grown) = self.grown(known, observer, options, read)
                {
                    return Some(grown);
                }
            } else if is_renamed || self.begins_as(known, read) {
                return self.moved(known, options);
            }
        }
        None
    }

    /// Whether the text of a log that is known is the beginning of this file, by its check.
    fn begins_as(&self, known: &Remembered, read: &mut u64) -> bool {
        let check = self.input.file.as_deref().and_then(|path| source::check_of_file(path, known.stat.bytes));
        *read += known.stat.bytes;
        known.text.is_some_and(|(crc, _)| Some(crc) == check)
    }

    /// All of what is known of a file.
    fn same(&self, known: &Remembered, options: &Options) -> Option<Known> {
        let mut logs = Vec::new();
        let whole = notes::read(&known.scan, &self.input.path, &mut |nth, log| logs.push((nth, log))).ok()?;
        if self.members_vary && whole.named.is_none() {
            return None;
        }
        let is_named_so = known.path == self.path || whole.named == Some(notes::named(&source::whole(self.input, &options.source.naming)));
        is_named_so.then_some(Known::Same(logs, whole))
    }

    /// All of what is known of a file that is this one under another name, or at another time.
    fn moved(&self, known: &Remembered, options: &Options) -> Option<Known> {
        let same = self.same(known, options)?;
        self.memory.keep(Remembered {
            path: self.path.clone(),
            stat: self.stat,
            // A compressed copy does not begin as its text does, and cannot be gone on with.
            print: if known.stat.bytes == self.stat.bytes { known.print } else { self.own_print()? },
            resume: known.resume.clone().filter(|_| known.stat.bytes == self.stat.bytes),
            ..known.clone()
        });
        Some(same)
    }

    /// Goes on with a file that has grown.
    fn grown(&self, known: &Remembered, observer: &Observer<'_>, options: &Options, read: &mut u64) -> Option<Known> {
        let halted = GoesOn::read(&notes::unpacked(&known.resume.as_ref()?.1).ok()?)?;
        let at = halted.at();
        let (source, mut added) = source::added(self.input, &options.source.naming, at, self.stat.bytes).ok()?;
        let whole = notes::read(&known.scan, &self.input.path, &mut |_, _| {}).ok()?;
        if whole.named != Some(notes::named(&source)) {
            return None;
        }
        let mut checked = known.text.map(|text| Checked::since(text, text.1.saturating_sub(at), &mut added))?;
        let mut observed = observer.go_on(source.clone(), halted, &mut checked);
        let (crc, bytes) = checked.done();
        // It was cut short meanwhile, or cannot be read.
        if observed.failure.is_some() || bytes != self.stat.bytes {
            return None;
        }
        *read += bytes.saturating_sub(at);
        self.note(0, &source, &mut observed, (crc, bytes));
        Some(Known::Grown(Box::new(observed)))
    }

    /// Notes what a log of the input says, and the check and length of its text.
    pub(super) fn note(&self, nth: u64, source: &Source, observed: &mut Observed, text: (u32, u64)) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = &mut *taken;
        for log in &mut observed.observations {
            let is_noted = taken.notes.as_mut().is_some_and(|notes| notes.log(nth, log).is_ok());
            if !is_noted {
                taken.notes = None;
            }
        }
        let whole = &mut taken.whole;
        whole.logs += 1;
        whole.bytes += observed.bytes;
        whole.lines += u64::from(observed.lines);
        whole.add_problems(&observed.problems);
        let is_one = whole.logs == 1 && source.member.is_none();
        whole.named = is_one.then(|| notes::named(source));
        taken.text = is_one.then_some(text);
        taken.halt = observed.halt.clone().filter(|_| is_one);
        taken.is_over = observed.observations.iter().all(|log| {
            let is_over = matches!(log.outcome, Some((Outcome::Success | Outcome::Failed | Outcome::Skipped | Outcome::UpForRetry, _)));
            is_over && matches!(log.source.kind, Kind::Task)
        });
    }

    /// Leaves what was read to the next scan. `problems`: what was wrong with the input beside what its logs said.
    pub(super) fn keep(&self, problems: &[Problem]) {
        let Taken { notes, mut whole, text, halt, is_over } = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *taken)
        };
        let is_quiet = problems.is_empty();
        whole.add_problems(problems);
        let is_passing = whole.is_unread() || self.members_vary && whole.named.is_none();
        if is_passing || whole.logs == 0 && whole.is_plain() {
            return;
        }
        // Only where each byte of the file is one of the log can its reading go on at a byte of the file.
        let is_bare = is_quiet && text.is_some_and(|(_, bytes)| bytes == self.stat.bytes) && whole.bytes == self.stat.bytes;
        let is_worth_it = !is_over || self.stat.bytes >= OVER_BYTES_MIN;
        let halt = halt.filter(|_| is_bare && is_worth_it).and_then(|halt| Some((halt.at, notes::packed(&halt.json, self.memory).ok()?)));
        // A state that is longer than what it saves is of no use.
        let resume = halt.filter(|(at, state)| (state.len() as u64) < *at);
        let print = self.own_print();
        let scan = notes.and_then(|notes| notes.finish(&whole).ok());
        if let (Some(print), Some(scan)) = (print, scan) {
            self.memory.keep(Remembered { path: self.path.clone(), stat: self.stat, print, text, logs: whole.logs, scan, resume });
        }
    }
}

/// Reads a log and makes the check of its text.
pub(super) fn checked(reader: &mut dyn Read, observe: impl FnOnce(&mut dyn Read) -> Observed) -> (Observed, (u32, u64)) {
    let mut checked = Checked::new(reader);
    let observed = observe(&mut checked);
    (observed, checked.done())
}
