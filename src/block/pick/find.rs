//! Which values of a column may be what is looked for: found in its streams and numbers, most of them without being printed.

use std::rc::Rc;

use crate::block::hits::{self, Found, Hits, Needle};
use crate::block::number::{Asked, NumberPart};
use crate::block::pick::scope::{Moments, Scope};
use crate::block::pick::{DEPTH_MAX, Picked, Picker, Stop, corrupt};
use crate::block::tree::{Column, Integers};
use crate::column::timestamp::Layout;
use crate::encoding::packed::Unpacker;
use crate::error::ErrorKind;
use crate::predicate::Part;

impl<'a> Picker<'a> {
    /// Which values of a column of the block's table may be what is looked for.
    pub(super) fn find(&mut self, column: u32, part: &Part) -> Picked<Rc<Found>> {
        let top = Rc::clone(&self.top);
        match self.find_told(&top, column, part, 0) {
            // It would take too much memory, or too many columns tell each other.
            Err(Stop::Whole) => Ok(Rc::new(Found::All)),
            Err(Stop::Failed(error)) if matches!(error.kind(), ErrorKind::LimitExceeded { .. }) => {
                Ok(Rc::new(Found::All))
            }
            found => found,
        }
    }

    /// The same of any table.
    pub(super) fn find_told(
        &mut self,
        scope: &Rc<Scope<'a>>,
        column: u32,
        part: &Part,
        depth: u32,
    ) -> Picked<Rc<Found>> {
        let key = (scope.site(column), part.clone());
        if let Some(found) = self.found.get(&key) {
            return Ok(Rc::clone(found));
        }
        let found = if let Some(values) = self.loaded(scope, column) {
            hits::in_values(values, part)
        } else {
            let (node, count) = scope.column(column)?;
            self.find_in(node, count, part, (&Moments::of(scope, column), depth))?
        };
        let found = Rc::new(found);
        self.found.insert(key, Rc::clone(&found));
        Ok(found)
    }

