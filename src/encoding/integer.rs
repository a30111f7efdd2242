//! Integers ↔ byte planes (`docs/FORMAT.md`, "Integers").
//!
//! Values are transformed, the least is subtracted, and what is left is written at the width of the largest, either value
//! by value or plane by plane: all lowest bytes first, then the next.

use crate::error::Result;
use crate::wire::{Cursor, varint};

/// Values from which bits are estimated, and a transform guessed.
pub(crate) const SAMPLE: usize = 2000;
const SAMPLE_GUESS: usize = 512;
/// A transform that seems to leave so many times the bits that another one does is not tried.
const HOPELESS: u64 = 2;

/// What is done to values before they are written. All arithmetic wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transform {
    /// Nothing.
    #[default]
    Plain,
    /// Each is the difference to the one before it.
    Delta,
    /// Each is the difference of differences.
    DeltaDelta,
}

const WIDTH: u8 = 0x0f;
const PLANES: u8 = 0x40;
const RELATED: u8 = 0x80;

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

    /// Values that are parameters: there is nothing before them to take a difference to.
    fn heads(self) -> usize {
        self.tag().into()
    }
}

/// One way to write integers: what `encode` is told and `decode` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) transform: Transform,
    pub(crate) planes: bool,
}

impl Choice {
    /// All ways, the plainest first.
    #[cfg(test)]
    fn all() -> impl Iterator<Item = Self> {
        let both = |transform| [true, false].map(|planes| Self { transform, planes });
        Transform::ALL.into_iter().flat_map(both)
    }

    /// The transforms that may be the best for `values`: none that seems to leave many times as many bits as another. And a guess
    /// at the best way.
    pub(crate) fn worth_trying(values: &[i64]) -> (Vec<Transform>, Self) {
        let sample = values.get(..values.len().min(SAMPLE)).unwrap_or_default();
        let mut costs = Vec::new();
        each_cost(sample, |transform, cost| costs.push((transform, cost)));
        let best = costs.iter().min_by_key(|&&(_, cost)| cost).copied();
        let (transform, least) = best.unwrap_or((Transform::Plain, 0));
        costs.retain(|&(_, cost)| cost <= least * HOPELESS);
        let transforms = costs.into_iter().map(|(transform, _)| transform).collect();
        (transforms, Self { transform, planes: true })
    }

    /// A guess at the best way, from the entropy of the first values and of their differences.
    pub(crate) fn guess(values: &[i64]) -> Self {
        let sample = values.get(..values.len().min(SAMPLE_GUESS)).unwrap_or_default();
        Self { transform: cheapest_of(sample).1, planes: true }
    }
}

/// About the bits that the best transform leaves of the first values, and which it is.
pub(crate) fn cheapest(values: &[i64]) -> (u64, Transform) {
    cheapest_of(values.get(..values.len().min(SAMPLE)).unwrap_or_default())
}

fn cheapest_of(sample: &[i64]) -> (u64, Transform) {
    let mut best = (u64::MAX, Transform::Plain);
    each_cost(sample, |transform, cost| {
        if cost < best.0 {
            best = (cost, transform);
        }
    });
    best
}

/// Calls `found` with each transform and about the bits that it leaves; not with differences of differences where differences
/// leave more than there was: they leave more still.
fn each_cost(sample: &[i64], mut found: impl FnMut(Transform, u64)) {
    let mut current = sample.to_vec();
    let mut sorted = Vec::new();
    let mut before = u64::MAX;
    for transform in Transform::ALL {
        if transform != Transform::Plain {
            delta(&mut current);
        }
        let rest = current.get(transform.heads()..).unwrap_or_default();
        let own = cost(rest, &mut sorted);
        found(transform, own);
        if own > before {
            return;
        }
        before = own;
    }
}

