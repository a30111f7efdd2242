//! Rows → template ids and columns.

use std::collections::HashMap;

use crate::codec::Compressor;
use crate::column::Strings;
use crate::line::{self, Rows};
use crate::template::cluster::{Assigned, Clusters, cluster};
use crate::template::columns::Assigner;
use crate::template::join::Trial;
use crate::template::rare::cut_rare;
use crate::template::skeleton::{Cut, Row, Skeletons, Source};

/// Rows that trials look at.
const TRIAL_ROWS: usize = 1 << 15;
/// Rows that tell how long values are,
const ROOM_ROWS: usize = 1 << 11;
/// and room beyond that, as a part of it.
const ROOM_PART: usize = 8;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lines of a log.
    Lines,
    /// Values of a column that are made of words as lines are.
    Text,
    /// Values of a column.
    Values,
}

/// What slots share a column with slots of other templates that the same constant text leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Those for which a trial says so.
    Tried,
    /// All.
    All,
    /// None, if it has many values.
    None,
}

/// Rows, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parsed {
    /// The constant text of each template, with a mark for each slot.
    pub(crate) templates: Vec<Vec<u8>>,
    /// The column of each slot, one template after the other. New columns are numbered one up.
    pub(crate) slot_columns: Vec<u32>,
    /// The template of each row.
    pub(crate) ids: Vec<u32>,
    /// The values of each column, in the order of the rows.
    pub(crate) columns: Vec<Strings>,
}

/// Takes `rows` apart, by rules alone.
pub(crate) fn parse(rows: &Rows<'_>, mode: Mode) -> Parsed {
    let skeletons = Skeletons::of(rows, cut(rows, mode));
    let clusters = cluster(&skeletons);
    let (taken, mut parsed, kin) = Taken::of(rows, &skeletons, clusters);
    taken.fill(&mut parsed, kin.len());
    parsed
}

/// Takes `rows` apart; trials with the compressor decide where rules do not know.
pub(crate) fn parse_by_trial(
    rows: &Rows<'_>,
    mode: Mode,
    sharing: Sharing,
    compressor: &mut Compressor,
) -> Parsed {
    let skeletons = Skeletons::of(rows, cut(rows, mode));
    let mut clusters = cluster(&skeletons);
    if mode == Mode::Lines {
        clusters = cut_rare(clusters, &skeletons, rows, compressor);
    }
    let (taken, mut parsed, mut kin) = Taken::of(rows, &skeletons, clusters);
    if sharing != Sharing::All {
        kin = taken.split(&mut parsed, &kin, sharing, compressor);
    }
    let columns = match Trial::of(&kin) {
        Some(trial) => taken.join(&mut parsed, trial, compressor),
        None => kin.len(),
    };
    taken.fill(&mut parsed, columns);
    parsed
}

fn cut(rows: &Rows<'_>, mode: Mode) -> Cut {
    match mode {
        Mode::Values => Cut::Fine,
        Mode::Lines | Mode::Text => line::detect(rows).map_or(Cut::Coarse, Cut::Delimited),
    }
}

/// A value on its way to its column.
enum Value<'a> {
    /// A part of the buffer of rows.
    Part(usize, usize),
    /// What comes from elsewhere, or is seldom short.
    Other(&'a [u8]),
}

/// Rows of which is known what becomes of them.
struct Taken<'a> {
    rows: &'a Rows<'a>,
    skeletons: &'a Skeletons,
    assigned: Vec<Assigned>,
    /// Number of the first slot of each template.
    first_slots: Vec<usize>,
}

impl<'a> Taken<'a> {
    /// Gives every slot a column; also says what makes columns kin.
    fn of(
        rows: &'a Rows<'_>,
        skeletons: &'a Skeletons,
        clusters: Clusters,
    ) -> (Self, Parsed, Vec<u64>) {
        let mut parsed = Parsed { templates: clusters.templates, ..Parsed::default() };
        let assigned = clusters.assigned;
        let (first_slots, kin) = assign_columns(&mut parsed, skeletons, &assigned, rows);
        (Self { rows, skeletons, assigned, first_slots }, parsed, kin)
    }

