//! Printed times ↔ ticks (`docs/FORMAT.md`, "Time").
//!
//! A [`Layout`] is what a strptime format is: fixed-width fields and literals. A time is recognised only if it is valid
//! (month, day of that month, hour, minute, second below 60, the right weekday), so that printing its ticks in the same
//! layout gives the same bytes. Nothing of the machine's zone or clock is looked at; a zone is literal text.

mod civil;
mod scan;
mod shape;
mod steady;

pub(crate) use scan::{Finder, may_be_time, may_start, scan};
pub(crate) use steady::Steady;

use civil::civil;
pub(crate) use civil::days_from_civil;
pub use civil::show_time;

/// The most elements a layout may have.
const ELEMENTS_MAX: usize = 40;
/// Where the log prints no year, a leap year stands in, so that 29 February is valid.
const NO_YEAR: i64 = 1972;
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
/// 1970-01-01 was a Thursday.
const WEEKDAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";

/// A time in nanoseconds, that of a log which prints no year moved to the last year in which it is not later than a day
/// from `now`.
pub(crate) fn with_year(time: i64, now: i64) -> i64 {
    const DAY: i64 = 86_400 * 1_000_000_000;
    let (year, month, day) = civil(time.div_euclid(DAY));
    if year != NO_YEAR {
        return time;
    }
    let (this_year, ..) = civil(now.div_euclid(DAY));
    let within = time.rem_euclid(DAY);
    let at = |year| {
        // A 29 February is the day before March where the year has none.
        let days = days_from_civil(year, month, day).or_else(|| days_from_civil(year, month, 28));
        days.and_then(|days| days.checked_mul(DAY)?.checked_add(within))
    };
    let is_past = |&time: &i64| time <= now.saturating_add(DAY);
    at(this_year).filter(is_past).or_else(|| at(this_year - 1)).unwrap_or(time)
}

/// One element of a layout. On disk: the code in parentheses; a literal byte is itself (all are 0x20 or above).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// Four digits, 1970 to 2199 (1).
    Year,
    /// The last two digits of a year from 2000 to 2099 (10).
    YearShort,
    /// Two digits, 01 to 12 (2).
    Month,
    /// `Jan` to `Dec` (3).
    MonthName,
    /// Two digits (4).
    Day,
    /// One digit behind a space, or two digits (5).
    DaySpace,
    /// `Mon` to `Sun`, right for the date (6).
    Weekday,
    /// Two digits (7, 8, 9).
    Hour,
    Minute,
    Second,
    /// One to nine digits behind the second (16 + their number).
    Fraction(u8),
    /// A byte as it is.
    Literal(u8),
}

impl Element {
    fn code(self) -> u8 {
        match self {
            Self::Year => 1,
            Self::YearShort => 10,
            Self::Month => 2,
            Self::MonthName => 3,
            Self::Day => 4,
            Self::DaySpace => 5,
            Self::Weekday => 6,
            Self::Hour => 7,
            Self::Minute => 8,
            Self::Second => 9,
            Self::Fraction(digits) => 16 + digits,
            Self::Literal(byte) => byte,
        }
    }

    /// Bytes it prints.
    fn width(self) -> usize {
        match self {
            Self::Year => 4,
            Self::MonthName | Self::Weekday => 3,
            Self::Fraction(width) => width.into(),
            Self::Literal(_) => 1,
            _ => 2,
        }
    }

    /// The number that `field`, which has its width, prints; `None` if it does not print one.
    fn read(self, field: &[u8]) -> Option<i64> {
        match self {
            Self::Year => number(field).filter(|year| (1970..2200).contains(year)),
            Self::YearShort | Self::Month | Self::Day | Self::Fraction(_) => number(field),
            Self::MonthName => position(MONTHS, field),
            Self::Weekday => position(WEEKDAYS, field),
            Self::DaySpace => match field {
                [b' ', digit] => number(&[*digit]).filter(|&day| day > 0),
                _ => number(field).filter(|&day| day > 9),
            },
            Self::Hour => number(field).filter(|&hour| hour < 24),
            Self::Minute | Self::Second => number(field).filter(|&number| number < 60),
            Self::Literal(byte) => (field == [byte]).then_some(0),
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Year,
            2 => Self::Month,
            3 => Self::MonthName,
            4 => Self::Day,
            5 => Self::DaySpace,
            6 => Self::Weekday,
            7 => Self::Hour,
            8 => Self::Minute,
            9 => Self::Second,
            10 => Self::YearShort,
            17..=25 => Self::Fraction(code - 16),
            32.. => Self::Literal(code),
            _ => return None,
        })
    }
}