/// Bits that the values take: their own, or those of their number among the distinct ones.
fn cost(values: &[i64], sorted: &mut Vec<i64>) -> u64 {
    sorted.clear();
    sorted.extend_from_slice(values);
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

/// What each value but the first is more than the one before it.
fn differences(values: &[i64]) -> Vec<i64> {
    let after = values.get(1..).unwrap_or_default();
    values.iter().zip(after).map(|(before, value)| value.wrapping_sub(*before)).collect()
}

/// Writes `values`: the parameters to `meta`, the planes to `dst`. `reference` names what they are relative to.
/// Returns the bytes of each.
pub(crate) fn encode(
    values: &[i64],
    choice: Choice,
    reference: Option<u64>,
    meta: &mut Vec<u8>,
    dst: &mut Vec<u8>,
) -> usize {
    let transformed = Transformed::of(values, choice.transform);
    transformed.encode(choice.planes, reference, meta, dst);
    transformed.width.into()
}

/// Values behind a transform, ready to be written.
#[derive(Debug)]
pub(crate) struct Transformed {
    transform: Transform,
    heads: [i64; 2],
    rest: Vec<i64>,
    least: i64,
    /// Bytes of the widest.
    width: u8,
}

impl Transformed {
    pub(crate) fn of(values: &[i64], transform: Transform) -> Self {
        // What has no value before it is no difference: it becomes a parameter, and cannot widen the others.
        let first = |values: &[i64]| values.first().copied().unwrap_or(0);
        let (heads, rest) = match transform {
            Transform::Plain => ([0; 2], values.to_vec()),
            Transform::Delta => ([first(values), 0], differences(values)),
            Transform::DeltaDelta => {
                let steps = differences(values);
                ([first(values), first(&steps)], differences(&steps))
            }
        };
        let least = rest.iter().copied().min().unwrap_or(0);
        let widest =
            rest.iter().map(|value| value.wrapping_sub(least).cast_unsigned()).max().unwrap_or(0);
        let width = u8::try_from((71 - widest.leading_zeros()) / 8).unwrap_or(8).min(8);
        Self { transform, heads, rest, least, width }
    }

    /// The ways to write them that differ.
    pub(crate) fn choices(&self) -> impl Iterator<Item = Choice> {
        let transform = self.transform;
        let orders = if self.width > 1 { 2 } else { 1 };
        [true, false].into_iter().take(orders).map(move |planes| Choice { transform, planes })
    }

    /// Writes the parameters to `meta` and the values to `dst`.
    pub(crate) fn encode(
        &self,
        planes: bool,
        reference: Option<u64>,
        meta: &mut Vec<u8>,
        dst: &mut Vec<u8>,
    ) {
        let Self { transform, heads, ref rest, least, width } = *self;
        meta.push(
            width
                | transform.tag() << 4
                | if planes && width > 0 { PLANES } else { 0 }
                | if reference.is_some() { RELATED } else { 0 },
        );
        if let Some(reference) = reference {
            varint::put(meta, reference);
        }
        for &value in heads.iter().take(transform.heads()).chain([&least]) {
            varint::put(meta, varint::zigzag(value));
        }
        dst.reserve(rest.len() * usize::from(width));
        if planes || width == 1 {
            let low = |number: i64| number.to_le_bytes()[0];
            for plane in 0..width {
                dst.extend(rest.iter().map(|value| low(value.wrapping_sub(least) >> (8 * plane))));
            }
        } else {
            for value in rest {
                let bytes = value.wrapping_sub(least).to_le_bytes();
                dst.extend_from_slice(bytes.get(..width.into()).unwrap_or_default());
            }
        }
    }
}

/// The parameters that `encode` wrote.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header {
    transform: Transform,
    planes: bool,
    width: u8,
    heads: [i64; 2],
    least: i64,
    /// What the values are relative to.
    pub(crate) reference: Option<u64>,
}

impl Header {
    /// Reads the parameters.
    pub(crate) fn take(meta: &mut Cursor<'_>) -> Result<Self> {
        let tag = meta.u8()?;
        let transform = Transform::from_tag(tag >> 4 & 3)
            .ok_or_else(|| meta.corrupt("an integer transform is known"))?;
        let width = tag & WIDTH;
        if width > 8 {
            return Err(meta.corrupt("integers have at most 8 bytes"));
        }
        let reference = if tag & RELATED == 0 { None } else { Some(meta.varint()?) };
        let mut heads = [0; 2];
        for head in heads.iter_mut().take(transform.heads()) {
            *head = varint::unzigzag(meta.varint()?);
        }
        let least = varint::unzigzag(meta.varint()?);
        Ok(Self { transform, planes: tag & PLANES != 0, width, heads, least, reference })
    }

