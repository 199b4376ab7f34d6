//! Logs in few bytes. Of ten million attempts nearly all went well, and their logs say little more than whose they are, when, where and that they
//! ended: a row of eighty bytes holds it, where an [`Observation`] takes six hundred. What they share is kept once: texts as numbers (see [`Texts`]), and
//! what is the same in thousands of logs as one [`Manner`].

use std::collections::HashMap;
use std::sync::Arc;

use super::texts::{Ranks, Text, Texts};
use super::{Ending, EndpointUse, Endpoints, Observation};
use crate::record::{Dialect, Outcome};
use crate::source::{Kind, Source, TaskInstance};
use crate::time::Timestamp;

/// What is the same in many logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Manner {
    /// What of its place the row's own name tells.
    part: Part,
    /// The input's path, where the row's name is a member's or a stream's.
    path: Option<Text>,
    /// The member, where the row's name is a stream's.
    member: Option<Text>,
    pub(crate) kind: Kind,
    pub(crate) operator: Option<Text>,
    pub(crate) queue: Option<Text>,
    pub(crate) pool: Option<Text>,
    /// Names and versions in turn, as a list.
    pub(crate) versions: Option<Text>,
    pub(crate) dialect: Dialect,
    pub(crate) max_tries: Option<u32>,
    /// The state that the log itself names; its line stands in the row.
    pub(crate) outcome: Option<Outcome>,
    /// What the attempt came to when all had been heard; unknown until then.
    pub(crate) verdict: Outcome,
    pub(crate) return_code: Option<i32>,
    pub(crate) ending: Ending,
    pub(crate) executions: u32,
    pub(crate) is_excerpt: bool,
    pub(crate) without_log: bool,
    pub(crate) only_ends: bool,
    pub(crate) lacks_end: bool,
    pub(crate) endpoints_cut: bool,
}

/// Which part of a source's name tells one log from its neighbours: the last one it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
enum Part {
    #[default]
    Path,
    Member,
    Stream,
}

/// One log. Where a value stands for none, a log that really has that value is not packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// The name up to its last but one slash, which the tasks of a run share, and the rest, which the runs of a task share.
    name: (Text, Text),
    pub(crate) dag: Option<Text>,
    pub(crate) run: Option<Text>,
    pub(crate) task: Option<Text>,
    pub(crate) host: Option<Text>,
    manner: u32,
    map_index: i32,
    try_number: u32,
    pid: u32,
    started: i64,
    ended: i64,
    pub(crate) lines: u32,
    pub(crate) outcome_line: u32,
    last_begin: u32,
    last_words: Option<Text>,
    /// Where its endpoints stand among all uses; or, of a row that is not packed, its place among those.
    at: u32,
    /// How many endpoints; [`WHOLE`] for a row that is not packed.
    uses: u16,
}

/// Marks a row of which everything else is kept as it was.
const WHOLE: u16 = u16::MAX;
const NO_INDEX: i32 = i32::MIN;
const NO_NUMBER: u32 = u32::MAX;
const NO_TIME: i64 = i64::MIN;

impl Row {
    /// The place among the logs that are kept whole.
    pub(crate) fn whole(&self) -> Option<usize> {
        (self.uses == WHOLE).then_some(self.at as usize)
    }

    /// Says that the rest is kept whole, and where.
    pub(crate) fn set_whole(&mut self, at: usize) {
        (self.at, self.uses) = (at as u32, WHOLE);
    }

    pub(crate) fn map_index(&self) -> Option<i32> {
        Some(self.map_index).filter(|index| *index != NO_INDEX)
    }

    pub(crate) fn try_number(&self) -> Option<u32> {
        Some(self.try_number).filter(|number| *number != NO_NUMBER)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        Some(self.pid).filter(|pid| *pid != NO_NUMBER)
    }

    pub(crate) fn started(&self) -> Option<Timestamp> {
        time(self.started)
    }

    pub(crate) fn ended(&self) -> Option<Timestamp> {
        time(self.ended)
    }

    /// The task instance without its try.
    pub(crate) fn instance(&self) -> Instance {
        (self.dag, self.run, self.task, self.map_index)
    }

    /// Takes what was heard elsewhere of an attempt.
    pub(crate) fn complete(&mut self, host: Option<Text>, pid: Option<u32>, started: Option<Timestamp>, ended: Option<Timestamp>) {
        self.host = host;
        self.pid = pid.unwrap_or(NO_NUMBER);
        (self.started, self.ended) = (instant(started), instant(ended));
    }
}

