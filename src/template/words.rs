//! The words of skeletons.

use xxhash_rust::xxh3::xxh3_64;

/// The words of some skeletons: runs of what identifiers and names are made of.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Start and end of each in its skeleton.
    places: Vec<(u32, u32)>,
    /// The hash of each. Words of one hash that differ only make templates that could have been one.
    hashes: Vec<u64>,
    /// Where the words of each skeleton start, and how many they are.
    of: Vec<(usize, usize)>,
}

/// Whether a byte belongs to a word.
#[expect(clippy::indexing_slicing, reason = "a byte is an index of 256 places")]
const IS_WORD: [bool; 256] = {
    let mut is_word = [false; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        is_word[byte as usize] = byte >= 0x80
            || byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$');
        byte -= 1;
    }
    is_word
};

fn is_word(byte: u8) -> bool {
    IS_WORD.get(usize::from(byte)).copied().unwrap_or(false)
}

impl Words {
    /// Cuts the next skeleton into words; appends its signature, the skeleton with `mark` for each word, to `signature`.
    pub(crate) fn push(&mut self, skeleton: &[u8], mark: u8, signature: &mut Vec<u8>) {
        let first = self.places.len();
        let mut rest = skeleton;
        while let Some(start) = rest.iter().position(|&byte| is_word(byte)) {
            let (between, from) = rest.split_at(start);
            let len = from.iter().position(|&byte| !is_word(byte)).unwrap_or(from.len());
            let (word, after) = from.split_at(len);
            signature.extend_from_slice(between);
            signature.push(mark);
            // A skeleton is shorter than 2^32.
            let place = |rest: &[u8]| u32::try_from(skeleton.len() - rest.len()).unwrap_or(0);
            self.places.push((place(from), place(after)));
            self.hashes.push(xxh3_64(word));
            rest = after;
        }
        signature.extend_from_slice(rest);
        self.of.push((first, self.places.len() - first));
    }

    /// Number of words of all skeletons.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// From which to which number the words of a skeleton go.
    pub(crate) fn range(&self, id: u32) -> (usize, usize) {
        let (first, count) = self.of.get(id as usize).copied().unwrap_or_default();
        (first, first + count)
    }

    /// The places of the words of a skeleton.
    pub(crate) fn of_skeleton(&self, id: u32) -> &[(u32, u32)] {
        let (start, end) = self.range(id);
        self.places.get(start..end).unwrap_or_default()
    }

    /// The hashes of the words of a skeleton.
    pub(crate) fn hashes_of(&self, id: u32) -> &[u64] {
        let (start, end) = self.range(id);
        self.hashes.get(start..end).unwrap_or_default()
    }

    /// The hash of the word at a position of a skeleton.
    pub(crate) fn hash(&self, id: u32, position: usize) -> u64 {
        let (start, _) = self.range(id);
        self.hashes.get(start + position).copied().unwrap_or(0)
    }
}
