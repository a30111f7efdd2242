//! Values that another column tells, but for some.

use std::rc::Rc;

use crate::block::pick::scope::Moments;
use crate::block::pick::{Picked, Picker, Source, Stop};
use crate::block::tree::Column;
use crate::column::Strings;
use crate::encoding::keyed::Keyed;

impl<'a> Picker<'a> {
    /// Values that another column tells, but for some.
    pub(super) fn predicted(
        &mut self,
        node: &'a Column,
        wanted: &[u32],
        moments: &Moments<'a>,
        depth: u32,
    ) -> Picked<Strings> {
        let Column::Predicted { reference, by_key, misses, column, .. } = node else {
            return Err(Stop::Whole);
        };
        let missed = self.missed(node)?;
        let own = moments.within(&missed);
        let at = self.referred(moments, *reference)?;
        let sources = if *by_key {
            self.by_key(reference.column, &missed, wanted, &at, depth)?
        } else {
            self.same(reference.column, &missed, wanted, &at)?
        };
        let (scope, _) = at.column()?;
        let of = |missed: bool| -> Vec<u32> {
            sources
                .iter()
                .flatten()
                .filter(|(miss, _)| *miss == missed)
                .map(|(_, at)| *at)
                .collect()
        };
        let by_miss = self.repeated(&of(true), |picker, wanted| {
            picker.column(column, *misses, wanted, &own, depth)
        })?;
        let by_other = self.repeated(&of(false), |picker, wanted| {
            picker.told(scope, reference.column, wanted, depth)
        })?;
        let (mut misses, mut others) = (by_miss.iter(), by_other.iter());
        let mut picked = Strings::default();
        for source in &sources {
            let value = match source {
                Some((true, _)) => misses.next(),
                Some((false, _)) => others.next(),
                None => None,
            };
            self.push(&mut picked, value.unwrap_or_default())?;
        }
        self.context.budget += (by_miss.bytes().len() + by_other.bytes().len()) as u64;
        Ok(picked)
    }

    /// The numbers of the values that were not predicted.
    pub(super) fn missed(&mut self, node: &Column) -> Picked<Rc<[u32]>> {
        let Column::Predicted { misses, gaps, .. } = node else { return Err(Stop::Whole) };
        let mut reader = self.context.integers(gaps, *misses)?;
        self.context.spend(*misses as u64 * 4)?;
        let mut missed: Vec<u32> = Vec::with_capacity(*misses);
        let mut next = 0u64;
        for _ in 0..*misses {
            let at = next.saturating_add(reader.next().cast_unsigned());
            missed.push(u32::try_from(at).unwrap_or(u32::MAX));
            next = at.saturating_add(1);
        }
        Ok(missed.into())
    }

    /// Where each value comes from that another column's value predicts; `moments` are among those of its table.
    pub(super) fn same(
        &mut self,
        other: u32,
        missed: &[u32],
        wanted: &[u32],
        moments: &Moments<'a>,
    ) -> Picked<Vec<Source>> {
        let (scope, own) = moments.column()?;
        let before = self.before(scope, own, other)?;
        let source = |&at: &u32| {
            if let Ok(miss) = missed.binary_search(&at) {
                return Some((true, u32::try_from(miss).unwrap_or(u32::MAX)));
            }
            let before = before.get(moments.at(at) as usize).copied().unwrap_or(0);
            before.checked_sub(1).map(|told| (false, told))
        };
        Ok(wanted.iter().map(source).collect())
    }

    /// The same for what was there when the other column had its number the last time: a miss, always.
    pub(super) fn by_key(
        &mut self,
        other: u32,
        missed: &[u32],
        wanted: &[u32],
        moments: &Moments<'a>,
        depth: u32,
    ) -> Picked<Vec<Source>> {
        let (scope, own) = moments.column()?;
        let told = self.numbers_of(scope, other, depth)?;
        let before = self.before(scope, own, other)?;
        let key = |at: u32| {
            let before = before.get(moments.at(at) as usize).copied().unwrap_or(0);
            let last = before.checked_sub(1).and_then(|last| told.get(last as usize));
            last.copied().unwrap_or(0)
        };
        let mut sources = Vec::with_capacity(wanted.len());
        let mut misses = (0u32..).zip(missed.iter().copied()).peekable();
        // The number of a miss plus one, or 0 for none.
        if let Some(mut known) = few_keys::<u32>(&told) {
            // No key is forgotten: what is known changes with misses only.
            for &at in wanted {
                while let Some((miss, missed)) = misses.next_if(|&(_, missed)| missed <= at) {
                    if let Some(known) = known.entry(key(missed)) {
                        *known = miss + 1;
                    }
                }
                let source = known.get(key(at)).unwrap_or(0);
                sources.push(source.checked_sub(1).map(|miss| (true, miss)));
            }
            return Ok(sources);
        }
        let mut known = Keyed::<u32>::default();
        let mut wanted = wanted.iter().copied().peekable();
        let mut at = 0;
        while wanted.peek().is_some() {
            let key = key(at);
            let source = match misses.next_if(|&(_, missed)| missed == at) {
                Some((miss, _)) => miss + 1,
                None => known.get(key).unwrap_or(0),
            };
            if let Some(known) = known.entry(key) {
                *known = source;
            }
            if wanted.next_if_eq(&at).is_some() {
                sources.push(source.checked_sub(1).map(|miss| (true, miss)));
            }
            at += 1;
        }
        Ok(sources)
    }
}

/// For what is remembered by the numbers of a column, and by 0 before the first, if they are all remembered.
pub(super) fn few_keys<T>(numbers: &[i64]) -> Option<Keyed<T>> {
    let (least, greatest) =
        numbers.iter().fold((0, 0), |(least, most): (i64, i64), &n| (least.min(n), most.max(n)));
    Keyed::within(least, greatest)
}
