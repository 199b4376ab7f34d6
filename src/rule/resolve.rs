//! From definitions to rules: ids become indexes, conditions are compiled, sentences and numbers are checked.

use std::ops::Range;

use super::compile::{Asks, Context, Names, asks, attempt, record};
use super::condition::Condition;
use super::fault::{FAULTS_MAX, Fault, Lines, nearest, suggestion};
use super::load::{Definition, Definitions, Section};
use super::node::Node;
use super::pattern::Patterns;
use super::prefilter::Prefilter;
use super::scenario::{Expected, Scenario, ScenarioSource};
use super::schema::{CauseSource, EvidenceSource, SymptomSource};
use super::{Cause, Evidence, Place, RuleFile, RuleSet, Symptom, SymptomIx, Timer};

/// How plausible a cause may be before any evidence.
const PRIOR: std::ops::RangeInclusive<f64> = 0.01..=0.9;

/// The placeholders that an evidence's sentence may hold.
const PLACEHOLDERS: [&str; 17] = [
    "n",
    "total",
    "median",
    "span",
    "host",
    "hosts",
    "endpoint",
    "endpoints",
    "dags",
    "tasks",
    "timer",
    "timeout",
    "other",
    "status",
    "errno",
    "exit_code",
    "value",
];

/// Makes the rules, or gives all faults, those of reading included. Without the files, no rule has a place. `patterns`: what is known of
/// expressions already.
pub(super) fn resolve(all: Definitions, files: &[RuleFile], mut patterns: Patterns) -> Result<RuleSet, Vec<Fault>> {
    let Definitions { symptoms, causes, timers, scenarios, known, mut faults } = all;
    let mut names = Names::default();
    for id in known.get(&Section::Symptoms).into_iter().flatten() {
        names.symptoms.insert(id.clone(), None);
    }
    for id in known.get(&Section::Causes).into_iter().flatten() {
        names.causes.insert(id.clone(), None);
    }
    names.symptoms.extend(symptoms.keys().enumerate().map(|(index, id)| (id.clone(), Some(index))));
    names.causes.extend(causes.keys().enumerate().map(|(index, id)| (id.clone(), Some(index))));
    for (index, (id, definition)) in symptoms.iter().enumerate() {
        let of_attempt = asks(&definition.source.condition) == Asks::Attempt;
        for (number, name) in std::iter::once(id).chain(&definition.source.aliases).enumerate() {
            if of_attempt {
                names.of_attempts.insert(name.clone());
            }
            if number > 0 && names.symptoms.insert(name.clone(), Some(index)).is_some() && faults.len() < FAULTS_MAX {
                let span = definition.node.child("aliases").item(number - 1).span.clone();
                let says = format!("the alias `{name}` is also the id or alias of another symptom");
                faults.push(Fault {
                    lint: "duplicate",
                    file: definition.file,
                    span,
                    says,
                    remedy: "a former id belongs to one symptom; remove it here or there".to_owned(),
                });
            }
        }
    }
    for (index, definition) in causes.values().enumerate() {
        for (number, alias) in definition.source.aliases.iter().enumerate() {
            if names.causes.insert(alias.clone(), Some(index)).is_some() && faults.len() < FAULTS_MAX {
                let span = definition.node.child("aliases").item(number).span.clone();
                let says = format!("the alias `{alias}` is also the id or alias of another cause");
                let remedy = "a former id belongs to one cause; remove it here or there".to_owned();
                faults.push(Fault { lint: "duplicate", file: definition.file, span, says, remedy });
            }
        }
    }
    let text_of = |file: usize| files.get(file).map_or("", |file| file.text.as_str());
    let lines: Vec<Lines> = files.iter().map(|file| Lines::new(&file.text)).collect();
    let place_of = |node: &Node, file: usize| {
        let at = node.entry("id").map_or(node.span.start, |entry| entry.key_span.start);
        let (Some(file), Some(lines)) = (files.get(file), lines.get(file)) else {
            return Place::default();
        };
        lines.place(file, at)
    };
    let mut rules = RuleSet::default();
    let mut parts = Vec::new();
    // What conditions of attempts ask of records stands behind the symptoms that have names.
    let first_part = symptoms.len();
    let mut owners = Vec::new();
    let mut context =
        Context { file: 0, text: "", names: &names, faults: &mut faults, first_part, parts: &mut parts, patterns: &mut patterns };
    for (index, (_, Definition { source, node, file })) in symptoms.into_iter().enumerate() {
        (context.file, context.text) = (file, text_of(file));
        rules.symptoms.push(symptom(source, &node, place_of(&node, file), &mut context));
        owners.resize(context.parts.len(), index);
    }
    for (_, Definition { source, node, file }) in causes {
        (context.file, context.text) = (file, text_of(file));
        rules.causes.push(cause(source, &node, place_of(&node, file), &mut context));
    }
    for (_, Definition { source, node, file }) in timers {
        (context.file, context.text) = (file, text_of(file));
        check_timer(&source, &node, &mut context);
        rules.timers.push(source);
    }
    for (_, Definition { source, node, file }) in scenarios {
        (context.file, context.text) = (file, text_of(file));
        rules.scenarios.push(scenario(source, &node, place_of(&node, file), &mut context));
    }
    // What a file defines that cannot be read is missing everywhere else; that is no fault of those who name it.
    if faults.iter().any(|fault| fault.lint == "yaml") {
        faults.retain(|fault| fault.lint != "dead-reference");
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    rules.named = first_part;
    hide_generic(&mut rules.symptoms);
    let parts: Vec<Symptom> =
        parts.into_iter().zip(&owners).filter_map(|(part, owner)| Some(part_of(rules.symptoms.get(*owner)?, part))).collect();
    rules.symptoms.extend(parts);
    rules.prefilter = Prefilter::new(&rules.symptoms);
    Ok(rules)
}

fn check_id(id: &str, node: &Node, context: &mut Context<'_>) {
    if id.is_empty() || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        context.fault("id", &node.child("id").span, "an id is one word", "write it in kebab-case: connection-reset");
    }
}

