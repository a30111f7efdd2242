//! Which values of a column may be what is looked for, and how text as it is stored is searched for them.

use memchr::{memchr, memchr_iter};

use crate::column::Strings;
use crate::predicate::{Literal, Part, Run};

/// More than one hit in so many values tells too little: they are taken to be all.
const DENSE: usize = 8;
/// But so many are few.
const FEW: usize = 64;
/// In so many bytes of text, values are looked at one by one: making a search ready takes longer.
const SHORT: usize = 256;

/// Some of the values of a column, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    values: Vec<u64>,
    count: usize,
    /// Whether some of them may not be what is looked for.
    unsure: bool,
}

impl Hits {
    /// None of `count` values.
    pub(crate) fn none(count: usize) -> Self {
        Self { values: vec![0; count.div_ceil(64)], count: 0, unsure: false }
    }

    /// Says that some of them may not be what is looked for, if `unsure`.
    pub(crate) fn but_unsure(mut self, unsure: bool) -> Self {
        self.unsure |= unsure;
        self
    }

    pub(crate) fn add(&mut self, value: usize) {
        if let Some(word) = self.values.get_mut(value / 64) {
            self.count += usize::from(*word >> (value % 64) & 1 == 0);
            *word |= 1 << (value % 64);
        }
    }

    pub(crate) fn holds(&self, value: usize) -> bool {
        self.values.get(value / 64).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }

    /// Whether some of them may not be what is looked for.
    pub(crate) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The same, of `count` values.
    pub(crate) fn found(self, count: usize) -> Found {
        match self.count {
            0 => Found::None,
            hits if hits >= count => Found::All,
            _ => Found::Some(self),
        }
    }
}

/// Which values may be what is looked for. All that are it are among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    None,
    Some(Hits),
    /// Any of them.
    All,
}

impl Found {
    /// How many of `count` values had to be found to tell this.
    pub(crate) fn looked_for(&self, count: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Some(hits) => hits.count(),
            Self::All => count / DENSE,
        }
    }

    /// Whether those that are found are what was looked for, and not only may be.
    pub(crate) fn is_sure(&self) -> bool {
        match self {
            Self::None => true,
            Self::Some(hits) => !hits.unsure,
            Self::All => false,
        }
    }

    pub(crate) fn holds(&self, value: usize) -> bool {
        match self {
            Self::None => false,
            Self::Some(hits) => hits.holds(value),
            Self::All => true,
        }
    }
}

/// What is looked for in values that stand side by side, each behind the last one's newline.
#[derive(Debug)]
pub(crate) struct Needle<'p> {
    part: &'p Part,
    /// Its longest run of bytes that are not any, with newlines that must stand around it.
    finder: Option<Run>,
    /// Where in it that run is; behind a newline, if it starts with one.
    at: usize,
    starts: bool,
}

impl<'p> Needle<'p> {
    /// `None` if it cannot be searched for.
    pub(crate) fn of(part: &'p Part) -> Option<Self> {
        if part.beyond_ascii {
            return Some(Self { part, finder: None, at: 0, starts: false });
        }
        let (at, len) = Literal::run(&part.bytes);
        let starts = part.starts && at == 0;
        let ends = part.ends && at + len == part.bytes.len();
        let mut bytes = Vec::with_capacity(len + 2);
        bytes.extend(starts.then_some(b'\n'));
        bytes.extend_from_slice(part.bytes.get(at..at + len).unwrap_or_default());
        bytes.extend(ends.then_some(b'\n'));
        let finder = Run::new(&bytes, part.folded)?;
        Some(Self { part, finder: Some(finder), at, starts })
    }

    /// The place of a value, or in a value, that is what is looked for, at or behind byte `at`, where a value starts.
    pub(crate) fn find(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..).unwrap_or_default();
        let Some(finder) = &self.finder else {
            return rest.iter().position(|byte| !byte.is_ascii()).map(|found| at + found);
        };
        let len = self.part.bytes.len();
        let is_at = |start: usize| {
            let bytes = rest.get(start..start + len)?;
            let before = start.checked_sub(1).map(|before| rest.get(before));
            let first = !self.part.starts || before.is_none_or(|byte| byte == Some(&b'\n'));
            let last = !self.part.ends || rest.get(start + len) == Some(&b'\n');
            let inside = !bytes.contains(&b'\n');
            (first && last && inside && self.part.is(bytes)).then_some(at + start)
        };
        if let Some(found) = is_at(0) {
            return Some(found);
        }
        let mut from = 0;
        while let Some(found) = finder.find(rest.get(from..)?) {
            let run = from + found + usize::from(self.starts);
            if let Some(found) = run.checked_sub(self.at).and_then(is_at) {
                return Some(found);
            }
            from += found + 1;
        }
        None
    }

    /// Which of `count` values that each end with a newline.
    pub(crate) fn in_text(&self, text: &[u8], count: usize) -> Found {
        let mut hits = Hits::none(count);
        let (mut at, mut value) = (0, 0);
        while let Some(place) = self.find(text, at) {
            value += memchr_iter(b'\n', text.get(at..place).unwrap_or_default()).count();
            hits.add(value);
            if hits.count() > FEW.max(count / DENSE) {
                return Found::All;
            }
            let Some(end) = memchr(b'\n', text.get(place..).unwrap_or_default()) else { break };
            (at, value) = (place + end + 1, value + 1);
        }
        hits.found(count)
    }
}

