//! Column nodes → values, one after the other, straight to where they are wanted.

use crate::block::sections::Sections;
use crate::block::tree::{Column, Integers, Reference, Stream, Table, over};
use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::{Form, Width};
use crate::encoding::integer;
use crate::encoding::keyed::Keyed;
use crate::encoding::packed::Unpacker;
use crate::error::{Error, Result, Section};
use crate::limits::Limits;

/// What columns refer to: the last value of another column.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// Where it has been written.
    start: u32,
    end: u32,
    /// Its number: of a number, a time, a dictionary entry; 0 for others.
    number: i64,
}

/// What all readers of a block share. Values are appended to one buffer, from which nothing is taken away.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    meta: &'a [u8],
    sections: &'a Sections<'a>,
    limits: &'a Limits,
    /// Bytes that readers may still take.
    pub(crate) budget: u64,
    /// The buffer may not grow longer than this.
    pub(crate) len_max: usize,
    /// Values that tables may still have: time is bounded by it.
    values: usize,
    /// The last value of each column of each table that has a reader.
    last: Vec<Last>,
}

/// Where the columns that a node may refer to have their last values.
#[derive(Clone, Copy, Debug)]
struct Scope {
    /// Those of its own table, unless it stands in none.
    own: Option<usize>,
    /// Those of the block's table, if its rows go along.
    top: Option<usize>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        meta: &'a [u8],
        sections: &'a Sections<'a>,
        limits: &'a Limits,
        budget: u64,
        raw_len: usize,
    ) -> Self {
        let len_max = usize::try_from(budget).unwrap_or(usize::MAX);
        let values = values_max(raw_len);
        Self { meta, sections, limits, budget, len_max, values, last: Vec::new() }
    }

    /// The bytes of a stream.
    pub(crate) fn stream(&self, stream: Stream) -> &'a [u8] {
        self.sections.stream(stream)
    }

    /// A reader for integers that are relative to nothing.
    pub(crate) fn integers(&self, integers: &Integers, rows: usize) -> Result<integer::Reader<'a>> {
        let src = self.sections.stream(integers.stream);
        if integers.header.encoded_len(rows) != src.len() {
            return Err(corrupt("a stream has its length"));
        }
        Ok(integer::Reader::new(integers.header, src))
    }

    fn numbers(&self, integers: &Integers, rows: usize, scope: Scope) -> Result<Numbers<'a>> {
        let reader = self.integers(integers, rows)?;
        let relation = match integers.reference {
            None => Relation::None,
            Some((reference, false)) => Relation::Difference(scope.place(reference)?),
            Some((reference, true)) => Relation::Keyed(scope.place(reference)?, Keyed::default()),
        };
        Ok(Numbers { reader, relation })
    }

    /// A reader for the `rows` values of `column`.
    fn column(&mut self, column: &'a Column, rows: usize, scope: Scope) -> Result<Values<'a>> {
        Ok(match column {
            Column::Constant(value) => Values::Constant(value.of(self.meta)),
            Column::Text(stream) => Values::Text(self.sections.stream(*stream)),
            // The view has decoded it, with all others of its block.
            Column::Modelled => return Err(corrupt("a column has all its values")),
            Column::Packed { width, alphabet, stream } => {
                let (width, packed) = (*width as usize, self.sections.stream(*stream));
                let len = width.checked_mul(rows).and_then(|len| alphabet.packed_len(len));
                if len != Some(packed.len()) {
                    return Err(corrupt("a stream has its length"));
                }
                Values::Packed(Box::new(Unpacker::new(alphabet, packed)), width)
            }
            Column::Digits { form, widths, numbers } => {
                let widths = match widths {
                    Some(widths) => Some(self.integers(widths, rows)?),
                    None => None,
                };
                let fixed = if let Width::Fixed(width) = form.width { width.into() } else { 0 };
                let numbers = self.numbers(numbers, rows, scope)?;
                Values::Digits(Box::new(Digits { form: *form, fixed, widths, numbers }))
            }
            Column::Time { layouts, chosen, ticks } => {
                let chosen = match chosen {
                    Some(chosen) => Some(self.integers(chosen, rows)?),
                    None => None,
                };
                let ticks = self.numbers(ticks, rows, scope)?;
                Values::Time(Box::new(Times::new(layouts, chosen, ticks)))
            }
            Column::Dictionary { distinct, numbers, entries } => {
                if *distinct > rows {
                    return Err(corrupt("a dictionary is no longer than its column"));
                }
                let entries = self.strings(entries, *distinct)?;
                let numbers = self.numbers(numbers, rows, scope)?;
                Values::Dictionary(Box::new(Dictionary { entries, numbers }))
            }
            Column::Nested(table) => Values::Nested(Box::new(self.table(table, rows, scope.top)?)),
            Column::Predicted { reference, by_key, misses, gaps, column } => {
                if *misses > rows {
                    return Err(corrupt("no more values are missed than there are"));
                }
                let gaps = self.integers(gaps, *misses)?;
                let values = self.column(column, *misses, scope)?;
                let known = by_key.then(Keyed::default);
                let place = scope.place(*reference)?;
                Values::Predicted(Box::new(Predicted::new(place, known, *misses, gaps, values)))
            }
        })
    }

    /// The values of a column that refers to no other.
    pub(crate) fn strings(&mut self, column: &'a Column, count: usize) -> Result<Strings> {
        let kept = self.last.len();
        let mut values = self.column(column, count, Scope { own: None, top: None })?;
        let mut strings = Strings::default();
        self.spend(count as u64 * 4)?;
        let allowed = usize::try_from(self.budget).unwrap_or(usize::MAX);
        let outer = std::mem::replace(&mut self.len_max, allowed);
        for _ in 0..count {
            strings.try_push_with(|dst| {
                values.next(self, dst)?;
                self.check(dst.len())
            })?;
        }
        if !values.is_done() {
            return Err(corrupt("nothing is left of a column"));
        }
        self.len_max = outer;
        self.last.truncate(kept);
        self.spend(strings.bytes().len() as u64)?;
        Ok(strings)
    }

    /// A reader for the lines of a block.
    pub(crate) fn lines(&mut self, table: &'a Table, rows: usize) -> Result<Rows<'a>> {
        self.table(table, rows, Some(self.last.len()))
    }

    /// A reader for the rows of a table; `top` is where the last values of the block's table are kept.
    fn table(&mut self, table: &'a Table, rows: usize, top: Option<usize>) -> Result<Rows<'a>> {
        let ids = self.integers(&table.ids, rows)?;
        let mut counted = ids.clone();
        let counts = table.counts((0..rows).map(|_| counted.next()));
        let counts = counts.ok_or_else(unknown_template)?;
        let mut rows = Rows::new(self.meta, table, ids, self.last.len());
        self.last.resize(rows.offset + table.columns.len(), Last::default());
        self.spend(table.columns.len() as u64 * READER_BYTES)?;
        let values = counts.columns.iter().try_fold(0usize, |sum, &count| sum.checked_add(count));
        self.values = values
            .and_then(|values| self.values.checked_sub(values))
            .ok_or_else(|| corrupt("tables have few values for each byte of their block"))?;
        let scope = Scope { own: Some(rows.offset), top };
        for (column, count) in table.columns.iter().zip(counts.columns) {
            rows.columns.push(Some(self.column(column, count, scope)?));
        }
        Ok(rows)
    }

    /// A reader for some columns of the block's table: the others' values are passed over.
    pub(crate) fn some(
        &mut self,
        table: &'a Table,
        rows: usize,
        counts: &[usize],
        wanted: &[u32],
    ) -> Result<Rows<'a>> {
        let ids = self.integers(&table.ids, rows)?;
        let mut rows = Rows::new(self.meta, table, ids, self.last.len());
        self.last.resize(rows.offset + table.columns.len(), Last::default());
        let scope = Scope { own: Some(rows.offset), top: Some(rows.offset) };
        rows.columns.resize_with(table.columns.len(), || None);
        for &wanted in wanted {
            let wanted = wanted as usize;
            if let (Some(column), Some(&count)) = (table.columns.get(wanted), counts.get(wanted)) {
                let values = self.column(column, count, scope)?;
                if let Some(place) = rows.columns.get_mut(wanted) {
                    *place = Some(values);
                }
            }
        }
        Ok(rows)
    }

    fn last(&self, place: usize) -> Last {
        self.last.get(place).copied().unwrap_or_default()
    }

    /// Takes memory from the budget.
    pub(crate) fn spend(&mut self, bytes: u64) -> Result<()> {
        let allowed = self.limits.columns_bytes_max;
        self.budget =
            self.budget.checked_sub(bytes).ok_or_else(|| over("columns", bytes, allowed))?;
        Ok(())
    }

    /// Checks the length of a buffer.
    pub(crate) fn check(&self, len: usize) -> Result<()> {
        if len > self.len_max { Err(corrupt("lines fit the block")) } else { Ok(()) }
    }
}

/// Values that all tables of a block may have together.
pub(crate) fn values_max(raw_len: usize) -> usize {
    raw_len.saturating_mul(8).saturating_add(1 << 16)
}

/// About what a reader takes in memory.
const READER_BYTES: u64 = 256;

impl Scope {
    fn place(self, reference: Reference) -> Result<usize> {
        let table = if reference.top { self.top } else { self.own };
        let table = table.ok_or_else(|| corrupt("a dictionary's entries stand in no line"))?;
        Ok(table + reference.column as usize)
    }
}

/// What integers are relative to.
#[derive(Debug)]
enum Relation {
    None,
    /// The last number of a column.
    Difference(usize),
    /// The number that was given when that column's last number was the same as now.
    Keyed(usize, Keyed<i64>),
}

#[derive(Debug)]
struct Numbers<'a> {
    reader: integer::Reader<'a>,
    relation: Relation,
}

