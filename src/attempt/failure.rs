//! The one failure of an attempt: which record ended it, which symptom stands for it, and the facts of the call that failed.

use std::collections::BTreeSet;

use crate::record::{Bound, Bounded, Call, Chain, Connection, Endpoint, Facts, Frame, Level, Outcome, Timeout};
use crate::rule::{RuleSet, SymptomIx};
use crate::scan::{Ending, FailureRecord, Match, Observation, is_trouble};
use crate::source::Kind;
use crate::time::{Span, Timestamp};

use super::{Attempt, Failure, Location, Role};

/// How many of the task's own frames name an unrecognised failure.
const FRAMES_MAX: usize = 3;

/// Categories whose failures have an endpoint, so that the last one mentioned before the failure is a fair guess.
const CATEGORIES_WITH_ENDPOINT: [&str; 8] = ["network", "timeout", "tls", "http", "auth", "database", "broker", "dns"];

/// The failure of an attempt, or of an excerpt; `None` for what did not fail.
pub(super) fn failure_of(attempt: &Attempt, log: &Observation, rules: &RuleSet, has_tasks: bool) -> Option<Failure> {
    if attempt.copy_of.is_some() {
        return None;
    }
    let failed = match attempt.kind {
        Kind::Task => match attempt.outcome {
            Outcome::Unknown => shows_failure(log, rules),
            // Skipped from outside, while it ran: a run's timeout, say. A task that skips itself ends without a word of this kind.
            Outcome::Skipped => log.matches.iter().any(|found| rules.symptoms[found.symptom].fatal_anywhere),
            // By Airflow's books it succeeded; only what has weighed the whole attempt may say otherwise, as of work that was cut off.
            Outcome::Success => attempt.symptoms.iter().any(|shown| ends_whole(shown.symptom, rules)),
            outcome => outcome.is_failure(),
        },
        // Without task logs beside it, a component's log is an excerpt like any other. Beside them, what it knows is joined to
        // the attempts, and its own troubles do not end attempts. A file whose name says nothing was picked by someone for what it holds.
        Kind::Scheduler | Kind::Worker | Kind::Triggerer | Kind::Webserver | Kind::Kernel => {
            (!has_tasks || log.is_excerpt) && shows_failure(log, rules)
        }
        // What befell it befell the task that waited for it, if the log of that was read.
        Kind::Trigger => !has_tasks && shows_failure(log, rules),
        Kind::DagProcessor | Kind::Other => attempt.outcome.is_failure() || shows_failure(log, rules),
    };
    if !failed {
        return None;
    }
    let record = fatal_record(log, attempt.kind == Kind::Task && !log.is_excerpt);
    let shown = candidates(log, record, attempt, rules);
    let symptom = shown.first().copied();
    let found = symptom.and_then(|symptom| {
        let of_symptom = || log.matches.iter().filter(|found| found.symptom == symptom && found.line >= log.last_begin);
        of_symptom().find(|found| record.is_some_and(|record| record.line == found.line)).or_else(|| of_symptom().next_back())
    });
    let inner = found.zip(record).and_then(|(found, record)| inner_record(log, record, found, rules));
    // A verdict says less than the exception that the program printed before it.
    let printed = inner.filter(|inner| found.is_some_and(|found| found.line > inner.last_line));
    let record = inner.or(record);
    let chain = record.map(|record| record.chain.clone()).unwrap_or_default();
    let mut facts = found.map(|found| found.facts.clone()).unwrap_or_default();
    for other in log.matches.iter().filter(|other| record.is_some_and(|record| record.line == other.line) && shown.contains(&other.symptom))
    {
        facts.fill(&other.facts);
    }
    let time = found.and_then(|found| found.time).or_else(|| record.and_then(|record| record.time)).or(attempt.ended);
    // Where the failure's place in time is known only roughly (a kill, a silence), so is the call.
    let failing = record.filter(|record| found.is_none_or(|found| found.line >= record.line));
    let in_code = Call::endpoint_in_code(&chain);
    let mut named = record.and_then(|record| record.call.endpoint.clone());
    if let (Some(named), Some(in_code)) = (&mut named, &in_code) {
        named.complete_address(in_code);
    }
    let [named, in_code] = [named, in_code].map(|endpoint| endpoint.as_ref().map(Endpoint::key));
    let endpoint = endpoint_of(&facts, named, in_code, attempt, symptom, rules, time);
    let before = Before::of(endpoint.as_deref(), attempt, time, failing.and_then(|record| record.since_before));
    let mut call = call_of(failing, found, &facts, &before);
    let running_for = time.zip(attempt.started).map(|(end, start)| end - start);
    // Since the attempt began nothing had been logged: the pause before the failure is the call, or all that came before it, and no silence of a connection in use.
    let since_start = running_for.zip(failing.and_then(|record| record.since_before)).map(|(running, since)| Span(running.0 - since.0));
    if before.idle.is_none() && since_start.is_some_and(|since| since < FIRST_LINE_WITHIN) {
        call.silence = call.silence.filter(|silence| silence.bound == Bound::Exact);
    }
    let (line, excerpt) = match (printed, found, record) {
        (Some(printed), ..) => (printed.at_line, printed.excerpt.clone()),
        (None, Some(found), _) => (found.at_line, found.excerpt.clone()),
        (None, None, Some(record)) => (record.at_line, record.excerpt.clone()),
        (None, None, None) => (log.lines.max(1), log.last_words.to_string()),
    };
    Some(Failure {
        symptom,
        line,
        elsewhere: None,
        time,
        excerpt,
        frames: own_frames(&chain),
        endpoint,
        call,
        running_for,
        chain: chain.exceptions,
        facts,
        shown,
    })
}

