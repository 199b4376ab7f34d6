//! The words that the reports for people share: the verdict, owners, retries, causes, problems, and how things are named.

use crate::attempt::{AttemptRef, Location};
use crate::correlate::{Incident, Pattern, PatternKind, Scope};
use crate::diagnose::{Confidence, Diagnosis, Policy, RankedCause, When};
use crate::error::{Problem, ProblemKind};
use crate::rule::{Cause, Owner, RetryHelps, RetrySafe, RuleSet};
use crate::time::Timestamp;

use super::Report;
use super::escape::is_active;
use super::figures::{abridged, bytes, count, number, percent, ranges};
use super::page::NO_BREAK;
use super::totals::Totals;

/// How many incidents are told in full; the others get a short form, since nobody reads more than that in one go.
pub(super) const FULL_INCIDENTS_MAX: usize = 10;

/// How many pieces of evidence are told of each side. The JSON report has all.
pub(super) const EVIDENCE_MAX: usize = 4;

/// How many causes besides the best are named.
const OTHER_CAUSES_MAX: usize = 3;

/// Under this share a cause besides the best is not named to a person.
const OTHER_CAUSE_SHARE_MIN: f64 = 0.01;

/// How many owners are named where it is not clear whose it is.
const OWNERS_MAX: usize = 3;

/// How many incidents the first lines name by their numbers.
const LOOK_MAX: usize = 12;

/// How many of the failures that a kill provoked are named.
pub(super) const CONSEQUENCES_MAX: usize = 6;

/// How many lines of logs are shown of an incident.
pub(super) const EXAMPLES_MAX: usize = 3;

/// How many paths are named of one kind of problem.
pub(super) const PATHS_MAX: usize = 3;

/// The verdict over the whole run, in one sentence.
pub(super) fn verdict(report: &Report<'_>, totals: &Totals) -> String {
    let diagnoses = &report.diagnosed.diagnoses;
    if report.attempts.is_empty() {
        return "Nothing was read: no log was found.".to_owned();
    }
    if report.stats.bytes == 0 && diagnoses.is_empty() && totals.attempts == 0 {
        return "Nothing was read: what was given is empty.".to_owned();
    }
    let but = if report.known.ignored.is_empty() { "" } else { " but those that are ignored" };
    if diagnoses.is_empty() {
        let logs = report.attempts.len() as u64;
        if totals.attempts == 0 {
            return format!("No failure found in {}{but}.", count(logs, "log"));
        }
        return format!("No failure found in {}{but}{}.", count(totals.attempts, "attempt"), outcomes(": ", totals));
    }
    let explained =
        diagnoses.iter().filter(|diagnosis| !diagnosis.causes.is_empty() && diagnosis.confidence > Confidence::Unknown).count() as u64;
    let incidents = diagnoses.len() as u64;
    let begin = match (explained == incidents, incidents) {
        (true, 1) => "1 incident explains".to_owned(),
        (true, _) => format!("{} explain", count(incidents, "incident")),
        (false, 1) => "1 incident, not explained, holds".to_owned(),
        (false, _) => format!("{}, {} of them explained, hold", count(incidents, "incident"), number(explained)),
    };
    let others = totals.other_logs_in_incidents;
    let mut parts = Vec::new();
    if totals.in_incidents > 0 {
        let recovered = if totals.recovered > 0 { format!(" ({} recovered on retry)", number(totals.recovered)) } else { String::new() };
        parts.push(format!("{} of {}{recovered}", count(totals.in_incidents, "failed attempt"), number(totals.attempts)));
    }
    if others > 0 {
        let other = if totals.attempts > 0 { "other log" } else { "log" };
        parts.push(format!("failures in {}", count(others, other)));
    }
    format!("{begin} {}{}.", parts.join(" and "), outcomes("; ", totals))
}

/// `; 171 succeeded, 2 skipped`, with what stands before it; empty where there is nothing to tell.
fn outcomes(before: &str, totals: &Totals) -> String {
    let counts = [
        (totals.succeeded, "succeeded"),
        (totals.skipped, "skipped"),
        (totals.unfinished, "unfinished"),
        (totals.unknown, "with unknown outcome"),
    ];
    let parts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, says)| format!("{} {says}", number(*n))).collect();
    if parts.is_empty() { String::new() } else { format!("{before}{}", parts.join(", ")) }
}

