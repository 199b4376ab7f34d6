//! The shape of the JSON report, `dagnosis.report/1`: one struct per object, fields in the order of the contract. The same shape
//! stands in `report-1.schema.json`; a change of either is a change of the contract.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

/// Text that may have been masked.
pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Debug, Serialize)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Window {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Totals {
    pub(super) files: u64,
    pub(super) logs: u64,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) attempts: u64,
    pub(super) failed: u64,
    pub(super) up_for_retry: u64,
    pub(super) succeeded: u64,
    pub(super) skipped: u64,
    pub(super) recovered: u64,
    pub(super) unfinished: u64,
    pub(super) unknown: u64,
}

/// What a quick run has left out.
#[derive(Debug, Serialize)]
pub(super) struct Quick {
    pub(super) logs: u64,
    pub(super) bytes_not_read: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Incident<'a> {
    pub(super) id: &'a str,
    pub(super) title: Text<'a>,
    pub(super) summary: Text<'a>,
    pub(super) severity: &'static str,
    pub(super) category: &'a str,
    pub(super) symptom: Option<&'a str>,
    /// New, recurring or regressed: known only where earlier runs are.
    pub(super) status: Option<&'static str>,
    pub(super) history: Option<Past<'a>>,
    pub(super) owner: &'static str,
    pub(super) owners: Vec<OwnerShare>,
    pub(super) retry: Retry<'a>,
    pub(super) urgency: Urgency<'a>,
    pub(super) first_step: FirstStep<'a>,
    pub(super) confidence: &'static str,
    pub(super) decide_by: Option<Check<'a>>,
    pub(super) first_seen: Option<String>,
    pub(super) last_seen: Option<String>,
    pub(super) scope: Scope<'a>,
    pub(super) patterns: Vec<Pattern<'a>>,
    pub(super) causes: Vec<Cause<'a>>,
    pub(super) something_else: f64,
    pub(super) root: Option<usize>,
    pub(super) attempt_count: usize,
    pub(super) attempts: Vec<usize>,
    pub(super) examples: Vec<Example<'a>>,
    /// The command that cuts a rule from a failure that none knows.
    pub(super) new_rule: Option<String>,
}

/// An entry of the settings that ignores incidents.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    pub(super) file: Text<'a>,
    pub(super) line: usize,
    pub(super) reason: Text<'a>,
    pub(super) owner: Option<Text<'a>>,
    pub(super) expires: Option<String>,
}

/// The file of settings, with the entries of it that ignore nothing.
#[derive(Debug, Serialize)]
pub(super) struct Settings<'a> {
    pub(super) file: Text<'a>,
    pub(super) unused: Vec<Entry<'a>>,
    pub(super) expired: Vec<Entry<'a>>,
}

/// The earlier report, and how many incidents are in which.
#[derive(Debug, Serialize)]
pub(super) struct Baseline<'a> {
    pub(super) file: Text<'a>,
    pub(super) new: usize,
    pub(super) known: usize,
    pub(super) gone: usize,
}

/// An incident over all nights.
#[derive(Debug, Serialize)]
pub(super) struct Past<'a> {
    pub(super) id: &'a str,
    pub(super) first_seen: Option<String>,
    pub(super) last_seen: Option<String>,
    pub(super) nights: u64,
    pub(super) occurrences: u64,
    pub(super) new_occurrences: u64,
}

/// What the state tells of the run.
#[derive(Debug, Serialize)]
pub(super) struct History<'a> {
    pub(super) file: Text<'a>,
    pub(super) run: i64,
    pub(super) last_run: Option<String>,
    pub(super) told_again: Vec<String>,
    pub(super) files_known: u64,
    pub(super) bytes_not_read: u64,
    pub(super) new: usize,
    pub(super) regressed: usize,
    pub(super) recurring: usize,
    pub(super) resolved: Vec<Resolved<'a>>,
}

/// An incident that is resolved since the last run.
#[derive(Debug, Serialize)]
pub(super) struct Resolved<'a> {
    pub(super) id: &'a str,
    pub(super) title: Text<'a>,
    pub(super) last_seen: Option<String>,
    pub(super) because: &'static str,
}

/// An incident that is ignored.
#[derive(Debug, Serialize)]
pub(super) struct Ignored<'a> {
    pub(super) id: &'a str,
    pub(super) title: Text<'a>,
    pub(super) summary: Text<'a>,
    pub(super) severity: &'static str,
    pub(super) category: &'a str,
    pub(super) symptom: Option<&'a str>,
    pub(super) cause: Option<&'a str>,
    pub(super) first_seen: Option<String>,
    pub(super) last_seen: Option<String>,
    pub(super) attempt_count: usize,
    pub(super) attempts: Vec<usize>,
    pub(super) entry: Option<Entry<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct OwnerShare {
    pub(super) owner: &'static str,
    pub(super) probability: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Retry<'a> {
    pub(super) helps: &'static str,
    pub(super) basis: &'static str,
    pub(super) safe: &'static str,
    pub(super) says: Text<'a>,
    pub(super) policy: Option<Text<'a>>,
    pub(super) policy_needs: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Urgency<'a> {
    pub(super) when: &'static str,
    pub(super) says: Text<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct FirstStep<'a> {
    pub(super) kind: &'static str,
    pub(super) says: Text<'a>,
    pub(super) run: Option<Text<'a>>,
}

