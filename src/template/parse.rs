//! Rows → template ids and columns.

use crate::codec::Compressor;
use crate::column::Strings;
use crate::line::{self, Rows};
use crate::template::cluster::{Assigned, Source, cluster};
use crate::template::columns::Assigner;
use crate::template::join::Trial;
use crate::template::skeleton::{Cut, Kind, Skeletons};

/// Rows that trials look at.
const TRIAL_ROWS: usize = 1 << 15;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lines of a log, or text as long as that.
    Lines,
    /// Values of a column.
    Values,
}

/// Rows, taken apart.
#[derive(Debug, Default)]
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

/// How much is tried to make columns smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Nothing: rules decide.
    Rules,
    /// Trials on some rows decide.
    Trials,
}

/// Takes rows apart.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    effort: Effort,
    compressor: &'a mut Compressor,
}

impl<'a> Parser<'a> {
    /// A parser; the compressor is for trials.
    pub(crate) fn new(effort: Effort, compressor: &'a mut Compressor) -> Self {
        Self { effort, compressor }
    }

    /// Takes `rows` apart.
    pub(crate) fn parse(&mut self, rows: &Rows<'_>, mode: Mode) -> Parsed {
        let cut = match mode {
            Mode::Values => Cut::Fine,
            Mode::Lines => line::detect(rows).map_or(Cut::Coarse, Cut::Delimited),
        };
        let skeletons = Skeletons::of(rows, cut);
        let clusters = cluster(&skeletons);
        let mut parsed = Parsed { templates: clusters.templates, ..Parsed::default() };
        let (first_slots, kin) = assign_columns(&mut parsed, &skeletons, &clusters.assigned, rows);
        let taken =
            Taken { rows, skeletons: &skeletons, assigned: &clusters.assigned, first_slots };
        let mut columns = kin.len();
        if self.effort == Effort::Trials
            && let Some(trial) = Trial::of(&kin)
        {
            columns = taken.join(&mut parsed, trial, self.compressor);
        }
        parsed.columns.resize_with(columns, Strings::default);
        parsed.ids = taken.ids();
        taken.values(&parsed.slot_columns, usize::MAX, |column, value| {
            if let Some(column) = parsed.columns.get_mut(column as usize) {
                match value {
                    Value::Part(start, end) => column.push_part(rows.bytes(), start, end),
                    Value::Word(word) => column.push(word),
                }
            }
        });
        parsed
    }
}

/// A value on its way to its column.
enum Value<'a> {
    /// A part of the buffer of rows.
    Part(usize, usize),
    /// A word of a skeleton.
    Word(&'a [u8]),
}

/// Rows of which is known what becomes of them.
struct Taken<'a> {
    rows: &'a Rows<'a>,
    skeletons: &'a Skeletons,
    assigned: &'a [Assigned],
    /// Number of the first slot of each template.
    first_slots: Vec<usize>,
}

impl<'a> Taken<'a> {
    /// The template of each row.
    fn ids(&self) -> Vec<u32> {
        let template =
            |&id: &u32| self.assigned.get(id as usize).map_or(0, |assigned| assigned.template);
        self.skeletons.ids.iter().map(template).collect()
    }

    /// Gives `take` the values of the first `rows` rows, in order, each with its column.
    fn values(&self, slot_columns: &[u32], rows: usize, mut take: impl FnMut(u32, Value<'a>)) {
        let mut slots = &self.skeletons.slots[..];
        for &id in self.skeletons.ids.iter().take(rows) {
            let own = self.assigned.get(id as usize).zip(self.skeletons.kinds.get(id as usize));
            let Some((own, kind)) = own else { continue };
            let columns = self.first_slots.get(own.template as usize).copied().unwrap_or(0);
            let columns = slot_columns.get(columns..).unwrap_or_default();
            let (row, rest) = slots.split_at_checked(kind.slots as usize).unwrap_or_default();
            slots = rest;
            if own.sources.is_empty() {
                for (&(start, end), &column) in row.iter().zip(columns) {
                    take(column, Value::Part(start as usize, end as usize));
                }
                continue;
            }
            let skeleton = self.skeletons.known.strings().get(id as usize);
            for (&source, &column) in own.sources.iter().zip(columns) {
                let value = value(source, self.rows.bytes(), skeleton, row);
                take(column, Value::Word(value));
            }
        }
    }

    /// Joins columns where a trial says that it pays; returns how many are left.
    fn join(&self, parsed: &mut Parsed, mut trial: Trial, compressor: &mut Compressor) -> usize {
        let bytes = self.rows.bytes();
        self.values(&parsed.slot_columns, TRIAL_ROWS, |column, value| match value {
            Value::Part(start, end) => {
                trial.push(column, bytes.get(start..end).unwrap_or_default());
            }
            Value::Word(word) => trial.push(column, word),
        });
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

/// The value that a source names, of a row that has these slots.
fn value<'a>(
    source: Source,
    bytes: &'a [u8],
    skeleton: &'a [u8],
    slots: &[(u32, u32)],
) -> &'a [u8] {
    let (text, (start, end)) = match source {
        Source::Slot(slot) => (bytes, slots.get(slot as usize).copied().unwrap_or_default()),
        Source::Word(start, end) => (skeleton, (start, end)),
    };
    text.get(start as usize..end as usize).unwrap_or_default()
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
    let known = skeletons.known.strings().iter();
    // Both are numbered by first appearance: each template is met first in the order of their numbers.
    for ((own, &kind), skeleton) in assigned.iter().zip(&skeletons.kinds).zip(known) {
        let number = own.template as usize;
        if number < first_slots.len() {
            continue;
        }
        first_slots.push(parsed.slot_columns.len());
        let Kind { slots, first, .. } = kind;
        let slots = skeletons.slots.get(first..first + slots as usize).unwrap_or_default();
        let plain = (0..kind.slots).filter(|_| own.sources.is_empty()).map(Source::Slot);
        let sources = own.sources.iter().copied().chain(plain);
        let values = sources.map(|source| value(source, rows.bytes(), skeleton, slots));
        let template = parsed.templates.get(number).map_or(&[][..], Vec::as_slice);
        let count = counts.get(number).copied().unwrap_or(0);
        assigner.assign(template, count, values, &mut parsed.slot_columns);
    }
    (first_slots, assigner.into_kin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_renders_again() {
        let log = b"10:00:00 a 1\n10:00:01 b 22 x=y\n\n10:00:02 a 3\n\0\x01 7\n";
        let rows = Rows::lines(Some(log));
        let mut compressor = Compressor::default();
        let parsed = Parser::new(Effort::Trials, &mut compressor).parse(&rows, Mode::Lines);
        let mut at = vec![0; parsed.columns.len()];
        for (line, &id) in rows.iter().zip(&parsed.ids) {
            let before = parsed.templates[..id as usize].iter();
            let mut slot = before.flatten().filter(|&&b| b <= line::MARK_TIME).count();
            let mut rendered = Vec::new();
            for &byte in &parsed.templates[id as usize] {
                if byte > line::MARK_TIME {
                    rendered.push(byte);
                    continue;
                }
                let column = parsed.slot_columns[slot] as usize;
                rendered.extend_from_slice(parsed.columns[column].get(at[column]));
                at[column] += 1;
                slot += 1;
            }
            assert_eq!(rendered, line);
        }
    }
}