/// What is said of attempts that end nobody knows how, and where it can be found out.
pub(super) const UNKNOWN_OUTCOME: &str = "with unknown outcome: nothing tells how it ended. The output of what ran it would: that of the worker or the \
     pod, with the LocalExecutor the scheduler's (before Airflow 3, the scheduler's log in any case); or an export with --task-instances";

/// What is said of failed attempts without a failure.
pub(super) const UNASSIGNED: &str = "failed without any trace of why";

/// What was read, in one sentence.
pub(super) fn read(report: &Report<'_>, totals: &Totals) -> String {
    let stats = &report.stats;
    let files = if stats.files == stats.logs { String::new() } else { format!(" in {}", count(stats.files, "file")) };
    let window = match (totals.from, totals.to) {
        (Some(from), Some(to)) => format!(", written from {}", span_of_time(from, to)),
        _ => String::new(),
    };
    format!("Read {}{files}: {}, {}{window}.", count(stats.logs, "log"), bytes(stats.bytes), count(stats.lines, "line"))
}

/// How much could not be read in full, where anything could not.
pub(super) fn lost(report: &Report<'_>) -> Option<String> {
    let lost = report.problems.iter().filter(|problem| problem.kind.is_unread()).count() as u64;
    (lost > 0).then(|| format!("{} could not be read in full; see the end.", count(lost, "input")))
}

/// What a quick run has left out, if it was one.
pub(super) fn quick(report: &Report<'_>) -> Option<String> {
    let left_out = report.stats.left_out?;
    if left_out.logs == 0 {
        return Some("Quick: no log is a long one with an end that proves success, so all were read in whole (--quick).".to_owned());
    }
    let (logs, were) = (count(left_out.logs, "log"), if left_out.logs == 1 { "was" } else { "were" });
    Some(format!(
        "Quick: {logs} of attempts that succeeded {were} read at the beginning and the end alone, and {} between not. Warnings and endpoints in these are not known, so failures are compared with less; without --quick all is read.",
        bytes(left_out.bytes)
    ))
}

/// `2026-11-21 06:58 to 07:16 UTC`: the day is said once where it is the same.
pub(super) fn span_of_time(from: Timestamp, to: Timestamp) -> String {
    let (first, last) = (from.minute(), to.minute());
    if first == last {
        return format!("{first} UTC");
    }
    match (first.split_once(' '), last.split_once(' ')) {
        (Some((day, _)), Some((same, clock))) if day == same => format!("{first} to {clock} UTC"),
        _ => format!("{first} to {last} UTC"),
    }
}

/// The best cause with its rule.
pub(super) fn best<'a>(diagnosis: &'a Diagnosis, rules: &'a RuleSet) -> Option<(&'a RankedCause, &'a Cause)> {
    let ranked = diagnosis.causes.first()?;
    Some((ranked, rules.causes.get(ranked.cause)?))
}

/// `likely, 78%`.
pub(super) fn certainty(confidence: Confidence, probability: f64) -> String {
    // How probable it is that no cause is known is nothing to be sure of.
    if confidence == Confidence::Unknown {
        return self::confidence(confidence).to_owned();
    }
    format!("{}, {}", self::confidence(confidence), percent(probability))
}

/// The word for how sure it is.
fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Unknown => "unknown",
        Confidence::Possible => "possible",
        Confidence::Likely => "likely",
        Confidence::Proven => "proven",
    }
}

/// The other causes with their shares, and what remains: `A 12%; B 4%; 3 others 5%; something else 6%`.
pub(super) fn other_causes(diagnosis: &Diagnosis, rules: &RuleSet) -> String {
    let others: Vec<&RankedCause> = diagnosis.causes.iter().skip(1).filter(|ranked| ranked.probability >= OTHER_CAUSE_SHARE_MIN).collect();
    // One that is left over is named: "1 other" says less in as many words.
    let most = if others.len() == OTHER_CAUSES_MAX + 1 { others.len() } else { OTHER_CAUSES_MAX };
    let (named, left) = others.split_at(others.len().min(most));
    let named = named
        .iter()
        .filter_map(|ranked| Some((rules.causes.get(ranked.cause)?.title.trim_end_matches('.').to_owned(), ranked.probability)));
    let left_share: f64 = left.iter().map(|ranked| ranked.probability).sum();
    let rest = [(format!("{} others", left.len()), left_share), ("something else".to_owned(), diagnosis.something_else)];
    let parts =
        named.chain(rest.into_iter().filter(|(_, share)| *share >= 0.005)).map(|(title, share)| format!("{title} {}", percent(share)));
    parts.collect::<Vec<String>>().join("; ")
}

