//! Some values of a column, without those between them: what a few lines need.
//!
//! Values are picked by their numbers in their column. What a column is told by, another one's values, is picked in turn;
//! numbers that differences run through are added up, but not printed.

mod find;
mod find_rows;
mod numbers;
mod plain;
mod predicted;
mod scope;

use std::collections::HashMap;
use std::rc::Rc;

use crate::block::hits::Found;
use crate::block::pick::scope::{Moments, Scope, Site};
use crate::block::places::{Places, Rendered};
use crate::block::reader::Context;
use crate::block::tree::{Column, Counts, Table, Tree};
use crate::column::{ByteSet, Strings};
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

/// Picks values of a block, the sections of which have been decoded.
#[derive(Debug)]
pub(crate) struct Picker<'a> {
    pub(crate) context: Context<'a>,
    meta: &'a [u8],
    /// The block's table, and those nested in it as far as they have been needed.
    top: Rc<Scope<'a>>,
    scopes: HashMap<*const Table, Rc<Scope<'a>>>,
    /// What the values of each column of a nested table may hold.
    alphabets: HashMap<*const Table, Rc<[ByteSet]>>,
    /// Columns that have been decoded as a whole.
    loaded: &'a [Option<Strings>],
    /// How much more may be done to find values, in steps of a nanosecond or so.
    fuel: u64,
    /// All numbers of a column.
    numbers: HashMap<Site, Rc<[i64]>>,
    /// Which values of a column are what was looked for.
    found: HashMap<(Site, Part), Rc<Found>>,
    /// For each value of one column, how many of another one's came before it.
    before: HashMap<(Site, u32), Rc<[u32]>>,
    /// For each value of a column, the row it is in.
    rows: HashMap<Site, Rc<[u32]>>,
}

impl<'a> Picker<'a> {
    pub(crate) fn new(
        context: Context<'a>,
        (meta, tree): (&'a [u8], &'a Tree),
        (ids, counts): (&'a [u32], &'a Counts),
        loaded: &'a [Option<Strings>],
    ) -> Self {
        Self {
            context,
            meta,
            top: Rc::new(Scope::top(&tree.table, ids, counts)),
            scopes: HashMap::new(),
            alphabets: HashMap::new(),
            loaded,
            fuel: u64::MAX,
            numbers: HashMap::new(),
            found: HashMap::new(),
            before: HashMap::new(),
            rows: HashMap::new(),
        }
    }

    /// Values of a column of the block's table: those with the numbers `wanted`, which ascend.
    pub(crate) fn top(&mut self, column: u32, wanted: &[u32]) -> Picked<Strings> {
        let top = Rc::clone(&self.top);
        self.told(&top, column, wanted, 0)
    }

    /// The same of any table.
    fn told(
        &mut self,
        scope: &Rc<Scope<'a>>,
        column: u32,
        wanted: &[u32],
        depth: u32,
    ) -> Picked<Strings> {
        if let Some(values) = self.loaded(scope, column) {
            let mut picked = Strings::default();
            for &at in wanted {
                self.push(&mut picked, values.get(at as usize))?;
            }
            return Ok(picked);
        }
        let (node, count) = scope.column(column)?;
        self.column(node, count, wanted, &Moments::of(scope, column), depth)
    }

    /// The values of a column that has been decoded as a whole.
    fn loaded(&self, scope: &Scope<'a>, column: u32) -> Option<&'a Strings> {
        self.loaded.get(column as usize).filter(|_| scope.is_top())?.as_ref()
    }

    /// Values of a column of `count` values.
    fn column(
        &mut self,
        node: &'a Column,
        count: usize,
        wanted: &[u32],
        moments: &Moments<'a>,
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
        (moments, depth): (&Moments<'a>, u32),
    ) -> Picked<Strings> {
        let scope = self.scope(table, count, moments)?;
        let places = Places::of(table, scope.ids(), wanted);
        let mut values = Vec::with_capacity(places.columns.len());
        for (number, wanted) in &places.columns {
            let (node, count) = scope.column(*number)?;
            let moments = Moments::of(&scope, *number);
            values.push((*number, self.column(node, count, wanted, &moments, depth)?));
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

#[cold]
fn corrupt(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}
