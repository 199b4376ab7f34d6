//! Which literal texts must stand in a log's raw bytes for an expression to match, and which pieces of a text are worth searching for.
//!
//! A literal is *required* when no record without it can fulfil the condition. Any part of a required text is required too, so
//! parts may be left out freely; that is how two difficulties are met. Rules see a JSON record as text in which pieces were joined
//! that stand apart in the bytes (`class: message`, ` key=value`): texts are cut at such seams. And JSON writes some
//! characters as escapes: those texts are searched for in both forms.
//!
//! The build script includes this file, so that the built-in expressions need not be read at each start: it names nothing of the crate.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Texts of which at least one must occur.
pub(crate) type Required = Vec<Vec<u8>>;

/// A required text shorter than this occurs nearly everywhere and filters nothing.
const LITERAL_BYTES_MIN: usize = 3;

/// How many texts an expression may stand for before it counts as open. 32 allows five letters of either case.
const EXACT_MAX: usize = 32;

/// How many alternatives a condition may require. They cost memory, not time; and a symptom without any would cost every record's parsing.
const REQUIRED_MAX: usize = 512;

/// Where a record's text may be joined from pieces that stand apart in JSON.
const SEAMS: [&str; 5] = ["\n", ": ", "File \"", "\", line ", ", in "];

/// What the text of a JSON record has that its bytes do not.
const ADDED: [&str; 3] = [
    "Traceback (most recent call last):",
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
];

/// Reads an expression as rules mean it: `^` and `$` match at line ends.
pub(crate) fn parse(expression: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new().multi_line(true).build().parse(expression).map_err(Box::new)
}

/// The texts of which one stands in every match of an expression; `None` when there are none.
pub(crate) fn of_expression(hir: &Hir) -> Option<Required> {
    let parts = parts(hir);
    better(parts.best, parts.exact.and_then(usable))
}

/// What is known of an expression's matches.
#[derive(Default)]
struct Parts {
    /// All texts it matches, if these are few.
    exact: Option<Required>,
    /// Texts of which one stands in every match.
    best: Option<Required>,
}

fn parts(hir: &Hir) -> Parts {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Parts { exact: Some(vec![Vec::new()]), best: None },
        HirKind::Literal(literal) => Parts { exact: Some(vec![literal.0.to_vec()]), best: None },
        HirKind::Class(class) => Parts { exact: class_members(class), best: None },
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => Parts::default(),
        HirKind::Repetition(repetition) => {
            let inner = parts(&repetition.sub);
            Parts { exact: None, best: better(inner.best, inner.exact.and_then(usable)) }
        }
        HirKind::Concat(children) => concat(children),
        HirKind::Alternation(children) => {
            let branches: Vec<Parts> = children.iter().map(parts).collect();
            let exact: Option<Required> =
                branches.iter().map(|branch| branch.exact.clone()).collect::<Option<Vec<_>>>().map(|all| all.concat());
            let best = union(branches.into_iter().map(|branch| better(branch.best, branch.exact.and_then(usable))));
            Parts { exact: exact.filter(|exact| exact.len() <= EXACT_MAX), best }
        }
    }
}

/// Joins neighbours whose texts are all known to longer ones, and keeps the best run.
fn concat(children: &[Hir]) -> Parts {
    let start = || vec![Vec::new()];
    let (mut best, mut run, mut whole) = (None, start(), true);
    for child in children {
        let child = parts(child);
        match child.exact {
            Some(exact) if exact.len() * run.len() <= EXACT_MAX => {
                run = run.iter().flat_map(|head| exact.iter().map(move |tail| [head.as_slice(), tail].concat())).collect();
            }
            exact => {
                whole = false;
                best = better(best, usable(std::mem::replace(&mut run, start())));
                // Too many to be joined with what stands before, but a beginning of its own.
                run = exact.unwrap_or_else(start);
            }
        }
        best = better(best, child.best);
    }
    if whole {
        return Parts { exact: Some(run), best };
    }
    Parts { exact: None, best: better(best, usable(run)) }
}

