//! Sets of bytes.

/// Some of the 256 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// All bytes but the newline, which no value holds.
    pub(crate) fn any() -> Self {
        let mut set = Self([u64::MAX; 4]);
        if let Some(word) = set.0.first_mut() {
            *word &= !(1 << b'\n');
        }
        set
    }

    /// The bytes of a text.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut set = Self::default();
        set.add(bytes);
        set
    }

    /// Adds the bytes of a text.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
    }

    /// Adds another set.
    pub(crate) fn join(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    /// Whether a byte is in the set.
    pub(crate) fn holds(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_added() {
        let mut set = ByteSet::of(b"a\xff");
        set.join(ByteSet::of(b"0"));
        for byte in 0..=255 {
            assert_eq!(set.holds(byte), [b'a', 0xff, b'0'].contains(&byte));
            assert_eq!(ByteSet::any().holds(byte), byte != b'\n');
        }
    }
}