impl Numbers<'_> {
    fn next(&mut self, context: &Context<'_>) -> i64 {
        let number = self.reader.next();
        match &mut self.relation {
            Relation::None => number,
            Relation::Difference(place) => number.wrapping_add(context.last(*place).number),
            Relation::Keyed(place, known) => {
                let known = known.entry(context.last(*place).number);
                let number = number.wrapping_add(known.as_deref().copied().unwrap_or(0));
                if let Some(known) = known {
                    *known = number;
                }
                number
            }
        }
    }
}

/// Gives the values of one column.
#[derive(Debug)]
enum Values<'a> {
    Constant(&'a [u8]),
    /// What is left of the text.
    Text(&'a [u8]),
    /// What is left of it packed, and the length of a value.
    Packed(Box<Unpacker<'a>>, usize),
    Digits(Box<Digits<'a>>),
    Time(Box<Times<'a>>),
    Dictionary(Box<Dictionary<'a>>),
    Nested(Box<Rows<'a>>),
    Predicted(Box<Predicted<'a>>),
}

impl<'a> Values<'a> {
    /// Appends the next value; returns its number.
    fn next(&mut self, context: &mut Context<'a>, dst: &mut Vec<u8>) -> Result<i64> {
        match self {
            Self::Constant(value) => dst.extend_from_slice(value),
            Self::Text(rest) => {
                let end = memchr::memchr(b'\n', rest);
                let cut = end.and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?)));
                let (value, after) =
                    cut.ok_or_else(|| corrupt("a text column has its number of values"))?;
                dst.extend_from_slice(value);
                *rest = after;
            }
            Self::Packed(text, width) => {
                let rule = "a packed text has its symbols";
                text.next(*width, dst).ok_or_else(|| corrupt(rule))?;
            }
            Self::Digits(digits) => return Ok(digits.next(context, dst)),
            Self::Time(times) => return times.next(context, dst),
            Self::Dictionary(dictionary) => return dictionary.next(context, dst),
            Self::Nested(rows) => rows.next(context, dst)?,
            Self::Predicted(predicted) => return predicted.next(context, dst),
        }
        Ok(0)
    }

    /// Whether nothing is left.
    fn is_done(&self) -> bool {
        match self {
            Self::Text(rest) => rest.is_empty(),
            Self::Packed(text, _) => text.is_done(),
            Self::Nested(rows) => rows.is_done(),
            Self::Predicted(predicted) => predicted.values.is_done(),
            _ => true,
        }
    }
}

#[derive(Debug)]
struct Digits<'a> {
    form: Form,
    fixed: usize,
    widths: Option<integer::Reader<'a>>,
    numbers: Numbers<'a>,
}

impl Digits<'_> {
    fn next(&mut self, context: &Context<'_>, dst: &mut Vec<u8>) -> i64 {
        let number = self.numbers.next(context);
        let width = match &mut self.widths {
            Some(widths) => usize::try_from(widths.next()).unwrap_or(0),
            None => self.fixed,
        };
        self.form.print(number, width, dst);
        number
    }
}

#[derive(Debug)]
struct Times<'a> {
    /// Each with the ticks that are one of its own.
    layouts: Vec<(&'a Layout, i64)>,
    chosen: Option<integer::Reader<'a>>,
    ticks: Numbers<'a>,
    /// The last time that was printed: in which layout, its ticks, its text.
    printed: (usize, i64, Vec<u8>),
}

impl<'a> Times<'a> {
    fn new(layouts: &'a [Layout], chosen: Option<integer::Reader<'a>>, ticks: Numbers<'a>) -> Self {
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let layouts =
            layouts.iter().map(|layout| (layout, finest / layout.ticks_per_second())).collect();
        Self { layouts, chosen, ticks, printed: (usize::MAX, 0, Vec::new()) }
    }

    fn next(&mut self, context: &Context<'_>, dst: &mut Vec<u8>) -> Result<i64> {
        let number = self.ticks.next(context);
        let chosen = match &mut self.chosen {
            Some(chosen) => usize::try_from(chosen.next()).unwrap_or(usize::MAX),
            None => 0,
        };
        let &(layout, scale) =
            self.layouts.get(chosen).ok_or_else(|| corrupt("a time's layout is known"))?;
        let (last, ticks, text) = &mut self.printed;
        let now = if scale == 1 { number } else { number / scale };
        if *last != chosen || *ticks != now {
            text.clear();
            layout.print(now, text);
            (*last, *ticks) = (chosen, now);
        }
        dst.extend_from_slice(text);
        Ok(number)
    }
}

#[derive(Debug)]
struct Dictionary<'a> {
    entries: Strings,
    numbers: Numbers<'a>,
}

impl Dictionary<'_> {
    fn next(&mut self, context: &Context<'_>, dst: &mut Vec<u8>) -> Result<i64> {
        let number = self.numbers.next(context);
        let entry = usize::try_from(number).ok().filter(|&entry| entry < self.entries.len());
        let entry = entry.ok_or_else(|| corrupt("a dictionary entry exists"))?;
        dst.extend_from_slice(self.entries.get(entry));
        Ok(number)
    }
}

