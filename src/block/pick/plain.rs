//! Values that stand in one stream, or are printed from numbers.

use crate::block::pick::scope::Moments;
use crate::block::pick::{Picked, Picker, Stop, corrupt};
use crate::block::tree::{Column, Integers};
use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::Width;
use crate::encoding::packed::{Alphabet, Unpacker};

impl<'a> Picker<'a> {
    pub(super) fn text(&mut self, text: &[u8], wanted: &[u32], picked: &mut Strings) -> Picked<()> {
        const RULE: &str = "a text column has its number of values";
        let mut ends = memchr::memchr_iter(b'\n', text);
        let (mut start, mut passed) = (0, 0);
        for &at in wanted {
            if let Some(skipped) = (at as usize - passed).checked_sub(1) {
                start = ends.nth(skipped).ok_or_else(|| corrupt(RULE))? + 1;
            }
            let end = ends.next().ok_or_else(|| corrupt(RULE))?;
            self.push(picked, text.get(start..end).unwrap_or_default())?;
            (start, passed) = (end + 1, at as usize + 1);
        }
        Ok(())
    }

    pub(super) fn packed(
        &mut self,
        (width, alphabet, packed): (usize, &Alphabet, &[u8]),
        count: usize,
        wanted: &[u32],
        picked: &mut Strings,
    ) -> Picked<()> {
        let len = width.checked_mul(count).and_then(|len| alphabet.packed_len(len));
        if len != Some(packed.len()) {
            return Err(corrupt("a stream has its length").into());
        }
        for &at in wanted {
            let start = at as usize * width;
            self.context.spend(width as u64)?;
            picked.try_push_with(|dst| {
                let known = Unpacker::at(alphabet, packed, start).next(width, dst);
                known.ok_or_else(|| corrupt("a packed text has its symbols"))
            })?;
        }
        Ok(())
    }

    pub(super) fn digits(
        &mut self,
        node: &Column,
        count: usize,
        wanted: &[u32],
        (moments, depth): (&Moments<'a>, u32),
        picked: &mut Strings,
    ) -> Picked<()> {
        let Column::Digits { form, widths, numbers } = node else { return Err(Stop::Whole) };
        let fixed = if let Width::Fixed(width) = form.width { width.into() } else { 0 };
        let widths = self.beside(widths.as_ref(), fixed, count, wanted, depth)?;
        let numbers = self.integers(numbers, count, wanted, moments, depth)?;
        for (number, width) in numbers.into_iter().zip(widths) {
            let width = usize::try_from(width).unwrap_or(0);
            picked.push_with(|dst| form.print(number, width, dst));
        }
        self.spend(picked)
    }

    pub(super) fn times(
        &mut self,
        node: &Column,
        count: usize,
        wanted: &[u32],
        (moments, depth): (&Moments<'a>, u32),
        picked: &mut Strings,
    ) -> Picked<()> {
        let Column::Time { layouts, chosen, ticks } = node else { return Err(Stop::Whole) };
        let chosen = self.beside(chosen.as_ref(), 0, count, wanted, depth)?;
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let ticks = self.integers(ticks, count, wanted, moments, depth)?;
        for (number, layout) in ticks.into_iter().zip(chosen) {
            let layout = usize::try_from(layout).ok().and_then(|at| layouts.get(at));
            let layout = layout.ok_or_else(|| corrupt("a time's layout is known"))?;
            let scale = finest / layout.ticks_per_second();
            picked.push_with(|dst| layout.print(number / scale, dst));
        }
        self.spend(picked)
    }

    /// Integers beside those of a column, which may be the same for all values.
    fn beside(
        &mut self,
        integers: Option<&Integers>,
        same: i64,
        count: usize,
        wanted: &[u32],
        depth: u32,
    ) -> Picked<Vec<i64>> {
        match integers {
            Some(integers) => self.integers(integers, count, wanted, &Moments::None, depth),
            None => Ok(vec![same; wanted.len()]),
        }
    }
}
