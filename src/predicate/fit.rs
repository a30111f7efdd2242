//! A literal against a template: where it may stand in the lines of that template.

use crate::column::ByteSet;
use crate::error::Result;
use crate::predicate::literal::Literal;

/// Where a literal may stand in the lines of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// In constant text: every line has it.
    Always,
    /// In one of these slots, or partly in one; nowhere, if there are none.
    Slots(Vec<SlotFit>),
}

/// How a literal may meet a slot. Values of other slots are taken to be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotFit {
    /// Number of the slot in the template.
    pub(crate) slot: usize,
    /// The value may hold all of it.
    pub(crate) within: bool,
    /// So many of its bytes may stand right before the slot.
    before: Vec<usize>,
    /// All but so many of its first bytes may stand right behind the slot.
    behind: Vec<usize>,
}

impl Fit {
    /// Fits `literal` to a template of these constant `pieces`; `alphabets` are those of the slots between them.
    pub(crate) fn of(pieces: &[&[u8]], alphabets: &[ByteSet], literal: &Literal) -> Self {
        let len = literal.bytes.len();
        if pieces.iter().any(|piece| holds(piece, literal)) {
            return Self::Always;
        }
        let mut slots = Vec::new();
        for (slot, alphabet) in alphabets.iter().enumerate() {
            let left = pieces.get(slot).copied().unwrap_or_default();
            let right = pieces.get(slot + 1).copied().unwrap_or_default();
            let is_last = slot + 1 == alphabets.len();
            let allows = |from: usize, to: usize| {
                let part = literal.bytes.get(from..to).unwrap_or_default();
                part.iter().all(|&byte| {
                    alphabet.holds(byte)
                        || (literal.folded
                            && (alphabet.holds(byte.to_ascii_lowercase())
                                || alphabet.holds(byte.to_ascii_uppercase())))
                })
            };
            let mut fit = SlotFit { slot, within: allows(0, len), ..SlotFit::default() };
            let before = |&to: &usize| ends_with(left, literal, to);
            let behind = |&from: &usize| starts_with(right, literal, from, is_last);
            let (starts, ends): (Vec<_>, Vec<_>) =
                ((1..len).filter(before).collect(), (1..len).filter(behind).collect());
            let inner = |&from: &usize| {
                allows(from, len) || ends.iter().any(|&to| from <= to && allows(from, to))
            };
            fit.before = starts.iter().copied().filter(inner).collect();
            let inner = |&to: &usize| {
                allows(0, to) || starts.iter().any(|&from| from <= to && allows(from, to))
            };
            fit.behind = ends.into_iter().filter(inner).collect();
            if fit.within || !fit.before.is_empty() || !fit.behind.is_empty() {
                slots.push(fit);
            }
        }
        Self::Slots(slots)
    }
}

impl SlotFit {
    /// Keeps what is possible if values hold only those parts of the literal that `holds` says; whether any is left.
    pub(crate) fn retain(
        &mut self,
        literal: &Literal,
        mut holds: impl FnMut(&[u8]) -> Result<bool>,
    ) -> Result<bool> {
        let len = literal.bytes.len();
        let mut part = |from: usize, to: usize| {
            let part = literal.bytes.get(from..to).unwrap_or_default();
            if part.is_empty() { Ok(true) } else { holds(part) }
        };
        self.within = self.within && part(0, len)?;
        let (starts, ends) = (std::mem::take(&mut self.before), std::mem::take(&mut self.behind));
        for &from in &starts {
            let mut may = part(from, len)?;
            for &to in ends.iter().filter(|&&to| from <= to) {
                may = may || part(from, to)?;
            }
            if may {
                self.before.push(from);
            }
        }
        for &to in &ends {
            let mut may = part(0, to)?;
            for &from in starts.iter().filter(|&&from| from <= to) {
                may = may || part(from, to)?;
            }
            if may {
                self.behind.push(to);
            }
        }
        Ok(self.within || self.straddles())
    }

