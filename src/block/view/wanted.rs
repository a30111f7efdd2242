//! The lines of a block that may be wanted, and what it takes to find and to tell them.

use crate::block::tree::Column;
use crate::block::view::BlockView;
use crate::block::wanted::{Rows, Wanted, cost};
use crate::error::Result;
use crate::predicate::Place;

/// Steps that rendering and matching take for each byte of a block, and for each line and value that is
/// told alone.
const BYTE: u64 = 2;
const LINE: u64 = 500;
const SLOT: u64 = 60;

impl BlockView<'_> {
    /// The lines that may be wanted; all that are, are among them. `wanted` is that of each template. `None` if it would take
    /// more than `fuel` to find them.
    pub(crate) fn wanted_rows(&mut self, wanted: &[Wanted], fuel: u64) -> Result<Option<Rows>> {
        self.ids()?;
        let mut left = fuel;
        for column in self.asked(wanted) {
            let column = column as usize;
            self.load_sections_of(column)?;
            if self.node(column).is_some_and(|node| !cost::is_followed(node, 0)) {
                let cost = self.cost_of(u32::try_from(column).unwrap_or(u32::MAX));
                let Some(rest) = left.checked_sub(cost) else { return Ok(None) };
                left = rest;
                self.load_column(column)?;
            }
        }
        match self.picker() {
            Some(mut picker) => picker.wanted(wanted, left),
            None => Ok(Some(Rows::default())),
        }
    }

    /// About what it takes to decode and to match the whole block, in steps that are comparable with each other only.
    pub(crate) fn cost_of_all(&self) -> u64 {
        self.raw_len as u64 * BYTE
    }

    /// About what it takes to tell so many lines of these templates.
    pub(crate) fn cost_of_telling(&self, lines: usize, templates: &[usize]) -> u64 {
        let mut columns: Vec<u32> = Vec::new();
        for &template in templates {
            columns.extend_from_slice(self.columns_of(template));
        }
        columns.sort_unstable();
        columns.dedup();
        let told = columns.iter().map(|&column| {
            let is_related = self.node(column as usize).is_some_and(Column::is_related);
            if is_related {
                self.cost_of(column)
            } else {
                self.values_of(column as usize) as u64 / 2
            }
        });
        let bytes = self.raw_len as u64 / self.rows().max(1) as u64;
        let slots = templates.iter().map(|&template| self.columns_of(template).len() as u64);
        let line = LINE + bytes * BYTE + slots.max().unwrap_or(0) * SLOT;
        told.sum::<u64>() + lines as u64 * line
    }

    fn cost_of(&self, column: u32) -> u64 {
        let column = column as usize;
        let node: Option<&Column> = self.node(column).filter(|_| self.loaded(column).is_none());
        node.map_or(0, |node| cost::of(node, self.values_of(column), self.rows(), 0))
    }

    /// The columns that something is asked of.
    fn asked(&self, wanted: &[Wanted]) -> Vec<u32> {
        let mut columns = Vec::new();
        for (template, wanted) in wanted.iter().enumerate() {
            let places: &[Place] = if let Wanted::Some(places) = wanted { places } else { &[] };
            let slots = places.iter().flatten().map(|(slot, _)| *slot);
            columns.extend(slots.filter_map(|slot| self.columns_of(template).get(slot)));
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}
