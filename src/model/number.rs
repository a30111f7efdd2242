//! Integers (`docs/MODEL-FORMAT.md`, "Integers"): as differences to what is expected, by sign, length in bits, and bits
//! from the top.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low bits of a value are meant, for its hash"
)]

use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::expert::{OPINIONS, Opinion, Place};
use crate::model::given::Told;
use crate::model::hook::Note;
use crate::model::memory::{Memory, join};
use crate::model::predictor::{Pick, Predictor};
use crate::model::rows::{Context, Known, PARENTS};
use crate::model::unit::Unit;

/// Contexts of a part of an integer.
pub(crate) const NUMBER_CONTEXTS: usize = 25;
/// Tells the contexts of integers of columns from others.
const BASE: u32 = 0x6e75_6d62;
/// Contexts of a number outside columns.
pub(crate) const PLAIN_CONTEXTS: usize = 4;
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
    /// Another value of the row.
    Parent(usize),
    /// The value before, and what another value of the row has grown by since.
    AsParent(usize),
    /// Another value of the row in other units and from another origin.
    Converted(usize),
}

impl Base {
    /// All of them, in the order of their tags.
    pub(crate) const ALL: [Self; 15] = [
        Self::Zero,
        Self::Last,
        Self::LastOfSlot,
        Self::Parent(0),
        Self::Parent(1),
        Self::Parent(2),
        Self::AsParent(0),
        Self::AsParent(1),
        Self::AsParent(2),
        Self::Parent(3),
        Self::AsParent(3),
        Self::Converted(0),
        Self::Converted(1),
        Self::Converted(2),
        Self::Converted(3),
    ];

    pub(crate) fn tag(self) -> u64 {
        Self::ALL
            .iter()
            .zip(0..)
            .find_map(|(&base, tag)| (base == self).then_some(tag))
            .unwrap_or(0)
    }

    pub(crate) fn from_tag(tag: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(tag).ok()?).copied()
    }

    /// What is expected of a value.
    pub(crate) fn expected(self, before: &Before, own: &Before, around: &Known) -> i64 {
        let parent = |numbers: &[i64; PARENTS], n: usize| numbers.get(n).copied().unwrap_or(0);
        match self {
            Self::Zero => 0,
            Self::Last => before.value,
            Self::LastOfSlot => own.value,
            Self::Parent(n) => parent(&around.numbers, n),
            Self::AsParent(n) => before
                .value
                .wrapping_add(parent(&around.numbers, n))
                .wrapping_sub(parent(&before.parents, n)),
            Self::Converted(n) => before.unit.converted(parent(&around.numbers, n)),
        }
    }
}

/// What came before an integer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) value: i64,
    pub(crate) parents: [i64; PARENTS],
    differences: [i64; 3],
    classes: u32,
    /// What the value was more than the one before it.
    pub(crate) stride: i64,
    /// How the number of the parent that the base names converts to values.
    unit: Unit,
}

impl Before {
    /// A value has become known that is told by `base`; to be called before [`push`](Self::push).
    pub(crate) fn learn(&mut self, base: Base, value: i64, around: &Known) {
        if let Base::Converted(n) = base
            && let (Some(&number), Some(&then)) = (around.numbers.get(n), self.parents.get(n))
        {
            let growth = (number.wrapping_sub(then), value.wrapping_sub(self.value));
            self.unit.learn(number, value, growth);
        }
    }

    pub(crate) fn push(&mut self, value: i64, difference: i64, class: u32, around: &Known) {
        self.stride = value.wrapping_sub(self.value);
        self.value = value;
        self.parents = around.numbers;
        self.differences.rotate_right(1);
        self.differences[0] = difference;
        self.classes = self.classes << 8 | class;
    }
}

/// Slots that are told apart in a column.
pub(crate) const SLOTS: usize = 64;

