//! Finds in one pass over raw bytes which symptoms they could show at all, and whether anything else stands in them that is worth reading.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::literals::{required, written_forms};
use super::needed::Text;
use super::sieve::Sieve;
use super::{Symptom, SymptomIx};
use crate::record::Signs;

/// Beyond this many finds in one record doubles are thrown out at once.
const FINDS_MAX: usize = 4096;

/// Of a longer literal only the beginning is searched for: more of it would hardly tell more.
const LITERAL_BYTES_MAX: usize = 64;

/// Two searches for the required literals of all symptoms and for the signs of what no rule asks for.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    /// For a whole log: the rarest literals of each symptom alone, and the signs.
    rarest: Option<Sieve>,
    /// By the number of one of its texts: whether a symptom requires it, and what it is a sign of.
    rarest_owners: Vec<(bool, Signs)>,
    /// For a record in which one of these stands: all literals.
    all: Option<Sieve>,
    /// By the number of a literal.
    owners: Vec<Owners>,
    /// How many lists of literals each symptom requires; none where it has to be tried on every record.
    lists: Vec<u8>,
    /// Symptoms without a required literal: every record is a candidate.
    always: Vec<SymptomIx>,
}

/// What a literal is searched for.
#[derive(Debug, Default)]
struct Owners {
    /// The symptoms that require it, with the number of the list in which it stands.
    symptoms: Vec<(SymptomIx, u8)>,
    /// What it is a sign of.
    signs: Signs,
}

impl Prefilter {
    /// Builds it for symptoms in their final order.
    pub(crate) fn new(symptoms: &[Symptom]) -> Self {
        let mut literals: BTreeMap<Text, Owners> = BTreeMap::new();
        let mut always = Vec::new();
        let mut lists = vec![0; symptoms.len()];
        for (index, symptom) in symptoms.iter().enumerate() {
            let Some(condition) = &symptom.record else { continue };
            let required = required(condition);
            if required.is_empty() {
                always.push(index);
            }
            for (texts, list) in required.iter().zip(0..) {
                for mut form in texts.iter().flat_map(written_forms) {
                    form.truncate(LITERAL_BYTES_MAX);
                    let owners = &mut literals.entry(form).or_default().symptoms;
                    if owners.last() != Some(&(index, list)) {
                        owners.push((index, list));
                    }
                }
                lists[index] = list + 1;
            }
        }
        for (text, signs) in Signs::literals() {
            literals.entry(Text::exact(text.as_bytes())).or_default().signs.add(signs);
        }
        let of_symptom = |owners: &Owners| owners.symptoms.iter().any(|(_, list)| *list == 0);
        let (rarest, rarest_owners) = literals
            .iter()
            .filter(|(_, owners)| owners.signs.any() || of_symptom(owners))
            .map(|(text, owners)| (text.clone(), (of_symptom(owners), owners.signs)))
            .unzip();
        let (texts, owners): (Vec<Text>, Vec<Owners>) = literals.into_iter().unzip();
        Self { rarest: Some(Sieve::new(rarest)), rarest_owners, all: Some(Sieve::new(texts)), owners, lists, always }
    }

    /// One that finds nothing out: every record could show every symptom, and everything else may stand in it.
    pub(crate) fn open(symptoms: &[Symptom]) -> Self {
        let of_records = symptoms.iter().enumerate().filter(|(_, symptom)| symptom.record.is_some());
        Self { always: of_records.map(|(index, _)| index).collect(), ..Self::default() }
    }

    /// Where the first literal stands in `bytes[from..]` by which a symptom or a sign is found, or one of the first: a literal that begins a few
    /// bytes before it may stand there too, in the same line. Where a symptom has no literal, that is at once. Literals that only tell of an endpoint
    /// are no such finds; those that stand before one, and perhaps in its line, are added to `endpoints`, nearly in their order.
    pub(crate) fn find(&self, bytes: &[u8], from: usize, endpoints: &mut Vec<usize>) -> Option<usize> {
        let Some(search) = self.rarest.as_ref().filter(|_| self.always.is_empty()) else { return Some(from) };
        let found = search.each(bytes, from, |text, at| {
            if self.rarest_owners.get(text).is_some_and(|owners| *owners == (false, Signs::ENDPOINT)) {
                endpoints.push(at);
                return ControlFlow::Continue(());
            }
            ControlFlow::Break(at)
        });
        match found {
            ControlFlow::Break(at) => Some(at),
            ControlFlow::Continue(()) => None,
        }
    }

    /// What whole logs are searched for.
    pub(crate) fn texts(&self) -> &[Text] {
        self.rarest.as_ref().map_or(&[], Sieve::texts)
    }

    /// The length of the longest literal, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.rarest.as_ref().map_or(0, Sieve::longest)
    }

    /// Fills `found` with the symptoms that the bytes could show, each once, in order. Gives the signs of everything else.
    pub(crate) fn look(&self, bytes: &[u8], found: &mut Vec<SymptomIx>) -> Signs {
        found.clear();
        found.extend_from_slice(&self.always);
        let (Some(rarest), Some(search)) = (&self.rarest, &self.all) else { return Signs::ALL };
        // Most records worth reading hold signs alone.
        let (mut any_symptom, mut signs) = (false, Signs::default());
        let _: ControlFlow<()> = rarest.each(bytes, 0, |text, _| {
            if let Some((of_symptom, of_text)) = self.rarest_owners.get(text) {
                any_symptom |= of_symptom;
                signs.add(*of_text);
            }
            ControlFlow::Continue(())
        });
        if !any_symptom {
            return signs;
        }
        let mut seen: Vec<(SymptomIx, u8)> = Vec::new();
        // Literals of different rules may overlap or hold each other, and each of them counts.
        let _: ControlFlow<()> = search.each(bytes, 0, |text, _| {
            // A large record may hold one literal a million times.
            if seen.len() > FINDS_MAX.max(8 * self.lists.len()) {
                seen.sort_unstable();
                seen.dedup();
            }
            if let Some(owners) = self.owners.get(text) {
                seen.extend_from_slice(&owners.symptoms);
            }
            ControlFlow::Continue(())
        });
        seen.sort_unstable();
        seen.dedup();
        let of_one = seen.chunk_by(|(symptom, _), (other, _)| symptom == other);
        let whole = |lists: &&[(SymptomIx, u8)]| lists.first().is_some_and(|(symptom, _)| usize::from(self.lists[*symptom]) == lists.len());
        found.extend(of_one.filter(whole).filter_map(|lists| lists.first()).map(|(symptom, _)| *symptom));
        found.sort_unstable();
        signs
    }

    /// Whether a symptom has no required literal.
    pub(crate) fn is_open(&self, symptom: SymptomIx) -> bool {
        self.always.binary_search(&symptom).is_ok()
    }
}
