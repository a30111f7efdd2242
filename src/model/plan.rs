//! Values → how each column is coded: the encoder's choices, which a decoder reads from the code.

use crate::column::timestamp::{self, Layout};
use crate::column::{Interner, Strings};
use crate::encoding::digits::{Form, Width};
use crate::line::Rows;
use crate::model::number::Base;
use crate::template::{Mode, Parsed, parse};

/// Columns nested deeper are text.
pub(crate) const DEPTH_MAX: u32 = 4;
/// The most layouts of a column of times.
pub(crate) const LAYOUTS_MAX: usize = 16;
/// The most distinct things of a sequence.
pub(crate) const DISTINCT_MAX: u32 = (1 << 24) - 2;
/// A dictionary pays if values come this often on average.
const DICTIONARY_ROWS: usize = 2;
/// Nested templates pay if values come this often for each.
const NESTED_ROWS: usize = 3;
/// Values this long on average are cut as lines.
const LONG: usize = 28;

/// How a column is coded, and what is coded.
#[derive(Debug)]
pub(crate) enum Plan {
    /// All values are one.
    Constant(Vec<u8>),
    /// Values are spelled.
    Text(Strings),
    /// Numbers in digits, and, where each has its own, their widths.
    Digits(Form, Vec<i64>, Base, Vec<i64>),
    /// Times: layouts, the layout of each, ticks.
    Time(Vec<Layout>, Vec<u32>, Base, Vec<i64>),
    /// Which distinct value, and these.
    Dictionary(Vec<u32>, Box<Plan>),
    /// Templates with columns of their own.
    Nested(Box<TablePlan>),
}

/// How a table is coded.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) templates: Vec<Vec<u8>>,
    pub(crate) slot_columns: Vec<u32>,
    pub(crate) ids: Vec<u32>,
    pub(crate) columns: Vec<Plan>,
}

impl TablePlan {
    /// Plans the columns of what was parsed.
    pub(crate) fn of(parsed: Parsed, depth: u32) -> Self {
        let columns = parsed.columns.into_iter().map(|values| Plan::of(values, depth)).collect();
        Self {
            templates: parsed.templates,
            slot_columns: parsed.slot_columns,
            ids: parsed.ids,
            columns,
        }
    }
}

impl Plan {
    fn of(values: Strings, depth: u32) -> Self {
        let first = values.get(0);
        if values.iter().all(|value| value == first) {
            return Self::Constant(first.to_vec());
        }
        if let Some(plan) = times(&values) {
            return plan;
        }
        if let Some((things, distinct)) = dictionary(&values) {
            return Self::Dictionary(things, Box::new(Self::of(distinct, depth + 1)));
        }
        if let Some(form) = Form::of(&values.iter()) {
            let widths = match form.width {
                Width::Own => {
                    values.iter().map(|value| i64::try_from(value.len()).unwrap_or(0)).collect()
                }
                _ => Vec::new(),
            };
            let numbers: Vec<i64> = values.iter().map(|value| form.parse(value)).collect();
            let base = base(&numbers);
            return Self::Digits(form, widths, base, numbers);
        }
        match nested(&values, depth) {
            Some(parsed) => Self::Nested(Box::new(TablePlan::of(parsed, depth + 1))),
            None => Self::Text(values),
        }
    }
}

/// The base that makes differences shortest.
fn base(numbers: &[i64]) -> Base {
    let bits = |value: i64| u64::from(64 - value.unsigned_abs().leading_zeros());
    let mut before = 0i64;
    let (mut zero, mut last) = (0, 0);
    for &number in numbers {
        zero += bits(number);
        last += bits(number.wrapping_sub(before)) + 1;
        before = number;
    }
    if last < zero { Base::Last } else { Base::Zero }
}

fn times(values: &Strings) -> Option<Plan> {
    let mut layouts: Vec<Layout> = Vec::new();
    let mut chosen = Vec::with_capacity(values.len());
    let mut ticks = Vec::with_capacity(values.len());
    for value in values.iter() {
        let known = (0u32..).zip(&layouts).find_map(|(n, layout)| Some((n, layout.parse(value)?)));
        let (layout, tick) = if let Some(known) = known {
            known
        } else {
            let (len, layout) = timestamp::scan(value)?;
            if len != value.len() || layouts.len() == LAYOUTS_MAX {
                return None;
            }
            let tick = layout.parse(value)?;
            layouts.push(layout);
            (u32::try_from(layouts.len()).ok()? - 1, tick)
        };
        chosen.push(layout);
        ticks.push(tick);
    }
    let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
    for (tick, &layout) in ticks.iter_mut().zip(&chosen) {
        let own = layouts.get(layout as usize)?.ticks_per_second();
        *tick = tick.checked_mul(finest / own)?;
    }
    Some(Plan::Time(layouts, chosen, Base::Last, ticks))
}

fn dictionary(values: &Strings) -> Option<(Vec<u32>, Strings)> {
    let mut distinct = Interner::default();
    let mut things = Vec::with_capacity(values.len());
    for value in values.iter() {
        let (thing, new) = distinct.intern(value);
        things.push(thing);
        if new && (distinct.len() * DICTIONARY_ROWS > values.len() || thing >= DISTINCT_MAX - 1) {
            return None;
        }
    }
    Some((things, distinct.strings().clone()))
}

fn nested(values: &Strings, depth: u32) -> Option<Parsed> {
    if depth >= DEPTH_MAX {
        return None;
    }
    let long = values.bytes().len() >= LONG * values.len();
    let spaced = || values.iter().take(200).filter(|value| value.contains(&b' ')).count();
    let lines = long && spaced() * 2 >= values.len().min(200);
    let parsed = parse(&Rows::values(values), if lines { Mode::Lines } else { Mode::Values });
    let is_bare = |template: &Vec<u8>| template.len() == 1 && template.iter().all(|&b| b < 2);
    let bare = parsed.templates.iter().position(is_bare);
    let mostly_bare = bare.is_some_and(|bare| {
        parsed.ids.iter().filter(|&&id| id as usize == bare).count() * 2 > values.len()
    });
    let pays = !mostly_bare
        && !parsed.columns.is_empty()
        && parsed.templates.len() * NESTED_ROWS <= values.len();
    pays.then_some(parsed)
}
