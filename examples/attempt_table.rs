//! How much memory an attempt table of a big installation takes: a million attempts that went well and some that did not, as the scan would
//! give them. Run with `cargo run --release --example attempt_table [ATTEMPTS]`; prints sizes and, on Linux, the peak of the process's memory.

#![expect(clippy::print_stdout, reason = "what it prints is its purpose")]

use std::sync::Arc;

use dagnosis::attempt::{Attempt, join};
use dagnosis::record::{Dialect, Outcome};
use dagnosis::scan::{EndpointUse, Names, Observation};
use dagnosis::source::Source;
use dagnosis::time::{Span, Timestamp};

/// How many tasks a DAG has.
const TASKS: usize = 20;

/// How many DAGs there are.
const DAGS: usize = 500;

fn main() {
    let attempts = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    println!("Attempt {} bytes, Observation {} bytes", size_of::<Attempt>(), size_of::<Observation>());
    let mut names = Names::default();
    // As the scan does with each log at its end.
    let share = |mut log: Observation| {
        names.of_log(&mut log);
        log
    };
    let logs: Vec<Observation> = (0..attempts).map(log).map(share).collect();
    drop(names);
    println!("scanned: {}", memory());
    let rules = dagnosis::rule::RuleSet::default();
    let table = join(logs, &[], &rules);
    println!("joined:  {} ({} attempts, {} healthy)", memory(), table.len(), table.iter().filter(|attempt| attempt.is_healthy()).count());
    let begun = std::time::Instant::now();
    let diagnosed = dagnosis::diagnose::diagnose(&table, &rules);
    let seconds = begun.elapsed().as_secs_f64();
    println!("diagnosed: {} ({} diagnoses, {seconds:.1} s)", memory(), diagnosed.diagnoses.len());
}

/// One log: of fifty one fails.
fn log(number: usize) -> Observation {
    let (task, dag, run) = (number % TASKS, number / TASKS % DAGS, number / TASKS / DAGS);
    let path = format!(
        "/opt/airflow/logs/dag_id=orders_of_region_{dag:03}/run_id=scheduled__2026-11-{:02}T{:02}:00:00+00:00/task_id=load_part_{task:02}/attempt=1.log",
        1 + run / 24 % 28,
        run % 24
    );
    let source = Source::named(&path, None);
    let started = Timestamp(1_700_000_000_000_000) + Span::seconds(60 * i64::try_from(number % 40_000).unwrap_or_default());
    let mut log = Observation { task: source.task.clone(), source, ..Observation::default() };
    log.host = Some(format!("worker-{}.example.internal", number % 60).into());
    log.operator = Some(Arc::from("PythonOperator"));
    log.pid = Some(1000);
    log.dialect = Dialect::Text;
    (log.started, log.ended) = (Some(started), Some(started + Span::seconds(30)));
    log.lines = 40 + u32::try_from(number % 20).unwrap_or_default();
    log.executions = 1;
    log.outcome = Some((if number % 50 == 7 { Outcome::Failed } else { Outcome::Success }, log.lines));
    log.return_code = Some(0);
    let used = EndpointUse { count: 3, first: log.started, last: log.ended, answered: log.ended };
    log.endpoints.add(format!("api-{}.example.internal:8080", number % 30).into(), used);
    log
}

/// The most memory that the process ever had, and what it has now.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = |line: &&str| line.starts_with("VmHWM") || line.starts_with("VmRSS");
    status.lines().filter(wanted).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
