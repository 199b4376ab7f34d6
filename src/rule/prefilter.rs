//! Finds in one pass over raw bytes which symptoms they could show at all.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::literals::{required, written_forms};
use super::{Symptom, SymptomIx};

/// The most memory that the fast form of the search may take; above it the compact form is used, which needs half as many bytes per rule
/// and twice the time.
const AUTOMATON_BYTES_MAX: usize = 64 << 20;

/// One search for the required literals of all symptoms.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    search: Option<AhoCorasick>,
    /// By the number of a literal: the symptoms that require it.
    owners: Vec<Vec<SymptomIx>>,
    /// Symptoms without a required literal: every record is a candidate.
    always: Vec<SymptomIx>,
    /// How many symptoms there are.
    symptoms: usize,
}

impl Prefilter {
    /// Builds it for symptoms in their final order.
    ///
    /// # Errors
    /// When there are more literals than the search can number; the message is for the user.
    pub(crate) fn new(symptoms: &[Symptom]) -> Result<Self, String> {
        let mut literals: std::collections::BTreeMap<Vec<u8>, Vec<SymptomIx>> = std::collections::BTreeMap::new();
        let mut always = Vec::new();
        for (index, symptom) in symptoms.iter().enumerate() {
            let Some(condition) = &symptom.record else { continue };
            let Some(texts) = required(condition) else {
                always.push(index);
                continue;
            };
            for form in texts.iter().flat_map(|text| written_forms(text)) {
                let owners = literals.entry(form).or_default();
                if owners.last() != Some(&index) {
                    owners.push(index);
                }
            }
        }
        let (texts, owners): (Vec<Vec<u8>>, Vec<Vec<SymptomIx>>) = literals.into_iter().unzip();
        let search =
            if texts.is_empty() { None } else { Some(build(&texts).map_err(|error| format!("too many literals in the rules: {error}"))?) };
        Ok(Self { search, owners, always, symptoms: symptoms.len() })
    }

    /// Fills `found` with the symptoms that the bytes could show, each once, in order.
    pub(crate) fn candidates(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) {
        // Beyond this many finds, doubles are thrown out at once: a large buffer may hold one literal a million times.
        const FINDS_MAX: usize = 4096;
        found.clear();
        found.extend_from_slice(&self.always);
        // Literals of different rules may overlap or hold each other, and each of them counts.
        for find in self.search.iter().flat_map(|search| search.find_overlapping_iter(bytes)) {
            if found.len() > FINDS_MAX.max(4 * self.symptoms) {
                found.sort_unstable();
                found.dedup();
            }
            found.extend_from_slice(self.owners.get(find.pattern().as_usize()).map(Vec::as_slice).unwrap_or_default());
        }
        found.sort_unstable();
        found.dedup();
    }

    /// Whether a symptom has no required literal.
    pub(crate) fn is_open(&self, symptom: SymptomIx) -> bool {
        self.always.binary_search(&symptom).is_ok()
    }
}

fn build(texts: &[Vec<u8>]) -> Result<AhoCorasick, aho_corasick::BuildError> {
    let builder = |kind: Option<AhoCorasickKind>| AhoCorasick::builder().match_kind(MatchKind::Standard).kind(kind).build(texts);
    match builder(Some(AhoCorasickKind::DFA)) {
        Ok(search) if search.memory_usage() <= AUTOMATON_BYTES_MAX => Ok(search),
        Ok(_) | Err(_) => builder(None),
    }
}
