//! Whether the values of a column may hold some text: looked for in the streams, before values are told apart.

use crate::block::BlockView;
use crate::block::sections::Sections;
use crate::block::tree::{Column, Stream, Table, Tree};
use crate::error::Result;
use crate::predicate::{Clause, Fit, Literal};

/// References and nested columns deeper than this are taken to hold anything.
const DEPTH_MAX: u32 = 12;

impl BlockView<'_> {
    /// Whether a value of a column may hold `text`, in any case of ASCII letters if `folded`. Only sections with text of
    /// the column are decoded. False is certain.
    pub(crate) fn may_hold(&mut self, column: usize, text: &[u8], folded: bool) -> Result<bool> {
        let literal = Literal { bytes: text.to_vec(), folded };
        let Some(clause) = Clause::new(vec![literal.clone()]) else { return Ok(true) };
        if self.loaded(column).is_some_and(|values| clause.find(values.bytes()).is_none()) {
            return Ok(false);
        }
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
        let search = Search { meta, tree, sections, clause: &clause, literal: &literal };
        Ok(search.column(node, &tree.table, 0))
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
        // What these are told by their alphabet.
        Column::Constant(_)
        | Column::Packed { .. }
        | Column::Digits { .. }
        | Column::Time { .. }
        | Column::Modelled => {}
    }
}

/// A search for one literal in columns of which the text has been decoded.
struct Search<'a> {
    meta: &'a [u8],
    tree: &'a Tree,
    sections: &'a Sections<'a>,
    clause: &'a Clause,
    literal: &'a Literal,
}

impl Search<'_> {
    /// Whether a value of a column of `table` may hold the literal.
    fn column(&self, column: &Column, table: &Table, depth: u32) -> bool {
        if depth > DEPTH_MAX {
            return true;
        }
        match column {
            Column::Constant(value) => self.clause.find(value.of(self.meta)).is_some(),
            Column::Text(stream) => self.clause.find(self.sections.stream(*stream)).is_some(),
            Column::Digits { .. } | Column::Time { .. } | Column::Packed { .. } => {
                let alphabet = column.alphabet(self.meta);
                let holds = |&byte: &u8| {
                    alphabet.holds(byte)
                        || (self.literal.folded
                            && (alphabet.holds(byte.to_ascii_lowercase())
                                || alphabet.holds(byte.to_ascii_uppercase())))
                };
                self.literal.bytes.iter().all(holds)
            }
            Column::Dictionary { entries, .. } => self.column(entries, table, depth + 1),
            Column::Nested(nested) => {
                (0..nested.templates()).any(|template| self.nested(nested, template, depth + 1))
            }
            // By key, a value is one that stood there before: all of them come from the misses.
            Column::Predicted { by_key: true, column, .. } => self.column(column, table, depth + 1),
            Column::Predicted { reference, column, .. } => {
                let other = if reference.top { &self.tree.table } else { table };
                self.column(column, table, depth + 1)
                    || other
                        .columns
                        .get(reference.column as usize)
                        .is_none_or(|told| self.column(told, other, depth + 1))
            }
            Column::Modelled => true,
        }
    }

    /// Whether a row of a template of a nested table may hold the literal.
    fn nested(&self, table: &Table, template: usize, depth: u32) -> bool {
        let pieces: Vec<&[u8]> =
            table.pieces_of(template).iter().map(|piece| piece.of(self.meta)).collect();
        let columns: Vec<&Column> = table
            .columns_of(template)
            .iter()
            .filter_map(|&column| table.columns.get(column as usize))
            .collect();
        let alphabets: Vec<_> = columns.iter().map(|column| column.alphabet(self.meta)).collect();
        let Fit::Slots(slots) = Fit::of(&pieces, &alphabets, self.literal) else { return true };
        slots.into_iter().any(|mut fit| {
            let Some(column) = columns.get(fit.slot) else { return true };
            let kept = fit.retain(self.literal, |part| {
                let literal = Literal { bytes: part.to_vec(), folded: self.literal.folded };
                let Some(clause) = Clause::new(vec![literal.clone()]) else { return Ok(true) };
                let inner = Search { clause: &clause, literal: &literal, ..*self };
                Ok(inner.column(column, table, depth + 1))
            });
            kept.unwrap_or(true)
        })
    }
}
