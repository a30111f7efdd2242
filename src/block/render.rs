//! Template ids and columns → lines.

use crate::block::report::TemplateReport;
use crate::column::Strings;
use crate::line::{MARK, MARK_TIME};

/// A decoded table.
#[derive(Debug, Default)]
pub(crate) struct Table<'a> {
    /// The literal pieces of each template: one more than it has slots.
    templates: Vec<Vec<&'a [u8]>>,
    /// Number of each template's first slot.
    first_slots: Vec<usize>,
    ids: Vec<u32>,
    /// The column of each slot.
    pub(crate) slot_columns: Vec<u32>,
    /// The columns.
    pub(crate) columns: Vec<Strings>,
}

impl<'a> Table<'a> {
    /// Reads `count` templates, which are parted by newlines.
    pub(crate) fn of(text: &'a [u8], count: u64) -> Option<Self> {
        let mut table = Self::default();
        if count == 0 {
            return text.is_empty().then_some(table);
        }
        let mut slots = 0;
        for template in text.split(|&byte| byte == b'\n') {
            let pieces: Vec<_> =
                template.split(|&byte| byte == MARK || byte == MARK_TIME).collect();
            table.first_slots.push(slots);
            slots += pieces.len() - 1;
            table.templates.push(pieces);
        }
        table.first_slots.push(slots);
        (table.templates.len() as u64 == count).then_some(table)
    }

    /// Number of slots of all templates.
    pub(crate) fn slots(&self) -> usize {
        self.first_slots.last().copied().unwrap_or(0)
    }

    /// Sets the template of each row; returns the number of values of each column.
    pub(crate) fn set_ids(&mut self, ids: &[i64], columns: u32) -> Option<Vec<usize>> {
        let mut rows = vec![0usize; self.templates.len()];
        for &id in ids {
            let id = u32::try_from(id).ok()?;
            *rows.get_mut(id as usize)? += 1;
            self.ids.push(id);
        }
        let mut counts = vec![0usize; columns as usize];
        for (template, &rows) in rows.iter().enumerate() {
            for &column in self.columns_of(template) {
                let count = counts.get_mut(column as usize)?;
                *count = count.checked_add(rows)?;
            }
        }
        Some(counts)
    }

    /// The templates with their slots written `<*>`, and how many rows have each.
    pub(crate) fn report(&self) -> Vec<TemplateReport> {
        let mut lines = vec![0; self.templates.len()];
        for &id in &self.ids {
            if let Some(lines) = lines.get_mut(id as usize) {
                *lines += 1;
            }
        }
        let texts = self.templates.iter().map(|pieces| pieces.join(&b"<*>"[..]));
        texts.zip(lines).map(|(text, lines)| TemplateReport { text, lines }).collect()
    }

    fn columns_of(&self, template: usize) -> &[u32] {
        match self.first_slots.get(template..template + 2) {
            Some(&[start, end]) => self.slot_columns.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Renders one row after the other into `dst`; `after` ends a row, and says whether to go on.
    fn render(
        &self,
        dst: &mut Vec<u8>,
        mut after: impl FnMut(&mut Vec<u8>) -> Option<()>,
    ) -> Option<()> {
        let mut readers: Vec<_> = self.columns.iter().map(Strings::iter).collect();
        for &id in &self.ids {
            let pieces = self.templates.get(id as usize)?;
            let (first, rest) = pieces.split_first()?;
            dst.extend_from_slice(first);
            for (&column, piece) in self.columns_of(id as usize).iter().zip(rest) {
                dst.extend_from_slice(readers.get_mut(column as usize)?.next()?);
                dst.extend_from_slice(piece);
            }
            after(dst)?;
        }
        Some(())
    }

    /// Renders the lines of a block of `raw_len` bytes; the last line may lack its terminator.
    pub(crate) fn lines(&self, raw_len: usize, terminated: bool, dst: &mut Vec<u8>) -> Option<()> {
        // One byte over is no harm: the terminator that the last line may lack.
        self.render(dst, |dst| {
            dst.push(b'\n');
            (dst.len() <= raw_len + 1).then_some(())
        })?;
        if !terminated {
            dst.pop();
        }
        Some(())
    }

    /// Renders values within `budget` bytes; returns them and what is left of it.
    pub(crate) fn values(&self, budget: u64) -> Option<(Strings, u64)> {
        let mut values = Strings::default();
        let mut left = budget;
        let mut readers: Vec<_> = self.columns.iter().map(Strings::iter).collect();
        for &id in &self.ids {
            let pieces = self.templates.get(id as usize)?;
            let (first, rest) = pieces.split_first()?;
            let before = values.bytes().len();
            let mut whole = Some(());
            values.push_with(|dst| {
                dst.extend_from_slice(first);
                for (&column, piece) in self.columns_of(id as usize).iter().zip(rest) {
                    let value = readers.get_mut(column as usize).and_then(Iterator::next);
                    match value {
                        Some(value) => dst.extend_from_slice(value),
                        None => whole = None,
                    }
                    dst.extend_from_slice(piece);
                }
            });
            whole?;
            left = left.checked_sub((values.bytes().len() - before) as u64 + 4)?;
        }
        Some((values, left))
    }
}
