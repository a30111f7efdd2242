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
pub(crate) const ONE: i32 = 1 << 16;
/// Weights stay within ±8, so that a product fits 32 bits.
const WEIGHT_MAX: i32 = (8 << 16) - 1;

/// Sets of weights, one of which is chosen for each bit.
#[derive(Debug)]
pub(crate) struct Mixer {
    inputs: usize,
    weights: Vec<i32>,
    /// Where the chosen set starts, and what it gave.
    chosen: usize,
    output: i32,
}

impl Mixer {
    /// `sets` sets of `inputs` weights, which all start at `weight`.
    pub(crate) fn new(inputs: usize, sets: usize, weight: i32) -> Self {
        Self { inputs, weights: vec![weight; inputs * sets], chosen: 0, output: 0 }
    }

    /// Mixes by the weights of a set.
    #[inline]
    pub(crate) fn mix(&mut self, set: usize, inputs: &[i32]) -> i32 {
        self.chosen = set * self.inputs;
        let weights = &self.weights[self.chosen..self.chosen + self.inputs];
        let sum: i32 = weights.iter().zip(inputs).map(|(w, x)| (w * x) >> 8).sum();
        self.output = (sum >> 8).clamp(-STRETCH_MAX, STRETCH_MAX);
        self.output
    }

    /// Moves the chosen weights towards what would have predicted `bit` better.
    #[inline]
    pub(crate) fn update(&mut self, inputs: &[i32], bit: u32, rate: i32) {
        let error = ((((bit as i32) << 16) - squash(self.output)) * rate) >> 4;
        let weights = &mut self.weights[self.chosen..self.chosen + self.inputs];
        for (w, x) in weights.iter_mut().zip(inputs) {
            *w = (*w + ((x * error + 0x8000) >> 16)).clamp(-WEIGHT_MAX, WEIGHT_MAX);
        }
    }
}

/// Steps of a refinement's curve.
const STEPS: usize = 25;

/// Adaptive probability maps: what a prediction turned out to be worth in a context (a secondary estimation).
#[derive(Debug)]
pub(crate) struct Refine {
    /// In 22 bits.
    curves: Vec<i32>,
    mask: usize,
    near: usize,
}

impl Refine {
    /// 2^`bits` contexts.
    pub(crate) fn new(bits: u32) -> Self {
        let curve = (0..STEPS as i32).map(|step| squash((step - 12) * 256) << 6);
        let curves = curve.cycle().take(STEPS << bits).collect();
        Self { curves, mask: (1 << bits) - 1, near: 0 }
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

    /// Moves towards `bit` by one part in as many as were seen, at least one in `limit`.
    #[inline]
    pub(crate) fn update(&mut self, bit: u32, limit: u32) {
        let count = self.0 & 1023;
        let p = i64::from(self.0 >> 10);
        let target = if bit == 1 { (1 << 22) - 1 } else { 0 };
        let p = p + (((target - p) * RECIPROCALS[count as usize]) >> 16);
        self.0 = (p as u32) << 10 | (count + 1).min(limit);
    }
}

/// 65536 / (n + 1.5).
const RECIPROCALS: [i64; 1024] = {
    let mut table = [0; 1024];
    let mut n = 0;
    while n < 1024 {
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
            let inputs = [good, if i % 2 == 1 { 500 } else { -500 }];
            mixer.mix(0, &inputs);
            mixer.update(&inputs, bit, 4);
        }
        assert!(mixer.mix(0, &[500, -500]) > 300);
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
            p.update(1, 255);
        }
        assert!(p.stretched() > 1500);
    }
}
