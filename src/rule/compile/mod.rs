//! From conditions as they are written to what is asked of records and attempts. What is asked of one record amid what is asked of the
//! whole attempt becomes a part: an unnamed symptom that the attempt's condition refers to. What names what does not exist, or
//! could never hold, is a fault with its place.

mod attempt;
mod form;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

pub(super) use attempt::attempt;
pub(super) use form::{Asks, asks};
pub(super) use record::record;

use super::condition::Condition;
use super::fault::{FAULTS_MAX, Fault, suggestion};
use super::node::Node;
use super::pattern::{Pattern, Patterns};
use super::{CauseIx, SymptomIx};

/// What ids stand for. A rule that is switched off, or a draft, is known without having an index.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) symptoms: BTreeMap<String, Option<SymptomIx>>,
    pub(super) causes: BTreeMap<String, Option<CauseIx>>,
    /// Ids of symptoms of whole attempts.
    pub(super) of_attempts: BTreeSet<String>,
}

/// Where faults of one file go, and what conditions leave behind.
pub(super) struct Context<'a> {
    pub(super) file: usize,
    pub(super) text: &'a str,
    pub(super) names: &'a Names,
    pub(super) faults: &'a mut Vec<Fault>,
    /// The index of the first part.
    pub(super) first_part: SymptomIx,
    /// What conditions of whole attempts ask of single records.
    pub(super) parts: &'a mut Vec<Condition>,
    /// All expressions read so far.
    pub(super) patterns: &'a mut Patterns,
}

impl Context<'_> {
    /// Whether as many faults are known as are told.
    fn is_full(&self) -> bool {
        self.faults.len() >= FAULTS_MAX
    }

    /// Notes a fault, unless there are enough.
    pub(super) fn fault(&mut self, lint: &'static str, span: &Range<usize>, says: impl Into<String>, remedy: impl Into<String>) {
        if self.is_full() {
            return;
        }
        self.faults.push(Fault { lint, file: self.file, span: span.clone(), says: says.into(), remedy: remedy.into() });
    }

    /// The index of a symptom that is referred to; `None` after noting a dead reference, or for one that is switched off.
    pub(super) fn symptom(&mut self, id: &str, at: &Node) -> Option<SymptomIx> {
        let names = self.names;
        if let Some(index) = names.symptoms.get(id) {
            return *index;
        }
        if self.is_full() {
            return None;
        }
        if names.causes.contains_key(id) {
            self.fault(
                "dead-reference",
                &at.span,
                format!("`{id}` is a cause, not a symptom"),
                "a cause goes into `causes`; here an id of a symptom is expected",
            );
        } else {
            self.fault(
                "dead-reference",
                &at.span,
                format!("there is no symptom `{id}`"),
                suggestion(id, names.symptoms.keys().map(String::as_str)),
            );
        }
        None
    }

    /// The index of a cause that is referred to.
    pub(super) fn cause(&mut self, id: &str, at: &Node) -> Option<CauseIx> {
        let names = self.names;
        if let Some(index) = names.causes.get(id) {
            return *index;
        }
        if self.is_full() {
            return None;
        }
        if names.symptoms.contains_key(id) {
            self.fault(
                "dead-reference",
                &at.span,
                format!("`{id}` is a symptom, not a cause"),
                "list the ids of what may cause this symptom",
            );
        } else {
            self.fault(
                "dead-reference",
                &at.span,
                format!("there is no cause `{id}`"),
                suggestion(id, names.causes.keys().map(String::as_str)),
            );
        }
        None
    }

    /// Reads an expression, noting what is wrong with it at its place in the file.
    pub(super) fn regex(&mut self, expression: &str, at: &Node) -> Option<Arc<Pattern>> {
        match self.patterns.get(expression) {
            Ok(pattern) => Some(pattern),
            Err(bad) => {
                let span = at.inside(self.text, &bad.span);
                self.fault(bad.lint, &span, bad.says, bad.remedy);
                None
            }
        }
    }

    /// The index of a new part.
    fn part(&mut self, condition: Condition) -> SymptomIx {
        self.parts.push(condition);
        self.first_part + self.parts.len() - 1
    }
}
