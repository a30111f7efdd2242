//! A block of which only those parts are decoded that are asked for.

mod columns;
mod render;
mod templates;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_wanted;
mod wanted;

use crate::block::modelled;
use crate::block::reader::{Context, unknown_template};
use crate::block::sections::Sections;
use crate::block::tree::{Column, Counts, Table, Tree};
use crate::codec::Decompressor;
use crate::column::{ByteSet, Strings};
use crate::error::Result;
use crate::format::SectionEntry;
use crate::limits::{self, Limits};
use crate::model::{Equipment, ModelFile};

/// An encoded block. Opening it decodes its templates section only; everything else is verified and decoded once, when
/// it is asked for, and kept.
///
/// A block may be literal: then it has no templates, no rows and no columns, only [`literal`](Self::literal).
#[derive(Debug)]
pub(crate) struct BlockView<'p> {
    sections: Sections<'p>,
    /// The templates section.
    meta: Vec<u8>,
    tree: Option<Tree>,
    limits: Limits,
    equipment: Equipment,
    raw_len: usize,
    /// Bytes that columns may still take.
    budget: u64,
    /// The template of each row.
    ids: Option<Vec<u32>>,
    /// Empty until the ids are known.
    counts: Counts,
    columns: Vec<Option<Strings>>,
}

impl<'p> BlockView<'p> {
    /// Opens a block: `sections` is its directory, `payload` its stored bytes, `raw_len` what its header says.
    pub(crate) fn open(
        sections: &'p [SectionEntry],
        payload: &'p [u8],
        raw_len: u32,
        means: (&Limits, &Equipment),
    ) -> Result<Self> {
        Self::with_decompressor(sections, payload, raw_len, means, Decompressor::default())
    }

    /// The same, with a decompressor that [`into_decompressor`](Self::into_decompressor) gives back.
    pub(crate) fn with_decompressor(
        sections: &'p [SectionEntry],
        payload: &'p [u8],
        raw_len: u32,
        (limits, equipment): (&Limits, &Equipment),
        mut decompressor: Decompressor,
    ) -> Result<Self> {
        decompressor.refer_to(equipment.trained.as_ref().map(ModelFile::dictionary));
        let raw_len =
            limits::check("raw bytes of a block", raw_len.into(), limits.block_raw_bytes_max)?;
        let mut sections = Sections::new(sections, payload, raw_len, limits, decompressor)?;
        let literal = sections.is_literal()?;
        let mut view = Self {
            meta: Vec::new(),
            tree: None,
            limits: limits.clone(),
            equipment: equipment.clone(),
            raw_len,
            budget: limits.columns_bytes_max,
            ids: None,
            counts: Counts::default(),
            columns: Vec::new(),
            sections,
        };
        if !literal {
            sections = view.sections;
            sections.load(0)?;
            view.meta = sections.take(0);
            if sections.is_modelled() {
                view.meta = modelled::templates(&view.meta, raw_len, (limits, equipment))?;
            }
            let lens: Vec<u32> = sections.entries().iter().map(|entry| entry.decoded_len).collect();
            let kind = (&lens[..], sections.is_modelled());
            let tree = Tree::parse(&view.meta, kind, raw_len, limits)?;
            view.columns.resize_with(tree.table.columns.len(), || None);
            view.tree = Some(tree);
            view.sections = sections;
        }
        Ok(view)
    }

    /// Gives the decompressor back.
    pub(crate) fn into_decompressor(self) -> Decompressor {
        self.sections.into_decompressor()
    }

    /// Whether the block is literal.
    pub(crate) fn is_literal(&self) -> bool {
        self.tree.is_none()
    }

    /// The raw bytes of a literal block; `None` if the block has templates.
    pub(crate) fn literal(&mut self) -> Result<Option<Vec<u8>>> {
        if self.tree.is_some() {
            return Ok(None);
        }
        self.sections.load(0)?;
        Ok(Some(self.sections.take(0)))
    }

    /// Number and bytes of the sections that have been decoded so far, that of the templates included.
    pub(crate) fn decoded(&self) -> (usize, u64) {
        self.sections.loaded()
    }

    /// The directory.
    pub(crate) fn entries(&self) -> &'p [SectionEntry] {
        self.sections.entries()
    }

    /// Number of lines. A line is a row of the table of templates.
    pub(crate) fn rows(&self) -> usize {
        self.tree.as_ref().map_or(0, |tree| tree.rows)
    }

    /// Whether the last line has a terminator.
    pub(crate) fn terminated(&self) -> bool {
        self.tree.as_ref().is_some_and(|tree| tree.terminated)
    }

    /// Number of templates.
    pub(crate) fn templates(&self) -> usize {
        self.tree.as_ref().map_or(0, |tree| tree.table.templates())
    }

    /// The constant pieces of a template, one more than it has slots; none if there is no such template.
    pub(crate) fn pieces_of(&self, template: usize) -> impl Iterator<Item = &[u8]> {
        let spans = self.tree.as_ref().map_or(&[][..], |tree| tree.table.pieces_of(template));
        spans.iter().map(|span| span.of(&self.meta))
    }

    /// The column of each slot of a template.
    pub(crate) fn columns_of(&self, template: usize) -> &[u32] {
        self.tree.as_ref().map_or(&[], |tree| tree.table.columns_of(template))
    }

    /// The bytes that values of a column may hold, as far as that is known without its sections.
    pub(crate) fn alphabet(&self, column: usize) -> ByteSet {
        let node = self.tree.as_ref().and_then(|tree| tree.table.columns.get(column));
        node.map_or_else(ByteSet::any, |node| node.alphabet(&self.meta))
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The node of a column.
    pub(crate) fn node(&self, column: usize) -> Option<&Column> {
        self.tree.as_ref()?.table.columns.get(column)
    }

    /// Verifies and decodes a section, unless that has been done.
    pub(crate) fn load_section(&mut self, section: u32) -> Result<()> {
        self.sections.load(section)
    }

    /// The templates section, what it tells, and what has been decoded of the others; `None` for a literal block.
    pub(crate) fn parts(&self) -> Option<(&[u8], &Tree, &Sections<'p>)> {
        Some((&self.meta, self.tree.as_ref()?, &self.sections))
    }

    /// Takes the tree out, after which the view can only tell of parts of the tree it is given.
    pub(crate) fn take_tree(&mut self) -> Option<Tree> {
        self.tree.take()
    }

    /// The constant pieces of a template of `table`, a part of this block's tree.
    pub(crate) fn text_of(&self, table: &Table, template: usize) -> Vec<&[u8]> {
        table.pieces_of(template).iter().map(|span| span.of(&self.meta)).collect()
    }

    /// What the template of each row tells of `table`, a part of this block's tree with `rows` rows.
    pub(crate) fn counts_in(&mut self, table: &Table, rows: usize) -> Result<Counts> {
        if table.ids.stream.section > 0 {
            self.sections.load(table.ids.stream.section)?;
        }
        let context =
            Context::new(&self.meta, &self.sections, &self.limits, self.budget, self.raw_len);
        let mut ids = context.integers(&table.ids, rows)?;
        table.counts((0..rows).map(|_| ids.next())).ok_or_else(unknown_template)
    }

    fn template_of(&self, row: u32) -> usize {
        let ids = self.ids.as_deref().unwrap_or_default();
        ids.get(row as usize).map_or(usize::MAX, |&id| id as usize)
    }
}