/// The failure of an attempt that waited for a trigger which failed, as the trigger's log tells it.
pub(super) fn failure_of_trigger(attempt: &Attempt, log: &Observation, trigger: &Observation, rules: &RuleSet) -> Option<Failure> {
    let failure = failure_of(attempt, trigger, rules, true)?;
    let place = Location { path: trigger.source.path.clone(), member: trigger.source.member.clone(), line: failure.line };
    Some(Failure { line: last_line(log), elsewhere: Some(Box::new(place)), ..failure })
}

/// The line of a log at which counts what stands in another: its last one, where a reader looks first.
pub(super) fn last_line(log: &Observation) -> u32 {
    if log.only_ends { 1 } else { log.lines.max(1) }
}

/// Whether it is a symptom of whole attempts that ends an attempt.
fn ends_whole(symptom: SymptomIx, rules: &RuleSet) -> bool {
    let symptom = &rules.symptoms[symptom];
    symptom.attempt.is_some() && symptom.fatal_anywhere && !symptom.causes.is_empty()
}

/// Whether a log of unknown outcome shows a failure: the record of one, or a symptom that is more than a passing warning.
fn shows_failure(log: &Observation, rules: &RuleSet) -> bool {
    let grave = |found: &Match| may_end(found.symptom, rules);
    let excerpt = log.source.kind != Kind::Task || log.is_excerpt;
    // What a logger wrote as information may be about anything; where no level is given, the words alone must do.
    let serious = |found: &Match| {
        found.level.is_none_or(|level| level >= Level::Warning) || log.failures.iter().any(|failure| failure.line == found.line)
    };
    let ended = |found: &Match| rules.symptoms[found.symptom].fatal_anywhere;
    log.failures.iter().any(|failure| failure.fatal)
        || log.ending == Ending::Killed
        || log.matches.iter().any(|found| grave(found) && (ended(found) || (excerpt && serious(found))))
        || (excerpt && log.failures.iter().any(|failure| is_trouble(failure.level) || failure.level.is_none()))
}

/// Whether a symptom may stand for what ended an attempt: somebody says why it happens, and that it is more than a warning.
fn may_end(symptom: SymptomIx, rules: &RuleSet) -> bool {
    let symptom = &rules.symptoms[symptom];
    !symptom.incidental && !symptom.causes.is_empty() && (symptom.roles.is_empty() || symptom.roles.contains(&Role::Fatal))
}

