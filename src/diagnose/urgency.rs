//! How urgent an incident is: how grave, whether it goes on at the end of what was read, how much it blocks, and what later tries mended. Pure.

use crate::correlate::{PatternKind, scope_of};
use crate::rule::{Recurs, ScopeKind, Severity};

use super::retry::Case;
use super::tries::{History, Tries};

/// From so many failing tasks on, a grave incident that goes on is an outage rather than one task's trouble: two can be neighbours in one flow, of which
/// one waits for the other.
const TASKS_BLOCKED_MIN: usize = 3;

/// From so many DAGs on, it is nobody's own mistake, and more will follow.
const DAGS_BLOCKED_MIN: usize = 2;

/// When somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// It has passed or is small.
    WhenConvenient,
    /// Before the next night.
    Today,
    /// It goes on, and work stands still.
    Now,
}

impl When {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WhenConvenient => "when_convenient",
            Self::Today => "today",
            Self::Now => "now",
        }
    }
}

/// How urgent, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgency {
    /// When somebody should look.
    pub when: When,
    /// The reason in one sentence, with its numbers.
    pub says: String,
}

/// What urgency is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    /// How grave such a failure is.
    pub(super) severity: Severity,
    /// How many tasks fail.
    pub(super) tasks: usize,
    /// In how many DAGs.
    pub(super) dags: usize,
    /// What their tries did.
    pub(super) tries: Tries,
    /// How many of the tasks succeeded in an attempt that began after the last failure.
    pub(super) tasks_since: usize,
    /// Whether another attempt that used the same endpoint did; only where that speaks for the end of the trouble.
    pub(super) endpoint_since: bool,
    /// The clock that its failures keep to: then success in between is no end of it.
    pub(super) recurs: Option<Recurs>,
}

/// Categories of symptoms that end when the endpoint answers again. A rejected request or a wrong setting does not.
const CATEGORIES_THAT_PASS: [&str; 3] = ["network", "timeout", "tls"];

/// How urgent an incident of that severity is.
pub(super) fn of(severity: Severity, case: &Case<'_>, history: &History<'_>) -> Urgency {
    let incident = case.incident;
    let (tasks_since, tasks) = history.tasks_since(incident, case.attempts);
    let passes = incident.symptom.is_some_and(|symptom| CATEGORIES_THAT_PASS.contains(&case.rules.symptoms[symptom].category.as_str()));
    // Of one host's trouble, success elsewhere says nothing.
    let endpoint_since = match &incident.scope.endpoints[..] {
        [endpoint] if passes && scope_of(incident) != Some(ScopeKind::Host) => history.endpoint_since(incident, endpoint),
        _ => false,
    };
    let recurs = incident.patterns.iter().find_map(|pattern| match pattern.kind {
        PatternKind::Recurrence(recurs) => Some(recurs),
        _ => None,
    });
    urgency(&Situation { severity, tasks, dags: incident.scope.dags.len(), tries: case.tries, tasks_since, endpoint_since, recurs })
}

/// When to look, and why.
fn urgency(situation: &Situation) -> Urgency {
    let Situation { severity, tasks, dags, tries, tasks_since, endpoint_since, recurs } = *situation;
    let again = recurs.map(|recurs| format!("it keeps to one {} and will come again", clock(recurs)));
    let count = |number: usize, noun: &str| if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") };
    let grave = severity.name();
    if tries.instances > 0 && tries.recovered == tries.instances {
        let when = if severity == Severity::Critical { When::Today } else { When::WhenConvenient };
        let who = if tries.instances == 1 { "the task instance".to_owned() } else { format!("all {} task instances", tries.instances) };
        let but = again.map(|again| format!("; {again}")).unwrap_or_default();
        return Urgency { when, says: format!("{who} succeeded on a later try, so no work stands still{but}.") };
    }
    // Half of them: one of ten that came through does not end an outage.
    if endpoint_since || (tasks > 0 && 2 * tasks_since >= tasks) {
        let grave_or_coming = severity >= Severity::High || (again.is_some() && severity >= Severity::Medium);
        let when = if grave_or_coming { When::Today } else { When::WhenConvenient };
        let sign = if endpoint_since && 2 * tasks_since < tasks.max(1) {
            "another attempt used the same endpoint and succeeded".to_owned()
        } else if tasks == 1 {
            "the same task succeeded".to_owned()
        } else {
            format!("{tasks_since} of {tasks} tasks succeeded")
        };
        let state = again.map_or_else(|| "it seems over".to_owned(), |again| format!("it is over for now, but {again}"));
        return Urgency { when, says: format!("{state}: after the last failure {sign}; what failed may have to be run again.") };
    }
    let is_wide = tasks >= TASKS_BLOCKED_MIN || dags >= DAGS_BLOCKED_MIN;
    let when = match severity {
        Severity::Critical => When::Now,
        Severity::High if is_wide => When::Now,
        Severity::High | Severity::Medium => When::Today,
        Severity::Low | Severity::Info if is_wide => When::Today,
        Severity::Low | Severity::Info => When::WhenConvenient,
    };
    if tasks == 0 {
        return Urgency { when, says: format!("its severity is {grave}; no task is named, so nothing tells what it blocks.") };
    }
    let (verb, none) = if tasks == 1 { ("stands still", "it has") } else { ("stand still", "none has") };
    let some = if tries.recovered > 0 { format!(", though {} recovered", count(tries.recovered, "task instance")) } else { String::new() };
    let in_dags = if dags > 1 { format!(" in {}", count(dags, "DAG")) } else { String::new() };
    let none = if tasks == 1 { format!("{none} not succeeded") } else { format!("{none} succeeded") };
    Urgency {
        when,
        says: format!(
            "its severity is {grave}, {}{in_dags} {verb}{some}, and {none} since the last failure that was read.",
            count(tasks, "task")
        ),
    }
}

