//! Values → how each column is coded: the encoder's choices, which a decoder reads from the code.

use crate::column::timestamp::{self, Layout};
use crate::column::{Interner, Strings};
use crate::encoding::digits::{Form, Width};
use crate::model::Model;
use crate::model::coder::Cost;
use crate::model::given::rematch;
use crate::model::number::{Base, Before, SLOTS};
use crate::model::rows::Context;
use crate::template::{Parsed, nest};

/// Columns nested deeper are text.
pub(crate) const DEPTH_MAX: u32 = 4;
/// The most layouts of a column of times.
pub(crate) const LAYOUTS_MAX: usize = 16;
/// The most distinct things of a sequence.
pub(crate) const DISTINCT_MAX: u32 = (1 << 24) - 2;
/// A dictionary pays if values come this often on average.
const DICTIONARY_ROWS: usize = 2;

/// Values that a trial looks at.
const TRIAL: usize = 500;
/// Columns shorter than this are not tried.
const TRIAL_MIN: usize = 24;

/// How a column is coded, and what is coded where that is not the values.
#[derive(Debug)]
pub(crate) enum Plan {
    /// All values are one.
    Constant,
    /// Values are spelled.
    Text,
    /// Numbers in digits, and, where each has its own, their widths.
    Digits(Form, Vec<i64>, Base, Vec<i64>),
    /// Times: layouts, the layout of each, ticks.
    Time(Vec<Layout>, Vec<u32>, Base, Vec<i64>),
    /// Which distinct value, and these.
    Dictionary(Vec<u32>, Strings),
    /// Templates with columns of their own.
    Nested(Parsed),
}

impl Plan {
    /// The ways in which `values` can be coded, the most likely first.
    fn options(values: &Strings, context: &Context, depth: u32) -> Vec<Self> {
        let first = values.get(0);
        if values.iter().all(|value| value == first) {
            return vec![Self::Constant];
        }
        if let Some((layouts, chosen, ticks)) = times(values) {
            let plan = |base| Self::Time(layouts.clone(), chosen.clone(), base, ticks.clone());
            return bases(&ticks, context).into_iter().map(plan).collect();
        }
        let mut options = Vec::new();
        let dictionary = dictionary(values);
        let often = dictionary
            .as_ref()
            .is_some_and(|(_, distinct)| distinct.len() * DICTIONARY_ROWS <= values.len());
        let dictionary = dictionary.map(|(things, distinct)| Self::Dictionary(things, distinct));
        if depth <= DEPTH_MAX {
            options.extend(dictionary);
        }
        let digits = digits(values, context);
        let at = options.len() - usize::from(!often && !options.is_empty());
        let others: Vec<Self> = if digits.is_empty() {
            nested(values, depth, context.given()).map(Self::Nested).into_iter().collect()
        } else {
            digits
        };
        options.splice(at..at, others);
        options.push(Self::Text);
        options
    }
}

impl Model {
    /// Chooses how to code `values`: by what each way would cost, where there is a model to try them with.
    pub(crate) fn choose(
        &mut self,
        values: &Strings,
        (context, keyword): (&Context, u32),
        depth: u32,
    ) -> Plan {
        let mut options = Plan::options(values, context, depth);
        let likely = options.swap_remove(0);
        if options.is_empty() || values.len() < TRIAL_MIN {
            return likely;
        }
        let Some(mut scratch) = self.scratch.take() else { return likely };
        options.insert(0, likely);
        // Some of what is given, and some of what is not.
        let sample = values.len().min(TRIAL);
        let start = context.given().saturating_sub(sample / 2).min(values.len() - sample);
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let tried: Vec<u32> = (number(start)..number(start + sample)).collect();
        let context = context.gather(&tried);
        let mut values_tried = Strings::default();
        values.iter().skip(start).take(sample).for_each(|value| values_tried.push(value));
        let mut tried = Plan::options(&values_tried, &context, depth);
        let mut best = (u64::MAX, 0);
        for (at, option) in options.iter().enumerate() {
            let same = |other: &Plan| other.tag() == option.tag() && other.base() == option.base();
            let Some(plan) = tried.iter().position(same) else { continue };
            let plan = tried.swap_remove(plan);
            scratch.clear();
            // One that costs more is no longer looked at.
            let mut coder = Cost::up_to(best.0);
            let known = (Some(&plan), Some(&values_tried));
            let coded = scratch.coded(&mut coder, known, (&context, keyword), sample, depth);
            if coded.is_ok() && coder.total() < best.0 {
                best = (coder.total(), at);
            }
        }
        self.scratch = Some(scratch);
        options.swap_remove(best.1)
    }
}