/// Lets every symptom that may be a failure and has causes hide the generic ones, but for those that hide it themselves.
fn hide_generic(symptoms: &mut [Symptom]) {
    let generic: Vec<(SymptomIx, Vec<SymptomIx>)> = symptoms
        .iter()
        .enumerate()
        .filter(|(_, symptom)| symptom.generic)
        .map(|(index, symptom)| (index, symptom.specific_over.clone()))
        .collect();
    let explains = |symptom: &Symptom| !symptom.generic && !symptom.incidental && !symptom.verdict && !symptom.causes.is_empty();
    for (index, symptom) in symptoms.iter_mut().enumerate().filter(|(_, symptom)| explains(symptom)) {
        for (generic, hides) in &generic {
            if !hides.contains(&index) && !symptom.specific_over.contains(generic) {
                symptom.specific_over.push(*generic);
            }
        }
    }
}

/// What the condition of a symptom of whole attempts asks of one record, as a symptom of its own that only that condition knows.
fn part_of(owner: &Symptom, record: Condition) -> Symptom {
    Symptom {
        id: owner.id.clone(),
        title: owner.title.clone(),
        severity: owner.severity,
        category: owner.category.clone(),
        family: owner.family.clone(),
        verdict: false,
        incidental: true,
        fatal_anywhere: false,
        generic: false,
        roles: Vec::new(),
        specific_over: Vec::new(),
        beside: Vec::new(),
        causes: Vec::new(),
        aliases: Vec::new(),
        source: None,
        examples: super::Examples::default(),
        place: owner.place.clone(),
        record: Some(record),
        attempt: None,
        captures: owner.captures.clone(),
    }
}

