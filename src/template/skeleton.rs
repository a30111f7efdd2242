//! Rows → skeletons, by exact look-up.

use crate::column::Interner;
use crate::line::{self, Delimiter, Rows, Tokens};
use crate::template::expect::Expected;

/// Skeletons beyond this many are not told apart: their rows become one slot each.
const SKELETONS_MAX: usize = 1 << 16;
/// Bytes of all skeletons together, with the same rule.
const SKELETON_BYTES_MAX: usize = 16 << 20;
/// A row whose constant text is longer is one slot.
const SKELETON_MAX: usize = 1 << 16;

/// Rows that tell how many slots rows have.
const ROOM_ROWS: usize = 1 << 11;

/// Which tokenizer is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Words of a line.
    Coarse,
    /// Delimited fields; rows that have another number of them are cut as lines.
    Delimited(Delimiter),
    /// Runs of digits.
    Fine,
}

/// What is known of a skeleton.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Rows that have it.
    pub(crate) rows: u32,
    /// Number of its slots.
    pub(crate) slots: u32,
    /// Where the slots of the first of these rows start.
    pub(crate) first: usize,
    /// Start and end of this row.
    pub(crate) place: (usize, usize),
}

/// The skeleton of each row, and where its slots are.
#[derive(Debug, Default)]
pub(crate) struct Skeletons {
    /// Distinct skeletons, numbered by first appearance.
    pub(crate) known: Interner,
    /// One for each skeleton.
    pub(crate) kinds: Vec<Kind>,
    /// The skeleton of each row.
    pub(crate) ids: Vec<u32>,
    /// The slots of all rows, one row after the other, as places in the buffer.
    pub(crate) slots: Vec<(u32, u32)>,
}

/// Where the value of a template's slot comes from, for the rows of one skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The row's slot of this number.
    Slot(u32),
    /// A part of the skeleton, from byte to byte.
    Word(u32, u32),
    /// The rest of the row behind so many of its slots.
    Rest(u32),
}

/// A row and what the tokenizer found in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    bytes: &'a [u8],
    place: (usize, usize),
    skeleton: &'a [u8],
    /// The places of its slots.
    pub(crate) slots: &'a [(u32, u32)],
}

impl<'a> Row<'a> {
    /// The value that a source names.
    pub(crate) fn value(&self, source: Source) -> &'a [u8] {
        let (text, start, end) = match source {
            Source::Slot(slot) => {
                let (start, end) = self.slots.get(slot as usize).copied().unwrap_or_default();
                (self.bytes, start as usize, end as usize)
            }
            Source::Word(start, end) => (self.skeleton, start as usize, end as usize),
            Source::Rest(behind) => {
                let last = (behind as usize).checked_sub(1).and_then(|last| self.slots.get(last));
                let start = last.map_or(self.place.0, |&(_, end)| end as usize);
                (self.bytes, start, self.place.1)
            }
        };
        text.get(start..end).unwrap_or_default()
    }
}

impl Skeletons {
    /// The rows, each with the number of its skeleton.
    pub(crate) fn rows<'a>(&'a self, rows: &'a Rows<'_>) -> impl Iterator<Item = (u32, Row<'a>)> {
        let mut slots = &self.slots[..];
        self.ids.iter().zip(rows.places()).map(move |(&id, place)| {
            let count = self.kinds.get(id as usize).map_or(0, |kind| kind.slots as usize);
            let (own, rest) = slots.split_at_checked(count).unwrap_or_default();
            slots = rest;
            let skeleton = self.known.strings().get(id as usize);
            (id, Row { bytes: rows.bytes(), place, skeleton, slots: own })
        })
    }

    /// Tokenizes `rows`.
    pub(crate) fn of(rows: &Rows<'_>, cut: Cut) -> Self {
        let mut found = Self::default();
        let mut tokens = Tokens::default();
        let mut expected = Expected::default();
        found.ids.reserve(rows.len());
        // Hardly any block holds a mark: one look tells.
        let marked = line::holds_mark(rows.bytes());
        for (start, end) in rows.places() {
            if found.ids.len() == ROOM_ROWS {
                // Places of slots are the most that is kept of rows: to move them often would cost time.
                tokens.slots.reserve(tokens.slots.len() / ROOM_ROWS * (rows.len() - ROOM_ROWS));
            }
            let text = rows.bytes().get(..end).unwrap_or_default();
            if marked && line::holds_mark(text.get(start..).unwrap_or_default()) {
                tokens.opaque(start, end);
            } else if cut == Cut::Coarse {
                if let Some(id) =
                    expected.cut(rows.bytes(), (start, end), &found.known, &mut tokens)
                {
                    found.count(id);
                    continue;
                }
            } else {
                tokenize(text, start, cut, &mut tokens);
            }
            let id = found.add(start, end, &mut tokens);
            if cut == Cut::Coarse {
                expected.learn(id, &found.known, &tokens);
            }
        }
        found.slots = tokens.slots;
        found
    }

    /// The first row of each skeleton.
    pub(crate) fn firsts<'a>(&'a self, rows: &'a Rows<'_>) -> impl Iterator<Item = (u32, Row<'a>)> {
        self.kinds.iter().zip(0u32..).map(move |(kind, id)| {
            let slots = self.slots.get(kind.first..kind.first + kind.slots as usize);
            let skeleton = self.known.strings().get(id as usize);
            let slots = slots.unwrap_or_default();
            (id, Row { bytes: rows.bytes(), place: kind.place, skeleton, slots })
        })
    }

    /// Takes a row that has been cut; returns the number of its skeleton.
    fn add(&mut self, start: usize, end: usize, tokens: &mut Tokens) -> u32 {
        let full = self.known.len() >= SKELETONS_MAX
            || self.known.strings().bytes().len() >= SKELETON_BYTES_MAX;
        if tokens.skeleton.len() > SKELETON_MAX || (full && !self.known.contains(&tokens.skeleton))
        {
            tokens.whole(start, end);
        }
        let (id, new) = self.known.intern(&tokens.skeleton);
        if new {
            let slots = u32::try_from(tokens.count()).unwrap_or(u32::MAX);
            let first = tokens.slots.len() - tokens.count();
            self.kinds.push(Kind { rows: 0, slots, first, place: (start, end) });
        }
        self.count(id);
        id
    }

    /// Takes a row of a known skeleton, the slots of which have been taken.
    fn count(&mut self, id: u32) {
        if let Some(kind) = self.kinds.get_mut(id as usize) {
            kind.rows += 1;
        }
        self.ids.push(id);
    }
}

fn tokenize(text: &[u8], start: usize, cut: Cut, tokens: &mut Tokens) {
    match cut {
        Cut::Fine => line::fine(text, start, tokens),
        Cut::Delimited(delimiter) if line::delimited(text, start, delimiter, tokens) => {}
        Cut::Coarse | Cut::Delimited(_) => line::coarse(text, start, tokens),
    }
}
