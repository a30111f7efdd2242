//! Planes of integers ↔ bytes (`docs/MODEL-FORMAT.md`, "Planes"): a codec that is told where each column's bytes lie.
//!
//! A codec for bytes sees one plane after another. What it does not see is that a byte stands beside the higher byte of its
//! own value, and in the row of a byte of the column before. Here these are contexts, a few for each byte, so that a section
//! is decoded at some megabytes a second.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "hot loop; every index is held to its table, or was checked against the section's length"
)]

mod layout;
mod repeats;

use crate::codec::reserve;
use crate::error::{Error, Result, Section};
use crate::model::coder::{Coder, Decoder, Encoder};
use crate::model::logistic::squash;
use crate::model::memory::{join, spread};
use crate::model::mixer::{Adaptive, Lane, Mixer};
use crate::model::planes::layout::Layout;
use crate::model::planes::repeats::Repeats;

/// Contexts of a byte.
const CONTEXTS: usize = 5;
/// What the weight of an input starts from, and how fast it learns.
const WEIGHT: i16 = 4000;
const WEIGHT_SURE: i16 = 8000;
const RATE: i32 = 31;
/// The input that is always there.
const BIAS: i16 = 64;
/// There are 2^this buckets for contexts: two to four for each byte, within bounds.
const BUCKETS_PER_BYTE_LOG: u32 = 1;
const BUCKETS_LOG: std::ops::RangeInclusive<u32> = 8..=16;
/// A repetition of at least so many bytes is asked for as a whole byte.
const SURE: usize = 32;
/// The binary logarithm of the number of places for what bytes a repetition went on with.
const SURE_LOG: u32 = 14;
/// Streams of a section whose numbers of values differ by no more than this have the same rows.
const ROWS_APART: usize = 2;

/// The streams of a section, one after the other: what `block` knows and a codec does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// Number of values.
    pub(crate) values: usize,
    /// Bytes of each, from 1 to 8.
    pub(crate) width: usize,
    /// Whether the lowest bytes of all come first; else values follow each other, lowest bytes first.
    pub(crate) planes: bool,
}

impl Stream {
    fn len(self) -> Option<usize> {
        self.values.checked_mul(self.width)
    }
}

/// Bytes of `src`, which consists of these streams, none of them empty.
pub(crate) fn encode(streams: &[Stream], src: &[u8]) -> Vec<u8> {
    let mut coder = Encoder::new(Vec::new());
    let mut bytes = src.to_vec();
    let coded = Planes::new(src.len()).section(&mut coder, streams, &mut bytes);
    debug_assert!(coded.is_some(), "streams fill their section");
    coder.finish()
}

/// What was encoded to `src`, which is `len` bytes. The caller has checked `len` against its limits.
pub(crate) fn decode(src: &[u8], len: usize) -> Result<Vec<u8>> {
    let bad = || {
        Error::corrupt(Section::Columns, 0, "a section of planes is whole, and its streams fill it")
    };
    let mut bytes = reserve(len)?;
    bytes.resize(len, 0);
    let mut coder = Decoder::new(src);
    let coded = Planes::new(len).section(&mut coder, &[], &mut bytes);
    if coded.is_some() && coder.is_finished() { Ok(bytes) } else { Err(bad()) }
}

/// What is known of the nodes of four bits in a context.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([Adaptive; 16]);

/// A plane of a stream: where its bytes lie, and those that tell of them.
#[derive(Clone, Copy, Debug)]
struct Plane {
    /// The hash of its stream and its number.
    name: u32,
    /// Its number, from 0 for the lowest.
    number: usize,
    /// Where its first byte lies, and how far apart they are.
    start: usize,
    step: usize,
    /// Where the plane above starts.
    above: Option<usize>,
    beside: Option<Beside>,
}

/// The lowest plane of an earlier stream that has the same rows.
#[derive(Clone, Copy, Debug)]
struct Beside {
    start: usize,
    step: usize,
    /// The last row.
    last: usize,
    /// How many rows more it has than the stream it tells of, plus [`ROWS_APART`]: what has fewer starts later.
    shift: usize,
}

impl Beside {
    /// The row's byte, plus one.
    fn of(self, row: usize, bytes: &[u8]) -> u32 {
        let row = (row + self.shift).saturating_sub(ROWS_APART).min(self.last);
        u32::from(bytes[self.start + row * self.step]) + 1
    }
}

#[derive(Debug)]
struct Planes {
    buckets: Vec<Bucket>,
    shift: u32,
    mixer: Mixer,
    /// Of repetitions: how often they were right, bit by bit and byte by byte, by their lengths, and by what they say.
    repeats: Repeats,
    right: [Adaptive; Repeats::CLASSES],
    sure: [Adaptive; Repeats::CLASSES],
    said: Vec<Adaptive>,
    sure_mixer: Mixer,
    layout: Layout,
}

