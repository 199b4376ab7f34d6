//! What can be said about rules themselves: what is doubtful in them, whether their examples hold, what they mean to a reader. It needs the
//! pipeline, for examples are run through the real one; so it stands after it.

mod explain;
mod healthy;
mod lint;
mod list;
mod shown;
mod test;

pub use explain::explain;
pub use healthy::{Seen, healthy};
pub use lint::{Linted, lint};
pub use list::{list, show};
pub use test::{Case, Tested, test, write_junit, write_text};