/// A task instance without its try, by numbers.
pub(crate) type Instance = (Option<Text>, Option<Text>, Option<Text>, i32);

fn time(at: i64) -> Option<Timestamp> {
    Some(Timestamp(at)).filter(|_| at != NO_TIME)
}

fn instant(at: Option<Timestamp>) -> i64 {
    at.map_or(NO_TIME, |at| at.0)
}

/// One endpoint that a log used.
#[derive(Debug, Clone, Copy)]
struct Use {
    name: Text,
    count: u32,
    first: i64,
    last: i64,
    answered: i64,
}

/// Rows, and what they have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packed {
    pub(crate) texts: Texts,
    pub(crate) rows: Vec<Row>,
    manners: Vec<Manner>,
    numbers: HashMap<Manner, u32>,
    uses: Vec<Use>,
    /// Until rows are sorted, which log of its input each row is, as far as they come from archives: members of one name keep their order,
    /// whichever thread was first.
    order: Vec<u32>,
}

impl Packed {
    /// Adds a row of a log. Gives whether the row says it all: else the log must be kept, and the row told where.
    pub(crate) fn push(&mut self, log: &Observation, nth: u32) -> bool {
        let row = self.row(log);
        if nth > 0 {
            self.order.resize(self.rows.len(), 0);
            self.order.push(nth);
        }
        self.rows.push(row);
        is_plain(log) && self.says_all(log, row) && self.add_uses(log)
    }

    /// Lets a row that is kept whole say again what it says, its log having changed.
    pub(crate) fn renew(&mut self, at: usize, log: &Observation) {
        let new = self.row(log);
        if let Some(row) = self.rows.get_mut(at) {
            *row = Row { at: row.at, uses: row.uses, ..new };
        }
    }

    fn row(&mut self, log: &Observation) -> Row {
        let texts = &mut self.texts;
        let source = &log.source;
        let (part, name) = match (&source.stream, &source.member) {
            (Some(stream), _) => (Part::Stream, stream.as_str()),
            (None, Some(member)) => (Part::Member, member.as_str()),
            (None, None) => (Part::Path, &*source.path),
        };
        let manner = Manner {
            part,
            path: (part != Part::Path).then(|| texts.add(&source.path)),
            member: source.member.as_deref().filter(|_| part == Part::Stream).map(|member| texts.add(member)),
            kind: source.kind,
            operator: texts.add_some(log.operator.as_deref()),
            queue: None,
            pool: None,
            versions: texts.add_list(log.versions.iter().flat_map(|(name, version)| [&**name, &**version])),
            dialect: log.dialect,
            max_tries: log.max_tries,
            outcome: log.outcome.map(|(outcome, _)| outcome),
            verdict: Outcome::Unknown,
            return_code: log.return_code,
            ending: log.ending,
            executions: log.executions,
            is_excerpt: log.is_excerpt,
            without_log: log.without_log,
            only_ends: log.only_ends,
            lacks_end: log.lacks_end,
            endpoints_cut: log.endpoints_cut,
        };
        let (head, tail) = halves(name);
        Row {
            name: (texts.add(head), texts.add(tail)),
            dag: texts.add_some(log.task.dag_id.as_deref()),
            run: texts.add_some(log.task.run_id.as_deref()),
            task: texts.add_some(log.task.task_id.as_deref()),
            host: texts.add_some(log.host.as_deref()),
            map_index: log.task.map_index.unwrap_or(NO_INDEX),
            try_number: log.task.try_number.unwrap_or(NO_NUMBER),
            pid: log.pid.unwrap_or(NO_NUMBER),
            started: instant(log.started),
            ended: instant(log.ended),
            lines: log.lines,
            outcome_line: log.outcome.map(|(_, line)| line).unwrap_or_default(),
            last_begin: log.last_begin,
            last_words: (!log.last_words.is_empty()).then(|| texts.add(&log.last_words)),
            at: 0,
            uses: 0,
            manner: self.number(manner),
        }
    }

    /// Whether a row has lost nothing of what its log says of times and numbers.
    fn says_all(&self, log: &Observation, row: Row) -> bool {
        let numbers = (row.map_index(), row.try_number(), row.pid()) == (log.task.map_index, log.task.try_number, log.pid);
        let uses = log.endpoints.iter().flat_map(|(_, used)| [used.first, used.last, used.answered]);
        let versions = log.versions.is_empty() || self.manner(&row).versions.is_some();
        let names = log.endpoints.keys().all(Texts::may_be_listed);
        numbers && versions && names && [log.started, log.ended].into_iter().chain(uses).flatten().all(|at| at.0 != NO_TIME)
    }

