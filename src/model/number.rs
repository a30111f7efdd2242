//! Integers (`docs/MODEL-FORMAT.md`, "Integers"): as differences to what is expected, by sign, length in bits, and bits
//! from the top.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low bits of a value are meant, for its hash"
)]

use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::memory::join;
use crate::model::predictor::Pick;
use crate::model::rows::{Context, Known};

/// Contexts of a part of an integer.
pub(crate) const NUMBER_CONTEXTS: usize = 14;
/// Weight sets: by part.
pub(crate) const NUMBER_SETS: usize = 8;
/// Classes below this are coded at once.
const ESCAPE: u32 = 15;
/// Difference of zero, and a sign for each length.
const CLASS_MAX: u32 = 128;

/// What an integer is coded as the difference to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Zero.
    Zero,
    /// The value before.
    Last,
    /// The value before in a row of the same template.
    LastOfSlot,
}

impl Base {
    pub(crate) fn tag(self) -> u32 {
        match self {
            Self::Zero => 0,
            Self::Last => 1,
            Self::LastOfSlot => 2,
        }
    }

    pub(crate) fn from_tag(tag: u32) -> Option<Self> {
        match tag {
            0 => Some(Self::Zero),
            1 => Some(Self::Last),
            2 => Some(Self::LastOfSlot),
            _ => None,
        }
    }
}

/// What came before an integer.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    value: i64,
    differences: [i64; 3],
    classes: u32,
}

impl Before {
    fn push(&mut self, value: i64, difference: i64, class: u32) {
        self.value = value;
        self.differences.rotate_right(1);
        self.differences[0] = difference;
        self.classes = self.classes << 8 | class;
    }
}

/// Slots that are told apart in a column.
const SLOTS: usize = 64;

impl Model {
    /// Codes `values` integers; `known` has them when encoding.
    pub(crate) fn numbers<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&[i64]>,
        (column, keyword): (u32, u32),
        base: Base,
        context: &Context,
        values: usize,
    ) -> (Vec<i64>, Vec<u8>) {
        let mut decoded = Vec::with_capacity(values);
        let mut surprises = Vec::with_capacity(values);
        let mut before = Before::default();
        let mut slots = [Before::default(); SLOTS];
        for at in 0..values {
            let value = known.and_then(|known| known.get(at)).copied().unwrap_or(0);
            let around = context.at(at);
            let slot = slots.get_mut(around.slot as usize % SLOTS);
            let own = slot.as_ref().map_or_else(Before::default, |slot| **slot);
            let expected = match base {
                Base::Zero => 0,
                Base::Last => before.value,
                Base::LastOfSlot => own.value,
            };
            let hashes = number_contexts((column, keyword), &before, &own, &around);
            let pick = Pick { set: 0, column };
            let difference = value.wrapping_sub(expected);
            let (difference, class) = self.difference(coder, difference, &hashes, pick);
            let value = expected.wrapping_add(difference);
            surprises.push(
                u8::from(difference != before.differences[0])
                    + u8::from(class != before.classes & 255),
            );
            before.push(value, difference, class);
            if let Some(slot) = slot {
                slot.push(value, difference, class);
            }
            decoded.push(value);
        }
        (decoded, surprises)
    }

    /// Codes one difference; returns it and its class.
    fn difference<C: Coder>(
        &mut self,
        coder: &mut C,
        difference: i64,
        hashes: &[u32; NUMBER_CONTEXTS],
        pick: Pick,
    ) -> (i64, u32) {
        let magnitude = difference.unsigned_abs();
        let length = 64 - magnitude.leading_zeros();
        let class = if length == 0 { 0 } else { 2 * length - 1 + u32::from(difference < 0) };
        let mut part = |set: u32, prefix: u32, bits: u32, part: u32| {
            let hashes = hashes.map(|hash| join(hash, prefix));
            let pick = Pick { set: set as usize, ..pick };
            self.number.symbol(&mut self.memory, coder, &hashes, pick, bits, part)
        };
        let mut coded = part(0, 0, 4, class.min(ESCAPE));
        if coded == ESCAPE {
            let high = part(1, 1, 4, class >> 4);
            coded = (high << 4 | part(2, 2 + high, 4, class & 15)).clamp(1, CLASS_MAX);
        }
        if coded == 0 {
            return (0, 0);
        }
        let length = coded.div_ceil(2);
        let mut left = length - 1;
        let mut decoded = 1u64;
        while left > 0 {
            let bits = left.min(4);
            left -= bits;
            let nibble = u32::try_from(magnitude >> left & ((1 << bits) - 1)).unwrap_or(0);
            let set = (3 + (length - 1 - left) / 4).min(7);
            // What has been coded so far, folded to 32 bits.
            let prefix = join(coded, (decoded ^ decoded >> 32) as u32 ^ 0x4000);
            decoded = decoded << bits | u64::from(part(set, prefix, bits, nibble));
        }
        let negative = coded % 2 == 0;
        let difference = decoded.cast_signed();
        (if negative { difference.wrapping_neg() } else { difference }, coded)
    }

    /// Codes a small number that belongs to no column.
    pub(crate) fn plain<C: Coder>(&mut self, coder: &mut C, value: u64, what: u32) -> u64 {
        let base = join(what, 0x706c_6169);
        let mut hashes = [base; NUMBER_CONTEXTS];
        for (hash, number) in hashes.iter_mut().zip(0..) {
            *hash = join(*hash, number);
        }
        let pick = Pick { set: 0, column: u32::MAX };
        self.difference(coder, value.cast_signed(), &hashes, pick).0.cast_unsigned()
    }
}

fn number_contexts(
    (column, keyword): (u32, u32),
    before: &Before,
    own: &Before,
    around: &Known,
) -> [u32; NUMBER_CONTEXTS] {
    let base = join(column, 0x6e75_6d62);
    let with = |number: u32, part: u32| join(join(base, number), part);
    let fold = |value: i64| (value ^ value >> 32) as u32;
    let [p0, p1, p2] = around.parents;
    let [d1, d2, d3] = before.differences.map(fold);
    [
        with(1, before.classes & 0xffff),
        with(2, around.slot),
        join(with(3, p0), around.slot),
        base,
        with(4, d1),
        join(with(5, d1), d2),
        with(6, before.classes & 0xff),
        join(with(7, around.slot), own.classes & 0xff),
        join(with(8, p0), p1),
        join(join(0x6b65_7977, keyword), before.classes & 0xff),
        with(9, fold(before.value)),
        join(with(10, around.around), around.slot),
        join(with(11, p2), p1),
        join(with(12, fold(own.value)), join(around.surprise, d3)),
    ]
}
