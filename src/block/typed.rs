//! What the values of a column can be read as.

use crate::block::node::LAYOUTS_MAX;
use crate::column::timestamp::{self, Layout, Steady};
use crate::column::{Interner, Strings};
use crate::encoding::digits::Form;

/// A dictionary pays if values come this often on average.
const DICTIONARY_ROWS: usize = 2;
/// Nor does it if, of the first so many values, more than these are distinct: to look at all would cost much.
const LOOK: usize = 1 << 12;
const LOOK_DISTINCT: usize = LOOK / 16 * 15;

/// A column, read as the first of these that it is.
#[derive(Debug)]
pub(crate) enum Typed {
    /// All values are one.
    Constant,
    /// Times, and the layout of each; ticks in the unit of the finest.
    Time { layouts: Vec<Layout>, chosen: Vec<u8>, ticks: Vec<i64> },
    /// Numbers in digits.
    Digits { form: Form, numbers: Vec<i64> },
    /// Few distinct values, and the number of each.
    Dictionary { distinct: Interner, numbers: Vec<i64> },
    /// Anything else: values of few templates, or text.
    Text,
    /// Text for certain.
    Plain,
}

impl Typed {
    /// Reads a column.
    pub(crate) fn of(values: &Strings) -> Self {
        let first = values.get(0);
        if values.iter().all(|value| value == first) {
            return Self::Constant;
        }
        times(values)
            .or_else(|| digits(values))
            .or_else(|| dictionary(values))
            .unwrap_or(Self::Text)
    }

    /// A column as a dictionary, however many of its values are distinct.
    pub(crate) fn dictionary(values: &Strings) -> Self {
        let mut distinct = Interner::default();
        let numbers = values.iter().map(|value| i64::from(distinct.intern(value).0)).collect();
        Self::Dictionary { distinct, numbers }
    }

    /// A number for each value, by which a reader can tell values apart.
    pub(crate) fn numbers(&self) -> Option<&[i64]> {
        match self {
            Self::Time { ticks: numbers, .. }
            | Self::Digits { numbers, .. }
            | Self::Dictionary { numbers, .. } => Some(numbers),
            Self::Constant | Self::Text | Self::Plain => None,
        }
    }
}

fn times(values: &Strings) -> Option<Typed> {
    let mut layouts: Vec<Steady> = Vec::new();
    let mut chosen: Vec<u8> = Vec::new();
    let mut ticks = Vec::new();
    for value in values.iter() {
        let mut known = layouts.iter_mut().zip(0..);
        let known = known.find_map(|(layout, n)| Some((n, layout.parse(value)?)));
        let (layout, tick) = match known {
            Some(known) => known,
            None => match timestamp::scan(value) {
                Some((len, layout)) if len == value.len() && layouts.len() < LAYOUTS_MAX => {
                    let mut layout = Steady::new(layout);
                    let tick = layout.parse(value).unwrap_or(0);
                    layouts.push(layout);
                    (u8::try_from(layouts.len() - 1).ok()?, tick)
                }
                _ => return None,
            },
        };
        if ticks.is_empty() {
            chosen.reserve_exact(values.len());
            ticks.reserve_exact(values.len());
        }
        chosen.push(layout);
        ticks.push(tick);
    }
    let layouts: Vec<Layout> = layouts.into_iter().map(Steady::into_layout).collect();
    let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
    let scale =
        |layout: u8| finest / layouts.get(usize::from(layout)).map_or(1, Layout::ticks_per_second);
    for (tick, &layout) in ticks.iter_mut().zip(&chosen) {
        *tick = tick.checked_mul(scale(layout))?;
    }
    Some(Typed::Time { layouts, chosen, ticks })
}

fn digits(values: &Strings) -> Option<Typed> {
    let (form, numbers) = Form::read(&values.iter())?;
    Some(Typed::Digits { form, numbers })
}

fn dictionary(values: &Strings) -> Option<Typed> {
    let mut distinct = Interner::default();
    let mut numbers = Vec::with_capacity(values.len());
    for value in values.iter() {
        numbers.push(i64::from(distinct.intern(value).0));
        let is_first_look = numbers.len() == LOOK && distinct.len() > LOOK_DISTINCT;
        if distinct.len() * DICTIONARY_ROWS > values.len() || is_first_look {
            return None;
        }
    }
    Some(Typed::Dictionary { distinct, numbers })
}