    /// Adds the uses of the last row; gives whether there was room.
    fn add_uses(&mut self, log: &Observation) -> bool {
        let (count, at) = (log.endpoints.len(), self.uses.len());
        if count >= usize::from(WHOLE) || at + count > u32::MAX as usize {
            return false;
        }
        for (name, used) in log.endpoints.iter() {
            let name = self.texts.add(name);
            let [first, last, answered] = [used.first, used.last, used.answered].map(instant);
            self.uses.push(Use { name, count: used.count, first, last, answered });
        }
        if let Some(row) = self.rows.last_mut() {
            (row.at, row.uses) = (at as u32, count as u16);
        }
        true
    }

    /// The number of a manner.
    fn number(&mut self, manner: Manner) -> u32 {
        *self.numbers.entry(manner).or_insert_with(|| {
            self.manners.push(manner);
            self.manners.len() as u32 - 1
        })
    }

    /// What a row has in common with others.
    pub(crate) fn manner(&self, row: &Row) -> &Manner {
        &self.manners[row.manner as usize]
    }

    /// Changes what a row has in common with others: it has it in common with different ones then.
    pub(crate) fn change(&mut self, at: usize, change: impl FnOnce(&mut Manner)) {
        let old = self.manners[self.rows[at].manner as usize];
        let mut new = old;
        change(&mut new);
        if new != old {
            self.rows[at].manner = self.number(new);
        }
    }

    /// The endpoints that a packed row names, in the order of their names.
    pub(crate) fn endpoint_names(&self, row: &Row) -> impl Iterator<Item = Text> {
        self.uses_of(row).iter().map(|used| used.name)
    }

    fn uses_of(&self, row: &Row) -> &[Use] {
        if row.uses == WHOLE { &[] } else { self.uses.get(row.at as usize..row.at as usize + usize::from(row.uses)).unwrap_or_default() }
    }

    /// Forgets when endpoints were used.
    pub(crate) fn drop_uses(&mut self) {
        self.uses = Vec::new();
    }

