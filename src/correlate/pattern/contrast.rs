//! Scope: which value of host, endpoint, task, DAG, operator or queue, or which two together, explain the failures against the healthy attempts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::rule::ScopeKind;
use crate::time::{Span, Timestamp};

use super::super::group::{Class, Item};
use super::super::statistics::Contrast;
use super::super::table::{Ends, Table, Window};
use super::super::{Pattern, PatternKind};
use super::{Claim, View, chance};

/// What share of an incident's failures a value must have to explain it; the rest may be unrelated ones that fell into the same time.
const COVERAGE_MIN: f64 = 0.8;

/// How many healthy attempts make a base rate; the stretch of time that is compared is widened until there are so many.
const HEALTHY_MIN: usize = 20;

/// How much more often attempts must fail inside than outside for it to be worth telling, however sure the test is.
const RATIO_MIN: f64 = 3.0;

/// How many of a task's healthy attempts are asked whether they name their endpoint.
const HEALTHY_ASKED_MAX: usize = 20;

/// How many times the share of any other kind hosts and endpoints have of the chance of a false claim.
const FAVOURED: f64 = 4.0;

/// How many attempts of one value are looked through for those that have another value too.
const PAIR_ROWS_MAX: usize = 20_000;

/// How unlikely it must be that of all that has one value of a pair it is by chance those that have the other which fail.
const PAIR_P_MAX: f64 = 0.01;