fn symptom(source: SymptomSource, node: &Node, place: Place, context: &mut Context<'_>) -> Symptom {
    check_id(&source.id, node, context);
    let condition = node.child("match");
    let (of_record, of_attempt) = match asks(&source.condition) {
        Asks::Record => (Some(record(&source.condition, condition, context)), None),
        Asks::Attempt => (None, Some(attempt(&source.condition, condition, context))),
    };
    let has_no_record = of_attempt.as_ref().is_some_and(|of_attempt| of_attempt.anchors().is_empty());
    if has_no_record && !source.captures.is_empty() {
        let says = "a symptom of how a whole attempt ends has no record to capture from";
        context.fault("capture", node.key_span("captures"), says, "remove it, or ask in `match` for what one record shows, too");
    }
    let mut captures = Vec::new();
    for (index, expression) in source.captures.iter().enumerate() {
        let at = node.child("captures").item(index);
        let Some(regex) = context.regex(expression, at) else { continue };
        if !regex.catches() {
            context.fault("capture", &at.span, "this catches nothing", "name what it is to catch: (?P<host>[^']+)");
        }
        captures.push(regex);
    }
    let id = source.id.as_str();
    let mut specific_over = Vec::new();
    for (index, over) in source.specific_over.iter().enumerate() {
        let at = node.child("specific_over").item(index);
        if over == id {
            context.fault("self-reference", &at.span, "a symptom cannot hide itself", "remove it from the list");
        }
        specific_over.extend(context.symptom(over, at));
    }
    let beside_at = node.child("beside");
    let beside = source.beside.iter().enumerate().filter_map(|(index, id)| context.symptom(id, beside_at.item(index))).collect();
    let causes_at = node.child("causes");
    let causes = source.causes.iter().enumerate().filter_map(|(index, cause)| context.cause(cause, causes_at.item(index))).collect();
    Symptom {
        family: source.family.unwrap_or_else(|| source.id.clone()),
        id: source.id,
        title: source.title,
        severity: source.severity,
        category: source.category.name().to_owned(),
        verdict: source.verdict,
        incidental: source.incidental,
        fatal_anywhere: source.fatal_anywhere,
        generic: source.generic,
        roles: source.roles,
        specific_over,
        beside,
        causes,
        aliases: source.aliases,
        source: source.source,
        examples: source.examples,
        place,
        record: of_record,
        attempt: of_attempt,
        captures,
    }
}

fn cause(source: CauseSource, node: &Node, place: Place, context: &mut Context<'_>) -> Cause {
    check_id(&source.id, node, context);
    if !PRIOR.contains(&source.prior) {
        let says = format!("`prior: {}` is outside of {} to {}", source.prior, PRIOR.start(), PRIOR.end());
        context.fault(
            "prior",
            &node.child("prior").span,
            says,
            "no cause is certain or impossible before any evidence; 0.2 is a common one",
        );
    }
    let evidence_at = node.child("evidence");
    let mut evidence = Vec::new();
    for (index, rule) in source.evidence.into_iter().enumerate() {
        evidence.extend(evidence_of(rule, evidence_at.item(index), context));
    }
    let produces_at = node.child("produces");
    let produces = source.produces.iter().enumerate().filter_map(|(index, id)| context.symptom(id, produces_at.item(index))).collect();
    Cause {
        id: source.id,
        title: source.title,
        layer: source.layer.name().to_owned(),
        owner: source.owner,
        what: source.what,
        prior: source.prior,
        evidence,
        confirm: source.confirm,
        fixes: source.fixes,
        retry: source.retry,
        produces,
        undetermined: source.undetermined,
        references: source.references,
        aliases: source.aliases,
        place,
    }
}

fn evidence_of(source: EvidenceSource, node: &Node, context: &mut Context<'_>) -> Option<Evidence> {
    let when_at = node.child("when");
    if source.when == super::When::default() && when_at.removed.is_empty() {
        context.fault(
            "evidence",
            &when_at.span,
            "an empty `when` always holds",
            "name at least one predicate; rules/README.md lists them under \"Evidence\"",
        );
    }
    for (key, ids) in [("symptom", &source.when.symptom), ("among", &source.when.among)] {
        for (index, id) in ids.iter().flatten().enumerate() {
            context.symptom(id, when_at.child(key).item(index));
        }
    }
    for (index, id) in source.when.preceded_by.iter().flat_map(|nearby| &nearby.symptoms).enumerate() {
        context.symptom(id, when_at.child("preceded_by").child("symptoms").item(index));
    }
    check_sentence(&source.says, node.child("says"), context);
    let (weight, supports) = match (source.weight, source.against) {
        (Some(weight), None) => (weight, true),
        (None, Some(weight)) => (weight, false),
        (Some(_), Some(_)) => {
            context.fault(
                "evidence",
                node.key_span("against"),
                "both `weight` and `against`",
                "evidence speaks for the cause (`weight`) or against it (`against`): remove one",
            );
            return None;
        }
        (None, None) => {
            if node.removed.is_empty() {
                context.fault(
                    "evidence",
                    &node.span,
                    "neither `weight` nor `against`",
                    "add `weight: strong` (for the cause) or `against: strong`; or decisive, or weak",
                );
            }
            return None;
        }
    };
    Some(Evidence { when: source.when, weight, supports, says: source.says })
}

