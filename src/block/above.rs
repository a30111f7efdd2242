//! What stood in a line before a value that is part of one of its columns: values within messages are often those of fields
//! that the line prints as well.

use std::cell::OnceCell;

use crate::block::relate::{candidates, slots};
use crate::block::typed::Typed;
use crate::column::Strings;
use crate::template::Parsed;

/// A column of fewer values is not worth a look at the line around it.
const VALUES_MIN: usize = 64;

/// The block's table, as it looks from one of its columns.
#[derive(Debug)]
pub(crate) struct Top<'a> {
    parsed: &'a Parsed,
    typed: &'a [Typed],
    /// The columns of which a reader knows the numbers when it reads this one, as they are `typed`.
    known: &'a [bool],
    column: u32,
    /// Columns before it, each with the index of its last value (plus one; 0 for none) at each of the column's.
    others: OnceCell<Vec<(u32, Vec<u32>)>>,
}

impl<'a> Top<'a> {
    pub(crate) fn new(
        parsed: &'a Parsed,
        typed: &'a [Typed],
        known: &'a [bool],
        column: u32,
    ) -> Self {
        Self { parsed, typed, known, column, others: OnceCell::new() }
    }

    fn others(&self) -> &[(u32, Vec<u32>)] {
        self.others.get_or_init(|| self.look())
    }

    fn look(&self) -> Vec<(u32, Vec<u32>)> {
        let (parsed, column) = (self.parsed, self.column);
        if parsed.columns.get(column as usize).is_none_or(|values| values.len() < VALUES_MIN) {
            return Vec::new();
        }
        let slots = slots(parsed);
        let candidates = candidates(&slots, &parsed.ids, self.typed, Some(column));
        let candidates = candidates.get(column as usize).into_iter().flatten();
        let mut others: Vec<(u32, Vec<u32>)> =
            candidates.map(|&other| (other, Vec::new())).collect();
        // What the rows of each template do: count a value of the other of that number, or look at all (none).
        let step = |&slot: &u32| {
            let other = others.iter().position(|&(other, _)| other == slot);
            if slot == column { Some(None) } else { other.map(Some) }
        };
        let steps: Vec<Vec<Option<usize>>> =
            slots.iter().map(|slots| slots.iter().filter_map(step).collect()).collect();
        let mut next = vec![0u32; others.len()];
        for &id in &parsed.ids {
            for step in steps.get(id as usize).into_iter().flatten() {
                match step {
                    Some(other) => next.get_mut(*other).into_iter().for_each(|next| *next += 1),
                    None => others
                        .iter_mut()
                        .zip(&next)
                        .for_each(|((_, places), &next)| places.push(next)),
                }
            }
        }
        others
    }
}

/// Whose values those at hand are.
#[derive(Debug)]
enum Values<'a> {
    /// The column's itself.
    All,
    /// A column's of the table nested in some.
    Column(&'a Above<'a>, &'a Parsed, u32),
    /// Some of others.
    Some(&'a Above<'a>, Vec<u32>),
}

/// Where in the block's table the values stand that are being written.
#[derive(Debug)]
pub(crate) struct Above<'a> {
    top: &'a Top<'a>,
    values: Values<'a>,
    /// The number of the column's value that each is part of; empty if they are these.
    at: OnceCell<Vec<u32>>,
}

impl<'a> Above<'a> {
    /// The values of the column itself.
    pub(crate) fn all(top: &'a Top<'a>) -> Self {
        Self { top, values: Values::All, at: OnceCell::new() }
    }

    /// The values of a column of the table that is nested here.
    pub(crate) fn column(&'a self, parsed: &'a Parsed, column: u32) -> Above<'a> {
        Above { top: self.top, values: Values::Column(self, parsed, column), at: OnceCell::new() }
    }

    /// Those with these numbers.
    pub(crate) fn some(&'a self, numbers: Vec<u32>) -> Above<'a> {
        Above { top: self.top, values: Values::Some(self, numbers), at: OnceCell::new() }
    }

    /// The columns before this one that vary.
    pub(crate) fn others(&self) -> impl Iterator<Item = u32> {
        self.top.others().iter().map(|&(other, _)| other)
    }

    /// Which value of `other` came last before each value at hand, plus one; 0 for none.
    pub(crate) fn places(&self, other: u32) -> impl Fn(usize) -> u32 {
        let places = self.top.others().iter().find(|&&(known, _)| known == other);
        let places = places.map_or(&[][..], |(_, places)| places);
        move |value| places.get(self.at(value)).copied().unwrap_or(0)
    }

    /// The text of a column of the block's table.
    pub(crate) fn text(&self, other: u32) -> Option<&'a Strings> {
        self.top.parsed.columns.get(other as usize)
    }

    /// Its numbers, if a reader knows them.
    pub(crate) fn numbers(&self, other: u32) -> Option<&'a [i64]> {
        let known = self.top.known.get(other as usize).copied().unwrap_or(false);
        self.top.typed.get(other as usize).filter(|_| known)?.numbers()
    }

    /// Whether its numbers are those of a dictionary's entries.
    pub(crate) fn is_dictionary(&self, other: u32) -> bool {
        matches!(self.top.typed.get(other as usize), Some(Typed::Dictionary { .. }))
    }

    /// The number of the column's value that a value at hand is part of.
    fn at(&self, value: usize) -> usize {
        if matches!(self.values, Values::All) {
            return value;
        }
        let at = self.at.get_or_init(|| self.look());
        at.get(value).map_or(usize::MAX, |&at| at as usize)
    }

    fn look(&self) -> Vec<u32> {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match &self.values {
            Values::All => Vec::new(),
            Values::Some(of, numbers) => {
                numbers.iter().map(|&value| number(of.at(value as usize))).collect()
            }
            Values::Column(of, parsed, column) => {
                let count = |slots: &&[u32]| slots.iter().filter(|&slot| slot == column).count();
                let counts: Vec<usize> = slots(parsed).iter().map(count).collect();
                let mut at = Vec::new();
                for (row, &id) in parsed.ids.iter().enumerate() {
                    let count = counts.get(id as usize).copied().unwrap_or(0);
                    at.extend(std::iter::repeat_n(number(of.at(row)), count));
                }
                at
            }
        }
    }
}
