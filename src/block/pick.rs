//! Some values of a column, without those between them: what a few lines need.
//!
//! Values are picked by their numbers in their column. What a column is told by, another one's values, is picked in turn;
//! numbers that differences run through are added up, but not printed.

mod find;
mod find_rows;
mod numbers;
mod plain;
mod predicted;

use std::collections::HashMap;
use std::rc::Rc;

use crate::block::hits::Found;
use crate::block::places::{Places, Rendered};
use crate::block::reader::{Context, unknown_template};
use crate::block::tree::{Column, Counts, Integers, Table, Tree};
use crate::column::Strings;
use crate::error::{Error, Section};
use crate::predicate::Part;

/// Columns that tell each other may do so over so many steps.
const DEPTH_MAX: u32 = 12;

/// Why values cannot be picked.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The block is damaged, or asks for too much.
    Failed(Error),
    /// This way of telling values by others is not followed here: the column has to be decoded as a whole.
    Whole,
    /// It would take more than is worth it.
    Spent,
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

    /// Those of some of these values.
    fn within(&self, some: &Rc<[u32]>) -> Picked<Self> {
        Ok(match self {
            Self::Of(column, None) => Self::Of(*column, Some(Rc::clone(some))),
            Self::Of(column, Some(outer)) => {
                let at = |&at: &u32| outer.get(at as usize).copied().unwrap_or(u32::MAX);
                Self::Of(*column, Some(some.iter().map(at).collect()))
            }
            Self::None => return Err(Stop::Whole),
        })
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
    /// How much more may be done to find values, in steps of a nanosecond or so.
    fuel: u64,
    /// All numbers of a column.
    numbers: HashMap<u32, Rc<[i64]>>,
    /// Which values of a column of the block's table are what was looked for.
    found: HashMap<(u32, Part), Rc<Found>>,
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
        let (numbers, found, before) = (HashMap::new(), HashMap::new(), HashMap::new());
        let fuel = u64::MAX;
        Self { context, meta, tree, ids, counts, loaded, fuel, numbers, found, before }
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
        let (node, count) = self.place(column)?;
        self.column(node, count, wanted, &Moments::Of(column, None), depth)
    }

    /// A column of the block's table, and how many values it has.
    fn place(&self, column: u32) -> Picked<(&'a Column, usize)> {
        let tree = self.tree;
        let node = tree.table.columns.get(column as usize);
        let place = node.zip(self.counts.columns.get(column as usize).copied());
        Ok(place.ok_or_else(|| corrupt("a column that is referred to exists"))?)
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
            Column::Nested(table) => {
                picked = self.rows(table, count, wanted, (moments, depth + 1))?;
            }
            Column::Predicted { .. } => {
                picked = self.predicted(node, wanted, moments, depth + 1)?;
            }
        }
        Ok(picked)
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

    /// Rows of a nested table.
    fn rows(
        &mut self,
        table: &'a Table,
        count: usize,
        wanted: &[u32],
        (moments, depth): (&Moments, u32),
    ) -> Picked<Strings> {
        if relates(table) {
            return Err(Stop::Whole);
        }
        self.context.spend(count as u64 * 4)?;
        let ids = self.context.integers(&table.ids, count)?.indices(count);
        let counts = table.counts(ids.iter().map(|&id| i64::from(id)));
        let counts = counts.ok_or_else(unknown_template)?;
        let places = Places::of(table, &ids, wanted);
        let mut values = Vec::with_capacity(places.columns.len());
        for (number, wanted) in &places.columns {
            let place = (table.columns.get(*number as usize), counts.columns.get(*number as usize));
            let (Some(node), Some(&count)) = place else {
                return Err(corrupt("a slot's column exists").into());
            };
            let moments = self.moments_of_rows((table, *number), (&ids, count), moments)?;
            values.push((*number, self.column(node, count, wanted, &moments, depth)?));
        }
        let mut picked = Strings::default();
        let mut rendered = Rendered::new(table, self.meta, &values);
        for &template in &places.templates {
            picked.try_push_with(|dst| rendered.row(template as usize, dst))?;
            self.context.check(picked.bytes().len())?;
        }
        self.context.budget += values.iter().map(|(_, v)| v.bytes().len() as u64).sum::<u64>();
        self.context.budget += count as u64 * 4;
        self.spend(&picked)?;
        Ok(picked)
    }

    /// When the `count` values of a column of a nested table are rendered, the rows of which are rendered at `moments`: as far
    /// as it matters.
    fn moments_of_rows(
        &mut self,
        (table, column): (&Table, u32),
        (ids, count): (&[u32], usize),
        moments: &Moments,
    ) -> Picked<Moments> {
        let mut refers = false;
        if let Some(node) = table.columns.get(column as usize) {
            node.references_above(&mut |_| refers = true);
        }
        if !refers {
            return Ok(Moments::None);
        }
        self.burn(count, 2)?;
        self.context.spend(count as u64 * 4)?;
        let mut rows = Vec::with_capacity(count);
        for (row, &id) in (0u32..).zip(ids) {
            let slots = table.columns_of(id as usize);
            let values = slots.iter().filter(|&&slot| slot == column).count();
            rows.extend(std::iter::repeat_n(row, values));
        }
        moments.within(&rows.into())
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

/// Whether a column of a table, or of one within it, refers to another of its own table, which is not followed.
fn relates(table: &Table) -> bool {
    fn of_own(integers: &Integers) -> bool {
        integers.reference.is_some_and(|(reference, _)| !reference.top)
    }
    fn column(node: &Column) -> bool {
        match node {
            Column::Digits { numbers, .. } | Column::Time { ticks: numbers, .. } => of_own(numbers),
            Column::Dictionary { numbers, entries, .. } => of_own(numbers) || column(entries),
            Column::Nested(table) => relates(table),
            Column::Predicted { reference, column: misses, .. } => !reference.top || column(misses),
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