/// Checks that the placeholders of a sentence are known.
fn check_sentence(says: &str, node: &Node, context: &mut Context<'_>) {
    let mut from = 0;
    while let Some(open) = says.get(from..).and_then(|rest| rest.find('{')).map(|at| from + at) {
        let inner = says.get(open + 1..).unwrap_or_default();
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let name = inner.get(..end).unwrap_or_default();
        from = open + 1;
        if !inner.get(end..).unwrap_or_default().starts_with('}') || PLACEHOLDERS.contains(&name) {
            continue;
        }
        let part: Range<usize> = open..open + end + 2;
        let span = node.inside(context.text, &part);
        let near = nearest(name, PLACEHOLDERS).first().map(|near| format!("did you mean {{{near}}}? ")).unwrap_or_default();
        context.fault(
            "placeholder",
            &span,
            format!("unknown placeholder {{{name}}}"),
            format!("{near}allowed: {}", PLACEHOLDERS.join(", ")),
        );
    }
}

fn check_timer(timer: &Timer, node: &Node, context: &mut Context<'_>) {
    check_id(&timer.id, node, context);
    if !(timer.seconds.is_finite() && timer.seconds > 0.0) {
        context.fault(
            "timer",
            &node.child("seconds").span,
            "a timer runs for a positive number of seconds",
            "write its default, such as 60",
        );
    }
}

fn scenario(source: ScenarioSource, node: &Node, place: Place, context: &mut Context<'_>) -> Scenario {
    check_id(&source.id, node, context);
    let logs_at = node.child("logs");
    if source.logs.is_empty() && logs_at.removed.is_empty() {
        context.fault("scenario", node.key_span("logs"), "`logs` with an empty list", "give the log that is to be read: - text: |");
    }
    for (index, log) in source.logs.iter().enumerate().filter(|(_, log)| log.text.is_some() == log.file.is_some()) {
        let says = if log.text.is_some() { "both `text` and `file`" } else { "neither `text` nor `file`" };
        context.fault(
            "scenario",
            &logs_at.item(index).span,
            says,
            "a log is written out under `text`, or stands in a `file` beside the rule file",
        );
    }
    let expect_at = node.child("expect");
    for (index, expected) in source.expect.iter().enumerate() {
        let at = expect_at.item(index);
        if *expected == Expected::default() && at.removed.is_empty() {
            context.fault(
                "scenario",
                &at.span,
                "this expects nothing",
                "name a `symptom` or a `cause`; `expect: []` expects that nothing failed",
            );
        }
        if expected.cause.is_none() && expected.probability.is_some() {
            context.fault("scenario", at.key_span("probability"), "a `probability` of nothing", "name the `cause` whose probability it is");
        }
        if let Some(id) = &expected.symptom {
            context.symptom(id, at.child("symptom"));
        }
        if let Some(id) = &expected.cause {
            context.cause(id, at.child("cause"));
        }
    }
    for (index, id) in source.never.iter().enumerate() {
        let known = context.names.symptoms.contains_key(id) || context.names.causes.contains_key(id);
        if !known {
            let names = context.names;
            let ids = names.symptoms.keys().chain(names.causes.keys()).map(String::as_str);
            context.fault(
                "dead-reference",
                &node.child("never").item(index).span,
                format!("there is no symptom or cause `{id}`"),
                suggestion(id, ids),
            );
        }
    }
    let ScenarioSource { id, says, logs, expect, never, incidents } = source;
    Scenario { id, says, logs, expect, never, incidents, place }
}
