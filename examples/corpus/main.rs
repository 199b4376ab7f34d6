//! Writes a tree of task logs such as Airflow leaves, the same bytes for the same arguments, to measure reading on:
//! `cargo run --release --example corpus -- DIR --shape many-small --dialect 2 --bytes 1G`.
//!
//! What the logs say is made of some dozens of sentences with changing values (`words`), framed as Airflow 2.10 and 3.1 frame a try (`dialect`),
//! and of failures whose tracebacks look as real ones do (`failures`). The wording is not taken from the sample logs nor from the rules, so a
//! measurement on it does not flatter a search that was tuned on either.

mod dialect;
mod failures;
mod random;
mod words;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use dialect::{Dialect, Try};
use random::Random;

/// Writes a tree of Airflow-like task logs; the same arguments give the same bytes.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder to write; it must not be there yet.
    dir: PathBuf,
    /// How large the logs are, and how many of them fail.
    #[arg(long, value_enum, default_value_t = Shape::ManySmall)]
    shape: Shape,
    /// Airflow's major version: 2 writes text, 3 writes JSON lines.
    #[arg(long, default_value = "2", value_parser = ["2", "3"])]
    dialect: String,
    /// How much to write, at least: a number of bytes, or with K, M or G behind it (thousands, millions, ..).
    #[arg(long, default_value = "100M", value_parser = bytes)]
    bytes: u64,
    /// Which part of the tries fail, from 0 to 1; with the shape `failing` all do.
    #[arg(long, default_value_t = 0.03)]
    failure_rate: f64,
    /// Another seed gives other logs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// Logs of 2 to 200 KB, the common case.
    ManySmall,
    /// Eight logs, however much is written.
    FewLarge,
    /// Logs of 0.2 to 4 MB, as of tasks that log each page or row.
    Large,
    /// Short logs, each of which ends in a failure.
    Failing,
    /// Tasks that hardly say a word: what Airflow itself writes is nearly all.
    Quick,
}

fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) if text.ends_with('K') => (number, 1_000),
        Some(number) if text.ends_with('M') => (number, 1_000_000),
        Some(number) => (number, 1_000_000_000),
        None => (text, 1),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "write a number, such as 500000, 500K, 300M or 1G".to_owned())
}

/// What has been written so far.
#[derive(Debug, Default)]
struct Written {
    bytes: u64,
    files: u64,
    failed: u64,
}

const DAGS: u64 = 37;
const TASKS: u64 = 9;
const TRIES_MAX: u32 = 3;

/// The first run, in seconds since 1970: 2026-03-01 02:00 UTC.
const FIRST_RUN: i64 = 1_772_330_400;

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if arguments.dir.exists() {
        return Err(io::Error::other(format!("{} is there already: name a folder that is not", arguments.dir.display())));
    }
    let written = write(&arguments)?;
    writeln!(
        io::stdout(),
        "{} logs, {} of them failed, {} bytes in {}",
        written.files,
        written.failed,
        written.bytes,
        arguments.dir.display()
    )
}

/// Writes one task instance after the other, every day each DAG once, until there is enough.
fn write(arguments: &Arguments) -> io::Result<Written> {
    let mut written = Written::default();
    for number in 0.. {
        if written.bytes >= arguments.bytes {
            break;
        }
        // Each task instance has its own generator: more bytes give the same logs and more.
        let mut random = Random::new(arguments.seed, number);
        let (day, dag, task) = (number / (DAGS * TASKS), number / TASKS % DAGS, number % TASKS);
        let run = FIRST_RUN + 86_400 * i64::try_from(day).unwrap_or_default();
        let mut begin = 1_000 * (run + i64::try_from(137 * dag + 61 * task).unwrap_or_default());
        for attempt in 1..=TRIES_MAX {
            let fails = arguments.shape == Shape::Failing || random.chance(arguments.failure_rate);
            let told = Try { dag, task, run, attempt, begin_ms: begin, fails, is_last: attempt == TRIES_MAX };
            let path = arguments.dir.join(told.path());
            let length = length(arguments, &mut random).min(arguments.bytes);
            let (size, end) = log(&path, &told, if arguments.dialect == "2" { Dialect::Text } else { Dialect::Json }, length, &mut random)?;
            written.bytes += size;
            written.files += 1;
            written.failed += u64::from(fails);
            if !fails {
                break;
            }
            begin = end + 300_000;
        }
    }
    Ok(written)
}

/// How long a log gets, about.
fn length(arguments: &Arguments, random: &mut Random) -> u64 {
    match arguments.shape {
        // Sizes of logs spread over orders of magnitude.
        Shape::ManySmall => 2_000 << random.below(7) | random.below(30_000),
        Shape::Large => 200_000 << random.below(5),
        Shape::FewLarge => arguments.bytes.div_ceil(8),
        Shape::Failing => 1_000 + random.below(8_000),
        Shape::Quick => random.below(600),
    }
}

/// Writes one log. Gives its size and when its last record was written.
fn log(path: &Path, told: &Try, dialect: Dialect, length: u64, random: &mut Random) -> io::Result<(u64, i64)> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut file = BufWriter::new(File::create_new(path)?);
    let mut text = String::new();
    let (mut now, mut size) = (told.begin_ms, 0);
    dialect.head(&mut text, told, &mut now, random);
    while size + (text.len() as u64) < length {
        now += i64::try_from(random.below(400)).unwrap_or_default();
        dialect.healthy(&mut text, now, random);
        if text.len() > 1 << 16 {
            file.write_all(text.as_bytes())?;
            size += text.len() as u64;
            text.clear();
        }
    }
    dialect.tail(&mut text, told, &mut now, random);
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok((size + text.len() as u64, now))
}
