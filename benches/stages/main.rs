//! How long each stage takes, in units of counting the lines of the same bytes: a figure that says something on any machine.
//!
//! `cargo bench` measures and prints the table, `cargo bench -- 3.x` only those inputs, `cargo bench -- --test` runs each measured function
//! once on small inputs.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark talks to a person and may fail by panicking")]

mod inputs;
#[path = "../../examples/many_rules.rs"]
#[expect(dead_code, reason = "only its texts are used")]
mod many_rules;
mod table;

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use clap::Parser;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use dagnosis::cli::Cli;
use dagnosis::record::{Dialects, Lookout, RawRecord, Record, each_record};
use dagnosis::rule::{self, RuleSet};
use dagnosis::{app, scan};

use inputs::Input;

/// The size of each input where it is measured, and where it is only tried.
const INPUT_BYTES: usize = 16 << 20;
const TRIED_BYTES: usize = 1 << 20;

/// The rows of the table; the first is the unit of all others.
const STAGES: [&str; 10] = [LINES, SIEVE, AUTOMATON, RECORDS, LOOK, PARSE, SCAN, FEW_RULES, MANY_RULES, PROGRAM];
const LINES: &str = "count lines";
const SIEVE: &str = "search";
const AUTOMATON: &str = "search, aho-corasick";
const RECORDS: &str = "cut into records";
const LOOK: &str = "look for literals";
const PARSE: &str = "parse every record";
const SCAN: &str = "scan";
const FEW_RULES: &str = "scan, 100 more";
const MANY_RULES: &str = "scan, 10,000 more";
const PROGRAM: &str = "whole program";

fn main() {
    let is_tried = !std::env::args().any(|argument| argument == "--bench") || std::env::args().any(|argument| argument == "--test");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stages");
    fs::create_dir_all(&scratch).expect("the target folder can be written");
    let began = SystemTime::now();
    let mut criterion = Criterion::default()
        .output_directory(&scratch)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let [builtin, few, thousand, many] = [0, 100, 1_000, 10_000].map(|count| loaded(count, &scratch));
    let more = [(FEW_RULES, &few.0), (MANY_RULES, &many.0)];
    let inputs = inputs::inputs(if is_tried { TRIED_BYTES } else { INPUT_BYTES });
    let automaton = automaton(&builtin.0);
    for input in &inputs {
        searches(&mut criterion, input, &builtin.0, &automaton);
        measure(&mut criterion, input, &builtin.0, &more, &scratch);
    }
    criterion.final_summary();
    let names: Vec<&str> = inputs.iter().map(|input| input.name).collect();
    print!("{}", table::ratios(&scratch, &names, &STAGES, began));
    println!("\nSeconds to load the rules for a run:\n");
    for (rules, took) in [("built-in", builtin.1), ("1,000 more", thousand.1), ("10,000 more", many.1)] {
        println!("{rules:<20}{:>15.3}", took.as_secs_f64());
    }
}

/// The built-in rules and as many others, and how long loading them takes: the best of three times.
fn loaded(more: usize, scratch: &Path) -> (RuleSet, Duration) {
    let folder = scratch.join(format!("rules-{more}"));
    many_rules::write(more, &folder).expect("the target folder can be written");
    let folders = if more == 0 { Vec::new() } else { vec![folder] };
    let load = || {
        let began = Instant::now();
        (rule::load_lean(&folders, true).expect("the rules are right"), began.elapsed())
    };
    let (rules, first) = load();
    (rules, (0..2).map(|_| load().1).fold(first, Duration::min))
}

/// The best that a library offers for as many texts. Letters in any case cost it nothing, and the rules' own search takes them so too at first.
fn automaton(rules: &RuleSet) -> AhoCorasick {
    let mut builder = AhoCorasick::builder();
    builder.kind(Some(AhoCorasickKind::DFA)).ascii_case_insensitive(true);
    builder.build(rules.literals().map(|(text, _)| text)).expect("so many texts fit")
}

/// The rules' own search, and a library's for the same texts.
fn searches(criterion: &mut Criterion, input: &Input, rules: &RuleSet, automaton: &AhoCorasick) {
    let mut group = criterion.benchmark_group(input.name);
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(input.bytes.len() as u64));
    stage(&mut group, SIEVE, || {
        let find = |from| rules.find(&input.bytes, from, &mut Vec::new());
        std::iter::successors(find(0), |at| find(at + 1)).count()
    });
    stage(&mut group, AUTOMATON, || automaton.find_iter(&input.bytes).count());
    group.finish();
}

fn measure(criterion: &mut Criterion, input: &Input, rules: &RuleSet, more: &[(&str, &RuleSet)], scratch: &Path) {
    let dialects = Dialects::default();
    let records = records(input, &dialects);
    let path = written(input, scratch);
    let arguments = ["dagnosis", "--threads", "1", "--format", "json", "--fail-on", "never", &path.to_string_lossy()].map(str::to_owned);
    let cli = Cli::try_parse_from(arguments).expect("the arguments are right");

    let mut group = criterion.benchmark_group(input.name);
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(input.bytes.len() as u64));
    stage(&mut group, LINES, || memchr::memchr_iter(b'\n', black_box(&input.bytes)).count());
    stage(&mut group, RECORDS, || {
        let mut lines = 0;
        each_record(&input.source, &mut input.bytes.as_slice(), &dialects, &mut |piece| lines += piece.record.line_count);
        lines
    });
    stage(&mut group, LOOK, || {
        let mut candidates = Vec::new();
        records.iter().filter(|record| rules.look(record, &mut candidates).any() || !candidates.is_empty()).count()
    });
    stage(&mut group, PARSE, || records.iter().map(|record| Record::parse(&raw(record), &dialects).text.len()).sum::<usize>());
    stage(&mut group, SCAN, || scan::observe(input.source.clone(), &mut input.bytes.as_slice(), rules, &dialects).observations.len());
    for (stage_name, rules) in more {
        stage(&mut group, stage_name, || {
            scan::observe(input.source.clone(), &mut input.bytes.as_slice(), rules, &dialects).observations.len()
        });
    }
    stage(&mut group, PROGRAM, || app::run(&cli, dagnosis::time::Timestamp(0), &mut io::sink(), &mut io::sink()));
    group.finish();
}

fn stage<T>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, work: impl FnMut() -> T) {
    let mut work = work;
    group.bench_function(name, |bencher| bencher.iter(&mut work));
}

/// The bytes of all records of an input.
fn records(input: &Input, dialects: &Dialects) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    each_record(&input.source, &mut input.bytes.as_slice(), dialects, &mut |piece| records.push(piece.record.bytes.to_vec()));
    records
}

fn raw(bytes: &[u8]) -> RawRecord<'_> {
    RawRecord { bytes, line_end: b"\n", line: 1, line_count: 1, ..RawRecord::default() }
}

/// Writes the input where the program finds it under its own name.
fn written(input: &Input, scratch: &Path) -> PathBuf {
    let path = scratch.join("logs").join(input.name).join(&*input.source.path);
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("the target folder can be written");
    fs::write(&path, &input.bytes).expect("the target folder can be written");
    path
}
