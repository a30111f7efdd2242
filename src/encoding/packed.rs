//! Text of few symbols ↔ as few bits for each (`docs/FORMAT.md`, "Packed"): what ids at random are, in hexadecimal or base 64.
//! A codec cannot find these bits by itself: it mistakes chance for repetition, and pays for it.

use crate::column::ByteSet;

/// Symbols that an alphabet has at most.
pub(crate) const SYMBOLS_MAX: usize = 64;

/// The symbols of a packed text, in ascending order: at least two, at most 64, no newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alphabet {
    symbols: Vec<u8>,
    bits: u32,
}

impl Alphabet {
    /// The symbols of a text; `None` if there are too few or too many.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        let set = ByteSet::of(text);
        Self::from_symbols(&(0..=u8::MAX).filter(|&byte| set.holds(byte)).collect::<Vec<_>>())
    }

    /// An alphabet as it is written; `None` if it is none.
    pub(crate) fn from_symbols(symbols: &[u8]) -> Option<Self> {
        let ascends = symbols.is_sorted_by(|a, b| a < b) && !symbols.contains(&b'\n');
        let known = ascends && (2..=SYMBOLS_MAX).contains(&symbols.len());
        let bits = u8::try_from(symbols.len()).ok()?.checked_sub(1)?.checked_ilog2()? + 1;
        known.then(|| Self { symbols: symbols.to_vec(), bits })
    }

    pub(crate) fn symbols(&self) -> &[u8] {
        &self.symbols
    }

    /// Bytes of a packed text of so many symbols; `None` if that is no length.
    pub(crate) fn packed_len(&self, symbols: usize) -> Option<usize> {
        Some(symbols.checked_mul(self.bits as usize)?.div_ceil(8))
    }

    /// Packs a text of this alphabet.
    pub(crate) fn pack(&self, text: &[u8]) -> Vec<u8> {
        let mut ranks = [0u8; 256];
        for (&symbol, rank) in self.symbols.iter().zip(0..) {
            if let Some(place) = ranks.get_mut(usize::from(symbol)) {
                *place = rank;
            }
        }
        let mut packed = Vec::with_capacity(self.packed_len(text.len()).unwrap_or(0));
        let (mut buffer, mut filled) = (0u32, 0);
        for &byte in text {
            let rank = ranks.get(usize::from(byte)).copied().unwrap_or(0);
            buffer |= u32::from(rank) << filled;
            filled += self.bits;
            if filled >= 8 {
                packed.push(buffer.to_le_bytes()[0]);
                buffer >>= 8;
                filled -= 8;
            }
        }
        if filled > 0 {
            packed.push(buffer.to_le_bytes()[0]);
        }
        packed
    }
}

/// Unpacks a text, part by part.
#[derive(Clone, Debug)]
pub(crate) struct Unpacker<'a> {
    alphabet: &'a Alphabet,
    packed: std::slice::Iter<'a, u8>,
    buffer: u32,
    filled: u32,
}

impl<'a> Unpacker<'a> {
    pub(crate) fn new(alphabet: &'a Alphabet, packed: &'a [u8]) -> Self {
        Self { alphabet, packed: packed.iter(), buffer: 0, filled: 0 }
    }

    /// Starts at a symbol.
    pub(crate) fn at(alphabet: &'a Alphabet, packed: &'a [u8], symbol: usize) -> Self {
        let bit = symbol.saturating_mul(alphabet.bits as usize);
        let mut unpacker = Self::new(alphabet, packed.get(bit / 8..).unwrap_or_default());
        if !bit.is_multiple_of(8) {
            let byte = unpacker.packed.next().copied().unwrap_or(0);
            unpacker.buffer = u32::from(byte) >> (bit % 8);
            unpacker.filled = 8 - u32::try_from(bit % 8).unwrap_or(0);
        }
        unpacker
    }

    /// Appends the next `count` symbols; `None` if they are not there, or not of the alphabet.
    pub(crate) fn next(&mut self, count: usize, dst: &mut Vec<u8>) -> Option<()> {
        let (symbols, bits) = (self.alphabet.symbols.as_slice(), self.alphabet.bits);
        for _ in 0..count {
            if self.filled < bits {
                self.buffer |= u32::from(*self.packed.next()?) << self.filled;
                self.filled += 8;
            }
            let rank = self.buffer & ((1 << bits) - 1);
            dst.push(*symbols.get(rank as usize)?);
            self.buffer >>= bits;
            self.filled -= bits;
        }
        Some(())
    }

    /// Whether nothing is left but unused bits, which are 0.
    pub(crate) fn is_done(&self) -> bool {
        self.packed.as_slice().is_empty() && self.buffer == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hexadecimal_digits_take_half_a_byte() {
        let text = b"0123456789abcdef";
        let alphabet = Alphabet::of(text).unwrap();
        assert_eq!(alphabet.pack(text), [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
        assert_eq!(alphabet.packed_len(5), Some(3));
    }

    #[test]
    fn an_alphabet_ascends_and_has_two_to_64_symbols() {
        let symbols: Vec<u8> = (100..=164).collect();
        assert!(Alphabet::from_symbols(&symbols[..64]).is_some());
        assert!(Alphabet::from_symbols(b"ab").is_some());
        let refused: [&[u8]; 6] = [b"", b"a", b"ba", b"aa", b"\na", &symbols];
        for symbols in refused {
            assert!(Alphabet::from_symbols(symbols).is_none());
        }
        assert!(Alphabet::of(b"aaaa").is_none());
    }

    #[test]
    fn what_is_no_symbol_or_is_not_there_is_refused() {
        let alphabet = Alphabet::from_symbols(b"abc").unwrap();
        let mut dst = Vec::new();
        assert!(Unpacker::new(&alphabet, &[0b11]).next(1, &mut dst).is_none());
        assert!(Unpacker::new(&alphabet, &[0b10]).next(5, &mut dst).is_none());
        let mut rest = Unpacker::new(&alphabet, &[0b0001_0010]);
        assert!(rest.next(2, &mut dst).is_some());
        assert!(!rest.is_done());
    }

    proptest! {
        #[test]
        fn any_text_of_few_symbols_comes_back(
            symbols in proptest::collection::btree_set(11u8.., 2..=SYMBOLS_MAX),
            picks in proptest::collection::vec(any::<usize>(), 0..300),
            cut in any::<prop::sample::Index>(),
        ) {
            let symbols: Vec<u8> = symbols.into_iter().collect();
            let alphabet = Alphabet::from_symbols(&symbols).unwrap();
            let text: Vec<u8> = picks.iter().map(|pick| symbols[pick % symbols.len()]).collect();
            let packed = alphabet.pack(&text);
            prop_assert_eq!(alphabet.packed_len(text.len()), Some(packed.len()));
            let (mut back, mut unpacker) = (Vec::new(), Unpacker::new(&alphabet, &packed));
            let first = cut.index(text.len() + 1);
            prop_assert!(unpacker.next(first, &mut back).is_some());
            prop_assert!(unpacker.next(text.len() - first, &mut back).is_some());
            prop_assert!(unpacker.is_done());
            prop_assert_eq!(back, text);
        }
    }
}
