//! Takes zip archives apart, whose table of contents stands at the end: a file's is read where it stands, any other is held in memory.

use std::io::{BufReader, Cursor, Read, Seek};
use std::sync::{Arc, Mutex, PoisonError};

use zip::result::ZipError;

use super::archive::{Place, Reading};
use super::format;
use super::limits::size_of;
use super::members::PACKED_BUFFER_BYTES;
use super::shared::{Gathered, is_packed};
use super::stream::{Budgeted, Declared, Headed};
use super::unpack::{Packing, Unpacked};
use crate::error::ProblemKind;
use crate::time::{Span, Timestamp, Zone, parse_prefix};

/// How many members are handed over to another thread together, and how much they hold: few small ones cost more than they gain, and
/// many large ones leave other threads without work.
const CHUNK_MEMBERS: usize = 64;
const CHUNK_BYTES: u64 = 512 << 10;

/// Deflate makes no more of a byte, whatever a table of contents says.
const DEFLATE_RATIO_MAX: u64 = 1032;

/// A member that is to be read.
#[derive(Debug, Clone)]
struct Member {
    place: Place,
    /// Which entry of the archive it is.
    at: usize,
    /// How much of it is read.
    bytes: u64,
    /// Whether it is longer than that.
    is_cut: bool,
}

/// A zip archive in memory, of which each thread has its own reader.
#[derive(Clone)]
struct Held(Arc<Vec<u8>>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Reading<'_> {
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
        self.zip(place, Cursor::new(Held(Arc::new(held))));
        if let Err(error) = result {
            self.ends_early(place, place.member.clone(), &error);
        }
    }

    pub(super) fn zip<R: Read + Seek + Clone + Send>(&mut self, place: &Place, bytes: R) {
        let Some(inner) = self.deeper(place) else { return };
        let mut archive = match zip::ZipArchive::new(bytes.clone()) {
            Ok(archive) => archive,
            Err(error) => return self.cut_zip(&inner, bytes, &error),
        };
        let mut members = self.plan(&inner, &archive);
        let packed = match self.shared {
            None => members,
            Some(shared) => {
                // Reading goes on and on where members are read in the order of the archive, and on many threads no other order is kept.
                members.sort_by_key(|member| member.at);
                let gathered = Gathered::default();
                let packed = Mutex::new(Vec::new());
                shared.crew.share(&mut |hand| {
                    for some in chunks(&members) {
                        let (mut archive, gathered, packed) = (archive.clone(), &gathered, &packed);
                        hand(Box::new(move || {
                            shared.aside(gathered, |reading| {
                                for member in some {
                                    if !reading.zip_member(&mut archive, member, false) {
                                        packed.lock().unwrap_or_else(PoisonError::into_inner).push(member.clone());
                                    }
                                }
                            });
                        }));
                    }
                });
                self.gather(gathered);
                let mut packed = packed.into_inner().unwrap_or_else(PoisonError::into_inner);
                packed.sort_by_key(|member| member.place.nth);
                packed
            }
        };
        for member in &packed {
            self.zip_member(&mut archive, member, true);
        }
    }

    /// Which members are read and how much of each, in the order of their names, which does not depend on who made the archive. The budget is
    /// drawn on by what the table of contents says, before anything is read: so it is the same for any number of threads.
    fn plan<R: Read + Seek>(&mut self, inner: &Place, archive: &zip::ZipArchive<R>) -> Vec<Member> {
        let mut order: Vec<(String, usize)> = Vec::with_capacity(archive.len());
        for at in 0..archive.len() {
            if let Ok(entry) = archive.by_index_data(at)
                && entry.is_file()
            {
                let name = entry.name().map_or_else(|_| String::from_utf8_lossy(entry.name_raw()).into_owned(), |name| name.into_owned());
                order.push((name, at));
            }
        }
        order.sort();
        let mut members = Vec::with_capacity(order.len());
        for (name, at) in order {
            let Ok(entry) = archive.by_index_data(at) else { continue };
            let Ok(place) = self.member(inner, &name, entry.last_modified().and_then(|time| latest(&time))) else { break };
            let Some(place) = place else { continue };
            let bytes = entry.size().min(unpacked_max(entry.compression(), entry.compressed_size()));
            let given = self.budget.spend_up_to(bytes);
            members.push(Member { place, at, bytes: given, is_cut: given < bytes });
            if given < bytes {
                break;
            }
        }
        members
    }

    /// Reads a member; false where it is packed itself and that is not wanted.
    fn zip_member<R: Read + Seek>(&mut self, archive: &mut zip::ZipArchive<R>, member: &Member, with_packed: bool) -> bool {
        match open_member(archive, member.at) {
            Ok(file) => {
                let mut text = Declared { inner: file, left: member.bytes, is_cut: member.is_cut };
                let headed = Headed::new(&mut text);
                if !with_packed && is_packed(format::of(headed.head())) {
                    return false;
                }
                self.headed(&member.place, headed);
            }
            Err(error) => {
                self.unreadable_member(&member.place, &error);
                self.without_unpacking(&member.place);
            }
        }
        true
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
}

/// The members in pieces for one thread each.
fn chunks(members: &[Member]) -> impl Iterator<Item = &[Member]> {
    let mut rest = members;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |member: &&Member| {
            let is_first = bytes == 0;
            bytes += member.bytes.max(1);
            is_first || bytes <= CHUNK_BYTES
        };
        let count = rest.iter().take(CHUNK_MEMBERS).take_while(fits).count();
        let (chunk, others) = rest.split_at(count);
        rest = others;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// How much a member can become by the way it is packed.
fn unpacked_max(method: zip::CompressionMethod, packed: u64) -> u64 {
    match method {
        zip::CompressionMethod::Stored => packed,
        zip::CompressionMethod::Deflated | zip::CompressionMethod::Deflate64 => packed.saturating_mul(DEFLATE_RATIO_MAX),
        _ => u64::MAX,
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
