//! How much memory an attempt table of a big installation takes, and how long its diagnosis: attempts that went well and some that did not, as the scan would
//! give them, joined, correlated, diagnosed and reported. Run with `cargo run --release --example attempt_table [ATTEMPTS [FAILURES_PER_MILLE]]`;
//! prints after each stage, on Linux, what the process has in memory and the most it ever had.

#![expect(clippy::print_stdout, reason = "what it prints is its purpose")]

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use dagnosis::attempt::join;
use dagnosis::diagnose::diagnose;
use dagnosis::record::{Dialect, Outcome};
use dagnosis::report::{Format, ListAttempts, Mask, Paper, Report};
use dagnosis::rule::{self, RuleSet};
use dagnosis::scan::{EndpointUse, Logs, Observation, Stats, observe};
use dagnosis::source::Source;
use dagnosis::time::{Span, Timestamp};

/// How many tasks a DAG has.
const TASKS: usize = 20;

/// How many DAGs there are.
const DAGS: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let attempts = arguments.next().transpose()?.unwrap_or(1_000_000);
    let failing = arguments.next().transpose()?.unwrap_or(10);
    println!("{attempts} attempts, {failing} of 1,000 fail");
    let rules = rule::load(&[], true)?;
    println!("rules:     {}", memory());
    let begun = Instant::now();
    let mut logs = Logs::default();
    for number in 0..attempts {
        // Spread by a number that has nothing in common with those of tasks, hosts and endpoints.
        let fails = number * 7919 % 1000 < failing;
        logs.push(if fails { failed(number, &rules) } else { log(number) });
    }
    println!("scanned:   {} {}", seconds(begun), memory());
    let begun = Instant::now();
    let table = join(logs, &[], &rules);
    println!("joined:    {} {}", seconds(begun), memory());
    println!("           {} rows, {} healthy", table.len(), table.iter().filter(|attempt| attempt.is_healthy()).count());
    let begun = Instant::now();
    let diagnosed = diagnose(&table, &rules);
    println!("diagnosed: {} {}", seconds(begun), memory());
    let begun = Instant::now();
    let report = Report {
        attempts: &table,
        diagnosed: &diagnosed,
        rules: &rules,
        problems: &[],
        stats: Stats::default(),
        list: ListAttempts::Failed,
        known: &dagnosis::known::Known::default(),
        mask: &Mask::default(),
        paper: Paper::PLAIN,
    };
    let mut written = Counted(0);
    report.write(Format::Json, &mut written)?;
    println!("reported:  {} {}", seconds(begun), memory());
    println!("           {} diagnoses in {} MB of JSON", diagnosed.diagnoses.len(), written.0 / 1_000_000);
    Ok(())
}

/// One log that went well.
fn log(number: usize) -> Observation {
    let source = Source::named(&path(number), None);
    let mut log = Observation { task: source.task.clone(), source, ..Observation::default() };
    log.host = Some(format!("worker-{}.example.internal", number % 60).into());
    log.operator = Some(Arc::from("PythonOperator"));
    log.pid = Some(u32::try_from(1000 + number % 30_000).unwrap_or_default());
    log.dialect = Dialect::Text;
    (log.started, log.ended) = (Some(began(number)), Some(began(number) + Span::seconds(30)));
    log.lines = 40 + u32::try_from(number % 20).unwrap_or_default();
    log.executions = 1;
    log.outcome = Some((Outcome::Success, log.lines));
    log.return_code = Some(0);
    let used = EndpointUse { count: 3, first: log.started, last: log.ended, answered: log.ended };
    log.endpoints.add(endpoint(number).into(), used);
    log
}

/// One log that failed, read as the scan reads it.
fn failed(number: usize, rules: &RuleSet) -> Observation {
    let at = |seconds: i64| began(number) + Span::seconds(seconds);
    let time = |seconds: i64| at(seconds).to_string().trim_end_matches('Z').to_owned() + "+0000";
    let host = format!("worker-{}.example.internal", number % 60);
    let (name, port) = (format!("api-{}.example.internal", number % 30), 8080);
    let text = format!(
        "[{}] {{taskinstance.py:1000}} INFO - Starting attempt 1 of 1\n\
         [{}] {{taskinstance.py:1001}} INFO - Running <TaskInstance: x> on host {host}\n\
         [{}] {{orders.py:12}} INFO - GET http://{name}:{port}/orders/{number}\n\
         [{}] {{taskinstance.py:2000}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  \
           File \"/usr/lib/python3.12/site-packages/urllib3/connectionpool.py\", line 790, in urlopen\n    response = self._make_request(\n  \
           File \"/opt/airflow/dags/orders.py\", line 17, in load\n    session.get(url, timeout=30)\n\
         requests.exceptions.ConnectionError: HTTPConnectionPool(host='{name}', port={port}): Max retries exceeded with url: /orders/{number} \
         (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f{number:010x}>: Failed to establish a new connection: \
         [Errno 111] Connection refused'))\n\
         [{}] {{taskinstance.py:1400}} INFO - Marking task as FAILED. dag_id=x, task_id=y\n\
         [{}] {{local_task_job.py:159}} INFO - Task exited with return code 1\n",
        time(0),
        time(0),
        time(1),
        time(20),
        time(20),
        time(21)
    );
    let source = Source::named(&path(number), None);
    let observed = observe(source, &mut text.as_bytes(), rules, &dagnosis::record::Dialects::default());
    observed.observations.into_iter().next().unwrap_or_default()
}

fn path(number: usize) -> String {
    let (task, dag, run) = (number % TASKS, number / TASKS % DAGS, number / TASKS / DAGS);
    format!(
        "/opt/airflow/logs/dag_id=orders_of_region_{dag:03}/run_id=scheduled__{}-{:02}-{:02}T{:02}:00:00+00:00/task_id=load_part_{task:02}/attempt=1.log",
        2020 + run / 24 / 28 / 12,
        1 + run / 24 / 28 % 12,
        1 + run / 24 % 28,
        run % 24
    )
}

fn endpoint(number: usize) -> String {
    format!("api-{}.example.internal:8080", number % 30)
}

fn began(number: usize) -> Timestamp {
    Timestamp(1_700_000_000_000_000) + Span::seconds(60 * i64::try_from(number % 40_000).unwrap_or_default())
}

/// Counts what is written, and keeps none of it.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn seconds(begun: Instant) -> String {
    format!("{:6.2} s", begun.elapsed().as_secs_f64())
}

/// What the process has in memory, and the most that it ever had.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| format!("{} MiB", kib / 1024))
    };
    format!("now {}, at most {}", value("VmRSS").unwrap_or_default(), value("VmHWM").unwrap_or_default())
}
