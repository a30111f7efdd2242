//! Tables: templates, the template of each row, and columns (`docs/MODEL-FORMAT.md`, "Columns").

use crate::column::Strings;
use crate::error::Result;
use crate::line::{MARK, MARK_TIME};
use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::column::{Column, GIVEN, KEYWORD_TEMPLATES, VALUES, WHAT_SLOT, broken, given_of};
use crate::model::given::{Matcher, Told};
use crate::model::hook::{ColumnKind, Note};
use crate::model::memory::{hash_bytes, join};
use crate::model::plan::{DISTINCT_MAX, Plan};
use crate::model::rows::{Context, Rows, Shape};
use crate::template::Parsed;

/// A table's template ids and columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) ids: Vec<u32>,
    pub(crate) columns: Vec<Strings>,
}

impl Model {
    /// Codes the ids and the columns of a table of `rows` rows, of which `outer` is known.
    pub(crate) fn table<C: Coder>(
        &mut self,
        coder: &mut C,
        parsed: Option<&Parsed>,
        shape: &Shape,
        (outer, keyword): (&Context, u32),
        depth: u32,
    ) -> Result<Table> {
        self.note(depth, 0, coder);
        let rows = outer.len();
        let number = self.next_column(rows)?;
        coder.note(Note::Column(ColumnKind::Ids, number));
        let templates = u32::try_from(shape.templates()).unwrap_or(u32::MAX);
        if templates == 0 || templates > DISTINCT_MAX {
            return Err(broken("a table has templates"));
        }
        let ids = parsed.map(|parsed| &parsed.ids[..]);
        // Whatever follows counts on these being as they were given.
        let given = ids.unwrap_or_default();
        let ids = self.sequence(coder, ids, number, outer, rows, templates).things;
        if ids.iter().zip(given).any(|(id, given)| id != given) {
            return Err(broken(GIVEN));
        }
        // What is known of each value takes memory, so that their number is checked first.
        let values = ids.iter().map(|&id| shape.columns_of(id).len() as u64).sum::<u64>();
        if values > self.values {
            return Err(broken(VALUES));
        }
        self.note(depth, 0, coder);
        let mut rows = Rows::new(shape, &ids, outer);
        let mut columns = Vec::with_capacity(shape.columns());
        for column in 0..shape.columns() {
            let context = rows.context(column);
            let known = parsed.and_then(|parsed| parsed.columns.get(column));
            let keyword = join(keyword, shape.keyword(column));
            let coded =
                self.column(coder, known, (&context, keyword), rows.values(column), depth)?;
            self.note(depth, coded.node, coder);
            rows.set(column, &self.seen(&coded));
            columns.push(coded.values);
        }
        coder.note(Note::TableEnd);
        Ok(Table { ids, columns })
    }

    /// Notes what the code has cost behind a column of lines, if that is wanted.
    fn note<C: Coder>(&mut self, depth: u32, node: u8, coder: &C) {
        if let (0, Some(noted)) = (depth, &mut self.noted) {
            noted.push((node, coder.spent()));
        }
    }

