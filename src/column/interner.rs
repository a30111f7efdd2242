//! Numbers distinct byte strings in order of first appearance.
//!
//! The hash has no random seed, so that output is reproducible; a bound on probes keeps crafted collisions from costing
//! more than ratio.

use xxhash_rust::xxh3::xxh3_64;

use crate::column::Strings;

/// Probes before a string is given a new number although it may have one.
const PROBES_MAX: usize = 32;

/// Distinct byte strings and their numbers.
#[derive(Debug)]
pub(crate) struct Interner {
    strings: Strings,
    /// Open addressing: the number plus one, and the upper half of its hash.
    slots: Vec<(u32, u32)>,
    /// The number that was given last: it is often asked for again.
    last: u32,
}

impl Default for Interner {
    fn default() -> Self {
        Self { strings: Strings::default(), slots: vec![(0, 0); 64], last: u32::MAX }
    }
}

impl Interner {
    /// Number of distinct strings.
    pub(crate) fn len(&self) -> usize {
        self.strings.len()
    }

    /// The strings by number.
    pub(crate) fn strings(&self) -> &Strings {
        &self.strings
    }

    /// Whether `value` has a number.
    pub(crate) fn contains(&self, value: &[u8]) -> bool {
        let hash = xxh3_64(value);
        let mask = self.slots.len() - 1;
        let mut at = lower(hash) & mask;
        for _ in 0..PROBES_MAX {
            match self.slots.get(at) {
                None | Some((0, _)) => return false,
                Some(&(id, tag))
                    if tag == upper(hash) && is_same(self.strings.get(id as usize - 1), value) =>
                {
                    return true;
                }
                _ => at = (at + 1) & mask,
            }
        }
        false
    }

    /// The number of `value`, and whether it is new.
    pub(crate) fn intern(&mut self, value: &[u8]) -> (u32, bool) {
        if (self.last as usize) < self.strings.len()
            && is_same(self.strings.get(self.last as usize), value)
        {
            return (self.last, false);
        }
        let (id, new) = self.look_up(value);
        self.last = id;
        (id, new)
    }

    fn look_up(&mut self, value: &[u8]) -> (u32, bool) {
        if self.strings.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = xxh3_64(value);
        let tag = upper(hash);
        let mask = self.slots.len() - 1;
        let new = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
        let mut at = lower(hash) & mask;
        for _ in 0..PROBES_MAX {
            let Some(slot) = self.slots.get_mut(at) else { break };
            match *slot {
                (0, _) => {
                    *slot = (new + 1, tag);
                    break;
                }
                (id, found)
                    if found == tag && is_same(self.strings.get(id as usize - 1), value) =>
                {
                    return (id - 1, false);
                }
                _ => at = (at + 1) & mask,
            }
        }
        self.strings.push(value);
        (new, true)
    }

    fn grow(&mut self) {
        let mut slots = vec![(0, 0); self.slots.len() * 4];
        let mask = slots.len() - 1;
        for (value, id) in self.strings.iter().zip(1u32..) {
            let hash = xxh3_64(value);
            let mut at = lower(hash) & mask;
            for _ in 0..PROBES_MAX {
                match slots.get_mut(at) {
                    Some(slot @ &mut (0, _)) => {
                        *slot = (id, upper(hash));
                        break;
                    }
                    _ => at = (at + 1) & mask,
                }
            }
        }
        self.slots = slots;
    }
}

/// Whether two strings are the same; short ones, as most are, without a call.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => {
            a.first_chunk::<8>() == b.first_chunk::<8>()
                && a.last_chunk::<8>() == b.last_chunk::<8>()
        }
        4..8 => {
            a.first_chunk::<4>() == b.first_chunk::<4>()
                && a.last_chunk::<4>() == b.last_chunk::<4>()
        }
        _ => a == b,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits choose a place")]
fn lower(hash: u64) -> usize {
    hash as usize
}

fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_differ_in_one_byte_are_not_the_same() {
        for len in 0..40 {
            let text = vec![b'a'; len];
            assert!(is_same(&text, &text.clone()));
            assert!(!is_same(&text, &vec![b'a'; len + 1]));
            for at in 0..len {
                let mut other = text.clone();
                other[at] = b'b';
                assert!(!is_same(&text, &other));
            }
        }
    }

    #[test]
    fn numbers_by_first_appearance_across_growth() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for i in 0..1000u32 {
                let (id, new) = interner.intern(i.to_string().as_bytes());
                assert_eq!((id, new), (i, round == 0));
            }
        }
        assert_eq!(interner.len(), 1000);
    }
}
