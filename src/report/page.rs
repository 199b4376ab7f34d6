//! A page of text: wrapping, the column of labels, colours. It knows nothing of what is written on it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Paper;

/// Where the text beside a label begins.
pub(super) const COLUMN: usize = 14;

/// Where labels begin.
pub(super) const LABEL_AT: usize = 3;

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
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Red => AnsiColor::Red.on_default().bold(),
            Self::Yellow => AnsiColor::Yellow.on_default().bold(),
            Self::Green => AnsiColor::Green.on_default(),
            Self::Cyan => AnsiColor::Cyan.on_default(),
        }
    }
}

/// The name of a log, and what it leads to where that can be opened.
pub(super) struct Place {
    pub(super) shown: String,
    pub(super) address: Option<String>,
}

/// Where text goes. All text must have been escaped before.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    color: bool,
}

impl<'a> Page<'a> {
    /// A page on `out`.
    pub(crate) fn new(out: &'a mut dyn Write, paper: Paper<'_>) -> Self {
        Self { out, width: paper.width, color: paper.color }
    }

    /// How many characters a line may have.
    pub(super) fn width(&self) -> usize {
        self.width
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

    /// Places of logs on one line, which is not wrapped.
    pub(super) fn places(&mut self, label: &str, indent: usize, places: &[Place]) -> io::Result<()> {
        write!(self.out, "{:LABEL_AT$}", "")?;
        self.ink(label, Ink::Dim)?;
        let pad = indent.saturating_sub(LABEL_AT + label.chars().count());
        write!(self.out, "{:pad$}", "")?;
        for (at, place) in places.iter().enumerate() {
            if at > 0 {
                write!(self.out, ", ")?;
            }
            match &place.address {
                // OSC 8, ended by ST. Whoever does not know it shows the text between.
                Some(address) => {
                    write!(self.out, "\x1b]8;;{address}\x1b\\")?;
                    self.ink(&place.shown, Ink::Dim)?;
                    write!(self.out, "\x1b]8;;\x1b\\")?;
                }
                None => self.ink(&place.shown, Ink::Dim)?,
            }
        }
        self.blank()
    }

    /// `lead` padded to `hang`, then the text, its further lines below its first.
    pub(crate) fn hanging(&mut self, lead: &str, lead_ink: Ink, hang: usize, text: &str, ink: Ink) -> io::Result<()> {
        let lines = wrap(text, self.width.saturating_sub(hang));
        if !lead.trim().is_empty() || lines.is_empty() {
            let margin = lead.len() - lead.trim_start().len();
            write!(self.out, "{:margin$}", "")?;
            self.ink(lead.trim_start(), lead_ink)?;
        } else {
            write!(self.out, "{lead}")?;
        }
        let mut pad = hang.saturating_sub(width_of(lead));
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
            let style = ink.style();
            write!(self.out, "{style}{text}{style:#}")
        } else {
            write!(self.out, "{text}")
        }
    }
}

/// How many columns a text takes on a terminal.
pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// Takes words that are longer than a line apart, behind a sign where there is one: for what stands elsewhere as it is to be copied.
pub(super) fn taken_apart(text: &str, width: usize) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            shown.push(' ');
        }
        let mut rest = word;
        while width_of(rest) > width {
            let (mut taken, mut fits, mut sign) = (0, 0, 0);
            for (at, c) in rest.char_indices() {
                taken += c.width().unwrap_or(0);
                if taken > width {
                    break;
                }
                fits = at + c.len_utf8();
                sign = if ".,:;/_-".contains(c) { fits } else { sign };
            }
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let (line, more) = rest.split_at(if sign > 0 { sign } else { fits.max(first) });
            shown.push_str(line);
            shown.push(' ');
            rest = more;
        }
        shown.push_str(rest);
    }
    shown
}

/// Joins words that stay on one line.
pub(super) const NO_BREAK: char = '\u{a0}';

/// A longer word behind a number is no unit.
const UNIT_BYTES_MAX: usize = 12;

/// Breaks text at spaces into lines of at most `width` columns; a longer word has a line of its own. A number stays with its unit, and what a
/// no-break space joins stays together; it is written as a space.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let is_number = |word: &str| word.trim_start_matches('(').parse::<f64>().is_ok();
    let mut lines: Vec<String> = Vec::new();
    let mut taken = 0;
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let unit = if is_number(word) { words.next_if(|unit| unit.len() <= UNIT_BYTES_MAX && !is_number(unit)) } else { None };
        let word = &unit.map_or_else(|| word.to_owned(), |unit| format!("{word} {unit}"));
        let length = width_of(word);
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
    for line in lines.iter_mut().filter(|line| line.contains(NO_BREAK)) {
        *line = line.replace(NO_BREAK, " ");
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
        assert_eq!(wrap("on 11-21\u{a0}09:34 it", 12), ["on", "11-21 09:34", "it"]);
        assert!(wrap("  ", 6).is_empty());
    }

    #[test]
    fn words_that_are_too_long_are_taken_apart_behind_a_sign() {
        assert_eq!(taken_apart("a shop.push_orders b", 8), "a shop. push_ orders b");
        assert_eq!(taken_apart("aaaaaaaaaa 連携失敗連", 4), "aaaa aaaa aa 連携 失敗 連");
        let wide = taken_apart(&"連携".repeat(40), 66);
        assert!(wrap(&wide, 66).iter().all(|line| width_of(line) <= 66), "{wide}");
        assert_eq!(taken_apart("\u{301}\u{301}", 0), "\u{301}\u{301}");
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(wrap("連携 失敗 a", 9), ["連携 失敗", "a"]);
        assert_eq!(wrap("連携 失敗 a", 8), ["連携", "失敗 a"]);
    }

    #[test]
    fn places_are_links_where_they_lead_somewhere() {
        let place = |address: Option<&str>| Place { shown: "a.log:3".to_owned(), address: address.map(str::to_owned) };
        let shown = |places: &[Place]| {
            let mut out = Vec::new();
            Page::new(&mut out, Paper::PLAIN).places("Seen", COLUMN, places).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(&[place(None), place(None)]), "   Seen       a.log:3, a.log:3\n");
        assert_eq!(shown(&[place(Some("file:///a.log"))]), "   Seen       \u{1b}]8;;file:///a.log\u{1b}\\a.log:3\u{1b}]8;;\u{1b}\\\n");
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, Paper { width: 96, ..Paper::PLAIN });
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
            Page::new(&mut out, Paper { color, ..Paper::PLAIN }).field("Why", "it", Ink::Red).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false), "   Why        it\n");
        assert_eq!(shown(true), "   \u{1b}[2mWhy\u{1b}[0m        \u{1b}[1m\u{1b}[31mit\u{1b}[0m\n");
    }
}
