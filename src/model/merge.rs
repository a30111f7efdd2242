//! Columns that hold the same things become one, in row order (an encoder's choice).
//!
//! An address or a session is printed by many templates. In one column, a value is near where it was printed last,
//! whatever line printed it; the slot it stands in is a context.

use std::collections::BTreeMap;

use crate::column::{Interner, Strings};
use crate::line::{MARK, MARK_TIME};
use crate::template::Parsed;

/// Columns share a value with at most this many others that are compared.
const SHARERS_MAX: usize = 64;
/// Distinct values of a column that are looked at.
const DISTINCT_MAX: usize = 1 << 14;
/// Values shorter than this say nothing about what a column holds.
const LENGTH_MIN: usize = 3;
/// Nor do shorter numbers.
const DIGITS_MIN: usize = 5;
/// Two columns are one if this part of the bytes of the smaller one's distinct values is in both.
const SHARED_PART: usize = 3;

/// Merges columns of `parsed` that share values.
pub(crate) fn merge(parsed: Parsed) -> Parsed {
    let root = roots(&parsed.columns);
    if root.iter().enumerate().all(|(column, &root)| column == root) {
        return parsed;
    }
    // The new number of each column: by the first slot of any that it is made of.
    let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
    let mut slot_columns = Vec::with_capacity(parsed.slot_columns.len());
    for &column in &parsed.slot_columns {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let root = root.get(column as usize).copied().unwrap_or(0);
        slot_columns.push(*numbers.entry(root).or_insert(next));
    }
    let columns = interleave(&parsed, &slot_columns, numbers.len());
    Parsed { slot_columns, columns, ..parsed }
}

/// The values in row order, in their new columns.
fn interleave(parsed: &Parsed, slot_columns: &[u32], columns: usize) -> Vec<Strings> {
    let mut first_slots = vec![0];
    let mut slots = 0;
    for template in &parsed.templates {
        slots += template.iter().filter(|&&byte| byte == MARK || byte == MARK_TIME).count();
        first_slots.push(slots);
    }
    let mut merged = vec![Strings::default(); columns];
    let mut readers: Vec<_> = parsed.columns.iter().map(Strings::iter).collect();
    for &id in &parsed.ids {
        let Some(&[start, end]) = first_slots.get(id as usize..id as usize + 2) else { continue };
        let old = parsed.slot_columns.get(start..end).unwrap_or_default();
        let new = slot_columns.get(start..end).unwrap_or_default();
        for (&old, &new) in old.iter().zip(new) {
            let value = readers.get_mut(old as usize).and_then(Iterator::next);
            if let (Some(value), Some(column)) = (value, merged.get_mut(new as usize)) {
                column.push(value);
            }
        }
    }
    merged
}

/// For each column, the lowest of those it belongs together with.
fn roots(columns: &[Strings]) -> Vec<usize> {
    let mut known = Interner::default();
    let mut sharers: Vec<Vec<usize>> = Vec::new();
    // Bytes of the distinct values of each column, those that say nothing included.
    let mut bytes = vec![0usize; columns.len()];
    for (number, column) in columns.iter().enumerate() {
        let first = column.get(0);
        let mut distinct = 0;
        if column.iter().all(|value| value == first) {
            continue;
        }
        for value in column.iter().filter(|value| is_telling(value)) {
            let (id, new) = known.intern(value);
            if new {
                sharers.push(Vec::new());
            }
            let Some(sharers) = sharers.get_mut(id as usize) else { continue };
            if sharers.last() != Some(&number) && sharers.len() < SHARERS_MAX {
                sharers.push(number);
                distinct += 1;
                if let Some(bytes) = bytes.get_mut(number) {
                    *bytes += value.len();
                }
            }
            if distinct == DISTINCT_MAX {
                break;
            }
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (value, sharers) in known.strings().iter().zip(&sharers) {
        for (at, &high) in sharers.iter().enumerate() {
            for &low in sharers.iter().take(at) {
                *shared.entry((low, high)).or_insert(0) += value.len();
            }
        }
    }
    let mut root: Vec<usize> = (0..columns.len()).collect();
    let own = |column: usize| bytes.get(column).copied().unwrap_or(0);
    for ((low, high), shared) in shared {
        if shared * SHARED_PART >= own(low).min(own(high)) {
            join(&mut root, low, high);
        }
    }
    (0..columns.len()).map(|column| find(&root, column)).collect()
}

fn is_telling(value: &[u8]) -> bool {
    let least = if value.iter().all(u8::is_ascii_digit) { DIGITS_MIN } else { LENGTH_MIN };
    value.len() >= least
}

fn find(root: &[usize], mut column: usize) -> usize {
    while let Some(&up) = root.get(column) {
        if up == column {
            break;
        }
        column = up;
    }
    column
}

fn join(root: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(root, a), find(root, b));
    if let Some(up) = root.get_mut(a.max(b)) {
        *up = a.min(b);
    }
}
