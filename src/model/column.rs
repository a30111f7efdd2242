//! Columns and tables (`docs/MODEL-FORMAT.md`, "Columns"): one path for encoder and decoder.
//!
//! *Invariant:* a decoder ends on any bytes: the number of values and the bytes they take are bounded by what the
//! caller allows.

use crate::column::timestamp::Layout;
use crate::column::{Interner, Strings};
use crate::encoding::digits::{Form, Width};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::model::Model;
use crate::model::coder::Coder;
use crate::model::hook::{ColumnKind, Note};
use crate::model::memory::hash_bytes;
use crate::model::number::Base;
use crate::model::plan::{DEPTH_MAX, DISTINCT_MAX, LAYOUTS_MAX, Plan};
use crate::model::rows::{Context, Seen, number_in};

/// What the numbers outside columns are.
const WHAT_NODE: u32 = 1;
const WHAT_COUNT: u32 = 16;
const WHAT_CODE: u32 = 17;
pub(crate) const WHAT_SLOT: u32 = 18;
/// Stands for the keyword of nested templates.
pub(crate) const KEYWORD_TEMPLATES: u32 = 0x7465_6d70;

pub(crate) const VALUES: &str = "a block has not many more values than bytes";
pub(crate) const GIVEN: &str = "what a model file gives fits the columns of a block";

/// Values, and what other columns see of them.
pub(crate) struct Column {
    pub(crate) values: Strings,
    surprises: Vec<u8>,
    /// What the values are counted as, where that is not what is printed.
    numbers: Option<Vec<i64>>,
    /// How it was coded: the tag of its node.
    pub(crate) node: u8,
}