/// The record that ended the attempt: the first that Airflow itself wrote about it (it prints each failure twice), with the exceptions.
/// In an excerpt, the last exception.
fn fatal_record(log: &Observation, is_task: bool) -> Option<&FailureRecord> {
    let last = || log.failures.iter().filter(|failure| failure.line >= log.last_begin);
    let fatal = || last().filter(|failure| failure.fatal);
    let whole = fatal().find(|failure| !failure.chain.exceptions.is_empty()).or_else(|| fatal().next());
    whole.or_else(|| {
        if is_task && log.ending != Ending::Silent {
            None
        } else {
            last().rev().find(|failure| is_trouble(failure.level) || failure.level.is_none())
        }
    })
}

/// Where the record that ended an attempt only says that something inside failed: the exception that the program printed before it.
fn inner_record<'a>(log: &'a Observation, record: &FailureRecord, found: &Match, rules: &RuleSet) -> Option<&'a FailureRecord> {
    let before = || log.failures.iter().rev().filter(|failure| failure.line >= log.last_begin && failure.last_line < record.line);
    if found.line < record.line && !rules.symptoms[found.symptom].verdict {
        return before().find(|failure| (failure.line..=failure.last_line).contains(&found.line));
    }
    let near = |failure: &&FailureRecord| !failure.fatal && failure.last_line + INSIDE_LINES >= record.line && !failure.excerpt.is_empty();
    before().find(near).filter(|_| rules.symptoms[found.symptom].verdict)
}

/// The symptoms that may stand for the failure, the best first.
fn candidates(log: &Observation, record: Option<&FailureRecord>, attempt: &Attempt, rules: &RuleSet) -> Vec<SymptomIx> {
    let grave = |symptom: SymptomIx| may_end(symptom, rules);
    // What ended it: the symptoms of the fatal record (both prints of it), and those that end an attempt wherever they stand.
    let ended = |found: &&Match| {
        grave(found.symptom)
            && (found.fatal || record.is_some_and(|record| record.line == found.line) || rules.symptoms[found.symptom].fatal_anywhere)
    };
    // What stands in an earlier execution of the same attempt did not end it.
    let matches = || log.matches.iter().filter(|found| found.line >= log.last_begin);
    let mut fatal: Vec<&Match> = matches().filter(ended).collect();
    // Printed twice, the first print counts; within a record what stands first is nearest to the root.
    fatal.sort_by_key(|found| (found.line, found.at));
    let mut chosen = order(fatal.iter().map(|found| found.symptom), rules);
    let from_elsewhere = attempt
        .symptoms
        .iter()
        .filter(|shown| rules.symptoms[shown.symptom].fatal_anywhere && grave(shown.symptom))
        .map(|shown| shown.symptom);
    let only_verdicts = chosen.iter().all(|symptom| rules.symptoms[*symptom].verdict);
    if only_verdicts {
        // The record says only that something inside failed: what stands before it may say what, the nearest first.
        let end = record.map_or(u32::MAX, |record| record.line);
        let near = |found: &Match| end == u32::MAX || found.line + INSIDE_LINES >= end || is_trouble(found.level);
        let inside = |found: &&Match| found.line <= end && near(found) && grave(found.symptom) && !rules.symptoms[found.symptom].verdict;
        let before = matches().rev().filter(inside);
        let mut inside = order(before.map(|found| found.symptom), rules);
        inside.truncate(INSIDE_MAX);
        // What stands at a record was looked at with the records.
        let has_record = |symptom: SymptomIx| log.matches.iter().any(|found| found.symptom == symptom);
        let composed = attempt
            .symptoms
            .iter()
            .filter(|shown| rules.symptoms[shown.symptom].attempt.is_some() && grave(shown.symptom) && !has_record(shown.symptom))
            .map(|shown| shown.symptom);
        let mut verdicts = std::mem::take(&mut chosen);
        if verdicts.is_empty() {
            // Neither an exception nor a kill: what an excerpt says of a failure is all there is.
            verdicts = matches().rev().filter(|found| grave(found.symptom)).map(|found| found.symptom).collect();
        }
        chosen = order(inside.into_iter().chain(verdicts).chain(from_elsewhere).chain(composed), rules);
    } else {
        chosen = order(chosen.into_iter().chain(from_elsewhere), rules);
    }
    chosen
}

