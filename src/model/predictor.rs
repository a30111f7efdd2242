//! Contexts → bits (`docs/MODEL-FORMAT.md`, "A symbol"): what all parts of the model are made of.
//!
//! A symbol of up to four bits is coded from its highest bit, each bit predicted by the histories of its node in several
//! contexts. One [`Predictor`] learns for one kind of symbol what those histories are worth.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "hot loop; every index is held to its table"
)]

use crate::model::coder::Coder;
use crate::model::logistic::squash;
use crate::model::memory::{Memory, spread};
use crate::model::mixer::{Adaptive, Mixer, ONE, Refine};
use crate::model::state;

/// The most contexts of a predictor.
pub(crate) const CONTEXTS_MAX: usize = 27;
const INPUTS_MAX: usize = CONTEXTS_MAX + 1;
/// Weight sets by column: columns above share.
const COLUMNS: usize = 256;
/// Contexts whose state of knowledge chooses a weight set.
const PATTERN: usize = 5;

/// What chooses weights and refinements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pick {
    /// Chooses a weight set; below the number that the predictor was made for.
    pub(crate) set: usize,
    /// The column.
    pub(crate) column: u32,
}

/// Predicts one kind of symbol.
#[derive(Debug)]
pub(crate) struct Predictor {
    contexts: usize,
    /// For each context, the probability behind each history.
    maps: Vec<[Adaptive; 256]>,
    by_set: Mixer,
    by_column: Mixer,
    by_pattern: Mixer,
    last: Mixer,
    refine_node: Refine,
    refine_first: Refine,
}

impl Predictor {
    /// A predictor from `contexts` contexts with `sets` weight sets to choose from, and 2^`refine_bits` refinements.
    pub(crate) fn new(contexts: usize, sets: usize, refine_bits: u32) -> Self {
        let map = std::array::from_fn(|state| Adaptive::new(state::prior(state as u8)));
        let inputs = contexts + 1;
        let weight = WEIGHT_SUM / i32::try_from(contexts.max(1)).unwrap_or(1);
        Self {
            contexts,
            maps: vec![map; contexts],
            by_set: Mixer::new(inputs, sets * 16, weight),
            by_column: Mixer::new(inputs, COLUMNS, weight),
            by_pattern: Mixer::new(inputs, 3usize.pow(PATTERN as u32), weight),
            last: Mixer::new(3, sets * 16, ONE / 3),
            refine_node: Refine::new(refine_bits.min(12)),
            refine_first: Refine::new(refine_bits),
        }
    }

    /// Codes the low `bits` bits of `symbol`, at most four, in contexts given by their hashes.
    pub(crate) fn symbol<C: Coder>(
        &mut self,
        memory: &mut Memory,
        coder: &mut C,
        hashes: &[u32],
        pick: Pick,
        bits: u32,
        symbol: u32,
    ) -> u32 {
        let mut places = [0; CONTEXTS_MAX];
        let hashes = &hashes[..self.contexts];
        for ((place, &hash), number) in places.iter_mut().zip(hashes).zip(1..) {
            *place = memory.find(spread(hash.wrapping_add(0x6f4f_2e35u32.wrapping_mul(number))));
        }
        let places = &places[..self.contexts];
        let mut node = 1;
        for shift in (0..bits).rev() {
            let bit = symbol >> shift & 1;
            let bit = self.bit(memory, coder, places, pick, (node, hashes[0]), bit);
            node = node << 1 | bit as usize;
        }
        node as u32 - (1 << bits)
    }

    fn bit<C: Coder>(
        &mut self,
        memory: &mut Memory,
        coder: &mut C,
        places: &[usize],
        pick: Pick,
        (node, first): (usize, u32),
        bit: u32,
    ) -> u32 {
        let mut inputs = [0i32; INPUTS_MAX];
        let mut histories = [0u8; CONTEXTS_MAX];
        let mut pattern = 0;
        for (i, &place) in places.iter().enumerate() {
            let history = memory.history(place, node);
            histories[i] = history;
            if history > 0 {
                inputs[i] = self.maps[i][history as usize].stretched();
            }
            if i < PATTERN {
                pattern = pattern * 3 + state::kind(history);
            }
        }
        inputs[places.len()] = 256;
        let inputs = &inputs[..=places.len()];
        let column = pick.column as usize % COLUMNS;
        let mixed = [
            self.by_set.mix(pick.set * 16 + node, inputs),
            self.by_column.mix(column, inputs),
            self.by_pattern.mix(pattern, inputs),
        ];
        let x = self.last.mix(pick.set * 16 + node, &mixed);
        let node_p = self.refine_node.refine(x, column * 16 + node);
        let first_at = (first.wrapping_add(node as u32)).wrapping_mul(0x9e37_79b1) >> 16;
        let first_p = self.refine_first.refine(x, first_at as usize);
        let p = (squash(x) + node_p + first_p) / 3;
        let bit = coder.bit(bit, p.clamp(1, 65535) as u32);
        self.by_set.update(inputs, bit, RATE);
        self.by_column.update(inputs, bit, RATE);
        self.by_pattern.update(inputs, bit, RATE);
        self.last.update(&mixed, bit, RATE_LAST);
        self.refine_node.update(bit);
        self.refine_first.update(bit);
        for (i, &place) in places.iter().enumerate() {
            self.maps[i][histories[i] as usize].update(bit, MAP_LIMIT);
            memory.update(place, node, bit);
        }
        bit
    }
}

/// How fast weights learn.
const RATE: i32 = 20;
const RATE_LAST: i32 = 10;
/// What the weights of a set start with, all together: more than one, for most contexts know little.
const WEIGHT_SUM: i32 = ONE * 22 / 10;
/// How many observations a history's probability averages over.
const MAP_LIMIT: u32 = 255;
