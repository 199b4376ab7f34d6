//! What can be said about rules themselves: what is doubtful in them, whether their examples hold, what they mean to a reader. It needs the
//! pipeline, for examples are run through the real one; so it stands after it.

mod examples;
mod explain;
mod healthy;
mod lint;
mod list;
mod shown;

pub use examples::{Tested, test};
pub use explain::explain;
pub use healthy::{Seen, healthy};
pub use lint::{Linted, lint};
pub use list::{list, show};
