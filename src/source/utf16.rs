//! Reads UTF-16 as UTF-8, as a stream: what PowerShell's `>` and some editors of Windows write.
//!
//! The standard library decodes it; `encoding_rs_io` would replace what is no character too, but not say that it did.

use std::io::{self, Read};

/// How much is decoded at once.
const CHUNK_BYTES: usize = 16 << 10;

/// The order of the two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The lower byte first, as on all usual machines.
    Little,
    /// The higher byte first.
    Big,
}

/// A reader of UTF-8 over one of UTF-16. What is no character becomes U+FFFD and is counted; nothing ends because of it.
pub(super) struct Utf16<'a> {
    inner: &'a mut dyn Read,
    order: Order,
    /// Half of a unit that the next chunk completes.
    half: Option<u8>,
    /// The first half of a pair of surrogates.
    high: Option<u16>,
    at_start: bool,
    at_end: bool,
    text: String,
    given: usize,
    line: u64,
    /// How many faults there were: halves of pairs without the other one, an odd byte at the end.
    pub(super) faults: u64,
    /// The line of the first of them.
    pub(super) first_line: u64,
}

impl<'a> Utf16<'a> {
    pub(super) fn new(inner: &'a mut dyn Read, order: Order) -> Self {
        Self {
            inner,
            order,
            half: None,
            high: None,
            at_start: true,
            at_end: false,
            text: String::new(),
            given: 0,
            line: 1,
            faults: 0,
            first_line: 0,
        }
    }

    fn fault(&mut self) {
        self.faults += 1;
        if self.faults == 1 {
            self.first_line = self.line;
        }
        self.text.push(char::REPLACEMENT_CHARACTER);
    }

    fn unit(&mut self, unit: u16) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(character)) = char::decode_utf16([high, unit]).next().filter(|_| (0xdc00..0xe000).contains(&unit)) {
                return self.text.push(character);
            }
            self.fault();
        }
        match char::from_u32(u32::from(unit)) {
            // The mark that tells the order of the bytes is no part of the text.
            Some('\u{feff}') if self.at_start => {}
            Some(character) => {
                self.line += u64::from(character == '\n');
                self.text.push(character);
            }
            None if unit < 0xdc00 => self.high = Some(unit),
            None => self.fault(),
        }
        self.at_start = false;
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if let (Some(half), Some((first, others))) = (self.half, rest.split_first()) {
            (self.half, rest) = (None, others);
            self.unit(self.order.unit([half, *first]));
        }
        let (pairs, odd) = rest.as_chunks::<2>();
        for pair in pairs {
            self.unit(self.order.unit(*pair));
        }
        self.half = odd.first().copied().or(self.half);
    }
}

impl Order {
    fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(pair),
            Self::Big => u16::from_be_bytes(pair),
        }
    }
}

impl Read for Utf16<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.at_end {
            self.text.clear();
            self.given = 0;
            let mut chunk = [0; CHUNK_BYTES];
            let count = self.inner.read(&mut chunk)?;
            self.decode(chunk.get(..count).unwrap_or_default());
            if count == 0 {
                self.at_end = true;
                let left = u8::from(self.high.take().is_some()) + u8::from(self.half.take().is_some());
                (0..left).for_each(|_| self.fault());
            }
        }
        let count = self.text.as_bytes().get(self.given..).unwrap_or_default().read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// The order of the bytes of a text whose first bytes these are; `None` where it is not plainly UTF-16. Without a mark it is told by NULs: in what
/// people and machines write about tasks nearly all characters have one in their higher byte, and none is NUL itself.
pub(super) fn order_of(head: &[u8]) -> Option<Order> {
    // Four bytes a character: that is another form, and rare.
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return None;
    }
    if head.starts_with(b"\xff\xfe") {
        return Some(Order::Little);
    }
    if head.starts_with(b"\xfe\xff") {
        return Some(Order::Big);
    }
    let (pairs, _) = head.as_chunks::<2>();
    if pairs.len() < PAIRS_MIN {
        return None;
    }
    let share = |is_one: &dyn Fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| is_one(pair)).count() * 100 / pairs.len();
    let is_letter = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || byte == 0x1b;
    if share(&|pair| pair[1] == 0 && is_letter(pair[0])) >= LETTERS_PERCENT_MIN {
        Some(Order::Little)
    } else if share(&|pair| pair[0] == 0 && is_letter(pair[1])) >= LETTERS_PERCENT_MIN {
        Some(Order::Big)
    } else {
        None
    }
}

/// Fewer characters than this may be anything.
const PAIRS_MIN: usize = 4;

/// How many of the first characters have to be ASCII letters in two bytes: paths and messages may hold others, headers and line ends do not.
const LETTERS_PERCENT_MIN: usize = 70;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    /// Gives one byte at a time, so that every pair is torn.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    fn decoded(bytes: &[u8]) -> (String, u64, u64) {
        let order = order_of(bytes).unwrap();
        let mut drops = Drops(bytes);
        let mut reader = Utf16::new(&mut drops, order);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let torn = (text, reader.faults, reader.first_line);
        let mut whole = bytes;
        let mut reader = Utf16::new(&mut whole, order);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(torn, (text, reader.faults, reader.first_line));
        torn
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn text_is_the_same_in_either_order_and_with_or_without_mark() {
        let text = "caf\u{e9} \u{1f40d} \u{65e5}\r\nand a second line\n";
        for bytes in [little(text), big(text), little(&format!("\u{feff}{text}")), big(&format!("\u{feff}{text}"))] {
            assert_eq!(decoded(&bytes), (text.to_owned(), 0, 0));
        }
    }

    #[test]
    fn faults_are_counted_and_nothing_else_is_lost() {
        let bad = |units: &[u16]| {
            [little("one\ntwo "), units.iter().flat_map(|unit| unit.to_le_bytes()).collect(), little(" three\nfour")].concat()
        };
        assert_eq!(decoded(&bad(&[0xd83d])), ("one\ntwo \u{fffd} three\nfour".to_owned(), 1, 2));
        assert_eq!(decoded(&bad(&[0xdc0d])), ("one\ntwo \u{fffd} three\nfour".to_owned(), 1, 2));
        assert_eq!(decoded(&bad(&[0xd83d, 0xd83d, 0xdc0d])), ("one\ntwo \u{fffd}\u{1f40d} three\nfour".to_owned(), 1, 2));
        assert_eq!(decoded(&[little("one\ntwo"), vec![b'x']].concat()), ("one\ntwo\u{fffd}".to_owned(), 1, 2));
        assert_eq!(decoded(&[little("one\ntwo"), vec![0x3d, 0xd8, b'x']].concat()), ("one\ntwo\u{fffd}\u{fffd}".to_owned(), 2, 2));
    }

    #[test]
    fn what_is_not_plainly_utf16_is_left_alone() {
        for head in [&b"[2026-11-21T06:58:57.642+0000] x\0y\0"[..], b"\0\0\0\0\0\0\0\0text", b"\xff\xfe\0\0a\0\0\0", b"a\0b\0", b""] {
            assert_eq!(order_of(head), None, "{head:?}");
        }
    }
}