/// What stands in the place of a cause where none is known.
pub(super) const NO_CAUSE: &str = "No known cause fits what the logs show.";

/// Why, whose, how often and when last, for a list: `likely server-overload, 95%; remote service; 10 logs, 11-21 09:34`. The cause is told by its id,
/// with which `dagnosis explain` tells the rest; the year, where it is not that of the latest time that was read.
pub(super) fn brief(report: &Report<'_>, totals: &Totals, diagnosis: &Diagnosis) -> String {
    let why = match (best(diagnosis, report.rules), diagnosis.confidence) {
        (Some((_, cause)), Confidence::Unknown) => format!("perhaps {}", cause.id),
        (Some((_, cause)), Confidence::Proven) => format!("proven {}", cause.id),
        (Some((ranked, cause)), sure) => {
            format!("{} {}, {}", confidence(sure), cause.id, percent(ranked.probability).replace("over ", ">").replace("under ", "<"))
        }
        (None, _) => "no known cause".to_owned(),
    };
    let whose = if diagnosis.owner == Owner::Unknown { "whose unclear" } else { owner_name(diagnosis.owner) };
    let count = count(diagnosis.incident.attempts.len() as u64, "log");
    let last = diagnosis.incident.last_seen.map(|last| {
        let (last, year) = (last.minute(), totals.to.map(|to| to.minute()));
        let year = year.as_deref().and_then(|to| to.get(..YEAR_BYTES)).filter(|year| last.starts_with(year));
        // Day and time stay on one line.
        let last = year.map_or(last.as_str(), |_| &last[YEAR_BYTES..]).replace(' ', &NO_BREAK.to_string());
        format!(", {last}")
    });
    format!("{why}; {whose}; {count}{}", last.unwrap_or_default())
}

/// `2026-`
const YEAR_BYTES: usize = 5;

/// The owner's name alone.
fn owner_name(owner: Owner) -> &'static str {
    owner_words(owner).split(':').next().unwrap_or_default()
}

/// Whose it is, in words; where that is not clear, whose it may be.
pub(super) fn whose(diagnosis: &Diagnosis) -> String {
    let shares: Vec<String> = diagnosis
        .owners
        .iter()
        .filter(|(_, share)| *share >= OTHER_CAUSE_SHARE_MIN)
        .take(OWNERS_MAX)
        .map(|(owner, share)| format!("{} {}", owner_name(*owner), percent(*share)))
        .collect();
    match (diagnosis.owner, shares.is_empty()) {
        (Owner::Unknown, false) => format!("{}: {}", owner_words(Owner::Unknown), shares.join(", ")),
        (owner, _) => owner_words(owner).to_owned(),
    }
}

/// How urgent, in words.
pub(super) fn urgent(when: When) -> &'static str {
    match when {
        When::Now => "now",
        When::Today => "today",
        When::WhenConvenient => "when convenient",
    }
}

/// The incidents that are more than a line, with their numbers: not those that are known and brought nothing new.
pub(super) fn told<'r>(report: &Report<'r>) -> Vec<(usize, &'r Diagnosis)> {
    let diagnoses = report.diagnosed.diagnoses.iter().enumerate();
    diagnoses.filter(|(_, diagnosis)| !report.known.is_quiet(diagnosis)).map(|(at, diagnosis)| (at + 1, diagnosis)).collect()
}

/// Which incidents to look at now, and which today, by their numbers: `Look now at 1 and 4; today at 2, 3 and 12 more.` Empty where none cannot wait.
pub(super) fn look(report: &Report<'_>) -> String {
    let told = told(report);
    let of = |when: When| -> Vec<String> {
        let those = told.iter().filter(|(_, diagnosis)| diagnosis.urgency.when == when);
        ranges(those.map(|(number, _)| *number))
    };
    let parts = [("now", of(When::Now)), ("today", of(When::Today))];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, numbers)| !numbers.is_empty())
        .map(|(when, numbers)| format!("{when} at {}", abridged(&numbers, LOOK_MAX)))
        .collect();
    if parts.is_empty() { String::new() } else { format!("Look {}.", parts.join("; ")) }
}

/// The patterns of an incident that are not told elsewhere: what later tries did stands in the verdict on another try, what a kill provoked under it.
pub(super) fn spread(incident: &Incident) -> impl Iterator<Item = &Pattern> {
    let told = |kind| matches!(kind, PatternKind::Retry) || (matches!(kind, PatternKind::Precedence) && incident.root.is_some());
    incident.patterns.iter().filter(move |pattern| !told(pattern.kind))
}