    /// Copies all values to their columns.
    fn fill(&self, parsed: &mut Parsed, columns: usize) {
        parsed.ids = self.ids();
        let mut filled = self.room(&parsed.slot_columns, columns);
        self.values(&parsed.slot_columns, usize::MAX, |column, value| {
            let Some(column) = filled.get_mut(column as usize) else { return };
            match value {
                Value::Part(start, end) => column.push_part(self.rows.bytes(), start, end),
                Value::Other(value) => column.push(value),
            }
        });
        parsed.columns = filled;
    }

    /// Empty columns with room for what will be in them, as far as the first rows tell.
    fn room(&self, slot_columns: &[u32], columns: usize) -> Vec<Strings> {
        let mut counts = vec![0usize; columns];
        for (own, kind) in self.assigned.iter().zip(&self.skeletons.kinds) {
            for &column in self.columns_of(own, slot_columns) {
                if let Some(count) = counts.get_mut(column as usize) {
                    *count += kind.rows as usize;
                }
            }
        }
        let mut looked = vec![(0usize, 0usize); columns];
        self.values(slot_columns, ROOM_ROWS, |column, value| {
            if let Some((values, bytes)) = looked.get_mut(column as usize) {
                *values += 1;
                *bytes += match value {
                    Value::Part(start, end) => end - start,
                    Value::Other(value) => value.len(),
                };
            }
        });
        // Values are parts of rows: all together they have no more bytes.
        let mut left = self.rows.bytes().len();
        let room = |(count, (values, bytes)): (usize, (usize, usize))| {
            let all = (count * bytes).checked_div(values).unwrap_or(0);
            let bytes = (all + all / ROOM_PART).min(left);
            left -= bytes;
            Strings::with_room(count, bytes)
        };
        counts.into_iter().zip(looked).map(room).collect()
    }

