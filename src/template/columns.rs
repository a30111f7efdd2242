//! Which column each slot of each template goes to.
//!
//! Slots behind the same constant text, back to the start of the row, share a column; in JSON, those that the same keys
//! lead to do. Columns of such slots that follow
//! the same last word are *kin*: they may hold one sequence of values that several templates print by turns, and are
//! joined where a trial says so ([`join`](crate::template::join)).

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::line::{MARK, MARK_TIME};
use crate::template::path::Path;

/// A template with fewer rows shares its columns with other rare ones, by the look of the value.
const ROWS_RARE: u32 = 4;

/// Kinds of keys, as seeds of their hash.
const BY_PREFIX: u64 = 0;
const BY_LOOK: u64 = 1;
const BY_TIME: u64 = 2;
const BY_WORD: u64 = 3;
const BY_REST: u64 = 4;
const BY_PATH: u64 = 5;

/// Gives columns to the slots of templates, one template after the other.
#[derive(Debug, Default)]
pub(crate) struct Assigner {
    /// Looked up by key only: its order never reaches the output.
    known: HashMap<u64, u32>,
    /// The key of each column that kin share; 0 for a column without kin.
    kin: Vec<u64>,
}

impl Assigner {
    /// The key of each column that kin share; 0 for a column without kin.
    pub(crate) fn into_kin(self) -> Vec<u64> {
        self.kin
    }

    /// Appends the columns of the slots of `template`, which has `rows` rows and `values` in the first of them. Behind byte
    /// `rest` the row is text.
    pub(crate) fn assign<'a>(
        &mut self,
        template: &[u8],
        rows: u32,
        rest: Option<usize>,
        values: impl Iterator<Item = &'a [u8]>,
        dst: &mut Vec<u32>,
    ) {
        let slots = template.iter().enumerate().filter(|&(_, &b)| b == MARK || b == MARK_TIME);
        let mut times = 0u64;
        let mut done = 0;
        let mut word = BY_WORD;
        let mut path = Path::default();
        for ((at, &mark), value) in slots.zip(values) {
            let before = template.get(done..at).unwrap_or_default();
            word = last_word(before, word);
            let place = path.follow(before);
            done = at + 1;
            let (key, kin) = if mark == MARK_TIME {
                // The n-th time of a row is one column whatever stands around it: times go on from row to row.
                times += 1;
                (xxh3_64_with_seed(&times.to_le_bytes(), BY_TIME), 0)
            } else if rest == Some(at) {
                (xxh3_64_with_seed(&[], BY_REST), 0)
            } else if place.is_none() && rows < ROWS_RARE {
                (xxh3_64_with_seed(&look(value), BY_LOOK), 0)
            } else {
                // Numbers are no kin to text.
                let digits = u64::from(value.iter().all(u8::is_ascii_digit));
                let (key, kin) = if let Some(place) = place {
                    (xxh3_64_with_seed(&place.exact.to_le_bytes(), BY_PATH), place.kin)
                } else {
                    let before = template.get(..at).unwrap_or_default();
                    (xxh3_64_with_seed(before, BY_PREFIX), word)
                };
                (key, kin.wrapping_add(digits) | 1 << 63)
            };
            let next = u32::try_from(self.kin.len()).unwrap_or(u32::MAX);
            let column = *self.known.entry(key).or_insert(next);
            if column == next {
                self.kin.push(kin);
            }
            dst.push(column);
        }
    }
}

/// A key for the last word of the constant text before a slot and what follows it; `before` is the slot's before it.
fn last_word(text: &[u8], before: u64) -> u64 {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let in_word = |byte: &u8| is_word(byte) || matches!(byte, b'_' | b'-' | b'.');
    let Some(last) = text.iter().rposition(is_word) else {
        return xxh3_64_with_seed(text, before);
    };
    let ahead = text.get(..last).unwrap_or_default();
    let start = ahead.iter().rposition(|byte| !in_word(byte)).map_or(0, |start| start + 1);
    xxh3_64_with_seed(text.get(start..).unwrap_or_default(), BY_WORD)
}

/// What a value looks like: runs of digits and of letters folded, cut short.
pub(crate) fn look(value: &[u8]) -> Vec<u8> {
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

    fn slot(byte: u8) -> u8 {
        if byte == b'~' { MARK } else { byte }
    }

    #[test]
    fn keys_tell_columns_apart_whatever_else_is_there() {
        let mut assigner = Assigner::default();
        let mut columns = Vec::new();
        let values = [&b"1"[..], b"2", b"3"];
        assigner.assign(
            br#"{"a":~,"b":{"a":"~"},"c":[~]}"#.map(slot).as_slice(),
            9,
            None,
            values.into_iter(),
            &mut columns,
        );
        assigner.assign(
            br#"{"b":{"x":~,"a":"~"},"a":~}"#.map(slot).as_slice(),
            1,
            None,
            values.into_iter(),
            &mut columns,
        );
        assert_eq!(columns, [0, 1, 2, 3, 1, 0]);
    }

    #[test]
    fn header_columns_are_shared() {
        let mut assigner = Assigner::default();
        let mut columns = Vec::new();
        let values = [&b"1"[..], b"2", b"3"];
        assigner.assign(b"\x01 [\0] a \0", 9, None, values.into_iter(), &mut columns);
        assigner.assign(b"\x01 [\0] b \0", 9, None, values.into_iter(), &mut columns);
        assert_eq!(columns, [0, 1, 2, 0, 1, 3]);
    }
}
