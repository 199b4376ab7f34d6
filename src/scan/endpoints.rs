//! The endpoints that one log names, each with its use. Most attempts use none or one, and there may be a million of them: a sorted list costs
//! what stands in it, where a tree would cost a node of a kilobyte for the first entry.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// When an attempt mentioned an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointUse {
    /// How often.
    pub count: u32,
    /// First.
    pub first: Option<Timestamp>,
    /// Last.
    pub last: Option<Timestamp>,
    /// When a line last told of an answer from it, rather than of a call that begins.
    pub answered: Option<Timestamp>,
}

/// Endpoints by their names (see [`crate::record::Endpoint::key`]), in the order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints(Vec<(Arc<str>, EndpointUse)>);

impl Endpoints {
    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The names with their uses.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &EndpointUse)> {
        self.0.iter().map(|(name, used)| (name, used))
    }

    /// The use of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&EndpointUse> {
        self.place(name).ok().and_then(|at| self.0.get(at)).map(|(_, used)| used)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one, unless it is known.
    pub fn add(&mut self, name: Arc<str>, used: EndpointUse) {
        if let Err(at) = self.place(&name) {
            self.0.insert(at, (name, used));
        }
    }

    /// Gives some of them other names. Where the new name is known already, its use stays.
    pub fn rename(&mut self, new_name: impl Fn(&str) -> Option<Arc<str>>) {
        let renamed: Vec<(Arc<str>, Arc<str>)> = self.0.iter().filter_map(|(name, _)| Some((name.clone(), new_name(name)?))).collect();
        for (old, new) in renamed {
            if let Ok(at) = self.place(&old) {
                let (_, used) = self.0.remove(at);
                self.add(new, used);
            }
        }
    }

    /// Puts one copy of each name in the place of its own.
    pub fn share(&mut self, mut shared: impl FnMut(&mut Arc<str>)) {
        self.0.iter_mut().for_each(|(name, _)| shared(name));
    }

    /// Gives back the room that was taken for more.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub(super) fn get_mut(&mut self, name: &Arc<str>) -> Option<&mut EndpointUse> {
        // A log's lines name the same few again and again, and then mostly by the same copy.
        let same = self.0.iter().position(|(known, _)| Arc::ptr_eq(known, name));
        let at = same.or_else(|| self.place(name).ok())?;
        self.0.get_mut(at).map(|(_, used)| used)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(count: u32) -> EndpointUse {
        EndpointUse { count, first: None, last: None, answered: None }
    }

    fn shown(endpoints: &Endpoints) -> String {
        endpoints.iter().map(|(name, used)| format!("{name} {}", used.count)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn they_stand_in_order_and_each_once() {
        let mut endpoints = Endpoints::default();
        assert!(endpoints.is_empty());
        for (name, count) in [("b.lab:80", 1), ("a.lab:80", 2), ("c.lab:80", 3), ("a.lab:80", 9)] {
            endpoints.add(name.into(), used(count));
        }
        assert_eq!(shown(&endpoints), "a.lab:80 2, b.lab:80 1, c.lab:80 3");
        assert_eq!((endpoints.len(), endpoints.get("b.lab:80"), endpoints.get("d.lab:80")), (3, Some(&used(1)), None));
        assert_eq!(endpoints.keys().collect::<Vec<_>>(), ["a.lab:80", "b.lab:80", "c.lab:80"]);
    }

    #[test]
    fn a_new_name_keeps_the_order_and_gives_way_to_a_known_one() {
        let mut endpoints = Endpoints::default();
        for (name, count) in [("connection a", 1), ("connection b", 2), ("z.lab:80", 3)] {
            endpoints.add(name.into(), used(count));
        }
        endpoints.rename(|name| match name {
            "connection a" => Some("z.lab:80".into()),
            "connection b" => Some("a.lab:80".into()),
            _ => None,
        });
        assert_eq!(shown(&endpoints), "a.lab:80 2, z.lab:80 3");
    }
}
