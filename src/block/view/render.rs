//! The lines of a block: all of them, or some.

use crate::block::pick::{Picker, Stop};
use crate::block::places::{Places, Rendered};
use crate::block::reader::Context;
use crate::block::tree::{Span, over};
use crate::block::view::BlockView;
use crate::column::Strings;
use crate::error::{Error, Result, Section};

impl BlockView<'_> {
    /// Replaces `dst` with the raw bytes of the whole block. The caller verifies their checksum.
    pub(crate) fn render(&mut self, dst: &mut Vec<u8>) -> Result<()> {
        let (rows, terminated, raw_len) = (self.rows(), self.terminated(), self.raw_len);
        dst.clear();
        if self.tree.as_ref().is_some_and(|tree| tree.modelled) {
            return self.render_decoded(dst);
        }
        for section in 1..self.entries().len() {
            self.sections.load(u32::try_from(section).unwrap_or(u32::MAX))?;
        }
        let Some(tree) = &self.tree else { return Ok(()) };
        dst.try_reserve_exact(raw_len + 1).map_err(|_| over("memory", raw_len as u64, 0))?;
        let mut context =
            Context::new(&self.meta, &self.sections, &self.limits, self.budget, self.raw_len);
        // One byte over is no harm: the terminator that the last line may lack.
        context.len_max = raw_len + 1;
        let mut lines = context.lines(&tree.table, rows)?;
        for _ in 0..rows {
            lines.next(&mut context, dst)?;
            dst.push(b'\n');
        }
        if !terminated && rows > 0 {
            dst.pop();
        }
        if lines.is_done() {
            Ok(())
        } else {
            Err(Error::corrupt(Section::Columns, 0, "nothing is left of a column"))
        }
    }

    /// The same from columns that have been decoded whole.
    fn render_decoded(&mut self, dst: &mut Vec<u8>) -> Result<()> {
        self.ids()?;
        let raw_len = self.raw_len;
        dst.try_reserve_exact(raw_len + 1).map_err(|_| over("memory", raw_len as u64, 0))?;
        let mut lines = Lines::new(self);
        for _ in 0..self.rows() {
            lines.render(dst)?;
            dst.push(b'\n');
            if dst.len() > raw_len + 1 {
                return Err(Error::corrupt(Section::Columns, 0, "lines fit the block"));
            }
        }
        if !self.terminated() && self.rows() > 0 {
            dst.pop();
        }
        Ok(())
    }

    /// Renders lines: calls `each` with the number of each line in `rows`, which ascend, and its bytes without terminator.
    /// Only the columns that these lines need are decoded.
    pub(crate) fn render_rows(
        &mut self,
        rows: &[u32],
        mut each: impl FnMut(u32, &[u8]),
    ) -> Result<()> {
        self.ids()?;
        let ascend = rows.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if !ascend || rows.last().is_some_and(|&last| last as usize >= self.rows()) {
            let rule = "rows are asked for in ascending order";
            return Err(Error::corrupt(Section::Columns, 0, rule));
        }
        let Some(tree) = &self.tree else { return Ok(()) };
        let mut places = Places::of(&tree.table, self.loaded_ids(), rows);
        let mut values = self.pick(&mut places.columns)?;
        if !places.columns.is_empty() {
            // What cannot be picked is decoded as a whole.
            for (column, _) in &places.columns {
                self.load_column(*column as usize)?;
            }
            values.append(&mut self.pick(&mut places.columns)?);
        }
        let Some(tree) = &self.tree else { return Ok(()) };
        let mut rendered = Rendered::new(&tree.table, &self.meta, &values);
        let mut line = Vec::new();
        for (&row, &template) in rows.iter().zip(&places.templates) {
            line.clear();
            rendered.row(template as usize, &mut line)?;
            each(row, &line);
        }
        Ok(())
    }

    /// Decodes the sections of a column that has not been decoded.
    pub(super) fn load_sections_of(&mut self, column: usize) -> Result<()> {
        if self.loaded(column).is_none() {
            for section in self.sections_of(column) {
                self.sections.load(section)?;
            }
        }
        Ok(())
    }

    /// What picks values of the columns of which the sections have been decoded; `None` for a literal block.
    pub(super) fn picker(&self) -> Option<Picker<'_>> {
        let (tree, ids) = (self.tree.as_ref()?, self.ids.as_ref()?);
        let (meta, limits) = (&self.meta, &self.limits);
        let context = Context::new(meta, &self.sections, limits, self.budget, self.raw_len);
        Some(Picker::new(context, (meta, tree), (ids, &self.counts), &self.columns))
    }

    /// Picks values of columns: those that can be are taken out of `wanted`.
    pub(super) fn pick(
        &mut self,
        wanted: &mut Vec<(u32, Vec<u32>)>,
    ) -> Result<Vec<(u32, Strings)>> {
        for (column, _) in &*wanted {
            self.load_sections_of(*column as usize)?;
        }
        let Some(mut picker) = self.picker() else { return Ok(Vec::new()) };
        let mut values = Vec::with_capacity(wanted.len());
        let mut left = Vec::new();
        for (column, wanted) in std::mem::take(wanted) {
            match picker.top(column, &wanted) {
                Ok(picked) => values.push((column, picked)),
                Err(Stop::Whole | Stop::Spent) => left.push((column, wanted)),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        *wanted = left;
        Ok(values)
    }
}

/// Walks over the lines of a view and keeps count of the values of each column.
struct Lines<'a, 'p> {
    view: &'a BlockView<'p>,
    /// The next line.
    row: usize,
    /// The next value of each column.
    next: Vec<usize>,
}

impl<'a, 'p> Lines<'a, 'p> {
    fn new(view: &'a BlockView<'p>) -> Self {
        Self { view, row: 0, next: vec![0; view.columns.len()] }
    }

    fn advance(&mut self) -> usize {
        let row = self.row;
        self.row += 1;
        self.view.template_of(u32::try_from(row).unwrap_or(u32::MAX))
    }

    /// Appends the next line. Its columns have been decoded.
    fn render(&mut self, dst: &mut Vec<u8>) -> Result<()> {
        let view = self.view;
        let template = self.advance();
        let Some(tree) = &view.tree else { return Ok(()) };
        let missing = || Error::corrupt(Section::Columns, 0, "a column has all its values");
        let (first, rest): (Span, &[Span]) = match tree.table.pieces_of(template).split_first() {
            Some((first, rest)) => (*first, rest),
            None => return Err(missing()),
        };
        dst.extend_from_slice(first.of(&view.meta));
        for (&column, piece) in tree.table.columns_of(template).iter().zip(rest) {
            let column = column as usize;
            let next = self.next.get_mut(column).ok_or_else(missing)?;
            let values = view.loaded(column).filter(|values| *next < values.len());
            dst.extend_from_slice(values.ok_or_else(missing)?.get(*next));
            *next += 1;
            dst.extend_from_slice(piece.of(&view.meta));
        }
        Ok(())
    }
}