fn digits(values: &Strings, context: &Context) -> Vec<Plan> {
    let Some(form) = Form::of(&values.iter()) else { return Vec::new() };
    let width = |value: &[u8]| i64::try_from(value.len()).unwrap_or(0);
    let widths: Vec<i64> = match form.width {
        Width::Own => values.iter().map(width).collect(),
        _ => Vec::new(),
    };
    let numbers: Vec<i64> = values.iter().map(|value| form.parse(value)).collect();
    bases(&numbers, context)
        .into_iter()
        .map(|base| Plan::Digits(form, widths.clone(), base, numbers.clone()))
        .collect()
}

/// The bases that make the differences of a sample shortest, the best first.
fn bases(numbers: &[i64], context: &Context) -> Vec<Base> {
    let mut scored: Vec<(u64, Base)> = Base::ALL
        .into_iter()
        .map(|base| {
            let mut before = Before::default();
            let mut slots = [Before::default(); SLOTS];
            let mut bits = 0;
            for (at, &number) in numbers.iter().enumerate().take(2 * TRIAL) {
                let around = context.at(at);
                let mut none = Before::default();
                let own = slots.get_mut(around.slot as usize % SLOTS).unwrap_or(&mut none);
                let difference = number.wrapping_sub(base.expected(&before, own, &around));
                bits += u64::from(64 - difference.unsigned_abs().leading_zeros());
                before.learn(base, number, &around);
                before.push(number, difference, 0, &around);
                own.push(number, difference, 0, &around);
            }
            (bits, base)
        })
        .collect();
    // The order of the list decides between equals.
    scored.sort_by_key(|&(bits, _)| bits);
    // In other units, much looks like the value before: only what is much better counts.
    let (converted, scored): (Vec<_>, Vec<_>) =
        scored.into_iter().partition(|(_, base)| matches!(base, Base::Converted(_)));
    let least = scored.first().map_or(0, |&(bits, _)| bits);
    let converted = converted.into_iter().take(1).filter(|&(bits, _)| bits < least - least / 8);
    let best = converted.chain(scored.into_iter().take(2));
    let mut best: Vec<Base> = best.map(|(_, base)| base).collect();
    if !best.contains(&Base::Zero) {
        best.push(Base::Zero);
    }
    best
}

fn times(values: &Strings) -> Option<(Vec<Layout>, Vec<u32>, Vec<i64>)> {
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
    Some((layouts, chosen, ticks))
}

fn dictionary(values: &Strings) -> Option<(Vec<u32>, Strings)> {
    let mut distinct = Interner::default();
    let mut things = Vec::with_capacity(values.len());
    for value in values.iter() {
        let (thing, new) = distinct.intern(value);
        things.push(thing);
        if new && (distinct.len() * 10 > values.len() * 9 || thing >= DISTINCT_MAX - 1) {
            return None;
        }
    }
    Some((things, distinct.strings().clone()))
}

fn nested(values: &Strings, depth: u32, given: usize) -> Option<Parsed> {
    if depth >= DEPTH_MAX {
        return None;
    }
    let parsed = nest(values, None)?;
    if given == 0 { Some(parsed) } else { rematch(&parsed, values, given) }
}
