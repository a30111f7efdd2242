//! Numbers, and how many values of one column came before those of another.

use std::rc::Rc;

use crate::block::pick::{DEPTH_MAX, Moments, Picked, Picker, Stop};
use crate::block::tree::{Column, Integers};
use crate::encoding::keyed::Keyed;

impl Picker<'_> {
    /// Integers of `count`: those with the numbers `wanted`.
    pub(super) fn integers(
        &mut self,
        integers: &Integers,
        count: usize,
        wanted: &[u32],
        moments: &Moments,
        depth: u32,
    ) -> Picked<Vec<i64>> {
        let mut reader = self.context.integers(integers, count)?;
        let mut picked = Vec::with_capacity(wanted.len());
        let Some((reference, by_key)) = integers.reference else {
            reader.pick(wanted, |number| picked.push(number));
            return Ok(picked);
        };
        // Those of a nested table refer to columns of their own table, which are not followed.
        let own = moments.column()?;
        let told = self.numbers_of(reference.column, depth + 1)?;
        let before = self.before(own, reference.column)?;
        let last = |at: u32| {
            let (_, at) = moments.at(at)?;
            let before = before.get(at as usize).copied().unwrap_or(0);
            let last = before.checked_sub(1).and_then(|at| told.get(at as usize));
            Ok::<_, Stop>(last.copied().unwrap_or(0))
        };
        if !by_key {
            reader.pick(wanted, |number| picked.push(number));
            for (number, &at) in picked.iter_mut().zip(wanted) {
                *number = number.wrapping_add(last(at)?);
            }
            return Ok(picked);
        }
        let mut known = Keyed::<i64>::default();
        let mut wanted = wanted.iter().copied().peekable();
        let mut at = 0;
        while wanted.peek().is_some() {
            let known = known.entry(last(at)?);
            let number = reader.next().wrapping_add(known.as_deref().copied().unwrap_or(0));
            if let Some(known) = known {
                *known = number;
            }
            if wanted.next_if_eq(&at).is_some() {
                picked.push(number);
            }
            at += 1;
        }
        Ok(picked)
    }

    /// All numbers of a column of the block's table.
    pub(super) fn numbers_of(&mut self, column: u32, depth: u32) -> Picked<Rc<[i64]>> {
        if let Some(known) = self.numbers.get(&column) {
            return Ok(Rc::clone(known));
        }
        if depth > DEPTH_MAX {
            return Err(Stop::Whole);
        }
        let (node, count) = self.place(column)?;
        self.burn(count, 4)?;
        self.context.spend(count as u64 * 12)?;
        let numbers = match node {
            Column::Digits { numbers, .. }
            | Column::Time { ticks: numbers, .. }
            | Column::Dictionary { numbers, .. } => {
                if numbers.reference.is_none() {
                    self.context.integers(numbers, count)?.all(count)
                } else {
                    let all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
                    self.integers(numbers, count, &all, &Moments::Of(column, None), depth)?
                }
            }
            _ => vec![0; count],
        };
        let numbers: Rc<[i64]> = numbers.into();
        self.numbers.insert(column, Rc::clone(&numbers));
        Ok(numbers)
    }

    /// For each value of `column`, how many values of `other` came before it.
    pub(super) fn before(&mut self, column: u32, other: u32) -> Picked<Rc<[u32]>> {
        if let Some(known) = self.before.get(&(column, other)) {
            return Ok(Rc::clone(known));
        }
        let table = &self.tree.table;
        let count = self.counts.columns.get(column as usize).copied().unwrap_or(0);
        self.burn(self.ids.len(), 2)?;
        self.context.spend(count as u64 * 4)?;
        let slots = table.columns_among(|slot| slot == column || slot == other);
        let mut before = Vec::with_capacity(count);
        let mut passed = 0;
        for &id in self.ids {
            for &slot in slots.get(id as usize).map_or(&[][..], Vec::as_slice) {
                if slot == column {
                    before.push(passed);
                }
                passed += u32::from(slot == other);
            }
        }
        let before: Rc<[u32]> = before.into();
        self.before.insert((column, other), Rc::clone(&before));
        Ok(before)
    }
}
