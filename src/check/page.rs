//! What is said of a rule to a reader, in blocks that know nothing of the format they are written in.

use crate::report::{Mask, retry_words};
use crate::rule::{Cause, CauseIx, Confirm, Evidence, Fix, RuleSet, Symptom, SymptomIx, Weight};

/// How many examples a page shows.
const EXAMPLES_SHOWN: usize = 3;

/// A rule that a page is about or refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleRef {
    Symptom(SymptomIx),
    Cause(CauseIx),
}

impl RuleRef {
    /// Its id; empty for an index that no rule has.
    pub(super) fn id(self, rules: &RuleSet) -> &str {
        let id = match self {
            Self::Symptom(index) => rules.symptoms.get(index).map(|symptom| &symptom.id),
            Self::Cause(index) => rules.causes.get(index).map(|cause| &cause.id),
        };
        id.map_or("", String::as_str)
    }
}

/// The page of one rule.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) of: RuleRef,
    pub(super) id: String,
    pub(super) title: String,
    /// What sort of rule it is, in a few words.
    pub(super) about: String,
    pub(super) blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Debug)]
pub(super) enum Block {
    Heading(&'static str),
    /// A paragraph, or a point of a list.
    Words(Mark, Vec<Span>),
    /// Lines as they are: of a log, a command, code. It belongs to the point before it, if there is one.
    Lines(Sort, String),
}

/// What stands before words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Point,
    Number(usize),
    /// How much a piece of evidence says, and whether for or against.
    Weight(Weight, bool),
    /// Goes on with the point before it.
    Below,
}

/// What lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Log,
    Command,
    Code,
}

/// A piece of running text.
#[derive(Debug)]
pub(super) enum Span {
    Text(String),
    /// The id of a rule, with the way to its page.
    Rule(RuleRef),
}

/// The page of a symptom.
pub(super) fn of_symptom(rules: &RuleSet, index: SymptomIx, symptom: &Symptom) -> Page {
    let mut page = Blocks::default();
    if !symptom.aliases.is_empty() {
        page.words(format!("Former ids: {}.", symptom.aliases.join(", ")));
    }
    if symptom.verdict {
        page.words("It says only that something failed inside; why is looked for in the other lines of the attempt.");
    }
    if symptom.incidental {
        page.words("An attempt usually survives it: it is evidence, never the failure.");
    }
    if symptom.fatal_anywhere {
        page.words("It ends the attempt even where no exception does.");
    }
    if !symptom.roles.is_empty() {
        let roles: Vec<&str> = symptom.roles.iter().map(|role| role.name()).collect();
        page.words(format!("It counts only where it is {} for its attempt.", roles.join(" or ")));
    }
    page.heading("What it looks like");
    if symptom.attempt.is_some() {
        page.words("It is seen in the whole attempt, not in one line: how its log ends, or what comes together in it.");
    }
    // Examples are cut from logs.
    let mask = Mask::default();
    for example in symptom.examples.matching.iter().take(EXAMPLES_SHOWN) {
        page.lines(Sort::Log, &mask.apply(example));
    }
    if !symptom.causes.is_empty() {
        page.heading("What may cause it, most plausible first");
    }
    let causes = symptom.causes.iter().filter_map(|index| Some((*index, rules.causes.get(*index)?)));
    for (number, (index, cause)) in causes.enumerate() {
        let owner = format!(", mended by {})", words_of(cause.owner.name()));
        let title = Span::Text(format!("{} (", cause.title.trim_end_matches('.')));
        page.spans(Mark::Number(number + 1), vec![title, Span::Rule(RuleRef::Cause(index)), Span::Text(owner)]);
        page.spans(Mark::Below, vec![Span::Text(cause.what.clone())]);
    }
    // Of a catch-all that says it all: nearly every symptom hides it.
    let is_generic = |other: &SymptomIx| rules.symptoms.get(*other).is_some_and(|other| other.generic);
    let hides: Vec<SymptomIx> = symptom.specific_over.iter().copied().filter(|other| symptom.generic || !is_generic(other)).collect();
    let hidden_by = rules.named().iter().enumerate().filter(|(_, other)| !symptom.generic && other.specific_over.contains(&index));
    let hidden_by: Vec<SymptomIx> = hidden_by.map(|(other, _)| other).collect();
    if !hides.is_empty() || !hidden_by.is_empty() || symptom.generic {
        page.heading("On the same record");
    }
    if symptom.generic {
        page.spans(Mark::Point, vec![Span::Text("it is hidden by every symptom that says more".to_owned())]);
    }
    for (lead, others) in [("it hides ", &hides), ("it is hidden by ", &hidden_by)] {
        if !others.is_empty() {
            page.spans(Mark::Point, list(lead, others.iter().copied().map(RuleRef::Symptom)));
        }
    }
    let evidence_for: Vec<RuleRef> = rules
        .causes
        .iter()
        .enumerate()
        .filter(|(at, cause)| !symptom.causes.contains(at) && cause.evidence.iter().any(|evidence| names(evidence, &symptom.id)))
        .map(|(at, _)| RuleRef::Cause(at))
        .collect();
    if !evidence_for.is_empty() {
        page.heading("It is looked at for or against");
        page.spans(Mark::None, list("", evidence_for));
    }
    if let Some(source) = &symptom.source {
        page.heading("Where that is known from");
        page.words(source);
    }
    let about = format!("symptom {}: {}, {} severity", symptom.id, symptom.category, symptom.severity.name());
    Page { of: RuleRef::Symptom(index), id: symptom.id.clone(), title: symptom.title.clone(), about, blocks: page.0 }
}

