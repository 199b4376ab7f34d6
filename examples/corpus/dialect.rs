//! How Airflow frames what a task says: text lines of version 2.10, JSON lines of version 3.1.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::failures::{FAILURES, Happened};
use super::random::Random;
use super::words::{SAYINGS, Saying, fill};

/// Which Airflow wrote a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Airflow 2: a header line with time, place and level, then text.
    Text,
    /// Airflow 3: one JSON object a line.
    Json,
}

/// One try of a task instance.
#[derive(Debug)]
pub(crate) struct Try {
    pub(crate) dag: u64,
    pub(crate) task: u64,
    /// The run's date, in seconds since 1970.
    pub(crate) run: i64,
    pub(crate) attempt: u32,
    /// In milliseconds since 1970.
    pub(crate) begin_ms: i64,
    pub(crate) fails: bool,
    /// Whether no try follows.
    pub(crate) is_last: bool,
}

const SUBJECTS: [&str; 12] =
    ["orders", "stock", "prices", "parcels", "ledger", "crm", "events", "features", "tariffs", "weather", "claims", "fleet"];
const TASKS: [&str; 9] = ["wait_for_files", "extract", "check_rows", "load", "transform", "enrich", "publish", "report", "clean_up"];
const OWNERS: [&str; 4] = ["data-platform", "finance", "logistics", "science"];

impl Try {
    fn dag_id(&self) -> String {
        format!(
            "{}_{}",
            SUBJECTS[self.dag as usize % SUBJECTS.len()],
            ["daily", "export", "sync", "quality"][self.dag as usize / SUBJECTS.len()]
        )
    }

    fn task_id(&self) -> &'static str {
        TASKS[self.task as usize % TASKS.len()]
    }

    fn run_id(&self) -> String {
        format!("scheduled__{}", iso(1_000 * self.run, "%Y-%m-%dT%H:%M:%S+00:00"))
    }

    /// Where Airflow puts its log.
    pub(crate) fn path(&self) -> String {
        format!("dag_id={}/run_id={}/task_id={}/attempt={}.log", self.dag_id(), self.run_id(), self.task_id(), self.attempt)
    }

    /// What fails a task is mostly the same that failed it last time.
    fn failure(&self, random: &mut Random) -> Happened {
        let usual = self.dag * 5 + self.task / 3;
        let kind = if random.chance(0.8) { usual } else { random.next() };
        let failure = FAILURES[(kind % FAILURES.len() as u64) as usize];
        Happened::new(failure, 20 + 7 * self.task as u32, self.task_id().to_owned(), random)
    }
}

fn iso(ms: i64, form: &str) -> String {
    Timestamp::from_millisecond(ms).unwrap_or_default().strftime(form).to_string()
}

/// Writes records of Airflow 2.
struct Text<'a>(&'a mut String);

