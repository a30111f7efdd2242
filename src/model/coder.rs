//! The binary arithmetic coder: one code path for both directions.
//!
//! Carryless range coding of single bits after lpaq and ZPAQ (Mahoney): an interval of 32 bits is divided in proportion
//! to a 16-bit probability; leading bytes that both ends share are shifted out.

use crate::model::hook::Note;

/// Codes bits. The model calls one function for both directions, so that they cannot part ways.
pub(crate) trait Coder {
    /// Codes a bit that is 1 with a probability of `p` / 65536, 0 < `p` < 65536. An encoder is told the bit, a decoder
    /// finds it; both return it.
    fn bit(&mut self, bit: u32, p: u32) -> u32;

    /// What has been coded costs so much, in 1/65536 bit; 0 if nobody counts.
    fn spent(&self) -> u64 {
        0
    }

    /// Whether a decoder has taken more than can be there, or a trial cost more than it may.
    fn is_exhausted(&self) -> bool {
        false
    }

    /// A bit that both sides know is passed by; it is neither written nor read.
    #[inline]
    fn told(&mut self, _bit: u32, _p: u32) {}

    /// Hears what is coded next.
    #[inline]
    fn note(&mut self, _: Note<'_>) {}
}

/// Stands for a coder where both sides know what comes, and nobody else is told.
#[derive(Debug)]
pub(crate) struct Silent;

impl Coder for Silent {
    #[inline]
    fn bit(&mut self, bit: u32, _: u32) -> u32 {
        bit
    }
}

/// Bits → bytes.
#[derive(Debug)]
pub(crate) struct Encoder {
    low: u32,
    high: u32,
    dst: Vec<u8>,
}

impl Encoder {
    /// An encoder that appends to `dst`.
    pub(crate) fn new(dst: Vec<u8>) -> Self {
        Self { low: 0, high: u32::MAX, dst }
    }

    /// Ends the code: the byte that lies inside whatever follows it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        // The first bytes of the ends differ, so that this byte and zeros behind it lie between them.
        self.dst.push(top(self.low.wrapping_add(0x00ff_ffff)));
        self.dst
    }
}

impl Coder for Encoder {
    #[inline]
    fn bit(&mut self, bit: u32, p: u32) -> u32 {
        let middle = middle(self.low, self.high, p);
        if bit == 1 {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) < 1 << 24 {
            self.dst.push(top(self.low));
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
        bit
    }
}

/// Bytes → bits.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    src: &'a [u8],
    /// Bytes taken, those behind the end of `src`, which count as zero, included.
    taken: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder of what an encoder appended.
    pub(crate) fn new(src: &'a [u8]) -> Self {
        let mut decoder = Self { low: 0, high: u32::MAX, code: 0, src, taken: 0 };
        for _ in 0..4 {
            decoder.shift();
        }
        decoder
    }

    #[inline]
    fn shift(&mut self) {
        let next = self.src.get(self.taken).copied().unwrap_or(0);
        self.code = self.code << 8 | u32::from(next);
        self.taken += 1;
    }

    /// Whether all of the code has been taken, and nothing behind it that an encoder would have written.
    pub(crate) fn is_finished(&self) -> bool {
        // An encoder writes a byte for every shift, and one more; the decoder started with four.
        self.taken == self.src.len() + 3
    }
}

impl Coder for Decoder<'_> {
    fn is_exhausted(&self) -> bool {
        self.taken > self.src.len() + 3
    }

    #[inline]
    fn bit(&mut self, _: u32, p: u32) -> u32 {
        let middle = middle(self.low, self.high, p);
        let bit = u32::from(self.code <= middle);
        if bit == 1 {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) < 1 << 24 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.shift();
        }
        bit
    }
}

/// Decodes, and adds up what it costs.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    inner: Decoder<'a>,
    /// In 1/65536 bit.
    total: u64,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(inner: Decoder<'a>) -> Self {
        Self { inner, total: 0 }
    }

    /// Whether all of the code has been taken.
    pub(crate) fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl Coder for Watched<'_> {
    fn spent(&self) -> u64 {
        self.total
    }

    fn is_exhausted(&self) -> bool {
        self.inner.is_exhausted()
    }

    fn bit(&mut self, bit: u32, p: u32) -> u32 {
        let bit = self.inner.bit(bit, p);
        self.total += u64::from(cost(if bit == 1 { p } else { 65536 - p }));
        bit
    }
}

/// Writes nothing and adds up what it would cost: for choices among ways to code.
#[derive(Debug)]
pub(crate) struct Cost {
    /// In 1/65536 bit.
    total: u64,
    max: u64,
}

impl Cost {
    /// Adds up until the cost is more than `max`.
    pub(crate) fn up_to(max: u64) -> Self {
        Self { total: 0, max }
    }

    /// The cost so far, in 1/65536 bit.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

impl Coder for Cost {
    fn is_exhausted(&self) -> bool {
        self.total > self.max
    }

    #[inline]
    fn bit(&mut self, bit: u32, p: u32) -> u32 {
        self.total += u64::from(cost(if bit == 1 { p } else { 65536 - p }));
        bit
    }
}

/// The cost of an event with a probability of `p` / 65536, in 1/65536 bit: −log2(p), with log2(1 + x) ≈ x + 0.344 x (1 − x).
fn cost(p: u32) -> u32 {
    let zeros = p.leading_zeros();
    let x = ((p << zeros) >> 15) & 0xffff;
    let bow = (((x * (65536 - x)) >> 16) * 22544) >> 16;
    ((zeros - 15) << 16) - (x + bow)
}

#[inline]
fn middle(low: u32, high: u32, p: u32) -> u32 {
    let range = high - low;
    low + (range >> 16) * p + (((range & 0xffff) * p) >> 16)
}

fn top(word: u32) -> u8 {
    let [.., top] = word.to_le_bytes();
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut seed = 1u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        let bits: Vec<(u32, u32)> = (0..100_000)
            .map(|i| {
                let p = [1, 65535, next() % 65535 + 1][i % 3];
                (u32::from(next() & 0xffff < p), p)
            })
            .collect();
        let mut encoder = Encoder::new(Vec::new());
        for &(bit, p) in &bits {
            encoder.bit(bit, p);
        }
        let code = encoder.finish();
        let mut decoder = Decoder::new(&code);
        for &(bit, p) in &bits {
            assert!(!decoder.is_exhausted());
            assert_eq!(decoder.bit(0, p), bit);
        }
        assert!(decoder.is_finished());
    }

    #[test]
    fn nothing_is_one_byte() {
        let code = Encoder::new(Vec::new()).finish();
        assert_eq!(code, [0]);
        assert!(Decoder::new(&code).is_finished());
    }
}
