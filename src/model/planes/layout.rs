//! Where the streams of a section lie: coded in front of each.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "indices are below constants, and widths below nine"
)]

use crate::model::coder::Coder;
use crate::model::logistic::squash;
use crate::model::mixer::Adaptive;
use crate::model::planes::Stream;

/// Numbers of values that are remembered.
const RECENT: usize = 8;
/// Bits of the number of bits of a number of values.
const LEN_BITS: u32 = 5;
/// Bits of a width, less one.
const WIDTH_BITS: u32 = 3;

#[derive(Debug)]
pub(super) struct Layout {
    /// The last numbers of values, the newest first, and whether it was one of them.
    recent: Vec<usize>,
    is_recent: [Adaptive; RECENT],
    lens: [Adaptive; 1 << LEN_BITS],
    /// By the width before.
    widths: [[Adaptive; 1 << WIDTH_BITS]; 1 << WIDTH_BITS],
    planes: Adaptive,
    width: usize,
}

impl Default for Layout {
    fn default() -> Self {
        let even = Adaptive::new(1 << 15);
        Self {
            recent: Vec::new(),
            is_recent: [even; RECENT],
            lens: [even; 1 << LEN_BITS],
            widths: [[even; 1 << WIDTH_BITS]; 1 << WIDTH_BITS],
            planes: even,
            width: 1,
        }
    }
}

impl Layout {
    /// Codes the next stream; nothing if there is none like that.
    pub(super) fn stream<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<Stream>,
    ) -> Option<Stream> {
        let known = known.unwrap_or(Stream { values: 1, width: 1, planes: true });
        let values = self.values(coder, known.values)?;
        let widths = &mut self.widths[self.width - 1];
        let width =
            tree(coder, widths, WIDTH_BITS, known.width.checked_sub(1)? as u32) as usize + 1;
        self.width = width;
        let planes = width == 1 || bit(coder, &mut self.planes, u32::from(known.planes)) == 1;
        Some(Stream { values, width, planes })
    }

    fn values<C: Coder>(&mut self, coder: &mut C, known: usize) -> Option<usize> {
        let mut found = None;
        for (place, &recent) in self.recent.iter().enumerate() {
            if bit(coder, &mut self.is_recent[place], u32::from(recent == known)) == 1 {
                found = Some(place);
                break;
            }
        }
        let values = if let Some(place) = found {
            self.recent.remove(place)
        } else {
            let len = tree(coder, &mut self.lens, LEN_BITS, known.checked_ilog2()?);
            let low = |place: u32| coder.bit((known >> place) as u32 & 1, 1 << 15) as usize;
            (0..len).rev().map(low).fold(1, |values, bit| values << 1 | bit)
        };
        self.recent.insert(0, values);
        self.recent.truncate(RECENT);
        Some(values)
    }
}

/// A bit by its own probability.
fn bit<C: Coder>(coder: &mut C, chance: &mut Adaptive, bit: u32) -> u32 {
    let bit = coder.bit(bit, squash(chance.stretched()).clamp(1, 65535).unsigned_abs());
    chance.update(bit);
    bit
}

/// A number of so many bits, from the highest.
fn tree<C: Coder>(coder: &mut C, nodes: &mut [Adaptive], bits: u32, known: u32) -> u32 {
    let mut node = 1;
    for place in (0..bits).rev() {
        node = node << 1 | bit(coder, &mut nodes[node as usize], known >> place & 1);
    }
    node - (1 << bits)
}
