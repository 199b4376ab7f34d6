//! What was named of object stores, and what is found behind the names: single objects, and all below a prefix.
//!
//! Each object is found once, however many names lead to it, as `walk` does it with files.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use object_store::GetOptions;
use object_store::path::Path;

use super::Found;
use super::fault::{Fault, FaultKind};
use super::listing::{Entry, Listing, Next, Page};
use super::pieces::Object;
use super::requests::{Answer, Requests};
use super::store::Store;
use super::url::{Service, Url};
use crate::error::{Error, Problem, ProblemKind};
use crate::source::missing::alike;
use crate::source::passover::{self, PassedOver};
use crate::source::since::Since;
use crate::source::{Input, Naming};

/// Of how many objects the first piece is asked for before a thread reads them.
const OBJECTS_AHEAD: usize = 64;

/// A bucket, or a container with its account.
type Bucket = (Service, String);

/// What was named of object stores.
#[derive(Default)]
pub(in crate::source) struct Objects {
    requests: Option<Arc<Requests>>,
    stores: BTreeMap<Bucket, Arc<Store>>,
    /// What was named and not looked at yet.
    named: VecDeque<Named>,
    /// Objects that were found by their own names.
    seen: HashSet<(Bucket, Path)>,
    /// What keys begin with, and how that was named: so sorted, a prefix comes before those below it, which it covers.
    prefixes: BTreeMap<(Bucket, String), Below>,
    /// The last of them that was listed.
    covering: Option<(Bucket, String)>,
    listing: Option<Below>,
    /// What was left out of each prefix, in the order in which they were listed.
    left_out: Vec<LeftOut>,
    /// What was asked for ahead.
    window: VecDeque<Ahead>,
}

/// A name, and what is behind it.
struct Named {
    url: Url,
    store: Arc<Store>,
    looked: Answer<Looked>,
}

/// What is behind a name: an object, and those below it.
struct Looked {
    object: Result<Entry, Fault>,
    below: Result<Page, Fault>,
}

/// All objects below a prefix, and how that was named.
struct Below {
    url: Url,
    store: Arc<Store>,
    listing: Listing,
}

/// What was left out below a prefix.
#[derive(Default)]
struct LeftOut {
    named: String,
    passed_over: PassedOver,
    /// Folders that were passed over as a whole.
    folders: HashSet<String>,
    too_old: u64,
}

/// An object whose first piece was asked for.
struct Ahead {
    path: Arc<str>,
    object: Object,
    /// What its name leaves open: whether it is a log. The prefix under which it was found.
    in_doubt: Option<usize>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("named", &self.named.len()).finish_non_exhaustive()
    }
}

impl Objects {
    /// Takes a name from the command line, and looks if there is anything.
    ///
    /// # Errors
    /// [`Error::Usage`] where there is nothing, or the environment says nothing that would do.
    pub(in crate::source) fn name(&mut self, url: Url) -> Result<(), Error> {
        let named = self.look(url)?;
        let looked = named.looked.wait();
        if looked.is_missing() {
            return Err(Error::Usage(Self::says_missing(&named)));
        }
        self.named.push_back(named);
        Ok(())
    }

    /// Takes a name from a list. What is behind it is looked at meanwhile.
    ///
    /// # Errors
    /// [`Error::Usage`] where the environment says nothing that would do.
    pub(in crate::source) fn list(&mut self, url: Url) -> Result<(), Error> {
        let named = self.look(url)?;
        self.named.push_back(named);
        Ok(())
    }

    /// The next thing that is found. To be asked when all was named.
    pub(in crate::source) fn next(&mut self, since: Option<Since>, naming: &Naming) -> Option<Found> {
        loop {
            while self.window.len() < OBJECTS_AHEAD {
                match self.step(false, since, naming) {
                    Step::Ahead(ahead) => self.ask(ahead),
                    Step::Found(found) => return Some(found),
                    Step::Again => {}
                    Step::Pending | Step::End => break,
                }
            }
            if self.window.is_empty() {
                match self.step(true, since, naming) {
                    Step::Ahead(ahead) => self.ask(ahead),
                    Step::Found(found) => return Some(found),
                    Step::Again | Step::Pending => {}
                    Step::End => return None,
                }
                continue;
            }
            let Some(ahead) = self.window.pop_front() else { continue };
            if let Some(left_out) = ahead.in_doubt.and_then(|at| self.left_out.get_mut(at)) {
                let head = ahead.object.head(passover::HEAD_BYTES);
                if let Some(sort) = head.and_then(|head| passover::by_head(&ahead.path, &head)) {
                    left_out.passed_over.add(sort);
                    continue;
                }
            }
            return Some(Found::Input(Input { path: ahead.path, file: None, object: Some(ahead.object) }));
        }
    }

