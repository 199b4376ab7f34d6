//! A page of text: wrapping, the column of labels, colours. It knows nothing of what is written on it.

use std::io::{self, Write};

/// Lines are wrapped at this many characters; what cannot be broken (a path, a command) may be longer.
pub(super) const WIDTH: usize = 96;

/// Where the text beside a label begins.
pub(super) const COLUMN: usize = 14;

/// Where labels begin.
const LABEL_AT: usize = 3;

/// How text is set off; without colours all look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// As it is.
    Plain,
    /// What to read first.
    Bold,
    /// What to look up later.
    Dim,
    /// Something bad.
    Red,
    /// Something to look at.
    Yellow,
    /// Something that speaks for it.
    Green,
    /// A command or code.
    Cyan,
}

impl Ink {
    /// The ANSI parameters.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "32",
            Self::Cyan => "36",
        }
    }
}

/// Where text goes. All text must have been escaped before.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    color: bool,
}

impl<'a> Page<'a> {
    /// A page on `out`.
    pub(crate) fn new(out: &'a mut dyn Write, color: bool) -> Self {
        Self { out, color }
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A paragraph over the whole width.
    pub(crate) fn paragraph(&mut self, text: &str, ink: Ink) -> io::Result<()> {
        self.hanging("", Ink::Plain, 0, text, ink)
    }

    /// A label and the text beside it; an empty label continues the field above.
    pub(super) fn field(&mut self, label: &str, text: &str, ink: Ink) -> io::Result<()> {
        let lead = format!("{:LABEL_AT$}{label}", "");
        self.hanging(&lead, Ink::Dim, COLUMN, text, ink)
    }

    /// A marked point, beside a label or below a field.
    pub(super) fn point(&mut self, label: &str, mark: &str, mark_ink: Ink, text: &str, ink: Ink) -> io::Result<()> {
        let beside = COLUMN - LABEL_AT;
        let lead = format!("{:LABEL_AT$}{label:beside$}{mark}", "");
        let hang = COLUMN + mark.chars().count() + usize::from(!mark.is_empty());
        self.hanging(&lead, mark_ink, hang, text, ink)
    }

    /// A line that is not wrapped, so that it can be copied.
    pub(crate) fn verbatim(&mut self, indent: usize, text: &str, ink: Ink) -> io::Result<()> {
        let text = text.trim_end();
        if text.is_empty() {
            return self.blank();
        }
        write!(self.out, "{:indent$}", "")?;
        self.ink(text, ink)?;
        self.blank()
    }

    /// `lead` padded to `hang`, then the text, its further lines below its first.
    pub(crate) fn hanging(&mut self, lead: &str, lead_ink: Ink, hang: usize, text: &str, ink: Ink) -> io::Result<()> {
        let lines = wrap(text, WIDTH.saturating_sub(hang));
        if !lead.trim().is_empty() || lines.is_empty() {
            let margin = lead.len() - lead.trim_start().len();
            write!(self.out, "{:margin$}", "")?;
            self.ink(lead.trim_start(), lead_ink)?;
        } else {
            write!(self.out, "{lead}")?;
        }
        let mut pad = hang.saturating_sub(lead.chars().count());
        for line in &lines {
            write!(self.out, "{:pad$}", "")?;
            self.ink(line, ink)?;
            self.blank()?;
            pad = hang;
        }
        if lines.is_empty() { self.blank() } else { Ok(()) }
    }

    fn ink(&mut self, text: &str, ink: Ink) -> io::Result<()> {
        if self.color && ink != Ink::Plain && !text.is_empty() {
            write!(self.out, "\x1b[{}m{text}\x1b[0m", ink.code())
        } else {
            write!(self.out, "{text}")
        }
    }
}

/// A longer word behind a number is no unit.
const UNIT_BYTES_MAX: usize = 12;

/// Breaks text at spaces into lines of at most `width` characters; a longer word has a line of its own. A number stays with its
/// unit.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let is_number = |word: &str| word.trim_start_matches('(').parse::<f64>().is_ok();
    let mut lines: Vec<String> = Vec::new();
    let mut taken = 0;
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let unit = if is_number(word) { words.next_if(|unit| unit.len() <= UNIT_BYTES_MAX && !is_number(unit)) } else { None };
        let word = &unit.map_or_else(|| word.to_owned(), |unit| format!("{word} {unit}"));
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if taken + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                taken += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                taken = length;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn words_longer_than_a_line_are_not_broken() {
        assert_eq!(wrap("a bb ccc dddddddd e", 6), ["a bb", "ccc", "dddddddd", "e"]);
        assert_eq!(wrap("123456 7", 6), ["123456", "7"]);
        assert_eq!(wrap("1234 6 7", 6), ["1234 6", "7"]);
        assert_eq!(wrap("it is (75 s)", 9), ["it is", "(75 s)"]);
        assert_eq!(wrap("a 1 2 3 b", 3), ["a 1", "2", "3 b"]);
        assert!(wrap("  ", 6).is_empty());
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, false);
        page.field("Why", &"word ".repeat(20), Ink::Bold).unwrap();
        page.point("", "+", Ink::Green, "for it", Ink::Plain).unwrap();
        page.field("", "more", Ink::Plain).unwrap();
        let text = String::from_utf8(out).unwrap();
        let want = format!(
            "   Why        {}\n              {}\n              + for it\n              more\n",
            ["word"; 16].join(" "),
            ["word"; 4].join(" ")
        );
        assert_eq!(text, want);
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let shown = |color| {
            let mut out = Vec::new();
            Page::new(&mut out, color).field("Why", "it", Ink::Red).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false), "   Why        it\n");
        assert_eq!(shown(true), "   \u{1b}[2mWhy\u{1b}[0m        \u{1b}[1;31mit\u{1b}[0m\n");
    }
}
