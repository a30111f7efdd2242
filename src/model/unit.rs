//! Numbers in other units (`docs/MODEL-FORMAT.md`, "Integers"): what is told twice, by two clocks, say.

/// The largest power of ten between two units.
const POWER_MAX: i8 = 9;

/// How a number converts to another: times a power of ten, rounded down, and from an origin of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unit {
    /// The power of ten.
    power: i8,
    /// What is added: the least that was seen.
    origin: i64,
    /// Whether the last number converted well. Only the second in a row that does not changes anything.
    right: bool,
}

impl Unit {
    /// The least that a number is in the other unit.
    pub(crate) fn converted(&self, number: i64) -> i64 {
        scaled(number, self.power).wrapping_add(self.origin)
    }

    /// A number was `value` in the other unit; since the last time they grew by so much each.
    pub(crate) fn learn(&mut self, number: i64, value: i64, (growth, grown): (i64, i64)) {
        let rest = value.wrapping_sub(self.converted(number));
        let unit = 10u64.pow(self.power.max(0).unsigned_abs().into());
        if rest.unsigned_abs() < unit {
            self.origin = self.origin.wrapping_add(rest.min(0));
            self.right = true;
        } else if self.right {
            self.right = false;
        } else {
            if growth != 0 && grown != 0 {
                self.power = best_power(growth, grown);
            }
            self.origin = value.wrapping_sub(scaled(number, self.power));
        }
    }
}

/// A number times a power of ten, rounded down; 0 if that does not fit.
fn scaled(number: i64, power: i8) -> i64 {
    let factor = 10i64.pow(power.unsigned_abs().into());
    if power < 0 { number.div_euclid(factor) } else { number.checked_mul(factor).unwrap_or(0) }
}

/// The power of ten by which `growth` comes nearest to `grown`, of equals the lowest.
fn best_power(growth: i64, grown: i64) -> i8 {
    let off = |&power: &i8| grown.abs_diff(scaled(growth, power));
    (-POWER_MAX..=POWER_MAX).min_by_key(off).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `values` were told to less than `unit`.
    fn told(numbers: impl Iterator<Item = (i64, i64)>, unit: u64) -> usize {
        let (mut it, mut last) = (Unit::default(), (0, 0));
        let mut right = 0;
        for (number, value) in numbers {
            right += usize::from(value.wrapping_sub(it.converted(number)).unsigned_abs() < unit);
            let growth = (number.wrapping_sub(last.0), value.wrapping_sub(last.1));
            it.learn(number, value, growth);
            last = (number, value);
        }
        right
    }

    #[test]
    fn the_units_and_the_origin_of_another_clock_are_learnt() {
        let seconds = (0..400i64).map(|i| 1_117_838_570 + i * i / 3 + i);
        let micros = seconds.map(|s| (s, (s - 25_200) * 1_000_000 + s * s % 999_983));
        assert!(told(micros.clone(), 1_000_000) > 380);
        // And back, and where other things come between.
        assert!(told(micros.clone().map(|(s, us)| (us, s)), 1) > 370);
        let broken = micros.enumerate().map(|(n, (s, us))| (if n % 40 == 7 { 3 } else { s }, us));
        assert!(told(broken, 1_000_000) > 350);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let all = [0, 1, -1, i64::MAX, i64::MIN, 1 << 40];
        told(all.iter().flat_map(|&a| all.map(|b| (a, b))), 1);
    }
}
