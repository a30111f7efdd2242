//! Lines → skeletons, by exact look-up.

use crate::column::Interner;
use crate::line::{self, Delimiter, Tokens};

/// Skeletons beyond this many are not told apart: their lines become one slot each.
const SKELETONS_MAX: usize = 1 << 16;
/// Bytes of all skeletons together, with the same rule.
const SKELETON_BYTES_MAX: usize = 16 << 20;

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

/// The skeleton of each line, and where its slots are.
#[derive(Debug, Default)]
pub(crate) struct Skeletons {
    /// Distinct skeletons, numbered by first appearance.
    pub(crate) known: Interner,
    /// How many lines have each.
    pub(crate) counts: Vec<u32>,
    /// The skeleton of each line.
    pub(crate) ids: Vec<u32>,
    /// The slots of all lines, one line after the other, as places in their line.
    pub(crate) slots: Vec<(u32, u32)>,
}

impl Skeletons {
    /// Tokenizes `lines`.
    pub(crate) fn of<'a>(lines: impl Iterator<Item = &'a [u8]>, cut: Cut) -> Self {
        let mut found = Self::default();
        let mut tokens = Tokens::default();
        for line in lines {
            tokenize(line, cut, &mut tokens);
            found.add(line, &mut tokens);
        }
        found
    }

    fn add(&mut self, line: &[u8], tokens: &mut Tokens) {
        let full = self.known.len() >= SKELETONS_MAX
            || self.known.strings().bytes().len() >= SKELETON_BYTES_MAX;
        if full && !self.known.contains(&tokens.skeleton) {
            tokens.whole(line);
        }
        let (id, new) = self.known.intern(&tokens.skeleton);
        if new {
            self.counts.push(0);
        }
        if let Some(count) = self.counts.get_mut(id as usize) {
            *count += 1;
        }
        self.ids.push(id);
        self.slots.extend_from_slice(&tokens.slots);
    }
}

fn tokenize(line: &[u8], cut: Cut, tokens: &mut Tokens) {
    if line::holds_mark(line) {
        return tokens.whole(line);
    }
    match cut {
        Cut::Fine => line::fine(line, tokens),
        Cut::Delimited(delimiter) if line::delimited(line, delimiter, tokens) => {}
        Cut::Coarse | Cut::Delimited(_) => line::coarse(line, tokens),
    }
}
