//! Joins columns that hold one sequence of values between them.
//!
//! Whether two templates print the same thing, or two things behind the same word, the text does not tell: a trial on
//! some rows does. It packs the values of kin columns apart and in row order, much as the encodings will, and joins
//! what comes out smaller.

use std::collections::HashMap;

use crate::codec::{Codec, Compressor};
use crate::column::{Interner, Strings};

/// Values of kin columns that a trial looks at.
const TRIAL: usize = 1 << 13;
/// What a column takes besides its values, in bytes.
const COLUMN: usize = 2;
/// Part of its size by which a joined column must be smaller: the codec finds more than the trial does in columns apart.
const MARGIN: usize = 8;
/// Bytes that joining must save at least.
const GAIN: usize = 16;
/// The same for a column of its own, of which the trial knows better what it costs.
const MARGIN_APART: usize = 32;
/// A slot with fewer values in the trial gets no column of its own.
const APART_MIN: usize = 64;
/// Digits of a number that a trial takes as a number.
const DIGITS_MAX: usize = 18;

/// Kin columns on trial.
#[derive(Debug, Default)]
struct Family {
    /// Number of columns.
    columns: usize,
    /// Their values in row order,
    joined: Strings,
    /// and the column of each.
    columns_of: Vec<u32>,
}

/// Values of columns with kin, collected from some rows.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The family of each column; none for a column without kin.
    family_of: Vec<Option<u32>>,
    families: Vec<Family>,
    /// The values of each column.
    apart: Vec<Strings>,
    /// Number of families that have as many values as are looked at.
    full: usize,
}

impl Trial {
    /// Starts a trial, if any columns are kin: share a key that is not 0.
    pub(crate) fn of(kin: &[u64]) -> Option<Self> {
        let mut known: HashMap<u64, u32> = HashMap::new();
        let mut families: Vec<Family> = Vec::new();
        let mut family_of = Vec::with_capacity(kin.len());
        for &key in kin {
            let next = u32::try_from(families.len()).unwrap_or(u32::MAX);
            let family = (key != 0).then(|| *known.entry(key).or_insert(next));
            if family == Some(next) {
                families.push(Family::default());
            }
            if let Some(family) = family.and_then(|family| families.get_mut(family as usize)) {
                family.columns += 1;
            }
            family_of.push(family);
        }
        for family in &mut family_of {
            let own = family.and_then(|family| families.get(family as usize));
            *family = family.filter(|_| own.is_some_and(|family| family.columns > 1));
        }
        let any = family_of.iter().any(Option::is_some);
        any.then(|| Self {
            apart: vec![Strings::default(); kin.len()],
            family_of,
            families,
            full: 0,
        })
    }

    /// Number of families that have as many values as are looked at.
    pub(crate) fn full(&self) -> usize {
        self.full
    }

    /// Whether more values of a column would be looked at.
    pub(crate) fn wants(&self, column: u32) -> bool {
        let family = self.family_of.get(column as usize).copied().flatten();
        let family = family.and_then(|family| self.families.get(family as usize));
        family.is_some_and(|family| family.joined.len() < TRIAL)
    }

    /// Takes the next value of a column.
    pub(crate) fn push(&mut self, column: u32, value: &[u8]) {
        let Some(&Some(family)) = self.family_of.get(column as usize) else { return };
        let Some(family) = self.families.get_mut(family as usize) else { return };
        if family.joined.len() < TRIAL
            && let Some(apart) = self.apart.get_mut(column as usize)
        {
            family.joined.push(value);
            family.columns_of.push(column);
            apart.push(value);
            self.full += usize::from(family.joined.len() == TRIAL);
        }
    }