    /// The same of any column, of `count` values.
    pub(super) fn find_in(
        &mut self,
        node: &'a Column,
        count: usize,
        part: &Part,
        (moments, depth): (&Moments<'a>, u32),
    ) -> Picked<Found> {
        if depth > DEPTH_MAX {
            return Ok(Found::All);
        }
        Ok(match node {
            Column::Constant(value) if part.is_met_by(value.of(self.meta)) => Found::All,
            Column::Constant(_) => Found::None,
            Column::Text(stream) => {
                let text = self.context.stream(*stream);
                self.burn(text.len() / 16, 1)?;
                let found = Needle::of(part).map_or(Found::All, |n| n.in_text(text, count));
                self.burn(found.looked_for(count), 20)?;
                found
            }
            Column::Packed { .. } => self.find_packed(node, count, part)?,
            Column::Digits { form, numbers, .. } => match NumberPart::of(*form, part) {
                Asked::Never => Found::None,
                Asked::Unknown => Found::All,
                Asked::Some(asked) => {
                    let may_be = |(least, most)| asked.may_be_among(least, most);
                    if !numbers.range().is_none_or(may_be) {
                        return Ok(Found::None);
                    }
                    self.burn(count, 2)?;
                    let numbers = self.all(numbers, count, moments, depth)?;
                    which(&numbers, !asked.is_certain(), |number| asked.is_met_by(number))
                }
            },
            Column::Time { .. } => self.find_times(node, count, part, (moments, depth))?,
            Column::Dictionary { distinct, numbers, entries } => {
                if *distinct > count {
                    return Err(corrupt("a dictionary is no longer than its column").into());
                }
                match self.find_in(entries, *distinct, part, (&Moments::None, depth + 1))? {
                    Found::Some(entries) => {
                        let unsure = entries.is_unsure();
                        let numbers = self.all(numbers, count, moments, depth)?;
                        let holds =
                            |number| usize::try_from(number).is_ok_and(|n| entries.holds(n));
                        which(&numbers, unsure, holds)
                    }
                    none_or_all => none_or_all,
                }
            }
            Column::Nested(table) => self.find_rows(table, count, part, (moments, depth + 1))?,
            Column::Predicted { .. } => {
                self.find_predicted(node, count, part, (moments, depth + 1))?
            }
            Column::Modelled => Found::All,
        })
    }

    fn find_packed(&mut self, node: &Column, count: usize, part: &Part) -> Picked<Found> {
        let Column::Packed { width, alphabet, stream } = node else { return Ok(Found::All) };
        let (width, packed) = (*width as usize, self.context.stream(*stream));
        if part.bytes.len() > width || !part.is_of(&node.alphabet(self.meta)) {
            return Ok(Found::None);
        }
        let len = width.saturating_mul(count);
        if alphabet.packed_len(len) != Some(packed.len()) {
            return Err(corrupt("a stream has its length").into());
        }
        self.burn(len, 2)?;
        self.context.spend(len as u64)?;
        let mut text = Vec::with_capacity(len);
        if Unpacker::new(alphabet, packed).next(len, &mut text).is_none() {
            return Err(corrupt("a packed text has its symbols").into());
        }
        self.context.budget += len as u64;
        Ok(hits::in_fixed(&text, width, count, part))
    }

    /// Times are printed where their layout could print it at all.
    fn find_times(
        &mut self,
        node: &Column,
        count: usize,
        part: &Part,
        (moments, depth): (&Moments<'a>, u32),
    ) -> Picked<Found> {
        let Column::Time { layouts, chosen, ticks } = node else { return Ok(Found::All) };
        let Part { bytes, folded, starts, ends, .. } = part;
        if !part.is_of(&node.alphabet(self.meta)) {
            return Ok(Found::None);
        }
        if !layouts.iter().any(|layout| layout.may_hold(bytes, *folded, *starts, *ends)) {
            return Ok(Found::None);
        }
        let chosen = match chosen {
            Some(chosen) => self.all(chosen, count, &Moments::None, depth)?,
            None => Rc::new([]),
        };
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let ticks = self.all(ticks, count, moments, depth)?;
        self.burn(count, 8)?;
        let (mut last, mut printed, mut holds) = (None, Vec::new(), false);
        let mut hits = Hits::none(count);
        for (value, &number) in ticks.iter().enumerate() {
            let layout = chosen.get(value).copied().unwrap_or(0);
            if last != Some((layout, number)) {
                last = Some((layout, number));
                let layout = usize::try_from(layout).ok().and_then(|layout| layouts.get(layout));
                let layout = layout.ok_or_else(|| corrupt("a time's layout is known"))?;
                printed.clear();
                layout.print(number / (finest / layout.ticks_per_second()), &mut printed);
                holds = part.is_met_by(&printed);
            }
            if holds {
                hits.add(value);
            }
        }
        Ok(hits.found(count))
    }

    /// Values that another column tells are what that one's are.
    fn find_predicted(
        &mut self,
        node: &'a Column,
        count: usize,
        part: &Part,
        (moments, depth): (&Moments<'a>, u32),
    ) -> Picked<Found> {
        let Column::Predicted { reference, by_key, misses, gaps: _, column } = node else {
            return Ok(Found::All);
        };
        // What has not been before is empty.
        if *misses > count || part.is_met_by(b"") {
            return Ok(Found::All);
        }
        let missed = self.missed(node)?;
        let own = moments.within(&missed);
        let among_misses = self.find_in(column, *misses, part, (&own, depth))?;
        let at = self.referred(moments, *reference)?;
        let (scope, _) = at.column()?;
        let among_others = if *by_key {
            Rc::new(Found::None)
        } else {
            self.find_told(scope, reference.column, part, depth)?
        };
        if (&among_misses, &*among_others) == (&Found::None, &Found::None) {
            return Ok(Found::None);
        }
        self.burn(count, if *by_key { 30 } else { 8 })?;
        let all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        let sources = if *by_key {
            self.by_key(reference.column, &missed, &all, &at, depth)?
        } else {
            self.same(reference.column, &missed, &all, &at)?
        };
        let mut hits = Hits::none(count);
        for (value, source) in sources.into_iter().enumerate() {
            let is_hit = match source {
                Some((true, miss)) => among_misses.holds(miss as usize),
                Some((false, told)) => among_others.holds(told as usize),
                None => false,
            };
            if is_hit {
                hits.add(value);
            }
        }
        let unsure = !among_misses.is_sure() || !among_others.is_sure();
        Ok(hits.but_unsure(unsure).found(count))
    }

    /// Takes from what may be done: so many values, at so much each.
    pub(super) fn burn(&mut self, values: usize, each: u64) -> Picked<()> {
        self.fuel = self.fuel.checked_sub(values as u64 * each).ok_or(Stop::Spent)?;
        Ok(())
    }

    /// All numbers of a column.
    pub(super) fn all(
        &mut self,
        integers: &Integers,
        count: usize,
        moments: &Moments<'a>,
        depth: u32,
    ) -> Picked<Rc<[i64]>> {
        if let Moments::Of(scope, column, None) = moments
            && let Ok((node, _)) = scope.column(*column)
            && node.numbers().is_some_and(|own| std::ptr::eq(own, integers))
        {
            return self.numbers_of(scope, *column, depth);
        }
        self.burn(count, if integers.reference.is_some() { 12 } else { 2 })?;
        self.context.spend(count as u64 * 8)?;
        if integers.reference.is_none() {
            return Ok(self.context.integers(integers, count)?.all(count).into());
        }
        let all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        Ok(self.integers(integers, count, &all, moments, depth)?.into())
    }
}

/// The values with numbers that pass.
fn which(numbers: &[i64], unsure: bool, passes: impl Fn(i64) -> bool) -> Found {
    let mut hits = Hits::none(numbers.len());
    for (value, _) in numbers.iter().enumerate().filter(|(_, number)| passes(**number)) {
        hits.add(value);
    }
    hits.but_unsure(unsure).found(numbers.len())
}