impl Model {
    /// Codes `values` integers; `known` has them when encoding, else those that are given.
    pub(crate) fn numbers<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&[i64]>,
        (column, keyword): (u32, u32),
        (base, second): (Base, i64),
        context: &Context,
        values: usize,
    ) -> (Vec<i64>, Vec<u8>) {
        let mut decoded = Vec::with_capacity(values);
        let mut surprises = Vec::with_capacity(values);
        let mut before = Before::default();
        let mut places = vec![Place::default(); SLOTS];
        let given = context.given();
        for at in 0..values {
            if coder.is_exhausted() {
                break;
            }
            let value = known.and_then(|known| known.get(at)).copied().unwrap_or(0);
            let around = context.at(at);
            coder.note(Note::Value(&around, &self.pool));
            let Some(place) = places.get_mut(around.slot as usize % SLOTS) else { continue };
            let own = place.before;
            let expected = base.expected(&before, &own, &around);
            let experts = place.experts(&before, &around);
            let (opinions, who) = place.opinions(&experts, expected, join(column, BASE));
            let hashes = number_contexts((column, keyword), second, &before, &own, &around);
            let asked = Asked { hashes: &hashes, opinions: &opinions, who };
            let pick = Pick { column, ..Pick::default() };
            let difference = value.wrapping_sub(expected);
            let (number, memory) = (&mut self.number, &mut self.memory);
            let (difference, class) = if at < given {
                coded(number, memory, &mut Told(coder), difference, &asked, pick)
            } else {
                coded(number, memory, coder, difference, &asked, pick)
            };
            let value = expected.wrapping_add(difference);
            surprises.push(
                u8::from(difference != before.differences[0])
                    + u8::from(class != before.classes & 255),
            );
            coder.note(Note::Number(value));
            place.learn(&experts, value, &around);
            before.learn(base, value, &around);
            before.push(value, difference, class, &around);
            place.before.push(value, difference, class, &around);
            decoded.push(value);
        }
        (decoded, surprises)
    }

    /// Codes a small number that belongs to no column, in contexts of its own.
    pub(crate) fn plain<C: Coder>(
        &mut self,
        coder: &mut C,
        value: u64,
        what: u32,
        contexts: [u32; 3],
    ) -> u64 {
        let base = join(what, 0x706c_6169);
        let [a, b, c] = contexts;
        let hashes = [base, join(base, a), join(join(base, 1), b), join(join(base, 2), c)];
        let pick = Pick { column: u32::MAX, ..Pick::default() };
        let value = value.cast_signed();
        let asked = Asked { hashes: &hashes, opinions: &[], who: 0 };
        coded(&mut self.meta, &mut self.memory, coder, value, &asked, pick).0.cast_unsigned()
    }
}

/// What an integer is coded in: the hashes of contexts, those of opinions, and of who has these.
struct Asked<'a> {
    hashes: &'a [u32],
    opinions: &'a [Opinion],
    who: u32,
}

impl Asked<'_> {
    /// The contexts of a part of the integer: `set` tells which, `prefix` what has been coded of it, and `said` what those with an
    /// opinion say it is, or [`SILENT`].
    fn contexts(&self, set: u32, prefix: u32, said: [u32; OPINIONS]) -> [u32; NUMBER_CONTEXTS] {
        let mut with = [0; NUMBER_CONTEXTS];
        let own = if self.opinions.is_empty() {
            0
        } else {
            for ((with, opinion), said) in with.iter_mut().zip(self.opinions).zip(said) {
                *with = join(opinion.hash, said << 4 | set);
            }
            with[OPINIONS] = join(self.who, (said[0] << 5 | said[1]) << 4 | set);
            OPINIONS + 1
        };
        for (with, &hash) in with.iter_mut().skip(own).zip(self.hashes) {
            *with = join(hash, prefix);
        }
        with
    }

    /// What each opinion says, where there is one.
    fn said(&self, of: impl Fn(&Opinion) -> u32) -> [u32; OPINIONS] {
        std::array::from_fn(|n| self.opinions.get(n).map_or(SILENT, &of))
    }
}

/// Stands for what an opinion says of a part if it was wrong before.
const SILENT: u32 = 16;

/// The class of a difference: 0 for 0, else 2 × length in bits − 1, plus 1 if it is negative.
pub(crate) fn class_of(difference: i64) -> u32 {
    let length = 64 - difference.unsigned_abs().leading_zeros();
    if length == 0 { 0 } else { 2 * length - 1 + u32::from(difference < 0) }
}

