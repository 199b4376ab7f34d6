//! Objects in S3, Google Cloud Storage and Azure as inputs. With the cargo feature `object-store`; without it, their names are errors that say so.
//!
//! `url` reads names, `named` finds what is behind them, page by page as they are listed, and `pieces` reads an object in ranges. All of these
//! block, as reading files does; the requests themselves run on one thread of their own, which `requests` starts. What is asked for before
//! a thread of the scan wants it is bounded by the constants there.

#[cfg(not(feature = "object-store"))]
mod absent;
#[cfg(feature = "object-store")]
mod fault;
#[cfg(feature = "object-store")]
mod listing;
#[cfg(feature = "object-store")]
mod named;
#[cfg(feature = "object-store")]
mod pieces;
#[cfg(feature = "object-store")]
mod requests;
#[cfg(feature = "object-store")]
mod store;
mod url;

#[cfg(not(feature = "object-store"))]
pub use absent::Object;
#[cfg(not(feature = "object-store"))]
pub(super) use absent::Objects;
#[cfg(feature = "object-store")]
pub(super) use named::Objects;
#[cfg(feature = "object-store")]
pub use pieces::Object;
#[cfg(feature = "object-store")]
pub(super) use pieces::Opened;
pub(super) use url::{Url, shown};

use super::Input;
use crate::error::Problem;

/// Whether a name is one of objects in an object store, or is meant to be.
#[must_use]
pub fn is_object(name: &str) -> bool {
    Url::of(name).is_some()
}

/// What is found behind the name of an object or of many.
#[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "without object stores nothing is found in them"))]
pub(super) enum Found {
    /// Something to read.
    Input(Input),
    /// An object that was named and is too old.
    TooOld(String),
    /// Something that cannot be looked at.
    Problem(Problem),
}
