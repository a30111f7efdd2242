//! Whether the values of a column may be what is looked for: searched in the text as it is stored, before values are told apart,
//! and in what the column tree tells of numbers and times.

use std::cell::Cell;

use crate::block::BlockView;
use crate::block::hits;
use crate::block::number::{Asked, NumberPart};
use crate::block::sections::Sections;
use crate::block::tree::{Column, Stream, Table, Tree};
use crate::column::ByteSet;
use crate::error::Result;
use crate::predicate::{Fit, Part, Reach};

/// References and nested columns deeper than this are taken to hold anything.
const DEPTH_MAX: u32 = 12;
/// So is what is left when so many columns have been looked into.
const STEPS_MAX: u32 = 20_000;

impl BlockView<'_> {
    /// Whether a value of a column may be what is looked for. Only sections with text of the column are decoded. False is
    /// certain.
    pub(crate) fn may_hold(&mut self, column: usize, part: &Part) -> Result<bool> {
        let mut sections = Vec::new();
        for column in self.closure(column) {
            if let Some(node) = self.node(column as usize) {
                text_streams(node, &mut |stream| sections.push(stream.section));
            }
        }
        sections.sort_unstable();
        sections.dedup();
        for section in sections.into_iter().filter(|&section| section > 0) {
            self.load_section(section)?;
        }
        let (Some((meta, tree, sections)), Some(node)) = (self.parts(), self.node(column)) else {
            return Ok(true);
        };
        let search = Search { meta, tree, sections, steps: Cell::new(STEPS_MAX) };
        Ok(search.column(node, &tree.table, part, 0))
    }
}

/// Calls `visit` for the streams of a column that hold text.
fn text_streams(column: &Column, visit: &mut dyn FnMut(Stream)) {
    match column {
        Column::Text(stream) => visit(*stream),
        Column::Dictionary { entries, .. } => text_streams(entries, visit),
        Column::Nested(table) => {
            table.columns.iter().for_each(|column| text_streams(column, visit));
        }
        Column::Predicted { column, .. } => text_streams(column, visit),
        // What these are is told by the tree.
        Column::Constant(_)
        | Column::Packed { .. }
        | Column::Digits { .. }
        | Column::Time { .. }
        | Column::Modelled => {}
    }
}

/// A search in columns of which the text has been decoded.
struct Search<'a> {
    meta: &'a [u8],
    tree: &'a Tree,
    sections: &'a Sections<'a>,
    steps: Cell<u32>,
}

impl Search<'_> {
    /// Whether a value of a column of `table` may be what is looked for.
    fn column(&self, column: &Column, table: &Table, part: &Part, depth: u32) -> bool {
        let Some(steps) = self.steps.get().checked_sub(1).filter(|_| depth <= DEPTH_MAX) else {
            return true;
        };
        self.steps.set(steps);
        match column {
            Column::Constant(value) => part.is_met_by(value.of(self.meta)),
            Column::Text(stream) => hits::is_in_text(self.sections.stream(*stream), part),
            Column::Digits { form, numbers, .. } => {
                let may_be = |asked: NumberPart| {
                    numbers.range().is_none_or(|(least, most)| asked.may_be_among(least, most))
                };
                part.is_of(&column.alphabet(self.meta))
                    && match NumberPart::of(*form, part) {
                        Asked::Never => false,
                        Asked::Unknown => true,
                        Asked::Some(asked) => may_be(asked),
                    }
            }
            Column::Time { layouts, .. } => {
                let Part { bytes, folded, starts, ends, .. } = part;
                part.is_of(&column.alphabet(self.meta))
                    && layouts.iter().any(|layout| layout.may_hold(bytes, *folded, *starts, *ends))
            }
            Column::Packed { width, .. } => {
                let (width, len) = (*width as usize, part.bytes.len());
                let fits = if part.starts && part.ends { len == width } else { len <= width };
                fits && part.is_of(&column.alphabet(self.meta))
            }
            Column::Dictionary { entries, .. } => self.column(entries, table, part, depth + 1),
            Column::Nested(nested) => {
                let alphabets = nested.alphabets(self.meta).into_iter();
                let slots: Vec<_> = alphabets.map(|alphabet| Reach::of(&alphabet, part)).collect();
                (0..nested.templates())
                    .any(|template| self.nested((nested, &slots), template, part, depth + 1))
            }
            Column::Predicted { reference, by_key, column, .. } => {
                // By key, a value is one that stood there before: all of them come from the misses. What has not been is
                // empty.
                if part.is_met_by(b"") || self.column(column, table, part, depth + 1) {
                    return true;
                }
                let other = if reference.top { &self.tree.table } else { table };
                let told = other.columns.get(reference.column as usize);
                !by_key && told.is_none_or(|told| self.column(told, other, part, depth + 1))
            }
            Column::Modelled => true,
        }
    }

    /// Whether a row of a template of a nested table may be what is looked for.
    fn nested(
        &self,
        (table, reaches): (&Table, &[Reach]),
        template: usize,
        part: &Part,
        depth: u32,
    ) -> bool {
        let columns = table.columns_of(template);
        let mut fit = table.fit((self.meta, reaches), template, part);
        if fit == Fit::Any {
            fit = table.fit_probed((self.meta, reaches), template, part, &mut |slot, part| {
                let column = columns.get(slot).and_then(|&at| table.columns.get(at as usize));
                column.is_none_or(|column| self.column(column, table, part, depth + 1))
            });
        }
        let Fit::Places(places) = fit else { return true };
        places.iter().any(|place| {
            place.iter().all(|(slot, part)| {
                let column =
                    columns.get(*slot).and_then(|&column| table.columns.get(column as usize));
                column.is_none_or(|column| self.column(column, table, part, depth + 1))
            })
        })
    }
}

impl Table {
    /// The bytes that values of each column may hold. `meta` is the templates section.
    pub(crate) fn alphabets(&self, meta: &[u8]) -> Vec<ByteSet> {
        self.columns.iter().map(|column| column.alphabet(meta)).collect()
    }

    /// Where the rows of a template may hold what is looked for, of which `reaches` tells what each column may.
    pub(crate) fn fit(
        &self,
        (meta, reaches): (&[u8], &[Reach]),
        template: usize,
        part: &Part,
    ) -> Fit {
        let (pieces, slots) = self.fitted((meta, reaches), template);
        Fit::of(&pieces, &slots, part)
    }

    /// The same where `probe` tells of a slot whether some value of it may be what is looked for: then slots that follow each
    /// other without text between are few places most often.
    pub(crate) fn fit_probed(
        &self,
        (meta, reaches): (&[u8], &[Reach]),
        template: usize,
        part: &Part,
        probe: &mut dyn FnMut(usize, &Part) -> bool,
    ) -> Fit {
        let (pieces, slots) = self.fitted((meta, reaches), template);
        Fit::probed(&pieces, &slots, part, probe)
    }

    /// The text of a template, and what its slots may hold.
    fn fitted<'m>(
        &self,
        (meta, reaches): (&'m [u8], &[Reach]),
        template: usize,
    ) -> (Vec<&'m [u8]>, Vec<Reach>) {
        let pieces = self.pieces_of(template).iter().map(|piece| piece.of(meta)).collect();
        let columns = self.columns_of(template).iter();
        let slots = columns.filter_map(|&column| reaches.get(column as usize)).copied().collect();
        (pieces, slots)
    }
}
