//! The report for machines: fills the shapes of `wire` and streams them, so that a long list of attempts is never held twice.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::attempt::{self, AttemptRef};
use crate::correlate::Pattern;
use crate::diagnose::{Blanks, Diagnosis, EvidenceLine, RankedCause, RetryVerdict};
use crate::known::{Entry, Ignored, Resolved, Status};
use crate::rule::Severity;
use crate::time::Timestamp;

use super::wire::{self, Text};
use super::{Report, call, json_safe, known, totals::Totals, words};

/// Writes the report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    json_safe::write(&Json { report, listed: report.listed() }, out)
}

/// The report with what is needed to fill the wire types.
struct Json<'r> {
    report: &'r Report<'r>,
    /// The rows of the attempts that are written, in their order.
    listed: Vec<u32>,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let totals = Totals::of(self.report);
        let window = wire::Window { from: time(totals.from), to: time(totals.to) };
        let mut whole = serializer.serialize_struct("Report", 12)?;
        whole.serialize_field("schema", "dagnosis.report/1")?;
        whole.serialize_field("tool", &wire::Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })?;
        whole.serialize_field("window", &window)?;
        whole.serialize_field("totals", &self.totals(&totals))?;
        whole.serialize_field("quick", &self.quick())?;
        whole.serialize_field("settings", &self.settings())?;
        whole.serialize_field("baseline", &self.baseline())?;
        whole.serialize_field("history", &self.history())?;
        whole.serialize_field("incidents", &Each(|| self.report.diagnosed.diagnoses.iter().map(|diagnosis| self.incident(diagnosis))))?;
        whole.serialize_field("ignored", &Each(|| self.report.known.ignored.iter().map(|ignored| self.ignored(ignored))))?;
        whole.serialize_field("attempts", &Each(|| self.attempts()))?;
        whole.serialize_field("problems", &Each(|| self.report.problems.iter().map(|problem| self.problem(problem))))?;
        whole.end()
    }
}

