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
use crate::model::hook::{Note, SymbolKind};
use crate::model::logistic::{squash, stretch};
use crate::model::memory::{Memory, spread};
use crate::model::mixer::{Adaptive, Lane, Mixer, ONE, Refine};
use crate::model::state;

/// The most contexts of a predictor.
pub(crate) const CONTEXTS_MAX: usize = 27;
/// For each context two inputs, one more, and room for whole lanes.
const INPUTS_MAX: usize = 56;
/// Weight sets by column: columns above share.
const COLUMNS: usize = 256;
/// Weight sets by choice.
const CHOICES: usize = 256;
/// Contexts whose state of knowledge chooses a weight set.
const PATTERN: usize = 5;

/// What chooses weights and refinements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pick {
    /// Chooses a weight set; below the number that the predictor was made for.
    pub(crate) set: usize,
    /// The column.
    pub(crate) column: u32,
    /// Chooses a weight set of the full model.
    pub(crate) choice: u32,
}

/// How much a predictor keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Mixers: 3 or 4.
    pub(crate) mixers: usize,
    /// There are 2^this refinements: by node, by the first context.
    pub(crate) refine: (u32, u32),
}

/// Predicts one kind of symbol.
#[derive(Clone, Debug)]
pub(crate) struct Predictor {
    kind: SymbolKind,
    contexts: usize,
    /// For each context, the probability behind each history.
    maps: Vec<[Adaptive; 256]>,
    /// Weights chosen by set and node, by column, by what is known, and, in the full model, by what `Pick` says.
    mixers: Vec<Mixer>,
    last: Mixer,
    refine_node: Refine,
    refine_first: Refine,
}

impl Predictor {
    /// A predictor from `contexts` contexts with `sets` weight sets to choose from.
    pub(crate) fn new(kind: SymbolKind, contexts: usize, sets: usize, scale: Scale) -> Self {
        let map = map();
        let inputs = 2 * contexts + 1;
        let weight = WEIGHT_SUM / i16::try_from(2 * contexts.max(1)).unwrap_or(1);
        let sizes = [sets * 16, COLUMNS, 3usize.pow(PATTERN as u32), CHOICES];
        Self {
            kind,
            contexts,
            maps: vec![map; contexts],
            mixers: sizes
                .into_iter()
                .take(scale.mixers)
                .map(|sets| Mixer::new(inputs, sets, weight))
                .collect(),
            last: Mixer::new(
                scale.mixers,
                sets * 16,
                ONE / i16::try_from(scale.mixers).unwrap_or(ONE),
            ),
            refine_node: Refine::new(scale.refine.0),
            refine_first: Refine::new(scale.refine.1),
        }
    }

    /// How many contexts it looks at.
    pub(crate) fn contexts(&self) -> usize {
        self.contexts
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.maps.fill(map());
        self.mixers.iter_mut().for_each(Mixer::clear);
        self.last.clear();
        self.refine_node.clear();
        self.refine_first.clear();
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
        coder.note(Note::Symbol(self.kind, bits));
        let mut places = [0; 32];
        let mut spread_hashes = [0; 32];
        for (i, &hash) in hashes.iter().enumerate().take(self.contexts) {
            let number = 0x6f4f_2e35u32.wrapping_mul(i as u32 + 1);
            spread_hashes[i] = spread(hash.wrapping_add(number));
        }
        let places = memory.find(&spread_hashes[..self.contexts], &mut places);
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
        let mut inputs = [0i16; INPUTS_MAX];
        let mut histories = [0u8; CONTEXTS_MAX];
        let mut pattern = 0;
        let maps = &self.maps[..places.len()];
        for i in 0..maps.len().min(CONTEXTS_MAX) {
            let (history, chance) = memory.at(places[i]).look(node);
            if history > 0 {
                histories[i] = history;
                inputs[2 * i + 1] = maps[i][history as usize].stretched() as i16;
                inputs[2 * i + 2] = stretch(chance) as i16;
            }
            if i < PATTERN {
                pattern = pattern * 3 + state::kind(history);
            }
        }
        inputs[0] = 256;
        let (inputs, _) = inputs.as_chunks();
        let inputs = &inputs[..(2 * places.len() + 1).div_ceil(8)];
        let column = pick.column as usize % COLUMNS;
        let sets = [pick.set * 16 + node, column, pattern, pick.choice as usize % CHOICES];
        let mut mixed_inputs: Lane = [0; 8];
        for ((input, mixer), set) in mixed_inputs.iter_mut().zip(&mut self.mixers).zip(sets) {
            *input = mixer.mix(set, inputs) as i16;
        }
        let mixed = [mixed_inputs];
        let x = self.last.mix(pick.set * 16 + node, &mixed);
        let node_p = self.refine_node.refine(x, column * 16 + node);
        let first_at = (first.wrapping_add(node as u32)).wrapping_mul(0x9e37_79b1) >> 16;
        let first_p = self.refine_first.refine(x, first_at as usize);
        let p = (squash(x) + node_p + first_p) / 3;
        let bit = coder.bit(bit, p.clamp(1, 65535) as u32);
        for mixer in &mut self.mixers {
            mixer.update(inputs, bit, RATE);
        }
        self.last.update(&mixed, bit, RATE_LAST);
        self.refine_node.update(bit);
        self.refine_first.update(bit);
        let maps = &mut self.maps[..places.len()];
        for i in 0..maps.len().min(CONTEXTS_MAX) {
            maps[i][histories[i] as usize].update(bit);
            memory.at(places[i]).update(node, bit);
        }
        bit
    }
}

/// What each history is worth at first.
fn map() -> [Adaptive; 256] {
    std::array::from_fn(|state| Adaptive::new(state::prior(state as u8)))
}

/// How fast weights learn.
const RATE: i32 = 20;
const RATE_LAST: i32 = 10;
/// What the weights of a set start with, all together: more than one, for most contexts know little.
const WEIGHT_SUM: i16 = 18022;
