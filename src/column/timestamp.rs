//! Printed times ↔ ticks (`docs/FORMAT.md`, "Time").
//!
//! A [`Layout`] is what a strptime format is: fixed-width fields and literals. A time is recognised only if it is valid
//! (month, day of that month, hour, minute, second below 60, the right weekday), so that printing its ticks in the same
//! layout gives the same bytes. Nothing of the machine's zone or clock is looked at; a zone is literal text.

/// The most elements a layout may have.
const ELEMENTS_MAX: usize = 40;
/// Where the log prints no year, a leap year stands in, so that 29 February is valid.
const NO_YEAR: i64 = 1972;
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
/// 1970-01-01 was a Thursday.
const WEEKDAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";

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
}

impl Layout {
    fn new(elements: Vec<Element>) -> Self {
        let digits = elements.iter().find_map(|element| match element {
            Element::Fraction(digits) => Some(u32::from(*digits)),
            _ => None,
        });
        Self { elements, ticks_per_second: 10i64.pow(digits.unwrap_or(0)) }
    }

    /// The form on disk.
    pub(crate) fn to_codes(&self) -> Vec<u8> {
        self.elements.iter().map(|element| element.code()).collect()
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

    /// The ticks of a time printed in this layout, since 1970-01-01.
    pub(crate) fn parse(&self, text: &[u8]) -> Option<i64> {
        let mut rest = text;
        let mut fields = Fields::default();
        for &element in &self.elements {
            rest = fields.take(element, rest)?;
        }
        if rest.is_empty() { fields.ticks(self.ticks_per_second) } else { None }
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
    fn take<'a>(&mut self, element: Element, src: &'a [u8]) -> Option<&'a [u8]> {
        let width = match element {
            Element::Year => 4,
            Element::MonthName | Element::Weekday => 3,
            Element::Fraction(width) => width.into(),
            Element::Literal(_) => 1,
            _ => 2,
        };
        let (field, rest) = src.split_at_checked(width)?;
        match element {
            Element::Year => {
                self.year = number(field).filter(|year| (1970..2200).contains(year))?;
            }
            Element::YearShort => self.year = 2000 + number(field)?,
            Element::Month => self.month = number(field)?,
            Element::MonthName => self.month = position(MONTHS, field)? + 1,
            Element::Day => self.day = number(field)?,
            Element::DaySpace => {
                self.day = match field {
                    [b' ', digit] => number(&[*digit]).filter(|&day| day > 0)?,
                    _ => number(field).filter(|&day| day > 9)?,
                }
            }
            Element::Weekday => self.weekday = Some(position(WEEKDAYS, field)?),
            Element::Hour => self.hour = number(field).filter(|&hour| hour < 24)?,
            Element::Minute => self.minute = number(field).filter(|&minute| minute < 60)?,
            Element::Second => self.second = number(field).filter(|&second| second < 60)?,
            Element::Fraction(_) => self.fraction = number(field)?,
            Element::Literal(byte) => return (field == [byte]).then_some(rest),
        }
        Some(rest)
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

/// Finds the time at the start of `text`: its length in bytes and its layout.
pub(crate) fn scan(text: &[u8]) -> Option<(usize, Layout)> {
    let mut scanner = Scanner { text, at: 0, elements: Vec::with_capacity(24) };
    let found = match text {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-' | b'/' | b'.', ..] => {
            scanner.year_first()
        }
        [_, _, b'/' | b'-' | b' ', b'A'..=b'S', _, _, ..] => scanner.day_first(),
        [b'0'..=b'9', b'0'..=b'9', b'/' | b'-', _, _, b' ' | b'/' | b'-', ..] => {
            scanner.month_first()
        }
        [b'0'..=b'9', b'0'..=b'9', b':', _, _, b':', ..] => scanner.time_of_day(),
        [b'A'..=b'W', b'a'..=b'u', b'b'..=b'y', b' ', ..] => scanner.names_first(),
        _ => None,
    };
    found?;
    let (at, layout) = (scanner.at, Layout::new(scanner.elements));
    let ends = text.get(at).is_none_or(|next| !next.is_ascii_alphanumeric());
    (ends && layout.parse(text.get(..at)?).is_some()).then_some((at, layout))
}

/// Whether a time may start with this byte.
pub(crate) fn may_start(byte: u8) -> bool {
    byte.is_ascii_digit()
        || matches!(byte, b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W')
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    elements: Vec<Element>,
}

impl Scanner<'_> {
    /// Takes an element if the text goes on with it.
    fn element(&mut self, element: Element) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let after = Fields::default().take(element, rest)?;
        self.at = self.text.len() - after.len();
        self.elements.push(element);
        Some(())
    }

