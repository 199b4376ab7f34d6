//! Takes archives apart: compressed streams and tar, one in another up to a depth; zip is in `zips`. What a member holds goes back to `archive`.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::sync::PoisonError;

use super::archive::{Place, Reading};
use super::passover;
use super::shared::{self, Gathered, Sharing};
use super::since::Since;
use super::stream::{Budgeted, HeaderGuard, Whole};
use super::unpack::{Packing, Unpacked};
use crate::error::ProblemKind;
use crate::time::Timestamp;

/// What is read of a compressed stream at once. Larger buffers gain nothing, and an archive may hold 100,000 of them one by one.
pub(super) const PACKED_BUFFER_BYTES: usize = 64 << 10;

/// How much may stand before a member in a tar archive: its name and attributes, and the padding of the member before.
const TAR_HEADER_BYTES_MAX: u64 = 16 << 20;

impl Reading<'_> {
    pub(super) fn packed(&mut self, place: &Place, packing: Packing, packed: &mut dyn Read) {
        let Some(mut inner) = self.deeper(place) else { return };
        inner.unpacked = true;
        let mut unpacked = Unpacked::new(packing, BufReader::with_capacity(PACKED_BUFFER_BYTES, packed));
        let budget = self.budget;
        self.stream(&inner, &mut Budgeted { inner: &mut unpacked, budget });
        if unpacked.has_trailing() {
            let says = format!("something other than {} follows its end; what came before was used", packing.name());
            self.problem(place, ProblemKind::Damaged, says);
        }
    }

    pub(super) fn tar(&mut self, place: &Place, bytes: &mut dyn Read) {
        // A .tar.gz is one archive, not two.
        let inner = if place.unpacked { Some(place.clone()) } else { self.deeper(place) };
        let Some(inner) = inner else { return };
        let left = Cell::new(TAR_HEADER_BYTES_MAX);
        // Headers are read in pieces of 512 bytes, which a decoder would make one by one.
        let mut bytes = BufReader::with_capacity(PACKED_BUFFER_BYTES, bytes);
        let mut archive = tar::Archive::new(HeaderGuard::new(&mut bytes, &left));
        // Archives that were appended to one another have empty blocks between them.
        archive.set_ignore_zeros(true);
        match self.shared {
            None => self.tar_members(&inner, &mut archive, &left, None),
            Some(shared) => {
                let gathered = Gathered::default();
                shared.crew.share(&mut |hand| {
                    let mut sharing = Sharing::new(shared, &gathered, hand);
                    self.tar_members(&inner, &mut archive, &left, Some(&mut sharing));
                    sharing.hand_over();
                });
                self.gather(gathered);
            }
        }
    }

    fn tar_members(
        &mut self,
        inner: &Place,
        archive: &mut tar::Archive<HeaderGuard<'_>>,
        left: &Cell<u64>,
        mut sharing: Option<&mut Sharing<'_, '_>>,
    ) {
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.ends_early(inner, None, &error),
        };
        let mut before: Option<String> = None;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.ends_early(inner, before, &error),
            };
            let kind = entry.header().entry_type();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // What is stored of a sparse file is less than its size.
            let stored = if kind.is_gnu_sparse() { entry.header().entry_size().unwrap_or_default() } else { entry.size() };
            left.set(u64::MAX);
            // Archives that are to be the same whenever they are made have no times, or 1970.
            let written = entry.header().mtime().ok().filter(|seconds| *seconds > 0).and_then(|seconds| i64::try_from(seconds).ok());
            let written = written.and_then(|seconds| seconds.checked_mul(1_000_000)).map(Timestamp);
            let Ok(member) = self.member(inner, &name, written) else { return };
            let is_log = (kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) && !name.ends_with('/');
            match member {
                Some(member) if is_log => {
                    let whole = entry.size();
                    let mut text = Whole { inner: entry, left: whole };
                    match &mut sharing {
                        Some(sharing) if whole <= shared::MEMBER_BYTES_MAX => sharing.take(self, &member, &mut text),
                        _ => self.stream(&member, &mut text),
                    }
                    before = member.member;
                }
                Some(member) if kind.is_fifo() || kind.is_block_special() || kind.is_character_special() => {
                    self.problem(&member, ProblemKind::Special, "a pipe or device; it holds no text".to_owned());
                }
                // Links are to members, which are read as what they are; folders hold nothing.
                _ => {}
            }
            if self.budget.is_spent_up() {
                return;
            }
            let taken = u64::MAX - left.get();
            left.set(stored.saturating_sub(taken) + TAR_HEADER_BYTES_MAX);
        }
    }

    /// Takes over what other threads gave.
    pub(super) fn gather(&mut self, gathered: Gathered) {
        let (problems, passed_over) = gathered.all.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.problems.extend(problems);
        self.passed_over.extend(passed_over);
    }

    /// The place within an archive, unless it is too deep.
    pub(super) fn deeper(&mut self, place: &Place) -> Option<Place> {
        if place.depth < self.limits.archive_depth_max {
            return Some(Place { depth: place.depth + 1, unpacked: false, ..place.clone() });
        }
        let says = match self.limits.archive_depth_max {
            0 => "an archive or a compressed file, and none is to be read (--max-depth reads more)".to_owned(),
            depth => format!("an archive in more than {} others, which was not read (--max-depth reads more)", depth - 1),
        };
        self.problem(place, ProblemKind::Limit, says);
        self.without_unpacking(place);
        None
    }

    /// The place of a member: `Ok(None)` where it is passed over, `Err` where there are too many. `written`: when it was last written.
    pub(super) fn member(&mut self, archive: &Place, name: &str, written: Option<Timestamp>) -> Result<Option<Place>, ()> {
        self.members += 1;
        if self.members > self.limits.members_max {
            let says = format!("more than {} members; the rest was left out (--max-members reads more)", self.limits.members_max);
            self.problem(archive, ProblemKind::Limit, says);
            return Err(());
        }
        if let Some(sort) = passover::by_name(name).filter(|_| !name.ends_with('/')) {
            self.passed_over.add(sort);
            return Ok(None);
        }
        let is_too_old = |since: Since| since.leaves_out(written, || self.options.naming.source(name, Some(name)));
        if self.options.since.is_some_and(is_too_old) && !name.ends_with('/') {
            self.too_old += 1;
            return Ok(None);
        }
        let name = name.strip_prefix("./").unwrap_or(name);
        let whole = match &archive.member {
            Some(outer) => format!("{outer}!{name}"),
            None => name.to_owned(),
        };
        let member = Place { member: Some(whole), depth: archive.depth, unpacked: false, nth: self.members };
        if leads_outside(name) {
            self.outside += 1;
            self.first_outside.get_or_insert_with(|| member.clone());
        }
        Ok(Some(member))
    }

    pub(super) fn ends_early(&mut self, place: &Place, before: Option<String>, error: &io::Error) {
        // The member in which it ends has said so already; and a limit is said once, at the end.
        let is_said = self.problems.last().is_some_and(|last| last.kind == ProblemKind::Damaged && last.member == before);
        if is_said || self.budget.is_spent_up() {
            return;
        }
        let after = before.map_or_else(|| "at its start".to_owned(), |name| format!("after '{name}'"));
        self.problem(place, ProblemKind::Damaged, format!("damaged or cut off {after} ({error}); what came before was used"));
    }
}

/// Whether a name would leave the folder that an archive is extracted to.
fn leads_outside(name: &str) -> bool {
    let has_drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    name.starts_with(['/', '\\']) || has_drive || name.split(['/', '\\']).any(|part| part == "..")
}
