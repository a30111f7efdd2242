//! Numbers as logs print them, with the units of times and sizes: exact to nine decimal places.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// Nothing is said of that.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// Decimal places that are kept.
const PLACES: usize = 9;
const ONE: i128 = 1_000_000_000;
/// Exponents beyond this are not read.
const EXPONENT_MAX: u32 = 27;

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// In billionths of a unit.
    pub(crate) billionths: i128,
    pub(crate) unit: Unit,
}

impl Quantity {
    /// So many of what nothing is said of.
    #[cfg(test)]
    pub(crate) fn count(count: u64) -> Self {
        Self { billionths: i128::from(count) * ONE, unit: Unit::None }
    }

    /// Reads `-12`, `1.5e3`, `250ms`, `1m30s`, `10KiB`.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mut billionths, after) = number(rest)?;
        rest = after;
        let mut unit = Unit::None;
        if !rest.is_empty() {
            let (found, scale, after) = scale(rest)?;
            billionths = billionths.checked_mul(scale.0)?.checked_div(scale.1)?;
            (unit, rest) = (found, after);
            while unit == Unit::Seconds && !rest.is_empty() {
                let (more, after) = number(rest)?;
                let (found, scale, after) = scale_of(after, Unit::Seconds)?;
                billionths =
                    billionths.checked_add(more.checked_mul(scale.0)?.checked_div(scale.1)?)?;
                (unit, rest) = (found, after);
            }
        }
        let billionths = if negative { -billionths } else { billionths };
        rest.is_empty().then_some(Self { billionths, unit })
    }
}

/// The number at the start of a text, in billionths, and what is behind it.
fn number(text: &str) -> Option<(i128, &str)> {
    let split = |text: &'_ str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at(split(text));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) if !whole.is_empty() => rest.split_at(split(rest)),
        _ => ("", rest),
    };
    if whole.is_empty() || whole.len() > 27 {
        return None;
    }
    let mut billionths = whole.parse::<i128>().ok()?.checked_mul(ONE)?;
    let kept = fraction.get(..fraction.len().min(PLACES))?;
    billionths += format!("{kept:0<PLACES$}").parse::<i128>().ok()?;
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return Some((billionths, rest)) };
    let (negative, digits) = match exponent.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let (digits, rest) = digits.split_at(split(digits));
    let power = digits.parse::<u32>().ok().filter(|&exponent| exponent <= EXPONENT_MAX)?;
    let power = 10i128.checked_pow(power)?;
    let scaled = if negative { billionths / power } else { billionths.checked_mul(power)? };
    Some((scaled, rest))
}

/// A factor: what is above and below the line.
type Scale = (i128, i128);

/// The unit at the start of a text.
fn scale(text: &str) -> Option<(Unit, Scale, &str)> {
    scale_of(text, Unit::Seconds).or_else(|| scale_of(text, Unit::Bytes))
}

fn scale_of(text: &str, unit: Unit) -> Option<(Unit, Scale, &str)> {
    let len = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (name, rest) = text.split_at(len);
    let scale = match (unit, name) {
        (Unit::Seconds, "ns") => (1, ONE),
        (Unit::Seconds, "us" | "µs" | "μs") => (1, 1_000_000),
        (Unit::Seconds, "ms" | "msec") => (1, 1_000),
        (Unit::Seconds, "s" | "sec" | "secs" | "seconds") | (Unit::Bytes, "B" | "bytes") => (1, 1),
        (Unit::Seconds, "m" | "min" | "mins" | "minutes") => (60, 1),
        (Unit::Seconds, "h" | "hours") => (3_600, 1),
        (Unit::Seconds, "d" | "days") => (86_400, 1),
        (Unit::Bytes, "k" | "K" | "kB" | "KB") => (1_000, 1),
        (Unit::Bytes, "M" | "MB") => (1_000_000, 1),
        (Unit::Bytes, "G" | "GB") => (1_000_000_000, 1),
        (Unit::Bytes, "T" | "TB") => (1_000_000_000_000, 1),
        (Unit::Bytes, "KiB") => (1 << 10, 1),
        (Unit::Bytes, "MiB") => (1 << 20, 1),
        (Unit::Bytes, "GiB") => (1 << 30, 1),
        (Unit::Bytes, "TiB") => (1 << 40, 1),
        _ => return None,
    };
    Some((unit, scale, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let read = |text: &str| Quantity::parse(text.as_bytes());
        let of = |billionths, unit| Some(Quantity { billionths, unit });
        assert_eq!(read("12"), Some(Quantity::count(12)));
        assert_eq!(read("-0.1"), of(-100_000_000, Unit::None));
        assert_eq!(read("1.5e3"), Some(Quantity::count(1500)));
        assert_eq!(read("5e-1"), of(500_000_000, Unit::None));
        assert_eq!(read("18446744073709551615"), Some(Quantity::count(u64::MAX)));
        assert_eq!(read("250ms"), of(250_000_000, Unit::Seconds));
        assert_eq!(read("1m30.5s"), of(90_500_000_000, Unit::Seconds));
        assert_eq!(read("2KiB"), of(2048 * ONE, Unit::Bytes));
        assert!(read("9".repeat(28).as_str()).is_none() && read("1e999").is_none());
        for text in ["", "-", ".5", "1.2.3", "0x1", "1 s", "10.0.0.1", "5q", "1s2", "1e", "1KB2"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
