//! A small night, made by hand: two incidents, one of them full of hostile text, and what a report shows of the rest.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use crate::attempt::{Attempt, AttemptRef, Attempts, Location, Role, Shown};
use crate::correlate::{Incident, Pattern, PatternKind, Scope};
use crate::diagnose::{
    Basis, Blanks, Confidence, DecideBy, Diagnosed, Diagnosis, EvidenceLine, Example, FirstStep, Policy, RankedCause, RetryVerdict,
    StepKind, Urgency, When,
};
use crate::error::{Problem, ProblemKind};
use crate::known::Known;
use crate::record::{Dialect, Outcome};
use crate::rule::{Owner, RetryHelps, RetrySafe, RuleSet, ScopeKind, Severity, Weight, load};
use crate::scan::{Ending, Endpoints, Stats};
use crate::source::{Kind, TaskInstance};
use crate::time::{Span, Timestamp};

use super::{Format, ListAttempts, Mask, Paper, Report};

/// What a log may hold to harm its reader.
pub(super) const HOSTILE: &str = "\u{1b}[2J<script>alert(1)</script> ]]> | ``` \0 \u{202e}evil\r\n# heading password=hunter2";

/// The rules that the fixture needs.
const RULES: &str = r#"
version: 1
symptoms:
  - id: connection-reset
    title: Connection reset by peer
    severity: high
    category: network
    match: { literal: "[Errno 104] Connection reset by peer" }
    causes: [ lb-idle-timeout, server-overload ]
    examples:
      matching: [ "[Errno 104] Connection reset by peer", "x [Errno 104] Connection reset by peer" ]
      not_matching: [ "0 connections were reset", "peer list was reset" ]
causes:
  - id: lb-idle-timeout
    title: A load balancer, NAT or firewall dropped a connection that was silent too long
    layer: network
    owner: dag_author
    what: Devices forget silent connections.
    prior: 0.1
    confirm:
      - { say: See whether the waiting connection sends keep-alive probes, run: "ss -tno dst HOST" }
    fixes:
      - say: Send TCP keep-alive probes more often than the device's idle time
        snippet: |
          session.mount("https://", KeepAlive(idle=45, interval=15))
      - say: Turn the long silent call into submit and poll
        retry_safe: only with an idempotency key
    retry: { helps: transient, safe: only_if, says: A new connection works. }
  - id: server-overload
    title: The server had more work than it could do
    layer: server
    owner: remote_service
    what: It sheds load.
    prior: 0.1
    fixes: [ { say: Lower the number of parallel calls } ]
    retry: { helps: transient, safe: "yes", says: Wait first. }
"#;

/// Everything a [`Report`] borrows.
pub(super) struct Night {
    pub(super) attempts: Attempts,
    pub(super) diagnosed: Diagnosed,
    pub(super) rules: RuleSet,
    pub(super) problems: Vec<Problem>,
    pub(super) stats: Stats,
}