/// The members of a small class, as texts.
fn class_members(class: &Class) -> Option<Required> {
    // A letter has at most four forms when case does not count.
    const MEMBERS_MAX: usize = 4;
    match class {
        Class::Unicode(class) => {
            let count: usize = class.iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
            (count <= MEMBERS_MAX).then(|| {
                let members = class.iter().flat_map(|range| range.start()..=range.end());
                members.map(|character| character.to_string().into_bytes()).collect()
            })
        }
        Class::Bytes(class) => {
            let count: usize = class.iter().map(regex_syntax::hir::ClassBytesRange::len).sum();
            (count <= MEMBERS_MAX).then(|| class.iter().flat_map(|range| range.start()..=range.end()).map(|byte| vec![byte]).collect())
        }
    }
}

/// Each text's longest piece, if all have one that is long enough.
pub(crate) fn usable(texts: Required) -> Option<Required> {
    let mut pieces: Required = texts.iter().map(|text| longest_piece(text)).collect::<Option<_>>()?;
    pieces.sort_unstable();
    pieces.dedup();
    (!pieces.is_empty() && pieces.len() <= REQUIRED_MAX).then_some(pieces)
}

pub(crate) fn union(all: impl Iterator<Item = Option<Required>>) -> Option<Required> {
    let mut texts = all.collect::<Option<Vec<_>>>()?.concat();
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty() && texts.len() <= REQUIRED_MAX).then_some(texts)
}

/// Of two lists of which each is required, the one that says more: whose shortest text is longer, then the one with fewer.
pub(crate) fn better(a: Option<Required>, b: Option<Required>) -> Option<Required> {
    let worth = |texts: &Required| (texts.iter().map(Vec::len).min().unwrap_or(0), usize::MAX - texts.len());
    match (a, b) {
        (Some(a), Some(b)) => Some(if worth(&b) > worth(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The longest piece of a text between its seams that also stands in the bytes of a JSON record.
pub(crate) fn longest_piece(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut pieces = vec![text];
    for seam in SEAMS.into_iter().filter(|seam| text.contains(seam)) {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(seam)).collect();
    }
    let stands = |piece: &&str| !ADDED.iter().any(|added| added.contains(piece) || piece.contains(added));
    let pieces = pieces.into_iter().flat_map(at_keys).filter(|piece| piece.len() >= LITERAL_BYTES_MIN && stands(piece));
    // Of equals the first, so that the choice does not hang on anything else.
    pieces.reduce(|longest, piece| if piece.len() > longest.len() { piece } else { longest }).map(|piece| piece.as_bytes().to_vec())
}

/// Cuts ` key=value` into what stands before it, the key and the value. Other equals signs, as in `(host='x'`, are no seams.
fn at_keys(piece: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = piece;
    let mut from = 0;
    while let Some(equals) = rest.get(from..).and_then(|ahead| ahead.find('=')).map(|at| from + at) {
        let (before, after) = rest.split_at(equals);
        let key = before.len() - before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.').len();
        let (lead, key) = before.split_at(before.len() - key);
        from = equals + 1;
        if lead.is_empty() || lead.ends_with(' ') {
            out.extend([lead.trim_end_matches(' '), key]);
            rest = after.get(1..).unwrap_or_default();
            from = 0;
        }
    }
    out.push(rest);
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn texts_are_cut_where_json_records_are_joined() {
        let piece = |text: &str| longest_piece(text.as_bytes()).map(|piece| String::from_utf8(piece).unwrap());
        assert_eq!(piece("ConnectionResetError: [Errno 104] reset by peer").as_deref(), Some("[Errno 104] reset by peer"));
        assert_eq!(piece("Task finished task_id=x").as_deref(), Some("Task finished"));
        assert_eq!(piece("Traceback (most recent call last):\nKeyError"), Some("KeyError".to_owned()));
        assert_eq!(piece("HTTPSConnectionPool(host='"), Some("HTTPSConnectionPool(host='".to_owned()));
        assert_eq!(piece("ab: c"), None);
    }
}
