//! Text (`docs/MODEL-FORMAT.md`, "Text"): values that are spelled, byte by byte.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hot loop; every index is below a constant or held by a mask"
)]

use std::ops::ControlFlow;

use crate::column::Strings;
use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::given::Told;
use crate::model::hook::Note;
use crate::model::memory::{join, spread};
use crate::model::predictor::Pick;
use crate::model::rows::{Context, Known};
use crate::model::span::{SPAN_CONTEXTS, Span};

/// Contexts of half a byte.
pub(crate) const TEXT_CONTEXTS: usize = 27;
/// Weight sets: by half, and by the length of the match.
pub(crate) const TEXT_SETS: usize = 16;
/// Ends a value; no value holds it.
pub(crate) const END: u8 = b'\n';
/// Bytes that a match is looked up by.
const MATCH_MIN: usize = 5;

/// All that has been spelled, and where to find it.
#[derive(Clone, Debug)]
pub(crate) struct Spelled {
    bytes: Vec<u8>,
    /// Behind the last bytes with a hash.
    places: Vec<u32>,
}

impl Spelled {
    /// Room for 2^`bits` places.
    pub(crate) fn new(bits: u32) -> Self {
        Self { bytes: Vec::new(), places: vec![0; 1 << bits] }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.places.fill(0);
    }
}

/// Where a value stands.
pub(crate) struct Spelling<'a> {
    column: u32,
    keyword: u32,
    around: Known,
    /// The value before in this column, and the place in it that belongs to the next byte.
    before: &'a [u8],
    at_before: usize,
    /// Whether this value has been equal to it since the last delimiter.
    equal: bool,
    /// Hashes of the value so far, of its part since a delimiter, and of the part before that.
    so_far: u32,
    part: u32,
    part_before: u32,
    part_before_that: u32,
    /// The word so far and the one before, in lower case; words also start with capital letters.
    word: u32,
    word_before: u32,
    /// The last four bytes, and the two before them.
    last: u32,
    last_two: u32,
    /// Classes of the last bytes.
    shape: u32,
    len: u32,
    /// For two other values of the row, the place in the pool that belongs to the next byte, 0 for none, and how many
    /// bytes it foretold.
    copied: [(usize, u32); 2],
    /// Where the longest match goes on, and its length.
    matched: usize,
    match_len: u32,
    /// Answers to the last questions for spans, the last lowest; whether one was no since the last delimiter.
    asked: u32,
    refuted: bool,
    /// Delimiters so far.
    delimiters: u32,
}

impl Model {
    /// Codes `values` values; `known` has them when encoding, else those that are given. `None` if they take more than the budget,
    /// or the coder has had enough.
    pub(crate) fn text<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Strings>,
        (column, keyword): (u32, u32),
        context: &Context,
        values: usize,
    ) -> Option<Strings> {
        let mut decoded = Strings::default();
        let mut before = Vec::new();
        for at in 0..values {
            if coder.is_exhausted() {
                return None;
            }
            let value = known.map_or(&[][..], |known| known.get(at));
            let around = context.at(at);
            coder.note(Note::Value(&around, &self.pool));
            let mut spelling = Spelling::new((column, keyword), around, &before);
            let mut next = Vec::new();
            if at < context.given() {
                self.value(&mut Told(coder), value, &mut spelling, &mut next)?;
            } else {
                self.value(coder, value, &mut spelling, &mut next)?;
            }
            decoded.push(&next);
            before = next;
        }
        Some(decoded)
    }

    fn value<C: Coder>(
        &mut self,
        coder: &mut C,
        value: &[u8],
        spelling: &mut Spelling<'_>,
        dst: &mut Vec<u8>,
    ) -> Option<()> {
        let mut rest = value;
        let mut asks = true;
        loop {
            if asks
                && spelling.match_len >= self.span_match_min
                && let Some(span) = Span::foretold(&self.spelled, spelling)
            {
                let bytes = span.bytes();
                let hit = starts_with(rest, bytes);
                let hit = self.span(coder, &span, hit, spelling);
                spelling.asked = spelling.asked << 1 | u32::from(hit);
                spelling.refuted = !hit;
                if hit {
                    coder.note(Note::Bytes(bytes));
                    for &byte in bytes {
                        if self.spell(byte, spelling, dst)?.is_break() {
                            return Some(());
                        }
                    }
                    rest = rest.get(bytes.len()..).unwrap_or_default();
                    continue;
                }
            }
            let byte = self.byte(coder, rest.first().copied().unwrap_or(END), spelling);
            rest = rest.get(1..).unwrap_or_default();
            if self.spell(byte, spelling, dst)?.is_break() {
                return Some(());
            }
            asks = is_delimiter(byte);
        }
    }

    /// A byte has become known.
    fn spell(
        &mut self,
        byte: u8,
        spelling: &mut Spelling<'_>,
        dst: &mut Vec<u8>,
    ) -> Option<ControlFlow<()>> {
        self.spelled.push(byte, spelling);
        if byte == END {
            return Some(ControlFlow::Break(()));
        }
        self.letters = self.letters.checked_sub(1)?;
        dst.push(byte);
        spelling.push(byte, &self.pool);
        Some(ControlFlow::Continue(()))
    }

    fn byte<C: Coder>(&mut self, coder: &mut C, byte: u8, spelling: &Spelling<'_>) -> u8 {
        let expected = self.spelled.expected(spelling);
        let bases = spelling.contexts(expected, &self.pool);
        let long = (spelling.match_len.min(15) + 1).ilog2() as usize
            + usize::from(spelling.match_len > 24);
        let pick = Pick { set: long, column: spelling.column, choice: spelling.last };
        let high = u32::from(byte >> 4);
        let high = self.text.symbol(&mut self.memory, coder, &bases, pick, 4, high);
        let mut hashes = bases;
        for hash in &mut hashes {
            *hash = join(*hash, high + 16);
        }
        let pick = Pick { set: 8 + long, ..pick };
        let low = self.text.symbol(&mut self.memory, coder, &hashes, pick, 4, u32::from(byte & 15));
        (high << 4 | low) as u8
    }
}

