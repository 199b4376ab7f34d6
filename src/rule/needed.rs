//! Which literal texts must stand in a log's raw bytes for an expression to match, and which pieces of a text are worth searching for.
//!
//! A literal is *required* when no record without it can fulfil the condition. Any part of a required text is required too, so
//! parts may be left out freely; that is how two difficulties are met. Rules see a JSON record as text in which pieces were joined
//! that stand apart in the bytes (`class: message`, ` key=value`): texts are cut at such seams. And JSON writes some
//! characters as escapes: those texts are searched for in both forms.
//!
//! The build script includes this file, so that the built-in expressions need not be read at each start: it names nothing of the crate but `grams`.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::grams;

/// Texts of which at least one must occur.
pub(crate) type Required = Vec<Text>;

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text {
    /// In lower case where `any_case`.
    bytes: Vec<u8>,
    /// Whether ASCII letters may stand in either case.
    any_case: bool,
}

impl Text {
    /// A text that stands exactly so.
    pub(crate) fn exact(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), any_case: false }
    }

    /// A text that stands so, letters in lower case where `any_case`.
    pub(crate) fn new(bytes: Vec<u8>, any_case: bool) -> Self {
        Self { bytes, any_case }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same in upper or lower case.
    #[cfg(test)]
    pub(crate) fn in_any_case(mut self) -> Self {
        self.bytes.make_ascii_lowercase();
        Self { any_case: true, ..self }
    }

    /// Keeps at most so many bytes.
    pub(crate) fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
    }

    pub(crate) fn any_case(&self) -> bool {
        self.any_case
    }

    /// Whether other bytes begin with it.
    pub(crate) fn begins(&self, other: &[u8]) -> bool {
        let Some(head) = other.get(..self.bytes.len()) else { return false };
        if self.any_case { head.eq_ignore_ascii_case(&self.bytes) } else { head == self.bytes }
    }

    /// The text followed by another; in any case, where one of them is.
    fn followed_by(&self, other: &Self) -> Self {
        let mut bytes = [self.bytes.as_slice(), &other.bytes].concat();
        let any_case = self.any_case || other.any_case;
        if any_case {
            bytes.make_ascii_lowercase();
        }
        Self { bytes, any_case }
    }
}

/// A required text shorter than this occurs nearly everywhere and filters nothing.
const LITERAL_BYTES_MIN: usize = 3;

/// How many texts an expression may stand for before it counts as open. 32 allows five letters of either case.
const EXACT_MAX: usize = 32;

/// How many alternatives a condition may require. They cost memory, not time; and a symptom without any would cost every record's parsing.
const REQUIRED_MAX: usize = 512;

/// How many lists of texts a condition may require: one to be found by, the others to be told by that it cannot hold.
const LISTS_MAX: usize = 3;

/// From so many bytes on the absence of a text tells more than looking for it costs.
const TELLING_BYTES_MIN: usize = 6;

/// Of a frame of a traceback one of these stands in the bytes: as Python prints it, in JSON, in the text of the user interface.
const FRAME_SIGNS: [&str; 5] = ["File \"", "File \\\"", "    File ", "frames", "syntax_error"];

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

/// What stands in every match of an expression, the rarest first; nothing where there is no such text.
pub(crate) fn of_expression(hir: &Hir) -> Vec<Required> {
    let parts = parts(hir);
    prune(parts.required.into_iter().chain(parts.exact.into_iter().flat_map(of_texts)).collect())
}

/// What is known of an expression's matches.
#[derive(Default)]
struct Parts {
    /// All texts it matches, if these are few.
    exact: Option<Vec<Text>>,
    /// What stands in every match.
    required: Vec<Required>,
}

fn parts(hir: &Hir) -> Parts {
    let exact = |texts| Parts { exact: Some(texts), required: Vec::new() };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => exact(vec![Text::exact(b"")]),
        HirKind::Literal(literal) => exact(vec![Text::exact(&literal.0)]),
        HirKind::Class(class) => Parts { exact: class_members(class), required: Vec::new() },
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => Parts::default(),
        HirKind::Repetition(repetition) => Parts { exact: None, required: of_expression(&repetition.sub) },
        HirKind::Concat(children) => concat(children),
        HirKind::Alternation(children) => {
            let branches: Vec<Parts> = children.iter().map(parts).collect();
            let exact = branches.iter().map(|branch| branch.exact.clone()).collect::<Option<Vec<_>>>().map(|all| all.concat());
            Parts { exact: exact.filter(|exact| exact.len() <= EXACT_MAX), required: union(children.iter().map(of_expression)) }
        }
    }
}

