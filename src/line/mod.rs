//! Line → tokens: which bytes of a line are constant and which are values.
//!
//! A tokenizer cuts a line into literal bytes and slots. Its output is the line's *skeleton*: the line with each slot
//! replaced by a mark. Nothing here knows a product; what is recognised is general: times, words that hold a digit,
//! `key=value`, quoted strings, JSON values, delimited fields.

mod coarse;
mod delimited;
mod fine;

pub(crate) use coarse::coarse;
pub(crate) use delimited::{Delimiter, delimited, detect};
pub(crate) use fine::fine;

/// Stands for a slot in a skeleton. Lines that hold a mark themselves have a skeleton of one slot.
pub(crate) const MARK: u8 = 0;
/// Stands for a slot that holds a time.
pub(crate) const MARK_TIME: u8 = 1;

/// Slots beyond this many in a line are left to the last one, which takes the rest of the line.
const SLOTS_MAX: usize = 400;

/// What a tokenizer found, reused from line to line.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// The literal bytes, with a mark for each slot.
    pub(crate) skeleton: Vec<u8>,
    /// Start and end of each slot in the line.
    pub(crate) slots: Vec<(u32, u32)>,
}

impl Tokens {
    pub(crate) fn clear(&mut self) {
        self.skeleton.clear();
        self.slots.clear();
    }

    /// The whole line as one slot.
    pub(crate) fn whole(&mut self, line: &[u8]) {
        self.clear();
        self.slot(0, line.len(), MARK);
    }

    fn literal(&mut self, bytes: &[u8]) {
        self.skeleton.extend_from_slice(bytes);
    }

    fn slot(&mut self, start: usize, end: usize, mark: u8) {
        self.skeleton.push(mark);
        // A line is part of a block, which is shorter than 2^32.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.slots.push((place(start), place(end)));
    }

    fn is_full(&self) -> bool {
        self.slots.len() >= SLOTS_MAX
    }
}

/// Whether a byte string can be told from its own marks.
pub(crate) fn holds_mark(line: &[u8]) -> bool {
    memchr::memchr2(MARK, MARK_TIME, line).is_some()
}
