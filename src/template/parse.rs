//! Rows → template ids and columns.

use crate::column::Strings;
use crate::line::{self, Rows};
use crate::template::cluster::{Assigned, Source, cluster};
use crate::template::columns::Assigner;
use crate::template::skeleton::{Cut, Kind, Skeletons};

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

/// Takes `rows` apart.
pub(crate) fn parse(rows: &Rows<'_>, mode: Mode) -> Parsed {
    let cut = match mode {
        Mode::Values => Cut::Fine,
        Mode::Lines => line::detect(rows).map_or(Cut::Coarse, Cut::Delimited),
    };
    let skeletons = Skeletons::of(rows, cut);
    let clusters = cluster(&skeletons);
    let mut parsed = Parsed { templates: clusters.templates, ..Parsed::default() };
    let first_slots = assign_columns(&mut parsed, &skeletons, &clusters.assigned, rows);
    fill(&mut parsed, &skeletons, &clusters.assigned, &first_slots, rows);
    parsed
}

/// Copies all values to their columns.
fn fill(
    parsed: &mut Parsed,
    skeletons: &Skeletons,
    assigned: &[Assigned],
    first_slots: &[usize],
    rows: &Rows<'_>,
) {
    let bytes = rows.bytes();
    let mut slots = &skeletons.slots[..];
    parsed.ids.reserve(skeletons.ids.len());
    for &id in &skeletons.ids {
        let (Some(own), Some(kind)) = (assigned.get(id as usize), skeletons.kinds.get(id as usize))
        else {
            continue;
        };
        parsed.ids.push(own.template);
        let columns = first_slots.get(own.template as usize).copied().unwrap_or(0);
        let columns = parsed.slot_columns.get(columns..).unwrap_or_default();
        let (row, rest) = slots.split_at_checked(kind.slots as usize).unwrap_or_default();
        slots = rest;
        if own.sources.is_empty() {
            for (&(start, end), &column) in row.iter().zip(columns) {
                if let Some(column) = parsed.columns.get_mut(column as usize) {
                    column.push_part(bytes, start as usize, end as usize);
                }
            }
            continue;
        }
        let skeleton = skeletons.known.strings().get(id as usize);
        for (&source, &column) in own.sources.iter().zip(columns) {
            if let Some(column) = parsed.columns.get_mut(column as usize) {
                column.push(value(source, bytes, skeleton, row));
            }
        }
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

/// Gives every slot a column; returns the number of each template's first slot.
fn assign_columns(
    parsed: &mut Parsed,
    skeletons: &Skeletons,
    assigned: &[Assigned],
    rows: &Rows<'_>,
) -> Vec<usize> {
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
    parsed.columns.resize_with(assigner.columns() as usize, Strings::default);
    first_slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_renders_again() {
        let log = b"10:00:00 a 1\n10:00:01 b 22 x=y\n\n10:00:02 a 3\n\0\x01 7\n";
        let rows = Rows::lines(Some(log));
        let parsed = parse(&rows, Mode::Lines);
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