/// When failures of one class struck which value; each task instance once, for its tries are not independent of each other.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Rates<'i> {
    of: HashMap<(Class<'i>, ScopeKind, u32), Vec<Timestamp>>,
    known: HashMap<(Class<'i>, ScopeKind), Vec<Timestamp>>,
}

impl<'i> Rates<'i> {
    pub(super) fn of(failures: &'i [Item<'_>], table: &Table<'_>) -> Self {
        let mut rates = Self::default();
        let mut seen: BTreeSet<(u32, Class<'i>, ScopeKind, Option<u32>)> = BTreeSet::new();
        for item in failures {
            let Some(time) = item.time.or_else(|| item.attempt.ended.or(item.attempt.started)) else { continue };
            let instance = table.instance(item.row);
            for kind in ScopeKind::ALL {
                let values = table.column(kind).of_row(item.row);
                let mut first = |value: Option<u32>| instance.is_none_or(|instance| seen.insert((instance, item.class(), kind, value)));
                if !values.is_empty() && first(None) {
                    rates.known.entry((item.class(), kind)).or_default().push(time);
                }
                for value in values.iter().filter(|value| first(Some(**value))) {
                    rates.of.entry((item.class(), kind, *value)).or_default().push(time);
                }
            }
        }
        rates.of.values_mut().chain(rates.known.values_mut()).for_each(|times| times.sort_unstable());
        rates
    }
}

/// A value, or two of different kinds together.
type Value = (ScopeKind, u32);

impl View<'_, '_> {
    /// The smallest scope that explains the incident.
    pub(super) fn scope(&self, rates: &Rates<'_>) -> Option<Claim> {
        let class = self.members.first()?.class();
        if self.table.healthy == 0 || self.members.len() < 2 {
            return None;
        }
        let compared: Vec<ScopeKind> = ScopeKind::ALL.into_iter().filter(|kind| self.table.column(*kind).len() >= 2).collect();
        let mut found: Vec<(f64, Contrast, Vec<Value>)> = Vec::new();
        for kind in &compared {
            let column = self.table.column(*kind);
            if column.healthy_known().is_empty() || matches!(kind, ScopeKind::Endpoint | ScopeKind::Version) && !self.comparable(*kind) {
                continue;
            }
            let (window, stretches) = self.window(column.healthy_known());
            for value in self.explaining(*kind) {
                let bad = |times: Option<&Vec<Timestamp>>| times.map_or(0, |times| window.count(times));
                // The incident may hold failures of several classes: what it has itself counts in any case.
                let bad_in = bad(rates.of.get(&(class.clone(), *kind, value))).max(self.instances_with(*kind, value));
                let bad_all = bad(rates.known.get(&(class.clone(), *kind))).max(bad_in);
                let (good_in, good) = (column.healthy(value).within(window), column.healthy_known().within(window));
                // What healthy attempts do not tell, because their logs were read in part, speaks against the claim: each may have had the value.
                let unread = column.unread().within(window);
                let contrast = Contrast { bad_in, good_in: good_in + unread, bad_out: bad_all - bad_in, good_out: good - good_in };
                let tried = column.len() as f64 / self.weight(*kind, &compared) * if self.grouped_by(*kind) { stretches } else { 1.0 };
                found.push(((contrast.fisher() * tried).min(1.0), contrast, vec![(*kind, value)]));
            }
        }
        let singles: Vec<(f64, Contrast, Value)> = found.iter().map(|(p, contrast, values)| (*p, *contrast, values[0])).collect();
        found.extend(self.pairs(&singles));
        let inside = |contrast: &Contrast| contrast.bad_in + contrast.good_in;
        // Of two values of one kind the one whose name comes first, wherever they stand in the table.
        let order = |values: &[Value]| {
            values.iter().map(|(kind, value)| (self.preference(*kind), self.table.column(*kind).name(*value))).collect::<Vec<_>>()
        };
        let told = |(p, contrast, _): &&(f64, Contrast, Vec<Value>)| {
            *p <= super::FALSE_DISCOVERIES && contrast.share_in() >= RATIO_MIN * contrast.share_out()
        };
        let best = found.iter().filter(told).min_by_key(|(_, contrast, values)| (inside(contrast), values.len(), order(values)));
        if let Some((p, contrast, values)) = best {
            let alike: Vec<&Value> = singles
                .iter()
                .filter(|(_, other, value)| other == contrast && values.len() == 1 && !same_by_nature(values[0].0, value.0))
                .map(|(_, _, value)| value)
                .collect();
            return Some(Claim { p: *p, pattern: self.scope_pattern(*p, *contrast, values, &alike), told: true });
        }
        // What was tried without success counts as a test.
        let least = found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Claim { p: least.0, pattern: self.scope_pattern(least.0, least.1, &least.2, &[]), told: false })
    }

    fn scope_pattern(&self, p: f64, contrast: Contrast, values: &[Value], alike: &[&Value]) -> Pattern {
        let name = |(kind, value): &Value| format!("{} {}", kind.name(), self.table.column(*kind).name(*value));
        let what = values.iter().map(name).collect::<Vec<_>>().join(" with ");
        let Contrast { bad_in, good_in, bad_out, good_out } = contrast;
        let mut says = format!(
            "{bad_in} of {} such failures, each task instance counted once, are on {what}: {bad_in} of {} failed there, {bad_out} of {} elsewhere (chance {})",
            bad_in + bad_out,
            bad_in + good_in,
            bad_out + good_out,
            chance(p)
        );
        if let [first, ..] = alike {
            says.push_str(&format!("; {} has the same attempts, so the two cannot be told apart", name(first)));
        }
        let unread = values.iter().map(|(kind, _)| self.table.column(*kind).unread().len()).sum::<usize>();
        if unread > 0 {
            says.push_str("; healthy attempts of which only the ends were read are counted as if they had it too (--quick)");
        }
        let numbers = vec![
            ("failed_inside", bad_in as f64),
            ("healthy_inside", good_in as f64),
            ("failed_outside", bad_out as f64),
            ("healthy_outside", good_out as f64),
            ("p", p),
        ];
        let kind = match values {
            [(one, _), (other, _)] => PatternKind::ScopePair(*one, *other),
            _ => PatternKind::Scope(values[0].0),
        };
        self.pattern(kind, says, numbers)
    }

    /// Whether the healthy attempts that could have the values of the incident would say so: failing logs name their endpoint in the exception, healthy
    /// ones only if their code logs it, and where it does not every use seems to fail.
    fn comparable(&self, kind: ScopeKind) -> bool {
        let (tasks, column) = (self.table.column(ScopeKind::Task), self.table.column(kind));
        let is_healthy = |row: &&u32| self.table.rows.is_healthy(**row);
        let own = self.values(ScopeKind::Task);
        let healthy = own.iter().flat_map(|task| tasks.rows(*task).iter().filter(is_healthy).rev().take(HEALTHY_ASKED_MAX));
        let (mut all, mut known) = (0, 0);
        for row in healthy {
            all += 1;
            known += usize::from(!column.of_row(*row as usize).is_empty());
        }
        if all == 0 {
            (all, known) = (self.table.healthy, column.healthy_known().len());
        }
        2 * known >= all
    }

    /// What share of the chance of a false claim a kind may have, of those that are compared: hosts and endpoints are what most faults are about.
    fn weight(&self, kind: ScopeKind, compared: &[ScopeKind]) -> f64 {
        let weight = |kind: &ScopeKind| if matches!(kind, ScopeKind::Host | ScopeKind::Endpoint) { FAVOURED } else { 1.0 };
        weight(&kind) / compared.iter().map(weight).sum::<f64>()
    }

    /// Whether failures came together in this incident because they share a value of the kind: then the closest of many stretches of time has been picked.
    fn grouped_by(&self, kind: ScopeKind) -> bool {
        self.members.first().is_some_and(|item| match item.class() {
            Class::Resolving => false,
            Class::Passing => matches!(kind, ScopeKind::Endpoint | ScopeKind::Task),
            Class::Family(_) => matches!(kind, ScopeKind::Endpoint | ScopeKind::Task | ScopeKind::Host),
        })
    }

    /// The stretch of time in which failures and healthy attempts are compared, and how many such stretches there are: an incident is where failures came
    /// together, so that the closest of many stretches has been picked already.
    fn window(&self, healthy: Ends<'_>) -> (Window, f64) {
        let Some(span) = self.incident.first_seen.zip(self.incident.last_seen) else { return (Window(None), 1.0) };
        let mut by = Span::seconds(60);
        let mut window = Window(Some(span)).wider(by);
        while healthy.within(window) < HEALTHY_MIN && by < self.table.length() {
            by = Span(by.0.saturating_mul(2));
            window = Window(Some(span)).wider(by);
        }
        let length = window.0.map_or(1.0, |(from, to)| (to - from).as_secs_f64().max(1.0));
        (window, (self.table.length().as_secs_f64() / length).max(1.0))
    }

    /// The values of a kind that enough of the failures have of which it is known.
    fn explaining(&self, kind: ScopeKind) -> Vec<u32> {
        let column = self.table.column(kind);
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        let known = self.members.iter().filter(|item| !column.of_row(item.row).is_empty()).count();
        self.members.iter().flat_map(|item| column.of_row(item.row)).for_each(|value| *counts.entry(*value).or_default() += 1);
        let enough =
            |count: usize| count as f64 >= COVERAGE_MIN * known as f64 && count as f64 >= COVERAGE_MIN / 2.0 * self.members.len() as f64;
        counts.into_iter().filter(|(_, count)| enough(*count)).map(|(value, _)| value).collect()
    }

    /// How many task instances of the incident have a value.
    fn instances_with(&self, kind: ScopeKind, value: u32) -> usize {
        let column = self.table.column(kind);
        let having = self.members.iter().filter(|item| column.of_row(item.row).contains(&value));
        having
            .map(|item| self.table.instance(item.row).map_or((false, item.row), |instance| (true, instance as usize)))
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Two values together, where of all that has the one it is those that have the other which fail, and the other way round.
    fn pairs(&self, singles: &[(f64, Contrast, Value)]) -> Vec<(f64, Contrast, Vec<Value>)> {
        let mut pairs = Vec::new();
        for (at, (p_one, one, first)) in singles.iter().enumerate() {
            for (p_other, other, second) in &singles[at + 1..] {
                if first.0 == second.0 || same_by_nature(first.0, second.0) || p_one.max(*p_other) > PAIR_P_MAX {
                    continue;
                }
                let is_unread = |value: &Value| !self.table.column(value.0).unread().is_empty();
                if is_unread(first) || is_unread(second) {
                    continue;
                }
                let Some((bad, good)) = self.both(*first, *second) else { continue };
                let within = |all: &Contrast| Contrast {
                    bad_in: bad.min(all.bad_in),
                    good_in: good.min(all.good_in),
                    bad_out: all.bad_in.saturating_sub(bad),
                    good_out: all.good_in.saturating_sub(good),
                };
                if within(one).fisher().max(within(other).fisher()) > PAIR_P_MAX {
                    continue;
                }
                let all = Contrast {
                    bad_in: bad,
                    good_in: good,
                    bad_out: (one.bad_in + one.bad_out).saturating_sub(bad),
                    good_out: (one.good_in + one.good_out).saturating_sub(good),
                };
                pairs.push((p_one.max(*p_other), all, vec![*first, *second]));
            }
        }
        pairs
    }

    /// How many task instances of the incident, and how many healthy attempts about its time, have both of two values; `None` where there are too many to look through.
    fn both(&self, first: Value, second: Value) -> Option<(usize, usize)> {
        let columns = (self.table.column(first.0), self.table.column(second.0));
        let (one, other) = (columns.0.rows(first.1), columns.1.rows(second.1));
        let (rows, column, value) = if one.len() <= other.len() { (one, columns.1, second.1) } else { (other, columns.0, first.1) };
        let (window, _) = self.window(columns.0.healthy_known());
        let at = |row: &u32| self.table.rows.instant(*row);
        let (from, to) = match window.0 {
            None => (0, rows.len()),
            Some((from, to)) => (rows.partition_point(|row| at(row) < Some(from)), rows.partition_point(|row| at(row) <= Some(to))),
        };
        let rows = rows.get(from..to).filter(|rows| rows.len() <= PAIR_ROWS_MAX)?;
        let has = |row: &&u32| column.of_row(**row as usize).contains(&value);
        let good = rows.iter().filter(|row| self.table.rows.is_healthy(**row)).filter(has).count();
        let members = self
            .members
            .iter()
            .filter(|item| columns.0.of_row(item.row).contains(&first.1) && columns.1.of_row(item.row).contains(&second.1));
        let bad: BTreeSet<Option<u32>> = members.map(|item| self.table.instance(item.row)).collect();
        Some((bad.len(), good))
    }

    /// Which of two scopes with the same attempts is told: what such a failure is usually about.
    fn preference(&self, kind: ScopeKind) -> usize {
        let passing = self.members.first().is_some_and(|item| matches!(item.class(), Class::Passing | Class::Resolving));
        let order = if passing {
            [
                ScopeKind::Endpoint,
                ScopeKind::Host,
                ScopeKind::Version,
                ScopeKind::Task,
                ScopeKind::Dag,
                ScopeKind::Queue,
                ScopeKind::Operator,
            ]
        } else {
            [
                ScopeKind::Version,
                ScopeKind::Task,
                ScopeKind::Dag,
                ScopeKind::Host,
                ScopeKind::Endpoint,
                ScopeKind::Queue,
                ScopeKind::Operator,
            ]
        };
        order.iter().position(|other| *other == kind).unwrap_or(order.len())
    }
}

/// Whether one of two kinds of value lies within the other: a task has one DAG and one operator.
fn same_by_nature(one: ScopeKind, other: ScopeKind) -> bool {
    let of_task = |kind: ScopeKind| matches!(kind, ScopeKind::Task | ScopeKind::Dag | ScopeKind::Operator);
    one == other || of_task(one) && of_task(other)
}
