//! Columns and tables (`docs/MODEL-FORMAT.md`, "Columns"): one path for encoder and decoder.
//!
//! *Invariant:* a decoder ends on any bytes: the number of values and the bytes they take are bounded by what the
//! caller allows.

use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::{Form, Width};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::line::{MARK, MARK_TIME};
use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::hook::{ColumnKind, Note};
use crate::model::memory::{hash_bytes, join};
use crate::model::number::Base;
use crate::model::plan::{DEPTH_MAX, DISTINCT_MAX, LAYOUTS_MAX, Plan};
use crate::model::rows::{Context, Rows, Seen, Shape, number_in};
use crate::template::Parsed;

/// What the numbers outside columns are.
const WHAT_NODE: u32 = 1;
const WHAT_COUNT: u32 = 16;
const WHAT_CODE: u32 = 17;
const WHAT_SLOT: u32 = 18;
/// Stands for the keyword of nested templates.
const KEYWORD_TEMPLATES: u32 = 0x7465_6d70;

const VALUES: &str = "a block has not many more values than bytes";

/// A table's template ids and columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) ids: Vec<u32>,
    pub(crate) columns: Vec<Strings>,
}

/// Values, and what other columns see of them.
pub(crate) struct Column {
    values: Strings,
    surprises: Vec<u8>,
    /// What the values are counted as, where that is not what is printed.
    numbers: Option<Vec<i64>>,
    /// How it was coded: the tag of its node.
    node: u8,
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
        let ids = self.sequence(coder, ids, number, outer, rows, templates).things;
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

