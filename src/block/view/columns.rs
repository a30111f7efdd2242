//! What is decoded of a block's table: the ids of its lines, and whole columns.

use crate::block::reader::{Context, unknown_template};
use crate::block::tree::{Counts, Tree};
use crate::block::view::BlockView;
use crate::column::Strings;
use crate::error::{Error, Result, Section};
use crate::model::{self, Costs};

impl BlockView<'_> {
    /// The template of each line.
    pub(crate) fn ids(&mut self) -> Result<&[u32]> {
        if self.tree.as_ref().is_some_and(|tree| tree.modelled) {
            self.load_model()?;
        } else if self.ids.is_none()
            && let Some(tree) = &self.tree
        {
            let stream = tree.table.ids.stream;
            if stream.section > 0 {
                self.sections.load(stream.section)?;
            }
            let mut context =
                Context::new(&self.meta, &self.sections, &self.limits, self.budget, self.raw_len);
            context.spend(tree.rows as u64 * 4)?;
            self.budget = context.budget;
            let ids = context.integers(&tree.table.ids, tree.rows)?.indices(tree.rows);
            self.counts = counts(tree, &ids)?;
            self.ids = Some(ids);
        }
        Ok(self.ids.as_deref().unwrap_or_default())
    }

    /// Decodes what a model coded, all of it, unless that has been done.
    fn load_model(&mut self) -> Result<()> {
        let (Some(tree), None) = (&self.tree, &self.ids) else { return Ok(()) };
        self.sections.load(0)?;
        let means = (&self.limits, &self.equipment);
        let decoded = model::decode(&self.sections.take(0), self.raw_len, means)?;
        self.counts = counts(tree, &decoded.ids)?;
        self.columns = decoded.columns.into_iter().map(Some).collect();
        self.ids = Some(decoded.ids);
        Ok(())
    }

    /// Decodes a block that a model coded, all of it; tells the counts of its `tree`, its columns, and what they cost.
    pub(crate) fn weigh(&mut self, tree: &Tree) -> Result<(Counts, Vec<Strings>, Costs)> {
        self.sections.load(0)?;
        let means = (&self.limits, &self.equipment);
        let (table, costs) = model::weigh(&self.sections.take(0), self.raw_len, means)?;
        Ok((counts(tree, &table.ids)?, table.columns, costs))
    }

    /// The template of each line, once it has been asked for.
    pub(crate) fn loaded_ids(&self) -> &[u32] {
        self.ids.as_deref().unwrap_or_default()
    }

    /// Number of lines of each template, and of values of each column.
    pub(crate) fn counts(&mut self) -> Result<&Counts> {
        self.ids()?;
        Ok(&self.counts)
    }

    /// Number of values of a column, once the ids are known.
    pub(crate) fn values_of(&self, column: usize) -> usize {
        self.counts.columns.get(column).copied().unwrap_or(0)
    }

    /// The values of a column: one for each of its slots in each line, in the order of lines and of slots in a line.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the query"))]
    pub(crate) fn column(&mut self, column: usize) -> Result<&Strings> {
        self.load_column(column)?;
        self.loaded(column)
            .ok_or_else(|| Error::corrupt(Section::Columns, 0, "a column that is asked for exists"))
    }

    /// The values of a column that has been asked for before.
    pub(crate) fn loaded(&self, column: usize) -> Option<&Strings> {
        self.columns.get(column)?.as_ref()
    }

    /// Decodes a column, unless that has been done.
    pub(crate) fn load_column(&mut self, column: usize) -> Result<()> {
        self.ids()?;
        if self.loaded(column).is_some() {
            return Ok(());
        }
        for section in self.sections_of(column) {
            self.sections.load(section)?;
        }
        let wanted = self.closure(column);
        let Some(tree) = &self.tree else { return Ok(()) };
        let node = tree.table.columns.get(column);
        let (Some(node), Some(&count)) = (node, self.counts.columns.get(column)) else {
            return Ok(());
        };
        let mut context =
            Context::new(&self.meta, &self.sections, &self.limits, self.budget, self.raw_len);
        let mut refers = false;
        node.references(&mut |_| refers = true);
        let values = if refers {
            related(&mut context, tree, &self.counts, &wanted, column)?
        } else {
            context.strings(node, count)?
        };
        self.budget = context.budget;
        if let Some(cached) = self.columns.get_mut(column) {
            *cached = Some(values);
        }
        Ok(())
    }

    /// A column and those without which its values cannot be told.
    pub(crate) fn closure(&self, column: usize) -> Vec<u32> {
        let mut closure = vec![u32::try_from(column).unwrap_or(u32::MAX)];
        let mut done = 0;
        while let Some(&next) = closure.get(done) {
            done += 1;
            let columns = self.tree.as_ref().map_or(&[][..], |tree| &tree.table.columns);
            if let Some(node) = columns.get(next as usize) {
                node.references(&mut |column| {
                    if !closure.contains(&column) {
                        closure.push(column);
                    }
                });
            }
        }
        closure
    }

    /// The sections without which a column cannot be decoded, ascending.
    pub(crate) fn sections_of(&self, column: usize) -> Vec<u32> {
        let mut sections = Vec::new();
        for column in self.closure(column) {
            let columns = self.tree.as_ref().map_or(&[][..], |tree| &tree.table.columns);
            if let Some(node) = columns.get(column as usize) {
                node.streams(&mut |stream| sections.push(stream.section));
            }
        }
        sections.sort_unstable();
        sections.dedup();
        sections.retain(|&section| section > 0);
        sections
    }
}

fn counts(tree: &Tree, ids: &[u32]) -> Result<Counts> {
    tree.table.counts(ids.iter().copied().map(i64::from)).ok_or_else(unknown_template)
}

/// The values of a column that refers to others, all of which are in `wanted`.
fn related<'a>(
    context: &mut Context<'a>,
    tree: &'a Tree,
    counts: &Counts,
    wanted: &[u32],
    column: usize,
) -> Result<Strings> {
    let mut rows = context.some(&tree.table, tree.rows, &counts.columns, wanted)?;
    let mut values = Strings::default();
    let mut buffer = Vec::new();
    for _ in 0..tree.rows {
        rows.next_of_some(context, &mut buffer, |of, value| {
            if of as usize == column {
                values.push(value);
            }
        })?;
    }
    context.spend(values.bytes().len() as u64 + values.len() as u64 * 4)?;
    Ok(values)
}
