//! A part of a printed number, looked for in the number.

use crate::encoding::digits::{Form, Width};
use crate::predicate::{ANY, Literal, Part};

/// Digits of a number that can be looked for, in base 10 and 16: more than numbers have, or as many as can be told.
const DECIMAL_MAX: usize = 19;
const HEX_MAX: usize = 15;

/// Whether numbers may print what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// None does.
    Never,
    /// It cannot be told from the numbers.
    Unknown,
    /// Those of which this is part.
    Some(NumberPart),
}

/// Where the digits stand in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Within,
    Start,
    End,
    All,
}

/// Some digits in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberPart {
    digits: u64,
    /// No number is less that has them.
    least: u64,
    /// The base to the power of how many they are.
    scale: u64,
    is_hex: bool,
    /// Zeros may stand before a number: then it is taken to have as many as are looked for.
    padded: bool,
    place: Place,
    /// Whether the number must be negative, or must not be.
    negative: Option<bool>,
}

impl NumberPart {
    /// Reads a part of what is printed in a form.
    pub(crate) fn of(form: Form, part: &Part) -> Asked {
        if part.bytes.contains(&ANY) {
            return Self::of_run(form, part);
        }
        let unsigned = part.bytes.strip_prefix(b"-");
        let mut digits = unsigned.unwrap_or(&part.bytes).to_vec();
        if form.has_point()
            && let Some(point) = digits.iter().position(|&byte| byte == b'.')
        {
            digits.remove(point);
        }
        let radix = form.radix();
        let value = |byte: &u8| char::from(*byte).to_digit(radix);
        let Some(read) = digits.iter().map(value).collect::<Option<Vec<u32>>>() else {
            // A second sign or point, or a letter: no number has that.
            return Asked::Never;
        };
        if read.is_empty() {
            return if part.bytes.is_empty() { Asked::Never } else { Asked::Unknown };
        }
        if read.len() > if radix == 10 { DECIMAL_MAX } else { HEX_MAX } {
            return Asked::Unknown;
        }
        let shortest = form.width == Width::Shortest && !form.has_point();
        let starts = part.starts || unsigned.is_some();
        if shortest && starts && read.len() > 1 && read.first() == Some(&0) {
            return Asked::Never;
        }
        let place = match (starts, part.ends) {
            (true, true) => Place::All,
            (false, true) => Place::End,
            // Where zeros come before a number, its start is not where it begins to be printed.
            (true, false) if shortest => Place::Start,
            _ => Place::Within,
        };
        let radix = u64::from(radix);
        Asked::Some(Self {
            digits: read.iter().fold(0, |sum, &digit| sum * radix + u64::from(digit)),
            least: 0,
            scale: read.iter().fold(1, |scale, _| scale * radix),
            is_hex: radix == 16,
            padded: !shortest,
            place,
            negative: if starts { Some(unsigned.is_some()) } else { None },
        })
    }

    /// The longest run of bytes that are not any, and how long the number must be.
    fn of_run(form: Form, part: &Part) -> Asked {
        let (at, len) = Literal::run(&part.bytes);
        let bytes = part.bytes.get(at..at + len).unwrap_or_default().to_vec();
        if bytes.is_empty() {
            return Asked::Unknown;
        }
        let starts = part.starts && at == 0;
        let ends = part.ends && at + len == part.bytes.len();
        match Self::of(form, &Part { bytes, starts, ends, ..part.clone() }) {
            Asked::Some(asked) if !asked.padded => {
                // Besides a sign it has as many digits at least.
                let digits = u32::try_from(part.bytes.len().saturating_sub(2)).unwrap_or(u32::MAX);
                let least = u64::from(form.radix()).checked_pow(digits).unwrap_or(u64::MAX);
                Asked::Some(Self { least, ..asked })
            }
            asked => asked,
        }
    }

    /// Whether a number may be printed so.
    pub(crate) fn is_met_by(&self, number: i64) -> bool {
        let left = number.unsigned_abs();
        let most_digits = self.digits.max(self.least);
        if left < most_digits || self.negative.is_some_and(|negative| negative != (number < 0)) {
            return false;
        }
        match self.place {
            Place::All => left == self.digits,
            Place::End => left % self.scale == self.digits && self.has_all_digits(left),
            Place::Start if self.is_hex => self.starts::<16>(left),
            Place::Start => self.starts::<10>(left),
            Place::Within if self.is_hex => self.is_within::<16>(left),
            Place::Within => self.is_within::<10>(left),
        }
    }

