//! What a log's name says: which part of Airflow wrote it, and for which task instance.
//!
//! Known are the default layouts of Airflow 1.10, 2.x and 3.x, the names under which the user interface offers logs for
//! download, the names of MWAA's streams in CloudWatch, and the usual names of the services' own logs. Whatever is not in the
//! name stays `None`: nothing is guessed, and no file is opened here. Layouts of one's own are `template`'s business.

use std::sync::Arc;

use super::run_id::{RUN_TYPES, date_length, own_run_id, random_suffix_length};
use super::{Kind, TaskInstance};

/// Suffixes that say how a log is stored, not what it is.
const STORAGE_SUFFIXES: [&str; 6] = [".gz", ".gzip", ".zst", ".bz2", ".xz", ".lz4"];

/// Names of archives, which may stand before a `!`.
const ARCHIVE_SUFFIXES: [&str; 13] =
    [".zip", ".tar", ".tgz", ".gz", ".taz", ".zst", ".bz2", ".xz", ".lz4", ".tzst", ".tbz2", ".txz", ".tbz"];

/// Derives kind and task instance from a path, or from the name of an archive's member.
pub(super) fn recognise(name: &str) -> (Kind, TaskInstance) {
    let name = name.replace('\\', "/");
    let parts: Vec<&str> = within_archive(&name).split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let Some((last, above)) = parts.split_last() else { return (Kind::Other, TaskInstance::default()) };
    let base = stored(last);
    flat_assignments(base)
        .or_else(|| download_name(base))
        .or_else(|| by_assignments(above, base))
        .or_else(|| by_date_folder(above, base))
        .or_else(|| dag_processor(above, base))
        .unwrap_or_else(|| (service(above, base), TaskInstance::default()))
}

/// The part of a name after the innermost archive that it names.
pub(super) fn within_archive(name: &str) -> &str {
    let mut ends = name.match_indices('!').filter(|(at, _)| ends_with_any(&name[..*at], &ARCHIVE_SUFFIXES));
    ends.next_back().map_or(name, |(at, _)| &name[at + 1..])
}

fn ends_with_any(text: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| strip_suffix_ignoring_case(text, suffix).is_some())
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// The base name without what compression and rotation add to it: `scheduler.log.2.gz` is `scheduler.log`.
pub(super) fn stored(base: &str) -> &str {
    let mut base = base;
    loop {
        let shorter = STORAGE_SUFFIXES.iter().find_map(|suffix| strip_suffix_ignoring_case(base, suffix)).or_else(|| unrotated(base));
        match shorter {
            Some(rest) if !rest.is_empty() => base = rest,
            _ => return base,
        }
    }
}

/// Takes `.3`, `-20240131` or `.2024-01-31` off the end, where a log's name remains.
fn unrotated(base: &str) -> Option<&str> {
    let rest = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').strip_suffix('.').or_else(|| {
        let rest = base.trim_end_matches(|c: char| c.is_ascii_digit());
        (base.len() - rest.len() >= 8).then(|| rest.strip_suffix('-')).flatten()
    })?;
    let names_a_log =
        [".log", ".txt", ".out", ".err"].iter().any(|end| rest.ends_with(end)) || matches!(rest, "syslog" | "dmesg" | "messages");
    (rest.len() < base.len() - 1 && names_a_log).then_some(rest)
}

/// `…/dag_id=D/run_id=R/task_id=T[/map_index=M]/attempt=N.log[.trigger.JOB.log]`: 2.3 and later, on disk and in object stores.
fn by_assignments(above: &[&str], base: &str) -> Option<(Kind, TaskInstance)> {
    let mut task = TaskInstance::default();
    for part in above {
        let Some((key, value)) = part.split_once('=') else { continue };
        assign(&mut task, key, value);
    }
    let attempt = base.strip_prefix("attempt=").and_then(attempt);
    let kind = match attempt {
        Some((try_number, rest)) => {
            task.try_number = Some(try_number);
            if rest.starts_with(".log.trigger.") {
                Kind::Trigger
            } else if rest.starts_with(".log.SchedulerJob.") {
                // What Airflow 2.9 and 2.10 let the scheduler add to the log of an attempt that it gave up.
                Kind::Scheduler
            } else {
                Kind::Task
            }
        }
        // Older templates end in a bare number.
        None if task.task_id.is_some() => {
            task.try_number = base.split('.').next().and_then(|stem| stem.parse().ok());
            Kind::Task
        }
        None => return None,
    };
    Some((kind, task))
}

fn assign(task: &mut TaskInstance, key: &str, value: &str) {
    let text = || Some(percent_decoded(value)).filter(|text| !text.is_empty());
    match key {
        "dag_id" => task.dag_id = text().map(Arc::from),
        // Templates before run ids had names used the logical date.
        "run_id" | "execution_date" | "logical_date" => task.run_id = text().map(|text| own_run_id(&text).into()),
        "task_id" => task.task_id = text().map(Arc::from),
        "map_index" => task.map_index = mapped(value),
        _ => {}
    }
}

/// Airflow writes -1 for a task that is not mapped.
pub(super) fn mapped(value: &str) -> Option<i32> {
    value.parse().ok().filter(|index| *index >= 0)
}