    /// Codes the templates of a table, and the columns of their slots; the first `given` templates are known to both sides.
    pub(crate) fn templates<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Parsed>,
        depth: u32,
        given: usize,
    ) -> Result<(Strings, Shape)> {
        let new = known.map_or(0, |known| known.templates.len()).saturating_sub(given);
        let count = given + self.count(coder, new, 1 << 20)?;
        self.next_column(count)?;
        let known_texts = known.map(|known| {
            let mut texts = Strings::default();
            known.templates.iter().for_each(|template| texts.push(template));
            texts
        });
        let key = (depth, KEYWORD_TEMPLATES);
        coder.note(Note::Column(ColumnKind::Templates, depth));
        let texts = self
            .text(coder, known_texts.as_ref(), key, &Context::empty(count, given), count)
            .ok_or_else(|| broken("values fit the block"))?;
        let mut slot_columns = Vec::new();
        let mut columns = 0;
        for (number, template) in texts.iter().enumerate() {
            let mut last = 0;
            let mut start = 0;
            for (at, _) in template.iter().enumerate().filter(|(_, byte)| **byte < 2) {
                let known = known.and_then(|known| known.slot_columns.get(slot_columns.len()));
                let known = known.copied().unwrap_or(0);
                let code = if known == columns { 0 } else { u64::from(known) + 1 };
                let prefix = hash_bytes(template.get(..at).unwrap_or_default());
                let between = hash_bytes(template.get(start..at).unwrap_or_default());
                let what = WHAT_SLOT + depth;
                let code = if number < given {
                    self.plain(&mut Told(coder), code, what, [last, prefix, between])
                } else {
                    self.plain(coder, code, what, [last, prefix, between])
                };
                last = u32::try_from(code).unwrap_or(u32::MAX);
                slot_columns.push(if last == 0 { columns } else { last - 1 });
                columns += u32::from(last == 0);
                start = at + 1;
            }
        }
        let templates: Vec<&[u8]> = texts.iter().collect();
        let shape = Shape::of(&templates, slot_columns);
        let shape = shape.ok_or_else(|| broken("a slot's column is new or known"))?;
        Ok((texts, shape))
    }

    pub(crate) fn nested<C: Coder>(
        &mut self,
        coder: &mut C,
        (plan, known): (Option<&Plan>, Option<&Strings>),
        key: (u32, u32),
        context: &Context,
        depth: u32,
    ) -> Result<Column> {
        let plan = if let Some(Plan::Nested(plan)) = plan { Some(plan) } else { None };
        let (texts, shape) = self.templates(coder, plan, depth + 1, 0)?;
        let templates: Vec<&[u8]> = texts.iter().collect();
        coder.note(Note::Table(&texts));
        let told = match plan {
            None => given_rows(&templates, &shape, given_of(known, context)),
            Some(_) => Some(Parsed::default()),
        };
        let told = told.ok_or_else(|| broken(GIVEN))?;
        let plan = plan.unwrap_or(&told);
        let table = self.table(coder, Some(plan), &shape, (context, key.1), depth + 1)?;
        let mut values = Strings::default();
        let mut budget = self.budget;
        render(&templates, &shape, (&table.ids, &table.columns), |row| {
            budget = budget.checked_sub(row.len() as u64)?;
            values.push(row);
            Some(())
        })
        .ok_or_else(|| broken("values fit the block"))?;
        self.budget = budget;
        Ok(Column::plain(values))
    }
}

/// The rows of a nested table that are given.
fn given_rows<'a>(
    templates: &[&[u8]],
    shape: &Shape,
    values: impl Iterator<Item = &'a [u8]>,
) -> Option<Parsed> {
    let matcher = Matcher::new(templates);
    let mut rows =
        Parsed { columns: vec![Strings::default(); shape.columns()], ..Parsed::default() };
    let mut parts = Vec::new();
    for value in values {
        parts.clear();
        let id = matcher.find(value, &mut parts)?;
        rows.ids.push(id);
        for (&column, &(start, end)) in shape.columns_of(id).iter().zip(&parts) {
            rows.columns.get_mut(column as usize)?.push(value.get(start..end)?);
        }
    }
    Some(rows)
}

/// Renders a table's rows one after the other, until `take` has had enough.
pub(crate) fn render(
    templates: &[&[u8]],
    shape: &Shape,
    (ids, columns): (&[u32], &[Strings]),
    mut take: impl FnMut(&[u8]) -> Option<()>,
) -> Option<()> {
    let mut readers: Vec<_> = columns.iter().map(Strings::iter).collect();
    let mut row = Vec::new();
    for &id in ids {
        row.clear();
        let mut columns = shape.columns_of(id).iter();
        let template = templates.get(id as usize)?;
        let pieces = template.split(|&byte| byte == MARK || byte == MARK_TIME);
        for (number, piece) in pieces.enumerate() {
            if number > 0 {
                let &column = columns.next()?;
                row.extend_from_slice(readers.get_mut(column as usize)?.next()?);
            }
            row.extend_from_slice(piece);
        }
        take(&row)?;
    }
    Some(())
}