    /// Whether a stream follows.
    pub(crate) fn has_stream(&self) -> bool {
        self.width > 0
    }

    /// The least and the greatest value, if none is a difference.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        let bits = 8 * u32::from(self.width);
        let width = 1i64.checked_shl(bits).filter(|_| bits < 63)?;
        let is_plain = self.transform == Transform::Plain;
        Some((self.least, self.least.checked_add(width - 1).filter(|_| is_plain)?))
    }

    /// Bytes that follow for `count` values.
    pub(crate) fn encoded_len(&self, count: usize) -> usize {
        count.saturating_sub(self.transform.heads()).saturating_mul(self.width.into())
    }
}

/// Gives integers one after the other. `src` has [`encoded_len`](Header::encoded_len) bytes for as many as are taken.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    header: Header,
    src: &'a [u8],
    /// Bytes from one plane to the next, and from one value to the next.
    plane: usize,
    stride: usize,
    at: usize,
    /// Parameters that have not been given yet.
    heads: usize,
    value: i64,
    step: i64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(header: Header, src: &'a [u8]) -> Self {
        let width = usize::from(header.width);
        let (plane, stride) =
            if header.planes { (src.len() / width.max(1), 1) } else { (1, width) };
        let heads = header.transform.heads();
        Self { header, src, plane, stride, at: 0, heads, value: 0, step: 0 }
    }

    /// The next value; what it is relative to is not yet added.
    pub(crate) fn next(&mut self) -> i64 {
        match self.header.transform {
            Transform::Plain => self.stored(),
            Transform::Delta => {
                let step = if self.heads > 0 { self.head() } else { self.stored() };
                self.value = self.value.wrapping_add(step);
                self.value
            }
            Transform::DeltaDelta => {
                match self.heads {
                    2 => {
                        self.value = self.head();
                        return self.value;
                    }
                    1 => self.step = self.head(),
                    _ => self.step = self.step.wrapping_add(self.stored()),
                }
                self.value = self.value.wrapping_add(self.step);
                self.value
            }
        }
    }

    /// Gives the values with the numbers `wanted`, which ascend. None has been taken before.
    pub(crate) fn pick(&mut self, wanted: &[u32], mut each: impl FnMut(i64)) {
        if self.header.transform == Transform::Plain {
            for &at in wanted {
                self.at = self.stride * at as usize;
                each(self.stored());
            }
            return;
        }
        let mut taken = 0;
        for &at in wanted {
            for _ in taken..at {
                self.next();
            }
            each(self.next());
            taken = at + 1;
        }
    }

    /// All `count` values, of which none has been taken before.
    pub(crate) fn all(mut self, count: usize) -> Vec<i64> {
        let heads = self.header.transform.heads().min(count);
        let mut values: Vec<i64> = (0..heads).map(|_| self.next()).collect();
        values.resize(count, 0);
        let (_, rest) = values.split_at_mut(heads);
        let width = usize::from(self.header.width);
        for plane in 0..width {
            let bytes = self.src.get(plane * self.plane..).unwrap_or_default();
            for (value, byte) in rest.iter_mut().zip(bytes.iter().step_by(self.stride)) {
                *value |= i64::from(*byte) << (8 * plane);
            }
        }
        for value in rest.iter_mut() {
            *value = value.wrapping_add(self.header.least);
        }
        if self.header.transform != Transform::Plain {
            for value in rest {
                self.step = match self.header.transform {
                    Transform::DeltaDelta => self.step.wrapping_add(*value),
                    _ => *value,
                };
                self.value = self.value.wrapping_add(self.step);
                *value = self.value;
            }
        }
        values
    }

    /// The same as numbers of things: `u32::MAX` for each that is none.
    pub(crate) fn indices(mut self, count: usize) -> Vec<u32> {
        let index = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let least = self.header.least;
        let low = |byte: &u8| index(i64::from(*byte).wrapping_add(least));
        let is_plain = self.header.transform == Transform::Plain;
        let mut indices = Vec::with_capacity(count);
        match self.header.width {
            1 if is_plain => indices.extend(self.src.iter().take(count).map(low)),
            2 if is_plain && self.header.planes => {
                let (lows, highs) = self.src.split_at(self.plane);
                let both = |(low, high): (&u8, &u8)| i64::from(u16::from_le_bytes([*low, *high]));
                let pairs = lows.iter().zip(highs).take(count);
                indices.extend(pairs.map(|pair| index(both(pair).wrapping_add(least))));
            }
            _ => indices.extend((0..count).map(|_| index(self.next()))),
        }
        // A short stream reads as zeros.
        indices.resize(count, index(least));
        indices
    }

    fn head(&mut self) -> i64 {
        self.heads -= 1;
        let [first, second] = self.header.heads;
        let is_first = self.heads + 1 == self.header.transform.heads();
        if is_first { first } else { second }
    }

    fn stored(&mut self) -> i64 {
        let at = self.at;
        self.at += self.stride;
        let byte = |at: usize| u64::from(self.src.get(at).copied().unwrap_or(0));
        let raw = match self.header.width {
            0 => 0,
            1 => byte(at),
            2 => byte(at) | byte(at + self.plane) << 8,
            width => (0..width.into())
                .fold(0, |raw, plane| raw | byte(at + plane * self.plane) << (8 * plane)),
        };
        raw.cast_signed().wrapping_add(self.header.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Section;

    #[test]
    fn every_choice_round_trips() {
        let columns: [Vec<i64>; 9] = [
            vec![],
            vec![7],
            vec![7, -7],
            vec![i64::MIN, i64::MAX, 0, -1],
            (0..1000).map(|i| i * 1_000_003).collect(),
            (0..1000).map(|i| i * 7919 % 1013).collect(),
            vec![5; 300],
            (0..500).map(|i| (i * i * 7919) % 1013 - 500).collect(),
            (0..500).map(|i| (i * i * 7919) % 90_000_013).collect(),
        ];
        for values in columns {
            for choice in Choice::all() {
                for reference in [None, Some(300)] {
                    let (mut meta, mut dst) = (Vec::new(), Vec::new());
                    encode(&values, choice, reference, &mut meta, &mut dst);
                    let mut cur = Cursor::new(&meta, Section::Columns, 0);
                    let header = Header::take(&mut cur).unwrap();
                    assert!(cur.is_empty());
                    assert_eq!(header.reference, reference);
                    assert_eq!(header.encoded_len(values.len()), dst.len());
                    assert_eq!(header.has_stream(), header.width > 0);
                    let mut reader = Reader::new(header, &dst);
                    let back: Vec<i64> = values.iter().map(|_| reader.next()).collect();
                    assert_eq!(back, values, "{choice:?}");
                    let index = |&value| u32::try_from(value).unwrap_or(u32::MAX);
                    let indices: Vec<u32> = values.iter().map(index).collect();
                    assert_eq!(Reader::new(header, &dst).indices(values.len()), indices);
                }
            }
        }
    }

    #[test]
    fn a_short_stream_gives_other_numbers_and_no_panic() {
        let header = Header {
            transform: Transform::DeltaDelta,
            planes: true,
            width: 7,
            heads: [i64::MAX, i64::MAX],
            least: i64::MAX,
            reference: None,
        };
        let mut reader = Reader::new(header, &[255; 9]);
        assert_eq!((0..50).map(|_| reader.next()).count(), 50);
    }

    #[test]
    fn a_counter_is_guessed_to_be_one() {
        let counter: Vec<i64> = (0..1000).map(|i| 5_000_000 + i).collect();
        assert_ne!(Choice::guess(&counter).transform, Transform::Plain);
    }
}
