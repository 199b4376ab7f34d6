//! What was read of each file, so that the next run need not read it again: the table `file`.
//!
//! A run sees what earlier ones have left, whatever it writes itself: a log that was rotated is looked for under the name that a new one has taken. It
//! writes into its one transaction, so that a run that ends early leaves nothing of what it has read.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, params};

use super::Query;
use super::store::Store;
use super::trouble::Trouble;
use crate::report::Mask;
use crate::scan::{By, Memory, Remembered};
use crate::source::{Print, Stat};

/// By what files were read: only what was read by the same is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings(u128);

impl Settings {
    /// Of texts that say what a reading depends on.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        Self(super::identity::number(parts))
    }
}

/// The files of a state, for one scan. It holds the state until the scan is done.
#[derive(Debug)]
pub struct Files<'m> {
    /// What earlier runs have left; `None` in a new file.
    before: Option<Mutex<Connection>>,
    settings: Vec<u8>,
    mask: &'m Mask,
    run: Mutex<Run>,
}

/// What this run does.
#[derive(Debug)]
struct Run {
    store: Store,
    /// The paths that it has met, by hashes. Where two have one, a row stays that is of no use.
    met: HashSet<u64>,
    /// What kept it from noting a file.
    trouble: Option<Trouble>,
}

impl Store {
    /// Lets a scan take over what earlier ones have read, and leave what it reads. `mask` is applied to all that is kept.
    ///
    /// # Errors
    /// Whatever keeps the file from being read a second time.
    pub fn files(self, settings: Settings, mask: &Mask) -> Result<Files<'_>, Trouble> {
        let before = self.before()?.map(Mutex::new);
        let run = Mutex::new(Run { store: self, met: HashSet::new(), trouble: None });
        Ok(Files { before, settings: settings.0.to_be_bytes().to_vec(), mask, run })
    }
}

impl Files<'_> {
    /// Ends the scan: what is known of files that are not there any more is forgotten.
    ///
    /// # Errors
    /// Whatever kept a file from being noted: then nothing of the run can be recorded.
    pub fn done(self) -> Result<Store, Trouble> {
        let Run { store, met, trouble } = self.run.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        let known = super::texts(&store.connection, "SELECT path FROM file ORDER BY path", [])?;
        let mut forget = store.connection.prepare("DELETE FROM file WHERE path = ?1")?;
        for path in known.iter().filter(|path| !met.contains(&hash(path)) && !Path::new(path).exists()) {
            forget.execute([path])?;
        }
        drop(forget);
        Ok(store)
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn query(&self, connection: &Connection, by: By<'_>) -> Query<Vec<Remembered>> {
        let select = |condition: &str| {
            let columns = "path, device, inode, bytes, modified_ns, head, crc, text_bytes, logs, scan, resume_at, resume";
            connection.prepare_cached(&format!("SELECT {columns} FROM file WHERE settings = ?1 AND {condition} ORDER BY path"))
        };
        let settings = &self.settings;
        match by {
            By::Path(path) => select("path = ?2")?.query_map(params![settings, path], remembered)?.collect(),
            By::Inode { device, inode } => select("device = ?2 AND inode = ?3")?
                .query_map(params![settings, device.cast_signed(), inode.cast_signed()], remembered)?
                .collect(),
            By::Head(head) => select("substr(head, 1, 4) = ?2")?.query_map(params![settings, head.to_be_bytes()], remembered)?.collect(),
            By::Text { crc, bytes } => {
                select("crc = ?2 AND text_bytes = ?3")?.query_map(params![settings, crc, bytes.cast_signed()], remembered)?.collect()
            }
        }
    }

    fn write(&self, connection: &Connection, run: i64, file: &Remembered) -> Query<()> {
        let Remembered { path, stat, print, text, logs, scan, resume } = file;
        let head = [print.head.to_be_bytes(), print.tail.to_be_bytes()].concat();
        let values = params![
            path,
            stat.device.cast_signed(),
            stat.inode.cast_signed(),
            stat.bytes.cast_signed(),
            stat.modified_ns,
            head,
            text.map(|(crc, _)| crc),
            text.map(|(_, bytes)| bytes.cast_signed()),
            self.settings,
            run,
            logs.cast_signed(),
            scan,
            resume.as_ref().map(|(at, _)| at.cast_signed()),
            resume.as_ref().map(|(_, state)| state)
        ];
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO file
             (path, device, inode, bytes, modified_ns, head, crc, text_bytes, settings, run, logs, scan, resume_at, resume)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        insert.execute(values).map(|_| ())
    }
}

impl Memory for Files<'_> {
    fn recall(&self, by: By<'_>) -> Vec<Remembered> {
        let Some(before) = &self.before else { return Vec::new() };
        let before = before.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be read here is read from its log. The damage that is behind it shows itself where this run is recorded.
        self.query(&before, by).unwrap_or_default()
    }

    fn keep(&self, file: Remembered) {
        let mut run = self.run();
        let Run { store, met, trouble } = &mut *run;
        met.insert(hash(&file.path));
        // A path is kept as it is, for it has to be found again; one that holds a secret is not kept.
        let is_secret = matches!(self.mask.apply(&file.path), std::borrow::Cow::Owned(masked) if masked != file.path);
        if trouble.is_none()
            && !is_secret
            && let Err(error) = self.write(&store.connection, store.run, &file)
        {
            *trouble = Some(error.into());
        }
    }

    fn is_unchanged(&self, path: &str) {
        self.run().met.insert(hash(path));
    }

    fn clean(&self, text: &mut String) {
        if let std::borrow::Cow::Owned(masked) = self.mask.apply(text) {
            *text = masked;
        }
    }
}

fn remembered(row: &Row<'_>) -> Query<Remembered> {
    let number = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let head: Vec<u8> = row.get(5)?;
    let [head, tail] = [0, 4].map(|at| head.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_be_bytes));
    let text_bytes: Option<i64> = row.get(7)?;
    let resume_at: Option<i64> = row.get(10)?;
    Ok(Remembered {
        path: row.get(0)?,
        stat: Stat { device: number(1)?, inode: number(2)?, bytes: number(3)?, modified_ns: row.get(4)? },
        print: Print { head, tail },
        text: row.get::<_, Option<u32>>(6)?.zip(text_bytes.map(i64::cast_unsigned)),
        logs: number(8)?,
        scan: row.get(9)?,
        resume: resume_at.map(i64::cast_unsigned).zip(row.get(11)?),
    })
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
