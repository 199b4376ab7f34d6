//! Where bytes come from: files below the given paths, objects in object stores, members of archives, standard input.
//!
//! This module opens, decompresses and names; it never looks into a log beyond the first bytes that tell its format.

mod again;
mod archive;
mod ends;
mod format;
mod layout;
pub mod limits;
mod list;
mod members;
mod missing;
mod object;
mod own_report;
mod passover;
mod positioned;
mod progress;
mod run_id;
mod shared;
mod since;
mod stream;
mod template;
mod template_parse;
mod unpack;
mod utf16;
mod walk;
mod zips;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use again::{Checked, Print, Stat, added, check_of, check_of_file, text_of_gzip, whole};
pub use archive::{Options, read, read_shared};
pub use ends::{Ends, EndsWanted, ends};
pub use limits::Limits;
pub use list::List;
pub use object::{Object, is_object};
pub use progress::Progress;
pub use run_id::{is_bare_date, own_run_id, run_date};
pub use shared::{Crew, Hand, Job, SharedVisit};
pub use since::Since;
pub use template::Naming;
pub use walk::{Discovered, Walk, discover};

/// One thing that can be opened: a file or an object found below a given path, or standard input. It may hold many logs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// The path as the user gave it, joined with what was found under it; `-` for standard input.
    pub path: Arc<str>,
    /// Where it really is; `None` for standard input and for objects.
    pub file: Option<std::path::PathBuf>,
    /// The object that it is, if it is one in an object store.
    pub object: Option<Object>,
}

/// One log: a plain file, a member of an archive, or standard input, with what its name says about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// The input's path (see [`Input::path`]). Not written down with what a log says: by the time it is read the log may have another one.
    #[serde(skip)]
    pub path: Arc<str>,
    /// The member's name where the input is an archive; members of nested archives are joined with `!`.
    pub member: Option<String>,
    /// What tells this log from the others where one file holds the lines of several: a container, a log stream, an attempt.
    pub stream: Option<String>,
    /// What kind of log its name says it is.
    pub kind: Kind,
    /// What its name says about the task instance.
    pub task: TaskInstance,
}

impl Source {
    /// Builds a source and derives kind and task instance from its name, by Airflow's default layouts; see [`Naming::source`].
    #[must_use]
    pub fn named(path: &str, member: Option<&str>) -> Self {
        Naming::default().source(path, member)
    }

    /// `path`, or `path!member`, and the stream where there are several: how the source is named to people.
    #[must_use]
    pub fn name(&self) -> String {
        let member = self.member.as_ref().map(|member| format!("!{member}")).unwrap_or_default();
        let stream = self.stream.as_ref().map(|stream| format!(" [{stream}]")).unwrap_or_default();
        format!("{}{member}{stream}", self.path)
    }
}

/// Which part of Airflow (or of the machine) wrote a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A task attempt's own log.
    Task,
    /// What the triggerer wrote for one deferred attempt.
    Trigger,
    /// The scheduler, with its executor.
    Scheduler,
    /// A Celery worker or another executor's worker.
    Worker,
    /// The triggerer process.
    Triggerer,
    /// The DAG processor, per file or as a whole.
    DagProcessor,
    /// The webserver or API server.
    Webserver,
    /// The kernel (`dmesg`, journal).
    Kernel,
    /// Anything else, an excerpt among them.
    #[default]
    Other,
}

impl Kind {
    /// The name used in reports and rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Trigger => "trigger",
            Self::Scheduler => "scheduler",
            Self::Worker => "worker",
            Self::Triggerer => "triggerer",
            Self::DagProcessor => "dag_processor",
            Self::Webserver => "webserver",
            Self::Kernel => "kernel",
            Self::Other => "other",
        }
    }
}

/// Airflow's identity of one attempt; whatever is not known is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
pub struct TaskInstance {
    /// The DAG.
    pub dag_id: Option<Arc<str>>,
    /// The run: `manual__…`, `scheduled__…`; the logical date where the layout has only that.
    pub run_id: Option<Arc<str>>,
    /// The task, with its task groups (`stage.load`).
    pub task_id: Option<Arc<str>>,
    /// The index of a mapped task; `None` for a task that is not mapped.
    pub map_index: Option<i32>,
    /// The try, from 1.
    pub try_number: Option<u32>,
}