    /// The texts of a row's place: the input's path in two halves, the member, the stream.
    pub(crate) fn place<'t>(&'t self, row: &Row) -> (Halves<'t>, Option<Halves<'t>>, Option<Halves<'t>>) {
        let manner = self.manner(row);
        let whole = |text: Option<Text>| text.map(|text| (self.texts.get(text), ""));
        let own = (self.texts.get(row.name.0), self.texts.get(row.name.1));
        match manner.part {
            Part::Path => (own, None, None),
            Part::Member => (whole(manner.path).unwrap_or_default(), Some(own), None),
            Part::Stream => (whole(manner.path).unwrap_or_default(), whole(manner.member), Some(own)),
        }
    }

    /// Whether a row is one of several logs in one file.
    pub(crate) fn in_stream(&self, row: &Row) -> bool {
        self.manner(row).part == Part::Stream
    }

    /// Whose a row is.
    pub(crate) fn task(&self, row: &Row) -> TaskInstance {
        TaskInstance {
            dag_id: self.shared(row.dag),
            run_id: self.shared(row.run),
            task_id: self.shared(row.task),
            map_index: row.map_index(),
            try_number: row.try_number(),
        }
    }

    /// A text as the larger structures hold it.
    pub(crate) fn shared(&self, text: Option<Text>) -> Option<Arc<str>> {
        text.map(|text| Arc::from(self.texts.get(text)))
    }

    /// The log of a packed row, as it was.
    pub(crate) fn unpack(&self, row: &Row) -> Observation {
        let manner = self.manner(row);
        let (path, member, stream) = self.place(row);
        let text = |(head, tail): (&str, &str)| format!("{head}{tail}");
        let task = self.task(row);
        let mut endpoints = Endpoints::default();
        for used in self.uses_of(row) {
            let [first, last, answered] = [used.first, used.last, used.answered].map(time);
            endpoints.add(Arc::from(self.texts.get(used.name)), EndpointUse { count: used.count, first, last, answered });
        }
        Observation {
            source: Source {
                path: text(path).into(),
                member: member.map(text),
                stream: stream.map(text),
                kind: manner.kind,
                task: task.clone(),
            },
            task,
            is_excerpt: manner.is_excerpt,
            without_log: manner.without_log,
            only_ends: manner.only_ends,
            host: self.shared(row.host),
            pid: row.pid(),
            operator: self.shared(manner.operator),
            max_tries: manner.max_tries,
            dialect: manner.dialect,
            started: row.started(),
            ended: row.ended(),
            lines: row.lines,
            outcome: manner.outcome.map(|outcome| (outcome, row.outcome_line)),
            return_code: manner.return_code,
            ending: manner.ending,
            lacks_end: manner.lacks_end,
            last_words: row.last_words.map(|words| self.texts.get(words)).unwrap_or_default().into(),
            executions: manner.executions,
            last_begin: row.last_begin,
            endpoints,
            endpoints_cut: manner.endpoints_cut,
            versions: self.versions(manner).map(|(name, version)| (name.into(), version.into())).collect(),
            ..Observation::default()
        }
    }

    /// Which versions of things a row names.
    pub(crate) fn versions<'t>(&'t self, manner: &Manner) -> impl Iterator<Item = (&'t str, &'t str)> {
        let mut items = self.texts.list(manner.versions);
        std::iter::from_fn(move || Some((items.next()?, items.next()?)))
    }

    /// Sorts by the name of the source, and then by whose they are; rows that have both in common keep their order.
    pub(crate) fn sort(&mut self) {
        let ranks = self.texts.ranks();
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        order.sort_unstable_by(|a, b| {
            let rows = (&self.rows[*a as usize], &self.rows[*b as usize]);
            let nth = |row: u32| self.order.get(row as usize).copied().unwrap_or_default();
            self.compare(rows.0, rows.1, &ranks).then_with(|| nth(*a).cmp(&nth(*b))).then(a.cmp(b))
        });
        for at in 0..order.len() {
            // Where the row that belongs here has been swapped to.
            let mut from = order[at] as usize;
            while from < at {
                from = order[from] as usize;
            }
            order[at] = from as u32;
            self.rows.swap(at, from);
        }
        self.order = Vec::new();
    }

    fn compare(&self, a: &Row, b: &Row, ranks: &Ranks) -> std::cmp::Ordering {
        let (of_a, of_b) = (self.manner(a), self.manner(b));
        if (of_a.part, of_a.path, of_a.member) == (of_b.part, of_b.path, of_b.member) {
            return self.compare_names(a.name, b.name, ranks).then(of_a.kind.cmp(&of_b.kind)).then_with(|| compare_tasks(a, b, ranks));
        }
        let whole = |(head, tail): (&str, &str)| [head, tail].concat();
        let place = |row: &Row| {
            let (path, member, stream) = self.place(row);
            (whole(path), member.map(whole), stream.map(whole))
        };
        place(a).cmp(&place(b)).then(of_a.kind.cmp(&of_b.kind)).then_with(|| compare_tasks(a, b, ranks))
    }

    /// Compares two names. The heads decide, unless one is the beginning of the other.
    fn compare_names(&self, a: (Text, Text), b: (Text, Text), ranks: &Ranks) -> std::cmp::Ordering {
        if a.0 == b.0 {
            return ranks.of(a.1).cmp(&ranks.of(b.1));
        }
        if !ranks.share_begin(a.0, b.0) {
            return ranks.of(a.0).cmp(&ranks.of(b.0));
        }
        let bytes = |(head, tail): (Text, Text)| self.texts.get(head).bytes().chain(self.texts.get(tail).bytes());
        bytes(a).cmp(bytes(b))
    }
}

/// Compares whose two rows of one name are: an export tells of many attempts.
fn compare_tasks(a: &Row, b: &Row, ranks: &Ranks) -> std::cmp::Ordering {
    let key = |row: &Row| {
        let names = [row.dag, row.run, row.task].map(|text| text.map(|text| ranks.of(text)));
        (names, row.map_index(), row.try_number())
    };
    key(a).cmp(&key(b))
}

/// Whether a log says nothing but whose it is and how it went.
fn is_plain(log: &Observation) -> bool {
    matches!(log.source.kind, Kind::Task | Kind::Other)
        && log.matches.is_empty()
        && log.failures.is_empty()
        && log.mentions.is_empty()
        && log.trigger_fired.is_none()
}

/// A name in two halves.
pub(crate) type Halves<'t> = (&'t str, &'t str);

/// The halves of a name: up to the last but one slash, and the rest.
fn halves(name: &str) -> Halves<'_> {
    let mut slashes = name.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
    name.split_at(slashes.nth(1).map_or(0, |slash| slash + 1))
}
