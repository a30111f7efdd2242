//! Which column each slot of each template goes to.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::line::{MARK, MARK_TIME};

/// A template with fewer lines shares its columns with other rare ones, by the look of the value.
const ROWS_RARE: u32 = 4;

/// Kinds of keys, as seeds of their hash.
const BY_PREFIX: u64 = 0;
const BY_LOOK: u64 = 1;
const BY_TIME: u64 = 2;

/// Gives columns to the slots of templates, one template after the other.
#[derive(Debug, Default)]
pub(crate) struct Assigner {
    /// Looked up by key only: its order never reaches the output.
    known: HashMap<u64, u32>,
}

impl Assigner {
    /// Number of columns so far.
    pub(crate) fn columns(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }

    /// Appends the columns of the slots of `template`, which has `rows` lines and `values` in the first of them.
    pub(crate) fn assign<'a>(
        &mut self,
        template: &[u8],
        rows: u32,
        values: impl Iterator<Item = &'a [u8]>,
        dst: &mut Vec<u32>,
    ) {
        let slots = template.iter().enumerate().filter(|&(_, &b)| b == MARK || b == MARK_TIME);
        let mut times = 0u64;
        for ((at, &mark), value) in slots.zip(values) {
            let key = if mark == MARK_TIME {
                // The n-th time of a line is one column whatever stands around it: times go on from line to line.
                times += 1;
                xxh3_64_with_seed(&times.to_le_bytes(), BY_TIME)
            } else if rows < ROWS_RARE {
                xxh3_64_with_seed(&look(value), BY_LOOK)
            } else {
                xxh3_64_with_seed(template.get(..at).unwrap_or_default(), BY_PREFIX)
            };
            let next = self.columns();
            dst.push(*self.known.entry(key).or_insert(next));
        }
    }
}

/// What a value looks like: runs of digits and of letters folded, cut short.
fn look(value: &[u8]) -> Vec<u8> {
    let mut look = Vec::new();
    for &byte in value.iter().take(24) {
        let class = match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => b'a',
            other => other,
        };
        if look.last() != Some(&class) {
            look.push(class);
        }
    }
    look.truncate(6);
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_columns_are_shared() {
        let mut assigner = Assigner::default();
        let mut columns = Vec::new();
        let values = [&b"1"[..], b"2", b"3"];
        assigner.assign(b"\x01 [\0] a \0", 9, values.into_iter(), &mut columns);
        assigner.assign(b"\x01 [\0] b \0", 9, values.into_iter(), &mut columns);
        assert_eq!(columns, [0, 1, 2, 0, 1, 3]);
    }
}
