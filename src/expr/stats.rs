//! Groups of rows, and what is told of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::run::{Budget, Cell, Record, Row, Sortable, shown};
use crate::error::{Error, ErrorKind, Result};
use crate::fields::{FieldName, Quantity, Unit};
use crate::query::BlockSum;

/// What a group has in common.
#[derive(Clone, Debug)]
pub(crate) struct GroupBy {
    pub(crate) field: FieldName,
    pub(crate) name: String,
    /// Times of so many nanoseconds go together.
    pub(crate) span: Option<i64>,
    /// Numbers that far apart go together.
    pub(crate) step: Option<Quantity>,
}

/// What is told of a group.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) fields: Vec<FieldName>,
    pub(crate) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Sum,
    Min,
    Max,
    Average,
    /// So many billionths of the values are not greater.
    Quantile(i128),
    CountUnique,
    /// At most so many.
    UniqueValues(u64),
}

/// The groups so far.
#[derive(Debug)]
pub(super) struct Groups {
    by: Vec<GroupBy>,
    calls: Vec<Call>,
    names: Arc<[String]>,
    states: BTreeMap<Vec<Vec<u8>>, Vec<State>>,
}

/// What is known of a group for one call.
#[derive(Clone, Debug)]
enum State {
    Count(u64),
    /// Sum, unit and number of numbers.
    Sum(i128, Unit, u64),
    Best(Option<(Sortable, Vec<u8>)>),
    All(Vec<(i128, Unit)>),
    Unique(BTreeSet<Vec<u8>>),
}

/// What a group costs besides its texts, in bytes.
const GROUP_BYTES: u64 = 200;
const ONE: i128 = 1_000_000_000;

impl Groups {
    pub(super) fn new(by: &[GroupBy], calls: &[Call]) -> Self {
        let names = by.iter().map(|by| by.name.clone());
        let names = names.chain(calls.iter().map(|call| call.name.clone())).collect();
        let mut groups =
            Self { by: by.to_vec(), calls: calls.to_vec(), names, states: BTreeMap::new() };
        if by.is_empty() {
            // Of no rows at all something can be told, too.
            groups.states.insert(Vec::new(), groups.fresh());
        }
        groups
    }

    fn fresh(&self) -> Vec<State> {
        let state = |call: &Call| match call.function {
            Function::Count => State::Count(0),
            Function::Sum | Function::Average => State::Sum(0, Unit::None, 0),
            Function::Min | Function::Max => State::Best(None),
            Function::Quantile(_) => State::All(Vec::new()),
            Function::CountUnique | Function::UniqueValues(_) => State::Unique(BTreeSet::new()),
        };
        self.calls.iter().map(state).collect()
    }

    pub(super) fn add(&mut self, row: &Row<'_>, budget: &mut Budget) -> Result<()> {
        let key: Vec<_> = self.by.iter().map(|by| by.key(row)).collect();
        if !self.states.contains_key(&key) {
            self.group(key.clone(), budget)?;
        }
        let Some(states) = self.states.get_mut(&key) else { return Ok(()) };
        for (state, call) in states.iter_mut().zip(&self.calls) {
            state.add(call, row, budget)?;
        }
        Ok(())
    }

    /// Adds the lines of a block of which statistics tell enough; says whether they do.
    pub(super) fn add_block(
        &mut self,
        sum: &BlockSum,
        file: &[u8],
        budget: &mut Budget,
    ) -> Result<bool> {
        if self.calls.iter().any(|call| call.function != Function::Count || !call.fields.is_empty())
        {
            return Ok(false);
        }
        let mut keys = Vec::with_capacity(sum.levels.len());
        for (severity, lines) in &sum.levels {
            let key = |by: &GroupBy| match (&by.field, by.span, by.step) {
                (FieldName::Level, None, None) => {
                    Some(severity.map_or_else(Vec::new, |level| level.name().as_bytes().to_vec()))
                }
                (FieldName::File, None, None) => Some(file.to_vec()),
                (FieldName::Time, Some(span), None) => {
                    let (least, greatest) = sum.times?;
                    let start = least - least.rem_euclid(span);
                    let same = greatest - greatest.rem_euclid(span) == start;
                    same.then(|| crate::column::timestamp::show_time(start).into_bytes())
                }
                _ => None,
            };
            let Some(key) = self.by.iter().map(key).collect::<Option<Vec<_>>>() else {
                return Ok(false);
            };
            keys.push((key, *lines));
        }
        for (key, lines) in keys {
            for state in self.group(key, budget)? {
                if let State::Count(count) = state {
                    *count += lines;
                }
            }
        }
        Ok(true)
    }

    /// What is known of a group.
    fn group(&mut self, key: Vec<Vec<u8>>, budget: &mut Budget) -> Result<&mut Vec<State>> {
        if !self.states.contains_key(&key) {
            let texts: usize = key.iter().map(Vec::len).sum();
            budget.spend(GROUP_BYTES * (1 + self.calls.len() as u64) + texts as u64)?;
        }
        let fresh = self.fresh();
        Ok(self.states.entry(key).or_insert(fresh))
    }