impl Planes {
    fn new(len: usize) -> Self {
        let even = Adaptive::new(1 << 15);
        let bits = (usize::BITS - len.leading_zeros() + BUCKETS_PER_BYTE_LOG)
            .clamp(*BUCKETS_LOG.start(), *BUCKETS_LOG.end());
        Self {
            buckets: vec![Bucket([even; 16]); 1 << bits],
            shift: 32 - bits,
            mixer: Mixer::new(CONTEXTS + 2, 8 * 16, WEIGHT),
            repeats: Repeats::new(len),
            right: [even; Repeats::CLASSES],
            sure: [even; Repeats::CLASSES],
            said: vec![even; 1 << SURE_LOG],
            sure_mixer: Mixer::new(3, Repeats::CLASSES, WEIGHT_SURE),
            layout: Layout::default(),
        }
    }

    /// Codes a section; nothing if its streams do not fill it, or the code ends early.
    fn section<C: Coder>(
        &mut self,
        coder: &mut C,
        known: &[Stream],
        bytes: &mut [u8],
    ) -> Option<()> {
        let mut done: Vec<(usize, Stream)> = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let stream = self.layout.stream(coder, known.get(done.len()).copied())?;
            let end = stream
                .len()?
                .checked_add(start)
                .filter(|&end| start < end && end <= bytes.len())?;
            let apart = |other: &Stream| other.values.abs_diff(stream.values);
            let beside = done.iter().rev().find(|(_, other)| apart(other) <= ROWS_APART);
            for number in (0..stream.width).rev() {
                let plane = Plane::of(stream, number, start, done.len(), beside);
                self.plane(coder, plane, stream.values, bytes)?;
            }
            done.push((start, stream));
            start = end;
        }
        Some(())
    }

    fn plane<C: Coder>(
        &mut self,
        coder: &mut C,
        plane: Plane,
        rows: usize,
        bytes: &mut [u8],
    ) -> Option<()> {
        let Plane { name, number, .. } = plane;
        let of_top = 9 + u32::from(plane.above.is_none());
        let (mut last, mut before) = (0, 0);
        for row in 0..rows {
            let at = plane.start + row * plane.step;
            let above =
                plane.above.map_or(0, |start| u32::from(bytes[start + row * plane.step]) + 1);
            let beside = plane.beside.map_or(0, |beside| beside.of(row, bytes));
            let known = u32::from(bytes[at]);
            let byte = if let Some(byte) = self.repeated(coder, known, name, above) {
                byte
            } else {
                let contexts = [
                    join(join(name, above), 1),
                    join(join(name, last), 2),
                    join(join(number as u32, last | before << 8), 3),
                    join(join(of_top, above), 4),
                    join(join(name, above | beside << 9), 5),
                ];
                self.byte(coder, known, &contexts, number)
            };
            bytes[at] = byte as u8;
            self.repeats.push(byte as u8);
            (before, last) = (last, byte);
            if coder.is_exhausted() {
                return None;
            }
        }
        Some(())
    }

    /// A byte that a long repetition tells, if it is right.
    fn repeated<C: Coder>(
        &mut self,
        coder: &mut C,
        byte: u32,
        name: u32,
        above: u32,
    ) -> Option<u32> {
        let told = self.repeats.told().filter(|_| self.repeats.len() >= SURE)?;
        let class = self.repeats.class();
        let hash = join(name, told.into());
        let places =
            [hash, join(hash, above + 7)].map(|hash| (spread(hash) >> (32 - SURE_LOG)) as usize);
        let mut inputs: [Lane; 1] = [[0; 8]];
        inputs[0][0] = self.sure[class].stretched() as i16;
        inputs[0][1] = self.said[places[0]].stretched() as i16;
        inputs[0][2] = self.said[places[1]].stretched() as i16;
        let p = squash(self.sure_mixer.mix(class, &inputs)).clamp(1, 65535);
        let right = coder.bit(u32::from(byte == u32::from(told)), p.unsigned_abs());
        self.sure_mixer.update(&inputs, right, RATE);
        self.sure[class].update(right);
        for place in places {
            self.said[place].update(right);
        }
        if right == 0 {
            self.repeats.refute();
        }
        (right == 1).then_some(told.into())
    }

    /// A byte, bit by bit from the highest.
    fn byte<C: Coder>(
        &mut self,
        coder: &mut C,
        byte: u32,
        contexts: &[u32; CONTEXTS],
        plane: usize,
    ) -> u32 {
        let class = self.repeats.class();
        let told = self.repeats.told().map_or(0, |told| u32::from(told) | 256);
        let trust = self.repeats.trust();
        let mut code = 1u32;
        for half in [0u32, 1] {
            let salt: u32 = (code * half).wrapping_mul(0x6f4f_2e35);
            let mut places = [0usize; CONTEXTS];
            for n in 0..CONTEXTS {
                places[n] = (spread(contexts[n].wrapping_add(salt)) >> self.shift) as usize;
            }
            let mut node = 1usize;
            for step in 0..4 {
                let bit = 7 - half * 4 - step;
                let mut inputs: [Lane; 1] = [[0; 8]];
                for n in 0..CONTEXTS {
                    inputs[0][n] = self.buckets[places[n]].0[node & 15].stretched() as i16;
                }
                let live = told >> (bit + 1) == code;
                let says = told >> bit & 1;
                if live {
                    let input = self.right[class].stretched() as i16;
                    inputs[0][CONTEXTS] = if says == 1 { input } else { -input };
                }
                inputs[0][CONTEXTS + 1] = BIAS;
                let set = bit as usize * 16 + if live { trust * 4 } else { 0 } + plane.min(3);
                let p = squash(self.mixer.mix(set, &inputs)).clamp(1, 65535);
                let coded = coder.bit(byte >> bit & 1, p.unsigned_abs());
                self.mixer.update(&inputs, coded, RATE);
                for place in places {
                    self.buckets[place].0[node & 15].update(coded);
                }
                if live {
                    self.right[class].update(u32::from(says == coded));
                }
                node = node * 2 + coded as usize;
                code = code * 2 + coded;
            }
        }
        code & 255
    }
}

