//! The command line: clap types only. What they mean is `app`'s business.

mod history;
mod inputs;
mod near;
mod notify;
mod settings;
mod terminal;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use history::{HistoryCommand, ListFormat, StateArgs, StateFile, StatusName, TrendBy};
pub use inputs::{InputArgs, LimitArgs, MaskArgs};
pub use near::nearest_command;
pub use notify::NotifyArgs;
pub use settings::{SETTINGS_FILE, Stop, parse};
pub use terminal::{ColorWhen, Screen};
pub use values::Settings;

/// Reads Apache Airflow task logs and says why tasks failed, how sure it is, on what evidence, and what to do.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(max_term_width = HELP_WIDTH, after_help = BEGINNING, after_long_help = EXAMPLES)]
pub struct Cli {
    /// What to do; without it, PATHs are diagnosed.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The main job's arguments.
    #[command(flatten)]
    pub diagnose: Diagnose,

    /// The file of settings that was read.
    #[arg(skip)]
    pub settings: Option<Settings>,
}

/// The groups of the help that are not of one subject alone.
const READ: &str = "What is read";
const REPORT: &str = "The report";
const COUNTS: &str = "What counts";
const RULES: &str = "Rules and settings";

/// Wider lines are hard to read.
const HELP_WIDTH: usize = 100;

/// What `-h` ends with. No line is so long that a terminal of 80 columns breaks it.
const BEGINNING: &str = "\
Examples:
  dagnosis /opt/airflow/logs                 why did tasks fail?
  dagnosis logs.tar.gz -f html -o page.html  an archive; a page for the browser
  kubectl logs POD | dagnosis -              one log from a pipe

--help tells of all options, with more examples and the exit codes.";

const EXAMPLES: &str = "\
Examples:
  dagnosis /opt/airflow/logs                  why did tasks fail?
  dagnosis attempt=1.log -f markdown          one downloaded log, for a ticket
  dagnosis logs.tar.gz -f json -o out.json    a CI artifact, for a machine
  dagnosis logs -o sarif=a.sarif -o junit=junit.xml --fail-on high
                                              a gate in CI
  dagnosis logs --state state.sqlite --fail-on new
                                              what was not there last night?
  dagnosis history list --state state.sqlite  what was found on all nights
  kubectl logs POD | dagnosis -               from a pipe
  dagnosis explain connection-reset           what a symptom or a cause means
  dagnosis rules new --from attempt=1.log:36  a rule of your own, from that line

