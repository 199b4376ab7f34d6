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

/// A page of a listing, and where the next one begins.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    next: Option<String>,
}

impl Page {
    /// The page that begins at a token.
    pub(super) async fn get(store: &Store, prefix: &str, at: Option<String>) -> Result<Self, Fault> {
        let options = PaginatedListOptions { page_token: at, ..PaginatedListOptions::default() };
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        match store.pages.list_paginated(prefix, options).await {
            Ok(page) => Ok(Self { entries: page.result.objects.into_iter().map(Entry::of).collect(), next: page.page_token }),
            Err(error) => {
                let fault = Fault::of(&error);
                // What a listing does not find is the bucket.
                let kind = if fault.kind == FaultKind::NoObject { FaultKind::NoBucket } else { fault.kind };
                let says = if kind == FaultKind::NoBucket { "there is no such bucket or container".to_owned() } else { fault.says };
                Err(Fault { kind, says })
            }
        }
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
    next: Option<String>,
    pages: Option<mpsc::Receiver<Result<Vec<Entry>, Fault>>>,
    /// The one before, where it is empty: a store's own tools make such objects stand for folders.
    empty: Option<Entry>,
}

/// What comes next in a listing.
pub(super) enum Next {
    Entry(Entry),
    /// It breaks off.
    Fault(Fault),
    /// Nothing is there yet.
    Pending,
    End,
}

impl Listing {
    /// A listing of which there is the first page.
    pub(super) fn of(first: Page) -> Self {
        Self { page: first.entries.into(), next: first.next, pages: None, empty: None }
    }

    /// Begins to ask for the pages after the first.
    pub(super) fn go_on(&mut self, store: &Arc<Store>, prefix: String) {
        let Some(mut at) = self.next.take() else { return };
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        self.pages = Some(pages);
        let lister = Arc::clone(store);
        store.requests.begin(async move {
            loop {
                let (page, next) = match Page::get(&lister, &prefix, Some(at)).await {
                    Ok(page) => (Ok(page.entries), page.next),
                    Err(fault) => (Err(fault), None),
                };
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
                Some(Ok(entries)) => self.page = entries.into(),
                Some(Err(fault)) => return Next::Fault(fault),
                None => return self.empty.take().map_or(Next::End, Next::Entry),
            }
        }
    }
}
