//! What text a layout can print, whatever the time.

use crate::column::ByteSet;
use crate::column::timestamp::{Element, Layout, MONTHS, WEEKDAYS};

impl Layout {
    /// Whether some time may print as something that holds `text`, in any case of ASCII letters if `folded`: at its start, at
    /// its end, or anywhere. A newline in it is any byte. False is certain.
    pub(crate) fn may_hold(&self, text: &[u8], folded: bool, starts: bool, ends: bool) -> bool {
        let bytes = self.bytes();
        let Some(last) = bytes.len().checked_sub(text.len()) else { return false };
        let (first, last) = (if ends { last } else { 0 }, if starts { 0 } else { last });
        (first..=last).any(|at| {
            text.iter().zip(bytes.get(at..).unwrap_or_default()).all(|(byte, set)| {
                *byte == b'\n'
                    || set.holds(*byte)
                    || folded
                        && (set.holds(byte.to_ascii_lowercase())
                            || set.holds(byte.to_ascii_uppercase()))
            })
        })
    }

    /// The bytes that may stand at each place.
    fn bytes(&self) -> Vec<ByteSet> {
        const DIGITS: &[u8] = b"0123456789";
        let mut bytes = Vec::with_capacity(self.width());
        for &element in &self.elements {
            let first: &[u8] = match element {
                Element::Literal(byte) => {
                    bytes.push(ByteSet::of(&[byte]));
                    continue;
                }
                Element::MonthName | Element::Weekday => {
                    let names: &[u8] =
                        if element == Element::MonthName { MONTHS } else { WEEKDAYS };
                    for at in 0..3 {
                        let letters: Vec<u8> = names.iter().skip(at).step_by(3).copied().collect();
                        bytes.push(ByteSet::of(&letters));
                    }
                    continue;
                }
                Element::Month => b"01",
                Element::Day => b"0123",
                Element::DaySpace => b" 123",
                Element::Hour => b"012",
                Element::Minute | Element::Second => b"012345",
                Element::Year | Element::YearShort | Element::Fraction(_) => DIGITS,
            };
            bytes.push(ByteSet::of(first));
            bytes.extend((1..element.width()).map(|_| ByteSet::of(DIGITS)));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use crate::column::timestamp::scan;

    #[test]
    fn what_is_printed_may_be_held_and_what_cannot_be_is_told() {
        let time = b"Tue Nov 24 10:02:03.5 2026";
        let (_, layout) = scan(time).unwrap();
        for ticks in [0, 17, -1, 1_764_000_000, i64::MAX, i64::MIN] {
            let mut printed = Vec::new();
            layout.print(ticks, &mut printed);
            for (from, to) in
                (0..printed.len()).flat_map(|a| (a..=printed.len()).map(move |b| (a, b)))
            {
                let (starts, ends) = (from == 0, to == printed.len());
                assert!(layout.may_hold(&printed[from..to], false, starts, ends), "{ticks} {from}");
            }
        }
        assert!(layout.may_hold(b"10\n0", false, false, false));
        for text in ["10\n99", "10.99", "8120279040", "Xov", "7:99", "Tue  Nov", " 45 "] {
            assert!(!layout.may_hold(text.as_bytes(), true, false, false), "{text}");
        }
        assert!(layout.may_hold(b"NOV 2", true, false, false));
        assert!(!layout.may_hold(b"Nov", false, true, false));
        assert!(!layout.may_hold(b"Nov", false, false, true));
    }
}
