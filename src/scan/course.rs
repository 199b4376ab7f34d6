//! What Airflow's own records make of the log that is read: whose it is, when an execution begins, how the last one came out.

use crate::record::{About, Landmark, Outcome, Record, other_offset};
use crate::source::Kind;

use super::Fired;
use super::calls::Calls;
use super::reading::Reading;

/// How many records Airflow 3 may write between the two that say that an execution begins.
const LINES_OF_A_START: u32 = 6;

impl Reading<'_> {
    /// Whether the log is one attempt's, or one trigger's.
    fn is_of_attempt(&self) -> bool {
        matches!(self.state.log.source.kind, Kind::Task | Kind::Trigger | Kind::Other)
    }

    /// Whether a record with this landmark is the one with which the attempt failed.
    fn ends_attempt(&self, landmark: &Landmark) -> bool {
        match landmark {
            Landmark::TaskFailed => true,
            // What a trigger meets after it had its event does not concern its task; and what a task prints while it is at work is no trigger's word.
            Landmark::TriggerFailed => {
                let log = &self.state.log;
                let is_waited_for = log.source.kind == Kind::Trigger || matches!(log.outcome, Some((Outcome::Deferred, _)));
                self.is_of_attempt() && is_waited_for && log.trigger_fired.is_none()
            }
            _ => false,
        }
    }

    /// Takes in what a record says; whether it is the one with which the attempt failed.
    pub(super) fn landmark(&mut self, landmark: Landmark, record: &Record) -> bool {
        let of_attempt = self.is_of_attempt();
        let fails = self.ends_attempt(&landmark);
        let log = &mut self.state.log;
        match landmark {
            // A component's log speaks of many attempts; none of it is about the log itself.
            Landmark::About(about) if !of_attempt || is_of_components(&about) => self.mention(*about, record),
            _ if !of_attempt => {}
            Landmark::About(_) => {}
            Landmark::Host(host) => log.host = Some(host.into()),
            Landmark::Operator(operator) => log.operator = Some(operator.into()),
            Landmark::Pid(pid) => log.pid = Some(pid),
            Landmark::Attempt { number, of } => {
                log.max_tries = Some(of);
                log.task.try_number.get_or_insert(number);
                self.begins(record.line);
            }
            Landmark::Begins { marks_end } => {
                self.state.marks_ends |= marks_end;
                self.begins(record.line);
            }
            Landmark::Version(name, version) => log.add_version(name, &version),
            Landmark::TriggerFired => log.trigger_fired = Some(Box::new(Fired { line: record.line, time: record.time })),
            Landmark::TriggerStarts => {
                log.trigger_fired = None;
                if log.source.kind == Kind::Trigger {
                    self.begins(record.line);
                }
            }
            Landmark::WorkDone => self.state.work_done = Some(record.line),
            // Up to 2.0 a task that skips itself is marked as skipped, and then its process as having succeeded.
            Landmark::State(Outcome::Success) if matches!(log.outcome, Some((Outcome::Skipped, _))) => {}
            Landmark::State(outcome) => {
                log.outcome = Some((outcome, record.line));
                if let Some(offset) = other_offset(record, &self.observer.dialects.zone) {
                    self.state.unread.other_zone(record.line, offset);
                }
            }
            Landmark::SuccessHint => {
                self.state.success_hint = Some(record.line);
                if matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _))) {
                    log.outcome = None;
                }
            }
            Landmark::ReturnCode(code) => log.return_code = Some(code),
            Landmark::TriggerFailed if !fails => {}
            Landmark::TaskFailed | Landmark::TriggerFailed => {
                self.state.success_hint = None;
                self.state.failed = true;
                if matches!(log.outcome, Some((Outcome::Deferred | Outcome::UpForReschedule, _))) {
                    log.outcome = None;
                }
            }
            Landmark::Killed => self.state.killed = true,
            Landmark::NotHeard => (self.state.success_hint, self.state.work_done) = (None, None),
            Landmark::Identity(task) => {
                let known = &mut log.task;
                // The path is the surer source: a log may print other instances' names.
                if known.dag_id.is_none() && known.task_id.is_none() {
                    let try_number = known.try_number.or(task.try_number);
                    *known = task;
                    known.try_number = try_number;
                    if log.source.kind == Kind::Other {
                        log.source.kind = Kind::Task;
                    }
                }
            }
        }
        fails
    }

    /// A further execution of the same attempt begins: what the one before came to is past.
    fn begins(&mut self, line: u32) {
        // Airflow 3 writes more than one line as it starts.
        let again = self.state.log.executions == 0
            || line.saturating_sub(self.state.begin_line) > LINES_OF_A_START
            || self.state.work_done.is_some()
            || self.state.log.outcome.is_some();
        if again {
            self.state.log.executions += 1;
            self.state.log.last_begin = line;
            self.state.calls = Calls::default();
            self.state.begin_line = line;
        }
        self.state.log.outcome = None;
        self.state.log.return_code = None;
        self.state.success_hint = None;
        self.state.work_done = None;
        self.state.failed = false;
    }
}

/// Whether only a component says such a thing: a worker's or executor's output may stand in a file whose name does not say so.
fn is_of_components(about: &About) -> bool {
    about.worker.is_some() || about.pid.is_some() || !about.ids.is_empty()
}