/// What to look at, and the command for it: `decide_by`.
#[derive(Debug, Serialize)]
pub(super) struct Check<'a> {
    pub(super) says: Text<'a>,
    pub(super) run: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Scope<'a> {
    pub(super) hosts: Vec<Text<'a>>,
    pub(super) endpoints: Vec<Text<'a>>,
    pub(super) dags: Vec<Text<'a>>,
    pub(super) tasks: Vec<Text<'a>>,
    pub(super) operators: Vec<Text<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Pattern<'a> {
    pub(super) kind: &'static str,
    pub(super) says: Text<'a>,
    pub(super) numbers: BTreeMap<&'a str, serde_json::Number>,
    pub(super) locations: Vec<Location<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Location<'a> {
    pub(super) path: Text<'a>,
    pub(super) member: Option<Text<'a>>,
    pub(super) line: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Cause<'a> {
    pub(super) id: &'a str,
    pub(super) title: Text<'a>,
    pub(super) probability: f64,
    pub(super) evidence: Vec<Evidence<'a>>,
    pub(super) confirm: Vec<Confirm<'a>>,
    pub(super) fixes: Vec<Fix<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Evidence<'a> {
    pub(super) says: Text<'a>,
    pub(super) weight: &'static str,
    #[serde(rename = "for")]
    pub(super) supports: bool,
    pub(super) locations: Vec<Location<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Confirm<'a> {
    pub(super) say: Text<'a>,
    pub(super) run: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fix<'a> {
    pub(super) say: Text<'a>,
    pub(super) snippet: Option<Text<'a>>,
    pub(super) retry_safe: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Example<'a> {
    pub(super) path: Text<'a>,
    pub(super) member: Option<Text<'a>>,
    pub(super) line: u32,
    pub(super) excerpt: Text<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Attempt<'a> {
    pub(super) path: Text<'a>,
    pub(super) member: Option<Text<'a>>,
    pub(super) kind: &'static str,
    pub(super) dag_id: Option<Text<'a>>,
    pub(super) run_id: Option<Text<'a>>,
    pub(super) task_id: Option<Text<'a>>,
    pub(super) map_index: Option<i32>,
    pub(super) try_number: Option<u32>,
    pub(super) host: Option<Text<'a>>,
    pub(super) operator: Option<Text<'a>>,
    pub(super) queue: Option<Text<'a>>,
    pub(super) pool: Option<Text<'a>>,
    pub(super) started: Option<String>,
    pub(super) ended: Option<String>,
    pub(super) outcome: &'static str,
    pub(super) outcome_because: Text<'a>,
    pub(super) ending: &'static str,
    pub(super) symptoms: Vec<Symptom<'a>>,
    pub(super) call: Option<Call<'a>>,
    pub(super) causes: Vec<Share<'a>>,
    pub(super) incident: Option<usize>,
    /// The incident that is ignored.
    pub(super) ignored: Option<usize>,
}

/// What is known of the call that failed.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) endpoint: Option<Text<'a>>,
    pub(super) host: Option<Text<'a>>,
    pub(super) port: Option<u16>,
    pub(super) path: Option<Text<'a>>,
    pub(super) method: Option<Text<'a>>,
    pub(super) library: Option<&'static str>,
    pub(super) phase: Option<&'static str>,
    pub(super) connection: Option<&'static str>,
    pub(super) timeout: Option<Timeout>,
    pub(super) elapsed: Option<Bounded>,
    pub(super) retries: Option<Retries>,
    pub(super) bytes: Option<Bytes>,
    pub(super) idle_since_use: Option<Bounded>,
    pub(super) idle_since_line: Option<Bounded>,
}

#[derive(Debug, Serialize)]
pub(super) struct Timeout {
    pub(super) seconds: Option<f64>,
    pub(super) limits: Option<&'static str>,
}

/// A length of time and what it is worth.
#[derive(Debug, Serialize)]
pub(super) struct Bounded {
    pub(super) seconds: f64,
    pub(super) bound: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Retries {
    pub(super) seen: u32,
    pub(super) left: Option<u32>,
    pub(super) configured: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) received: Option<u64>,
    pub(super) expected: Option<u64>,
    pub(super) sent: Option<u64>,
    pub(super) limit: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Symptom<'a> {
    pub(super) id: &'a str,
    pub(super) line: u32,
    pub(super) role: &'static str,
}

/// A cause of one attempt.
#[derive(Debug, Serialize)]
pub(super) struct Share<'a> {
    pub(super) id: &'a str,
    pub(super) probability: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Problem<'a> {
    pub(super) path: Text<'a>,
    pub(super) member: Option<Text<'a>>,
    pub(super) kind: &'static str,
    pub(super) says: Text<'a>,
}
