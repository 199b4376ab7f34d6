//! What can be said about rules themselves: what is doubtful in them, whether their examples hold, what they mean to a reader. It needs the
//! pipeline, for examples are run through the real one; so it stands after it.

mod docs;
mod draft;
mod explain;
mod healthy;
mod lint;
mod list;
mod page;
mod page_markdown;
mod page_text;
mod shown;
mod test;

pub use docs::{WRITTEN, docs};
pub use draft::new_rule;
pub use explain::{Style, explain, explain_as};
pub use healthy::{Seen, healthy};
pub use lint::{Linted, lint};
pub use list::{list, show};
pub use test::{Case, Tested, test, write_junit, write_text};