impl Plane {
    fn of(
        stream: Stream,
        number: usize,
        start: usize,
        streams: usize,
        beside: Option<&(usize, Stream)>,
    ) -> Self {
        let (step, apart) = stream.steps();
        let start = start + number * apart;
        let beside = beside.map(|&(start, other)| Beside {
            start,
            step: other.steps().0,
            last: other.values - 1,
            shift: other.values + ROWS_APART - stream.values,
        });
        Self {
            name: join(streams as u32 + 1, number as u32),
            number,
            start,
            step,
            above: (number + 1 < stream.width).then_some(start + apart),
            beside,
        }
    }
}

impl Stream {
    /// How far apart are the bytes of a plane, and the planes.
    fn steps(self) -> (usize, usize) {
        if self.planes { (1, self.values) } else { (self.width, 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without any order.
    fn noise(seed: &mut u32) -> u32 {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *seed >> 8
    }

    /// Streams of all widths, of few values and of many, that repeat each other and that do not.
    fn section(seed: u32) -> (Vec<Stream>, Vec<u8>) {
        let mut seed = seed;
        let (mut streams, mut bytes) = (Vec::new(), Vec::new());
        for number in 0..=noise(&mut seed) as usize % 9 {
            let values = 1 + noise(&mut seed) as usize % if number % 3 == 0 { 700 } else { 40 };
            let width = 1 + noise(&mut seed) as usize % 8;
            let planes = width == 1 || noise(&mut seed).is_multiple_of(2);
            let kinds = [1, 2, 256][noise(&mut seed) as usize % 3];
            streams.push(Stream { values, width, planes });
            let len = values * width;
            if bytes.len() > len && noise(&mut seed).is_multiple_of(4) {
                bytes.extend_from_within(..len);
            } else {
                bytes.extend((0..len).map(|_| (noise(&mut seed) % kinds) as u8));
            }
        }
        (streams, bytes)
    }

    #[test]
    fn what_goes_in_comes_out() {
        for seed in 0..150 {
            let (streams, bytes) = section(seed);
            let code = encode(&streams, &bytes);
            assert_eq!(decode(&code, bytes.len()).unwrap(), bytes, "{seed}");
        }
        assert_eq!(decode(&encode(&[], &[]), 0).unwrap(), []);
    }

    #[test]
    fn a_column_that_another_tells_costs_little() {
        let mut seed = 1;
        let key: Vec<u8> = (0..4000).map(|_| (noise(&mut seed) % 30) as u8).collect();
        let named = key.iter().map(|&key| key.wrapping_mul(77) ^ 0x5a);
        let both: Vec<u8> = key.iter().copied().chain(named).collect();
        let one = Stream { values: 4000, width: 1, planes: true };
        let (alone, with) = (encode(&[one], &key).len(), encode(&[one, one], &both).len());
        assert!(with < alone + alone / 8, "{alone} {with}");
    }

    #[test]
    fn a_wrong_length_and_every_prefix_are_errors() {
        let (streams, bytes) = section(7);
        let code = encode(&streams, &bytes);
        for len in [0, 1, bytes.len() - 1, bytes.len() + 1, bytes.len() * 2] {
            assert!(decode(&code, len).is_err(), "{len}");
        }
        for cut in 0..code.len() {
            assert!(decode(&code[..cut], bytes.len()).is_err(), "{cut}");
        }
        let longer = [&code[..], &[0]].concat();
        assert!(decode(&longer, bytes.len()).is_err());
    }

    #[test]
    fn hostile_code_is_an_error_or_other_bytes() {
        let (streams, bytes) = section(3);
        let code = encode(&streams, &bytes);
        for at in 0..code.len().min(300) {
            for change in [1, 0x40, 0xff] {
                let mut bad = code.clone();
                bad[at] ^= change;
                if let Ok(back) = decode(&bad, bytes.len()) {
                    assert_eq!(back.len(), bytes.len());
                }
            }
        }
        let mut seed = 5;
        for len in 0..500 {
            let noise: Vec<u8> = (0..len).map(|_| noise(&mut seed) as u8).collect();
            if let Ok(back) = decode(&noise, len * 3) {
                assert_eq!(back.len(), len * 3);
            }
        }
    }
}
