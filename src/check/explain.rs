//! `explain ID`: a symptom or a cause as a page for a reader.

use std::io::{self, Write};

use crate::error::Error;
use crate::rule::{Cause, CauseIx, Evidence, RuleSet, Symptom, SymptomIx};

/// The width that running text is broken at.
const WIDTH: usize = 100;

/// How many examples a page shows.
const EXAMPLES_SHOWN: usize = 3;

/// Prints the page of a symptom or cause; of both, where they share the id.
///
/// # Errors
/// [`Error::Usage`] for an id that no rule has, with those that come near; [`Error::Output`] when `out` cannot be written.
pub fn explain(rules: &RuleSet, id: &str, out: &mut dyn Write) -> Result<(), Error> {
    let symptom = rules.symptom(id).and_then(|index| Some((index, rules.symptoms.get(index)?)));
    let cause = rules.cause(id).and_then(|index| Some((index, rules.causes.get(index)?)));
    if symptom.is_none() && cause.is_none() {
        return Err(unknown(rules, id));
    }
    if let Some((index, symptom)) = symptom {
        symptom_page(rules, index, symptom, out)?;
    }
    if let Some((index, cause)) = cause {
        if symptom.is_some() {
            writeln!(out)?;
        }
        cause_page(rules, index, cause, out)?;
    }
    Ok(())
}

/// The error for an id that no rule has.
pub(super) fn unknown(rules: &RuleSet, id: &str) -> Error {
    let near: Vec<String> = rules.nearest(id).into_iter().map(|id| format!("`{id}`")).collect();
    let advice = match near.as_slice() {
        [] => "`dagnosis rules list` shows all".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    Error::Usage(format!("no symptom or cause has the id `{id}`; {advice}"))
}

fn symptom_page(rules: &RuleSet, index: SymptomIx, symptom: &Symptom, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", symptom.title)?;
    writeln!(out, "symptom {}: {}, {} severity", symptom.id, symptom.category, symptom.severity.name())?;
    if symptom.verdict {
        text(out, 0, "", "It says only that something failed inside; why is looked for in the other lines of the attempt.")?;
    }
    if symptom.incidental {
        text(out, 0, "", "An attempt usually survives it: it is evidence, never the failure.")?;
    }
    if symptom.fatal_anywhere {
        text(out, 0, "", "It ends the attempt even where no exception does.")?;
    }
    heading(out, "What it looks like")?;
    if symptom.attempt.is_some() {
        text(out, 2, "", "It is seen in the whole attempt, not in one line: how its log ends, or what comes together in it.")?;
    }
    for example in symptom.examples.matching.iter().take(EXAMPLES_SHOWN) {
        example.lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    if !symptom.causes.is_empty() {
        heading(out, "What may cause it, most plausible first")?;
    }
    for cause in symptom.causes.iter().filter_map(|cause| rules.causes.get(*cause)) {
        writeln!(out, "  {} ({}, mended by {})", cause.title, cause.id, cause.owner.name())?;
        text(out, 6, "", &cause.what)?;
    }
    let names = |symptoms: Vec<&Symptom>| symptoms.iter().map(|symptom| symptom.id.as_str()).collect::<Vec<_>>().join(", ");
    let hides = symptom.specific_over.iter().filter_map(|over| rules.symptoms.get(*over)).collect::<Vec<_>>();
    let hidden_by = rules.named().iter().filter(|other| other.specific_over.contains(&index)).collect::<Vec<_>>();
    if !hides.is_empty() || !hidden_by.is_empty() {
        heading(out, "On the same record")?;
    }
    if !hides.is_empty() {
        text(out, 2, "it hides ", &names(hides))?;
    }
    if !hidden_by.is_empty() {
        text(out, 2, "it is hidden by ", &names(hidden_by))?;
    }
    if let Some(source) = &symptom.source {
        heading(out, "Source")?;
        text(out, 2, "", source)?;
    }
    if let Some(cause) = symptom.causes.first().and_then(|cause| rules.causes.get(*cause)) {
        writeln!(out, "\nMore on a cause: dagnosis explain {}", cause.id)?;
    }
    Ok(())
}

fn cause_page(rules: &RuleSet, index: CauseIx, cause: &Cause, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", cause.title)?;
    writeln!(out, "cause {}: in the layer {}, mended by {}", cause.id, cause.layer, cause.owner.name())?;
    writeln!(out)?;
    text(out, 0, "", &cause.what)?;
    let shows: Vec<&str> =
        rules.named().iter().filter(|symptom| symptom.causes.contains(&index)).map(|symptom| symptom.id.as_str()).collect();
    if !shows.is_empty() {
        heading(out, "It shows itself as")?;
        text(out, 2, "", &shows.join(", "))?;
    }
    if !cause.produces.is_empty() {
        let neighbours: Vec<&str> =
            cause.produces.iter().filter_map(|symptom| rules.symptoms.get(*symptom)).map(|symptom| symptom.id.as_str()).collect();
        heading(out, "It provokes in its neighbours")?;
        text(out, 2, "", &neighbours.join(", "))?;
    }
    for (supports, title) in [(true, "What speaks for it"), (false, "What speaks against it")] {
        let mut evidence: Vec<&Evidence> = cause.evidence.iter().filter(|evidence| evidence.supports == supports).collect();
        evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.weight));
        if !evidence.is_empty() {
            heading(out, title)?;
        }
        for evidence in evidence {
            text(out, 12, &format!("{:10}", evidence.weight.name()), &filled(&evidence.says))?;
        }
    }
    if !cause.confirm.is_empty() {
        heading(out, "How to make sure")?;
    }
    for confirm in &cause.confirm {
        text(out, 4, "- ", &confirm.say)?;
        confirm.run.iter().flat_map(|run| run.lines()).try_for_each(|line| writeln!(out, "      {line}"))?;
    }
    if !cause.fixes.is_empty() {
        heading(out, "What to do, in this order")?;
    }
    for (number, fix) in cause.fixes.iter().enumerate() {
        text(out, 5, &format!("{}. ", number + 1), &fix.say)?;
        fix.snippet.iter().flat_map(|snippet| snippet.lines()).try_for_each(|line| writeln!(out, "       {line}"))?;
        if let Some(retry_safe) = &fix.retry_safe {
            text(out, 5, "   retry: ", retry_safe)?;
        }
    }
    heading(out, "Does trying again help?")?;
    text(out, 2, "", &format!("{}, safe: {}. {}", cause.retry.helps.name(), cause.retry.safe.name(), cause.retry.says))?;
    if !cause.references.is_empty() {
        heading(out, "References")?;
        cause.references.iter().try_for_each(|reference| writeln!(out, "  {reference}"))?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, title: &str) -> io::Result<()> {
    writeln!(out, "\n{title}")
}

/// The sentence of an evidence without its numbers: what an incident fills in stands in angle brackets.
fn filled(says: &str) -> String {
    says.replace("{n}", "N").replace("{total}", "M").replace('{', "<").replace('}', ">")
}

/// Writes running text after a lead, its further lines indented.
fn text(out: &mut dyn Write, indent: usize, lead: &str, words: &str) -> io::Result<()> {
    let mut line = format!("{}{lead}", " ".repeat(indent.saturating_sub(lead.chars().count())));
    let mut empty = true;
    for word in words.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}
