//! Numbers printed in digits ↔ integers (`docs/FORMAT.md`, "Digits").
//!
//! A [`Form`] says how the numbers of a column are printed: base, case, and width. It holds for a column only if every
//! value prints again as it was.

/// Digits of a number: 16^15 and most of 10^19 fit an `i64`.
const HEX_DIGITS_MAX: usize = 15;
const DECIMAL_DIGITS_MAX: usize = 19;

/// The largest number of that many digits.
const MOST: &[u8; DECIMAL_DIGITS_MAX] = b"9223372036854775807";

/// The most digits behind a point.
const POINT_MAX: u8 = 9;

/// The digits a form prints with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Decimal,
    HexLower,
    HexUpper,
}

/// How wide numbers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// No leading zeros.
    Shortest,
    /// All alike, with leading zeros.
    Fixed(u8),
    /// Each has its own, kept beside it.
    Own,
}

/// How the numbers of a column are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    base: Base,
    /// Digits behind a point, in decimal numbers of no set width; 0: no point.
    point: u8,
    pub(crate) width: Width,
}

impl Form {
    /// The form that prints all `values` as they are, if there is one.
    pub(crate) fn of<'a>(values: &(impl Iterator<Item = &'a [u8]> + Clone)) -> Option<Self> {
        let base = [Base::Decimal, Base::HexLower, Base::HexUpper]
            .into_iter()
            .find(|&base| values.clone().all(|value| fits(value, base)))?;
        let first = values.clone().next()?.len();
        let shortest = |value: &[u8]| {
            value == b"0" || !value.strip_prefix(b"-").unwrap_or(value).starts_with(b"0")
        };
        let negative = values.clone().any(|value| value.starts_with(b"-"));
        let width = if values.clone().all(shortest) {
            Width::Shortest
        } else if negative {
            return None;
        } else if values.clone().all(|value| value.len() == first) {
            Width::Fixed(u8::try_from(first).ok()?)
        } else {
            Width::Own
        };
        Some(Self { base, point: 0, width })
    }

    /// Reads numbers: the form that prints all `values` as they are, if there is one, and what they print.
    pub(crate) fn read<'a>(
        values: &(impl Iterator<Item = &'a [u8]> + Clone),
    ) -> Option<(Self, Vec<i64>)> {
        let read = plain(values.clone()).or_else(|| pointed(values.clone()));
        if read.is_some() {
            return read;
        }
        let form = Self::of(values)?;
        Some((form, values.clone().map(|value| form.parse(value)).collect()))
    }

    /// 10 or 16.
    pub(crate) fn radix(self) -> u32 {
        if self.base == Base::Decimal { 10 } else { 16 }
    }

    /// Whether numbers are printed with a point.
    pub(crate) fn has_point(self) -> bool {
        self.point > 0
    }

    /// What it prints besides decimal digits and a sign.
    pub(crate) fn letters(self) -> &'static [u8] {
        match self.base {
            Base::Decimal if self.has_point() => b".",
            Base::Decimal => b"",
            Base::HexLower => b"abcdef",
            Base::HexUpper => b"ABCDEF",
        }
    }

    /// The form on disk, two bytes.
    pub(crate) fn to_bytes(self) -> [u8; 2] {
        let base = match self.base {
            Base::Decimal => 0,
            Base::HexLower => 1,
            Base::HexUpper => 2,
        };
        let width = match self.width {
            Width::Shortest => 0,
            Width::Fixed(width) => width,
            Width::Own => 0xff,
        };
        [base | self.point << 4, width]
    }

    /// Reads the form on disk.
    pub(crate) fn from_bytes([base, width]: [u8; 2]) -> Option<Self> {
        let (point, base) = (base >> 4, base & 0x0f);
        let base = match base {
            0 => Base::Decimal,
            1 => Base::HexLower,
            2 => Base::HexUpper,
            _ => return None,
        };
        let width = match width {
            0 => Width::Shortest,
            1..=19 => Width::Fixed(width),
            0xff => Width::Own,
            _ => return None,
        };
        let has_point =
            (1..=POINT_MAX).contains(&point) && (base, width) == (Base::Decimal, Width::Shortest);
        (point == 0 || has_point).then_some(Self { base, point, width })
    }

    /// The number that a value prints. The value fits the form.
    pub(crate) fn parse(self, value: &[u8]) -> i64 {
        let (digits, sign) = match value.strip_prefix(b"-") {
            Some(digits) => (digits, -1),
            None => (value, 1),
        };
        let radix = if self.base == Base::Decimal { 10 } else { 16 };
        let fold = |number: i64, &byte: &u8| number * radix + i64::from(digit_value(byte));
        sign * digits.iter().filter(|&&byte| byte != b'.').fold(0, fold)
    }

    /// The number that prints as `value` does; `None` if none does.
    pub(crate) fn parse_any(self, value: &[u8]) -> Option<i64> {
        // Longer than any number and its sign and point: the sum below would not hold it.
        if value.len() > 24
            || value.iter().any(|byte| !byte.is_ascii_hexdigit() && !b"-.".contains(byte))
        {
            return None;
        }
        let digits = value.strip_prefix(b"-").unwrap_or(value);
        let radix = i64::from(self.radix());
        let number =
            digits.iter().filter(|&&byte| byte != b'.').try_fold(0i64, |number, &byte| {
                number.checked_mul(radix)?.checked_add(digit_value(byte).into())
            })?;
        let number = if digits.len() < value.len() { -number } else { number };
        let width = match self.width {
            Width::Shortest => 0,
            Width::Fixed(width) => width.into(),
            Width::Own => value.len(),
        };
        let mut printed = Vec::new();
        self.print(number, width, &mut printed);
        (printed == value).then_some(number)
    }

    /// Appends a number, at least `width` digits wide.
    pub(crate) fn print(self, number: i64, width: usize, dst: &mut Vec<u8>) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        let mut left = number.unsigned_abs();
        let radix = if self.base == Base::Decimal { 10 } else { 16 };
        let letters = if self.base == Base::HexUpper { b'A' - 10 } else { b'a' - 10 };
        for place in digits.iter_mut().rev() {
            let digit = u8::try_from(left % radix).unwrap_or(0);
            *place = if digit < 10 { b'0' + digit } else { letters + digit };
            at -= 1;
            left /= radix;
            if left == 0 {
                break;
            }
        }
        if number < 0 {
            dst.push(b'-');
        }
        if !self.has_point() {
            let start = at.min(digits.len().saturating_sub(width));
            dst.extend_from_slice(digits.get(start..).unwrap_or_default());
            return;
        }
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.point));
        let start = at.min(whole.len() - 1);
        dst.extend_from_slice(whole.get(start..).unwrap_or_default());
        dst.push(b'.');
        dst.extend_from_slice(fraction);
    }
}