/// Joins neighbours whose texts are all known to longer ones.
fn concat(children: &[Hir]) -> Parts {
    let start = || vec![Text::exact(b"")];
    let (mut required, mut run, mut whole) = (Vec::new(), start(), true);
    for child in children {
        let child = parts(child);
        match child.exact {
            Some(exact) if exact.len() * run.len() <= EXACT_MAX => {
                run = run.iter().flat_map(|head| exact.iter().map(move |tail| head.followed_by(tail))).collect();
            }
            exact => {
                whole = false;
                required.extend(of_texts(std::mem::replace(&mut run, start())));
                // Too many to be joined with what stands before, but a beginning of its own.
                run = exact.unwrap_or_else(start);
            }
        }
        required.extend(child.required);
    }
    if whole {
        return Parts { exact: Some(run), required };
    }
    required.extend(of_texts(run));
    Parts { exact: None, required: prune(required) }
}

/// The members of a small class, as texts; both cases of a letter are one.
fn class_members(class: &Class) -> Option<Required> {
    let members = each_member(class)?;
    let is_letter = |text: &Text| matches!(text.bytes[..], [byte] if byte.is_ascii_alphabetic());
    let has_other_case = |text: &Text| {
        let other = text.bytes.iter().map(|byte| byte ^ 0x20).collect::<Vec<_>>();
        is_letter(text) && members.iter().any(|member| member.bytes == other)
    };
    let mut texts: Required = members
        .iter()
        .map(|text| if has_other_case(text) { Text { bytes: text.bytes.to_ascii_lowercase(), any_case: true } } else { text.clone() })
        .collect();
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

fn each_member(class: &Class) -> Option<Required> {
    // A letter has at most four forms when case does not count.
    const MEMBERS_MAX: usize = 4;
    match class {
        Class::Unicode(class) => {
            let count: usize = class.iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
            (count <= MEMBERS_MAX).then(|| {
                let members = class.iter().flat_map(|range| range.start()..=range.end());
                members.map(|character| Text::exact(character.to_string().as_bytes())).collect()
            })
        }
        Class::Bytes(class) => {
            let count: usize = class.iter().map(regex_syntax::hir::ClassBytesRange::len).sum();
            (count <= MEMBERS_MAX)
                .then(|| class.iter().flat_map(|range| range.start()..=range.end()).map(|byte| Text::exact(&[byte])).collect())
        }
    }
}

/// What must stand in the bytes where one of some texts does.
fn of_texts(texts: Vec<Text>) -> Vec<Required> {
    match &texts[..] {
        [text] => of_text(text),
        _ => usable(texts).into_iter().collect(),
    }
}

/// What must stand in the bytes where a text does: each of its pieces, and the signs of a frame where it holds the begin of one.
pub(crate) fn of_text(text: &Text) -> Vec<Required> {
    let frame = text.bytes.windows(6).any(|part| part == b"File \"").then(frame_signs);
    pieces(text).into_iter().map(|piece| vec![piece]).chain(frame).collect()
}

fn frame_signs() -> Required {
    let mut signs = FRAME_SIGNS.map(|sign| Text::exact(sign.as_bytes())).to_vec();
    signs.sort_unstable();
    signs
}

/// Each text's rarest piece, if all have one that is long enough.
pub(crate) fn usable(texts: Vec<Text>) -> Option<Required> {
    let rarest = |text: &Text| pieces(text).into_iter().min_by_key(|piece| (rarity(piece), usize::MAX - piece.bytes.len()));
    some(texts.iter().map(rarest).collect::<Option<_>>()?)
}

/// What is required where one of several is: the rarest texts of each that not all require, and what all require.
pub(crate) fn union(all: impl Iterator<Item = Vec<Required>>) -> Vec<Required> {
    let all: Vec<Vec<Required>> = all.collect();
    let is_common = |texts: &&Required| all.iter().all(|required| required.contains(texts));
    let common: Vec<Required> = all.first().into_iter().flatten().filter(is_common).cloned().collect();
    let own = all.iter().map(|required| required.iter().find(|texts| !common.contains(texts))).collect::<Option<Vec<_>>>();
    let rarest = own.and_then(|texts| some(texts.into_iter().flatten().cloned().collect()));
    prune(common.into_iter().chain(rarest).collect())
}

fn some(mut texts: Required) -> Option<Required> {
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty() && texts.len() <= REQUIRED_MAX).then_some(texts)
}

/// The rarest lists of which each is required, in this order. The signs of a frame come first: they are looked for in any case, and hardly ever stand
/// in a healthy log, where the name of a source file may stand in the header of every line.
pub(crate) fn prune(mut all: Vec<Required>) -> Vec<Required> {
    let frame_signs = frame_signs();
    all.sort_by_cached_key(|texts| (*texts != frame_signs, texts.iter().map(rarity).sum::<u64>(), texts.clone()));
    all.dedup();
    all.truncate(LISTS_MAX);
    // By a short text a condition may have to be found; that one is missing tells little.
    let tells = |texts: &Required| texts.iter().all(|text| text.bytes.len() >= TELLING_BYTES_MIN);
    let mut is_first = true;
    all.retain(|texts| std::mem::take(&mut is_first) || tells(texts));
    all
}