/// A list whose items are made one at a time, while it is written.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl<'r> Json<'r> {
    fn text<'t>(&self, text: &'t str) -> Text<'t> {
        self.report.mask.apply(text)
    }

    fn maybe<'t>(&self, text: Option<&'t str>) -> Option<Text<'t>> {
        text.map(|text| self.text(text))
    }

    fn texts<'t>(&self, texts: &'t [String]) -> Vec<Text<'t>> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn totals(&self, totals: &Totals) -> wire::Totals {
        let stats = &self.report.stats;
        wire::Totals {
            files: stats.files,
            logs: stats.logs,
            bytes: stats.bytes,
            lines: stats.lines,
            attempts: totals.attempts,
            failed: totals.failed,
            up_for_retry: totals.up_for_retry,
            succeeded: totals.succeeded,
            skipped: totals.skipped,
            recovered: totals.recovered,
            unfinished: totals.unfinished,
            unknown: totals.unknown,
        }
    }

    fn quick(&self) -> Option<wire::Quick> {
        let left_out = self.report.stats.left_out?;
        Some(wire::Quick { logs: left_out.logs, bytes_not_read: left_out.bytes })
    }

    fn settings(&self) -> Option<wire::Settings<'r>> {
        let known = self.report.known;
        let entries = |entries: Vec<&'r Entry>| entries.into_iter().map(|entry| known::entry(self.report, entry)).collect();
        Some(wire::Settings {
            file: self.text(known.settings.as_deref()?),
            unused: entries(known.unused().collect()),
            expired: entries(known.expired().collect()),
        })
    }

    fn baseline(&self) -> Option<wire::Baseline<'r>> {
        let (known, diagnoses) = (self.report.known, &self.report.diagnosed.diagnoses);
        let file = self.text(&known.baseline.as_ref()?.file);
        let new = diagnoses.iter().filter(|diagnosis| known.is_new(diagnosis) == Some(true)).count();
        Some(wire::Baseline { file, new, known: diagnoses.len() - new, gone: known.gone() })
    }

    fn history(&self) -> Option<wire::History<'r>> {
        let history = self.report.known.history.as_ref()?;
        let count = |status| history.count(status).0;
        let known = self.report.stats.taken_over.unwrap_or_default();
        let resolved = |resolved: &'r Resolved| wire::Resolved {
            id: &resolved.id,
            title: self.text(&resolved.title),
            last_seen: time(resolved.last_seen),
            because: if resolved.has_succeeded { "succeeded" } else { "gone" },
        };
        Some(wire::History {
            file: self.text(&history.file),
            run: history.run,
            last_run: time(history.last_run),
            told_again: history.untold.iter().map(ToString::to_string).collect(),
            files_known: known.files,
            bytes_not_read: known.bytes,
            new: count(Status::New),
            regressed: count(Status::Regressed),
            recurring: count(Status::Recurring),
            resolved: history.resolved.iter().map(resolved).collect(),
        })
    }

    fn ignored(&self, ignored: &'r Ignored) -> wire::Ignored<'r> {
        let (diagnosis, incident) = (&ignored.diagnosis, &ignored.diagnosis.incident);
        let index = |row: &usize| self.listed.binary_search(&u32::try_from(*row).ok()?).ok();
        wire::Ignored {
            id: &diagnosis.id,
            title: self.text(&diagnosis.title),
            summary: self.text(&diagnosis.summary),
            severity: diagnosis.severity.name(),
            category: &diagnosis.category,
            symptom: incident.symptom.and_then(|symptom| self.symptom_id(symptom)),
            cause: words::best(diagnosis, self.report.rules).map(|(_, cause)| cause.id.as_str()),
            first_seen: time(incident.first_seen),
            last_seen: time(incident.last_seen),
            attempt_count: incident.attempts.len(),
            attempts: incident.attempts.iter().filter_map(index).collect(),
            entry: self.report.known.entry(ignored).map(|entry| known::entry(self.report, entry)),
        }
    }

    fn incident(&self, diagnosis: &'r Diagnosis) -> wire::Incident<'r> {
        let incident = &diagnosis.incident;
        let index = |row: usize| self.listed.binary_search(&u32::try_from(row).ok()?).ok();
        wire::Incident {
            id: &diagnosis.id,
            title: self.text(&diagnosis.title),
            summary: self.text(&diagnosis.summary),
            severity: diagnosis.severity.name(),
            category: &diagnosis.category,
            symptom: incident.symptom.and_then(|symptom| self.symptom_id(symptom)),
            status: self.report.known.status(diagnosis).map(Status::name),
            history: self.report.known.past(diagnosis).map(|past| wire::Past {
                id: &past.id,
                first_seen: time(past.first_seen),
                last_seen: time(past.last_seen),
                nights: past.nights,
                occurrences: past.occurrences,
                new_occurrences: past.new_occurrences,
            }),
            owner: diagnosis.owner.name(),
            owners: diagnosis
                .owners
                .iter()
                .map(|(owner, probability)| wire::OwnerShare { owner: owner.name(), probability: thousandths(*probability) })
                .collect(),
            retry: self.retry(&diagnosis.retry),
            urgency: wire::Urgency { when: diagnosis.urgency.when.name(), says: self.text(&diagnosis.urgency.says) },
            first_step: wire::FirstStep {
                kind: diagnosis.first_step.kind.name(),
                says: self.text(&diagnosis.first_step.says),
                run: self.maybe(diagnosis.first_step.run.as_deref()),
            },
            confidence: diagnosis.confidence.name(),
            decide_by: diagnosis.decide_by.as_ref().map(|by| wire::Check { says: self.text(&by.says), run: self.maybe(by.run.as_deref()) }),
            first_seen: time(incident.first_seen),
            last_seen: time(incident.last_seen),
            scope: wire::Scope {
                hosts: self.texts(&incident.scope.hosts),
                endpoints: self.texts(&incident.scope.endpoints),
                dags: self.texts(&incident.scope.dags),
                tasks: self.texts(&incident.scope.tasks),
                operators: self.texts(&incident.scope.operators),
            },
            patterns: incident.patterns.iter().map(|pattern| self.pattern(pattern)).collect(),
            causes: diagnosis.causes.iter().filter_map(|ranked| self.cause(ranked, &diagnosis.blanks)).collect(),
            something_else: thousandths(diagnosis.something_else),
            root: incident.root.and_then(index),
            attempt_count: incident.attempts.len(),
            attempts: incident.attempts.iter().filter_map(|&at| index(at)).collect(),
            examples: diagnosis
                .examples
                .iter()
                .map(|example| {
                    let wire::Location { path, member, line } = self.location(&example.location);
                    wire::Example { path, member, line, excerpt: self.text(&example.excerpt) }
                })
                .collect(),
            new_rule: words::new_rule(self.report, diagnosis),
        }
    }

    fn retry(&self, retry: &'r RetryVerdict) -> wire::Retry<'r> {
        wire::Retry {
            helps: retry.helps.name(),
            basis: retry.basis.name(),
            safe: retry.safe.name(),
            says: self.text(&retry.says),
            policy: retry.policy.as_ref().map(|policy| self.text(&policy.code)),
            policy_needs: retry.policy.as_ref().map(|policy| policy.needs),
        }
    }

    fn pattern(&self, pattern: &'r Pattern) -> wire::Pattern<'r> {
        wire::Pattern {
            kind: pattern.kind.name(),
            says: self.text(&pattern.says),
            numbers: pattern.numbers.iter().filter_map(|(name, value)| Some((*name, plain(*value)?))).collect(),
            locations: pattern.locations.iter().map(|location| self.location(location)).collect(),
        }
    }

    fn cause(&self, ranked: &'r RankedCause, blanks: &Blanks) -> Option<wire::Cause<'r>> {
        let cause = self.report.rules.causes.get(ranked.cause)?;
        let evidence = |line: &'r EvidenceLine| wire::Evidence {
            says: self.text(&line.says),
            weight: line.weight.name(),
            supports: line.supports,
            locations: line.locations.iter().map(|location| self.location(location)).collect(),
        };
        Some(wire::Cause {
            id: &cause.id,
            title: self.text(&cause.title),
            probability: thousandths(ranked.probability),
            evidence: ranked.evidence.iter().map(evidence).collect(),
            confirm: cause
                .confirm
                .iter()
                .map(|step| wire::Confirm {
                    say: self.text(&step.say),
                    run: step.run.as_deref().map(|run| Text::Owned(self.text(&blanks.fill(run)).into_owned())),
                })
                .collect(),
            fixes: cause
                .fixes
                .iter()
                .map(|fix| wire::Fix {
                    say: self.text(&fix.say),
                    // It stands so in a rule, and shows how a secret is written.
                    snippet: fix.snippet.as_deref().map(Text::Borrowed),
                    retry_safe: self.maybe(fix.retry_safe.as_deref()),
                })
                .collect(),
        })
    }

    fn location(&self, location: &'r attempt::Location) -> wire::Location<'r> {
        wire::Location { path: self.text(&location.path), member: self.maybe(location.member.as_deref()), line: location.line }
    }

    fn attempts(&self) -> impl Iterator<Item = wire::Attempt<'r>> {
        self.listed.iter().filter_map(|row| Some(self.attempt(self.report.attempts.get(*row as usize)?)))
    }

    fn attempt(&self, attempt: AttemptRef<'r>) -> wire::Attempt<'r> {
        let owned = |text: &str| Text::Owned(self.text(text).into_owned());
        let shown = |shown: &'r attempt::Shown| {
            // What Airflow says of an attempt's course is there for other rules; a reader has it in the outcome and the ending.
            let symptom = self.report.rules.symptoms.get(shown.symptom)?;
            let is_course = symptom.category == "lifecycle" && symptom.severity == Severity::Info && symptom.causes.is_empty();
            if is_course {
                return None;
            }
            Some(wire::Symptom { id: self.symptom_id(shown.symptom)?, line: shown.line, role: shown.role.name() })
        };
        let share = |(cause, probability): &(usize, f64)| {
            Some(wire::Share { id: &self.report.rules.causes.get(*cause)?.id, probability: thousandths(*probability) })
        };
        wire::Attempt {
            path: owned(&attempt.path()),
            member: attempt.member().map(|member| owned(&member)),
            kind: attempt.kind().name(),
            dag_id: self.maybe(attempt.dag_id()),
            run_id: self.maybe(attempt.run_id()),
            task_id: self.maybe(attempt.task_id()),
            map_index: attempt.map_index(),
            try_number: attempt.try_number(),
            host: self.maybe(attempt.host()),
            operator: self.maybe(attempt.operator()),
            queue: self.maybe(attempt.queue()),
            pool: self.maybe(attempt.pool()),
            started: time(attempt.started()),
            ended: time(attempt.ended()),
            outcome: attempt.outcome().name(),
            outcome_because: self.text(attempt.outcome_because()),
            ending: attempt.ending().name(),
            symptoms: attempt.symptoms().iter().filter_map(shown).collect(),
            call: attempt.failure().and_then(|failure| call::call(failure, self.report.mask)),
            causes: self.report.diagnosed.causes_of.get(&attempt.row()).into_iter().flatten().filter_map(share).collect(),
            incident: self.report.incident_of(attempt.row()),
            ignored: self.report.known.ignored_of.get(&attempt.row()).copied(),
        }
    }

    fn problem(&self, problem: &'r crate::error::Problem) -> wire::Problem<'r> {
        wire::Problem {
            path: self.text(&problem.path),
            member: self.maybe(problem.member.as_deref()),
            kind: problem.kind.name(),
            says: self.text(&problem.says),
        }
    }

    fn symptom_id(&self, symptom: usize) -> Option<&'r str> {
        self.report.rules.symptoms.get(symptom).map(|symptom| symptom.id.as_str())
    }
}

/// RFC 3339, UTC.
fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// More digits of a probability would pretend.
fn thousandths(probability: f64) -> f64 {
    (probability * 1000.0).round() / 1000.0
}

/// A number as people write it: `14` rather than `14.0`, else six digits, which no difference between two machines' arithmetic
/// reaches. Not finite: none.
fn plain(value: f64) -> Option<serde_json::Number> {
    /// Up to here a float holds every whole number.
    const WHOLE_MAX: f64 = 9e15;
    if value.fract() == 0.0 && value.abs() <= WHOLE_MAX {
        return Some(serde_json::Number::from(value as i64));
    }
    serde_json::Number::from_f64(format!("{value:.5e}").parse().ok()?)
}