/// How many lines before a verdict the output of what failed inside is looked for; errors count wherever they stand.
const INSIDE_LINES: u32 = 60;

/// How many symptoms from before a verdict are taken for its inside.
const INSIDE_MAX: usize = 3;

/// Removes repetitions and what a more specific symptom hides; verdicts go behind what says more.
fn order(symptoms: impl Iterator<Item = SymptomIx>, rules: &RuleSet) -> Vec<SymptomIx> {
    let mut seen = BTreeSet::new();
    let all: Vec<SymptomIx> = symptoms.filter(|symptom| seen.insert(*symptom)).collect();
    let hidden = |symptom: SymptomIx| all.iter().any(|other| *other != symptom && rules.symptoms[*other].specific_over.contains(&symptom));
    let mut left: Vec<SymptomIx> = all.iter().copied().filter(|symptom| !hidden(*symptom)).collect();
    left.sort_by_key(|symptom| rules.symptoms[*symptom].verdict);
    left
}

/// The endpoint of the failing call: what the failure's own text names, or else what stands in the source where the call began,
/// or else the one that was mentioned last before it.
fn endpoint_of(
    facts: &Facts,
    named: Option<String>,
    in_code: Option<String>,
    attempt: &Attempt,
    symptom: Option<SymptomIx>,
    rules: &RuleSet,
    time: Option<Timestamp>,
) -> Option<String> {
    if let Some(endpoint) = facts.endpoint() {
        // A rule may have caught the host alone.
        return named.filter(|named| named.strip_prefix(&endpoint).is_some_and(|port| port.starts_with(':'))).or(Some(endpoint));
    }
    if named.is_some() {
        return named;
    }
    if !has_endpoint(symptom, rules) {
        return None;
    }
    if in_code.is_some() {
        return in_code;
    }
    let before = attempt.endpoints.iter().filter(|(_, used)| time.is_none() || used.first.is_none_or(|first| Some(first) <= time));
    // A URL tells more than the connection it was made from.
    before.max_by_key(|(name, used)| (!name.starts_with("connection "), used.last)).map(|(name, _)| name.to_string())
}

/// Whether failures of a symptom are failures of a call to somewhere.
pub(super) fn has_endpoint(symptom: Option<SymptomIx>, rules: &RuleSet) -> bool {
    symptom.is_some_and(|symptom| CATEGORIES_WITH_ENDPOINT.contains(&rules.symptoms[symptom].category.as_str()))
}

/// The call that failed: what its record tells, or where there is none the line that shows the symptom; completed by what a rule caught
/// and by what the log tells of its endpoint before.
fn call_of(record: Option<&FailureRecord>, found: Option<&Match>, facts: &Facts, before: &Before) -> Call {
    let mut call = match (record, found) {
        (Some(record), _) => record.call.clone(),
        (None, Some(found)) => Call::of_text(&found.excerpt),
        (None, None) => Call::default(),
    };
    call.method = call.method.take().or_else(|| facts.method.clone());
    let kind = call.timeout.and_then(|timeout| timeout.kind);
    if let (None, Some(limit)) = (call.timeout.and_then(|timeout| timeout.limit), facts.timeout) {
        call.timeout = Some(Timeout { limit: Some(limit), kind });
    }
    call.connection = call.connection.map(|connection| match connection {
        Connection::Session if before.answered => Connection::Reused,
        connection => connection,
    });
    let since = record.and_then(|record| record.since_before);
    if before.announced {
        // What the call itself took is no silence before it.
        call.silence = call.silence.filter(|silence| since != Some(silence.span));
        if let Some(elapsed) = call.elapsed.as_mut().filter(|elapsed| elapsed.bound == Bound::AtMost && since == Some(elapsed.span)) {
            elapsed.bound = Bound::Exact;
        }
    }
    call.idle = record.and(before.idle);
    call
}

/// Within this time of its start an attempt has logged no more than that it starts.
const FIRST_LINE_WITHIN: Span = Span::seconds(1);