/// The number after `attempt=` and what follows it.
fn attempt(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let ends = rest.is_empty() || rest.starts_with('.');
    ends.then(|| number.parse().ok().map(|number| (number, rest))).flatten()
}

/// `dag_id=D_run_id=R_task_id=T[_map_index=M]_attempt=N.log`: what the 2.x user interface offers for download.
fn flat_assignments(base: &str) -> Option<(Kind, TaskInstance)> {
    let (dag, rest) = base.strip_prefix("dag_id=")?.split_once("_run_id=")?;
    let (run, rest) = rest.split_once("_task_id=")?;
    let (task_id, last) = rest.rsplit_once("_attempt=")?;
    let (task_id, map_index) = task_id.rsplit_once("_map_index=").map_or((task_id, None), |(id, index)| (id, mapped(index)));
    let (try_number, rest) = attempt(last)?;
    let mut task = TaskInstance { map_index, try_number: Some(try_number), ..TaskInstance::default() };
    assign(&mut task, "dag_id", dag);
    assign(&mut task, "run_id", run);
    assign(&mut task, "task_id", task_id);
    Some((if rest.starts_with(".log.trigger.") { Kind::Trigger } else { Kind::Task }, task))
}

/// `logs_<dag>_<run>_<task>_<map>_<try>.txt`: what the 3.x user interface offers. With `_` between and within the parts it can
/// be cut up only around a run id that Airflow made itself.
fn download_name(base: &str) -> Option<(Kind, TaskInstance)> {
    let text = base.strip_prefix("logs_")?.strip_suffix(".txt")?;
    let (text, try_number) = text.rsplit_once('_')?;
    let (text, map_index) = text.rsplit_once('_')?;
    let try_number = try_number.parse().ok()?;
    map_index.parse::<i32>().ok()?;
    let run = RUN_TYPES.iter().filter_map(|run| text.find(&format!("_{run}")).map(|at| (at, run.len()))).min()?;
    let (dag_id, rest) = (&text[..run.0], &text[run.0 + 1..]);
    let date = date_length(&rest[run.1..])?;
    let suffix = random_suffix_length(&rest[run.1 + date..]);
    let (run_id, task_id) = rest.split_at(run.1 + date + suffix);
    let task_id = task_id.strip_prefix('_').filter(|id| !id.is_empty())?;
    let mut task = TaskInstance { map_index: mapped(map_index), try_number: Some(try_number), ..TaskInstance::default() };
    assign(&mut task, "dag_id", dag_id);
    assign(&mut task, "run_id", run_id);
    assign(&mut task, "task_id", task_id);
    Some((Kind::Task, task))
}

/// `<dag>/<task>/<date>/<try>.log`: 1.10, and 2.0 to 2.2. The run is known by its date alone.
fn by_date_folder(above: &[&str], base: &str) -> Option<(Kind, TaskInstance)> {
    let try_number = base.strip_suffix(".log")?.parse().ok()?;
    let [.., dag_id, task_id, date] = above else { return None };
    let date = percent_decoded(date);
    date_length(&date)?;
    let mut task = TaskInstance { run_id: Some(own_run_id(&date).into()), try_number: Some(try_number), ..TaskInstance::default() };
    assign(&mut task, "dag_id", dag_id);
    assign(&mut task, "task_id", task_id);
    Some((Kind::Task, task))
}

/// `dag_processor/<day>/…`, `dag_processor_manager/…`, and 2.x's `scheduler/<day>/<file>.py.log`, which is written by the same
/// process under its older name.
fn dag_processor(above: &[&str], base: &str) -> Option<(Kind, TaskInstance)> {
    let is_day = |part: &str| part == "latest" || (part.len() == 10 && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
    let under_day = |folder: &str| above.windows(2).any(|pair| pair[0] == folder && is_day(pair[1]));
    let own = under_day("dag_processor") || above.contains(&"dag_processor_manager");
    let older = under_day("scheduler") && base.ends_with(".log");
    (own || older).then(|| (Kind::DagProcessor, TaskInstance::default()))
}

/// The service that a log is named after: the first word of its base name that is one, or of its folder where the base is only
/// a number (a container's log under `/var/log/pods`).
fn service(above: &[&str], base: &str) -> Kind {
    let numbered = base.split('.').next().is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit()));
    let named = match above.last() {
        Some(folder) if numbered => folder,
        _ => base,
    };
    let lower = named.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let pairs = words.iter().zip(words.iter().skip(1).chain([&""]));
    for (word, next) in pairs {
        match (*word, *next) {
            ("dag", "processor") | ("dagprocessor", _) => return Kind::DagProcessor,
            ("api", "server") | ("apiserver" | "webserver" | "gunicorn", _) => return Kind::Webserver,
            ("scheduler", _) => return Kind::Scheduler,
            ("triggerer", _) => return Kind::Triggerer,
            ("worker" | "celery", _) => return Kind::Worker,
            ("dmesg" | "kernel" | "kern" | "syslog", _) => return Kind::Kernel,
            _ => {}
        }
    }
    Kind::Other
}

/// Object stores and some exports write `:` and `+` as `%3A` and `%2B`. What does not decode to text stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