Exit codes:
  0  nothing is at or over --fail-on
  1  something is
  2  a usage, rule or configuration error, an entry of dagnosis.yaml has
     expired, or a report could not be written or sent
  3  some input could not be read (the report is still written and says which)";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Diagnose logs: the main job, also without this word
    Diagnose(Box<Diagnose>),
    /// List, show, check, test, document and begin rules
    Rules {
        /// What to do with them.
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Explain a symptom or a cause: meaning, evidence, how to confirm, fixes
    Explain {
        /// The id of a symptom or a cause
        id: String,
        /// How to write the page
        #[arg(short, long, value_enum, default_value_t)]
        format: PageFormat,
        /// When to use colours
        #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
        color: ColorWhen,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Look into what runs recorded with --state: incidents over the nights
    History {
        /// What to do with it.
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// Print the JSON Schema of the JSON report
    Schema,
}

/// What can be done with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List every symptom and cause
    List(RuleArgs),
    /// Show one rule as it is written
    Show {
        /// The id of a symptom or a cause
        id: String,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Say what is wrong or weak in rules
    Lint {
        /// Logs of tasks that went well: say which rules they show, for a rule that fits healthy logs is too broad. Failed attempts among
        /// them are passed over
        #[arg(long, value_name = "PATH", num_args = 1..)]
        healthy: Vec<String>,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Write the pages of all rules as a tree of Markdown files
    Docs {
        /// Where to write them: the pages of symptoms/network.yaml go to DIR/symptoms/network.md, the list of all to DIR/INDEX.md
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Run the examples and scenarios of rules through the engine
    Test {
        /// Rule files whose rules are tested, instead of all; those that are not below --rules are loaded too
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Also write the results as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Print the JSON Schema of a rule file, for editors
    Schema,
    /// Cut a rule of your own from a line of a log, ready to edit
    New {
        /// The line, as reports name it: attempt=1.log:36, logs.tar.gz!member.log:36, or -:36 for standard input
        #[arg(long, value_name = "LOG:LINE", allow_hyphen_values = true)]
        from: String,
        /// Where to write the rule file, instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How records begin, as for the diagnosis; may be given several times
        #[arg(long = "log-format", value_name = "REGEX")]
        log_formats: Vec<String>,
        /// What is masked
        #[command(flatten)]
        mask: MaskArgs,
        /// Which rules
        #[command(flatten)]
        rules: RuleArgs,
    },
}

/// Which rules are used.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = RULES)]
pub struct RuleArgs {
    /// Rules of your own: every *.yaml below DIR adds to or replaces the built-in ones
    #[arg(long = "rules", value_name = "DIR")]
    pub dirs: Vec<PathBuf>,

    /// Start without the built-in rules
    #[arg(long, hide_short_help = true)]
    pub no_builtin_rules: bool,

    /// Read options and known failures from FILE
    ///
    /// Without it, from dagnosis.yaml in the current folder if it is there.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Read no dagnosis.yaml
    #[arg(long, hide_short_help = true)]
    pub no_config: bool,
}

/// The main job's arguments.
#[derive(Debug, Clone, Default, Args)]
pub struct Diagnose {
    /// Log files, folders or archives, or - for standard input
    ///
    /// Archives are tar and zip. Any file may be compressed: gzip, zstd, bzip2, xz, lz4. s3://BUCKET/PREFIX, gs://BUCKET/PREFIX and
    /// az://CONTAINER/PREFIX are read too, where the program was built with object stores.
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,

    /// Which logs besides
    #[command(flatten)]
    pub inputs: InputArgs,

    /// The zone of timestamps that name none
    #[arg(long, value_name = "ZONE", default_value = "UTC", allow_hyphen_values = true, help_heading = READ)]
    pub timezone: String,

    /// How logs are named: log_filename_template of airflow.cfg, where it was changed
    ///
    /// May be given several times.
    #[arg(long = "path-template", value_name = "TEMPLATE", help_heading = READ)]
    pub path_templates: Vec<String>,

    /// How records begin, where log_format of airflow.cfg or the formatter was changed
    ///
    /// A regular expression with the groups time, level, logger, file, line and message, such as
    /// '(?<time>\S+ \S+) \| (?<level>\w+) \| (?<message>.*)'. May be given several times.
    #[arg(long = "log-format", value_name = "REGEX", help_heading = READ)]
    pub log_formats: Vec<String>,

    /// Airflow's task instances, for what logs do not say
    ///
    /// An export of the table (CSV), of the REST API (JSON), or of "airflow tasks states-for-dag-run". May be given several times.
    #[arg(long = "task-instances", value_name = "FILE", help_heading = READ)]
    pub task_instances: Vec<PathBuf>,

    /// How many threads; 0: as many as there are cores
    #[arg(long, value_name = "N", default_value_t, hide_short_help = true, help_heading = READ)]
    pub threads: usize,

    /// How to write the report
    #[arg(short, long, value_enum, default_value_t, help_heading = REPORT)]
    pub format: FormatName,

    /// Where to write it, instead of standard output; with FORMAT= one more report
    ///
    /// With FORMAT= before it, a report in that format besides: -o json=report.json. May be given several times.
    #[arg(
        short,
        long = "output",
        value_name = "[FORMAT=]FILE",
        value_parser = clap::builder::OsStringValueParser::new().try_map(Output::of),
        help_heading = REPORT
    )]
    pub outputs: Vec<Output>,

    /// Add the report as Markdown to FILE, as far as it fits into a step summary of GitHub: --summary "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE", hide_short_help = true, help_heading = REPORT)]
    pub summary: Option<PathBuf>,

    /// Which attempts the JSON report lists
    #[arg(long, value_enum, default_value_t, value_name = "WHICH", hide_short_help = true, help_heading = REPORT)]
    pub attempts: AttemptsName,

    /// Add to the format prometheus how long the run took and when it ended; without it, the same logs give the same bytes
    #[arg(long, hide_short_help = true, help_heading = REPORT)]
    pub run_times: bool,

    /// Print nothing when nothing is at or over --fail-on
    ///
    /// Files are written all the same.
    #[arg(short, long, help_heading = REPORT)]
    pub quiet: bool,

    /// When to use colours, and links where the terminal has them
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true, help_heading = REPORT)]
    pub color: ColorWhen,

    /// Do not show how far the run is
    ///
    /// It is shown only at a terminal, on standard error, where a run takes longer than a second.
    #[arg(long, hide_short_help = true, help_heading = REPORT)]
    pub no_progress: bool,

    /// End with exit code 1 if an incident is at least this grave
    ///
    /// new: if one is not in --baseline, or is new or has come back by --state; new,high: if one is both.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "low", value_name = "SEVERITY", help_heading = COUNTS)]
    pub fail_on: Vec<FailOn>,

    /// A JSON report of an earlier run: its incidents are known, all others are new
    #[arg(long, value_name = "REPORT.json", help_heading = COUNTS)]
    pub baseline: Option<PathBuf>,

    /// Tell also of incidents that an entry of dagnosis.yaml ignores, each with its reason
    #[arg(long, hide_short_help = true, help_heading = COUNTS)]
    pub show_ignored: bool,

    /// The date that "expires" in dagnosis.yaml is compared with, such as 2026-11-20; without it, today's in UTC
    #[arg(long, value_name = "DATE", hide_short_help = true, help_heading = COUNTS)]
    pub today: Option<String>,

    /// What is recorded
    #[command(flatten)]
    pub state: StateArgs,

    /// Whom to tell
    #[command(flatten)]
    pub notify: NotifyArgs,

    /// What is masked
    #[command(flatten)]
    pub mask: MaskArgs,

    /// Which rules
    #[command(flatten)]
    pub rules: RuleArgs,

    /// How much of what is packed
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl Diagnose {
    /// Whether something tells what earlier runs found.
    #[must_use]
    pub fn knows_earlier(&self) -> bool {
        self.baseline.is_some() || self.state.state.is_some()
    }
}

/// The formats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// For a person at a terminal
    #[default]
    Text,
    /// For a mailbox: the first line is the subject
    Mail,
    /// For a ticket or a summary page
    Markdown,
    /// For a browser: one page, with charts, that needs nothing else
    Html,
    /// For machines
    Json,
    /// For code scanning and editors: SARIF 2.1.0
    Sarif,
    /// For the test reports of a CI system: JUnit XML, a case for each task
    Junit,
    /// For a step of GitHub Actions: annotations
    Github,
    /// For GitLab's code quality report
    Gitlab,
    /// For the textfile collector of Prometheus' node_exporter: counts
    Prometheus,
}

/// A file that a report is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// In which format, where it is not that of `--format`.
    pub format: Option<FormatName>,
    /// Where.
    pub path: PathBuf,
}