    /// The column that each column is joined to: itself, or the first of its kin.
    pub(crate) fn joined(&self, compressor: &mut Compressor) -> Vec<u32> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.families.len()];
        for (&family, column) in self.family_of.iter().zip(0u32..) {
            if let Some(members) = family.and_then(|family| members.get_mut(family as usize)) {
                members.push(column);
            }
        }
        let mut target: Vec<u32> = (0u32..).take(self.family_of.len()).collect();
        for (family, members) in self.families.iter().zip(&members) {
            let [first, rest @ ..] = &members[..] else { continue };
            if !rest.is_empty() && self.pays(family, members, compressor) {
                for &column in rest {
                    if let Some(target) = target.get_mut(column as usize) {
                        *target = *first;
                    }
                }
            }
        }
        target
    }

    /// Which columns are smaller apart from the rest of their family: without a compressor all that have many values.
    pub(crate) fn apart(&self, mut compressor: Option<&mut Compressor>) -> Vec<bool> {
        let mut apart = vec![false; self.family_of.len()];
        let values = |column: u32| self.apart.get(column as usize).map_or(0, Strings::len);
        let mut large: Vec<Vec<u32>> = vec![Vec::new(); self.families.len()];
        for (&family, column) in self.family_of.iter().zip(0u32..) {
            if values(column) >= APART_MIN
                && let Some(large) = family.and_then(|family| large.get_mut(family as usize))
            {
                large.push(column);
            }
        }
        for (family, large) in self.families.iter().zip(&large) {
            let pays = match &mut compressor {
                Some(compressor) => self.pays_apart(family, large, compressor),
                None => true,
            };
            if pays {
                for &column in large {
                    if let Some(apart) = apart.get_mut(column as usize) {
                        *apart = true;
                    }
                }
            }
        }
        apart
    }

    fn pays_apart(&self, family: &Family, large: &[u32], compressor: &mut Compressor) -> bool {
        let mut apart = Vec::new();
        let mut rest = Strings::default();
        for (value, column) in family.joined.iter().zip(&family.columns_of) {
            if large.binary_search(column).is_err() {
                rest.push(value);
            }
        }
        if large.len() + usize::from(rest.len() > 0) < 2 {
            return false;
        }
        for values in large.iter().filter_map(|&column| self.apart.get(column as usize)) {
            pack(values, &mut apart);
        }
        pack(&rest, &mut apart);
        let mut joined = Vec::new();
        pack(&family.joined, &mut joined);
        let apart = size(&apart, compressor).saturating_add(COLUMN * large.len());
        apart.saturating_add(apart / MARGIN_APART + GAIN) < size(&joined, compressor)
    }

    fn pays(&self, family: &Family, members: &[u32], compressor: &mut Compressor) -> bool {
        let mut apart = Vec::new();
        for &column in members {
            if let Some(values) = self.apart.get(column as usize) {
                pack(values, &mut apart);
            }
        }
        let mut joined = Vec::new();
        pack(&family.joined, &mut joined);
        let joined = size(&joined, compressor);
        joined.saturating_add(joined / MARGIN + GAIN)
            < size(&apart, compressor).saturating_add(COLUMN * (members.len() - 1))
    }
}

/// What a quick codec leaves.
fn size(bytes: &[u8], compressor: &mut Compressor) -> usize {
    let stored = compressor.compress(Codec::Zstd(1), bytes);
    stored.map_or(usize::MAX, |(_, stored)| stored.len())
}

/// Appends what the values come to: numbers or their differences, numbers of distinct strings, or text.
fn pack(values: &Strings, dst: &mut Vec<u8>) {
    let is_number =
        |value: &[u8]| value.len() <= DIGITS_MAX && value.iter().all(u8::is_ascii_digit);
    if values.iter().all(is_number) {
        let digits = |number: i64, &digit: &u8| number * 10 + i64::from(digit & 15);
        let numbers: Vec<i64> = values.iter().map(|value| value.iter().fold(0, digits)).collect();
        let pairs = numbers.iter().skip(1).zip(&numbers);
        let differences: Vec<i64> = pairs.map(|(number, before)| number - before).collect();
        let bits = |numbers: &[i64]| -> u64 {
            numbers.iter().map(|number| u64::from(64 - number.unsigned_abs().leading_zeros())).sum()
        };
        let fewest = if bits(&differences) < bits(&numbers) { differences } else { numbers };
        return planes(&fewest, dst);
    }
    let mut distinct = Interner::default();
    let numbers: Vec<i64> = values.iter().map(|value| distinct.intern(value).0.into()).collect();
    let few = distinct.len() * 2 <= values.len();
    if few {
        planes(&numbers, dst);
    }
    for value in if few { distinct.strings() } else { values }.iter() {
        dst.extend_from_slice(value);
        dst.push(b'\n');
    }
}

/// Appends numbers, less the least: the lowest bytes of all, then the next.
fn planes(numbers: &[i64], dst: &mut Vec<u8>) {
    let least = numbers.iter().min().copied().unwrap_or(0);
    let most = numbers.iter().max().map_or(0, |most| most.wrapping_sub(least).cast_unsigned());
    for plane in (0..64).step_by(8).take_while(|&plane| most >> plane > 0) {
        let byte = |number: &i64| number.wrapping_sub(least) >> plane & 0xff;
        dst.extend(numbers.iter().map(|number| u8::try_from(byte(number)).unwrap_or(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(kin: &[u64], values: impl Iterator<Item = (u32, String)>) -> Vec<u32> {
        let mut trial = Trial::of(kin).unwrap();
        for (column, value) in values {
            trial.push(column, value.as_bytes());
        }
        trial.joined(&mut Compressor::default())
    }

    #[test]
    fn one_counter_in_two_columns_is_joined() {
        let turns = |i: u32| i.wrapping_mul(2_654_435_761) >> 30 & 1;
        assert_eq!(joined(&[5, 5], (0..900).map(|i| (turns(i), i.to_string()))), [0, 0]);
    }

    #[test]
    fn what_differs_stays_apart() {
        let value = |i: u32| {
            if i.is_multiple_of(2) { format!("{}", i * 7) } else { format!("eth{}", i % 3) }
        };
        assert_eq!(joined(&[5, 5], (0..900).map(|i| (i % 2, value(i)))), [0, 1]);
        assert!(Trial::of(&[5, 6, 0, 0]).is_none());
    }
}
