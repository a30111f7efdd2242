//! Where a time stands in a text, and how it is printed.

use crate::column::timestamp::{ELEMENTS_MAX, Element, Layout};

/// Layouts that a finder keeps at hand.
const RECENT: usize = 4;

/// Finds times, the layouts that came last first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Finder {
    recent: Vec<Recent>,
}

/// Bytes that are compared all at once. Times that are longer are read.
const LANES: usize = 32;

/// A layout, and a time printed in it.
#[derive(Clone, Debug)]
struct Recent {
    layout: Layout,
    last: [u8; LANES],
    /// For each byte of the text: digits below this may stand there instead, and it is a time still.
    free: [u8; LANES],
    /// The bits of each byte that matter: none behind the time.
    matter: [u8; LANES],
}

impl Recent {
    fn new(layout: Layout, text: &[u8]) -> Self {
        let mut digits = Vec::with_capacity(text.len());
        for &element in &layout.elements {
            match element {
                Element::Minute | Element::Second => digits.extend([6, 10]),
                Element::Fraction(count) => digits.resize(digits.len() + usize::from(count), 10),
                _ => digits.resize(digits.len() + element.width(), 0),
            }
        }
        let mut free = [0; LANES];
        free.iter_mut().zip(digits).for_each(|(free, digits)| *free = digits);
        let mut matter = [0; LANES];
        matter.iter_mut().take(layout.width()).for_each(|matter| *matter = u8::MAX);
        Self { layout, last: lanes(text), free, matter }
    }

    /// Whether a time in this layout is at the start of `text`. Mostly only the last digits have changed.
    fn is_time(&mut self, text: &[u8]) -> bool {
        let Some(time) = text.get(..self.layout.width()) else { return false };
        let alike = match text.first_chunk() {
            Some(text) => self.is_alike(text),
            None => self.is_alike(&lanes(time)),
        };
        if alike && time.len() <= LANES {
            return true;
        }
        let is_time = self.layout.is_time(time);
        if is_time {
            self.last = lanes(time);
        }
        is_time
    }

    /// Whether the bytes are those of the last time but for digits. No lane decides alone, so that all are looked at together.
    fn is_alike(&self, text: &[u8; LANES]) -> bool {
        let known = self.last.iter().zip(&self.free).zip(&self.matter);
        let differs = |(&byte, ((&last, &free), &matter)): (&u8, ((&u8, &u8), &u8))| {
            u8::from((byte ^ last) & matter != 0) & u8::from(byte.wrapping_sub(b'0') >= free)
        };
        text.iter().zip(known).map(differs).fold(0, |all, differs| all | differs) == 0
    }
}

/// The start of a text, and zeros behind it.
fn lanes(text: &[u8]) -> [u8; LANES] {
    let mut lanes = [0; LANES];
    lanes.iter_mut().zip(text).for_each(|(lane, &byte)| *lane = byte);
    lanes
}

impl Finder {
    /// The end of the time that starts at byte `at` of `text`, if one does.
    pub(crate) fn find(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let text = text.get(at..)?;
        if !may_be_time(text) {
            return None;
        }
        for (place, recent) in self.recent.iter_mut().enumerate() {
            if ends_surely(text, &recent.layout) && recent.is_time(text) {
                let len = recent.layout.width();
                if place > 0 {
                    self.recent.swap(place, place - 1);
                }
                return Some(at + len);
            }
        }
        let (len, layout) = scan(text)?;
        if !self.recent.iter().any(|recent| recent.layout == layout) {
            self.recent.truncate(RECENT - 1);
            self.recent.push(Recent::new(layout, text.get(..len)?));
        }
        Some(at + len)
    }
}

/// Whether a time in `layout` at the start of `text` cannot go on behind its last byte.
fn ends_surely(text: &[u8], layout: &Layout) -> bool {
    let width = layout.width();
    match text.get(width) {
        None | Some(b']' | b'"' | b')' | b'|' | b'\t' | b'\'' | b'>' | b'}') => true,
        // A date may be followed by a clock, a clock by a zone or a year.
        Some(b' ') => {
            layout.has_clock()
                && !matches!(text.get(width + 1), None | Some(b'0'..=b'9' | b'+' | b'-'))
        }
        Some(_) => false,
    }
}

