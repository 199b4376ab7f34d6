//! The flags of the state: what a run records, and what is asked of it later.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::time::{Span, parse_span};

/// What a run records, and for how long.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Night by night")]
pub struct StateArgs {
    /// Record the incidents in FILE, and tell which are new, recurring, regressed and resolved
    ///
    /// An SQLite database, which is made if it is not there.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub state: Option<PathBuf>,

    /// How long to wait for another run that writes to --state; without it, the run ends at once
    #[arg(long, hide_short_help = true, value_name = "SECONDS", requires = "state")]
    pub wait: Option<u64>,

    /// How long what is recorded is kept, such as 90d; by default 400d. What is still in the logs is kept longer
    #[arg(long, hide_short_help = true, value_name = "AGE", requires = "state", value_parser = parse_span)]
    pub keep: Option<Span>,

    /// Tell in full also what is known and brought no new failure; without it, that takes a line each
    #[arg(long, hide_short_help = true)]
    pub show_known: bool,

    /// The time of the run, instead of the clock's
    #[arg(long, value_name = "TIME", hide = true)]
    pub now: Option<String>,
}

/// What can be asked of the state.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// List the incidents that are recorded
    List {
        /// Only those of this status
        #[arg(long, value_enum)]
        status: Option<StatusName>,
        /// How to write the list
        #[arg(short, long, value_enum, default_value_t)]
        format: ListFormat,
        /// Of which state
        #[command(flatten)]
        file: StateFile,
    },
    /// Show an incident with its nights and failures
    Show {
        /// Its id, or how that begins
        id: String,
        /// How to write it
        #[arg(short, long, value_enum, default_value_t)]
        format: ListFormat,
        /// Of which state
        #[command(flatten)]
        file: StateFile,
    },
    /// Count the new failures of each night
    Trend {
        /// By what to count
        #[arg(long, value_enum, default_value_t)]
        by: TrendBy,
        /// How many nights, counted from the last one
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
        nights: u32,
        /// How to write the table
        #[arg(short, long, value_enum, default_value_t)]
        format: ListFormat,
        /// Of which state
        #[command(flatten)]
        file: StateFile,
    },
    /// Forget what is too old, and give its room back to the disk
    Prune {
        /// What is older than this by the time of its run, such as 90d; what was still in the logs of a later run is kept
        #[arg(long, value_name = "AGE", value_parser = parse_span)]
        older_than: Span,
        /// How long to wait for another run that writes
        #[arg(long, value_name = "SECONDS")]
        wait: Option<u64>,
        /// The time that the age counts from, instead of the clock's
        #[arg(long, value_name = "TIME", hide = true)]
        now: Option<String>,
        /// Of which state
        #[command(flatten)]
        file: StateFile,
    },
}

/// Which state is looked into.
#[derive(Debug, Clone, Default, Args)]
pub struct StateFile {
    /// The file that runs record in with --state
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Read options from FILE, instead of from dagnosis.yaml in the current folder if it is there
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Read no dagnosis.yaml
    #[arg(long)]
    pub no_config: bool,
}

/// What an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the statuses")]
pub enum StatusName {
    New,
    Recurring,
    Regressed,
    Resolved,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For a person at a terminal
    #[default]
    Text,
    /// For machines
    Json,
}

/// What failures are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TrendBy {
    /// Incidents
    #[default]
    Incident,
    /// The most probable causes of these
    Cause,
    /// DAGs
    Dag,
}
