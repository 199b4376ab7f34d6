//! The failures that weights are fitted to: which causes each may have, and which of them are right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dagnosis::attempt::{AttemptRef, Attempts, join};
use dagnosis::correlate::{Correlated, correlate};
use dagnosis::diagnose::{Suspects, suspects};
use dagnosis::record::Dialects;
use dagnosis::rule::RuleSet;
use dagnosis::scan;
use dagnosis::source::{self, Source};

use super::worlds::faults::Kind;
use super::worlds::world::Noise;
use super::worlds::{Made, Plan};

/// The first seed of the worlds: tests and tables begin at 0.
const SEED: u64 = 1_000_000;

/// Failures of which the truth is known.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) judged: Vec<Judged>,
}

/// Failures that are weighed alike.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) suspects: std::rc::Rc<Suspects>,
    /// Which kind of the incident; `None`: the incident as a whole.
    pub(crate) kind: Option<usize>,
    pub(crate) right: BTreeSet<String>,
    pub(crate) count: usize,
}

impl Set {
    /// How many failures it has.
    pub(crate) fn size(&self) -> f64 {
        self.judged.iter().map(|judged| judged.count as f64).sum()
    }
}

/// The causes that are right, by label.
type Labels = BTreeMap<String, BTreeSet<String>>;

/// Reads what the command line names.
pub(crate) fn read(arguments: &[String], rules: &RuleSet) -> Result<Vec<Set>, String> {
    let usage = || "usage: fit_weights LABELS.yaml [--worlds N] (LOGS | CASES.jsonl)...".to_owned();
    let (labels, mut rest) = arguments.split_first().ok_or_else(usage)?;
    let labels: Labels = serde_yaml::from_str(&text(Path::new(labels))?).map_err(|error| format!("{labels}: {error}"))?;
    let mut sets = Vec::new();
    if let [flag, number, others @ ..] = rest
        && flag == "--worlds"
    {
        sets.push(worlds(number.parse().map_err(|_| usage())?, rules));
        rest = others;
    }
    for path in rest {
        let path = Path::new(path);
        sets.push(if path.is_dir() { logs(path, &labels, rules)? } else { cases(path, &labels, rules)? });
    }
    if sets.is_empty() { Err(usage()) } else { Ok(sets) }
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn lines(path: &Path) -> Result<Vec<serde_json::Value>, String> {
    let parse = |line: &str| serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display()));
    text(path)?.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

/// The suspects of the failures of a table whose causes are known.
fn judged(attempts: &Attempts, rules: &RuleSet, right: impl Fn(usize, AttemptRef<'_>) -> Option<BTreeSet<String>>) -> Vec<Judged> {
    let Correlated { table, incidents } = correlate(attempts, rules);
    let mut all = Vec::new();
    for incident in incidents {
        let suspects = std::rc::Rc::new(suspects(&incident, attempts, rules, &table));
        let mut alike: BTreeMap<(Option<usize>, BTreeSet<String>), usize> = BTreeMap::new();
        for row in &incident.attempts {
            let Some(right) = right(*row, attempts.at(*row)) else { continue };
            let kind = suspects.kinds.iter().position(|(rows, _)| rows.contains(row));
            *alike.entry((kind, right)).or_default() += 1;
        }
        all.extend(alike.into_iter().map(|((kind, right), count)| Judged { suspects: suspects.clone(), kind, right, count }));
    }
    all
}

fn logs(folder: &Path, labels: &Labels, rules: &RuleSet) -> Result<Set, String> {
    let mut truth: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines(&folder.join("truth.jsonl"))? {
        let field = |name: &str| line.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        if let Some(right) = labels.get(&field("cause")).filter(|right| !right.contains("none")) {
            truth.insert(folder.join(field("path")).display().to_string(), right.clone());
        }
    }
    let inputs = source::discover(&[folder.display().to_string()]).map_err(|error| error.to_string())?.inputs;
    let attempts = join(scan::scan(inputs, rules, &scan::Options::default()).observations, &[], rules);
    let judged = judged(&attempts, rules, |_, attempt| truth.get(&*attempt.path()).cloned());
    Ok(Set { name: folder.display().to_string(), judged })
}

fn cases(path: &Path, labels: &Labels, rules: &RuleSet) -> Result<Set, String> {
    let mut all = Vec::new();
    for line in lines(path)? {
        let field = |name: &str| line.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        // Of some logs it is known that nobody could tell the cause by them.
        let told = field("log_sufficient") != "no";
        let Some(right) = labels.get(field("cause_label")).filter(|right| !right.contains("none") && told) else { continue };
        let mut log = field("log").as_bytes();
        let source = Source::named(&format!("{}.log", field("id")), None);
        let observed = scan::observe(source, &mut log, rules, &Dialects::default());
        let attempts = join(observed.observations, &[], rules);
        // Of several failures in one text the first is what it was posted for.
        let first = (0..attempts.len()).find(|row| attempts.at(*row).failure().is_some());
        all.extend(judged(&attempts, rules, |row, _| Some(right.clone()).filter(|_| Some(row) == first)));
    }
    Ok(Set { name: path.display().to_string(), judged: all })
}

/// One incident of each fault of so many worlds of each noise, the one that holds most of the fault's attempts.
fn worlds(count: u64, rules: &RuleSet) -> Set {
    let mut all = Vec::new();
    for nth in 0..count {
        for noise in Noise::ALL {
            let fault = Kind::ALL[(nth % Kind::ALL.len() as u64) as usize];
            let made = Made::of_plan(&Plan::one(SEED + nth, Some(fault), noise), rules);
            let attempts = Attempts::from(&made.attempts[..]);
            let Correlated { table, incidents } = correlate(&attempts, rules);
            let held = |rows: &[usize]| rows.iter().filter(|row| made.truth[**row] == Some(0)).count();
            let Some(main) = incidents.iter().max_by_key(|incident| (held(&incident.attempts), std::cmp::Reverse(incident.attempts[0])))
            else {
                continue;
            };
            let right = made.faults[0].accepted.iter().map(|id| (*id).to_owned()).collect();
            let suspects = std::rc::Rc::new(suspects(main, &attempts, rules, &table));
            all.push(Judged { suspects, kind: None, right, count: 1 });
        }
    }
    Set { name: "simulated worlds".to_owned(), judged: all }
}