/// Whether the first bytes of `text` may be a time's: a quick look that most words do not pass.
pub(crate) fn may_be_time(text: &[u8]) -> bool {
    match *text {
        [b'0'..=b'9', b'0'..=b'9', third, fourth, fifth, ..] => match third {
            b':' => fourth.is_ascii_digit() && fifth.is_ascii_digit(),
            b'/' | b'-' | b' ' => fourth.is_ascii_alphanumeric(),
            b'0'..=b'9' => fourth.is_ascii_digit() && matches!(fifth, b'-' | b'/' | b'.'),
            _ => false,
        },
        [b'A'..=b'W', _, _, b' ', ..] => matches!(
            text.first_chunk(),
            Some(
                b"Jan"
                    | b"Feb"
                    | b"Mar"
                    | b"Apr"
                    | b"May"
                    | b"Jun"
                    | b"Jul"
                    | b"Aug"
                    | b"Sep"
                    | b"Oct"
                    | b"Nov"
                    | b"Dec"
                    | b"Mon"
                    | b"Tue"
                    | b"Wed"
                    | b"Thu"
                    | b"Fri"
                    | b"Sat"
                    | b"Sun"
            )
        ),
        _ => false,
    }
}

/// Whether a time may start with this byte.
pub(crate) const fn may_start(byte: u8) -> bool {
    byte.is_ascii_digit()
        || matches!(byte, b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' | b'T' | b'W')
}

/// Finds the time at the start of `text`: its length in bytes and its layout.
pub(crate) fn scan(text: &[u8]) -> Option<(usize, Layout)> {
    if !may_be_time(text) {
        return None;
    }
    let elements = [Element::Year; ELEMENTS_MAX];
    let mut scanner = Scanner { text, at: 0, elements, len: 0 };
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
    let at = scanner.at;
    if text.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let layout = Layout::new(scanner.elements.get(..scanner.len)?.to_vec());
    layout.is_time(text.get(..at)?).then_some((at, layout))
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    elements: [Element; ELEMENTS_MAX],
    len: usize,
}

impl Scanner<'_> {
    /// Takes an element if the text goes on with it.
    fn element(&mut self, element: Element) -> Option<()> {
        let end = self.at + element.width();
        element.read(self.text.get(self.at..end)?)?;
        *self.elements.get_mut(self.len)? = element;
        self.at = end;
        self.len += 1;
        Some(())
    }

    /// Takes the next byte as a literal if it is one of `bytes`.
    fn one_of(&mut self, bytes: &[u8]) -> Option<()> {
        let byte = *self.text.get(self.at)?;
        if bytes.contains(&byte) { self.element(Element::Literal(byte)) } else { None }
    }

    /// Takes what `take` takes, or nothing.
    fn optional(&mut self, take: impl FnOnce(&mut Self) -> Option<()>) {
        let (at, len) = (self.at, self.len);
        if take(self).is_none() {
            self.at = at;
            self.len = len;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_layout_is_not_taken_for_less_than_is_there() {
        let mut finder = Finder::default();
        for text in [
            "2026-11-24",
            "2026-11-24 10:00:00",
            "10:00:00",
            "10:00:00.123 x",
            "10:00:00 +0100",
            "10:00:00 x",
            "10:00:60",
            "10:59:5x",
            "24:59:59",
            "23:59:59",
            "2026-11-31 10:00:00",
            "2026-11-30 23:59:59",
            "2026-11-30 23:60:00",
            "Jun 17 20:55:07 combo",
            "Jun 17 20:55:07 2005",
            "2026-11-24T10:00:00Z",
        ] {
            for behind in ["", "] and what comes behind it, to the end of the line"] {
                let text = format!("{text}{behind}");
                let expected = scan(text.as_bytes()).map(|(len, _)| len);
                for _ in 0..2 {
                    assert_eq!(finder.find(text.as_bytes(), 0), expected, "{text}");
                }
            }
        }
    }
}