    /// How many objects were passed over, and what is said of them and of those that are too old. To be asked when everything was found.
    pub(in crate::source) fn finish(&mut self, since: Option<Since>) -> (u64, Vec<Problem>) {
        let (mut count, mut problems) = (0, Vec::new());
        for left_out in self.left_out.drain(..) {
            count += left_out.passed_over.count();
            problems.extend(left_out.passed_over.problem(&left_out.named, passover::NAME_IT));
            problems.extend(since.and_then(|since| since.problem(&left_out.named, left_out.too_old)));
        }
        (count, problems)
    }

    /// Says that there is nothing behind a name, and what may have been meant.
    fn says_missing(named: &Named) -> String {
        let url = &named.url;
        if named.looked.wait().below.is_err() {
            return format!(
                "'{url}': there is no such {}; write one that exists, and look at {} in the environment",
                url.container(),
                url.settings()
            );
        }
        let key = url.key.trim_end_matches('/');
        let (above, wanted) = key.rsplit_once('/').map_or(("", key), |(above, wanted)| (above, wanted));
        let (above, lister) = (prefix(above), Arc::clone(&named.store));
        let from = above.clone();
        let work = async move { Page::names(&lister, &above).await };
        let names = named.store.requests.ask(work, Vec::new);
        let alike = alike(wanted, names.wait().iter().filter_map(|name| name.strip_prefix(from.as_str())).map(str::to_owned));
        let start = url.text.strip_suffix(url.key.as_str()).unwrap_or_default();
        match alike {
            Some(name) => format!("nothing is stored at '{url}'; did you mean '{start}{from}{name}'?"),
            None => format!("nothing is stored at '{url}'; look at what is: {}", url.listed_by()),
        }
    }

    fn ask(&mut self, ahead: Ahead) {
        ahead.object.ask_ahead();
        self.window.push_back(ahead);
    }

    /// Begins to look at what is behind a name: an object of that key, and objects below it.
    fn look(&mut self, url: Url) -> Result<Named, Error> {
        let usage = |says: String| Error::Usage(format!("'{url}': {says}"));
        let bucket = (url.service, url.bucket.clone());
        let store = match self.stores.get(&bucket) {
            Some(store) => Arc::clone(store),
            None => {
                let requests = match &self.requests {
                    Some(requests) => Arc::clone(requests),
                    None => Requests::start().map_err(|error| usage(format!("no thread for requests can be started: {error}")))?,
                };
                self.requests = Some(Arc::clone(&requests));
                let store = Arc::new(Store::new(&url, requests).map_err(usage)?);
                self.stores.insert(bucket, Arc::clone(&store));
                store
            }
        };
        let key = Path::parse(&url.key)
            .map_err(|_| usage("keys with parts that are '.' or '..' or have control characters are not read".to_owned()))?;
        let prefix = prefix(&url.key);
        let is_prefix = prefix == url.key;
        let looking = Arc::clone(&store);
        let work = async move {
            let object = async {
                if is_prefix {
                    return Err(Fault { kind: FaultKind::NoObject, says: String::new() });
                }
                let head = looking.objects.get_opts(&key, GetOptions { head: true, ..GetOptions::default() }).await;
                head.map(|got| Entry::of(got.meta)).map_err(|error| Fault::of(&error))
            };
            let (object, below) = futures_util::future::join(object, Page::first(&looking, &prefix)).await;
            Looked { object, below }
        };
        let looked = store.requests.ask(work, || Looked { object: Err(Fault::lost()), below: Err(Fault::lost()) });
        Ok(Named { url, store, looked })
    }

    /// Finds one thing more; waits for a store's answer only where `wait`.
    fn step(&mut self, wait: bool, since: Option<Since>, naming: &Naming) -> Step {
        if self.named.front().is_some_and(|named| !wait && !named.looked.has_come()) {
            return Step::Pending;
        }
        if let Some(named) = self.named.pop_front() {
            return self.found_by_name(&named, since, naming);
        }
        if self.listing.is_none() && !self.next_prefix() {
            return Step::End;
        }
        let Some(below) = &mut self.listing else { return Step::End };
        match below.listing.next(wait) {
            Next::Entry(entry) => self.found_below(entry, since, naming),
            Next::Bad(key) => Step::Found(unreadable(below.url.beside(&key), Fault::of_key().to_owned())),
            Next::Pending => Step::Pending,
            Next::Fault(fault) => {
                let path = below.url.to_string();
                self.listing = None;
                Step::Found(unreadable(path, format!("could not be listed further: {}", fault.says)))
            }
            Next::End => {
                self.listing = None;
                Step::Again
            }
        }
    }