impl Output {
    /// `FILE` or `FORMAT=FILE`. What stands before the sign is a format only where it is one: `dag_id=shop/report.txt` is a file. What is almost one is
    /// a slip of the hand, which would leave a report of another format in a file that nobody looks for.
    fn of(text: OsString) -> Result<Self, String> {
        let named = text.to_str().and_then(|text| text.split_once('=')).and_then(|(name, path)| {
            let format = FormatName::from_str(name, false).ok().filter(|_| !path.is_empty())?;
            Some(Self { format: Some(format), path: path.into() })
        });
        if let Some(name) = text.to_str().and_then(|text| text.strip_suffix('=')).filter(|name| FormatName::from_str(name, false).is_ok()) {
            return Err(format!("behind '{name}=' no file is named; a file of that name is './{name}='"));
        }
        match (named, text.to_str().and_then(near::nearly_format)) {
            (Some(output), _) => Ok(output),
            (None, Some((name, format))) => {
                Err(format!("'{name}' is no format; did you mean '{format}='? A file of that name is './{}'", text.to_string_lossy()))
            }
            (None, None) => Ok(Self { format: None, path: text.into() }),
        }
    }
}

/// The formats of a page on a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// For a person at a terminal
    #[default]
    Text,
    /// For a wiki or a runbook, with links to the other pages
    Markdown,
}

/// Which incidents make the exit code 1: from which severity on, or what is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the severities")]
pub enum FailOn {
    Critical,
    High,
    Medium,
    #[default]
    Low,
    Info,
    Never,
    /// An incident that --baseline does not know, or that is new or regressed by --state
    New,
}

/// Which attempts the JSON report lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AttemptsName {
    /// Every log that was read
    All,
    /// Those that did not succeed
    #[default]
    Failed,
    /// None
    None,
}
