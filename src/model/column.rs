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
use crate::model::memory::{hash_bytes, join};
use crate::model::number::Base;
use crate::model::plan::{DEPTH_MAX, DISTINCT_MAX, LAYOUTS_MAX, Plan, TablePlan};
use crate::model::rows::{Context, Rows, Seen, Shape};

/// What the numbers outside columns are.
const WHAT_NODE: u32 = 1;
const WHAT_COUNT: u32 = 16;
const WHAT_CODE: u32 = 17;
const WHAT_SLOT: u32 = 18;
/// Stands for the keyword of nested templates.
const KEYWORD_TEMPLATES: u32 = 0x7465_6d70;

/// A table's template ids and columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) ids: Vec<u32>,
    pub(crate) columns: Vec<Strings>,
}

/// Values, and what other columns see of them.
struct Column {
    values: Strings,
    surprises: Vec<u8>,
}

impl Model {
    /// Codes the ids and the columns of a table of `rows` rows, of which `outer` is known.
    pub(crate) fn table<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&TablePlan>,
        shape: &Shape,
        (outer, keyword): (&Context, u32),
        depth: u32,
    ) -> Result<Table> {
        let rows = outer.len();
        let number = self.next_column(rows)?;
        let templates = u32::try_from(shape.templates()).unwrap_or(u32::MAX);
        if templates == 0 || templates > DISTINCT_MAX {
            return Err(broken("a table has templates"));
        }
        let ids = plan.map(|plan| &plan.ids[..]);
        let ids = self.sequence(coder, ids, number, outer, rows, templates).things;
        let mut rows = Rows::new(shape, &ids, outer);
        let mut columns = Vec::with_capacity(shape.columns());
        for column in 0..shape.columns() {
            let context = rows.context(column);
            let plan = plan.and_then(|plan| plan.columns.get(column));
            let keyword = join(keyword, shape.keyword(column));
            let coded =
                self.column(coder, plan, (&context, keyword), rows.values(column), depth)?;
            let hashes = coded.values.iter().map(hash_bytes).collect();
            rows.set(column, &Seen { hashes, surprises: coded.surprises });
            columns.push(coded.values);
        }
        Ok(Table { ids, columns })
    }

    fn column<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        (context, keyword): (&Context, u32),
        values: usize,
        depth: u32,
    ) -> Result<Column> {
        let number = self.next_column(values)?;
        if coder.is_exhausted() {
            return Err(broken("the code is as long as its columns need"));
        }
        let tag = self.plain(coder, plan.map_or(0, Plan::tag), WHAT_NODE + depth.min(8));
        let key = (number, keyword);
        match tag {
            0 => self.constant(coder, plan, values),
            1 => {
                let known = if let Some(Plan::Text(known)) = plan { Some(known) } else { None };
                let values = self.text(coder, known, key, context, values);
                Ok(Column::plain(values.ok_or_else(|| broken("values fit the block"))?))
            }
            2 => self.digits(coder, plan, key, context, values),
            3 => self.times(coder, plan, key, context, values),
            4 if depth <= DEPTH_MAX => self.dictionary(coder, plan, key, context, depth),
            5 if depth < DEPTH_MAX => self.nested(coder, plan, key, context, depth),
            _ => Err(broken("a column node is known, and nested to a bounded depth")),
        }
    }

    /// Numbers a column or a table, and counts its values against what is allowed.
    fn next_column(&mut self, values: usize) -> Result<u32> {
        let left = self.values.checked_sub(values as u64 + 1);
        self.values = left.ok_or_else(|| broken("a block has not many more values than bytes"))?;
        self.columns += 1;
        Ok(self.columns)
    }

    fn constant<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        values: usize,
    ) -> Result<Column> {
        let mut known = Strings::default();
        if let Some(Plan::Constant(value)) = plan {
            known.push(value);
        }
        let known = plan.is_some().then_some(&known);
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
        let form = form.map(|byte| self.plain(coder, byte.into(), WHAT_CODE));
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
        for number in numbers {
            let width = widths.next().unwrap_or(fixed);
            printed.push_with(|dst| form.print(number, width, dst));
        }
        Ok(Column { values: printed, surprises })
    }

    fn base<C: Coder>(&mut self, coder: &mut C, base: Base) -> Result<Base> {
        let tag = self.plain(coder, base.tag().into(), WHAT_CODE);
        let tag = u32::try_from(tag).ok().and_then(Base::from_tag);
        tag.ok_or_else(|| broken("a base is known"))
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
                let code = self.plain(coder, codes.get(at).copied().unwrap_or(0).into(), WHAT_CODE);
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
        for tick in ticks {
            let layout = layouts.get(chosen.next().unwrap_or(0));
            let layout = layout.ok_or_else(|| broken("a time's layout is known"))?;
            printed.push_with(|dst| layout.print(tick / (finest / layout.ticks_per_second()), dst));
        }
        Ok(Column { values: printed, surprises })
    }

    fn count<C: Coder>(&mut self, coder: &mut C, known: usize, max: usize) -> Result<usize> {
        let count = self.plain(coder, known as u64, WHAT_COUNT);
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
            Some(Plan::Dictionary(things, entries)) => (Some(&things[..]), Some(&**entries)),
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
        Ok(Column { values: all, surprises: coded.surprises })
    }

    fn nested<C: Coder>(
        &mut self,
        coder: &mut C,
        plan: Option<&Plan>,
        key: (u32, u32),
        context: &Context,
        depth: u32,
    ) -> Result<Column> {
        let plan = if let Some(Plan::Nested(plan)) = plan { Some(&**plan) } else { None };
        let count = self.count(coder, plan.map_or(0, |plan| plan.templates.len()), 1 << 20)?;
        self.next_column(count)?;
        let known = plan.map(|plan| {
            let mut texts = Strings::default();
            plan.templates.iter().for_each(|template| texts.push(template));
            texts
        });
        let texts = self
            .text(coder, known.as_ref(), (0, KEYWORD_TEMPLATES), &Context::empty(count), count)
            .ok_or_else(|| broken("values fit the block"))?;
        let templates: Vec<&[u8]> = texts.iter().collect();
        let slots = texts.bytes().iter().filter(|&&byte| byte == MARK || byte == MARK_TIME).count();
        let mut slot_columns = Vec::with_capacity(slots);
        let mut columns = 0;
        for slot in 0..slots {
            let known = plan.and_then(|plan| plan.slot_columns.get(slot)).copied().unwrap_or(0);
            let code = if known == columns { 0 } else { u64::from(known) + 1 };
            let code = self.plain(coder, code, WHAT_SLOT);
            let column =
                if code == 0 { columns } else { u32::try_from(code - 1).unwrap_or(u32::MAX) };
            columns += u32::from(code == 0);
            slot_columns.push(column);
        }
        let shape = Shape::of(&templates, slot_columns.clone());
        let shape = shape.ok_or_else(|| broken("a slot's column is new or known"))?;
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

impl Column {
    fn plain(values: Strings) -> Self {
        let surprises = vec![0; values.len()];
        Self { values, surprises }
    }
}

impl Plan {
    fn tag(&self) -> u64 {
        match self {
            Self::Constant(..) => 0,
            Self::Text(..) => 1,
            Self::Digits(..) => 2,
            Self::Time(..) => 3,
            Self::Dictionary(..) => 4,
            Self::Nested(..) => 5,
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