/// How often a text may stand in healthy logs, at most.
fn rarity(text: &Text) -> u64 {
    // So much more costs a text that is too short to fill the window by which it is looked for: at most positions a part of it has to do.
    let short = match text.bytes.len() {
        0..=3 => 1 << 24,
        4 => 1 << 20,
        5 => 1 << 16,
        6 => 1 << 15,
        _ => 1,
    };
    short + grams::rarest(&text.bytes).map_or(0, u64::from)
}

/// The pieces of a text between its seams that also stand in the bytes of a JSON record, in their order.
fn pieces(text: &Text) -> Vec<Text> {
    let any_case = text.any_case;
    let cased = |text: &str| if any_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let Ok(whole) = std::str::from_utf8(&text.bytes) else { return Vec::new() };
    let mut pieces = vec![whole.to_owned()];
    for seam in SEAMS.map(cased) {
        pieces = pieces.iter().flat_map(|piece| piece.split(&seam)).map(str::to_owned).collect();
    }
    pieces = pieces.iter().flat_map(|piece| at_keys(piece)).map(str::to_owned).collect();
    pieces.retain(|piece| {
        piece.len() >= LITERAL_BYTES_MIN && !ADDED.map(cased).iter().any(|added| added.contains(piece.as_str()) || piece.contains(added))
    });
    pieces.into_iter().map(|piece| Text { bytes: piece.into_bytes(), any_case }).collect()
}

/// Cuts ` key=value` into what stands before it, the key and the value. Of a key with dots, which may lead into objects, the last part counts. Other
/// equals signs, as in `(host='x'`, are no seams.
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
            out.extend([lead.trim_end_matches(' '), key.rsplit('.').next().unwrap_or_default()]);
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

    fn of(expression: &str) -> Vec<String> {
        let texts = of_expression(&parse(expression).unwrap()).into_iter().next().unwrap_or_default();
        texts.into_iter().map(|text| String::from_utf8(text.bytes).unwrap() + if text.any_case { " in any case" } else { "" }).collect()
    }

    #[test]
    fn an_expression_requires_its_rarest_texts() {
        assert_eq!(of(r"ConnectionResetError\(104, '"), ["ConnectionResetError(104, '"]);
        assert_eq!(of(r"^exit (code|status) [0-9]+"), ["exit code ", "exit status "]);
        assert_eq!(of(r"(?:foo bar)+[a-z]*x"), ["foo bar"]);
        // Case folding knows letters beyond ASCII: the long s, the sign of kelvin.
        assert_eq!(of(r"(?i)ssl"), ["ssl in any case", "s\u{17f}l in any case", "\u{17f}sl in any case", "\u{17f}\u{17f}l in any case"]);
        assert_eq!(of(r"(?i)could not load (?-i:Table)"), ["could not load table in any case"]);
        assert_eq!(of(r"[Nn]o [tT]oken"), ["no token in any case"]);
        assert!(of(r"[0-9]+ (a|bc)").is_empty());
        assert!(of(r"(?:needle)?x").is_empty());
        assert!(of(r"needle|[0-9]+").is_empty());
    }

    #[test]
    fn what_all_alternatives_require_is_required() {
        let lists = |expression: &str| {
            let lists = of_expression(&parse(expression).unwrap());
            lists.into_iter().map(|texts| texts.len()).collect::<Vec<_>>()
        };
        // The signs of a frame, and one of the files.
        assert_eq!(lists(r#"File "[^"]*socket\.py", line \d+|File "[^"]*selectors\.py", line \d+"#), [FRAME_SIGNS.len(), 2]);
        assert_eq!(lists(r#"File "[^"]*", line \d+|File "[^"]*selectors\.py", line \d+"#), [FRAME_SIGNS.len()]);
        assert_eq!(lists("needle in (a hay|[a-z]+) or another"), [1, 1]);
    }

    #[test]
    fn texts_are_cut_where_json_records_are_joined() {
        let piece = |text: &str| {
            pieces(&Text::exact(text.as_bytes())).into_iter().map(|piece| String::from_utf8(piece.bytes).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(piece("ConnectionResetError: [Errno 104] reset by peer"), ["ConnectionResetError", "[Errno 104] reset by peer"]);
        assert_eq!(piece("Task finished task_id=x"), ["Task finished", "task_id"]);
        assert_eq!(piece("raised error.type=KeyError"), ["raised", "type", "KeyError"]);
        assert_eq!(piece("Traceback (most recent call last):\nKeyError"), ["KeyError"]);
        assert_eq!(piece("HTTPSConnectionPool(host='"), ["HTTPSConnectionPool(host='"]);
        assert!(piece("ab: c").is_empty());
    }
}
