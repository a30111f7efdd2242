//! Integers ↔ byte planes (`docs/FORMAT.md`, "Integers").
//!
//! Values are transformed, the least is subtracted, and what is left is written at the width of the largest, either value
//! by value or plane by plane: all lowest bytes first, then the next.

use crate::error::Result;
use crate::wire::{Cursor, varint};

/// What is done to values before they are written. All arithmetic wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Transform {
    /// Nothing.
    #[default]
    Plain,
    /// Each is the difference to the one before it; the one before the first is 0.
    Delta,
    /// Each is the difference of differences.
    DeltaDelta,
}

const PLANES: u8 = 0x10;

impl Transform {
    const ALL: [Self; 3] = [Self::Plain, Self::Delta, Self::DeltaDelta];

    fn tag(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Delta => 1,
            Self::DeltaDelta => 2,
        }
    }

    fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|transform| transform.tag() == tag)
    }

    fn rounds(self) -> u8 {
        self.tag()
    }
}

/// One way to write integers: what `encode` is told and `decode` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    transform: Transform,
    planes: bool,
}

impl Choice {
    /// The ways worth a trial, the plainest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let both = |transform| [true, false].map(|planes| Self { transform, planes });
        Transform::ALL.into_iter().flat_map(both)
    }

    /// A guess at the best way, from the entropy of the first values and of their differences.
    pub(crate) fn guess(values: &[i64]) -> Self {
        const SAMPLE: usize = 2000;
        let sample = values.get(..values.len().min(SAMPLE)).unwrap_or_default();
        let mut best = (u64::MAX, Transform::Plain);
        let mut current = sample.to_vec();
        for transform in Transform::ALL {
            if transform != Transform::Plain {
                delta(&mut current);
            }
            let cost = cost(&current);
            if cost < best.0 {
                best = (cost, transform);
            }
        }
        Self { transform: best.1, planes: true }
    }
}

/// Bits that the values take: their own, or those of their number among the distinct ones.
fn cost(values: &[i64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let least = sorted.first().copied().unwrap_or(0);
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.map(|run| {
        // A value that comes often costs its frequency, one that comes once its magnitude.
        let magnitude =
            u64::from(64 - least.abs_diff(run.first().copied().unwrap_or(0)).leading_zeros());
        let often = u64::from((values.len() / run.len()).max(1).ilog2());
        run.len() as u64 * often.min(magnitude) + magnitude
    })
    .sum()
}

fn delta(values: &mut [i64]) {
    let mut before = 0i64;
    for value in values {
        (before, *value) = (*value, value.wrapping_sub(before));
    }
}

fn undo_delta(values: &mut [i64]) {
    let mut before = 0i64;
    for value in values {
        before = value.wrapping_add(before);
        *value = before;
    }
}

/// Writes `values`: the parameters to `meta`, the planes to `dst`.
pub(crate) fn encode(values: &[i64], choice: Choice, meta: &mut Vec<u8>, dst: &mut Vec<u8>) {
    let mut values = values.to_vec();
    for _ in 0..choice.transform.rounds() {
        delta(&mut values);
    }
    let (first, rest) =
        values.split_first_mut().map_or((0, &mut [][..]), |(first, rest)| (*first, rest));
    // The first difference is the value itself: left out of the range, it cannot widen the others.
    let least = rest.iter().copied().min().unwrap_or(0);
    let widest =
        rest.iter().map(|value| value.wrapping_sub(least).cast_unsigned()).max().unwrap_or(0);
    let width = (71 - widest.leading_zeros()) / 8;
    let width = u8::try_from(width.min(8)).unwrap_or(8);
    meta.push(choice.transform.tag() | if choice.planes { PLANES } else { 0 });
    meta.push(width);
    varint::put(meta, varint::zigzag(first));
    varint::put(meta, varint::zigzag(least));
    let bytes = |value: &i64| value.wrapping_sub(least).to_le_bytes();
    dst.reserve(rest.len() * usize::from(width));
    if choice.planes {
        for plane in 0..usize::from(width) {
            dst.extend(rest.iter().map(|value| bytes(value).get(plane).copied().unwrap_or(0)));
        }
    } else {
        for value in rest.iter() {
            dst.extend(bytes(value).into_iter().take(width.into()));
        }
    }
}

/// The parameters that `encode` wrote.
#[derive(Debug, Default)]
pub(crate) struct Header {
    transform: Transform,
    planes: bool,
    width: u8,
    first: i64,
    least: i64,
}

impl Header {
    /// Reads the parameters.
    pub(crate) fn take(meta: &mut Cursor<'_>) -> Result<Self> {
        let tag = meta.u8()?;
        let transform = Transform::from_tag(tag & !PLANES)
            .ok_or_else(|| meta.corrupt("an integer transform is known"))?;
        let width = meta.u8()?;
        if width > 8 {
            return Err(meta.corrupt("integers have at most 8 bytes"));
        }
        let first = varint::unzigzag(meta.varint()?);
        let least = varint::unzigzag(meta.varint()?);
        Ok(Self { transform, planes: tag & PLANES != 0, width, first, least })
    }

    /// Bytes that follow for `count` values.
    pub(crate) fn encoded_len(&self, count: usize) -> usize {
        count.saturating_sub(1).saturating_mul(self.width.into())
    }

    /// Reads `count` values; `src` has `encoded_len` bytes.
    pub(crate) fn decode(&self, src: &[u8], count: usize) -> Vec<i64> {
        if count == 0 {
            return Vec::new();
        }
        let rest = count - 1;
        let mut values = vec![0u64; count];
        if self.planes {
            for (plane, shift) in src.chunks_exact(rest.max(1)).zip((0u32..64).step_by(8)) {
                for (value, &byte) in values.iter_mut().skip(1).zip(plane) {
                    *value |= u64::from(byte) << shift;
                }
            }
        } else if self.width > 0 {
            for (value, bytes) in values.iter_mut().skip(1).zip(src.chunks_exact(self.width.into()))
            {
                for (&byte, shift) in bytes.iter().zip((0u32..64).step_by(8)) {
                    *value |= u64::from(byte) << shift;
                }
            }
        }
        let mut values: Vec<i64> =
            values.into_iter().map(|value| value.cast_signed().wrapping_add(self.least)).collect();
        if let Some(first) = values.first_mut() {
            *first = self.first;
        }
        for _ in 0..self.transform.rounds() {
            undo_delta(&mut values);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Section;

    #[test]
    fn every_choice_round_trips() {
        let columns: [Vec<i64>; 6] = [
            vec![],
            vec![7],
            vec![i64::MIN, i64::MAX, 0, -1],
            (0..1000).map(|i| i * 1_000_003).collect(),
            vec![5; 300],
            (0..500).map(|i| (i * i * 7919) % 1013 - 500).collect(),
        ];
        for values in columns {
            for choice in Choice::all() {
                let (mut meta, mut dst) = (Vec::new(), Vec::new());
                encode(&values, choice, &mut meta, &mut dst);
                let mut cur = Cursor::new(&meta, Section::Columns, 0);
                let header = Header::take(&mut cur).unwrap();
                assert!(cur.is_empty());
                assert_eq!(header.encoded_len(values.len()), dst.len());
                assert_eq!(header.decode(&dst, values.len()), values, "{choice:?}");
            }
        }
    }

    #[test]
    fn a_counter_is_guessed_to_be_one() {
        let counter: Vec<i64> = (0..1000).map(|i| 5_000_000 + i).collect();
        assert_ne!(Choice::guess(&counter).transform, Transform::Plain);
    }
}
