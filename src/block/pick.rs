//! Some values of a column, without those between them: what a few lines need.
//!
//! Values are picked by their numbers in their column. What a column is told by, another one's values, is picked in turn;
//! numbers that differences run through are added up, but not printed.

use std::collections::HashMap;
use std::rc::Rc;

use crate::block::places::{Places, Rendered};
use crate::block::reader::{Context, unknown_template};
use crate::block::tree::{Column, Counts, Integers, Table, Tree};
use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::Width;
use crate::encoding::keyed::Keyed;
use crate::encoding::packed::{Alphabet, Unpacker};
use crate::error::{Error, Section};

/// Columns that tell each other may do so over so many steps.
const DEPTH_MAX: u32 = 12;

/// Why values cannot be picked.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The block is damaged, or asks for too much.
    Failed(Error),
    /// This way of telling values by others is not followed here: the column has to be decoded as a whole.
    Whole,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where a value that is predicted comes from: a miss if it says so, else a value of the other column; which of them.
type Source = Option<(bool, u32)>;

type Picked<T> = Result<T, Stop>;

/// When the values of a column are rendered, which decides what other columns had last.
#[derive(Clone, Debug)]
enum Moments {
    /// Together with no line: entries of a dictionary, rows of a nested table.
    None,
    /// With the values of a column of the block's table: all of them, or those with these numbers.
    Of(u32, Option<Rc<[u32]>>),
}

impl Moments {
    /// The column, and the number of the value in it that goes with value `index`.
    fn at(&self, index: u32) -> Picked<(u32, u32)> {
        match self {
            Self::None => Err(Stop::Whole),
            Self::Of(column, None) => Ok((*column, index)),
            Self::Of(column, Some(some)) => {
                Ok((*column, some.get(index as usize).copied().unwrap_or(u32::MAX)))
            }
        }
    }

    fn column(&self) -> Picked<u32> {
        Ok(self.at(0)?.0)
    }
}

/// Picks values of a block, the sections of which have been decoded.
#[derive(Debug)]
pub(crate) struct Picker<'a> {
    pub(crate) context: Context<'a>,
    meta: &'a [u8],
    tree: &'a Tree,
    ids: &'a [u32],
    counts: &'a Counts,
    /// Columns that have been decoded as a whole.
    loaded: &'a [Option<Strings>],
    /// All numbers of a column.
    numbers: HashMap<u32, Rc<[i64]>>,
    /// For each value of one column, how many of another one's came before it.
    before: HashMap<(u32, u32), Rc<[u32]>>,
}

impl<'a> Picker<'a> {
    pub(crate) fn new(
        context: Context<'a>,
        (meta, tree): (&'a [u8], &'a Tree),
        (ids, counts): (&'a [u32], &'a Counts),
        loaded: &'a [Option<Strings>],
    ) -> Self {
        let (numbers, before) = (HashMap::new(), HashMap::new());
        Self { context, meta, tree, ids, counts, loaded, numbers, before }
    }

    /// Values of a column of the block's table: those with the numbers `wanted`, which ascend.
    pub(crate) fn top(&mut self, column: u32, wanted: &[u32]) -> Picked<Strings> {
        self.told(column, wanted, 0)
    }

    fn told(&mut self, column: u32, wanted: &[u32], depth: u32) -> Picked<Strings> {
        let loaded = self.loaded;
        if let Some(values) = loaded.get(column as usize).and_then(Option::as_ref) {
            let mut picked = Strings::default();
            for &at in wanted {
                self.push(&mut picked, values.get(at as usize))?;
            }
            return Ok(picked);
        }
        let tree = self.tree;
        let place =
            (tree.table.columns.get(column as usize), self.counts.columns.get(column as usize));
        let (Some(node), Some(&count)) = place else {
            return Err(corrupt("a column that is referred to exists").into());
        };
        self.column(node, count, wanted, &Moments::Of(column, None), depth)
    }