/// How a time is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    elements: Vec<Element>,
    /// Ticks in a second: a power of ten.
    ticks_per_second: i64,
    width: usize,
}

impl Layout {
    fn new(elements: Vec<Element>) -> Self {
        let digits = elements.iter().find_map(|element| match element {
            Element::Fraction(digits) => Some(u32::from(*digits)),
            _ => None,
        });
        let width = elements.iter().map(|element| element.width()).sum();
        Self { elements, ticks_per_second: 10i64.pow(digits.unwrap_or(0)), width }
    }

    /// The form on disk.
    pub(crate) fn to_codes(&self) -> Vec<u8> {
        self.elements.iter().map(|element| element.code()).collect()
    }

    /// The bytes it prints besides digits.
    pub(crate) fn letters(&self) -> Vec<u8> {
        let mut letters = Vec::new();
        for element in &self.elements {
            match element {
                Element::MonthName => letters.extend_from_slice(MONTHS),
                Element::Weekday => letters.extend_from_slice(WEEKDAYS),
                Element::DaySpace => letters.push(b' '),
                Element::Literal(byte) => letters.push(*byte),
                _ => {}
            }
        }
        letters
    }

    /// Reads the form on disk; `None` if it breaks a rule.
    pub(crate) fn from_codes(codes: &[u8]) -> Option<Self> {
        if codes.len() > ELEMENTS_MAX {
            return None;
        }
        let elements: Vec<_> =
            codes.iter().map(|&code| Element::from_code(code)).collect::<Option<_>>()?;
        let fractions = elements.iter().filter(|e| matches!(e, Element::Fraction(_))).count();
        (fractions <= 1).then(|| Self::new(elements))
    }

    /// Ticks in a second.
    pub(crate) fn ticks_per_second(&self) -> i64 {
        self.ticks_per_second
    }

    /// Bytes of a time printed in this layout.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The code of the element that is printed first.
    pub(crate) fn first_code(&self) -> u8 {
        self.elements.first().map_or(0, |element| element.code())
    }

    pub(crate) fn has_clock(&self) -> bool {
        self.elements.contains(&Element::Second)
    }

    /// Whether `text` is a time printed in this layout.
    fn is_time(&self, text: &[u8]) -> bool {
        self.parse(text).is_some()
    }

    /// The ticks of a time printed in this layout, since 1970-01-01.
    pub(crate) fn parse(&self, text: &[u8]) -> Option<i64> {
        if text.len() != self.width {
            return None;
        }
        let mut rest = text;
        let mut fields = Fields::default();
        for &element in &self.elements {
            let field;
            (field, rest) = rest.split_at_checked(element.width())?;
            fields.set(element, element.read(field)?);
        }
        fields.ticks(self.ticks_per_second)
    }

    /// Appends the time of `ticks`. Any ticks print something; only those from `parse` print a time.
    pub(crate) fn print(&self, ticks: i64, dst: &mut Vec<u8>) {
        let seconds = ticks.div_euclid(self.ticks_per_second);
        let fraction = ticks.rem_euclid(self.ticks_per_second);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        for &element in &self.elements {
            match element {
                Element::Year => digits(dst, year, 4),
                Element::YearShort => digits(dst, year, 2),
                Element::Month => digits(dst, month, 2),
                Element::MonthName => name(dst, MONTHS, month - 1),
                Element::DaySpace if day < 10 => {
                    dst.push(b' ');
                    digits(dst, day, 1);
                }
                Element::Day | Element::DaySpace => digits(dst, day, 2),
                Element::Weekday => name(dst, WEEKDAYS, days.rem_euclid(7)),
                Element::Hour => digits(dst, second / 3600, 2),
                Element::Minute => digits(dst, second / 60 % 60, 2),
                Element::Second => digits(dst, second % 60, 2),
                Element::Fraction(width) => digits(dst, fraction, width.into()),
                Element::Literal(byte) => dst.push(byte),
            }
        }
    }
}

/// The fields of a time while it is read; 0 where not printed.
#[derive(Default)]
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    weekday: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
}

