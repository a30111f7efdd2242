//! Logistic mixing (`docs/MODEL-FORMAT.md`, "Mixing"): stretched predictions → one, by weights that learn.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "hot loop; every index is held to its table"
)]

use crate::model::logistic::{STRETCH_MAX, squash, stretch};

/// A weight of one.
pub(crate) const ONE: i16 = 1 << 14;
/// What processors multiply at once. Inputs, and so the weights of a set, are padded to whole lanes with what counts as nothing.
pub(crate) type Lane = [i16; 8];

/// Weights stay as they are where the error, times the rate, is below: they would hardly move, and most bits are foreseen.
const CALM: i32 = 32;

/// Sets of weights, one of which is chosen for each bit.
#[derive(Clone, Debug)]
pub(crate) struct Mixer {
    lanes: usize,
    weights: Vec<Lane>,
    first: i16,
    /// Where the chosen set starts, and what it gave.
    chosen: usize,
    output: i32,
}

impl Mixer {
    /// `sets` sets of `inputs` weights, which all start at `weight`.
    pub(crate) fn new(inputs: usize, sets: usize, weight: i16) -> Self {
        let lanes = inputs.div_ceil(8);
        Self {
            lanes,
            weights: vec![[weight; 8]; lanes * sets],
            first: weight,
            chosen: 0,
            output: 0,
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.weights.fill([self.first; 8]);
    }

    /// Mixes by the weights of a set. Inputs are within ±2400, and at most 56.
    #[inline]
    pub(crate) fn mix(&mut self, set: usize, inputs: &[Lane]) -> i32 {
        self.chosen = set * self.lanes;
        let weights = &self.weights[self.chosen..self.chosen + self.lanes];
        let mut sums = [0i32; 8];
        for (weights, inputs) in weights.iter().zip(inputs) {
            add_products(&mut sums, weights, inputs);
        }
        let sum = sums.into_iter().map(i64::from).sum::<i64>() >> 14;
        self.output = sum.clamp(i64::from(-STRETCH_MAX), i64::from(STRETCH_MAX)) as i32;
        self.output
    }

    /// Moves the chosen weights towards what would have predicted `bit` better; `rate` up to 31.
    #[inline]
    pub(crate) fn update(&mut self, inputs: &[Lane], bit: u32, rate: i32) {
        let error = ((((bit as i32) << 16) - squash(self.output)) * rate) >> 6;
        if error.abs() < CALM {
            return;
        }
        let weights = &mut self.weights[self.chosen..self.chosen + self.lanes];
        train(weights, inputs, &[error as i16; 8]);
    }
}

/// In sums that cannot overflow. A loop that processors do in a few instructions, as is the one below.
#[inline]
fn add_products(sums: &mut [i32; 8], weights: &Lane, inputs: &Lane) {
    for n in 0..8 {
        sums[n] += i32::from(weights[n]) * i32::from(inputs[n]);
    }
}

/// Adds (input × error + 32768) >> 16, rounded in two steps that fit 16 bits. Not inlined, lest the errors, being equal, are
/// multiplied as one number of 32 bits.
#[inline(never)]
fn train(weights: &mut [Lane], inputs: &[Lane], errors: &Lane) {
    for (weights, inputs) in weights.iter_mut().zip(inputs) {
        for n in 0..8 {
            let twice = inputs[n].wrapping_add(inputs[n]);
            let step = ((i32::from(twice) * i32::from(errors[n])) >> 16) as i16;
            weights[n] = weights[n].saturating_add(step.wrapping_add(1) >> 1);
        }
    }
}

/// Steps of a refinement's curve.
const STEPS: usize = 25;

/// Adaptive probability maps: what a prediction turned out to be worth in a context (a secondary estimation).
#[derive(Clone, Debug)]
pub(crate) struct Refine {
    /// In 22 bits.
    curves: Vec<i32>,
    mask: usize,
    near: usize,
}

impl Refine {
    /// 2^`bits` contexts.
    pub(crate) fn new(bits: u32) -> Self {
        let curves = curve().cycle().take(STEPS << bits).collect();
        Self { curves, mask: (1 << bits) - 1, near: 0 }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.curves.iter_mut().zip(curve().cycle()).for_each(|(step, first)| *step = first);
    }

    /// The probability, of 65536, of a stretched prediction.
    #[inline]
    pub(crate) fn refine(&mut self, x: i32, context: usize) -> i32 {
        let place = x + 12 * 256;
        let (step, part) = ((place >> 8) as usize, place & 255);
        let base = (context & self.mask) * STEPS + step;
        self.near = base + usize::from(part >= 128);
        let (low, high) = (self.curves[base], self.curves[base + 1]);
        ((low >> 6) * (256 - part) + (high >> 6) * part) >> 8
    }

    /// Moves the nearer step of the curve towards `bit`.
    #[inline]
    pub(crate) fn update(&mut self, bit: u32) {
        let target = if bit == 1 { (1 << 22) - 1 } else { 0 };
        let p = &mut self.curves[self.near];
        *p += (target - *p) >> 6;
    }
}

/// The curve that leaves a prediction as it is.
fn curve() -> impl Iterator<Item = i32> + Clone {
    (0..STEPS as i32).map(|step| squash((step - 12) * 256) << 6)
}

/// A probability that learns: 22 bits of it, and 10 bits that count up to a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adaptive(u32);

impl Adaptive {
    /// Starts at `p` of 65536.
    pub(crate) fn new(p: u32) -> Self {
        Self(p.min(65535) << 16)
    }

    /// Stretched.
    #[inline]
    pub(crate) fn stretched(self) -> i32 {
        stretch(self.0 >> 20)
    }

    /// Moves towards `bit` by one part in as many as were seen, at least one in 256.
    #[inline]
    pub(crate) fn update(&mut self, bit: u32) {
        let count = self.0 & 1023;
        let p = i64::from(self.0 >> 10);
        let target = if bit == 1 { (1 << 22) - 1 } else { 0 };
        let p = p + (((target - p) * i64::from(RECIPROCALS[(count & 255) as usize])) >> 16);
        self.0 = (p as u32) << 10 | (count + 1).min(COUNT_MAX);
    }
}

/// How many observations a probability averages over.
const COUNT_MAX: u32 = 255;
/// 65536 / (n + 1.5).
pub(crate) const RECIPROCALS: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n as usize] = 131_072 / (2 * n + 3);
        n += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixer_learns_which_input_to_trust() {
        let mut mixer = Mixer::new(2, 1, ONE / 2);
        for i in 0..9000 {
            let bit = i / 7 % 2;
            let good = if bit == 1 { 500 } else { -500 };
            let noise = if i % 2 == 1 { 500 } else { -500 };
            let inputs = [[good, noise, 0, 0, 0, 0, 0, 0]];
            mixer.mix(0, &inputs);
            mixer.update(&inputs, bit, 4);
        }
        assert!(mixer.mix(0, &[[500, -500, 0, 0, 0, 0, 0, 0]]) > 300);
    }

    #[test]
    fn a_refinement_starts_as_it_is() {
        let mut refine = Refine::new(2);
        for x in [-3071, -1024, 0, 700, 3071] {
            assert!((refine.refine(x, 1) - squash(x)).abs() < 600, "{x}");
        }
    }

    #[test]
    fn an_adaptive_probability_nears_the_ends() {
        let mut p = Adaptive::new(32768);
        for _ in 0..4000 {
            p.update(1);
        }
        assert!(p.stretched() > 1500);
    }
}