/// Codes one difference; returns it and its class.
fn coded<C: Coder>(
    predictor: &mut Predictor,
    memory: &mut Memory,
    coder: &mut C,
    difference: i64,
    asked: &Asked<'_>,
    pick: Pick,
) -> (i64, u32) {
    let magnitude = difference.unsigned_abs();
    let class = class_of(difference);
    let mut part = |set: u32, prefix: u32, bits: u32, part: u32, said: [u32; OPINIONS]| {
        let with = asked.contexts(set, prefix, said);
        let pick = Pick { set: set as usize, choice: said[0] << 3 | set, ..pick };
        predictor.symbol(memory, coder, &with, pick, bits, part)
    };
    let class = {
        let first = part(0, 0, 4, class.min(ESCAPE), asked.said(|it| it.class.min(ESCAPE)));
        if first < ESCAPE {
            first
        } else {
            let high = part(1, 1, 4, class >> 4, asked.said(|it| it.class >> 4));
            let said = asked.said(|it| if it.class >> 4 == high { it.class & 15 } else { SILENT });
            (high << 4 | part(2, 2 + high, 4, class & 15, said)).clamp(1, CLASS_MAX)
        }
    };
    if class == 0 {
        return (0, 0);
    }
    let length = class.div_ceil(2);
    let mut left = length - 1;
    let mut decoded = 1u64;
    while left > 0 {
        let bits = left.min(4);
        left -= bits;
        let mask = (1u64 << bits) - 1;
        let nibble = u32::try_from((magnitude >> left) & mask).unwrap_or(0);
        let set = (3 + (length - 1 - left) / 4).min(7);
        let said = asked.said(|it| {
            let top = it.difference.unsigned_abs() >> left;
            let agrees = it.class == class && top >> bits == decoded;
            if agrees { (top & mask) as u32 } else { SILENT }
        });
        // What has been coded so far, folded to 32 bits.
        let prefix = join(class, (decoded ^ (decoded >> 32)) as u32 ^ 0x4000);
        decoded = (decoded << bits) | u64::from(part(set, prefix, bits, nibble, said));
    }
    let negative = class.is_multiple_of(2);
    let difference = decoded.cast_signed();
    (if negative { difference.wrapping_neg() } else { difference }, class)
}

/// The contexts of a value besides those of opinions.
fn number_contexts(
    (column, keyword): (u32, u32),
    second: i64,
    before: &Before,
    own: &Before,
    around: &Known,
) -> [u32; NUMBER_CONTEXTS - OPINIONS - 1] {
    let base = join(column, BASE);
    let with = |number: u32, part: u32| join(join(base, number), part);
    let fold = |value: i64| (value ^ value >> 32) as u32;
    let [p0, p1, p2, _] = around.parents;
    let [d1, d2, d3] = before.differences;
    let (d1, d2, d3) = (fold(d1), fold(d2), fold(d3));
    // What the nearest parents are more than they were for the value before.
    let [n0, n1, ..] = around.numbers;
    let [b0, b1, ..] = before.parents;
    let (grown, grown_too) = (n0.wrapping_sub(b0), n1.wrapping_sub(b1));
    let phase = |unit: i64, count: i64| {
        if second == 0 {
            before.value.rem_euclid(unit * count) as u32
        } else {
            before.value.div_euclid(second * unit).rem_euclid(count) as u32
        }
    };
    [
        with(1, before.classes & 0xffff),
        with(2, around.slot),
        join(with(7, around.slot), own.classes & 0xff),
        join(join(with(14, around.slot), class_of(grown)), class_of(grown_too)),
        join(with(3, p0), around.slot),
        base,
        with(4, d1),
        join(with(5, d1), d2),
        with(6, before.classes & 0xff),
        join(with(8, p0), p1),
        join(join(0x6b65_7977, keyword), before.classes & 0xff),
        with(9, fold(before.value)),
        join(with(10, around.around), around.slot),
        join(with(11, p2), p1),
        join(with(12, fold(own.value)), join(around.surprise, d3)),
        join(join(with(13, around.before), around.slot), before.classes & 0xff),
        join(with(15, around.slot), fold(grown)),
        join(join(with(16, around.slot), fold(own.differences[0])), class_of(grown)),
        with(17, phase(1, 60)),
        join(with(18, phase(10, 30)), around.slot),
        with(19, phase(60, 60)),
    ]
}
