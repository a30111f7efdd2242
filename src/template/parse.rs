//! Lines → template ids and columns.

use crate::column::Strings;
use crate::line;
use crate::template::cluster::{Assigned, Source, cluster};
use crate::template::columns::Assigner;
use crate::template::skeleton::{Cut, Skeletons};

/// What the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Lines of a log, or text as long as that.
    Lines,
    /// Values of a column.
    Values,
}

/// Lines, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The constant text of each template, with a mark for each slot.
    pub(crate) templates: Vec<Vec<u8>>,
    /// The column of each slot, one template after the other. New columns are numbered one up.
    pub(crate) slot_columns: Vec<u32>,
    /// The template of each line.
    pub(crate) ids: Vec<u32>,
    /// The values of each column, in the order of the lines.
    pub(crate) columns: Vec<Strings>,
}

/// Takes `lines` apart.
pub(crate) fn parse<'a, I>(lines: I, mode: Mode) -> Parsed
where
    I: Iterator<Item = &'a [u8]> + Clone,
{
    let cut = match mode {
        Mode::Values => Cut::Fine,
        Mode::Lines => line::detect(&lines).map_or(Cut::Coarse, Cut::Delimited),
    };
    let skeletons = Skeletons::of(lines.clone(), cut);
    let clusters = cluster(&skeletons.known, &skeletons.counts);
    let mut parsed = Parsed { templates: clusters.templates, ..Parsed::default() };
    let first_slots = assign_columns(&mut parsed, &skeletons, &clusters.assigned, lines.clone());
    let mut slots = &skeletons.slots[..];
    parsed.ids.reserve(skeletons.ids.len());
    for (line, &id) in lines.zip(&skeletons.ids) {
        let Some(assigned) = clusters.assigned.get(id as usize) else { continue };
        parsed.ids.push(assigned.template);
        let columns = first_slots.get(assigned.template as usize).copied().unwrap_or(0);
        let columns = parsed.slot_columns.get(columns..).unwrap_or_default();
        let skeleton = skeletons.known.strings().get(id as usize);
        let mut used = 0;
        for (&source, &column) in assigned.sources.iter().zip(columns) {
            used += usize::from(matches!(source, Source::Slot(_)));
            if let Some(column) = parsed.columns.get_mut(column as usize) {
                column.push(value(source, line, skeleton, slots));
            }
        }
        slots = slots.get(used..).unwrap_or_default();
    }
    parsed
}

/// The value that a source names.
fn value<'a>(source: Source, line: &'a [u8], skeleton: &'a [u8], slots: &[(u32, u32)]) -> &'a [u8] {
    let (text, (start, end)) = match source {
        Source::Slot(slot) => (line, slots.get(slot as usize).copied().unwrap_or_default()),
        Source::Word(start, end) => (skeleton, (start, end)),
    };
    text.get(start as usize..end as usize).unwrap_or_default()
}

/// Gives every slot a column; returns the number of each template's first slot.
fn assign_columns<'a>(
    parsed: &mut Parsed,
    skeletons: &Skeletons,
    assigned: &[Assigned],
    lines: impl Iterator<Item = &'a [u8]>,
) -> Vec<usize> {
    let mut rows = vec![0u32; parsed.templates.len()];
    for (assigned, &count) in assigned.iter().zip(&skeletons.counts) {
        if let Some(rows) = rows.get_mut(assigned.template as usize) {
            *rows += count;
        }
    }
    let mut assigner = Assigner::default();
    let mut first_slots = Vec::with_capacity(parsed.templates.len());
    let mut slots = &skeletons.slots[..];
    // Templates are numbered by first appearance, so each is met first in the order of their numbers.
    for (line, &id) in lines.zip(&skeletons.ids) {
        let Some(own) = assigned.get(id as usize) else { continue };
        if own.template as usize == first_slots.len() {
            first_slots.push(parsed.slot_columns.len());
            let skeleton = skeletons.known.strings().get(id as usize);
            let values = own.sources.iter().map(|&source| value(source, line, skeleton, slots));
            let number = own.template as usize;
            let template = parsed.templates.get(number).map_or(&[][..], Vec::as_slice);
            let rows = rows.get(number).copied().unwrap_or(0);
            assigner.assign(template, rows, values, &mut parsed.slot_columns);
        }
        let used = own.sources.iter().filter(|s| matches!(s, Source::Slot(_))).count();
        slots = slots.get(used..).unwrap_or_default();
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
        let lines = || log.split(|&byte| byte == b'\n');
        let parsed = parse(lines(), Mode::Lines);
        let mut at = vec![0; parsed.columns.len()];
        for (line, &id) in lines().zip(&parsed.ids) {
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