/// The time that comes round on a clock.
fn clock(recurs: Recurs) -> &'static str {
    match recurs {
        Recurs::Minute => "minute of the hour",
        Recurs::Hour => "hour of the day",
        Recurs::Weekday => "day of the week",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(severity: Severity, tasks: usize, dags: usize) -> Situation {
        let tries = Tries { instances: tasks, ..Tries::default() };
        Situation { severity, tasks, dags, tries, tasks_since: 0, endpoint_since: false, recurs: None }
    }

    #[test]
    fn what_goes_on_is_as_urgent_as_it_is_grave_and_wide() {
        use Severity::{Critical, High, Info, Low, Medium};
        let table = [
            (Critical, 1, 1, When::Now),
            (High, 2, 1, When::Today),
            (High, 3, 1, When::Now),
            (High, 1, 1, When::Today),
            (High, 2, 2, When::Now),
            (Medium, 9, 9, When::Today),
            (Low, 2, 1, When::WhenConvenient),
            (Low, 3, 1, When::Today),
            (Info, 2, 2, When::Today),
            (Info, 1, 1, When::WhenConvenient),
        ];
        for (severity, tasks, dags, expected) in table {
            let urgency = urgency(&situation(severity, tasks, dags));
            assert_eq!(urgency.when, expected, "{severity:?} {tasks} {dags}: {}", urgency.says);
            assert!(urgency.says.contains(severity.name()) && urgency.says.contains(&tasks.to_string()), "{}", urgency.says);
        }
    }

    #[test]
    fn what_recovered_can_wait_and_only_if_all_did() {
        let with = |severity, recovered| {
            let tries = Tries { instances: 3, recovered, ..Tries::default() };
            urgency(&Situation { tries, ..situation(severity, 3, 1) })
        };
        assert_eq!(with(Severity::High, 3).when, When::WhenConvenient);
        assert_eq!(with(Severity::High, 3).says, "all 3 task instances succeeded on a later try, so no work stands still.");
        assert_eq!(with(Severity::Critical, 3).when, When::Today);
        assert_eq!(with(Severity::High, 2).when, When::Now);
        assert!(with(Severity::High, 2).says.contains("though 2 task instances recovered"));
    }

    #[test]
    fn what_is_over_waits_for_the_day() {
        let with =
            |severity, tasks_since, endpoint_since| urgency(&Situation { tasks_since, endpoint_since, ..situation(severity, 4, 2) }).when;
        assert_eq!(with(Severity::Critical, 2, false), When::Today);
        assert_eq!(with(Severity::Critical, 1, false), When::Now, "one of four is not half");
        assert_eq!(with(Severity::High, 0, true), When::Today);
        assert_eq!(with(Severity::Medium, 2, false), When::WhenConvenient);
        let none = urgency(&Situation { endpoint_since: false, ..situation(Severity::High, 0, 0) });
        assert_eq!(none.when, When::Today, "without a task nothing tells that it is over: {}", none.says);
    }

    #[test]
    fn what_keeps_to_a_clock_is_not_over() {
        let with = |severity, recurs| urgency(&Situation { tasks_since: 4, recurs, ..situation(severity, 4, 2) });
        assert_eq!(with(Severity::Medium, None).when, When::WhenConvenient);
        assert!(with(Severity::Medium, None).says.starts_with("it seems over"));
        let nightly = with(Severity::Medium, Some(Recurs::Hour));
        assert_eq!(nightly.when, When::Today, "before the next night");
        assert!(
            nightly.says.starts_with("it is over for now, but it keeps to one hour of the day and will come again:"),
            "{}",
            nightly.says
        );
        assert_eq!(with(Severity::Low, Some(Recurs::Hour)).when, When::WhenConvenient);
        let tries = Tries { instances: 4, recovered: 4, ..Tries::default() };
        let recovered = urgency(&Situation { tries, recurs: Some(Recurs::Weekday), ..situation(Severity::High, 4, 2) });
        assert!(
            recovered.says.ends_with("no work stands still; it keeps to one day of the week and will come again."),
            "{}",
            recovered.says
        );
    }
}