impl Fields {
    fn set(&mut self, element: Element, value: i64) {
        match element {
            Element::Year => self.year = value,
            Element::YearShort => self.year = 2000 + value,
            Element::Month => self.month = value,
            Element::MonthName => self.month = value + 1,
            Element::Day | Element::DaySpace => self.day = value,
            Element::Weekday => self.weekday = Some(value),
            Element::Hour => self.hour = value,
            Element::Minute => self.minute = value,
            Element::Second => self.second = value,
            Element::Fraction(_) => self.fraction = value,
            Element::Literal(_) => {}
        }
    }

    fn ticks(&self, ticks_per_second: i64) -> Option<i64> {
        let no_year = self.year == 0;
        // A time of day without a date counts from the epoch.
        let days = match (self.month, self.day) {
            (0, 0) if no_year => 0,
            (month, day) => days_from_civil(if no_year { NO_YEAR } else { self.year }, month, day)?,
        };
        if self.weekday.is_some_and(|weekday| no_year || days.rem_euclid(7) != weekday) {
            return None;
        }
        let seconds = days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second;
        seconds.checked_mul(ticks_per_second)?.checked_add(self.fraction)
    }
}

fn number(field: &[u8]) -> Option<i64> {
    let digit = |byte: u8| Some(byte.wrapping_sub(b'0')).filter(|&digit| digit < 10);
    if let &[tens, ones] = field {
        return Some(i64::from(digit(tens)? * 10 + digit(ones)?));
    }
    field.iter().try_fold(0i64, |value, &byte| Some(value * 10 + i64::from(digit(byte)?)))
}

fn position(names: &[u8], name: &[u8]) -> Option<i64> {
    names.chunks_exact(3).zip(0..).find_map(|(known, index)| (known == name).then_some(index))
}

fn name(dst: &mut Vec<u8>, names: &[u8], index: i64) {
    let index = usize::try_from(index).unwrap_or(0);
    dst.extend_from_slice(names.chunks_exact(3).nth(index).unwrap_or_default());
}

/// Appends the last `width` digits of `value`, which is not negative.
fn digits(dst: &mut Vec<u8>, value: i64, width: usize) {
    let start = dst.len();
    dst.resize(start + width, b'0');
    let mut value = value.unsigned_abs();
    for digit in dst.iter_mut().skip(start).rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_times_and_prints_them_again() {
        for text in [
            "2018-03-24T17:15:20.866738Z",
            "2015-10-18 18:01:53,885",
            "2026-11-24",
            "22/Jan/2019:03:56:16 +0330",
            "23-Nov-2026 08:42:53.670",
            "Jun 17 20:55:07",
            "Jul  1 11:39:48",
            "Sun Dec 04 05:04:03 2005",
            "17/06/09 20:10:52",
            "03-17 16:13:46.144",
            "2005-06-09-14.54.30.103580",
            "08:58:12.500437",
            "2020-07-20T09:09:26.817+0000",
            "Feb 29 00:00:00",
        ] {
            let (len, layout) = scan(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(len, text.len(), "{text}");
            assert_eq!(Layout::from_codes(&layout.to_codes()), Some(layout.clone()));
            let mut back = Vec::new();
            layout.print(layout.parse(text.as_bytes()).unwrap(), &mut back);
            assert_eq!(String::from_utf8(back).unwrap(), text);
        }
    }

    #[test]
    fn a_time_without_a_year_is_of_the_last_one() {
        let nanos = |text: &str| {
            let (_, layout) = scan(text.as_bytes()).unwrap();
            layout.parse(text.as_bytes()).unwrap() * 1_000_000_000
        };
        let now = nanos("2026-11-24 12:00:00");
        for (printed, expected) in [
            ("Jun 17 20:55:07", "2026-06-17 20:55:07"),
            ("Nov 25 11:59:59", "2026-11-25 11:59:59"),
            ("Nov 26 00:00:00", "2025-11-26 00:00:00"),
            ("Feb 29 10:00:00", "2026-02-28 10:00:00"),
            ("2025-01-01 00:00:00", "2025-01-01 00:00:00"),
        ] {
            assert_eq!(with_year(nanos(printed), now), nanos(expected), "{printed}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_found() {
        for text in [
            "23:59:60",
            "24:00:00",
            "31/Feb/2020:00:00:00",
            "1900-02-29",
            "2023-02-29",
            "10:20",
            "2026-13-01",
            "Mon Dec 04 05:04:03 2005",
        ] {
            assert!(scan(text.as_bytes()).is_none(), "{text}");
        }
    }
}