    /// Takes the next byte as a literal if it is one of `bytes`.
    fn one_of(&mut self, bytes: &[u8]) -> Option<()> {
        let byte = *self.text.get(self.at)?;
        if bytes.contains(&byte) { self.element(Element::Literal(byte)) } else { None }
    }

    /// Takes what `take` takes, or nothing.
    fn optional(&mut self, take: impl FnOnce(&mut Self) -> Option<()>) {
        let (at, elements) = (self.at, self.elements.len());
        if take(self).is_none() {
            self.at = at;
            self.elements.truncate(elements);
        }
    }

    fn year_first(&mut self) -> Option<()> {
        self.element(Element::Year)?;
        self.one_of(b"-/.")?;
        self.element(Element::Month)?;
        self.one_of(b"-/.")?;
        self.element(Element::Day)?;
        self.optional(|s| {
            s.one_of(b"T -_:")?;
            s.time_of_day()
        });
        Some(())
    }

    fn day_first(&mut self) -> Option<()> {
        self.element(Element::Day)?;
        self.one_of(b"/- ")?;
        self.element(Element::MonthName)?;
        self.one_of(b"/- ")?;
        self.element(Element::Year)?;
        self.one_of(b": ")?;
        self.time_of_day()
    }

    fn month_first(&mut self) -> Option<()> {
        self.optional(|s| {
            s.element(Element::YearShort)?;
            s.one_of(b"/-")?;
            s.element(Element::Month)?;
            s.one_of(b"/-")?;
            s.element(Element::Day)
        });
        if self.at == 0 {
            self.element(Element::Month)?;
            self.one_of(b"/-")?;
            self.element(Element::Day)?;
        }
        self.one_of(b" ")?;
        self.time_of_day()
    }

    fn names_first(&mut self) -> Option<()> {
        self.optional(|s| {
            s.element(Element::Weekday)?;
            s.one_of(b" ")
        });
        self.element(Element::MonthName)?;
        self.one_of(b" ")?;
        self.element(Element::DaySpace).or_else(|| self.element(Element::Day))?;
        self.one_of(b" ")?;
        self.clock()?;
        self.optional(|s| {
            s.one_of(b" ")?;
            s.element(Element::Year)
        });
        Some(())
    }

    fn time_of_day(&mut self) -> Option<()> {
        self.clock()?;
        self.optional(|s| s.one_of(b"Z"));
        self.optional(|s| {
            s.optional(|s| s.one_of(b" "));
            s.one_of(b"+-")?;
            for _ in 0..2 {
                s.one_of(b"0123456789")?;
            }
            s.optional(|s| s.one_of(b":"));
            for _ in 0..2 {
                s.one_of(b"0123456789")?;
            }
            Some(())
        });
        Some(())
    }

    fn clock(&mut self) -> Option<()> {
        self.element(Element::Hour)?;
        self.one_of(b":.")?;
        self.element(Element::Minute)?;
        self.one_of(b":.")?;
        self.element(Element::Second)?;
        self.optional(|s| {
            s.one_of(b".,:")?;
            let digits =
                s.text.get(s.at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let digits = u8::try_from(digits).ok().filter(|digits| (1..=9).contains(digits))?;
            s.element(Element::Fraction(digits))
        });
        Some(())
    }
}

fn number(field: &[u8]) -> Option<i64> {
    field.iter().try_fold(0i64, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
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

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, after Howard Hinnant, "chrono-compatible
/// low-level date algorithms". `None` if there is no such date.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01 (same source).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
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

    #[test]
    fn every_day_of_two_centuries_round_trips() {
        for days in 0..84_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_from_civil(year, month, day), Some(days));
        }
    }
}
