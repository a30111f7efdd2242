//! Which rows of a table hold what is looked for, once it is known which values of its columns do.

use std::rc::Rc;

use crate::block::hits::Found;
use crate::block::tree::Table;
use crate::predicate::Place;

/// Which rows of a template are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    None,
    All,
    /// Those that have one of these places.
    Some(Vec<Place>),
}

/// What a value of a row must be, for each that a place asks something of.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) conditions: Vec<Condition>,
    /// Whether a row of which that is true has what is looked for; else it may.
    pub(crate) is_all: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) column: u32,
    /// A template may use a column in several slots: so many values of it stand earlier in the row.
    pub(crate) earlier: usize,
    pub(crate) found: Rc<Found>,
}

/// Rows that may be wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Their numbers, ascending.
    pub(crate) numbers: Vec<u32>,
    /// Whether each of them has one of its template's places for certain.
    pub(crate) certain: Vec<bool>,
}

impl Rows {
    pub(crate) fn add(&mut self, row: usize, is_certain: bool) {
        self.numbers.push(u32::try_from(row).unwrap_or(u32::MAX));
        self.certain.push(is_certain);
    }
}

/// The same as [`Wanted`], with the values that are it.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    None,
    /// All rows may be wanted.
    Any,
    /// All rows are.
    All,
    Some(Vec<Asked>),
}

impl Known {
    /// Columns of which the values are asked for.
    fn columns(&self) -> impl Iterator<Item = u32> {
        let places = if let Self::Some(places) = self { places.as_slice() } else { &[] };
        let conditions = places.iter().flat_map(|asked| &asked.conditions);
        conditions.map(|condition| condition.column)
    }
}

/// Calls `each` for the rows that may be wanted, in order, and says whether they are for certain; `known` is that of each template.
pub(crate) fn rows(
    table: &Table,
    known: &[Known],
    ids: impl Iterator<Item = usize>,
    mut each: impl FnMut(usize, bool),
) {
    let mut decides = vec![false; table.columns.len()];
    for column in known.iter().flat_map(Known::columns) {
        if let Some(decides) = decides.get_mut(column as usize) {
            *decides = true;
        }
    }
    let counted = table.columns_among(|column| decides.get(column as usize) == Some(&true));
    // Rows of most templates are passed over: they are not wanted, and nothing is counted of them.
    let is_passed: Vec<bool> = known
        .iter()
        .enumerate()
        .map(|(template, known)| matches!(known, Known::None) && counted.of(template).is_empty())
        .collect();
    let mut next = vec![0usize; table.columns.len()];
    for (row, id) in ids.enumerate() {
        if is_passed.get(id) == Some(&true) {
            continue;
        }
        match known.get(id) {
            Some(Known::Some(places)) => {
                let mut met = places.iter().filter(|asked| has(asked, &next));
                if let Some(first) = met.next() {
                    each(row, first.is_all || met.any(|asked| asked.is_all));
                }
            }
            Some(Known::None) => {}
            Some(Known::All) => each(row, true),
            Some(Known::Any) | None => each(row, false),
        }
        for &column in counted.of(id) {
            if let Some(next) = next.get_mut(column as usize) {
                *next += 1;
            }
        }
    }
}

/// Whether the next row has what is asked. `next` counts the values of each column before it.
fn has(asked: &Asked, next: &[usize]) -> bool {
    asked.conditions.iter().all(|condition| {
        let before = next.get(condition.column as usize).copied().unwrap_or(0);
        condition.found.holds(before + condition.earlier)
    })
}

/// About what it takes to look for something in a column, in steps of a nanosecond or so.
pub(crate) mod cost {
    use crate::block::tree::{Column, Integers, Table};

    /// Nested columns deeper than this cost no more than that.
    const DEPTH_MAX: u32 = 6;

    /// Whether values of a column can be told apart from the others: not if it is nested too deep.
    pub(crate) fn is_followed(node: &Column, depth: u32) -> bool {
        match node {
            Column::Dictionary { entries, .. } => is_followed(entries, depth),
            Column::Predicted { column, .. } => is_followed(column, depth),
            Column::Nested(table) => {
                let mut columns = table.columns.iter();
                depth < DEPTH_MAX && columns.all(|column| is_followed(column, depth + 1))
            }
            _ => true,
        }
    }

    /// A column of `count` values in a block of so many `rows`.
    pub(crate) fn of(node: &Column, count: usize, rows: usize, depth: u32) -> u64 {
        let (values, rows_cost) = (count as u64, rows as u64 * 2);
        let numbers = |integers: &Integers, each: u64| match integers.reference {
            None => values * each,
            Some((_, false)) => values * (each + 6) + rows_cost,
            Some((_, true)) => values * (each + 20) + rows_cost,
        };
        if depth > DEPTH_MAX {
            return values;
        }
        if depth == 0 && !is_followed(node, 0) {
            // All of it has to be decoded.
            return values * 60 + rows_cost * 3;
        }
        match node {
            Column::Constant(_) | Column::Modelled => 0,
            Column::Text(stream) => u64::from(stream.len) / 16,
            Column::Packed { width, .. } => values * u64::from(*width),
            Column::Digits { numbers: integers, .. } => numbers(integers, 4),
            Column::Time { ticks, .. } => numbers(ticks, 12),
            Column::Dictionary { numbers: integers, entries, distinct } => {
                numbers(integers, 2) + of(entries, *distinct, rows, depth + 1)
            }
            Column::Nested(table) => values * 4 + nested(table, count, rows, depth + 1),
            Column::Predicted { column, misses, by_key, .. } => {
                let each = if *by_key { 25 } else { 4 };
                values * each + rows_cost + of(column, *misses, rows, depth + 1)
            }
        }
    }

    fn nested(table: &Table, count: usize, rows: usize, depth: u32) -> u64 {
        // How many values each column has is told by the ids only; they share the rows.
        let share = count * 2 / table.templates().max(1);
        let values = if table.templates() == 1 { count } else { share };
        table.columns.iter().map(|column| of(column, values, rows, depth)).sum()
    }
}
