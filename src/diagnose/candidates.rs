//! What may have caused an incident: the causes that its symptoms name, each with how its symptoms rank it and what was found for and against it. No weight is in it yet.

use std::collections::BTreeMap;

use crate::attempt::{Attempts, Failure};
use crate::correlate::{Context, Incident, Table, holds};
use crate::rule::{CauseIx, RuleSet, SymptomIx, When};

use super::weights::Weights;
use super::{EvidenceLine, sentence};

/// The cause that an exception in the task's own code points to, where the rules have it.
const OWN_CODE: &str = "user-code-error";

/// Up to so many kinds of failure in one incident are weighed each for itself; beyond, the incident speaks for all.
const KINDS_MAX: usize = 100;

/// The candidates of an incident.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// Each cause that may be it, in the order of rules.
    pub causes: Vec<Candidate>,
    /// Whether a symptom stands for the incident that says anything of why: that a log just stops does not.
    pub recognised: bool,
    /// Whether any healthy attempt was read.
    pub base_rate: bool,
}

/// One cause that may be it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which.
    pub cause: CauseIx,
    /// How failures rank it: for failures that are alike their places for it, the best of which counts, and their share of the incident.
    pub ranked: Vec<(Vec<Place>, f64)>,
    /// What was found.
    pub evidence: Vec<Found>,
}

/// How a failure's symptoms rank a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the failure's symptoms names it.
    pub by: By,
    /// Its place in that symptom's list, from 0.
    pub nth: u32,
}

/// Which of a failure's symptoms names a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The one that the failure is.
    Main,
    /// Another one beside it.
    Beside,
    /// A verdict beside it.
    Verdict,
}

/// A piece of evidence that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// As it is told.
    pub line: EvidenceLine,
    /// Whether it speaks of how the incident is spread.
    pub of_spread: bool,
}

impl Place {
    /// Its plausibility, on the scale of the first cause of the main symptom's list.
    pub(super) fn plausibility(self, weights: &Weights) -> f64 {
        let share = match self.by {
            By::Main => 1.0,
            By::Beside => weights.beside,
            By::Verdict => weights.verdict,
        };
        share * weights.list_step.powf(f64::from(self.nth))
    }
}

/// What two failures must share to have the same candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Signature<'a> {
    shown: &'a [SymptomIx],
    unrecognised: bool,
    in_own_code: bool,
}

fn signature(failure: &Failure) -> Signature<'_> {
    Signature { shown: &failure.shown, unrecognised: failure.symptom.is_none(), in_own_code: !failure.frames.is_empty() }
}

/// The places of the causes that such a failure may have: of several places of one cause all, for which is the best depends on the weights.
fn places(signature: Signature<'_>, rules: &RuleSet) -> BTreeMap<CauseIx, Vec<Place>> {
    let mut all: BTreeMap<CauseIx, Vec<Place>> = BTreeMap::new();
    for (nth, symptom) in signature.shown.iter().enumerate() {
        let by = match (nth, rules.symptoms[*symptom].verdict) {
            (0, _) => By::Main,
            (_, false) => By::Beside,
            (_, true) => By::Verdict,
        };
        for (nth, cause) in rules.symptoms[*symptom].causes.iter().enumerate() {
            all.entry(*cause).or_default().push(Place { by, nth: nth as u32 });
        }
    }
    if signature.unrecognised
        && signature.in_own_code
        && let Some(own_code) = rules.cause(OWN_CODE)
    {
        all.insert(own_code, vec![Place { by: By::Main, nth: 0 }]);
    }
    all
}

/// What may have caused an incident, and each kind of failure in it.
#[derive(Debug, Clone)]
pub struct Suspects {
    /// The candidates of the incident.
    pub whole: Candidates,
    /// Those of failures that are alike, with their rows, where the incident has several kinds: their own symptoms and what their own records show, and of the
    /// spread what the incident shows. A call that was told "too many requests" is not put down to overload because others that failed with it were.
    pub kinds: Vec<(Vec<usize>, Candidates)>,
}

/// What may have caused an incident of a table.
#[must_use]
pub fn suspects(incident: &Incident, attempts: &Attempts, rules: &RuleSet, table: &Table<'_>) -> Suspects {
    // What a kill provoked is explained by what explains the kill.
    let root = incident.root.map(|root| [root]);
    let explained: &[usize] = root.as_ref().map_or(&incident.attempts, |root| root);
    let says_why = |symptom: Option<SymptomIx>| symptom.is_some_and(|symptom| !rules.symptoms[symptom].is_silence());
    let mut alike: BTreeMap<Signature<'_>, Vec<usize>> = BTreeMap::new();
    for row in explained {
        if let Some(failure) = attempts.at(*row).failure() {
            alike.entry(signature(failure)).or_default().push(*row);
        }
    }
    let mut causes: BTreeMap<CauseIx, Vec<(Vec<Place>, f64)>> = BTreeMap::new();
    for (signature, rows) in &alike {
        // A cause that explains more of the incident's failures is more plausible.
        let share = rows.len() as f64 / explained.len() as f64;
        for (cause, places) in places(*signature, rules) {
            causes.entry(cause).or_default().push((places, share));
        }
    }
    let of_whole = evidence(causes.keys(), rules, &Context::new(rules, table, incident), |_| true);
    let several = incident.root.is_none() && (2..=KINDS_MAX).contains(&alike.len());
    let kind = |(signature, rows): (Signature<'_>, Vec<usize>)| {
        let part = Incident { attempts: rows, ..incident.clone() };
        let own = places(signature, rules);
        let of_part = evidence(own.keys(), rules, &Context::new(rules, table, &part), |when| !when.is_of_spread());
        let candidates = own.into_iter().map(|(cause, places)| {
            let of_spread = of_whole.get(&cause).into_iter().flatten().filter(|found| found.of_spread);
            let of_records = of_part.get(&cause).into_iter().flatten();
            Candidate { cause, ranked: vec![(places, 1.0)], evidence: of_spread.chain(of_records).cloned().collect() }
        });
        let candidates = Candidates {
            causes: candidates.collect(),
            recognised: says_why(signature.shown.first().copied()),
            base_rate: table.has_base_rate(),
        };
        (part.attempts, candidates)
    };
    let kinds = alike.into_iter().filter(|_| several).map(kind).collect();
    let mut of_whole = of_whole;
    let candidates = causes.into_iter().map(|(cause, ranked)| {
        let evidence = of_whole.remove(&cause).unwrap_or_default();
        Candidate { cause, ranked, evidence }
    });
    let whole = Candidates { causes: candidates.collect(), recognised: says_why(incident.symptom), base_rate: table.has_base_rate() };
    Suspects { whole, kinds }
}

/// The evidence of each cause that holds, of that which is wanted.
fn evidence<'c>(
    causes: impl Iterator<Item = &'c CauseIx>,
    rules: &RuleSet,
    context: &Context<'_>,
    wanted: fn(&When) -> bool,
) -> BTreeMap<CauseIx, Vec<Found>> {
    let of_cause = |cause: &CauseIx| {
        let found = rules.causes[*cause].evidence.iter().filter(|rule| wanted(&rule.when)).filter_map(|rule| {
            let verdict = holds(&rule.when, context)?;
            let says = sentence::fill(&rule.says, &verdict.words);
            let line = EvidenceLine { says, weight: rule.weight, supports: rule.supports, locations: verdict.locations };
            Some(Found { line, of_spread: rule.when.is_of_spread() })
        });
        (*cause, found.collect())
    };
    causes.map(of_cause).collect()
}
