//! dagnosis reads Apache Airflow task logs and says why tasks failed, how sure it is, on what evidence, and what to do.
//!
//! The folder list is the pipeline, and a module imports only what stands before it in this file:
//!
//! ```text
//! source -> record -> rule -> scan -> attempt -> correlate -> diagnose -> report
//! bytes     log lines symptoms one    one per    incidents    ranked      text, markdown, json
//! (file,    (time,    and      obser- try, from  (failures    causes,
//! archive   level,    causes   vation all logs   that belong  evidence,
//! member,   text,     in YAML  per    that speak together)    fixes
//! stdin)    chain)             log    of it
//! ```
//!
//! The first four stages turn bytes into [`scan::Observation`]s: what one log says. They run in parallel, and what they give
//! can be merged in any order. The stages after them are pure functions over the whole set: they see no files, no clock and
//! no threads, so the same logs give the same bytes whatever the machine.
//!
//! [`history`] stands behind the report: it records what was found, and gives back as plain data ([`known::History`]) what earlier runs knew of it.
//!
//! Conventions that hold everywhere:
//!
//! - An [`error::Error`] stops the run. Whatever a bad log can cause is an [`error::Problem`]: noted, counted and shown.
//! - Same input, same output, at any thread count and in any order of files.
//! - Limits are constants with the unit in the name; what goes beyond one becomes a problem.
//! - Text from logs is hostile: it reaches a terminal or a document only through [`report`]'s escaping and masking.

pub mod error;

pub mod time;

pub mod source;

pub mod record;

pub mod rule;

pub mod scan;

pub mod attempt;

pub mod correlate;

pub mod diagnose;

pub mod known;

pub mod report;

pub mod check;

pub mod history;

pub mod cli;

pub mod app;