/// Whether a value, ended, starts with `bytes`.
fn starts_with(value: &[u8], bytes: &[u8]) -> bool {
    match bytes.strip_suffix(&[END]) {
        Some(bytes) => value == bytes,
        None => value.starts_with(bytes),
    }
}

/// Ends a part of a text.
pub(crate) fn is_delimiter(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte < 0x80
}

impl Spelled {
    /// What the match goes on with.
    pub(crate) fn matched(&self, spelling: &Spelling<'_>) -> impl Iterator<Item = &u8> {
        self.bytes.get(spelling.matched..).unwrap_or_default().iter()
    }

    /// The byte that the match goes on with, plus one; 0 if there is none.
    fn expected(&self, spelling: &Spelling<'_>) -> u32 {
        if spelling.match_len == 0 {
            return 0;
        }
        self.bytes.get(spelling.matched).map_or(0, |&byte| u32::from(byte) + 1)
    }

    /// Appends a byte, and follows the match or looks for one.
    fn push(&mut self, byte: u8, spelling: &mut Spelling<'_>) {
        if spelling.match_len > 0 && self.bytes.get(spelling.matched) == Some(&byte) {
            spelling.match_len += 1;
            spelling.matched += 1;
        } else {
            spelling.match_len = 0;
        }
        self.bytes.push(byte);
        let end = self.bytes.len();
        let Some(tail) = self.bytes.get(end.wrapping_sub(MATCH_MIN)..) else { return };
        let hash = tail.iter().fold(0x6d61_7463, |hash, &byte| join(hash, byte.into()));
        let slot = spread(hash) as usize & (self.places.len() - 1);
        let place = &mut self.places[slot];
        if spelling.match_len == 0 && *place > 0 {
            let found = *place as usize;
            let common = self.bytes[..found].iter().rev().zip(self.bytes[..end].iter().rev());
            let common = common.take(32).take_while(|(a, b)| a == b).count();
            if common >= MATCH_MIN {
                (spelling.matched, spelling.match_len) = (found, common as u32);
            }
        }
        *place = end as u32;
    }
}

impl<'a> Spelling<'a> {
    fn new((column, keyword): (u32, u32), around: Known, before: &'a [u8]) -> Self {
        Self {
            column,
            keyword,
            around,
            before,
            at_before: 0,
            equal: true,
            so_far: 0,
            part: 0,
            part_before: 0,
            part_before_that: 0,
            word: 0,
            word_before: 0,
            last_two: 0,
            last: 0,
            shape: 0,
            len: 0,
            copied: [0, 1].map(|n| (around.texts[n] as usize, 0)),
            matched: 0,
            match_len: 0,
            asked: 1,
            refuted: false,
            delimiters: 0,
        }
    }

    pub(crate) fn column(&self) -> u32 {
        self.column
    }

    pub(crate) fn match_len(&self) -> u32 {
        self.match_len
    }