/// Reads decimal numbers without sign in one pass, the most common by far.
fn plain<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<(Form, Vec<i64>)> {
    let mut numbers = Vec::with_capacity(values.size_hint().0);
    let mut shortest = true;
    // The least and the greatest length.
    let (mut least, mut most) = (usize::MAX, 0);
    for value in values {
        if !(1..DECIMAL_DIGITS_MAX).contains(&value.len()) {
            return None;
        }
        let mut number = 0i64;
        let mut largest = 0;
        for byte in value {
            let digit = byte.wrapping_sub(b'0');
            largest = largest.max(digit);
            number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
        }
        if largest > 9 {
            return None;
        }
        shortest &= value.len() == 1 || value.first() != Some(&b'0');
        least = least.min(value.len());
        most = most.max(value.len());
        numbers.push(number);
    }
    let width = if shortest {
        Width::Shortest
    } else if least == most {
        Width::Fixed(u8::try_from(most).ok()?)
    } else {
        Width::Own
    };
    (most > 0).then_some((Form { base: Base::Decimal, point: 0, width }, numbers))
}

/// Reads decimal numbers with a point, all with as many digits behind it.
fn pointed<'a>(mut values: impl Iterator<Item = &'a [u8]> + Clone) -> Option<(Form, Vec<i64>)> {
    let first = values.clone().next()?;
    let (_, fraction) = first.split_at(first.iter().position(|&byte| byte == b'.')?);
    let behind = fraction.len() - 1;
    let point = u8::try_from(behind).ok().filter(|point| (1..=POINT_MAX).contains(point))?;
    let mut numbers = Vec::with_capacity(values.size_hint().0);
    let all = values.all(|value| {
        let number = pointed_number(value, behind);
        numbers.extend(number);
        number.is_some()
    });
    all.then_some((Form { base: Base::Decimal, point, width: Width::Shortest }, numbers))
}