    /// Takes the groups out, in order.
    pub(super) fn take(&mut self) -> Result<Vec<Record>> {
        let mut groups: Vec<_> = std::mem::take(&mut self.states).into_iter().collect();
        groups.sort_by_cached_key(|(key, _)| {
            key.iter().map(|text| Sortable::of(text)).collect::<Vec<_>>()
        });
        let record = |(key, states): (Vec<Vec<u8>>, Vec<State>)| {
            let told = states.into_iter().zip(&self.calls).map(|(state, call)| state.told(call));
            let mut cells: Vec<_> = key.into_iter().map(Cell::text).collect();
            cells.extend(told.collect::<Result<Vec<_>>>()?);
            Ok(Record::new(&self.names, cells))
        };
        groups.into_iter().map(record).collect()
    }
}

impl GroupBy {
    fn key(&self, row: &Row<'_>) -> Vec<u8> {
        if let Some(span) = self.span {
            let time = row.time().map(|time| time - time.rem_euclid(span));
            return time.map(crate::column::timestamp::show_time).unwrap_or_default().into_bytes();
        }
        let value = row.value(&self.field, &self.name).unwrap_or_default();
        let Some(step) = self.step else { return value.into_owned() };
        match Quantity::parse(&value) {
            Some(number) if number.unit == step.unit => {
                let floor = number.billionths - number.billionths.rem_euclid(step.billionths);
                shown(floor, step.unit).into_bytes()
            }
            _ => Vec::new(),
        }
    }
}

impl State {
    fn add(&mut self, call: &Call, row: &Row<'_>, budget: &mut Budget) -> Result<()> {
        let value = |field: &FieldName| row.value(field, &field.to_string()).unwrap_or_default();
        let first = call.fields.first().map(value);
        match self {
            Self::Count(count) => {
                *count += u64::from(first.is_none_or(|value| !value.is_empty()));
            }
            Self::Sum(sum, unit, count) => {
                let number = first.and_then(|value| Quantity::parse(&value));
                let Some(number) = number.filter(|n| *count == 0 || n.unit == *unit) else {
                    return Ok(());
                };
                *unit = number.unit;
                *count += 1;
                *sum = sum.checked_add(number.billionths).ok_or_else(too_large)?;
            }
            Self::Best(best) => {
                let Some(value) = first.filter(|value| !value.is_empty()) else { return Ok(()) };
                let sortable = Sortable::of(&value);
                let better = best.as_ref().is_none_or(|(best, _)| match call.function {
                    Function::Min => sortable < *best,
                    _ => sortable > *best,
                });
                if better {
                    *best = Some((sortable, value.into_owned()));
                }
            }
            Self::All(numbers) => {
                if let Some(number) = first.and_then(|value| Quantity::parse(&value)) {
                    budget.spend(size_of::<(i128, Unit)>() as u64)?;
                    numbers.push((number.billionths, number.unit));
                }
            }
            Self::Unique(values) => {
                let texts: Vec<_> = call.fields.iter().map(value).collect();
                let text = match texts.as_slice() {
                    [single] => single.to_vec(),
                    // Lengths keep apart what would run together.
                    several => several
                        .iter()
                        .flat_map(|text| [&(text.len() as u64).to_le_bytes()[..], text].concat())
                        .collect(),
                };
                let is_wanted = match call.function {
                    Function::UniqueValues(most) => {
                        !text.is_empty() && (values.len() as u64) < most
                    }
                    _ => texts.iter().any(|text| !text.is_empty()),
                };
                if is_wanted && !values.contains(&text) {
                    budget.spend(GROUP_BYTES / 2 + text.len() as u64)?;
                    values.insert(text);
                }
            }
        }
        Ok(())
    }

    fn told(self, call: &Call) -> Result<Cell> {
        Ok(match self {
            Self::Count(count) => Cell::number(count.to_string()),
            Self::Sum(.., 0) if call.function == Function::Average => Cell::text(Vec::new()),
            Self::Sum(sum, unit, count) if call.function == Function::Average => {
                Cell::quantity(sum / i128::from(count), unit)
            }
            Self::Sum(sum, unit, _) => Cell::quantity(sum, unit),
            Self::Best(best) => {
                let is_number = matches!(best, Some((Sortable::Number(Unit::None, _), _)));
                Cell { text: best.map(|(_, text)| text).unwrap_or_default(), is_number }
            }
            Self::All(mut numbers) => {
                numbers.sort_unstable_by_key(|&(number, unit)| (unit, number));
                let Function::Quantile(part) = call.function else { return Err(too_large()) };
                let count = numbers.len() as i128;
                // The least of the values than which so many are not greater.
                let place = ((part * count + ONE - 1) / ONE - 1).max(0);
                let found = usize::try_from(place).ok().and_then(|place| numbers.get(place));
                found.map_or_else(|| Cell::text(Vec::new()), |&(n, unit)| Cell::quantity(n, unit))
            }
            Self::Unique(values) => match call.function {
                Function::CountUnique => Cell::number(values.len().to_string()),
                _ => Cell::text(values.into_iter().collect::<Vec<_>>().join(&b","[..])),
            },
        })
    }
}

#[cold]
fn too_large() -> Error {
    Error::new(ErrorKind::InvalidArgument { what: "a sum is too large to be told".into() })
}
