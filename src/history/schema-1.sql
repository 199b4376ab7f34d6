-- The state of dagnosis, version 1: what earlier runs found. Meant to be read by people, too: with sqlite3, or by Grafana through its SQLite data source.
--
--   sqlite3 -readonly state.sqlite "SELECT at, new_occurrences, title FROM night JOIN run ON run.id = run JOIN incident ON incident.id = incident ORDER BY at"
--
-- PRAGMA user_version is the version, PRAGMA application_id is 0x64616773 ("dags"). Later versions come by migrations (schema-2.sql and so on) that change
-- what stands here as little as they can: columns are added, not renamed. The tables are not STRICT, which SQLite before 3.37 could not read at all. Times are texts in UTC that sort as they follow one another and that SQLite's
-- date functions take: 2026-11-20T02:00:00.000Z. Texts of logs are masked as in reports (--mask and the like), with --no-mask too.

-- A run of the program: a night, as a rule.
CREATE TABLE run (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- counts up, and is never given twice
    at         TEXT NOT NULL,                      -- when it began, by the clock of the machine
    version    TEXT NOT NULL,                      -- of dagnosis
    paths      TEXT NOT NULL,                      -- what was named on the command line, absolute, as a JSON list
    files      INTEGER NOT NULL,                   -- how many were opened
    logs       INTEGER NOT NULL,                   -- how many were in them
    bytes      INTEGER NOT NULL,                   -- bytes of logs that it has seen, after unpacking
    bytes_read INTEGER NOT NULL,                   -- those of them that it had to read; the others were known from an earlier run
    attempts   INTEGER NOT NULL,                   -- tries of tasks
    failures   INTEGER NOT NULL,                   -- attempts that belong to an incident
    problems   INTEGER NOT NULL,                   -- what was not read or not understood
    partial    INTEGER NOT NULL,                   -- 1: some input could not be read, so that something may be missing
    told       INTEGER NOT NULL                    -- 1: its reports were written to the end. 0: it was cut off before; the next run tells again what it found
);

-- An incident: failures that belong together, over all nights.
CREATE TABLE incident (
    id         TEXT PRIMARY KEY,                   -- as in reports, without the -2 of a second one that looks the same
    title      TEXT NOT NULL,
    symptom    TEXT,                               -- the id of a symptom; NULL: no rule knows the failure
    cause      TEXT,                               -- the id of the most probable cause, by the last run that saw it
    confidence TEXT NOT NULL,                      -- unknown, possible, likely, proven
    severity   TEXT NOT NULL,                      -- critical, high, medium, low, info
    first_seen TEXT,                               -- the time of its first failure, by the logs
    last_seen  TEXT,                               -- that of its last one
    first_run  INTEGER NOT NULL,                   -- the run that saw it first; may have been pruned
    last_run   INTEGER NOT NULL,                   -- the last run in whose logs it was
    status     TEXT NOT NULL,                      -- new, recurring, regressed, resolved: by the last run that could tell
    status_run INTEGER NOT NULL,                   -- the run since which it is so
    ignored    INTEGER NOT NULL                    -- 1: an entry of dagnosis.yaml ignored it in its last run
);

-- Under which fingerprints an incident was seen: one that grows from a task to a whole DAG looks different, and is the same.
CREATE TABLE alias (
    fingerprint TEXT PRIMARY KEY,
    incident    TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE
);
CREATE INDEX alias_incident ON alias (incident);

-- An attempt that failed. It has one failure, and is counted once: with the incident that it was first seen in.
CREATE TABLE occurrence (
    attempt    TEXT PRIMARY KEY,                   -- a hash of DAG, run, task, map index and try; of its path and time, where the log does not tell these
    incident   TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    run        INTEGER NOT NULL,                   -- the run that saw it first; may have been pruned
    last_run   INTEGER NOT NULL,                   -- the last run in whose logs it was: what still is there is not forgotten
    task       TEXT,                               -- a hash of DAG, task and map index: the same in all runs of the task
    dag_id     TEXT,
    run_id     TEXT,
    task_id    TEXT,
    map_index  INTEGER,
    try_number INTEGER,
    host       TEXT,                               -- where it ran
    at         TEXT,                               -- when it failed, by its log
    path       TEXT NOT NULL                       -- its log, absolute; behind a ! the member of an archive
) WITHOUT ROWID;
CREATE INDEX occurrence_incident ON occurrence (incident, run);
CREATE INDEX occurrence_run ON occurrence (run);

-- What a run found out about an incident. An incident that a run did not meet has no row, unless the run found it resolved.
CREATE TABLE night (
    run             INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    incident        TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    status          TEXT NOT NULL,                 -- new, recurring, regressed, resolved
    new_occurrences INTEGER NOT NULL,              -- failures that no run before had recorded
    occurrences     INTEGER NOT NULL,              -- failures that were in the logs of this run, old ones included
    ignored         INTEGER NOT NULL,              -- 1: an entry of dagnosis.yaml ignored it
    PRIMARY KEY (run, incident)
) WITHOUT ROWID;
CREATE INDEX night_incident ON night (incident, run);

-- What was read of each file, so that the next run need not read it again. Nothing in it is worth keeping: without it the next run reads everything.
CREATE TABLE file (
    path        TEXT PRIMARY KEY,
    device      INTEGER,                           -- with inode: the file, whatever it is called
    inode       INTEGER,
    bytes       INTEGER NOT NULL,                  -- its size when it was read
    modified_ns INTEGER NOT NULL,                  -- when it was last written, then: nanoseconds since 1970
    head        BLOB NOT NULL,                     -- how it began and ended: the CRC-32 of its first 4,096 bytes, and that of its last 1,024
    crc         INTEGER,                           -- the CRC-32 of the text in it, if it is one log: by it a compressed copy is known again
    text_bytes  INTEGER,                           -- the length of that text
    settings    BLOB NOT NULL,                     -- a hash of the rules, the options and the program by which it was read
    run         INTEGER NOT NULL,                  -- the run that read it; may have been pruned
    logs        INTEGER NOT NULL,                  -- how many logs are in it
    scan        BLOB NOT NULL,                     -- what these said: JSON lines, packed by zstd where they are long, and their CRC-32 behind
    resume_at   INTEGER,                           -- where reading goes on if it has grown: a count of bytes
    resume      BLOB                               -- and in which state: JSON, packed by zstd, and its CRC-32 behind
);
CREATE INDEX file_inode ON file (device, inode);
CREATE INDEX file_head ON file (substr(head, 1, 4));
CREATE INDEX file_text ON file (crc, text_bytes);
