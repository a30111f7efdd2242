//! Probabilities ↔ the logistic domain (`docs/MODEL-FORMAT.md`, "Numbers").
//!
//! A *stretched* probability is ln(p / (1 − p)) in units of 1/256, held to ±12.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "constant tables, whose indices are held to their range"
)]

/// The largest stretched value.
pub(crate) const STRETCH_MAX: i32 = 3071;
/// e^(−1/256) in 32 bits behind the point.
const DECAY: u64 = 4_278_222_805;

/// 65536 / (1 + e^(−i/256)), by repeated multiplication.
const SQUASH: [u16; STRETCH_MAX as usize + 1] = squash_table();
/// For the middle of each sixteen of probabilities, the least stretched value that squashes to no less.
const STRETCH: [i16; 4096] = stretch_table();

const fn squash_table() -> [u16; STRETCH_MAX as usize + 1] {
    let mut table = [0; STRETCH_MAX as usize + 1];
    let mut power = 1u64 << 32;
    let mut i = 0;
    while i < table.len() {
        table[i] = ((1u64 << 48) / ((1 << 32) + power)) as u16;
        power = (power * DECAY) >> 32;
        i += 1;
    }
    table
}

const fn stretch_table() -> [i16; 4096] {
    let mut table = [0; 4096];
    let mut x = 0;
    let mut i = 2048;
    while i < 4096 {
        while x < STRETCH_MAX && (SQUASH[x as usize] as usize) < i * 16 + 8 {
            x += 1;
        }
        table[i] = x as i16;
        table[4095 - i] = -(x as i16);
        i += 1;
    }
    table
}

/// The probability, of 65536, of a stretched value.
#[inline]
pub(crate) fn squash(x: i32) -> i32 {
    if x >= 0 {
        i32::from(SQUASH[x.min(STRETCH_MAX) as usize])
    } else {
        65536 - i32::from(SQUASH[x.saturating_neg().min(STRETCH_MAX) as usize])
    }
}

/// The stretched value of a probability of 4096.
#[inline]
pub(crate) fn stretch(p: u32) -> i32 {
    i32::from(STRETCH[(p & 4095) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        assert_eq!([0, 256, 1024, 2047].map(squash), [32768, 47910, 64357, 65513]);
        assert_eq!([-256, -9999, 9999].map(squash), [65536 - 47910, 1, 65535]);
        assert_eq!([0, 2047, 2048, 4095].map(stretch), [-2307, -1, 1, 2307]);
    }

    #[test]
    fn both_are_monotone() {
        assert!((-3100..3100).all(|x| squash(x) <= squash(x + 1)));
        assert!((0..4095).all(|p| stretch(p) <= stretch(p + 1)));
    }
}
