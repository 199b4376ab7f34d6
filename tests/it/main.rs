//! The tests that go through the program as a user would; one binary, one module a subject.
//!
//! `program` runs the built binary with an environment that is the same everywhere. Nothing here needs a network, Airflow, or a
//! folder outside the repository.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail by panicking")]

mod architecture;
mod bad_input;
mod bad_rules;
mod ci_formats;
mod claims;
mod cloudwatch;
mod collectors;
mod command_line;
mod console_streams;
mod determinism;
mod dialects;
mod exit_codes;
mod explain;
mod first_minute;
mod history;
mod history_trouble;
mod hostile_rules;
mod html;
mod input;
mod instances;
mod known;
mod language;
mod lint;
mod log_format;
mod logs;
mod masking;
mod matrix;
mod nights;
mod notify;
mod objects;
mod one_set;
mod paper;
mod peers;
mod program;
mod progress;
mod prometheus;
mod quick;
mod readme;
mod report;
mod round_trip;
mod rule_pages;
mod rules;
mod rules_new;
mod rules_test;
mod settings;
mod silence;
mod skim;
mod spread;
mod stories;
mod tracebacks;
mod traps;
mod tree;
mod triggers;
mod verdicts;
mod which_logs;
mod whole_files;
mod worlds;
