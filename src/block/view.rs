//! A block of which only those parts are decoded that are asked for.

use crate::block::modelled;
use crate::block::pick::{Picker, Stop};
use crate::block::places::{Places, Rendered};
use crate::block::reader::{Context, unknown_template};
use crate::block::sections::Sections;
use crate::block::tree::{Column, Counts, Span, Table, Tree, over};
use crate::codec::Decompressor;
use crate::column::{ByteSet, Strings};
use crate::error::{Error, Result, Section};
use crate::format::SectionEntry;
use crate::limits::{self, Limits};
use crate::model::{self, Costs};

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
        limits: &Limits,
    ) -> Result<Self> {
        Self::with_decompressor(sections, payload, raw_len, limits, Decompressor::default())
    }

    /// The same, with a decompressor that [`into_decompressor`](Self::into_decompressor) gives back.
    pub(crate) fn with_decompressor(
        sections: &'p [SectionEntry],
        payload: &'p [u8],
        raw_len: u32,
        limits: &Limits,
        decompressor: Decompressor,
    ) -> Result<Self> {
        let raw_len =
            limits::check("raw bytes of a block", raw_len.into(), limits.block_raw_bytes_max)?;
        let mut sections = Sections::new(sections, payload, raw_len, limits, decompressor)?;
        let literal = sections.is_literal()?;
        let mut view = Self {
            meta: Vec::new(),
            tree: None,
            limits: limits.clone(),
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
                view.meta = modelled::templates(&view.meta, raw_len, limits)?;
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
            let mut ids = context.integers(&tree.table.ids, tree.rows)?;
            let id = |_| u32::try_from(ids.next()).unwrap_or(u32::MAX);
            let ids: Vec<u32> = (0..tree.rows).map(id).collect();
            self.counts = counts(tree, &ids)?;
            self.ids = Some(ids);
        }
        Ok(self.ids.as_deref().unwrap_or_default())
    }

    /// Decodes what a model coded, all of it, unless that has been done.
    fn load_model(&mut self) -> Result<()> {
        let (Some(tree), None) = (&self.tree, &self.ids) else { return Ok(()) };
        self.sections.load(0)?;
        let decoded = model::decode(&self.sections.take(0), self.raw_len, &self.limits)?;
        self.counts = counts(tree, &decoded.ids)?;
        self.columns = decoded.columns.into_iter().map(Some).collect();
        self.ids = Some(decoded.ids);
        Ok(())
    }

    /// Decodes a block that a model coded, all of it; tells the counts of its `tree`, its columns, and what they cost.
    pub(crate) fn weigh(&mut self, tree: &Tree) -> Result<(Counts, Vec<Strings>, Costs)> {
        self.sections.load(0)?;
        let (table, costs) = model::weigh(&self.sections.take(0), self.raw_len, &self.limits)?;
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

    /// Number of values of a column, once the ids are known.
    pub(crate) fn values_of(&self, column: usize) -> usize {
        self.counts.columns.get(column).copied().unwrap_or(0)
    }

    /// What readers of columns share, and the templates section; `None` for a literal block.
    pub(crate) fn context(&self) -> Option<(Context<'_>, &[u8])> {
        self.tree.as_ref()?;
        let (meta, limits) = (&self.meta, &self.limits);
        Some((Context::new(meta, &self.sections, limits, self.budget, self.raw_len), meta))
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
        let ids = self.ids.iter().flatten().map(|&id| i64::from(id));
        let mut places = Places::of(&tree.table, ids, rows);
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

    /// Picks values of columns: those that can be are taken out of `wanted`.
    fn pick(&mut self, wanted: &mut Vec<(u32, Vec<u32>)>) -> Result<Vec<(u32, Strings)>> {
        for (column, _) in &*wanted {
            if self.loaded(*column as usize).is_none() {
                for section in self.sections_of(*column as usize) {
                    self.sections.load(section)?;
                }
            }
        }
        let (Some(tree), Some(ids)) = (&self.tree, &self.ids) else { return Ok(Vec::new()) };
        let (meta, limits) = (&self.meta, &self.limits);
        let context = Context::new(meta, &self.sections, limits, self.budget, self.raw_len);
        let mut picker = Picker::new(context, (meta, tree), (ids, &self.counts), &self.columns);
        let mut values = Vec::with_capacity(wanted.len());
        let mut left = Vec::new();
        for (column, wanted) in std::mem::take(wanted) {
            match picker.top(column, &wanted) {
                Ok(picked) => values.push((column, picked)),
                Err(Stop::Whole) => left.push((column, wanted)),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        *wanted = left;
        Ok(values)
    }

    fn template_of(&self, row: u32) -> usize {
        let ids = self.ids.as_deref().unwrap_or_default();
        ids.get(row as usize).map_or(usize::MAX, |&id| id as usize)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::block::tree::Column;
    use crate::block::{Encoded, Encoder};
    use crate::codec::CodecTag;
    use crate::line::Rows;
    use crate::template::{Mode, parse};
    use crate::wire::checksum;

    const ROWS: u32 = 100_000;

    fn log() -> Vec<u8> {
        let line = |i: u32| {
            let id = i.wrapping_mul(2_654_435_761);
            let id = (id ^ id >> 15).wrapping_mul(2_246_822_519);
            let id = id ^ id >> 13;
            let (user, at) = (id / 7 % 23, 40_000 + id % 30_011);
            // Other columns tell most of these: equal, by key, near, near by key; not all, and not the first.
            let odd = if i % 10 == 1 { i % 5 } else { user };
            match i % 3 {
                0 => format!(
                    "cache {} of 10.0.{}.{} missed /v/{id:x}/{}\n",
                    i % 7,
                    i % 5,
                    id % 251,
                    i.wrapping_mul(i)
                ),
                1 => format!(
                    "user u{user} came as u{odd} at {at} until {} with shell /bin/{:x} and {} times\n",
                    at + id % 6,
                    if id.is_multiple_of(97) { i } else { user.wrapping_mul(0x9e37_79b9) },
                    user.wrapping_mul(1_000_000) + i / 23
                ),
                _ => format!(
                    "10:{:02}:{:02} GET {} took {}.{:03} ms\n",
                    i / 60 % 60,
                    i % 60,
                    id % 97,
                    id % 9,
                    i % 1000
                ),
            }
        };
        (0..ROWS).flat_map(|i| line(i).into_bytes()).collect()
    }

    fn encode(raw: &[u8]) -> (Encoded, u32) {
        (Encoder::new(3).encode(raw).unwrap(), u32::try_from(raw.len()).unwrap())
    }

    fn open(encoded: &Encoded, raw_len: u32) -> BlockView<'_> {
        BlockView::open(&encoded.sections, &encoded.payload, raw_len, &Limits::default()).unwrap()
    }

    #[test]
    fn a_column_decodes_alone_with_the_sections_it_needs() {
        let raw = log();
        let (encoded, raw_len) = encode(&raw);
        let expected = parse(&Rows::lines(Some(&raw[..raw.len() - 1])), Mode::Lines);
        let all = open(&encoded, raw_len);
        assert_eq!(all.columns(), expected.columns.len());
        assert!(encoded.sections.len() > 5, "{}", encoded.sections.len());
        for (column, values) in expected.columns.iter().enumerate() {
            let mut view = open(&encoded, raw_len);
            assert_eq!(view.column(column).unwrap(), values);
            let decoded = (0..).zip(&encoded.sections).filter(|&(n, _)| view.sections.is_loaded(n));
            let decoded: BTreeSet<u32> = decoded.map(|(n, _)| n).collect();
            let ids = view.tree.as_ref().unwrap().table.ids.stream.section;
            let named = view.sections_of(column).into_iter().chain([ids]).filter(|&n| n > 0);
            assert_eq!(decoded, named.collect());
            view.tree.as_ref().unwrap().table.columns[column].streams(&mut |stream| {
                let needs = &encoded.sections[stream.section as usize].needs;
                let earlier = decoded.iter().filter(|&&n| n < stream.section);
                assert!(earlier.into_iter().all(|n| needs.contains(n)), "{decoded:?} {needs:?}");
            });
        }
    }

    #[test]
    fn templates_and_ids_are_those_of_the_lines() {
        let raw = log();
        let (encoded, raw_len) = encode(&raw);
        let mut view = open(&encoded, raw_len);
        let ids = view.ids().unwrap().to_vec();
        let lines = raw[..raw.len() - 1].split(|&byte| byte == b'\n');
        for (line, &id) in lines.zip(&ids) {
            let mut pieces = view.pieces_of(id as usize);
            assert!(line.starts_with(pieces.next().unwrap()));
            assert!(line.ends_with(pieces.last().unwrap()));
        }
        assert_eq!(view.counts().unwrap().templates.iter().sum::<usize>(), view.rows());
        assert_eq!(view.templates(), 3);
    }

    #[test]
    fn relations_are_found() {
        let raw = log();
        let (encoded, raw_len) = encode(&raw);
        let view = open(&encoded, raw_len);
        let tree = view.tree.as_ref().unwrap();
        let (mut same, mut by_key, mut near, mut near_by_key) = (0, 0, 0, 0);
        for column in &tree.table.columns {
            match column {
                Column::Predicted { by_key: false, .. } => same += 1,
                Column::Predicted { by_key: true, .. } => by_key += 1,
                Column::Digits { numbers, .. } | Column::Time { ticks: numbers, .. } => {
                    match numbers.reference {
                        Some((_, false)) => near += 1,
                        Some((_, true)) => near_by_key += 1,
                        None => {}
                    }
                }
                _ => {}
            }
        }
        assert!(
            same > 0 && by_key > 0 && near > 0 && near_by_key > 0,
            "{same} {by_key} {near} {near_by_key}"
        );
    }

    #[test]
    fn chosen_lines_are_rendered() {
        let raw = log();
        let (encoded, raw_len) = encode(&raw);
        let lines: Vec<&[u8]> = raw[..raw.len() - 1].split(|&byte| byte == b'\n').collect();
        for rows in [vec![], vec![0], vec![1, 2, 5000, ROWS - 1], (300..900).step_by(3).collect()] {
            let mut view = open(&encoded, raw_len);
            let mut seen = Vec::new();
            view.render_rows(&rows, |row, line| seen.push((row, line.to_vec()))).unwrap();
            let expected = rows.iter().map(|&row| (row, lines[row as usize].to_vec()));
            assert_eq!(seen, expected.collect::<Vec<_>>());
        }
        assert!(open(&encoded, raw_len).render_rows(&[5, 4], |_, _| {}).is_err());
        assert!(open(&encoded, raw_len).render_rows(&[ROWS], |_, _| {}).is_err());
    }

    #[test]
    fn what_is_picked_of_a_column_is_what_the_whole_column_has() {
        let raw = &log()[..1 << 20];
        for level in [3, 6] {
            let encoded = Encoder::new(level).encode(raw).unwrap();
            let raw_len = u32::try_from(raw.len()).unwrap();
            let mut whole = open(&encoded, raw_len);
            for column in 0..whole.columns() {
                let values = whole.column(column).unwrap().clone();
                let count = u32::try_from(values.len()).unwrap();
                for (from, step) in [(0, 1), (0, 7), (3, 1009), (count - 1, 1), (count / 2, 11)] {
                    let wanted: Vec<u32> = (from..count).step_by(step).collect();
                    let mut view = open(&encoded, raw_len);
                    view.ids().unwrap();
                    let mut asked = vec![(u32::try_from(column).unwrap(), wanted.clone())];
                    let picked = view.pick(&mut asked).unwrap();
                    assert!(asked.is_empty(), "column {column} had to be decoded as a whole");
                    let expected = wanted.iter().map(|&at| values.get(at as usize));
                    assert!(picked[0].1.iter().eq(expected), "column {column} from {from}");
                }
            }
        }
    }

    #[test]
    fn damage_costs_what_needs_it_only() {
        let raw = log();
        let (mut encoded, raw_len) = encode(&raw);
        let last = encoded.payload.last_mut().unwrap();
        *last ^= 1;
        let mut view = open(&encoded, raw_len);
        let damaged = u32::try_from(encoded.sections.len()).unwrap() - 1;
        for column in 0..view.columns() {
            let needs = view.sections_of(column).contains(&damaged);
            assert_eq!(view.column(column).is_err(), needs);
        }
        assert!(view.render(&mut Vec::new()).is_err());
    }

    #[test]
    fn a_changed_tree_is_an_error_or_other_bytes() {
        let raw = log();
        let (encoded, raw_len) = encode(&raw[..40_000]);
        let raw_len = raw_len.min(40_000);
        let mut sections = Sections::new(
            &encoded.sections,
            &encoded.payload,
            40_000,
            &Limits::default(),
            Decompressor::default(),
        )
        .unwrap();
        sections.load(0).unwrap();
        let meta = sections.take(0);
        let rest = &encoded.payload[encoded.sections[0].stored_len as usize..];
        for at in 0..meta.len() {
            for change in [1, 0x10, 0x80, 0xff] {
                let mut meta = meta.clone();
                meta[at] ^= change;
                let mut entries = encoded.sections.clone();
                entries[0].codec = CodecTag::Store;
                entries[0].stored_len = entries[0].decoded_len;
                entries[0].stored_check = checksum::section(&meta);
                entries[0].decoded_check = entries[0].stored_check;
                let payload = [&meta, rest].concat();
                let view = BlockView::open(&entries, &payload, raw_len, &Limits::default());
                // What matters is that it ends, and does not panic.
                drop(view.and_then(|mut view| view.render(&mut Vec::new())));
            }
        }
    }
}