impl Text<'_> {
    fn begin(&mut self, now: i64, file: &str, line: u32, level: &str) {
        let time = Timestamp::from_millisecond(now).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(self.0, "[{}.{:03}+0000] {{{file}:{line}}} {level} - ", time.strftime("%Y-%m-%dT%H:%M:%S"), now.rem_euclid(1_000));
    }

    fn record(&mut self, now: i64, file: &str, line: u32, level: &str, text: &str) {
        self.begin(now, file, line, level);
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn head(&mut self, told: &Try, now: &mut i64, random: &mut Random) {
        let (dag, task, run) = (told.dag_id(), told.task_id(), told.run_id());
        let date = iso(1_000 * told.run, "%Y-%m-%d %H:%M:%S+00:00");
        let (job, process, host) = (1 + random.below(90_000), 100 + random.below(60_000), random.below(6));
        let instance = |state: &str| format!("<TaskInstance: {dag}.{task} {run} [{state}]>");
        self.record(*now, "local_task_job_runner.py", 123, "INFO", "::group::Pre task execution logs");
        for kind in ["non-requeueable", "requeueable"] {
            *now += 40;
            self.record(
                *now,
                "taskinstance.py",
                2614,
                "INFO",
                &format!("Dependencies all met for dep_context={kind} deps ti={}", instance("queued")),
            );
        }
        self.record(*now, "taskinstance.py", 2867, "INFO", &format!("Starting attempt {} of 3", told.attempt));
        *now += 61;
        self.record(*now, "taskinstance.py", 2890, "INFO", &format!("Executing <Task(PythonOperator): {task}> on {date}"));
        self.record(*now, "standard_task_runner.py", 72, "INFO", &format!("Started process {process} to run task"));
        *now += 22;
        self.record(
            *now,
            "standard_task_runner.py",
            104,
            "INFO",
            &format!(
                "Running: ['airflow', 'tasks', 'run', '{dag}', '{task}', '{run}', '--job-id', '{job}', '--raw', '--subdir', 'DAGS_FOLDER/{dag}.py', '--cfg-path', '/tmp/tmp{process:x}']"
            ),
        );
        self.record(*now, "standard_task_runner.py", 105, "INFO", &format!("Job {job}: Subtask {task}"));
        *now += 310;
        self.record(*now, "task_command.py", 467, "INFO", &format!("Running {} on host worker-{host}.example.com", instance("running")));
        *now += 405;
        let owner = OWNERS[told.dag as usize % OWNERS.len()];
        self.record(
            *now,
            "taskinstance.py",
            3134,
            "INFO",
            &format!(
                "Exporting env vars: AIRFLOW_CTX_DAG_OWNER='{owner}' AIRFLOW_CTX_DAG_ID='{dag}' AIRFLOW_CTX_TASK_ID='{task}' AIRFLOW_CTX_EXECUTION_DATE='{date}' AIRFLOW_CTX_TRY_NUMBER='{}' AIRFLOW_CTX_DAG_RUN_ID='{run}'",
                told.attempt
            ),
        );
        self.record(*now, "taskinstance.py", 732, "INFO", "::endgroup::");
    }

    fn tail(&mut self, told: &Try, now: &mut i64, random: &mut Random) {
        let failed = told.fails.then(|| told.failure(random));
        match &failed {
            None => self.record(*now, "python.py", 240, "INFO", "Done. Returned value was: None"),
            Some(happened) => {
                *now += i64::try_from(random.below(30_000)).unwrap_or_default();
                self.record(*now, "taskinstance.py", 3313, "ERROR", "Task failed with exception");
                happened.text(self.0);
            }
        }
        *now += 48;
        let state = match &failed {
            None => "SUCCESS",
            Some(_) if told.is_last => "FAILED",
            Some(_) => "UP_FOR_RETRY",
        };
        let compact = |ms: i64| iso(ms, "%Y%m%dT%H%M%S");
        let marked = format!(
            "Marking task as {state}. dag_id={}, task_id={}, run_id={}, execution_date={}, start_date={}, end_date={}",
            told.dag_id(),
            told.task_id(),
            told.run_id(),
            compact(1_000 * told.run),
            compact(told.begin_ms),
            compact(*now)
        );
        if let Some(happened) = &failed {
            self.record(*now, "taskinstance.py", 1226, "INFO", &marked);
            self.record(*now, "taskinstance.py", 341, "INFO", "::group::Post task execution logs");
            let text = format!(
                "Failed to execute job {} for task {} ({}; {})",
                1 + random.below(90_000),
                told.task_id(),
                happened.value(),
                random.below(60_000)
            );
            self.record(*now, "standard_task_runner.py", 124, "ERROR", &text);
            happened.text(self.0);
        } else {
            self.record(*now, "taskinstance.py", 341, "INFO", "::group::Post task execution logs");
            self.record(*now, "taskinstance.py", 353, "INFO", &marked);
        }
        *now += 60;
        self.record(*now, "local_task_job_runner.py", 266, "INFO", &format!("Task exited with return code {}", u8::from(failed.is_some())));
        self.record(*now, "taskinstance.py", 3901, "INFO", "0 downstream tasks scheduled from follow-on schedule check");
        self.record(*now, "local_task_job_runner.py", 245, "INFO", "::endgroup::");
    }
}