    /// The parts of the literal of which the value holds one, if the literal meets the slot at all.
    pub(crate) fn parts<'l>(&self, literal: &'l Literal) -> Vec<&'l [u8]> {
        let len = literal.bytes.len();
        let part = |from: usize, to: usize| literal.bytes.get(from..to).unwrap_or_default();
        let mut parts = Vec::new();
        if self.within {
            parts.push(part(0, len));
        }
        for &from in &self.before {
            parts.push(part(from, len));
            parts.extend(self.behind.iter().filter(|&&to| from <= to).map(|&to| part(from, to)));
        }
        parts.extend(self.behind.iter().map(|&to| part(0, to)));
        parts
    }

    /// Whether the literal may stand partly in the slot.
    pub(crate) fn straddles(&self) -> bool {
        !self.before.is_empty() || !self.behind.is_empty()
    }

    /// Whether the literal, which is not within `value`, may stand partly in it.
    pub(crate) fn may_straddle(&self, value: &[u8], literal: &Literal) -> bool {
        let len = literal.bytes.len();
        let part = |from: usize, to: usize| literal.bytes.get(from..to).unwrap_or_default();
        let same = |a: &[u8], b: &[u8]| {
            a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| literal.same(a, b))
        };
        let starts = |text: &[u8]| value.get(..text.len()).is_some_and(|start| same(start, text));
        let ends = |text: &[u8]| {
            let start = value.len().checked_sub(text.len());
            start.and_then(|start| value.get(start..)).is_some_and(|end| same(end, text))
        };
        self.before.iter().any(|&from| {
            starts(part(from, len))
                || self.behind.iter().any(|&to| from <= to && same(value, part(from, to)))
        }) || self.behind.iter().any(|&to| ends(part(0, to)))
    }
}

fn holds(piece: &[u8], literal: &Literal) -> bool {
    let len = literal.bytes.len();
    if !literal.folded {
        return memchr::memmem::find(piece, &literal.bytes).is_some();
    }
    piece.windows(len).any(|part| part.eq_ignore_ascii_case(&literal.bytes))
}

/// Whether the first `to` bytes of the literal end a `piece`. Where they begin before it, the slot before tells.
fn ends_with(piece: &[u8], literal: &Literal, to: usize) -> bool {
    let end = piece.len().checked_sub(to).and_then(|start| piece.get(start..));
    end.zip(literal.bytes.get(..to))
        .is_some_and(|(a, b)| a.iter().zip(b).all(|(&a, &b)| literal.same(a, b)))
}

/// Whether the literal from byte `from` on may start a `piece`, and go on behind it unless it is the last.
fn starts_with(piece: &[u8], literal: &Literal, from: usize, is_last: bool) -> bool {
    let rest = literal.bytes.get(from..).unwrap_or_default();
    if rest.len() > piece.len() && is_last {
        return false;
    }
    piece.iter().zip(rest).all(|(&a, &b)| literal.same(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Literal {
        Literal { bytes: text.as_bytes().to_vec(), folded: false }
    }

    #[test]
    fn constant_text_and_alphabets_decide() {
        let pieces = [&b"user "[..], b" took ", b" ms"];
        let alphabets = [ByteSet::any(), ByteSet::of(b"0123456789")];
        let fit = |text: &str| Fit::of(&pieces, &alphabets, &literal(text));
        assert_eq!(fit("took"), Fit::Always);
        let Fit::Slots(slots) = fit("alice") else { panic!() };
        assert_eq!(slots.iter().map(|slot| slot.slot).collect::<Vec<_>>(), [0]);
        assert!(!slots[0].straddles());
        let Fit::Slots(slots) = fit("took 7") else { panic!() };
        assert_eq!(slots.len(), 2, "a user may be called that");
        assert!(slots[1].may_straddle(b"73", &literal("took 7")));
        assert!(!slots[1].may_straddle(b"83", &literal("took 7")));
    }

    /// Every way of putting values into templates, against a search in the rendered line.
    #[test]
    fn no_line_that_holds_a_literal_is_missed() {
        let texts = ["", "a", "b", "ab", "ba", "aa"];
        let literals = ["a", "ab", "aab", "abab", "bb", "baab"];
        for pieces in
            [["", "", ""], ["a", "b", ""], ["b", "a", "a"], ["", "ab", "b"], ["aa", "", "b"]]
        {
            let pieces = pieces.map(str::as_bytes);
            for (one, other) in texts.iter().flat_map(|a| texts.iter().map(move |b| (*a, *b))) {
                let values = [one.as_bytes(), other.as_bytes()];
                let line = [pieces[0], values[0], pieces[1], values[1], pieces[2]].concat();
                for text in literals {
                    let literal = literal(text);
                    let alphabets = values.map(ByteSet::of);
                    let found = match Fit::of(&pieces, &alphabets, &literal) {
                        Fit::Always => true,
                        Fit::Slots(slots) => slots.iter().any(|fit| {
                            let value = values[fit.slot];
                            (fit.within && holds(value, &literal))
                                || fit.may_straddle(value, &literal)
                        }),
                    };
                    if memchr::memmem::find(&line, text.as_bytes()).is_some() {
                        assert!(found, "{text} in {pieces:?} with {one:?}, {other:?}");
                    }
                }
            }
        }
    }
}
