//! Column nodes → values.

use crate::block::sections::Sections;
use crate::block::tree::{Column, Integers, Table, over};
use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::{Form, Width};
use crate::error::{Error, Result, Section};
use crate::limits::Limits;

/// Decodes columns of which all sections have been loaded.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    /// The templates section.
    pub(crate) meta: &'a [u8],
    pub(crate) sections: &'a Sections<'a>,
    pub(crate) limits: &'a Limits,
    /// Bytes that columns may still take.
    pub(crate) budget: u64,
}

impl Values<'_> {
    /// The `rows` values of a column.
    pub(crate) fn column(&mut self, column: &Column, rows: usize) -> Result<Strings> {
        match column {
            Column::Constant(value) => {
                let value = value.of(self.meta);
                self.spend(rows, value.len())?;
                let mut values = Strings::default();
                for _ in 0..rows {
                    values.push(value);
                }
                Ok(values)
            }
            Column::Text(stream) => self.text(self.sections.stream(*stream), rows),
            Column::Digits { form, widths, numbers } => {
                self.digits(*form, widths.as_ref(), numbers, rows)
            }
            Column::Time { layouts, chosen, ticks } => {
                self.times(layouts, chosen.as_ref(), ticks, rows)
            }
            Column::Dictionary { distinct, numbers, entries } => {
                self.dictionary(*distinct, numbers, entries, rows)
            }
            Column::Nested(table) => self.nested(table, rows),
            // The view has decoded it, with all others of its block.
            Column::Modelled => {
                Err(Error::corrupt(Section::Columns, 0, "a column has all its values"))
            }
        }
    }

    /// The template of each row of a table.
    pub(crate) fn ids(&self, table: &Table, rows: usize) -> Result<Vec<u32>> {
        let ids = self.integers(&table.ids, rows)?;
        let templates = table.templates();
        let known = |id: i64| u32::try_from(id).ok().filter(|&id| (id as usize) < templates);
        ids.into_iter()
            .map(|id| known(id).ok_or_else(|| corrupt("a template id is known")))
            .collect()
    }

    fn integers(&self, integers: &Integers, rows: usize) -> Result<Vec<i64>> {
        let src = self.sections.stream(integers.stream);
        if integers.header.encoded_len(rows) != src.len() {
            return Err(corrupt("a stream has its length"));
        }
        // They are gone when their column is decoded.
        let cost = rows as u64 * 8;
        if cost > self.budget {
            return Err(self.over(cost));
        }
        Ok(integers.header.decode(src, rows))
    }

    fn text(&mut self, bytes: &[u8], rows: usize) -> Result<Strings> {
        self.spend(rows, 0)?;
        self.spend(1, bytes.len())?;
        let mut values = Strings::default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            values.push(bytes.get(start..end).unwrap_or_default());
            start = end + 1;
            if values.len() > rows {
                break;
            }
        }
        if values.len() == rows && start == bytes.len() {
            Ok(values)
        } else {
            Err(corrupt("a text column has its number of values"))
        }
    }

    fn digits(
        &mut self,
        form: Form,
        widths: Option<&Integers>,
        numbers: &Integers,
        rows: usize,
    ) -> Result<Strings> {
        let widths = match widths {
            Some(widths) => self.integers(widths, rows)?,
            None => Vec::new(),
        };
        let numbers = self.integers(numbers, rows)?;
        self.spend(rows, 20)?;
        let fixed = if let Width::Fixed(width) = form.width { usize::from(width) } else { 0 };
        let mut widths = widths.into_iter().map(|width| usize::try_from(width).unwrap_or(0));
        let mut values = Strings::default();
        for number in numbers {
            let width = widths.next().unwrap_or(fixed);
            values.push_with(|dst| form.print(number, width, dst));
        }
        Ok(values)
    }

    fn times(
        &mut self,
        layouts: &[Layout],
        chosen: Option<&Integers>,
        ticks: &Integers,
        rows: usize,
    ) -> Result<Strings> {
        let chosen = match chosen {
            Some(chosen) => self.integers(chosen, rows)?,
            None => Vec::new(),
        };
        let ticks = self.integers(ticks, rows)?;
        self.spend(rows, 100)?;
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let mut chosen =
            chosen.into_iter().map(|layout| usize::try_from(layout).unwrap_or(usize::MAX));
        let mut values = Strings::default();
        for tick in ticks {
            let layout = layouts.get(chosen.next().unwrap_or(0));
            let layout = layout.ok_or_else(|| corrupt("a time's layout is known"))?;
            values.push_with(|dst| layout.print(tick / (finest / layout.ticks_per_second()), dst));
        }
        Ok(values)
    }

    fn dictionary(
        &mut self,
        distinct: usize,
        numbers: &Integers,
        entries: &Column,
        rows: usize,
    ) -> Result<Strings> {
        if distinct > rows {
            return Err(corrupt("a dictionary is no longer than its column"));
        }
        let numbers = self.integers(numbers, rows)?;
        let entries = self.column(entries, distinct)?;
        let mut values = Strings::default();
        for number in numbers {
            let entry = usize::try_from(number).ok().filter(|&number| number < distinct);
            let value = entries.get(entry.ok_or_else(|| corrupt("a dictionary entry exists"))?);
            self.spend(1, value.len())?;
            values.push(value);
        }
        Ok(values)
    }

    fn nested(&mut self, table: &Table, rows: usize) -> Result<Strings> {
        let ids = self.ids(table, rows)?;
        let counts = table.counts(&ids).ok_or_else(|| corrupt("a template id is known"))?;
        let columns = table.columns.iter().zip(counts.columns);
        let columns =
            columns.map(|(column, rows)| self.column(column, rows)).collect::<Result<Vec<_>>>()?;
        let mut readers: Vec<_> = columns.iter().map(Strings::iter).collect();
        let mut values = Strings::default();
        for &id in &ids {
            let before = values.bytes().len();
            let mut whole = true;
            values.push_with(|dst| {
                let mut pieces = table.pieces_of(id as usize).iter();
                let mut piece = |dst: &mut Vec<u8>| {
                    dst.extend_from_slice(pieces.next().copied().unwrap_or_default().of(self.meta));
                };
                piece(dst);
                for &column in table.columns_of(id as usize) {
                    let value = readers.get_mut(column as usize).and_then(Iterator::next);
                    whole &= value.is_some();
                    dst.extend_from_slice(value.unwrap_or_default());
                    piece(dst);
                }
            });
            if !whole {
                return Err(corrupt("a column has a value for each of its slots"));
            }
            self.spend(1, values.bytes().len() - before)?;
        }
        Ok(values)
    }

    /// Takes memory for `rows` values of `bytes` each from the budget.
    fn spend(&mut self, rows: usize, bytes: usize) -> Result<()> {
        let cost = (bytes as u64 + 4).saturating_mul(rows as u64);
        self.budget = self.budget.checked_sub(cost).ok_or_else(|| self.over(cost))?;
        Ok(())
    }

    #[cold]
    fn over(&self, requested: u64) -> Error {
        over("columns", requested, self.limits.columns_bytes_max)
    }
}

#[cold]
fn corrupt(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}