#[derive(Debug)]
struct Predicted<'a> {
    /// The column that predicts.
    place: usize,
    /// For each of its numbers, where this column's last value was written; without it, its own last value.
    known: Option<Keyed<(u32, u32)>>,
    /// Values up to the next one that was not predicted; none if there is none.
    hits: Option<u64>,
    misses: usize,
    gaps: integer::Reader<'a>,
    values: Values<'a>,
}

impl<'a> Predicted<'a> {
    fn new(
        place: usize,
        known: Option<Keyed<(u32, u32)>>,
        misses: usize,
        gaps: integer::Reader<'a>,
        values: Values<'a>,
    ) -> Self {
        let mut predicted = Self { place, known, hits: None, misses, gaps, values };
        predicted.count();
        predicted
    }

    fn count(&mut self) {
        self.hits = self.misses.checked_sub(1).map(|left| {
            self.misses = left;
            self.gaps.next().cast_unsigned()
        });
    }

    fn next(&mut self, context: &mut Context<'a>, dst: &mut Vec<u8>) -> Result<i64> {
        let last = context.last(self.place);
        let start = dst.len();
        if self.hits == Some(0) {
            self.values.next(context, dst)?;
            self.count();
        } else {
            let guess = match &mut self.known {
                Some(known) => known.get(last.number).unwrap_or_default(),
                None => (last.start, last.end),
            };
            let (from, to) = (guess.0 as usize, guess.1 as usize);
            if from <= to && to <= start {
                context.check(start.saturating_add(to - from))?;
                dst.extend_from_within(from..to);
            }
            if let Some(hits) = &mut self.hits {
                *hits -= 1;
            }
        }
        if let Some(known) = &mut self.known
            && let Some(known) = known.entry(last.number)
        {
            *known = (place(start), place(dst.len()));
        }
        Ok(0)
    }
}

