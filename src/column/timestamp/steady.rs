//! Times of one layout, one after the other: mostly only the clock has moved since the last one.

use crate::column::timestamp::{Element, Layout};

/// Reads times of one layout. Remembers the last one, which only makes it faster.
#[derive(Clone, Debug)]
pub(crate) struct Steady {
    layout: Layout,
    /// Where the layout prints hour, minute and second, and the digits of the fraction behind them.
    clock: Option<(usize, usize)>,
    /// The last time that was read to its end.
    last: Vec<u8>,
    /// Its ticks, less those of its clock.
    midnight: i64,
}

impl Steady {
    pub(crate) fn new(layout: Layout) -> Self {
        let clock = clock_of(&layout);
        Self { layout, clock, last: Vec::new(), midnight: 0 }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn into_layout(self) -> Layout {
        self.layout
    }

    /// The ticks of a time printed in this layout, as [`Layout::parse`] gives them.
    pub(crate) fn parse(&mut self, text: &[u8]) -> Option<i64> {
        if let Some(clock) = self.same_day(text) {
            return Some(self.midnight.wrapping_add(clock));
        }
        let ticks = self.layout.parse(text)?;
        self.last.clear();
        self.last.extend_from_slice(text);
        match self.same_day(text) {
            Some(clock) => self.midnight = ticks.wrapping_sub(clock),
            None => self.clock = None,
        }
        Some(ticks)
    }

    /// The ticks of the clock in `text`, if all else in it is as in the last time.
    fn same_day(&self, text: &[u8]) -> Option<i64> {
        let (start, digits) = self.clock?;
        if text.len() != self.last.len() {
            return None;
        }
        let (before, rest) = text.split_at_checked(start)?;
        let (last_before, last_rest) = self.last.split_at_checked(start)?;
        let (&[h, hh, first, m, mm, second, s, ss], rest) = rest.split_first_chunk()?;
        let (&[_, _, last_first, _, _, last_second, _, _], last_rest) =
            last_rest.split_first_chunk()?;
        if before != last_before || (first, second) != (last_first, last_second) {
            return None;
        }
        let (hour, minute) = (pair(h, hh, 24)?, pair(m, mm, 60)?);
        let seconds = hour * 3600 + minute * 60 + pair(s, ss, 60)?;
        let mut ticks = seconds * self.layout.ticks_per_second();
        let mut kept = (rest, last_rest);
        if digits > 0 {
            let (fraction, tail) = rest.split_at_checked(digits + 1)?;
            let (last_fraction, last_tail) = last_rest.split_at_checked(digits + 1)?;
            let (mark, fraction) = fraction.split_first()?;
            if Some(mark) != last_fraction.first() {
                return None;
            }
            let mut number = 0;
            for byte in fraction {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                number = number * 10 + i64::from(digit);
            }
            ticks += number;
            kept = (tail, last_tail);
        }
        (kept.0 == kept.1).then_some(ticks)
    }
}

/// Where a layout prints a whole clock, and how many digits of a fraction.
fn clock_of(layout: &Layout) -> Option<(usize, usize)> {
    use Element::{Fraction, Hour, Literal, Minute, Second};
    let at = layout.elements.iter().position(|&element| element == Hour)?;
    let (before, clock) = layout.elements.split_at_checked(at)?;
    let start = before.iter().map(|element| element.width()).sum();
    match *clock {
        [Hour, Literal(_), Minute, Literal(_), Second, Literal(_), Fraction(digits), ..] => {
            Some((start, digits.into()))
        }
        [Hour, Literal(_), Minute, Literal(_), Second, ..] => Some((start, 0)),
        _ => None,
    }
}

/// The number that two digits print, if it is less than `limit`.
fn pair(tens: u8, ones: u8, limit: i64) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    let number = i64::from(tens) * 10 + i64::from(ones);
    (tens < 10 && ones < 10 && number < limit).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::timestamp::scan;

    #[test]
    fn reads_what_the_layout_reads() {
        let texts = [
            "2026-11-24 10:00:00,123",
            "2026-11-24 10:00:00,124",
            "2026-11-24 23:59:59,999",
            "2026-11-24 24:00:00,000",
            "2026-11-24 10:60:00,000",
            "2026-11-24 10:00:0x,000",
            "2026-11-24 10:00:00,00x",
            "2026-11-24 10-00:00,000",
            "2026-11-24 10:00:00.000",
            "2026-02-30 10:00:00,000",
            "2026-11-25 00:00:00,000",
            "2026-11-25 00:00:00",
            "Jun 17 20:55:07",
            "Jul  1 11:39:48",
            "Sun Dec 04 05:04:03 2005",
            "Sun Dec 04 05:04:04 2006",
            "10:00:00 +0100",
            "10:00:01 +0200",
            "2026-11-24",
        ];
        for first in texts {
            let Some((_, layout)) = scan(first.as_bytes()) else { continue };
            let mut steady = Steady::new(layout.clone());
            for text in texts.into_iter().chain(texts) {
                let expected = layout.parse(text.as_bytes());
                assert_eq!(steady.parse(text.as_bytes()), expected, "{text} after {first}");
            }
        }
    }
}
