//! Attempt tables of a few rows, built directly, and rules of their own that say only what correlation asks of rules: so each test tells one
//! edge, and no change of the built-in rules moves it.

use std::sync::LazyLock;

use dagnosis::attempt::{Attempt, Failure, Role, Shown};
use dagnosis::correlate::{Context, Correlated, Incident, Pattern, PatternKind, correlate, holds};
use dagnosis::record::{Bound, Bounded, Dialect, Exception, Outcome, Phase, Timeout, TimeoutKind};
use dagnosis::rule::{RuleSet, When, load_text};
use dagnosis::scan::{Ending, EndpointUse};
use dagnosis::source::{Kind, TaskInstance};
use dagnosis::time::{Span, Timestamp};

const TEXT: &str = r#"
version: 1
symptoms:
  - { id: reset, title: Reset, severity: high, category: network, family: remote-close, match: { literal: aaa }, causes: [ server ] }
  - { id: refused, title: Refused, severity: high, category: network, family: connection-refused, match: { literal: aab }, causes: [ server ] }
  - { id: closed-way, title: No way, severity: high, category: network, family: no-way, match: { literal: aac }, causes: [ network ] }
  - { id: other-way, title: No way either, severity: high, category: network, family: other-way, match: { literal: aad }, causes: [ network ] }
  - { id: answered, title: A status, severity: high, category: http, match: { literal: aae }, causes: [ bad-request ] }
  - { id: killed, title: Killed, severity: critical, category: process, match: { literal: aaf }, causes: [ memory ] }
  - { id: no-module, title: No module, severity: high, category: code, match: { literal: aag }, causes: [ deploy ] }
  - { id: lost-heartbeat, title: Heartbeat lost, severity: high, category: lifecycle, match: { literal: aah }, causes: [ scheduler ] }
  - { id: bad-row, title: A bad row, severity: medium, category: data, match: { literal: aai }, causes: [ bad-data ] }
  - { id: restarted, title: The server said that it starts, severity: info, category: lifecycle, match: { literal: aaj }, causes: [ server ] }
causes:
  - { id: server, title: The server, layer: server, owner: remote_service, what: A server., prior: 0.2, produces: [ reset ], retry: &passes { helps: transient, safe: "yes", says: It passes. } }
  - { id: network, title: The network, layer: network, owner: network, what: A network., prior: 0.2, retry: *passes }
  - { id: bad-request, title: The request, layer: client, owner: dag_author, what: A request., prior: 0.2, retry: *passes }
  - { id: memory, title: Memory, layer: platform, owner: platform, what: Memory., prior: 0.2, produces: [ reset, refused ], retry: *passes }
  - { id: deploy, title: A deploy, layer: platform, owner: platform, what: A deploy., prior: 0.2, retry: *passes }
  - { id: scheduler, title: The scheduler, layer: airflow, owner: platform, what: A scheduler., prior: 0.2, retry: *passes }
  - { id: bad-data, title: The data, layer: data, owner: data_provider, what: Data., prior: 0.2, retry: *passes }
timers:
  - { id: idle-100, device: the idle device, seconds: 100, kind: idle, source: made for tests, dated: 2026-11 }
  - { id: request-30, device: the short device, seconds: 30, kind: request, source: made for tests, dated: 2026-11 }
  - { id: request-200, device: the long device, seconds: 200, kind: request, source: made for tests, dated: 2026-11 }
"#;

pub(crate) static RULES: LazyLock<RuleSet> = LazyLock::new(|| load_text("rules.yaml", TEXT).unwrap());

pub(crate) const MINUTE: f64 = 60.0;
pub(crate) const HOUR: f64 = 3_600.0;
pub(crate) const DAY: f64 = 86_400.0;

/// Seconds from Monday, 2 November 2026, 00:00 UTC.
pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp(1_793_577_600_000_000 + (seconds * 1e6).round() as i64)
}

pub(crate) fn span(seconds: f64) -> Span {
    Span::from_secs_f64(seconds)
}

/// A row of the table, to be changed by what a test is about.
#[derive(Debug, Clone)]
pub(crate) struct Row(pub(crate) Attempt);

/// An attempt of `dag.task` that ended well at an instant, ten seconds after it began; each is the first try of a run of its own.
pub(crate) fn ok(task: &str, end: f64) -> Row {
    let (dag, name) = task.split_once('.').unwrap();
    let run = format!("at-{end:.6}");
    Row(Attempt {
        path: format!("{dag}/{run}/{name}.log").into(),
        member: None,
        kind: Kind::Task,
        dialect: Dialect::Text,
        task: TaskInstance {
            dag_id: Some(dag.into()),
            run_id: Some(run.into()),
            task_id: Some(name.into()),
            map_index: None,
            try_number: Some(1),
        },
        host: None,
        pid: None,
        operator: None,
        queue: None,
        pool: None,
        return_code: None,
        executions: 1,
        copy_of: None,
        in_stream: false,
        started: Some(at(end - 10.0)),
        ended: Some(at(end)),
        outcome: Outcome::Success,
        outcome_because: "the log says so".into(),
        has_log: true,
        ending: Ending::Verdict,
        symptoms: Vec::new(),
        failure: None,
        endpoints: Default::default(),
        endpoints_cut: false,
        versions: Vec::new(),
    })
}

