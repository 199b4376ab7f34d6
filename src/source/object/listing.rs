//! Lists a bucket page by page, one page ahead of whoever takes them.

use std::collections::VecDeque;
use std::sync::Arc;

use object_store::ObjectMeta;
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use tokio::sync::mpsc;

use super::fault::{Fault, FaultKind};
use super::store::Store;
use crate::time::Timestamp;

/// How many pages are asked for before they are wanted. A page holds 1,000 objects, or 5,000 of Azure's.
const PAGES_AHEAD: usize = 1;

/// An object, as a listing tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Path,
    pub(super) bytes: u64,
    /// When it was last written.
    pub(super) written: Timestamp,
}

impl Entry {
    pub(super) fn of(meta: ObjectMeta) -> Self {
        Self { key: meta.location, bytes: meta.size, written: Timestamp(meta.last_modified.timestamp_micros()) }
    }
}

/// How many keys of a listing may be none that can be asked for, before it is given up.
const BAD_KEYS_MAX: usize = 20;

/// A key that cannot be asked for makes the crate refuse the whole page it is on: so many are listed at once to come as near to it as can be.
const SMALLER_PAGES: [Option<usize>; 4] = [None, Some(100), Some(10), Some(1)];

/// A page of a listing, and where the next one begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Keys that cannot be asked for.
    bad: Vec<String>,
    next: Option<At>,
}

/// Where a page begins.
#[derive(Debug, Clone)]
enum At {
    /// Where a store said that the next one does.
    Token(String),
    /// After a key.
    Key(String),
}

impl Page {
    /// The first page.
    pub(super) async fn first(store: &Store, prefix: &str) -> Result<Self, Fault> {
        let mut page = Self::get(store, prefix, None).await?;
        // A page may be empty, and others follow.
        while page.entries.is_empty() && page.bad.len() < BAD_KEYS_MAX {
            let Some(at) = page.next.take() else { break };
            let bad = page.bad;
            page = Self::get(store, prefix, Some(at)).await?;
            page.bad.splice(..0, bad);
        }
        Ok(page)
    }

    /// Whether nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.bad.is_empty()
    }

    async fn get(store: &Store, prefix: &str, at: Option<At>) -> Result<Self, Fault> {
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        let (page_token, offset) = match at {
            Some(At::Token(token)) => (Some(token), None),
            Some(At::Key(key)) => (None, Some(key)),
            None => (None, None),
        };
        let mut bad = None;
        for max_keys in SMALLER_PAGES {
            let options = PaginatedListOptions {
                page_token: page_token.clone(),
                offset: offset.clone(),
                max_keys,
                ..PaginatedListOptions::default()
            };
            let error = match store.pages.list_paginated(prefix, options).await {
                Ok(page) => {
                    let entries = page.result.objects.into_iter().map(Entry::of).collect();
                    return Ok(Self { entries, bad: Vec::new(), next: page.page_token.map(At::Token) });
                }
                Err(error) => error,
            };
            let fault = Fault::of(&error);
            match fault.kind {
                FaultKind::Key(key) => bad = Some(key),
                // What a listing does not find is the bucket.
                FaultKind::NoObject | FaultKind::NoBucket => {
                    return Err(Fault { kind: FaultKind::NoBucket, says: "there is no such bucket or container".to_owned() });
                }
                FaultKind::Other => return Err(fault),
            }
        }
        Ok(Self { entries: Vec::new(), next: bad.clone().map(At::Key), bad: bad.into_iter().collect() })
    }

    /// The first names right below a prefix, for a person who looks for one.
    pub(super) async fn names(store: &Store, prefix: &str) -> Vec<String> {
        let options = PaginatedListOptions { delimiter: Some("/".into()), ..PaginatedListOptions::default() };
        let page = store.pages.list_paginated(Some(prefix).filter(|prefix| !prefix.is_empty()), options).await;
        let Ok(page) = page else { return Vec::new() };
        let objects = page.result.objects.into_iter().map(|object| object.location);
        page.result.common_prefixes.into_iter().chain(objects).map(String::from).collect()
    }
}

/// What is listed, one after another.
pub(super) struct Listing {
    page: VecDeque<Entry>,
    /// Where the next page begins, until it is asked for.
    next: Option<At>,
    pages: Option<mpsc::Receiver<Result<Page, Fault>>>,
    /// Keys that cannot be asked for, and how many there were.
    bad: VecDeque<String>,
    bad_count: usize,
    /// The one before, where it is empty: a store's own tools make such objects stand for folders.
    empty: Option<Entry>,
}

/// What comes next in a listing.
pub(super) enum Next {
    Entry(Entry),
    /// A key that cannot be asked for.
    Bad(String),
    /// It breaks off.
    Fault(Fault),
    /// Nothing is there yet.
    Pending,
    End,
}

impl Listing {
    /// A listing of which there is the first page.
    pub(super) fn of(first: Page) -> Self {
        let bad_count = first.bad.len();
        Self { page: first.entries.into(), next: first.next, pages: None, bad: first.bad.into(), bad_count, empty: None }
    }

    /// Begins to ask for the pages after the first.
    pub(super) fn go_on(&mut self, store: &Arc<Store>, prefix: String) {
        let Some(mut at) = self.next.take() else { return };
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        self.pages = Some(pages);
        let lister = Arc::clone(store);
        store.requests.begin(async move {
            loop {
                let mut page = Page::get(&lister, &prefix, Some(at)).await;
                let next = page.as_mut().ok().and_then(|page| page.next.take());
                // Whoever took them may have ended.
                let is_wanted = sender.send(page).await.is_ok();
                match next.filter(|_| is_wanted) {
                    Some(next) => at = next,
                    None => return,
                }
            }
        });
    }

    /// The next object. Waits for a page only where `wait`.
    pub(super) fn next(&mut self, wait: bool) -> Next {
        loop {
            if let Some(bad) = self.bad.pop_front() {
                return Next::Bad(bad);
            }
            if self.bad_count >= BAD_KEYS_MAX {
                return Next::Fault(Fault { kind: FaultKind::Other, says: "too many keys like those above".to_owned() });
            }
            while let Some(entry) = self.page.pop_front() {
                let is_folder =
                    |empty: &Entry| entry.key.as_ref().strip_prefix(empty.key.as_ref()).is_some_and(|rest| rest.starts_with('/'));
                let before = self.empty.take().filter(|empty| !is_folder(empty));
                match before {
                    Some(before) => {
                        self.page.push_front(entry);
                        return Next::Entry(before);
                    }
                    None if entry.bytes == 0 => self.empty = Some(entry),
                    None => return Next::Entry(entry),
                }
            }
            let page = match &mut self.pages {
                None => None,
                Some(pages) if wait => pages.blocking_recv(),
                Some(pages) => match pages.try_recv() {
                    Ok(page) => Some(page),
                    Err(mpsc::error::TryRecvError::Empty) => return Next::Pending,
                    Err(mpsc::error::TryRecvError::Disconnected) => None,
                },
            };
            match page {
                Some(Ok(page)) => {
                    self.page = page.entries.into();
                    self.bad_count += page.bad.len();
                    self.bad = page.bad.into();
                }
                Some(Err(fault)) => return Next::Fault(fault),
                None => return self.empty.take().map_or(Next::End, Next::Entry),
            }
        }
    }
}