/// Writes records of Airflow 3.
struct Json<'a>(&'a mut String);

impl Json<'_> {
    fn record(&mut self, now: i64, level: &str, said: (&str, &str, u32), event: &str, detail: Option<&serde_json::Value>) {
        let time = Timestamp::from_millisecond(now).unwrap_or_default();
        let micros = now.rem_euclid(1_000) * 1_000 + 137;
        // Strings as JSON cannot fail to be made, nor can writing to a string.
        let event = serde_json::to_string(event).unwrap_or_default();
        let (logger, file, line) = said;
        let _ = write!(
            self.0,
            "{{\"timestamp\":\"{}.{micros:06}Z\",\"level\":\"{level}\",\"event\":{event},\"logger\":\"{logger}\",\"filename\":\"{file}\",\"lineno\":{line}",
            time.strftime("%Y-%m-%dT%H:%M:%S")
        );
        let _ = detail.map(|detail| write!(self.0, ",\"error_detail\":{detail}"));
        self.0.push_str("}\n");
    }

    fn head(&mut self, told: &Try, now: &mut i64, random: &mut Random) {
        let bundles = ("airflow.dag_processing.bundles.manager.DagBundlesManager", "manager.py", 179);
        self.record(*now, "info", bundles, "DAG bundles loaded: dags-folder", None);
        *now += 70;
        let filling = format!("Filling up the DagBag from /opt/airflow/dags/{}.py", told.dag_id());
        self.record(*now, "info", ("airflow.models.dagbag.BundleDagBag", "dagbag.py", 593), &filling, None);
        *now += 1_400;
        let stats = format!("Stats instance was created in PID 75 but accessed in PID {}. Re-initializing.", 100 + random.below(60_000));
        self.record(*now, "info", ("airflow.stats", "stats.py", 57), &stats, None);
    }

    fn tail(&mut self, told: &Try, now: &mut i64, random: &mut Random) {
        if told.fails {
            *now += i64::try_from(random.below(30_000)).unwrap_or_default();
            let detail = told.failure(random).json();
            self.record(*now, "error", ("task", "task_runner.py", 1186), "Task failed with exception", Some(&detail));
        } else {
            let operator = ("airflow.task.operators.airflow.providers.standard.operators.python.PythonOperator", "python.py", 229);
            self.record(*now, "info", operator, "Done. Returned value was: None", None);
        }
    }
}

impl Dialect {
    /// What stands before the task says anything.
    pub(crate) fn head(self, out: &mut String, told: &Try, now: &mut i64, random: &mut Random) {
        match self {
            Self::Text => Text(out).head(told, now, random),
            Self::Json => Json(out).head(told, now, random),
        }
    }

    /// One record of a task at work.
    pub(crate) fn healthy(self, out: &mut String, now: i64, random: &mut Random) {
        let Saying { logger, file, line, text } = &SAYINGS[random.below(SAYINGS.len() as u64) as usize];
        match self {
            Self::Text => {
                Text(out).begin(now, file, *line, if *logger == "py.warnings" { "WARNING" } else { "INFO" });
                fill(out, text, random);
                out.push('\n');
            }
            Self::Json => {
                let mut event = String::new();
                fill(&mut event, text, random);
                Json(out).record(now, if *logger == "py.warnings" { "warning" } else { "info" }, (logger, file, *line), &event, None);
            }
        }
    }

    /// How the try ends.
    pub(crate) fn tail(self, out: &mut String, told: &Try, now: &mut i64, random: &mut Random) {
        match self {
            Self::Text => Text(out).tail(told, now, random),
            Self::Json => Json(out).tail(told, now, random),
        }
    }
}