    /// The columns of the slots of a skeleton's template.
    fn columns_of<'b>(&self, own: &Assigned, slot_columns: &'b [u32]) -> &'b [u32] {
        let first = |template: usize| self.first_slots.get(template).copied();
        let start = first(own.template as usize).unwrap_or(0);
        let end = first(own.template as usize + 1).unwrap_or(slot_columns.len());
        slot_columns.get(start..end).unwrap_or_default()
    }

    /// The template of each row.
    fn ids(&self) -> Vec<u32> {
        let template =
            |&id: &u32| self.assigned.get(id as usize).map_or(0, |assigned| assigned.template);
        self.skeletons.ids.iter().map(template).collect()
    }

    /// Gives `take` the values of the first `rows` rows, in order, each with its column.
    fn values(&self, slot_columns: &[u32], rows: usize, mut take: impl FnMut(u32, Value<'a>)) {
        for (id, row) in self.skeletons.rows(self.rows).take(rows) {
            if let Some(own) = self.assigned.get(id as usize) {
                of_row(own, row, self.columns_of(own, slot_columns), &mut take);
            }
        }
    }

    /// Gives a trial the values of the first rows, each with its column.
    fn try_values(&self, slot_columns: &[u32], trial: &mut Trial) {
        let bytes = self.rows.bytes();
        // A skeleton of which the trial has seen enough is passed over. Whether it has is asked when it may have changed.
        let mut asked = vec![(false, usize::MAX); self.skeletons.kinds.len()];
        for (id, row) in self.skeletons.rows(self.rows).take(TRIAL_ROWS) {
            let (Some(own), Some(asked)) =
                (self.assigned.get(id as usize), asked.get_mut(id as usize))
            else {
                continue;
            };
            let columns = self.columns_of(own, slot_columns);
            if !asked.0 && asked.1 != trial.full() {
                *asked = (!columns.iter().any(|&column| trial.wants(column)), trial.full());
            }
            if !asked.0 {
                of_row(own, row, columns, &mut |column, value| match value {
                    Value::Part(start, end) => {
                        trial.push(column, bytes.get(start..end).unwrap_or_default());
                    }
                    Value::Other(word) => trial.push(column, word),
                });
            }
        }
    }

    /// Gives slots columns of their own where a trial says that it pays; returns what makes columns kin.
    fn split(
        &self,
        parsed: &mut Parsed,
        kin: &[u64],
        sharing: Sharing,
        compressor: &mut Compressor,
    ) -> Vec<u64> {
        let kin_of = |&column: &u32| kin.get(column as usize).copied().unwrap_or(0);
        let share = |column: &u32| if kin_of(column) == 0 { 0 } else { u64::from(*column) + 1 };
        let shares: Vec<u64> = parsed.slot_columns.iter().map(share).collect();
        let Some(mut trial) = Trial::of(&shares) else { return kin.to_vec() };
        let slots: Vec<u32> = (0..).take(shares.len()).collect();
        self.try_values(&slots, &mut trial);
        let mut known = HashMap::new();
        let mut kin_split = Vec::new();
        let apart = trial.apart((sharing == Sharing::Tried).then_some(compressor));
        for ((column, apart), slot) in parsed.slot_columns.iter_mut().zip(apart).zip(&slots) {
            let key = if apart { (*slot, true) } else { (*column, false) };
            let next = u32::try_from(kin_split.len()).unwrap_or(u32::MAX);
            let kin = kin_of(column);
            *column = *known.entry(key).or_insert(next);
            if *column == next {
                kin_split.push(kin);
            }
        }
        kin_split
    }

    /// Joins columns where a trial says that it pays; returns how many are left.
    fn join(&self, parsed: &mut Parsed, mut trial: Trial, compressor: &mut Compressor) -> usize {
        self.try_values(&parsed.slot_columns, &mut trial);
        let joined = trial.joined(compressor);
        let mut numbers = vec![None; joined.len()];
        let mut columns = 0;
        for column in &mut parsed.slot_columns {
            let joined = joined.get(*column as usize).copied().unwrap_or(0);
            let Some(number) = numbers.get_mut(joined as usize) else { continue };
            *column = *number.get_or_insert_with(|| {
                columns += 1;
                columns - 1
            });
        }
        columns as usize
    }
}

/// Gives `take` the values of a row, each with its column.
fn of_row<'a>(
    own: &Assigned,
    row: Row<'a>,
    columns: &[u32],
    take: &mut impl FnMut(u32, Value<'a>),
) {
    if own.sources.is_empty() {
        for (&(start, end), &column) in row.slots.iter().zip(columns) {
            take(column, Value::Part(start as usize, end as usize));
        }
    } else {
        for (&source, &column) in own.sources.iter().zip(columns) {
            take(column, Value::Other(row.value(source)));
        }
    }
}

