//! What stands in for object stores where the program was built without them.

use super::{Found, Url};
use crate::error::Error;
use crate::error::Problem;
use crate::source::Naming;
use crate::source::since::Since;

/// An object in an object store; there is none, for the program was built without them.
pub type Object = std::convert::Infallible;

/// What was named of object stores: nothing.
#[derive(Debug, Default)]
pub(in crate::source) struct Objects;

impl Objects {
    /// Says how to get a program that reads object stores.
    pub(in crate::source) fn name(&mut self, url: Url) -> Result<(), Error> {
        Err(Error::Usage(format!(
            "'{url}': this dagnosis was built without object stores; build one with them (cargo build --release --features object-store), or copy the logs \
             first: {}",
            url.copied_by()
        )))
    }

    /// Says how to get a program that reads object stores.
    pub(in crate::source) fn list(&mut self, url: Url) -> Result<(), Error> {
        self.name(url)
    }

    /// Nothing.
    #[expect(clippy::unused_self, reason = "it stands in for one that finds something")]
    pub(in crate::source) fn next(&mut self, _since: Option<Since>, _naming: &Naming) -> Option<Found> {
        None
    }

    /// Nothing.
    #[expect(clippy::unused_self, reason = "it stands in for one that finds something")]
    pub(in crate::source) fn finish(&mut self, _since: Option<Since>) -> (u64, Vec<Problem>) {
        (0, Vec::new())
    }
}