/// The number that a value prints, if it prints one with so many digits behind its point.
fn pointed_number(value: &[u8], behind: usize) -> Option<i64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let (whole, rest) = digits.split_at_checked(digits.len().checked_sub(behind + 1)?)?;
    let (b'.', fraction) = rest.split_first()? else { return None };
    let is_written_so = matches!(whole, [b'1'..=b'9', ..] | [b'0']);
    if !is_written_so || whole.len() + behind >= DECIMAL_DIGITS_MAX {
        return None;
    }
    let number = whole.iter().chain(fraction).try_fold(0i64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + i64::from(digit))
    })?;
    let is_negative = digits.len() < value.len();
    // There is no negative zero.
    (!is_negative || number != 0).then(|| if is_negative { -number } else { number })
}

fn digit_value(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte.wrapping_sub(b'A').wrapping_add(10),
    }
}

fn fits(value: &[u8], base: Base) -> bool {
    match base {
        Base::Decimal => {
            let digits = value.strip_prefix(b"-").unwrap_or(value);
            (1..=DECIMAL_DIGITS_MAX).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
                && value != b"-0"
                && (digits.len() < DECIMAL_DIGITS_MAX || digits <= &MOST[..])
        }
        Base::HexLower => hex(value, b'a'..=b'f'),
        Base::HexUpper => hex(value, b'A'..=b'F'),
    }
}

fn hex(value: &[u8], letters: std::ops::RangeInclusive<u8>) -> bool {
    (1..=HEX_DIGITS_MAX).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_digit() || letters.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[&str]) -> Option<Form> {
        let bytes = values.iter().map(|value| value.as_bytes());
        let (form, numbers) = Form::read(&bytes)?;
        assert!(form.has_point() || Form::of(&bytes) == Some(form));
        assert_eq!(numbers, bytes.clone().map(|value| form.parse(value)).collect::<Vec<_>>());
        assert_eq!(Form::from_bytes(form.to_bytes()), Some(form));
        for value in values {
            let width = match form.width {
                Width::Shortest => 0,
                Width::Fixed(width) => width.into(),
                Width::Own => value.len(),
            };
            let mut back = Vec::new();
            form.print(form.parse(value.as_bytes()), width, &mut back);
            assert_eq!(String::from_utf8(back).unwrap(), *value);
        }
        Some(form)
    }

    #[test]
    fn what_fits_prints_again() {
        assert_eq!(round_trip(&["0", "-5", "999999999999999999"]).unwrap().width, Width::Shortest);
        let most = ["9223372036854775807", "-9223372036854775807"];
        assert_eq!(round_trip(&most).unwrap().width, Width::Shortest);
        assert_eq!(round_trip(&["0000000000000000001"]).unwrap().width, Width::Fixed(19));
        assert_eq!(round_trip(&["007", "010", "000"]).unwrap().width, Width::Fixed(3));
        assert_eq!(round_trip(&["07", "1", "000"]).unwrap().width, Width::Own);
        assert_eq!(round_trip(&["7f1036df0000", "0"]).unwrap().base, Base::HexLower);
        assert_eq!(round_trip(&["DEAD", "00FF"]).unwrap().width, Width::Fixed(4));
    }

    #[test]
    fn numbers_with_a_point_are_numbers() {
        let points = |values: &[&str]| round_trip(values).unwrap().point;
        assert_eq!(points(&["12.345", "0.001", "-0.100", "-7.000", "999999999999999.999"]), 3);
        assert_eq!(points(&["0.123456789"]), 9);
        assert_eq!(points(&["1364820000.5"]), 1);
        for values in
            [["1.5", "1.25"], ["1.5", "1"], ["1.5", "01.5"], ["1.5", "-0.0"], ["1.5", ".5"]]
        {
            assert_eq!(round_trip(&values).map(Form::to_bytes), None, "{values:?}");
        }
        for value in ["", ".", "1.", ".5", "1.2.3", "1.-5", "0.1234567890", "9999999999999999999.5"]
        {
            assert_eq!(round_trip(&[value]).map(Form::to_bytes), None, "{value}");
        }
        for bytes in [[0x10, 1], [0x10, 0xff], [0x11, 0], [0xa0, 0]] {
            assert_eq!(Form::from_bytes(bytes), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for value in
            ["", "-", "-0", "-01", "1.", "aF", "+1", "9223372036854775808", "12345678901234567890"]
        {
            assert_eq!(round_trip(&[value]).map(Form::to_bytes), None, "{value}");
        }
    }
}
