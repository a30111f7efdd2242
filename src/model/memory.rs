//! Hashed contexts → bit histories (`docs/MODEL-FORMAT.md`, "Memory").
//!
//! A context of a symbol of up to four bits has 15 histories, one for each node of the symbol's binary tree. Four such
//! buckets make a line of a processor's cache, and are searched together: a symbol costs one miss for each context.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hot loop; every index is held to its table by a mask"
)]

use crate::model::state;

/// A check byte, and the histories of nodes 1 to 15.
type Bucket = [u8; 16];

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Bucket; 4]);

/// The histories of all contexts.
#[derive(Debug)]
pub(crate) struct Memory {
    lines: Vec<Line>,
    bits: u32,
}

impl Memory {
    /// Room for 2^`bits` lines of 64 bytes, `bits` from 1 to 24.
    pub(crate) fn new(bits: u32) -> Self {
        Self { lines: vec![Line([[0; 16]; 4]); 1 << bits], bits }
    }

    /// The place of the context with this hash. Where it is new, what is worth least makes room.
    #[inline]
    pub(crate) fn find(&mut self, hash: u32) -> usize {
        let at = (hash >> (32 - self.bits)) as usize;
        let check = hash as u8;
        let Line(buckets) = &mut self.lines[at];
        let mut least = 0;
        let mut least_weight = u8::MAX;
        for (number, bucket) in buckets.iter().enumerate() {
            if bucket[0] == check {
                return at << 2 | number;
            }
            let weight = state::weight(bucket[1]);
            if weight < least_weight {
                (least, least_weight) = (number, weight);
            }
        }
        buckets[least] = [0; 16];
        buckets[least][0] = check;
        at << 2 | least
    }

    /// The history of a node.
    #[inline]
    pub(crate) fn history(&self, place: usize, node: usize) -> u8 {
        self.lines[place >> 2].0[place & 3][node & 15]
    }

    /// Adds `bit` to a node's history.
    #[inline]
    pub(crate) fn update(&mut self, place: usize, node: usize, bit: u32) {
        let history = &mut self.lines[place >> 2].0[place & 3][node & 15];
        *history = state::after(*history, bit);
    }
}

/// Adds a part to the hash of a context.
#[inline]
pub(crate) fn join(hash: u32, part: u32) -> u32 {
    (hash ^ part).wrapping_mul(0x9e37_79b1).rotate_left(15)
}

/// Spreads a hash over all its bits.
#[inline]
pub(crate) fn spread(hash: u32) -> u32 {
    let hash = (hash ^ hash >> 15).wrapping_mul(0x85eb_ca77);
    hash ^ hash >> 13
}

/// The hash of a byte string.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| join(hash, u32::from(byte) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_found_again() {
        let mut memory = Memory::new(8);
        let place = memory.find(0x1234_5678);
        for _ in 0..3 {
            memory.update(place, 1, 1);
            memory.update(place, 3, 0);
        }
        for other in 0..3u32 {
            memory.find(0x1234_5600 | other);
        }
        assert_eq!(memory.find(0x1234_5678), place);
        assert_eq!(state::weight(memory.history(place, 3)), 3);
    }
}
