//! The file: opening it, its lock, its version, the one transaction of a run, and the note that its report was told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::reach::Reach;
use super::record::{self, Night};
use super::stamp;
use super::trouble::Trouble;
use crate::known::History;
use crate::report::Mask;
use crate::time::Timestamp;

/// What tells our files from those of other programs: "dags".
const APPLICATION_ID: i64 = 0x6461_6773;

/// What brings a file from each version to the next one, the first from an empty file.
const MIGRATIONS: [&str; 1] = [include_str!("schema-1.sql")];

/// The version that the last of them makes.
const VERSION: i64 = MIGRATIONS.len() as i64;

/// The tables whose damage would cost what was recorded. What was read of files is read again.
const TABLES: [&str; 5] = ["run", "incident", "alias", "occurrence", "night"];

/// How long the moments are waited for in which another program looks after the file: all but the lock of a run.
const MOMENT: Duration = Duration::from_secs(5);

/// The state with the lock of a run.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    /// The row of this run.
    pub(super) run: i64,
}

impl Store {
    /// Opens the file, makes it if there is none, takes the lock, and begins the run's transaction. `wait` is how long another run is waited for.
    ///
    /// # Errors
    /// [`Trouble::Locked`] where another run holds the lock, else whatever keeps the file from being used. The file is as it was then.
    pub fn open(path: &Path, wait: Duration, now: Timestamp) -> Result<Self, Trouble> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.busy_timeout(MOMENT)?;
        if version(&connection)? > 0 {
            check(&connection)?;
        }
        // Readers go on while a run writes, and a run that ends early leaves pages that count for nothing.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        connection.busy_timeout(wait)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.busy_timeout(MOMENT)?;
        migrate(&connection)?;
        connection.execute(
            "INSERT INTO run (at, version, paths, files, logs, bytes, bytes_read, attempts, failures, problems, partial, told)
             VALUES (?1, ?2, '[]', 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            params![stamp(now), env!("CARGO_PKG_VERSION")],
        )?;
        let run = connection.last_insert_rowid();
        Ok(Self { connection, path: path.to_owned(), run })
    }

    /// Opens the file to read it, also while a run writes to it.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub(super) fn read(path: &Path) -> Result<Connection, Trouble> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(MOMENT)?;
        match version(&connection)? {
            0 => Err(Trouble::not_ours("an empty database")),
            _ => Ok(connection),
        }
    }

    /// The file as earlier runs have left it; `None` if there were none.
    pub(super) fn before(&self) -> Result<Option<Connection>, Trouble> {
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(MOMENT)?;
        if version(&connection)? == 0 {
            return Ok(None);
        }
        connection.execute_batch("BEGIN")?;
        // The transaction sees the file as it is at its first look.
        connection.query_row("SELECT 1 FROM file LIMIT 1", [], |_| Ok(())).optional()?;
        Ok(Some(connection))
    }

    /// Opens a file that is there to change it, with the lock of a run.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn change(path: &Path, wait: Duration) -> Result<Connection, Trouble> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(MOMENT)?;
        if version(&connection)? == 0 {
            return Err(Trouble::not_ours("an empty database"));
        }
        check(&connection)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        connection.busy_timeout(wait)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.busy_timeout(MOMENT)?;
        migrate(&connection)?;
        Ok(connection)
    }

    /// Records what the run found, removes what `keep` is over for, and ends the transaction. What it gives tells the report what was known before, and
    /// holds the lock until the report is told.
    ///
    /// # Errors
    /// Whatever kept it from being recorded: then nothing is.
    pub fn commit(self, night: &Night<'_>, reach: &Reach, mask: &Mask, forget_before: Timestamp) -> Result<(History, Told), Trouble> {
        let (mut history, covered) = record::record(&self.connection, self.run, night, reach, mask)?;
        super::prune::forget(&self.connection, forget_before)?;
        self.connection.execute_batch("COMMIT")?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        history.file = self.path.display().to_string();
        history.run = self.run;
        // A run that begins now would find this one untold. If it is quicker, what is new is told twice.
        let _ = self.connection.execute_batch("BEGIN IMMEDIATE");
        Ok((history, Told { connection: self.connection, runs: covered }))
    }
}

/// The runs that a report tells.
#[derive(Debug)]
pub struct Told {
    connection: Connection,
    runs: Vec<i64>,
}

impl Told {
    /// Notes that the reports were written to their ends.
    ///
    /// # Errors
    /// Whatever kept it from being noted: what was new is told again then.
    pub fn note(self) -> Result<(), Trouble> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        for run in &self.runs {
            self.connection.execute("UPDATE run SET told = 1 WHERE id = ?1", [run])?;
        }
        self.connection.execute_batch("COMMIT").map_err(Trouble::from)
    }
}

/// Opens the file and nothing else: no name is read as an address or as a place in memory.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Trouble> {
    let path = if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // What is not ours or damaged is not touched, not even to put into the file what stands beside it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The version of the file; 0 for an empty one.
fn version(connection: &Connection) -> Result<i64, Trouble> {
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional()?.is_none();
    match application {
        APPLICATION_ID if version > VERSION => Err(Trouble::newer(version, VERSION)),
        APPLICATION_ID => Ok(version),
        0 if version == 0 && is_empty => Ok(0),
        _ => Err(Trouble::not_ours("a database of another program")),
    }
}

/// Looks through the tables for damage: what is written into a damaged file may damage more.
fn check(connection: &Connection) -> Result<(), Trouble> {
    for table in TABLES {
        let says: String = connection.query_row(&format!("PRAGMA quick_check({table})"), [], |row| row.get(0))?;
        if says != "ok" {
            return Err(Trouble::damaged(says.lines().next().unwrap_or_default()));
        }
    }
    Ok(())
}

/// Brings the file to our version. The lock is held: nobody else does the same.
fn migrate(connection: &Connection) -> Result<(), Trouble> {
    let from = version(connection)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or_default()) {
        connection.execute_batch(step)?;
    }
    if from < VERSION {
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))?;
    }
    Ok(())
}
