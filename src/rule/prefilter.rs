//! Finds in one pass over raw bytes which symptoms they could show at all, and whether anything else stands in them that is worth reading.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::literals::{Text, required, written_forms};
use super::sieve::Sieve;
use super::{Symptom, SymptomIx};
use crate::record::Signs;

/// Of a longer literal only the beginning is searched for: more of it would hardly tell more.
const LITERAL_BYTES_MAX: usize = 64;

/// One search for the required literals of all symptoms and for the signs of what no rule asks for.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    search: Option<Sieve>,
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
    pub(crate) fn new(symptoms: &[Symptom]) -> Self {
        let mut literals: BTreeMap<Text, Owners> = BTreeMap::new();
        let mut always = Vec::new();
        for (index, symptom) in symptoms.iter().enumerate() {
            let Some(condition) = &symptom.record else { continue };
            let Some(texts) = required(condition) else {
                always.push(index);
                continue;
            };
            for mut form in texts.iter().flat_map(written_forms) {
                form.truncate(LITERAL_BYTES_MAX);
                let owners = &mut literals.entry(form).or_default().symptoms;
                if owners.last() != Some(&index) {
                    owners.push(index);
                }
            }
        }
        for (text, signs) in Signs::literals() {
            literals.entry(Text::exact(text.as_bytes())).or_default().signs.add(signs);
        }
        let (texts, owners): (Vec<Text>, Vec<Owners>) = literals.into_iter().unzip();
        Self { search: Some(Sieve::new(texts)), owners, always, symptoms: symptoms.len() }
    }

    /// Where the first literal stands in `bytes[from..]`, or one of the first: a literal that begins a few bytes before it may stand there too,
    /// in the same line. Where a symptom has no literal, that is at once.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let Some(search) = self.search.as_ref().filter(|_| self.always.is_empty()) else { return Some(from) };
        match search.each(bytes, from, |_, at| ControlFlow::Break(at)) {
            ControlFlow::Break(at) => Some(at),
            ControlFlow::Continue(()) => None,
        }
    }

    /// The length of the longest literal, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.search.as_ref().map_or(0, Sieve::longest)
    }

    /// Fills `found` with the symptoms that the bytes could show, each once, in order. Gives the signs of everything else.
    pub(crate) fn look(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) -> Signs {
        // Beyond this many finds, doubles are thrown out at once: a large buffer may hold one literal a million times.
        const FINDS_MAX: usize = 4096;
        found.clear();
        found.extend_from_slice(&self.always);
        let Some(search) = &self.search else { return Signs::ALL };
        let mut signs = Signs::default();
        // Literals of different rules may overlap or hold each other, and each of them counts.
        let _: ControlFlow<()> = search.each(bytes, 0, |text, _| {
            if found.len() > FINDS_MAX.max(4 * self.symptoms) {
                found.sort_unstable();
                found.dedup();
            }
            if let Some(owners) = self.owners.get(text) {
                found.extend_from_slice(&owners.symptoms);
                signs.add(owners.signs);
            }
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found.dedup();
        signs
    }

    /// Whether a symptom has no required literal.
    pub(crate) fn is_open(&self, symptom: SymptomIx) -> bool {
        self.always.binary_search(&symptom).is_ok()
    }
}
