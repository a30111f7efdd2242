//! The words of skeletons.

use crate::column::Interner;

/// The words of all skeletons: runs of what identifiers and names are made of.
pub(crate) struct Words {
    /// Start and end of each in its skeleton.
    pub(crate) places: Vec<(u32, u32)>,
    /// The number of each among the distinct words.
    numbers: Vec<u32>,
    /// Where the words of each skeleton start, and where the last end.
    first: Vec<usize>,
    /// How many distinct words there are.
    pub(crate) distinct: usize,
}

/// Whether a byte belongs to a word.
fn is_word(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$')
}

impl Words {
    /// Cuts `skeletons` into words.
    pub(crate) fn of(skeletons: &Interner) -> Self {
        let mut known = Interner::default();
        let (mut places, mut numbers, mut first) = (Vec::new(), Vec::new(), vec![0]);
        for skeleton in skeletons.strings().iter() {
            let mut start = None;
            for (byte, at) in skeleton.iter().copied().chain([b' ']).zip(0u32..) {
                match (start, is_word(byte)) {
                    (None, true) => start = Some(at),
                    (Some(from), false) => {
                        let word = skeleton.get(from as usize..at as usize).unwrap_or_default();
                        places.push((from, at));
                        numbers.push(known.intern(word).0);
                        start = None;
                    }
                    _ => {}
                }
            }
            first.push(places.len());
        }
        Self { places, numbers, first, distinct: known.len() }
    }

    /// From which to which number the words of a skeleton go.
    pub(crate) fn range(&self, id: u32) -> (usize, usize) {
        let id = id as usize;
        let start = self.first.get(id).copied().unwrap_or(0);
        (start, self.first.get(id + 1).copied().unwrap_or(start))
    }

    /// The places of the words of a skeleton.
    pub(crate) fn of_skeleton(&self, id: u32) -> &[(u32, u32)] {
        let (start, end) = self.range(id);
        self.places.get(start..end).unwrap_or_default()
    }

    /// The number of the word at a position of a skeleton.
    pub(crate) fn number(&self, id: u32, position: usize) -> u32 {
        let (start, _) = self.range(id);
        self.numbers.get(start + position).copied().unwrap_or(0)
    }
}