/// What the kill that an incident began with provoked, by name.
pub(super) fn consequences(report: &Report<'_>, diagnosis: &Diagnosis) -> Vec<String> {
    let incident = &diagnosis.incident;
    let Some((at, root)) = incident.root.and_then(|at| Some((at, report.attempts.get(at)?))) else { return Vec::new() };
    let others = incident.attempts.iter().filter(|other| **other != at).filter_map(|other| report.attempts.get(*other));
    others.filter(|other| root.run().is_some() && other.run() == root.run()).map(AttemptRef::name).collect()
}

/// Whose it is, in words.
pub(super) fn owner_words(owner: Owner) -> &'static str {
    match owner {
        Owner::DagAuthor => "DAG author: the DAG, its code or its settings",
        Owner::Platform => "platform: whoever runs Airflow, its workers or the cluster",
        Owner::RemoteService => "remote service: whoever runs the server that was called",
        Owner::DataProvider => "data provider: whoever delivers the data",
        Owner::Network => "network: whoever runs firewalls, load balancers and DNS",
        Owner::Unknown => "not clear yet",
    }
}

/// What stands before the code of a retry verdict.
pub(super) fn policy(policy: &Policy) -> String {
    format!("The verdict on another try as code ({})", policy.needs)
}

/// Whether another try helps and is safe, in a few words; the rule's own sentence says the rest.
pub(crate) fn retry(helps: RetryHelps, safe: RetrySafe) -> &'static str {
    match (helps, safe) {
        (RetryHelps::Transient, RetrySafe::Yes) => "helps and is safe.",
        (RetryHelps::Transient, RetrySafe::No) => "helps, but is not safe.",
        (RetryHelps::Transient, RetrySafe::OnlyIf) => "helps; safe only under a condition.",
        (RetryHelps::Permanent, RetrySafe::No) => "does not help, and is not safe.",
        (RetryHelps::Permanent, RetrySafe::Yes | RetrySafe::OnlyIf) => "does not help.",
        (RetryHelps::Unknown, RetrySafe::Yes) => "may help; it is safe.",
        (RetryHelps::Unknown, RetrySafe::No) => "may help, but is not safe.",
        (RetryHelps::Unknown, RetrySafe::OnlyIf) => "may help; safe only under a condition.",
    }
}

/// A kind of problem as the heading of a list.
pub(super) fn problem_kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "could not be read",
        ProblemKind::Damaged => "damaged: what came before the damage was used",
        ProblemKind::Limit => "over a limit: the rest was left out",
        ProblemKind::Link => "not followed: a link in a circle, or to nowhere",
        ProblemKind::NotText => "not text",
        ProblemKind::Special => "no files (pipes, sockets, devices): not opened",
        ProblemKind::Empty => "empty: nothing is known of what should stand there",
        ProblemKind::Suspicious => "with a name that leads out of its archive: read as data, never extracted",
        ProblemKind::PassedOver => "passed over: files that are no logs",
        ProblemKind::TooOld => "left out: last written before the time that was asked for",
        ProblemKind::TaskInstances => "in task-instance exports: rows or cells that were left out",
        ProblemKind::Order => "newest entry first: turned round, and lines counted from the end",
        ProblemKind::NotParsed => "not in the form that it seems to have: searched as text",
        ProblemKind::Timezone => "in another time zone than they were read in: their times do not fit those of the others",
        ProblemKind::State => "not recorded (--state)",
        ProblemKind::Encoding => "not UTF-8: the bytes were replaced and the rest was used",
    }
}

/// `path:line`, `archive!member:line`.
pub(super) fn place(location: &Location) -> String {
    match &location.member {
        Some(member) => format!("{}!{member}:{}", location.path, location.line),
        None => format!("{}:{}", location.path, location.line),
    }
}

/// The path of a log that a link can lead to: none of a member of an archive, of standard input, of an object in a store, or where what is masked would
/// be told.
pub(super) fn file<'l>(report: &Report<'_>, location: &'l Location) -> Option<&'l str> {
    let path = &*location.path;
    // A name that is not UTF-8 is shown in part only; and what stands before `..` may be a link, behind which a browser looks for another file.
    let mut parts = path.split(['/', '\\']).skip_while(|part| matches!(*part, "." | ".." | ""));
    let is_plain = !path.contains(char::REPLACEMENT_CHARACTER) && !parts.any(|part| part == "..");
    let is_file = location.member.is_none() && path != "-" && !path.contains("://") && is_plain;
    (is_file && report.mask.apply(path) == path).then_some(path)
}