    /// What is left of the value before, if it is aligned.
    pub(crate) fn rest_before(&self) -> Option<&'a [u8]> {
        self.before.get(self.at_before..)
    }

    /// Contexts of a question for a span.
    pub(crate) fn span_contexts(&self, span: u32, set: u32, len: u32) -> [u32; SPAN_CONTEXTS] {
        let base = join(self.column, 0x7370_616e);
        let with = |number: u32, part: u32| join(join(base, number), part);
        let global = |number: u32, part: u32| join(join(0x7370_676c, number), part);
        let [p0, p1, ..] = self.around.parents;
        let class = set << 4 | self.match_len.min(15);
        [
            join(with(1, span), class),
            join(with(2, class), self.asked & 7),
            join(with(3, self.so_far), span),
            join(with(4, self.around.slot), self.delimiters),
            join(join(global(5, class), len), self.asked & 15),
            join(with(6, p0), span),
            join(with(7, self.part_before), span),
            join(global(8, span), class),
            join(join(with(9, p1), p0), span),
            join(join(global(10, self.keyword), self.asked & 15), class),
        ]
    }

    fn push(&mut self, byte: u8, pool: &[u8]) {
        let delimiter = is_delimiter(byte);
        self.equal &= self.before.get(self.at_before) == Some(&byte);
        self.at_before += 1;
        if delimiter {
            self.refuted = false;
            self.delimiters += 1;
            if !self.equal {
                // Goes on behind the same delimiter in the value before, if there is one near.
                let from = self.at_before.saturating_sub(8).min(self.before.len());
                let rest = &self.before[from..];
                let found = rest.iter().take(24).position(|&other| other == byte);
                self.at_before = found.map_or(self.at_before, |found| from + found + 1);
            }
            self.equal = true;
            self.part_before_that = self.part_before;
            self.part_before = join(self.part, byte.into());
            self.part = 0;
        } else {
            self.part = join(self.part, u32::from(byte) + 1);
        }
        for ((at, len), start) in self.copied.iter_mut().zip(self.around.texts) {
            if *at > 0 && pool.get(*at) == Some(&byte) {
                (*at, *len) = (*at + 1, *len + 1);
            } else if delimiter {
                (*at, *len) = (start as usize, 0);
            } else {
                (*at, *len) = (0, 0);
            }
        }
        let starts = byte.is_ascii_uppercase() && !(self.last as u8).is_ascii_uppercase()
            || byte.is_ascii_digit() != (self.last as u8).is_ascii_digit();
        if (starts || delimiter) && self.word != 0 {
            (self.word_before, self.word) = (self.word, 0);
        }
        if !delimiter {
            self.word = join(self.word, u32::from(byte.to_ascii_lowercase()) + 1);
        }
        self.so_far = join(self.so_far, u32::from(byte) + 1);
        self.last_two = self.last_two << 8 & 0xffff | self.last >> 24;
        self.last = self.last << 8 | u32::from(byte);
        let class = match byte {
            b'0'..=b'9' => 1,
            b'a'..=b'z' => 2,
            b'A'..=b'Z' => 3,
            0x80.. => 4,
            _ => 5 + u32::from(byte % 11),
        };
        self.shape = self.shape << 4 | class;
        self.len += 1;
    }

    fn contexts(&self, expected: u32, pool: &[u8]) -> [u32; TEXT_CONTEXTS] {
        let base = join(self.column, 0x7465_7874);
        let with = |number: u32, part: u32| join(join(base, number), part);
        let global = |number: u32, part: u32| join(join(0x676c_6f62, number), part);
        let before = self.before.get(self.at_before).map_or(256, |&byte| u32::from(byte));
        let aligned = before << 1 | u32::from(self.equal) | u32::from(self.refuted) << 12;
        let [p0, p1, ..] = self.around.parents;
        let last = self.last;
        let copied = |(at, len): (usize, u32)| {
            let byte = if at > 0 { pool.get(at).map_or(0, |&byte| u32::from(byte) + 1) } else { 0 };
            byte << 4 | len.min(15)
        };
        let copied = [copied(self.copied[0]), copied(self.copied[1])];
        let match_class = expected << 4 | self.match_len.min(15) | u32::from(self.refuted) << 16;
        [
            with(1, self.so_far),
            join(with(2, aligned), last & 0xff),
            global(3, match_class),
            join(global(4, self.keyword), self.so_far),
            global(5, self.part),
            join(with(6, self.part), aligned),
            join(with(7, p0), self.so_far),
            join(global(8, self.part_before), self.part),
            with(9, last & 0xff),
            with(10, last & 0xffff),
            with(11, last & 0xff_ffff),
            global(12, last & 0xffff),
            global(13, last & 0xff_ffff),
            global(14, last),
            join(with(15, self.around.slot), self.so_far),
            join(with(16, self.shape), self.len.min(20)),
            join(join(global(8, self.part_before), self.part), self.part_before_that),
            join(with(17, self.part), self.part_before),
            join(join(with(18, p1), p0), self.so_far),
            join(with(19, match_class), last & 0xff),
            join(with(20, before), self.len.min(30)),
            join(with(21, copied[0]), last & 0xff),
            join(with(22, copied[1]), copied[0]),
            join(global(23, last), self.last_two),
            join(global(24, self.word), last & 0xff),
            join(join(global(25, self.word_before), self.word), last & 0xff),
            join(with(26, self.word), self.around.slot),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_belongs_to_the_value() {
        assert!(starts_with(b"one two", b"one "));
        assert!(starts_with(b"one two", b"one two\n"));
        assert!(!starts_with(b"one two", b"one\n"));
        assert!(!starts_with(b"one", b"one two"));
    }
}
