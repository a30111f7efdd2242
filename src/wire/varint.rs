//! LEB128 varints, canonical (no over-long form), up to 64 bits, and zigzag.

/// The most bytes a varint takes.
pub(crate) const LEN_MAX: usize = 10;

/// Appends `value`.
pub(crate) fn put(dst: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        dst.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    dst.push(low_byte(value));
}

/// Takes a varint from the front of `src`. `None` if it is cut short, over-long, or overflows a `u64`.
pub(crate) fn take(src: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for i in 0..LEN_MAX {
        let (&byte, rest) = src.split_first()?;
        *src = rest;
        if i == LEN_MAX - 1 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return if byte == 0 && i > 0 { None } else { Some(value) };
        }
    }
    None
}

/// Maps small magnitudes of either sign to small numbers.
pub(crate) fn zigzag(value: i64) -> u64 {
    value.cast_unsigned().wrapping_shl(1) ^ (value >> 63).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[expect(clippy::cast_possible_truncation, reason = "the low byte is meant")]
fn low_byte(value: u64) -> u8 {
    value as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_at_every_length() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut dst = Vec::new();
                put(&mut dst, value);
                let mut src = &dst[..];
                assert_eq!(take(&mut src), Some(value));
                assert!(src.is_empty());
            }
        }
    }

    #[test]
    fn rejects_what_is_not_canonical() {
        assert_eq!(take(&mut &[0x80, 0x00][..]), None, "over-long zero");
        assert_eq!(take(&mut &[0x80][..]), None, "cut short");
        assert_eq!(take(&mut &[0xff; 10][..]), None, "overflows");
    }

    #[test]
    fn every_short_form_is_canonical_or_refused() {
        let mut accepted = 0;
        for code in 0..1u32 << 24 {
            let bytes = code.to_le_bytes();
            let mut src = &bytes[..3];
            let Some(value) = take(&mut src) else { continue };
            let used = 3 - src.len();
            let mut again = Vec::new();
            put(&mut again, value);
            assert_eq!(&again[..], &bytes[..used], "{bytes:02x?}");
            accepted += 1;
        }
        // All of one and of two bytes with anything behind them, and those of three.
        assert_eq!(accepted, (128 << 16) + ((127 * 128) << 8) + 127 * 128 * 128);
    }

    #[test]
    fn zigzag_is_a_bijection_at_the_edges() {
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
