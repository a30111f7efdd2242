//! Hashed contexts → what they have seen (`docs/MODEL-FORMAT.md`, "Memory").
//!
//! A context of a symbol of up to four bits has 15 nodes, one for each place in the symbol's binary tree. All that is
//! known of them lies in one line of a processor's cache: a symbol costs one miss for each context.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hot loop; every index is held to its table by a mask"
)]

use crate::model::mixer::RECIPROCALS;
use crate::model::state;

/// What a context has seen, by node. Node 0 is none: a check of 16 bits lies there.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Bucket {
    /// Probabilities of a one, of 65536.
    chances: [u16; 16],
    /// Histories.
    states: [u8; 16],
    /// How many bits each probability averages over.
    counts: [u8; 16],
}

const EMPTY: Bucket = Bucket { chances: [1 << 15; 16], states: [0; 16], counts: [0; 16] };

/// All contexts.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    buckets: Vec<Bucket>,
    bits: u32,
}

impl Memory {
    /// Room for 2^`bits` contexts of 64 bytes, `bits` from 1 to 22.
    pub(crate) fn new(bits: u32) -> Self {
        Self { buckets: vec![EMPTY; 1 << bits], bits }
    }

    /// The binary logarithm of the number of contexts.
    pub(crate) fn bits(&self) -> u32 {
        self.bits
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.buckets.fill(EMPTY);
    }

    /// The places of contexts with these hashes: each one of two. Where one is new, what is worth less makes room.
    #[inline]
    pub(crate) fn find<'a>(&mut self, hashes: &[u32], places: &'a mut [usize; 32]) -> &'a [usize] {
        let places = &mut places[..hashes.len()];
        let mut checks = [0; 32];
        let mask = self.buckets.len() - 1;
        let shift = 32 - self.bits;
        // All are asked for before any is looked at, so that their ways through the caches overlap.
        for (check, &hash) in checks.iter_mut().zip(hashes) {
            let at = (hash >> shift) as usize & mask;
            *check = self.buckets[at].check() | self.buckets[at ^ 1].check() << 16;
        }
        for ((place, &hash), &check) in places.iter_mut().zip(hashes).zip(&checks) {
            let at = (hash >> shift) as usize & mask;
            let wanted = hash & 0xffff;
            *place = if check & 0xffff == wanted {
                at
            } else if check >> 16 == wanted {
                at ^ 1
            } else {
                self.make_room(at, hash)
            };
        }
        places
    }

    fn make_room(&mut self, at: usize, hash: u32) -> usize {
        let check = [hash as u8, (hash >> 8) as u8];
        let (near, far) = (&self.buckets[at], &self.buckets[at ^ 1]);
        let (near, far) = (near.states[1], far.states[1]);
        let place = if state::weight(near) <= state::weight(far) { at } else { at ^ 1 };
        let bucket = &mut self.buckets[place];
        *bucket = EMPTY;
        [bucket.states[0], bucket.counts[0]] = check;
        place
    }

    /// What is known at a place.
    #[inline]
    pub(crate) fn at(&mut self, place: usize) -> &mut Bucket {
        let mask = self.buckets.len() - 1;
        &mut self.buckets[place & mask]
    }
}

impl Bucket {
    #[inline]
    fn check(&self) -> u32 {
        u32::from(self.states[0]) | u32::from(self.counts[0]) << 8
    }

    /// The history of a node, and its probability of a one, of 4096.
    #[inline]
    pub(crate) fn look(&self, node: usize) -> (u8, u32) {
        (self.states[node & 15], u32::from(self.chances[node & 15]) >> 4)
    }

    /// Adds `bit` to what a node has seen.
    #[inline]
    pub(crate) fn update(&mut self, node: usize, bit: u32) {
        let node = node & 15;
        self.states[node] = state::after(self.states[node], bit);
        let count = &mut self.counts[node];
        let rate = RECIPROCALS[*count as usize];
        *count = count.saturating_add(1);
        let chance = &mut self.chances[node];
        let p = u32::from(*chance);
        *chance =
            if bit == 1 { p + (((65535 - p) * rate) >> 16) } else { p - ((p * rate) >> 16) } as u16;
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
        let find = |memory: &mut Memory, hash: u32| memory.find(&[hash], &mut [0; 32])[0];
        let place = find(&mut memory, 0x1234_5678);
        for _ in 0..3 {
            memory.at(place).update(1, 1);
            memory.at(place).update(3, 0);
        }
        for other in 0..3u32 {
            find(&mut memory, 0x1234_5600 | other);
        }
        assert_eq!(find(&mut memory, 0x1234_5678), place);
        let (state, chance) = memory.at(place).look(3);
        assert_eq!(state::weight(state), 3);
        assert!(chance < 1024);
        memory.clear();
        assert_eq!(memory.at(place).look(3), (0, 2048));
    }
}