    /// What is behind a name.
    fn found_by_name(&mut self, named: &Named, since: Option<Since>, naming: &Naming) -> Step {
        let (url, looked) = (&named.url, named.looked.wait());
        let bucket = (url.service, url.bucket.clone());
        if let Ok(page) = &looked.below
            && !page.is_empty()
        {
            let store = Arc::clone(&named.store);
            let below = || Below { url: url.clone(), store, listing: Listing::of(page.clone()) };
            self.prefixes.entry((bucket.clone(), prefix(&url.key))).or_insert_with(below);
        } else if looked.object.is_err() {
            let says = looked.is_missing().then(|| format!("named in the list of files, and {}", missing(looked)));
            return Step::Found(unreadable(url.to_string(), says.unwrap_or_else(|| looked.fault())));
        }
        let Ok(entry) = &looked.object else { return Step::Again };
        if !self.seen.insert((bucket, entry.key.clone())) {
            return Step::Again;
        }
        let path: Arc<str> = url.to_string().into();
        if since.is_some_and(|since| since.leaves_out(Some(entry.written), || naming.source(&path, None))) {
            return Step::Found(Found::TooOld(url.to_string()));
        }
        let object = Object::new(Arc::clone(&path), Arc::clone(&named.store), entry.key.clone(), entry.bytes);
        Step::Ahead(Ahead { path, object, in_doubt: None })
    }

    /// An object below the prefix that is listed.
    fn found_below(&mut self, entry: Entry, since: Option<Since>, naming: &Naming) -> Step {
        let (Some(below), Some(left_out)) = (&self.listing, self.left_out.last_mut()) else { return Step::Again };
        let url = &below.url;
        // What is the prefix itself stands for a folder.
        let Some(name) = entry.key.as_ref().strip_prefix(&prefix(&url.key)).filter(|name| !name.is_empty()) else { return Step::Again };
        if let Some(sort) = passover::by_name(name) {
            // A folder counts once, as it does where it is one.
            let is_new = match passover::folder_in(name) {
                Some(folder) => left_out.folders.insert(folder.to_owned()),
                None => true,
            };
            if is_new {
                left_out.passed_over.add(sort);
            }
            return Step::Again;
        }
        if self.seen.contains(&((url.service, url.bucket.clone()), entry.key.clone())) {
            return Step::Again;
        }
        let path: Arc<str> = format!("{}/{name}", url.text.trim_end_matches('/')).into();
        if since.is_some_and(|since| since.leaves_out(Some(entry.written), || naming.source(&path, None))) {
            left_out.too_old += 1;
            return Step::Again;
        }
        let in_doubt = passover::is_json(name).then(|| self.left_out.len() - 1);
        let object = Object::new(Arc::clone(&path), Arc::clone(&below.store), entry.key, entry.bytes);
        Step::Ahead(Ahead { path, object, in_doubt })
    }

    /// Begins to list the next prefix that is not below another one; false where there is none.
    fn next_prefix(&mut self) -> bool {
        while let Some(((bucket, prefix), mut below)) = self.prefixes.pop_first() {
            let is_covered = |(other, above): &(Bucket, String)| *other == bucket && prefix.starts_with(above.as_str());
            if self.covering.as_ref().is_some_and(is_covered) {
                continue;
            }
            below.listing.go_on(&below.store, prefix.clone());
            self.left_out.push(LeftOut { named: below.url.to_string(), ..LeftOut::default() });
            self.covering = Some((bucket, prefix));
            self.listing = Some(below);
            return true;
        }
        false
    }
}

/// What came of one step.
enum Step {
    Ahead(Ahead),
    Found(Found),
    /// Nothing, and there may be more.
    Again,
    /// A store has not answered yet.
    Pending,
    End,
}

impl Looked {
    /// Whether there is nothing.
    fn is_missing(&self) -> bool {
        let is_no_object = self.object.as_ref().is_err_and(|fault| matches!(fault.kind, FaultKind::NoObject | FaultKind::NoBucket));
        is_no_object
            && match &self.below {
                Ok(page) => page.is_empty(),
                Err(fault) => fault.kind == FaultKind::NoBucket,
            }
    }

    /// Why it cannot be told.
    fn fault(&self) -> String {
        let fault = self.below.as_ref().err().or(self.object.as_ref().err());
        fault.map_or_else(String::new, |fault| fault.says.clone())
    }
}

/// What keys below a key begin with.
fn prefix(key: &str) -> String {
    if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") }
}

/// What to say where there is nothing.
fn missing(looked: &Looked) -> &'static str {
    match &looked.below {
        Err(_) => "there is no such bucket or container",
        Ok(_) => "nothing is stored there",
    }
}

fn unreadable(path: String, says: String) -> Found {
    Found::Problem(Problem { path, member: None, kind: ProblemKind::Unreadable, says })
}
