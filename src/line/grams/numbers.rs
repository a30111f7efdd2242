//! Grams of words with digits, in which each digit counts: five letters and digits that follow each other, a digit among them.
//!
//! They are looked for in eight bytes at a time, most of which a few operations on all eight pass over.

/// Bytes of such a gram.
pub(super) const BYTES: usize = 5;
/// The same, in a word of eight.
const MASK: u64 = (1 << (8 * BYTES)) - 1;
/// Each byte's highest bit, and all but that.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = !HIGH;

/// One byte, eight times.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Of eight bytes, the highest bit of each that is a digit.
fn digits(bytes: u64) -> u64 {
    let from_zero = bytes ^ each(b'0');
    // Digits are 0 to 9 now; with this added, they are below 80 hexadecimal still.
    !(((from_zero & LOW) + each(0x80 - 10)) | from_zero) & HIGH
}

/// The same of ASCII letters.
fn letters(bytes: u64) -> u64 {
    // Letters of any case are 1 to 26 now.
    let from_a = ((bytes | each(0x20)) ^ each(0x60)) & LOW;
    (from_a + each(0x7f)) & !(from_a + each(0x80 - 27)) & !bytes & HIGH
}

/// Calls `found` for the grams that start in the first four of eight bytes, small letters in place of capitals.
pub(super) fn in_word(bytes: u64, mut found: impl FnMut(u64)) {
    let digits = digits(bytes);
    if digits == 0 {
        return;
    }
    let letters = letters(bytes);
    let (word, near) = (digits | letters, digits | digits >> 8);
    let words = word & word >> 8 & word >> 16 & word >> 24 & word >> 32;
    let with_digit = near | near >> 16 | digits >> 32;
    let mut starts = words & with_digit & (HIGH & MASK >> 8);
    let folded = bytes | letters >> 2;
    while starts != 0 {
        let at = starts.trailing_zeros() - 7;
        found(folded >> at & MASK);
        starts &= starts - 1;
    }
}

/// The gram that some bytes are, if they are one.
pub(super) fn of(bytes: &[u8]) -> Option<u64> {
    let gram: [u8; BYTES] = bytes.try_into().ok()?;
    let is_word = gram.iter().all(u8::is_ascii_alphanumeric);
    let with_digit = gram.iter().any(u8::is_ascii_digit);
    let fold = |folded, byte: &u8| folded << 8 | u64::from(byte.to_ascii_lowercase());
    (is_word && with_digit).then(|| gram.iter().rev().fold(0, fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        for byte in 0..=255u8 {
            let mut bytes = [0xff; 8];
            bytes[3] = byte;
            bytes[6] = byte;
            let (word, both) = (u64::from_le_bytes(bytes), 0x80 << 24 | 0x80 << 48);
            let is = |is: bool| if is { both } else { 0 };
            assert_eq!(digits(word), is(byte.is_ascii_digit()), "{byte}");
            assert_eq!(letters(word), is(byte.is_ascii_alphabetic()), "{byte}");
        }
    }

    #[test]
    fn grams_of_eight_bytes_are_those_of_their_parts() {
        let mut state = 5u64;
        let mut some = 0;
        let mut pick = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"0919afzAFZ.\n\x80g5"[usize::try_from(state >> 33).unwrap() % 15]
        };
        for _ in 0..20_000 {
            let bytes: [u8; 8] = std::array::from_fn(|_| pick());
            let mut found = Vec::new();
            in_word(u64::from_le_bytes(bytes), |gram| found.push(gram));
            let expected: Vec<u64> = bytes.windows(BYTES).filter_map(of).collect();
            assert_eq!(found, expected, "{}", bytes.escape_ascii());
            some += found.len();
        }
        assert!(some > 2000, "{some}");
    }
}