impl Night {
    /// Six attempts: three failed, two of them for good, one recovered; one of nobody knows what; and a scheduler's log.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("fixture.yaml"), RULES).expect("it takes a file");
        let rules = load(&[folder.path().to_owned()], false).expect("the rules are valid");
        let attempts = vec![
            attempt("push", 1, Outcome::UpForRetry),
            attempt("push", 2, Outcome::Success),
            attempt("send", 1, Outcome::Failed),
            attempt("other", 1, Outcome::Failed),
            attempt("silent", 1, Outcome::Unknown),
            Attempt {
                path: "logs/scheduler.log".into(),
                kind: Kind::Scheduler,
                task: TaskInstance::default(),
                ..attempt("none", 1, Outcome::Unknown)
            },
        ];
        let diagnosed = Diagnosed {
            diagnoses: vec![reset(&attempts), unrecognised(&attempts)],
            incident_of: [(0, 0), (2, 0), (3, 1)].into(),
            causes_of: [(0, vec![(0, 0.7841), (1, 0.15)]), (2, vec![(0, 0.9)])].into(),
        };
        let problem = |path: &str, kind, says: &str| Problem { path: path.to_owned(), member: None, kind, says: says.to_owned() };
        let problems = vec![
            problem("logs/a.log", ProblemKind::Empty, "It has no bytes."),
            problem("logs/b.tar.gz", ProblemKind::Damaged, "The stream ends early; 14 members were read."),
            problem("logs/c.log", ProblemKind::Empty, "It has no bytes."),
        ];
        Self {
            attempts: attempts.into_iter().collect(),
            diagnosed,
            rules,
            problems,
            stats: Stats { files: 6, logs: 6, bytes: 18_402_345, lines: 120_311, left_out: None, taken_over: None },
        }
    }

    /// A night on which nothing failed.
    pub(super) fn healthy() -> Self {
        let mut night = Self::new();
        let went_well = |attempt: &Attempt| attempt.outcome == Outcome::Success;
        night.attempts = night.attempts.iter().map(AttemptRef::to_attempt).filter(went_well).collect();
        night.diagnosed = Diagnosed::default();
        night.problems.clear();
        night.stats = Stats { files: 1, logs: 1, bytes: 900, lines: 12, left_out: None, taken_over: None };
        night
    }

    /// The report in a format.
    pub(super) fn written(&self, format: Format, list: ListAttempts, color: bool) -> String {
        let Self { attempts, diagnosed, rules, problems, stats } = self;
        let mut out = Vec::new();
        let paper = Paper { color, ..Paper::PLAIN };
        let report =
            Report { attempts, diagnosed, rules, problems, stats: *stats, list, known: &Known::default(), mask: &Mask::default(), paper };
        report.write(format, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("reports are UTF-8")
    }
}

/// 2026-11-21T06:58:00Z.
const START: Timestamp = Timestamp(1_795_244_280_000_000);

fn attempt(task: &str, try_number: u32, outcome: Outcome) -> Attempt {
    let failed = matches!(outcome, Outcome::Failed | Outcome::UpForRetry);
    let shown = Shown { symptom: 0, line: 45, time: Some(START), role: Role::Fatal, endpoint: None, elsewhere: None };
    Attempt {
        path: format!("logs/dag_id=orders/run_id=scheduled__2026-11-21T06:00:00+00:00/task_id={task}/attempt={try_number}.log").into(),
        member: None,
        kind: Kind::Task,
        task: TaskInstance {
            dag_id: Some("orders".into()),
            run_id: Some("scheduled__2026-11-21T06:00:00+00:00".into()),
            task_id: Some(task.into()),
            map_index: None,
            try_number: Some(try_number),
        },
        host: Some("worker-b".into()),
        pid: None,
        operator: Some("PythonOperator".into()),
        queue: None,
        pool: None,
        return_code: None,
        executions: 1,
        dialect: Dialect::Text,
        copy_of: None,
        in_stream: false,
        started: Some(START),
        ended: Some(START + Span::seconds(1080)),
        outcome,
        outcome_because: "its log says so in line 50".into(),
        has_log: true,
        ending: Ending::Verdict,
        symptoms: if failed { vec![shown] } else { Vec::new() },
        failure: None,
        endpoints: Endpoints::default(),
        endpoints_cut: false,
        versions: Vec::new(),
    }
}