impl Model {
    pub(crate) fn column<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Strings>,
        place: (&Context, u32),
        values: usize,
        depth: u32,
    ) -> Result<Column> {
        let (context, _) = place;
        let known_len = known.map_or(0, Strings::len);
        if known_len < if self.encodes { values } else { context.given() } {
            return Err(broken(GIVEN));
        }
        let all_given = values > 0 && values == context.given();
        if let Some(known) = known.filter(|_| all_given) {
            // Nothing is left to store.
            self.next_column(values)?;
            let mut given = Strings::default();
            known.iter().take(values).for_each(|value| given.push(value));
            return Ok(Column::plain(given));
        }
        let plan = known.filter(|_| self.encodes).map(|known| self.choose(known, place, depth));
        self.coded(coder, (plan.as_ref(), known), place, values, depth)
    }

    /// Codes a column; the plan says how when encoding, `known` has the values then, else those that are given.
    pub(crate) fn coded<C: Coder>(
        &mut self,
        coder: &mut C,
        (plan, known): (Option<&Plan>, Option<&Strings>),
        (context, keyword): (&Context, u32),
        values: usize,
        depth: u32,
    ) -> Result<Column> {
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
            0 => self.constant(coder, known, (values, context.given())),
            1 => {
                let values = self.text(coder, known, key, context, values);
                Ok(Column::plain(values.ok_or_else(|| broken("values fit the block"))?))
            }
            2 => self.digits(coder, (plan, known), key, context, values),
            3 => self.times(coder, (plan, known), key, context, values),
            4 if depth <= DEPTH_MAX => self.dictionary(coder, (plan, known), key, context, depth),
            5 if depth < DEPTH_MAX => self.nested(coder, (plan, known), key, context, depth),
            _ => Err(broken("a column node is known, and nested to a bounded depth")),
        }?;
        Ok(Column { node: u8::try_from(tag).unwrap_or(0), ..column })
    }

    /// What other columns see of a column.
    pub(crate) fn seen(&mut self, column: &Column) -> Seen {
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
    pub(crate) fn next_column(&mut self, values: usize) -> Result<u32> {
        let left = self.values.checked_sub(values as u64 + 1);
        self.values = left.ok_or_else(|| broken(VALUES))?;
        self.columns += 1;
        Ok(self.columns)
    }

    fn constant<C: Coder>(
        &mut self,
        coder: &mut C,
        known: Option<&Strings>,
        (values, given): (usize, usize),
    ) -> Result<Column> {
        let one = self.text(coder, known, (0, 0), &Context::empty(1, given.min(1)), 1);
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
        (plan, known): (Option<&Plan>, Option<&Strings>),
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
        let given = given_of(known, context);
        let told = if plan.is_none() {
            let numbers = given.clone().map(|value| form.parse_any(value)).collect::<Option<_>>();
            numbers.ok_or_else(|| broken(GIVEN))?
        } else {
            Vec::new()
        };
        let lens: Vec<i64> = given.map(|value| i64::try_from(value.len()).unwrap_or(0)).collect();
        let (widths, numbers) = (widths.unwrap_or(&lens), numbers.unwrap_or(&told));
        let (widths, numbers) = (Some(widths), Some(numbers));
        let widths = match form.width {
            Width::Own => self.numbers(coder, widths, key, (Base::Zero, 0), context, values).0,
            _ => Vec::new(),
        };
        let (numbers, surprises) = self.numbers(coder, numbers, key, (base, 0), context, values);
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
        (plan, known): (Option<&Plan>, Option<&Strings>),
        key: (u32, u32),
        context: &Context,
        values: usize,
    ) -> Result<Column> {
        let (planned, chosen, base, ticks) = match plan {
            Some(Plan::Time(layouts, chosen, base, ticks)) => {
                (&layouts[..], Some(&chosen[..]), *base, Some(&ticks[..]))
            }
            _ => (&[][..], None, Base::Last, None),
        };
        let count = self.count(coder, planned.len(), LAYOUTS_MAX)?;
        let mut layouts = Vec::new();
        for at in 0..count {
            let codes = planned.get(at).map(Layout::to_codes).unwrap_or_default();
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
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let told = given_times(&layouts, given_of(known, context).filter(|_| plan.is_none()));
        let (layouts_told, ticks_told) = told.ok_or_else(|| broken(GIVEN))?;
        let (chosen, ticks) = (chosen.unwrap_or(&layouts_told), ticks.unwrap_or(&ticks_told));
        let (chosen, ticks) = (Some(chosen), Some(ticks));
        let chosen = if count > 1 {
            let distinct = u32::try_from(count).unwrap_or(1);
            self.sequence(coder, chosen, key.0 ^ 0x8000_0000, context, values, distinct).things
        } else {
            Vec::new()
        };
        let (ticks, surprises) = self.numbers(coder, ticks, key, (base, finest), context, values);
        self.spend(100, values)?;
        let mut chosen = chosen.into_iter().map(|layout| layout as usize);
        let mut printed = Strings::default();
        for &tick in &ticks {
            let layout = layouts.get(chosen.next().unwrap_or(0));
            let layout = layout.ok_or_else(|| broken("a time's layout is known"))?;
            printed.push_with(|dst| layout.print(tick / (finest / layout.ticks_per_second()), dst));
        }
        Ok(Column { values: printed, surprises, numbers: Some(ticks), node: 0 })
    }

    pub(crate) fn count<C: Coder>(
        &mut self,
        coder: &mut C,
        known: usize,
        max: usize,
    ) -> Result<usize> {
        let count = self.plain(coder, known as u64, WHAT_COUNT, [0; 3]);
        let count = usize::try_from(count).ok().filter(|&count| count <= max);
        count.ok_or_else(|| broken("a count is within its bounds"))
    }

    fn dictionary<C: Coder>(
        &mut self,
        coder: &mut C,
        (plan, known): (Option<&Plan>, Option<&Strings>),
        key: (u32, u32),
        context: &Context,
        depth: u32,
    ) -> Result<Column> {
        let mut told = (Vec::new(), Interner::default());
        for value in given_of(known, context).filter(|_| plan.is_none()) {
            told.0.push(told.1.intern(value).0);
        }
        let (things, entries) = match plan {
            Some(Plan::Dictionary(things, entries)) => (Some(&things[..]), Some(entries)),
            _ => (Some(&told.0[..]), Some(told.1.strings())),
        };
        let values = context.len();
        let coded = self.sequence(coder, things, key.0, context, values, DISTINCT_MAX);
        let mut firsts = Vec::with_capacity(coded.distinct as usize);
        if coded.things.iter().zip(&told.0).any(|(thing, told)| thing != told) {
            return Err(broken(GIVEN));
        }
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
}

/// The values of a column that are given.
pub(crate) fn given_of<'a>(
    known: Option<&'a Strings>,
    context: &Context,
) -> impl Iterator<Item = &'a [u8]> + Clone {
    known.into_iter().flat_map(Strings::iter).take(context.given())
}

/// The first layout that each time has, and its ticks.
fn given_times<'a>(
    layouts: &[Layout],
    values: impl Iterator<Item = &'a [u8]>,
) -> Option<(Vec<u32>, Vec<i64>)> {
    let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
    let mut found = (Vec::new(), Vec::new());
    for value in values {
        let mut own = (0u32..).zip(layouts);
        let (number, ticks) = own.find_map(|(n, layout)| {
            Some((n, layout.parse(value)?.checked_mul(finest / layout.ticks_per_second())?))
        })?;
        found.0.push(number);
        found.1.push(ticks);
    }
    Some(found)
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
    pub(crate) fn plain(values: Strings) -> Self {
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

#[cold]
pub(crate) fn broken(rule: &'static str) -> Error {
    Error::new(ErrorKind::Corrupt { section: Section::Columns, offset: 0, rule })
}
