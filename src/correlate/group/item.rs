//! One failure with what it is grouped by.

use std::borrow::Cow;

use crate::attempt::{Attempt, Failure};
use crate::record::Phase;
use crate::rule::{CauseIx, RetryHelps, RuleSet};
use crate::source::TaskInstance;
use crate::time::Timestamp;

use super::unrecognised_key;

/// A failure with what it is grouped by.
#[derive(Debug)]
pub(in crate::correlate) struct Item<'a> {
    pub(in crate::correlate) row: usize,
    pub(in crate::correlate) attempt: &'a Attempt,
    pub(in crate::correlate) failure: &'a Failure,
    /// The symptom's family, or what an unrecognised failure is grouped by.
    pub(in crate::correlate) family: Cow<'a, str>,
    pub(in crate::correlate) transport: Transport,
    /// How far what it is about reaches.
    pub(super) reach: Reach,
    /// The first cause of its symptom's list.
    pub(super) likeliest: Option<CauseIx>,
    pub(in crate::correlate) time: Option<Timestamp>,
}

/// How a failure depends on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::correlate) enum Transport {
    /// Closes, resets, timeouts, refusals, 5xx: the parts of one outage may look like any of them, and an outage has an end.
    Passing,
    /// Certificates, credentials, bad requests, code: the same until somebody mends it.
    Standing,
}

/// How far the likeliest cause of a failure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The call, the task, the server that was called.
    Call,
    /// All that runs on the worker host: what it runs out of, what kills its processes.
    Host,
    /// All that is installed on the workers: packages, DAG files, settings.
    Environment,
    /// All of the installation: scheduler, database, broker, name resolution.
    Everything,
}

/// What failures are compared by when shares are counted: those that could be taken for each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::correlate) enum Class<'a> {
    /// Names that could not be resolved.
    Resolving,
    /// Any other trouble on the way to a server or in it.
    Passing,
    /// All else, by family.
    Family(&'a str),
}

/// Categories of symptoms whose trouble passes by nature.
const PASSING: [&str; 2] = ["network", "timeout"];

/// Categories of symptoms whose trouble passes where it is a server's or the network's, and waiting helps.
const MAY_PASS: [&str; 4] = ["database", "broker", "http", "kubernetes"];

/// Layers of causes that lie beyond the worker.
const BEYOND: [&str; 2] = ["server", "network"];

/// Categories of symptoms that are about the installation, where the likeliest cause is Airflow's.
const INSTALLATION: [&str; 6] = ["airflow", "lifecycle", "broker", "database", "process", "kubernetes"];

/// Categories of symptoms that are about what is installed, where the likeliest cause is the platform's.
const INSTALLED: [&str; 3] = ["code", "config", "airflow"];

impl<'a> Item<'a> {
    pub(super) fn new(row: usize, attempt: &'a Attempt, rules: &'a RuleSet) -> Option<Self> {
        let failure: &Failure = attempt.failure.as_ref()?;
        let symptom = failure.symptom.map(|symptom| &rules.symptoms[symptom]);
        let category = symptom.map_or("", |symptom| symptom.category.as_str());
        let first = failure.symptom.and_then(|symptom| rules.symptoms[symptom].causes.first().copied());
        let likeliest = first.map(|cause| &rules.causes[cause]);
        let layer = likeliest.map_or("", |cause| cause.layer.as_str());
        let busy = failure.facts.status.is_some_and(|status| status >= 500 || status == 429 || status == 408);
        let beyond = BEYOND.contains(&layer) && likeliest.is_some_and(|cause| cause.retry.helps != RetryHelps::Permanent);
        let passing = busy || PASSING.contains(&category) || MAY_PASS.contains(&category) && beyond;
        let reach = match layer {
            // A name that does not exist is that name's trouble; a resolver that does not answer is everybody's.
            _ if failure.call.phase == Some(Phase::Resolve) => {
                if likeliest.is_some_and(|cause| cause.retry.helps == RetryHelps::Permanent) { Reach::Call } else { Reach::Everything }
            }
            "platform" if INSTALLED.contains(&category) => Reach::Environment,
            "airflow" if failure.endpoint.is_none() && INSTALLATION.contains(&category) => Reach::Everything,
            "platform" => Reach::Host,
            _ if category == "resource" => Reach::Host,
            _ => Reach::Call,
        };
        Some(Self {
            row,
            attempt,
            failure,
            family: symptom.map_or_else(|| unrecognised_key(failure).into(), |symptom| symptom.family.as_str().into()),
            transport: if passing { Transport::Passing } else { Transport::Standing },
            reach,
            likeliest: first,
            time: failure.time,
        })
    }

    /// What it is compared with.
    pub(in crate::correlate) fn class(&self) -> Class<'_> {
        match self.transport {
            _ if self.failure.call.phase == Some(Phase::Resolve) => Class::Resolving,
            Transport::Passing => Class::Passing,
            Transport::Standing => Class::Family(&self.family),
        }
    }

    /// What decides between failures of one instant: whose they are, not where they stand in the table, so that its order means nothing.
    pub(in crate::correlate) fn name(&self) -> (&'a TaskInstance, &'a str, Option<&'a str>) {
        name_of(self.attempt)
    }

    /// `dag.task`.
    pub(in crate::correlate) fn task(&self) -> Option<String> {
        self.key().map(|(dag, task)| format!("{dag}.{task}"))
    }

    /// DAG and task.
    pub(in crate::correlate) fn key(&self) -> Option<(&'a str, &'a str)> {
        self.attempt.task.dag_id.as_deref().zip(self.attempt.task.task_id.as_deref())
    }
}

/// Whose an attempt is, and its log.
pub(in crate::correlate) fn name_of(attempt: &Attempt) -> (&TaskInstance, &str, Option<&str>) {
    (&attempt.task, &attempt.path, attempt.member.as_deref())
}