fn reset(attempts: &[Attempt]) -> Diagnosis {
    let line = |says: &str, supports, places: &[usize]| EvidenceLine {
        says: says.to_owned(),
        weight: Weight::Strong,
        supports,
        locations: places.iter().map(|&at| attempts[at].location(45)).collect(),
    };
    let evidence = vec![
        line("2 of 2 connections had been silent just longer than nginx keepalive_timeout (75 s)", true, &[0, 2]),
        line("2 of 2 failing calls came after 76 s of silence on an endpoint used before", true, &[0]),
        line("A later try connected; rules do not change by the minute", false, &[]),
    ];
    let pattern = Pattern {
        kind: PatternKind::Scope(ScopeKind::Host),
        says: "All 2 failures were on worker-b, none in 212 attempts elsewhere.".to_owned(),
        numbers: vec![("failures", 2.0), ("p_value", 0.000_123_456_789), ("undefined", f64::NAN)],
        locations: vec![attempts[0].location(45)],
    };
    Diagnosis {
        id: "3f2a9c".to_owned(),
        title: "Connection reset by peer: api.example.com:443".to_owned(),
        summary: "2 attempts of 2 tasks lost their connection to api.example.com:443 between 06:58 and 07:16.".to_owned(),
        severity: Severity::High,
        category: "network".to_owned(),
        incident: Incident {
            attempts: vec![0, 2],
            symptom: Some(0),
            first_seen: Some(START),
            last_seen: Some(START + Span::seconds(1080)),
            scope: Scope {
                hosts: vec!["worker-b".to_owned()],
                endpoints: vec!["api.example.com:443".to_owned()],
                dags: vec!["orders".to_owned()],
                tasks: ["push", "send", "a", "b", "c", "d"].map(|task| format!("orders.{task}")).into(),
                operators: vec!["PythonOperator".to_owned()],
            },
            patterns: vec![pattern],
            root: Some(5),
            consequences: Vec::new(),
        },
        causes: vec![
            RankedCause { cause: 0, probability: 0.7841, evidence },
            RankedCause { cause: 1, probability: 0.1529, evidence: Vec::new() },
        ],
        something_else: 0.063,
        confidence: Confidence::Likely,
        owner: Owner::DagAuthor,
        owners: vec![(Owner::DagAuthor, 0.7841), (Owner::RemoteService, 0.1529)],
        retry: RetryVerdict {
            helps: RetryHelps::Transient,
            basis: Basis::Tries,
            safe: RetrySafe::OnlyIf,
            says: "A new connection works; repeat a POST only with an idempotency key.".to_owned(),
            policy: Some(Policy { code: "policy = 1\n".to_owned(), needs: "airflow >= 3.3" }),
        },
        urgency: Urgency { when: When::Now, says: "2 tasks stand still.".to_owned() },
        first_step: FirstStep {
            kind: StepKind::Fix,
            says: "Send TCP keep-alive probes more often than the device's idle time".to_owned(),
            run: None,
        },
        blanks: Blanks::default(),
        decide_by: Some(DecideBy {
            says: "Look whether the waiting connection sends keep-alive probes: none means the idle time, probes mean the server."
                .to_owned(),
            run: Some("ss -tno dst api.example.com".to_owned()),
        }),
        examples: vec![
            Example {
                location: attempts[0].location(45),
                excerpt: "ConnectionResetError: [Errno 104] Connection reset by peer".to_owned(),
            },
            Example { location: attempts[2].location(51), excerpt: HOSTILE.to_owned() },
        ],
    }
}

fn unrecognised(attempts: &[Attempt]) -> Diagnosis {
    let mut diagnosis = reset(attempts);
    diagnosis.id = "77aa01".to_owned();
    diagnosis.title = format!("Unrecognised failure: {HOSTILE}");
    diagnosis.summary = "1 attempt ended with an exception that no rule knows.".to_owned();
    diagnosis.severity = Severity::Medium;
    diagnosis.category = "unrecognised".to_owned();
    diagnosis.incident = Incident { attempts: vec![3], symptom: None, patterns: Vec::new(), root: None, ..diagnosis.incident };
    diagnosis.causes.clear();
    diagnosis.something_else = 1.0;
    diagnosis.confidence = Confidence::Unknown;
    diagnosis.owner = Owner::Unknown;
    diagnosis.owners.clear();
    diagnosis.retry.helps = RetryHelps::Unknown;
    diagnosis.retry.says = "The log does not tell.".to_owned();
    diagnosis.retry.policy = None;
    diagnosis.urgency = Urgency { when: When::Today, says: "1 task stands still.".to_owned() };
    diagnosis.first_step = FirstStep { kind: StepKind::Look, says: "Read the log".to_owned(), run: None };
    diagnosis.decide_by = None;
    diagnosis.examples = vec![Example {
        location: Location { member: Some("b/1.log".to_owned()), ..attempts[3].location(7) },
        excerpt: "ValueError: |".to_owned(),
    }];
    diagnosis
}