    /// Values of a column of `count` values.
    fn column(
        &mut self,
        node: &'a Column,
        count: usize,
        wanted: &[u32],
        moments: &Moments,
        depth: u32,
    ) -> Picked<Strings> {
        if depth > DEPTH_MAX {
            return Err(Stop::Whole);
        }
        if wanted.last().is_some_and(|&last| last as usize >= count) {
            return Err(corrupt("a column has all its values").into());
        }
        let mut picked = Strings::default();
        match node {
            Column::Modelled => return Err(Stop::Whole),
            Column::Constant(value) => {
                let value = value.of(self.meta);
                wanted.iter().try_for_each(|_| self.push(&mut picked, value))?;
            }
            Column::Text(stream) => {
                let text = self.context.stream(*stream);
                self.text(text, wanted, &mut picked)?;
            }
            Column::Packed { width, alphabet, stream } => {
                let packed = self.context.stream(*stream);
                self.packed((*width as usize, alphabet, packed), count, wanted, &mut picked)?;
            }
            Column::Digits { .. } => {
                self.digits(node, count, wanted, (moments, depth), &mut picked)?;
            }
            Column::Time { .. } => {
                self.times(node, count, wanted, (moments, depth), &mut picked)?;
            }
            Column::Dictionary { distinct, numbers, entries } => {
                if *distinct > count {
                    return Err(corrupt("a dictionary is no longer than its column").into());
                }
                let numbers = self.integers(numbers, count, wanted, moments, depth)?;
                let entry = |number: i64| u32::try_from(number).ok();
                let numbers: Option<Vec<u32>> = numbers.into_iter().map(entry).collect();
                let numbers = numbers.ok_or_else(|| corrupt("a dictionary entry exists"))?;
                picked = self.repeated(&numbers, |picker, distinct_wanted| {
                    picker.column(entries, *distinct, distinct_wanted, &Moments::None, depth + 1)
                })?;
            }
            Column::Nested(table) => picked = self.rows(table, count, wanted, depth + 1)?,
            Column::Predicted { .. } => {
                picked = self.predicted(node, wanted, moments, depth + 1)?;
            }
        }
        Ok(picked)
    }

