//! Finds in one pass over raw bytes which symptoms they could show at all, and whether anything else stands in them that is worth reading.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::literals::{required, written_forms};
use super::{Symptom, SymptomIx};
use crate::record::Signs;

/// The most memory that the fast form of the search may take; above it the compact form is used, which needs half as many bytes per rule
/// and twice the time.
const AUTOMATON_BYTES_MAX: usize = 64 << 20;

/// Of a longer literal only the beginning is searched for: more of it would hardly tell more, and costs memory and time to make ready.
const LITERAL_BYTES_MAX: usize = 32;

/// One search for the required literals of all symptoms and for the signs of what no rule asks for.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    search: Option<AhoCorasick>,
    /// The length of the longest literal.
    longest: usize,
    /// By the number of a literal.
    owners: Vec<Owners>,
    /// Symptoms without a required literal: every record is a candidate.
    always: Vec<SymptomIx>,
    /// How many symptoms there are.
    symptoms: usize,
}

/// What a literal is searched for.
#[derive(Debug, Default)]
struct Owners {
    /// The symptoms that require it.
    symptoms: Vec<SymptomIx>,
    /// What it is a sign of.
    signs: Signs,
}

impl Prefilter {
    /// Builds it for symptoms in their final order.
    ///
    /// # Errors
    /// When there are more literals than the search can number; the message is for the user.
    pub(crate) fn new(symptoms: &[Symptom]) -> Result<Self, String> {
        let mut literals: BTreeMap<Vec<u8>, Owners> = BTreeMap::new();
        let mut always = Vec::new();
        for (index, symptom) in symptoms.iter().enumerate() {
            let Some(condition) = &symptom.record else { continue };
            let Some(texts) = required(condition) else {
                always.push(index);
                continue;
            };
            for mut form in texts.iter().flat_map(|text| written_forms(text)) {
                form.truncate(LITERAL_BYTES_MAX);
                let owners = &mut literals.entry(form).or_default().symptoms;
                if owners.last() != Some(&index) {
                    owners.push(index);
                }
            }
        }
        for (text, signs) in Signs::literals() {
            literals.entry(text.as_bytes().to_vec()).or_default().signs.add(signs);
        }
        let (texts, owners): (Vec<Vec<u8>>, Vec<Owners>) = literals.into_iter().unzip();
        let search = build(&texts).map_err(|error| format!("too many literals in the rules: {error}"))?;
        let longest = texts.iter().map(Vec::len).max().unwrap_or_default();
        Ok(Self { search: Some(search), longest, owners, always, symptoms: symptoms.len() })
    }

    /// Fills `found` with the symptoms that the bytes could show, each once, in order. Gives the signs of everything else.
    pub(crate) fn look(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) -> Signs {
        // Beyond this many finds, doubles are thrown out at once: a large buffer may hold one literal a million times.
        const FINDS_MAX: usize = 4096;
        found.clear();
        found.extend_from_slice(&self.always);
        let Some(search) = &self.search else { return Signs::ALL };
        // Most bytes hold none of the literals, and to find that out takes half the time that it takes to find all.
        let mut signs = Signs::default();
        let Some(first) = search.find(bytes) else { return signs };
        let from = first.end().saturating_sub(self.longest);
        // Literals of different rules may overlap or hold each other, and each of them counts.
        for find in search.find_overlapping_iter(Input::new(bytes).range(from..)) {
            if found.len() > FINDS_MAX.max(4 * self.symptoms) {
                found.sort_unstable();
                found.dedup();
            }
            if let Some(owners) = self.owners.get(find.pattern().as_usize()) {
                found.extend_from_slice(&owners.symptoms);
                signs.add(owners.signs);
            }
        }
        found.sort_unstable();
        found.dedup();
        signs
    }

    /// Whether a symptom has no required literal.
    pub(crate) fn is_open(&self, symptom: SymptomIx) -> bool {
        self.always.binary_search(&symptom).is_ok()
    }
}

fn build(texts: &[Vec<u8>]) -> Result<AhoCorasick, aho_corasick::BuildError> {
    let builder = |kind: Option<AhoCorasickKind>| AhoCorasick::builder().match_kind(MatchKind::Standard).kind(kind).build(texts);
    // The fast form has for each state a row of as many entries as there are different bytes, rounded up. To find out by making it what it
    // takes would itself take the time and the memory.
    let states: usize = texts.iter().map(Vec::len).sum();
    let different = texts.iter().flatten().collect::<std::collections::BTreeSet<_>>().len() + 1;
    if states.saturating_mul(different.next_power_of_two() * size_of::<u32>()) <= AUTOMATON_BYTES_MAX {
        return builder(Some(AhoCorasickKind::DFA)).or_else(|_| builder(None));
    }
    builder(None)
}