    /// Whether a number that may be printed so is: not where zeros may come first, and not in one case of letters only.
    pub(crate) fn is_certain(&self) -> bool {
        !self.padded && !self.is_hex && self.least == 0 && self.digits >= self.scale / 10
    }

    /// Whether a number is printed with at least as many digits.
    fn has_all_digits(&self, left: u64) -> bool {
        let radix = if self.is_hex { 16 } else { 10 };
        self.padded || self.scale == radix || left >= self.scale / radix
    }

    fn starts<const RADIX: u64>(&self, mut left: u64) -> bool {
        while left >= self.scale {
            left /= RADIX;
        }
        // As many digits, none of them a leading zero.
        left == self.digits && (self.scale == RADIX || left >= self.scale / RADIX)
    }

    fn is_within<const RADIX: u64>(&self, whole: u64) -> bool {
        // The window slides over the digits from the last to the first.
        let (mut window, mut rest) = (whole % self.scale, whole / self.scale);
        let first = self.scale / RADIX;
        loop {
            if window == self.digits && (self.padded || rest > 0 || window >= first || whole == 0) {
                return true;
            }
            if rest == 0 && (window < self.digits || window == 0) {
                return false;
            }
            window = window / RADIX + rest % RADIX * first;
            rest /= RADIX;
        }
    }

    /// Whether a number from `least` to `greatest` may be printed so.
    pub(crate) fn may_be_among(&self, least: i64, greatest: i64) -> bool {
        let most = least.unsigned_abs().max(greatest.unsigned_abs());
        let sign = match self.negative {
            Some(true) => least < 0,
            Some(false) => greatest >= 0,
            None => true,
        };
        let all = self.place == Place::All && self.negative == Some(false);
        let reaches = !all || i64::try_from(self.digits).is_ok_and(|number| least <= number);
        sign && reaches && self.digits.max(self.least) <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_print_a_part_have_it() {
        let columns: [&[&str]; 6] = [
            &["0", "7", "10", "1710", "-17", "9223372036854775807", "8120279040", "171"],
            &["007", "010", "100", "017"],
            &["7", "010", "17", "0017"],
            &["0.17", "17.01", "-1.70", "0.00", "0.01"],
            &["ff", "1f0", "17a", "a17"],
            &["FF", "A17"],
        ];
        let parts = [
            "1",
            "17",
            "0",
            "00",
            "01",
            "7",
            "-1",
            "-",
            ".1",
            "7.0",
            "ff",
            "F",
            "9223372036854775807",
            "71",
            "1\n",
            "\n7",
            "1\n\n0",
            "\n",
        ];
        let (mut met, mut excluded, mut certain) = (0, 0, 0);
        for column in columns {
            let values = column.iter().map(|value| value.as_bytes());
            let (form, numbers) = Form::read(&values).unwrap();
            for (text, bits) in parts.iter().flat_map(|text| (0..4).map(move |bits| (text, bits))) {
                let (starts, ends) = (bits & 1 != 0, bits & 2 != 0);
                let bytes = text.as_bytes().to_vec();
                let part = Part { bytes, starts, ends, ..Part::default() };
                let asked = NumberPart::of(form, &part);
                for (value, &number) in column.iter().zip(&numbers) {
                    let may = match asked {
                        Asked::Never => false,
                        Asked::Unknown => true,
                        Asked::Some(asked) => {
                            let may = asked.is_met_by(number);
                            assert!(!may || asked.may_be_among(number, number), "{text} {value}");
                            let is = part.is_met_by(value.as_bytes());
                            assert!(may == is || !asked.is_certain(), "{part:?} in {value}");
                            certain += u32::from(asked.is_certain());
                            may
                        }
                    };
                    let is = part.is_met_by(value.as_bytes());
                    assert!(may || !is, "{part:?} in {value}");
                    met += u32::from(is);
                    excluded += u32::from(!may);
                }
            }
        }
        assert!(met > 100 && excluded > 500 && certain > 100, "{met} {excluded} {certain}");
    }
}