/// A place in a buffer. No buffer of a block is longer than 2^32 bytes.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Gives the rows of a table.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    table: &'a Table,
    /// The literal pieces of all templates.
    pieces: Vec<&'a [u8]>,
    ids: integer::Reader<'a>,
    columns: Vec<Option<Values<'a>>>,
    /// Where the last values of the columns are kept.
    offset: usize,
}

impl<'a> Rows<'a> {
    fn new(meta: &'a [u8], table: &'a Table, ids: integer::Reader<'a>, offset: usize) -> Self {
        let pieces = table.pieces.iter().map(|span| span.of(meta)).collect();
        Self { table, pieces, ids, columns: Vec::new(), offset }
    }

    /// Appends the next row.
    pub(crate) fn next(&mut self, context: &mut Context<'a>, dst: &mut Vec<u8>) -> Result<()> {
        let id = usize::try_from(self.ids.next()).unwrap_or(usize::MAX);
        let (first, slots) = self.table.slots_of(id).ok_or_else(unknown_template)?;
        let pieces = self.pieces.get(first + id..).unwrap_or_default();
        let (head, rest) = pieces.split_first().ok_or_else(unknown_template)?;
        dst.extend_from_slice(head);
        for (&column, piece) in slots.iter().zip(rest) {
            let start = dst.len();
            let reader = self.columns.get_mut(column as usize).and_then(Option::as_mut);
            let reader = reader.ok_or_else(|| corrupt("a slot's column exists"))?;
            let number = reader.next(context, dst)?;
            if self.table.referenced.get(column as usize).copied().unwrap_or(false)
                && let Some(last) = context.last.get_mut(self.offset + column as usize)
            {
                *last = Last { start: place(start), end: place(dst.len()), number };
            }
            dst.extend_from_slice(piece);
            context.check(dst.len())?;
        }
        context.check(dst.len())
    }