/// Gives every slot a column; returns the number of each template's first slot, and what makes columns kin.
fn assign_columns(
    parsed: &mut Parsed,
    skeletons: &Skeletons,
    assigned: &[Assigned],
    rows: &Rows<'_>,
) -> (Vec<usize>, Vec<u64>) {
    let mut counts = vec![0u32; parsed.templates.len()];
    for (assigned, kind) in assigned.iter().zip(&skeletons.kinds) {
        if let Some(count) = counts.get_mut(assigned.template as usize) {
            *count += kind.rows;
        }
    }
    let mut assigner = Assigner::default();
    let mut first_slots = Vec::with_capacity(parsed.templates.len());
    // Both are numbered by first appearance: each template is met first in the order of their numbers.
    for (id, row) in skeletons.firsts(rows) {
        let Some(own) = assigned.get(id as usize) else { continue };
        let number = own.template as usize;
        if number < first_slots.len() {
            continue;
        }
        first_slots.push(parsed.slot_columns.len());
        let values = own.all_sources(row.slots.len()).map(|source| row.value(source));
        let template = parsed.templates.get(number).map_or(&[][..], Vec::as_slice);
        let count = counts.get(number).copied().unwrap_or(0);
        let rest = matches!(own.sources.last(), Some(Source::Rest(_)));
        let rest = rest.then(|| template.len().saturating_sub(1));
        assigner.assign(template, count, rest, values, &mut parsed.slot_columns);
    }
    (first_slots, assigner.into_kin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rows that templates and values come to.
    fn render(parsed: &Parsed) -> Vec<Vec<u8>> {
        let is_slot = |byte: &&u8| **byte <= line::MARK_TIME;
        let mut at = vec![0; parsed.columns.len()];
        let mut rows = Vec::new();
        for &id in &parsed.ids {
            let before = parsed.templates[..id as usize].iter();
            let mut slot = before.flatten().filter(is_slot).count();
            let mut row = Vec::new();
            for byte in &parsed.templates[id as usize] {
                if !is_slot(&byte) {
                    row.push(*byte);
                    continue;
                }
                let column = parsed.slot_columns[slot] as usize;
                row.extend_from_slice(parsed.columns[column].get(at[column]));
                at[column] += 1;
                slot += 1;
            }
            rows.push(row);
        }
        let counts: Vec<_> = parsed.columns.iter().map(Strings::len).collect();
        assert_eq!(at, counts, "every value is used");
        rows
    }

    fn renders_again(log: &[u8]) {
        let rows = Rows::lines(Some(log));
        let expected: Vec<_> = rows.iter().collect();
        let mut compressor = Compressor::default();
        for mode in [Mode::Lines, Mode::Text, Mode::Values] {
            assert_eq!(render(&parse(&rows, mode)), expected);
            for sharing in [Sharing::Tried, Sharing::All, Sharing::None] {
                let parsed = parse_by_trial(&rows, mode, sharing, &mut compressor);
                assert_eq!(render(&parsed), expected);
            }
        }
    }

    #[test]
    fn new_columns_are_numbered_one_up() {
        let line =
            |i: usize| format!("10:00:00 {} n={i} of {}", ["a", "b", "c"][i % 3], i * 7 % 10);
        let log = (0..900).map(line).collect::<Vec<_>>().join("\n");
        let rows = Rows::lines(Some(log.as_bytes()));
        let parsed = parse_by_trial(&rows, Mode::Lines, Sharing::Tried, &mut Compressor::default());
        let mut columns = 0;
        for &column in &parsed.slot_columns {
            assert!(column <= columns);
            columns += u32::from(column == columns);
        }
        assert_eq!(columns as usize, parsed.columns.len());
    }

    #[test]
    fn odd_rows_render_again() {
        renders_again(b"10:00:00 a 1\n10:00:01 b 22 x=y\n\n10:00:02 a 3\n\0\x01 7\n");
        renders_again(b"\"\\\"\\\"\"=\"\n\xff\xfe 1\r\n,,,\n\t\t\t\t\n");
        renders_again("a \"b 1/2 c d e f g\" ".repeat(300).as_bytes());
        renders_again(&b"\"\\".repeat(200_000));
    }

    /// Pieces of lines: what tokenizers look for, whole or broken.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z]{1,6}",
            "[0-9]{1,4}",
            "[ =\"':,;\\[\\]{}()<>|\\\\/.#@%\t-]{1,2}",
            Just("2026-11-24 10:00:00,123".to_owned()),
            Just("Jun 17 20:55:07".to_owned()),
            Just("{\"k\": \"v 1/2 long enough\", \"n\":5}".to_owned()),
            Just("key=value".to_owned()),
            "\\PC{0,3}",
            Just("\0".to_owned()),
            Just("\u{1}".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn any_rows_render_again(
            lines in prop::collection::vec(prop::collection::vec(piece(), 0..9), 1..40),
            repeats in 1usize..12,
        ) {
            let lines: Vec<String> = lines.into_iter().map(|pieces| pieces.concat()).collect();
            renders_again(lines.join("\n").repeat(repeats).as_bytes());
        }
    }
}