/// Whether one of some values may be what is looked for, that each end with a newline.
pub(crate) fn is_in_text(text: &[u8], part: &Part) -> bool {
    if text.len() <= SHORT {
        let values = text.strip_suffix(b"\n").map(|values| values.split(|&byte| byte == b'\n'));
        return values.is_some_and(|mut values| values.any(|value| part.is_met_by(value)));
    }
    Needle::of(part).is_none_or(|needle| needle.find(text, 0).is_some())
}

/// Which of `count` values of one width.
pub(crate) fn in_fixed(text: &[u8], width: usize, count: usize, part: &Part) -> Found {
    let anywhere = Part { starts: false, ends: false, ..part.clone() };
    let Some(needle) = Needle::of(&anywhere) else { return Found::All };
    let mut hits = Hits::none(count);
    let mut at = 0;
    while let Some(found) = needle.find(text, at) {
        let Some(value) = found.checked_div(width) else { return Found::All };
        let (start, end) = (value * width, (value + 1) * width);
        // What is found may lie across two values.
        if part.is_met_by(text.get(start..end).unwrap_or_default()) {
            hits.add(value);
            at = end;
        } else {
            at = found + 1;
        }
    }
    hits.found(count)
}

/// Which values, by looking at each.
pub(crate) fn in_values(values: &Strings, part: &Part) -> Found {
    let mut hits = Hits::none(values.len());
    if part.starts || part.ends || part.bytes.is_empty() {
        for (number, _) in values.iter().enumerate().filter(|(_, value)| part.is_met_by(value)) {
            hits.add(number);
        }
        return hits.found(values.len());
    }
    let Some(needle) = Needle::of(part) else { return Found::All };
    let (bytes, ends) = (values.bytes(), values.ends());
    let mut at = 0;
    // Values stand side by side: what is found may lie across two of them. Then nothing is lost but time.
    while let Some(place) = needle.find(bytes, at) {
        let value = ends.partition_point(|&end| end as usize <= place);
        hits.add(value);
        let Some(&end) = ends.get(value) else { break };
        at = end as usize;
    }
    hits.but_unsure(true).found(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart() {
        let values = ["ab", "", "b", "aab", "ba", "ab", "AB"];
        let mut strings = Strings::default();
        for value in values {
            strings.push(value.as_bytes());
        }
        let text: Vec<u8> = values.iter().flat_map(|v| [v.as_bytes(), b"\n"].concat()).collect();
        for (bytes, bits) in ["a", "ab", "b", "ba", "aab", "a\nb", "\nb", "\n"]
            .iter()
            .flat_map(|t| (0..8).map(move |b| (t, b)))
        {
            let (folded, starts, ends) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            let bytes = bytes.as_bytes().to_vec();
            let part = Part { bytes, folded, starts, ends, ..Part::default() };
            let found = Needle::of(&part).unwrap().in_text(&text, values.len());
            let any = values.iter().any(|value| part.is_met_by(value.as_bytes()));
            let long = text.repeat(20);
            assert!(long.len() > SHORT && !is_in_text(b"", &part));
            assert_eq!((is_in_text(&text, &part), is_in_text(&long, &part)), (any, any));
            for (number, value) in values.iter().enumerate() {
                let is = part.is_met_by(value.as_bytes());
                assert_eq!(is_in_text(format!("{value}\n").as_bytes(), &part), is);
                assert_eq!(found.holds(number), is, "{part:?} in {value}");
                assert!(found.is_sure() || found == Found::All);
                assert!(in_values(&strings, &part).holds(number) || !is, "{part:?} in {value}");
            }
            let fixed = in_fixed(b"abbaabAB", 2, 4, &part);
            for (number, value) in [b"ab", b"ba", b"ab", b"AB"].iter().enumerate() {
                assert_eq!(fixed.holds(number), part.is_met_by(*value), "{part:?}");
            }
        }
        let empty = Part { starts: true, ends: true, ..Part::default() };
        let found = Needle::of(&empty).unwrap().in_text(&text, values.len());
        assert_eq!((0..7).filter(|&n| found.holds(n)).collect::<Vec<_>>(), [1]);
    }
}