/// What the log tells of the failing call's endpoint before the call.
struct Before {
    /// It answered earlier in this attempt.
    answered: bool,
    /// The line before the failure announces the call, so that the silence after it was the call itself.
    announced: bool,
    /// How long it had not been heard of when the call began.
    idle: Option<Bounded>,
}

impl Before {
    fn of(endpoint: Option<&str>, attempt: &Attempt, time: Option<Timestamp>, elapsed: Option<Span>) -> Self {
        let used = endpoint.and_then(|endpoint| attempt.endpoints.get(endpoint));
        let (Some(used), Some(time)) = (used, time) else { return Self { answered: false, announced: false, idle: None } };
        let line_before = time + Span(-elapsed.unwrap_or_default().0);
        let earlier = |at: Timestamp| at + EARLIER_USE_MIN <= line_before;
        let announced = used.last.is_some_and(|last| last >= line_before) && used.answered != used.last;
        // Between two lines there may have been uses that were not logged: a silence is a bound, unless both of its ends were.
        let idle = if announced {
            let to_line = |from: Timestamp, bound| Bounded { span: line_before - from, bound };
            used.answered.map(|at| to_line(at, Bound::Exact))
        } else {
            used.answered.or(used.last).map(|at| Bounded { span: time - at, bound: Bound::AtMost })
        };
        Self {
            idle: idle.filter(|idle| idle.span.0 >= 0),
            answered: used.answered.is_some_and(|at| at <= line_before) || (used.count > 1 && used.first.is_some_and(earlier)),
            announced,
        }
    }
}

/// How long before the line that announces a call a mention of its endpoint counts as an earlier use.
const EARLIER_USE_MIN: Span = Span::seconds(1);

/// The innermost frames of code that is neither Python's, nor Airflow's, nor a library's. Where a traceback breaks off, those that are left.
fn own_frames(chain: &Chain) -> Vec<String> {
    let own = |frames: &[Frame]| -> Vec<String> {
        let frames = frames.iter().filter(|frame| frame.is_application());
        frames.map(|frame| format!("{}:{}", frame.file.rsplit('/').next().unwrap_or_default(), frame.function)).collect()
    };
    let raised = chain.exceptions.iter().rev().map(|exception| own(&exception.frames)).find(|frames| !frames.is_empty());
    let mut frames = raised.unwrap_or_else(|| own(&chain.unfinished));
    frames.split_off(frames.len().saturating_sub(FRAMES_MAX))
}

/// Says of each symptom what it did to the attempt, and takes out those whose rules want another part in it.
pub(super) fn give_roles(attempt: &mut Attempt, log: &Observation, rules: &RuleSet) {
    if let Some(failure) = &attempt.failure {
        let end = failure.line;
        let record = log.failures.iter().map(|record| record.line..=record.last_line).find(|lines| lines.contains(&end));
        let in_record = |line: u32| record.as_ref().map_or(line == end, |lines| lines.contains(&line));
        for shown in &mut attempt.symptoms {
            let stands_for_it = failure.shown.contains(&shown.symptom);
            let at_end = if stands_for_it { shown.line >= end } else { in_record(shown.line) && has_roles(shown.symptom, rules) };
            shown.role = if at_end {
                Role::Fatal
            } else if stands_for_it || shown.line >= end.saturating_sub(NEAR_LINES) {
                Role::Contributing
            } else {
                Role::Incidental
            };
        }
    }
    attempt.symptoms.retain(|shown| {
        let roles = rules.symptoms.get(shown.symptom).map_or(&[][..], |symptom| &symptom.roles);
        roles.is_empty() || roles.contains(&shown.role)
    });
}

/// Whether a rule asks for a part in the attempt: then standing in the record that ended it is one, whether or not it explains the end.
fn has_roles(symptom: SymptomIx, rules: &RuleSet) -> bool {
    rules.symptoms.get(symptom).is_some_and(|symptom| !symptom.roles.is_empty())
}

/// How many lines before its failure a symptom counts as leading to it.
const NEAR_LINES: u32 = 50;
