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
    /// Goes through the templates of all rows up to the last one of `wanted`, which ascend.
    pub(crate) fn of(table: &Table, ids: impl Iterator<Item = i64>, wanted: &[u32]) -> Self {
        let mut places = Self::default();
        // Rows of each template that have not been counted in `next` yet, and which templates have any.
        let mut since = vec![0u32; table.templates()];
        let mut touched: Vec<u32> = Vec::new();
        let mut next = vec![0u32; table.columns.len()];
        let mut needed: Vec<Option<usize>> = vec![None; table.columns.len()];
        let mut wanted = wanted.iter().copied().peekable();
        for (row, id) in (0..).zip(ids) {
            if wanted.peek().is_none() {
                break;
            }
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            if wanted.next_if_eq(&row).is_some() {
                for template in touched.drain(..) {
                    let rows = since.get_mut(template as usize).map_or(0, std::mem::take);
                    for &column in table.columns_of(template as usize) {
                        if let Some(next) = next.get_mut(column as usize) {
                            *next += rows;
                        }
                    }
                }
                places.templates.push(id);
                for &column in table.columns_of(id as usize) {
                    let place = (next.get_mut(column as usize), needed.get_mut(column as usize));
                    let (Some(next), Some(needed)) = place else { continue };
                    let at = *needed.get_or_insert_with(|| {
                        places.columns.push((column, Vec::new()));
                        places.columns.len() - 1
                    });
                    if let Some((_, values)) = places.columns.get_mut(at) {
                        values.push(*next);
                    }
                    *next += 1;
                }
            } else if let Some(since) = since.get_mut(id as usize) {
                if *since == 0 {
                    touched.push(id);
                }
                *since += 1;
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