/// The same of one that failed then; an empty symptom: no rule knows it.
pub(crate) fn bad(symptom: &str, task: &str, end: f64) -> Row {
    let mut row = ok(task, end);
    let symptom = (!symptom.is_empty()).then(|| RULES.symptom(symptom).unwrap());
    row.0.outcome = Outcome::Failed;
    row.0.symptoms = symptom.into_iter().map(|symptom| shown(symptom, end)).collect();
    row.0.failure = Some(Box::new(Failure {
        symptom,
        shown: symptom.into_iter().collect(),
        line: 7,
        time: Some(at(end)),
        running_for: Some(span(10.0)),
        ..Failure::default()
    }));
    row
}

/// A component's log that tells of something at an instant.
pub(crate) fn component(symptom: &str, when: f64) -> Row {
    let mut row = ok("none.none", when);
    row.0.kind = Kind::Scheduler;
    row.0.task = TaskInstance::default();
    row.0.outcome = Outcome::Unknown;
    row.0.symptoms = vec![shown(RULES.symptom(symptom).unwrap(), when)];
    row
}

fn shown(symptom: usize, when: f64) -> Shown {
    Shown { symptom, line: 7, time: Some(at(when)), role: Role::Fatal, endpoint: None, elsewhere: None }
}

impl Row {
    fn failing(&mut self) -> &mut Failure {
        self.0.failure.as_mut().unwrap()
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.0.host = Some(host.into());
        self
    }

    /// The endpoint of the failing call, or one that a healthy attempt used.
    pub(crate) fn to(mut self, endpoint: &str) -> Self {
        match &mut self.0.failure {
            Some(failure) => failure.endpoint = Some(endpoint.to_owned()),
            None => self.0.endpoints.add(endpoint.into(), EndpointUse { count: 1, first: None, last: None, answered: None }),
        }
        self
    }

    pub(crate) fn run(mut self, run: &str) -> Self {
        self.0.task.run_id = Some(run.into());
        self
    }

    pub(crate) fn try_number(mut self, number: u32) -> Self {
        self.0.task.try_number = Some(number);
        self
    }

    pub(crate) fn began(mut self, second: f64) -> Self {
        self.0.started = Some(at(second));
        self
    }

    pub(crate) fn operator(mut self, operator: &str) -> Self {
        self.0.operator = Some(operator.into());
        self
    }

    pub(crate) fn phase(mut self, phase: Phase) -> Self {
        self.failing().call.phase = Some(phase);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.failing().facts.status = Some(status);
        self
    }

    /// How long the call took, in seconds.
    pub(crate) fn took(mut self, seconds: f64) -> Self {
        let call = &mut self.failing().call;
        call.elapsed = Some(Bounded { span: span(seconds), bound: Bound::AtMost });
        call.phase.get_or_insert(Phase::Wait);
        self
    }

    /// The time limit that the failure names.
    pub(crate) fn limit(mut self, seconds: f64) -> Self {
        self.failing().call.timeout = Some(Timeout { limit: Some(span(seconds)), kind: Some(TimeoutKind::Read) });
        self
    }

    /// How long nothing was said before the call.
    pub(crate) fn silent(mut self, seconds: f64) -> Self {
        self.failing().call.silence = Some(Bounded { span: span(seconds), bound: Bound::Exact });
        self
    }

    pub(crate) fn ran(mut self, seconds: f64) -> Self {
        self.failing().running_for = Some(span(seconds));
        self
    }

    pub(crate) fn killed(mut self) -> Self {
        self.0.ending = Ending::Killed;
        self
    }

    pub(crate) fn raised(mut self, class: &str, message: &str) -> Self {
        self.failing().chain = vec![Exception { class: class.to_owned(), message: message.to_owned(), ..Exception::default() }];
        self
    }
}

/// The table that correlation is given.
pub(crate) fn table(rows: impl IntoIterator<Item = Row>) -> Vec<Attempt> {
    rows.into_iter().map(|row| row.0).collect()
}

/// Runs correlation on rows and tells of what comes out.
pub(crate) fn found<T>(rows: &[Row], tell: impl Fn(&Correlated<'_>) -> T) -> T {
    tell(&correlate(&table(rows.iter().cloned()).into_iter().collect(), &RULES))
}

/// The incidents of rows, each by its rows.
pub(crate) fn groups(rows: &[Row]) -> Vec<Vec<usize>> {
    found(rows, |found| found.incidents.iter().map(|incident| incident.attempts.clone()).collect())
}

/// The patterns of the incident that holds a row.
pub(crate) fn patterns(rows: &[Row], row: usize) -> Vec<Pattern> {
    found(rows, |found| of_row(found, row).patterns.clone())
}

/// The one pattern of a kind of the incident that holds a row.
pub(crate) fn pattern(rows: &[Row], row: usize, kind: PatternKind) -> Option<Pattern> {
    patterns(rows, row).into_iter().find(|pattern| pattern.kind == kind)
}

/// One of the numbers of a pattern.
pub(crate) fn number(pattern: &Pattern, name: &str) -> f64 {
    let numbers = &pattern.numbers;
    numbers.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} is not among {numbers:?}")).1
}

/// Whether a predicate, in the words of the rules, holds of the incident that holds a row.
pub(crate) fn is(rows: &[Row], row: usize, when: serde_json::Value) -> bool {
    let when: When = serde_json::from_value(when).unwrap();
    found(rows, |found| holds(&when, &Context::new(&RULES, &found.table, of_row(found, row))).is_some())
}

fn of_row<'f>(found: &'f Correlated<'_>, row: usize) -> &'f Incident {
    found.incidents.iter().find(|incident| incident.attempts.contains(&row)).unwrap()
}
