//! Who is handed the records of a log, and how much of it that is.

use super::RawRecord;
use super::envelope::Origin;
use super::standing::Standing;

/// A record and the stream it belongs to.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The number of the stream, from 0 in the order in which they began.
    pub stream: usize,
    /// Where the stream comes from; empty for a file of one stream.
    pub origin: &'a Origin,
    /// The record. In a document, its lines are those of the log that the document holds.
    pub record: RawRecord<'a>,
}

/// How much of what comes next the one who is handed the records wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// Every record.
    Every,
    /// Those in which something is found that is looked for, and the last ones.
    Found,
}

/// Who is handed the records of a log.
pub trait Visitor {
    /// Takes a record, and says how much of what comes next it wants to see.
    fn take(&mut self, piece: Piece<'_>) -> Attention;

    /// Takes a line, without its end, that is a record of its own and may name an endpoint, and shows nothing else of what is looked for. Whoever
    /// cannot tell what it says refuses it, and gets it as a record.
    fn mention(&mut self, line: &[u8]) -> bool;

    /// Is told, before it takes the last record of a log, where the reading can go on when the log has grown: that record may go on too. Not every
    /// log has such a place.
    fn stand(&mut self, standing: Standing<'_>);
}

/// Sees every record.
pub(super) struct Every<'v>(pub(super) &'v mut dyn FnMut(Piece<'_>));

impl Visitor for Every<'_> {
    fn take(&mut self, piece: Piece<'_>) -> Attention {
        (self.0)(piece);
        Attention::Every
    }

    fn mention(&mut self, _: &[u8]) -> bool {
        false
    }

    fn stand(&mut self, _: Standing<'_>) {}
}
