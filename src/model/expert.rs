//! Ways to tell an integer (`docs/MODEL-FORMAT.md`, "Experts"): from its slot's last values, from other values of its
//! row, in sum and in proportion. Which of them can be trusted is learnt, slot by slot.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "every index is below a constant; the number of bits of a number fits"
)]

use crate::model::memory::join;
use crate::model::number::{Before, class_of};
use crate::model::rows::Known;

/// Ways to tell a value that are watched.
pub(crate) const EXPERTS: usize = 20;
/// Experts that are heard for a value.
pub(crate) const OPINIONS: usize = 3;
/// The first of the experts that tell in proportion, and how many these are.
const SCALED: usize = 14;
const RATIOS: usize = 2;
/// A proportion is given up when it is as far off as this, in 1/256 bit.
const FAR: u16 = 10 << 8;

/// A place among the slots of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// What came before in it.
    pub(crate) before: Before,
    /// How often each expert was right, of 65536, and how far off it was, in 1/256 bit.
    right: [u16; EXPERTS],
    far: [u16; EXPERTS],
    /// For each of the nearest parents, its largest number and the value then.
    ratios: [(i64, i64); RATIOS],
}

impl Default for Place {
    fn default() -> Self {
        Self {
            before: Before::default(),
            right: [0; EXPERTS],
            far: [32 << 8; EXPERTS],
            ratios: [(0, 0); RATIOS],
        }
    }
}

/// What an expert says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opinion {
    /// Who says so, and how sure that is.
    pub(crate) hash: u32,
    /// The difference to what the base expects, and its class.
    pub(crate) difference: i64,
    pub(crate) class: u32,
}

impl Place {
    /// What each expert expects.
    pub(crate) fn experts(&self, before: &Before, around: &Known) -> [i64; EXPERTS] {
        let own = &self.before;
        let p = &around.numbers;
        let as_parent = |before: &Before, n: usize| {
            before.value.wrapping_add(p[n]).wrapping_sub(before.parents[n])
        };
        [
            own.value,
            before.value,
            own.value.wrapping_add(own.stride),
            before.value.wrapping_add(before.stride),
            p[0],
            p[1],
            p[2],
            p[3],
            as_parent(own, 0),
            as_parent(own, 1),
            as_parent(own, 2),
            as_parent(before, 0),
            as_parent(before, 1),
            as_parent(before, 3),
            self.scaled(0, p[0]),
            self.scaled(1, p[1]),
            p[0].wrapping_add(p[1]),
            p[1].wrapping_sub(p[0]),
            p[0].wrapping_sub(p[1]),
            p[2].wrapping_sub(p[1]).wrapping_sub(p[0]),
        ]
    }

    /// What has the proportion to `parent` that the largest of its kind had.
    fn scaled(&self, n: usize, parent: i64) -> i64 {
        let (largest, value) = self.ratios[n];
        if largest == 0 {
            return 0;
        }
        let (product, of) = (i128::from(parent) * i128::from(value), i128::from(largest));
        i64::try_from((2 * product + of).div_euclid(2 * of)).unwrap_or(0)
    }

    /// The experts that are heard: the two that are right most often and say something of their own, and the one that is
    /// nearest. Also returns a hash of who they are.
    pub(crate) fn opinions(
        &self,
        experts: &[i64; EXPERTS],
        expected: i64,
        base: u32,
    ) -> ([Opinion; OPINIONS], u32) {
        let right = |n: usize| u32::from(self.right[n]) + 1;
        let first = best(|n| if experts[n] == expected { 0 } else { right(n) });
        let second = best(|n| if experts[n] == experts[first] { 0 } else { right(n) });
        let near = best(|n| 65536 - u32::from(self.far[n]));
        let sure = |n: usize| n as u32 * 16 + (right(n) >> 12);
        let off = near as u32 * 64 + u32::from(self.far[near] >> 9);
        let opinion = |number: u32, n: usize, who: u32| {
            let difference = experts[n].wrapping_sub(expected);
            let hash = join(join(base, number), who);
            Opinion { hash, difference, class: class_of(difference) }
        };
        let opinions = [
            opinion(20, first, sure(first)),
            opinion(21, second, sure(second)),
            opinion(22, near, off),
        ];
        (opinions, join(join(base, 23), first as u32 * 64 + second as u32))
    }

    /// The value has become known.
    pub(crate) fn learn(&mut self, experts: &[i64; EXPERTS], value: i64, around: &Known) {
        for ((&expert, right), far) in experts.iter().zip(&mut self.right).zip(&mut self.far) {
            let bits = 64 - value.wrapping_sub(expert).unsigned_abs().leading_zeros();
            *right =
                if bits == 0 { *right + ((65535 - *right) >> 4) } else { *right - (*right >> 4) };
            *far = *far - (*far >> 3) + (bits << 5) as u16;
        }
        for (n, ratio) in self.ratios.iter_mut().enumerate() {
            let now = around.numbers[n];
            if now.unsigned_abs() >= ratio.0.unsigned_abs() || self.far[SCALED + n] > FAR {
                *ratio = (now, value);
            }
        }
    }
}

/// The expert of the highest score, of equals the first; the first of all if all have none.
fn best(score: impl Fn(usize) -> u32) -> usize {
    let mut best = (0, 0);
    for n in 0..EXPERTS {
        if score(n) > best.1 {
            best = (n, score(n));
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proportion_is_learnt() {
        let mut place = Place::default();
        let mut right = 0;
        for i in 1..200i64 {
            let bytes = i * i * 7919 % 1_000_003;
            let around = Known { numbers: [bytes, 0, 0, 0], ..Known::default() };
            let value = (bytes * 100 + 512) / 1024;
            let experts = place.experts(&Before::default(), &around);
            right += u32::from(value.abs_diff(experts[SCALED]) < 2);
            place.learn(&experts, value, &around);
        }
        assert!(right > 150, "{right}");
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut place = Place::default();
        for (parent, value) in [(i64::MIN, i64::MAX), (1, i64::MIN), (i64::MAX, -1), (-1, 1)] {
            let around = Known { numbers: [parent; 4], ..Known::default() };
            let experts = place.experts(&Before::default(), &around);
            place.opinions(&experts, i64::MIN, 0);
            place.learn(&experts, value, &around);
        }
    }
}
