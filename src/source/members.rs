//! Takes archives apart: compressed streams, tar and zip, one in another up to a depth. What a member holds goes back to `archive`.

use std::cell::Cell;
use std::io::{self, BufReader, Cursor, Read, Seek};

use zip::result::ZipError;

use super::archive::{Place, Reading};
use super::limits::size_of;
use super::passover;
use super::since::Since;
use super::stream::{Budgeted, HeaderGuard, Whole};
use super::unpack::{Packing, Unpacked};
use crate::error::ProblemKind;
use crate::time::{Span, Timestamp, Zone, parse_prefix};

/// What is read of a compressed stream at once. Larger buffers gain nothing, and an archive may hold 100,000 of them one by one.
const PACKED_BUFFER_BYTES: usize = 64 << 10;

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
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.ends_early(place, None, &error),
        };
        let mut before: Option<String> = None;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.ends_early(place, before, &error),
            };
            let kind = entry.header().entry_type();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // What is stored of a sparse file is less than its size.
            let stored = if kind.is_gnu_sparse() { entry.header().entry_size().unwrap_or_default() } else { entry.size() };
            left.set(u64::MAX);
            // Archives that are to be the same whenever they are made have no times, or 1970.
            let written = entry.header().mtime().ok().filter(|seconds| *seconds > 0).and_then(|seconds| i64::try_from(seconds).ok());
            let written = written.and_then(|seconds| seconds.checked_mul(1_000_000)).map(Timestamp);
            let Ok(member) = self.member(&inner, &name, written) else { return };
            let is_log = (kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) && !name.ends_with('/');
            match member {
                Some(member) if is_log => {
                    let whole = entry.size();
                    self.stream(&member, &mut Whole { inner: entry, left: whole });
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

    /// Reads a zip archive that cannot be sought in.
    pub(super) fn held_zip(&mut self, place: &Place, bytes: &mut dyn Read) {
        let bytes_max = self.limits.held_zip_bytes_max;
        let mut held = Vec::new();
        let result = bytes.take(bytes_max.saturating_add(1)).read_to_end(&mut held);
        if held.len() as u64 > bytes_max {
            let says = format!(
                "a zip archive of more than {} that is not a file of its own, which was not read (--max-held-zip reads more)",
                size_of(bytes_max)
            );
            return self.problem(place, ProblemKind::Limit, says);
        }
        self.zip(place, Cursor::new(held));
        if let Err(error) = result {
            self.ends_early(place, place.member.clone(), &error);
        }
    }

    pub(super) fn zip<R: Read + Seek>(&mut self, place: &Place, mut bytes: R) {
        let Some(inner) = self.deeper(place) else { return };
        let mut archive = match zip::ZipArchive::new(&mut bytes) {
            Ok(archive) => archive,
            Err(error) => return self.cut_zip(&inner, bytes, &error),
        };
        // In the order of names, which does not depend on who made the archive.
        let mut order: Vec<(String, usize, Option<Timestamp>)> = Vec::with_capacity(archive.len());
        for at in 0..archive.len() {
            if let Ok(entry) = archive.by_index_data(at)
                && entry.is_file()
            {
                let name = entry.name().map_or_else(|_| String::from_utf8_lossy(entry.name_raw()).into_owned(), |name| name.into_owned());
                order.push((name, at, entry.last_modified().and_then(|time| latest(&time))));
            }
        }
        order.sort();
        for (name, at, written) in order {
            let Ok(member) = self.member(&inner, &name, written) else { return };
            let Some(member) = member else { continue };
            match open_member(&mut archive, at) {
                Ok(mut file) => self.stream(&member, &mut Budgeted { inner: &mut file, budget: self.budget }),
                Err(error) => {
                    self.unreadable_member(&member, &error);
                    self.without_unpacking(&member);
                }
            }
            if self.budget.is_spent_up() {
                return;
            }
        }
    }

    /// Reads a zip archive whose table of contents, which stands at its end, is lost: member by member from its start.
    fn cut_zip<R: Read + Seek>(&mut self, inner: &Place, mut bytes: R, why: &ZipError) {
        let mut count = 0u64;
        if bytes.rewind().is_ok() {
            while let Ok(Some(mut file)) = zip::read::read_zipfile_from_stream(&mut bytes) {
                let name = file.name().map_or_else(|_| String::from_utf8_lossy(file.name_raw()).into_owned(), |name| name.into_owned());
                if file.is_dir() {
                    continue;
                }
                let Ok(member) = self.member(inner, &name, file.last_modified().and_then(|time| latest(&time))) else { return };
                count += 1;
                if let Some(member) = member {
                    self.stream(&member, &mut Budgeted { inner: &mut file, budget: self.budget });
                }
                if self.budget.is_spent_up() {
                    return;
                }
            }
        }
        let says = format!("its table of contents is damaged or cut off ({why}); {count} members could be read from its start");
        self.problem(inner, ProblemKind::Damaged, says);
    }

    fn unreadable_member(&mut self, member: &Place, error: &ZipError) {
        let says = match error {
            ZipError::InvalidPassword | ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
                format!("cannot be unpacked here ({error}); unpack the archive and give the folder")
            }
            _ => format!("cannot be unpacked: {error}"),
        };
        let kind = if matches!(error, ZipError::InvalidArchive(_)) { ProblemKind::Damaged } else { ProblemKind::Unreadable };
        self.problem(member, kind, says);
    }

    /// The place within an archive, unless it is too deep.
    fn deeper(&mut self, place: &Place) -> Option<Place> {
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
    fn member(&mut self, archive: &Place, name: &str, written: Option<Timestamp>) -> Result<Option<Place>, ()> {
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
        let member = Place { member: Some(whole), depth: archive.depth, unpacked: false };
        if leads_outside(name) {
            self.outside += 1;
            self.first_outside.get_or_insert_with(|| member.clone());
        }
        Ok(Some(member))
    }

    fn ends_early(&mut self, place: &Place, before: Option<String>, error: &io::Error) {
        // The member in which it ends has said so already; and a limit is said once, at the end.
        let is_said = self.problems.last().is_some_and(|last| last.kind == ProblemKind::Damaged && last.member == before);
        if is_said || self.budget.is_spent_up() {
            return;
        }
        let after = before.map_or_else(|| "at its start".to_owned(), |name| format!("after '{name}'"));
        self.problem(place, ProblemKind::Damaged, format!("damaged or cut off {after} ({error}); what came before was used"));
    }
}

/// The latest instant that a time in a zip archive may be: it is that of a clock, and nothing says where that stood.
fn latest(time: &zip::DateTime) -> Option<Timestamp> {
    const WESTERNMOST_ZONE_SECONDS: i64 = 12 * 3600;
    let (year, month, day) = (time.year(), time.month(), time.day());
    let text = format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    // Archives that are to be the same whenever they are made have the first time that there is.
    let (at, _) = parse_prefix(text.as_bytes(), &Zone::default()).filter(|_| year > 1980)?;
    Some(at + Span::seconds(WESTERNMOST_ZONE_SECONDS))
}

/// Opens a member of a zip archive. What `zip` would unpack in as much memory as the archive asks for is unpacked here.
fn open_member<'a, R: Read + Seek>(archive: &'a mut zip::ZipArchive<R>, at: usize) -> Result<Box<dyn Read + 'a>, ZipError> {
    use zip::CompressionMethod;
    let about = archive.by_index_data(at)?;
    match about.compression() {
        CompressionMethod::XZ if !about.encrypted() => {
            let packed = BufReader::with_capacity(PACKED_BUFFER_BYTES, archive.by_index_raw(at)?);
            return Ok(Box::new(Unpacked::new(Packing::Xz, packed)));
        }
        // Told only by the first read otherwise, as if it were damage.
        method if !zip::SUPPORTED_COMPRESSION_METHODS.contains(&method) => {
            return Err(ZipError::UnsupportedArchive("its compression method is not known"));
        }
        _ => {}
    }
    Ok(Box::new(archive.by_index(at)?))
}

/// Whether a name would leave the folder that an archive is extracted to.
fn leads_outside(name: &str) -> bool {
    let has_drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    name.starts_with(['/', '\\']) || has_drive || name.split(['/', '\\']).any(|part| part == "..")
}