    /// Passes over the next row but for the columns that have a reader: their values are appended, and `each` is told of
    /// them.
    pub(crate) fn next_of_some(
        &mut self,
        context: &mut Context<'a>,
        dst: &mut Vec<u8>,
        mut each: impl FnMut(u32, &[u8]),
    ) -> Result<()> {
        let id = usize::try_from(self.ids.next()).unwrap_or(usize::MAX);
        let (_, slots) = self.table.slots_of(id).ok_or_else(unknown_template)?;
        for &column in slots {
            let reader = self.columns.get_mut(column as usize).and_then(Option::as_mut);
            let Some(reader) = reader else { continue };
            let start = dst.len();
            let number = reader.next(context, dst)?;
            context.check(dst.len())?;
            if let Some(last) = context.last.get_mut(self.offset + column as usize) {
                *last = Last { start: place(start), end: place(dst.len()), number };
            }
            each(column, dst.get(start..).unwrap_or_default());
        }
        Ok(())
    }

    /// Whether nothing is left in any column.
    pub(crate) fn is_done(&self) -> bool {
        self.columns.iter().flatten().all(Values::is_done)
    }
}

#[cold]
fn corrupt(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}

#[cold]
pub(crate) fn unknown_template() -> Error {
    corrupt("a template id is known")
}