/// The page of a cause.
pub(super) fn of_cause(rules: &RuleSet, index: CauseIx, cause: &Cause) -> Page {
    let mut page = Blocks::default();
    page.words(&cause.what);
    if cause.undetermined {
        page.words("It says only that nothing points to a cause, so a report calls it unknown.");
    }
    let shows = rules.symptoms.iter().enumerate().filter(|(_, symptom)| symptom.causes.contains(&index));
    let shows: Vec<RuleRef> = shows.map(|(at, _)| RuleRef::Symptom(at)).collect();
    if !shows.is_empty() {
        page.heading("It shows itself as");
        page.spans(Mark::None, list("", shows));
    }
    if !cause.produces.is_empty() {
        page.heading("It provokes in its neighbours");
        page.spans(Mark::None, list("", cause.produces.iter().copied().map(RuleRef::Symptom)));
    }
    for (supports, title) in [(true, "What speaks for it"), (false, "What speaks against it")] {
        let mut evidence: Vec<&Evidence> = cause.evidence.iter().filter(|evidence| evidence.supports == supports).collect();
        evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.weight));
        if !evidence.is_empty() {
            page.heading(title);
        }
        for evidence in evidence {
            page.spans(Mark::Weight(evidence.weight, supports), vec![Span::Text(filled(&evidence.says))]);
        }
    }
    if !cause.confirm.is_empty() {
        page.heading("How to make sure");
    }
    for Confirm { say, run } in &cause.confirm {
        page.spans(Mark::Point, vec![Span::Text(say.clone())]);
        run.iter().for_each(|run| page.lines(Sort::Command, run));
    }
    if !cause.fixes.is_empty() {
        page.heading("What to do, in this order");
    }
    for (number, Fix { say, snippet, retry_safe }) in cause.fixes.iter().enumerate() {
        page.spans(Mark::Number(number + 1), vec![Span::Text(say.clone())]);
        snippet.iter().for_each(|snippet| page.lines(Sort::Code, snippet));
        if let Some(retry_safe) = retry_safe {
            page.spans(Mark::Below, vec![Span::Text(format!("Trying again is safe: {retry_safe}"))]);
        }
    }
    page.heading("Does trying again help?");
    page.words(format!("It {} {}", retry_words(cause.retry.helps, cause.retry.safe), cause.retry.says));
    if !cause.references.is_empty() {
        page.heading("Further reading");
    }
    for reference in &cause.references {
        page.spans(Mark::Point, vec![Span::Text(reference.clone())]);
    }
    let about = format!("cause {}: in the layer {}, mended by {}", cause.id, cause.layer, words_of(cause.owner.name()));
    Page { of: RuleRef::Cause(index), id: cause.id.clone(), title: cause.title.clone(), about, blocks: page.0 }
}

/// Whether a piece of evidence asks for a symptom.
fn names(evidence: &Evidence, id: &str) -> bool {
    let nearby = evidence.when.preceded_by.iter().flat_map(|nearby| &nearby.symptoms);
    evidence.when.symptom.iter().flatten().chain(evidence.when.among.iter().flatten()).chain(nearby).any(|named| named == id)
}

/// `a, b, c` behind a lead.
fn list(lead: &str, rules: impl IntoIterator<Item = RuleRef>) -> Vec<Span> {
    let mut spans = vec![Span::Text(lead.to_owned())];
    for (at, rule) in rules.into_iter().enumerate() {
        if at > 0 {
            spans.push(Span::Text(", ".to_owned()));
        }
        spans.push(Span::Rule(rule));
    }
    spans
}

/// `dag_author` as words.
fn words_of(name: &str) -> String {
    name.replace('_', " ")
}

/// The sentence of an evidence without its numbers: what an incident fills in stands in angle brackets.
fn filled(says: &str) -> String {
    says.replace("{n}", "N").replace("{total}", "M").replace('{', "<").replace('}', ">")
}

/// The blocks of a page while it is put together.
#[derive(Default)]
struct Blocks(Vec<Block>);

impl Blocks {
    fn heading(&mut self, title: &'static str) {
        self.0.push(Block::Heading(title));
    }

    fn words(&mut self, words: impl Into<String>) {
        self.spans(Mark::None, vec![Span::Text(words.into())]);
    }

    fn spans(&mut self, mark: Mark, spans: Vec<Span>) {
        self.0.push(Block::Words(mark, spans));
    }

    fn lines(&mut self, sort: Sort, text: &str) {
        self.0.push(Block::Lines(sort, text.trim_end().to_owned()));
    }
}
