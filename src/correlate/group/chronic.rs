//! Small groups that look the same at different times: a fault that comes back is one incident, however long the pause.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::item::Item;
use super::sets::Sets;

/// Groups up to this size are taken for one recurring fault if they look the same; larger ones are outages of their own.
const SIZE_MAX: usize = 3;

pub(super) fn join(failures: &[Item<'_>], sets: &mut Sets) {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for item in 0..failures.len() {
        *sizes.entry(sets.find(item)).or_default() += 1;
    }
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (at, item) in failures.iter().enumerate() {
        if sizes.get(&sets.find(at)).is_none_or(|size| *size > SIZE_MAX) {
            continue;
        }
        let Some(place) = item.failure.endpoint.as_deref().map(str::to_owned).or_else(|| item.task()) else { continue };
        match first.entry(format!("{} {place}", item.family)) {
            Entry::Occupied(known) => sets.join(*known.get(), at),
            Entry::Vacant(slot) => {
                slot.insert(at);
            }
        }
    }
}
