//! Numbers, and how many values of one column came before those of another.

use std::rc::Rc;

use crate::block::pick::predicted::few_keys;
use crate::block::pick::scope::{Moments, Scope};
use crate::block::pick::{DEPTH_MAX, Picked, Picker, Stop};
use crate::block::tree::{Column, Integers};

impl<'a> Picker<'a> {
    /// Integers of `count`: those with the numbers `wanted`.
    pub(super) fn integers(
        &mut self,
        integers: &Integers,
        count: usize,
        wanted: &[u32],
        moments: &Moments<'a>,
        depth: u32,
    ) -> Picked<Vec<i64>> {
        let mut reader = self.context.integers(integers, count)?;
        let mut picked = Vec::with_capacity(wanted.len());
        let Some((reference, by_key)) = integers.reference else {
            reader.pick(wanted, |number| picked.push(number));
            return Ok(picked);
        };
        let moments = self.referred(moments, reference)?;
        let (scope, own) = moments.column()?;
        let told = self.numbers_of(scope, reference.column, depth + 1)?;
        let before = self.before(scope, own, reference.column)?;
        let last = |at: u32| {
            let before = before.get(moments.at(at) as usize).copied().unwrap_or(0);
            let last = before.checked_sub(1).and_then(|at| told.get(at as usize));
            last.copied().unwrap_or(0)
        };
        if !by_key {
            reader.pick(wanted, |number| picked.push(number));
            for (number, &at) in picked.iter_mut().zip(wanted) {
                *number = number.wrapping_add(last(at));
            }
            return Ok(picked);
        }
        let mut known = few_keys::<i64>(&told).unwrap_or_default();
        let mut wanted = wanted.iter().copied().peekable();
        let mut at = 0;
        while wanted.peek().is_some() {
            let known = known.entry(last(at));
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

    /// All numbers of a column of a table.
    pub(super) fn numbers_of(
        &mut self,
        scope: &Rc<Scope<'a>>,
        column: u32,
        depth: u32,
    ) -> Picked<Rc<[i64]>> {
        let site = scope.site(column);
        if let Some(known) = self.numbers.get(&site) {
            return Ok(Rc::clone(known));
        }
        if depth > DEPTH_MAX {
            return Err(Stop::Whole);
        }
        let (node, count) = scope.column(column)?;
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
                    self.integers(numbers, count, &all, &Moments::of(scope, column), depth)?
                }
            }
            _ => vec![0; count],
        };
        let numbers: Rc<[i64]> = numbers.into();
        self.numbers.insert(site, Rc::clone(&numbers));
        Ok(numbers)
    }

    /// For each value of `column`, how many values of `other` came before it.
    pub(super) fn before(
        &mut self,
        scope: &Scope<'a>,
        column: u32,
        other: u32,
    ) -> Picked<Rc<[u32]>> {
        let key = (scope.site(column), other);
        if let Some(known) = self.before.get(&key) {
            return Ok(Rc::clone(known));
        }
        let (_, count) = scope.column(column)?;
        self.burn(scope.ids().len(), 2)?;
        self.context.spend(count as u64 * 4)?;
        let table = scope.table;
        let slots = table.columns_among(|slot| slot == column || slot == other);
        let mut before = Vec::with_capacity(count);
        let mut passed = 0;
        for &id in scope.ids() {
            for &slot in slots.of(id as usize) {
                if slot == column {
                    before.push(passed);
                }
                passed += u32::from(slot == other);
            }
        }
        let before: Rc<[u32]> = before.into();
        self.before.insert(key, Rc::clone(&before));
        Ok(before)
    }
}