/// The command that cuts a rule from a failure that no rule knows; `None` where one does, or no log shows it, or where the name of the log
/// would not be that of the file: what is masked or escaped names none.
pub(super) fn new_rule(report: &Report<'_>, diagnosis: &Diagnosis) -> Option<String> {
    let incident = &diagnosis.incident;
    if incident.symptom.is_some() {
        return None;
    }
    let has_log = |location: &Location| {
        let attempts = incident.attempts.iter().filter_map(|&at| report.attempts.get(at));
        attempts.into_iter().any(|attempt| {
            attempt.has_log() && attempt.path() == *location.path && attempt.member().as_deref() == location.member.as_deref()
        })
    };
    let example = diagnosis.examples.iter().find(|example| example.location.line > 0 && has_log(&example.location))?;
    let place = place(&example.location);
    let is_true = report.mask.apply(&place) == place && !place.chars().any(|c| is_active(c) || c == char::REPLACEMENT_CHARACTER);
    is_true.then(|| format!("dagnosis rules new --from {}", shell_quoted(&place)))
}

/// What says why the command stands there.
pub(super) const NEW_RULE: &str = "no rule knows this failure; to have one that does, begin with";

/// One word for a shell.
fn shell_quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=+,@%-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The name of an attempt's log, or of an attempt without one with the export that knows of it.
pub(super) fn log_name(attempt: AttemptRef<'_>) -> String {
    if !attempt.has_log() {
        return format!("{} (no log; known from {})", attempt.name(), attempt.path());
    }
    named(&attempt.path(), attempt.member().as_deref())
}

/// When and where an attempt was last seen alive: there the end of its process may be looked for. To stand behind the log's name.
pub(super) fn last_seen(attempt: AttemptRef<'_>) -> String {
    let time = attempt.ended().map(|ended| format!(" last line at {ended}"));
    let host = attempt.host().map(|host| format!(" on {host}"));
    if time.is_none() && host.is_none() { String::new() } else { format!(":{}{}", time.unwrap_or_default(), host.unwrap_or_default()) }
}

/// What provoked the others: the attempt with its log, or the log alone where it is no attempt.
pub(super) fn root(attempt: AttemptRef<'_>) -> String {
    let log = log_name(attempt);
    if attempt.has_log() && attempt.is_task() && attempt.task_id().is_some() { format!("{} ({log})", attempt.name()) } else { log }
}

/// The name of the input that a problem is about.
pub(super) fn problem_name(problem: &Problem) -> String {
    named(&problem.path, problem.member.as_deref())
}

fn named(path: &str, member: Option<&str>) -> String {
    match member {
        Some(member) => format!("{path}!{member}"),
        None => path.to_owned(),
    }
}

/// What an incident touches: the name for one value, the name for several, the values. Kinds without values are left out.
pub(super) fn scope(scope: &Scope) -> Vec<(&'static str, &'static str, &[String])> {
    let all: [(&str, &str, &[String]); 5] = [
        ("host", "hosts", &scope.hosts),
        ("endpoint", "endpoints", &scope.endpoints),
        ("DAG", "DAGs", &scope.dags),
        ("task", "tasks", &scope.tasks),
        ("operator", "operators", &scope.operators),
    ];
    // A task's name has its DAG in it.
    let told = |name: &str| name != "DAG" || scope.tasks.is_empty();
    all.into_iter().filter(|(name, _, values)| !values.is_empty() && told(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_place_is_one_word_of_a_shell() {
        assert_eq!(shell_quoted("logs/a=b/1.log:3"), "logs/a=b/1.log:3");
        assert_eq!(shell_quoted("a b/it's $x.gz!m:3"), r"'a b/it'\''s $x.gz!m:3'");
    }

    #[test]
    fn the_day_is_said_once() {
        let at = Timestamp(1_795_244_280_000_000);
        assert_eq!(span_of_time(at, at + Span::seconds(20)), "2026-11-21 06:58 UTC");
        assert_eq!(span_of_time(at, at + Span::seconds(1080)), "2026-11-21 06:58 to 07:16 UTC");
        assert_eq!(span_of_time(at, at + Span::seconds(86_400)), "2026-11-21 06:58 to 2026-11-22 06:58 UTC");
    }
}