    fn text(&mut self, text: &[u8], wanted: &[u32], picked: &mut Strings) -> Picked<()> {
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

    fn packed(
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

    fn digits(
        &mut self,
        node: &Column,
        count: usize,
        wanted: &[u32],
        (moments, depth): (&Moments, u32),
        picked: &mut Strings,
    ) -> Picked<()> {
        let Column::Digits { form, widths, numbers } = node else { return Err(Stop::Whole) };
        let fixed = if let Width::Fixed(width) = form.width { width.into() } else { 0 };
        let widths = match widths {
            Some(widths) => self.integers(widths, count, wanted, &Moments::None, depth)?,
            None => vec![fixed; wanted.len()],
        };
        let numbers = self.integers(numbers, count, wanted, moments, depth)?;
        for (number, width) in numbers.into_iter().zip(widths) {
            let width = usize::try_from(width).unwrap_or(0);
            picked.push_with(|dst| form.print(number, width, dst));
        }
        self.spend(picked)
    }

    fn times(
        &mut self,
        node: &Column,
        count: usize,
        wanted: &[u32],
        (moments, depth): (&Moments, u32),
        picked: &mut Strings,
    ) -> Picked<()> {
        let Column::Time { layouts, chosen, ticks } = node else { return Err(Stop::Whole) };
        let chosen = match chosen {
            Some(chosen) => self.integers(chosen, count, wanted, &Moments::None, depth)?,
            None => vec![0; wanted.len()],
        };
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

    /// Values with these numbers in any order, which `pick` can tell in ascending order only.
    fn repeated(
        &mut self,
        numbers: &[u32],
        pick: impl FnOnce(&mut Self, &[u32]) -> Picked<Strings>,
    ) -> Picked<Strings> {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let values = pick(self, &sorted)?;
        let mut picked = Strings::default();
        for number in numbers {
            let at = sorted.binary_search(number).unwrap_or(usize::MAX);
            self.push(&mut picked, values.get(at))?;
        }
        self.context.budget += values.bytes().len() as u64;
        Ok(picked)
    }

    /// Integers of `count`: those with the numbers `wanted`.
    fn integers(
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
        let told = self.numbers_of(reference.column, depth + 1)?;
        let before = self.before(moments.column()?, reference.column)?;
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
    fn numbers_of(&mut self, column: u32, depth: u32) -> Picked<Rc<[i64]>> {
        if let Some(known) = self.numbers.get(&column) {
            return Ok(Rc::clone(known));
        }
        if depth > DEPTH_MAX {
            return Err(Stop::Whole);
        }
        let tree = self.tree;
        let place =
            (tree.table.columns.get(column as usize), self.counts.columns.get(column as usize));
        let (Some(node), Some(&count)) = place else {
            return Err(corrupt("a column that is referred to exists").into());
        };
        self.context.spend(count as u64 * 12)?;
        let numbers = match node {
            Column::Digits { numbers, .. }
            | Column::Time { ticks: numbers, .. }
            | Column::Dictionary { numbers, .. } => {
                let all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
                self.integers(numbers, count, &all, &Moments::Of(column, None), depth)?
            }
            _ => vec![0; count],
        };
        let numbers: Rc<[i64]> = numbers.into();
        self.numbers.insert(column, Rc::clone(&numbers));
        Ok(numbers)
    }

    /// For each value of `column`, how many values of `other` came before it.
    fn before(&mut self, column: u32, other: u32) -> Picked<Rc<[u32]>> {
        if let Some(known) = self.before.get(&(column, other)) {
            return Ok(Rc::clone(known));
        }
        let table = &self.tree.table;
        let count = self.counts.columns.get(column as usize).copied().unwrap_or(0);
        self.context.spend(count as u64 * 4)?;
        let slots: Vec<Vec<u32>> = (0..table.templates())
            .map(|template| {
                let slots = table.columns_of(template).iter().copied();
                slots.filter(|&slot| slot == column || slot == other).collect()
            })
            .collect();
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

    /// Values that another column tells, but for some.
    fn predicted(
        &mut self,
        node: &'a Column,
        wanted: &[u32],
        moments: &Moments,
        depth: u32,
    ) -> Picked<Strings> {
        let Column::Predicted { reference, by_key, misses, gaps, column } = node else {
            return Err(Stop::Whole);
        };
        let mut reader = self.context.integers(gaps, *misses)?;
        self.context.spend(*misses as u64 * 4)?;
        let mut missed: Vec<u32> = Vec::with_capacity(*misses);
        let mut next = 0u64;
        for _ in 0..*misses {
            let at = next.saturating_add(reader.next().cast_unsigned());
            missed.push(u32::try_from(at).unwrap_or(u32::MAX));
            next = at.saturating_add(1);
        }
        let missed: Rc<[u32]> = missed.into();
        let own = moments.column()?;
        let sources = if *by_key {
            self.by_key(reference.column, &missed, wanted, moments, depth)?
        } else {
            self.same(reference.column, &missed, wanted, moments)?
        };
        let of = |missed: bool| -> Vec<u32> {
            sources
                .iter()
                .flatten()
                .filter(|(miss, _)| *miss == missed)
                .map(|(_, at)| *at)
                .collect()
        };
        let moments = match moments {
            Moments::Of(_, None) => Moments::Of(own, Some(Rc::clone(&missed))),
            Moments::Of(_, Some(outer)) => {
                let at = |&at: &u32| outer.get(at as usize).copied().unwrap_or(u32::MAX);
                Moments::Of(own, Some(missed.iter().map(at).collect()))
            }
            Moments::None => Moments::None,
        };
        let by_miss = self.repeated(&of(true), |picker, wanted| {
            picker.column(column, *misses, wanted, &moments, depth)
        })?;
        let by_other = self
            .repeated(&of(false), |picker, wanted| picker.told(reference.column, wanted, depth))?;
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

    /// Where each value comes from that another column's value predicts.
    fn same(
        &mut self,
        other: u32,
        missed: &[u32],
        wanted: &[u32],
        moments: &Moments,
    ) -> Picked<Vec<Source>> {
        let before = self.before(moments.column()?, other)?;
        let source = |&at: &u32| {
            if let Ok(miss) = missed.binary_search(&at) {
                return Ok(Some((true, u32::try_from(miss).unwrap_or(u32::MAX))));
            }
            let (_, at) = moments.at(at)?;
            let before = before.get(at as usize).copied().unwrap_or(0);
            Ok(before.checked_sub(1).map(|told| (false, told)))
        };
        wanted.iter().map(source).collect()
    }

    /// The same for what was there when the other column had its number the last time: a miss, always.
    fn by_key(
        &mut self,
        other: u32,
        missed: &[u32],
        wanted: &[u32],
        moments: &Moments,
        depth: u32,
    ) -> Picked<Vec<Source>> {
        let told = self.numbers_of(other, depth)?;
        let before = self.before(moments.column()?, other)?;
        let mut sources = Vec::with_capacity(wanted.len());
        // The number of a miss plus one, or 0 for none.
        let mut known = Keyed::<u32>::default();
        let mut misses = (0u32..).zip(missed.iter().copied()).peekable();
        let mut wanted = wanted.iter().copied().peekable();
        let mut at = 0;
        while wanted.peek().is_some() {
            let (_, top) = moments.at(at)?;
            let before = before.get(top as usize).copied().unwrap_or(0);
            let last = before.checked_sub(1).and_then(|last| told.get(last as usize));
            let key = last.copied().unwrap_or(0);
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

    /// Rows of a nested table.
    fn rows(
        &mut self,
        table: &'a Table,
        count: usize,
        wanted: &[u32],
        depth: u32,
    ) -> Picked<Strings> {
        if relates(table) {
            return Err(Stop::Whole);
        }
        let ids = self.context.integers(&table.ids, count)?;
        let mut counted = ids.clone();
        let counts = table.counts((0..count).map(|_| counted.next()));
        let counts = counts.ok_or_else(unknown_template)?;
        let mut ids = ids;
        let places = Places::of(table, (0..count).map(|_| ids.next()), wanted);
        let mut values = Vec::with_capacity(places.columns.len());
        for (number, wanted) in &places.columns {
            let place = (table.columns.get(*number as usize), counts.columns.get(*number as usize));
            let (Some(node), Some(&count)) = place else {
                return Err(corrupt("a slot's column exists").into());
            };
            values.push((*number, self.column(node, count, wanted, &Moments::None, depth)?));
        }
        let mut picked = Strings::default();
        let mut rendered = Rendered::new(table, self.meta, &values);
        for &template in &places.templates {
            picked.try_push_with(|dst| rendered.row(template as usize, dst))?;
            self.context.check(picked.bytes().len())?;
        }
        self.context.budget += values.iter().map(|(_, v)| v.bytes().len() as u64).sum::<u64>();
        self.spend(&picked)?;
        Ok(picked)
    }

    fn push(&mut self, picked: &mut Strings, value: &[u8]) -> Picked<()> {
        self.context.spend(value.len() as u64)?;
        picked.push(value);
        Ok(())
    }

    fn spend(&mut self, picked: &Strings) -> Picked<()> {
        Ok(self.context.spend(picked.bytes().len() as u64)?)
    }
}

/// Whether a column of a table, or of one within it, refers to another.
fn relates(table: &Table) -> bool {
    fn column(node: &Column) -> bool {
        match node {
            Column::Digits { numbers, .. } | Column::Time { ticks: numbers, .. } => {
                numbers.reference.is_some()
            }
            Column::Dictionary { numbers, entries, .. } => {
                numbers.reference.is_some() || column(entries)
            }
            Column::Nested(table) => relates(table),
            Column::Predicted { .. } => true,
            Column::Constant(_) | Column::Text(_) | Column::Packed { .. } | Column::Modelled => {
                false
            }
        }
    }
    table.columns.iter().any(column)
}

#[cold]
fn corrupt(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}
