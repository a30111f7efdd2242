//! The longest repetition: what came behind the last bytes when they came before.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hot loop; places are masked by a shift, positions are below the number of bytes"
)]

use crate::model::memory::join;

/// Bytes that a repetition is looked up by, and that it has at least.
const LEAST: usize = 5;
/// How far back the bytes in front of one that was found are compared.
const COMPARED: usize = 40;
/// The binary logarithm of the number of places where positions are kept, by the length of a section.
const PLACES_LOG: std::ops::RangeInclusive<u32> = 8..=16;

/// All bytes so far, and the repetition that goes on.
#[derive(Debug)]
pub(super) struct Repeats {
    bytes: Vec<u8>,
    /// Positions behind bytes of a hash.
    places: Vec<u32>,
    shift: u32,
    /// Where the repetition goes on; no meaning if its length is 0.
    at: usize,
    len: usize,
}

impl Repeats {
    /// Classes of lengths.
    pub(super) const CLASSES: usize = 32;

    pub(super) fn new(len: usize) -> Self {
        let bits =
            (usize::BITS - len.leading_zeros()).clamp(*PLACES_LOG.start(), *PLACES_LOG.end());
        Self {
            bytes: Vec::with_capacity(len),
            places: vec![0; 1 << bits],
            shift: 32 - bits,
            at: 0,
            len: 0,
        }
    }

    /// The byte that the repetition goes on with.
    #[inline]
    pub(super) fn told(&self) -> Option<u8> {
        if self.len > 0 { self.bytes.get(self.at).copied() } else { None }
    }

    /// How long it is.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The class of its length.
    #[inline]
    pub(super) fn class(&self) -> usize {
        match self.len {
            len @ ..16 => len,
            len @ 16..32 => 16 + (len - 16) / 4,
            len => (20 + (len - 32) / 32).min(Self::CLASSES - 1),
        }
    }

    /// How far a repetition is trusted, 1 to 3.
    #[inline]
    pub(super) fn trust(&self) -> usize {
        match self.len {
            ..14 => 1,
            14..32 => 2,
            _ => 3,
        }
    }

    /// What the repetition says is not so.
    #[inline]
    pub(super) fn refute(&mut self) {
        self.len = 0;
    }

    /// The next byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        if self.told() == Some(byte) {
            self.at += 1;
            self.len += 1;
        } else {
            self.len = 0;
        }
        self.bytes.push(byte);
        let Some(&last) = self.bytes.last_chunk::<LEAST>() else { return };
        let hash = last.iter().fold(0, |hash, &byte| join(hash, byte.into()));
        let place = &mut self.places[(hash >> self.shift) as usize];
        let end = self.bytes.len();
        let found = std::mem::replace(place, end as u32) as usize;
        if self.len == 0 && found > 0 {
            let back = self.bytes[..found].iter().rev().zip(self.bytes.iter().rev());
            let equal = back.take(COMPARED).take_while(|(a, b)| a == b).count();
            if equal >= LEAST {
                (self.at, self.len) = (found, equal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_is_told_again() {
        let mut repeats = Repeats::new(100);
        b"abcdefgh".iter().for_each(|&byte| repeats.push(byte));
        assert_eq!(repeats.told(), None);
        b"abcde".iter().for_each(|&byte| repeats.push(byte));
        assert_eq!((repeats.told(), repeats.len()), (Some(b'f'), 5));
        repeats.push(b'f');
        assert_eq!((repeats.told(), repeats.len()), (Some(b'g'), 6));
        repeats.push(b'x');
        assert_eq!((repeats.told(), repeats.len()), (None, 0));
    }

    #[test]
    fn classes_ascend_within_their_number() {
        let mut repeats = Repeats::new(0);
        let mut last = 0;
        for len in 0..2000 {
            repeats.len = len;
            assert!((last..Repeats::CLASSES).contains(&repeats.class()), "{len}");
            last = repeats.class();
        }
    }
}
