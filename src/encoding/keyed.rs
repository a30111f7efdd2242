//! The last value for each key (`docs/FORMAT.md`, "Relations"): what encoder and decoder remember alike.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Keys below this are looked up without hashing.
const DENSE: usize = 1 << 12;
/// Keys beyond this many are not remembered.
const KEYS_MAX: usize = 1 << 16;

/// Remembers one value for each key, for the first 65,536 keys.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<T> {
    /// The values of some keys that follow each other: small ones, unless it is known which ones there are.
    dense: Vec<Option<T>>,
    /// The least of them, and how many there are.
    first: i64,
    dense_max: usize,
    dense_keys: usize,
    /// Looked up by key only: its order shows nowhere.
    sparse: HashMap<i64, T, Seed>,
}

/// Hashes keys with one multiplication. The seed is random, so that keys which collide cannot be made beforehand: the
/// order of keys shows nowhere.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0u8))
    }
}

impl BuildHasher for Seed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_i64(byte.into());
        }
    }

    fn write_i64(&mut self, key: i64) {
        let product = u128::from(key.cast_unsigned() ^ self.0) * 0x9e37_79b9_7f4a_7c15;
        let [low, high] = [product, product >> 64].map(|part| part & u128::from(u64::MAX));
        self.0 = u64::try_from(low ^ high).unwrap_or(0);
    }
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self::from_key(0, DENSE)
    }
}

impl<T> Keyed<T> {
    fn from_key(first: i64, dense_max: usize) -> Self {
        Self { dense: Vec::new(), first, dense_max, dense_keys: 0, sparse: HashMap::default() }
    }

    /// For keys from `least` to `greatest` only, all of which are remembered; `None` if they may be too many for that.
    pub(crate) fn within(least: i64, greatest: i64) -> Option<Self> {
        let more = usize::try_from(greatest.checked_sub(least)?).ok()?;
        (more < KEYS_MAX).then(|| Self::from_key(least, more + 1))
    }

    /// Where a key is among those that follow each other.
    fn place(&self, key: i64) -> Option<usize> {
        let at = usize::try_from(key.wrapping_sub(self.first).cast_unsigned()).ok()?;
        (at < self.dense_max).then_some(at)
    }
}

impl<T: Copy + Default> Keyed<T> {
    /// The value of a key, if it is remembered.
    pub(crate) fn get(&self, key: i64) -> Option<T> {
        match self.place(key) {
            Some(at) => self.dense.get(at).copied().flatten(),
            None => self.sparse.get(&key).copied(),
        }
    }

    /// The place of a key's value, the default at first; `None` if too many keys are remembered already.
    pub(crate) fn entry(&mut self, key: i64) -> Option<&mut T> {
        let full = self.dense_keys + self.sparse.len() >= KEYS_MAX;
        match self.place(key) {
            Some(at) => {
                if at >= self.dense.len() {
                    self.dense.resize(at + 1, None);
                }
                let value = self.dense.get_mut(at)?;
                if value.is_none() && !full {
                    *value = Some(T::default());
                    self.dense_keys += 1;
                }
                value.as_mut()
            }
            None if full => self.sparse.get_mut(&key),
            None => Some(self.sparse.entry(key).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_small_and_large_keys() {
        let mut keyed = Keyed::default();
        for key in [0, 4095, 4096, -1, i64::MIN, i64::MAX] {
            assert_eq!(keyed.get(key), None);
            *keyed.entry(key).unwrap() = key;
            assert_eq!(keyed.get(key), Some(key));
        }
        assert_eq!(keyed.get(1), None);
    }

    #[test]
    fn keys_that_are_known_to_be_few_are_all_remembered() {
        let few = |least: i64, most| Keyed::<i64>::within(least, most);
        assert!(few(0, 1 << 16).is_none() && few(i64::MIN, i64::MAX).is_none());
        let mut keyed = few(-5, 65_530).unwrap();
        for key in -5..=65_530 {
            assert_eq!(keyed.get(key), None);
            *keyed.entry(key).unwrap() = key;
        }
        assert!((-5..=65_530).all(|key| keyed.get(key) == Some(key)));
        assert!(keyed.entry(65_531).is_none() && keyed.entry(-6).is_none());
    }

    #[test]
    fn forgets_nothing_and_takes_no_more_when_full() {
        let mut keyed = Keyed::default();
        for key in 0..1 << 16 {
            *keyed.entry(key * 3).unwrap() = key;
        }
        assert!(keyed.entry(1).is_none() && keyed.entry(-1).is_none());
        assert_eq!(keyed.get(3 * 65_535), Some(65_535));
        assert_eq!(keyed.entry(6).copied(), Some(2));
    }
}
