//! Some rows of a table: which values of its columns they need, and how they are put together of them.

use crate::block::reader::unknown_template;
use crate::block::tree::Table;
use crate::column::Strings;
use crate::error::{Error, Result, Section};

/// Which values some rows of a table need.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The template of each of the rows.
    pub(crate) templates: Vec<u32>,
    /// Each column that they need, and the numbers of the values.
    pub(crate) columns: Vec<(u32, Vec<u32>)>,
}

impl Places {
    /// Those that the rows `wanted` need, which ascend; `ids` are the templates of all rows.
    pub(crate) fn of(table: &Table, ids: &[u32], wanted: &[u32]) -> Self {
        let mut places = Self::default();
        let mut needed: Vec<Option<usize>> = vec![None; table.columns.len()];
        for &row in wanted {
            let Some(&id) = ids.get(row as usize) else { break };
            places.templates.push(id);
            for &column in table.columns_of(id as usize) {
                let Some(needed) = needed.get_mut(column as usize) else { continue };
                needed.get_or_insert_with(|| {
                    places.columns.push((column, Vec::new()));
                    places.columns.len() - 1
                });
            }
        }
        let is_needed = |column: u32| matches!(needed.get(column as usize), Some(Some(_)));
        let counted = table.columns_among(is_needed);
        let mut next = vec![0u32; table.columns.len()];
        let mut passed = 0;
        for (&row, &template) in wanted.iter().zip(&places.templates) {
            let before = ids.get(passed..row as usize).unwrap_or_default();
            passed = row as usize + 1;
            for id in before {
                for &column in counted.of(*id as usize) {
                    if let Some(next) = next.get_mut(column as usize) {
                        *next += 1;
                    }
                }
            }
            for &column in table.columns_of(template as usize) {
                let at = needed.get(column as usize).copied().flatten();
                let values = at.and_then(|at| places.columns.get_mut(at));
                let (Some((_, values)), Some(next)) = (values, next.get_mut(column as usize))
                else {
                    continue;
                };
                values.push(*next);
                *next += 1;
            }
        }
        places
    }
}

/// Renders rows one after the other from the values that they need.
#[derive(Debug)]
pub(crate) struct Rendered<'a> {
    table: &'a Table,
    meta: &'a [u8],
    values: &'a [(u32, Strings)],
    /// For each column, where its values are, and how many have been taken.
    next: Vec<(usize, usize)>,
}

impl<'a> Rendered<'a> {
    pub(crate) fn new(table: &'a Table, meta: &'a [u8], values: &'a [(u32, Strings)]) -> Self {
        let mut next = vec![(usize::MAX, 0); table.columns.len()];
        for (at, (column, _)) in values.iter().enumerate() {
            if let Some(next) = next.get_mut(*column as usize) {
                *next = (at, 0);
            }
        }
        Self { table, meta, values, next }
    }

    /// Appends the next row, which is of `template`.
    pub(crate) fn row(&mut self, template: usize, dst: &mut Vec<u8>) -> Result<()> {
        let pieces = self.table.pieces_of(template);
        let (first, rest) = pieces.split_first().ok_or_else(unknown_template)?;
        dst.extend_from_slice(first.of(self.meta));
        for (&column, piece) in self.table.columns_of(template).iter().zip(rest) {
            let missing = || Error::corrupt(Section::Columns, 0, "a column has all its values");
            let (at, taken) = self.next.get_mut(column as usize).ok_or_else(missing)?;
            let (_, values) = self.values.get(*at).ok_or_else(missing)?;
            dst.extend_from_slice(values.get(*taken));
            *taken += 1;
            dst.extend_from_slice(piece.of(self.meta));
        }
        Ok(())
    }
}
