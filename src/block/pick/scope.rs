//! In which order the values of a block are rendered: what other columns had last is decided by that.

use std::borrow::Cow;
use std::rc::Rc;

use crate::block::pick::{Picked, Picker, Stop, corrupt};
use crate::block::reader::unknown_template;
use crate::block::tree::{Column, Counts, Reference, Table};

/// A table, and the templates of its rows.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// Tables are numbered as they are met, the block's is 0.
    number: usize,
    pub(super) table: &'a Table,
    ids: Cow<'a, [u32]>,
    pub(super) counts: Cow<'a, Counts>,
    /// When its rows are rendered.
    rows: Moments<'a>,
}

/// A column of a table, by their numbers.
pub(super) type Site = (usize, u32);

impl<'a> Scope<'a> {
    /// The block's table.
    pub(super) fn top(table: &'a Table, ids: &'a [u32], counts: &'a Counts) -> Self {
        let (ids, counts) = (Cow::Borrowed(ids), Cow::Borrowed(counts));
        Self { number: 0, table, ids, counts, rows: Moments::None }
    }

    pub(super) fn is_top(&self) -> bool {
        self.number == 0
    }

    /// The templates of all rows.
    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// What tells a column from those of other tables.
    pub(super) fn site(&self, column: u32) -> Site {
        (self.number, column)
    }

    /// A column, and how many values it has.
    pub(super) fn column(&self, column: u32) -> Picked<(&'a Column, usize)> {
        let table = self.table;
        let node = table.columns.get(column as usize);
        let place = node.zip(self.counts.columns.get(column as usize).copied());
        Ok(place.ok_or_else(|| corrupt("a column that is referred to exists"))?)
    }
}

/// When the values of a column are rendered.
#[derive(Clone, Debug)]
pub(super) enum Moments<'a> {
    /// Together with no row: entries of a dictionary.
    None,
    /// With the values of a column of a table: all of them, or those with these numbers.
    Of(Rc<Scope<'a>>, u32, Option<Rc<[u32]>>),
}

impl<'a> Moments<'a> {
    /// Those of all values of a column.
    pub(super) fn of(scope: &Rc<Scope<'a>>, column: u32) -> Self {
        Self::Of(Rc::clone(scope), column, None)
    }

    /// The table and the column with the values of which they go.
    pub(super) fn column(&self) -> Picked<(&Rc<Scope<'a>>, u32)> {
        match self {
            Self::None => Err(Stop::Whole),
            Self::Of(scope, column, _) => Ok((scope, *column)),
        }
    }

    /// The number of the value of that column that goes with value `index`.
    pub(super) fn at(&self, index: u32) -> u32 {
        match self {
            Self::None | Self::Of(_, _, None) => index,
            Self::Of(_, _, Some(some)) => some.get(index as usize).copied().unwrap_or(u32::MAX),
        }
    }

    /// Those of some of these values.
    pub(super) fn within(&self, some: &Rc<[u32]>) -> Self {
        match self {
            Self::None => Self::None,
            Self::Of(scope, column, None) => {
                Self::Of(Rc::clone(scope), *column, Some(Rc::clone(some)))
            }
            Self::Of(scope, column, Some(_)) => {
                let some = some.iter().map(|&at| self.at(at)).collect();
                Self::Of(Rc::clone(scope), *column, Some(some))
            }
        }
    }
}

impl<'a> Picker<'a> {
    /// A nested table of `count` rows, which are rendered at `moments`.
    pub(super) fn scope(
        &mut self,
        table: &'a Table,
        count: usize,
        moments: &Moments<'a>,
    ) -> Picked<Rc<Scope<'a>>> {
        let key = std::ptr::from_ref(table);
        if let Some(scope) = self.scopes.get(&key) {
            return Ok(Rc::clone(scope));
        }
        self.burn(count, 2)?;
        self.context.spend(count as u64 * 4)?;
        let ids = self.context.integers(&table.ids, count)?.indices(count);
        let counts = table.counts(ids.iter().map(|&id| i64::from(id)));
        let counts = Cow::Owned(counts.ok_or_else(unknown_template)?);
        let (number, ids, rows) = (self.scopes.len() + 1, Cow::Owned(ids), moments.clone());
        let scope = Rc::new(Scope { number, table, ids, counts, rows });
        self.scopes.insert(key, Rc::clone(&scope));
        Ok(scope)
    }

    /// When values that are rendered at `moments` are, among those of the table that a reference of theirs leads to.
    pub(super) fn referred(
        &mut self,
        moments: &Moments<'a>,
        reference: Reference,
    ) -> Picked<Moments<'a>> {
        let (scope, column) = moments.column()?;
        if !reference.top || scope.is_top() {
            return Ok(moments.clone());
        }
        let rows = self.rows_of(scope, column)?;
        let above = scope.rows.within(&rows);
        let above = match moments {
            Moments::Of(_, _, Some(some)) => above.within(some),
            _ => above,
        };
        self.referred(&above, reference)
    }

    /// For each value of a column, the row it is in.
    fn rows_of(&mut self, scope: &Scope<'a>, column: u32) -> Picked<Rc<[u32]>> {
        let site = scope.site(column);
        if let Some(rows) = self.rows.get(&site) {
            return Ok(Rc::clone(rows));
        }
        let (_, count) = scope.column(column)?;
        self.burn(scope.ids.len(), 2)?;
        self.context.spend(count as u64 * 4)?;
        let slots = scope.table.columns_among(|slot| slot == column);
        let mut rows = Vec::with_capacity(count);
        for (row, &id) in (0u32..).zip(&*scope.ids) {
            let values = slots.of(id as usize).len();
            rows.extend(std::iter::repeat_n(row, values));
        }
        let rows: Rc<[u32]> = rows.into();
        self.rows.insert(site, Rc::clone(&rows));
        Ok(rows)
    }
}
