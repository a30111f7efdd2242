//! Line → tokens: which bytes of a line are constant and which are values.
//!
//! A tokenizer cuts a row into literal bytes and slots. Its output is the row's *skeleton*: the row with each slot
//! replaced by a mark. Nothing here knows a product; what is recognised is general: times, words that hold a digit,
//! `key=value`, quoted strings, JSON values, delimited fields.
//!
//! A tokenizer is one pass over the bytes: it only tells where slots are, and literal bytes are copied from slot to slot.

mod clock;
mod coarse;
mod delimited;
mod fine;
mod grams;
mod lines;
mod rows;
mod severity;
mod stamp;

pub(crate) use clock::{Clock, Form};
pub(crate) use coarse::{Lead, coarse, coarse_from};
pub(crate) use delimited::{Delimiter, delimited, detect};
pub(crate) use fine::fine;
pub(crate) use grams::GramFilter;
pub(crate) use lines::lines;
pub(crate) use rows::Rows;
pub use severity::Severity;
pub(crate) use severity::SeverityFinder;
pub(crate) use stamp::StampFinder;

use crate::column::extend_part;
use crate::column::timestamp::Finder;

/// Stands for a slot in a skeleton. Rows that hold a mark themselves have a skeleton of one slot.
pub(crate) const MARK: u8 = 0;
/// Stands for a slot that holds a time.
pub(crate) const MARK_TIME: u8 = 1;

/// Slots beyond this many in a row are left to the last one, which takes the rest of the row.
const SLOTS_MAX: usize = 400;

/// What a tokenizer found, row after row.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// The skeleton of the last row: its literal bytes, with a mark for each slot.
    pub(crate) skeleton: Vec<u8>,
    /// Start and end in the buffer of each slot of all rows.
    pub(crate) slots: Vec<(u32, u32)>,
    /// Where the mark of each slot of the last row is in the skeleton, and how the tokenizer for lines came to the slot.
    pub(crate) leads: Vec<(u32, Lead)>,
    /// Where the slots of the last row start.
    first: usize,
    /// Where the part of the last row starts that is not in the skeleton yet.
    done: usize,
    times: Finder,
}

impl Tokens {
    /// Number of slots of the last row.
    pub(crate) fn count(&self) -> usize {
        self.slots.len() - self.first
    }

    /// Starts a row at byte `start`.
    pub(crate) fn begin(&mut self, start: usize) {
        self.skeleton.clear();
        self.leads.clear();
        self.first = self.slots.len();
        self.done = start;
    }

    /// Forgets what was found of the last row.
    fn undo(&mut self) {
        self.slots.truncate(self.first);
    }

    /// Takes the row from `start` to `end` as one slot, in place of what was found of it.
    pub(crate) fn whole(&mut self, start: usize, end: usize) {
        self.undo();
        self.opaque(start, end);
    }

    /// Takes a row that is not tokenized: one slot.
    pub(crate) fn opaque(&mut self, start: usize, end: usize) {
        self.begin(start);
        self.slot(&[], start, end, MARK);
        self.leads.push((0, Lead::Word));
    }

    /// Ends a row: the rest of `text` is literal.
    fn end(&mut self, text: &[u8]) {
        extend_part(&mut self.skeleton, text, self.done, text.len());
    }

    /// A slot; what lies before it is literal.
    fn slot(&mut self, text: &[u8], start: usize, end: usize, mark: u8) {
        extend_part(&mut self.skeleton, text, self.done, start);
        self.skeleton.push(mark);
        self.done = end;
        self.place(start, end);
    }

    /// Where a slot is.
    fn place(&mut self, start: usize, end: usize) {
        self.slots.push((place(start), place(end)));
    }

    /// Goes on behind the slots that were followed, the last of which ends at byte `end`; they are `leads` and the skeleton so far.
    pub(crate) fn resume(
        &mut self,
        skeleton: &[u8],
        leads: impl Iterator<Item = (u32, Lead)>,
        end: usize,
    ) {
        self.skeleton.extend_from_slice(skeleton);
        self.leads.extend(leads);
        self.done = end;
    }

    /// Takes the time that starts at byte `at`, if one does; returns its end.
    fn time(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let end = self.times.find(text, at)?;
        self.slot(text, at, end, MARK_TIME);
        Some(end)
    }

    fn is_full(&self) -> bool {
        self.count() >= SLOTS_MAX
    }
}

/// A place in a block, which is shorter than 2^32 bytes.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Whether bytes could be taken for marks.
pub(crate) fn holds_mark(bytes: &[u8]) -> bool {
    memchr::memchr2(MARK, MARK_TIME, bytes).is_some()
}

/// The skeleton of a row, its marks made visible.
#[cfg(test)]
fn skeleton_of(row: &str, tokenize: impl FnOnce(&[u8], usize, &mut Tokens)) -> String {
    // What lies before the row in its buffer must not matter.
    let text = format!("x 7=\"{row}");
    let mut tokens = Tokens::default();
    tokenize(text.as_bytes(), 5, &mut tokens);
    let mut slots = tokens.slots.iter().map(|&(start, end)| &text[start as usize..end as usize]);
    let mut back = String::new();
    for piece in String::from_utf8(tokens.skeleton.clone()).unwrap().chars() {
        if piece <= '\x01' { back.push_str(slots.next().unwrap()) } else { back.push(piece) }
    }
    assert_eq!((back.as_str(), slots.next()), (row, None));
    String::from_utf8(tokens.skeleton).unwrap().replace('\0', "<*>").replace('\x01', "<t>")
}
