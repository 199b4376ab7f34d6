//! One trouble of the whole installation: the scheduler, the database, the broker or name resolution fail for many tasks at once, and each of them says so for itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{Span, Timestamp};

use super::super::statistics;
use super::super::table::Table;
use super::item::{Class, Item, Reach};
use super::sets::Sets;

/// What follows within this time belongs to the same trouble.
const GAP: Span = Span::seconds(120);

/// How many tasks make it the installation's and not a task's.
const TASKS_MIN: usize = 3;

/// How unlikely it must be that so many came together by chance, all stretches of such a length and all families that were looked at taken together.
const P_MAX: f64 = 0.001;

pub(super) fn join(failures: &[Item<'_>], table: &Table<'_>, sets: &mut Sets) {
    let mut families: BTreeMap<Class<'_>, Vec<(Timestamp, usize)>> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate().filter(|(_, item)| item.reach == Reach::Everything) {
        let class = if item.class() == Class::Resolving { Class::Resolving } else { Class::Family(&item.family) };
        families.entry(class).or_default().extend(item.time.map(|time| (time, at)));
    }
    let looked_at = families.len();
    for mut items in families.into_values() {
        items.sort_by_key(|(time, at)| (*time, failures[*at].row));
        let all = items.len();
        for burst in items.chunk_by(|(early, _), (late, _)| *late - *early <= GAP) {
            let tasks: BTreeSet<Option<(&str, &str)>> = burst.iter().map(|(_, at)| failures[*at].key()).collect();
            if tasks.len() < TASKS_MIN {
                continue;
            }
            let length = burst[burst.len() - 1].0 - burst[0].0 + GAP;
            let stretches = (table.length().as_secs_f64() / length.as_secs_f64()).max(1.0);
            // What else there is of the family, spread evenly, would put so many into such a stretch.
            let expected = ((all - burst.len()) as f64 + 0.5) / stretches;
            let p = statistics::poisson_tail(tasks.len(), expected) * stretches * looked_at as f64;
            // In logs of this one trouble nothing else is there to compare with: then being together is enough.
            if p <= P_MAX || stretches <= 1.0 {
                burst.windows(2).for_each(|pair| sets.join(pair[0].1, pair[1].1));
            }
        }
    }
}