    fn column<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Strings>,
        place: (&Context, u32),
        values: usize,
        depth: u32,
    ) -> Result<Column> {
        let plan = known.map(|known| self.choose(known, place, depth));
        self.coded(coder, plan.as_ref().zip(known), place, values, depth)
    }

    /// Codes a column; `known` has the way to code it, and the values, when encoding.
    pub(crate) fn coded<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<(&Plan, &Strings)>,
        (context, keyword): (&Context, u32),
        values: usize,
        depth: u32,
    ) -> Result<Column> {
        let (plan, known) = known.unzip();
        let number = self.next_column(values)?;
        if coder.is_exhausted() {
            return Err(broken("the code is as long as its columns need"));
        }
        let tag = self.plain(
            coder,
            plan.map_or(0, Plan::tag),
            WHAT_NODE,
            [depth, self.last_tag, keyword],
        );
        self.last_tag = (self.last_tag << 4 & 0xffff) | u32::try_from(tag & 15).unwrap_or(0);
        let key = (number, keyword);
        coder.note(Note::Column(kind_of(tag), number));
        let column = match tag {
            0 => self.constant(coder, known, values),
            1 => {
                let values = self.text(coder, known, key, context, values);
                Ok(Column::plain(values.ok_or_else(|| broken("values fit the block"))?))
            }
            2 => self.digits(coder, plan, key, context, values),
            3 => self.times(coder, plan, key, context, values),
            4 if depth <= DEPTH_MAX => self.dictionary(coder, plan, key, context, depth),
            5 if depth < DEPTH_MAX => self.nested(coder, plan, key, context, depth),
            _ => Err(broken("a column node is known, and nested to a bounded depth")),
        }?;
        Ok(Column { node: u8::try_from(tag).unwrap_or(0), ..column })
    }

    /// What other columns see of a column.
    fn seen(&mut self, column: &Column) -> Seen {
        let mut seen = Seen { surprises: column.surprises.clone(), ..Seen::default() };
        seen.numbers = match &column.numbers {
            Some(numbers) => numbers.clone(),
            None => column.values.iter().map(number_in).collect(),
        };
        for value in column.values.iter() {
            seen.hashes.push(hash_bytes(value));
            seen.texts.push(u32::try_from(self.pool.len()).unwrap_or(0));
            self.pool.extend_from_slice(value);
            self.pool.push(b'\n');
        }
        seen
    }

    /// Numbers a column or a table, and counts its values against what is allowed.
    fn next_column(&mut self, values: usize) -> Result<u32> {
        let left = self.values.checked_sub(values as u64 + 1);
        self.values = left.ok_or_else(|| broken(VALUES))?;
        self.columns += 1;
        Ok(self.columns)
    }

    fn constant<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Strings>,
        values: usize,
    ) -> Result<Column> {
        let one = self.text(coder, known, (0, 0), &Context::empty(1), 1);
        let one = one.ok_or_else(|| broken("values fit the block"))?;
        self.spend(one.bytes().len(), values)?;
        let mut all = Strings::default();
        for _ in 0..values {
            all.push(one.get(0));
        }
        Ok(Column::plain(all))
    }

    /// Takes the bytes of values that are not spelled from the budget.
    fn spend(&mut self, bytes: usize, values: usize) -> Result<()> {
        let cost = (bytes as u64).saturating_mul(values as u64);
        self.budget =
            self.budget.checked_sub(cost).ok_or_else(|| broken("values fit the block"))?;
        Ok(())
    }

    fn digits<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        key: (u32, u32),
        context: &Context,
        values: usize,
    ) -> Result<Column> {
        let (form, widths, base, numbers) = match plan {
            Some(Plan::Digits(form, widths, base, numbers)) => {
                (form.to_bytes(), Some(&widths[..]), *base, Some(&numbers[..]))
            }
            _ => ([0; 2], None, Base::Zero, None),
        };
        let form = form.map(|byte| self.plain(coder, byte.into(), WHAT_CODE, [1, key.1, 0]));
        let form = form.map(|byte| u8::try_from(byte).unwrap_or(u8::MAX - 1));
        let form = Form::from_bytes(form).ok_or_else(|| broken("a form of digits is known"))?;
        let base = self.base(coder, base)?;
        let widths = match form.width {
            Width::Own => self.numbers(coder, widths, key, Base::Zero, context, values).0,
            _ => Vec::new(),
        };
        let (numbers, surprises) = self.numbers(coder, numbers, key, base, context, values);
        self.spend(20, values)?;
        let fixed = if let Width::Fixed(width) = form.width { usize::from(width) } else { 0 };
        let mut widths = widths.into_iter().map(|width| usize::try_from(width).unwrap_or(0));
        let mut printed = Strings::default();
        for &number in &numbers {
            let width = widths.next().unwrap_or(fixed);
            printed.push_with(|dst| form.print(number, width, dst));
        }
        Ok(Column { values: printed, surprises, numbers: Some(numbers), node: 0 })
    }

    fn base<C: Coder>(&mut self, coder: &mut C, base: Base) -> Result<Base> {
        let tag = self.plain(coder, base.tag(), WHAT_CODE, [2, 0, 0]);
        Base::from_tag(tag).ok_or_else(|| broken("a base is known"))
    }

    fn times<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        key: (u32, u32),
        context: &Context,
        values: usize,
    ) -> Result<Column> {
        let (known, chosen, base, ticks) = match plan {
            Some(Plan::Time(layouts, chosen, base, ticks)) => {
                (&layouts[..], Some(&chosen[..]), *base, Some(&ticks[..]))
            }
            _ => (&[][..], None, Base::Last, None),
        };
        let count = self.count(coder, known.len(), LAYOUTS_MAX)?;
        let mut layouts = Vec::new();
        for at in 0..count {
            let codes = known.get(at).map(Layout::to_codes).unwrap_or_default();
            let len = self.count(coder, codes.len(), 40)?;
            let mut decoded = Vec::new();
            for at in 0..len {
                let code = codes.get(at).copied().unwrap_or(0);
                let last = decoded.last().copied().unwrap_or(0u8).into();
                let code = self.plain(coder, code.into(), WHAT_CODE, [3, last, 0]);
                decoded.push(u8::try_from(code).unwrap_or(0));
            }
            let layout = Layout::from_codes(&decoded);
            layouts.push(layout.ok_or_else(|| broken("a time layout is well formed"))?);
        }
        let base = self.base(coder, base)?;
        let chosen = if count > 1 {
            let distinct = u32::try_from(count).unwrap_or(1);
            self.sequence(coder, chosen, key.0 ^ 0x8000_0000, context, values, distinct).things
        } else {
            Vec::new()
        };
        let (ticks, surprises) = self.numbers(coder, ticks, key, base, context, values);
        self.spend(100, values)?;
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let mut chosen = chosen.into_iter().map(|layout| layout as usize);
        let mut printed = Strings::default();
        for &tick in &ticks {
            let layout = layouts.get(chosen.next().unwrap_or(0));
            let layout = layout.ok_or_else(|| broken("a time's layout is known"))?;
            printed.push_with(|dst| layout.print(tick / (finest / layout.ticks_per_second()), dst));
        }
        Ok(Column { values: printed, surprises, numbers: Some(ticks), node: 0 })
    }

    fn count<C: Coder>(&mut self, coder: &mut C, known: usize, max: usize) -> Result<usize> {
        let count = self.plain(coder, known as u64, WHAT_COUNT, [0; 3]);
        let count = usize::try_from(count).ok().filter(|&count| count <= max);
        count.ok_or_else(|| broken("a count is within its bounds"))
    }

    fn dictionary<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        key: (u32, u32),
        context: &Context,
        depth: u32,
    ) -> Result<Column> {
        let (things, entries) = match plan {
            Some(Plan::Dictionary(things, entries)) => (Some(&things[..]), Some(entries)),
            _ => (None, None),
        };
        let values = context.len();
        let coded = self.sequence(coder, things, key.0, context, values, DISTINCT_MAX);
        let mut firsts = Vec::with_capacity(coded.distinct as usize);
        for (at, &thing) in (0u32..).zip(&coded.things) {
            if thing as usize == firsts.len() {
                firsts.push(at);
            }
        }
        let context = context.gather(&firsts);
        let entries = self.column(coder, entries, (&context, key.1), firsts.len(), depth + 1)?;
        let mut all = Strings::default();
        for thing in coded.things {
            let entry = entries.values.get(thing as usize);
            self.spend(entry.len(), 1)?;
            all.push(entry);
        }
        Ok(Column { values: all, surprises: coded.surprises, numbers: None, node: 0 })
    }

    /// Codes the templates of a table, and the columns of their slots.
    pub(crate) fn templates<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Parsed>,
        depth: u32,
    ) -> Result<(Strings, Shape)> {
        let count = self.count(coder, known.map_or(0, |known| known.templates.len()), 1 << 20)?;
        self.next_column(count)?;
        let known_texts = known.map(|known| {
            let mut texts = Strings::default();
            known.templates.iter().for_each(|template| texts.push(template));
            texts
        });
        let key = (depth, KEYWORD_TEMPLATES);
        coder.note(Note::Column(ColumnKind::Templates, depth));
        let texts = self
            .text(coder, known_texts.as_ref(), key, &Context::empty(count), count)
            .ok_or_else(|| broken("values fit the block"))?;
        let mut slot_columns = Vec::new();
        let mut columns = 0;
        for template in texts.iter() {
            let mut last = 0;
            let mut start = 0;
            for (at, _) in template.iter().enumerate().filter(|(_, byte)| **byte < 2) {
                let known = known.and_then(|known| known.slot_columns.get(slot_columns.len()));
                let known = known.copied().unwrap_or(0);
                let code = if known == columns { 0 } else { u64::from(known) + 1 };
                let prefix = hash_bytes(template.get(..at).unwrap_or_default());
                let between = hash_bytes(template.get(start..at).unwrap_or_default());
                let code = self.plain(coder, code, WHAT_SLOT + depth, [last, prefix, between]);
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

    fn nested<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        key: (u32, u32),
        context: &Context,
        depth: u32,
    ) -> Result<Column> {
        let plan = if let Some(Plan::Nested(plan)) = plan { Some(plan) } else { None };
        let (texts, shape) = self.templates(coder, plan, depth + 1)?;
        let templates: Vec<&[u8]> = texts.iter().collect();
        coder.note(Note::Table(&texts));
        let table = self.table(coder, plan, &shape, (context, key.1), depth + 1)?;
        let mut values = Strings::default();
        let mut budget = self.budget;
        render(&templates, &shape, &table, |row| {
            budget = budget.checked_sub(row.len() as u64)?;
            values.push(row);
            Some(())
        })
        .ok_or_else(|| broken("values fit the block"))?;
        self.budget = budget;
        Ok(Column::plain(values))
    }
}

/// What a node's tag means to a predictor.
fn kind_of(tag: u64) -> ColumnKind {
    match tag {
        0 => ColumnKind::Constant,
        2 => ColumnKind::Digits,
        3 => ColumnKind::Time,
        4 => ColumnKind::Dictionary,
        5 => ColumnKind::Nested,
        _ => ColumnKind::Text,
    }
}

impl Column {
    fn plain(values: Strings) -> Self {
        let surprises = vec![0; values.len()];
        Self { values, surprises, numbers: None, node: 0 }
    }
}

impl Plan {
    pub(crate) fn tag(&self) -> u64 {
        match self {
            Self::Constant => 0,
            Self::Text => 1,
            Self::Digits(..) => 2,
            Self::Time(..) => 3,
            Self::Dictionary(..) => 4,
            Self::Nested(..) => 5,
        }
    }

    /// What numbers are coded as differences to.
    pub(crate) fn base(&self) -> Option<Base> {
        match self {
            Self::Digits(_, _, base, _) | Self::Time(_, _, base, _) => Some(*base),
            _ => None,
        }
    }
}

/// Renders a table's rows one after the other, until `take` has had enough.
pub(crate) fn render(
    templates: &[&[u8]],
    shape: &Shape,
    table: &Table,
    mut take: impl FnMut(&[u8]) -> Option<()>,
) -> Option<()> {
    let mut readers: Vec<_> = table.columns.iter().map(Strings::iter).collect();
    let mut row = Vec::new();
    for &id in &table.ids {
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

#[cold]
fn broken(rule: &'static str) -> Error {
    Error::new(ErrorKind::Corrupt { section: Section::Columns, offset: 0, rule })
}
